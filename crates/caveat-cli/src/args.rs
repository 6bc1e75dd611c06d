//! The command line as plain data, and nothing else: what the words mean is for the commands.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A static analyzer for code that machines wrote.
#[derive(Debug, Parser)]
#[command(name = "caveat", version, about, disable_help_subcommand = true)]
#[command(
    after_help = "Exit code: 0 clean, 1 findings at or above --fail-on, 2 could not do the job."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan files and folders for defects.
    Scan(Box<ScanArgs>),
    /// List the routes of web applications and what guards them.
    Routes(RoutesArgs),
    /// List the rules.
    Rules(RulesArgs),
    /// Say what a rule finds, why it matters and how to get rid of it.
    Explain(ExplainArgs),
    /// Check annotated files against the rules.
    Test(TestArgs),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page of caveat, or of one of its commands.
    Man {
        /// `scan`, `rules`, ...
        command: Option<String>,
    },
}

/// Output formats of a scan.
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

/// Severities that an option may name.
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
}

/// What makes the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Any finding.
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

/// Confidences that an option may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Confidence {
    /// Everything.
    Low,
    /// Medium and high.
    Medium,
    /// High only.
    High,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set; FORCE_COLOR colours pipes too.
    Auto,
    /// Also in pipes and files.
    Always,
    /// Never.
    Never,
}

/// A further report, `FORMAT=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Also {
    /// Format of the report.
    pub format: Format,
    /// Where it goes.
    pub file: PathBuf,
}

impl FromStr for Also {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = text
            .split_once('=')
            .filter(|(_, file)| !file.is_empty())
            .ok_or("write FORMAT=FILE, such as `sarif=caveat.sarif`")?;
        Ok(Also {
            format: Format::from_str(format, true)
                .map_err(|_| format!("`{format}` is not one of text, concise, json, sarif"))?,
            file: file.into(),
        })
    }
}

/// Which rules run.
#[derive(Debug, Clone, Default, Args)]
pub struct RuleArgs {
    /// Run these rules only: ids, families, CWEs (`CWE-89`) or globs (`*-injection`).
    #[arg(long, value_delimiter = ',', value_name = "RULES")]
    pub select: Vec<String>,
    /// Do not run these rules.
    #[arg(long, value_delimiter = ',', value_name = "RULES")]
    pub ignore: Vec<String>,
    /// Run these rules too, and show what they find at every confidence.
    #[arg(long, value_delimiter = ',', value_name = "RULES")]
    pub extend_select: Vec<String>,
    /// Rule files or folders, caveat's or Semgrep's, instead of the built-in rules.
    #[arg(long, value_name = "PATH")]
    pub rules: Vec<PathBuf>,
}

/// `caveat scan`.
#[derive(Debug, Clone, Args)]
pub struct ScanArgs {
    /// Files and folders; `-` reads standard input.
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Which rules run.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Files or folders that describe further libraries (docs/model-format.md).
    #[arg(long, value_name = "PATH")]
    pub models: Vec<PathBuf>,
    /// Format of the report.
    #[arg(long, alias = "output-format", value_enum, default_value = "text")]
    pub format: Format,
    /// Write the report to a file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write a further report of the same scan; may be repeated.
    #[arg(long, value_name = "FORMAT=FILE")]
    pub also: Vec<Also>,
    /// Least severity to show.
    #[arg(long, value_enum, default_value = "low", value_name = "SEVERITY")]
    pub min_severity: Severity,
    /// Least confidence to show.
    #[arg(long, value_enum, default_value = "medium", value_name = "CONFIDENCE")]
    pub min_confidence: Confidence,
    /// Least severity that makes the exit code 1.
    #[arg(long, value_enum, default_value = "low", value_name = "SEVERITY")]
    pub fail_on: FailOn,
    /// Exit with 0 whatever is found; the same as `--fail-on never`.
    #[arg(long)]
    pub exit_zero: bool,
    /// Look for secrets in the lines that a range of commits added, `REV..` or `A..B`, instead of
    /// scanning files.
    #[arg(long, value_name = "RANGE", conflicts_with = "fix")]
    pub secrets_in_history: Option<String>,
    /// Say which agent wrote the lines of findings, as far as commits tell.
    #[arg(long)]
    pub provenance: bool,
    /// Apply safe fixes to the files, then report what is left.
    #[arg(long)]
    pub fix: bool,
    /// Files and folders not to scan, as in a .gitignore; may be repeated.
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Hold excludes against files that are named on the command line, too.
    #[arg(long)]
    pub force_exclude: bool,
    /// Scan what .gitignore and .caveatignore exclude, and vendored and generated code.
    #[arg(long)]
    pub no_ignore: bool,
    /// Threads; 0 is one per core.
    #[arg(short = 'j', long, default_value_t = 0, value_name = "N")]
    pub threads: usize,
    /// Parse whole files, never only the parts that can matter; the findings are the same.
    #[arg(long, hide = true)]
    pub whole_files: bool,
    /// Path that standard input stands for; its name tells the language.
    #[arg(long, value_name = "PATH")]
    pub stdin_filename: Option<String>,
    /// Count findings per rule.
    #[arg(long)]
    pub statistics: bool,
    /// Say on standard error where the time went.
    #[arg(long)]
    pub timings: bool,
    /// Also show what inline comments silence.
    #[arg(long)]
    pub show_suppressed: bool,
    /// Category under which GitHub keeps this SARIF log apart from others of caveat.
    #[arg(long, value_name = "NAME")]
    pub sarif_category: Option<String>,
    /// When to colour.
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN")]
    pub color: Color,
    /// Findings and errors only: no warnings, no progress, no summary.
    #[arg(short, long)]
    pub quiet: bool,
    /// Say on standard error which files were skipped, and why.
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// Output formats of `caveat routes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoutesFormat {
    /// Three lines per route.
    Text,
    /// A JSON array.
    Json,
    /// A table for reviews.
    Markdown,
}

/// `caveat routes`.
#[derive(Debug, Args)]
pub struct RoutesArgs {
    /// Files and folders.
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Format of the list.
    #[arg(long, alias = "output-format", value_enum, default_value = "text")]
    pub format: RoutesFormat,
    /// Files and folders to leave out, as in a .gitignore; may be repeated.
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
}

/// Output formats of `caveat rules`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RulesFormat {
    /// One line per rule.
    Table,
    /// A JSON array.
    Json,
    /// The page docs/rules.md.
    Markdown,
}

/// `caveat rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// Which rules to list.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Format of the list.
    #[arg(long, alias = "output-format", value_enum, default_value = "table")]
    pub format: RulesFormat,
    /// Show the text without which a rule does not run; rules that always run stand out.
    #[arg(long)]
    pub cost: bool,
}

/// `caveat explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Id of the rule.
    pub rule: String,
    /// Rule files or folders instead of the built-in rules.
    #[arg(long, value_name = "PATH")]
    pub rules: Vec<PathBuf>,
}

/// `caveat test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Annotated files, or folders of them.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Rule files or folders instead of the built-in rules.
    #[arg(long, value_name = "PATH")]
    pub rules: Vec<PathBuf>,
}
