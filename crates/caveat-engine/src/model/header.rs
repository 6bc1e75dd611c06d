//! The first lines of a model file: enough to know whether the rest matters to a project.
//!
//! There are many models and few of them matter, so the rest is only parsed when it does. The
//! header is therefore read by lines, without a YAML parser; [`super::load`] insists that it is
//! written so.

/// What a model file says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// Name of the library, and of the file.
    pub library: String,
    /// Lower-case name of the language.
    pub language: String,
    /// Python's top-level modules, Rust's crates (with `_`): one of them must be named somewhere
    /// in the project. Empty: the model always matters.
    pub imports: Vec<String>,
}

/// Keys of the header, one per line, before all others.
pub(super) const KEYS: &[&str] = &["library", "language", "imports"];

/// Reads the header only. What is missing is empty.
pub fn header(text: &str) -> Header {
    let mut header = Header::default();
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.split(" #").next().unwrap_or_default().trim();
        match key {
            "library" => header.library = value.to_owned(),
            "language" => header.language = value.to_owned(),
            "imports" => header.imports = words(value),
            _ if !key.starts_with(['#', ' ']) => break,
            _ => {}
        }
    }
    if !text.lines().any(|line| line.starts_with("imports:")) {
        header.imports = vec![header.library.clone()];
    }
    header
}

/// The words of `[a, b]`; none of `always`.
fn words(value: &str) -> Vec<String> {
    let inside = value
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let words = inside.unwrap_or_default().split(',').map(str::trim);
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

impl Header {
    /// Whether the model matters to a project that names these modules or crates.
    pub fn matters(&self, is_named: impl Fn(&str) -> bool) -> bool {
        self.imports.is_empty() || self.imports.iter().any(|name| is_named(name))
    }
}
