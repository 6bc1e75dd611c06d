//! Finds programs that are fetched and run without a look at what arrived.
//!
//! Three shapes: a fetch piped into an interpreter, an interpreter given the output of a fetch
//! (`sh -c "$(curl ...)"`, `bash <(curl ...)`), and a fetched file that is run or made executable
//! with no checksum or signature verified in the same script.

use caveat_parser::Span;

use super::{
    Analysis, Hit, Snippet, TextFile, in_order, scripts,
    shell::{Command, Pipeline, Script, Word, base_name, is_shell},
    web_address,
};
use crate::rule::{Confidence, Severity};

pub(super) const ANALYSIS: Analysis = Analysis {
    rule: "download-then-execute",
    check,
    triggers: &["curl", "wget"],
    kinds: scripts::KINDS,
};

/// Installers that their projects document in this form, served from the project's own host.
const DOCUMENTED_INSTALLERS: &[&str] = &[
    "sh.rustup.rs",
    "static.rust-lang.org",
    "astral.sh",
    "install.python-poetry.org",
    "bootstrap.pypa.io",
    "get.docker.com",
    "get.sdkman.io",
    "deb.nodesource.com",
];

/// Programs that verify what was fetched.
const VERIFIERS: &[&str] = &[
    "sha256sum",
    "sha512sum",
    "sha384sum",
    "sha1sum",
    "shasum",
    "md5sum",
    "b2sum",
    "gpg",
    "gpg2",
    "gpgv",
    "cosign",
    "minisign",
    "slsa-verifier",
    "rsign",
    "signify",
    "sha256",
    "cksum",
];

fn check(file: &TextFile) -> Vec<Hit> {
    let mut hits = Vec::new();
    scripts::each(file, &mut |script, place| {
        hits.extend(of_script(script, place))
    });
    in_order(hits)
}

/// Hits in one piece of shell code.
pub(super) fn in_shell(snippet: &Snippet) -> Vec<Hit> {
    let mut hits = Vec::new();
    scripts::each_in(snippet, &mut |script, place| {
        hits.extend(of_script(script, place))
    });
    in_order(hits)
}

fn of_script(script: &Script, place: &dyn Fn(Span) -> Span) -> Vec<Hit> {
    let mut hits = Vec::new();
    for pipeline in &script.pipelines {
        hits.extend(piped(pipeline, place));
        hits.extend(
            pipeline
                .commands
                .iter()
                .filter_map(|command| substituted(command, place)),
        );
    }
    hits.extend(fetched_files(script, place));
    hits
}

/// A fetch and what it fetches.
struct Fetch<'a> {
    url: Option<&'a str>,
    /// Base name of the file written; none for standard output.
    file: Option<String>,
}

fn fetch(command: &Command) -> Option<Fetch<'_>> {
    let arguments = command.arguments();
    let url = arguments
        .iter()
        .map(|word| word.text.as_str())
        .find(|text| text.contains("://"));
    let redirected = command
        .redirects
        .iter()
        .find(|r| matches!(r.operator, ">" | ">>"));
    let written = redirected.map(|redirect| redirect.target.text.as_str());
    let file = match command.program() {
        "curl" => curl_output(arguments, url),
        "wget" => wget_output(arguments, url),
        _ => return None,
    };
    let file = written.map(str::to_owned).or(file);
    let file =
        file.filter(|name| name != "-" && name != "/dev/stdout" && !name.starts_with("/dev/fd"));
    Some(Fetch {
        url,
        file: file.map(|name| base_name(&name).to_owned()),
    })
}

fn curl_output(arguments: &[Word], url: Option<&str>) -> Option<String> {
    if let Some(file) = option_value(arguments, 'o', "--output") {
        return Some(file);
    }
    let remote =
        |text: &str| text == "--remote-name" || short_flags(text).is_some_and(|f| f.contains('O'));
    arguments
        .iter()
        .any(|word| remote(&word.text))
        .then(|| remote_name(url))
}

/// Unlike curl, wget writes a file unless told otherwise.
fn wget_output(arguments: &[Word], url: Option<&str>) -> Option<String> {
    let spider = arguments.iter().any(|word| word.text == "--spider");
    let named = option_value(arguments, 'O', "--output-document");
    if spider {
        None
    } else {
        Some(named.unwrap_or_else(|| remote_name(url)))
    }
}

fn remote_name(url: Option<&str>) -> String {
    let path = url.unwrap_or("").split(['?', '#']).next().unwrap_or("");
    base_name(path).to_owned()
}

/// The letters of `-fsSL`.
fn short_flags(text: &str) -> Option<&str> {
    text.strip_prefix('-')
        .filter(|rest| !rest.starts_with('-') && !rest.is_empty())
}

/// Value of an option written `-o v`, `-ov`, `-Lo v`, `--output v` or `--output=v`.
fn option_value(arguments: &[Word], short: char, long: &str) -> Option<String> {
    for (at, word) in arguments.iter().enumerate() {
        let text = word.text.as_str();
        let next = || arguments.get(at + 1).map(|word| word.text.clone());
        if text == long {
            return next();
        }
        if let Some(value) = text
            .strip_prefix(long)
            .and_then(|rest| rest.strip_prefix('='))
        {
            return Some(value.to_owned());
        }
        if let Some((_, value)) = short_flags(text).and_then(|flags| flags.split_once(short)) {
            return if value.is_empty() {
                next()
            } else {
                Some(value.to_owned())
            };
        }
    }
    None
}

/// `curl ... | sh`
fn piped(pipeline: &Pipeline, place: &dyn Fn(Span) -> Span) -> Option<Hit> {
    let (at, first, found) = pipeline
        .commands
        .iter()
        .enumerate()
        .find_map(|(at, command)| Some((at, command, fetch(command)?)))
        .filter(|(_, _, found)| found.file.is_none())?;
    let runner = pipeline.commands[at + 1..]
        .iter()
        .find(|command| reads_program(command))?;
    let span = Span::new(place(first.span).start, place(runner.span).end);
    hit(found.url, &format!("run by `{}`", runner.program()), span)
}

/// Whether the command is an interpreter that takes its program from standard input.
fn reads_program(command: &Command) -> bool {
    let arguments = command.arguments();
    let first_operand = arguments
        .iter()
        .find(|word| !word.text.starts_with('-') || word.text == "-");
    let name = command.program();
    if is_shell(name) {
        let stdin_flag = arguments
            .iter()
            .take_while(|w| w.text.starts_with('-'))
            .any(|w| {
                w.text == "--" || short_flags(&w.text).is_some_and(|flags| flags.contains('s'))
            });
        let text_flag = arguments
            .iter()
            .any(|w| short_flags(&w.text).is_some_and(|f| f.ends_with('c')));
        let from_stdin =
            first_operand.is_none_or(|w| matches!(w.text.as_str(), "-" | "/dev/stdin"));
        return !text_flag && (stdin_flag || from_stdin);
    }
    let interpreter = is_python(name) || matches!(name, "perl" | "ruby" | "node" | "php" | "iex");
    let program_flag = arguments.iter().any(|w| {
        matches!(
            w.text.as_str(),
            "-c" | "-m" | "-e" | "-E" | "-p" | "-r" | "-V" | "--version"
        ) || name == "perl" && w.text.starts_with('-') && w.text.contains(['e', 'n', 'p'])
            || name == "ruby" && w.text.starts_with('-') && w.text.contains(['e', 'n', 'p'])
            || name == "node"
                && (w.text.starts_with("-p")
                    || w.text.starts_with("-e")
                    || w.text.starts_with("--"))
    });
    interpreter && !program_flag && first_operand.is_none_or(|w| w.text == "-")
}

fn is_python(name: &str) -> bool {
    name.strip_prefix("python")
        .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

/// `sh -c "$(curl ...)"`, `bash <(curl ...)`, `eval "$(curl ...)"`, `. <(curl ...)`
fn substituted(command: &Command, place: &dyn Fn(Span) -> Span) -> Option<Hit> {
    let name = command.program();
    let arguments = command.arguments();
    let takes_file = is_shell(name) || is_python(name) || matches!(name, "source" | ".");
    let text_at = match name {
        "eval" => Some(0),
        _ if is_shell(name) || is_python(name) => arguments
            .iter()
            .position(|w| short_flags(&w.text).is_some_and(|flags| flags.ends_with('c')))
            .map(|at| at + 1),
        _ => None,
    };
    let as_text = text_at
        .and_then(|at| arguments.get(at))
        .into_iter()
        .flat_map(|word| {
            word.nested
                .iter()
                .filter(|nested| !nested.process && nested.at == 0)
        });
    let as_file = arguments
        .iter()
        .filter(|_| takes_file)
        .flat_map(|word| word.nested.iter().filter(|nested| nested.process));
    let script = as_text.chain(as_file).map(|nested| &nested.script).next()?;
    let mut pipelines = script.pipelines.iter();
    let found = pipelines.find_map(|pipeline| pipeline.commands.first().and_then(fetch))?;
    let piped_on = script
        .pipelines
        .iter()
        .any(|pipeline| pipeline.commands.len() > 1);
    if found.file.is_some() || piped_on && name == "eval" {
        return None;
    }
    hit(found.url, &format!("run by `{name}`"), place(command.span))
}

/// `curl -o x ...; sh x`
fn fetched_files(script: &Script, place: &dyn Fn(Span) -> Span) -> Vec<Hit> {
    let mut waiting: Vec<(String, Option<&str>, &Command)> = Vec::new();
    let mut hits = Vec::new();
    for command in script.commands() {
        if verifies(command) {
            waiting.clear();
        }
        if let Some(Fetch {
            url,
            file: Some(file),
        }) = fetch(command)
        {
            waiting.retain(|(name, _, _)| *name != file);
            waiting.push((file, url, command));
            continue;
        }
        let Some(run) = executed(command) else {
            continue;
        };
        let Some(at) = waiting.iter().position(|(name, _, _)| *name == run.file) else {
            continue;
        };
        // The file may be run after it is made executable: one hit, for the stronger act.
        let (_, url, fetcher) = &waiting[at];
        let span = place(fetcher.span);
        hits.retain(|earlier: &Hit| earlier.span != span);
        let verb = if run.severity == Severity::High {
            "run"
        } else {
            "made executable"
        };
        if let Some(found) = hit(*url, &format!("{verb} as `{}`", run.file), span) {
            let cleartext = url.is_some_and(|url| url.starts_with("http://"));
            let most = if cleartext {
                Severity::High
            } else {
                run.severity
            };
            let severity = found.severity.unwrap_or(Severity::High).min(most);
            hits.push(found.severity(severity));
        }
    }
    hits
}

fn verifies(command: &Command) -> bool {
    let name = command.program();
    let words = command.effective();
    let second = words.get(1).map_or("", |word| word.text.as_str());
    VERIFIERS.contains(&name)
        || name == "openssl" && second == "dgst"
        || name == "gh" && second == "attestation"
        || name == "rpm" && matches!(second, "-K" | "--checksig")
        || command
            .all_words()
            .flat_map(|word| &word.nested)
            .any(|nested| nested.script.commands().any(verifies))
}

/// The file that a command runs or makes executable.
struct Run {
    file: String,
    /// At most this bad.
    severity: Severity,
}

fn executed(command: &Command) -> Option<Run> {
    let words = command.effective();
    let program = words.first()?.text.as_str();
    let name = base_name(program);
    let operand = || words[1..].iter().find(|word| !word.text.starts_with('-'));
    let run = |text: &str, severity| {
        Some(Run {
            file: base_name(text).to_owned(),
            severity,
        })
    };
    match name {
        "chmod" => {
            let mode = operand()?;
            let executable = mode.text.contains('x') || mode.text.contains(['7', '5', '1']);
            let target = words
                .last()
                .filter(|target| executable && target.span != mode.span)?;
            run(&target.text, Severity::Medium)
        }
        "source" | "." => run(&operand()?.text, Severity::High),
        _ if is_shell(name) || is_python(name) => run(&operand()?.text, Severity::High),
        _ if program.contains('/') => run(program, Severity::High),
        _ => None,
    }
}

/// The hit for running what was fetched from `url`; none for this machine's own server.
fn hit(url: Option<&str>, fate: &str, span: Span) -> Option<Hit> {
    let address = url.and_then(web_address::first);
    let shown = url.map_or("a download".to_owned(), |url| format!("`{}`", shorten(url)));
    let hit = Hit::new(span, format!("{shown} is {fate}"));
    let Some(address) = address else {
        return Some(hit.confidence(Confidence::Medium));
    };
    if address.is_loopback() {
        return None;
    }
    if address.is_cleartext() {
        return Some(hit.severity(Severity::High).confidence(Confidence::High));
    }
    let documented = DOCUMENTED_INSTALLERS.contains(&address.host);
    Some(if documented {
        hit.severity(Severity::Low)
    } else {
        hit
    })
}

/// An address without its query and at most 80 characters long: messages are one line.
fn shorten(url: &str) -> String {
    let plain = url
        .split(['?', '\n'])
        .next()
        .unwrap_or(url)
        .replace('`', "");
    let plain = match (plain.find("://"), plain.find('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            format!("{}{}", &plain[..scheme + 3], &plain[at + 1..])
        }
        _ => plain,
    };
    if plain.chars().count() <= 80 {
        plain
    } else {
        plain.chars().take(77).chain("...".chars()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let hits = super::check(&TextFile::new("a.sh", text));
        let got: Vec<_> = hits.iter().map(|hit| hit.span.text(text)).collect();
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn piped_to_an_interpreter() {
        check(
            "curl -fsSL https://a.b/i | sh",
            &["curl -fsSL https://a.b/i | sh"],
        );
        check(
            "wget -qO- https://a.b/i | sudo -E bash -s -- -y",
            &["wget -qO- https://a.b/i | sudo -E bash -s -- -y"],
        );
        check(
            "curl https://a.b/i | tee l | python3 -",
            &["curl https://a.b/i | tee l | python3 -"],
        );
        check("curl https://a.b/i | python3 -m json.tool", &[]);
        check("curl https://a.b/i | python3 -c 'import json'", &[]);
        check("curl https://a.b/i | tar xz", &[]);
        check("curl https://a.b/k | gpg --dearmor > k", &[]);
        check("curl http://localhost:8000/i | sh", &[]);
        check("wget https://a.b/i | sh", &[]);
        check("curl https://a.b/i | bash check.sh", &[]);
    }

    #[test]
    fn substituted() {
        check(
            "sh -c \"$(curl -fsSL https://a.b/i)\"",
            &["sh -c \"$(curl -fsSL https://a.b/i)\""],
        );
        check(
            "bash <(curl -s https://a.b/i) -y",
            &["bash <(curl -s https://a.b/i) -y"],
        );
        check(
            "eval \"`wget -qO - https://a.b/i`\"",
            &["eval \"`wget -qO - https://a.b/i`\""],
        );
        check("source <(kubectl completion bash)", &[]);
        check("bash -c \"echo $(curl https://a.b/i)\"", &[]);
        check(
            "bash -c 'curl https://a.b/i | sh'",
            &["'curl https://a.b/i | sh'"],
        );
    }

    #[test]
    fn fetched_files() {
        check(
            "curl -Lo x https://a.b/x && chmod +x x && ./x",
            &["curl -Lo x https://a.b/x"],
        );
        check(
            "wget https://a.b/x.sh\nbash x.sh",
            &["wget https://a.b/x.sh"],
        );
        check(
            "curl -O https://a.b/x.sh; echo 'ff x.sh' | sha256sum -c; sh x.sh",
            &[],
        );
        check("wget https://a.b/x.tgz && tar xf x.tgz && ./configure", &[]);
        check(
            "curl https://a.b/x > /tmp/x; python3 /tmp/x",
            &["curl https://a.b/x > /tmp/x"],
        );
        check(
            "curl -o data.json https://a.b/x; python3 use.py data.json",
            &[],
        );
    }

    #[test]
    fn severity() {
        let check = |text: &str, expected| {
            let hits = super::check(&TextFile::new("a.sh", text));
            assert_eq!(hits[0].severity, expected, "{text}");
        };
        check("curl https://sh.rustup.rs | sh", Some(Severity::Low));
        check("curl http://a.b/x | sh", Some(Severity::High));
        check("curl https://a.b/x | sh", None);
        check(
            "curl -o /bin/x https://a.b/x; chmod 755 /bin/x",
            Some(Severity::Medium),
        );
    }
}
