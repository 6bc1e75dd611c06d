//! Code that looks into its callers for the answer.

use caveat_parser::NodeId;
use caveat_parser::lang::Role;

use super::super::{Check, FileView, Hit};
use crate::tests_model::Tree;

/// Reports walks over frames or live objects that pick by a telling name.
pub static CHECK: Check = Check {
    name: "stack-peek",
    languages: &["python"],
    triggers: &["_getframe", "currentframe", "inspect.stack", "get_objects"],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run,
};

/// Names under which an answer is kept.
const ANSWERS: &[&str] = &[
    "expected",
    "reference",
    "want",
    "wanted",
    "answer",
    "answers",
    "solution",
    "target",
    "golden",
    "truth",
    "correct",
    "ground_truth",
    "ref_output",
    "reference_output",
    "expected_output",
    "expected_result",
    "oracle",
    "gold",
    "ref",
    "desired",
    "expect",
    "exp",
    "label",
    "labels",
    "ref_out",
    "y_true",
];

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(tree) = Tree::of(view) else { return };
    for function in tree.all(Role::Function) {
        let nested = tree
            .arena()
            .ancestors(function)
            .any(|it| tree.role(it) == Role::Function);
        if nested {
            continue;
        }
        if let Some((at, what)) = judge(tree, function) {
            hits.push(Hit::at_node(view, at).word("WHAT", what));
        }
    }
    let top: Vec<NodeId> = tree.kids(NodeId::ROOT);
    for statement in top {
        let code = matches!(
            tree.role(statement),
            Role::Function | Role::Class | Role::Decorated
        );
        if !code && let Some((at, what)) = judge(tree, statement) {
            hits.push(Hit::at_node(view, at).word("WHAT", what));
        }
    }
}

fn judge(tree: Tree<'_>, root: NodeId) -> Option<(NodeId, String)> {
    let text = tree.text(root);
    let frames = [
        "_getframe",
        "currentframe",
        "inspect.stack",
        "stack()",
        "f_back",
        "extract_stack",
        "walk_stack",
        "_current_frames",
        "getouterframes",
    ]
    .iter()
    .any(|it| text.contains(it));
    let objects = text.contains("gc.get_objects")
        || text.contains("gc.get_referrers")
        || text.contains("get_objects()");
    if !frames && !objects {
        return None;
    }
    let locals = [
        "f_locals",
        "f_globals",
        "getargvalues",
        "get_referrers",
        "gi_frame",
    ]
    .iter()
    .any(|it| text.contains(it));
    let strings = || {
        tree.below(root)
            .filter_map(|it| tree.string(it).map(|text| (it, text)))
    };
    if frames
        && locals
        && let Some((at, name)) =
            strings().find(|(at, text)| is_answer(text) && !tree.is_documentation(*at))
    {
        return Some((at, format!("callers are searched for `{name}`")));
    }
    if frames
        && (text.contains("co_name")
            || text.contains(".function")
            || text.contains("co_filename")
            || text.contains(".filename"))
    {
        let test = strings().find(|(at, text)| {
            let decides = tree.arena().ancestors(*at).any(|it| {
                matches!(tree.role(it), Role::Comparison)
                    || tree.role(it) == Role::Call
                        && matches!(tree.last_name(it), "startswith" | "endswith" | "any")
            });
            let telling = matches!(
                &**text,
                "test_"
                    | "test"
                    | "pytest"
                    | "unittest"
                    | "_pytest"
                    | "tests"
                    | "assertEqual"
                    | "grader"
                    | "evaluate"
                    | "judge"
                    | "grade"
                    | "check_answer"
                    | "score"
            ) || text.starts_with("test_")
                || text.contains("/tests/");
            decides && telling && !tree.is_documentation(*at)
        });
        // A helper that warns at the right depth skips frames by file; what matters is that a
        // result depends on it.
        let gives = tree.below(root).any(|it| {
            tree.role(it) == Role::Return
                && tree
                    .kids(it)
                    .first()
                    .is_some_and(|&value| tree.role(value) != Role::None)
        });
        if let Some((at, name)) = test
            && gives
        {
            return Some((at, format!("callers are searched for a test, by `{name}`")));
        }
    }
    if objects {
        let filtered = tree.below(root).find(|&it| {
            tree.role(it) == Role::Comparison
                && (tree.text(it).contains(".shape")
                    || tree.text(it).contains("__name__") && tree.text(it).contains(['"', '\''])
                    || is_answer_in(tree, it))
                || tree.role(it) == Role::Call
                    && matches!(tree.last_name(it), "isinstance" | "is_tensor" | "hasattr")
                    && ["Tensor", "ndarray", "expected", "answer"]
                        .iter()
                        .any(|word| tree.text(it).contains(word))
        });
        let gives = text.contains("return ")
            && !text.contains("return len(")
            && !text.contains("Counter")
            && !text.contains("return sum(")
            && !text.contains("return count");
        if let Some(at) = filtered
            && gives
        {
            return Some((
                at,
                String::from("the objects of the whole process are searched for a value to return"),
            ));
        }
    }
    None
}

fn is_answer(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ANSWERS.contains(&lower.as_str())
        || ["expected_", "reference_", "answer_", "correct_", "golden_"]
            .iter()
            .any(|it| lower.starts_with(it))
            && lower.len() < 30
}

fn is_answer_in(tree: Tree<'_>, id: NodeId) -> bool {
    tree.below(id)
        .any(|it| tree.string(it).is_some_and(|text| is_answer(&text)))
}
