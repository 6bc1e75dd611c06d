//! A YAML (and so JSON) reader that keeps the bytes of every key and value.
//!
//! Documents become one flat arena; [`Node`] walks it. Aliases stay aliases: [`Node::get`]
//! follows them, [`Tree::walk`] does not, so that an alias bomb costs nothing. The text may be a
//! Helm, Jinja or Jekyll template: template tags are masked by text of the same length first.

use caveat_parser::Span;
use granit_parser::{Event, Options, Parser, ScalarStyle};

use super::snippet::Snippet;

/// Nodes read at most; more is an error.
const MAX_NODES: usize = 400_000;
/// `<<` merges and aliases followed at most.
const MAX_HOPS: u32 = 16;

/// Why a text could not be read as YAML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// The text is not YAML.
    #[error("not YAML: {0}")]
    Syntax(String),
    /// The text has more nodes than the bound.
    #[error("more than {MAX_NODES} YAML nodes")]
    TooLarge,
}

/// All documents of a text.
#[derive(Debug, Default)]
pub struct Tree {
    source: String,
    nodes: Vec<Data>,
    roots: Vec<u32>,
}

#[derive(Debug)]
struct Data {
    span: Span,
    value: Value,
}

#[derive(Debug)]
enum Value {
    Scalar {
        text: String,
        style: ScalarStyle,
    },
    Sequence(Vec<u32>),
    Mapping(Vec<(u32, u32)>),
    /// Index of the node meant, absent for an anchor that is not there.
    Alias(Option<u32>),
}

/// A node of a [`Tree`].
#[derive(Debug, Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree,
    id: u32,
}

impl Tree {
    /// Reads every document of the text. Documents before a syntax error are lost with it,
    /// because what follows a broken one cannot be placed.
    ///
    /// # Errors
    /// When the text is not YAML or passes the bound on nodes.
    pub fn parse(text: &str) -> Result<Tree, YamlError> {
        let source = mask_templates(text);
        let mut builder = Builder::default();
        let mut options = Options::default();
        options.emit_comments = false;
        options.emit_unresolved_aliases = true;
        for event in Parser::new_from_str_with_options(&source, options) {
            let (event, span) = event.map_err(|error| YamlError::Syntax(error.to_string()))?;
            let range = span.byte_range().unwrap_or(0..0);
            builder.event(
                event,
                Span::new(range.start as u32, range.end.max(range.start) as u32),
            );
            if builder.nodes.len() > MAX_NODES {
                return Err(YamlError::TooLarge);
            }
        }
        Ok(Tree {
            nodes: builder.nodes,
            roots: builder.roots,
            source,
        })
    }

    /// The top node of each document that has one.
    pub fn roots(&self) -> impl Iterator<Item = Node<'_>> {
        self.roots.iter().map(|&id| Node { tree: self, id })
    }

    /// Calls `visit` for every mapping entry of every document, in the order of the text.
    pub fn walk<'t>(&'t self, mut visit: impl FnMut(Node<'t>, Node<'t>)) {
        for (at, data) in self.nodes.iter().enumerate() {
            if let Value::Mapping(entries) = &data.value {
                debug_assert!(entries.iter().all(|&(key, _)| key as usize > at));
                for &(key, value) in entries {
                    visit(
                        Node {
                            tree: self,
                            id: key,
                        },
                        Node {
                            tree: self,
                            id: value,
                        },
                    );
                }
            }
        }
    }
}

impl<'t> Node<'t> {
    fn data(self) -> &'t Data {
        &self.tree.nodes[self.id as usize]
    }

    /// The node meant, if this is an alias.
    fn resolved(self) -> Node<'t> {
        match self.data().value {
            Value::Alias(Some(id)) => Node { id, ..self },
            _ => self,
        }
    }

    /// Bytes of the node; of an alias, those of the alias.
    pub fn span(self) -> Span {
        self.data().span
    }

    /// Decoded text of a scalar.
    pub fn text(self) -> Option<&'t str> {
        match &self.resolved().data().value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether this is the scalar `true` (or YAML 1.1's `yes`, `on`).
    pub fn is_true(self) -> bool {
        self.text()
            .is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "on"))
    }

    /// Decoded text of a scalar with the way back to the file.
    pub fn snippet(self) -> Option<Snippet> {
        let Data {
            span,
            value: Value::Scalar { text, style },
        } = self.resolved().data()
        else {
            return None;
        };
        let raw = span.text(&self.tree.source);
        // The span of a block scalar starts at its text, that of a quoted one at the quote.
        let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
        let skipped = usize::from(quoted).min(raw.len());
        let escapes = *style == ScalarStyle::DoubleQuoted;
        Some(Snippet::decoded(
            text.clone(),
            &raw[skipped..],
            span.start + skipped as u32,
            escapes,
        ))
    }

    /// Items of a sequence; nothing for another node.
    pub fn items(self) -> impl Iterator<Item = Node<'t>> {
        let ids: &[u32] = match &self.resolved().data().value {
            Value::Sequence(ids) => ids,
            _ => &[],
        };
        ids.iter().map(move |&id| Node { id, ..self })
    }

    /// Keys and values of a mapping, without merged ones; nothing for another node.
    pub fn entries(self) -> impl Iterator<Item = (Node<'t>, Node<'t>)> {
        let ids: &[(u32, u32)] = match &self.resolved().data().value {
            Value::Mapping(ids) => ids,
            _ => &[],
        };
        ids.iter()
            .map(move |&(key, value)| (Node { id: key, ..self }, Node { id: value, ..self }))
    }

    /// Whether this is a sequence.
    pub fn is_sequence(self) -> bool {
        matches!(self.resolved().data().value, Value::Sequence(_))
    }

    /// The entry of a mapping with this key, `<<` merges included.
    pub fn entry(self, key: &str) -> Option<(Node<'t>, Node<'t>)> {
        self.entry_within(key, MAX_HOPS)
    }

    /// The value of a mapping under this key, `<<` merges included.
    pub fn get(self, key: &str) -> Option<Node<'t>> {
        self.entry(key).map(|(_, value)| value)
    }

    fn entry_within(self, key: &str, hops: u32) -> Option<(Node<'t>, Node<'t>)> {
        let own = self.entries().find(|(name, _)| name.text() == Some(key));
        if own.is_some() || hops == 0 {
            return own;
        }
        let (_, merged) = self.entries().find(|(name, _)| name.text() == Some("<<"))?;
        if merged.is_sequence() {
            return merged
                .items()
                .find_map(|part| part.entry_within(key, hops / 2));
        }
        merged.entry_within(key, hops - 1)
    }
}

/// Turns parser events into the arena.
#[derive(Default)]
struct Builder {
    nodes: Vec<Data>,
    roots: Vec<u32>,
    /// Open collections; for a mapping, the key that waits for its value.
    open: Vec<(u32, Option<u32>)>,
    /// Node of each anchor id.
    anchors: rustc_hash::FxHashMap<usize, u32>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = Value::Scalar {
                    text: text.into_owned(),
                    style,
                };
                self.add(span, value, anchor);
            }
            Event::SequenceStart(_, anchor, _) => {
                let id = self.add(span, Value::Sequence(Vec::new()), anchor);
                self.open.push((id, None));
            }
            Event::MappingStart(_, anchor, _) => {
                let id = self.add(span, Value::Mapping(Vec::new()), anchor);
                self.open.push((id, None));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((id, _)) = self.open.pop() {
                    let node = &mut self.nodes[id as usize];
                    node.span.end = node.span.end.max(span.end);
                }
            }
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).copied();
                self.add(span, Value::Alias(target), 0);
            }
            Event::UnresolvedAlias(_) => {
                self.add(span, Value::Alias(None), 0);
            }
            _ => {}
        }
    }

    /// Adds a node to the innermost open collection, or as the top of a document.
    fn add(&mut self, span: Span, value: Value, anchor: usize) -> u32 {
        let id = self.nodes.len() as u32;
        self.nodes.push(Data { span, value });
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        let Some((parent, key)) = self.open.last_mut() else {
            self.roots.push(id);
            return id;
        };
        match &mut self.nodes[*parent as usize].value {
            Value::Sequence(items) => items.push(id),
            Value::Mapping(entries) => match key.take() {
                Some(name) => entries.push((name, id)),
                None => *key = Some(id),
            },
            Value::Scalar { .. } | Value::Alias(_) => {}
        }
        id
    }
}

/// Replaces template tags by text of the same length that YAML can read: a line of tags only
/// becomes a comment, a tag within a value becomes letters. `${{ }}` of workflows stays.
fn mask_templates(text: &str) -> String {
    if !text.contains("{{") && !text.contains("{%") {
        return text.to_owned();
    }
    let mut masked = text.as_bytes().to_vec();
    let mut at = 0;
    while let Some(open) = find_tag(text, at) {
        let close = if text[open..].starts_with("{{") {
            "}}"
        } else {
            "%}"
        };
        let Some(length) = text[open + 2..].find(close) else {
            break;
        };
        let end = open + length + 4;
        at = end;
        if !text[..open].ends_with('$') {
            mask_tag(&mut masked, text, open, end);
        }
    }
    String::from_utf8(masked).expect("whole characters were replaced by ASCII")
}

fn find_tag(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'{', &bytes[from..])
        .map(|at| from + at)
        .find(|&at| matches!(bytes.get(at + 1), Some(b'{' | b'%')))
}

fn mask_tag(masked: &mut [u8], text: &str, open: usize, end: usize) {
    let line_start = text[..open].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at);
    let alone = text[line_start..open].trim().is_empty() && text[end..line_end].trim().is_empty();
    for byte in &mut masked[open..end] {
        if *byte != b'\n' && *byte != b'\r' {
            *byte = b'x';
        } else if !alone {
            // A tag over several lines in a value stays one plain scalar.
            *byte = b' ';
        }
    }
    if !alone {
        return;
    }
    masked[open] = b'#';
    for at in open..end {
        if masked[at] == b'\n' && at + 1 < end {
            masked[at + 1] = b'#';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_of(text: &str, path: &[&str]) -> Option<String> {
        let tree = Tree::parse(text).expect("valid YAML");
        let mut node = tree.roots().next()?;
        for key in path {
            node = node.get(key)?;
        }
        node.text().map(str::to_owned)
    }

    #[test]
    fn reads_values() {
        let check = |text, path: &[&str], expected: Option<&str>| {
            assert_eq!(value_of(text, path).as_deref(), expected, "{text}");
        };
        check("a: {b: 1}", &["a", "b"], Some("1"));
        check("x: &d {p: 1}\ny:\n  <<: *d\n  q: 2", &["y", "p"], Some("1"));
        check(
            "x: &d {p: 1}\nz: &e {r: 3}\ny: {<<: [*d, *e]}",
            &["y", "r"],
            Some("3"),
        );
        check("a: *missing", &["a", "b"], None);
        check(
            "a:\n  {{- if .x }}\n  b: {{ .c | quote }}\n  {{- end }}\n  d: e",
            &["a", "d"],
            Some("e"),
        );
        check("a: ${{ x }}", &["a"], Some("${{ x }}"));
        check("{\"a\": {\"b\": \"c\\nd\"}}", &["a", "b"], Some("c\nd"));
    }

    #[test]
    fn spans_are_bytes_of_the_file() {
        let text = "é: 1\nrun: |\n  one\n  two\n";
        let tree = Tree::parse(text).expect("valid YAML");
        let run = tree
            .roots()
            .next()
            .and_then(|root| root.get("run"))
            .expect("key is there");
        let snippet = run.snippet().expect("a scalar");
        assert_eq!(snippet.text, "one\ntwo\n");
        assert_eq!(snippet.in_file(Span::new(4, 7)).text(text), "two");
    }

    #[test]
    fn broken_text_is_an_error() {
        assert!(Tree::parse("a: [1").is_err());
        assert!(Tree::parse("a: b: c: d").is_err());
        let bomb = "a: &a [x]\n".to_owned() + &"b: [*a, *a]\n".repeat(100);
        assert!(Tree::parse(&bomb).is_ok());
    }
}
