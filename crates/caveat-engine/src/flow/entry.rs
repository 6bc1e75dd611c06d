//! Functions of the project that libraries call: route handlers, methods of views, callbacks.

use std::sync::Arc;

use caveat_parser::Constant;
use caveat_parser::Span;
use caveat_parser::ir::{Function, FunctionKind, Param, Static};
use caveat_parser::link::FileId;

use super::heap::{Kind, State};
use super::interpret::{Frame, Machine};
use super::program::Linked;
use super::rows::Called;
use super::summary::Reached;
use super::value::{FunctionRef, Key, Taint, Thing, Value};
use crate::model::{
    Action, Condition, Entry, FactSet, Hit, Root, SinkKind, SourceKind, Test as Ask,
};
use crate::rule::Confidence;

/// What a library passes to a function of the project, and does with its result.
#[derive(Debug, Clone, Default)]
pub struct EntryPoint {
    /// For each parameter, what it holds and what is known of that.
    pub params: Vec<Option<(SourceKind, FactSet)>>,
    /// For each parameter, its type where none is declared.
    pub types: Vec<Option<Arc<str>>>,
    /// What becomes of returned text.
    pub returns: Vec<SinkKind>,
    /// Whether all its routes are known and have no placeholders; none without routes.
    pub is_fixed: Option<bool>,
}

/// A function that was handed to a library to be called.
#[derive(Debug, Clone)]
pub struct Registered {
    function: FunctionRef,
    entry: Entry,
    route: Option<String>,
}

impl<'w> Machine<'w> {
    /// Notes functions that a call hands to a library.
    pub fn register(&mut self, state: &State, hit: &Hit<'w>, entry: &Entry, called: &Called<'_>) {
        let route = entry.route.as_ref().and_then(|place| {
            let passed = self.at_place(state, place, called).into_iter().next()?;
            passed.value.text().map(str::to_owned)
        });
        for place in &hit.target.places {
            for passed in self.at_place(state, place, called) {
                for thing in &passed.value.things {
                    if let Thing::Function { function, .. } = thing {
                        self.registered.push(Registered {
                            function: *function,
                            entry: entry.clone(),
                            route: route.clone(),
                        });
                    }
                }
            }
        }
    }

    /// The entry that a function is: by its decorators, by the class it stands in, because it is
    /// registered.
    pub fn entry_point(
        &mut self,
        at: FunctionRef,
        registered: &[Registered],
    ) -> Option<EntryPoint> {
        let function = self.program().function(at);
        let mut found: Option<EntryPoint> = None;
        for decorator in &function.decorators {
            for hit in self.decorator_rows(at.file, decorator) {
                if let Action::Entry(entry) = &hit.row.action
                    && entry.methods.is_empty()
                    && self.decorator_applies(at.file, decorator, &hit)
                {
                    let route = entry.route.as_ref();
                    let route = route.and_then(|place| route_text(decorator, &place.root));
                    self.add_entry(&mut found, at, entry, route);
                }
            }
        }
        for it in registered.iter().filter(|it| it.function == at) {
            self.add_entry(&mut found, at, &it.entry, it.route.clone());
        }
        if let Some(id) = function.class {
            let class = super::value::ClassRef { file: at.file, id };
            let name = super::call::short_name(&function.name);
            let bases: Vec<Arc<str>> = self.program().external_bases(class).cloned().collect();
            for base in bases {
                for of in self.program().lineage(at.file, &base) {
                    let hits: Vec<Hit<'w>> = self.program().model(at.file).values(&of).collect();
                    for hit in hits {
                        if let Action::Entry(entry) = &hit.row.action
                            && entry.methods.iter().any(|it| **it == *name)
                        {
                            self.add_entry(&mut found, at, entry, None);
                        }
                    }
                }
            }
        }
        found
    }

    /// Whether the conditions of a row hold for what is passed to a decorator.
    fn decorator_applies(&mut self, file: FileId, decorator: &Static, hit: &Hit<'w>) -> bool {
        let conditions = hit.row.conditions.iter();
        let all = conditions.fold(true, |all, it| {
            all && self.decorator_holds(file, decorator, it) == Some(true)
        });
        let mut exceptions = hit.row.exceptions.iter();
        all && !exceptions.any(|it| self.decorator_holds(file, decorator, it) == Some(true))
    }

    fn decorator_holds(
        &mut self,
        file: FileId,
        decorator: &Static,
        condition: &Condition,
    ) -> Option<bool> {
        let passed = passed_to(decorator, &condition.place.root);
        if condition.test == Ask::Given {
            return Some(passed.is_none() == condition.negated);
        }
        let value = match passed? {
            Static::Name(name) => self.read_name(file, name, Span::new(0, 0)),
            Static::Const(constant) => Value::constants(vec![constant.clone()]),
            _ => return None,
        };
        let outcome = self.asks(&State::default(), &condition.test, &value, file)?;
        Some(outcome != condition.negated)
    }

    /// Rows about what a decorator is.
    fn decorator_rows(&mut self, file: FileId, decorator: &Static) -> Vec<Hit<'w>> {
        let model = self.program().model(file);
        let Some(name) = decorator.name() else {
            return Vec::new();
        };
        let (receiver, last) = name.rsplit_once('.').unwrap_or(("", name));
        let last: Arc<str> = last.into();
        let of_type = |machine: &Self, of: &str| -> Vec<Hit<'w>> {
            machine
                .program()
                .lineage(file, of)
                .iter()
                .flat_map(|of| model.values(&format!("{of}.{last}")).collect::<Vec<_>>())
                .collect()
        };
        let by_name = || -> Vec<Hit<'w>> {
            let receiver = receiver.trim_start_matches('.');
            let receiver = receiver.rsplit('.').next().unwrap_or(receiver).to_owned();
            model.members(&last, &receiver).collect()
        };
        match self.program().link(file, name) {
            Linked::External(path) => {
                let path: Arc<str> = model.same(&path).unwrap_or(&path).into();
                let mut hits: Vec<Hit<'w>> = model.values(&path).collect();
                if hits.is_empty()
                    && let Some((of, _)) = path.rsplit_once('.')
                {
                    hits = of_type(self, of);
                }
                hits
            }
            Linked::Global(from, name, rest) => {
                let mut value = self.global(from, &name);
                let fields = rest.len().saturating_sub(1);
                for field in rest.iter().take(fields) {
                    let span = Span::new(0, 0);
                    value = self.field_of(file, &State::default(), &value, field, span);
                }
                let types = value.things.iter().filter_map(|thing| match thing {
                    Thing::Instance(of) => Some(of.clone()),
                    _ => None,
                });
                let types: Vec<Arc<str>> = types.collect();
                match types.is_empty() {
                    true => by_name(),
                    false => types.iter().flat_map(|of| of_type(self, of)).collect(),
                }
            }
            Linked::Unknown => by_name(),
            _ => Vec::new(),
        }
    }

    /// Adds what a row says of a function that is an entry.
    pub fn add_entry(
        &mut self,
        found: &mut Option<EntryPoint>,
        at: FunctionRef,
        entry: &Entry,
        route: Option<String>,
    ) {
        let function = self.program().function(at);
        let point = found.get_or_insert_with(|| EntryPoint {
            params: vec![None; function.params.len()],
            types: vec![None; function.params.len()],
            returns: Vec::new(),
            is_fixed: None,
        });
        if entry.route.is_some() {
            let is_fixed = route.as_ref().is_some_and(|it| is_fixed(it));
            point.is_fixed = Some(is_fixed && point.is_fixed.unwrap_or(true));
        }
        for kind in &entry.returns {
            if !point.returns.contains(kind) {
                point.returns.push(*kind);
            }
        }
        let holes = route.map(|route| placeholders(&route));
        let has_self = usize::from(is_method(function));
        for (number, param) in function.params.iter().enumerate().skip(has_self) {
            let number_without_self = number - has_self;
            let received = entry.receives.iter();
            let mut received = received.filter(|(at, _)| *at == number_without_self);
            if let Some((_, of)) = received.next()
                && param.annotation.is_none()
            {
                point.types[number] = Some(of.as_str().into());
                continue;
            }
            let Some(kind) = entry.params else { continue };
            if number_without_self < entry.skip || !self.takes(at.file, entry, param) {
                continue;
            }
            let mut facts = FactSet::EMPTY;
            if let Some(holes) = &holes {
                let Some((_, converter)) = holes.iter().find(|(name, _)| **name == *param.name)
                else {
                    continue;
                };
                let converter = converter.as_deref().unwrap_or("default");
                let mut known = entry.converters.iter();
                if let Some((_, adds)) = known.find(|(name, _)| name == converter) {
                    facts = *adds;
                }
            }
            point.params[number] = Some((kind, facts));
        }
    }

    fn takes(&self, file: FileId, entry: &Entry, param: &Param) -> bool {
        let names = |it: &Static| -> Vec<Arc<str>> {
            let Some(name) = it.name() else {
                return Vec::new();
            };
            match self.program().link(file, name) {
                Linked::External(path) => self.program().lineage(file, &path),
                _ => vec![name.clone()],
            }
        };
        let one_of = |types: &[String], it: &Static| {
            let all = names(it);
            types.iter().any(|of| all.iter().any(|name| **name == **of))
        };
        let declared = param.annotation.as_ref();
        let default = param.default.as_ref();
        // A name for an annotation, as dependencies have them; what it says is not known.
        let is_alias = declared
            .and_then(Static::name)
            .is_some_and(|name| matches!(self.program().link(file, name), Linked::Global(..)));
        if is_alias && !entry.except_defaults.is_empty() {
            return false;
        }
        let inside = declared.is_some_and(|it| one_of(&entry.only_types, it));
        (entry.only_types.is_empty() || inside)
            && !declared.is_some_and(|it| one_of(&entry.except_types, it))
            && !default.is_some_and(|it| one_of(&entry.except_defaults, it))
            && !declared
                .is_some_and(|it| holds_default(it, &|it| one_of(&entry.except_defaults, it)))
    }

    /// Gives a parameter what the library passes, if the function is an entry.
    pub fn enter(&mut self, frame: &Frame<'w>, number: u16, param: &Param, value: &mut Value) {
        let file = frame.at.file;
        self.typed_sources(file, param.span, value);
        let Some(point) = self.world.entries.get(&frame.at) else {
            return;
        };
        let number = usize::from(number);
        if let Some(Some(of)) = point.types.get(number) {
            let of = self.program().model(file).same(of).unwrap_or(of);
            value.things.push(Thing::Instance(of.into()));
            self.typed_sources(file, param.span, value);
        }
        if let Some(Some((kind, facts))) = point.params.get(number) {
            let declared = value.taint.entries().first().map(|entry| entry.facts());
            let facts = facts.union(declared.unwrap_or_default());
            let entry = self.source_at(*kind, facts, Confidence::High, file, param.span);
            value.taint = value.taint.join(&Taint::new(vec![entry]));
        }
    }

    /// Whether the function that is being run handles requests of fixed addresses only.
    pub fn has_fixed_route(&self) -> bool {
        let outermost = self.stack.first();
        let point = outermost.and_then(|at| self.world.entries.get(at));
        point.is_some_and(|it| it.is_fixed == Some(true))
    }

    /// Data that values of a type always are.
    fn typed_sources(&mut self, file: FileId, span: Span, value: &mut Value) {
        let model = self.program().model(file);
        for thing in value.things.clone() {
            let Thing::Instance(of) = thing else { continue };
            for of in self.program().lineage(file, &of) {
                let hits: Vec<Hit<'w>> = model.typed(&of).collect();
                for hit in hits {
                    if let Action::Source(source) = &hit.row.action {
                        let confidence = hit.row.confidence.unwrap_or(Confidence::High);
                        let entry =
                            self.source_at(source.kind, source.adds, confidence, file, span);
                        value.taint = value.taint.join(&Taint::new(vec![entry]));
                    }
                }
            }
        }
    }

    /// What an entry returns goes to the client.
    pub fn returned(&mut self, frame: &Frame<'w>, state: &State, value: &Value, span: Span) {
        if !frame.is_symbolic {
            return;
        }
        let Some(point) = self.world.entries.get(&frame.at) else {
            return;
        };
        let body = self.body_of(state, value);
        for kind in &point.returns {
            let is_text = body.refs.is_empty() && body.things.is_empty();
            if *kind == SinkKind::Html && !is_text {
                continue;
            }
            for entry in self.data_of(state, &body).entries() {
                // What a call of something unknown gives need not be a text.
                if *kind == SinkKind::Html && entry.guesses > 0 && body.prefix.is_none() {
                    continue;
                }
                self.reach(Reached {
                    kind: *kind,
                    safe_if: FactSet::EMPTY,
                    confidence: Confidence::High,
                    file: frame.at.file,
                    span,
                    argument: span,
                    entry: entry.clone(),
                });
            }
        }
    }

    /// The body of a response that is returned with its status.
    pub fn body_of(&mut self, state: &State, value: &Value) -> Value {
        let is_tuple = value.refs.iter().any(|id| {
            let object = state.object(&self.world.heap, *id);
            object.is_some_and(|it| it.kind == Kind::List)
        });
        match is_tuple {
            true => self.read_element(state, value, Some(&Key::Item(0))),
            false => value.clone(),
        }
    }
}

fn is_method(function: &Function) -> bool {
    matches!(
        function.kind,
        FunctionKind::Method | FunctionKind::ClassMethod | FunctionKind::Property
    )
}

/// Whether a default stands inside of an annotation: `Annotated[X, Depends(f)]`.
fn holds_default(annotation: &Static, is_one: &dyn Fn(&Static) -> bool) -> bool {
    match annotation {
        Static::Generic(_, args) => args
            .iter()
            .any(|it| matches!(it, Static::Call { .. }) && is_one(it)),
        _ => false,
    }
}

fn route_text(decorator: &Static, root: &Root) -> Option<String> {
    match passed_to(decorator, root)? {
        Static::Const(Constant::Str(text)) => Some(text.clone()),
        _ => None,
    }
}

/// An argument of a decorator.
fn passed_to<'s>(decorator: &'s Static, root: &Root) -> Option<&'s Static> {
    let Static::Call { args, kwargs, .. } = decorator else {
        return None;
    };
    let named = |name: &str| kwargs.iter().find(|(known, _)| **known == *name);
    match root {
        Root::Argument { index, name } => {
            let by_index = index.and_then(|at| args.get(usize::from(at)));
            by_index.or_else(|| Some(&named(name.as_deref()?)?.1))
        }
        _ => None,
    }
}

/// Whether a route matches one address only.
fn is_fixed(route: &str) -> bool {
    !route.contains(['<', '{', '(', '[', '*', '\\', ':'])
}

/// Names in a route and their converters: `<int:id>`, `<name>`, `{name}`, `{name:path}`.
fn placeholders(route: &str) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    let mut rest = route;
    while let Some(at) = rest.find(['<', '{']) {
        let is_angle = rest[at..].starts_with('<');
        let close = if is_angle { '>' } else { '}' };
        let Some((inside, after)) = rest[at + 1..].split_once(close) else {
            break;
        };
        let parts = inside.split_once(':');
        found.push(match (parts, is_angle) {
            (Some((converter, name)), true) => {
                let converter = converter.split('(').next().unwrap_or(converter);
                (name.to_owned(), Some(converter.to_owned()))
            }
            (Some((name, converter)), false) => (name.to_owned(), Some(converter.to_owned())),
            (None, _) => (inside.to_owned(), None),
        });
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_name_their_parameters() {
        let known = |route: &str| placeholders(route);
        assert_eq!(known("/a/<int:id>"), [("id".into(), Some("int".into()))]);
        assert_eq!(known("/a/<name>/b"), [("name".into(), None)]);
        assert_eq!(known("/a/{p:path}"), [("p".into(), Some("path".into()))]);
        assert_eq!(known("/a/{p"), []);
    }
}
