use axum::extract::{Form, Path, Query};
use axum::response::Html;
use serde::Deserialize;

#[derive(Deserialize)]
struct Comment {
    text: String,
}

async fn page(Path(name): Path<String>) -> Html<String> {
    Html(format!("<h1>{name}</h1>")) // expect: xss
}

async fn built(Form(comment): Form<Comment>) -> Html<String> {
    let mut page = String::from("<ul>");
    page.push_str(&comment.text);
    page.push_str("</ul>");
    Html(page) // expect: xss
}

async fn actix(q: actix_web::web::Query<Comment>) -> actix_web::HttpResponse {
    actix_web::HttpResponse::Ok().content_type("text/html; charset=utf-8").body(format!("<p>{}</p>", q.text)) // expect: xss
}

#[rocket::get("/x/<name>")]
fn rocket_page(name: String) -> rocket::response::content::RawHtml<String> {
    rocket::response::content::RawHtml(format!("<p>{name}</p>")) // expect: xss
}

#[poem::handler]
fn poem_page(poem::web::Path(name): poem::web::Path<String>) -> poem::web::Html<String> {
    poem::web::Html(format!("<p>{name}</p>")) // expect: xss
}

async fn warp_page(name: String) -> Result<impl warp::Reply, warp::Rejection> {
    Ok(warp::reply::html(format!("<p>{name}</p>"))) // expect: xss
}

fn warp_routes() {
    use warp::Filter;
    let _ = warp::path!("x" / String).and_then(warp_page);
}

async fn half_escaped(Query(q): Query<Comment>) -> Html<String> {
    let text = q.text.replace('"', "'");
    Html(format!("<p>{text}</p>")) // expect: xss
}
