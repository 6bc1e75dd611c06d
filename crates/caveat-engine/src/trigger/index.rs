//! All triggers of a language in one structure, and the pass that looks for their literals.
//!
//! Whole words, by far the most, are looked up in a table as the text is cut into identifiers; the
//! other literals are found by an automaton. A conjunction is looked at only where the clause that
//! it is filed under, its most telling one, has a hit.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use caveat_parser::Span;
use rustc_hash::FxHashMap;

use super::{Clause, Conjunction, Literal, Reach, Shape, is_word};
use crate::lent::Lent;

/// A clause by numbers of literals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedClause {
    /// Numbers of the alternatives.
    pub any: Vec<u32>,
    /// Where one must occur.
    pub reach: Reach,
    /// As [`Clause::spelled`].
    pub spelled: bool,
    /// As [`Clause::shape`], by number.
    pub shape: Option<u32>,
}

/// The triggers of all programs, in the order they were added.
pub struct Triggers {
    words: WordTable,
    automaton: Option<AhoCorasick>,
    /// The literal behind each pattern of the automaton.
    parts: Vec<u32>,
    literals: Vec<Literal>,
    shapes: Vec<Shape>,
    by_text: FxHashMap<String, Vec<u32>>,
    conjunctions: Vec<Filed>,
    /// The conjunctions of each program.
    programs: Vec<std::ops::Range<u32>>,
    /// Conjunctions filed under each literal.
    watchers: Vec<Vec<u32>>,
    /// Conjunctions without literals.
    always: Vec<u32>,
}

struct Filed {
    program: u32,
    clauses: Vec<NumberedClause>,
}

/// Collects triggers.
#[derive(Default)]
pub struct TriggersBuilder {
    literals: Vec<Literal>,
    numbers: FxHashMap<Literal, u32>,
    shapes: Vec<Shape>,
    conjunctions: Vec<Filed>,
    programs: Vec<std::ops::Range<u32>>,
}

impl TriggersBuilder {
    /// Adds the next program's trigger.
    pub fn add(&mut self, trigger: &[Conjunction]) {
        let first = self.conjunctions.len();
        for conjunction in trigger {
            let clauses: Vec<NumberedClause> = conjunction
                .iter()
                .map(|clause| self.clause(clause))
                .collect();
            let known = |filed: &Filed| filed.clauses == clauses;
            if !self.conjunctions[first..].iter().any(known) {
                let program = self.programs.len() as u32;
                self.conjunctions.push(Filed { program, clauses });
            }
        }
        self.programs
            .push(first as u32..self.conjunctions.len() as u32);
    }

    fn clause(&mut self, clause: &Clause) -> NumberedClause {
        NumberedClause {
            any: clause.any.iter().map(|own| self.number(own)).collect(),
            reach: clause.reach,
            spelled: clause.spelled,
            shape: clause.shape.as_ref().map(|shape| self.shape(shape)),
        }
    }

    fn shape(&mut self, shape: &Shape) -> u32 {
        let known = self.shapes.iter().position(|own| own == shape);
        known.unwrap_or_else(|| {
            self.shapes.push(shape.clone());
            self.shapes.len() - 1
        }) as u32
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

    /// Builds the tables.
    pub fn build(self) -> Triggers {
        let mut words = WordTable::default();
        let mut parts: Vec<u32> = Vec::new();
        for (at, literal) in (0u32..).zip(&self.literals) {
            if literal.is_word() {
                words.add(&literal.text, at);
            } else {
                parts.push(at);
            }
        }
        let automaton = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(parts.iter().map(|&at| &self.literals[at as usize].text))
            .ok()
            .filter(|_| !parts.is_empty());
        let mut watchers = vec![Vec::new(); self.literals.len()];
        let mut always = Vec::new();
        for (at, filed) in (0u32..).zip(&self.conjunctions) {
            match filed.clauses.iter().min_by_key(|own| self.promise(own)) {
                Some(clause) if !clause.any.is_empty() => {
                    let literals = clause.any.iter();
                    literals.for_each(|&literal| watchers[literal as usize].push(at));
                }
                _ => always.push(at),
            }
        }
        let mut by_text: FxHashMap<String, Vec<u32>> = FxHashMap::default();
        for (at, literal) in (0u32..).zip(&self.literals) {
            by_text.entry(literal.text.clone()).or_default().push(at);
        }
        Triggers {
            words,
            automaton,
            parts,
            by_text,
            literals: self.literals,
            shapes: self.shapes,
            conjunctions: self.conjunctions,
            programs: self.programs,
            watchers,
            always,
        }
    }

    /// Less is more telling: few and long literals are rare.
    fn promise(&self, clause: &NumberedClause) -> (usize, usize) {
        let length = |&at: &u32| self.literals[at as usize].text.len();
        let shortest = clause.any.iter().map(length).min().unwrap_or(0);
        match clause.any.len() {
            0 => (usize::MAX, 0),
            count => (count * 100 / shortest.max(1), count),
        }
    }
}

/// Whole words, by their text.
#[derive(Default)]
struct WordTable {
    numbers: FxHashMap<Box<[u8]>, u32>,
    /// For each first byte, the lengths of words that begin so, as bits; 63 stands for more.
    lengths: Vec<u64>,
}

impl WordTable {
    fn add(&mut self, word: &str, number: u32) {
        self.lengths.resize(256, 0);
        self.lengths[usize::from(word.as_bytes()[0])] |= 1 << word.len().min(63);
        self.numbers.insert(word.as_bytes().into(), number);
    }

    /// Calls `found` with each known word of the text and its offset.
    fn find(&self, text: &[u8], mut found: impl FnMut(u32, u32)) {
        if self.numbers.is_empty() {
            return;
        }
        let mut at = 0;
        while at < text.len() {
            let first = text[at];
            if !IS_WORD[usize::from(first)] {
                at += 1;
                continue;
            }
            let start = at;
            while at < text.len() && IS_WORD[usize::from(text[at])] {
                at += 1;
            }
            if self.lengths[usize::from(first)] >> (at - start).min(63) & 1 == 1
                && let Some(&number) = self.numbers.get(&text[start..at])
            {
                found(number, start as u32);
            }
        }
    }
}

/// [`is_word`] as a table: the pass asks for every byte.
static IS_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let own = byte as u8;
        table[byte] = own.is_ascii_alphanumeric() || own == b'_' || own >= 0x80;
        byte += 1;
    }
    table
};

/// Where literals occur in one text.
pub struct Hits {
    /// Offsets of all literals, by literal, each in order of the text.
    offsets: Vec<u32>,
    /// Where the offsets of a literal begin; one more than there are literals.
    starts: Vec<u32>,
    /// What names of the file stand for.
    lent: Vec<(u32, Box<str>)>,
}

impl Hits {
    /// `found` holds literals and offsets, of each literal in order of the text.
    fn new(literals: usize, found: &[(u32, u32)]) -> Self {
        let mut starts = vec![0u32; literals + 1];
        for &(literal, _) in found {
            starts[literal as usize + 1] += 1;
        }
        for at in 0..literals {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let mut offsets = vec![0u32; found.len()];
        for &(literal, offset) in found {
            let place = &mut next[literal as usize];
            offsets[*place as usize] = offset;
            *place += 1;
        }
        let lent = Vec::new();
        Hits {
            offsets,
            starts,
            lent,
        }
    }

    /// Whether a literal occurs, or a name that stands for it.
    pub fn present(&self, literal: u32) -> bool {
        !self.of(literal).is_empty() || self.lent.iter().any(|(lent, _)| *lent == literal)
    }

    /// Lets words count where names of the file stand for them.
    pub fn lend(&mut self, triggers: &Triggers, words: &[Lent<'_>]) {
        for lent in words {
            for &literal in triggers.by_text.get(lent.word).into_iter().flatten() {
                self.lent.push((literal, lent.name.into()));
            }
        }
    }

    /// The names that stand for a literal; an empty one can be any.
    pub fn names_of(&self, literal: u32) -> impl Iterator<Item = &str> {
        let lent = self.lent.iter().filter(move |(lent, _)| *lent == literal);
        lent.map(|(_, name)| &**name)
    }

    /// Offsets of a literal, in order.
    pub fn of(&self, literal: u32) -> &[u32] {
        let (first, last) = (
            self.starts[literal as usize],
            self.starts[literal as usize + 1],
        );
        &self.offsets[first as usize..last as usize]
    }

    /// Offsets of a literal inside the span, in order.
    pub fn within(&self, literal: u32, span: Span) -> &[u32] {
        let offsets = self.of(literal);
        let first = offsets.partition_point(|&at| at < span.start);
        let count = offsets[first..].partition_point(|&at| at < span.end);
        &offsets[first..first + count]
    }

    /// Whether a literal occurs inside the span.
    pub fn inside(&self, literal: u32, span: Span) -> bool {
        let offsets = self.of(literal);
        let first = offsets.partition_point(|&at| at < span.start);
        offsets.get(first).is_some_and(|&at| at < span.end)
    }
}

/// A program whose trigger holds in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// Number of the program.
    pub program: u32,
    /// Numbers of its conjunctions that hold, see [`Triggers::clauses`].
    pub conjunctions: Vec<u32>,
}

impl Triggers {
    /// Where the literals occur in `text`.
    pub fn hits(&self, text: &str) -> Hits {
        let bytes = text.as_bytes();
        let mut found: Vec<(u32, u32)> = Vec::new();
        self.words
            .find(bytes, |literal, offset| found.push((literal, offset)));
        if let Some(automaton) = &self.automaton {
            for hit in automaton.find_overlapping_iter(bytes) {
                let number = self.parts[hit.pattern().as_usize()];
                let literal = &self.literals[number as usize];
                if fits(literal, bytes, hit.start(), hit.end()) {
                    found.push((number, hit.start() as u32));
                }
            }
        }
        Hits::new(self.literals.len(), &found)
    }

    /// The programs whose trigger holds in a file, in order, of those that are asked for.
    pub fn active(&self, hits: &Hits, wanted: impl Fn(usize) -> bool) -> Vec<Active> {
        let present = self
            .watchers
            .iter()
            .enumerate()
            .filter(|(literal, watchers)| !watchers.is_empty() && hits.present(*literal as u32))
            .flat_map(|(_, watchers)| watchers);
        let mut holding: Vec<u32> = present
            .filter(|&&at| {
                let filed = &self.conjunctions[at as usize];
                wanted(filed.program as usize) && all_hold(&filed.clauses, hits)
            })
            .copied()
            .chain(
                self.always
                    .iter()
                    .filter(|&&at| wanted(self.conjunctions[at as usize].program as usize))
                    .copied(),
            )
            .collect();
        holding.sort_unstable();
        holding.dedup();
        let mut active: Vec<Active> = Vec::new();
        for at in holding {
            let program = self.conjunctions[at as usize].program;
            match active.last_mut() {
                Some(last) if last.program == program => last.conjunctions.push(at),
                _ => active.push(Active {
                    program,
                    conjunctions: vec![at],
                }),
            }
        }
        active
    }

    /// The clauses of a conjunction.
    pub fn clauses(&self, conjunction: u32) -> &[NumberedClause] {
        &self.conjunctions[conjunction as usize].clauses
    }

    /// The alternatives of a program's trigger.
    pub fn alternatives(&self, program: usize) -> impl Iterator<Item = &[NumberedClause]> {
        let own = self.programs[program].clone();
        own.map(|at| self.clauses(at))
    }

    /// A shape.
    pub fn shape(&self, number: u32) -> &Shape {
        &self.shapes[number as usize]
    }

    /// Whether the text is a literal.
    pub fn knows(&self, text: &str) -> bool {
        self.by_text.contains_key(text)
    }

    /// Whether the text is a literal that occurs in the file.
    pub fn mentions(&self, text: &str, hits: &Hits) -> bool {
        let mut literals = self.by_text.get(text).into_iter().flatten();
        literals.any(|&literal| hits.present(literal))
    }

    /// A literal.
    pub fn literal(&self, number: u32) -> &Literal {
        &self.literals[number as usize]
    }
}

/// Whether a hit of the automaton is what the literal asks for.
fn fits(literal: &Literal, text: &[u8], start: usize, end: usize) -> bool {
    let cut_before = literal.starts_word && start > 0 && is_word(text[start - 1]);
    let cut_after = literal.ends_word && text.get(end).is_some_and(|&byte| is_word(byte));
    let same_case = literal.any_case || text[start..end] == *literal.text.as_bytes();
    !cut_before && !cut_after && same_case && literal.guard.admits(text, start, end)
}

/// Whether each clause has a literal in the file.
fn all_hold(clauses: &[NumberedClause], hits: &Hits) -> bool {
    let holds = |clause: &NumberedClause| {
        clause.any.is_empty() || clause.any.iter().any(|&at| hits.present(at))
    };
    clauses.iter().all(holds)
}
