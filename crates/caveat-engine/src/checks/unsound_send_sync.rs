//! `unsafe impl Send` and `Sync` for types whose fields do not keep that promise.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Code, NodeId};
use rustc_hash::FxHashMap;

use super::{Check, FileView, Hit, tree};
use crate::rule::Confidence;

/// Reports `Send` and `Sync` claimed for every type argument, or for counters without locks.
pub static CHECK: Check = Check {
    name: "unsound-send-sync",
    languages: &["rust"],
    triggers: &["Send for", "Sync for"],
    whole_file: &["rust"],
    needs_class: false,
    glance: None,
    run,
};

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let code = names.code;
    let types = types(code);
    for id in code.arena.ids() {
        if let Some(promise) = promise(code, id)
            && let Some(&class) = types.get(promise.target)
            && let Some(hit) = broken(view, code, class, &promise)
        {
            hits.push(hit);
        }
    }
}

/// Types of the file by name; a name declared twice (under two `cfg`s) is left out.
fn types(code: Code<'_>) -> FxHashMap<&str, NodeId> {
    let mut types = FxHashMap::default();
    let mut twice = Vec::new();
    for id in code.arena.ids() {
        if code.arena.role(id) == Role::Class
            && let Some(name) = code.arena.field(id, Field::Name)
            && types.insert(code.text_of(name), id).is_some()
        {
            twice.push(code.text_of(name));
        }
    }
    types.retain(|name, _| !twice.contains(name));
    types
}

/// `unsafe impl<..> Send for Target<..>`.
struct Promise<'a> {
    impl_item: NodeId,
    is_send: bool,
    target: &'a str,
    target_node: NodeId,
}

fn promise<'a>(code: Code<'a>, id: NodeId) -> Option<Promise<'a>> {
    let arena = code.arena;
    if arena.role(id) != Role::Impl || !code.text_of(id).starts_with("unsafe") {
        return None;
    }
    let mut marker = arena.field(id, Field::Trait)?;
    if arena.role(marker) == Role::Scoped {
        marker = arena.children(marker).last()?;
    }
    let is_send = match code.text_of(marker) {
        "Send" => true,
        "Sync" => false,
        _ => return None,
    };
    let target_node = arena.field(id, Field::Type)?;
    let name = match arena.role(target_node) {
        Role::Generic => arena.children(target_node).next()?,
        _ => target_node,
    };
    Some(Promise {
        impl_item: id,
        is_send,
        target: code.text_of(name),
        target_node,
    })
}

fn broken(
    view: &FileView<'_>,
    code: Code<'_>,
    class: NodeId,
    promise: &Promise<'_>,
) -> Option<Hit> {
    let marker = if promise.is_send { "Send" } else { "Sync" };
    let hit = |field: NodeId, what: String| Hit {
        related: vec![(code.arena.span(field), "the field".to_owned())],
        ..Hit::at_node(view, promise.impl_item)
            .word("TRAIT", marker)
            .word("TYPE", promise.target)
            .word("WHAT", what)
    };
    let commented = has_reason(code, promise.impl_item) || speaks_of_threads(code, class);
    if let Some((parameter, field)) = unbounded_field(code, class, promise) {
        let mut hit = hit(field, format!("any `{parameter}`"));
        hit.confidence = match (commented, is_public(code, class)) {
            (true, _) => Some(Confidence::Low),
            (false, false) => Some(Confidence::Medium),
            (false, true) => None,
        };
        return Some(hit);
    }
    let (field, kind) = thread_bound_field(code, class, promise.is_send)?;
    let mut hit = hit(field, format!("its `{kind}`"));
    hit.confidence = Some(if commented {
        Confidence::Low
    } else {
        Confidence::Medium
    });
    Some(hit)
}

/// A field that holds a value of a type parameter on which the promise puts no bound.
fn unbounded_field<'a>(
    code: Code<'a>,
    class: NodeId,
    promise: &Promise<'_>,
) -> Option<(&'a str, NodeId)> {
    let declared = type_parameters(code, class);
    let given: Vec<NodeId> = tree::type_arguments(code.arena, promise.target_node)
        .into_iter()
        .filter(|&argument| !matches!(code.arena.kind_name(argument), "lifetime"))
        .collect();
    let own = type_parameters(code, promise.impl_item);
    declared
        .iter()
        .zip(given)
        .find_map(|(&parameter, argument)| {
            let argument = code.text_of(argument);
            if !own.contains(&argument) || is_bounded(code, promise.impl_item, argument) {
                return None;
            }
            let field = fields(code, class).find(|&field| holds(code, field, parameter))?;
            Some((argument, field))
        })
}

fn type_parameters<'a>(code: Code<'a>, item: NodeId) -> Vec<&'a str> {
    let arena = code.arena;
    let Some(list) = arena.field(item, Field::TypeParameters) else {
        return Vec::new();
    };
    arena
        .children(list)
        .filter(|&part| arena.kind_name(part) == "type_parameter")
        .filter_map(|part| arena.field(part, Field::Name))
        .map(|name| code.text_of(name))
        .collect()
}

/// Any bound but `?Sized` and `'static` may imply the marker through a supertrait.
fn is_bounded(code: Code<'_>, impl_item: NodeId, parameter: &str) -> bool {
    let arena = code.arena;
    arena.subtree(impl_item).any(|id| {
        let subject = match arena.kind_name(id) {
            "type_parameter" => arena.field(id, Field::Name),
            "where_predicate" => arena.field(id, Field::Left),
            _ => None,
        };
        subject.is_some_and(|subject| code.text_of(subject).contains(parameter))
            && arena.field(id, Field::Bounds).is_some_and(|bounds| {
                arena.children(bounds).any(|bound| {
                    !matches!(arena.kind_name(bound), "lifetime" | "removed_trait_bound")
                        && arena.role(bound) != Role::Token
                })
            })
    })
}

/// Declared types of the fields, variants' included.
fn fields<'a>(code: Code<'a>, class: NodeId) -> impl Iterator<Item = NodeId> + 'a {
    let arena = code.arena;
    arena.subtree(class).filter(move |&id| {
        let in_list = arena.parent(id).is_some_and(|parent| {
            matches!(
                arena.kind_name(parent),
                "field_declaration" | "ordered_field_declaration_list"
            )
        });
        in_list && arena.node(id).field == Field::Type
    })
}

/// Whether a field's type holds a value of the parameter: not as a marker, not in a signature.
fn holds(code: Code<'_>, field: NodeId, parameter: &str) -> bool {
    let arena = code.arena;
    arena.subtree(field).any(|id| {
        code.text_of(id) == parameter
            && arena.role(id) == Role::Identifier
            && !std::iter::once(id)
                .chain(arena.ancestors(id))
                .take_while(|&at| arena.is_within(at, field))
                .any(|at| match arena.role(at) {
                    Role::Generic => last_name(code, at) == "PhantomData",
                    Role::Scoped => true,
                    _ => matches!(
                        arena.kind_name(at),
                        "function_type" | "qualified_type" | "dynamic_type" | "abstract_type"
                    ),
                })
    })
}

fn last_name<'a>(code: Code<'a>, generic: NodeId) -> &'a str {
    let name = code.arena.children(generic).next();
    name.map_or("", |name| {
        code.text_of(name).rsplit("::").next().unwrap_or_default()
    })
}

/// A field that must stay on its thread whatever its content.
fn thread_bound_field<'a>(
    code: Code<'a>,
    class: NodeId,
    is_send: bool,
) -> Option<(NodeId, &'a str)> {
    let arena = code.arena;
    fields(code, class).find_map(|field| {
        arena.subtree(field).find_map(|id| {
            if arena.role(id) != Role::Generic {
                return None;
            }
            let name = last_name(code, id);
            let bound = match name {
                "Rc" => true,
                "Cell" | "RefCell" | "OnceCell" => !is_send,
                _ => false,
            };
            (bound && !is_marker(code, id, field)).then_some((field, name))
        })
    })
}

fn is_marker(code: Code<'_>, id: NodeId, field: NodeId) -> bool {
    let arena = code.arena;
    arena
        .ancestors(id)
        .take_while(|&at| arena.is_within(at, field))
        .chain([field])
        .any(|at| arena.role(at) == Role::Generic && last_name(code, at) == "PhantomData")
}

fn is_public(code: Code<'_>, class: NodeId) -> bool {
    code.text_of(class).starts_with("pub ")
}

/// A comment at the impl, or over the pair of one-line impls that it is the second of.
fn has_reason(code: Code<'_>, item: NodeId) -> bool {
    let node = code.arena.node(item);
    let mut start = tree::lead_start(code, node.start);
    let above = code.text[..start as usize].trim_end_matches('\n');
    let line = above.rfind('\n').map_or(0, |at| at + 1);
    let is_pair =
        above.len() + 1 == start as usize && above[line..].trim_start().starts_with("unsafe impl");
    if is_pair {
        start = tree::lead_start(code, line as u32);
    }
    tree::comment_within(code, start, node.end, |comment| comment.len() > 12)
}

/// The type's documentation says how it treats threads.
fn speaks_of_threads(code: Code<'_>, class: NodeId) -> bool {
    let start = code.arena.node(class).start;
    tree::comment_within(code, tree::lead_start(code, start), start, |comment| {
        ["thread", "Send", "Sync"]
            .iter()
            .any(|word| comment.contains(word))
    })
}
