//! Names of one file: scopes, what is bound in them, and the qualified path an expression means.
//!
//! Only what can be said without running the code is said: a name bound twice in a scope is
//! opaque. Paths are lists of segments whatever the language writes between them. Names of other
//! files are looked up in the [`Project`], if there is one, and only by who asks for it:
//! [`Names::linked`].

use std::cell::{Cell, RefCell};

use rustc_hash::FxHashMap;

use crate::arena::{Arena, Code, NodeId};
use crate::lang::{Field, Role};
use crate::link::{FileId, Project, Target};

/// Segments of a qualified name, outermost first.
pub type Path<'a> = Vec<&'a str>;

/// Index of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScopeId(u32);

/// What kind of region binds the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeKind {
    /// A file, or a module inside one.
    Module,
    /// A function, lambda, closure, comprehension or block.
    Local,
    /// A class body: not visible from functions inside it.
    Class,
}

/// A region in which names are bound.
#[derive(Debug)]
pub struct Scope<'a> {
    /// The node that is the scope.
    pub node: NodeId,
    /// The scope around it.
    pub parent: Option<ScopeId>,
    /// What kind of region it is.
    pub kind: ScopeKind,
    /// Paths of glob imports.
    pub globs: Vec<Path<'a>>,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Binding<'a> {
    /// Something from elsewhere.
    Import(Path<'a>),
    /// The value of that expression.
    Value(NodeId),
    /// Something of that declared type.
    Typed(NodeId),
    /// A value of that declared type that starts as the expression.
    TypedValue(NodeId, NodeId),
    /// A function, class or module of this file.
    Definition(NodeId),
    /// A local about which nothing is known: loop variables, unpacking, plain parameters.
    Opaque,
}

#[derive(Debug)]
struct Entry<'a> {
    /// Where the name begins to hold, for languages in which a later binding shadows.
    at: u32,
    binding: Binding<'a>,
}

/// What one name is bound to in one scope.
#[derive(Debug, Default)]
struct Entries<'a> {
    /// In the order of the text, once the file was read.
    all: Vec<Entry<'a>>,
    /// Which of them are imports.
    imports: Vec<u32>,
    /// The first that is an import or a definition, which hold above themselves, too.
    first_item: Option<u32>,
}

impl<'a> Entries<'a> {
    /// Puts them in order. A name may be bound a hundred thousand times, so later questions
    /// must not look at all of them.
    fn index(&mut self) {
        self.all.sort_by_key(|entry| entry.at);
        for (at, entry) in (0u32..).zip(&self.all) {
            match entry.binding {
                Binding::Import(_) => self.imports.push(at),
                Binding::Definition(_) => {}
                _ => continue,
            }
            self.first_item.get_or_insert(at);
        }
    }

    /// The last one at or before `offset`.
    fn before(&self, offset: u32) -> Option<&Binding<'a>> {
        let count = self.all.partition_point(|entry| entry.at <= offset);
        Some(&self.all[count.checked_sub(1)?].binding)
    }

    /// The last import at or before `offset`.
    fn import_before(&self, offset: u32) -> Option<&Binding<'a>> {
        let at = |&index: &u32| &self.all[index as usize];
        let count = self.imports.partition_point(|index| at(index).at <= offset);
        Some(&at(&self.imports[count.checked_sub(1)?]).binding)
    }
}

/// How the first segment of a path was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// Through an import.
    Imported,
    /// Bound nowhere in the file: a builtin, a crate, or a name from a glob import.
    Unbound,
    /// A function, class or module of this file.
    Defined,
    /// A parameter or other local.
    Local,
    /// Through an import, and defined in another file of the project.
    Project,
}

/// A qualified name.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved<'a> {
    /// The segments.
    pub path: Path<'a>,
    /// How the first was found.
    pub root: Root,
}

/// All names of one file.
pub struct Names<'a> {
    /// The file.
    pub code: Code<'a>,
    scopes: Vec<Scope<'a>>,
    scope_of_node: FxHashMap<NodeId, ScopeId>,
    /// The scope that each node stands in, by node: chains of ancestors can be very long.
    innermost: Vec<ScopeId>,
    bindings: FxHashMap<(ScopeId, &'a str), Entries<'a>>,
    /// Steps that the analysis of this file may still take.
    work: Cell<u64>,
    /// Whether a later binding in a scope shadows an earlier one (Rust's `let`).
    shadowing: bool,
    project: Option<(&'a Project<'a>, FileId)>,
    /// What imported paths mean in the project.
    targets: RefCell<FxHashMap<Path<'a>, Target<'a>>>,
}

/// How many aliases are followed (`a = b; b = c; ...`).
const ALIAS_DEPTH: u32 = 6;

/// Steps of analysis that every file may take, and those for each of its nodes. Of 30 projects,
/// no file took more than 1.8 million, or more than 43 for each node if it had over 2,000.
const WORK: u64 = 10_000_000;
const WORK_PER_NODE: u64 = 100;

impl<'a> Names<'a> {
    /// Reads the names of a file. `module` is the file's own qualified path, for relative imports.
    pub fn new(code: Code<'a>, module: &[&'a str]) -> Self {
        let mut builder = Builder {
            names: Names {
                code,
                scopes: Vec::new(),
                scope_of_node: FxHashMap::default(),
                innermost: Vec::new(),
                bindings: FxHashMap::default(),
                work: Cell::new(0),
                shadowing: false,
                project: None,
                targets: RefCell::default(),
            },
            module: module.to_vec(),
            open: Vec::new(),
        };
        builder.open_scope(NodeId::ROOT, ScopeKind::Module);
        (code.arena.language.definition().bind)(&mut builder);
        let mut names = builder.names;
        names.innermost = names.innermost_scopes();
        names.bindings.values_mut().for_each(Entries::index);
        let nodes = code.arena.nodes.len() as u64;
        names.work.set(WORK + nodes * WORK_PER_NODE);
        names
    }

    /// Makes known that the file's top level binds `name`, where what binds it was not parsed.
    pub fn declare(&mut self, name: &'a str, is_definition: bool) {
        let binding = if is_definition {
            Binding::Definition(NodeId::ROOT)
        } else {
            Binding::Opaque
        };
        let entries = self.bindings.entry((ScopeId(0), name)).or_default();
        if entries.all.is_empty() {
            entries.all.push(Entry { at: 0, binding });
            entries.index();
        }
    }

    /// Places the file in its project, so that names can be followed into other files.
    pub fn set_project(&mut self, project: &'a Project<'a>, file: FileId) {
        self.project = Some((project, file));
    }

    /// Counts a step of analysis; false once the file has used up its share, which only code
    /// that is made to be slow does. Whoever loops over nodes then gives up.
    pub fn spend(&self) -> bool {
        let left = self.work.get();
        self.work.set(left.saturating_sub(1));
        left != 0
    }

    /// Whether analyses gave up, so that findings may be missing.
    pub fn exhausted(&self) -> bool {
        self.work.get() == 0
    }

    fn arena(&self) -> &'a Arena {
        self.code.arena
    }

    fn innermost_scopes(&self) -> Vec<ScopeId> {
        let mut scopes: Vec<ScopeId> = Vec::with_capacity(self.code.arena.nodes.len());
        for id in self.code.arena.ids() {
            let scope = match self.code.arena.parent(id) {
                None => ScopeId(0),
                Some(parent) => {
                    let own = self.scope_of_node.get(&parent).copied();
                    own.unwrap_or_else(|| scopes[parent.0 as usize])
                }
            };
            scopes.push(scope);
        }
        scopes
    }

    /// The innermost scope that a node stands in. A scope's own node stands in the outer scope.
    pub fn scope_at(&self, node: NodeId) -> ScopeId {
        self.innermost
            .get(node.0 as usize)
            .copied()
            .unwrap_or(ScopeId(0))
    }

    /// The scope that the node itself opens.
    pub fn scope_of(&self, node: NodeId) -> Option<ScopeId> {
        self.scope_of_node.get(&node).copied()
    }

    /// The scope behind an id.
    pub fn scope(&self, id: ScopeId) -> &Scope<'a> {
        &self.scopes[id.0 as usize]
    }

    /// What `name` means at `node`, and the scope that binds it.
    pub fn lookup(&self, name: &'a str, node: NodeId) -> Option<(&Binding<'a>, ScopeId)> {
        let mut at = Some(self.scope_at(node));
        let mut first = true;
        while let Some(id) = at {
            let scope = self.scope(id);
            if (first || scope.kind != ScopeKind::Class)
                && let Some(binding) = self.binding_in(id, name, node)
            {
                return Some((binding, id));
            }
            first = first && scope.kind != ScopeKind::Class && self.is_block(id);
            at = scope.parent;
        }
        None
    }

    fn is_block(&self, id: ScopeId) -> bool {
        self.arena().role(self.scope(id).node) == Role::Block
    }

    /// What `name` is bound to in that very scope, as seen from `node`.
    pub fn binding_in(&self, scope: ScopeId, name: &'a str, node: NodeId) -> Option<&Binding<'a>> {
        let entries = self.bindings.get(&(scope, name))?;
        let before = self.arena().node(node).start;
        if self.shadowing {
            let item = entries
                .first_item
                .map(|at| &entries.all[at as usize].binding);
            return entries.before(before).or(item);
        }
        // In its own scope a name means what was bound above; from inside functions, anything.
        let above = entries.all.first().is_some_and(|entry| entry.at <= before);
        if self.scope_at(node) == scope && !above {
            return None;
        }
        let import = match above {
            true => entries.import_before(before),
            false => entries.import_before(u32::MAX),
        };
        match (import, entries.all.as_slice()) {
            (Some(binding), _) => Some(binding),
            (None, [only]) => Some(&only.binding),
            (None, [first, ..]) if matches!(first.binding, Binding::Definition(_)) => {
                Some(&first.binding)
            }
            _ => Some(&Binding::Opaque),
        }
    }

    /// Every value that is ever assigned to `name` in that scope.
    pub fn values_in(&self, scope: ScopeId, name: &'a str) -> impl Iterator<Item = &Binding<'a>> {
        self.bindings
            .get(&(scope, name))
            .into_iter()
            .flat_map(|entries| &entries.all)
            .map(|entry| &entry.binding)
    }

    /// The qualified name that an expression or type means, if it is a name at all.
    pub fn resolve(&self, node: NodeId) -> Option<Resolved<'a>> {
        self.resolve_to(node, ALIAS_DEPTH)
    }

    fn resolve_to(&self, node: NodeId, depth: u32) -> Option<Resolved<'a>> {
        let arena = self.arena();
        match arena.role(node) {
            Role::Identifier => Some(self.resolve_name(node, depth)),
            Role::Attribute | Role::Scoped => {
                let mut children = arena.children(node);
                let first = children.next()?;
                let mut resolved = self.resolve_to(first, depth)?;
                for part in children.filter(|&part| arena.role(part) == Role::Identifier) {
                    resolved.path.push(self.code.text_of(part));
                }
                Some(self.through_attribute(node, resolved, depth))
            }
            Role::Generic => self.resolve_to(arena.children(node).next()?, depth),
            _ => None,
        }
    }

    /// `self.x` of a class that sets it once to a name means that name.
    fn through_attribute(&self, node: NodeId, resolved: Resolved<'a>, depth: u32) -> Resolved<'a> {
        if resolved.root != Root::Local || resolved.path.len() != 2 || depth == 0 {
            return resolved;
        }
        match self.attribute_binding(node) {
            Some(Binding::Value(value)) => self.resolve_to(*value, depth - 1).unwrap_or(resolved),
            _ => resolved,
        }
    }

    /// What `self.x` was bound to, anywhere in the class around `node`.
    pub fn attribute_binding(&self, node: NodeId) -> Option<&Binding<'a>> {
        let text = self.code.text_of(node);
        let mut at = Some(self.scope_at(node));
        while let Some(id) = at {
            let scope = self.scope(id);
            if scope.kind == ScopeKind::Class {
                if let Some(binding) = self.binding_in(id, text, node) {
                    return Some(binding);
                }
                let (_, name) = text.split_once('.')?;
                return self.binding_in(id, name, node);
            }
            at = scope.parent;
        }
        None
    }

    fn resolve_name(&self, node: NodeId, depth: u32) -> Resolved<'a> {
        let name = self.code.text_of(node);
        let plain = |root| Resolved {
            path: vec![name],
            root,
        };
        match self.lookup(name, node) {
            None => plain(Root::Unbound),
            Some((Binding::Import(path), _)) => Resolved {
                path: path.clone(),
                root: Root::Imported,
            },
            Some((Binding::Definition(_), _)) => plain(Root::Defined),
            Some((Binding::Value(value) | Binding::TypedValue(_, value), _)) if depth > 0 => {
                match self.resolve_to(*value, depth - 1) {
                    Some(resolved) if resolved.root != Root::Local => resolved,
                    _ => plain(Root::Local),
                }
            }
            Some(_) => plain(Root::Local),
        }
    }

    /// Glob imports that could provide an unbound name at `node`.
    pub fn globs_at(&self, node: NodeId) -> impl Iterator<Item = &Path<'a>> {
        let mut at = Some(self.scope_at(node));
        std::iter::from_fn(move || {
            let scope = self.scope(at?);
            at = scope.parent;
            Some(&scope.globs)
        })
        .flatten()
    }

    /// Whether the file has any glob import.
    pub fn has_globs(&self) -> bool {
        self.scopes.iter().any(|scope| !scope.globs.is_empty())
    }

    /// What a name of this file means in the project: a re-exported name leads to what it stands
    /// for, and what another file defines is told apart from a library of that name. Without a
    /// project, and where there is no telling, the name as it is.
    pub fn linked(&self, node: NodeId, resolved: Resolved<'a>) -> Resolved<'a> {
        let target = match resolved.root {
            Root::Imported => self.target(&resolved.path),
            Root::Unbound | Root::Defined if resolved.path.len() > 1 => {
                self.target_of_plain(node, &resolved)
            }
            Root::Unbound => self.target_of_glob(node, &resolved.path),
            _ => None,
        };
        match target {
            Some(Target::External(path)) => Resolved {
                path,
                root: Root::Imported,
            },
            Some(Target::Definition { .. } | Target::Module(_))
                if resolved.root != Root::Defined && !self.is_provided(&resolved.path) =>
            {
                Resolved {
                    root: Root::Project,
                    ..resolved
                }
            }
            _ => resolved,
        }
    }

    /// The definition of another file that a name means, with the segments behind it.
    pub fn definition(&self, node: NodeId) -> Option<Target<'a>> {
        let resolved = self.resolve(node)?;
        match resolved.root {
            Root::Imported => self.target(&resolved.path),
            Root::Unbound | Root::Defined if resolved.path.len() > 1 => {
                self.target_of_plain(node, &resolved)
            }
            Root::Unbound => self.target_of_glob(node, &resolved.path),
            _ => None,
        }
    }

    /// The project, and this file in it.
    pub fn project(&self) -> Option<(&'a Project<'a>, FileId)> {
        self.project
    }

    fn target(&self, path: &[&'a str]) -> Option<Target<'a>> {
        let (project, file) = self.project?;
        if let Some(known) = self.targets.borrow().get(path) {
            return Some(known.clone());
        }
        project.offer(file, self.code.text);
        let target = project.resolve(file, path);
        let mut targets = self.targets.borrow_mut();
        targets.insert(path.to_vec(), target.clone());
        Some(target)
    }

    /// A path that no import begins: `crate::x`, or `x::y` with a module `x` of this file.
    fn target_of_plain(&self, node: NodeId, resolved: &Resolved<'a>) -> Option<Target<'a>> {
        let inline = self.inline_modules(node);
        match (resolved.path[0], resolved.root) {
            ("crate" | "self" | "super", Root::Unbound) => {
                self.target(&anchored(&inline, &resolved.path))
            }
            (first, Root::Defined) if inline.is_empty() && self.declares_module(first) => {
                let (project, file) = self.project?;
                project.offer(file, self.code.text);
                Some(project.lookup(file, &resolved.path))
            }
            (_, Root::Unbound) => self.target_of_glob(node, &resolved.path),
            _ => None,
        }
    }

    fn declares_module(&self, name: &'a str) -> bool {
        let mut bound = self.values_in(ScopeId(0), name);
        bound.any(|binding| match binding {
            Binding::Definition(NodeId::ROOT) => true,
            Binding::Definition(item) => self.arena().role(*item) == Role::InnerModule,
            _ => false,
        })
    }

    /// A name that a glob import of a project's module binds.
    fn target_of_glob(&self, node: NodeId, path: &[&'a str]) -> Option<Target<'a>> {
        self.project?;
        let mut globs = self.globs_at(node);
        globs.find_map(|glob| {
            let Target::Module(_) = self.target(glob)? else {
                return None;
            };
            let target = self.target(&[glob.as_slice(), path].concat())?;
            (target != Target::Unknown).then_some(target)
        })
    }

    /// Whether the project itself is the library that the path begins with.
    fn is_provided(&self, path: &[&'a str]) -> bool {
        self.project
            .is_some_and(|(project, _)| project.provides(path[0]))
    }

    /// Names of the modules in this file that are around a node, outermost first.
    fn inline_modules(&self, node: NodeId) -> Path<'a> {
        let up = |&id: &ScopeId| self.scope(id).parent;
        let scopes = std::iter::successors(Some(self.scope_at(node)), up);
        let mut names: Path<'a> = scopes
            .filter_map(|id| self.module_name(self.scope(id)))
            .collect();
        names.reverse();
        names
    }

    fn module_name(&self, scope: &Scope<'a>) -> Option<&'a str> {
        let is_inline = scope.kind == ScopeKind::Module && scope.node != NodeId::ROOT;
        let name = is_inline.then(|| self.arena().field(scope.node, Field::Name))?;
        name.map(|name| self.code.text_of(name))
    }

    /// The expression that a name or `self.x` stands for, if it is assigned just once.
    pub fn value_of(&self, node: NodeId) -> Option<NodeId> {
        let binding = match self.arena().role(node) {
            Role::Identifier => self.lookup(self.code.text_of(node), node)?.0,
            Role::Attribute => self.attribute_of_self(node)?,
            _ => return None,
        };
        match binding {
            Binding::Value(value) | Binding::TypedValue(_, value) => Some(*value),
            _ => None,
        }
    }

    fn attribute_of_self(&self, node: NodeId) -> Option<&Binding<'a>> {
        let object = self.arena().children(node).next()?;
        (self.arena().role(object) == Role::Identifier
            && matches!(self.code.text_of(object), "self" | "cls"))
        .then(|| self.attribute_binding(node))?
    }

    /// The type of an expression as a qualified name: its declared type, or the callee that made
    /// it (`requests.Session()` has type `requests.Session`).
    pub fn type_of(&self, node: NodeId) -> Option<Resolved<'a>> {
        self.type_to(node, ALIAS_DEPTH)
    }

    fn type_to(&self, node: NodeId, depth: u32) -> Option<Resolved<'a>> {
        let arena = self.arena();
        let depth = depth.checked_sub(1)?;
        match arena.role(node) {
            Role::Call => {
                let callee = arena.children(node).next()?;
                match self.passes_receiver(callee) {
                    Some(receiver) => self.type_to(receiver, depth),
                    None => self.resolve_to(callee, depth),
                }
            }
            Role::Await | Role::QuestionMark => self.type_to(arena.children(node).next()?, depth),
            Role::Reference => self.type_to(arena.children(node).last()?, depth),
            Role::Struct => self.resolve_to(arena.field(node, Field::Name)?, depth),
            Role::Identifier => {
                self.type_of_binding(self.lookup(self.code.text_of(node), node)?.0, depth)
            }
            Role::Attribute => self.type_of_binding(self.attribute_of_self(node)?, depth),
            _ => None,
        }
    }

    /// The receiver of a method that gives the receiver's own value, or what is inside it.
    fn passes_receiver(&self, callee: NodeId) -> Option<NodeId> {
        const PASSING: &[&str] = &[
            "unwrap",
            "expect",
            "unwrap_or_default",
            "clone",
            "to_owned",
            "as_ref",
            "as_mut",
            "borrow",
            "borrow_mut",
            "by_ref",
            "try_clone",
        ];
        let arena = self.arena();
        if arena.role(callee) != Role::Attribute {
            return None;
        }
        let method = arena.children(callee).last()?;
        PASSING
            .contains(&self.code.text_of(method))
            .then(|| arena.children(callee).next())?
    }

    fn type_of_binding(&self, binding: &Binding<'a>, depth: u32) -> Option<Resolved<'a>> {
        match binding {
            Binding::Value(value) => self.type_to(*value, depth),
            Binding::Typed(kind) | Binding::TypedValue(kind, _) => {
                let mut kind = *kind;
                while matches!(
                    self.arena().kind_name(kind),
                    "reference_type" | "pointer_type"
                ) {
                    kind = self.arena().field(kind, Field::Type)?;
                }
                self.resolve_to(kind, depth)
            }
            _ => None,
        }
    }
}

/// A path that begins with `self` or `super` in a module inside the file, as the file's own
/// module would write it.
pub fn anchored<'a>(inline: &[&'a str], path: &[&'a str]) -> Path<'a> {
    let supers = path.iter().take_while(|&&part| part == "super").count();
    let from_self = usize::from(path.first() == Some(&"self"));
    if inline.is_empty() || supers + from_self == 0 {
        return path.to_vec();
    }
    let kept = inline.len().saturating_sub(supers);
    let beyond = supers.saturating_sub(inline.len());
    let mut anchored = match beyond {
        0 => vec!["self"],
        _ => vec!["super"; beyond],
    };
    anchored.extend(&inline[..kept]);
    anchored.extend(&path[supers + from_self..]);
    anchored
}

/// Fills in [`Names`] while a language's folder walks over the file.
pub struct Builder<'a> {
    names: Names<'a>,
    module: Path<'a>,
    /// Open scopes, innermost last.
    open: Vec<ScopeId>,
}

impl<'a> Builder<'a> {
    /// The file.
    pub fn code(&self) -> Code<'a> {
        self.names.code
    }

    /// Names of the modules in this file that are around the current place, outermost first.
    pub fn inline_modules(&self) -> Path<'a> {
        let scopes = self.open.iter().map(|&id| self.names.scope(id));
        scopes
            .filter_map(|scope| self.names.module_name(scope))
            .collect()
    }

    /// Qualified path of the file.
    pub fn module(&self) -> &[&'a str] {
        &self.module
    }

    /// Says that later bindings in a scope shadow earlier ones.
    pub fn set_shadowing(&mut self) {
        self.names.shadowing = true;
    }

    /// Opens a scope; it is closed when [`Builder::enter`] meets a node outside it.
    pub fn open_scope(&mut self, node: NodeId, kind: ScopeKind) {
        let id = ScopeId(self.names.scopes.len() as u32);
        let parent = self.open.last().copied();
        self.names.scopes.push(Scope {
            node,
            parent,
            kind,
            globs: Vec::new(),
        });
        self.names.scope_of_node.insert(node, id);
        self.open.push(id);
    }

    /// Closes the scopes that end before `node`.
    pub fn enter(&mut self, node: NodeId) {
        while self.open.len() > 1 {
            let scope = self.names.scope(self.current());
            if self.names.code.arena.is_within(node, scope.node) {
                return;
            }
            self.open.pop();
        }
    }

    /// The innermost open scope.
    pub fn current(&self) -> ScopeId {
        *self.open.last().expect("the module's scope stays open")
    }

    /// Kind of a scope.
    pub fn kind(&self, scope: ScopeId) -> ScopeKind {
        self.names.scope(scope).kind
    }

    /// The nearest open scope of that kind.
    pub fn nearest(&self, kind: ScopeKind) -> Option<ScopeId> {
        self.open
            .iter()
            .rev()
            .copied()
            .find(|&id| self.kind(id) == kind)
    }

    /// Binds `name` in `scope`. `at` is the offset from which it holds where bindings shadow.
    pub fn bind(&mut self, scope: ScopeId, name: &'a str, at: u32, binding: Binding<'a>) {
        self.names
            .bindings
            .entry((scope, name))
            .or_default()
            .all
            .push(Entry { at, binding });
    }

    /// Adds a glob import to the innermost scope.
    pub fn bind_glob(&mut self, path: Path<'a>) {
        let current = self.current();
        self.names.scopes[current.0 as usize].globs.push(path);
    }
}
