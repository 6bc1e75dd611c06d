//! Semgrep's second syntax: `match:` with `all`, `any`, `not`, `inside` and `where`.

use super::{RuleReader, patterns, plain};
use crate::rule::{
    All, Condition, Formula, Op,
    yaml::{Entry, Map, Node, Value},
};

/// Operators of a formula; each has one.
const OPERATORS: &[&str] = &[
    "pattern", "regex", "all", "any", "not", "inside", "anywhere", "taint",
];

impl RuleReader<'_, '_> {
    /// A pattern, or a mapping of an operator and perhaps `where`.
    pub(super) fn new_formula(&mut self, node: &Node) -> Option<Formula> {
        let Value::Map(map) = &node.value else {
            let text = self.reader.text(node, "a pattern")?;
            return Some(plain(Op::Pattern(text.to_owned()), &node.span));
        };
        self.check_operators(map, &["where"]);
        let Some(entry) = operator_of(map) else {
            self.reader.error(&node.span, "an operator is missing");
            return None;
        };
        let op = self.new_operator(entry)?;
        match map.get("where") {
            Some(conditions) => self.restricted(op, node, conditions),
            None => Some(plain(op, &node.span)),
        }
    }

    /// Notes unknown keys and second operators.
    fn check_operators(&mut self, map: &Map, others: &[&str]) {
        self.reader.check_keys(map, &[OPERATORS, others].concat());
        let operators = map
            .entries
            .iter()
            .filter(|e| OPERATORS.contains(&e.key.as_str()));
        for entry in operators.skip(1) {
            let message = format!("`{}` is a second operator of the formula", entry.key);
            self.reader
                .error_with_help(&entry.key_span, message, "put both under `all` or `any`");
        }
    }

    fn new_operator(&mut self, entry: &Entry) -> Option<Op> {
        let (key, value) = (entry.key.as_str(), &entry.value);
        let what = format!("`{key}`");
        match key {
            "pattern" => Some(Op::Pattern(self.reader.text(value, &what)?.to_owned())),
            "regex" => Some(Op::Regex(self.reader.text(value, &what)?.to_owned())),
            "all" => {
                let parts = self.new_formulas(value, &what)?;
                Some(Op::All(All {
                    parts,
                    ..All::default()
                }))
            }
            "any" => Some(patterns::any(self.new_formulas(value, &what)?, &value.span).op),
            "not" => Some(negated(self.new_formula(value)?)),
            "inside" => Some(Op::Inside(Box::new(self.new_formula(value)?))),
            _ => {
                self.unsupported(what);
                None
            }
        }
    }

    fn new_formulas(&mut self, node: &Node, what: &str) -> Option<Vec<Formula>> {
        let items = self.reader.list(node, what)?;
        Some(
            items
                .iter()
                .filter_map(|item| self.new_formula(item))
                .collect(),
        )
    }

    /// The operator as a conjunction with its conditions.
    fn restricted(&mut self, op: Op, node: &Node, conditions: &Node) -> Option<Formula> {
        let mut all = match op {
            Op::All(all) => all,
            other => All {
                parts: vec![plain(other, &node.span)],
                ..All::default()
            },
        };
        for item in self.reader.list(conditions, "`where`")? {
            let Some(map) = self.reader.map(item, "an item of `where`") else {
                continue;
            };
            if let Some(focus) = map.get("focus") {
                self.reader.check_keys(map, &["focus"]);
                all.focus.extend(self.focus(focus));
            } else {
                all.conditions.extend(self.condition(item, map));
            }
        }
        Some(plain(Op::All(all), &node.span))
    }

    fn condition(&mut self, node: &Node, map: &Map) -> Option<Condition> {
        let has = |key| map.entry(key).is_some();
        if has("comparison") {
            self.reader
                .check_keys(map, &["comparison", "metavariable", "base", "strip"]);
            return self.comparison(node, map);
        }
        if has("analyzer") {
            self.unsupported("`analyzer`");
            return None;
        }
        self.reader.require(&node.span, map, &["metavariable"]);
        if has("type") || has("types") {
            self.reader
                .check_keys(map, &["metavariable", "type", "types"]);
            return self.type_condition(node, map);
        }
        self.check_operators(map, &["metavariable", "where", "language"]);
        self.content_condition(node, map)
    }

    /// A formula, or the special case of a regex, over what a metavariable is bound to.
    fn content_condition(&mut self, node: &Node, map: &Map) -> Option<Condition> {
        let (metavariable, span) = (self.metavariable(map)?, node.span.clone());
        let language = match map.get("language") {
            Some(language) => Some(self.other_language(language)?),
            None => None,
        };
        if let (Some(regex), None, None) = (map.get("regex"), &language, map.get("where")) {
            let regex = self.reader.text(regex, "`regex`")?.to_owned();
            return Some(Condition::Regex {
                metavariable,
                regex,
                constants: false,
                span,
            });
        }
        let mut inner = map.clone();
        inner
            .entries
            .retain(|entry| entry.key != "metavariable" && entry.key != "language");
        let inner = Node {
            span: span.clone(),
            value: Value::Map(inner),
        };
        let formula = Box::new(self.new_formula(&inner)?);
        Some(Condition::Formula {
            metavariable,
            formula,
            language,
            span,
        })
    }
}

fn operator_of(map: &Map) -> Option<&Entry> {
    map.entries
        .iter()
        .find(|entry| OPERATORS.contains(&entry.key.as_str()))
}

/// `not` of "inside" and of a regex are operators of their own.
fn negated(formula: Formula) -> Op {
    match formula.op {
        Op::Inside(inner) => Op::NotInside(inner),
        Op::Regex(regex) => Op::NotRegex(regex),
        _ => Op::Not(Box::new(formula)),
    }
}
