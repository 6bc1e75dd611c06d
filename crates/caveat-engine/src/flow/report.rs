//! From flows to findings: which rule they break, and the way they took in readable steps.

use std::sync::Arc;

use caveat_parser::link::FileId;
use caveat_parser::{Code, Names, Parsers, SourceFile, Span};
use rustc_hash::FxHashMap;

use super::Request;
use super::interpret::Flow;
use super::program::Program;
use super::value::{Via, What};
use crate::context;
use crate::finding::{Finding, Place};
use crate::model::SinkKind;
use crate::rule::{Confidence, Severity};

/// Steps of a way that are shown, both ends included.
const MOST_STEPS: usize = 8;
/// Calls that nothing is known of before a finding is less certain.
const MOST_GUESSES: u8 = 1;

/// The findings of all flows, by path and place.
pub fn findings(request: &Request<'_>, program: &Program<'_>, flows: Vec<Flow>) -> Vec<Finding> {
    let mut drafts: FxHashMap<(FileId, Span, u32), Draft> = FxHashMap::default();
    for flow in flows {
        for draft in broken(request, program, &flow) {
            let key = (flow.reached.file, draft.span, draft.rule);
            match drafts.get_mut(&key) {
                Some(known) if known.rank() >= draft.rank() => {}
                Some(known) => *known = draft,
                None => {
                    drafts.insert(key, draft);
                }
            }
        }
    }
    let mut by_file: FxHashMap<FileId, Vec<Draft>> = FxHashMap::default();
    for ((file, _, _), draft) in drafts {
        by_file.entry(file).or_default().push(draft);
    }
    let mut files: Vec<FileId> = by_file.keys().copied().collect();
    files.sort_unstable();
    let mut parsers = Parsers::default();
    let mut found = Vec::new();
    for file in files {
        let mut drafts = by_file.remove(&file).unwrap_or_default();
        drafts.sort_by_key(|draft| (draft.span, draft.rule));
        drop_outer(&mut drafts);
        let source = &program.code(file).source;
        found.extend(settled(request, source, drafts, &mut parsers));
    }
    found
}

/// A finding before its place in the file is known.
struct Draft {
    rule: u32,
    span: Span,
    message: String,
    severity: Severity,
    confidence: Confidence,
    steps: Vec<Place>,
    source: (FileId, Span),
}

impl Draft {
    /// Which of several findings at one place is told: the surest, then the shortest, then the
    /// first.
    fn rank(&self) -> impl Ord + use<> {
        let (file, span) = self.source;
        let place = (file.0, span.start);
        (
            self.confidence,
            self.severity,
            std::cmp::Reverse((self.steps.len(), place)),
        )
    }
}

/// Of one flow that ends in a call inside of another, or of what is returned, the inner end stays.
fn drop_outer(drafts: &mut Vec<Draft>) {
    let ends: Vec<(u32, (FileId, Span), Span)> = drafts
        .iter()
        .map(|it| (it.rule, it.source, it.span))
        .collect();
    drafts.retain(|outer| {
        !ends.iter().any(|(rule, source, span)| {
            let inside = outer.span.start <= span.start && span.end <= outer.span.end;
            *rule == outer.rule && *source == outer.source && *span != outer.span && inside
        })
    });
}

/// The rules that a flow breaks.
fn broken(request: &Request<'_>, program: &Program<'_>, flow: &Flow) -> Vec<Draft> {
    let language = program.code(flow.reached.file).language.name();
    let facts = flow.reached.entry.facts();
    if facts.intersects(flow.reached.safe_if) {
        return Vec::new();
    }
    let mut drafts = Vec::new();
    for (number, rule) in (0u32..).zip(&request.rules.rules) {
        for way in &rule.flows {
            let harmless = facts.intersects(way.except) || !facts.contains_all(way.needs);
            let elsewhere = !way.languages.iter().any(|it| it == language);
            if harmless || elsewhere || !way.to.contains(&flow.reached.kind) {
                continue;
            }
            let origin = way.from.iter().find(|origin| {
                origin.kind == flow.source.kind
                    && facts.contains_all(origin.needs)
                    && (!origin.on_request || request.untrusted_parameters)
            });
            let Some(origin) = origin else { continue };
            let mut confidence = origin
                .confidence
                .min(flow.source.confidence)
                .min(flow.reached.confidence);
            let guesses = flow.reached.entry.guesses;
            if guesses > MOST_GUESSES {
                confidence = lower(confidence);
            }
            // Where every type is declared, a call that nothing is known of is one into a library
            // or a trait: it may as well look up a row as hand on what it was given.
            if guesses > 0 && program.code(flow.reached.file).is_rust {
                confidence = Confidence::Low;
            }
            let message = way.message.as_ref().unwrap_or(&rule.message);
            drafts.push(Draft {
                rule: number,
                span: place_of(flow),
                message: filled(message, program, flow),
                severity: origin.severity,
                confidence,
                steps: steps(program, flow),
                source: (flow.source.file, flow.source.span),
            });
            break;
        }
    }
    drafts
}

/// Where a flow is told. What a model is given stands in a long call, so there it is the piece of
/// text that takes up the data.
fn place_of(flow: &Flow) -> Span {
    let reached = &flow.reached;
    let is_prompt = matches!(reached.kind, SinkKind::Prompt | SinkKind::Instructions);
    if !is_prompt {
        return reached.span;
    }
    let inside = |via: &&Arc<Via>| {
        let span = via.span;
        via.file == reached.file
            && reached.argument.start <= span.start
            && span.end <= reached.argument.end
    };
    let last = reached.entry.via.as_ref();
    if let Some(via) =
        last.filter(|via| matches!(via.what, What::Built) && via.file == reached.file)
    {
        return via.span;
    }
    let mut way = std::iter::successors(reached.entry.via.as_ref(), |via| via.before.as_ref());
    way.find(inside).map_or(reached.argument, |via| via.span)
}

fn lower(confidence: Confidence) -> Confidence {
    match confidence {
        Confidence::High => Confidence::Medium,
        _ => Confidence::Low,
    }
}

/// The message with the two ends in it.
fn filled(message: &str, program: &Program<'_>, flow: &Flow) -> String {
    let source = code_of(program, flow.source.file, flow.source.span);
    let sink = callee_of(program, flow);
    message
        .replace("{source}", &source)
        .replace("{sink}", &sink)
}

/// Longest piece of code that is quoted, in characters.
const QUOTED: usize = 60;

fn code_of(program: &Program<'_>, file: FileId, span: Span) -> String {
    let text = span.text(&program.code(file).source.text);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(QUOTED) {
        Some((at, _)) => format!("{}...", &line[..at]),
        None => line,
    }
}

fn callee_of(program: &Program<'_>, flow: &Flow) -> String {
    let code = code_of(program, flow.reached.file, flow.reached.span);
    let callee = callee_text(&code).trim();
    match callee.is_empty() {
        true => code,
        false => callee.to_owned(),
    }
}

/// A call without its arguments; the receiver may stand in parentheses.
fn callee_text(code: &str) -> &str {
    let mut open = 0usize;
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'(' if open == 0 && at > 0 => return &code[..at],
            b'(' => open += 1,
            b')' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    code
}

/// The way from source to sink.
fn steps(program: &Program<'_>, flow: &Flow) -> Vec<Place> {
    let place = |file: FileId, span: Span, message: String| Place {
        path: program.code(file).source.path.as_str().into(),
        span,
        message,
    };
    let mut steps = Vec::new();
    let source = code_of(program, flow.source.file, flow.source.span);
    let kind = flow.source.kind.meaning();
    steps.push(place(
        flow.source.file,
        flow.source.span,
        format!("`{source}` is {kind}"),
    ));
    let mut way: Vec<&Arc<Via>> =
        std::iter::successors(flow.reached.entry.via.as_ref(), |via| via.before.as_ref()).collect();
    way.reverse();
    for via in way {
        let message = match &via.what {
            What::Source => continue,
            What::Named(name) => format!("kept as `{name}`"),
            What::Built => "becomes part of a text".to_owned(),
            What::Passed(name) => format!("passed to `{name}`"),
        };
        let step = place(via.file, via.span, message);
        let code = &program.code(via.file).source;
        let line = |span: Span| code.lines.line(span.start);
        let same_line = steps.last().is_some_and(|last: &Place| {
            last.path == step.path && line(last.span) == line(step.span)
        });
        if !same_line || steps.len() > 1 && matches!(via.what, What::Passed(_)) {
            steps.push(step);
        }
    }
    steps.dedup_by(|later, first| later.span == first.span && later.path == first.path);
    let sink = callee_of(program, flow);
    let meaning = flow.reached.kind.meaning();
    steps.push(place(
        flow.reached.file,
        flow.reached.argument,
        format!("used by `{sink}` as {meaning}"),
    ));
    shortened(steps)
}

/// Leaves out steps in the middle of a long way.
fn shortened(mut steps: Vec<Place>) -> Vec<Place> {
    if steps.len() > MOST_STEPS {
        let tail = steps.split_off(steps.len() - MOST_STEPS / 2);
        steps.truncate(MOST_STEPS / 2);
        steps.extend(tail);
    }
    steps
}

/// The findings of one file with all that its tree says of them.
fn settled(
    request: &Request<'_>,
    source: &Arc<SourceFile>,
    drafts: Vec<Draft>,
    parsers: &mut Parsers,
) -> Vec<Finding> {
    let language = caveat_parser::Language::from_path(&source.path);
    let Some(arena) = parsers.parse(language, &source.text, None) else {
        return Vec::new();
    };
    let code = Code {
        arena: &arena,
        text: &source.text,
    };
    let names = Names::new(code, &context::module_path(&source.path));
    let path: Arc<str> = source.path.as_str().into();
    let mut findings = Vec::new();
    for draft in drafts {
        let node = crate::formula::smallest_node(&arena, draft.span);
        let rule = request.rules.rule(draft.rule);
        let quiet = context::is_test_code(code, node) && !rule.in_tests;
        if quiet || context::is_dead(&names, node) {
            continue;
        }
        findings.push(Finding {
            rule: draft.rule,
            path: path.clone(),
            span: draft.span,
            statement: context::statement(&arena, node, draft.span),
            message: draft.message,
            severity: draft.severity,
            confidence: draft.confidence,
            flow: draft.steps,
            related: Vec::new(),
            fix: None,
            symbol: context::symbol(code, node),
            fingerprint: String::new(),
            suppressed: None,
        });
    }
    crate::scan::identify(&mut findings, request.rules, source);
    crate::suppress::apply(&mut findings, source, Some(&arena), &request.rules.rules);
    findings
}
