//! Finds attacker-controlled contexts pasted into the scripts of GitHub workflows and actions.
//!
//! The contexts are those that GitHub's security guide lists as untrusted. `${{ }}` is replaced
//! before the shell or JavaScript reads the script; in `env:`, `with:` and `if:` it is data.

use rustc_hash::FxHashMap;

use super::{
    Analysis, FileKind, Hit, TextFile,
    expression::{emitted, holes},
    in_order,
    yaml::{Node, Tree},
};
use crate::rule::{Confidence, Severity};

pub(super) const ANALYSIS: Analysis = Analysis {
    rule: "workflow-script-injection",
    check,
    triggers: &["${{"],
    kinds: &[FileKind::Workflow, FileKind::Action],
};

/// Contexts that anybody who may open an issue, comment or pull request chooses; `*` is any part.
const UNTRUSTED: &[&str] = &[
    "github.head_ref",
    "github.event.issue.title",
    "github.event.issue.body",
    "github.event.pull_request.title",
    "github.event.pull_request.body",
    "github.event.pull_request.head.ref",
    "github.event.pull_request.head.label",
    "github.event.pull_request.head.repo.default_branch",
    "github.event.pull_request.head.repo.description",
    "github.event.pull_request.head.repo.homepage",
    "github.event.discussion.title",
    "github.event.discussion.body",
    "github.event.comment.body",
    "github.event.review.body",
    "github.event.review_comment.body",
    "github.event.pages.*.page_name",
    "github.event.commits.*.message",
    "github.event.commits.*.author.email",
    "github.event.commits.*.author.name",
    "github.event.commits.*.committer.email",
    "github.event.commits.*.committer.name",
    "github.event.head_commit.message",
    "github.event.head_commit.author.email",
    "github.event.head_commit.author.name",
    "github.event.head_commit.committer.email",
    "github.event.head_commit.committer.name",
    "github.event.workflow_run.head_branch",
    "github.event.workflow_run.display_title",
    "github.event.workflow_run.head_commit.message",
    "github.event.workflow_run.head_commit.author.email",
    "github.event.workflow_run.head_commit.author.name",
    "github.event.workflow_run.head_repository.description",
    "github.event.workflow_run.pull_requests.*.head.ref",
    "github.event.merge_group.head_commit.message",
];

/// Objects that hold untrusted fields; as text they come out of `toJSON` and `format`.
const UNTRUSTED_OBJECTS: &[&str] = &[
    "github",
    "github.event",
    "github.event.issue",
    "github.event.pull_request",
    "github.event.pull_request.head",
    "github.event.comment",
    "github.event.review",
    "github.event.discussion",
    "github.event.commits",
    "github.event.commits.*",
    "github.event.head_commit",
    "github.event.workflow_run",
];

fn check(file: &TextFile) -> Vec<Hit> {
    let Ok(tree) = Tree::parse(file.text) else {
        return Vec::new();
    };
    let mut hits = Vec::new();
    for root in tree.roots() {
        let scope = Scope::of(root, file);
        let environment = scope.with_environment(root);
        for (_, job) in root.get("jobs").into_iter().flat_map(Node::entries) {
            steps(job, &environment.with_environment(job), &mut hits);
        }
        if let Some(runs) = root.get("runs") {
            steps(runs, &environment, &mut hits);
        }
    }
    in_order(hits)
}

/// What a name means in a step: variables that hold untrusted text, inputs and their harm.
#[derive(Clone)]
struct Scope {
    /// Lower-case variable name and the context it holds.
    variables: FxHashMap<String, String>,
    /// Lower-case names of inputs that cannot hold any text: booleans, numbers, choices.
    closed_inputs: Vec<String>,
    /// Whether other projects may call this action, with text of anybody's.
    is_published: bool,
}

impl Scope {
    fn of(root: Node, file: &TextFile) -> Self {
        let triggers = root
            .get("on")
            .into_iter()
            .flat_map(Node::entries)
            .map(|(_, trigger)| trigger);
        let declared = triggers
            .chain([root])
            .filter_map(|node| node.get("inputs"))
            .flat_map(Node::entries);
        let closed = declared
            .filter(|(_, input)| is_closed(*input))
            .filter_map(|(name, _)| name.text());
        Scope {
            variables: FxHashMap::default(),
            closed_inputs: closed.map(str::to_ascii_lowercase).collect(),
            is_published: file.kind == FileKind::Action && !file.path.contains(".github/"),
        }
    }

    /// The scope inside a node with an `env:` of its own.
    fn with_environment(&self, node: Node) -> Scope {
        let mut inner = self.clone();
        for (name, value) in node.get("env").into_iter().flat_map(Node::entries) {
            let (Some(name), Some(value)) = (name.text(), value.text()) else {
                continue;
            };
            let name = name.to_ascii_lowercase();
            let contexts = holes(value)
                .into_iter()
                .flat_map(|(_, expression)| emitted(expression));
            match contexts.into_iter().find(|path| is_untrusted(path)) {
                Some(path) => inner.variables.insert(name, path),
                None => inner.variables.remove(&name),
            };
        }
        inner
    }

    /// Words for a context pasted into a script, if its text is not the project's own, and how
    /// much less sure and bad than the rule says this case is.
    fn judge(&self, path: &str) -> Option<(String, Option<(Severity, Confidence)>)> {
        if is_untrusted(path) {
            return Some((format!("`{path}`"), None));
        }
        if let Some(source) = path
            .strip_prefix("env.")
            .and_then(|name| self.variables.get(name))
        {
            return Some((format!("`{path}` (which is `{source}`)"), None));
        }
        let input = path
            .strip_prefix("inputs.")
            .or_else(|| path.strip_prefix("github.event.inputs."))?;
        if self.closed_inputs.iter().any(|closed| closed == input) {
            return None;
        }
        // Who may start a workflow by hand, or change the one that calls this, may write already.
        let weight = if self.is_published {
            (Severity::Medium, Confidence::Medium)
        } else {
            (Severity::Low, Confidence::Low)
        };
        Some((format!("`{path}`"), Some(weight)))
    }
}

/// Whether an input cannot hold any text: by its type, or by a default of true or false.
fn is_closed(input: Node) -> bool {
    let typed = input
        .get("type")
        .and_then(Node::text)
        .is_some_and(|kind| kind != "string");
    let default = input.get("default").and_then(Node::text).unwrap_or("");
    typed
        || matches!(default.to_ascii_lowercase().as_str(), "true" | "false")
        || default.parse::<u64>().is_ok()
}

fn is_untrusted(path: &str) -> bool {
    UNTRUSTED_OBJECTS.contains(&path) || UNTRUSTED.iter().any(|known| same_path(known, path))
}

/// Equal part by part; a `*` on either side is any part.
fn same_path(known: &str, path: &str) -> bool {
    let mut parts = path.split('.');
    let same = known.split('.').all(|wanted| {
        parts
            .next()
            .is_some_and(|part| part == wanted || wanted == "*" || part == "*")
    });
    same && parts.next().is_none()
}

fn steps(job: Node, scope: &Scope, hits: &mut Vec<Hit>) {
    for step in job.get("steps").into_iter().flat_map(Node::items) {
        let scope = scope.with_environment(step);
        let uses = step.get("uses").and_then(Node::text).unwrap_or("");
        let script = if uses.starts_with("actions/github-script@") {
            step.get("with").and_then(|with| with.get("script"))
        } else {
            step.get("run")
        };
        if let Some(script) = script {
            holes_of(script, &scope, hits);
        }
    }
}

fn holes_of(script: Node, scope: &Scope, hits: &mut Vec<Hit>) {
    let Some(snippet) = script.snippet() else {
        return;
    };
    for (span, expression) in holes(&snippet.text) {
        let judged = emitted(expression)
            .into_iter()
            .find_map(|path| scope.judge(&path));
        let Some((detail, weight)) = judged else {
            continue;
        };
        let repeated = hits.iter().any(|earlier| earlier.detail == detail);
        if weight.is_some() && repeated {
            continue;
        }
        let mut hit = Hit::new(snippet.in_file(span), detail);
        if let Some((severity, confidence)) = weight {
            hit = hit.severity(severity).confidence(confidence);
        }
        hits.push(hit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[&str]) {
        let hits = super::check(&TextFile::new(path, text));
        let got: Vec<_> = hits.iter().map(|hit| hit.span.text(text)).collect();
        assert_eq!(got, expected, "{text}");
    }

    fn step(step: &str, expected: &[&str]) {
        let text = format!(
            "on: {{workflow_dispatch: {{inputs: {{n: {{type: number}}, s: {{}}}}}}}}\njobs:\n  j:\n    steps:\n    - {step}\n"
        );
        check(".github/workflows/a.yml", &text, expected);
    }

    #[test]
    fn scripts() {
        step(
            "run: echo ${{ github.event.issue.title }}",
            &["${{ github.event.issue.title }}"],
        );
        step(
            "run: |\n        a\n        echo ${{github.head_ref}}",
            &["${{github.head_ref}}"],
        );
        step(
            "run: echo ${{ github.event.issue.number }} ${{ github.sha }}",
            &[],
        );
        step(
            "run: echo ${{ contains(github.event.issue.title, 'x') }}",
            &[],
        );
        step(
            "run: echo ${{ toJSON(github.event) }}",
            &["${{ toJSON(github.event) }}"],
        );
        step(
            "run: echo ${{ inputs.s }} ${{ inputs.n }}",
            &["${{ inputs.s }}"],
        );
        step(
            "{uses: actions/github-script@v7, with: {script: 'a(${{ github.event.comment.body }})'}}",
            &["${{ github.event.comment.body }}"],
        );
        step(
            "{uses: other/thing@v7, with: {script: 'a(${{ github.event.comment.body }})'}}",
            &[],
        );
        step(
            "{run: echo $T, env: {T: '${{ github.event.comment.body }}'}}",
            &[],
        );
        step(
            "{run: 'echo ${{ env.T }}', env: {T: '${{ github.event.comment.body }}'}}",
            &["${{ env.T }}"],
        );
        step("{if: \"${{ github.head_ref }}\", run: a}", &[]);
    }

    #[test]
    fn composite_actions() {
        let text =
            "inputs: {x: {}}\nruns:\n  using: composite\n  steps:\n  - run: echo ${{ inputs.x }}\n";
        check("action.yml", text, &["${{ inputs.x }}"]);
        let flag =
            "inputs: {x: {default: 'false'}}\nruns:\n  steps:\n  - run: echo ${{ inputs.x }}\n";
        check("action.yml", flag, &[]);
    }
}
