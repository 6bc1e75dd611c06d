//! Finds characters that make text read otherwise than it is: bidirectional controls, invisible
//! tag characters, and zero-width characters inside names.
//!
//! After "Trojan Source" (Boucher and Anderson, 2021) and Unicode TR 36. Translation catalogues
//! need the controls and are left alone; escaped forms are no such characters.

use caveat_parser::Span;

use super::{Analysis, FileKind, Hit, TextFile, in_order};
use crate::rule::{Confidence, Severity};

pub(super) const ANALYSIS: Analysis = Analysis {
    rule: "bidi-control-character",
    check,
    triggers: &[
        "\u{202A}",
        "\u{202B}",
        "\u{202C}",
        "\u{202D}",
        "\u{202E}",
        "\u{2066}",
        "\u{2067}",
        "\u{2068}",
        "\u{2069}",
        "\u{E0001}",
        "\u{E0020}",
        "\u{200B}",
        "\u{200C}",
        "\u{200D}",
        "\u{2060}",
        "\u{FEFF}",
    ],
    kinds: &[],
};

fn check(file: &TextFile) -> Vec<Hit> {
    if file.kind == FileKind::Catalogue {
        return Vec::new();
    }
    let mut hits = Vec::new();
    let mut line_of_last = None;
    for (at, c) in suspects(file.text) {
        let line = line_around(file.text, at);
        let Some(hit) = judge(file, at, c, line) else {
            continue;
        };
        if line_of_last.replace(line.start) != Some(line.start) {
            hits.push(hit);
        }
    }
    in_order(hits)
}

/// Offsets of the characters in question, found by their first byte.
fn suspects(text: &str) -> impl Iterator<Item = (usize, char)> {
    let leads = memchr::memchr3_iter(0xE2, 0xEF, 0xF3, text.as_bytes());
    leads.filter_map(|at| {
        let c = text.get(at..)?.chars().next()?;
        (is_bidi(c) || is_tag(c) || is_zero_width(c)).then_some((at, c))
    })
}

/// Embeddings, overrides and isolates, and what ends them.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{E0000}'..='\u{E007F}')
}

fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}')
}

fn line_around(text: &str, at: usize) -> Span {
    let start = text[..at].rfind(['\n', '\r']).map_or(0, |found| found + 1);
    let end = text[at..]
        .find(['\n', '\r'])
        .map_or(text.len(), |found| at + found);
    Span::new(start as u32, end as u32)
}

fn judge(file: &TextFile, at: usize, c: char, line: Span) -> Option<Hit> {
    let span = Span::new(at as u32, (at + c.len_utf8()) as u32);
    let name = format!("U+{:04X}", c as u32);
    if is_tag(c) {
        let invisible = file.kind != FileKind::Other && !is_flag(&file.text[..at]);
        return invisible.then(|| Hit::new(span, format!("the invisible tag character {name}")));
    }
    if is_zero_width(c) {
        let inside = is_source(file.kind) && splits_name(file.text, span);
        let hit = Hit::new(
            span,
            format!("the zero-width character {name} inside a name"),
        );
        return inside.then(|| {
            hit.severity(Severity::Medium)
                .confidence(Confidence::Medium)
        });
    }
    let harmless = is_balanced(line.text(file.text)) && has_right_to_left(line.text(file.text));
    let hit = Hit::new(span, format!("the bidirectional control character {name}"));
    match (is_source(file.kind), harmless) {
        (true, false) => Some(hit),
        (true, true) => Some(hit.severity(Severity::Low).confidence(Confidence::Medium)),
        // In a document or data only unbalanced overrides and embeddings mislead a reader.
        (false, false) if file.kind != FileKind::Other && reorders(line.text(file.text)) => {
            Some(hit.severity(Severity::Low).confidence(Confidence::Medium))
        }
        (false, _) => None,
    }
}

/// Files that a program reads, so that a reviewer must see what it sees.
fn is_source(kind: FileKind) -> bool {
    !matches!(
        kind,
        FileKind::Prose | FileKind::Other | FileKind::Notebook | FileKind::Catalogue
    )
}

/// Whether the tag characters that end here belong to an emoji flag, such as that of Wales.
fn is_flag(before: &str) -> bool {
    before
        .chars()
        .rev()
        .find(|&c| !is_tag(c) && c != '\u{200D}')
        == Some('\u{1F3F4}')
}

/// Whether there are ASCII name characters on both sides.
fn splits_name(text: &str, span: Span) -> bool {
    let bytes = text.as_bytes();
    let is_name = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let before = (span.start as usize)
        .checked_sub(1)
        .and_then(|at| bytes.get(at));
    is_name(before) && is_name(bytes.get(span.end as usize))
}

/// Whether every control that opens is closed on the line, in order.
fn is_balanced(line: &str) -> bool {
    let mut open = Vec::new();
    for c in line.chars() {
        match c {
            '\u{202A}' | '\u{202B}' | '\u{202D}' | '\u{202E}' => open.push('\u{202C}'),
            '\u{2066}'..='\u{2068}' => open.push('\u{2069}'),
            '\u{202C}' | '\u{2069}' if open.pop() != Some(c) => return false,
            _ => {}
        }
    }
    open.is_empty()
}

/// Whether an override or right-to-left control stands there, not only isolates.
fn reorders(line: &str) -> bool {
    line.contains(['\u{202B}', '\u{202D}', '\u{202E}', '\u{2067}'])
}

/// Whether there are Hebrew, Arabic, Syriac or Thaana letters.
fn has_right_to_left(line: &str) -> bool {
    line.chars().any(|c| matches!(c, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[&str]) {
        let hits = super::check(&TextFile::new(path, text));
        let got: Vec<_> = hits
            .iter()
            .map(|hit| {
                format!(
                    "{:04X}",
                    hit.span.text(text).chars().next().map_or(0, u32::from)
                )
            })
            .collect();
        assert_eq!(got, expected, "{text:?}");
    }

    #[test]
    fn source() {
        check("a.py", "if x: # \u{202E}\u{2066}ok\n", &["202E"]);
        check(
            "a.rs",
            "/*\u{202E} } \u{2066}if a\u{2069} \u{2066} */\nb\u{202C}",
            &["202E", "202C"],
        );
        check("a.py", "x = '\\u202e'\n", &[]);
        check(
            "a.py",
            "flag = '\u{1F3F4}\u{E0067}\u{E0062}\u{E0077}\u{E007F}'",
            &[],
        );
        check("a.py", "x = 'hi\u{E0041}'", &["E0041"]);
        check("a.py", "ad\u{200B}min = 1", &["200B"]);
        check("a.py", "x = '\u{200B}' + '👨\u{200D}👩'", &[]);
        check("a.py", "\u{FEFF}x = 1", &[]);
    }

    #[test]
    fn other_files() {
        check("locale/ar/django.po", "\u{202B}x", &[]);
        check("a.md", "\u{2068}שלום\u{2069}", &[]);
        check("a.md", "see \u{202E}cod.exe", &["202E"]);
        check("data.json", "\u{202A}x \u{E0041}", &[]);
        check("AGENTS.md", "be kind\u{E0041}", &["E0041"]);
    }
}
