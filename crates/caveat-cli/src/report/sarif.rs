//! SARIF 2.1.0, as GitHub code scanning, DefectDojo and the viewers want it.
//!
//! Where the standard leaves a choice, this follows what GitHub documents for uploads: all rules
//! in every log, relative encoded URIs, its line hash, no suppressed results unless asked for, no
//! more results than it shows. A log holds no time, machine path or random number.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use caveat_engine::finding::{FileReport, Finding, Fix, Notice, NoticeKind, Place, Suppression};
use caveat_engine::rule::Rule;
use caveat_parser::{SourceFile, Span};

use self::message::{Link, message};
use self::model::{
    Artifact, ArtifactChange, ArtifactLocation, AutomationDetails, BaseId, BaseIds, CodeFlow,
    DescriptorReference, Driver, Fingerprints, Invocation, Location, Log, MappedTo, Notification,
    PhysicalLocation, Region, Replacement, ResultProperties, Run, SarifFix, SarifResult, Text,
    ThreadFlow, ThreadFlowLocation, Tool, VersionControl,
};
use super::json::write_pretty;
use super::place::{self, Unit};
use super::{HOME, Report, RootInfo, count, one_line, sentence};
use crate::fingerprint::{LineHash, line_hashes};

mod message;
mod model;
mod rules;

/// GitHub shows so many results of a run.
const RESULTS: usize = 5_000;
/// Notices about single files beyond this number are counted only.
const NOTICES: usize = 1_000;
/// Steps of a flow; of a longer one the middle is left out. GitHub shows 1,000 of a result.
const STEPS: usize = 100;
/// Related places of a result.
const RELATED: usize = 20;
/// Longest quotation from a file, in bytes.
const SNIPPET: usize = 1_000;
/// What is quoted before and after a region whose lines are too long to quote, in bytes.
const AROUND: u32 = 80;
/// What URIs are relative to.
const ROOT: &str = "%SRCROOT%";

/// Writes the log, with a line end after it.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write_pretty(&log(report), out)
}

fn log(report: &Report) -> Log {
    Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [run(report)],
    }
}

fn run(report: &Report) -> Run {
    let mut run = RunBuilder::new(report);
    let (findings, dropped) = chosen(report, &run.rule_places);
    let results = findings.iter().map(|finding| run.result(finding)).collect();
    let invocation = run.invocation(dropped);
    let taxonomies = match run.weaknesses.is_empty() {
        true => Vec::new(),
        false => vec![rules::taxonomy(&run.weaknesses)],
    };
    Run {
        tool: Tool {
            driver: run.driver(),
        },
        taxonomies,
        automation_details: report
            .options
            .sarif_category
            .as_deref()
            .map(automation_details),
        column_kind: "utf16CodeUnits",
        language: "en-US",
        original_uri_base_ids: BaseIds {
            source_root: BaseId {
                description: Text::plain("The root of the repository."),
            },
        },
        version_control_provenance: version_control(&report.root).into_iter().collect(),
        invocations: [invocation],
        artifacts: run.artifacts,
        results,
    }
}

/// GitHub takes what is before the last slash as the category.
fn automation_details(category: &str) -> AutomationDetails {
    AutomationDetails {
        id: format!("{}/", category.trim_end_matches('/')),
    }
}

/// The findings to write, in order of place, and how many were left out for their number.
///
/// GitHub merges results of one rule on one line, so the worst of them speaks for the others.
fn chosen<'a>(report: &'a Report, rule_places: &[usize]) -> (Vec<&'a Finding>, usize) {
    let importance = |finding: &Finding| {
        let active = finding.suppressed.is_none();
        (active, finding.severity, finding.confidence)
    };
    let mut best: BTreeMap<(&str, u32, usize), &Finding> = BTreeMap::new();
    for (file, finding) in report.findings() {
        let line = file
            .source
            .as_ref()
            .map_or(1, |source| start_line(source, finding.span));
        let rule = rule_places[finding.rule as usize];
        let kept = best.entry((&file.path, line, rule)).or_insert(finding);
        if importance(finding) > importance(kept) {
            *kept = finding;
        }
    }
    let mut findings: Vec<&Finding> = best.into_values().collect();
    let dropped = findings.len().saturating_sub(RESULTS);
    findings.sort_by_key(|finding| std::cmp::Reverse(importance(finding)));
    findings.truncate(RESULTS);
    findings.sort_by(|a, b| (&a.path, a.span, a.rule).cmp(&(&b.path, b.span, b.rule)));
    (findings, dropped)
}

fn start_line(source: &SourceFile, span: Span) -> u32 {
    source.lines.line(place::clamp(span, &source.text).start)
}

/// What is gathered while results are made.
struct RunBuilder<'a> {
    report: &'a Report<'a>,
    /// For each rule of the report its place in the log: ids are unique there.
    rule_places: Vec<usize>,
    /// Place in the report of each rule of the log.
    unique_rules: Vec<usize>,
    weaknesses: Vec<u32>,
    artifacts: Vec<Artifact>,
    artifact_places: HashMap<String, usize>,
    hashes: HashMap<&'a str, Vec<LineHash>>,
    secrets: HashMap<&'a str, Vec<Span>>,
}

impl<'a> RunBuilder<'a> {
    fn new(report: &'a Report<'a>) -> Self {
        let mut places: HashMap<&str, usize> = HashMap::new();
        let (mut rule_places, mut unique_rules) = (Vec::new(), Vec::new());
        for (at, rule) in report.rules.iter().enumerate() {
            let place = *places.entry(&rule.id).or_insert(unique_rules.len());
            if place == unique_rules.len() {
                unique_rules.push(at);
            }
            rule_places.push(place);
        }
        RunBuilder {
            report,
            rule_places,
            unique_rules,
            weaknesses: rules::weaknesses(report.rules),
            artifacts: Vec::new(),
            artifact_places: HashMap::new(),
            hashes: HashMap::new(),
            secrets: HashMap::new(),
        }
    }

    fn driver(&self) -> Driver {
        let report = self.report;
        let rule =
            |&at: &usize| rules::rule(&report.rules[at], report.examples.get(at), &self.weaknesses);
        Driver {
            name: "caveat",
            semantic_version: env!("CARGO_PKG_VERSION"),
            version: env!("CARGO_PKG_VERSION"),
            information_uri: HOME,
            rules: self.unique_rules.iter().map(rule).collect(),
            notifications: rules::notifications(),
            supported_taxonomies: match self.weaknesses.is_empty() {
                true => Vec::new(),
                false => vec![rules::cwe_component()],
            },
        }
    }

    fn result(&mut self, finding: &'a Finding) -> SarifResult {
        let rule = self.report.rule(finding);
        let (related_locations, links) = self.related(finding);
        SarifResult {
            rule_id: rule.id.clone(),
            rule_index: self.rule_places[finding.rule as usize],
            level: rules::level(finding.severity),
            message: message(&specific(rule, finding), &links),
            locations: [Location {
                id: None,
                physical_location: self.physical(&finding.path, finding.span),
                message: None,
            }],
            related_locations,
            partial_fingerprints: Fingerprints {
                primary_location_line_hash: self.line_hash(finding),
                caveat: finding.fingerprint.clone(),
            },
            code_flows: self.code_flow(finding).into_iter().collect(),
            fixes: finding
                .fix
                .as_ref()
                .and_then(|fix| self.fix(finding, fix))
                .into_iter()
                .collect(),
            suppressions: finding.suppressed.iter().map(suppression).collect(),
            taxa: rules::taxa(rule, &self.weaknesses),
            rank: rules::rank(finding.confidence),
            properties: self
                .report
                .provenance(finding)
                .cloned()
                .map(|provenance| ResultProperties { provenance }),
        }
    }

    /// The places a message links to: where the flow begins, and the related ones.
    fn related(&mut self, finding: &'a Finding) -> (Vec<Location>, Vec<Link<'a>>) {
        let elsewhere = |place: &&Place| place.path != finding.path || place.span != finding.span;
        let begin = finding.flow.first().filter(elsewhere);
        let report = self.report;
        let shown = begin.into_iter().chain(&finding.related);
        let shown = shown
            .filter(|place| report.source(&place.path).is_some())
            .take(RELATED);
        let (mut locations, mut links) = (Vec::new(), Vec::new());
        for (place, id) in shown.zip(1..) {
            locations.push(Location {
                id: Some(id),
                ..self.location(place)
            });
            links.push(Link {
                text: &place.message,
                target: id,
            });
        }
        (locations, links)
    }

    fn location(&mut self, place: &'a Place) -> Location {
        Location {
            id: None,
            physical_location: self.physical(&place.path, place.span),
            message: Some(Text::plain(rules::plain(&one_line(&place.message)))),
        }
    }

    fn line_hash(&mut self, finding: &'a Finding) -> Option<String> {
        let source = self.report.source(&finding.path)?;
        if self.hashes_secret(source, finding) {
            return None;
        }
        let hashes = self
            .hashes
            .entry(&finding.path)
            .or_insert_with(|| line_hashes(&source.text));
        let line = start_line(source, finding.span);
        hashes.get(line as usize - 1).map(LineHash::to_string)
    }

    /// Whether a secret is among what the hash of the finding's line covers: a weak one could be
    /// guessed from the hash. GitHub computes its own at upload.
    fn hashes_secret(&mut self, source: &SourceFile, finding: &'a Finding) -> bool {
        let line = source.lines.line(finding.span.start);
        let start = source.lines.span(line, &source.text).start;
        // The hash covers 100 characters without blanks.
        let end = start.saturating_add(2000);
        let report = self.report;
        let secrets = self
            .secrets
            .entry(&finding.path)
            .or_insert_with(|| report.secrets(&finding.path));
        secrets
            .iter()
            .any(|secret| secret.start < end && secret.end > start)
    }

    fn code_flow(&mut self, finding: &'a Finding) -> Option<CodeFlow> {
        let report = self.report;
        let shown = |place: &&Place| report.source(&place.path).is_some();
        let mut steps: Vec<&Place> = finding.flow.iter().filter(shown).collect();
        if steps.len() > STEPS {
            steps.drain(STEPS / 2..steps.len() - STEPS / 2);
        }
        let last = steps.len().checked_sub(1)?;
        let location = |(at, place): (usize, &&'a Place)| ThreadFlowLocation {
            location: self.location(place),
            importance: if at == 0 || at == last {
                "essential"
            } else {
                "important"
            },
            execution_order: at + 1,
        };
        let locations = steps.iter().enumerate().map(location).collect();
        let ends = [steps[0], steps[last]].map(|place| rules::plain(&one_line(&place.message)));
        let message = match last {
            0 => sentence(&ends[0]),
            _ => format!("From: {}; to: {}.", ends[0], ends[1]),
        };
        Some(CodeFlow {
            message: Text::plain(message),
            thread_flows: [ThreadFlow { locations }],
        })
    }

    fn fix(&mut self, finding: &Finding, fix: &Fix) -> Option<SarifFix> {
        let source = self.report.source(&finding.path)?;
        let replacement = |edit: &caveat_engine::finding::Edit| Replacement {
            deleted_region: region(source, edit.span),
            inserted_content: (!edit.text.is_empty()).then(|| Text::plain(&*edit.text)),
        };
        let replacements: Vec<_> = fix.edits.iter().map(replacement).collect();
        if replacements.is_empty() {
            return None;
        }
        let description = sentence(&one_line(&fix.description));
        Some(SarifFix {
            description: Text::plain(rules::plain(&description)),
            artifact_changes: [ArtifactChange {
                artifact_location: self.artifact(&finding.path),
                replacements,
            }],
        })
    }

    /// A place in a file, with its text and the text around it as far as they may be quoted.
    fn physical(&mut self, path: &'a str, span: Span) -> PhysicalLocation {
        let artifact_location = self.artifact(path);
        let Some(source) = self.report.source(path) else {
            // GitHub wants a line whatever is known.
            let whole = Region {
                start_line: 1,
                start_column: Some(1),
                end_line: 1,
                end_column: Some(1),
                snippet: None,
            };
            return PhysicalLocation {
                artifact_location,
                region: Some(whole),
                context_region: None,
            };
        };
        let report = self.report;
        let secrets = self
            .secrets
            .entry(path)
            .or_insert_with(|| report.secrets(path));
        let span = place::clamp(span, &source.text);
        let mut region = region(source, span);
        region.snippet = quotation(source, span, secrets);
        let context_region = context(source, span, secrets);
        PhysicalLocation {
            artifact_location,
            region: Some(region),
            context_region,
        }
    }

    fn artifact(&mut self, path: &str) -> ArtifactLocation {
        let uri = self.uri(path);
        let next = self.artifacts.len();
        let index = *self.artifact_places.entry(uri.clone()).or_insert(next);
        let location = ArtifactLocation {
            uri,
            uri_base_id: ROOT,
            index: None,
        };
        if index == next {
            let location = location.clone();
            self.artifacts.push(Artifact {
                location,
                source_language: language(path),
            });
        }
        ArtifactLocation {
            index: Some(index),
            ..location
        }
    }

    /// A path from the top of the repository, as a URI reference.
    fn uri(&self, path: &str) -> String {
        match self.report.root.prefix.trim_matches('/') {
            "" => place::percent_encode(path),
            prefix => place::percent_encode(&format!("{prefix}/{path}")),
        }
    }

    fn invocation(&mut self, results_dropped: usize) -> Invocation {
        let report = self.report;
        let notices = report
            .files
            .iter()
            .flat_map(|file| file.notices.iter().map(move |n| (file, n)));
        let notices: Vec<(&FileReport, &Notice)> = notices.collect();
        let mut notifications: Vec<Notification> = notices
            .iter()
            .take(NOTICES)
            .map(|(file, notice)| self.notice(file, notice))
            .collect();
        if results_dropped > 0 {
            let text = format!(
                "{} left out of this log: it holds the {RESULTS} most severe.",
                were(results_dropped, "result")
            );
            notifications.push(notification(rules::RESULTS_DROPPED, text, Vec::new()));
        }
        if notices.len() > NOTICES {
            let text = format!(
                "{} left out of this log.",
                were(notices.len() - NOTICES, "notice")
            );
            notifications.push(notification(rules::NOTICES_DROPPED, text, Vec::new()));
        }
        let failed =
            |kind: NoticeKind| matches!(kind, NoticeKind::Unreadable | NoticeKind::Internal);
        let nothing_done = report.summary.files_scanned == 0;
        Invocation {
            execution_successful: !(nothing_done && notices.iter().any(|(_, n)| failed(n.kind))),
            tool_execution_notifications: notifications,
        }
    }

    fn notice(&mut self, file: &FileReport, notice: &Notice) -> Notification {
        let physical_location = PhysicalLocation {
            artifact_location: self.artifact(&file.path),
            region: file
                .source
                .as_ref()
                .zip(notice.span)
                .map(|(s, span)| region(s, span)),
            context_region: None,
        };
        let text = rules::plain(&sentence(&one_line(&notice.message)));
        let location = Location {
            id: None,
            physical_location,
            message: None,
        };
        notification(rules::notice_index(notice.kind), text, vec![location])
    }
}

/// The message, with the enclosing symbol where it says no more than the rule.
fn specific<'a>(rule: &Rule, finding: &'a Finding) -> Cow<'a, str> {
    let bare = |text: &str| rules::plain(text.trim().trim_end_matches('.')).to_lowercase();
    match bare(&finding.message) == bare(&rule.summary) && !finding.symbol.is_empty() {
        true => Cow::Owned(format!("{} in `{}`", finding.message, finding.symbol)),
        false => Cow::Borrowed(&finding.message),
    }
}

/// `1 result was`, `2 results were`.
fn were(n: usize, noun: &str) -> String {
    format!("{} {}", count(n, noun), if n == 1 { "was" } else { "were" })
}

fn notification(index: usize, text: String, locations: Vec<Location>) -> Notification {
    let kind = &rules::kinds()[index];
    Notification {
        descriptor: DescriptorReference {
            id: kind.name,
            index,
        },
        level: kind.level,
        message: Text::plain(text),
        locations,
    }
}

fn suppression(suppression: &Suppression) -> model::Suppression {
    model::Suppression {
        kind: "inSource",
        justification: suppression.reason.clone(),
    }
}

/// Lines and columns of a span, without text.
fn region(source: &SourceFile, span: Span) -> Region {
    let span = place::clamp(span, &source.text);
    let (start, end) = place::range(source, span, Unit::Utf16);
    Region {
        start_line: start.line,
        start_column: Some(start.column),
        end_line: end.line,
        end_column: Some(end.column),
        snippet: None,
    }
}

/// The text of a span, unless it is long or holds a secret.
fn quotation(source: &SourceFile, span: Span, secrets: &[Span]) -> Option<Text> {
    let secret = |secret: &Span| secret.start < span.end && span.start < secret.end;
    let quotable = span.len() as usize <= SNIPPET && !secrets.iter().any(secret);
    quotable.then(|| Text::plain(span.text(&source.text)))
}

/// The lines of a span with one more at each end; the text close to it where lines are long.
fn context(source: &SourceFile, span: Span, secrets: &[Span]) -> Option<Region> {
    let first = source.lines.line(span.start).saturating_sub(1).max(1);
    let last = (source.lines.line(span.end) + 1).min(source.lines.count());
    let start = source.lines.span(first, &source.text).start;
    let end = match last == source.lines.count() {
        true => source.text.len() as u32,
        false => source.lines.span(last + 1, &source.text).start,
    };
    let around = Span::new(start, end);
    if around == span {
        return None;
    }
    if around.len() as usize <= SNIPPET {
        let snippet = quotation(source, around, secrets)?;
        return Some(Region {
            start_line: first,
            start_column: None,
            end_line: last,
            end_column: None,
            snippet: Some(snippet),
        });
    }
    let near = Span::new(span.start.saturating_sub(AROUND), span.end + AROUND);
    let near = place::clamp(near, &source.text);
    let snippet = quotation(source, near, secrets)?;
    Some(Region {
        snippet: Some(snippet),
        ..region(source, near)
    })
}

/// SARIF's name for the language of a file.
fn language(path: &str) -> Option<&'static str> {
    match path.rsplit_once('.')?.1 {
        "py" | "pyi" => Some("python"),
        "rs" => Some("rust"),
        "toml" => Some("toml"),
        "yaml" | "yml" => Some("yaml"),
        "json" => Some("json"),
        "html" => Some("html"),
        _ => None,
    }
}

fn version_control(root: &RootInfo) -> Option<VersionControl> {
    Some(VersionControl {
        repository_uri: remote(root.repository_uri.as_deref()?)?,
        revision_id: root.revision.clone(),
        branch: root.branch.clone(),
        mapped_to: MappedTo { uri_base_id: ROOT },
    })
}

/// A remote as a URI without user and password; `None` for a folder of this machine.
fn remote(uri: &str) -> Option<String> {
    let without_user = |text: &str| {
        text.rsplit_once('@')
            .map_or(text, |(_, host)| host)
            .to_owned()
    };
    let uri = match uri.split_once("://") {
        Some(("file", _)) => return None,
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            format!("{scheme}://{}/{path}", without_user(host))
        }
        // git's short form of ssh, `user@host:path`
        None => {
            let (host, path) = uri.split_once(':')?;
            if host.contains('/') || host.len() < 2 {
                return None;
            }
            format!(
                "ssh://{}/{}",
                without_user(host),
                path.trim_start_matches('/')
            )
        }
    };
    let clean = uri
        .chars()
        .all(|c| c.is_ascii_graphic() && !"<>\"{}|\\^`".contains(c));
    clean.then_some(uri)
}
