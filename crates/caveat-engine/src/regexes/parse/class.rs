//! Character classes, `[...]`.

use caveat_parser::source::Span;

use super::super::charset::CharSet;
use super::super::syntax::{CharForm, Flavor, Kind, WrittenRange};
use super::escape::Escaped;
use super::{MAX_DEPTH, ParseError, Parser, Result};

/// One member of a class.
enum Member {
    Char(char, bool),
    Set(CharSet),
}

impl Parser<'_> {
    /// After the opening bracket.
    pub(super) fn class(&mut self, start: usize) -> Result<Kind> {
        let first_range = self.ranges.len();
        let (set, negated) = self.class_set(0)?;
        let span = self.span_from(start);
        for range in &mut self.ranges[first_range..] {
            range.class = span;
        }
        let form = match (negated, single(&set)) {
            (true, _) => CharForm::NegatedSet,
            // CPython turns `[a]` into the literal.
            (false, true) if !self.flags.ignore_case => CharForm::Literal,
            _ => CharForm::Set,
        };
        Ok(Kind::Char(set, form))
    }

    fn class_set(&mut self, depth: u32) -> Result<(CharSet, bool)> {
        if depth > MAX_DEPTH {
            return Err(ParseError::TooLarge(self.pos));
        }
        let negated = self.eat("^");
        let mut parts: Vec<(u32, u32)> = Vec::new();
        let mut operands: Vec<CharSet> = Vec::new();
        let mut first = true;
        loop {
            if self.eat("&&") {
                if !self.flavor.has_class_operations() {
                    self.pos -= 1;
                    parts.push((0x26, 0x26));
                    continue;
                }
                operands.push(CharSet::from_ranges(std::mem::take(&mut parts)));
                continue;
            }
            let rust_operator = ["--", "~~"].iter().any(|op| self.rest().starts_with(op));
            if self.flavor == Flavor::RustRegex && rust_operator && !first {
                return Err(self.unsupported("a difference of classes"));
            }
            match self.peek() {
                None => return Err(self.malformed("a class is not closed")),
                Some(']') if !first => {
                    self.pos += 1;
                    break;
                }
                _ => {}
            }
            if !self.skip_class_blank() {
                self.member_or_range(depth, &mut parts)?;
            }
            first = false;
        }
        let mut set = self.folded(CharSet::from_ranges(parts));
        for operand in operands {
            set = set.intersect(&self.folded(operand));
        }
        Ok((if negated { set.negate() } else { set }, negated))
    }

    /// White space in classes is ignored by Rust's verbose mode only.
    fn skip_class_blank(&mut self) -> bool {
        let skips = self.flags.verbose
            && matches!(self.flavor, Flavor::RustRegex | Flavor::FancyRegex)
            && self.peek().is_some_and(|c| c.is_ascii_whitespace());
        if skips {
            self.pos += 1;
        }
        skips
    }

    fn member_or_range(&mut self, depth: u32, parts: &mut Vec<(u32, u32)>) -> Result<()> {
        let start = self.pos;
        let (low, low_numeric) = match self.member(depth)? {
            Member::Char(c, numeric) => (c, numeric),
            Member::Set(set) => {
                parts.extend_from_slice(set.ranges());
                return Ok(());
            }
        };
        let dash = self.pos;
        let is_range = self.eat("-") && self.peek().is_some_and(|c| c != ']');
        let nested = is_range && self.peek() == Some('[') && self.flavor.has_class_operations();
        if !is_range || nested {
            self.pos = dash;
            parts.push((low as u32, low as u32));
            return Ok(());
        }
        match self.member(depth)? {
            Member::Char(high, _) if high < low => Err(self.malformed("a range is reversed")),
            Member::Char(high, high_numeric) => {
                parts.push((low as u32, high as u32));
                let numeric = low_numeric || high_numeric;
                let span = self.span_from(start);
                let class = Span::default();
                self.ranges.push(WrittenRange {
                    low,
                    high,
                    numeric,
                    span,
                    class,
                });
                Ok(())
            }
            Member::Set(_) if self.flavor.is_python() => Err(self.malformed("a range to a class")),
            Member::Set(set) => {
                parts.extend([(low as u32, low as u32), (0x2D, 0x2D)]);
                parts.extend_from_slice(set.ranges());
                Ok(())
            }
        }
    }

    fn member(&mut self, depth: u32) -> Result<Member> {
        let start = self.pos;
        let posix = self.rest().starts_with("[:") && !self.flavor.is_python();
        if let Some(set) = if posix { self.posix_class()? } else { None } {
            return Ok(Member::Set(set));
        }
        match self.bump() {
            None => Err(self.malformed("a class is not closed")),
            Some('[') if self.flavor.has_class_operations() => {
                Ok(Member::Set(self.class_set(depth + 1)?.0))
            }
            Some('\\') if self.eat("b") => Ok(Member::Char('\x08', false)),
            Some('\\') => Ok(match self.simple_escape(start)? {
                Escaped::Char(c, numeric) => Member::Char(c, numeric),
                Escaped::Set(set) => Member::Set(set),
            }),
            Some(c) => Ok(Member::Char(c, false)),
        }
    }

    /// `[:alpha:]`, at its bracket. `None` when it is not of that form.
    fn posix_class(&mut self) -> Result<Option<CharSet>> {
        let Some(end) = self.rest().find(":]") else {
            return Ok(None);
        };
        let name = &self.rest()[2..end];
        let (name, negated) = name.strip_prefix('^').map_or((name, false), |n| (n, true));
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase()) {
            return Ok(None);
        }
        let Some(set) = posix_set(name) else {
            return Err(self.malformed("an unknown class"));
        };
        self.pos += end + 2;
        Ok(Some(if negated { set.negate() } else { set }))
    }
}

fn single(set: &CharSet) -> bool {
    matches!(set.ranges(), [(lo, hi)] if lo == hi)
}

fn posix_set(name: &str) -> Option<CharSet> {
    let ranges: &[(u32, u32)] = match name {
        "alpha" => &[(0x41, 0x5A), (0x61, 0x7A)],
        "alnum" => &[(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)],
        "ascii" => &[(0, 0x7F)],
        "blank" => &[(9, 9), (0x20, 0x20)],
        "cntrl" => &[(0, 0x1F), (0x7F, 0x7F)],
        "digit" => &[(0x30, 0x39)],
        "graph" => &[(0x21, 0x7E)],
        "lower" => &[(0x61, 0x7A)],
        "print" => &[(0x20, 0x7E)],
        "punct" => &[(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)],
        "space" => &[(9, 13), (0x20, 0x20)],
        "upper" => &[(0x41, 0x5A)],
        "word" => &[(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)],
        "xdigit" => &[(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)],
        _ => return None,
    };
    Some(CharSet::from_ranges(ranges.iter().copied()))
}
