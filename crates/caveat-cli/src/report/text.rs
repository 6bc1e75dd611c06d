//! The format for people: the look of rustc, with the lines of code that matter.

use std::io::{self, Write};

use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level, Origin, Padding, Patch, Renderer, Snippet,
};
use caveat_engine::finding::{Finding, Fix, Place};
use caveat_engine::rule::{Rule, Severity};
use caveat_parser::{SourceFile, Span};

use super::concise::{write_end, write_notices};
use super::excerpt::Excerpt;
use super::place::{self, Unit};
use super::{Report, confidence_word, hides, one_line, rule_url, severity_word, visible};

/// Marks that are further apart are shown as excerpts of their own.
const GAP: u32 = 20;
/// Of a span with more lines only the first is marked.
const MARKED_LINES: u32 = 8;
/// A change that touches more lines is described, not shown.
const CHANGED_LINES: u32 = 30;

/// Writes findings with their code, then what could not be analysed, then the summary.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let renderer = match report.options.color {
        true => Renderer::styled().hyperlink(report.options.hyperlinks),
        false => Renderer::plain(),
    };
    for (_, finding) in report.findings() {
        let rendered = renderer.render(&groups(report, finding));
        for line in rendered.lines().filter(|line| !is_empty_head(line)) {
            writeln!(out, "{line}")?;
        }
        writeln!(out)?;
    }
    write_notices(report, out)?;
    write_end(report, out)
}

/// Whether a line announces the next excerpt without saying where it is from.
///
/// Heads are written by [`Origin`], for excerpts are cut and annotate-snippets would count columns
/// in what is left of a line. It then gives each excerpt a second head, without a path.
fn is_empty_head(line: &str) -> bool {
    let mut rest = line.trim();
    while let Some((_, after)) = rest.strip_prefix("\u{1b}[").and_then(|r| r.split_once('m')) {
        rest = after.trim_start();
    }
    rest.strip_prefix(":::")
        .is_some_and(|rest| matches!(rest.trim(), "" | "\u{1b}[0m"))
}

/// A finding as annotate-snippets wants it: the problem, and the fix if there is one.
fn groups(report: &Report, finding: &Finding) -> Vec<Group<'static>> {
    let rule = report.rule(finding);
    let title = level(finding.severity)
        .primary_title(visible(&one_line(&finding.message)).into_owned())
        .id(visible(&rule.id).into_owned())
        .id_url(rule_url(rule));
    let mut problem = title.elements(excerpts(report, finding));
    let shown_fix = finding
        .fix
        .as_ref()
        .and_then(|fix| change(report, finding, fix));
    if let Some(hand) = report.provenance(finding) {
        let commit = hand.commit.get(..12).unwrap_or(&hand.commit);
        let note = format!("{} by {}, commit {commit}", hand.kind, hand.agent);
        problem = problem.element(Level::NOTE.message(visible(&one_line(&note)).into_owned()));
    }
    for (level, note) in notes(rule, finding, shown_fix.is_some()) {
        problem = problem.element(level.message(visible(&one_line(&note)).into_owned()));
    }
    std::iter::once(problem).chain(shown_fix).collect()
}

fn level(severity: Severity) -> Level<'static> {
    let level = match severity {
        Severity::Critical | Severity::High => Level::ERROR,
        Severity::Medium => Level::WARNING,
        Severity::Low => Level::NOTE,
    };
    level.with_name(severity_word(severity))
}

/// What is said below the code.
fn notes(rule: &Rule, finding: &Finding, fix_is_shown: bool) -> Vec<(Level<'static>, String)> {
    let mut notes = Vec::new();
    let is_said = |fix: &Fix| fix.description == rule.fix;
    if !rule.fix.is_empty() && !finding.fix.as_ref().is_some_and(is_said) {
        notes.push((Level::HELP, rule.fix.clone()));
    }
    if let (Some(fix), false) = (&finding.fix, fix_is_shown) {
        notes.push((Level::HELP, fix.description.clone()));
    }
    let mut facts = format!("confidence {}", confidence_word(finding.confidence));
    for cwe in &rule.cwe {
        facts.push_str(&format!(", CWE-{cwe}"));
    }
    notes.push((Level::NOTE, facts));
    if let Some(suppression) = &finding.suppressed {
        let reason = match suppression.reason.as_str() {
            "" => "no reason given",
            reason => reason,
        };
        notes.push((Level::NOTE, format!("suppressed: {reason}")));
    }
    notes
}

/// A place to mark, and what to write there.
struct Mark<'a> {
    path: &'a str,
    span: Span,
    label: Option<String>,
    primary: bool,
}

/// The primary span, the steps of the flow with their numbers, and the related places.
fn marks(finding: &Finding) -> Vec<Mark<'_>> {
    let at_primary = |place: &Place| place.path == finding.path && place.span == finding.span;
    let label = |(step, place): (usize, &Place)| format!("{}: {}", step + 1, place.message);
    let mine: Vec<_> = finding
        .flow
        .iter()
        .enumerate()
        .filter(|(_, p)| at_primary(p))
        .collect();
    let mine: Vec<_> = mine.into_iter().map(label).collect();
    let mut marks = vec![Mark {
        path: &finding.path,
        span: finding.span,
        label: (!mine.is_empty()).then(|| mine.join("; ")),
        primary: true,
    }];
    let steps = finding
        .flow
        .iter()
        .enumerate()
        .filter(|(_, place)| !at_primary(place));
    let steps = steps.map(|(step, place)| (place, label((step, place))));
    let related = finding
        .related
        .iter()
        .map(|place| (place, place.message.clone()));
    marks.extend(steps.chain(related).map(|(place, label)| Mark {
        path: &place.path,
        span: place.span,
        label: Some(label),
        primary: false,
    }));
    marks
}

/// The excerpts that show all marks of a finding, the one with the primary span first.
fn excerpts(report: &Report, finding: &Finding) -> Vec<Element<'static>> {
    let mut elements = Vec::new();
    let mut paths: Vec<&str> = Vec::new();
    let marks = marks(finding);
    for mark in &marks {
        if !paths.contains(&mark.path) {
            paths.push(mark.path);
        }
    }
    for path in paths {
        let here: Vec<&Mark> = marks.iter().filter(|mark| mark.path == path).collect();
        match report.source(path) {
            Some(source) => {
                let secrets = report.secrets(path);
                for cluster in clusters(source, here) {
                    if !elements.is_empty() {
                        elements.push(Padding.into());
                    }
                    elements.extend(excerpt(source, &cluster, &secrets));
                }
            }
            None => elements.extend(without_text(&here)),
        }
    }
    elements
}

/// The lines a mark covers: first and last, or the first alone if there are many.
fn marked_lines(source: &SourceFile, span: Span) -> (u32, u32) {
    let (first, last) = (source.lines.line(span.start), source.lines.line(span.end));
    if last - first < MARKED_LINES {
        (first, last)
    } else {
        (first, first)
    }
}

/// A mark's span, inside the text and without the line breaks at its end.
fn marked(source: &SourceFile, span: Span) -> Span {
    let span = place::clamp(span, &source.text);
    let body = span.text(&source.text).trim_end_matches(['\r', '\n']);
    Span::new(span.start, span.start + body.len() as u32)
}

/// Marks of one file in groups that lie close together, that of the primary span first.
fn clusters<'a, 'b>(source: &SourceFile, mut marks: Vec<&'a Mark<'b>>) -> Vec<Vec<&'a Mark<'b>>> {
    let lines = |mark: &Mark| marked_lines(source, marked(source, mark.span));
    marks.sort_by_key(|mark| mark.span);
    let mut clusters: Vec<Vec<&Mark>> = Vec::new();
    let mut reached = 0;
    for mark in marks {
        let (first, last) = lines(mark);
        match clusters.last_mut() {
            Some(cluster) if first <= reached + GAP => cluster.push(mark),
            _ => clusters.push(vec![mark]),
        }
        reached = reached.max(last);
    }
    clusters.sort_by_key(|cluster| !cluster.iter().any(|mark| mark.primary));
    clusters
}

/// The head line and the code of one cluster.
fn excerpt(source: &SourceFile, cluster: &[&Mark], secrets: &[Span]) -> [Element<'static>; 2] {
    let spans: Vec<Span> = cluster
        .iter()
        .map(|mark| marked(source, mark.span))
        .collect();
    let lines = spans.iter().map(|&span| marked_lines(source, span));
    let (first, last) = lines.fold((u32::MAX, 1), |(a, b), (c, d)| (a.min(c), b.max(d)));
    let excerpt = Excerpt::new(source, first..=last, &spans, secrets);
    let annotation = |(mark, span): (&&Mark, &Span)| annotation(mark, *span, &excerpt);
    let annotations: Vec<_> = cluster.iter().zip(&spans).map(annotation).collect();
    let head = cluster.iter().position(|mark| mark.primary).unwrap_or(0);
    let start = place::range(source, spans[head], Unit::Chars).0;
    let origin = Origin::path(visible(cluster[head].path).into_owned())
        .line(start.line as usize)
        .char_column(start.column as usize);
    let line_start = excerpt.first_line as usize;
    let snippet = Snippet::source(excerpt.text)
        .line_start(line_start)
        .annotations(annotations);
    [origin.into(), snippet.into()]
}

fn annotation(mark: &Mark, span: Span, excerpt: &Excerpt) -> Annotation<'static> {
    let kind = if mark.primary {
        AnnotationKind::Primary
    } else {
        AnnotationKind::Context
    };
    let start = excerpt.place(span.start);
    let end = excerpt.place(span.end).max(start);
    let label = mark
        .label
        .as_ref()
        .map(|label| visible(&one_line(label)).into_owned());
    kind.span(start..end).label(label)
}

/// Marks in a file whose text was not kept: the path and the words.
fn without_text(marks: &[&Mark]) -> Vec<Element<'static>> {
    let mut elements = Vec::new();
    for mark in marks {
        elements.push(Origin::path(visible(mark.path).into_owned()).into());
        if let Some(label) = &mark.label {
            let label = visible(&one_line(label)).into_owned();
            elements.push(Level::NOTE.message(label).into());
        }
    }
    elements
}

/// A fix as a change of lines; `None` if it is long or its lines cannot be shown as they are.
fn change(report: &Report, finding: &Finding, fix: &Fix) -> Option<Group<'static>> {
    let source = report.source(&finding.path)?;
    let edits = fix
        .edits
        .iter()
        .map(|edit| (place::clamp(edit.span, &source.text), &edit.text));
    let edits: Vec<_> = edits.collect();
    let first = source
        .lines
        .line(edits.iter().map(|(span, _)| span.start).min()?);
    let last = source
        .lines
        .line(edits.iter().map(|(span, _)| span.end).max()?);
    if last - first >= CHANGED_LINES {
        return None;
    }
    let excerpt = Excerpt::new(source, first..=last, &[], &report.secrets(&finding.path));
    if !excerpt.exact {
        return None;
    }
    let patch = |(span, text): &(Span, &String)| {
        let range = excerpt.place(span.start)..excerpt.place(span.end);
        let text = text.replace("\r\n", "\n");
        Patch::new(
            range,
            text.replace(|c| hides(c) && !"\n\t".contains(c), "\u{fffd}"),
        )
    };
    let patches: Vec<_> = edits.iter().map(patch).collect();
    let snippet = Snippet::source(excerpt.text)
        .line_start(excerpt.first_line as usize)
        .path(visible(&finding.path).into_owned())
        .patches(patches);
    let description = visible(&one_line(&fix.description)).into_owned();
    Some(Level::HELP.secondary_title(description).element(snippet))
}
