//! `caveat scan`: rules, files, analysis, fixes, reports, in this order.

use std::collections::{BTreeMap, HashSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use caveat_engine::ScanOptions;
use caveat_engine::finding::{FileReport, Finding};
use caveat_engine::rule::{Confidence, Severity};

use crate::analysis::{Analyzer, Input, Origin};
use crate::args::{self, FailOn, Format, ScanArgs};
use crate::fix::{self, Fixer};
use crate::progress::Progress;
use crate::report::{Options, Report, RootInfo, Skip, Summary, concise, json, sarif, text};
use crate::ruleset::{self, Rules};
use crate::walk::{self, Walk};
use crate::{git, history, models, output, project, provenance, terminal};

/// How many rules `--timings` names for the text that is parsed for them.
const COSTLIEST: usize = 15;
/// How many of the slowest files `--timings` names.
const SLOWEST: usize = 10;

/// Runs the command; false if something at or above `--fail-on` was found.
///
/// # Errors
/// When the job could not be done.
pub fn run(args: &ScanArgs) -> anyhow::Result<bool> {
    let mut clock = Clock::start();
    let warn = |message: &str| complain(args, &format!("warning: {message}"));
    let rules = ruleset::load(&args.rules, &warn)?;
    clock.lap("rules");
    let history = added(args)?;
    let (walk, inputs) = match &history {
        Some((folder, added)) => (at(folder), history::inputs(folder, added)),
        None => inputs(args, &rules)?,
    };
    clock.lap("walk");
    let options = ScanOptions {
        whole_files: args.whole_files,
    };
    let catalog = models::gather(&args.models)?;
    let mut analyzer = Analyzer::new(&rules.set, options, args.threads)?.with_models(catalog);
    analyzer.link(project::of(&inputs));
    let progress = Progress::new(inputs.len(), args.quiet);
    let outcomes = analyzer.run(&inputs, &|| progress.step());
    drop(progress);
    clock.slowest(outcomes.iter().map(|it| (it.took, &*it.report.path)));
    clock.lap("analysis");
    if args.timings {
        let all = outcomes.iter().flat_map(|it| &it.report.parsed);
        clock.parsed(all.map(|it| (rules.set.rule(it.rule).id.as_str(), it.bytes)));
    }

    let mut files: Vec<FileReport> = outcomes.into_iter().map(|it| it.report).collect();
    if let Some((_, added)) = &history {
        for (file, added) in files.iter_mut().zip(added) {
            history::keep(file, added, &rules.set);
        }
        if files.is_empty() {
            complain(args, "the commits of the range add nothing");
            return Ok(true);
        }
    }
    for file in &mut files {
        prepare(file, &rules, args);
    }
    let mut summary = count(&walk, &files);
    if summary.files_scanned == 0 {
        return nothing_scanned(args, &walk, &summary);
    }
    if args.fix {
        apply_fixes(args, &walk.root, &rules, &analyzer, &mut files)?;
        clock.lap("fixes");
        summary.partly_parsed = partly_parsed(&files);
    }
    summary.suppressed = findings(&files)
        .filter(|it| it.suppressed.is_some())
        .count();
    say_skipped(args, &walk, &files);
    files.extend(walk.notices.iter().map(|notice| FileReport {
        source: None,
        path: Arc::clone(&notice.path),
        findings: Vec::new(),
        notices: vec![notice.clone()],
        parsed: Vec::new(),
    }));
    let clean = is_clean(args, &files);
    summary.elapsed = Some(clock.total());
    let needs_root = formats(args).any(|format| format == Format::Sarif);
    let root = match needs_root {
        true => git::root_info(&walk.root),
        false => RootInfo::default(),
    };
    let mut root = root;
    let files = worth_reporting(files);
    if args.provenance {
        match provenance::of(&walk.root, &files) {
            Ok(found) => root.provenance = found,
            Err(why) => complain(args, &format!("warning: {why}")),
        }
        clock.lap("provenance");
        for (agent, count) in provenance::totals(&root.provenance) {
            complain(args, &format!("{count} lines with findings by {agent}"));
        }
    }
    write_reports(args, &rules, files, root, summary)?;
    clock.lap("reports");
    if args.timings {
        complain(args, &clock.report());
    }
    Ok(clean)
}

/// What the commits of `--secrets-in-history` added, and the folder they are read in.
fn added(args: &ScanArgs) -> anyhow::Result<Option<(PathBuf, Vec<history::Added>)>> {
    let Some(range) = &args.secrets_in_history else {
        return Ok(None);
    };
    let [folder] = args.paths.as_slice() else {
        bail!("`--secrets-in-history` goes with one folder");
    };
    let folder = folder
        .canonicalize()
        .with_context(|| format!("cannot read {}", folder.display()))?;
    let added = history::read(&folder, range)?;
    Ok(Some((folder, added)))
}

/// A walk that found nothing, in a folder.
fn at(root: &Path) -> Walk {
    Walk {
        root: root.to_owned(),
        ..Walk::default()
    }
}

/// What to analyse, and the walk that found it.
fn inputs(args: &ScanArgs, rules: &Rules) -> anyhow::Result<(Walk, Vec<Input>)> {
    if args.paths.iter().any(|path| path == Path::new("-")) {
        return standard_input(args);
    }
    let walk = walk::walk(&walk::Request {
        paths: &args.paths,
        exclude: &args.exclude,
        force_exclude: args.force_exclude,
        no_ignore: args.no_ignore,
        want_text: rules.want_text(),
        ask_for: &|relative| rules.ask_for(relative),
    })?;
    let inputs = walk.entries.iter().map(|entry| Input {
        relative: entry.relative.clone(),
        origin: Origin::Disk(entry.path.clone()),
        explicit: entry.explicit,
    });
    let inputs = inputs.collect();
    Ok((walk, inputs))
}

fn standard_input(args: &ScanArgs) -> anyhow::Result<(Walk, Vec<Input>)> {
    if args.paths.len() > 1 {
        bail!("`-` stands for standard input and goes with no other path");
    }
    if args.fix {
        bail!("`--fix` changes files, and standard input is none");
    }
    let Some(name) = &args.stdin_filename else {
        bail!("standard input needs `--stdin-filename NAME`: the name tells the language");
    };
    let mut bytes = Vec::new();
    let mut input = std::io::stdin().lock().take(walk::LARGEST + 1);
    input
        .read_to_end(&mut bytes)
        .context("cannot read standard input")?;
    if bytes.len() as u64 > walk::LARGEST {
        bail!("standard input is over {} MB", walk::LARGEST / 1_000_000);
    }
    let name = name.trim_start_matches("./").replace('\\', "/");
    let here = Path::new(".").canonicalize();
    let walk = Walk {
        root: here.context("the working folder is gone")?,
        ..Walk::default()
    };
    let input = Input {
        relative: name,
        origin: Origin::Bytes(bytes),
        explicit: true,
    };
    Ok((walk, vec![input]))
}

/// Drops what is not to be shown and numbers the rest by all rules.
fn prepare(file: &mut FileReport, rules: &Rules, args: &ScanArgs) {
    file.findings.retain_mut(|finding| {
        finding.rule = rules.place(finding.rule);
        let loud = rules.choices[finding.rule as usize].at_every_confidence;
        let sure = loud || finding.confidence >= least_confidence(args.min_confidence);
        sure && finding.severity >= least_severity(args.min_severity)
    });
}

fn least_severity(least: args::Severity) -> Severity {
    match least {
        args::Severity::Low => Severity::Low,
        args::Severity::Medium => Severity::Medium,
        args::Severity::High => Severity::High,
        args::Severity::Critical => Severity::Critical,
    }
}

fn least_confidence(least: args::Confidence) -> Confidence {
    match least {
        args::Confidence::Low => Confidence::Low,
        args::Confidence::Medium => Confidence::Medium,
        args::Confidence::High => Confidence::High,
    }
}

fn findings(files: &[FileReport]) -> impl Iterator<Item = &Finding> {
    files.iter().flat_map(|file| &file.findings)
}

fn is_clean(args: &ScanArgs, files: &[FileReport]) -> bool {
    let least = match args.fail_on {
        _ if args.exit_zero => return true,
        FailOn::Never => return true,
        FailOn::Low => Severity::Low,
        FailOn::Medium => Severity::Medium,
        FailOn::High => Severity::High,
        FailOn::Critical => Severity::Critical,
    };
    !findings(files).any(|it| it.suppressed.is_none() && it.severity >= least)
}

/// Why a file was not analysed, if it was not.
fn skip(file: &FileReport) -> Option<Skip> {
    let mut reasons = file.notices.iter().map(|notice| notice.kind);
    reasons.find_map(Skip::from_notice)
}

fn count(walk: &Walk, files: &[FileReport]) -> Summary {
    let mut summary = Summary::default();
    let walked = walk.skipped.iter().map(|(_, skip)| *skip);
    let noticed = walk.notices.iter().map(|notice| notice.kind);
    let skips = walked.chain(noticed.filter_map(Skip::from_notice));
    for skip in skips.chain(files.iter().filter_map(skip)) {
        *summary.files_skipped.entry(skip).or_insert(0) += 1;
    }
    summary.files_scanned = files.iter().filter(|file| skip(file).is_none()).count();
    summary.partly_parsed = partly_parsed(files);
    summary
}

fn partly_parsed(files: &[FileReport]) -> usize {
    let analysed = files.iter().filter(|file| skip(file).is_none());
    analysed.filter(|file| !file.notices.is_empty()).count()
}

/// A scan of nothing would look like a clean one.
fn nothing_scanned(args: &ScanArgs, walk: &Walk, summary: &Summary) -> anyhow::Result<bool> {
    let named: Vec<_> = args
        .paths
        .iter()
        .map(|it| it.display().to_string())
        .collect();
    let reasons: Vec<_> = summary
        .files_skipped
        .iter()
        .map(|(skip, n)| format!("{n} {}", skip.word()))
        .collect();
    let reasons = match reasons.is_empty() {
        true => String::new(),
        false => format!(" (skipped: {})", reasons.join(", ")),
    };
    let message = format!("nothing to scan in {}{reasons}", named.join(", "));
    // A hook hands over files that the user's own excludes take away again.
    if args.force_exclude && walk.notices.is_empty() {
        complain(args, &message);
        return Ok(true);
    }
    let first = walk.notices.first();
    match first {
        Some(notice) => bail!("{message}; {}: {}", notice.path, notice.message),
        None => bail!("{message}"),
    }
}

fn apply_fixes(
    args: &ScanArgs,
    root: &Path,
    rules: &Rules,
    analyzer: &Analyzer<'_>,
    files: &mut [FileReport],
) -> anyhow::Result<()> {
    let analyse = |path: &str, text: &str| {
        let mut report = analyzer.text(path, text);
        prepare(&mut report, rules, args);
        report
    };
    let fixer = Fixer {
        root,
        rules: &rules.all,
        analyse: &analyse,
    };
    let mut lines = Vec::new();
    for file in files.iter_mut().filter(|file| fix::is_fixable(file)) {
        match fixer.fix(file) {
            Ok(fixed) => lines.extend(fixed),
            Err(error) => complain(args, &format!("warning: not fixed: {error:#}")),
        }
    }
    if !args.quiet {
        for line in lines {
            complain(args, &line);
        }
    }
    Ok(())
}

/// Says something on standard error, unless the user wants to hear nothing. That standard error is
/// closed is no reason to stop.
fn complain(args: &ScanArgs, message: &str) {
    if !args.quiet {
        let _ = writeln!(std::io::stderr(), "caveat: {message}");
    }
}

fn say_skipped(args: &ScanArgs, walk: &Walk, files: &[FileReport]) {
    if !args.verbose {
        return;
    }
    let walked = walk.skipped.iter().map(|(path, skip)| (&**path, *skip));
    let mut skipped: Vec<_> = files
        .iter()
        .filter_map(|file| Some((&*file.path, skip(file)?)))
        .chain(walked)
        .collect();
    skipped.sort_unstable();
    for (path, skip) in skipped {
        complain(args, &format!("skipped {path}: {}", skip.word()));
    }
}

/// The files that a report speaks of, sorted by path.
fn worth_reporting(mut files: Vec<FileReport>) -> Vec<FileReport> {
    let places = findings(&files).flat_map(|it| it.flow.iter().chain(&it.related));
    let places: HashSet<Arc<str>> = places.map(|place| Arc::clone(&place.path)).collect();
    files.retain(|file| {
        !file.findings.is_empty() || !file.notices.is_empty() || places.contains(&file.path)
    });
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn formats(args: &ScanArgs) -> impl Iterator<Item = Format> {
    let further = args.also.iter().map(|also| also.format);
    std::iter::once(args.format).chain(further)
}

/// Files first: a reader of standard output may go away early.
fn write_reports(
    args: &ScanArgs,
    rules: &Rules,
    files: Vec<FileReport>,
    root: RootInfo,
    summary: Summary,
) -> anyhow::Result<()> {
    let examples = rules.examples();
    let mut report = Report {
        rules: &rules.all,
        examples: &examples,
        files,
        root,
        summary,
        options: Options {
            show_suppressed: args.show_suppressed,
            sarif_category: args.sarif_category.clone(),
            statistics: args.statistics,
            quiet: args.quiet,
            ..Options::default()
        },
    };
    let main = args.output.as_ref().map(|file| (args.format, file));
    let further = args.also.iter().map(|also| (also.format, &also.file));
    let targets: Vec<(Format, &PathBuf)> = main.into_iter().chain(further).collect();
    set_style(&mut report, terminal::style(args.color, true));
    for (format, file) in targets {
        output::to_file(file, &|out| write(&report, format, out))?;
    }
    if args.output.is_none() {
        set_style(&mut report, terminal::style(args.color, false));
        output::to_stdout(&|out| write(&report, args.format, out))?;
    }
    Ok(())
}

fn set_style(report: &mut Report<'_>, style: terminal::Style) {
    report.options.color = style.color;
    report.options.hyperlinks = style.hyperlinks;
}

fn write(report: &Report<'_>, format: Format, out: &mut dyn Write) -> std::io::Result<()> {
    match format {
        Format::Text => text::write(report, out),
        Format::Concise => concise::write(report, out),
        Format::Json => json::write(report, out),
        Format::Sarif => sarif::write(report, out),
    }
}

/// Where the time went.
struct Clock {
    start: Instant,
    last: Instant,
    laps: Vec<(&'static str, Duration)>,
    slowest: Vec<(Duration, String)>,
    parsed: Vec<(String, u64)>,
}

impl Clock {
    fn start() -> Self {
        let now = Instant::now();
        Clock {
            start: now,
            last: now,
            laps: Vec::new(),
            slowest: Vec::new(),
            parsed: Vec::new(),
        }
    }

    fn lap(&mut self, name: &'static str) {
        let now = Instant::now();
        self.laps.push((name, now - self.last));
        self.last = now;
    }

    fn slowest<'f>(&mut self, files: impl Iterator<Item = (Duration, &'f str)>) {
        let mut files: Vec<_> = files.collect();
        files.sort_unstable_by(|a, b| b.cmp(a));
        let slowest = files.into_iter().take(SLOWEST);
        self.slowest = slowest
            .map(|(took, path)| (took, path.to_owned()))
            .collect();
    }

    /// Takes note of the rules that had most text parsed.
    fn parsed<'a>(&mut self, costs: impl Iterator<Item = (&'a str, u32)>) {
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        costs.for_each(|(rule, bytes)| *sums.entry(rule).or_default() += u64::from(bytes));
        let mut sums: Vec<(&str, u64)> = sums.into_iter().collect();
        sums.sort_by_key(|&(_, bytes)| std::cmp::Reverse(bytes));
        let most = sums.into_iter().take(COSTLIEST);
        self.parsed = most.map(|(rule, bytes)| (rule.to_owned(), bytes)).collect();
    }

    fn total(&self) -> Duration {
        self.start.elapsed()
    }

    fn report(&self) -> String {
        let line = |name: &str, took: Duration| {
            format!("\n{:>9.1} ms  {name}", took.as_secs_f64() * 1000.0)
        };
        let mut text = String::from("timings");
        for (name, took) in &self.laps {
            text += &line(name, *took);
        }
        text += &line("in all", self.total());
        text += "\ntext parsed for a rule, beside what rules before it asked for";
        for (rule, bytes) in &self.parsed {
            text += &format!("\n{:>9.1} kB  {rule}", *bytes as f64 / 1000.0);
        }
        text += "\nslowest files";
        for (took, path) in &self.slowest {
            text += &line(path, *took);
        }
        text
    }
}
