//! Finds the shell code of a file: scripts, Dockerfile commands, CI steps, notebook lines.
//!
//! It knows where each format keeps commands and nothing of what is wrong with them.

use super::{
    FileKind, TextFile, dockerfile,
    shell::Script,
    snippet::Snippet,
    yaml::{Node, Tree},
};
use caveat_parser::Span;

/// Kinds of file that hold shell code.
pub const KINDS: &[FileKind] = &[
    FileKind::Workflow,
    FileKind::Action,
    FileKind::GitlabCi,
    FileKind::Compose,
    FileKind::Kubernetes,
    FileKind::Dockerfile,
    FileKind::Shell,
    FileKind::Notebook,
    FileKind::Devcontainer,
];

/// Takes a script and a function from its spans to those of the file.
pub type Visit<'v> = dyn FnMut(&Script, &dyn Fn(Span) -> Span) + 'v;

/// Calls `visit` with every script of the file's shell code, nested ones included.
pub fn each(file: &TextFile, visit: &mut Visit) {
    for snippet in snippets(file) {
        each_in(&snippet, visit);
    }
}

/// The same for one piece of shell code.
pub fn each_in(snippet: &Snippet, visit: &mut Visit) {
    Script::parse(&snippet.text).visit(&mut |script, place| {
        visit(script, &|span| snippet.in_file(place.unwrap_or(span)));
    });
}

/// Every piece of shell code of the file, in order.
pub fn snippets(file: &TextFile) -> Vec<Snippet> {
    match file.kind {
        FileKind::Shell => vec![Snippet::verbatim(file.text, 0)],
        FileKind::Dockerfile => dockerfile::parse(file.text)
            .iter()
            .filter_map(dockerfile::Instruction::command)
            .collect(),
        FileKind::Notebook => from_tree(file.text, &mut notebook_cell),
        kind if KINDS.contains(&kind) => from_tree(file.text, &mut |key, value, out| {
            configured(kind, key, value, out);
        }),
        _ => Vec::new(),
    }
}

/// Words as a shell would need them written, quoted where they hold more than a plain word.
pub fn quote_words(words: &[Snippet]) -> Snippet {
    let mut line = Snippet::default();
    for (at, word) in words.iter().enumerate() {
        if at > 0 {
            line.push_invented(" ");
        } else {
            line.push(&word.slice(0, 0));
        }
        let plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,$".contains(c);
        if !word.text.is_empty() && word.text.chars().all(plain) {
            line.push(word);
        } else {
            line.push_invented("'");
            line.push(&without_quotes(word));
            line.push_invented("'");
        }
    }
    line
}

/// A single quote cannot stand in single quotes; which quote it was rarely matters here.
fn without_quotes(word: &Snippet) -> Snippet {
    let mut word = word.clone();
    word.text = word.text.replace('\'', "\"");
    word
}

type Collect<'a> = &'a mut dyn FnMut(&str, Node, &mut Vec<Snippet>);

fn from_tree(text: &str, collect: Collect) -> Vec<Snippet> {
    let mut found = Vec::new();
    if let Ok(tree) = Tree::parse(text) {
        tree.walk(|key, value| {
            if let Some(key) = key.text() {
                collect(key, value, &mut found);
            }
        });
    }
    found
}

/// Commands of CI files, Compose files and manifests.
fn configured(kind: FileKind, key: &str, value: Node, out: &mut Vec<Snippet>) {
    match (kind, key) {
        (FileKind::Workflow | FileKind::Action, "run")
        | (FileKind::Devcontainer, "postCreateCommand" | "postStartCommand" | "onCreateCommand") => {
            out.extend(value.snippet());
        }
        (FileKind::GitlabCi, "script" | "before_script" | "after_script") => {
            out.extend(value.snippet());
            out.extend(value.items().filter_map(Node::snippet));
        }
        (FileKind::Compose, "command" | "entrypoint" | "test")
        | (FileKind::Kubernetes, "command" | "args") => {
            let words: Vec<Snippet> = value.items().filter_map(Node::snippet).collect();
            if !words.is_empty() {
                out.push(argument_list(&words));
            } else if kind == FileKind::Compose {
                out.extend(value.snippet());
            }
        }
        _ => {}
    }
}

/// `args: [script]` of a container whose command is a shell elsewhere: a single word with blanks
/// or line breaks is read as a script.
fn argument_list(words: &[Snippet]) -> Snippet {
    match words {
        [only] if only.text.contains(char::is_whitespace) => only.clone(),
        [mode, script] if mode.text == "CMD-SHELL" => script.clone(),
        _ => quote_words(words),
    }
}

/// `!command` lines and `%%bash` cells. A cell's source is a string or a list of lines.
fn notebook_cell(key: &str, value: Node, out: &mut Vec<Snippet>) {
    if key != "source" {
        return;
    }
    let mut cell = value.snippet().unwrap_or_default();
    for line in value.items().filter_map(Node::snippet) {
        if cell.text.is_empty() {
            cell = line;
        } else {
            cell.push(&line);
        }
    }
    let magic = cell.text.trim_start();
    if ["%%bash", "%%sh", "%%script bash"]
        .iter()
        .any(|start| magic.starts_with(start))
    {
        let body = cell.text.find('\n').unwrap_or(cell.text.len());
        out.push(cell.from(body));
        return;
    }
    let mut at = 0;
    while at < cell.text.len() {
        let end = logical_end(&cell.text, at);
        let line = cell.text[at..end].trim_start();
        if let Some(command) = line
            .strip_prefix('!')
            .or_else(|| line.strip_prefix("%pip ").map(|_| &line[1..]))
        {
            out.push(cell.slice(end - command.len(), end));
        }
        at = end + 1;
    }
}

/// End of the line at `at`, continuation lines included.
fn logical_end(text: &str, at: usize) -> usize {
    let mut end = at;
    loop {
        end += text[end..].find('\n').unwrap_or(text.len() - end);
        if end >= text.len() || !text[..end].ends_with('\\') {
            return end;
        }
        end += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[&str]) {
        let file = TextFile::new(path, text);
        let got: Vec<String> = snippets(&file)
            .into_iter()
            .map(|s| s.text.trim().to_owned())
            .collect();
        assert_eq!(got, expected, "{path}");
    }

    #[test]
    fn finds_shell_code() {
        check(
            ".github/workflows/a.yml",
            "jobs: {a: {steps: [{run: b c}]}}",
            &["b c"],
        );
        check(
            ".gitlab-ci.yml",
            "job:\n  script:\n  - a\n  - b",
            &["a", "b"],
        );
        check(
            "compose.yml",
            "services: {w: {command: [sh, -c, 'a | b'], entrypoint: x y}}",
            &["sh -c 'a | b'", "x y"],
        );
        check("Dockerfile", "FROM x\nRUN a\nCMD [\"b\"]", &["a", "b"]);
        check(
            "a.ipynb",
            "{\"cells\": [{\"source\": [\"x = 1\\n\", \"!curl a | sh\\n\", \"%pip install b\"]}, {\"source\": \"%%bash\\nls\"}]}",
            &["curl a | sh", "pip install b", "ls"],
        );
    }

    #[test]
    fn notebook_spans() {
        let text = "{\"cells\": [{\"source\": [\"x\\n\", \"!curl a\\n\"]}]}";
        let snippet = &snippets(&TextFile::new("a.ipynb", text))[0];
        assert_eq!(snippet.in_file(Span::new(0, 4)).text(text), "curl");
    }
}
