//! Patterns whose matching takes more than linear time on some text.
//!
//! Two steps. First the position automaton is searched for ambiguity: a state with two different
//! loops over the same word makes a backtracking engine try exponentially many paths (EDA), two
//! states linked by a word that loops at both make it try polynomially many (IDA). The criteria
//! are those of Weber and Seidl (1991), found by products as in Allauzen, Mohri and Rastogi,
//! "General Algorithms for Testing the Ambiguity of Finite Automata" (2008), and tied to
//! backtracking by Weideman, van der Merwe, Berglund and Watson, "Analyzing Matching Time
//! Behavior of Backtracking Regular Expression Matchers by Using Ambiguity of NFA" (2016).
//!
//! Then each suspicion is tried: the text `prefix pump^n suffix` is run through a matcher that
//! counts steps, and only growth that is seen is reported. So neither the approximations of the
//! automaton nor a rest of the pattern that accepts anything leads to a false alarm; what is over
//! a bound, or whose failing suffix is not found, is missed.

mod ambiguity;
mod growth;
mod suffix;

use caveat_parser::source::Span;

use super::Usage;
use super::automaton::{Automaton, TooLarge};
use super::backtrack::{NotCompiled, Program, Start};
use super::simplify::simplify;
use super::syntax::{Flavor, GroupKind, Kind, Mode, Node, Regex};
use ambiguity::Candidate;
use growth::Meter;

pub use growth::Growth;

/// A text that shows the cost: `prefix`, then `pump` many times, then `suffix`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Leads to the loop.
    pub prefix: String,
    /// Repeated.
    pub pump: String,
    /// Makes the match fail.
    pub suffix: String,
}

impl Witness {
    /// The text with the pump repeated `n` times.
    pub fn text(&self, n: usize) -> String {
        format!("{}{}{}", self.prefix, self.pump.repeat(n), self.suffix)
    }
}

/// A cost that was found and seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slowness {
    /// How fast the cost grows with the text.
    pub growth: Growth,
    /// The repetition, in the pattern.
    pub span: Span,
    /// A text that shows it.
    pub witness: Witness,
    /// It comes only from trying every start of an unanchored search.
    pub by_search: bool,
}

/// The pattern is over a bound of the analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the pattern is over the bounds of the analysis")]
pub struct Unknown;

impl From<TooLarge> for Unknown {
    fn from(_: TooLarge) -> Self {
        Unknown
    }
}

impl From<NotCompiled> for Unknown {
    fn from(_: NotCompiled) -> Self {
        Unknown
    }
}

/// Looks for exponential cost.
///
/// # Errors
/// When the pattern is too large to decide.
pub fn exponential(
    regex: &Regex,
    flavor: Flavor,
    usage: Usage,
) -> Result<Option<Slowness>, Unknown> {
    if !backtracks(flavor) || !regex.root.any(&is_nested_loop) {
        return Ok(None);
    }
    let trial = Trial::new(regex, flavor, usage)?;
    let meter = trial.meter();
    let (candidates, complete) = ambiguity::exponential(&trial.automaton);
    let found = candidates
        .iter()
        .find_map(|c| trial.try_suffixes(c, false, |text| meter.exponential(text)));
    decided(found, complete && !meter.is_spent())
}

/// Looks for polynomial cost, at least quadratic. Ask it of patterns without exponential cost.
///
/// # Errors
/// When the pattern is too large to decide.
pub fn polynomial(
    regex: &Regex,
    flavor: Flavor,
    usage: Usage,
) -> Result<Option<Slowness>, Unknown> {
    if !backtracks(flavor) || !regex.root.any(&is_loop) {
        return Ok(None);
    }
    let trial = Trial::new(regex, flavor, usage)?;
    let meter = trial.meter();
    let (candidates, complete) = ambiguity::polynomial(&trial.automaton);
    let mut found = candidates
        .iter()
        .find_map(|c| trial.try_suffixes(c, false, |text| meter.polynomial(text, Start::Begin)));
    if found.is_none() && matches!(usage, Usage::Search | Usage::Sub) {
        let restarts = ambiguity::restarts(&trial.automaton);
        let measure = |text: &growth::Text| meter.polynomial(text, Start::Anywhere);
        found = restarts
            .iter()
            .find_map(|c| trial.try_suffixes(c, true, measure));
    }
    decided(found, complete && !meter.is_spent())
}

fn decided(found: Option<Slowness>, complete: bool) -> Result<Option<Slowness>, Unknown> {
    if found.is_none() && !complete {
        Err(Unknown)
    } else {
        Ok(found)
    }
}

/// Whether the step counter speaks for the engine. The `regex` package of PyPI remembers failures
/// in ways it does not model: `(a+)+$` is quick there, `(a|aa)+$` is not. So nothing is said of it.
fn backtracks(flavor: Flavor) -> bool {
    !matches!(flavor, Flavor::RustRegex | Flavor::PythonRegex)
}

/// Whether the node repeats something more than one character, without a small bound.
fn is_nested_loop(node: &Node) -> bool {
    fn is_char(node: &Node) -> bool {
        match &node.kind {
            Kind::Char(..) => true,
            Kind::Group(body, _) => is_char(body),
            _ => false,
        }
    }
    matches!(&node.kind, Kind::Repeat { body, .. } if is_loop(node) && !is_char(body))
}

fn is_loop(node: &Node) -> bool {
    matches!(node.kind, Kind::Repeat { max, .. } if max.is_none_or(|m| m > 8))
}

/// A pattern made ready to be tried.
struct Trial {
    automaton: Automaton,
    program: Program,
    /// The match must reach the end of the text.
    whole: bool,
    /// The loops that the engine runs by backtracking; `None` for all.
    counted: Option<Vec<Span>>,
}

impl Trial {
    fn new(regex: &Regex, flavor: Flavor, usage: Usage) -> Result<Trial, Unknown> {
        let root = simplify(&regex.root, flavor);
        let automaton = Automaton::new(&root)?;
        let program = Program::new(&root, regex.groups, regex.flags.ignore_case)?;
        let counted = counted_loops(&root, flavor);
        Ok(Trial {
            automaton,
            program,
            whole: usage == Usage::FullMatch,
            counted,
        })
    }

    fn meter(&self) -> Meter<'_> {
        Meter::new(&self.program, self.whole)
    }

    fn try_suffixes(
        &self,
        candidate: &Candidate,
        by_search: bool,
        measure: impl Fn(&growth::Text) -> Option<Growth>,
    ) -> Option<Slowness> {
        let span = candidate.span;
        if self
            .counted
            .as_ref()
            .is_some_and(|counted| !counted.contains(&span))
        {
            return None;
        }
        let chars = |symbols: &[u8]| -> Vec<char> {
            symbols
                .iter()
                .map(|&s| self.automaton.symbols[s as usize])
                .collect()
        };
        let mut text = growth::Text {
            prefix: chars(&candidate.prefix),
            pump: chars(&candidate.pump),
            suffix: Vec::new(),
        };
        for suffix in suffix::candidates(&self.automaton, &candidate.prefix, &candidate.pump) {
            text.suffix = chars(&suffix);
            if let Some(growth) = measure(&text) {
                let witness = text.witness();
                return Some(Slowness {
                    growth,
                    span,
                    witness,
                    by_search,
                });
            }
        }
        None
    }
}

/// Whether `fancy_regex` runs a part by backtracking whatever stands around it. Loops without such
/// a part inside may be handed to the linear engine; whether they are depends on its version.
fn is_hard(node: &Node) -> bool {
    matches!(
        &node.kind,
        Kind::Look { .. }
            | Kind::Backref(_)
            | Kind::Conditional { .. }
            | Kind::Group(_, GroupKind::Atomic)
            | Kind::Repeat {
                mode: Mode::Possessive,
                ..
            }
    )
}

/// Spans of the loops that count for the flavor; `None` when all do.
fn counted_loops(root: &Node, flavor: Flavor) -> Option<Vec<Span>> {
    fn collect(node: &Node, spans: &mut Vec<Span>) {
        if matches!(node.kind, Kind::Repeat { .. }) && node.any(&is_hard) {
            spans.push(node.span);
        }
        node.children()
            .into_iter()
            .for_each(|child| collect(child, spans));
    }
    let mut spans = Vec::new();
    (flavor == Flavor::FancyRegex).then(|| {
        collect(root, &mut spans);
        spans
    })
}
