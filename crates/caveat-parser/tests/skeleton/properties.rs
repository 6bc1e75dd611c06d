//! Arbitrary text: no panic, well-formed items, time linear in the length.

use super::oracle::Language;
use caveat_parser::skeleton::{Item, Skeleton, regions};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// Walks over everything a skeleton says, so that a span that does not fit panics.
fn exercise(language: Language, text: &str) -> Skeleton {
    let skeleton = language.scan(text);
    let count = skeleton.items.len() as u32;
    for (index, item) in skeleton.items.iter().enumerate() {
        assert!(item.end as usize > index && item.end <= count);
        assert!(item.parent.is_none_or(|parent| (parent as usize) < index));
        for span in [item.name, item.span, item.header, item.body] {
            assert!(
                span.start <= span.end
                    && text.get(span.start as usize..span.end as usize).is_some()
            );
        }
    }
    for import in &skeleton.imports {
        let _ = (
            import.statement.text(text),
            import.alias.map(|alias| alias.text(text).len()),
        );
        skeleton
            .path(import)
            .iter()
            .for_each(|part| assert!(!part.text(text).is_empty()));
    }
    let all: Vec<u32> = (0..count).collect();
    for chosen in [&all[..], &all[..all.len().min(1)], &all[all.len() / 2..]] {
        let spans = regions(&skeleton, chosen, text);
        assert!(
            spans.windows(2).all(|pair| pair[0].end <= pair[1].start),
            "{spans:?}"
        );
        assert!(
            spans
                .iter()
                .all(|span| text.get(span.start as usize..span.end as usize).is_some())
        );
    }
    skeleton
}

/// Text made of the pieces that matter to the scanners.
fn pieces(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(words), 0..40).prop_map(|parts| parts.concat())
}

const PYTHON: &[&str] = &[
    "\n",
    "\n    ",
    "\n        ",
    "\n  ",
    " ",
    "\t",
    "\\\n",
    "\\",
    "\r\n",
    "\r",
    "#",
    ":",
    ";",
    ",",
    "=",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    "'''",
    "\"\"\"",
    "f'",
    "rf\"",
    "b'",
    "\\N{",
    "def f",
    "async def g",
    "class C",
    "@d",
    "if x",
    "else",
    "try",
    "except",
    "match x",
    "case 1",
    "import a",
    "from b import c",
    "import ",
    "from ",
    "as d",
    "*",
    "..",
    "x = 1",
    "é",
    "\u{feff}",
    "`",
    "\u{b}",
    "\u{c}",
    "lambda",
    "TYPE_CHECKING",
];

const RUST: &[&str] = &[
    "\n",
    " ",
    "//",
    "///",
    "/*",
    "*/",
    "/**",
    "//!",
    "\"",
    "'",
    "'a",
    "'\\",
    "r#\"",
    "\"#",
    "br\"",
    "r#x",
    "#",
    "#[",
    "]",
    "#![",
    "(",
    ")",
    "{",
    "}",
    "[",
    "<",
    ">",
    "->",
    "=",
    ";",
    ",",
    "::",
    "!",
    "fn f",
    "pub ",
    "pub(",
    "impl ",
    "trait T",
    "mod m",
    "use a",
    "as b",
    "*",
    "self",
    "const C",
    "static ",
    "struct S",
    "enum E",
    "union U",
    "extern ",
    "crate ",
    "unsafe ",
    "async ",
    "macro_rules! m",
    "x!",
    "type ",
    "where ",
    "é",
    "cfg(test)",
    "mut ",
    "\\",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(text: String) {
        exercise(Language::Python, &text);
        exercise(Language::Rust, &text);
    }

    #[test]
    fn any_bytes_are_survived(bytes: Vec<u8>) {
        let text = String::from_utf8_lossy(&bytes);
        exercise(Language::Python, &text);
        exercise(Language::Rust, &text);
    }

    #[test]
    fn any_python_is_survived(text in pieces(PYTHON)) {
        exercise(Language::Python, &text);
    }

    #[test]
    fn any_rust_is_survived(text in pieces(RUST)) {
        exercise(Language::Rust, &text);
    }

    /// Blank lines and comments between items only move them.
    #[test]
    fn blank_lines_only_move_items(lines in prop::collection::vec(prop::sample::select(&[
        "import a", "x = 1", "def f():\n    return '''\n\n'''", "class A:\n    y = 2\n    def g(self): pass", "if b:\n    c()\nelse: d = 1",
    ][..]), 0..8)) {
        let outline = |text: &str| {
            let skeleton = Language::Python.scan(text);
            assert!(skeleton.complete, "{text:?}");
            let item = |item: &Item| (item.kind, item.depth, item.name.text(text).to_owned());
            skeleton.items.iter().map(item).collect::<Vec<_>>()
        };
        prop_assert_eq!(outline(&lines.join("\n")), outline(&lines.join("\n\n# c\n\n")));
    }
}

/// The value of a binding that ends in a joined line, and nothing but a comment on that.
#[test]
fn a_comment_on_a_joined_line() {
    for text in [
        "x = \\\n  # c",
        "x: int = \\\n\t#\n",
        "class A: \\\n  # c\n",
    ] {
        assert!(!exercise(Language::Python, text).complete, "{text:?}");
    }
}

/// One colon, and then a character of several bytes.
#[test]
fn half_a_path_separator() {
    let text = "use std::process:\u{fffd}Command;";
    assert!(!exercise(Language::Rust, text).complete);
}

/// Shapes that make careless scanners quadratic. The bound is a hundred times what is needed.
#[test]
fn time_is_linear() {
    let many = 200_000;
    let shapes = [
        "a = 1 +".repeat(1_500_000),
        "(".repeat(many) + &")".repeat(many),
        "{".repeat(many),
        "f'{".repeat(many),
        "#\"".repeat(many),
        "r##\"#".repeat(many),
        "\"#".repeat(many),
        "/*".repeat(many),
        "/*/".repeat(many),
        "mod a {".repeat(many),
        "fn f() {".repeat(many),
        "unsafe ".repeat(many),
        "fn f() { ".to_owned() + &"unsafe /**/ ".repeat(many),
        "use a::{".repeat(many),
        "use ".to_owned() + &"a::".repeat(many),
        "use a::{".to_owned() + &"b,".repeat(many) + "};",
        "const A: u8 = ".repeat(many),
        "#[a]".repeat(many),
        "'".repeat(many),
        "\\".repeat(many),
        "x = 1 \\\n".repeat(many),
        "if x: import a; ".repeat(many),
        "import a".repeat(many),
        "x: y = ".repeat(many),
        "lambda: ".repeat(many),
        "from a import (".to_owned() + &"b, ".repeat(many) + ")",
        "import ".to_owned() + &"a.".repeat(many),
        "if x:\n    y\nelse: z\n".repeat(many),
        "a!{}".repeat(many),
        "a::".repeat(many),
        "fn f<".to_owned() + &"<{".repeat(many),
        (0..3000)
            .map(|depth| " ".repeat(depth) + "class A:\n")
            .collect(),
    ];
    for text in shapes {
        for language in [Language::Python, Language::Rust] {
            let start = Instant::now();
            exercise(language, &text);
            let (time, head) = (start.elapsed(), &text[..text.len().min(30)]);
            assert!(
                time < Duration::from_secs(5),
                "{language:?} needs {time:?} for {head:?}..."
            );
        }
    }
}
