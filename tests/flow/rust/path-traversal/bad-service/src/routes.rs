use std::sync::Arc;

use axum::extract::{Path, State};

use crate::storage::{Files, Storage};

pub struct App {
    pub files: Files,
    pub storage: Arc<dyn Storage>,
}

pub async fn read(State(app): State<Arc<App>>, Path(name): Path<String>) -> Vec<u8> {
    app.files.read(&name).await.unwrap_or_default()
}

pub async fn remove(State(app): State<Arc<App>>, Path(name): Path<String>) {
    app.storage.remove(&name);
}
