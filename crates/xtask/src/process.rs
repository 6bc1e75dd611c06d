//! Running other programs: to the end or with an error, and with their cost.

use std::io;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use wait4::Wait4;

/// What one run of a program cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// User and system time, together with the descendants it waited for.
    pub cpu: Duration,
    /// Time from start to end.
    pub wall: Duration,
    /// Peak resident memory, in bytes, of the largest single process among it and its descendants.
    pub peak: u64,
}

/// Runs a chore's step with the terminal as it is; anything but success is an error.
pub fn must(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", show(command)))?;
    if !status.success() {
        bail!("{status}: {}", show(command));
    }
    Ok(())
}

/// Runs to the end and measures; output goes where `command` says.
pub fn measured(command: &mut Command) -> io::Result<(ExitStatus, Cost)> {
    let start = Instant::now();
    let ended = command.spawn()?.wait4()?;
    let cost = Cost {
        cpu: ended.rusage.utime + ended.rusage.stime,
        wall: start.elapsed(),
        peak: ended.rusage.maxrss,
    };
    Ok((ended.status, cost))
}

/// Runs for at most `limit`, then kills; `None` means it was killed.
pub fn limited(command: &mut Command, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    let mut child = command.spawn()?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// The first line a program prints, or nothing: for versions.
pub fn first_line(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().next().map(|line| line.trim().to_owned())
}

/// The command as a person would type it, roughly.
pub fn show(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(command.get_args().map(|word| word.to_string_lossy()));
    words.join(" ")
}
