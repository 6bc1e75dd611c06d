//! Gates of the build that a change weakens: thresholds, skipped tests, strictness, lints.
//!
//! Configuration comes in many formats; all of them are read line by line here, and only lines
//! that the change removes or adds count.

use caveat_parser::Span;

use super::Draft;
use super::diff::Change;

/// The check's name in rule files.
pub const NAME: &str = "weakened-gate";

/// Words that let failures through or leave tests out.
const LENIENT: &[(&str, &str)] = &[
    ("--deselect", "a test is left out of the run"),
    ("--ignore=", "tests are left out of the run"),
    ("--ignore ", "tests are left out of the run"),
    ("--ignore-glob", "tests are left out of the run"),
    ("-k \"not", "tests are left out of the run"),
    ("-k 'not", "tests are left out of the run"),
    ("-k not", "tests are left out of the run"),
    ("-m \"not", "tests are left out of the run"),
    ("-m 'not", "tests are left out of the run"),
    ("--skip ", "tests are left out of the run"),
    ("--exclude-tests", "tests are left out of the run"),
    ("|| true", "the command's failure no longer counts"),
    ("|| :", "the command's failure no longer counts"),
    ("|| exit 0", "the command's failure no longer counts"),
    ("|| echo", "the command's failure no longer counts"),
    (
        "continue-on-error: true",
        "the step's failure no longer counts",
    ),
    ("allow_failure: true", "the job's failure no longer counts"),
    ("-p no:", "a plugin of the test run is switched off"),
    ("--exit-zero", "findings no longer fail the run"),
    ("--no-verify", "hooks are skipped"),
    ("set +e", "failures of commands no longer count"),
    ("--cap-lints allow", "lints no longer count"),
    ("--no-cov-on-fail", "coverage is not judged"),
    (
        "--suppress-tests-failed-exit-code",
        "failed tests no longer fail the run",
    ),
    (
        "ignore_errors = true",
        "errors of the type checker are ignored",
    ),
    ("ignore_failures", "failures no longer count"),
    ("-A warnings", "lints no longer count"),
    ("--max-warnings", "more warnings are accepted"),
];

/// Words that make a run strict.
const STRICT: &[&str] = &[
    "-D warnings",
    "-Dwarnings",
    "strict = true",
    "--strict",
    "-W error",
    "-Werror",
    "xfail_strict = true",
    "xfail_strict=true",
    "disallow_untyped_defs = true",
    "warn_return_any = true",
    "check_untyped_defs = true",
    "warnings = \"deny\"",
    "--deny warnings",
    "--deny",
    "--fail-on",
    "--error-on-warnings",
    "\"error\"",
    "disallow_any_generics = true",
    "no_implicit_optional = true",
    "set -e",
    "--locked",
    "--cov-branch",
    "branch = true",
    "#![deny(",
    "#![forbid(",
    "warn_unused_ignores = true",
    "strict_equality = true",
    "pedantic = \"deny\"",
    "all = \"deny\"",
    "unwrap_used = \"deny\"",
    "unsafe_code = \"forbid\"",
    "unsafe_code = \"deny\"",
];

/// Names of thresholds that tests or coverage must reach.
const THRESHOLDS: &[&str] = &[
    "fail_under",
    "fail-under",
    "cov-fail-under",
    "minimum_coverage",
    "min_coverage",
    "coverage_threshold",
    "threshold",
    "--fail-under-lines",
    "min-coverage",
    "minimum-coverage",
    "target",
];

/// Whether the file sets up builds, tests or lints.
fn is_gate(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(
        name,
        "Makefile"
            | "makefile"
            | "justfile"
            | "Justfile"
            | "noxfile.py"
            | "tox.ini"
            | "setup.cfg"
            | ".coveragerc"
            | "Jenkinsfile"
            | "clippy.toml"
            | ".flake8"
            | ".pylintrc"
            | "Taskfile"
            | "run_tests"
            | "lib.rs"
            | "main.rs"
    ) || matches!(
        ending,
        "toml" | "ini" | "cfg" | "yml" | "yaml" | "sh" | "mk" | "bash"
    )
}

/// The lines that one text has more often than the other, with their place in the first.
fn only_in<'t>(text: &'t str, other: &str) -> Vec<(usize, &'t str)> {
    let mut counts: rustc_hash::FxHashMap<&str, i32> = rustc_hash::FxHashMap::default();
    for line in other.lines() {
        *counts.entry(line.trim()).or_default() += 1;
    }
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let inner = line.trim();
        let left = counts.entry(inner).or_default();
        *left -= 1;
        if *left < 0 && !inner.is_empty() {
            found.push((at + line.len() - line.trim_start().len(), inner));
        }
        at += line.len();
    }
    found
}

fn code(line: &str) -> &str {
    match line.find(" #") {
        Some(at) => &line[..at],
        None if line.starts_with('#') && !line.starts_with("#!") => "",
        None => line,
    }
}

/// What a change weakens in the files that set up builds and tests.
pub fn drafts(changes: &[Change]) -> Vec<Draft> {
    let gates: Vec<&Change> = changes.iter().filter(|it| is_gate(it.path())).collect();
    let count = |word: &str, new: bool| -> usize {
        let texts = gates.iter().filter_map(|it| {
            if new {
                it.new.as_deref()
            } else {
                it.old.as_deref()
            }
        });
        texts
            .flat_map(str::lines)
            .filter(|line| code(line.trim()).contains(word))
            .count()
    };
    let mut found = Vec::new();
    for change in &gates {
        let (Some(old), Some(new)) = (&change.old, &change.new) else {
            continue;
        };
        let (gone, added) = (only_in(old, new), only_in(new, old));
        let rust = change.path().ends_with(".rs");
        if !rust {
            lenient(change.path(), &added, &count, &mut found);
            threshold(change.path(), new, &gone, &added, &mut found);
            lints(change.path(), &gone, &added, &mut found);
        }
        strict(change.path(), new, &gone, &added, rust, &count, &mut found);
    }
    found
}

fn draft(path: &str, at: usize, length: usize, message: String) -> Draft {
    Draft {
        check: NAME,
        path: path.to_owned(),
        span: Span::new(at as u32, (at + length) as u32),
        message,
        related: Vec::new(),
        doubtful: false,
    }
}

type Lines<'t> = [(usize, &'t str)];

fn lenient(
    path: &str,
    added: &Lines<'_>,
    count: &dyn Fn(&str, bool) -> usize,
    found: &mut Vec<Draft>,
) {
    for &(at, line) in added {
        let line_code = code(line);
        let hit = LENIENT
            .iter()
            .find(|(word, _)| line_code.contains(word) && count(word, true) > count(word, false));
        let Some((word, what)) = hit else { continue };
        let about_tests = [
            "pytest",
            "test",
            "cov",
            "addopts",
            "mypy",
            "ruff",
            "clippy",
            "lint",
            "check",
            "flake8",
            "cargo",
            "-k",
            "continue",
            "allow_failure",
            "set +e",
            "tox",
            "nox",
            "ignore",
            "make",
            "unittest",
        ]
        .iter()
        .any(|it| line_code.contains(it))
            || path.contains(".github")
            || path.ends_with(".yml");
        let cleans = [
            "rm ",
            "kill",
            "docker",
            "mkdir",
            "apt",
            "brew",
            "chmod",
            "git config",
            "umount",
            "stop",
            "grep",
        ]
        .iter()
        .any(|it| {
            line_code
                .trim_start_matches(['-', ' '])
                .trim_start_matches("run:")
                .trim_start()
                .starts_with(it)
        });
        if about_tests && !cleans {
            found.push(draft(
                path,
                at,
                line.len(),
                format!("`{}` is new: {what}", word.trim()),
            ));
        }
    }
}

/// The number behind a name of a threshold.
fn number_of(line: &str) -> Option<(&'static str, f64)> {
    let line = code(line);
    THRESHOLDS.iter().find_map(|name| {
        let at = line.find(name)?;
        let rest = line[at + name.len()..].trim_start_matches([' ', '=', ':', '"', '\'', '>']);
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        Some((*name, rest[..end].parse().ok()?))
    })
}

fn threshold(path: &str, new: &str, gone: &Lines<'_>, added: &Lines<'_>, found: &mut Vec<Draft>) {
    for &(_, line) in gone {
        let Some((name, before)) = number_of(line) else {
            continue;
        };
        let after = added.iter().find_map(|&(at, line)| {
            let (own, value) = number_of(line)?;
            (own == name).then_some((at, line, value))
        });
        match after {
            Some((at, line, value)) if value < before => {
                found.push(draft(
                    path,
                    at,
                    line.len(),
                    format!("`{name}` is lowered from {before} to {value}"),
                ));
            }
            Some(_) => {}
            None if name != "target" && name != "threshold" && !new.contains(name) => {
                found.push(draft(
                    path,
                    0,
                    0,
                    format!("`{name}` of {before} is removed"),
                ));
            }
            None => {}
        }
    }
}

fn strict(
    path: &str,
    new: &str,
    gone: &Lines<'_>,
    added: &Lines<'_>,
    rust: bool,
    count: &dyn Fn(&str, bool) -> usize,
    found: &mut Vec<Draft>,
) {
    for &(offset, line) in gone {
        let line_code = code(line);
        let hit = STRICT.iter().find(|word| {
            line_code.contains(*word)
                && word.starts_with("#![") == rust
                && count(word, true) < count(word, false)
        });
        let Some(word) = hit else { continue };
        let stronger = added.iter().any(|(_, it)| {
            it.contains("deny") && !line_code.contains("deny") || it.contains("forbid")
        });
        // The line that took its place, or the place where it stood.
        let name = line_code.split(['=', ':']).next().unwrap_or("").trim();
        let heirs = added
            .iter()
            .filter(|(_, it)| !name.is_empty() && it.starts_with(name));
        let heir = heirs.min_by_key(|(at, _)| at.abs_diff(offset));
        if stronger && heir.is_none() {
            continue;
        }
        let (at, length) = match heir {
            Some(&(at, line)) => (at, line.len()),
            None => added
                .iter()
                .map(|&(at, line)| (at, line.len()))
                .min_by_key(|(at, _)| at.abs_diff(offset))
                .unwrap_or((offset.min(new.len().saturating_sub(1)), 0)),
        };
        found.push(draft(
            path,
            at,
            length,
            format!("`{word}` is gone, so what failed the run no longer does"),
        ));
        return;
    }
}

/// Rules of linters that are switched off.
fn lints(path: &str, gone: &Lines<'_>, added: &Lines<'_>, found: &mut Vec<Draft>) {
    const LISTS: &[&str] = &[
        "ignore",
        "extend-ignore",
        "disable",
        "extend_ignore",
        "exclude_lines",
        "omit",
        "disable_error_code",
        "skips",
        "norecursedirs",
    ];
    let name = |line: &str| {
        line.split(['=', ':'])
            .next()
            .unwrap_or("")
            .trim()
            .to_owned()
    };
    let codes = |line: &str| {
        line.split([',', ' ', '[', ']'])
            .filter(|it| it.len() > 1)
            .count()
    };
    for &(at, line) in added {
        let own = name(line);
        if LISTS.contains(&own.as_str()) && line.contains('=') {
            let before = gone
                .iter()
                .find(|(_, it)| name(it) == own)
                .map_or(1, |(_, it)| codes(it));
            if codes(line) > before.max(1) + usize::from(own.len() > 100)
                && path.ends_with(['l', 'g', 'i', 'c', '8'])
            {
                found.push(draft(
                    path,
                    at,
                    line.len(),
                    format!("`{own}` of the checks grows"),
                ));
            }
        }
        let lint = |value: &str| {
            line.ends_with(&format!("\"{value}\""))
                || line.contains(&format!("level = \"{value}\""))
        };
        let before = gone
            .iter()
            .find(|(_, it)| name(it) == own && !own.is_empty());
        if path.ends_with(".toml")
            && (lint("allow") || lint("warn") || line.ends_with("false"))
            && let Some((_, before)) = before
            && (before.contains("\"deny\"")
                || before.contains("\"forbid\"")
                || lint("allow") && before.contains("\"warn\"")
                || line.ends_with("false")
                    && before.ends_with("true")
                    && (own.contains("strict")
                        || own.contains("disallow")
                        || own.contains("warn_")
                        || own.contains("check_")))
        {
            let known = found
                .iter()
                .any(|it| it.path == path && it.span.start == at as u32);
            if !known {
                found.push(draft(
                    path,
                    at,
                    line.len(),
                    format!("`{own}` no longer fails the run"),
                ));
            }
        }
    }
}
