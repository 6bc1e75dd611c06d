//! YAML to [`Model`]: every key is checked, every mistake is noted where it stands.

use regex::Regex;

use super::{
    Action, Condition, Entry, Fact, FactSet, Fields, Form, Guard, Header, Model, Outcome, Place,
    Row, Sink, SinkKind, Source, SourceKind, Step, Target, TypeRow, header,
    target::{self, Receiver},
};
use crate::rule::{
    Confidence, RuleError, YamlSpan,
    error::closest,
    reader::{Reader, clip},
    yaml::{self, Map, Node, Value},
};

/// Keys of a model file.
const MODEL: &[&str] = &[
    "library",
    "language",
    "imports",
    "note",
    "unchecked",
    "same",
    "bases",
    "types",
    "facts",
    "rows",
];
/// The key that says what a row is.
const KINDS: &[&str] = &["source", "entry", "sink", "step", "guard"];
/// Keys that any row may have.
const COMMON: &[&str] = &["if", "unless", "confidence", "note"];
/// Keys that say where a source or sink is.
const PLACES: &[&str] = &["at", "type", "named", "caught", "receiver"];
const SOURCE: &[&str] = &["source", "fields", "adds", "routed"];
const SINK: &[&str] = &["sink", "safe-if"];
const STEP: &[&str] = &["step", "receiver", "adds", "removes", "typed", "stops"];
const GUARD: &[&str] = &["guard", "named", "receiver", "fact", "value", "on", "needs"];
const ENTRY: &[&str] = &[
    "entry",
    "receiver",
    "methods",
    "params",
    "skip",
    "only-types",
    "except-types",
    "except-defaults",
    "receives",
    "route",
    "converters",
    "returns",
];
const CONFIDENCES: &[(&str, Confidence)] = &[
    ("high", Confidence::High),
    ("medium", Confidence::Medium),
    ("low", Confidence::Low),
];
const OUTCOMES: &[(&str, Outcome)] = &[
    ("true", Outcome::True),
    ("false", Outcome::False),
    ("one-of", Outcome::OneOf),
    ("return", Outcome::Returns),
];

/// Reads a model file. `file` is only a name for messages.
///
/// # Errors
/// All the mistakes of the file, in its order.
pub fn load(file: &str, text: &str) -> Result<Model, Vec<RuleError>> {
    let root = yaml::parse(file, text)?;
    let mut reader = Reader::new(file);
    let model = model(&mut reader, &root, text);
    reader.finish(model)
}

fn model(reader: &mut Reader<'_>, root: &Node, text: &str) -> Option<Model> {
    let map = reader.map(root, "a model")?;
    reader.check_keys(map, MODEL);
    reader.require(&root.span, map, &["library", "language"]);
    if let Some(node) = map.get("unchecked") {
        reader.texts(node, "`unchecked`");
    }
    let header = checked_header(reader, map, text);
    let mut types = Vec::new();
    for (key, of) in pairs(reader, map, "types") {
        let of = one_path(reader, &of);
        types.extend(at(reader, &key, None).into_iter().map(|target| TypeRow {
            target,
            of: of.clone(),
        }));
    }
    let mut found = Vec::new();
    if let Some(node) = map.get("rows")
        && let Some(items) = reader.list(node, "`rows`")
    {
        for item in items {
            found.extend(rows(reader, item));
        }
    }
    Some(Model {
        header,
        same: named_pairs(reader, map, "same"),
        bases: named_pairs(reader, map, "bases"),
        types,
        facts: type_facts(reader, map),
        rows: found,
        file: reader.file().to_owned(),
    })
}

/// The header by its lines, after seeing that YAML reads the same there.
fn checked_header(reader: &mut Reader<'_>, map: &Map, text: &str) -> Header {
    let found = header(text);
    for (at, entry) in map.entries.iter().enumerate() {
        let key = entry.key.as_str();
        if !super::header::KEYS.contains(&key) {
            continue;
        }
        let stated = match (key, &entry.value.value) {
            ("imports", Value::Scalar(word)) if word.text == "always" => Vec::new(),
            ("imports", Value::Scalar(_)) => {
                let help = "write `[name, name]` on one line, or `always`";
                reader.error_with_help(&entry.value.span, "`imports` must be a list", help);
                continue;
            }
            _ => reader.texts(&entry.value, &format!("`{key}`")),
        };
        let read: Vec<String> = match key {
            "library" => vec![found.library.clone()],
            "language" => vec![found.language.clone()],
            _ => found.imports.clone(),
        };
        if at >= super::header::KEYS.len() || stated != read {
            let help = "`library`, `language` and `imports` stand first, each on a line of its own";
            reader.error_with_help(&entry.key_span, format!("`{key}` is misplaced"), help);
        }
    }
    if let Some(node) = map.get("language")
        && !matches!(found.language.as_str(), "python" | "rust")
    {
        reader.unknown(&node.span, "language", &found.language, &["python", "rust"]);
    }
    found
}

/// A text and where it stands.
type Spanned = (String, YamlSpan);

/// Keys and values of a mapping of texts; a value may be a list.
fn pairs(reader: &mut Reader<'_>, map: &Map, key: &str) -> Vec<(Spanned, Spanned)> {
    let Some(map) = map
        .get(key)
        .and_then(|node| reader.map(node, &format!("`{key}`")))
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in &map.entries {
        let name = (entry.key.clone(), entry.key_span.clone());
        for value in reader.texts(&entry.value, "a name") {
            found.push((name.clone(), (value, entry.value.span.clone())));
        }
    }
    found
}

/// Pairs of dotted names, with every alternative of the key.
fn named_pairs(reader: &mut Reader<'_>, map: &Map, key: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for ((name, span), value) in pairs(reader, map, key) {
        let value = one_path(reader, &value);
        let names = noted(reader, &span, target::paths(&name)).unwrap_or_default();
        found.extend(names.into_iter().map(|name| (name, value.clone())));
    }
    found
}

fn one_path(reader: &mut Reader<'_>, (text, span): &Spanned) -> String {
    let mut paths = noted(reader, span, target::paths(text)).unwrap_or_default();
    if paths.len() > 1 {
        reader.error(span, "alternatives may not stand here");
    }
    paths.pop().unwrap_or_default()
}

/// Dotted names of a text or list of texts.
fn names(reader: &mut Reader<'_>, map: &Map, key: &str) -> Vec<String> {
    let Some(node) = map.get(key) else {
        return Vec::new();
    };
    let texts = reader.texts(node, &format!("`{key}`"));
    let mut found = Vec::new();
    for text in texts {
        found.extend(noted(reader, &node.span, target::paths(&text)).unwrap_or_default());
    }
    found
}

fn type_facts(reader: &mut Reader<'_>, map: &Map) -> Vec<(String, FactSet)> {
    let Some(map) = map
        .get("facts")
        .and_then(|node| reader.map(node, "`facts`"))
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in &map.entries {
        let facts = facts(reader, &entry.value);
        let names = noted(reader, &entry.key_span, target::paths(&entry.key));
        found.extend(
            names
                .unwrap_or_default()
                .into_iter()
                .map(|name| (name, facts)),
        );
    }
    found
}

/// The value, or `None` after noting the mistake at the span.
fn noted<T>(reader: &mut Reader<'_>, span: &YamlSpan, result: Result<T, String>) -> Option<T> {
    result.map_err(|message| reader.error(span, message)).ok()
}

/// The row of a node; a step that leads to several places is a row for each.
fn rows(reader: &mut Reader<'_>, node: &Node) -> Vec<Row> {
    let Some(map) = reader.map(node, "a row") else {
        return Vec::new();
    };
    let mut kinds = map
        .entries
        .iter()
        .filter(|entry| KINDS.contains(&entry.key.as_str()));
    let Some(kind) = kinds.next() else {
        let help = "a row is a `source`, `entry`, `sink`, `step` or `guard`";
        reader.error_with_help(&node.span, "the row does not say what it is", help);
        return Vec::new();
    };
    let (own, placed): (&[&str], &[&str]) = match kind.key.as_str() {
        "source" => (SOURCE, PLACES),
        "sink" => (SINK, PLACES),
        "entry" => (ENTRY, &[]),
        "step" => (STEP, &[]),
        _ => (GUARD, &[]),
    };
    reader.check_keys(map, &[own, placed, COMMON].concat());
    let row = Row {
        targets: Vec::new(),
        action: Action::Sink(Sink {
            kind: SinkKind::Guard,
            safe_if: FactSet::EMPTY,
        }),
        conditions: conditions(reader, map, "if"),
        exceptions: conditions(reader, map, "unless"),
        confidence: map
            .get("confidence")
            .and_then(|node| reader.choice(node, "`confidence`", CONFIDENCES)),
        span: node.span.clone(),
    };
    let mut rows = Vec::new();
    for (targets, action) in actions(reader, node, map, kind) {
        check_places(reader, &node.span, &targets, &action);
        rows.push(Row {
            targets,
            action,
            ..row.clone()
        });
    }
    rows
}

/// What a row says, and of which code.
fn actions(
    reader: &mut Reader<'_>,
    node: &Node,
    map: &Map,
    kind: &yaml::Entry,
) -> Vec<(Vec<Target>, Action)> {
    let placed = |reader: &mut Reader<'_>, action: Option<Action>| {
        let targets = places(reader, node, map);
        action.map(|action| (targets, action)).into_iter().collect()
    };
    match kind.key.as_str() {
        "source" => {
            let action = source(reader, map, &kind.value);
            placed(reader, action)
        }
        "sink" => {
            let action = sink(reader, map, &kind.value);
            placed(reader, action)
        }
        "entry" => {
            let receiver = receiver(reader, map);
            let targets = ats(reader, &kind.value, receiver.as_ref());
            vec![(targets, entry(reader, map))]
        }
        "step" => steps(reader, map, &kind.value),
        _ => guard(reader, map, &kind.value).into_iter().collect(),
    }
}

/// Notes targets that do not say which of their places is meant.
fn check_places(reader: &mut Reader<'_>, span: &YamlSpan, targets: &[Target], action: &Action) {
    let needs = matches!(action, Action::Sink(_) | Action::Step(_) | Action::Guard(_));
    for target in targets {
        let call = matches!(target.form, Form::Call(_) | Form::Method { .. });
        if needs && call && target.places.is_empty() {
            let help = "name it in the parentheses: `arg0`, `self`, `any`";
            reader.error_with_help(span, "the row does not say which value it is about", help);
            return;
        }
    }
}

fn conditions(reader: &mut Reader<'_>, map: &Map, key: &str) -> Vec<Condition> {
    let Some(node) = map.get(key) else {
        return Vec::new();
    };
    let texts = reader.texts(node, &format!("`{key}`"));
    texts
        .iter()
        .filter_map(|text| noted(reader, &node.span, Condition::parse(text)))
        .collect()
}

/// The targets of a source or sink, whichever key states them.
fn places(reader: &mut Reader<'_>, node: &Node, map: &Map) -> Vec<Target> {
    let receiver = receiver(reader, map);
    let mut targets = Vec::new();
    if let Some(node) = map.get("at") {
        targets.extend(ats(reader, node, receiver.as_ref()));
    }
    let plain = |form: fn(String) -> Form| {
        move |path| Target {
            form: form(path),
            places: Vec::new(),
        }
    };
    targets.extend(
        names(reader, map, "type")
            .into_iter()
            .map(plain(Form::Type)),
    );
    targets.extend(
        names(reader, map, "caught")
            .into_iter()
            .map(plain(Form::Caught)),
    );
    if let Some(node) = map.get("named")
        && let Some(regex) = regex(reader, node, "`named`")
    {
        targets.push(Target {
            form: Form::Named(Receiver(regex)),
            places: Vec::new(),
        });
    }
    if !["at", "type", "named", "caught"]
        .iter()
        .any(|key| map.entry(key).is_some())
    {
        let help = "write `at: path` or `at: path(arg0)`, or one of `type`, `named`, `caught`";
        reader.error_with_help(&node.span, "the row does not say where", help);
    }
    targets
}

fn receiver(reader: &mut Reader<'_>, map: &Map) -> Option<Regex> {
    map.get("receiver")
        .and_then(|node| regex(reader, node, "`receiver`"))
}

fn regex(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<Regex> {
    let text = reader.text(node, what)?;
    let regex = Regex::new(text).map_err(|error| error.to_string());
    noted(reader, &node.span, regex)
}

/// The targets of a text or list of texts.
fn ats(reader: &mut Reader<'_>, node: &Node, receiver: Option<&Regex>) -> Vec<Target> {
    let texts = reader.texts(node, "a target");
    let mut targets = Vec::new();
    for text in texts {
        targets.extend(at(reader, &(text, node.span.clone()), receiver));
    }
    targets
}

fn at(reader: &mut Reader<'_>, text: &Spanned, receiver: Option<&Regex>) -> Vec<Target> {
    noted(reader, &text.1, target::parse(&text.0, receiver)).unwrap_or_default()
}

fn source(reader: &mut Reader<'_>, map: &Map, node: &Node) -> Option<Action> {
    let kind = word(reader, node, SourceKind::ALL, SourceKind::name)?;
    let fields = match map.get("fields") {
        None => Fields::Value,
        Some(node) => match reader.texts(node, "`fields`").as_slice() {
            [any] if any == "any" => Fields::Any,
            names => Fields::Named(names.to_vec()),
        },
    };
    let adds = fact_key(reader, map, "adds");
    let routed = map.get("routed");
    let routed = routed.and_then(|node| reader.boolean(node, "`routed`"));
    Some(Action::Source(Source {
        kind,
        fields,
        adds,
        routed: routed.unwrap_or(false),
    }))
}

fn sink(reader: &mut Reader<'_>, map: &Map, node: &Node) -> Option<Action> {
    let kind = word(reader, node, SinkKind::ALL, SinkKind::name)?;
    let safe_if = fact_key(reader, map, "safe-if");
    Some(Action::Sink(Sink { kind, safe_if }))
}

/// `path(arg0, arg1) -> return`; without an arrow it goes to `return`.
fn steps(reader: &mut Reader<'_>, map: &Map, node: &Node) -> Vec<(Vec<Target>, Action)> {
    let receiver = receiver(reader, map);
    let texts = reader.texts(node, "`step`");
    let mut by_place: Vec<(Place, Vec<Target>)> = Vec::new();
    for text in &texts {
        let (from, to) = text.split_once("->").unwrap_or((text, "return"));
        let Some(to) = noted(reader, &node.span, Place::parse(to)) else {
            continue;
        };
        let from = (from.to_owned(), node.span.clone());
        let targets = at(reader, &from, receiver.as_ref());
        match by_place.iter_mut().find(|(known, _)| *known == to) {
            Some((_, known)) => known.extend(targets),
            None => by_place.push((to, targets)),
        }
    }
    let removes = match map.get("removes") {
        Some(node) if reader.texts(node, "`removes`") == ["all"] => FactSet::ALL,
        _ => fact_key(reader, map, "removes"),
    };
    let step = Step {
        to: Place::RETURN,
        adds: fact_key(reader, map, "adds"),
        removes,
        typed: flag(reader, map, "typed"),
        stops: flag(reader, map, "stops"),
    };
    let one = |(to, targets)| (targets, Action::Step(Step { to, ..step.clone() }));
    by_place.into_iter().map(one).collect()
}

fn flag(reader: &mut Reader<'_>, map: &Map, key: &str) -> bool {
    let node = map.get(key);
    node.and_then(|node| reader.boolean(node, &format!("`{key}`")))
        .unwrap_or(false)
}

fn guard(reader: &mut Reader<'_>, map: &Map, node: &Node) -> Option<(Vec<Target>, Action)> {
    let targets = match map.get("named") {
        Some(named) => {
            let regex = regex(reader, named, "`named`")?;
            vec![Target {
                form: Form::Named(Receiver(regex)),
                places: Vec::new(),
            }]
        }
        None => {
            let receiver = receiver(reader, map);
            ats(reader, node, receiver.as_ref())
        }
    };
    if map.entry("fact").is_none() {
        reader.error(&node.span, "the key `fact` is missing");
    }
    let value = map.get("value").and_then(|node| {
        let text = reader.text(node, "`value`")?;
        noted(reader, &node.span, Place::parse(text))
    });
    let on = map
        .get("on")
        .and_then(|node| reader.choice(node, "`on`", OUTCOMES));
    let guard = Guard {
        on: on.unwrap_or(Outcome::True),
        adds: fact_key(reader, map, "fact"),
        value,
        needs: fact_key(reader, map, "needs"),
    };
    Some((targets, Action::Guard(guard)))
}

fn entry(reader: &mut Reader<'_>, map: &Map) -> Action {
    let params = map.get("params");
    let params = params.and_then(|node| word(reader, node, SourceKind::ALL, SourceKind::name));
    let skip = map
        .get("skip")
        .and_then(|node| reader.integer(node, "`skip`"))
        .unwrap_or(0);
    let methods = map
        .get("methods")
        .map(|node| reader.texts(node, "`methods`"));
    let route = map.get("route").and_then(|node| {
        let text = reader.text(node, "`route`")?;
        noted(reader, &node.span, Place::parse(text))
    });
    let returns = map
        .get("returns")
        .map(|node| words(reader, node, SinkKind::ALL, SinkKind::name));
    Action::Entry(Box::new(Entry {
        methods: methods.unwrap_or_default(),
        params,
        skip: usize::try_from(skip).unwrap_or(0),
        only_types: names(reader, map, "only-types"),
        except_types: names(reader, map, "except-types"),
        except_defaults: names(reader, map, "except-defaults"),
        receives: receives(reader, map),
        route,
        converters: converters(reader, map),
        returns: returns.unwrap_or_default(),
    }))
}

fn receives(reader: &mut Reader<'_>, map: &Map) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for ((key, span), value) in pairs(reader, map, "receives") {
        match key.parse() {
            Ok(position) => found.push((position, one_path(reader, &value))),
            Err(_) => reader.error(&span, format!("`{}` is no position", clip(&key))),
        }
    }
    found
}

fn converters(reader: &mut Reader<'_>, map: &Map) -> Vec<(String, FactSet)> {
    let map = map
        .get("converters")
        .and_then(|node| reader.map(node, "`converters`"));
    let entries = map.map(|map| map.entries.as_slice()).unwrap_or_default();
    let one = |entry: &yaml::Entry| (entry.key.clone(), facts(reader, &entry.value));
    entries.iter().map(one).collect()
}

fn fact_key(reader: &mut Reader<'_>, map: &Map, key: &str) -> FactSet {
    map.get(key)
        .map(|node| facts(reader, node))
        .unwrap_or_default()
}

/// The facts of a word or list of words.
pub(crate) fn facts(reader: &mut Reader<'_>, node: &Node) -> FactSet {
    // `[]`: a converter that tells nothing.
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        return FactSet::EMPTY;
    }
    words(reader, node, Fact::ALL, Fact::name)
        .into_iter()
        .collect()
}

/// The words of one word or a list of them.
pub(crate) fn words<T: Copy>(
    reader: &mut Reader<'_>,
    node: &Node,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Vec<T> {
    let nodes = match &node.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut found = Vec::new();
    for node in nodes {
        found.extend(word(reader, node, all, name));
    }
    found
}

fn word<T: Copy>(
    reader: &mut Reader<'_>,
    node: &Node,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Option<T> {
    let text = reader.text(node, "a kind")?.trim();
    let found = all.iter().copied().find(|word| name(*word) == text);
    if found.is_none() {
        let names: Vec<&str> = all.iter().map(|word| name(*word)).collect();
        let message = format!("unknown word `{}`", clip(text));
        let help = match closest(text, &names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known here: {}", names.join(", ")),
        };
        reader.error_with_help(&node.span, message, help);
    }
    found
}
