//! Any text as a rule file, caveat's or Semgrep's: it is read and compiled, or its mistakes are
//! drawn. What compiles runs on code.

#![no_main]

use caveat_engine::{RuleSet, ScanOptions, rule, scan_file};
use caveat_parser::{Parsers, SourceFile};
use libfuzzer_sys::fuzz_target;

const CODE: &[(&str, &str)] = &[
    (
        "a.py",
        "import os as o\nx = 'a'\ndef f(a, *b, c=1):\n    o.system(f'{a} {x}', shell=True)\n",
    ),
    (
        "a.rs",
        "use a::{b as c};\nfn f(x: &str) -> u8 { c::d(x).e()?; vec![1, 2]; g::<u8>(x) }\n",
    ),
    ("a.txt", "password = 'x'\n"),
];

fuzz_target!(|text: &str| {
    let loaded = match rule::load("rule.yaml", text) {
        Ok(loaded) => loaded,
        Err(errors) => {
            assert!(!errors.is_empty());
            for error in errors {
                assert!(text.get(error.span.clone()).is_some());
                assert!(!error.render(text, true).is_empty());
            }
            return;
        }
    };
    let (set, errors) = RuleSet::compile(loaded.rules);
    for error in errors {
        assert!(!error.to_string().is_empty());
    }
    for (path, code) in CODE {
        let file = SourceFile::new(*path, *code);
        scan_file(&set, file, ScanOptions::default(), &mut Parsers::default());
    }
});
