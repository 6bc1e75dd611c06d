//! Rust: grammar, roles of its node kinds, and how names are bound.

mod link;
mod lower;
mod names;

use super::{Definition, Role};

/// Rust, all editions.
pub static LANGUAGE: Definition = Definition {
    name: "rust",
    extensions: &["rs"],
    interpreters: &[],
    line_comment: "//",
    grammar: Some(|| tree_sitter_rust::LANGUAGE.into()),
    role,
    skeleton: Some(crate::skeleton::rust::scan),
    bind: names::bind,
    lower: Some(lower::lower),
    path_separator: "::",
    wrapper: Some(("fn f() {", "\n}")),
    link: Some(link::LINKAGE),
};

fn role(kind: &str, named: bool) -> Role {
    if !named {
        return token(kind);
    }
    match kind {
        "expression_statement" | "parenthesized_expression" => Role::Transparent,
        "line_comment"
        | "block_comment"
        | "doc_comment"
        | "inner_doc_comment_marker"
        | "outer_doc_comment_marker" => Role::Comment,
        "ERROR" => Role::Error,
        "source_file" => Role::Module,
        "identifier"
        | "type_identifier"
        | "field_identifier"
        | "shorthand_field_identifier"
        | "primitive_type"
        | "self"
        | "super"
        | "crate" => Role::Identifier,
        "field_expression" => Role::Attribute,
        "scoped_identifier" | "scoped_type_identifier" => Role::Scoped,
        "generic_function" | "generic_type" | "generic_type_with_turbofish" => Role::Generic,
        "call_expression" => Role::Call,
        "macro_invocation" => Role::MacroCall,
        "arguments" => Role::Arguments,
        "string_literal" | "raw_string_literal" | "char_literal" => Role::String,
        "string_content" => Role::StringContent,
        "escape_sequence" => Role::Escape,
        "integer_literal" => Role::Integer,
        "float_literal" => Role::Float,
        "boolean_literal" => Role::Boolean,
        "array_expression" | "slice_pattern" => Role::List,
        "tuple_expression" | "tuple_pattern" | "unit_expression" => Role::Tuple,
        "index_expression" => Role::Subscript,
        "binary_expression" => Role::Binary,
        "unary_expression" | "negative_literal" => Role::Unary,
        "await_expression" => Role::Await,
        "yield_expression" => Role::Yield,
        "closure_expression" => Role::Lambda,
        "assignment_expression" => Role::Assignment,
        "compound_assignment_expr" => Role::AugmentedAssignment,
        "let_declaration" | "let_condition" => Role::Let,
        "const_item" | "static_item" => Role::Constant,
        "block" | "declaration_list" | "match_block" => Role::Block,
        "function_item" | "function_signature_item" => Role::Function,
        "struct_item" | "enum_item" | "union_item" => Role::Class,
        "impl_item" => Role::Impl,
        "trait_item" => Role::Trait,
        "mod_item" => Role::InnerModule,
        "attribute_item" | "inner_attribute_item" => Role::AttributeItem,
        "parameters" | "closure_parameters" => Role::Parameters,
        "parameter" | "self_parameter" | "variadic_parameter" => Role::Parameter,
        "use_declaration" | "extern_crate_declaration" => Role::Import,
        "return_expression" => Role::Return,
        "break_expression" => Role::Break,
        "continue_expression" => Role::Continue,
        "if_expression" => Role::If,
        "else_clause" => Role::Else,
        "for_expression" => Role::For,
        "while_expression" | "loop_expression" => Role::While,
        "match_expression" => Role::Match,
        "match_arm" => Role::Case,
        "struct_expression" => Role::Struct,
        "field_initializer" | "shorthand_field_initializer" => Role::FieldInit,
        "reference_expression" => Role::Reference,
        "type_cast_expression" => Role::Cast,
        "try_expression" => Role::QuestionMark,
        "unsafe_block" => Role::Unsafe,
        "token_tree" => Role::TokenTree,
        "range_expression" => Role::Range,
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
        "::",
        "->",
        "=>",
        "=",
        "fn",
        "let",
        "if",
        "else",
        "for",
        "while",
        "loop",
        "match",
        "return",
        "struct",
        "enum",
        "union",
        "impl",
        "trait",
        "mod",
        "use",
        "as",
        "where",
        "type",
        "break",
        "continue",
        "static",
        "await",
        "extern",
        "macro_rules!",
        "#",
        "\"",
        "'",
        "in",
    ];
    if IMPLIED.contains(&kind) {
        Role::Dropped
    } else {
        Role::Token
    }
}
