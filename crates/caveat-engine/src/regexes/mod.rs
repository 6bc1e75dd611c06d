//! Analysis of regular expressions: what a pattern costs to match and what it lets through.
//!
//! Pure functions from the text of a pattern to problems. Knows nothing of the program around
//! the pattern but how it is used ([`Usage`]); rules decide what a problem is worth.

pub mod anchors;
pub mod automaton;
pub mod backtrack;
pub mod charset;
pub mod parse;
pub mod redos;
pub mod simplify;
pub mod syntax;
pub mod validators;

use caveat_parser::source::Span;

use redos::{Growth, Slowness, Witness};
use syntax::{Flags, Flavor};

/// How the program uses a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// At the start of the text: `re.match`.
    Match,
    /// Over the whole text: `re.fullmatch`.
    FullMatch,
    /// Anywhere, once: `re.search`, `is_match`.
    Search,
    /// Everywhere, to replace or split: `re.sub`, `re.split`.
    Sub,
    /// Not known; treated as the one that is slow least often, `Match`.
    Unknown,
}

/// The kinds of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// Matching takes exponential time on some text.
    Exponential,
    /// Matching takes polynomial time on some text, with this degree, at least 2.
    Polynomial(u32),
    /// The same, but only because a search starts over at every place. Most searches with a
    /// repetition have it, so it is worth a word only for long untrusted texts.
    PolynomialSearch(u32),
    /// A range holds characters of other kinds than its ends.
    LargeRange,
    /// A dot of a host name matches any character.
    HostDot,
    /// A filter for markup misses ways of writing it.
    TagFilter,
}

/// Something wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What.
    pub kind: ProblemKind,
    /// Where, in bytes of the pattern as decoded.
    pub span: Span,
    /// Said to the user: lower case, no final stop.
    pub message: String,
    /// For slow patterns, the text to try; for others, a text that shows the problem as prefix.
    pub witness: Option<Witness>,
}

/// Everything wrong with a pattern, in the order of [`ProblemKind`]. A pattern that cannot be
/// parsed, or is over a bound, has no problems.
///
/// Polynomial cost is looked for only when there is no exponential cost.
pub fn analyze(pattern: &str, flavor: Flavor, flags: Flags, usage: Usage) -> Vec<Problem> {
    let Ok(regex) = parse::parse(pattern, flavor, flags) else {
        return Vec::new();
    };
    let slow = match redos::exponential(&regex, flavor, usage) {
        Ok(None) => redos::polynomial(&regex, flavor, usage).ok().flatten(),
        found => found.ok().flatten(),
    };
    let mut problems: Vec<Problem> = slow.into_iter().map(|s| slow_problem(s, pattern)).collect();
    let mut add = |kind, flaw: validators::Flaw| {
        let example = |text| Witness {
            prefix: text,
            pump: String::new(),
            suffix: String::new(),
        };
        let witness = flaw.example.map(example);
        problems.push(Problem {
            kind,
            span: flaw.span,
            message: flaw.message,
            witness,
        });
    };
    validators::large_ranges(&regex)
        .into_iter()
        .for_each(|f| add(ProblemKind::LargeRange, f));
    validators::host_dots(&regex)
        .into_iter()
        .for_each(|f| add(ProblemKind::HostDot, f));
    let filter = validators::tag_filter(pattern, &regex, flavor);
    filter
        .into_iter()
        .for_each(|f| add(ProblemKind::TagFilter, f));
    problems
}

fn slow_problem(slow: Slowness, pattern: &str) -> Problem {
    let (kind, cost) = match (slow.growth, slow.by_search) {
        (Growth::Exponential, _) => (ProblemKind::Exponential, "exponential time".to_owned()),
        (Growth::Polynomial(degree), false) => (
            ProblemKind::Polynomial(degree),
            format!("time that grows as n^{degree}"),
        ),
        (Growth::Polynomial(degree), true) => {
            let cost = format!("time that grows as n^{degree} as every start is tried");
            (ProblemKind::PolynomialSearch(degree), cost)
        }
    };
    let part = shortened(slow.span.text(pattern));
    let message = format!("`{part}` takes {cost} on {}", described(&slow.witness));
    Problem {
        kind,
        span: slow.span,
        message,
        witness: Some(slow.witness),
    }
}

/// The witness in words.
fn described(witness: &Witness) -> String {
    let Witness {
        prefix,
        pump,
        suffix,
    } = witness;
    let start = if prefix.is_empty() {
        String::new()
    } else {
        format!("{prefix:?} and then ")
    };
    let end = if suffix.is_empty() {
        String::new()
    } else {
        format!(" and then {suffix:?}")
    };
    format!("{start}many repetitions of {pump:?}{end}")
}

/// At most 40 characters, on one line.
fn shortened(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(40)
        .map(|c| if c == '\n' { ' ' } else { c })
        .collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
