//! How many made-up names of packages are found, of a list made after published patterns.

use super::Project;

const NAMES: &str = include_str!("../data/invented-names.txt");

/// Names of an ecosystem and some kinds.
fn names(ecosystem: &'static str, kinds: &'static [&str]) -> impl Iterator<Item = &'static str> {
    let lines = NAMES.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(move |line| {
        let words: Vec<&str> = line.split(' ').collect();
        (words[0] == ecosystem && kinds.contains(&words[1])).then_some(words[2])
    })
}

/// Findings in a project of one file, at the default level.
fn found(path: &str, text: &str) -> usize {
    let project = Project::new(&[(path, text)]);
    let rules = "unknown-import,unknown-dependency,lookalike-dependency";
    let outcome = project.caveat(&format!("scan --format json --select {rules} ."));
    let report: serde_json::Value = serde_json::from_str(&outcome.out).expect("it is JSON");
    report["findings"].as_array().map_or(0, Vec::len)
}

#[test]
fn invented_names_are_found() {
    let kinds = &["blend", "invented", "slip"];
    let requirements: String = names("python", kinds).map(|it| format!("{it}\n")).collect();
    let crates: String = names("rust", kinds)
        .map(|it| format!("{it} = \"1\"\n"))
        .collect();
    let crates = format!("[package]\nname = \"p\"\n[dependencies]\n{crates}");
    let found = [
        found("requirements.txt", &requirements),
        found("Cargo.toml", &crates),
    ];
    // A slip may make the name of another crate.
    assert_eq!(found, [160, 39]);
}

#[test]
fn invented_imports_are_found() {
    let kinds = &["blend", "invented"];
    let modules = names("python", kinds).map(|it| it.replace('-', "_"));
    let imports: String = modules.map(|it| format!("import {it}\n")).collect();
    assert_eq!(found("app.py", &imports), 114);
}
