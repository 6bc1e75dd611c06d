//! `--provenance`: which agent wrote the lines of findings, as git tells it.
//!
//! One `git blame` for each file with findings names the commits; author, committer and trailers of
//! those commits name the agent. Marks are e-mail addresses, bot accounts and trailer keys, never
//! bare first names. No mark means that nothing is known, not that a person wrote the line.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use caveat_engine::finding::FileReport;

use crate::git;
use crate::report::Provenance;

/// Commits that a repository wants left out of blame.
const IGNORED: &str = ".git-blame-ignore-revs";

/// Which agent a mark stands for, and how sure that is.
struct Mark {
    agent: &'static str,
    /// Texts of an address, in lower case.
    addresses: &'static [&'static str],
    /// Beginnings of lines of a message, in lower case.
    lines: &'static [&'static str],
}

const MARKS: &[Mark] = &[
    Mark {
        agent: "claude-code",
        addresses: &["noreply@anthropic.com", "claude[bot]"],
        lines: &[
            "claude-session:",
            "\u{1f916} generated with [claude code]",
            "generated with [claude code]",
        ],
    },
    Mark {
        agent: "copilot",
        addresses: &[
            "copilot-swe-agent[bot]",
            "+copilot@users.noreply.github.com",
            "copilot@github.com",
            "github-copilot[bot]",
        ],
        lines: &["agent-logs-url:"],
    },
    Mark {
        agent: "cursor",
        addresses: &["cursoragent@cursor.com", "agent@cursor.com"],
        lines: &["made-with: cursor"],
    },
    Mark {
        agent: "devin",
        addresses: &["devin-ai-integration[bot]"],
        lines: &[],
    },
    Mark {
        agent: "codex",
        addresses: &[
            "codex@openai.com",
            "noreply@openai.com",
            "chatgpt-codex-connector[bot]",
        ],
        lines: &[],
    },
    Mark {
        agent: "aider",
        addresses: &[
            "aider@aider.chat",
            "noreply@aider.dev",
            "noreply@aider.chat",
        ],
        lines: &[],
    },
    Mark {
        agent: "gemini",
        addresses: &["gemini-cli-agent@google.com", "gemini-code-assist[bot]"],
        lines: &[],
    },
    Mark {
        agent: "jules",
        addresses: &["google-labs-jules[bot]"],
        lines: &[],
    },
    Mark {
        agent: "amp",
        addresses: &["amp@ampcode.com"],
        lines: &["amp-thread-id:"],
    },
    Mark {
        agent: "opencode",
        addresses: &["noreply@opencode.ai"],
        lines: &[],
    },
    Mark {
        agent: "openhands",
        addresses: &["openhands@all-hands.dev"],
        lines: &[],
    },
    Mark {
        agent: "droid",
        addresses: &["factory-droid[bot]"],
        lines: &[],
    },
    Mark {
        agent: "crush",
        addresses: &["crush@charm.land"],
        lines: &[],
    },
    Mark {
        agent: "windsurf",
        addresses: &["noreply@codeium.com"],
        lines: &[],
    },
    Mark {
        agent: "replit",
        addresses: &["agent@replit.com"],
        lines: &["replit-commit-author: agent"],
    },
    Mark {
        agent: "unnamed",
        addresses: &[],
        lines: &["assisted-by:", "generated-by:", "ai-assisted:"],
    },
];

/// The agents behind the lines of findings, by path and 1-based line; an error for people where
/// git cannot tell.
///
/// # Errors
/// When there is no work tree, or git is not there.
pub fn of(
    root: &Path,
    files: &[FileReport],
) -> Result<HashMap<(Arc<str>, u32), Provenance>, String> {
    let Some(top) = git::top_level(root) else {
        return Err("no git work tree: nothing is known of who wrote the lines".to_owned());
    };
    let mut blamed: Vec<((Arc<str>, u32), String)> = Vec::new();
    for file in files.iter().filter(|file| !file.findings.is_empty()) {
        let Some(source) = &file.source else { continue };
        let commits = blame(&top, &root.join(&*file.path))?;
        for finding in &file.findings {
            let line = source.lines.line(finding.span.start);
            if let Some(commit) = commits.get(&line) {
                blamed.push(((Arc::clone(&file.path), line), commit.clone()));
            }
        }
    }
    let mut commits: Vec<&str> = blamed.iter().map(|(_, commit)| commit.as_str()).collect();
    commits.sort_unstable();
    commits.dedup();
    let known = authors(&top, &commits)?;
    let found = blamed.into_iter().filter_map(|(place, commit)| {
        let provenance = known.get(&commit)?.clone();
        Some((place, provenance))
    });
    Ok(found.collect())
}

/// The commit of each line of a file. Nothing for a file that git does not know.
fn blame(top: &Path, file: &Path) -> Result<HashMap<u32, String>, String> {
    let mut command = ask(top);
    command.args(["blame", "--porcelain", "-w", "-M", "-C"]);
    if top.join(IGNORED).is_file() {
        command.args(["--ignore-revs-file", IGNORED]);
    }
    let output = command.arg("--").arg(file).output();
    let output = output.map_err(|error| format!("cannot start git: {error}"))?;
    Ok(lines(&String::from_utf8_lossy(&output.stdout)))
}

fn ask(top: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(top)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
    command
}

/// Reads `HASH OLD NEW [COUNT]` lines of blame. Lines that are not committed have zeros.
fn lines(porcelain: &str) -> HashMap<u32, String> {
    let header = |line: &str| {
        let mut words = line.split(' ');
        let hash = words
            .next()
            .filter(|it| it.len() >= 40 && it.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let line = words.nth(1)?.parse().ok()?;
        let committed = hash.bytes().any(|byte| byte != b'0');
        committed.then(|| (line, hash.to_owned()))
    };
    let code = |line: &&str| !line.starts_with('\t');
    porcelain.lines().filter(code).filter_map(header).collect()
}

/// What the commits say of agents, by hash.
fn authors(top: &Path, commits: &[&str]) -> Result<HashMap<String, Provenance>, String> {
    if commits.is_empty() {
        return Ok(HashMap::new());
    }
    let mut command = ask(top);
    command.args([
        "log",
        "--no-walk=unsorted",
        "--stdin",
        "--format=%H%x1f%an <%ae>%x1f%cn <%ce>%x1f%B%x1e",
    ]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|error| format!("cannot start git: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        let asked = commits.join("\n");
        // git answers only after it has read everything; a failure shows in what it says.
        let _ = input.write_all(asked.as_bytes());
    }
    let output = child
        .wait_with_output()
        .map_err(|error| format!("git: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let records = text.split('\u{1e}').filter_map(|record| {
        let mut fields = record.trim_start().splitn(4, '\u{1f}');
        let (hash, author, committer) = (fields.next()?, fields.next()?, fields.next()?);
        let found = judge(hash, author, committer, fields.next().unwrap_or(""))?;
        Some((hash.to_owned(), found))
    });
    Ok(records.collect())
}

/// The agent that a commit names.
fn judge(hash: &str, author: &str, committer: &str, message: &str) -> Option<Provenance> {
    let made = |agent: &str, kind, evidence: &str, model: Option<String>| Provenance {
        agent: agent.to_owned(),
        model,
        kind,
        commit: hash.to_owned(),
        evidence: evidence.trim().chars().take(200).collect(),
    };
    for person in [author, committer] {
        if let Some(mark) = by_address(person) {
            return Some(made(mark.agent, "ai-authored", person, None));
        }
        if person.contains(" (aider) <") {
            return Some(made("aider", "ai-authored", person, None));
        }
    }
    for line in message.lines() {
        let lower = line.trim().to_ascii_lowercase();
        let named = lower.strip_prefix("co-authored-by:").and_then(by_address);
        let mark = named.or_else(|| {
            let starts = |mark: &&Mark| mark.lines.iter().any(|known| lower.starts_with(known));
            MARKS.iter().find(starts)
        });
        if let Some(mark) = mark {
            return Some(made(mark.agent, "ai-assisted", line, model(line)));
        }
    }
    None
}

fn by_address(person: &str) -> Option<&'static Mark> {
    let lower = person.to_ascii_lowercase();
    let has = |mark: &&Mark| mark.addresses.iter().any(|known| lower.contains(known));
    MARKS.iter().find(has)
}

/// The model that a co-author line names: `aider (gpt-5) <…>`, `Claude Opus 4 <…>`.
fn model(line: &str) -> Option<String> {
    let (_, person) = line.split_once(':')?;
    let name = person.split('<').next()?.trim();
    let inner = name
        .split_once('(')
        .and_then(|(_, rest)| rest.split(')').next());
    let words = name.strip_prefix("Claude ");
    inner
        .or(words)
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
}

/// How many findings each agent has, for a line of the summary.
pub fn totals(found: &HashMap<(Arc<str>, u32), Provenance>) -> BTreeMap<&str, usize> {
    let mut totals = BTreeMap::new();
    for provenance in found.values() {
        *totals.entry(provenance.agent.as_str()).or_insert(0) += 1;
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(author: &str, message: &str, expected: Option<(&str, &str)>) {
        let found = judge("abc", author, "A Person <a@b.example>", message);
        let found = found.as_ref().map(|it| (it.agent.as_str(), it.kind));
        assert_eq!(found, expected, "{author} {message}");
    }

    #[test]
    fn marks() {
        let person = "A Person <a@b.example>";
        check(
            person,
            "fix\n\nCo-Authored-By: Claude Opus 4 <noreply@anthropic.com>",
            Some(("claude-code", "ai-assisted")),
        );
        check(
            person,
            "fix\n\nCo-authored-by: Copilot <175728472+Copilot@users.noreply.github.com>\n",
            Some(("copilot", "ai-assisted")),
        );
        check(
            "devin-ai-integration[bot] <158243242+devin-ai-integration[bot]@users.noreply.github.com>",
            "x",
            Some(("devin", "ai-authored")),
        );
        check(
            "Pat (aider) <pat@x.example>",
            "x",
            Some(("aider", "ai-authored")),
        );
        check("Devin Smith <devin@smith.example>", "Claude said so", None);
        check(
            "Claude Monet <claude@monet.example>",
            "Co-authored-by: Jules <jules@x.example>",
            None,
        );
        check(
            person,
            "Assisted-by: a model",
            Some(("unnamed", "ai-assisted")),
        );
        assert_eq!(
            model("Co-authored-by: aider (gpt-5) <aider@aider.chat>").as_deref(),
            Some("gpt-5")
        );
        assert_eq!(
            model("Co-Authored-By: Claude <noreply@anthropic.com>"),
            None
        );
    }

    #[test]
    fn blamed_lines() {
        let hash = "a".repeat(40);
        let zeros = "0".repeat(40);
        let text = format!(
            "{hash} 1 3 2\nauthor x\n\tcode {hash} 9 9\n{hash} 2 4\n\tmore\n{zeros} 5 5 1\n\tnew\n"
        );
        let found = lines(&text);
        assert_eq!(found.len(), 2);
        assert!(found.contains_key(&3) && found.contains_key(&4));
    }
}
