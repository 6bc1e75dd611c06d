//! Settings and instructions of coding agents, and workflows that run them: safeguards that are
//! switched off, servers whose next version nobody has seen, instructions against checks.
//!
//! Settings are read line by line, for their formats are many and the keys are not; what depends
//! on structure (which list a wildcard stands in) is read as a tree. Invisible characters are the
//! matter of `bidi_control_character`, secrets that of `checks::secrets`.

use caveat_parser::Span;

use super::{
    Analysis, FileKind, Hit, TextFile, in_order,
    yaml::{Node, Tree},
};
use crate::rule::{Confidence, Severity};

/// Safeguards of an agent that a setting or a command line switches off.
pub(super) const SAFEGUARDS: Analysis = Analysis {
    rule: "agent-safeguard-disabled",
    check: safeguards,
    triggers: &[
        "dangerously-skip-permissions",
        "dangerously-bypass-approvals",
        "bypasspermissions",
        "--yolo",
        "danger-full-access",
        "approval_policy",
        "autoapprove",
        "alwaysallow",
        "enableallprojectmcpservers",
        "allowed_non_write_users",
        "allowed_bots",
        "permissions",
    ],
    kinds: &[
        FileKind::AgentConfig,
        FileKind::Workflow,
        FileKind::Action,
        FileKind::GitlabCi,
        FileKind::Compose,
        FileKind::Dockerfile,
        FileKind::Shell,
        FileKind::Devcontainer,
        FileKind::Other,
    ],
};

/// MCP servers that are fetched in whatever version there is.
pub(super) const UNPINNED: Analysis = Analysis {
    rule: "unpinned-mcp-server",
    check: unpinned,
    triggers: &["mcpservers", "\"servers\"", "context_servers"],
    kinds: &[
        FileKind::AgentConfig,
        FileKind::Other,
        FileKind::Devcontainer,
    ],
};

/// Instructions of an agent against checks and people.
pub(super) const INSTRUCTIONS: Analysis = Analysis {
    rule: "instruction-disables-checks",
    check: instructions,
    triggers: &[
        "no-verify",
        "skip",
        "disable",
        "bypass",
        "without",
        "ignore",
        "approve",
        "tell",
        "delete",
        "comment out",
    ],
    kinds: &[FileKind::AgentConfig],
};

/// Lines of a text with the offset of each.
fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let at = start;
        start += line.len() as u32;
        (at, line)
    })
}

fn is_prose(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    [".md", ".mdc", ".txt", "rules"]
        .iter()
        .any(|end| lower.ends_with(end))
}

// ---- safeguards ----

/// Flags of agents on a command line; the words of which the line must have one.
const FLAGS: &[(&str, &[&str])] = &[
    ("--dangerously-skip-permissions", &[]),
    ("--dangerously-bypass-approvals-and-sandbox", &[]),
    (
        "--yolo",
        &["gemini", "codex", "claude", "qwen", "copilot", "agent"],
    ),
    ("danger-full-access", &["sandbox"]),
    ("bypasspermissions", &["mode"]),
];

/// Settings, without blanks and quotes, in lower case.
const SETTINGS: &[&str] = &[
    "enableallprojectmcpservers:true",
    "autoapprove:true",
    "autoapprove:[*",
    "alwaysallow:[*",
    "approval_policy=never",
    "allowed_non_write_users:*",
    "allowed_bots:*",
];

/// Words of lines that are about a flag rather than giving it.
const ABOUT: &[&str] = &[
    "grep", "deny", "forbid", "disallow", "echo", "refuse", "never",
];

fn safeguards(file: &TextFile) -> Vec<Hit> {
    let mut hits = Vec::new();
    if is_prose(file.path) {
        return hits;
    }
    for (start, line) in lines(file.text) {
        let trimmed = line.trim_start();
        if line.len() > 2_000 || trimmed.starts_with('#') || trimmed.starts_with("//") {
            continue;
        }
        let lower = line.to_ascii_lowercase();
        if ABOUT.iter().any(|word| lower.contains(word)) {
            continue;
        }
        let flag = FLAGS.iter().find(|(flag, with)| {
            lower.contains(flag)
                && (with.is_empty() || with.iter().any(|word| lower.contains(word)))
        });
        if let Some((flag, _)) = flag {
            let at = lower.find(flag).unwrap_or(0);
            hits.push(disabled(line, start, at, flag.len()));
            continue;
        }
        let compact: String = lower
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\''))
            .collect();
        if SETTINGS.iter().any(|setting| compact.contains(setting)) {
            let at = line.len() - trimmed.len();
            hits.push(disabled(line, start, at, trimmed.trim_end().len()));
        }
    }
    if file.kind == FileKind::AgentConfig {
        hits.extend(wildcards(file.text));
    }
    in_order(hits)
}

fn disabled(line: &str, start: u32, at: usize, length: usize) -> Hit {
    let text = line
        .get(at..at + length)
        .unwrap_or("")
        .trim_end_matches(',');
    let span = Span::new(start + at as u32, start + (at + text.len()) as u32);
    Hit::new(span, format!("`{text}` lets the agent act without asking"))
}

/// Permissions that allow every command.
fn wildcards(text: &str) -> Vec<Hit> {
    let Ok(tree) = Tree::parse(text) else {
        return Vec::new();
    };
    let lists = tree
        .roots()
        .filter_map(|root| root.get("permissions")?.get("allow"));
    let entries = lists.flat_map(Node::items);
    entries
        .filter_map(|entry| {
            let rule = entry.text()?;
            let all = matches!(rule, "*" | "Bash" | "Bash(*)" | "Bash(*:*)" | "Bash(**)");
            all.then(|| Hit::new(entry.span(), format!("`{rule}` allows every command")))
        })
        .collect()
}

// ---- servers ----

fn unpinned(file: &TextFile) -> Vec<Hit> {
    let is_json = [".json", ".jsonc"]
        .iter()
        .any(|end| file.path.ends_with(end));
    let Ok(tree) = Tree::parse(file.text) else {
        return Vec::new();
    };
    let mut hits = Vec::new();
    for root in tree.roots().filter(|_| is_json) {
        let tables = ["mcpServers", "servers", "context_servers"];
        let nested = root.get("mcp");
        let tables = tables
            .iter()
            .filter_map(|name| root.get(name).or_else(|| nested?.get(name)));
        for server in tables.flat_map(Node::entries).map(|(_, server)| server) {
            hits.extend(floating(server));
        }
    }
    in_order(hits)
}

/// The package of a server that is started through a package runner, if no version is named.
fn floating(server: Node<'_>) -> Option<Hit> {
    let command = server.get("command")?.text()?;
    let program = command.rsplit('/').next().unwrap_or(command);
    let words: Vec<Node<'_>> = server.get("args")?.items().collect();
    let package = words.iter().copied().find(|word| {
        word.text().is_some_and(|text| {
            !text.starts_with('-') && !matches!(text, "dlx" | "exec" | "run" | "tool")
        })
    })?;
    let text = package.text()?;
    let is_local =
        text.starts_with(['.', '/', '~', '$']) || text.ends_with(".js") || text.ends_with(".py");
    let version = text
        .get(1..)
        .and_then(|rest| rest.split_once('@'))
        .map(|it| it.1);
    let floats = match program {
        "npx" | "bunx" | "pnpm" | "yarn" => {
            version.is_none_or(|it| matches!(it, "latest" | "next"))
        }
        "uvx" | "pipx" => !text.contains("==") && version.is_none_or(|it| it == "latest"),
        _ => return None,
    };
    (floats && !is_local).then(|| {
        Hit::new(
            package.span(),
            format!("`{program} {text}` runs whatever version is the newest"),
        )
    })
}

// ---- instructions ----

/// Orders against checks and people. Those of the second list say no by themselves.
const ORDERS: &[&str] = &[
    "--no-verify",
    "skip the tests",
    "skip tests",
    "skip code review",
    "skip security",
    "disable the linter",
    "disable lint",
    "disable security",
    "disable tests",
    "disable failing tests",
    "delete failing tests",
    "comment out failing tests",
    "ignore security",
    "ignore failing tests",
    "ignore previous instructions",
    "ignore all previous",
    "ignore all prior",
    "bypass the sandbox",
    "bypass ci",
    "bypass the hooks",
    "always approve",
];
const SILENT: &[&str] = &[
    "do not tell the user",
    "don't tell the user",
    "without telling the user",
    "without asking the user",
    "without asking for confirmation",
    "without asking for permission",
    "never ask for confirmation",
    "never ask for permission",
];
/// What turns an order round.
const NEGATIONS: &[&str] = &[
    "never",
    "not ",
    "n't",
    "avoid",
    "without",
    "instead of",
    "forbid",
    "prohibit",
    "no ",
    "unless",
    "refuse",
    "if ",
    "when ",
    "attempt",
];

fn instructions(file: &TextFile) -> Vec<Hit> {
    let mut hits = Vec::new();
    if !is_prose(file.path) {
        return hits;
    }
    for (start, line) in lines(file.text) {
        let lower = line.to_ascii_lowercase();
        let order = ORDERS
            .iter()
            .filter_map(|order| Some((lower.find(order)?, *order)))
            .find(|(at, _)| !NEGATIONS.iter().any(|word| lower[..*at].contains(word)));
        let silent = || {
            SILENT
                .iter()
                .filter_map(|order| Some((lower.find(order)?, *order)))
                .find(|(at, _)| {
                    let before = &lower[..*at];
                    !["never", "not ", "n't"]
                        .iter()
                        .any(|word| before.contains(word))
                })
        };
        if let Some((at, order)) = order.or_else(silent) {
            let span = Span::new(start + at as u32, start + (at + order.len()) as u32);
            let hit = Hit::new(
                span,
                format!("`{order}` tells the agent to go around a check"),
            );
            hits.push(
                hit.severity(Severity::Medium)
                    .confidence(Confidence::Medium),
            );
        }
    }
    in_order(hits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'t>(hits: &[Hit], text: &'t str) -> Vec<&'t str> {
        hits.iter().map(|hit| hit.span.text(text)).collect()
    }

    #[test]
    fn settings() {
        let check = |path: &str, text: &str, expected: &[&str]| {
            assert_eq!(
                found(&safeguards(&TextFile::new(path, text)), text),
                expected,
                "{text}"
            );
        };
        check(
            ".claude/settings.json",
            r#"{"permissions": {"allow": ["Bash(*)", "Read"], "deny": ["Bash"]}}"#,
            &["\"Bash(*)\""],
        );
        check(
            ".claude/settings.json",
            "{\"permissions\": {\n\"defaultMode\": \"bypassPermissions\"}}",
            &["bypassPermissions"],
        );
        check(
            ".github/workflows/a.yml",
            "jobs:\n  a:\n    steps:\n    - run: claude -p x --dangerously-skip-permissions\n",
            &["--dangerously-skip-permissions"],
        );
        check(
            ".github/workflows/a.yml",
            "permissions:\n  contents: read\n",
            &[],
        );
        check(
            ".codex/config.toml",
            "approval_policy = \"on-request\"\n",
            &[],
        );
        check("CLAUDE.md", "claude --dangerously-skip-permissions\n", &[]);
    }

    #[test]
    fn servers() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(
                found(&unpinned(&TextFile::new(".mcp.json", text)), text),
                expected,
                "{text}"
            );
        };
        check(
            r#"{"mcpServers": {"a": {"command": "npx", "args": ["-y", "@x/server"]}}}"#,
            &["\"@x/server\""],
        );
        check(
            r#"{"mcpServers": {"a": {"command": "npx", "args": ["-y", "@x/server@1.2.3"]}}}"#,
            &[],
        );
        check(
            r#"{"mcpServers": {"a": {"command": "node", "args": ["server.js"]}}}"#,
            &[],
        );
    }

    #[test]
    fn orders() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(
                found(&instructions(&TextFile::new("AGENTS.md", text)), text),
                expected,
                "{text}"
            );
        };
        check("- Commit with --no-verify.\n", &["--no-verify"]);
        check("- Never commit with --no-verify.\n", &[]);
        check("- Do not skip tests.\n", &[]);
        check(
            "- Push without asking for confirmation.\n",
            &["without asking for confirmation"],
        );
    }
}
