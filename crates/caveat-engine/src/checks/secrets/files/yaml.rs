//! YAML: keys and values, lists of `NAME=value`, and what Kubernetes keeps where.

use caveat_parser::Span;

use super::{Reader, is_beside, is_comment, lines};
use crate::checks::secrets::name;
use crate::config::yaml::{Node, Tree};

/// Deepest nesting that is followed.
const DEEPEST: u32 = 128;

/// Reads all documents.
pub fn read(reader: &mut Reader<'_>) {
    let text = reader.text;
    if !mentions(text) {
        return;
    }
    let Ok(tree) = Tree::parse(text) else {
        return super::lines::read(reader);
    };
    for root in tree.roots() {
        let is_secret = root.get("kind").and_then(Node::text) == Some("Secret");
        if is_secret && root.get("apiVersion").is_some() {
            sealed(reader, root);
        } else {
            walk(reader, root, None, DEEPEST);
        }
    }
}

/// Whether some line has a key that matters: most files have none, and are not parsed.
fn mentions(text: &str) -> bool {
    lines(text).any(|line| {
        let content = line.text(text);
        if is_comment(content) {
            return false;
        }
        content
            .split([':', '=', '"', '\'', '{', ',', ' '])
            .any(|part| {
                let part = part.trim_start_matches('-');
                part.len() > 2 && (name::classify(part).is_some() || part == "Secret")
            })
    })
}

fn sealed(reader: &mut Reader<'_>, root: Node<'_>) {
    for (field, encoded) in [("data", true), ("stringData", false)] {
        let Some(map) = root.get(field) else { continue };
        for (key, value) in map.entries() {
            if let (Some(key), Some((text, span))) = (key.text(), scalar(reader.text, value)) {
                reader.sealed(key, &text, span, encoded);
            }
        }
    }
}

fn walk(reader: &mut Reader<'_>, node: Node<'_>, key: Option<&str>, depth: u32) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    if node.is_sequence() {
        for item in node.items() {
            match item.text() {
                Some(text) => listed(reader, item, text, key),
                None => walk(reader, item, key, depth),
            }
        }
        return;
    }
    let connected = node
        .entries()
        .filter_map(|(key, _)| key.text())
        .any(is_beside);
    // `name: DB_PASSWORD` with `value: x` below.
    if let (Some(name), Some(value)) = (
        node.get("name").and_then(Node::text),
        node.get("value")
            .and_then(|value| scalar(reader.text, value)),
    ) {
        reader.entry(name, &value.0, value.1, connected);
    }
    let parent = key.unwrap_or("");
    for (key, value) in node.entries() {
        let Some(key) = key.text() else { continue };
        match value.text() {
            Some(_) => {
                if let Some((text, span)) = scalar(reader.text, value) {
                    reader.below(parent, key, &text, span, connected);
                }
            }
            None => walk(reader, value, Some(key), depth),
        }
    }
}

/// An item of a list: `NAME=value`, or one of several secrets.
fn listed(reader: &mut Reader<'_>, item: Node<'_>, text: &str, key: Option<&str>) {
    let Some((_, span)) = scalar(reader.text, item) else {
        return;
    };
    match text.split_once('=') {
        Some((name, value)) if span.len() as usize == text.len() => {
            let place = Span::new(span.end - value.len() as u32, span.end);
            reader.entry(name.trim_start_matches('-'), value, place, false);
        }
        _ => {
            if let Some(key) = key {
                reader.entry(key, text, span, false);
            }
        }
    }
}

/// Text and place of a scalar that is written here, without a tag of its own.
fn scalar(source: &str, node: Node<'_>) -> Option<(String, Span)> {
    let text = node.text()?;
    let span = node.span();
    if text.is_empty() || span.is_empty() {
        return None;
    }
    let before = &source[..span.start as usize];
    let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    let tagged = line
        .split_whitespace()
        .next_back()
        .is_some_and(|word| word.starts_with('!') || word.starts_with('*'));
    let block = source[..span.start as usize].trim_end();
    let header = block.lines().next_back().unwrap_or("");
    if tagged || header.contains("!vault") || span.text(source).starts_with(['!', '*']) {
        return None;
    }
    let snippet = node.snippet()?;
    let place = snippet.in_file(Span::new(0, snippet.text.len() as u32));
    Some((text.to_owned(), place))
}
