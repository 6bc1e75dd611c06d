//! Model files as their authors write them: what a file becomes, what is said about a wrong one,
//! and how rows are found.

#![allow(clippy::disallowed_methods)] // A test may look at the world, the engine may not.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use caveat_engine::model::{
    self, Action, Catalog, Condition, Fact, Hit, Index, Library, Model, Place, SinkKind, SourceKind,
};
use caveat_engine::rule::RuleError;

const PAGE: &str = include_str!("../../../docs/model-format.md");

fn with_rows(rows: &str) -> String {
    format!("library: lib\nlanguage: python\nrows:\n{rows}")
}

fn load(text: &str) -> Model {
    model::load("lib.yaml", text).unwrap_or_else(|errors| panic!("{}", described(text, &errors)))
}

/// One mistake a line: position, the bytes it is about, message, help.
fn described(text: &str, errors: &[RuleError]) -> String {
    let mut described = String::new();
    for error in errors {
        let line = text[..error.span.start].matches('\n').count() + 1;
        let about = text[error.span.clone()].lines().next().unwrap_or_default();
        let help = error.help.as_deref().unwrap_or_default();
        writeln!(described, "{line} {about}: {} [{help}]", error.message).expect("a string");
    }
    described
}

#[track_caller]
fn wrong(text: &str, expected: &str) {
    let errors = model::load("lib.yaml", text).expect_err("the file is wrong");
    let actual = described(text, &errors);
    assert!(actual.contains(expected), "\n--- said:\n{actual}");
}

fn kinds<'m>(hits: impl Iterator<Item = Hit<'m>>) -> Vec<&'static str> {
    let kind = |hit: Hit<'_>| match &hit.row.action {
        Action::Source(source) => source.kind.name(),
        Action::Sink(sink) => sink.kind.name(),
        Action::Entry(_) => "entry",
        Action::Step(_) => "step",
        Action::Guard(_) => "guard",
    };
    hits.map(kind).collect()
}

#[test]
fn the_example_of_the_page_is_a_model() {
    let (_, example) = PAGE.split_once("```yaml\n").expect("an example");
    let (example, _) = example.split_once("```").expect("a closed block");
    let index = Index::new([load(example)]);
    assert_eq!(kinds(index.values("flask.Request.args")), ["untrusted"]);
    assert_eq!(kinds(index.values("flask.Flask.route")), ["entry"]);
    assert_eq!(kinds(index.calls("flask.redirect")), ["redirect"]);
    assert_eq!(kinds(index.calls("flask.Flask.redirect")), [""; 0]);
    assert_eq!(index.same("flask.wrappers.Request"), Some("flask.Request"));
    assert_eq!(index.attribute_type("flask.request"), Some("flask.Request"));
    let bases: Vec<_> = index.bases("flask.Blueprint").map(str::to_owned).collect();
    assert_eq!(bases, ["flask.Flask"]);
}

#[test]
fn the_page_lists_the_words() {
    let table = |title: &str, rows: Vec<(&str, &str)>| {
        let mut text = format!("### {title}\n\n| word | means |\n|---|---|\n");
        for (name, meaning) in rows {
            writeln!(text, "| `{name}` | {meaning} |").expect("a string");
        }
        text
    };
    let all = [
        table(
            "Sources",
            SourceKind::ALL
                .iter()
                .map(|k| (k.name(), k.meaning()))
                .collect(),
        ),
        table(
            "Sinks",
            SinkKind::ALL
                .iter()
                .map(|k| (k.name(), k.meaning()))
                .collect(),
        ),
        table(
            "Facts",
            Fact::ALL.iter().map(|k| (k.name(), k.meaning())).collect(),
        ),
    ]
    .join("\n");
    let found = PAGE.find("### Sources").map(|at| &PAGE[at..]);
    if found != Some(all.as_str()) {
        panic!("docs/model-format.md must end with\n{all}");
    }
}

#[test]
fn rows_are_found_by_what_stands_in_code() {
    let text = with_rows(
        "- {sink: sql, at: \"*.{execute,run}(arg0)\", receiver: 'cur|conn'}\n\
         - {source: untrusted, at: \"*.GET\", receiver: '^request$'}\n\
         - {source: password, named: '(?i)^pass'}\n\
         - {source: untrusted, type: \"lib::Query\"}\n\
         - {source: error-detail, caught: lib.Error}\n\
         - {sink: path, at: \"lib.files.*(arg0)\"}\n\
         - {sink: redirect, at: lib.Response.location = value}\n",
    );
    let index = Index::new([load(&text)]);
    assert_eq!(kinds(index.methods("run", "self.conn")), ["sql"]);
    assert_eq!(kinds(index.methods("run", "job")), [""; 0]);
    assert_eq!(kinds(index.members("GET", "request")), ["untrusted"]);
    assert_eq!(kinds(index.members("GET", "verbs")), [""; 0]);
    assert_eq!(kinds(index.named("password")), ["password"]);
    assert_eq!(kinds(index.typed("lib.Query")), ["untrusted"]);
    assert_eq!(kinds(index.caught("lib.Error")), ["error-detail"]);
    assert_eq!(kinds(index.calls("lib.files.remove")), ["path"]);
    assert_eq!(kinds(index.calls("lib.files.a.b")), [""; 0]);
    assert_eq!(kinds(index.stores("lib.Response.location")), ["redirect"]);
    let sinks = index.words(|action| matches!(action, Action::Sink(_)));
    assert_eq!(sinks, ["execute", "files", "location", "run"]);
}

#[test]
fn only_models_that_matter_are_read() {
    let broken = "library: broken\nlanguage: python\nimports: [one, two]\nrows: 3\n";
    let catalog = Catalog {
        libraries: vec![
            Library::new("broken.yaml", broken),
            Library::new("lib.yaml", with_rows("- {source: cli, at: lib.argv}\n")),
        ],
    };
    let index = catalog
        .index("python", |name| name == "lib")
        .expect("only lib is read");
    assert_eq!(index.rows().count(), 1);
    assert_eq!(index.file(model::RowId(0)), "lib.yaml");
    assert!(catalog.index("python", |name| name == "two").is_err());
    assert_eq!(
        catalog
            .index("rust", |_| true)
            .expect("none")
            .rows()
            .count(),
        0
    );
}

#[test]
fn places_and_conditions() {
    for good in [
        "self",
        "return",
        "arg0",
        "arg12:name",
        "timeout=",
        "args",
        "arg1..",
        "kwargs",
        "any",
        "value",
        "arg0[0]",
        "arg0[1..]",
        "arg0[*]",
        "arg0[keys]",
        "kwargs[\"a-b\"].name",
        "arg0.param(1)",
        "arg0.result().body",
    ] {
        assert!(Place::parse(good).is_ok(), "{good}");
    }
    for bad in [
        "", "arg", "arg0:", "arg0:a b", "arg0[", "arg0[x]", "arg0.", "self.1", "é",
    ] {
        assert!(Place::parse(bad).is_err(), "{bad}");
    }
    for good in [
        "shell= is true",
        "arg0 missing",
        "arg0 is not none",
        "arg1:Loader in (a.B, \"c\", 3)",
        "arg0 not contains \"--\"",
        "arg0 matches /^a b$/",
        "self type a::b::C",
        "n= below 10",
        "arg0 is slow regex",
        "arg0 is a.b",
        "arg0 is not \"x\"",
    ] {
        assert!(Condition::parse(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "arg0",
        "arg0 is",
        "arg0 smells",
        "arg0 in a",
        "arg0 contains x",
        "x is true",
    ] {
        assert!(Condition::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn mistakes_are_told_where_they_stand() {
    wrong(
        "language: python\nrows: []\nlibary: x\n",
        "3 libary: unknown key `libary` [did you mean `library`?]",
    );
    wrong(
        "library: x\nlanguage: perl\n",
        "2 perl: unknown language `perl` [known here: `python`, `rust`]",
    );
    wrong(
        "library: x\nlanguage: python\nimports: x\n",
        "3 x: `imports` must be a list [write `[name, name]` on one line, or `always`]",
    );
    wrong(
        "rows: []\nlibrary: x\nlanguage: python\n",
        "2 library: `library` is misplaced",
    );
    wrong(
        &with_rows("- {at: x}\n"),
        "4 {at: x}: the row does not say what it is",
    );
    wrong(
        &with_rows("- {sink: sqll, at: a(arg0)}\n"),
        "unknown word `sqll` [did you mean `sql`?]",
    );
    wrong(
        &with_rows("- {sink: sql, at: a()}\n"),
        "the row does not say which value",
    );
    wrong(
        &with_rows("- {sink: sql, at: a(argh)}\n"),
        "`argh` is no place",
    );
    wrong(
        &with_rows("- {sink: sql, at: a(arg0}\n"),
        "`a(arg0` has no `)` at its end",
    );
    wrong(&with_rows("- {sink: sql}\n"), "the row does not say where");
    wrong(
        &with_rows("- {sink: sql, at: a(arg0), adds: number}\n"),
        "unknown key `adds`",
    );
    wrong(
        &with_rows("- {source: cli, at: 'a.{b'}\n"),
        "has a `{` without `}`",
    );
    wrong(
        &with_rows("- {guard: a(arg0)}\n"),
        "the key `fact` is missing",
    );
    wrong(
        &with_rows("- {source: cli, named: '('}\n"),
        "regex parse error",
    );
    wrong(
        &with_rows("- {source: cli, at: a, if: arg0 smells}\n"),
        "`smells` is no test",
    );
}

#[test]
fn a_step_to_several_places_is_a_row_for_each() {
    let model = load(&with_rows(
        "- {step: [a(arg0), b(arg0) -> self, c(arg1) -> return], adds: number}\n",
    ));
    let show = |row: &model::Row| match &row.action {
        Action::Step(step) => format!("{} {:?}", row.targets.len(), step.to.root),
        _ => String::new(),
    };
    let shown: Vec<String> = model.rows.iter().map(show).collect();
    assert_eq!(shown, ["2 Return", "1 Receiver"]);
}

#[test]
fn the_built_in_models_load_and_stand_where_their_headers_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/models");
    let mut wrong = String::new();
    let mut count = 0;
    for language in fs::read_dir(folder).expect("models").flatten() {
        for file in fs::read_dir(language.path()).expect("a folder").flatten() {
            count += 1;
            let path = file.path();
            let text = fs::read_to_string(&path).expect("text");
            let name = path.display().to_string();
            match model::load(&name, &text) {
                Ok(model) => {
                    let header = &model.header;
                    let place = format!("{}/{}.yaml", header.language, header.library);
                    if !path.ends_with(&place) {
                        writeln!(wrong, "{name}: its header says {place}").expect("a string");
                    }
                }
                Err(errors) => {
                    for error in errors {
                        writeln!(wrong, "{}", error.render(&text, false)).expect("a string");
                    }
                }
            }
        }
    }
    assert!(count > 0 && wrong.is_empty(), "\n{wrong}");
}

/// The built-in rules and models of a language.
fn built_in(language: &str) -> (Vec<caveat_engine::rule::Rule>, Vec<Model>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let mut rules = Vec::new();
    let mut models = Vec::new();
    for family in fs::read_dir(&root).expect("rules").flatten() {
        let folder = match family.file_name().to_str() {
            Some("models") => family.path().join(language),
            _ if family.path().is_dir() => family.path(),
            _ => continue,
        };
        for file in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = file.path();
            let text = fs::read_to_string(&path).expect("text");
            let name = path
                .strip_prefix(&root)
                .expect("below")
                .display()
                .to_string();
            if folder.ends_with(language) {
                models.push(load(&text));
            } else {
                let rule = caveat_engine::rule::load_embedded(&name, &text);
                rules.push(rule.unwrap_or_else(|errors| panic!("{}", described(&text, &errors))));
            }
        }
    }
    (rules, models)
}

#[test]
fn every_flow_has_sources_and_sinks_in_the_models() {
    let mut missing = String::new();
    for language in ["python", "rust"] {
        let (rules, models) = built_in(language);
        let actions = || {
            models
                .iter()
                .flat_map(|model| &model.rows)
                .map(|row| &row.action)
        };
        let has_sink = |wanted: SinkKind| {
            actions().any(|action| match action {
                Action::Sink(sink) => sink.kind == wanted,
                Action::Entry(entry) => entry.returns.contains(&wanted),
                _ => false,
            })
        };
        let has_source = |wanted: SourceKind| {
            wanted == SourceKind::Parameter
                || actions().any(|action| match action {
                    Action::Source(source) => source.kind == wanted,
                    Action::Entry(entry) => entry.params == Some(wanted),
                    _ => false,
                })
        };
        for rule in &rules {
            for flow in &rule.flows {
                if !flow.languages.iter().any(|name| name == language) {
                    continue;
                }
                let sinks = flow.to.iter().copied().filter(|kind| !has_sink(*kind));
                let sources = flow
                    .from
                    .iter()
                    .map(|it| it.kind)
                    .filter(|it| !has_source(*it));
                for name in sinks
                    .map(SinkKind::name)
                    .chain(sources.map(SourceKind::name))
                {
                    writeln!(missing, "{}: no {language} row has `{name}`", rule.id)
                        .expect("a string");
                }
            }
        }
    }
    assert!(missing.is_empty(), "\n{missing}");
}

/// Two rows for one way of data would say two things about it.
#[test]
fn steps_over_the_same_ground_exclude_one_another() {
    use std::collections::BTreeMap;
    let mut wrong = String::new();
    for language in ["python", "rust"] {
        let (_, models) = built_in(language);
        let mut seen: BTreeMap<String, bool> = BTreeMap::new();
        for row in models.iter().flat_map(|model| &model.rows) {
            let Action::Step(step) = &row.action else {
                continue;
            };
            let is_free = row.conditions.is_empty() && row.exceptions.is_empty();
            for target in &row.targets {
                for place in &target.places {
                    let way = format!("{:?} {place:?} {:?}", target.form, step.to);
                    if seen.get(&way).is_some_and(|other| *other || is_free) {
                        writeln!(wrong, "{language}: {way}").expect("a string");
                    }
                    seen.entry(way)
                        .and_modify(|it| *it |= is_free)
                        .or_insert(is_free);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
