//! The analyses that rules name with `check:`. One file or folder each.

pub mod agent;
mod authentication;
mod blocking_in_async;
mod constant_condition;
mod dangling_c_string;
mod duplicate_key;
mod exception_swallowed;
mod init_before_main;
mod lock_across_await;
mod loop_variable_captured;
mod mutable_default_argument;
mod pointer_cast_unsound;
mod raw_pointer_in_safe_fn;
mod regular_expressions;
pub mod secrets;
mod shell_text;
mod static_mut_access;
mod task_reference_dropped;
mod transmute_misuse;
mod tree;
mod uninitialized_memory;
mod unsafe_without_safety_comment;
mod unsound_send_sync;

use std::cell::OnceCell;

use caveat_parser::{Names, NodeId, Span};

use crate::finding::Fix;
use crate::rule::{Confidence, Severity};

/// A named analysis.
pub struct Check {
    /// The name that rule files use.
    pub name: &'static str,
    /// Languages it reads; none means every file, text included.
    pub languages: &'static [&'static str],
    /// One of these literals must occur in the file; none means that it always runs.
    pub triggers: &'static [&'static str],
    /// Languages in which it looks across the items of a file. In others only the items (functions,
    /// runs of statements) with a trigger are sure to be in the tree.
    pub whole_file: &'static [&'static str],
    /// Whether of a method the whole class must be in the tree: for types of its attributes.
    pub needs_class: bool,
    /// A quick look at the text of an item in which the trigger holds: false if nothing can be
    /// found there.
    pub glance: Option<fn(&str) -> bool>,
    /// Adds what it finds.
    pub run: fn(&FileView<'_>, &mut Vec<Hit>),
}

/// A file as a check sees it.
pub struct FileView<'f> {
    /// Path relative to the root, with `/`.
    pub path: &'f str,
    /// The text.
    pub text: &'f str,
    /// Names and tree; `None` for text files.
    pub names: Option<&'f Names<'f>>,
    /// What the analysis of secrets found, once a rule has asked.
    pub secrets: OnceCell<secrets::Found>,
    /// What the analysis of agents found, once a rule has asked.
    pub agent: OnceCell<agent::Found>,
}

/// What a check found.
#[derive(Debug, Clone, Default)]
pub struct Hit {
    /// Where.
    pub span: Span,
    /// Words for `$NAME` in the rule's message.
    pub words: Vec<(&'static str, String)>,
    /// Another message than the rule's.
    pub message: Option<String>,
    /// Another severity than the rule's.
    pub severity: Option<Severity>,
    /// Another confidence than the rule's.
    pub confidence: Option<Confidence>,
    /// Places in the same file that explain it.
    pub related: Vec<(Span, String)>,
    /// A way out.
    pub fix: Option<Fix>,
}

impl Hit {
    /// A finding at a span with the rule's own words.
    pub fn at(span: Span) -> Self {
        Hit {
            span,
            ..Hit::default()
        }
    }

    /// A finding at a node.
    pub fn at_node(view: &FileView<'_>, node: NodeId) -> Self {
        Hit::at(
            view.names
                .map_or(Span::default(), |names| names.code.arena.span(node)),
        )
    }

    /// Fills in `$NAME` of the message.
    pub fn word(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.words.push((name, text.into()));
        self
    }
}

static CHECKS: &[&Check] = &[
    &agent::APPROVAL,
    &agent::LLM_TO_CODE,
    &agent::LLM_TO_HTML,
    &agent::LLM_TO_PATH,
    &agent::LLM_TO_REQUEST,
    &agent::LLM_TO_SHELL,
    &agent::LLM_TO_SQL,
    &agent::LOOP,
    &agent::MODEL_FROM_REQUEST,
    &agent::PROMPT_INJECTION,
    &agent::RECORD,
    &agent::SECRET_IN_PROMPT,
    &agent::TOOL_FILE_WRITE,
    &agent::TOOL_REQUEST,
    &agent::TOOL_SHELL,
    &agent::TOOL_SQL,
    &authentication::UNCOMPARED,
    &authentication::PLAINTEXT,
    &authentication::SESSION,
    &authentication::ROLE,
    &authentication::ASSIGNED,
    &authentication::FAIL_OPEN,
    &authentication::EXEMPTION,
    &authentication::IGNORED,
    &authentication::UNVERIFIED,
    &authentication::NO_EXPIRY,
    &blocking_in_async::CHECK,
    &constant_condition::CHECK,
    &dangling_c_string::CHECK,
    &duplicate_key::CHECK,
    &exception_swallowed::CHECK,
    &init_before_main::CHECK,
    &lock_across_await::CHECK,
    &loop_variable_captured::CHECK,
    &mutable_default_argument::CHECK,
    &pointer_cast_unsound::CHECK,
    &raw_pointer_in_safe_fn::CHECK,
    &regular_expressions::HOSTNAME,
    &regular_expressions::RANGE,
    &regular_expressions::REDOS,
    &regular_expressions::TAG_FILTER,
    &secrets::CREDENTIAL,
    &secrets::CRYPTO_KEY,
    &secrets::DEFAULT,
    &secrets::FIXED,
    &secrets::PASSWORD,
    &secrets::address::CHECK,
    &shell_text::DOWNLOAD,
    &static_mut_access::CHECK,
    &task_reference_dropped::CHECK,
    &transmute_misuse::CHECK,
    &uninitialized_memory::CHECK,
    &unsafe_without_safety_comment::CHECK,
    &unsound_send_sync::CHECK,
];

/// The check of that name.
pub fn find(name: &str) -> Option<&'static Check> {
    CHECKS.iter().copied().find(|check| check.name == name)
}
