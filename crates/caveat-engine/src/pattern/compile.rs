//! Pattern text to [`Pat`], the form that the matcher reads.

use caveat_parser::constant::Literal;
use caveat_parser::lang::{Field, Language, Role};
use caveat_parser::{Arena, Code, Constant, Names, NodeId, Parsers};
use regex::Regex;

use super::placeholder::{self, DEEP, Placeholder, Prepared, Style};
use super::{Argument, KeywordName, Mv, MvTable, Pat, Pattern, Root, StringPart};

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// No reading of the text as code succeeds.
    #[error("the pattern is not valid {0} code, nor a part of it")]
    Syntax(&'static str),
    /// The text has no code.
    #[error("the pattern is empty")]
    Empty,
    /// A regular expression inside `"=~/.../"` is wrong.
    #[error("{0}")]
    Regex(String),
    /// The language has no grammar.
    #[error("patterns need a grammar; use `regex` for {0}")]
    NoGrammar(&'static str),
}

/// A way to make a whole file out of a pattern, and to find the pattern in it again.
struct Wrapper {
    before: &'static str,
    after: &'static str,
    style: Style,
    /// Fields and roles to walk down from the root to the node whose children are the pattern.
    container: fn(&Arena) -> Option<NodeId>,
    /// Whether a single child is the pattern itself.
    single: bool,
}

const PYTHON: Style = Style {
    statement_semicolon: false,
    typed_parameters: false,
    brace_splat: false,
    lifetimes: false,
};
const RUST: Style = Style {
    statement_semicolon: true,
    typed_parameters: true,
    brace_splat: false,
    lifetimes: true,
};

fn wrappers(language: Language) -> Vec<Wrapper> {
    let root: fn(&Arena) -> Option<NodeId> = |_| Some(NodeId::ROOT);
    let wrapper = |before, after, style, container| Wrapper {
        before,
        after,
        style,
        container,
        single: true,
    };
    match language.definition().path_separator {
        "::" => {
            let no_semicolon = Style {
                statement_semicolon: false,
                ..RUST
            };
            let body: fn(&Arena) -> Option<NodeId> = |arena| first_with(arena, Role::Block);
            let expression = Style {
                typed_parameters: false,
                ..no_semicolon
            };
            vec![
                wrapper("fn __w() {\n", "\n}", RUST, body),
                wrapper("fn __w() {\n", "\n}", no_semicolon, body),
                wrapper("fn __w() {\n", ";\n}", RUST, body),
                wrapper("fn __w() {\n", "\n}", expression, body),
                wrapper("fn __w() {\nlet __w: ", ";\n}", expression, |arena| {
                    first_with(arena, Role::Let)
                }),
                wrapper("fn __w() { match __w {\n", "\n} }", expression, |arena| {
                    arena
                        .ids()
                        .filter(|&id| arena.role(id) == Role::Block)
                        .nth(1)
                }),
                wrapper("impl __W {\n", "\n}", RUST, body),
                wrapper("struct __W {\n", "\n}", expression, |arena| {
                    arena
                        .ids()
                        .find(|&id| arena.kind_name(id) == "field_declaration_list")
                }),
                wrapper("", "", RUST, root),
            ]
        }
        _ => {
            let splat = Style {
                brace_splat: true,
                ..PYTHON
            };
            let last: fn(&Arena) -> Option<NodeId> = |arena| arena.children(NodeId::ROOT).next();
            vec![
                wrapper("", "\n", PYTHON, root),
                wrapper("", "\n", splat, root),
                Wrapper {
                    single: false,
                    ..wrapper("", "\ndef __w(): pass\n", PYTHON, last)
                },
                Wrapper {
                    single: false,
                    ..wrapper("try:\n  pass\n", "\n", PYTHON, last)
                },
                Wrapper {
                    single: false,
                    ..wrapper("if __w:\n  pass\n", "\n", PYTHON, last)
                },
                wrapper("def __w():\n  ", "\n", PYTHON, |arena| {
                    first_with(arena, Role::Block)
                }),
            ]
        }
    }
}

fn first_with(arena: &Arena, role: Role) -> Option<NodeId> {
    arena.ids().find(|&id| arena.role(id) == role)
}

/// Compiles pattern text. Metavariables are numbered by `table`, which the rule's patterns share.
///
/// # Errors
/// When no reading of the text is free of syntax errors, or a regular expression in it is wrong.
pub fn compile(
    text: &str,
    language: Language,
    parsers: &mut Parsers,
    table: &mut MvTable,
) -> Result<Pattern, PatternError> {
    if language.tables().is_none() {
        return Err(PatternError::NoGrammar(language.name()));
    }
    if text.trim().is_empty() {
        return Err(PatternError::Empty);
    }
    let text = dedent(text);
    for wrapper in wrappers(language) {
        let prepared = placeholder::prepare(text.trim_end(), wrapper.style);
        let whole = format!("{}{}{}", wrapper.before, prepared.text, wrapper.after);
        let Some(arena) = parsers.parse(language, &whole, None) else {
            continue;
        };
        if !arena.errors.is_empty() {
            continue;
        }
        let Some(container) = (wrapper.container)(&arena) else {
            continue;
        };
        let roots: Vec<NodeId> = arena
            .children(container)
            .filter(|&id| is_pattern(&arena, id, &whole, wrapper.single))
            .collect();
        if roots.is_empty() {
            continue;
        }
        let code = Code {
            arena: &arena,
            text: &whole,
        };
        let names = Names::new(code, &[]);
        let mut compiler = Compiler {
            code,
            names: &names,
            prepared: &prepared,
            table,
            error: None,
        };
        let root = compiler.root(&roots);
        if let Some(error) = compiler.error {
            return Err(error);
        }
        let statement =
            wrapper.style.statement_semicolon && roots.len() == 1 && text.trim_end().ends_with(';');
        return Ok(Pattern {
            root,
            language,
            statement,
        });
    }
    Err(PatternError::Syntax(language.name()))
}

/// Leaves out what only the wrapper put there.
fn is_pattern(arena: &Arena, id: NodeId, whole: &str, single: bool) -> bool {
    let text = arena.span(id).text(whole);
    if single {
        return !(arena.role(id) == Role::Identifier && text == "__w");
    }
    matches!(
        arena.role(id),
        Role::Decorator | Role::Except | Role::Finally | Role::Else | Role::If
    )
}

/// Removes the indentation that all lines share.
fn dedent(text: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let lines: Vec<&str> = text.trim_matches('\n').lines().collect();
    let common = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| indent(line))
        .min()
        .unwrap_or(0);
    let cut: Vec<&str> = lines
        .iter()
        .map(|line| line.get(common..).unwrap_or("").trim_end())
        .collect();
    cut.join("\n")
}

struct Compiler<'c, 'a> {
    code: Code<'a>,
    names: &'c Names<'a>,
    prepared: &'c Prepared,
    table: &'c mut MvTable,
    error: Option<PatternError>,
}

impl Compiler<'_, '_> {
    fn root(&mut self, roots: &[NodeId]) -> Root {
        match roots {
            [only] => Root::Node(self.node(*only)),
            _ => Root::Sequence(roots.iter().map(|&id| self.item(id)).collect()),
        }
    }

    fn role(&self, id: NodeId) -> Role {
        self.code.arena.role(id)
    }

    fn text(&self, id: NodeId) -> String {
        self.code.text_of(id).to_owned()
    }

    fn mv(&mut self, name: &str) -> Mv {
        self.table.number(name)
    }

    fn placeholder(&self, id: NodeId) -> Option<Placeholder<'_>> {
        (self.role(id) == Role::Identifier)
            .then(|| placeholder::classify(self.code.text_of(id)))
            .flatten()
    }

    /// A member of a list, where `...` may stand for any number.
    fn item(&mut self, id: NodeId) -> Pat {
        let placeholder = self.placeholder(id);
        match placeholder {
            Some(Placeholder::Dots) => return Pat::Dots,
            Some(Placeholder::MetaDots(name)) => {
                let name = name.to_owned();
                return Pat::MetaDots(self.mv(&name));
            }
            _ => {}
        }
        // `**...`, `...: __T`, the shorthand `...` of a struct's field
        let is_shorthand = self.code.arena.kind_name(id) == "shorthand_field_initializer";
        let inner = match self.role(id) {
            Role::DictSplat | Role::Splat => self.code.arena.children(id).last(),
            Role::Parameter | Role::Global => self.code.arena.children(id).next(),
            _ if is_shorthand => self.code.arena.children(id).next(),
            _ => None,
        };
        match inner.and_then(|inner| self.placeholder(inner)) {
            Some(Placeholder::Dots) => Pat::Dots,
            Some(Placeholder::MetaDots(name)) => {
                let name = name.to_owned();
                Pat::MetaDots(self.mv(&name))
            }
            _ => self.node(id),
        }
    }

    fn node(&mut self, id: NodeId) -> Pat {
        if let Some(placeholder) = self.placeholder(id) {
            return match placeholder {
                Placeholder::Dots => Pat::Any,
                Placeholder::Meta(name) | Placeholder::MetaDots(name) => {
                    let name = name.to_owned();
                    Pat::Meta(self.mv(&name))
                }
                Placeholder::Typed(index) => self.typed(index),
            };
        }
        match self.role(id) {
            Role::Identifier | Role::Attribute | Role::Scoped | Role::Generic => self.name(id),
            Role::Call | Role::MacroCall => self.call(id),
            Role::String | Role::ConcatenatedString => self.string(id),
            Role::Integer | Role::Float | Role::Boolean | Role::None => self.literal(id),
            Role::Ellipsis => Pat::Any,
            Role::Arguments => Pat::Arguments(self.arguments(id)),
            Role::Set if self.is_dots_only(id) => Pat::AnyOfRole(vec![Role::Dict, Role::Set]),
            Role::Block => Pat::Block(self.children(id)),
            Role::Import | Role::ImportFrom => self.import(id),
            _ => self.plain(id),
        }
    }

    fn is_dots_only(&self, id: NodeId) -> bool {
        self.code
            .arena
            .children(id)
            .all(|child| self.placeholder(child) == Some(Placeholder::Dots))
    }

    fn children(&mut self, id: NodeId) -> Vec<Pat> {
        let children: Vec<NodeId> = self.code.arena.children(id).collect();
        children.into_iter().map(|child| self.item(child)).collect()
    }

    fn plain(&mut self, id: NodeId) -> Pat {
        let arena = self.code.arena;
        let children: Vec<NodeId> = arena.children(id).collect();
        if children.is_empty() {
            return Pat::Leaf {
                kind: arena.node(id).kind,
                text: self.text(id),
            };
        }
        let mut groups: Vec<(Field, Vec<Pat>)> = Vec::new();
        for child in children {
            let field = arena.node(child).field;
            let pat = self.in_position(id, field, child);
            match groups.iter_mut().find(|(known, _)| *known == field) {
                Some((_, pats)) => pats.push(pat),
                None => groups.push((field, vec![pat])),
            }
        }
        Pat::Node {
            kind: arena.node(id).kind,
            role: arena.role(id),
            groups,
        }
    }

    /// A child at its place: the name of a definition or keyword is compared as text.
    fn in_position(&mut self, parent: NodeId, field: Field, child: NodeId) -> Pat {
        let is_plain_name =
            self.role(child) == Role::Identifier && self.placeholder(child).is_none();
        let target = matches!(field, Field::Left | Field::Pattern)
            && matches!(
                self.role(parent),
                Role::Assignment | Role::AugmentedAssignment | Role::Let | Role::For | Role::ForIn
            );
        let names = target
            || matches!(field, Field::Name | Field::Alias)
            || self.role(parent) == Role::Parameters;
        if is_plain_name && names {
            return Pat::Word(self.text(child));
        }
        self.item(child)
    }

    fn typed(&mut self, index: usize) -> Pat {
        let (name, kind) = self.prepared.typed[index].clone();
        let kind = kind
            .trim_start_matches(['&', '*', ' '])
            .trim_start_matches("mut ");
        let path = kind
            .split('<')
            .next()
            .unwrap_or(kind)
            .split(['.', ':'])
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect();
        Pat::Typed {
            mv: self.mv(&name),
            path,
        }
    }

    /// A dotted name: one piece if it holds no placeholder.
    fn name(&mut self, id: NodeId) -> Pat {
        if let Some(path) = self.plain_path(id) {
            return Pat::Name(path);
        }
        let arena = self.code.arena;
        let children: Vec<NodeId> = arena.children(id).collect();
        match (arena.role(id), children.as_slice()) {
            (Role::Attribute | Role::Scoped, [object, .., last]) => {
                let (object, last) = (*object, *last);
                let object_pat = self.node(object);
                if self.placeholder(last) == Some(Placeholder::Dots) {
                    return Pat::Chain(Box::new(object_pat));
                }
                let name = match self.placeholder(last) {
                    Some(Placeholder::Meta(name)) => {
                        let name = name.to_owned();
                        KeywordName::Meta(self.mv(&name))
                    }
                    _ => KeywordName::Text(self.text(last)),
                };
                Pat::Attribute {
                    object: Box::new(object_pat),
                    name,
                }
            }
            _ => self.plain(id),
        }
    }

    fn plain_path(&self, id: NodeId) -> Option<Vec<String>> {
        let arena = self.code.arena;
        match arena.role(id) {
            Role::Identifier if self.placeholder(id).is_none() => Some(vec![self.text(id)]),
            Role::Attribute | Role::Scoped => {
                let mut path = Vec::new();
                for child in arena.children(id) {
                    path.extend(self.plain_path(child)?);
                }
                Some(path)
            }
            _ => None,
        }
    }

    fn call(&mut self, id: NodeId) -> Pat {
        let arena = self.code.arena;
        let callee = arena.children(id).next();
        let arguments = arena.field(id, Field::Arguments);
        let Some(callee) = callee else {
            return self.plain(id);
        };
        if self.code.text_of(callee) == DEEP {
            let inner = arguments.and_then(|list| arena.children(list).next());
            return match inner {
                Some(inner) => Pat::Deep(Box::new(self.node(inner))),
                None => Pat::Any,
            };
        }
        let is_macro = arena.role(id) == Role::MacroCall;
        let arguments = match arguments {
            Some(list) if arena.role(list) == Role::Arguments => self.arguments(list),
            Some(other) => vec![Argument::Positional(self.node(other))],
            None => return self.plain(id),
        };
        let callee = if is_macro {
            self.macro_name(callee)
        } else {
            self.node(callee)
        };
        Pat::Call {
            callee: Box::new(callee),
            arguments,
            is_macro,
        }
    }

    fn macro_name(&mut self, id: NodeId) -> Pat {
        match self.placeholder(id) {
            Some(_) => self.node(id),
            None => Pat::Name(self.plain_path(id).unwrap_or_else(|| vec![self.text(id)])),
        }
    }

    fn arguments(&mut self, list: NodeId) -> Vec<Argument> {
        let arena = self.code.arena;
        let mut out = Vec::new();
        for child in arena.children(list) {
            if arena.role(child) == Role::KeywordArgument {
                out.push(self.keyword(child));
                continue;
            }
            out.push(match self.item(child) {
                Pat::Dots => Argument::Dots,
                Pat::MetaDots(mv) => Argument::MetaDots(mv),
                pat => Argument::Positional(pat),
            });
        }
        out
    }

    fn keyword(&mut self, id: NodeId) -> Argument {
        let arena = self.code.arena;
        let name = arena.field(id, Field::Name);
        let value = arena.field(id, Field::Value);
        let (Some(name), Some(value)) = (name, value) else {
            return Argument::Positional(self.plain(id));
        };
        let name = match self.placeholder(name) {
            Some(Placeholder::Meta(meta)) => {
                let meta = meta.to_owned();
                KeywordName::Meta(self.mv(&meta))
            }
            Some(_) => KeywordName::Any,
            None => KeywordName::Text(self.text(name)),
        };
        Argument::Keyword(name, self.node(value))
    }

    fn literal(&mut self, id: NodeId) -> Pat {
        match self.names.literal(id) {
            Some(value) => Pat::Literal(value),
            None => Pat::Leaf {
                kind: self.code.arena.node(id).kind,
                text: self.text(id),
            },
        }
    }

    fn string(&mut self, id: NodeId) -> Pat {
        let arena = self.code.arena;
        let holes = arena
            .subtree(id)
            .any(|part| arena.role(part) == Role::Interpolation);
        if holes || Literal::new(self.code.text_of(id)).formatted {
            return self.formatted(id);
        }
        let Some(value) = self.names.literal(id) else {
            return Pat::Leaf {
                kind: arena.node(id).kind,
                text: self.text(id),
            };
        };
        let Some(content) = value.text() else {
            return Pat::Literal(value);
        };
        if content == "..." {
            return Pat::AnyString;
        }
        // The expression is read as it is written, its escapes are its own.
        let written = self.code.text_of(id);
        if let Some((_, rest)) = written
            .split_once("=~/")
            .filter(|_| content.starts_with("=~/"))
            && let Some((expression, _)) = rest.rsplit_once('/')
        {
            return self.string_regex(expression);
        }
        if let Some(name) = content
            .strip_prefix("$...")
            .filter(|name| is_metavariable(name))
        {
            return Pat::StringMeta(self.mv(name));
        }
        match content
            .strip_prefix('$')
            .filter(|name| is_metavariable(name))
        {
            Some(name) => Pat::StringMeta(self.mv(name)),
            None => Pat::Literal(value),
        }
    }

    fn string_regex(&mut self, expression: &str) -> Pat {
        match Regex::new(expression) {
            Ok(regex) => Pat::StringRegex(regex),
            Err(error) => {
                self.error = Some(PatternError::Regex(error.to_string()));
                Pat::AnyString
            }
        }
    }

    fn formatted(&mut self, id: NodeId) -> Pat {
        let arena = self.code.arena;
        let mut parts = Vec::new();
        for child in arena.subtree(id).skip(1) {
            match arena.role(child) {
                Role::StringContent => {
                    let text = self.text(child);
                    let mut pieces = text.split("...").peekable();
                    while let Some(piece) = pieces.next() {
                        if !piece.is_empty() {
                            parts.push(StringPart::Text(piece.to_owned()));
                        }
                        if pieces.peek().is_some() {
                            parts.push(StringPart::Dots);
                        }
                    }
                }
                Role::Interpolation => {
                    if let Some(inner) = arena.children(child).next() {
                        parts.push(StringPart::Hole(self.node(inner)));
                    }
                }
                _ => {}
            }
        }
        Pat::Formatted(parts)
    }

    /// Imports without metavariables are compared by what they import.
    fn import(&mut self, id: NodeId) -> Pat {
        let arena = self.code.arena;
        let has_placeholder = arena
            .subtree(id)
            .any(|part| self.placeholder(part).is_some());
        let python = self.code.arena.language.definition().path_separator == ".";
        if has_placeholder || !python {
            return self.plain(id);
        }
        Pat::Import(super::matcher::imported_paths(self.code, id))
    }
}

/// The prepared text of a string keeps `$X` as it was written.
fn is_metavariable(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// Constant values that a pattern's literal equals, for documentation of the comparison rules.
pub fn same_value(pattern: &Constant, value: &Constant) -> bool {
    match (pattern, value) {
        (
            Constant::Str(left) | Constant::Bytes(left),
            Constant::Str(right) | Constant::Bytes(right),
        ) => left == right && std::mem::discriminant(pattern) == std::mem::discriminant(value),
        _ => pattern == value,
    }
}
