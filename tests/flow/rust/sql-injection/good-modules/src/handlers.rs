use axum::extract::{Path, Query};
use std::collections::HashMap;

use crate::service::{self, Searcher, Sort};
use crate::store;

pub async fn number(Path(id): Path<u32>) {
    store::run_number(&service::wrap(id));
}

pub async fn checked(Path(name): Path<String>) -> Result<(), service::Invalid> {
    service::check(&name)?;
    store::run_checked(&name);
    Ok(())
}

pub async fn cleaned(Path(name): Path<String>) {
    store::run_cleaned(&service::clean(&name));
}

pub async fn chosen(Query(q): Query<HashMap<String, String>>) {
    let column = service::column(q.get("sort").map(String::as_str));
    store::run_chosen(column);
}

pub async fn sorted(Path(name): Path<String>) {
    let Some(sort) = Sort::parse(&name) else { return };
    store::run_sorted(sort.sql());
}

pub async fn bound(Path(name): Path<String>) {
    store::run_bound(&name);
}

pub async fn other_field(Path(name): Path<String>) {
    let searcher = Searcher::new(name);
    store::run_other(searcher.table());
}

pub async fn typed(Path(name): Path<String>) {
    if let Ok(id) = service::identifier(&name) {
        store::run_typed(id);
    }
}

pub async fn listed(Path(name): Path<String>) {
    if service::is_known(&name) {
        store::run_listed(&name);
    }
}

pub async fn ignored(Path(name): Path<String>) {
    store::run_ignored(&service::ignore(&name));
}

pub async fn overridden(Path(name): Path<String>) {
    let mut text = service::ignore("a");
    service::reset(&mut text, &name);
    store::run_reset(&text);
}

pub async fn counted(Query(q): Query<HashMap<String, String>>) {
    store::run_counted(service::count(&q));
}
