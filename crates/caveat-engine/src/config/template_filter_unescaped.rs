//! Finds values that a template writes into a page without escaping: `|safe`, autoescape turned
//! off, triple braces, attributes without quotes.
//!
//! Literals, and values that a filter or function has made safe, are left alone.

use caveat_parser::Span;

use super::{
    Analysis, FileKind, Hit, TextFile, in_order,
    template_text::{Piece, Token, is_of_other_engine, tokens},
};

pub(super) const ANALYSIS: Analysis = Analysis {
    rule: "template-filter-unescaped",
    check,
    triggers: &["safe", "autoescape", "{{{", "{{&", "={{", "= {{"],
    kinds: &[FileKind::Template],
};

/// Filters after which text is markup by right, or no text at all.
const CLEANING: &[&str] = &[
    "tojson",
    "json_script",
    "escape",
    "e",
    "force_escape",
    "forceescape",
    "escapejs",
    "urlencode",
    "striptags",
    "sanitize",
    "sanitize_html",
    "clean",
    "bleach",
    "clean_html",
    "int",
    "float",
    "length",
    "count",
    "wordcount",
    "floatformat",
    "filesizeformat",
    "intcomma",
    "date",
    "time",
    "yesno",
    "slugify",
    "linebreaks",
    "linebreaksbr",
    "urlize",
    "round",
    "abs",
];

/// Functions and variables of template libraries that give markup or plain addresses.
const TRUSTED_CALLS: &[&str] = &[
    "super",
    "caller",
    "_",
    "gettext",
    "ngettext",
    "trans",
    "url_for",
    "static",
    "csrf_input",
    "csrf_token",
    "render_field",
    "render_form",
    "range",
    "loop",
    "forloop",
    "form",
    "field",
    "url",
    "asset",
];

fn check(file: &TextFile) -> Vec<Hit> {
    let is_handlebars = [".hbs", ".handlebars", ".mustache"]
        .iter()
        .any(|end| file.path.ends_with(end));
    let tokens = tokens(file.text, is_handlebars);
    let live = || tokens.iter().filter(|token| !token.in_comment);
    let mut hits = Vec::new();
    if is_handlebars {
        let layout = file.text.contains("<html") || file.text.contains("<body");
        hits.extend(live().filter_map(|token| raw_output(token, layout)));
        return in_order(hits);
    }
    if is_of_other_engine(file.text) {
        return hits;
    }
    hits.extend(live().filter_map(marked_safe));
    if !is_mail_text(file) {
        hits.extend(autoescape_off(&tokens));
    }
    hits.extend(unquoted_attributes(file.text, &tokens));
    in_order(hits)
}

/// A mail in plain text, whatever the name of the file ends with: there is no tag in it.
fn is_mail_text(file: &TextFile) -> bool {
    let name = file.path.rsplit('/').next().unwrap_or(file.path);
    let of_mail = ["mail", "subject", "message", "body"]
        .iter()
        .any(|word| name.contains(word));
    of_mail && !file.text.contains("</") && !file.text.contains("/>")
}

/// `{{{ x }}}`, unless it is the slot of a layout that another template fills.
fn raw_output(token: &Token, layout: bool) -> Option<Hit> {
    let slot = matches!(
        token.inner,
        "body" | "content" | "yield" | "children" | "@partial-block"
    );
    let built = matches!(token.name(), "json" | "toJSON" | "t" | "i18n" | "block");
    let raw = token.piece == Piece::RawOutput && !token.inner.is_empty();
    (raw && !built && !(layout && slot))
        .then(|| hit(token.span, token.inner, "written without escaping"))
}

fn hit(span: Span, expression: &str, what: &str) -> Hit {
    let shown: String = expression
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('`', "");
    let shown = if shown.chars().count() > 60 {
        shown.chars().take(57).chain("...".chars()).collect()
    } else {
        shown
    };
    Hit::new(span, format!("`{shown}` {what}"))
}

/// `{{ x|safe }}`
fn marked_safe(token: &Token) -> Option<Hit> {
    if token.piece != Piece::Output {
        return None;
    }
    let (base, filters) = split_filters(token.inner);
    let marks = filters
        .iter()
        .any(|name| matches!(*name, "safe" | "safeseq"));
    (marks && !is_clean(base, &filters))
        .then(|| hit(token.span, token.inner, "written without escaping"))
}

/// The expression and the names of the filters after it.
fn split_filters(inner: &str) -> (&str, Vec<&str>) {
    let mut parts = split_outside(inner, '|').into_iter();
    let base = parts.next().unwrap_or("").trim();
    let name = |part: &str| -> usize {
        part.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.')
            .unwrap_or(part.len())
    };
    let filters = parts
        .map(str::trim)
        .map(|part| &part[..name(part)])
        .collect();
    (base, filters)
}

/// Splits where the separator stands outside of quotes and brackets.
fn split_outside(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quote, mut open) = (0, None, 0i32);
    for (at, c) in text.char_indices() {
        match c {
            _ if quote == Some(c) => quote = None,
            _ if quote.is_some() => {}
            '"' | '\'' => quote = Some(c),
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open -= 1,
            _ if c == separator && open == 0 => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn is_clean(base: &str, filters: &[&str]) -> bool {
    if filters.iter().any(|name| CLEANING.contains(name)) || is_literal(base) {
        return true;
    }
    let head: &str = base
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
        .unwrap_or("");
    TRUSTED_CALLS.contains(&head)
        || base.ends_with(".id")
        || base.ends_with(".pk")
        || is_markup_call(base)
}

/// A call whose name says that it makes markup: a widget, a form, a renderer.
fn is_markup_call(base: &str) -> bool {
    let name = base
        .split_once('(')
        .map(|(name, _)| name.to_ascii_lowercase());
    name.is_some_and(|name| {
        ["widget", "render", "form", "field", "macro"]
            .iter()
            .any(|word| name.contains(word))
    })
}

/// A number, a string, or strings joined or chosen by `if`... `else`.
fn is_literal(text: &str) -> bool {
    let text = text.trim_matches(['(', ')', ' ']);
    let quoted = |quote: char| {
        text.len() >= 2
            && text.starts_with(quote)
            && text.ends_with(quote)
            && !text[1..text.len() - 1].contains(quote)
    };
    let number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if quoted('"') || quoted('\'') || number {
        return true;
    }
    match text
        .split_once(" if ")
        .and_then(|(value, rest)| Some((value, rest.split_once(" else ")?.1)))
    {
        Some((value, other)) => is_literal(value) && is_literal(other),
        None => false,
    }
}

/// `{% autoescape off %}` around an output that is no literal.
fn autoescape_off(tokens: &[Token]) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let words: Vec<&str> = token.inner.split_whitespace().collect();
        if token.piece != Piece::Tag
            || !matches!(words[..], ["autoescape", "off" | "false" | "False"])
        {
            continue;
        }
        let inside = tokens[at + 1..]
            .iter()
            .take_while(|token| token.name() != "endautoescape");
        let dynamic = inside
            .filter(|token| token.piece == Piece::Output && !token.in_comment)
            .find(|token| {
                let (base, filters) = split_filters(token.inner);
                !is_clean(base, &filters)
            });
        if let Some(output) = dynamic {
            hits.push(hit(token.span, output.inner, "written with autoescape off"));
        }
    }
    hits
}

/// Where a reader of HTML stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    /// In a tag, outside of quotes.
    Tag,
    /// In the value that this quote opened.
    Quoted(u8),
}

/// `href={{ x }}`: a blank in the value starts another attribute.
fn unquoted_attributes(text: &str, tokens: &[Token]) -> Vec<Hit> {
    let bytes = text.as_bytes();
    let mut hits = Vec::new();
    let mut place = Place::Text;
    let mut at = 0;
    let mut coming = tokens.iter().peekable();
    while at < bytes.len() {
        while coming
            .next_if(|token| (token.span.start as usize) < at)
            .is_some()
        {}
        if let Some(token) = coming.next_if(|token| token.span.start as usize == at) {
            if place == Place::Tag && !token.in_comment && is_unquoted_value(token, &text[..at]) {
                hits.push(hit(
                    token.span,
                    token.inner,
                    "in an attribute without quotes",
                ));
            }
            at = token.span.end as usize;
            continue;
        }
        (place, at) = step(text, place, at);
    }
    hits
}

/// One byte of HTML, or a whole script, style or comment.
fn step(text: &str, place: Place, at: usize) -> (Place, usize) {
    let bytes = text.as_bytes();
    match (place, bytes[at]) {
        (Place::Text, b'<') if text[at..].starts_with("<!--") => {
            let end = text[at..]
                .find("-->")
                .map_or(text.len(), |length| at + length);
            (Place::Text, end.max(at + 1))
        }
        (Place::Text, b'<') if bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic) => {
            let skipped = ["script", "style"]
                .into_iter()
                .find_map(|name| skip_element(text, at, name));
            skipped.map_or((Place::Tag, at + 1), |end| (Place::Text, end))
        }
        (Place::Tag, b'>') => (Place::Text, at + 1),
        (Place::Tag, quote @ (b'"' | b'\'')) => (Place::Quoted(quote), at + 1),
        (Place::Quoted(quote), byte) if byte == quote => (Place::Tag, at + 1),
        _ => (place, at + 1),
    }
}

/// End of the element's content if it starts here.
fn skip_element(text: &str, at: usize, name: &str) -> Option<usize> {
    let bytes = &text.as_bytes()[at + 1..];
    let starts =
        bytes.len() >= name.len() && bytes[..name.len()].eq_ignore_ascii_case(name.as_bytes());
    let bounded = bytes
        .get(name.len())
        .is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-');
    if !starts || !bounded {
        return None;
    }
    let close = text[at..]
        .find(&format!("</{name}"))
        .map(|length| at + length);
    Some(close.unwrap_or(text.len()))
}

fn is_unquoted_value(token: &Token, before: &str) -> bool {
    let Some(name) = before.strip_suffix('=') else {
        return false;
    };
    if token.piece != Piece::Output || !name.ends_with(|c: char| c.is_ascii_alphanumeric()) {
        return false;
    }
    let (base, filters) = split_filters(token.inner);
    let last = base.rsplit('.').next().unwrap_or(base).to_ascii_lowercase();
    let numeric = [
        "id", "pk", "count", "total", "width", "height", "size", "index", "number", "num", "page",
        "counter", "length", "year", "month", "day", "port", "rows", "cols", "colspan", "rowspan",
        "counter0",
    ];
    let is_number = numeric
        .iter()
        .any(|word| last == *word || last.ends_with(&format!("_{word}")));
    !is_clean(base, &filters) && !is_number && !base.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[&str]) {
        let file = TextFile {
            path,
            text,
            kind: FileKind::Template,
        };
        let hits = super::check(&file);
        let got: Vec<_> = hits.iter().map(|hit| hit.span.text(text)).collect();
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn filters() {
        check("a.html", "<p>{{ x|safe }}</p>", &["{{ x|safe }}"]);
        check(
            "a.html",
            "{{ x | default('a|safe') }} {{ x|safe_name }}",
            &[],
        );
        check(
            "a.html",
            "{{ \"<b>\"|safe }} {{ x|tojson|safe }} {{ _('a')|safe }} {{ super()|safe }}",
            &[],
        );
        check(
            "a.html",
            "{# {{ x|safe }} #}<!-- {{ x|safe }} -->{% verbatim %}{{ x|safe }}{% endverbatim %}",
            &[],
        );
        check("a.html", "{{ 'checked' if x else '' | safe }}", &[]);
    }

    #[test]
    fn blocks() {
        check(
            "a.html",
            "{% autoescape off %}{{ x }}{% endautoescape %}",
            &["{% autoescape off %}"],
        );
        check(
            "a.html",
            "{% autoescape off %}a{% endautoescape %}{{ x }}",
            &[],
        );
        check(
            "a.html",
            "{% autoescape on %}{{ x }}{% endautoescape %}",
            &[],
        );
    }

    #[test]
    fn handlebars() {
        check("a.hbs", "{{{x}}} {{&y}} {{z}}", &["{{{x}}}", "{{&y}}"]);
        check("a.hbs", "<html>{{{body}}}", &[]);
        check("a.html", "{{{x}}}", &[]);
    }

    #[test]
    fn attributes() {
        check("a.html", "<a href={{ x }}>", &["{{ x }}"]);
        check("a.html", "<a href=\"?a={{ x }}\" b='c={{ d }}'>", &[]);
        check(
            "a.html",
            "<a width={{ w.width }} id={{ x.id }} v={{ loop.index }}> a={{ x }}",
            &[],
        );
        check("a.html", "<script>if (a<b) x={{ y }}</script>", &[]);
        check(
            "a.html",
            "<a {% if a > b %}class={{ c }}{% endif %}>",
            &["{{ c }}"],
        );
    }
}
