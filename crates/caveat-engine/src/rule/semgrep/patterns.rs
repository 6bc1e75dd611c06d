//! Semgrep's first syntax: `patterns`, `pattern-either`, `metavariable-regex` and their kin.

use super::{RuleReader, is_internal, own_name, plain};
use crate::rule::{
    All, Condition, Expression, Formula, Op, YamlSpan,
    reader::{Reader, clip},
    yaml::{Entry, Map, Node, Value},
};

/// Operators that may stand anywhere.
const POSITIVE: &[&str] = &[
    "pattern",
    "pattern-regex",
    "patterns",
    "pattern-either",
    "pattern-inside",
];

/// Everything that an item of `patterns` may be.
const ITEMS: &[&str] = &[
    "pattern",
    "patterns",
    "pattern-either",
    "pattern-regex",
    "pattern-not",
    "pattern-inside",
    "pattern-not-inside",
    "pattern-not-regex",
    "focus-metavariable",
    "metavariable-regex",
    "metavariable-pattern",
    "metavariable-comparison",
    "metavariable-type",
    "metavariable-analysis",
    "metavariable-name",
    "pattern-where-python",
];

/// Operators that a negation, `pattern-inside` or `metavariable-pattern` may hold.
const CONTENT: &[&str] = &[
    "pattern",
    "pattern-regex",
    "patterns",
    "pattern-either",
    "pattern-not",
    "pattern-inside",
    "pattern-not-inside",
];

impl RuleReader<'_, '_> {
    /// The formula of an operator's key and value; the key must be in `ITEMS`.
    pub(super) fn operator(&mut self, entry: &Entry) -> Option<Formula> {
        let value = &entry.value;
        let op = match entry.key.as_str() {
            "pattern" => Op::Pattern(self.text(entry)?),
            "pattern-regex" => Op::Regex(self.text(entry)?),
            "pattern-not-regex" => Op::NotRegex(self.text(entry)?),
            "patterns" => Op::All(self.all(value)?),
            "pattern-either" => return self.either(value),
            "pattern-not" => Op::Not(Box::new(self.content(value)?)),
            "pattern-inside" => Op::Inside(Box::new(self.content(value)?)),
            "pattern-not-inside" => Op::NotInside(Box::new(self.content(value)?)),
            _ => return None,
        };
        Some(plain(op, &value.span))
    }

    fn text(&mut self, entry: &Entry) -> Option<String> {
        self.reader
            .text(&entry.value, &format!("`{}`", entry.key))
            .map(str::to_owned)
    }

    /// A pattern, or a mapping of one operator.
    fn content(&mut self, node: &Node) -> Option<Formula> {
        if let Value::Map(map) = &node.value {
            let entry = self.only_entry(node, map, CONTENT)?;
            return self.operator(entry);
        }
        let text = self.reader.text(node, "a pattern")?;
        Some(plain(Op::Pattern(text.to_owned()), &node.span))
    }

    /// The items of `patterns`.
    fn all(&mut self, node: &Node) -> Option<All> {
        let mut all = All::default();
        for item in self.reader.list(node, "`patterns`")? {
            let Some(map) = self.reader.map(item, "an item of `patterns`") else {
                continue;
            };
            if let Some(entry) = self.only_entry(item, map, ITEMS) {
                self.all_item(entry, &mut all);
            }
        }
        Some(all)
    }

    fn all_item(&mut self, entry: &Entry, all: &mut All) {
        let value = &entry.value;
        match entry.key.as_str() {
            "focus-metavariable" => all.focus.extend(self.focus(value)),
            "metavariable-regex" => all.conditions.extend(self.metavariable_regex(value)),
            "metavariable-pattern" => all.conditions.extend(self.metavariable_pattern(value)),
            "metavariable-comparison" => {
                all.conditions.extend(self.metavariable_comparison(value));
            }
            "metavariable-type" => all.conditions.extend(self.metavariable_type(value)),
            key @ ("metavariable-analysis" | "metavariable-name" | "pattern-where-python") => {
                self.unsupported(format!("`{key}`"));
            }
            _ => all.parts.extend(self.operator(entry)),
        }
    }

    /// `pattern-either`. Alternatives that are all "inside" are one "inside" of alternatives.
    fn either(&mut self, node: &Node) -> Option<Formula> {
        let mut alternatives = Vec::new();
        for item in self.reader.list(node, "`pattern-either`")? {
            let Some(map) = self.reader.map(item, "an item of `pattern-either`") else {
                continue;
            };
            let entry = self.only_entry(item, map, POSITIVE);
            alternatives.extend(entry.and_then(|entry| self.operator(entry)));
        }
        Some(any(alternatives, &node.span))
    }

    /// The entry of a mapping that must have one key, of the known ones.
    fn only_entry<'n>(&mut self, node: &Node, map: &'n Map, known: &[&str]) -> Option<&'n Entry> {
        let mut result = None;
        for entry in &map.entries {
            if is_internal(&entry.key) {
                self.unsupported(format!("`{}`", entry.key));
            } else if !known.contains(&entry.key.as_str()) {
                self.reader
                    .unknown(&entry.key_span, "operator", &entry.key, known);
            } else if result.is_none() {
                result = Some(entry);
            } else {
                let message = format!("`{}` needs an item of its own", entry.key);
                self.reader
                    .error_with_help(&entry.key_span, message, "put a `-` before it");
            }
        }
        if map.entries.is_empty() {
            self.reader.error(&node.span, "an operator is missing");
        }
        result
    }

    /// One name, or several of which each is a focus.
    pub(super) fn focus(&mut self, node: &Node) -> Option<Vec<String>> {
        let nodes = match &node.value {
            Value::List(_) => self.reader.list(node, "the focus")?,
            _ => std::slice::from_ref(node),
        };
        let names = nodes
            .iter()
            .filter_map(|node| self.reader.metavariable(node, "the focus"));
        Some(names.collect::<Vec<_>>()).filter(|names| !names.is_empty())
    }

    fn metavariable_regex(&mut self, node: &Node) -> Option<Condition> {
        let map = self.reader.map(node, "`metavariable-regex`")?;
        self.reader
            .check_keys(map, &["metavariable", "regex", "constant-propagation"]);
        self.reader
            .require(&node.span, map, &["metavariable", "regex"]);
        let constants = map.get("constant-propagation");
        let constants =
            constants.and_then(|node| self.reader.boolean(node, "`constant-propagation`"));
        Some(Condition::Regex {
            metavariable: self.metavariable(map)?,
            regex: self.reader.text(map.get("regex")?, "`regex`")?.to_owned(),
            constants: constants.unwrap_or(false),
            span: node.span.clone(),
        })
    }

    fn metavariable_pattern(&mut self, node: &Node) -> Option<Condition> {
        let map = self.reader.map(node, "`metavariable-pattern`")?;
        self.reader.require(&node.span, map, &["metavariable"]);
        let language = match map.get("language") {
            Some(language) => Some(self.other_language(language)?),
            None => None,
        };
        let mut operators = Map::default();
        let others = map
            .entries
            .iter()
            .filter(|e| e.key != "metavariable" && e.key != "language");
        operators.entries.extend(others.cloned());
        let formula = self
            .only_entry(node, &operators, CONTENT)
            .and_then(|e| self.operator(e))?;
        let (metavariable, span) = (self.metavariable(map)?, node.span.clone());
        let formula = Box::new(formula);
        Some(Condition::Formula {
            metavariable,
            formula,
            language,
            span,
        })
    }

    /// The language that a metavariable's content is read as.
    pub(super) fn other_language(&mut self, node: &Node) -> Option<String> {
        let name = self.reader.text(node, "`language`")?;
        let own = own_name(name);
        if own.is_none() {
            self.unsupported(format!(
                "`metavariable-pattern` with `language: {}`",
                clip(name)
            ));
        }
        own.map(str::to_owned)
    }

    fn metavariable_comparison(&mut self, node: &Node) -> Option<Condition> {
        let map = self.reader.map(node, "`metavariable-comparison`")?;
        self.reader
            .check_keys(map, &["metavariable", "comparison", "base", "strip"]);
        self.reader.require(&node.span, map, &["comparison"]);
        self.comparison(node, map)
    }

    /// A comparison with its `base` and `strip`, in either syntax.
    pub(super) fn comparison(&mut self, node: &Node, map: &Map) -> Option<Condition> {
        let metavariable = match map.get("metavariable") {
            Some(_) => Some(self.metavariable(map)?),
            None => None,
        };
        let base = map.get("base").and_then(|node| self.base(node));
        let strip = map
            .get("strip")
            .and_then(|node| self.reader.boolean(node, "`strip`"));
        let comparison = map.get("comparison")?;
        let text = self.reader.text(comparison, "`comparison`")?;
        let mut expression = match Expression::parse(text) {
            Ok(expression) => expression,
            Err(message) => {
                self.reader
                    .error(&comparison.span, format!("in the comparison: {message}"));
                return None;
            }
        };
        if base.is_some() || strip == Some(true) {
            expression = expression.with_integers(metavariable.as_deref(), base);
        }
        Some(Condition::Comparison {
            expression,
            span: node.span.clone(),
        })
    }

    fn base(&mut self, node: &Node) -> Option<u32> {
        let base = self.reader.integer(node, "`base`")?;
        let base = u32::try_from(base)
            .ok()
            .filter(|base| (2..=36).contains(base));
        if base.is_none() {
            self.reader.error(&node.span, "`base` must be from 2 to 36");
        }
        base
    }

    fn metavariable_type(&mut self, node: &Node) -> Option<Condition> {
        let map = self.reader.map(node, "`metavariable-type`")?;
        self.reader
            .check_keys(map, &["metavariable", "type", "types", "language"]);
        self.reader.require(&node.span, map, &["metavariable"]);
        self.type_condition(node, map)
    }

    /// A type or types, in either syntax.
    pub(super) fn type_condition(&mut self, node: &Node, map: &Map) -> Option<Condition> {
        let Some(types) = map.get("type").or_else(|| map.get("types")) else {
            self.reader.require(&node.span, map, &["type"]);
            return None;
        };
        let types = self.reader.texts(types, "a type");
        Some(Condition::Type {
            metavariable: self.metavariable(map)?,
            types,
            span: node.span.clone(),
        })
    }

    pub(super) fn metavariable(&mut self, map: &Map) -> Option<String> {
        self.reader
            .metavariable(map.get("metavariable")?, "`metavariable`")
    }
}

/// Alternatives as one formula; if all are "inside", it is one "inside" of alternatives, which
/// says the same and leaves fewer shapes to the matcher.
pub(super) fn any(alternatives: Vec<Formula>, span: &YamlSpan) -> Formula {
    let inside = |formula: &Formula| matches!(formula.op, Op::Inside(_));
    if alternatives.is_empty() || !alternatives.iter().all(inside) {
        return plain(Op::Any(alternatives), span);
    }
    let inner = alternatives.into_iter().map(|formula| match formula.op {
        Op::Inside(inner) => *inner,
        _ => formula,
    });
    let inner = plain(Op::Any(inner.collect()), span);
    plain(Op::Inside(Box::new(inner)), span)
}

/// Notes a rule that only says what it does not match.
pub(super) fn require_positive(reader: &mut Reader<'_>, formula: &Formula) {
    let negative = match &formula.op {
        Op::Not(_) | Op::NotInside(_) | Op::NotRegex(_) => true,
        Op::All(all) => all
            .parts
            .iter()
            .all(|part| matches!(part.op, Op::Not(_) | Op::NotInside(_) | Op::NotRegex(_))),
        _ => false,
    };
    if negative {
        let help = "add a pattern that it does match";
        reader.error_with_help(
            &formula.span,
            "the rule only says what it does not match",
            help,
        );
    }
}
