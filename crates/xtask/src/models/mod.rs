//! `cargo xtask models`: looks up the names of the model files in the real libraries.
//!
//! Python names are found by importing the libraries, Rust names in the sources of the crates.
//! What is not installed is named and left out, so that the chore works anywhere; `--install`
//! fetches the pinned versions of all of them below `target/`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use clap::Args;

use crate::workspace;

/// The pinned Python libraries.
const REQUIREMENTS: &str = "crates/xtask/src/models/requirements.txt";

/// Arguments of the chore.
#[derive(Args)]
pub struct Arguments {
    /// A Python that has PyYAML, and the libraries to look names up in.
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// First make an environment with the pinned libraries, below `target/`, and use that.
    #[arg(long)]
    install: bool,
    /// The sources of crates; by default those that cargo has fetched.
    #[arg(long)]
    registry: Option<PathBuf>,
}

/// Runs the chore.
///
/// # Errors
/// When a name does not exist, or Python cannot be started.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let python = match arguments.install {
        true => install(&arguments.python)?,
        false => arguments.python,
    };
    let registry = match arguments.registry {
        Some(registry) => registry,
        None => cargo_home()?.join("registry/src"),
    };
    let models = workspace().join("rules/models");
    let python_is_right = lookup(&python, "names.py", &[&models.join("python")])?;
    let rust_is_right = lookup(
        &python,
        "crate_names.py",
        &[&models.join("rust"), &registry],
    )?;
    if !(python_is_right && rust_is_right) {
        bail!("some rows name what does not exist");
    }
    Ok(())
}

fn cargo_home() -> anyhow::Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    let home = std::env::var_os("HOME").context("neither CARGO_HOME nor HOME is set")?;
    Ok(Path::new(&home).join(".cargo"))
}

/// Runs one of the scripts; true if every name was found.
fn lookup(python: &Path, script: &str, paths: &[&Path]) -> anyhow::Result<bool> {
    let script = workspace().join("crates/xtask/src/models").join(script);
    let status = Command::new(python)
        .args(["-W", "ignore"])
        .arg(script)
        .args(paths)
        .status();
    let status = status.with_context(|| format!("cannot start {}", python.display()))?;
    Ok(status.success())
}

/// Makes the environment and fetches the crates.
fn install(python: &Path) -> anyhow::Result<PathBuf> {
    let crates = workspace().join("target/models-crates");
    std::fs::create_dir_all(&crates)?;
    let manifest = workspace().join("crates/xtask/src/models/crates.toml");
    std::fs::copy(manifest, crates.join("Cargo.toml"))?;
    std::fs::write(crates.join("lib.rs"), "")?;
    let mut fetch = Command::new("cargo");
    fetch.arg("fetch").current_dir(&crates);
    let folder = workspace().join("target/models-venv");
    let made = folder.join("bin/python");
    let mut environment = Command::new(python);
    environment.args(["-m", "venv"]).arg(&folder);
    let mut libraries = Command::new(&made);
    libraries.args(["-m", "pip", "install", "--quiet", "--requirement"]);
    libraries.arg(workspace().join(REQUIREMENTS));
    for mut step in [environment, libraries, fetch] {
        let status = step.status().context("cannot start Python or cargo")?;
        if !status.success() {
            bail!("the libraries could not be fetched");
        }
    }
    Ok(made)
}
