//! The rules of caveat, embedded at build time.
//!
//! One YAML file is one rule, at `<family>/<rule-id>.yaml`; `models/<language>/<library>.yaml`
//! describe libraries. This crate knows nothing of the format: `caveat-engine` reads it.

/// Path relative to this folder (with `/`) and text of every file, sorted by path.
pub const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The rule files: everything that is not a model.
pub fn rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES
        .iter()
        .copied()
        .filter(|(path, _)| !path.starts_with("models/"))
}

/// The model files, at `models/<language>/<library>.yaml`.
pub fn models() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES
        .iter()
        .copied()
        .filter(|(path, _)| path.starts_with("models/"))
}

/// Example code of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// Code with the defect; empty if there is none to show.
    pub bad: &'static str,
    /// Similar code without it; empty if there is none to show.
    pub good: &'static str,
}

/// Rule id, bad and good example, sorted by id.
const EXAMPLES: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/examples.rs"));

/// The example of a rule, taken from its fixtures when this crate was built.
pub fn example(id: &str) -> Option<Example> {
    let at = EXAMPLES
        .binary_search_by(|(known, ..)| known.cmp(&id))
        .ok()?;
    let (_, bad, good) = EXAMPLES[at];
    Some(Example { bad, good })
}
