//! The analysis engine of caveat: text and rules in, findings out.
//!
//! It is a pure function: it reads no file, clock, environment or network and prints nothing
//! (`clippy.toml` in this crate holds it to that). Threads and paths on disk belong to the cli.

pub mod checks;
pub mod config;
pub mod context;
pub mod finding;
pub mod flow;
pub mod formula;
pub mod imports;
mod lent;
pub mod model;
pub mod notebook;
pub mod pattern;
mod placed;
pub mod regexes;
pub mod region;
pub mod routes;
pub mod rule;
pub mod ruleset;
pub mod scan;
mod suppress;
pub mod text_regex;
pub mod trigger;

pub use ruleset::RuleSet;
pub use scan::{ScanOptions, scan_file, scan_linked};
