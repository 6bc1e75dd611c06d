//! Functions that callers may call without `unsafe` although they trust a raw pointer.

use caveat_parser::lang::{Field, Role};
use caveat_parser::names::Binding;
use caveat_parser::{Code, Names, NodeId};

use super::{Check, FileView, Hit, tree};
use crate::rule::Confidence;

/// Reports the first dereference of a raw-pointer parameter in a safe public function.
pub static CHECK: Check = Check {
    name: "raw-pointer-in-safe-fn",
    languages: &["rust"],
    triggers: &["*const", "*mut"],
    whole_file: &["rust"],
    needs_class: false,
    glance: None,
    run,
};

/// Methods of a raw pointer that read or write what it points to.
const METHODS: &[&str] = &[
    "read",
    "read_unaligned",
    "read_volatile",
    "write",
    "write_bytes",
    "write_unaligned",
    "write_volatile",
    "as_ref",
    "as_mut",
    "as_uninit_ref",
    "copy_from",
    "copy_from_nonoverlapping",
    "copy_to",
    "copy_to_nonoverlapping",
    "drop_in_place",
    "replace",
    "swap",
];

/// Functions that trust the pointer given to them, by their last two segments.
const FUNCTIONS: &[(&str, &str)] = &[
    ("CStr", "from_ptr"),
    ("CString", "from_raw"),
    ("Box", "from_raw"),
    ("Arc", "from_raw"),
    ("Rc", "from_raw"),
    ("Vec", "from_raw_parts"),
    ("String", "from_raw_parts"),
    ("slice", "from_raw_parts"),
    ("slice", "from_raw_parts_mut"),
    ("ptr", "read"),
    ("ptr", "read_unaligned"),
    ("ptr", "read_volatile"),
    ("ptr", "write"),
    ("ptr", "write_bytes"),
    ("ptr", "write_unaligned"),
    ("ptr", "write_volatile"),
    ("ptr", "copy"),
    ("ptr", "copy_nonoverlapping"),
    ("ptr", "drop_in_place"),
    ("ptr", "replace"),
    ("ptr", "swap"),
];

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let code = names.code;
    for id in code.arena.ids() {
        if code.arena.role(id) == Role::Function
            && let Some((at, pointer)) = first_use(names, id)
            && let Some(reach) = reach(code, id)
        {
            let text = code.text_of(pointer);
            let tested = null_tested(code, id, text);
            hits.push(Hit {
                confidence: match (reach, tested) {
                    (Reach::Public, false) => None,
                    (Reach::Public, true) | (Reach::Foreign, false) => Some(Confidence::Medium),
                    _ => Some(Confidence::Low),
                },
                ..Hit::at_node(view, at)
                    .word("POINTER", text)
                    .word("FUNCTION", name(code, id))
            });
        }
    }
}

/// Who can call a safe function.
#[derive(Clone, Copy)]
enum Reach {
    /// Any Rust code.
    Public,
    /// Other languages too.
    Foreign,
    /// Whoever is handed the function.
    Callback,
}

fn reach(code: Code<'_>, function: NodeId) -> Option<Reach> {
    let arena = code.arena;
    if tree::has_modifier(code, function, "unsafe") || arena.field(function, Field::Body).is_none()
    {
        return None;
    }
    let public = arena.children(function).any(|child| {
        code.text_of(child) == "pub" && arena.kind_name(child) == "visibility_modifier"
    });
    let modifiers = arena
        .children(function)
        .find(|&child| arena.kind_name(child) == "function_modifiers");
    let foreign = modifiers.is_some_and(|modifiers| code.text_of(modifiers).contains("extern"));
    match (public, foreign) {
        (true, false) => is_exposed(code, function).then_some(Reach::Public),
        (true, true) if is_exported(code, function) => Some(Reach::Foreign),
        (true, true) => Some(Reach::Callback),
        (false, true) => Some(Reach::Callback),
        (false, false) => None,
    }
}

/// A generic function cannot be exported: it is a callback for C, which keeps to its contract.
fn is_exported(code: Code<'_>, function: NodeId) -> bool {
    let arena = code.arena;
    let marked = crate::context::attributes(arena, function).any(|attribute| {
        let text = code.text_of(attribute);
        text.contains("no_mangle") || text.contains("export_name")
    });
    marked || arena.field(function, Field::TypeParameters).is_none() && is_exposed(code, function)
}

/// Public methods of private types and functions of private modules cannot be named outside.
fn is_exposed(code: Code<'_>, function: NodeId) -> bool {
    let arena = code.arena;
    let hidden = arena.ancestors(function).any(|at| match arena.role(at) {
        Role::Function => true,
        Role::InnerModule => !code.text_of(at).starts_with("pub "),
        Role::Impl => arena
            .field(at, Field::Type)
            .is_some_and(|kind| is_private_type(code, kind)),
        _ => false,
    });
    !hidden
}

fn is_private_type(code: Code<'_>, kind: NodeId) -> bool {
    let arena = code.arena;
    let name = match arena.role(kind) {
        Role::Generic => arena.children(kind).next().unwrap_or(kind),
        _ => kind,
    };
    arena.children(NodeId::ROOT).any(|item| {
        arena.role(item) == Role::Class
            && arena
                .field(item, Field::Name)
                .is_some_and(|own| code.text_of(own) == code.text_of(name))
            && !code.text_of(item).starts_with("pub ")
    })
}

fn name<'a>(code: Code<'a>, function: NodeId) -> &'a str {
    code.arena
        .field(function, Field::Name)
        .map_or("", |name| code.text_of(name))
}

/// The first expression in the function's own body that trusts one of its pointers.
fn first_use(names: &Names<'_>, function: NodeId) -> Option<(NodeId, NodeId)> {
    let arena = names.code.arena;
    let parameters = arena.field(function, Field::Parameters)?;
    let has_pointer = arena.children(parameters).any(|parameter| {
        arena
            .field(parameter, Field::Type)
            .is_some_and(|kind| arena.kind_name(kind) == "pointer_type")
    });
    if !has_pointer {
        return None;
    }
    let body = arena.field(function, Field::Body)?;
    arena.subtree(body).find_map(|id| {
        let pointer = trusted(names, id)?;
        is_parameter(names, pointer, parameters).then_some((id, pointer))
    })
}

/// The identifier that an expression dereferences.
fn trusted(names: &Names<'_>, id: NodeId) -> Option<NodeId> {
    let code = names.code;
    let arena = code.arena;
    match arena.role(id) {
        Role::Unary if code.text_of(id).starts_with('*') => base(code, arena.children(id).last()?),
        Role::Call => {
            if let Some((receiver, name)) = tree::method(code, id) {
                return METHODS.contains(&name).then(|| base(code, receiver))?;
            }
            let path = tree::callee_path(names, id)?;
            let [.., module, function] = path.as_slice() else {
                return None;
            };
            if !FUNCTIONS.contains(&(module, function)) {
                return None;
            }
            base(code, tree::arguments(arena, id).next()?)
        }
        _ => None,
    }
}

/// `p` of `p`, `p as *const T`, `p.add(n)`, `p.cast()`.
fn base(code: Code<'_>, expression: NodeId) -> Option<NodeId> {
    let arena = code.arena;
    let mut at = expression;
    loop {
        match arena.role(at) {
            Role::Identifier => return Some(at),
            Role::Cast => at = arena.children(at).next()?,
            Role::Call => {
                let (receiver, name) = tree::method(code, at)?;
                if ![
                    "add",
                    "sub",
                    "offset",
                    "cast",
                    "cast_mut",
                    "cast_const",
                    "wrapping_add",
                ]
                .contains(&name)
                {
                    return None;
                }
                at = receiver;
            }
            _ => return None,
        }
    }
}

fn is_parameter(names: &Names<'_>, pointer: NodeId, parameters: NodeId) -> bool {
    let arena = names.code.arena;
    match names.lookup(names.code.text_of(pointer), pointer) {
        Some((Binding::Typed(kind), _)) => {
            arena.is_within(*kind, parameters) && arena.kind_name(*kind) == "pointer_type"
        }
        _ => false,
    }
}

/// Whether the function asks if the pointer is null; then it means to be called with any pointer.
fn null_tested(code: Code<'_>, function: NodeId, pointer: &str) -> bool {
    code.text_of(function)
        .match_indices(pointer)
        .any(|(at, _)| {
            let rest = &code.text_of(function)[at + pointer.len()..];
            rest.starts_with(".is_null()") || rest.trim_start().starts_with("== ptr::null")
        })
}
