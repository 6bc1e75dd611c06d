//! Any text under the name of each kind of configuration: every analysis ends and points into it.

#![no_main]

use caveat_engine::config::{ANALYSES, TextFile};
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
];

fuzz_target!(|text: &str| {
    for path in PATHS {
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
