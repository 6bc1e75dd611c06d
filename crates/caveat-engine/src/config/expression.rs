//! GitHub Actions expressions: which contexts can reach the text that `${{ ... }}` becomes.
//!
//! A small recursive-descent reader of the documented grammar. `a == b`, `!a` and functions that
//! answer yes or no give no text of their operands; `a && b` gives `b`, `a || b` gives either.

use caveat_parser::Span;

/// Nesting read at most.
const MAX_DEPTH: u32 = 40;

/// The `${{ ... }}` of a text: bytes of the whole, and the expression inside.
pub(super) fn holes(text: &str) -> Vec<(Span, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("${{").map(|offset| at + offset) {
        let Some(length) = text[open + 3..].find("}}") else {
            break;
        };
        let end = open + 3 + length;
        found.push((Span::new(open as u32, end as u32 + 2), &text[open + 3..end]));
        at = end + 2;
    }
    found
}

/// Lower-case dotted paths of the contexts whose text the expression may give: `a['b']` is `a.b`,
/// any other index is `*`.
pub(super) fn emitted(expression: &str) -> Vec<String> {
    let mut reader = Reader {
        text: expression,
        at: 0,
    };
    reader.either(0)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, token: &str) -> bool {
        let rest = self.text[self.at..].trim_start();
        if !rest.starts_with(token) {
            return false;
        }
        self.at = self.text.len() - rest.len() + token.len();
        true
    }

    fn either(&mut self, depth: u32) -> Vec<String> {
        let mut paths = self.both(depth);
        while self.take("||") {
            paths.extend(self.both(depth));
        }
        paths
    }

    fn both(&mut self, depth: u32) -> Vec<String> {
        let mut paths = self.comparison(depth);
        while self.take("&&") {
            paths = self.comparison(depth);
        }
        paths
    }

    fn comparison(&mut self, depth: u32) -> Vec<String> {
        let mut paths = self.operand(depth);
        while ["==", "!=", "<=", ">=", "<", ">"]
            .iter()
            .any(|operator| self.take(operator))
        {
            self.operand(depth);
            paths.clear();
        }
        paths
    }

    fn operand(&mut self, depth: u32) -> Vec<String> {
        if depth > MAX_DEPTH {
            self.at = self.text.len();
            return Vec::new();
        }
        if self.take("!") {
            self.operand(depth + 1);
            return Vec::new();
        }
        if self.take("(") {
            let paths = self.either(depth + 1);
            self.take(")");
            return paths;
        }
        if self.take("'") {
            self.string();
            return Vec::new();
        }
        self.path_or_call(depth)
    }

    /// The rest of a string after its opening quote; `''` is a quote in it.
    fn string(&mut self) -> String {
        let mut value = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(end) = rest.find('\'') else {
                self.at = self.text.len();
                return value;
            };
            value.push_str(&rest[..end]);
            self.at += end + 1;
            if !self.text[self.at..].starts_with('\'') {
                return value;
            }
            value.push('\'');
            self.at += 1;
        }
    }

    fn name(&mut self) -> String {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '-' || c == '*';
        let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
        self.at += length;
        rest[..length].to_ascii_lowercase()
    }

    fn path_or_call(&mut self, depth: u32) -> Vec<String> {
        let mut path = self.name();
        if path.is_empty() {
            // No operand: step over one character, so that reading ends.
            self.at += self.text[self.at..]
                .chars()
                .next()
                .map_or(0, char::len_utf8);
            return Vec::new();
        }
        if self.take("(") {
            let paths = self.call(&path, depth);
            // `fromJSON(x).y` gives a part of `x`.
            self.fields(&mut String::new(), depth);
            return paths;
        }
        self.fields(&mut path, depth);
        vec![path]
    }

    fn call(&mut self, name: &str, depth: u32) -> Vec<String> {
        let mut paths = Vec::new();
        while self.at < self.text.len() && !self.take(")") {
            let before = self.at;
            paths.extend(self.either(depth + 1));
            self.take(",");
            if self.at == before {
                break;
            }
        }
        let passes_text = matches!(name, "format" | "join" | "tojson" | "fromjson");
        if passes_text { paths } else { Vec::new() }
    }

    fn fields(&mut self, path: &mut String, depth: u32) {
        loop {
            if self.take(".") {
                path.push('.');
                path.push_str(&self.name());
            } else if self.take("[") {
                path.push('.');
                if self.take("'") {
                    path.push_str(&self.string().to_ascii_lowercase());
                } else {
                    self.either(depth + 1);
                    path.push('*');
                }
                self.take("]");
            } else {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_the_text() {
        let check = |text, expected: &[&str]| assert_eq!(emitted(text), expected, "{text}");
        check(" github.event.issue.title ", &["github.event.issue.title"]);
        check("github.event['issue'].body", &["github.event.issue.body"]);
        check(
            "github.event.commits[0].message",
            &["github.event.commits.*.message"],
        );
        check("github.head_ref == 'x' && 'a' || 'b'", &[]);
        check(
            "github.head_ref || github.ref_name",
            &["github.head_ref", "github.ref_name"],
        );
        check("a && b || c", &["b", "c"]);
        check("contains(github.head_ref, 'x')", &[]);
        check("format('{0} it''s', github.head_ref)", &["github.head_ref"]);
        check("toJSON(github.event)", &["github.event"]);
        check("!github.head_ref", &[]);
        for odd in [
            "(((",
            "'",
            "a[",
            "a.",
            "f(",
            "é",
            "&&",
            "[",
            &"(".repeat(10_000),
        ] {
            emitted(odd);
        }
    }

    #[test]
    fn finds_holes() {
        let text = "echo ${{ a }} ${b} ${{ c";
        assert_eq!(
            holes(text).iter().map(|(_, e)| *e).collect::<Vec<_>>(),
            [" a "]
        );
    }
}
