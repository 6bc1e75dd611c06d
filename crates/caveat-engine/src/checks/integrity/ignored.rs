//! Results that are thrown away though the function promises what they were about.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};

use super::super::{Check, FileView, Hit};
use crate::rule::Confidence;
use crate::tests_model::{Tree, code, place};

/// Reports `let _ = write(..)` and `verify(..).ok();` in functions that claim success.
pub static CHECK: Check = Check {
    name: "ignored-result",
    languages: &["rust"],
    triggers: &["let _ =", ".ok()"],
    whole_file: &[],
    needs_class: true,
    glance: None,
    run,
};

/// Calls whose failure means that the promised did not happen.
const WEIGHTY: &[&str] = &[
    "write",
    "write_all",
    "commit",
    "flush",
    "sync_all",
    "sync_data",
    "save",
    "persist",
    "store",
    "insert",
    "execute",
    "rename",
    "copy",
    "upload",
    "publish",
    "put",
    "append",
    "export",
    "backup",
    "encrypt",
    "sign",
    "deploy",
    "charge",
    "refund",
    "transfer",
    "apply",
    "migrate",
    "delete",
    "update",
    "replicate",
    "archive",
    "submit",
];

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(tree) = Tree::of(view) else { return };
    for id in tree.arena().ids() {
        let Some(call) = dropped(tree, id) else {
            continue;
        };
        if let Some(sure) = judge(tree, id, call) {
            hits.push(Hit {
                confidence: (!sure).then_some(Confidence::Low),
                ..Hit::at_node(view, id)
                    .word("CALL", tree.last_name(call))
                    .word("FUNCTION", tree.function(id).map_or("", |it| tree.name(it)))
            });
        }
    }
}

/// The call whose result a statement drops.
fn dropped(tree: Tree<'_>, id: NodeId) -> Option<NodeId> {
    match tree.role(id) {
        Role::Let if tree.kind(id) == "let_declaration" => {
            let pattern = tree.field(id, Field::Pattern)?;
            let value = tree.field(id, Field::Value)?;
            let nameless = tree.text(pattern) == "_" || tree.text(pattern).starts_with('_');
            (nameless && tree.text(pattern) == "_")
                .then(|| bare(tree, value))
                .flatten()
        }
        Role::Assignment => {
            let left = tree.field(id, Field::Left)?;
            (tree.text(left) == "_")
                .then(|| bare(tree, tree.field(id, Field::Right)?))
                .flatten()
        }
        Role::Call if tree.last_name(id) == "ok" && tree.positional(id).is_empty() => {
            let parent = tree.arena().parent(id)?;
            let statement = tree.role(parent) == Role::Block && tree.tail(parent) != Some(id);
            statement.then(|| bare(tree, tree.receiver(id)?)).flatten()
        }
        _ => None,
    }
}

/// The call behind `.await` and `.ok()`.
fn bare(tree: Tree<'_>, value: NodeId) -> Option<NodeId> {
    match tree.role(value) {
        Role::Call if matches!(tree.last_name(value), "ok" | "map_err" | "map") => tree
            .receiver(value)
            .and_then(|it| bare(tree, it))
            .or(Some(value)),
        Role::Call => Some(value),
        Role::Await => bare(tree, *tree.kids(value).first()?),
        _ => None,
    }
}

/// Whether it matters, and whether that is sure.
fn judge(tree: Tree<'_>, id: NodeId, call: NodeId) -> Option<bool> {
    let name = tree.last_name(call);
    let words = code::words(name);
    let first = words.first().map_or("", String::as_str);
    let checks = matches!(
        first,
        "verify" | "validate" | "check" | "authenticate" | "authorize" | "ensure" | "enforce"
    );
    if !(WEIGHTY.contains(&name) || WEIGHTY.contains(&first) || checks) || tree.in_test(id) {
        return None;
    }
    let function = tree.function(id)?;
    let own = tree.name(function);
    let class = tree.class(function);
    let in_drop = own == "drop"
        || class.is_some_and(|it| {
            tree.field(it, Field::Trait)
                .is_some_and(|it| tree.text(it) == "Drop")
        });
    let tidying = [
        "close",
        "shutdown",
        "cleanup",
        "stop",
        "cancel",
        "abort",
        "rollback",
        "exit",
        "disconnect",
        "teardown",
        "finish",
        "kill",
    ]
    .iter()
    .any(|it| code::words(own).iter().any(|word| word == it));
    let lead = tree.has_comment(id);
    let receiver = tree.receiver(call).map_or("", |it| tree.text(it));
    if matches!(name, "write_str" | "write_char" | "write_fmt" | "write_buf") {
        return None;
    }
    let infallible = [
        "map", "set", "cache", "entries", "seen", "visited", "index", "headers", "table",
    ]
    .iter()
    .any(|it| code::words(receiver).iter().any(|word| word == it))
        && matches!(first, "insert" | "append" | "update" | "put");
    let terminal = [
        "stdout", "stderr", "out", "term", "terminal", "console", "w", "writer", "tx", "sender",
    ]
    .iter()
    .any(|it| code::words(receiver).iter().any(|word| word == it));
    if in_drop || tidying || lead || infallible || terminal || own == "main" {
        return None;
    }
    let claims = tree
        .field(function, Field::ReturnType)
        .map(|it| tree.text(it));
    let verdict = claims.is_some_and(|it| {
        it.starts_with("Result")
            || it.contains("::Result")
            || it == "bool"
            || it.contains("Status")
            || it.contains("usize")
            || it.contains("u64")
    });
    let good = tree.returned(function).iter().any(|&it| {
        let text: String = tree.text(it).split_whitespace().collect();
        text == "true"
            || text.starts_with("Ok(")
            || text.parse::<f64>().is_ok()
            || text.contains("len()")
            || tree.role(it) == Role::Identifier
    });
    let promised = code::words(own)
        .iter()
        .any(|word| WEIGHTY.contains(&word.as_str()) || place::CHECKING.contains(&word.as_str()));
    match (verdict && good, promised) {
        (true, true) => Some(true),
        (true, false) => Some(
            checks
                || matches!(name, "write_all" | "commit" | "sync_all")
                || tree.called(call).contains("fs."),
        ),
        (false, true) => Some(checks && claims.is_some()),
        (false, false) => checks.then_some(false),
    }
}
