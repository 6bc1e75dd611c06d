//! Tokens that are believed unseen, and tokens that are good for ever.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};

use super::super::{FileView, Hit, tree};
use super::body::{Body, bodies, speaks_of};
use crate::routes::words;
use crate::rule::Confidence;

/// Reads of tokens whose signature nobody checks.
pub(super) fn unverified(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    for body in bodies(view) {
        if body.outer().is_some() {
            continue;
        }
        let found: Vec<(NodeId, Option<Confidence>)> = body
            .all(Role::Call)
            .filter_map(|call| Some((call, blind(&body, call)?)))
            .collect();
        for (call, confidence) in found {
            if verifies_elsewhere(&body, call) || only_peeks(&body, call) {
                continue;
            }
            let confidence = match is_asked(&body) {
                true => confidence,
                false => Some(Confidence::Low),
            };
            hits.push(Hit {
                confidence,
                ..Hit::at_node(view, call).word("CALL", body.callee_text(call))
            });
        }
    }
}

/// Whether the function is one that tells who is asking, and not a client that reads the token
/// it was just given.
fn is_asked(body: &Body<'_>) -> bool {
    let words = words::split(body.name());
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&&**word));
    has(&[
        "decode",
        "token",
        "jwt",
        "verify",
        "validate",
        "auth",
        "authenticate",
        "claims",
        "identity",
        "require",
        "required",
        "login",
        "payload",
        "principal",
        "middleware",
        "current",
        "check",
        "authorize",
        "claim",
    ]) || has(&["user"]) && has(&["get", "from", "load", "extract"])
        || body.is_route()
        || body.has(body.block, &["headers", "cookies", "request."])
        || body.outer().is_none()
            && !body.is_python()
            && has(&["extract", "session", "validation", "from"])
}

/// Whether a call reads a token without checking its signature; how sure that is, if not very.
fn blind(body: &Body<'_>, call: NodeId) -> Option<Option<Confidence>> {
    let name = body.callee(call);
    if !body.is_python() {
        let blind = matches!(
            name,
            "insecure_disable_signature_validation"
                | "dangerous_insecure_decode"
                | "dangerous_insecure_decode_with_validation"
                | "dangerous_unsafe_decode"
                | "insecure_decode"
                | "parse_unverified"
        );
        return blind.then_some(None);
    }
    match name {
        "get_unverified_claims" => Some(None),
        "decode" | "decode_complete" if is_jwt(body, call) => {
            let off = body
                .keyword(call, "verify")
                .is_some_and(|it| body.text(it) == "False");
            let options = body.keyword(call, "options").map(|it| {
                let it = body.names.value_of(it).unwrap_or(it);
                body.text(it).replace([' ', '"', '\''], "")
            });
            let switched = options.is_some_and(|it| {
                it.contains("verify_signature:False") || it.contains("verify_signature=False")
            });
            (off || switched).then_some(None)
        }
        "urlsafe_b64decode" | "b64decode" => {
            let text = body.prose(body.node);
            let text = &*text;
            let splits = text.contains(".split(\".\")") || text.contains(".split('.')");
            let of_token = speaks_of(text, &["jwt", "token"]) && text.contains("json.loads");
            let checked = speaks_of(
                text,
                &[
                    "hmac",
                    "verify",
                    "compare_digest",
                    "signature",
                    "decrypt",
                    "expir",
                    "\"exp\"",
                    "'exp'",
                ],
            );
            (splits && of_token && !checked).then_some(Some(Confidence::Medium))
        }
        _ => None,
    }
}

fn is_jwt(body: &Body<'_>, call: NodeId) -> bool {
    let path = tree::callee_path(body.names, call).unwrap_or_default();
    path.first()
        .is_some_and(|it| matches!(*it, "jwt" | "jose" | "pyjwt"))
        || body.callee_text(call).starts_with("jwt.")
}

/// Whether the function checks a token's signature in another place.
fn verifies_elsewhere(body: &Body<'_>, call: NodeId) -> bool {
    body.all(Role::Call).any(|other| {
        let name = body.callee(other);
        other != call
            && match body.is_python() {
                true => {
                    name == "decode" && is_jwt(body, other) && blind(body, other).is_none()
                        || name.contains("verify") && !name.contains("unverified")
                        || name == "get_signing_key_from_jwt"
                }
                false => {
                    (name == "decode" || name.starts_with("verify"))
                        && !body.text(call).contains("insecure_disable")
                        && body.callee(call) != "insecure_disable_signature_validation"
                }
            }
    })
}

/// Whether only fields are read that say which key to take or how long to wait.
fn only_peeks(body: &Body<'_>, call: NodeId) -> bool {
    const PEEKED: &[&str] = &[
        "iss", "kid", "exp", "iat", "aud", "tid", "jti", "nbf", "alg", "azp",
    ];
    let arena = body.arena();
    if !body.is_python() {
        return false;
    }
    let mut keys = Vec::new();
    let mut collect = |holder: &str| {
        for it in arena.subtree(body.block) {
            let (value, key) = match arena.role(it) {
                Role::Subscript => (arena.children(it).next(), arena.children(it).nth(1)),
                Role::Call if body.callee(it) == "get" => {
                    (body.receiver(it), body.arguments(it).first().copied())
                }
                _ => continue,
            };
            if let (Some(value), Some(key)) = (value, key.and_then(|it| body.string(it)))
                && body.text(value) == holder
            {
                keys.push(key);
            }
        }
    };
    collect(body.text(call));
    let parent = arena.parent(call);
    if let Some(parent) = parent.filter(|&it| arena.role(it) == Role::Assignment)
        && let Some(target) = arena.children(parent).next()
    {
        collect(body.text(target));
    }
    !keys.is_empty() && keys.iter().all(|key| PEEKED.contains(key))
}

/// Tokens that are made or read without an end.
pub(super) fn without_expiry(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    switches(view, hits);
    for body in bodies(view) {
        if body.outer().is_some() {
            continue;
        }
        for call in body.all(Role::Call) {
            let endless = match body.is_python() {
                true => encodes_endless(&body, call),
                false => rust_encodes_endless(view, &body, call),
            };
            if endless {
                hits.push(Hit::at_node(view, call).word("WHAT", "this token never expires"));
            }
        }
    }
}

/// Switches that turn the check of the end off.
fn switches(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let code = names.code;
    let arena = code.arena;
    for id in arena.ids() {
        let text = || code.text_of(id).replace([' ', '"', '\''], "");
        let off = match arena.role(id) {
            Role::Pair => text() == "verify_exp:False",
            Role::Assignment => {
                let target = arena.children(id).next().map_or("", |it| code.text_of(it));
                let value = arena.children(id).last().map_or("", |it| code.text_of(it));
                target.ends_with(".validate_exp") && value == "false"
                    || target.contains("JWT_ACCESS_TOKEN_EXPIRES") && value == "False"
            }
            Role::KeywordArgument => {
                let text = text();
                text == "verify_exp=False" || text == "expires_delta=False"
            }
            _ => false,
        };
        if off {
            hits.push(Hit::at_node(view, id).word("WHAT", "tokens are taken for ever"));
        }
    }
}

/// `jwt.encode({"sub": name}, key)`.
fn encodes_endless(body: &Body<'_>, call: NodeId) -> bool {
    let arena = body.arena();
    if body.callee(call) != "encode" || !is_jwt(body, call) {
        return false;
    }
    let text = body.prose(body.node);
    let text = &*text;
    let Some(&payload) = body.arguments(call).first() else {
        return false;
    };
    let ends = |text: &str| speaks_of(text, &["exp", "ttl", "lifetime", "max_age"]);
    if ends(text) || body.keyword(call, "expires_delta").is_some() {
        return false;
    }
    let literal = match arena.role(payload) {
        Role::Dict => Some(payload),
        Role::Identifier => body
            .names
            .value_of(payload)
            .filter(|&it| arena.role(it) == Role::Dict),
        _ => None,
    };
    let spread = literal.is_some_and(|dict| {
        arena
            .children(dict)
            .any(|it| arena.role(it) == Role::DictSplat)
    });
    literal.is_some() && !spread
}

/// `encode(&Header::default(), &claims, &key)` where the claims are a type of this file without
/// an end.
fn rust_encodes_endless(view: &FileView<'_>, body: &Body<'_>, call: NodeId) -> bool {
    let arena = body.arena();
    let is_encode = body.callee(call) == "encode" && body.text(call).contains("EncodingKey");
    if !is_encode || body.arguments(call).len() != 3 {
        return false;
    }
    let made = body.all(Role::Struct).find_map(|it| {
        let name = arena.field(it, Field::Name)?;
        body.text(name).contains("Claims").then(|| body.text(name))
    });
    let Some(made) = made else { return false };
    let fields = body.all(Role::Struct).find(|&it| {
        arena
            .field(it, Field::Name)
            .is_some_and(|it| body.text(it) == made)
    });
    let Some(fields) = fields else { return false };
    let text = body.text(fields);
    !speaks_of(text, &["exp", "..", "ttl"]) && !view.text.contains("exp:")
}
