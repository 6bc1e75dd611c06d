//! Integrity analyses that look at more than one file: product code against its tests, and one
//! side of a change against the other.
//!
//! Texts come from the caller; what is not worth parsing is told apart lexically first. Single
//! files are the work of [`crate::checks`].

pub mod diff;
pub mod gate;
pub mod hardcoded;
pub mod loosened;
pub mod shadowed;

use std::sync::Arc;

use caveat_parser::{Code, Language, Names, Parsers, SourceFile, Span};

use crate::finding::{Finding, Place};
use crate::rule::{Body, Confidence};
use crate::tests_model::Tree;
use crate::{RuleSet, scan, suppress};

/// Checks over a whole project.
pub const CHECKS: &[&str] = &[hardcoded::NAME, shadowed::NAME];
/// Checks over both sides of a change.
pub const DIFF_CHECKS: &[&str] = &[
    diff::WEAKENED_TEST,
    diff::DELETED_TEST,
    loosened::NAME,
    gate::NAME,
];

/// Something to report.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Which check.
    pub check: &'static str,
    /// The file.
    pub path: String,
    /// Where in it.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// Places that explain it.
    pub related: Vec<(String, Span, String)>,
    /// Whether it is only shown to those who ask for doubtful findings.
    pub doubtful: bool,
}

/// Whether some rule asks for one of these checks.
pub fn is_wanted(rules: &RuleSet, checks: &[&str]) -> bool {
    let asks = |body: &Body| matches!(body, Body::Check(name) if checks.contains(&name.as_str()));
    rules.rules.iter().any(|rule| asks(&rule.body))
}

/// Drafts as findings, by file; those whose rule is not in the set are dropped.
pub fn findings(
    rules: &RuleSet,
    drafts: Vec<Draft>,
    source: &dyn Fn(&str) -> Option<Arc<SourceFile>>,
) -> Vec<(Arc<SourceFile>, Vec<Finding>)> {
    let mut found: Vec<(Arc<SourceFile>, Vec<Finding>)> = Vec::new();
    for draft in drafts {
        let asks = |body: &Body| matches!(body, Body::Check(name) if name == draft.check);
        let Some(rule) = rules.rules.iter().position(|rule| asks(&rule.body)) else {
            continue;
        };
        let known = found.iter().position(|(file, _)| file.path == draft.path);
        let at = match known {
            Some(at) => at,
            None => {
                let Some(file) = source(&draft.path) else {
                    continue;
                };
                found.push((file, Vec::new()));
                found.len() - 1
            }
        };
        found[at].1.push(finding(rules, rule as u32, draft));
    }
    for (file, list) in &mut found {
        list.sort_by_key(|it| (it.span, it.rule));
        scan::identify(list, rules, file);
        suppress::apply(list, file, None, &rules.rules);
    }
    found
}

fn finding(rules: &RuleSet, rule: u32, draft: Draft) -> Finding {
    let own = rules.rule(rule);
    let related = draft
        .related
        .into_iter()
        .map(|(path, span, message)| Place {
            path: path.into(),
            span,
            message,
        });
    Finding {
        rule,
        path: draft.path.into(),
        span: draft.span,
        statement: draft.span,
        message: draft.message,
        severity: own.severity,
        confidence: if draft.doubtful {
            Confidence::Low
        } else {
            own.confidence
        },
        flow: Vec::new(),
        related: related.collect(),
        fix: None,
        symbol: String::new(),
        fingerprint: String::new(),
        suppressed: None,
    }
}

/// Parses a text and hands its tree to `ask`.
pub(crate) fn with_tree<T>(path: &str, text: &str, ask: impl FnOnce(Tree<'_>) -> T) -> Option<T> {
    let arena = Parsers::default().parse(Language::from_path(path), text, None)?;
    let code = Code {
        arena: &arena,
        text,
    };
    let names = Names::new(code, &[]);
    Some(ask(Tree {
        names: &names,
        code,
        path,
    }))
}
