//! Finds POST forms of Django and Jinja templates that carry no token against forged requests.
//!
//! It sees one template. A form whose content may come from elsewhere (an include, a block, a
//! macro) is left alone; whether the project is one whose framework wants a token is for the
//! caller to know.

use caveat_parser::Span;

use super::{
    Analysis, FileKind, Hit, TextFile, in_order,
    template_text::{Piece, Token, is_of_other_engine, tokens},
};
use crate::rule::Confidence;

pub(super) const ANALYSIS: Analysis = Analysis {
    rule: "csrf-protection-disabled",
    check,
    triggers: &["<form"],
    kinds: &[FileKind::Template],
};

/// Words that tell of a token, or of markup that may bring one.
const TOKEN_WORDS: &[&str] = &[
    "csrf",
    "xsrf",
    "nonce",
    "hidden_tag",
    "authenticity_token",
    "caller(",
    "super(",
];

fn check(file: &TextFile) -> Vec<Hit> {
    let other_engine = [".hbs", ".handlebars", ".mustache"]
        .iter()
        .any(|end| file.path.ends_with(end));
    let lower = file.text.to_ascii_lowercase();
    // A page that hands the token to scripts sends its forms through them.
    let by_script = ["x-csrf", "csrf-token", "hx-headers"]
        .iter()
        .any(|word| lower.contains(word));
    // Tornado's blocks end with `{% end %}`; its token is its own.
    let other_engine =
        other_engine || is_of_other_engine(file.text) || file.text.contains("{% end %}");
    if other_engine || by_script {
        return Vec::new();
    }
    let tokens = tokens(file.text, false);
    let forms = forms(&lower, &tokens);
    let found = forms
        .into_iter()
        .filter_map(|form| judge(file.text, &lower, &tokens, form));
    // A fragment is put into a page whose scripts may send its forms.
    let is_page = lower.contains("<html")
        || lower.contains("<body")
        || tokens.iter().any(|t| t.name() == "extends");
    let confidence = if is_page {
        Confidence::Medium
    } else {
        Confidence::Low
    };
    in_order(found.map(|hit| hit.confidence(confidence)).collect())
}

/// The opening tag of a form and the content after it.
#[derive(Debug, Clone, Copy)]
struct Form {
    tag: Span,
    body: Span,
}

fn forms(lower: &str, tokens: &[Token]) -> Vec<Form> {
    let mut found = Vec::new();
    for (at, _) in lower.match_indices("<form") {
        if !lower[at + 5..].starts_with(|c: char| c.is_whitespace() || c == '>')
            || is_in_comment(lower, at)
        {
            continue;
        }
        let tag_end = tag_end(lower, at, tokens);
        let body_end = lower[tag_end..]
            .find("</form")
            .map_or(lower.len(), |length| tag_end + length);
        found.push(Form {
            tag: Span::new(at as u32, tag_end as u32),
            body: Span::new(tag_end as u32, body_end as u32),
        });
    }
    found
}

fn is_in_comment(lower: &str, at: usize) -> bool {
    let open_then_no_close = |open: &str, close: &str| {
        lower[..at]
            .rfind(open)
            .is_some_and(|start| !lower[start..at].contains(close))
    };
    open_then_no_close("<!--", "-->")
        || open_then_no_close("{#", "#}")
        || open_then_no_close("{% comment", "endcomment")
        || open_then_no_close("{% raw", "endraw")
        || open_then_no_close("<script", "</script")
}

/// Offset after the `>` of the tag that starts at `at`; `>` in quotes and template constructs is
/// another.
fn tag_end(text: &str, at: usize, tokens: &[Token]) -> usize {
    let bytes = text.as_bytes();
    let mut here = at;
    let mut quote = None;
    let mut next = tokens.partition_point(|token| (token.span.start as usize) < at);
    while here < bytes.len() {
        while tokens
            .get(next)
            .is_some_and(|token| (token.span.start as usize) < here)
        {
            next += 1;
        }
        if let Some(token) = tokens
            .get(next)
            .filter(|token| token.span.start as usize == here)
        {
            here = token.span.end as usize;
            continue;
        }
        match (bytes[here], quote) {
            (b'>', None) => return here + 1,
            (byte @ (b'"' | b'\''), None) => quote = Some(byte),
            (byte, Some(open)) if byte == open => quote = None,
            _ => {}
        }
        here += 1;
    }
    bytes.len()
}

fn judge(text: &str, lower: &str, tokens: &[Token], form: Form) -> Option<Hit> {
    let tag = form.tag.text(lower);
    let method = attribute(tag, "method").unwrap_or("");
    if method != "post" {
        return None;
    }
    let action = attribute(tag, "action").unwrap_or("");
    let elsewhere = ["http:", "https:", "//", "mailto:", "javascript:"]
        .iter()
        .any(|start| action.starts_with(start));
    let scripted = tag.contains("onsubmit")
        || tag.contains("@submit")
        || tag.contains("ng-submit")
        || tag.contains("v-on:submit");
    let body = form.body.text(lower);
    let brings = TOKEN_WORDS
        .iter()
        .any(|word| tag.contains(word) || body.contains(word));
    let opaque = tokens
        .iter()
        .filter(|token| form.body.contains(token.span))
        .any(may_bring_token);
    if elsewhere || scripted || brings || opaque || body.trim().is_empty() {
        return None;
    }
    let target =
        attribute_span(tag, "action").map(|span| span.text(form.tag.text(text)).replace('`', ""));
    let detail = match target.filter(|action| !action.is_empty() && action.len() <= 60) {
        Some(action) => format!("the POST form to `{action}`"),
        None => "the POST form".to_owned(),
    };
    Some(Hit::new(form.tag, format!("{detail} has no token")))
}

/// Value of an attribute.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    attribute_span(tag, name).map(|span| span.text(tag))
}

/// Bytes of an attribute's value: template constructs are part of it, quotes are not.
fn attribute_span(tag: &str, name: &str) -> Option<Span> {
    for (at, _) in tag.match_indices(name) {
        let preceded = tag[..at].ends_with(|c: char| c.is_whitespace() || c == '"' || c == '\'');
        let after = tag[at + name.len()..].trim_start();
        let Some(value) = after
            .strip_prefix('=')
            .filter(|_| preceded)
            .map(str::trim_start)
        else {
            continue;
        };
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let body = if quote.is_some() { &value[1..] } else { value };
        let start = tag.len() - body.len();
        let end = start + value_length(body, quote);
        return Some(Span::new(start as u32, end as u32));
    }
    None
}

/// Bytes up to the closing quote (or the end of a bare value) outside of template constructs.
fn value_length(body: &str, quote: Option<char>) -> usize {
    let mut inside = 0u32;
    for (at, c) in body.char_indices() {
        match c {
            '{' => inside += 1,
            '}' => inside = inside.saturating_sub(1),
            _ if inside > 0 => {}
            _ if quote == Some(c) => return at,
            _ if quote.is_none() && (c.is_whitespace() || c == '>') => return at,
            _ => {}
        }
    }
    body.len()
}

/// Whether the construct may expand to markup with a token in it.
fn may_bring_token(token: &Token) -> bool {
    let name = token.name();
    match token.piece {
        Piece::Tag => {
            matches!(
                name,
                "include"
                    | "block"
                    | "crispy"
                    | "call"
                    | "component"
                    | "slot"
                    | "render"
                    | "embed"
                    | "component_block"
            ) || name.contains("form")
                && !name.contains("bootstrap")
                && !matches!(name, "for" | "endfor" | "form_theme")
        }
        Piece::Output | Piece::RawOutput => {
            let call = token
                .inner
                .split_once('(')
                .map(|(name, _)| name.to_ascii_lowercase());
            call.is_some_and(|name| {
                name.contains("form")
                    || name.contains("render")
                    || name.contains("macro")
                    || name.contains("hidden")
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let hits = super::check(&TextFile::new("a.html", text));
        let got: Vec<_> = hits.iter().map(|hit| hit.span.text(text)).collect();
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn forms() {
        check(
            "<form method=\"post\">{{ form }}</form>",
            &["<form method=\"post\">"],
        );
        check(
            "<FORM action='{% url \"x\" %}' METHOD=POST>{{ f }}</FORM>",
            &["<FORM action='{% url \"x\" %}' METHOD=POST>"],
        );
        check("<form method=post>{% csrf_token %}</form>", &[]);
        check("<form method=post>{{ form.hidden_tag() }}</form>", &[]);
        check("<form method=post>{% include 'fields.html' %}</form>", &[]);
        check(
            "<form method=get>{{ form }}</form><form>{{ x }}</form>",
            &[],
        );
        check(
            "<form method=post action=\"https://a.b/\">{{ form }}</form>",
            &[],
        );
        check("<!-- <form method=post>{{ form }}</form> -->", &[]);
        check(
            "<form method=post {% if a > b %}class=x{% endif %}>{% csrf_token %}</form>",
            &[],
        );
        check("<form data-method=post>{{ x }}</form>", &[]);
    }
}
