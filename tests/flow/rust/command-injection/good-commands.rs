use axum::Json;
use axum::extract::{Path, Query};
use serde::Deserialize;
use std::process::Command;

#[derive(Deserialize)]
struct Job {
    host: String,
    tool: String,
    count: u8,
    address: std::net::IpAddr,
}

async fn argument(Query(job): Query<Job>) {
    Command::new("ping").arg("-c").arg("1").arg(&job.host).output().ok(); // fine: no shell
}

async fn number(Query(job): Query<Job>) {
    Command::new("sh").arg("-c").arg(format!("sleep {}", job.count)).status().ok(); // fine: a number
}

async fn address(Query(job): Query<Job>) {
    Command::new("sh").arg("-c").arg(format!("ping {}", job.address)).status().ok(); // fine: an address
}

async fn chosen(Json(job): Json<Job>) {
    let program = match job.tool.as_str() {
        "gzip" => "/usr/bin/gzip",
        "xz" => "/usr/bin/xz",
        _ => return,
    };
    Command::new(program).status().ok(); // fine: one of the constants
}

async fn listed(Json(job): Json<Job>) {
    let allowed = ["ls", "df"];
    if !allowed.contains(&job.tool.as_str()) {
        return;
    }
    Command::new(&job.tool).status().ok(); // fine: one of the constants
}

async fn word(Path(host): Path<String>) -> Result<(), String> {
    if !host.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err("no host".into());
    }
    Command::new("sh").arg("-c").arg(format!("ping {host}")).output().ok(); // fine: a word
    Ok(())
}

async fn parsed(Path(host): Path<String>) -> Option<()> {
    let address: std::net::Ipv4Addr = host.parse().ok()?;
    Command::new("sh").arg("-c").arg(format!("ping {address}")).output().ok(); // fine: an address
    None
}

async fn quoted(Path(host): Path<String>) -> Option<()> {
    let host = shlex::try_quote(&host).ok()?;
    Command::new("sh").arg("-c").arg(format!("ping {host}")).output().ok(); // fine: quoted
    None
}

async fn constant(Path(host): Path<String>) {
    println!("{host}");
    Command::new("sh").arg("-c").arg("uptime").output().ok(); // fine: nothing of the sender
}

async fn by_environment(Path(host): Path<String>) {
    Command::new("sh").arg("-c").arg("ping \"$HOST\"").env("HOST", host).output().ok(); // fine: not part of the line
}

enum Tool {
    List,
    Disk,
}

impl Tool {
    fn program(&self) -> &'static str {
        match self {
            Tool::List => "ls",
            Tool::Disk => "df",
        }
    }
}

fn find(name: &str) -> Option<Tool> {
    match name {
        "list" => Some(Tool::List),
        "disk" => Some(Tool::Disk),
        _ => None,
    }
}

async fn found(Path(name): Path<String>) -> Option<()> {
    let tool = find(&name)?;
    Command::new(tool.program()).status().ok(); // fine: one of the constants
    None
}
