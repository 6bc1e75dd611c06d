//! Tests that assert on their own doubles or on a copy of the code instead of on the product.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};
use rustc_hash::FxHashMap;

use super::super::{Check, FileView, Hit};
use crate::context;
use crate::tests_model::{Form, Oracle, Tree, oracles, place};

/// Reports tests whose subject is a mock, or re-implemented in the test.
pub static CHECK: Check = Check {
    name: "self-mock",
    languages: &["python", "rust"],
    triggers: &["Mock", "patch", "return_value"],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run,
};

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(tree) = Tree::of(view) else { return };
    for test in tree
        .all(Role::Function)
        .filter(|&it| place::is_test(tree, it))
    {
        let found = match tree.is_python() {
            true => python(tree, test),
            false => rust(tree, test),
        };
        let found = found.or_else(|| copy(tree, test));
        if let Some((at, what)) = found {
            hits.push(
                Hit::at_node(view, at)
                    .word("TEST", tree.name(test))
                    .word("WHAT", what),
            );
        }
    }
}

type Found = Option<(NodeId, String)>;

/// A double in a test: the text by which the test reaches it, and the value it was told to give.
type Doubles<'t> = FxHashMap<String, Option<&'t str>>;

fn python(tree: Tree<'_>, test: NodeId) -> Found {
    let mut doubles = Doubles::default();
    let mut mocks: Vec<&str> = Vec::new();
    for id in tree.below(test) {
        if tree.role(id) == Role::Assignment {
            assigned(tree, id, &mut mocks, &mut doubles);
        } else if tree.role(id) == Role::Call {
            patched(tree, id, &mut doubles);
        }
    }
    for decorator in tree.decorators(test) {
        patched(tree, decorator, &mut doubles);
    }
    if doubles.is_empty() && mocks.is_empty() {
        return None;
    }
    let body = tree.body(test)?;
    let all = oracles(tree, body);
    let judged: Vec<&Oracle> = all.iter().filter(|it| it.form != Form::Fail).collect();
    if judged.is_empty() {
        return None;
    }
    let mut first = None;
    for oracle in judged {
        // `assert_called` of a mock that the test called itself says nothing new.
        let subject = match oracle.form {
            Form::Mock => {
                let called = tree.receiver(oracle.node)?;
                let by_test = tree.calls(body).any(|it| {
                    tree.callee(it)
                        .is_some_and(|it| tree.text(it) == tree.text(called))
                });
                if !by_test || handed_on(tree, body, &mocks) {
                    return None;
                }
                continue;
            }
            _ => oracle.actual?,
        };
        let call = produced(tree, subject)?;
        let text = tree
            .callee(call)
            .map(|it| tree.text(it))
            .unwrap_or_default();
        let known = doubles.get(text)?;
        if let (Some(value), Some(expected)) = (known, oracle.expected)
            && !same_value(tree, value, expected)
        {
            return None;
        }
        first.get_or_insert((oracle.node, text.to_owned()));
    }
    let (at, name) = first?;
    Some((
        at,
        format!(
            "`{name}` was replaced by a mock in this test, and what the mock gives is all that is compared"
        ),
    ))
}

/// Whether a mock is handed to some other code, which may call it.
fn handed_on(tree: Tree<'_>, body: NodeId, mocks: &[&str]) -> bool {
    tree.calls(body).any(|call| {
        tree.positional(call)
            .iter()
            .any(|&it| mocks.contains(&tree.text(it)))
    })
}

fn same_value(tree: Tree<'_>, value: &str, expected: NodeId) -> bool {
    let text = tree.text(expected);
    let named = tree.names.value_of(expected).map(|it| tree.text(it));
    text == value || named == Some(value) || text.ends_with(".return_value")
}

/// The call that made a value: itself, behind an index, or behind a name.
fn produced(tree: Tree<'_>, subject: NodeId) -> Option<NodeId> {
    let mut at = subject;
    for _ in 0..4 {
        at = match tree.role(at) {
            Role::Call => return Some(at),
            Role::Subscript | Role::Await | Role::Attribute => *tree.kids(at).first()?,
            Role::Identifier => tree.names.value_of(at)?,
            _ => return None,
        };
    }
    None
}

fn is_mock_call(tree: Tree<'_>, value: NodeId) -> bool {
    tree.role(value) == Role::Call
        && matches!(
            tree.last_name(value),
            "Mock" | "MagicMock" | "AsyncMock" | "NonCallableMock" | "create_autospec" | "stub"
        )
        && tree.keyword(value, "wraps").is_none()
}

fn assigned<'t>(tree: Tree<'t>, id: NodeId, mocks: &mut Vec<&'t str>, doubles: &mut Doubles<'t>) {
    let (Some(left), Some(value)) = (tree.field(id, Field::Left), tree.field(id, Field::Right))
    else {
        return;
    };
    let target = tree.text(left);
    if is_mock_call(tree, value) {
        let gives = tree.keyword(value, "return_value").map(|it| tree.text(it));
        match tree.role(left) {
            Role::Identifier => {
                mocks.push(target);
                if gives.is_some() {
                    doubles.insert(target.to_owned(), gives);
                }
            }
            Role::Attribute => {
                doubles.insert(target.to_owned(), gives);
            }
            _ => {}
        }
    } else if let Some(owner) = target.strip_suffix(".return_value") {
        doubles.insert(owner.to_owned(), Some(tree.text(value)));
    } else if tree.role(left) == Role::Attribute && tree.role(value) == Role::Lambda {
        let given = tree
            .field(value, Field::Body)
            .filter(|&it| tree.is_literal(it));
        if let Some(given) = given {
            doubles.insert(target.to_owned(), Some(tree.text(given)));
        }
    }
}

/// `patch("a.b.f", return_value=..)`, `patch.object(a, "f")`, `monkeypatch.setattr(a, "f", lambda: 3)`.
fn patched<'t>(tree: Tree<'t>, id: NodeId, doubles: &mut Doubles<'t>) {
    if tree.role(id) != Role::Call
        || tree.keyword(id, "wraps").is_some()
        || tree.keyword(id, "side_effect").is_some()
    {
        return;
    }
    let arguments = tree.positional(id);
    let name = tree.last_name(id);
    let path = tree.callee(id).map_or("", |it| tree.text(it));
    let value = |at: usize| {
        let stated = tree.keyword(id, "return_value").map(|it| tree.text(it));
        stated.or_else(|| {
            let given = *arguments.get(at)?;
            match tree.role(given) {
                Role::Lambda => tree
                    .field(given, Field::Body)
                    .filter(|&it| tree.is_literal(it))
                    .map(|it| tree.text(it)),
                Role::Call if is_mock_call(tree, given) => {
                    tree.keyword(given, "return_value").map(|it| tree.text(it))
                }
                _ => None,
            }
        })
    };
    if name == "patch"
        && let Some(target) = arguments.first().and_then(|&it| tree.string(it))
    {
        let Some(given) = value(1) else { return };
        let parts: Vec<&str> = target.split('.').collect();
        let count = parts.len();
        for take in 1..=count.min(3) {
            doubles.insert(parts[count - take..].join("."), Some(given));
        }
        doubles.insert(target, Some(given));
    } else if path.ends_with("patch.object") || name == "setattr" && path.contains("monkeypatch") {
        let (Some(&owner), Some(attribute)) = (
            arguments.first(),
            arguments.get(1).and_then(|&it| tree.string(it)),
        ) else {
            return;
        };
        let Some(given) = value(2) else { return };
        doubles.insert(format!("{}.{attribute}", tree.text(owner)), Some(given));
    }
}

/// `let mut m = MockRepo::new(); m.expect_get().returning(..); assert_eq!(m.get(1), ..)`.
fn rust(tree: Tree<'_>, test: NodeId) -> Found {
    let body = tree.body(test)?;
    let mut mocks: Vec<&str> = Vec::new();
    for id in tree.below(body) {
        if tree.role(id) == Role::Let
            && let (Some(pattern), Some(value)) =
                (tree.field(id, Field::Pattern), tree.field(id, Field::Value))
            && tree.role(value) == Role::Call
            && (tree.text(value).starts_with("Mock") || tree.text(value).contains("::Mock"))
        {
            mocks.push(tree.text(pattern).trim_start_matches("mut ").trim());
        }
    }
    if mocks.is_empty() {
        return None;
    }
    let all = oracles(tree, body);
    let asserting: Vec<&Oracle> = all
        .iter()
        .filter(|it| !matches!(it.form, Form::Unwrap | Form::Fail))
        .collect();
    let sets_up = |oracle: &&&Oracle| {
        let text = tree.text(oracle.node);
        mocks.iter().any(|it| {
            text.strip_prefix(it)
                .is_some_and(|rest| rest.starts_with(".expect"))
        })
    };
    let asserting: Vec<&Oracle> = asserting
        .iter()
        .filter(|it| !sets_up(it))
        .copied()
        .collect();
    let own = |oracle: &&Oracle| {
        let subject = oracle.actual.and_then(|it| rust_call(tree, it));
        subject.is_some_and(|call| {
            tree.receiver(call)
                .is_some_and(|it| mocks.contains(&tree.text(it)))
        })
    };
    let handed = tree.calls(body).any(|call| {
        tree.role(call) == Role::Call
            && tree.positional(call).iter().any(|&it| {
                mocks.contains(
                    &tree
                        .text(it)
                        .trim_start_matches(['&', ' '])
                        .trim_start_matches("mut "),
                )
            })
    });
    let first = asserting.first()?;
    (asserting.iter().all(own) && !handed).then(|| {
        (
            first.node,
            String::from("only the mock that the test itself set up is called and compared"),
        )
    })
}

fn rust_call(tree: Tree<'_>, subject: NodeId) -> Option<NodeId> {
    let mut at = subject;
    for _ in 0..5 {
        at = match tree.role(at) {
            Role::Call
                if matches!(
                    tree.last_name(at),
                    "unwrap" | "expect" | "clone" | "as_deref" | "is_ok" | "is_some"
                ) =>
            {
                tree.receiver(at)?
            }
            Role::Call => return Some(at),
            Role::QuestionMark | Role::Await => *tree.kids(at).first()?,
            Role::Reference => *tree.kids(at).last()?,
            Role::Identifier => tree.names.value_of(at)?,
            _ => return None,
        };
    }
    None
}

/// The test asserts on a function that the test file itself defines under the name of one of the
/// product, which is not called.
fn copy(tree: Tree<'_>, test: NodeId) -> Found {
    let body = tree.body(test)?;
    let all = oracles(tree, body);
    let mut first = None;
    for oracle in &all {
        if matches!(oracle.form, Form::Unwrap | Form::Fail) {
            continue;
        }
        let subject = oracle.actual?;
        let call = if tree.is_python() {
            produced(tree, subject)?
        } else {
            rust_call(tree, subject)?
        };
        let callee = tree.callee(call)?;
        if tree.role(callee) != Role::Identifier {
            return None;
        }
        let name = tree.text(callee);
        if !defines_copy(tree, name) {
            return None;
        }
        first.get_or_insert((oracle.node, name));
    }
    let (at, name) = first?;
    Some((
        at,
        format!("`{name}` is the test's own copy; that of the product is not called"),
    ))
}

fn defines_copy(tree: Tree<'_>, name: &str) -> bool {
    let text = tree.code.text;
    if name.len() < 3 || name.starts_with('_') {
        return false;
    }
    let head = if tree.is_python() {
        format!("def {name}(")
    } else {
        format!("fn {name}(")
    };
    let own = text.matches(&head).count();
    if !tree.is_python() && !context::is_test_path(tree.path) {
        // In the module of tests, and outside of it.
        let Some(module) = text.find("#[cfg(test)]") else {
            return false;
        };
        return own == 2
            && text[..module].contains(&head)
            && text[module..].contains(&head)
            && !text[module..].contains(&format!("super::{name}"));
    }
    if own != 1 {
        return false;
    }
    let Some((project, file)) = tree.names.project() else {
        return false;
    };
    // Only where the file takes nothing at all from the product is the copy all that is tested.
    let outline = project.outline(file);
    let takes = outline.imports.iter().any(|import| {
        !matches!(
            project.imported(file, import),
            caveat_parser::link::Target::External(_)
        )
    });
    if takes {
        return false;
    }
    let folder = caveat_parser::link::parent(caveat_parser::link::parent(tree.path));
    project.definitions(name).iter().any(|at| {
        let path = project.path(at.file);
        at.file != file
            && !context::is_test_path(path)
            && path.starts_with(folder)
            && project.definition(*at).parent.is_none()
    })
}
