//! The analysis engine of caveat: text and rules in, findings out.
//!
//! It is a pure function: it reads no file, clock, environment or network and prints nothing
//! (`clippy.toml` in this crate holds it to that). Threads and paths on disk belong to the cli.

pub mod config;
pub mod finding;
pub mod rule;
