//! What a change does to tests and checks: tests that assert less than before or are gone while
//! their subject lives on, and security checks that were loosened.
//!
//! Tests are matched by name, then by text, across all changed files, so that moves, renames and
//! folds into parametrised tests are no findings.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Language, NodeId, Span};

use super::{Draft, with_tree};
use crate::context;
use crate::tests_model::{Form, Tree, code, oracles, place};

/// Name of the check of weakened tests in rule files.
pub const WEAKENED_TEST: &str = "weakened-test";
/// Name of the check of deleted tests.
pub const DELETED_TEST: &str = "deleted-test";
/// Name of the check of loosened checks in product code.
pub const WEAKENED_CHECK: &str = "weakened-check";

/// One file on both sides of a change.
#[derive(Debug, Clone)]
pub struct Change {
    /// Where it was.
    pub old_path: Option<String>,
    /// Where it is.
    pub new_path: Option<String>,
    /// Its text before.
    pub old: Option<String>,
    /// Its text now.
    pub new: Option<String>,
}

impl Change {
    /// The path now, or where it was.
    pub fn path(&self) -> &str {
        self.new_path.as_deref().or(self.old_path.as_deref()).unwrap_or("")
    }

    fn is_code(&self) -> bool {
        matches!(Language::from_path(self.path()).name(), "python" | "rust")
    }
}

/// An assertion of one side.
#[derive(Debug, Clone)]
struct Asserted {
    form: Form,
    /// Text of what is asserted on.
    actual: String,
    /// The function whose result it is.
    subject: String,
    expected: String,
    text: String,
    span: Span,
}

/// A test of one side.
#[derive(Debug, Clone)]
struct Test {
    path: String,
    name: String,
    class: String,
    span: Span,
    head: Span,
    text: String,
    body: String,
    asserted: Vec<Asserted>,
    /// Plain names that it calls.
    calls: Vec<String>,
    off: bool,
}

impl Test {
    fn checks(&self) -> usize {
        self.asserted.iter().filter(|it| it.form != Form::Unwrap).count()
    }
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The tests of a text.
fn tests(path: &str, text: &str) -> Vec<Test> {
    if !(text.contains("def test") || text.contains("test]") || text.contains("#[rstest") || text.contains("test(") || text.contains("#[test_case")) {
        return Vec::new();
    }
    with_tree(path, text, |tree| {
        let all = tree.all(Role::Function).filter(|&it| place::is_test(tree, it));
        all.map(|it| test(tree, it)).collect()
    })
    .unwrap_or_default()
}

fn test(tree: Tree<'_>, function: NodeId) -> Test {
    let body = tree.body(function).unwrap_or(function);
    let all = oracles(tree, body);
    let asserted = all.iter().map(|oracle| {
        let text = |id: Option<NodeId>| id.map(|it| squeeze(tree.text(it))).unwrap_or_default();
        let subject = oracle.actual.and_then(|it| called(tree, it)).unwrap_or_default();
        Asserted {
            form: oracle.form.clone(),
            actual: text(oracle.actual),
            subject,
            expected: text(oracle.expected),
            text: squeeze(tree.text(oracle.node)),
            span: tree.span(oracle.node),
        }
    });
    let asserted: Vec<Asserted> = asserted.collect();
    let mut calls: Vec<String> = tree
        .calls(body)
        .filter(|&it| tree.role(it) == Role::Call)
        .filter_map(|it| {
            let callee = tree.callee(it)?;
            let plain = matches!(tree.role(callee), Role::Identifier | Role::Scoped) || tree.is_python() && tree.role(callee) == Role::Attribute && tree.names.resolve(callee).is_some_and(|it| it.root != caveat_parser::names::Root::Local);
            plain.then(|| tree.last_name(it).to_owned())
        })
        .collect();
    calls.sort_unstable();
    calls.dedup();
    let decorated = match tree.is_python() {
        true => tree.arena().parent(function).filter(|&it| tree.role(it) == Role::Decorated).map_or(tree.span(function), |it| tree.span(it)),
        false => {
            let first = tree.attributes(function).iter().map(|(it, _)| tree.span(*it).start).min();
            Span::new(first.unwrap_or(tree.span(function).start), tree.span(function).end)
        }
    };
    let whole = decorated.text(tree.code.text);
    let off = ["mark.skip", "unittest.skip", "@skip", "mark.xfail", "expectedFailure", "#[ignore", "#[cfg(any())]"].iter().any(|it| whole.contains(it))
        || tree.calls(body).any(|it| matches!(tree.last_name(it), "skip" | "skipTest" | "xfail") && tree.arena().parent(it) == Some(body));
    Test {
        path: tree.path.to_owned(),
        name: tree.name(function).to_owned(),
        class: tree.class(function).map_or(String::new(), |it| tree.name(it).to_owned()),
        span: decorated,
        head: tree.field(function, Field::Name).map_or(tree.span(function), |it| tree.span(it)),
        text: squeeze(whole),
        body: squeeze(tree.text(body)),
        asserted,
        calls,
        off,
    }
}

/// The name of the outermost product call in what is asserted on.
fn called(tree: Tree<'_>, actual: NodeId) -> Option<String> {
    let mut at = actual;
    for _ in 0..6 {
        at = match tree.role(at) {
            Role::Call if matches!(tree.last_name(at), "is_ok" | "is_err" | "is_some" | "is_none" | "unwrap" | "expect" | "unwrap_err" | "len" | "abs" | "clone" | "contains" | "as_str" | "iter" | "is_empty" | "starts_with" | "to_string") && tree.receiver(at).is_some() => tree.receiver(at)?,
            Role::Call if matches!(tree.last_name(at), "len" | "sorted" | "list" | "set" | "str" | "repr" | "bool" | "int" | "float" | "round" | "type" | "abs" | "tuple" | "dict") => *tree.positional(at).first()?,
            Role::Call => return Some(squeeze(tree.text(at))),
            Role::Identifier => match tree.names.value_of(at) {
                Some(value) => value,
                None => return Some(tree.text(at).to_owned()),
            },
            Role::Attribute | Role::Subscript | Role::Await | Role::QuestionMark | Role::Not => *tree.kids(at).iter().rfind(|&&it| tree.role(it) != Role::Token).filter(|_| tree.role(at) == Role::Not).or(tree.kids(at).first())?,
            Role::Reference | Role::Unary => *tree.kids(at).last()?,
            Role::Binary | Role::Comparison | Role::BooleanOperator => *tree.kids(at).first()?,
            _ => return None,
        };
    }
    None
}

/// Judges a change. `defines` says where the new tree defines a name outside of tests.
pub fn drafts(changes: &[Change], defines: &dyn Fn(&str) -> Option<(String, Span)>) -> Vec<Draft> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for change in changes.iter().filter(|it| it.is_code()) {
        if let (Some(path), Some(text)) = (&change.old_path, &change.old) {
            before.extend(tests(path, text));
        }
        if let (Some(path), Some(text)) = (&change.new_path, &change.new) {
            after.extend(tests(path, text));
        }
    }
    let mut found = Vec::new();
    for old in &before {
        match heir(old, &before, &after, changes) {
            Some(new) if new.body != old.body || new.off != old.off => {
                found.extend(compare(old, new, &before, &after, changes));
            }
            Some(_) => {}
            None => found.extend(deleted(old, &before, &after, changes, defines)),
        }
    }
    for change in changes.iter().filter(|it| it.is_code() && !context::is_test_path(it.path())) {
        if let (Some(old), Some(new), Some(path)) = (&change.old, &change.new, &change.new_path) {
            found.extend(loosened(path, old, new, changes));
        }
    }
    found
}

/// The test that an old one became.
fn heir<'t>(old: &Test, before: &[Test], after: &'t [Test], changes: &[Change]) -> Option<&'t Test> {
    let moved = changes.iter().find(|it| it.old_path.as_deref() == Some(&old.path)).and_then(|it| it.new_path.as_deref());
    let named = |it: &&Test| it.name == old.name;
    let same_place = |it: &&Test| Some(it.path.as_str()) == moved && it.class == old.class;
    let exact = after.iter().filter(named).find(same_place);
    let fresh = |it: &&Test| !before.iter().any(|known| known.name == it.name && known.path == it.path && known.class == it.class);
    exact
        .or_else(|| after.iter().filter(named).find(fresh))
        .or_else(|| after.iter().filter(fresh).find(|it| it.body == old.body))
        .or_else(|| {
            // A new name and an edited body: most of the text is the same.
            after.iter().filter(fresh).filter(|it| Some(it.path.as_str()) == moved).find(|it| is_alike(&it.body, &old.body))
        })
}

/// Whether two bodies share most of their words.
fn is_alike(one: &str, two: &str) -> bool {
    let words = |text: &str| -> Vec<String> { text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|it| !it.is_empty()).map(str::to_owned).collect() };
    let (one, two) = (words(one), words(two));
    let shared = one.iter().filter(|it| two.contains(it)).count();
    shared * 10 >= one.len().max(two.len()) * 8
}

fn draft(check: &'static str, path: &str, span: Span, message: String) -> Draft {
    Draft {
        check,
        path: path.to_owned(),
        span,
        message,
        related: Vec::new(),
        doubtful: false,
    }
}

/// What the new version of a test demands less than the old one.
fn compare(old: &Test, new: &Test, before: &[Test], after: &[Test], changes: &[Change]) -> Option<Draft> {
    let report = |span: Span, what: String| Some(draft(WEAKENED_TEST, &new.path, span, format!("`{}` {what}", new.name)));
    if new.off && !old.off {
        return report(new.head, "is switched off by this change".to_owned());
    }
    if old.checks() > 0 && new.asserted.is_empty() {
        return report(new.head, "no longer asserts anything".to_owned());
    }
    let mut taken = vec![false; new.asserted.len()];
    // Those that stayed as they are count first.
    let mut rest: Vec<&Asserted> = Vec::new();
    for own in &old.asserted {
        let same = new.asserted.iter().enumerate().find(|(at, it)| !taken[*at] && it.text == own.text);
        match same {
            Some((at, _)) => taken[at] = true,
            None => rest.push(own),
        }
    }
    for own in rest.iter().filter(|it| it.form != Form::Unwrap) {
        let free = || new.asserted.iter().enumerate().filter(|(at, _)| !taken[*at]);
        let near = free()
            .find(|(_, it)| !own.actual.is_empty() && it.actual == own.actual)
            .or_else(|| free().find(|(_, it)| !own.subject.is_empty() && it.subject == own.subject))
            .or_else(|| free().find(|(_, it)| same_function(&own.subject, &it.subject)))
            .or_else(|| free().find(|(_, it)| matches!((&own.form, &it.form), (Form::Raises(_), Form::Raises(_)))));
        match near.map(|(at, _)| at) {
            Some(at) => {
                taken[at] = true;
                let it = &new.asserted[at];
                if let Some(what) = weaker(own, it, changes) {
                    return report(it.span, what);
                }
            }
            None => {
                let gained = new.asserted.len() as i64 - old.asserted.len() as i64;
                let helper = new.asserted.iter().filter(|it| matches!(it.form, Form::Helper | Form::Snapshot)).count() > old.asserted.iter().filter(|it| matches!(it.form, Form::Helper | Form::Snapshot)).count();
                let elsewhere = after.iter().any(|it| (it.name != new.name || it.path != new.path) && !before.iter().any(|known| known.name == it.name && known.path == it.path) && it.text.contains(&own.text));
                let extracted = changes.iter().any(|it| {
                    let now = it.new.as_deref().map(squeeze).unwrap_or_default();
                    let was = it.old.as_deref().map(squeeze).unwrap_or_default();
                    now.matches(&own.text).count() > 0 && now.matches(&own.text).count() >= was.matches(&own.text).count()
                });
                let folded = new.text.contains("parametrize") || new.text.contains("#[case") || new.text.contains("for ");
                let replaced = free().any(|(_, it)| it.form.strictness() >= own.form.strictness());
                if gained < 0 && !helper && !elsewhere && !extracted && !folded || gained >= 0 && !helper && !replaced && free().any(|(_, it)| it.form.strictness() < own.form.strictness()) {
                    let at = new.asserted.iter().map(|it| it.span).find(|it| !it.is_empty()).unwrap_or(new.head);
                    let place = if gained < 0 { new.head } else { at };
                    return report(place, format!("no longer asserts `{}`", code::short(&own.text)));
                }
            }
        }
    }
    None
}

fn same_function(one: &str, two: &str) -> bool {
    let head = |text: &str| text.split('(').next().unwrap_or("").to_owned();
    !one.is_empty() && one.contains('(') && head(one) == head(two)
}

fn weaker(old: &Asserted, new: &Asserted, changes: &[Change]) -> Option<String> {
    match (&old.form, &new.form) {
        (Form::Close(was), Form::Close(now)) if *now >= *was * 9.99 => {
            return Some(format!("accepts an error of {now}, before the change {was}"));
        }
        (Form::Close(_), Form::Close(_)) => {}
        (Form::Equal, Form::Close(now)) => {
            return (*now > 1e-3).then(|| format!("accepts an error of {now}, before the change none"));
        }
        (Form::Raises(was), Form::Raises(now)) => {
            let wide = |kind: &str| matches!(kind, "Exception" | "BaseException" | "(Exception,)");
            if wide(now) && !wide(was) {
                return Some(format!("expects any exception, before the change `{was}`"));
            }
            let narrowed = old.text.contains("match=") && !new.text.contains("match=") || old.text.contains("Regex") && !new.text.contains("Regex");
            if narrowed {
                return Some("no longer looks at the message of the exception".to_owned());
            }
            let grown = now.matches(',').count() > was.matches(',').count();
            return grown.then(|| format!("expects one of several exceptions, before the change `{was}`"));
        }
        (was, now) if now.strictness() < was.strictness() && !matches!(now, Form::Helper | Form::Close(_)) => {
            return Some(format!("asserts less: `{}` was `{}`", code::short(&new.text), code::short(&old.text)));
        }
        _ => {}
    }
    let swapped = old.form == Form::Equal && new.form == Form::Equal || matches!((&old.form, &new.form), (Form::Close(_), Form::Close(_)));
    let literal = |text: &str| !text.is_empty() && text.chars().next().is_some_and(|c| c.is_ascii_digit() || matches!(c, '"' | '\'' | '[' | '{' | '(' | '-')) || matches!(text, "True" | "False" | "None" | "true" | "false") || text.starts_with("pytest.approx(") || text.starts_with("approx(");
    if swapped && old.actual == new.actual && old.expected != new.expected && literal(&old.expected) && literal(&new.expected) && !old.text.contains("!=") {
        let product: Vec<&Change> = changes.iter().filter(|it| it.is_code() && !context::is_test_path(it.path()) && it.old != it.new).collect();
        if product.is_empty() {
            return None;
        }
        let bare = |text: &str| text.trim_start_matches("pytest.approx(").trim_start_matches("approx(").split([',', ')']).next().unwrap_or("").trim_matches(['"', '\'']).to_owned();
        let (was, now) = (bare(&old.expected), bare(&new.expected));
        // A constant of the specification moved on both sides.
        let stated = product.iter().any(|it| {
            let (before, after) = (it.old.as_deref().unwrap_or(""), it.new.as_deref().unwrap_or(""));
            !now.is_empty() && word_in(after, &now) && !word_in(before, &now) && (word_in(before, &was) || was.len() > 12)
        });
        return (!stated).then(|| format!("expects `{}` after the change, `{}` before it, and the code changed too", code::short(&new.expected), code::short(&old.expected)));
    }
    None
}

/// Whether a text holds a word, not as a part of a longer one.
fn word_in(text: &str, word: &str) -> bool {
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
            !text[..at].chars().next_back().is_some_and(part) && !text[at + word.len()..].chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_')
        })
}

/// A test that is gone while what it tests is still there.
fn deleted(old: &Test, before: &[Test], after: &[Test], changes: &[Change], defines: &dyn Fn(&str) -> Option<(String, Span)>) -> Option<Draft> {
    if old.asserted.is_empty() {
        return None;
    }
    let ignored = ["print", "len", "str", "int", "list", "dict", "set", "sorted", "range", "open", "Mock", "MagicMock", "patch", "raises", "approx", "Some", "Ok", "Err", "vec", "super", "type", "isinstance", "new", "from", "default"];
    let subjects: Vec<&String> = old.calls.iter().filter(|it| !ignored.contains(&it.as_str()) && !it.starts_with("assert")).collect();
    // Folded into a parametrised test, or into another: its values are found there.
    let fresh = |it: &&Test| !before.iter().any(|known| known.name == it.name && known.path == it.path && known.text == it.text);
    let literals: Vec<&str> = old.asserted.iter().map(|it| it.expected.as_str()).filter(|it| !it.is_empty()).collect();
    let folded = after.iter().filter(fresh).any(|it| {
        let calls = subjects.iter().any(|name| it.calls.contains(name));
        calls && !literals.is_empty() && literals.iter().all(|value| it.text.contains(value))
            || calls && (it.text.contains("parametrize") || it.text.contains("#[case") || it.text.contains("proptest") || it.text.contains("@given"))
    });
    let copied = changes.iter().any(|it| it.new.as_deref().is_some_and(|text| squeeze(text).contains(&old.body) && old.body.len() > 10));
    let tabled = changes.iter().any(|it| {
        it.new.as_deref().is_some_and(|text| text.contains("parametrize") || text.contains("CASES"))
            && it.new_path.as_deref().is_some_and(context::is_test_path)
            && !literals.is_empty()
            && literals.iter().all(|value| it.new.as_deref().is_some_and(|text| squeeze(text).contains(value)))
            && subjects.iter().any(|name| it.new.as_deref().is_some_and(|text| text.contains(name.as_str())))
    });
    if folded || copied || tabled {
        return None;
    }
    // What the change itself takes away needs no test.
    let living = subjects.iter().find_map(|name| Some((name.as_str(), defines(name)?)))?;
    let gone = subjects.iter().filter(|name| defines(name).is_none()).any(|name| {
        changes.iter().any(|it| !context::is_test_path(it.old_path.as_deref().unwrap_or("")) && it.old.as_deref().is_some_and(|text| is_defined(text, name)))
    });
    if gone {
        return None;
    }
    let (name, (product, span)) = living;
    let own = changes.iter().find(|it| it.old_path.as_deref() == Some(&old.path))?;
    let message = format!("the test `{}` is deleted, and `{name}`, which it tests, is still there", old.name);
    let (path, place) = match (&own.new_path, &own.new, &own.old) {
        (Some(path), Some(new), Some(text)) => (path.clone(), stood_at(old, text, new)),
        _ => (product.clone(), span),
    };
    let mut draft = draft(DELETED_TEST, &path, place, message);
    draft.related.push((product, span, format!("`{name}` is still there")));
    Some(draft)
}

/// The place in the new text where a deleted test stood: behind the last line before it that is
/// still there.
fn stood_at(old: &Test, before: &str, after: &str) -> Span {
    let lead = &before[..old.span.start as usize];
    for line in lead.lines().rev().filter(|it| it.trim().len() > 3) {
        if let Some(at) = after.find(line) {
            let start = at + line.len() - line.trim_start().len();
            return Span::new(start as u32, (at + line.len()) as u32);
        }
    }
    Span::new(0, 0)
}

/// Whether a text defines a function or type of that name.
pub fn is_defined(text: &str, name: &str) -> bool {
    definition(text, name).is_some()
}

/// Where a text defines a function or type of that name.
pub fn definition(text: &str, name: &str) -> Option<Span> {
    ["def ", "fn ", "class ", "struct ", "enum "].iter().find_map(|word| {
        let head = format!("{word}{name}");
        text.match_indices(&head).find_map(|(at, _)| {
            let end = at + head.len();
            let next = text[end..].chars().next();
            let start = at + word.len();
            next.is_some_and(|c| !c.is_alphanumeric() && c != '_').then(|| Span::new(start as u32, end as u32))
        })
    })
}

/// Words of functions that guard or watch.
fn is_guarding(name: &str) -> bool {
    const WORDS: &[&str] = &["login", "password", "token", "session", "encrypt", "decrypt", "hash", "sign", "sanitize", "escape", "limit", "rate", "monitor", "audit", "log", "alert", "secure", "admin", "role", "policy", "csrf", "origin", "throttle", "lock", "approve", "withdraw", "transfer", "refund", "pay", "charge", "delete", "purge", "grant", "revoke", "privileged", "redirect", "upload", "path", "download", "fetch", "filter", "detect", "scan", "moderate", "review", "gate", "compare", "credential", "key", "derive", "webhook", "callback", "issue", "impersonate", "reset"];
    place::is_checking(name) || code::words(name).iter().any(|it| WORDS.contains(&it.as_str()))
}

struct Guarding {
    name: String,
    head: Span,
    text: String,
    /// Condition, and whether what it guards refuses.
    conditions: Vec<(String, bool, Span)>,
    /// Text of calls that watch.
    watches: Vec<String>,
    /// Unconditional or new ways to say yes.
    passes: Vec<(String, Span)>,
}

fn guarding(path: &str, text: &str) -> Vec<Guarding> {
    with_tree(path, text, |tree| {
        let functions: Vec<NodeId> = tree.all(Role::Function).filter(|&it| !tree.in_test(it)).collect();
        functions.into_iter().map(|it| guard_of(tree, it)).collect()
    })
    .unwrap_or_default()
}

fn guard_of(tree: Tree<'_>, function: NodeId) -> Guarding {
    let mut guarding = Guarding {
        name: tree.name(function).to_owned(),
        head: tree.field(function, Field::Name).map_or(tree.span(function), |it| tree.span(it)),
        text: squeeze(tree.text(function)),
        conditions: Vec::new(),
        watches: Vec::new(),
        passes: Vec::new(),
    };
    for id in tree.own(function) {
        match tree.role(id) {
            Role::If => {
                let Some(condition) = tree.field(id, Field::Condition) else { continue };
                let refuses = tree.field(id, Field::Consequence).is_some_and(|it| refuses(tree, it));
                guarding.conditions.push((squeeze(tree.text(condition)), refuses, tree.span(condition)));
            }
            Role::Return => {
                let yes = tree.kids(id).first().is_some_and(|&it| tree.boolean(it) == Some(true) || squeeze(tree.text(it)) == "Ok(())");
                let early = tree.arena().parent(id).is_some_and(|it| Some(it) != tree.body(function)) || tree.statements(function).last() != Some(&id);
                if yes && early {
                    let around = tree.arena().ancestors(id).find(|&it| tree.role(it) == Role::If).and_then(|it| tree.field(it, Field::Condition));
                    guarding.passes.push((around.map_or(String::new(), |it| squeeze(tree.text(it))), tree.span(id)));
                } else if let Some(&value) = tree.kids(id).first() {
                    guarding.conditions.push((squeeze(tree.text(value)), false, tree.span(value)));
                }
            }
            Role::Call | Role::MacroCall => {
                let name = tree.last_name(id);
                let words = code::words(&tree.callee(id).map_or("", |it| tree.text(it)).replace("::", "_").replace('.', "_"));
                if words.iter().any(|it| matches!(&**it, "audit" | "log" | "logger" | "logging" | "alert" | "record" | "metrics" | "notify" | "tracing" | "warn" | "monitor" | "telemetry" | "report")) && name != "get" && name != "getLogger" {
                    guarding.watches.push(squeeze(tree.text(id)));
                }
            }
            _ => {}
        }
    }
    if !tree.is_python()
        && let Some(tail) = tree.body(function).and_then(|it| tree.tail(it))
    {
        guarding.conditions.push((squeeze(tree.text(tail)), false, tree.span(tail)));
    }
    guarding
}

/// Raises, returns false or an error, aborts.
fn refuses(tree: Tree<'_>, block: NodeId) -> bool {
    tree.below(block).any(|it| match tree.role(it) {
        Role::Raise => true,
        Role::Return => match tree.kids(it).first() {
            None => true,
            Some(&value) => {
                let text = squeeze(tree.text(value));
                tree.boolean(value) == Some(false) || tree.is_none(value) || text.starts_with("Err(") || text.contains("40") || text.to_ascii_lowercase().contains("error") || text.to_ascii_lowercase().contains("denied") || text.to_ascii_lowercase().contains("forbidden")
            }
        },
        Role::Call | Role::MacroCall => matches!(tree.last_name(it), "abort" | "panic" | "bail" | "exit" | "deny" | "reject" | "Err"),
        _ => false,
    })
}

/// What a change of a product file loosens.
fn loosened(path: &str, old: &str, new: &str, changes: &[Change]) -> Vec<Draft> {
    let (before, after) = (guarding(path, old), guarding(path, new));
    let mut found = Vec::new();
    for was in &before {
        let twins = before.iter().filter(|it| it.name == was.name).count();
        let Some(now) = after.iter().find(|it| it.name == was.name && twins == 1) else {
            continue;
        };
        if was.text == now.text {
            continue;
        }
        if let Some((span, what)) = loss(was, now, changes) {
            found.push(draft(WEAKENED_CHECK, path, span, format!("in `{}`, {what}", was.name)));
        }
    }
    found.extend(constants(path, old, new));
    found
}

/// Whether some changed file now has that text more often than before.
fn appears(text: &str, changes: &[Change]) -> bool {
    changes.iter().any(|it| {
        let now = it.new.as_deref().map(squeeze).unwrap_or_default();
        let was = it.old.as_deref().map(squeeze).unwrap_or_default();
        now.matches(text).count() > was.matches(text).count()
    })
}

fn loss(was: &Guarding, now: &Guarding, changes: &[Change]) -> Option<(Span, String)> {
    let matters = is_guarding(&was.name);
    for (condition, refuses, _) in &was.conditions {
        let kept = now.conditions.iter().any(|(it, _, _)| it == condition) || now.text.contains(condition.as_str());
        if kept || appears(condition, changes) {
            continue;
        }
        let fresh = now.conditions.iter().find(|(it, _, _)| !was.conditions.iter().any(|(old, _, _)| old == it) && shares_words(it, condition));
        if let Some((next, _, span)) = fresh {
            if let Some(what) = looser(condition, next, *refuses)
                && (matters || *refuses)
            {
                return Some((*span, what));
            }
            continue;
        }
        let called_elsewhere = first_call(condition).is_some_and(|it| appears(&format!("{it}("), changes) || now.text.contains(&format!("{it}(")));
        if *refuses && !called_elsewhere && (matters || guards_by_words(condition)) {
            return Some((now.head, format!("the check `{}` is gone", code::short(condition))));
        }
    }
    if matters {
        for (around, span) in &now.passes {
            let known = was.passes.iter().any(|(it, _)| it == around);
            if !known {
                return Some((*span, "a new way to pass was added".to_owned()));
            }
        }
        if was.text.contains("compare_digest") && !now.text.contains("compare_digest") && now.text.contains("==") {
            return Some((now.head, "the comparison in constant time is gone".to_owned()));
        }
    }
    let gone = was.watches.iter().find(|it| {
        let head = it.split('(').next().unwrap_or("");
        !now.watches.contains(it) && !now.text.contains(head) && !appears(head, changes)
    })?;
    let telling = ["audit", "alert", "record", "monitor", "warn", "critical", "error", "security"].iter().any(|it| gone.contains(it));
    let head = gone.split('(').next().unwrap_or("").to_owned();
    (now.watches.len() < was.watches.len() && (telling || matters)).then(|| (now.head, format!("the call of `{}` is gone, so nobody learns of it", code::short(&head))))
}

fn first_call(condition: &str) -> Option<&str> {
    let at = condition.find('(')?;
    let before = &condition[..at];
    let start = before.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |it| it + 1);
    (start < at).then(|| &before[start..])
}

fn guards_by_words(condition: &str) -> bool {
    code::words(condition).iter().any(|it| place::CHECKING.contains(&it.as_str()) || matches!(&**it, "role" | "admin" | "owner" | "expired" | "token" | "user" | "origin" | "limit" | "amount" | "balance"))
}

fn shares_words(one: &str, two: &str) -> bool {
    let (one, two) = (code::words(one), code::words(two));
    let shared = one.iter().filter(|it| two.contains(it) && !matches!(&***it, "not" | "and" | "or" | "self" | "if" | "in" | "is" | "len" | "none")).count();
    shared > 0 && shared * 2 >= one.len().min(two.len())
}

/// Why a condition is looser than the one before, if it is.
fn looser(was: &str, now: &str, refuses: bool) -> Option<String> {
    let shown = || format!("`{}` was `{}`", code::short(now), code::short(was));
    let count = |text: &str, words: [&str; 2]| words.iter().map(|it| text.matches(it).count()).sum::<usize>();
    let (ands, ors) = ([" and ", " && "], [" or ", " || "]);
    // A refusal wants few demands, an admission many.
    let (strict, loose) = if refuses { (ors, ands) } else { (ands, ors) };
    if count(now, strict) < count(was, strict) || count(now, loose) > count(was, loose) && count(now, strict) <= count(was, strict) {
        return Some(format!("the condition is looser: {}", shown()));
    }
    let numbers = |text: &str| -> Vec<f64> { text.split(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').filter_map(|it| it.replace('_', "").parse().ok()).collect() };
    let (old_numbers, new_numbers) = (numbers(was), numbers(now));
    if old_numbers.len() == 1 && new_numbers.len() == 1 && old_numbers != new_numbers {
        let upper = [" < ", " <= "].iter().any(|it| was.contains(it));
        let lower = [" > ", " >= "].iter().any(|it| was.contains(it));
        let grown = new_numbers[0] > old_numbers[0];
        // `len < 12` refuses the short, `count > 5` the many.
        let worse = upper && (grown != refuses) || lower && (grown == refuses);
        return worse.then(|| format!("the threshold is relaxed: {}", shown()));
    }
    let equal = was.contains(" == ") || was.contains(" != ");
    let vague = [".startswith(", ".starts_with(", " in ", ".contains(", ".endswith(", ".ends_with("].iter().any(|it| now.contains(it) && !was.contains(it));
    if equal && vague || was.contains("compare_digest") && !now.contains("compare_digest") || was.contains("fullmatch") && now.contains(".match(") || was.contains("is_relative_to") && now.contains("startswith") {
        return Some(format!("the comparison is looser: {}", shown()));
    }
    if was.contains(" == ") && now.contains(" >= ") || was.contains(" <= ") && now.contains(" < ") && refuses || was.contains(" >= ") && now.contains(" > ") && refuses {
        return Some(format!("the comparison is looser: {}", shown()));
    }
    None
}

/// Constants of limits and strengths that the change relaxes.
fn constants(path: &str, old: &str, new: &str) -> Vec<Draft> {
    let mut found = Vec::new();
    for (before, line) in old.lines().filter_map(|it| Some((named_number(it)?, it))) {
        let (name, value) = before;
        let _ = line;
        let mut at = 0;
        for line in new.split_inclusive('\n') {
            if let Some((own, now)) = named_number(line)
                && own == name
                && now != value
                && relaxed(&name, value, now)
            {
                let start = at + line.len() - line.trim_start().len();
                let span = Span::new(start as u32, (at + line.trim_end().len()) as u32);
                found.push(draft(WEAKENED_CHECK, path, span, format!("`{name}` is relaxed from {value} to {now}")));
            }
            at += line.len();
        }
    }
    found
}

/// `MAX_ATTEMPTS = 5`, `const MIN_LENGTH: usize = 12;`
fn named_number(line: &str) -> Option<(String, f64)> {
    let line = line.trim();
    let bare = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ").trim_start_matches("const ").trim_start_matches("static ");
    let (left, right) = bare.split_once('=')?;
    let name = left.split(':').next()?.trim();
    let is_constant = !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let number = right.trim().trim_end_matches(';').split(" #").next()?.split(" //").next()?.trim().replace('_', "");
    is_constant.then(|| Some((name.to_owned(), number.parse().ok()?)))?
}

fn relaxed(name: &str, was: f64, now: f64) -> bool {
    let words = code::words(name);
    let has = |list: &[&str]| words.iter().any(|it| list.contains(&it.as_str()));
    let secret = has(&["password", "login", "attempts", "attempt", "token", "session", "lockout", "iterations", "rounds", "key", "auth", "otp", "pin", "failures", "withdrawal", "transfer", "amount", "anomaly", "risk", "fraud", "entropy", "alert", "score", "threshold", "similarity", "confidence", "rate"]);
    if !secret {
        return false;
    }
    if has(&["min", "minimum", "iterations", "rounds", "bits", "length", "size", "lockout", "entropy"]) && !has(&["max"]) {
        return now < was;
    }
    if has(&["max", "maximum", "limit", "attempts", "ttl", "lifetime", "expiry", "threshold", "tolerance"]) {
        return now > was * 1.5;
    }
    false
}
