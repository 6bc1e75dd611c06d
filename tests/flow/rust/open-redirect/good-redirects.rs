use axum::extract::{Path, Query};
use axum::response::Redirect;
use serde::Deserialize;

#[derive(Deserialize)]
struct Next {
    next: String,
}

async fn constant() -> Redirect {
    Redirect::to("/home") // fine: a constant
}

async fn own_page(Path(name): Path<String>) -> Redirect {
    Redirect::to(&format!("/users/{name}")) // fine: a page of the same server
}

async fn number(Path(id): Path<u32>) -> Redirect {
    Redirect::to(&format!("/items/{id}")) // fine: a number
}

async fn listed(Query(q): Query<Next>) -> Redirect {
    let known = ["/a", "/b"];
    if known.contains(&q.next.as_str()) {
        return Redirect::to(&q.next); // fine: one of the constants
    }
    Redirect::to("/")
}

async fn allowed(Query(q): Query<Next>) -> Option<Redirect> {
    let url = url::Url::parse(&q.next).ok()?;
    if url.host_str() != Some("example.com") {
        return None;
    }
    Some(Redirect::to(url.as_str())) // fine: the host was compared
}

async fn chosen(Query(q): Query<Next>) -> Redirect {
    match q.next.as_str() {
        "admin" => Redirect::to("/admin"), // fine: a constant
        _ => Redirect::to("/"),
    }
}

async fn encoded(Query(q): Query<Next>) -> Redirect {
    Redirect::to(&format!("/login?next={}", urlencoding::encode(&q.next))) // fine: a parameter of a fixed page
}
