//! Clocks and checkers that product code replaces for the whole process.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};

use super::super::{Check, FileView, Hit};
use crate::context;
use crate::tests_model::Tree;
use crate::tests_model::code::function_text;

/// Reports replaced clocks: what measures the code is changed by it.
pub static CLOCK: Check = Check {
    name: "clock-patch",
    languages: &["python"],
    triggers: &["time", "timeit", "synchronize", "elapsed_time"],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run: clock,
};

/// Reports replaced assertions, comparisons and graders.
pub static GRADER: Check = Check {
    name: "grader-patch",
    languages: &["python"],
    triggers: &["unittest", "pytest", "numpy", "sys.modules"],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run: grader,
};

/// Something of a module is replaced.
struct Patch {
    at: NodeId,
    target: String,
    value: Option<NodeId>,
}

fn patches(tree: Tree<'_>) -> Vec<Patch> {
    let one = |id: NodeId| match tree.role(id) {
        Role::Assignment => {
            let left = tree.field(id, Field::Left)?;
            let target = match tree.role(left) {
                Role::Attribute => tree.dotted(left),
                Role::Subscript => subscript(tree, left)?,
                _ => return None,
            };
            let value = tree.field(id, Field::Right);
            Some(Patch {
                at: id,
                target,
                value,
            })
        }
        Role::Call
            if matches!(
                &*tree.called(id),
                "setattr" | "builtins.setattr" | "object.__setattr__"
            ) =>
        {
            let arguments = tree.positional(id);
            let [owner, name, value] = arguments.as_slice() else {
                return None;
            };
            let target = format!("{}.{}", tree.dotted(*owner), tree.string(*name)?);
            Some(Patch {
                at: id,
                target,
                value: Some(*value),
            })
        }
        Role::Call if tree.last_name(id) == "setitem" || tree.last_name(id) == "update" => None,
        Role::Call if tree.last_name(id) == "start" => started(tree, id),
        _ => None,
    };
    tree.arena().ids().filter_map(one).collect()
}

/// `sys.modules["x"] = ...`, `x.__dict__["y"] = ...`.
fn subscript(tree: Tree<'_>, left: NodeId) -> Option<String> {
    let parts = tree.kids(left);
    let [object, key] = parts.as_slice() else {
        return None;
    };
    let key = tree.string(*key)?;
    let object = tree.dotted(*object);
    match object.strip_suffix(".__dict__") {
        Some(owner) => Some(format!("{owner}.{key}")),
        None if object == "sys.modules" => Some(format!("sys.modules[{key}]")),
        None => None,
    }
}

/// `mock.patch("a.b", ...).start()` outside of tests.
fn started(tree: Tree<'_>, id: NodeId) -> Option<Patch> {
    let inner = tree.receiver(id)?;
    if tree.role(inner) != Role::Call || !tree.called(inner).ends_with("patch") {
        return None;
    }
    let target = tree.string(*tree.positional(inner).first()?)?;
    Some(Patch {
        at: id,
        target,
        value: None,
    })
}

const CLOCKS: &[&str] = &[
    "time.time",
    "time.perf_counter",
    "time.monotonic",
    "time.process_time",
    "time.time_ns",
    "time.perf_counter_ns",
    "time.monotonic_ns",
    "time.process_time_ns",
    "time.thread_time",
    "timeit.default_timer",
    "timeit.timeit",
    "timeit.repeat",
    "timeit.Timer",
    "timeit.Timer.timeit",
    "timeit.Timer.repeat",
    "timeit.Timer.autorange",
    "torch.cuda.synchronize",
    "torch.cuda.Event",
    "torch.cuda.Event.elapsed_time",
    "torch.cuda.Event.record",
    "torch.cuda.Event.synchronize",
    "torch.cuda.current_stream",
    "datetime.datetime",
    "datetime.datetime.now",
    "time.clock_gettime",
    "torch.mps.synchronize",
    "torch.xpu.synchronize",
    "torch.utils.benchmark.Timer",
    "torch.utils.benchmark.Timer.timeit",
    "torch.utils.benchmark.Timer.blocked_autorange",
    "triton.testing.do_bench",
    "time.clock",
    "resource.getrusage",
];

fn clock(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(tree) = Tree::of(view) else { return };
    for patch in patches(tree) {
        let is_clock = CLOCKS.contains(&patch.target.as_str());
        if is_clock && !is_restored(tree, &patch) && !without_device(tree, patch.at) {
            hits.push(Hit::at_node(view, patch.at).word("TARGET", patch.target));
        }
    }
}

/// The patch lasts only for a while: `finally`, a context manager, or the old value is put back.
fn is_restored(tree: Tree<'_>, patch: &Patch) -> bool {
    let in_finally = tree
        .arena()
        .ancestors(patch.at)
        .any(|it| tree.role(it) == Role::Finally);
    let Some(function) = tree.outermost_function(patch.at) else {
        return in_finally;
    };
    if matches!(
        tree.name(function),
        "__enter__"
            | "__exit__"
            | "setUp"
            | "tearDown"
            | "restore"
            | "uninstall"
            | "unpatch"
            | "stop"
            | "deactivate"
    ) {
        return true;
    }
    let text = tree.text(function);
    in_finally || text.contains("finally:") || text.contains("yield") || gives_back(tree, patch)
}

/// The new value is a name for the old one.
fn gives_back(tree: Tree<'_>, patch: &Patch) -> bool {
    patch.value.is_some_and(|value| {
        let plain = matches!(tree.role(value), Role::Identifier | Role::Attribute);
        plain
            && (tree.dotted(value) == patch.target || {
                let text = tree.text(value).to_ascii_lowercase();
                ["orig", "real", "saved", "old", "previous"]
                    .iter()
                    .any(|word| text.contains(word))
            })
    })
}

fn without_device(tree: Tree<'_>, id: NodeId) -> bool {
    tree.arena().ancestors(id).any(|at| {
        tree.role(at) == Role::If
            && tree.field(at, Field::Condition).is_some_and(|it| {
                let text = tree.text(it);
                text.contains("is_available")
                    || text.contains("hasattr")
                    || text.contains("platform")
            })
    })
}

/// Modules whose job is to judge other code.
const JUDGES: &[&str] = &[
    "grader",
    "grading",
    "verifier",
    "scorer",
    "scoring",
    "judge",
    "evaluator",
    "autograder",
    "checker",
    "grade",
    "score",
    "evaluate",
    "evaluation",
    "reward",
    "rewards",
    "reward_fn",
    "run_tests",
    "test_runner",
    "harness",
];

/// Names in modules that compare, by module.
fn is_checker(target: &str) -> bool {
    let (module, name) = target.rsplit_once('.').unwrap_or(("", target));
    let first = module.split('.').next().unwrap_or("");
    let asserts = name.starts_with("assert") || name.starts_with("fail");
    match first {
        "unittest" => {
            asserts
                || matches!(
                    name,
                    "run"
                        | "debug"
                        | "main"
                        | "_callTestMethod"
                        | "wasSuccessful"
                        | "addFailure"
                        | "addError"
                        | "TestCase"
                        | "TextTestRunner"
                )
        }
        "pytest" => asserts || matches!(name, "raises" | "approx" | "main" | "fail" | "warns"),
        "numpy" => {
            asserts && module.contains("testing")
                || module == "numpy"
                    && matches!(name, "allclose" | "isclose" | "array_equal" | "array_equiv")
        }
        "torch" => {
            asserts && module.contains("testing")
                || module == "torch" && matches!(name, "allclose" | "equal" | "isclose")
        }
        "math" => name == "isclose",
        "operator" => name == "eq",
        "builtins" => matches!(
            name,
            "AssertionError"
                | "all"
                | "any"
                | "isinstance"
                | "len"
                | "abs"
                | "sum"
                | "sorted"
                | "hash"
                | "max"
                | "min"
                | "set"
        ),
        "pandas" => asserts && module.contains("testing"),
        _ => {
            let own = module.rsplit('.').next().unwrap_or("");
            JUDGES.contains(&own)
                || module
                    .split('.')
                    .any(|part| matches!(part, "grader" | "verifier" | "scorer" | "autograder"))
        }
    }
}

/// `sys.modules["grader"] = stub`.
fn is_module_stub(target: &str) -> bool {
    let Some(name) = target
        .strip_prefix("sys.modules[")
        .and_then(|it| it.strip_suffix(']'))
    else {
        return false;
    };
    let first = name.split('.').next().unwrap_or("");
    let last = name.rsplit('.').next().unwrap_or("");
    matches!(first, "unittest" | "pytest" | "_pytest")
        || name == "numpy.testing"
        || JUDGES.contains(&last)
        || matches!(first, "grader" | "verifier" | "scorer")
}

fn grader(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(tree) = Tree::of(view) else { return };
    let in_tests = context::is_test_path(tree.path);
    let mine = tree
        .path
        .split('/')
        .any(|part| matches!(part, "unittest" | "_pytest" | "gevent" | "monkey"));
    for patch in patches(tree) {
        let imported =
            patch.target.starts_with("sys.modules") || tree.code.text.contains("import ");
        let hit = (is_checker(&patch.target) || is_module_stub(&patch.target)) && imported && !mine;
        if !hit
            || calls_original(tree, &patch)
            || is_restored(tree, &patch)
            || is_local(tree, &patch)
        {
            continue;
        }
        // Tests and their settings may stub a collaborator; what they may not is disarm assertions.
        let known = [
            "unittest.",
            "pytest.",
            "numpy.",
            "torch.",
            "builtins.",
            "sys.modules[unittest",
            "sys.modules[pytest",
        ];
        if in_tests
            && !(known.iter().any(|it| patch.target.starts_with(it)) && is_disarmed(tree, &patch))
        {
            continue;
        }
        hits.push(Hit::at_node(view, patch.at).word("TARGET", patch.target));
    }
}

/// The object is a local value, not a module.
fn is_local(tree: Tree<'_>, patch: &Patch) -> bool {
    use caveat_parser::names::Root;
    let Some(left) = tree.field(patch.at, Field::Left) else {
        return false;
    };
    if tree.role(left) != Role::Attribute {
        return false;
    }
    !tree
        .names
        .resolve(left)
        .is_some_and(|it| matches!(it.root, Root::Imported | Root::Project))
}

/// The replacement never fails: a constant, `pass`, a lambda of a literal.
fn is_disarmed(tree: Tree<'_>, patch: &Patch) -> bool {
    let Some(value) = patch.value else {
        return true;
    };
    match tree.role(value) {
        Role::Lambda => tree
            .field(value, Field::Body)
            .is_some_and(|it| tree.is_literal(it)),
        Role::Identifier => {
            let text = function_text(tree.code.text, tree.text(value));
            text.and_then(|it| it.split_once(':'))
                .is_some_and(|(_, body)| {
                    !body.contains('(') && !body.contains("raise") && !body.contains("assert")
                })
        }
        Role::Call => tree.called(value).contains("Mock"),
        _ => false,
    }
}

/// A wrapper that calls what it replaces.
fn calls_original(tree: Tree<'_>, patch: &Patch) -> bool {
    let Some(value) = patch.value else {
        return false;
    };
    let last = patch.target.rsplit('.').next().unwrap_or("");
    let mut olds: Vec<&str> = Vec::new();
    for id in tree.all(Role::Assignment) {
        if let (Some(left), Some(right)) =
            (tree.field(id, Field::Left), tree.field(id, Field::Right))
            && id != patch.at
            && tree.text(right).ends_with(last)
        {
            olds.push(tree.text(left));
        }
    }
    let calls = |text: &str| {
        olds.iter().any(|old| text.contains(&format!("{old}(")))
            || text.contains("orig")
            || text.contains("wrapped(")
    };
    let body = match tree.role(value) {
        Role::Identifier => {
            return function_text(tree.code.text, tree.text(value)).is_some_and(calls);
        }
        Role::Call => {
            return tree
                .positional(value)
                .iter()
                .any(|&it| tree.dotted(it) == patch.target);
        }
        _ => Some(value),
    };
    body.is_some_and(|body| calls(tree.text(body)))
}
