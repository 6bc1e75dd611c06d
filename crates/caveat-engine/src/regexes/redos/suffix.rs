//! Ends of a text that make the match fail, so that the engine tries everything.

use super::super::automaton::{Automaton, Edge, Mask};

/// Suffixes worth trying after the prefix and the pump, the most promising first.
pub fn candidates(automaton: &Automaton, prefix: &[u8], pump: &[u8]) -> Vec<Vec<u8>> {
    let states = Walk::new(automaton).over(prefix).over(pump).over(pump);
    let every = every_symbol(automaton);
    let dead = every & !states.alive();
    // A line feed alone passes `$`, so a character that is not one comes first.
    let mut found: Vec<Vec<u8>> = symbols(dead).take(2).map(|s| vec![s]).collect();
    found.extend(symbols(dead).last().map(|s| vec![s]));
    found.push(Vec::new());
    if dead == 0 {
        for first in symbols(every).take(24) {
            let after = states.clone().over(&[first]);
            let second = symbols(every & !after.alive()).next();
            found.extend(second.map(|second| vec![first, second]));
            if found.len() >= 5 {
                break;
            }
        }
    }
    found.extend(symbols(every).last().map(|s| vec![s]));
    let newline = automaton.symbols.iter().position(|&c| c == '\n');
    found.extend(newline.map(|s| vec![s as u8, s as u8]));
    let mut unique: Vec<Vec<u8>> = Vec::with_capacity(found.len());
    for suffix in found {
        if !unique.contains(&suffix) {
            unique.push(suffix);
        }
    }
    unique
}

fn every_symbol(automaton: &Automaton) -> Mask {
    match automaton.symbols.len() {
        128.. => Mask::MAX,
        n => (1 << n) - 1,
    }
}

fn symbols(mut mask: Mask) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let symbol = (mask != 0).then(|| mask.trailing_zeros() as u8)?;
        mask &= mask - 1;
        Some(symbol)
    })
}

/// The states the automaton may be in.
#[derive(Clone)]
struct Walk<'a> {
    automaton: &'a Automaton,
    /// `None` before the first symbol.
    states: Option<Vec<bool>>,
}

impl<'a> Walk<'a> {
    fn new(automaton: &'a Automaton) -> Self {
        Walk {
            automaton,
            states: None,
        }
    }

    fn edges(&self) -> impl Iterator<Item = &'a Edge> {
        let automaton = self.automaton;
        let start: &[Edge] = if self.states.is_none() {
            &automaton.first
        } else {
            &[]
        };
        let states = self.states.iter().flatten().enumerate();
        let follow: Vec<&'a [Edge]> = states
            .filter(|(_, on)| **on)
            .map(|(state, _)| automaton.follow[state].as_slice())
            .collect();
        start.iter().chain(follow.into_iter().flatten())
    }

    fn over(mut self, word: &[u8]) -> Self {
        for &symbol in word {
            let mut next = vec![false; self.automaton.masks.len()];
            for edge in self.edges() {
                next[edge.to as usize] |= self.automaton.masks[edge.to as usize] >> symbol & 1 == 1;
            }
            self.states = Some(next);
        }
        self
    }

    /// Symbols that some state can go on with.
    fn alive(&self) -> Mask {
        self.edges()
            .fold(0, |mask, e| mask | self.automaton.masks[e.to as usize])
    }
}
