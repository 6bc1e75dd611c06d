//! Dependencies that manifests and install commands name, and what they say of private sources.
//!
//! One function per format, from text to [`Manifest`]. Broken files give less, never an error.

use caveat_parser::Span;

use super::known::folded;
use super::toml::{self, Leaf};
use crate::config::{FileKind, TextFile, scripts, shell};

/// Whose packages a name is one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Registry {
    /// Python packages.
    Python,
    /// Crates.
    Rust,
}

/// A dependency from a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// As it is written.
    pub name: String,
    /// Where.
    pub span: Span,
    /// From where it comes.
    pub registry: Registry,
    /// A program that is installed, not a part of this one.
    pub tool: bool,
}

/// What a file says of dependencies.
#[derive(Debug, Default)]
pub struct Manifest {
    /// Those from the registry, in order.
    pub dependencies: Vec<Dependency>,
    /// Folded names of everything that is declared, from wherever it comes, and of the package
    /// itself. Code may import them.
    pub declared: Vec<String>,
    /// Names of crates as code writes them.
    pub crates: Vec<String>,
    /// Folded names of dependencies that come from elsewhere than the registry.
    own: Vec<String>,
    /// Packages may come from elsewhere than the public registry.
    pub private: bool,
}

/// Names of files that say something of Python packages or crates, beside those whose kind does.
fn is_lock(name: &str) -> bool {
    matches!(
        name,
        "poetry.lock" | "uv.lock" | "pdm.lock" | "Pipfile.lock" | "Cargo.lock" | "pylock.toml"
    )
}

/// Lock files that may lie beside a manifest.
pub const LOCKS: &[&str] = &[
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "Pipfile.lock",
    "Cargo.lock",
    "pylock.toml",
    "Pipfile",
];

/// Reads a file, if it is of a kind that names dependencies.
pub fn read(path: &str, text: &str) -> Option<Manifest> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut manifest = Manifest::default();
    match name {
        "setup.py" => setup_py(text, &mut manifest),
        "Pipfile" => of_toml(text, &mut pipfile, &mut manifest),
        "tox.ini" | "noxfile.py" | "conda.yaml" | "meta.yaml" | "environment.yml"
        | "environment.yaml" | "PKG-INFO" | "manifest.json" => loose(text, &mut manifest),
        name if is_lock(name) => locked(text, &mut manifest),
        _ => {
            let file = TextFile::new(path, text);
            match file.kind {
                FileKind::Pyproject => of_toml(text, &mut pyproject, &mut manifest),
                FileKind::CargoManifest => cargo(text, &mut manifest),
                FileKind::CargoConfig => {
                    manifest.private = text.contains("[registries") || text.contains("[source");
                }
                FileKind::Requirements => requirements(text, &mut manifest),
                FileKind::SetupCfg => setup_cfg(text, &mut manifest),
                FileKind::PipConfig => {
                    manifest.private = text.contains("index-url") || text.contains("find-links");
                }
                FileKind::Dockerfile
                | FileKind::Workflow
                | FileKind::Action
                | FileKind::GitlabCi
                | FileKind::Shell
                | FileKind::Devcontainer => {
                    commands(&file, &mut manifest);
                }
                _ => return None,
            }
        }
    }
    Some(manifest)
}

impl Manifest {
    fn add(&mut self, name: &str, span: Span, registry: Registry) {
        self.dependencies.push(Dependency {
            name: name.to_owned(),
            span,
            registry,
            tool: false,
        });
    }

    /// A requirement as PEP 508 writes it, at an offset of the file.
    fn requirement(&mut self, text: &str, at: u32) {
        let Some(name) = requirement_name(text) else {
            return;
        };
        self.declared.push(folded(name));
        let rest = text.trim_start()[name.len()..].trim_start();
        let elsewhere = rest.starts_with('@') || rest.starts_with("[") && rest.contains("] @");
        if !elsewhere {
            let start = at + (text.len() - text.trim_start().len()) as u32;
            let span = Span::new(start, start + name.len() as u32);
            self.add(name, span, Registry::Python);
        }
    }
}

/// The name at the beginning of a requirement; none of what is no plain requirement.
fn requirement_name(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let name = &text[..end];
    let sound = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric());
    let rest = text[end..].trim_start();
    let follows = rest.is_empty()
        || rest.starts_with(['<', '>', '=', '!', '~', ';', '@', '[', '(', '#', ',']);
    let is_file = [".txt", ".whl", ".gz", ".zip", ".in", ".cfg", ".toml", ".py"]
        .iter()
        .any(|ending| name.ends_with(ending));
    (sound && follows && !is_file).then_some(name)
}

fn requirements(text: &str, manifest: &mut Manifest) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end();
        if body.trim_start().starts_with('-') {
            let source = ["index-url", "find-links", "-i ", "-f "];
            manifest.private |= source.iter().any(|word| body.contains(word)) && !is_public(body);
        } else if !body.contains("://") {
            manifest.requirement(body, at);
        } else if let Some((_, egg)) = body.split_once("#egg=") {
            manifest.declared.extend(requirement_name(egg).map(folded));
        } else if let Some(name) = requirement_name(body) {
            manifest.declared.push(folded(name));
        }
        at += line.len() as u32;
    }
}

fn is_public(text: &str) -> bool {
    ["pypi.org", "pypi.python.org", "download.pytorch.org"]
        .iter()
        .any(|host| text.contains(host))
}

/// Calls `visit` with every scalar of a TOML manifest.
fn of_toml(text: &str, visit: &mut dyn FnMut(&Leaf<'_>, &mut Manifest), manifest: &mut Manifest) {
    for leaf in toml::leaves(text) {
        visit(&leaf, manifest);
    }
    // What comes from elsewhere is not asked of the registry.
    let own: Vec<String> = std::mem::take(&mut manifest.own);
    manifest
        .dependencies
        .retain(|it| !own.contains(&folded(&it.name)));
    manifest.declared.extend(own);
}

fn pyproject(leaf: &Leaf<'_>, manifest: &mut Manifest) {
    match leaf.keys().as_slice() {
        ["project", "name"] | ["tool", "poetry", "name"] => {
            manifest.declared.push(folded(leaf.text));
        }
        ["project", "dependencies"]
        | ["project", "optional-dependencies", _]
        | ["dependency-groups", _]
        | ["build-system", "requires"]
        | ["tool", "uv", "dev-dependencies"]
        | ["tool", "pdm", "dev-dependencies", _]
        | [
            "tool",
            "hatch",
            "envs",
            _,
            "dependencies" | "extra-dependencies",
        ] => {
            manifest.requirement(leaf.text, leaf.span.start);
        }
        [
            "tool",
            "poetry",
            "dependencies" | "dev-dependencies",
            name,
            rest @ ..,
        ]
        | [
            "tool",
            "poetry",
            "group",
            _,
            "dependencies",
            name,
            rest @ ..,
        ] => {
            let at = leaf.path.len() - 1 - rest.len();
            keyed(name, leaf.path[at].span, rest, manifest);
        }
        ["tool", "uv", "sources", name, ..] => manifest.own.push(folded(name)),
        ["tool", "uv", "index", "url"] | ["tool", "poetry" | "pdm", "source", "url"] => {
            manifest.private |= !is_public(leaf.text);
        }
        ["tool", "uv", "index-url" | "extra-index-url" | "find-links"] => {
            manifest.private |= !is_public(leaf.text);
        }
        ["tool", "maturin", "module-name"] => {
            let top = leaf.text.split('.').next().unwrap_or_default();
            manifest.declared.push(folded(top));
        }
        _ => {}
    }
}

fn pipfile(leaf: &Leaf<'_>, manifest: &mut Manifest) {
    match leaf.keys().as_slice() {
        ["packages" | "dev-packages", name, rest @ ..] => {
            keyed(name, leaf.path[1].span, rest, manifest);
        }
        ["source", "url"] => manifest.private |= !is_public(leaf.text),
        _ => {}
    }
}

/// A dependency whose name is a key, and one thing that is said of it.
fn keyed(name: &str, span: Span, rest: &[&str], manifest: &mut Manifest) {
    if name == "python" {
        return;
    }
    let name_folded = folded(name);
    if matches!(
        rest.first(),
        Some(&("path" | "git" | "url" | "file" | "source" | "index"))
    ) {
        manifest.own.push(name_folded);
    } else if !manifest.dependencies.iter().any(|it| it.span == span) {
        manifest.declared.push(name_folded);
        manifest.add(name, span, Registry::Python);
    }
}

fn cargo(text: &str, manifest: &mut Manifest) {
    let mut real: Vec<(String, Span)> = Vec::new();
    let mut elsewhere: Vec<Span> = Vec::new();
    for leaf in toml::leaves(text) {
        let keys = leaf.keys();
        match keys.as_slice() {
            ["package", "name"] | ["lib", "name"] => {
                manifest.crates.push(leaf.text.replace('-', "_"));
                continue;
            }
            ["patch" | "replace", .., name, "path" | "git"] => {
                manifest.declared.push(folded(name));
                continue;
            }
            _ => {}
        }
        let Some(at) = dependency_key(&keys) else {
            continue;
        };
        let key = leaf.path[at];
        let (attribute, span) = (keys.get(at + 1).copied(), key.span);
        manifest.crates.push(key.text.replace('-', "_"));
        match attribute {
            Some("package") => {
                real.retain(|(_, other)| *other != span);
                real.push((leaf.text.to_owned(), span));
            }
            Some("path" | "git" | "registry" | "workspace" | "registry-index") => {
                elsewhere.push(span);
            }
            _ if !real
                .iter()
                .any(|(_, other)| *other == span || other.text(text) == key.text) =>
            {
                real.push((key.text.to_owned(), span));
            }
            _ => {}
        }
    }
    real.retain(|(_, span)| {
        let name = span.text(text);
        !elsewhere.iter().any(|other| other.text(text) == name)
    });
    for (name, span) in real {
        manifest.declared.push(folded(&name));
        manifest.add(&name, span, Registry::Rust);
    }
}

/// Which of the keys is the name of a dependency.
fn dependency_key(keys: &[&str]) -> Option<usize> {
    let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
    let is_table = |at: usize| keys.get(at).is_some_and(|key| tables.contains(key));
    let table = match *keys.first()? {
        "workspace" if is_table(1) => 1,
        "target" if is_table(2) => 2,
        _ if is_table(0) => 0,
        _ => return None,
    };
    (keys.len() > table + 1).then_some(table + 1)
}

fn setup_cfg(text: &str, manifest: &mut Manifest) {
    let (mut section, mut key) = ("", "");
    let mut at = 0u32;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end();
        if let Some(header) = body.strip_prefix('[') {
            section = header.split(']').next().unwrap_or_default();
            key = "";
        } else if body.starts_with([' ', '\t']) {
            requirement_of_cfg(section, key, body, at, manifest);
        } else if let Some((name, value)) = body.split_once('=') {
            key = name.trim();
            if (section, key) == ("metadata", "name") {
                manifest.declared.push(folded(value.trim()));
            }
            let start = at + (body.len() - value.len()) as u32;
            requirement_of_cfg(section, key, value, start, manifest);
        }
        at += line.len() as u32;
    }
}

fn requirement_of_cfg(section: &str, key: &str, text: &str, at: u32, manifest: &mut Manifest) {
    let asks = match section {
        "options" => matches!(key, "install_requires" | "setup_requires" | "tests_require"),
        "options.extras_require" => true,
        _ => false,
    };
    if asks && !text.trim_start().starts_with('#') {
        manifest.requirement(text, at);
    }
}

/// `setup.py`: the strings of the lists that name requirements; all others are only declared.
fn setup_py(text: &str, manifest: &mut Manifest) {
    for (name, span) in strings(text) {
        manifest.declared.extend(requirement_name(name).map(folded));
        if asks_in_setup(text, span.start as usize) {
            manifest.requirement(name, span.start);
        }
    }
}

/// Whether the innermost bracket around an offset opens the value of a keyword for requirements.
fn asks_in_setup(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let mut depth = 0;
    for back in (at.saturating_sub(4000)..at).rev() {
        match bytes[back] {
            b']' | b')' | b'}' => depth += 1,
            b'[' | b'(' | b'{' if depth > 0 => depth -= 1,
            b'[' | b'(' | b'{' => {
                let before = text.get(..back).unwrap_or_default().trim_end();
                let Some(before) = before.strip_suffix('=') else {
                    return false;
                };
                let key = before.trim_end();
                return ["install_requires", "setup_requires", "tests_require"]
                    .iter()
                    .any(|word| key.ends_with(word));
            }
            _ => {}
        }
    }
    false
}

/// String literals of one line, without prefix, found by their quotes.
fn strings(text: &str) -> Vec<(&str, Span)> {
    let mut found = Vec::new();
    let mut start = 0usize;
    for line in text.split_inclusive('\n') {
        let mut at = 0;
        while let Some(open) = line[at..].find(['"', '\'', '#']).map(|open| at + open) {
            let quote = line.as_bytes()[open];
            let Some(length) = line[open + 1..].find(char::from(quote)) else {
                break;
            };
            if quote == b'#' {
                break;
            }
            let span = Span::new(
                (start + open + 1) as u32,
                (start + open + 1 + length) as u32,
            );
            found.push((&line[open + 1..open + 1 + length], span));
            at = open + length + 2;
        }
        start += line.len();
    }
    found
}

/// Lock files: every quoted word is declared.
fn locked(text: &str, manifest: &mut Manifest) {
    for (word, _) in strings(text) {
        if word.len() < 80
            && let Some(name) = requirement_name(word).filter(|name| name.len() == word.len())
        {
            manifest.declared.push(folded(name));
            manifest.crates.push(name.replace('-', "_"));
        }
    }
}

/// Files in which requirements stand among other things: every line and string may be one.
fn loose(text: &str, manifest: &mut Manifest) {
    for line in text.lines() {
        let line = line
            .trim()
            .trim_start_matches("- ")
            .trim_start_matches("Requires-Dist:");
        manifest.declared.extend(requirement_name(line).map(folded));
    }
    for (word, _) in strings(text) {
        manifest.declared.extend(requirement_name(word).map(folded));
    }
}

/// `pip install NAME`, `uv add NAME`, `cargo add NAME` in scripts.
fn commands(file: &TextFile<'_>, manifest: &mut Manifest) {
    if !["install", "add"]
        .iter()
        .any(|word| file.text.contains(word))
    {
        return;
    }
    scripts::each(file, &mut |script, place| {
        for command in script.commands() {
            command_of(command, place, manifest);
        }
    });
}

fn command_of(command: &shell::Command, place: &dyn Fn(Span) -> Span, manifest: &mut Manifest) {
    let words = command.effective();
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let program = texts
        .first()
        .map_or("", |text| text.rsplit('/').next().unwrap_or(text));
    let (registry, from) = match (program, texts.get(1..).unwrap_or_default()) {
        (pip, ["install", ..]) if pip.starts_with("pip") && pip != "pipenv" => {
            (Registry::Python, 2)
        }
        (python, ["-m", "pip", "install", ..]) if python.starts_with("python") => {
            (Registry::Python, 4)
        }
        ("uv", ["pip", "install", ..]) => (Registry::Python, 3),
        ("uv" | "poetry" | "pdm", ["add", ..]) | ("pipenv", ["install", ..]) => {
            (Registry::Python, 2)
        }
        ("cargo", ["add" | "install", ..]) => (Registry::Rust, 2),
        _ => return,
    };
    let options = &texts[from.min(texts.len())..];
    let elsewhere = |text: &&str| {
        [
            "--index",
            "-i",
            "--extra-index",
            "-f",
            "--find-links",
            "--git",
            "--path",
            "--registry",
        ]
        .iter()
        .any(|option| *text == *option || text.starts_with(&format!("{option}-url")))
    };
    if options.iter().any(elsewhere) {
        manifest.private |= registry == Registry::Python && !options.iter().any(|it| is_public(it));
        return;
    }
    let mut skip = false;
    for word in &words[from.min(words.len())..] {
        let takes_value = [
            "-r",
            "-c",
            "-t",
            "-e",
            "--requirement",
            "--constraint",
            "--target",
            "--version",
            "--vers",
            "--features",
            "-F",
            "--root",
            "--group",
            "-G",
            "--extras",
            "-E",
            "--bin",
            "--editable",
            "--platform",
            "--python-version",
            "--prefix",
            "--python",
            "-p",
            "--source",
            "--cache-dir",
            "--timeout",
            "--retries",
            "--proxy",
            "--src",
            "--upgrade-strategy",
            "--progress-bar",
            "--only-binary",
            "--no-binary",
            "--config-settings",
            "--rename",
            "--tag",
            "--rev",
            "--branch",
            "--profile",
            "--package",
            "--target-dir",
            "--jobs",
            "-j",
            "--example",
        ];
        let text = word.text.as_str();
        let is_value = std::mem::replace(&mut skip, takes_value.contains(&text));
        if is_value || text.starts_with('-') || text.contains(['/', '$', '*', '{', '%', ':', '\\'])
        {
            continue;
        }
        let text = text.split('@').next().unwrap_or(text);
        if let Some(name) = requirement_name(text) {
            manifest.declared.push(folded(name));
            manifest.add(name, place(word.span), registry);
            if let Some(last) = manifest.dependencies.last_mut() {
                last.tool = registry == Registry::Rust && texts.get(1) == Some(&"install");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[&str]) {
        let manifest = read(path, text).unwrap_or_default();
        let shown: Vec<&str> = manifest
            .dependencies
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        assert_eq!(shown, expected, "{path}: {text}");
        for it in &manifest.dependencies {
            assert!(!it.span.is_empty(), "{path}: {it:?}");
        }
    }

    #[test]
    fn python() {
        check(
            "requirements.txt",
            "a>=1\n# no\n-r b.txt\n  c[x]==2 # y\nd @ git+https://h/d\ne ; x\n./f\n",
            &["a", "c", "e"],
        );
        check(
            "pyproject.toml",
            "[project]\nname='n'\ndependencies = ['a>1', \"b @ file:x\"]\n[tool.poetry.dependencies]\n\
             python='3'\nc = {version='1'}\nd = {path='../d'}\n[tool.uv.sources]\na={git='x'}\n",
            &["c"],
        );
        check(
            "setup.py",
            "setup(name='n', install_requires=['a>=1', \"b\"], classifiers=['c'])",
            &["a", "b"],
        );
        check(
            "setup.cfg",
            "[options]\ninstall_requires =\n    a>=1\n    b\npackages = find:\n[options.extras_require]\nt = c\n",
            &["a", "b", "c"],
        );
        check("Pipfile", "[packages]\na = '*'\nb = {git='x'}\n", &["a"]);
        check(
            "Dockerfile",
            "FROM x\nRUN pip install -r r.txt a 'b>=1' && python -m pip install -U c\n",
            &["a", "b", "c"],
        );
        check(
            "ci.sh",
            "uv add --dev a\npip install -i https://x/ b\n",
            &["a"],
        );
    }

    #[test]
    fn rust() {
        check(
            "Cargo.toml",
            "[package]\nname='p'\n[dependencies]\na = '1'\nb = {version='1', package='real'}\n\
             c = {path='../c', version='1'}\nd.workspace = true\n[target.'cfg(x)'.dependencies]\ne='1'\n\
             [dependencies.f]\nversion='1'\n[features]\nx=['a']\n",
            &["a", "real", "e", "f"],
        );
    }
}
