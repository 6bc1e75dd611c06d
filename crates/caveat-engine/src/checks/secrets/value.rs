//! What a value is: nothing secret, a placeholder, a weak word, a likely password, random text.
//!
//! Every reason to reject states a fact of how texts are written: templates are filled in later,
//! sentences are read by people, paths name files. This module knows values and the words of the
//! name they stand under, not places.

use super::name::{self, Kind, Name};
use super::{encoding, random, words};

/// What a value is, from least to most secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// No secret whatever its name.
    Rejected,
    /// Repeats its own name, as constants that name a field do.
    Naming,
    /// Asks to be replaced.
    Placeholder,
    /// A word or a number that may be a weak secret and may be anything else.
    Word,
    /// A weak password that many people use.
    Common,
    /// Mixes letters, digits and signs as passwords and keys do.
    Plausible,
    /// Drawn at random.
    Random,
}

/// Longest value that is looked at, in bytes; a longer one is data.
const LONGEST: usize = 4096;

/// What `text` is as the value of `name`.
pub fn classify(text: &str, name: &Name) -> Value {
    if name.kind == Kind::Token
        && let Some(password) = basic_password(text)
    {
        let value = classify(&password, &Name::of_place(Kind::Password));
        // A user has it, so a common one is one.
        return match value {
            Value::Common => Value::Plausible,
            _ => value,
        };
    }
    let text = without_scheme(text.trim(), name);
    let text = text.strip_prefix("base64:").unwrap_or(text);
    if text.len() < 3 || text.len() > LONGEST || is_empty_shape(text) || is_template(text) {
        return Value::Rejected;
    }
    if is_reference(text) || is_place(text) || is_code(text) || is_public(text) {
        return Value::Rejected;
    }
    if text.contains(char::is_whitespace) {
        return spaced(text, name);
    }
    if !text.is_ascii() {
        let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
        return match has_digit && name.kind == Kind::Password {
            true => Value::Plausible,
            false => Value::Rejected,
        };
    }
    let lower = text.to_ascii_lowercase();
    if is_setting(&lower) {
        return Value::Rejected;
    }
    let parts = name::words(text);
    if is_constant_name(text) && !has_placeholder(&parts, &lower) {
        return Value::Rejected;
    }
    if is_identity(text, name) || is_spelled_name(text) {
        return Value::Rejected;
    }
    if random::is_random(text) {
        return Value::Random;
    }
    if has_placeholder(&parts, &lower) {
        return Value::Placeholder;
    }
    let names_only = parts.iter().all(|part| words::is_naming(part));
    if words::is_common(&lower) && !names_only {
        return Value::Common;
    }
    if is_field(text, &parts, name) {
        return Value::Naming;
    }
    // Fields are called in one word, `camelCase` or `snake_case`; `my-jwt-secret` is made up.
    let made_up = parts
        .iter()
        .any(|part| part == "my" || part.starts_with("mysecret"))
        || name.kind == Kind::CryptoKey && text.contains('-');
    let free = matches!(name.kind, Kind::Password | Kind::CryptoKey) || name.is_secret();
    if names_only && made_up && free {
        return Value::Common;
    }
    if repeats_name(&parts, name) {
        return Value::Naming;
    }
    if lower == "secret" && matches!(name.kind, Kind::Password | Kind::CryptoKey) {
        return Value::Common;
    }
    if names_only {
        return Value::Naming;
    }
    mixed(text, &parts, name)
}

/// The password in `Basic dXNlcjpwYXNzd29yZA==`.
fn basic_password(text: &str) -> Option<String> {
    let encoded = text.trim().strip_prefix("Basic ")?;
    let plain = String::from_utf8(encoding::base64(encoded)?).ok()?;
    let (_, password) = plain.split_once(':')?;
    Some(password.to_owned())
}

/// `Bearer x` and `Basic x` hold x.
fn without_scheme<'t>(text: &'t str, name: &Name) -> &'t str {
    if name.kind != Kind::Token {
        return text;
    }
    ["Bearer ", "bearer ", "Basic ", "basic ", "Token ", "token "]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .map_or(text, str::trim)
}

/// Switches on and off what a name with `password` in it does.
fn is_setting(lower: &str) -> bool {
    matches!(
        lower,
        "true"
            | "false"
            | "none"
            | "null"
            | "nil"
            | "yes"
            | "off"
            | "auto"
            | "always"
            | "never"
            | "once"
            | "required"
            | "optional"
            | "enabled"
            | "disabled"
            | "enable"
            | "disable"
            | "inherit"
            | "include"
            | "prompt"
            | "ask"
            | "hidden"
            | "visible"
            | "same-origin"
            | "on_create"
            | "omit"
            | "undefined"
            | "unset"
            | "absent"
            | "present"
            | "n/a"
    )
}

/// Masks, dots, angle brackets: written where a value is left out.
fn is_empty_shape(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next().unwrap_or(' ');
    let repeated = chars.all(|c| c == first) && !first.is_ascii_digit();
    let x_run = ["xxxx", "XXXX", "****", "....", "----", "____", "••"];
    let bracketed = [('<', '>'), ('[', ']'), ('{', '}')]
        .iter()
        .any(|&(open, close)| text.starts_with(open) && text.ends_with(close));
    repeated
        || bracketed
        || text.ends_with("...")
        || text.contains('…')
        || x_run.iter().any(|run| text.contains(run))
}

fn is_template(text: &str) -> bool {
    let holes = [
        "${", "$(", "#{", "{{", "}}", "<%", "%>", "%(", "{%", "%s", "{0}", "{}", "$ENV",
    ];
    let percent = text.starts_with('%') && text.ends_with('%');
    let variable = text.strip_prefix('$').is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    });
    percent || variable || holes.iter().any(|hole| text.contains(hole)) || has_brace_name(text)
}

/// `{name}` within the text.
fn has_brace_name(text: &str) -> bool {
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        rest = &rest[open + 1..];
        let Some(close) = rest.find('}') else { break };
        let inner = &rest[..close];
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.![]\"'-:".contains(&byte);
        if !inner.is_empty() && inner.bytes().all(is_name) {
            return true;
        }
    }
    false
}

/// Points to where the secret is kept.
fn is_reference(text: &str) -> bool {
    const LEADS: &[&str] = &[
        "vault:",
        "op://",
        "ref+",
        "arn:",
        "env:",
        "env.",
        "ENV[",
        "ENC[",
        "secret://",
        "ssm:",
        "awssm:",
        "gcpsm:",
        "sm://",
        "file:",
        "keyring:",
        "process.env",
        "os.environ",
        "secrets.",
        "var.",
        "local.",
        "data.",
        "module.",
        "$ANSIBLE_VAULT",
        "@Microsoft.KeyVault",
        "!vault",
        "projects/",
        "doppler://",
        "azurekeyvault",
        "urn:",
        "did:",
        "bws://",
        "!secret ",
        "!env ",
        "kubernetes://",
        "valueFrom",
        "{cipher}",
        "AgA",
        "age1",
        "pass:",
        "lookup(",
    ];
    LEADS.iter().any(|lead| text.starts_with(lead))
}

/// Paths, addresses, files, host names, media types.
fn is_place(text: &str) -> bool {
    if text.contains("://") || text.starts_with('/') || text.starts_with("~/") {
        return true;
    }
    if text.starts_with("./") || text.starts_with("../") || text.contains(":\\") {
        return true;
    }
    let segments: Vec<&str> = text.split('/').collect();
    let plain = |part: &&str| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphabetic() || b"_-.".contains(&byte))
    };
    if segments.len() > 1 && segments.iter().all(plain) {
        return true;
    }
    is_dotted(text) || is_mail(text) || is_clock(text) || is_namespaced(text)
}

/// `mdi:lock`: a name in a space of names.
fn is_namespaced(text: &str) -> bool {
    let word = |part: &str| {
        part.len() > 1
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    text.split_once(':')
        .is_some_and(|(space, name)| word(space) && word(name))
}

/// `django.contrib.auth`, `settings.json`, `db.example.com`: words between dots.
fn is_dotted(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let word = |part: &&str| {
        let letters = part.bytes().filter(u8::is_ascii_alphabetic).count();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-*:".contains(&byte);
        part.bytes().all(fits)
            && !random::is_random(part)
            && (letters * 2 > part.len() || part.len() < 4)
    };
    let some_word = parts.iter().any(|part| part.len() > 1);
    parts.len() > 1
        && some_word
        && parts.iter().all(word)
        && parts.iter().all(|part| part.len() < 30)
}

fn is_mail(text: &str) -> bool {
    let Some((user, host)) = text.split_once('@') else {
        return false;
    };
    let ending = host.rsplit_once('.').map_or("", |(_, ending)| ending);
    !user.is_empty()
        && !host.contains('@')
        && ending.len() > 1
        && ending.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Dates, times and versions.
fn is_clock(text: &str) -> bool {
    let signs = text.bytes().filter(|byte| b"-:./".contains(byte)).count();
    let other = |byte: u8| !byte.is_ascii_digit() && !b"-:./TZv+".contains(&byte);
    signs > 1 && !text.bytes().any(other)
}

/// Expressions: regular, selectors, code, SQL, markup.
fn is_code(text: &str) -> bool {
    const SIGNS: &[&str] = &[
        "(?",
        "\\w",
        "\\d",
        "\\s",
        "\\b",
        "[a-z",
        "[A-Z",
        "[0-9",
        "[^",
        ".*",
        ".+",
        "()",
        "::",
        "->",
        "=>",
        "&&",
        "||",
        "==",
        "</",
        "/>",
        "[@",
        "*=",
        "');",
        "[data-",
        ");",
        "function(",
        "lambda ",
        "\\\\",
        "\\n-",
    ];
    let call = text.ends_with(')') && text.contains('(');
    let assigned = text.split_once('=').is_some_and(|(name, value)| {
        value.len() > 1 && !value.starts_with('=') && super::name::classify(name).is_some()
    });
    call || assigned
        || SIGNS.iter().any(|sign| text.contains(sign))
        || text.starts_with(['#', '@', '-']) && !text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Made to be shown: public keys, certificates, hashes of passwords.
fn is_public(text: &str) -> bool {
    const LEADS: &[&str] = &[
        "ssh-rsa ",
        "ssh-ed25519 ",
        "ecdsa-sha2",
        "-----BEGIN CERT",
        "-----BEGIN PUBLIC",
        "-----BEGIN RSA PUBLIC",
        "-----BEGIN PGP PUBLIC",
        "$2a$",
        "$2b$",
        "$2y$",
        "$argon2",
        "$scrypt$",
        "$pbkdf2",
        "$1$",
        "$5$",
        "$6$",
        "$y$",
        "pbkdf2_",
        "pbkdf2:",
        "scrypt:",
        "{SSHA",
        "{SHA",
        "bcrypt",
        "argon2",
        "sha256-",
        "sha384-",
        "sha512-",
        "sha1:",
        "sha256:",
        "sha512:",
        "md5:",
        "md5$",
        "pk_",
        "pk.",
        "did:key:",
        "AAAAB3Nza",
        "AAAAC3Nza",
        "MIIBIjAN",
        "MFkwEwYH",
    ];
    LEADS.iter().any(|lead| text.starts_with(lead))
}

/// Texts with blanks are read by people, but for passphrases and groups of an app's password.
fn spaced(text: &str, name: &Name) -> Value {
    if name.kind == Kind::CryptoKey && !text.contains('\n') {
        return key_phrase(text);
    }
    if text.contains('\n') || !matches!(name.kind, Kind::Password | Kind::CryptoKey) {
        return Value::Rejected;
    }
    let parts: Vec<&str> = text.split_whitespace().collect();
    let groups = parts.len() > 2
        && parts
            .iter()
            .all(|part| part.len() == 4 && part.bytes().all(|b| b.is_ascii_lowercase()));
    if groups {
        return Value::Plausible;
    }
    let lower: Vec<String> = parts.iter().map(|part| part.to_ascii_lowercase()).collect();
    let is_sentence = lower.iter().any(|part| {
        let word = part.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        words::SENTENCE.contains(&word) || word.is_empty() || words::PLACEHOLDERS.contains(&word)
    });
    let plain = |part: &&str| {
        part.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!@#$%&*-_".contains(&b))
    };
    let is_title = parts[0].starts_with(|c: char| c.is_ascii_uppercase())
        && !text.bytes().any(|byte| byte.is_ascii_digit());
    if is_sentence || is_title || !parts.iter().all(plain) {
        return Value::Rejected;
    }
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    match parts.len() >= 4 || has_digit && text.len() >= 8 {
        true => Value::Plausible,
        false => Value::Rejected,
    }
}

/// A key may be any text; what tells the reader to do something is a message.
fn key_phrase(text: &str) -> Value {
    const TELLING: &[&str] = &[
        "please", "enter", "must", "invalid", "missing", "required", "error", "failed", "cannot",
        "not", "should", "set",
    ];
    let lower = text.to_ascii_lowercase();
    let tells = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| TELLING.contains(&word));
    match tells || text.len() > 80 || !text.is_ascii() {
        true => Value::Rejected,
        false => Value::Common,
    }
}

/// `JWT_SECRET`, `AUTH-TOKEN`: the name of a variable.
fn is_constant_name(text: &str) -> bool {
    let parts: Vec<&str> = text.split('_').collect();
    let fits = |part: &&str| {
        part.bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            && !part.is_empty()
    };
    let letters = parts
        .iter()
        .filter(|part| part.bytes().all(|b| b.is_ascii_uppercase()))
        .count();
    parts.len() > 1 && parts.iter().all(fits) && letters * 2 > parts.len()
}

/// `PGPASSWORD`: a name of secrets in capitals is that of a variable.
fn is_spelled_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_uppercase()) && name::classify(text).is_some()
}

fn has_placeholder(parts: &[String], lower: &str) -> bool {
    let is_one = |part: &String| words::PLACEHOLDERS.contains(&strip_digits(part));
    parts.iter().any(is_one)
        || lower.contains("changeme")
        || lower.contains("change_this")
        || lower.starts_with("your")
        || lower.contains("replace")
}

fn strip_digits(word: &str) -> &str {
    word.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// Whether the value is its own name or the end of it: `CLIENT_SECRET = "client_secret"`.
fn repeats_name(parts: &[String], name: &Name) -> bool {
    if parts.is_empty() || name.words.is_empty() {
        return parts.is_empty();
    }
    let all_known = parts.iter().all(|part| name.words.contains(part));
    match name.kind {
        Kind::CryptoKey => name.words.ends_with(parts) && parts.len() > 1,
        _ => all_known,
    }
}

/// `password_incompatible`, `set_guest_wifi_password`: `snake_case` with a name of secrets among
/// its words is the name of a field, a setting or an error.
fn is_field(text: &str, parts: &[String], name: &Name) -> bool {
    const NAMED: &[&str] = &[
        "password",
        "passwords",
        "passwd",
        "passphrase",
        "token",
        "tokens",
        "secret",
        "key",
        "credential",
        "credentials",
        "auth",
    ];
    const MADE_UP: &[&str] = &["my", "super", "very", "top", "some", "insecure", "dev"];
    let has = |list: &[&str]| parts.iter().any(|part| list.contains(&part.as_str()));
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let excused = name.kind == Kind::CryptoKey && has(MADE_UP);
    let humps = parts.len() > 2
        && text[1..].contains(|c: char| c.is_ascii_uppercase())
        && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    (text.contains('_') && plain || humps) && has(NAMED) && !excused
}

/// Identifiers of things look random, too: under a weak name they are no secrets.
fn is_identity(text: &str, name: &Name) -> bool {
    let uuid = text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    uuid && name.kind == Kind::Token
}

/// Letters only are a word; with digits or signs a password may be meant.
fn mixed(text: &str, parts: &[String], name: &Name) -> Value {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
    let lower = text.bytes().any(|byte| byte.is_ascii_lowercase());
    let letters = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    let signs = text
        .bytes()
        .filter(|byte| !byte.is_ascii_alphanumeric())
        .count();
    let strong_signs = text
        .bytes()
        .filter(|byte| b"!@#$%^&*?~+".contains(byte))
        .count();
    if digits == text.len() {
        return match name.kind == Kind::Password && is_counted(text) {
            true => Value::Common,
            false => Value::Word,
        };
    }
    // `Passwort`: the label of a field.
    let rest_is_small = text[1..].bytes().all(|byte| byte.is_ascii_lowercase());
    if text.starts_with(|c: char| c.is_ascii_uppercase()) && rest_is_small {
        return Value::Rejected;
    }
    let phrase = parts.len() > 3 && digits > 1 && name.is_secret();
    if is_words_with_version(text, parts) && !phrase || !letters {
        return Value::Word;
    }
    // As long as the key of a cipher, and typed as fast as possible.
    if name.kind == Kind::CryptoKey && matches!(text.len(), 16 | 24 | 32 | 64) {
        return Value::Common;
    }
    if random::is_run(text) && text.len() > 20 {
        return Value::Rejected;
    }
    match name.kind {
        Kind::Password | Kind::CryptoKey => {
            let mixes = digits > 0 || strong_signs > 0 && (signs < 4 || upper && lower);
            let made = parts.iter().any(|part| is_secret_word(part));
            match () {
                _ if mixes && text.len() >= 5 => Value::Plausible,
                _ if made && text.len() >= 5 => Value::Common,
                _ => Value::Word,
            }
        }
        Kind::Credential | Kind::Token => match digits > 1 && text.len() >= 12 {
            // A phrase with a number, which no name of a thing has.
            true if is_wordy(text, parts) && parts.len() > 3 && name.is_secret() => Value::Common,
            true if is_wordy(text, parts) => Value::Word,
            true => Value::Plausible,
            false if parts.iter().any(|part| is_shuffled(part)) => Value::Plausible,
            false => match parts.iter().any(|part| is_secret_word(part)) && text.len() > 9 {
                true => Value::Common,
                false => Value::Word,
            },
        },
    }
}

/// `4c1d9e7f`: letters and digits by turns, which no word with a number behind it has.
fn is_shuffled(part: &str) -> bool {
    let is_digit: Vec<bool> = part.bytes().map(|byte| byte.is_ascii_digit()).collect();
    let turns = is_digit
        .windows(2)
        .filter(|pair| pair[0] != pair[1])
        .count();
    part.len() > 6 && turns > 3
}

/// `123456`, `111111`, `654321`: typed along the keys.
fn is_counted(text: &str) -> bool {
    let bytes = text.as_bytes();
    let along = |step: u8| {
        bytes.windows(2).all(|pair| {
            let next = (pair[0] - b'0' + step) % 10;
            pair[1] - b'0' == next
        })
    };
    bytes.len() > 3 && (along(0) || along(1) || along(9))
        || matches!(text, "123123" | "121212" | "112233")
}

/// `shop_pw`, `mysecret`, `supersecretkey`: says itself that it is a secret.
fn is_secret_word(part: &str) -> bool {
    matches!(part, "pw" | "pwd" | "pass")
        || part.len() > 6 && (part.contains("secret") || part.contains("password"))
}

/// Words with a number behind: `pDischarge1`, `prod-key-2024`.
fn is_wordy(text: &str, parts: &[String]) -> bool {
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let word = |part: &String| {
        let letters = strip_digits(part);
        is_number(part)
            || letters.bytes().all(|byte| byte.is_ascii_lowercase()) && letters.len() > 1
    };
    parts.iter().all(word) && random::surprise(text) < 4.9
}

/// `my_table_v2`, `level-2`: words, of which the last is the number of a version.
fn is_words_with_version(text: &str, parts: &[String]) -> bool {
    let Some((last, before)) = parts.split_last() else {
        return true;
    };
    let digits = last.strip_prefix('v').unwrap_or(last);
    let is_version = digits.len() < 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let stem = text.strip_suffix(digits).unwrap_or(text);
    let plain = |byte: u8| byte.is_ascii_lowercase() || b"_-".contains(&byte);
    is_version && before.len() > 1 && stem.bytes().all(plain) && stem.ends_with(['_', '-', 'v'])
}
