//! The command line of caveat: arguments, files, reports. Only this crate knows about paths on
//! disk, threads, terminals and SARIF. The binary is a thin shell around it.

pub mod analysis;
pub mod args;
pub mod catalog;
pub mod explain;
pub mod fingerprint;
pub mod fix;
pub mod fixtures;
pub mod flow;
mod generated;
mod git;
mod history;
mod imports;
pub mod models;
pub mod output;
mod progress;
mod project;
pub mod report;
pub mod routes;
pub mod ruleset;
pub mod scan;
pub mod selection;
mod terminal;
pub mod walk;
