//! What instructions compute: operators, texts with holes, containers.

use std::sync::Arc;

use caveat_parser::ir::{
    BinaryOp, CompareOp, Element, Operand, Piece, Rvalue, SequenceKind, UnaryOp,
};
use caveat_parser::{Constant, Span};

use super::constant;
use super::guard::{Learned, Test};
use super::heap::{Kind, Object, State};
use super::interpret::{Frame, Machine, read_local};
use super::text;
use super::value::{
    Absent, ClassRef, FunctionRef, Identity, Key, Known, ObjectId, Taint, Thing, Value, mix,
};
use crate::model::{Fact, FactSet};

/// Combinations of constants that an operator is computed for.
const MOST_PAIRS: usize = 36;

impl<'w> Machine<'w> {
    /// The value of a computation. Objects it makes are told apart by `identity`.
    pub fn rvalue(
        &mut self,
        frame: &Frame<'w>,
        state: &mut State,
        value: &'w Rvalue,
        identity: Identity,
        span: Span,
    ) -> Value {
        let id = ObjectId(identity);
        let file = frame.at.file;
        match value {
            Rvalue::Use(operand) | Rvalue::Await(operand) => self.read(frame, state, operand, span),
            Rvalue::Binary(op, left, right) => {
                let left = self.read(frame, state, left, span);
                let right = self.read(frame, state, right, span);
                self.binary(frame, state, *op, &left, &right, identity, span)
            }
            Rvalue::Not(operand) => {
                let value = self.read(frame, state, operand, span);
                let mut result = match self.truth(state, &value) {
                    Some(truth) => Value::constant(Constant::Bool(!truth)),
                    None => Value::any(),
                };
                result.test = value.test.map(|test| Arc::new(Test::Not(test)));
                result
            }
            Rvalue::Unary(op, operand) => {
                let value = self.read(frame, state, operand, span);
                unary(*op, &value)
            }
            Rvalue::Compare(op, left, right) => {
                let (a, b) = (left, right);
                let left = self.read(frame, state, left, span);
                let right = self.read(frame, state, right, span);
                if self.is_rust(file)
                    && let Some(known) = super::rust::same_names(*op, &left, &right)
                {
                    return known;
                }
                if matches!(op, CompareOp::Equal | CompareOp::NotEqual) {
                    self.held_against(frame, state, (a, &left), (b, &right), span);
                    self.held_against(frame, state, (b, &right), (a, &left), span);
                }
                if self.is_rust(file)
                    && let Some(known) = super::rust::same_names(*op, &left, &right)
                {
                    return known;
                }
                self.compare(state, *op, &left, &right)
            }
            Rvalue::Format(pieces) => {
                let parts: Vec<Value> = pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Text(text) => Value::constant(Constant::Str(text.to_string())),
                        Piece::Hole(operand, spec) => {
                            let value = self.read(frame, state, operand, span);
                            let data = self.data_of(state, &value);
                            text::formatted(value, data, spec)
                        }
                    })
                    .collect();
                text::concatenated(&parts, file, span)
            }
            Rvalue::Sequence(kind, elements) => {
                self.sequence(frame, state, *kind, elements, id, span)
            }
            Rvalue::Dict(pairs) => self.dict(frame, state, pairs, id, span),
            Rvalue::Struct { name, fields, rest } => {
                let mut object = Object::new(Kind::Fields);
                if let Some(rest) = rest {
                    let rest = self.read(frame, state, rest, span);
                    object.rest = self.read_element(state, &rest, None);
                }
                for (field, operand) in fields {
                    let value = self.read(frame, state, operand, span);
                    object.set(Some(&Key::Field(field.clone())), value, true);
                }
                let class = self.read_name(file, name, span);
                let mut value = state.make(id, object);
                for thing in class.things {
                    match thing {
                        Thing::Class(class) => value.things.push(Thing::Of(class)),
                        Thing::Name(name) => value.things.push(Thing::Instance(name)),
                        _ => {}
                    }
                }
                value
            }
            Rvalue::Slice {
                of,
                start,
                stop,
                step,
            } => self.slice(frame, state, of, [start, stop, step], id, span),
            Rvalue::Element(operand) => {
                let value = self.read(frame, state, operand, span);
                match self.is_rust(file) {
                    true => self.rust_element(state, &value, id),
                    false => self.iterated(state, &value),
                }
            }
            Rvalue::Closure(function, captured) => {
                let captured = captured
                    .iter()
                    .map(|local| read_local(frame, state, *local))
                    .collect();
                Value::thing(Thing::Function {
                    function: FunctionRef {
                        file,
                        id: *function,
                    },
                    captured,
                    receiver: None,
                })
            }
            Rvalue::Class(class) => {
                let class = ClassRef { file, id: *class };
                let id = class_object(class);
                let object = Object::new(Kind::Class(class));
                Arc::make_mut(&mut state.heap).insert(id, Arc::new(object));
                self.class_value(class)
            }
            Rvalue::Cells => state.make(id, Object::new(Kind::Fields)),
            Rvalue::Exception(types) => self.exception(file, types, span),
            Rvalue::Is(operand, name) => {
                let value = self.read(frame, state, operand, span);
                match self.is_rust(file) {
                    true => self.variant_test(&value, name),
                    false => self.type_test(file, &value, name),
                }
            }
            Rvalue::Typed(operand, of) => {
                let value = self.read(frame, state, operand, span);
                self.as_typed(file, value, of)
            }
            Rvalue::Variant(operand, is_success) => {
                let value = self.read(frame, state, operand, span);
                self.variant(value, *is_success)
            }
            Rvalue::Payload(operand) => {
                let value = self.read(frame, state, operand, span);
                super::rust::payload(value)
            }
            Rvalue::HasLength(operand, length, exact) => {
                let value = self.read(frame, state, operand, span);
                self.has_length(state, &value, *length, *exact)
            }
            Rvalue::Unknown(operands) => {
                let mut taint = Taint::NONE;
                for operand in operands {
                    let value = self.read(frame, state, operand, span);
                    taint = taint.join(&self.data_of(state, &value));
                }
                Value::tainted(taint)
            }
        }
    }

    /// All data in a value.
    pub fn data_of(&self, state: &State, value: &Value) -> Taint {
        state.data(&self.world.heap, value)
    }

    /// A class as a value.
    pub fn class_value(&self, class: ClassRef) -> Value {
        Value {
            refs: vec![class_object(class)],
            ..Value::thing(Thing::Class(class))
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn binary(
        &mut self,
        frame: &Frame<'w>,
        state: &mut State,
        op: BinaryOp,
        left: &Value,
        right: &Value,
        identity: Identity,
        span: Span,
    ) -> Value {
        if let Some(known) = pairwise(left, right, |a, b| constant::binary(op, a, b)) {
            return known;
        }
        let file = frame.at.file;
        if op == BinaryOp::Mod
            && let Some(template) = left.text()
        {
            let args = self.percent_arguments(state, right);
            let parts = text::percent(template, &args, |value| self.data_of(state, value));
            return text::concatenated(&parts, file, span);
        }
        if let Some(value) = self.operator_rows(frame, state, op, left, right, span) {
            return value;
        }
        if op == BinaryOp::Add
            && let Some(value) = self.list_sum(state, left, right, ObjectId(identity))
        {
            return value;
        }
        let one = |machine: &Self, value: &Value| {
            value.clone().with_taint(&machine.data_of(state, value))
        };
        let (left, right) = (one(self, left), one(self, right));
        let is_number = |value: &Value| {
            let constants = value.known_constants();
            constants.is_some_and(|it| {
                it.iter()
                    .all(|it| matches!(it, Constant::Int(_) | Constant::Float(_)))
            })
        };
        match op {
            BinaryOp::Add if !is_number(&left) && !is_number(&right) => {
                text::concatenated(&[left, right], file, span)
            }
            _ => {
                let taint = left.taint.join(&right.taint);
                let number = is_number(&left) || is_number(&right);
                let gained = match number && op != BinaryOp::Mul {
                    true => FactSet::EMPTY.with(Fact::Number),
                    false => FactSet::EMPTY,
                };
                Value::tainted(taint.changed(gained, FactSet::EMPTY))
            }
        }
    }

    /// The values that fill the holes of `template % value`.
    fn percent_arguments(&mut self, state: &State, value: &Value) -> text::Arguments {
        if let [id] = value.refs.as_slice()
            && let Some(object) = state.object(&self.world.heap, *id)
        {
            match object.kind {
                Kind::List => {
                    if let Some(items) = object.items() {
                        return text::Arguments::positional(items);
                    }
                }
                Kind::Dict => {
                    let named = object.entries.iter().filter_map(|(key, value)| match key {
                        Key::Text(name) => Some((name.clone(), value.clone())),
                        _ => None,
                    });
                    return text::Arguments {
                        named: named.collect(),
                        rest: object.get(None),
                        ..text::Arguments::default()
                    };
                }
                _ => {}
            }
        }
        let mut rest = value.clone();
        rest.taint = self.data_of(state, value);
        text::Arguments {
            positional: vec![rest.clone()],
            rest,
            ..text::Arguments::default()
        }
    }

    fn list_sum(
        &mut self,
        state: &mut State,
        left: &Value,
        right: &Value,
        id: ObjectId,
    ) -> Option<Value> {
        let object = |value: &Value| match value.refs.as_slice() {
            [only] => {
                let object = state.object(&self.world.heap, *only)?;
                (object.kind == Kind::List).then(|| object.clone())
            }
            _ => None,
        };
        let (a, b) = (object(left)?, object(right)?);
        let mut sum = Object::new(Kind::List);
        match (a.items(), b.items()) {
            (Some(mut items), Some(more)) => {
                items.extend(more);
                sum.set_items(items);
            }
            _ => {
                sum.rest = a.get(None).join(&b.get(None));
                sum.closed = false;
            }
        }
        Some(state.make(id, sum))
    }

    /// The outcome of a comparison, with what it says of both values.
    pub fn compare(&mut self, state: &State, op: CompareOp, left: &Value, right: &Value) -> Value {
        if let Some(known) = pairwise(left, right, |a, b| {
            constant::compare(op, a, b).map(Constant::Bool)
        }) {
            let mut known = known;
            known.test = self.comparison_test(state, op, left, right);
            return known;
        }
        let outcomes = match self.membership(state, op, left, right) {
            Some(outcome) => vec![Constant::Bool(outcome)],
            None => vec![Constant::Bool(true), Constant::Bool(false)],
        };
        let mut result = Value::constants(outcomes);
        let test = self.comparison_test(state, op, left, right);
        result.test = super::guard::both(test, super::approval::compared(op, left, right));
        result
    }

    /// `constant in list or dict`, where all elements or keys are known.
    fn membership(
        &self,
        state: &State,
        op: CompareOp,
        left: &Value,
        right: &Value,
    ) -> Option<bool> {
        if !matches!(op, CompareOp::In | CompareOp::NotIn) {
            return None;
        }
        let item = left.known_constant()?;
        let [id] = right.refs.as_slice() else {
            return None;
        };
        let object = state.object(&self.world.heap, *id)?;
        if !object.rest.is_nothing() || !object.closed || object.many {
            return None;
        }
        let holds = match object.kind {
            Kind::Dict => object.entries.contains_key(&Key::from_constant(item)?),
            Kind::List => {
                let items: Option<Vec<&Constant>> =
                    object.entries.values().map(Value::known_constant).collect();
                items?.iter().any(|it| constant::equal(it, item))
            }
            _ => return None,
        };
        Some(holds == (op == CompareOp::In))
    }

    /// What a comparison says of the values in it.
    fn comparison_test(
        &self,
        state: &State,
        op: CompareOp,
        left: &Value,
        right: &Value,
    ) -> Option<Arc<Test>> {
        let (value, other, op) = match (left.known_constants(), right.known_constants()) {
            (Some(_), None) if !matches!(op, CompareOp::In | CompareOp::NotIn) => (right, left, op),
            _ => (left, right, op),
        };
        let mut allowed = self.allowed_aspect(state, op, value, other);
        if matches!(op, CompareOp::In | CompareOp::NotIn) {
            allowed = super::guard::both(allowed, self.allowed_aspect(state, op, right, left));
        }
        let test = match op {
            CompareOp::Equal | CompareOp::Is | CompareOp::NotEqual | CompareOp::IsNot => {
                equality(value, other)
            }
            CompareOp::In | CompareOp::NotIn => match left.known_constant() {
                Some(Constant::Str(part)) => lacks(right, part),
                _ => self.member(state, left, right),
            },
            CompareOp::Less
            | CompareOp::LessEqual
            | CompareOp::Greater
            | CompareOp::GreaterEqual => return bounded(op, left, right),
        };
        let test = test.map(|test| {
            Arc::new(match op {
                CompareOp::NotEqual | CompareOp::IsNot | CompareOp::NotIn => {
                    Test::Not(Arc::new(test))
                }
                _ => test,
            })
        });
        super::guard::both(test, allowed)
    }

    /// A part of a value that is compared with what is allowed says something of the whole.
    fn allowed_aspect(
        &self,
        state: &State,
        op: CompareOp,
        value: &Value,
        other: &Value,
    ) -> Option<Arc<Test>> {
        let (subject, fact) = value.aspect?;
        let when = match op {
            CompareOp::Equal | CompareOp::In => true,
            CompareOp::NotEqual | CompareOp::NotIn => false,
            _ => return None,
        };
        let is_empty = other.text() == Some("");
        if is_empty || !self.data_of(state, other).is_empty() {
            return None;
        }
        let mut learned = Learned::facts(FactSet::EMPTY.with(fact));
        if fact == Fact::Inside {
            learned.needs = FactSet::EMPTY.with(Fact::Resolved);
        }
        Some(Arc::new(Test::Learn {
            when,
            subject,
            learned,
        }))
    }

    /// `value in allowed`: one of known constants, or of a collection that no attacker fills.
    fn member(&self, state: &State, value: &Value, container: &Value) -> Option<Test> {
        if value.identity == 0 {
            return None;
        }
        let mut constants: Option<Vec<Constant>> = Some(Vec::new());
        for id in &container.refs {
            let object = state.object(&self.world.heap, *id)?;
            let items = match object.kind {
                Kind::Dict => object.entries.keys().map(key_constant).collect(),
                _ => object
                    .entries
                    .values()
                    .chain((!object.rest.is_nothing()).then_some(&object.rest))
                    .map(Value::known_constants)
                    .collect::<Option<Vec<_>>>()
                    .map(|it| it.concat()),
            };
            let closed = object.closed || object.kind == Kind::List;
            constants = match (constants, items.filter(|_| closed)) {
                (Some(mut all), Some(items)) => {
                    all.extend(items);
                    Some(all)
                }
                _ => None,
            };
        }
        if let Some(texts) = container.known_constants() {
            let lists: Option<Vec<Constant>> = texts
                .iter()
                .map(|it| match it {
                    Constant::List(items) => Some(items.clone()),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>()
                .map(|it| it.concat());
            match (lists, &mut constants) {
                (Some(lists), Some(all)) => all.extend(lists),
                _ => return None,
            }
        }
        let constants = constants.filter(|it| !it.is_empty() && it.len() <= 64);
        let learned = match constants {
            Some(values) => Learned {
                one_of: Some(values.into()),
                ..Learned::NOTHING
            },
            None if self.data_of(state, container).is_empty() => {
                Learned::facts(FactSet::EMPTY.with(Fact::OneOf))
            }
            None => return None,
        };
        Some(Test::Learn {
            when: true,
            subject: value.identity,
            learned,
        })
    }

    fn sequence(
        &mut self,
        frame: &Frame<'w>,
        state: &mut State,
        kind: SequenceKind,
        elements: &[Element],
        id: ObjectId,
        span: Span,
    ) -> Value {
        let mut object = Object::new(match kind {
            SequenceKind::Set => Kind::Set,
            _ => Kind::List,
        });
        let mut items = Vec::new();
        let mut many = false;
        for element in elements {
            match element {
                Element::One(operand) => items.push(self.read(frame, state, operand, span)),
                Element::Many(operand) => {
                    many = true;
                    items.push(self.read(frame, state, operand, span));
                }
                Element::Spread(operand) => {
                    let value = self.read(frame, state, operand, span);
                    match self.known_items(state, &value) {
                        Some(known) => items.extend(known),
                        None => {
                            many = true;
                            items.push(self.iterated(state, &value));
                        }
                    }
                }
            }
        }
        if many || kind == SequenceKind::Set {
            for value in items {
                object.rest = object.rest.join(&value);
            }
            object.closed = !many;
        } else {
            object.set_items(items);
        }
        state.make(id, object)
    }

    /// The elements of a list in order, if they are all known.
    pub fn known_items(&self, state: &State, value: &Value) -> Option<Vec<Value>> {
        match value.refs.as_slice() {
            [only] if value.taint.is_empty() => {
                let object = state.object(&self.world.heap, *only)?;
                (object.kind == Kind::List).then(|| object.items())?
            }
            [] => match value.known_constant()? {
                Constant::List(items) => Some(items.iter().cloned().map(Value::constant).collect()),
                _ => None,
            },
            _ => None,
        }
    }

    fn dict(
        &mut self,
        frame: &Frame<'w>,
        state: &mut State,
        pairs: &[(Option<Operand>, Operand)],
        id: ObjectId,
        span: Span,
    ) -> Value {
        let mut object = Object::new(Kind::Dict);
        for (key, operand) in pairs {
            let value = self.read(frame, state, operand, span);
            match key {
                Some(key) => {
                    let key = self.read(frame, state, key, span);
                    let known = key.known_constant().and_then(Key::from_constant);
                    let value = match known {
                        Some(_) => value,
                        None => value.with_taint(&key.taint),
                    };
                    object.closed &= known.is_some();
                    object.set(known.as_ref(), value, true);
                }
                None => super::container::update(self, state, &mut object, &value),
            }
        }
        state.make(id, object)
    }

    fn slice(
        &mut self,
        frame: &Frame<'w>,
        state: &mut State,
        of: &Operand,
        bounds: [&Option<Operand>; 3],
        id: ObjectId,
        span: Span,
    ) -> Value {
        let value = self.read(frame, state, of, span);
        let [start, stop, step] = bounds.map(|bound| {
            bound
                .as_ref()
                .map(|bound| self.read(frame, state, bound, span))
        });
        let known = |bound: &Option<Value>| match bound {
            None => Some(None),
            Some(bound) => bound.known_constant().cloned().map(Some),
        };
        let bounds = known(&start).zip(known(&stop)).filter(|_| step.is_none());
        if let Some((start, stop)) = &bounds {
            if let Some(of) = value.known_constant()
                && let Some(part) = constant::slice(of, start.as_ref(), stop.as_ref())
            {
                return Value::constant(part);
            }
            if let Some(items) = self.known_items(state, &value)
                && let Some((from, to)) =
                    constant::bounds(items.len(), start.as_ref(), stop.as_ref())
            {
                let mut object = Object::new(Kind::List);
                object.set_items(items[from..to].to_vec());
                return state.make(id, object);
            }
        }
        if !value.refs.is_empty() {
            let mut object = Object::new(Kind::List);
            object.rest = self.read_element(state, &value, None);
            object.closed = false;
            return state.make(id, object);
        }
        // A part of a text from its start keeps what it begins with, in part.
        let from_start = matches!(&bounds, Some((None | Some(Constant::Int(0)), _)));
        let lost = match from_start {
            true => text::of_the_whole(),
            false => text::of_the_whole().union(text::of_the_front()),
        };
        let inner = matches!(
            &bounds,
            Some((Some(Constant::Int(1)), Some(Constant::Int(-1))))
        );
        Value {
            aspect: (inner && value.identity != 0).then_some((value.identity, Fact::NoQuoteWithin)),
            ..Value::tainted(value.taint.changed(FactSet::EMPTY, lost))
        }
    }

    /// What a loop over a value gives.
    pub fn iterated(&mut self, state: &State, value: &Value) -> Value {
        let mut found = Value::default();
        let mut others = value.clone();
        others.refs.clear();
        for id in &value.refs {
            let Some(object) = state.object(&self.world.heap, *id) else {
                continue;
            };
            if object.kind != Kind::Dict {
                others.refs.push(*id);
                continue;
            }
            let keys: Option<Vec<Constant>> = object.entries.keys().map(key_constant).collect();
            found = found.join(&match keys.filter(|_| object.closed) {
                Some(keys) if !keys.is_empty() => Value::constants(keys),
                _ => Value::tainted(self.data_of(state, &Value::object(*id))),
            });
        }
        if others.refs.is_empty() && !found.is_nothing() && others.taint.is_empty() {
            return found;
        }
        if let Some([Constant::Str(_)]) = others.known_constants() {
            return Value::any();
        }
        let element = self.read_element(state, &others, None);
        // Elements of one parameter are told apart from it only by name.
        found.join(&element).anonymous()
    }

    /// `isinstance(value, name)` and patterns like it.
    pub fn type_test(
        &mut self,
        file: caveat_parser::link::FileId,
        value: &Value,
        name: &Arc<str>,
    ) -> Value {
        let mut result = Value::any();
        if let Some(values) = value.known_constants() {
            let outcomes: Option<Vec<bool>> = values.iter().map(|it| has_type(it, name)).collect();
            if let Some([first, rest @ ..]) = outcomes.as_deref()
                && rest.iter().all(|it| it == first)
            {
                return Value::constant(Constant::Bool(*first));
            }
        }
        let facts = self
            .program()
            .model(file)
            .facts_of_type(name)
            .union(facts_of(name));
        if value.identity != 0 && !facts.is_empty() {
            result.test = Some(Arc::new(Test::Learn {
                when: true,
                subject: value.identity,
                learned: Learned::facts(facts),
            }));
        }
        result
    }

    fn has_length(&self, state: &State, value: &Value, length: usize, exact: bool) -> Value {
        match self.known_items(state, value) {
            Some(items) => {
                let fits = match exact {
                    true => items.len() == length,
                    false => items.len() >= length,
                };
                Value::constant(Constant::Bool(fits))
            }
            None if value.known_constants().is_some() => Value::constant(Constant::Bool(false)),
            None => Value::any(),
        }
    }
}

/// The object that holds the fields of a class.
pub fn class_object(class: ClassRef) -> ObjectId {
    ObjectId(mix(&[
        0x636c_6173,
        u64::from(class.file.0),
        u64::from(class.id.0),
    ]))
}

/// Facts that follow from the types of the language itself.
pub fn facts_of(name: &str) -> FactSet {
    match name.rsplit('.').next().unwrap_or(name) {
        "int" | "float" | "complex" | "Decimal" => FactSet::EMPTY.with(Fact::Number),
        "bool" => FactSet::EMPTY.with(Fact::Number).with(Fact::Boolean),
        "UUID" => FactSet::EMPTY.with(Fact::Alphanumeric),
        "str" | "bytes" => FactSet::EMPTY.with(Fact::Text),
        _ => FactSet::EMPTY,
    }
}

fn has_type(value: &Constant, name: &str) -> Option<bool> {
    let own = match value {
        Constant::Int(_) => "int",
        Constant::Float(_) => "float",
        Constant::Str(_) => "str",
        Constant::Bytes(_) => "bytes",
        Constant::Bool(_) => "bool",
        Constant::None => "NoneType",
        Constant::List(_) | Constant::Dict(_) => return None,
    };
    let known = [
        "int", "float", "str", "bytes", "bool", "list", "dict", "tuple",
    ];
    match known.contains(&name) {
        true => Some(own == name || own == "bool" && name == "int"),
        false => None,
    }
}

fn key_constant(key: &Key) -> Option<Constant> {
    Some(match key {
        Key::Item(at) => Constant::Int(i128::from(*at)),
        Key::Text(text) => Constant::Str(text.to_string()),
        Key::Field(_) => return None,
    })
}

fn unary(op: UnaryOp, value: &Value) -> Value {
    if let Some(values) = value.known_constants() {
        let results: Option<Vec<Constant>> =
            values.iter().map(|it| constant::unary(op, it)).collect();
        if let Some(results) = results {
            return Value::constants(results);
        }
    }
    Value::tainted(value.taint.clone())
}

/// The results for all pairs of constants, if both values are known.
fn pairwise(
    left: &Value,
    right: &Value,
    compute: impl Fn(&Constant, &Constant) -> Option<Constant>,
) -> Option<Value> {
    let (left, right) = (left.known_constants()?, right.known_constants()?);
    if left.len() * right.len() > MOST_PAIRS {
        return None;
    }
    let mut results: Vec<Constant> = Vec::new();
    for a in left {
        for b in right {
            let result = compute(a, b)?;
            if !results.contains(&result) {
                results.push(result);
            }
        }
    }
    let value = Value::constants(results);
    (value.known != Known::Nothing && value.known != Known::Any).then_some(value)
}

/// `value == constant`
fn equality(value: &Value, other: &Value) -> Option<Test> {
    let Some(constants) = other.known_constants() else {
        return same_as_own(value, other).or_else(|| same_as_own(other, value));
    };
    // A result of a check that is compared with a truth value or `None`.
    let truths: Vec<bool> = constants.iter().map(constant::truth).collect();
    let about = value
        .test
        .as_ref()
        .and_then(|test| match truths.as_slice() {
            [true] => Some(Test::Not(Arc::new(Test::Not(test.clone())))),
            [false] => Some(Test::Not(test.clone())),
            _ => None,
        });
    if value.identity == 0 {
        return about;
    }
    let learn = |when, learned| Test::Learn {
        when,
        subject: value.identity,
        learned,
    };
    let same = learn(
        true,
        Learned {
            one_of: Some(constants.into()),
            ..Learned::NOTHING
        },
    );
    let different = learn(
        false,
        Learned {
            none_of: Some(constants.into()),
            ..Learned::NOTHING
        },
    );
    let own = Test::Both(Arc::new(same), Arc::new(different));
    Some(match about {
        Some(about) => Test::Both(Arc::new(own), Arc::new(about)),
        None => own,
    })
}

/// What equals a value of the program's own is none of the sender's making.
fn same_as_own(value: &Value, own: &Value) -> Option<Test> {
    let is_own = own.taint.is_empty() && own.refs.is_empty() && own.part.is_none();
    let counts = is_own && value.identity != 0 && !value.taint.is_empty();
    counts.then(|| Test::Learn {
        when: true,
        subject: value.identity,
        learned: Learned::facts(
            FactSet::EMPTY
                .with(Fact::OneOf)
                .with(Fact::Inside)
                .with(Fact::HostAllowed),
        ),
    })
}

/// `"c" in text`: if not, it lacks that character.
fn lacks(text: &Value, part: &str) -> Option<Test> {
    if let Some((subject, fact @ Fact::NoQuoteWithin)) = text.aspect
        && matches!(part, "'" | "\"")
    {
        return Some(Test::Learn {
            when: false,
            subject,
            learned: Learned::facts(FactSet::EMPTY.with(fact)),
        });
    }
    let mut characters = part.chars();
    let absent = match (characters.next(), characters.next()) {
        (Some(only), None) => Absent::one(only),
        _ if matches!(part, ".." | "../") => Absent::WAY_UP,
        _ => return None,
    };
    (text.identity != 0).then_some(Test::Learn {
        when: false,
        subject: text.identity,
        learned: Learned {
            absent,
            ..Learned::NOTHING
        },
    })
}

/// `a < b` bounds both, on either side.
fn bounded(op: CompareOp, left: &Value, right: &Value) -> Option<Arc<Test>> {
    let less = matches!(op, CompareOp::Less | CompareOp::LessEqual);
    let learn = |value: &Value, when: bool, above: bool| {
        let fact = match above {
            true => Fact::BoundedAbove,
            false => Fact::BoundedBelow,
        };
        (value.identity != 0 && !value.taint.is_empty()).then(|| {
            Arc::new(Test::Learn {
                when,
                subject: value.identity,
                learned: Learned::facts(FactSet::EMPTY.with(fact)),
            })
        })
    };
    let mut test = None;
    for (value, above) in [(left, less), (right, !less)] {
        test = super::guard::both(test, learn(value, true, above));
        test = super::guard::both(test, learn(value, false, !above));
    }
    test
}
