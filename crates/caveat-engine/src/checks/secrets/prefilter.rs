//! Which occurrences of a name's stem can matter, told from the text around them alone, so that
//! the other functions of a file are never parsed.
//!
//! A name can matter if it promises a secret ([`name::classify`]) and a literal stands near: on
//! its line or, where the line goes on, on the next. The analysis asks the same question again, so
//! that a finding never depends on why a function was parsed.

use caveat_parser::Span;
use memchr::{memchr, memchr2, memmem, memrchr};

use super::name;

/// Longest look ahead within a line, in bytes.
const REACH: usize = 300;

/// Whether the stem at `start..end` belongs to such a name.
pub fn matters(text: &[u8], start: usize, end: usize) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let mut from = start;
    while from > 0 && is_part(text[from - 1]) && start - from < 80 {
        from -= 1;
    }
    let mut to = end;
    while to < text.len() && is_part(text[to]) && to - end < 80 {
        to += 1;
    }
    near_literal(text, from, to)
        && std::str::from_utf8(&text[from..to]).is_ok_and(|word| {
            // A function that gets a secret is called after it.
            let bare = word.strip_prefix("get_").unwrap_or(word);
            name::classify(bare).is_some() || name::is_people(word)
        })
}

/// The same for a name that stands at a span.
pub fn name_matters(text: &str, span: Span) -> bool {
    matters(text.as_bytes(), span.start as usize, span.end as usize)
}

fn near_literal(text: &[u8], from: usize, to: usize) -> bool {
    let limit = text.len().min(to + REACH);
    let line = &text[to..memchr(b'\n', &text[to..limit]).map_or(limit, |at| to + at)];
    // The quote that closes a name which is a string itself.
    let rest = match line.first() {
        Some(b'"' | b'\'') => &line[1..],
        _ => line,
    };
    if holds_literal(rest, false) || compares_before(text, from) {
        return true;
    }
    if compares_constant(text, from, to, line) {
        return true;
    }
    let code = rest.trim_ascii_end();
    match code.last() {
        // The arms of a `match` stand on the lines below.
        Some(b'{') => {
            let first = next_line(text, to + line.len());
            let after = first.as_ptr() as usize - text.as_ptr() as usize + first.len();
            let second = next_line(text, after);
            holds_literal(first, true) || holds_literal(second, true)
        }
        Some(b'(' | b'[' | b'=' | b',' | b'\\' | b'>' | b':' | b'|') => {
            holds_literal(next_line(text, to + line.len()), true)
        }
        _ => names_literal(text, rest),
    }
}

/// Whether a quote, or a list of numbers, follows a sign that binds.
fn holds_literal(line: &[u8], mut bound: bool) -> bool {
    for (at, &byte) in line.iter().enumerate() {
        match byte {
            b'[' if bound && is_number_list(&line[at + 1..]) => return true,
            b'=' | b':' | b',' | b'(' | b'[' | b'{' | b')' => bound = true,
            b'"' | b'\'' if bound => return true,
            _ => {}
        }
    }
    false
}

fn is_number_list(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    rest.is_empty() || rest[0].is_ascii_digit()
}

/// `given == NAME`, where `NAME = "..."` stands somewhere in the file.
fn compares_constant(text: &[u8], from: usize, to: usize, line: &[u8]) -> bool {
    let low = from.saturating_sub(REACH);
    let start = memrchr(b'\n', &text[low..from]).map_or(low, |at| low + at + 1);
    let parts = [&text[start..from], line];
    let compares = COMPARING
        .iter()
        .any(|sign| parts.iter().any(|part| memmem::find(part, sign).is_some()));
    compares && is_bound(text, &text[from..to])
}

/// What compares two texts.
const COMPARING: &[&[u8]] = &[b"==", b"!=", b"compare", b"_eq(", b"are_equal("];

/// `"literal" == name`, `table.get(user) == name`.
fn compares_before(text: &[u8], from: usize) -> bool {
    let low = from.saturating_sub(REACH);
    let start = memrchr(b'\n', &text[low..from]).map_or(low, |at| low + at + 1);
    let before = &text[start..from];
    let sign = memmem::find(before, b"==").or_else(|| memmem::find(before, b"!="));
    sign.is_some_and(|at| {
        memchr2(b'"', b'\'', &before[..at]).is_some()
            || memmem::find(&before[..at], b".get(").is_some()
            || memchr(b'[', &before[..at]).is_some()
    })
}

/// The next line that is not empty.
fn next_line(text: &[u8], mut at: usize) -> &[u8] {
    while at < text.len() && text[at].is_ascii_whitespace() {
        at += 1;
    }
    let limit = text.len().min(at + REACH);
    &text[at..memchr(b'\n', &text[at..limit]).map_or(limit, |end| at + end)]
}

/// `password=pw`, where `pw = "..."` stands somewhere in the file.
fn names_literal(text: &[u8], rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    let Some(after) = rest
        .strip_prefix(b"=")
        .or_else(|| rest.strip_prefix(b"("))
        .or_else(|| rest.strip_prefix(b":"))
    else {
        return false;
    };
    let after = after.trim_ascii_start();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let length = after.iter().take_while(|&byte| is_part(byte)).count();
    let ends = after
        .get(length)
        .is_none_or(|byte| b",) ;\r".contains(byte));
    let word = &after[..length];
    if !ends || length == 0 || length > 40 || matches!(word, b"None" | b"self" | b"str") {
        return false;
    }
    is_bound(text, word)
}

/// Whether the file binds the name to a literal.
fn is_bound(text: &[u8], word: &[u8]) -> bool {
    [
        &b" = \""[..],
        b" = '",
        b"=\"",
        b": &str = \"",
        b": str = \"",
        b" = b\"",
    ]
    .iter()
    .any(|tail| memmem::find(text, &[word, tail].concat()).is_some())
}
