//! The program from outside: command line in; standard output, standard error and exit code out.
//!
//! Each test is a transcript of commands in a small project, kept as a snapshot. The environment
//! is scrubbed, and the rules are those of the test, so that transcripts change only when the
//! program does. To accept new transcripts: `INSTA_UPDATE=always cargo test --test cli`.

mod bad_input;
mod commands;
mod fixing;
mod fragments;
mod invented;
mod properties;
mod reports;
mod selecting;
mod walking;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Rules that no change of the real ones touches.
const RULES: &[(&str, &str)] = &[
    (
        "rules/eval-call.yaml",
        "id: eval-call
summary: text is run as code
severity: critical
confidence: high
cwe: [95]
since: 9.8.7
message: \"`$X` is run as code\"
why: Whoever writes the text runs code.
fix: Use `ast.literal_eval`.
match:
  python:
    pattern: eval($X)
    rewrite: ast.literal_eval($X)
",
    ),
    (
        "rules/exec-call.yaml",
        "id: exec-call
summary: statements are run from text
severity: high
confidence: medium
cwe: [95]
since: 9.8.7
message: \"`exec` runs statements from text\"
why: Whoever writes the text runs code.
fix: Write the statements down.
match:
  python:
    pattern: exec($X)
    rewrite: pass
    rewrite-unsafe: true
",
    ),
    (
        "rules/input-call.yaml",
        "id: input-call
summary: the program waits for a person
severity: low
confidence: low
cwe: [400]
since: 9.8.7
message: \"`input` waits for a person\"
why: Nobody may be there.
fix: Take an argument.
match:
  python:
    pattern: input(...)
",
    ),
];

/// A folder with the rules of the tests and files of the test's own.
struct Project {
    folder: TempDir,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("there is room for a folder");
        let project = Project { folder };
        for (path, text) in RULES.iter().chain(files) {
            project.write(path, text.as_bytes());
        }
        project
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    fn write(&self, relative: &str, bytes: &[u8]) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("it is below the folder")).expect("new folder");
        fs::write(path, bytes).expect("new file");
    }

    fn read(&self, relative: &str) -> Vec<u8> {
        fs::read(self.path(relative)).unwrap_or_default()
    }

    /// `caveat scan --rules rules` with these words.
    fn scan(&self, words: &str) -> Outcome {
        self.caveat(&format!("scan --rules rules {words}"))
    }

    /// Runs caveat with words, split at spaces, and nothing on standard input.
    fn caveat(&self, words: &str) -> Outcome {
        self.run(words, &[], b"")
    }

    fn run(&self, words: &str, environment: &[(&str, &str)], input: &[u8]) -> Outcome {
        let mut command = self.command(words);
        command.envs(environment.iter().copied());
        let mut child = command.spawn().expect("the program starts");
        let mut pipe = child.stdin.take().expect("it is piped");
        // A program that does not read its input closes the pipe.
        let _ = pipe.write_all(input);
        drop(pipe);
        let output = child.wait_with_output().expect("the program ends");
        Outcome::new(words, self, output)
    }

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_caveat"));
        command
            .args(words.split_whitespace())
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

/// A line with its end, without how long the scan took.
fn without_time(line: &str) -> String {
    match line.starts_with("scanned in ") {
        true => "scanned in [TIME]\n".to_owned(),
        false => format!("{line}\n"),
    }
}

/// What a run said.
struct Outcome {
    words: String,
    out: String,
    err: String,
    code: Option<i32>,
}

impl Outcome {
    fn new(words: &str, project: &Project, output: Output) -> Self {
        let clean = |bytes: Vec<u8>| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let folder = project.folder.path().canonicalize().expect("it exists");
            text.replace(&folder.display().to_string(), "[FOLDER]")
                .replace(&project.folder.path().display().to_string(), "[FOLDER]")
                .replace(env!("CARGO_PKG_VERSION"), "[VERSION]")
                .replace('\u{1b}', "␛")
                .lines()
                .map(without_time)
                .collect()
        };
        Outcome {
            words: words.to_owned(),
            out: clean(output.stdout),
            err: clean(output.stderr),
            code: output.status.code(),
        }
    }

    /// The run as a person would have seen it.
    fn transcript(&self) -> String {
        let err = match self.err.is_empty() {
            true => String::new(),
            false => format!("--- standard error\n{}", self.err),
        };
        let code = match self.code {
            Some(code) => code.to_string(),
            None => "none: killed by a signal".to_owned(),
        };
        format!(
            "$ caveat {}\n{}{err}--- exit code {code}\n",
            self.words, self.out
        )
    }
}

/// Compares a run, or several, with their snapshot.
macro_rules! snapshot {
    ($($outcome:expr),+ $(,)?) => {{
        let transcripts = [$($outcome.transcript()),+];
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => true }, {
            insta::assert_snapshot!(transcripts.join("\n"));
        });
    }};
}
use snapshot;

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
