//! Sets of code points, as sorted ranges.
//!
//! Knows nothing of patterns. The Unicode classes are approximations: exact in ASCII, coarse
//! outside it, which is enough because witnesses prefer ASCII and are verified anyway.

/// Highest code point of Unicode.
const MAX: u32 = 0x10_FFFF;

/// A set of code points: disjoint, sorted, inclusive ranges that do not touch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct CharSet {
    ranges: Vec<(u32, u32)>,
}

/// Digits of `\d` outside ASCII, the common scripts only.
const WIDE_DIGITS: &[(u32, u32)] = &[
    (0x660, 0x669),
    (0x6F0, 0x6F9),
    (0x966, 0x96F),
    (0x9E6, 0x9EF),
    (0xFF10, 0xFF19),
];

/// White space of Unicode outside ASCII.
const WIDE_SPACES: &[(u32, u32)] = &[
    (0x85, 0x85),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
];

/// Letters outside ASCII, by blocks.
const WIDE_LETTERS: &[(u32, u32)] = &[
    (0xAA, 0xAA),
    (0xB5, 0xB5),
    (0xBA, 0xBA),
    (0xC0, 0xD6),
    (0xD8, 0xF6),
    (0xF8, 0x2C1),
    (0x370, 0x373),
    (0x376, 0x377),
    (0x37B, 0x37D),
    (0x386, 0x386),
    (0x388, 0x481),
    (0x48A, 0x556),
    (0x561, 0x587),
    (0x5D0, 0x5EA),
    (0x620, 0x64A),
    (0x660, 0x669),
    (0x671, 0x6D3),
    (0x6F0, 0x6FC),
    (0x904, 0x939),
    (0x966, 0x96F),
    (0x9E6, 0x9EF),
    (0xE01, 0xE30),
    (0x10A0, 0x10FA),
    (0x1100, 0x1248),
    (0x1E00, 0x1FBC),
    (0x3041, 0x3096),
    (0x30A1, 0x30FA),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xFF10, 0xFF19),
    (0xFF21, 0xFF3A),
    (0xFF41, 0xFF5A),
    (0x20000, 0x2A6DF),
];

impl CharSet {
    /// The set of the given inclusive ranges, in any order, overlaps allowed.
    pub fn from_ranges(ranges: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut ranges: Vec<(u32, u32)> = ranges.into_iter().filter(|r| r.0 <= r.1).collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (lo, hi) in ranges {
            match merged.last_mut() {
                Some(last) if lo <= last.1.saturating_add(1) => last.1 = last.1.max(hi),
                _ => merged.push((lo, hi)),
            }
        }
        CharSet { ranges: merged }
    }

    /// One code point.
    pub fn single(c: char) -> Self {
        CharSet {
            ranges: vec![(c as u32, c as u32)],
        }
    }

    /// Every code point.
    pub fn any() -> Self {
        CharSet {
            ranges: vec![(0, MAX)],
        }
    }

    /// Every code point but the line feed: `.` without DOTALL.
    pub fn any_but_newline() -> Self {
        CharSet {
            ranges: vec![(0, 9), (11, MAX)],
        }
    }

    /// `\d`.
    pub fn digits(ascii: bool) -> Self {
        CharSet::class(&[(0x30, 0x39)], WIDE_DIGITS, ascii)
    }

    /// `\w`.
    pub fn word(ascii: bool) -> Self {
        CharSet::class(
            &[(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)],
            WIDE_LETTERS,
            ascii,
        )
    }

    /// `\s`. Python's Unicode white space counts the separators 0x1C to 0x1F too.
    pub fn space(ascii: bool) -> Self {
        if ascii {
            return CharSet::from_ranges([(9, 13), (0x20, 0x20)]);
        }
        CharSet::class(&[(9, 13), (0x1C, 0x20)], WIDE_SPACES, false)
    }

    /// Letters.
    pub fn letters(ascii: bool) -> Self {
        CharSet::class(&[(0x41, 0x5A), (0x61, 0x7A)], WIDE_LETTERS, ascii)
    }

    fn class(narrow: &[(u32, u32)], wide: &[(u32, u32)], ascii: bool) -> Self {
        let wide = if ascii { &[][..] } else { wide };
        CharSet::from_ranges(narrow.iter().chain(wide).copied())
    }

    /// The ranges, sorted.
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    /// Whether nothing is in the set.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether the code point is in the set.
    pub fn contains(&self, c: u32) -> bool {
        let i = self.ranges.partition_point(|r| r.1 < c);
        self.ranges.get(i).is_some_and(|r| r.0 <= c)
    }

    /// Everything in either.
    pub fn union(&self, other: &CharSet) -> CharSet {
        CharSet::from_ranges(self.ranges.iter().chain(&other.ranges).copied())
    }

    /// Everything not in the set.
    pub fn negate(&self) -> CharSet {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = 0;
        for &(lo, hi) in &self.ranges {
            if lo > next {
                ranges.push((next, lo - 1));
            }
            next = hi.saturating_add(1);
        }
        if next <= MAX {
            ranges.push((next, MAX));
        }
        CharSet { ranges }
    }

    /// Everything in both.
    pub fn intersect(&self, other: &CharSet) -> CharSet {
        self.negate().union(&other.negate()).negate()
    }

    /// The set and the other cases of its letters. Ranges of more than 600 code points outside
    /// ASCII are left as they are.
    pub fn fold_case(&self) -> CharSet {
        let mut ranges = self.ranges.clone();
        for &(lo, hi) in &self.ranges {
            for (from, to) in [(0x41u32, 0x61u32), (0x61, 0x41)] {
                let (a, b) = (lo.max(from), hi.min(from + 25));
                if a <= b {
                    ranges.push((a - from + to, b - from + to));
                }
            }
            if hi >= 0x80 && hi - lo.max(0x80) <= 600 {
                ranges.extend((lo.max(0x80)..=hi).flat_map(other_cases).map(|c| (c, c)));
            }
        }
        CharSet::from_ranges(ranges)
    }
}

/// The single-code-point lower and upper case of a code point.
fn other_cases(c: u32) -> impl Iterator<Item = u32> {
    let c = char::from_u32(c);
    let lower = c.and_then(|c| single(c.to_lowercase()));
    let upper = c.and_then(|c| single(c.to_uppercase()));
    lower.into_iter().chain(upper)
}

fn single(mut chars: impl Iterator<Item = char>) -> Option<u32> {
    let first = chars.next()?;
    chars.next().is_none().then_some(first as u32)
}

/// Whether `\b` counts the code point as part of a word.
pub fn is_word(c: u32, ascii: bool) -> bool {
    match char::from_u32(c) {
        Some(c) if c.is_ascii() => c.is_ascii_alphanumeric() || c == '_',
        Some(c) => !ascii && c.is_alphanumeric(),
        None => false,
    }
}
