//! Where literals meet the names of secrets in Rust, and which functions take secrets.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Names, NodeId, Span};

use super::code::{self, last_name};
use super::collect::Collector;
use super::commands;
use super::judge::Place;
use super::name::{self, Kind};
use crate::checks::tree;

/// Adds what one node says.
pub fn visit(collector: &mut Collector<'_, '_>, node: NodeId) {
    match collector.names.code.arena.role(node) {
        Role::Let => pair(collector, node, Field::Pattern, Field::Value),
        Role::Constant => pair(collector, node, Field::Name, Field::Value),
        Role::FieldInit => field_init(collector, node),
        Role::Assignment => pair(collector, node, Field::Left, Field::Right),
        Role::Binary => comparison(collector, node),
        Role::Case => arm(collector, node),
        Role::Function => tail(collector, node),
        Role::Call => call(collector, node),
        Role::MacroCall => macro_call(collector, node),
        Role::TokenTree => tokens(collector, node),
        Role::AttributeItem => attribute(collector, node),
        Role::String => collector.text(node),
        Role::Tuple => collector.form_entry(node),
        Role::If => otherwise(collector, node),
        _ => {}
    }
}

fn pair(collector: &mut Collector<'_, '_>, node: NodeId, name: Field, value: Field) {
    let arena = collector.names.code.arena;
    let (Some(name), Some(value)) = (arena.field(node, name), arena.field(node, value)) else {
        return;
    };
    if is_buffer(collector.names, node, value) {
        return;
    }
    // `let (user, password) = ("a", "b")`
    if arena.role(name) == Role::Tuple && arena.role(value) == Role::Tuple {
        let names: Vec<NodeId> = arena.children(name).collect();
        for (name, value) in names.into_iter().zip(arena.children(value)) {
            if let Some((label, span)) = code::called(collector.names, name) {
                collector.named(&label, span, value, Place::Bound);
            }
        }
        return;
    }
    if let Some((label, span)) = code::called(collector.names, name) {
        if name::is_people(&label) && collector.counts(span) {
            collector.people(value);
        }
        collector.named(&label, span, value, Place::Bound);
    }
}

/// `if let Ok(key) = env::var("KEY") { key } else { "...".into() }`
fn otherwise(collector: &mut Collector<'_, '_>, node: NodeId) {
    let arena = collector.names.code.arena;
    let asked = arena
        .field(node, Field::Condition)
        .and_then(|condition| arena.field(condition, Field::Value));
    let last = arena
        .field(node, Field::Alternative)
        .and_then(|other| arena.children(other).last())
        .and_then(|block| arena.children(block).last());
    if let (Some(asked), Some(value)) = (asked, last)
        && arena.role(asked) == Role::Call
        && let Some((label, span)) = environment(collector.names, asked)
    {
        collector.named(&label, span, value, Place::Fallback);
    }
}

/// `let mut key = [0u8; 32]` waits to be filled; `let key = [0; 32]` is often a size only.
fn is_buffer(names: &Names<'_>, node: NodeId, value: NodeId) -> bool {
    let arena = names.code.arena;
    arena.role(node) == Role::Let
        && arena.role(value) == Role::List
        && arena.field(value, Field::Length).is_some()
}

fn field_init(collector: &mut Collector<'_, '_>, node: NodeId) {
    let arena = collector.names.code.arena;
    let children: Vec<NodeId> = arena.children(node).collect();
    let [name, .., value] = children.as_slice() else {
        return;
    };
    let Some((label, span)) = code::called(collector.names, *name) else {
        return;
    };
    let siblings = arena.parent(node).unwrap_or(node);
    let connected = arena
        .children(siblings)
        .filter(|&it| arena.role(it) == Role::FieldInit)
        .filter_map(|it| arena.children(it).next())
        .any(|it| {
            let name = collector.names.code.text_of(it);
            matches!(
                name,
                "user" | "username" | "host" | "login" | "hostname" | "database"
            )
        });
    let place = match connected {
        true => Place::Connected,
        false => Place::Bound,
    };
    collector.named(&label, span, *value, place);
}

fn comparison(collector: &mut Collector<'_, '_>, node: NodeId) {
    let code = collector.names.code;
    let arena = code.arena;
    let operator = arena.field(node, Field::Operator);
    let (Some(left), Some(right), Some(operator)) = (
        arena.field(node, Field::Left),
        arena.field(node, Field::Right),
        operator,
    ) else {
        return;
    };
    if matches!(code.text_of(operator), "==" | "!=") {
        collector.compared_both(left, right);
    }
}

/// `match password { "x" => ... }`, and `Err(_) => "x".into()` of a look into the environment.
fn arm(collector: &mut Collector<'_, '_>, node: NodeId) {
    let code = collector.names.code;
    let arena = code.arena;
    let subject = arena
        .ancestors(node)
        .find(|&it| arena.role(it) == Role::Match)
        .and_then(|it| arena.field(it, Field::Value));
    let (Some(subject), Some(pattern)) = (subject, arena.children(node).next()) else {
        return;
    };
    let pattern_text = code.text_of(pattern);
    if let Some(value) = arena.field(node, Field::Value)
        && (pattern_text.starts_with("Err") || matches!(pattern_text, "None" | "_"))
        && let Some((label, span)) = environment(collector.names, subject)
    {
        collector.named(&label, span, value, Place::Fallback);
        return;
    }
    let literals: Vec<NodeId> = arena
        .subtree(pattern)
        .filter(|&it| arena.role(it) == Role::String)
        .collect();
    collector.matched(subject, &literals);
}

/// The variable that `env::var("X")`, `option_env!("X")` or a chain behind it asks for.
fn environment(names: &Names<'_>, node: NodeId) -> Option<(String, Span)> {
    let arena = names.code.arena;
    let first = tree::arguments(arena, node).next();
    let callee = arena.children(node).next()?;
    match arena.role(node) {
        Role::Call if arena.role(callee) == Role::Attribute => {
            let receiver = arena.children(callee).next()?;
            let last = last_name(names, callee)?;
            match last {
                "get" | "get_string" | "get_str" | "var" => code::literal_name(names, first?),
                _ => environment(names, receiver),
            }
        }
        Role::Call => match last_name(names, callee)? {
            "var" | "var_os" | "dotenv" | "get_env" | "env_var" => {
                code::literal_name(names, first?)
            }
            _ => None,
        },
        Role::MacroCall => match last_name(names, callee)? {
            "option_env" | "env" => code::literal_name(names, first?),
            _ => None,
        },
        Role::Attribute | Role::Identifier => code::called(names, node),
        _ => None,
    }
}

/// `fn default_password() -> String { "x".into() }`
fn tail(collector: &mut Collector<'_, '_>, node: NodeId) {
    let arena = collector.names.code.arena;
    let (Some(name), Some(body)) = (
        arena.field(node, Field::Name),
        arena.field(node, Field::Body),
    ) else {
        return;
    };
    let mut statements = arena.children(body);
    if let (Some(only), None) = (statements.next(), statements.next()) {
        collector.maker(name, only);
    }
}

fn call(collector: &mut Collector<'_, '_>, node: NodeId) {
    let names = collector.names;
    let arena = names.code.arena;
    let Some(callee) = arena.children(node).next() else {
        return;
    };
    let Some(last) = last_name(names, callee) else {
        return;
    };
    let arguments: Vec<NodeId> = tree::arguments(arena, node).collect();
    collector.user_then_password(names.code.text_of(callee), &arguments);
    match arena.role(callee) {
        Role::Attribute => method(collector, callee, last, &arguments),
        _ => function(collector, callee, last, &arguments),
    }
}

/// `matches!(password.as_str(), "...")`, where it could be parsed.
fn macro_call(collector: &mut Collector<'_, '_>, node: NodeId) {
    let names = collector.names;
    let arena = names.code.arena;
    let callee = arena.children(node).next();
    if callee.and_then(|callee| last_name(names, callee)) == Some("matches") {
        let mut arguments = tree::arguments(arena, node);
        if let (Some(subject), Some(pattern)) = (arguments.next(), arguments.next()) {
            collector.compared(subject, pattern);
        }
    }
}

fn method(collector: &mut Collector<'_, '_>, callee: NodeId, last: &str, arguments: &[NodeId]) {
    let names = collector.names;
    let arena = names.code.arena;
    let Some(receiver) = arena.children(callee).next() else {
        return;
    };
    let Some(called) = arena.children(callee).last() else {
        return;
    };
    match (last, arguments) {
        ("basic_auth", [_, password]) => {
            collector.placed("password", Kind::Password, *password, Place::Connected);
        }
        (
            "login"
            | "userauth_password"
            | "authenticate_password"
            | "set_credentials"
            | "simple_bind",
            [_, password],
        ) => {
            collector.placed("password", Kind::Password, *password, Place::Connected);
        }
        ("hash_password_into" | "hash_password_into_with_memory", [_, salt, ..]) => {
            collector.fixed("salt", *salt);
        }
        ("insert", [user, password])
            if code::called(names, receiver).is_some_and(|(label, _)| name::is_people(&label))
                && code::fold(names, *user, false).is_some() =>
        {
            collector.placed("password", Kind::Password, *password, Place::Connected);
        }
        ("encode", [value]) if is_base64(names, receiver) => collector.basic(*value),
        ("bearer_auth", [token]) => {
            collector.placed("token", Kind::Token, *token, Place::Connected);
        }
        ("eq" | "ne" | "ct_eq", [other]) => collector.compared_both(receiver, *other),
        ("arg" | "args", _) => command(collector, callee),
        ("header" | "insert" | "append" | "set" | "set_default" | "env", [key, value]) => {
            if let Some((label, span)) =
                code::literal_name(names, *key).or_else(|| code::called(names, *key))
            {
                collector.named(&label, span, from_static(names, *value), Place::Bound);
            }
        }
        ("get_or_init" | "get_or_insert_with", [value]) => {
            if let Some((label, span)) = code::called(names, receiver) {
                let value = code::closure_body(names, *value);
                collector.named(&label, span, value, Place::Bound);
            }
        }
        ("unwrap_or" | "unwrap_or_else" | "or" | "map_or", [default, ..]) => {
            if let Some((label, span)) = environment(names, receiver) {
                let value = code::closure_body(names, *default);
                collector.named(&label, span, value, Place::Fallback);
            }
        }
        ("default_value" | "default_values", [value]) => option(collector, receiver, *value),
        (_, [value]) => {
            let label = ["with_", "set_"]
                .iter()
                .fold(last, |rest, lead| rest.strip_prefix(lead).unwrap_or(rest));
            let span = arena.span(called);
            let lead = (last.len() - label.len()) as u32;
            let span = Span::new(span.start + lead, span.end);
            collector.named(label, span, *value, Place::Connected);
        }
        _ => {}
    }
}

/// The words of `Command::new("mysql").arg("-psecret")`, up to this one.
fn command(collector: &mut Collector<'_, '_>, callee: NodeId) {
    let code = collector.names.code;
    let arena = code.arena;
    let Some(call) = arena.parent(callee) else {
        return;
    };
    // The last of the chain sees all of them.
    let goes_on = arena.ancestors(call).take(2).any(|it| {
        arena.role(it) == Role::Call
            && arena.children(it).next().is_some_and(|callee| {
                arena.role(callee) == Role::Attribute
                    && matches!(last_name(collector.names, callee), Some("arg" | "args"))
            })
    });
    let program = arena
        .subtree(call)
        .find(|&id| arena.role(id) == Role::String);
    let known = program.is_some_and(|id| {
        commands::is_known(code::value_span(collector.names, id).text(code.text))
    });
    if goes_on || !known || !code.text_of(call).contains("Command::new(") {
        return;
    }
    let words: Vec<NodeId> = arena
        .subtree(call)
        .filter(|&id| arena.role(id) == Role::String)
        .collect();
    collector.words(&words);
}

/// The engines of the crate base64.
fn is_base64(names: &Names<'_>, receiver: NodeId) -> bool {
    let text = names.code.text_of(receiver);
    text.contains("STANDARD") || text.contains("BASE64") || text.contains("base64")
}

/// `HeaderValue::from_static("x")` holds x.
fn from_static(names: &Names<'_>, node: NodeId) -> NodeId {
    let arena = names.code.arena;
    let is_wrapper = arena.role(node) == Role::Call
        && arena
            .children(node)
            .next()
            .and_then(|callee| last_name(names, callee))
            == Some("from_static");
    match is_wrapper {
        true => tree::arguments(arena, node).next().unwrap_or(node),
        false => node,
    }
}

/// `Arg::new("password").long("password").default_value("x")`
fn option(collector: &mut Collector<'_, '_>, chain: NodeId, value: NodeId) {
    let names = collector.names;
    let arena = names.code.arena;
    let calls: Vec<NodeId> = arena
        .subtree(chain)
        .filter(|&id| arena.role(id) == Role::Call)
        .collect();
    for call in calls {
        let last = arena
            .children(call)
            .next()
            .and_then(|callee| last_name(names, callee));
        if matches!(last, Some("new" | "long" | "env" | "with_name"))
            && let Some(first) = tree::arguments(arena, call).next()
            && let Some((label, span)) = code::literal_name(names, first)
        {
            collector.named(&label, span, value, Place::Fallback);
        }
    }
}

fn function(collector: &mut Collector<'_, '_>, callee: NodeId, last: &str, arguments: &[NodeId]) {
    let path = collector.names.code.text_of(callee);
    let mut owners = path.rsplit("::").skip(1);
    let owner = owners.next().unwrap_or("");
    let owner = match owner.starts_with('<') {
        true => owners.next().unwrap_or(""),
        false => owner.split('<').next().unwrap_or(owner),
    };
    let cipher =
        owner.starts_with("Aes") || owner.contains("ChaCha20") || owner.contains("Salsa20");
    let mac = owner.contains("Hmac") || owner.contains("Mac") || owner.starts_with("Blake2");
    match (owner, last, arguments) {
        ("EncodingKey" | "DecodingKey", "from_secret" | "from_base64_secret", [key]) => {
            collector.placed("key", Kind::CryptoKey, *key, Place::Key);
        }
        (_, "new_from_slice" | "new" | "new_from_slices" | "new_varkey", [key, rest @ ..])
            if cipher || mac =>
        {
            collector.placed("key", Kind::CryptoKey, *key, Place::Key);
            if let [iv] = rest {
                collector.fixed("initialization vector", *iv);
            }
        }
        ("Key", "from_slice" | "from" | "derive_from" | "from_exact_iter" | "try_from", [key]) => {
            collector.placed("key", Kind::CryptoKey, *key, Place::Key);
        }
        ("Key", "new", [_, key]) => {
            collector.placed("key", Kind::CryptoKey, *key, Place::Key);
        }
        ("Nonce" | "XNonce" | "Iv", "from_slice" | "from" | "assume_unique_for_key", [nonce]) => {
            collector.fixed("nonce", *nonce);
        }
        ("SaltString", "from_b64" | "new" | "encode_b64", [salt]) => {
            collector.fixed("salt", *salt);
        }
        ("Salt", "from_b64" | "new", [salt]) => collector.fixed("salt", *salt),
        (_, "pbkdf2_hmac" | "pbkdf2_hmac_array" | "pbkdf2", [_, salt, ..]) => {
            collector.fixed("salt", *salt);
        }
        (_, "set_var", [name, value]) => {
            if let Some((label, span)) = code::literal_name(collector.names, *name) {
                collector.named(&label, span, *value, Place::Bound);
            }
        }
        ("base64", "encode", [value]) => collector.basic(*value),
        (_, "hash_raw" | "hash_encoded", [_, salt, _]) => collector.fixed("salt", *salt),
        (_, "hash_with_salt", [_, _, salt]) => collector.fixed("salt", *salt),
        ("SecretString" | "SecretBox" | "SecretVec" | "ClientSecret", "from" | "new", [secret]) => {
            collector.placed("secret", Kind::Credential, *secret, Place::Connected);
        }
        ("Authorization", "bearer", [token]) => {
            collector.placed("token", Kind::Token, *token, Place::Connected);
        }
        // Of the crate openssl.
        (_, "encrypt" | "decrypt" | "encrypt_aead" | "decrypt_aead", [method, key, ..])
            if collector.names.code.text_of(*method).contains("Cipher::") =>
        {
            collector.placed("key", Kind::CryptoKey, *key, Place::Key);
        }
        (_, "constant_time_eq" | "verify_slices_are_equal" | "fixed_time_eq", [left, right]) => {
            collector.compared_both(*left, *right);
        }
        // Of S3: key, secret, then tokens and where they come from.
        ("Credentials", "new", [_, secret, _, _, _]) | ("StaticProvider", _, [_, secret]) => {
            collector.placed("secret key", Kind::Password, *secret, Place::Connected);
        }
        ("AuthMethod" | "Authorization", "sql_server" | "basic", [_, password])
        | ("Cred", "userpass_plaintext", [_, password])
        | ("Credentials" | "BasicAuth" | "Auth", "new", [_, password]) => {
            collector.placed("password", Kind::Password, *password, Place::Connected);
        }
        _ => {}
    }
}

/// Names and texts side by side in the tokens of a macro: `json!({"password": "x"})`,
/// `static ref PASSWORD: String = "x".to_string()`.
fn tokens(collector: &mut Collector<'_, '_>, node: NodeId) {
    let code = collector.names.code;
    let arena = code.arena;
    let parts: Vec<NodeId> = arena.children(node).collect();
    matching(collector, node, &parts);
    for (at, &value) in parts.iter().enumerate() {
        if arena.role(value) != Role::String {
            continue;
        }
        // The name, or the name and a type of one or two words before the sign.
        for back in 1..=3 {
            let Some(&name) = at.checked_sub(back).and_then(|at| parts.get(at)) else {
                break;
            };
            let between =
                &code.text[arena.node(name).end as usize..arena.node(value).start as usize];
            if is_binding(between)
                && let Some((label, span)) = code::literal_name(collector.names, name)
            {
                collector.named(&label, span, value, Place::Bound);
            }
        }
    }
}

/// `matches!(password.as_str(), "...")`
fn matching(collector: &mut Collector<'_, '_>, node: NodeId, parts: &[NodeId]) {
    let code = collector.names.code;
    let arena = code.arena;
    let is_matches = arena.parent(node).is_some_and(|call| {
        arena.role(call) == Role::MacroCall && code.text_of(call).starts_with("matches!")
    });
    if !is_matches {
        return;
    }
    let is_string = |id: NodeId| arena.role(id) == Role::String;
    let subject = parts
        .iter()
        .take_while(|&&id| !is_string(id))
        .filter(|&&id| name::classify(code.text_of(id)).is_some())
        .last();
    if let Some(&subject) = subject {
        for &value in parts.iter().filter(|&&id| is_string(id)) {
            collector.compared(subject, value);
        }
    }
}

/// `=`, `:`, `=>`, or `: Type =`.
fn is_binding(between: &str) -> bool {
    let between = between.trim();
    if matches!(between, "=" | ":" | "=>") {
        return true;
    }
    let typed = between
        .strip_prefix(':')
        .and_then(|rest| rest.strip_suffix('='));
    typed.is_some_and(|kind| {
        kind.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b" &'<>_:".contains(&byte))
    })
}

/// `#[arg(long, default_value = "x")] password: String`
fn attribute(collector: &mut Collector<'_, '_>, node: NodeId) {
    let code = collector.names.code;
    let arena = code.arena;
    if !code.text_of(node).contains("default_value") {
        return;
    }
    let key = arena.subtree(node).find(|&id| {
        arena.role(id) == Role::Identifier && code.text_of(id).starts_with("default_value")
    });
    let Some(key) = key else { return };
    let value = arena
        .subtree(node)
        .find(|&id| id > key && arena.role(id) == Role::String);
    let Some(parent) = arena.parent(node) else {
        return;
    };
    let field = arena
        .children(parent)
        .find(|&id| id > node && arena.role(id) != Role::AttributeItem);
    let name = field.and_then(|field| arena.field(field, Field::Name));
    if let (Some(name), Some(value)) = (name, value) {
        collector.option_field(code.text_of(name), value);
    }
}
