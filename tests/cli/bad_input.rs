//! What no program should be given. For each: the message, the exit code, and that the rest was
//! scanned.

use std::fs;
use std::process::Stdio;

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

/// Looking names up takes time that grows with the square of the depth of calls.
const SLOW_DEPTH: usize = 4_000;

#[test]
fn deep_nesting() {
    let deep = 100_000;
    for (open, close, depth) in [
        ("(", ")", deep),
        ("[", "]", deep),
        ("{", "}", deep),
        ("-", "", deep),
        ("not ", "", deep),
        ("lambda:", "", deep),
        ("f(", ")", SLOW_DEPTH),
        ("x.a(", ")", SLOW_DEPTH),
    ] {
        let project = project();
        let code = [&open.repeat(depth), "eval(y)", &close.repeat(depth)].concat();
        project.write("deep.py", code.as_bytes());
        project.write("deep.rs", format!("fn f() {{ {code}; }}").as_bytes());
        // Such a long line looks minified, which would spare us the test.
        let outcome = project.scan("--no-ignore --format concise");
        let start: String = outcome.out.chars().take(300).collect();
        assert_eq!(outcome.code, Some(1), "{open}: {start} {}", outcome.err);
        let ours = "good.py:1:1: critical[eval-call]";
        assert!(outcome.out.contains(ours), "{open}: {start}");
        let theirs = format!("deep.py:1:{}: critical[eval-call]", open.len() * depth + 1);
        assert!(outcome.out.contains(&theirs), "{open}: {start}");
    }
}

#[test]
fn deep_statements() {
    let project = project();
    let mut deep = String::new();
    for depth in 0..2_000 {
        deep += &format!("{}if x:\n", " ".repeat(depth));
    }
    deep += &format!("{}eval(y)\n", " ".repeat(2_000));
    project.write("deep.py", deep.as_bytes());
    let outcome = project.scan("--format concise");
    assert_eq!(outcome.code, Some(1), "{}", outcome.err);
    assert!(outcome.out.contains("good.py:1:1: critical[eval-call]"));
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
