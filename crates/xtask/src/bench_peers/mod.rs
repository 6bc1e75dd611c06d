//! `cargo xtask bench-peers DIR...`: what caveat costs beside other tools.
//!
//! Every tool scans every folder several times, in rounds, so that a busy moment of the machine
//! hits all of them; ratios are taken within a round, and their median is shown. Tools are
//! installed below `target/peers`, at the versions pinned here and in `benches/peers`.
//! Output is thrown away: what the tools find is not compared here.

mod input;
mod install;
mod table;
mod tools;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::bail;

pub use self::input::Input;
pub use self::install::python_program;
use self::table::Sample;
use self::tools::{TOOLS, Tool};
use crate::{process, workspace};

/// Arguments of `bench-peers`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Folders to scan, one after the other.
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// Scan all folders in one run of each tool.
    #[arg(long)]
    together: bool,
    /// Number of rounds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Rounds in which the slow tools (bandit, semgrep, foxguard) take part: the first ones.
    #[arg(long, default_value_t = 1)]
    slow_runs: u32,
    /// Only these tools, comma-separated; the baseline and caveat must be named too if wanted.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The tool whose cost is 1 in the table; without it ruff, or ast-grep where most is Rust.
    #[arg(long)]
    baseline: Option<String>,
    /// A folder or file of Semgrep rules, instead of the eight patterns per language.
    #[arg(long)]
    semgrep_rules: Option<PathBuf>,
    /// The binary to compare.
    #[arg(long, default_value = "target/release/caveat")]
    caveat: PathBuf,
    /// How caveat is called; the folders follow.
    #[arg(long, default_value = "scan --format json --exit-zero")]
    caveat_args: String,
    /// Throw away what is below `target/peers` first.
    #[arg(long)]
    reinstall: bool,
}

/// Installs, measures and prints.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let chosen = chosen(&arguments)?;
    let setup = install::install(&arguments, &chosen)?;
    for (tool, version) in &setup.ready {
        println!("{:9} {version}", tool.name);
    }
    for input in inputs(&arguments)? {
        let tools: Vec<_> = setup
            .ready
            .iter()
            .map(|(tool, _)| *tool)
            .filter(|tool| tool.suits(&input))
            .collect();
        println!("\n{input}");
        let samples = rounds(&arguments, &setup.places, &tools, &input);
        table::print(&tools, &samples, arguments.baseline.as_deref(), &input);
    }
    Ok(())
}

fn chosen(arguments: &Arguments) -> anyhow::Result<Vec<&'static Tool>> {
    let names = arguments.only.iter().chain(&arguments.baseline);
    for name in names {
        if !TOOLS.iter().any(|tool| tool.name == name) {
            let known: Vec<_> = TOOLS.iter().map(|tool| tool.name).collect();
            bail!("no tool `{name}`; there are {}", known.join(", "));
        }
    }
    let wanted = |tool: &&Tool| {
        arguments.only.is_empty() || arguments.only.iter().any(|name| name == tool.name)
    };
    Ok(TOOLS.iter().filter(wanted).collect())
}

fn inputs(arguments: &Arguments) -> anyhow::Result<Vec<Input>> {
    if arguments.together {
        return Ok(vec![Input::read(&arguments.folders)?]);
    }
    let each = arguments.folders.chunks(1).map(Input::read);
    each.collect()
}

/// Runs all tools in each round, the first one being another every time.
fn rounds(
    arguments: &Arguments,
    places: &tools::Places,
    tools: &[&'static Tool],
    input: &Input,
) -> Vec<Sample> {
    let mut samples = Vec::new();
    for round in 0..arguments.runs {
        for turn in 0..tools.len() {
            let tool = tools[(turn + round as usize) % tools.len()];
            if tool.slow && round >= arguments.slow_runs {
                continue;
            }
            progress(&format!(
                "round {} of {}: {}",
                round + 1,
                arguments.runs,
                tool.name
            ));
            samples.extend(once(tool, places, input, round));
        }
    }
    progress("");
    samples
}

/// Overwrites one line of the terminal; nothing if it is none.
fn progress(words: &str) {
    if io::stderr().is_terminal() {
        eprint!("\r{words:40}\r");
    }
}

/// One run; a tool that does not end with 0 or 1 is named, and its figures do not count.
fn once(tool: &'static Tool, places: &tools::Places, input: &Input, round: u32) -> Option<Sample> {
    let mut command = (tool.command)(places, &input.folders);
    command
        .current_dir(workspace())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match process::measured(&mut command) {
        Ok((status, cost)) if matches!(status.code(), Some(0 | 1)) => Some(Sample {
            tool: tool.name,
            round,
            cost,
        }),
        Ok((status, _)) => {
            eprintln!("{status}: {}", process::show(&command));
            None
        }
        Err(error) => {
            eprintln!("{error}: {}", process::show(&command));
            None
        }
    }
}
