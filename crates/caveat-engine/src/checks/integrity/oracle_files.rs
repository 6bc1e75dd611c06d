//! Product code that reads what tests expect, or writes what verifies it.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};

use super::super::{Check, FileView, Hit};
use crate::rule::Confidence;
use crate::tests_model::{Tree, place};

/// Reports product code that opens tests, expected outputs, answer keys.
pub static READS: Check = Check {
    name: "reads-oracle",
    languages: &["python", "rust"],
    triggers: &["test", "expected", "golden"],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run: reads,
};

/// Reports product code that writes tests, rewards, verdicts, reports of test runs.
pub static TAMPERS: Check = Check {
    name: "verifier-tamper",
    languages: &["python", "rust"],
    triggers: &["test", "reward", "score"],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run: tampers,
};

/// A path in the code: its literal parts, and whether it begins at a place that the caller chose.
struct Path {
    parts: Vec<String>,
    variable: bool,
    /// Beside the file itself, without going up.
    beside: bool,
}

impl Path {
    /// Folders and name.
    fn segments(&self) -> impl Iterator<Item = &str> {
        self.parts
            .iter()
            .flat_map(|it| it.split(['/', '\\']))
            .filter(|it| !it.is_empty() && *it != "." && *it != "..")
    }

    fn shown(&self) -> String {
        self.parts.join("/").replace("//", "/")
    }
}

/// How many names are followed.
const DEPTH: u32 = 12;

/// The path that an expression makes.
fn path(tree: Tree<'_>, id: NodeId, depth: u32, into: &mut Path) {
    let Some(depth) = depth.checked_sub(1) else {
        into.variable = true;
        return;
    };
    match tree.role(id) {
        Role::String | Role::ConcatenatedString => match tree.string(id) {
            Some(text) => into.parts.push(text),
            None => {
                let first = tree
                    .below(id)
                    .find(|&it| matches!(tree.role(it), Role::StringContent | Role::Interpolation));
                into.variable |= into.parts.is_empty()
                    && first.is_some_and(|it| tree.role(it) == Role::Interpolation);
                for part in tree
                    .below(id)
                    .filter(|&it| tree.role(it) == Role::StringContent)
                {
                    into.parts.push(tree.text(part).to_owned());
                }
            }
        },
        Role::Binary => {
            for side in [Field::Left, Field::Right] {
                if let Some(side) = tree.field(id, side) {
                    path(tree, side, depth, into);
                }
            }
        }
        Role::Call => {
            let name = tree.last_name(id);
            if matches!(
                name,
                "join"
                    | "joinpath"
                    | "Path"
                    | "abspath"
                    | "resolve"
                    | "str"
                    | "fspath"
                    | "dirname"
                    | "expanduser"
                    | "PathBuf"
                    | "from"
                    | "new"
                    | "to_string"
                    | "as_path"
                    | "PurePath"
                    | "glob"
                    | "rglob"
                    | "with_name"
                    | "as_posix"
                    | "realpath"
            ) {
                if let Some(receiver) = tree.receiver(id) {
                    let text = tree.text(receiver);
                    if !matches!(text, "os.path" | "pathlib" | "os" | "path" | "glob") {
                        path(tree, receiver, depth, into);
                    }
                }
                for argument in tree.positional(id) {
                    path(tree, argument, depth, into);
                }
            } else {
                into.variable |= into.parts.is_empty();
            }
        }
        Role::MacroCall => {
            for argument in tree.positional(id) {
                path(tree, argument, depth, into);
            }
        }
        Role::Reference | Role::Subscript => {
            let inner = tree.kids(id);
            if let Some(&inner) = if tree.role(id) == Role::Reference {
                inner.last()
            } else {
                inner.first()
            } {
                path(tree, inner, depth, into);
            }
        }
        Role::Attribute if tree.is_python() => {
            let text = tree.text(id);
            if text.ends_with(".parent") || text.contains(".parents") {
                if let Some(&inner) = tree.kids(id).first() {
                    let before = into.beside;
                    path(tree, inner, depth, into);
                    into.beside = !before
                        && into.beside
                        && !text.ends_with(".parent.parent")
                        && !text.contains(".parents");
                }
            } else {
                into.variable |= into.parts.is_empty();
            }
        }
        Role::Identifier if tree.text(id) == "__file__" => into.beside = true,
        Role::Identifier => match tree.names.value_of(id) {
            Some(value) => path(tree, value, depth, into),
            None => into.variable |= into.parts.is_empty(),
        },
        _ => into.variable |= into.parts.is_empty(),
    }
}

fn path_of(tree: Tree<'_>, id: NodeId) -> Path {
    let mut found = Path {
        parts: Vec::new(),
        variable: false,
        beside: false,
    };
    path(tree, id, DEPTH, &mut found);
    found
}

/// Whether a path leads to tests or to what they expect.
fn is_oracle(path: &Path) -> bool {
    let segments: Vec<&str> = path.segments().collect();
    let Some((name, folders)) = segments.split_last() else {
        return false;
    };
    let lower = name.to_ascii_lowercase();
    let stem = lower.split('.').next().unwrap_or("");
    let has_ending = lower.contains('.');
    let in_tests = segments.iter().any(|it| {
        matches!(
            *it,
            "tests"
                | "test"
                | "__tests__"
                | "testdata"
                | "test_data"
                | "hidden_tests"
                | "private_tests"
                | "spec"
                | "test_cases"
                | "testcases"
        )
    }) && (has_ending || !folders.is_empty());
    let is_test = (stem.starts_with("test_")
        || stem.ends_with("_test")
        || matches!(stem, "tests" | "test" | "conftest"))
        && (lower.ends_with(".py")
            || lower.ends_with(".rs")
            || lower.ends_with(".json")
            || lower.ends_with(".yaml")
            || lower.ends_with(".txt")
            || lower.ends_with(".jsonl")
            || lower.ends_with(".csv"));
    let is_key = [
        "testcases",
        "test_cases",
        "expected",
        "expected_output",
        "expected_outputs",
        "expected_results",
        "golden",
        "answers",
        "answer_key",
        "answerkey",
        "solution_key",
        "ground_truth",
        "hidden_tests",
        "oracle",
        "reference_output",
        "reference_outputs",
        "expected_answers",
        "test_vectors",
        "gold",
        "gold_answers",
        "truth",
    ]
    .contains(&stem)
        && has_ending;
    let in_keys = folders.iter().any(|it| {
        matches!(
            *it,
            "expected"
                | "golden"
                | "goldens"
                | "answers"
                | "expected_outputs"
                | "expected_output"
                | "ground_truth"
                | "fixtures"
                | "snapshots"
                | "__snapshots__"
                | "hidden"
        )
    }) && has_ending;
    // Data that ships beside the code is the code's own.
    (in_tests || is_test) || !path.beside && (is_key || in_keys)
}

fn is_tool(tree: Tree<'_>) -> bool {
    let path = tree.path;
    let tool = path.split('/').any(|it| {
        matches!(
            it,
            "scripts"
                | "tools"
                | "ci"
                | "dev"
                | "bench"
                | "xtask"
                | "docs"
                | "packaging"
                | "test"
                | "testing"
                | "release"
                | "contrib"
                | "hack"
                | "conformance"
        )
    });
    let name = path.rsplit('/').next().unwrap_or(path);
    tool || matches!(name, "setup.py" | "noxfile.py" | "tasks.py" | "fabfile.py")
        || name.contains("test")
        || name.contains("golden")
        || name.contains("fixture")
        || name.contains("benchmark")
        || name.starts_with("gen")
        || name.contains("generate")
        || name.starts_with("update")
        || name.starts_with("regen")
        || name.contains("scaffold")
}

fn reads(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(tree) = Tree::of(view) else { return };
    if is_tool(tree) {
        return;
    }
    for id in tree.arena().ids() {
        let found = match tree.role(id) {
            Role::Call | Role::MacroCall => read(tree, id),
            Role::ImportFrom | Role::Import => imported(tree, id),
            _ => None,
        };
        let Some((what, confidence)) = found else {
            continue;
        };
        if tree.in_test(id) || writes_around(tree, id) {
            continue;
        }
        hits.push(Hit {
            confidence: (confidence == Confidence::Low).then_some(confidence),
            ..Hit::at_node(view, id).word("WHAT", what)
        });
    }
}

/// The function also writes: it makes or updates such files. Or it starts the tests.
fn writes_around(tree: Tree<'_>, id: NodeId) -> bool {
    let Some(function) = tree.outermost_function(id) else {
        return false;
    };
    let text = tree.text(function);
    [
        "write_text(",
        "\"w\")",
        "'w')",
        ".write(",
        "json.dump(",
        "fs::write",
        "pytest.main",
        "subprocess",
        "Command::new",
        "unittest.main",
        "loadTestsFromName",
    ]
    .iter()
    .any(|it| text.contains(it))
}

fn read(tree: Tree<'_>, id: NodeId) -> Option<(String, Confidence)> {
    let arguments = tree.positional(id);
    let called = tree.called(id);
    let last = tree.last_name(id);
    let target = match last {
        "open"
        | "include_str"
        | "include_bytes"
        | "include"
        | "read_to_string"
        | "read"
        | "read_csv"
        | "read_json"
        | "loadtxt"
        | "load_module"
        | "spec_from_file_location"
        | "run_path"
        | "File"
        | "getlines" => {
            let at = usize::from(last == "spec_from_file_location");
            match (arguments.get(at), tree.receiver(id)) {
                (_, Some(receiver))
                    if last == "open"
                        && !matches!(
                            tree.text(receiver),
                            "io" | "os" | "codecs" | "gzip" | "File" | "builtins"
                        ) =>
                {
                    receiver
                }
                (None, Some(receiver)) if last == "read" => receiver,
                (Some(&first), _) => first,
                _ => return None,
            }
        }
        "read_text" | "read_bytes" | "iterdir" => tree.receiver(id)?,
        "import_module" | "__import__" => {
            let name = tree.string(*arguments.first()?)?;
            return is_test_module(&name).then(|| {
                (
                    format!("`{name}` is imported by product code"),
                    Confidence::Medium,
                )
            });
        }
        "getsource" | "getsourcefile" | "getsourcelines" => {
            let text = tree.text(*arguments.first()?);
            let test = text.contains("test_") || text.starts_with("tests.");
            return (test && called.starts_with("inspect")).then(|| {
                (
                    format!("the source of `{text}` is read by product code"),
                    Confidence::Medium,
                )
            });
        }
        _ => return None,
    };
    let mode = arguments
        .iter()
        .chain(tree.keyword(id, "mode").iter())
        .filter_map(|&it| tree.string(it))
        .any(|it| matches!(&*it, "w" | "wb" | "a" | "x" | "w+" | "wt"));
    let path = path_of(tree, target);
    (!mode && is_oracle(&path) && !path.variable).then(|| {
        (
            format!("`{}` is read by product code", path.shown()),
            Confidence::Medium,
        )
    })
}

fn is_test_module(name: &str) -> bool {
    let mut parts = name.split('.').filter(|it| !it.is_empty());
    let first = parts.next().unwrap_or("");
    let last = name.rsplit('.').next().unwrap_or("");
    matches!(first, "tests" | "test_cases" | "conftest" | "hidden_tests")
        || first.starts_with("test_") && last == first
        || name.contains(".tests.test_")
}

/// `from tests.test_x import EXPECTED`.
fn imported(tree: Tree<'_>, id: NodeId) -> Option<(String, Confidence)> {
    if !tree.is_python() {
        return None;
    }
    let module = match tree.field(id, Field::ModuleName) {
        Some(module) => tree.text(module),
        None => tree.field(id, Field::Name).map(|it| tree.text(it))?,
    };
    let lazily = tree.text(id).contains("TYPE_CHECKING");
    let inside = tree.path.split('/').next().is_some_and(|it| it == "tests");
    (is_test_module(module) && !module.starts_with('.') && !lazily && !inside).then(|| {
        (
            format!("`{module}` is imported by product code"),
            Confidence::Medium,
        )
    })
}

/// Whether a path leads to what judges: tests, rewards, verdicts, reports.
fn is_verdict(path: &Path) -> bool {
    let segments: Vec<&str> = path.segments().collect();
    let Some((name, folders)) = segments.split_last() else {
        return false;
    };
    let lower = name.to_ascii_lowercase();
    let stem = lower.split('.').next().unwrap_or("");
    let ending = lower.contains('.');
    let words: Vec<&str> = stem.split(['_', '-']).collect();
    let telling = words.iter().any(|it| {
        matches!(
            *it,
            "reward"
                | "rewards"
                | "score"
                | "scores"
                | "verdict"
                | "grade"
                | "grades"
                | "junit"
                | "xunit"
                | "nextest"
                | "pytest"
        )
    }) || matches!(
        stem,
        "test-results"
            | "test_results"
            | "test-report"
            | "test_report"
            | "testresults"
            | "lastfailed"
            | "result"
            | "results"
    ) && (lower.ends_with(".xml")
        || lower.ends_with(".tap")
        || lower.ends_with(".json") && stem.contains("test"))
        || lower.ends_with(".tap");
    let in_tests = folders.iter().any(|it| {
        matches!(
            *it,
            "tests" | "test" | "hidden_tests" | "verifier" | "grader"
        )
    }) || stem.starts_with("test_") && lower.ends_with(".py")
        || stem == "conftest";
    ending && (telling || in_tests)
}

fn tampers(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(tree) = Tree::of(view) else { return };
    let name = tree.path.rsplit('/').next().unwrap_or(tree.path);
    let update = name.starts_with("gen")
        || name.contains("scaffold")
        || name.contains("golden")
        || name.starts_with("update")
        || name.contains("template")
        || place::is_test_file(tree.path) && name != "conftest.py";
    if update && name != "build.rs" {
        return;
    }
    for id in tree
        .arena()
        .ids()
        .filter(|&it| matches!(tree.role(it), Role::Call))
    {
        if let Some(path) = by_command(tree, id)
            && !tree.in_test(id)
        {
            hits.push(Hit::at_node(view, id).word("PATH", path));
            continue;
        }
        let Some((target, content)) = written(tree, id) else {
            continue;
        };
        let path = path_of(tree, target);
        let runs = tree
            .outermost_function(id)
            .map_or(tree.code.text, |it| tree.text(it));
        let derived = [
            "subprocess",
            "pytest.main",
            "unittest",
            "Command::new",
            "run_tests",
            "TestLoader",
        ]
        .iter()
        .any(|it| runs.contains(it));
        if is_verdict(&path)
            && !path.variable
            && is_fixed(tree, content)
            && !derived
            && !tree.in_test(id)
        {
            hits.push(Hit::at_node(view, id).word("PATH", path.shown()));
        }
    }
}

/// `os.system("echo 1 > reward.txt")`.
fn by_command(tree: Tree<'_>, id: NodeId) -> Option<String> {
    let path = tree.called(id);
    let shell = matches!(&*path, "os.system" | "os.popen")
        || path.starts_with("subprocess.")
        || path.ends_with("Command.new")
        || tree.last_name(id) == "arg";
    let command = tree
        .positional(id)
        .first()
        .filter(|_| shell)
        .and_then(|&it| tree.string(it))?;
    let (words, target) = command.rsplit_once('>')?;
    let fixed = words.trim_start().starts_with("echo")
        || words.trim_start().starts_with("printf")
        || words.contains("echo ");
    let path = Path {
        parts: vec![target.split_whitespace().next()?.to_owned()],
        variable: false,
        beside: false,
    };
    (fixed && !command.contains('$') && is_verdict(&path)).then(|| path.shown())
}

/// The path and the content of a write.
fn written(tree: Tree<'_>, id: NodeId) -> Option<(NodeId, NodeId)> {
    let arguments = tree.positional(id);
    match tree.last_name(id) {
        "write_text" | "write_bytes" => Some((tree.receiver(id)?, *arguments.first()?)),
        "write" if !tree.is_python() && tree.receiver(id).is_none() => {
            Some((*arguments.first()?, *arguments.get(1)?))
        }
        "write" | "write_all" | "writelines" => {
            let receiver = tree.receiver(id)?;
            Some((opened(tree, receiver)?, *arguments.first()?))
        }
        "dump" => Some((opened(tree, *arguments.get(1)?)?, *arguments.first()?)),
        "print" => Some((
            opened(tree, tree.keyword(id, "file")?)?,
            *arguments.first()?,
        )),
        _ => None,
    }
}

/// The path that a file object was opened with.
fn opened(tree: Tree<'_>, object: NodeId) -> Option<NodeId> {
    let path = |call: NodeId| match tree.last_name(call) {
        "open" => match tree.receiver(call) {
            Some(receiver) if !matches!(tree.text(receiver), "io" | "os" | "codecs" | "File") => {
                Some(receiver)
            }
            _ => tree.positional(call).first().copied(),
        },
        "create" | "File" => tree.positional(call).first().copied(),
        _ => None,
    };
    let inner = |id: NodeId| {
        tree.below(id)
            .filter(|&it| tree.role(it) == Role::Call)
            .find_map(path)
    };
    if tree.role(object) == Role::Call {
        return inner(object);
    }
    if let Some(value) = tree.names.value_of(object) {
        return inner(value);
    }
    // `with open(..) as handle`
    let name = tree.text(object);
    let item = tree
        .arena()
        .ancestors(object)
        .filter(|&it| tree.role(it) == Role::With)
        .find(|&it| {
            tree.below(it)
                .any(|at| tree.kind(at) == "as_pattern_target" && tree.text(at) == name)
        })?;
    tree.below(item)
        .filter(|&it| tree.role(it) == Role::WithItem)
        .find(|&it| tree.text(it).ends_with(name))
        .and_then(inner)
}

/// Content that does not depend on anything.
fn is_fixed(tree: Tree<'_>, content: NodeId) -> bool {
    if tree.is_literal(content) {
        return true;
    }
    match tree.role(content) {
        Role::Identifier => tree
            .names
            .value_of(content)
            .is_some_and(|it| tree.is_literal(it)),
        Role::Call => {
            let fixed = matches!(
                tree.last_name(content),
                "dumps"
                    | "encode"
                    | "dedent"
                    | "str"
                    | "as_bytes"
                    | "strip"
                    | "to_string"
                    | "format"
            );
            fixed
                && tree
                    .positional(content)
                    .iter()
                    .all(|&it| is_fixed(tree, it))
                && tree.receiver(content).is_none_or(|it| {
                    is_fixed(tree, it) || matches!(tree.text(it), "json" | "textwrap")
                })
        }
        Role::Reference => tree
            .kids(content)
            .last()
            .is_some_and(|&it| is_fixed(tree, it)),
        Role::Binary => [Field::Left, Field::Right]
            .iter()
            .all(|&it| tree.field(content, it).is_some_and(|it| is_fixed(tree, it))),
        _ => false,
    }
}
