pub mod net;

use std::process::Command;

#[derive(Default)]
pub struct Runner;

impl Runner {
    pub fn start(&self, tool: &str) {
        Command::new(tool).spawn().ok(); // expect: command-injection
    }
}

pub trait Execute {
    fn execute(&self, line: &str);
}

pub struct Shell;

impl Execute for Shell {
    fn execute(&self, line: &str) {
        Command::new("sh").arg("-c").arg(line).spawn().ok(); // expect: command-injection
    }
}
