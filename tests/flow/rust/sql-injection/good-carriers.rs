// The same ways, with nothing of the sender at their end.
use axum::Json;
use axum::extract::{Path, Query};
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Deserialize)]
struct Filter {
    name: String,
    page: u32,
    sort: Sort,
    ids: Vec<i64>,
    id: uuid::Uuid,
}

#[derive(Deserialize)]
enum Sort {
    Name,
    Age,
}

async fn bound(Query(f): Query<Filter>, pool: sqlx::PgPool) {
    sqlx::query("SELECT 1 WHERE a = $1").bind(&f.name).execute(&pool).await.ok(); // fine: bound
}

async fn bound_by_macro(Query(f): Query<Filter>, pool: sqlx::PgPool) {
    sqlx::query!("SELECT 1 WHERE a = $1", f.name).execute(&pool).await.ok(); // fine: bound
}

async fn params(Query(f): Query<Filter>, conn: rusqlite::Connection) {
    conn.execute("DELETE FROM t WHERE a = ?1", [&f.name]).ok(); // fine: a parameter
}

async fn more_params(Query(f): Query<Filter>, conn: rusqlite::Connection) {
    conn.execute("DELETE FROM t WHERE a = ?1", rusqlite::params![f.name]).ok(); // fine: a parameter
}

async fn number_field(Query(f): Query<Filter>, conn: rusqlite::Connection) {
    conn.execute(&format!("SELECT 1 LIMIT {}", f.page), []).ok(); // fine: a number by its type
}

async fn number_in_path(Path(id): Path<i32>, conn: rusqlite::Connection) {
    conn.execute(&format!("SELECT 1 LIMIT {id}"), []).ok(); // fine: a number by its type
}

async fn number_in_tuple(Path((_, id)): Path<(String, u64)>, conn: rusqlite::Connection) {
    conn.execute(&format!("SELECT 1 LIMIT {id}"), []).ok(); // fine: only the number
}

async fn numbers(Json(f): Json<Filter>, conn: rusqlite::Connection) {
    let list = f.ids.iter().map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    conn.execute(&format!("SELECT 1 WHERE id IN ({list})"), []).ok(); // fine: numbers
}

async fn identifier(Query(f): Query<Filter>, conn: rusqlite::Connection) {
    conn.execute(&format!("SELECT 1 WHERE id = '{}'", f.id), []).ok(); // fine: a UUID
}

async fn variants(Query(f): Query<Filter>, conn: rusqlite::Connection) {
    let column = match f.sort {
        Sort::Name => "name",
        Sort::Age => "age",
    };
    conn.execute(&format!("SELECT 1 ORDER BY {column}"), []).ok(); // fine: one of the constants
}

async fn parsed(Path(name): Path<String>, conn: rusqlite::Connection) {
    if let Ok(number) = name.parse::<u32>() {
        conn.execute(&format!("SELECT {number}"), []).ok(); // fine: a number
    }
}

async fn parsed_typed(Path(name): Path<String>, conn: rusqlite::Connection) -> Option<()> {
    let number: i64 = name.parse().ok()?;
    conn.execute(&format!("SELECT {number}"), []).ok(); // fine: a number
    None
}

async fn parse_checked(Path(name): Path<String>, conn: rusqlite::Connection) {
    if name.parse::<u64>().is_err() {
        return;
    }
    conn.execute(&format!("SELECT {name}"), []).ok(); // fine: the text of a number
}

async fn length(Path(name): Path<String>, conn: rusqlite::Connection) {
    conn.execute(&format!("SELECT {}", name.len()), []).ok(); // fine: a length
}

async fn listed(Path(name): Path<String>, conn: rusqlite::Connection) {
    const COLUMNS: &[&str] = &["name", "age"];
    if !COLUMNS.contains(&name.as_str()) {
        return;
    }
    conn.execute(&format!("SELECT {name}"), []).ok(); // fine: one of the constants
}

async fn listed_by_any(Path(name): Path<String>, conn: rusqlite::Connection) {
    let allowed = ["name", "age"];
    if allowed.iter().any(|it| *it == name) {
        conn.execute(&format!("SELECT {name}"), []).ok(); // fine: one of the constants
    }
}

async fn matched(Path(name): Path<String>, conn: rusqlite::Connection) {
    let column = match name.as_str() {
        "name" | "age" => name.as_str(),
        _ => return,
    };
    conn.execute(&format!("SELECT {column}"), []).ok(); // fine: one of the constants
}

async fn matches_macro(Path(name): Path<String>, conn: rusqlite::Connection) {
    if matches!(name.as_str(), "asc" | "desc") {
        conn.execute(&format!("SELECT 1 ORDER BY a {name}"), []).ok(); // fine: one of the constants
    }
}

async fn chosen(Path(name): Path<String>, conn: rusqlite::Connection) {
    let order = if name == "desc" { "DESC" } else { "ASC" };
    conn.execute(&format!("SELECT 1 ORDER BY a {order}"), []).ok(); // fine: one of the constants
}

async fn word(Path(name): Path<String>, conn: rusqlite::Connection) {
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return;
    }
    conn.execute(&format!("SELECT {name}"), []).ok(); // fine: a word
}

async fn word_by_path(Path(name): Path<String>, conn: rusqlite::Connection) {
    if name.chars().all(char::is_alphanumeric) {
        conn.execute(&format!("SELECT {name}"), []).ok(); // fine: a word
    }
}

async fn word_by_any(Path(name): Path<String>, conn: rusqlite::Connection) {
    if name.chars().any(|c| !c.is_alphanumeric()) {
        return;
    }
    conn.execute(&format!("SELECT {name}"), []).ok(); // fine: a word
}

async fn word_by_matches(Path(name): Path<String>, conn: rusqlite::Connection) {
    if !name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9')) {
        return;
    }
    conn.execute(&format!("SELECT {name}"), []).ok(); // fine: a word
}

async fn filtered(Path(name): Path<String>, conn: rusqlite::Connection) {
    let word: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    conn.execute(&format!("SELECT {word}"), []).ok(); // fine: what is left is a word
}

async fn by_regex(Path(name): Path<String>, conn: rusqlite::Connection) {
    let word = regex::Regex::new(r"^[a-z0-9_]+$").unwrap();
    if !word.is_match(&name) {
        return;
    }
    conn.execute(&format!("SELECT {name}"), []).ok(); // fine: a word
}

fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric())
}

async fn checked(Path(name): Path<String>, conn: rusqlite::Connection) {
    if is_word(&name) {
        conn.execute(&format!("SELECT {name}"), []).ok(); // fine: a word
    }
}

fn validate(text: &str) -> Result<(), String> {
    if !text.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err("no word".to_string());
    }
    Ok(())
}

async fn validated(Path(name): Path<String>, conn: rusqlite::Connection) -> Result<(), String> {
    validate(&name)?;
    conn.execute(&format!("SELECT {name}"), []).ok(); // fine: a word
    Ok(())
}

async fn validated_is_err(Path(name): Path<String>, conn: rusqlite::Connection) {
    if validate(&name).is_err() {
        return;
    }
    conn.execute(&format!("SELECT {name}"), []).ok(); // fine: a word
}

fn clean(text: &str) -> Option<String> {
    if text.chars().all(char::is_alphanumeric) { Some(text.to_string()) } else { None }
}

async fn cleaned(Path(name): Path<String>, conn: rusqlite::Connection) -> Option<()> {
    let name = clean(&name)?;
    conn.execute(&format!("SELECT {name}"), []).ok(); // fine: a word
    None
}

async fn other_element(Path(name): Path<String>, conn: rusqlite::Connection) {
    let pair = (name, "a".to_string());
    conn.execute(&format!("SELECT {}", pair.1), []).ok(); // fine: the other element
}

async fn other_key(Path(name): Path<String>, conn: rusqlite::Connection) {
    let mut map = HashMap::new();
    map.insert("a", name);
    map.insert("b", "constant".to_string());
    conn.execute(&format!("SELECT {}", map["b"]), []).ok(); // fine: the other key
}

struct Job {
    name: String,
    table: &'static str,
}

async fn other_field(Path(name): Path<String>, conn: rusqlite::Connection) {
    let job = Job { name, table: "jobs" };
    println!("{}", job.name);
    conn.execute(&format!("SELECT * FROM {}", job.table), []).ok(); // fine: the other field
}

async fn overwritten(Path(name): Path<String>, conn: rusqlite::Connection) {
    let mut text = format!("SELECT '{name}'");
    println!("{text}");
    text = "SELECT 1".to_string();
    conn.execute(&text, []).ok(); // fine: another text by now
}

async fn dead(Path(name): Path<String>, conn: rusqlite::Connection) {
    let number = 106;
    let text = if 7 * 18 + number > 200 { "SELECT 1".to_string() } else { name };
    conn.execute(&text, []).ok(); // fine: always the constant
}
