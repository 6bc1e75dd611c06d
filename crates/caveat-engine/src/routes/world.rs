//! The parsed files of a project, and small questions about places in them: texts, arguments,
//! strings, and what a name leads to in whichever file.
//!
//! Files are parsed when a question first leads there. Nothing here knows a framework.

use std::cell::OnceCell;
use std::sync::Arc;

use caveat_parser::link::{DefinitionId, FileId, Project, Target};
use caveat_parser::skeleton::ItemKind;
use caveat_parser::{Arena, Field, NodeId, Role, SourceFile, Span};
use rustc_hash::FxHashMap;

/// A file with its whole tree.
pub struct Parsed {
    /// The text.
    pub source: Arc<SourceFile>,
    /// The tree of all of it.
    pub arena: Arena,
}

/// A node of some file of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct At {
    /// The file.
    pub file: FileId,
    /// The node.
    pub node: NodeId,
}

/// What a name leads to.
#[derive(Debug, Clone)]
pub enum Meaning<'q> {
    /// A function, class or value of the project, and what follows it in the name.
    Place(At, Vec<&'q str>),
    /// A name of a library.
    Outside(Vec<&'q str>),
    /// A parameter or other local, or a name that cannot be followed.
    Unknown,
}

/// Parses the file at a path, if it can be read.
pub type Load<'w> = dyn Fn(&str) -> Option<Parsed> + 'w;

/// How many outer functions are looked into for a local name.
const SCOPES: usize = 8;

/// Nodes that define a name, by the first byte of the name.
type Defined = FxHashMap<u32, NodeId>;

/// The project and what is parsed of it.
pub struct World<'w> {
    /// Names across files.
    pub project: &'w Project<'w>,
    load: &'w Load<'w>,
    files: Vec<OnceCell<Option<(Parsed, Defined)>>>,
}

impl<'w> World<'w> {
    /// A world in which nothing but `parsed` is read yet.
    pub fn new(project: &'w Project<'w>, parsed: Vec<Parsed>, load: &'w Load<'w>) -> Self {
        let files: Vec<OnceCell<_>> = project.file_ids().map(|_| OnceCell::new()).collect();
        for file in parsed {
            if let Some(id) = project.file(&file.source.path) {
                let defined = definitions(&file.arena);
                let _ = files[id.0 as usize].set(Some((file, defined)));
            }
        }
        World {
            project,
            load,
            files,
        }
    }

    fn entry(&self, file: FileId) -> Option<&(Parsed, Defined)> {
        let read = || {
            let parsed = (self.load)(self.project.path(file))?;
            let defined = definitions(&parsed.arena);
            Some((parsed, defined))
        };
        self.files[file.0 as usize].get_or_init(read).as_ref()
    }

    /// A file, parsed now if it was not.
    pub fn file(&self, file: FileId) -> Option<&Parsed> {
        Some(&self.entry(file)?.0)
    }

    fn parsed(&self, file: FileId) -> &Parsed {
        self.file(file).expect("places lie in parsed files")
    }

    /// The tree around a place.
    pub fn arena(&self, at: At) -> &Arena {
        &self.parsed(at.file).arena
    }

    /// Text of a node.
    pub fn text(&self, at: At) -> &str {
        let parsed = self.parsed(at.file);
        parsed.arena.span(at.node).text(&parsed.source.text)
    }

    /// Bytes of a node.
    pub fn span(&self, at: At) -> Span {
        self.arena(at).span(at.node)
    }

    /// What the node is for.
    pub fn role(&self, at: At) -> Role {
        self.arena(at).role(at.node)
    }

    /// The grammar's name of the node's kind.
    pub fn kind(&self, at: At) -> &'static str {
        self.arena(at).kind_name(at.node)
    }

    /// Whether the file is Rust.
    pub fn is_rust(&self, at: At) -> bool {
        self.arena(at).language.name() == "rust"
    }

    /// Direct children.
    pub fn children(&self, at: At) -> impl Iterator<Item = At> + '_ {
        let file = at.file;
        self.arena(at)
            .children(at.node)
            .map(move |node| At { file, node })
    }

    /// The node and all below it.
    pub fn subtree(&self, at: At) -> impl Iterator<Item = At> + use<> {
        let file = at.file;
        self.arena(at)
            .subtree(at.node)
            .map(move |node| At { file, node })
    }

    /// First child at that field.
    pub fn field(&self, at: At, field: Field) -> Option<At> {
        let node = self.arena(at).field(at.node, field)?;
        Some(At { node, ..at })
    }

    /// The node around it.
    pub fn parent(&self, at: At) -> Option<At> {
        let node = self.arena(at).parent(at.node)?;
        Some(At { node, ..at })
    }

    /// Nodes around it, innermost first.
    pub fn ancestors(&self, at: At) -> impl Iterator<Item = At> + '_ {
        let file = at.file;
        self.arena(at)
            .ancestors(at.node)
            .map(move |node| At { file, node })
    }

    /// What a call calls.
    pub fn callee(&self, call: At) -> Option<At> {
        if self.role(call) != Role::Call {
            return None;
        }
        let callee = self.children(call).next()?;
        match self.role(callee) {
            Role::Generic => self.children(callee).next(),
            _ => Some(callee),
        }
    }

    /// The last name of what a call calls: `c` of `a.b.c()`.
    pub fn callee_name(&self, call: At) -> Option<&str> {
        let callee = self.callee(call)?;
        match self.role(callee) {
            Role::Identifier => Some(self.text(callee)),
            Role::Attribute | Role::Scoped => Some(self.text(self.children(callee).last()?)),
            _ => None,
        }
    }

    /// Receiver and name of a method call.
    pub fn method(&self, call: At) -> Option<(At, &str)> {
        let callee = self.callee(call)?;
        if self.role(callee) != Role::Attribute {
            return None;
        }
        let receiver = self.children(callee).next()?;
        Some((receiver, self.text(self.children(callee).last()?)))
    }

    /// Positional arguments of a call.
    pub fn positional(&self, call: At) -> Vec<At> {
        let Some(list) = self.field(call, Field::Arguments) else {
            return Vec::new();
        };
        self.children(list)
            .filter(|&it| !matches!(self.role(it), Role::KeywordArgument | Role::DictSplat))
            .collect()
    }

    /// The value of a keyword argument.
    pub fn keyword(&self, call: At, name: &str) -> Option<At> {
        let list = self.field(call, Field::Arguments)?;
        let argument = self.children(list).find(|&it| {
            self.role(it) == Role::KeywordArgument
                && self
                    .field(it, Field::Name)
                    .is_some_and(|own| self.text(own) == name)
        })?;
        self.field(argument, Field::Value)
    }

    /// The value of a plain string literal; interpolations stand as `{}`.
    pub fn string(&self, at: At) -> Option<String> {
        match self.role(at) {
            Role::ConcatenatedString => self.children(at).map(|part| self.string(part)).collect(),
            Role::String => Some(
                self.children(at)
                    .map(|part| match self.role(part) {
                        Role::StringContent | Role::Escape => self.text(part),
                        Role::Interpolation => "{}",
                        _ => "",
                    })
                    .collect(),
            ),
            _ => None,
        }
    }

    /// A string literal, or a name for one.
    pub fn string_value(&self, at: At) -> Option<String> {
        if let Some(text) = self.string(at) {
            return Some(text);
        }
        match self.meaning(at) {
            Meaning::Place(place, rest) if rest.is_empty() => self.string(place),
            _ => None,
        }
    }

    /// The items of a list, tuple or set; the node itself if it is none.
    pub fn items(&self, at: At) -> Vec<At> {
        match self.role(at) {
            Role::List | Role::Tuple | Role::Set => self.children(at).collect(),
            _ => vec![at],
        }
    }

    /// The segments of a dotted name.
    pub fn path(&self, at: At) -> Option<Vec<&str>> {
        match self.role(at) {
            Role::Identifier => Some(vec![self.text(at)]),
            Role::Generic => self.path(self.children(at).next()?),
            Role::Attribute | Role::Scoped => {
                let parts: Vec<At> = self.children(at).collect();
                let (&last, first) = parts.split_last()?;
                let mut path = match first.first() {
                    Some(&first) => self.path(first)?,
                    None => Vec::new(),
                };
                path.push(self.text(last));
                Some(path)
            }
            _ => None,
        }
    }

    /// What a name at a place leads to.
    pub fn meaning(&self, at: At) -> Meaning<'_> {
        match self.path(at) {
            Some(path) => self.meaning_of(at, &path),
            None => Meaning::Unknown,
        }
    }

    /// What a name would lead to if it stood at a place.
    pub fn meaning_of<'q>(&'q self, at: At, path: &[&'q str]) -> Meaning<'q> {
        if path.is_empty() {
            return Meaning::Unknown;
        }
        if !self.is_rust(at) {
            if let Some(local) = self.local(at, path) {
                return local;
            }
            if let Some(target) = self.inner_import(at, path) {
                return target;
            }
        }
        self.target(self.project.lookup(at.file, path), path)
    }

    fn target<'q>(&'q self, target: Target<'q>, path: &[&'q str]) -> Meaning<'q> {
        match target {
            Target::Definition { at, rest } => match self.definition(at) {
                Some(place) => Meaning::Place(place, rest),
                None => Meaning::Unknown,
            },
            Target::External(path) => Meaning::Outside(path),
            Target::Module(_) => Meaning::Unknown,
            Target::Unknown if path.len() == 1 => Meaning::Unknown,
            Target::Unknown => Meaning::Unknown,
        }
    }

    /// The node of a definition; of a binding, its value.
    pub fn definition(&self, id: DefinitionId) -> Option<At> {
        let definition = self.project.definition(id);
        let node = *self.entry(id.file)?.1.get(&definition.name_span.start)?;
        let at = At {
            file: id.file,
            node,
        };
        match (definition.kind, self.role(at)) {
            (ItemKind::Binding, Role::Assignment) => self.field(at, Field::Right),
            (ItemKind::Binding, Role::Constant) => self.field(at, Field::Value),
            _ => Some(at),
        }
    }

    /// A Python name that a function around the place binds.
    fn local<'q>(&'q self, at: At, path: &[&'q str]) -> Option<Meaning<'q>> {
        let rest = || path[1..].to_vec();
        let functions = self
            .ancestors(at)
            .filter(|&it| self.role(it) == Role::Function);
        for function in functions.take(SCOPES) {
            if self.has_parameter(function, path[0]) {
                return Some(Meaning::Unknown);
            }
            if let Some(found) = self.bound_in(function, path[0]) {
                return Some(Meaning::Place(found, rest()));
            }
        }
        None
    }

    /// Whether a function has a parameter of that name.
    pub fn has_parameter(&self, function: At, name: &str) -> bool {
        let list = self.field(function, Field::Parameters);
        list.is_some_and(|list| {
            self.children(list)
                .any(|it| self.parameter_name(it) == Some(name))
        })
    }

    /// The name that a parameter binds.
    pub fn parameter_name(&self, parameter: At) -> Option<&str> {
        let mut at = parameter;
        while self.role(at) != Role::Identifier {
            at = self
                .field(at, Field::Name)
                .or_else(|| self.field(at, Field::Pattern))
                .or_else(|| self.children(at).find(|&it| self.role(it) != Role::Token))?;
        }
        Some(self.text(at))
    }

    /// The function, class or value that a function's body binds to a name, not in functions in it.
    fn bound_in(&self, function: At, name: &str) -> Option<At> {
        let body = self.field(function, Field::Body)?;
        let arena = self.arena(body);
        let (mut node, end) = (body.node.0 + 1, arena.node(body.node).next);
        while node < end {
            let at = At {
                node: NodeId(node),
                ..body
            };
            let role = self.role(at);
            if matches!(role, Role::Function | Role::Class) {
                if self
                    .field(at, Field::Name)
                    .is_some_and(|it| self.text(it) == name)
                {
                    return Some(at);
                }
                node = arena.node(at.node).next;
                continue;
            }
            if role == Role::Assignment
                && self
                    .field(at, Field::Left)
                    .is_some_and(|it| self.text(it) == name)
            {
                return self.field(at, Field::Right);
            }
            node += 1;
        }
        None
    }

    /// A Python name that an import inside a function around the place binds.
    fn inner_import<'q>(&'q self, at: At, path: &[&'q str]) -> Option<Meaning<'q>> {
        let outline = self.project.outline(at.file);
        let offset = self.span(at).start;
        let import = outline.imports.iter().find(|import| {
            let scope = import.scope.map(|it| outline.definitions[it as usize].span);
            scope.is_some_and(|span| span.start <= offset && offset < span.end)
                && import.bound() == Some(path[0])
        })?;
        let meaning = match self.project.imported(at.file, import) {
            Target::Definition { at, rest } => {
                let mut rest = rest;
                rest.extend_from_slice(&path[1..]);
                Meaning::Place(self.definition(at)?, rest)
            }
            Target::Module(file) if path.len() > 1 => {
                self.target(self.project.lookup(file, &path[1..]), path)
            }
            Target::External(mut outside) => {
                outside.extend_from_slice(&path[1..]);
                Meaning::Outside(outside)
            }
            _ => Meaning::Unknown,
        };
        Some(meaning)
    }

    /// The function or class of a decorated definition, or the node itself.
    pub fn undecorated(&self, at: At) -> At {
        match self.role(at) {
            Role::Decorated => self.field(at, Field::Definition).unwrap_or(at),
            _ => at,
        }
    }

    /// Expressions of the decorators of a function or class, from top to bottom.
    pub fn decorators(&self, definition: At) -> Vec<At> {
        let Some(outer) = self.parent(definition) else {
            return Vec::new();
        };
        if self.role(outer) != Role::Decorated {
            return Vec::new();
        }
        self.children(outer)
            .filter(|&it| self.role(it) == Role::Decorator)
            .filter_map(|it| self.children(it).next())
            .collect()
    }

    /// Name of a function or class.
    pub fn name(&self, definition: At) -> &str {
        let name = self.field(definition, Field::Name);
        name.map_or("", |name| self.text(name))
    }

    /// The class whose body a function stands in.
    pub fn class_of(&self, function: At) -> Option<At> {
        self.ancestors(function)
            .find(|&it| matches!(self.role(it), Role::Class | Role::Function))
            .filter(|&it| self.role(it) == Role::Class)
    }

    /// Functions directly in a class.
    pub fn methods(&self, class: At) -> Vec<At> {
        let body = self.field(class, Field::Body);
        body.into_iter()
            .flat_map(|body| self.children(body))
            .map(|it| self.undecorated(it))
            .filter(|&it| self.role(it) == Role::Function)
            .collect()
    }

    /// The value that a class body assigns to a name.
    pub fn class_attribute(&self, class: At, name: &str) -> Option<At> {
        let body = self.field(class, Field::Body)?;
        self.children(body)
            .filter(|&it| self.role(it) == Role::Assignment)
            .find(|&it| {
                self.field(it, Field::Left)
                    .is_some_and(|it| self.text(it) == name)
            })
            .and_then(|it| self.field(it, Field::Right))
    }

    /// Names of the bases of a Python class, as nodes.
    pub fn base_names(&self, class: At) -> Vec<At> {
        let list = self.field(class, Field::Superclasses);
        list.into_iter()
            .flat_map(|list| self.children(list))
            .filter(|&it| self.role(it) != Role::KeywordArgument)
            .map(|it| match self.role(it) {
                Role::Subscript => self.children(it).next().unwrap_or(it),
                _ => it,
            })
            .collect()
    }

    /// The class and the classes of the project that it is made from, nearest first, and the
    /// names of those of libraries.
    pub fn ancestry(&self, class: At) -> (Vec<At>, Vec<Vec<&str>>) {
        const MOST: usize = 24;
        let (mut classes, mut outside) = (vec![class], Vec::new());
        let mut next = 0;
        while next < classes.len() && classes.len() < MOST {
            for base in self.base_names(classes[next]) {
                match self.meaning(base) {
                    Meaning::Place(at, _) if self.role(at) == Role::Class => {
                        if !classes.contains(&at) {
                            classes.push(at);
                        }
                    }
                    Meaning::Outside(path) => outside.push(path),
                    _ => outside.extend(self.path(base)),
                }
            }
            next += 1;
        }
        (classes, outside)
    }
}

/// Where names are defined: functions, classes, assignments to plain names, Rust items.
fn definitions(arena: &Arena) -> Defined {
    let mut defined = Defined::default();
    for id in arena.ids() {
        let field = match arena.role(id) {
            Role::Assignment => Field::Left,
            Role::Function | Role::Class | Role::Trait | Role::Constant | Role::InnerModule => {
                Field::Name
            }
            Role::Other if arena.kind_name(id) == "type_item" => Field::Name,
            _ => continue,
        };
        if let Some(name) = arena.field(id, field) {
            defined.entry(arena.node(name).start).or_insert(id);
        }
    }
    defined
}
