//! Checks of credentials that are none, and passwords compared as they are.

use std::sync::OnceLock;

use caveat_parser::NodeId;
use caveat_parser::lang::Role;
use regex::Regex;

use super::super::{FileView, Hit};
use super::body::{Body, bodies, is_credential, speaks_of};
use crate::routes::words;

/// Functions whose job it is to check credentials, which only ask whether there are any.
pub(super) fn uncompared(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    for body in bodies(view) {
        if body.outer().is_some() || !checks_credentials(&body) {
            continue;
        }
        let Some(condition) = presence(&body) else {
            continue;
        };
        let honest = !compares(&body) && !body.all(Role::Call).any(|call| may_check(&body, call));
        if honest && succeeds(&body) && !is_configuration(&body) && !asks_before(&body) {
            hits.push(Hit::at_node(view, condition).word("NAME", body.name()));
        }
    }
}

/// Whether a function promises to check credentials, by its name.
fn checks_credentials(body: &Body<'_>) -> bool {
    let words = words::split(body.name());
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&&**word));
    let aside = has(&[
        "format",
        "strength",
        "policy",
        "expired",
        "expiry",
        "length",
        "exists",
        "configured",
        "has",
        "set",
        "save",
        "store",
        "delete",
        "revoke",
        "register",
        "signup",
        "reset",
        "change",
        "update",
        "hash",
        "generate",
        "page",
        "form",
        "extract",
        "parse",
        "header",
        "headers",
        "optional",
        "refresh",
        "logout",
        "install",
        "mock",
        "fake",
    ]);
    let sign_in =
        has(&["login", "signin", "authenticate", "logon"]) || has(&["log", "sign"]) && has(&["in"]);
    let checks = has(&[
        "verify", "check", "validate", "valid", "require", "required", "is",
    ]);
    let of = has(&[
        "token",
        "credentials",
        "credential",
        "auth",
        "jwt",
        "apikey",
    ]) || has(&["api"]) && has(&["key"])
        || has(&["password"]) && has(&["verify", "check"]);
    // Who fetches a token does not say that it is the right one.
    let fetches = matches!(
        body.name().trim_start_matches('_').split('_').next(),
        Some("get" | "fetch" | "load" | "read" | "find" | "issue" | "obtain" | "request")
    ) && !has(&["current", "user", "authenticated"]);
    !aside && !fetches && (sign_in || checks && of || words::promises(body.name()))
}

/// The first condition that asks for nothing but the presence or the shape of a credential.
fn presence(body: &Body<'_>) -> Option<NodeId> {
    let arena = body.arena();
    let mut conditions = body.conditions();
    for value in body.all(Role::Return) {
        if let Some(value) = arena.children(value).next()
            && matches!(
                arena.role(value),
                Role::BooleanOperator | Role::Comparison | Role::Call | Role::Binary
            )
            && (arena.role(value) != Role::Call || is_shape(body, value))
        {
            conditions.push(value);
        }
    }
    conditions.into_iter().find(|&condition| {
        let leaves = body.leaves(condition);
        leaves.iter().any(|&it| body.mentions(it, is_credential))
            && leaves.iter().all(|&it| is_presence(body, it))
    })
}

/// `token`, `token is None`, `len(token) > 10`, `token.startswith("x")`, `header.is_some()`.
fn is_presence(body: &Body<'_>, leaf: NodeId) -> bool {
    let arena = body.arena();
    match arena.role(leaf) {
        Role::Identifier => true,
        Role::Attribute => !body.text(leaf).starts_with("self."),
        Role::Comparison | Role::Binary => is_weak(body, leaf),
        Role::Call => is_shape(body, leaf),
        Role::Let => body.text(leaf).contains("Some("),
        _ => false,
    }
}

/// A call that asks for length, beginning or presence.
fn is_shape(body: &Body<'_>, call: NodeId) -> bool {
    matches!(
        body.callee(call),
        "startswith"
            | "starts_with"
            | "endswith"
            | "ends_with"
            | "is_empty"
            | "is_some"
            | "is_none"
            | "len"
            | "bool"
            | "isalnum"
            | "isinstance"
            | "strip"
            | "all"
            | "contains_key"
    ) || body.callee(call) == "get"
        && body
            .arguments(call)
            .first()
            .is_some_and(|&it| body.string(it).is_some())
}

/// A comparison that says nothing about whether a credential is the right one.
fn is_weak(body: &Body<'_>, comparison: NodeId) -> bool {
    let arena = body.arena();
    let Some((left, operator, right)) = body.operation(comparison) else {
        return false;
    };
    let trivial = |node: NodeId| {
        matches!(arena.role(node), Role::None | Role::Integer | Role::Boolean)
            || body.string(node).is_some_and(|text| {
                text.is_empty()
                    || matches!(
                        &*text.to_ascii_lowercase(),
                        "bearer" | "basic" | "token" | "post" | "get" | "null" | "undefined"
                    )
            })
    };
    match operator {
        "in" | "not in" => body.string(left).is_some() && !is_constant(body.text(right)),
        "is" | "is not" => true,
        "<" | ">" | "<=" | ">=" => true,
        _ => trivial(left) || trivial(right) || body.text(left).ends_with(".method"),
    }
}

/// `VALID_TOKENS`
fn is_constant(text: &str) -> bool {
    text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase)
}

/// Whether something is compared that may be the right credential.
fn compares(body: &Body<'_>) -> bool {
    let arena = body.arena();
    let strong = body
        .comparisons()
        .into_iter()
        .any(|(node, ..)| !is_weak(body, node));
    // `USERS[name]` fails for those who are not there.
    let looks_up = body.all(Role::Subscript).any(|it| {
        arena.children(it).nth(1).is_some_and(|index| {
            !matches!(
                arena.role(index),
                Role::String | Role::Integer | Role::Slice | Role::Unary
            )
        })
    });
    strong
        || looks_up
        || body
            .all(Role::Match)
            .next()
            .is_some_and(|_| body.is_python())
}

/// Whether a call may look at a credential: everything but what is known to look elsewhere.
fn may_check(body: &Body<'_>, call: NodeId) -> bool {
    const HARMLESS: &[&str] = &[
        "Depends",
        "abort",
        "all",
        "and_then",
        "any",
        "append",
        "as_deref",
        "as_ref",
        "as_str",
        "bool",
        "capitalize",
        "clone",
        "cloned",
        "create_access_token",
        "create_jwt",
        "create_refresh_token",
        "create_session",
        "create_token",
        "debug",
        "decode",
        "default",
        "dict",
        "encode",
        "endswith",
        "ends_with",
        "error",
        "exception",
        "expect",
        "extensions",
        "extensions_mut",
        "flash",
        "format",
        "from",
        "generate_token",
        "get_json",
        "getattr",
        "hasattr",
        "headers",
        "hex",
        "info",
        "insert",
        "int",
        "into",
        "into_response",
        "is_empty",
        "is_err",
        "is_none",
        "is_ok",
        "is_some",
        "isalnum",
        "isdigit",
        "isinstance",
        "isoformat",
        "items",
        "json",
        "jsonify",
        "len",
        "list",
        "login",
        "lower",
        "make_response",
        "make_token",
        "map",
        "map_err",
        "new",
        "next",
        "now",
        "ok",
        "ok_or",
        "ok_or_else",
        "partition",
        "print",
        "redirect",
        "removeprefix",
        "render",
        "render_template",
        "replace",
        "run",
        "set_cookie",
        "split",
        "split_once",
        "startswith",
        "starts_with",
        "status_code",
        "str",
        "strip",
        "strip_prefix",
        "call_next",
        "timedelta",
        "timestamp",
        "title",
        "to_owned",
        "to_str",
        "to_string",
        "token_hex",
        "token_urlsafe",
        "trim",
        "unwrap",
        "unwrap_or",
        "unwrap_or_default",
        "unwrap_or_else",
        "upper",
        "url_for",
        "utcnow",
        "uuid4",
        "v4",
        "warn",
        "warning",
        "wraps",
        "with_status",
        "update",
        "keys",
        "is_present",
        "then",
        "call",
        "boxed",
        "body",
        "finish",
        "req",
        "request",
        "match_info",
        "try_from",
        "trim_start_matches",
        "contains_key",
        "and",
        "filter",
    ];
    let name = body.callee(call);
    let whole = body.callee_text(call);
    if name == "get" {
        let by_word = body.arguments(call).first().is_some_and(|&it| {
            body.string(it).is_some() || is_constant(body.text(it)) || body.text(it).contains("::")
        });
        return !by_word;
    }
    if matches!(name, "decode" | "encode") {
        return speaks_of(whole, &["jwt", "jose"]) && name == "decode"
            || !body.is_python() && !whole.contains('.');
    }
    if name == "filter" {
        return body.is_python();
    }
    let constructs = name.starts_with(char::is_uppercase);
    !(constructs || HARMLESS.contains(&name) || body.is_parameter(name) || is_nested(body, name))
}

/// Whether a function of that name is defined within.
fn is_nested(body: &Body<'_>, name: &str) -> bool {
    let arena = body.arena();
    body.all(Role::Function).any(|it| {
        arena
            .field(it, caveat_parser::lang::Field::Name)
            .is_some_and(|it| body.text(it) == name)
    })
}

/// Whether there is a way through it that lets somebody in.
fn succeeds(body: &Body<'_>) -> bool {
    let arena = body.arena();
    if !body.is_python() {
        return body.has(
            body.block,
            &["ok(", "true", "next.run", ".call(req", "some("],
        );
    }
    let returns = body.all(Role::Return).any(|it| {
        arena.children(it).next().is_some_and(|value| {
            let text = body.text(value);
            !matches!(
                text,
                "False" | "None" | "decorator" | "decorated" | "wrapper"
            ) && !speaks_of(
                text,
                &[
                    "401", "403", "400", "error", "invalid", "unauthor", "missing", "required",
                    "false,",
                ],
            ) && !text.contains("render")
                && arena.role(value) != Role::Identifier
                || matches!(arena.role(value), Role::Identifier)
                    && (is_credential(text) || matches!(text, "user" | "payload" | "username"))
        })
    });
    let sessions = body.all(Role::Assignment).any(|it| {
        let left = arena.children(it).next();
        left.is_some_and(|left| {
            let text = body.text(left);
            arena.role(left) == Role::Subscript && text.contains("session")
        })
    });
    returns || sessions
}

/// A look at the program's own configuration, or at a client's own key.
fn is_configuration(body: &Body<'_>) -> bool {
    body.speaks_of(&[
        "environ",
        "getenv",
        "env::var",
        "settings.",
        "config.",
        "config[",
        "notimplemented",
        "abstractmethod",
        "dotenv",
    ])
}

/// Whether a parameter depends on a function that may check.
fn asks_before(body: &Body<'_>) -> bool {
    let arena = body.arena();
    let list = arena.field(body.node, caveat_parser::lang::Field::Parameters);
    let Some(list) = list else { return false };
    arena
        .subtree(list)
        .filter(|&it| arena.role(it) == Role::Call)
        .any(|call| {
            let inner = body.arguments(call).first().map_or("", |&it| body.text(it));
            matches!(body.callee(call), "Depends" | "Security")
                && !speaks_of(
                    inner,
                    &[
                        "scheme", "bearer", "header", "form", "get_db", "session", "http",
                    ],
                )
                && !inner.is_empty()
        })
        || body
            .decorators()
            .iter()
            .any(|it| !it.contains(".route") && speaks_of(it, &["required", "auth."]))
}

/// Comparisons of a stored password with one that was sent, both as they are.
pub(super) fn plaintext(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    for body in bodies(view) {
        if body.outer().is_some() || keeps_in_step(&body) {
            continue;
        }
        for (node, left, operator, right) in body.comparisons() {
            let either = |stored: NodeId, given: NodeId| {
                is_stored(&body, stored)
                    && is_given(&body, given)
                    && !same_root(&body, stored, given)
            };
            if matches!(operator, "==" | "!=") && (either(left, right) || either(right, left)) {
                let stored = if either(left, right) { left } else { right };
                hits.push(Hit::at_node(view, node).word("STORED", body.text(stored)));
            }
        }
        queries(view, &body, hits);
    }
}

/// A function that sets passwords, and asks whether there is something to do.
fn keeps_in_step(body: &Body<'_>) -> bool {
    words::split(body.name()).iter().any(|word| {
        matches!(
            &**word,
            "set"
                | "change"
                | "changes"
                | "changed"
                | "update"
                | "present"
                | "sync"
                | "setup"
                | "ensure"
                | "configure"
                | "eq"
                | "diff"
        )
    })
}

fn same_root(body: &Body<'_>, stored: NodeId, given: NodeId) -> bool {
    let root = body.root(stored);
    !root.is_empty() && root == body.root(given) && root != "self"
}

fn is_password(name: &str) -> bool {
    matches!(
        &*name.to_ascii_lowercase(),
        "password"
            | "passwd"
            | "pwd"
            | "pass"
            | "user_password"
            | "passcode"
            | "passphrase"
            | "plain_password"
    )
}

/// A password of a record: `user.password`, `row["password"]`, `users[name]`.
fn is_stored(body: &Body<'_>, node: NodeId) -> bool {
    const REQUESTS: &[&str] = &[
        "request",
        "req",
        "form",
        "data",
        "payload",
        "body",
        "params",
        "args",
        "credentials",
        "creds",
        "json",
        "values",
        "input",
        "login",
        "settings",
        "config",
        "cfg",
        "conf",
        "env",
        "os",
        "app",
        "current_app",
        "options",
        "opts",
        "state",
        "query",
        "login_data",
        "login_request",
        "form_data",
        "login_form",
        "info",
        "auth",
        "cleaned_data",
        "user_login",
        "user_in",
        "credential",
        "attrs",
        "validated_data",
        "event",
        "msg",
        "message",
        "other",
        "session",
        "authorization",
    ];
    let arena = body.arena();
    let root = body.root(node);
    let named = body.key(node);
    let is_self = body.text(node).matches('.').count() == 1
        && root == "self"
        && words::split(body.name()).iter().any(|word| {
            matches!(
                &**word,
                "check" | "verify" | "authenticate" | "valid" | "validate" | "login"
            )
        });
    if arena.role(node) == Role::Identifier {
        let words = words::split(body.text(node));
        return words
            .iter()
            .any(|word| matches!(&**word, "stored" | "saved" | "db"))
            && words.iter().any(|word| is_password(word))
            && !words.iter().any(|word| word == "hash");
    }
    if let Some(name) = named {
        let sent = REQUESTS.contains(&root) || root.to_ascii_lowercase().ends_with("form");
        return is_password(name)
            && (root != "self" || is_self)
            && !sent
            && !root.chars().all(|c| c.is_uppercase() || c == '_')
            && !body.has(
                node,
                &["config", "settings", "environ", "request", ".form", "args."],
            );
    }
    // `users[name]`, `USERS.get(name)`
    let by_name = match arena.role(node) {
        Role::Subscript => arena
            .children(node)
            .nth(1)
            .is_some_and(|it| arena.role(it) == Role::Identifier),
        Role::Call => {
            body.callee(node) == "get"
                && body
                    .arguments(node)
                    .first()
                    .is_some_and(|&it| arena.role(it) == Role::Identifier)
        }
        _ => false,
    };
    let root = root.to_ascii_lowercase();
    by_name
        && words::split(&root).iter().any(|word| {
            matches!(
                &**word,
                "users" | "accounts" | "passwords" | "credentials" | "logins" | "user"
            )
        })
}

/// A password that somebody sent.
fn is_given(body: &Body<'_>, node: NodeId) -> bool {
    let arena = body.arena();
    if body.string(node).is_some() || arena.role(node) == Role::None {
        return false;
    }
    let Some(name) = body.key(node) else {
        return false;
    };
    let words = words::split(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&&**word));
    let last_digit = name.ends_with(|c: char| c.is_ascii_digit());
    let is_password = has(&["password", "passwd", "pwd", "pass", "passcode"]);
    let aside = has(&[
        "confirm",
        "confirmation",
        "confirmed",
        "repeat",
        "repeated",
        "again",
        "retype",
        "new",
        "hash",
        "hashed",
        "digest",
        "default",
        "expected",
        "encrypted",
    ]);
    is_password && !aside && !last_digit && !is_constant(body.text(node)) && !is_hashed(body, node)
}

/// Whether a variable was made by hashing.
fn is_hashed(body: &Body<'_>, node: NodeId) -> bool {
    let arena = body.arena();
    if arena.role(node) != Role::Identifier {
        return false;
    }
    let name = body.text(node);
    let assigned = body
        .all(Role::Assignment)
        .chain(body.all(Role::Let))
        .filter(|&it| {
            let mut parts = arena.children(it);
            parts.any(|part| body.text(part) == name)
        });
    assigned
        .into_iter()
        .any(|it| speaks_of(body.text(it), HASHES))
}

const HASHES: &[&str] = &[
    "hash",
    "sha1",
    "sha2",
    "sha5",
    "md5",
    "crypt",
    "digest",
    "pbkdf",
    "argon",
    "encrypt",
    "encode_password",
    "kdf",
];

/// Queries that look for a record with the password as it was sent.
fn queries(view: &FileView<'_>, body: &Body<'_>, hits: &mut Vec<Hit>) {
    static WHERE: OnceLock<Regex> = OnceLock::new();
    let asks = WHERE.get_or_init(|| {
        let text = r#"(?is)\bselect\b.*\bwhere\b.*\b(password|passwd|pwd|pass)\s*=\s*('?\{|\?|%s|%\(|:\w|\$\d|@\w|'?"?\s*\+|'%s)"#;
        Regex::new(text).expect("a constant expression")
    });
    let arena = body.arena();
    if body.speaks_of(HASHES) {
        return;
    }
    for node in arena.subtree(body.block) {
        let found = match arena.role(node) {
            Role::ConcatenatedString => asks.is_match(body.text(node)),
            Role::String => {
                arena
                    .parent(node)
                    .is_none_or(|it| arena.role(it) != Role::ConcatenatedString)
                    && asks.is_match(body.text(node))
            }
            Role::Binary => {
                arena
                    .parent(node)
                    .is_none_or(|it| arena.role(it) != Role::Binary)
                    && body.text(node).contains('+')
                    && asks.is_match(body.text(node))
                    && !arena
                        .subtree(node)
                        .any(|it| arena.role(it) == Role::String && asks.is_match(body.text(it)))
            }
            Role::Call => filters(body, node),
            _ => false,
        };
        if found {
            hits.push(Hit::at_node(view, node).word("STORED", "password"));
        }
    }
}

/// `filter_by(name=name, password=password)`, `find_one({"password": password})`.
fn filters(body: &Body<'_>, call: NodeId) -> bool {
    let name = body.callee(call);
    let whole = body.callee_text(call);
    if !body.is_python() {
        return false;
    }
    let given = |value: NodeId| is_given(body, value);
    match name {
        "filter_by" | "get_or_none" => body
            .keywords(call)
            .into_iter()
            .any(|it| is_password(it.0) && given(it.1)),
        "filter" | "get" | "exists" | "first" => {
            whole.contains("objects")
                && body
                    .keywords(call)
                    .into_iter()
                    .any(|it| is_password(it.0) && given(it.1))
        }
        "find_one" | "find" => {
            let arena = body.arena();
            let arguments = body.arguments(call);
            let pairs = arguments
                .first()
                .into_iter()
                .flat_map(|&it| arena.children(it).collect::<Vec<_>>());
            pairs
                .into_iter()
                .filter(|&it| arena.role(it) == Role::Pair)
                .any(|pair| {
                    let parts: Vec<_> = arena.children(pair).collect();
                    parts.len() == 2
                        && body.string(parts[0]).is_some_and(is_password)
                        && given(parts[1])
                })
        }
        _ => false,
    }
}
