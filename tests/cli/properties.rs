//! What holds for every scan: threads, comments and blank lines change nothing they should not.

use std::fs;

use super::{Project, root};

/// Real code of caveat's own fixtures, in a project of its own so that it is no test code there.
fn project() -> Project {
    let project = Project::new(&[]);
    let walk = ignore::WalkBuilder::new(root().join("fixtures")).build();
    for entry in walk.flatten() {
        let path = entry.path();
        if path.is_file() {
            let below = path
                .strip_prefix(root().join("fixtures"))
                .expect("it is below");
            let bytes = fs::read(path).expect("fixtures can be read");
            project.write(&format!("code/{}", below.display()), &bytes);
        }
    }
    project
}

const ALL: &str = "scan code --min-confidence low --show-suppressed";

#[test]
fn threads_change_nothing() {
    let project = project();
    for format in ["text", "concise", "json", "sarif"] {
        let run = |threads| project.caveat(&format!("{ALL} --format {format} -j {threads}"));
        let (one, many) = (run(1), run(7));
        assert_eq!(one.code, Some(1), "there is something to find");
        assert!(one.out == many.out, "{format} differs");
    }
}

#[test]
fn regions_change_nothing() {
    let project = project();
    // Of syntax errors only those are told that the parser met.
    let findings = |words: &str| {
        let out = project.caveat(&format!("{ALL} --format json {words}")).out;
        let mut report: serde_json::Value = serde_json::from_str(&out).expect("the report is JSON");
        report["findings"].take()
    };
    let (regions, whole) = (findings(""), findings("--whole-files"));
    assert!(regions.as_array().is_some_and(|all| !all.is_empty()));
    assert!(regions == whole, "{}", lost(&regions, &whole));
}

/// The first finding that only one of two reports has.
fn lost(one: &serde_json::Value, other: &serde_json::Value) -> String {
    let (one, other) = (one.as_array(), other.as_array());
    let differs = |(own, all): (&serde_json::Value, Option<&Vec<serde_json::Value>>)| {
        all.is_some_and(|all| !all.contains(own))
    };
    let pairs = one.into_iter().flatten().map(|own| (own, other));
    let back = other.into_iter().flatten().map(|own| (own, one));
    let found = pairs.chain(back).find(|&pair| differs(pair));
    found.map_or_else(String::new, |(own, _)| own.to_string())
}

#[test]
fn order_of_paths_changes_nothing() {
    let project = Project::new(&[("a/x.py", "eval(x)\n"), ("b/y.py", "eval(y)\n")]);
    let run = |words: &str| project.scan(&format!("--format json {words}")).out;
    assert_eq!(run("a b"), run("b a"));
    assert_eq!(run("a b"), run("b/y.py a b a/x.py"));
}

#[test]
fn a_suppression_removes_exactly_its_finding() {
    let code = [
        "eval(a)",
        "exec(b); eval(c)",
        "exec(",
        "    eval(d)",
        ")",
        "eval(e)",
    ];
    let findings = |lines: &[String]| {
        let project = Project::new(&[("a.py", &(lines.join("\n") + "\n"))]);
        project.scan("--format concise --quiet").out
    };
    let plain: Vec<String> = code.iter().map(|line| (*line).to_owned()).collect();
    let all = findings(&plain);
    for line in [0, 1, 5] {
        for rule in ["eval-call", "exec-call"] {
            let mut lines = plain.clone();
            lines[line] += &format!("  # caveat: ignore[{rule}] a reason");
            let at = format!("a.py:{}:", line + 1);
            let is_silenced = |it: &&str| it.starts_with(&at) && it.contains(&format!("[{rule}]"));
            let left = all.lines().filter(|it| !is_silenced(it));
            let expected: String = left.map(|it| format!("{it}\n")).collect();
            assert_eq!(findings(&lines), expected, "{rule} on line {}", line + 1);
        }
    }
}

#[test]
fn blank_lines_only_move_findings() {
    let code = "eval(a)\n\ndef f():\n    exec(b)\n    return eval(c)\n";
    let findings = |text: &str| -> Vec<(u64, String)> {
        let project = Project::new(&[("a.py", text)]);
        let out = project.scan("--format json").out;
        let log: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
        let findings = log["findings"].as_array().expect("there are findings");
        let rows = findings.iter().map(|it| {
            let line = it["start"]["line"].as_u64().expect("a line");
            let identity = format!("{} {} {}", it["rule"], it["fingerprint"], it["message"]);
            (line, identity)
        });
        rows.collect()
    };
    let before = findings(code);
    assert_eq!(before.len(), 3);
    let after = findings(&format!("\n\n{}", code.replace('\n', "\n\n")));
    let expected: Vec<_> = before
        .into_iter()
        .map(|(line, it)| (line * 2 + 1, it))
        .collect();
    assert_eq!(after, expected);
}

#[test]
fn caveat_finds_nothing_in_caveat() {
    let root = root().canonicalize().expect("it exists");
    let project = Project::new(&[]);
    let folders = ["crates", "rules", "tests"].map(|name| root.join(name).display().to_string());
    let outcome = project.caveat(&format!("scan {} --format concise", folders.join(" ")));
    assert_eq!(outcome.code, Some(0), "{}", outcome.transcript());
}
