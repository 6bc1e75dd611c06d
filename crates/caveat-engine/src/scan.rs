//! One file through the engine: triggers, parse, one pass, formulas and checks, findings.

use std::cell::OnceCell;
use std::sync::Arc;

use caveat_parser::lang::{Field, Language, Role};
use caveat_parser::link::Project;
use caveat_parser::skeleton::{ItemKind, Skeleton};
use caveat_parser::{Arena, Code, Names, NodeId, Parsers, SourceFile, Span};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::checks::{FileView, Hit};
use crate::config::TextFile;
use crate::context;
use crate::finding::{Edit, FileReport, Finding, Fix, Notice, NoticeKind, Parsed, Place};
use crate::formula::{Candidates, Evaluator, Formula, LeafId, Memo, Range};
use crate::lent;
use crate::notebook::{self, Notebook};
use crate::pattern::Bound;
use crate::pattern::matcher::{Matcher, Options};
use crate::region::{self, Plan};
use crate::rule::{Overrides, Rule};
use crate::ruleset::{LanguageRules, Program, ProgramBody, RuleSet};
use crate::suppress;
use crate::trigger::{Active, Hits};

/// Syntax errors per file that are worth a notice of their own.
const MOST_PARSE_NOTICES: usize = 1;

/// The family of rules whose primary span is a secret.
const SECRETS: &str = "secrets";

/// Shortest secret that is taken out of messages, in bytes: shorter ones are parts of words.
const SHORTEST_SECRET: usize = 4;

/// How a file is scanned.
#[derive(Debug, Clone, Copy, Default)]
pub struct ScanOptions {
    /// Parse whole files, never only the regions that matter. The findings are the same.
    pub whole_files: bool,
}

/// Scans one decoded file on its own. Parsers are reused from file to file on one thread.
pub fn scan_file(
    rules: &RuleSet,
    file: SourceFile,
    options: ScanOptions,
    parsers: &mut Parsers,
) -> FileReport {
    scan_linked(rules, file, None, options, parsers)
}

/// Scans one decoded file whose names may lead into other files of a project.
pub fn scan_linked(
    rules: &RuleSet,
    file: SourceFile,
    project: Option<&Project<'_>>,
    options: ScanOptions,
    parsers: &mut Parsers,
) -> FileReport {
    let path: Arc<str> = file.path.as_str().into();
    let language = match Language::from_path(&file.path) {
        Language::TEXT => Language::from_first_line(&file.text).unwrap_or(Language::TEXT),
        known => known,
    };
    let input = ScanInput {
        rules,
        file: &file,
        path: &path,
        project,
        options,
    };
    let mut report = input.scan_as(language, parsers);
    if notebook::is_notebook(&file.path) {
        input.scan_cells(&mut report, parsers);
    }
    if !report.findings.is_empty() || !report.notices.is_empty() {
        report.source = Some(Arc::new(file));
    }
    report
}

/// A file and all that its scan depends on.
#[derive(Clone, Copy)]
struct ScanInput<'s> {
    rules: &'s RuleSet,
    file: &'s SourceFile,
    path: &'s Arc<str>,
    project: Option<&'s Project<'s>>,
    options: ScanOptions,
}

impl ScanInput<'_> {
    /// Scans the text as one of a language.
    fn scan_as(self, language: Language, parsers: &mut Parsers) -> FileReport {
        let own = self.rules.language(language);
        let file = self.file;
        let mut hits = own.triggers.hits(&file.text);
        let lent = match self.project {
            Some(project) => lent::words(&own.triggers, project, file, &hits),
            None => Vec::new(),
        };
        hits.lend(&own.triggers, &lent);
        let active = active_programs(own, &file.path, &hits);
        let mut report = FileReport {
            source: None,
            path: Arc::clone(self.path),
            findings: Vec::new(),
            notices: Vec::new(),
            parsed: Vec::new(),
        };
        if active.is_empty() {
            return report;
        }
        let mut active: Vec<ActiveProgram<'_, '_>> = active
            .iter()
            .map(|active| (active, &own.programs[active.program as usize]))
            .collect();
        let options = self.options;
        let tree = Tree::parse(own, file, language, &mut active, &hits, options, parsers);
        if let Some(tree) = &tree {
            report.parsed.clone_from(&tree.parsed);
        }
        let scan = Scan {
            rules: self.rules,
            own,
            file,
            project: self.project,
            path: self.path,
            tree: tree.as_ref(),
        };
        report.findings = scan.run(&active, &mut report.notices);
        if let Some(tree) = &tree {
            let notices = parse_notices(&tree.arena, self.path);
            report.notices.extend(notices);
        }
        report
    }

    /// Scans the Python of a notebook. Its text was scanned before: what both find is kept once.
    fn scan_cells(self, report: &mut FileReport, parsers: &mut Parsers) {
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&self.file.text) {
            let message =
                format!("not a valid notebook ({error}); its cells were read where possible");
            report.notices.push(Notice {
                kind: NoticeKind::PartlyParsed,
                path: Arc::clone(self.path),
                span: None,
                message,
            });
        }
        let (Some(notebook), Some(python)) = (
            Notebook::read(&self.file.text),
            Language::from_name("python"),
        ) else {
            return;
        };
        let cells = SourceFile::new(&*self.file.path, notebook.text.clone());
        let input = ScanInput {
            file: &cells,
            // The project knows the file, not its cells.
            project: None,
            ..self
        };
        let found = input.scan_as(python, parsers);
        for mut finding in found.findings {
            move_to_file(&mut finding, &notebook);
            let known = |other: &Finding| {
                let (one, two) = (other.span, finding.span);
                other.rule == finding.rule && one.start < two.end && two.start < one.end
            };
            if !report.findings.iter().any(known) {
                report.findings.push(finding);
            }
        }
        report
            .findings
            .sort_by_key(|finding| (finding.span, finding.rule));
        report
            .notices
            .extend(found.notices.into_iter().map(|notice| Notice {
                span: notice.span.map(|span| notebook.in_file(span)),
                ..notice
            }));
    }
}

/// Places a finding of the cells in the notebook's file.
fn move_to_file(finding: &mut Finding, notebook: &Notebook) {
    let place = |span: &mut Span| *span = notebook.in_file(*span);
    place(&mut finding.span);
    place(&mut finding.statement);
    let steps = finding.flow.iter_mut().chain(&mut finding.related);
    steps.for_each(|step| place(&mut step.span));
    if let Some(suppression) = &mut finding.suppressed {
        place(&mut suppression.span);
    }
    // An edit would have to be written as JSON.
    finding.fix = None;
}

/// A program and the part of its trigger that holds.
type ActiveProgram<'r, 'h> = (&'h Active, &'r Program);

fn active_programs(own: &LanguageRules, path: &str, hits: &Hits) -> Vec<Active> {
    let in_tests = context::is_test_path(path);
    let mut active = own
        .triggers
        .active(hits, |at| own.programs[at].in_tests || !in_tests);
    active.retain(|active| own.programs[active.program as usize].paths.allow(path));
    active
}

/// What was parsed of a file.
struct Tree {
    arena: Arena,
    /// The outline, where only parts were parsed.
    outline: Option<Skeleton>,
    /// For which rules.
    parsed: Vec<Parsed>,
}

impl Tree {
    /// Parses what the programs need; drops those that nothing parsed can concern.
    fn parse(
        own: &LanguageRules,
        file: &SourceFile,
        language: Language,
        active: &mut Vec<ActiveProgram<'_, '_>>,
        hits: &Hits,
        options: ScanOptions,
        parsers: &mut Parsers,
    ) -> Option<Tree> {
        language.tables()?;
        if !active.iter().any(|(_, program)| program.needs_tree) {
            return None;
        }
        let whole = |parsers: &mut Parsers, parsed: Vec<Parsed>| {
            let arena = parse_whole(language, &file.text, parsers)?;
            Some(Tree {
                arena,
                outline: None,
                parsed,
            })
        };
        let skeleton = match language.definition().skeleton {
            Some(read) if !options.whole_files => read(&file.text),
            _ => return whole(parsers, Vec::new()),
        };
        let (plan, parsed) = region::plan(&skeleton, &file.text, active, &own.triggers, hits);
        match plan {
            Plan::Whole => whole(parsers, parsed),
            Plan::Nothing => {
                active.retain(|(_, program)| !program.needs_tree);
                None
            }
            Plan::Regions(ranges) => {
                let arena = parsers.parse(language, &file.text, Some(&ranges))?;
                // The skeleton did not foresee an error: trust the grammar on the whole.
                if !arena.errors.is_empty() {
                    return whole(parsers, parsed);
                }
                Some(Tree {
                    arena,
                    outline: Some(skeleton),
                    parsed,
                })
            }
        }
    }
}

/// Parses a file; what is no file but a piece of a function's body, as that.
fn parse_whole(language: Language, text: &str, parsers: &mut Parsers) -> Option<Arena> {
    let arena = parsers.parse(language, text, None)?;
    let definition = language.definition();
    let may_be_fragment = !arena.errors.is_empty()
        && definition.wrapper.is_some()
        && definition.skeleton.is_some_and(|read| !read(text).complete);
    let fragment = may_be_fragment.then(|| parsers.parse_fragment(language, text));
    Some(fragment.flatten().unwrap_or(arena))
}

fn parse_notices(arena: &Arena, path: &Arc<str>) -> Vec<Notice> {
    arena
        .errors
        .iter()
        .take(MOST_PARSE_NOTICES)
        .map(|&span| Notice {
            kind: NoticeKind::PartlyParsed,
            path: Arc::clone(path),
            span: Some(span),
            message: "syntax error; the rest of the file was analysed".to_owned(),
        })
        .collect()
}

struct Scan<'s> {
    rules: &'s RuleSet,
    /// Those of the file's language.
    own: &'s LanguageRules,
    file: &'s SourceFile,
    project: Option<&'s Project<'s>>,
    path: &'s Arc<str>,
    tree: Option<&'s Tree>,
}

/// A finding before its identity is known.
struct Draft<'s> {
    program: &'s Program,
    span: Span,
    node: NodeId,
    message: String,
    with: Overrides,
    related: Vec<Place>,
    fix: Option<Fix>,
}

impl<'s> Scan<'s> {
    fn run(&self, active: &[ActiveProgram<'s, '_>], notices: &mut Vec<Notice>) -> Vec<Finding> {
        // Text formulas and text checks work on a tree without nodes below the root.
        let empty = empty_arena(self.file);
        let arena = self.tree.map_or(&empty, |tree| &tree.arena);
        let code = Code {
            arena,
            text: &self.file.text,
        };
        let module = context::module_path(&self.file.path);
        let mut names = Names::new(code, &module);
        if let Some(outline) = self.tree.and_then(|tree| tree.outline.as_ref()) {
            declare(&mut names, outline);
        }
        if let Some(project) = self.project
            && let Some(id) = project.file(&self.file.path)
        {
            names.set_project(project, id);
        }
        let text_file = TextFile::new(&self.file.path, &self.file.text);
        let candidates = self.candidates(&names, active);
        let memo = Memo::default();
        let mut drafts: Vec<Draft<'s>> = Vec::new();
        let view = FileView {
            path: &self.file.path,
            text: &self.file.text,
            names: self.tree.is_some().then_some(&names),
            secrets: OnceCell::new(),
            agent: OnceCell::new(),
        };
        for &(_, program) in active {
            match &program.body {
                ProgramBody::Match(formula) => {
                    self.run_formula(program, formula, &names, &candidates, &memo, &mut drafts);
                }
                ProgramBody::Text(analysis) if analysis.applies_to(text_file.kind) => {
                    let hits = (analysis.check)(&text_file).into_iter().map(|hit| Hit {
                        severity: hit.severity,
                        confidence: hit.confidence,
                        ..Hit::at(hit.span).word("DETAIL", hit.detail)
                    });
                    drafts.extend(hits.map(|hit| self.draft_hit(program, arena, hit)));
                }
                ProgramBody::Text(_) => {}
                ProgramBody::Check(check) => {
                    let mut hits = Vec::new();
                    (check.run)(&view, &mut hits);
                    drafts.extend(
                        hits.into_iter()
                            .map(|hit| self.draft_hit(program, arena, hit)),
                    );
                }
            }
        }
        if names.exhausted() {
            notices.push(self.exhausted());
        }
        self.finish(drafts, &names)
    }

    fn exhausted(&self) -> Notice {
        Notice {
            kind: NoticeKind::PartlyParsed,
            path: Arc::clone(self.path),
            span: None,
            message: "analysis was cut short, for the code nests or repeats too much; findings \
                      may be missing: split the file or exclude it"
                .to_owned(),
        }
    }

    /// One pass over the arena: nodes at which the leaves of active programs can match.
    fn candidates(
        &self,
        names: &Names<'_>,
        active: &[ActiveProgram<'_, '_>],
    ) -> FxHashMap<LeafId, Vec<NodeId>> {
        let mut found: FxHashMap<LeafId, Vec<NodeId>> = FxHashMap::default();
        let arena = names.code.arena;
        if self.tree.is_none() {
            return found;
        }
        let index = &self.own.index;
        for (_, program) in active {
            for &leaf in &program.leaves {
                found.insert(leaf, Vec::new());
            }
        }
        for leaf in &index.anywhere {
            found.remove(leaf);
        }
        let mut put = |leaves: Option<&Vec<LeafId>>, node: NodeId| {
            for leaf in leaves.into_iter().flatten() {
                if let Some(nodes) = found.get_mut(leaf) {
                    nodes.push(node);
                }
            }
        };
        for node in arena.ids() {
            let own = arena.node(node);
            put(index.kinds.get(&own.kind), node);
            put(index.roles.get(&own.role), node);
            match own.role {
                Role::Call | Role::MacroCall => {
                    for name in last_segments(names, arena.children(node).next()) {
                        put(index.calls.get(name), node);
                    }
                }
                Role::Identifier | Role::Attribute | Role::Scoped | Role::Generic => {
                    for name in last_segments(names, Some(node)) {
                        put(index.names.get(name), node);
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn run_formula(
        &self,
        program: &'s Program,
        formula: &'s Formula,
        names: &Names<'_>,
        candidates: &FxHashMap<LeafId, Vec<NodeId>>,
        memo: &Memo,
        drafts: &mut Vec<Draft<'s>>,
    ) {
        let lookup = |leaf: LeafId| match candidates.get(&leaf) {
            Some(nodes) => Candidates::Nodes(nodes),
            None => Candidates::Everywhere,
        };
        let matcher = Matcher {
            names,
            options: Options {
                own_names: self.rules.rule(program.rule).family.is_empty(),
                ..Options::default()
            },
        };
        let evaluator = Evaluator::new(matcher, &self.own.leaves, &lookup, &program.table, memo);
        if !program.anchors.is_empty()
            && !program
                .anchors
                .iter()
                .any(|&leaf| evaluator.leaf_matches(leaf))
        {
            return;
        }
        let mut seen: FxHashSet<Span> = FxHashSet::default();
        for range in evaluator.evaluate(formula) {
            if !seen.insert(range.span) {
                continue;
            }
            drafts.push(self.draft_range(program, &evaluator, &range));
        }
    }

    fn draft_range(
        &self,
        program: &'s Program,
        evaluator: &Evaluator<'_, '_>,
        range: &Range,
    ) -> Draft<'s> {
        let rule = self.rules.rule(program.rule);
        let with = merged(
            range
                .with
                .iter()
                .map(|&at| &program.overrides[usize::from(at)]),
        );
        let template = with.message.as_ref().unwrap_or(&rule.message);
        let text = |bound: &Bound| evaluator.place(bound).0.text(&self.file.text);
        let lookup = |name: &str| {
            program
                .table
                .find(name)
                .and_then(|mv| range.env.get(mv))
                .map(text)
        };
        let message = interpolate(template, &|name| lookup(name).map(one_line));
        let filled = |code: &str| interpolate(code, &|name| lookup(name).map(str::to_owned));
        let part = |name: &str| match name.strip_suffix('=') {
            Some(keyword) => keyword_value(evaluator.code(), range, &filled(keyword)),
            None => {
                let mv = program.table.find(name.trim_start_matches('$'))?;
                Some(evaluator.place(range.env.get(mv)?).0)
            }
        };
        let edits: Option<Vec<Edit>> = match &with.rewrite {
            Some(rewrite) => Some(vec![Edit {
                span: range.span,
                text: filled(rewrite),
            }]),
            None => with
                .rewrite_parts
                .iter()
                .map(|(name, code)| {
                    Some(Edit {
                        span: part(name)?,
                        text: filled(code),
                    })
                })
                .collect(),
        };
        let fix = edits.filter(|edits| !edits.is_empty()).map(|edits| Fix {
            description: rule.fix.clone(),
            edits,
            safe: !with.rewrite_unsafe,
        });
        Draft {
            program,
            span: range.span,
            node: range.node,
            message,
            with,
            related: Vec::new(),
            fix,
        }
    }

    fn draft_hit(&self, program: &'s Program, arena: &Arena, hit: Hit) -> Draft<'s> {
        let rule = self.rules.rule(program.rule);
        let template = hit.message.as_ref().unwrap_or(&rule.message);
        let lookup = |name: &str| {
            hit.words
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, text)| squeezed(text))
        };
        let message = interpolate(template, &lookup);
        let related = hit
            .related
            .into_iter()
            .map(|(span, message)| Place {
                path: Arc::clone(self.path),
                span,
                message,
            })
            .collect();
        let with = Overrides {
            severity: hit.severity,
            confidence: hit.confidence,
            ..Overrides::default()
        };
        let node = crate::formula::smallest_node(arena, hit.span);
        Draft {
            program,
            span: hit.span,
            node,
            message,
            with,
            related,
            fix: hit.fix,
        }
    }

    fn finish(&self, drafts: Vec<Draft<'s>>, names: &Names<'_>) -> Vec<Finding> {
        let arena = names.code.arena;
        let in_test_file = context::is_test_path(&self.file.path);
        let mut findings: Vec<Finding> = Vec::new();
        for draft in drafts {
            let rule = self.rules.rule(draft.program.rule);
            let node = draft.node;
            let quiet = !rule.in_tests
                && rule.dialect == crate::rule::Dialect::Native
                && (in_test_file || context::is_test_code(names.code, node));
            if quiet || context::is_dead(names, node) && !rule.in_tests {
                continue;
            }
            let statement = context::statement(arena, node, draft.span);
            findings.push(Finding {
                rule: draft.program.rule,
                path: Arc::clone(self.path),
                span: draft.span,
                statement,
                message: draft.message,
                severity: draft.with.severity.unwrap_or(rule.severity),
                confidence: draft.with.confidence.unwrap_or(rule.confidence),
                flow: Vec::new(),
                related: draft.related,
                fix: draft.fix,
                symbol: context::symbol(names.code, node),
                fingerprint: String::new(),
                suppressed: None,
            });
        }
        findings.sort_by_key(|finding| (finding.span, finding.rule));
        findings.dedup_by(|a, b| a.rule == b.rule && a.span == b.span);
        self.redact(&mut findings);
        identify(&mut findings, self.rules, self.file);
        suppress::apply(
            &mut findings,
            self.file,
            self.tree.map(|tree| &tree.arena),
            &self.rules.rules,
        );
        findings
    }

    /// Takes secrets out of what other rules say: a message may quote the code around one.
    fn redact(&self, findings: &mut [Finding]) {
        let is_secret = |finding: &Finding| self.rules.rule(finding.rule).family == SECRETS;
        let mut secrets: Vec<String> = findings
            .iter()
            .filter(|finding| is_secret(finding))
            .map(|finding| squeezed(finding.span.text(&self.file.text)))
            .filter(|text| text.len() >= SHORTEST_SECRET)
            .collect();
        if secrets.is_empty() {
            return;
        }
        secrets.sort_unstable_by_key(|text| std::cmp::Reverse(text.len()));
        secrets.dedup();
        for finding in findings.iter_mut().filter(|finding| !is_secret(finding)) {
            let places = finding.flow.iter_mut().chain(&mut finding.related);
            let messages = places.map(|place| &mut place.message);
            for message in messages.chain([&mut finding.message]) {
                for secret in &secrets {
                    if message.contains(secret.as_str()) {
                        *message = message.replace(secret.as_str(), "***");
                    }
                }
            }
            // An edit that repeats a secret would show it.
            let shows = |fix: &Fix| {
                let texts = || fix.edits.iter().map(|edit| &edit.text);
                secrets
                    .iter()
                    .any(|secret| texts().any(|text| text.contains(secret.as_str())))
            };
            if finding.fix.as_ref().is_some_and(shows) {
                finding.fix = None;
            }
        }
    }
}

/// Gives findings of one file their stable identity.
pub(crate) fn identify(findings: &mut [Finding], rules: &RuleSet, file: &SourceFile) {
    let mut counts: FxHashMap<[u8; 32], u32> = FxHashMap::default();
    for finding in findings {
        let rule: &Rule = rules.rule(finding.rule);
        // A secret is known again by its name: a hash of a weak password can be undone.
        let text = match rule.family.as_str() {
            SECRETS => &*finding.message,
            _ => finding.span.text(&file.text),
        };
        let text: Vec<&str> = text.split_whitespace().collect();
        let key = [&rule.id, &*finding.path, &finding.symbol, &text.join(" ")].join("\0");
        let hash = *blake3::hash(key.as_bytes()).as_bytes();
        let ordinal = counts.entry(hash).or_insert(0);
        let full = blake3::hash(&[&hash[..], &ordinal.to_le_bytes()].concat());
        finding.fingerprint = full.to_hex()[..32].to_owned();
        *ordinal += 1;
    }
}

/// Names that the top level of the file binds in items that were not parsed.
fn declare<'a>(names: &mut Names<'a>, outline: &Skeleton) {
    let text = names.code.text;
    for item in outline.items.iter().filter(|item| item.parent.is_none()) {
        let definition = matches!(
            item.kind,
            ItemKind::Function | ItemKind::Class | ItemKind::Trait | ItemKind::Module
        );
        if definition || item.kind == ItemKind::Binding {
            names.declare(item.name.text(text), definition);
        }
    }
}

/// The value of a keyword argument of the matched call.
fn keyword_value(code: Code<'_>, range: &Range, keyword: &str) -> Option<Span> {
    let arena = code.arena;
    let call = arena
        .subtree(range.node)
        .find(|&id| arena.role(id) == Role::Call && arena.span(id) == range.span)?;
    let arguments = arena.field(call, Field::Arguments)?;
    let argument = arena.children(arguments).find(|&id| {
        arena.role(id) == Role::KeywordArgument
            && arena
                .field(id, Field::Name)
                .is_some_and(|name| code.text_of(name) == keyword)
    })?;
    arena
        .field(argument, Field::Value)
        .map(|value| arena.span(value))
}

/// Overrides of nested alternatives: what the inner one does not say, the outer one may.
fn merged<'o>(overrides: impl Iterator<Item = &'o Overrides>) -> Overrides {
    overrides.fold(Overrides::default(), |inner, outer| {
        let rewrites = inner.rewrite.is_some()
            || inner.rewrite_regex.is_some()
            || !inner.rewrite_parts.is_empty();
        let rewriting = if rewrites {
            inner.clone()
        } else {
            outer.clone()
        };
        Overrides {
            severity: inner.severity.or(outer.severity),
            confidence: inner.confidence.or(outer.confidence),
            message: inner.message.or_else(|| outer.message.clone()),
            rewrite: rewriting.rewrite,
            rewrite_parts: rewriting.rewrite_parts,
            rewrite_unsafe: rewriting.rewrite_unsafe,
            rewrite_regex: rewriting.rewrite_regex,
        }
    })
}

fn empty_arena(file: &SourceFile) -> Arena {
    Arena {
        nodes: vec![caveat_parser::Node {
            start: 0,
            end: file.text.len() as u32,
            parent: 0,
            next: 1,
            kind: 0,
            field: caveat_parser::Field::None,
            role: Role::Module,
        }],
        comments: Vec::new(),
        errors: Vec::new(),
        language: Language::TEXT,
    }
}

/// Last segment of a name as written, and as resolved where an alias hides it.
fn last_segments<'a>(names: &Names<'a>, node: Option<NodeId>) -> impl Iterator<Item = &'a str> {
    let code = names.code;
    let mut at = node;
    let written = loop {
        let Some(node) = at else { break None };
        match code.arena.role(node) {
            Role::Identifier => break Some(node),
            Role::Generic => at = code.arena.children(node).next(),
            Role::Attribute | Role::Scoped => at = code.arena.children(node).last(),
            _ => break None,
        }
    };
    let written_text = written.map(|node| code.text_of(node));
    let alias = written
        .filter(|&id| Some(id) == node)
        .and_then(|node| names.resolve(node))
        .and_then(|resolved| resolved.path.last().copied())
        .filter(|&last| Some(last) != written_text);
    written_text.into_iter().chain(alias)
}

/// Replaces `$NAME` by what `lookup` says; an unknown name stays as it is.
fn interpolate(template: &str, lookup: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = rest[at + 1..].trim_start_matches("...");
        let length = after.len()
            - after
                .trim_start_matches(|c: char| {
                    c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'
                })
                .len();
        match lookup(&after[..length]).filter(|_| length > 0) {
            Some(text) => {
                out.push_str(&text);
                rest = &after[length..];
            }
            None => {
                out.push('$');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Longest piece of code that a message quotes, in characters.
const QUOTED: usize = 60;

/// All white space as single spaces.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn one_line(text: &str) -> String {
    let line = squeezed(text);
    match line.char_indices().nth(QUOTED) {
        Some((at, _)) => format!("{}...", &line[..at]),
        None => line,
    }
}
