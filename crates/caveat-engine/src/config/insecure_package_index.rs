//! Finds package sources that others can answer for: plain http, hosts whose certificate is not
//! looked at, and a private index beside the public one.
//!
//! Covers pip, uv, npm and cargo, on command lines, in environment variables and in the
//! configuration files of Python and Rust projects. An index on this machine is left alone.

use caveat_parser::Span;

use super::{
    Analysis, FileKind, Hit, Snippet, TextFile, dockerfile, in_order, scripts,
    shell::{Command, Script, Word},
    web_address,
};
use crate::rule::{Confidence, Severity};

pub(super) const ANALYSIS: Analysis = Analysis {
    rule: "insecure-package-index",
    check,
    triggers: &[
        "http://",
        "trusted-host",
        "TRUSTED_HOST",
        "trusted_host",
        "insecure-host",
        "INSECURE_HOST",
        "extra-index-url",
        "EXTRA_INDEX_URL",
        "extra_index_url",
        "unsafe-best-match",
        "unsafe-first-match",
    ],
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
        FileKind::Requirements,
        FileKind::PipConfig,
        FileKind::Pyproject,
        FileKind::SetupCfg,
        FileKind::CargoConfig,
        FileKind::CargoManifest,
    ],
};

/// Public indexes: packages beside PyPI's, in names that their owners hold on PyPI too.
const PUBLIC_INDEXES: &[&str] = &[
    "pypi.org",
    "pypi.python.org",
    "test.pypi.org",
    "files.pythonhosted.org",
    "download.pytorch.org",
    "pypi.nvidia.com",
    "pypi.ngc.nvidia.com",
    "www.piwheels.org",
    "wheels.vllm.ai",
    "pypi.anaconda.org",
    "data.pyg.org",
    "developer.download.nvidia.com",
    "pip.repos.neuron.amazonaws.com",
    "pypi.tuna.tsinghua.edu.cn",
    "mirrors.aliyun.com",
];

fn check(file: &TextFile) -> Vec<Hit> {
    let mut hits = Vec::new();
    match file.kind {
        FileKind::Requirements => requirements(file.text, &mut hits),
        FileKind::PipConfig | FileKind::SetupCfg => settings(file.text, &mut hits),
        FileKind::Pyproject | FileKind::CargoConfig | FileKind::CargoManifest => {
            toml(file.text, file.kind, &mut hits);
        }
        kind => {
            scripts::each(file, &mut |script, place| {
                of_script(script, place, &mut hits)
            });
            if kind == FileKind::Dockerfile {
                docker_environment(file.text, &mut hits);
            }
        }
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

/// What an option or setting gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The index that replaces PyPI.
    Index,
    /// An index beside PyPI, of equal rank.
    Extra,
    /// A host whose certificate is not checked.
    Trusted,
    /// A page of links or a package by address.
    Source,
}

/// The role of an option or setting by its name, dashes in front left out.
fn role(name: &str) -> Option<Role> {
    let name = name.to_ascii_lowercase().replace('_', "-");
    let name = name.rsplit('.').next().unwrap_or(&name);
    let name = name
        .strip_prefix("pip-")
        .or_else(|| name.strip_prefix("uv-"))
        .unwrap_or(name);
    Some(match name {
        "index-url" | "i" | "pypi-url" | "default-index" | "registry" | "index" => Role::Index,
        "extra-index-url" => Role::Extra,
        "trusted-host" | "allow-insecure-host" | "insecure-host" => Role::Trusted,
        "find-links" | "f" | "repository" => Role::Source,
        _ => return None,
    })
}

/// The hit for a value in its role. `beside_own` says that another index replaces PyPI.
fn judge(role: Role, name: &str, value: &str, span: Span, beside_own: bool) -> Option<Hit> {
    let address = web_address::first(value);
    if role == Role::Trusted {
        let host = address.map_or(value.split(':').next().unwrap_or(value), |address| {
            address.host
        });
        if host.is_empty() || web_address::is_loopback(host) {
            return None;
        }
        let hit = Hit::new(
            span,
            format!(
                "`{name} {}` turns off certificate checks for the host",
                shown(host)
            ),
        );
        return Some(if web_address::is_private(host) {
            hit.severity(Severity::Medium)
        } else {
            hit
        });
    }
    if let Some(address) = address.filter(|address| address.is_cleartext()) {
        if address.is_loopback() || address.path.contains("#sha") {
            return None;
        }
        let hit = Hit::new(
            span,
            format!("`{}` answers without encryption", shown(address.whole)),
        );
        return Some(if address.is_private() {
            hit.severity(Severity::Medium)
        } else {
            hit
        });
    }
    let public =
        address.is_some_and(|found| PUBLIC_INDEXES.contains(&found.host) || found.is_loopback());
    let remote = address.is_some() || value.contains('$');
    if role != Role::Extra || public || beside_own || !remote {
        return None;
    }
    let hit = Hit::new(
        span,
        format!("`{name}` adds an index whose names anybody can take on PyPI"),
    );
    Some(if address.is_some_and(is_private_index) {
        hit.severity(Severity::Medium)
            .confidence(Confidence::Medium)
    } else {
        hit.severity(Severity::Low).confidence(Confidence::Low)
    })
}

/// Whether the address looks like an organisation's own index: it wants credentials, is on an
/// inner network, or on a service that hosts such indexes.
fn is_private_index(address: web_address::Address) -> bool {
    let host = address.host.to_ascii_lowercase();
    let services = [
        "artifactory",
        "jfrog",
        "nexus",
        "gitlab",
        "codeartifact",
        "dev.azure",
        "pkg.dev",
        "gemfury",
        "cloudsmith",
        "packagecloud",
        "devpi",
        "private",
        "internal",
    ];
    address.whole.contains('@')
        || address.is_private()
        || host.starts_with("pypi.")
        || services.iter().any(|word| host.contains(word))
}

/// Text for a message: without credentials, one line.
fn shown(text: &str) -> String {
    let plain = match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            format!("{}{}", &text[..scheme + 3], &text[at + 1..])
        }
        _ => text.to_owned(),
    };
    plain.replace(['`', '\n'], "").chars().take(100).collect()
}

// Command lines.

fn of_script(script: &Script, place: &dyn Fn(Span) -> Span, hits: &mut Vec<Hit>) {
    for command in script.commands() {
        let exported: &[Word] = if command.program() == "export" {
            command.arguments()
        } else {
            &[]
        };
        environment(command.assignments.iter().chain(exported), place, hits);
        if let Some(arguments) = installer(command) {
            of_arguments(command.program(), arguments, place, hits);
        }
    }
}

fn environment<'w>(
    words: impl Iterator<Item = &'w Word>,
    place: &dyn Fn(Span) -> Span,
    hits: &mut Vec<Hit>,
) {
    for word in words {
        let Some((name, value)) = word.text.split_once('=') else {
            continue;
        };
        variable(name, value, place(word.span), hits);
    }
}

fn variable(name: &str, value: &str, span: Span, hits: &mut Vec<Hit>) {
    let known = ["PIP_", "UV_"]
        .iter()
        .any(|prefix| name.starts_with(prefix));
    // uv takes a name from the first index that has it, and asks the extra ones first.
    let asked_first = |role: &Role| name.starts_with("UV_") && *role == Role::Extra;
    if let Some(role) = role(name).filter(|role| known && !asked_first(role)) {
        hits.extend(judge(role, name, value, span, false));
    }
}

/// Arguments of a command that installs packages.
fn installer(command: &Command) -> Option<&[Word]> {
    let arguments = command.arguments();
    let module = |at: usize| arguments.get(at).map_or("", |word| word.text.as_str());
    match command.program() {
        "pip" | "pip2" | "pip3" | "uv" | "pipx" | "npm" | "yarn" | "pnpm" | "twine" | "pipenv"
        | "pdm" | "uvx" => Some(arguments),
        name if name.starts_with("pip3.") => Some(arguments),
        name if name.starts_with("python") => {
            let at = arguments.iter().position(|word| word.text == "-m")?;
            matches!(module(at + 1), "pip" | "twine" | "pipx" | "uv").then(|| &arguments[at + 2..])
        }
        _ => None,
    }
}

fn of_arguments(
    program: &str,
    arguments: &[Word],
    place: &dyn Fn(Span) -> Span,
    hits: &mut Vec<Hit>,
) {
    let options: Vec<(Role, &str, &str, Span)> = options_of(arguments);
    let replaced = options
        .iter()
        .any(|(role, _, value, _)| *role == Role::Index && !is_public(value));
    let asked_first = program == "uv"
        && !arguments
            .iter()
            .any(|word| word.text.starts_with("unsafe-"));
    let own = replaced || asked_first;
    for (role, name, value, span) in &options {
        hits.extend(judge(*role, name, value, place(*span), own));
    }
    let installs = arguments
        .iter()
        .any(|word| word.text == "install" || word.text == "add");
    let operands = arguments
        .iter()
        .filter(|word| word.text.contains("http://") && !word.text.starts_with('-'));
    for word in operands.filter(|_| installs) {
        let is_value = options
            .iter()
            .any(|(_, _, _, span)| span.contains(word.span));
        let proxy = arguments
            .windows(2)
            .any(|pair| pair[0].text.ends_with("proxy") && pair[1] == *word);
        if !is_value && !proxy {
            hits.extend(judge(
                Role::Source,
                "install",
                &word.text,
                place(word.span),
                false,
            ));
        }
    }
}

fn is_public(value: &str) -> bool {
    web_address::first(value).is_some_and(|address| PUBLIC_INDEXES.contains(&address.host))
}

/// Options with a role: `--name value`, `--name=value`, `-i value`, and `config set name value`.
fn options_of(arguments: &[Word]) -> Vec<(Role, &str, &str, Span)> {
    let mut found = Vec::new();
    let sets = arguments
        .windows(2)
        .any(|pair| pair[0].text == "config" && pair[1].text == "set");
    for (at, word) in arguments.iter().enumerate() {
        let text = word.text.as_str();
        if !text.starts_with('-') && !sets {
            continue;
        }
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some((value, word.span))),
            None => (
                text,
                arguments.get(at + 1).map(|next| {
                    (
                        next.text.as_str(),
                        Span::new(word.span.start, next.span.end),
                    )
                }),
            ),
        };
        let role = role(name.trim_start_matches('-'));
        if let (Some(role), Some((value, span))) = (role, value) {
            found.push((role, name, value, span));
        }
    }
    found
}

fn docker_environment(text: &str, hits: &mut Vec<Hit>) {
    for instruction in dockerfile::parse(text) {
        if !matches!(instruction.keyword.as_str(), "ENV" | "ARG") {
            continue;
        }
        let script = Script::parse(&instruction.arguments.text);
        let place = |span| instruction.arguments.in_file(span);
        for command in script.commands() {
            environment(
                command.assignments.iter().chain(&command.words),
                &place,
                hits,
            );
            if let [name, value, ..] = &command.words[..] {
                variable(&name.text, &value.text, place(command.span), hits);
            }
        }
    }
}

// Files.

/// Lines with their offsets, comments and blank ones left out.
fn lines(text: &str) -> impl Iterator<Item = (&str, u32)> {
    let mut start = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let at = start;
        start += line.len();
        let body = line.trim();
        let indent = line.len() - line.trim_start().len();
        (!body.is_empty() && !body.starts_with(['#', ';'])).then_some((body, (at + indent) as u32))
    })
}

fn requirements(text: &str, hits: &mut Vec<Hit>) {
    let own = lines(text).any(|(line, _)| {
        let index = line
            .strip_prefix("--index-url")
            .or_else(|| line.strip_prefix("-i "));
        index.is_some_and(|value| !is_public(value))
    });
    for (line, at) in lines(text) {
        // The recorded output of a terminal, which no installer reads.
        if line.contains('\u{1b}') {
            continue;
        }
        let line = line.split(" #").next().unwrap_or(line).trim_end();
        let span = Span::new(at, at + line.len() as u32);
        if line.starts_with('-') {
            let (name, value) = line.split_once(['=', ' ']).unwrap_or((line, ""));
            if let Some(role) = role(name.trim_start_matches('-')) {
                hits.extend(judge(role, name, value.trim(), span, own));
            }
        } else if !line.contains("--hash=") {
            hits.extend(judge(Role::Source, "", line, span, false));
        }
    }
}

/// `pip.conf`, `.pypirc`, `setup.cfg`: `name = value`, the value perhaps on the lines below.
fn settings(text: &str, hits: &mut Vec<Hit>) {
    let own = lines(text).any(|(line, _)| {
        line.split_once('=')
            .is_some_and(|(name, value)| name.trim() == "index-url" && !is_public(value))
    });
    let mut name = "";
    for (line, at) in lines(text) {
        let span = Span::new(at, at + line.len() as u32);
        let value = match line.split_once('=') {
            Some((key, value)) if !key.contains("://") => {
                name = key.trim();
                value.trim()
            }
            _ => line,
        };
        if line.starts_with('[') {
            name = "";
        } else if let Some(role) = role(name).filter(|_| !value.is_empty()) {
            hits.extend(
                value
                    .split_whitespace()
                    .find_map(|value| judge(role, name, value, span, own)),
            );
        } else if name == "dependency_links" {
            hits.extend(judge(Role::Source, name, value, span, own));
        }
    }
}

/// Tables of `pyproject.toml` and of cargo's files that name package sources. A line is enough:
/// none of these settings spans several in practice.
fn toml(text: &str, kind: FileKind, hits: &mut Vec<Hit>) {
    let mut table = "";
    for (line, at) in lines(text) {
        if line.starts_with('[') {
            table = line.trim_matches(['[', ']']);
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let (name, value) = (
            name.trim(),
            value.split(" #").next().unwrap_or(value).trim(),
        );
        let span = Span::new(at, at + line.len() as u32);
        let names_source = match kind {
            FileKind::CargoConfig => {
                (table.starts_with("source") || table.starts_with("registr"))
                    && matches!(name, "registry" | "index" | "git")
            }
            FileKind::CargoManifest => {
                table.contains("dependencies") && value.contains("git = \"http://")
            }
            _ => ["tool.uv", "tool.poetry.source", "tool.pdm", "tool.pixi"]
                .iter()
                .any(|t| table.starts_with(t)),
        };
        if !names_source {
            continue;
        }
        if name == "index-strategy" && value.contains("unsafe-") {
            let hit = Hit::new(
                span,
                format!(
                    "`index-strategy = {value}` takes a package from any index that has its name"
                ),
            );
            hits.push(hit.severity(Severity::Medium));
            continue;
        }
        hits.extend(judge(
            role(name).unwrap_or(Role::Source),
            name,
            value,
            span,
            false,
        ));
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
            "pip install --trusted-host a.b x",
            &["--trusted-host a.b"],
        );
        check("a.sh", "pip install --trusted-host=localhost x", &[]);
        check(
            "a.sh",
            "python3 -m pip install -i http://a.b/simple x",
            &["-i http://a.b/simple"],
        );
        check("a.sh", "pip install -i https://a.b/simple x", &[]);
        check(
            "a.sh",
            "pip install http://a.b/x.whl",
            &["http://a.b/x.whl"],
        );
        check(
            "a.sh",
            "uv pip install --extra-index-url https://pypi.a.b/simple x",
            &[],
        );
        check(
            "a.sh",
            "pip install --extra-index-url https://a.b/simple x",
            &["--extra-index-url https://a.b/simple"],
        );
        check(
            "a.sh",
            "pip install --extra-index-url https://download.pytorch.org/whl/cpu x",
            &[],
        );
        check(
            "a.sh",
            "pip install -i https://a.b --extra-index-url https://c.d x",
            &[],
        );
        check(
            "a.sh",
            "pip config set global.index-url http://a.b",
            &["global.index-url http://a.b"],
        );
        check(
            "a.sh",
            "npm config set registry http://a.b",
            &["registry http://a.b"],
        );
        check(
            "a.sh",
            "npm install --registry=http://localhost:4873 x",
            &[],
        );
        check(
            "a.sh",
            "curl http://a.b; export PIP_INDEX_URL=http://a.b",
            &["PIP_INDEX_URL=http://a.b"],
        );
        check(
            "Dockerfile",
            "ENV PIP_TRUSTED_HOST=a.b",
            &["PIP_TRUSTED_HOST=a.b"],
        );
        check("Dockerfile", "ENV HOME=http://a.b", &[]);
    }

    #[test]
    fn files() {
        check(
            "requirements.txt",
            "# http://x\n--trusted-host a.b\nx==1 # http://c.d\n",
            &["--trusted-host a.b"],
        );
        check(
            "requirements.txt",
            "x @ http://a.b/x.whl\ny @ https://a.b/y.whl",
            &["x @ http://a.b/x.whl"],
        );
        check(
            "requirements.txt",
            "--index-url https://a.b\n--extra-index-url https://pypi.org/simple",
            &[],
        );
        check(
            "pip.conf",
            "[global]\nindex-url = http://a.b\ntrusted-host =\n    c.d\n",
            &["index-url = http://a.b", "c.d"],
        );
        check(
            "pyproject.toml",
            "[project.urls]\nhome = \"http://a.b\"\n[[tool.uv.index]]\nurl = \"http://a.b\"",
            &["url = \"http://a.b\""],
        );
        check(
            ".cargo/config.toml",
            "[source.x]\nregistry = \"http://a.b/i\"\n[http]\nproxy = \"http://a.b\"",
            &["registry = \"http://a.b/i\""],
        );
    }
}
