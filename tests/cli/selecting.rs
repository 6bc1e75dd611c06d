//! Which rules run, what is shown, and what the exit code says.

use super::{Project, snapshot};

fn project() -> Project {
    Project::new(&[("a.py", "eval(x)\nexec(y)\ninput()\n")])
}

#[test]
fn rules() {
    let project = project();
    let run = |words: &str| project.scan(&format!("--format concise {words}"));
    snapshot!(
        run("--select eval-call"),
        run("--select CWE-95 --ignore exec-call"),
        run("--select *-call --min-confidence low"),
        run("--select eval-call --extend-select input-call"),
        run("--extend-select cwe-400"),
        run("--select all --ignore eval-call,exec-call"),
    );
}

#[test]
fn families_of_the_built_in_rules() {
    let project = project();
    let outcome = project.caveat("rules --select transport --format json");
    let rules: serde_json::Value = serde_json::from_str(&outcome.out).expect("it is JSON");
    let rules = rules.as_array().expect("it is an array");
    assert!(!rules.is_empty());
    assert!(rules.iter().all(|rule| rule["family"] == "transport"));
}

#[test]
fn names_of_nothing() {
    let project = project();
    snapshot!(
        project.scan("--select eval-cal,nonsense --ignore CWE-1,x*"),
        project.scan("--select eval-call --ignore eval-call"),
    );
}

#[test]
fn levels() {
    let project = project();
    let run = |words: &str| project.scan(&format!("--format concise {words}"));
    snapshot!(
        run("--min-severity critical"),
        run("--min-confidence high"),
        run("--min-confidence low"),
        run("--min-severity extreme"),
    );
}

#[test]
fn exit_codes() {
    let project = project();
    let code = |words: &str| project.scan(&format!("-q {words}")).code;
    assert_eq!(code(""), Some(1));
    assert_eq!(code("--fail-on critical"), Some(1));
    assert_eq!(code("--fail-on critical --ignore eval-call"), Some(0));
    assert_eq!(code("--fail-on high --ignore eval-call"), Some(1));
    assert_eq!(code("--fail-on never"), Some(0));
    assert_eq!(code("--exit-zero"), Some(0));
    assert_eq!(
        code("--select input-call"),
        Some(0),
        "hidden findings do not count"
    );
    assert_eq!(code("nowhere"), Some(2));
    assert_eq!(code("--no-such-option"), Some(2));
    assert_eq!(project.caveat("").code, Some(2));
}

/// A `*` of a rule's paths stays within one component; `...` stands for fields of a struct.
#[test]
fn paths_and_fields_of_own_rules() {
    let rule = "id: struct-field
summary: a limit is taken away
severity: low
confidence: high
cwe: []
since: 9.8.7
message: \"`$X` is built without a limit\"
why: There is no end.
fix: Give one.
paths: {exclude: ['*debug*.rs']}
match:
  rust:
    pattern: \"$X { ..., limit: None, ... }\"
";
    let code =
        "fn f() { g(Web { host: h, limit: None, ..Default::default() }); g(Web { limit: 3 }); }\n";
    let project = Project::new(&[
        ("own/struct-field.yaml", rule),
        ("code/debug-mode/a.rs", code),
        ("code/debug-mode/x_debug.rs", code),
    ]);
    let outcome = project.caveat("scan code --rules own --format concise");
    assert_eq!(
        outcome.out.matches("struct-field").count(),
        1,
        "{}",
        outcome.out
    );
    assert!(
        outcome.out.contains("debug-mode/a.rs:1:12"),
        "{}",
        outcome.out
    );
}
