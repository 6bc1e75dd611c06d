//! Comparisons of Semgrep rules: values in, a verdict or none out.

#![allow(clippy::disallowed_methods)] // A test may look at the world, the engine may not.

use caveat_engine::rule::{Expression, comparison::Value};

/// What the metavariables of the cases are bound to.
fn lookup(name: &str) -> Option<Value> {
    match name {
        "$I" => Some(Value::Int(2048)),
        "$F" => Some(Value::Float(0.5)),
        "$S" => Some(Value::String("AES-CBC".to_owned())),
        "$H" => Some(Value::String("0x1F".to_owned())),
        "$B" => Some(Value::Bool(false)),
        "$L" => Some(Value::List(vec![
            Value::Int(1),
            Value::String("a".to_owned()),
        ])),
        "$C" | "$...C" => Some(Value::Code("a.b".to_owned())),
        "$Q" => Some(Value::Code("'12'".to_owned())),
        _ => None,
    }
}

#[test]
fn verdicts() {
    let holds = [
        "$I == 2048 and $I < 3072",
        "$I >= 0o650 and $I < 0o100000",
        "not $I > 2_048",
        "1 < $I <= 3000 and 0.4 < $F",
        "$I - 2 * 3 + 10 // 3 - 7 % 4 == 2042",
        "-7 // 2 == -4 and -7 % 3 == 2 and 7 % -3 == -2",
        "2 ** 3 ** 2 == 512 and -2 ** 2 == -4 and 1 / 2 == 0.5",
        "(1 | 6) ^ 2 & 3 == 5 or (5 & 4) == 4 and 1 << 4 == 16 and ~0 == -1",
        "re.match(\".*-CBC\", $S)",
        "not re.match('CBC', $S)",
        "re.match(r'a\\.b', str($C))",
        "'CBC' in $S and not 'ECB' in $S and $S not in ['AES', 'DES']",
        "1 in $L and 2 not in $L and len($L) == 2 and len($S) == 7",
        "int($H) == 31 and int($H, 16) == 31 and int($Q) == 12 and int('z', 36) == 35",
        "str($I) == \"2048\" and str($B) == 'False' and str($F) == '0.5'",
        "$B == False and $B != True and $C != 1 and not $B",
        "$...C == $C",
        "str($C) in ['a.b',] and $S in ('AES-CBC', 'x')",
        "$UNBOUND == 1 or $I == 2048",
        "1e3 == 1000 and 1.5e-1 == 0.15",
        "$C != None",
    ];
    for text in holds {
        assert_eq!(verdict(text), Some(true), "{text}");
    }
}

#[test]
fn undecided() {
    let cases = [
        "$UNBOUND > 1",
        "$S > 1",
        "$C < 5",
        "len($I) == 1",
        "int($S) == 1",
        "1 // 0 == 1",
        "$I % 0 == 1",
        "9223372036854775807 + 1 > 0",
        "1 << 70 > 0",
        "2 ** 1000000 > 0",
        "today() > strptime('2020-01-01', '%Y-%m-%d')",
        "$I",
        "re.match('(a+)+$', $L)",
    ];
    for text in cases {
        assert_eq!(verdict(text), None, "{text}");
    }
}

fn verdict(text: &str) -> Option<bool> {
    Expression::parse(text)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .eval(&lookup)
}

#[test]
fn integers_are_read_in_the_base_of_the_rule() {
    let parse = |text| Expression::parse(text).expect("an expression");
    let binding =
        |name: &str| (name == "$X" || name == "$Y").then(|| Value::String("10".to_owned()));
    assert_eq!(
        parse("$X == 16")
            .with_integers(Some("$X"), Some(16))
            .eval(&binding),
        Some(true)
    );
    assert_eq!(
        parse("int($X) == 2")
            .with_integers(None, Some(2))
            .eval(&binding),
        Some(true)
    );
    assert_eq!(
        parse("$X == 10 and $Y == '10'")
            .with_integers(Some("$X"), None)
            .eval(&binding),
        Some(true)
    );
    assert_eq!(
        parse("$A + [$B, len($A)] < $C").metavariables(),
        ["$A", "$B", "$A", "$C"]
    );
}

#[test]
fn wrong_expressions() {
    let nested = "(".repeat(100);
    let long = "1 + ".repeat(1000);
    let cases = [
        ("", "the expression ends too early"),
        ("$X <", "the expression ends too early"),
        ("$X 1", "unexpected number"),
        ("X > 1", "unknown name `X`; metavariables start with `$`"),
        (
            "float($X) > 1",
            "unknown function `float`; known: int, str, len, re.match",
        ),
        ("len() > 1", "`len` takes one value"),
        ("re.match($X, $Y)", "`re.match` takes a string and a value"),
        ("'abc", "a string without its closing quote"),
        ("$ > 1", "`$` without the name of a metavariable"),
        ("$X ! 1", "unexpected character `!`"),
        ("$X not 1", "expected `in`"),
        ("(1", "expected `)`"),
        ("0x > 1", "`0x` is not a number of 64 bits"),
        (
            "int($X, 40) > 1",
            "the base of `int` must be a number from 2 to 36",
        ),
        (
            "1 < ($X + 1) < 3",
            "split the chain of comparisons with `and`",
        ),
        (&nested, "the expression is nested too deeply"),
        (&long, "the expression is too long"),
    ];
    for (text, expected) in cases {
        assert_eq!(
            Expression::parse(text).err().as_deref(),
            Some(expected),
            "{text}"
        );
    }
}
