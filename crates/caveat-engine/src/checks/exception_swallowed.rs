//! Handlers that catch everything and do nothing.
//!
//! Most such handlers in real code are deliberate: around clean-up, optional imports, probes.
//! What is shown by default is the handler around an effect or a check whose failure somebody
//! would want to know.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Code, Names, NodeId};

use super::{Check, FileView, Hit, tree};
use crate::rule::{Confidence, Severity};

/// Reports silent `except:`, `except Exception:` and `except BaseException:`.
pub static CHECK: Check = Check {
    name: "exception-swallowed",
    languages: &["python"],
    triggers: &[
        "except:",
        "except Exception",
        "except BaseException",
        "except (Exception",
        "except (BaseException",
        ", Exception",
        ", BaseException",
    ],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run,
};

/// First words of names of functions whose failure matters: effects that must happen, checks that
/// must hold.
const WEIGHTY: &[&str] = &[
    "authenticate",
    "authorize",
    "backup",
    "charge",
    "check",
    "commit",
    "create",
    "decrypt",
    "delete",
    "deploy",
    "encrypt",
    "execute",
    "executemany",
    "grant",
    "insert",
    "migrate",
    "pay",
    "persist",
    "publish",
    "refund",
    "revoke",
    "rollback",
    "save",
    "send",
    "sendall",
    "sendmail",
    "send_message",
    "sign",
    "store",
    "submit",
    "transfer",
    "upload",
    "validate",
    "verify",
    "withdraw",
    "write",
    "writelines",
    "write_bytes",
    "write_text",
];

/// Words in names of functions that tidy up: there a failure may be ignored.
const TIDYING: &[&str] = &[
    "abort",
    "cancel",
    "cleanup",
    "clean",
    "clear",
    "close",
    "del",
    "destroy",
    "disconnect",
    "dispose",
    "drop",
    "exit",
    "finalize",
    "flush",
    "join",
    "kill",
    "logout",
    "quit",
    "release",
    "remove",
    "rmtree",
    "rmdir",
    "shutdown",
    "stop",
    "teardown",
    "terminate",
    "umount",
    "unlink",
    "unregister",
    "unsubscribe",
];

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let code = names.code;
    let arena = code.arena;
    for handler in arena.ids() {
        if arena.role(handler) != Role::Except {
            continue;
        }
        let Some(caught) = caught(code, handler) else {
            continue;
        };
        if !is_silent(code, handler) {
            continue;
        }
        let Some((severity, confidence)) = grade(names, handler, caught) else {
            continue;
        };
        let start = arena.node(handler).start;
        let length = code.text_of(handler).find(':').map_or(6, |at| at + 1) as u32;
        let span = caveat_parser::Span::new(start, start + length);
        hits.push(Hit {
            severity: Some(severity),
            confidence: Some(confidence),
            ..Hit::at(span).word("CAUGHT", caught)
        });
    }
}

/// What a handler for everything catches.
fn caught(code: Code<'_>, handler: NodeId) -> Option<&'static str> {
    let arena = code.arena;
    let Some(mut value) = arena
        .children(handler)
        .find(|&child| arena.role(child) != Role::Block)
    else {
        return Some("every exception, even `KeyboardInterrupt`");
    };
    if arena.kind_name(value) == "as_pattern" {
        value = arena.children(value).next()?;
    }
    let broad = |node: NodeId| match code.text_of(node) {
        "Exception" | "builtins.Exception" => Some("every `Exception`"),
        "BaseException" | "builtins.BaseException" => {
            Some("every exception, even `KeyboardInterrupt`")
        }
        _ => None,
    };
    match arena.role(value) {
        Role::Tuple => arena.children(value).find_map(broad),
        _ => broad(value),
    }
}

/// Whether the body is only `pass`, `...`, `continue`, `return` or `return None`.
fn is_silent(code: Code<'_>, handler: NodeId) -> bool {
    let arena = code.arena;
    let Some(body) = arena
        .children(handler)
        .find(|&child| arena.role(child) == Role::Block)
    else {
        return false;
    };
    let mut statements = arena.children(body);
    let silent = |id: NodeId| match arena.role(id) {
        Role::Pass | Role::Ellipsis | Role::Continue | Role::String => true,
        Role::Return => arena
            .children(id)
            .next()
            .is_none_or(|value| arena.role(value) == Role::None),
        _ => false,
    };
    statements.all(silent)
}

/// How bad and how sure; `None` where swallowing is the sense of it.
fn grade(names: &Names<'_>, handler: NodeId, caught: &str) -> Option<(Severity, Confidence)> {
    let code = names.code;
    let arena = code.arena;
    let whole = arena.parent(handler)?;
    let body = arena
        .children(whole)
        .find(|&child| arena.role(child) == Role::Block)?;
    if is_expected(code, whole, body) {
        return None;
    }
    let is_base = !caught.ends_with("`Exception`");
    let explained = is_explained(code, handler) || is_forgiven(code, handler);
    let weighty = calls(code, body).any(is_weighty);
    let confidence = match explained || !(weighty || is_base || loses_effect(code, handler, body)) {
        true => Confidence::Low,
        false => Confidence::Medium,
    };
    let severity = match weighty && !explained {
        true => Severity::Medium,
        false => Severity::Low,
    };
    Some((severity, confidence))
}

/// Methods that build up a value; without the item the value is merely shorter.
const BUILDERS: &[&str] = &[
    "add",
    "append",
    "appendleft",
    "extend",
    "pop",
    "setdefault",
    "update",
];

/// Whether the last thing tried is done for its effect, and whoever called never learns that it
/// was not. A value that is looked up and has a default otherwise is no such thing, nor is one of
/// many in a loop.
fn loses_effect(code: Code<'_>, handler: NodeId, body: NodeId) -> bool {
    let arena = code.arena;
    let passes = arena
        .subtree(handler)
        .any(|id| matches!(arena.role(id), Role::Pass | Role::Ellipsis));
    let in_loop = arena
        .ancestors(handler)
        .take_while(|&at| arena.role(at) != Role::Function)
        .any(|at| matches!(arena.role(at), Role::For | Role::While));
    let Some(mut last) = arena.children(body).last() else {
        return false;
    };
    // What is opened for it stands around the effect.
    while arena.role(last) == Role::With {
        let inner = arena
            .field(last, Field::Body)
            .and_then(|block| arena.children(block).last());
        match inner {
            Some(inner) => last = inner,
            None => break,
        }
    }
    if arena.role(last) == Role::Await {
        last = arena.children(last).next().unwrap_or(last);
    }
    passes
        && !in_loop
        && !has_else(code, handler)
        && callee_name(code, last).is_some_and(|name| !BUILDERS.contains(&name))
}

/// `try .. except .. else`: a probe, whose failure is a case of its own.
fn has_else(code: Code<'_>, handler: NodeId) -> bool {
    let arena = code.arena;
    let whole = arena.parent(handler).unwrap_or(handler);
    arena
        .children(whole)
        .any(|child| arena.role(child) == Role::Else)
}

/// Optional imports, clean-up, probes of a name.
fn is_expected(code: Code<'_>, whole: NodeId, body: NodeId) -> bool {
    let arena = code.arena;
    // A placeholder: nothing is tried.
    if arena
        .children(body)
        .all(|id| matches!(arena.role(id), Role::Pass | Role::Ellipsis))
    {
        return true;
    }
    let imports = arena
        .subtree(body)
        .any(|id| matches!(arena.role(id), Role::Import | Role::ImportFrom));
    if imports || arena.children(body).all(|id| tidies(code, id)) {
        return true;
    }
    arena.ancestors(whole).any(|at| match arena.role(at) {
        Role::Finally | Role::Except => true,
        Role::Function => arena.field(at, Field::Name).is_some_and(|name| {
            let name = code.text_of(name);
            matches!(
                name,
                "__del__" | "__exit__" | "__aexit__" | "__repr__" | "__str__"
            ) || words(name).any(|word| TIDYING.contains(&word))
        }),
        _ => false,
    })
}

fn tidies(code: Code<'_>, statement: NodeId) -> bool {
    let arena = code.arena;
    match arena.role(statement) {
        Role::Pass | Role::Delete => true,
        Role::If | Role::With | Role::For => arena
            .subtree(statement)
            .filter(|&id| arena.role(id) == Role::Block)
            .all(|block| arena.children(block).all(|id| is_tidying_call(code, id))),
        _ => is_tidying_call(code, statement),
    }
}

fn is_tidying_call(code: Code<'_>, statement: NodeId) -> bool {
    let arena = code.arena;
    let call = match arena.role(statement) {
        Role::Await => arena.children(statement).next(),
        _ => Some(statement),
    };
    call.and_then(|call| callee_name(code, call))
        .is_some_and(|name| words(name).any(|word| TIDYING.contains(&word)))
}

fn callee_name<'a>(code: Code<'a>, call: NodeId) -> Option<&'a str> {
    let arena = code.arena;
    if arena.role(call) != Role::Call {
        return None;
    }
    let callee = arena.children(call).next()?;
    let name = match arena.role(callee) {
        Role::Attribute => arena.children(callee).last()?,
        Role::Identifier => callee,
        _ => return None,
    };
    Some(code.text_of(name))
}

/// Names of the functions called in a block, without those of inner functions.
fn calls<'a>(code: Code<'a>, body: NodeId) -> impl Iterator<Item = &'a str> {
    let owner = tree::body_owner(code.arena, body);
    code.arena
        .subtree(body)
        .filter(move |&id| tree::body_owner(code.arena, id) == owner)
        .filter_map(move |id| callee_name(code, id))
}

fn is_weighty(name: &str) -> bool {
    let bare = name.trim_start_matches('_');
    WEIGHTY.contains(&bare)
        || bare.split_once('_').is_some_and(|(verb, _)| {
            WEIGHTY.contains(&verb)
                && !matches!(
                    verb,
                    "update" | "create" | "write" | "check" | "store" | "send" | "execute"
                )
        })
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split('_').filter(|word| !word.is_empty())
}

/// Words of comments and documentation that speak of failures that are meant to be ignored.
const FORGIVING: &[&str] = &[
    "ignor",
    "best effort",
    "best-effort",
    "any error",
    "errors are",
    "may fail",
    "might fail",
    "can fail",
    "never raise",
    "swallow",
    "suppress",
    "optional",
    "harmless",
    "not critical",
];

fn is_forgiving(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    FORGIVING.iter().any(|word| words.contains(word))
}

/// The comment above the `try`, or the documentation of the function, says that failures do not
/// matter.
fn is_forgiven(code: Code<'_>, handler: NodeId) -> bool {
    let arena = code.arena;
    let above = arena.parent(handler).is_some_and(|whole| {
        let start = arena.node(whole).start;
        tree::comment_within(code, tree::lead_start(code, start), start, is_forgiving)
    });
    let documentation = tree::function(arena, handler)
        .and_then(|function| arena.field(function, Field::Body))
        .and_then(|body| arena.children(body).next())
        .filter(|&first| arena.role(first) == Role::String);
    above || documentation.is_some_and(|text| is_forgiving(code.text_of(text)))
}

/// A comment at the handler says why.
fn is_explained(code: Code<'_>, handler: NodeId) -> bool {
    let node = code.arena.node(handler);
    let line_end = code.text[node.end as usize..]
        .find('\n')
        .map_or(code.text.len() as u32, |at| node.end + at as u32);
    let above = tree::lead_start(code, node.start);
    tree::comment_within(code, above, line_end, |comment| {
        // Marks for other tools do not say why.
        let words = comment.trim_start_matches('#').trim();
        let is_mark = ["noqa", "nosec", "pylint:", "type:", "pragma:"]
            .iter()
            .any(|mark| words.starts_with(mark));
        !is_mark && words.len() > 3
    })
}
