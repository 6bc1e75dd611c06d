//! Rule files are user input: whatever they hold, reading and drawing their errors ends well.

#![allow(clippy::disallowed_methods)] // A test may look at the world, the engine may not.

use caveat_engine::rule::{self, Expression, comparison::Value};
use proptest::prelude::*;

/// Words that rule files are made of, so that random files get past the first key.
const WORDS: &[&str] = &[
    "id: ",
    "rules:\n",
    "- ",
    "  ",
    "    ",
    "\n",
    "\n  ",
    "match:",
    "python:",
    " ",
    "pattern: ",
    "patterns:",
    "any: ",
    "all: ",
    "not: ",
    "inside: ",
    "where: ",
    "$X",
    "'$X: len > 3'",
    "use: a",
    "formulas: ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "&a ",
    "*a",
    "|\n",
    ">-\n",
    "metavariable-comparison: ",
    "comparison: ",
    "languages: [python]",
    "severity: ERROR",
    "message: m",
    "pattern-either: ",
    "focus-metavariable: ",
    "metavariable: ",
    "regex: ",
    "\"",
    "'",
    "# c",
    "é",
    "\t",
    "---\n",
    "? ",
    ": ",
    "~",
    "1",
    "matches((",
    "))",
    "cwe: ",
    "mode: taint",
    "!!str ",
    "\u{feff}",
    "\r\n",
];

const TOKENS: &[&str] = &[
    "$X",
    "$Y",
    "(",
    ")",
    "[",
    "]",
    ",",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "<<",
    ">>",
    "&",
    "|",
    "^",
    "~",
    "<",
    "==",
    "!=",
    ">=",
    " not ",
    " in ",
    " and ",
    " or ",
    "int(",
    "str(",
    "len(",
    "re.match('a', ",
    "0",
    "1",
    "63",
    "9223372036854775807",
    "1.5",
    "'a'",
    "None",
    "True",
];

fn words(of: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(of), 0..most).prop_map(|words| words.concat())
}

fn read_and_draw(text: &str) {
    if let Err(errors) = rule::load("rule.yaml", text) {
        assert!(!errors.is_empty());
        for error in errors {
            assert!(error.span.start <= error.span.end && error.span.end <= text.len());
            assert!(!error.render(text, true).is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in any::<String>()) {
        read_and_draw(&text);
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_and_draw(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn text_like_a_rule_is_read(text in words(WORDS, 60)) {
        read_and_draw(&text);
    }

    #[test]
    fn any_body_is_read(formula in words(WORDS, 30)) {
        read_and_draw(&format!("id: a\nmatch:\n  python: {formula}\nformulas: {{a: f($X)}}\n"));
        read_and_draw(&format!("rules:\n- id: a\n  languages: [python]\n  patterns:\n  - {formula}\n"));
        read_and_draw(&format!("rules: [{{id: a, languages: [python], match: {{{formula}}}}}]"));
    }

    #[test]
    fn any_condition_is_read(condition in any::<String>(), tokens in words(TOKENS, 30)) {
        let quoted = serde_json::to_string(&condition).expect("a string has a JSON form");
        read_and_draw(&format!("id: a\nmatch: {{python: {{pattern: f($X), where: [{{$X: {quoted}}}]}}}}\n"));
        let lookup = |name: &str| (name == "$X").then_some(Value::Int(-7));
        for text in [condition, tokens] {
            let _ = Expression::parse(&text).map(|expression| expression.eval(&lookup));
        }
    }
}
