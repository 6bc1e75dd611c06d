//! Tests that are switched off without a reason, or exactly when they would fail.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{NodeId, Span};

use super::super::{Check, FileView, Hit};
use super::{place, truth};
use crate::rule::Confidence;
use crate::tests_model::Tree;

/// Reports skips, ignores and renames that nothing explains.
pub static CHECK: Check = Check {
    name: "disabled-test",
    languages: &["python", "rust"],
    triggers: &["skip", "xfail", "ignore"],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run,
};

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(tree) = Tree::of(view) else { return };
    let mut found = Vec::new();
    match tree.is_python() {
        true => python(tree, &mut found),
        false => rust(tree, &mut found),
    }
    for (span, what, confidence) in found {
        hits.push(Hit {
            confidence: (confidence == Confidence::Low).then_some(confidence),
            ..Hit::at(span).word("WHAT", what)
        });
    }
}

type Found = Vec<(Span, String, Confidence)>;

fn python(tree: Tree<'_>, found: &mut Found) {
    if !crate::context::is_test_path(tree.path) {
        return;
    }
    for id in tree.arena().ids() {
        match tree.role(id) {
            Role::Decorator => {
                if let Some(mark) = tree.kids(id).first()
                    && let Some((what, confidence)) = mark_without_reason(tree, *mark)
                {
                    found.push((tree.span(id), what, confidence));
                }
            }
            Role::Assignment => assignment(tree, id, found),
            Role::Call => call(tree, id, found),
            Role::Function => renamed(tree, id, found),
            _ => {}
        }
    }
}

/// What is wrong with a mark, if it switches off and does not say why.
fn mark_without_reason(tree: Tree<'_>, mark: NodeId) -> Option<(String, Confidence)> {
    let (callee, call) = match tree.role(mark) {
        Role::Call => (tree.callee(mark)?, Some(mark)),
        _ => (mark, None),
    };
    let path = tree.dotted(callee);
    let unexplained = || {
        let given = call.is_some_and(|call| {
            let first = tree.positional(call).first().copied();
            let reason = tree.keyword(call, "reason").or(first);
            reason.is_some_and(|it| tree.string(it).is_none_or(|text| !text.trim().is_empty()))
        });
        !given && !explained(tree, mark)
    };
    match &*path {
        "pytest.mark.skip" | "unittest.skip" | "unittest.case.skip" => unexplained().then(|| {
            (
                "this test is skipped and nothing says why".to_owned(),
                Confidence::High,
            )
        }),
        "pytest.mark.xfail" => {
            let narrowed = call.is_some_and(|call| {
                tree.keyword(call, "raises").is_some()
                    || !tree.positional(call).is_empty()
                    || tree.keyword(call, "condition").is_some()
                    || tree
                        .keyword(call, "strict")
                        .is_some_and(|it| tree.text(it) == "True")
            });
            (!narrowed && unexplained()).then(|| {
                (
                    "this test may fail and nothing says why".to_owned(),
                    Confidence::High,
                )
            })
        }
        "pytest.mark.skipif" | "unittest.skipIf" | "unittest.skipUnless" => {
            let call = call?;
            let condition = tree
                .positional(call)
                .first()
                .copied()
                .or_else(|| tree.keyword(call, "condition"))?;
            let always = match path.ends_with("Unless") {
                true => matches!(tree.text(condition), "False" | "0" | "not True"),
                false => {
                    truth::is_always_true(tree, condition) && tree.role(condition) != Role::String
                        || tree
                            .string(condition)
                            .is_some_and(|it| matches!(&*it, "True" | "1"))
                }
            };
            let literal = !matches!(tree.role(condition), Role::Identifier);
            (always && literal).then(|| {
                (
                    "this test is always skipped: the condition is constant".to_owned(),
                    Confidence::High,
                )
            })
        }
        "unittest.expectedFailure" => (!explained(tree, mark)).then(|| {
            (
                "this test is expected to fail and nothing says why".to_owned(),
                Confidence::Low,
            )
        }),
        _ => None,
    }
}

/// A comment at the mark, or the test's documentation, says why.
fn explained(tree: Tree<'_>, mark: NodeId) -> bool {
    let outer = tree
        .arena()
        .ancestors(mark)
        .find(|&it| tree.role(it) == Role::Decorated);
    let documented = outer
        .and_then(|it| tree.field(it, Field::Definition))
        .is_some_and(|it| {
            let text = tree.documentation(it);
            [
                "skip", "broken", "bug", "not yet", "disabled", "fails", "known", "xfail",
            ]
            .iter()
            .any(|word| text.contains(word))
        });
    documented || tree.has_comment(mark)
}

fn assignment(tree: Tree<'_>, id: NodeId, found: &mut Found) {
    let (Some(left), Some(value)) = (tree.field(id, Field::Left), tree.field(id, Field::Right))
    else {
        return;
    };
    let at_top = tree.arena().parent(id) == Some(NodeId::ROOT);
    match tree.text(left) {
        "pytestmark" if at_top => {
            let marks = match tree.role(value) {
                Role::List | Role::Tuple => tree.kids(value),
                _ => vec![value],
            };
            for mark in marks {
                if let Some((what, confidence)) = mark_without_reason(tree, mark) {
                    let what = what
                        .replace("this test is", "every test of this file is")
                        .replace("this test may", "every test of this file may");
                    found.push((tree.span(id), what, confidence));
                }
            }
        }
        "collect_ignore" | "collect_ignore_glob" if at_top && !tree.has_comment(id) => {
            let test = tree.below(value).find_map(|it| {
                let name = tree.string(it)?;
                let file = name.rsplit('/').next().unwrap_or("");
                (file.starts_with("test_") || file.ends_with("_test.py")).then_some(name)
            });
            if let Some(name) = test {
                found.push((
                    tree.span(id),
                    format!("tests in `{name}` are never collected"),
                    Confidence::Medium,
                ));
            }
        }
        "__test__" if tree.text(value) == "False" && !tree.has_comment(id) => {
            found.push((
                tree.span(id),
                "no test of this class is collected".to_owned(),
                Confidence::Low,
            ));
        }
        _ => {}
    }
}

fn call(tree: Tree<'_>, id: NodeId, found: &mut Found) {
    let path = tree.called(id);
    let skips = matches!(&*path, "pytest.skip" | "unittest.SkipTest" | "pytest.xfail")
        || tree.last_name(id) == "skipTest";
    if !skips {
        return;
    }
    let reason = tree
        .positional(id)
        .first()
        .copied()
        .or_else(|| tree.keyword(id, "reason"))
        .or_else(|| tree.keyword(id, "msg"));
    let given = reason.is_some_and(|it| tree.string(it).is_none_or(|text| !text.trim().is_empty()));
    let Some(function) = tree.outermost_function(id) else {
        let whole = tree.keyword(id, "allow_module_level").is_some() || path == "unittest.SkipTest";
        let conditional = tree
            .arena()
            .ancestors(id)
            .any(|it| matches!(tree.role(it), Role::If | Role::Try | Role::Except));
        if whole && !conditional {
            let confidence = if given && tree.has_comment(id) {
                Confidence::Low
            } else {
                Confidence::Medium
            };
            found.push((
                tree.span(id),
                "every test of this file is skipped".to_owned(),
                confidence,
            ));
        }
        return;
    };
    if !place::is_python_test(tree, function) {
        return;
    }
    if let Some(what) = dodges(tree, id, function) {
        found.push((tree.span(id), what, Confidence::High));
        return;
    }
    let first = tree.statements(function).first() == Some(&tree.statement(id));
    if first && !given && !tree.has_comment(id) {
        found.push((
            tree.span(id),
            "this test is skipped and nothing says why".to_owned(),
            Confidence::High,
        ));
    }
}

/// A skip in place of the failure: when an assertion does not hold, or just before it would fail.
fn dodges(tree: Tree<'_>, id: NodeId, function: NodeId) -> Option<String> {
    for at in tree.arena().ancestors(id).take_while(|&it| it != function) {
        match tree.role(at) {
            Role::Except => {
                let text = tree.text(at);
                let head = &text[..text.find(':').unwrap_or(text.len())];
                let whole = tree.arena().parent(at)?;
                let asserts = tree.kids(whole).iter().any(|&it| {
                    tree.role(it) == Role::Block
                        && tree.below(it).any(|it| {
                            tree.role(it) == Role::Assert
                                || tree.role(it) == Role::Call
                                    && tree.last_name(it).starts_with("assert")
                        })
                });
                let broad = head == "except" || head.contains("Exception");
                if head.contains("AssertionError") || broad && asserts {
                    return Some("this test is skipped when its assertion fails".to_owned());
                }
            }
            Role::If if condition_is_verdict(tree, at, function) => {
                return Some(
                    "this test is skipped under the condition that it should fail for".to_owned(),
                );
            }
            _ => {}
        }
    }
    None
}

/// Whether a condition compares a value that the test asserts on afterwards.
fn condition_is_verdict(tree: Tree<'_>, whole: NodeId, function: NodeId) -> bool {
    let Some(condition) = tree.field(whole, Field::Condition) else {
        return false;
    };
    let inner = match tree.role(condition) {
        Role::Not => tree.field(condition, Field::Argument).unwrap_or(condition),
        _ => condition,
    };
    if tree.role(inner) != Role::Comparison {
        return false;
    }
    let parts = tree.kids(inner);
    let [left, operator, right] = parts.as_slice() else {
        return false;
    };
    if !matches!(
        tree.text(*operator),
        "!=" | "==" | "<" | ">" | "<=" | ">=" | "is not" | "not in"
    ) {
        return false;
    }
    let subject = if tree.is_literal(*left) {
        *right
    } else {
        *left
    };
    let computed = match tree.role(subject) {
        Role::Identifier => tree
            .names
            .value_of(subject)
            .is_some_and(|it| matches!(tree.role(it), Role::Call | Role::Await)),
        Role::Call => true,
        _ => false,
    };
    let end = tree.span(whole).end;
    let text = tree.text(subject);
    let asserted = tree.own(function).any(|it| {
        tree.span(it).start >= end
            && (tree.role(it) == Role::Assert
                || tree.role(it) == Role::Call && tree.last_name(it).starts_with("assert"))
            && tree.text(it).contains(text)
    });
    computed && asserted && !tree.is_none(*right)
}

/// `_test_x`, `disabled_test_x`: a test that is no longer collected and that nobody calls.
fn renamed(tree: Tree<'_>, id: NodeId, found: &mut Found) {
    let name = tree.name(id);
    let lower = name.to_ascii_lowercase();
    let renamed = [
        "_test_",
        "xtest_",
        "x_test_",
        "notest_",
        "no_test_",
        "disabled_test_",
        "disabledtest",
        "skip_test_",
        "dont_test_",
        "off_test_",
        "broken_test_",
        "ignore_test_",
        "todo_test_",
    ]
    .iter()
    .any(|start| lower.starts_with(start));
    if !renamed || !place::is_test_file(tree.path) || tree.outermost_function(id) != Some(id) {
        return;
    }
    let plain = tree.parameters(id).is_empty();
    let uses = tree.code.text.matches(name).count();
    let asserts = tree.own(id).any(|it| {
        tree.role(it) == Role::Assert
            || tree.role(it) == Role::Call && tree.last_name(it).starts_with("assert")
    });
    if plain && uses == 1 && asserts && tree.decorators(id).is_empty() {
        let at = tree.field(id, Field::Name).unwrap_or(id);
        found.push((
            tree.span(at),
            format!("`{name}` holds assertions and is not collected as a test"),
            Confidence::Medium,
        ));
    }
}

fn rust(tree: Tree<'_>, found: &mut Found) {
    for id in tree.all(Role::Function) {
        let attributes = tree.attributes(id);
        let is_test = attributes
            .iter()
            .any(|(_, text)| place::is_test_attribute(text));
        if !is_test {
            continue;
        }
        for &(at, text) in &attributes {
            let plain: String = text.split_whitespace().collect();
            let what = match &*plain {
                "ignore" if !tree.has_comment(at) && !says_why(tree, id) => {
                    "this test is ignored and nothing says why"
                }
                "ignore=\"\"" => "this test is ignored and nothing says why",
                "cfg(any())"
                | "cfg(FALSE)"
                | "cfg(false)"
                | "cfg(not(test))"
                | "cfg(not(all()))"
                | "cfg(all(test,any()))"
                | "cfg(all(any(),test))" => "this test is never compiled",
                "cfg_attr(all(),ignore)"
                | "cfg_attr(test,ignore)"
                | "cfg_attr(not(any()),ignore)" => "this test is always ignored",
                _ => continue,
            };
            found.push((tree.span(at), what.to_owned(), Confidence::High));
        }
    }
    for id in tree.all(Role::InnerModule) {
        let name = tree.name(id);
        if !(name.contains("test")) {
            continue;
        }
        for (at, text) in tree.attributes(id) {
            let plain: String = text.split_whitespace().collect();
            if matches!(
                &*plain,
                "cfg(any())"
                    | "cfg(FALSE)"
                    | "cfg(false)"
                    | "cfg(all(test,any()))"
                    | "cfg(all(any(),test))"
            ) {
                found.push((
                    tree.span(at),
                    "the tests of this module are never compiled".to_owned(),
                    Confidence::High,
                ));
            }
        }
    }
    commented_out(tree, found);
}

fn says_why(tree: Tree<'_>, function: NodeId) -> bool {
    let text = tree.documentation(function);
    [
        "ignore", "slow", "requires", "needs", "manual", "network", "flaky", "todo", "fixme",
        "only",
    ]
    .iter()
    .any(|word| text.contains(word))
}

/// `// #[test]` above a function, or above a function that is commented out as well.
fn commented_out(tree: Tree<'_>, found: &mut Found) {
    for &comment in &tree.arena().comments {
        let text = comment.text(tree.code.text);
        let inner = text.trim_start_matches(['/', ' ']);
        if text.starts_with("///")
            || text.starts_with("//!")
            || !(inner.trim_end() == "#[test]" || inner.trim_end() == "#[tokio::test]")
        {
            continue;
        }
        let rest = tree.code.text[comment.end as usize..].trim_start();
        let next = rest.lines().next().unwrap_or("");
        let code = next.trim_start_matches(['/', ' ']);
        if code.starts_with("fn ")
            || code.starts_with("async fn ")
            || code.starts_with("pub fn ")
            || code.starts_with("#[")
        {
            found.push((
                comment,
                "a test is commented out".to_owned(),
                Confidence::Medium,
            ));
        }
    }
}
