//! Functions that claim work and do none, verdicts that are overwritten, and `todo!` on live paths.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};
use rustc_hash::FxHashSet;

use super::super::{Check, FileView, Hit};
use crate::rule::{Confidence, Severity};
use crate::tests_model::{Tree, code};

/// Reports stubs that report success.
pub static CHECK: Check = Check {
    name: "stub-success",
    languages: &["python", "rust"],
    triggers: &["return", "todo!"],
    whole_file: &[],
    needs_class: true,
    glance: None,
    run,
};

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(tree) = Tree::of(view) else { return };
    for id in tree.arena().ids() {
        match tree.role(id) {
            Role::Function if !tree.in_test(id) => {
                if let Some((sure, checking)) = is_stub(tree, id) {
                    let at = tree.field(id, Field::Name).unwrap_or(id);
                    let what = format!("`{}` does nothing and says that it worked", tree.name(id));
                    hits.push(Hit {
                        severity: checking.then_some(Severity::High),
                        confidence: (!sure).then_some(Confidence::Low),
                        ..Hit::at_node(view, at).word("WHAT", what)
                    });
                } else if let Some(at) = unread_verdict(tree, id) {
                    let what = format!(
                        "`{}` computes a verdict, drops it and says yes",
                        tree.name(id)
                    );
                    hits.push(Hit::at_node(view, at).word("WHAT", what));
                }
            }
            Role::Function => {}
            Role::Block if !tree.in_test(id) => {
                for at in overwritten(tree, id) {
                    let name = tree
                        .field(at, Field::Left)
                        .or(tree.field(at, Field::Pattern))
                        .map_or("", |it| tree.text(it));
                    let what =
                        format!("what was computed for `{name}` is overwritten by a constant");
                    hits.push(Hit::at_node(view, at).word("WHAT", what));
                }
            }
            Role::MacroCall if matches!(tree.last_name(id), "todo" | "unimplemented") => {
                if let Some(what) = live_todo(tree, id) {
                    hits.push(Hit::at_node(view, id).word("WHAT", what));
                }
            }
            Role::Raise => {
                if let Some(what) = live_raise(tree, id) {
                    hits.push(Hit::at_node(view, id).word("WHAT", what));
                }
            }
            _ => {}
        }
    }
}

/// First words of names that promise work.
const PROMISES: &[&str] = &[
    "verify",
    "validate",
    "authenticate",
    "authorize",
    "authorise",
    "send",
    "migrate",
    "reconcile",
    "encrypt",
    "decrypt",
    "backup",
    "charge",
    "refund",
    "pay",
    "sync",
    "synchronize",
    "upload",
    "publish",
    "deploy",
    "delete",
    "save",
    "import",
    "export",
    "scan",
    "check",
    "sign",
    "notify",
    "restore",
    "rotate",
    "audit",
    "sanitize",
    "transfer",
    "persist",
    "revoke",
    "purge",
    "archive",
    "replicate",
    "provision",
    "rollback",
    "flush",
    "store",
    "write",
    "insert",
    "commit",
    "process",
    "submit",
    "execute",
    "install",
    "compress",
    "train",
    "calibrate",
    "optimize",
    "index",
    "enforce",
    "erase",
    "anonymize",
    "redact",
    "quarantine",
    "login",
    "register",
    "wipe",
    "settle",
    "approve",
    "dispatch",
    "deliver",
    "email",
    "apply",
    "repair",
    "rebuild",
    "cancel",
    "disable",
    "escalate",
    "back",
    "run",
];

/// Names of classes that are meant to do nothing.
const NULLS: &[&str] = &[
    "null",
    "noop",
    "no",
    "dummy",
    "fake",
    "mock",
    "stub",
    "memory",
    "base",
    "default",
    "allow",
    "always",
    "test",
    "abstract",
    "mixin",
    "interface",
    "protocol",
    "empty",
    "nop",
    "trivial",
    "none",
    "anonymous",
    "permissive",
    "example",
    "insecure",
    "disabled",
    "simple",
    "any",
    "template",
    "console",
    "locmem",
    "dry",
    "void",
    "unchecked",
    "noverify",
    "accept",
    "discard",
    "blackhole",
];

const EXCUSES: &[&str] = &[
    "no-op",
    "noop",
    "does nothing",
    "do nothing",
    "override",
    "subclass",
    "by default",
    "placeholder for",
    "hook",
    "abstract",
    "not needed",
    "not required",
    "never fails",
    "always",
    "nothing to",
    "unused",
    "compat",
    "deprecated",
    "interface",
    "stub for",
    "dummy",
    "fake",
    "no work",
    "not supported",
    "unsupported",
    "ignored",
    "trivially",
];

/// Whether a function promises work and only gives a constant; whether that is sure, and whether it
/// is a check.
fn is_stub(tree: Tree<'_>, function: NodeId) -> Option<(bool, bool)> {
    let name = tree.name(function);
    let words = code::words(name);
    let first = words.first()?;
    let checking = matches!(
        &**first,
        "verify" | "validate" | "authenticate" | "authorize" | "authorise" | "check" | "enforce"
    ) || words
        .iter()
        .any(|it| matches!(&**it, "authenticated" | "authorized" | "signature"));
    if !(PROMISES.contains(&&**first) || checking) || name.starts_with("__") {
        return None;
    }
    let parameters = tree.parameters(function);
    let class = tree.class(function);
    let hint = tree.documentation(function);
    if EXCUSES.iter().any(|it| hint.contains(it))
        || code::words(name)
            .iter()
            .any(|it| NULLS.contains(&&**it) && !matches!(&**it, "test" | "memory"))
    {
        return None;
    }
    if excused(tree, function, class) {
        return None;
    }
    let statements = tree.statements(function);
    let (value, rest) = split_result(tree, function, &statements)?;
    if !claims_success(tree, value) || !rest.iter().all(|&it| is_idle(tree, it)) {
        return None;
    }
    // A parameter that goes into the result is work of a kind.
    let used = tree
        .below(value)
        .any(|it| tree.role(it) == Role::Identifier && parameters.contains(&tree.text(it)));
    if used || parameters.is_empty() && class.is_none() {
        return None;
    }
    let lone = words.len() == 1;
    // The return value may only say "handled", as hooks of frameworks do.
    let inherits = class.is_some_and(|it| {
        tree.field(it, Field::Superclasses)
            .is_some_and(|list| !tree.kids(list).is_empty())
            || tree.role(it) == Role::Impl && tree.field(it, Field::Trait).is_some()
    });
    let plain_true = tree.is_python() && tree.boolean(value) == Some(true);
    let sure = !inherits
        && (!parameters.is_empty() || !lone)
        && (checking
            || !plain_true
            || rest.iter().any(|&it| !matches!(tree.role(it), Role::Pass))
            || !parameters.is_empty());
    Some((sure, checking))
}

/// Abstract methods, protocols, null objects, overloads, plugin hooks.
fn excused(tree: Tree<'_>, function: NodeId, class: Option<NodeId>) -> bool {
    let decorated = tree.decorators(function).iter().any(|&it| {
        let text = tree.text(it);
        [
            "abstract", "overload", "hookspec", "property", "override", "hookimpl",
        ]
        .iter()
        .any(|word| text.contains(word))
    });
    let stem = tree.path.rsplit('/').next().unwrap_or("");
    let stem = stem.split('.').next().unwrap_or("");
    let Some(class) = class else {
        let null = code::words(stem).iter().any(|it| {
            matches!(
                &**it,
                "null" | "noop" | "dummy" | "fake" | "stub" | "mock" | "stubs"
            )
        });
        return decorated || null;
    };
    if tree.role(class) == Role::Trait {
        return true;
    }
    let name = tree
        .field(class, Field::Name)
        .or_else(|| tree.field(class, Field::Type))
        .map_or("", |it| tree.text(it));
    let null = code::words(name)
        .iter()
        .any(|it| NULLS.contains(&it.as_str()));
    let bases = tree
        .field(class, Field::Superclasses)
        .map_or("", |it| tree.text(it));
    let hint = tree.documentation(class);
    decorated
        || null
        || bases.contains("ABC")
        || bases.contains("Protocol")
        || EXCUSES.iter().take(8).any(|it| hint.contains(it))
        || hint.contains("null object")
        || hint.contains("for tests")
        || hint.contains("base class")
}

/// The value that a function ends with, and the statements before it.
fn split_result<'s>(
    tree: Tree<'_>,
    function: NodeId,
    statements: &'s [NodeId],
) -> Option<(NodeId, &'s [NodeId])> {
    let (&last, rest) = statements.split_last()?;
    match tree.role(last) {
        Role::Return => Some((*tree.kids(last).first()?, rest)),
        _ if !tree.is_python() => {
            let tail = tree.body(function).and_then(|it| tree.tail(it))?;
            (tail == last).then_some((last, rest))
        }
        _ => None,
    }
}

/// `True`, `Ok(())`, `"sent"`, `{"status": "ok"}`.
fn claims_success(tree: Tree<'_>, value: NodeId) -> bool {
    if tree.boolean(value) == Some(true) {
        return true;
    }
    match tree.role(value) {
        Role::Call if !tree.is_python() => {
            let inner = tree.positional(value);
            tree.last_name(value) == "Ok"
                && inner.iter().all(|&it| {
                    tree.is_literal(it) && tree.boolean(it) != Some(false)
                        || tree.text(it) == "()"
                        || tree.role(it) == Role::Call
                            && matches!(
                                tree.last_name(it),
                                "to_string" | "into" | "to_owned" | "from"
                            )
                            && tree.below(it).any(|it| tree.role(it) == Role::String)
                })
        }
        Role::String => tree.string(value).is_some_and(|it| {
            let text = it.to_ascii_lowercase();
            [
                "ok",
                "success",
                "sent",
                "done",
                "complete",
                "saved",
                "verified",
                "passed",
                "deployed",
                "migrated",
                "paid",
                "approved",
                "uploaded",
                "deleted",
                "published",
                "finished",
                "delivered",
            ]
            .iter()
            .any(|word| text.starts_with(word) || text.ends_with(word))
        }),
        Role::Dict | Role::Tuple => {
            tree.is_literal(value)
                && tree.below(value).skip(1).any(|it| {
                    tree.boolean(it) == Some(true)
                        || tree.string(it).is_some_and(|it| {
                            matches!(
                                it.to_ascii_lowercase().as_str(),
                                "ok" | "success"
                                    | "sent"
                                    | "done"
                                    | "completed"
                                    | "complete"
                                    | "passed"
                                    | "approved"
                                    | "paid"
                                    | "succeeded"
                                    | "verified"
                                    | "settled"
                                    | "delivered"
                            )
                        })
                })
                && !tree.text(value).contains("False")
        }
        _ => false,
    }
}

/// Statements that change nothing: log, print, sleep, comments, constants.
fn is_idle(tree: Tree<'_>, statement: NodeId) -> bool {
    match tree.role(statement) {
        Role::Pass | Role::Ellipsis | Role::Import | Role::ImportFrom => true,
        Role::Call | Role::MacroCall | Role::Await => {
            let call = if tree.role(statement) == Role::Await {
                tree.kids(statement).first().copied().unwrap_or(statement)
            } else {
                statement
            };
            matches!(
                tree.last_name(call),
                "print"
                    | "println"
                    | "eprintln"
                    | "info"
                    | "debug"
                    | "warning"
                    | "warn"
                    | "error"
                    | "sleep"
                    | "log"
                    | "trace"
                    | "write_line"
            )
        }
        Role::Assignment => {
            tree.field(statement, Field::Right)
                .is_some_and(|it| tree.is_literal(it))
                && tree
                    .field(statement, Field::Left)
                    .is_some_and(|it| tree.role(it) == Role::Identifier)
        }
        Role::Delete => true,
        Role::Let => tree.field(statement, Field::Value).is_some_and(|it| {
            tree.is_literal(it) || matches!(tree.role(it), Role::Identifier | Role::Tuple)
        }),
        _ => false,
    }
}

/// A verdict that is computed and never read, before the function says yes.
fn unread_verdict(tree: Tree<'_>, function: NodeId) -> Option<NodeId> {
    let statements = tree.statements(function);
    let (value, rest) = split_result(tree, function, &statements)?;
    let yes = tree.boolean(value) == Some(true)
        || tree.text(value).split_whitespace().collect::<String>() == "Ok(())";
    if !yes {
        return None;
    }
    rest.iter().copied().find(|&it| {
        let (left, right) = match tree.role(it) {
            Role::Assignment => (tree.field(it, Field::Left), tree.field(it, Field::Right)),
            Role::Let => (tree.field(it, Field::Pattern), tree.field(it, Field::Value)),
            _ => return false,
        };
        let (Some(left), Some(right)) = (left, right) else {
            return false;
        };
        let name = tree
            .text(left)
            .trim_start_matches("mut ")
            .trim_start_matches('_');
        // A `result` is kept for a debugger or a type checker, too.
        let verdict = code::words(name)
            .iter()
            .any(|it| it != "result" && VERDICTS.contains(&it.as_str()));
        let computed = matches!(
            tree.role(right),
            Role::Call | Role::Comparison | Role::BooleanOperator | Role::Binary
        );
        let uses = tree
            .below(function)
            .filter(|&at| tree.role(at) == Role::Identifier && tree.text(at) == tree.text(left));
        let in_text = tree.text(function).matches(name).count();
        verdict && computed && uses.count() <= 1 && in_text == 1
    })
}

/// Words of names of verdicts.
const VERDICTS: &[&str] = &[
    "passed",
    "ok",
    "valid",
    "success",
    "verified",
    "result",
    "allowed",
    "authorized",
    "authenticated",
    "approved",
    "matches",
    "match",
    "healthy",
    "correct",
    "safe",
    "secure",
    "trusted",
    "permitted",
    "score",
    "status",
    "verdict",
    "clean",
    "good",
    "succeeded",
    "compliant",
    "eligible",
    "signed",
    "accepted",
    "granted",
    "equal",
    "is",
];

/// Assignments of a constant directly behind one of a computed verdict.
fn overwritten(tree: Tree<'_>, block: NodeId) -> Vec<NodeId> {
    let statements = tree.kids(block);
    let part = |id: NodeId| -> Option<(String, NodeId)> {
        let (left, right) = match tree.role(id) {
            Role::Assignment => (tree.field(id, Field::Left)?, tree.field(id, Field::Right)?),
            Role::Let => (
                tree.field(id, Field::Pattern)?,
                tree.field(id, Field::Value)?,
            ),
            _ => return None,
        };
        let name = tree.text(left).trim_start_matches("mut ").trim().to_owned();
        Some((name, right))
    };
    let mut found = Vec::new();
    for (at, &second) in statements.iter().enumerate().skip(1) {
        let Some((name, value)) = part(second) else {
            continue;
        };
        let positive = tree.boolean(value) == Some(true)
            || matches!(tree.role(value), Role::Integer | Role::Float | Role::String)
                && tree.is_literal(value);
        if !positive
            || !code::words(&name)
                .iter()
                .any(|it| VERDICTS.contains(&it.as_str()))
        {
            continue;
        }
        // Between the two nothing may look at the first, and it must have been computed.
        for &first in statements[..at].iter().rev() {
            if let Some((own, computed)) = part(first)
                && own == name
            {
                let works = tree.calls(computed).next().is_some()
                    || matches!(
                        tree.role(computed),
                        Role::Comparison | Role::Binary | Role::BooleanOperator
                    );
                if works
                    && (tree.boolean(value) == Some(true)
                        || matches!(tree.role(computed), Role::Call))
                {
                    found.push(second);
                }
                break;
            }
            if tree.text(first).contains(&*name)
                || matches!(
                    tree.role(first),
                    Role::If | Role::For | Role::While | Role::Try | Role::With | Role::Return
                )
            {
                break;
            }
        }
    }
    found
}

/// `todo!()` that a program runs into.
fn live_todo(tree: Tree<'_>, id: NodeId) -> Option<String> {
    let function = tree.outermost_function(id)?;
    if tree.in_test(id)
        || tree
            .class(function)
            .is_some_and(|it| tree.role(it) == Role::Trait)
    {
        return None;
    }
    let name = tree.name(function);
    let reached = name == "main" || is_route(tree, function) || reached_from_main(tree, name);
    reached.then(|| {
        format!(
            "`{}!` is reached from {}",
            tree.last_name(id),
            if is_route(tree, function) {
                "a route"
            } else {
                "`main`"
            }
        )
    })
}

fn is_route(tree: Tree<'_>, function: NodeId) -> bool {
    let attribute = tree.attributes(function).iter().any(|(_, text)| {
        ["get(", "post(", "put(", "delete(", "patch(", "route("]
            .iter()
            .any(|it| text.starts_with(it) || text.contains(&format!("::{it}")))
    });
    let name = tree.name(function);
    let routed = ["get(", "post(", "put(", "delete(", "patch(", "to("]
        .iter()
        .any(|it| tree.code.text.contains(&format!("{it}{name})")));
    attribute || routed
}

/// Whether `main` of the same file calls a function, through others.
fn reached_from_main(tree: Tree<'_>, name: &str) -> bool {
    let text = tree.code.text;
    let Some(main) = rust_body(text, "main") else {
        return main_file_mentions(tree, name);
    };
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    let mut open = vec![main];
    while let Some(body) = open.pop() {
        for (at, _) in body.match_indices('(') {
            let before = &body[..at];
            let start = before
                .rfind(|c: char| !c.is_alphanumeric() && c != '_')
                .map_or(0, |it| it + 1);
            let called = before.get(start..).unwrap_or("");
            if called == name {
                return true;
            }
            if !called.is_empty()
                && seen.insert(called)
                && let Some(inner) = rust_body(text, called)
            {
                open.push(inner);
            }
        }
    }
    false
}

/// The body of a function of a text.
fn rust_body<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let at = text.find(&format!("fn {name}("))?;
    let open = at + text[at..].find('{')?;
    let mut depth = 0u32;
    for (offset, byte) in text[open..].bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return text.get(open..open + offset);
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether `main.rs` beside the file calls a function of that name.
fn main_file_mentions(tree: Tree<'_>, name: &str) -> bool {
    let Some((project, _)) = tree.names.project() else {
        return false;
    };
    let Some(at) = tree.path.find("src/") else {
        return false;
    };
    let main = project.file(&format!("{}main.rs", &tree.path[..at + 4]));
    let text = main.and_then(|it| project.text(it));
    text.is_some_and(|it| it.contains(&format!("{name}(")))
}

/// `raise NotImplementedError` in a handler of a route, or in what `main` calls.
fn live_raise(tree: Tree<'_>, id: NodeId) -> Option<String> {
    let value = tree.kids(id).first().copied()?;
    if !tree.text(value).starts_with("NotImplementedError") || tree.in_test(id) {
        return None;
    }
    let function = tree.function(id)?;
    if tree.class(function).is_some() {
        return None;
    }
    let routed = tree.decorators(function).iter().any(|&it| {
        tree.role(it) == Role::Call
            && matches!(
                tree.last_name(it),
                "route" | "get" | "post" | "put" | "delete" | "patch" | "command" | "websocket"
            )
    });
    if routed {
        return Some(String::from(
            "`NotImplementedError` is raised on a live route",
        ));
    }
    let name = tree.name(function);
    let text = tree.code.text;
    let from_main = name == "main" && text.contains("__main__")
        || python_body(text, "main").is_some_and(|it| it.contains(&format!("{name}(")))
            && text.contains("__main__");
    let whole = tree.statements(function).last() == Some(&id)
        && tree.arena().parent(id) == tree.body(function);
    (from_main && whole).then(|| String::from("`NotImplementedError` is reached from `main`"))
}

fn python_body<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let at = text.find(&format!("def {name}("))?;
    let rest = &text[at..];
    let end = rest
        .find("\ndef ")
        .or_else(|| rest.find("\nif __name__"))
        .unwrap_or(rest.len());
    Some(&rest[..end])
}
