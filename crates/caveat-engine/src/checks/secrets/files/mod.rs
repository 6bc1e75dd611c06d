//! Secrets in the files around the code: settings, manifests, scripts, notebooks of other tools.
//!
//! Each format has a reader that finds keys and values with their places; what they mean is said
//! here once. The readers are tolerant and linear: any text gives some entries, never an error,
//! and nesting costs heap, not stack.

mod json;
mod lines;
mod pairs;
pub mod shell;
mod yaml;

use caveat_parser::Span;

pub use pairs::password_in;

use super::judge::{self, Candidate, Place, Secret, Which};
use super::name::{self, Kind, Name};
use super::{encoding, provider};
use crate::config::TextFile;
use crate::config::kind::{FileKind, classify};
use crate::rule::{Confidence, Severity};

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// `key = value`, one a line: `.env`, INI, properties, TOML, Terraform.
    Lines,
    /// JSON, with comments and final commas.
    Json,
    /// YAML.
    Yaml,
    /// A shell script.
    Shell,
    /// A Dockerfile.
    Dockerfile,
    /// SQL statements.
    Sql,
    /// `.netrc` and `.pgpass`.
    Words,
}

/// Reads a file; nothing for one that configures nothing.
pub fn read(path: &str, text: &str) -> Vec<Secret> {
    if is_example(path) {
        return Vec::new();
    }
    let kind = classify(path, text);
    let Some(format) = format(path, kind) else {
        return Vec::new();
    };
    let mut reader = Reader {
        text,
        out: Vec::new(),
        place: place(path, kind),
        is_ci: matches!(
            kind,
            FileKind::Workflow | FileKind::GitlabCi | FileKind::Action
        ),
    };
    match format {
        Format::Lines => lines::read(&mut reader),
        Format::Json => json::read(&mut reader),
        Format::Yaml => yaml::read(&mut reader),
        Format::Dockerfile => shell::read_dockerfile(&mut reader),
        Format::Sql => lines::read_sql(&mut reader),
        Format::Words => lines::read_words(&mut reader),
        Format::Shell => {}
    }
    let file = TextFile { path, text, kind };
    shell::read(&mut reader, &file);
    reader.out
}

/// Whether the file configures something, as its name tells.
pub fn is_configuration(path: &str) -> bool {
    !is_example(path) && format(path, classify(path, "")).is_some()
}

fn format(path: &str, kind: FileKind) -> Option<Format> {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if matches!(
        kind,
        FileKind::Catalogue | FileKind::Prose | FileKind::Template
    ) || is_lock(name)
    {
        return None;
    }
    match name {
        ".netrc" | "_netrc" | ".pgpass" => return Some(Format::Words),
        _ if name == ".env" || name.starts_with(".env.") || extension == "env" => {
            return Some(Format::Lines);
        }
        ".npmrc" | ".pypirc" | ".yarnrc" | "credentials" | ".s3cfg" | ".boto" | "my.cnf"
        | ".my.cnf" | ".credentials" | "pip.conf" | ".envrc" | ".gitconfig" | "redis.conf" => {
            return Some(Format::Lines);
        }
        _ => {}
    }
    match (kind, extension) {
        (FileKind::Dockerfile, _) => Some(Format::Dockerfile),
        (FileKind::Shell, _) => Some(Format::Shell),
        (_, "json" | "jsonc" | "json5" | "tfstate") => Some(Format::Json),
        (_, "yml" | "yaml") => Some(Format::Yaml),
        (
            _,
            "toml" | "ini" | "cfg" | "conf" | "cnf" | "properties" | "tf" | "tfvars" | "hcl"
            | "config" | "credentials" | "service",
        ) => Some(Format::Lines),
        (_, "sql") => Some(Format::Sql),
        (FileKind::OtherConfig, _) => Some(Format::Lines),
        _ => None,
    }
}

fn is_lock(name: &str) -> bool {
    name.contains("lock.")
        || name.ends_with(".lock")
        || name.contains("openapi")
        || name.contains("swagger")
        || name.ends_with(".schema.json")
        || name == "schema.json"
        || name.ends_with("messages.json")
        || name == "strings.json"
}

/// Whether the name says that the values are to be replaced, or serve tests.
fn is_example(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let of_tests = matches!(name, "setup.cfg" | "tox.ini" | "pytest.ini");
    of_tests
        || name.split(['.', '-', '_']).any(|part| {
            matches!(
                part,
                "example"
                    | "examples"
                    | "sample"
                    | "template"
                    | "tmpl"
                    | "tpl"
                    | "dist"
                    | "test"
                    | "tests"
                    | "testing"
                    | "defaults"
                    | "skel"
            )
        })
}

fn place(path: &str, kind: FileKind) -> Place {
    match kind {
        FileKind::Compose | FileKind::Kubernetes | FileKind::Dockerfile => Place::Set,
        _ if path
            .rsplit('/')
            .next()
            .is_some_and(|name| name.starts_with(".env")) =>
        {
            Place::Connected
        }
        _ => Place::Bound,
    }
}

/// Bytes of each line, without its end.
pub fn lines(text: &str) -> impl Iterator<Item = Span> {
    text.split_inclusive('\n').scan(0u32, |at, line| {
        let start = *at;
        *at += line.len() as u32;
        let kept = line.trim_end_matches(['\n', '\r']).len() as u32;
        Some(Span::new(start, start + kept))
    })
}

/// Whether a line is a comment in any of the formats.
pub fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    // `//registry.npmjs.org/:_authToken=...` is a key.
    ["#", "// ", ";", "--", "*", "<!--", "%"]
        .iter()
        .any(|mark| line.starts_with(mark))
}

/// Keys beside which a password is one that logs in somewhere.
fn is_beside(key: &str) -> bool {
    let words = name::words(key);
    let last = words.last().map_or("", String::as_str);
    matches!(
        last,
        "user" | "username" | "host" | "hostname" | "login" | "database" | "port" | "server"
    )
}

/// What the readers report to.
pub struct Reader<'t> {
    text: &'t str,
    out: Vec<Secret>,
    /// What values of this file are to the program.
    place: Place,
    is_ci: bool,
}

impl Reader<'_> {
    /// A value under a key that says little alone: `secret` below `jwt`, `key` in `[api]`.
    fn below(&mut self, parent: &str, key: &str, value: &str, span: Span, connected: bool) {
        let whole = match key {
            "secret" | "key" | "token" if parent.len() > 1 => format!("{parent}.{key}"),
            _ => String::new(),
        };
        let named = !whole.is_empty() && name::classify(&whole).is_some();
        self.entry(if named { &whole } else { key }, value, span, connected);
    }

    /// A value, without quotes, at its place under a key.
    fn entry(&mut self, key: &str, value: &str, span: Span, connected: bool) {
        let place = match (self.place, connected) {
            (Place::Bound, true) => Place::Connected,
            (place, _) => place,
        };
        if self.fallback(key, value, span) {
            return;
        }
        match name::classify(key) {
            Some(name) => self.named(key, name, value, span, place),
            None => self.connection(value, span),
        }
    }

    /// `${DB_PASSWORD:-postgres}`: what holds where the variable is not set.
    fn fallback(&mut self, key: &str, value: &str, span: Span) -> bool {
        let Some(inner) = value.strip_prefix("${") else {
            return false;
        };
        let Some((variable, rest)) = inner.split_once(":-").or_else(|| inner.split_once('-'))
        else {
            return true;
        };
        let Some(default) = rest.strip_suffix('}') else {
            return true;
        };
        let start = span.start + (value.len() - rest.len()) as u32;
        let place = Span::new(start, start + default.len() as u32);
        let named = name::classify(variable)
            .map(|name| (variable, name))
            .or_else(|| Some((key, name::classify(key)?)));
        if let Some((label, name)) = named
            && place.end <= span.end
        {
            self.named(label, name, default, place, Place::Fallback);
        }
        true
    }

    fn named(&mut self, label: &str, name: Name, value: &str, span: Span, place: Place) {
        if provider::is_token(value) || value.contains("://") {
            return;
        }
        let label = label.rsplit(['/', ':']).next().unwrap_or(label);
        let secret = judge::judge(Candidate {
            span,
            label: label.to_owned(),
            name,
            text: value.to_owned(),
            place,
            fix: None,
        });
        self.out.extend(secret.map(|secret| match self.is_ci {
            // Servers that live as long as a test run.
            true if secret.confidence < Confidence::High
                && matches!(secret.which, Which::Password | Which::Default) =>
            {
                Secret {
                    confidence: Confidence::Low,
                    severity: Severity::Low,
                    ..secret
                }
            }
            _ => secret,
        }));
    }

    /// A password that a place tells, whatever the key.
    fn password(&mut self, label: &str, value: &str, span: Span, place: Place) {
        self.named(label, Name::of_place(Kind::Password), value, span, place);
    }

    /// `Server=db;User Id=sa;Password=...`
    fn connection(&mut self, value: &str, span: Span) {
        if let Some((start, end)) = password_in(value)
            && span.len() as usize == value.len()
        {
            let place = Span::new(span.start + start as u32, span.start + end as u32);
            self.password("password", &value[start..end], place, Place::Connected);
        }
    }

    /// A value of a Kubernetes secret: whatever its key, it is meant to be one.
    fn sealed(&mut self, key: &str, value: &str, span: Span, encoded: bool) {
        let decoded = match encoded {
            true => encoding::base64(value.trim()).and_then(|bytes| String::from_utf8(bytes).ok()),
            false => Some(value.to_owned()),
        };
        let Some(decoded) = decoded else { return };
        let name = name::classify(key);
        let known = name.is_some();
        let name = name.unwrap_or(Name::of_place(Kind::Credential));
        if known || super::random::is_random(&decoded) {
            self.named(key, name, decoded.trim_end(), span, Place::Set);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAMES: &[&str] = &[
        "a.json",
        ".env",
        "a.yaml",
        "a.toml",
        "Dockerfile",
        "a.sh",
        "a.sql",
        ".netrc",
        "a.tf",
        "docker-compose.yml",
        ".github/workflows/a.yml",
        "a.properties",
        ".npmrc",
    ];

    proptest! {
        /// Any text is read without a panic, and every place lies in it.
        #[test]
        fn any_text(
            text in "([a-z_]{0,6}(password|api_key|token)|[\\[\\]{}:=,'\"\\\\\\n\\r #$|-]|é|\\PC){0,80}"
        ) {
            for name in NAMES {
                for secret in read(name, &text) {
                    let (start, end) = (secret.span.start as usize, secret.span.end as usize);
                    prop_assert!(text.get(start..end).is_some());
                }
            }
            let _ = crate::notebook::Notebook::read(&text);
        }
    }

    #[test]
    fn deep_nesting_and_long_lines_end() {
        let deep = "[".repeat(200_000) + "{\"password\": \"a\"";
        let _ = read("a.json", &deep);
        let long = format!("password = \"{}\"", "a1".repeat(2_000_000));
        assert!(read(".env", &long).is_empty());
        assert!(
            read(
                "a.json",
                &format!("{{\"password\": \"{}\"}}", "a1".repeat(2_000_000))
            )
            .is_empty()
        );
    }
}
