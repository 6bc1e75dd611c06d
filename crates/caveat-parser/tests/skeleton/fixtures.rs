//! Small hostile texts. Each is compared with tree-sitter as real code is, and some are spelled
//! out as an outline: one line per item, `kind name` and what is special, indented by depth.

use super::oracle::{Counts, Language, compare};
use caveat_parser::skeleton::{Skeleton, regions};

const HOSTILE_PYTHON: &[&str] = &[
    "def f():\n    return f\"{x[\"a\"]} {y!r:>{width}} {{no}} {'}'}\"\ndef g(): pass\n",
    "x = rf'\\{a}' fr\"\\\"\" rb'\\'' f'''{\n    {1: 'a'}[1]:{2}d}\n'''\nclass C:\n    a: int = 1\n",
    "s = f\"\\N{DASH} {d['k']:%H:%M} {x=}\" f'{f\"{f'{1}'}\"}'\ndef f(): ...\n",
    "def f(a='#', b=\"\"\"\ndef no(): pass\n\"\"\"):  # comment: (\n    '''doc\ndef no():\n    '''\n",
    "x = 1 + \\\n    2\nif x: y = 1; z = 2\nelse: y = '''\n'''\ndef f(): import a; from b import c\n",
    "try:\n    import json\nexcept ImportError: json = None\nelse:\n    def f(): pass\nfinally:\n    x = 1\ny = 2\n",
    "try: import a\nexcept (A, B) as e:\n    a = None\n    class C(a.B, metaclass=M): x = 1\n",
    "if TYPE_CHECKING:\n    from a.b import (c as d,  # why\n        e,)\nelif x:\n  def f():\n    pass\n  # in\n # between\n  y = 1\nelse:\n    def f(): pass\n",
    "class A:\n    # first\n\n    def f(self):\n        a\n        # deep\n    # method level\n# module level\n\n    @property\n    # between\n    @x.setter\n    def g(self): return 1\n    if b:\n        def h(self):\n            pass\n    else: c = 1\n    x = 1\n\n# end\nclass B(A): pass\n",
    "async def f():\n    async with a as b:\n        import c.d as e\n    async for x in y: pass\n    else:\n        def inner(): pass\n        class Local:\n            def m(self): pass\n    if TYPE_CHECKING:\n        from . import q\n",
    "match command:\n    case [a, b] if a:\n        def f(): pass\n    case {'x': 1}: y = 1\n    case _:\n        def g(): pass\nmatch = 1\ncase: int = 2\nmatch[0:1] = 3\n",
    "for x in lambda a: a, lambda b: b:\n    def f(): pass\nelse:\n    z = 1\nwhile (y := f()): g = lambda: 1\nwith a as b, c(): import d\n",
    "def f[T: (int, str)](x: T) -> Dict[str, 'T']: return {1: 2}\nclass G[T](Base): x: list[T] = []\ntype X = int\n",
    "from .. import a\nfrom ...b.c import d as e, f\nfrom . import *\nfrom.g import h\nimport a.b.c as d, e . f\nimport i;import j\nfrom __future__ import annotations\n",
    "def f(\n    a,\n  b\n):\n\treturn (\n1,\n# x )\n)\ndef g():\n\tif a:\n\t\tb\n\treturn\n",
    "x = [\n  'a',\n]\n'''doc'''; y = 1\nA = B = 1\nC: int\nD: int = {1: 2}[1]\nE == 1\nF = a == b\nG += 1\nx.y = 1\n(a) = 1\nH = lambda q=1: q\n",
    "class A:\r\n    x = 1\r\n    def f(self):\r\n        return '''\r\n'''\r\n\r\n    y = 'a\\\r\nb'\r\n",
    "@a\n@b(\n    1,\n)\nasync def f(): pass\n@c\nclass D: pass",
    "def f():\n    pass\n    \n  \n\x0c\ndef g():\n    x = 'é' # ü\n",
    "if a:\n    pass\n# c\nelif b:\n    x = 1\n    # d\n  # e\nelse:\n    pass\n",
    "class A:\n    '''doc'''\n\n    x = 1; y = 2\n    z = 3\n    def f(self): pass\n    def f(self): pass\n",
];

const HOSTILE_RUST: &[&str] = &[
    "fn f<'a>(x: &'a str) -> char { let c = '\\''; let d = '\"'; let e = b'{'; 'l: loop { break 'l } '}' }\nfn g() {}\n",
    "const S: &str = r#\"fn no() { \" }\"#;\nconst B: &[u8] = br##\"\"#\"##;\nconst C: &CStr = c\"\\\"}\";\nfn f() { \"}\"; bar(r\"\\\"); }\n",
    "/* a /* nested } */ still { */\nfn f() { /* } */ // }\n}\n",
    "/// Doc `fn no() {`\n#[derive(Debug)]\n// plain\n#[cfg(test)]\npub(crate) struct S<const N: usize = { 1 + 2 }>([u8; N]) where [(); { N }]: Sized;\nunion U { a: u8 }\n",
    "impl<T, const N: usize> Foo<{ N + 1 }> for Bar<T> where T: Fn(u8) -> bool, {\n    const A: u8 = { fn inner() {} 1 };\n    type T = u8;\n    /// doc\n    #[inline]\n    pub const unsafe extern \"C\" fn f(self) -> [u8; { 1 }] { use a::b; [0; { 1 }] }\n    fn g(&self) -> Foo<{ 1 > 2 }>;\n    mac!();\n}\n",
    "mod a {\n    //! inner\n    #![allow(x)]\n    use super::*;\n    mod b { pub fn f() {} }\n    mod c;\n    #[cfg(test)]\n    mod tests { use super::{f, g as h, self}; #[test] fn t() { assert!(f() == '{'); } }\n}\n",
    "macro_rules! m { ($x:expr) => { fn $x() { ' } } }\n",
    "macro_rules! m { ($x:expr) => { fn no() { } } }\nmacro_rules! n ( () => {} );\nthread_local! { static A: u8 = 1; }\na::b!(x, y);\nlazy! [ z ];\nfn f() { vec![1]; quote! { use no::no; fn no() {} } if !(a) { use yes::yes; } }\n",
    "pub use a::{b::{self, c as d, *}, e, r#f};\nuse ::g::h;\nuse i;\nuse {j, k::l};\nextern crate m as n;\npub extern crate o;\nuse self::p as _;\nuse crate::q::{};\n",
    "extern \"C\" {\n    fn a(x: u8);\n    pub static B: u8;\n}\nunsafe extern \"system\" fn c() {}\nextern fn d() {}\n",
    "pub trait T: Sized where Self: X<Y = u8> { const A: u8; const B: u8 = 1; fn f(); fn g() { fn h() {} struct L; impl L { fn m() {} } } type C: Z; }\nunsafe impl Send for X {}\n",
    "static mut A: [fn(); 2] = [f, { fn g() {} g }];\nconst fn b() -> bool { 1 < 2 }\nconst _: () = assert!(1 >> 2 == 0);\nconst C: Foo<{ 1 }, u8> = Foo { a: 1 };\nasync fn d() { async move { unsafe { const { 1 } } } }\n",
    "#!/usr/bin/env run\n#![feature(x)]\n//! crate doc\nfn main() { match x { '{' | '}' => {} _ => { use a::b as c; } } }\n// end",
    "fn f() {\n    #[derive(A)]\n    #[b({ struct No; })]\n    struct S { pub x: u8 }\n    union U { y: u8 }\n    extern crate c;\n    let union = 1;\n    union + 1;\n    pub fn g() {}\n}\n",
    "enum E { A = { 1 }, B(u8), C { x: u8 } }\nstruct T;\nstruct U(u8);\nstruct V { x: u8 }\n;\ntype W<T> where T: X = Y<T>;\n",
];

#[test]
fn hostile_fixtures_agree_with_the_grammar() {
    for (language, texts) in [
        (Language::Python, HOSTILE_PYTHON),
        (Language::Rust, HOSTILE_RUST),
    ] {
        let mut counts = Counts::default();
        for (number, text) in texts.iter().enumerate() {
            let path = format!(
                "fixture-{number}.{}",
                if language == Language::Python {
                    "py"
                } else {
                    "rs"
                }
            );
            (1..40).for_each(|seed| compare(language, &path, text, seed * 7919, &mut counts));
        }
        let understood = counts.files - counts.incomplete - counts.tree_errors;
        println!(
            "{language:?}: {understood} of {} comparisons, {} nodes",
            counts.files, counts.nodes
        );
        counts.assert_equal();
        assert_eq!(understood, counts.files, "{counts:?}");
    }
}

fn outline(skeleton: &Skeleton, text: &str) -> String {
    let line = |item: &caveat_parser::skeleton::Item| {
        let test = if item.test { " test" } else { "" };
        let inline = if item.inline { " inline" } else { "" };
        let indent = "  ".repeat(item.depth.into());
        let body = if item.kind == caveat_parser::skeleton::ItemKind::Binding {
            format!(" = {}", item.body.text(text).trim())
        } else {
            String::new()
        };
        format!(
            "{indent}{:?} {}{body}{test}{inline}\n",
            item.kind,
            item.name.text(text)
        )
    };
    skeleton.items.iter().map(line).collect()
}

#[test]
fn outline_of_python() {
    let text = "import a\nX = 1\nY: int = f(\n  2)\nif b:\n    Z = 3\n    def f(): return 1\nelif c: W = 4\nelse:\n    d()\n    e()\nclass A(B):\n    K: str\n    async def m(self):\n        def n(): pass\n        V = 1\n";
    let expected = "\
Other \nBinding X = 1\nBinding Y = f(\n  2)\nBlock \n  Binding Z = 3\n  Function f inline
  Clause  inline\n  Clause \n    Other \nClass A\n  Binding K = \n  Function m\n    Function n inline\n";
    assert_eq!(outline(&Language::Python.scan(text), text), expected);
}

#[test]
fn outline_of_rust() {
    let text = "use a;\ntype B = u8;\n#[cfg(test)]\nmod tests {\n    const N: usize = 1 + 2;\n    #[tokio::test]\n    async fn t() { fn inner() {} }\n}\nimpl<T> A for B<T> where T: C { fn f(); }\nthread_local! { x }\n#[cfg(not(test))]\nmacro_rules! m { () => {} }\nextern \"C\" { static Q: u8; }\n";
    let expected = "\
Other \nModule tests test\n  Binding N = 1 + 2\n  Function t test\n    Function inner
Impl impl<T> A for B<T> where T: C\n  Function f\nOther thread_local\nMacro m\nBlock \n  Binding Q = \n";
    assert_eq!(outline(&Language::Rust.scan(text), text), expected);
}

#[test]
fn imports_know_where_they_stand() {
    let text = "if typing.TYPE_CHECKING:\n    from .a import b\ndef f():\n    if TYPE_CHECKING:\n        import c\n    import d\n    if t.TYPE_CHECKING: import h\nclass E:\n    import g\n";
    let skeleton = Language::Python.scan(text);
    let found: Vec<_> = skeleton
        .imports
        .iter()
        .map(|import| {
            let item = import
                .item
                .map(|item| skeleton.items[item as usize].name.text(text));
            (import.statement.text(text), import.type_checking, item)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("from .a import b", true, None),
            ("import c", true, Some("f")),
            ("import d", false, Some("f")),
            ("import h", true, Some("f")),
            ("import g", false, Some("E")),
        ]
    );
}

#[test]
fn regions_hold_items_and_their_context() {
    let text = "import a\nclass A:\n    x = 1\n\n    def f(self):\n        return 1\n    # tail\n    def g(self): pass\nif b:\n    def h(): pass\nelse:\n    i = 1\n";
    let skeleton = Language::Python.scan(text);
    let cut = |name: &str| {
        let is_named = |item: &caveat_parser::skeleton::Item| item.name.text(text) == name;
        let index = skeleton
            .items
            .iter()
            .position(is_named)
            .expect("the item exists") as u32;
        regions(&skeleton, &[index], text)
            .iter()
            .map(|span| span.text(text))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        cut("f"),
        [
            "class A:\n",
            "    def f(self):\n        return 1\n    # tail\n"
        ]
    );
    assert_eq!(cut("h"), ["if b:\n    def h(): pass\nelse:\n"]);
    assert_eq!(cut("A"), [&text[9..text.find("if b").expect("is there")]]);
}

#[test]
fn doubtful_texts_are_incomplete() {
    let python = [
        "x = (\n",
        "x = )\n",
        "s = 'a\nb'\n",
        "s = '''a",
        "def f():\npass\n",
        "if x:\n        a\n    b\n",
        "  x = 1\n",
        "x = 1\n  y = 2\n",
        "else:\n    x\n",
        "@a\nx = 1\n",
        "@a\n",
        "def f():\n",
        "x = `a`\n",
        "a\rb\n",
        "x = 1 \\\n\ny = 2\n",
        "x = f'{a'\n",
        "a\0b",
        "def f()\n",
        "\\\nx = 1\n",
        "class : pass\n",
        "x = 1 \\",
    ];
    let rust = [
        "fn f() {",
        "}",
        "fn f() { ) }",
        "const A: &str = \"a;",
        "/* /* */",
        "let x = 1;",
        "mod a { fn",
        "use a",
        "#[a] }",
        "a!(b) fn f() {}",
        "fn f() { '\\",
        "a\0b",
        "struct",
    ];
    for text in python {
        assert!(!Language::Python.scan(text).complete, "{text:?}");
    }
    for text in rust {
        assert!(!Language::Rust.scan(text).complete, "{text:?}");
    }
}
