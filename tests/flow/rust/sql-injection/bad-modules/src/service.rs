use std::collections::HashMap;

use crate::store::{self, Store};

pub fn wrap(text: &str) -> String {
    format!("SELECT '{text}'")
}

pub fn compose(verb: &str, rest: &str) -> String {
    [verb, rest].join(" ")
}

pub struct Searcher {
    name: String,
}

impl Searcher {
    pub fn new(name: String) -> Self {
        Searcher { name }
    }

    pub fn search(&self) {
        store::run_object(&wrap(&self.name));
    }
}

#[derive(Default)]
pub struct Order {
    table: String,
    column: String,
}

impl Order {
    pub fn builder() -> Self {
        Self::default()
    }

    pub fn table(mut self, table: &str) -> Self {
        self.table = table.to_string();
        self
    }

    pub fn column(mut self, column: &str) -> Self {
        self.column = column.to_string();
        self
    }

    pub fn finish(self) -> String2 {
        String2 { text: format!("SELECT {} FROM {}", self.column, self.table) }
    }
}

pub struct String2 {
    text: String,
}

impl String2 {
    pub fn execute(&self) {
        store::run_built(&self.text);
    }
}

pub fn find_in<S: Store>(store: &S, name: &str) {
    store.find_generic(&wrap(name));
}

pub fn with_text(run: impl Fn(&str)) {
    run("SELECT");
}

pub fn apply(run: fn(&str), text: &str) {
    run(&wrap(text));
}

pub async fn load(name: &str) -> Result<String, String> {
    if name.is_empty() {
        return Err("empty".to_string());
    }
    Ok(wrap(name))
}

pub fn texts(q: &HashMap<String, String>) -> Vec<String> {
    q.values().map(|it| wrap(it)).collect()
}

pub fn maybe(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| wrap(name))
}

pub struct Filter {
    pub text: String,
}

impl From<String> for Filter {
    fn from(text: String) -> Self {
        Filter { text }
    }
}
