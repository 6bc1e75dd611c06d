//! Which files a scan reads.

use std::path::{Path, PathBuf};

use caveat_parser::Language;

/// A file to scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub path: PathBuf,
    /// Path relative to the scan's root, with `/`.
    pub relative: String,
    /// Size in bytes.
    pub size: u64,
}

/// All files below the paths that some rule may want, largest first.
///
/// # Errors
/// When a path that the user named does not exist.
pub fn files(root: &Path, paths: &[PathBuf]) -> anyhow::Result<Vec<Entry>> {
    let mut found = Vec::new();
    for path in paths {
        anyhow::ensure!(path.exists(), "{}: no such file or folder", path.display());
        for entry in ignore::WalkBuilder::new(path)
            .require_git(false)
            .build()
            .flatten()
        {
            if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                continue;
            }
            let relative = relative(root, entry.path());
            let size = entry.metadata().map_or(0, |data| data.len());
            if Language::from_path(&relative) != Language::TEXT || wanted_text(&relative) {
                found.push(Entry {
                    path: entry.into_path(),
                    relative,
                    size,
                });
            }
        }
    }
    found.sort_by(|a, b| {
        b.size
            .cmp(&a.size)
            .then_with(|| a.relative.cmp(&b.relative))
    });
    Ok(found)
}

fn wanted_text(_path: &str) -> bool {
    true
}

/// Path below the root, with `/` between parts.
pub fn relative(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = below
        .components()
        .filter(|part| !matches!(part, std::path::Component::CurDir))
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}
