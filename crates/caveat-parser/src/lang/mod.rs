//! The registry of languages. A language is a folder here and one line in [`LANGUAGES`]; nothing
//! else in the workspace names a language in code.
//!
//! What the rest needs of a grammar is put into tables once: the [`Role`] of each node kind and
//! the [`Field`] of each field id. Matching, names and flow speak of roles and fields only.

use std::sync::OnceLock;

pub mod python;
pub mod rust;
pub mod text;

/// What a node is for, across grammars. Kinds that nobody asks about are `Other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Role {
    Other,
    /// Punctuation and keywords that the parent's kind implies; not kept in the arena.
    Dropped,
    /// Wrapper with one child that stands for it; not kept in the arena.
    Transparent,
    /// Operator or keyword that carries meaning.
    Token,
    Comment,
    Error,
    Module,
    Identifier,
    /// `a.b`
    Attribute,
    /// `a::b`, or a dotted name in an import.
    Scoped,
    /// `f::<T>`, `Vec<T>`: a name with type arguments.
    Generic,
    Call,
    /// A macro invocation whose arguments could be parsed is a call, too.
    MacroCall,
    Arguments,
    KeywordArgument,
    String,
    ConcatenatedString,
    StringStart,
    StringContent,
    StringEnd,
    Escape,
    Interpolation,
    Integer,
    Float,
    Boolean,
    None,
    List,
    Tuple,
    Dict,
    Set,
    Pair,
    Splat,
    DictSplat,
    Subscript,
    Slice,
    Binary,
    BooleanOperator,
    Comparison,
    Unary,
    Not,
    Conditional,
    Await,
    Yield,
    Lambda,
    Comprehension,
    ForIn,
    NamedExpression,
    Assignment,
    AugmentedAssignment,
    Let,
    Constant,
    Block,
    Function,
    Class,
    Impl,
    Trait,
    InnerModule,
    Decorated,
    Decorator,
    Parameters,
    Parameter,
    Import,
    ImportFrom,
    AliasedImport,
    WildcardImport,
    Return,
    Raise,
    Pass,
    Break,
    Continue,
    Assert,
    Delete,
    Global,
    If,
    Else,
    For,
    While,
    With,
    WithItem,
    Try,
    Except,
    Finally,
    Match,
    Case,
    Struct,
    FieldInit,
    Reference,
    Cast,
    QuestionMark,
    Unsafe,
    TokenTree,
    AttributeItem,
    Range,
    Ellipsis,
}

macro_rules! fields {
    ($($variant:ident $name:literal),* $(,)?) => {
        /// Named position of a child, across grammars.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Field { None, $($variant),*, Other }

        impl Field {
            fn from_name(name: &str) -> Field {
                match name { $($name => Field::$variant,)* _ => Field::Other }
            }
        }
    };
}

fields! {
    Alias "alias", Alternative "alternative", Argument "argument", Arguments "arguments",
    Attribute "attribute", Body "body", Bounds "bounds", Cause "cause", Condition "condition",
    Consequence "consequence", Definition "definition", Expression "expression", Field "field",
    FormatSpecifier "format_specifier", Function "function", Guard "guard", Key "key", Left "left",
    Length "length", List "list", Macro "macro", ModuleName "module_name", Name "name",
    Object "object", Operator "operator", Operators "operators", Parameters "parameters",
    Path "path", Pattern "pattern", ReturnType "return_type", Right "right", Subject "subject",
    Subscript "subscript", Superclasses "superclasses", Trait "trait", Type "type",
    TypeArguments "type_arguments", TypeConversion "type_conversion",
    TypeParameters "type_parameters", Value "value",
}

/// What a language's folder provides.
pub struct Definition {
    /// Lower-case name used in rule files.
    pub name: &'static str,
    /// File name endings without the dot.
    pub extensions: &'static [&'static str],
    /// First-line interpreter names that mark a script.
    pub interpreters: &'static [&'static str],
    /// What starts a comment that runs to the end of the line.
    pub line_comment: &'static str,
    /// The grammar; none for plain text.
    pub grammar: Option<fn() -> tree_sitter::Language>,
    /// Role of a node kind; the flag says whether the kind is named.
    pub role: fn(&str, bool) -> Role,
    /// Reads the outline of a text without parsing.
    pub skeleton: Option<fn(&str) -> crate::skeleton::Skeleton>,
    /// Reads names out of a parsed file.
    pub bind: fn(&mut crate::names::Builder<'_>),
    /// Makes the intermediate representation of a parsed file; none where data flow has no meaning.
    pub lower: Option<fn(&crate::names::Names<'_>) -> crate::ir::Unit>,
    /// Separator between the parts of a qualified name as people write it.
    pub path_separator: &'static str,
    /// What turns a fragment that the grammar takes for broken into a file: text in front of it
    /// and behind it, so that its statements are the children of one block.
    pub wrapper: Option<(&'static str, &'static str)>,
    /// How names lead from file to file; none where there are no modules.
    pub link: Option<crate::link::Linkage>,
}

/// Every language, in the order of their ids. Registering a language is one line here.
static LANGUAGES: &[&Definition] = &[&text::LANGUAGE, &python::LANGUAGE, &rust::LANGUAGE];

/// A registered language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language(u8);

/// Lookup tables of a grammar, by its kind and field ids.
pub struct Tables {
    /// The grammar itself.
    pub grammar: tree_sitter::Language,
    /// Role by kind id.
    pub roles: Vec<Role>,
    /// Field by tree-sitter's field id.
    pub fields: Vec<Field>,
    /// A kind id with role `Arguments`, for macro arguments.
    pub arguments: u16,
}

impl Language {
    /// Files without a grammar: configuration, markup, prose.
    pub const TEXT: Language = Language(0);

    /// All languages, text first.
    pub fn all() -> impl Iterator<Item = Language> {
        (0..LANGUAGES.len() as u8).map(Language)
    }

    /// Number of languages, for tables indexed by [`Language::index`].
    pub fn count() -> usize {
        LANGUAGES.len()
    }

    /// Position in [`Language::all`].
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The language of that name, as rule files spell it.
    pub fn from_name(name: &str) -> Option<Language> {
        Language::all().find(|language| language.definition().name == name)
    }

    /// The language of a file by its ending; text for everything unknown.
    pub fn from_path(path: &str) -> Language {
        let name = path.rsplit('/').next().unwrap_or(path);
        let Some((_, extension)) = name.rsplit_once('.') else {
            return Language::TEXT;
        };
        Language::all()
            .find(|language| language.definition().extensions.contains(&extension))
            .unwrap_or(Language::TEXT)
    }

    /// The language of a script without an ending, by its `#!` line.
    pub fn from_first_line(text: &str) -> Option<Language> {
        let line = text.strip_prefix("#!")?.lines().next()?;
        let program = line
            .split_whitespace()
            .rev()
            .find(|word| !word.starts_with('-'))?;
        let program = program.rsplit('/').next()?;
        Language::all().find(|language| {
            language.definition().interpreters.iter().any(|known| {
                program.strip_prefix(known).is_some_and(|rest| {
                    rest.bytes()
                        .all(|byte| byte.is_ascii_digit() || byte == b'.')
                })
            })
        })
    }

    /// What the language's folder says.
    pub fn definition(self) -> &'static Definition {
        LANGUAGES[self.index()]
    }

    /// Name as rule files spell it.
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    /// Tables of the grammar; `None` for text.
    pub fn tables(self) -> Option<&'static Tables> {
        static TABLES: OnceLock<Vec<OnceLock<Option<Tables>>>> = OnceLock::new();
        let slots = TABLES.get_or_init(|| LANGUAGES.iter().map(|_| OnceLock::new()).collect());
        slots[self.index()]
            .get_or_init(|| build_tables(self.definition()))
            .as_ref()
    }
}

fn build_tables(definition: &Definition) -> Option<Tables> {
    let grammar = (definition.grammar?)();
    let roles: Vec<Role> = (0..grammar.node_kind_count() as u16)
        .map(|kind| {
            let name = grammar.node_kind_for_id(kind).unwrap_or("");
            (definition.role)(name, grammar.node_kind_is_named(kind))
        })
        .collect();
    let fields = (0..=grammar.field_count() as u16)
        .map(|id| match grammar.field_name_for_id(id) {
            Some(name) => Field::from_name(name),
            None => Field::None,
        })
        .collect();
    let arguments = roles
        .iter()
        .position(|&role| role == Role::Arguments)
        .expect("every language has calls") as u16;
    Some(Tables {
        grammar,
        roles,
        fields,
        arguments,
    })
}
