use axum::Json;
use axum::extract::{Path, Query};
use axum::response::Html;
use serde::Deserialize;

#[derive(Deserialize)]
struct Comment {
    text: String,
    stars: u8,
}

async fn plain(Path(name): Path<String>) -> String {
    format!("<h1>{name}</h1>") // fine: plain text
}

async fn json(Path(name): Path<String>) -> Json<serde_json::Value> {
    Json(serde_json::json!({ "name": name })) // fine: no page
}

async fn escaped(Query(q): Query<Comment>) -> Html<String> {
    Html(format!("<p>{}</p>", html_escape::encode_safe(&q.text))) // fine: escaped
}

async fn cleaned(Query(q): Query<Comment>) -> Html<String> {
    Html(ammonia::clean(&q.text)) // fine: scripts are removed
}

async fn number(Query(q): Query<Comment>) -> Html<String> {
    Html(format!("<p>{}</p>", q.stars)) // fine: a number
}

async fn by_hand(Query(q): Query<Comment>) -> Html<String> {
    let text = q.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;");
    Html(format!("<p>{text}</p>")) // fine: escaped
}

async fn by_maud(Query(q): Query<Comment>) -> Html<String> {
    let page = maud::html! { p { (q.text) } };
    Html(page.into_string()) // fine: maud escapes
}

async fn text_type(q: actix_web::web::Query<Comment>) -> actix_web::HttpResponse {
    actix_web::HttpResponse::Ok().content_type("text/plain").body(q.text.clone()) // fine: plain text
}

async fn constant() -> Html<&'static str> {
    Html("<p>hello</p>") // fine: a constant
}
