//! Any finding in any text, in every format: spans may lie outside of the text, words hold
//! anything. SARIF and JSON stay valid.

#![no_main]

mod shared;

use caveat_cli::report::{Report, RootInfo, Summary, concise, json, sarif, text};
use caveat_engine::finding::{Edit, FileReport, Finding, Fix, Notice, NoticeKind, Place};
use caveat_engine::rule::{Confidence, Severity};
use caveat_parser::{SourceFile, Span};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

fuzz_target!(|input: ((u16, u16), (u16, u16), u16, &str, &str, &str)| {
    let (one, other, rule, path, words, code) = input;
    let span = |(start, length): (u16, u16)| {
        Span::new(u32::from(start), u32::from(start) + u32::from(length))
    };
    let place = Place {
        path: path.into(),
        span: span(other),
        message: words.to_owned(),
    };
    let edits = vec![Edit {
        span: span(other),
        text: words.to_owned(),
    }];
    let finding = Finding {
        rule: u32::from(rule) % shared::RULES.rules.len() as u32,
        path: path.into(),
        span: span(one),
        statement: span(other),
        message: words.to_owned(),
        severity: Severity::High,
        confidence: Confidence::High,
        flow: vec![place.clone(), place.clone()],
        related: vec![place],
        fix: Some(Fix {
            description: words.to_owned(),
            edits,
            safe: true,
        }),
        symbol: words.to_owned(),
        fingerprint: "00".to_owned(),
        suppressed: None,
    };
    let notice = Notice {
        kind: NoticeKind::PartlyParsed,
        path: path.into(),
        span: Some(span(one)),
        message: words.to_owned(),
    };
    let file = FileReport {
        parsed: Vec::new(),
        source: Some(Arc::new(SourceFile::new(path, code))),
        path: path.into(),
        findings: vec![finding],
        notices: vec![notice],
    };
    let report = Report {
        rules: &shared::RULES.rules,
        examples: &[],
        files: vec![file],
        root: RootInfo::default(),
        summary: Summary::default(),
        options: Default::default(),
    };
    let mut out = Vec::new();
    sarif::write(&report, &mut out).expect("memory takes all bytes");
    serde_json::from_slice::<serde_json::Value>(&out).expect("SARIF is JSON");
    out.clear();
    json::write(&report, &mut out).expect("memory takes all bytes");
    serde_json::from_slice::<serde_json::Value>(&out).expect("JSON is JSON");
    text::write(&report, &mut out).expect("memory takes all bytes");
    concise::write(&report, &mut out).expect("memory takes all bytes");
});
