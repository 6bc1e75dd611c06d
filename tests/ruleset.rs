//! What holds for the rules as a set: nothing about single rules stands here.
//!
//! Files that are generated from the rules are rewritten when they are stale, and the test fails
//! once; look at the difference and commit it. In CI nothing is rewritten.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use caveat_cli::{catalog, ruleset};
use caveat_engine::rule::{Body, Rule};

/// Folders of `rules/`.
const FAMILIES: &[&str] = &[
    "agent",
    "auth",
    "concurrency",
    "config",
    "crypto",
    "deserialization",
    "disclosure",
    "files",
    "injection",
    "integrity",
    "memory",
    "processes",
    "resources",
    "robustness",
    "secrets",
    "supply-chain",
    "transport",
    "web",
];

/// The longest message, in characters: it is the title of an alert.
const LONGEST_MESSAGE: usize = 200;

fn rules() -> Vec<Rule> {
    let read = ruleset::read_all(&[], &|_| {});
    read.unwrap_or_else(|error| panic!("the built-in rules do not load: {error:#}"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Fails with every complaint at once.
#[track_caller]
fn expect_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_rule_has_bad_and_good_fixtures() {
    let mut missing = Vec::new();
    for rule in rules() {
        let folder = root().join("fixtures").join(&rule.id);
        let names: Vec<String> = fs::read_dir(&folder).map_or_else(
            |_| Vec::new(),
            |entries| {
                let names = entries.flatten().map(|entry| entry.file_name());
                names
                    .map(|name| name.to_string_lossy().into_owned())
                    .collect()
            },
        );
        for kind in ["bad", "good"] {
            if !names.iter().any(|name| name.starts_with(kind)) {
                missing.push(format!("fixtures/{}/ has no {kind} file", rule.id));
            }
        }
    }
    expect_none(missing);
}

#[test]
fn every_pattern_language_has_a_bad_fixture() {
    let mut missing = Vec::new();
    for rule in rules() {
        let Body::Match(formulas) = &rule.body else {
            continue;
        };
        let folder = root().join("fixtures").join(&rule.id);
        for formula in formulas {
            let ending = match formula.language.as_str() {
                "python" => "py",
                "rust" => "rs",
                _ => continue,
            };
            if !has_file(&folder, "bad", ending) {
                missing.push(format!("fixtures/{}/ has no bad*.{ending}", rule.id));
            }
        }
    }
    expect_none(missing);
}

/// Whether a file with that beginning, or in a tree with that beginning, has that ending.
fn has_file(folder: &Path, beginning: &str, ending: &str) -> bool {
    let walk = ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .build();
    walk.flatten().any(|entry| {
        let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        below.to_string_lossy().starts_with(beginning)
            && entry.path().extension().is_some_and(|it| it == ending)
    })
}

/// The ways in which frameworks register routes and guard them. Each needs a case in which the
/// guard is missing and one in which it is there.
const GUARDS: &[&str] = &[
    "actix-extractor",
    "actix-wrap",
    "aiohttp-table",
    "axum-across-files",
    "axum-body-check",
    "axum-extractor",
    "axum-layer-order",
    "axum-nested",
    "axum-option-extractor",
    "axum-utoipa",
    "django-decorator",
    "django-middleware",
    "django-mixin",
    "django-urls-wrapper",
    "drf-default-permission",
    "drf-permission-classes",
    "fastapi-annotated-alias",
    "fastapi-app-dependencies",
    "fastapi-class-attribute",
    "fastapi-include-dependencies",
    "fastapi-middleware",
    "fastapi-parameter",
    "fastapi-route-dependencies",
    "fastapi-router-dependencies",
    "fastapi-sub-dependency",
    "flask-add-url-rule",
    "flask-before-request",
    "flask-blueprint-hook",
    "flask-body-check",
    "flask-decorator",
    "flask-factory-closure",
    "flask-jwt-optional",
    "flask-method-view",
    "flask-restful-resource",
    "jupyter-handler",
    "litestar-guards",
    "ninja-auth",
    "rocket-guard",
    "sanic-middleware",
    "starlette-requires",
    "tornado-authenticated",
    "tornado-prepare",
];

#[test]
fn every_way_to_guard_a_route_has_a_pair_of_fixtures() {
    let folder = root().join("fixtures/missing-authentication");
    let missing = GUARDS.iter().flat_map(|way| {
        ["bad", "good"]
            .map(|kind| format!("{kind}-{way}"))
            .into_iter()
    });
    let missing = missing.filter(|name| {
        let endings = ["", ".py", ".rs"];
        !endings
            .iter()
            .any(|ending| folder.join(format!("{name}{ending}")).exists())
    });
    expect_none(
        missing
            .map(|name| format!("fixtures/missing-authentication: no {name}"))
            .collect(),
    );
}

#[test]
fn every_fixture_belongs_to_a_rule() {
    let ids: BTreeSet<String> = rules().into_iter().map(|rule| rule.id).collect();
    let folders = fs::read_dir(root().join("fixtures")).expect("there are fixtures");
    let orphans = folders
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !ids.contains(name))
        .map(|name| format!("fixtures/{name}/: there is no such rule"));
    expect_none(orphans.collect());
}

#[test]
fn ids_are_unique_and_kebab_case() {
    let rules = rules();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for rule in &rules {
        let id = &rule.id;
        if !seen.insert(id) {
            wrong.push(format!("{id}: there are two of it"));
        }
        let is_kebab = id.split('-').all(|word| {
            let mut bytes = word.bytes();
            !word.is_empty() && bytes.all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
        });
        let says_no = ["no-", "disallow-", "use-", "python-", "rust-"];
        if !is_kebab || says_no.iter().any(|start| id.starts_with(start)) {
            wrong.push(format!(
                "{id}: a rule is named, in kebab-case, for what it flags"
            ));
        }
    }
    expect_none(wrong);
}

#[test]
fn words_are_well_formed() {
    let mut wrong = Vec::new();
    for rule in rules() {
        let mut complain =
            |field: &str, why: &str| wrong.push(format!("{}: {field} {why}", rule.id));
        let mut phrases = vec![
            ("summary", rule.summary.as_str()),
            ("message", &rule.message),
        ];
        let mut overrides = Vec::new();
        collect_messages(&rule, &mut overrides);
        phrases.extend(overrides.iter().map(|text| ("message", text.as_str())));
        for (field, text) in phrases {
            judge_phrase(text, &mut |why| complain(field, why));
        }
        for (field, text) in [("why", &rule.why), ("fix", &rule.fix)] {
            if text.trim().is_empty() {
                complain(field, "is empty");
            } else if !text.trim_end().ends_with(['.', '!', '?', '`']) {
                complain(field, "is no sentence");
            }
        }
    }
    expect_none(wrong);
}

/// Messages and summaries: lower case, no final stop, one line.
fn judge_phrase(text: &str, complain: &mut dyn FnMut(&str)) {
    if text.trim().is_empty() {
        return complain("is empty");
    }
    if text.ends_with('.') || text.ends_with('!') {
        complain("ends with a stop");
    }
    if text.contains('\n') {
        complain("has several lines");
    }
    if text.chars().count() > LONGEST_MESSAGE {
        complain("is too long");
    }
    // A proper name (`TLS`, `Flask`) may stand first; a sentence may not. Who can tell them apart
    // is a person; a capital before lower case in a common English word is what a test can see.
    let first = text.split_whitespace().next().unwrap_or("");
    let articles = [
        "The",
        "A",
        "An",
        "This",
        "Untrusted",
        "Use",
        "Using",
        "Call",
        "Value",
    ];
    if articles.contains(&first) {
        complain("begins with a capital");
    }
    if text.matches('`').count() % 2 == 1 {
        complain("has an open backtick");
    }
}

/// Messages of a rule's alternatives.
fn collect_messages(rule: &Rule, out: &mut Vec<String>) {
    use caveat_engine::rule::{Formula, Op};
    fn visit(formula: &Formula, out: &mut Vec<String>) {
        out.extend(formula.with.message.clone());
        match &formula.op {
            Op::All(all) => all.parts.iter().for_each(|part| visit(part, out)),
            Op::Any(parts) => parts.iter().for_each(|part| visit(part, out)),
            Op::Not(part) | Op::Inside(part) | Op::NotInside(part) => visit(part, out),
            Op::Pattern(_) | Op::Regex(_) | Op::NotRegex(_) => {}
        }
    }
    if let Body::Match(formulas) = &rule.body {
        formulas.iter().for_each(|it| visit(&it.formula, out));
    }
}

#[test]
fn every_rule_is_in_a_known_folder_and_names_a_weakness() {
    let mut wrong = Vec::new();
    for rule in rules() {
        if !FAMILIES.contains(&rule.family.as_str()) {
            wrong.push(format!("{}: rules/{}/ is no family", rule.id, rule.family));
        }
        if rule.cwe.is_empty() && rule.family != "integrity" && rule.family != "robustness" {
            wrong.push(format!("{}: names no CWE", rule.id));
        }
    }
    expect_none(wrong);
}

#[test]
fn ids_are_for_ever() {
    let path = root().join("tests/rule-ids.txt");
    let known = fs::read_to_string(&path).unwrap_or_default();
    let now: BTreeSet<String> = rules().into_iter().map(|rule| rule.id).collect();
    let gone: Vec<String> = known
        .lines()
        .filter(|id| !now.contains(*id))
        .map(|id| format!("{id}: a rule is never renamed or removed"))
        .collect();
    expect_none(gone);
    fresh(&path, now.iter().map(|id| format!("{id}\n")).collect());
}

#[test]
fn the_page_of_rules_is_fresh() {
    fresh(&root().join("docs/rules.md"), catalog::markdown(&rules()));
}

/// Compares a generated file; rewrites it if it is stale, except in CI.
#[track_caller]
fn fresh(path: &Path, expected: String) {
    let found = fs::read_to_string(path).unwrap_or_default();
    if found.replace("\r\n", "\n") == expected {
        return;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if std::env::var_os("CI").is_some() {
        panic!("{name} is stale; run the tests without CI set and commit it");
    }
    fs::write(path, expected).expect("the working tree can be written");
    panic!("{name} was stale and is written anew; look at it and commit it");
}

/// Ways in which frameworks put a guard in front of a route. Each has a pair of fixtures of
/// `missing-authentication`: one where a route is without it, and the same with it.
const MECHANISMS: &[&str] = &[
    "actix-extractor",
    "actix-wrap",
    "aiohttp-table",
    "axum-across-files",
    "axum-body-check",
    "axum-extractor",
    "axum-layer-order",
    "axum-nested",
    "axum-option-extractor",
    "axum-utoipa",
    "django-decorator",
    "django-middleware",
    "django-mixin",
    "django-urls-wrapper",
    "drf-default-permission",
    "drf-permission-classes",
    "fastapi-annotated-alias",
    "fastapi-app-dependencies",
    "fastapi-class-attribute",
    "fastapi-include-dependencies",
    "fastapi-middleware",
    "fastapi-parameter",
    "fastapi-records-of-users",
    "fastapi-route-dependencies",
    "fastapi-router-dependencies",
    "fastapi-sub-dependency",
    "fastapi-websocket-middleware",
    "flask-add-url-rule",
    "flask-before-request",
    "flask-blueprint-hook",
    "flask-body-check",
    "flask-decorator",
    "flask-factory-closure",
    "flask-hook-for-some",
    "flask-hook-leaves-out",
    "flask-jwt-optional",
    "flask-method-view",
    "flask-nobody-signs-in",
    "flask-registered-twice",
    "flask-restful-resource",
    "jupyter-handler",
    "litestar-guards",
    "ninja-auth",
    "poem",
    "poem-middleware",
    "poem-openapi",
    "rocket-guard",
    "sanic-middleware",
    "starlette-requires",
    "tonic",
    "tornado-authenticated",
    "tornado-prepare",
    "warp",
];

#[test]
fn every_mechanism_of_guards_has_a_pair() {
    let folder = root().join("fixtures/missing-authentication");
    let entries = fs::read_dir(&folder).expect("the fixtures can be read");
    let stems: BTreeSet<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .map(|name| name.split('.').next().unwrap_or_default().to_owned())
        .collect();
    let named = MECHANISMS.iter().map(|it| (*it).to_owned());
    let found = stems
        .iter()
        .filter_map(|stem| stem.strip_prefix("bad-").or(stem.strip_prefix("good-")))
        .map(str::to_owned);
    let all: BTreeSet<String> = named.chain(found).collect();
    let mut wrong = Vec::new();
    for mechanism in all {
        for kind in ["bad", "good"] {
            if !stems.contains(&format!("{kind}-{mechanism}")) {
                wrong.push(format!("{kind}-{mechanism}: no such fixture"));
            }
        }
        if !MECHANISMS.contains(&mechanism.as_str()) {
            wrong.push(format!("{mechanism}: is not in the list of mechanisms"));
        }
    }
    expect_none(wrong);
}
