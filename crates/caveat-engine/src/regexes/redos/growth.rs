//! How the cost of a match grows with the text, by trying.

use std::cell::Cell;

use super::super::backtrack::{Program, Start};
use super::Witness;

/// How fast the cost grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// By a factor with each repetition.
    Exponential,
    /// With this power of the length, at least 2; another text may show a higher one.
    Polynomial(u32),
}

/// Steps after which a run is given up.
const BUDGET: u64 = 150_000;
/// Steps of all runs over one pattern, which bounds the time of the whole analysis.
const TOTAL_BUDGET: u64 = 450_000;
/// Least factor of the cost, in tenths, when two repetitions are added. Theory says 4; a
/// polynomial of degree below 5 stays under it from 10 repetitions on.
const FACTOR_TENTHS: u64 = 24;
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

/// Runs one program over texts, with a budget for all of them.
pub struct Meter<'p> {
    program: &'p Program,
    /// The match must reach the end of the text.
    whole: bool,
    left: Cell<u64>,
}

/// What one run cost.
#[derive(Clone, Copy)]
struct Cost {
    steps: u64,
    exhausted: bool,
}

impl<'p> Meter<'p> {
    /// A meter with its full budget.
    pub fn new(program: &'p Program, whole: bool) -> Self {
        Meter {
            program,
            whole,
            left: Cell::new(TOTAL_BUDGET),
        }
    }

    /// Whether nothing more can be tried.
    pub fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    fn cost(&self, text: &Text, n: usize, start: Start) -> Option<Cost> {
        if self.is_spent() {
            return None;
        }
        let outcome = self
            .program
            .run(&text.repeated(n), start, self.whole, BUDGET)?;
        self.left.set(self.left.get().saturating_sub(outcome.steps));
        Some(Cost {
            steps: outcome.steps,
            exhausted: outcome.exhausted,
        })
    }

    /// Whether the cost of a match at the start of the text grows exponentially: over 10 to 30
    /// repetitions, each two more multiply it, until the budget is gone.
    pub fn exponential(&self, text: &Text) -> Option<Growth> {
        let cost = |n| self.cost(text, n, Start::Begin);
        let (four, eight) = (cost(4)?, cost(8)?);
        if !eight.exhausted && eight.steps < 4 * four.steps {
            return None;
        }
        let (first, mut before) = if eight.exhausted {
            (6, four)
        } else {
            (10, eight)
        };
        for n in (first..=30).step_by(2) {
            let now = cost(n)?;
            if now.exhausted {
                // The run before must be dear already: a jump from nothing proves nothing.
                let known = before.steps > BUDGET / 100;
                return known.then_some(Growth::Exponential);
            }
            if now.steps * 10 < FACTOR_TENTHS * before.steps {
                return None;
            }
            before = now;
        }
        None
    }

    /// The power with which the cost grows, if at least 2.
    pub fn polynomial(&self, text: &Text, start: Start) -> Option<Growth> {
        let mut before = self.cost(text, 8, start)?;
        for n in [16, 32, 64, 128, 256, 512] {
            let now = self.cost(text, n, start)?;
            if now.exhausted || now.steps * 2 < before.steps * 3 {
                return None;
            }
            // Small texts hide the growth behind the constant part; dear ones have shown it.
            if now.steps > BUDGET / 8 || n == 512 {
                let degree = (now.steps as f64 / before.steps as f64).log2().round() as u32;
                let grows = now.steps * 10 >= DOUBLING_TENTHS * before.steps;
                return grows.then_some(Growth::Polynomial(degree.max(2)));
            }
            before = now;
        }
        None
    }
}
