//! `--fix`: safe changes written back to the files they are for.
//!
//! A pass applies the fixes that do not overlap and analyses the result; passes go on until there
//! is nothing left to apply. Then the file is replaced in one step, in its own encoding, with its
//! own byte-order mark and line ends. A pass that makes the syntax worse is taken back.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{bail, ensure};
use caveat_engine::finding::{Edit, FileReport, Finding, NoticeKind};
use caveat_engine::rule::Rule;
use caveat_parser::source::Encoding;

use crate::analysis::{self, Origin};
use crate::output;

/// Passes over one file: each fix may uncover another, but not for ever.
const PASSES: usize = 10;

/// What fixing needs of the run.
pub struct Fixer<'r> {
    /// The folder that relative paths start from.
    pub root: &'r Path,
    /// All rules; findings are numbered by them.
    pub rules: &'r [Rule],
    /// Analyses a text under a relative path, and drops what is not shown.
    pub analyse: &'r dyn Fn(&str, &str) -> FileReport,
}

/// Whether there is something to apply.
pub fn is_fixable(file: &FileReport) -> bool {
    file.findings.iter().any(|finding| safe(finding).is_some())
}

/// The edits that may be applied without asking.
fn safe(finding: &Finding) -> Option<&[Edit]> {
    let fix = finding.fix.as_ref()?;
    (fix.safe && finding.suppressed.is_none()).then_some(&fix.edits)
}

impl Fixer<'_> {
    /// Fixes a file and replaces its report by that of the new text. Returns a line for the user
    /// about each rule.
    ///
    /// # Errors
    /// When the file has changed meanwhile or cannot be written; it is then as it was.
    pub fn fix(&self, file: &mut FileReport) -> anyhow::Result<Vec<String>> {
        let path = self.root.join(&*file.path);
        let shown = &file.path;
        let decoded = analysis::read(&Origin::Disk(path.clone()));
        let Ok(decoded) = decoded else {
            bail!("{shown}: cannot be read any more");
        };
        let before = file.source.as_ref().map(|source| source.text.as_str());
        ensure!(
            before == Some(&decoded.text),
            "{shown}: has changed meanwhile"
        );
        ensure!(
            !decoded.encoding.lossy,
            "{shown}: is not valid {}",
            decoded.encoding.name
        );
        let (text, report, counts) = self.passes(file, &decoded.text);
        if counts.is_empty() {
            return Ok(Vec::new());
        }
        let Some(bytes) = encode(&text, decoded.encoding) else {
            bail!("{shown}: {} cannot express the fix", decoded.encoding.name);
        };
        let permissions = path.metadata()?.permissions();
        ensure!(!permissions.readonly(), "{shown}: is write-protected");
        output::replace(&path, Some(permissions), &|out| out.write_all(&bytes))?;
        let lines = counts.iter().map(|(&rule, n)| {
            let rule = &self.rules[rule as usize].id;
            format!("fixed {shown}: {n} × {rule}")
        });
        let lines = lines.collect();
        *file = report;
        Ok(lines)
    }

    /// The text after all passes, its report, and how often each rule was fixed.
    fn passes(&self, file: &FileReport, text: &str) -> (String, FileReport, BTreeMap<u32, usize>) {
        let (mut text, mut report) = (text.to_owned(), file.clone());
        let mut counts = BTreeMap::new();
        for _ in 0..PASSES {
            let (next, rules) = apply(&text, &report);
            if rules.is_empty() || next == text {
                break;
            }
            let after = (self.analyse)(&file.path, &next);
            if is_broken(&after) && !is_broken(&report) {
                break;
            }
            for rule in rules {
                *counts.entry(rule).or_insert(0) += 1;
            }
            (text, report) = (next, after);
        }
        (text, report, counts)
    }
}

fn is_broken(report: &FileReport) -> bool {
    let mut kinds = report.notices.iter().map(|notice| notice.kind);
    kinds.any(|kind| matches!(kind, NoticeKind::PartlyParsed | NoticeKind::Internal))
}

/// Applies the safe fixes that do not overlap, earlier ones first. Returns the new text and the
/// rule of each fix that was applied.
fn apply(text: &str, report: &FileReport) -> (String, Vec<u32>) {
    let mut chosen: Vec<&Edit> = Vec::new();
    let mut rules = Vec::new();
    for finding in &report.findings {
        let Some(edits) = safe(finding) else { continue };
        let fits = edits.iter().all(|edit| {
            let new = chosen.iter().all(|other| !overlap(edit, other));
            new && text
                .get(edit.span.start as usize..edit.span.end as usize)
                .is_some()
        });
        // Two findings may want the very same insertion, such as an import.
        if fits {
            chosen.extend(edits);
            rules.push(finding.rule);
        }
    }
    chosen.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let crlf = text.contains("\r\n");
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in chosen {
        out.push_str(&text[at..edit.span.start as usize]);
        match crlf {
            true => out.push_str(&edit.text.replace("\r\n", "\n").replace('\n', "\r\n")),
            false => out.push_str(&edit.text),
        }
        at = edit.span.end as usize;
    }
    out.push_str(&text[at..]);
    (out, rules)
}

/// Whether two edits touch the same bytes. Insertions at one place do, too: their order matters.
fn overlap(a: &Edit, b: &Edit) -> bool {
    a.span.start < b.span.end && b.span.start < a.span.end || a.span.start == b.span.start
}

/// The bytes of a text in the encoding that the file had; `None` where it lacks a character.
fn encode(text: &str, encoding: Encoding) -> Option<Vec<u8>> {
    let mark = if encoding.bom { "\u{feff}" } else { "" };
    let marked = || mark.chars().chain(text.chars()).collect::<String>();
    match encoding.name {
        "UTF-8" => Some(marked().into_bytes()),
        "UTF-16LE" => Some(marked().encode_utf16().flat_map(u16::to_le_bytes).collect()),
        "UTF-16BE" => Some(marked().encode_utf16().flat_map(u16::to_be_bytes).collect()),
        "ISO-8859-1" => text.chars().map(|c| u8::try_from(c).ok()).collect(),
        name => {
            let known = encoding_rs::Encoding::for_label(name.as_bytes())?;
            let (bytes, _, unmappable) = known.encode(text);
            (!unmappable).then(|| bytes.into_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &'static str, bom: bool, bytes: &[u8]) {
        let (text, encoding) = caveat_parser::source::decode(bytes.to_vec()).expect("it is text");
        assert_eq!((encoding.name, encoding.bom), (name, bom));
        assert_eq!(encode(&text, encoding).as_deref(), Some(bytes));
    }

    #[test]
    fn encodings_come_back_as_they_were() {
        check("UTF-8", false, "naïve\r\n".as_bytes());
        check("UTF-8", true, b"\xef\xbb\xbfx\n");
        check("UTF-16LE", true, b"\xff\xfex\0\xe9\0");
        check("UTF-16BE", true, b"\xfe\xff\0x\0\xe9");
        check("ISO-8859-1", false, b"# coding: latin-1\n'\xe9'");
        check("KOI8-R", false, b"# coding: koi8-r\n'\xc1'");
    }

    #[test]
    fn what_an_encoding_lacks_is_refused() {
        let (_, latin) =
            caveat_parser::source::decode(b"# coding: latin-1\n".to_vec()).expect("it is text");
        assert_eq!(encode("€", latin), None);
    }
}
