//! Models of libraries: which calls, attributes and parameters give, take, pass on and check data.
//!
//! A model is a YAML file of rows (`docs/model-format.md`). This module reads it into plain data
//! ([`Model`], [`Row`]) and makes the rows of a run quick to find ([`Index`]). It knows names and
//! words, but no code: whether a call in a program is the one a row names is for the flow engine.

mod catalog;
mod condition;
mod header;
mod index;
pub mod kind;
mod load;
mod place;
mod target;

pub use catalog::{Catalog, Library};
pub use condition::{Atom, Condition, Test};
pub use header::{Header, header};
pub(crate) use index::word;
pub use index::{Hit, Index, RowId};
pub use kind::{Fact, FactSet, SinkKind, SourceKind, Trust};
pub use load::load;
pub(crate) use load::{facts, words};
pub use place::{Place, Root, Selector};
pub use target::{Form, Receiver, Target};

use crate::rule::{Confidence, YamlSpan};

/// One model file.
#[derive(Debug, Clone)]
pub struct Model {
    /// What is described, and when it matters.
    pub header: Header,
    /// Other names of a thing: `(fastapi.Request, starlette.requests.Request)`. Rows are written
    /// for the second only.
    pub same: Vec<(String, String)>,
    /// Classes and those they derive from, both dotted.
    pub bases: Vec<(String, String)>,
    /// Types of what calls return and attributes hold.
    pub types: Vec<TypeRow>,
    /// What is known of every value of a type (`int`, `uuid.UUID`, `u32`).
    pub facts: Vec<(String, FactSet)>,
    /// The rows, in the order of the file.
    pub rows: Vec<Row>,
    /// The file, for messages.
    pub file: String,
}

/// The type of what a call returns or an attribute holds.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeRow {
    /// A [`Form::Call`] without places, or a [`Form::Value`].
    pub target: Target,
    /// Dotted path of the type.
    pub of: String,
}

/// One fact about a library.
#[derive(Debug, Clone)]
pub struct Row {
    /// The code it is about; each is one alternative.
    pub targets: Vec<Target>,
    /// What happens there.
    pub action: Action,
    /// All of these must hold; one that cannot be decided does not hold.
    pub conditions: Vec<Condition>,
    /// None of these may hold; one that cannot be decided does not hold.
    pub exceptions: Vec<Condition>,
    /// An upper bound on the confidence of findings through this row.
    pub confidence: Option<Confidence>,
    /// The row's bytes in its file.
    pub span: YamlSpan,
}

/// What happens at the target of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Data of a kind appears at the target's places (the value itself if there are none).
    Source(Source),
    /// The target calls a function of the project with data.
    Entry(Box<Entry>),
    /// The target's places are used as the kind says.
    Sink(Sink),
    /// Data goes from the target's places to another.
    Step(Step),
    /// The target's outcome says something about its places.
    Guard(Guard),
}

/// Data of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What the data is.
    pub kind: SourceKind,
    /// Which parts of the value are of that kind, too.
    pub fields: Fields,
    /// What is known of it from the start.
    pub adds: FactSet,
    /// Whether it is what the route of a handler has matched: of a route without placeholders the
    /// sender chooses nothing.
    pub routed: bool,
}

/// Parts of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fields {
    /// The value as it is; unknown operations pass it on as for any value.
    Value,
    /// Every attribute, element and result of a method.
    Any,
    /// These attributes or keys only.
    Named(Vec<String>),
}

/// A use of data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sink {
    /// What the data becomes.
    pub kind: SinkKind,
    /// Facts that make it harmless here, besides those that the rule names.
    pub safe_if: FactSet,
}

/// Data that is passed on. The target's places are where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Where it goes.
    pub to: Place,
    /// What is known of it then.
    pub adds: FactSet,
    /// What is known no more; everything else stays known. [`FactSet::ALL`] for decoders.
    pub removes: FactSet,
    /// Whether the result has the facts of its declared type (`parse::<u32>()`, `from_str`).
    pub typed: bool,
    /// Whether nothing goes through: the result is harmless whatever comes in.
    pub stops: bool,
}

/// A check. The target's places are what is checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    /// When the facts hold.
    pub on: Outcome,
    /// What is known of the places then.
    pub adds: FactSet,
    /// Where the parameter of the fact stands: the prefix, the base, the pattern, the bound.
    pub value: Option<Place>,
    /// What must be known of the places before; else the check proves nothing.
    pub needs: FactSet,
}

/// The outcome of a check that proves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It gave true, or something that counts as true (`Some`, `Ok`, a match object).
    True,
    /// It gave false, `None`, `Err`.
    False,
    /// It is one of a set of constants: it was looked up or compared with them. The fact holds for
    /// what it was taken from (`urlparse(url).hostname in HOSTS` says something of `url`).
    OneOf,
    /// It came back at all, where the alternative is an exception or a panic.
    Returns,
}

/// A function of the project that a library calls with data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Methods of the classes that derive from the target; empty if the target is a decorator or
    /// takes the function at its places.
    pub methods: Vec<String>,
    /// What the parameters hold. None: the row only says the rest.
    pub params: Option<SourceKind>,
    /// How many parameters to leave out, counted without `self`.
    pub skip: usize,
    /// If not empty, only parameters declared with one of these types, dotted.
    pub only_types: Vec<String>,
    /// Never parameters declared with one of these types, dotted.
    pub except_types: Vec<String>,
    /// Never parameters whose default is a call of one of these, dotted.
    pub except_defaults: Vec<String>,
    /// Types of parameters that are not declared, by position (without `self`), dotted.
    pub receives: Vec<(usize, String)>,
    /// Where the route stands, if its placeholders say which parameters it fills.
    pub route: Option<Place>,
    /// Facts of parameters that a placeholder of the route converts: `int` of `<int:page>`.
    pub converters: Vec<(String, FactSet)>,
    /// What returned text becomes.
    pub returns: Vec<SinkKind>,
}
