use axum::extract::{Path, Query};
use std::collections::HashMap;

use crate::service::{self, Order, Searcher, compose};
use crate::store::{Sqlite, Store};

pub async fn direct(Path(name): Path<String>) {
    crate::store::run(&service::wrap(&name));
}

pub async fn renamed(Path(name): Path<String>) {
    use crate::service::wrap as pack;
    crate::store::run_renamed(&pack(&name));
}

pub async fn object(Path(name): Path<String>) {
    let searcher = Searcher::new(name);
    searcher.search();
}

pub async fn builder(Path(name): Path<String>) {
    Order::builder().table("t").column(&name).finish().execute();
}

pub async fn by_trait(Path(name): Path<String>) {
    let store: Box<dyn Store> = Box::new(Sqlite);
    store.find(&service::wrap(&name));
}

pub async fn generic(Path(name): Path<String>) {
    service::find_in(&Sqlite, &name);
}

pub async fn closure(Path(name): Path<String>) {
    service::with_text(|text| crate::store::run_in_closure(&format!("{text} {name}")));
}

pub async fn passed(Query(q): Query<HashMap<String, String>>) {
    let name = q.get("name").map(|it| it.as_str()).unwrap_or_default();
    service::apply(crate::store::run_passed, name);
}

pub async fn awaited(Path(name): Path<String>) -> Result<(), String> {
    let text = service::load(&name).await?;
    crate::store::run_awaited(&text).await;
    Ok(())
}

pub async fn spawned(Path(name): Path<String>) {
    tokio::spawn(async move { crate::store::run_spawned(service::wrap(&name)).await });
}

pub async fn composed(Path(name): Path<String>) {
    crate::store::run_composed(&compose("SELECT", &name));
}

pub async fn iterated(Query(q): Query<HashMap<String, String>>) {
    for text in service::texts(&q) {
        crate::store::run_each(&text);
    }
}

pub async fn in_option(Path(name): Path<String>) {
    if let Some(text) = service::maybe(&name) {
        crate::store::run_option(&text);
    }
}

pub async fn converted(Path(name): Path<String>) {
    let filter: service::Filter = service::Filter::from(name);
    crate::store::run_filter(&filter);
}
