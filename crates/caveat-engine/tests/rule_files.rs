//! Rule files as their authors write them: what a file becomes, and what is said about a wrong one.

#![allow(clippy::disallowed_methods)] // A test may look at the world, the engine may not.

use caveat_engine::rule::{
    self, All, Body, Condition, Formula, Loaded, Op, RuleError, StatedClause,
};

/// The keys that every native rule needs, with a place for the rest.
fn native(rest: &str) -> String {
    format!(
        "id: weak-hash\nsummary: a weak hash\nseverity: high\nconfidence: high\ncwe: [327]\n\
         since: 0.1.0\nmessage: weak hash\nwhy: It breaks.\nfix: Use another.\n{rest}"
    )
}

/// A Semgrep file of one Python rule with the given body.
fn semgrep(body: &str) -> String {
    let body = body.replace('\n', "\n  ");
    format!("rules:\n- id: a.b\n  message: m\n  severity: ERROR\n  languages: [python]\n  {body}")
}

fn load(text: &str) -> Loaded {
    match rule::load("rule.yaml", text) {
        Ok(loaded) => loaded,
        Err(errors) => panic!("{}", described(text, &errors)),
    }
}

/// One mistake a line: position, the bytes it is about, message, help.
fn described(text: &str, errors: &[RuleError]) -> String {
    let describe = |error: &RuleError| {
        let before = &text[..error.span.start];
        let line = before.matches('\n').count() + 1;
        let about = text[error.span.clone()].lines().next().unwrap_or_default();
        let help = error
            .help
            .as_ref()
            .map(|help| format!(" [{help}]"))
            .unwrap_or_default();
        format!("{line} {about}: {}{help}\n", error.message)
    };
    errors.iter().map(describe).collect()
}

#[track_caller]
fn wrong(text: &str, expected: &str) {
    let errors = rule::load("rule.yaml", text).expect_err("the file is wrong");
    let actual = described(text, &errors);
    assert_eq!(actual, expected, "\n--- said:\n{actual}");
}

/// A formula in one line, to compare what the readers made.
fn shown(formula: &Formula) -> String {
    let list = |parts: &[Formula]| parts.iter().map(shown).collect::<Vec<_>>().join(", ");
    match &formula.op {
        Op::Pattern(text) => format!("`{}`", text.trim_end().replace('\n', "; ")),
        Op::Regex(text) => format!("/{text}/"),
        Op::NotRegex(text) => format!("not /{text}/"),
        Op::Not(inner) => format!("not {}", shown(inner)),
        Op::Inside(inner) => format!("inside {}", shown(inner)),
        Op::NotInside(inner) => format!("not-inside {}", shown(inner)),
        Op::Any(parts) => format!("any({})", list(parts)),
        Op::All(All {
            parts,
            conditions,
            focus,
        }) => {
            let mut items: Vec<String> = parts.iter().map(shown).collect();
            items.extend(conditions.iter().map(shown_condition));
            items.extend(
                focus
                    .iter()
                    .map(|names| format!("focus {}", names.join("|"))),
            );
            format!("all({})", items.join(", "))
        }
    }
}

fn shown_condition(condition: &Condition) -> String {
    match condition {
        Condition::Regex {
            metavariable,
            regex,
            constants,
            ..
        } => {
            let constants = if *constants { " by value" } else { "" };
            format!("{metavariable} =~ /{regex}/{constants}")
        }
        Condition::Formula {
            metavariable,
            formula,
            language,
            ..
        } => {
            let language = language
                .as_ref()
                .map(|l| format!(" as {l}"))
                .unwrap_or_default();
            format!("{metavariable}{language}: {}", shown(formula))
        }
        Condition::Comparison { expression, .. } => {
            format!("compare {}", expression.metavariables().join(" "))
        }
        Condition::Type {
            metavariable,
            types,
            ..
        } => {
            format!("{metavariable}: {}", types.join("|"))
        }
        Condition::Where {
            metavariable,
            any_of,
            ..
        } => {
            let tests = any_of.iter().map(|test| {
                let not = if test.negated { "not " } else { "" };
                format!("{not}{:?}", test.predicate)
            });
            format!("{metavariable} {}", tests.collect::<Vec<_>>().join(" or "))
        }
    }
}

/// The formulas of the only rule, a language a line.
#[track_caller]
fn matches(text: &str, expected: &str) {
    let loaded = load(text);
    let [rule] = loaded.rules.as_slice() else {
        panic!("one rule, not {loaded:#?}")
    };
    let Body::Match(formulas) = &rule.body else {
        panic!("patterns, not {:?}", rule.body)
    };
    let lines = formulas
        .iter()
        .map(|f| format!("{}: {}", f.language, shown(&f.formula)));
    assert_eq!(lines.collect::<Vec<_>>().join("\n"), expected);
}

#[test]
fn native_formulas() {
    let cases = [
        ("python: f($X)", "python: `f($X)`"),
        (
            "python: [f(), g()]\n  rust: \"f!(...)\"",
            "python: any(`f()`, `g()`)\nrust: `f!(...)`",
        ),
        (
            "python: {any: [f(), {regex: 'a\\b'}]}",
            "python: any(`f()`, /a\\b/)",
        ),
        (
            "python:\n    pattern: |\n      for $X in $Y:\n        ...\n    inside: 'def $F(...): ...'",
            "python: all(`for $X in $Y:;   ...`, inside `def $F(...): ...`)",
        ),
        (
            "python: {pattern: f($X), not: [f(1), f(2)], not-inside: g(...), focus: $X}",
            "python: all(`f($X)`, not any(`f(1)`, `f(2)`), not-inside `g(...)`, focus $X)",
        ),
        (
            "python:\n    all:\n    - f($X)\n    - not: f(1)\n    - inside: {any: [g(...), h(...)]}",
            "python: all(`f($X)`, not `f(1)`, inside any(`g(...)`, `h(...)`))",
        ),
        (
            "python: {all: [f($X), g($X)], where: '$X: constant', not: {regex: a}}",
            "python: all(`f($X)`, `g($X)`, not /a/, $X Constant)",
        ),
        (
            "python: {any: [f($X), {pattern: g($X), where: '$X: string'}], where: {$X: not none}}",
            "python: all(any(`f($X)`, all(`g($X)`, $X Form(String))), $X not Form(None))",
        ),
        (
            "text: {regex: '(?P<KEY>a)', focus: [$KEY, $1]}",
            "text: all(/(?P<KEY>a)/, focus $KEY|$1)",
        ),
    ];
    for (body, expected) in cases {
        matches(&native(&format!("match:\n  {body}\n")), expected);
    }
}

#[test]
fn native_conditions() {
    let cases = [
        (
            "not constant or len > 3",
            "not Constant or Length(Greater, 3)",
        ),
        (
            "type(a.B) or type(std::x::Y)",
            "Type(\"a.B\") or Type(\"std.x.Y\")",
        ),
        (
            "resolves(os.*) or not resolves(os.path)",
            "Resolves(\"os.*\") or not Resolves(\"os.path\")",
        ),
        (
            "matches((?i)^a(b|c)) or name",
            "Matches(\"(?i)^a(b|c)\") or Form(Name)",
        ),
        (
            "matches([)] \\) x) or call",
            "Matches(\"[)] \\\\) x\") or Form(Call)",
        ),
        (
            "matches(\"a)b\") or matches('(')",
            "Matches(\"a)b\") or Matches(\"(\")",
        ),
        (
            "entropy >= 4.5 or value != -1",
            "Entropy(GreaterEqual, 4.5) or Value(NotEqual, -1.0)",
        ),
    ];
    for (tests, expected) in cases {
        let text = native(&format!(
            "match:\n  python:\n    pattern: f($X)\n    where:\n    - $X: {tests}\n"
        ));
        matches(&text, &format!("python: all(`f($X)`, $X {expected})"));
    }
}

#[test]
fn named_formulas_are_put_in_place() {
    let text = native(
        "formulas:\n  in-class: {inside: 'class $C: ...'}\n  both: {any: [f($X), {use: g}]}\n  g: g($X)\n\
         match:\n  python: {all: [{use: both}, {use: in-class}]}\n  rust: {use: g, where: '$X: number'}\n",
    );
    matches(
        &text,
        "python: all(any(`f($X)`, `g($X)`), inside `class $C: ...`)\nrust: all(`g($X)`, $X Form(Number))",
    );
}

#[test]
fn native_metadata() {
    let text = native(
        "references: [https://a.b, CVE-1]\nin-tests: true\npaths: {include: '*.py', exclude: [a/, b]}\n\
         triggers: [[md5, sha1], hashlib]\ncheck: weak-hash\n",
    );
    let rule = rule::load_embedded("crypto/weak-hash.yaml", &text).expect("a rule");
    assert_eq!(
        (rule.id.as_str(), rule.family.as_str()),
        ("weak-hash", "crypto")
    );
    assert_eq!(
        (rule.cwe.as_slice(), rule.since.as_str()),
        ([327].as_slice(), "0.1.0")
    );
    assert_eq!(rule.paths.include, ["*.py"]);
    assert_eq!(rule.paths.exclude, ["a/", "b"]);
    let words = |words: &[&str]| StatedClause {
        words: words.iter().map(|&it| it.into()).collect(),
        ..StatedClause::default()
    };
    assert_eq!(
        rule.triggers.of("python"),
        [words(&["md5", "sha1"]), words(&["hashlib"])]
    );
    assert!(rule.in_tests && matches!(rule.body, Body::Check(name) if name == "weak-hash"));
}

#[test]
fn alternatives_may_say_something_else() {
    let text = native(
        "match:\n  python:\n  - pattern: f($X)\n    severity: low\n    confidence: medium\n\
         \x20   message: f of `$X`\n    rewrite: |\n      g($X)\n    rewrite-unsafe: true\n  - pattern: h()\n    rewrite: ''\n",
    );
    let Body::Match(formulas) = &load(&text).rules[0].body else {
        panic!("patterns")
    };
    let Op::Any(parts) = &formulas[0].formula.op else {
        panic!("any")
    };
    let with = &parts[0].with;
    assert_eq!(
        (with.severity, with.confidence),
        (Some(rule::Severity::Low), Some(rule::Confidence::Medium))
    );
    assert_eq!(
        (with.message.as_deref(), with.rewrite.as_deref()),
        (Some("f of `$X`"), Some("g($X)"))
    );
    assert!(with.rewrite_unsafe);
    assert_eq!(parts[1].with.rewrite.as_deref(), Some(""));
}

#[test]
fn wrong_native_metadata() {
    wrong(
        "id: A\nmatch: {python: f()}\nseverity: sever\nsumary: x\n",
        "1 id: A: keys are missing: `summary`, `confidence`, `cwe`, `since`, `message`, `why`, `fix`\n\
             1 A: `A` is not in kebab-case [an id is lower-case words and digits with `-` between: `weak-hash`]\n\
             3 sever: unknown value `sever` [known here: `critical`, `high`, `medium`, `low`]\n\
             4 sumary: unknown key `sumary` [did you mean `summary`?]\n",
    );
    wrong(
        "id: weak--hash\nsummary: The hash.\nseverity: high\nconfidence: sure\ncwe: [CWE-327, 0]\n\
         since: '1'\nmessage: |\n  two\n  lines\nwhy:\nfix: [a]\nin-tests: yes\npaths: {only: a}\n\
         triggers: [[], a]\nmatch: {pyton: f()}\n",
        "1 weak--hash: `weak--hash` is not in kebab-case [an id is lower-case words and digits with `-` between: `weak-hash`]\n\
             2 The hash.: `summary` must start in lower case [put names of code in backticks]\n\
             2 The hash.: `summary` must not end with a full stop\n\
             4 sure: unknown value `sure` [known here: `high`, `medium`, `low`]\n\
             5 CWE-327: `CWE-327` is not the number of a CWE [write `295` for CWE-295]\n\
             5 0: `0` is not the number of a CWE [write `295` for CWE-295]\n\
             6 '1': `1` is not a version such as `0.1.0`\n\
             8 two: `message` must be one line\n\
             10 : `why` is empty\n\
             11 [a]: `fix` must be text\n\
             12 yes: `in-tests` must be `true` or `false`\n\
             13 only: unknown key `only` [known here: `include`, `exclude`]\n\
             14 []: a clause without literals never holds\n\
             15 pyton: unknown language `pyton` [did you mean `python`?]\n",
    );
    wrong(
        &native(""),
        "1 id: weak-hash: the rule needs one of `match`, `check`, `flow`\n",
    );
    wrong(
        &native("match: {python: f()}\ncheck: a\n"),
        "11 check: a rule has one of `match` and `check`: `check` too\n",
    );
    wrong(
        &native("flow: {from: untrsted, to: sql, except: nmber, via: x}\n"),
        "10 untrsted: unknown word `untrsted` [did you mean `untrusted`?]\n\
             10 nmber: unknown word `nmber` [did you mean `number`?]\n\
             10 via: unknown key `via` [known here: `from`, `to`, `except`, `needs`, `languages`, `message`]\n",
    );
    wrong(
        &native("cwe: 3\nmatch: f()\n"),
        "10 cwe: the key `cwe` stands twice\n",
    );
    wrong(
        &native("references: []\nmatch: {}\n"),
        "11 {}: `match` is empty\n",
    );
    wrong(
        "- id: a\n",
        "1 - id: a: this is not a rule [a rule file is a mapping with `id:`, or with Semgrep's list `rules:`]\n",
    );
}

#[test]
fn wrong_native_formulas() {
    let cases = [
        (
            "{patern: f()}",
            "11 patern: unknown key `patern` [did you mean `pattern`?]\n",
        ),
        (
            "{pattern: f(), regex: g}",
            "11 regex: `pattern` and `regex` in one formula [put each in an item of its own under `all` or `any`]\n",
        ),
        (
            "{where: '$X: constant'}",
            "11 {where: '$X: constant'}: the formula has no operator [add one of `pattern`, `regex`, `all`, `any`, `use`]\n",
        ),
        (
            "{not: f()}",
            "11 {not: f()}: `not` alone matches nothing [put it beside a pattern, or as an item under `all` with one]\n",
        ),
        (
            "{any: [f(), {inside: g()}]}",
            "11 {inside: g()}: `inside` alone matches nothing [put it beside a pattern, or as an item under `all` with one]\n",
        ),
        (
            "{all: [{not: f()}, {inside: {not: g()}}]}",
            "11 [{not: f()}, {inside: {not: g()}}]: `all` has no item that matches [add an item with `pattern`, `regex`, `any` or `use`]\n\
             11 {not: g()}: `not` alone matches nothing [put it beside a pattern, or as an item under `all` with one]\n",
        ),
        (
            "{not: f(), where: '$X: constant', message: m}",
            "11 {not: f(), where: '$X: constant', message: m}: `not` alone matches nothing [put it beside a pattern, or as an item under `all` with one]\n\
             11 where: `where` has no meaning beside `not` alone [put it beside one of `pattern`, `regex`, `all`, `any`, `use`]\n\
             11 message: `message` has no meaning beside `not` alone [put it beside one of `pattern`, `regex`, `all`, `any`, `use`]\n",
        ),
        ("[]", "11 []: the list is empty\n"),
        ("", "11 : a pattern is empty\n"),
        ("{pattern: [f()]}", "11 [f()]: `pattern` must be text\n"),
        (
            "{pattern: f($X), where: ['$Y: constant', '$X constant', 'x: name'], focus: [$Z, y]}",
            "11 {pattern: f($X), where: ['$Y: constant', '$X constant', 'x: name'], focus: [$Z, y]}: no pattern of this formula binds `$Z` [bound there: `$X`]\n\
             11 '$Y: constant': no pattern of this formula binds `$Y` [bound there: `$X`]\n\
             11 '$X constant': a condition needs a `:` [write `$X: test`, for example `$X: not constant`]\n\
             11 'x: name': `x` is not a metavariable [a metavariable is `$NAME` in capitals, `$...NAME`, or `$1` for a group of a regex]\n\
             11 y: `y` is not a metavariable [a metavariable is `$NAME` in capitals, `$...NAME`, or `$1` for a group of a regex]\n",
        ),
        (
            "{use: a}",
            "11 a: unknown formula `a` [define it under `formulas:` at the top of the file]\n",
        ),
        (
            "{pattern: f($X), message: 'uses `$Y`', rewrite: g($Z)}",
            "11 f($X): the message names `$Y`, which no pattern binds [bound there: `$X`]\n\
             11 f($X): the rewrite names `$Z`, which no pattern binds [bound there: `$X`]\n",
        ),
        (
            "{pattern: f(), rewrite-unsafe: true}",
            "11 {pattern: f(), rewrite-unsafe: true}: `rewrite-unsafe` needs a `rewrite` beside it\n",
        ),
        (
            "{pattern: f(), message: Bad., rewrite: [a], severity: 1}",
            "11 Bad.: `message` must start in lower case [put names of code in backticks]\n\
             11 Bad.: `message` must not end with a full stop\n\
             11 [a]: `rewrite` must be text\n\
             11 1: unknown value `1` [known here: `critical`, `high`, `medium`, `low`]\n",
        ),
    ];
    for (formula, expected) in cases {
        wrong(&native(&format!("match:\n  python: {formula}\n")), expected);
    }
    wrong(
        &native("match: {text: {regex: a, not: f()}}\n"),
        "10 f(): under `text`, only `regex` matches [text has no grammar to match code with]\n",
    );
    wrong(
        &native(
            "formulas: {a: {use: b}, b: [f(), {use: a}], c: g()}\nmatch: {python: {use: a}, rust: {use: aa}}\n",
        ),
        "10 a: the formula `a` uses itself\n\
             10 c: nothing uses the formula `c` [remove it, or refer to it by `use`]\n\
             11 aa: unknown formula `aa` [did you mean `a`?]\n",
    );
    let message = "id: a\nsummary: s\nseverity: low\nconfidence: low\ncwe: []\nsince: 0.1.0\n\
                   message: \"`$F` of `$X` or `$...Y`\"\nwhy: w\nfix: f\nmatch: {python: [f($X), f($...Y)]}\n";
    wrong(
        message,
        "7 \"`$F` of `$X` or `$...Y`\": the message names `$F`, which no pattern binds [bound there: `$...Y`, `$X`]\n",
    );
}

#[test]
fn wrong_conditions() {
    let cases = [
        (
            "constnt",
            "10 '$X: constnt': unknown test `constnt` [did you mean `constant`?]\n",
        ),
        (
            "constant and name",
            "10 '$X: constant and name': `and name` after a test [join tests by `or`; for \"and\", write a second condition]\n",
        ),
        (
            "not",
            "10 '$X: not': a test is missing [known: `constant`, `string`, `number`, `boolean`, `name`, `call`, `list`, `dict`, `none`, `type`, `resolves`, `matches`, `len`, `entropy`, `value`]\n",
        ),
        (
            "len 3",
            "10 '$X: len 3': `len` needs a comparison [write `len > 8`]\n",
        ),
        (
            "len > 3.5 or name",
            "10 '$X: len > 3.5 or name': `3.5` is not an integer [write `len > 8`]\n",
        ),
        (
            "entropy > high",
            "10 '$X: entropy > high': `high` is not a number [write `entropy > 4.5`]\n",
        ),
        (
            "value < inf",
            "10 '$X: value < inf': `inf` is not a number [write `value > 4.5`]\n",
        ),
        (
            "type",
            "10 '$X: type': `type` needs a value in parentheses [write `type(...)`; quote what has a `)` without its `(`]\n",
        ),
        (
            "type(a.b",
            "10 '$X: type(a.b': the parenthesis after `type` is not closed [write `type(...)`; quote what has a `)` without its `(`]\n",
        ),
        (
            "type(a b)",
            "10 '$X: type(a b)': `a b` is not a dotted path [write `type(package.module.Name)`]\n",
        ),
        (
            "type(a.*)",
            "10 '$X: type(a.*)': `a.*` is not a dotted path [write `type(package.module.Name)`]\n",
        ),
        (
            "matches()",
            "10 '$X: matches()': `matches` has an empty value [write `matches(...)`; quote what has a `)` without its `(`]\n",
        ),
        (
            "matches(\"a)",
            "10 '$X: matches(\"a)': the parenthesis after `matches` is not closed [write `matches(...)`; quote what has a `)` without its `(`]\n",
        ),
        (
            "constant or",
            "10 '$X: constant or': a test is missing [known: `constant`, `string`, `number`, `boolean`, `name`, `call`, `list`, `dict`, `none`, `type`, `resolves`, `matches`, `len`, `entropy`, `value`]\n",
        ),
    ];
    for (tests, expected) in cases {
        wrong(
            &native(&format!(
                "match: {{python: {{pattern: f($X), where: '$X: {tests}'}}}}\n"
            )),
            expected,
        );
    }
}

#[test]
fn a_file_must_be_named_after_its_rule() {
    let text = native("check: a\n");
    let errors = rule::load_embedded("crypto/other.yaml", &text).expect_err("another name");
    assert_eq!(
        described(&text, &errors),
        "1 id: weak-hash: the file must be named `weak-hash.yaml` after the rule\n"
    );
}

#[test]
fn wrong_yaml() {
    wrong("", "1 : the file is empty\n");
    wrong("a: [1, 2\n", "1 [: not valid YAML: unclosed bracket '['\n");
    wrong(
        "a: 1\na: 2\n'a': 3\nb: {c: 1, c: 1}\n",
        "2 a: the key `a` stands twice\n\
             3 'a': the key `a` stands twice\n\
             4 c: the key `c` stands twice\n",
    );
    wrong(
        "a: 1\n---\nb: 1\n",
        "2 ---: a second document: a file holds one\n",
    );
    wrong(
        "a: *b\n",
        "1 *: not valid YAML: while parsing node, found unknown anchor\n",
    );
    wrong("[a]: 1\n", "1 [a]: a key must be text\n");
    wrong(
        "a: &x [*x]\n",
        "1 *x: an alias may not stand inside what it repeats\n",
    );
    wrong(
        &"[".repeat(70),
        "1 [: not valid YAML: recursion limit exceeded\n",
    );
    wrong(
        "\u{feff}id: \t@\n",
        "1 @: not valid YAML: unexpected character: `@'\n",
    );
}

#[test]
fn aliases_repeat_and_are_bounded() {
    matches(
        &native("match:\n  python: &f {any: [f(), g()]}\n  rust: *f\n"),
        "python: any(`f()`, `g()`)\nrust: any(`f()`, `g()`)",
    );
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let item = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", [item.as_str(); 10].join(", "));
    }
    let errors = rule::load("bomb.yaml", &bomb).expect_err("too many nodes");
    assert_eq!(
        errors[0].message,
        "more than 500000 values, aliases included"
    );
    let mut uses = String::from("formulas:\n  a0: f()\n");
    for level in 1..30 {
        uses += &format!("  a{level}: [{{use: a{0}}}, {{use: a{0}}}]\n", level - 1);
    }
    let errors = rule::load(
        "uses.yaml",
        &native(&(uses + "match: {python: {use: a29}}\n")),
    );
    assert_eq!(
        errors.expect_err("too many uses")[0].message,
        "the rule has more than 10000 operators"
    );
}

#[test]
fn errors_are_drawn_below_their_line() {
    let text = native(
        "match:\n  python:\n  - pattern: f($X)\n    wher: '$X: naïve'\n    where: |\n      $X: naïve\n      or\n",
    );
    let errors = rule::load("crypto/weak-hash.yaml", &text).expect_err("two mistakes");
    let drawn: Vec<_> = errors
        .iter()
        .map(|error| error.render(&text, false))
        .collect();
    let expected = "\
error: unknown key `wher`
  --> crypto/weak-hash.yaml:13:5
   |
13 |     wher: '$X: naïve'
   |     ^^^^
   |
   = help: did you mean `where`?

error: unknown test `naïve`
  --> crypto/weak-hash.yaml:15:7
   |
15 |       $X: naïve
   |       ^^^^^^^^^
   |
   = help: known: `constant`, `string`, `number`, `boolean`, `name`, `call`, `list`, `dict`, `none`, `type`, `resolves`, `matches`, `len`, `entropy`, `value`";
    assert_eq!(drawn.join("\n\n"), expected);
}

#[test]
fn semgrep_patterns() {
    let cases = [
        ("pattern: f($X)", "`f($X)`"),
        ("pattern-regex: a+", "/a+/"),
        (
            "patterns:\n- pattern: f($X)\n- pattern-not: f(1)\n- pattern-inside: |\n    def $F(...):\n      ...\n\
             - pattern-not-inside: {patterns: [{pattern: g(...)}, {pattern-not: g()}]}\n- pattern-not-regex: a",
            "all(`f($X)`, not `f(1)`, inside `def $F(...):;   ...`, not-inside all(`g(...)`, not `g()`), not /a/)",
        ),
        (
            "pattern-either: [{pattern: f()}, {patterns: [{pattern: g()}]}, {pattern-either: [{pattern: h()}]}]",
            "any(`f()`, all(`g()`), any(`h()`))",
        ),
        (
            "patterns:\n- pattern-either: [{pattern-inside: f(...)}, {pattern-inside: g(...)}]\n- pattern: $X",
            "all(inside any(`f(...)`, `g(...)`), `$X`)",
        ),
        (
            "patterns:\n- pattern: f($X, $...Y)\n- metavariable-regex: {metavariable: $X, regex: a}\n\
             - metavariable-regex: {metavariable: $X, regex: b, constant-propagation: true}\n\
             - metavariable-type: {metavariable: $X, type: str}\n\
             - metavariable-type: {metavariable: $X, types: [int, 'List[int]']}\n\
             - focus-metavariable: $X\n- focus-metavariable: [$X, $...Y]",
            "all(`f($X, $...Y)`, $X =~ /a/, $X =~ /b/ by value, $X: str, $X: int|List[int], focus $X, focus $X|$...Y)",
        ),
        (
            "patterns:\n- pattern: f($X)\n- metavariable-pattern: {metavariable: $X, patterns: [{pattern-not: '\"...\"'}]}\n\
             - metavariable-pattern: {metavariable: $X, language: regex, pattern-regex: a}\n\
             - metavariable-comparison: {metavariable: $X, comparison: int($X) < $Y, base: 16, strip: true}",
            "all(`f($X)`, $X: all(not `\"...\"`), $X as text: /a/, compare $X $Y)",
        ),
        ("match: f()", "`f()`"),
        (
            "match:\n  all:\n  - any: [f($X), {regex: a}]\n  - inside: g(...)\n  - not: f(1)\n  - not: {inside: h(...)}\n\
             \x20 - not: {regex: b}\n  where:\n  - metavariable: $X\n    regex: c\n  - metavariable: $X\n    any: [d(), e()]\n\
             \x20 - metavariable: $X\n    pattern: $Z\n    where: [{comparison: $Z > 1}]\n\
             \x20 - {metavariable: $X, type: str}\n  - comparison: $X == 1\n  - focus: $X",
            "all(any(`f($X)`, /a/), inside `g(...)`, not `f(1)`, not-inside `h(...)`, not /b/, $X =~ /c/, \
             $X: any(`d()`, `e()`), $X: all(`$Z`, compare $Z), $X: str, compare $X, focus $X)",
        ),
    ];
    for (body, expected) in cases {
        matches(&semgrep(body), &format!("python: {expected}"));
    }
}

#[test]
fn semgrep_metadata() {
    let text = "rules:\n- id: x.y_z-1\n  message: |\n    First. Second\n    line.\n  severity: WARNING\n  languages: [py, rust, python, js]\n\
                \x20 pattern: f($X)\n  fix: g($X)\n  fix-regex: {regex: a, replacement: '', count: 1}\n\
                \x20 paths: {include: [a], exclude: ['*.b']}\n  options: {symbolic_propagation: true, interfile: true}\n\
                \x20 metadata: {cwe: ['CWE-89: text', CWE-20], confidence: HIGH, references: [https://a], owasp: A1}\n";
    let loaded = load(text);
    let rule = &loaded.rules[0];
    assert_eq!(
        (rule.summary.as_str(), rule.message.as_str()),
        ("First", "First. Second\nline.")
    );
    assert_eq!(
        (rule.severity, rule.confidence),
        (rule::Severity::Medium, rule::Confidence::High)
    );
    assert_eq!(
        (rule.cwe.as_slice(), rule.references.join(" ").as_str()),
        ([89, 20].as_slice(), "https://a A1")
    );
    assert!(rule.options.symbolic_propagation && rule.options.constant_propagation);
    assert_eq!(
        (rule.paths.include.join(""), rule.paths.exclude.join("")),
        ("a".into(), "*.b".into())
    );
    let Body::Match(formulas) = &rule.body else {
        panic!("patterns")
    };
    let languages: Vec<_> = formulas.iter().map(|f| f.language.as_str()).collect();
    assert_eq!(languages, ["python", "rust"]);
    let with = &formulas[0].formula.with;
    assert_eq!(with.rewrite.as_deref(), Some("g($X)"));
    let regex = with.rewrite_regex.as_ref().expect("a regex rewrite");
    assert_eq!(
        (
            regex.regex.as_str(),
            regex.replacement.as_str(),
            regex.count
        ),
        ("a", "", Some(1))
    );
}

#[test]
fn semgrep_rules_that_cannot_run_are_named() {
    let rule = |id: &str, languages: &str, rest: &str| {
        format!("- {{id: {id}, message: m, severity: LOW, languages: [{languages}], {rest}}}\n")
    };
    let text = [
        "rules:\n".to_owned(),
        rule("runs", "python", "pattern: f()"),
        rule("taint", "python", "mode: taint, pattern-sources: [], pattern-sinks: []"),
        rule("new-taint", "python", "taint: {}"),
        rule("generic", "generic", "pattern: a"),
        rule("partly", "'python, generic'".trim_matches('\''), "pattern: f()"),
        rule("other", "go", "pattern: f(), unknown: 1"),
        rule("analysis", "python", "patterns: [{pattern: $X}, {metavariable-analysis: {analyzer: entropy, metavariable: $X}}]"),
        rule("nested", "python", "patterns: [{pattern: $X}, {metavariable-pattern: {metavariable: $X, language: generic, pattern: a}}]"),
        rule("internal", "python", "pattern: f(), r2c-internal-project-depends-on: {}"),
        rule("anywhere", "python", "match: {all: [f(), {anywhere: g()}]}"),
        rule("future", "python", "min-version: 9.0.0, patterns: [{from-the-future: 1}]"),
        rule("past", "python", "max-version: 1.0.0, pattern: f()"),
        rule("present", "python", "min-version: 1.44.0, pattern: f()"),
        "- {id: join, message: m, severity: LOW, mode: join, join: {}}\n".to_owned(),
    ]
    .concat();
    let loaded = load(&text);
    let ids: Vec<_> = loaded.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(
        (ids.join(" ").as_str(), loaded.other_languages),
        ("runs partly present", 1)
    );
    let skipped: Vec<_> = loaded
        .skipped
        .iter()
        .map(|s| format!("{}: {}", s.rule_id, s.reason))
        .collect();
    let unsupported = |rules: &str| rules.replace(';', " is not supported yet");
    let expected = unsupported(
        "taint: `mode: taint`;\n\
         new-taint: `mode: taint`;\n\
         generic: language `generic`;\n\
         partly: language `generic`;\n\
         analysis: `metavariable-analysis`;\n\
         nested: `metavariable-pattern` with `language: generic`;\n\
         internal: `r2c-internal-project-depends-on`;\n\
         anywhere: `anywhere`;\n\
         future: for a Semgrep after 1.182 (`min-version`)\n\
         past: for a Semgrep before 1.182 (`max-version`)\n\
         join: `mode: join`;",
    );
    assert_eq!(skipped.join("\n"), expected);
}

#[test]
fn wrong_semgrep_rules() {
    wrong("rules: 1\n", "1 1: `rules` must be a list\n");
    wrong(
        "rules:\n- a\n- {}\n- {languages: [python]}\n- {languages: python}\nid: b\n",
        "2 a: a rule must be a mapping\n\
             3 {}: the key `languages` is missing\n\
             4 {languages: [python]}: keys are missing: `id`, `message`, `severity`\n\
             5 python: `languages` must be a list\n\
             6 id: `id` is outside a rule [indent it below its rule in `rules:`]\n",
    );
    wrong(
        "rules:\n- {id: a b, message: , severity: BAD, languages: [python], mode: tant, patern: f()}\n",
        "2 a b: `a b` is no id: it has letters, digits, `.`, `_`, `-`\n\
             2 tant: unknown value `tant` [did you mean `taint`?]\n\
             2 patern: unknown key `patern` [did you mean `pattern`?]\n",
    );
    let cases = [
        (
            "pattern: f()\npatterns: []",
            "7 patterns: `patterns` is a second body of the rule [put both under `patterns` (all hold) or `pattern-either` (one holds)]\n",
        ),
        (
            "fix: a",
            "2 id: a.b: the rule matches nothing [add `pattern`, `patterns`, `pattern-either`, `pattern-regex` or `match`]\n",
        ),
        ("pattern: [f()]", "6 [f()]: `pattern` must be text\n"),
        (
            "patterns:\n- pattern-not: f()\n- pattern-not-inside: g()",
            "7 pattern-not: f(): the rule only says what it does not match [add a pattern that it does match]\n",
        ),
        (
            "patterns:\n- pattern: f()\n  pattern-not: g()\n- pattern-ether: []\n- f()",
            "8 pattern-not: `pattern-not` needs an item of its own [put a `-` before it]\n\
             9 pattern-ether: unknown operator `pattern-ether` [did you mean `pattern-either`?]\n\
             10 f(): an item of `patterns` must be a mapping\n",
        ),
        (
            "pattern-either:\n- pattern-not: f()",
            "7 pattern-not: unknown operator `pattern-not` [known here: `pattern`, `pattern-regex`, `patterns`, `pattern-either`, `pattern-inside`]\n",
        ),
        (
            "patterns:\n- pattern: $X\n- metavariable-regex: {metavariable: X, regx: a}\n- focus-metavariable: x",
            "8 {metavariable: X, regx: a}: the key `regex` is missing\n\
             8 X: `X` is not a metavariable [a metavariable is `$NAME` in capitals, `$...NAME`, or `$1` for a group of a regex]\n\
             8 regx: unknown key `regx` [did you mean `regex`?]\n\
             9 x: `x` is not a metavariable [a metavariable is `$NAME` in capitals, `$...NAME`, or `$1` for a group of a regex]\n",
        ),
        (
            "patterns:\n- pattern: $X\n- metavariable-pattern: {metavariable: $X}\n- metavariable-type: {metavariable: $X}",
            "8 {metavariable: $X}: an operator is missing\n\
             9 {metavariable: $X}: the key `type` is missing\n",
        ),
        (
            "patterns:\n- pattern: $X\n- metavariable-comparison: {comparison: $X <, base: 1}\n- metavariable-comparison: {metavariable: $X}",
            "8 $X <: in the comparison: the expression ends too early\n\
             8 1: `base` must be from 2 to 36\n\
             9 {metavariable: $X}: the key `comparison` is missing\n",
        ),
        (
            "match: {pattern: f(), any: [g()]}",
            "6 any: `any` is a second operator of the formula [put both under `all` or `any`]\n",
        ),
        (
            "match: {where: []}",
            "6 {where: []}: an operator is missing\n",
        ),
        (
            "match: {pattern: $X, where: [{focus: $X, regex: a}, {regex: a}, 1]}",
            "6 regex: unknown key `regex` [known here: `focus`]\n\
             6 {regex: a}: the key `metavariable` is missing\n\
             6 1: an item of `where` must be a mapping\n",
        ),
        (
            "pattern: f()\nfix-regex: {regex: a}\noptions: {ac_matching: 1}\npaths: [a]\nmin-version: x",
            "7 {regex: a}: the key `replacement` is missing\n\
             8 1: `ac_matching` must be `true` or `false`\n\
             9 [a]: `paths` must be a mapping\n\
             10 x: `x` is not a version\n",
        ),
    ];
    for (body, expected) in cases {
        wrong(&semgrep(body), expected);
    }
}

#[test]
fn one_wrong_rule_hides_no_other_mistake() {
    let text = format!(
        "{}\n{}",
        semgrep("patern: f()"),
        "- id: b\n  languages: [rust]\n  message: m\n  severity: LOW\n  pattern: ''\n"
    );
    wrong(
        &text,
        "6 patern: unknown key `patern` [did you mean `pattern`?]\n\
             11 '': `pattern` is empty\n",
    );
}

#[test]
fn a_flow_rates_its_origins_by_who_chose_the_data() {
    let origins = |flow: &str| {
        let rules = load(&native(flow)).rules;
        let flows = &rules[0].flows;
        let show = |origin: &rule::Origin| {
            let rating = format!("{:?}/{:?}", origin.severity, origin.confidence);
            let only = if origin.on_request { " on request" } else { "" };
            format!("{} {rating}{only}", origin.kind.name())
        };
        flows[0]
            .from
            .iter()
            .map(show)
            .collect::<Vec<_>>()
            .join(", ")
    };
    assert_eq!(
        origins("flow: {from: untrusted, to: sql}\n"),
        "untrusted High/High, upload-name High/High, request-host High/Medium, \
         client-address High/Medium, network High/Medium, stored High/Medium, cli Low/Low, \
         environment Low/Low, parameter High/High on request"
    );
    assert_eq!(
        origins("flow: {from: {untrusted: medium, cli: low}, to: sql}\n"),
        "untrusted High/Medium, cli High/Low, parameter High/High on request"
    );
    assert_eq!(
        origins("flow: {from: [sensitive, parameter], to: sql}\n"),
        "sensitive High/High, parameter High/High, password High/High"
    );
}

#[test]
fn the_schema_knows_every_key() {
    let schema: serde_json::Value = serde_json::from_str(&rule::schema()).expect("JSON");
    let keys = schema["properties"].as_object().expect("an object");
    assert!(
        ["id", "match", "check", "flow", "formulas", "in-tests"]
            .iter()
            .all(|key| keys.contains_key(*key))
    );
    let formula = &schema["$defs"]["formula"]["anyOf"][2]["properties"];
    assert!(
        ["pattern", "use", "not-inside", "where", "rewrite-unsafe"]
            .iter()
            .all(|key| formula[*key].is_object())
    );
}

#[test]
fn the_examples_of_the_documentation_are_rules() {
    let text = include_str!("../../../docs/rule-format.md");
    let examples: Vec<_> = text.split("```yaml\n").skip(1).collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        let (example, _) = example.split_once("```").expect("a closed block");
        assert_eq!(load(example).rules.len(), 1);
    }
}
