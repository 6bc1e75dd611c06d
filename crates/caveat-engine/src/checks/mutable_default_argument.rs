//! Default arguments that are one object for all calls, and that a call changes or hands out.

use caveat_parser::lang::{Field, Role};
use caveat_parser::names::Root;
use caveat_parser::{Code, Names, NodeId};

use super::{Check, FileView, Hit, tree};
use crate::rule::Confidence;

/// Reports mutable defaults that the function mutates, returns or stores.
pub static CHECK: Check = Check {
    name: "mutable-default-argument",
    languages: &["python"],
    // Defaults that are not empty are hardly ever meant to grow, and what they begin with stands
    // in every file.
    triggers: &[
        "=[],",
        "=[])",
        "= [],",
        "= [])",
        "={},",
        "={})",
        "= {},",
        "= {})",
        "=list(),",
        "=list())",
        "= list(),",
        "= list())",
        "=dict(),",
        "=dict())",
        "= dict(),",
        "= dict())",
        "=set(),",
        "=set())",
        "= set(),",
        "= set())",
        "=deque(",
        "= deque(",
        "=Counter(",
        "= Counter(",
        "=OrderedDict(",
        "= OrderedDict(",
        "=bytearray(",
        "= bytearray(",
        "=defaultdict(",
        "= defaultdict(",
    ],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run,
};

/// Methods that change a list, dictionary, set or deque.
const MUTATORS: &[&str] = &[
    "append",
    "appendleft",
    "extend",
    "extendleft",
    "insert",
    "pop",
    "popitem",
    "popleft",
    "remove",
    "clear",
    "sort",
    "reverse",
    "update",
    "setdefault",
    "add",
    "discard",
    "difference_update",
    "intersection_update",
    "symmetric_difference_update",
    "subtract",
];

/// Constructors of mutable objects, by their resolved names.
const MAKERS: &[&[&str]] = &[
    &["list"],
    &["dict"],
    &["set"],
    &["bytearray"],
    &["collections", "defaultdict"],
    &["collections", "OrderedDict"],
    &["collections", "Counter"],
    &["collections", "deque"],
];

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let arena = names.code.arena;
    for function in arena.ids() {
        if arena.role(function) != Role::Function {
            continue;
        }
        let Some(parameters) = arena.field(function, Field::Parameters) else {
            continue;
        };
        for parameter in arena.children(parameters) {
            if let (Some(name), Some(value)) = (
                arena.field(parameter, Field::Name),
                arena.field(parameter, Field::Value),
            ) && is_mutable(names, value)
                && let Some((at, fate)) = fate(names.code, function, name)
            {
                hits.push(Hit {
                    related: vec![(arena.span(at), format!("{} here", fate.word()))],
                    confidence: match is_cache(names.code, function, name, value) {
                        true => Some(Confidence::Low),
                        false => fate.confidence(),
                    },
                    ..Hit::at_node(view, value)
                        .word("NAME", names.code.text_of(name))
                        .word("FATE", fate.word())
                });
            }
        }
    }
}

fn is_mutable(names: &Names<'_>, value: NodeId) -> bool {
    let arena = names.code.arena;
    match arena.role(value) {
        Role::List | Role::Dict | Role::Set => true,
        Role::Comprehension => arena.kind_name(value) != "generator_expression",
        Role::Call => {
            let Some(resolved) = arena
                .children(value)
                .next()
                .and_then(|callee| names.resolve(callee))
            else {
                return false;
            };
            matches!(resolved.root, Root::Imported | Root::Unbound)
                && MAKERS.contains(&resolved.path.as_slice())
        }
        _ => false,
    }
}

/// Whether the default is meant to last: named a cache, private, or the only cell of an inner
/// function.
fn is_cache(code: Code<'_>, function: NodeId, name: NodeId, value: NodeId) -> bool {
    let arena = code.arena;
    let text = code.text_of(name).to_ascii_lowercase();
    let is_cell =
        tree::function(arena, function).is_some() && arena.children(value).next().is_some();
    let named = ["cache", "memo", "registry", "counter", "singleton"]
        .iter()
        .any(|word| text.contains(word));
    named || is_cell || text.starts_with('_')
}

/// What happens to the default object.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Fate {
    Stored,
    Returned,
    Mutated,
}

impl Fate {
    fn word(self) -> &'static str {
        match self {
            Fate::Mutated => "changed",
            Fate::Returned => "returned",
            Fate::Stored => "stored",
        }
    }

    fn confidence(self) -> Option<Confidence> {
        match self {
            Fate::Mutated => None,
            Fate::Returned | Fate::Stored => Some(Confidence::Medium),
        }
    }
}

/// The worst that the body does to the parameter before it is given another value.
fn fate(code: Code<'_>, function: NodeId, name: NodeId) -> Option<(NodeId, Fate)> {
    let arena = code.arena;
    let body = arena.field(function, Field::Body)?;
    let text = code.text_of(name);
    let mut worst: Option<(NodeId, Fate)> = None;
    for id in arena.subtree(body) {
        if arena.role(id) != Role::Identifier || code.text_of(id) != text {
            continue;
        }
        // An inner function's name of the same spelling may be another variable.
        if tree::body_owner(arena, id) != Some(function) {
            continue;
        }
        match use_of(code, id) {
            Use::Rebound => break,
            Use::Fate(at, fate) if worst.is_none_or(|(_, known)| fate > known) => {
                worst = Some((at, fate));
            }
            _ => {}
        }
    }
    worst.filter(|&(_, fate)| fate != Fate::Stored || is_mutated_attribute(code, worst))
}

enum Use {
    Read,
    Rebound,
    Fate(NodeId, Fate),
}

fn use_of(code: Code<'_>, id: NodeId) -> Use {
    let arena = code.arena;
    let Some(parent) = arena.parent(id) else {
        return Use::Read;
    };
    let field = arena.node(id).field;
    match arena.role(parent) {
        Role::Assignment if field == Field::Left => Use::Rebound,
        Role::Tuple | Role::For | Role::ForIn | Role::NamedExpression if is_target(code, id) => {
            Use::Rebound
        }
        Role::Assignment if field == Field::Right => stored(code, parent),
        Role::AugmentedAssignment if field == Field::Left => Use::Fate(parent, Fate::Mutated),
        Role::Return => Use::Fate(parent, Fate::Returned),
        Role::Subscript if arena.children(parent).next() == Some(id) => subscripted(code, parent),
        Role::Attribute if field == Field::Object => {
            let call = arena.parent(parent).filter(|&call| {
                arena.role(call) == Role::Call && arena.children(call).next() == Some(parent)
            });
            match call.and_then(|call| tree::method(code, call)) {
                Some((_, method)) if MUTATORS.contains(&method) => Use::Fate(parent, Fate::Mutated),
                _ => Use::Read,
            }
        }
        _ => Use::Read,
    }
}

fn is_target(code: Code<'_>, id: NodeId) -> bool {
    let arena = code.arena;
    std::iter::once(id)
        .chain(arena.ancestors(id))
        .take_while(|&at| arena.role(at) != Role::Block)
        .any(|at| arena.node(at).field == Field::Left || arena.node(at).field == Field::Name)
}

/// `d[k] = v`, `d[k] += v`, `del d[k]`, `d[k].append(..)`.
fn subscripted(code: Code<'_>, subscript: NodeId) -> Use {
    let arena = code.arena;
    let Some(parent) = arena.parent(subscript) else {
        return Use::Read;
    };
    let is_left = arena.node(subscript).field == Field::Left;
    match arena.role(parent) {
        Role::Assignment | Role::AugmentedAssignment if is_left => Use::Fate(parent, Fate::Mutated),
        Role::Delete => Use::Fate(parent, Fate::Mutated),
        _ => Use::Read,
    }
}

/// `self.x = x`: every object made with the default shares it.
fn stored(code: Code<'_>, assignment: NodeId) -> Use {
    let arena = code.arena;
    let left = arena.field(assignment, Field::Left);
    match left {
        Some(left) if arena.role(left) == Role::Attribute => Use::Fate(left, Fate::Stored),
        _ => Use::Read,
    }
}

/// Whether the attribute that holds the default is changed somewhere in the file.
fn is_mutated_attribute(code: Code<'_>, stored: Option<(NodeId, Fate)>) -> bool {
    let Some((attribute, _)) = stored else {
        return false;
    };
    let text = code.text_of(attribute);
    code.text.match_indices(text).any(|(at, _)| {
        let rest = &code.text[at + text.len()..];
        let method = rest
            .strip_prefix('.')
            .and_then(|rest| rest.split('(').next());
        if method.is_some_and(|method| MUTATORS.contains(&method)) {
            return true;
        }
        let after = rest.trim_start();
        if after.starts_with("+=") || after.starts_with("|=") {
            return true;
        }
        after.strip_prefix('[').is_some_and(|inner| {
            let line = inner.lines().next().unwrap_or_default();
            line.split_once(']').is_some_and(|(_, rest)| {
                let rest = rest.trim_start();
                rest.starts_with("= ") || rest.starts_with("+=")
            })
        })
    })
}
