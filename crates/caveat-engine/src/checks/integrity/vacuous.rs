//! Tests that cannot fail: without assertions, or with assertions that always hold, are never
//! reached, or whose failure is swallowed.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};

use super::super::{Check, FileView, Hit};
use super::vacuous_helpers as helpers;
use crate::rule::Confidence;
use crate::tests_model::truth::{is_always_true, is_steady};
use crate::tests_model::{Form, Oracle, Tree, code, oracles, place};

/// Reports tests that pass whatever the code does.
pub static CHECK: Check = Check {
    name: "vacuous-test",
    languages: &["python", "rust"],
    triggers: &["def test", "test]"],
    whole_file: &[],
    needs_class: false,
    glance: Some(helpers::glance),
    run,
};

/// A judgement on a test: where, what, and how sure.
pub struct Verdict {
    at: NodeId,
    what: String,
    confidence: Confidence,
}

impl Verdict {
    fn new(at: NodeId, what: impl Into<String>) -> Self {
        Verdict {
            at,
            what: what.into(),
            confidence: Confidence::High,
        }
    }

    fn doubtful(self) -> Self {
        Verdict {
            confidence: Confidence::Low,
            ..self
        }
    }
}

/// Folders of texts that only look like tests: what other programs are tested with.
fn is_material(path: &str) -> bool {
    path.split('/').rev().skip(1).any(|it| {
        matches!(
            it,
            "fixtures"
                | "resources"
                | "data"
                | "testdata"
                | "test_data"
                | "snapshots"
                | "corpus"
                | "samples"
                | "sample"
                | "erroneous"
        ) || it.ends_with("_apps")
    })
}

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(tree) = Tree::of(view) else { return };
    if is_material(view.path) {
        return;
    }
    for id in tree.all(Role::Function) {
        if !place::is_test(tree, id) {
            continue;
        }
        let verdicts = match tree.is_python() {
            true => python(tree, id),
            false => rust(tree, id),
        };
        for verdict in verdicts {
            hits.push(Hit {
                confidence: (verdict.confidence == Confidence::Low).then_some(Confidence::Low),
                ..Hit::at_node(view, verdict.at)
                    .word("TEST", tree.name(id))
                    .word("WHAT", verdict.what)
            });
        }
    }
}

fn python(tree: Tree<'_>, test: NodeId) -> Vec<Verdict> {
    let Some(body) = tree.body(test) else {
        return Vec::new();
    };
    let all = oracles(tree, body);
    let mut verdicts = always_wrong(tree, body);
    verdicts.extend(without_cases(tree, test));
    if !verdicts.is_empty() || helpers::checks_outside(tree, test) {
        return verdicts;
    }
    let name = tree.field(test, Field::Name).unwrap_or(test);
    if all.is_empty() {
        verdicts.extend(helpers::without_oracle(tree, test, name));
        return verdicts;
    }
    // `unwrap`-like oracles and helpers are trusted.
    let trusted = all.iter().any(|it| {
        matches!(
            it.form,
            Form::Helper | Form::Snapshot | Form::Mock | Form::Unwrap
        )
    });
    if let Some(verdict) = self_raised(tree, &all) {
        verdicts.push(verdict);
    } else if !trusted {
        verdicts.extend(constant(tree, test, &all).or_else(|| unreached(tree, test, &all)));
    }
    if verdicts.is_empty() {
        verdicts.extend(swallowed(tree, test, &all));
    }
    if verdicts.is_empty() && !trusted {
        verdicts.extend(conditional(tree, test, &all));
    }
    verdicts
}

/// `parametrize` over nothing.
fn without_cases(tree: Tree<'_>, test: NodeId) -> Option<Verdict> {
    let mark = tree.decorators(test).into_iter().find(|&it| {
        tree.role(it) == Role::Call
            && tree.last_name(it) == "parametrize"
            && tree
                .positional(it)
                .get(1)
                .is_some_and(|&it| matches!(tree.text(it), "[]" | "()"))
    })?;
    Some(Verdict::new(mark, "it has no parameters to run with"))
}

/// Statements that look like assertions and are none, wherever they stand.
fn always_wrong(tree: Tree<'_>, body: NodeId) -> Vec<Verdict> {
    let mut found = Vec::new();
    for id in tree.below(body) {
        match tree.role(id) {
            Role::Assert => {
                let Some(&test) = tree.kids(id).first() else {
                    continue;
                };
                if tree.role(test) == Role::Tuple && !tree.kids(test).is_empty() {
                    found.push(Verdict::new(
                        id,
                        "this asserts a tuple, which is always true",
                    ));
                } else if text_alternative(tree, test) {
                    found.push(Verdict::new(
                        id,
                        "one alternative of this assertion is always true",
                    ));
                } else if let Some(name) = mock_attribute(tree, test) {
                    found.push(Verdict::new(
                        id,
                        format!("`{name}` is no assertion: a mock answers it with something true"),
                    ));
                }
            }
            Role::Call | Role::Attribute if is_statement(tree, id) => {
                if let Some(name) = mock_attribute(tree, id) {
                    let what = match tree.role(id) {
                        Role::Call => format!(
                            "`{name}` is no assertion of mocks, so this call checks nothing"
                        ),
                        _ => format!("`{name}` is not called, so this checks nothing"),
                    };
                    found.push(Verdict::new(id, what));
                }
            }
            _ => {}
        }
    }
    found
}

fn is_statement(tree: Tree<'_>, id: NodeId) -> bool {
    tree.arena()
        .parent(id)
        .is_some_and(|it| tree.role(it) == Role::Block)
}

/// `x == 1 or "text"`.
fn text_alternative(tree: Tree<'_>, test: NodeId) -> bool {
    let operator = tree
        .field(test, Field::Operator)
        .map_or("", |it| tree.text(it));
    operator == "or"
        && tree.role(test) == Role::BooleanOperator
        && [Field::Left, Field::Right].iter().any(|&field| {
            tree.field(test, field).is_some_and(|side| {
                tree.string(side).is_some_and(|it| !it.is_empty())
                    || tree.boolean(side) == Some(true)
                    || tree.role(side) == Role::Integer && tree.text(side) != "0"
                    || text_alternative(tree, side)
            })
        })
}

/// Attributes of mocks that look like assertions.
fn mock_attribute<'t>(tree: Tree<'t>, id: NodeId) -> Option<&'t str> {
    let (name, is_call) = match tree.role(id) {
        Role::Call => {
            tree.receiver(id)?;
            (tree.last_name(id), true)
        }
        Role::Attribute => (tree.text(*tree.kids(id).last()?), false),
        _ => return None,
    };
    let misspelt = matches!(
        name,
        "called_once_with"
            | "called_with"
            | "called_once"
            | "has_calls"
            | "not_called"
            | "any_call"
            | "asert_called_with"
            | "assert_called_one_with"
            | "assret_called_with"
            | "awaited_once_with"
            | "awaited_with"
            | "asert_called_once_with"
            | "called_onceassert"
            | "assert_call"
            | "assert_calls"
            | "called_exactly_once_with"
    );
    let uncalled = name.starts_with("assert_") && !is_call && tree.code.text.contains("ock");
    // `flexmock` and `mockito` spell theirs so.
    let mocks = ["unittest", "mocker", "import mock", "Mock"]
        .iter()
        .any(|word| tree.code.text.contains(word));
    let real = misspelt && is_call && mocks || uncalled && mocks;
    real.then_some(name)
}

/// `with raises(Exception): raise Exception` and nothing else.
fn self_raised(tree: Tree<'_>, all: &[Oracle]) -> Option<Verdict> {
    let mut at = None;
    for oracle in all {
        match &oracle.form {
            Form::Raises(_) => {
                let with = tree
                    .arena()
                    .ancestors(oracle.node)
                    .find(|&it| tree.role(it) == Role::With)?;
                let body = tree.body(with)?;
                let statements = tree.kids(body);
                let own = statements.iter().all(|&it| match tree.role(it) {
                    Role::Raise | Role::Pass => true,
                    Role::Binary => tree.text(it).replace(' ', "") == "1/0",
                    Role::Assert => tree
                        .kids(it)
                        .first()
                        .is_some_and(|&it| tree.boolean(it) == Some(false)),
                    _ => false,
                });
                if !own {
                    return None;
                }
                at.get_or_insert(with);
            }
            Form::Fail => {}
            _ => return None,
        }
    }
    at.map(|it| {
        Verdict::new(
            it,
            "the test itself raises what it expects, so the code under test has no part in it",
        )
    })
}

/// All assertions hold whatever the code does.
fn constant(tree: Tree<'_>, test: NodeId, all: &[Oracle]) -> Option<Verdict> {
    if !all.iter().all(|it| holds_always(tree, it)) {
        return None;
    }
    let first = all.first()?;
    // `assert True` in a branch marks that it was reached.
    let marks = tree
        .arena()
        .ancestors(first.node)
        .take_while(|&it| it != test)
        .any(|it| {
            matches!(
                tree.role(it),
                Role::If | Role::Except | Role::For | Role::While | Role::Case
            )
        });
    let name = tree.name(test).to_ascii_lowercase();
    let contract = [
        "eq",
        "ident",
        "reflexiv",
        "same",
        "hash",
        "consisten",
        "crash",
        "concurrent",
        "no_error",
        "pass",
        "smoke",
        "raise",
    ]
    .iter()
    .any(|it| name.contains(it));
    let verdict = Verdict::new(first.node, "this assertion always holds");
    Some(if marks || contract {
        verdict.doubtful()
    } else {
        verdict
    })
}

/// Whether an assertion holds whatever is computed.
fn holds_always(tree: Tree<'_>, oracle: &Oracle) -> bool {
    let same = |left: NodeId, right: NodeId| {
        let equal = tree.text(left) == tree.text(right);
        equal && (is_steady(tree, left) || tree.role(left) == Role::Identifier)
    };
    match (oracle.actual, oracle.expected) {
        (Some(actual), Some(expected)) if oracle.form == Form::Equal => {
            let negated = tree.text(oracle.node).contains("!=")
                || tree.last_name(oracle.node).contains("Not")
                || tree.last_name(oracle.node) == "assert_ne";
            !negated && same(actual, expected)
        }
        (Some(actual), Some(expected)) if oracle.form == Form::Bound => {
            let text = tree.text(oracle.node);
            text.contains(">= 0")
                && (tree.text(actual).starts_with("len(") || tree.text(actual).ends_with(".len()"))
                && tree.text(expected) == "0"
        }
        (Some(actual), Some(expected)) if oracle.form == Form::Type => {
            tree.text(expected) == "object" && is_steady(tree, actual)
        }
        (Some(actual), None) => {
            let negative = tree.last_name(oracle.node) == "assertFalse";
            if negative {
                return tree.boolean(actual) == Some(false);
            }
            is_always_true(tree, actual) && !is_mere_name(tree, actual)
                || tree.last_name(oracle.node) == "assertIsNotNone" && tree.is_literal(actual)
        }
        _ => false,
    }
}

/// A constant of the test that is looked at: it may be set by what the test does.
fn is_mere_name(tree: Tree<'_>, id: NodeId) -> bool {
    if tree.role(id) != Role::Identifier {
        return false;
    }
    let name = tree.text(id);
    let function = tree.outermost_function(id);
    let set = function
        .into_iter()
        .flat_map(|it| tree.below(it))
        .filter(|&it| {
            matches!(
                tree.role(it),
                Role::Assignment | Role::AugmentedAssignment | Role::Let | Role::Global
            ) && tree.text(it).starts_with(name)
        });
    set.count() != 1
}

/// Every assertion stands where the test does not come: behind a `return`, in a loop over nothing,
/// in a function that nobody calls.
fn unreached(tree: Tree<'_>, test: NodeId, all: &[Oracle]) -> Option<Verdict> {
    if let Some(at) = shared(tree, test, all, |it| never_entered(tree, test, it)) {
        return Some(Verdict::new(
            at,
            "the assertions stand in code that never runs",
        ));
    }
    if let Some(at) = leaves_when_wrong(tree, test, all) {
        return Some(Verdict::new(
            at,
            "the test returns instead of failing when the result is wrong",
        ));
    }
    let leaves = tree.statements(test).into_iter().find(|&it| {
        tree.role(it) == Role::Return
            || tree.role(it) == Role::If
                && tree
                    .field(it, Field::Condition)
                    .is_some_and(|it| is_always_true(tree, it))
                && tree.field(it, Field::Consequence).is_some_and(|block| {
                    tree.kids(block)
                        .last()
                        .is_some_and(|&it| tree.role(it) == Role::Return)
                })
    })?;
    let end = tree.span(leaves).end;
    let behind = all.iter().all(|it| tree.span(it.node).start >= end);
    behind.then(|| Verdict::new(leaves, "the test returns here, before its assertions"))
}

/// The node around all assertions that has a property.
fn shared(
    tree: Tree<'_>,
    test: NodeId,
    all: &[Oracle],
    has: impl Fn(NodeId) -> bool,
) -> Option<NodeId> {
    let first = tree
        .arena()
        .ancestors(all.first()?.node)
        .take_while(|&it| it != test)
        .find(|&it| has(it))?;
    all.iter()
        .all(|it| tree.arena().is_within(it.node, first))
        .then_some(first)
}

fn never_entered(tree: Tree<'_>, test: NodeId, id: NodeId) -> bool {
    match tree.role(id) {
        Role::For => tree
            .field(id, Field::Right)
            .or(tree.field(id, Field::Value))
            .is_some_and(|it| {
                matches!(
                    tree.text(it),
                    "[]" | "()" | "{}" | "range(0)" | "0..0" | "set()" | "dict()" | "list()"
                )
            }),
        Role::If => tree
            .field(id, Field::Condition)
            .is_some_and(|it| matches!(tree.text(it), "False" | "0" | "false" | "None")),
        Role::Function if tree.is_python() => {
            let name = tree.name(id);
            let decorated = !tree.decorators(id).is_empty();
            let uses = tree
                .below(test)
                .filter(|&it| tree.role(it) == Role::Identifier && tree.text(it) == name);
            !decorated && uses.count() == 1
        }
        _ => false,
    }
}

/// `if got != 6: return` before the assertions on `got`.
fn leaves_when_wrong(tree: Tree<'_>, test: NodeId, all: &[Oracle]) -> Option<NodeId> {
    let whole = tree.statements(test).into_iter().find(|&it| {
        tree.role(it) == Role::If
            && tree.field(it, Field::Alternative).is_none()
            && tree.field(it, Field::Consequence).is_some_and(|block| {
                let statements = tree.kids(block);
                statements
                    .last()
                    .is_some_and(|&it| tree.role(it) == Role::Return && tree.kids(it).is_empty())
                    && statements.iter().all(|&it| {
                        tree.role(it) == Role::Return
                            || matches!(tree.last_name(it), "print" | "println" | "eprintln")
                    })
            })
    })?;
    let condition = tree.field(whole, Field::Condition)?;
    let end = tree.span(whole).end;
    let tested = tree.below(condition).any(|it| {
        tree.role(it) == Role::Identifier
            && tree.names.value_of(it).is_some_and(|value| {
                tree.outermost_function(value) == Some(test)
                    && matches!(tree.role(value), Role::Call | Role::Await)
                    && !tree.text(value).contains("env")
                    && all
                        .iter()
                        .any(|oracle| tree.mentions(oracle.node, tree.text(it)))
            })
    });
    let behind = all.iter().all(|it| tree.span(it.node).start >= end);
    (tested && behind).then_some(whole)
}

/// Every assertion stands in a `try` whose handler lets it pass.
fn swallowed(tree: Tree<'_>, test: NodeId, all: &[Oracle]) -> Option<Verdict> {
    let mut handler = None;
    if all.iter().any(|it| tree.role(it.node) == Role::Raise) {
        return None;
    }
    for oracle in all {
        if oracle.form == Form::Fail
            && tree
                .arena()
                .ancestors(oracle.node)
                .any(|it| tree.role(it) == Role::Except)
        {
            return None;
        }
        let mut below = oracle.node;
        let found = tree
            .arena()
            .ancestors(oracle.node)
            .take_while(|&it| it != test)
            .find_map(|at| {
                let inside = below;
                below = at;
                let guarded =
                    tree.role(at) == Role::Try && tree.field(at, Field::Body) == Some(inside);
                guarded.then(|| forgiving_handler(tree, at)).flatten()
            });
        handler = Some(found?);
    }
    handler.map(|it| Verdict::new(it, "a failed assertion is caught here and the test passes"))
}

/// The handler of a `try` that catches failed assertions and does not fail.
fn forgiving_handler(tree: Tree<'_>, whole: NodeId) -> Option<NodeId> {
    tree.kids(whole).into_iter().find(|&it| {
        if tree.role(it) != Role::Except {
            return false;
        }
        let text = tree.text(it);
        let head = text[..text.find(':').unwrap_or(text.len())].trim();
        let kinds = head
            .trim_start_matches("except")
            .split(" as ")
            .next()
            .unwrap_or("")
            .trim();
        let catches = kinds.is_empty()
            || kinds.trim_matches(['(', ')']).split(',').any(|kind| {
                matches!(
                    kind.trim(),
                    "Exception" | "BaseException" | "AssertionError"
                )
            });
        catches && oracles(tree, it).iter().all(|it| holds_always(tree, it))
    })
}

/// Every assertion stands under a condition on the value that is tested.
fn conditional(tree: Tree<'_>, test: NodeId, all: &[Oracle]) -> Option<Verdict> {
    let mut whole = None;
    for oracle in all {
        let outermost = tree
            .arena()
            .ancestors(oracle.node)
            .take_while(|&it| it != test)
            .filter(|&it| tree.role(it) == Role::If)
            .last()?;
        if tree.field(outermost, Field::Alternative).is_some()
            || whole.is_some_and(|it| it != outermost)
        {
            return None;
        }
        whole = Some(outermost);
    }
    let whole = whole?;
    let condition = tree.field(whole, Field::Condition)?;
    let in_loop = tree
        .arena()
        .ancestors(whole)
        .take_while(|&it| it != test)
        .any(|it| {
            matches!(
                tree.role(it),
                Role::For | Role::While | Role::With | Role::Try
            )
        });
    let asks = |it: NodeId| {
        // `if thing.is_linux()` asks something else than the value.
        tree.arena()
            .ancestors(it)
            .take_while(|&at| tree.arena().is_within(at, condition))
            .any(|at| {
                tree.role(at) == Role::Call
                    && tree
                        .receiver(at)
                        .is_some_and(|receiver| tree.arena().is_within(it, receiver))
            })
    };
    let tested = tree.below(condition).any(|it| {
        tree.role(it) == Role::Identifier
            && !asks(it)
            && tree.names.value_of(it).is_some_and(|value| {
                tree.outermost_function(value) == Some(test)
                    && matches!(tree.role(value), Role::Call | Role::Await)
                    && all
                        .iter()
                        .any(|oracle| tree.mentions(oracle.node, tree.text(it)))
            })
    });
    (tested && !in_loop).then(|| {
        let shown = code::short(tree.text(condition));
        Verdict::new(
            whole,
            format!("all assertions depend on `{shown}`, so a wrong value passes"),
        )
    })
}

fn rust(tree: Tree<'_>, test: NodeId) -> Vec<Verdict> {
    let Some(body) = tree.body(test) else {
        return Vec::new();
    };
    let attributes = tree.attributes(test);
    let name = tree.field(test, Field::Name).unwrap_or(test);
    let panics = attributes
        .iter()
        .any(|(_, it)| it.starts_with("should_panic"));
    let all = oracles(tree, body);
    if panics {
        return own_panic(tree, body, &all).into_iter().collect();
    }
    if helpers::rust_checks_outside(tree, test) {
        return Vec::new();
    }
    let strict = |it: &&Oracle| !matches!(it.form, Form::Unwrap);
    let asserting: Vec<&Oracle> = all.iter().filter(strict).collect();
    if let Some(verdict) = dropped_panic(tree, body, &all) {
        return vec![verdict];
    }
    if all.is_empty() {
        return helpers::rust_without_oracle(tree, test, name)
            .into_iter()
            .collect();
    }
    if asserting.is_empty()
        || asserting
            .iter()
            .any(|it| matches!(it.form, Form::Helper | Form::Snapshot))
    {
        return Vec::new();
    }
    if asserting.iter().all(|it| holds_always(tree, it)) {
        // Errors fail the test all the same.
        let verdict = Verdict::new(asserting[0].node, "this assertion always holds");
        let also = all.len() > asserting.len()
            && all.iter().any(|it| {
                it.form == Form::Unwrap && !tree.arena().is_within(it.node, asserting[0].node)
            });
        return vec![if also { verdict.doubtful() } else { verdict }];
    }
    if all.len() > asserting.len() {
        return Vec::new();
    }
    let verdict = unreached(tree, test, &all).or_else(|| only_if_let(tree, test, &all));
    verdict.into_iter().collect()
}

/// `#[should_panic]` on a test that panics by itself.
fn own_panic(tree: Tree<'_>, body: NodeId, all: &[Oracle]) -> Option<Verdict> {
    let last = tree.kids(body).last().copied()?;
    let own = tree.role(last) == Role::MacroCall
        && (matches!(
            tree.last_name(last),
            "panic" | "unreachable" | "todo" | "unimplemented"
        ) || tree.last_name(last) == "assert"
            && tree
                .positional(last)
                .first()
                .is_some_and(|&it| tree.boolean(it) == Some(false)));
    let only = all.iter().all(|it| it.node == last);
    (own && only).then(|| {
        Verdict::new(
            last,
            "the test panics by itself, so `should_panic` always holds",
        )
    })
}

/// `let _ = catch_unwind(|| assert!(..))`.
fn dropped_panic(tree: Tree<'_>, body: NodeId, all: &[Oracle]) -> Option<Verdict> {
    let call = tree.calls(body).find(|&it| {
        tree.last_name(it) == "catch_unwind" && {
            let parent = tree.arena().parent(it);
            parent.is_some_and(|parent| match tree.role(parent) {
                Role::Let => tree
                    .field(parent, Field::Pattern)
                    .is_some_and(|it| tree.text(it).starts_with('_')),
                Role::Block => true,
                Role::Attribute => tree.text(parent).ends_with(".ok"),
                _ => false,
            })
        }
    })?;
    let inside = all.iter().all(|it| tree.arena().is_within(it.node, call));
    (inside && !all.is_empty())
        .then(|| Verdict::new(call, "a failed assertion is caught here and dropped"))
}

/// All assertions stand in an `if let` or an arm that a wrong result does not take.
fn only_if_let(tree: Tree<'_>, test: NodeId, all: &[Oracle]) -> Option<Verdict> {
    let mut whole = None;
    for oracle in all {
        let outer = tree
            .arena()
            .ancestors(oracle.node)
            .take_while(|&it| it != test)
            .filter(|&it| matches!(tree.role(it), Role::If | Role::Match))
            .last()?;
        if whole.is_some_and(|it| it != outer) {
            return None;
        }
        whole = Some(outer);
    }
    let whole = whole?;
    let in_loop = tree
        .arena()
        .ancestors(whole)
        .take_while(|&it| it != test)
        .any(|it| matches!(tree.role(it), Role::For | Role::While | Role::Lambda));
    if in_loop {
        return None;
    }
    let dodges = match tree.role(whole) {
        Role::If => {
            let condition = tree.field(whole, Field::Condition)?;
            let silent = tree
                .field(whole, Field::Alternative)
                .is_none_or(|it| oracles(tree, it).is_empty());
            let on_result = tree.text(condition).starts_with("let ")
                || tree.text(condition).contains(".is_ok()")
                || tree.text(condition).contains(".is_some()")
                || tree.text(condition).contains(".is_err()");
            silent && on_result && !tree.text(condition).contains("env::var")
        }
        _ => tree.below(whole).any(|arm| {
            tree.role(arm) == Role::Case
                && tree.field(arm, Field::Value).is_some_and(|value| {
                    let text = tree.text(value);
                    oracles(tree, value).is_empty()
                        && tree
                            .calls(value)
                            .all(|it| matches!(tree.last_name(it), "println" | "eprintln"))
                        && (text.starts_with('{') || text == "()" || text.contains("println"))
                })
                && tree.field(arm, Field::Pattern).is_some_and(|it| {
                    let text = tree.text(it);
                    text.starts_with("Err") || text.starts_with("None") || text == "_"
                })
        }),
    };
    dodges.then(|| {
        Verdict::new(
            whole,
            "nothing is asserted when the result is another than expected",
        )
    })
}

/// A judgement by helpers of this check.
pub fn verdict(at: NodeId, what: &str, sure: bool) -> Verdict {
    let verdict = Verdict::new(at, what);
    if sure { verdict } else { verdict.doubtful() }
}
