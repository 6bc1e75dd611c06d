//! Which tests are worth parsing, and what of a test's assertions stands elsewhere: in helpers,
//! fixtures, decorators, other files.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};
use caveat_parser::link::Target;

use super::vacuous::{Verdict, verdict};
use crate::tests_model::code::function_text;
use crate::tests_model::{Tree, code};

/// Words of which a text that asserts has at least one.
const ASSERTING: &[&str] = &[
    "assert",
    "raises",
    "expect",
    "fail(",
    "fail!",
    "panic!",
    "verify",
    "check",
    "raise ",
    "warns",
    "snapshot",
    "regression",
    "unwrap",
    "unreachable!",
    "should",
    "compile_fail",
    "?;",
    "approv",
    "ensure",
    "validate",
];

/// A quick look at the text of a test: false if it asserts in plain sight.
pub fn glance(text: &str) -> bool {
    if !ASSERTING.iter().any(|word| text.contains(word)) {
        return true;
    }
    let rust = text.contains("fn ") && text.contains('{');
    if rust {
        rust_glance(text)
    } else {
        python_glance(text)
    }
}

fn python_glance(text: &str) -> bool {
    let words = [
        "called_once",
        "has_calls",
        "called_with",
        ".not_called",
        ".any_call",
        "assert (",
        "assert(",
        "or True",
        "or \"",
        "or '",
        "or 1",
        "parametrize(",
        "in []:",
        "in ():",
        "range(0)",
        "if False",
        "if 0:",
        "except:",
        "except Exception",
        "except AssertionError",
        "except BaseException",
        "raises(Exception",
        "raises(BaseException",
        "assertRaises(Exception",
    ];
    if words.iter().any(|word| text.contains(word)) {
        return true;
    }
    let asserting = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("assert")
            || line.contains("assert")
            || line.contains("raises")
            || line.contains("fail(")
    };
    let (mut all_constant, mut any, mut shallow, mut conditional, mut base, mut returned) =
        (true, false, false, false, None, false);
    for line in text.lines() {
        let inner = line.trim_start();
        if inner.is_empty()
            || inner.starts_with(['@', '#', '"', '\''])
            || inner.starts_with("def ")
            || inner.starts_with("async def ")
        {
            continue;
        }
        let indent = line.len() - inner.len();
        let base = *base.get_or_insert(indent);
        returned |= indent <= base && inner.starts_with("return")
            || inner.starts_with("if True")
            || inner.starts_with("if 1");
        conditional |= inner.starts_with("if ");
        if asserting(&line) {
            any = true;
            shallow |= indent <= base;
            all_constant &= looks_constant(inner);
        }
    }
    let nested = text.matches("def ").count() > 1 && !shallow;
    any && all_constant
        || returned
        || nested
        || (conditional || text.contains("\n        return")) && !shallow
        || any && uncalled_assertion(text)
        || conditional && text.contains("return\n")
}

/// `mock.assert_called_once` at the end of a line, without a call.
fn uncalled_assertion(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim();
        line.contains(".assert_") && !line.contains('(') && !line.starts_with('#')
    })
}

/// An assertion on constants, or of something with itself.
fn looks_constant(line: &str) -> bool {
    let plain: String = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let rest = plain.trim_start_matches("self.");
    let constant = [
        "assert True",
        "assert 1",
        "assert not False",
        "assertTrue(True",
        "assertFalse(False",
        "assert \"",
        "assert '",
        "assert isinstance",
        "assert len(",
        "assert not None",
        "assertIsNotNone(",
    ]
    .iter()
    .any(|word| rest.starts_with(word));
    constant
        || rest.contains(" or ")
        || rest.contains(" is not None")
        || halves_equal(rest)
        || simple_truth(rest)
}

/// `assert name`.
fn simple_truth(text: &str) -> bool {
    text.strip_prefix("assert ")
        .is_some_and(|it| it.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

fn halves_equal(text: &str) -> bool {
    let inner = text
        .trim_start_matches("assert_eq!(")
        .trim_start_matches("assertEqual(")
        .trim_start_matches("assertEquals(")
        .trim_start_matches("assertIs(")
        .trim_start_matches("assert!(")
        .trim_start_matches("assert ")
        .trim_end_matches(';')
        .trim_end_matches(')');
    let split = inner.split_once(" == ").or_else(|| inner.split_once(", "));
    split.is_some_and(|(left, right)| left == right || right.split(", ").next() == Some(left))
}

fn rust_glance(text: &str) -> bool {
    let words = [
        "should_panic",
        "catch_unwind",
        "assert!(true",
        "is_ok() ||",
        "is_some() ||",
        "is_err() ||",
        "is_none() ||",
        ">= 0)",
        "|| true",
        "true ||",
        "return;",
        "if false",
        "in []",
        "assert_eq!(true, true",
        "assert_eq!(1, 1",
        "assert_eq!(2 + 2, 4",
    ];
    let mut halves = text.lines().map(str::trim);
    words.iter().any(|word| text.contains(word))
        || halves.any(|line| line.starts_with("assert") && halves_equal(line))
        || conditional_only(text)
}

/// Every line that asserts is deeper than the first statement, and some `if let` or `match` is there.
fn conditional_only(text: &str) -> bool {
    if !(text.contains("if ") || text.contains("match "))
        || text.contains("unwrap")
        || text.contains("expect(")
    {
        return false;
    }
    let mut base = None;
    for line in text.lines() {
        let inner = line.trim_start();
        let indent = line.len() - inner.len();
        if inner.is_empty() || inner.starts_with(['#', '/', '}']) || inner.contains("fn ") {
            continue;
        }
        let base = *base.get_or_insert(indent);
        if indent <= base
            && (inner.contains("assert") || inner.contains("panic!") || inner.contains("?;"))
        {
            return false;
        }
    }
    true
}

/// Names of parameters and decorators that assert in the test's stead.
const FIXTURES: &[&str] = &[
    "snapshot",
    "regression",
    "benchmark",
    "approv",
    "golden",
    "check",
    "assert",
    "expect",
    "verify",
    "compar",
    "testdir",
    "pytester",
    "caplog_error",
    "no_errors",
    "image_comparison",
    "figures_equal",
    "raises",
    "should",
    "errors",
    "leak",
    "mpl_image",
    "strict",
    "fail",
];

/// Whether a fixture, decorator or the way of running asserts.
pub fn checks_outside(tree: Tree<'_>, test: NodeId) -> bool {
    let parameters = tree.parameters(test);
    let fixture = parameters.iter().any(|name| {
        let name = name.to_ascii_lowercase();
        FIXTURES.iter().any(|word| name.contains(word))
    });
    let decorated = tree.decorators(test).iter().any(|&it| {
        let text = tree.text(it).to_ascii_lowercase();
        let plain = text.starts_with("pytest.")
            || text.starts_with("unittest.")
            || text.contains("patch")
            || text.starts_with("mock");
        !plain && FIXTURES.iter().any(|word| text.contains(word))
            || text.contains("mpl_image")
            || text.contains("expectedfailure")
            || text.contains("mark.skip")
            || text.contains("mark.benchmark")
            || text.contains("xfail")
            || !plain
                && !matches!(
                    &*text,
                    "override" | "staticmethod" | "classmethod" | "asyncio" | "slow"
                )
                && !text.contains("parametrize")
                && !text.contains("given")
                && !text.contains("settings")
                && !text.contains("tag(")
    });
    let gives = tree.own(test).any(|it| {
        tree.role(it) == Role::Yield || tree.role(it) == Role::Return && !tree.kids(it).is_empty()
    });
    let skips = tree
        .calls(test)
        .any(|it| tree.called(it) == "pytest.skip" || tree.last_name(it) == "skipTest");
    fixture || decorated || gives || skips
}

/// How deep helpers are followed.
const DEPTH: u32 = 3;

/// What a test without assertions of its own is worth.
pub fn without_oracle(tree: Tree<'_>, test: NodeId, name: NodeId) -> Option<Verdict> {
    let statements = tree.statements(test);
    let empty = statements.iter().all(|&it| {
        matches!(
            tree.role(it),
            Role::Pass | Role::Ellipsis | Role::Import | Role::ImportFrom | Role::Global
        )
    });
    if empty {
        let imports = statements
            .iter()
            .any(|&it| matches!(tree.role(it), Role::Import | Role::ImportFrom));
        let abstracts = tree.class(test).is_some_and(|it| {
            let name = tree.name(it);
            ["Base", "Mixin", "Abstract"]
                .iter()
                .any(|word| name.contains(word))
        });
        let overrides = tree.class(test).is_some_and(|class| {
            tree.field(class, Field::Superclasses).is_some_and(|it| {
                let bases = tree.kids(it);
                bases
                    .iter()
                    .any(|&base| !tree.text(base).ends_with("TestCase"))
            })
        });
        let sure = !abstracts
            && !overrides
            && !imports
            && !tree.has_comment(name)
            && !tree.text(test).contains('#')
            && tree.documentation(test).is_empty();
        return Some(verdict(name, "the test is empty", sure));
    }
    if statements.iter().any(|&it| helper_asserts(tree, it)) {
        return None;
    }
    let dropped = statements
        .iter()
        .copied()
        .find(|&it| tree.role(it) == Role::Comparison);
    if let Some(at) = dropped {
        return Some(verdict(
            at,
            "the result of this comparison is dropped, and nothing is asserted",
            true,
        ));
    }
    if is_smoke(tree, test) {
        return None;
    }
    let sure = unused_result(tree, test, &statements) || ignores_value(tree, test);
    Some(verdict(
        name,
        "nothing is asserted, so the test passes whatever the code returns",
        sure,
    ))
}

/// Words in names and documentation of tests that only want no error.
const SMOKE: &[&str] = &[
    "smoke",
    "raise",
    "crash",
    "error",
    "exception",
    "import",
    "run",
    "works",
    "can_",
    "accept",
    "allow",
    "support",
    "valid",
    "does_not",
    "doesnt",
    "no_",
    "not_",
    "ok",
    "success",
    "fail",
    "regress",
    "leak",
    "warn",
    "compile",
    "safe",
    "hang",
    "deadlock",
    "noop",
    "pickle",
    "construct",
    "init",
    "instantiat",
    "create",
    "build",
    "load",
    "start",
    "close",
    "shutdown",
    "constructor",
    "repr",
    "segfault",
    "recursion",
    "cleanup",
    "cancel",
    "without",
    "ignore",
    "empty",
    "none",
    "issue",
    "bug",
    "gh_",
    "pr_",
    "stress",
    "fuzz",
    "perf",
    "bench",
    "speed",
    "optional",
];

/// Whether the test says that it only wants the code to run.
fn is_smoke(tree: Tree<'_>, test: NodeId) -> bool {
    let name = tree.name(test).to_ascii_lowercase();
    let documentation = tree.documentation(test);
    let class = tree
        .class(test)
        .map_or(String::new(), |it| tree.name(it).to_ascii_lowercase());
    let silent = [
        "not raise",
        "no error",
        "without error",
        "smoke",
        "does not",
        "doesn't",
        "shouldn't",
        "should not",
        "regression",
        "crash",
        "no exception",
        "just",
        "make sure",
        "can be",
        "ensure",
        "able to",
    ];
    let body = tree.text(test).to_ascii_lowercase();
    name.bytes().any(|it| it.is_ascii_digit())
        || SMOKE
            .iter()
            .any(|word| name.contains(word) || class.contains(word))
        || silent
            .iter()
            .any(|word| documentation.contains(word) || body.contains(&format!("# {word}")))
        || tree.text(test).contains('#')
}

/// A call's result is bound to a name that nothing reads, or is only printed.
fn unused_result(tree: Tree<'_>, test: NodeId, statements: &[NodeId]) -> bool {
    let Some(&last) = statements.iter().rev().find(|&&it| !is_print(tree, it)) else {
        return false;
    };
    let printed = statements.iter().any(|&it| is_print(tree, it));
    let (Some(left), Some(value)) = (
        tree.field(last, Field::Left),
        tree.field(last, Field::Right),
    ) else {
        return printed && tree.calls(last).any(|it| is_product(tree, it));
    };
    if tree.role(last) != Role::Assignment
        || tree.role(left) != Role::Identifier
        || matches!(tree.text(left), "_" | "__")
    {
        return false;
    }
    let name = tree.text(left);
    let used = tree.own(test).any(|it| {
        tree.role(it) == Role::Identifier
            && tree.text(it) == name
            && it != left
            && !tree.arena().ancestors(it).any(|at| is_print(tree, at))
    });
    let inner = if tree.role(value) == Role::Await {
        tree.kids(value).first().copied().unwrap_or(value)
    } else {
        value
    };
    !used && tree.role(inner) == Role::Call && is_product(tree, inner)
}

fn is_print(tree: Tree<'_>, id: NodeId) -> bool {
    tree.role(id) == Role::Call
        && matches!(tree.last_name(id), "print" | "pprint" | "info" | "debug")
}

/// Whether a call leads to a function of the project that is no test code.
fn is_product(tree: Tree<'_>, call: NodeId) -> bool {
    definition(tree, call).is_some_and(|(path, _)| !crate::context::is_test_path(&path))
}

/// Path and text of the definition that a call leads to, in another file.
fn definition(tree: Tree<'_>, call: NodeId) -> Option<(String, String)> {
    let callee = tree.callee(call)?;
    let target = tree.names.definition(callee)?;
    let Target::Definition { at, rest } = target else {
        return None;
    };
    let (project, _) = tree.names.project()?;
    if !rest.is_empty() {
        return None;
    }
    let path = project.path(at.file).to_owned();
    let text = project.text(at.file)?;
    let span = project.definition(at).span;
    let own = text.get(span.start as usize..span.end as usize)?.to_owned();
    Some((path, own))
}

/// The only thing done is to call a function that computes something, and what it gives is lost.
fn ignores_value(tree: Tree<'_>, test: NodeId) -> bool {
    let statements = tree.statements(test);
    let Some(&last) = statements.last() else {
        return false;
    };
    let call = match tree.role(last) {
        Role::Await => tree.kids(last).first().copied().unwrap_or(last),
        _ => last,
    };
    if tree.role(call) != Role::Call {
        return false;
    }
    definition(tree, call).is_some_and(|(path, text)| {
        let gives = text.lines().any(|line| {
            let line = line.trim();
            line.strip_prefix("return ")
                .is_some_and(|it| !matches!(it, "None" | "self" | "True" | "False" | "result"))
        });
        let effects = [
            "raise", "self.", "write", "print", ".append", "del ", "global ", "yield",
        ]
        .iter()
        .any(|word| text.contains(word));
        gives && !effects && !crate::context::is_test_path(&path)
    })
}

/// Whether a call below a node leads to a function that asserts, or to one that cannot be read.
fn helper_asserts(tree: Tree<'_>, statement: NodeId) -> bool {
    tree.calls(statement).any(|call| {
        let name = tree.last_name(call);
        if ["test", "_case", "scenario", "harness"]
            .iter()
            .any(|word| name.to_ascii_lowercase().contains(word))
            && !name.starts_with("Test")
        {
            return true;
        }
        if let Some(text) = function_text(tree.code.text, name) {
            return asserts(text, tree.code.text, DEPTH);
        }
        let own = tree
            .receiver(call)
            .is_some_and(|it| matches!(tree.text(it), "self" | "cls" | "super()"));
        if own {
            // Inherited: there is no telling.
            return true;
        }
        definition(tree, call).is_some_and(|(path, text)| {
            crate::context::is_test_path(&path) && asserts(&text, &text, 1)
        })
    })
}

/// Whether the text of a function asserts, by itself or through functions of its file.
fn asserts(text: &str, file: &str, depth: u32) -> bool {
    if ASSERTING.iter().any(|word| text.contains(word)) {
        return true;
    }
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    called_names(text).any(|name| {
        function_text(file, name).is_some_and(|it| it != text && asserts(it, file, depth))
    })
}

/// Words that an opening parenthesis follows.
fn called_names(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('(').filter_map(move |(at, _)| {
        let before = &text[..at];
        let start = before
            .rfind(|c: char| !c.is_alphanumeric() && c != '_')
            .map_or(0, |it| {
                it + before[it..].chars().next().map_or(1, char::len_utf8)
            });
        (start < at).then(|| &text[start..at])
    })
}

/// Whether something else than the body of a Rust test checks.
pub fn rust_checks_outside(tree: Tree<'_>, test: NodeId) -> bool {
    let attributes = tree.attributes(test);
    let other = attributes.iter().any(|(_, it)| {
        ["quickcheck", "proptest", "ignore", "cfg(any", "expected"]
            .iter()
            .any(|word| it.contains(word))
    });
    // `-> TestResult`, `-> bool`: what comes back is checked.
    let returns = tree.field(test, Field::ReturnType).is_some();
    other || returns
}

/// What a Rust test without assertions is worth: it fails only by a panic in the code.
pub fn rust_without_oracle(tree: Tree<'_>, test: NodeId, name: NodeId) -> Option<Verdict> {
    let statements = tree.statements(test);
    if statements.is_empty() {
        let sure = !tree.text(test).contains("//");
        return Some(verdict(name, "the test is empty", sure));
    }
    let unread = tree.below(test).any(|it| tree.role(it) == Role::TokenTree);
    let followed = tree.calls(test).any(|call| {
        let called = tree.last_name(call);
        let lower = called.to_ascii_lowercase();
        if ["test", "case", "run", "check", "roundtrip"]
            .iter()
            .any(|word| lower.starts_with(word) || lower.ends_with(word))
        {
            return true;
        }
        if let Some(text) = function_text(tree.code.text, called) {
            let helper = tree
                .code
                .text
                .find(text)
                .is_some_and(|at| in_test_module(tree.code.text, at));
            return helper && asserts(text, tree.code.text, DEPTH);
        }
        definition(tree, call).is_some_and(|(path, text)| {
            crate::context::is_test_path(&path) && asserts(&text, &text, 1)
        })
    });
    if unread || followed {
        return None;
    }
    if let Some(at) = statements.iter().copied().find(|&it| {
        tree.role(it) == Role::Binary
            && tree
                .field(it, Field::Operator)
                .is_some_and(|it| matches!(tree.text(it), "==" | "!="))
    }) {
        return Some(verdict(
            at,
            "the result of this comparison is dropped, and nothing is asserted",
            true,
        ));
    }
    let dropped = statements
        .last()
        .copied()
        .filter(|&it| drops_result(tree, it));
    if is_smoke(tree, test) {
        return None;
    }
    let sure = dropped.is_some();
    Some(verdict(
        name,
        "nothing is asserted, so the test passes whatever the code returns",
        sure,
    ))
}

fn in_test_module(text: &str, at: usize) -> bool {
    text[..at].contains("#[cfg(test)]") || !text.contains("#[cfg(test)]")
}

/// `let _ = f();`, `let _unused = f();`, or the same behind `println!`.
fn drops_result(tree: Tree<'_>, statement: NodeId) -> bool {
    match tree.role(statement) {
        Role::Let => {
            let pattern = tree
                .field(statement, Field::Pattern)
                .map_or("", |it| tree.text(it));
            let called = tree.field(statement, Field::Value).is_some_and(|it| {
                matches!(tree.role(it), Role::Call | Role::Await)
                    && !code::words(tree.last_name(it)).iter().any(|word| {
                        matches!(
                            &**word,
                            "new" | "default" | "drop" | "spawn" | "with" | "from"
                        )
                    })
            });
            pattern.starts_with('_') && called
        }
        Role::MacroCall => matches!(tree.last_name(statement), "println" | "dbg" | "eprintln"),
        _ => false,
    }
}
