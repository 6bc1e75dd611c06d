//! Triggers: literals without which a rule cannot match, looked for in one pass over the text.
//!
//! A rule's trigger is a conjunction of clauses, each a set of alternatives. Files in which no
//! rule's trigger holds are never parsed.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use rustc_hash::FxHashMap;

/// Text that must occur. Words only count where no identifier character adjoins them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Literal {
    /// The text.
    pub text: String,
    starts_word: bool,
    ends_word: bool,
}

impl Literal {
    /// A literal; where it begins or ends with an identifier character it must be a whole word.
    pub fn new(text: &str) -> Self {
        Literal {
            text: text.to_owned(),
            starts_word: text.bytes().next().is_some_and(is_word),
            ends_word: text.bytes().next_back().is_some_and(is_word),
        }
    }

    fn stands_alone(&self, text: &[u8], start: usize, end: usize) -> bool {
        !(self.starts_word && start > 0 && is_word(text[start - 1]))
            && !(self.ends_word && text.get(end).is_some_and(|&byte| is_word(byte)))
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Alternatives of which one must occur.
pub type Clause = Vec<Literal>;

/// The triggers of all programs, in the order they were added.
pub struct Triggers {
    automaton: Option<AhoCorasick>,
    literals: Vec<Literal>,
    /// Clauses of each program, as indices into `literals`.
    programs: Vec<Vec<Vec<u32>>>,
}

/// Collects triggers.
#[derive(Default)]
pub struct TriggersBuilder {
    literals: Vec<Literal>,
    numbers: FxHashMap<Literal, u32>,
    programs: Vec<Vec<Vec<u32>>>,
}

impl TriggersBuilder {
    /// Adds the next program's clauses. None at all means that it always runs.
    pub fn add(&mut self, clauses: &[Clause]) {
        let numbered = clauses
            .iter()
            .map(|clause| clause.iter().map(|literal| self.number(literal)).collect())
            .collect();
        self.programs.push(numbered);
    }

    fn number(&mut self, literal: &Literal) -> u32 {
        if let Some(&known) = self.numbers.get(literal) {
            return known;
        }
        let number = self.literals.len() as u32;
        self.literals.push(literal.clone());
        self.numbers.insert(literal.clone(), number);
        number
    }

    /// Builds the automaton.
    pub fn build(self) -> Triggers {
        let texts = self.literals.iter().map(|literal| literal.text.as_bytes());
        let automaton = AhoCorasickBuilder::new()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(texts)
            .ok()
            .filter(|_| !self.literals.is_empty());
        Triggers {
            automaton,
            literals: self.literals,
            programs: self.programs,
        }
    }
}

impl Triggers {
    /// Which literals occur in `text`.
    pub fn present(&self, text: &str) -> Vec<bool> {
        let mut present = vec![false; self.literals.len()];
        let Some(automaton) = &self.automaton else {
            return present;
        };
        let bytes = text.as_bytes();
        for hit in automaton.find_overlapping_iter(bytes) {
            let at = hit.pattern().as_usize();
            if !present[at] && self.literals[at].stands_alone(bytes, hit.start(), hit.end()) {
                present[at] = true;
            }
        }
        present
    }

    /// Whether a program's trigger holds.
    pub fn holds(&self, program: usize, present: &[bool]) -> bool {
        self.programs[program]
            .iter()
            .all(|clause| clause.iter().any(|&literal| present[literal as usize]))
    }

    /// A program's clauses, for people.
    pub fn clauses(&self, program: usize) -> Vec<Vec<&str>> {
        self.programs[program]
            .iter()
            .map(|clause| {
                clause
                    .iter()
                    .map(|&at| self.literals[at as usize].text.as_str())
                    .collect()
            })
            .collect()
    }
}
