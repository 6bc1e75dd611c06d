//! What is wrong with a rule file, in its author's words: where, what, and what to do.
//!
//! The value is plain data; drawing it needs the file's text, which only the caller keeps.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::YamlSpan;

/// One mistake in a rule or model file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {message}")]
pub struct RuleError {
    /// The file as the caller named it.
    pub file: String,
    /// Bytes of the file that are wrong.
    pub span: YamlSpan,
    /// What is wrong: lower case, no final stop.
    pub message: String,
    /// What to do about it, if that is not plain from the message.
    pub help: Option<String>,
}

impl RuleError {
    /// Draws the error below the line it is about, as rustc does, without a final line break.
    ///
    /// `text` is the file's text and `styled` adds terminal colours. A span of several lines is
    /// drawn on its first only: the start of a mapping says enough, the rest hides it.
    pub fn render(&self, text: &str, styled: bool) -> String {
        let snippet = Snippet::source(text)
            .path(&self.file)
            .annotation(AnnotationKind::Primary.span(first_line(text, &self.span)));
        let mut group = Level::ERROR.primary_title(&self.message).element(snippet);
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help));
        }
        let renderer = if styled {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.render(&[group]).to_string()
    }
}

/// Cuts a span to its first line and to the text, on character boundaries.
fn first_line(text: &str, span: &YamlSpan) -> Range<usize> {
    let start = boundary(text, span.start);
    let end = boundary(text, span.end.max(start));
    let line = text[start..end].lines().next().unwrap_or_default();
    start..start + line.len()
}

/// The last character boundary at or before a byte, within the text.
pub(crate) fn boundary(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// The known name that `written` was probably meant to be, if one is close enough.
pub(crate) fn closest<'n>(written: &str, known: &[&'n str]) -> Option<&'n str> {
    let budget = (written.chars().count() / 3).clamp(1, 3);
    let scored = known
        .iter()
        .map(|name| (edits(written, name, budget), *name));
    scored
        .filter(|(edits, _)| *edits <= budget)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, n)| n)
}

/// Levenshtein distance; lengths that already differ by more than `budget` are not compared.
fn edits(a: &str, b: &str, budget: usize) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > budget {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}
