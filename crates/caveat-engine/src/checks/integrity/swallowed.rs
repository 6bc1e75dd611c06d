//! Failures that come out as success.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};

use super::super::{Check, FileView, Hit};
use crate::rule::{Confidence, Severity};
use crate::tests_model::{Tree, code, place};

/// Reports handlers and error arms whose result is that of success.
pub static CHECK: Check = Check {
    name: "swallowed-failure",
    languages: &["python", "rust"],
    triggers: &["except", "Err", "unwrap_or", "catch_unwind"],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run,
};

struct Found {
    at: NodeId,
    what: String,
    checks: bool,
    doubtful: bool,
}

impl Found {
    fn new(at: NodeId, what: impl Into<String>) -> Self {
        Found {
            at,
            what: what.into(),
            checks: false,
            doubtful: false,
        }
    }
}

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(tree) = Tree::of(view) else { return };
    for id in tree.arena().ids() {
        let found = match (tree.is_python(), tree.role(id)) {
            (true, Role::Except) => handler(tree, id),
            (true, Role::With) => suppressed(tree, id),
            (false, Role::If) => empty_if_let(tree, id),
            (false, Role::Case) => error_arm(tree, id),
            (false, Role::Call) => defaulted(tree, id),
            _ => None,
        };
        let Some(found) = found else { continue };
        if tree.in_test(id) {
            continue;
        }
        hits.push(Hit {
            severity: found.checks.then_some(Severity::High),
            confidence: found.doubtful.then_some(Confidence::Low),
            ..Hit::at_node(view, found.at).word("WHAT", found.what)
        });
    }
}

/// Words of what must happen; its failure matters.
const EFFECTS: &[&str] = &[
    "write",
    "save",
    "send",
    "commit",
    "upload",
    "publish",
    "deploy",
    "charge",
    "pay",
    "transfer",
    "refund",
    "delete",
    "insert",
    "backup",
    "migrate",
    "sync",
    "persist",
    "store",
    "submit",
    "post",
    "put",
    "execute",
    "create",
    "update",
    "sign",
    "encrypt",
    "import",
    "export",
    "process",
    "apply",
    "install",
    "notify",
    "copy",
    "restore",
    "push",
    "archive",
    "replicate",
    "provision",
    "enqueue",
];

fn is_effect(name: &str) -> bool {
    code::words(name)
        .iter()
        .any(|word| EFFECTS.contains(&word.as_str()))
}

/// The head of a handler: what it catches.
fn caught<'t>(tree: Tree<'t>, handler: NodeId) -> &'t str {
    let text = tree.text(handler);
    let head = &text[..text.find(':').unwrap_or(text.len())];
    head.trim_start_matches("except")
        .split(" as ")
        .next()
        .unwrap_or("")
        .trim()
}

fn is_broad(kinds: &str) -> bool {
    kinds.is_empty()
        || kinds.trim_matches(['(', ')']).split(',').any(|kind| {
            matches!(
                kind.trim(),
                "Exception" | "BaseException" | "builtins.Exception"
            )
        })
}

/// Exceptions that say that a check failed.
fn is_denial(kinds: &str) -> bool {
    [
        "Signature",
        "Invalid",
        "Verif",
        "Auth",
        "Denied",
        "Forbidden",
        "Permission",
        "Expired",
        "Token",
        "Valid",
        "SSL",
        "Cert",
        "Decode",
        "Unauthorized",
        "Crypto",
        "Timeout",
        "Connection",
        "RequestException",
        "HTTPError",
        "OSError",
        "IOError",
        "RuntimeError",
    ]
    .iter()
    .any(|word| kinds.contains(word))
}

fn handler(tree: Tree<'_>, id: NodeId) -> Option<Found> {
    let kinds = caught(tree, id);
    let body = tree.body(id)?;
    let whole = tree.arena().parent(id)?;
    let tried = tree.field(whole, Field::Body)?;
    let function = tree.function(id)?;
    if tree
        .arena()
        .ancestors(id)
        .take_while(|&it| it != function)
        .any(|it| matches!(tree.role(it), Role::Except | Role::Finally))
    {
        return None;
    }
    let broad = is_broad(kinds);
    let name = tree.name(function);
    if tries_import(tree, tried) || tree.below(body).any(|it| tree.role(it) == Role::Raise) {
        return None;
    }
    if let Some(at) = tree.below(body).find(|&it| tree.role(it) == Role::Return) {
        let value = tree.kids(at).first().copied();
        return returned(tree, at, value, function, tried, kinds, broad);
    }
    if let Some(found) = fabricated_assignment(tree, body, broad) {
        return Some(found);
    }
    if broad && is_silent(tree, body) {
        return silent(tree, id, tried, function, name);
    }
    None
}

/// `with suppress(Exception): send(x)`, and success is reported afterwards.
fn suppressed(tree: Tree<'_>, id: NodeId) -> Option<Found> {
    let text = tree.text(id);
    let head = &text[..text.find('\n').unwrap_or(text.len())];
    let broad = head.contains("suppress(Exception") || head.contains("suppress(BaseException");
    let body = tree.body(id).filter(|_| broad)?;
    let function = tree.function(id)?;
    silent(tree, id, body, function, tree.name(function))
}

fn tries_import(tree: Tree<'_>, tried: NodeId) -> bool {
    tree.below(tried)
        .any(|it| matches!(tree.role(it), Role::Import | Role::ImportFrom))
}

/// What a handler gives back.
fn returned(
    tree: Tree<'_>,
    at: NodeId,
    value: Option<NodeId>,
    function: NodeId,
    tried: NodeId,
    kinds: &str,
    broad: bool,
) -> Option<Found> {
    let value = value?;
    let name = tree.name(function);
    let checking = place::is_checking(name);
    let failing = broad || is_denial(kinds);
    if tree.boolean(value) == Some(true) && failing {
        if negative_name(name) || gives_only(tree, function, true) && !is_effect(name) {
            return None;
        }
        if checking && tree.calls(tried).next().is_some() {
            let what = format!("`{name}` says yes when it could not check");
            let narrow = !broad && !denial_proper(kinds);
            return Some(Found {
                checks: true,
                doubtful: narrow,
                ..Found::new(at, what)
            });
        }
        if broad && tells_failure(tree, at) {
            return None;
        }
        let effect = tree.calls(tried).any(|it| is_effect(tree.last_name(it))) || is_effect(name);
        return (broad && effect).then(|| Found::new(at, "a failure is reported as success"));
    }
    if !failing {
        return None;
    }
    if is_success(tree, value) {
        return Some(Found::new(at, "a failure is reported as success"));
    }
    if broad && is_fabricated(tree, value) {
        return Some(Found::new(
            at,
            "a failure is covered by a value that is made up",
        ));
    }
    if broad && same_as_good(tree, value, tried) && !tells_failure(tree, at) {
        return Some(Found::new(
            at,
            "the handler gives the same as the good path",
        ));
    }
    None
}

/// `is_missing`, `needs_update`: here yes is the careful answer.
fn negative_name(name: &str) -> bool {
    const NEGATIVE: &[&str] = &[
        "missing",
        "needs",
        "need",
        "stale",
        "outdated",
        "dirty",
        "changed",
        "failed",
        "expired",
        "blocked",
        "locked",
        "invalid",
        "error",
        "offline",
        "denied",
        "empty",
        "should",
        "closed",
        "dead",
        "broken",
        "different",
        "differs",
        "modified",
        "revoked",
        "banned",
        "suspicious",
        "unsafe",
        "absent",
        "required",
        "retry",
        "retryable",
        "busy",
        "recompile",
        "outside",
        "untrusted",
        "limited",
        "exceeded",
        "forbidden",
        "excluded",
        "ignored",
    ];
    code::words(name)
        .iter()
        .any(|word| NEGATIVE.contains(&word.as_str()))
}

fn denial_proper(kinds: &str) -> bool {
    [
        "Signature",
        "Invalid",
        "Verif",
        "Auth",
        "Denied",
        "Forbidden",
        "Permission",
        "Expired",
        "Token",
        "Validation",
        "Cert",
    ]
    .iter()
    .any(|word| kinds.contains(word))
}

/// Whether all that a function gives is that boolean.
fn gives_only(tree: Tree<'_>, function: NodeId, truth: bool) -> bool {
    tree.returned(function)
        .iter()
        .all(|&it| tree.boolean(it) == Some(truth))
        && tree.returned(function).len() == 1
}

/// `{"success": True}`, `{"status": "ok"}`, `"success"`, `("ok", None)`.
fn is_success(tree: Tree<'_>, value: NodeId) -> bool {
    match tree.role(value) {
        Role::Dict => tree.kids(value).iter().any(|&pair| {
            let (Some(key), Some(inner)) =
                (tree.field(pair, Field::Key), tree.field(pair, Field::Value))
            else {
                return false;
            };
            let key = tree.string(key).unwrap_or_default().to_ascii_lowercase();
            match &*key {
                "success" | "ok" | "passed" | "valid" | "healthy" | "done" | "sent" | "saved"
                | "verified" | "delivered" | "successful" => tree.boolean(inner) == Some(true),
                "status" | "result" | "state" | "outcome" => {
                    tree.string(inner).is_some_and(|it| is_success_word(&it))
                }
                "failed" | "errors" => false,
                _ => false,
            }
        }),
        Role::String => tree.string(value).is_some_and(|it| is_success_word(&it)),
        Role::Tuple => tree
            .kids(value)
            .first()
            .is_some_and(|&it| is_success(tree, it) || tree.boolean(it) == Some(true)),
        Role::Call => {
            let named = ["success", "ok", "passed"].iter().any(|it| {
                tree.keyword(value, it)
                    .is_some_and(|it| tree.boolean(it) == Some(true))
            });
            let status = tree
                .keyword(value, "status")
                .and_then(|it| tree.string(it))
                .is_some_and(|it| is_success_word(&it));
            let inner = matches!(
                tree.last_name(value),
                "jsonify" | "dict" | "JSONResponse" | "Response"
            ) && tree
                .positional(value)
                .first()
                .is_some_and(|&it| is_success(tree, it));
            named || status || inner
        }
        _ => false,
    }
}

fn is_success_word(text: &str) -> bool {
    matches!(
        text.to_ascii_lowercase().as_str(),
        "ok" | "success"
            | "succeeded"
            | "done"
            | "completed"
            | "complete"
            | "passed"
            | "sent"
            | "delivered"
            | "healthy"
            | "saved"
            | "approved"
            | "paid"
            | "verified"
            | "valid"
            | "successful"
            | "finished"
            | "deployed"
            | "published"
    )
}

/// Random values, or data written out, in place of what could not be had.
fn is_fabricated(tree: Tree<'_>, value: NodeId) -> bool {
    let random = tree.calls(value).any(|it| {
        let path = tree.called(it);
        path.starts_with("random.")
            || path.starts_with("numpy.random.")
            || path.starts_with("np.random.")
    });
    let jitter = matches!(tree.role(value), Role::Call) && tree.last_name(value) == "sleep";
    let invented =
        matches!(tree.role(value), Role::Dict | Role::List) && tree.is_literal(value) && {
            let numbers = tree.below(value).filter(|&it| {
                matches!(tree.role(it), Role::Integer | Role::Float)
                    && !matches!(tree.text(it), "0" | "1" | "0.0" | "1.0")
            });
            numbers.count() > 0
                && !tree.text(value).to_ascii_lowercase().contains("error")
                && !tree.text(value).contains("fail")
        };
    random && !jitter || invented
}

fn fabricated_assignment(tree: Tree<'_>, body: NodeId, broad: bool) -> Option<Found> {
    let at = tree.below(body).find(|&it| {
        tree.role(it) == Role::Assignment
            && tree.field(it, Field::Right).is_some_and(|value| {
                let invented = is_fabricated(tree, value);
                let verdict = tree.boolean(value) == Some(true)
                    && tree.field(it, Field::Left).is_some_and(|left| {
                        let words = code::words(tree.text(left));
                        words.iter().any(|it| {
                            matches!(
                                &**it,
                                "success"
                                    | "ok"
                                    | "passed"
                                    | "valid"
                                    | "verified"
                                    | "authorized"
                                    | "authenticated"
                                    | "allowed"
                                    | "healthy"
                                    | "sent"
                                    | "saved"
                            )
                        })
                    });
                invented || verdict
            })
    })?;
    let what = match tree
        .field(at, Field::Right)
        .is_some_and(|it| tree.boolean(it) == Some(true))
    {
        true => "a failure is recorded as success",
        false => "a failure is covered by a value that is made up",
    };
    broad.then(|| Found::new(at, what))
}

/// The same constant as the end of the `try` or of the function gives.
fn same_as_good(tree: Tree<'_>, value: NodeId, tried: NodeId) -> bool {
    if !tree.is_literal(value)
        || matches!(tree.role(value), Role::None)
        || matches!(
            tree.text(value),
            "False" | "0" | "1" | "[]" | "{}" | "\"\"" | "''" | "()" | "-1" | "set()"
        )
    {
        return false;
    }
    let text = tree.text(value);
    let good = tree
        .below(tried)
        .filter(|&it| tree.role(it) == Role::Return)
        .filter_map(|it| tree.kids(it).first().copied());
    let own: Vec<NodeId> = good.collect();
    !own.is_empty()
        && own.iter().all(|&it| tree.text(it) == text)
        && tree.calls(tried).next().is_some()
}

/// The handler tells somebody: it logs an error, keeps it, warns.
fn tells_failure(tree: Tree<'_>, at: NodeId) -> bool {
    let Some(handler) = tree
        .arena()
        .ancestors(at)
        .find(|&it| tree.role(it) == Role::Except)
    else {
        return false;
    };
    tree.calls(handler).any(|it| {
        matches!(
            tree.last_name(it),
            "exception"
                | "error"
                | "critical"
                | "capture_exception"
                | "append"
                | "print_exc"
                | "abort"
                | "fail"
        )
    })
}

fn is_silent(tree: Tree<'_>, body: NodeId) -> bool {
    tree.kids(body).iter().all(|&it| {
        matches!(tree.role(it), Role::Pass | Role::Ellipsis | Role::Continue)
            || tree.role(it) == Role::Call
                && matches!(tree.last_name(it), "print" | "debug" | "info")
    })
}

/// Nothing is done about the failure of the one effect, and the function then says that it is done.
fn silent(
    tree: Tree<'_>,
    id: NodeId,
    tried: NodeId,
    function: NodeId,
    name: &str,
) -> Option<Found> {
    let effect = tree
        .calls(tried)
        .find(|&it| is_effect(tree.last_name(it)) || place::is_checking(tree.last_name(it)))?;
    let after = tree.span(id).end;
    let claims = tree.returned(function).into_iter().any(|value| {
        tree.span(value).start > after
            && (tree.boolean(value) == Some(true)
                || is_success(tree, value)
                || says_done(tree, value))
    }) || tree.calls(function).any(|it| {
        tree.span(it).start > after
            && matches!(tree.last_name(it), "print" | "info")
            && tree
                .positional(it)
                .first()
                .is_some_and(|&it| says_done(tree, it))
    });
    let counted = tree.own(function).any(|it| {
        tree.role(it) == Role::AugmentedAssignment && tree.span(it).start > after && {
            let words = code::words(tree.field(it, Field::Left).map_or("", |it| tree.text(it)));
            words.iter().any(|it| {
                matches!(
                    &**it,
                    "done"
                        | "sent"
                        | "saved"
                        | "success"
                        | "succeeded"
                        | "written"
                        | "processed"
                        | "ok"
                        | "completed"
                        | "uploaded"
                )
            })
        }
    });
    let tidying = [
        "close",
        "cleanup",
        "stop",
        "shutdown",
        "disconnect",
        "teardown",
        "remove",
    ]
    .iter()
    .any(|it| name.contains(it));
    if !(claims || counted) || tidying {
        return None;
    }
    let what = format!(
        "the failure of `{}` is passed over, and success is reported afterwards",
        tree.last_name(effect)
    );
    Some(Found {
        checks: place::is_checking(tree.last_name(effect)),
        ..Found::new(id, what)
    })
}

fn says_done(tree: Tree<'_>, value: NodeId) -> bool {
    if !matches!(tree.role(value), Role::String | Role::ConcatenatedString) {
        return false;
    }
    let text = tree.text(value).to_ascii_lowercase();
    [
        "finish",
        "complete",
        "success",
        "done",
        "sent",
        "saved",
        "uploaded",
        "deployed",
        " ok",
        "backed up",
        "processed",
    ]
    .iter()
    .any(|it| text.contains(it))
        && !text.contains("fail")
}

/// `if let Err(_) = verify(..) { }`
fn empty_if_let(tree: Tree<'_>, id: NodeId) -> Option<Found> {
    let condition = tree.field(id, Field::Condition)?;
    if let Some(found) = asked_and_dropped(tree, id, condition) {
        return Some(found);
    }
    if tree.role(condition) != Role::Let || tree.field(id, Field::Alternative).is_some() {
        return None;
    }
    let pattern = tree.text(tree.field(condition, Field::Pattern)?);
    let value = tree.field(condition, Field::Value)?;
    let block = tree.field(id, Field::Consequence)?;
    let only_tells = tree.kids(block).iter().all(|&it| {
        tree.role(it) == Role::MacroCall
            && matches!(tree.last_name(it), "println" | "debug" | "trace" | "dbg")
    });
    let call = tree
        .calls(value)
        .find(|&it| tree.role(it) == Role::Call && place::is_checking(tree.last_name(it)))?;
    let function = tree.function(id)?;
    let claims = tree.field(function, Field::ReturnType).is_some();
    (pattern.starts_with("Err") && only_tells && claims).then(|| Found {
        checks: true,
        ..Found::new(
            id,
            format!(
                "the error of `{}` is dropped here and the code goes on",
                tree.last_name(call)
            ),
        )
    })
}

/// `if verify(..).is_err() { }`, `if !verify(..) { println!(..) }`
fn asked_and_dropped(tree: Tree<'_>, id: NodeId, condition: NodeId) -> Option<Found> {
    let text = tree.text(condition);
    let denies = tree.role(condition) == Role::Call && tree.last_name(condition) == "is_err"
        || text.starts_with('!');
    let block = tree.field(id, Field::Consequence)?;
    let idle = tree.kids(block).iter().all(|&it| {
        tree.role(it) == Role::MacroCall
            && matches!(tree.last_name(it), "println" | "debug" | "trace" | "dbg")
    });
    let call = tree
        .calls(condition)
        .find(|&it| tree.role(it) == Role::Call && place::is_checking(tree.last_name(it)))?;
    let function = tree.function(id)?;
    let claims = tree.field(function, Field::ReturnType).is_some();
    (denies && idle && claims && tree.field(id, Field::Alternative).is_none()).then(|| Found {
        checks: true,
        ..Found::new(
            id,
            format!("the refusal of `{}` has no effect", tree.last_name(call)),
        )
    })
}

/// `Err(_) => Ok(())`, `Err(_) => true`.
fn error_arm(tree: Tree<'_>, id: NodeId) -> Option<Found> {
    let pattern = tree.text(tree.field(id, Field::Pattern)?);
    let is_error = pattern.starts_with("Err(_")
        || pattern.starts_with("Err(e")
        || pattern == "_"
        || pattern.starts_with("Err(..")
        || pattern.starts_with("Err(err")
        || pattern.starts_with("None");
    if !is_error
        || pattern.contains("::")
        || pattern.contains(" if ")
        || pattern.contains("ErrorKind")
    {
        return None;
    }
    let value = tree.field(id, Field::Value)?;
    let whole = tree
        .arena()
        .ancestors(id)
        .find(|&it| tree.role(it) == Role::Match)?;
    let subject = tree.field(whole, Field::Value)?;
    let function = tree.function(id)?;
    let name = tree.name(function);
    let inner = match tree.role(value) {
        Role::Block => tree.tail(value).unwrap_or(value),
        _ => value,
    };
    let tells = tree.calls(value).any(|it| {
        matches!(
            tree.last_name(it),
            "error" | "warn" | "eprintln" | "push" | "panic"
        )
    });
    let text: String = tree.text(inner).split_whitespace().collect();
    let call = tree.calls(subject).find(|&it| tree.role(it) == Role::Call);
    let called = call.map_or("", |it| tree.last_name(it));
    let others_err =
        pattern == "_" && !tree.text(whole).contains("Ok(") && !tree.text(whole).contains("Err");
    if others_err || matches!(called, "") {
        return None;
    }
    let checking = place::is_checking(name) || place::is_checking(called);
    if text == "true" && checking && !negative_name(name) {
        let good = tree
            .below(whole)
            .filter(|&it| tree.role(it) == Role::Case && it != id)
            .any(|arm| {
                tree.field(arm, Field::Pattern).is_some_and(|it| {
                    tree.text(it).starts_with("Ok") || tree.text(it).starts_with("Some")
                })
            });
        return (good && (pattern.starts_with("Err") || pattern == "_" || pattern == "None")).then(
            || Found {
                checks: true,
                ..Found::new(id, format!("`{name}` says yes when `{called}` failed"))
            },
        );
    }
    let nothing = matches!(&*text, "()" | "{}");
    let goes_on = tree
        .arena()
        .parent(whole)
        .is_some_and(|it| tree.role(it) == Role::Block && tree.tail(it) != Some(whole));
    let claims = tree.field(function, Field::ReturnType).is_some();
    if nothing
        && goes_on
        && claims
        && pattern.starts_with("Err")
        && place::is_checking(called)
        && !tells
    {
        return Some(Found {
            checks: true,
            ..Found::new(
                id,
                format!("the error of `{called}` is dropped here and the code goes on"),
            )
        });
    }
    let success = text == "Ok(())"
        || text == "Ok(true)"
        || text.starts_with("Ok(\"ok")
        || text.starts_with("Status::Ok")
        || text == "Outcome::Success"
        || text == "\"ok\"";
    if success && pattern.starts_with("Err") && (is_effect(called) || checking) {
        let doubtful = tells;
        return Some(Found {
            checks: checking,
            doubtful,
            ..Found::new(
                id,
                format!("the failure of `{called}` comes out as success"),
            )
        });
    }
    None
}

/// `verify(x).unwrap_or(true)`, `let _ = catch_unwind(..)`, `.or(Ok(()))`.
fn defaulted(tree: Tree<'_>, id: NodeId) -> Option<Found> {
    let name = tree.last_name(id);
    if name == "catch_unwind" {
        return dropped_panic(tree, id);
    }
    let receiver = tree.receiver(id)?;
    let value = tree.positional(id).first().map_or(String::new(), |&it| {
        tree.text(it).split_whitespace().collect()
    });
    let permissive = match name {
        "unwrap_or" => value == "true",
        "unwrap_or_else" | "map_or_else" => value.ends_with("|true") || value.ends_with("|{true}"),
        "or" | "or_else" => {
            value == "Ok(())"
                || value.ends_with("|Ok(())")
                || value == "Ok(true)"
                || value.ends_with("|Ok(true)")
        }
        "is_none_or" => false,
        "map_or" => value == "true" && tree.positional(id).len() == 2,
        _ => false,
    };
    if !permissive {
        return None;
    }
    let call = tree.calls(receiver).find(|&it| {
        tree.role(it) == Role::Call
            && (place::is_checking(tree.last_name(it))
                || name.starts_with("or") && is_effect(tree.last_name(it)))
    });
    let function = tree.function(id)?;
    let checking = place::is_checking(tree.name(function))
        && !negative_name(tree.name(function))
        && tree.calls(receiver).next().is_some()
        && name != "map_or";
    let strict = call.filter(|_| name != "map_or");
    let settles = strict.is_none();
    if settles && !checking {
        return None;
    }
    let called = strict
        .or(call)
        .or_else(|| tree.calls(receiver).next())
        .map_or("", |it| tree.last_name(it));
    Some(Found {
        checks: true,
        doubtful: settles,
        ..Found::new(id, format!("when `{called}` fails, the answer is yes"))
    })
}

fn dropped_panic(tree: Tree<'_>, id: NodeId) -> Option<Found> {
    let parent = tree.arena().parent(id)?;
    let dropped = match tree.role(parent) {
        Role::Let => tree
            .field(parent, Field::Pattern)
            .is_some_and(|it| tree.text(it) == "_"),
        Role::Block => tree.tail(parent) != Some(id),
        Role::Attribute => {
            tree.text(parent).trim_end().ends_with(".ok")
                && tree.arena().parent(parent).is_some_and(|call| {
                    tree.arena()
                        .parent(call)
                        .is_some_and(|it| tree.role(it) == Role::Block)
                })
        }
        _ => false,
    };
    let function = tree.function(id)?;
    let claims = tree.field(function, Field::ReturnType).is_some();
    (dropped && claims).then(|| Found::new(id, "a panic is caught here and forgotten"))
}
