//! Prints every hit of the configuration analyses below a folder, for measuring precision:
//! `CONFIG_SCAN=path cargo run --release -p caveat-engine --example config_scan`.

#![allow(clippy::disallowed_methods)] // A test may look at the world, the engine may not.

use std::{env, fs, io, path::Path};

use caveat_engine::config::{ANALYSES, TextFile};
use caveat_parser::LineIndex;

fn main() -> io::Result<()> {
    let root = env::var("CONFIG_SCAN").expect("CONFIG_SCAN names the folder to scan");
    visit(Path::new(&root), Path::new(&root))
}

fn visit(root: &Path, folder: &Path) -> io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            visit(root, &path)?;
        } else if kind.is_file() {
            let Ok(text) = String::from_utf8(fs::read(&path)?) else {
                continue;
            };
            let relative = path.strip_prefix(root).expect("found below the root");
            scan(&relative.to_string_lossy().replace('\\', "/"), &text);
        }
    }
    Ok(())
}

/// Prints the hits of one file, one line each: rule, severity, place, detail, source line.
fn scan(path: &str, text: &str) {
    let file = TextFile::new(path, text);
    let lines = LineIndex::new(text);
    let lower = text.to_ascii_lowercase();
    for analysis in ANALYSES
        .iter()
        .filter(|analysis| analysis.applies_to(file.kind))
    {
        let hits = (analysis.check)(&file);
        let triggered = analysis
            .triggers
            .iter()
            .any(|word| lower.contains(&word.to_ascii_lowercase()));
        assert!(
            triggered || hits.is_empty(),
            "{}: a hit without a trigger in {path}",
            analysis.rule
        );
        for hit in hits {
            let line = lines.line(hit.span.start);
            let shown = lines.span(line, text).text(text).trim();
            let shown: String = shown.chars().take(160).collect();
            let severity = hit.severity.map_or("-".to_owned(), |s| format!("{s:?}"));
            println!(
                "{}\t{severity}\t{path}:{line}\t{}\t{shown}",
                analysis.rule, hit.detail
            );
        }
    }
}
