//! Rust as the intermediate representation shows it.

use caveat_parser::{Code, Language, Names, Parsers};

/// The lowered text of a file.
fn lowered(text: &str) -> String {
    let language = Language::from_path("a.rs");
    let arena = Parsers::default().parse(language, text, None);
    let arena = arena.expect("Rust has a grammar");
    let code = Code {
        arena: &arena,
        text,
    };
    let names = Names::new(code, &["a"]);
    let lower = language.definition().lower.expect("Rust is lowered");
    lower(&names).to_string()
}

#[track_caller]
fn check(text: &str, parts: &[&str]) {
    let shown = lowered(text);
    for part in parts {
        assert!(shown.contains(part), "no `{part}` in\n{shown}");
    }
}

#[test]
fn paths_are_qualified() {
    check(
        "use std::fs; fn f() { fs::read(String::new()); }",
        &["<std.fs.read>(", "<std.string.String.new>()"],
    );
    check(
        "mod m { pub fn g() {} pub fn f() { g() } }",
        &["fn #1 m.g()", "global m.g()"],
    );
    check(
        "struct A; impl A { fn new() -> Self { Self::with() } fn with() -> A { A } }",
        &["fn #1 A.new()", "global A.with()"],
    );
}

#[test]
fn patterns_bind() {
    check(
        "fn f(Path((id, name)): Path<(u32, String)>) { g(id, name) }",
        &["id = _.0.0 as u32", "name = _.0.1 as std.string.String"],
    );
    check(
        "fn f(x: Option<u8>) { if let Some(y) = x { g(y) } }",
        &["x is a Some", "payload of x"],
    );
    check(
        "fn f(x: &str) { match x { \"a\" | \"b\" => 1, _ => 2 }; }",
        &["x == \"a\"", "x == \"b\""],
    );
}

#[test]
fn failures_leave() {
    check(
        "fn f() -> Option<u8> { let x = g()?; Some(x) }",
        &["is a Ok", "failure(none)", "success(x)"],
    );
}

#[test]
fn texts_have_holes() {
    check(
        "fn f(a: u8) { format!(\"x {a} {} {b:?}\", a + 1, b = a) }",
        &["format \"x \" {a} \" \""],
    );
    check(
        "fn f(a: u8) { log::info!(user = %a, \"x {a}\") }",
        &["<log.info!>"],
    );
    check(
        "fn f(a: u8) { json!({\"k\": a, \"l\": [a, 1]}) }",
        &["\"k\""],
    );
}

#[test]
fn closures_capture() {
    check(
        "fn f(a: u8) { let mut n = 0; v.iter().for_each(|x| { n += x; g(a) }); h(n) }",
        &["closure #2", "<cells>.n.2"],
    );
}

#[test]
fn broken_code_is_lowered_as_far_as_it_goes() {
    for text in [
        "fn f( {",
        "impl X for { fn",
        "match x { => }",
        "fn f() { x.?.y() }",
        "macro!( { )",
    ] {
        lowered(text);
    }
}
