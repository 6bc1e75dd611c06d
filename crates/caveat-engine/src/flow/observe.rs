//! What is seen on the way of data beside the rows that it passes: predictable values that a client
//! must present, which makes them secrets whatever they are called, and loaders that get constants.

use caveat_parser::ir::{Operand, Step};
use caveat_parser::link::FileId;
use caveat_parser::{Constant, Span};

use super::call::Passed;
use super::heap::State;
use super::interpret::{Flow, Frame, Machine};
use super::rows::Called;
use super::summary::Reached;
use super::value::{Entry, Origin, Value};
use crate::model::{Fact, FactSet, Receiver, SinkKind, SourceKind, Trust};
use crate::rule::Confidence;

impl<'w> Machine<'w> {
    /// Notes a comparison of what a client sends with a predictable value, or with an element of
    /// an object that may hold one.
    pub fn held_against(
        &mut self,
        frame: &Frame<'w>,
        state: &State,
        (operand, own): (&Operand, &Value),
        (_, sent): (&Operand, &Value),
        span: Span,
    ) {
        if !sent.taint.entries().iter().any(is_sent) {
            return;
        }
        for entry in own.taint.entries() {
            if let Some(flow) = as_secret(entry, frame.at.file, span) {
                self.reach_flow(flow);
            }
        }
        let Operand::Place(place) = operand else {
            return;
        };
        let Some((Step::At(_) | Step::By(_) | Step::Any, path)) = place.path.split_last() else {
            return;
        };
        let mut base = place.clone();
        base.path.truncate(path.len());
        let base = self.read_place(frame, state, &base, span);
        self.compared.extend(base.refs);
    }

    /// Notes a predictable value that is put into objects.
    pub fn keep_predictable(&mut self, file: FileId, base: &Value, value: &Value, span: Span) {
        for entry in value.taint.entries() {
            if let Some(flow) = as_secret(entry, file, span) {
                let kept = base.refs.iter().map(|id| (*id, flow.clone()));
                self.kept.extend(kept);
            }
        }
    }

    /// Notes whether a loader of objects or a parser of documents gets a constant, at the place of
    /// the call and where the parser was made unsafe.
    pub fn note_constant(
        &mut self,
        state: &State,
        kind: SinkKind,
        value: &Value,
        called: &Called<'_>,
    ) {
        if !matches!(kind, SinkKind::Deserialize | SinkKind::XmlEntities) || self.stack.len() != 1 {
            return;
        }
        let is_constant = value.known_constants().is_some();
        let mut places = vec![(called.site.file, called.site.span)];
        let receiver = called.receiver.into_iter().cloned();
        let args = called.args.all().map(|it| it.value.clone());
        for value in receiver.chain(args) {
            for entry in self.data_of(state, &value).entries() {
                if let Origin::Source(source) = &entry.origin
                    && source.kind == SourceKind::EntityParser
                {
                    places.push((source.file, source.span));
                }
            }
        }
        for place in places {
            *self.constant_inputs.entry(place).or_insert(true) &= is_constant;
        }
    }

    /// Whether the code of an argument, or a constant that it is, matches.
    pub fn is_written(&self, expression: &Receiver, passed: &Passed, file: FileId) -> bool {
        let constants = passed.value.known_constants().unwrap_or(&[]);
        let mut texts = constants.iter().filter_map(Constant::text);
        let code = passed.span.text(&self.program().code(file).source.text);
        expression.0.is_match(code) || texts.any(|it| expression.0.is_match(it))
    }

    fn reach_flow(&mut self, flow: Flow) {
        let same = |it: &Flow| it.source == flow.source && it.reached.span == flow.reached.span;
        if !self.flows.iter().any(same) {
            self.flows.push(flow);
        }
    }
}

/// Text that a client chose; a number that is guessed is no secret.
fn is_sent(entry: &Entry) -> bool {
    let is_number = entry.facts().contains(Fact::Number);
    match &entry.origin {
        Origin::Source(source) => source.kind.trust() == Some(Trust::Client) && !is_number,
        Origin::Param(_) => false,
    }
}

/// The flow of a predictable value to a secret there.
fn as_secret(entry: &Entry, file: FileId, span: Span) -> Option<Flow> {
    let Origin::Source(source) = &entry.origin else {
        return None;
    };
    (source.kind == SourceKind::WeakRandom).then(|| Flow {
        source: source.clone(),
        reached: Reached {
            kind: SinkKind::SecretUse,
            safe_if: FactSet::EMPTY,
            confidence: Confidence::Medium,
            file,
            span,
            argument: span,
            entry: entry.clone(),
        },
    })
}
