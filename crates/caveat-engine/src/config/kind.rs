//! What a text file is for, told from its path and, where the path does not say, its text.
//!
//! It reads nothing but its arguments and knows no rule.

/// The purpose of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// `.github/workflows/*.yml` (also of Gitea and Forgejo).
    Workflow,
    /// `action.yml`: a GitHub action.
    Action,
    /// `.gitlab-ci.yml`.
    GitlabCi,
    /// A Docker Compose file.
    Compose,
    /// A Kubernetes manifest or a Helm template of one.
    Kubernetes,
    /// A Dockerfile or Containerfile.
    Dockerfile,
    /// A shell script.
    Shell,
    /// A pip requirements or constraints file.
    Requirements,
    /// `pip.conf`, `pip.ini` or `.pypirc`.
    PipConfig,
    /// `pyproject.toml`.
    Pyproject,
    /// `setup.cfg`.
    SetupCfg,
    /// `Cargo.toml`.
    CargoManifest,
    /// `.cargo/config.toml`.
    CargoConfig,
    /// `jupyter_*_config.py` or `.json`.
    JupyterConfig,
    /// An HTML page made by a template engine.
    Template,
    /// A Jupyter notebook.
    Notebook,
    /// `devcontainer.json`.
    Devcontainer,
    /// Instructions and settings of coding agents and MCP servers.
    AgentConfig,
    /// A translation catalogue.
    Catalogue,
    /// Python source.
    Python,
    /// Rust source.
    Rust,
    /// Source in another programming language.
    OtherCode,
    /// Documentation.
    Prose,
    /// YAML, TOML, INI and the like, of no known purpose.
    OtherConfig,
    /// Anything else.
    Other,
}

impl FileKind {
    /// Whether files of this kind can be source code of an analysed language.
    pub fn may_be_code(self) -> bool {
        matches!(
            self,
            FileKind::JupyterConfig | FileKind::Python | FileKind::Rust
        )
    }
}

/// The kind of the file at `path` (relative to the root, with `/`) that holds `text`.
pub fn classify(path: &str, text: &str) -> FileKind {
    let lower = path.to_ascii_lowercase();
    let (folder, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    by_name(folder, name, extension)
        .or_else(|| by_extension(folder, stem, extension, text))
        .unwrap_or_else(|| by_text(text))
}

/// Files with a name of their own.
fn by_name(folder: &str, name: &str, extension: &str) -> Option<FileKind> {
    let parent = folder.rsplit('/').next().unwrap_or("");
    Some(match name {
        "action.yml" | "action.yaml" => FileKind::Action,
        "setup.cfg" => FileKind::SetupCfg,
        "pip.conf" | "pip.ini" | ".pypirc" => FileKind::PipConfig,
        "pyproject.toml" => FileKind::Pyproject,
        "cargo.toml" => FileKind::CargoManifest,
        "config.toml" | "config" if parent == ".cargo" => FileKind::CargoConfig,
        "devcontainer.json" | ".devcontainer.json" => FileKind::Devcontainer,
        "agents.md"
        | "claude.md"
        | "gemini.md"
        | ".cursorrules"
        | ".windsurfrules"
        | "copilot-instructions.md"
        | "mcp.json"
        | ".mcp.json"
        | "skill.md" => FileKind::AgentConfig,
        ".bashrc" | ".profile" | ".bash_profile" | ".zshrc" | ".envrc" => FileKind::Shell,
        _ if has_part(folder, &[".claude", ".cursor", ".windsurf", ".codex"]) => {
            FileKind::AgentConfig
        }
        _ if is_yaml(extension) && is_workflow_folder(folder) => FileKind::Workflow,
        _ if name.ends_with(".gitlab-ci.yml") || name.ends_with(".gitlab-ci.yaml") => {
            FileKind::GitlabCi
        }
        _ if is_yaml(extension) && is_compose(name) => FileKind::Compose,
        _ if is_dockerfile(name, extension) => FileKind::Dockerfile,
        _ if is_jupyter(name, extension) => FileKind::JupyterConfig,
        _ if is_requirements(folder, name, extension) => FileKind::Requirements,
        _ => return None,
    })
}

fn is_yaml(extension: &str) -> bool {
    matches!(extension, "yml" | "yaml")
}

fn has_part(folder: &str, parts: &[&str]) -> bool {
    folder.split('/').any(|part| parts.contains(&part))
}

fn is_workflow_folder(folder: &str) -> bool {
    [
        ".github/workflows",
        ".gitea/workflows",
        ".forgejo/workflows",
    ]
    .iter()
    .any(|known| folder == *known || folder.ends_with(&format!("/{known}")))
}

fn is_compose(name: &str) -> bool {
    name.starts_with("docker-compose")
        || name.starts_with("compose.")
        || name.starts_with("compose-")
}

fn is_dockerfile(name: &str, extension: &str) -> bool {
    let code = matches!(
        extension,
        "py" | "rs" | "go" | "js" | "ts" | "md" | "rst" | "dockerignore"
    );
    let named = ["dockerfile", "containerfile"].iter().any(|known| {
        name.strip_prefix(known)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
    });
    matches!(extension, "dockerfile" | "containerfile") || named && !code
}

fn is_jupyter(name: &str, extension: &str) -> bool {
    let config = name.starts_with("jupyter_") && name.contains("_config.");
    config && matches!(extension, "py" | "json" | "jsonc") || name == "ipython_notebook_config.py"
}

fn is_requirements(folder: &str, name: &str, extension: &str) -> bool {
    let pip_text = matches!(extension, "txt" | "in" | "pip");
    let folder_named = folder.rsplit('/').next() == Some("requirements");
    pip_text && (name.contains("requirements") || name.contains("constraints") || folder_named)
}

fn by_extension(folder: &str, stem: &str, extension: &str, text: &str) -> Option<FileKind> {
    Some(match extension {
        "po" | "pot" | "xliff" | "xlf" | "arb" | "ftl" | "mo" => FileKind::Catalogue,
        "json" | "yml" | "yaml" | "toml" | "properties" | "ini" if is_catalogue(folder) => {
            FileKind::Catalogue
        }
        "py" | "pyi" | "pyw" => FileKind::Python,
        "rs" => FileKind::Rust,
        "sh" | "bash" | "zsh" | "ksh" | "bats" => FileKind::Shell,
        "ipynb" => FileKind::Notebook,
        "html" | "htm" | "xhtml" | "djhtml" => html_kind(text),
        "hbs" | "handlebars" | "mustache" | "tera" => FileKind::Template,
        "j2" | "jinja" | "jinja2" | "djt" => inner_kind(folder, stem, text),
        "md" | "markdown" | "rst" | "txt" | "adoc" | "tex" | "svg" => FileKind::Prose,
        "yml" | "yaml" | "tpl" if is_kubernetes(text) => FileKind::Kubernetes,
        "yml" | "yaml" | "toml" | "ini" | "cfg" | "conf" | "env" | "npmrc" | "gitconfig" => {
            FileKind::OtherConfig
        }
        "c" | "h" | "cc" | "cpp" | "hpp" | "cs" | "go" | "java" | "js" | "jsx" | "mjs" | "ts"
        | "tsx" | "kt" | "php" | "pl" | "rb" | "scala" | "swift" | "lua" | "sql" | "ps1" => {
            FileKind::OtherCode
        }
        _ => return None,
    })
}

fn is_catalogue(folder: &str) -> bool {
    has_part(
        folder,
        &[
            "locale",
            "locales",
            "i18n",
            "l10n",
            "translations",
            "lang",
            "langs",
        ],
    )
}

/// HTML without template syntax is a document.
fn html_kind(text: &str) -> FileKind {
    if text.contains("{{") || text.contains("{%") {
        FileKind::Template
    } else {
        FileKind::Prose
    }
}

/// `page.html.j2` is a page, `app.conf.j2` is not.
fn inner_kind(folder: &str, stem: &str, text: &str) -> FileKind {
    let inner = stem.rsplit_once('.').map_or("", |(_, extension)| extension);
    match inner {
        "html" | "htm" | "xhtml" => FileKind::Template,
        "" if text.contains("<html") || text.contains("<div") || text.contains("<form") => {
            FileKind::Template
        }
        "" => FileKind::Other,
        _ => {
            let name = stem.rsplit('/').next().unwrap_or(stem);
            by_name(folder, name, inner)
                .or_else(|| by_extension(folder, stem, inner, text))
                .unwrap_or(FileKind::Other)
        }
    }
}

/// Whether one document of the text has `apiVersion` and `kind` at its top.
fn is_kubernetes(text: &str) -> bool {
    let has = |key: &str| text.lines().take(4_000).any(|line| line.starts_with(key));
    has("apiVersion:") && has("kind:")
}

/// Files whose name says nothing: the interpreter line, or a manifest without extension.
fn by_text(text: &str) -> FileKind {
    let first = text.lines().next().unwrap_or("");
    let Some(interpreter) = first.strip_prefix("#!") else {
        return FileKind::Other;
    };
    let mut words = interpreter.split_ascii_whitespace();
    let program = words
        .find(|word| !word.ends_with("/env") && !word.starts_with('-'))
        .unwrap_or("");
    match program.rsplit('/').next().unwrap_or("") {
        "sh" | "bash" | "dash" | "zsh" | "ksh" | "ash" => FileKind::Shell,
        name if name.starts_with("python") => FileKind::Python,
        "" => FileKind::Other,
        _ => FileKind::OtherCode,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        let check = |path, text, expected| assert_eq!(classify(path, text), expected, "{path}");
        check(".github/workflows/ci.yml", "", FileKind::Workflow);
        check("sub/.github/workflows/ci.yaml", "", FileKind::Workflow);
        check(".github/dependabot.yml", "", FileKind::OtherConfig);
        check("tools/action.yml", "", FileKind::Action);
        check(".gitlab-ci.yml", "", FileKind::GitlabCi);
        check("docker-compose.prod.yml", "", FileKind::Compose);
        check("compose.yaml", "", FileKind::Compose);
        check(
            "deploy/web.yaml",
            "apiVersion: v1\nkind: Pod\n",
            FileKind::Kubernetes,
        );
        check("Dockerfile.dev", "", FileKind::Dockerfile);
        check("dockerfile_parser.py", "", FileKind::Python);
        check("dockerfiles.md", "", FileKind::Prose);
        check("app.Dockerfile", "", FileKind::Dockerfile);
        check("bin/run", "#!/usr/bin/env bash\n", FileKind::Shell);
        check("bin/tool", "#!/usr/bin/python3 -u\n", FileKind::Python);
        check("requirements/dev.txt", "", FileKind::Requirements);
        check("requirements-dev.txt", "", FileKind::Requirements);
        check("pip.conf", "", FileKind::PipConfig);
        check(".cargo/config.toml", "", FileKind::CargoConfig);
        check("etc/jupyter_server_config.py", "", FileKind::JupyterConfig);
        check("templates/a.html", "{{ x }}", FileKind::Template);
        check("site/a.html", "<p>", FileKind::Prose);
        check("templates/app.conf.j2", "", FileKind::OtherConfig);
        check("templates/page.html.j2", "", FileKind::Template);
        check("a/locale/ar/LC_MESSAGES/django.po", "", FileKind::Catalogue);
        check("app/translations/ar.json", "", FileKind::Catalogue);
        check(
            ".devcontainer/devcontainer.json",
            "",
            FileKind::Devcontainer,
        );
        check("CLAUDE.md", "", FileKind::AgentConfig);
        check("nb.ipynb", "", FileKind::Notebook);
        check("noname", "", FileKind::Other);
    }
}
