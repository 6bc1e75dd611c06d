//! The tools and how each is called. Adding a tool is adding an entry.
//!
//! All of them scan everything below the folders that they would scan by default, except that
//! ignore files of version control are not obeyed where that can be switched off: the folders may
//! lie inside one. Semgrep keeps its own list of ignored folders (`tests/` among them), so it does
//! less work than the others.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::input::Input;

/// A tool to compare.
pub struct Tool {
    /// Name on the command line and in the table.
    pub name: &'static str,
    /// Where it comes from.
    pub origin: Origin,
    /// Takes so long that `--slow-runs` bounds its rounds.
    pub slow: bool,
    /// Reads Rust; all read Python.
    pub rust: bool,
    /// Takes only one folder at a time.
    pub one_folder: bool,
    /// The scan of these absolute folders.
    pub command: fn(&Places, &[PathBuf]) -> Command,
}

/// Where a tool comes from.
#[derive(PartialEq, Eq)]
pub enum Origin {
    /// A line of `benches/peers/requirements.txt`.
    Python,
    /// A crate of this version.
    Crate(&'static str),
    /// `--caveat`.
    Ours,
}

/// Where things are.
pub struct Places {
    /// The virtual environment's folder of programs.
    pub python_programs: PathBuf,
    /// The folder of programs that cargo installed.
    pub crate_programs: PathBuf,
    /// The binary `caveat`.
    pub caveat: PathBuf,
    /// Its arguments before the folders.
    pub caveat_args: Vec<String>,
    /// `benches/peers`.
    pub rules: PathBuf,
    /// What Semgrep is given.
    pub semgrep_rules: PathBuf,
}

/// All tools, in the order of the table.
pub static TOOLS: &[Tool] = &[
    Tool {
        name: "ruff",
        origin: Origin::Python,
        slow: false,
        rust: false,
        one_folder: false,
        command: ruff,
    },
    Tool {
        name: "bandit",
        origin: Origin::Python,
        slow: true,
        rust: false,
        one_folder: false,
        command: bandit,
    },
    Tool {
        name: "semgrep",
        origin: Origin::Python,
        slow: true,
        rust: true,
        one_folder: false,
        command: semgrep,
    },
    Tool {
        name: "ast-grep",
        origin: Origin::Python,
        slow: false,
        rust: true,
        one_folder: false,
        command: ast_grep,
    },
    Tool {
        name: "foxguard",
        origin: Origin::Crate("0.14.1"),
        slow: true,
        rust: true,
        one_folder: true,
        command: foxguard,
    },
    Tool {
        name: "caveat",
        origin: Origin::Ours,
        slow: false,
        rust: true,
        one_folder: false,
        command: caveat,
    },
];

impl Tool {
    /// Whether its figures on this input would say anything.
    pub fn suits(&self, input: &Input) -> bool {
        (self.rust || input.is_mostly_python()) && (!self.one_folder || input.folders.len() == 1)
    }

    /// The program, whether or not it is there yet.
    pub fn program(&self, places: &Places) -> PathBuf {
        let file = format!("{}{}", self.name, std::env::consts::EXE_SUFFIX);
        match self.origin {
            Origin::Python => places.python_programs.join(file),
            Origin::Crate(_) => places.crate_programs.join(file),
            Origin::Ours => places.caveat.clone(),
        }
    }
}

fn ruff(places: &Places, folders: &[PathBuf]) -> Command {
    let mut command = python_tool(places, "ruff");
    command
        .args([
            "check",
            "--isolated",
            "--no-respect-gitignore",
            "--no-cache",
        ])
        .args(["--select", "S"])
        .args(folders);
    command
}

fn bandit(places: &Places, folders: &[PathBuf]) -> Command {
    let mut command = python_tool(places, "bandit");
    command.args(["-r", "-q", "-f", "json"]).args(folders);
    command
}

fn semgrep(places: &Places, folders: &[PathBuf]) -> Command {
    let mut command = python_tool(places, "semgrep");
    command
        .args(["scan", "--json", "--quiet", "--no-git-ignore"])
        .args(["--metrics", "off", "--disable-version-check"])
        .arg("--config")
        .arg(&places.semgrep_rules)
        .args(folders);
    command
}

fn ast_grep(places: &Places, folders: &[PathBuf]) -> Command {
    let mut command = python_tool(places, "ast-grep");
    command
        .args(["scan", "--json=stream", "--no-ignore", "vcs", "--config"])
        .arg(places.rules.join("ast-grep/sgconfig.yml"))
        .args(folders);
    command
}

fn foxguard(places: &Places, folders: &[PathBuf]) -> Command {
    let mut command = Command::new(places.crate_programs.join("foxguard"));
    command.args(["--format", "json"]).args(folders);
    command
}

fn caveat(places: &Places, folders: &[PathBuf]) -> Command {
    let mut command = Command::new(&places.caveat);
    command.args(&places.caveat_args).args(folders);
    command
}

/// A program of the virtual environment, which must also find its siblings: semgrep starts some.
fn python_tool(places: &Places, name: &str) -> Command {
    let mut command = Command::new(places.python_programs.join(name));
    command.env("PATH", path_with(&places.python_programs));
    command
}

fn path_with(first: &Path) -> std::ffi::OsString {
    let old = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(first.to_owned()).chain(std::env::split_paths(&old));
    std::env::join_paths(folders).unwrap_or(old)
}
