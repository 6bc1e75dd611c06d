//! From a name, a value and a place to a verdict: which rule, how bad, how sure.
//!
//! The rule for placeholders is the one that matters in code that machines write: where the
//! program itself decides what the secret is (a signing key, a password that it sets or compares,
//! the fallback for a setting), `changeme` is a secret that works, and is reported. Where
//! somebody else issues it, `your-api-key` cannot work, and is not.

use caveat_parser::Span;

use super::name::{Kind, Name};
use super::value::{self, Value};
use super::words;
use crate::finding::Fix;
use crate::rule::{Confidence, Severity};

/// The rules that share the analysis of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// `hardcoded-password`
    Password,
    /// `hardcoded-credential`
    Credential,
    /// `hardcoded-crypto-key`
    CryptoKey,
    /// `default-credential`
    Default,
    /// `static-iv-or-salt`
    Fixed,
}

/// How a literal stands to the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The name is bound to it: assignment, field, parameter default, pair, keyword.
    Bound,
    /// It is handed to something that logs in, or stands beside a user and a host.
    Connected,
    /// It is used where the environment or the settings give nothing.
    Fallback,
    /// Something given is compared with it.
    Compared,
    /// The program, or a server, takes it as its own secret from now on.
    Set,
    /// It is the key of a cipher, a MAC or a signature.
    Key,
}

/// A literal that may be a secret.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Bytes of the file that hold the value, without quotes.
    pub span: Span,
    /// What it is called, for the message.
    pub label: String,
    /// What the name promises.
    pub name: Name,
    /// The value, folded.
    pub text: String,
    /// How it stands to the name.
    pub place: Place,
    /// A way out.
    pub fix: Option<Fix>,
}

/// A secret found.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Rule that reports it.
    pub which: Which,
    /// Bytes that hold the value.
    pub span: Span,
    /// What it is called.
    pub label: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// A way out.
    pub fix: Option<Fix>,
}

type Grade = (Severity, Confidence);

const HIGH: Option<Grade> = Some((Severity::High, Confidence::High));
const MEDIUM: Option<Grade> = Some((Severity::Medium, Confidence::Medium));
const LOW: Option<Grade> = Some((Severity::Low, Confidence::Low));

/// The verdict on a candidate; `None` if it is no secret.
pub fn judge(candidate: Candidate) -> Option<Secret> {
    let value = value::classify(&candidate.text, &candidate.name);
    let mut candidate = candidate;
    // What is called a default is what holds without settings.
    if candidate.place == Place::Bound && candidate.name.has("default") {
        candidate.place = Place::Fallback;
    }
    let (severity, confidence) = match (candidate.place, candidate.name.kind) {
        (Place::Key, _) => key(value, &candidate.text),
        (place, Kind::Password) => password(value, place, &candidate),
        (place, Kind::CryptoKey) => crypto_key(value, place, &candidate.name),
        (place, Kind::Credential) => credential(value, place, &candidate),
        (place, Kind::Token) => token(value, place, &candidate),
    }?;
    let which = match candidate.name.kind {
        _ if is_default(&candidate, value) => Which::Default,
        Kind::Password => Which::Password,
        Kind::CryptoKey => Which::CryptoKey,
        Kind::Credential | Kind::Token => Which::Credential,
    };
    Some(Secret {
        which,
        span: candidate.span,
        label: candidate.label,
        severity,
        confidence,
        fix: candidate.fix,
    })
}

/// What a cipher, a MAC or a signature is given is its key, however it looks.
fn key(value: Value, text: &str) -> Option<Grade> {
    match value {
        Value::Random | Value::Plausible => HIGH,
        Value::Rejected if text.is_empty() || text.contains("-----BEGIN") => None,
        Value::Rejected if text.contains("{}") || text.contains("${") => None,
        _ => MEDIUM,
    }
}

fn password(value: Value, place: Place, candidate: &Candidate) -> Option<Grade> {
    let user_works = !matches!(place, Place::Bound);
    if candidate.name.is_pin() {
        return pin(&candidate.text);
    }
    match value {
        Value::Random | Value::Plausible => HIGH,
        Value::Common if candidate.name.plural && !user_works => LOW,
        // Says itself that no real account has it.
        Value::Common if is_of_tests(&candidate.text) && !accepts(place) => LOW,
        Value::Common => MEDIUM,
        Value::Word if place == Place::Compared && candidate.text.len() < 6 => LOW,
        Value::Word if user_works => MEDIUM,
        Value::Word => LOW,
        Value::Placeholder if accepts(place) => MEDIUM,
        Value::Placeholder if user_works && is_delivered(&candidate.text) => MEDIUM,
        Value::Naming if is_plain_password(&candidate.text) && accepts(place) => MEDIUM,
        _ => None,
    }
}

fn is_of_tests(text: &str) -> bool {
    matches!(text, "test" | "testing" | "tester" | "testtest" | "Test")
}

/// A personal number: the digits of a whole one.
fn pin(text: &str) -> Option<Grade> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let placeholder = text.bytes().all(|byte| byte == text.as_bytes()[0]);
    (digits && (4..=8).contains(&text.len()) && !placeholder).then_some(())?;
    MEDIUM
}

/// `password` itself is a common password, where nothing but a password can stand.
fn is_plain_password(text: &str) -> bool {
    matches!(
        text.to_ascii_lowercase().as_str(),
        "password" | "passwd" | "pass" | "secret" | "admin" | "default"
    )
}

/// `changeme`: some products are delivered with it.
fn is_delivered(text: &str) -> bool {
    matches!(
        text.to_ascii_lowercase().as_str(),
        "changeme" | "changeit" | "change_me"
    )
}

/// Whether the program works with any value at this place.
fn accepts(place: Place) -> bool {
    matches!(
        place,
        Place::Fallback | Place::Compared | Place::Set | Place::Key
    )
}

fn crypto_key(value: Value, place: Place, name: &Name) -> Option<Grade> {
    // The key under which something lies in a session or cookie is called so, too.
    let may_be_field =
        (name.has("session") || name.has("cookie") || name.has("private")) && !name.has("secret");
    match value {
        Value::Random | Value::Plausible => HIGH,
        Value::Common | Value::Placeholder if !may_be_field => MEDIUM,
        Value::Word if !may_be_field && place == Place::Bound && name.plural => LOW,
        Value::Word if !may_be_field => MEDIUM,
        Value::Naming if !may_be_field && accepts(place) => MEDIUM,
        _ => None,
    }
}

/// A word with a number was made up for this place.
fn has_number(text: &str) -> bool {
    let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    text.len() > 5 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
}

fn credential(value: Value, place: Place, candidate: &Candidate) -> Option<Grade> {
    let name = &candidate.name;
    let is_secret = name.is_secret();
    match value {
        Value::Random => HIGH,
        // A list of `secrets` names them, more often than not.
        _ if name.plural && name.has("secrets") => None,
        Value::Plausible if name.plural => MEDIUM,
        Value::Plausible => HIGH,
        Value::Common if is_secret || place == Place::Compared => MEDIUM,
        Value::Placeholder | Value::Word if place == Place::Compared => MEDIUM,
        Value::Placeholder | Value::Word if is_secret && place == Place::Fallback => MEDIUM,
        Value::Word if place == Place::Fallback && has_number(&candidate.text) => MEDIUM,
        // Whoever logs in with an issued pair has written both parts.
        Value::Common if place != Place::Bound => MEDIUM,
        Value::Common => LOW,
        _ => None,
    }
}

fn token(value: Value, place: Place, candidate: &Candidate) -> Option<Grade> {
    let text = &candidate.text;
    let shown = place == Place::Compared && text.contains(' ');
    // `token` alone is a word of grammars; `X-Admin-Token` is asked for.
    let asked = matches!(place, Place::Compared | Place::Fallback)
        && candidate.name.words.len() > 1
        && has_number(text);
    match value {
        // `Bearer my-token`, compared with what a caller sent.
        Value::Naming | Value::Placeholder | Value::Word if shown => MEDIUM,
        Value::Random => HIGH,
        Value::Plausible => MEDIUM,
        Value::Word if asked => MEDIUM,
        Value::Common if place == Place::Compared => MEDIUM,
        Value::Common => LOW,
        _ => None,
    }
}

/// What products are delivered with, at a place where it logs somebody in.
fn is_default(candidate: &Candidate, value: Value) -> bool {
    const DEFAULTS: &[&str] = &[
        "admin",
        "administrator",
        "changeit",
        "changeme",
        "default",
        "elastic",
        "guest",
        "minioadmin",
        "mysql",
        "neo4j",
        "pass",
        "password",
        "postgres",
        "postgresql",
        "rabbitmq",
        "raspberry",
        "root",
        "toor",
        "ubnt",
        "vagrant",
        "admin123",
        "airflow",
        "jenkins",
        "tomcat",
        "zabbix",
        "grafana",
        "redis",
        "mongo",
        "mongodb",
        "oracle",
        "user",
        "minio",
        "root123",
    ];
    debug_assert!(words::is_common("admin"));
    candidate.name.kind == Kind::Password
        && candidate.place != Place::Bound
        && value <= Value::Common
        && DEFAULTS.contains(&candidate.text.to_ascii_lowercase().as_str())
}
