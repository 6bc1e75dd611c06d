//! Judgements about routes as findings of rules.

use std::sync::Arc;

use caveat_parser::Code;
use caveat_parser::link::FileId;

use super::{At, Table, World, judge};
use crate::finding::{Finding, Place};
use crate::rule::Body;
use crate::{RuleSet, context, scan, suppress};

/// Whether some rule asks about routes.
pub fn is_wanted(rules: &RuleSet) -> bool {
    rules.rules.iter().any(
        |rule| matches!(&rule.body, Body::Check(name) if judge::CHECKS.contains(&name.as_str())),
    )
}

/// The findings about a table of routes, by file, in order of path.
pub fn findings(rules: &RuleSet, world: &World<'_>, table: &Table) -> Vec<(FileId, Vec<Finding>)> {
    let mut found: Vec<(FileId, Vec<Finding>)> = Vec::new();
    for draft in judge::drafts(world, table) {
        let asks = |body: &Body| matches!(body, Body::Check(name) if name == draft.check);
        let Some(rule) = rules.rules.iter().position(|rule| asks(&rule.body)) else {
            continue;
        };
        let file = draft.at.file;
        let finding = finding(rules, world, rule as u32, draft);
        match found.last_mut() {
            Some((last, list)) if *last == file => list.push(finding),
            _ => found.push((file, vec![finding])),
        }
    }
    for (file, list) in &mut found {
        let Some(parsed) = world.file(*file) else {
            continue;
        };
        list.sort_by_key(|it| (it.span, it.rule));
        scan::identify(list, rules, &parsed.source);
        suppress::apply(list, &parsed.source, Some(&parsed.arena), &rules.rules);
    }
    found
}

fn finding(rules: &RuleSet, world: &World<'_>, rule: u32, draft: judge::Draft) -> Finding {
    let own = rules.rule(rule);
    let path = |at: At| -> Arc<str> { world.project.path(at.file).into() };
    let related = draft.related.into_iter().map(|(at, message)| Place {
        path: path(at),
        span: world.span(at),
        message,
    });
    let symbol = world.file(draft.at.file).map(|parsed| {
        let code = Code {
            arena: &parsed.arena,
            text: &parsed.source.text,
        };
        context::symbol(code, draft.at.node)
    });
    let span = world.span(draft.at);
    Finding {
        rule,
        path: path(draft.at),
        span,
        statement: span,
        message: draft.message,
        severity: draft.severity.unwrap_or(own.severity),
        confidence: draft.confidence,
        flow: Vec::new(),
        related: related.collect(),
        fix: None,
        symbol: symbol.unwrap_or_default(),
        fingerprint: String::new(),
        suppressed: None,
    }
}
