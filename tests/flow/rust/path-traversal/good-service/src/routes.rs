use std::sync::Arc;

use axum::extract::{Path, State};

use crate::storage::{Error, Files};

pub struct App {
    pub files: Files,
}

pub async fn read(State(app): State<Arc<App>>, Path(name): Path<String>) -> Result<Vec<u8>, Error> {
    let path = app.files.resolve(&name)?;
    Ok(crate::storage::load(&path).await)
}

pub async fn by_id(State(app): State<Arc<App>>, Path(id): Path<uuid::Uuid>) -> Vec<u8> {
    app.files.by_id(&id).await
}
