//! The binary `caveat`: reads the command line, runs one command, turns its outcome into an exit
//! code.

use std::io::Write;
use std::process::ExitCode;

use caveat_cli::args::{Cli, Command};
use caveat_cli::{catalog, explain, fixtures, output, routes, scan};
use clap::{CommandFactory, Parser};

/// Could not do the job.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        // The reader of a pipe went away: nobody is left to tell.
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed, too; then the exit code must do.
            let _ = writeln!(std::io::stderr(), "caveat: error: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}

/// Runs a command; false if there is something to act upon.
fn run(command: Command) -> anyhow::Result<bool> {
    match command {
        Command::Scan(args) => scan::run(&args),
        Command::Routes(args) => routes::run(&args),
        Command::Rules(args) => catalog::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Test(args) => fixtures::run(&args),
        Command::Completions { shell } => completions(shell),
        Command::Man { command } => manual(command.as_deref()),
    }
}

fn completions(shell: clap_complete::Shell) -> anyhow::Result<bool> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "caveat", &mut script);
    output::print(&script)?;
    Ok(true)
}

fn manual(command: Option<&str>) -> anyhow::Result<bool> {
    let mut cli = Cli::command();
    cli.build();
    let page = match command {
        None => cli,
        Some(name) => {
            let known = cli.find_subcommand(name).cloned();
            let found = known.ok_or_else(|| anyhow::anyhow!("there is no command `{name}`"))?;
            found.display_name(format!("caveat-{name}"))
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text)?;
    output::print(&text)?;
    Ok(true)
}
