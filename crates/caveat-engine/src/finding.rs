//! What the engine reports: findings in code and notices about files.

use std::sync::Arc;

use caveat_parser::{SourceFile, Span};

use crate::rule::{Confidence, Severity};

/// A place in some file of the project with words about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Path relative to the root, with `/`.
    pub path: Arc<str>,
    /// Bytes of that file's decoded text.
    pub span: Span,
    /// What is to be seen there: lower case, no final stop, code in backticks.
    pub message: String,
}

/// Replacement of the bytes of `span` by `text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Bytes to replace, in the file of the finding; empty to insert.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// A change that removes the finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What the change does, for a person: never empty.
    pub description: String,
    /// Edits that do not overlap, in order.
    pub edits: Vec<Edit>,
    /// Whether behaviour outside the defect stays the same, so that `--fix` may apply it.
    pub safe: bool,
}

/// An inline comment that silences a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The words after the brackets; empty if none were given.
    pub reason: String,
    /// The comment.
    pub span: Span,
}

/// A defect found in analysed code.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Index into the rule set that made it.
    pub rule: u32,
    /// File of the primary span, relative to the root, with `/`.
    pub path: Arc<str>,
    /// The primary span: one expression or line where possible.
    pub span: Span,
    /// Bytes of the smallest statement around `span`; comments on its lines suppress the finding.
    pub statement: Span,
    /// What is wrong here: lower case, no final stop, code in backticks, one line.
    pub message: String,
    /// Effective severity: the rule's, or that of the alternative that matched.
    pub severity: Severity,
    /// Effective confidence.
    pub confidence: Confidence,
    /// Steps from source to sink, in order; empty for findings without a flow.
    pub flow: Vec<Place>,
    /// Other places that explain the finding.
    pub related: Vec<Place>,
    /// A mechanical way out, where one exists.
    pub fix: Option<Fix>,
    /// Dotted name of the enclosing function or class, empty at the top of a file.
    pub symbol: String,
    /// Stable identity: rule, path, symbol, normalised text, ordinal; not the line number. Hex.
    pub fingerprint: String,
    /// Set when an inline comment silences the finding.
    pub suppressed: Option<Suppression>,
}

/// Why a file was not, or not wholly, analysed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// Syntax errors: what could be parsed was analysed.
    PartlyParsed,
    /// Not text, or not decodable.
    NotText,
    /// Larger than the bound on file size.
    TooLarge,
    /// Nested deeper than the bound.
    TooDeep,
    /// Looks generated or minified.
    Generated,
    /// The operating system refused to read it.
    Unreadable,
    /// A bug in caveat: analysis of this file stopped.
    Internal,
}

/// Something the user should know about a file besides findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What happened.
    pub kind: NoticeKind,
    /// File, relative to the root, with `/`.
    pub path: Arc<str>,
    /// Where, if it has a place.
    pub span: Option<Span>,
    /// What happened and what to do: a sentence in the user's words.
    pub message: String,
}

/// All that is known of one file after a scan.
#[derive(Debug, Clone)]
pub struct FileReport {
    /// The text, kept only if there are findings or notices with a span to show.
    pub source: Option<Arc<SourceFile>>,
    /// Relative path, with `/`.
    pub path: Arc<str>,
    /// Findings sorted by span, then rule.
    pub findings: Vec<Finding>,
    /// Notices in order of place.
    pub notices: Vec<Notice>,
    /// For which rules how much text was parsed.
    pub parsed: Vec<Parsed>,
}

/// Text that is parsed for a rule's sake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parsed {
    /// Index of the rule in its set.
    pub rule: u32,
    /// Bytes that it asked for and no rule before it had.
    pub bytes: u32,
}
