//! `cargo xtask ready`: the checks of CI, in its order, stopping at the first that fails.
//!
//! CI calls this chore, so that there is one list. It must need nothing but the toolchain.

use std::env;
use std::process::Command;

use crate::{process, workspace};

/// Arguments of `ready`: none so far.
#[derive(clap::Args)]
pub struct Arguments {}

const STEPS: &[&[&str]] = &[
    &["fmt", "--all", "--check"],
    &[
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ],
    &["test", "--workspace", "--locked"],
];

/// Runs the steps; the first failure is the error.
pub fn run(_: &Arguments) -> anyhow::Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    for step in STEPS {
        eprintln!("ready: cargo {}", step.join(" "));
        process::must(Command::new(&cargo).args(*step).current_dir(workspace()))?;
    }
    eprintln!("ready");
    Ok(())
}
