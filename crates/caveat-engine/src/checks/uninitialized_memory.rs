//! Values that are used before anything was written to them, or whose type has no all-zero value.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Code, Names, NodeId};

use super::{Check, FileView, Hit, tree};
use crate::rule::Confidence;

/// Reports `uninitialized`, `zeroed` of references and the like, and vectors grown by `set_len`.
pub static CHECK: Check = Check {
    name: "uninitialized-memory",
    languages: &["rust"],
    triggers: &["uninitialized", "zeroed", "assume_init", "set_len"],
    whole_file: &["rust"],
    needs_class: false,
    glance: None,
    run,
};

/// Types that are never null, by name.
const NEVER_ZERO: &[&str] = &[
    "Box", "Vec", "String", "Arc", "Rc", "NonNull", "CString", "HashMap", "PathBuf",
];

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let code = names.code;
    for id in code.arena.ids() {
        if code.arena.role(id) != Role::Call {
            continue;
        }
        let hit = match tree::method(code, id) {
            Some((receiver, "assume_init")) => assumed(view, names, id, receiver),
            Some((vector, "set_len")) => grown(view, code, id, vector),
            Some(_) => None,
            None => made(view, names, id),
        };
        hits.extend(hit);
    }
}

/// `mem::uninitialized()`, `mem::zeroed::<&T>()`.
fn made(view: &FileView<'_>, names: &Names<'_>, call: NodeId) -> Option<Hit> {
    let code = names.code;
    let path = tree::callee_path(names, call)?;
    match path.as_slice() {
        ["std", "mem", "uninitialized"] => {
            let hit = Hit::at_node(view, call);
            Some(hit.word(
                "WHAT",
                "`mem::uninitialized` makes a value of whatever the memory held",
            ))
        }
        ["std", "mem", "zeroed"] => {
            let kind = value_type(code, call)?;
            let what = never_zero(code, kind)?;
            Some(Hit::at_node(view, call).word(
                "WHAT",
                format!("all zeros are no value of {what} `{}`", code.text_of(kind)),
            ))
        }
        _ => None,
    }
}

/// The type argument of a call, or the type that its place demands.
fn value_type(code: Code<'_>, call: NodeId) -> Option<NodeId> {
    let callee = code.arena.children(call).next()?;
    let own = tree::type_arguments(code.arena, callee);
    own.first()
        .copied()
        .filter(|&kind| code.text_of(kind) != "_")
        .or_else(|| tree::expected_type(code, call))
}

fn never_zero(code: Code<'_>, kind: NodeId) -> Option<&'static str> {
    let arena = code.arena;
    match arena.kind_name(kind) {
        "reference_type" => return Some("the reference"),
        "function_type" => return Some("the function pointer"),
        _ => {}
    }
    let mut name = kind;
    while matches!(arena.role(name), Role::Generic | Role::Scoped) {
        name = match arena.role(name) {
            Role::Generic => arena.children(name).next()?,
            _ => arena.children(name).last()?,
        };
    }
    let text = code.text_of(name);
    (NEVER_ZERO.contains(&text) || text.starts_with("NonZero")).then_some("the type")
}

/// `MaybeUninit::uninit().assume_init()`.
fn assumed(view: &FileView<'_>, names: &Names<'_>, call: NodeId, receiver: NodeId) -> Option<Hit> {
    let code = names.code;
    let path = tree::callee_path(names, receiver)?;
    if !path.ends_with(&["MaybeUninit", "uninit"]) {
        return None;
    }
    // An array of `MaybeUninit` needs no initialisation; nor does what has no bytes.
    let exempt = |text: &str| {
        let bare = text.trim_start_matches(['[', '(', ' ']);
        bare.starts_with("MaybeUninit") || bare.contains("::MaybeUninit") || text == "()"
    };
    let kind = tree::expected_type(code, call).map(|kind| code.text_of(kind));
    let argument = code
        .text_of(receiver)
        .split_once('<')
        .map(|(_, rest)| rest.to_owned());
    if kind.is_some_and(exempt) || argument.as_deref().is_some_and(exempt) {
        return None;
    }
    let mut hit = Hit::at_node(view, call).word(
        "WHAT",
        "`assume_init` takes memory that nothing was written to",
    );
    let is_known = |text: &str| text.len() > 1;
    if !kind.is_some_and(is_known) && !argument.as_deref().is_some_and(is_known) {
        // A generic value may have no bytes at all.
        hit.confidence = Some(match claims_no_bytes(code, call) {
            true => Confidence::Low,
            false => Confidence::Medium,
        });
    }
    Some(hit)
}

fn claims_no_bytes(code: Code<'_>, call: NodeId) -> bool {
    tree::function(code.arena, call).is_some_and(|function| {
        let text = code.text_of(function);
        ["size_of", "zero-sized", "ZST"]
            .iter()
            .any(|word| text.contains(word))
    })
}

/// `v.set_len(n)` straight after `let mut v = Vec::with_capacity(n)`.
fn grown(view: &FileView<'_>, code: Code<'_>, call: NodeId, vector: NodeId) -> Option<Hit> {
    let arena = code.arena;
    let name = code.text_of(vector);
    let zero = tree::arguments(arena, call).all(|length| code.text_of(length) == "0");
    if arena.role(vector) != Role::Identifier || zero {
        return None;
    }
    // In `unsafe { v.set_len(n) }` the statement is the block around.
    let mut at = tree::statement(arena, call);
    while let Some(parent) = arena.parent(at)
        && let Some(outer) = arena.parent(parent)
        && arena.role(outer) == Role::Unsafe
        && arena.children(parent).next() == Some(at)
    {
        at = tree::statement(arena, outer);
    }
    let block = arena.parent(at)?;
    let before: Vec<NodeId> = arena
        .children(block)
        .take_while(|&child| child < at)
        .collect();
    let mut mentions =
        before.iter().rev().copied().filter(|&statement| {
            mentions(code, statement, name) && !reserves(code, statement, name)
        });
    let made = mentions
        .next()
        .filter(|&first| is_empty_vector(code, first, name))?;
    let hit = Hit {
        related: vec![(arena.span(made), "made here, with nothing in it".to_owned())],
        ..Hit::at_node(view, call).word(
            "WHAT",
            format!("`set_len` makes elements of `{name}` that were never written"),
        )
    };
    Some(Hit {
        confidence: filled_by_pointer(code, block, at, name).then_some(Confidence::Low),
        ..hit
    })
}

fn mentions(code: Code<'_>, statement: NodeId, name: &str) -> bool {
    code.arena
        .subtree(statement)
        .any(|id| code.arena.role(id) == Role::Identifier && code.text_of(id) == name)
}

fn reserves(code: Code<'_>, statement: NodeId, name: &str) -> bool {
    tree::method(code, statement).is_some_and(|(receiver, method)| {
        code.text_of(receiver) == name && method.starts_with("reserve")
    })
}

fn is_empty_vector(code: Code<'_>, statement: NodeId, name: &str) -> bool {
    let arena = code.arena;
    if arena.role(statement) != Role::Let {
        return false;
    }
    let pattern = arena.field(statement, Field::Pattern);
    let binds =
        pattern.is_some_and(|pattern| code.text_of(pattern).trim_start_matches("mut ") == name);
    let value = arena.field(statement, Field::Value);
    let text = value.map_or("", |value| code.text_of(value));
    let kind = arena
        .field(statement, Field::Type)
        .map_or("", |kind| code.text_of(kind));
    let empty = text.starts_with("Vec::") || text.starts_with("String::");
    binds
        && empty
        && (text.contains("::with_capacity(") || text.ends_with("::new()"))
        && !text.contains("MaybeUninit")
        && !kind.contains("MaybeUninit")
}

/// Whether the next thing that happens to the vector is that a pointer to it is handed out: an
/// idiom that fills it after all, though in the wrong order.
fn filled_by_pointer(code: Code<'_>, block: NodeId, at: NodeId, name: &str) -> bool {
    let arena = code.arena;
    let later = arena
        .children(block)
        .filter(|&child| child > at)
        .find(|&child| mentions(code, child, name));
    later.is_some_and(|statement| {
        let text = code.text_of(statement);
        text.contains(".as_mut_ptr()") || text.contains(".as_ptr()")
    })
}
