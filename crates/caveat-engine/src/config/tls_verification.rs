//! Finds certificate verification turned off on command lines and in environment variables.
//!
//! The spellings of curl, wget, git, npm, Node and Python. An address on this machine
//! is left alone. pip's `--trusted-host` belongs to another rule.

use caveat_parser::Span;

use super::{
    Analysis, FileKind, Hit, Snippet, TextFile, dockerfile, in_order, scripts,
    shell::{Command, Script, Word},
    web_address,
    yaml::Tree,
};
use crate::rule::Severity;
pub(super) const ANALYSIS: Analysis = Analysis {
    rule: "tls-verification-disabled",
    check,
    triggers: &[
        "curl",
        "--no-check-certificate",
        "sslverify",
        "ssl_no_verify",
        "PYTHONHTTPSVERIFY",
        "TLS_REJECT_UNAUTHORIZED",
        "strict-ssl",
        "strict_ssl",
    ],
    kinds: scripts::KINDS,
};

/// Options of curl that take a value, which is then the rest of the word or the next word.
const CURL_VALUES: &str = "AbcCdDeEFhHKmoPQrtTuUwxXyYz";

fn check(file: &TextFile) -> Vec<Hit> {
    let mut hits = Vec::new();
    scripts::each(file, &mut |script, place| {
        hits.extend(of_script(script, place))
    });
    match file.kind {
        FileKind::Dockerfile => hits.extend(docker_environment(file.text)),
        FileKind::Shell | FileKind::Notebook => {}
        _ => hits.extend(yaml_environment(file.text)),
    }
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
    let mut asked_for = false;
    for command in script.commands() {
        if asks_for_it(command) {
            asked_for = true;
            continue;
        }
        // Only what stands directly behind the test is sure to be in its branch.
        if std::mem::take(&mut asked_for) {
            continue;
        }
        let exported = matches!(command.program(), "export" | "declare" | "env")
            .then(|| command.words.iter())
            .into_iter()
            .flatten();
        for word in command.assignments.iter().chain(exported) {
            let Some((name, value)) = word.text.split_once('=') else {
                continue;
            };
            if turns_off(name, value) {
                hits.push(Hit::new(place(word.span), format!("`{name}={value}`")));
            }
        }
        hits.extend(by_option(command).map(|word| {
            let hit = Hit::new(place(word.span), detail(command, word));
            if is_probe(command) {
                hit.severity(Severity::Low)
            } else {
                hit
            }
        }));
    }
    hits
}

/// `[ "$INSECURE" = 1 ]`: whoever runs the script asked for it.
fn asks_for_it(command: &Command) -> bool {
    matches!(command.program(), "[" | "[[" | "test")
        && command.arguments().iter().any(|word| {
            let text = word.text.to_ascii_lowercase();
            ["insecure", "no_verify", "skip_verify", "noverify"]
                .iter()
                .any(|name| text.contains(name))
        })
}

/// Whether the answer is thrown away: the command only asks whether the server is there.
fn is_probe(command: &Command) -> bool {
    let mut targets = command
        .redirects
        .iter()
        .filter(|redirect| redirect.operator == ">");
    targets.any(|redirect| redirect.target.text == "/dev/null")
        || command.has_argument(&["/dev/null"])
}

fn detail(command: &Command, word: &Word) -> String {
    format!("`{} {}`", command.program(), word.text.replace('`', ""))
}

/// The word that turns verification off for this command.
fn by_option(command: &Command) -> Option<&Word> {
    let arguments = command.arguments();
    let found = match command.program() {
        "curl" => arguments.iter().find(|word| is_insecure_curl(&word.text)),
        "wget" => arguments
            .iter()
            .find(|word| word.text == "--no-check-certificate"),
        "git" => git_setting(arguments),
        "npm" | "yarn" | "pnpm" => {
            let setting = arguments
                .windows(2)
                .find(|pair| is_setting(&pair[0], &pair[1], "strict-ssl"));
            let option = arguments
                .iter()
                .find(|word| word.text == "--strict-ssl=false" || word.text == "strict-ssl=false");
            setting.map(|pair| &pair[0]).or(option)
        }
        _ => None,
    }?;
    (!is_local(arguments)).then_some(found)
}

fn is_insecure_curl(text: &str) -> bool {
    if text == "--insecure" || text == "--proxy-insecure" {
        return true;
    }
    let Some(flags) = text.strip_prefix('-').filter(|rest| !rest.starts_with('-')) else {
        return false;
    };
    flags
        .chars()
        .take_while(|&flag| !CURL_VALUES.contains(flag))
        .any(|flag| flag == 'k')
}

/// `-c http.sslVerify=false`, `config http.sslVerify false`
fn git_setting(arguments: &[Word]) -> Option<&Word> {
    let inline = arguments.iter().find(|word| {
        let Some((name, value)) = word.text.split_once('=') else {
            return false;
        };
        is_ssl_verify(name) && is_off(value)
    });
    let pair = arguments
        .windows(2)
        .find(|pair| is_ssl_verify(&pair[0].text) && is_off(&pair[1].text));
    inline.or(pair.map(|pair| &pair[0]))
}

fn is_ssl_verify(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("http.") && name.ends_with("sslverify")
}

fn is_setting(name: &Word, value: &Word, wanted: &str) -> bool {
    name.text == wanted && is_off(&value.text)
}

fn is_off(value: &str) -> bool {
    matches!(
        value
            .trim()
            .trim_matches(['"', '\''])
            .to_ascii_lowercase()
            .as_str(),
        "false" | "0" | "no" | "off"
    )
}

fn is_on(value: &str) -> bool {
    matches!(
        value
            .trim()
            .trim_matches(['"', '\''])
            .to_ascii_lowercase()
            .as_str(),
        "true" | "1" | "yes" | "on"
    )
}

/// Whether every address among the words is on this machine, and there is one.
fn is_local(arguments: &[Word]) -> bool {
    let hosts: Vec<&str> = arguments
        .iter()
        .filter_map(|word| host_of(&word.text))
        .collect();
    !hosts.is_empty() && hosts.iter().all(|host| web_address::is_loopback(host))
}

fn host_of(word: &str) -> Option<&str> {
    if let Some(address) = web_address::first(word) {
        return Some(address.host);
    }
    let host = word.split(['/', ':']).next()?;
    web_address::is_loopback(host).then_some(host)
}

/// Whether the environment variable turns verification off.
fn turns_off(name: &str, value: &str) -> bool {
    match name {
        "GIT_SSL_NO_VERIFY" => is_on(value),
        "PYTHONHTTPSVERIFY"
        | "NODE_TLS_REJECT_UNAUTHORIZED"
        | "NPM_CONFIG_STRICT_SSL"
        | "npm_config_strict_ssl" => is_off(value),
        _ => false,
    }
}

fn docker_environment(text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    for instruction in dockerfile::parse(text) {
        if !matches!(instruction.keyword.as_str(), "ENV" | "ARG") {
            continue;
        }
        let words = Script::parse(&instruction.arguments.text);
        for command in words.commands() {
            let all: Vec<&Word> = command.assignments.iter().chain(&command.words).collect();
            let pairs = all.iter().filter_map(|word| word.text.split_once('='));
            // The old form `ENV NAME value`.
            let spaced = all
                .windows(2)
                .take(1)
                .map(|pair| (pair[0].text.as_str(), pair[1].text.as_str()));
            if let Some((name, value)) = pairs
                .chain(spaced)
                .find(|(name, value)| turns_off(name, value))
            {
                hits.push(Hit::new(instruction.span, format!("`{name}={value}`")));
            }
        }
    }
    hits
}

/// `NAME: value`, `- NAME=value` and `{name: NAME, value: value}`.
fn yaml_environment(text: &str) -> Vec<Hit> {
    let Ok(tree) = Tree::parse(text) else {
        return Vec::new();
    };
    let mut hits = Vec::new();
    tree.walk(|key, value| {
        let (Some(name), at) = (key.text(), key.span()) else {
            return;
        };
        if let Some(text) = value.text().filter(|text| turns_off(name, text)) {
            hits.push(Hit::new(at, format!("`{name}: {text}`")));
        }
        for item in value.items() {
            let pair = item.text().and_then(|text| text.split_once('='));
            let entry = || Some((item.get("name")?.text()?, item.get("value")?.text()?));
            let Some((name, value)) = pair.or_else(entry) else {
                continue;
            };
            if turns_off(name, value) {
                hits.push(Hit::new(item.span(), format!("`{name}={value}`")));
            }
        }
    });
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[&str]) {
        let hits = super::check(&TextFile::new(path, text));
        let got: Vec<_> = hits.iter().map(|hit| hit.span.text(text)).collect();
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn options() {
        check("a.sh", "curl -sk https://a.b", &["-sk"]);
        check("a.sh", "curl -o k https://a.b", &[]);
        check("a.sh", "curl -ok https://a.b", &[]);
        check("a.sh", "curl --insecure https://$H/x", &["--insecure"]);
        check("a.sh", "curl -k https://localhost:8443/health", &[]);
        check("a.sh", "curl -k localhost:8443/health", &[]);
        check(
            "a.sh",
            "wget --no-check-certificate https://a.b",
            &["--no-check-certificate"],
        );
        check(
            "a.sh",
            "git -c http.sslVerify=false clone x",
            &["http.sslVerify=false"],
        );
        check(
            "a.sh",
            "git config --global http.sslverify false",
            &["http.sslverify"],
        );
        check("a.sh", "npm config set strict-ssl false", &["strict-ssl"]);
        check("a.sh", "grep -k x; # curl -k https://a.b", &[]);
    }

    #[test]
    fn variables() {
        check(
            "a.sh",
            "export GIT_SSL_NO_VERIFY=1\nPYTHONHTTPSVERIFY=0 python x",
            &["GIT_SSL_NO_VERIFY=1", "PYTHONHTTPSVERIFY=0"],
        );
        check(
            "Dockerfile",
            "ENV A=b NODE_TLS_REJECT_UNAUTHORIZED=0\nENV PYTHONHTTPSVERIFY 1",
            &["ENV A=b NODE_TLS_REJECT_UNAUTHORIZED=0"],
        );
        check(
            "compose.yml",
            "services: {w: {environment: {PYTHONHTTPSVERIFY: '0'}}}",
            &["PYTHONHTTPSVERIFY"],
        );
        check(
            "compose.yml",
            "services: {w: {environment: [GIT_SSL_NO_VERIFY=true]}}",
            &["GIT_SSL_NO_VERIFY=true"],
        );
    }
}
