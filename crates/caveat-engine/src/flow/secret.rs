//! Predictable values that a client must present: what they are compared with makes them secrets,
//! whatever they are called.

use caveat_parser::Span;
use caveat_parser::ir::{Operand, Step};
use caveat_parser::link::FileId;

use super::heap::State;
use super::interpret::{Flow, Frame, Machine};
use super::summary::Reached;
use super::value::{Entry, Origin, Value};
use crate::model::{Fact, FactSet, SinkKind, SourceKind, Trust};
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
    pub fn keep_predictable(
        &mut self,
        file: FileId,
        _state: &State,
        base: &Value,
        value: &Value,
        span: Span,
    ) {
        for entry in value.taint.entries() {
            if let Some(flow) = as_secret(entry, file, span) {
                let kept = base.refs.iter().map(|id| (*id, flow.clone()));
                self.kept.extend(kept);
            }
        }
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
