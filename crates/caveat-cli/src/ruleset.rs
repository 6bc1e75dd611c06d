//! Rules of a run: the built-in ones, or those in the user's files.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use caveat_engine::RuleSet;
use caveat_engine::rule::{self, Dialect, Loaded, Rule, RuleError};

/// Reads and compiles the rules of a run. No paths: the built-in ones.
///
/// # Errors
/// When a file cannot be read, or a native rule is wrong. Semgrep rules that cannot run are named
/// on standard error and left out.
pub fn load(paths: &[PathBuf], keep: &dyn Fn(&Rule) -> bool) -> anyhow::Result<RuleSet> {
    let mut rules = Vec::new();
    if paths.is_empty() {
        for (path, text) in caveat_rules::rules() {
            rules.push(rule::load_embedded(path, text).map_err(|errors| report(&errors, text))?);
        }
    }
    for path in paths {
        for file in rule_files(path)? {
            rules.extend(read(&file)?.rules);
        }
    }
    rules.retain(keep);
    if rules.is_empty() {
        bail!("no rule is left to run");
    }
    let (set, errors) = RuleSet::compile(rules);
    let native = |file: &str| {
        set.rules
            .iter()
            .any(|rule| rule.file == file && rule.dialect == Dialect::Native)
    };
    for error in &errors {
        eprintln!("caveat: warning: {error}");
    }
    match errors.iter().find(|error| native(&error.file)) {
        Some(error) => bail!("{error}"),
        None => Ok(set),
    }
}

fn report(errors: &[RuleError], text: &str) -> anyhow::Error {
    let drawn: Vec<String> = errors
        .iter()
        .map(|error| error.render(text, false))
        .collect();
    anyhow::anyhow!("the rule file is wrong\n{}", drawn.join("\n"))
}

fn read(file: &Path) -> anyhow::Result<Loaded> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let name = file.display().to_string();
    let loaded = rule::load(&name, &text).map_err(|errors| report(&errors, &text))?;
    for skipped in &loaded.skipped {
        eprintln!(
            "caveat: warning: {name}: rule `{}`: {}",
            skipped.rule_id, skipped.reason
        );
    }
    Ok(loaded)
}

fn rule_files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let kind =
        std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if kind.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in ignore::WalkBuilder::new(path)
        .standard_filters(false)
        .build()
    {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy();
        let yaml = name.ends_with(".yaml") || name.ends_with(".yml");
        let other = name.contains(".test.")
            || entry
                .path()
                .components()
                .any(|part| part.as_os_str() == "models");
        if yaml && !other && entry.file_type().is_some_and(|kind| kind.is_file()) {
            files.push(entry.into_path());
        }
    }
    files.sort();
    Ok(files)
}
