//! Pieces of code without what was around them: the findings are those of the whole.

use super::Project;

/// Lines and rules that a scan reports for a text, at lines of the text itself.
fn findings(name: &str, text: &str) -> Vec<String> {
    let project = Project::new(&[(name, text)]);
    let words = format!("scan {name} --format concise --min-confidence low");
    let from_file = project.caveat(&words);
    let words = format!("scan - --stdin-filename {name} --format concise --min-confidence low");
    let from_input = project.run(&words, &[], text.as_bytes());
    assert_eq!(from_file.out, from_input.out, "a file and standard input");
    let shown = |line: &str| {
        let (place, rest) = line.split_once(": ")?;
        let at = place.split(':').nth(1)?.parse::<usize>().ok()?;
        Some(format!("{at} {rest}"))
    };
    from_file.out.lines().filter_map(shown).collect()
}

/// Asserts that a fragment has the findings of the whole, `lines` below.
fn check(name: &str, fragment: &str, before: &str, after: &str) {
    let whole = findings(name, &[before, fragment, after].concat());
    let lines = before.lines().count();
    let moved = |line: &String| {
        let (at, rest) = line.split_once(' ').expect("made so above");
        let at: usize = at.parse().expect("made so above");
        format!("{} {rest}", at.saturating_sub(lines))
    };
    let whole: Vec<String> = whole.iter().map(moved).collect();
    assert!(!whole.is_empty(), "there is something to find");
    assert_eq!(findings(name, fragment), whole, "{fragment}");
}

const PYTHON_BODY: &str = "    import hashlib, requests, yaml
    settings = yaml.load(text, Loader=yaml.Loader)
    try:
        requests.get(settings[\"url\"], verify=False)
    except Exception:
        pass
    return hashlib.md5(text).hexdigest()
";

#[test]
fn a_python_body_without_its_head() {
    check("a.py", PYTHON_BODY, "def run(text):\n", "");
}

#[test]
fn a_python_body_without_its_head_and_its_indent() {
    let flat: String = PYTHON_BODY
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line)))
        .collect();
    let expected = findings("a.py", &["def run(text):\n", PYTHON_BODY].concat());
    assert_eq!(findings("a.py", &flat).len(), expected.len());
}

#[test]
fn bare_python_methods() {
    let methods = "    def get(self, seen=[]):
        import subprocess
        return subprocess.run(f\"ls {self.name}\", shell=True)

    @staticmethod
    def post(url):
        import requests
        return requests.post(url, verify=False)
";
    check("a.py", methods, "class View:\n", "");
}

#[test]
fn python_that_begins_in_the_middle() {
    let middle = "        import requests
        requests.get(url, verify=False)
    except ValueError:
        return None
    return requests.get(url, verify=False)
";
    let found = findings("a.py", middle);
    let count = found
        .iter()
        .filter(|it| it.contains("[tls-verification-disabled]"));
    assert_eq!(count.count(), 2, "{found:?}");
}

const RUST_BODY: &str = "    use std::process::Command;
    let program = format!(\"ls {name}\");
    if name.is_empty() {
        return Ok(());
    }
    let _ = Command::new(\"sh\").arg(\"-c\").arg(format!(\"ls {name}\")).status();
    for _ in 0..3 {
        let _ = reqwest::Client::builder().danger_accept_invalid_certs(true).build()?;
    }
    Command::new(\"sh\").arg(\"-c\").arg(format!(\"rm {name}\")).status().map(drop)
";

#[test]
fn rust_statements_without_a_function() {
    check("a.rs", RUST_BODY, "fn run(name: &str) -> R {\n", "}\n");
}

#[test]
fn a_bare_rust_method() {
    let method = format!("    pub fn run(&self, name: &str) -> R {{\n{RUST_BODY}    }}\n");
    check("a.rs", &method, "impl Runner {\n", "}\n");
}

#[test]
fn rust_that_ends_in_braces_of_what_is_missing() {
    let end = format!("{RUST_BODY}    }}\n}}\n");
    let found = findings("a.rs", &end);
    assert!(found.len() >= 3, "{found:?}");
}

#[test]
fn a_rust_expression_with_arms() {
    let fragment = "match choice {
    Some(url) => client(url),
    None => reqwest::Client::builder().danger_accept_invalid_certs(true).build()?,
}
";
    check(
        "a.rs",
        fragment,
        "fn run(choice: Option<Url>) -> R {\n",
        "}\n",
    );
}
