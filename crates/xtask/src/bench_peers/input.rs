//! The folders of one comparison: their size, read once so that the disk cache is warm for all.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Folders that every tool scans in one run.
pub struct Input {
    /// Absolute paths.
    pub folders: Vec<PathBuf>,
    /// Python files.
    pub python: Size,
    /// Rust files.
    pub rust: Size,
}

/// How much code of one language there is.
#[derive(Default)]
pub struct Size {
    /// Number of files.
    pub files: usize,
    /// Number of line ends in them.
    pub lines: usize,
}

impl Input {
    /// Reads all source files below the folders; a folder that cannot be read is an error.
    pub fn read(folders: &[PathBuf]) -> anyhow::Result<Self> {
        let mut input = Self {
            folders: Vec::new(),
            python: Size::default(),
            rust: Size::default(),
        };
        for folder in folders {
            let absolute = folder
                .canonicalize()
                .with_context(|| format!("cannot read {}", folder.display()))?;
            input.add(&absolute)?;
            input.folders.push(absolute);
        }
        Ok(input)
    }

    /// Whether Python tools have most of the work; a Rust project may have a few scripts.
    pub fn is_mostly_python(&self) -> bool {
        self.python.lines > self.rust.lines
    }

    fn add(&mut self, folder: &Path) -> anyhow::Result<()> {
        let entries =
            fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            // Of the entry itself, so that links, which may lead round in a circle, are left out.
            let kind = entry.file_type()?;
            if kind.is_dir() {
                self.add(&entry.path())?;
            } else if kind.is_file() {
                self.add_file(&entry.path())?;
            }
        }
        Ok(())
    }

    fn add_file(&mut self, path: &Path) -> anyhow::Result<()> {
        let size = match path.extension().and_then(|name| name.to_str()) {
            Some("py" | "pyi") => &mut self.python,
            Some("rs") => &mut self.rust,
            _ => return Ok(()),
        };
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        size.files += 1;
        size.lines += bytes.iter().filter(|byte| **byte == b'\n').count();
        Ok(())
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self
            .folders
            .iter()
            .map(|folder| folder.file_name().unwrap_or_default().to_string_lossy())
            .collect();
        write!(f, "{}:", names.join(" + "))?;
        for (name, size) in [("Python", &self.python), ("Rust", &self.rust)] {
            if size.files > 0 {
                write!(f, " {} {name} files of {} lines;", size.files, size.lines)?;
            }
        }
        Ok(())
    }
}
