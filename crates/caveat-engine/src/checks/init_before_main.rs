//! Code that runs before or after `main` and uses what the standard library sets up for `main`.

use caveat_parser::lang::{Field, Role};
use caveat_parser::names::Root;
use caveat_parser::{Code, Names, NodeId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Check, FileView, Hit, tree};

/// Reports the standard library in functions marked `#[ctor]` or `#[dtor]`.
pub static CHECK: Check = Check {
    name: "init-before-main",
    languages: &["rust"],
    triggers: &["ctor", "dtor"],
    whole_file: &["rust"],
    needs_class: false,
    glance: None,
    run,
};

/// Macros that write to the standard streams.
const MACROS: &[&str] = &["println", "print", "eprintln", "eprint", "dbg"];
/// Modules of `std` that need its runtime.
const MODULES: &[&str] = &["env", "fs", "io", "net", "process", "thread"];

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let code = names.code;
    let functions: FxHashMap<&str, NodeId> = code
        .arena
        .ids()
        .filter(|&id| code.arena.role(id) == Role::Function)
        .filter_map(|id| Some((code.text_of(code.arena.field(id, Field::Name)?), id)))
        .collect();
    for id in code.arena.ids() {
        if code.arena.role(id) == Role::Function
            && let Some(when) = runs(code, id)
        {
            hits.extend(uses(view, names, &functions, id).map(|hit| hit.word("WHEN", when)));
        }
    }
}

/// When a function marked so runs.
fn runs(code: Code<'_>, function: NodeId) -> Option<&'static str> {
    crate::context::attributes(code.arena, function).find_map(|attribute| {
        let text = code.text_of(attribute).trim_start_matches(['#', '[', ' ']);
        let path = text
            .split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
            .next()?;
        match path {
            "ctor" | "ctor::ctor" | "ctor::declarative::ctor" => Some("before"),
            "dtor" | "ctor::dtor" | "dtor::dtor" => Some("after"),
            _ => None,
        }
    })
}

/// Uses of `std` in a function and in the functions of this file that it calls.
fn uses(
    view: &FileView<'_>,
    names: &Names<'_>,
    functions: &FxHashMap<&str, NodeId>,
    start: NodeId,
) -> Option<Hit> {
    let code = names.code;
    let mut seen = FxHashSet::from_iter([start]);
    let mut open = vec![start];
    while let Some(function) = open.pop() {
        for id in code.arena.subtree(function) {
            if let Some(what) = runtime_use(names, id) {
                let hit = Hit::at_node(view, id).word("WHAT", what);
                return Some(hit);
            }
            if let Some(callee) = own_callee(names, functions, id)
                && seen.insert(callee)
            {
                open.push(callee);
            }
        }
    }
    None
}

fn runtime_use(names: &Names<'_>, id: NodeId) -> Option<String> {
    let code = names.code;
    match code.arena.role(id) {
        Role::MacroCall => {
            let name = code.text_of(code.arena.children(id).next()?);
            MACROS.contains(&name).then(|| format!("{name}!"))
        }
        Role::Call => {
            let path = tree::callee_path(names, id)?;
            match path.as_slice() {
                ["std", module, ..] if MODULES.contains(module) => Some(path.join("::")),
                _ => None,
            }
        }
        _ => None,
    }
}

fn own_callee(
    names: &Names<'_>,
    functions: &FxHashMap<&str, NodeId>,
    id: NodeId,
) -> Option<NodeId> {
    if names.code.arena.role(id) != Role::Call {
        return None;
    }
    let callee = names.code.arena.children(id).next()?;
    let resolved = names.resolve(callee)?;
    (resolved.root == Root::Defined && resolved.path.len() == 1)
        .then(|| functions.get(resolved.path[0]).copied())?
}
