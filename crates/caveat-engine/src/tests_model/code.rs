//! Small questions about a tree that the integrity checks ask, in words that serve both
//! languages. Nothing here knows a rule.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Arena, Code, Names, NodeId, Span};

use crate::checks::{FileView, tree};
use crate::context;

/// A parsed file with its names.
#[derive(Clone, Copy)]
pub struct Tree<'f> {
    /// Names of the file.
    pub names: &'f Names<'f>,
    /// Text and nodes.
    pub code: Code<'f>,
    /// Path from the root.
    pub path: &'f str,
}

impl<'f> Tree<'f> {
    /// The tree of a view, if it has one.
    pub fn of(view: &FileView<'f>) -> Option<Self> {
        let names = view.names?;
        Some(Tree {
            names,
            code: names.code,
            path: view.path,
        })
    }

    /// The nodes.
    pub fn arena(self) -> &'f Arena {
        self.code.arena
    }

    /// Whether it is Python; else it is Rust.
    pub fn is_python(self) -> bool {
        self.arena().language.name() == "python"
    }

    /// Text of a node.
    pub fn text(self, id: NodeId) -> &'f str {
        self.code.text_of(id)
    }

    /// What a node is for.
    pub fn role(self, id: NodeId) -> Role {
        self.arena().role(id)
    }

    /// The grammar's name of its kind.
    pub fn kind(self, id: NodeId) -> &'static str {
        self.arena().kind_name(id)
    }

    /// Bytes of a node.
    pub fn span(self, id: NodeId) -> Span {
        self.arena().span(id)
    }

    /// Direct children.
    pub fn kids(self, id: NodeId) -> Vec<NodeId> {
        self.arena().children(id).collect()
    }

    /// First child at a field.
    pub fn field(self, id: NodeId, field: Field) -> Option<NodeId> {
        self.arena().field(id, field)
    }

    /// The node and all below it.
    pub fn below(self, id: NodeId) -> impl Iterator<Item = NodeId> {
        self.arena().subtree(id)
    }

    /// All nodes of a role.
    pub fn all(self, role: Role) -> impl Iterator<Item = NodeId> {
        self.arena().ids().filter(move |&id| self.role(id) == role)
    }

    /// Calls, of macros too, in a subtree.
    pub fn calls(self, id: NodeId) -> impl Iterator<Item = NodeId> {
        self.below(id)
            .filter(move |&id| matches!(self.role(id), Role::Call | Role::MacroCall))
    }

    /// What a call calls.
    pub fn callee(self, call: NodeId) -> Option<NodeId> {
        let callee = self.arena().children(call).next()?;
        match self.role(callee) {
            Role::Generic => self.arena().children(callee).next(),
            _ => Some(callee),
        }
    }

    /// The last name of what a call calls: `c` of `a.b.c()`.
    pub fn last_name(self, call: NodeId) -> &'f str {
        let Some(callee) = self.callee(call) else {
            return "";
        };
        match self.role(callee) {
            Role::Identifier => self.text(callee),
            Role::Attribute | Role::Scoped => {
                let last = self.arena().children(callee).last();
                last.map_or("", |last| self.text(last))
            }
            _ => "",
        }
    }

    /// The qualified name of an expression, dotted, or its text without spaces.
    pub fn dotted(self, id: NodeId) -> String {
        match self.names.resolve(id) {
            Some(resolved) => resolved.path.join("."),
            None => self
                .text(id)
                .split_whitespace()
                .collect::<String>()
                .replace("::", "."),
        }
    }

    /// The qualified name of what a call calls.
    pub fn called(self, call: NodeId) -> String {
        self.callee(call)
            .map_or_else(String::new, |it| self.dotted(it))
    }

    /// The receiver of a method call.
    pub fn receiver(self, call: NodeId) -> Option<NodeId> {
        tree::method(self.code, call).map(|(receiver, _)| receiver)
    }

    /// Positional arguments.
    pub fn positional(self, call: NodeId) -> Vec<NodeId> {
        tree::arguments(self.arena(), call)
            .filter(|&it| {
                !matches!(
                    self.role(it),
                    Role::KeywordArgument | Role::DictSplat | Role::Token
                )
            })
            .collect()
    }

    /// The value of a keyword argument.
    pub fn keyword(self, call: NodeId, name: &str) -> Option<NodeId> {
        let found = tree::arguments(self.arena(), call).find(|&it| {
            self.role(it) == Role::KeywordArgument
                && self
                    .field(it, Field::Name)
                    .is_some_and(|own| self.text(own) == name)
        })?;
        self.field(found, Field::Value)
    }

    /// The named function around a node.
    pub fn function(self, id: NodeId) -> Option<NodeId> {
        tree::function(self.arena(), id)
    }

    /// The outermost named function around a node, or the node itself.
    pub fn outermost_function(self, id: NodeId) -> Option<NodeId> {
        std::iter::once(id)
            .chain(self.arena().ancestors(id))
            .filter(|&at| self.role(at) == Role::Function)
            .last()
    }

    /// Name of a function, class or module.
    pub fn name(self, definition: NodeId) -> &'f str {
        self.field(definition, Field::Name)
            .map_or("", |name| self.text(name))
    }

    /// The block of a function, class, handler or loop.
    pub fn body(self, id: NodeId) -> Option<NodeId> {
        self.field(id, Field::Body).or_else(|| {
            self.arena()
                .children(id)
                .find(|&child| self.role(child) == Role::Block)
        })
    }

    /// The statements of a body, without documentation.
    pub fn statements(self, id: NodeId) -> Vec<NodeId> {
        let Some(body) = self.body(id) else {
            return Vec::new();
        };
        if self.role(body) != Role::Block {
            return vec![body];
        }
        let all = self.arena().children(body);
        all.filter(|&it| !self.is_documentation(it)).collect()
    }

    /// A string that is a statement.
    pub fn is_documentation(self, id: NodeId) -> bool {
        self.is_python()
            && matches!(self.role(id), Role::String | Role::ConcatenatedString)
            && self
                .arena()
                .parent(id)
                .is_some_and(|it| matches!(self.role(it), Role::Block | Role::Module))
    }

    /// The documentation of a function or class, lower case.
    pub fn documentation(self, definition: NodeId) -> String {
        let text = if self.is_python() {
            let first = self
                .body(definition)
                .and_then(|body| self.arena().children(body).next());
            first
                .filter(|&it| self.is_documentation(it))
                .map(|it| self.text(it).to_owned())
        } else {
            let start = self.span(definition).start;
            let lead = tree::lead_start(self.code, start) as usize;
            Some(self.code.text[lead..start as usize].to_owned())
        };
        text.unwrap_or_default().to_ascii_lowercase()
    }

    /// The class, impl or trait around a function.
    pub fn class(self, id: NodeId) -> Option<NodeId> {
        let mut up = self.arena().ancestors(id);
        up.find(|&it| {
            matches!(
                self.role(it),
                Role::Class | Role::Function | Role::Impl | Role::Trait
            )
        })
        .filter(|&it| self.role(it) != Role::Function)
    }

    /// Expressions of the decorators of a function or class.
    pub fn decorators(self, definition: NodeId) -> Vec<NodeId> {
        let Some(outer) = self.arena().parent(definition) else {
            return Vec::new();
        };
        if self.role(outer) != Role::Decorated {
            return Vec::new();
        }
        self.arena()
            .children(outer)
            .filter(|&it| self.role(it) == Role::Decorator)
            .filter_map(|it| self.arena().children(it).next())
            .collect()
    }

    /// Texts of the attributes of a Rust item, without `#[` and `]`.
    pub fn attributes(self, item: NodeId) -> Vec<(NodeId, &'f str)> {
        context::attributes(self.arena(), item)
            .map(|id| {
                let text = self.text(id);
                let inner = text.trim_start_matches(['#', '!']).trim_start_matches('[');
                (id, inner.strip_suffix(']').unwrap_or(inner))
            })
            .collect()
    }

    /// Whether a node stands in test code: a test's file, or a test module or function in Rust.
    pub fn in_test(self, id: NodeId) -> bool {
        context::is_test_path(self.path) || context::is_test_code(self.code, id)
    }

    /// Names of the parameters of a function, without `self` and `cls`.
    pub fn parameters(self, function: NodeId) -> Vec<&'f str> {
        let Some(list) = self.field(function, Field::Parameters) else {
            return Vec::new();
        };
        let name = |it: NodeId| match self.role(it) {
            Role::Identifier => Some(self.text(it)),
            _ => self
                .field(it, Field::Name)
                .or_else(|| self.field(it, Field::Pattern))
                .or_else(|| self.below(it).find(|&it| self.role(it) == Role::Identifier))
                .map(|it| self.text(it)),
        };
        let all = self.arena().children(list).filter_map(name);
        all.filter(|&it| !matches!(it, "self" | "cls" | "&self"))
            .collect()
    }

    /// Whether a value is written out: a literal, or a collection of literals.
    pub fn is_literal(self, id: NodeId) -> bool {
        match self.role(id) {
            Role::Integer | Role::Float | Role::Boolean | Role::None | Role::ConcatenatedString => {
                true
            }
            Role::String => !self
                .below(id)
                .any(|it| self.role(it) == Role::Interpolation),
            Role::List | Role::Tuple | Role::Dict | Role::Set | Role::Pair => {
                self.arena().children(id).all(|it| self.is_literal(it))
            }
            Role::Unary | Role::Reference => self
                .arena()
                .children(id)
                .last()
                .is_some_and(|it| self.is_literal(it)),
            _ => false,
        }
    }

    /// Whether a node is `None`.
    pub fn is_none(self, id: NodeId) -> bool {
        self.role(id) == Role::None
    }

    /// The boolean that a node is.
    pub fn boolean(self, id: NodeId) -> Option<bool> {
        if self.role(id) != Role::Boolean {
            return None;
        }
        Some(matches!(self.text(id), "True" | "true"))
    }

    /// The value of a plain string literal.
    pub fn string(self, id: NodeId) -> Option<String> {
        match self.role(id) {
            Role::String => {
                let mut text = String::new();
                for part in self.arena().children(id) {
                    match self.role(part) {
                        Role::StringContent | Role::Escape => text.push_str(self.text(part)),
                        Role::Interpolation => return None,
                        _ => {}
                    }
                }
                Some(text)
            }
            Role::ConcatenatedString => self
                .arena()
                .children(id)
                .map(|it| self.string(it))
                .collect(),
            _ => None,
        }
    }

    /// Whether a word stands somewhere in a subtree as an identifier.
    pub fn mentions(self, id: NodeId, word: &str) -> bool {
        self.below(id)
            .any(|it| self.role(it) == Role::Identifier && self.text(it) == word)
    }

    /// Nodes of a function's own body: not those of functions inside it.
    pub fn own(self, function: NodeId) -> impl Iterator<Item = NodeId> {
        let body = self.body(function).unwrap_or(function);
        self.below(body)
            .filter(move |&it| it == body || tree::function(self.arena(), it) == Some(function))
    }

    /// The statement around a node.
    pub fn statement(self, id: NodeId) -> NodeId {
        tree::statement(self.arena(), id)
    }

    /// The expression at the end of a Rust block, which is its value.
    pub fn tail(self, block: NodeId) -> Option<NodeId> {
        let last = self.arena().children(block).last()?;
        (!tree::ends_statement(self.code, last) && self.role(last) != Role::Let).then_some(last)
    }

    /// The values that a function returns, those of closures and inner functions left out.
    pub fn returned(self, function: NodeId) -> Vec<NodeId> {
        let mut found: Vec<NodeId> = self
            .own(function)
            .filter(|&it| {
                self.role(it) == Role::Return
                    && tree::body_owner(self.arena(), it) == Some(function)
            })
            .filter_map(|it| self.arena().children(it).next())
            .collect();
        if !self.is_python()
            && let Some(tail) = self.body(function).and_then(|body| self.tail(body))
        {
            self.tails(tail, &mut found);
        }
        found
    }

    /// The expressions that may be the value of a Rust expression.
    fn tails(self, id: NodeId, found: &mut Vec<NodeId>) {
        match self.role(id) {
            Role::If | Role::Else | Role::Match | Role::Case | Role::Unsafe => {
                let own = self.arena().children(id).filter(|&it| {
                    let field = self.arena().node(it).field;
                    self.role(it) == Role::Block && field != Field::Condition
                        || field == Field::Alternative
                        || self.role(id) == Role::Case && field == Field::Value
                        || self.role(id) == Role::Else
                });
                let own: Vec<NodeId> = own.collect();
                for part in own {
                    self.tails(part, found);
                }
            }
            Role::Block if self.kind(id) == "match_block" => {
                for arm in self.kids(id) {
                    self.tails(arm, found);
                }
            }
            Role::Block => {
                if let Some(tail) = self.tail(id) {
                    self.tails(tail, found);
                }
            }
            Role::Return => {}
            _ => found.push(id),
        }
    }

    /// The rest of the line behind a node, which may say why.
    pub fn has_comment(self, id: NodeId) -> bool {
        let node = self.span(id);
        let lead = tree::lead_start(self.code, node.start);
        let rest = &self.code.text[node.end as usize..];
        let end = node.end + rest.find('\n').unwrap_or(rest.len()) as u32;
        tree::comment_within(self.code, lead, end, |text| {
            let words = text.trim_start_matches(['#', '/', ' ']);
            let mark = [
                "noqa", "nosec", "pylint:", "type:", "pragma:", "fmt:", "expect:",
            ];
            words.len() > 3 && !mark.iter().any(|it| words.starts_with(it))
        })
    }
}

/// The words of a name in snake or camel case, lower case.
pub fn words(name: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word = String::new();
    let mut before_lower = false;
    for letter in name.chars() {
        let ends = !letter.is_alphanumeric() || letter.is_uppercase() && before_lower;
        if ends && !word.is_empty() {
            found.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        before_lower = letter.is_lowercase() || letter.is_numeric();
    }
    if !word.is_empty() {
        found.push(word);
    }
    found
}

/// A shortened text for a message, on one line, without backticks.
pub fn short(text: &str) -> String {
    const LONGEST: usize = 48;
    let flat: Vec<&str> = text.split_whitespace().collect();
    let flat = flat.join(" ").replace('`', "'");
    match flat.chars().count() > LONGEST {
        true => flat.chars().take(LONGEST - 2).collect::<String>() + "..",
        false => flat,
    }
}

/// The text of a function that the file defines, read by its indentation or braces.
pub fn function_text<'t>(file: &'t str, name: &str) -> Option<&'t str> {
    if name.is_empty() {
        return None;
    }
    let python = format!("def {name}(");
    if let Some(at) = file.find(&python) {
        let line_start = file[..at].rfind('\n').map_or(0, |it| it + 1);
        let indent = file[line_start..at].len() - file[line_start..at].trim_start().len();
        let mut end = file.len();
        let mut offset = line_start;
        for (number, line) in file[line_start..].split_inclusive('\n').enumerate() {
            let inner = line.trim_start();
            let own = line.len() - inner.len();
            if number > 0 && !inner.is_empty() && own <= indent && !inner.starts_with([')', '#']) {
                end = offset;
                break;
            }
            offset += line.len();
        }
        return file.get(line_start..end);
    }
    let at = [format!("fn {name}("), format!("fn {name}<")]
        .iter()
        .find_map(|head| file.find(head))?;
    let open = at + file[at..].find('{')?;
    let mut depth = 0u32;
    for (offset, byte) in file[open..].bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return file.get(at..open + offset);
                }
            }
            _ => {}
        }
    }
    None
}
