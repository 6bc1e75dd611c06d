// Where requests come in, and the libraries that run statements.
use actix_web::{HttpRequest, web};
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Deserialize)]
struct Search {
    name: String,
}

#[actix_web::get("/a")]
async fn actix_query(q: web::Query<Search>, pool: web::Data<sqlx::PgPool>) -> String {
    sqlx::query(&format!("SELECT '{}'", q.name)).execute(pool.get_ref()).await.ok(); // expect: sql-injection
    String::new()
}

async fn actix_json(body: web::Json<Search>, pool: web::Data<sqlx::PgPool>) {
    let text = format!("SELECT '{}'", body.into_inner().name);
    sqlx::query(&text).execute(pool.get_ref()).await.ok(); // expect: sql-injection
}

async fn actix_form(form: web::Form<Search>, db: tokio_postgres::Client) {
    db.execute(&format!("SELECT '{}'", form.name), &[]).await.ok(); // expect: sql-injection
}

async fn actix_path(path: web::Path<(String, u32)>, db: tokio_postgres::Client) {
    let (name, _) = path.into_inner();
    db.query(&format!("SELECT '{name}'"), &[]).await.ok(); // expect: sql-injection
}

async fn actix_request(req: HttpRequest, db: tokio_postgres::Client) {
    let name = req.match_info().get("name").unwrap_or("");
    db.batch_execute(&format!("SELECT '{name}'")).await.ok(); // expect: sql-injection
}

async fn actix_header(req: HttpRequest, db: tokio_postgres::Client) -> Option<()> {
    let name = req.headers().get("x-name")?.to_str().ok()?;
    db.simple_query(&format!("SELECT '{name}'")).await.ok(); // expect: sql-injection
    None
}

#[rocket::get("/b/<name>")]
fn rocket_path(name: String, db: rusqlite::Connection) -> String {
    db.execute(&format!("SELECT '{name}'"), []).ok(); // expect: sql-injection
    String::new()
}

#[rocket::get("/b?<name>")]
fn rocket_query(name: &str) -> String {
    let db = rusqlite::Connection::open("a.db").unwrap();
    db.execute(&format!("SELECT '{name}'"), []).ok(); // expect: sql-injection
    String::new()
}

#[rocket::post("/b", data = "<form>")]
fn rocket_form(form: rocket::form::Form<Search>, db: rusqlite::Connection) {
    db.execute(&format!("SELECT '{}'", form.name), []).ok(); // expect: sql-injection
}

#[rocket::post("/c", data = "<body>")]
fn rocket_json(body: rocket::serde::json::Json<Search>, db: rusqlite::Connection) {
    let body = body.into_inner();
    db.execute(&format!("SELECT '{}'", body.name), []).ok(); // expect: sql-injection
}

fn warp_routes(db: rusqlite::Connection) {
    use warp::Filter;
    let _ = warp::path("q").and(warp::query::<HashMap<String, String>>()).map(move |q: HashMap<String, String>| {
        let name = q.get("name").cloned().unwrap_or_default();
        db.execute(&format!("SELECT '{name}'"), []).ok(); // expect: sql-injection
        "done"
    });
}

async fn warp_handler(name: String) -> Result<String, warp::Rejection> {
    let db = rusqlite::Connection::open("a.db").unwrap();
    db.execute(&format!("SELECT '{name}'"), []).ok(); // expect: sql-injection
    Ok(name)
}

fn warp_named() {
    use warp::Filter;
    let _ = warp::path!("hello" / String).and_then(warp_handler);
}

#[poem::handler]
async fn poem_query(poem::web::Query(q): poem::web::Query<Search>, pool: poem::web::Data<&sqlx::PgPool>) {
    sqlx::query(&format!("SELECT '{}'", q.name)).execute(pool.0).await.ok(); // expect: sql-injection
}

#[poem::handler]
fn poem_path(poem::web::Path(name): poem::web::Path<String>) -> String {
    let db = rusqlite::Connection::open("a.db").unwrap();
    db.execute_batch(&format!("SELECT '{name}'")).ok(); // expect: sql-injection
    name
}

struct Greeter {
    db: tokio_postgres::Client,
}

struct HelloRequest {
    name: String,
}

impl Greeter {
    async fn hello(&self, request: tonic::Request<HelloRequest>) -> Result<(), tonic::Status> {
        let name = request.into_inner().name;
        self.db.execute(&format!("SELECT '{name}'"), &[]).await.ok(); // expect: sql-injection
        Ok(())
    }

    async fn by_ref(&self, request: tonic::Request<HelloRequest>) -> Result<(), tonic::Status> {
        let text = format!("SELECT '{}'", request.get_ref().name);
        self.db.query_one(&text, &[]).await.ok(); // expect: sql-injection
        Ok(())
    }
}

async fn axum_body(body: String) {
    let db = rusqlite::Connection::open("a.db").unwrap();
    db.execute(&format!("SELECT '{body}'"), []).ok(); // expect: sql-injection
}

async fn axum_headers(headers: axum::http::HeaderMap) -> Option<()> {
    let db = rusqlite::Connection::open("a.db").ok()?;
    let name = headers.get("x-name")?.to_str().ok()?;
    db.execute(&format!("SELECT '{name}'"), []).ok(); // expect: sql-injection
    None
}

fn router() -> axum::Router {
    axum::Router::new().route("/", axum::routing::post(axum_body))
}

fn diesel_raw(web::Query(q): web::Query<Search>, conn: &mut diesel::PgConnection) {
    use diesel::RunQueryDsl;
    diesel::sql_query(format!("SELECT '{}'", q.name)).execute(conn).ok(); // expect: sql-injection
}

fn diesel_fragment(web::Query(q): web::Query<Search>) {
    let _ = diesel::dsl::sql::<diesel::sql_types::Bool>(&format!("name = '{}'", q.name)); // expect: sql-injection
}

async fn sqlx_builder(web::Query(q): web::Query<Search>) {
    let mut builder = sqlx::QueryBuilder::new("SELECT * FROM t WHERE a = ");
    builder.push(&q.name); // expect: sql-injection
}

async fn raw_sql(web::Query(q): web::Query<Search>, pool: sqlx::PgPool) {
    sqlx::raw_sql(&q.name).execute(&pool).await.ok(); // expect: sql-injection
}
