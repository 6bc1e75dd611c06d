//! The fixtures of the configuration rules, strict both ways: every mark is met, every hit marked.
//!
//! A mark is `expect: <rule-id>` on the line of the hit. A file whose format has no comment there
//! has a companion `<file>.expect` with a line `<line> <rule-id>` for each hit.

#![allow(clippy::disallowed_methods)] // A test may look at the world, the engine may not.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use caveat_engine::config::{ANALYSES, Analysis, TextFile};
use caveat_parser::LineIndex;

#[test]
fn fixtures() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let mut count = 0;
    for analysis in ANALYSES {
        // The fixtures of rules that patterns serve too are for the whole engine to check.
        if [
            "tls-verification-disabled",
            "ssh-host-key-unchecked",
            "csrf-protection-disabled",
        ]
        .contains(&analysis.rule)
        {
            continue;
        }
        let folder = root.join(analysis.rule);
        let mut files = Vec::new();
        collect(&folder, &mut files);
        count += files.len();
        for file in files {
            check(analysis, &folder, &file);
        }
    }
    assert!(count > 20, "the fixtures are there");
}

fn check(analysis: &Analysis, folder: &Path, file: &Path) {
    let text = fs::read_to_string(file).expect("fixtures are UTF-8");
    let path = file
        .strip_prefix(folder)
        .expect("found below it")
        .to_string_lossy()
        .replace('\\', "/");
    // The folder of a small project is its root.
    let inside = path
        .split_once('/')
        .map_or(path.as_str(), |(_, inside)| inside);
    let source = TextFile::new(inside, &text);
    let lines = LineIndex::new(&text);
    let applies = analysis.applies_to(source.kind);
    // Strings of programs are looked at by a check of the same name.
    if !applies && (path.ends_with(".py") || path.ends_with(".rs")) {
        return;
    }
    let hits = if applies {
        (analysis.check)(&source)
    } else {
        Vec::new()
    };
    let found: BTreeSet<u32> = hits.iter().map(|hit| lines.line(hit.span.start)).collect();
    assert_eq!(
        found,
        marks(analysis.rule, file, &text),
        "{}: {path}: lines",
        analysis.rule
    );
    assert!(
        path.starts_with("bad") != found.is_empty(),
        "{path}: bad files have hits, good ones none"
    );
}

fn marks(rule: &str, file: &Path, text: &str) -> BTreeSet<u32> {
    let mark = format!("expect: {rule}");
    let inline = text
        .lines()
        .zip(1..)
        .filter(|(line, _)| line.contains(&mark))
        .map(|(_, at)| at);
    let companion = fs::read_to_string(format!("{}.expect", file.display())).unwrap_or_default();
    let listed = companion.lines().filter_map(|line| {
        let (at, id) = line.split_once(' ')?;
        (id == rule).then(|| at.parse().expect("a line number"))
    });
    inline.chain(listed).collect()
}

/// Every file below the folder, if there is one.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path
            .extension()
            .is_none_or(|extension| extension != "expect")
        {
            files.push(path);
        }
    }
}
