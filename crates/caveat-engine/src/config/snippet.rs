//! A piece of text that was decoded out of a file, with the way back to the file's bytes.
//!
//! Shell code hides in YAML block scalars, JSON strings and Dockerfile continuation lines. The
//! readers of those formats hand it on as a [`Snippet`]; analyses work on its text and ask it
//! for spans of the file. It must not know which format it came from.

use caveat_parser::Span;

/// Decoded text and, for each of its bytes, the byte of the file it came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snippet {
    /// The decoded text.
    pub text: String,
    /// File offset of every byte of `text`, and one more for its end; never decreasing.
    origin: Vec<u32>,
}

impl Snippet {
    /// Text that stands in the file as it is, from byte `start` on.
    pub fn verbatim(text: &str, start: u32) -> Self {
        let origin = (start..=start + text.len() as u32).collect();
        Snippet {
            text: text.to_owned(),
            origin,
        }
    }

    /// A string literal: `text` is what `raw`, at byte `start` of the file, decodes to.
    ///
    /// The two are aligned character by character: indentation, folds and escapes in `raw` are
    /// stepped over. A wrong guess moves a span by some bytes, never out of `raw`.
    pub fn decoded(text: String, raw: &str, start: u32, escapes: bool) -> Self {
        let mut origin = Vec::with_capacity(text.len() + 1);
        let mut at = 0;
        for wanted in text.chars() {
            at = skip_to(raw, at, wanted, escapes);
            // The bytes of an escape sequence are no bytes of the character it stands for.
            let step = u32::from(raw[at..].starts_with(wanted));
            origin
                .extend((0..wanted.len_utf8() as u32).map(|byte| start + at as u32 + byte * step));
            // Line breaks before the text of a block scalar are not in its span.
            if !(wanted == '\n' && raw[at..].starts_with(|c: char| !c.is_whitespace() && c != '\\'))
            {
                at += length_at(raw, at, escapes);
            }
        }
        origin.push(start + at.min(raw.len()) as u32);
        Snippet { text, origin }
    }

    /// Appends text of the file that starts at byte `start`.
    pub fn push_verbatim(&mut self, text: &str, start: u32) {
        self.origin.pop();
        self.text.push_str(text);
        self.origin.extend(start..=start + text.len() as u32);
    }

    /// Appends text that stands nowhere in the file; its span is the byte last appended.
    pub fn push_invented(&mut self, text: &str) {
        let end = self.origin.pop().unwrap_or(0);
        self.text.push_str(text);
        self.origin.extend(std::iter::repeat_n(end, text.len() + 1));
    }

    /// Appends another snippet, which must stand later in the file.
    pub fn push(&mut self, other: &Snippet) {
        self.origin.pop();
        self.text.push_str(&other.text);
        self.origin.extend(&other.origin);
    }

    /// The text from byte `start` of it on.
    pub fn from(&self, start: usize) -> Snippet {
        self.slice(start, self.text.len())
    }

    /// The text between two bytes of it.
    pub fn slice(&self, start: usize, end: usize) -> Snippet {
        let origin = self.origin.get(start..=end).unwrap_or(&[0]).to_vec();
        Snippet {
            text: self.text[start..end].to_owned(),
            origin,
        }
    }

    /// `inner` was decoded out of the text of `self` from byte `offset` on: the same, out of the
    /// file.
    pub fn compose(&self, inner: &Snippet, offset: u32) -> Snippet {
        let last = self.origin.last().copied().unwrap_or(0);
        let place = |&at: &u32| {
            self.origin
                .get((at + offset) as usize)
                .copied()
                .unwrap_or(last)
        };
        Snippet {
            text: inner.text.clone(),
            origin: inner.origin.iter().map(place).collect(),
        }
    }

    /// Span in the file of a span of `text`; offsets beyond the end mean the end.
    pub fn in_file(&self, span: Span) -> Span {
        let last = self.origin.last().copied().unwrap_or(0);
        let start = self
            .origin
            .get(span.start as usize)
            .copied()
            .unwrap_or(last);
        // The end is taken from the last byte inside, so that a span before a fold stays on its line.
        let end = match span.end as usize {
            end if end > span.start as usize => self
                .origin
                .get(end - 1)
                .map_or(last, |&at| at.saturating_add(1).min(last.max(at))),
            _ => start,
        };
        Span::new(start, end.max(start))
    }
}

/// First offset from `at` on where `raw` may stand for `wanted`.
fn skip_to(raw: &str, at: usize, wanted: char, escapes: bool) -> usize {
    let mut here = at;
    while let Some(found) = raw[here..].chars().next() {
        let is_fold = wanted == ' ' && found == '\n';
        if found == wanted || (escapes && found == '\\') || is_fold && here > at {
            return here;
        }
        if !found.is_whitespace() && found != '\'' {
            return at;
        }
        here += found.len_utf8();
    }
    at.min(raw.len())
}

/// Bytes of the character or escape sequence at `at`.
fn length_at(raw: &str, at: usize, escapes: bool) -> usize {
    let rest = &raw[at..];
    let mut chars = rest.chars();
    let Some(first) = chars.next() else { return 0 };
    if !(escapes && first == '\\') {
        return first.len_utf8();
    }
    let wanted = match chars.next() {
        Some('x') => 4,
        Some('u') => 6,
        Some('U') => 10,
        Some(other) => 1 + other.len_utf8(),
        None => 1,
    };
    let mut length = wanted.min(rest.len());
    while !rest.is_char_boundary(length) {
        length -= 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(decoded: &str, raw: &str, escapes: bool, part: &str, expected: &str) {
        let snippet = Snippet::decoded(decoded.into(), raw, 0, escapes);
        let at = decoded.find(part).expect("part stands in the text") as u32;
        let span = snippet.in_file(Span::new(at, at + part.len() as u32));
        assert_eq!(span.text(raw), expected);
    }

    #[test]
    fn spans_lead_back_to_the_file() {
        check("a\nbc\n", "a\n   bc\n", false, "bc", "bc");
        check("echo \"x\" y", r#"echo \"x\" y"#, true, "y", "y");
        check("\n\n| x y", "| x y", false, "x", "x");
        check("it's on", "'it''s on'", false, "on", "on");
        check(
            "one two three\n",
            "one\n  two\n  three\n",
            false,
            "three",
            "three",
        );
        check(
            "a\u{e9}b\u{1F600}c",
            "a\\u00e9b\\ud83d\\ude00c",
            true,
            "a",
            "a",
        );
    }

    #[test]
    fn appended_parts_keep_their_places() {
        let file = "RUN a \\\n # no\n  b";
        let mut snippet = Snippet::verbatim("a ", 4);
        snippet.push_invented(" ");
        snippet.push_verbatim("  b", 14);
        assert_eq!(snippet.text, "a    b");
        assert_eq!(snippet.in_file(Span::new(5, 6)).text(file), "b");
    }
}
