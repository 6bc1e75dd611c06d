//! Which names are variables of a function, and which of them nested functions use.

use rustc_hash::FxHashSet;

use crate::arena::{Code, NodeId};
use crate::lang::{Field, Role};

/// The names that a function makes its own.
pub struct Variables<'a> {
    /// Parameters and assigned names, in order of the text.
    pub own: Vec<&'a str>,
    /// Names declared `global`.
    pub globals: FxHashSet<&'a str>,
    /// Whether the body yields.
    pub has_yield: bool,
}

/// Variables of a function or lambda.
pub fn variables<'a>(code: Code<'a>, function: NodeId) -> Variables<'a> {
    let mut found = Collector {
        code,
        own: Vec::new(),
        seen: FxHashSet::default(),
        elsewhere: FxHashSet::default(),
        globals: FxHashSet::default(),
        has_yield: false,
    };
    if let Some(parameters) = code.arena.field(function, Field::Parameters) {
        for parameter in code.arena.children(parameters) {
            found.parameter(parameter);
        }
    }
    if let Some(body) = code.arena.field(function, Field::Body) {
        found.walk(body);
    }
    let elsewhere = found.elsewhere;
    found.own.retain(|name| !elsewhere.contains(name));
    Variables {
        own: found.own,
        globals: found.globals,
        has_yield: found.has_yield,
    }
}

struct Collector<'a> {
    code: Code<'a>,
    own: Vec<&'a str>,
    seen: FxHashSet<&'a str>,
    /// Declared global or nonlocal.
    elsewhere: FxHashSet<&'a str>,
    globals: FxHashSet<&'a str>,
    has_yield: bool,
}

impl<'a> Collector<'a> {
    fn add(&mut self, node: NodeId) {
        let name = self.code.text_of(node);
        if self.seen.insert(name) {
            self.own.push(name);
        }
    }

    fn parameter(&mut self, node: NodeId) {
        let arena = self.code.arena;
        match arena.role(node) {
            Role::Identifier => self.add(node),
            Role::Parameter => {
                let name = arena
                    .field(node, Field::Name)
                    .or_else(|| arena.children(node).next());
                if let Some(name) = name {
                    self.parameter(name);
                }
            }
            Role::Splat | Role::DictSplat => {
                for child in arena.children(node) {
                    self.parameter(child);
                }
            }
            _ => {}
        }
    }

    /// Names bound in a subtree, without those of functions and comprehensions inside it.
    fn walk(&mut self, node: NodeId) {
        let arena = self.code.arena;
        let mut at = node.0;
        let end = arena.node(node).next;
        while at < end {
            let id = NodeId(at);
            let skip = self.visit(id);
            at = if skip { arena.node(id).next } else { at + 1 };
        }
    }

    /// True if the walk shall not go inside.
    fn visit(&mut self, id: NodeId) -> bool {
        let arena = self.code.arena;
        match arena.role(id) {
            Role::Function | Role::Class => {
                if let Some(name) = arena.field(id, Field::Name) {
                    self.add(name);
                }
                return true;
            }
            Role::Lambda => return true,
            Role::Comprehension => {
                self.walruses(id);
                return true;
            }
            Role::Assignment | Role::AugmentedAssignment | Role::For => {
                if let Some(left) = arena.field(id, Field::Left) {
                    self.target(left);
                }
            }
            Role::NamedExpression => {
                if let Some(name) = arena.field(id, Field::Name) {
                    self.add(name);
                }
            }
            Role::Import | Role::ImportFrom => {
                self.import(id);
                return true;
            }
            Role::Global => {
                let is_global = self.code.text_of(id).starts_with("global");
                for name in arena.children(id) {
                    let name = self.code.text_of(name);
                    self.elsewhere.insert(name);
                    if is_global {
                        self.globals.insert(name);
                    }
                }
            }
            Role::Yield => self.has_yield = true,
            Role::Case => self.pattern(id),
            Role::Other if arena.kind_name(id) == "as_pattern" => {
                if let Some(alias) = arena.field(id, Field::Alias) {
                    self.target(alias);
                }
            }
            _ => {}
        }
        false
    }

    fn target(&mut self, node: NodeId) {
        let arena = self.code.arena;
        match arena.role(node) {
            Role::Identifier => self.add(node),
            Role::Tuple | Role::List | Role::Splat | Role::Other => {
                for child in arena.children(node) {
                    self.target(child);
                }
            }
            _ => {}
        }
    }

    /// `:=` in a comprehension binds outside of it.
    fn walruses(&mut self, node: NodeId) {
        let arena = self.code.arena;
        for id in arena.subtree(node) {
            if arena.role(id) == Role::NamedExpression
                && let Some(name) = arena.field(id, Field::Name)
            {
                self.add(name);
            }
        }
    }

    fn import(&mut self, id: NodeId) {
        let arena = self.code.arena;
        let module = arena.field(id, Field::ModuleName);
        for child in arena.children(id).filter(|&child| Some(child) != module) {
            match arena.role(child) {
                Role::Scoped => {
                    if let Some(first) = arena.children(child).next() {
                        self.add(first);
                    }
                }
                Role::AliasedImport => {
                    if let Some(alias) = arena.field(child, Field::Alias) {
                        self.add(alias);
                    }
                }
                _ => {}
            }
        }
    }

    /// Names that the patterns of a `case` capture.
    fn pattern(&mut self, case: NodeId) {
        let arena = self.code.arena;
        let patterns = arena
            .children(case)
            .filter(|&child| arena.kind_name(child) == "case_pattern");
        for pattern in patterns {
            for id in arena.subtree(pattern) {
                let parent = arena.parent(id);
                let captured = match arena.role(id) {
                    Role::Identifier => {
                        parent.is_some_and(|parent| captures(self.code, parent, id))
                    }
                    _ => false,
                };
                if captured {
                    self.add(id);
                }
            }
        }
    }
}

/// Whether an identifier in a pattern binds a name there.
pub fn captures(code: Code<'_>, parent: NodeId, _name: NodeId) -> bool {
    let arena = code.arena;
    match arena.kind_name(parent) {
        "dotted_name" => {
            let single = arena.children(parent).count() == 1;
            let above = arena.parent(parent).map(|it| arena.kind_name(it));
            single && above != Some("class_pattern")
        }
        "splat_pattern" | "as_pattern" => true,
        _ => false,
    }
}

/// Names of `own` that functions inside use.
pub fn shared<'a>(code: Code<'a>, function: NodeId, own: &[&'a str]) -> FxHashSet<&'a str> {
    let mut shared = FxHashSet::default();
    if own.is_empty() {
        return shared;
    }
    let own: FxHashSet<&str> = own.iter().copied().collect();
    let arena = code.arena;
    let mut at = function.0 + 1;
    let end = arena.node(function).next;
    while at < end {
        let id = NodeId(at);
        if matches!(arena.role(id), Role::Function | Role::Lambda) {
            shared.extend(
                free(code, id, 0)
                    .into_iter()
                    .filter(|name| own.contains(name)),
            );
            at = arena.node(id).next;
        } else {
            at += 1;
        }
    }
    shared
}

/// How deep functions inside functions are told apart; below, all names count as used.
const NESTING: u32 = 8;

/// Names that a function uses and does not bind.
fn free<'a>(code: Code<'a>, function: NodeId, depth: u32) -> FxHashSet<&'a str> {
    let arena = code.arena;
    let mut used: FxHashSet<&str> = FxHashSet::default();
    let mut at = function.0 + 1;
    let end = arena.node(function).next;
    while at < end {
        let id = NodeId(at);
        match arena.role(id) {
            Role::Function | Role::Lambda if depth < NESTING => {
                used.extend(free(code, id, depth + 1));
                at = arena.node(id).next;
                continue;
            }
            // The function's own name, fields and keywords are no variables.
            Role::Identifier if !matches!(arena.node(id).field, Field::Name | Field::Attribute) => {
                used.insert(code.text_of(id));
            }
            _ => {}
        }
        at += 1;
    }
    for name in variables(code, function).own {
        used.remove(name);
    }
    used
}

/// Calls `found` with every name that a class body binds directly.
pub fn class_members<'a>(code: Code<'a>, class: NodeId, found: &mut dyn FnMut(&'a str)) {
    let mut collector = Collector {
        code,
        own: Vec::new(),
        seen: FxHashSet::default(),
        elsewhere: FxHashSet::default(),
        globals: FxHashSet::default(),
        has_yield: false,
    };
    if let Some(body) = code.arena.field(class, Field::Body) {
        collector.walk(body);
    }
    for name in collector.own {
        found(name);
    }
}
