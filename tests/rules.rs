//! Every fixture as a test of its own, found by walking `fixtures/` and the cases of data flow in
//! `tests/flow/`: nothing is listed by hand.
//! `cargo test --test rules weak-hash` runs those of one rule.
//!
//! What marks demand is told in `caveat_cli::fixtures`, which `caveat test` uses, too.

use std::path::Path;
use std::sync::OnceLock;

use caveat_cli::analysis::Analyzer;
use caveat_cli::args::RuleArgs;
use caveat_cli::fixtures::{self, Case};
use caveat_cli::ruleset::{self, Rules};
use caveat_engine::ScanOptions;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, trials()).exit();
}

fn trials() -> Vec<Trial> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut trials = Vec::new();
    for (folder, prefix) in [("fixtures", ""), ("tests/flow/rust", "flow/rust/")] {
        let cases = fixtures::find(&root.join(folder), &rules().all);
        for case in cases.expect("fixtures can be walked") {
            let name = format!("{prefix}{}", case.name);
            trials.push(Trial::test(name, move || run(&case)));
        }
    }
    trials
}

/// The rules, compiled once for all tests.
fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| {
        let loaded = ruleset::load(&RuleArgs::default(), &|_| {});
        loaded.unwrap_or_else(|error| panic!("the built-in rules do not load: {error:#}"))
    })
}

/// Both ways of parsing must meet the marks, and what is fixed must not be found again.
fn run(case: &Case) -> Result<(), Failed> {
    if case.rule.is_none() {
        return Err("not at fixtures/<rule-id>/bad* or good*, or there is no such rule".into());
    }
    for whole_files in [false, true] {
        let options = ScanOptions { whole_files };
        let catalog = caveat_cli::models::gather(&[]).expect("the models are well formed");
        let analyzer = Analyzer::new(&rules().set, options, 1).expect("a thread starts");
        let analyzer = analyzer.with_models(catalog);
        let complaints = fixtures::check(case, rules(), &analyzer).unwrap_or_default();
        if !complaints.is_empty() {
            let how = if whole_files { " (whole files)" } else { "" };
            return Err(format!("{}{how}", complaints.join("\n")).into());
        }
    }
    let options = ScanOptions { whole_files: true };
    let analyzer = Analyzer::new(&rules().set, options, 1).expect("a thread starts");
    let complaints = fixtures::check_fixes(case, rules(), &analyzer);
    if complaints.is_empty() {
        return Ok(());
    }
    Err(complaints.join("\n").into())
}
