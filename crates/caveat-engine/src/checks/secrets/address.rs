//! Passwords in addresses: `scheme://user:password@host`.
//!
//! Templates, masks and the words of documentation (`user:pass@host`) are no passwords.

use caveat_parser::Span;
use caveat_parser::lang::Role;
use caveat_parser::{Names, NodeId};

use super::commands::Found;
use super::judge::Place;
use super::name::{self, Kind, Name};
use super::value::{self, Value};
use super::{random, words};
use crate::checks::{Check, FileView, Hit};
use crate::rule::{Confidence, Severity};

/// Reports passwords in addresses.
pub static CHECK: Check = Check {
    name: "credential-in-url",
    languages: &[],
    // Counts only where user information follows; see `prefilter`.
    triggers: &["@://"],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run,
};

/// Longest user information that is looked at, in bytes.
const LONGEST: usize = 300;

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    match view.names {
        Some(names) => in_code(names, hits),
        // Servers of a workflow live as long as a test run.
        None if super::files::is_configuration(view.path)
            && !view.path.contains(".github/workflows/") =>
        {
            for line in super::files::lines(view.text) {
                let content = line.text(view.text);
                if !super::files::is_comment(content)
                    && !content.trim_start().starts_with("example")
                {
                    in_text(view.text, line, hits);
                }
            }
        }
        None => {}
    }
}

fn in_code(names: &Names<'_>, hits: &mut Vec<Hit>) {
    let arena = names.code.arena;
    for id in arena.ids() {
        if arena.role(id) == Role::String && !is_document(names, id) {
            in_text(names.code.text, arena.span(id), hits);
        }
    }
}

/// A string that is a statement of its own documents something.
pub fn is_document(names: &Names<'_>, id: NodeId) -> bool {
    let arena = names.code.arena;
    arena
        .parent(id)
        .is_some_and(|parent| matches!(arena.role(parent), Role::Block | Role::Module))
        && arena.language.name() == "python"
}

fn in_text(text: &str, part: Span, hits: &mut Vec<Hit>) {
    let mut at = part.start as usize;
    while let Some(found) = text[at..part.end as usize].find("://") {
        let sign = at + found;
        at = sign + 3;
        if let Some(hit) = password_at(text, sign, part.end as usize) {
            hits.push(hit);
        }
    }
}

/// Whether `user:password@` may follow the `://` at `start..end`.
pub fn may_follow(text: &[u8], end: usize) -> bool {
    let rest = &text[end..text.len().min(end + LONGEST)];
    let stop = rest
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || b"\"'/<>`".contains(byte));
    let rest = &rest[..stop.unwrap_or(rest.len())];
    match rest.iter().rposition(|&byte| byte == b'@') {
        Some(at) => rest[..at].contains(&b':'),
        None => false,
    }
}

fn password_at(text: &str, sign: usize, end: usize) -> Option<Hit> {
    let bytes = text.as_bytes();
    if !may_follow(&bytes[..end], sign + 3) {
        return None;
    }
    let scheme_start = bytes[..sign]
        .iter()
        .rposition(|byte| !byte.is_ascii_alphanumeric() && !b"+-.".contains(byte))
        .map_or(0, |at| at + 1);
    let scheme = &text[scheme_start..sign];
    let rest = &text[sign + 3..end];
    let stop = rest
        .find(|c: char| c.is_whitespace() || "\"'/<>`".contains(c))
        .unwrap_or(rest.len());
    let (info, host) = rest[..stop].rsplit_once('@')?;
    let (user, password) = info.split_once(':')?;
    let (severity, confidence) = grade(user, password, host)?;
    let start = (sign + 3 + user.len() + 1) as u32;
    Some(Hit {
        severity: Some(severity),
        confidence: Some(confidence),
        ..Hit::at(Span::new(start, start + password.len() as u32))
            .word("SCHEME", if scheme.is_empty() { "URL" } else { scheme })
    })
}

fn grade(user: &str, password: &str, host: &str) -> Option<(Severity, Confidence)> {
    let open = |text: &str| text.contains(['{', '}', '$', '%', '(', '*', '[', '\\']);
    if open(user) || host.contains([']', '[']) && !host.starts_with('[') {
        return None;
    }
    let percent = password.contains("%s") || password.contains("%(");
    if percent || open(&password.replace('%', "")) || password.is_empty() {
        return None;
    }
    let name = host.split([':', '/', '?', ',']).next().unwrap_or(host);
    let told = matches!(
        name,
        "host" | "hostname" | "server" | "domain" | "proxy" | ""
    ) || name.contains("example")
        || name.contains("your");
    let word = matches!(
        user,
        "user" | "username" | "usr" | "name" | "u" | "login" | "USER" | "foo"
    ) || user.contains("your");
    match value::classify(password, &Name::of_place(Kind::Password)) {
        Value::Random | Value::Plausible if !told || !word => {
            Some((Severity::High, Confidence::High))
        }
        Value::Common | Value::Word if !(told || word && words::is_naming(password)) => {
            Some((Severity::Medium, Confidence::Medium))
        }
        Value::Placeholder if !told && !word && is_near(name) => {
            Some((Severity::Medium, Confidence::Medium))
        }
        // `user:password@localhost` says what an address looks like.
        Value::Naming if !told && !word && is_near(name) => {
            Some((Severity::Medium, Confidence::Medium))
        }
        _ => None,
    }
}

/// Random values under the names of keys in the query of an address:
/// `https://api.example.org/v1?appid=...`.
pub fn query(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let is_address = text.contains("://") || text.starts_with('/');
    let (head, query) = match text.split_once('?') {
        Some((head, query)) if is_address => (head.len() + 1, query),
        // The body of a form.
        _ if !is_address && text.contains('&') && !text.contains([' ', ';']) => (0, text),
        _ => return found,
    };
    let is_web = text.starts_with("http") || text.starts_with('/');
    let mut at = head;
    for part in query.split('&') {
        let start = at;
        at += part.len() + 1;
        let Some((key, value)) = part.split_once('=') else {
            continue;
        };
        let named = matches!(key, "appid" | "key" | "sig" | "code" | "subscription-key")
            || name::classify(key).is_some();
        let value = value.split(['#', ' ', '"', '\'', '<']).next().unwrap_or("");
        let logs_in = !is_web && matches!(key, "password" | "passwd" | "pwd");
        if logs_in && !value.is_empty() {
            let from = (start + key.len() + 1) as u32;
            found.push(Found {
                key: Some(key.to_owned()),
                value: value.to_owned(),
                span: Span::new(from, from + value.len() as u32),
                place: Place::Connected,
            });
        } else if named && random::is_random(value) {
            let from = (start + key.len() + 1) as u32;
            found.push(Found {
                key: Some(key.to_owned()),
                value: value.to_owned(),
                span: Span::new(from, from + value.len() as u32),
                place: Place::Bound,
            });
        }
    }
    found
}

/// A host that the program really talks to: this machine, or a neighbour without a domain.
fn is_near(host: &str) -> bool {
    host == "localhost" || host.starts_with("127.") || !host.contains('.')
}
