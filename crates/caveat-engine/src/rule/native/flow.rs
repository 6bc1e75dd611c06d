//! The key `flow`: from which kinds of sources to which kinds of sinks data must not go.

use super::{CONFIDENCES, sentence_of};
use crate::{
    model::{Fact, FactSet, SinkKind, SourceKind, facts, words},
    rule::{
        Confidence, Flow, Origin, Rule, Severity, YamlSpan,
        reader::{Reader, clip},
        yaml::{Map, Node, Value},
    },
};

/// Keys of a flow.
pub(super) const KEYS: &[&str] = &["from", "to", "except", "needs", "languages", "message"];
/// Languages in which data is followed.
pub(super) const LANGUAGES: &[&str] = &["python", "rust"];

/// One flow, or a list of them.
pub(super) fn flows(reader: &mut Reader<'_>, node: &Node, rule: &Rule) -> Vec<Flow> {
    let nodes = match &node.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    if nodes.is_empty() {
        reader.error(&node.span, "`flow` is empty");
    }
    nodes
        .iter()
        .filter_map(|node| flow(reader, node, rule))
        .collect()
}

fn flow(reader: &mut Reader<'_>, node: &Node, rule: &Rule) -> Option<Flow> {
    let map = reader.map(node, "`flow`")?;
    reader.check_keys(map, KEYS);
    reader.require(&node.span, map, &["from", "to"]);
    let from = map.get("from").map(|node| origins(reader, node, rule));
    let to = map
        .get("to")
        .map(|node| words(reader, node, SinkKind::ALL, SinkKind::name));
    let message = map
        .get("message")
        .and_then(|node| sentence_of(reader, node, "`message`"));
    check_message(
        reader,
        message.as_ref().unwrap_or(&rule.message),
        &node.span,
    );
    let except = fact_key(reader, map, "except");
    Some(Flow {
        from: from.unwrap_or_default(),
        to: to.unwrap_or_default(),
        except: except.with(Fact::Constant).with(Fact::OneOf),
        needs: fact_key(reader, map, "needs"),
        languages: languages(reader, map),
        message,
        span: node.span.clone(),
    })
}

fn fact_key(reader: &mut Reader<'_>, map: &Map, key: &str) -> FactSet {
    map.get(key)
        .map(|node| facts(reader, node))
        .unwrap_or_default()
}

fn languages(reader: &mut Reader<'_>, map: &Map) -> Vec<String> {
    let Some(node) = map.get("languages") else {
        return LANGUAGES.iter().map(|name| (*name).to_owned()).collect();
    };
    let names = reader.texts(node, "`languages`");
    for name in names
        .iter()
        .filter(|name| !LANGUAGES.contains(&name.as_str()))
    {
        reader.unknown(&node.span, "language", name, LANGUAGES);
    }
    names
}

/// A kind, a list of kinds, or a mapping of kinds to confidences.
///
/// A kind that is named with a confidence stands for itself only; one without stands for its
/// whole family, in which what is less the attacker's counts less.
fn origins(reader: &mut Reader<'_>, node: &Node, rule: &Rule) -> Vec<Origin> {
    let mut found: Vec<Origin> = Vec::new();
    if let Value::Map(map) = &node.value {
        for entry in &map.entries {
            let confidence = reader.choice(&entry.value, "a confidence", CONFIDENCES);
            match SourceKind::from_name(&entry.key) {
                Some(kind) => found.push(Origin {
                    confidence: confidence.unwrap_or(rule.confidence),
                    ..stated(kind, rule)
                }),
                None => unknown_kind(reader, &entry.key_span, &entry.key),
            }
        }
        let names = |kind| found.iter().any(|origin| origin.kind == kind);
        if names(SourceKind::Untrusted) && !names(SourceKind::Parameter) {
            found.push(Origin {
                on_request: true,
                ..stated(SourceKind::Parameter, rule)
            });
        }
        return found;
    }
    let named = words(reader, node, SourceKind::ALL, SourceKind::name);
    found.extend(named.iter().map(|kind| stated(*kind, rule)));
    for kind in named {
        let family = family(kind, rule);
        // A kind that the rule names itself is rated as it says.
        for origin in family {
            if !found.iter().any(|known| known.kind == origin.kind) {
                found.push(origin);
            }
        }
    }
    found
}

fn unknown_kind(reader: &mut Reader<'_>, span: &YamlSpan, name: &str) {
    let names: Vec<&str> = SourceKind::ALL.iter().map(|kind| kind.name()).collect();
    reader.unknown(span, "kind of source", &clip(name), &names);
}

/// A kind as a rule names it.
fn stated(kind: SourceKind, rule: &Rule) -> Origin {
    let number = FactSet::EMPTY.with(Fact::Number);
    let (kind, needs) = match kind {
        SourceKind::UntrustedNumber => (SourceKind::Untrusted, number),
        _ => (kind, FactSet::EMPTY),
    };
    Origin {
        kind,
        severity: rule.severity,
        confidence: rule.confidence,
        needs,
        on_request: false,
    }
}

/// The kinds that a kind stands for besides itself.
fn family(kind: SourceKind, rule: &Rule) -> Vec<Origin> {
    let one = |kind| stated(kind, rule);
    let less = |kind| Origin {
        confidence: lower(rule.confidence),
        ..stated(kind, rule)
    };
    let least = |kind| Origin {
        severity: Severity::Low,
        confidence: Confidence::Low,
        ..stated(kind, rule)
    };
    let parameter = Origin {
        on_request: true,
        ..stated(SourceKind::Parameter, rule)
    };
    let mut family = match kind {
        SourceKind::Untrusted | SourceKind::UntrustedNumber => vec![
            one(SourceKind::UploadName),
            less(SourceKind::RequestHost),
            less(SourceKind::ClientAddress),
            less(SourceKind::Network),
            less(SourceKind::Stored),
            least(SourceKind::Cli),
            least(SourceKind::Environment),
            parameter,
        ],
        SourceKind::Sensitive => vec![one(SourceKind::Password)],
        _ => Vec::new(),
    };
    if kind == SourceKind::UntrustedNumber {
        let needs = FactSet::EMPTY.with(Fact::Number);
        family.iter_mut().for_each(|origin| origin.needs = needs);
    }
    family
}

fn lower(confidence: Confidence) -> Confidence {
    match confidence {
        Confidence::High => Confidence::Medium,
        _ => Confidence::Low,
    }
}

/// Notes holes of a message that are not filled.
fn check_message(reader: &mut Reader<'_>, message: &str, span: &YamlSpan) {
    let holes = message.split('{').skip(1);
    for hole in holes.filter_map(|rest| rest.split_once('}')) {
        if !["source", "sink"].contains(&hole.0) {
            reader.unknown(span, "hole in the message", hole.0, &["source", "sink"]);
        }
    }
}
