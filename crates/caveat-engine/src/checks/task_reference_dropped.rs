//! Tasks and futures that nobody keeps: asyncio holds tasks weakly, so one without a reference may
//! be collected before it ends; a Rust future that is dropped never ran.

use caveat_parser::lang::{Field, Role};
use caveat_parser::names::Root;
use caveat_parser::{Code, Names, NodeId};
use rustc_hash::FxHashSet;

use super::{Check, FileView, Hit, tree};

/// Reports `asyncio.create_task(..)` as a statement, and `let _ = f()` of an `async fn`.
pub static CHECK: Check = Check {
    name: "task-reference-dropped",
    languages: &["python", "rust"],
    triggers: &["create_task", "ensure_future", "let _ ="],
    whole_file: &["rust"],
    needs_class: true,
    glance: None,
    run,
};

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    match names.code.arena.language.name() {
        "python" => tasks(view, names, hits),
        _ => futures(view, names, hits),
    }
}

fn tasks(view: &FileView<'_>, names: &Names<'_>, hits: &mut Vec<Hit>) {
    let code = names.code;
    for call in code.arena.ids() {
        if code.arena.role(call) == Role::Call
            && is_dropped(code, call)
            && let Some(maker) = task_maker(names, call)
        {
            let what = format!(
                "nothing keeps the task of `{maker}`, which may be collected before it ends"
            );
            hits.push(Hit::at_node(view, call).word("WHAT", what));
        }
    }
}

/// A statement by itself, or assigned to `_`.
fn is_dropped(code: Code<'_>, call: NodeId) -> bool {
    let arena = code.arena;
    let Some(parent) = arena.parent(call) else {
        return false;
    };
    match arena.role(parent) {
        Role::Block | Role::Module => true,
        Role::Assignment => arena
            .field(parent, Field::Left)
            .is_some_and(|left| code.text_of(left) == "_"),
        _ => false,
    }
}

fn task_maker(names: &Names<'_>, call: NodeId) -> Option<String> {
    if let Some(path) = tree::callee_path(names, call)
        && matches!(
            path.as_slice(),
            ["asyncio", "create_task" | "ensure_future"]
                | ["asyncio", "tasks", "create_task" | "ensure_future"]
        )
    {
        return Some(path.join("."));
    }
    // `loop.create_task(..)`: a task group keeps its tasks, a loop does not.
    let (receiver, name) = tree::method(names.code, call)?;
    let kind = (name == "create_task").then(|| names.type_of(receiver))??;
    matches!(
        kind.path.as_slice(),
        [
            "asyncio",
            "get_event_loop" | "get_running_loop" | "new_event_loop" | "AbstractEventLoop"
        ]
    )
    .then(|| names.code.text_of(receiver).to_owned() + ".create_task")
}

fn futures(view: &FileView<'_>, names: &Names<'_>, hits: &mut Vec<Hit>) {
    let code = names.code;
    let arena = code.arena;
    let functions = async_functions(code);
    for id in arena.ids() {
        if arena.kind_name(id) != "let_declaration" {
            continue;
        }
        let wild = arena
            .field(id, Field::Pattern)
            .is_some_and(|pattern| code.text_of(pattern) == "_");
        let Some(call) = arena.field(id, Field::Value).filter(|_| wild) else {
            continue;
        };
        if let Some(name) = called(names, call).filter(|name| functions.contains(name)) {
            let what = format!("`{name}` is async and its future is dropped here: it never runs");
            hits.push(Hit::at_node(view, call).word("WHAT", what));
        }
    }
}

/// Names of functions and methods that are async wherever the file defines them.
fn async_functions<'a>(code: Code<'a>) -> FxHashSet<&'a str> {
    let arena = code.arena;
    let mut all = FxHashSet::default();
    let mut sync = FxHashSet::default();
    for id in arena.ids().filter(|&id| arena.role(id) == Role::Function) {
        let Some(name) = arena.field(id, Field::Name) else {
            continue;
        };
        if tree::has_modifier(code, id, "async") {
            all.insert(code.text_of(name));
        } else {
            sync.insert(code.text_of(name));
        }
    }
    all.retain(|name| !sync.contains(name));
    all
}

/// The function of this file, or method of `self`, that is called.
fn called<'a>(names: &Names<'a>, call: NodeId) -> Option<&'a str> {
    let code = names.code;
    if let Some((receiver, name)) = tree::method(code, call) {
        return (code.text_of(receiver) == "self").then_some(name);
    }
    if code.arena.role(call) != Role::Call {
        return None;
    }
    let callee = code.arena.children(call).next()?;
    if let Some(name) = code.text_of(callee).strip_prefix("Self::") {
        return Some(name);
    }
    let resolved = names.resolve(callee)?;
    (resolved.root == Root::Defined && resolved.path.len() == 1).then(|| resolved.path[0])
}
