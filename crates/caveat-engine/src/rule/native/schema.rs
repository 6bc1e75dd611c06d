//! The JSON Schema of the native format, for editors that complete and check YAML.
//!
//! It is made from the reader's own tables of keys and words, so that it cannot fall behind; what
//! a schema cannot say (cycles, metavariables) only the reader checks.

use serde_json::{Map, Value, json};

use crate::model::{Fact, SinkKind, SourceKind};

use super::{
    BODIES, CONFIDENCES, LANGUAGES, OPTIONAL, REQUIRED, SEVERITIES,
    formula::{CONDITIONS, OVERRIDES, POSITIVE, RESTRICTING},
};

/// The schema as formatted JSON, with a final line break.
pub fn schema() -> String {
    let keys = [REQUIRED, OPTIONAL, BODIES].concat();
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "caveat rule",
        "type": "object",
        "required": REQUIRED,
        "anyOf": BODIES.iter().map(|body| json!({"required": [body]})).collect::<Vec<_>>(),
        "properties": properties(&keys, rule_key),
        "additionalProperties": false,
        "$defs": {"formula": formula(), "texts": texts(), "conditions": conditions(), "flow": flow()},
    });
    // Values without maps of other keys than text always have a JSON form.
    format!("{schema:#}\n")
}

fn properties(keys: &[&str], of: impl Fn(&str) -> Value) -> Value {
    Value::Object(
        keys.iter()
            .map(|key| ((*key).to_owned(), of(key)))
            .collect::<Map<_, _>>(),
    )
}

/// Names of a table.
fn words<T>(table: &[(&str, T)]) -> Vec<String> {
    table.iter().map(|(name, _)| (*name).to_owned()).collect()
}

fn rule_key(key: &str) -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    match key {
        "id" => json!({
            "type": "string",
            "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
            "description": "what the rule flags, in kebab-case; never changed",
        }),
        "summary" => text("what the rule looks for: one line, lower case, no final stop"),
        "severity" => json!({"enum": words(SEVERITIES), "description": "how bad if true"}),
        "confidence" => json!({"enum": words(CONFIDENCES), "description": "how often true"}),
        "cwe" => json!({"type": "array", "items": {"type": "integer", "minimum": 1}}),
        "since" => json!({"type": "string", "pattern": r"^\d+\.\d+\.\d+$"}),
        "message" => text("what is wrong here, with `$X` for what a metavariable matched"),
        "why" => text("the danger, in one or two sentences"),
        "fix" => text("the way out, in a sentence"),
        "references" => json!({"$ref": "#/$defs/texts"}),
        "in-tests" => json!({"type": "boolean", "description": "keep findings in tests"}),
        "unless-constant" => json!({
            "type": "boolean",
            "description": "drop findings where data flow shows that the input is a constant",
        }),
        "paths" => json!({
            "type": "object",
            "properties": properties(&["include", "exclude"], |_| json!({"$ref": "#/$defs/texts"})),
            "additionalProperties": false,
        }),
        "triggers" => json!({"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/texts"}}),
        "formulas" => json!({
            "type": "object",
            "additionalProperties": {"$ref": "#/$defs/formula"},
        }),
        "match" => json!({
            "type": "object",
            "minProperties": 1,
            "properties": properties(LANGUAGES, |_| json!({"$ref": "#/$defs/formula"})),
            "additionalProperties": false,
        }),
        "check" => text("name of an analysis in Rust"),
        "flow" => {
            let flow = json!({"$ref": "#/$defs/flow"});
            json!({"anyOf": [flow, {"type": "array", "minItems": 1, "items": flow}]})
        }
        _ => json!({"type": "object"}),
    }
}

fn flow() -> Value {
    let sources: Vec<&str> = SourceKind::ALL.iter().map(|kind| kind.name()).collect();
    let sinks: Vec<&str> = SinkKind::ALL.iter().map(|kind| kind.name()).collect();
    let facts: Vec<&str> = Fact::ALL.iter().map(|fact| fact.name()).collect();
    let one_or_more = |names: &[&str]| {
        let one = json!({"enum": names});
        json!({"anyOf": [one, {"type": "array", "items": one}]})
    };
    let rated = json!({
        "type": "object",
        "propertyNames": {"enum": sources},
        "additionalProperties": {"enum": words(CONFIDENCES)},
    });
    let of = |key: &str| match key {
        "from" => json!({"anyOf": [one_or_more(&sources), rated]}),
        "to" => one_or_more(&sinks),
        "languages" => one_or_more(super::flow::LANGUAGES),
        "message" => json!({"type": "string"}),
        _ => one_or_more(&facts),
    };
    json!({
        "type": "object",
        "required": ["from", "to"],
        "properties": properties(super::flow::KEYS, of),
        "additionalProperties": false,
    })
}

fn formula_key(key: &str) -> Value {
    match key {
        "pattern" | "regex" | "use" => json!({"type": "string"}),
        "all" | "any" => json!({
            "type": "array",
            "minItems": 1,
            "items": {"$ref": "#/$defs/formula"},
        }),
        "where" => json!({"$ref": "#/$defs/conditions"}),
        "focus" => json!({"$ref": "#/$defs/texts"}),
        "rewrite" => json!({
            "description": "code that replaces the match, or parts of it",
            "type": ["string", "object"],
            "additionalProperties": {"type": "string"},
        }),
        "rewrite-unsafe" => json!({"type": "boolean"}),
        "severity" | "confidence" | "message" => rule_key(key),
        _ => json!({"$ref": "#/$defs/formula"}),
    }
}

fn formula() -> Value {
    let keys = [POSITIVE, RESTRICTING, CONDITIONS, OVERRIDES].concat();
    json!({"anyOf": [
        {"type": "string", "description": "a pattern"},
        {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/formula"}},
        {
            "type": "object",
            "minProperties": 1,
            "properties": properties(&keys, formula_key),
            "additionalProperties": false,
        },
    ]})
}

fn texts() -> Value {
    json!({"anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}},
    ]})
}

fn conditions() -> Value {
    let one = json!({"anyOf": [
        {"type": "string"},
        {"type": "object", "additionalProperties": {"type": "string"}},
    ]});
    json!({"anyOf": [one, {"type": "array", "minItems": 1, "items": one}]})
}
