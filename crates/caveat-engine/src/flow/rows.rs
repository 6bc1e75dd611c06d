//! Rows of models at work: what a call, a read or an assignment of something from outside does.

use std::sync::Arc;

use caveat_parser::ir::{BinaryOp, Step as PlaceStep};
use caveat_parser::link::FileId;
use caveat_parser::{Constant, Span};

use super::call::{Args, Passed, Site};
use super::guard::{Learned, Test, both};
use super::heap::{Kind, Object, State};
use super::interpret::{Frame, Machine};
use super::summary::{Outcome, Reached};
use super::text;
use super::value::{
    Entry, Identity, Key, ObjectId, Origin, Source, Taint, Thing, Value, Via, What,
};
use crate::model::{
    Action, Atom, Condition, Fact, FactSet, Fields, Form, Guard, Hit, Outcome as When, Place, Root,
    Selector, Sink, SinkKind, Test as Ask,
};
use crate::rule::Confidence;

/// A call that rows are about.
pub struct Called<'c> {
    /// The receiver.
    pub receiver: Option<&'c Value>,
    /// The arguments.
    pub args: &'c Args,
    /// The call.
    pub site: Site,
}

impl<'w> Machine<'w> {
    // ---- what is read ----

    /// Something from outside by its name.
    pub fn external(&mut self, file: FileId, path: &Arc<str>, span: Span) -> Value {
        let model = self.program().model(file);
        let path: Arc<str> = model.same(path).unwrap_or(path).into();
        let mut value = Value::thing(Thing::Name(path.clone()));
        if let Some(of) = model.attribute_type(&path) {
            let of = model.same(of).unwrap_or(of);
            value.things.insert(0, Thing::Instance(of.into()));
        }
        let hits: Vec<Hit<'w>> = model.values(&path).collect();
        if !hits.is_empty() {
            let last = path.rsplit('.').next().unwrap_or(&path);
            let span = self.narrowed(file, span, last);
            self.read_rows(&hits, file, span, &mut value);
        }
        value
    }

    /// The expression in a span that ends in that name.
    fn narrowed(&self, file: FileId, span: Span, name: &str) -> Span {
        let text = span.text(&self.program().code(file).source.text);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let bytes = text.as_bytes();
        let found = text.match_indices(name).find(|(at, _)| {
            let before = at.checked_sub(1).map(|at| bytes[at]);
            let after = bytes.get(at + name.len());
            !before.is_some_and(is_name) && !after.is_some_and(|it| is_name(*it))
        });
        let Some((at, _)) = found else { return span };
        let chain = bytes[..at].iter().rev();
        let length = chain.take_while(|it| is_name(**it) || **it == b'.').count();
        let start = span.start + (at - length) as u32;
        Span::new(start, span.start + (at + name.len()) as u32)
    }

    /// An attribute of a value of a type from outside.
    pub fn type_field(
        &mut self,
        file: FileId,
        of: &str,
        receiver: &Value,
        name: &Arc<str>,
        span: Span,
    ) -> Value {
        let model = self.program().model(file);
        let mut value = Value::default();
        let mut hits: Vec<Hit<'w>> = Vec::new();
        for of in self.program().lineage(file, of) {
            let path = format!("{of}.{name}");
            if value.is_nothing()
                && let Some(of) = model.attribute_type(&path)
            {
                value = Value::instance(model.same(of).unwrap_or(of));
            }
            hits.extend(model.values(&path));
        }
        if value.is_nothing() {
            let receiver = Arc::new(receiver.clone().anonymous());
            value = Value::thing(Thing::Method(receiver, name.clone()));
        }
        if !hits.is_empty() {
            let span = self.narrowed(file, span, name);
            self.read_rows(&hits, file, span, &mut value);
        }
        value
    }

    /// The types that models give to the elements of a value: what its `__getitem__` returns.
    pub fn element_types(&self, file: FileId, of: &Value) -> Vec<Arc<str>> {
        let containers = of.things.iter().filter_map(|thing| match thing {
            Thing::Instance(of) => Some(of),
            _ => None,
        });
        let model = self.program().model(file);
        let element = |container: &Arc<str>| {
            let lineage = self.program().lineage(file, container);
            let found = lineage
                .iter()
                .find_map(|of| model.returned_type(&format!("{of}.__getitem__")))?;
            Some(model.same(found).unwrap_or(found).into())
        };
        containers.filter_map(element).collect()
    }

    fn read_rows(&mut self, hits: &[Hit<'w>], file: FileId, span: Span, value: &mut Value) {
        for hit in hits {
            if let Action::Source(source) = &hit.row.action {
                if source.routed && self.has_fixed_route() {
                    continue;
                }
                let confidence = hit.row.confidence.unwrap_or(Confidence::High);
                let entry = self.source_at(source.kind, source.adds, confidence, file, span);
                value.taint = value.taint.join(&Taint::new(vec![entry]));
                let only = matches!(source.fields, Fields::Named(_));
                debug_assert!(!only || !value.taint.is_empty());
            }
        }
    }

    /// Data that appears at a place.
    pub fn source_at(
        &self,
        kind: crate::model::SourceKind,
        facts: FactSet,
        confidence: Confidence,
        file: FileId,
        span: Span,
    ) -> Entry {
        let source = Source {
            file,
            span,
            kind,
            facts,
            confidence,
        };
        let mut entry = Entry::new(Origin::Source(Arc::new(source)));
        entry.via = Some(Arc::new(Via {
            file,
            span,
            what: What::Source,
            before: None,
        }));
        entry
    }

    /// What a handler catches.
    pub fn exception(&mut self, file: FileId, types: &[Arc<str>], span: Span) -> Value {
        let model = self.program().model(file);
        let mut value = Value::any();
        let mut hits: Vec<Hit<'w>> = Vec::new();
        for of in types {
            value.things.push(Thing::Instance(of.clone()));
            for of in self.program().lineage(file, of) {
                hits.extend(model.caught(&of));
            }
        }
        if hits.is_empty() {
            hits.extend(model.caught("Exception"));
        }
        hits.truncate(2);
        self.read_rows(&hits, file, span, &mut value);
        value
    }

    // ---- what is called ----

    /// Whether models say anything of a method of a type.
    pub fn type_has_rows(&self, file: FileId, of: &str, name: &str) -> bool {
        let model = self.program().model(file);
        self.program().lineage(file, of).iter().any(|of| {
            let path = format!("{of}.{name}");
            model.calls(&path).next().is_some() || model.returned_type(&path).is_some()
        })
    }

    /// A method of a value of a type from outside.
    pub fn typed_method(
        &mut self,
        state: &mut State,
        of: &Arc<str>,
        receiver: &Value,
        name: &Arc<str>,
        args: &Args,
        site: Site,
    ) -> Outcome {
        if super::language::OWN_TYPES.contains(&&**of)
            && let Some(outcome) = self.own_method(state, of, receiver, name, args, site)
        {
            return outcome;
        }
        // A class may give its own type to what a method returns whose rows stand at a base.
        let model = self.program().model(site.file);
        let lineage = self.program().lineage(site.file, of);
        let path_of = |of: &Arc<str>| -> Arc<str> { format!("{of}.{name}").into() };
        let paths: Vec<Arc<str>> = lineage.iter().map(path_of).collect();
        let typed = paths.iter().find_map(|path| model.returned_type(path));
        let has_rows = |path: &&Arc<str>| model.calls(path).next().is_some();
        let is_typed = |path: &&Arc<str>| model.returned_type(path).is_some();
        let known = paths.iter().find(has_rows);
        if let Some(path) = known.or_else(|| paths.iter().find(is_typed)) {
            let mut outcome = self.call_path(state, path, Some(receiver), args, site);
            if let Some(of) = typed {
                let of: Arc<str> = model.same(of).unwrap_or(of).into();
                let things = &mut outcome.value.things;
                things.retain(|it| !matches!(it, Thing::Instance(_)));
                things.push(Thing::Instance(of));
            }
            return outcome;
        }
        if let Some(outcome) = self.language_method(state, receiver, name, args, site) {
            return outcome;
        }
        if matches!(&**name, "__enter__" | "__aenter__" | "__iter__") {
            return Outcome {
                value: receiver.clone(),
                ..Outcome::default()
            };
        }
        self.unknown(state, Some(receiver), args, site)
    }

    /// A method of one of the language's own types, of which models know something.
    fn own_method(
        &mut self,
        state: &mut State,
        of: &str,
        receiver: &Value,
        name: &Arc<str>,
        args: &Args,
        site: Site,
    ) -> Option<Outcome> {
        let path = format!("{of}.{name}");
        let model = self.program().model(site.file);
        let returned = model.returned_type(&path);
        if returned.is_none() && model.calls(&path).next().is_none() {
            return None;
        }
        let mut outcome = self.language_method(state, receiver, name, args, site)?;
        if let Some(of) = returned
            && outcome.value.things.is_empty()
        {
            outcome.value.things.push(Thing::Instance(of.into()));
        }
        Some(outcome)
    }

    /// A method of a receiver whose type is not known.
    pub fn untyped_method(
        &mut self,
        state: &mut State,
        receiver: &Value,
        name: &Arc<str>,
        args: &Args,
        site: Site,
    ) -> Outcome {
        if matches!(&**name, "__enter__" | "__aenter__") {
            return Outcome {
                value: receiver.clone(),
                ..Outcome::default()
            };
        }
        let model = self.program().model(site.file);
        let called = Called {
            receiver: Some(receiver),
            args,
            site,
        };
        let receiver_text = self.receiver_text(site, name);
        let hits: Vec<Hit<'w>> = model.methods(name, &receiver_text).collect();
        let by_language = self.language_method(state, receiver, name, args, site);
        if hits.is_empty() {
            return by_language.unwrap_or_else(|| self.unknown(state, Some(receiver), args, site));
        }
        let passes = hits
            .iter()
            .any(|hit| matches!(hit.row.action, Action::Step(_)));
        let mut outcome = self.apply_rows(state, &hits, &called);
        if !passes {
            let other = match by_language {
                Some(known) => known,
                None => self.unknown(state, Some(receiver), args, site),
            };
            outcome.value = outcome.value.join(&other.value);
        }
        outcome
    }

    /// The text of a call's receiver.
    pub fn receiver_text(&self, site: Site, name: &str) -> String {
        let text = site.span.text(&self.program().code(site.file).source.text);
        let head = text.split('(').next().unwrap_or(text);
        let marked = format!(".{name}");
        let end = head.rfind(&marked).or_else(|| text.find(&marked));
        end.map_or("", |end| &text[..end]).to_owned()
    }

    /// A call of a function or class from outside, or of a method of a type from outside.
    pub fn call_path(
        &mut self,
        state: &mut State,
        path: &Arc<str>,
        receiver: Option<&Value>,
        args: &Args,
        site: Site,
    ) -> Outcome {
        let model = self.program().model(site.file);
        let path: Arc<str> = model.same(path).unwrap_or(path).into();
        let hits: Vec<Hit<'w>> = model.calls(&path).collect();
        let called = Called {
            receiver,
            args,
            site,
        };
        let returned = model
            .returned_type(&path)
            .map(|of| model.same(of).unwrap_or(of));
        let known = self.language_function(state, &path, args, site);
        let mut outcome = match hits.is_empty() {
            true => match known {
                Some(known) => known,
                None => self.unknown(state, receiver, args, site),
            },
            false => self.with_rows(state, &hits, &called, known),
        };
        if let Some(of) = returned {
            let is_text = matches!(of, "str" | "bytes");
            if !is_text || outcome.value.known_constants().is_none() {
                outcome.value.known = super::value::Known::Any;
            }
            outcome.value.things.push(Thing::Instance(of.into()));
        } else if outcome.value.things.is_empty() && is_class_name(&path) {
            outcome.value.things.push(Thing::Instance(path));
        }
        outcome
    }

    /// What rows say of a call whose value the language itself may tell better.
    pub fn with_rows(
        &mut self,
        state: &mut State,
        hits: &[Hit<'w>],
        called: &Called<'_>,
        known: Option<Outcome>,
    ) -> Outcome {
        let mut outcome = self.apply_rows(state, hits, called);
        let is_source = |hit: &Hit<'w>| matches!(hit.row.action, Action::Source(_));
        if let Some(known) = known {
            outcome.value = match hits.iter().any(is_source) {
                true => known.value.join(&outcome.value),
                false => known.value,
            };
            outcome.test = both(outcome.test, known.test);
            outcome.diverges |= known.diverges;
        }
        outcome
    }

    /// Everything that rows say of a call.
    pub fn apply_rows(
        &mut self,
        state: &mut State,
        hits: &[Hit<'w>],
        called: &Called<'_>,
    ) -> Outcome {
        let mut outcome = Outcome {
            value: Value::any(),
            ..Outcome::default()
        };
        let mut stepped: Option<Value> = None;
        for hit in hits {
            if !self.row_applies(state, hit, called) {
                continue;
            }
            match &hit.row.action {
                Action::Sink(sink) => self.sink(state, hit, sink, called),
                Action::Source(source) => {
                    let confidence = hit.row.confidence.unwrap_or(Confidence::High);
                    let entry = self.source_at(
                        source.kind,
                        source.adds,
                        confidence,
                        called.site.file,
                        called.site.span,
                    );
                    let taint = Taint::new(vec![entry]);
                    let places = &hit.target.places;
                    if places.is_empty() || places.iter().any(|it| it.root == Root::Return) {
                        outcome.value = outcome.value.with_taint(&taint);
                    }
                    for place in places.iter().filter(|it| it.root != Root::Return) {
                        self.taint_place(state, place, called, &taint);
                    }
                }
                Action::Step(step) => {
                    let mut data = Taint::NONE;
                    for place in &hit.target.places {
                        for passed in self.at_place(state, place, called) {
                            data = data.join(&self.data_of(state, &passed.value));
                        }
                    }
                    let data = match step.stops {
                        true => Taint::NONE,
                        false => data.changed(step.adds, step.removes),
                    };
                    if self.keep_part(state, hit, step, called, &mut outcome.value) {
                        continue;
                    }
                    if step.to.root == Root::Return {
                        let value = Value::tainted(data);
                        stepped = Some(stepped.unwrap_or_default().join(&value));
                    } else if !data.is_empty() {
                        self.taint_place(state, &step.to, called, &data);
                    }
                }
                Action::Guard(guard) => {
                    let test = self.guard(state, hit, guard, called);
                    outcome.test = both(outcome.test.take(), test);
                }
                Action::Entry(entry) => self.register(state, hit, entry, called),
            }
        }
        if let Some(value) = stepped {
            outcome.value = outcome.value.join(&value);
        }
        for hit in hits {
            if let Action::Guard(guard) = &hit.row.action
                && guard.on == When::OneOf
            {
                outcome.value.aspect = self.aspect_of(state, hit, guard, called);
            }
        }
        outcome
    }

    /// The value that a compared part was taken from, with what holds of it if the part is allowed.
    fn aspect_of(
        &mut self,
        state: &State,
        hit: &Hit<'w>,
        guard: &Guard,
        called: &Called<'_>,
    ) -> Option<(Identity, Fact)> {
        let place = hit.target.places.first()?;
        let of = self.at_place(state, place, called).into_iter().next()?;
        let fact = Fact::ALL.iter().find(|it| guard.adds.contains(**it))?;
        (of.value.identity != 0).then_some((of.value.identity, *fact))
    }

    /// A step into a named part (`return.program`, `self.args[*]`) keeps what is known of the
    /// value. False if the step is another.
    fn keep_part(
        &mut self,
        state: &mut State,
        hit: &Hit<'w>,
        step: &crate::model::Step,
        called: &Called<'_>,
        result: &mut Value,
    ) -> bool {
        let Some((Selector::Field(name), inner)) = step.to.parts.split_first() else {
            return false;
        };
        if !self.is_rust(called.site.file) {
            return false;
        }
        let mut values: Vec<Value> = Vec::new();
        for place in &hit.target.places {
            let whole = Place {
                root: place.root.clone(),
                parts: Vec::new(),
            };
            let items = match place.parts.as_slice() {
                [Selector::Items] => {
                    let list = self.at_place(state, &whole, called).into_iter().next();
                    list.and_then(|it| self.known_items(state, &it.value))
                }
                _ => None,
            };
            match items {
                Some(items) => values.extend(items),
                None => {
                    let found = self.at_place(state, place, called).into_iter();
                    values.extend(found.map(|it| it.value));
                }
            }
        }
        let id = ObjectId(super::value::mix(&[called.site.identity, 0x7061_7274]));
        let object = match step.to.root {
            Root::Return if result.refs.is_empty() => {
                let made = state.make(id, Object::new(Kind::Fields));
                result.refs.clone_from(&made.refs);
                made
            }
            Root::Return => result.clone(),
            _ => match called.receiver {
                // A builder that has no object yet gets one with what it gives.
                Some(receiver) if receiver.refs.is_empty() && receiver.part.is_none() => {
                    if result.refs.is_empty() {
                        let made = state.make(id, Object::new(Kind::Fields));
                        result.refs.clone_from(&made.refs);
                    }
                    result.clone()
                }
                Some(receiver) => receiver.clone(),
                None => return true,
            },
        };
        let key = Key::Field(name.as_str().into());
        if inner.is_empty() {
            for value in values {
                self.store(state, &object, Some(&key), value);
            }
            return true;
        }
        let mut held = self.read_element(state, &object, Some(&key));
        if held.refs.is_empty() && !object.refs.is_empty() {
            let id = ObjectId(super::value::mix(&[called.site.identity, 0x6c69_7374]));
            held = state.make(id, Object::new(Kind::List));
            self.store(state, &object, Some(&key), held.clone());
        }
        for value in values {
            self.add_item(state, &held, value);
        }
        true
    }

    fn add_item(&mut self, state: &mut State, list: &Value, value: Value) {
        for id in &list.refs {
            let Some(object) = state.object_mut(&self.world.heap, *id) else {
                continue;
            };
            match object.items() {
                Some(mut items) if !object.many => {
                    items.push(value.clone());
                    object.set_items(items);
                }
                _ => object.rest = object.rest.join(&value),
            }
        }
    }

    fn row_applies(&mut self, state: &State, hit: &Hit<'w>, called: &Called<'_>) -> bool {
        let all = hit
            .row
            .conditions
            .iter()
            .all(|it| self.holds(state, it, called) == Some(true));
        all && !hit
            .row
            .exceptions
            .iter()
            .any(|it| self.holds(state, it, called) == Some(true))
    }

    // ---- sinks, guards, steps ----

    fn sink(&mut self, state: &mut State, hit: &Hit<'w>, sink: &Sink, called: &Called<'_>) {
        for place in &hit.target.places {
            for passed in self.at_place(state, place, called) {
                self.note_constant(state, sink.kind, &passed.value, called);
                let is_body = matches!(sink.kind, SinkKind::Html | SinkKind::Response);
                let body = match is_body {
                    true => self.body_of(state, &passed.value),
                    false => passed.value.clone(),
                };
                let data = self.data_of(state, &body);
                let data = data.changed(state.agreed(), FactSet::EMPTY);
                let whole = passed.value.known_prefix();
                let facts = whole.map_or(FactSet::EMPTY, |prefix| text::facts_of_prefix(&prefix));
                let facts = match passed.value.refs.is_empty() {
                    true => facts,
                    false => FactSet::EMPTY,
                };
                for entry in data.entries() {
                    let own = entry.facts();
                    let mut entry = entry.clone();
                    if !facts.is_empty()
                        && !own.contains_all(facts)
                        && passed.value.prefix.is_some()
                    {
                        entry = entry.changed(facts, FactSet::EMPTY);
                    }
                    self.reach(Reached {
                        kind: sink.kind,
                        safe_if: sink.safe_if,
                        confidence: hit.row.confidence.unwrap_or(Confidence::High),
                        file: called.site.file,
                        span: called.site.span,
                        argument: passed.span,
                        entry,
                    });
                }
            }
        }
    }

    fn guard(
        &mut self,
        state: &mut State,
        hit: &Hit<'w>,
        guard: &Guard,
        called: &Called<'_>,
    ) -> Option<Arc<Test>> {
        let mut learned = Learned {
            facts: guard.adds,
            needs: guard.needs,
            ..Learned::NOTHING
        };
        if let Some(place) = &guard.value {
            let value = self.at_place(state, place, called).into_iter().next();
            let value = value.map(|it| it.value);
            let is_whole = match &hit.target.form {
                Form::Call(path) => path.ends_with("fullmatch"),
                _ => false,
            };
            let value = value.map(|it| self.pattern_of(state, it));
            if !self.parameter_of_fact(state, guard.adds, value.as_ref(), is_whole, &mut learned) {
                return None;
            }
        }
        if guard.adds.contains(Fact::Approved) {
            return super::approval::approve(state, guard.on, learned);
        }
        let mut test = None;
        for place in &hit.target.places {
            for passed in self.at_place(state, place, called) {
                if passed.value.identity == 0 {
                    continue;
                }
                match guard.on {
                    When::Returns => state.learn(passed.value.identity, &learned),
                    When::OneOf => {}
                    on => {
                        let learn = Test::Learn {
                            when: on == When::True,
                            subject: passed.value.identity,
                            learned: learned.clone(),
                        };
                        test = both(test, Some(Arc::new(learn)));
                    }
                }
            }
        }
        test
    }

    /// The text of a compiled expression.
    fn pattern_of(&self, state: &State, value: Value) -> Value {
        let key = Key::Field("pattern".into());
        let text = value.refs.iter().find_map(|id| {
            let object = state.object(&self.world.heap, *id)?;
            object.entries.get(&key).cloned()
        });
        text.unwrap_or(value)
    }

    /// Makes a fact with a parameter exact: what a prefix fixes, which characters a pattern
    /// allows. False if the check proves nothing.
    fn parameter_of_fact(
        &mut self,
        state: &State,
        facts: FactSet,
        value: Option<&Value>,
        is_whole: bool,
        learned: &mut Learned,
    ) -> bool {
        let text = value.and_then(Value::text);
        if facts.contains(Fact::Prefix) {
            match text {
                Some(prefix) => learned.facts = learned.facts.union(text::facts_of_prefix(prefix)),
                None => {
                    // A resolved path that begins with a base is inside of it.
                    // A base that a caller passes is taken to be the program's own.
                    let is_own = |entry: &Entry| matches!(entry.origin, Origin::Param(_));
                    let trusted = value
                        .is_some_and(|it| self.data_of(state, it).entries().iter().all(is_own));
                    if !trusted {
                        return false;
                    }
                    learned.facts = FactSet::EMPTY.with(Fact::Inside);
                    learned.needs = learned.needs.with(Fact::Resolved);
                }
            }
        }
        if facts.contains(Fact::Matches) || facts.contains(Fact::Alphanumeric) {
            let Some(allowed) = text.and_then(|text| super::pattern::allowed(text, is_whole))
            else {
                return false;
            };
            learned.facts = learned.facts.union(allowed.facts());
            learned.absent = learned.absent.union(allowed.absent());
        }
        if facts.contains(Fact::OneOf) {
            return value.is_some_and(|it| self.data_of(state, it).is_empty());
        }
        true
    }

    /// Puts data into what stands at a place of a call.
    fn taint_place(&mut self, state: &mut State, place: &Place, called: &Called<'_>, data: &Taint) {
        let whole = Place {
            root: place.root.clone(),
            parts: Vec::new(),
        };
        let of_function =
            |part: &Selector| matches!(part, Selector::Parameter(_) | Selector::Result);
        if place.parts.iter().any(of_function) {
            return;
        }
        for passed in self.at_place(state, &whole, called) {
            self.store(state, &passed.value, None, Value::tainted(data.clone()));
            if passed.value.refs.is_empty() {
                self.taint_identity(state, passed.value.identity, data);
            }
        }
    }

    /// The values at a place of a call.
    pub fn at_place(&mut self, state: &State, place: &Place, called: &Called<'_>) -> Vec<Passed> {
        let span = called.site.span;
        let args = called.args;
        let mut found: Vec<Passed> = match &place.root {
            Root::Receiver => called
                .receiver
                .map(|value| Passed {
                    value: value.clone(),
                    span,
                })
                .into_iter()
                .collect(),
            Root::Argument { index, name } => {
                let passed = args.passed(index.map(usize::from), name.as_deref());
                let from_pairs = || {
                    let pairs = args.pairs.as_ref()?;
                    let key = Key::Text(name.as_deref()?.into());
                    Some(Passed {
                        value: self.read_element(state, &pairs.value, Some(&key)),
                        span: pairs.span,
                    })
                };
                passed.or_else(from_pairs).into_iter().collect()
            }
            Root::From(first) => {
                let rest = args.positional.get(usize::from(*first)..).unwrap_or(&[]);
                rest.iter().chain(&args.spread).cloned().collect()
            }
            Root::Keywords => {
                let named = args.named.iter().map(|(_, it)| it);
                named.chain(&args.pairs).cloned().collect()
            }
            Root::Any => args.all().cloned().collect(),
            Root::Value => args.positional.last().cloned().into_iter().collect(),
            Root::Return => Vec::new(),
        };
        for part in &place.parts {
            found = found
                .into_iter()
                .flat_map(|passed| self.part_of(state, passed, part, called.site))
                .collect();
        }
        found
    }

    fn part_of(
        &mut self,
        state: &State,
        passed: Passed,
        part: &Selector,
        site: Site,
    ) -> Vec<Passed> {
        let span = passed.span;
        let value = &passed.value;
        let one = |value: Value| vec![Passed { value, span }];
        match part {
            Selector::Field(name) => {
                let name = name.as_str().into();
                one(self.field_of(site.file, state, value, &name, span))
            }
            Selector::Key(name) => {
                let key = Key::Text(name.as_str().into());
                one(self.read_element(state, value, Some(&key)))
            }
            Selector::Item(at) => {
                let key = Key::Item(i64::from(*at));
                one(self.read_element(state, value, Some(&key)))
            }
            Selector::ItemsFrom(first) => match self.known_items(state, value) {
                Some(items) => items
                    .into_iter()
                    .skip(*first as usize)
                    .map(|value| Passed { value, span })
                    .collect(),
                None => one(self.read_element(state, value, None)),
            },
            Selector::Items => one(self.read_element(state, value, None)),
            Selector::Keys => one(self.iterated(state, value)),
            Selector::Parameter(_) | Selector::Result => Vec::new(),
        }
    }

    // ---- conditions ----

    /// Whether a condition of a row holds; none if that cannot be decided.
    pub fn holds(
        &mut self,
        state: &State,
        condition: &Condition,
        called: &Called<'_>,
    ) -> Option<bool> {
        let found = self.at_place(state, &condition.place, called);
        if condition.test == Ask::Given {
            return Some(found.is_empty() == condition.negated);
        }
        let passed = found.into_iter().next()?;
        let outcome = match &condition.test {
            Ask::Written(expression) => self.is_written(expression, &passed, called.site.file),
            test => self.asks(state, test, &passed.value, called.site.file)?,
        };
        Some(outcome != condition.negated)
    }

    /// Whether a value answers a test; none if that cannot be decided.
    pub fn asks(&mut self, state: &State, test: &Ask, value: &Value, file: FileId) -> Option<bool> {
        let all = |check: &dyn Fn(&Constant) -> bool| {
            let mut outcomes = value.known_constants()?.iter().map(check);
            let first = outcomes.next()?;
            outcomes.all(|it| it == first).then_some(first)
        };
        let of_kind = |kinds: &[super::heap::Kind]| {
            value.refs.iter().any(|id| {
                let object = state.object(&self.world.heap, *id);
                object.is_some_and(|it| kinds.contains(&it.kind))
            })
        };
        match test {
            Ask::Given | Ask::Written(_) => None,
            Ask::True => self.truth(state, value),
            Ask::False => self.truth(state, value).map(|it| !it),
            Ask::None => {
                all(&|it| *it == Constant::None).or((!value.refs.is_empty()).then_some(false))
            }
            Ask::Constant => match value.known_constants() {
                Some(_) => Some(true),
                None if !value.taint.is_empty() => Some(false),
                None => None,
            },
            Ask::Text => match all(&|it| it.text().is_some()) {
                Some(known) => Some(known),
                None if !value.refs.is_empty() => Some(false),
                None if value.prefix.is_some() => Some(true),
                None => None,
            },
            Ask::List => match of_kind(&[super::heap::Kind::List]) {
                true => Some(true),
                false if value.prefix.is_some() || value.known_constants().is_some() => Some(false),
                false => None,
            },
            Ask::Dict => match of_kind(&[super::heap::Kind::Dict]) {
                true => Some(true),
                false if value.prefix.is_some() || value.known_constants().is_some() => Some(false),
                false => None,
            },
            Ask::Number => all(&|it| matches!(it, Constant::Int(_) | Constant::Float(_))),
            Ask::OneOf(atoms) => self.one_of(atoms, value, file),
            Ask::Contains(part) => match all(&|it| it.text().is_some_and(|it| it.contains(part))) {
                Some(known) => Some(known),
                None => {
                    let items = self.known_items(state, value)?;
                    Some(items.iter().any(|it| it.text() == Some(part)))
                }
            },
            Ask::StartsWith(prefix) => {
                let known = value.known_prefix()?;
                match known.starts_with(prefix.as_str()) {
                    true => Some(true),
                    false if prefix.starts_with(&*known) => None,
                    false => Some(false),
                }
            }
            Ask::Matches(expression) => {
                all(&|it| it.text().is_some_and(|it| expression.0.is_match(it)))
            }
            Ask::Type(of) => {
                let mut types = value.things.iter().filter_map(|thing| match thing {
                    Thing::Instance(of) => Some(of.clone()),
                    _ => None,
                });
                let first = types.next()?;
                Some(
                    self.program()
                        .lineage(file, &first)
                        .iter()
                        .any(|it| **it == **of),
                )
            }
            Ask::Below(bound) => {
                all(&|it| matches!(it, Constant::Int(it) if *it < i128::from(*bound)))
            }
            Ask::Above(bound) => {
                all(&|it| matches!(it, Constant::Int(it) if *it > i128::from(*bound)))
            }
            Ask::SlowRegex => None,
            Ask::Holds(kind) => {
                let data = self.data_of(state, value);
                let is_kind = |entry: &Entry| matches!(&entry.origin, Origin::Source(source) if source.kind == *kind);
                Some(data.entries().iter().any(is_kind))
            }
        }
    }

    fn one_of(&self, atoms: &[Atom], value: &Value, file: FileId) -> Option<bool> {
        let model = self.program().model(file);
        let names: Vec<&Arc<str>> = value
            .things
            .iter()
            .filter_map(|thing| match thing {
                Thing::Name(name) => Some(name),
                _ => None,
            })
            .collect();
        let is_named = |name: &Arc<str>| {
            atoms.iter().any(|atom| match atom {
                Atom::Path(path) => **name == **path || model.same(name) == Some(path),
                _ => false,
            })
        };
        let is_written = |value: &Constant| {
            atoms.iter().any(|atom| match atom {
                Atom::Path(_) => false,
                Atom::Text(text) => value.text() == Some(text),
                Atom::Number(number) => *value == Constant::Int(i128::from(*number)),
            })
        };
        let constants = value.known_constants().unwrap_or(&[]);
        let mut outcomes = names
            .iter()
            .map(|name| is_named(name))
            .chain(constants.iter().map(is_written));
        let first = outcomes.next()?;
        outcomes.all(|it| it == first).then_some(first)
    }

    // ---- operators and assignments ----

    /// Rows about the method that an operator stands for.
    pub fn operator_rows(
        &mut self,
        frame: &Frame<'w>,
        state: &mut State,
        op: BinaryOp,
        left: &Value,
        right: &Value,
        span: Span,
    ) -> Option<Value> {
        let name = match op {
            BinaryOp::Add => "__add__",
            BinaryOp::Mod => "__mod__",
            BinaryOp::Div => "__truediv__",
            _ => return None,
        };
        let file = frame.at.file;
        let mut types: Vec<Arc<str>> = left
            .things
            .iter()
            .filter_map(|thing| match thing {
                Thing::Instance(of) => Some(of.clone()),
                _ => None,
            })
            .collect();
        if types.is_empty() && op == BinaryOp::Mod && !left.taint.is_empty() {
            types.push("str".into());
        }
        let args = Args {
            positional: vec![Passed {
                value: right.clone(),
                span,
            }],
            ..Args::default()
        };
        let site = Site {
            file,
            span,
            identity: 0,
        };
        for of in types {
            if self.type_has_rows(file, &of, name) {
                let name = name.into();
                let outcome = self.typed_method(state, &of, left, &name, &args, site);
                return Some(outcome.value);
            }
        }
        None
    }

    /// Rows about an attribute or element that is assigned.
    pub fn stored(
        &mut self,
        frame: &Frame<'w>,
        state: &mut State,
        base: &Value,
        last: &PlaceStep,
        value: &Value,
        span: Span,
    ) {
        let file = frame.at.file;
        let model = self.program().model(file);
        let types: Vec<Arc<str>> = base
            .things
            .iter()
            .filter_map(|thing| match thing {
                Thing::Instance(of) | Thing::Name(of) => Some(of.clone()),
                _ => None,
            })
            .collect();
        let site = Site {
            file,
            span,
            identity: 0,
        };
        let passed = |value: &Value| Passed {
            value: value.clone(),
            span,
        };
        for of in types {
            for of in self.program().lineage(file, &of) {
                let (hits, args): (Vec<Hit<'w>>, Args) = match last {
                    PlaceStep::Field(name) => {
                        let args = Args {
                            positional: vec![passed(value)],
                            ..Args::default()
                        };
                        (model.stores(&format!("{of}.{name}")).collect(), args)
                    }
                    _ => {
                        let key = self.key_value(frame, state, last);
                        let args = Args {
                            positional: vec![passed(&key), passed(value)],
                            ..Args::default()
                        };
                        (model.calls(&format!("{of}.__setitem__")).collect(), args)
                    }
                };
                let called = Called {
                    receiver: Some(base),
                    args: &args,
                    site,
                };
                self.apply_rows(state, &hits, &called);
            }
        }
    }

    fn key_value(&self, frame: &Frame<'w>, state: &State, step: &PlaceStep) -> Value {
        match step {
            PlaceStep::At(value) => Value::constant(value.clone()),
            PlaceStep::By(local) => super::interpret::read_local(frame, state, *local),
            _ => Value::any(),
        }
    }
}

/// Whether a path names a class, as libraries spell them.
fn is_class_name(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path);
    last.starts_with(|c: char| c.is_ascii_uppercase()) && last.chars().any(|c| c.is_lowercase())
}
