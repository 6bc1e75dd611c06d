//! All rules, compiled once.

use caveat_engine::finding::FileReport;
use caveat_engine::rule::{self, Rule};
use caveat_engine::{RuleSet, ScanOptions, scan_file};
use caveat_parser::{Parsers, SourceFile};
use std::sync::LazyLock;

/// The rules that are built in.
pub static RULES: LazyLock<RuleSet> = LazyLock::new(|| {
    let load = |(path, text)| rule::load_embedded(path, text).expect("our own rules are right");
    let rules: Vec<Rule> = caveat_rules::rules().map(load).collect();
    let (set, errors) = RuleSet::compile(rules);
    assert!(errors.is_empty());
    set
});

/// Scans a text with all rules.
#[allow(dead_code, reason = "not every target scans")]
pub fn scan(path: &str, text: &str, whole_files: bool, parsers: &mut Parsers) -> FileReport {
    let file = SourceFile::new(path, text);
    scan_file(&RULES, file, ScanOptions { whole_files }, parsers)
}
