//! Writers on hostile input, and on outputs that fail.

use std::io::{self, Write};

use caveat_cli::report::Report;
use caveat_engine::finding::{Edit, Fix, NoticeKind, Place};
use caveat_engine::rule::Severity;
use caveat_parser::Span;
use proptest::prelude::*;

use super::golden::{self, file, finding, notice, rule};
use super::{FORMATS, render};

/// Takes so many bytes, then behaves like a closed pipe.
struct Pipe(usize);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        if taken == 0 {
            Err(io::ErrorKind::BrokenPipe.into())
        } else {
            Ok(taken)
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_handed_back() {
    let rules = golden::rules();
    let report = golden::report(&rules);
    for (format, write) in FORMATS {
        for room in [0, 1, 500] {
            let error = write(&report, &mut Pipe(room)).expect_err("does not fit");
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{format} {room}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Any text, any spans, even outside of it or inside a character.
    #[test]
    fn nothing_panics(
        text in "([ab\t \r\nüé😀\u{feff}\u{2028}\0\u{1b}\u{9b}\u{202e}\u{200d}\u{301}]|\r\n|x{200,300}){0,30}",
        words in "[ab`\\[\\]()\n\u{1b}.é]{0,30}",
        spans in proptest::collection::vec((0_u32..400, 0_u32..400), 6),
    ) {
        let span = |at: usize| Span::new(spans[at].0, spans[at].0.saturating_add(spans[at].1));
        let place = |at| Place { path: "a.py".into(), span: span(at), message: words.clone() };
        let elsewhere = Place { path: "gone.py".into(), ..place(0) };
        let mut flowing = finding(0, "a.py", span(0), &words);
        flowing.flow = vec![elsewhere, place(1), place(2), place(0)];
        flowing.related = vec![place(3)];
        let edit = |at| Edit { span: span(at), text: words.clone() };
        flowing.fix = Some(Fix { description: words.clone(), edits: vec![edit(4)], safe: true });
        let secret = finding(1, "a.py", span(5), &words);
        let notices = vec![notice(NoticeKind::PartlyParsed, "a.py", Some(span(1)), &words)];
        let rules = [
            rule(&words, &words, "", Severity::Low, &[7]),
            rule("b", &words, "secrets", Severity::High, &[798]),
        ];
        let report = Report {
            files: vec![file("a.py", &text, vec![flowing, secret], notices)],
            ..golden::report(&rules)
        };
        for (format, write) in FORMATS {
            let out = render(write, &report);
            if format == "json" || format == "sarif" {
                serde_json::from_str::<serde_json::Value>(&out).expect("is JSON");
            } else {
                let moving = out.contains(['\u{1b}', '\u{9b}', '\u{202e}']);
                prop_assert!(!moving, "{} lets a control character through", format);
            }
        }
    }
}
