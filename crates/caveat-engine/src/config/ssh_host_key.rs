//! Finds ssh told to accept any host key: `StrictHostKeyChecking=no` and its relatives.
//!
//! Command lines, ssh and Ansible configuration. `accept-new` trusts the first key it meets only,
//! and is the lesser finding.

use caveat_parser::Span;

use super::{Analysis, FileKind, Hit, Snippet, TextFile, in_order};
use crate::rule::Severity;

pub(super) const ANALYSIS: Analysis = Analysis {
    rule: "ssh-host-key-unchecked",
    check,
    triggers: &[
        "StrictHostKeyChecking",
        "host_key_checking",
        "UserKnownHostsFile",
    ],
    kinds: &[
        FileKind::Workflow,
        FileKind::Action,
        FileKind::GitlabCi,
        FileKind::Compose,
        FileKind::Kubernetes,
        FileKind::Dockerfile,
        FileKind::Shell,
        FileKind::Devcontainer,
        FileKind::Notebook,
        FileKind::OtherConfig,
        FileKind::Other,
    ],
};

fn check(file: &TextFile) -> Vec<Hit> {
    in_order(of_text(file.text))
}

/// Hits in one piece of shell code.
pub(super) fn in_shell(snippet: &Snippet) -> Vec<Hit> {
    let mut hits = of_text(&snippet.text);
    hits.iter_mut()
        .for_each(|hit| hit.span = snippet.in_file(hit.span));
    hits
}

fn of_text(text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if let Some((span, detail, severity)) = of_line(line) {
            let span = Span::new(start + span.start, start + span.end);
            let mut hit = Hit::new(span, detail);
            hit.severity = severity;
            hits.push(hit);
        }
        start += line.len() as u32;
    }
    hits
}

/// The first setting of a line that turns the check off.
fn of_line(line: &str) -> Option<(Span, String, Option<Severity>)> {
    let is_comment =
        line.trim_start().starts_with(['#', ';']) || line.trim_start().starts_with("//");
    let local = ["@localhost", " localhost", "@127.0.0.1", " 127.0.0.1"];
    if is_comment || local.iter().any(|host| line.contains(host)) {
        return None;
    }
    setting(line, "StrictHostKeyChecking", &["no", "off", "accept-new"])
        .map(|(span, value)| {
            let severity = (value == "accept-new").then_some(Severity::Low);
            (span, format!("`StrictHostKeyChecking={value}`"), severity)
        })
        .or_else(|| {
            let (span, _) = setting(line, "UserKnownHostsFile", &["/dev/null"])?;
            Some((span, "`UserKnownHostsFile=/dev/null`".to_owned(), None))
        })
        .or_else(|| {
            let (span, _) = setting(line, "host_key_checking", &["false", "no", "0"])?;
            Some((span, "`host_key_checking = False`".to_owned(), None))
        })
}

/// A setting `name=value`, `name value` or `name: value` with one of the values, ASCII case
/// ignored. A setting after an unquoted `#` is a comment.
fn setting<'v>(line: &str, name: &str, values: &[&'v str]) -> Option<(Span, &'v str)> {
    let lower = line.to_ascii_lowercase();
    let start = lower.find(&name.to_ascii_lowercase())?;
    if lower[..start].contains(" #") {
        return None;
    }
    let after = &lower[start + name.len()..];
    let value = after.trim_start_matches([' ', '\t', '=', ':', '"', '\'', '\\', ',']);
    let separated = value.len() < after.len();
    let found = values.iter().find(|wanted| {
        value.strip_prefix(**wanted).is_some_and(|rest| {
            !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        })
    })?;
    let end = start + name.len() + (after.len() - value.len()) + found.len();
    separated.then(|| (Span::new(start as u32, end as u32), *found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let hits = super::check(&TextFile::new("a.sh", text));
        let got: Vec<_> = hits.iter().map(|hit| hit.span.text(text)).collect();
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn settings() {
        check(
            "ssh -o StrictHostKeyChecking=no a",
            &["StrictHostKeyChecking=no"],
        );
        check(
            "ssh -o \"stricthostkeychecking no\" a",
            &["stricthostkeychecking no"],
        );
        check(
            "  StrictHostKeyChecking accept-new",
            &["StrictHostKeyChecking accept-new"],
        );
        check(
            "ssh -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null a",
            &["StrictHostKeyChecking=no"],
        );
        check("host_key_checking = False", &["host_key_checking = False"]);
        check("ssh -o StrictHostKeyChecking=yes a", &[]);
        check("# ssh -o StrictHostKeyChecking=no a", &[]);
        check("ssh -o StrictHostKeyChecking=no localhost", &[]);
        check(
            "ssh -o UserKnownHostsFile=/dev/null a",
            &["UserKnownHostsFile=/dev/null"],
        );
        check("ssh -o StrictHostKeyChecking=\"$MODE\" a", &[]);
    }
}
