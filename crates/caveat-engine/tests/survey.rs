//! How much of a folder of Semgrep rules loads, for whoever changes the reader:
//! `CAVEAT_SEMGREP_RULES=DIR cargo test -p caveat-engine --test survey -- --nocapture`.

#![allow(clippy::disallowed_methods)] // A test may look at the world, the engine may not.

use std::{collections::BTreeMap, fs, path::Path};

#[test]
fn survey() {
    let Ok(folder) = std::env::var("CAVEAT_SEMGREP_RULES") else {
        return;
    };
    let mut tally = BTreeMap::new();
    walk(Path::new(&folder), &mut tally);
    for (what, count) in tally {
        println!("{count:6} {what}");
    }
}

fn walk(folder: &Path, tally: &mut BTreeMap<String, usize>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let test = name.contains(".test.") || name.contains(".fixed.");
        if path.is_dir() && !name.starts_with('.') {
            walk(&path, tally);
        } else if !test && (name.ends_with(".yaml") || name.ends_with(".yml")) {
            let text = fs::read_to_string(&path).expect("a text file");
            // Files without a list of rules are code that rules are tried on.
            if text.contains("rules:") {
                file(&path, &text, tally);
            }
        }
    }
}

fn file(path: &Path, text: &str, tally: &mut BTreeMap<String, usize>) {
    let mut count = |what: String, n: usize| *tally.entry(what).or_default() += n;
    match caveat_engine::rule::load(&path.to_string_lossy(), text) {
        Ok(loaded) => {
            count("files read".to_owned(), 1);
            count("rules that run".to_owned(), loaded.rules.len());
            count(
                "rules for other languages".to_owned(),
                loaded.other_languages,
            );
            for skipped in loaded.skipped {
                count(format!("skipped: {}", skipped.reason), 1);
            }
        }
        Err(errors) => {
            count("files with mistakes".to_owned(), 1);
            for error in errors {
                println!("{}\n", error.render(text, false));
            }
        }
    }
}
