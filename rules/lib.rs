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
