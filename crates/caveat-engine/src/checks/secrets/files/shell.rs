//! Shell code, in scripts and wherever other formats hold it: assignments, options of programs
//! that take secrets, and Dockerfile variables.

use caveat_parser::Span;

use super::Reader;
use crate::checks::secrets::judge::Place;
use crate::checks::secrets::name;
use crate::config::shell::{Command, Pipeline, Script, Word};
use crate::config::{TextFile, dockerfile, scripts};

/// Reads every command of the file.
pub fn read(reader: &mut Reader<'_>, file: &TextFile<'_>) {
    if !scripts::KINDS.contains(&file.kind) || !may_matter(file.text) {
        return;
    }
    let mut found: Vec<Found> = Vec::new();
    scripts::each(
        file,
        &mut |script: &Script, to_file: &dyn Fn(Span) -> Span| {
            for pipeline in &script.pipelines {
                found.extend(of_pipeline(pipeline, to_file));
            }
        },
    );
    let text = reader.text;
    for found in found {
        let Some(span) = within(text, found.span, &found.value) else {
            continue;
        };
        match found.key {
            Some(key) => reader.entry(&key, &found.value, span, true),
            None => reader.password("password", &found.value, span, Place::Connected),
        }
    }
}

/// Whether one of the words stands in the text without which no command matters.
fn may_matter(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    [
        "pass",
        "secret",
        "token",
        "key",
        "curl",
        "pwd",
        "mysql",
        "auth",
        "redis-cli",
        "docker login",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// A value, the bytes that hold it among others, and the name it goes by.
pub struct Found {
    /// The name; none for a password that an option tells.
    pub key: Option<String>,
    /// The value.
    pub value: String,
    /// Bytes of its word.
    pub span: Span,
}

/// Secrets among the words of commands joined by pipes.
pub fn of_pipeline(pipeline: &Pipeline, to_file: &dyn Fn(Span) -> Span) -> Vec<Found> {
    let mut found = Vec::new();
    piped(pipeline, to_file, &mut found);
    for command in &pipeline.commands {
        visit(command, to_file, &mut found);
    }
    found
}

/// The bytes of the value within those of its word.
pub fn within(text: &str, span: Span, value: &str) -> Option<Span> {
    let at = text
        .get(span.start as usize..span.end as usize)?
        .rfind(value)?;
    let start = span.start + at as u32;
    Some(Span::new(start, start + value.len() as u32))
}

fn visit(command: &Command, to_file: &dyn Fn(Span) -> Span, out: &mut Vec<Found>) {
    let mut put = |key: Option<&str>, value: &str, word: &Word| {
        let open = value.starts_with('$') && !value.starts_with("${") || value.starts_with('`');
        if !value.is_empty() && !open && word.nested.is_empty() {
            out.push(Found {
                key: key.map(str::to_owned),
                value: value.to_owned(),
                span: to_file(word.span),
            });
        }
    };
    for word in &command.assignments {
        if let Some((name, value)) = word.text.split_once('=') {
            put(Some(name), value, word);
        }
    }
    let program = command.program();
    let arguments = command.arguments();
    let declares = matches!(
        program,
        "export" | "declare" | "local" | "readonly" | "typeset" | "env"
    );
    for (at, word) in arguments.iter().enumerate() {
        let text = word.text.as_str();
        let next = arguments.get(at + 1);
        if declares && let Some((name, value)) = text.split_once('=') {
            put(Some(name), value, word);
        }
        if let Some(option) = text.strip_prefix("--") {
            match (option.split_once('='), next) {
                (Some((name, value)), _) if name::classify(name).is_some() => {
                    put(Some(name), value, word);
                }
                (Some(("user", value)), _) if program == "curl" => user(value, word, &mut put),
                (None, Some(next))
                    if name::classify(option).is_some() && !next.text.starts_with('-') =>
                {
                    put(Some(option), &next.text, next);
                }
                (None, Some(next)) if option == "user" && program == "curl" => {
                    user(&next.text, next, &mut put);
                }
                _ => {}
            }
            continue;
        }
        short(program, text, word, next, &mut put);
    }
}

/// `-u alice:secret`
fn user(value: &str, word: &Word, put: &mut dyn FnMut(Option<&str>, &str, &Word)) {
    if let Some((name, password)) = value.split_once(':')
        && !name.contains('$')
    {
        put(None, password, word);
    }
}

/// Options of one letter, by program.
fn short(
    program: &str,
    text: &str,
    word: &Word,
    next: Option<&Word>,
    put: &mut dyn FnMut(Option<&str>, &str, &Word),
) {
    match (program, text, next) {
        ("curl" | "http" | "wget", "-u" | "-a", Some(next)) => user(&next.text, next, put),
        ("curl", _, _) if text.starts_with("-u") => user(&text[2..], word, put),
        ("curl" | "wget", _, _) => {
            if let Some((header, value)) = text.split_once(": ")
                && name::classify(header).is_some()
            {
                put(Some(header), value, word);
            }
        }
        ("mysql" | "mysqldump" | "mysqladmin" | "mariadb", _, _)
            if text.starts_with("-p") && text.len() > 3 =>
        {
            put(None, &text[2..], word);
        }
        ("sshpass", _, _) if text.starts_with("-p") && text.len() > 2 => {
            put(None, &text[2..], word);
        }
        ("sshpass", "-p", Some(next)) | ("redis-cli", "-a", Some(next)) => {
            put(None, &next.text, next);
        }
        ("docker" | "podman" | "buildah", "-p", Some(next)) if !next.text.contains(':') => {
            let is_port = next.text.bytes().all(|byte| byte.is_ascii_digit());
            if !is_port {
                put(Some("login-password"), &next.text, next);
            }
        }
        ("openssl", "-passin" | "-passout" | "-pass", Some(next)) => {
            if let Some(value) = next.text.strip_prefix("pass:") {
                put(None, value, next);
            }
        }
        _ => {}
    }
}

/// `echo root:secret | chpasswd`, `echo secret | docker login --password-stdin`.
fn piped(pipeline: &Pipeline, to_file: &dyn Fn(Span) -> Span, out: &mut Vec<Found>) {
    let [first, second, ..] = pipeline.commands.as_slice() else {
        return;
    };
    let stdin = second.has_argument(&["--password-stdin", "--stdin", "-S"]);
    let sets = second.program() == "chpasswd";
    if !matches!(first.program(), "echo" | "printf") || !(stdin || sets) {
        return;
    }
    let Some(word) = first
        .arguments()
        .iter()
        .rfind(|word| !word.text.starts_with('-'))
    else {
        return;
    };
    let text = word.text.trim_end_matches("\\n");
    let value = match sets {
        true => text.split_once(':').map_or("", |(_, password)| password),
        false => text,
    };
    if !value.is_empty() && !value.starts_with('$') && word.nested.is_empty() {
        out.push(Found {
            key: None,
            value: value.to_owned(),
            span: to_file(word.span),
        });
    }
}

/// `ENV` and `ARG` of a Dockerfile.
pub fn read_dockerfile(reader: &mut Reader<'_>) {
    let text = reader.text;
    for instruction in dockerfile::parse(text) {
        if !matches!(instruction.keyword.as_str(), "ENV" | "ARG") {
            continue;
        }
        let arguments = &instruction.arguments;
        for command in Script::parse(&arguments.text).commands() {
            let words = || command.assignments.iter().chain(&command.words);
            for word in words() {
                if let Some((key, value)) = word.text.split_once('=')
                    && let Some(span) = within(text, arguments.in_file(word.span), value)
                    && !value.is_empty()
                {
                    reader.entry(key, value, span, true);
                }
            }
            if let [key, value] = command.words.as_slice()
                && !key.text.contains('=')
                && let Some(span) = within(text, arguments.in_file(value.span), &value.text)
            {
                reader.entry(&key.text, &value.text, span, true);
            }
        }
    }
}
