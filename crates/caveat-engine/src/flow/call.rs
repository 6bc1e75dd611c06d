//! Calls: what is called, with what, and what comes of it.

use std::sync::Arc;

use caveat_parser::ir::{self, ArgKind, Call, Callee, FunctionKind, Param, ParamKind, Static};
use caveat_parser::link::FileId;
use caveat_parser::{Constant, Span};

use super::guard::{EVERYTHING, Learned, both};
use super::heap::{Kind, Object, State};
use super::interpret::{Frame, Machine, plain_function, step};
use super::program::{Ancestor, Linked};
use super::special::given;
use super::summary::Outcome;
use super::value::{
    ClassRef, Entry, FunctionRef, Identity, Key, ObjectId, Taint, Thing, Value, What, mix,
};
use super::vouch;
use crate::model::FactSet;

/// Functions of at most so many instructions are run again with the arguments of a call.
const SMALL: usize = 120;
/// How deep functions are run inside one another.
const DEEPEST: usize = 6;
/// Targets of one call that are told apart.
const MOST_TARGETS: usize = 8;

/// A value that is passed, with its place.
#[derive(Debug, Clone)]
pub struct Passed {
    /// The value.
    pub value: Value,
    /// Its expression.
    pub span: Span,
}

/// The arguments of a call.
#[derive(Debug, Clone, Default)]
pub struct Args {
    /// By position.
    pub positional: Vec<Passed>,
    /// By name.
    pub named: Vec<(Arc<str>, Passed)>,
    /// Elements of `*items` whose number is not known.
    pub spread: Option<Passed>,
    /// The mapping of `**pairs` whose keys are not known.
    pub pairs: Option<Passed>,
}

impl Args {
    /// The argument at a position or of a name.
    pub fn at(&self, index: usize, name: Option<&str>) -> Option<Value> {
        self.passed(Some(index), name).map(|it| it.value)
    }

    /// The argument of a name.
    pub fn named(&self, name: &str) -> Option<Value> {
        self.passed(None, Some(name)).map(|it| it.value)
    }

    /// The argument at a position or of a name, with its place.
    pub fn passed(&self, index: Option<usize>, name: Option<&str>) -> Option<Passed> {
        let by_index = index.and_then(|at| self.positional.get(at)).cloned();
        let by_name = || {
            let mut named = self.named.iter();
            let name = name?;
            named
                .find(|(known, _)| **known == *name)
                .map(|(_, it)| it.clone())
        };
        by_index
            .or_else(by_name)
            .or_else(|| index.and(self.spread.clone()))
    }

    /// All that is passed.
    pub fn all(&self) -> impl Iterator<Item = &Passed> {
        let named = self.named.iter().map(|(_, it)| it);
        self.positional
            .iter()
            .chain(named)
            .chain(&self.spread)
            .chain(&self.pairs)
    }
}

/// A call in code, for everything that is to be said of it.
#[derive(Clone, Copy)]
pub struct Site {
    /// File of the caller.
    pub file: FileId,
    /// The whole call.
    pub span: Span,
    /// Tells what it makes from what other calls make.
    pub identity: Identity,
}

impl<'w> Machine<'w> {
    /// Runs a call.
    pub fn call(
        &mut self,
        frame: &mut Frame<'w>,
        state: &mut State,
        call: &'w Call,
        identity: Identity,
        span: Span,
    ) -> Outcome {
        let site = Site {
            file: frame.at.file,
            span,
            identity,
        };
        if self.is_rust(site.file) {
            self.lend_texts(frame, state, call, identity);
        }
        let args = self.arguments(frame, state, call);
        let mut outcome = self.call_of(frame, state, call, &args, site);
        if vouch::is_asked(&call.callee) {
            outcome.test = both(outcome.test, vouch::answer(&args));
        }
        outcome
    }

    fn call_of(
        &mut self,
        frame: &mut Frame<'w>,
        state: &mut State,
        call: &'w Call,
        args: &Args,
        site: Site,
    ) -> Outcome {
        let span = site.span;
        if self.is_rust(site.file)
            && let Some(outcome) = self.rust_call(frame, state, call, args, site)
        {
            return outcome;
        }
        match &call.callee {
            Callee::Value(operand) => {
                if let ir::Operand::Place(place) = operand
                    && place.path.is_empty()
                    && matches!(&place.base, ir::Base::Name(name) if &**name == "super")
                    && args.positional.is_empty()
                {
                    return self.super_value(frame, state);
                }
                let callee = self.read(frame, state, operand, span);
                self.call_value(state, &callee, args, site)
            }
            Callee::Method(receiver, name) => {
                let receiver = self.read(frame, state, receiver, span);
                self.call_method(state, &receiver, name, args, site)
            }
        }
    }

    fn super_value(&mut self, frame: &Frame<'w>, state: &State) -> Outcome {
        let mut value = Value::any();
        if let (Some(id), Some(param)) = (frame.function.class, frame.function.params.first()) {
            let class = ClassRef {
                file: frame.at.file,
                id,
            };
            let receiver = super::interpret::read_local(frame, state, param.local);
            value.things.push(Thing::Super(class, Arc::new(receiver)));
        }
        Outcome {
            value,
            ..Outcome::default()
        }
    }

    fn arguments(&mut self, frame: &Frame<'w>, state: &State, call: &'w Call) -> Args {
        let mut args = Args::default();
        for arg in &call.args {
            let value = self.read(frame, state, &arg.value, arg.span);
            let passed = Passed {
                value,
                span: arg.span,
            };
            match &arg.kind {
                ArgKind::Plain => args.positional.push(passed),
                ArgKind::Named(name) => args.named.push((name.clone(), passed)),
                ArgKind::Spread => self.spread(state, &mut args, passed),
                ArgKind::SpreadKeywords => self.spread_pairs(state, &mut args, passed),
            }
        }
        args
    }

    fn spread(&mut self, state: &State, args: &mut Args, passed: Passed) {
        match self.known_items(state, &passed.value) {
            Some(items) if args.spread.is_none() => {
                let span = passed.span;
                let items = items.into_iter().map(|value| Passed { value, span });
                args.positional.extend(items);
            }
            _ => {
                let element = self.iterated(state, &passed.value);
                let known = args.spread.take().map(|it| it.value).unwrap_or_default();
                args.spread = Some(Passed {
                    value: known.join(&element),
                    span: passed.span,
                });
            }
        }
    }

    fn spread_pairs(&mut self, state: &State, args: &mut Args, passed: Passed) {
        if let [id] = passed.value.refs.as_slice()
            && let Some(object) = state.object(&self.world.heap, *id)
        {
            for (key, value) in &object.entries {
                if let Key::Text(name) = key {
                    let value = Passed {
                        value: value.clone(),
                        span: passed.span,
                    };
                    args.named.push((name.clone(), value));
                }
            }
            if object.closed && object.rest.is_nothing() {
                return;
            }
        }
        args.pairs = Some(passed);
    }

    /// Calls a value.
    pub fn call_value(
        &mut self,
        state: &mut State,
        callee: &Value,
        args: &Args,
        site: Site,
    ) -> Outcome {
        let outcome = self.deeper(|machine| machine.call_things(state, callee, args, site));
        outcome.unwrap_or_else(|| self.unknown(state, Some(callee), args, site))
    }

    fn call_things(
        &mut self,
        state: &mut State,
        callee: &Value,
        args: &Args,
        site: Site,
    ) -> Outcome {
        let mut outcomes = Vec::new();
        for thing in callee.things.iter().take(MOST_TARGETS) {
            match thing {
                Thing::Function {
                    function,
                    captured,
                    receiver,
                } => outcomes.push(self.call_function(
                    state,
                    *function,
                    captured,
                    receiver.as_deref(),
                    args,
                    site,
                )),
                Thing::Class(class) => outcomes.push(self.construct(state, *class, args, site)),
                Thing::Name(path) if self.is_rust(site.file) => {
                    let path = path.clone();
                    let known = self.rust_path(state, &path, args, site);
                    let outcome = match known {
                        Some(known) => known,
                        None => self.call_path(state, &path, None, args, site),
                    };
                    outcomes.push(outcome);
                }
                Thing::Name(path) => {
                    outcomes.push(self.call_path(state, path, None, args, site));
                }
                Thing::Method(receiver, name) => {
                    let receiver = Value::clone(receiver);
                    outcomes.push(self.call_method(state, &receiver, name, args, site));
                }
                Thing::Of(_) | Thing::Instance(_) => {
                    let name = "__call__".into();
                    outcomes.push(self.call_method(state, callee, &name, args, site));
                }
                Thing::Super(..) | Thing::Module(_) | Thing::Variant(_) => {}
            }
        }
        self.joined(state, outcomes, Some(callee), args)
    }

    /// Calls a method of a value.
    pub fn call_method(
        &mut self,
        state: &mut State,
        receiver: &Value,
        name: &Arc<str>,
        args: &Args,
        site: Site,
    ) -> Outcome {
        if self.is_rust(site.file) {
            return self.rust_method(state, receiver, name, args, site);
        }
        if let Some(value) = self.configured(state, receiver, name, args) {
            return Outcome {
                value,
                ..Outcome::default()
            };
        }
        let mut outcomes = Vec::new();
        for thing in receiver.things.iter().take(MOST_TARGETS) {
            let outcome = match thing {
                Thing::Name(path) => {
                    let path = format!("{path}.{name}").into();
                    self.call_name(state, &path, receiver, args, site)
                }
                Thing::Module(file) => {
                    let member = self.read_name_of(*file, name, site.file, site.span);
                    Some(self.call_value(state, &member, args, site))
                }
                Thing::Class(class) => self.class_method(state, *class, receiver, name, args, site),
                Thing::Of(class) => {
                    self.instance_method(state, *class, receiver, name, args, 0, site)
                }
                Thing::Super(class, own) => {
                    let own = Value::clone(own);
                    self.instance_method(state, *class, &own, name, args, 1, site)
                }
                Thing::Instance(of) => {
                    let of = of.clone();
                    Some(self.typed_method(state, &of, receiver, name, args, site))
                }
                Thing::Function { .. } | Thing::Method(..) | Thing::Variant(_) => None,
            };
            outcomes.extend(outcome);
        }
        let known_class = receiver
            .things
            .iter()
            .any(|thing| matches!(thing, Thing::Of(_) | Thing::Class(_) | Thing::Instance(_)));
        if !known_class || outcomes.is_empty() {
            for id in receiver.refs.clone() {
                let outcome = self.object_method(state, id, receiver, name, args, site);
                outcomes.extend(outcome);
            }
        }
        if outcomes.is_empty() {
            return self.untyped_method(state, receiver, name, args, site);
        }
        self.joined(state, outcomes, None, args)
    }

    /// A function by a name below that of something from outside, which may lead into the project
    /// again. Where the type of that something is known, only what models say of the name counts.
    fn call_name(
        &mut self,
        state: &mut State,
        path: &Arc<str>,
        receiver: &Value,
        args: &Args,
        site: Site,
    ) -> Option<Outcome> {
        match self.program().link(site.file, path) {
            Linked::External(path) => {
                let is_typed = |thing: &Thing| matches!(thing, Thing::Instance(_));
                let known = self
                    .program()
                    .model(site.file)
                    .calls(&path)
                    .next()
                    .is_some();
                let is_data = !receiver.taint.is_empty();
                let counts = known || !is_data && !receiver.things.iter().any(is_typed);
                counts.then(|| self.call_path(state, &path, None, args, site))
            }
            _ => {
                let callee = self.read_name(site.file, path, site.span);
                Some(self.call_value(state, &callee, args, site))
            }
        }
    }

    /// A method of a configuration object.
    fn configured(
        &mut self,
        state: &mut State,
        receiver: &Value,
        name: &str,
        args: &Args,
    ) -> Option<Value> {
        let is_config =
            |thing: &Thing| matches!(thing, Thing::Instance(of) if of.starts_with("configparser."));
        match receiver.refs.as_slice() {
            [id] if receiver.things.iter().any(is_config) => {
                self.sections_method(state, *id, name, args)
            }
            _ => None,
        }
    }

    /// A method of an object of the heap.
    fn object_method(
        &mut self,
        state: &mut State,
        id: ObjectId,
        receiver: &Value,
        name: &Arc<str>,
        args: &Args,
        site: Site,
    ) -> Option<Outcome> {
        let kind = state.object(&self.world.heap, id)?.kind;
        match kind {
            Kind::List | Kind::Dict | Kind::Set => {
                let made = ObjectId(site.identity);
                let value = self.container_method(state, id, name, args, made);
                value.map(|value| Outcome {
                    value,
                    ..Outcome::default()
                })
            }
            Kind::Instance(class) => {
                self.instance_method(state, class, receiver, name, args, 0, site)
            }
            Kind::Fields | Kind::Passed => {
                let key = Key::Field(name.clone());
                let member = state.object(&self.world.heap, id)?.get(Some(&key));
                let callable = !member.things.is_empty();
                callable.then(|| self.call_value(state, &member, args, site))
            }
            Kind::Class(_) => None,
        }
    }

    fn class_method(
        &mut self,
        state: &mut State,
        class: ClassRef,
        receiver: &Value,
        name: &Arc<str>,
        args: &Args,
        site: Site,
    ) -> Option<Outcome> {
        let Some(function) = self.program().method(class, name, 0) else {
            return self.inherited(state, class, receiver, name, args, site);
        };
        let is_bound = self.program().function(function).kind == FunctionKind::ClassMethod;
        let bound = is_bound.then_some(receiver);
        Some(self.call_function(state, function, &[], bound, args, site))
    }

    #[allow(clippy::too_many_arguments)]
    fn instance_method(
        &mut self,
        state: &mut State,
        class: ClassRef,
        receiver: &Value,
        name: &Arc<str>,
        args: &Args,
        skip: usize,
        site: Site,
    ) -> Option<Outcome> {
        if let Some(function) = self.program().method(class, name, skip) {
            let kind = self.program().function(function).kind;
            let class_value = self.class_value(class);
            let bound = match kind {
                FunctionKind::Plain => None,
                FunctionKind::ClassMethod => Some(&class_value),
                _ => Some(receiver),
            };
            if kind == FunctionKind::Property {
                let none = Args::default();
                let got = self.call_function(state, function, &[], bound, &none, site);
                return Some(self.call_value(state, &got.value, args, site));
            }
            return Some(self.call_function(state, function, &[], bound, args, site));
        }
        let mut member = self.field_of(site.file, state, receiver, name, site.span);
        member
            .things
            .retain(|thing| !matches!(thing, Thing::Method(..)));
        if !member.things.is_empty() {
            return Some(self.call_value(state, &member, args, site));
        }
        self.inherited(state, class, receiver, name, args, site)
    }

    /// A method that a class has from a base outside of the project.
    fn inherited(
        &mut self,
        state: &mut State,
        class: ClassRef,
        receiver: &Value,
        name: &Arc<str>,
        args: &Args,
        site: Site,
    ) -> Option<Outcome> {
        let bases: Vec<Arc<str>> = self.program().external_bases(class).cloned().collect();
        for base in bases {
            if self.type_has_rows(site.file, &base, name) {
                return Some(self.typed_method(state, &base, receiver, name, args, site));
            }
        }
        None
    }

    /// Makes an instance of a class of the project.
    fn construct(
        &mut self,
        state: &mut State,
        class: ClassRef,
        args: &Args,
        site: Site,
    ) -> Outcome {
        let id = ObjectId(mix(&[site.identity, 0x006e_6577, u64::from(class.id.0)]));
        let mut value = state.make(id, Object::new(Kind::Instance(class)));
        value.things.push(Thing::Of(class));
        if let Some(init) = self.program().method(class, "__init__", 0) {
            self.call_function(state, init, &[], Some(&value), args, site);
        } else {
            self.fill_fields(state, class, &value, args, site);
        }
        Outcome {
            value,
            ..Outcome::default()
        }
    }

    /// A class without `__init__` whose declared fields are its parameters (dataclasses, models),
    /// or whose base outside of the project takes the arguments.
    fn fill_fields(
        &mut self,
        state: &mut State,
        class: ClassRef,
        value: &Value,
        args: &Args,
        site: Site,
    ) {
        let mut names: Vec<Arc<str>> = Vec::new();
        for ancestor in self.program().ancestors(class).iter().rev() {
            if let Ancestor::Class(class) = ancestor {
                let fields = &self.program().class(*class).fields;
                let declared = fields.iter().filter(|field| field.annotation.is_some());
                names.extend(declared.map(|field| field.name.clone()));
            }
        }
        for (at, passed) in args.positional.iter().enumerate() {
            if let Some(name) = names.get(at) {
                let key = Key::Field(name.clone());
                self.store(state, value, Some(&key), passed.value.clone());
            }
        }
        for (name, passed) in &args.named {
            let key = Key::Field(name.clone());
            self.store(state, value, Some(&key), passed.value.clone());
        }
        let bases: Vec<Arc<str>> = self.program().external_bases(class).cloned().collect();
        for base in bases {
            self.call_path(state, &base, Some(value), args, site);
        }
    }

    // ---- functions of the project ----

    /// Calls a function of the project: its summary, or the function itself with what is passed.
    pub fn call_function(
        &mut self,
        state: &mut State,
        function: FunctionRef,
        captured: &[Value],
        receiver: Option<&Value>,
        args: &Args,
        site: Site,
    ) -> Outcome {
        let own = self.program().function(function);
        let bound = self.bind(state, function, receiver, args, site);
        let is_before = match (self.stack.first(), self.world.group.get(&function)) {
            (Some(root), Some(group)) => self.world.group.get(root).is_none_or(|own| group < own),
            _ => true,
        };
        let small = match &*own.name == "<lambda>" {
            true => 4 * SMALL,
            false => SMALL,
        };
        let fits = size(own) <= small && self.depth_of_calls() < DEEPEST;
        let says_more = !captured.is_empty()
            || self.summary(function).is_none()
            || bound.iter().any(|value| self.says_more(value));
        if is_before && fits && says_more && !self.stack.contains(&function) {
            // What Rust does to a `&mut` parameter is not in a summary.
            if captured.is_empty()
                && !self.is_rust(function.file)
                && self.summary(function).is_some()
                && let Some(given) = given(&bound)
            {
                let special = self.special(function, given);
                special.flows.iter().for_each(|it| self.keep(it.clone()));
                self.registered.extend(special.registered.iter().cloned());
                self.compared.extend(&special.compared);
                self.kept.extend(special.kept.iter().cloned());
                self.cut |= special.cut;
                return self.apply(state, &special.summary, &own.name, &bound, site);
            }
            return self.run_with(state, function, captured, bound, site);
        }
        match self.summary(function) {
            Some(summary) => self.apply(state, &summary, &own.name, &bound, site),
            None => self.unknown(state, receiver, args, site),
        }
    }

    /// Whether running a function with this argument finds more than its summary says.
    fn says_more(&self, value: &Value) -> bool {
        value.known_constants().is_some()
            || !value.refs.is_empty()
            || value.prefix.is_some()
            || value
                .things
                .iter()
                .any(|thing| !matches!(thing, Thing::Of(_)))
    }

    fn run_with(
        &mut self,
        state: &mut State,
        function: FunctionRef,
        captured: &[Value],
        bound: Vec<Value>,
        site: Site,
    ) -> Outcome {
        let context = mix(&[
            site.identity,
            u64::from(function.file.0),
            u64::from(function.id.0),
        ]);
        let mut frame = Frame::new(self.program(), function, context);
        let own = frame.function;
        let mut start = frame.start(std::mem::take(&mut state.heap));
        let agreed = state.learned.iter().filter(|(of, _)| *of == EVERYTHING);
        start.learned = Arc::new(agreed.cloned().collect());
        let name = short_name(&own.name);
        let is_rust = self.is_rust(function.file);
        let identities: Vec<Identity> = match is_rust {
            true => bound.iter().map(|it| it.identity).collect(),
            false => Vec::new(),
        };
        for (param, mut value) in own.params.iter().zip(bound) {
            if is_rust && let Some(annotation) = &param.annotation {
                value = self.as_typed(function.file, value, annotation);
            }
            value = step(
                value,
                function.file,
                param.span,
                &What::Passed(name.clone()),
            );
            start.set_variable(param.local.index(), value);
        }
        for (local, value) in own.captures.iter().zip(captured) {
            start.set_variable(local.index(), value.clone());
        }
        let exit = self.run(&mut frame, start);
        match exit.state {
            Some(after) => {
                state.heap = after.heap;
                self.take_mutations(state, &identities);
                for (identity, learned) in &*after.learned {
                    state.learn(*identity, learned);
                }
                Outcome {
                    value: exit.value,
                    test: exit.test,
                    diverges: false,
                }
            }
            None => Outcome {
                diverges: true,
                ..Outcome::default()
            },
        }
    }

    /// What each parameter gets.
    fn bind(
        &mut self,
        state: &mut State,
        at: FunctionRef,
        receiver: Option<&Value>,
        args: &Args,
        site: Site,
    ) -> Vec<Value> {
        let function = self.program().function(at);
        let mut bound = Vec::with_capacity(function.params.len());
        let mut next = 0;
        let mut taken: Vec<&str> = Vec::new();
        for (number, param) in function.params.iter().enumerate() {
            if number == 0
                && let Some(receiver) = receiver
            {
                bound.push(receiver.clone());
                continue;
            }
            let id = ObjectId(mix(&[site.identity, 0x0061_7267, number as u64]));
            let value = match param.kind {
                ParamKind::Plain => {
                    let by_position = args.positional.get(next).map(|it| it.value.clone());
                    next += usize::from(by_position.is_some());
                    by_position
                        .or_else(|| args.named(&param.name))
                        .or_else(|| args.spread.as_ref().map(|it| it.value.clone()))
                }
                ParamKind::Keyword => args.named(&param.name),
                ParamKind::Rest => {
                    let rest = args.positional.get(next..).unwrap_or(&[]);
                    let mut list = Object::new(Kind::List);
                    list.set_items(rest.iter().map(|it| it.value.clone()).collect());
                    if let Some(spread) = &args.spread {
                        list.rest = list.rest.join(&spread.value);
                        list.closed = false;
                    }
                    next = args.positional.len();
                    Some(state.make(id, list))
                }
                ParamKind::RestKeywords => {
                    let mut dict = Object::new(Kind::Dict);
                    for (name, passed) in &args.named {
                        if !taken.contains(&&**name) {
                            dict.set(Some(&Key::Text(name.clone())), passed.value.clone(), true);
                        }
                    }
                    if let Some(pairs) = &args.pairs {
                        super::container::update(self, state, &mut dict, &pairs.value);
                    }
                    Some(state.make(id, dict))
                }
            };
            taken.push(&param.name);
            let value = value.or_else(|| {
                let pairs = args.pairs.as_ref()?;
                let key = Key::Text(param.name.clone());
                Some(self.read_element(state, &pairs.value, Some(&key)))
            });
            let value = value.unwrap_or_else(|| self.default(at.file, param));
            bound.push(value);
        }
        bound
    }

    fn default(&mut self, file: FileId, param: &Param) -> Value {
        match &param.default {
            Some(Static::Const(value)) => Value::constant(value.clone()),
            Some(Static::Name(name)) => self.read_name(file, name, param.span),
            _ => Value::any(),
        }
    }

    /// Gives a parameter what its declared type says.
    pub fn declare(&mut self, at: FunctionRef, param: &Param, value: &mut Value) {
        if let Some(annotation) = &param.annotation {
            for thing in self.instances(at.file, annotation, 0) {
                value.things.push(thing);
            }
            let facts = self.facts_of_annotation(at.file, annotation);
            value.taint = value.taint.changed(facts, FactSet::EMPTY);
        }
    }

    /// What a value of a declared type is.
    pub fn instances(&mut self, file: FileId, annotation: &Static, depth: u32) -> Vec<Thing> {
        if self.is_rust(file) {
            return self.rust_instances(file, annotation);
        }
        let linked = |name: &Arc<str>| match self.program().link(file, name) {
            Linked::Class(class) => Some(Thing::Of(class)),
            Linked::External(name) => {
                let model = self.program().model(file);
                Some(Thing::Instance(model.same(&name).unwrap_or(&name).into()))
            }
            _ => None,
        };
        match annotation {
            Static::Name(name) => linked(name).into_iter().collect(),
            Static::Const(Constant::Str(text)) if text.len() < 100 => {
                let name: Arc<str> = format!(".{}", text.trim()).into();
                let own = linked(&name);
                own.or_else(|| linked(&text.trim().into()))
                    .into_iter()
                    .collect()
            }
            Static::Generic(name, args) if depth < 3 => {
                let last = name.rsplit('.').next().unwrap_or(name);
                match last {
                    "Optional" | "Union" | "|" | "Annotated" => {
                        let first = match last {
                            "Annotated" => &args[..args.len().min(1)],
                            _ => args.as_slice(),
                        };
                        let inner = first.iter();
                        inner
                            .flat_map(|it| self.instances(file, it, depth + 1))
                            .collect()
                    }
                    _ => linked(name).into_iter().collect(),
                }
            }
            _ => Vec::new(),
        }
    }

    /// A call of something that nothing is known of: data goes from what is passed to the result.
    pub fn unknown(
        &mut self,
        state: &mut State,
        receiver: Option<&Value>,
        args: &Args,
        _site: Site,
    ) -> Outcome {
        let mut taint = Taint::NONE;
        if let Some(receiver) = receiver {
            taint = taint.join(&self.data_of(state, receiver));
        }
        for passed in args.all() {
            taint = taint.join(&self.data_of(state, &passed.value));
        }
        let taint = taint.map(|entry| {
            let mut entry: Entry = entry.changed(FactSet::EMPTY, FactSet::ALL);
            entry.guesses = entry.guesses.saturating_add(1);
            entry
        });
        Outcome {
            value: Value::tainted(taint),
            ..Outcome::default()
        }
    }

    /// What several targets of one call give.
    fn joined(
        &mut self,
        state: &mut State,
        outcomes: Vec<Outcome>,
        callee: Option<&Value>,
        args: &Args,
    ) -> Outcome {
        let mut outcomes = outcomes.into_iter();
        let Some(mut all) = outcomes.next() else {
            let site = Site {
                file: FileId(0),
                span: Span::new(0, 0),
                identity: 0,
            };
            return self.unknown(state, callee, args, site);
        };
        for outcome in outcomes {
            all.value = match (all.diverges, outcome.diverges) {
                (false, true) => all.value,
                (true, false) => outcome.value,
                _ => all.value.join(&outcome.value),
            };
            all.test = None;
            all.diverges &= outcome.diverges;
        }
        all
    }

    // ---- members of classes ----

    /// A member of a class: a method, or a field of the class or of those above it.
    pub fn class_member(&mut self, class: ClassRef, name: &Arc<str>) -> Value {
        if let Some(function) = self.program().method(class, name, 0) {
            return Value::thing(plain_function(function));
        }
        let key = Key::Field(name.clone());
        for ancestor in self.program().ancestors(class) {
            let Ancestor::Class(class) = ancestor else {
                continue;
            };
            let object = super::rvalue::class_object(*class);
            if let Some(object) = self.world.heap.get(&object)
                && let Some(value) = object.entries.get(&key)
            {
                return value.clone();
            }
        }
        Value::default()
    }

    /// A field of an instance that it does not hold itself.
    pub fn class_field(
        &mut self,
        file: FileId,
        class: ClassRef,
        receiver: &Value,
        name: &Arc<str>,
        span: Span,
    ) -> Value {
        if let Some(function) = self.program().method(class, name, 0) {
            let kind = self.program().function(function).kind;
            if kind == FunctionKind::Property {
                let site = Site {
                    file,
                    span,
                    identity: mix(&[receiver.identity, u64::from(span.start)]),
                };
                let none = Args::default();
                // What a property does to its object does not matter to readers.
                let mut scratch = State::default();
                let got =
                    self.call_function(&mut scratch, function, &[], Some(receiver), &none, site);
                return got.value;
            }
            return Value::thing(Thing::Function {
                function,
                captured: Arc::from([]),
                receiver: match kind {
                    FunctionKind::Plain => None,
                    _ => Some(Arc::new(receiver.clone())),
                },
            });
        }
        let mut found = self.class_member(class, name);
        for ancestor in self.program().ancestors(class) {
            if let Ancestor::Class(class) = ancestor
                && let Some(value) = self.world.fields.get(&(*class, name.clone()))
            {
                found = found.join(value);
            }
        }
        let bases: Vec<Arc<str>> = self.program().external_bases(class).cloned().collect();
        for base in bases {
            let member = self.type_field(file, &base, receiver, name, span);
            if !member
                .things
                .iter()
                .all(|it| matches!(it, Thing::Method(..)))
                || !member.taint.is_empty()
            {
                found = found.join(&member);
            }
        }
        found
    }

    /// An attribute of a function, class, module or type.
    pub fn thing_field(
        &mut self,
        file: FileId,
        thing: &Thing,
        receiver: &Value,
        name: &Arc<str>,
        span: Span,
    ) -> Value {
        match thing {
            Thing::Name(path) => self.read_name(file, &format!("{path}.{name}").into(), span),
            Thing::Module(module) => self.read_name_of(*module, name, file, span),
            Thing::Class(class) => self.class_member(*class, name),
            Thing::Of(class) => self.class_field(file, *class, receiver, name, span),
            Thing::Instance(of) => self.type_field(file, of, receiver, name, span),
            Thing::Super(class, own) => match self.program().method(*class, name, 1) {
                Some(function) => Value::thing(Thing::Function {
                    function,
                    captured: Arc::from([]),
                    receiver: Some(own.clone()),
                }),
                None => Value::default(),
            },
            Thing::Function { .. } | Thing::Method(..) | Thing::Variant(_) => Value::default(),
        }
    }
}

/// Instructions of a function.
pub fn size(function: &ir::Function) -> usize {
    function
        .blocks
        .iter()
        .map(|block| block.body.len() + 1)
        .sum()
}

/// The last part of a function's name.
pub fn short_name(name: &Arc<str>) -> Arc<str> {
    match name.rsplit_once('.') {
        Some((_, last)) => last.into(),
        None => name.clone(),
    }
}

/// Renames what was learned of parts of parameters to what was passed there.
pub fn renamed(
    learned: &[(Identity, Learned)],
    rename: &dyn Fn(Identity) -> Option<Identity>,
) -> Vec<(Identity, Learned)> {
    learned
        .iter()
        .filter_map(|(identity, what)| Some((rename(*identity)?, what.clone())))
        .collect()
}
