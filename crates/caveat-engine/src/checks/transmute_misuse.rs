//! `mem::transmute` between types for which it is, or easily becomes, undefined behaviour.

use caveat_parser::lang::{Field, Role};
use caveat_parser::names::Binding;
use caveat_parser::{Code, Names, NodeId};

use super::{Check, FileView, Hit, tree};
use crate::rule::{Confidence, Severity};

/// Reports transmutes by what is known of the two types.
pub static CHECK: Check = Check {
    name: "transmute-misuse",
    languages: &["rust"],
    triggers: &["transmute", "transmute_copy"],
    whole_file: &["rust"],
    needs_class: false,
    glance: None,
    run,
};

/// Types whose layout is not fixed: another type argument may order their parts differently.
const UNSPECIFIED_LAYOUT: &[&str] = &[
    "Vec",
    "String",
    "VecDeque",
    "HashMap",
    "HashSet",
    "BTreeMap",
    "BTreeSet",
    "BinaryHeap",
    "LinkedList",
    "Rc",
    "Arc",
    "Cow",
];

const INTEGERS: &[(&str, u32)] = &[
    ("u8", 1),
    ("i8", 1),
    ("u16", 2),
    ("i16", 2),
    ("u32", 4),
    ("i32", 4),
    ("u64", 8),
    ("i64", 8),
    ("u128", 16),
    ("i128", 16),
    ("f32", 4),
    ("f64", 8),
    ("char", 4),
    ("bool", 1),
    ("usize", 0),
    ("isize", 0),
];

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    for call in names.code.arena.ids() {
        let Some(path) = tree::callee_path(names, call) else {
            continue;
        };
        let verdict = match path.as_slice() {
            ["std", "mem" | "intrinsics", "transmute"] => judge(names, call),
            ["std", "mem", "transmute_copy"] => judge_copy(names, call),
            _ => None,
        };
        if let Some(verdict) = verdict {
            hits.push(Hit {
                severity: Some(verdict.severity),
                confidence: Some(verdict.confidence),
                ..Hit::at_node(view, call).word("WHAT", verdict.what)
            });
        }
    }
}

struct Verdict {
    what: String,
    severity: Severity,
    confidence: Confidence,
}

impl Verdict {
    fn new(what: impl Into<String>, severity: Severity, confidence: Confidence) -> Self {
        Verdict {
            what: what.into(),
            severity,
            confidence,
        }
    }
}

/// The two types, as far as they are written down.
struct Types {
    from: Option<NodeId>,
    to: Option<NodeId>,
}

fn types(names: &Names<'_>, call: NodeId) -> Types {
    let code = names.code;
    let arena = code.arena;
    let mut types = Types {
        from: None,
        to: None,
    };
    if let Some(callee) = arena.children(call).next()
        && arena.role(callee) == Role::Generic
        && let [from, to] = tree::type_arguments(arena, callee).as_slice()
    {
        types.from = Some(*from).filter(|&kind| code.text_of(kind) != "_");
        types.to = Some(*to).filter(|&kind| code.text_of(kind) != "_");
    }
    types.to = types.to.or_else(|| tree::expected_type(code, call));
    types.from = types.from.or_else(|| {
        let argument = tree::arguments(arena, call).next()?;
        written_type(names, argument)
    });
    types
}

/// The declared type of an argument, or that of its cast.
fn written_type(names: &Names<'_>, argument: NodeId) -> Option<NodeId> {
    let code = names.code;
    match code.arena.role(argument) {
        Role::Cast => code.arena.field(argument, Field::Type),
        Role::Identifier => match names.lookup(code.text_of(argument), argument)?.0 {
            Binding::Typed(kind) | Binding::TypedValue(kind, _) => {
                Some(*kind).filter(|_| code.text_of(argument) != "self")
            }
            _ => None,
        },
        _ => None,
    }
}

fn judge(names: &Names<'_>, call: NodeId) -> Option<Verdict> {
    let code = names.code;
    let types = types(names, call);
    let to = types.to?;
    let argument = tree::arguments(code.arena, call).next()?;
    if let Some(from) = types.from {
        let known = mutable_from_shared(code, from, to)
            .or_else(|| layouts_differ(code, from, to))
            .or_else(|| repr_rust(names, from, to))
            .or_else(|| integer_to(names, call, code.text_of(from), to));
        if known.is_some() {
            return known;
        }
    } else if code.arena.role(argument) == Role::Integer {
        return integer_to(names, call, "u32", to);
    }
    lifetime_extended(code, call, types.from, to)
}

/// `&T` to `&mut T`: always undefined behaviour.
fn mutable_from_shared(code: Code<'_>, from: NodeId, to: NodeId) -> Option<Verdict> {
    (reference(code, from)? == Mutability::Shared && reference(code, to)? == Mutability::Unique)
        .then(|| {
            Verdict::new(
                "makes a unique reference from a shared one",
                Severity::High,
                Confidence::High,
            )
        })
}

#[derive(PartialEq)]
enum Mutability {
    Shared,
    Unique,
}

fn reference(code: Code<'_>, kind: NodeId) -> Option<Mutability> {
    let arena = code.arena;
    if arena.kind_name(kind) != "reference_type" {
        return None;
    }
    let unique = arena
        .children(kind)
        .any(|child| arena.kind_name(child) == "mutable_specifier");
    Some(if unique {
        Mutability::Unique
    } else {
        Mutability::Shared
    })
}

/// `Vec<A>` to `Vec<B>`.
fn layouts_differ(code: Code<'_>, from: NodeId, to: NodeId) -> Option<Verdict> {
    let name = outer_name(code, to)?;
    let other = outer_name(code, from)?;
    let differs = tree::plain_type(code, from) != tree::plain_type(code, to);
    (differs && (UNSPECIFIED_LAYOUT.contains(&name) || UNSPECIFIED_LAYOUT.contains(&other))).then(
        || {
            Verdict::new(
                format!(
                    "goes from `{}` to `{}`, whose layouts are not fixed",
                    code.text_of(from),
                    code.text_of(to)
                ),
                Severity::Medium,
                Confidence::High,
            )
        },
    )
}

fn outer_name<'a>(code: Code<'a>, kind: NodeId) -> Option<&'a str> {
    let arena = code.arena;
    let mut at = kind;
    loop {
        match arena.role(at) {
            Role::Generic => at = arena.children(at).next()?,
            Role::Scoped => at = arena.children(at).last()?,
            Role::Identifier => return Some(code.text_of(at)),
            _ => return None,
        }
    }
}

/// Two structs of this file without a `repr`.
fn repr_rust(names: &Names<'_>, from: NodeId, to: NodeId) -> Option<Verdict> {
    let code = names.code;
    let (source, target) = (class(names, from)?, class(names, to)?);
    let free = |class: NodeId| {
        code.arena.kind_name(class) == "struct_item"
            && !crate::context::attributes(code.arena, class)
                .any(|attribute| code.text_of(attribute).contains("repr"))
    };
    (source != target && (free(source) || free(target))).then(|| {
        Verdict::new(
            format!(
                "goes from `{}` to `{}`, whose fields may be laid out differently without `repr(C)`",
                code.text_of(from),
                code.text_of(to)
            ),
            Severity::Medium,
            Confidence::Medium,
        )
    })
}

/// The definition in this file that a type names.
fn class(names: &Names<'_>, kind: NodeId) -> Option<NodeId> {
    let code = names.code;
    let arena = code.arena;
    let mut name = kind;
    loop {
        match arena.role(name) {
            Role::Generic => name = arena.children(name).next()?,
            Role::Identifier => {}
            _ => return None,
        }
        if arena.role(name) == Role::Identifier {
            break;
        }
    }
    match names.lookup(code.text_of(name), name)?.0 {
        Binding::Definition(class) => Some(*class),
        Binding::Value(value) if code.text_of(name) == "Self" => {
            let name = match arena.role(*value) {
                Role::Generic => arena.children(*value).next()?,
                _ => *value,
            };
            match names.lookup(code.text_of(name), name)?.0 {
                Binding::Definition(class) => Some(*class),
                _ => None,
            }
        }
        _ => None,
    }
}

/// An integer made into a type that not every bit pattern is a value of.
fn integer_to(names: &Names<'_>, call: NodeId, from: &str, to: NodeId) -> Option<Verdict> {
    let code = names.code;
    if !INTEGERS.iter().any(|(name, _)| *name == from) || matches!(from, "bool" | "char") {
        return None;
    }
    let is_enum = class(names, to).is_some_and(|class| code.arena.kind_name(class) == "enum_item");
    let target = outer_name(code, to)?;
    let narrow = is_enum || matches!(target, "bool" | "char") || target.starts_with("NonZero");
    if !narrow || is_checked(code, call) {
        return None;
    }
    Some(Verdict::new(
        format!(
            "makes a `{}` from an integer that may be none of its values",
            code.text_of(to)
        ),
        Severity::High,
        Confidence::Medium,
    ))
}

/// Whether the function compares something before it: then the value is taken to be checked.
fn is_checked(code: Code<'_>, call: NodeId) -> bool {
    let arena = code.arena;
    let Some(argument) = tree::arguments(arena, call).next() else {
        return true;
    };
    // A masked or literal value has a known range.
    if !matches!(
        arena.role(argument),
        Role::Identifier | Role::Attribute | Role::Call | Role::Cast | Role::Unary
    ) {
        return true;
    }
    let Some(function) = tree::function(arena, call) else {
        return true;
    };
    arena
        .subtree(function)
        .take_while(|&id| id < call)
        .any(|id| match arena.role(id) {
            Role::If | Role::Match | Role::MacroCall => true,
            Role::Binary => arena.children(id).any(|child| {
                matches!(
                    code.text_of(child),
                    "%" | "&" | ">>" | "<" | "<=" | ">" | ">=" | "=="
                )
            }),
            _ => false,
        })
        || code.text_of(function).contains("assert")
        || tree::has_modifier(code, function, "unsafe")
}

/// A borrow made `'static`.
fn lifetime_extended(
    code: Code<'_>,
    call: NodeId,
    from: Option<NodeId>,
    to: NodeId,
) -> Option<Verdict> {
    let is_static = |kind: NodeId| code.text_of(kind).starts_with("&'static");
    if !is_static(to) || code.arena.kind_name(to) != "reference_type" {
        return None;
    }
    match from {
        Some(from) if is_static(from) => return None,
        Some(from) if code.arena.kind_name(from) != "reference_type" => return None,
        _ => {}
    }
    let confidence = match (from, has_safety_comment(code, call)) {
        (_, true) => Confidence::Low,
        (Some(_), false) => Confidence::High,
        (None, false) => Confidence::Medium,
    };
    Some(Verdict::new(
        "lets a borrow live for ever",
        Severity::Medium,
        confidence,
    ))
}

fn has_safety_comment(code: Code<'_>, call: NodeId) -> bool {
    let arena = code.arena;
    let Some(function) = tree::function(arena, call) else {
        return false;
    };
    let start = tree::lead_start(code, arena.node(function).start);
    tree::comment_within(code, start, arena.node(function).end, |comment| {
        comment.to_ascii_lowercase().contains("safe")
    })
}

/// `transmute_copy::<A, B>` reads past a value that is smaller than what is made of it.
fn judge_copy(names: &Names<'_>, call: NodeId) -> Option<Verdict> {
    let code = names.code;
    let types = types(names, call);
    let size = |kind: NodeId| {
        let text = code.text_of(kind).trim_start_matches('&').trim();
        INTEGERS
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, size)| *size)
            .filter(|&size| size > 0)
    };
    let (from, to) = (size(types.from?)?, size(types.to?)?);
    (from < to).then(|| {
        Verdict::new(
            format!("reads {to} bytes of a value of {from}"),
            Severity::High,
            Confidence::High,
        )
    })
}
