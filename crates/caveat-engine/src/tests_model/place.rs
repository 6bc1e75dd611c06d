//! What a file or function is for: test, script, library, program.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};

use super::code::Tree;

/// Whether a runner collects tests from the file, or reads its settings there.
pub fn is_test_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.starts_with("test_")
        || stem.ends_with("_test")
        || matches!(stem, "conftest" | "tests" | "test")
}

/// Whether pytest or unittest runs a Python function as a test.
pub fn is_python_test(tree: Tree<'_>, function: NodeId) -> bool {
    let name = tree.name(function);
    if !name.starts_with("test") || !is_collected(tree.path) {
        return false;
    }
    let nested = tree
        .arena()
        .ancestors(function)
        .any(|it| tree.role(it) == Role::Function);
    let fixture = tree
        .decorators(function)
        .iter()
        .any(|&it| tree.text(it).contains("fixture"));
    if nested || fixture {
        return false;
    }
    match tree.class(function) {
        None => name.starts_with("test_") || name == "test",
        Some(class) => {
            let bases = tree.field(class, Field::Superclasses);
            tree.name(class).starts_with("Test") || bases.is_some()
        }
    }
}

/// Whether tests may be collected from the file.
fn is_collected(path: &str) -> bool {
    is_test_file(path)
        || path
            .split('/')
            .rev()
            .skip(1)
            .any(|part| matches!(part, "tests" | "test"))
}

/// Whether a Rust function is run as a test.
pub fn is_rust_test(tree: Tree<'_>, function: NodeId) -> bool {
    tree.attributes(function)
        .iter()
        .any(|(_, text)| is_test_attribute(text))
}

/// `test`, `tokio::test(flavor = ..)`, `rstest`, `test_case(..)`.
pub fn is_test_attribute(text: &str) -> bool {
    let head = text.split(['(', ' ', '=']).next().unwrap_or(text);
    let last = head.rsplit("::").next().unwrap_or(head);
    matches!(
        last,
        "test"
            | "rstest"
            | "test_case"
            | "quickcheck"
            | "wasm_bindgen_test"
            | "googletest"
            | "cargo_test"
            | "apply_test"
            | "gtest"
            | "traced_test"
            | "case"
    )
}

/// Whether a function is a test in its language.
pub fn is_test(tree: Tree<'_>, function: NodeId) -> bool {
    match tree.is_python() {
        true => is_python_test(tree, function),
        false => is_rust_test(tree, function),
    }
}

/// Whether code runs only when the file is started as a program.
pub fn is_main_guarded(tree: Tree<'_>, id: NodeId) -> bool {
    tree.arena().ancestors(id).any(|at| {
        tree.role(at) == Role::If
            && tree
                .field(at, Field::Condition)
                .is_some_and(|it| tree.text(it).contains("__name__"))
    })
}

/// Whether a file is meant to be started, not imported.
pub fn is_script(path: &str, text: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let folder = |part: &str| {
        matches!(
            part,
            "scripts"
                | "script"
                | "bin"
                | "tools"
                | "tool"
                | "ci"
                | ".ci"
                | "dev"
                | "hooks"
                | "utils_dev"
                | "devtools"
                | "maint"
                | "maintenance"
                | "management"
                | "commands"
                | "contrib"
                | "misc"
        )
    };
    text.starts_with("#!")
        || matches!(
            stem,
            "__main__"
                | "main"
                | "cli"
                | "setup"
                | "manage"
                | "tasks"
                | "noxfile"
                | "fabfile"
                | "build"
                | "run"
                | "make"
                | "wsgi"
                | "asgi"
                | "conf"
        )
        || folders.split('/').any(folder)
}

/// Whether some file of the project imports this one. Asked rarely: it reads all outlines.
pub fn is_imported(tree: Tree<'_>) -> bool {
    tree.names
        .project()
        .is_some_and(|(project, file)| !project.importers(file).is_empty())
}

/// Whether a Rust file belongs to a program rather than to a library.
pub fn is_rust_program(tree: Tree<'_>) -> bool {
    let path = tree.path;
    let in_bin = path
        .split('/')
        .any(|part| matches!(part, "bin" | "examples" | "xtask"));
    if in_bin || path.ends_with("main.rs") || path.ends_with("build.rs") {
        return true;
    }
    let Some((project, _)) = tree.names.project() else {
        return false;
    };
    let root = match path.find("src/") {
        Some(at) => &path[..at + 4],
        None => return false,
    };
    project.file(&format!("{root}main.rs")).is_some()
}

/// Words of names of things whose job is to check.
pub const CHECKING: &[&str] = &[
    "verify",
    "verified",
    "verifies",
    "validate",
    "validated",
    "valid",
    "check",
    "checked",
    "checks",
    "authenticate",
    "authenticated",
    "authorize",
    "authorized",
    "authorise",
    "authorised",
    "auth",
    "allow",
    "allowed",
    "allows",
    "permit",
    "permitted",
    "permission",
    "can",
    "ensure",
    "require",
    "signature",
    "guard",
    "audit",
    "inspect",
    "trusted",
    "verification",
    "validation",
    "access",
];

/// Whether a name says that something is checked.
pub fn is_checking(name: &str) -> bool {
    super::code::words(name)
        .iter()
        .any(|word| CHECKING.contains(&word.as_str()))
}
