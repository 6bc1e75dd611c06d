use crate::service::Filter;

fn open() -> rusqlite::Connection {
    rusqlite::Connection::open("a.db").unwrap()
}

pub fn run(text: &str) {
    open().execute(text, []).ok(); // expect: sql-injection
}

pub fn run_renamed(text: &str) {
    open().execute(text, []).ok(); // expect: sql-injection
}

pub fn run_object(text: &str) {
    open().execute_batch(text).ok(); // expect: sql-injection
}

pub fn run_built(text: &str) {
    open().execute_batch(text).ok(); // expect: sql-injection
}

pub trait Store {
    fn find(&self, text: &str);
    fn find_generic(&self, text: &str);
}

pub struct Sqlite;

impl Store for Sqlite {
    fn find(&self, text: &str) {
        open().execute(text, []).ok(); // expect: sql-injection
    }

    fn find_generic(&self, text: &str) {
        open().execute(text, []).ok(); // expect: sql-injection
    }
}

pub fn run_in_closure(text: &str) {
    open().execute(text, []).ok(); // expect: sql-injection
}

pub fn run_passed(text: &str) {
    open().execute(text, []).ok(); // expect: sql-injection
}

pub async fn run_awaited(text: &str) {
    open().execute(text, []).ok(); // expect: sql-injection
}

pub async fn run_spawned(text: String) {
    open().execute(&text, []).ok(); // expect: sql-injection
}

pub fn run_composed(text: &str) {
    open().execute(text, []).ok(); // expect: sql-injection
}

pub fn run_each(text: &str) {
    open().execute(text, []).ok(); // expect: sql-injection
}

pub fn run_option(text: &str) {
    open().execute(text, []).ok(); // expect: sql-injection
}

pub fn run_filter(filter: &Filter) {
    open().execute(&format!("SELECT {}", filter.text), []).ok(); // expect: sql-injection
}
