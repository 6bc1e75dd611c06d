//! Checks that let everybody pass: where no key is configured, where something fails, where the
//! program runs in a mode for development, where a path merely looks like a public one.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};

use super::super::{FileView, Hit, tree};
use super::body::{Body, bodies, is_credential, speaks_of};
use crate::routes::words;
use crate::rule::Confidence;

/// Branches of guards on which everybody passes.
pub(super) fn branches(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    for body in bodies(view) {
        if body.outer().is_some() && !body.is_route() && !words::promises(body.name()) {
            // A wrapper belongs to the guard around it.
            continue;
        }
        if !is_guard(&body) {
            continue;
        }
        match body.is_python() {
            true => python(view, &body, hits),
            false => rust(view, &body, hits),
        }
    }
    let place = |hit: &Hit| (hit.span.start, hit.span.end);
    hits.sort_by_key(place);
    hits.dedup_by_key(|hit| place(hit));
}

/// A function that turns people away: a decorator, a dependency, a hook, a predicate.
fn is_guard(body: &Body<'_>) -> bool {
    let words = words::split(body.name());
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&&**word));
    let hook = has(&[
        "middleware",
        "dispatch",
        "before",
        "guard",
        "auth",
        "require",
        "requires",
        "required",
        "protected",
        "protect",
    ]) || has(&[
        "verify", "check", "validate", "ensure", "enforce", "is", "has",
    ]) && has(&[
        "auth",
        "key",
        "token",
        "login",
        "admin",
        "access",
        "permission",
        "permissions",
        "authenticated",
        "authorized",
        "signature",
        "role",
        "webhook",
        "credentials",
        "request",
    ]) || body
        .decorators()
        .iter()
        .any(|it| it.contains("before_request") || it.contains("middleware("))
        || matches!(
            body.name(),
            "authenticate" | "authorize" | "authorized" | "has_permission" | "__call__"
        );
    let aside = has(&[
        "config", "client", "expired", "format", "install", "create", "get", "load", "parse",
        "login", "logout",
    ]);
    (hook || words::promises(body.name())) && !aside && says_no(body)
}

/// Whether the function can turn anybody away at all.
fn says_no(body: &Body<'_>) -> bool {
    let text = body.prose(body.block);
    let text = &*text;
    speaks_of(
        text,
        &[
            "401",
            "403",
            "unauthor",
            "forbidden",
            "denied",
            "abort(",
            "permissionerror",
            "login",
        ],
    ) || body.all(Role::Return).any(|it| {
        let value = body.arena().children(it).next();
        value.is_some_and(|it| {
            matches!(body.text(it), "False" | "false") || body.arena().role(it) == Role::Comparison
        })
    }) || !body.is_python() && speaks_of(text, &["err(", "false", "unwrap_or(true"])
}

fn python(view: &FileView<'_>, body: &Body<'_>, hits: &mut Vec<Hit>) {
    let arena = body.arena();
    for node in arena.subtree(body.block) {
        match arena.role(node) {
            Role::If => {
                let Some(condition) = arena.field(node, Field::Condition) else {
                    continue;
                };
                let Some(reason) = reason(body, condition) else {
                    continue;
                };
                let branch = arena.field(node, Field::Consequence).or_else(|| {
                    arena
                        .children(node)
                        .find(|&it| arena.role(it) == Role::Block)
                });
                if branch.is_some_and(|branch| allows(body, branch)) {
                    hits.push(hit(view, body, node, condition, reason));
                }
            }
            Role::Except => {
                let Some(block) = arena
                    .children(node)
                    .find(|&it| arena.role(it) == Role::Block)
                else {
                    continue;
                };
                if admits(body, block) && around_check(body, node) {
                    let start = arena.node(node).start;
                    let length = body.text(node).find(':').map_or(6, |at| at + 1) as u32;
                    hits.push(Hit {
                        message: Some(format!(
                            "where the check fails with an error, `{}` lets the request pass",
                            body.name()
                        )),
                        ..Hit::at(caveat_parser::Span::new(start, start + length))
                    });
                }
            }
            _ => {}
        }
    }
}

fn hit(
    view: &FileView<'_>,
    body: &Body<'_>,
    node: NodeId,
    condition: NodeId,
    reason: &'static str,
) -> Hit {
    let told = body.has(node, &["warn", "logger.", "log.", "logging.", "eprintln"]);
    Hit {
        confidence: told.then_some(Confidence::Low),
        ..Hit::at_node(view, condition)
            .word("NAME", body.name())
            .word("REASON", reason)
    }
}

/// Why a condition holds for nobody in particular: no key is configured, a switch is on.
fn reason(body: &Body<'_>, condition: NodeId) -> Option<&'static str> {
    let arena = body.arena();
    if matches!(arena.role(condition), Role::BooleanOperator) {
        let leaves: Vec<NodeId> = arena
            .children(condition)
            .filter(|&it| arena.role(it) != Role::Token)
            .collect();
        let joint = arena
            .children(condition)
            .find(|&it| arena.role(it) == Role::Token)
            .map_or("", |it| body.text(it));
        let mut reasons = leaves.iter().map(|&it| reason(body, it));
        return match joint {
            "or" => reasons.flatten().next(),
            _ => {
                let all: Option<Vec<_>> = reasons.by_ref().collect();
                all?.into_iter().next()
            }
        };
    }
    let inner = match arena.role(condition) {
        Role::Not => arena
            .children(condition)
            .find(|&it| arena.role(it) != Role::Token),
        Role::Comparison => {
            let (left, operator, right) = body.operation(condition)?;
            let nothing = arena.role(right) == Role::None || body.string(right) == Some("");
            (matches!(operator, "is" | "==") && nothing).then_some(left)
        }
        _ => None,
    };
    if let Some(inner) = inner {
        return is_configured_key(body, inner).then_some("no key is configured");
    }
    is_switch(body, condition).then_some("the program runs in a mode for development")
}

/// `API_KEY`, `settings.api_key`, `os.environ.get("API_KEY")`, a name for one of them.
fn is_configured_key(body: &Body<'_>, node: NodeId) -> bool {
    let arena = body.arena();
    let is_key = |name: &str| {
        let words = words::split(name);
        is_credential(name)
            || words
                .iter()
                .any(|it| matches!(&**it, "secret" | "keys" | "tokens" | "key"))
    };
    let text = body.text(node);
    match arena.role(node) {
        Role::Identifier => {
            let is_constant = text
                .chars()
                .all(|c| c.is_uppercase() || c == '_' || c.is_numeric())
                && is_key(text);
            is_constant
                || local_value(body, text).is_some_and(|value| is_configured_key(body, value))
        }
        Role::Attribute => {
            let last = text.rsplit('.').next().unwrap_or("");
            let first = body.root(node);
            let holder = matches!(
                first,
                "settings"
                    | "config"
                    | "cfg"
                    | "conf"
                    | "app"
                    | "current_app"
                    | "app_settings"
                    | "env"
            );
            is_key(last)
                && (holder
                    || matches!(text.strip_prefix("self."), Some(rest) if !rest.contains("request") && is_expected(rest)))
        }
        Role::Call | Role::Subscript => {
            let key = match arena.role(node) {
                Role::Call => body.arguments(node).first().and_then(|&it| body.string(it)),
                _ => arena.children(node).nth(1).and_then(|it| body.string(it)),
            };
            let of_configuration = speaks_of(text, &["environ", "getenv", "config", "settings"])
                && !speaks_of(text, &["request", "header"]);
            let getter = Role::Call == arena.role(node)
                && key.is_none()
                && speaks_of(text, &["get_settings().", "get_api_key()", "configured_"]);
            of_configuration && key.is_some_and(is_key) || getter
        }
        _ => false,
    }
}

/// An attribute that holds what is expected, not what was sent.
fn is_expected(name: &str) -> bool {
    !speaks_of(name, &["received", "given", "provided", "header"])
}

/// What a local name was assigned, if that was once.
fn local_value(body: &Body<'_>, name: &str) -> Option<NodeId> {
    let arena = body.arena();
    let mut values = body.all(Role::Assignment).filter_map(|it| {
        let mut parts = arena.children(it);
        let target = parts.next()?;
        (body.text(target) == name).then(|| parts.last())?
    });
    let first = values.next()?;
    (values.next().is_none() && arena.role(first) != Role::Identifier).then_some(first)
}

/// `settings.DEBUG`, `os.environ.get("SKIP_AUTH")`, `DEV_MODE`.
fn is_switch(body: &Body<'_>, node: NodeId) -> bool {
    let text = body.text(node);
    let shaped = matches!(
        body.arena().role(node),
        Role::Identifier | Role::Attribute | Role::Call | Role::Comparison | Role::Subscript
    );
    let lower = text.to_ascii_lowercase();
    let debug = [
        "debug",
        "dev_mode",
        "is_dev",
        "skip_auth",
        "bypass_auth",
        "development",
        "auth_bypass",
        "no_auth",
    ];
    shaped
        && text.len() < 80
        && debug.iter().any(|word| lower.contains(word))
        && !lower.contains("request")
        && !lower.contains("!=")
        && !lower.contains("logger")
}

/// Whether a branch lets the request pass.
fn allows(body: &Body<'_>, branch: NodeId) -> bool {
    let arena = body.arena();
    let leaves = arena.children(branch).last();
    let Some(last) = leaves else { return false };
    let turned_away = arena
        .subtree(branch)
        .any(|it| arena.role(it) == Role::Raise)
        || body.has(
            branch,
            &[
                "401",
                "403",
                "500",
                "503",
                "abort(",
                "jsonify(",
                "redirect(",
                "response(",
            ],
        );
    if turned_away || arena.role(last) != Role::Return {
        return false;
    }
    match arena.children(last).next() {
        // A predicate says no like this.
        None => !is_predicate(body),
        Some(value) => {
            is_pass(body, value)
                || (arena.role(value) == Role::None && !is_predicate(body) && is_hook(body))
        }
    }
}

fn is_hook(body: &Body<'_>) -> bool {
    let text = body.prose(body.block);
    let text = &*text;
    speaks_of(text, &["abort(", "raise ", "jsonify(", "redirect("])
}

/// A function that answers with true or false.
fn is_predicate(body: &Body<'_>) -> bool {
    let arena = body.arena();
    body.all(Role::Return).any(|it| {
        arena
            .children(it)
            .next()
            .is_some_and(|value| matches!(arena.role(value), Role::Boolean | Role::Comparison))
    })
}

/// `True`, a call of what is wrapped or comes next.
fn is_pass(body: &Body<'_>, value: NodeId) -> bool {
    let arena = body.arena();
    let value = match arena.role(value) {
        Role::Await => arena
            .children(value)
            .find(|&it| arena.role(it) != Role::Token)
            .unwrap_or(value),
        _ => value,
    };
    match arena.role(value) {
        Role::Boolean => body.text(value) == "True",
        Role::Call => {
            let name = body.callee(value);
            matches!(
                name,
                "call_next"
                    | "handler"
                    | "get_response"
                    | "f"
                    | "fn"
                    | "func"
                    | "view_func"
                    | "view"
            ) || wraps(body, name)
        }
        Role::Dict => speaks_of(body.text(value), &["admin", "user", "sub"]),
        _ => false,
    }
}

/// Whether a name is a parameter of the guard or of a function in it: what it wraps.
fn wraps(body: &Body<'_>, name: &str) -> bool {
    let inner = body.all(Role::Function).map(|node| Body { node, ..*body });
    std::iter::once(*body).chain(inner).any(|it| {
        it.parameters()
            .into_iter()
            .filter_map(|at| it.parameter_name(at))
            .any(|at| it.text(at) == name)
    })
}

/// Whether a handler of errors lets the request pass.
fn admits(body: &Body<'_>, block: NodeId) -> bool {
    let arena = body.arena();
    let Some(last) = arena.children(block).last() else {
        return false;
    };
    match arena.role(last) {
        Role::Return => arena
            .children(last)
            .next()
            .is_some_and(|value| is_pass(body, value)),
        _ => false,
    }
}

/// Whether a `try` is around a check of a token, key or signature.
fn around_check(body: &Body<'_>, handler: NodeId) -> bool {
    let arena = body.arena();
    let whole = arena.parent(handler);
    let tried = whole.and_then(|whole| {
        arena
            .children(whole)
            .find(|&it| arena.role(it) == Role::Block)
    });
    tried.is_some_and(|tried| {
        arena.subtree(tried).any(|it| {
            arena.role(it) == Role::Call
                && (words::is_check(body.callee(it))
                    || matches!(body.callee(it), "decode" | "loads" | "compare_digest"))
        })
    })
}

fn rust(view: &FileView<'_>, body: &Body<'_>, hits: &mut Vec<Hit>) {
    let arena = body.arena();
    for node in arena.subtree(body.block) {
        match arena.role(node) {
            Role::If => {
                let Some(condition) = arena.field(node, Field::Condition) else {
                    continue;
                };
                let branch = arena.field(node, Field::Consequence);
                if is_empty_key(body, condition) && branch.is_some_and(|it| rust_passes(body, it)) {
                    hits.push(hit(view, body, node, condition, "no key is configured"));
                } else if is_switch(body, condition)
                    && branch.is_some_and(|it| rust_passes(body, it))
                {
                    hits.push(hit(
                        view,
                        body,
                        node,
                        condition,
                        "the program runs in a mode for development",
                    ));
                }
            }
            Role::Let => {
                let (Some(value), Some(otherwise)) = (
                    arena.field(node, Field::Value),
                    arena.field(node, Field::Alternative),
                ) else {
                    continue;
                };
                if is_rust_key(body, value) && rust_passes(body, otherwise) {
                    hits.push(hit(view, body, node, value, "no key is configured"));
                }
            }
            Role::Case => {
                let pattern = arena.children(node).next().map_or("", |it| body.text(it));
                let Some(value) = arena.field(node, Field::Value) else {
                    continue;
                };
                let Some(subject) = arena
                    .ancestors(node)
                    .find(|&it| arena.role(it) == Role::Match)
                    .and_then(|it| arena.field(it, Field::Value))
                else {
                    continue;
                };
                let passes = rust_passes(body, value);
                if pattern == "None" && is_rust_key(body, subject) && passes {
                    hits.push(hit(view, body, node, value, "no key is configured"));
                } else if pattern.starts_with("Err(") && passes && checks(body, subject) {
                    hits.push(Hit {
                        message: Some(format!(
                            "where the check fails, `{}` lets the request pass",
                            body.name()
                        )),
                        ..Hit::at_node(view, value)
                    });
                }
            }
            Role::Call if body.callee(node) == "unwrap_or" => {
                let lets = body
                    .arguments(node)
                    .first()
                    .is_some_and(|&it| body.text(it) == "true");
                if lets && body.receiver(node).is_some_and(|it| checks(body, it)) {
                    hits.push(Hit {
                        message: Some(format!(
                            "where the check fails, `{}` lets the request pass",
                            body.name()
                        )),
                        ..Hit::at_node(view, node)
                    });
                }
            }
            _ => {}
        }
    }
}

fn checks(body: &Body<'_>, node: NodeId) -> bool {
    let arena = body.arena();
    arena.subtree(node).any(|it| {
        arena.role(it) == Role::Call
            && (words::is_check(body.callee(it)) || body.callee_text(it).contains("decode"))
    })
}

/// `api_key.is_empty()`, `config.api_key.is_none()`.
fn is_empty_key(body: &Body<'_>, condition: NodeId) -> bool {
    let arena = body.arena();
    arena.role(condition) == Role::Call
        && matches!(body.callee(condition), "is_empty" | "is_none")
        && body
            .receiver(condition)
            .is_some_and(|it| is_rust_key(body, it))
}

/// A key that the program is configured with: of its state or configuration.
fn is_rust_key(body: &Body<'_>, node: NodeId) -> bool {
    let text = body.text(node);
    let root = body.root(node);
    let mut parts = text.split(['.', '(', ')', '&', ' ', '"', ':', '*']);
    let named = parts.any(|it| {
        let words = words::split(it);
        let secret = |word: &String| matches!(&**word, "secret" | "keys" | "tokens");
        is_credential(it) || words.iter().any(secret)
    });
    let held = matches!(
        root,
        "state"
            | "config"
            | "cfg"
            | "settings"
            | "self"
            | "app"
            | "ctx"
            | "app_state"
            | "opts"
            | "auth"
            | "auth_config"
    ) || text.contains("env::var")
        || matches!(
            root,
            "expected" | "expected_key" | "expected_token" | "configured" | "configured_key"
        )
        || root.chars().all(|c| c.is_uppercase() || c == '_') && !root.is_empty();
    named
        && held
        && !speaks_of(
            text,
            &["header", "req.", "request", "query", "cookie", "bearer"],
        )
}

/// Whether a branch goes on with the request.
fn rust_passes(body: &Body<'_>, branch: NodeId) -> bool {
    let text = body.prose(branch);
    let text = &*text;
    let says_no = speaks_of(
        text,
        &[
            "err(",
            "unauthor",
            "forbidden",
            "false",
            "panic!",
            "bail!",
            "500",
            "internal_server",
        ],
    );
    let goes_on = [
        "next.run(",
        "ok(",
        "true",
        ".call(req",
        "return;",
        "outcome::success",
    ]
    .iter()
    .any(|word| text.contains(word));
    goes_on && !says_no && text.len() < 400
}

/// Exemptions from a guard that hold for more than they name.
pub(super) fn exemptions(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    for body in bodies(view) {
        if body.outer().is_some() || !is_hook_of_paths(&body) {
            continue;
        }
        let substring = body
            .comparisons()
            .into_iter()
            .find(|&(node, left, operator, right)| {
                matches!(operator, "in" | "not in")
                    && is_path(&body, right)
                    && (body.string(left).is_some() || is_loop_variable(&body, left))
                    && is_exemption(&body, node)
            });
        if let Some((node, ..)) = substring {
            hits.push(Hit::at_node(view, node).word("WHAT", body.text(node)));
            continue;
        }
        let called = body.all(Role::Call).find(|&call| {
            let name = body.callee(call);
            let open =
                matches!(name, "endswith" | "ends_with") || name == "contains" && !body.is_python();
            open && body.receiver(call).is_some_and(|it| is_path(&body, it))
                && is_exemption(&body, call)
        });
        if let Some(call) = called {
            hits.push(Hit::at_node(view, call).word("WHAT", body.text(call)));
        }
    }
}

/// A guard in front of many routes: it looks at the path and turns people away.
fn is_hook_of_paths(body: &Body<'_>) -> bool {
    let words = words::split(body.name());
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&&**word));
    let hooked = body.decorators().iter().any(|it| {
        it.contains("before_request")
            || it.contains("before_app_request")
            || it.contains("middleware")
    }) || has(&[
        "middleware",
        "dispatch",
        "auth",
        "authenticate",
        "authentication",
        "login",
        "before",
        "guard",
        "require",
        "check",
        "verify",
        "protect",
        "call",
    ]) || body.name() == "__call__";
    let text = body.prose(body.block);
    let text = &*text;
    hooked
        && speaks_of(
            text,
            &["401", "403", "unauthor", "forbidden", "abort(", "login"],
        )
        && speaks_of(
            text,
            &[
                "token",
                "session",
                "user",
                "authorization",
                "api_key",
                "api-key",
                "auth",
                "cookie",
            ],
        )
}

/// The path or endpoint of the request.
fn is_path(body: &Body<'_>, node: NodeId) -> bool {
    let text = body.text(node);
    let named = |text: &str| {
        [
            ".path",
            ".endpoint",
            ".url",
            ".full_path",
            ".path_info",
            ".base_url",
            ".uri().path()",
            ".path()",
            "str(request.url)",
            ".rel_url",
            ".uri().to_string()",
        ]
        .iter()
        .any(|end| text.ends_with(end))
    };
    if named(text) {
        return !text.starts_with("os.");
    }
    if body.arena().role(node) != Role::Identifier
        || !matches!(text, "path" | "endpoint" | "url" | "uri" | "request_path")
    {
        return false;
    }
    let arena = body.arena();
    let mut given = body.all(Role::Assignment).chain(body.all(Role::Let));
    given.any(|it| {
        let mut parts = arena.children(it);
        parts.next().is_some_and(|it| body.text(it) == text)
            && parts.last().is_some_and(|it| {
                let value = body
                    .text(it)
                    .trim_end_matches(".to_string()")
                    .trim_end_matches(".lower()")
                    .trim_end_matches(".to_owned()");
                named(value)
            })
    })
}

/// A name that a loop or comprehension binds.
fn is_loop_variable(body: &Body<'_>, node: NodeId) -> bool {
    let arena = body.arena();
    let name = body.text(node);
    arena.role(node) == Role::Identifier
        && arena.ancestors(node).any(|it| match arena.role(it) {
            Role::Comprehension => arena.subtree(it).any(|part| {
                arena.role(part) == Role::ForIn
                    && arena
                        .children(part)
                        .next()
                        .is_some_and(|it| body.text(it) == name)
            }),
            Role::For => arena
                .children(it)
                .next()
                .is_some_and(|it| body.text(it) == name),
            _ => false,
        })
}

/// Whether a test is one for leaving the check out: what follows passes, or is done otherwise only.
fn is_exemption(body: &Body<'_>, test: NodeId) -> bool {
    let arena = body.arena();
    let Some(branch) = arena.ancestors(test).find(|&it| arena.role(it) == Role::If) else {
        return false;
    };
    let Some(condition) = arena.field(branch, Field::Condition) else {
        return false;
    };
    if !arena.is_within(test, condition) || tree::function(arena, branch).is_none() {
        return false;
    }
    let block = arena.field(branch, Field::Consequence).or_else(|| {
        arena
            .children(branch)
            .find(|&it| arena.role(it) == Role::Block)
    });
    let Some(block) = block else { return false };
    let text = body.prose(block);
    let text = &*text;
    let turns_away = speaks_of(
        text,
        &[
            "401",
            "403",
            "unauthor",
            "forbidden",
            "abort(",
            "redirect(",
            "raise ",
        ],
    );
    let mut around = arena.ancestors(test).take_while(|&it| it != branch);
    let negated = around.any(|it| match arena.role(it) {
        Role::Not => true,
        Role::Unary => body.text(it).starts_with('!'),
        _ => false,
    }) || body.operation(test).is_some_and(|it| it.1 == "not in");
    if negated {
        return speaks_of(
            text,
            &["401", "403", "unauthor", "forbidden", "login", "sign"],
        );
    }
    let passes = speaks_of(text, &["return", "next.run", ".call(", "call_next", "pass"]);
    passes && !turns_away && text.len() < 300
}
