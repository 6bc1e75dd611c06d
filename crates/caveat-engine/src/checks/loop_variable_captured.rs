//! Functions made in a loop that look at its variable only when the loop has gone on.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Code, NodeId};
use rustc_hash::FxHashSet;

use super::{Check, FileView, Hit, tree};
use crate::rule::Confidence;

/// Reports lambdas that are kept beyond the turn of the loop whose variable they use.
pub static CHECK: Check = Check {
    name: "loop-variable-captured",
    languages: &["python"],
    triggers: &["lambda"],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run,
};

/// Methods that keep what they are given.
const KEEPERS: &[&str] = &[
    "append",
    "appendleft",
    "add",
    "insert",
    "connect",
    "bind",
    "subscribe",
    "register",
    "setdefault",
    "add_done_callback",
    "after",
    "call_later",
    "call_soon",
    "callLater",
    "add_handler",
    "on",
];

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let code = names.code;
    let arena = code.arena;
    for lambda in arena.ids() {
        if arena.role(lambda) != Role::Lambda {
            continue;
        }
        let Some(kept) = keeper(code, lambda) else {
            continue;
        };
        if let Some((variable, the_loop)) = captured(code, lambda, kept) {
            hits.push(Hit {
                confidence: match kept {
                    Kept::Surely => None,
                    Kept::Probably => Some(Confidence::Medium),
                },
                related: vec![(arena.span(the_loop), "changed by this loop".to_owned())],
                ..Hit::at_node(view, variable).word("NAME", code.text_of(variable))
            });
        }
    }
}

/// How sure it is that a lambda outlives the turn of the loop.
#[derive(Clone, Copy, PartialEq)]
enum Kept {
    Surely,
    Probably,
}

/// Whether something keeps the lambda: a list, a dictionary, an attribute, a register of handlers.
fn keeper(code: Code<'_>, lambda: NodeId) -> Option<Kept> {
    let arena = code.arena;
    let mut at = lambda;
    loop {
        let parent = arena.parent(at)?;
        match arena.role(parent) {
            Role::Tuple
            | Role::List
            | Role::Dict
            | Role::Pair
            | Role::Conditional
            | Role::Splat => {}
            Role::Assignment if arena.node(at).field == Field::Right => {
                let left = arena.field(parent, Field::Left)?;
                return matches!(arena.role(left), Role::Subscript | Role::Attribute)
                    .then_some(Kept::Surely);
            }
            // The item of a list or dictionary comprehension.
            Role::Comprehension => {
                return (arena.children(parent).next() == Some(at)
                    && arena.kind_name(parent) != "generator_expression")
                    .then_some(Kept::Surely);
            }
            Role::Arguments => {
                let call = arena.parent(parent)?;
                let (_, method) = tree::method(code, call)?;
                return match method {
                    "append" | "appendleft" => Some(Kept::Surely),
                    _ => KEEPERS.contains(&method).then_some(Kept::Probably),
                };
            }
            _ => return None,
        }
        at = parent;
    }
}

/// A name in the lambda's body that a loop around it rebinds each turn.
fn captured(code: Code<'_>, lambda: NodeId, kept: Kept) -> Option<(NodeId, NodeId)> {
    let arena = code.arena;
    let body = arena.field(lambda, Field::Body)?;
    let own: FxHashSet<&str> = arena
        .field(lambda, Field::Parameters)
        .into_iter()
        .flat_map(|parameters| parameter_names(code, parameters))
        .collect();
    let turns = loops(code, lambda);
    arena
        .subtree(body)
        .filter(|&id| {
            arena.role(id) == Role::Identifier
                && is_read(code, id)
                && !own.contains(code.text_of(id))
        })
        .find_map(|id| {
            let (_, at) = turns.iter().find(|(name, _)| *name == code.text_of(id))?;
            // A handler that is left at once is called in its own turn.
            (kept == Kept::Surely || !leaves(code, lambda, *at)).then_some((id, *at))
        })
}

fn parameter_names<'a>(code: Code<'a>, parameters: NodeId) -> impl Iterator<Item = &'a str> {
    let arena = code.arena;
    arena.children(parameters).filter_map(move |parameter| {
        let name = arena.field(parameter, Field::Name).unwrap_or(parameter);
        let name = match arena.role(name) {
            Role::Identifier => name,
            _ => arena
                .children(name)
                .find(|&id| arena.role(id) == Role::Identifier)?,
        };
        Some(code.text_of(name))
    })
}

/// Not the name of an attribute or keyword.
fn is_read(code: Code<'_>, id: NodeId) -> bool {
    let arena = code.arena;
    let Some(parent) = arena.parent(id) else {
        return false;
    };
    let field = arena.node(id).field;
    match arena.role(parent) {
        Role::Attribute => field == Field::Object,
        Role::KeywordArgument => field == Field::Value,
        _ => true,
    }
}

/// Variables of the loops around a lambda, innermost first, within its function.
fn loops<'a>(code: Code<'a>, lambda: NodeId) -> Vec<(&'a str, NodeId)> {
    let arena = code.arena;
    let mut variables = Vec::new();
    let mut below = lambda;
    for at in arena.ancestors(lambda) {
        match arena.role(at) {
            Role::Function | Role::Lambda | Role::Class => break,
            Role::For if arena.node(below).field == Field::Body => {
                variables.extend(targets(code, at).map(|name| (name, at)));
            }
            Role::Comprehension => {
                let clauses = arena
                    .children(at)
                    .filter(|&part| arena.role(part) == Role::ForIn);
                for clause in clauses {
                    variables.extend(targets(code, clause).map(|name| (name, at)));
                }
            }
            _ => {}
        }
        below = at;
    }
    variables
}

fn targets<'a>(code: Code<'a>, the_loop: NodeId) -> impl Iterator<Item = &'a str> {
    let arena = code.arena;
    arena
        .field(the_loop, Field::Left)
        .into_iter()
        .flat_map(move |left| arena.subtree(left))
        .filter(move |&id| arena.role(id) == Role::Identifier)
        .map(move |id| code.text_of(id))
}

/// Whether the block of the lambda ends in `break` or `return`.
fn leaves(code: Code<'_>, lambda: NodeId, the_loop: NodeId) -> bool {
    let arena = code.arena;
    arena
        .ancestors(lambda)
        .take_while(|&at| at != the_loop)
        .filter(|&at| arena.role(at) == Role::Block)
        .any(|block| {
            arena.children(block).last().is_some_and(|last| {
                matches!(arena.role(last), Role::Break | Role::Return | Role::Raise)
            })
        })
}
