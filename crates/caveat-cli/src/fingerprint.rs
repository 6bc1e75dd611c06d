//! The line hash by which GitHub code scanning knows an alert again after lines have moved.
//!
//! GitHub computes `primaryLocationLineHash` at upload when a log has none, and warns when a log
//! has another value, so this follows `src/fingerprints.ts` of github/codeql-action unit by unit.
//! Knows text only: no files, no findings.

use std::collections::{HashMap, VecDeque};
use std::fmt;

/// How many units a hash covers.
const WINDOW: usize = 100;
/// The base of the polynomial.
const BASE: u64 = 37;
/// What stands for the end of the file.
const END_OF_FILE: u16 = 0xFFFF;
const TAB: u16 = 9;
const LF: u16 = 10;
const CR: u16 = 13;
const SPACE: u16 = 32;

/// The hash of one line and how often it has been seen in the file, this line included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineHash {
    /// Polynomial over the next 100 units from the start of the line.
    pub hash: u64,
    /// 1 for the first line of the file with that hash, 2 for the second...
    pub occurrence: u32,
}

impl fmt::Display for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}:{}", self.hash, self.occurrence)
    }
}

/// The hashes of all lines of `text`; the first element is line 1. Lines end at LF, CRLF or CR.
///
/// A byte-order mark is a unit like any other to GitHub, so the text of a file that had one
/// must be given with it for the first line to agree.
pub fn line_hashes(text: &str) -> Vec<LineHash> {
    let mut rolling = Rolling::default();
    let mut hashes = Vec::new();
    let mut at_start = true;
    for unit in Units::new(text) {
        if at_start {
            rolling.starts.push_back(rolling.pushed);
        }
        at_start = unit == LF;
        hashes.extend(rolling.push(unit));
    }
    while !rolling.starts.is_empty() {
        hashes.extend(rolling.push(0));
    }
    count_occurrences(&hashes)
}

fn count_occurrences(hashes: &[u64]) -> Vec<LineHash> {
    let mut seen: HashMap<u64, u32> = HashMap::new();
    let count = |&hash| {
        let occurrence = seen.entry(hash).or_default();
        *occurrence += 1;
        LineHash {
            hash,
            occurrence: *occurrence,
        }
    };
    hashes.iter().map(count).collect()
}

/// The hash of the last [`WINDOW`] units, and the lines that wait for theirs.
struct Rolling {
    window: [u16; WINDOW],
    hash: u64,
    pushed: usize,
    starts: VecDeque<usize>,
    leaving_factor: u64,
}

impl Default for Rolling {
    fn default() -> Self {
        Rolling {
            window: [0; WINDOW],
            hash: 0,
            pushed: 0,
            starts: VecDeque::new(),
            leaving_factor: BASE.wrapping_pow(WINDOW as u32),
        }
    }
}

impl Rolling {
    /// Takes a unit in; gives the hash of the line that began [`WINDOW`] units ago, if one did.
    fn push(&mut self, unit: u16) -> Option<u64> {
        let slot = &mut self.window[self.pushed % WINDOW];
        let leaving = u64::from(std::mem::replace(slot, unit));
        self.hash = (self.hash.wrapping_mul(BASE))
            .wrapping_add(u64::from(unit))
            .wrapping_sub(self.leaving_factor.wrapping_mul(leaving));
        self.pushed += 1;
        if self
            .starts
            .front()
            .is_none_or(|start| start + WINDOW != self.pushed)
        {
            return None;
        }
        self.starts.pop_front();
        Some(self.hash)
    }
}

/// The units that are hashed: UTF-16 without spaces and tabs, line ends as LF, then the end mark.
struct Units<'a> {
    units: std::iter::Chain<std::str::EncodeUtf16<'a>, std::iter::Once<u16>>,
    after_cr: bool,
}

impl<'a> Units<'a> {
    fn new(text: &'a str) -> Self {
        let units = text.encode_utf16().chain(std::iter::once(END_OF_FILE));
        Units {
            units,
            after_cr: false,
        }
    }
}

impl Iterator for Units<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        loop {
            let unit = self.units.next()?;
            let skipped = unit == SPACE || unit == TAB || (self.after_cr && unit == LF);
            self.after_cr = !skipped && unit == CR;
            if !skipped {
                return Some(if unit == CR { LF } else { unit });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, read off the page: for each line, Horner's rule over its next 100 units.
    fn by_definition(text: &str) -> Vec<String> {
        let mut units: Vec<u16> = Vec::new();
        let mut previous = 0;
        for unit in text.encode_utf16().chain([0xFFFF]) {
            match (previous, unit) {
                (_, 32 | 9) | (13, 10) => previous = 0,
                _ => {
                    units.push(if unit == 13 { 10 } else { unit });
                    previous = unit;
                }
            }
        }
        let starts_line = |at: &usize| *at == 0 || units[at - 1] == 10;
        let hash = |at: usize| {
            (at..at + 100).fold(0_u64, |hash, i| {
                let unit = units.get(i).copied().unwrap_or(0);
                hash.wrapping_mul(37).wrapping_add(u64::from(unit))
            })
        };
        let hashes: Vec<u64> = (0..units.len()).filter(starts_line).map(hash).collect();
        let nth = |i: usize| hashes[..=i].iter().filter(|&h| *h == hashes[i]).count();
        (0..hashes.len())
            .map(|i| format!("{:x}:{}", hashes[i], nth(i)))
            .collect()
    }

    fn hashes(text: &str) -> Vec<String> {
        line_hashes(text).iter().map(LineHash::to_string).collect()
    }

    proptest! {
        #[test]
        fn equals_the_definition(text in "([ab\t \r\nü😀\u{feff}\u{2028}\0]|\r\n|x{90,120}){0,60}") {
            prop_assert_eq!(hashes(&text), by_definition(&text));
        }

        #[test]
        fn every_line_has_a_hash(text in "([ab\t \r\n😀]|\r\n){0,60}") {
            let lines = caveat_parser::LineIndex::new(&text).count() as usize;
            prop_assert_eq!(line_hashes(&text).len(), lines);
        }
    }

    /// Values recorded from an independent program that agrees with GitHub's own client.
    #[test]
    fn equals_recorded_vectors() {
        let recorded = include_str!("../tests/data/line_hashes.json");
        let vectors: Vec<(String, Vec<String>)> = serde_json::from_str(recorded).expect("is JSON");
        assert!(vectors.len() >= 40);
        for (text, expected) in vectors {
            assert_eq!(hashes(&text), expected, "{text:?}");
        }
    }
}
