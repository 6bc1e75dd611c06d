//! Rust to the intermediate representation: items, functions, variables.
//!
//! References, dereferences and conversions that keep a value are the value itself. `Ok` and
//! `Some` mark a value as a success, `Err` and `None` as a failure; `?` and patterns take the mark
//! off again. An `async` block is part of the function around it. Variables that closures change
//! live as fields of a `cells` object, which the closures capture.

mod control;
mod expression;
mod macros;
mod pattern;
mod statics;
mod tokens;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::arena::{Arena, NodeId};
use crate::ir::{
    BlockId, Builder, Class, ClassField, ClassId, FunctionId, FunctionKind, LocalId, Operand,
    Param, ParamKind, Place, Rvalue, Static, Step, Terminator, Unit,
};
use crate::lang::{Field, Role};
use crate::names::Names;
use crate::source::Span;

/// How deep expressions and blocks are followed; what is deeper is unknown.
const DEPTH: u32 = 200;

/// Lowers the parsed part of a file.
pub fn lower(names: &Names<'_>) -> Unit {
    let mut lowering = Lowering {
        names,
        unit: Unit::default(),
        frames: Vec::new(),
        classes: FxHashMap::default(),
        generics: Vec::new(),
        alternatives: 0,
        certain: 0,
        depth: 0,
    };
    lowering.file();
    lowering.unit
}

struct Lowering<'n, 'a> {
    names: &'n Names<'a>,
    unit: Unit,
    /// Functions in the making, innermost last.
    frames: Vec<Frame<'a>>,
    /// Types and traits by dotted path.
    classes: FxHashMap<String, ClassId>,
    /// Type parameters in scope with what they are bound by, innermost last.
    generics: Vec<(&'a str, Static)>,
    /// Patterns with alternatives around the current place: all bind the same variables.
    alternatives: u32,
    /// Patterns around the current place that always fit.
    certain: u32,
    depth: u32,
}

/// A function in the making.
struct Frame<'a> {
    id: FunctionId,
    builder: Builder,
    /// Whether it sees the variables of the function around it.
    is_closure: bool,
    /// Variables by name, the innermost scope last.
    scopes: Vec<FxHashMap<&'a str, Place>>,
    /// What closures in it mention.
    mentioned: FxHashSet<&'a str>,
    /// The object of variables that closures may change.
    cells: Option<LocalId>,
    /// Places of the function around it that it captures, in the order of its captures.
    captured: Vec<Place>,
    /// Where `continue` and `break` go, innermost last.
    loops: Vec<Loop<'a>>,
    /// Where `return` and `?` go, innermost last; the first is the function itself.
    exits: Vec<Exit>,
}

struct Loop<'a> {
    label: Option<&'a str>,
    head: BlockId,
    done: BlockId,
    result: LocalId,
}

/// What is left by `return` and `?`: the function, or an `async` block in it.
#[derive(Default)]
struct Exit {
    /// Where a block's value goes, and where the code goes on.
    inside: Option<(LocalId, BlockId)>,
    /// Where failures are handed on, once there is one.
    fail: Option<BlockId>,
}

impl<'a> Lowering<'_, 'a> {
    fn arena(&self) -> &'a Arena {
        self.names.code.arena
    }

    fn text(&self, node: NodeId) -> &'a str {
        self.names.code.text_of(node)
    }

    fn span(&self, node: NodeId) -> Span {
        self.arena().span(node)
    }

    fn frame(&mut self) -> &mut Frame<'a> {
        self.frames
            .last_mut()
            .expect("lowering is always inside a function")
    }

    fn builder(&mut self) -> &mut Builder {
        &mut self.frame().builder
    }

    // ---- items ----

    fn file(&mut self) {
        let root = NodeId::ROOT;
        let arena = self.arena();
        for id in arena.ids() {
            if matches!(arena.role(id), Role::Class | Role::Trait) {
                self.class(id);
            }
        }
        let frame = self.open("", FunctionKind::TopLevel, self.span(root));
        self.frames.push(frame);
        self.items(root);
        self.close();
    }

    fn items(&mut self, parent: NodeId) {
        let arena = self.arena();
        let mut attributes: Vec<NodeId> = Vec::new();
        for child in arena.children(parent) {
            match arena.role(child) {
                Role::AttributeItem => attributes.push(child),
                _ => {
                    self.item(child, &attributes);
                    attributes.clear();
                }
            }
        }
    }

    /// Lowers an item; false if the node is none.
    fn item(&mut self, node: NodeId, attributes: &[NodeId]) -> bool {
        let arena = self.arena();
        if attributes.iter().any(|it| is_test(self.text(*it))) {
            return true;
        }
        match arena.role(node) {
            Role::Function => self.plain_function(node, attributes),
            Role::InnerModule => {
                if let Some(body) = arena.field(node, Field::Body) {
                    self.deeper(|lowering| lowering.items(body));
                }
            }
            Role::Impl => self.implementation(node),
            Role::Trait => self.members(node, self.class_at(node)),
            Role::Constant => self.constant(node),
            Role::Class | Role::Import => {}
            _ => return false,
        }
        true
    }

    fn deeper(&mut self, inside: impl FnOnce(&mut Self)) {
        if self.depth >= DEPTH {
            return;
        }
        self.depth += 1;
        inside(self);
        self.depth -= 1;
    }

    fn plain_function(&mut self, node: NodeId, attributes: &[NodeId]) {
        let decorators = attributes.iter().filter_map(|it| self.attribute(*it));
        let decorators = decorators.collect();
        self.deeper(|lowering| {
            lowering.function(node, decorators, None);
        });
    }

    /// `const A: T = value;`: a name of the file's top level.
    fn constant(&mut self, node: NodeId) {
        let arena = self.arena();
        let name = arena.field(node, Field::Name);
        let (Some(name), Some(value)) = (name, arena.field(node, Field::Value)) else {
            return;
        };
        let mut path = self.path_around(node);
        path.push(self.text(name));
        let place = Place {
            base: crate::ir::Base::Global(path.join(".").as_str().into()),
            path: Vec::new(),
        };
        let span = self.span(node);
        // Constants inside of functions are names of the top level, too.
        let inner = self.frames.split_off(1);
        let value = self.expression(value);
        self.builder().assign(place, Rvalue::Use(value), span);
        self.frames.extend(inner);
    }

    /// Notes a type or trait with its fields.
    fn class(&mut self, node: NodeId) {
        let arena = self.arena();
        let Some(name) = arena.field(node, Field::Name) else {
            return;
        };
        let mut path = self.path_around(node);
        path.push(self.text(name));
        let known = self.generics.len();
        self.bring_generics(node);
        let mut fields = Vec::new();
        if let Some(body) = arena.field(node, Field::Body)
            && arena.role(node) == Role::Class
        {
            self.fields(body, &mut fields);
        }
        let bases = match arena.role(node) {
            Role::Trait => self.bounds(node),
            _ => Vec::new(),
        };
        self.generics.truncate(known);
        self.add_class(path.join("."), self.span(node), bases, fields);
    }

    fn add_class(
        &mut self,
        path: String,
        span: Span,
        bases: Vec<Static>,
        fields: Vec<ClassField>,
    ) -> ClassId {
        let id = ClassId(self.unit.classes.len() as u32);
        self.unit.classes.push(Class {
            name: path.as_str().into(),
            span,
            bases,
            decorators: Vec::new(),
            methods: Vec::new(),
            fields,
        });
        self.classes.insert(path, id);
        id
    }

    /// Fields of a struct, or of all variants of an enum.
    fn fields(&mut self, body: NodeId, into: &mut Vec<ClassField>) {
        let arena = self.arena();
        let mut position = 0;
        for child in arena.children(body) {
            let (name, kind) = match arena.kind_name(child) {
                "field_declaration" => {
                    let name = arena.field(child, Field::Name);
                    let kind = arena.field(child, Field::Type);
                    let Some((name, kind)) = name.zip(kind) else {
                        continue;
                    };
                    (self.text(name).to_owned(), kind)
                }
                "enum_variant" => {
                    if let Some(body) = arena.field(child, Field::Body) {
                        self.fields(body, into);
                    }
                    continue;
                }
                _ if arena.node(child).field == Field::Type => {
                    position += 1;
                    ((position - 1).to_string(), child)
                }
                _ => continue,
            };
            let annotation = Some(self.type_of(kind));
            // Of a name that several variants have, only what all say is known.
            if let Some(known) = into.iter_mut().find(|it| *it.name == *name) {
                if known.annotation != annotation {
                    known.annotation = None;
                }
                continue;
            }
            into.push(ClassField {
                name: name.as_str().into(),
                annotation,
                default: None,
                span: self.span(child),
            });
        }
    }

    fn class_at(&self, node: NodeId) -> Option<ClassId> {
        let name = self.arena().field(node, Field::Name)?;
        let mut path = self.path_around(node);
        path.push(self.text(name));
        self.classes.get(&path.join(".")).copied()
    }

    /// `impl Trait for Type { .. }`: methods of a type of this file, or more of one elsewhere.
    fn implementation(&mut self, node: NodeId) {
        let arena = self.arena();
        let Some(of) = arena.field(node, Field::Type) else {
            return;
        };
        let known = self.generics.len();
        self.bring_generics(node);
        let kind = self.type_of(of);
        let base = arena.field(node, Field::Trait).map(|it| self.type_of(it));
        self.generics.truncate(known);
        let Some(name) = kind.name().cloned() else {
            return;
        };
        let own = name.strip_prefix('.');
        let class = match own.and_then(|path| self.classes.get(path)) {
            Some(known) => *known,
            // A type of another file: its methods here are found through the link.
            None => {
                let short = name.rsplit('.').next().unwrap_or(&name);
                let mut path = self.path_around(node);
                path.push(short);
                let path = path.join(".");
                match self.classes.get(&path) {
                    Some(known) => *known,
                    None => {
                        let more = Static::Generic("+".into(), vec![Static::Name(name.clone())]);
                        self.add_class(path, self.span(node), vec![more], Vec::new())
                    }
                }
            }
        };
        self.unit.classes[class.index()].bases.extend(base);
        self.members(node, Some(class));
    }

    fn members(&mut self, node: NodeId, class: Option<ClassId>) {
        let arena = self.arena();
        let Some(body) = arena.field(node, Field::Body) else {
            return;
        };
        let known = self.generics.len();
        self.bring_generics(node);
        let mut attributes: Vec<NodeId> = Vec::new();
        for child in arena.children(body) {
            match arena.role(child) {
                Role::AttributeItem => {
                    attributes.push(child);
                    continue;
                }
                Role::Function if arena.field(child, Field::Body).is_some() => {
                    let decorators = attributes.iter().filter_map(|it| self.attribute(*it));
                    let decorators = decorators.collect();
                    let id = self.function(child, decorators, class);
                    let name = arena.field(child, Field::Name);
                    if let (Some(name), Some(class)) = (name, class) {
                        let entry = (self.text(name).into(), id);
                        self.unit.classes[class.index()].methods.push(entry);
                    }
                }
                Role::Constant => self.constant(child),
                _ => {}
            }
            attributes.clear();
        }
        self.generics.truncate(known);
    }

    // ---- functions ----

    /// Reserves the function's place, so that parents come before what is inside them.
    fn open(&mut self, path: &str, kind: FunctionKind, span: Span) -> Frame<'a> {
        let id = FunctionId(self.unit.functions.len() as u32);
        let mut builder = Builder::new(path, kind, span);
        builder.header().parent = self.frames.last().map(|outer| outer.id);
        self.unit
            .functions
            .push(Builder::new(path, kind, span).finish());
        Frame {
            id,
            builder,
            is_closure: false,
            scopes: vec![FxHashMap::default()],
            mentioned: FxHashSet::default(),
            cells: None,
            captured: Vec::new(),
            loops: Vec::new(),
            exits: vec![Exit::default()],
        }
    }

    fn close(&mut self) -> (FunctionId, Vec<Place>) {
        let mut frame = self.frames.pop().expect("every open has its close");
        let exit = frame.exits.pop().unwrap_or_default();
        if let Some(fail) = exit.fail {
            let span = Span::new(frame.builder.header().span.end, 0);
            let span = Span::new(span.start, span.start);
            frame.builder.switch_to(fail);
            let failure = Rvalue::Variant(Operand::none(), false);
            let failure = frame.builder.value(failure, span);
            frame.builder.end(Terminator::Return(failure), span);
        }
        self.unit.functions[frame.id.index()] = frame.builder.finish();
        (frame.id, frame.captured)
    }

    /// Lowers a function that sees none of the variables around it.
    fn function(
        &mut self,
        node: NodeId,
        decorators: Vec<Static>,
        class: Option<ClassId>,
    ) -> FunctionId {
        let arena = self.arena();
        let name = arena.field(node, Field::Name).map(|name| self.text(name));
        let path = match class {
            Some(class) => {
                let of = &self.unit.classes[class.index()].name;
                format!("{of}.{}", name.unwrap_or_default())
            }
            None => {
                let mut path = self.path_around(node);
                path.extend(name);
                path.join(".")
            }
        };
        let parameters = arena.field(node, Field::Parameters);
        let has_self = parameters.is_some_and(|list| {
            let mut children = arena.children(list);
            children.any(|it| arena.kind_name(it) == "self_parameter")
        });
        let kind = match has_self {
            true => FunctionKind::Method,
            false => FunctionKind::Plain,
        };
        let known = self.generics.len();
        self.bring_generics(node);
        let mut frame = self.open(&path, kind, self.span(node));
        frame.mentioned = self.mentioned(node);
        let header = frame.builder.header();
        header.class = class;
        header.decorators = decorators;
        header.is_async = self.text(node).trim_start().starts_with("async")
            || self.modifiers(node).contains("async");
        self.frames.push(frame);
        let result = arena.field(node, Field::ReturnType);
        let result = result.map(|it| self.type_of(it));
        self.builder().header().result = result;
        self.make_cells(node);
        if let Some(list) = parameters {
            self.parameters(list);
        }
        if let Some(body) = arena.field(node, Field::Body) {
            self.body(body);
        }
        self.generics.truncate(known);
        self.close().0
    }

    fn modifiers(&self, node: NodeId) -> &'a str {
        let arena = self.arena();
        let mut children = arena.children(node);
        let found = children.find(|&it| arena.kind_name(it) == "function_modifiers");
        found.map_or("", |it| self.text(it))
    }

    fn body(&mut self, body: NodeId) {
        let value = self.expression(body);
        let span = self.end_of(body);
        if self.builder().is_open() {
            self.builder().end(Terminator::Return(value), span);
        }
    }

    /// The part of a body that gives its value, for messages about it.
    fn end_of(&self, body: NodeId) -> Span {
        let arena = self.arena();
        let last = match arena.role(body) {
            Role::Block => arena.children(body).last(),
            _ => None,
        };
        self.span(last.unwrap_or(body))
    }

    /// Names that closures in a function mention.
    fn mentioned(&self, node: NodeId) -> FxHashSet<&'a str> {
        let arena = self.arena();
        let mut found = FxHashSet::default();
        let mut at = node.0;
        let end = arena.node(node).next;
        while at < end {
            let id = NodeId(at);
            if arena.role(id) != Role::Lambda {
                at += 1;
                continue;
            }
            let inside = arena.subtree(id);
            let names = inside.filter(|&it| arena.kind_name(it) == "identifier");
            found.extend(names.map(|it| self.text(it)));
            at = arena.node(id).next;
        }
        found
    }

    fn make_cells(&mut self, node: NodeId) {
        if self.frame().mentioned.is_empty() {
            return;
        }
        let span = self.span(node);
        let cells = self.builder().local("<cells>");
        self.builder()
            .assign(Place::local(cells), Rvalue::Cells, span);
        self.frame().cells = Some(cells);
    }

    /// A closure as a value.
    fn closure(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let span = self.span(node);
        let mut frame = self.open("<lambda>", FunctionKind::Plain, span);
        frame.is_closure = true;
        self.frames.push(frame);
        if let Some(list) = arena.field(node, Field::Parameters) {
            self.parameters(list);
        }
        if let Some(body) = arena.field(node, Field::Body) {
            self.body(body);
        }
        let (id, captured) = self.close();
        let locals = captured
            .into_iter()
            .map(|place| match place.as_local() {
                Some(local) => local,
                None => {
                    let temp = self.builder().temp();
                    let value = Rvalue::Use(Operand::Place(place));
                    self.builder().assign(Place::local(temp), value, span);
                    temp
                }
            })
            .collect();
        self.builder().value(Rvalue::Closure(id, locals), span)
    }

    fn parameters(&mut self, list: NodeId) {
        let arena = self.arena();
        let mut patterns: Vec<(NodeId, LocalId, Option<Static>)> = Vec::new();
        for child in arena.children(list) {
            if matches!(arena.role(child), Role::Token | Role::AttributeItem)
                && self.text(child) != "_"
            {
                continue;
            }
            let span = self.span(child);
            if arena.kind_name(child) == "self_parameter" {
                let local = self.builder().local("self");
                self.builder().param(plain_param("self", local, None, span));
                self.declare_at("self", Place::local(local));
                continue;
            }
            let (pattern, kind) = match arena.role(child) {
                Role::Parameter => (
                    arena.field(child, Field::Pattern),
                    arena.field(child, Field::Type).map(|it| self.type_of(it)),
                ),
                _ => (Some(child), None),
            };
            let name = pattern
                .filter(|&it| arena.role(it) == Role::Identifier)
                .map_or("", |it| self.text(it));
            // Calls assign it, so it is no temporary.
            let local = self
                .builder()
                .local(if name.is_empty() { "_" } else { name });
            let param = plain_param(name, local, kind.clone(), span);
            self.builder().param(param);
            if let Some(pattern) = pattern {
                patterns.push((pattern, local, kind));
            }
        }
        for (pattern, local, kind) in patterns {
            let name = self.text(pattern);
            let in_cell = self.frame().mentioned.contains(name)
                && arena
                    .parent(pattern)
                    .is_some_and(|it| self.text(it).starts_with("mut "));
            if arena.role(pattern) == Role::Identifier && !in_cell {
                self.declare_at(name, Place::local(local));
                continue;
            }
            self.certain_pattern(pattern, Place::local(local), kind.as_ref());
        }
    }

    // ---- variables ----

    fn push_scope(&mut self) {
        self.frame().scopes.push(FxHashMap::default());
    }

    fn pop_scope(&mut self) {
        self.frame().scopes.pop();
    }

    fn declare_at(&mut self, name: &'a str, place: Place) {
        if let Some(scope) = self.frame().scopes.last_mut() {
            scope.insert(name, place);
        }
    }

    /// Makes a variable and gives its place.
    fn declare(&mut self, name: &'a str, is_mutable: bool) -> Place {
        let in_alternative = self.alternatives > 0;
        let frame = self.frame();
        if in_alternative && let Some(known) = frame.scopes.last().and_then(|scope| scope.get(name))
        {
            return known.clone();
        }
        let place = match frame.cells {
            Some(cells) if is_mutable && frame.mentioned.contains(name) => {
                let unique = format!("{name}.{}", frame.scopes.len());
                Place::local(cells).then(Step::Field(unique.as_str().into()))
            }
            _ => Place::local(frame.builder.local(name)),
        };
        self.declare_at(name, place.clone());
        place
    }

    /// Where a variable's value is; none if there is no variable of that name.
    fn variable(&mut self, name: &'a str) -> Option<Place> {
        let depth = self.frames.len() - 1;
        self.variable_in(name, depth)
    }

    fn variable_in(&mut self, name: &'a str, depth: usize) -> Option<Place> {
        let scopes = self.frames[depth].scopes.iter().rev();
        if let Some(place) = scopes.flat_map(|scope| scope.get(name)).next() {
            return Some(place.clone());
        }
        if !self.frames[depth].is_closure || depth == 0 {
            return None;
        }
        let outer = self.variable_in(name, depth - 1)?;
        let (first, path) = match outer.as_local() {
            Some(_) => (outer, Vec::new()),
            // A cell: the object is captured, so changes are seen on both sides.
            None => {
                let base = Place {
                    base: outer.base.clone(),
                    path: Vec::new(),
                };
                (base, outer.path)
            }
        };
        let frame = &mut self.frames[depth];
        let at = match frame.captured.iter().position(|known| *known == first) {
            Some(at) => frame.builder.header().captures[at],
            None => {
                let own = if path.is_empty() { name } else { "<cells>" };
                let local = frame.builder.capture(own);
                frame.captured.push(first);
                local
            }
        };
        let mut place = Place::local(at);
        place.path = path;
        if let Some(scope) = frame.scopes.first_mut() {
            scope.insert(name, place.clone());
        }
        Some(place)
    }
}

fn plain_param(name: &str, local: LocalId, annotation: Option<Static>, span: Span) -> Param {
    Param {
        name: name.into(),
        local,
        kind: ParamKind::Plain,
        annotation,
        default: None,
        span,
    }
}

/// Whether an attribute keeps an item out of the product.
fn is_test(attribute: &str) -> bool {
    let inner = attribute.trim_start_matches("#[").trim_end_matches(']');
    inner == "test"
        || inner.replace(' ', "").starts_with("cfg(test)")
        || inner.replace(' ', "").starts_with("cfg(all(test")
        || inner.split('(').next().unwrap_or("").ends_with("::test")
}
