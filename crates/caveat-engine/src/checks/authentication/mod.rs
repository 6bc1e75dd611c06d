//! Defects of authentication that are there although something is checked: checks that accept
//! whatever is sent, that fall open, that leave out too much, that believe what the client says
//! about itself.
//!
//! Each looks at one function. Whether routes have guards at all is told elsewhere
//! ([`crate::routes`]).

mod body;
mod credentials;
mod fail_open;
mod jwt;
mod role;

use super::{Check, FileView, Hit};

/// Parts of names of functions that say who may pass.
const GUARDS: &[&str] = &[
    "=login",
    "=signin",
    "=sign_in",
    "=log_in",
    "=logon",
    "=auth",
    "=verify",
    "=valid",
    "=check",
    "=require",
    "=token",
    "=current_user",
    "=protect",
    "=guard",
    "=middleware",
    "=permission",
    "=role",
    "=scope",
    "=privilege",
    "=allow",
    "=access",
    "=admin",
    "=is_",
    "=has_",
    "=can_",
    "=ensure",
    "=enforce",
    "=dispatch",
    "=before",
    "=__call__",
    "before_request",
    "middleware(",
    "before_app_request",
];

/// Checks of credentials that only look whether something was sent.
pub static UNCOMPARED: Check = check(
    "credentials-not-compared",
    GUARDS,
    |text| {
        has(
            text,
            &["passw", "pwd", "token", "key", "auth", "credential", "jwt"],
        )
    },
    credentials::uncompared,
);

/// Passwords that are compared as they were typed.
pub static PLAINTEXT: Check = check(
    "password-compared-in-plaintext",
    &["*passw", "*pwd", "*passcode"],
    |text| {
        has(
            text,
            &[
                "==",
                "!=",
                "filter",
                "select ",
                "objects.get",
                "find_one",
                "get_or_none",
            ],
        )
    },
    credentials::plaintext,
);

/// Sessions that are signed in without any check.
pub static SESSION: Check = check(
    "session-granted-without-check",
    &["session[", "login_user", "session.insert", "login(request"],
    |text| has(text, &["] =", "login", ".insert("]),
    role::session,
);

/// Decisions that rest on what the client says about its role.
pub static ROLE: Check = check(
    "role-from-request",
    &[
        "*role\"",
        "*role'",
        "*admin\"",
        "*admin'",
        "*staff\"",
        "*superuser\"",
        "*user_role",
        "*user-type\"",
        "*user_type\"",
        "*access_level",
    ],
    |text| has(text, &["req", "header", "cookie"]) && has(text, &["==", "!=", " in "]),
    role::decision,
);

/// New accounts that choose their own role.
pub static ASSIGNED: Check = check(
    "role-assigned-from-request",
    &[
        "=register",
        "=signup",
        "=sign_up",
        "=registration",
        "*/register",
        "*/signup",
        "*/sign-up",
        "*/sign_up",
    ],
    |text| {
        has(
            text,
            &["role", "admin", "staff", "superuser", "**", "user_type"],
        )
    },
    role::assignment,
);

/// Checks that let everybody pass where nothing is configured or something fails.
pub static FAIL_OPEN: Check = check(
    "authentication-fails-open",
    GUARDS,
    |text| {
        has(
            text,
            &[
                "key",
                "token",
                "secret",
                "debug",
                "except",
                "err",
                "unwrap_or",
                "dev",
                "skip",
                "bypass",
            ],
        )
    },
    fail_open::branches,
);

/// Exemptions that are tested on parts of paths.
pub static EXEMPTION: Check = check(
    "authentication-exemption-too-broad",
    GUARDS,
    |text| has(text, &["path", "endpoint", "url", "uri"]),
    fail_open::exemptions,
);

/// Guards that never look at the role or permission they are given.
pub static IGNORED: Check = check(
    "guard-ignores-argument",
    GUARDS,
    |text| has(text, &["role", "perm", "scope", "privilege"]),
    role::ignored,
);

/// Tokens whose signature nobody checks.
pub static UNVERIFIED: Check = check(
    "jwt-unverified",
    &[
        "verify_signature",
        "get_unverified_claims",
        "verify",
        "insecure_disable_signature_validation",
        "*insecure_decode",
        "*unverified",
        "*unsafe_decode",
        "*verify_signature",
        "jwt",
        "b64decode",
        "urlsafe_b64decode",
    ],
    |text| has(text, &["decode", "insecure", "unverified"]),
    jwt::unverified,
);

/// Tokens that are good for ever.
pub static NO_EXPIRY: Check = check(
    "jwt-without-expiry",
    &[
        "jwt",
        "*verify_exp",
        "validate_exp",
        "JWT_ACCESS_TOKEN_EXPIRES",
        "create_access_token",
        "EncodingKey",
    ],
    |text| has(text, &["encode", "_exp", "expires"]),
    jwt::without_expiry,
);

/// Whether a text has one of the words, in any case.
fn has(text: &str, words: &[&str]) -> bool {
    body::speaks_of(text, words)
}

const fn check(
    name: &'static str,
    triggers: &'static [&'static str],
    glance: fn(&str) -> bool,
    run: fn(&FileView<'_>, &mut Vec<Hit>),
) -> Check {
    Check {
        name,
        languages: &["python", "rust"],
        triggers,
        whole_file: &[],
        needs_class: false,
        glance: Some(glance),
        run,
    }
}
