//! What a regular expression that a whole text matches says of its characters.
//!
//! Only expressions that are anchored at both ends, or whose method anchors them, and that are
//! made of classes, literals and repetitions are understood; of others nothing is said.

use super::value::Absent;
use crate::model::{Fact, FactSet};

/// The characters that an expression allows.
pub struct Allowed {
    characters: Vec<(char, char)>,
}

/// Reads the characters of the texts that the expression matches as a whole: because the method
/// asks for that (`is_whole`), or because it says so at its end.
pub fn allowed(expression: &str, is_whole: bool) -> Option<Allowed> {
    if !is_whole && !expression.ends_with(['$', 'Z', 'z']) {
        return None;
    }
    let inner = expression.trim_start_matches("(?i)");
    let inner = inner.trim_start_matches("\\A").trim_start_matches('^');
    let inner = inner
        .trim_end_matches("\\Z")
        .trim_end_matches("\\z")
        .trim_end_matches('$');
    let parsed = regex_syntax::ParserBuilder::new()
        .build()
        .parse(inner)
        .ok()?;
    let mut characters = Vec::new();
    collect(&parsed, &mut characters, 0)?;
    Some(Allowed { characters })
}

fn collect(hir: &regex_syntax::hir::Hir, into: &mut Vec<(char, char)>, depth: u32) -> Option<()> {
    use regex_syntax::hir::{Class, HirKind};
    if depth > 20 {
        return None;
    }
    match hir.kind() {
        HirKind::Empty => Some(()),
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            into.extend(text.chars().map(|c| (c, c)));
            Some(())
        }
        HirKind::Class(Class::Unicode(class)) => {
            into.extend(class.ranges().iter().map(|it| (it.start(), it.end())));
            Some(())
        }
        HirKind::Class(Class::Bytes(_)) | HirKind::Look(_) => None,
        HirKind::Repetition(repetition) => collect(&repetition.sub, into, depth + 1),
        HirKind::Capture(capture) => collect(&capture.sub, into, depth + 1),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts
            .iter()
            .try_for_each(|part| collect(part, into, depth + 1)),
    }
}

impl Allowed {
    /// These ranges of characters.
    pub fn of(characters: Vec<(char, char)>) -> Allowed {
        Allowed { characters }
    }

    fn has(&self, character: char) -> bool {
        self.characters
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&character))
    }

    /// Watched characters that it does not allow.
    pub fn absent(&self) -> Absent {
        Absent::where_not(|character| self.has(character))
    }

    /// The facts that hold of a text of these characters.
    pub fn facts(&self) -> FactSet {
        let mut facts = FactSet::EMPTY.with(Fact::Matches);
        let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        let safe = (' '..='~').filter(|c| !word(*c)).all(|c| !self.has(c));
        if safe && !self.has('\n') {
            facts = facts.with(Fact::Alphanumeric);
        }
        let digits = (' '..='~')
            .filter(|c| !c.is_ascii_digit())
            .all(|c| !self.has(c));
        if digits && !self.has('\n') {
            facts = facts.with(Fact::Number);
        }
        facts
    }
}
