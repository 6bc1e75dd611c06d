use axum::extract::Query;
use axum::response::Redirect;
use serde::Deserialize;

#[derive(Deserialize)]
struct Next {
    next: String,
    maybe: Option<String>,
}

async fn to(Query(q): Query<Next>) -> Redirect {
    Redirect::to(&q.next) // expect: open-redirect
}

async fn or_home(Query(q): Query<Next>) -> Redirect {
    let target = q.maybe.unwrap_or("/".to_string());
    Redirect::temporary(&target) // expect: open-redirect
}

async fn actix(q: actix_web::web::Query<Next>) -> actix_web::HttpResponse {
    actix_web::HttpResponse::Found().append_header(("Location", q.next.as_str())).finish() // expect: open-redirect
}

#[rocket::get("/r?<next>")]
fn rocket_to(next: String) -> rocket::response::Redirect {
    rocket::response::Redirect::to(next) // expect: open-redirect
}

#[poem::handler]
fn poem_to(poem::web::Query(q): poem::web::Query<Next>) -> poem::web::Redirect {
    poem::web::Redirect::see_other(q.next) // expect: open-redirect
}

async fn slash_only(Query(q): Query<Next>) -> Redirect {
    if q.next.starts_with('/') {
        return Redirect::to(&q.next); // expect: open-redirect
    }
    Redirect::to("/")
}
