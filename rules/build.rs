//! Embeds every rule file of this folder, and an example of each rule from its fixtures. Adding a
//! rule is adding files: nothing is listed by hand.
//!
//! The fixtures lie beside this folder in the repository. A package of this crate alone does
//! without them, and its rules have no examples.

use std::{collections::BTreeMap, env, fmt::Write as _, fs, io, path::Path, path::PathBuf};

/// Longest example, in lines: it is to be read at a glance.
const LONGEST: usize = 24;

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets this"));
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets this"));
    let mut files = Vec::new();
    collect(&root, &root, &mut files)?;
    files.sort();
    let mut code = String::from("&[\n");
    for name in &files {
        println!("cargo:rerun-if-changed={name}");
        let full = root.join(name);
        writeln!(code, "    ({name:?}, include_str!({full:?})),").expect("a String takes any text");
    }
    code.push_str("]\n");
    println!("cargo:rerun-if-changed=.");
    fs::write(out.join("files.rs"), code)?;
    fs::write(
        out.join("examples.rs"),
        examples(&root.join("../fixtures"))?,
    )
}

/// Adds the paths of all YAML files below `dir`, relative to `root` and with `/` between parts.
fn collect(root: &Path, dir: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            println!("cargo:rerun-if-changed={}", path.display());
            collect(root, &path, files)?;
        } else if path.extension().is_some_and(|e| e == "yaml") {
            let relative = path.strip_prefix(root).expect("walked from the root");
            let parts: Vec<_> = relative.iter().map(|p| p.to_string_lossy()).collect();
            files.push(parts.join("/"));
        }
    }
    Ok(())
}

/// Rust code of a list of rule id, bad example, good example.
fn examples(fixtures: &Path) -> io::Result<String> {
    let mut rows = BTreeMap::new();
    if fixtures.is_dir() {
        println!("cargo:rerun-if-changed={}", fixtures.display());
        for entry in fs::read_dir(fixtures)? {
            let folder = entry?.path();
            if folder.is_dir() {
                let id = folder
                    .file_name()
                    .expect("read_dir names it")
                    .to_string_lossy();
                let bad = example(&folder, "bad", "expect: ")?;
                let good = example(&folder, "good", "fine: ")?;
                rows.insert(id.into_owned(), (bad, good));
            }
        }
    }
    let mut code = String::from("&[\n");
    for (id, (bad, good)) in rows {
        writeln!(code, "    ({id:?}, {bad:?}, {good:?}),").expect("a String takes any text");
    }
    code.push_str("]\n");
    Ok(code)
}

/// The first case of the first file with such a name, or within the first tree; empty if there is
/// none.
fn example(folder: &Path, prefix: &str, mark: &str) -> io::Result<String> {
    let mut named: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            named.push(entry.path());
        }
    }
    named.sort_by_key(|path| (path.is_dir(), path.clone()));
    let mut files = Vec::new();
    for path in named {
        add_files(path, &mut files)?;
    }
    let texts = files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok());
    let marked = texts.into_iter().find(|text| text.contains(mark));
    Ok(marked
        .map(|text| first_case(&text, mark))
        .unwrap_or_default())
}

/// The files at or below a path, in order.
fn add_files(path: PathBuf, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path);
        return Ok(());
    }
    let entries = fs::read_dir(&path)?.map(|entry| entry.map(|entry| entry.path()));
    let mut entries: Vec<PathBuf> = entries.collect::<io::Result<_>>()?;
    entries.sort();
    entries
        .into_iter()
        .try_for_each(|entry| add_files(entry, files))
}

/// The imports at the top, and the paragraph with the first mark; marks of ours are taken off.
fn first_case(text: &str, mark: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.contains(mark))
        .unwrap_or(0);
    let is_blank = |line: &&str| line.trim().is_empty();
    let mut start = lines[..at]
        .iter()
        .rposition(is_blank)
        .map_or(0, |blank| blank + 1);
    // A statement inside a block needs the head of the block.
    while start > 0 && lines[start].starts_with([' ', '\t']) {
        start = lines[..start - 1]
            .iter()
            .rposition(is_blank)
            .map_or(0, |blank| blank + 1);
    }
    let length = lines[at..]
        .iter()
        .position(is_blank)
        .unwrap_or(lines.len() - at);
    let is_import = |line: &&&str| {
        ["import ", "from ", "use "]
            .iter()
            .any(|word| line.starts_with(word))
    };
    let imports = lines[..start]
        .iter()
        .filter(is_import)
        .map(|line| line.to_string());
    let mut shown: Vec<String> = imports.collect();
    if !shown.is_empty() {
        shown.push(String::new());
    }
    shown.extend(lines[start..at + length].iter().map(|line| unmarked(line)));
    shown.truncate(LONGEST);
    shown.join("\n").trim_matches('\n').to_owned()
}

/// The line without a mark that only the tests read.
fn unmarked(line: &str) -> String {
    let marks = ["expect: ", "expect-miss: ", "expect-false: "];
    let comments = ["# ", "// "];
    for (comment, mark) in comments
        .iter()
        .flat_map(|c| marks.iter().map(move |m| (c, m)))
    {
        if let Some((code, _)) = line.split_once(&format!("{comment}{mark}")) {
            return code.trim_end().to_owned();
        }
    }
    line.to_owned()
}
