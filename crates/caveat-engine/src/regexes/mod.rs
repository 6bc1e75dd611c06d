//! Analysis of regular expressions: what a pattern costs to match and what it lets through.
//!
//! Pure functions from the text of a pattern to problems. Knows nothing of the program around
//! the pattern but how it is used ([`Usage`]); rules decide what a problem is worth.

pub mod automaton;
pub mod backtrack;
pub mod charset;
pub mod parse;
pub mod redos;
pub mod simplify;
pub mod syntax;

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
