//! How the cost of a match grows with the text, by trying.

use super::super::backtrack::{Program, Start};
use super::Witness;

/// How fast the cost grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// By a factor with each repetition.
    Exponential,
    /// With this power of the length, at least 2.
    Polynomial(u32),
}

/// Steps after which a run is given up.
const BUDGET: u64 = 150_000;
/// Least factor of the cost between two repetitions and two more. Theory says 4; a polynomial of
/// degree below 6 stays under it from 10 repetitions on.
const FACTOR: u64 = 3;
/// Least factor of the cost when the length doubles, in tenths. Theory says 4 for quadratic cost.
const DOUBLING_TENTHS: u64 = 33;

/// A text to try.
pub struct Text {
    /// Leads to the loop.
    pub prefix: Vec<char>,
    /// Repeated.
    pub pump: Vec<char>,
    /// Makes the match fail.
    pub suffix: Vec<char>,
}

impl Text {
    fn repeated(&self, n: usize) -> Vec<char> {
        let mut text = self.prefix.clone();
        (0..n).for_each(|_| text.extend(&self.pump));
        text.extend(&self.suffix);
        text
    }

    /// The text as strings.
    pub fn witness(&self) -> Witness {
        Witness {
            prefix: self.prefix.iter().collect(),
            pump: self.pump.iter().collect(),
            suffix: self.suffix.iter().collect(),
        }
    }
}

/// Whether the cost of a match at the start of the text grows exponentially: over 10 to 30
/// repetitions, each two more multiply it, until the budget is gone.
pub fn exponential(program: &Program, whole: bool, text: &Text) -> Option<Growth> {
    let cost = |n| program.run(&text.repeated(n), Start::Begin, whole, BUDGET);
    let (four, eight) = (cost(4)?, cost(8)?);
    if !eight.exhausted && eight.steps < 4 * four.steps {
        return None;
    }
    let mut before = if eight.exhausted { four } else { eight };
    let first = if eight.exhausted { 6 } else { 10 };
    for n in (first..=30).step_by(2) {
        let now = cost(n)?;
        if now.steps < FACTOR * before.steps && !now.exhausted {
            return None;
        }
        if now.exhausted {
            // The last complete run must be dear already: a jump from nothing proves nothing.
            let known = before.steps > BUDGET / 100;
            return known.then_some(Growth::Exponential);
        }
        before = now;
    }
    None
}

/// The power with which the cost grows, if at least 2.
pub fn polynomial(program: &Program, start: Start, whole: bool, text: &Text) -> Option<Growth> {
    let cost = |n| program.run(&text.repeated(n), start, whole, BUDGET);
    let mut before = cost(8)?;
    for n in [16, 32, 64, 128, 256, 512] {
        let now = cost(n)?;
        if now.exhausted || now.steps * 2 < before.steps * 3 {
            return None;
        }
        let ratio_tenths = now.steps * 10 / before.steps.max(1);
        // Small texts hide the growth behind the constant part; dear ones have shown it.
        if now.steps > BUDGET / 8 || n == 512 {
            let degree = (now.steps as f64 / before.steps as f64).log2().round() as u32;
            return (ratio_tenths >= DOUBLING_TENTHS).then_some(Growth::Polynomial(degree.max(2)));
        }
        before = now;
    }
    None
}
