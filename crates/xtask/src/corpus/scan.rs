//! One binary over one project.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

use super::findings::{self, Finding};
use crate::bench_peers::Input;
use crate::{process, workspace};

/// A folder of real code.
pub struct Project {
    /// Short name for output.
    pub name: String,
    folder: PathBuf,
    /// Lines of Python and Rust.
    pub lines: usize,
}

impl Project {
    /// A project under a name of its own; a folder that cannot be read is an error.
    pub fn new(name: &str, folder: &Path) -> anyhow::Result<Self> {
        let input = Input::read(&[folder.to_owned()])?;
        let folder = folder.canonicalize()?;
        let lines = input.python.lines + input.rust.lines;
        Ok(Self {
            name: name.to_owned(),
            folder,
            lines,
        })
    }

    /// A project named after its folder.
    pub fn at(folder: &Path) -> anyhow::Result<Self> {
        let absolute = folder
            .canonicalize()
            .with_context(|| format!("cannot read {}", folder.display()))?;
        let name = absolute.file_name().unwrap_or_default().to_string_lossy();
        Self::new(&name, &absolute)
    }
}

/// A binary and the way to call it.
pub struct Scanner {
    binary: PathBuf,
    arguments: Vec<String>,
    limit: Duration,
    output: PathBuf,
}

/// What came out.
pub struct Scan {
    /// The project's name.
    pub project: String,
    /// Findings in the order of the report, or why there are none: words for a person.
    pub findings: Result<Vec<Finding>, String>,
    wall: Duration,
}

impl Scanner {
    /// A binary, relative to the workspace or the current folder; one that is missing is an error.
    pub fn new(binary: &Path, arguments: &str, limit: Duration) -> anyhow::Result<Self> {
        let binary = binary
            .canonicalize()
            .or_else(|_| workspace().join(binary).canonicalize())
            .with_context(|| format!("no binary {}", binary.display()))?;
        let folder = workspace().join("target/corpus");
        fs::create_dir_all(&folder)?;
        let arguments = arguments.split_whitespace().map(str::to_owned).collect();
        let output = folder.join("report.json");
        Ok(Self {
            binary,
            arguments,
            limit,
            output,
        })
    }

    /// Scans inside the project's folder, so that paths do not depend on where that is.
    pub fn scan(&self, project: &Project) -> Scan {
        let start = Instant::now();
        let findings = self.findings(project).map_err(|error| format!("{error:#}"));
        Scan {
            project: project.name.clone(),
            findings,
            wall: start.elapsed(),
        }
    }

    fn findings(&self, project: &Project) -> anyhow::Result<Vec<Finding>> {
        let errors = self.output.with_extension("txt");
        let mut command = Command::new(&self.binary);
        command
            .args(&self.arguments)
            .current_dir(&project.folder)
            .stdin(Stdio::null())
            .stdout(File::create(&self.output)?)
            .stderr(File::create(&errors)?);
        let status = process::limited(&mut command, self.limit)?
            .with_context(|| format!("no end after {} s", self.limit.as_secs()))?;
        if !matches!(status.code(), Some(0 | 1)) {
            let words = fs::read(&errors)?;
            anyhow::bail!("{status}: {}", String::from_utf8_lossy(&words).trim());
        }
        findings::read(&fs::read_to_string(&self.output)?)
    }
}

impl fmt::Display for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:16} {:>6.2} s  ",
            self.project,
            self.wall.as_secs_f64()
        )?;
        match &self.findings {
            Ok(findings) => write!(f, "{} findings", findings.len()),
            Err(error) => write!(f, "FAILED: {error}"),
        }
    }
}

/// The scans that did not end well, in words.
pub fn failures(scans: &[Scan]) -> Vec<String> {
    let failed = scans.iter().filter(|scan| scan.findings.is_err());
    failed.map(ToString::to_string).collect()
}
