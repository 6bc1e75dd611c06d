//! The stages of a scan, each over the same files: those below `CAVEAT_BENCH_DIR`, or our own
//! fixtures and sources.
//!
//! `cargo bench -p caveat-cli --bench stages`; `cargo test --benches` runs each stage once, so
//! that it cannot rot.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use caveat_cli::walk::{Request, walk};
use caveat_engine::rule::{self, Rule};
use caveat_engine::{RuleSet, ScanOptions, scan_file};
use caveat_parser::source::decode;
use caveat_parser::{Language, Parsers, SourceFile};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

fn folders() -> Vec<PathBuf> {
    match std::env::var_os("CAVEAT_BENCH_DIR") {
        Some(folder) => vec![folder.into()],
        None => {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
            ["fixtures", "crates"].map(|name| root.join(name)).to_vec()
        }
    }
}

/// Relative path, text and language of every Python and Rust file.
static FILES: LazyLock<Vec<(String, String, Language)>> = LazyLock::new(|| {
    let read = |(path, relative): (PathBuf, String)| {
        let (text, _) = decode(std::fs::read(path).ok()?).ok()?;
        let language = Language::from_path(&relative);
        language.tables()?;
        Some((relative, text, language))
    };
    walked().into_iter().filter_map(read).collect()
});

static RULES: LazyLock<RuleSet> = LazyLock::new(|| {
    let load = |(path, text)| rule::load_embedded(path, text).expect("our own rules are right");
    let rules: Vec<Rule> = caveat_rules::rules().map(load).collect();
    RuleSet::compile(rules).0
});

fn walked() -> Vec<(PathBuf, String)> {
    let request = Request {
        paths: &folders(),
        exclude: &[],
        force_exclude: false,
        no_ignore: false,
        want_text: false,
        ask_for: &|_| false,
    };
    let found = walk(&request).expect("the folder is there");
    let pair = |entry: caveat_cli::walk::Entry| (entry.path, entry.relative);
    found.entries.into_iter().map(pair).collect()
}

/// Runs a stage over all files.
fn each(bencher: Bencher<'_, '_>, mut stage: impl FnMut(&str, &str, Language)) {
    let bytes: usize = FILES.iter().map(|(_, text, _)| text.len()).sum();
    LazyLock::force(&RULES);
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        for (path, text, language) in FILES.iter() {
            stage(path, text, *language);
        }
    });
}

#[divan::bench(name = "1 walk")]
fn walks(bencher: Bencher<'_, '_>) {
    bencher.bench_local(walked);
}

#[divan::bench(name = "2 prefilter")]
fn prefilter(bencher: Bencher<'_, '_>) {
    each(bencher, |_, text, language| {
        black_box(RULES.language(language).triggers.hits(text));
    });
}

#[divan::bench(name = "3 skeleton")]
fn skeleton(bencher: Bencher<'_, '_>) {
    each(bencher, |_, text, language| {
        if let Some(scan) = language.definition().skeleton {
            black_box(scan(text));
        }
    });
}

#[divan::bench(name = "4 parse")]
fn parse(bencher: Bencher<'_, '_>) {
    let mut parsers = Parsers::default();
    each(bencher, |_, text, language| {
        black_box(parsers.parse(language, text, None));
    });
}

fn scan(bencher: Bencher<'_, '_>, options: ScanOptions) {
    let mut parsers = Parsers::default();
    each(bencher, |path, text, _| {
        let file = SourceFile::new(path, text);
        black_box(scan_file(&RULES, file, options, &mut parsers));
    });
}

/// Parsing included: what it takes more than `4 parse` is matching.
#[divan::bench(name = "5 match whole files")]
fn matches(bencher: Bencher<'_, '_>) {
    scan(bencher, ScanOptions { whole_files: true });
}

#[divan::bench(name = "6 scan")]
fn scans(bencher: Bencher<'_, '_>) {
    scan(bencher, ScanOptions::default());
}
