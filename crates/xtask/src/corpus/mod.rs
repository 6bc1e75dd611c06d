//! `cargo xtask corpus`: what a change of rules or engine does to findings in real code.
//!
//! Scans the pinned projects of `corpus.toml`, or folders that are named, with one binary and
//! prints how often each rule speaks; or with two, and prints the findings gained and lost.

mod compare;
mod findings;
mod pinned;
mod scan;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;

use self::scan::{Project, Scan, Scanner};

/// Arguments of `corpus`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Folders to scan instead of the pinned projects.
    folders: Vec<PathBuf>,
    /// The binary before the change; without it, only the figures of the new one are shown.
    #[arg(long)]
    old: Option<PathBuf>,
    /// The binary after the change.
    #[arg(long, default_value = "target/release/caveat")]
    new: PathBuf,
    /// Only these pinned projects, comma-separated.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How a binary is called, in the folder of the project.
    #[arg(long, default_value = "scan --format json --exit-zero .")]
    scan_args: String,
    /// Seconds after which a scan counts as hung.
    #[arg(long, default_value_t = 300)]
    timeout: u64,
    /// Findings printed per rule; the rest is counted.
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Print the findings also when there is only one binary.
    #[arg(long)]
    list: bool,
    /// Only download what is missing.
    #[arg(long)]
    fetch_only: bool,
}

/// Downloads what is missing, scans and prints; a scan that fails or hangs is an error at the end.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let projects = projects(&arguments)?;
    if arguments.fetch_only {
        return Ok(());
    }
    let scanner = |binary| Scanner::new(binary, &arguments.scan_args, limit(&arguments));
    let new = scan_all(&scanner(&arguments.new)?, &projects);
    let mut failures = scan::failures(&new);
    match &arguments.old {
        Some(binary) => {
            let old = scan_all(&scanner(binary)?, &projects);
            failures.extend(scan::failures(&old));
            compare::print_changes(&old, &new, arguments.limit);
        }
        None => {
            compare::print_rates(&projects, &new);
            if arguments.list {
                compare::print_all(&new, arguments.limit);
            }
        }
    }
    if !failures.is_empty() {
        bail!("{} scans failed:\n{}", failures.len(), failures.join("\n"));
    }
    Ok(())
}

fn limit(arguments: &Arguments) -> Duration {
    Duration::from_secs(arguments.timeout)
}

fn projects(arguments: &Arguments) -> anyhow::Result<Vec<Project>> {
    if arguments.folders.is_empty() {
        return pinned::fetched(&arguments.only);
    }
    let folders = arguments.folders.iter();
    folders.map(|folder| Project::at(folder)).collect()
}

fn scan_all(scanner: &Scanner, projects: &[Project]) -> Vec<Scan> {
    let scans = projects.iter().map(|project| {
        let scan = scanner.scan(project);
        eprintln!("{scan}");
        scan
    });
    scans.collect()
}
