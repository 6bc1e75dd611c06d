//! Prints how fast the skeleton lexer reads all `.py` and `.rs` files below a folder, from memory:
//! `cargo run --release -p caveat-parser --example skeleton_speed -- FOLDER`.

use caveat_parser::skeleton::{Skeleton, python, rust};
use std::path::Path;
use std::time::{Duration, Instant};

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    measure("python", "py", Path::new(&folder), python::scan);
    measure("rust", "rs", Path::new(&folder), rust::scan);
}

fn measure(name: &str, extension: &str, folder: &Path, scan: fn(&str) -> Skeleton) {
    let mut texts = Vec::new();
    collect(folder, extension, &mut texts);
    let bytes: usize = texts.iter().map(String::len).sum();
    let (mut best, mut items, mut incomplete) = (Duration::ZERO, 0, 0);
    for text in &texts {
        // The best of five per file, because the machine may be shared.
        let mut of_file = Duration::MAX;
        let mut skeleton = scan(text);
        for _ in 0..5 {
            let start = Instant::now();
            skeleton = scan(text);
            of_file = of_file.min(start.elapsed());
        }
        best += of_file;
        items += skeleton.items.len();
        incomplete += usize::from(!skeleton.complete);
    }
    let speed = bytes as f64 / best.as_secs_f64().max(1e-9) / 1e6;
    println!(
        "{name}: {} files, {:.1} MB, {items} items, {incomplete} incomplete: {best:.1?}, {speed:.0} MB/s",
        texts.len(),
        bytes as f64 / 1e6,
    );
}

fn collect(folder: &Path, extension: &str, texts: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&path, extension, texts);
        } else if path.extension().is_some_and(|found| found == extension) {
            let bytes = std::fs::read(&path).unwrap_or_default();
            texts.extend(caveat_parser::source::decode(bytes).map(|(text, _)| text));
        }
    }
}
