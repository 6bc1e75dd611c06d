//! Triggers: text without which a rule cannot match, looked for in one pass over a file.
//!
//! A rule's trigger is a choice of conjunctions of clauses, each a set of literals. Files in which
//! no rule's trigger holds are never parsed, and of the others only the items in which it holds
//! (see [`crate::region`]). This module must not know grammars or trees.

use std::sync::{Arc, OnceLock};

use regex::Regex;

use crate::checks::secrets::{address, prefilter, provider};

pub mod derive;
mod index;

pub use index::{Active, Hits, NumberedClause, Triggers, TriggersBuilder};

/// Text that must occur. Words only count where no identifier character adjoins them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Literal {
    /// The text.
    pub text: String,
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
    /// It is a part of the name of a function that is defined there.
    Defined,
}

impl Guard {
    fn admits(self, text: &[u8], start: usize, end: usize) -> bool {
        match self {
            Guard::None => true,
            Guard::SecretName => prefilter::matters(text, start, end),
            Guard::UserInfo => address::may_follow(text, end),
            Guard::Token => provider::may_follow(text, start),
            Guard::Defined => is_defined(text, start),
        }
    }
}

/// Whether the name around an offset follows the keyword of a function.
fn is_defined(text: &[u8], at: usize) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    let before = &text[..at];
    let length = before.iter().rev().take_while(|byte| is_name(byte)).count();
    let before = &before[..at - length];
    before.ends_with(b"def ") || before.ends_with(b"fn ")
}

impl Literal {
    /// A literal that, where it begins or ends with an identifier character, must be a whole word.
    pub fn new(text: &str) -> Self {
        Literal {
            text: text.to_owned(),
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

    /// Whether it is one identifier, complete and in this case.
    fn is_word(&self) -> bool {
        self.starts_word
            && self.ends_word
            && !self.any_case
            && self.guard == Guard::None
            && self.text.bytes().all(is_word)
    }
}

/// Whether the byte can be part of an identifier; every non-ASCII byte counts.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// How near to the match a clause must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Anywhere in the file: a module that is imported.
    File,
    /// In the item, or where it defines a name that the item mentions.
    Item,
    /// In one statement with the other clauses of this number: they come from one expression.
    Statement(u32),
}

/// Literals of which one must occur.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// The alternatives; none if only the shape counts.
    pub any: Vec<Literal>,
    /// Where one must occur.
    pub reach: Reach,
    /// Whether it stands in the code of the match itself: a keyword, an operator. Other text may
    /// hide behind a name, `f = subprocess.run; f(...)`.
    pub spelled: bool,
    /// What the text of the item must match besides.
    pub shape: Option<Shape>,
}

/// An expression that the text of an item must match. Two are the same if they are written alike.
#[derive(Debug, Clone)]
pub struct Shape {
    expression: String,
    compiled: Arc<OnceLock<Option<Regex>>>,
}

impl Shape {
    /// An expression, which is compiled when first needed.
    pub fn new(expression: &str) -> Self {
        Shape {
            expression: expression.to_owned(),
            compiled: Arc::default(),
        }
    }

    /// Whether the text has a match; a wrong expression excludes nothing.
    pub fn fits(&self, text: &str) -> bool {
        let compiled = self
            .compiled
            .get_or_init(|| Regex::new(&self.expression).ok());
        compiled.as_ref().is_none_or(|regex| regex.is_match(text))
    }
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        self.expression == other.expression
    }
}

impl Eq for Shape {}

impl Clause {
    /// A clause that may hide behind a name.
    pub fn new(any: Vec<Literal>, reach: Reach) -> Self {
        Clause {
            any,
            reach,
            spelled: false,
            shape: None,
        }
    }
}

/// Clauses that must all hold.
pub type Conjunction = Vec<Clause>;

/// Conjunctions of which one must hold. An empty conjunction always holds.
pub type Trigger = Vec<Conjunction>;
