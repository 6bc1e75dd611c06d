//! The stage of a scan that compares product code with its tests, after all files were analysed
//! one by one.

use std::collections::HashMap;
use std::sync::Arc;

use caveat_engine::RuleSet;
use caveat_engine::finding::FileReport;
use caveat_engine::integrity::hardcoded::{self, Candidate, File, Finder};
use caveat_engine::integrity::{self, Draft, shadowed};
use caveat_parser::SourceFile;
use rayon::prelude::*;

use crate::analysis::{self, Input, Origin};

/// Judges product code against its tests and adds what is found to the reports.
pub fn follow(
    rules: &RuleSet,
    inputs: &[Input],
    candidates: &[Candidate],
    reports: &mut [&mut FileReport],
) {
    let mut drafts = shadowed::drafts(inputs.iter().map(|it| &*it.relative));
    drafts.extend(hardcoded_answers(inputs, candidates));
    let origins: HashMap<&str, &Origin> = inputs
        .iter()
        .map(|it| (&*it.relative, &it.origin))
        .collect();
    let source = |path: &str| {
        let text = analysis::read(origins.get(path)?).ok()?.text;
        Some(Arc::new(SourceFile::new(path, text)))
    };
    add(rules, drafts, &source, reports);
}

fn hardcoded_answers(inputs: &[Input], candidates: &[Candidate]) -> Vec<Draft> {
    let Some(finder) = Finder::new(candidates) else {
        return Vec::new();
    };
    let tests: Vec<File> = inputs
        .par_iter()
        .filter(|it| it.relative.ends_with(".py") || it.relative.ends_with(".rs"))
        .filter_map(|input| {
            let text = analysis::read(&input.origin).ok()?.text;
            let wanted = hardcoded::may_test(&input.relative, &text) && finder.calls(&text);
            wanted.then(|| File {
                path: input.relative.clone(),
                text,
            })
        })
        .collect();
    let product = |path: &str| {
        let input = inputs.iter().find(|it| it.relative == path)?;
        Some(analysis::read(&input.origin).ok()?.text)
    };
    hardcoded::drafts(candidates, &product, &tests)
}

/// Adds drafts as findings to the reports of their files, with the texts that they point to.
pub fn add(
    rules: &RuleSet,
    drafts: Vec<Draft>,
    source: &dyn Fn(&str) -> Option<Arc<SourceFile>>,
    reports: &mut [&mut FileReport],
) {
    let places: HashMap<Arc<str>, usize> = reports
        .iter()
        .enumerate()
        .map(|(at, it)| (it.path.clone(), at))
        .collect();
    for (file, list) in integrity::findings(rules, drafts, source) {
        for place in list.iter().flat_map(|it| &it.related) {
            if let Some(&at) = places.get(&place.path)
                && reports[at].source.is_none()
            {
                reports[at].source = source(&place.path);
            }
        }
        if let Some(&at) = places.get(file.path.as_str()) {
            reports[at].source = Some(file);
            reports[at].findings.extend(list);
            reports[at].findings.sort_by_key(|it| (it.span, it.rule));
        }
    }
}
