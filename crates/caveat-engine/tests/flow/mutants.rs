//! The same programs written otherwise get the same verdict: helpers with other names and in other
//! places, other constants, other containers, other orders.
//!
//! A seed is a few lines that make `y` of `x`, which comes from the client, and whether `y` is
//! harmful at the sink. A mutation writes them as a program of one or more files.

use crate::found;

/// Lines that make `y` of `x`, and whether it is harmful. `@K`, `@L` and `@M` are texts, `@S` and
/// `@B` a small and a big number.
const SEEDS: &[(bool, &str)] = &[
    (true, "y = x"),
    (false, "y = '@K'"),
    (true, "y = '@K' + x + '@L'"),
    (true, "y = f'@K{x}@L'"),
    (true, "y = '%s-%s' % ('@K', x)"),
    (false, "y = '%s-%s' % ('@K', '@L')"),
    (true, "y = '{}{}'.format('@K', x)"),
    (true, "y = '{a}'.format(a=x, b='@K')"),
    (false, "y = '{b}'.format(a=x, b='@K')"),
    (true, "y = ''.join(['@K', x])"),
    (true, "y = x.strip().lower()"),
    (true, "y = x.split('@K')[0]"),
    (true, "y = x[@S:]"),
    (false, "y = str(int(x))"),
    (false, "y = '@K' if @S * 2 < @B else x"),
    (true, "y = '@K' if @S * 2 > @B else x"),
    (false, "y = x\nif @B - @S > 0:\n    y = '@K'"),
    (true, "y = '@K'\nif @B - @S > 0:\n    y = x"),
    (
        false,
        "n = @S\nn += 1\nif n > @B:\n    y = x\nelse:\n    y = '@K'",
    ),
    (false, "d = {}\nd['@K'] = x\nd['@L'] = '@M'\ny = d['@L']"),
    (true, "d = {}\nd['@K'] = x\nd['@L'] = '@M'\ny = d['@K']"),
    (false, "d = {'@K': x, '@L': '@M'}\ny = d.get('@L', '')"),
    (true, "d = dict(a='@K', b=x)\ny = d['b']"),
    (false, "d = {'@K': x}\nd.update({'@K': '@M'})\ny = d['@K']"),
    (true, "d = {'@K': '@M'}\nd.update({'@K': x})\ny = d['@K']"),
    (
        false,
        "d = {'@K': '@M', '@L': x}\nd.pop('@L')\nd['@L'] = '@K'\ny = d['@L']",
    ),
    (false, "l = ['@K', x, '@L']\nl.pop(0)\ny = l[1]"),
    (true, "l = ['@K', x, '@L']\nl.pop(0)\ny = l[0]"),
    (false, "l = []\nl.append(x)\nl.append('@K')\ny = l[-1]"),
    (true, "l = []\nl.append('@K')\nl.append(x)\ny = l[-1]"),
    (false, "l = ['@K', x]\nl.reverse()\ny = l[1]"),
    (true, "l = ['@K']\nl.insert(0, x)\ny = l[0]"),
    (false, "a, b = x, '@K'\ny = b"),
    (true, "a, b = '@K', x\na, b = b, a\ny = a"),
    (
        false,
        "t = '@K@L'\nmatch t[0]:\n    case '@Z':\n        y = x\n    case _:\n        y = '@M'",
    ),
    (
        true,
        "t = '@K@L'\nmatch len(t) > 0:\n    case True:\n        y = x\n    case _:\n        y = '@M'",
    ),
    (false, "if not x.isalnum():\n    x = '@K'\ny = x"),
    (true, "if x.isalnum():\n    x = '@K'\ny = x"),
    (false, "y = '@K'\nif x in ('@L', '@M'):\n    y = x"),
    (true, "y = '@K'\nif x not in ('@L', '@M'):\n    y = x"),
    (true, "y = '@K'\nfor c in x:\n    y += c"),
    (false, "y = '@K'\nfor c in range(@S):\n    y += '@L'"),
    (true, "try:\n    y = x\nexcept ValueError:\n    y = '@K'"),
    (true, "def g(v):\n    return v + '@K'\ny = g(x)"),
    (false, "def g(v, w):\n    return w\ny = g(x, '@K')"),
];

/// Words for the placeholders, three ways.
const WORDS: &[[&str; 6]] = &[
    ["ka", "lo", "mi", "Z", "3", "90"],
    ["first-key", "second.key", "a long text", "?", "11", "4000"],
    ["Q_1", "R_2", "S_3", "9", "2", "17"],
];

fn filled(seed: &str, words: &[&str; 6]) -> String {
    let holes = ["@K", "@L", "@M", "@Z", "@S", "@B"];
    let pairs = holes.iter().zip(words);
    pairs.fold(seed.to_owned(), |text, (hole, word)| {
        text.replace(hole, word)
    })
}

fn indented(text: &str, by: usize) -> String {
    let pad = " ".repeat(by);
    text.lines().map(|line| format!("{pad}{line}\n")).collect()
}

const HEAD: &str = "import web\nfrom web import sink\n";
const ENTRY: &str = "@web.route\ndef f(x):\n";

type Files = Vec<(&'static str, String)>;

fn one(text: String) -> Files {
    vec![("a.py", text)]
}

/// A helper that gives `y`, defined by `def`, used by `call`, in the handler's file.
fn with_helper(def: &str, body: &str, call: &str) -> Files {
    let body = indented(&format!("{body}\nreturn y"), 4);
    one(format!("{HEAD}{def}\n{body}{ENTRY}    {call}\n"))
}

/// A helper in a file of its own.
fn in_other_file(imported: &str, call: &str, body: &str) -> Files {
    let body = indented(&format!("{body}\nreturn y"), 4);
    let helper = format!("import web\ndef helper(x):\n{body}");
    let handler = format!("{HEAD}{imported}\n{ENTRY}    {call}\n");
    vec![
        ("pkg/__init__.py", "from .tools import helper\n".to_owned()),
        ("pkg/tools.py", helper),
        ("a.py", handler),
    ]
}

/// The body, then lines that bring `y` to the sink.
fn ending(body: &str, end: &str) -> Files {
    let body = indented(&format!("{body}\n{end}"), 4);
    one(format!("{HEAD}{ENTRY}{body}"))
}

fn renamed(body: &str) -> String {
    let names = [
        ("y", "outcome"),
        ("d", "table"),
        ("l", "rows"),
        ("n", "count"),
        ("g", "make"),
    ];
    let mut text = String::new();
    let mut word = String::new();
    for character in body.chars().chain(['\n']) {
        if character.is_alphanumeric() || character == '_' {
            word.push(character);
            continue;
        }
        let new = names
            .iter()
            .find(|(old, _)| *old == word)
            .filter(|_| character != '\'');
        text.push_str(new.map_or(&word, |(_, new)| new));
        text.push(character);
        word.clear();
    }
    text.trim_end().to_owned()
}

/// Makes another program, of one or more files, that does the same.
type Mutation = fn(&str) -> Files;

/// Ways to write a seed as a program.
fn mutations() -> Vec<(&'static str, Mutation)> {
    vec![
        ("as it is", |it| ending(it, "sink(y)")),
        ("other names", |it| ending(&renamed(it), "sink(outcome)")),
        ("other statements between", |it| {
            ending(
                &format!("kept = [x]\n{it}\nlog = 'seen ' + kept[0]"),
                "z = y\nsink(z)",
            )
        }),
        ("in a branch", |it| {
            ending(
                &format!("if x:\n{}else:\n    y = ''", indented(it, 4)),
                "sink(y)",
            )
        }),
        ("in a try", |it| {
            ending(
                &format!("try:\n{}finally:\n    pass", indented(it, 4)),
                "sink(y)",
            )
        }),
        ("in a with", |it| {
            ending(&format!("with web.lock():\n{}", indented(it, 4)), "sink(y)")
        }),
        ("a function", |it| {
            with_helper("def helper(x):", it, "sink(helper(x))")
        }),
        ("a function by keyword", |it| {
            with_helper(
                "def helper(*, x, other='a'):",
                it,
                "sink(helper(other='b', x=x))",
            )
        }),
        ("a function by spread", |it| {
            with_helper(
                "def helper(a, x):",
                it,
                "args = ['b', x]\n    sink(helper(*args))",
            )
        }),
        ("a function by pairs", |it| {
            with_helper(
                "def helper(a='', x=''):",
                it,
                "sink(helper(**{'x': x, 'a': 'b'}))",
            )
        }),
        ("a function with a default", |it| {
            with_helper(
                "def helper(x, z=None):",
                it,
                "call = helper\n    sink(call(x))",
            )
        }),
        ("a coroutine", |it| {
            let body = indented(&format!("{it}\nreturn y"), 4);
            one(format!(
                "{HEAD}async def helper(x):\n{body}@web.route\nasync def f(x):\n    sink(await helper(x))\n"
            ))
        }),
        ("a generator", |it| {
            let body = indented(&format!("{it}\nyield y"), 4);
            one(format!(
                "{HEAD}def helper(x):\n{body}{ENTRY}    for part in helper(x):\n        sink(part)\n"
            ))
        }),
        ("a decorated function", |it| {
            let wrap = "import functools\ndef same(g):\n    @functools.wraps(g)\n    def inner(*args, **kwargs):\n        return g(*args, **kwargs)\n    return inner\n";
            let body = indented(&format!("{it}\nreturn y"), 4);
            one(format!(
                "{HEAD}{wrap}@same\ndef helper(x):\n{body}{ENTRY}    sink(helper(x))\n"
            ))
        }),
        ("a closure", |it| {
            let body = indented(&format!("{it}\nreturn y"), 8);
            one(format!(
                "{HEAD}{ENTRY}    def inner(x):\n{body}    sink(inner(x))\n"
            ))
        }),
        ("a closure that is returned", |it| {
            let body = indented(&format!("x = w\n{it}\nreturn y"), 8);
            one(format!(
                "{HEAD}def outer(w):\n    def inner():\n{body}    return inner\n{ENTRY}    sink(outer(x)())\n"
            ))
        }),
        ("a lambda", |it| {
            with_helper(
                "def helper(x):",
                it,
                "call = lambda v: helper(v)\n    sink(call(x))",
            )
        }),
        ("a method", |it| {
            let body = indented(&format!("{it}\nreturn y"), 8);
            one(format!(
                "{HEAD}class Tool:\n    def run(self, x):\n{body}{ENTRY}    sink(Tool().run(x))\n"
            ))
        }),
        ("a static method", |it| {
            let body = indented(&format!("{it}\nreturn y"), 8);
            one(format!(
                "{HEAD}class Tool:\n    @staticmethod\n    def run(x):\n{body}{ENTRY}    sink(Tool.run(x))\n"
            ))
        }),
        ("a method of a base", |it| {
            let body = indented(&format!("{it}\nreturn y"), 8);
            one(format!(
                "{HEAD}class Base:\n    def run(self, x):\n{body}class Tool(Base):\n    pass\n{ENTRY}    t = Tool()\n    sink(t.run(x))\n"
            ))
        }),
        ("a field", |it| {
            let body = indented(&format!("{it}\nself.made = y"), 8);
            one(format!(
                "{HEAD}class Tool:\n    def __init__(self, x):\n{body}    def get(self):\n        return self.made\n{ENTRY}    sink(Tool(x).get())\n"
            ))
        }),
        ("another file", |it| {
            in_other_file("from pkg.tools import helper", "sink(helper(x))", it)
        }),
        ("another file, re-exported", |it| {
            in_other_file("from pkg import helper as h", "sink(h(x))", it)
        }),
        ("another file, by module", |it| {
            in_other_file("import pkg.tools as tools", "sink(tools.helper(x))", it)
        }),
        ("in a dict", |it| {
            ending(it, "box = {'k': y, 'o': x}\nsink(box['k'])")
        }),
        ("in a list", |it| ending(it, "box = [x, y]\nsink(box[1])")),
        ("in a list of a list", |it| {
            ending(it, "box = [[x], [y]]\nsink(box[1][0])")
        }),
        ("in a list that changes", |it| {
            ending(
                it,
                "box = []\nbox.append(x)\nbox.append(y)\nbox.pop(0)\nsink(box[0])",
            )
        }),
        ("in a dict of functions", |it| {
            with_helper(
                "def helper(x):",
                it,
                "table = {'h': helper}\n    sink(table['h'](x))",
            )
        }),
        ("in a tuple", |it| {
            ending(it, "pair = (x, y)\n_, second = pair\nsink(second)")
        }),
        ("in an object", |it| {
            let body = indented(
                &format!("{it}\nb = Box()\nb.one = x\nb.two = y\nsink(b.two)"),
                4,
            );
            one(format!("{HEAD}class Box:\n    pass\n{ENTRY}{body}"))
        }),
        ("in a comprehension", |it| {
            ending(it, "sink([part for part in [y]][0])")
        }),
    ]
}

#[test]
fn mutants_get_the_verdict_of_their_seed() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (is_bad, seed) in SEEDS {
        for words in WORDS {
            let body = filled(seed, words);
            for (name, write) in mutations() {
                let files = write(&body);
                let files: Vec<(&str, &str)> = files
                    .iter()
                    .map(|(path, text)| (*path, text.as_str()))
                    .collect();
                count += 1;
                if found(&files).is_empty() == *is_bad {
                    wrong.push(format!("{name}, harmful: {is_bad}\n{body}"));
                }
            }
        }
    }
    let share = wrong.len() * 100;
    assert!(count > 4200, "{count} mutants");
    assert!(
        share <= count * 3,
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}
