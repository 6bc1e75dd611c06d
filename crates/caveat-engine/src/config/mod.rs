//! Analyses of the files around the code: workflows, containers, requirements, templates, shell.
//!
//! Each analysis is a pure function from the text of one file to [`Hit`]s. It must not know the
//! rule's metadata, other files, or whether a finding will be shown: rules, project facts and
//! suppression are applied by the caller. The readers of the formats ([`yaml`], [`dockerfile`],
//! [`shell`]) are tolerant and bounded: broken input yields fewer hits, never a panic.

pub mod dockerfile;
pub mod kind;
pub mod scripts;
pub mod shell;
pub mod snippet;
pub mod yaml;

mod agent_settings;
mod bidi_control_character;
mod container_privileged;
mod csrf_form;
mod download_then_execute;
mod expression;
mod insecure_package_index;
mod notebook_server_open;
mod ssh_host_key;
mod template_filter_unescaped;
mod template_text;
mod tls_verification;
mod web_address;
mod workflow_script_injection;

use caveat_parser::Span;

pub use kind::FileKind;
pub use snippet::Snippet;

use crate::checks::secrets::provider;
use crate::rule::{Confidence, Severity};

/// One file as the analyses see it.
#[derive(Debug, Clone, Copy)]
pub struct TextFile<'a> {
    /// Path relative to the scan's root, with `/`.
    pub path: &'a str,
    /// Decoded text.
    pub text: &'a str,
    /// What [`kind::classify`] says of it.
    pub kind: FileKind,
}

impl<'a> TextFile<'a> {
    /// A file with the kind that its path and text suggest.
    pub fn new(path: &'a str, text: &'a str) -> Self {
        TextFile {
            path,
            text,
            kind: kind::classify(path, text),
        }
    }
}

/// A defect found by an analysis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Bytes of the file to point at.
    pub span: Span,
    /// What stands there, for `$DETAIL` in the rule's message: lower case, no final stop, code
    /// in backticks.
    pub detail: String,
    /// Severity of this case where it is not the rule's.
    pub severity: Option<Severity>,
    /// Confidence of this case where it is not the rule's.
    pub confidence: Option<Confidence>,
}

impl Hit {
    /// A hit with the severity and confidence of its rule.
    pub fn new(span: Span, detail: impl Into<String>) -> Self {
        Hit {
            span,
            detail: detail.into(),
            severity: None,
            confidence: None,
        }
    }

    /// The same hit with a severity of its own.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// The same hit with a confidence of its own.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = Some(confidence);
        self
    }
}

/// An analysis with what the engine needs to decide whether to call it.
#[derive(Debug, Clone, Copy)]
pub struct Analysis {
    /// Id of the rule it serves.
    pub rule: &'static str,
    /// Finds all hits of one file, in order of their spans.
    pub check: fn(&TextFile) -> Vec<Hit>,
    /// A file without any of these literals (ASCII case ignored) has no hits. After `=`, the rest
    /// counts in its own case, and only where the signs of a token follow.
    pub triggers: &'static [&'static str],
    /// Kinds of file it looks at; empty for every text file.
    pub kinds: &'static [FileKind],
}

impl Analysis {
    /// Whether the analysis looks at files of this kind.
    pub fn applies_to(&self, kind: FileKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}

/// Every analysis of this module. Two rows may serve one rule.
pub static ANALYSES: &[Analysis] = &[
    agent_settings::INSTRUCTIONS,
    agent_settings::SAFEGUARDS,
    agent_settings::UNPINNED,
    bidi_control_character::ANALYSIS,
    container_privileged::ANALYSIS,
    csrf_form::ANALYSIS,
    download_then_execute::ANALYSIS,
    insecure_package_index::ANALYSIS,
    notebook_server_open::ANALYSIS,
    provider::KEYS,
    provider::TOKENS,
    ssh_host_key::ANALYSIS,
    template_filter_unescaped::ANALYSIS,
    tls_verification::ANALYSIS,
    workflow_script_injection::ANALYSIS,
];

/// Finds all hits of a shell command line, in order of their spans.
pub type CommandCheck = fn(&Snippet) -> Vec<Hit>;

/// Analyses of a shell command line that stands in a string of a program, such as the argument
/// of `os.system`: rule id and function. Spans of the hits are bytes of the given text.
pub static COMMAND_ANALYSES: &[(&str, CommandCheck)] = &[
    (
        download_then_execute::ANALYSIS.rule,
        download_then_execute::in_shell,
    ),
    (
        insecure_package_index::ANALYSIS.rule,
        insecure_package_index::in_shell,
    ),
    (
        notebook_server_open::ANALYSIS.rule,
        notebook_server_open::in_shell,
    ),
    (ssh_host_key::ANALYSIS.rule, ssh_host_key::in_shell),
    (tls_verification::ANALYSIS.rule, tls_verification::in_shell),
];

/// Sorts hits by place and drops those that repeat the span of an earlier one.
fn in_order(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by_key(|hit| (hit.span.start, hit.span.end));
    hits.dedup_by_key(|hit| hit.span);
    hits
}
