//! What a pattern means: the tree the parser builds and the options it is read with.
//!
//! Plain data; knows neither the text of patterns nor any analysis.

use caveat_parser::source::Span;

use super::charset::CharSet;

/// The engine a pattern is written for: its syntax, and how it searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    /// CPython's `re`: backtracking.
    PythonRe,
    /// The `regex` package of PyPI: backtracking, with guards against some repeated work.
    PythonRegex,
    /// Rust's `regex` crate: linear time.
    RustRegex,
    /// Rust's `fancy_regex`: parts without look-around or back-reference run in linear time.
    FancyRegex,
    /// PCRE2 and its bindings: backtracking.
    Pcre2,
    /// Oniguruma and its bindings: backtracking.
    Oniguruma,
}

impl Flavor {
    /// Whether the syntax is Python's.
    pub fn is_python(self) -> bool {
        matches!(self, Flavor::PythonRe | Flavor::PythonRegex)
    }

    /// Whether classes nest and know `&&`, as in `[a-z&&[^aeiou]]`.
    pub fn has_class_operations(self) -> bool {
        matches!(
            self,
            Flavor::RustRegex | Flavor::FancyRegex | Flavor::Oniguruma
        )
    }
}

/// Options given beside the pattern. Those inside it, `(?i)`, are added by the parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// Letters match in either case.
    pub ignore_case: bool,
    /// `^` and `$` match at lines.
    pub multiline: bool,
    /// `.` matches a line feed too.
    pub dotall: bool,
    /// White space and `#` comments in the pattern are ignored.
    pub verbose: bool,
    /// `\w`, `\d`, `\s`, `\b` know ASCII only (also: a pattern over bytes).
    pub ascii: bool,
}

/// A parsed pattern.
#[derive(Debug, Clone)]
pub struct Regex {
    /// The whole expression.
    pub root: Node,
    /// Number of capture groups; group 0 is not counted.
    pub groups: u32,
    /// Every `a-b` written in a class.
    pub ranges: Vec<WrittenRange>,
    /// The options in force at the start of the expression.
    pub flags: Flags,
}

/// A range as written in a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenRange {
    /// Lower end.
    pub low: char,
    /// Upper end.
    pub high: char,
    /// Either end was written as an escape with a number (`\x20`).
    pub numeric: bool,
    /// Bytes of the range in the pattern.
    pub span: Span,
    /// Bytes of the class around it.
    pub class: Span,
}

/// A part of an expression and where it stands in the pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Its bytes in the pattern.
    pub span: Span,
}

/// The forms of expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Matches the empty text.
    Empty,
    /// One code point of a set.
    Char(CharSet, CharForm),
    /// One after another.
    Concat(Vec<Node>),
    /// The first that leads to a match.
    Alt(Vec<Node>),
    /// `min` to `max` times; no `max` is no bound.
    Repeat {
        /// What is repeated.
        body: Box<Node>,
        /// Fewest times.
        min: u32,
        /// Most times.
        max: Option<u32>,
        /// In which order, and whether given back.
        mode: Mode,
    },
    /// A group.
    Group(Box<Node>, GroupKind),
    /// `(?=...)` and its three relatives.
    Look {
        /// What is looked for.
        body: Box<Node>,
        /// Forward, else backward.
        ahead: bool,
        /// Must not be there.
        negative: bool,
    },
    /// A condition on the position.
    Assert(Assertion),
    /// The text of a group again.
    Backref(u32),
    /// `(?(1)yes|no)`.
    Conditional {
        /// The group that has matched.
        group: u32,
        /// If so.
        yes: Box<Node>,
        /// If not.
        no: Box<Node>,
    },
}

/// How a set of one code point was written; CPython optimises by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CharForm {
    /// A character, plain or escaped.
    Literal,
    /// `[...]`, `\d` and the like.
    Set,
    /// `[^...]`.
    NegatedSet,
    /// `.`.
    Dot,
}

/// What a group is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupKind {
    /// Remembers its text under a number, from 1.
    Capture(u32),
    /// Only groups.
    Plain,
    /// `(?>...)`: never re-entered.
    Atomic,
}

/// How a repetition backtracks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Most first.
    Greedy,
    /// Fewest first.
    Lazy,
    /// Most, and never less.
    Possessive,
}

/// Conditions on the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assertion {
    /// `\A`, or `^` without MULTILINE.
    TextStart,
    /// `^` with MULTILINE.
    LineStart,
    /// `\Z` of Python, `\z` elsewhere.
    TextEnd,
    /// `$` without MULTILINE: the end, or before a final line feed.
    TextEndOrNewline,
    /// `$` with MULTILINE.
    LineEnd,
    /// `\b`; whether over ASCII.
    WordBoundary(bool),
    /// `\B`; whether over ASCII.
    NotWordBoundary(bool),
    /// Holds always here: `\G`, `\K`.
    Always,
}

impl Node {
    /// The parts directly inside.
    pub fn children(&self) -> Vec<&Node> {
        match &self.kind {
            Kind::Concat(nodes) | Kind::Alt(nodes) => nodes.iter().collect(),
            Kind::Repeat { body, .. } | Kind::Group(body, _) | Kind::Look { body, .. } => {
                vec![body]
            }
            Kind::Conditional { yes, no, .. } => vec![yes, no],
            _ => Vec::new(),
        }
    }

    /// Whether the node or a part of it satisfies the test.
    pub fn any(&self, test: &dyn Fn(&Node) -> bool) -> bool {
        test(self) || self.children().into_iter().any(|c| c.any(test))
    }

    /// Fewest and most code points the node consumes; `None` is no bound. A back-reference may
    /// be of any length.
    pub fn width(&self) -> (u32, Option<u32>) {
        match &self.kind {
            Kind::Empty | Kind::Assert(_) | Kind::Look { .. } => (0, Some(0)),
            Kind::Char(..) => (1, Some(1)),
            Kind::Backref(_) => (0, None),
            Kind::Concat(nodes) => nodes.iter().map(Node::width).fold((0, Some(0)), |a, b| {
                (
                    a.0.saturating_add(b.0),
                    a.1.zip(b.1).map(|(x, y)| x.saturating_add(y)),
                )
            }),
            Kind::Alt(nodes) => nodes
                .iter()
                .map(Node::width)
                .reduce(either)
                .unwrap_or((0, Some(0))),
            Kind::Conditional { yes, no, .. } => either(yes.width(), no.width()),
            Kind::Group(body, _) => body.width(),
            Kind::Repeat { body, min, max, .. } => {
                let (low, high) = body.width();
                let high = match (high, max) {
                    (Some(0), _) => Some(0),
                    (Some(h), Some(m)) => Some(h.saturating_mul(*m)),
                    _ => None,
                };
                (low.saturating_mul(*min), high)
            }
        }
    }
}

fn either(a: (u32, Option<u32>), b: (u32, Option<u32>)) -> (u32, Option<u32>) {
    (a.0.min(b.0), a.1.zip(b.1).map(|(x, y)| x.max(y)))
}
