//! What names suggest: the words of identifiers and paths, and which of them speak of
//! authentication, of changes, of things that are public by design.
//!
//! Names are evidence of the weaker kind: they decide only where code cannot be read, and then
//! on the quiet side.

/// The words of an identifier or path, in lower case: `AdminUser`, `get_api_key`, `/api/users`.
pub fn split(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            (open, was_lower) = (false, false);
            continue;
        }
        if !open || (c.is_uppercase() && was_lower) {
            words.push(String::new());
            open = true;
        }
        was_lower = c.is_lowercase() || c.is_ascii_digit();
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words
}

/// Words that alone make a decorator, parameter or middleware look like a guard.
const GUARD: &[&str] = &[
    "access",
    "acl",
    "admin",
    "apikey",
    "auth",
    "authed",
    "authenticate",
    "authenticated",
    "authentication",
    "authenticator",
    "authorise",
    "authorize",
    "authorized",
    "authorization",
    "authn",
    "authz",
    "bearer",
    "caller",
    "claims",
    "credential",
    "credentials",
    "guard",
    "guarded",
    "guest",
    "identity",
    "jwt",
    "key",
    "logged",
    "login",
    "member",
    "oauth",
    "oauth2",
    "oidc",
    "owner",
    "perm",
    "permission",
    "permissions",
    "perms",
    "policy",
    "principal",
    "private",
    "protect",
    "protected",
    "rbac",
    "require",
    "required",
    "requires",
    "restrict",
    "restricted",
    "role",
    "roles",
    "scope",
    "scopes",
    "secret",
    "secure",
    "secured",
    "security",
    "session",
    "signature",
    "signed",
    "sso",
    "staff",
    "superuser",
    "tenant",
    "token",
    "trusted",
    "user",
    "users",
    "verified",
    "verify",
];

/// Words that say that it is something else.
const OTHER: &[&str] = &[
    "agent",
    "anonymous",
    "async",
    "cache",
    "cached",
    "commit",
    "connection",
    "consumes",
    "cors",
    "csrf",
    "database",
    "header",
    "headers",
    "db",
    "exempt",
    "factory",
    "form",
    "http",
    "json",
    "limit",
    "limiter",
    "log",
    "logging",
    "maker",
    "methods",
    "optional",
    "public",
    "rate",
    "ratelimit",
    "sql",
    "store",
    "throttle",
];

/// Whether what cannot be read may be a guard, by its name.
pub fn may_guard(name: &str) -> bool {
    let words = split(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&&**word));
    has(GUARD) && !has(OTHER)
}

/// Whether a name says that the thing has nothing to do with who is asking.
pub fn is_other(name: &str) -> bool {
    split(name).iter().any(|word| {
        matches!(
            &**word,
            "csrf" | "cors" | "limit" | "limiter" | "throttle" | "cache" | "logging" | "gzip"
        )
    })
}

/// Whether a hook looks at where a request comes from, which says nothing about who sends it.
pub fn is_of_address(name: &str) -> bool {
    split(name).iter().any(|word| {
        matches!(
            &**word,
            "host" | "hosts" | "ip" | "ips" | "addr" | "address" | "origin" | "origins"
        )
    })
}

/// Whether a path holds something that only those know who may use it.
pub fn has_capability(path: &str) -> bool {
    let parts = path
        .split('/')
        .filter(|part| part.contains(['{', '<', ':']));
    parts.flat_map(split).any(|word| {
        matches!(
            &*word,
            "token" | "key" | "secret" | "signature" | "hash" | "sig" | "hmac" | "nonce" | "signed"
        )
    })
}

/// Words that speak of who somebody is or what they may do, and of nothing else.
const IDENTITY: &[&str] = &[
    "admin",
    "auth",
    "authenticated",
    "authenticate",
    "authentication",
    "authorise",
    "authorize",
    "authorized",
    "authorization",
    "credentials",
    "jwt",
    "login",
    "logged",
    "permission",
    "permissions",
    "perm",
    "perms",
    "role",
    "roles",
    "staff",
    "superuser",
    "owner",
    "rbac",
    "principal",
    "unauthorized",
    "claims",
    "bearer",
    "identity",
    "apikey",
    "allowed",
];

/// Words with which a check begins.
const CHECK: &[&str] = &[
    "assert",
    "authenticate",
    "authorize",
    "authorise",
    "can",
    "check",
    "compare",
    "current",
    "decode",
    "demand",
    "enforce",
    "ensure",
    "get",
    "guard",
    "has",
    "is",
    "must",
    "need",
    "protect",
    "require",
    "required",
    "resolve",
    "test",
    "validate",
    "verify",
    "extract",
    "load",
    "unsign",
    "loads",
];

/// What a check may be about, besides [`IDENTITY`].
const CHECKED: &[&str] = &[
    "access",
    "key",
    "password",
    "scope",
    "secret",
    "session",
    "signature",
    "token",
    "user",
    "webhook",
    "digest",
    "csrf",
];

/// Whether a call of that name in a body is a check of who is asking, as far as the name says.
pub fn is_check(name: &str) -> bool {
    let words = split(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&&**word));
    let first = words.first().is_some_and(|word| CHECK.contains(&&**word));
    (first && (has(IDENTITY) || has(CHECKED)))
        || words.iter().any(|word| {
            matches!(
                &**word,
                "authenticate"
                    | "authorize"
                    | "authorise"
                    | "authorized"
                    | "permission"
                    | "permissions"
            )
        })
}

/// Whether a function of that name promises that nobody passes who is not signed in.
pub fn promises(name: &str) -> bool {
    let words = split(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&&**word));
    let first = words.first().is_some_and(|word| CHECK.contains(&&**word))
        || has(&["required", "requires", "only"]);
    let current_user = has(&["current"]) && has(&["user", "admin"]);
    let who = has(IDENTITY) || has(&["token"]) || has(&["api"]) && has(&["key"]);
    let aside = has(&[
        "from",
        "app",
        "manager",
        "service",
        "method",
        "decorator",
        "client",
        "header",
        "headers",
        "optional",
        "scheme",
        "backend",
    ]);
    first && (current_user || who) && !aside && !has(OTHER)
}

/// Names of values that tell who is asking.
pub fn is_identity(name: &str) -> bool {
    let words = split(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&&**word));
    has(IDENTITY)
        || matches!(
            name,
            "current_user"
                | "session"
                | "user"
                | "token"
                | "api_key"
                | "headers"
                | "cookies"
                | "g"
                | "credential"
                | "user_id"
                | "current_account"
                | "account"
                | "signature"
                | "secret"
        )
        || words.windows(2).any(|two| {
            matches!(
                (&*two[0], &*two[1]),
                ("current", "user")
                    | ("api", "key")
                    | ("api", "token")
                    | ("access", "token")
                    | ("auth", "token")
                    | ("request", "user")
                    | ("session", "user")
            )
        })
}

/// Words of a name that say that something is changed.
const CHANGE: &[&str] = &[
    "add",
    "append",
    "apply",
    "approve",
    "archive",
    "assign",
    "ban",
    "cancel",
    "clear",
    "commit",
    "create",
    "deactivate",
    "delete",
    "deploy",
    "destroy",
    "disable",
    "drop",
    "edit",
    "enable",
    "enqueue",
    "erase",
    "execute",
    "flush",
    "grant",
    "import",
    "insert",
    "install",
    "invite",
    "kill",
    "merge",
    "modify",
    "move",
    "patch",
    "persist",
    "provision",
    "publish",
    "purge",
    "put",
    "reboot",
    "register",
    "reload",
    "remove",
    "rename",
    "replace",
    "reset",
    "restart",
    "restore",
    "revoke",
    "rotate",
    "save",
    "schedule",
    "send",
    "set",
    "shutdown",
    "spawn",
    "start",
    "stop",
    "store",
    "submit",
    "terminate",
    "toggle",
    "transfer",
    "trigger",
    "truncate",
    "uninstall",
    "unlink",
    "unregister",
    "update",
    "upload",
    "upsert",
    "wipe",
    "write",
];

/// Whether a call of that name changes something, as far as the name says.
pub fn is_change(name: &str) -> bool {
    split(name)
        .first()
        .is_some_and(|word| CHANGE.contains(&&**word))
}

/// Whether a path says that the thing is for administrators or for nobody outside.
pub fn is_privileged(path: &str) -> bool {
    const WORDS: &[&str] = &[
        "admin",
        "administration",
        "debug",
        "internal",
        "secrets",
        "terminal",
    ];
    split(path).iter().any(|word| WORDS.contains(&&**word))
}

/// Why a route is open to everybody by design, as far as path and handler say.
pub fn public_reason(path: &str, handler: &str) -> Option<&'static str> {
    if has_capability(path) {
        return Some("access by a link or token");
    }
    let route = split(path);
    let name = split(handler);
    let in_route = |word: &str| route.iter().any(|it| it == word);
    let any = |word: &str| in_route(word) || name.iter().any(|it| it == word);
    let one = |words: &[&str]| words.iter().any(|word| any(word));
    let last = path
        .rsplit('/')
        .find(|part| !part.is_empty() && !part.starts_with(['{', '<', ':']));
    let last = split(last.unwrap_or("")).join("_");
    let ends = |words: &[&str]| words.contains(&&*last) || words.contains(&&*name.join("_"));
    if one(&[
        "login",
        "prelogin",
        "logout",
        "signin",
        "signup",
        "signout",
        "logon",
        "register",
        "registration",
        "authenticate",
    ]) || (any("sign") && one(&["in", "up", "out"]))
        || (any("log") && one(&["in", "out"]))
    {
        return Some("sign-in");
    }
    let creates = name
        .iter()
        .any(|it| matches!(&**it, "create" | "add" | "new" | "post"));
    if creates && ends(&["users", "user", "accounts", "account"]) && !any("admin") {
        return Some("sign-up");
    }
    if one(&[
        "oauth", "oauth2", "oidc", "saml", "sso", "openid", "callback", "jwks", "passkey",
        "webauthn", "otp", "totp", "mfa", "magic", "pair", "pairing",
    ]) || ends(&[
        "authorize",
        "token",
        "tokens_new",
        "auth",
        "session",
        "sessions",
        "login_access_token",
        "refresh",
        "refresh_token",
        "token_refresh",
        "get_token",
    ]) {
        return Some("sign-in protocol");
    }
    if one(&["password", "passwd"]) && one(&["reset", "forgot", "forgotten", "hint", "lost"])
        || one(&["recover", "recovery"])
        || one(&[
            "forgot",
            "activate",
            "activation",
            "unsubscribe",
            "subscribe",
            "newsletter",
            "confirm",
            "invitation",
        ])
        || one(&["verify", "verification", "confirmation"])
            && one(&["email", "account", "user", "token", "code", "phone"])
    {
        return Some("account recovery or confirmation");
    }
    if one(&[
        "captcha",
        "health",
        "healthz",
        "healthcheck",
        "livez",
        "readyz",
        "liveness",
        "readiness",
        "ping",
        "heartbeat",
        "favicon",
        "manifest",
        "robots",
        "sitemap",
        "openapi",
        "swagger",
        "redoc",
        "static",
        "assets",
        "csrf",
        "wellknown",
    ]) || ends(&[
        "version", "status", "ready", "live", "alive", "docs", "index", "home", "about", "contact",
        "metrics", "terms", "privacy",
    ]) || any("well") && any("known")
    {
        return Some("service page");
    }
    if one(&["webhook", "webhooks", "hook", "ipn"]) {
        return Some("webhook");
    }
    if in_route("access")
        || last.ends_with("_token")
        || in_route("auth") && one(&["request", "requests"])
    {
        return Some("access by a link or token");
    }
    if one(&[
        "share", "shared", "badge", "feed", "rss", "embed", "public", "widget", "track", "beacon",
        "csp",
    ]) {
        return Some("public content");
    }
    if one(&[
        "setup",
        "onboarding",
        "install",
        "bootstrap",
        "wizard",
        "contact",
        "feedback",
    ]) {
        return Some("first use or contact");
    }
    if one(&["error", "errorhandler"])
        && name.iter().any(|word| word == "error" || word == "handler")
    {
        return Some("error page");
    }
    None
}
