//! Dictionary literals that give a key twice: the first value is lost.

use std::collections::{HashMap, HashSet};

use caveat_parser::lang::Role;
use caveat_parser::{Code, Constant, Names, NodeId};

use super::{Check, FileView, Hit};

/// Reports keys that stand twice in a dictionary literal, with different values.
pub static CHECK: Check = Check {
    name: "duplicate-key",
    languages: &["python"],
    triggers: &["\":", "':"],
    whole_file: &[],
    needs_class: false,
    glance: Some(may_repeat),
    run,
};

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let arena = names.code.arena;
    for dict in arena.ids().filter(|&id| arena.role(id) == Role::Dict) {
        repeated(names, dict, hits);
    }
}

/// An item of a dictionary: its key, its value.
type Item = (NodeId, NodeId);

fn repeated(names: &Names<'_>, dict: NodeId, hits: &mut Vec<Hit>) {
    let code = names.code;
    let arena = code.arena;
    let mut seen: HashMap<String, Item> = HashMap::new();
    for pair in arena.children(dict) {
        if arena.role(pair) != Role::Pair {
            // What is unpacked may be meant to be overridden.
            seen.clear();
            continue;
        }
        let mut parts = arena.children(pair);
        let (Some(key), Some(value)) = (parts.next(), parts.last()) else {
            continue;
        };
        let Some(constant) = names.literal(key).as_ref().and_then(identity) else {
            continue;
        };
        let Some((first, lost)) = seen.insert(constant, (key, value)) else {
            continue;
        };
        if !is_same(code, lost, value) {
            hits.push(Hit {
                related: vec![(arena.span(first), "its first value is lost".to_owned())],
                ..Hit::at(arena.span(key)).word("KEY", code.text_of(key))
            });
        }
    }
}

/// Whether some pair of braces holds a text or a number twice with a colon after it. It reads
/// strings, comments and brackets, nothing else.
fn may_repeat(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut open: Vec<HashSet<&str>> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'#' => at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |to| at + to),
            b'{' | b'[' | b'(' => open.push(HashSet::new()),
            b'}' | b']' | b')' => {
                open.pop();
            }
            b'"' | b'\'' => at = string_end(bytes, start),
            b'0'..=b'9' => {
                let digits = bytes[at..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric());
                at += digits.count();
            }
            _ => continue,
        }
        let is_key = || {
            let rest = bytes[at..].trim_ascii_start();
            matches!(byte, b'"' | b'\'' | b'0'..=b'9') && rest.first() == Some(&b':')
        };
        if let Some(keys) = open.last_mut()
            && is_key()
        {
            let key = text.get(start..at).unwrap_or_default();
            if !keys.insert(key.trim_matches(['"', '\''])) {
                return true;
            }
        }
    }
    false
}

/// Where the string ends that begins with the quote at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let quote = bytes[start];
    let long = bytes[start..].starts_with(&[quote; 3]);
    let closing: &[u8] = if long { &[quote; 3] } else { &[quote] };
    let mut at = start + closing.len();
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'\n' if !long => return at,
            _ if bytes[at..].starts_with(closing) => return at + closing.len(),
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Equal for keys that are one key of a dictionary: `1` and `True` are, `1` and `"1"` are not.
fn identity(key: &Constant) -> Option<String> {
    Some(match key {
        Constant::Int(number) => format!("n{number}"),
        Constant::Bool(truth) => format!("n{}", u8::from(*truth)),
        Constant::Str(text) => format!("s{text}"),
        Constant::Bytes(bytes) => format!("b{bytes}"),
        Constant::None => "none".to_owned(),
        Constant::Float(_) | Constant::List(_) | Constant::Dict(_) => return None,
    })
}

fn is_same(code: Code<'_>, one: NodeId, other: NodeId) -> bool {
    code.text_of(one) == code.text_of(other)
}
