//! Triggers: literals without which a rule cannot match, looked for in one pass over the text.
//!
//! A rule's trigger is a choice of conjunctions of clauses, each a set of alternatives. Files in which no
//! rule's trigger holds are never parsed, and of the others only the items in which it holds
//! (see [`crate::region`]).

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use caveat_parser::Span;
use rustc_hash::FxHashMap;

use crate::checks::secrets::{address, prefilter, provider};

/// Text that must occur. Words only count where no identifier character adjoins them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Literal {
    /// The text.
    pub text: String,
    /// Whether it must occur where the rule matches, not only somewhere in the file: a method or
    /// keyword must, a module that is imported need not.
    pub local: bool,
    /// Whether it counts in any ASCII case.
    pub any_case: bool,
    /// Whether no identifier character may stand before it.
    pub starts_word: bool,
    /// Whether no identifier character may stand after it.
    pub ends_word: bool,
    /// What the text around it must be like.
    pub guard: Guard,
}

/// What the text around a literal must be like for it to count, beyond words: a cheap question
/// that keeps frequent literals from choosing whole files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Guard {
    /// Anything.
    None,
    /// A name of a secret with a literal near; see [`prefilter`].
    SecretName,
    /// User information of an address follows.
    UserInfo,
    /// As many signs as tokens have follow without a break.
    Token,
}

impl Guard {
    fn admits(self, text: &[u8], start: usize, end: usize) -> bool {
        match self {
            Guard::None => true,
            Guard::SecretName => prefilter::matters(text, start, end),
            Guard::UserInfo => address::may_follow(text, end),
            Guard::Token => provider::may_follow(text, start),
        }
    }
}

impl Literal {
    /// A literal that occurs where the rule matches; where it begins or ends with an identifier
    /// character it must be a whole word.
    pub fn new(text: &str) -> Self {
        Literal {
            text: text.to_owned(),
            local: true,
            any_case: false,
            starts_word: text.bytes().next().is_some_and(is_word),
            ends_word: text.bytes().next_back().is_some_and(is_word),
            guard: Guard::None,
        }
    }

    /// A literal that may be a part of a word.
    pub fn part(text: &str) -> Self {
        Literal {
            starts_word: false,
            ends_word: false,
            ..Literal::new(text)
        }
    }

    /// A literal that occurs somewhere in the file.
    pub fn anywhere(text: &str) -> Self {
        Literal {
            local: false,
            ..Literal::new(text)
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// What a hit of the automaton must look like to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Form {
    any_case: bool,
    starts_word: bool,
    ends_word: bool,
    guard: Guard,
}

impl Literal {
    fn form(&self) -> Form {
        let Literal {
            any_case,
            starts_word,
            ends_word,
            guard,
            ..
        } = *self;
        Form {
            any_case,
            starts_word,
            ends_word,
            guard,
        }
    }
}

impl Form {
    fn fits(self, literal: &str, text: &[u8], start: usize, end: usize) -> bool {
        let cut_before = self.starts_word && start > 0 && is_word(text[start - 1]);
        let cut_after = self.ends_word && text.get(end).is_some_and(|&byte| is_word(byte));
        !cut_before
            && !cut_after
            && (self.any_case || text[start..end] == *literal.as_bytes())
            && self.guard.admits(text, start, end)
    }
}

/// Literals of which one must occur.
pub type Clause = Vec<Literal>;

/// Conjunctions of clauses, of which one must hold. An empty conjunction always holds.
pub type Trigger = Vec<Vec<Clause>>;

/// A clause by numbers of literals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedClause {
    /// Numbers of the alternatives.
    pub any: Vec<u32>,
    /// Whether one must occur where the rule matches.
    pub local: bool,
}

/// The triggers of all programs, in the order they were added.
pub struct Triggers {
    automaton: Option<AhoCorasick>,
    texts: Vec<String>,
    forms: Vec<Form>,
    programs: Vec<Vec<Vec<NumberedClause>>>,
}

/// Collects triggers.
#[derive(Default)]
pub struct TriggersBuilder {
    texts: Vec<String>,
    forms: Vec<Form>,
    numbers: FxHashMap<(String, Form), u32>,
    programs: Vec<Vec<Vec<NumberedClause>>>,
}

impl TriggersBuilder {
    /// Adds the next program's trigger.
    pub fn add(&mut self, trigger: &[Vec<Clause>]) {
        let mut numbered: Vec<Vec<NumberedClause>> = Vec::with_capacity(trigger.len());
        for conjunction in trigger {
            let clauses = conjunction
                .iter()
                .map(|clause| self.clause(clause))
                .collect();
            if !numbered.contains(&clauses) {
                numbered.push(clauses);
            }
        }
        self.programs.push(numbered);
    }

    fn clause(&mut self, clause: &Clause) -> NumberedClause {
        NumberedClause {
            any: clause.iter().map(|literal| self.number(literal)).collect(),
            local: clause.iter().all(|literal| literal.local),
        }
    }

    fn number(&mut self, literal: &Literal) -> u32 {
        let key = (literal.text.clone(), literal.form());
        if let Some(&known) = self.numbers.get(&key) {
            return known;
        }
        let number = self.texts.len() as u32;
        self.texts.push(literal.text.clone());
        self.forms.push(literal.form());
        self.numbers.insert(key, number);
        number
    }

    /// Builds the automaton.
    pub fn build(self) -> Triggers {
        let automaton = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(self.texts.iter().map(String::as_bytes))
            .ok()
            .filter(|_| !self.texts.is_empty());
        Triggers {
            automaton,
            texts: self.texts,
            forms: self.forms,
            programs: self.programs,
        }
    }
}

/// Where literals occur in one text.
pub struct Hits {
    /// Offsets of each literal, in order.
    at: Vec<Vec<u32>>,
}

impl Hits {
    /// Whether a literal occurs.
    pub fn present(&self, literal: u32) -> bool {
        !self.at[literal as usize].is_empty()
    }

    /// Offsets of a literal, in order.
    pub fn of(&self, literal: u32) -> &[u32] {
        &self.at[literal as usize]
    }

    /// Whether a literal occurs inside the span.
    pub fn inside(&self, literal: u32, span: Span) -> bool {
        let offsets = self.of(literal);
        let first = offsets.partition_point(|&at| at < span.start);
        offsets.get(first).is_some_and(|&at| at < span.end)
    }
}

impl Triggers {
    /// Where the literals occur in `text`.
    pub fn hits(&self, text: &str) -> Hits {
        let mut at = vec![Vec::new(); self.texts.len()];
        if let Some(automaton) = &self.automaton {
            let bytes = text.as_bytes();
            for hit in automaton.find_overlapping_iter(bytes) {
                let literal = hit.pattern().as_usize();
                if self.forms[literal].fits(&self.texts[literal], bytes, hit.start(), hit.end()) {
                    at[literal].push(hit.start() as u32);
                }
            }
        }
        Hits { at }
    }

    /// Whether a program's trigger holds in a file.
    pub fn holds(&self, program: usize, hits: &Hits) -> bool {
        self.programs[program]
            .iter()
            .any(|clauses| Self::all_hold(clauses, hits))
    }

    /// Whether each clause has a literal in the file.
    pub fn all_hold(clauses: &[NumberedClause], hits: &Hits) -> bool {
        let holds = |clause: &NumberedClause| clause.any.iter().any(|&at| hits.present(at));
        clauses.iter().all(holds)
    }

    /// The alternatives of a program's trigger.
    pub fn alternatives(&self, program: usize) -> &[Vec<NumberedClause>] {
        &self.programs[program]
    }

    /// The text of a literal.
    pub fn text(&self, literal: u32) -> &str {
        &self.texts[literal as usize]
    }
}
