//! The projects of `corpus.toml`, downloaded below `target/corpus`, one folder per version.
//!
//! The registries are reached through pip and cargo, so that their settings (mirrors, proxies)
//! hold here too. To learn a project's name pip runs its build script; only well-known projects
//! belong into the list.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde::Deserialize;

use super::scan::Project;
use crate::{process, workspace};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Corpus {
    project: Vec<Pin>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pin {
    name: String,
    registry: Registry,
    version: String,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Registry {
    Pypi,
    Crates,
}

/// The pinned projects of these names, or all, each of them on disk; what cannot be had is named
/// and left out.
pub fn fetched(only: &[String]) -> anyhow::Result<Vec<Project>> {
    let mut pins = pins()?;
    for name in only {
        if !pins.iter().any(|pin| pin.name == *name) {
            bail!("corpus.toml has no project `{name}`");
        }
    }
    pins.retain(|pin| only.is_empty() || only.contains(&pin.name));
    let mut projects = Vec::new();
    for pin in &pins {
        match fetch(pin) {
            Ok(folder) => projects.push(Project::new(&pin.name, &folder)?),
            Err(error) => eprintln!("{} is left out: {error:#}", pin.name),
        }
    }
    if projects.is_empty() {
        bail!("nothing to scan");
    }
    Ok(projects)
}

fn pins() -> anyhow::Result<Vec<Pin>> {
    let path = workspace().join("crates/xtask/corpus.toml");
    let text = fs::read_to_string(&path).context("corpus.toml")?;
    let corpus: Corpus = toml::from_str(&text).context("corpus.toml")?;
    Ok(corpus.project)
}

/// The folder with the sources. It appears under its name only when complete.
fn fetch(pin: &Pin) -> anyhow::Result<PathBuf> {
    let home = workspace().join("target/corpus");
    let folder = home.join(format!("{}-{}", pin.name, pin.version));
    if folder.exists() {
        return Ok(folder);
    }
    eprintln!("downloading {} {}", pin.name, pin.version);
    let part = home.join(format!("{}.part", pin.name));
    if part.exists() {
        fs::remove_dir_all(&part)?;
    }
    fs::create_dir_all(&part)?;
    let sources = match pin.registry {
        Registry::Pypi => source_distribution(pin, &part)?,
        Registry::Crates => vendored(pin, &part)?,
    };
    fs::rename(&sources, &folder)?;
    fs::remove_dir_all(&part)?;
    Ok(folder)
}

fn source_distribution(pin: &Pin, part: &Path) -> anyhow::Result<PathBuf> {
    process::must(
        Command::new(crate::bench_peers::python_program())
            .args(["-m", "pip", "download", "--quiet", "--no-deps"])
            .args(["--no-binary", &pin.name, "--ignore-requires-python"])
            .arg("--dest")
            .arg(part)
            .arg(format!("{}=={}", pin.name, pin.version)),
    )?;
    let archive = only_entry(part)?;
    process::must(
        Command::new("tar")
            .arg("-xf")
            .arg(&archive)
            .arg("-C")
            .arg(part),
    )?;
    fs::remove_file(&archive)?;
    only_entry(part)
}

/// Sources as `cargo vendor` lays them out for a package that needs only this crate.
fn vendored(pin: &Pin, part: &Path) -> anyhow::Result<PathBuf> {
    let manifest = format!(
        "[package]\nname = \"corpus\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\
         [lib]\npath = \"lib.rs\"\n[workspace]\n[dependencies]\n{} = \"={}\"\n",
        pin.name, pin.version
    );
    fs::write(part.join("Cargo.toml"), manifest)?;
    fs::write(part.join("lib.rs"), "")?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    process::must(
        Command::new(cargo)
            .args(["vendor", "--quiet", "--versioned-dirs"])
            .current_dir(part),
    )?;
    let folder = format!("vendor/{}-{}", pin.name, pin.version);
    Ok(part.join(folder))
}

fn only_entry(folder: &Path) -> anyhow::Result<PathBuf> {
    let mut entries = fs::read_dir(folder)?;
    match (entries.next().transpose()?, entries.next()) {
        (Some(entry), None) => Ok(entry.path()),
        _ => bail!("{} should hold one thing", folder.display()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn the_list_is_well_formed_and_names_each_project_once() {
        let pins = super::pins().expect("corpus.toml is valid");
        let names: HashSet<_> = pins.iter().map(|pin| &pin.name).collect();
        assert_eq!(names.len(), pins.len());
    }
}
