//! What names say: the one table of file and folder names that the walk knows. Everything here is
//! a function of a path relative to the root, with `/` between parts.

use caveat_parser::Language;

/// Folders in which version control keeps its own.
pub fn is_version_control(folder: &str) -> bool {
    matches!(
        folder,
        ".git" | ".hg" | ".svn" | ".bzr" | ".jj" | ".sl" | "_darcs" | "CVS"
    )
}

/// Folders of installed packages and tools' caches; never anybody's source.
pub fn is_cache(folder: &str) -> bool {
    matches!(
        folder,
        ".venv"
            | ".tox"
            | ".nox"
            | ".eggs"
            | ".direnv"
            | ".pixi"
            | ".cache"
            | ".mypy_cache"
            | ".pytest_cache"
            | ".ruff_cache"
            | ".hypothesis"
            | ".ipynb_checkpoints"
            | ".terraform"
            | ".gradle"
            | ".yarn"
            | ".next"
            | "__pycache__"
            | "__pypackages__"
            | "node_modules"
            | "bower_components"
            | "site-packages"
            | "dist-packages"
    )
}

/// Whether a folder on the path holds copies of other people's source.
pub fn is_vendored(relative: &str) -> bool {
    let folders = relative.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split('/').any(|folder| {
        matches!(
            folder,
            "vendor"
                | "_vendor"
                | "vendored"
                | "_vendored"
                | "third_party"
                | "third-party"
                | "thirdparty"
                | "3rdparty"
                | "extern"
                | "_extern"
        )
    })
}

/// Whether the name says that there is a grammar for it.
pub fn is_program(name: &str) -> bool {
    Language::from_path(name) != Language::TEXT
}

/// Whether only the first line can tell: a name without an ending.
pub fn may_be_script(name: &str) -> bool {
    !name.contains('.')
}

/// Endings of configuration, shell and template files, in lower case.
const EXTENSIONS: &[&str] = &[
    "yaml",
    "yml",
    "toml",
    "cfg",
    "ini",
    "conf",
    "env",
    "properties", // configuration
    "sh",
    "bash",
    "zsh",
    "ksh",
    "bats", // shell
    "html",
    "htm",
    "xhtml",
    "djhtml",
    "jinja",
    "jinja2",
    "j2",
    "djt",
    "tera",
    "hbs",
    "handlebars",
    "mustache",
    "tpl",
    "askama", // templates
    "ipynb",
    "dockerfile",
    "containerfile",
    "mdc",
    // what secrets are kept or shown in
    "json",
    "jsonc",
    "json5",
    "tf",
    "tfvars",
    "hcl",
    "sql",
    "cnf",
    "config",
    "service",
    "xml",
    "pem",
    "key",
    "p8",
    "ppk",
    "asc",
    "md",
    "rst",
];

/// Whole names, in lower case.
const NAMES: &[&str] = &[
    ".bashrc",
    ".bash_profile",
    ".profile",
    ".zshrc",
    ".envrc",
    ".npmrc",
    ".netrc",
    ".pypirc",
    ".gitconfig",
    ".cursorrules",
    ".windsurfrules",
    "agents.md",
    "claude.md",
    "gemini.md",
    "copilot-instructions.md",
    "skill.md",
    "mcp.json",
    ".mcp.json",
    "devcontainer.json",
    ".devcontainer.json",
    "jenkinsfile",
    "makefile",
    "justfile",
    "procfile",
    "known_hosts",
    "_netrc",
    ".pgpass",
    ".yarnrc",
    ".s3cfg",
    ".boto",
    ".my.cnf",
    "credentials",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
];

/// Beginnings of names, in lower case.
const PREFIXES: &[&str] = &["dockerfile", "containerfile", ".env", "jupyter_"];

/// Folders in which agents keep settings and instructions: every text file counts.
const AGENT_FOLDERS: &[&str] = &[
    ".claude",
    ".cursor",
    ".windsurf",
    ".codex",
    ".gemini",
    ".vscode",
    ".devcontainer",
    ".cargo",
];

/// Folders of translations, which have the endings of configuration and are many.
const CATALOGUES: &[&str] = &["locale", "locales", "translations", "i18n", "l10n"];

/// Whether rules about configuration, shell and templates may want the file.
pub fn is_configuration(relative: &str, name: &str) -> bool {
    let in_folder = |known: &[&str]| {
        let folders = relative.rsplit_once('/').map_or("", |(folders, _)| folders);
        folders.split('/').any(|folder| known.contains(&folder))
    };
    let starts = |known: &&str| {
        let head = name.get(..known.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(known))
    };
    let is_named = || {
        NAMES.iter().any(|known| name.eq_ignore_ascii_case(known)) || PREFIXES.iter().any(starts)
    };
    let Some((_, extension)) = name.rsplit_once('.') else {
        return is_named() || in_folder(&[".cargo"]);
    };
    let extension_is = |known: &[&str]| known.iter().any(|it| extension.eq_ignore_ascii_case(it));
    if extension_is(&["txt", "in", "pip"]) {
        return is_named()
            || is_requirements(relative, name, extension)
            || in_folder(AGENT_FOLDERS);
    }
    if extension_is(EXTENSIONS) {
        return !in_folder(CATALOGUES);
    }
    is_named()
}

/// pip's requirements and constraints.
fn is_requirements(relative: &str, name: &str, extension: &str) -> bool {
    let named = ["requirement", "constraint"].iter().any(|word| {
        let name = name.to_ascii_lowercase();
        name.contains(word)
    });
    let in_folder = relative.rsplit('/').nth(1) == Some("requirements");
    matches!(extension, "txt" | "in" | "pip") && (named || in_folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration() {
        let check = |path: &str, expected| {
            let name = path.rsplit('/').next().unwrap_or(path);
            assert_eq!(is_configuration(path, name), expected, "{path}");
        };
        for path in [
            ".github/workflows/ci.yml",
            "Dockerfile.dev",
            "requirements/base.txt",
            "dev-requirements.txt",
            "CLAUDE.md",
            ".claude/settings.json",
            ".env.local",
            ".cargo/config",
            "a/index.HTML",
            "README.md",
            "package.json",
            "deploy/main.tf",
        ] {
            check(path, true);
        }
        for path in ["a.po", "locale/de.yml", "notes.txt", "x.png"] {
            check(path, false);
        }
    }

    #[test]
    fn folders() {
        assert!(is_vendored("a/_vendor/b.py"));
        assert!(!is_vendored("a/vendor.py"));
        assert!(!is_vendored("vendors/models.py"));
        assert!(is_cache("node_modules") && !is_cache(".github"));
    }
}
