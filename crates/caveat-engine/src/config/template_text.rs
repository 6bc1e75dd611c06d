//! Cuts a template into literal text, outputs and tags, and leaves out what is not live.
//!
//! Serves the Jinja family (Jinja, Django, Tera, Twig) and, by file name, Handlebars and
//! Mustache. Comments of the engine and verbatim blocks are dropped; HTML comments are text
//! here, and a flag on the tokens inside them.

use caveat_parser::Span;

/// What a piece of a template is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// `{{ ... }}`
    Output,
    /// `{{{ ... }}}` or `{{& ... }}` of Handlebars: output without escaping.
    RawOutput,
    /// `{% ... %}`, and `{{#...}}`, `{{/...}}`, `{{>...}}` of Handlebars.
    Tag,
}

/// A live template construct.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub piece: Piece,
    /// The whole construct.
    pub span: Span,
    /// What stands between the delimiters, trimmed, whitespace control left out.
    pub inner: &'a str,
    /// Whether it stands in an HTML comment.
    pub in_comment: bool,
}

impl<'a> Token<'a> {
    /// First word of a tag.
    pub fn name(&self) -> &'a str {
        self.inner
            .split(|c: char| c.is_whitespace() || c == '(')
            .next()
            .unwrap_or("")
    }
}

/// Whether the template is one of Go's (`{{ end }}`, `{{ range`, `{{ $x`) or of Angular or Vue:
/// engines with outputs alike and rules of their own.
pub(super) fn is_of_other_engine(text: &str) -> bool {
    let go = [
        "{{ end }}",
        "{{end}}",
        "{{- end",
        "{{ end -}}",
        "{{ range",
        "{{range",
        "{{ $",
        "{{define",
        "{{ define",
    ];
    let browser = ["*ngIf", "*ngFor", "v-if=", "v-for=", "ng-app", "ng-repeat"];
    let tagged = text.contains("{%");
    !tagged && go.iter().chain(&browser).any(|sign| text.contains(sign))
}

/// The live constructs of a template, in order.
pub(super) fn tokens(text: &str, is_handlebars: bool) -> Vec<Token<'_>> {
    let mut found: Vec<Token> = Vec::new();
    let mut at = 0;
    let mut verbatim: Option<&str> = None;
    let comments = html_comments(text);
    while let Some(open) = next_open(text, at) {
        let (piece, length, inner) = construct(text, open, is_handlebars);
        at = open + length.max(2);
        let name = inner.split_whitespace().next().unwrap_or("");
        if let Some(block) = verbatim {
            if piece == Some(Piece::Tag) && name.strip_prefix("end") == Some(block) {
                verbatim = None;
            }
            continue;
        }
        let Some(piece) = piece else { continue };
        if piece == Piece::Tag && !is_handlebars && matches!(name, "verbatim" | "raw" | "comment") {
            verbatim = Some(name);
            continue;
        }
        let span = Span::new(open as u32, at.min(text.len()) as u32);
        let in_comment = comments.iter().any(|comment| comment.contains(span));
        found.push(Token {
            piece,
            span,
            inner,
            in_comment,
        });
    }
    found
}

fn next_open(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'{', bytes.get(from..)?)
        .map(|at| from + at)
        .find(|&at| matches!(bytes.get(at + 1), Some(b'{' | b'%' | b'#')))
}

/// The construct at `open`: what it is (nothing for a comment), its length, its inside.
fn construct(text: &str, open: usize, is_handlebars: bool) -> (Option<Piece>, usize, &str) {
    let rest = &text[open..];
    let between = |start: &str, end: &str| {
        let body = &rest[start.len()..];
        let length = body.find(end).unwrap_or(body.len());
        let inner = body[..length].trim_matches(['-', '~', '+', ' ', '\t', '\n', '\r']);
        ((start.len() + length + end.len()).min(rest.len()), inner)
    };
    let with = |piece, (length, inner)| (piece, length, inner);
    if is_handlebars {
        return match rest {
            _ if rest.starts_with("{{!--") => with(None, between("{{!--", "--}}")),
            _ if rest.starts_with("{{!") => with(None, between("{{!", "}}")),
            _ if rest.starts_with("{{{") => with(Some(Piece::RawOutput), between("{{{", "}}}")),
            _ if rest.starts_with("{{&") => with(Some(Piece::RawOutput), between("{{&", "}}")),
            _ if rest.starts_with("{{") => {
                let (length, inner) = between("{{", "}}");
                let tag = inner.starts_with(['#', '/', '>', '^']);
                (
                    Some(if tag { Piece::Tag } else { Piece::Output }),
                    length,
                    inner,
                )
            }
            _ => (None, 2, ""),
        };
    }
    match rest {
        _ if rest.starts_with("{#") => with(None, between("{#", "#}")),
        _ if rest.starts_with("{%") => with(Some(Piece::Tag), between("{%", "%}")),
        _ => with(Some(Piece::Output), between("{{", "}}")),
    }
}

fn html_comments(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("<!--").map(|offset| at + offset) {
        let end = text[open..]
            .find("-->")
            .map_or(text.len(), |length| open + length + 3);
        // Conditional comments are read by the browsers that they are for.
        if !text[open..].starts_with("<!--[if") {
            found.push(Span::new(open as u32, end as u32));
        }
        at = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_constructs() {
        let check = |text, handlebars, expected: &[&str]| {
            let got: Vec<_> = tokens(text, handlebars)
                .iter()
                .map(|token| token.inner)
                .collect();
            assert_eq!(got, expected, "{text}");
        };
        check(
            "a {{ b }} {%- if c -%} {# {{ d }} #}",
            false,
            &["b", "if c"],
        );
        check("{% raw %}{{ a }}{% endraw %}{{ b }}", false, &["b"]);
        check(
            "{{{a}}} {{! {{x}} {{b}} {{#if c}}",
            true,
            &["a", "b", "#if c"],
        );
        check("{{ a", false, &["a"]);
        check("{", false, &[]);
    }
}
