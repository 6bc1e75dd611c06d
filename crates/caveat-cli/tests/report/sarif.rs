//! What GitHub asks of a log and a snapshot would not show.

use caveat_cli::report::{Report, sarif};
use caveat_engine::rule::Severity;
use caveat_parser::Span;
use serde_json::Value;

use super::golden::{self, file, finding};
use super::render;

fn run(report: &Report) -> Value {
    let log: Value = serde_json::from_str(&render(sarif::write, report)).expect("is JSON");
    log["runs"][0].clone()
}

fn results(report: &Report) -> Vec<Value> {
    run(report)["results"]
        .as_array()
        .expect("is a list")
        .clone()
}

#[test]
fn results_are_capped_by_severity() {
    let rules = golden::rules();
    let mut report = golden::report(&rules);
    let lines = |n: u32| (0..n).map(|line| Span::new(line * 2, line * 2 + 1));
    let mut findings: Vec<_> = lines(5_010)
        .map(|span| finding(0, "a.py", span, "bad"))
        .collect();
    for weak in [0, 7, 4_000] {
        findings[weak].severity = Severity::Low;
    }
    report.files = vec![file("a.py", &"x\n".repeat(5_010), findings, Vec::new())];
    let run = run(&report);
    let results = run["results"].as_array().expect("is a list");
    assert_eq!(results.len(), 5_000);
    assert!(results.iter().all(|result| result["level"] == "error"));
    let lines =
        |result: &Value| result["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64();
    assert!(results.is_sorted_by_key(lines));
    let notifications = &run["invocations"][0]["toolExecutionNotifications"];
    let text = "10 results were left out of this log: it holds the 5000 most severe.";
    assert_eq!(notifications[0]["message"]["text"], text);
}

#[test]
fn suppressed_results_are_marked_if_shown() {
    let rules = golden::rules();
    let mut report = golden::report(&rules);
    let hidden = results(&report).len();
    report.options.show_suppressed = true;
    let shown = results(&report);
    assert_eq!(shown.len(), hidden + 1);
    let marks: Vec<_> = shown
        .iter()
        .filter_map(|result| result.get("suppressions"))
        .collect();
    assert_eq!(marks.len(), 1);
    assert_eq!(marks[0][0]["kind"], "inSource");
    assert_eq!(marks[0][0]["justification"], "the caller counts");
}

#[test]
fn a_category_ends_with_a_slash() {
    let rules = golden::rules();
    let mut report = golden::report(&rules);
    assert_eq!(run(&report).get("automationDetails"), None);
    for name in ["nightly", "nightly/"] {
        report.options.sarif_category = Some(name.to_owned());
        assert_eq!(run(&report)["automationDetails"]["id"], "nightly/");
    }
}

#[test]
fn remotes_name_no_user_and_no_folder() {
    let rules = golden::rules();
    let mut report = golden::report(&rules);
    let mut check = |remote: &str, expected: Option<&str>| {
        report.root.repository_uri = Some(remote.to_owned());
        let run = run(&report);
        let written = run.pointer("/versionControlProvenance/0/repositoryUri");
        assert_eq!(written.and_then(Value::as_str), expected, "{remote}");
    };
    check(
        "https://u:secret@example.org:8443/a/b",
        Some("https://example.org:8443/a/b"),
    );
    check("https://example.org/a@b", Some("https://example.org/a@b"));
    check("git@example.org:a/b.git", Some("ssh://example.org/a/b.git"));
    check(
        "ssh://git@example.org/a/b.git",
        Some("ssh://example.org/a/b.git"),
    );
    for local in [
        "/srv/git/a.git",
        "../a",
        "file:///srv/git/a.git",
        "C:\\a",
        "",
    ] {
        check(local, None);
    }
}

#[test]
fn a_run_in_which_nothing_could_be_read_has_failed() {
    let rules = golden::rules();
    let mut report = golden::report(&rules);
    let successful = |report: &Report| run(report)["invocations"][0]["executionSuccessful"].clone();
    assert_eq!(successful(&report), true);
    let kind = caveat_engine::finding::NoticeKind::Unreadable;
    let notice = golden::notice(kind, "a.py", None, "permission denied");
    report.files = vec![file("a.py", "", Vec::new(), vec![notice])];
    report.summary.files_scanned = 0;
    assert_eq!(successful(&report), false);
}

#[test]
fn a_secret_is_never_quoted() {
    let rules = golden::rules();
    let report = golden::report(&rules);
    for (format, write) in super::FORMATS {
        assert!(!render(write, &report).contains("w0rd-Qx7"), "{format}");
    }
}
