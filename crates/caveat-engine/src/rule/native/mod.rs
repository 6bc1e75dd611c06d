//! Reads caveat's own rule format, which `docs/rule-format.md` describes.
//!
//! One file is one rule. Everything is checked that can be without a grammar: keys, metadata,
//! the shape of formulas, names of metavariables. Whether a pattern is code of its language is
//! for the compiler.

mod check;
mod condition;
mod flow;
mod formula;
mod schema;

pub use schema::schema;

use caveat_parser::lang::Language;
use regex::Regex;

use super::{
    Body, Confidence, Dialect, LanguageFormula, Options, PathFilter, Rule, Severity, StatedClause,
    StatedTriggers, YamlSpan,
    reader::{Reader, clip},
    yaml::{Entry, Map, Node, Value},
};

/// Keys that every rule has.
const REQUIRED: &[&str] = &[
    "id",
    "summary",
    "severity",
    "confidence",
    "cwe",
    "since",
    "message",
    "why",
    "fix",
];
/// Keys that a rule may have.
const OPTIONAL: &[&str] = &[
    "references",
    "in-tests",
    "unless-constant",
    "paths",
    "triggers",
    "formulas",
];
/// Keys that say what a rule matches; it has one, or `flow` beside another.
const BODIES: &[&str] = &["match", "check", "flow"];
/// Languages of formulas. `text` is any file, by regular expressions only.
const LANGUAGES: &[&str] = &["python", "rust", "text"];

const SEVERITIES: &[(&str, Severity)] = &[
    ("critical", Severity::Critical),
    ("high", Severity::High),
    ("medium", Severity::Medium),
    ("low", Severity::Low),
];
const CONFIDENCES: &[(&str, Confidence)] = &[
    ("high", Confidence::High),
    ("medium", Confidence::Medium),
    ("low", Confidence::Low),
];

/// Reads the rule; `None` after noting why.
pub(super) fn read(reader: &mut Reader<'_>, root: &Node) -> Option<Rule> {
    let map = reader.map(root, "a rule")?;
    reader.check_keys(map, &[REQUIRED, OPTIONAL, BODIES].concat());
    reader.require(&root.span, map, REQUIRED);
    let text = |reader: &mut Reader<'_>, key: &str| {
        let text = map
            .get(key)
            .and_then(|node| reader.text(node, &format!("`{key}`")));
        text.unwrap_or_default().trim().to_owned()
    };
    let severity = map
        .get("severity")
        .and_then(|node| reader.choice(node, "`severity`", SEVERITIES));
    let confidence = map
        .get("confidence")
        .and_then(|node| reader.choice(node, "`confidence`", CONFIDENCES));
    let references = map
        .get("references")
        .map(|node| reader.texts(node, "`references`"));
    let in_tests = map
        .get("in-tests")
        .and_then(|node| reader.boolean(node, "`in-tests`"));
    let unless_constant = map
        .get("unless-constant")
        .and_then(|node| reader.boolean(node, "`unless-constant`"));
    let mut rule = Rule {
        id: id(reader, map),
        summary: sentence(reader, map, "summary"),
        severity: severity.unwrap_or(Severity::Low),
        confidence: confidence.unwrap_or(Confidence::Low),
        cwe: cwe(reader, map),
        since: since(reader, map),
        message: sentence(reader, map, "message"),
        why: text(reader, "why"),
        fix: text(reader, "fix"),
        family: String::new(),
        references: references.unwrap_or_default(),
        in_tests: in_tests.unwrap_or(false),
        unless_constant: unless_constant.unwrap_or(false),
        paths: map
            .get("paths")
            .map(|node| paths(reader, node))
            .unwrap_or_default(),
        triggers: map
            .get("triggers")
            .map(|node| triggers(reader, node))
            .unwrap_or_default(),
        body: body(reader, root, map)?,
        flows: Vec::new(),
        options: Options::default(),
        dialect: Dialect::Native,
        file: reader.file().to_owned(),
        span: root.span.clone(),
    };
    if let Some(node) = map.get("flow") {
        rule.flows = flow::flows(reader, node, &rule);
    }
    let message_span = map.get("message").map_or(&root.span, |node| &node.span);
    check::rule(reader, &rule, message_span);
    Some(rule)
}

fn id(reader: &mut Reader<'_>, map: &Map) -> String {
    let Some(node) = map.get("id") else {
        return String::new();
    };
    let id = reader.text(node, "`id`").unwrap_or_default();
    if !id.is_empty() && !is_kebab_case(id) {
        let message = format!("`{}` is not in kebab-case", clip(id));
        let help = "an id is lower-case words and digits with `-` between: `weak-hash`";
        reader.error_with_help(&node.span, message, help);
    }
    id.to_owned()
}

/// Lower-case words and digits, joined by single `-`, a letter first.
fn is_kebab_case(text: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.split('-').all(word)
}

/// A text that people read as part of a sentence.
fn sentence(reader: &mut Reader<'_>, map: &Map, key: &str) -> String {
    let Some(node) = map.get(key) else {
        return String::new();
    };
    sentence_of(reader, node, &format!("`{key}`")).unwrap_or_default()
}

/// One line, lower case, no final stop: output formats add what their readers expect.
fn sentence_of(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<String> {
    let text = reader.text(node, what)?.trim();
    let mut start = text.chars();
    // `SQL` may come first, `The` may not.
    let capital = start.next().is_some_and(char::is_uppercase)
        && start
            .next()
            .is_none_or(|c| c.is_lowercase() || c.is_whitespace());
    if capital {
        let help = "put names of code in backticks";
        reader.error_with_help(&node.span, format!("{what} must start in lower case"), help);
    }
    if text.ends_with('.') {
        reader.error(&node.span, format!("{what} must not end with a full stop"));
    }
    if text.contains('\n') {
        reader.error(&node.span, format!("{what} must be one line"));
    }
    Some(text.to_owned())
}

fn cwe(reader: &mut Reader<'_>, map: &Map) -> Vec<u32> {
    let Some(Node {
        value: Value::List(items),
        ..
    }) = map.get("cwe")
    else {
        if let Some(node) = map.get("cwe") {
            let help = "write `[]` if there is none";
            reader.error_with_help(&node.span, "`cwe` must be a list of numbers", help);
        }
        return Vec::new();
    };
    let mut numbers = Vec::new();
    for item in items {
        let Some(text) = reader.text(item, "a CWE") else {
            continue;
        };
        match text.parse() {
            Ok(number @ 1..) => numbers.push(number),
            _ => {
                let message = format!("`{}` is not the number of a CWE", clip(text));
                reader.error_with_help(&item.span, message, "write `295` for CWE-295");
            }
        }
    }
    numbers
}

fn since(reader: &mut Reader<'_>, map: &Map) -> String {
    let Some(node) = map.get("since") else {
        return String::new();
    };
    let Some(text) = reader.text(node, "`since`") else {
        return String::new();
    };
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if text.split('.').count() != 3 || !text.split('.').all(number) {
        reader.error(
            &node.span,
            format!("`{}` is not a version such as `0.1.0`", clip(text)),
        );
    }
    text.to_owned()
}

fn paths(reader: &mut Reader<'_>, node: &Node) -> PathFilter {
    let Some(map) = reader.map(node, "`paths`") else {
        return PathFilter::default();
    };
    reader.check_keys(map, &["include", "exclude"]);
    let mut globs = |key: &str, what: &str| {
        map.get(key)
            .map(|node| reader.texts(node, what))
            .unwrap_or_default()
    };
    PathFilter {
        include: globs("include", "`include`"),
        exclude: globs("exclude", "`exclude`"),
    }
}

/// Clauses for every language, or a list of them for each.
fn triggers(reader: &mut Reader<'_>, node: &Node) -> StatedTriggers {
    let Value::Map(map) = &node.value else {
        let clauses = vec![(String::new(), clauses(reader, node))];
        return StatedTriggers { clauses };
    };
    let mut by_language = Vec::new();
    for entry in &map.entries {
        if Language::from_name(&entry.key).is_none() {
            let message = format!("unknown language `{}`", entry.key);
            reader.error(&entry.key_span, message);
        }
        by_language.push((entry.key.clone(), clauses(reader, &entry.value)));
    }
    StatedTriggers {
        clauses: by_language,
    }
}

/// A conjunction of alternatives; a text alone is a clause of one literal.
fn clauses(reader: &mut Reader<'_>, node: &Node) -> Vec<StatedClause> {
    let Some(clauses) = reader.list(node, "`triggers`") else {
        return Vec::new();
    };
    let mut stated = Vec::new();
    for clause in clauses {
        match &clause.value {
            Value::Map(map) => stated.push(clause_with_shape(reader, map)),
            Value::List(items) if items.is_empty() => {
                reader.error(&clause.span, "a clause without literals never holds");
            }
            _ => stated.push(StatedClause {
                words: reader.texts(clause, "a trigger"),
                ..StatedClause::default()
            }),
        }
    }
    stated
}

fn clause_with_shape(reader: &mut Reader<'_>, map: &Map) -> StatedClause {
    reader.check_keys(map, &["words", "shape", "statement"]);
    let mut expression = |key: &str| {
        let node = map.get(key)?;
        let text = reader.text(node, &format!("`{key}`"))?;
        if let Err(error) = Regex::new(text) {
            reader.error(&node.span, error.to_string());
        }
        Some(text.to_owned())
    };
    let (shape, statement) = (expression("shape"), expression("statement"));
    let words = map.get("words");
    StatedClause {
        words: words.map_or_else(Vec::new, |node| reader.texts(node, "a trigger")),
        shape,
        statement,
    }
}

fn body(reader: &mut Reader<'_>, root: &Node, map: &Map) -> Option<Body> {
    let is_body = |entry: &&Entry| BODIES.contains(&entry.key.as_str());
    let mut bodies = map
        .entries
        .iter()
        .filter(is_body)
        .filter(|entry| entry.key != "flow");
    let Some(entry) = bodies.next() else {
        if map.entry("flow").is_some() {
            return Some(Body::Match(Vec::new()));
        }
        reader.error(&root.span, "the rule needs one of `match`, `check`, `flow`");
        return None;
    };
    if let Some(second) = bodies.next() {
        let message = format!(
            "a rule has one of `match` and `check`: `{}` too",
            second.key
        );
        reader.error(&second.key_span, message);
    }
    match entry.key.as_str() {
        "match" => matching(reader, map, &entry.value),
        _ => check_name(reader, &entry.value),
    }
}

fn check_name(reader: &mut Reader<'_>, node: &Node) -> Option<Body> {
    let name = reader.text(node, "`check`")?;
    if !is_kebab_case(name) {
        reader.error(
            &node.span,
            format!("`{}` is not the name of a check", clip(name)),
        );
    }
    Some(Body::Check(name.to_owned()))
}

fn matching(reader: &mut Reader<'_>, map: &Map, node: &Node) -> Option<Body> {
    let languages = reader.map(node, "`match`")?;
    if languages.entries.is_empty() {
        reader.error(&node.span, "`match` is empty");
    }
    let mut formulas = formula::FormulaReader::new(reader, map.get("formulas"));
    let mut result = Vec::new();
    for entry in &languages.entries {
        if !LANGUAGES.contains(&entry.key.as_str()) {
            formulas
                .reader
                .unknown(&entry.key_span, "language", &entry.key, LANGUAGES);
            continue;
        }
        if let Some(formula) = formulas.formula(&entry.value) {
            let formula = LanguageFormula {
                language: entry.key.clone(),
                formula,
            };
            check::language(formulas.reader, &formula);
            result.push(formula);
        }
    }
    formulas.read_unused();
    Some(Body::Match(result))
}

/// What a formula may say differently from its rule, or `None` after noting why.
fn overrides(reader: &mut Reader<'_>, map: &Map, span: &YamlSpan) -> super::Overrides {
    let rewriting = map.get("rewrite");
    let rewrite_parts = rewriting.map_or_else(Vec::new, |node| parts_of(reader, node));
    let rewrite = rewriting
        .filter(|_| rewrite_parts.is_empty())
        .and_then(|node| replacement(reader, node))
        .map(|text| text.trim_end_matches('\n').to_owned());
    let unsafe_node = map.get("rewrite-unsafe");
    let rewrite_unsafe = unsafe_node.and_then(|node| reader.boolean(node, "`rewrite-unsafe`"));
    if rewrite_unsafe.is_some() && rewriting.is_none() {
        reader.error(span, "`rewrite-unsafe` needs a `rewrite` beside it");
    }
    super::Overrides {
        severity: map
            .get("severity")
            .and_then(|node| reader.choice(node, "`severity`", SEVERITIES)),
        confidence: map
            .get("confidence")
            .and_then(|node| reader.choice(node, "`confidence`", CONFIDENCES)),
        message: map
            .get("message")
            .and_then(|node| sentence_of(reader, node, "`message`")),
        rewrite,
        rewrite_parts,
        rewrite_unsafe: rewrite_unsafe.unwrap_or(false),
        rewrite_regex: None,
    }
}

/// The code of a rewrite. An empty one deletes the match.
fn replacement(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    match &node.value {
        Value::Scalar(scalar) if !scalar.is_null() => Some(scalar.text.clone()),
        _ => reader.text(node, "`rewrite`").map(str::to_owned),
    }
}

/// Parts of a match with the code that replaces each; none unless the rewrite is a mapping.
fn parts_of(reader: &mut Reader<'_>, node: &Node) -> Vec<(String, String)> {
    let Value::Map(map) = &node.value else {
        return Vec::new();
    };
    if let Some(entry) = map
        .entries
        .iter()
        .find(|entry| !entry.key.starts_with('$') && !entry.key.ends_with('='))
    {
        let message = format!(
            "`{}` is neither a metavariable nor a keyword argument such as `verify=`",
            entry.key
        );
        reader.error(&node.span, message);
    }
    map.entries
        .iter()
        .filter_map(|entry| Some((entry.key.clone(), replacement(reader, &entry.value)?)))
        .collect()
}
