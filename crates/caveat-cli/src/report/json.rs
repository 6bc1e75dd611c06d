//! caveat's own JSON: everything a program may want, in one object.
//!
//! ```text
//! schema       1; grows by new keys only, changes when one changes its meaning
//! tool         {name, version}
//! findings     [{rule, severity, confidence, cwe, message, path, start, end, symbol, fingerprint,
//!                flow, related, fix?, suppressed?, provenance?}]
//! rules        {id: {summary, why, fix, url}}, of the rules with findings
//! notices      [{kind, path, start?, end?, message}], files not or not wholly analysed
//! summary      {findings, suppressed, files_scanned, files_skipped: {reason: n}, partly_parsed}
//! ```
//!
//! `start` and `end` are `{byte, line, column}`: bytes of the decoded text (UTF-8, no byte-order
//! mark) from 0, lines and columns from 1, columns in characters; `end` is one past the last. They
//! are left out for a place whose text was not kept. `flow` and `related` hold
//! `{path, start, end, message}`, the flow from source to sink. `fix` is `{description, safe,
//! edits: [{start, end, text}]}`. Paths are relative to the scan's root, with `/`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use caveat_engine::finding::{Finding, Fix, Notice, Place};
use caveat_parser::{SourceFile, Span};
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::place::{self, Unit};
use super::{Provenance, Report, confidence_word, notice_name, rule_url, severity_word};

/// Writes the object, with a line end after it.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write_pretty(&log(report), out)
}

/// Writes a value as JSON, indented by one space so that logs can be compared line by line.
pub(super) fn write_pretty(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let formatter = PrettyFormatter::with_indent(b" ");
    value.serialize(&mut Serializer::with_formatter(&mut *out, formatter))?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Log<'a> {
    schema: u32,
    tool: Tool,
    findings: Vec<JsonFinding<'a>>,
    rules: BTreeMap<&'a str, JsonRule<'a>>,
    notices: Vec<JsonNotice<'a>>,
    summary: JsonSummary,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'a str,
    severity: &'static str,
    confidence: &'static str,
    cwe: &'a [u32],
    message: &'a str,
    path: &'a str,
    #[serde(flatten)]
    range: Option<Range>,
    symbol: &'a str,
    fingerprint: &'a str,
    flow: Vec<JsonPlace<'a>>,
    related: Vec<JsonPlace<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<JsonFix<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<JsonSuppression<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<&'a Provenance>,
}

#[derive(Serialize)]
struct Range {
    start: Position,
    end: Position,
}

#[derive(Serialize)]
struct Position {
    byte: u32,
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct JsonPlace<'a> {
    path: &'a str,
    #[serde(flatten)]
    range: Option<Range>,
    message: &'a str,
}

#[derive(Serialize)]
struct JsonFix<'a> {
    description: &'a str,
    safe: bool,
    edits: Vec<JsonEdit<'a>>,
}

#[derive(Serialize)]
struct JsonEdit<'a> {
    #[serde(flatten)]
    range: Range,
    text: &'a str,
}

#[derive(Serialize)]
struct JsonSuppression<'a> {
    reason: &'a str,
}

#[derive(Serialize)]
struct JsonRule<'a> {
    summary: &'a str,
    why: &'a str,
    fix: &'a str,
    url: String,
}

#[derive(Serialize)]
struct JsonNotice<'a> {
    kind: &'static str,
    path: &'a str,
    #[serde(flatten)]
    range: Option<Range>,
    message: &'a str,
}

#[derive(Serialize)]
struct JsonSummary {
    findings: usize,
    suppressed: usize,
    files_scanned: usize,
    files_skipped: BTreeMap<String, usize>,
    partly_parsed: usize,
}

fn log<'a>(report: &'a Report) -> Log<'a> {
    let notices = report.files.iter().flat_map(|file| &file.notices);
    let used = report.findings().map(|(_, finding)| report.rule(finding));
    let rules = used.map(|rule| {
        let (summary, why, fix) = (&*rule.summary, &*rule.why, &*rule.fix);
        (
            &*rule.id,
            JsonRule {
                summary,
                why,
                fix,
                url: rule_url(rule),
            },
        )
    });
    Log {
        schema: 1,
        tool: Tool {
            name: "caveat",
            version: env!("CARGO_PKG_VERSION"),
        },
        findings: report
            .findings()
            .map(|(_, finding)| json_finding(report, finding))
            .collect(),
        rules: rules.collect(),
        notices: notices.map(|notice| json_notice(report, notice)).collect(),
        summary: summary(report),
    }
}

fn json_finding<'a>(report: &'a Report, finding: &'a Finding) -> JsonFinding<'a> {
    let rule = report.rule(finding);
    let source = report.source(&finding.path);
    let place = |place| json_place(report, place);
    let suppressed = finding.suppressed.as_ref();
    JsonFinding {
        rule: &rule.id,
        severity: severity_word(finding.severity),
        confidence: confidence_word(finding.confidence),
        cwe: &rule.cwe,
        message: &finding.message,
        path: &finding.path,
        range: source.map(|source| range(source, finding.span)),
        symbol: &finding.symbol,
        fingerprint: &finding.fingerprint,
        flow: finding.flow.iter().map(place).collect(),
        related: finding.related.iter().map(place).collect(),
        fix: source
            .zip(finding.fix.as_ref())
            .map(|(source, fix)| json_fix(source, fix)),
        suppressed: suppressed.map(|suppression| JsonSuppression {
            reason: &suppression.reason,
        }),
        provenance: report.provenance(finding),
    }
}

fn json_place<'a>(report: &Report, place: &'a Place) -> JsonPlace<'a> {
    let range = report
        .source(&place.path)
        .map(|source| range(source, place.span));
    JsonPlace {
        path: &place.path,
        range,
        message: &place.message,
    }
}

fn json_fix<'a>(source: &SourceFile, fix: &'a Fix) -> JsonFix<'a> {
    let edits = fix.edits.iter();
    let edits = edits.map(|edit| JsonEdit {
        range: range(source, edit.span),
        text: &edit.text,
    });
    JsonFix {
        description: &fix.description,
        safe: fix.safe,
        edits: edits.collect(),
    }
}

fn json_notice<'a>(report: &Report, notice: &'a Notice) -> JsonNotice<'a> {
    let source = report.source(&notice.path);
    JsonNotice {
        kind: notice_name(notice.kind),
        path: &notice.path,
        range: source
            .zip(notice.span)
            .map(|(source, span)| range(source, span)),
        message: &notice.message,
    }
}

fn summary(report: &Report) -> JsonSummary {
    let skipped = report.summary.files_skipped.iter().filter(|(_, n)| **n > 0);
    JsonSummary {
        findings: report.active().count(),
        suppressed: report.summary.suppressed,
        files_scanned: report.summary.files_scanned,
        files_skipped: skipped
            .map(|(why, n)| (why.word().replace(' ', "-"), *n))
            .collect(),
        partly_parsed: report.summary.partly_parsed,
    }
}

fn range(source: &SourceFile, span: Span) -> Range {
    let span = place::clamp(span, &source.text);
    let (start, end) = place::range(source, span, Unit::Chars);
    let position = |byte, at: caveat_parser::Position| Position {
        byte,
        line: at.line,
        column: at.column,
    };
    Range {
        start: position(span.start, start),
        end: position(span.end, end),
    }
}
