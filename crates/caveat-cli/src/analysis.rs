//! Texts through the engine, in parallel: the one place that reads files and calls the analysis.
//!
//! Whatever happens to one file stays with it: a file that cannot be read, decoded or analysed
//! gives a notice, a panic too, and the others go on.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use caveat_engine::finding::{FileReport, Notice, NoticeKind};
use caveat_engine::integrity::hardcoded::{self, Candidate};
use caveat_engine::integrity::is_wanted;
use caveat_engine::model::Catalog;
use caveat_engine::{RuleSet, ScanOptions, scan_linked};
use caveat_parser::link::Project;
use caveat_parser::source::{self, Encoding};
use caveat_parser::{Language, Parsers, SourceFile};
use rayon::prelude::*;

use crate::{flow, generated, imports, integrity, project, routes};

/// Stack of a worker, in bytes of address space: deep nesting costs stack, not the run.
const STACK: usize = 64 * 1024 * 1024;

/// A text to analyse.
#[derive(Debug, Clone)]
pub struct Input {
    /// Path relative to the root, with `/`.
    pub relative: String,
    /// Where the text is.
    pub origin: Origin,
    /// Whether it is analysed even if it looks generated.
    pub explicit: bool,
}

/// Where a text is.
#[derive(Debug, Clone)]
pub enum Origin {
    /// In a file.
    Disk(PathBuf),
    /// Here, as it came.
    Bytes(Vec<u8>),
}

/// A text that was read, with what is needed to write it back.
pub struct Decoded {
    /// The text.
    pub text: String,
    /// How its bytes became text.
    pub encoding: Encoding,
}

/// What happened to one input.
pub struct Outcome {
    /// What is known of it.
    pub report: FileReport,
    /// Reading and analysis together, on one thread.
    pub took: Duration,
    /// The text, where data is to be followed through it.
    source: Option<Arc<SourceFile>>,
    /// Whether routes may be registered here.
    registers: bool,
    /// Names of imports and dependencies that no list has.
    suspects: Vec<String>,
    /// Functions that may answer the inputs of tests by themselves.
    candidates: Vec<Candidate>,
}

/// Threads with parsers of their own, ready to analyse.
pub struct Analyzer<'r> {
    rules: &'r RuleSet,
    options: ScanOptions,
    project: Option<Project<'r>>,
    /// Whether some rule asks about routes.
    routes: bool,
    /// Whether some rule asks about imports and dependencies.
    imports: bool,
    /// Whether some rule compares product code with its tests.
    integrity: bool,
    pool: rayon::ThreadPool,
    /// What libraries do with data; none where it is not followed.
    catalog: Option<Catalog>,
}

thread_local! {
    /// Parsers are costly to make and kept from file to file.
    static PARSERS: RefCell<Parsers> = RefCell::default();
    /// Whether a panic on this thread is caught and reported.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    /// What the last caught panic said.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

impl<'r> Analyzer<'r> {
    /// Starts `threads` threads; 0 is one per core.
    ///
    /// # Errors
    /// When the system refuses threads.
    pub fn new(rules: &'r RuleSet, options: ScanOptions, threads: usize) -> anyhow::Result<Self> {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = builder.stack_size(STACK).build()?;
        catch_panics();
        Ok(Analyzer {
            rules,
            options,
            project: None,
            routes: caveat_engine::routes::is_wanted(rules),
            imports: caveat_engine::imports::is_wanted(rules),
            integrity: is_wanted(rules, caveat_engine::integrity::CHECKS),
            pool,
            catalog: None,
        })
    }

    /// Follows names into the files of that project; else the inputs of a run are one.
    pub fn link(&mut self, project: Project<'r>) {
        self.project = Some(project);
    }

    /// Follows data through all files, too, if a rule asks for it.
    #[must_use]
    pub fn with_models(mut self, catalog: Catalog) -> Self {
        self.catalog = Some(catalog).filter(|_| flow::is_wanted(self.rules));
        self
    }

    /// Analyses all inputs and calls `done` after each. The outcomes are in the order of the
    /// inputs.
    pub fn run(&self, inputs: &[Input], done: &(dyn Fn() + Sync)) -> Vec<Outcome> {
        let own = self.project.is_none().then(|| project::of(inputs));
        let project = self.project.as_ref().or(own.as_ref());
        self.pool.install(|| {
            let mut outcomes: Vec<Outcome> = inputs
                .par_iter()
                .map(|input| {
                    let outcome = self.one(input, project);
                    done();
                    outcome
                })
                .collect();
            self.follow(&mut outcomes);
            if let Some(project) = project {
                self.judge_routes(inputs, project, &mut outcomes);
                self.judge_imports(inputs, project, &mut outcomes);
            }
            self.judge_integrity(inputs, &mut outcomes);
            outcomes
        })
    }

    /// Follows data through what was read; a panic costs only that.
    fn follow(&self, outcomes: &mut [Outcome]) {
        let Some(catalog) = &self.catalog else { return };
        let sources = outcomes.iter_mut().filter_map(|it| it.source.take());
        let sources: Vec<Arc<SourceFile>> = sources.collect();
        let mut reports: Vec<&mut FileReport> =
            outcomes.iter_mut().map(|it| &mut it.report).collect();
        let follow = AssertUnwindSafe(|| {
            flow::follow(self.rules, catalog, sources, &mut reports);
        });
        if panic::catch_unwind(follow).is_err()
            && let Some(first) = outcomes.first_mut()
        {
            first.report.notices.push(Notice {
                kind: NoticeKind::Internal,
                path: first.report.path.clone(),
                span: None,
                message: "a bug in caveat stopped the data flow analysis; please report it".into(),
            });
        }
    }

    /// Judges the routes of all files together; a panic costs only that.
    fn judge_routes(&self, inputs: &[Input], project: &Project<'_>, outcomes: &mut [Outcome]) {
        let both = inputs.iter().zip(outcomes.iter());
        let seeds: Vec<&Input> = both.filter(|it| it.1.registers).map(|it| it.0).collect();
        let Some(first) = seeds.first() else { return };
        let mut reports: Vec<&mut FileReport> =
            outcomes.iter_mut().map(|it| &mut it.report).collect();
        let judged = guarded(&first.relative, || {
            routes::follow(self.rules, inputs, project, &seeds, &mut reports);
            FileReport {
                notices: Vec::new(),
                ..noticed(&first.relative, NoticeKind::Internal, String::new())
            }
        });
        if let Some(outcome) = outcomes.first_mut() {
            outcome.report.notices.extend(judged.notices);
        }
    }

    /// Judges imports and dependencies of all files together; a panic costs only that.
    fn judge_imports(&self, inputs: &[Input], project: &Project<'_>, outcomes: &mut [Outcome]) {
        let taken: Vec<Vec<String>> = outcomes
            .iter_mut()
            .map(|it| std::mem::take(&mut it.suspects))
            .collect();
        let both = inputs.iter().zip(&taken);
        let named = both.filter(|(_, names)| !names.is_empty());
        let suspects: Vec<(&str, &[String])> = named
            .map(|(input, names)| (&*input.relative, &**names))
            .collect();
        let Some((first, _)) = suspects.first() else {
            return;
        };
        let mut reports: Vec<&mut FileReport> =
            outcomes.iter_mut().map(|it| &mut it.report).collect();
        let judged = guarded(first, || {
            imports::follow(self.rules, inputs, project, &suspects, &mut reports);
            FileReport {
                notices: Vec::new(),
                ..noticed(first, NoticeKind::Internal, String::new())
            }
        });
        if let Some(outcome) = outcomes.first_mut() {
            outcome.report.notices.extend(judged.notices);
        }
    }

    /// Compares product code with its tests; a panic costs only that.
    fn judge_integrity(&self, inputs: &[Input], outcomes: &mut [Outcome]) {
        let Some(first) = inputs.first().filter(|_| self.integrity) else {
            return;
        };
        let candidates = outcomes.iter_mut().flat_map(|it| it.candidates.drain(..));
        let candidates: Vec<Candidate> = candidates.collect();
        let mut reports: Vec<&mut FileReport> =
            outcomes.iter_mut().map(|it| &mut it.report).collect();
        let judged = guarded(&first.relative, || {
            integrity::follow(self.rules, inputs, &candidates, &mut reports);
            FileReport {
                notices: Vec::new(),
                ..noticed(&first.relative, NoticeKind::Internal, String::new())
            }
        });
        if let Some(outcome) = outcomes.first_mut() {
            outcome.report.notices.extend(judged.notices);
        }
    }

    /// Analyses one text that is in memory already.
    pub fn text(&self, relative: &str, text: &str) -> FileReport {
        let file = SourceFile::new(relative, text);
        self.pool
            .install(|| guarded(relative, || self.analyse(file, self.project.as_ref())))
    }

    fn one(&self, input: &Input, project: Option<&Project<'_>>) -> Outcome {
        let start = Instant::now();
        let (mut source, mut registers) = (None, false);
        let (mut suspects, mut candidates) = (Vec::new(), Vec::new());
        let report = guarded(&input.relative, || match read(&input.origin) {
            Ok(decoded) => {
                let takes_part = caveat_engine::routes::takes_part;
                registers = self.routes && takes_part(&input.relative, &decoded.text);
                if self.imports {
                    let doubted = caveat_engine::imports::suspects;
                    suspects = doubted(&input.relative, &decoded.text);
                }
                if self.integrity {
                    candidates = hardcoded::candidates(&input.relative, &decoded.text);
                }
                self.decoded(input, decoded, project, &mut source)
            }
            Err(notice) => noticed(&input.relative, notice.0, notice.1),
        });
        let took = start.elapsed();
        Outcome {
            report,
            took,
            source,
            registers,
            suspects,
            candidates,
        }
    }

    fn decoded(
        &self,
        input: &Input,
        decoded: Decoded,
        project: Option<&Project<'_>>,
        source: &mut Option<Arc<SourceFile>>,
    ) -> FileReport {
        let language = Language::from_path(&input.relative);
        let file = SourceFile::new(&*input.relative, decoded.text);
        if !input.explicit && generated::is_generated(language, &file) {
            return noticed(
                &input.relative,
                NoticeKind::Generated,
                "looks generated".into(),
            );
        }
        let is_kept = |path: &str| {
            caveat_engine::flow::takes_part(path) || caveat_parser::link::is_manifest(path)
        };
        if self.catalog.is_some() && is_kept(&input.relative) {
            *source = Some(Arc::new(file.clone()));
        }
        let mut report = self.analyse(file, project);
        if decoded.encoding.lossy {
            let message = format!(
                "not valid {}; the bytes that could not be decoded were replaced",
                decoded.encoding.name
            );
            report.notices.insert(
                0,
                Notice {
                    kind: NoticeKind::PartlyParsed,
                    path: report.path.clone(),
                    span: None,
                    message,
                },
            );
        }
        report
    }

    fn analyse(&self, file: SourceFile, project: Option<&Project<'_>>) -> FileReport {
        // Taken out, so that a panic leaves no half-used parser behind.
        let mut parsers = PARSERS.take();
        let report = scan_linked(self.rules, file, project, self.options, &mut parsers);
        PARSERS.set(parsers);
        report
    }
}

/// Reads and decodes.
///
/// # Errors
/// What became of it instead, with words for the user.
pub fn read(origin: &Origin) -> Result<Decoded, (NoticeKind, String)> {
    let bytes = match origin {
        Origin::Bytes(bytes) => bytes.clone(),
        Origin::Disk(path) => read_bytes(path)?,
    };
    match source::decode(bytes) {
        Ok((text, encoding)) => Ok(Decoded { text, encoding }),
        Err(error) => Err((NoticeKind::NotText, error.to_string())),
    }
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, (NoticeKind, String)> {
    std::fs::read(path)
        .map_err(|error| (NoticeKind::Unreadable, format!("cannot be read: {error}")))
}

/// A report of nothing but a notice.
pub fn noticed(relative: &str, kind: NoticeKind, message: String) -> FileReport {
    let notice = Notice {
        kind,
        path: relative.into(),
        span: None,
        message,
    };
    FileReport {
        parsed: Vec::new(),
        source: None,
        path: notice.path.clone(),
        findings: Vec::new(),
        notices: vec![notice],
    }
}

/// Runs an analysis; a panic becomes a notice.
fn guarded(relative: &str, analysis: impl FnOnce() -> FileReport) -> FileReport {
    GUARDED.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(analysis));
    GUARDED.set(false);
    outcome.unwrap_or_else(|_| {
        let message = format!(
            "a bug in caveat stopped the analysis of this file ({}); please report it",
            PANIC.take()
        );
        noticed(relative, NoticeKind::Internal, message)
    })
}

/// Keeps what a guarded panic says for its notice; others are printed as ever.
fn catch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                return usual(info);
            }
            let payload = info.payload();
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
            let what = text.unwrap_or("no message");
            let place = info.location().map(ToString::to_string);
            PANIC.set(format!("{what}, {}", place.unwrap_or_default()));
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_notice() {
        catch_panics();
        let report = guarded("a.py", || panic!("no such node"));
        let notice = &report.notices[0];
        assert_eq!(notice.kind, NoticeKind::Internal);
        assert!(
            notice.message.contains("no such node, "),
            "{}",
            notice.message
        );
        let fine = guarded("b.py", || {
            noticed("b.py", NoticeKind::NotText, String::new())
        });
        assert_eq!(fine.notices[0].kind, NoticeKind::NotText);
    }
}
