//! Which files and functions are looked at: those where data of a source can be, and those that
//! it can be passed to from there.
//!
//! Nothing else is parsed. A file begins the search if it imports a library whose models have
//! sources, or functions that the library calls, and has one of their names in its text. Files
//! that import from it are taken, too, for it may give its data back to them. From there on only
//! what is called counts.

use caveat_parser::Language;
use caveat_parser::ir::{Base, Callee, Op, Operand, Place, Rvalue, Static, Step};
use caveat_parser::link::{FileId, Project, Target};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::Request;
use super::program::{Imports, Program, imported, imports};
use super::value::{ClassRef, FunctionRef};
use crate::model::{Action, Form, Index, SourceKind, Trust};
use crate::rule::Confidence;

/// How often called files are taken up.
pub const ROUNDS: usize = 4;
/// Files that import from one that begins; of a file that more import, nothing is thought to come
/// back.
const MOST_IMPORTERS: usize = 24;
/// Methods of one name that a call with an unknown receiver makes worth a look.
const MOST_NAMESAKES: usize = 4;

/// Where the search begins.
pub struct Beginnings<'m> {
    /// Files, in order.
    pub files: Vec<FileId>,
    /// Names of sources and entries that matter to a file.
    words: FxHashMap<FileId, FxHashSet<&'m str>>,
}

/// Files in which data of a source may appear.
pub fn beginnings<'m>(request: &Request<'_>, models: &'m [Index]) -> Beginnings<'m> {
    let project = request.project;
    let libraries = libraries(request, models);
    let files: Vec<FileId> = project.file_ids().collect();
    let words: FxHashMap<FileId, FxHashSet<&'m str>> = files
        .par_iter()
        .filter_map(|&file| {
            let source = request.sources[file.0 as usize].as_ref()?;
            let words = words_of(project, &libraries, file, &source.text);
            (!words.is_empty()).then_some((file, words))
        })
        .collect();
    let mut found: Vec<FileId> = words.keys().copied().collect();
    let mut above: Vec<FileId> = Vec::new();
    for file in &found {
        let importers = project.importers(*file);
        if importers.len() <= MOST_IMPORTERS {
            above.extend(importers);
        }
    }
    above.retain(|file| request.sources[file.0 as usize].is_some());
    found.extend(above);
    found.sort_unstable();
    found.dedup();
    Beginnings {
        files: found,
        words,
    }
}

/// The words of libraries that a file imports and names.
fn words_of<'m>(
    project: &Project<'_>,
    libraries: &[Library<'m>],
    file: FileId,
    text: &str,
) -> FxHashSet<&'m str> {
    let language = project.language(file);
    let imports: FxHashSet<&str> = project
        .outline(file)
        .imports
        .iter()
        .filter_map(|it| it.path.first().map(|it| &**it))
        .collect();
    let mut words: FxHashSet<&str> = FxHashSet::default();
    let imported = libraries.iter().filter(|library| {
        let named = library.imports.iter().any(|name| imports.contains(&**name));
        library.language == language && (library.imports.is_empty() || named)
    });
    for library in imported {
        words.extend(library.words.iter().filter(|word| has_word(text, word)));
    }
    words
}

/// Whether a text has a word that is not part of another.
fn has_word(text: &str, word: &str) -> bool {
    let bytes = text.as_bytes();
    let is_name = |at: usize| {
        let byte = bytes.get(at);
        byte.is_some_and(|it| it.is_ascii_alphanumeric() || *it == b'_')
    };
    memchr::memmem::find_iter(bytes, word.as_bytes())
        .any(|at| (at == 0 || !is_name(at - 1)) && !is_name(at + word.len()))
}

/// A library with sources that count.
struct Library<'m> {
    language: Language,
    imports: Vec<String>,
    words: Vec<&'m str>,
}

fn libraries<'m>(request: &Request<'_>, models: &'m [Index]) -> Vec<Library<'m>> {
    let loud = loud_kinds(request);
    let headers: FxHashMap<&str, &Vec<String>> = request
        .catalog
        .libraries
        .iter()
        .map(|library| (&*library.file, &library.header.imports))
        .collect();
    let mut found: FxHashMap<(Language, &str), FxHashSet<&'m str>> = FxHashMap::default();
    for (language, index) in Language::all().zip(models) {
        for (id, row) in index.rows() {
            let counts = match &row.action {
                Action::Source(source) => {
                    loud.contains(&source.kind) && row.confidence != Some(Confidence::Low)
                }
                Action::Entry(entry) => {
                    let given = entry.params.is_some() || !entry.receives.is_empty();
                    given || !entry.returns.is_empty()
                }
                _ => false,
            };
            if counts {
                // What a handler catches is everywhere; it counts where other data is.
                let targets = row.targets.iter();
                let targets = targets.filter(|it| !matches!(it.form, Form::Caught(_)));
                let words = targets.filter_map(crate::model::word);
                let key = (language, index.file(id));
                found.entry(key).or_default().extend(words);
            }
        }
    }
    found
        .into_iter()
        .map(|((language, file), words)| Library {
            language,
            imports: headers.get(file).map(|it| it.to_vec()).unwrap_or_default(),
            words: words.into_iter().collect(),
        })
        .collect()
}

/// Kinds of sources from which some rule makes a finding that is shown.
fn loud_kinds(request: &Request<'_>) -> FxHashSet<SourceKind> {
    let flows = request.rules.rules.iter().flat_map(|rule| &rule.flows);
    flows
        .flat_map(|flow| &flow.from)
        .filter(|origin| {
            let wanted = !origin.on_request || request.untrusted_parameters;
            let chosen = match origin.kind.trust() {
                Some(trust) => trust >= Trust::Connection,
                None => origin.kind == SourceKind::WeakRandom,
            };
            wanted && chosen && origin.confidence >= Confidence::Medium
        })
        .map(|origin| origin.kind)
        .collect()
}

/// The functions in which data of a source may be, and files that they lead to and that are not
/// there yet.
///
/// These are the functions that name a source, those that call them, and what all of these call.
pub fn reached(
    program: &Program<'_>,
    begin: &Beginnings<'_>,
) -> (FxHashSet<FunctionRef>, Vec<FileId>) {
    let functions: Vec<FunctionRef> = program.functions().collect();
    let edges: FxHashMap<FunctionRef, Vec<FunctionRef>> = functions
        .par_iter()
        .map(|function| (*function, callees(program, *function)))
        .collect();
    let mut callers: FxHashMap<FunctionRef, Vec<FunctionRef>> = FxHashMap::default();
    for (caller, callees) in &edges {
        for callee in callees {
            callers.entry(*callee).or_default().push(*caller);
        }
    }
    let seeds = functions.iter().copied();
    let seeds = seeds
        .filter(|it| names_source(program, begin, *it))
        .collect();
    let above = closure(seeds, &callers);
    let seen = closure(above.into_iter().collect(), &edges);
    let mut missing: Vec<FileId> = seen
        .par_iter()
        .flat_map_iter(|function| {
            let own = program.function(*function);
            let imports = imports(own);
            let calls = own.blocks.iter().flat_map(|block| &block.body);
            calls.filter_map(move |instr| match &instr.op {
                Op::Call(call) => leads_to(program, function.file, &call.callee, &imports),
                // What is put into a container of another file may be used there.
                Op::Assign(place, _) if !place.path.is_empty() => {
                    let is_field = |it: &&Step| matches!(it, Step::Field(_));
                    let path = place.path.iter().take_while(is_field);
                    let into = Callee::Value(Operand::Place(Place {
                        base: place.base.clone(),
                        path: path.cloned().collect(),
                    }));
                    leads_to(program, function.file, &into, &imports)
                }
                _ => None,
            })
        })
        .collect();
    missing.sort_unstable();
    missing.dedup();
    (seen, missing)
}

fn closure(
    mut open: Vec<FunctionRef>,
    edges: &FxHashMap<FunctionRef, Vec<FunctionRef>>,
) -> FxHashSet<FunctionRef> {
    let mut seen: FxHashSet<FunctionRef> = open.iter().copied().collect();
    while let Some(function) = open.pop() {
        let next = edges.get(&function).into_iter().flatten();
        open.extend(next.copied().filter(|it| seen.insert(*it)));
    }
    seen
}

fn callees(program: &Program<'_>, function: FunctionRef) -> Vec<FunctionRef> {
    let own = program.function(function);
    let imports = imports(own);
    let mut found = Vec::new();
    for instr in own.blocks.iter().flat_map(|block| &block.body) {
        match &instr.op {
            Op::Call(call) => {
                let file = function.file;
                found.extend(program.callees(file, &call.callee, &imports, MOST_NAMESAKES));
            }
            Op::Assign(_, Rvalue::Closure(id, _)) if function.id.0 > 0 => {
                found.push(FunctionRef {
                    file: function.file,
                    id: *id,
                });
            }
            _ => {}
        }
    }
    found
}

/// Whether a function, its decorators or the bases of its class name a source or entry.
fn names_source(program: &Program<'_>, begin: &Beginnings<'_>, at: FunctionRef) -> bool {
    let Some(words) = begin.words.get(&at.file) else {
        return false;
    };
    let function = program.function(at);
    let last = |it: &Static| {
        let name = it.name()?;
        words.get(name.rsplit('.').next().unwrap_or(name)).copied()
    };
    if function.decorators.iter().any(|it| last(it).is_some()) {
        return true;
    }
    let class = function.class.map(|id| ClassRef { file: at.file, id });
    let of_entry = class.is_some_and(|class| {
        let mut bases = program.external_bases(class);
        bases.any(|base| words.contains(base.rsplit('.').next().unwrap_or(base)))
    });
    if of_entry {
        return true;
    }
    let text = function.span.text(&program.code(at.file).source.text);
    at.id.0 > 0 && words.iter().any(|word| has_word(text, word))
}

/// The file of a callee by name that does not take part yet.
fn leads_to(
    program: &Program<'_>,
    file: FileId,
    callee: &Callee,
    imports: &Imports,
) -> Option<FileId> {
    if let Some(path) = imported(callee, imports) {
        let parts: Vec<&str> = path.split('.').collect();
        let file = target_file(program.project, file, &parts)?;
        return program.files[file.0 as usize].is_none().then_some(file);
    }
    let (operand, name) = match callee {
        Callee::Value(operand) => (operand, None),
        Callee::Method(receiver, name) => (receiver, Some(name)),
    };
    let Operand::Place(place) = operand else {
        return None;
    };
    let Base::Name(path) = &place.base else {
        return None;
    };
    let fields = place.path.iter().map_while(|step| match step {
        Step::Field(name) => Some(&**name),
        _ => None,
    });
    let mut parts: Vec<&str> = path.split('.').collect();
    parts.extend(fields);
    parts.extend(name.map(|name| &**name));
    let file = target_file(program.project, file, &parts)?;
    program.files[file.0 as usize].is_none().then_some(file)
}

fn target_file(project: &Project<'_>, from: FileId, parts: &[&str]) -> Option<FileId> {
    if let [_] = parts {
        return match project.lookup(from, parts) {
            Target::Definition { at, .. } => Some(at.file),
            _ => None,
        };
    }
    match project.resolve(from, parts) {
        Target::Definition { at, .. } => Some(at.file),
        Target::Module(file) => Some(file),
        _ => None,
    }
}
