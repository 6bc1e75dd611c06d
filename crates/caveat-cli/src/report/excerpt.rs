//! A few lines of a file, made fit for a terminal: long lines are cut around what matters, secrets
//! are masked, line ends are LF, and no character can move the cursor. Knows nothing of findings.

use std::ops::RangeInclusive;

use caveat_parser::{SourceFile, Span};

use super::hides;
use super::place::clamp;

/// Longest line that is shown whole, in bytes.
const LONGEST_LINE: usize = 240;
/// What is kept of a longer line before the first mark, in bytes.
const LEAD: u32 = 60;

/// Some lines of a file, and where its bytes went.
pub(super) struct Excerpt {
    /// The lines, joined by LF, without a final one.
    pub text: String,
    /// Number of the first line, 1-based.
    pub first_line: u32,
    /// Whether the lines are as in the file, but for line ends.
    pub exact: bool,
    /// Offset in the file and in `text` of every character kept, ascending.
    moved: Vec<(u32, usize)>,
}

impl Excerpt {
    /// The given lines (1-based, all in the file), cut so that `marks` show, `secrets` masked.
    pub fn new(
        source: &SourceFile,
        lines: RangeInclusive<u32>,
        marks: &[Span],
        secrets: &[Span],
    ) -> Excerpt {
        let first_line = *lines.start();
        let mut excerpt = Excerpt {
            text: String::new(),
            first_line,
            exact: true,
            moved: Vec::new(),
        };
        for line in lines {
            if line != first_line {
                excerpt.text.push('\n');
            }
            let whole = source.lines.span(line, &source.text);
            let kept = clamp(window(whole, marks), &source.text);
            excerpt.push_line(whole, kept, &source.text, secrets);
        }
        excerpt
    }

    /// Where an offset of the file lies in `text`: for one that was cut away, the nearest after it.
    pub fn place(&self, offset: u32) -> usize {
        let at = self.moved.partition_point(|(from, _)| *from < offset);
        self.moved.get(at).map_or(self.text.len(), |(_, to)| *to)
    }

    fn push_line(&mut self, whole: Span, kept: Span, text: &str, secrets: &[Span]) {
        self.exact &= kept == whole;
        if kept.start > whole.start {
            self.text.push('…');
        }
        for (at, c) in kept.text(text).char_indices() {
            let offset = kept.start + at as u32;
            self.moved.push((offset, self.text.len()));
            let secret = secrets
                .iter()
                .any(|secret| (secret.start..secret.end).contains(&offset));
            let shown = match c {
                _ if secret => '*',
                '\t' => c,
                _ if hides(c) => '\u{fffd}',
                _ => c,
            };
            self.exact &= shown == c;
            self.text.push(shown);
        }
        if kept.end < whole.end {
            self.moved.push((kept.end, self.text.len()));
            self.text.push('…');
        }
        self.moved.push((whole.end, self.text.len()));
    }
}

/// What to keep of a line: all of it, or the part that begins shortly before the first mark.
fn window(line: Span, marks: &[Span]) -> Span {
    if line.len() as usize <= LONGEST_LINE {
        return line;
    }
    let touches = |mark: &&Span| mark.start <= line.end && mark.end >= line.start;
    let first = marks
        .iter()
        .filter(touches)
        .map(|mark| mark.start.max(line.start))
        .min();
    let start = first.map_or(line.start, |first| {
        first.saturating_sub(LEAD).max(line.start)
    });
    let end = (start + LONGEST_LINE as u32).min(line.end);
    Span::new(start, end)
}
