use axum::Json;
use axum::extract::{Path, Query};
use serde::Deserialize;

#[derive(Deserialize)]
struct Hook {
    url: String,
    id: u64,
}

const API: &str = "https://api.example.com";

async fn fixed_host(Path(name): Path<String>) {
    reqwest::get(format!("https://api.example.com/users/{name}")).await.ok(); // fine: the host is fixed
}

async fn constant_host(Path(name): Path<String>) {
    reqwest::get(format!("{API}/users/{name}")).await.ok(); // fine: the host is fixed
}

async fn number(Json(hook): Json<Hook>) {
    reqwest::get(format!("https://api.example.com/{}", hook.id)).await.ok(); // fine: a number
}

async fn allowed(Json(hook): Json<Hook>) -> Option<()> {
    let url = url::Url::parse(&hook.url).ok()?;
    let hosts = ["a.example.com", "b.example.com"];
    if !hosts.contains(&url.host_str()?) {
        return None;
    }
    reqwest::get(url).await.ok(); // fine: the host was compared
    None
}

async fn compared(Json(hook): Json<Hook>) -> Option<()> {
    let url = url::Url::parse(&hook.url).ok()?;
    match url.host_str() {
        Some("a.example.com") => {}
        _ => return None,
    }
    reqwest::get(url).await.ok(); // fine: the host was compared
    None
}

async fn whole(Json(hook): Json<Hook>) {
    if hook.url == "https://a.example.com/" {
        reqwest::get(&hook.url).await.ok(); // fine: one of the constants
    }
}

async fn prefixed(Json(hook): Json<Hook>) {
    if hook.url.starts_with("https://a.example.com/") {
        reqwest::get(&hook.url).await.ok(); // fine: the host is in the prefix
    }
}

async fn query(Query(hook): Query<Hook>) {
    let client = reqwest::Client::new();
    client.get("https://api.example.com").query(&[("q", &hook.url)]).send().await.ok(); // fine: a parameter
}

async fn body(Json(hook): Json<Hook>) {
    let client = reqwest::Client::new();
    client.post("https://api.example.com").body(hook.url).send().await.ok(); // fine: the body
}

async fn map_get(Json(hook): Json<Hook>) -> Option<String> {
    let map = std::collections::HashMap::<String, String>::new();
    map.get(&hook.url).cloned() // fine: no request
}

async fn chosen(Path(name): Path<String>) {
    let base = match name.as_str() {
        "a" => "https://a.example.com",
        _ => "https://b.example.com",
    };
    reqwest::get(base).await.ok(); // fine: one of the constants
}
