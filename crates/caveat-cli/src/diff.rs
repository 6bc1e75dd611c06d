//! `--diff REV`: both sides of a change. The old side comes from git, the new one is the work
//! tree. Of the findings those stay that the change introduces; rules about changes look at the
//! texts of both sides. Knows git as a program, and nothing of rules.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use caveat_engine::RuleSet;
use caveat_engine::finding::{FileReport, Finding};
use caveat_engine::integrity::diff::{Change, definition, drafts};
use caveat_engine::integrity::{DIFF_CHECKS, gate, is_wanted};
use caveat_parser::{SourceFile, Span};

use crate::analysis::{self, Input, Origin};
use crate::{integrity, walk};

/// A change: from a revision to the work tree.
pub struct Diff {
    changes: Vec<Change>,
    /// What was in the changed files before.
    old: HashMap<String, Vec<u8>>,
}

/// Reads what changed below a folder since a revision.
///
/// # Errors
/// When the folder is in no repository, or git does not know the revision.
pub fn read(folder: &Path, revision: &str) -> anyhow::Result<Diff> {
    if revision.starts_with('-') || revision.is_empty() {
        bail!("`{revision}` is no revision");
    }
    git(folder, &["rev-parse", "--git-dir"])
        .with_context(|| format!("`--diff` needs a git repository at {}", folder.display()))?;
    let commit = format!("{revision}^{{commit}}");
    let known = git(folder, &["rev-parse", "--verify", "--quiet", &commit]);
    ensure!(
        known.is_ok(),
        "`--diff {revision}`: git knows no such revision"
    );
    let status = [
        "diff",
        "--name-status",
        "-z",
        "-M",
        "--no-ext-diff",
        "--relative",
        revision,
        "--",
        ".",
    ];
    let listed = git(folder, &status)?;
    let fresh = git(
        folder,
        &["ls-files", "--others", "--exclude-standard", "-z"],
    )?;
    let mut diff = Diff {
        changes: Vec::new(),
        old: HashMap::new(),
    };
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let mut words = listed.split('\0').filter(|it| !it.is_empty());
    while let (Some(kind), Some(path)) = (words.next(), words.next()) {
        let (old, new) = match kind.as_bytes().first() {
            Some(b'A') => (None, Some(path)),
            Some(b'D') => (Some(path), None),
            Some(b'R' | b'C') => (Some(path), words.next()),
            _ => (Some(path), Some(path)),
        };
        diff.push(folder, revision, old, new);
    }
    for path in String::from_utf8_lossy(&fresh).split('\0') {
        if !path.is_empty() {
            diff.push(folder, revision, None, Some(path));
        }
    }
    Ok(diff)
}

fn git(folder: &Path, words: &[&str]) -> anyhow::Result<Vec<u8>> {
    let output = Command::new("git")
        .args(["-c", "core.quotePath=off", "-C"])
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

impl Diff {
    fn push(&mut self, folder: &Path, revision: &str, old: Option<&str>, new: Option<&str>) {
        let before =
            old.and_then(|path| git(folder, &["show", &format!("{revision}:./{path}")]).ok());
        let now = new.and_then(|path| std::fs::read(folder.join(path)).ok());
        let fits = |bytes: &Vec<u8>| bytes.len() as u64 <= walk::LARGEST;
        let text = |bytes: Option<&Vec<u8>>| {
            let bytes = bytes.filter(|it| fits(it))?.clone();
            Some(analysis::read(&Origin::Bytes(bytes)).ok()?.text)
        };
        self.changes.push(Change {
            old_path: old.map(str::to_owned),
            new_path: new.map(str::to_owned),
            old: text(before.as_ref()),
            new: text(now.as_ref()),
        });
        if let (Some(path), Some(bytes)) = (old, before) {
            self.old.insert(path.to_owned(), bytes);
        }
    }

    /// The change from one set of files to another, by path.
    pub fn between(old: HashMap<String, Vec<u8>>, new: &HashMap<String, Vec<u8>>) -> Diff {
        let text = |bytes: Option<&Vec<u8>>| {
            Some(analysis::read(&Origin::Bytes(bytes?.clone())).ok()?.text)
        };
        let mut paths: Vec<&String> = old.keys().chain(new.keys()).collect();
        paths.sort_unstable();
        paths.dedup();
        let changes = paths.into_iter().filter(|it| old.get(*it) != new.get(*it));
        let changes = changes.map(|path| Change {
            old_path: old.contains_key(path).then(|| path.clone()),
            new_path: new.contains_key(path).then(|| path.clone()),
            old: text(old.get(path)),
            new: text(new.get(path)),
        });
        Diff {
            changes: changes.collect(),
            old,
        }
    }

    /// The inputs as they were before the change.
    pub fn before(&self, inputs: &[Input]) -> Vec<Input> {
        let changed = |input: &&Input| {
            let mut changes = self.changes.iter();
            !changes.any(|it| it.new_path.as_deref() == Some(&input.relative))
        };
        let old = self.old.iter().map(|(path, bytes)| Input {
            relative: path.clone(),
            origin: Origin::Bytes(bytes.clone()),
            explicit: false,
        });
        let mut before: Vec<Input> = inputs.iter().filter(changed).cloned().chain(old).collect();
        before.sort_by(|a, b| a.relative.cmp(&b.relative));
        before
    }

    /// Drops findings that were there before. `before` analyses the old side, if that is needed.
    ///
    /// # Errors
    /// When the old side cannot be analysed.
    pub fn keep_introduced(
        &self,
        files: &mut [FileReport],
        before: impl FnOnce() -> anyhow::Result<Vec<FileReport>>,
    ) -> anyhow::Result<()> {
        if files.iter().all(|it| it.findings.is_empty()) {
            return Ok(());
        }
        let mut known: HashMap<Key, u32> = HashMap::new();
        for file in &before()? {
            for finding in &file.findings {
                *known.entry(self.key(file, finding, true)).or_default() += 1;
            }
        }
        for file in files {
            let findings = std::mem::take(&mut file.findings);
            let fresh = findings.into_iter().filter(|finding| {
                match known.get_mut(&self.key(file, finding, false)) {
                    Some(left) if *left > 0 => {
                        *left -= 1;
                        false
                    }
                    _ => true,
                }
            });
            file.findings = fresh.collect();
        }
        Ok(())
    }

    /// What makes a finding the same on both sides: rule, file, symbol and text, not its line.
    fn key(&self, file: &FileReport, finding: &Finding, old: bool) -> Key {
        let renamed = self
            .changes
            .iter()
            .find(|it| it.old_path.as_deref() == Some(&*file.path));
        let path = match renamed.filter(|_| old).and_then(|it| it.new_path.clone()) {
            Some(path) => path,
            None => file.path.to_string(),
        };
        let text = file
            .source
            .as_ref()
            .map_or("", |it| finding.span.text(&it.text));
        let text: Vec<&str> = text.split_whitespace().collect();
        (finding.rule, path, finding.symbol.clone(), text.join(" "))
    }

    /// Judges the change itself and adds what is found.
    pub fn judge(&self, rules: &RuleSet, inputs: &[Input], files: &mut Vec<FileReport>) {
        if !is_wanted(rules, DIFF_CHECKS) {
            return;
        }
        let texts: OnceCell<Vec<(&str, String)>> = OnceCell::new();
        let product = || {
            let own = inputs.iter().filter(|it| {
                let code = it.relative.ends_with(".py") || it.relative.ends_with(".rs");
                code && !caveat_engine::context::is_test_path(&it.relative)
            });
            own.filter_map(|it| Some((&*it.relative, analysis::read(&it.origin).ok()?.text)))
                .collect()
        };
        let defines = |name: &str| -> Option<(String, Span)> {
            let mut all = texts.get_or_init(product).iter();
            all.find_map(|(path, text)| Some(((*path).to_owned(), definition(text, name)?)))
        };
        let mut found = drafts(&self.changes, &defines);
        found.extend(gate::drafts(&self.changes));
        let sources: HashMap<&str, &String> = self
            .changes
            .iter()
            .filter_map(|it| Some((it.new_path.as_deref()?, it.new.as_ref()?)))
            .collect();
        let source = |path: &str| {
            let text = match sources.get(path) {
                Some(text) => (*text).clone(),
                None => {
                    let input = inputs.iter().find(|it| it.relative == path)?;
                    analysis::read(&input.origin).ok()?.text
                }
            };
            Some(Arc::new(SourceFile::new(path, text)))
        };
        // Files of configuration are not always among those that are scanned.
        for draft in &found {
            if !files.iter().any(|it| *it.path == *draft.path) {
                files.push(FileReport {
                    source: None,
                    path: draft.path.as_str().into(),
                    findings: Vec::new(),
                    notices: Vec::new(),
                    parsed: Vec::new(),
                });
            }
        }
        let mut reports: Vec<&mut FileReport> = files.iter_mut().collect();
        integrity::add(rules, found, &source, &mut reports);
    }
}

/// Rule, path, symbol, text.
type Key = (u32, String, String, String);
