//! JSON read in one pass, with comments and final commas as editors allow: no tree is built, and
//! what is broken only ends what is open.

use caveat_parser::Span;
use caveat_parser::constant::Literal;

use super::{Reader, is_beside};
use crate::checks::secrets::name;

/// Deepest nesting; what lies deeper is read as if it lay there.
const DEEPEST: usize = 256;

/// An open object or list.
#[derive(Default)]
struct Open<'t> {
    is_object: bool,
    /// The key that waits for its value.
    key: Option<&'t str>,
    /// Entries that matter, judged when it is known what stands beside them.
    entries: Vec<(&'t str, Span)>,
    connected: bool,
    /// Values of `name` and `value`.
    name: Option<Span>,
    value: Option<Span>,
}

/// Reads all keys and values.
pub fn read(reader: &mut Reader<'_>) {
    let text = reader.text;
    let bytes = text.as_bytes();
    let mut open: Vec<Open<'_>> = vec![Open::default()];
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                let end = string_end(bytes, at + 1);
                let span = Span::new(at as u32 + 1, end as u32);
                at = end + 1;
                string(reader, &mut open, span, is_key(bytes, at));
                continue;
            }
            b'{' | b'[' if open.len() < DEEPEST => open.push(Open {
                is_object: bytes[at] == b'{',
                ..Open::default()
            }),
            b'}' | b']' if open.len() > 1 => {
                let closed = open.pop().unwrap_or_default();
                close(reader, closed);
                if let Some(top) = open.last_mut() {
                    top.key = None;
                }
            }
            b',' => {
                if let Some(top) = open.last_mut() {
                    top.key = None;
                }
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    while let Some(rest) = open.pop() {
        close(reader, rest);
    }
}

/// Offset of the quote that ends the string which begins at `at`.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = memchr::memchr2(b'"', b'\\', &bytes[at..]) {
        at += found;
        if bytes[at] == b'"' {
            return at;
        }
        at += 2;
        if at >= bytes.len() {
            break;
        }
    }
    bytes.len()
}

fn is_key(bytes: &[u8], mut at: usize) -> bool {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    bytes.get(at) == Some(&b':')
}

fn string<'t>(reader: &mut Reader<'t>, open: &mut [Open<'t>], span: Span, is_key: bool) {
    let text = reader.text;
    let Some(top) = open.last_mut() else { return };
    let content = span.text(text);
    if is_key {
        top.key = Some(content);
        top.connected |= is_beside(content);
        return;
    }
    let list_key = top.key;
    let key = match top.is_object {
        true => list_key,
        // A list of texts under a name.
        false => match open {
            [.., above, _] => above.key,
            _ => None,
        },
    };
    let Some(key) = key else { return };
    let Some(top) = open.last_mut() else { return };
    match key {
        "name" if top.is_object => top.name = Some(span),
        "value" if top.is_object => top.value = Some(span),
        _ if name::classify(key).is_some() => top.entries.push((key, span)),
        _ if content.contains('=') => top.entries.push((key, span)),
        _ => {}
    }
}

fn close(reader: &mut Reader<'_>, closed: Open<'_>) {
    let text = reader.text;
    // `DB_PASSWORD=x` and `--token=x` in a list of arguments or variables.
    let named = closed
        .name
        .zip(closed.value)
        .map(|(name, value)| (name.text(text), value));
    for (key, span) in closed.entries.into_iter().chain(named) {
        let raw = span.text(text);
        if name::classify(key).is_none()
            && let Some((inner, value)) = raw.split_once('=')
            && name::classify(inner).is_some()
        {
            let place = Span::new(span.end - value.len() as u32, span.end);
            reader.entry(inner.trim_start_matches('-'), value, place, true);
            continue;
        }
        let plain = Literal::new("\"\"").decode(raw);
        reader.entry(key, &plain, span, closed.connected);
    }
}
