//! `--secrets-in-history`: what a range of commits added, for a secret that was taken out again is
//! known all the same.
//!
//! Each file is read as it was after each commit that changed it, so that the syntax around a line
//! is there; of the findings those of the family `secrets` on added lines are kept. Knows git as a
//! program, and nothing of rules but their family.

use std::ops::RangeInclusive;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use caveat_engine::RuleSet;
use caveat_engine::finding::FileReport;

use crate::analysis::{Input, Origin};
use crate::walk;

/// Digits of a commit's hash that are shown.
const SHOWN: usize = 12;

/// A file after a commit that changed it.
pub struct Added {
    commit: String,
    path: String,
    /// Lines that the commit added, 1-based.
    lines: Vec<RangeInclusive<u32>>,
}

/// What the commits of a range (`REV..`, `A..B`) added below a folder.
///
/// # Errors
/// When git does not know the range, or is not there.
pub fn read(folder: &Path, range: &str) -> anyhow::Result<Vec<Added>> {
    if range.starts_with('-') {
        bail!("`{range}` is no range of commits");
    }
    let words = [
        "-c",
        "core.quotePath=off",
        "log",
        "--reverse",
        "--format=%x00%H",
        "--unified=0",
        "--no-color",
        "--no-ext-diff",
        "--no-renames",
        "--diff-filter=AM",
        "--relative",
        "-p",
        range,
        "--",
    ];
    let log =
        git(folder, &words).with_context(|| format!("cannot read the commits of `{range}`"))?;
    Ok(parse(&String::from_utf8_lossy(&log)))
}

fn git(folder: &Path, words: &[&str]) -> anyhow::Result<Vec<u8>> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(words)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .stdin(Stdio::null())
        .output()
        .context("cannot start git")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "git: {}",
        complaint.lines().next().unwrap_or("failed")
    );
    Ok(output.stdout)
}

/// Reads the patches of a log. A patch without added lines, and one of a binary file, has none.
fn parse(log: &str) -> Vec<Added> {
    let mut found: Vec<Added> = Vec::new();
    let mut commit = "";
    // Lines of the hunk that are still to come: they may look like headers.
    let mut left = 0;
    for line in log.lines() {
        if left > 0 && line.starts_with(['+', '-', ' ']) {
            left -= 1;
        } else if let Some(hash) = line.strip_prefix('\0') {
            commit = hash;
        } else if let Some(path) = line.strip_prefix("+++ b/") {
            found.push(Added {
                commit: commit.to_owned(),
                path: path.trim_end_matches('\t').to_owned(),
                lines: Vec::new(),
            });
        } else if let Some((old, new)) = line.strip_prefix("@@ -").and_then(hunk) {
            left = old.1 + new.1;
            if let (Some(last), true) = (found.last_mut(), new.1 > 0) {
                last.lines.push(new.0..=new.0 + new.1 - 1);
            }
        }
    }
    found.retain(|added| !added.lines.is_empty());
    found
}

/// First line and number of lines, old and new, of `1,2 +3,4 @@`.
fn hunk(header: &str) -> Option<((u32, u32), (u32, u32))> {
    let (old, rest) = header.split_once(" +")?;
    let new = rest.split(' ').next()?;
    let range = |text: &str| match text.split_once(',') {
        Some((start, count)) => Some((start.parse().ok()?, count.parse().ok()?)),
        None => Some((text.parse().ok()?, 1)),
    };
    Some((range(old)?, range(new)?))
}

/// The files as they were, to be analysed. One that cannot be read is empty.
pub fn inputs(folder: &Path, added: &[Added]) -> Vec<Input> {
    let input = |added: &Added| {
        let object = format!("{}:./{}", added.commit, added.path);
        let bytes = git(folder, &["cat-file", "blob", &object]).unwrap_or_default();
        let fits = bytes.len() as u64 <= walk::LARGEST;
        Input {
            relative: added.path.clone(),
            origin: Origin::Bytes(if fits { bytes } else { Vec::new() }),
            explicit: false,
        }
    };
    added.iter().map(input).collect()
}

/// Keeps the secrets on added lines, and names the commit.
pub fn keep(report: &mut FileReport, added: &Added, rules: &RuleSet) {
    report.notices.clear();
    let source = report.source.clone();
    report.findings.retain(|finding| {
        let line = source
            .as_ref()
            .map_or(0, |source| source.lines.line(finding.span.start));
        rules.rule(finding.rule).family == "secrets"
            && added.lines.iter().any(|lines| lines.contains(&line))
    });
    let commit = &added.commit[..added.commit.len().min(SHOWN)];
    let path: Arc<str> = format!("{}@{commit}", added.path).into();
    for finding in &mut report.findings {
        finding.path = Arc::clone(&path);
    }
    report.path = path;
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn patches() {
        let log = "\0aaaa\n\ndiff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1 @@ def f\n\
                   -a\n---- b\n+++ b/no-header\n@@ -9,0 +8,2 @@\n+c\n+d\n\0bbbb\n\n\
                   --- a/y.py\n+++ b/y.py\n@@ -3 +2,0 @@\n-z\n";
        let found = parse(log);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].commit.as_str(), found[0].path.as_str()),
            ("aaaa", "x.py")
        );
        assert_eq!(found[0].lines, [1..=1, 8..=9]);
    }
}
