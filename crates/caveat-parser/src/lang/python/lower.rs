//! Python to the intermediate representation: definitions and the variables of functions.
//!
//! Variables that nested functions share live as fields of a `cells` object, which the nested
//! functions capture; so a later assignment on either side is seen on the other.

mod expression;
mod pattern;
mod scope;
mod statement;
mod statics;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::arena::{Arena, NodeId};
use crate::ir::{
    Base, BlockId, Builder, Class, ClassField, ClassId, Function, FunctionId, FunctionKind,
    LocalId, Operand, Param, ParamKind, Place, Rvalue, Static, Step, Unit,
};
use crate::lang::{Field, Role};
use crate::names::{Binding, Names};
use crate::source::Span;

/// How deep expressions and blocks are followed; what is deeper is unknown.
const DEPTH: u32 = 256;

/// Lowers the parsed part of a file.
pub fn lower(names: &Names<'_>) -> Unit {
    let mut lowering = Lowering {
        names,
        unit: Unit::default(),
        frames: Vec::new(),
        depth: 0,
    };
    lowering.top_level();
    lowering.unit
}

struct Lowering<'n, 'a> {
    names: &'n Names<'a>,
    unit: Unit,
    /// Functions in the making, innermost last.
    frames: Vec<Frame<'a>>,
    depth: u32,
}

/// A function in the making.
struct Frame<'a> {
    id: FunctionId,
    builder: Builder,
    /// Dotted path that definitions in it get as a prefix.
    path: String,
    /// Own variables. At the top level there are none: those are globals.
    variables: FxHashMap<&'a str, Variable>,
    /// Names that `global` sends to the top level.
    globals: FxHashSet<&'a str>,
    /// The cells of enclosing functions that are reachable, by the depth of their frame.
    outer_cells: Vec<(usize, LocalId)>,
    /// Cells of variables that nested functions use.
    cells: Option<LocalId>,
    /// Where `continue` and `break` go, innermost last.
    loops: Vec<(BlockId, BlockId)>,
    /// Names of comprehensions and class bodies around the current place, innermost last.
    inner: Vec<FxHashMap<&'a str, Place>>,
}

#[derive(Clone, Copy)]
enum Variable {
    Own(LocalId),
    Cell,
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

    fn top_level(&mut self) {
        let root = NodeId::ROOT;
        let frame = self.open("", FunctionKind::TopLevel, self.span(root));
        self.frames.push(frame);
        let children: Vec<NodeId> = self.arena().children(root).collect();
        for child in children {
            self.statement(child);
        }
        self.close();
    }

    /// Reserves the function's place, so that parents come before what is inside them.
    fn open(&mut self, name: &str, kind: FunctionKind, span: Span) -> Frame<'a> {
        let id = FunctionId(self.unit.functions.len() as u32);
        let path = match self.frames.last() {
            Some(outer) if !outer.path.is_empty() => format!("{}.{name}", outer.path),
            _ => name.to_owned(),
        };
        let mut builder = Builder::new(&path, kind, span);
        builder.header().parent = self.frames.last().map(|outer| outer.id);
        self.unit
            .functions
            .push(Builder::new(&path, kind, span).finish());
        Frame {
            id,
            builder,
            path,
            variables: FxHashMap::default(),
            globals: FxHashSet::default(),
            outer_cells: Vec::new(),
            cells: None,
            loops: Vec::new(),
            inner: Vec::new(),
        }
    }

    fn close(&mut self) -> FunctionId {
        let frame = self.frames.pop().expect("every open has its close");
        let function: Function = frame.builder.finish();
        self.unit.functions[frame.id.index()] = function;
        frame.id
    }

    /// Lowers a function and gives its value.
    fn function(
        &mut self,
        node: NodeId,
        decorators: Vec<Static>,
        class: Option<ClassId>,
    ) -> Rvalue {
        let arena = self.arena();
        let name = arena
            .field(node, Field::Name)
            .map_or("<lambda>", |name| self.text(name));
        let kind = match class {
            Some(_) => method_kind(&decorators, name),
            None => FunctionKind::Plain,
        };
        let mut frame = self.open(name, kind, self.span(node));
        let header = frame.builder.header();
        header.class = class;
        header.decorators = decorators;
        header.is_async = self.text(node).starts_with("async");
        frame.outer_cells = self.capture_cells(&mut frame.builder);
        let used: Vec<LocalId> = self.reachable_cells();
        self.frames.push(frame);
        self.bind_function(node);
        let result = arena
            .field(node, Field::ReturnType)
            .map(|it| self.fixed(it));
        self.builder().header().result = result;
        if let Some(body) = arena.field(node, Field::Body) {
            if arena.role(node) == Role::Lambda {
                let value = self.expression(body);
                let span = self.span(body);
                self.builder()
                    .end(crate::ir::Terminator::Return(value), span);
            } else {
                self.block(body);
            }
        }
        let id = self.close();
        Rvalue::Closure(id, used)
    }

    /// Cells of the frames around, seen from the innermost one.
    fn reachable_cells(&self) -> Vec<LocalId> {
        let Some(frame) = self.frames.last() else {
            return Vec::new();
        };
        let outer = frame.outer_cells.iter().map(|(_, local)| *local);
        outer.chain(frame.cells).collect()
    }

    /// Makes a capture for each of [`Lowering::reachable_cells`].
    fn capture_cells(&self, builder: &mut Builder) -> Vec<(usize, LocalId)> {
        let Some(frame) = self.frames.last() else {
            return Vec::new();
        };
        let own = frame.cells.map(|local| (self.frames.len() - 1, local));
        let all = frame.outer_cells.iter().copied().chain(own);
        all.map(|(depth, _)| (depth, builder.capture("<cells>")))
            .collect()
    }

    /// Makes the variables of a function: parameters, assigned names, cells.
    fn bind_function(&mut self, node: NodeId) {
        let variables = scope::variables(self.names.code, node);
        let shared = scope::shared(self.names.code, node, &variables.own);
        let span = self.span(node);
        self.frame().globals = variables.globals;
        self.builder().header().is_generator = variables.has_yield;
        if !shared.is_empty() {
            let cells = self.builder().local("<cells>");
            self.builder()
                .assign(Place::local(cells), Rvalue::Cells, span);
            self.frame().cells = Some(cells);
        }
        for &name in &variables.own {
            let variable = if shared.contains(name) {
                Variable::Cell
            } else {
                Variable::Own(self.builder().local(name))
            };
            self.frame().variables.insert(name, variable);
        }
        if let Some(parameters) = self.arena().field(node, Field::Parameters) {
            self.parameters(parameters);
        }
    }

    fn parameters(&mut self, parameters: NodeId) {
        let arena = self.arena();
        let mut kind = ParamKind::Plain;
        for parameter in arena.children(parameters) {
            match arena.role(parameter) {
                Role::Identifier => self.parameter(parameter, kind, None, None),
                Role::Parameter => {
                    let annotation = arena.field(parameter, Field::Type);
                    let default = arena.field(parameter, Field::Value);
                    let name = arena
                        .field(parameter, Field::Name)
                        .or_else(|| arena.children(parameter).next());
                    let Some(name) = name else { continue };
                    match arena.role(name) {
                        Role::Splat | Role::DictSplat => {
                            self.rest_parameter(name, annotation);
                            kind = ParamKind::Keyword;
                        }
                        _ => self.parameter(name, kind, annotation, default),
                    }
                }
                Role::Splat | Role::DictSplat => {
                    self.rest_parameter(parameter, None);
                    kind = ParamKind::Keyword;
                }
                // `*` alone.
                _ if self.text(parameter) == "*" => kind = ParamKind::Keyword,
                _ => {}
            }
        }
    }

    fn rest_parameter(&mut self, node: NodeId, annotation: Option<NodeId>) {
        let kind = match self.arena().role(node) {
            Role::Splat => ParamKind::Rest,
            _ => ParamKind::RestKeywords,
        };
        let name = self
            .arena()
            .children(node)
            .find(|&child| self.arena().role(child) == Role::Identifier);
        if let Some(name) = name {
            self.parameter(name, kind, annotation, None);
        }
    }

    fn parameter(
        &mut self,
        node: NodeId,
        kind: ParamKind,
        annotation: Option<NodeId>,
        default: Option<NodeId>,
    ) {
        let (name, span) = (self.text(node), self.span(node));
        let variable = self.frame().variables.get(name).copied();
        let local = match variable {
            Some(Variable::Own(local)) => local,
            _ => self.builder().local(name),
        };
        let annotation = annotation.map(|it| self.fixed(it));
        let default = default.map(|it| self.fixed(it));
        self.builder().param(Param {
            name: name.into(),
            local,
            kind,
            annotation,
            default,
            span,
        });
        if let (Some(Variable::Cell), Some(cells)) = (variable, self.frame().cells) {
            let place = Place::local(cells).then(Step::Field(name.into()));
            self.builder()
                .assign(place, Rvalue::Use(Operand::local(local)), span);
        }
    }

    /// Lowers a class: its methods, and its body as code that fills the class's fields.
    fn class(&mut self, node: NodeId, decorators: Vec<Static>) {
        let arena = self.arena();
        let Some(name_node) = arena.field(node, Field::Name) else {
            return;
        };
        let (name, span) = (self.text(name_node), self.span(node));
        let id = ClassId(self.unit.classes.len() as u32);
        let outer = self.frame().path.clone();
        let path = match outer.is_empty() {
            true => name.to_owned(),
            false => format!("{outer}.{name}"),
        };
        let bases = arena
            .field(node, Field::Superclasses)
            .into_iter()
            .flat_map(|list| arena.children(list))
            .filter(|&base| arena.role(base) != Role::KeywordArgument)
            .map(|base| self.fixed(base))
            .collect();
        self.unit.classes.push(Class {
            name: path.as_str().into(),
            span,
            bases,
            decorators,
            methods: Vec::new(),
            fields: Vec::new(),
        });
        let place = self.variable(name, name_node);
        self.builder()
            .assign(place.clone(), Rvalue::Class(id), span);
        let previous = std::mem::replace(&mut self.frame().path, path);
        let mut members = FxHashMap::default();
        scope::class_members(self.names.code, node, &mut |member| {
            members.insert(member, place.clone().then(Step::Field(member.into())));
        });
        self.frame().inner.push(members);
        if let Some(body) = arena.field(node, Field::Body) {
            for child in arena.children(body) {
                self.member(child, id);
            }
        }
        self.frame().inner.pop();
        self.frame().path = previous;
    }

    fn member(&mut self, node: NodeId, class: ClassId) {
        let arena = self.arena();
        let (definition, decorators) = self.undecorated(node);
        match arena.role(definition) {
            Role::Function => {
                // Methods do not see the names of the class.
                let inner = std::mem::take(&mut self.frame().inner);
                let value = self.function(definition, decorators, Some(class));
                self.frame().inner = inner;
                let name = arena.field(definition, Field::Name);
                if let (Some(name), Rvalue::Closure(id, _)) = (name, &value) {
                    let entry = (self.text(name).into(), *id);
                    self.unit.classes[class.index()].methods.push(entry);
                }
            }
            Role::Assignment => {
                self.declared_field(definition, class);
                self.statement(node);
            }
            _ => self.statement(node),
        }
    }

    fn declared_field(&mut self, node: NodeId, class: ClassId) {
        let arena = self.arena();
        let left = arena.field(node, Field::Left);
        let Some(left) = left.filter(|&left| arena.role(left) == Role::Identifier) else {
            return;
        };
        let annotation = arena.field(node, Field::Type).map(|it| self.fixed(it));
        let default = arena.field(node, Field::Right).map(|it| self.fixed(it));
        let field = ClassField {
            name: self.text(left).into(),
            annotation,
            default,
            span: self.span(left),
        };
        self.unit.classes[class.index()].fields.push(field);
    }

    /// A definition without its decorators, and these.
    fn undecorated(&mut self, node: NodeId) -> (NodeId, Vec<Static>) {
        let arena = self.arena();
        if arena.role(node) != Role::Decorated {
            return (node, Vec::new());
        }
        let decorators = arena
            .children(node)
            .filter(|&child| arena.role(child) == Role::Decorator)
            .filter_map(|decorator| arena.children(decorator).next())
            .map(|expression| self.fixed(expression))
            .collect();
        let definition = arena.field(node, Field::Definition).unwrap_or(node);
        (definition, decorators)
    }

    /// Where the name's value is, as seen from `node`.
    fn variable(&mut self, name: &'a str, node: NodeId) -> Place {
        let depth = self.frames.len() - 1;
        let frame = &self.frames[depth];
        if let Some(place) = frame.inner.iter().rev().find_map(|names| names.get(name)) {
            return place.clone();
        }
        if !frame.globals.contains(name) {
            if let Some(place) = own_variable(frame, name) {
                return place;
            }
            for outer in (0..depth).rev() {
                if let Some(Variable::Cell) = self.frames[outer].variables.get(name)
                    && let Some((_, cells)) = frame.outer_cells.iter().find(|it| it.0 == outer)
                {
                    return Place::local(*cells).then(Step::Field(name.into()));
                }
            }
        }
        self.global(name, node)
    }

    fn global(&self, name: &'a str, node: NodeId) -> Place {
        let base = match self.names.lookup(name, node) {
            Some((Binding::Import(path), _)) => Base::Name(path.join(".").into()),
            Some(_) => Base::Global(name.into()),
            // At the top level a name may be used, by text, before it is bound.
            None if self.is_global(name) => Base::Global(name.into()),
            None => Base::Name(name.into()),
        };
        Place {
            base,
            path: Vec::new(),
        }
    }

    fn is_global(&self, name: &'a str) -> bool {
        let top = self.names.scope_at(NodeId::ROOT);
        self.names.values_in(top, name).next().is_some()
    }
}

fn own_variable(frame: &Frame<'_>, name: &str) -> Option<Place> {
    match frame.variables.get(name)? {
        Variable::Own(local) => Some(Place::local(*local)),
        Variable::Cell => Some(Place::local(frame.cells?).then(Step::Field(name.into()))),
    }
}

fn method_kind(decorators: &[Static], name: &str) -> FunctionKind {
    let has = |wanted: &[&str]| {
        let mut names = decorators.iter().filter_map(Static::name);
        names.any(|name| wanted.contains(&name.rsplit('.').next().unwrap_or(name)))
    };
    if has(&["staticmethod"]) {
        FunctionKind::Plain
    } else if has(&["classmethod"]) || matches!(name, "__new__" | "__init_subclass__") {
        FunctionKind::ClassMethod
    } else if has(&["property", "cached_property", "hybrid_property"]) {
        FunctionKind::Property
    } else {
        FunctionKind::Method
    }
}
