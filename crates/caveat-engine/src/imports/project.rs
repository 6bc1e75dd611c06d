//! What a project declares, and what it has itself: the reasons why a name is fine after all.

use caveat_parser::link::{self, Project};
use rustc_hash::FxHashSet;

use super::manifest::{self, Dependency, Manifest, Registry};
use super::{Surroundings, known, nearest};

/// Manifests that are read at most: the first in order of path.
const MOST_MANIFESTS: usize = 2_000;
/// Shorter names are parts of too many others.
const SHORTEST_PART: usize = 4;
const SHORTEST_CRATE: usize = 3;
/// What the libraries of crates before this rank are called is known.
const MUCH_USED: u32 = 1_500;
/// Shortest part of a name that tells which package a module may be of, and parts that tell
/// nothing.
const TELLING_PART: usize = 6;
const COMMON_PARTS: &[&str] = &[
    "client",
    "python",
    "server",
    "utils",
    "async",
    "library",
    "common",
    "helper",
    "helpers",
    "manager",
    "service",
    "plugin",
    "module",
    "django",
    "pytest",
    "package",
    "toolkit",
    "wrapper",
    "handler",
    "connector",
    "middleware",
    "security",
    "secure",
    "integration",
    "extension",
    "framework",
    "requests",
    "fastapi",
    "openai",
    "pandas",
    "validator",
    "authentication",
    "config",
    "logging",
    "parser",
    "engine",
    "storage",
    "session",
    "analytics",
    "monitor",
    "monitoring",
];
/// Files in which a build may name modules that it makes.
const BUILD_FILES: &[&str] = &[
    "setup.py",
    "setup.cfg",
    "pyproject.toml",
    "meson.build",
    "CMakeLists.txt",
    "Makefile",
    "tox.ini",
    "MANIFEST.in",
    ".gitignore",
    "Dockerfile",
    "conftest.py",
    "BUILD",
    "BUILD.bazel",
];

/// What manifests of a project say, together.
#[derive(Default)]
pub(super) struct Declared {
    names: FxHashSet<String>,
    crates: FxHashSet<String>,
    /// Packages may come from elsewhere.
    pub private: bool,
    /// Texts of build files.
    builds: Vec<String>,
}

impl Declared {
    /// Reads the manifests among the paths, and the lock files beside them.
    pub fn read(paths: &[&str], around: &dyn Surroundings) -> Declared {
        let mut declared = Declared::default();
        let mut folders: FxHashSet<&str> = FxHashSet::default();
        folders.insert("");
        let mut left = MOST_MANIFESTS;
        for &path in paths {
            let name = path.rsplit('/').next().unwrap_or(path);
            if !may_declare(name) || left == 0 {
                continue;
            }
            left -= 1;
            let Some(text) = around.text(path) else {
                continue;
            };
            if let Some(manifest) = manifest::read(path, &text) {
                folders.insert(link::parent(path));
                declared.add(manifest);
            }
            if BUILD_FILES.contains(&name) {
                declared.builds.push(text);
            }
        }
        let known: FxHashSet<&str> = paths.iter().copied().collect();
        for folder in folders {
            for name in manifest::LOCKS.iter().chain(BUILD_FILES) {
                let path = link::join(folder, name);
                if known.contains(path.as_str()) {
                    continue;
                }
                let Some(text) = around.text(&path) else {
                    continue;
                };
                if let Some(manifest) = manifest::read(&path, &text) {
                    declared.add(manifest);
                }
                if BUILD_FILES.contains(name) {
                    declared.builds.push(text);
                }
            }
        }
        declared
    }

    fn add(&mut self, manifest: Manifest) {
        self.names.extend(manifest.declared);
        self.crates.extend(manifest.crates);
        self.private |= manifest.private;
    }

    /// Whether a crate of that name, as code writes it, is a dependency of some package here, or
    /// may be the library of one that is called otherwise.
    pub fn may_bring_crate(&self, name: &str) -> bool {
        let own = name.replace('_', "");
        self.crates.contains(name)
            || self.crates.iter().any(|other| {
                let rank = known::crates().rank(&known::folded(other));
                let little_used = rank.is_none_or(|rank| rank > MUCH_USED);
                let other = other.replace('_', "");
                own.len() >= SHORTEST_CRATE && other.contains(&own)
                    || little_used && other.len() >= SHORTEST_CRATE && own.contains(&other)
            })
    }

    /// Whether a dependency may bring the module: one of the same name, or one that few use and
    /// whose name shares a part with the module's.
    pub fn may_bring(&self, module: &str) -> bool {
        let folded = known::folded(module);
        if self.names.contains(&folded) {
            return true;
        }
        let own = squeezed(&folded);
        self.names.iter().any(|name| {
            let other = squeezed(name);
            if other.len() >= SHORTEST_PART && own.len() >= SHORTEST_PART && other.contains(&own) {
                return true;
            }
            // What popular packages are called in code is known.
            known::popular().rank(name).is_none()
                && (other.len() >= SHORTEST_PART && own.contains(&other)
                    || share_part(&folded, name))
        })
    }

    /// Whether a build file speaks of the name.
    pub fn is_built(&self, name: &str) -> bool {
        self.builds.iter().any(|text| has_word(text, name))
    }

    /// Whether a package is one of the project's own, or locked.
    pub fn has_package(&self, project: &Project<'_>, name: &str) -> bool {
        let folded = known::folded(name);
        let own = |it: &link::Package| known::folded(&it.name) == folded;
        project.packages().iter().any(own)
    }
}

/// Whether two folded names share a part that tells something.
fn share_part(one: &str, two: &str) -> bool {
    let tells = |part: &&str| part.len() >= TELLING_PART && !COMMON_PARTS.contains(part);
    one.split('-')
        .filter(tells)
        .any(|part| two.split('-').any(|other| other == part))
}

/// Whether a file of that name may be read for what it declares.
fn may_declare(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    BUILD_FILES.contains(&name)
        || lower.starts_with("dockerfile")
        || lower.contains("requirement")
        || lower.contains("constraint")
        || [
            ".toml",
            ".cfg",
            ".in",
            ".pip",
            ".lock",
            "manifest.json",
            "pip.conf",
            ".sh",
            "PKG-INFO",
        ]
        .iter()
        .any(|ending| name.ends_with(ending))
        || lower.starts_with("environment.y")
        || lower.starts_with("conda")
        || lower.starts_with("meta.y")
        || matches!(name, "Pipfile" | "Pipfile.lock")
}

fn squeezed(folded: &str) -> String {
    folded.replace('-', "")
}

fn has_word(text: &str, word: &str) -> bool {
    let is_name = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, _)| {
        !is_name(text[..at].chars().next_back()) && !is_name(text[at + word.len()..].chars().next())
    })
}

/// Whether the list leaves a doubt about a dependency.
pub(super) fn is_doubtful(dependency: &Dependency) -> bool {
    let folded = known::folded(&dependency.name);
    match dependency.registry {
        Registry::Python => {
            known::popular().rank(&folded).is_none()
                && (!known::is_python_package(&folded) || nearest::looks_like(&folded).is_some())
        }
        Registry::Rust => !known::is_crate(&dependency.name),
    }
}
