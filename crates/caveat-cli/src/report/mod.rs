//! Reports: what a scan found, and one writer per output format.
//!
//! A [`Report`] is plain data that the scan fills in. Each format has its own file with one
//! function `write(report, out)` and its own small types, so that no format bends another. Writers
//! know no file system, terminal or clock: the same report gives the same bytes. They hand every
//! error of `out` back, a closed pipe too; whether that matters is the caller's business.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use caveat_engine::finding::{FileReport, Finding, NoticeKind};
use caveat_engine::rule::{Confidence, Rule, Severity};
use caveat_parser::{SourceFile, Span};

pub mod concise;
pub(crate) mod cwe;
mod excerpt;
pub mod json;
mod place;
pub mod sarif;
pub mod text;

/// Where a person reads about caveat.
const HOME: &str = "https://github.com/caveat-dev/caveat";

/// Everything a scan has to tell.
#[derive(Debug)]
pub struct Report<'a> {
    /// All rules, also those without findings; [`Finding::rule`] is an index into them.
    pub rules: &'a [Rule],
    /// Example code of the rules, in the same order; may be shorter.
    pub examples: &'a [RuleExamples],
    /// The files with findings or notices, and those that flows and related places lie in (with
    /// their text, or the place cannot be shown), sorted by path.
    pub files: Vec<FileReport>,
    /// Where the scanned tree lies in its repository.
    pub root: RootInfo,
    /// What was counted on the way.
    pub summary: Summary,
    /// What the user asked for.
    pub options: Options,
}

/// Example code of one rule, from its fixtures.
#[derive(Debug, Clone, Default)]
pub struct RuleExamples {
    /// Code with the defect.
    pub bad: Option<String>,
    /// The same without it.
    pub good: Option<String>,
}

/// Where the scanned tree lies in its repository.
#[derive(Debug, Clone, Default)]
pub struct RootInfo {
    /// Path of the scan's root below the top of the git work tree, with `/` between parts and none
    /// at the ends; empty when they are the same or there is no git.
    pub prefix: String,
    /// The remote, as git has it.
    pub repository_uri: Option<String>,
    /// Full hash of the commit that is checked out.
    pub revision: Option<String>,
    /// Name of the branch that is checked out.
    pub branch: Option<String>,
    /// Which agent wrote the line, by path and 1-based line; only where the user asked.
    pub provenance: HashMap<(Arc<str>, u32), Provenance>,
}

/// What is known of the hand that wrote a line.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Provenance {
    /// The agent's name.
    pub agent: String,
    /// The model, if the commit names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// `ai-authored` or `ai-assisted`.
    pub kind: &'static str,
    /// Hash of the commit.
    pub commit: String,
    /// The words of the commit that say so.
    pub evidence: String,
}

/// What was counted on the way.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Files that were analysed, wholly or in part.
    pub files_scanned: usize,
    /// Files that were not, by reason.
    pub files_skipped: BTreeMap<Skip, usize>,
    /// Files among the scanned that have syntax errors.
    pub partly_parsed: usize,
    /// Findings that a comment, or a baseline, silences.
    pub suppressed: usize,
    /// How long the scan took; shown with the statistics of the text format only, for the other
    /// formats do not vary from run to run.
    pub elapsed: Option<Duration>,
}

/// Why a file was not analysed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// Somebody else's code that lies in the tree.
    Vendored,
    /// Looks generated or minified.
    Generated,
    /// Larger than the bound on file size.
    TooLarge,
    /// Nested deeper than the bound.
    TooDeep,
    /// Not text, or not decodable.
    NotText,
    /// The operating system refused to read it.
    Unreadable,
    /// A bug in caveat stopped the analysis.
    Internal,
}

impl Skip {
    /// The reason that a notice stands for; `None` if the file was analysed all the same.
    pub fn from_notice(kind: NoticeKind) -> Option<Skip> {
        match kind {
            NoticeKind::PartlyParsed => None,
            NoticeKind::NotText => Some(Skip::NotText),
            NoticeKind::TooLarge => Some(Skip::TooLarge),
            NoticeKind::TooDeep => Some(Skip::TooDeep),
            NoticeKind::Generated => Some(Skip::Generated),
            NoticeKind::Unreadable => Some(Skip::Unreadable),
            NoticeKind::Internal => Some(Skip::Internal),
        }
    }

    /// The word for it in summaries.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Skip::Vendored => "vendored",
            Skip::Generated => "generated",
            Skip::TooLarge => "too large",
            Skip::TooDeep => "nested too deep",
            Skip::NotText => "not text",
            Skip::Unreadable => "unreadable",
            Skip::Internal => "failed",
        }
    }
}

/// What the user asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether findings that a comment silences are reported too, marked as such.
    pub show_suppressed: bool,
    /// The category under which GitHub keeps this log apart from other logs of caveat.
    pub sarif_category: Option<String>,
    /// Whether the text formats are coloured.
    pub color: bool,
    /// Whether the text formats link rule names to their pages; needs `color`.
    pub hyperlinks: bool,
    /// Whether the text formats end with a table of findings per rule.
    pub statistics: bool,
    /// Whether the text formats leave out notices and the summary.
    pub quiet: bool,
}

impl Report<'_> {
    /// The findings to show, in order, each with its file.
    fn findings(&self) -> impl Iterator<Item = (&FileReport, &Finding)> {
        let shown =
            |finding: &&Finding| finding.suppressed.is_none() || self.options.show_suppressed;
        self.files.iter().flat_map(move |file| {
            file.findings
                .iter()
                .filter(shown)
                .map(move |finding| (file, finding))
        })
    }

    /// Which agent wrote the first line of a finding.
    fn provenance(&self, finding: &Finding) -> Option<&Provenance> {
        if self.root.provenance.is_empty() {
            return None;
        }
        let line = self.source(&finding.path)?.lines.line(finding.span.start);
        self.root.provenance.get(&(Arc::clone(&finding.path), line))
    }

    /// The rule that made a finding.
    fn rule(&self, finding: &Finding) -> &Rule {
        self.rules
            .get(finding.rule as usize)
            .expect("findings come from these rules")
    }

    /// What is known of the file at a path.
    fn file(&self, path: &str) -> Option<&FileReport> {
        let at = self
            .files
            .binary_search_by(|file| (*file.path).cmp(path))
            .ok()?;
        Some(&self.files[at])
    }

    /// The text of the file at a path, if it was kept.
    fn source(&self, path: &str) -> Option<&SourceFile> {
        self.file(path)?.source.as_deref()
    }

    /// The spans of a file that no output may quote.
    ///
    /// The primary span of a finding of the family `secrets` is the secret, nothing more.
    fn secrets(&self, path: &str) -> Vec<Span> {
        let Some(file) = self.file(path) else {
            return Vec::new();
        };
        let secret = |finding: &&Finding| self.rule(finding).family == "secrets";
        let spans = file.findings.iter().filter(secret);
        let mut spans: Vec<Span> = spans.map(|finding| finding.span).collect();
        if let Some(source) = &file.source {
            let repeated = spans.iter().flat_map(|span| repeats(&source.text, *span));
            spans.extend(repeated.collect::<Vec<_>>());
        }
        spans
    }

    /// Findings that count: those no comment silences.
    fn active(&self) -> impl Iterator<Item = &Finding> {
        let findings = self.files.iter().flat_map(|file| &file.findings);
        findings.filter(|finding| finding.suppressed.is_none())
    }
}

/// Where the text of a secret stands again, if it is long enough to be no word of the code.
fn repeats(text: &str, secret: Span) -> impl Iterator<Item = Span> + '_ {
    const SHORTEST: usize = 8;
    let value = text
        .get(secret.start as usize..secret.end as usize)
        .unwrap_or_default();
    let matches = (value.len() >= SHORTEST).then(|| text.match_indices(value));
    let span = |(at, found): (usize, &str)| Span::new(at as u32, (at + found.len()) as u32);
    matches.into_iter().flatten().map(span)
}

/// caveat's word for a severity.
pub(crate) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// caveat's word for a confidence.
pub(crate) fn confidence_word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}

/// The stable name of a kind of notice.
fn notice_name(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::PartlyParsed => "partly-parsed",
        NoticeKind::NotText => "not-text",
        NoticeKind::TooLarge => "too-large",
        NoticeKind::TooDeep => "too-deep",
        NoticeKind::Generated => "generated",
        NoticeKind::Unreadable => "unreadable",
        NoticeKind::Internal => "internal-error",
    }
}

/// The page of a rule: its own, or the first link that a user's rule gives.
pub(crate) fn rule_url(rule: &Rule) -> String {
    let link = |text: &&String| text.starts_with("https://") && !text.contains(char::is_whitespace);
    match rule.references.iter().find(link) {
        Some(link) if rule.family.is_empty() => link.clone(),
        _ => format!(
            "{HOME}/blob/main/docs/rules.md#{}",
            place::percent_encode(&rule.id)
        ),
    }
}

/// Text as a sentence: trimmed, with a capital and an end. Code in backticks keeps its case.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut chars = text.chars();
    let mut sentence: String = match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => return String::new(),
    };
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

/// All white space, line breaks too, as single spaces.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `limit` characters of `text`; what was cut is marked by an ellipsis.
fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    if text.chars().nth(limit).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .take(limit.saturating_sub(1))
            .chain(['…'])
            .collect(),
    )
}

/// Text for a terminal: what could move the cursor or turn text around is replaced.
fn visible(text: &str) -> Cow<'_, str> {
    if text.contains(hides) {
        return Cow::Owned(text.replace(hides, "\u{fffd}"));
    }
    Cow::Borrowed(text)
}

/// Whether a character is a control, or changes the direction of the text after it.
fn hides(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `1 file`, `2 files`.
fn count(n: usize, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {noun}{plural}")
}

/// The last line of the formats for people, without its line end.
fn summary_line(report: &Report) -> String {
    let summary = &report.summary;
    let findings = match report.active().count() {
        0 => "no findings".to_owned(),
        n => count(n, "finding"),
    };
    let skipped: usize = summary.files_skipped.values().sum();
    let mut remarks = Vec::new();
    if skipped > 0 {
        let present = summary.files_skipped.iter().filter(|(_, n)| **n > 0);
        let reasons: Vec<_> = present
            .map(|(why, n)| format!("{n} {}", why.word()))
            .collect();
        remarks.push(format!("{skipped} skipped: {}", reasons.join(", ")));
    }
    if summary.partly_parsed > 0 {
        remarks.push(format!("{} partly parsed", summary.partly_parsed));
    }
    if summary.suppressed > 0 {
        remarks.push(format!("{} suppressed", summary.suppressed));
    }
    let remarks = match remarks.is_empty() {
        true => String::new(),
        false => format!(" ({})", remarks.join("; ")),
    };
    format!(
        "{findings} in {}{remarks}",
        count(summary.files_scanned, "file")
    )
}

/// The table of `--statistics`: a line per rule with findings, the most frequent first.
fn statistics(report: &Report) -> String {
    let mut counts: BTreeMap<&str, (usize, &Rule)> = BTreeMap::new();
    for finding in report.active() {
        let rule = report.rule(finding);
        counts.entry(&rule.id).or_insert((0, rule)).0 += 1;
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|&(id, (n, _))| (std::cmp::Reverse(n), id));
    let width = rows
        .iter()
        .map(|(id, _)| id.chars().count())
        .max()
        .unwrap_or(0);
    let row = |&(id, (n, rule)): &(&str, (usize, &Rule))| {
        let severity = severity_word(rule.severity);
        format!(
            "{n:>6}  {severity:<8}  {id:<width$}  {}\n",
            visible(&one_line(&rule.summary))
        )
    };
    let mut table: String = rows.iter().map(row).collect();
    if let Some(elapsed) = report.summary.elapsed {
        table.push_str(&format!("scanned in {:.2} s\n", elapsed.as_secs_f64()));
    }
    table
}
