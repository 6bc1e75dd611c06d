//! Source text and positions: decoding of bytes, byte spans, lines and columns.
//!
//! Everything inside caveat is a byte offset into the decoded text. Only output needs lines and
//! columns, and each consumer wants its own unit, so [`LineIndex`] converts on demand.

/// A half-open range of byte offsets into the decoded text of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` up to, not including, `end`.
    pub fn new(start: u32, end: u32) -> Self {
        Span { start, end }
    }

    /// Length in bytes.
    pub fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether the span holds no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `other` lies inside this span (equal spans count).
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The text of the span.
    pub fn text(self, text: &str) -> &str {
        &text[self.start as usize..self.end as usize]
    }
}

/// The decoded text of one file.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Path relative to the scan's root, with `/` between parts.
    pub path: String,
    /// Text as UTF-8, without a byte-order mark; line ends as in the file.
    pub text: String,
    /// Line starts of `text`.
    pub lines: LineIndex,
}

impl SourceFile {
    /// A file from text that is UTF-8 already.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        SourceFile {
            path: path.into(),
            lines: LineIndex::new(&text),
            text,
        }
    }
}

/// A line and a column, both 1-based.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// 1-based line.
    pub line: u32,
    /// 1-based column, in the unit of the function that made it.
    pub column: u32,
}

/// Byte offsets at which lines start. A line ends at LF, CRLF or a lone CR.
#[derive(Debug, Clone, Default)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Finds the line starts of `text`.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n') {
                continue;
            }
            starts.push(at as u32 + 1);
        }
        LineIndex { starts }
    }

    /// Number of lines; text that ends in a line break has an empty last line.
    pub fn count(&self) -> u32 {
        self.starts.len() as u32
    }

    /// 1-based line that holds the byte offset.
    pub fn line(&self, offset: u32) -> u32 {
        self.starts.partition_point(|&start| start <= offset) as u32
    }

    /// Bytes of the 1-based line, without its line break.
    pub fn span(&self, line: u32, text: &str) -> Span {
        let start = self.starts[line as usize - 1];
        let end = self
            .starts
            .get(line as usize)
            .copied()
            .unwrap_or(text.len() as u32);
        let body = &text[start as usize..end as usize];
        Span::new(
            start,
            start + body.trim_end_matches(['\n', '\r']).len() as u32,
        )
    }

    /// Line and column in UTF-16 code units, as SARIF and LSP count.
    pub fn utf16(&self, offset: u32, text: &str) -> Position {
        self.position(offset, text, |before| before.encode_utf16().count())
    }

    /// Line and column in Unicode scalar values, as terminals and people count.
    pub fn chars(&self, offset: u32, text: &str) -> Position {
        self.position(offset, text, |before| before.chars().count())
    }

    fn position(&self, offset: u32, text: &str, count: impl Fn(&str) -> usize) -> Position {
        let line = self.line(offset);
        let start = self.starts[line as usize - 1];
        let before = &text[start as usize..offset as usize];
        Position {
            line,
            column: count(before) as u32 + 1,
        }
    }
}
