//! `--diff`: what a change introduces, and what it does to tests.

use std::process::Command;

use super::Project;

const FIT: &str = "def slope(values):\n    return 1.0\n";
const STRICT: &str =
    "from model import slope\n\n\ndef test_slope():\n    assert slope([1]) == 1.0\n";
const LOOSE: &str =
    "from model import slope\n\n\ndef test_slope():\n    assert slope([1]) is not None\n";

/// A repository of one commit.
fn repository(files: &[(&str, &str)]) -> Project {
    let project = Project::new(files);
    for words in [
        "init -q",
        "add -A",
        "-c user.name=A -c user.email=a@example.invalid commit -qm before",
    ] {
        let done = Command::new("git")
            .arg("-C")
            .arg(project.folder.path())
            .args(words.split(' '))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output();
        assert!(done.is_ok_and(|it| it.status.success()), "git {words}");
    }
    project
}

#[test]
fn only_what_a_change_introduces_is_reported() {
    let project = repository(&[("app.py", "eval(old)\n")]);
    project.write("app.py", b"import os\n\neval(old)\neval(new)\n");
    project.write("fresh.py", b"eval(more)\n");
    let outcome = project.scan("--diff HEAD --format concise .");
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.out.contains("app.py:4:1"), "{}", outcome.out);
    assert!(outcome.out.contains("fresh.py:1:1"), "{}", outcome.out);
    assert!(!outcome.out.contains("app.py:3:1"), "{}", outcome.out);
}

#[test]
fn a_renamed_file_keeps_its_findings() {
    let lines: String = (0..20).map(|n| format!("x{n} = {n}\n")).collect();
    let project = repository(&[("app.py", &format!("{lines}eval(old)\n"))]);
    let moved = std::fs::rename(project.path("app.py"), project.path("core.py"));
    assert!(moved.is_ok());
    let added = Command::new("git")
        .arg("-C")
        .arg(project.folder.path())
        .args(["add", "-A"])
        .output();
    assert!(added.is_ok_and(|it| it.status.success()));
    let outcome = project.scan("--diff HEAD --format concise .");
    assert_eq!(outcome.code, Some(0), "{}", outcome.out);
}

#[test]
fn a_weakened_test_is_reported() {
    let project = repository(&[("model.py", FIT), ("tests/test_fit.py", STRICT)]);
    project.write("tests/test_fit.py", LOOSE.as_bytes());
    let outcome = project.caveat("scan --diff HEAD --format concise --select integrity .");
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.out.contains("tests/test_fit.py:5:"),
        "{}",
        outcome.out
    );
    assert!(outcome.out.contains("[weakened-test]"), "{}", outcome.out);
    let unchanged = repository(&[("model.py", FIT), ("tests/test_fit.py", LOOSE)]);
    let outcome = unchanged.caveat("scan --diff HEAD --format concise --select integrity .");
    assert_eq!(outcome.code, Some(0), "{}", outcome.out);
}

#[test]
fn what_git_does_not_know_is_an_error() {
    let project = repository(&[("app.py", "eval(old)\n")]);
    let unknown = project.scan("--diff nowhere .");
    assert_eq!(unknown.code, Some(2));
    let said = "`--diff nowhere`: git knows no such revision";
    assert!(unknown.err.contains(said), "{}", unknown.err);
    let plain = Project::new(&[("app.py", "eval(old)\n")]);
    let outside = plain.scan("--diff HEAD .");
    assert_eq!(outside.code, Some(2));
    assert!(
        outside.err.contains("needs a git repository"),
        "{}",
        outside.err
    );
}
