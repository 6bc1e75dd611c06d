//! Models of a run: the built-in ones, and those in the user's folders.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use caveat_engine::model::{self, Catalog, Library};

/// Gathers the built-in models and those at or below the paths.
///
/// The user's files are read whole, so that a mistake is told whether or not it matters to the
/// scan; of the built-in ones only the headers are read here.
///
/// # Errors
/// When a file cannot be read or is wrong; the mistakes of all files are in the message.
pub fn gather(paths: &[PathBuf]) -> anyhow::Result<Catalog> {
    let built_in = caveat_rules::models().map(|(path, text)| Library::new(path, text));
    let mut libraries: Vec<Library> = built_in.collect();
    let mut wrong = Vec::new();
    for path in paths {
        let files = model_files(path)?;
        if files.is_empty() {
            bail!("{}: no model files (*.yaml, *.yml)", path.display());
        }
        for file in files {
            let context = || format!("cannot read {}", file.display());
            let text = std::fs::read_to_string(&file).with_context(context)?;
            let name = file.display().to_string();
            match model::load(&name, &text) {
                Ok(_) => libraries.push(Library::new(name, text)),
                Err(errors) => {
                    wrong.extend(errors.iter().map(|error| error.render(&text, false)));
                }
            }
        }
    }
    if !wrong.is_empty() {
        bail!("a model file is wrong\n{}", wrong.join("\n"));
    }
    Ok(Catalog { libraries })
}

/// YAML files at or below a path, sorted.
fn model_files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let context = || format!("cannot read {}", path.display());
    if !std::fs::metadata(path).with_context(context)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let walk = ignore::WalkBuilder::new(path)
        .standard_filters(false)
        .build();
    let mut files = Vec::new();
    for entry in walk {
        let path = entry?.into_path();
        let is_yaml = path
            .extension()
            .is_some_and(|it| it == "yaml" || it == "yml");
        if is_yaml && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
