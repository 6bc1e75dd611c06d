//! Secrets that stand in the text of a program: one analysis, shared by the rules about names.
//!
//! Contexts first: a literal is looked at where the syntax binds it to the name of a secret, or
//! hands it to a function that takes one ([`python`], [`rust`], [`files`]). Then its value is
//! classed ([`value`]) and a verdict given ([`judge`]). Formats of providers ([`provider`]) and
//! passwords in addresses ([`address`]) need no context and are found in any text.
//!
//! Spans of what is found cover the value and nothing else, so that every output can mask it;
//! messages name the target. Nothing here keeps or shows a value.

pub mod address;
mod code;
mod collect;
mod commands;
mod encoding;
mod files;
mod fix;
mod judge;
mod letter_pairs;
mod name;
pub mod prefilter;
pub mod provider;
mod python;
mod random;
mod rust;
mod statement;
mod value;
mod words;

use caveat_parser::{Names, Span};

use super::{Check, FileView, Hit};
use judge::{Secret, Which};

/// Parts of names of secrets, in any case (`~`), and functions that take secrets.
const TRIGGERS: &[&str] = &[
    "~pass",
    "~pwd",
    "~pw",
    "~psw",
    "~psk",
    "~secret",
    "~pepper",
    "~key",
    "~token",
    "~jwt",
    "~auth",
    "~cred",
    "~logins",
    "~_pin",
    "pin",
    "PIN",
    "~users",
    "~accounts",
    "~admins",
    "AES",
    "Fernet",
    "hmac",
    "HMAC",
    "DES",
    "DES3",
    "ARC4",
    "Blowfish",
    "ChaCha20",
    "ChaCha20_Poly1305",
    "ChaCha20Poly1305",
    "Salsa20",
    "AESGCM",
    "AESCCM",
    "TripleDES",
    "SecretBox",
    "CBC",
    "CTR",
    "GCM",
    "CFB",
    "OFB",
    "pbkdf2_hmac",
    "PBKDF2",
    "PBKDF2HMAC",
    "Scrypt",
    "scrypt",
    "hashpw",
    "URLSafeTimedSerializer",
    "URLSafeSerializer",
    "TimestampSigner",
    "HTTPBasicAuth",
    "HTTPDigestAuth",
    "HTTPProxyAuth",
    "BasicAuth",
    ".login(",
    "simple_bind_s",
    "ftplib",
    "MySQLdb",
    "pymysql",
    "create_superuser",
    "create_user",
    "generate_password_hash",
    "make_password",
    "Minio",
    "twilio",
    "EncodingKey",
    "DecodingKey",
    "new_from_slice",
    "new_from_slices",
    "%key::from",
    "%key::derive_from",
    "%key::try_from",
    "%key::new(",
    "Key::<",
    "%cipher::",
    "Aes128",
    "Aes192",
    "Aes256",
    "Aes128Gcm",
    "Aes256Gcm",
    "Aes256GcmSiv",
    "XChaCha20Poly1305",
    "GenericArray",
    "TOTP",
    "HOTP",
    "blake2b",
    "blake2s",
    "jws",
    "authlib",
    "InfluxDBClient",
    "SMBConnection",
    "EncryptedCookieStorage",
    "SignedCookieSessionFactory",
    "%login(\"",
    "%login('",
    "%\"root\", \"",
    "%\"admin\", \"",
    "%'root', '",
    "%'admin', '",
    "%\"administrator\", \"",
    "%\"postgres\", \"",
    "%\"sa\", \"",
    "%sudo -s",
    "Nonce",
    "XNonce",
    "SaltString",
    "Salt::",
    "basic_auth",
    "bearer_auth",
    "default_value",
    "Credentials::new",
    "pbkdf2",
    "Hmac",
    "hmac::Key",
    "b64encode",
    "base64",
    "BASE64",
    "userauth_password",
    "hash_password_into",
    "appid",
    "ldap3",
    "PlainCredentials",
    "UsernameToken",
    "username_pw_set",
    "pass_",
    "userpass_plaintext",
    "set_credentials",
    "simple_bind",
    "sql_server",
    "hash_raw",
    "hash_encoded",
    "hash_with_salt",
    "new_magic_crypt",
    "SecretString",
    "SecretBox",
    "%identified by '",
    "%password '",
    "%password = '",
    "%into user",
    "%into account",
    "%into admin",
    "%into customer",
    "%into login",
    "%into member",
    "%into employee",
    "%password='",
    "%password = n'",
    "%insert into",
    "%?key=",
    "%&key=",
    "%appid=",
    "%?sig=",
    "%&sig=",
    "%?code=",
    "%&code=",
    "%subscription-key=",
    "curl",
    "sshpass",
    "mysqldump",
    "mysqladmin",
    "mariadb",
    "redis-cli",
    "psql",
    "pg_dump",
    "pg_restore",
    "default_value_t",
    "default_values",
    "yagmail",
    "cx_Oracle",
    "oracledb",
    "setpassword",
    "%assword:",
    "%assword.*",
    "%assphrase:",
    "%(salt +",
    "%+ salt",
    "%{salt}",
    "%(\"ac",
    "%mysql ",
    "%\"mysql\"",
    "%'mysql'",
    "%docker ",
    "%\"docker\"",
    "%'docker'",
    "#docker",
    "#curl",
    "#mysql",
    "#identified",
    "#redis-cli",
    "#machine",
];

/// Reports literals that are passwords.
pub static PASSWORD: Check = check("hardcoded-password", |view, hits| {
    report(view, Which::Password, hits);
});

/// Reports literals that somebody issued: keys of interfaces, client secrets, tokens.
pub static CREDENTIAL: Check = check("hardcoded-credential", |view, hits| {
    report(view, Which::Credential, hits);
});

/// Reports literals that sign or encrypt.
pub static CRYPTO_KEY: Check = check("hardcoded-crypto-key", |view, hits| {
    report(view, Which::CryptoKey, hits);
});

/// Reports passwords with which products are delivered.
pub static DEFAULT: Check = check("default-credential", |view, hits| {
    report(view, Which::Default, hits);
});

/// Reports initialization vectors, nonces and salts that never change.
pub static FIXED: Check = check("static-iv-or-salt", |view, hits| {
    report(view, Which::Fixed, hits);
});

const fn check(name: &'static str, run: fn(&FileView<'_>, &mut Vec<Hit>)) -> Check {
    Check {
        name,
        languages: &[],
        triggers: TRIGGERS,
        whole_file: &[],
        needs_class: false,
        glance: None,
        run,
    }
}

/// What the analysis found in one file, in order of place, one verdict for each.
#[derive(Debug, Default)]
pub struct Found(Vec<Secret>);

fn report(view: &FileView<'_>, which: Which, hits: &mut Vec<Hit>) {
    let found = view.secrets.get_or_init(|| analyse(view));
    for secret in found.0.iter().filter(|secret| secret.which == which) {
        hits.push(Hit {
            severity: Some(secret.severity),
            confidence: Some(secret.confidence),
            fix: secret.fix.clone(),
            ..Hit::at(secret.span).word("NAME", shown(&secret.label))
        });
    }
}

/// A label as a message shows it: letters, digits and the signs of names.
fn shown(label: &str) -> String {
    let fits = |c: &char| c.is_alphanumeric() || "_-.$ ".contains(*c);
    label.chars().filter(fits).take(60).collect()
}

fn analyse(view: &FileView<'_>) -> Found {
    let mut secrets = match view.names {
        Some(names) => in_code(names),
        None => files::read(view.path, view.text),
    };
    secrets.retain(|secret| !secret.span.is_empty());
    // One verdict a place: the surest, then the worst.
    secrets.sort_by_key(|it| {
        (
            it.span.start,
            std::cmp::Reverse((it.confidence, it.severity)),
            it.which,
        )
    });
    let mut kept: Vec<Secret> = Vec::new();
    for secret in secrets {
        match kept.last() {
            Some(last) if secret.span.start < last.span.end => {}
            _ => kept.push(secret),
        }
    }
    Found(kept)
}

/// Where secrets stand in a file without a grammar; for the fuzz target of the readers.
pub fn places_in_text(path: &str, text: &str) -> Vec<Span> {
    let secrets = files::read(path, text);
    secrets.iter().map(|secret| secret.span).collect()
}

fn in_code(names: &Names<'_>) -> Vec<Secret> {
    let arena = names.code.arena;
    let visit = match arena.language.name() {
        "python" => python::visit,
        "rust" => rust::visit,
        _ => return Vec::new(),
    };
    let mut collector = collect::Collector {
        names,
        candidates: Vec::new(),
        secrets: Vec::new(),
    };
    for node in arena.ids() {
        visit(&mut collector, node);
    }
    let mut secrets = collector.secrets;
    secrets.extend(collector.candidates.into_iter().filter_map(judge::judge));
    secrets
}
