//! Reads findings from a report, tolerantly: binaries of different ages are compared here, so only
//! what a comparison needs is asked for. Understands caveat's JSON and SARIF.

use anyhow::{Context, bail};
use serde_json::Value;

/// What identifies a finding between two binaries, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Rule id.
    pub rule: String,
    /// Path relative to the project, with `/`.
    pub path: String,
    /// First line, from 1; 0 if the report gives none.
    pub line: u64,
    /// Words; they may change without the finding being another one.
    pub message: String,
}

/// The findings of a report that are not suppressed.
pub fn read(report: &str) -> anyhow::Result<Vec<Finding>> {
    let report: Value = serde_json::from_str(report).context("the report is no JSON")?;
    if let Some(runs) = report["runs"].as_array() {
        let results = runs.iter().filter_map(|run| run["results"].as_array());
        return collect(results.flatten(), from_sarif);
    }
    match report["findings"].as_array() {
        Some(list) => collect(list.iter(), from_json),
        None => bail!("the report has neither `findings` nor `runs`"),
    }
}

/// One that cannot be read is an error: leaving it out would look like a finding lost.
fn collect<'a>(
    list: impl Iterator<Item = &'a Value>,
    one: fn(&Value) -> Option<Finding>,
) -> anyhow::Result<Vec<Finding>> {
    let shown = list.filter(|value| !is_suppressed(value));
    shown
        .map(|value| one(value).with_context(|| format!("a finding that cannot be read: {value}")))
        .collect()
}

fn is_suppressed(value: &Value) -> bool {
    let some = |key: &str| match &value[key] {
        Value::Null | Value::Bool(false) => false,
        Value::Array(list) => !list.is_empty(),
        _ => true,
    };
    some("suppressed") || some("suppressions")
}

fn from_json(value: &Value) -> Option<Finding> {
    let line = value["start"]["line"].as_u64().or(value["line"].as_u64());
    Some(Finding {
        rule: value["rule"].as_str()?.to_owned(),
        path: value["path"].as_str()?.to_owned(),
        line: line.unwrap_or(0),
        message: value["message"].as_str().unwrap_or_default().to_owned(),
    })
}

fn from_sarif(value: &Value) -> Option<Finding> {
    let place = &value["locations"][0]["physicalLocation"];
    Some(Finding {
        rule: value["ruleId"].as_str()?.to_owned(),
        path: place["artifactLocation"]["uri"].as_str()?.to_owned(),
        line: place["region"]["startLine"].as_u64().unwrap_or(0),
        message: value["message"]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(report: &str, expected: &[(&str, &str, u64)]) {
        let findings = read(report).expect("a valid report");
        let short = |f: &Finding| (f.rule.clone(), f.path.clone(), f.line);
        let findings: Vec<_> = findings.iter().map(short).collect();
        let owned = |(rule, path, line): &(&str, &str, u64)| {
            ((*rule).to_owned(), (*path).to_owned(), *line)
        };
        assert_eq!(findings, expected.iter().map(owned).collect::<Vec<_>>());
    }

    #[test]
    fn own_json() {
        check(
            r#"{"schema": 1, "findings": [
                {"rule": "a", "path": "x.py", "start": {"line": 3, "column": 1}, "message": "m"},
                {"rule": "a", "path": "x.py", "suppressed": {"reason": ""}},
                {"rule": "b", "path": "whole-file.toml"}]}"#,
            &[("a", "x.py", 3), ("b", "whole-file.toml", 0)],
        );
    }

    #[test]
    fn sarif() {
        check(
            r#"{"runs": [{"results": [{"ruleId": "a", "message": {"text": "M."}, "suppressions": [],
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": "x.rs"},
                "region": {"startLine": 7}}}]}]}]}"#,
            &[("a", "x.rs", 7)],
        );
    }

    #[test]
    fn what_is_no_report_is_an_error() {
        assert!(read("").is_err());
        assert!(read("{}").is_err());
        assert!(read(r#"{"findings": [{}]}"#).is_err());
    }
}
