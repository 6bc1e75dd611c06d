//! What the readers of rule files share: typed access to YAML nodes that notes each mistake and
//! goes on, so that one run shows all mistakes of a file.
//!
//! A method that gives `None` has already noted why. It knows no key of any format.

use super::{
    YamlSpan,
    error::{RuleError, closest},
    yaml::{Map, Node, Scalar, Value},
};

/// More mistakes than this are not shown: the file is something else, or hostile.
const MAX_ERRORS: usize = 100;

/// The mistakes of one file.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    file: &'a str,
    errors: Vec<RuleError>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(file: &'a str) -> Self {
        Self {
            file,
            errors: Vec::new(),
        }
    }

    pub(crate) fn file(&self) -> &'a str {
        self.file
    }

    /// The value if nothing was noted, else the mistakes in the order of the file.
    pub(crate) fn finish<T>(mut self, value: Option<T>) -> Result<T, Vec<RuleError>> {
        self.errors
            .sort_by_key(|error| (error.span.start, error.span.end));
        self.errors.dedup();
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(self.errors),
        }
    }

    pub(crate) fn error_count(&self) -> usize {
        self.errors.len()
    }

    pub(crate) fn error(&mut self, span: &YamlSpan, message: impl Into<String>) {
        self.note(span, message.into(), None);
    }

    pub(crate) fn error_with_help(
        &mut self,
        span: &YamlSpan,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.note(span, message.into(), Some(help.into()));
    }

    fn note(&mut self, span: &YamlSpan, message: String, help: Option<String>) {
        if self.errors.len() < MAX_ERRORS {
            let (file, span) = (self.file.to_owned(), span.clone());
            self.errors.push(RuleError {
                file,
                span,
                message,
                help,
            });
        }
    }

    /// Notes every key that is not known.
    pub(crate) fn check_keys(&mut self, map: &Map, known: &[&str]) {
        for entry in map
            .entries
            .iter()
            .filter(|entry| !known.contains(&entry.key.as_str()))
        {
            self.unknown(&entry.key_span, "key", &entry.key, known);
        }
    }

    /// Notes a name that is not known, with the one that was probably meant or all of them.
    pub(crate) fn unknown(&mut self, span: &YamlSpan, what: &str, name: &str, known: &[&str]) {
        let help = match closest(name, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known here: {}", list(known)),
        };
        self.error_with_help(span, format!("unknown {what} `{}`", clip(name)), help);
    }

    /// Notes all the keys that are missing, in one mistake.
    pub(crate) fn require(&mut self, span: &YamlSpan, map: &Map, keys: &[&str]) {
        let missing: Vec<&str> = keys
            .iter()
            .copied()
            .filter(|key| map.entry(key).is_none())
            .collect();
        match missing.as_slice() {
            [] => {}
            [only] => self.error(span, format!("the key `{only}` is missing")),
            _ => self.error(span, format!("keys are missing: {}", list(&missing))),
        }
    }

    pub(crate) fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n Map> {
        match &node.value {
            Value::Map(map) => Some(map),
            _ => self.wrong(node, what, "a mapping"),
        }
    }

    pub(crate) fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(items) if items.is_empty() => {
                self.error(&node.span, format!("{what} is empty"));
                None
            }
            Value::List(items) => Some(items),
            _ => self.wrong(node, what, "a list"),
        }
    }

    /// A scalar that is not null or blank.
    pub(crate) fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.value {
            Value::Scalar(scalar) if scalar.is_null() || scalar.text.trim().is_empty() => {
                self.error(&node.span, format!("{what} is empty"));
                None
            }
            Value::Scalar(scalar) => Some(&scalar.text),
            _ => self.wrong(node, what, "text"),
        }
    }

    /// A list of texts; a single text is a list of one.
    pub(crate) fn texts(&mut self, node: &Node, what: &str) -> Vec<String> {
        match &node.value {
            Value::List(items) => items
                .iter()
                .filter_map(|item| self.text(item, what))
                .map(str::to_owned)
                .collect(),
            _ => self
                .text(node, what)
                .map(str::to_owned)
                .into_iter()
                .collect(),
        }
    }

    pub(crate) fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        match scalar(node).and_then(Scalar::boolean) {
            Some(value) => Some(value),
            None => self.wrong(node, what, "`true` or `false`"),
        }
    }

    pub(crate) fn integer(&mut self, node: &Node, what: &str) -> Option<i64> {
        match scalar(node).and_then(|scalar| scalar.text.parse().ok()) {
            Some(value) => Some(value),
            None => self.wrong(node, what, "an integer"),
        }
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        node: &Node,
        what: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(node, what)?;
        let found = choices.iter().find(|(name, _)| *name == text);
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.unknown(&node.span, "value", text, &names);
        }
        found.map(|(_, value)| *value)
    }

    /// Notes a metavariable's name that is none.
    pub(crate) fn metavariable(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = self.text(node, what)?;
        if is_metavariable(text) {
            return Some(text.to_owned());
        }
        let message = format!("`{}` is not a metavariable", clip(text));
        self.error_with_help(&node.span, message, METAVARIABLE_HELP);
        None
    }

    fn wrong<T>(&mut self, node: &Node, what: &str, expected: &str) -> Option<T> {
        self.error(&node.span, format!("{what} must be {expected}"));
        None
    }
}

/// How a metavariable is written.
pub(crate) const METAVARIABLE_HELP: &str =
    "a metavariable is `$NAME` in capitals, `$...NAME`, or `$1` for a group of a regex";

/// Whether the text is `$NAME`, `$...NAME` or `$1`.
pub(crate) fn is_metavariable(text: &str) -> bool {
    let Some(name) = text.strip_prefix('$') else {
        return false;
    };
    let name = name.strip_prefix("...").unwrap_or(name);
    let word = name
        .bytes()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let number = name.bytes().all(|b| b.is_ascii_digit());
    !name.is_empty() && word && (number || !name.as_bytes()[0].is_ascii_digit())
}

/// The names in backticks with commas between.
pub(crate) fn list(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A name from the file, short enough for a message.
pub(crate) fn clip(name: &str) -> String {
    let line = name.lines().next().unwrap_or_default();
    match line.char_indices().nth(60) {
        Some((at, _)) => format!("{}...", &line[..at]),
        None => line.to_owned(),
    }
}

fn scalar(node: &Node) -> Option<&Scalar> {
    match &node.value {
        Value::Scalar(scalar) => Some(scalar),
        _ => None,
    }
}
