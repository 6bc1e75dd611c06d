//! Names that are a slip away from a name that many use, and names made of two.

use rustc_hash::FxHashMap;
use std::sync::OnceLock;

use super::known::{self, Ranked};

/// A name that exists counts as a look-alike of these many most used ones only.
const MOST_USED: usize = 700;
/// Shorter names are near to too many.
const SHORTEST: usize = 5;
/// Names of this length are near to one that is meant, not to another word.
const SAFELY_LONG: usize = 8;

/// The list of crates is short, so that many a name that is not in it is near to one that is.
const MOST_USED_CRATES: usize = 2_500;

/// The popular package that an unknown one was probably meant to be.
pub fn meant(name: &str, list: &'static Ranked) -> Option<&'static str> {
    let allowed = match name.len() {
        0..=3 => return None,
        4..=8 => 1,
        _ => 2,
    };
    nearest(name, &list.names, allowed)
}

/// The much used crate that an unknown one was probably meant to be.
pub fn meant_crate(name: &str) -> Option<&'static str> {
    let allowed = match name.len() {
        0..=4 => return None,
        5..=11 => 1,
        _ => 2,
    };
    let names = &known::crates().names;
    nearest(name, &names[..names.len().min(MOST_USED_CRATES)], allowed)
}

fn nearest(name: &str, list: &[&'static str], allowed: usize) -> Option<&'static str> {
    let length = name.len();
    let first = name.as_bytes()[0];
    let mut best: Option<(usize, &'static str)> = None;
    for &candidate in list {
        let near_length = candidate.len().abs_diff(length) <= allowed;
        if !near_length || candidate.len() < 4 {
            continue;
        }
        let folded = known::folded(candidate);
        let distance = distance(name, &folded);
        let plausible = distance == 1 || folded.as_bytes()[0] == first;
        if distance > 0
            && distance <= allowed
            && plausible
            && best.is_none_or(|(other, _)| distance < other)
        {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, name)| name)
}

/// The very popular Python package that an existing, little used one differs from in one letter.
pub fn looks_like(name: &str) -> Option<&'static str> {
    static TABLE: OnceLock<FxHashMap<u64, Vec<&'static str>>> = OnceLock::new();
    if name.len() < SHORTEST || known::popular().rank(name).is_some() {
        return None;
    }
    let table = TABLE.get_or_init(|| {
        let mut table: FxHashMap<u64, Vec<&'static str>> = FxHashMap::default();
        let used = known::popular().names.iter().take(MOST_USED);
        for name in used.filter(|name| name.len() > SHORTEST) {
            for hash in shortened(name) {
                table.entry(hash).or_default().push(name);
            }
        }
        table
    });
    shortened(name)
        .flat_map(|hash| table.get(&hash).into_iter().flatten().copied())
        .find(|&popular| is_slip(name, popular))
}

/// Hashes of a name and of the name without one of its letters.
fn shortened(name: &str) -> impl Iterator<Item = u64> + '_ {
    let bytes = name.as_bytes();
    (0..=bytes.len()).map(move |left_out| {
        let kept = bytes.iter().enumerate().filter(|(at, _)| *at != left_out);
        kept.fold(0xcbf2_9ce4_8422_2325, |hash: u64, (_, byte)| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        })
    })
}

/// Whether one name is the other with a slip: neighbours swapped, a letter doubled, in longer names
/// also one left out, added or, in still longer ones, changed. Short words that differ in a letter
/// are often two words, and a digit or a dash tells versions and families apart.
fn is_slip(name: &str, popular: &str) -> bool {
    let (one, two) = (name.as_bytes(), popular.as_bytes());
    if distance(name, popular) != 1 || one[0] != two[0] {
        return false;
    }
    let same = one.iter().zip(two).take_while(|(a, b)| a == b).count();
    let letter = |bytes: &[u8], at: usize| bytes.get(at).copied().unwrap_or(b'a');
    if !letter(one, same).is_ascii_alphabetic() || !letter(two, same).is_ascii_alphabetic() {
        return false;
    }
    let shorter = one.len().min(two.len());
    let longer = if one.len() > two.len() { one } else { two };
    let doubled = longer
        .get(same)
        .is_some_and(|&byte| same > 0 && longer[same - 1] == byte);
    match one.len() == two.len() {
        true if letter(one, same) == letter(two, same + 1) => true,
        true => shorter > SAFELY_LONG,
        false => doubled || shorter >= SAFELY_LONG,
    }
}

/// Popular names that the parts of an unknown name spell: `requests-async-client` has `requests`.
pub fn blend<'n>(name: &'n str, list: &Ranked) -> Option<&'n str> {
    let ends: Vec<usize> = name.match_indices('-').map(|(at, _)| at).collect();
    let parts = ends.iter().map(|&at| &name[..at]);
    let known = |part: &&str| part.len() >= 3 && list.rank(part).is_some_and(|rank| rank < 4000);
    let longest = parts.rev().find(known);
    longest.or_else(|| {
        let mut rest = name.split('-').skip(1);
        rest.find(|part| part.len() >= 4 && list.rank(part).is_some_and(|rank| rank < 1500))
    })
}

/// Edits between two names: letters left out, added, changed, and neighbours swapped.
fn distance(one: &str, two: &str) -> usize {
    let (one, two) = (one.as_bytes(), two.as_bytes());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=two.len()).collect();
    for (row, a) in one.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, b) in two.iter().enumerate() {
            let changed = above[column] + usize::from(a != b);
            let mut least = changed.min(above[column + 1] + 1).min(line[column] + 1);
            let swapped = row > 0 && column > 0 && *a == two[column - 1] && one[row - 1] == *b;
            if swapped && a != b {
                least = least.min(before[column - 1] + 1);
            }
            line.push(least);
        }
        before = std::mem::replace(&mut above, line);
    }
    above[two.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let check = |one: &str, two: &str, expected| assert_eq!(distance(one, two), expected);
        check("requests", "requests", 0);
        check("reqeusts", "requests", 1);
        check("request", "requests", 1);
        check("reqests", "requests", 1);
        check("", "abc", 3);
        check("pandas", "numpy", 6);
    }

    #[test]
    fn slips() {
        let popular = known::popular();
        assert_eq!(meant("reqeusts", popular), Some("requests"));
        assert_eq!(meant("beautifulsop4", popular), Some("beautifulsoup4"));
        assert_eq!(meant("fastapi-secure-auth-kit", popular), None);
        assert_eq!(blend("requests-async-retry", popular), Some("requests"));
        assert_eq!(looks_like("requestss"), Some("requests"));
        assert_eq!(looks_like("requests"), None);
        assert_eq!(looks_like("numpy2"), None);
        assert_eq!(looks_like("padnas"), Some("pandas"));
        assert_eq!(looks_like("crytography"), Some("cryptography"));
        for other_word in ["pedantic", "pigments", "pgtest", "jinja", "cymysql"] {
            assert_eq!(looks_like(other_word), None, "{other_word}");
        }
    }
}
