//! Any text under the name of each kind of configuration: every analysis ends and points into it.

#![no_main]

use caveat_engine::checks::secrets;
use caveat_engine::config::{ANALYSES, TextFile};
use caveat_engine::notebook::Notebook;
use libfuzzer_sys::fuzz_target;

const PATHS: &[&str] = &[
    ".github/workflows/a.yml",
    ".gitlab-ci.yml",
    "compose.yml",
    "k.yaml",
    "Dockerfile",
    "a.sh",
    "requirements.txt",
    "pip.conf",
    "pyproject.toml",
    "Cargo.toml",
    ".cargo/config.toml",
    "jupyter_server_config.py",
    "jupyter_server_config.json",
    "a.html",
    "a.ipynb",
    ".devcontainer/devcontainer.json",
    "a.md",
    ".env",
    "a.json",
    "a.properties",
    "a.tf",
    "a.sql",
    ".netrc",
    ".npmrc",
];

fuzz_target!(|text: &str| {
    let _ = Notebook::read(text);
    for path in PATHS {
        for span in secrets::places_in_text(path, text) {
            assert!(
                text.get(span.start as usize..span.end as usize)
                    .is_some()
            );
        }
        let file = TextFile::new(path, text);
        for analysis in ANALYSES {
            for hit in (analysis.check)(&file) {
                assert!(
                    text.get(hit.span.start as usize..hit.span.end as usize)
                        .is_some()
                );
            }
        }
    }
});
