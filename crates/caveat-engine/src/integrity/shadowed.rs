//! Files of the project that tests import in place of a module of the standard or a test library.

use caveat_parser::Span;
use rustc_hash::FxHashSet;

use super::Draft;
use crate::tests_model::place;

/// The check's name in rule files.
pub const NAME: &str = "shadowed-module";

/// Modules whose replacement changes what tests see.
const MODULES: &[&str] = &[
    "random",
    "pytest",
    "unittest",
    "time",
    "json",
    "math",
    "os",
    "sys",
    "re",
    "datetime",
    "hashlib",
    "hmac",
    "secrets",
    "statistics",
    "subprocess",
    "threading",
    "socket",
    "ssl",
    "copy",
    "decimal",
    "fractions",
    "functools",
    "itertools",
    "operator",
    "timeit",
    "inspect",
    "doctest",
    "collections",
    "heapq",
    "bisect",
    "string",
    "csv",
    "io",
    "pathlib",
    "tempfile",
    "shutil",
    "uuid",
    "typing",
    "dataclasses",
    "enum",
    "warnings",
    "builtins",
    "numpy",
    "torch",
    "pandas",
    "hypothesis",
    "mock",
    "requests",
    "coverage",
    "sitecustomize",
    "usercustomize",
    "logging",
    "queue",
    "struct",
    "glob",
    "pickle",
];

/// Judges the paths of a project.
pub fn drafts<'p>(paths: impl Iterator<Item = &'p str> + Clone) -> Vec<Draft> {
    let python = || paths.clone().filter(|it| it.ends_with(".py"));
    let parent = caveat_parser::link::parent;
    let packages: FxHashSet<&str> = python()
        .filter(|it| it.ends_with("__init__.py"))
        .map(parent)
        .collect();
    // Folders that stand on the import path of tests: theirs, and those around a folder of tests.
    let mut roots: FxHashSet<&str> = FxHashSet::default();
    for path in python().filter(|it| place::is_test_file(it)) {
        let folder = parent(path);
        roots.insert(folder);
        let name = folder.rsplit('/').next().unwrap_or(folder);
        if matches!(name, "tests" | "test") {
            roots.insert(parent(folder));
        }
    }
    let mut found = Vec::new();
    for path in python() {
        let stem = path
            .rsplit('/')
            .next()
            .unwrap_or(path)
            .trim_end_matches(".py");
        let (module, folder) = match stem {
            "__init__" => {
                let own = parent(path);
                (own.rsplit('/').next().unwrap_or(own), parent(own))
            }
            _ => (stem, parent(path)),
        };
        let own_copy = folder.split('/').any(|it| {
            matches!(
                it,
                "site-packages" | "vendor" | "_vendor" | "typeshed" | "stubs" | "Lib"
            )
        });
        if MODULES.contains(&module)
            && !packages.contains(folder)
            && roots.contains(folder)
            && !own_copy
            && path != module
        {
            found.push(Draft {
                check: NAME,
                path: path.to_owned(),
                span: Span::new(0, 0),
                message: format!(
                    "tests that import `{module}` get this file instead of the library"
                ),
                related: Vec::new(),
                doubtful: false,
            });
        }
    }
    found
}
