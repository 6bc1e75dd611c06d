//! Inline suppressions: `# caveat: ignore[rule-id] reason`, `// caveat: ignore[a, b] reason`.
//!
//! A comment silences findings whose statement touches its line; alone on its line, it silences
//! the statement that follows. Only comments count, not strings that look like one.

use std::ops::RangeInclusive;

use caveat_parser::{Arena, Role, SourceFile, Span};

use crate::finding::{Finding, Suppression};
use crate::rule::Rule;

const MARK: &str = "caveat: ignore";
/// Comments by which other programs are told that a secret is known. They hold for the rules about
/// secrets on their own line.
const FOREIGN: &[&str] = &[
    "nosec",
    "gitleaks:allow",
    "betterleaks:allow",
    "trufflehog:ignore",
    "pragma: allowlist secret",
    "pragma: whitelist secret",
];
/// The family of rules about secrets.
const SECRETS: &str = "secrets";
/// Comments for the whole file that are looked at.
const MOST_WHOLE_FILE: usize = 100;

/// One comment.
struct Comment<'f> {
    /// Rule ids; none means every rule.
    rules: Vec<&'f str>,
    reason: &'f str,
    span: Span,
    /// 1-based line that it speaks of.
    line: u32,
    whole_file: bool,
}

/// Marks the findings that comments silence.
pub fn apply(findings: &mut [Finding], file: &SourceFile, arena: Option<&Arena>, rules: &[Rule]) {
    if findings.is_empty() {
        return;
    }
    for finding in findings.iter_mut() {
        if rules[finding.rule as usize].family == SECRETS {
            finding.suppressed = foreign(finding, file, arena);
        }
    }
    if !file.text.contains(MARK) {
        return;
    }
    let comments = read(file, arena);
    let whole_file: Vec<&Comment<'_>> = comments.iter().filter(|one| one.whole_file).collect();
    let mut by_line: Vec<&Comment<'_>> = comments.iter().filter(|one| !one.whole_file).collect();
    by_line.sort_by_key(|comment| comment.line);
    for finding in findings {
        let id = rules[finding.rule as usize].id.as_str();
        let names =
            |comment: &&&Comment<'_>| comment.rules.is_empty() || comment.rules.contains(&id);
        let lines = lines(file, finding);
        let first = by_line.partition_point(|comment| comment.line < *lines.start());
        let near = by_line[first..]
            .iter()
            .take_while(|comment| comment.line <= *lines.end());
        let found = whole_file
            .iter()
            .take(MOST_WHOLE_FILE)
            .chain(near)
            .find(names);
        if let Some(comment) = found {
            finding.suppressed = Some(Suppression {
                reason: comment.reason.to_owned(),
                span: comment.span,
            });
        }
    }
}

/// The comment for another program that stands on the finding's lines.
fn foreign(finding: &Finding, file: &SourceFile, arena: Option<&Arena>) -> Option<Suppression> {
    let last = finding.span.end.saturating_sub(1).max(finding.span.start);
    let lines = file.lines.line(finding.span.start)..=file.lines.line(last);
    lines.into_iter().find_map(|line| {
        let span = file.lines.span(line, &file.text);
        let text = span.text(&file.text);
        FOREIGN.iter().find_map(|mark| {
            let at = text.rfind(mark)?;
            let before = text[..at].trim_end();
            let offset = span.start + at as u32;
            let is_comment = ["#", "//", "--", ";", "/*"]
                .iter()
                .any(|opener| before.ends_with(opener));
            let in_string = arena.is_some_and(|arena| is_in_string(arena, offset));
            (is_comment && !in_string).then(|| Suppression {
                reason: format!("`{mark}`, a comment for another program"),
                span,
            })
        })
    })
}

/// Lines of the finding itself, and of its statement if that is no block of its own.
fn lines(file: &SourceFile, finding: &Finding) -> RangeInclusive<u32> {
    let lines = |span: Span| {
        file.lines.line(span.start)..=file.lines.line(span.end.saturating_sub(1).max(span.start))
    };
    let (own, statement) = (lines(finding.span), lines(finding.statement));
    if has_block(finding, file) {
        return own;
    }
    *own.start().min(statement.start())..=*own.end().max(statement.end())
}

/// Whether the statement is a compound one, whose body has findings of its own.
fn has_block(finding: &Finding, file: &SourceFile) -> bool {
    let text = finding.statement.text(&file.text);
    text.lines().next().is_some_and(|first| {
        let head = first.trim_end();
        (head.ends_with(':') || head.ends_with('{')) && text.len() > first.len() + 1
    })
}

fn read<'f>(file: &'f SourceFile, arena: Option<&Arena>) -> Vec<Comment<'f>> {
    let mut found = Vec::new();
    // From where to where the last search for code went: comments may follow one another.
    let mut searched = 0..0;
    for (at, _) in file.text.match_indices(MARK) {
        let line = file.lines.line(at as u32);
        let span = file.lines.span(line, &file.text);
        let before = &file.text[span.start as usize..at];
        let opener = before.trim_end();
        let is_comment = ["#", "//", "/*", "--", ";", "<!--"]
            .iter()
            .any(|mark| opener.ends_with(mark));
        let in_string = arena.is_some_and(|arena| is_in_string(arena, at as u32));
        if !is_comment || in_string {
            continue;
        }
        let rest = &file.text[at + MARK.len()..span.end as usize];
        let alone = opener
            .trim_start_matches(['#', '/', '*', '-', ';', '<', '!', ' ', '\t'])
            .is_empty();
        if let Some(mut comment) = parse(rest, span) {
            if alone && !searched.contains(&line) {
                searched = line..next_code_line(file, line);
            }
            comment.line = if alone { searched.end } else { line };
            found.push(comment);
        }
    }
    found
}

fn is_in_string(arena: &Arena, offset: u32) -> bool {
    let after = arena.nodes.partition_point(|node| node.start <= offset);
    arena.nodes[..after].last().is_some_and(|node| {
        node.end > offset && matches!(node.role, Role::String | Role::StringContent)
    })
}

/// What follows the mark: `[ids] reason`, `-file[ids] reason`, or nothing.
fn parse(rest: &str, span: Span) -> Option<Comment<'_>> {
    let (whole_file, rest) = match rest.strip_prefix("-file") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (rules, reason) = match rest.strip_prefix('[') {
        Some(inner) => {
            let (ids, reason) = inner.split_once(']')?;
            let ids: Vec<&str> = ids
                .split(',')
                .map(str::trim)
                .filter(|id| !id.is_empty())
                .collect();
            if ids.is_empty() {
                return None;
            }
            (ids, reason)
        }
        None if rest.is_empty() || rest.starts_with([' ', ':']) => (Vec::new(), rest),
        None => return None,
    };
    let reason = reason
        .trim_start_matches([':', ' ', '-'])
        .trim_end_matches("*/")
        .trim_end_matches("-->")
        .trim();
    Some(Comment {
        rules,
        reason,
        span,
        line: 0,
        whole_file,
    })
}

/// The next line that is neither empty nor a comment.
fn next_code_line(file: &SourceFile, line: u32) -> u32 {
    (line + 1..=file.lines.count())
        .find(|&next| {
            let text = file.lines.span(next, &file.text).text(&file.text).trim();
            !text.is_empty() && !text.starts_with('#') && !text.starts_with("//")
        })
        .unwrap_or(line)
}
