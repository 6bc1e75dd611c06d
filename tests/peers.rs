//! What bandit and ruff find, and which rule of ours does: `peers/coverage.txt` names for each of
//! their codes a rule and a line of its fixtures, or says why there is none. That fixtures hold
//! what they mark is the business of the test `rules`. `docs/peers.md` is made of it here.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// What is wrong with a row, if anything.
fn mistake(cells: &[&str], ids: &BTreeSet<&str>) -> Option<String> {
    match cells[1..] {
        [reason] if reason.starts_with("left out: ") || reason.starts_with("later: ") => None,
        [rule, ..] if !ids.contains(rule) => Some(format!("no rule `{rule}`")),
        [rule, fixture, code] => {
            let mark = format!("expect: {rule}");
            let text = read(fixture);
            let shows = |line: &str| line.contains(code) && line.contains(&mark);
            (!text.lines().any(shows)).then(|| format!("{fixture} has no such line"))
        }
        _ => Some("is neither proven nor argued".to_owned()),
    }
}

#[test]
fn every_code_of_the_peers_has_an_answer() {
    let (coverage, codes, ids) = (
        read("tests/peers/coverage.txt"),
        read("tests/peers/codes.txt"),
        read("tests/rule-ids.txt"),
    );
    let ids: BTreeSet<&str> = lines(&ids).collect();
    let mut missing: BTreeSet<&str> = lines(&codes).collect();
    let mut wrong = Vec::new();
    for row in lines(&coverage) {
        let cells: Vec<&str> = row.split(" | ").collect();
        let code = cells[0].rsplit_once(' ').map_or(cells[0], |(code, _)| code);
        if !missing.remove(code) {
            wrong.push(format!("{code}: twice, or not in codes.txt"));
        }
        wrong.extend(mistake(&cells, &ids).map(|mistake| format!("{code}: {mistake}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(missing.is_empty(), "no row for {missing:?}");
}

#[test]
fn the_page_is_fresh() {
    let mut page = "# What bandit and ruff find\n\n\
        Written by the test `peers` from tests/peers/coverage.txt.\n\n\
        | theirs | ours | shown by |\n|---|---|---|\n"
        .to_owned();
    for row in lines(&read("tests/peers/coverage.txt")) {
        let cells: Vec<&str> = row.split(" | ").collect();
        match cells[1..] {
            [rule, fixture, code] => {
                let code = code.replace('|', "\\|");
                let _ = writeln!(page, "| {} | `{rule}` | {fixture}: `{code}` |", cells[0]);
            }
            _ => {
                let _ = writeln!(page, "| {} | {} | |", cells[0], cells[1..].join(" "));
            }
        }
    }
    let path = root().join("docs/peers.md");
    if fs::read_to_string(&path).ok().as_deref() != Some(&page) {
        fs::write(&path, page).expect("the page can be written");
        panic!("docs/peers.md was stale and is fresh now: run again and commit it");
    }
}
