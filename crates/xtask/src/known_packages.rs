//! `cargo xtask known-packages`: the table of package names by which caveat tells a name that
//! exists from one that was made up.
//!
//! Reads two lists, each a line per package with tabs between columns: names of Python packages as
//! the registry publishes them (name, version, month, rank, summary), and names of crates with the
//! number of public repositories whose manifests and lock files name them. Writes the folder
//! `imports/data` of the engine: a Bloom filter of all Python names, the ranked ones as text, and
//! the crates as text. Names that only stand in for made-up ones, as their summaries say, are left
//! out of the filter.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::workspace;

/// Bits of the filter per name, and bits that a name sets. The engine's `imports::known` reads
/// with the same numbers; a name that is not in the list is taken for one that is about once in
/// 2,000 times.
const BITS_PER_NAME: usize = 16;
const PROBES: u64 = 11;

/// What the summary of a package says that only holds a name.
const PLACEHOLDERS: &[&str] = &[
    "slopsquat",
    "hallucinated package",
    "package hallucination",
    "dependency confusion",
    "typosquat",
];

/// Arguments of `known-packages`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The list of Python packages.
    #[arg(long)]
    python: PathBuf,
    /// The list of crates.
    #[arg(long)]
    crates: PathBuf,
}

/// Writes the table.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let folder = workspace().join("crates/caveat-engine/src/imports/data");
    let python = read(&arguments.python)?;
    let crates = read(&arguments.crates)?;
    let rows: Vec<Vec<&str>> = python.lines().skip(1).map(columns).collect();
    let real = rows.iter().filter(|row| !is_placeholder(row));
    let names: Vec<String> = real.map(|row| folded(row[0])).collect();
    ensure!(!names.is_empty(), "the list of Python packages is empty");
    let month = rows.iter().filter_map(|row| row.get(2)).max();
    let month = month.context("the list of Python packages has no dates")?;
    let mut ranked: Vec<(u32, String)> = rows.iter().filter_map(|row| ranked(row)).collect();
    ranked.sort();
    let ranked: Vec<String> = ranked.into_iter().map(|(_, name)| name).collect();
    let known: Vec<&str> = crates.lines().map(|line| columns(line)[0]).collect();
    write(&folder.join("python-names.bloom"), &bloom(&names))?;
    write(
        &folder.join("python-popular.txt"),
        format!("{month}\n{}\n", ranked.join("\n")).as_bytes(),
    )?;
    write(
        &folder.join("crates.txt"),
        format!("{month}\n{}\n", known.join("\n")).as_bytes(),
    )?;
    println!(
        "{} Python names, {} ranked, {} crates, as of {month}",
        names.len(),
        ranked.len(),
        known.len()
    );
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn columns(line: &str) -> Vec<&str> {
    line.split('\t').collect()
}

fn is_placeholder(row: &[&str]) -> bool {
    let summary = row.get(4).unwrap_or(&"").to_ascii_lowercase();
    PLACEHOLDERS.iter().any(|word| summary.contains(word))
        && row.get(3).is_none_or(|rank| rank.is_empty())
}

fn ranked(row: &[&str]) -> Option<(u32, String)> {
    let rank = row.get(3)?.parse().ok()?;
    Some((rank, folded(row[0])))
}

/// The spelling that stands for all of a name's: `Flask_Login` is `flask-login`.
fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

fn bloom(names: &[String]) -> Vec<u8> {
    let bytes = (names.len() * BITS_PER_NAME).div_ceil(8);
    let mut filter = vec![0u8; bytes];
    let bits = bytes as u64 * 8;
    for name in names {
        let (first, step) = hashes(name);
        for probe in 0..PROBES {
            let bit = first.wrapping_add(probe.wrapping_mul(step)) % bits;
            filter[(bit / 8) as usize] |= 1 << (bit % 8);
        }
    }
    filter
}

/// Two hashes of a name: FNV-1a, and the same mixed once more.
fn hashes(name: &str) -> (u64, u64) {
    let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = name.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, fold);
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    (hash ^ (hash >> 32), (mixed ^ (mixed >> 33)) | 1)
}
