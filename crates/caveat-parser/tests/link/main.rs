//! Names across files: small trees in, what a name means out.

mod python;
mod rust;

use std::collections::HashMap;

use caveat_parser::link::{Files, Manifest, Project, Target};

struct Texts(HashMap<String, String>);

impl Files for Texts {
    fn text(&self, path: &str) -> Option<String> {
        self.0.get(path).cloned()
    }
}

/// A project of files that are written one after the other, each below a line `=== path`.
pub fn project(tree: &str) -> Project<'static> {
    let mut texts = HashMap::new();
    for part in tree.split("=== ").skip(1) {
        let (path, text) = part.split_once('\n').unwrap_or((part, ""));
        texts.insert(path.trim().to_owned(), text.to_owned());
    }
    let paths: Vec<String> = texts.keys().cloned().collect();
    let manifest = |(path, text): (&String, &String)| Manifest {
        path: path.clone(),
        text: text.clone(),
    };
    let manifests: Vec<Manifest> = texts.iter().map(manifest).collect();
    Project::new(paths, &manifests, Box::new(Texts(texts)))
}

/// `file#Item.member +rest` for a definition, `file` for a module, `-> a.b` for what is outside.
pub fn show(project: &Project<'_>, target: &Target<'_>) -> String {
    match target {
        Target::Definition { at, rest } => {
            let items = project.item_path(*at).join(".");
            let rest: String = rest.iter().map(|part| format!(" +{part}")).collect();
            format!("{}#{items}{rest}", project.path(at.file))
        }
        Target::Module(file) => project.path(*file).to_owned(),
        Target::External(path) => format!("-> {}", path.join(".")),
        Target::Unknown => "unknown".to_owned(),
    }
}

/// Asserts what the qualified name means in the file.
pub fn check(tree: &str, from: &str, name: &str, expected: &str) {
    let project = project(tree);
    let file = project.file(from).expect("the file is in the tree");
    let path: Vec<&str> = name
        .split(['.', ':'])
        .filter(|part| !part.is_empty())
        .collect();
    let target = project.resolve(file, &path);
    assert_eq!(show(&project, &target), expected, "`{name}` in {from}");
}
