//! Imports and dependencies that nobody publishes: names that a model made up.
//!
//! A file is looked at twice. [`suspects`] reads its lines, by itself, and keeps the names that no
//! embedded list has; most files have none and are done. [`findings`] then judges those of all
//! files together: what the project has itself, what its manifests and lock files declare, where
//! its packages come from. It must not parse, and it does not look at the disk but through
//! [`Surroundings`].

mod findings;
pub mod known;
mod manifest;
mod nearest;
mod project;
mod source;
mod toml;

use caveat_parser::Language;

use crate::RuleSet;
use crate::context;
use crate::rule::Body;

pub use findings::findings;

/// Checks that are judged once for all files.
pub const CHECKS: &[&str] = &[IMPORT, DEPENDENCY, LOOKALIKE];
const IMPORT: &str = "unknown-import";
const DEPENDENCY: &str = "unknown-dependency";
const LOOKALIKE: &str = "lookalike-dependency";

/// What lies around the files of a scan.
pub trait Surroundings {
    /// The text of a file at a path relative to the root, whether or not it is scanned.
    fn text(&self, path: &str) -> Option<String>;
    /// Whether a folder relative to the root (empty for the root), or, for the root, one above
    /// it in the same repository, has a file or folder of that name but for the ending.
    fn has(&self, folder: &str, stem: &str) -> bool;
}

/// Whether some rule asks.
pub fn is_wanted(rules: &RuleSet) -> bool {
    let asks = |body: &Body| matches!(body, Body::Check(name) if CHECKS.contains(&name.as_str()));
    rules.rules.iter().any(|rule| asks(&rule.body))
}

/// Names of a file that are in doubt; none for most files.
pub fn suspects(path: &str, text: &str) -> Vec<String> {
    match Language::from_path(path).name() {
        _ if path.ends_with("setup.py") => of_manifest(path, text),
        "python" if !context::is_test_path(path) => source::python_suspects(text),
        "rust" if !context::is_test_path(path) => source::rust_suspects(text),
        "python" | "rust" => Vec::new(),
        _ => of_manifest(path, text),
    }
}

fn of_manifest(path: &str, text: &str) -> Vec<String> {
    if context::is_test_path(path) {
        return Vec::new();
    }
    let dependencies = manifest::read(path, text).map_or_else(Vec::new, |it| it.dependencies);
    let doubted = dependencies.into_iter().filter(project::is_doubtful);
    doubted.map(|it| it.name).collect()
}
