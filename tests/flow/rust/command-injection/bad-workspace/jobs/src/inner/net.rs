use std::process::Command;

pub fn ping(host: &str) {
    let line = format!("ping -c 1 {host}");
    Command::new("sh").arg("-c").arg(line).output().ok(); // expect: command-injection
}
