use actix_web::web;
use axum::extract::{Multipart, Path, Query};
use std::collections::HashMap;
use std::fs;
use std::path::{Path as FilePath, PathBuf};

async fn joined(Path(name): Path<String>) -> String {
    let path = FilePath::new("/srv").join(&name);
    fs::read_to_string(path).unwrap_or_default() // expect: path-traversal
}

async fn formatted(Path(name): Path<String>) -> Vec<u8> {
    fs::read(format!("/srv/{name}")).unwrap_or_default() // expect: path-traversal
}

async fn pushed(Query(q): Query<HashMap<String, String>>) {
    let mut path = PathBuf::from("/srv");
    path.push(&q["name"]);
    fs::remove_file(&path).ok(); // expect: path-traversal
}

async fn opened(Path(name): Path<String>) {
    fs::File::open(&name).ok(); // expect: path-traversal
}

async fn created(Path(name): Path<String>) {
    let base = PathBuf::from("/srv");
    fs::File::create(base.join(name).with_extension("txt")).ok(); // expect: path-traversal
}

async fn options(Path(name): Path<String>) {
    fs::OpenOptions::new().write(true).open(format!("/srv/{name}")).ok(); // expect: path-traversal
}

async fn by_tokio(Path(name): Path<String>) {
    tokio::fs::read(format!("/srv/{name}")).await.ok(); // expect: path-traversal
}

async fn written(Path(name): Path<String>, body: String) {
    tokio::fs::write(FilePath::new("/srv").join(name), body).await.ok(); // expect: path-traversal
}

async fn copied(path: web::Path<String>) {
    let from = PathBuf::from("/srv").join(path.as_str());
    fs::copy(&from, "/tmp/copy").ok(); // expect: path-traversal
}

async fn named_file(path: web::Path<String>) -> Option<actix_files::NamedFile> {
    actix_files::NamedFile::open(format!("/srv/{path}")).ok() // expect: path-traversal
}

#[rocket::get("/f/<name>")]
async fn rocket_file(name: String) -> Option<rocket::fs::NamedFile> {
    rocket::fs::NamedFile::open(FilePath::new("/srv").join(name)).await.ok() // expect: path-traversal
}

async fn uploaded(mut form: Multipart) {
    while let Some(field) = form.next_field().await.unwrap() {
        let Some(name) = field.file_name() else { continue };
        let path = format!("/srv/{name}");
        fs::File::create(path).ok(); // expect: path-traversal
    }
}

async fn resolved_only(Path(name): Path<String>) -> Option<String> {
    let path = FilePath::new("/srv").join(name).canonicalize().ok()?;
    fs::read_to_string(path).ok() // expect: path-traversal
}

async fn checked_too_late(Path(name): Path<String>) -> Option<String> {
    let path = FilePath::new("/srv").join(name);
    if !path.starts_with("/srv") {
        return None;
    }
    fs::read_to_string(path).ok() // expect: path-traversal
}

async fn wrong_branch(Path(name): Path<String>) -> Option<String> {
    if name.contains("..") {
        return fs::read_to_string(format!("/srv/{name}")).ok(); // expect: path-traversal
    }
    None
}

fn store(root: &FilePath, name: &str, data: &[u8]) -> std::io::Result<()> {
    let target = root.join(name);
    fs::write(target, data) // expect: path-traversal
}

async fn stored(Path(name): Path<String>, body: axum::body::Bytes) {
    store(FilePath::new("/srv"), &name, &body).ok();
}
