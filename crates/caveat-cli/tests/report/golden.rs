//! A small repository with the hard cases: emoji and tabs before findings, an umlaut and a space in
//! a path, CRLF, a minified line, a secret, a flow through two files, notices, a fix, a suppression.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use caveat_cli::report::{Report, RootInfo, RuleExamples, Skip, Summary, sarif};
use caveat_engine::finding::{
    Edit, FileReport, Finding, Fix, Notice, NoticeKind, Place, Suppression,
};
use caveat_engine::rule::{
    Body, Confidence, Dialect, Formula, LanguageFormula, Op, PathFilter, Rule, Severity,
};
use caveat_parser::{SourceFile, Span};

const VIEWS: &str = "\
import os
from flask import request
from lib.db import count


def run():
    cmd = request.args[\"cmd\"]
    full = \"ls \" + cmd
    os.system(\"é😀\" + full)


def load(x):
    try:
        return int(x)
    except Exception:  # caveat: ignore[swallowed-exception] the caller counts
        pass


def size():
    return count(request.args[\"table\"])


def both(a, b):
    try: a()
    except Exception: b(); a()
";

const DB: &str = "\
import sqlite3

def count(table):
    db = sqlite3.connect(\"x.db\")
    return db.execute(\"select count(*) from \" + table)
";

const WINDOWS: &str = "import yaml\r\n\r\ndef read(f):\r\n\tx = 1;\tyaml.load(f)\r\n\treturn (\r\n\t\tyaml.load(\r\n\t\t\tf)\r\n\t)";

const SETTINGS: &str = "DEBUG = False\nDB = {\"user\": \"app\", \"password\": \"pässw0rd-Qx7\"}\n";

/// A report on the files above.
pub fn report(rules: &[Rule]) -> Report<'_> {
    let packed = packed();
    let files = vec![
        file("app dir/vïews.py", VIEWS, views(), Vec::new()),
        broken(),
        file("lib/db.py", DB, vec![sql()], Vec::new()),
        FileReport {
            path: Arc::from("logo.py"),
            source: None,
            findings: Vec::new(),
            parsed: Vec::new(),
            notices: vec![notice(
                NoticeKind::NotText,
                "logo.py",
                None,
                "not decodable as UTF-8",
            )],
        },
        file("packed.py", &packed, vec![in_packed(&packed)], Vec::new()),
        file("settings.py", SETTINGS, vec![secret()], Vec::new()),
        file("win.py", WINDOWS, windows(), Vec::new()),
    ];
    let skipped = [(Skip::Vendored, 3), (Skip::TooLarge, 0), (Skip::NotText, 1)];
    Report {
        rules,
        examples: EXAMPLES.get_or_init(examples),
        files,
        root: RootInfo {
            prefix: "services/api".to_owned(),
            repository_uri: Some("https://user:token@example.org/o/r.git".to_owned()),
            revision: Some("0".repeat(40)),
            branch: Some("main".to_owned()),
            ..RootInfo::default()
        },
        summary: Summary {
            files_scanned: 6,
            files_skipped: skipped.into(),
            partly_parsed: 1,
            suppressed: 1,
            elapsed: None,
        },
        options: Default::default(),
    }
}

static EXAMPLES: std::sync::OnceLock<Vec<RuleExamples>> = std::sync::OnceLock::new();

fn examples() -> Vec<RuleExamples> {
    let bad = "os.system(\"ls \" + request.args[\"d\"])\n".to_owned();
    let good = "subprocess.run([\"ls\", \"--\", request.args[\"d\"]], check=True)\n".to_owned();
    vec![RuleExamples {
        bad: Some(bad),
        good: Some(good),
    }]
}

/// Writes the sources below `folder/src` and the log to `folder/log.sarif`.
pub fn write_files(folder: &Path, report: &Report) {
    let root = folder.join("src").join(&report.root.prefix);
    for file in &report.files {
        let path = root.join(&*file.path);
        fs::create_dir_all(path.parent().expect("is in a folder")).expect("can be made");
        let bytes = file
            .source
            .as_ref()
            .map_or(&b"\xff\xfe\x00"[..], |s| s.text.as_bytes());
        fs::write(path, bytes).expect("can be written");
    }
    let mut log = fs::File::create(folder.join("log.sarif")).expect("can be written");
    sarif::write(report, &mut log).expect("can be written");
}

/// The rules, in the order of the constants below.
pub fn rules() -> Vec<Rule> {
    let (critical, high) = (Severity::Critical, Severity::High);
    vec![
        Rule {
            why: "Whoever sends the request runs programs on the server.".to_owned(),
            fix: "Pass a list to `subprocess.run` and no shell.".to_owned(),
            body: matching("python"),
            ..rule(
                "command-injection",
                "untrusted text runs in a shell",
                "injection",
                critical,
                &[78],
            )
        },
        Rule {
            confidence: Confidence::Medium,
            why: "The error is never seen".to_owned(),
            fix: "Catch what can happen, and log it.".to_owned(),
            ..rule(
                "swallowed-exception",
                "an exception handler hides every error",
                "robustness",
                Severity::Medium,
                &[390],
            )
        },
        Rule {
            fix: "Read it from the environment.".to_owned(),
            ..rule(
                "hardcoded-secret",
                "a secret is written in the code",
                "secrets",
                high,
                &[798, 259],
            )
        },
        Rule {
            severity: Severity::Low,
            fix: "Call `yaml.safe_load`.".to_owned(),
            ..rule(
                "yaml-unsafe-load",
                "yaml builds any object",
                "deserialization",
                high,
                &[502],
            )
        },
        Rule {
            references: vec!["https://example.org/mine".to_owned()],
            dialect: Dialect::Semgrep,
            why: String::new(),
            body: matching("rust"),
            ..rule(
                "team.rules.no-transmute",
                "no transmute, please",
                "",
                Severity::Low,
                &[],
            )
        },
        Rule {
            cwe: vec![89],
            ..rule(
                "sql-injection",
                "untrusted text in SQL",
                "injection",
                high,
                &[],
            )
        },
    ]
}

const COMMAND: u32 = 0;
const SWALLOWED: u32 = 1;
const SECRET: u32 = 2;
const YAML: u32 = 3;
const SQL: u32 = 5;

pub fn rule(id: &str, summary: &str, family: &str, severity: Severity, cwe: &[u32]) -> Rule {
    Rule {
        id: id.to_owned(),
        summary: summary.to_owned(),
        severity,
        confidence: Confidence::High,
        cwe: cwe.to_vec(),
        since: "0.1.0".to_owned(),
        message: String::new(),
        why: "A sentence about the danger.".to_owned(),
        fix: String::new(),
        family: family.to_owned(),
        references: Vec::new(),
        in_tests: false,
        paths: PathFilter::default(),
        triggers: caveat_engine::rule::StatedTriggers::default(),
        body: Body::Check(id.to_owned()),
        flows: Vec::new(),
        options: caveat_engine::rule::Options::default(),
        dialect: Dialect::Native,
        file: format!("{family}/{id}.yaml"),
        span: 0..0,
    }
}

fn matching(language: &str) -> Body {
    let op = Op::Pattern("f()".to_owned());
    let formula = Formula {
        op,
        span: 0..0,
        with: Default::default(),
    };
    Body::Match(vec![LanguageFormula {
        language: language.to_owned(),
        formula,
    }])
}

pub fn file(path: &str, text: &str, findings: Vec<Finding>, notices: Vec<Notice>) -> FileReport {
    FileReport {
        source: Some(Arc::new(SourceFile::new(path, text))),
        path: Arc::from(path),
        findings,
        notices,
        parsed: Vec::new(),
    }
}

pub fn finding(rule: u32, path: &str, span: Span, message: &str) -> Finding {
    Finding {
        rule,
        path: Arc::from(path),
        span,
        statement: span,
        message: message.to_owned(),
        severity: Severity::High,
        confidence: Confidence::High,
        flow: Vec::new(),
        related: Vec::new(),
        fix: None,
        symbol: String::new(),
        fingerprint: format!("{:016x}", (u64::from(rule) << 32) + u64::from(span.start)),
        suppressed: None,
    }
}

pub fn notice(kind: NoticeKind, path: &str, span: Option<Span>, message: &str) -> Notice {
    Notice {
        kind,
        path: Arc::from(path),
        span,
        message: message.to_owned(),
    }
}

/// The n-th place (from 0) where `part` stands in `text`.
fn nth(text: &str, part: &str, n: usize) -> Span {
    let (start, _) = text.match_indices(part).nth(n).expect("stands there");
    Span::new(start as u32, (start + part.len()) as u32)
}

fn place(path: &str, text: &str, part: &str, message: &str) -> Place {
    Place {
        path: Arc::from(path),
        span: nth(text, part, 0),
        message: message.to_owned(),
    }
}

fn views() -> Vec<Finding> {
    let path = "app dir/vïews.py";
    let place = |part, message| place(path, VIEWS, part, message);
    let sink = "os.system(\"é😀\" + full)";
    let command = Finding {
        severity: Severity::Critical,
        symbol: "run".to_owned(),
        flow: vec![
            place("request.args[\"cmd\"]", "untrusted input `cmd`"),
            place("\"ls \" + cmd", "becomes part of `full`"),
            place(sink, "runs in a shell"),
        ],
        related: vec![place("import os", "the import [os]")],
        fix: Some(Fix {
            description: "pass a list to `subprocess.run`".to_owned(),
            edits: vec![
                Edit {
                    span: nth(VIEWS, "os.system(", 0),
                    text: "subprocess.run([".to_owned(),
                },
                Edit {
                    span: nth(VIEWS, " + full)", 0),
                    text: ", full])".to_owned(),
                },
            ],
            safe: false,
        }),
        ..finding(
            COMMAND,
            path,
            nth(VIEWS, sink, 0),
            "untrusted value of `request.args[\"cmd\"]` reaches `os.system` unescaped",
        )
    };
    let swallowed = |n, suppressed| Finding {
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        symbol: "load".to_owned(),
        suppressed,
        ..finding(
            SWALLOWED,
            path,
            nth(VIEWS, "except Exception:", n),
            "an exception handler hides every error",
        )
    };
    let suppression = Suppression {
        reason: "the caller counts".to_owned(),
        span: nth(
            VIEWS,
            "# caveat: ignore[swallowed-exception] the caller counts",
            0,
        ),
    };
    let twice = Finding {
        span: nth(VIEWS, "Exception", 1),
        ..swallowed(1, None)
    };
    vec![
        command,
        swallowed(0, Some(suppression)),
        swallowed(1, None),
        twice,
    ]
}

fn sql() -> Finding {
    let views = |part, message| place("app dir/vïews.py", VIEWS, part, message);
    let db = |part, message| place("lib/db.py", DB, part, message);
    let sink = "\"select count(*) from \" + table";
    Finding {
        symbol: "count".to_owned(),
        flow: vec![
            views("request.args[\"table\"]", "untrusted input `table`"),
            db("table", "parameter `table`"),
            db(sink, "becomes SQL"),
        ],
        ..finding(
            SQL,
            "lib/db.py",
            nth(DB, sink, 0),
            "untrusted `table` becomes part of SQL",
        )
    }
}

fn packed() -> String {
    let noise = "x=[1,2,3];".repeat(150);
    format!("{noise}os.system(q[\"é😀\"]);{noise}\n")
}

fn in_packed(text: &str) -> Finding {
    let span = nth(text, "os.system(q[\"é😀\"])", 0);
    finding(
        COMMAND,
        "packed.py",
        span,
        "`q[i](` reaches `os.system`, [see](1)",
    )
}

fn secret() -> Finding {
    let span = nth(SETTINGS, "pässw0rd-Qx7", 0);
    finding(
        SECRET,
        "settings.py",
        span,
        "`DB[\"password\"]` is a literal; read it from outside",
    )
}

fn windows() -> Vec<Finding> {
    let yaml = |span| Finding {
        severity: Severity::Low,
        symbol: "read".to_owned(),
        fix: Some(Fix {
            description: "call `yaml.safe_load`".to_owned(),
            edits: vec![Edit {
                span: Span::new(span, span + 9),
                text: "yaml.safe_load".to_owned(),
            }],
            safe: true,
        }),
        ..finding(
            YAML,
            "win.py",
            Span::new(span, span),
            "`yaml.load` builds any object",
        )
    };
    let first = nth(WINDOWS, "yaml.load(f)", 0);
    let second = nth(WINDOWS, "yaml.load(\r\n\t\t\tf)", 0);
    let mut findings = vec![yaml(first.start), yaml(second.start)];
    findings[0].span = first;
    findings[1].span = second;
    findings
}

fn broken() -> FileReport {
    let text = "def f(:\n";
    let message = "syntax error; what could be parsed was analysed";
    let span = Some(nth(text, ":", 0));
    let notice = notice(NoticeKind::PartlyParsed, "broken.py", span, message);
    file("broken.py", text, Vec::new(), vec![notice])
}
