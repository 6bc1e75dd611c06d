//! What git knows of a scanned tree. The top of the work tree is found by looking for `.git`, for
//! that must work without git; the rest is asked of the program, once per report that wants it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::report::RootInfo;

/// The folder at or above an absolute path that holds `.git`.
pub fn top_level(path: &Path) -> Option<PathBuf> {
    path.ancestors()
        .find(|folder| folder.join(".git").exists())
        .map(Path::to_owned)
}

/// Everything a report says about the root, an absolute path. Nothing without git.
pub fn root_info(root: &Path) -> RootInfo {
    let Some(top) = top_level(root) else {
        return RootInfo::default();
    };
    let below = root.strip_prefix(&top).unwrap_or(Path::new(""));
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    RootInfo {
        prefix: parts.join("/"),
        repository_uri: ask(&top, &["config", "--get", "remote.origin.url"])
            .map(|url| without_user(&url)),
        revision: ask(&top, &["rev-parse", "--verify", "--quiet", "HEAD"]),
        branch: ask(&top, &["symbolic-ref", "--short", "--quiet", "HEAD"]),
        ..RootInfo::default()
    }
}

fn ask(folder: &Path, question: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).args(question);
    // A hook's variables would answer for another repository than the one that is scanned.
    git.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
    let answer = git
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    let line = text.trim();
    (answer.status.success() && !line.is_empty()).then(|| line.to_owned())
}

/// A remote without user and password: `https://user:secret@host/x` is `https://host/x`.
fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}/{path}")
}

#[cfg(test)]
mod tests {
    use super::without_user;

    #[test]
    fn remotes_lose_their_user() {
        let check = |url: &str, expected: &str| assert_eq!(without_user(url), expected);
        check("https://u:p@a@host/x.git", "https://host/x.git");
        check("https://host/x@y", "https://host/x@y");
        check("git@host:x/y.git", "git@host:x/y.git");
    }
}
