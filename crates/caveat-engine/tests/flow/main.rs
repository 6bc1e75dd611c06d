//! Data flow from texts to findings: constants, containers, texts, guards, calls across files.
//!
//! Each case is a handler `f` whose parameter `x` comes from the client; `sink(...)` is the sink
//! of a small model, so the cases speak of the language and of no library.

mod across;
mod mutants;

use std::sync::Arc;

use caveat_engine::RuleSet;
use caveat_engine::flow::{Request, analyse};
use caveat_engine::model::{Catalog, Library};
use caveat_parser::SourceFile;
use caveat_parser::link::{Files, Project};

const RULE: &str = "\
id: test-flow
summary: untrusted text reaches the sink
severity: high
confidence: high
cwe: [89]
since: 0.1.0
message: \"value from `{source}` reaches `{sink}`\"
why: A test.
fix: Do not.
flow: {from: untrusted, to: sql, except: [number, alphanumeric, inside, no-quote]}
";

const MODEL: &str = "\
library: web
language: python
imports: always
types:
  \"web.connect()\": web.Connection
rows:
- {entry: \"web.route\", params: untrusted}
- {source: untrusted, at: \"web.query()\"}
- {sink: sql, at: [\"web.sink(arg0)\", \"web.Connection.run(arg0)\"]}
- {step: \"web.clean(arg0) -> return\", stops: true}
- {step: [\"int(arg0) -> return\"], adds: number}
- {guard: \"str.isalnum(self)\", fact: alphanumeric}
- {step: \"str.strip(self) -> return\"}
";

struct Texts(Vec<Arc<SourceFile>>);

impl Files for Texts {
    fn text(&self, path: &str) -> Option<String> {
        let mut files = self.0.iter();
        files.find(|it| it.path == path).map(|it| it.text.clone())
    }
}

/// Findings as `path:line`.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let rule = caveat_engine::rule::load_embedded("injection/test-flow.yaml", RULE);
    let (rules, errors) = RuleSet::compile(vec![rule.expect("the rule is well formed")]);
    assert!(errors.is_empty(), "{errors:?}");
    let sources: Vec<Arc<SourceFile>> = files
        .iter()
        .map(|(path, text)| Arc::new(SourceFile::new(*path, *text)))
        .collect();
    let paths = files.iter().map(|(path, _)| (*path).to_owned());
    let project = Project::new(paths, Box::new(Texts(sources.clone())));
    let by_id = project.file_ids().map(|id| {
        let path = project.path(id);
        sources.iter().find(|it| it.path == path).cloned()
    });
    let outcome = analyse(Request {
        rules: &rules,
        project: &project,
        sources: by_id.collect(),
        catalog: &Catalog {
            libraries: vec![Library::new("web.yaml", MODEL)],
        },
        untrusted_parameters: false,
    });
    let line = |path: &str, at: u32| {
        let source = sources.iter().find(|it| it.path == path);
        source.map_or(0, |it| it.lines.line(at))
    };
    outcome
        .findings
        .iter()
        .inspect(|it| assert!((2..=8).contains(&it.flow.len()), "{:?}", it.flow))
        .map(|it| format!("{}:{}", it.path, line(&it.path, it.span.start)))
        .collect()
}

/// Runs the lines as the body of a handler that gets `x` from the client.
#[track_caller]
fn check(is_bad: bool, body: &str) {
    let indented = body.replace('\n', "\n    ");
    let text = format!("import web\nfrom web import sink\n@web.route\ndef f(x):\n    {indented}\n");
    let findings = found(&[("a.py", &text)]);
    assert_eq!(!findings.is_empty(), is_bad, "{text}\n{findings:?}");
}

#[track_caller]
fn bad(body: &str) {
    check(true, body);
}

#[track_caller]
fn good(body: &str) {
    check(false, body);
}

#[test]
fn data_reaches_a_sink() {
    bad("sink(x)");
    bad("y = x\nsink('a' + y)");
    bad("sink(f'a {x} b')");
    bad("sink('a %s' % x)");
    bad("sink('a {}'.format(x))");
    bad("sink(' '.join(['a', x]))");
    bad("sink(unknown(x))");
    good("sink('a')");
    good("sink(web.clean(x))");
    good("sink(str(int(x)))");
}

#[test]
fn dead_branches_are_not_taken() {
    good("n = 106\ny = 'a' if 7 * 18 + n > 200 else x\nsink(y)");
    bad("n = 106\ny = 'a' if 7 * 42 - n > 200 else x\nsink(y)");
    good(
        "s = 'ABC'\nmatch s[1]:\n    case 'A': y = x\n    case 'B': y = 'b'\n    case _: y = x\nsink(y)",
    );
    bad("s = 'ABC'\nmatch s[0]:\n    case 'A': y = x\n    case _: y = 'b'\nsink(y)");
    good("s = 'a text'\nif 'text' in s:\n    x = 'b'\nsink(x)");
}

#[test]
fn elements_are_told_apart() {
    good("d = {}\nd['a'] = x\nd['b'] = 'c'\nsink(d['b'])");
    bad("d = {}\nd['a'] = x\nd['b'] = 'c'\nsink(d['a'])");
    good("l = ['a', x, 'b']\nl.pop(0)\nsink(l[1])");
    bad("l = ['a', x, 'b']\nl.pop(0)\nsink(l[0])");
    bad("l = []\nl.append(x)\nfor y in l:\n    sink(y)");
    good("a, b = x, 'c'\nsink(b)");
    bad("a, b = x, 'c'\nsink(a)");
    bad("l = []\nm = l\nm.append(x)\nsink(l[0])");
}

#[test]
fn guards_refine() {
    good("if not x.isalnum():\n    return\nsink(x)");
    bad("if x.isalnum():\n    return\nsink(x)");
    good("if x in ('a', 'b'):\n    sink(x)");
    bad("if x not in ('a', 'b'):\n    sink(x)");
    good("if '\\'' in x or '\"' in x:\n    raise ValueError\nsink(x)");
    good("ok = x.isalnum()\nif ok:\n    sink(x)");
    good("def check(v):\n    return v.isalnum()\nif check(x):\n    sink(x)");
    good("def check(v):\n    if not v.isalnum():\n        raise ValueError\ncheck(x)\nsink(x)");
    good("if \"'\" in x:\n    return\nsink(f\"a = '{x}'\")");
    bad("if '\"' in x:\n    return\nsink(f\"a = '{x}'\")");
}

#[test]
fn functions_pass_data_on() {
    bad("def g(v):\n    return v.strip()\nsink(g(x))");
    good("def g(v):\n    return 'a'\nsink(g(x))");
    bad("def g():\n    sink(x)\ng()");
    bad("y = lambda v: v + 'a'\nsink(y(x))");
    bad("def g(v, k):\n    return v if k else 'a'\nsink(g(x, True))");
    good("def g(v, k):\n    return v if k else 'a'\nsink(g(x, False))");
    bad("sink([v for v in [x]][0])");
    bad("def g(v):\n    yield v\nfor y in g(x):\n    sink(y)");
}

#[test]
fn objects_carry_data() {
    let class = "import web\nfrom web import sink\nclass A:\n    def __init__(self, v, w):\n        self.v = v\n        self.w = w\n    def get(self):\n        return self.v\n    def run(self):\n        sink(self.w)\n";
    let with = |body: &str| {
        let text = format!("{class}@web.route\ndef f(x):\n    {body}\n");
        found(&[("a.py", &text)])
    };
    assert_eq!(with("sink(A(x, 'b').get())").len(), 1);
    assert_eq!(with("sink(A('b', x).get())").len(), 0);
    assert_eq!(with("A('b', x).run()"), ["a.py:10"]);
    assert_eq!(with("A(x, 'b').run()").len(), 0);
}

#[test]
fn source_helper_and_sink_in_three_files() {
    let source = "import web\ndef read():\n    return web.query()\n";
    let sink = "import web\nclass Store:\n    def __init__(self):\n        self.c = web.connect()\n    def save(self, t):\n        self.c.run('a' + t)\n";
    let package = "from .store import Store\n";
    let view = "from app import Store\nfrom app.source import read\ndef view():\n    s = Store()\n    s.save(read())\n";
    let files = [
        ("app/__init__.py", package),
        ("app/source.py", source),
        ("app/store.py", sink),
        ("app/view.py", view),
    ];
    assert_eq!(found(&files), ["app/store.py:6"]);
}

#[test]
fn cycles_and_broken_code_end() {
    bad("def g(v):\n    return h(v)\ndef h(v):\n    return g(v) if v else v\nsink(x)");
    bad("while True:\n    x = x + 'a'\n    sink(x)");
    // How much of broken code is understood may change; that it ends may not.
    found(&[(
        "a.py",
        "import web\n@web.route\ndef f(x):\n    web.sink(x\n",
    )]);
}
