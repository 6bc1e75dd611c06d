//! `caveat test`: files annotated with what the rules must find in them.
//!
//! Our own fixtures are `<rule-id>/bad*` and `<rule-id>/good*`, files or small trees. A comment on
//! the line of a finding says `expect: rule-id`; `expect-false: rule-id` is a known false alarm,
//! `expect-miss: rule-id` a known miss; words may follow the id. Every finding of the folder's
//! rule, and of rules that marks name, must be marked. Where comments are not possible, a file
//! `NAME.expect` beside `NAME` holds lines of line number and rule id. A tree with the folders
//! `before` and `after` is a change.
//!
//! Any other file is read as one of Semgrep's: `ruleid: id` and `ok: id` speak of the next line.
//! `todoruleid:` and `todook:` stay open either way.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use caveat_engine::ScanOptions;
use caveat_engine::finding::{Edit, FileReport, Finding};
use caveat_engine::rule::Rule;
use caveat_parser::SourceFile;

use crate::analysis::{self, Analyzer, Input, Origin};
use crate::args::{RuleArgs, TestArgs};
use crate::diff::Diff;
use crate::ruleset::{self, Rules};
use crate::{models, output};

/// One file, or one tree of files that are analysed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Rule id and name of the file or tree, or the path of a file that is not in our layout.
    pub name: String,
    /// The rule whose findings must all be marked; `None` for Semgrep's files.
    pub rule: Option<String>,
    /// What the paths of the files are relative to.
    root: PathBuf,
    files: Vec<PathBuf>,
}

/// Path within the case, 1-based line, rule id.
type Mark = (String, u32, String);

/// What marks demand.
#[derive(Debug, Default)]
struct Marks {
    /// Findings that must be there; true for known false alarms.
    expected: BTreeMap<Mark, bool>,
    /// Findings that must not be there though they should.
    missed: BTreeSet<Mark>,
    /// Findings that may be there or not.
    open: BTreeSet<Mark>,
    /// Rules that marks speak of.
    rules: BTreeSet<String>,
}

/// Runs the command; true if every mark is met.
///
/// # Errors
/// When files or rules cannot be read, or there is nothing to test.
pub fn run(args: &TestArgs) -> anyhow::Result<bool> {
    let warn = |message: &str| eprintln!("caveat: warning: {message}");
    let mut rules = ruleset::read_all(&args.rules, &warn)?;
    let mut custom = !args.rules.is_empty();
    let mut cases = Vec::new();
    for path in &args.paths {
        let found = find(path, &rules)?;
        // Semgrep's tests lie beside the rules they are for.
        let beside = rule_files(&found);
        if args.rules.is_empty() && !beside.is_empty() {
            rules.extend(ruleset::read_all(&beside, &warn)?);
            custom = true;
        }
        cases.extend(found);
    }
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    let rules = ruleset::compile(rules, &RuleArgs::default(), custom, &warn)?;
    let analyzer =
        Analyzer::new(&rules.set, ScanOptions::default(), 0)?.with_models(models::gather(&[])?);
    let (mut checked, mut failures) = (0, String::new());
    for case in &cases {
        if let Some(complaints) = check(case, &rules, &analyzer) {
            checked += 1;
            failures.extend(complaints.iter().map(|line| format!("{line}\n")));
        }
    }
    if checked == 0 {
        bail!("no file is annotated");
    }
    let count = failures.lines().count();
    let text = format!("{failures}{checked} cases, {count} failures\n");
    output::print(text.as_bytes())?;
    Ok(count == 0)
}

/// Rule files of Semgrep among the cases.
fn rule_files(cases: &[Case]) -> Vec<PathBuf> {
    let foreign = cases.iter().filter(|case| case.rule.is_none());
    let files = foreign.flat_map(|case| &case.files);
    let is_rule = |path: &&PathBuf| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        ruleset::is_rule_file(path) && text.lines().any(|line| line.trim_end() == "rules:")
    };
    files.filter(is_rule).cloned().collect()
}

/// The cases at or below a path, in order.
///
/// # Errors
/// When the path cannot be walked.
pub fn find(path: &Path, rules: &[Rule]) -> anyhow::Result<Vec<Case>> {
    let start = path
        .canonicalize()
        .with_context(|| format!("cannot read {}", path.display()))?;
    let walk = ignore::WalkBuilder::new(&start)
        .standard_filters(false)
        .build();
    let mut cases: BTreeMap<PathBuf, Case> = BTreeMap::new();
    for entry in walk {
        let entry = entry?;
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let file = entry.into_path();
        if file.extension().is_some_and(|ending| ending == "expect") {
            continue;
        }
        let (key, case) = place(&file, rules, path, &start);
        cases.entry(key).or_insert(case).files.push(file);
    }
    let mut cases: Vec<Case> = cases.into_values().collect();
    for case in &mut cases {
        case.files.sort();
    }
    Ok(cases)
}

/// The case a file belongs to, still without files, under the path that tells it from others.
fn place(file: &Path, rules: &[Rule], path: &Path, start: &Path) -> (PathBuf, Case) {
    let starts = |name: &str| name.starts_with("bad") || name.starts_with("good");
    let parts: Vec<_> = file.iter().map(|part| part.to_string_lossy()).collect();
    let at = (0..parts.len().saturating_sub(1)).rev().find(|&at| {
        let is_rule = || rules.iter().any(|rule| rule.id == parts[at]);
        starts(&parts[at + 1]) && is_rule()
    });
    let Some(at) = at else {
        let below = file.strip_prefix(start).unwrap_or(file);
        let shown = match below == Path::new("") {
            true => path.to_owned(),
            false => path.join(below),
        };
        let case = Case {
            name: shown.display().to_string(),
            rule: None,
            root: file.parent().unwrap_or(file).to_owned(),
            files: Vec::new(),
        };
        return (file.to_owned(), case);
    };
    let folder: PathBuf = file.iter().take(at + 1).collect();
    let key = folder.join(&*parts[at + 1]);
    let is_tree = at + 2 < parts.len();
    let case = Case {
        name: format!("{}/{}", parts[at], parts[at + 1]),
        rule: Some(parts[at].clone().into_owned()),
        root: if is_tree { key.clone() } else { folder },
        files: Vec::new(),
    };
    (key, case)
}

/// Complaints about a case, each a line for people; `None` if nothing in it is annotated.
pub fn check(case: &Case, rules: &Rules, analyzer: &Analyzer<'_>) -> Option<Vec<String>> {
    let mut inputs: Vec<Input> = case.files.iter().map(|file| input(case, file)).collect();
    let change = change(&mut inputs);
    let mut marks = Marks::default();
    for input in &inputs {
        if let Origin::Disk(file) = &input.origin {
            marks.read_beside(&input.relative, file);
        }
        if let Ok(decoded) = analysis::read(&input.origin) {
            let source = SourceFile::new(&*input.relative, decoded.text);
            match case.rule {
                Some(_) => marks.read_own(&source),
                None => marks.read_semgrep(&source),
            }
        }
    }
    if case.rule.is_none() && marks.rules.is_empty() {
        return None;
    }
    let reports = analyzer.run(&inputs, &|| ());
    let mut reports: Vec<FileReport> = reports.into_iter().map(|it| it.report).collect();
    if let Some(change) = change {
        change.judge(&rules.set, &inputs, &mut reports);
    }
    let found = reports
        .iter()
        .flat_map(|report| findings(report, rules))
        .filter(|(_, _, rule)| case.rule.as_ref() == Some(rule) || marks.rules.contains(rule))
        .filter(|mark| !marks.open.contains(mark))
        .collect();
    let mut complaints = marks.compare(&case.name, inputs.len() > 1, &found);
    let is_bad = case
        .name
        .split('/')
        .nth(1)
        .is_some_and(|name| name.starts_with("bad"));
    if case.rule.is_some() && is_bad && marks.rules.is_empty() {
        complaints.push(format!("{}: a bad case without a mark", case.name));
    }
    Some(complaints)
}

/// The change of a tree with the folders `before` and `after`. The inputs become those of the
/// second.
fn change(inputs: &mut Vec<Input>) -> Option<Diff> {
    let side = |inputs: &[Input], folder: &str| -> HashMap<String, Vec<u8>> {
        let own = inputs.iter().filter_map(|input| {
            let path = input.relative.strip_prefix(folder)?;
            let Origin::Disk(file) = &input.origin else {
                return None;
            };
            Some((path.to_owned(), std::fs::read(file).ok()?))
        });
        own.collect()
    };
    let (old, new) = (side(inputs, "before/"), side(inputs, "after/"));
    if old.is_empty() || new.is_empty() {
        return None;
    }
    inputs.retain_mut(|input| match input.relative.strip_prefix("after/") {
        Some(path) => {
            input.relative = path.to_owned();
            true
        }
        None => false,
    });
    Some(Diff::between(old, &new))
}

/// Passes over one file: a call may have more than one thing to fix.
const PASSES: usize = 4;

/// Applies every fix of the case's rule, those that are only offered too, and complains where the
/// text no longer parses or what was fixed is found again.
pub fn check_fixes(case: &Case, rules: &Rules, analyzer: &Analyzer<'_>) -> Vec<String> {
    let is_fixed = |finding: &&Finding| {
        let id = &rules.set.rule(finding.rule).id;
        finding.fix.is_some() && case.rule.as_ref() == Some(id)
    };
    let mut complaints = Vec::new();
    for file in &case.files {
        let mut input = input(case, file);
        let mut notices = None;
        for pass in 0.. {
            let Some(report) = report(&input, analyzer) else {
                break;
            };
            if notices.is_some_and(|before| report.notices.len() > before) {
                complaints.push(format!("{}: a fix breaks the syntax", case.name));
                break;
            }
            notices = Some(report.notices.len());
            let fixes: Vec<&Finding> = report.findings.iter().filter(is_fixed).collect();
            let Some(source) = report.source.as_ref().filter(|_| !fixes.is_empty()) else {
                break;
            };
            if pass == PASSES {
                complaints.push(format!("{}: what was fixed is found again", case.name));
                break;
            }
            input.origin = Origin::Bytes(with_edits(&source.text, &fixes).into_bytes());
        }
    }
    complaints
}

fn report(input: &Input, analyzer: &Analyzer<'_>) -> Option<FileReport> {
    let outcomes = analyzer.run(std::slice::from_ref(input), &|| ());
    outcomes.into_iter().next().map(|outcome| outcome.report)
}

/// The text after the fixes that do not overlap.
fn with_edits(text: &str, fixes: &[&Finding]) -> String {
    let mut result = String::new();
    let mut at = 0;
    let mut edits: Vec<&[Edit]> = fixes
        .iter()
        .filter_map(|finding| Some(finding.fix.as_ref()?.edits.as_slice()))
        .collect();
    edits.sort_by_key(|edits| edits[0].span.start);
    for edits in edits {
        if edits[0].span.start < at {
            continue;
        }
        for edit in edits {
            result.push_str(&text[at as usize..edit.span.start as usize]);
            result.push_str(&edit.text);
            at = edit.span.end;
        }
    }
    result.push_str(&text[at as usize..]);
    result
}

fn input(case: &Case, file: &Path) -> Input {
    let below = file.strip_prefix(&case.root).unwrap_or(file);
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    Input {
        relative: parts.join("/"),
        origin: Origin::Disk(file.to_owned()),
        explicit: true,
    }
}

/// The findings of a file that no comment silences.
fn findings<'f>(report: &'f FileReport, rules: &'f Rules) -> impl Iterator<Item = Mark> + 'f {
    let source = report.source.as_ref();
    let active = report.findings.iter().filter(|it| it.suppressed.is_none());
    active.filter_map(move |finding| {
        let line = source?.lines.line(finding.span.start);
        let id = rules.set.rule(finding.rule).id.clone();
        Some((report.path.to_string(), line, id))
    })
}

impl Marks {
    fn read_own(&mut self, source: &SourceFile) {
        for line in 1..=source.lines.count() {
            let text = source.lines.span(line, &source.text).text(&source.text);
            for word in ["expect", "expect-miss", "expect-false"] {
                for id in ids_after(text, word) {
                    let mark = (source.path.clone(), line, id.clone());
                    self.rules.insert(id);
                    match word {
                        "expect-miss" => drop(self.missed.insert(mark)),
                        _ => drop(self.expected.insert(mark, word == "expect-false")),
                    }
                }
            }
        }
    }

    /// The marks of a file that cannot hold comments.
    fn read_beside(&mut self, relative: &str, file: &Path) {
        let mut name = file.as_os_str().to_owned();
        name.push(".expect");
        let text = std::fs::read_to_string(name).unwrap_or_default();
        for line in text.lines() {
            let Some((line, id)) = line.split_once(' ') else {
                continue;
            };
            if let Ok(line) = line.parse() {
                let id = id.trim().to_owned();
                self.rules.insert(id.clone());
                self.expected.insert((relative.to_owned(), line, id), false);
            }
        }
    }

    fn read_semgrep(&mut self, source: &SourceFile) {
        let mut waiting: Vec<(&str, String)> = Vec::new();
        for line in 1..=source.lines.count() {
            let text = source.lines.span(line, &source.text).text(&source.text);
            let words = ["ruleid", "ok", "todoruleid", "todook"];
            let here = words.into_iter().flat_map(|word| {
                let ids = ids_after(text, word);
                ids.into_iter().map(move |id| (word, id))
            });
            let here: Vec<(&str, String)> = here.collect();
            if !here.is_empty() {
                waiting.extend(here);
                continue;
            }
            for (word, id) in waiting.drain(..) {
                let mark = (source.path.clone(), line, id.clone());
                self.rules.insert(id);
                match word {
                    "ruleid" => drop(self.expected.insert(mark, false)),
                    "ok" => {}
                    _ => drop(self.open.insert(mark)),
                }
            }
        }
    }

    fn compare(&self, name: &str, is_tree: bool, found: &BTreeSet<Mark>) -> Vec<String> {
        let place = |(path, line, _): &Mark| match is_tree {
            true => format!("{name}/{path}:{line}"),
            false => format!("{name}:{line}"),
        };
        let mut complaints: Vec<(&Mark, &str)> = Vec::new();
        for (mark, is_false) in &self.expected {
            if !found.contains(mark) && !self.open.contains(mark) {
                complaints.push((
                    mark,
                    match is_false {
                        true => "is no longer found: correct the mark of the false alarm",
                        false => "was expected and not found",
                    },
                ));
            }
        }
        for mark in found {
            if self.missed.contains(mark) {
                complaints.push((mark, "is found now: correct the mark of the miss"));
            } else if !self.expected.contains_key(mark) {
                complaints.push((mark, "was found and not expected"));
            }
        }
        complaints.sort();
        complaints
            .into_iter()
            .map(|(mark, what)| format!("{}: {} {what}", place(mark), mark.2))
            .collect()
    }
}

/// The ids of a mark `word: id, id ...` in a comment of this line.
fn ids_after(line: &str, word: &str) -> Vec<String> {
    let mark = format!("{word}:");
    let starts = line.match_indices(&mark).find(|(at, _)| {
        let before = line[..*at].trim_end();
        before.ends_with(['#', '/', '-', ';', '*', '!', '"'])
    });
    let Some((at, _)) = starts else {
        return Vec::new();
    };
    let mut ids = Vec::new();
    for part in line[at + mark.len()..].split(',') {
        let mut words = part.split_whitespace();
        let id = words.next().unwrap_or("");
        let id = id.trim_end_matches(['.', ';', ':']);
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if id.is_empty() || !id.bytes().all(is_id) {
            break;
        }
        ids.push(id.to_owned());
        // More words are the reason, and commas in it are only commas.
        if words.next().is_some() {
            break;
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::ids_after;

    #[test]
    fn marks() {
        let check = |line: &str, word: &str, ids: &[&str]| {
            assert_eq!(ids_after(line, word), ids, "{line}");
        };
        check("f(x)  # expect: a-b", "expect", &["a-b"]);
        check(
            "f(x)  // expect: a-b, c because, of this",
            "expect",
            &["a-b", "c"],
        );
        check("f(x)  # expect-miss: a", "expect", &[]);
        check("print('expect: a')", "expect", &[]);
        check("# todoruleid: a", "ruleid", &[]);
        check("<!-- ruleid: x.y_z -->", "ruleid", &["x.y_z"]);
    }
}
