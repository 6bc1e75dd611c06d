//! Finds Jupyter servers that anybody may enter: an empty token, cross-site checks turned off,
//! every origin allowed.
//!
//! Command lines and the server's configuration files. An empty password alone is the default
//! and closes nothing off; it is the empty token that opens the door.

use caveat_parser::Span;

use super::{
    Analysis, FileKind, Hit, Snippet, TextFile, in_order, scripts,
    shell::{Command, Script},
    yaml::{Node, Tree},
};
use crate::rule::{Confidence, Severity};

pub(super) const ANALYSIS: Analysis = Analysis {
    rule: "notebook-server-open",
    check,
    triggers: &["token", "allow_origin", "disable_check_xsrf"],
    kinds: &[
        FileKind::Workflow,
        FileKind::Action,
        FileKind::GitlabCi,
        FileKind::Compose,
        FileKind::Kubernetes,
        FileKind::Dockerfile,
        FileKind::Shell,
        FileKind::Notebook,
        FileKind::Devcontainer,
        FileKind::JupyterConfig,
    ],
};

/// Classes of the server whose traits decide who may enter.
const CLASSES: &[&str] = &[
    "NotebookApp",
    "ServerApp",
    "IdentityProvider",
    "PasswordIdentityProvider",
    "LabApp",
];

fn check(file: &TextFile) -> Vec<Hit> {
    let mut hits = Vec::new();
    match (file.kind, file.path.ends_with("py")) {
        (FileKind::JupyterConfig, true) => python_config(file.text, &mut hits),
        (FileKind::JupyterConfig, false) => json_config(file.text, &mut hits),
        _ => scripts::each(file, &mut |script, place| {
            of_script(script, place, &mut hits)
        }),
    }
    in_order(hits)
}

/// Hits in one piece of shell code.
pub(super) fn in_shell(snippet: &Snippet) -> Vec<Hit> {
    let mut hits = Vec::new();
    scripts::each_in(snippet, &mut |script, place| {
        of_script(script, place, &mut hits)
    });
    in_order(hits)
}

/// A setting of the server: its words, and how bad it is on a server others can reach.
fn judge(trait_name: &str, value: &str, shown: &str) -> Option<(String, Severity)> {
    let value = value.trim().trim_matches(['"', '\'']);
    let truth = matches!(value.to_ascii_lowercase().as_str(), "true" | "1");
    match trait_name {
        "token" if value.is_empty() => Some((format!("`{shown}` lets anybody in"), Severity::High)),
        "allow_origin" if value == "*" => Some((
            format!("`{shown}` lets any site talk to the server"),
            Severity::Medium,
        )),
        "allow_origin_pat" if matches!(value, ".*" | "*") => Some((
            format!("`{shown}` lets any site talk to the server"),
            Severity::Medium,
        )),
        "disable_check_xsrf" if truth => Some((
            format!("`{shown}` lets other sites act for the user"),
            Severity::Medium,
        )),
        _ => None,
    }
}

fn of_script(script: &Script, place: &dyn Fn(Span) -> Span, hits: &mut Vec<Hit>) {
    for command in script.commands() {
        let names = |word: &str| {
            word.contains("jupyter") || word.contains("notebook") || word.contains("-singleuser")
        };
        if !command.words.iter().any(|word| names(&word.text)) {
            continue;
        }
        let has_password = command.words.iter().any(|word| {
            let option = word.text.split_once('=');
            option.is_some_and(|(name, value)| name.ends_with(".password") && !value.is_empty())
        });
        for word in &command.words {
            let Some((name, value)) = word.text.strip_prefix("--").and_then(|w| w.split_once('='))
            else {
                continue;
            };
            let Some((class, trait_name)) = name.split_once('.') else {
                continue;
            };
            let judged = judge(trait_name, value, &format!("--{name}={value}"));
            let Some((detail, severity)) = judged.filter(|_| CLASSES.contains(&class)) else {
                continue;
            };
            if trait_name == "token" && has_password {
                continue;
            }
            hits.push(placed(
                Hit::new(place(word.span), detail),
                severity,
                listens(command),
            ));
        }
    }
}

/// Whether the command says that it listens on all addresses, or only on this machine's.
fn listens(command: &Command) -> Option<bool> {
    let words: Vec<&str> = command
        .words
        .iter()
        .map(|word| word.text.as_str())
        .collect();
    let joined = words.iter().find_map(|word| {
        let (name, value) = word.split_once('=')?;
        (name == "--ip" || name.ends_with(".ip")).then_some(value)
    });
    let spaced = words
        .windows(2)
        .find(|pair| pair[0] == "--ip")
        .map(|pair| pair[1]);
    joined
        .or(spaced)
        .map(|address| matches!(address, "0.0.0.0" | "*" | "::"))
}

/// The server listens on this machine only unless told otherwise, and others of its users and
/// any web page reach it there.
fn placed(hit: Hit, severity: Severity, everywhere: Option<bool>) -> Hit {
    match everywhere {
        Some(true) => hit.severity(severity),
        Some(false) => hit.severity(Severity::Low),
        None => hit
            .severity(severity.min(Severity::Medium))
            .confidence(Confidence::Medium),
    }
}

/// `c.ServerApp.token = ''`
fn python_config(text: &str, hits: &mut Vec<Hit>) {
    let everywhere = text.lines().any(|line| {
        let line = line.trim_start();
        line.starts_with("c.")
            && line.contains(".ip")
            && (line.contains("0.0.0.0")
                || line.contains('*')
                || line.contains("\"\"")
                || line.contains("''"))
    });
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim();
        let at = start + (line.len() - line.trim_start().len()) as u32;
        start += line.len() as u32;
        let Some((target, value)) = body.split_once('=') else {
            continue;
        };
        let mut parts = target.trim().split('.');
        let (Some("c"), Some(class), Some(trait_name), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let value = without_comment(value);
        let is_literal = value.trim().starts_with(['"', '\''])
            || value.trim().starts_with("u'")
            || value.trim() == "True";
        let judged = judge(
            trait_name,
            value.trim().trim_start_matches('u'),
            &format!("c.{class}.{trait_name}"),
        );
        if let Some((detail, severity)) = judged.filter(|_| CLASSES.contains(&class) && is_literal)
        {
            let hit = Hit::new(Span::new(at, at + body.len() as u32), detail);
            hits.push(placed(hit, severity, everywhere.then_some(true)));
        }
    }
}

/// A short literal without the comment after it.
fn without_comment(value: &str) -> &str {
    value.split('#').next().unwrap_or(value)
}

fn json_config(text: &str, hits: &mut Vec<Hit>) {
    let Ok(tree) = Tree::parse(text) else { return };
    for root in tree.roots() {
        let classes = || {
            root.entries()
                .filter(|(name, _)| name.text().is_some_and(|n| CLASSES.contains(&n)))
        };
        let address = classes()
            .find_map(|(_, class)| class.get("ip"))
            .and_then(Node::text);
        let everywhere = address.map(|ip| matches!(ip, "0.0.0.0" | "*" | "" | "::"));
        for (key, value) in classes().flat_map(|(_, class)| class.entries()) {
            let (Some(name), Some(text)) = (key.text(), value.text()) else {
                continue;
            };
            if let Some((detail, severity)) = judge(name, text, &format!("{name}: {text:?}")) {
                hits.push(placed(Hit::new(key.span(), detail), severity, everywhere));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[&str]) {
        let hits = super::check(&TextFile::new(path, text));
        let got: Vec<_> = hits.iter().map(|hit| hit.span.text(text)).collect();
        assert_eq!(got, expected, "{path}: {text}");
    }

    #[test]
    fn command_lines() {
        check(
            "a.sh",
            "jupyter lab --ip=0.0.0.0 --NotebookApp.token=''",
            &["--NotebookApp.token=''"],
        );
        check(
            "Dockerfile",
            "CMD [\"jupyter\", \"lab\", \"--ServerApp.token=\"]",
            &["--ServerApp.token="],
        );
        check("a.sh", "jupyter lab --ServerApp.token=$TOKEN", &[]);
        check("a.sh", "jupyter lab --ServerApp.password=''", &[]);
        check(
            "a.sh",
            "jupyter lab --ServerApp.token='' --ServerApp.password='argon2:x'",
            &[],
        );
        check(
            "compose.yml",
            "services: {w: {command: start-notebook.sh --NotebookApp.token='' --NotebookApp.allow_origin='*'}}",
            &["--NotebookApp.token=''", "--NotebookApp.allow_origin='*'"],
        );
    }

    #[test]
    fn configuration() {
        check(
            "jupyter_server_config.py",
            "c.ServerApp.token = ''\n# c.ServerApp.token = ''\nc.ServerApp.ip = '0.0.0.0'",
            &["c.ServerApp.token = ''"],
        );
        check(
            "jupyter_server_config.py",
            "c.ServerApp.token = os.environ['T']\nc.ServerApp.disable_check_xsrf = True",
            &["c.ServerApp.disable_check_xsrf = True"],
        );
        check(
            "jupyter_server_config.json",
            "{\"ServerApp\": {\"token\": \"\"}}",
            &["\"token\""],
        );
        check(
            "jupyter_server_config.json",
            "{\"ServerApp\": {\"token\": \"abc\"}}",
            &[],
        );
    }
}
