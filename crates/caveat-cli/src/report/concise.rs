//! One line per finding, `path:line:col: severity[rule-id] message`, for editors, pipes and `grep`.
//! Columns count characters.

use std::io::{self, Write};

use caveat_engine::finding::{FileReport, Notice, NoticeKind};
use caveat_parser::Span;

use super::place::{self, Unit};
use super::{Report, notice_name, one_line, severity_word, statistics, summary_line, visible};

/// Writes findings, then what could not be analysed, then the summary.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for (file, finding) in report.findings() {
        let head = location(file, Some(finding.span));
        let severity = severity_word(finding.severity);
        let rule = visible(&report.rule(finding).id);
        let message = one_line(&finding.message);
        let suppressed = if finding.suppressed.is_some() {
            " (suppressed)"
        } else {
            ""
        };
        writeln!(
            out,
            "{head}: {severity}[{rule}] {}{suppressed}",
            visible(&message)
        )?;
    }
    write_notices(report, out)?;
    write_end(report, out)
}

/// Writes one line per file that was analysed in part or not at all and that the user would expect
/// to be. Binary and generated files are in the summary only.
pub(super) fn write_notices(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.options.quiet {
        return Ok(());
    }
    let expected =
        |notice: &&Notice| !matches!(notice.kind, NoticeKind::NotText | NoticeKind::Generated);
    for file in &report.files {
        for notice in file.notices.iter().filter(expected) {
            let head = location(file, notice.span);
            let name = notice_name(notice.kind);
            writeln!(
                out,
                "{head}: warning[{name}] {}",
                visible(&one_line(&notice.message))
            )?;
        }
    }
    Ok(())
}

/// Writes the table of rules, if asked for, and the summary.
pub(super) fn write_end(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.options.statistics {
        out.write_all(statistics(report).as_bytes())?;
    }
    if report.options.quiet {
        return Ok(());
    }
    writeln!(out, "{}", summary_line(report))
}

/// `path:line:col`, or the path alone where there is no place or no text.
fn location(file: &FileReport, span: Option<Span>) -> String {
    let path = visible(&file.path);
    match (&file.source, span) {
        (Some(source), Some(span)) => {
            let start = place::range(source, place::clamp(span, &source.text), Unit::Chars).0;
            format!("{path}:{}:{}", start.line, start.column)
        }
        _ => path.into_owned(),
    }
}
