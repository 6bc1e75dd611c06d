//! YAML text to a tree of nodes that remember their bytes.
//!
//! Rule and model files are user input: a mistake is reported where it stands, and a hostile file
//! costs no more than its bounds. The tree is YAML only; it knows nothing of rules.
//!
//! A serde target would be shorter, but serde stops at the first mistake and loses the bytes of
//! keys; the readers want all mistakes at once, each below its own word.

use std::borrow::Cow;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    YamlSpan,
    error::{RuleError, boundary},
};

/// Largest file, in bytes.
const MAX_BYTES: usize = 8 << 20;
/// Deepest nesting of lists and mappings, aliases included. The readers recurse this far.
const MAX_DEPTH: usize = 64;
/// Most nodes, with those that aliases repeat.
const MAX_NODES: usize = 1 << 19;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Bytes of the file. A quoted scalar includes its quotes, a block scalar starts with its
    /// first line, a collection ends with its last item. An alias has the bytes of what it repeats.
    pub span: YamlSpan,
    /// The value.
    pub value: Value,
}

/// The three shapes of YAML.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text, a number, `true`, or nothing at all.
    Scalar(Scalar),
    /// Items in order.
    List(Vec<Node>),
    /// Keys and values in order; no key stands twice.
    Map(Map),
}

/// A scalar after escapes and folding.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// The text, whatever type YAML would give it.
    pub text: String,
    /// Whether it stood without quotes: only then can it be a number, a boolean or null.
    pub plain: bool,
}

impl Scalar {
    /// Whether this is YAML's null: `~`, `null`, or nothing.
    pub fn is_null(&self) -> bool {
        self.plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// The boolean it stands for in YAML 1.2 (`yes` and `on` are text).
    pub fn boolean(&self) -> Option<bool> {
        match self.text.as_str() {
            "true" | "True" | "TRUE" if self.plain => Some(true),
            "false" | "False" | "FALSE" if self.plain => Some(false),
            _ => None,
        }
    }
}

/// A mapping.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map {
    /// Its entries in the order written.
    pub entries: Vec<Entry>,
}

/// One key of a mapping and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// The key's bytes.
    pub key_span: YamlSpan,
    /// The value.
    pub value: Node,
}

impl Map {
    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }
}

/// Reads a file of one YAML document.
///
/// # Errors
/// The first mistake of syntax, or all doubled keys, or the bound that the file exceeds.
pub fn parse(file: &str, text: &str) -> Result<Node, Vec<RuleError>> {
    let mut builder = Builder {
        file,
        text,
        ..Builder::default()
    };
    let result = builder.run();
    builder.errors.extend(result.err());
    builder.errors.sort_by_key(|error| error.span.start);
    match builder.root {
        Some(root) if builder.errors.is_empty() => Ok(root),
        _ if builder.errors.is_empty() => Err(vec![builder.error(0..0, "the file is empty")]),
        _ => Err(builder.errors),
    }
}

/// A collection whose end has not come yet.
#[derive(Debug)]
struct Frame {
    node: Node,
    /// The key that waits for its value.
    key: Option<(String, YamlSpan)>,
    /// Number of the anchor before it; 0 is none.
    anchor: usize,
}

/// Builds the tree from the parser's events without recursion.
#[derive(Debug, Default)]
struct Builder<'a> {
    file: &'a str,
    text: &'a str,
    errors: Vec<RuleError>,
    stack: Vec<Frame>,
    anchors: FxHashMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

impl<'a> Builder<'a> {
    fn run(&mut self) -> Result<(), RuleError> {
        if self.text.len() > MAX_BYTES {
            return Err(self.error(0..0, "the file is larger than 8 MiB"));
        }
        let mut options = granit_parser::options! {
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH,
            // As PyYAML and ruamel.yaml do, which read rules for Semgrep.
            block_scalar_eof_without_line_feed: true,
        };
        options.set_emit_comments(false);
        let mut parser: Parser<'a, StrInput<'a>> =
            Parser::new_from_str_with_options(self.text, options);
        while let Some(next) = parser.next_event() {
            let (event, span) = next.map_err(|error| self.syntax_error(&error))?;
            self.event(event, self.bytes(&span))?;
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'a>, span: YamlSpan) -> Result<(), RuleError> {
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                Err(self.error(span, "a second document: a file holds one"))
            }
            Event::Alias(id) => self.alias(id, span),
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain
                    && !tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
                self.scalar(text, plain, anchor, span)
            }
            Event::SequenceStart(_, anchor, _) => self.open(Value::List(Vec::new()), anchor, span),
            Event::MappingStart(_, anchor, _) => {
                self.open(Value::Map(Map::default()), anchor, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: Cow<'a, str>,
        plain: bool,
        anchor: usize,
        span: YamlSpan,
    ) -> Result<(), RuleError> {
        let text = text.into_owned();
        let span = self.trimmed(span);
        self.finish(
            Node {
                span,
                value: Value::Scalar(Scalar { text, plain }),
            },
            anchor,
        )
    }

    fn open(&mut self, value: Value, anchor: usize, span: YamlSpan) -> Result<(), RuleError> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(self.error(span, "nested deeper than 64 levels"));
        }
        self.stack.push(Frame {
            node: Node { span, value },
            key: None,
            anchor,
        });
        Ok(())
    }

    fn close(&mut self, end: YamlSpan) -> Result<(), RuleError> {
        let Some(Frame {
            mut node, anchor, ..
        }) = self.stack.pop()
        else {
            return Ok(());
        };
        // The end of a block collection is only noticed at the next token; its last child is
        // where a reader sees the end.
        let last_child = match &node.value {
            Value::List(items) => items.last().map(|item| item.span.end),
            Value::Map(map) => map.entries.last().map(|entry| entry.value.span.end),
            Value::Scalar(_) => None,
        };
        self.report_doubled_keys(&node.value);
        let flow = !end.is_empty();
        let last = if flow {
            end.end
        } else {
            last_child.unwrap_or(node.span.end)
        };
        node.span.end = last.max(node.span.start);
        self.finish(node, anchor)
    }

    fn report_doubled_keys(&mut self, value: &Value) {
        let Value::Map(map) = value else { return };
        let mut seen = FxHashSet::default();
        for entry in map
            .entries
            .iter()
            .filter(|entry| !seen.insert(entry.key.as_str()))
        {
            let message = format!("the key `{}` stands twice", entry.key);
            self.errors
                .push(self.error(entry.key_span.clone(), &message));
        }
    }

    fn alias(&mut self, id: usize, span: YamlSpan) -> Result<(), RuleError> {
        let Some(target) = self.anchors.get(&id) else {
            return Err(self.error(span, "an alias may not stand inside what it repeats"));
        };
        let (count, height) = measure(target);
        self.spend(count, &span)?;
        if self.stack.len() + height > MAX_DEPTH {
            return Err(self.error(span, "nested deeper than 64 levels"));
        }
        let node = self.anchors[&id].clone();
        self.attach(node)
    }

    /// Takes a complete node, remembering it if it has an anchor.
    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), RuleError> {
        self.spend(1, &node.span)?;
        if anchor != 0 {
            self.spend(measure(&node).0, &node.span)?;
            self.anchors.insert(anchor, node.clone());
        }
        self.attach(node)
    }

    /// Puts a complete node where it belongs: under its parent, or as its parent's next key.
    fn attach(&mut self, node: Node) -> Result<(), RuleError> {
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut frame.node.value, frame.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(map), Some((key, key_span))) => {
                map.entries.push(Entry {
                    key,
                    key_span,
                    value: node,
                });
            }
            (Value::Map(_), None) => match node.value {
                Value::Scalar(scalar) => frame.key = Some((scalar.text, node.span)),
                _ => return Err(self.error(node.span, "a key must be text")),
            },
            (Value::Scalar(_), _) => {}
        }
        Ok(())
    }

    /// Counts nodes against the bound.
    fn spend(&mut self, nodes: usize, span: &YamlSpan) -> Result<(), RuleError> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            return Err(self.error(span.clone(), "more than 500000 values, aliases included"));
        }
        Ok(())
    }

    fn error(&self, span: YamlSpan, message: &str) -> RuleError {
        RuleError {
            file: self.file.to_owned(),
            span,
            message: message.to_owned(),
            help: None,
        }
    }

    fn syntax_error(&self, error: &ScanError) -> RuleError {
        let at = error.marker().byte_offset().unwrap_or(self.text.len());
        let start = boundary(self.text, at);
        let next = self.text[start..].chars().next().map_or(0, char::len_utf8);
        self.error(
            start..start + next,
            &format!("not valid YAML: {}", error.info()),
        )
    }

    /// The parser's span as bytes; it reads from a `str`, so it always knows them.
    fn bytes(&self, span: &Span) -> YamlSpan {
        let range = span.byte_range().unwrap_or_default();
        let start = boundary(self.text, range.start);
        start..boundary(self.text, range.end.max(start))
    }

    /// The span without the white space and line breaks after a scalar.
    fn trimmed(&self, span: YamlSpan) -> YamlSpan {
        span.start..span.start + self.text[span.clone()].trim_end().len()
    }
}

/// How many nodes a tree has and how many levels of collections.
fn measure(node: &Node) -> (usize, usize) {
    let inner: (usize, usize) = match &node.value {
        Value::Scalar(_) => return (1, 0),
        Value::List(items) => join(items.iter()),
        Value::Map(map) => join(map.entries.iter().map(|entry| &entry.value)),
    };
    (inner.0 + 1, inner.1 + 1)
}

/// Adds the counts and keeps the greatest height.
fn join<'n>(nodes: impl Iterator<Item = &'n Node>) -> (usize, usize) {
    nodes
        .map(measure)
        .fold((0, 0), |(count, height), (c, h)| (count + c, height.max(h)))
}
