//! The parts of the program `caveat` that tests and the binary share.

pub mod args;
pub mod fingerprint;
pub mod marks;
pub mod report;
pub mod ruleset;
pub mod scan;
pub mod walk;
