//! Python: grammar, roles of its node kinds, and how names are bound.

mod link;
mod lower;
mod names;

use super::{Definition, Role};

/// Python 3 (the grammar reads most of Python 2 too).
pub static LANGUAGE: Definition = Definition {
    name: "python",
    extensions: &["py", "pyi", "pyw"],
    interpreters: &["python"],
    line_comment: "#",
    grammar: Some(|| tree_sitter_python::LANGUAGE.into()),
    role,
    skeleton: Some(crate::skeleton::python::scan),
    bind: names::bind,
    lower: Some(lower::lower),
    path_separator: ".",
    wrapper: None,
    link: Some(link::LINKAGE),
};

fn role(kind: &str, named: bool) -> Role {
    if !named {
        return token(kind);
    }
    match kind {
        "expression_statement" | "parenthesized_expression" | "type" => Role::Transparent,
        "comment" | "line_continuation" => Role::Comment,
        "ERROR" => Role::Error,
        "module" => Role::Module,
        "identifier" => Role::Identifier,
        "attribute" => Role::Attribute,
        "dotted_name" => Role::Scoped,
        "generic_type" => Role::Generic,
        "call" => Role::Call,
        "argument_list" => Role::Arguments,
        "keyword_argument" => Role::KeywordArgument,
        "string" => Role::String,
        "concatenated_string" => Role::ConcatenatedString,
        "string_start" => Role::StringStart,
        "string_content" => Role::StringContent,
        "string_end" => Role::StringEnd,
        "escape_sequence" | "escape_interpolation" => Role::Escape,
        "interpolation" | "format_expression" => Role::Interpolation,
        "integer" => Role::Integer,
        "float" => Role::Float,
        "true" | "false" => Role::Boolean,
        "none" => Role::None,
        "list" | "list_pattern" => Role::List,
        "tuple" | "expression_list" | "tuple_pattern" | "pattern_list" => Role::Tuple,
        "dictionary" => Role::Dict,
        "set" => Role::Set,
        "pair" => Role::Pair,
        "list_splat" | "list_splat_pattern" | "parenthesized_list_splat" => Role::Splat,
        "dictionary_splat" | "dictionary_splat_pattern" => Role::DictSplat,
        "subscript" => Role::Subscript,
        "slice" => Role::Slice,
        "binary_operator" => Role::Binary,
        "boolean_operator" => Role::BooleanOperator,
        "comparison_operator" => Role::Comparison,
        "unary_operator" => Role::Unary,
        "not_operator" => Role::Not,
        "conditional_expression" => Role::Conditional,
        "await" => Role::Await,
        "yield" => Role::Yield,
        "lambda" => Role::Lambda,
        "list_comprehension"
        | "set_comprehension"
        | "dictionary_comprehension"
        | "generator_expression" => Role::Comprehension,
        "for_in_clause" => Role::ForIn,
        "named_expression" => Role::NamedExpression,
        "assignment" => Role::Assignment,
        "augmented_assignment" => Role::AugmentedAssignment,
        "block" => Role::Block,
        "function_definition" => Role::Function,
        "class_definition" => Role::Class,
        "decorated_definition" => Role::Decorated,
        "decorator" => Role::Decorator,
        "parameters" | "lambda_parameters" => Role::Parameters,
        "default_parameter" | "typed_parameter" | "typed_default_parameter" => Role::Parameter,
        "import_statement" => Role::Import,
        "import_from_statement" | "future_import_statement" => Role::ImportFrom,
        "aliased_import" => Role::AliasedImport,
        "wildcard_import" => Role::WildcardImport,
        "return_statement" => Role::Return,
        "raise_statement" => Role::Raise,
        "pass_statement" => Role::Pass,
        "break_statement" => Role::Break,
        "continue_statement" => Role::Continue,
        "assert_statement" => Role::Assert,
        "delete_statement" => Role::Delete,
        "global_statement" | "nonlocal_statement" => Role::Global,
        "if_statement" | "elif_clause" => Role::If,
        "else_clause" => Role::Else,
        "for_statement" => Role::For,
        "while_statement" => Role::While,
        "with_statement" => Role::With,
        "with_item" => Role::WithItem,
        "try_statement" => Role::Try,
        "except_clause" => Role::Except,
        "finally_clause" => Role::Finally,
        "match_statement" => Role::Match,
        "case_clause" => Role::Case,
        "ellipsis" => Role::Ellipsis,
        _ => Role::Other,
    }
}

/// Anonymous kinds: what the parent's kind implies is dropped.
fn token(kind: &str) -> Role {
    const IMPLIED: &[&str] = &[
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        ";",
        ".",
        "->",
        "=",
        ":=",
        "@",
        "def",
        "class",
        "if",
        "elif",
        "else",
        "for",
        "while",
        "return",
        "import",
        "from",
        "with",
        "as",
        "try",
        "except",
        "finally",
        "raise",
        "lambda",
        "pass",
        "del",
        "assert",
        "global",
        "nonlocal",
        "break",
        "continue",
        "await",
        "print",
        "exec",
        "match",
        "case",
        "type",
        "__future__",
        "_",
        "yield",
    ];
    if IMPLIED.contains(&kind) {
        Role::Dropped
    } else {
        Role::Token
    }
}
