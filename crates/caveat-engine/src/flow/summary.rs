//! What a function does with what it is given, for its callers.

use std::sync::Arc;

use caveat_parser::Span;
use caveat_parser::link::FileId;

use super::guard::{Learned, Test};
use super::heap::Heap;
use super::value::{Entry, Identity, Key, Part, Value};
use crate::model::{FactSet, SinkKind};
use crate::rule::Confidence;

/// Data that reaches a sink.
#[derive(Debug, Clone, PartialEq)]
pub struct Reached {
    /// What becomes of it.
    pub kind: SinkKind,
    /// Facts that make it harmless there.
    pub safe_if: FactSet,
    /// Best confidence of findings there.
    pub confidence: Confidence,
    /// File of the sink.
    pub file: FileId,
    /// The call or statement.
    pub span: Span,
    /// The part of it that takes the data.
    pub argument: Span,
    /// The data.
    pub entry: Entry,
}

/// A field of a parameter that a function sets.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The object.
    pub part: Part,
    /// Under which key; none if it is not known.
    pub key: Option<Key>,
    /// What is put there.
    pub value: Value,
    /// Whether it is there whenever the function returns.
    pub surely: bool,
}

/// What a function does, its parameters being [`Origin::Param`](super::value::Origin::Param).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// What it gives back; a test in it speaks of parts of parameters.
    pub result: Value,
    /// Objects in the result and in what is put into parameters.
    pub heap: Heap,
    /// What it puts into its parameters.
    pub changes: Vec<Change>,
    /// Data of its parameters that reaches sinks.
    pub reached: Vec<Reached>,
    /// What is known of parts of its parameters whenever it returns.
    pub learned: Vec<(Identity, Learned)>,
    /// Parts of parameters that tests and facts speak of.
    pub parts: Vec<Part>,
    /// It never returns.
    pub diverges: bool,
}

/// What a call gives.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Its value.
    pub value: Value,
    /// What its truth says of others.
    pub test: Option<Arc<Test>>,
    /// It does not come back.
    pub diverges: bool,
}
