//! Code that changes what a test run reports: outcomes, exit status, results, collected tests.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};

use super::super::{Check, FileView, Hit};
use super::place;
use super::truth::is_always_true;
use crate::tests_model::Tree;

/// Reports hooks and result classes that turn failures into something else.
pub static CHECK: Check = Check {
    name: "report-patch",
    languages: &["python"],
    triggers: &["outcome", "longrepr", "exitstatus"],
    whole_file: &[],
    needs_class: true,
    glance: None,
    run,
};

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(tree) = Tree::of(view) else { return };
    if is_runner(tree) {
        return;
    }
    for id in tree.arena().ids() {
        let what = match tree.role(id) {
            Role::Assignment => assignment(tree, id),
            Role::Call => call(tree, id),
            Role::Function => function(tree, id),
            _ => None,
        };
        if let Some((at, what)) = what {
            hits.push(Hit::at_node(view, at).word("WHAT", what));
        }
    }
}

/// The test runner's own sources.
fn is_runner(tree: Tree<'_>) -> bool {
    let own = tree
        .path
        .split('/')
        .any(|part| matches!(part, "_pytest" | "unittest" | "unittest2" | "nose"));
    own || tree.code.text.contains("class TestReport")
}

type Found = Option<(NodeId, String)>;

fn assignment(tree: Tree<'_>, id: NodeId) -> Found {
    let left = tree.field(id, Field::Left)?;
    let value = tree.field(id, Field::Right)?;
    match tree.role(left) {
        Role::Attribute => attribute(tree, id, left, value),
        Role::Subscript => {
            let text = tree.text(left);
            let failures =
                text.contains(".stats[") && (text.contains("failed") || text.contains("error"));
            failures.then(|| {
                (
                    id,
                    format!("`{text}` is replaced, so failures are not counted"),
                )
            })
        }
        _ => None,
    }
}

fn attribute(tree: Tree<'_>, id: NodeId, left: NodeId, value: NodeId) -> Found {
    let text = tree.text(left);
    let name = text.rsplit('.').next().unwrap_or("");
    let path = tree.dotted(left);
    if path.contains("TestReport.") || is_runner_part(&path) && !is_constant_setting(name) {
        return Some((id, format!("`{text}` of the test runner is replaced")));
    }
    let about_reports = tree.code.text.contains("pytest");
    match name {
        "outcome" if about_reports && is_favourable(tree, value) && !by_marker(tree, id) => Some((
            id,
            format!("the outcome of a test is set to `{}`", inner(tree, value)),
        )),
        "longrepr" | "wasxfail" if about_reports && in_hook(tree, id) && !by_marker(tree, id) => {
            Some((id, format!("`{text}` of a test's report is overwritten")))
        }
        "excinfo" | "_excinfo" if in_hook(tree, id) && tree.role(value) == Role::None => {
            Some((id, "the exception of a test is dropped".to_owned()))
        }
        "exitstatus" if about_reports && is_success(tree, value) && !maps_empty_run(tree, id) => {
            Some((
                id,
                format!("`{text}` is set to success whatever the tests did"),
            ))
        }
        "testsfailed" if is_success(tree, value) => {
            Some((id, "the count of failed tests is reset".to_owned()))
        }
        "failures" | "errors"
            if in_hook(tree, id) && is_empty_list(tree, value) && is_result(tree, left, id) =>
        {
            Some((id, format!("`{text}` of the result is emptied")))
        }
        _ => None,
    }
}

/// The parts of pytest that run tests and report on them.
fn is_runner_part(path: &str) -> bool {
    let parts = [
        "runner",
        "reports",
        "outcomes",
        "main",
        "unittest",
        "python",
        "python_api",
        "terminal",
        "skipping",
        "assertion",
        "junitxml",
    ];
    path.strip_prefix("_pytest.")
        .and_then(|it| it.split('.').next())
        .is_some_and(|it| parts.contains(&it))
}

fn is_constant_setting(name: &str) -> bool {
    name.chars().all(|c| c.is_uppercase() || c == '_')
}

fn inner(tree: Tree<'_>, value: NodeId) -> String {
    tree.string(value)
        .unwrap_or_else(|| super::code::short(tree.text(value)))
}

/// `passed`, `skipped`: anything but a failure.
fn is_favourable(tree: Tree<'_>, value: NodeId) -> bool {
    match tree.role(value) {
        Role::Conditional => tree.below(value).skip(1).any(|it| is_favourable(tree, it)),
        _ => tree
            .string(value)
            .is_some_and(|it| matches!(&*it, "passed" | "skipped")),
    }
}

fn is_success(tree: Tree<'_>, value: NodeId) -> bool {
    let text = tree.text(value);
    text == "0" || text.ends_with("ExitCode.OK") || text.ends_with("EXIT_OK")
}

fn is_empty_list(tree: Tree<'_>, value: NodeId) -> bool {
    tree.role(value) == Role::List && tree.kids(value).is_empty()
}

fn is_result(tree: Tree<'_>, left: NodeId, id: NodeId) -> bool {
    let receiver = tree.text(left).rsplit_once('.').map_or("", |(it, _)| it);
    let in_init = tree.function(id).is_some_and(|it| {
        matches!(
            tree.name(it),
            "__init__" | "setUp" | "reset" | "clear" | "startTestRun"
        )
    });
    receiver.ends_with("result") && !in_init
}

/// Inside a function that pytest calls.
fn in_hook(tree: Tree<'_>, id: NodeId) -> bool {
    tree.outermost_function(id).is_some_and(|function| {
        let name = tree.name(function);
        name.starts_with("pytest_")
            || tree
                .parameters(function)
                .iter()
                .any(|it| matches!(*it, "report" | "rep" | "call"))
    })
}

/// A marker of the test, or an option of the run, decides.
fn by_marker(tree: Tree<'_>, id: NodeId) -> bool {
    tree.arena().ancestors(id).any(|at| {
        tree.role(at) == Role::If
            && tree.field(at, Field::Condition).is_some_and(|it| {
                let text = tree.text(it);
                ["marker", "getoption", "keywords", "xfail", "_expected"]
                    .iter()
                    .any(|word| text.contains(word))
            })
    })
}

/// Only the status "nothing collected" is mapped.
fn maps_empty_run(tree: Tree<'_>, id: NodeId) -> bool {
    tree.arena().ancestors(id).any(|at| {
        tree.role(at) == Role::If
            && tree.field(at, Field::Condition).is_some_and(|it| {
                let text = tree.text(it);
                let empty = [
                    "== 5",
                    "5 ==",
                    "NO_TESTS_COLLECTED",
                    "NOTESTSCOLLECTED",
                    "is 5",
                    "{5}",
                    "(5,)",
                    "testscollected == 0",
                ]
                .iter()
                .any(|word| text.contains(word));
                empty && !text.contains(" or ")
            })
    })
}

fn call(tree: Tree<'_>, id: NodeId) -> Found {
    let arguments = tree.positional(id);
    match tree.last_name(id) {
        "setattr" => {
            let [target, name, value] = arguments.as_slice() else {
                return None;
            };
            let name = tree.string(*name)?;
            let path = tree.dotted(*target);
            let report = path.ends_with("TestReport") || is_runner_part(&path);
            let outcome = name == "outcome" && is_favourable(tree, *value);
            let status =
                name == "exitstatus" && is_success(tree, *value) && !maps_empty_run(tree, id);
            (report || outcome || status).then(|| {
                (
                    id,
                    format!(
                        "`{name}` of the test runner's `{}` is replaced",
                        tree.text(*target)
                    ),
                )
            })
        }
        "force_result" if in_hook(tree, id) && !by_marker(tree, id) => {
            let quiet = arguments.first().is_some_and(|&it| tree.is_literal(it));
            quiet.then(|| (id, "the result of a test is forced".to_owned()))
        }
        "pop" | "clear" => {
            let receiver = tree.receiver(id)?;
            let text = tree.text(receiver);
            let first = arguments
                .first()
                .and_then(|&it| tree.string(it))
                .unwrap_or_default();
            let failures = text.ends_with(".stats") && matches!(&*first, "failed" | "error")
                || text.contains(".stats[") && text.contains("failed");
            failures.then(|| (id, "failures are taken out of the statistics".to_owned()))
        }
        _ => None,
    }
}

fn function(tree: Tree<'_>, id: NodeId) -> Found {
    let name = tree.name(id);
    let at = tree.field(id, Field::Name)?;
    match name {
        "addFailure" | "addError" | "addSubTest" | "wasSuccessful" => {
            let class = tree.class(id)?;
            let bases = tree
                .field(class, Field::Superclasses)
                .map_or("", |it| tree.text(it));
            let forgets = bases.contains("Result")
                && match name {
                    "wasSuccessful" => {
                        let returned = tree.returned(id);
                        !returned.is_empty() && returned.iter().all(|&it| is_always_true(tree, it))
                    }
                    _ => forgets_failure(tree, id),
                };
            forgets.then(|| {
                (
                    at,
                    format!(
                        "`{name}` of `{}` forgets that a test failed",
                        tree.name(class)
                    ),
                )
            })
        }
        "pytest_collection_modifyitems" | "pytest_itemcollected" | "pytest_ignore_collect" => {
            drops_by_name(tree, id)
        }
        "pytest_report_teststatus" => {
            let lies = tree.returned(id).into_iter().find(|&it| {
                let first = tree.kids(it).first().and_then(|&it| tree.string(it));
                let asked = tree.arena().ancestors(it).any(|at| {
                    tree.role(at) == Role::If
                        && tree
                            .field(at, Field::Condition)
                            .is_some_and(|it| tree.text(it).contains("passed"))
                });
                tree.role(it) == Role::Tuple && first.as_deref() == Some("passed") && !asked
            })?;
            Some((lies, "every test is reported as passed".to_owned()))
        }
        "pytest_runtest_protocol" | "pytest_pyfunc_call" | "pytest_runtest_call"
            if runs_nothing(tree, id) =>
        {
            Some((
                at,
                format!("`{name}` says that the test ran and does not run it"),
            ))
        }
        _ if name.starts_with("pytest_") => forgives(tree, id),
        _ => None,
    }
}

/// A body that neither hands the failure on nor keeps it.
fn forgets_failure(tree: Tree<'_>, function: NodeId) -> bool {
    let body = tree.body(function).unwrap_or(function);
    let keeps = tree.calls(body).any(|call| {
        let text = tree.text(tree.callee(call).unwrap_or(call));
        !(text == "print"
            || text.contains("log")
            || text.contains("write")
            || text.ends_with("addSuccess"))
    });
    let stores = tree.below(body).any(|it| {
        matches!(
            tree.role(it),
            Role::Assignment | Role::AugmentedAssignment | Role::Raise
        )
    });
    let lenient = tree
        .calls(body)
        .any(|call| tree.last_name(call) == "addSuccess");
    !keeps && !stores || lenient
}

/// Tests are dropped, or marked to be skipped, for their names.
fn drops_by_name(tree: Tree<'_>, function: NodeId) -> Found {
    let text = tree.text(function);
    let asks = [
        "getoption",
        "get_closest_marker",
        "keywords",
        "platform",
        "environ",
        "version",
        "getini",
        "config.",
        "iter_markers",
        "own_markers",
        "skipif",
        "find_spec",
        "ImportError",
    ]
    .iter()
    .any(|word| text.contains(word));
    if asks {
        return None;
    }
    let by_name = tree.below(function).find(|&it| {
        tree.role(it) == Role::Comparison && {
            let text = tree.text(it);
            (text.contains(".name") || text.contains("nodeid") || text.contains("originalname"))
                && tree
                    .below(it)
                    .any(|part| matches!(tree.role(part), Role::String))
        } || tree.role(it) == Role::Call
            && matches!(tree.last_name(it), "startswith" | "endswith")
            && (tree.text(it).contains(".name.") || tree.text(it).contains("nodeid."))
    });
    let named = tree.below(function).find(|&it| {
        tree.role(it) == Role::Comparison
            && tree.text(it).contains(" in ")
            && (tree.text(it).contains(".name") || tree.text(it).contains("nodeid"))
    });
    let at = by_name.or(named)?;
    let drops = text.contains("items[:]")
        || text.contains("items.remove")
        || text.contains("pytest_deselected")
        || text.contains(".clear()")
        || text.contains("del items")
        || text.contains("mark.skip")
        || text.contains("return True");
    drops.then(|| {
        (
            at,
            "tests are taken out of the run by their names".to_owned(),
        )
    })
}

/// A hook in whose stead pytest would have run the test.
fn runs_nothing(tree: Tree<'_>, function: NodeId) -> bool {
    let says = tree
        .returned(function)
        .iter()
        .any(|&it| tree.boolean(it) == Some(true));
    let text = tree.text(function);
    let runs = [
        "runtestprotocol",
        "yield",
        "obj(",
        "funcargs",
        "testfunction",
        "runtest",
        "call_and_report",
        "run(",
    ]
    .iter()
    .any(|it| text.contains(it));
    let conditional = tree.own(function).any(|it| tree.role(it) == Role::If);
    says && !runs && !conditional
}

/// A hook in which a failed assertion becomes a skip.
fn forgives(tree: Tree<'_>, function: NodeId) -> Found {
    let handler = tree.below(function).find(|&it| {
        if tree.role(it) != Role::Except {
            return false;
        }
        let text = tree.text(it);
        let head = &text[..text.find(':').unwrap_or(text.len())];
        let catches =
            head.contains("AssertionError") || head.ends_with("Exception") || head == "except";
        catches
            && tree
                .calls(it)
                .any(|call| matches!(&*tree.called(call), "pytest.skip" | "pytest.xfail"))
    });
    let handler =
        handler.filter(|_| place::is_test_file(tree.path) || tree.code.text.contains("pytest"));
    handler.map(|it| (it, "a failed assertion becomes a skip".to_owned()))
}
