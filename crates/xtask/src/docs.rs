//! `cargo xtask docs`: the page docs/rules.md, as `caveat rules --format markdown` prints it.

use std::env;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::{process, workspace};

/// Arguments of `docs`: none so far.
#[derive(clap::Args)]
pub struct Arguments {}

/// Writes the page; a failure to build caveat is the error.
pub fn run(_: &Arguments) -> anyhow::Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let words = "run --quiet --package caveat-cli -- rules --format markdown";
    let mut command = Command::new(cargo);
    command
        .args(words.split(' '))
        .current_dir(workspace())
        .stderr(Stdio::inherit());
    let output = command
        .output()
        .with_context(|| format!("cannot start {}", process::show(&command)))?;
    ensure!(output.status.success(), "{}", process::show(&command));
    let page = workspace().join("docs/rules.md");
    std::fs::write(&page, output.stdout).with_context(|| format!("cannot write {}", page.display()))
}
