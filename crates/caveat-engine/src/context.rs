//! Where a piece of code stands: its statement, its enclosing symbol, test code, dead code.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Arena, Code, Constant, Names, NodeId, Span};

/// Qualified path of a file, from its place in the tree: `src/a/b.py` is `a.b`.
pub fn module_path(path: &str) -> Vec<&str> {
    let (stem, ending) = path.rsplit_once('.').unwrap_or((path, ""));
    let mut parts: Vec<&str> = stem.split('/').collect();
    if let Some(at) = parts.iter().position(|&part| part == "src") {
        parts.drain(..=at);
    }
    if ending == "rs" && matches!(parts.last(), Some(&("mod" | "lib" | "main"))) {
        parts.pop();
    }
    parts
}

/// Whether the path is that of a test, example, benchmark or document.
pub fn is_test_path(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let in_folder = folders.split('/').any(|part| {
        matches!(
            part,
            "test"
                | "tests"
                | "testing"
                | "example"
                | "examples"
                | "bench"
                | "benches"
                | "benchmark"
                | "benchmarks"
                | "doc"
                | "docs"
                | "fixtures"
                | "testdata"
                | "demo"
                | "demos"
                | "samples"
                | "docs_src"
                | "example_dags"
                | "__tests__"
                | "unittests"
                | "test cases"
                | "manual tests"
                | "e2e"
        ) || part.starts_with("docs_")
            || part.ends_with("_tests")
            || part.ends_with("-tests")
            || part.ends_with("_test")
    });
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    in_folder
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_tests")
        || matches!(stem, "conftest" | "tests" | "test" | "noxfile")
}

/// Whether the node stands in a test inside a product file (`#[cfg(test)]`, `#[test]`).
pub fn is_test_code(code: Code<'_>, node: NodeId) -> bool {
    let arena = code.arena;
    std::iter::once(node)
        .chain(arena.ancestors(node))
        .any(|at| {
            matches!(
                arena.role(at),
                Role::Function | Role::InnerModule | Role::Impl
            ) && attributes(arena, at).any(|attribute| {
                let text = code.text_of(attribute);
                let inner = text.trim_start_matches(['#', '[', '!']);
                inner.starts_with("test")
                    || inner.starts_with("cfg(test)")
                    || inner.starts_with("cfg(all(test")
                    || inner.starts_with("cfg(any(test")
                    || inner.contains("::test")
                    || inner.starts_with("rstest")
                    || inner.starts_with("bench")
            })
        })
}

/// Attribute items directly before an item.
pub fn attributes(arena: &Arena, item: NodeId) -> impl Iterator<Item = NodeId> + '_ {
    std::iter::successors(arena.previous(item), |&at| arena.previous(at))
        .take_while(|&id| arena.role(id) == Role::AttributeItem)
}

/// Whether the node stands in a branch that never runs: `if False`, `if TYPE_CHECKING`.
pub fn is_dead(names: &Names<'_>, node: NodeId) -> bool {
    let arena = names.code.arena;
    let mut below = node;
    for at in arena.ancestors(node) {
        if arena.role(at) == Role::If
            && let Some(condition) = arena.field(at, Field::Condition)
            && let Some(taken) = known_condition(names, condition)
        {
            let field = arena.node(below).field;
            if (field == Field::Consequence && !taken) || (field == Field::Alternative && taken) {
                return true;
            }
        }
        below = at;
    }
    false
}

fn known_condition(names: &Names<'_>, condition: NodeId) -> Option<bool> {
    let arena = names.code.arena;
    let text = names.code.text_of(condition);
    if text == "TYPE_CHECKING" || text.ends_with(".TYPE_CHECKING") {
        return Some(false);
    }
    match arena.role(condition) {
        Role::Boolean | Role::Integer | Role::None => match names.literal(condition)? {
            Constant::Bool(value) => Some(value),
            Constant::Int(value) => Some(value != 0),
            Constant::None => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Bytes of the smallest statement or item around a span.
pub fn statement(arena: &Arena, node: NodeId, span: Span) -> Span {
    let holds = |id: NodeId| {
        arena.parent(id).is_some_and(|parent| {
            matches!(
                arena.role(parent),
                Role::Block | Role::Module | Role::Decorated
            )
        })
    };
    let found = std::iter::once(node)
        .chain(arena.ancestors(node))
        .find(|&id| holds(id));
    match found {
        Some(id) if id != NodeId::ROOT => arena.span(id),
        _ => span,
    }
}

/// Dotted name of the functions, classes and modules around a node.
pub fn symbol(code: Code<'_>, node: NodeId) -> String {
    let arena = code.arena;
    let mut parts: Vec<&str> = std::iter::once(node)
        .chain(arena.ancestors(node))
        .filter(|&at| {
            matches!(
                arena.role(at),
                Role::Function | Role::Class | Role::Impl | Role::Trait | Role::InnerModule
            )
        })
        .filter_map(|at| {
            arena
                .field(at, Field::Name)
                .or_else(|| arena.field(at, Field::Type))
        })
        .map(|name| code.text_of(name))
        .collect();
    parts.reverse();
    parts.join(".")
}
