//! Embeds every rule file of this folder. Adding a rule is adding a file: nothing is listed by hand.

use std::{env, fmt::Write as _, fs, io, path::Path, path::PathBuf};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets this"));
    let mut files = Vec::new();
    collect(&root, &root, &mut files)?;
    files.sort();
    let mut code = String::from("&[\n");
    for name in files {
        println!("cargo:rerun-if-changed={name}");
        let full = root.join(&name);
        writeln!(code, "    ({name:?}, include_str!({full:?})),").expect("a String takes any text");
    }
    code.push_str("]\n");
    println!("cargo:rerun-if-changed=.");
    fs::write(
        Path::new(&env::var("OUT_DIR").expect("cargo sets this")).join("files.rs"),
        code,
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
