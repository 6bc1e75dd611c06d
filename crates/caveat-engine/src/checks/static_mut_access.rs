//! Uses of `static mut` variables.

use caveat_parser::lang::{Field, Role};
use caveat_parser::names::Binding;
use caveat_parser::{Code, Names, NodeId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Check, FileView, Hit, tree};
use crate::rule::Confidence;

/// Reports the first use of each `static mut` in each function.
pub static CHECK: Check = Check {
    name: "static-mut-access",
    languages: &["rust"],
    triggers: &["static mut"],
    whole_file: &["rust"],
    needs_class: false,
    glance: None,
    run,
};

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let code = names.code;
    let statics: FxHashMap<&str, NodeId> = code
        .arena
        .ids()
        .filter(|&id| is_static_mut(code, id))
        .filter_map(|id| Some((code.text_of(code.arena.field(id, Field::Name)?), id)))
        .collect();
    if statics.is_empty() {
        return;
    }
    let quiet_file = is_single_threaded(code);
    let mut seen = FxHashSet::default();
    for id in code.arena.ids() {
        if code.arena.kind_name(id) != "identifier" || !statics.contains_key(code.text_of(id)) {
            continue;
        }
        let Some((variable, access)) = access(names, &statics, id) else {
            continue;
        };
        let owner = tree::function(code.arena, id);
        if !seen.insert((variable, owner)) {
            continue;
        }
        let mut hit = Hit::at_node(view, id)
            .word("NAME", code.text_of(id))
            .word("ACCESS", access);
        if quiet_file || is_guarded(code, id) || is_foreign(code, variable) {
            hit.confidence = Some(Confidence::Low);
        }
        hits.push(hit);
    }
}

fn is_static_mut(code: Code<'_>, id: NodeId) -> bool {
    let arena = code.arena;
    arena.role(id) == Role::Constant
        && arena.kind_name(id) == "static_item"
        && arena
            .children(id)
            .any(|child| arena.kind_name(child) == "mutable_specifier")
        && !crate::context::attributes(arena, id)
            .any(|attribute| code.text_of(attribute).contains("thread_local"))
}

/// The declaration that the name means and what is done to it; `None` if that is harmless.
fn access(
    names: &Names<'_>,
    statics: &FxHashMap<&str, NodeId>,
    id: NodeId,
) -> Option<(NodeId, &'static str)> {
    let code = names.code;
    let arena = code.arena;
    let field = arena.node(id).field;
    if field == Field::Pattern {
        return None;
    }
    let variable = match names.lookup(code.text_of(id), id)?.0 {
        Binding::TypedValue(kind, _) | Binding::Typed(kind) => {
            arena.parent(*kind).filter(|&at| is_static_mut(code, at))?
        }
        // After an assignment in this scope the name is known no better than by its spelling.
        Binding::Opaque => *statics.get(code.text_of(id))?,
        _ => return None,
    };
    let parent = arena.parent(id)?;
    let access = match arena.role(parent) {
        Role::Constant => return None,
        Role::Scoped if field != Field::Name => return None,
        Role::Reference => "referenced",
        Role::Assignment | Role::AugmentedAssignment if field == Field::Left => "written",
        Role::Attribute | Role::Subscript => "used",
        _ => "read",
    };
    (!takes_address(code, id)).then_some((variable, access))
}

/// `addr_of!(X)`, `&raw mut X`: no reference is made.
fn takes_address(code: Code<'_>, id: NodeId) -> bool {
    let arena = code.arena;
    arena
        .ancestors(id)
        .take_while(|&at| arena.role(at) != Role::Block)
        .any(|at| match arena.role(at) {
            Role::MacroCall => {
                let text = code.text_of(at);
                text.split('!')
                    .next()
                    .is_some_and(|name| name.ends_with("addr_of") || name.ends_with("addr_of_mut"))
            }
            Role::Other | Role::Reference => code.text_of(at).starts_with("&raw "),
            _ => false,
        })
}

/// A file with `fn main` that mentions no threads.
fn is_single_threaded(code: Code<'_>) -> bool {
    let arena = code.arena;
    let has_main = arena.children(NodeId::ROOT).any(|item| {
        arena.role(item) == Role::Function
            && arena
                .field(item, Field::Name)
                .is_some_and(|name| code.text_of(name) == "main")
    });
    has_main
        && !["thread", "spawn", "async", "rayon"]
            .iter()
            .any(|word| code.text.contains(word))
}

/// Initialisation under `Once`, or code that turns interrupts off.
fn is_guarded(code: Code<'_>, id: NodeId) -> bool {
    let arena = code.arena;
    arena.ancestors(id).any(|at| {
        arena.role(at) == Role::Call
            && arena.children(at).next().is_some_and(|callee| {
                let text = code.text_of(callee);
                [
                    "call_once",
                    "call_once_force",
                    "interrupt::free",
                    "critical_section::with",
                    "without_interrupts",
                ]
                .iter()
                .any(|name| text.ends_with(name))
            })
    })
}

fn is_foreign(code: Code<'_>, variable: NodeId) -> bool {
    code.arena
        .ancestors(variable)
        .any(|at| code.arena.kind_name(at) == "foreign_mod_item")
}
