// How text travels from an extractor to a statement.
use axum::Json;
use axum::extract::{Form, Path, Query};
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Deserialize)]
struct Filter {
    name: String,
    tags: Vec<String>,
    page: Option<String>,
    inner: Inner,
}

#[derive(Deserialize)]
struct Inner {
    label: String,
}

async fn formatted(Query(f): Query<Filter>, pool: sqlx::PgPool) {
    sqlx::query(&format!("SELECT 1 FROM t WHERE a = '{}'", f.name)).execute(&pool).await.ok(); // expect: sql-injection
}

async fn inline_hole(Path(name): Path<String>, pool: sqlx::PgPool) {
    let text = format!("SELECT 1 FROM t WHERE a = '{name}'");
    sqlx::query(&text).execute(&pool).await.ok(); // expect: sql-injection
}

async fn named_hole(Path(id): Path<String>, pool: sqlx::PgPool) {
    let text = format!("SELECT 1 FROM t WHERE a = '{key}' {rest}", rest = "", key = id);
    sqlx::query_as::<_, (i32,)>(&text).fetch_one(&pool).await.ok(); // expect: sql-injection
}

async fn sum(Path(name): Path<String>, pool: sqlx::PgPool) {
    let text = "SELECT 1 FROM t WHERE a = '".to_string() + &name + "'";
    sqlx::query(&text).execute(&pool).await.ok(); // expect: sql-injection
}

async fn pushed(Path(name): Path<String>, pool: sqlx::PgPool) {
    let mut text = String::from("SELECT 1 FROM t WHERE a = '");
    text.push_str(&name);
    text.push('\'');
    sqlx::query(&text).execute(&pool).await.ok(); // expect: sql-injection
}

async fn added(Path(name): Path<String>, pool: sqlx::PgPool) {
    let mut text = String::new();
    text += "SELECT 1 FROM t WHERE a = ";
    text += &name;
    sqlx::query(&text).execute(&pool).await.ok(); // expect: sql-injection
}

async fn written(Path(name): Path<String>, pool: sqlx::PgPool) {
    use std::fmt::Write;
    let mut text = String::new();
    write!(text, "SELECT 1 FROM t WHERE a = '{}'", name).unwrap();
    sqlx::query(&text).execute(&pool).await.ok(); // expect: sql-injection
}

async fn nested(Json(f): Json<Filter>, pool: sqlx::PgPool) {
    let label = &f.inner.label;
    sqlx::query(&format!("DELETE FROM t WHERE l = '{label}'")).execute(&pool).await.ok(); // expect: sql-injection
}

async fn optional(Query(f): Query<Filter>, pool: sqlx::PgPool) {
    let page = f.page.unwrap_or_else(|| "1".to_string());
    sqlx::query(&format!("SELECT 1 LIMIT {page}")).execute(&pool).await.ok(); // expect: sql-injection
}

async fn if_let(Query(f): Query<Filter>, pool: sqlx::PgPool) {
    if let Some(page) = &f.page {
        sqlx::query(&format!("SELECT 1 LIMIT {page}")).execute(&pool).await.ok(); // expect: sql-injection
    }
}

async fn let_else(Query(q): Query<HashMap<String, String>>, pool: sqlx::PgPool) {
    let Some(order) = q.get("order") else { return };
    sqlx::query(&format!("SELECT 1 ORDER BY {order}")).execute(&pool).await.ok(); // expect: sql-injection
}

async fn joined(Json(f): Json<Filter>, pool: sqlx::PgPool) {
    let list = f.tags.iter().map(|tag| format!("'{tag}'")).collect::<Vec<_>>().join(",");
    sqlx::query(&format!("SELECT 1 WHERE t IN ({list})")).execute(&pool).await.ok(); // expect: sql-injection
}

async fn looped(Form(f): Form<Filter>, pool: sqlx::PgPool) {
    for tag in &f.tags {
        sqlx::query(&format!("DELETE FROM t WHERE t = '{tag}'")).execute(&pool).await.ok(); // expect: sql-injection
    }
}

async fn visited(Form(f): Form<Filter>, conn: rusqlite::Connection) {
    f.tags.iter().for_each(|tag| {
        conn.execute(&format!("DELETE FROM t WHERE t = '{tag}'"), []).ok(); // expect: sql-injection
    });
}

async fn split(Path(list): Path<String>, conn: rusqlite::Connection) {
    let first = list.split(',').next().unwrap_or("");
    conn.execute_batch(&format!("DELETE FROM t WHERE t = '{first}'")).ok(); // expect: sql-injection
}

async fn sliced(Path(name): Path<String>, conn: rusqlite::Connection) {
    let part = &name[1..];
    conn.prepare(&format!("SELECT {part} FROM t")).ok(); // expect: sql-injection
}

async fn matched(Query(f): Query<Filter>, conn: rusqlite::Connection) {
    let order = match f.page {
        Some(page) => page,
        None => "id".to_string(),
    };
    conn.query_row(&format!("SELECT 1 ORDER BY {order}"), [], |_| Ok(())).ok(); // expect: sql-injection
}

async fn in_tuple(Path((table, id)): Path<(String, u32)>, conn: rusqlite::Connection) {
    conn.execute(&format!("DELETE FROM {table} WHERE id = {id}"), []).ok(); // expect: sql-injection
}

async fn in_vec(Path(name): Path<String>, conn: rusqlite::Connection) {
    let mut parts = vec!["SELECT 1 FROM t WHERE a ="];
    parts.push(&name);
    conn.execute(&parts.join(" "), []).ok(); // expect: sql-injection
}

async fn in_map(Path(name): Path<String>, conn: rusqlite::Connection) {
    let mut map = HashMap::new();
    map.insert("a", name);
    map.insert("b", "constant".to_string());
    conn.execute(&format!("SELECT {}", map["a"]), []).ok(); // expect: sql-injection
}

fn wrap(text: &str) -> String {
    format!("({text})")
}

async fn helped(Path(name): Path<String>, conn: rusqlite::Connection) {
    let text = wrap(&name);
    conn.execute(&text, []).ok(); // expect: sql-injection
}

fn append(text: &mut String, more: &str) {
    text.push_str(more);
}

async fn by_reference(Path(name): Path<String>, conn: rusqlite::Connection) {
    let mut text = String::from("SELECT ");
    append(&mut text, &name);
    conn.execute(&text, []).ok(); // expect: sql-injection
}

struct Statement {
    text: String,
    limit: u32,
}

impl Statement {
    fn new(table: &str) -> Self {
        Self { text: format!("SELECT * FROM {table}"), limit: 10 }
    }

    fn run(&self, conn: &rusqlite::Connection) {
        conn.execute(&self.text, []).ok(); // expect: sql-injection
    }
}

async fn in_struct(Path(table): Path<String>, conn: rusqlite::Connection) {
    Statement::new(&table).run(&conn);
}

async fn closure(Path(name): Path<String>, conn: rusqlite::Connection) {
    let build = |column: &str| format!("SELECT {column} FROM t WHERE a = '{name}'");
    conn.execute(&build("a"), []).ok(); // expect: sql-injection
}

async fn blocking(Path(name): Path<String>, conn: rusqlite::Connection) {
    tokio::task::spawn_blocking(move || {
        conn.execute(&format!("SELECT '{name}'"), []).ok(); // expect: sql-injection
    })
    .await
    .ok();
}

async fn spawned(Path(name): Path<String>, pool: sqlx::PgPool) {
    tokio::spawn(async move {
        sqlx::query(&format!("SELECT '{name}'")).execute(&pool).await.ok(); // expect: sql-injection
    });
}

async fn decoded(Path(name): Path<String>, pool: sqlx::PgPool) -> Option<()> {
    let bytes = hex::decode(&name).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    sqlx::query(&format!("SELECT '{text}'")).execute(&pool).await.ok(); // expect: sql-injection
    None
}

async fn lowered(Path(name): Path<String>, pool: sqlx::PgPool) {
    let name = name.trim().to_lowercase();
    sqlx::query(&format!("SELECT '{name}'")).execute(&pool).await.ok(); // expect: sql-injection
}

async fn shadowed(Path(name): Path<String>, pool: sqlx::PgPool) {
    let text = "SELECT 1";
    let text = format!("{text} WHERE a = '{name}'");
    sqlx::query(&text).execute(&pool).await.ok(); // expect: sql-injection
}

enum Lookup {
    ByName(String),
    All,
}

async fn in_variant(Path(name): Path<String>, conn: rusqlite::Connection) {
    let lookup = if name.is_empty() { Lookup::All } else { Lookup::ByName(name) };
    match lookup {
        Lookup::ByName(name) => conn.execute(&format!("SELECT '{name}'"), []).ok(), // expect: sql-injection
        Lookup::All => conn.execute("SELECT 1", []).ok(),
    };
}
