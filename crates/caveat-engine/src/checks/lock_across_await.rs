//! A lock of the thread that is still held while its task waits: other tasks on the thread then
//! block in the lock, the holder among the ones that cannot go on.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Code, Names, NodeId};

use super::{Check, FileView, Hit, tree};
use crate::rule::Confidence;

/// Reports guards of blocking locks, and borrows of `RefCell`, that live at an `.await`.
pub static CHECK: Check = Check {
    name: "lock-across-await",
    languages: &["python", "rust"],
    triggers: &["await"],
    whole_file: &[],
    needs_class: true,
    glance: None,
    run,
};

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let awaits: Vec<NodeId> = names
        .code
        .arena
        .ids()
        .filter(|&id| names.code.arena.role(id) == Role::Await)
        .collect();
    let file = File { names, awaits };
    match names.code.arena.language.name() {
        "python" => file.python(view, hits),
        _ => file.rust(view, hits),
    }
}

struct File<'n, 'a> {
    names: &'n Names<'a>,
    /// In order of the text.
    awaits: Vec<NodeId>,
}

/// What a guard is of.
struct Guard {
    what: &'static str,
    confidence: Option<Confidence>,
}

impl File<'_, '_> {
    fn code(&self) -> Code<'_> {
        self.names.code
    }

    /// The first await of the same body after `start` and before `end`, as node numbers.
    fn await_between(&self, start: NodeId, end: u32, owner: Option<NodeId>) -> Option<NodeId> {
        let first = self.awaits.partition_point(|&id| id <= start);
        self.awaits[first..]
            .iter()
            .copied()
            .take_while(|id| id.0 < end)
            .find(|&id| tree::body_owner(self.code().arena, id) == owner)
    }

    fn report(&self, view: &FileView<'_>, at: NodeId, guard: &Guard, wait: NodeId) -> Hit {
        Hit {
            confidence: guard.confidence,
            related: vec![(
                self.code().arena.span(wait),
                "the task waits here".to_owned(),
            )],
            ..Hit::at_node(view, at).word("WHAT", guard.what)
        }
    }

    /// `with lock:` around an await, the lock being one of `threading`.
    fn python(&self, view: &FileView<'_>, hits: &mut Vec<Hit>) {
        let arena = self.code().arena;
        for with in arena.ids() {
            if arena.role(with) != Role::With || tree::has_modifier(self.code(), with, "async") {
                continue;
            }
            let end = arena.node(with).next;
            let owner = tree::body_owner(arena, with);
            let lock = arena
                .subtree(with)
                .filter(|&id| arena.role(id) == Role::WithItem)
                .take_while(|&id| {
                    arena.parent(id).and_then(|clause| arena.parent(clause)) == Some(with)
                })
                .filter_map(|item| arena.children(item).next())
                .find(|&value| self.is_thread_lock(value));
            if let Some(lock) = lock
                && let Some(wait) = self.await_between(lock, end, owner)
            {
                let guard = Guard {
                    what: "lock of threads",
                    confidence: None,
                };
                hits.push(self.report(view, lock, &guard, wait));
            }
        }
    }

    fn is_thread_lock(&self, value: NodeId) -> bool {
        self.names.type_of(value).is_some_and(|kind| {
            matches!(
                kind.path.as_slice(),
                [
                    "threading" | "multiprocessing",
                    "Lock" | "RLock" | "Condition" | "Semaphore" | "BoundedSemaphore"
                ]
            )
        })
    }

    fn rust(&self, view: &FileView<'_>, hits: &mut Vec<Hit>) {
        let arena = self.code().arena;
        for id in arena.ids() {
            let Some((call, name)) = tree::method(self.code(), id) else {
                continue;
            };
            if !matches!(name, "lock" | "read" | "write" | "borrow" | "borrow_mut")
                || tree::arguments(arena, id).next().is_some()
            {
                continue;
            }
            if let Some(guard) = self.guard(id, call, name)
                && let Some(wait) = self.await_around(id).or_else(|| self.await_after(id))
            {
                hits.push(self.report(view, id, &guard, wait));
            }
        }
    }

    /// What kind of guard a call makes; `None` if it is not one of a thread.
    fn guard(&self, call: NodeId, receiver: NodeId, name: &str) -> Option<Guard> {
        let code = self.code();
        let kind = self
            .names
            .type_of(receiver)
            .map(|kind| kind.path.join("::"));
        let kind = kind.as_deref().unwrap_or_default();
        let is_async = ["tokio::", "futures", "async_", "smol::"]
            .iter()
            .any(|library| kind.starts_with(library));
        if is_async {
            return None;
        }
        let unwrapped = is_unwrapped(code, call);
        let in_text = |word: &str| code.text.contains(word);
        match name {
            "borrow" | "borrow_mut" => {
                let known = kind.ends_with("RefCell::new") || kind.ends_with("RefCell");
                let likely = in_text("RefCell") && !in_text("watch::");
                (known || likely).then_some(Guard {
                    what: "borrow of a `RefCell`",
                    confidence: Some(Confidence::Medium),
                })
            }
            _ if unwrapped => {
                let likely = name == "lock" || in_text("RwLock");
                likely.then_some(Guard {
                    what: "guard of a blocking lock",
                    confidence: None,
                })
            }
            _ => in_text("parking_lot").then_some(Guard {
                what: "guard of a blocking lock",
                confidence: Some(Confidence::Medium),
            }),
        }
        .filter(|_| !is_awaited(code, call))
    }

    /// The await of which the guard is a temporary: `f(m.lock().unwrap()).await`.
    fn await_around(&self, call: NodeId) -> Option<NodeId> {
        let arena = self.code().arena;
        arena
            .ancestors(call)
            .take_while(|&at| {
                !tree::owns_body(arena, at) && !matches!(arena.role(at), Role::Block | Role::Case)
            })
            .find(|&at| arena.role(at) == Role::Await)
    }

    fn await_after(&self, call: NodeId) -> Option<NodeId> {
        let (held, end) = self.held_until(call)?;
        self.await_between(held, end, tree::body_owner(self.code().arena, call))
    }

    /// From which node to which the guard made by a call is alive.
    fn held_until(&self, call: NodeId) -> Option<(NodeId, u32)> {
        let code = self.code();
        let arena = code.arena;
        let mut at = through_guard(code, call);
        let mut is_guard = true;
        loop {
            let parent = arena.parent(at)?;
            let field = arena.node(at).field;
            match arena.role(parent) {
                Role::Let if arena.kind_name(parent) == "let_declaration" => {
                    return if is_guard {
                        self.scope_of_let(parent)
                    } else {
                        Some((call, arena.node(parent).next))
                    };
                }
                // The scrutinee's temporaries live as long as the whole expression.
                Role::Match | Role::For if field == Field::Value => {
                    return Some((call, arena.node(parent).next));
                }
                Role::Let => {
                    let whole = arena.parent(parent)?;
                    let body = match arena.role(whole) {
                        Role::If => arena.field(whole, Field::Consequence)?,
                        Role::While => arena.field(whole, Field::Body)?,
                        _ => return None,
                    };
                    return Some((call, arena.node(body).next));
                }
                // A condition's temporaries end before the body.
                Role::If | Role::While if field == Field::Condition => {
                    return Some((call, arena.node(at).next));
                }
                Role::Block | Role::Function | Role::Lambda | Role::Case => {
                    return Some((call, arena.node(at).next.max(call.0)));
                }
                Role::Other if arena.kind_name(parent) == "async_block" => return None,
                _ => is_guard = false,
            }
            at = parent;
        }
    }

    /// From a `let` to the end of its block, or to where the guard is dropped or moved.
    fn scope_of_let(&self, binding: NodeId) -> Option<(NodeId, u32)> {
        let code = self.code();
        let arena = code.arena;
        let mut pattern = arena.field(binding, Field::Pattern)?;
        if arena.kind_name(pattern) == "mut_pattern" {
            pattern = arena.children(pattern).last()?;
        }
        if arena.role(pattern) != Role::Identifier {
            return None;
        }
        let name = code.text_of(pattern);
        let start = NodeId(arena.node(binding).next.checked_sub(1)?);
        let block = arena.parent(binding)?;
        let end = arena.node(block).next;
        let moved = (start.0 + 1..end).map(NodeId).find(|&id| {
            arena.role(id) == Role::Identifier
                && code.text_of(id) == name
                && arena
                    .parent(id)
                    .is_some_and(|parent| arena.role(parent) == Role::Arguments)
        });
        Some((start, moved.map_or(end, |id| id.0)))
    }
}

/// Whether the call's value goes through `unwrap`, `expect` or `?`.
fn is_unwrapped(code: Code<'_>, call: NodeId) -> bool {
    through_guard(code, call) != call
}

fn is_awaited(code: Code<'_>, call: NodeId) -> bool {
    code.arena
        .parent(call)
        .is_some_and(|parent| code.arena.role(parent) == Role::Await)
}

/// The outermost expression that is still the guard.
fn through_guard(code: Code<'_>, call: NodeId) -> NodeId {
    let arena = code.arena;
    let mut at = call;
    while let Some(parent) = arena.parent(at) {
        match arena.role(parent) {
            Role::QuestionMark => at = parent,
            Role::Attribute => {
                let Some(outer) = arena.parent(parent) else {
                    return at;
                };
                match tree::method(code, outer) {
                    Some((receiver, "unwrap" | "expect" | "unwrap_or_else")) if receiver == at => {
                        at = outer
                    }
                    _ => return at,
                }
            }
            _ => return at,
        }
    }
    at
}
