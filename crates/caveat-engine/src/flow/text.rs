//! Texts: what is known of one that is put together from others.

use std::sync::Arc;

use caveat_parser::link::FileId;
use caveat_parser::{Constant, Span};

use super::constant;
use super::value::{Absent, Known, Taint, Value, What, clipped};
use crate::model::{Fact, FactSet};

/// Facts that speak of the start of a text: lost when something comes before it.
pub fn of_the_front() -> FactSet {
    [
        Fact::Prefix,
        Fact::HostFixed,
        Fact::HostAllowed,
        Fact::RelativeUrl,
        Fact::NoLeadingDash,
        Fact::Resolved,
        Fact::Inside,
    ]
    .into_iter()
    .collect()
}

/// Facts that speak of a text from its start to its end: lost when it becomes part of another.
pub fn of_the_whole() -> FactSet {
    [
        Fact::QuoteFirst,
        Fact::QuoteLast,
        Fact::NoQuoteWithin,
        Fact::StringLiteral,
    ]
    .into_iter()
    .collect()
}

/// A text whose only quotes are its first and its last character is one string literal.
pub fn with_literal(facts: FactSet) -> FactSet {
    let shape = of_the_whole().without(Fact::StringLiteral);
    match facts.contains_all(shape) {
        true => facts.with(Fact::StringLiteral),
        false => facts,
    }
}

/// What follows for the rest of a text from what it begins with.
pub fn facts_of_prefix(prefix: &str) -> FactSet {
    let mut facts = FactSet::EMPTY;
    if prefix.is_empty() {
        return facts;
    }
    facts = facts.with(Fact::Prefix);
    if !prefix.starts_with('-') {
        facts = facts.with(Fact::NoLeadingDash);
    }
    if has_fixed_host(prefix) {
        facts = facts.with(Fact::HostFixed).with(Fact::HostAllowed);
    }
    if is_relative(prefix) {
        facts = facts.with(Fact::RelativeUrl);
    }
    facts
}

/// `scheme://host/`, `scheme://host?`, `mailto:`; nothing after it can change the host.
fn has_fixed_host(prefix: &str) -> bool {
    let Some((scheme, rest)) = prefix.split_once("://") else {
        return false;
    };
    let scheme_is_word = scheme
        .bytes()
        .all(|it| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'-' | b'.'));
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    scheme_is_word && !scheme.is_empty() && !host.is_empty() && host.len() < rest.len()
}

/// `/path`, `page?`, but not `//host`: a place on the same server.
fn is_relative(prefix: &str) -> bool {
    let mut characters = prefix.chars();
    match characters.next() {
        Some('/') => characters
            .next()
            .is_some_and(|next| !matches!(next, '/' | '\\')),
        Some('?' | '#' | '.') => true,
        Some(first) if first.is_alphanumeric() => {
            let word = prefix.find(|c: char| !c.is_alphanumeric() && c != '-' && c != '_');
            word.is_some_and(|at| prefix[at..].starts_with(['/', '?', '#', '.']))
        }
        _ => false,
    }
}

/// One after the other.
pub fn concatenated(parts: &[Value], file: FileId, span: Span) -> Value {
    if let Some(texts) = combinations(parts) {
        return Value::constants(texts);
    }
    let mut prefix = String::new();
    let mut prefix_ended = false;
    let mut at_front = true;
    let mut quotes = Quotes::default();
    let mut taint = Taint::NONE;
    for part in parts {
        let text = part.known_constants().and_then(|values| match values {
            [only] => constant::display(only),
            _ => None,
        });
        let lost = match at_front {
            true => of_the_whole(),
            false => of_the_whole().union(of_the_front()),
        };
        let gained = match (at_front, prefix_ended) {
            (false, _) => facts_of_prefix(&prefix),
            (true, _) => FactSet::EMPTY,
        };
        let data = quotes.around(&part.taint.changed(gained, lost));
        taint = taint.join(&match at_front {
            true => data,
            false => below_a_base(&data),
        });
        if !prefix_ended {
            match &text {
                Some(text) => prefix.push_str(text),
                None => {
                    prefix.push_str(&part.known_prefix().unwrap_or_else(|| "".into()));
                    prefix_ended = true;
                }
            }
        }
        at_front &= text.as_deref() == Some("");
        if let Some(text) = &text {
            quotes.read(text);
        }
    }
    let mut value = Value::tainted(taint.stepped(file, span, &What::Built));
    value.prefix = (!prefix.is_empty()).then(|| clipped(&prefix));
    value
}

/// The quote that is open at a point of a text, as far as its constant parts say.
#[derive(Default)]
struct Quotes {
    open: Option<char>,
}

impl Quotes {
    fn read(&mut self, text: &str) {
        for character in text.chars() {
            match self.open {
                None if matches!(character, '\'' | '"') => self.open = Some(character),
                Some(open) if open == character => self.open = None,
                _ => {}
            }
        }
    }

    /// Data between quotes that has no such quote in it stays between them.
    fn around(&self, data: &Taint) -> Taint {
        let Some(open) = self.open else {
            return data.clone();
        };
        data.map(|entry| match entry.absent.lacks(open) {
            true => entry.changed(FactSet::EMPTY.with(Fact::NoQuote), FactSet::EMPTY),
            false => entry.clone(),
        })
    }
}

/// What stands behind something else and has no way up stays below it.
fn below_a_base(data: &Taint) -> Taint {
    data.map(|entry| match entry.absent.has_no_way_up() {
        true => entry.changed(FactSet::EMPTY.with(Fact::Inside), FactSet::EMPTY),
        false => entry.clone(),
    })
}

/// All texts that known parts can make.
fn combinations(parts: &[Value]) -> Option<Vec<Constant>> {
    let mut texts: Vec<Vec<Arc<str>>> = vec![Vec::new()];
    for part in parts {
        let values = part.known_constants()?;
        let shown: Option<Vec<String>> = values.iter().map(constant::display).collect();
        let shown = shown?;
        if texts.len() * shown.len() > super::value::MOST_CONSTANTS {
            return None;
        }
        texts = texts
            .iter()
            .flat_map(|start| {
                shown.iter().map(move |text| {
                    let mut all = start.clone();
                    all.push(text.as_str().into());
                    all
                })
            })
            .collect();
    }
    texts.iter().map(|it| constant::concatenated(it)).collect()
}

/// A value as it stands in a text: `{value!r}`, `%s`.
pub fn formatted(value: Value, data: Taint, spec: &str) -> Value {
    if matches!(value.known, Known::OneOf(_)) && data.is_empty() && spec.is_empty() {
        return value;
    }
    let mut gained = FactSet::EMPTY;
    let (conversion, format) = spec.split_once(':').unwrap_or((spec, ""));
    if matches!(conversion, "!r" | "!a" | "%r" | "%a") {
        gained = gained.with(Fact::NoNewline);
    }
    let numeric = format.ends_with(['d', 'f', 'x', 'X', 'b', 'o', 'e', 'g', 'n', 'F', 'E', 'G']);
    if numeric || matches!(spec, "%d" | "%i" | "%f" | "%x" | "%g") {
        gained = gained.with(Fact::Number);
    }
    Value {
        prefix: value.prefix.clone().filter(|_| spec.is_empty()),
        ..Value::tainted(data.changed(gained, FactSet::EMPTY))
    }
}

/// What fills the holes of a template.
#[derive(Default)]
pub struct Arguments {
    /// By position.
    pub positional: Vec<Value>,
    /// By name.
    pub named: Vec<(Arc<str>, Value)>,
    /// Whatever else.
    pub rest: Value,
}

impl Arguments {
    /// These, in order.
    pub fn positional(values: Vec<Value>) -> Arguments {
        Arguments {
            positional: values,
            ..Arguments::default()
        }
    }

    fn by_name(&self, name: &str) -> Value {
        if let Ok(at) = name.parse::<usize>() {
            return self.at(at);
        }
        let known = self.named.iter().find(|(known, _)| **known == *name);
        known.map_or_else(|| self.rest.clone(), |(_, value)| value.clone())
    }

    fn at(&self, at: usize) -> Value {
        self.positional
            .get(at)
            .cloned()
            .unwrap_or_else(|| self.rest.clone())
    }
}

fn plain(text: &str) -> Value {
    Value::constant(Constant::Str(text.to_owned()))
}

/// The parts of `template % arguments`.
pub fn percent(
    template: &str,
    arguments: &Arguments,
    data: impl Fn(&Value) -> Taint,
) -> Vec<Value> {
    let mut parts = Vec::new();
    let mut rest = template;
    let mut next = 0;
    while let Some(at) = rest.find('%') {
        parts.push(plain(&rest[..at]));
        let hole = &rest[at + 1..];
        if let Some(after) = hole.strip_prefix('%') {
            parts.push(plain("%"));
            rest = after;
            continue;
        }
        let (name, hole) = match hole.strip_prefix('(').and_then(|it| it.split_once(')')) {
            Some((name, after)) => (Some(name), after),
            None => (None, hole),
        };
        let end = hole
            .find(|c: char| c.is_ascii_alphabetic())
            .unwrap_or(hole.len());
        let conversion = hole[end..].chars().next().unwrap_or('s');
        rest = hole.get(end + 1..).unwrap_or("");
        let value = match name {
            Some(name) => arguments.by_name(name),
            None => {
                next += 1;
                arguments.at(next - 1)
            }
        };
        let taint = data(&value);
        let spec = match conversion {
            's' => String::new(),
            other => format!("%{other}"),
        };
        parts.push(hole_of(value, taint, &spec));
    }
    parts.push(plain(rest));
    parts
}

/// The parts of `template.format(arguments)`; none if the template is not understood.
pub fn braces(
    template: &str,
    arguments: &Arguments,
    data: impl Fn(&Value) -> Taint,
) -> Option<Vec<Value>> {
    let mut parts = Vec::new();
    let mut rest = template;
    let mut next = 0;
    while let Some(at) = rest.find(['{', '}']) {
        parts.push(plain(&rest[..at]));
        let brace = &rest[at..at + 1];
        let after = &rest[at + 1..];
        if let Some(escaped) = after.strip_prefix(brace) {
            parts.push(plain(brace));
            rest = escaped;
            continue;
        }
        let (hole, after) = after.split_once('}').filter(|_| brace == "{")?;
        let (field, format) = hole.split_once(':').unwrap_or((hole, ""));
        let (field, conversion) = field.split_once('!').unwrap_or((field, ""));
        let name = field.split(['.', '[']).next().unwrap_or("");
        let value = match name {
            "" => {
                next += 1;
                arguments.at(next - 1)
            }
            name => arguments.by_name(name),
        };
        let spec = match (conversion, format) {
            ("", "") => String::new(),
            _ => format!("!{conversion}:{format}").replace("!:", ":"),
        };
        let taint = data(&value);
        parts.push(hole_of(value, taint, &spec));
        rest = after;
    }
    parts.push(plain(rest));
    Some(parts)
}

fn hole_of(value: Value, taint: Taint, spec: &str) -> Value {
    match value.is_nothing() {
        true => Value::any(),
        false => formatted(value, taint, spec),
    }
}

/// What `text.replace(from, to)` does to data.
pub fn replaced(value: &Value, from: Option<&str>, to: &Value) -> Value {
    let mut taint = value.taint.clone();
    let replacement = to.text();
    if let (Some(from), Some(to)) = (from, replacement) {
        let mut characters = from.chars();
        if let (Some(only), None) = (characters.next(), characters.next()) {
            let gone = !to.contains(only);
            // `&` that begins an entity is no `&` of the text.
            let escaped = to.starts_with('&') && to.ends_with(';');
            if gone || escaped {
                let absent = Absent::one(only);
                taint = taint.map(|entry| {
                    let mut entry = entry.clone();
                    entry.absent = entry.absent.union(absent);
                    entry
                });
            }
        }
    }
    let mut result = Value::tainted(taint.join(&to.taint));
    if let Some(prefix) = &value.prefix
        && from.is_some_and(|from| !prefix.contains(from))
    {
        result.prefix = Some(prefix.clone());
    }
    result
}
