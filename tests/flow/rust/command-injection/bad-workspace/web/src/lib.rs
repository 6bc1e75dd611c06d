use actix_web::web;
use jobs::{Runner, prelude::*};

#[derive(serde::Deserialize)]
pub struct Task {
    host: String,
    tool: String,
}

#[actix_web::post("/ping")]
pub async fn ping(task: web::Json<Task>) -> String {
    jobs::ping(&task.host);
    String::new()
}

pub async fn tool(task: web::Json<Task>) {
    Runner::default().start(&task.tool);
}

pub async fn traced(task: web::Form<Task>) {
    let task = task.into_inner();
    Shell.execute(&format!("traceroute {}", task.host));
}
