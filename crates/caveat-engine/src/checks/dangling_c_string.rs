//! Pointers into a temporary that is gone when the statement ends:
//! `let p = CString::new(s)?.as_ptr();`.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Names, NodeId};

use super::{Check, FileView, Hit, tree};

/// Reports raw pointers into temporaries that outlive them.
pub static CHECK: Check = Check {
    name: "dangling-c-string",
    languages: &["rust"],
    triggers: &[".as_ptr()", ".as_mut_ptr()"],
    whole_file: &["rust"],
    needs_class: false,
    glance: None,
    run,
};

/// Methods that hand through the owner: the result is the same temporary.
const THROUGH: &[&str] = &[
    "unwrap",
    "expect",
    "unwrap_or_default",
    "unwrap_or_else",
    "unwrap_unchecked",
    "as_c_str",
    "as_str",
    "as_bytes",
    "as_slice",
    "as_mut_slice",
];

/// Methods that make a new owner.
const MAKERS: &[&str] = &[
    "to_string",
    "to_owned",
    "to_vec",
    "into_bytes",
    "into_boxed_str",
];

/// Constructors of owners, by type and function.
const CONSTRUCTORS: &[(&str, &str)] = &[
    ("CString", "new"),
    ("CString", "from_vec_unchecked"),
    ("CString", "default"),
    ("String", "from"),
    ("String", "new"),
    ("Vec", "new"),
    ("Vec", "with_capacity"),
    ("Vec", "from"),
    ("Box", "new"),
];

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let code = names.code;
    for call in code.arena.ids() {
        let Some((receiver, "as_ptr" | "as_mut_ptr")) = tree::method(code, call) else {
            continue;
        };
        if outlives_statement(names, call)
            && let Some(owner) = temporary_owner(names, receiver)
        {
            hits.push(Hit::at_node(view, call).word("OWNER", code.text_of(owner)));
        }
    }
}

/// Whether the pointer is bound, returned or stored rather than passed on in the same statement.
fn outlives_statement(names: &Names<'_>, call: NodeId) -> bool {
    let arena = names.code.arena;
    let mut at = call;
    loop {
        let Some(parent) = arena.parent(at) else {
            return false;
        };
        match arena.role(parent) {
            Role::Cast | Role::Unsafe => at = parent,
            // A constructor as the whole of `let x = *expr` is extended; a method call is not.
            Role::Let => {
                return arena.node(at).field == Field::Value
                    && arena.kind_name(parent) == "let_declaration";
            }
            Role::Assignment => return arena.node(at).field == Field::Right,
            Role::Return => return true,
            Role::Block => {
                let last = arena.node(at).next == arena.node(parent).next;
                if !last || tree::ends_statement(names.code, at) {
                    return false;
                }
                at = parent;
            }
            Role::Function => return true,
            Role::Lambda => return false,
            _ => return false,
        }
    }
}

/// The expression that makes the owner of the memory, if nothing else keeps it.
fn temporary_owner(names: &Names<'_>, receiver: NodeId) -> Option<NodeId> {
    let code = names.code;
    let arena = code.arena;
    let mut at = receiver;
    loop {
        match arena.role(at) {
            Role::QuestionMark => at = arena.children(at).next()?,
            Role::MacroCall => {
                let name = code.text_of(arena.children(at).next()?);
                return matches!(name, "format" | "vec").then_some(at);
            }
            Role::Call => {
                if let Some((inner, name)) = tree::method(code, at) {
                    if MAKERS.contains(&name) {
                        return Some(at);
                    }
                    if !THROUGH.contains(&name) {
                        return None;
                    }
                    at = inner;
                    continue;
                }
                let path = tree::callee_path(names, at)?;
                let [.., kind, function] = path.as_slice() else {
                    return None;
                };
                return CONSTRUCTORS.contains(&(kind, function)).then_some(at);
            }
            _ => return None,
        }
    }
}
