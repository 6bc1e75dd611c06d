//! Python code and the functions it is lowered to.

use caveat_parser::{Code, Language, Names, Parsers};
use proptest::prelude::*;

fn lower(text: &str) -> String {
    let language = Language::from_path("a.py");
    let mut parsers = Parsers::default();
    let arena = parsers.parse(language, text, None).expect("a grammar");
    let names = Names::new(
        Code {
            arena: &arena,
            text,
        },
        &["app", "views"],
    );
    let lower = language.definition().lower.expect("Python is lowered");
    lower(&names).to_string()
}

/// Asserts that the lines stand in the printed form, in this order, indentation aside.
#[track_caller]
fn check(text: &str, lines: &[&str]) {
    let printed = lower(text);
    let mut rest = printed.lines().map(str::trim);
    for line in lines {
        assert!(
            rest.any(|it| it == *line),
            "no `{line}` in its place in\n{printed}"
        );
    }
}

#[test]
fn imports_are_names_and_locals_are_locals() {
    check(
        "import os.path as p\nfrom .db import run\nX = 1\ndef f(a):\n    b = p.join(a, X)\n    run(b)\n",
        &[
            "global X = 1",
            "%2 = <os.path>.join!(a, global X)",
            "b = %2",
            "%3 = <app.db.run>(b)",
        ],
    );
}

#[test]
fn imports_of_functions_are_local() {
    check(
        "def f():\n    from os import system as s\n    s(1)\n",
        &["s = <os.system>", "%1 = s(1)"],
    );
}

#[test]
fn short_circuits_are_blocks() {
    check(
        "def f(a, b):\n    if a and not b:\n        return 1\n",
        &["if a b4 else b3", "return 1", "if b b3 else b2"],
    );
    check(
        "def f(a, b):\n    x = a or b\n",
        &["if a b3 else b2", "x = %3", "%3 = b", "%3 = a"],
    );
}

#[test]
fn variables_of_closures_are_cells() {
    check(
        "def f(a):\n    n = 0\n    def g():\n        nonlocal n\n        n = a\n    g()\n",
        &[
            "<cells> = cells",
            "<cells>.a = a",
            "<cells>.n = 0",
            "g = closure #2 <cells>",
            "<cells>.n = <cells>.a",
        ],
    );
}

#[test]
fn texts_keep_their_holes() {
    check(
        "def f(a):\n    return f\"x{a!r}{{}}\" 'y'\n",
        &["%1 = format \"x\" {a!r} \"{}\" \"y\""],
    );
}

#[test]
fn patterns_test_and_bind() {
    check(
        "def f(a):\n    match a:\n        case {'k': v}: return v\n        case [x, *_]: return x\n        case int(): return 1\n        case _: return 0\n",
        &[
            "%3 = \"k\" in a",
            "%4 = length of a >= 1",
            "v = a[\"k\"]",
            "%5 = a is a int",
        ],
    );
}

#[test]
fn slices_know_their_bounds() {
    check(
        "def f(a):\n    return a[:2], a[1:], a[::3]\n",
        &[
            "%1 = slice a _ 2 _",
            "%2 = slice a 1 _ _",
            "%3 = slice a _ _ 3",
        ],
    );
}

#[test]
fn classes_have_methods_and_fields() {
    check(
        "class A(B):\n    k: int = 3\n    @staticmethod\n    def s(x): return x\n    @property\n    def p(self): return self.k\n",
        &[
            "class #0 A(B)",
            "field k",
            "s = fn #1",
            "p = fn #2",
            "global A.k = 3",
            "fn #1 A.s(x) Plain",
            "fn #2 A.p(self) Property",
            "return self.k",
        ],
    );
}

#[test]
fn exceptions_go_to_their_handler() {
    check(
        "def f(a):\n    try:\n        g(a)\n    except ValueError as e:\n        return e\n    finally:\n        h()\n",
        &[
            "either b5 b6",
            "b3: handler b1",
            "%2 = <g>(a)",
            "%3 = exception ValueError",
        ],
    );
}

proptest! {
    #[test]
    fn nothing_panics(text in "[a-z(){}\\[\\]:=,.*@\n \"'fifor]{0,120}") {
        lower(&text);
    }

    #[test]
    fn broken_statements_do_not_panic(cut in 0usize..600) {
        let whole = include_str!("lower_python/every_form.py");
        let at = (0..=cut.min(whole.len())).rev().find(|&at| whole.is_char_boundary(at));
        lower(&whole[..at.unwrap_or(0)]);
    }
}
