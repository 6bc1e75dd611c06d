use axum::extract::{Path, Query};
use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path as FilePath, PathBuf};

async fn last_part(Path(name): Path<String>) -> Option<String> {
    let name = FilePath::new(&name).file_name()?;
    fs::read_to_string(FilePath::new("/srv").join(name)).ok() // fine: the last part only
}

async fn number(Path(id): Path<u32>) -> Option<String> {
    fs::read_to_string(format!("/srv/{id}.txt")).ok() // fine: a number
}

async fn identifier(Path(id): Path<uuid::Uuid>) -> Option<String> {
    fs::read_to_string(format!("/srv/{id}.txt")).ok() // fine: a UUID
}

async fn below(Path(name): Path<String>) -> Option<String> {
    let base = PathBuf::from("/srv").canonicalize().ok()?;
    let path = base.join(name).canonicalize().ok()?;
    if path.starts_with(&base) { fs::read_to_string(path).ok() } else { None } // fine: resolved and below the base
}

async fn below_by_function(Path(name): Path<String>) -> std::io::Result<String> {
    let path = fs::canonicalize(FilePath::new("/srv").join(name))?;
    if !path.starts_with("/srv") {
        return Err(std::io::ErrorKind::PermissionDenied.into());
    }
    fs::read_to_string(path) // fine: resolved and below the base
}

async fn stripped(Path(name): Path<String>) -> Option<String> {
    let path = tokio::fs::canonicalize(FilePath::new("/srv").join(name)).await.ok()?;
    path.strip_prefix("/srv").ok()?;
    fs::read_to_string(path).ok() // fine: resolved and below the base
}

async fn no_way_up(Path(name): Path<String>) -> Option<String> {
    if name.contains("..") || name.starts_with('/') {
        return None;
    }
    fs::read_to_string(format!("/srv/{name}")).ok() // fine: no way up
}

async fn no_separator(Path(name): Path<String>) -> Option<String> {
    if name.contains('/') || name.contains('\\') {
        return None;
    }
    fs::read_to_string(format!("/srv/{name}.txt")).ok() // fine: one part of a path
}

async fn no_separators(Path(name): Path<String>) -> Option<String> {
    if name.contains(['/', '\\']) {
        return None;
    }
    fs::read_to_string(format!("/srv/{name}.txt")).ok() // fine: one part of a path
}

async fn normal_parts(Path(name): Path<String>) -> Option<String> {
    let path = PathBuf::from(&name);
    if path.components().any(|part| !matches!(part, Component::Normal(_))) {
        return None;
    }
    fs::read_to_string(FilePath::new("/srv").join(path)).ok() // fine: no dot-dot and no root in it
}

async fn no_parent(Path(name): Path<String>) -> Option<String> {
    let path = FilePath::new(&name);
    if path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
        return None;
    }
    fs::read_to_string(FilePath::new("/srv").join(path)).ok() // fine: no dot-dot and no root in it
}

async fn kept_parts(Path(name): Path<String>) -> Option<String> {
    let mut path = PathBuf::from("/srv");
    for part in FilePath::new(&name).components() {
        match part {
            Component::Normal(part) => path.push(part),
            _ => return None,
        }
    }
    fs::read_to_string(path).ok() // fine: plain parts only
}

async fn word(Path(name): Path<String>) -> Option<String> {
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        return None;
    }
    fs::read_to_string(format!("/srv/{name}.txt")).ok() // fine: a word
}

async fn sanitized(Path(name): Path<String>) -> Option<String> {
    let name = sanitize_filename::sanitize(&name);
    fs::read_to_string(FilePath::new("/srv").join(name)).ok() // fine: a harmless name
}

async fn listed(Query(q): Query<HashMap<String, String>>) -> Option<String> {
    let file = match q.get("page").map(|it| it.as_str()) {
        Some("about") => "about.html",
        Some("help") => "help.html",
        _ => "index.html",
    };
    fs::read_to_string(FilePath::new("/srv").join(file)).ok() // fine: one of the constants
}

async fn looked_up(Query(q): Query<HashMap<String, String>>) -> Option<String> {
    let mut files = HashMap::new();
    files.insert("about", "about.html");
    files.insert("help", "help.html");
    let file = files.get(q.get("page")?.as_str())?;
    fs::read_to_string(file).ok() // fine: one of the constants
}

async fn content(body: String) {
    fs::write("/srv/fixed.txt", body).ok(); // fine: only the content
}

#[rocket::get("/f/<name..>")]
async fn rocket_segments(name: PathBuf) -> Option<rocket::fs::NamedFile> {
    rocket::fs::NamedFile::open(FilePath::new("/srv").join(name)).await.ok() // fine: rocket refuses dot-dot
}

async fn hashed(Path(name): Path<String>) -> Option<String> {
    let name = hex::encode(name.as_bytes());
    fs::read_to_string(format!("/srv/{name}")).ok() // fine: hexadecimal digits
}

async fn generated() -> Option<String> {
    let name = uuid::Uuid::new_v4();
    fs::read_to_string(format!("/srv/{name}")).ok() // fine: the program's own
}
