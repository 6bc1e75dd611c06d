//! Any text through every rule, as Python and as Rust. To parse only regions of it gives the same
//! findings as to parse it whole.

#![no_main]

mod shared;

use caveat_parser::Parsers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut parsers = Parsers::default();
    for path in ["app/a.py", "app/a.rs"] {
        let whole = shared::scan(path, text, true, &mut parsers);
        let regions = shared::scan(path, text, false, &mut parsers);
        let outline = |report: &caveat_engine::finding::FileReport| {
            let findings = report.findings.iter();
            findings
                .map(|f| (f.rule, f.span, f.message.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(outline(&whole), outline(&regions), "{path}");
        for finding in &whole.findings {
            let span = finding.span;
            assert!(text.get(span.start as usize..span.end as usize).is_some());
        }
    }
});
