//! What is known of package and module names: the embedded lists.
//!
//! The lists are made by `cargo xtask known-packages` and `cargo xtask python-stdlib`, and have a
//! date: a name that is not in one may have been published since. Nothing here reads a project.

use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

/// A Bloom filter of the registry's Python names, folded. `cargo xtask known-packages` wrote it
/// with the same two numbers.
static PYTHON: &[u8] = include_bytes!("data/python-names.bloom");
const PROBES: u64 = 11;

/// The month, then the most downloaded Python packages, folded, most downloaded first.
static POPULAR: &str = include_str!("data/python-popular.txt");
/// The month, then crates, those that most public repositories use first.
static CRATES: &str = include_str!("data/crates.txt");
/// One standard module a line, followed by the public names of all versions.
static STANDARD: &str = include_str!("data/python-stdlib.txt");
/// Modules that are called otherwise than the package that brings them, or that come from
/// elsewhere than the registry.
static MODULES: &str = include_str!("data/python-modules.txt");

/// The month of the lists, `2026-11`.
pub fn month() -> &'static str {
    POPULAR.lines().next().unwrap_or_default()
}

/// The spelling that stands for all of a name's: `Flask_Login` is `flask-login`.
pub fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

/// Whether a Python package of that folded name is published; wrongly true once in 2,000 names.
pub fn is_python_package(name: &str) -> bool {
    let bits = PYTHON.len() as u64 * 8;
    let (first, step) = hashes(name);
    (0..PROBES).all(|probe| {
        let bit = first.wrapping_add(probe.wrapping_mul(step)) % bits;
        PYTHON[(bit / 8) as usize] & (1 << (bit % 8)) != 0
    })
}

/// As the table's maker hashes: FNV-1a, and the same mixed once more.
fn hashes(name: &str) -> (u64, u64) {
    let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = name.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, fold);
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    (hash ^ (hash >> 32), (mixed ^ (mixed >> 33)) | 1)
}

/// A ranked list of names and their ranks.
pub struct Ranked {
    /// Most used first.
    pub names: Vec<&'static str>,
    ranks: FxHashMap<String, u32>,
}

impl Ranked {
    fn new(list: &'static str) -> Self {
        let names: Vec<&'static str> = list.lines().skip(1).collect();
        let ranks = (0u32..)
            .zip(&names)
            .map(|(rank, name)| (folded(name), rank))
            .collect();
        Ranked { names, ranks }
    }

    /// The rank of a folded name, from 0.
    pub fn rank(&self, name: &str) -> Option<u32> {
        self.ranks.get(name).copied()
    }
}

/// The most downloaded Python packages.
pub fn popular() -> &'static Ranked {
    static LIST: OnceLock<Ranked> = OnceLock::new();
    LIST.get_or_init(|| Ranked::new(POPULAR))
}

/// The crates that public repositories use. Far from all there are.
pub fn crates() -> &'static Ranked {
    static LIST: OnceLock<Ranked> = OnceLock::new();
    LIST.get_or_init(|| Ranked::new(CRATES))
}

/// Public names of a standard module, of any version since 3.8; `None` for other modules.
pub fn standard_module(module: &str) -> Option<&'static str> {
    static LIST: OnceLock<FxHashMap<&'static str, &'static str>> = OnceLock::new();
    let list = LIST.get_or_init(|| {
        STANDARD
            .lines()
            .map(|line| line.split_once(' ').unwrap_or((line, "")))
            .collect()
    });
    list.get(module).copied()
}

/// Whether a top-level module is known: a standard one, one of a published package under a usual
/// name, or one that is called otherwise.
pub fn is_python_module(name: &str) -> bool {
    if standard_module(name).is_some() || other_modules().contains(name) {
        return true;
    }
    let name = folded(name);
    let usual = [
        name.clone(),
        format!("python-{name}"),
        format!("py{name}"),
        format!("{name}-python"),
        format!("py-{name}"),
        format!("{name}-py"),
    ];
    usual.iter().any(|name| is_python_package(name))
}

fn other_modules() -> &'static FxHashSet<&'static str> {
    static LIST: OnceLock<FxHashSet<&'static str>> = OnceLock::new();
    LIST.get_or_init(|| {
        let lines = MODULES.lines().filter(|line| !line.starts_with('#'));
        lines.flat_map(str::split_whitespace).collect()
    })
}

/// Whether a crate is known by that name, as manifests or as code write it.
pub fn is_crate(name: &str) -> bool {
    let standard = ["std", "core", "alloc", "proc_macro", "test"];
    standard.contains(&name) || crates().rank(&folded(name)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["requests", "flask-login", "zope-interface", "numpy"] {
            assert!(is_python_package(name), "{name}");
        }
        for name in ["requests-async-retry-client", "fastapi-secure-auth-kit"] {
            assert!(!is_python_package(name), "{name}");
        }
        for name in ["os", "tomllib", "yaml", "cv2", "PIL", "sklearn", "urllib2"] {
            assert!(is_python_module(name), "{name}");
        }
        assert!(is_crate("serde_json") && is_crate("proc-macro2") && !is_crate("serde_jsonify"));
        assert!(standard_module("os.path").is_some_and(|names| names.contains("join")));
        assert_eq!(month().len(), 7);
    }
}
