//! Real code: `CAVEAT_CORPUS=DIR[:DIR...] cargo test -p caveat-parser --test skeleton corpus -- --nocapture`
//! compares up to `CAVEAT_CORPUS_FILES` (default 300) files, evenly chosen. Without the variable
//! the test compares the parser's own sources.

use super::oracle::{Counts, Language, compare};
use std::path::{Path, PathBuf};

#[test]
fn corpus() {
    let own = format!("{}/src", env!("CARGO_MANIFEST_DIR"));
    let roots = std::env::var("CAVEAT_CORPUS").unwrap_or(own);
    let limit = std::env::var("CAVEAT_CORPUS_FILES")
        .ok()
        .and_then(|limit| limit.parse().ok());
    let mut files = Vec::new();
    roots
        .split(':')
        .for_each(|root| walk(Path::new(root), &mut files));
    files.sort();
    let step = files.len().div_ceil(limit.unwrap_or(300)).max(1);
    let mut counts = [Counts::default(), Counts::default()];
    for (number, file) in files.iter().step_by(step).enumerate() {
        let language = Language::of(file).expect("`walk` chose by extension");
        let bytes = std::fs::read(file).expect("a file found by the walk can be read");
        let Ok((text, _)) = caveat_parser::source::decode(bytes) else {
            continue;
        };
        let counts = &mut counts[language as usize];
        compare(
            language,
            &file.to_string_lossy(),
            &text,
            number as u64 + 1,
            counts,
        );
    }
    for counts in &counts {
        let Counts {
            files,
            incomplete,
            tree_errors,
            definitions,
            imports,
            ..
        } = counts;
        let Counts {
            region_parses,
            nodes,
            differing,
            ..
        } = counts;
        println!(
            "{files} files ({incomplete} incomplete, {tree_errors} with errors in the tree): \
             {definitions} definitions, {imports} imports, {region_parses} region parses, \
             {nodes} nodes, {differing} differences"
        );
    }
    counts.iter().for_each(Counts::assert_equal);
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&path, files);
        } else if Language::of(&path).is_some() {
            files.push(path);
        }
    }
}
