//! What no program should be given. For each: the message, the exit code, and that the rest was
//! scanned.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{Project, snapshot};

/// A project with a finding that must be reported whatever lies beside it.
fn project() -> Project {
    Project::new(&[("good.py", "eval(x)\n")])
}

#[test]
fn broken_syntax() {
    let project = project();
    project.write("broken.py", b"def f(:\n    eval(y)\n\nclass\n");
    snapshot!(project.scan("--format concise"));
}

#[test]
fn binary() {
    let project = project();
    project.write("binary.py", b"\x7fELF\0\0\0eval(x)\n");
    snapshot!(project.scan("--format concise"), project.scan("binary.py"));
}

#[test]
fn invalid_utf8() {
    let project = project();
    project.write("invalid.py", b"eval(y)  # \xff\xfe\n");
    snapshot!(project.scan("--format concise"));
}

#[test]
fn long_line() {
    let project = project();
    // Over the bound on files; CAVEAT_SLOW_TESTS makes it the 50 MB of the worst generator.
    let slow = std::env::var_os("CAVEAT_SLOW_TESTS").is_some();
    let length = if slow { 50_000_000 } else { 11_000_000 };
    project.write("long.py", "x = 1; ".repeat(length / 7).as_bytes());
    project.write("minified.py", "eval(x); ".repeat(200_000).as_bytes());
    let outcome = project.scan("--format concise");
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.out.contains("good.py:1:1: critical[eval-call]"),
        "{}",
        outcome.out
    );
    assert!(
        outcome.out.contains("long.py: warning[too-large]"),
        "{}",
        outcome.out
    );
    let summary = "1 finding in 1 file (2 skipped: 1 generated, 1 too large)";
    assert!(outcome.out.contains(summary), "{}", outcome.out);
}

/// How deep and how long bad code is: more than any person or tool writes.
const MANY: usize = 100_000;

/// Scans `code` beside a good file, bounded in time, and says what was reported.
fn survives(name: &str, code: &str) -> String {
    let project = project();
    project.write(name, code.as_bytes());
    let start = Instant::now();
    // Such a long line looks minified, which would spare us the test.
    let outcome = project.scan("--no-ignore --format concise");
    let what: String = code.chars().take(40).collect();
    assert_eq!(outcome.code, Some(1), "{what}: {}", outcome.err);
    let ours = "good.py:1:1: critical[eval-call]";
    assert!(outcome.out.contains(ours), "{what}");
    // Each takes a second or two; what grows with the square of its size takes hours.
    let time = start.elapsed();
    assert!(time < Duration::from_secs(60), "{what}: {time:?}");
    outcome.out
}

#[test]
fn deep_nesting() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{", "}"),
        ("-", ""),
        ("not ", ""),
        ("lambda:", ""),
        ("f(", ")"),
        ("x.a(", ")"),
        ("\"a\" + ", ""),
    ] {
        let code = [&open.repeat(MANY), "eval(y)", &close.repeat(MANY)].concat();
        let out = survives("deep.py", &code);
        let theirs = format!("deep.py:1:{}: critical[eval-call]", open.len() * MANY + 1);
        assert!(out.contains(&theirs), "{open}");
    }
}

#[test]
fn deep_nesting_of_rust() {
    let rule = "id: call-of-g
summary: g
severity: low
confidence: high
cwe: [1]
since: 0.1.0
message: g
why: W.
fix: F.
match:
  rust:
    pattern: g($X)
";
    for (open, close) in [
        ("{", "}"),
        ("(", ")"),
        ("&", ""),
        ("1 && ", ""),
        ("f(", ")"),
        ("unsafe {", "}"),
        ("Some::<", ">()"),
        ("vec![", "]"),
    ] {
        let project = project();
        project.write("rules/call-of-g.yaml", rule.as_bytes());
        let nested = [&open.repeat(MANY), "g(1)", &close.repeat(MANY)].concat();
        let code = format!("fn a() {{ g(0); }}\nfn f() {{ {nested}; }}\n");
        project.write("deep.rs", code.as_bytes());
        let outcome = project.scan("--no-ignore --format concise");
        assert_eq!(outcome.code, Some(1), "{open}: {}", outcome.err);
        assert!(
            outcome.out.contains("good.py:1:1: critical[eval-call]"),
            "{open}"
        );
        assert!(
            outcome.out.contains("deep.rs:1:10: low[call-of-g]"),
            "{open}"
        );
    }
}

#[test]
fn deep_statements() {
    let indented = |head: &str| -> String {
        let lines = (0..2_000).map(|depth| format!("{}{head}\n", " ".repeat(depth)));
        lines.collect::<String>() + &" ".repeat(2_000) + "eval(y)\n"
    };
    for head in ["if x:", "def f():", "class A:"] {
        let out = survives("deep.py", &indented(head));
        assert!(
            out.contains("deep.py:2001:2001: critical[eval-call]"),
            "{head}"
        );
    }
}

#[test]
fn long_repetitions() {
    for (before, unit, after) in [
        ("x = ", "a.b.", "c(eval(y))\n"),
        ("x = a", ".b(1)", "(eval(y))\n"),
        ("x = f'", "{a}", "{eval(y)}'\n"),
        ("if x: pass\n", "elif y: pass\n", "else: eval(y)\n"),
        ("", "x = x + 'b'\n", "eval(x)\n"),
        ("", "import a\n", "eval(a)\n"),
        ("", "from a import *\n", "eval(a)\n"),
        ("", "@a.b(1)\n", "def f(): eval(y)\n"),
        ("x = [", "'a', ", "eval(y)]\n"),
        ("f(", "a=1, ", "b=eval(y))\n"),
    ] {
        let out = survives("long.py", &[before, &unit.repeat(MANY), after].concat());
        assert!(out.contains("long.py:"), "{unit}: {out}");
    }
    let findings = survives("long.py", &"eval(x)\n".repeat(MANY));
    assert!(findings.contains("100001 findings in 2 files"));
    let silenced = survives(
        "long.py",
        &"eval(x)  # caveat: ignore[eval-call] r\n".repeat(MANY),
    );
    assert!(silenced.contains("1 finding in 2 files"), "{silenced}");
}

/// What takes too long is cut short, and said.
#[test]
fn exhausting_code() {
    let project = project();
    let rule = "id: slow
summary: s
severity: low
confidence: low
cwe: [1]
since: 0.1.0
message: m
why: W.
fix: F.
match:
  python:
    all:
    - pattern: f(..., <... g($X) ...>, ..., <... h($Y) ...>, ...)
";
    project.write("rules/slow.yaml", rule.as_bytes());
    let code = "f(".repeat(20_000) + "g(1)" + &", g(1))".repeat(20_000);
    project.write("deep.py", code.as_bytes());
    let outcome = project.scan("--no-ignore --format concise --min-confidence low");
    assert!(outcome.out.contains("good.py:1:1: critical[eval-call]"));
    let said = "deep.py: warning[partly-parsed] analysis was cut short";
    assert!(outcome.out.contains(said), "{}", outcome.out);
}

#[test]
#[cfg(target_os = "linux")]
fn unreadable() {
    use std::os::unix::fs::PermissionsExt;
    let project = project();
    // Reading it fails even for root.
    let outcome = project.scan("--format concise good.py /proc/self/mem");
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.out.contains("good.py:1:1: critical[eval-call]"),
        "{}",
        outcome.out
    );
    assert!(
        outcome
            .out
            .contains("/mem: warning[unreadable] cannot be read")
    );
    assert_eq!(project.scan("/proc/self/mem").code, Some(2));
    project.write("locked.py", b"eval(x)\n");
    let path = project.path("locked.py");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("it is ours");
    if fs::read(&path).is_err() {
        let outcome = project.scan("--format concise");
        assert_eq!(outcome.code, Some(1));
        assert!(
            outcome.out.contains("locked.py: warning[unreadable]"),
            "{}",
            outcome.out
        );
    }
}

#[test]
#[cfg(unix)]
fn no_regular_file() {
    let project = project();
    snapshot!(project.scan("/dev/null"));
}

#[test]
fn nothing_to_scan() {
    let project = Project::new(&[("empty/notes.txt", "eval(x)\n"), ("v/vendor/a.py", "")]);
    snapshot!(
        project.scan("empty"),
        project.scan("v"),
        project.scan("nowhere"),
        project.scan("v nowhere"),
    );
    let empty = tempfile::tempdir().expect("there is room for a folder");
    let mut command = project.command("scan");
    let output = command.current_dir(&empty).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "caveat: error: nothing to scan in .\n"
    );
}

#[test]
fn an_empty_file_is_scanned() {
    let project = Project::new(&[("a.py", "")]);
    snapshot!(project.scan("a.py"));
}

#[test]
fn wrong_rules() {
    let project = project();
    project.write("wrong/key.yaml", b"id: a-rule\nsevereness: high\n");
    project.write("wrong/syntax.yaml", b"id: [a\n");
    project.write(
        "pattern.yaml",
        b"id: a-rule\nsummary: s\nseverity: low\nconfidence: low\ncwe: [1]\nsince: 0.1.0\n\
          message: m\nwhy: W.\nfix: F.\nmatch:\n  python:\n    pattern: 'f(('\n",
    );
    project.write("binary.yaml", b"\xff\xff");
    project.write("none/readme.md", b"");
    let run = |rules: &str| project.caveat(&format!("scan --rules {rules}"));
    snapshot!(
        run("wrong"),
        run("pattern.yaml"),
        run("binary.yaml"),
        run("none"),
        run("nowhere.yaml"),
    );
}

#[test]
fn wrong_models() {
    let project = project();
    let row = "- {sink: sqll, at: lib.run(arg0)}";
    let text = format!("library: lib\nlanguage: python\nrows:\n{row}\nrouws: []\n");
    project.write("wrong/lib.yaml", text.as_bytes());
    project.write(
        "right/lib.yaml",
        text.replace("sqll", "sql")
            .replace("rouws: []\n", "")
            .as_bytes(),
    );
    project.write("none/readme.md", b"");
    let run = |models: &str| project.caveat(&format!("scan --rules rules --models {models}"));
    snapshot!(run("wrong"), run("right"), run("none"), run("nowhere"));
}

#[test]
#[cfg(unix)]
fn closed_pipe() {
    let project = Project::new(&[("a.py", &"eval(x)\n".repeat(20_000))]);
    for format in ["text", "concise", "json", "sarif"] {
        let mut command = project.command(&format!("scan --rules rules --format {format}"));
        let mut child = command.stdin(Stdio::null()).spawn().expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            (said.as_str(), output.status.code()),
            ("", Some(1)),
            "{format}"
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn full_disk() {
    let project = project();
    snapshot!(
        project.scan("-o /dev/full"),
        project.scan("--also sarif=/dev/full"),
    );
    let full = fs::File::create("/dev/full").expect("Linux has it");
    let mut command = project.command("scan --rules rules");
    let output = command.stdout(full).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.starts_with("caveat: error: cannot write to standard output: "),
        "{said}"
    );
}
