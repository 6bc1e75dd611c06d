//! The second half of an analysis: data is followed through all files together, and what is found
//! joins the reports of the files.

use std::sync::Arc;

use caveat_engine::RuleSet;
use caveat_engine::finding::{FileReport, Finding};
use caveat_engine::flow::{self, Request};
use caveat_engine::model::Catalog;
use caveat_parser::link::{Files, Project};
use caveat_parser::{SourceFile, Span};
use rustc_hash::FxHashMap;

/// Texts that are in memory already.
struct Texts(FxHashMap<String, Arc<SourceFile>>);

impl Files for Texts {
    fn text(&self, path: &str) -> Option<String> {
        self.0.get(path).map(|source| source.text.clone())
    }
}

/// Whether some rule asks for data flow.
pub fn is_wanted(rules: &RuleSet) -> bool {
    rules.rules.iter().any(|rule| !rule.flows.is_empty())
}

/// Follows data through the files and adds what is found to their reports.
pub fn follow(
    rules: &RuleSet,
    catalog: &Catalog,
    sources: Vec<Arc<SourceFile>>,
    reports: &mut [&mut FileReport],
) {
    let by_path: FxHashMap<String, Arc<SourceFile>> = sources
        .iter()
        .map(|source| (source.path.clone(), source.clone()))
        .collect();
    let paths: Vec<String> = sources.iter().map(|source| source.path.clone()).collect();
    let texts = Box::new(Texts(by_path.clone()));
    let project = Project::new(paths, texts);
    let sources = project
        .file_ids()
        .map(|file| by_path.get(project.path(file)).cloned())
        .collect();
    let outcome = flow::analyse(Request {
        rules,
        project: &project,
        sources,
        catalog,
        untrusted_parameters: false,
    });
    let mut places: FxHashMap<Arc<str>, usize> = FxHashMap::default();
    for (at, report) in reports.iter().enumerate() {
        places.insert(report.path.clone(), at);
    }
    for notice in outcome.notices {
        if let Some(&at) = places.get(&notice.path) {
            reports[at].notices.push(notice);
        }
    }
    for (path, span) in outcome.constant_inputs {
        if let Some(&at) = places.get(&path) {
            let harmless = |it: &Finding| {
                it.span == span && it.flow.is_empty() && rules.rule(it.rule).unless_constant
            };
            reports[at].findings.retain(|it| !harmless(it));
        }
    }
    for finding in outcome.findings {
        let shown: Vec<Arc<str>> = finding.flow.iter().map(|it| it.path.clone()).collect();
        if let Some(&at) = places.get(&finding.path) {
            add(rules, reports[at], finding);
        }
        for path in shown {
            if let Some(&at) = places.get(&path) {
                reports[at].source = by_path.get(&*path).cloned();
            }
        }
    }
}

/// Adds a finding; those of patterns about the same weakness in the same call give way, but for
/// those of another rule that follows data itself: it is about something else in the same call.
fn add(rules: &RuleSet, report: &mut FileReport, finding: Finding) {
    let own = rules.rule(finding.rule);
    let touches = |a: Span, b: Span| a.start < b.end && b.start < a.end;
    report.findings.retain(|other| {
        let rule = rules.rule(other.rule);
        let a_twin = other.rule == finding.rule || rule.flows.is_empty();
        let same_weakness = a_twin && rule.cwe.iter().any(|cwe| own.cwe.contains(cwe));
        !(same_weakness && other.flow.is_empty() && touches(other.span, finding.span))
    });
    let key = |it: &Finding| (it.span, it.rule);
    let at = report
        .findings
        .partition_point(|other| key(other) <= key(&finding));
    report.findings.insert(at, finding);
}
