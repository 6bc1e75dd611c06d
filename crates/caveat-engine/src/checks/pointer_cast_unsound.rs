//! Casts of pointers after which the access breaks a rule of the language: mutability taken from
//! a shared reference, another alignment or element size, an address written as a number.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Code, Names, NodeId};

use super::{Check, FileView, Hit, tree};
use crate::rule::{Confidence, Severity};

/// Reports dereferences and slices of pointers that were cast so.
pub static CHECK: Check = Check {
    name: "pointer-cast-unsound",
    languages: &["rust"],
    triggers: &["as *const", "as *mut", "cast_mut", ".cast::<"],
    whole_file: &["rust"],
    needs_class: false,
    glance: None,
    run,
};

/// Sizes of primitive types in bytes; they are their alignments on the platforms that matter.
const SIZES: &[(&str, u32)] = &[
    ("u8", 1),
    ("i8", 1),
    ("bool", 1),
    ("u16", 2),
    ("i16", 2),
    ("u32", 4),
    ("i32", 4),
    ("f32", 4),
    ("char", 4),
    ("u64", 8),
    ("i64", 8),
    ("f64", 8),
    ("usize", 8),
    ("isize", 8),
    ("u128", 16),
    ("i128", 16),
];

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let code = names.code;
    for id in code.arena.ids() {
        let hit = match code.arena.role(id) {
            Role::Unary if code.text_of(id).starts_with('*') => dereference(view, names, id),
            Role::Cast => slice_cast(view, code, id),
            _ => None,
        };
        hits.extend(hit);
    }
}

fn dereference(view: &FileView<'_>, names: &Names<'_>, id: NodeId) -> Option<Hit> {
    let code = names.code;
    let arena = code.arena;
    let cast = arena.children(id).last()?;
    if arena.role(cast) != Role::Cast && tree::method(code, cast).is_none() {
        return None;
    }
    let chain = CastChain::read(code, cast)?;
    if is_written(code, id) && chain.is_mutable && is_shared(names, chain.origin) {
        return Some(Hit {
            severity: Some(Severity::High),
            ..Hit::at_node(view, id).word("WHAT", "writes through a shared reference")
        });
    }
    if arena.role(chain.origin) == Role::Integer && is_address(code, chain.origin) {
        return Some(Hit {
            confidence: Some(Confidence::Medium),
            ..Hit::at_node(view, id).word(
                "WHAT",
                "accesses a fixed address without `read_volatile` or `write_volatile`",
            )
        });
    }
    let (from, to) = (element(names, chain.origin)?, chain.target?);
    (size(from)? < size(to)?).then(|| {
        Hit::at_node(view, id).word(
            "WHAT",
            format!("reads a `{to}` where only a `{from}` is known to be aligned"),
        )
    })
}

/// `e as *const A as *mut B`, `e.as_ptr().cast::<B>()`.
struct CastChain<'a> {
    origin: NodeId,
    is_mutable: bool,
    /// Name of the type pointed to after the last cast.
    target: Option<&'a str>,
}

impl<'a> CastChain<'a> {
    fn read(code: Code<'a>, expression: NodeId) -> Option<Self> {
        let arena = code.arena;
        let mut chain = CastChain {
            origin: expression,
            is_mutable: false,
            target: None,
        };
        let mut is_first = true;
        loop {
            let at = chain.origin;
            match arena.role(at) {
                Role::Cast => {
                    let kind = arena.field(at, Field::Type)?;
                    if arena.kind_name(kind) != "pointer_type" {
                        // `as usize` and the like end the chain with what is not a pointer.
                        return (!is_first).then_some(chain);
                    }
                    if is_first {
                        chain.is_mutable = arena
                            .children(kind)
                            .any(|child| arena.kind_name(child) == "mutable_specifier");
                        chain.target = arena
                            .field(kind, Field::Type)
                            .map(|kind| code.text_of(kind));
                    }
                    chain.origin = arena.children(at).next()?;
                }
                Role::Call => {
                    let (receiver, name) = tree::method(code, at)?;
                    match name {
                        "cast_mut" if is_first => chain.is_mutable = true,
                        "cast" if is_first => {
                            let callee = arena.children(at).next()?;
                            let kinds = tree::type_arguments(arena, callee);
                            chain.target = kinds.first().map(|&kind| code.text_of(kind));
                        }
                        "cast" | "cast_const" => {}
                        _ => return (!is_first).then_some(chain),
                    }
                    chain.origin = receiver;
                }
                _ => return (!is_first).then_some(chain),
            }
            is_first = false;
        }
    }
}

/// `*p = v`, `*p += v`, `&mut *p`.
fn is_written(code: Code<'_>, dereference: NodeId) -> bool {
    let arena = code.arena;
    let mut at = dereference;
    while let Some(parent) = arena.parent(at) {
        match arena.role(parent) {
            Role::Assignment | Role::AugmentedAssignment => {
                return arena.node(at).field == Field::Left;
            }
            Role::Reference => {
                return arena
                    .children(parent)
                    .any(|child| arena.kind_name(child) == "mutable_specifier");
            }
            Role::Attribute | Role::Subscript if arena.children(parent).next() == Some(at) => {
                at = parent;
            }
            _ => return false,
        }
    }
    false
}

/// `&x`, or a parameter or `self` that is a shared reference; not what `UnsafeCell` gives out.
fn is_shared(names: &Names<'_>, origin: NodeId) -> bool {
    let code = names.code;
    let arena = code.arena;
    match arena.role(origin) {
        Role::Reference => {
            let target = arena.children(origin).last().unwrap_or(origin);
            let plain = arena
                .children(origin)
                .all(|child| arena.kind_name(child) != "mutable_specifier");
            plain
                && matches!(arena.role(target), Role::Identifier | Role::Attribute)
                && !code.text_of(origin).starts_with("&raw")
        }
        Role::Identifier if code.text_of(origin) == "self" => shared_self(code, origin),
        Role::Identifier => declared_kind(names, origin).is_some_and(|kind| {
            arena.kind_name(kind) == "reference_type" && !is_unique(code, kind)
        }),
        Role::Call => tree::method(code, origin).is_some_and(|(receiver, name)| {
            name == "as_ptr"
                && arena.role(receiver) == Role::Attribute
                && code.text_of(receiver).starts_with("self.")
                && shared_self(code, origin)
                && !code.text.contains("UnsafeCell")
        }),
        _ => false,
    }
}

fn is_unique(code: Code<'_>, kind: NodeId) -> bool {
    code.arena
        .children(kind)
        .any(|child| code.arena.kind_name(child) == "mutable_specifier")
}

fn shared_self(code: Code<'_>, node: NodeId) -> bool {
    let arena = code.arena;
    let receiver = tree::function(arena, node)
        .and_then(|function| arena.field(function, Field::Parameters))
        .and_then(|parameters| arena.children(parameters).next())
        .filter(|&first| arena.kind_name(first) == "self_parameter");
    receiver.is_some_and(|receiver| {
        let text = code.text_of(receiver);
        text.starts_with('&') && !text.contains("mut")
    })
}

fn declared_kind(names: &Names<'_>, name: NodeId) -> Option<NodeId> {
    use caveat_parser::names::Binding::{Typed, TypedValue};
    match names.lookup(names.code.text_of(name), name)?.0 {
        Typed(kind) | TypedValue(kind, _) => Some(*kind),
        _ => None,
    }
}

/// A number that is an address rather than null.
fn is_address(code: Code<'_>, literal: NodeId) -> bool {
    let text = code.text_of(literal);
    text.starts_with("0x")
        && text
            .trim_start_matches("0x")
            .chars()
            .any(|c| c.is_ascii_hexdigit() && c != '0')
}

/// Name of the element type of `x.as_ptr()`, `x.as_mut_ptr()`, `&x` or a pointer `x`.
fn element<'a>(names: &Names<'a>, origin: NodeId) -> Option<&'a str> {
    let code = names.code;
    let arena = code.arena;
    let owner = match tree::method(code, origin) {
        Some((receiver, "as_ptr" | "as_mut_ptr")) => receiver,
        Some(_) => return None,
        None if arena.role(origin) == Role::Identifier => origin,
        None => return None,
    };
    if arena.role(owner) != Role::Identifier {
        return None;
    }
    let mut kind = declared_kind(names, owner)?;
    loop {
        match arena.kind_name(kind) {
            "reference_type" | "pointer_type" | "slice_type" => {
                kind = arena.field(kind, Field::Type)?
            }
            "array_type" => kind = arena.children(kind).next()?,
            "generic_type" => {
                let name = code.text_of(arena.children(kind).next()?);
                if name != "Vec" {
                    return None;
                }
                kind = *tree::type_arguments(arena, kind).first()?;
            }
            "primitive_type" => return Some(code.text_of(kind)),
            _ => return None,
        }
    }
}

fn size(name: &str) -> Option<u32> {
    SIZES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, size)| *size)
}

/// `p as *const [u8] as *const [u32]`: the length stays and now counts larger elements.
fn slice_cast(view: &FileView<'_>, code: Code<'_>, cast: NodeId) -> Option<Hit> {
    let arena = code.arena;
    let inner = arena.children(cast).next()?;
    let (to, from) = (slice_element(code, cast)?, slice_element(code, inner)?);
    (size(from)? != size(to)?).then(|| {
        Hit::at_node(view, cast).word(
            "WHAT",
            format!("keeps the length of a slice of `{from}` for a slice of `{to}`"),
        )
    })
}

fn slice_element<'a>(code: Code<'a>, cast: NodeId) -> Option<&'a str> {
    let arena = code.arena;
    if arena.role(cast) != Role::Cast {
        return None;
    }
    let pointer = arena.field(cast, Field::Type)?;
    let slice = arena.field(pointer, Field::Type)?;
    let text = code.text_of(slice);
    Some(text.strip_prefix('[')?.strip_suffix(']')?.trim())
}
