use axum::Json;
use axum::extract::{Path, Query};
use serde::Deserialize;
use std::process::Command;

#[derive(Deserialize)]
struct Job {
    host: String,
    tool: String,
    args: Vec<String>,
}

async fn shell(Query(job): Query<Job>) {
    Command::new("sh").arg("-c").arg(format!("ping {}", job.host)).output().ok(); // expect: command-injection
}

async fn shell_args(Query(job): Query<Job>) {
    Command::new("/bin/bash").args(["-c", &job.host]).output().ok(); // expect: command-injection
}

async fn shell_in_steps(Query(job): Query<Job>) {
    let mut command = Command::new("sh");
    command.arg("-c");
    command.arg(&job.host); // expect: command-injection
    command.status().ok();
}

async fn program(Json(job): Json<Job>) {
    Command::new(&job.tool).spawn().ok(); // expect: command-injection
}

async fn program_in_folder(Path(tool): Path<String>) {
    let path = format!("/usr/bin/{tool}");
    Command::new(path).spawn().ok(); // expect: command-injection
}

async fn async_shell(Query(job): Query<Job>) {
    tokio::process::Command::new("sh").arg("-c").arg(&job.host).output().await.ok(); // expect: command-injection
}

async fn windows(Query(job): Query<Job>) {
    Command::new("cmd").args(["/C", &job.host]).output().ok(); // expect: command-injection
}

fn run(line: &str) -> std::io::Result<std::process::Output> {
    Command::new("sh").arg("-c").arg(line).output() // expect: command-injection
}

async fn helped(Query(job): Query<Job>) {
    run(&format!("nslookup {}", job.host)).ok();
}

async fn joined(Json(job): Json<Job>) {
    let line = job.args.join(" ");
    Command::new("sh").args(vec!["-c".to_string(), line]).status().ok(); // expect: command-injection
}

#[rocket::get("/ping/<host>")]
fn rocket_ping(host: &str) -> String {
    let out = Command::new("sh").arg("-c").arg(format!("ping {host}")).output(); // expect: command-injection
    format!("{:?}", out.is_ok())
}

trait Runner {
    fn run(&self, line: &str);
}

struct Shell;

impl Runner for Shell {
    fn run(&self, line: &str) {
        Command::new("sh").arg("-c").arg(line).status().ok(); // expect: command-injection
    }
}

async fn by_trait(Query(job): Query<Job>) {
    let runner: Box<dyn Runner> = Box::new(Shell);
    runner.run(&job.host);
}

fn generic<R: Runner>(runner: &R, line: &str) {
    runner.run(line);
}

async fn blocking(job: actix_web::web::Json<Job>) {
    actix_web::web::block(move || {
        Command::new("sh").arg("-c").arg(&job.host).output() // expect: command-injection
    })
    .await
    .ok();
}
