//! A tolerant reader of TOML: every scalar with the keys that lead to it, and where they stand.
//!
//! Manifests that a program cannot read are read here as far as they go; nothing is checked.

use caveat_parser::Span;

/// Deepest nesting of arrays and inline tables that is read.
const DEEPEST: u32 = 16;

/// A scalar: a string without its quotes, or anything else as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf<'t> {
    /// Keys from the outermost table on. Items of arrays have no key of their own.
    pub path: Vec<Key<'t>>,
    /// The text.
    pub text: &'t str,
    /// Where it stands, without quotes.
    pub span: Span,
}

/// A key without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'t> {
    /// The text.
    pub text: &'t str,
    /// Where it stands.
    pub span: Span,
}

impl<'t> Leaf<'t> {
    /// The keys as texts.
    pub fn keys(&self) -> Vec<&'t str> {
        self.path.iter().map(|key| key.text).collect()
    }
}

/// All scalars of a text, in order.
pub fn leaves(text: &str) -> Vec<Leaf<'_>> {
    let mut reader = Reader {
        text,
        at: 0,
        leaves: Vec::new(),
    };
    reader.document();
    reader.leaves
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    leaves: Vec<Leaf<'t>>,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn document(&mut self) {
        let mut table: Vec<Key<'t>> = Vec::new();
        loop {
            self.blank(true);
            match self.peek() {
                None => return,
                Some(b'[') => {
                    while self.peek() == Some(b'[') {
                        self.at += 1;
                    }
                    table = self.keys();
                    self.rest_of_line();
                }
                Some(_) => {
                    let before = self.at;
                    self.pair(&table, 0);
                    if self.at == before || !matches!(self.peek(), Some(b'\n' | b'\r')) {
                        self.rest_of_line();
                    }
                }
            }
        }
    }

    /// Skips blanks and comments, with line breaks or without.
    fn blank(&mut self, lines: bool) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' => self.at += 1,
                b'\n' | b'\r' if lines => self.at += 1,
                b'#' => self.rest_of_line(),
                _ => return,
            }
        }
    }

    fn rest_of_line(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    fn key_end(&self) -> usize {
        let is_key = |byte: &&u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || **byte >= 128
        };
        let rest = &self.text.as_bytes()[self.at..];
        self.at + rest.iter().take_while(is_key).count()
    }

    /// A dotted key.
    fn keys(&mut self) -> Vec<Key<'t>> {
        let mut keys = Vec::new();
        loop {
            self.blank(false);
            let span = match self.peek() {
                Some(b'"' | b'\'') => self.string(),
                _ => {
                    let (start, end) = (self.at, self.key_end());
                    self.at = end;
                    Span::new(start as u32, end as u32)
                }
            };
            if !span.is_empty() {
                let text = span.text(self.text);
                keys.push(Key { text, span });
            }
            self.blank(false);
            if self.peek() != Some(b'.') {
                return keys;
            }
            self.at += 1;
        }
    }

    fn pair(&mut self, table: &[Key<'t>], depth: u32) {
        let keys = self.keys();
        self.blank(false);
        if keys.is_empty() || self.peek() != Some(b'=') {
            return;
        }
        self.at += 1;
        let path = [table, &keys].concat();
        self.value(&path, depth);
    }

    fn value(&mut self, path: &[Key<'t>], depth: u32) {
        self.blank(false);
        match self.peek() {
            Some(b'[' | b'{') if depth >= DEEPEST => self.rest_of_line(),
            Some(b'[') => self.list(b']', &mut |reader| reader.value(path, depth + 1)),
            Some(b'{') => self.list(b'}', &mut |reader| reader.pair(path, depth + 1)),
            Some(b'"' | b'\'') => {
                let span = self.string();
                self.leaf(path, span);
            }
            _ => {
                let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b'\n' | b'#');
                let rest = &self.text.as_bytes()[self.at..];
                let length = rest.iter().position(ends).unwrap_or(rest.len());
                let word = self.text[self.at..self.at + length].trim_end();
                let span = Span::new(self.at as u32, (self.at + word.len()) as u32);
                self.at += length;
                self.leaf(path, span);
            }
        }
    }

    fn list(&mut self, close: u8, item: &mut dyn FnMut(&mut Self)) {
        self.at += 1;
        loop {
            self.blank(true);
            match self.peek() {
                None => return,
                Some(byte) if byte == close => {
                    self.at += 1;
                    return;
                }
                Some(b',') => self.at += 1,
                Some(_) => {
                    let before = self.at;
                    item(self);
                    if self.at == before {
                        self.at += 1;
                        while !self.text.is_char_boundary(self.at) {
                            self.at += 1;
                        }
                    }
                }
            }
        }
    }

    /// A string; the span is what is between the quotes.
    fn string(&mut self) -> Span {
        let bytes = self.text.as_bytes();
        let quote = bytes[self.at];
        let rest = &bytes[self.at..];
        let long = rest.starts_with(&[quote; 3]);
        let open = if long { 3 } else { 1 };
        let start = self.at + open;
        let mut at = start;
        while at < bytes.len() {
            match bytes[at] {
                b'\\' if quote == b'"' => at += 1,
                b'\n' if !long => break,
                byte if byte == quote && (!long || bytes[at..].starts_with(&[quote; 3])) => break,
                _ => {}
            }
            at += 1;
        }
        let end = at.min(bytes.len());
        let closed = bytes.get(end) == Some(&quote);
        self.at = if closed { end + open } else { end };
        self.at = self.at.min(bytes.len());
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        Span::new(start.min(end) as u32, end as u32)
    }

    fn leaf(&mut self, path: &[Key<'t>], span: Span) {
        self.leaves.push(Leaf {
            path: path.to_vec(),
            text: self
                .text
                .get(span.start as usize..span.end as usize)
                .unwrap_or(""),
            span,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let shown: Vec<String> = leaves(text)
            .iter()
            .map(|leaf| format!("{}={}", leaf.keys().join("/"), leaf.text))
            .collect();
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn documents() {
        check("[a.\"b.c\"]\nx = 'y' # z\n", &["a/b.c/x=y"]);
        check(
            "[p]\nd = [ # one\n \"a>=1\",\n 'b',\n]\ne.f = {g = \"h\", i = true}\n",
            &["p/d=a>=1", "p/d=b", "p/e/f/g=h", "p/e/f/i=true"],
        );
        check(
            "[[s]]\nu = \"\"\"a\nb\"\"\"\nv = 1\n",
            &["s/u=a\nb", "s/v=1"],
        );
        check("[x\ny = \"open\nz = [1, {\n", &["x/y=open", "x/z=1"]);
        check("a = é = [é]", &["a=é = [é"]);
    }
}
