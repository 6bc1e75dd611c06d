//! A comment of any text beside a finding: it may silence the finding, and changes nothing else.

#![no_main]

mod shared;

use caveat_parser::Parsers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|comment: &str| {
    if comment.contains([
        '\0', '\n', '\r', '\x0c', '\x0b', '\u{85}', '\u{2028}', '\u{2029}',
    ]) {
        return;
    }
    let text = format!("import os\n\ndef f(x):\n    os.system(x)  # caveat: ignore{comment}\n");
    let plain = "import os\n\ndef f(x):\n    os.system(x)\n";
    let mut parsers = Parsers::default();
    let found = shared::scan("app/a.py", &text, false, &mut parsers).findings;
    let expected = shared::scan("app/a.py", plain, false, &mut parsers).findings;
    assert_eq!(found.len(), expected.len());
    for (one, other) in found.iter().zip(&expected) {
        assert_eq!(
            (one.rule, one.span, &one.fingerprint),
            (other.rule, other.span, &other.fingerprint)
        );
        if let Some(suppression) = &one.suppressed {
            assert!(text.contains(&suppression.reason));
        }
    }
});
