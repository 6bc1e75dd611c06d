//! What is read without running code: names, types, attributes, bounds of type parameters.

use super::Lowering;
use crate::arena::NodeId;
use crate::ir::{QualifiedName, Static};
use crate::lang::{Field, Role};
use crate::names::{Binding, anchored};

/// How deep types are read.
const DEEPEST_TYPE: u32 = 8;

/// Names that are in scope everywhere, by their paths.
const PRELUDE: &[(&str, &str)] = &[
    ("String", "std.string.String"),
    ("ToString", "std.string.ToString"),
    ("Vec", "std.vec.Vec"),
    ("Box", "std.boxed.Box"),
    ("Option", "std.option.Option"),
    ("Result", "std.result.Result"),
    ("Default", "std.default.Default"),
    ("From", "std.convert.From"),
    ("Into", "std.convert.Into"),
    ("AsRef", "std.convert.AsRef"),
    ("Iterator", "std.iter.Iterator"),
    ("IntoIterator", "std.iter.IntoIterator"),
    ("drop", "std.mem.drop"),
];

/// Macros of the standard library that need no import.
const MACROS: &[&str] = &[
    "format",
    "print",
    "println",
    "eprint",
    "eprintln",
    "dbg",
    "vec",
    "write",
    "writeln",
    "panic",
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "matches",
    "todo",
    "unreachable",
    "unimplemented",
    "format_args",
    "concat",
    "stringify",
    "include_str",
    "include_bytes",
    "env",
    "option_env",
    "line",
    "file",
    "column",
    "module_path",
    "cfg",
    "compile_error",
    "thread_local",
    "try",
];

impl<'a> Lowering<'_, 'a> {
    /// Names of modules, types and functions around a node, outermost first.
    pub(super) fn path_around(&self, node: NodeId) -> Vec<&'a str> {
        let arena = self.arena();
        let around = arena.ancestors(node);
        let mut path: Vec<&str> = around.filter_map(|it| self.own_name(it)).collect();
        path.reverse();
        path
    }

    /// The name that a module, function or block of methods adds to paths inside of it.
    fn own_name(&self, node: NodeId) -> Option<&'a str> {
        let arena = self.arena();
        let name = match arena.role(node) {
            Role::InnerModule | Role::Function | Role::Trait => arena.field(node, Field::Name),
            Role::Impl => self.name_node(arena.field(node, Field::Type)?),
            _ => None,
        };
        name.map(|name| self.text(name))
    }

    /// The last name of a type: `Bar` of `&a::Bar<T>`.
    fn name_node(&self, node: NodeId) -> Option<NodeId> {
        let arena = self.arena();
        match arena.role(node) {
            Role::Identifier => Some(node),
            Role::Scoped => arena.field(node, Field::Name),
            Role::Generic => self.name_node(arena.children(node).next()?),
            _ => self.name_node(arena.field(node, Field::Type)?),
        }
    }

    /// Modules of this file around a node.
    fn modules_around(&self, node: NodeId) -> Vec<&'a str> {
        let arena = self.arena();
        let mut path: Vec<&str> = arena
            .ancestors(node)
            .filter(|&it| arena.role(it) == Role::InnerModule)
            .filter_map(|it| arena.field(it, Field::Name))
            .map(|name| self.text(name))
            .collect();
        path.reverse();
        path
    }

    /// The path that a name or type means. One of this file begins with a dot.
    pub(super) fn qualified(&self, node: NodeId) -> Option<QualifiedName> {
        self.path_of(node, DEEPEST_TYPE)
            .map(|it| it.as_str().into())
    }

    fn path_of(&self, node: NodeId, depth: u32) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        let arena = self.arena();
        match arena.role(node) {
            Role::Identifier => self.path_of_name(node, depth),
            Role::Scoped => self.path_of_scoped(node, depth),
            Role::Generic => self.path_of(arena.children(node).next()?, depth),
            _ => match arena.kind_name(node) {
                "bracketed_type" | "qualified_type" | "reference_type" | "dynamic_type"
                | "abstract_type" | "bounded_type" => {
                    let mut children = arena.children(node);
                    let named = |&it: &NodeId| {
                        let kind = arena.kind_name(it);
                        arena.role(it) != Role::Token
                            && !matches!(kind, "lifetime" | "mutable_specifier")
                    };
                    self.path_of(children.find(named)?, depth)
                }
                _ => None,
            },
        }
    }

    fn path_of_scoped(&self, node: NodeId, depth: u32) -> Option<String> {
        let arena = self.arena();
        let name = self.text(arena.field(node, Field::Name)?);
        let Some(path) = arena.field(node, Field::Path) else {
            return Some(name.to_owned());
        };
        let segments = self.plain_segments(node);
        if let Some(segments) = segments
            && matches!(segments.first(), Some(&("self" | "super" | "crate")))
        {
            let modules = self.modules_around(node);
            return Some(anchored(&modules, &segments).join("."));
        }
        let start = self.path_of(path, depth)?;
        Some(standard(format!("{start}.{name}")))
    }

    /// The segments of a path as written, if it has no types in brackets.
    fn plain_segments(&self, node: NodeId) -> Option<Vec<&'a str>> {
        let arena = self.arena();
        let mut segments = Vec::new();
        let mut at = Some(node);
        while let Some(node) = at {
            match arena.role(node) {
                Role::Identifier => {
                    segments.push(self.text(node));
                    at = None;
                }
                Role::Scoped => {
                    segments.push(self.text(arena.field(node, Field::Name)?));
                    at = arena.field(node, Field::Path);
                }
                Role::Generic => at = arena.children(node).next(),
                _ => return None,
            }
        }
        segments.reverse();
        Some(segments)
    }

    fn path_of_name(&self, node: NodeId, depth: u32) -> Option<String> {
        let name = self.text(node);
        match self.names.lookup(name, node) {
            Some((Binding::Import(path), _)) => Some(standard(path.join("."))),
            Some((Binding::Definition(at), _)) => {
                let mut path = self.path_around(*at);
                path.push(name);
                Some(format!(".{}", path.join(".")))
            }
            Some((Binding::Value(kind), _)) if name == "Self" => self.path_of(*kind, depth),
            Some((Binding::TypedValue(..) | Binding::Value(_), scope)) => {
                let node = self.names.scope(scope).node;
                let is_item = name.chars().all(|c| !c.is_lowercase());
                let mut path = self.path_around(node);
                path.extend(self.own_name(node));
                path.push(name);
                is_item.then(|| format!(".{}", path.join(".")))
            }
            Some(_) => None,
            None => Some(self.unbound(name, node)),
        }
    }

    /// A name that the file does not bind: of the prelude, of a glob import, or a crate.
    fn unbound(&self, name: &'a str, node: NodeId) -> String {
        if let Some((_, path)) = PRELUDE.iter().find(|(known, _)| *known == name) {
            return (*path).to_owned();
        }
        let mut globs = self.names.globs_at(node).filter(|path| {
            let first = path.first().copied().unwrap_or_default();
            !matches!(first, "crate" | "self" | "super")
        });
        match (globs.next(), globs.next()) {
            (Some(only), None) if name.starts_with(char::is_uppercase) => {
                standard(format!("{}.{name}", only.join(".")))
            }
            _ => name.to_owned(),
        }
    }

    /// The path of a macro, with its `!`.
    pub(super) fn macro_path(&self, node: NodeId) -> String {
        let name = self.text(node);
        let imported = match self.arena().role(node) {
            Role::Identifier => match self.names.lookup(name, node) {
                Some((Binding::Import(path), _)) => Some(path.join(".")),
                _ => None,
            },
            _ => self.qualified(node).map(|it| it.to_string()),
        };
        let path = match imported {
            Some(path) => standard(path),
            None if MACROS.contains(&name) => format!("std.{name}"),
            // `#[macro_use] extern crate log` binds these without a name in the file.
            None if matches!(name, "error" | "warn" | "info" | "debug" | "trace") => {
                format!("log.{name}")
            }
            None => name.to_owned(),
        };
        format!("{path}!")
    }

    // ---- types ----

    /// A type. References to it and lifetimes in it do not count.
    pub(super) fn type_of(&self, node: NodeId) -> Static {
        self.type_to(node, DEEPEST_TYPE)
    }

    fn type_to(&self, node: NodeId, depth: u32) -> Static {
        let arena = self.arena();
        let Some(depth) = depth.checked_sub(1) else {
            return Static::Unknown;
        };
        match arena.role(node) {
            Role::Identifier => {
                let name = self.text(node);
                let mut bound = self.generics.iter().rev();
                if let Some((_, bound)) = bound.find(|(known, _)| *known == name) {
                    return bound.clone();
                }
                self.qualified(node).map_or(Static::Unknown, Static::Name)
            }
            Role::Scoped => self.qualified(node).map_or(Static::Unknown, Static::Name),
            Role::Generic => {
                let args = arena.field(node, Field::TypeArguments);
                let args = args.map_or_else(Vec::new, |it| self.types_in(it, depth));
                match self.qualified(node) {
                    Some(name) => Static::Generic(name, args),
                    None => Static::Unknown,
                }
            }
            Role::Tuple => Static::Generic("()".into(), Vec::new()),
            _ => match arena.kind_name(node) {
                "reference_type" | "pointer_type" | "dynamic_type" | "abstract_type"
                | "bounded_type" | "bracketed_type" => {
                    let found = self.types_in(node, depth);
                    found.into_iter().next().unwrap_or(Static::Unknown)
                }
                "tuple_type" => Static::Generic("()".into(), self.types_in(node, depth)),
                "array_type" => {
                    let element = arena.field(node, Field::Type);
                    let element = element.or_else(|| arena.children(node).next());
                    let element = element.map_or(Static::Unknown, |it| self.type_to(it, depth));
                    Static::Generic("[]".into(), vec![element])
                }
                _ => Static::Unknown,
            },
        }
    }

    fn types_in(&self, node: NodeId, depth: u32) -> Vec<Static> {
        let arena = self.arena();
        arena
            .children(node)
            .filter(|&it| {
                let skipped = matches!(
                    arena.kind_name(it),
                    "lifetime" | "mutable_specifier" | "type_binding" | "for_lifetimes"
                );
                arena.role(it) != Role::Token && !skipped
            })
            .map(|it| self.type_to(it, depth))
            .collect()
    }

    /// The arguments of `f::<A, B>`.
    pub(super) fn turbofish(&self, node: NodeId) -> Vec<Static> {
        let arguments = self.arena().field(node, Field::TypeArguments);
        arguments.map_or_else(Vec::new, |it| self.types_in(it, DEEPEST_TYPE))
    }

    /// Takes up the type parameters of an item with what they are bound by.
    pub(super) fn bring_generics(&mut self, node: NodeId) {
        let arena = self.arena();
        if let Some(list) = arena.field(node, Field::TypeParameters) {
            for parameter in arena.children(list) {
                if let Some(name) = arena.field(parameter, Field::Name) {
                    let bound = self.bounds(parameter).into_iter().next();
                    let bound = bound.unwrap_or(Static::Unknown);
                    self.generics.push((self.text(name), bound));
                }
            }
        }
        let mut children = arena.children(node);
        let Some(clause) = children.find(|&it| arena.kind_name(it) == "where_clause") else {
            return;
        };
        for predicate in arena.children(clause) {
            let name = arena.field(predicate, Field::Left).map(|it| self.text(it));
            let bound = self.bounds(predicate).into_iter().next();
            let known = self.generics.iter_mut().rev();
            let mut known = known.filter(|(own, _)| Some(*own) == name);
            if let (Some(known), Some(bound)) = (known.next(), bound)
                && known.1 == Static::Unknown
            {
                known.1 = bound;
            }
        }
    }

    /// The traits after a colon.
    pub(super) fn bounds(&self, node: NodeId) -> Vec<Static> {
        let bounds = self.arena().field(node, Field::Bounds);
        bounds.map_or_else(Vec::new, |it| self.types_in(it, DEEPEST_TYPE))
    }

    // ---- attributes ----

    /// `#[get("/path", data = "<form>")]` as a call.
    pub(super) fn attribute(&self, item: NodeId) -> Option<Static> {
        let arena = self.arena();
        let mut inside = arena.children(item);
        let attribute = inside.find(|&it| arena.kind_name(it) == "attribute")?;
        let path = arena.children(attribute).next()?;
        let callee = self.macro_name(path)?;
        let Some(tokens) = arena.field(attribute, Field::Arguments) else {
            return Some(Static::Name(callee));
        };
        let (mut args, mut kwargs) = (Vec::new(), Vec::new());
        let mut key: Option<&str> = None;
        for token in arena.children(tokens) {
            match arena.role(token) {
                Role::Identifier => key = Some(self.text(token)),
                Role::String => {
                    let value = self.names.literal(token);
                    let value = value.map_or(Static::Unknown, Static::Const);
                    match key.take() {
                        Some(key) => kwargs.push((key.into(), value)),
                        None => args.push(value),
                    }
                }
                _ => {}
            }
        }
        Some(Static::Call {
            callee,
            args,
            kwargs,
        })
    }

    /// The path of an attribute: functions of the same name do not count.
    fn macro_name(&self, path: NodeId) -> Option<QualifiedName> {
        let name = self.text(path);
        if self.arena().role(path) != Role::Identifier {
            return self.qualified(path);
        }
        Some(match self.names.lookup(name, path) {
            Some((Binding::Import(path), _)) => standard(path.join(".")).as_str().into(),
            _ => {
                let mut globs = self.names.globs_at(path);
                match (globs.next(), globs.next()) {
                    (Some(only), None) => format!("{}.{name}", only.join(".")).as_str().into(),
                    _ => name.into(),
                }
            }
        })
    }
}

/// A path of `core` or `alloc` as `std` re-exports it.
fn standard(path: String) -> String {
    match path.split_once('.') {
        Some(("core" | "alloc", rest)) => format!("std.{rest}"),
        _ => path,
    }
}
