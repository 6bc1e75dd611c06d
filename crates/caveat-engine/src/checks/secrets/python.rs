//! Where literals meet the names of secrets in Python, and which functions take secrets.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Names, NodeId};

use super::code::{self, last_name};
use super::collect::Collector;
use super::judge::Place;
use super::name::{self, Kind};
use crate::checks::tree;

/// Adds what one node says.
pub fn visit(collector: &mut Collector<'_, '_>, node: NodeId) {
    match collector.names.code.arena.role(node) {
        Role::Assignment => assignment(collector, node),
        Role::NamedExpression => {
            pair(collector, node, Field::Name, Field::Value, Place::Bound);
        }
        Role::KeywordArgument => keyword(collector, node),
        Role::Parameter => pair(collector, node, Field::Name, Field::Value, Place::Bound),
        Role::Pair => dict_pair(collector, node),
        Role::Comparison => comparison(collector, node),
        Role::Match => subject(collector, node),
        Role::Function => returned(collector, node),
        Role::Call => call(collector, node),
        Role::BooleanOperator => either(collector, node),
        Role::String => collector.text(node),
        Role::List => collector.command_line(node),
        Role::Conditional => given_or(collector, node),
        Role::Tuple => collector.form_entry(node),
        _ => {}
    }
}

/// `os.environ.get("SMTP_PASS") or "..."`, under whatever name.
fn either(collector: &mut Collector<'_, '_>, node: NodeId) {
    let arena = collector.names.code.arena;
    let (Some(left), Some(right)) = (
        arena.field(node, Field::Left),
        arena.field(node, Field::Right),
    ) else {
        return;
    };
    if arena.role(left) == Role::Call
        && let Some((label, span)) = code::called(collector.names, left)
    {
        collector.named(&label, span, right, Place::Fallback);
    }
}

/// `os.environ["KEY"] if "KEY" in os.environ else "..."`, under whatever name.
fn given_or(collector: &mut Collector<'_, '_>, node: NodeId) {
    let arena = collector.names.code.arena;
    let parts: Vec<NodeId> = arena.children(node).collect();
    if let [first, _, last] = parts.as_slice()
        && matches!(arena.role(*first), Role::Call | Role::Subscript)
        && let Some((label, span)) = code::called(collector.names, *first)
    {
        collector.named(&label, span, *last, Place::Fallback);
    }
}

fn pair(collector: &mut Collector<'_, '_>, node: NodeId, name: Field, value: Field, place: Place) {
    let arena = collector.names.code.arena;
    if let (Some(name), Some(value)) = (arena.field(node, name), arena.field(node, value)) {
        bind(collector, name, value, place);
    }
}

/// A target and what it is bound to, tuples pairwise.
fn bind(collector: &mut Collector<'_, '_>, target: NodeId, value: NodeId, place: Place) {
    let arena = collector.names.code.arena;
    if arena.role(target) == Role::Tuple && arena.role(value) == Role::Tuple {
        let targets: Vec<NodeId> = arena.children(target).collect();
        let values: Vec<NodeId> = arena.children(value).collect();
        if targets.len() == values.len() {
            // `user, password = "scott", "tiger"`
            let logs_in = |&target: &NodeId| {
                code::called(collector.names, target)
                    .is_some_and(|(label, _)| name::is_login(&label))
            };
            let place = match targets.iter().any(logs_in) {
                true => Place::Connected,
                false => place,
            };
            for (target, value) in targets.into_iter().zip(values) {
                bind(collector, target, value, place);
            }
        }
        return;
    }
    let Some((label, span)) = code::called(collector.names, target) else {
        return;
    };
    collector.named(&label, span, value, place);
}

fn assignment(collector: &mut Collector<'_, '_>, node: NodeId) {
    let arena = collector.names.code.arena;
    let (Some(left), Some(right)) = (
        arena.field(node, Field::Left),
        arena.field(node, Field::Right),
    ) else {
        return;
    };
    if let Some((label, span)) = code::called(collector.names, left) {
        if name::is_people(&label) && collector.counts(span) {
            collector.people(right);
        }
        // `session.auth = ("user", "password")`
        if label == "auth" && arena.role(right) == Role::Tuple {
            user_and_password(collector, right);
        }
    }
    bind(collector, left, right, place_of_target(collector, left));
}

/// What is written into the environment or into the settings of the application is in use.
fn place_of_target(collector: &Collector<'_, '_>, target: NodeId) -> Place {
    let code = collector.names.code;
    match code.arena.role(target) {
        Role::Subscript if code.text_of(target).starts_with("app.config[") => Place::Set,
        _ => Place::Bound,
    }
}

/// Keys beside which a password is one that logs in somewhere.
const BESIDE: &[&str] = &[
    "user",
    "username",
    "USER",
    "host",
    "HOST",
    "login",
    "hostname",
    "server",
    "USERNAME",
    "email",
    "database",
    "DATABASE",
    "ENGINE",
    "port",
    "PORT",
    "aws_access_key_id",
    "access_key",
    "access_key_id",
    "endpoint_url",
];

fn dict_pair(collector: &mut Collector<'_, '_>, node: NodeId) {
    let arena = collector.names.code.arena;
    let (Some(key), Some(value)) = (
        arena.field(node, Field::Key),
        arena.field(node, Field::Value),
    ) else {
        return;
    };
    let Some((label, span)) = code::literal_name(collector.names, key) else {
        return;
    };
    if name::classify(&label).is_none() {
        return;
    }
    let dict = arena.parent(node).unwrap_or(node);
    let connected = arena
        .children(dict)
        .filter_map(|pair| arena.field(pair, Field::Key))
        .filter_map(|key| code::literal_name(collector.names, key))
        .any(|(key, _)| BESIDE.contains(&key.as_str()));
    let place = match connected {
        true => Place::Connected,
        false => Place::Bound,
    };
    collector.named(&label, span, value, place);
}

fn keyword(collector: &mut Collector<'_, '_>, node: NodeId) {
    let arena = collector.names.code.arena;
    let siblings = arena.parent(node).unwrap_or(node);
    let connected = arena
        .children(siblings)
        .filter(|&it| arena.role(it) == Role::KeywordArgument)
        .filter_map(|it| arena.field(it, Field::Name))
        .any(|name| BESIDE.contains(&collector.names.code.text_of(name)));
    let callee = arena
        .parent(siblings)
        .and_then(|call| arena.children(call).next())
        .and_then(|callee| last_name(collector.names, callee))
        .unwrap_or("");
    let lower = callee.to_ascii_lowercase();
    let logs_in = [
        "connect",
        "login",
        "authenticate",
        "create_user",
        "createuser",
    ]
    .iter()
    .any(|verb| lower.contains(verb));
    let place = match (connected, logs_in) {
        (true, true) => Place::Set,
        (false, false) => Place::Bound,
        _ => Place::Connected,
    };
    pair(collector, node, Field::Name, Field::Value, place);
}

fn comparison(collector: &mut Collector<'_, '_>, node: NodeId) {
    let code = collector.names.code;
    let parts: Vec<NodeId> = code.arena.children(node).collect();
    let [left, operator, right] = parts.as_slice() else {
        return;
    };
    if matches!(code.text_of(*operator), "==" | "!=") {
        collector.compared_both(*left, *right);
    }
}

/// `match password: case "x": ...`
fn subject(collector: &mut Collector<'_, '_>, node: NodeId) {
    let arena = collector.names.code.arena;
    let Some(subject) = arena.field(node, Field::Subject) else {
        return;
    };
    let cases: Vec<NodeId> = arena
        .subtree(node)
        .filter(|&id| arena.role(id) == Role::Case)
        .collect();
    for case in cases {
        let patterns: Vec<NodeId> = arena
            .subtree(case)
            .take_while(|&id| arena.role(id) != Role::Block)
            .filter(|&id| arena.role(id) == Role::String)
            .collect();
        collector.matched(subject, &patterns);
    }
}

/// `def get_secret_key(): return "..."`
fn returned(collector: &mut Collector<'_, '_>, node: NodeId) {
    let arena = collector.names.code.arena;
    let (Some(name), Some(body)) = (
        arena.field(node, Field::Name),
        arena.field(node, Field::Body),
    ) else {
        return;
    };
    let mut returns = arena
        .subtree(body)
        .filter(|&id| arena.role(id) == Role::Return);
    if let (Some(only), None) = (returns.next(), returns.next())
        && let Some(value) = arena.children(only).next()
    {
        collector.maker(name, value);
    }
}

/// What a function or method does with an argument.
enum Takes {
    /// Logs in with it.
    Password,
    /// Sets it as somebody's password.
    NewPassword,
    /// Encrypts or signs with it.
    Key,
    /// Uses it as initialization vector, nonce or salt.
    Fixed(&'static str),
    /// Shows it to a service that issued it.
    Token,
}

/// A function that takes a secret: its last name, the module or receiver by which it is known
/// (empty for a name that says enough), position, keyword.
struct Sink {
    last: &'static str,
    root: &'static [&'static str],
    at: usize,
    keyword: &'static str,
    takes: Takes,
}

const fn sink(
    last: &'static str,
    root: &'static [&'static str],
    at: usize,
    keyword: &'static str,
    takes: Takes,
) -> Sink {
    Sink {
        last,
        root,
        at,
        keyword,
        takes,
    }
}

/// From the documentation of the libraries. A keyword that is a name of secrets is found without.
static SINKS: &[Sink] = &[
    sink("encode", &["jwt", "jose"], 1, "key", Takes::Key),
    sink("decode", &["jwt", "jose"], 1, "key", Takes::Key),
    sink("new", &["hmac"], 0, "key", Takes::Key),
    sink("digest", &["hmac"], 0, "key", Takes::Key),
    sink("HMAC", &["cryptography"], 0, "key", Takes::Key),
    sink(
        "new",
        &[
            "AES",
            "DES",
            "DES3",
            "ARC4",
            "Blowfish",
            "ChaCha20",
            "Salsa20",
            "CAST",
            "ARC2",
            "ChaCha20_Poly1305",
            "HMAC",
            "CMAC",
            "Crypto",
            "Cryptodome",
        ],
        0,
        "key",
        Takes::Key,
    ),
    sink(
        "new",
        &[
            "AES",
            "DES",
            "DES3",
            "Blowfish",
            "CAST",
            "Crypto",
            "Cryptodome",
        ],
        2,
        "iv",
        Takes::Fixed("initialization vector"),
    ),
    sink(
        "new",
        &[
            "AES",
            "ChaCha20",
            "Salsa20",
            "ChaCha20_Poly1305",
            "Crypto",
            "Cryptodome",
        ],
        9,
        "nonce",
        Takes::Fixed("nonce"),
    ),
    sink("Fernet", &[], 0, "key", Takes::Key),
    sink("AESGCM", &[], 0, "key", Takes::Key),
    sink("AESCCM", &[], 0, "key", Takes::Key),
    sink("ChaCha20Poly1305", &[], 0, "key", Takes::Key),
    sink("AES", &["algorithms", "cryptography"], 0, "key", Takes::Key),
    sink(
        "TripleDES",
        &["algorithms", "cryptography"],
        0,
        "key",
        Takes::Key,
    ),
    sink(
        "ChaCha20",
        &["algorithms", "cryptography"],
        0,
        "key",
        Takes::Key,
    ),
    sink("SecretBox", &[], 0, "key", Takes::Key),
    sink(
        "CBC",
        &["modes", "cryptography"],
        0,
        "initialization_vector",
        Takes::Fixed("initialization vector"),
    ),
    sink(
        "CTR",
        &["modes", "cryptography"],
        0,
        "nonce",
        Takes::Fixed("nonce"),
    ),
    sink(
        "GCM",
        &["modes", "cryptography"],
        0,
        "initialization_vector",
        Takes::Fixed("nonce"),
    ),
    sink(
        "CFB",
        &["modes", "cryptography"],
        0,
        "initialization_vector",
        Takes::Fixed("initialization vector"),
    ),
    sink(
        "OFB",
        &["modes", "cryptography"],
        0,
        "initialization_vector",
        Takes::Fixed("initialization vector"),
    ),
    sink("pbkdf2_hmac", &[], 2, "salt", Takes::Fixed("salt")),
    sink("PBKDF2", &[], 1, "salt", Takes::Fixed("salt")),
    sink("PBKDF2HMAC", &[], 2, "salt", Takes::Fixed("salt")),
    sink(
        "scrypt",
        &["hashlib", "Crypto", "Cryptodome", "KDF"],
        1,
        "salt",
        Takes::Fixed("salt"),
    ),
    sink("Scrypt", &[], 0, "salt", Takes::Fixed("salt")),
    sink("hashpw", &["bcrypt"], 1, "salt", Takes::Fixed("salt")),
    sink("URLSafeTimedSerializer", &[], 0, "secret_key", Takes::Key),
    sink("URLSafeSerializer", &[], 0, "secret_key", Takes::Key),
    sink(
        "TimedJSONWebSignatureSerializer",
        &[],
        0,
        "secret_key",
        Takes::Key,
    ),
    sink(
        "TimestampSigner",
        &["itsdangerous"],
        0,
        "secret_key",
        Takes::Key,
    ),
    sink("HTTPBasicAuth", &[], 1, "password", Takes::Password),
    sink("HTTPDigestAuth", &[], 1, "password", Takes::Password),
    sink("HTTPProxyAuth", &[], 1, "password", Takes::Password),
    sink("BasicAuth", &[], 1, "password", Takes::Password),
    sink("login", &[], 1, "password", Takes::Password),
    sink("simple_bind_s", &[], 1, "cred", Takes::Password),
    sink("Connection", &["ldap3"], 2, "password", Takes::Password),
    sink(
        "connect",
        &["cx_Oracle", "oracledb"],
        1,
        "password",
        Takes::Password,
    ),
    sink("SMTP", &["yagmail"], 1, "password", Takes::Password),
    sink("InfluxDBClient", &[], 3, "password", Takes::Password),
    sink("SMBConnection", &[], 1, "password", Takes::Password),
    sink("EncryptedCookieStorage", &[], 0, "secret_key", Takes::Key),
    sink("SignedCookieSessionFactory", &[], 0, "secret", Takes::Key),
    sink("blake2b", &[], 9, "key", Takes::Key),
    sink("blake2s", &[], 9, "key", Takes::Key),
    sink("sign", &["jws"], 1, "key", Takes::Key),
    sink("verify", &["jws"], 1, "key", Takes::Key),
    sink("encode", &["authlib"], 2, "key", Takes::Key),
    sink("TOTP", &[], 0, "s", Takes::Key),
    sink("HOTP", &[], 0, "s", Takes::Key),
    sink("setpassword", &[], 0, "pwd", Takes::Password),
    sink("username_pw_set", &[], 1, "password", Takes::Password),
    sink("PlainCredentials", &[], 1, "password", Takes::Password),
    sink("PlainTextAuthProvider", &[], 1, "password", Takes::Password),
    sink("UsernameToken", &[], 1, "password", Takes::Password),
    sink("pass_", &[], 0, "pswd", Takes::Password),
    sink("basic_auth", &["neo4j"], 1, "password", Takes::Password),
    sink("basic_auth", &[], 1, "basic_auth_password", Takes::Password),
    sink("SecretStr", &[], 0, "secret_value", Takes::Token),
    sink("SecretBytes", &[], 0, "secret_value", Takes::Token),
    sink("FTP", &["ftplib"], 2, "passwd", Takes::Password),
    sink(
        "connect",
        &["pymysql", "MySQLdb", "mysql"],
        2,
        "passwd",
        Takes::Password,
    ),
    sink("create_superuser", &[], 2, "password", Takes::NewPassword),
    sink("create_user", &[], 2, "password", Takes::NewPassword),
    sink("set_password", &[], 0, "raw_password", Takes::NewPassword),
    sink(
        "set_password",
        &["keyring"],
        2,
        "password",
        Takes::NewPassword,
    ),
    sink(
        "generate_password_hash",
        &[],
        0,
        "password",
        Takes::NewPassword,
    ),
    sink("make_password", &[], 0, "password", Takes::NewPassword),
    sink("Minio", &["minio"], 2, "secret_key", Takes::Token),
    sink("Client", &["twilio"], 1, "password", Takes::Token),
];

fn call(collector: &mut Collector<'_, '_>, node: NodeId) {
    let names = collector.names;
    let arena = names.code.arena;
    let Some(callee) = arena.children(node).next() else {
        return;
    };
    let Some(last) = last_name(names, callee) else {
        return;
    };
    let count = tree::arguments(arena, node).count();
    for sink in SINKS.iter().filter(|sink| sink.last == last) {
        // `keyring.set_password(service, user, password)` has the password elsewhere.
        let other = sink.last == "set_password" && sink.root.is_empty() && count > 1;
        if !other && is_rooted(names, callee, sink.root) {
            argument(collector, node, sink);
        }
    }
    auth_keyword(collector, node);
    let arguments: Vec<NodeId> = tree::arguments(arena, node).take(6).collect();
    collector.user_then_password(last, &arguments);
    match last {
        "getenv" | "get" | "setdefault" | "config" | "env" | "str" | "pop" | "get_env"
        | "env_var" | "get_config" | "getstr" | "cast" => fallback(collector, node),
        "getattr" => setting(collector, node),
        "add_header" | "set_header" | "putheader" | "header" | "setRawHeader" => {
            header(collector, node);
        }
        "fill" | "type" | "input_text" | "send_keys" => typed(collector, node),
        "sendline" | "send" | "write" | "sendall" => answered(collector, node),
        "run" | "start" | "Client" => issued(collector, node),
        "sha1" | "sha256" | "sha512" | "md5" | "sha384" | "sha3_256" | "blake2b" => {
            salted(collector, node);
        }
        "add_argument" | "option" | "Option" | "add_option" | "argument" => {
            option(collector, node);
        }
        "compare_digest" | "constant_time_compare" => {
            let arguments: Vec<NodeId> = tree::arguments(arena, node).collect();
            if let [left, right] = arguments.as_slice() {
                collector.compared_both(*left, *right);
            }
        }
        "b64encode" | "standard_b64encode" => {
            if let Some(value) = tree::arguments(arena, node).next() {
                collector.basic(value);
            }
        }
        _ => {}
    }
}

/// Whether the callee's qualified name, or its receiver, holds one of the names.
fn is_rooted(names: &Names<'_>, callee: NodeId, roots: &[&str]) -> bool {
    if roots.is_empty() {
        return true;
    }
    let Some(resolved) = names.resolve(callee) else {
        return false;
    };
    let path = &resolved.path[..resolved.path.len().saturating_sub(1)];
    path.iter().any(|part| roots.contains(part))
}

fn argument(collector: &mut Collector<'_, '_>, call: NodeId, sink: &Sink) {
    let code = collector.names.code;
    let arena = code.arena;
    let mut arguments = tree::arguments(arena, call);
    let keyword = |argument: NodeId| {
        arena.role(argument) == Role::KeywordArgument
            && arena
                .field(argument, Field::Name)
                .map(|it| code.text_of(it))
                == Some(sink.keyword)
    };
    let positional = tree::arguments(arena, call)
        .take(sink.at + 1)
        .take_while(|&it| arena.role(it) != Role::KeywordArgument)
        .nth(sink.at);
    let value = arguments
        .find(|&it| keyword(it))
        .and_then(|it| arena.field(it, Field::Value))
        .or(positional);
    let Some(value) = value else { return };
    match sink.takes {
        Takes::Password => collector.placed("password", Kind::Password, value, Place::Connected),
        Takes::NewPassword => collector.placed("password", Kind::Password, value, Place::Set),
        Takes::Key => collector.placed("key", Kind::CryptoKey, value, Place::Key),
        Takes::Token => collector.placed("secret", Kind::Credential, value, Place::Connected),
        Takes::Fixed(what) => collector.fixed(what, value),
    }
}

/// `auth=("user", "password")` of HTTP clients.
fn auth_keyword(collector: &mut Collector<'_, '_>, call: NodeId) {
    let code = collector.names.code;
    let arena = code.arena;
    let value = tree::arguments(arena, call)
        .filter(|&it| arena.role(it) == Role::KeywordArgument)
        .find(|&it| {
            let name = arena.field(it, Field::Name).map(|name| code.text_of(name));
            matches!(name, Some("auth" | "basic_auth" | "http_auth"))
        })
        .and_then(|it| arena.field(it, Field::Value));
    if let Some(value) = value
        && arena.role(value) == Role::Tuple
    {
        user_and_password(collector, value);
    }
}

fn user_and_password(collector: &mut Collector<'_, '_>, tuple: NodeId) {
    let parts: Vec<NodeId> = collector.names.code.arena.children(tuple).collect();
    if let [_, password] = parts.as_slice() {
        collector.placed("password", Kind::Password, *password, Place::Connected);
    }
}

/// `os.getenv("DB_PASSWORD", "...")`, `environ.setdefault(...)`, `config("X", default="...")`.
fn fallback(collector: &mut Collector<'_, '_>, call: NodeId) {
    let code = collector.names.code;
    let arena = code.arena;
    let mut arguments = tree::arguments(arena, call);
    let Some(first) = arguments.next() else {
        return;
    };
    if arena.role(first) != Role::String {
        return;
    }
    let Some((label, span)) = code::literal_name(collector.names, first) else {
        return;
    };
    let default = arguments.find_map(|it| match arena.role(it) {
        Role::KeywordArgument => {
            let name = arena.field(it, Field::Name).map(|name| code.text_of(name));
            (name == Some("default")).then(|| arena.field(it, Field::Value))?
        }
        _ => Some(it),
    });
    if let Some(default) = default {
        collector.named(&label, span, default, Place::Fallback);
    }
}

/// `request.add_header("X-Api-Key", "...")`
fn header(collector: &mut Collector<'_, '_>, call: NodeId) {
    let arguments: Vec<NodeId> = tree::arguments(collector.names.code.arena, call).collect();
    if let [name, value] = arguments.as_slice()
        && let Some((label, span)) = code::literal_name(collector.names, *name)
    {
        collector.named(&label, span, *value, Place::Bound);
    }
}

/// `getattr(settings, "SECRET_KEY", "...")`
fn setting(collector: &mut Collector<'_, '_>, call: NodeId) {
    let arguments: Vec<NodeId> = tree::arguments(collector.names.code.arena, call).collect();
    if let [_, name, default] = arguments.as_slice()
        && let Some((label, span)) = code::literal_name(collector.names, *name)
    {
        collector.named(&label, span, *default, Place::Fallback);
    }
}

/// `page.fill("#password", "...")`, `find_element(By.NAME, "password").send_keys("...")`: what is
/// typed into a field whose selector speaks of a password.
fn typed(collector: &mut Collector<'_, '_>, call: NodeId) {
    let code = collector.names.code;
    let arena = code.arena;
    let arguments: Vec<NodeId> = tree::arguments(arena, call).collect();
    let callee = arena.children(call).next();
    let receiver = callee.and_then(|callee| arena.children(callee).next());
    let (selector, value) = match (arguments.as_slice(), receiver) {
        ([selector, value], _) => (*selector, *value),
        ([value], Some(receiver)) if arena.role(receiver) == Role::Call => (receiver, *value),
        _ => return,
    };
    let names_field = arena.subtree(selector).any(|id| {
        arena.role(id) == Role::String
            && ["passw", "Passw", "PASSW"]
                .iter()
                .any(|stem| code.text_of(id).contains(stem))
    });
    if names_field {
        collector.placed("password", Kind::Password, value, Place::Connected);
    }
}

/// `child.expect("password:")`, then `child.sendline("...")`.
fn answered(collector: &mut Collector<'_, '_>, call: NodeId) {
    let code = collector.names.code;
    let arena = code.arena;
    let block = |id: &NodeId| matches!(arena.role(*id), Role::Block | Role::Module);
    let mut at = call;
    let Some(holder) = arena.ancestors(call).find(|id| {
        let found = block(id);
        if !found {
            at = *id;
        }
        found
    }) else {
        return;
    };
    let before = arena.children(holder).take_while(|&id| id != at).last();
    let asks = before.is_some_and(|id| {
        let text = code.text_of(id);
        ["expect", "read_until", "until("]
            .iter()
            .any(|verb| text.contains(verb))
            && ["assword:", "assword.*", "assphrase:"]
                .iter()
                .any(|word| text.contains(word))
    });
    let value = tree::arguments(arena, call).next();
    if let (Some(value), true) = (value, asks) {
        let value = match arena.role(value) {
            Role::Binary => arena.field(value, Field::Left).unwrap_or(value),
            _ => value,
        };
        collector.placed("password", Kind::Password, value, Place::Connected);
    }
}

/// What bots and clients of services are started with, told by its format: the three parts of
/// Discord's token, the secret beside an account of Twilio.
fn issued(collector: &mut Collector<'_, '_>, call: NodeId) {
    let names = collector.names;
    let arguments: Vec<NodeId> = tree::arguments(names.code.arena, call).take(3).collect();
    let text = |node: NodeId| code::fold(names, node, false).map(|folded| folded.text);
    let is_token = |text: &str| {
        let parts: Vec<usize> = text.split('.').map(str::len).collect();
        matches!(parts.as_slice(), [23..=28, 6, 27..=40])
    };
    let is_account = |text: &str| text.len() == 34 && text.starts_with("AC") && text.is_ascii();
    let secret = match arguments.as_slice() {
        [token] | [token, _] if text(*token).is_some_and(|text| is_token(&text)) => *token,
        [account, secret, ..] if text(*account).is_some_and(|text| is_account(&text)) => *secret,
        _ => return,
    };
    collector.placed("token", Kind::Token, secret, Place::Connected);
}

/// `sha256((salt + password).encode())` with a salt that is always the same.
fn salted(collector: &mut Collector<'_, '_>, call: NodeId) {
    let names = collector.names;
    let code = names.code;
    let arena = code.arena;
    let Some(argument) = tree::arguments(arena, call).next() else {
        return;
    };
    let parts: Vec<NodeId> = arena
        .subtree(argument)
        .filter(|&id| arena.role(id) == Role::Identifier)
        .collect();
    let salt = parts.iter().copied().find(|&id| {
        let name = code.text_of(id).to_ascii_lowercase();
        (name == "salt" || name.ends_with("_salt")) && parts.len() > 1
    });
    if let Some(salt) = salt {
        collector.fixed("salt", salt);
    }
}

/// `add_argument("--password", default="...")`.
fn option(collector: &mut Collector<'_, '_>, call: NodeId) {
    let code = collector.names.code;
    let arena = code.arena;
    let default = tree::arguments(arena, call)
        .filter(|&it| arena.role(it) == Role::KeywordArgument)
        .find(|&it| arena.field(it, Field::Name).map(|name| code.text_of(name)) == Some("default"))
        .and_then(|it| arena.field(it, Field::Value));
    let Some(default) = default else { return };
    let options: Vec<NodeId> = tree::arguments(arena, call)
        .filter(|&it| arena.role(it) == Role::String)
        .collect();
    for option in options {
        if let Some((label, span)) = code::literal_name(collector.names, option) {
            let label = label.trim_start_matches('-').to_owned();
            collector.named(&label, span, default, Place::Fallback);
        }
    }
}
