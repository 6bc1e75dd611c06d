//! What a change does to tests and checks: tests that assert less than before or are gone while
//! their subject lives on, and security checks that were loosened.
//!
//! Tests are matched by name, then by text, across all changed files, so that moves, renames and
//! folds into parametrised tests are no findings.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Language, NodeId, Span};

use super::{Draft, loosened, with_tree};
use crate::context;
use crate::tests_model::{Form, Tree, code, oracles, place};

/// Name of the check of weakened tests in rule files.
pub const WEAKENED_TEST: &str = "weakened-test";
/// Name of the check of deleted tests.
pub const DELETED_TEST: &str = "deleted-test";

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
        self.new_path
            .as_deref()
            .or(self.old_path.as_deref())
            .unwrap_or("")
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
        self.asserted
            .iter()
            .filter(|it| it.form != Form::Unwrap)
            .count()
    }
}

/// A text with single spaces.
pub(super) fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The tests of a text.
fn tests(path: &str, text: &str) -> Vec<Test> {
    if !(text.contains("def test")
        || text.contains("test]")
        || text.contains("#[rstest")
        || text.contains("test(")
        || text.contains("#[test_case"))
    {
        return Vec::new();
    }
    with_tree(path, text, |tree| {
        let all = tree
            .all(Role::Function)
            .filter(|&it| place::is_test(tree, it));
        all.map(|it| test(tree, it)).collect()
    })
    .unwrap_or_default()
}

fn test(tree: Tree<'_>, function: NodeId) -> Test {
    let body = tree.body(function).unwrap_or(function);
    let all = oracles(tree, body);
    let asserted = all.iter().map(|oracle| {
        let text = |id: Option<NodeId>| id.map(|it| squeeze(tree.text(it))).unwrap_or_default();
        let subject = oracle
            .actual
            .and_then(|it| called(tree, it))
            .unwrap_or_default();
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
            let plain = matches!(tree.role(callee), Role::Identifier | Role::Scoped)
                || tree.is_python()
                    && tree.role(callee) == Role::Attribute
                    && tree
                        .names
                        .resolve(callee)
                        .is_some_and(|it| it.root != caveat_parser::names::Root::Local);
            plain.then(|| tree.last_name(it).to_owned())
        })
        .collect();
    calls.sort_unstable();
    calls.dedup();
    let decorated = match tree.is_python() {
        true => tree
            .arena()
            .parent(function)
            .filter(|&it| tree.role(it) == Role::Decorated)
            .map_or(tree.span(function), |it| tree.span(it)),
        false => {
            let first = tree
                .attributes(function)
                .iter()
                .map(|(it, _)| tree.span(*it).start)
                .min();
            Span::new(
                first.unwrap_or(tree.span(function).start),
                tree.span(function).end,
            )
        }
    };
    let whole = decorated.text(tree.code.text);
    let off = [
        "mark.skip",
        "unittest.skip",
        "@skip",
        "mark.xfail",
        "expectedFailure",
        "#[ignore",
        "#[cfg(any())]",
    ]
    .iter()
    .any(|it| whole.contains(it))
        || tree.calls(body).any(|it| {
            matches!(tree.last_name(it), "skip" | "skipTest" | "xfail")
                && tree.arena().parent(it) == Some(body)
        });
    Test {
        path: tree.path.to_owned(),
        name: tree.name(function).to_owned(),
        class: tree
            .class(function)
            .map_or(String::new(), |it| tree.name(it).to_owned()),
        span: decorated,
        head: tree
            .field(function, Field::Name)
            .map_or(tree.span(function), |it| tree.span(it)),
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
            Role::Call
                if matches!(
                    tree.last_name(at),
                    "is_ok"
                        | "is_err"
                        | "is_some"
                        | "is_none"
                        | "unwrap"
                        | "expect"
                        | "unwrap_err"
                        | "len"
                        | "abs"
                        | "clone"
                        | "contains"
                        | "as_str"
                        | "iter"
                        | "is_empty"
                        | "starts_with"
                        | "to_string"
                ) && tree.receiver(at).is_some() =>
            {
                tree.receiver(at)?
            }
            Role::Call
                if matches!(
                    tree.last_name(at),
                    "len"
                        | "sorted"
                        | "list"
                        | "set"
                        | "str"
                        | "repr"
                        | "bool"
                        | "int"
                        | "float"
                        | "round"
                        | "type"
                        | "abs"
                        | "tuple"
                        | "dict"
                ) =>
            {
                *tree.positional(at).first()?
            }
            Role::Call => return Some(squeeze(tree.text(at))),
            Role::Identifier => match tree.names.value_of(at) {
                Some(value) => value,
                None => return Some(tree.text(at).to_owned()),
            },
            Role::Attribute | Role::Subscript | Role::Await | Role::QuestionMark | Role::Not => {
                *tree
                    .kids(at)
                    .iter()
                    .rfind(|&&it| tree.role(it) != Role::Token)
                    .filter(|_| tree.role(at) == Role::Not)
                    .or(tree.kids(at).first())?
            }
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
    for change in changes
        .iter()
        .filter(|it| it.is_code() && !context::is_test_path(it.path()))
    {
        if let (Some(old), Some(new), Some(path)) = (&change.old, &change.new, &change.new_path) {
            found.extend(loosened::drafts(path, old, new, changes));
        }
    }
    found
}

/// The test that an old one became.
fn heir<'t>(
    old: &Test,
    before: &[Test],
    after: &'t [Test],
    changes: &[Change],
) -> Option<&'t Test> {
    let moved = changes
        .iter()
        .find(|it| it.old_path.as_deref() == Some(&old.path))
        .and_then(|it| it.new_path.as_deref());
    let named = |it: &&Test| it.name == old.name;
    let same_place = |it: &&Test| Some(it.path.as_str()) == moved && it.class == old.class;
    let exact = after.iter().filter(named).find(same_place);
    let fresh = |it: &&Test| {
        !before
            .iter()
            .any(|known| known.name == it.name && known.path == it.path && known.class == it.class)
    };
    exact
        .or_else(|| after.iter().filter(named).find(fresh))
        .or_else(|| after.iter().filter(fresh).find(|it| it.body == old.body))
        .or_else(|| {
            // A new name and an edited body: most of the text is the same.
            after
                .iter()
                .filter(fresh)
                .filter(|it| Some(it.path.as_str()) == moved)
                .find(|it| is_alike(&it.body, &old.body))
        })
}

/// Whether two bodies share most of their words.
fn is_alike(one: &str, two: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (one, two) = (words(one), words(two));
    let shared = one.iter().filter(|it| two.contains(it)).count();
    shared * 10 >= one.len().max(two.len()) * 8
}

/// A draft without places that explain it.
pub(super) fn draft(check: &'static str, path: &str, span: Span, message: String) -> Draft {
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
fn compare(
    old: &Test,
    new: &Test,
    before: &[Test],
    after: &[Test],
    changes: &[Change],
) -> Option<Draft> {
    let report = |span: Span, what: String| {
        Some(draft(
            WEAKENED_TEST,
            &new.path,
            span,
            format!("`{}` {what}", new.name),
        ))
    };
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
        let same = new
            .asserted
            .iter()
            .enumerate()
            .find(|(at, it)| !taken[*at] && it.text == own.text);
        match same {
            Some((at, _)) => taken[at] = true,
            None => rest.push(own),
        }
    }
    for own in rest.iter().filter(|it| it.form != Form::Unwrap) {
        let free = || {
            new.asserted
                .iter()
                .enumerate()
                .filter(|(at, _)| !taken[*at])
        };
        let near = free()
            .find(|(_, it)| !own.actual.is_empty() && it.actual == own.actual)
            .or_else(|| free().find(|(_, it)| !own.subject.is_empty() && it.subject == own.subject))
            .or_else(|| free().find(|(_, it)| same_function(&own.subject, &it.subject)))
            .or_else(|| {
                free().find(|(_, it)| {
                    matches!((&own.form, &it.form), (Form::Raises(_), Form::Raises(_)))
                })
            });
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
                let helper = new
                    .asserted
                    .iter()
                    .filter(|it| matches!(it.form, Form::Helper | Form::Snapshot))
                    .count()
                    > old
                        .asserted
                        .iter()
                        .filter(|it| matches!(it.form, Form::Helper | Form::Snapshot))
                        .count();
                let elsewhere = after.iter().any(|it| {
                    (it.name != new.name || it.path != new.path)
                        && !before
                            .iter()
                            .any(|known| known.name == it.name && known.path == it.path)
                        && it.text.contains(&own.text)
                });
                let extracted = changes.iter().any(|it| {
                    let now = it.new.as_deref().map(squeeze).unwrap_or_default();
                    let was = it.old.as_deref().map(squeeze).unwrap_or_default();
                    now.matches(&own.text).count() > 0
                        && now.matches(&own.text).count() >= was.matches(&own.text).count()
                });
                let folded = new.text.contains("parametrize")
                    || new.text.contains("#[case")
                    || new.text.contains("for ");
                let replaced = free().any(|(_, it)| it.form.strictness() >= own.form.strictness());
                if gained < 0 && !helper && !elsewhere && !extracted && !folded
                    || gained >= 0
                        && !helper
                        && !replaced
                        && free().any(|(_, it)| it.form.strictness() < own.form.strictness())
                {
                    let at = new
                        .asserted
                        .iter()
                        .map(|it| it.span)
                        .find(|it| !it.is_empty())
                        .unwrap_or(new.head);
                    let place = if gained < 0 { new.head } else { at };
                    return report(
                        place,
                        format!("no longer asserts `{}`", code::short(&own.text)),
                    );
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
            return Some(format!(
                "accepts an error of {now}, before the change {was}"
            ));
        }
        (Form::Close(_), Form::Close(_)) => {}
        (Form::Equal, Form::Close(now)) => {
            return (*now > 1e-3)
                .then(|| format!("accepts an error of {now}, before the change none"));
        }
        (Form::Raises(was), Form::Raises(now)) => {
            let wide = |kind: &str| matches!(kind, "Exception" | "BaseException" | "(Exception,)");
            if wide(now) && !wide(was) {
                return Some(format!("expects any exception, before the change `{was}`"));
            }
            let narrowed = old.text.contains("match=") && !new.text.contains("match=")
                || old.text.contains("Regex") && !new.text.contains("Regex");
            if narrowed {
                return Some("no longer looks at the message of the exception".to_owned());
            }
            let grown = now.matches(',').count() > was.matches(',').count();
            return grown
                .then(|| format!("expects one of several exceptions, before the change `{was}`"));
        }
        (was, now)
            if now.strictness() < was.strictness()
                && !matches!(now, Form::Helper | Form::Close(_)) =>
        {
            return Some(format!(
                "asserts less: `{}` was `{}`",
                code::short(&new.text),
                code::short(&old.text)
            ));
        }
        _ => {}
    }
    let swapped = old.form == Form::Equal && new.form == Form::Equal
        || matches!((&old.form, &new.form), (Form::Close(_), Form::Close(_)));
    let literal = |text: &str| {
        !text.is_empty()
            && text.chars().next().is_some_and(|c| {
                c.is_ascii_digit() || matches!(c, '"' | '\'' | '[' | '{' | '(' | '-')
            })
            || matches!(text, "True" | "False" | "None" | "true" | "false")
            || text.starts_with("pytest.approx(")
            || text.starts_with("approx(")
    };
    if swapped
        && old.actual == new.actual
        && old.expected != new.expected
        && literal(&old.expected)
        && literal(&new.expected)
        && !old.text.contains("!=")
    {
        let product: Vec<&Change> = changes
            .iter()
            .filter(|it| it.is_code() && !context::is_test_path(it.path()) && it.old != it.new)
            .collect();
        if product.is_empty() {
            return None;
        }
        let bare = |text: &str| {
            text.trim_start_matches("pytest.approx(")
                .trim_start_matches("approx(")
                .split([',', ')'])
                .next()
                .unwrap_or("")
                .trim_matches(['"', '\''])
                .to_owned()
        };
        let (was, now) = (bare(&old.expected), bare(&new.expected));
        if was == now {
            return None;
        }
        // A constant of the specification moved on both sides.
        let stated = product.iter().any(|it| {
            let (before, after) = (
                it.old.as_deref().unwrap_or(""),
                it.new.as_deref().unwrap_or(""),
            );
            !now.is_empty()
                && word_in(after, &now)
                && !word_in(before, &now)
                && (word_in(before, &was) || was.len() > 12)
        });
        return (!stated).then(|| {
            format!(
                "expects `{}` after the change, `{}` before it, and the code changed too",
                code::short(&new.expected),
                code::short(&old.expected)
            )
        });
    }
    None
}

/// Whether a text holds a word, not as a part of a longer one.
fn word_in(text: &str, word: &str) -> bool {
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
            !text[..at].chars().next_back().is_some_and(part)
                && !text[at + word.len()..]
                    .chars()
                    .next()
                    .is_some_and(|c| c.is_alphanumeric() || c == '_')
        })
}

/// A test that is gone while what it tests is still there.
fn deleted(
    old: &Test,
    before: &[Test],
    after: &[Test],
    changes: &[Change],
    defines: &dyn Fn(&str) -> Option<(String, Span)>,
) -> Option<Draft> {
    if old.asserted.is_empty() {
        return None;
    }
    let ignored = [
        "print",
        "len",
        "str",
        "int",
        "list",
        "dict",
        "set",
        "sorted",
        "range",
        "open",
        "Mock",
        "MagicMock",
        "patch",
        "raises",
        "approx",
        "Some",
        "Ok",
        "Err",
        "vec",
        "super",
        "type",
        "isinstance",
        "new",
        "from",
        "default",
    ];
    let subjects: Vec<&String> = old
        .calls
        .iter()
        .filter(|it| !ignored.contains(&it.as_str()) && !it.starts_with("assert"))
        .collect();
    // Folded into a parametrised test, or into another: its values are found there.
    let fresh = |it: &&Test| {
        !before
            .iter()
            .any(|known| known.name == it.name && known.path == it.path && known.text == it.text)
    };
    let literals: Vec<&str> = old
        .asserted
        .iter()
        .map(|it| it.expected.as_str())
        .filter(|it| !it.is_empty())
        .collect();
    let folded = after.iter().filter(fresh).any(|it| {
        let calls = subjects.iter().any(|name| it.calls.contains(name));
        calls && !literals.is_empty() && literals.iter().all(|value| it.text.contains(value))
            || calls
                && (it.text.contains("parametrize")
                    || it.text.contains("#[case")
                    || it.text.contains("proptest")
                    || it.text.contains("@given"))
    });
    let copied = changes.iter().any(|it| {
        it.new
            .as_deref()
            .is_some_and(|text| squeeze(text).contains(&old.body) && old.body.len() > 10)
    });
    let tabled = changes.iter().any(|it| {
        it.new
            .as_deref()
            .is_some_and(|text| text.contains("parametrize") || text.contains("CASES"))
            && it.new_path.as_deref().is_some_and(context::is_test_path)
            && !literals.is_empty()
            && literals.iter().all(|value| {
                it.new
                    .as_deref()
                    .is_some_and(|text| squeeze(text).contains(value))
            })
            && subjects.iter().any(|name| {
                it.new
                    .as_deref()
                    .is_some_and(|text| text.contains(name.as_str()))
            })
    });
    if folded || copied || tabled {
        return None;
    }
    // What the change itself takes away needs no test.
    let living = subjects
        .iter()
        .find_map(|name| Some((name.as_str(), defines(name)?)))?;
    let gone = subjects
        .iter()
        .filter(|name| defines(name).is_none())
        .any(|name| {
            changes.iter().any(|it| {
                !context::is_test_path(it.old_path.as_deref().unwrap_or(""))
                    && it.old.as_deref().is_some_and(|text| is_defined(text, name))
            })
        });
    if gone {
        return None;
    }
    let (name, (product, span)) = living;
    let own = changes
        .iter()
        .find(|it| it.old_path.as_deref() == Some(&old.path))?;
    let message = format!(
        "the test `{}` is deleted, and `{name}`, which it tests, is still there",
        old.name
    );
    let (path, place) = match (&own.new_path, &own.new, &own.old) {
        (Some(path), Some(new), Some(text)) => (path.clone(), stood_at(old, text, new)),
        _ => (product.clone(), span),
    };
    let mut draft = draft(DELETED_TEST, &path, place, message);
    draft
        .related
        .push((product, span, format!("`{name}` is still there")));
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
    ["def ", "fn ", "class ", "struct ", "enum "]
        .iter()
        .find_map(|word| {
            let head = format!("{word}{name}");
            text.match_indices(&head).find_map(|(at, _)| {
                let end = at + head.len();
                let next = text[end..].chars().next();
                let start = at + word.len();
                next.is_some_and(|c| !c.is_alphanumeric() && c != '_')
                    .then(|| Span::new(start as u32, end as u32))
            })
        })
}
