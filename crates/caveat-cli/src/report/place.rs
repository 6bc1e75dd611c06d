//! Byte spans as lines and columns, and paths as URIs. Knows nothing of findings.

use std::fmt::Write as _;

use caveat_parser::{Position, SourceFile, Span};

/// The unit in which columns are counted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    /// Unicode scalar values.
    Chars,
    /// UTF-16 code units.
    Utf16,
}

/// A span with both ends inside the text and between characters, whatever was given.
pub(super) fn clamp(span: Span, text: &str) -> Span {
    let floor = |offset: u32| {
        let mut at = (offset as usize).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at as u32
    };
    let start = floor(span.start);
    Span::new(start, floor(span.end).max(start))
}

/// First and one-past-last position of a span, which must be clamped.
pub(super) fn range(source: &SourceFile, span: Span, unit: Unit) -> (Position, Position) {
    (
        position(source, span.start, unit),
        position(source, span.end, unit),
    )
}

/// Line and column of an offset, which must lie between characters. The inside of a line break
/// counts as the end of its line.
fn position(source: &SourceFile, offset: u32, unit: Unit) -> Position {
    let line = source.lines.line(offset);
    let offset = offset.min(source.lines.span(line, &source.text).end);
    match unit {
        Unit::Chars => source.lines.chars(offset, &source.text),
        Unit::Utf16 => source.lines.utf16(offset, &source.text),
    }
}

/// A path as a relative URI reference: all but RFC 3986's unreserved characters and `/` encoded.
pub(super) fn percent_encode(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte as char);
            }
            _ => write!(uri, "%{byte:02X}").expect("a String takes any text"),
        }
    }
    uri
}
