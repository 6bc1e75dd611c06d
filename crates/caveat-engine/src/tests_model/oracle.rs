//! What in a test can fail it: assertions of all kinds, with what is asserted of what.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};

use super::code::Tree;

/// How something is asserted, from weak to strict within each kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// Truth, or presence: `assert x`, `is not None`, `assertTrue`, `is_ok()`.
    Truth,
    /// The type of a value.
    Type,
    /// Membership or order: `in`, `<`.
    Bound,
    /// Equality within a tolerance.
    Close(f64),
    /// Equality or identity; inequality counts too.
    Equal,
    /// An exception or panic of that type.
    Raises(String),
    /// Calls of a mock.
    Mock,
    /// A stored result: snapshots, golden files, properties.
    Snapshot,
    /// Explicit failure: `fail()`, `raise`, `panic!`.
    Fail,
    /// A function that seems to assert, by its name.
    Helper,
    /// `unwrap`, `expect`, `?`, `check=True`: errors fail the test.
    Unwrap,
}

impl Form {
    /// How much it demands, for comparing two versions of a test.
    pub fn strictness(&self) -> u32 {
        match self {
            Form::Unwrap => 1,
            Form::Truth => 2,
            Form::Type => 3,
            Form::Bound => 4,
            Form::Helper | Form::Fail => 5,
            Form::Close(_) => 6,
            Form::Raises(_) | Form::Mock | Form::Snapshot | Form::Equal => 7,
        }
    }
}

/// One assertion.
#[derive(Debug, Clone)]
pub struct Oracle {
    /// The statement or call.
    pub node: NodeId,
    /// How strict it is.
    pub form: Form,
    /// What is asserted on.
    pub actual: Option<NodeId>,
    /// What it is compared with.
    pub expected: Option<NodeId>,
}

/// Everything in a subtree that can fail a test, in order.
pub fn oracles(tree: Tree<'_>, root: NodeId) -> Vec<Oracle> {
    let mut found = Vec::new();
    for id in tree.below(root) {
        match tree.is_python() {
            true => python(tree, id, &mut found),
            false => rust(tree, id, &mut found),
        }
    }
    found
}

fn plain(node: NodeId, form: Form) -> Oracle {
    Oracle {
        node,
        form,
        actual: None,
        expected: None,
    }
}

fn python(tree: Tree<'_>, id: NodeId, found: &mut Vec<Oracle>) {
    match tree.role(id) {
        Role::Assert => {
            if let Some(test) = tree.kids(id).first() {
                condition(tree, id, *test, found);
            }
        }
        Role::Raise => found.push(plain(id, Form::Fail)),
        Role::Call => found.extend(python_call(tree, id)),
        _ => {}
    }
}

/// The assertions in a condition; each side of an `and` is one.
fn condition(tree: Tree<'_>, node: NodeId, test: NodeId, found: &mut Vec<Oracle>) {
    let operator = tree
        .field(test, Field::Operator)
        .map_or("", |it| tree.text(it));
    if matches!(operator, "and" | "&&") {
        for field in [Field::Left, Field::Right] {
            if let Some(side) = tree.field(test, field) {
                condition(tree, node, side, found);
            }
        }
        return;
    }
    found.push(match tree.role(test) {
        Role::Comparison | Role::Binary => comparison(tree, node, test),
        Role::Call | Role::MacroCall => called(tree, node, test),
        _ => Oracle {
            actual: Some(test),
            ..plain(node, Form::Truth)
        },
    });
}

fn comparison(tree: Tree<'_>, node: NodeId, test: NodeId) -> Oracle {
    let parts = tree.kids(test);
    let [left, operator, right] = parts.as_slice() else {
        return plain(node, Form::Equal);
    };
    let form = match tree.text(*operator) {
        "==" | "!=" => Form::Equal,
        "is not" if tree.is_none(*right) => Form::Truth,
        "is" | "is not" => Form::Equal,
        _ => Form::Bound,
    };
    compare(tree, node, *left, *right, form)
}

/// The side that is written out is the expected one.
fn compare(tree: Tree<'_>, node: NodeId, left: NodeId, right: NodeId, form: Form) -> Oracle {
    let is_expected = |id: NodeId| tree.is_literal(id) || is_approximate(tree, id);
    let (actual, expected) = match is_expected(left) && !is_expected(right) {
        true => (right, left),
        false => (left, right),
    };
    let form = match (form, tolerance(tree, expected)) {
        (Form::Equal, Some(tolerance)) => Form::Close(tolerance),
        (form, _) => form,
    };
    Oracle {
        node,
        form,
        actual: Some(actual),
        expected: Some(expected),
    }
}

fn is_approximate(tree: Tree<'_>, id: NodeId) -> bool {
    tree.role(id) == Role::Call && tree.last_name(id) == "approx"
}

fn number(tree: Tree<'_>, id: NodeId) -> Option<f64> {
    tree.names
        .constant(id)
        .and_then(|it| it.number())
        .or_else(|| {
            let text: String = tree.text(id).chars().filter(|c| *c != '_').collect();
            text.trim_end_matches("f64")
                .trim_end_matches("f32")
                .parse()
                .ok()
        })
}

/// The tolerance of `approx(x, abs=.., rel=..)`.
fn tolerance(tree: Tree<'_>, id: NodeId) -> Option<f64> {
    if !is_approximate(tree, id) {
        return None;
    }
    Some(stated_tolerance(tree, id).unwrap_or(1e-6))
}

/// The widest tolerance among the keywords of a call.
fn stated_tolerance(tree: Tree<'_>, call: NodeId) -> Option<f64> {
    let names = [
        "abs",
        "rel",
        "atol",
        "rtol",
        "abs_tol",
        "rel_tol",
        "delta",
        "tolerance",
        "tol",
        "eps",
    ];
    let stated = names
        .iter()
        .filter_map(|name| number(tree, tree.keyword(call, name)?));
    let positional = is_approximate(tree, call)
        .then(|| {
            tree.positional(call)
                .get(1)
                .and_then(|&it| number(tree, it))
        })
        .flatten();
    stated.chain(positional).reduce(f64::max)
}

fn called(tree: Tree<'_>, node: NodeId, call: NodeId) -> Oracle {
    let arguments = tree.positional(call);
    let name = tree.last_name(call);
    let form = match name {
        "isinstance" | "issubclass" | "hasattr" | "callable" => Form::Type,
        "isclose" | "allclose" => Form::Close(stated_tolerance(tree, call).unwrap_or(1e-8)),
        "array_equal" | "equals" | "eq" => Form::Equal,
        "matches" => Form::Type,
        _ => Form::Truth,
    };
    let expected = match form {
        Form::Truth => None,
        _ => arguments.get(1).copied(),
    };
    let actual = match form {
        Form::Truth => Some(call),
        _ => arguments.first().copied(),
    };
    Oracle {
        node,
        form,
        actual,
        expected,
    }
}

/// Names of functions that fail a test when something is wrong.
const SPEAKING: &[&str] = &[
    "assert",
    "expect",
    "verify",
    "check",
    "fail",
    "raise",
    "warns",
    "should",
    "ensure",
    "snapshot",
    "regression",
    "compare",
    "approve",
    "confirm",
    "validate",
    "require",
    "doctest",
    "testmod",
    "must",
    "deprecated_call",
    "roundtrip",
    "round_trip",
    "match",
    "diff",
    "golden",
    "throws",
    "equal",
    "mismatch",
    "typecheck",
    "run_tests",
    "runtests",
    "runtest",
    "run_test",
    "runpytest",
    "testdir",
    "pytester",
    "benchmark",
    "same",
];

fn python_call(tree: Tree<'_>, id: NodeId) -> Option<Oracle> {
    let name = tree.last_name(id);
    let arguments = tree.positional(id);
    let lower = name.to_ascii_lowercase();
    if let Some(oracle) = unittest(tree, id, name, &arguments) {
        return Some(oracle);
    }
    if matches!(
        name,
        "raises"
            | "assertRaises"
            | "assertRaisesRegex"
            | "assertRaisesMessage"
            | "warns"
            | "assertWarns"
    ) {
        let kind = arguments.first().map_or("", |&it| tree.text(it));
        return Some(plain(id, Form::Raises(kind.to_owned())));
    }
    if name.starts_with("assert_") && tree.receiver(id).is_some() && is_mock_assertion(name) {
        return Some(plain(id, Form::Mock));
    }
    if lower.starts_with("assert_all") && (lower.contains("close") || lower.contains("equal"))
        || lower.starts_with("assert_almost")
    {
        let form = match lower.contains("close") || lower.contains("almost") {
            true => Form::Close(stated_tolerance(tree, id).unwrap_or(1e-7)),
            false => Form::Equal,
        };
        return Some(Oracle {
            node: id,
            form,
            actual: arguments.first().copied(),
            expected: arguments.get(1).copied(),
        });
    }
    if lower.contains("snapshot") || lower.contains("regression") {
        return Some(plain(id, Form::Snapshot));
    }
    if lower == "fail" {
        return Some(plain(id, Form::Fail));
    }
    // `True` of such an argument makes errors fail the caller.
    if ["check", "strict", "raise_on_error", "throw"]
        .iter()
        .any(|it| {
            tree.keyword(id, it)
                .is_some_and(|it| tree.text(it) == "True")
        })
        || matches!(name, "raise_for_status" | "check_call" | "check_output")
    {
        return Some(plain(id, Form::Unwrap));
    }
    SPEAKING
        .iter()
        .any(|word| lower.contains(word))
        .then(|| plain(id, Form::Helper))
}

fn is_mock_assertion(name: &str) -> bool {
    matches!(
        name,
        "assert_called"
            | "assert_called_once"
            | "assert_called_with"
            | "assert_called_once_with"
            | "assert_any_call"
            | "assert_has_calls"
            | "assert_not_called"
            | "assert_awaited"
            | "assert_awaited_once"
            | "assert_awaited_with"
            | "assert_awaited_once_with"
            | "assert_any_await"
            | "assert_has_awaits"
            | "assert_not_awaited"
    )
}

fn unittest(tree: Tree<'_>, id: NodeId, name: &str, arguments: &[NodeId]) -> Option<Oracle> {
    let (first, second) = (arguments.first().copied(), arguments.get(1).copied());
    let form = match name {
        "assertTrue" | "assertFalse" | "assertIsNotNone" => {
            let inner = first?;
            return Some(match (name, tree.role(inner)) {
                ("assertTrue", Role::Comparison) => comparison(tree, id, inner),
                ("assertTrue", Role::Call) => called(tree, id, inner),
                _ => Oracle {
                    actual: Some(inner),
                    ..plain(id, Form::Truth)
                },
            });
        }
        "assertIsNone" => {
            return Some(Oracle {
                actual: first,
                ..plain(id, Form::Equal)
            });
        }
        "assertIsInstance" | "assertNotIsInstance" => Form::Type,
        "assertIn" | "assertNotIn" | "assertGreater" | "assertGreaterEqual" | "assertLess"
        | "assertLessEqual" | "assertRegex" | "assertContains" => Form::Bound,
        "assertAlmostEqual" | "assertAlmostEquals" | "assertNotAlmostEqual" => {
            let places = tree
                .keyword(id, "places")
                .or(arguments.get(2).copied())
                .and_then(|it| number(tree, it));
            let wide = tree.keyword(id, "delta").and_then(|it| number(tree, it));
            Form::Close(wide.unwrap_or_else(|| 10f64.powf(-places.unwrap_or(7.0))))
        }
        _ if name.starts_with("assert") && name.contains("Equal") => Form::Equal,
        "assertIs" | "assertIsNot" => Form::Equal,
        _ => return None,
    };
    match (first, second) {
        (Some(left), Some(right)) => Some(compare(tree, id, left, right, form)),
        _ => Some(plain(id, form)),
    }
}

fn rust(tree: Tree<'_>, id: NodeId, found: &mut Vec<Oracle>) {
    match tree.role(id) {
        Role::MacroCall => rust_macro(tree, id, found),
        Role::QuestionMark => found.push(plain(id, Form::Unwrap)),
        Role::Call => {
            let name = tree.last_name(id);
            let form = match name {
                "unwrap" | "expect" | "unwrap_err" | "expect_err" => Form::Unwrap,
                _ if name.contains("snapshot") => Form::Snapshot,
                _ if SPEAKING.iter().any(|word| name.contains(word))
                    && !matches!(name, "matches" | "is_match") =>
                {
                    Form::Helper
                }
                "compile_fail" | "pass" | "success" | "failure" | "code" | "stdout" | "stderr"
                | "quickcheck" => Form::Helper,
                _ => return,
            };
            found.push(plain(id, form));
        }
        _ => {}
    }
}

fn rust_macro(tree: Tree<'_>, id: NodeId, found: &mut Vec<Oracle>) {
    let name = tree.last_name(id);
    let arguments = tree.positional(id);
    let bare = name
        .trim_start_matches("debug_")
        .trim_start_matches("prop_");
    match bare {
        "assert_eq" | "assert_ne" | "assert_str_eq" => match arguments.as_slice() {
            [left, right, ..] => found.push(compare(tree, id, *left, *right, Form::Equal)),
            _ => found.push(plain(id, Form::Equal)),
        },
        "assert" => match arguments.first() {
            Some(&test) => rust_condition(tree, id, test, found),
            None => found.push(plain(id, Form::Bound)),
        },
        "assert_matches" => found.push(Oracle {
            actual: arguments.first().copied(),
            ..plain(id, Form::Bound)
        }),
        "panic" | "unreachable" | "todo" | "unimplemented" | "bail" => {
            found.push(plain(id, Form::Fail))
        }
        _ if name.contains("snapshot") || matches!(name, "proptest" | "expect_test" | "expect") => {
            found.push(plain(id, Form::Snapshot));
        }
        _ if bare.contains("abs_diff")
            || bare.contains("relative_eq")
            || bare.contains("ulps")
            || bare.contains("approx") =>
        {
            let tolerance = arguments
                .get(2)
                .and_then(|&it| number(tree, it))
                .unwrap_or(1e-6);
            found.push(Oracle {
                node: id,
                form: Form::Close(tolerance),
                actual: arguments.first().copied(),
                expected: arguments.get(1).copied(),
            });
        }
        "println" | "eprintln" | "print" | "format" | "vec" | "write" | "writeln" | "dbg"
        | "info" | "debug" | "warn" | "trace" | "error" | "json" => {}
        // A macro of the project may well assert.
        _ => found.push(plain(id, Form::Helper)),
    }
}

fn rust_condition(tree: Tree<'_>, node: NodeId, test: NodeId, found: &mut Vec<Oracle>) {
    // `(a - b).abs() < 1e-6`
    if tree.role(test) == Role::Binary {
        let parts = tree.kids(test);
        if let [left, operator, right] = parts.as_slice()
            && matches!(tree.text(*operator), "<" | "<=")
            && tree.text(*left).contains(".abs()")
            && let Some(tolerance) = number(tree, *right)
        {
            found.push(Oracle {
                node,
                form: Form::Close(tolerance),
                actual: Some(*left),
                expected: Some(*right),
            });
            return;
        }
    }
    let operator = tree
        .field(test, Field::Operator)
        .map_or("", |it| tree.text(it));
    if operator == "||" {
        found.push(Oracle {
            actual: Some(test),
            ..plain(node, Form::Truth)
        });
        return;
    }
    condition(tree, node, test, found);
}
