use axum::Json;
use axum::extract::{Path, Query};
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Deserialize)]
struct Hook {
    url: String,
    host: String,
}

async fn fetched(Json(hook): Json<Hook>) {
    reqwest::get(&hook.url).await.ok(); // expect: ssrf
}

async fn by_client(Json(hook): Json<Hook>) {
    let client = reqwest::Client::new();
    client.post(&hook.url).json(&1).send().await.ok(); // expect: ssrf
}

async fn by_built_client(Json(hook): Json<Hook>) -> Option<()> {
    let client = reqwest::Client::builder().build().ok()?;
    client.get(hook.url).send().await.ok(); // expect: ssrf
    None
}

async fn by_state(client: axum::extract::State<reqwest::Client>, Json(hook): Json<Hook>) {
    client.get(&hook.url).send().await.ok(); // expect: ssrf
}

async fn host(Query(q): Query<HashMap<String, String>>) -> Option<()> {
    let host = q.get("host")?;
    reqwest::get(format!("http://{host}/status")).await.ok(); // expect: ssrf
    None
}

async fn blocking(Path(url): Path<String>) {
    reqwest::blocking::get(&url).ok(); // expect: ssrf
}

async fn parsed(Json(hook): Json<Hook>) -> Option<()> {
    let url = url::Url::parse(&hook.url).ok()?;
    reqwest::get(url).await.ok(); // expect: ssrf
    None
}

async fn wrong_check(Json(hook): Json<Hook>) {
    if hook.url.starts_with("https://") {
        reqwest::get(&hook.url).await.ok(); // expect: ssrf
    }
}

async fn by_ureq(Json(hook): Json<Hook>) {
    ureq::get(&hook.url).call().ok(); // expect: ssrf
}

async fn by_connection(Json(hook): Json<Hook>) {
    tokio::net::TcpStream::connect(format!("{}:80", hook.host)).await.ok(); // expect: ssrf
}

async fn by_hyper(Json(hook): Json<Hook>) {
    let _ = hyper::Request::get(&hook.url); // expect: ssrf
}

struct Fetcher {
    client: reqwest::Client,
}

impl Fetcher {
    async fn fetch(&self, url: &str) -> Option<String> {
        self.client.get(url).send().await.ok()?.text().await.ok() // expect: ssrf
    }
}

async fn by_service(fetcher: actix_web::web::Data<Fetcher>, hook: actix_web::web::Json<Hook>) {
    fetcher.fetch(&hook.url).await;
}
