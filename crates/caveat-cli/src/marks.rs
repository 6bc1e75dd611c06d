//! `caveat test`: files annotated with what the rules must find in them.
//!
//! Our own marks stand in a comment on the line of the finding: `expect: rule-id` must be met,
//! `expect-miss: rule-id` is a known miss, `expect-false: rule-id` a known false alarm. Semgrep's
//! `ruleid:`, `ok:`, `todoruleid:` and `todook:` stand on the line above.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use caveat_engine::{RuleSet, scan_file};
use caveat_parser::Parsers;

use crate::args::TestArgs;
use crate::{ruleset, scan};

/// Line (1-based) and rule id.
type Place = (u32, String);

/// What the marks of a file demand.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Findings that must be there.
    pub expected: BTreeSet<Place>,
    /// Findings that must not be there though they should.
    pub missed: BTreeSet<Place>,
    /// Whether the marks are Semgrep's, which speak only of the rules they name.
    pub semgrep: BTreeSet<Place>,
}

/// Runs the command; true if every mark is met.
///
/// # Errors
/// When files or rules cannot be read.
pub fn run(args: &TestArgs) -> anyhow::Result<bool> {
    let rules = ruleset::load(&args.rules, &|_| true)?;
    let mut failures = 0;
    let mut checked = 0;
    for path in &args.paths {
        for file in annotated(path) {
            checked += 1;
            for line in check_file(&rules, path, &file) {
                failures += 1;
                println!("{line}");
            }
        }
    }
    println!("{checked} files, {failures} failures");
    Ok(failures == 0)
}

fn annotated(path: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = ignore::WalkBuilder::new(path)
        .standard_filters(false)
        .build()
        .flatten()
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .map(ignore::DirEntry::into_path)
        .collect();
    files.sort();
    files
}

/// Complaints about one file, each a line for people.
pub fn check_file(rules: &RuleSet, root: &Path, path: &Path) -> Vec<String> {
    let relative = crate::walk::relative(root, path);
    let Some(source) = scan::read(path, &relative) else {
        return Vec::new();
    };
    let marks = read_marks(&source.text);
    let id = rule_folder(path);
    let report = scan_file(
        rules,
        source.clone(),
        caveat_engine::ScanOptions::default(),
        &mut Parsers::default(),
    );
    let found: BTreeSet<Place> = report
        .findings
        .iter()
        .filter(|finding| finding.suppressed.is_none())
        .map(|finding| {
            (
                source.lines.line(finding.span.start),
                rules.rule(finding.rule).id.clone(),
            )
        })
        .filter(|(_, rule)| Some(rule.as_str()) == id.as_deref() || marks.names(rule))
        .collect();
    let shown = path.display();
    let mut complaints = Vec::new();
    for (line, rule) in marks.expected.difference(&found) {
        complaints.push(format!("{shown}:{line}: {rule} was expected and not found"));
    }
    for place in found.difference(&marks.expected) {
        complaints.push(format!(
            "{shown}:{}: {} was found and not expected",
            place.0, place.1
        ));
    }
    for (line, rule) in marks.missed.intersection(&found) {
        complaints.push(format!(
            "{shown}:{line}: {rule} is found now: correct the mark"
        ));
    }
    complaints
}

impl Marks {
    fn names(&self, rule: &str) -> bool {
        self.expected
            .iter()
            .chain(&self.missed)
            .any(|(_, known)| known == rule)
    }
}

/// `fixtures/<rule-id>/...`: the rule whose findings must all be marked.
fn rule_folder(path: &Path) -> Option<String> {
    let mut parts = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy());
    parts.by_ref().find(|part| part == "fixtures")?;
    parts.next().map(|part| part.into_owned())
}

/// Reads the marks of a file.
pub fn read_marks(text: &str) -> Marks {
    let mut marks = Marks::default();
    for (at, line) in text.lines().enumerate() {
        let number = at as u32 + 1;
        for (mark, set) in [("expect: ", 0), ("expect-false: ", 0), ("expect-miss: ", 1)] {
            let Some((before, ids)) = line.split_once(mark) else {
                continue;
            };
            if !before.trim_end().ends_with(['#', '/', '-', ';', '*']) {
                continue;
            }
            for id in ids
                .split([',', ' '])
                .map(str::trim)
                .take_while(|id| is_id(id))
            {
                let place = (number, id.to_owned());
                if set == 0 {
                    marks.expected.insert(place)
                } else {
                    marks.missed.insert(place)
                };
            }
        }
    }
    marks
}

fn is_id(word: &str) -> bool {
    !word.is_empty()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_digit())
}
