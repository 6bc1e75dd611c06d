//! What package manifests say of names: the few lines of TOML, INI and metadata that tell a
//! package's name and where its library begins. Lines are read, not the format: a manifest that
//! is written in an unusual way is as good as none.

use super::{join, parent};

/// A package of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The name as the manifest has it.
    pub name: String,
    /// The name of the library inside, as code writes it.
    pub library: String,
    /// The folder of the manifest.
    pub folder: String,
    /// The first file of the library, if the manifest names it: a path in the project.
    pub root: Option<String>,
}

/// Names of the files that are manifests.
pub const NAMES: &[&str] = &["Cargo.toml", "pyproject.toml", "setup.cfg", "PKG-INFO"];

/// Whether a path is that of a manifest.
pub fn is_manifest(path: &str) -> bool {
    NAMES.contains(&path.rsplit('/').next().unwrap_or(path))
}

/// The package that a manifest states, if it does.
pub(super) fn package(path: &str, text: &str) -> Option<Package> {
    let folder = parent(path).to_owned();
    let (name, library, root) = match path.rsplit('/').next()? {
        "Cargo.toml" => (
            value(text, "package", "name")?,
            value(text, "lib", "name"),
            value(text, "lib", "path"),
        ),
        "pyproject.toml" => {
            let name = value(text, "project", "name");
            let name = name.or_else(|| value(text, "tool.poetry", "name"));
            (name?, None, None)
        }
        "setup.cfg" => (value(text, "metadata", "name")?, None, None),
        _ => {
            let name = text.lines().find_map(|line| line.strip_prefix("Name: "))?;
            (name.trim().to_owned(), None, None)
        }
    };
    Some(Package {
        library: library.unwrap_or_else(|| name.replace(['-', '.'], "_")),
        root: root.map(|root| join(&folder, root.trim_start_matches("./"))),
        name,
        folder,
    })
}

/// The value of `key = value` under `[section]`.
fn value(text: &str, section: &str, key: &str) -> Option<String> {
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            inside = header.split(']').next() == Some(section);
        } else if inside
            && let Some((left, right)) = line.split_once('=')
            && left.trim() == key
        {
            let value = right.split('#').next()?.trim().trim_matches(['"', '\'']);
            return (!value.is_empty()).then(|| value.to_owned());
        }
    }
    None
}

impl Package {
    /// Whether code imports the package's content under that name. Distributions are often called
    /// after their library with a word for the language in front.
    pub fn provides(&self, library: &str) -> bool {
        let own = self.library.to_ascii_lowercase();
        let wanted = library.to_ascii_lowercase();
        own == wanted
            || own.strip_prefix("python_") == Some(&wanted)
            || own.strip_prefix("py") == Some(&wanted)
    }
}
