//! `caveat scan`.

use std::io::{BufWriter, Write};
use std::path::Path;

use caveat_engine::finding::{FileReport, Finding};
use caveat_engine::rule::{Confidence, Severity};
use caveat_engine::{RuleSet, scan_file};
use caveat_parser::{Parsers, SourceFile};
use rayon::prelude::*;

use crate::args::{self, Format, ScanArgs};
use crate::report::{Options, Report, RootInfo, Summary, concise, json, sarif, text};
use crate::{ruleset, walk};

/// Runs the command; true if nothing at or above `--fail-on` was found.
///
/// # Errors
/// When the job could not be done.
pub fn run(args: &ScanArgs) -> anyhow::Result<bool> {
    let selected = |rule: &caveat_engine::rule::Rule| {
        let named = |names: &[String]| {
            names
                .iter()
                .any(|name| *name == rule.id || *name == rule.family)
        };
        (args.select.is_empty() || named(&args.select)) && !named(&args.ignore)
    };
    let rules = ruleset::load(&args.rules, &selected)?;
    let root = match args.paths.as_slice() {
        [only] if only.is_dir() => only.clone(),
        _ => std::path::PathBuf::new(),
    };
    let entries = walk::files(&root, &args.paths)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(args.threads)
        .build()?;
    let scanned = entries.len();
    let mut files: Vec<FileReport> = pool.install(|| {
        entries
            .par_iter()
            .map_init(Parsers::default, |parsers, entry| {
                scan_entry(&rules, entry, parsers)
            })
            .flatten()
            .collect()
    });
    for file in &mut files {
        file.findings.retain(|finding| is_shown(finding, args));
    }
    files.retain(|file| !file.findings.is_empty() || !file.notices.is_empty());
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let clean = !files.iter().flat_map(|file| &file.findings).any(|finding| {
        finding.suppressed.is_none()
            && severity(args.fail_on).is_some_and(|least| finding.severity >= least)
    });
    let summary = Summary {
        files_scanned: scanned,
        partly_parsed: files.iter().filter(|file| !file.notices.is_empty()).count(),
        suppressed: files
            .iter()
            .flat_map(|file| &file.findings)
            .filter(|f| f.suppressed.is_some())
            .count(),
        ..Summary::default()
    };
    let options = Options {
        show_suppressed: args.show_suppressed,
        statistics: args.statistics,
        ..Options::default()
    };
    let report = Report {
        rules: &rules.rules,
        examples: &[],
        files,
        root: RootInfo::default(),
        summary,
        options,
    };
    match &args.output {
        Some(path) => write(
            &report,
            args.format,
            &mut BufWriter::new(std::fs::File::create(path)?),
        )?,
        None => write(
            &report,
            args.format,
            &mut BufWriter::new(std::io::stdout().lock()),
        )?,
    }
    Ok(clean)
}

fn write(report: &Report<'_>, format: Format, out: &mut dyn Write) -> std::io::Result<()> {
    match format {
        Format::Text => text::write(report, out)?,
        Format::Concise => concise::write(report, out)?,
        Format::Json => json::write(report, out)?,
        Format::Sarif => sarif::write(report, out)?,
    }
    out.flush()
}

fn severity(severity: args::Severity) -> Option<Severity> {
    match severity {
        args::Severity::Low => Some(Severity::Low),
        args::Severity::Medium => Some(Severity::Medium),
        args::Severity::High => Some(Severity::High),
        args::Severity::Critical => Some(Severity::Critical),
        args::Severity::Never => None,
    }
}

fn is_shown(finding: &Finding, args: &ScanArgs) -> bool {
    let least = match args.min_confidence {
        args::Confidence::Low => Confidence::Low,
        args::Confidence::Medium => Confidence::Medium,
        args::Confidence::High => Confidence::High,
    };
    finding.confidence >= least
        && severity(args.min_severity).is_some_and(|least| finding.severity >= least)
}

fn scan_entry(rules: &RuleSet, entry: &walk::Entry, parsers: &mut Parsers) -> Option<FileReport> {
    let source = read(&entry.path, &entry.relative)?;
    Some(scan_file(
        rules,
        source,
        caveat_engine::ScanOptions {
            whole_files: std::env::var_os("CAVEAT_WHOLE").is_some(),
        },
        parsers,
    ))
}

/// Reads and decodes a file.
pub fn read(path: &Path, relative: &str) -> Option<SourceFile> {
    let bytes = std::fs::read(path).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    Some(SourceFile::new(relative, text))
}
