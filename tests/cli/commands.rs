//! Commands beside `scan`.

use super::{Project, snapshot};

#[test]
fn rules() {
    let project = Project::new(&[]);
    snapshot!(
        project.caveat("rules --rules rules"),
        project.caveat("rules --rules rules --cost"),
        project.caveat("rules --rules rules --format json --select eval-call"),
        project.caveat("rules --rules rules --format markdown --select eval-call"),
    );
}

#[test]
fn explain() {
    let project = Project::new(&[]);
    snapshot!(
        project.caveat("explain eval-call --rules rules"),
        project.caveat("explain evalcall --rules rules"),
        project.caveat("explain qqq --rules rules"),
    );
}

#[test]
fn a_built_in_rule_is_explained_with_examples() {
    let project = Project::new(&[]);
    let outcome = project.caveat("explain unsafe-yaml-load");
    assert_eq!(outcome.code, Some(0));
    for word in ["yaml.load(", "CWE-502", "caveat: ignore[unsafe-yaml-load]"] {
        assert!(outcome.out.contains(word), "{word} in {}", outcome.out);
    }
    assert!(!outcome.out.contains("expect:"), "marks are for tests");
}

#[test]
fn test() {
    let project = Project::new(&[
        ("f/eval-call/bad.py", "eval(x)  # expect: eval-call\n"),
        (
            "f/eval-call/bad_too.py",
            "eval(x)\nf(y)  # expect: eval-call\n",
        ),
        ("f/eval-call/bad-tree/a.py", "eval(x)\n"),
        (
            "f/eval-call/bad-tree/b.py",
            "eval(x)  # expect: eval-call\n",
        ),
        (
            "f/eval-call/bad_known.py",
            "eval(x)  # expect-miss: eval-call found since\n",
        ),
        (
            "f/eval-call/bad_false.py",
            "f(x)  # expect-false: eval-call\n",
        ),
        ("f/eval-call/bad_empty.py", "f(x)\n"),
        ("f/eval-call/good.py", "f(x)  # fine: another function\n"),
        ("fine/exec-call/bad.py", "exec(x)  # expect: exec-call\n"),
    ]);
    snapshot!(
        project.caveat("test f --rules rules"),
        project.caveat("test fine --rules rules"),
        project.caveat("test rules --rules rules"),
        project.caveat("test nowhere --rules rules"),
    );
}

#[test]
fn test_of_semgrep_rules() {
    let rule = "rules:
- id: call-of-f
  languages: [python]
  severity: ERROR
  message: f is called
  pattern: f(...)
- id: tainted
  mode: taint
  languages: [python]
  severity: ERROR
  message: tainted
  pattern-sources: [{pattern: a()}]
  pattern-sinks: [{pattern: b(...)}]
";
    let code = "# ruleid: call-of-f
f(1)
# ok: call-of-f
g(1)
# todoruleid: call-of-f
getattr(x, 'f')()
# ruleid: call-of-f
g(2)
# ok: call-of-f
f(3)
";
    let project = Project::new(&[("s/f.yaml", rule), ("s/f.py", code)]);
    snapshot!(
        project.caveat("test s"),
        project.caveat("scan --rules s/f.yaml s --format concise")
    );
}

#[test]
fn completions_and_manual() {
    let project = Project::new(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let outcome = project.caveat(&format!("completions {shell}"));
        assert_eq!(outcome.code, Some(0));
        assert!(outcome.out.contains("caveat"), "{shell}");
    }
    let page = project.caveat("man").out;
    assert!(page.contains(".TH caveat 1"), "{page}");
    assert!(project.caveat("man scan").out.contains("fail\\-on"));
    assert_eq!(project.caveat("man nothing").code, Some(2));
}

#[test]
fn help() {
    let project = Project::new(&[]);
    snapshot!(project.caveat("--help"), project.caveat("scan -h"));
}

#[test]
fn routes_are_listed_with_their_guards() {
    let project = Project::new(&[(
        "app.py",
        "from flask import Flask\nfrom flask_login import login_required\napp = Flask(__name__)\n\n\n@app.post('/items')\n@login_required\ndef create():\n    save()\n\n\n@app.get('/items')\ndef items():\n    return []\n",
    )]);
    let text = project.caveat("routes .").out;
    assert!(text.contains("POST /items"), "{text}");
    assert!(text.contains("guarded: login_required (route)"), "{text}");
    let table = project.caveat("routes --format markdown .").out;
    assert!(
        table.contains("| GET | `/items` | `items` | app.py:13 |  | no guard |"),
        "{table}"
    );
    let json = project.caveat("routes --format json .").out;
    assert!(json.contains("\"framework\": \"flask\""), "{json}");
}
