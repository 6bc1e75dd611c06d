//! Data flow: whose data reaches what, through functions and files.
//!
//! Files are lowered ([`caveat_parser::ir`]), functions are run on abstract values ([`value`])
//! callees first, and what a function does with its parameters is its [`summary`]. What libraries
//! do is in models. Where data of a source meets a sink, the rules decide whether that is a
//! finding ([`report`]). This module must not know any rule, library or framework by name; of the
//! languages it knows their own functions and methods ([`language`]).

mod apply;
mod approval;
mod call;
mod constant;
mod container;
mod declared;
mod demand;
mod entry;
mod graph;
mod guard;
mod heap;
mod interpret;
mod language;
mod observe;
mod pattern;
mod program;
mod report;
mod rows;
mod rust;
mod rvalue;
mod special;
mod summary;
mod text;
mod value;
mod vouch;

use std::sync::Arc;

use caveat_parser::ir::FunctionId;
use caveat_parser::link::{FileId, Project};
use caveat_parser::{Code, Language, Names, Parsers, SourceFile, Span};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::context;
use crate::finding::{Finding, Notice, NoticeKind};
use crate::model::{Catalog, Index};
use crate::ruleset::RuleSet;
use interpret::{Flow, Frame, Machine, World};
use program::{FileCode, Program};
use summary::Summary;
use value::{ClassRef, FunctionRef, Key, ObjectId, Origin, Taint, Thing, Value, mix};

/// How often functions that call one another are run.
const ROUNDS: usize = 2;
/// How often top levels are run: the first time without knowing those of other files.
const TOP_LEVEL_ROUNDS: usize = 2;

/// What is to be analysed.
pub struct Request<'a> {
    /// The rules; those with flows run.
    pub rules: &'a RuleSet,
    /// All files of the project.
    pub project: &'a Project<'a>,
    /// Texts by file; none for files that are left out.
    pub sources: Vec<Option<Arc<SourceFile>>>,
    /// Models.
    pub catalog: &'a Catalog,
    /// Whether parameters of public functions are untrusted.
    pub untrusted_parameters: bool,
}

/// What was found.
#[derive(Default)]
pub struct Outcome {
    /// Findings, by path and place.
    pub findings: Vec<Finding>,
    /// Bounds that were met.
    pub notices: Vec<Notice>,
    /// Calls of loaders and parsers whose input is always a constant.
    pub constant_inputs: Vec<(Arc<str>, Span)>,
}

/// Follows data through a project.
pub fn analyse(request: Request<'_>) -> Outcome {
    if request.rules.rules.iter().all(|rule| rule.flows.is_empty()) {
        return Outcome::default();
    }
    let models = models(&request);
    let begin = demand::beginnings(&request, &models);
    let mut program = Program::new(request.project, &models);
    program.add(lowered(&request, &begin.files));
    let mut reached = demand::reached(&program, &begin);
    for _ in 0..demand::ROUNDS {
        let (_, missing) = &reached;
        let files = lowered(&request, missing);
        if files.is_empty() {
            break;
        }
        program.add(files);
        reached = demand::reached(&program, &begin);
    }
    let results = run(&program, &reached.0);
    let flows = results.all_flows();
    let findings = report::findings(&request, &program, flows);
    let mut cut: Vec<FileId> = results.cut.into_iter().collect();
    cut.sort_unstable();
    let constant = results.constant_inputs.iter().filter(|(_, is_it)| **is_it);
    let mut constant_inputs: Vec<(Arc<str>, Span)> = constant
        .map(|((file, span), _)| (request.project.path(*file).into(), *span))
        .collect();
    constant_inputs.sort_unstable();
    let notices = cut.into_iter().map(|file| Notice {
        kind: NoticeKind::TooDeep,
        path: request.project.path(file).into(),
        span: None,
        message: "data was not followed everywhere: a function is too large or too entangled"
            .to_owned(),
    });
    Outcome {
        findings,
        notices: notices.collect(),
        constant_inputs,
    }
}

/// Parses and lowers files; those that are left out give nothing.
fn lowered(request: &Request<'_>, files: &[FileId]) -> Vec<(FileId, FileCode)> {
    files
        .par_iter()
        .map_init(Parsers::default, |parsers, &file| {
            let source = request.sources[file.0 as usize].as_ref()?;
            Some((file, lower(source, parsers)?))
        })
        .flatten()
        .collect()
}

/// Parses and lowers a file.
fn lower(source: &Arc<SourceFile>, parsers: &mut Parsers) -> Option<FileCode> {
    let language = Language::from_path(&source.path);
    let lower = language.definition().lower?;
    let arena = parsers.parse(language, &source.text, None)?;
    let code = Code {
        arena: &arena,
        text: &source.text,
    };
    let names = Names::new(code, &module_of(&source.path));
    Some(FileCode::new(lower(&names), source.clone(), language))
}

/// The path of a file as imports relative to it count.
fn module_of(path: &str) -> Vec<&str> {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    stem.split('/').collect()
}

/// The models that matter, by language.
fn models(request: &Request<'_>) -> Vec<Index> {
    let files = request.project.file_ids();
    let files: Vec<FileId> = files
        .filter(|file| request.sources[file.0 as usize].is_some())
        .collect();
    let present: FxHashSet<Language> = files
        .iter()
        .map(|it| request.project.language(*it))
        .collect();
    let named: FxHashSet<&str> = files
        .par_iter()
        .flat_map_iter(|&file| {
            let source = request.sources[file.0 as usize].as_ref();
            let text = source.map_or("", |it| it.text.as_str());
            demand::named(request.project, file, text)
        })
        .collect();
    Language::all()
        .map(|language| {
            if !present.contains(&language) {
                return Index::default();
            }
            let index = request
                .catalog
                .index(language.name(), |name| named.contains(name));
            index.unwrap_or_default()
        })
        .collect()
}

/// Runs everything.
fn run(program: &Program<'_>, functions: &FxHashSet<FunctionRef>) -> Results {
    let mut world = World {
        program,
        globals: FxHashMap::default(),
        heap: FxHashMap::default(),
        fields: FxHashMap::default(),
        summaries: FxHashMap::default(),
        group: FxHashMap::default(),
        entries: FxHashMap::default(),
        specials: special::Specials::default(),
    };
    let mut results = Results::default();
    for round in 0..TOP_LEVEL_ROUNDS {
        let last = round + 1 == TOP_LEVEL_ROUNDS;
        top_levels(&mut world, &mut results, last);
    }
    let named = rust::registered::registrations(program);
    results.registered.extend(named);
    entries(&mut world, &results.registered);
    let order = graph::order(program, functions);
    world.group = order.group;
    for level in order.levels {
        let runs: Vec<Vec<Run>> = level
            .par_iter()
            .map(|group| run_group(&world, group))
            .collect();
        for run in runs.into_iter().flatten() {
            keep_fields(&mut world, &run);
            results.flows.extend(run.flows);
            results.compared.extend(run.compared);
            results.kept.extend(run.kept);
            for (place, is_constant) in run.constant_inputs {
                *results.constant_inputs.entry(place).or_insert(true) &= is_constant;
            }
            if run.cut {
                results.cut.insert(run.function.file);
            }
            world.summaries.insert(run.function, Arc::new(run.summary));
        }
    }
    results
}

#[derive(Default)]
struct Results {
    flows: Vec<Flow>,
    /// Functions that top levels register.
    registered: Vec<entry::Registered>,
    /// Files in which a bound was met.
    cut: FxHashSet<FileId>,
    /// For loaders and parsers: whether their input is always a constant.
    constant_inputs: FxHashMap<(FileId, Span), bool>,
    /// Objects whose elements are held against what a client sends.
    compared: FxHashSet<ObjectId>,
    /// Predictable values that are put into objects.
    kept: Vec<(ObjectId, Flow)>,
}

impl Results {
    /// The flows, with those of predictable values that a client must present.
    fn all_flows(&self) -> Vec<Flow> {
        let kept = self.kept.iter();
        let secrets = kept.filter(|(id, _)| self.compared.contains(id));
        let secrets = secrets.map(|(_, flow)| flow);
        self.flows.iter().chain(secrets).cloned().collect()
    }
}

/// A function that was run.
struct Run {
    function: FunctionRef,
    summary: Summary,
    flows: Vec<Flow>,
    cut: bool,
    constant_inputs: FxHashMap<(FileId, Span), bool>,
    compared: FxHashSet<ObjectId>,
    kept: Vec<(ObjectId, Flow)>,
}

/// Runs the top level of each file; its names and objects are what functions find.
fn top_levels(world: &mut World<'_>, results: &mut Results, last: bool) {
    let files: Vec<FileId> = world.program.present().map(|(file, _)| file).collect();
    let shared = &*world;
    let runs: Vec<_> = files
        .par_iter()
        .filter_map(|&file| {
            let at = FunctionRef {
                file,
                id: FunctionId(0),
            };
            world.program.code(file).unit.functions.first()?;
            let mut machine = Machine::new(shared);
            let mut frame = Frame::new(shared.program, at, mix(&[u64::from(file.0)]));
            let start = frame.start(Arc::default());
            let exit = machine.run(&mut frame, start);
            Some((file, exit, machine.flows, machine.cut, machine.registered))
        })
        .collect();
    let mut globals: FxHashMap<(FileId, Arc<str>), Value> = FxHashMap::default();
    let mut heap = FxHashMap::default();
    for (file, exit, flows, cut, registered) in runs {
        let rewritten = &world.program.code(file).rewritten;
        if let Some(state) = exit.state {
            for (name, value) in Arc::unwrap_or_clone(state.globals) {
                let value = match rewritten.contains(&name) {
                    true => Value {
                        known: value::Known::Any,
                        ..value
                    },
                    false => value,
                };
                globals.insert((file, name), value.anonymous());
            }
            heap.extend(Arc::unwrap_or_clone(state.heap));
        }
        if last {
            results.flows.extend(flows);
            results.registered.extend(registered);
            if cut {
                results.cut.insert(file);
            }
        }
    }
    for ((_, name), value) in &globals {
        if world.program.is_mutated(name) {
            heap::open(&mut heap, &value.refs);
        }
    }
    world.globals = globals;
    world.heap = heap;
}

/// Finds the functions that libraries call.
fn entries(world: &mut World<'_>, registered: &[entry::Registered]) {
    let functions: Vec<FunctionRef> = world.program.functions().collect();
    let shared = &*world;
    let found: Vec<_> = functions
        .par_iter()
        .filter_map(|&function| {
            let point = Machine::new(shared).entry_point(function, registered)?;
            Some((function, Arc::new(point)))
        })
        .collect();
    world.entries = found.into_iter().collect();
}

/// Runs functions that call one another until their summaries are the same, a few times.
fn run_group(world: &World<'_>, group: &[FunctionRef]) -> Vec<Run> {
    let mut known = FxHashMap::default();
    if let [only] = group {
        return vec![run_function(world, *only, &known)];
    }
    let mut runs = Vec::new();
    for _ in 0..ROUNDS {
        runs = group
            .iter()
            .map(|it| run_function(world, *it, &known))
            .collect();
        let mut changed = false;
        for run in &runs {
            let summary = Arc::new(run.summary.clone());
            let before = known.insert(run.function, summary);
            changed |= before.is_none_or(|it| *it != run.summary);
        }
        if !changed {
            break;
        }
    }
    runs
}

/// Runs a function; `known` are summaries of its own group.
fn run_function(
    world: &World<'_>,
    function: FunctionRef,
    known: &FxHashMap<FunctionRef, Arc<Summary>>,
) -> Run {
    let mut machine = Machine::new(world);
    machine.known.clone_from(known);
    let context = mix(&[u64::from(function.file.0), u64::from(function.id.0), 1]);
    let mut frame = Frame::new(world.program, function, context);
    frame.is_symbolic = true;
    let mut start = frame.start(Arc::default());
    machine.bind_symbolic(&frame, &mut start);
    let exit = machine.run(&mut frame, start);
    let summary = machine.summarize(exit);
    Run {
        function,
        summary,
        flows: std::mem::take(&mut machine.flows),
        cut: machine.cut,
        constant_inputs: machine.constant_inputs,
        compared: machine.compared,
        kept: machine.kept,
    }
}

/// Takes from a method what it puts into fields of its object: types, functions, data of sources.
fn keep_fields(world: &mut World<'_>, run: &Run) {
    let function = world.program.function(run.function);
    let Some(id) = function.class else { return };
    let class = ClassRef {
        file: run.function.file,
        id,
    };
    for change in &run.summary.changes {
        let Some(Key::Field(name)) = &change.key else {
            continue;
        };
        if change.part.param != 0 || !change.part.path.is_empty() {
            continue;
        }
        let kept = of_any_instance(&change.value);
        if kept.things.is_empty() && kept.taint.is_empty() {
            continue;
        }
        let known = world.fields.entry((class, name.clone())).or_default();
        *known = known.join(&kept);
    }
}

/// What holds of a field whatever its object was made with.
fn of_any_instance(value: &Value) -> Value {
    let fixed = |thing: &&Thing| {
        matches!(
            thing,
            Thing::Class(_) | Thing::Of(_) | Thing::Module(_) | Thing::Name(_) | Thing::Instance(_)
        )
    };
    let sources = value.taint.entries().iter();
    let sources = sources.filter(|entry| matches!(entry.origin, Origin::Source(_)));
    Value {
        things: value.things.iter().filter(fixed).cloned().collect(),
        taint: Taint::new(sources.cloned().collect()),
        ..Value::any()
    }
}

/// Whether a file takes part: code of tests, examples and documents does not.
pub fn takes_part(path: &str) -> bool {
    Language::from_path(path).definition().lower.is_some() && !context::is_test_path(path)
}
