//! What a name says of the value that it names: a password, a key, a token, or nothing secret.
//!
//! A name is read as words, and its last word decides: `password_hint` is a hint and `api_key` a
//! key. A few words anywhere take the meaning back: a public key is no secret. This module knows
//! names only, not values and not places.

use super::words;

/// What kind of secret a name promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Proves that somebody is who they say: password, passphrase.
    Password,
    /// Signs or encrypts: the program itself decides what it is, so any text works.
    CryptoKey,
    /// Issued by somebody else, such as an API key or a client secret; or a plain `secret`.
    Credential,
    /// A token or authorization, a word with many innocent meanings.
    Token,
}

/// A name that promises a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Its words, in lower case.
    pub words: Vec<String>,
    /// What it promises.
    pub kind: Kind,
    /// Whether it names several.
    pub plural: bool,
}

impl Name {
    /// Whether one of the words is that.
    pub fn has(&self, word: &str) -> bool {
        self.words.iter().any(|own| own == word)
    }

    /// Whether it is called a secret, and nothing more special.
    pub fn is_secret(&self) -> bool {
        self.words.last().is_some_and(|word| word == "secret")
    }

    /// Whether it names a personal number: digits, and nothing else.
    pub fn is_pin(&self) -> bool {
        let last = self.words.last().map(String::as_str);
        matches!(last, Some("pin" | "pincode"))
    }

    /// A name that a place promises whatever it is called, such as the argument of a login.
    pub fn of_place(kind: Kind) -> Name {
        Name {
            words: Vec::new(),
            kind,
            plural: false,
        }
    }
}

/// Reads a name; `None` if it promises no secret.
pub fn classify(text: &str) -> Option<Name> {
    if text.len() < 2 || text.len() > 80 {
        return None;
    }
    let mut words = words(text);
    while words
        .last()
        .is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
    {
        words.pop();
    }
    if let Some(last) = words.last_mut() {
        let kept = last.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        last.truncate(kept);
    }
    let last = words.last()?.as_str();
    if words.iter().any(|word| words::is_neutral(word)) || words::is_lead(&words[0]) {
        return None;
    }
    let before = &words[..words.len() - 1];
    let (kind, plural) = kind_of(last, before)?;
    Some(Name {
        words,
        kind,
        plural,
    })
}

fn kind_of(last: &str, before: &[String]) -> Option<(Kind, bool)> {
    let is_number = |word: &&String| word.bytes().all(|byte| byte.is_ascii_digit());
    let previous = before.iter().rfind(|word| !is_number(word));
    let previous = previous.map(String::as_str);
    let follows = |list: &[&str]| previous.is_some_and(|word| list.contains(&word));
    let any = |list: &[&str]| before.iter().any(|word| list.contains(&word.as_str()));
    let staged = matches!(
        previous,
        Some("live" | "test" | "prod" | "production" | "dev")
    );
    let one = |kind| Some((kind, false));
    match last {
        "password" | "passwd" | "pwd" | "passphrase" | "passcode" | "psw" | "pswd" | "passwort"
        | "requirepass" | "psk" => one(Kind::Password),
        "pw" if previous.is_none_or(|word| words::ACCOUNTS.contains(&word)) => one(Kind::Password),
        "pass" if previous.is_none_or(|word| words::ACCOUNTS.contains(&word)) => {
            one(Kind::Password)
        }
        "pin" | "pincode" if previous.is_none_or(|word| words::PIN_OWNERS.contains(&word)) => {
            one(Kind::Password)
        }
        "passwords" | "passwds" | "passphrases" => Some((Kind::Password, true)),
        "secret" if follows(words::SIGNING) || any(words::CIPHERS) => one(Kind::CryptoKey),
        "secret" => one(Kind::Credential),
        "secrets" => Some((Kind::Credential, true)),
        "pepper" if !before.is_empty() => one(Kind::CryptoKey),
        "key" if previous == Some("secret") && any(words::ISSUERS) => one(Kind::Credential),
        "key" | "keys"
            if follows(words::SIGNING) || any(words::CIPHERS) || previous == Some("secret") =>
        {
            Some((Kind::CryptoKey, last == "keys"))
        }
        "key" | "keys"
            if follows(words::ISSUED)
                || follows(words::ISSUERS)
                || staged && (any(words::ISSUED) || any(words::ISSUERS)) =>
        {
            Some((Kind::Credential, last == "keys"))
        }
        "token" | "jwt" | "bearer" => one(Kind::Token),
        // A personal access token.
        "pat" if follows(words::ISSUERS) => one(Kind::Token),
        "tokens" => Some((Kind::Token, true)),
        "authorization" | "auth" if before.len() < 3 => one(Kind::Token),
        "credential" | "cred" => one(Kind::Token),
        "credentials" | "creds" | "logins" => Some((Kind::Token, true)),
        _ => None,
    }
}

/// Whether a name is that of who logs in or where: beside it, a password is one that works.
pub fn is_login(text: &str) -> bool {
    let words = words(text);
    let last = words.last().map_or("", String::as_str);
    matches!(
        last,
        "user" | "username" | "login" | "host" | "hostname" | "email" | "uname" | "usr"
    )
}

/// Whether a name is that of a table of people, who may have passwords.
pub fn is_people(text: &str) -> bool {
    let words = words(text);
    let last = words.last().map_or("", String::as_str);
    matches!(
        last,
        "users" | "accounts" | "logins" | "credentials" | "creds" | "passwords" | "admins"
    )
}

/// The words of a name: cut at signs and at the humps of `camelCase`, in lower case, with what
/// people write together (`apikey`, `dbpassword`) taken apart.
pub fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        let bytes = part.as_bytes();
        let mut start = 0;
        for at in 1..bytes.len() {
            let (before, here) = (bytes[at - 1], bytes[at]);
            let next_is_lower = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            let hump = here.is_ascii_uppercase()
                && (!before.is_ascii_uppercase() || next_is_lower)
                && !before.is_ascii_digit();
            if hump {
                push(&mut found, &part[start..at]);
                start = at;
            }
        }
        push(&mut found, &part[start..]);
    }
    found
}

fn push(found: &mut Vec<String>, word: &str) {
    if word.is_empty() {
        return;
    }
    let word = word.to_ascii_lowercase();
    for &(tail, parts) in words::JOINED {
        if let Some(head) = word.strip_suffix(tail) {
            if !head.is_empty() && head.len() < 2 {
                continue;
            }
            if !head.is_empty() {
                found.push(head.to_owned());
            }
            found.extend(parts.iter().map(|&part| part.to_owned()));
            return;
        }
    }
    for tail in ["pass", "pw"] {
        if let Some(head) = word.strip_suffix(tail)
            && words::ACCOUNTS.contains(&head)
        {
            found.push(head.to_owned());
            found.push(tail.to_owned());
            return;
        }
    }
    found.push(word);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |name: &str, kind: Option<Kind>| {
            assert_eq!(classify(name).map(|it| it.kind), kind, "{name}");
        };
        for name in [
            "password",
            "DB_PASS",
            "dbPassword",
            "adminpw",
            "PGPASSWORD",
            "password2",
            "MYSQL_ROOT_PASSWORD",
            "spring.datasource.password",
            "pass",
            "requirepass",
        ] {
            check(name, Some(Kind::Password));
        }
        for name in [
            "SECRET_KEY",
            "jwt_secret",
            "encryptionKey",
            "AES_KEY",
            "COOKIE_SECRET",
        ] {
            check(name, Some(Kind::CryptoKey));
        }
        for name in [
            "api_key",
            "apikey",
            "X-Api-Key",
            "clientSecret",
            "OPENAI_API_KEY",
            "aws_secret_access_key",
        ] {
            check(name, Some(Kind::Credential));
        }
        check("githubToken", Some(Kind::Token));
        for name in [
            "password_hint",
            "PASSWORD_FIELD",
            "primary_key",
            "public_key",
            "eos_token",
            "csrf_token",
            "token_type",
            "aws_access_key_id",
            "compass",
            "bypass",
            "render_pass",
            "translation_key",
            "sort_key",
            "key",
            "is_secret",
            "secret_arn",
            "password_min_length",
            "keyboard",
        ] {
            check(name, None);
        }
    }
}
