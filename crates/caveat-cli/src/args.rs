//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A static analyzer for code that machines wrote.
#[derive(Debug, Parser)]
#[command(name = "caveat", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan files and folders for defects.
    Scan(ScanArgs),
    /// Check annotated files against the rules.
    Test(TestArgs),
}

/// Output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Code with labels, for people.
    Text,
    /// One line per finding.
    Concise,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0.
    Sarif,
}

/// Severities on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Severity {
    /// Low and above.
    Low,
    /// Medium and above.
    Medium,
    /// High and above.
    High,
    /// Critical only.
    Critical,
    /// Nothing.
    Never,
}

/// Confidences on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Confidence {
    /// Everything.
    Low,
    /// Medium and high.
    Medium,
    /// High only.
    High,
}

/// `caveat scan`.
#[derive(Debug, Args)]
pub struct ScanArgs {
    /// Files and folders; `-` reads standard input.
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Output format.
    #[arg(long, alias = "output-format", value_enum, default_value = "text")]
    pub format: Format,
    /// Write the report to a file.
    #[arg(short, long)]
    pub output: Option<PathBuf>,
    /// Rules to run, by id, family or CWE (`CWE-89`).
    #[arg(long, value_delimiter = ',')]
    pub select: Vec<String>,
    /// Rules not to run.
    #[arg(long, value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Least confidence to show.
    #[arg(long, value_enum, default_value = "medium")]
    pub min_confidence: Confidence,
    /// Least severity to show.
    #[arg(long, value_enum, default_value = "low")]
    pub min_severity: Severity,
    /// Rule files or folders, caveat's or Semgrep's, instead of the built-in rules.
    #[arg(long)]
    pub rules: Vec<PathBuf>,
    /// Threads; 0 is one per core.
    #[arg(short = 'j', long, default_value_t = 0)]
    pub threads: usize,
    /// Count findings per rule.
    #[arg(long)]
    pub statistics: bool,
    /// Also show what inline comments silence.
    #[arg(long)]
    pub show_suppressed: bool,
    /// Least severity that makes the exit code 1.
    #[arg(long, value_enum, default_value = "low")]
    pub fail_on: Severity,
}

/// `caveat test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Folders of annotated files: `fixtures/<rule-id>/bad*`, or Semgrep's beside their rules.
    pub paths: Vec<PathBuf>,
    /// Rule files or folders instead of the built-in rules.
    #[arg(long)]
    pub rules: Vec<PathBuf>,
}
