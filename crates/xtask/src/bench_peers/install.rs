//! Brings the tools below `target/peers`: a virtual environment and a root for `cargo install`.
//!
//! What is there is kept. A tool that cannot be installed is named and left out: a comparison with
//! the rest is better than none.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::Arguments;
use super::tools::{Origin, Places, Tool};
use crate::{process, workspace};

/// What can be measured.
pub struct Setup {
    /// Where things are.
    pub places: Places,
    /// The tools that are there, with what they print for `--version`.
    pub ready: Vec<(&'static Tool, String)>,
}

/// Installs what is missing of the chosen tools; none at all is an error.
pub fn install(arguments: &Arguments, tools: &[&'static Tool]) -> anyhow::Result<Setup> {
    let home = workspace().join("target/peers");
    if arguments.reinstall && home.exists() {
        fs::remove_dir_all(&home).with_context(|| format!("cannot empty {}", home.display()))?;
    }
    let places = places(arguments, &home)?;
    let mut ready = Vec::new();
    for tool in tools {
        match bring(tool, &places, &home) {
            Ok(version) => ready.push((*tool, version)),
            Err(error) => eprintln!("{} is left out: {error:#}", tool.name),
        }
    }
    if ready.is_empty() {
        bail!("no tool to measure");
    }
    Ok(Setup { places, ready })
}

fn places(arguments: &Arguments, home: &Path) -> anyhow::Result<Places> {
    let rules = workspace().join("benches/peers");
    let semgrep_rules = match &arguments.semgrep_rules {
        Some(path) => path
            .canonicalize()
            .with_context(|| format!("cannot read {}", path.display()))?,
        None => rules.join("semgrep"),
    };
    let programs = if cfg!(windows) { "Scripts" } else { "bin" };
    let words = arguments.caveat_args.split_whitespace().map(str::to_owned);
    Ok(Places {
        python_programs: home.join("venv").join(programs),
        crate_programs: home.join("bin"),
        caveat: workspace().join(&arguments.caveat),
        caveat_args: words.collect(),
        rules,
        semgrep_rules,
    })
}

/// Installs one tool if it is not there, and returns its version.
fn bring(tool: &Tool, places: &Places, home: &Path) -> anyhow::Result<String> {
    let program = tool.program(places);
    if !program.exists() {
        match tool.origin {
            Origin::Python => python(tool, places, home)?,
            Origin::Crate(version) => cargo_install(tool, version, home)?,
            Origin::Ours => bail!("no {}; `cargo build --release` makes it", program.display()),
        }
    }
    process::first_line(Command::new(&program).arg("--version"))
        .with_context(|| format!("{} --version prints nothing", program.display()))
}

fn python(tool: &Tool, places: &Places, home: &Path) -> anyhow::Result<()> {
    let venv = home.join("venv");
    if !venv.exists() {
        process::must(
            Command::new(python_program())
                .args(["-m", "venv"])
                .arg(&venv),
        )?;
    }
    let pins = places.rules.join("requirements.txt");
    let pin = pin(&fs::read_to_string(&pins)?, tool.name)
        .with_context(|| format!("{} does not pin {}", pins.display(), tool.name))?;
    process::must(
        Command::new(places.python_programs.join("python"))
            .args(["-m", "pip", "install", "--quiet", &pin]),
    )
}

/// The line that pins this tool, whose package may add a suffix to its name.
fn pin(pins: &str, tool: &str) -> Option<String> {
    let mut lines = pins.lines().filter(|line| !line.starts_with('#'));
    let line = lines.find(|line| {
        line.split("==").next().is_some_and(|name| {
            name == tool || name.strip_suffix("-cli").is_some_and(|name| name == tool)
        })
    });
    line.map(str::to_owned)
}

fn cargo_install(tool: &Tool, version: &str, home: &Path) -> anyhow::Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    process::must(
        // caveat: ignore[runtime-package-install] installing peers is what this chore is for
        Command::new(cargo)
            .args(["install", "--quiet", "--locked", "--root"])
            .arg(home)
            .args(["--version", version, tool.name])
            // Not our profile, lints or target folder.
            .current_dir(home.parent().unwrap_or(home))
            .env("CARGO_TARGET_DIR", home.join("build")),
    )
}

/// The Python to make virtual environments with: `PYTHON`, or the usual name.
pub fn python_program() -> PathBuf {
    let usual = if cfg!(windows) { "python" } else { "python3" };
    env::var_os("PYTHON").map_or_else(|| usual.into(), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench_peers::tools::TOOLS;

    #[test]
    fn every_python_tool_is_pinned() {
        let pins = fs::read_to_string(workspace().join("benches/peers/requirements.txt"))
            .expect("requirements.txt is committed");
        for tool in TOOLS.iter().filter(|tool| tool.origin == Origin::Python) {
            let pin = pin(&pins, tool.name).unwrap_or_default();
            assert!(pin.contains("=="), "{} is not pinned", tool.name);
        }
    }
}
