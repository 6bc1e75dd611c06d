//! Our answers to Semgrep's rules are Semgrep's: recorded answers to patterns of our own, one
//! folder each of code, rules and answers. Semgrep is not needed here; `record.py` wrote them.
//!
//! Where we differ on purpose, `differences.txt` says so: folder, rule, our answer, the reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use caveat_engine::{RuleSet, ScanOptions, rule, scan_file};
use caveat_parser::{Parsers, SourceFile};

type Answers = BTreeMap<String, Vec<[u32; 2]>>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/differential")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Folder and rule of each known difference, and our answer.
fn differences() -> BTreeMap<(String, String), Vec<[u32; 2]>> {
    let text = read(&folder().join("differences.txt"));
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let read = |line: &str| {
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().expect("four words a line").to_owned();
        let (folder, rule, answer) = (word(), word(), word());
        assert!(!word().is_empty(), "a difference has a reason: {line}");
        let answer = serde_json::from_str(&answer).expect("spans without spaces");
        ((folder, rule), answer)
    };
    lines.map(read).collect()
}

fn ours(case: &Path) -> Answers {
    let text = read(&case.join("rules.yaml"));
    let loaded = rule::load("rules.yaml", &text).unwrap_or_else(|errors| panic!("{errors:?}"));
    let empty = |rule: &rule::Rule| (rule.id.clone(), Vec::new());
    // A pattern that we cannot read finds nothing.
    let mut answers: Answers = loaded.rules.iter().map(empty).collect();
    let (set, _) = RuleSet::compile(loaded.rules);
    let name = if case.join("code.py").exists() {
        "code.py"
    } else {
        "code.rs"
    };
    let file = SourceFile::new(name, read(&case.join(name)));
    let report = scan_file(&set, file, ScanOptions::default(), &mut Parsers::default());
    for finding in report.findings {
        let found = answers
            .get_mut(&set.rule(finding.rule).id)
            .expect("it was put there");
        found.push([finding.span.start, finding.span.end]);
    }
    answers
}

#[test]
fn our_answers_are_those_of_semgrep() {
    let mut known = differences();
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder()).expect("the folder is there") {
        let case = entry.expect("its entries can be read").path();
        if !case.is_dir() {
            continue;
        }
        let name = case
            .file_name()
            .expect("it has a name")
            .to_string_lossy()
            .into_owned();
        let theirs: Answers =
            serde_json::from_str(&read(&case.join("answers.json"))).expect("record.py wrote it");
        let ours = ours(&case);
        assert!(
            theirs.keys().eq(ours.keys()),
            "{name}: run record.py after a change of rules"
        );
        for (rule, mut found) in ours {
            found.sort_unstable();
            let expected = known.remove(&(name.clone(), rule.clone()));
            if expected.as_ref() == Some(&theirs[&rule]) {
                wrong.push(format!("{name} {rule}: is no difference any more"));
            } else if found != *expected.as_ref().unwrap_or(&theirs[&rule]) {
                let answer = serde_json::to_string(&found).expect("numbers have a form");
                wrong.push(format!(
                    "{name} {rule} {answer} theirs: {:?}",
                    theirs[&rule]
                ));
            }
            count += 1;
        }
    }
    assert!(known.is_empty(), "no such rule: {known:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 120, "{count} rules are too few");
}
