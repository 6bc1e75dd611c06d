//! Sessions and roles that nobody had to earn: sign-in without a check, roles that the client
//! names, guards that never look at the role they are given.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};

use super::super::{FileView, Hit, tree};
use super::body::{Body, bodies, is_credential, speaks_of};
use crate::routes::words;
use crate::rule::Confidence;

/// Keys under which a session says who somebody is.
const SIGNED_IN: &[&str] = &[
    "authenticated",
    "is_authenticated",
    "logged_in",
    "loggedin",
    "is_logged_in",
    "is_admin",
    "admin",
    "role",
    "user_role",
    "user",
    "user_id",
    "userid",
    "username",
    "uid",
    "account_id",
];

/// Words of functions that look at something before they sign somebody in.
const EARNED: &[&str] = &[
    "passw",
    "pwd",
    "token",
    "oauth",
    "code",
    "verify",
    "check",
    "validate",
    "authenticat",
    "otp",
    "signature",
    "credential",
    "hash",
    "sso",
    "saml",
    "ldap",
    "openid",
    "userinfo",
    "secret",
    "authorize",
    "login_manager",
    "current_user",
    "guest",
    "anonymous",
    "impersonat",
    "register",
    "signup",
    "sign_up",
    "api_key",
    "apikey",
    "passkey",
    "is_valid",
    "create_user",
];

/// Routes that sign everybody in.
pub(super) fn session(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    for body in bodies(view) {
        let arena = body.arena();
        if !body.is_python() {
            rust_session(view, &body, hits);
            continue;
        }
        for call in body.all(Role::Call) {
            if signs_first_user_in(&body, call) && tree::function(arena, call) == Some(body.node) {
                hits.push(Hit::at_node(view, call).word("WHAT", body.text(call)));
            }
        }
        let guarded = body.decorators().iter().any(|it| {
            !it.contains("route") && words::may_guard(it.split('(').next().unwrap_or(""))
        });
        let earned = || {
            let mut text = body.prose(body.block);
            for key in SIGNED_IN {
                text = text
                    .replace(&format!("\"{key}\""), "")
                    .replace(&format!("'{key}'"), "");
            }
            speaks_of(&text, EARNED) || speaks_of(body.name(), EARNED)
        };
        if !body.is_route() || guarded {
            continue;
        }
        let first = body.all(Role::Assignment).find(|&it| {
            let mut parts = arena.children(it);
            match (parts.next(), parts.next()) {
                (Some(target), Some(value)) => grants(&body, target, value),
                _ => false,
            }
        });
        if let Some(first) = first
            && !earned()
        {
            hits.push(Hit::at_node(view, first).word("WHAT", body.text(first)));
        }
    }
}

/// `session["role"] = "admin"`, `session["user_id"] = request.args["id"]`.
fn grants(body: &Body<'_>, target: NodeId, value: NodeId) -> bool {
    let arena = body.arena();
    if arena.role(target) != Role::Subscript {
        return false;
    }
    let mut parts = arena.children(target);
    let (Some(session), Some(key)) = (parts.next(), parts.next()) else {
        return false;
    };
    let is_session = matches!(
        body.text(session),
        "session" | "request.session" | "flask.session" | "self.session" | "request.ctx.session"
    );
    let key = body.string(key).unwrap_or("");
    if !is_session || !SIGNED_IN.contains(&key) {
        return false;
    }
    let text = body.text(value);
    if speaks_of(text, &["guest", "anonym", "uuid", "random", "secrets."]) {
        return false;
    }
    match key {
        // A name that somebody typed is no sign-in, a decision is.
        "user" | "username" | "role" | "user_role" | "admin" | "is_admin" => {
            text == "True"
                || body
                    .string(value)
                    .is_some_and(|it| !it.is_empty() && it != "user")
        }
        "user_id" | "userid" | "uid" | "account_id" => {
            arena.role(value) == Role::Integer
                || text.starts_with("request.")
                || body.string(value).is_some_and(|it| !it.is_empty())
                || body.parameters().iter().any(|&it| {
                    body.parameter_name(it)
                        .is_some_and(|it| body.text(it) == text)
                })
        }
        _ => text == "True",
    }
}

/// `login_user(User.query.first())`
fn signs_first_user_in(body: &Body<'_>, call: NodeId) -> bool {
    if !matches!(body.callee(call), "login_user" | "login" | "auth_login") {
        return false;
    }
    let arguments = body.arguments(call);
    let first_of = |text: &str| {
        let queried = text.ends_with(".query.first()")
            || text.ends_with(".objects.first()")
            || text.ends_with(".query.get(1)")
            || text.contains(".filter_by(is_admin=True).first()")
            || text.ends_with("objects.get(pk=1)")
            || text.ends_with("objects.get(id=1)");
        queried && text.starts_with(char::is_uppercase)
    };
    arguments.iter().any(|&it| {
        let text = body
            .names
            .value_of(it)
            .map_or(body.text(it), |it| body.text(it));
        first_of(text)
    })
}

/// `session.insert("user_id", 1)` in a handler that looks at nothing.
fn rust_session(view: &FileView<'_>, body: &Body<'_>, hits: &mut Vec<Hit>) {
    if body.outer().is_some() {
        return;
    }
    let text = body.prose(body.node);
    let text = &*text;
    if speaks_of(text, EARNED) || !text.contains("session") {
        return;
    }
    let granted = body.all(Role::Call).find(|&call| {
        let arguments = body.arguments(call);
        let (Some(&key), Some(&value)) = (arguments.first(), arguments.get(1)) else {
            return false;
        };
        body.callee(call) == "insert"
            && body
                .receiver(call)
                .is_some_and(|it| body.text(it).ends_with("session"))
            && body.string(key).is_some_and(|it| SIGNED_IN.contains(&it))
            && matches!(
                body.text(value),
                "true" | "\"admin\"" | "1" | "&true" | "&1"
            )
    });
    if let Some(call) = granted {
        hits.push(Hit::at_node(view, call).word("WHAT", body.text(call)));
    }
}

/// Whether a name is that of a role or of a right.
fn is_role(name: &str) -> bool {
    let lower = name.to_ascii_lowercase().replace('-', "_");
    let lower = lower.strip_prefix("x_").unwrap_or(&lower);
    let lower = lower.strip_prefix("http_x_").unwrap_or(lower);
    matches!(
        lower,
        "role"
            | "roles"
            | "user_role"
            | "userrole"
            | "is_admin"
            | "isadmin"
            | "admin"
            | "is_staff"
            | "is_superuser"
            | "is_super_user"
            | "superuser"
            | "is_moderator"
            | "user_type"
            | "user_is_admin"
            | "access_level"
            | "account_type"
    )
}

/// Decisions about what somebody may do that rest on a field, parameter or header of the request.
pub(super) fn decision(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    const KNOWN: &[&str] = &[
        "current_user",
        "session[",
        "session.",
        "g.user",
        "request.user",
        "jwt",
        "verify",
        "decode(",
        "login_required",
        "get_user",
        "claims",
        "identity",
        "query.get",
        "objects.get",
        "authenticate",
        "is_authenticated",
        "hmac",
        "signature",
        "depends(get_current",
    ];
    for body in bodies(view) {
        if body.outer().is_some() && !body.is_route() || body.speaks_of(KNOWN) {
            continue;
        }
        if body.decorators().iter().any(|it| {
            !it.contains(".route")
                && !it.contains("get(")
                && words::may_guard(it.split('(').next().unwrap_or(""))
        }) {
            continue;
        }
        for (node, left, operator, right) in body.comparisons() {
            let decides = matches!(operator, "==" | "!=" | "in" | "not in")
                && (is_privilege(&body, right) && comes_from_request(&body, left)
                    || is_privilege(&body, left) && comes_from_request(&body, right));
            if decides && matters(&body, node) {
                let (what, _) = if comes_from_request(&body, left) {
                    (left, right)
                } else {
                    (right, left)
                };
                hits.push(Hit::at_node(view, node).word("WHAT", body.text(what)));
                break;
            }
        }
    }
}

/// A name of a role that may more than others.
fn is_privilege(body: &Body<'_>, node: NodeId) -> bool {
    let arena = body.arena();
    let is = |text: &str| {
        matches!(
            &*text.to_ascii_lowercase(),
            "admin"
                | "administrator"
                | "superuser"
                | "root"
                | "staff"
                | "owner"
                | "moderator"
                | "manager"
                | "superadmin"
                | "super_admin"
                | "true"
                | "1"
                | "yes"
                | "editor"
                | "operator"
        )
    };
    match arena.role(node) {
        Role::String => body.string(node).is_some_and(is),
        Role::Boolean => is(body.text(node)),
        Role::List | Role::Tuple | Role::Set => arena
            .children(node)
            .any(|it| body.string(it).is_some_and(is)),
        Role::Call => {
            body.callee(node) == "Some"
                && body
                    .arguments(node)
                    .iter()
                    .any(|&it| is_privilege(body, it))
        }
        _ => false,
    }
}

/// Whether a value is a role that the request names.
fn comes_from_request(body: &Body<'_>, node: NodeId) -> bool {
    let arena = body.arena();
    if arena.role(node) == Role::Identifier {
        let name = body.text(node);
        let given = body
            .all(Role::Assignment)
            .chain(body.all(Role::Let))
            .find(|&it| arena.children(it).any(|part| body.text(part) == name));
        if let Some(given) = given {
            let value = arena.children(given).last();
            return value.is_some_and(|value| {
                arena.role(value) != Role::Identifier && reads_role(body, value)
            });
        }
        return is_role(name) && has_request_default(body, name);
    }
    reads_role(body, node)
}

/// A parameter `role: str = Header(...)`, or one of a query.
fn has_request_default(body: &Body<'_>, name: &str) -> bool {
    body.parameters().into_iter().any(|it| {
        let text = body.text(it);
        body.parameter_name(it)
            .is_some_and(|it| body.text(it) == name)
            && ["Header(", "Query(", "Cookie(", "Form(", "Body("]
                .iter()
                .any(|word| text.contains(word))
    })
}

/// `request.headers.get("X-User-Role")`, `data["is_admin"]`, where `data` is the request's.
fn reads_role(body: &Body<'_>, node: NodeId) -> bool {
    let arena = body.arena();
    arena.subtree(node).any(|it| {
        let key = match arena.role(it) {
            Role::Subscript => arena.children(it).nth(1).and_then(|it| body.string(it)),
            Role::Call
                if matches!(
                    body.callee(it),
                    "get" | "getlist" | "header" | "get_header" | "get_argument"
                ) =>
            {
                body.arguments(it).first().and_then(|&it| body.string(it))
            }
            _ => None,
        };
        key.is_some_and(is_role) && is_of_request(body, it)
    })
}

/// Whether what is read from is the request, or was made from it.
fn is_of_request(body: &Body<'_>, node: NodeId) -> bool {
    const PARTS: &[&str] = &[
        "headers", "cookies", "get_json", ".json", ".form", ".args", ".values", ".get", ".post",
        ".query", ".data", ".params", ".body", ".meta",
    ];
    let text = body.text(node);
    let root = body.root(node);
    if matches!(root, "request" | "req" | "headers" | "cookies") {
        return speaks_of(text, PARTS);
    }
    let arena = body.arena();
    let mut assigned = body.all(Role::Assignment).chain(body.all(Role::Let));
    assigned.any(|it| {
        let mut parts = arena.children(it);
        let target = parts.next().map_or("", |it| body.text(it));
        let value = parts.last().map_or("", |it| body.text(it));
        target == root
            && !value.is_empty()
            && (value.contains("request.") || value.contains("req."))
            && speaks_of(value, PARTS)
    })
}

/// Whether somebody is turned away by a comparison, or let in.
fn matters(body: &Body<'_>, comparison: NodeId) -> bool {
    let arena = body.arena();
    let promising =
        words::promises(body.name()) || speaks_of(body.name(), &["admin", "permission"]);
    let around = arena
        .ancestors(comparison)
        .find(|&it| matches!(arena.role(it), Role::If | Role::Return | Role::Conditional));
    around.is_some_and(|around| promising || body.denies(around) || body.denies(body.block))
}

/// Accounts that are made with a role of the request's choice.
pub(super) fn assignment(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    for body in bodies(view) {
        if !registers(&body) {
            continue;
        }
        let arena = body.arena();
        let found = arena
            .subtree(body.block)
            .find_map(|it| match arena.role(it) {
                Role::KeywordArgument | Role::FieldInit => {
                    let name = arena
                        .field(it, Field::Name)
                        .or_else(|| arena.children(it).next())?;
                    let value = arena
                        .field(it, Field::Value)
                        .or_else(|| arena.children(it).nth(1))?;
                    (is_role(body.text(name)) && is_chosen(&body, value)).then_some(it)
                }
                Role::Pair => {
                    let mut parts = arena.children(it);
                    let (name, value) = (parts.next()?, parts.next()?);
                    let named = body.string(name).is_some_and(is_role);
                    (named && is_chosen(&body, value)).then_some(it)
                }
                Role::Assignment => {
                    let mut parts = arena.children(it);
                    let (target, value) = (parts.next()?, parts.next()?);
                    let named = arena.role(target) == Role::Attribute
                        && body.key(target).is_some_and(is_role);
                    (named && is_chosen(&body, value)).then_some(it)
                }
                Role::DictSplat => spreads_request(&body, it).then_some(it),
                _ => None,
            });
        if let Some(found) = found {
            let mut hit = Hit::at_node(view, found).word("WHAT", body.text(found));
            if arena.role(found) == Role::DictSplat {
                hit.confidence = Some(Confidence::Medium);
            }
            hits.push(hit);
        }
    }
}

/// A function where anybody makes an account.
fn registers(body: &Body<'_>) -> bool {
    let name = words::split(body.name());
    let has = |list: &[&str]| name.iter().any(|word| list.contains(&&**word));
    let public = has(&["register", "signup", "registration"]) || has(&["sign"]) && has(&["up"]);
    let routes = body.decorators();
    let routed = routes
        .iter()
        .any(|it| speaks_of(it, &["/register", "/signup", "/sign-up", "/sign_up"]));
    let guarded = body.speaks_of(&[
        "current_user",
        "login_required",
        "admin_required",
        "depends(get_current",
        "require_admin",
        "is_superuser:",
    ]);
    let admin = has(&["admin"]) || routes.iter().any(|it| it.contains("/admin"));
    let about_people = body.speaks_of(&["user", "account", "member"]);
    (public || routed) && !guarded && !admin && about_people
}

/// A value that is read from the request.
fn is_chosen(body: &Body<'_>, value: NodeId) -> bool {
    const SENT: &[&str] = &[
        "data",
        "payload",
        "body",
        "form",
        "request",
        "req",
        "user_in",
        "user_data",
        "user",
        "input",
        "params",
        "new_user",
        "dto",
        "json",
        "info",
        "register_data",
        "user_create",
        "item",
        "account",
    ];
    let arena = body.arena();
    if matches!(arena.role(value), Role::Identifier) {
        let name = body.text(value);
        let mut assigned = body.all(Role::Assignment).chain(body.all(Role::Let));
        return is_role(name)
            && (assigned.any(|it| {
                let mut parts = arena.children(it);
                parts.next().is_some_and(|it| body.text(it) == name)
                    && parts
                        .last()
                        .is_some_and(|it| arena.role(it) != Role::Identifier && is_chosen(body, it))
            }) || has_request_default(body, name));
    }
    let root = body.root(value);
    let named = match arena.role(value) {
        Role::Attribute => body.key(value),
        Role::BooleanOperator => return arena.children(value).any(|it| is_chosen(body, it)),
        _ => body.key(value).or_else(|| {
            // `payload.role.clone().unwrap_or(..)`
            let text = body.text(value);
            text.split(['.', '(']).find(|part| is_role(part))
        }),
    };
    named.is_some_and(is_role) && SENT.contains(&root)
}

/// `User(**request.get_json())`: every field of the record can be set.
fn spreads_request(body: &Body<'_>, splat: NodeId) -> bool {
    let arena = body.arena();
    let Some(inner) = arena
        .children(splat)
        .find(|&it| arena.role(it) != Role::Token)
    else {
        return false;
    };
    let call = arena
        .ancestors(splat)
        .find(|&it| arena.role(it) == Role::Call);
    let makes = call.is_some_and(|call| {
        let name = body.callee(call);
        let whole = body.callee_text(call);
        name == "create_user"
            || name == "create" && whole.contains("objects")
            || name.contains("User")
            || name.contains("Account")
    });
    let from_request = |text: &str| {
        text.starts_with("request.") && speaks_of(text, &["json", "form", "post", "data"])
    };
    let value = body
        .names
        .value_of(inner)
        .map_or(body.text(inner), |it| body.text(it));
    makes && (from_request(value) || from_request(body.text(inner)))
}

/// Guards whose argument does nothing.
pub(super) fn ignored(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    for body in bodies(view) {
        let name = words::split(body.name());
        let promising = words::promises(body.name())
            || words::may_guard(body.name())
                && name.iter().any(|it| {
                    matches!(
                        &**it,
                        "require"
                            | "required"
                            | "requires"
                            | "has"
                            | "check"
                            | "need"
                            | "needs"
                            | "ensure"
                            | "can"
                            | "allow"
                            | "allowed"
                    )
                });
        if !promising || is_interface(&body) {
            continue;
        }
        for parameter in body.parameters() {
            let Some(at) = body.parameter_name(parameter) else {
                continue;
            };
            let argument = body.text(at);
            if !is_right(argument) {
                continue;
            }
            let bare = argument.trim_start_matches('_');
            if !body.mentions(body.block, |it| it == argument) {
                let used = body.text(body.block).contains(&format!("{{{bare}"));
                if !used && decides_something(&body) {
                    hits.push(
                        Hit::at_node(view, at)
                            .word("NAME", body.name())
                            .word("ARGUMENT", bare),
                    );
                }
            } else if let Some(early) = passes_early(&body, argument) {
                hits.push(Hit {
                    message: Some(format!(
                        "`{}` lets the request pass here without a look at `{argument}`",
                        body.name()
                    )),
                    ..Hit::at_node(view, early)
                });
            }
        }
    }
}

/// A parameter that names what somebody must be or may do.
fn is_right(name: &str) -> bool {
    let words = words::split(name);
    words.iter().any(|word| {
        matches!(
            &**word,
            "role"
                | "roles"
                | "permission"
                | "permissions"
                | "perm"
                | "perms"
                | "scope"
                | "scopes"
                | "privilege"
                | "privileges"
        )
    }) && !words.iter().any(|word| {
        matches!(
            &**word,
            "user" | "current" | "service" | "checker" | "manager" | "repo"
        )
    })
}

/// A signature that others prescribe, or a body that is left to others.
fn is_interface(body: &Body<'_>) -> bool {
    let arena = body.arena();
    let of_class = arena
        .ancestors(body.node)
        .find_map(|it| match arena.role(it) {
            Role::Class => Some(arena.field(it, Field::Superclasses).is_some()),
            Role::Impl => Some(arena.field(it, Field::Trait).is_some()),
            Role::Trait => Some(true),
            Role::Function => Some(false),
            _ => None,
        });
    of_class.unwrap_or(false)
        || body.speaks_of(&[
            "notimplemented",
            "abstract",
            "todo!",
            "unimplemented!",
            "overload",
            "locals()",
        ])
        || body
            .decorators()
            .iter()
            .any(|it| it.contains("abstract") || it.contains("overload"))
}

/// A body with more than a docstring and `pass`.
fn decides_something(body: &Body<'_>) -> bool {
    let arena = body.arena();
    arena.subtree(body.block).any(|it| {
        matches!(
            arena.role(it),
            Role::Return | Role::Call | Role::If | Role::Boolean | Role::MacroCall
        )
    }) && !arena
        .children(body.block)
        .all(|it| matches!(arena.role(it), Role::String | Role::Pass | Role::Ellipsis))
}

/// A call of the wrapped function on a branch before the argument is looked at.
fn passes_early(body: &Body<'_>, argument: &str) -> Option<NodeId> {
    const ASIDE: &[&str] = &[
        "admin",
        "superuser",
        "root",
        "debug",
        "testing",
        "disabled",
        "enabled",
        "options",
        "exempt",
        "bypass",
        "anonymous",
        "public",
        "optional",
        "owner",
    ];
    let arena = body.arena();
    if !body.is_python() || body.all(Role::Function).next().is_none() {
        return None;
    }
    let first_use = arena
        .subtree(body.block)
        .find(|&it| arena.role(it) == Role::Identifier && body.text(it) == argument)?;
    let wrapper = tree::function(arena, first_use)?;
    if wrapper == body.node {
        return None;
    }
    let wrapper = Body {
        node: wrapper,
        block: arena.field(wrapper, Field::Body)?,
        ..*body
    };
    let early = wrapper.all(Role::Return).find(|&it| {
        let called = arena.subtree(it).any(|call| {
            arena.role(call) == Role::Call
                && wrapper.outer().is_some_and(|outer| {
                    let outer = Body {
                        node: outer,
                        ..*body
                    };
                    outer
                        .parameters()
                        .into_iter()
                        .filter_map(|it| outer.parameter_name(it))
                        .any(|name| outer.text(name) == body.callee(call))
                })
        });
        called && arena.node(it).end <= arena.node(first_use).start
    })?;
    let condition = arena
        .ancestors(early)
        .find(|&it| arena.role(it) == Role::If)?;
    let tested = arena.field(condition, Field::Condition)?;
    let within = arena.is_within(condition, wrapper.node);
    let said = body.text(tested);
    (within
        && !speaks_of(said, ASIDE)
        && (is_credential(said) || speaks_of(said, &["session", "user", "key", "token"])))
    .then_some(early)
}
