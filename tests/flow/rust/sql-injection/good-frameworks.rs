// The same frameworks, without a way to a statement.
use actix_web::web;
use serde::Deserialize;

#[derive(Deserialize)]
struct Search {
    name: String,
    count: u16,
}

async fn state(pool: web::Data<sqlx::PgPool>, table: web::Data<String>) {
    sqlx::query(&format!("SELECT * FROM {}", table.get_ref())).execute(pool.get_ref()).await.ok(); // fine: the program's own
}

async fn number(path: web::Path<u32>, db: tokio_postgres::Client) {
    let id = path.into_inner();
    db.execute(&format!("SELECT {id}"), &[]).await.ok(); // fine: a number
}

async fn count(q: web::Query<Search>, db: tokio_postgres::Client) {
    db.execute(&format!("SELECT {}", q.count), &[]).await.ok(); // fine: a number
}

async fn parameters(q: web::Query<Search>, db: tokio_postgres::Client) {
    db.query("SELECT $1", &[&q.name]).await.ok(); // fine: a parameter
}

#[rocket::get("/<id>")]
fn rocket_number(id: u32, db: rusqlite::Connection) {
    db.execute(&format!("SELECT {id}"), []).ok(); // fine: a number
}

#[rocket::get("/t")]
fn rocket_state(table: &rocket::State<String>, db: rusqlite::Connection) {
    db.execute(&format!("SELECT * FROM {table}"), []).ok(); // fine: the program's own
}

struct Numbered {
    id: i64,
    name: String,
}

async fn grpc(request: tonic::Request<Numbered>, db: tokio_postgres::Client) {
    let id = request.into_inner().id;
    db.execute(&format!("SELECT {id}"), &[]).await.ok(); // fine: a number
}

async fn local(name: &str, db: rusqlite::Connection) {
    db.execute(&format!("SELECT '{name}'"), []).ok(); // fine: nobody says whose it is
}

async fn builder(q: web::Query<Search>) {
    let mut builder = sqlx::QueryBuilder::new("SELECT * FROM t WHERE a = ");
    builder.push_bind(&q.name); // fine: bound
}

fn filtered(q: web::Query<Search>, conn: &mut diesel::PgConnection) {
    use diesel::prelude::*;
    let _ = users::table.filter(users::name.eq(&q.name)).load::<User>(conn); // fine: diesel binds it
}

fn bound(q: web::Query<Search>, conn: &mut diesel::PgConnection) {
    use diesel::RunQueryDsl;
    diesel::sql_query("SELECT $1").bind::<diesel::sql_types::Text, _>(&q.name).execute(conn).ok(); // fine: bound
}
