//! Formulas of the native format: one operator, with what may stand beside it.
//!
//! Sugar is gone from the result: `use` is replaced by the formula it names, a list by `any`,
//! and `inside`, `not-inside`, `not`, `where` and `focus` beside an operator make an `All`.

use rustc_hash::FxHashMap;

use super::{condition, overrides};
use crate::rule::{
    All, Condition, Formula, Op, Overrides, YamlSpan,
    reader::{METAVARIABLE_HELP, Reader, clip, is_metavariable, list},
    yaml::{Entry, Map, Node, Value},
};

/// Operators that match something.
pub(super) const POSITIVE: &[&str] = &["pattern", "regex", "all", "any", "use"];
/// Operators that restrict: parts of `all`, or beside one that matches.
pub(super) const RESTRICTING: &[&str] = &["not", "inside", "not-inside"];
/// Keys about metavariables, beside an operator that matches.
pub(super) const CONDITIONS: &[&str] = &["where", "focus"];
/// What an alternative may say differently from its rule.
pub(super) const OVERRIDES: &[&str] = &[
    "severity",
    "confidence",
    "message",
    "rewrite",
    "rewrite-unsafe",
];

/// Most operators of a rule once every `use` is replaced.
const MAX_FORMULAS: usize = 10_000;

/// A named formula.
enum Named {
    /// Being read: a `use` of it now is a cycle.
    Open,
    /// Read, with its number of operators; `None` if it was wrong.
    Done(Option<Box<(Formula, usize)>>),
}

/// Reads the formulas of one rule.
pub(super) struct FormulaReader<'r, 'a, 'n> {
    pub(super) reader: &'r mut Reader<'a>,
    /// The mapping `formulas:`.
    definitions: Option<&'n Map>,
    named: FxHashMap<&'n str, Named>,
    /// Operators so far.
    size: usize,
}

impl<'r, 'a, 'n> FormulaReader<'r, 'a, 'n> {
    pub(super) fn new(reader: &'r mut Reader<'a>, formulas: Option<&'n Node>) -> Self {
        let definitions = formulas.and_then(|node| reader.map(node, "`formulas`"));
        Self {
            reader,
            definitions,
            named: FxHashMap::default(),
            size: 0,
        }
    }

    /// Reads the named formulas that nothing used, for their mistakes.
    pub(super) fn read_unused(&mut self) {
        for entry in self
            .definitions
            .map(|map| map.entries.as_slice())
            .unwrap_or_default()
        {
            if !self.named.contains_key(entry.key.as_str()) {
                let help = "remove it, or refer to it by `use`";
                let message = format!("nothing uses the formula `{}`", clip(&entry.key));
                self.reader.error_with_help(&entry.key_span, message, help);
                self.define(entry);
            }
        }
    }

    /// A text is a pattern, a list is an `any`, a mapping has an operator.
    pub(super) fn formula(&mut self, node: &'n Node) -> Option<Formula> {
        self.size += 1;
        if self.size > MAX_FORMULAS {
            self.reader
                .error(&node.span, "the rule has more than 10000 operators");
            return None;
        }
        match &node.value {
            Value::Scalar(_) => {
                let text = self.reader.text(node, "a pattern")?.to_owned();
                Some(plain(Op::Pattern(text), &node.span))
            }
            Value::List(_) => Some(plain(Op::Any(self.formulas(node, "the list")?), &node.span)),
            Value::Map(map) => self.mapping(node, map),
        }
    }

    fn formulas(&mut self, node: &'n Node, what: &str) -> Option<Vec<Formula>> {
        let items = self.reader.list(node, what)?;
        Some(items.iter().filter_map(|item| self.formula(item)).collect())
    }

    fn mapping(&mut self, node: &'n Node, map: &'n Map) -> Option<Formula> {
        let known = [POSITIVE, RESTRICTING, CONDITIONS, OVERRIDES].concat();
        let before = self.reader.error_count();
        self.reader.check_keys(map, &known);
        let main = self.main_operator(node, map, before)?;
        if RESTRICTING.contains(&main.key.as_str()) {
            self.check_alone(main, map);
            return Some(plain(self.restriction(main)?, &node.span));
        }
        let base = self.operator(main);
        let all = self.beside(main, map);
        let with = overrides(self.reader, map, &node.span);
        Some(attach(base?, all, with, &node.span))
    }

    /// The one operator of the mapping: the one that matches, or else the one that restricts.
    /// `before` is the number of mistakes before it: an unknown key is likely the operator.
    fn main_operator(&mut self, node: &Node, map: &'n Map, before: usize) -> Option<&'n Entry> {
        for operators in [POSITIVE, RESTRICTING] {
            let mut found = map
                .entries
                .iter()
                .filter(|e| operators.contains(&e.key.as_str()));
            let Some(first) = found.next() else { continue };
            if let Some(second) = found.next() {
                let message = format!("`{}` and `{}` in one formula", first.key, second.key);
                let help = "put each in an item of its own under `all` or `any`";
                self.reader.error_with_help(&second.key_span, message, help);
            }
            return Some(first);
        }
        if self.reader.error_count() == before {
            let help = format!("add one of {}", list(POSITIVE));
            let message = "the formula has no operator";
            self.reader.error_with_help(&node.span, message, help);
        }
        None
    }

    /// Notes keys that only make sense beside an operator that matches.
    fn check_alone(&mut self, main: &Entry, map: &Map) {
        let others = [CONDITIONS, OVERRIDES].concat();
        for entry in map
            .entries
            .iter()
            .filter(|entry| others.contains(&entry.key.as_str()))
        {
            let message = format!("`{}` has no meaning beside `{}` alone", entry.key, main.key);
            let help = format!("put it beside one of {}", list(POSITIVE));
            self.reader.error_with_help(&entry.key_span, message, help);
        }
    }

    /// An operator that matches.
    fn operator(&mut self, entry: &'n Entry) -> Option<Formula> {
        let (value, what) = (&entry.value, format!("`{}`", entry.key));
        let op = match entry.key.as_str() {
            "pattern" => Op::Pattern(self.reader.text(value, &what)?.to_owned()),
            "regex" => Op::Regex(self.reader.text(value, &what)?.trim_end().to_owned()),
            "all" => {
                let parts = self.formulas(value, &what)?;
                Op::All(All {
                    parts,
                    ..All::default()
                })
            }
            "any" => Op::Any(self.formulas(value, &what)?),
            _ => return self.named(value),
        };
        Some(plain(op, &value.span))
    }

    fn restriction(&mut self, entry: &'n Entry) -> Option<Op> {
        let inner = Box::new(self.formula(&entry.value)?);
        Some(match entry.key.as_str() {
            "inside" => Op::Inside(inner),
            "not-inside" => Op::NotInside(inner),
            _ => match inner.op {
                Op::Regex(regex) => Op::NotRegex(regex),
                _ => Op::Not(inner),
            },
        })
    }

    /// The restrictions, conditions and focus that stand beside an operator.
    fn beside(&mut self, main: &Entry, map: &'n Map) -> All {
        let mut all = All::default();
        for entry in map.entries.iter().filter(|entry| entry.key != main.key) {
            match entry.key.as_str() {
                "where" => self.conditions(&entry.value, &mut all.conditions),
                "focus" => all.focus.extend(self.focus(&entry.value)),
                key if RESTRICTING.contains(&key) => {
                    let part = self
                        .restriction(entry)
                        .map(|op| plain(op, &entry.value.span));
                    all.parts.extend(part);
                }
                _ => {}
            }
        }
        all
    }

    /// `where:` is a text, a mapping of metavariables to tests, or a list of those.
    fn conditions(&mut self, node: &Node, conditions: &mut Vec<Condition>) {
        match &node.value {
            Value::Scalar(_) => {
                let Some(text) = self.reader.text(node, "`where`") else {
                    return;
                };
                let Some((name, tests)) = text.split_once(':') else {
                    let help = "write `$X: test`, for example `$X: not constant`";
                    self.reader
                        .error_with_help(&node.span, "a condition needs a `:`", help);
                    return;
                };
                conditions.extend(self.condition(name.trim(), &node.span, tests, &node.span));
            }
            Value::Map(map) => {
                for entry in &map.entries {
                    let Some(tests) = self.reader.text(&entry.value, "a condition") else {
                        continue;
                    };
                    let span = &entry.value.span;
                    conditions.extend(self.condition(&entry.key, &entry.key_span, tests, span));
                }
            }
            Value::List(_) => {
                for item in self.reader.list(node, "`where`").unwrap_or_default() {
                    match item.value {
                        Value::List(_) => self.reader.error(&item.span, "a list in a list"),
                        _ => self.conditions(item, conditions),
                    }
                }
            }
        }
    }

    fn condition(
        &mut self,
        name: &str,
        name_span: &YamlSpan,
        tests: &str,
        span: &YamlSpan,
    ) -> Option<Condition> {
        if !is_metavariable(name) {
            let message = format!("`{}` is not a metavariable", clip(name));
            self.reader
                .error_with_help(name_span, message, METAVARIABLE_HELP);
            return None;
        }
        match condition::parse(tests) {
            Ok(any_of) => Some(Condition::Where {
                metavariable: name.to_owned(),
                any_of,
                span: span.clone(),
            }),
            Err(condition::Wrong { message, help }) => {
                self.reader.error_with_help(span, message, help);
                None
            }
        }
    }

    /// One metavariable, or several of which each is a focus.
    fn focus(&mut self, node: &Node) -> Option<Vec<String>> {
        let nodes = match &node.value {
            Value::List(_) => self.reader.list(node, "`focus`")?,
            _ => std::slice::from_ref(node),
        };
        let names = nodes
            .iter()
            .filter_map(|node| self.reader.metavariable(node, "`focus`"));
        Some(names.collect::<Vec<_>>()).filter(|names| !names.is_empty())
    }

    /// The formula that `use` names.
    fn named(&mut self, node: &Node) -> Option<Formula> {
        let name = self.reader.text(node, "`use`")?;
        let Some(entry) = self.definitions.and_then(|map| map.entry(name)) else {
            let entries = self
                .definitions
                .map(|map| map.entries.as_slice())
                .unwrap_or_default();
            let known: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
            if known.is_empty() {
                let help = "define it under `formulas:` at the top of the file";
                let message = format!("unknown formula `{}`", clip(name));
                self.reader.error_with_help(&node.span, message, help);
            } else {
                self.reader.unknown(&node.span, "formula", name, &known);
            }
            return None;
        };
        if !self.named.contains_key(name) {
            self.define(entry);
        }
        match self.named.get(name) {
            Some(Named::Done(Some(done))) => {
                let (formula, size) = done.as_ref();
                self.size = self.size.saturating_add(*size);
                if self.size <= MAX_FORMULAS {
                    return Some(formula.clone());
                }
                self.reader
                    .error(&node.span, "the rule has more than 10000 operators");
            }
            Some(Named::Open) => {
                self.reader.error(
                    &node.span,
                    format!("the formula `{}` uses itself", clip(name)),
                );
            }
            _ => {}
        }
        None
    }

    /// Reads a named formula once.
    fn define(&mut self, entry: &'n Entry) {
        self.named.insert(&entry.key, Named::Open);
        let before = self.size;
        let formula = self.formula(&entry.value);
        let size = self.size - before;
        self.named.insert(
            &entry.key,
            Named::Done(formula.map(|formula| Box::new((formula, size)))),
        );
    }
}

/// Joins an operator and what stands beside it; without anything beside, it stays as it is.
fn attach(base: Formula, beside: All, with: Overrides, span: &YamlSpan) -> Formula {
    let All {
        parts,
        conditions,
        focus,
    } = beside;
    let nothing = parts.is_empty() && conditions.is_empty() && focus.is_empty();
    let said = with != Overrides::default();
    match base {
        base if nothing && !said => base,
        // Beside `all`, its own parts come first. A named formula keeps its own overrides.
        Formula {
            op: Op::All(mut all),
            with: own,
            ..
        } if own == Overrides::default() => {
            all.parts.extend(parts);
            all.conditions.extend(conditions);
            all.focus.extend(focus);
            Formula {
                op: Op::All(all),
                span: span.clone(),
                with,
            }
        }
        base if nothing && base.with == Overrides::default() => Formula { with, ..base },
        base => {
            let parts = std::iter::once(base).chain(parts).collect();
            Formula {
                op: Op::All(All {
                    parts,
                    conditions,
                    focus,
                }),
                span: span.clone(),
                with,
            }
        }
    }
}

fn plain(op: Op, span: &YamlSpan) -> Formula {
    Formula {
        op,
        span: span.clone(),
        with: Overrides::default(),
    }
}
