//! `cargo xtask letter-pairs FOLDER`: the table by which caveat tells random text from words.
//!
//! Counts how letters follow each other in the words of the Python files below a folder, each word
//! weighted by the square root of its count, so that `self` does not outweigh a language. The table
//! that is committed was counted over the standard library of CPython, without its tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::workspace;

/// Arguments of `letter-pairs`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Folder of Python files, such as the standard library.
    folder: PathBuf,
}

/// Writes the table.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut words = BTreeMap::new();
    count(&arguments.folder, &mut words)?;
    let path = workspace().join("crates/caveat-engine/src/checks/secrets/letter_pairs.rs");
    let old = std::fs::read_to_string(&path)?;
    let head = old
        .split_inclusive("= [\n")
        .next()
        .context("the table has no beginning")?;
    let rows: Vec<String> = table(&words)
        .iter()
        .map(|row| format!("    {row:?}"))
        .collect();
    let text = format!("{head}{},\n];\n", rows.join(",\n"));
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Counts the words of all Python files.
fn count(folder: &Path, words: &mut BTreeMap<String, u32>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder);
    for entry in entries.with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !path.is_symlink() {
            if !name.starts_with("test") && name != "site-packages" {
                count(&path, words)?;
            }
        } else if name.ends_with(".py") {
            let bytes = std::fs::read(&path)?;
            for word in words_of(&String::from_utf8_lossy(&bytes)) {
                *words.entry(word).or_default() += 1;
            }
        }
    }
    Ok(())
}

/// Runs of letters, cut at the humps of `camelCase`, of 2 to 16 letters, in lower case.
fn words_of(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_ascii_alphabetic())
        .flat_map(|run| {
            let mut parts = vec![String::new()];
            let mut before = 'A';
            for c in run.chars() {
                if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
                    parts.push(String::new());
                }
                if let Some(last) = parts.last_mut() {
                    last.push(c.to_ascii_lowercase());
                }
                before = c;
            }
            parts
        })
        .filter(|word| (2..=16).contains(&word.len()))
}

/// Sixteenths of a bit by which each letter surprises after another; 26 is the end of a word.
fn table(words: &BTreeMap<String, u32>) -> Vec<Vec<u8>> {
    let mut counts = vec![vec![1u64; 27]; 27];
    for (word, &count) in words {
        let weight = f64::from(count).sqrt() as u64 + 1;
        let letters = word.bytes().map(|byte| usize::from(byte - b'a'));
        let mut before = 26;
        for letter in letters.chain([26]) {
            counts[before][letter] += weight;
            before = letter;
        }
    }
    let surprise = |row: &Vec<u64>| {
        let all: u64 = row.iter().sum();
        let bits = |&count: &u64| -16.0 * (count as f64 / all as f64).log2();
        row.iter()
            .map(|count| bits(count).round().min(255.0) as u8)
            .collect()
    };
    counts.iter().map(surprise).collect()
}
