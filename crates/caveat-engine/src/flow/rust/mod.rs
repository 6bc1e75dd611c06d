//! What Rust's own types, methods and conventions do with values: more exactly than a model can
//! say.
//!
//! Conversions and wrappers that keep a value are the value itself, so what a guard finds out of
//! one holds for the other. `Some`, `Ok`, `None` and `Err` are marks on a value. Types count with
//! what they hold: a `Query<Search>` is a `Query` and a `Search`, for it lends the methods and
//! fields of both.

mod adaptors;
mod construct;
mod fields;
mod methods;
mod predicate;
pub mod registered;
mod text;
mod types;

use caveat_parser::Constant;
use caveat_parser::ir::{Call, Callee, CompareOp, Operand};
use caveat_parser::link::FileId;

use super::call::{Args, Site};
use super::heap::State;
use super::interpret::{Frame, Machine};
use super::summary::Outcome;
use super::value::{Identity, Thing, Value, mix};

fn plain(value: Value) -> Option<Outcome> {
    Some(outcome(value))
}

fn outcome(value: Value) -> Outcome {
    Outcome {
        value,
        ..Outcome::default()
    }
}

/// The value without what marks it as a success or a failure.
pub fn payload(mut value: Value) -> Value {
    value
        .things
        .retain(|thing| !matches!(thing, Thing::Variant(_)));
    value.test = None;
    value
}

/// A comparison of two names of plain variants.
pub fn same_names(op: CompareOp, left: &Value, right: &Value) -> Option<Value> {
    let name = |value: &Value| match value.things.as_slice() {
        [Thing::Name(name)] if value.taint.is_empty() => Some(name.clone()),
        _ => None,
    };
    let same = name(left)? == name(right)?;
    let truth = match op {
        CompareOp::Equal => same,
        CompareOp::NotEqual => !same,
        _ => return None,
    };
    Some(Value::constant(Constant::Bool(truth)))
}

/// Whether a value is marked as a success or a failure; none if it may be either.
pub fn marked(value: &Value) -> Option<bool> {
    let mut marks = value.things.iter().filter_map(|thing| match thing {
        Thing::Variant(is_success) => Some(*is_success),
        _ => None,
    });
    let first = marks.next()?;
    marks.all(|it| it == first).then_some(first)
}

/// The identity of a part of a value that has no object of its own.
fn part_identity(of: Identity, key: &str) -> Identity {
    match of {
        0 => 0,
        of => key
            .bytes()
            .fold(mix(&[of]), |all, byte| mix(&[all, u64::from(byte)])),
    }
}

/// Takes up what conditions said of a part of a value that was read before.
fn recall(state: &State, value: &mut Value) {
    if value.identity == 0 {
        return;
    }
    let identity = value.identity;
    for (known, learned) in &*state.learned {
        if *known == identity {
            super::heap::refine(value, identity, learned);
        }
    }
}

impl<'w> Machine<'w> {
    /// Whether a file is Rust.
    pub fn is_rust(&self, file: FileId) -> bool {
        self.program().code(file).is_rust
    }

    /// `Some(x)`, `Ok(x)`, `None`, `Err(_)`.
    pub fn variant(&mut self, value: Value, is_success: bool) -> Value {
        let mut value = match is_success {
            true => payload(value),
            false => Value::any(),
        };
        value.things.push(Thing::Variant(is_success));
        value
    }

    /// Texts that are lent to be changed get an identity, so that the change is seen.
    pub fn lend_texts(
        &mut self,
        frame: &Frame<'w>,
        state: &mut State,
        call: &Call,
        identity: Identity,
    ) {
        for arg in &call.args {
            let Operand::Place(place) = &arg.value else {
                continue;
            };
            let Some(local) = place.as_local() else {
                continue;
            };
            let Some(value) = state.variables.get(local.index()) else {
                continue;
            };
            if value.identity != 0 || value.known_constant().is_none() {
                continue;
            }
            let text = arg
                .span
                .text(&self.program().code(frame.at.file).source.text);
            if text.starts_with("&mut") {
                let mut value = Value::clone(value);
                value.identity = mix(&[identity, u64::from(local.0)]);
                state.set_variable(local.index(), value);
            }
        }
    }

    /// A call in a Rust file; none if it is like any other.
    pub fn rust_call(
        &mut self,
        frame: &mut Frame<'w>,
        state: &mut State,
        call: &'w Call,
        args: &Args,
        site: Site,
    ) -> Option<Outcome> {
        match &call.callee {
            Callee::Value(operand) => {
                let callee = self.read(frame, state, operand, site.span);
                let path = match operand {
                    Operand::Place(place) if place.path.is_empty() => Some(&place.base),
                    _ => None,
                };
                self.rust_function(state, &callee, path, args, site)
            }
            Callee::Method(operand, name) => {
                let receiver = self.read(frame, state, operand, site.span);
                if let Operand::Place(place) = operand
                    && let Some(changed) = self.mutated(state, &receiver, name, args, site)
                {
                    self.note_mutation(state, &receiver, &changed);
                    self.assign(frame, state, place, changed, site.span);
                }
                Some(self.rust_method(state, &receiver, name, args, site))
            }
        }
    }
}
