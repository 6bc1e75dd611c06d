//! Properties of the configuration analyses that hold for any text: they end, do not panic,
//! point into the text, and blank lines in front only move what they find.

#![allow(clippy::disallowed_methods)] // A test may look at the world, the engine may not.

use caveat_engine::config::{ANALYSES, COMMAND_ANALYSES, FileKind, Hit, Snippet, TextFile};
use proptest::prelude::*;

/// Pieces of every format the readers know, so that random texts get past the first byte.
const PIECES: &[&str] = &[
    "curl ",
    "wget -qO- ",
    "-o x ",
    "https://a.b/c ",
    "http://a.b ",
    "| sh",
    "| sudo bash -s",
    "$(",
    "`",
    ")",
    "<(",
    "bash -c '",
    "'",
    "\"",
    "\\",
    "\\\n",
    "\n",
    "  ",
    "- ",
    "<<EOF\n",
    "EOF\n",
    "# ",
    "; ",
    "&& ",
    "${{ ",
    " }}",
    "github.event.issue.title",
    "jobs:\n  a:\n    steps:\n    - run: ",
    "|\n",
    ">\n",
    "[",
    "]",
    "{",
    "}",
    ": ",
    "&a ",
    "*a",
    "FROM x\n",
    "RUN ",
    "ENV PIP_INDEX_URL=",
    "CMD [\"",
    "{{ ",
    "}}",
    "{{{",
    "{% autoescape off %}",
    "{% raw %}",
    "|safe",
    "<form method=post",
    "<a href=",
    ">",
    "<!--",
    "-->",
    "services: {w: {privileged: true}}",
    "é",
    "\u{202E}",
    "\u{1F600}",
    "\t",
    "\r\n",
    "apiVersion: v1\nkind: Pod\n",
    "StrictHostKeyChecking=no",
    "pip install ",
    "--trusted-host ",
    "c.ServerApp.token = ''",
    "{\"cells\": [{\"source\": [\"!",
    "\\n\", \"",
    "\\u00e9",
    "--NotebookApp.token=",
];

/// A path for every kind of file.
const PATHS: &[&str] = &[
    ".github/workflows/a.yml",
    "action.yml",
    ".gitlab-ci.yml",
    "compose.yml",
    "k.yaml",
    "Dockerfile",
    "a.sh",
    "requirements.txt",
    "pip.conf",
    "pyproject.toml",
    "setup.cfg",
    "Cargo.toml",
    ".cargo/config.toml",
    "jupyter_server_config.py",
    "jupyter_server_config.json",
    "a.html",
    "a.hbs",
    "a.j2",
    "a.ipynb",
    ".devcontainer/devcontainer.json",
    "CLAUDE.md",
    "a.po",
    "a.py",
    "a.rs",
    "a.js",
    "a.md",
    "a.ini",
    "a",
];

fn text() -> impl Strategy<Value = String> {
    let known = prop::sample::select(PIECES).prop_map(str::to_owned);
    prop::collection::vec(prop_oneof![4 => known, 1 => ".{0,4}"], 0..40)
        .prop_map(|pieces| pieces.concat())
}

fn starts(hits: &[Hit], moved_by: u32) -> Vec<u32> {
    hits.iter().map(|hit| hit.span.start + moved_by).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_ends_with_spans_inside(text in text(), path in prop::sample::select(PATHS)) {
        let file = TextFile::new(path, &text);
        let kubernetes = TextFile { kind: FileKind::Kubernetes, ..file };
        let template = TextFile { kind: FileKind::Template, ..file };
        for file in [file, kubernetes, template] {
            for analysis in ANALYSES {
                for hit in (analysis.check)(&file) {
                    let (start, end) = (hit.span.start as usize, hit.span.end as usize);
                    prop_assert!(start <= end && end <= text.len(), "{} {hit:?}", analysis.rule);
                    prop_assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{} {hit:?}", analysis.rule);
                    prop_assert!(!hit.detail.contains('\n') && hit.detail.len() < 500, "{:?}", hit.detail);
                }
            }
        }
    }

    #[test]
    fn any_command_ends(text in text()) {
        for (_, check) in COMMAND_ANALYSES {
            for hit in check(&Snippet::verbatim(&text, 0)) {
                prop_assert!(hit.span.end as usize <= text.len());
            }
        }
    }

    #[test]
    fn blank_lines_in_front_only_move_hits(text in text()) {
        let moved = format!("\n\n{text}");
        for path in ["a.sh", "requirements.txt", "a.html"] {
            for analysis in ANALYSES {
                let before = (analysis.check)(&TextFile::new(path, &text));
                let after = (analysis.check)(&TextFile::new(path, &moved));
                prop_assert_eq!(starts(&before, 2), starts(&after, 0), "{}", analysis.rule);
            }
        }
    }
}
