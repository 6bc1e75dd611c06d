//! What each format makes of a scan. Reports are built by hand here: no engine is needed.
//!
//! With `CAVEAT_GOLDEN=DIR` the golden sources and their SARIF log are also written to that folder,
//! for validators that want files.

mod golden;
mod robust;
mod sarif;

use std::io::{self, Write};

use caveat_cli::report::{Report, concise, json, sarif as sarif_format, text};

type Writer = fn(&Report, &mut dyn Write) -> io::Result<()>;

const FORMATS: [(&str, Writer); 4] = [
    ("text", text::write),
    ("concise", concise::write),
    ("json", json::write),
    ("sarif", sarif_format::write),
];

fn render(write: Writer, report: &Report) -> String {
    let mut out = Vec::new();
    write(report, &mut out).expect("memory takes all bytes");
    let out = String::from_utf8(out).expect("reports are UTF-8");
    let version = |quote: &str| format!("ersion\": \"{quote}\"");
    out.replace(&version(env!("CARGO_PKG_VERSION")), &version("[VERSION]"))
}

#[test]
fn text() {
    insta::assert_snapshot!(render(text::write, &golden::report(&golden::rules())));
}

#[test]
fn text_with_everything() {
    let rules = golden::rules();
    let mut report = golden::report(&rules);
    report.files.retain(|file| file.path.starts_with("app dir"));
    report.options.show_suppressed = true;
    report.options.statistics = true;
    report.options.color = true;
    report.options.hyperlinks = true;
    insta::assert_snapshot!(render(text::write, &report).replace('\u{1b}', "␛"));
}

#[test]
fn text_without_findings() {
    let rules = golden::rules();
    let mut report = golden::report(&rules);
    report.files.clear();
    report.summary = Default::default();
    report.summary.files_scanned = 7;
    assert_eq!(render(text::write, &report), "no findings in 7 files\n");
    assert_eq!(render(concise::write, &report), "no findings in 7 files\n");
}

#[test]
fn concise() {
    let rules = golden::rules();
    let mut report = golden::report(&rules);
    report.options.show_suppressed = true;
    report.options.statistics = true;
    insta::assert_snapshot!(render(concise::write, &report));
}

#[test]
fn json() {
    insta::assert_snapshot!(render(json::write, &golden::report(&golden::rules())));
}

#[test]
fn sarif() {
    let rules = golden::rules();
    let report = golden::report(&rules);
    if let Some(folder) = std::env::var_os("CAVEAT_GOLDEN") {
        golden::write_files(folder.as_ref(), &report);
    }
    insta::assert_snapshot!(render(sarif_format::write, &report));
}
