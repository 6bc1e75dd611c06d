//! Formats, targets, colours, and what is said beside the findings.

use super::{Project, snapshot};

fn project() -> Project {
    Project::new(&[
        (
            "a.py",
            "eval(x)\n\neval(y)  # caveat: ignore[eval-call] trusted\n",
        ),
        ("b/c.py", "def f():\n    exec(z)\n    input()\n"),
    ])
}

#[test]
fn text() {
    snapshot!(project().scan("a.py b --statistics"));
}

#[test]
fn concise() {
    let project = project();
    snapshot!(
        project.scan("--format concise"),
        project.scan("--output-format concise --show-suppressed"),
        project.scan("--format concise --quiet"),
        project.scan("--format concise --quiet rules/../b/c.py --ignore exec-call"),
    );
}

#[test]
fn json() {
    snapshot!(project().scan("--format json b"));
}

#[test]
fn sarif() {
    let outcome = project().scan("--format sarif --sarif-category nightly");
    let log: serde_json::Value = serde_json::from_str(&outcome.out).expect("it is JSON");
    let run = &log["runs"][0];
    let uris: Vec<_> = run["results"]
        .as_array()
        .expect("there are results")
        .iter()
        .map(|result| &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
        .collect();
    assert_eq!(uris, ["a.py", "b/c.py"]);
    assert_eq!(run["automationDetails"]["id"], "nightly/");
    let rules = run["tool"]["driver"]["rules"]
        .as_array()
        .expect("there are rules");
    assert_eq!(rules.len(), 3, "rules without findings are there, too");
    assert_eq!(outcome.code, Some(1));
}

#[test]
fn sarif_lists_rules_that_do_not_run() {
    let outcome = project().scan("--format sarif --select exec-call");
    let log: serde_json::Value = serde_json::from_str(&outcome.out).expect("it is JSON");
    let run = &log["runs"][0];
    assert_eq!(
        run["tool"]["driver"]["rules"].as_array().map(Vec::len),
        Some(3)
    );
    let result = &run["results"][0];
    assert_eq!(result["ruleId"], "exec-call");
    let at = result["ruleIndex"].as_u64().expect("an index") as usize;
    assert_eq!(run["tool"]["driver"]["rules"][at]["id"], "exec-call");
}

#[test]
fn sarif_paths_start_at_the_work_tree() {
    let project = Project::new(&[
        ("a b/ü.py", "eval(x)\n"),
        (".git/HEAD", "ref: refs/heads/x\n"),
    ]);
    let outcome = project.caveat("scan --rules rules --format sarif");
    assert!(
        outcome.out.contains("\"uri\": \"a%20b/%C3%BC.py\""),
        "{}",
        outcome.out
    );
    let mut command = project.command("scan --rules ../rules --format sarif");
    let output = command
        .current_dir(project.path("a b"))
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("\"uri\": \"a%20b/%C3%BC.py\""), "{text}");
    assert!(
        !text.contains(&project.folder.path().display().to_string()),
        "no machine path"
    );
}

#[test]
fn files() {
    let project = project();
    let outcome = project.scan("-o out.txt --format concise --also sarif=out.sarif --also json=j");
    assert_eq!((outcome.out.as_str(), outcome.code), ("", Some(1)));
    assert_eq!(
        project.read("out.txt"),
        project.scan("--format concise").out.as_bytes()
    );
    for (format, file) in [("sarif", "out.sarif"), ("json", "j")] {
        let alone = project.scan(&format!("--format {format}"));
        let text = String::from_utf8_lossy(&project.read(file)).into_owned();
        let text = text.replace(env!("CARGO_PKG_VERSION"), "[VERSION]");
        assert_eq!(text, alone.out, "{format}");
    }
    let left = std::fs::read_dir(project.folder.path()).expect("it exists");
    let temporary = |name: &str| name.ends_with(".tmp");
    assert!(
        !left
            .flatten()
            .any(|it| temporary(&it.file_name().to_string_lossy()))
    );
}

#[test]
fn wrong_targets() {
    let project = project();
    snapshot!(
        project.scan("--also pdf=x"),
        project.scan("--also json"),
        project.scan("-o missing/out.txt"),
        project.scan("-o b"),
    );
}

#[test]
fn colors() {
    let project = project();
    let styled = |words: &str, environment: &[(&str, &str)]| {
        let words = format!("scan --rules rules a.py {words}");
        project.run(&words, environment, b"").out.contains('␛')
    };
    assert!(!styled("", &[]), "a pipe is not coloured");
    assert!(
        styled("--color always", &[("NO_COLOR", "1")]),
        "the option wins"
    );
    assert!(styled("", &[("FORCE_COLOR", "1")]));
    assert!(!styled("", &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")]));
    assert!(!styled("", &[("FORCE_COLOR", "0")]));
    assert!(!styled("--color never", &[("FORCE_COLOR", "1")]));
}

#[test]
fn standard_input() {
    let project = project();
    let run = |words: &str| project.run(&format!("scan --rules rules {words}"), &[], b"eval(x)\n");
    snapshot!(
        run("- --stdin-filename src/x.py --format concise"),
        run("-"),
        run("- a.py --stdin-filename x.py"),
        run("- --stdin-filename x.py --fix"),
        run("- --stdin-filename notes.txt"),
    );
}

#[test]
fn timings() {
    let outcome = project().scan("--timings --exit-zero");
    for word in [
        "rules",
        "walk",
        "analysis",
        "in all",
        "slowest files",
        "b/c.py",
    ] {
        assert!(outcome.err.contains(word), "{word} in {}", outcome.err);
    }
}

/// No format shows a secret, whatever rule speaks of its line; a hash of it is none either.
#[test]
fn secrets_are_shown_by_no_format() {
    let value = "s3cr3t-Pw99";
    let project = Project::new(&[
        (
            "app.py",
            &format!(
                "import requests\n\n\ndef f():\n    db_password = \"{value}\"\n    \
                 requests.get(\"http://api.acme.io/{value}\", auth=(\"a\", db_password))\n"
            ),
        ),
        (".env", &format!("DB_PASSWORD={value}\n")),
        (
            "a.ipynb",
            &format!(
                "{{\"cells\": [{{\"cell_type\": \"code\", \"source\": [\"db_password = '{value}'\"]}}]}}"
            ),
        ),
    ]);
    for format in ["text", "concise", "json", "sarif"] {
        let outcome = project.caveat(&format!(
            "scan . --min-confidence low --show-suppressed --statistics --format {format}"
        ));
        assert!(
            outcome.out.contains("hardcoded-password"),
            "{}",
            outcome.out
        );
        for said in [&outcome.out, &outcome.err] {
            assert!(!said.contains("Pw99"), "{format}: {said}");
        }
    }
}
