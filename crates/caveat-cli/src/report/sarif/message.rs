//! The message of a result, in the two forms SARIF has for it.

use super::model::Text;
use super::rules::plain;
use crate::report::{one_line, sentence, shorten};

/// Viewers show the first sentence as a title; GitHub wants it in 200 characters.
const TITLE: usize = 190;

/// A link in a message to a related location.
pub(super) struct Link<'a> {
    pub text: &'a str,
    pub target: usize,
}

/// A finding's message as a sentence, and a second one that links to related locations.
///
/// In plain text code stands in single quotes, in Markdown it stays in backticks.
pub(super) fn message(text: &str, links: &[Link]) -> Text {
    let title = sentence(&title(text));
    let (mut plain_text, mut markdown) = (escape_plain(&plain(&title)), escape_markdown(&title));
    let separator = |at: usize| match at {
        0 => " See ",
        _ if at + 1 == links.len() => " and ",
        _ => ", ",
    };
    for (at, link) in links.iter().enumerate() {
        let text = one_line(link.text);
        let (before, target) = (separator(at), link.target);
        plain_text.push_str(&format!(
            "{before}[{}]({target})",
            escape_link(&plain(&text))
        ));
        markdown.push_str(&format!("{before}[{}]({target})", escape_markdown(&text)));
    }
    if !links.is_empty() {
        plain_text.push('.');
        markdown.push('.');
    }
    Text {
        text: plain_text,
        markdown: Some(markdown),
    }
}

/// The message on one line and short enough, with backticks in pairs.
fn title(text: &str) -> String {
    let text = one_line(text);
    let mut title = shorten(&text, TITLE).into_owned();
    if title.matches('`').count() % 2 == 1 {
        title.push('`');
    }
    title
}

/// Escapes brackets where a reader could take them for a link.
fn escape_plain(text: &str) -> String {
    if text.contains("](") {
        escape_link(text)
    } else {
        text.to_owned()
    }
}

/// Escapes what ends the text of a link.
fn escape_link(text: &str) -> String {
    escape(text, "\\[]")
}

/// Escapes what Markdown gives a meaning to, outside code.
fn escape_markdown(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let part = |(at, part): (usize, &str)| match at % 2 {
        0 => escape(part, "\\[]<>*_"),
        _ => part.to_owned(),
    };
    parts.map(part).collect::<Vec<_>>().join("`")
}

fn escape(text: &str, special: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if special.contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
