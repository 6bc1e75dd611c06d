//! The code that data is followed through, and what its names mean across files.

use std::sync::{Arc, RwLock};

use caveat_parser::ir::{self, Base, Callee, Function, Op, Operand, Place, Unit};
use caveat_parser::link::{FileId, Project, Target};
use caveat_parser::skeleton::ItemKind;
use caveat_parser::{Language, SourceFile};
use rustc_hash::{FxHashMap, FxHashSet};

use super::value::{ClassRef, FunctionRef, Thing};
use crate::model::Index;

/// The lowered code of one file.
pub struct FileCode {
    /// Functions and classes.
    pub unit: Unit,
    /// The text.
    pub source: Arc<SourceFile>,
    /// Its language.
    pub language: Language,
    /// Whether that is Rust.
    pub is_rust: bool,
    /// Functions by dotted path; the last definition of a name.
    functions: FxHashMap<Arc<str>, ir::FunctionId>,
    /// Classes by dotted path.
    classes: FxHashMap<Arc<str>, ir::ClassId>,
    /// Names of the top level that functions assign.
    pub rewritten: FxHashSet<Arc<str>>,
    /// Last names of containers of a top level, its own or another's, that functions change.
    mutated: FxHashSet<Arc<str>>,
    /// A library that talks to language models is named in it.
    pub asks_models: bool,
}

/// Words of libraries that talk to language models.
const MODEL_LIBRARIES: &[&str] = &[
    "openai",
    "anthropic",
    "litellm",
    "langchain",
    "genai",
    "generativeai",
    "ollama",
    "pydantic_ai",
    "rig",
    "llm",
    "crewai",
    "autogen",
    "smolagents",
    "agents",
    "llama_index",
    "cohere",
    "mistralai",
];

/// Whether a text imports such a library, or has a module that is called so.
fn asks_models(text: &str) -> bool {
    let imports = text.lines().filter(|line| {
        let line = line.trim_start();
        line.starts_with("import ") || line.starts_with("from ") || line.starts_with("use ")
    });
    let mut words = imports.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.any(|word| {
        let part_of_name = word.split('_').any(|part| MODEL_LIBRARIES.contains(&part));
        part_of_name
            || MODEL_LIBRARIES
                .iter()
                .any(|it| it.len() > 5 && word.starts_with(it))
    })
}

/// Methods that change a container.
const CHANGES: &[&str] = &[
    "add",
    "append",
    "appendleft",
    "clear",
    "discard",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "setdefault",
    "update",
];

impl FileCode {
    /// Indexes a unit.
    pub fn new(unit: Unit, source: Arc<SourceFile>, language: Language) -> FileCode {
        let functions = (0u32..).map(ir::FunctionId).zip(&unit.functions);
        let functions = functions.map(|(id, it)| (it.name.clone(), id)).collect();
        let classes = (0u32..).map(ir::ClassId).zip(&unit.classes);
        let classes = classes.map(|(id, it)| (it.name.clone(), id)).collect();
        let mut rewritten = FxHashSet::default();
        let mut mutated = FxHashSet::default();
        for function in unit.functions.iter().skip(1) {
            let imports = imports(function);
            let instrs = function.blocks.iter().flat_map(|block| &block.body);
            mutated.extend(instrs.filter_map(|it| changed(&it.op, &imports)));
            for instr in function.blocks.iter().flat_map(|block| &block.body) {
                if let Op::Assign(
                    Place {
                        base: Base::Global(name),
                        path,
                    },
                    _,
                ) = &instr.op
                    && path.is_empty()
                {
                    rewritten.insert(name.clone());
                }
            }
        }
        FileCode {
            asks_models: asks_models(&source.text),
            unit,
            source,
            language,
            is_rust: language.name() == "rust",
            functions,
            classes,
            rewritten,
            mutated,
        }
    }
}

/// The last name of a container of some top level that an instruction changes.
fn changed(op: &Op, imports: &Imports) -> Option<Arc<str>> {
    let (place, path) = match op {
        Op::Assign(place, _) | Op::Drop(place) => match place.path.split_last()? {
            (ir::Step::Field(_), _) => return None,
            (_, path) => (place, path),
        },
        Op::Call(call) => match &call.callee {
            Callee::Method(Operand::Place(place), name) if CHANGES.contains(&&**name) => {
                (place, place.path.as_slice())
            }
            _ => return None,
        },
        Op::Yield(_) => return None,
    };
    let base = match &place.base {
        Base::Global(name) => name,
        Base::Name(path) => path,
        Base::Local(local) => imports.get(local)?,
    };
    let field = path.iter().rev().find_map(|step| match step {
        ir::Step::Field(name) => Some(name.clone()),
        _ => None,
    });
    Some(field.unwrap_or_else(|| super::call::short_name(base)))
}

/// What a qualified name of a file leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Linked {
    /// A function of the project.
    Function(FunctionRef),
    /// A class of the project.
    Class(ClassRef),
    /// A file of the project.
    Module(FileId),
    /// A name of a file's top level, and fields of its value.
    Global(FileId, Arc<str>, Vec<Arc<str>>),
    /// Something from outside.
    External(Arc<str>),
    /// No telling.
    Unknown,
}

/// A class above a class.
#[derive(Debug, Clone, PartialEq)]
pub enum Ancestor {
    /// Of the project; the class itself comes first.
    Class(ClassRef),
    /// From outside, dotted.
    External(Arc<str>),
}

/// Longest list of ancestors.
const MOST_ANCESTORS: usize = 24;

/// All code that takes part.
pub struct Program<'p> {
    /// Names across files.
    pub project: &'p Project<'p>,
    /// Code by file; none for files that do not take part.
    pub files: Vec<Option<FileCode>>,
    /// Models by language.
    pub models: &'p [Index],
    /// Functions by their last name, for calls whose receiver is not known.
    methods: FxHashMap<Arc<str>, Vec<FunctionRef>>,
    linked: RwLock<FxHashMap<(FileId, Arc<str>), Linked>>,
    ancestors: FxHashMap<ClassRef, Arc<[Ancestor]>>,
    /// Blocks of methods for types of other files, and these types.
    extended: FxHashMap<ClassRef, ClassRef>,
    /// The other way round.
    extensions: FxHashMap<ClassRef, Vec<ClassRef>>,
    /// Types by the traits that they have.
    implementors: FxHashMap<ClassRef, Vec<ClassRef>>,
    mutated: FxHashSet<Arc<str>>,
}

impl<'p> Program<'p> {
    /// A program without files. `models` is by [`Language::index`].
    pub fn new(project: &'p Project<'p>, models: &'p [Index]) -> Program<'p> {
        let count = project.file_ids().count();
        Program {
            project,
            files: std::iter::repeat_with(|| None).take(count).collect(),
            models,
            methods: FxHashMap::default(),
            linked: RwLock::default(),
            ancestors: FxHashMap::default(),
            extended: FxHashMap::default(),
            extensions: FxHashMap::default(),
            implementors: FxHashMap::default(),
            mutated: FxHashSet::default(),
        }
    }

    /// Adds files. What names mean is found anew, for they may lead to these files now.
    pub fn add(&mut self, files: Vec<(FileId, FileCode)>) {
        for (file, code) in files {
            self.mutated.extend(code.mutated.iter().cloned());
            self.files[file.0 as usize] = Some(code);
        }
        self.linked = RwLock::default();
        self.index_methods();
        let classes: Vec<ClassRef> = self.classes().collect();
        self.find_extensions(&classes);
        for class in &classes {
            let ancestors = self.find_ancestors(*class);
            self.ancestors.insert(*class, ancestors.into());
        }
        self.find_implementors(&classes);
        // Names may lead to methods now.
        self.linked = RwLock::default();
    }

    /// Finds the types whose methods stand in other files.
    fn find_extensions(&mut self, classes: &[ClassRef]) {
        self.extended.clear();
        self.extensions.clear();
        for &class in classes {
            let Some(ir::Static::Generic(mark, of)) = self.class(class).bases.first() else {
                continue;
            };
            if &**mark != "+" {
                continue;
            }
            let name = of.first().and_then(ir::Static::name).cloned();
            let linked = name.map(|name| self.link(class.file, &name));
            if let Some(Linked::Class(of)) = linked {
                self.extended.insert(class, of);
                self.extensions.entry(of).or_default().push(class);
            }
        }
    }

    fn find_implementors(&mut self, classes: &[ClassRef]) {
        let mut found: FxHashMap<ClassRef, Vec<ClassRef>> = FxHashMap::default();
        for class in classes.iter().filter(|it| self.code(it.file).is_rust) {
            for ancestor in self.ancestors(*class).iter().skip(1) {
                if let Ancestor::Class(above) = ancestor {
                    found.entry(*above).or_default().push(*class);
                }
            }
        }
        self.implementors = found;
    }

    /// The type that a block of methods belongs to.
    pub fn real(&self, class: ClassRef) -> ClassRef {
        self.extended.get(&class).copied().unwrap_or(class)
    }

    /// The types that have a trait.
    pub fn implementors(&self, class: ClassRef) -> &[ClassRef] {
        self.implementors.get(&class).map_or(&[], Vec::as_slice)
    }

    fn index_methods(&mut self) {
        let mut methods: FxHashMap<Arc<str>, Vec<FunctionRef>> = FxHashMap::default();
        for (file, code) in self.present() {
            for class in &code.unit.classes {
                for (name, id) in &class.methods {
                    let function = FunctionRef { file, id: *id };
                    methods.entry(name.clone()).or_default().push(function);
                }
            }
        }
        self.methods = methods;
    }

    /// Files that take part.
    pub fn present(&self) -> impl Iterator<Item = (FileId, &FileCode)> {
        (0u32..)
            .map(FileId)
            .zip(&self.files)
            .filter_map(|(id, code)| Some((id, code.as_ref()?)))
    }

    /// All functions.
    pub fn functions(&self) -> impl Iterator<Item = FunctionRef> {
        self.present().flat_map(|(file, code)| {
            (0..code.unit.functions.len() as u32).map(move |id| FunctionRef {
                file,
                id: ir::FunctionId(id),
            })
        })
    }

    fn classes(&self) -> impl Iterator<Item = ClassRef> {
        self.present().flat_map(|(file, code)| {
            (0..code.unit.classes.len() as u32).map(move |id| ClassRef {
                file,
                id: ir::ClassId(id),
            })
        })
    }

    /// Code of a file that takes part.
    pub fn code(&self, file: FileId) -> &FileCode {
        self.files[file.0 as usize]
            .as_ref()
            .expect("references lead into files that take part")
    }

    /// A function.
    pub fn function(&self, at: FunctionRef) -> &Function {
        &self.code(at.file).unit.functions[at.id.index()]
    }

    /// A class.
    pub fn class(&self, at: ClassRef) -> &ir::Class {
        &self.code(at.file).unit.classes[at.id.index()]
    }

    /// Models of a file's language.
    pub fn model(&self, file: FileId) -> &Index {
        &self.models[self.code(file).language.index()]
    }

    /// What stands at the top of a file: its classes or, where it has none, its functions. None
    /// if there are more than `most`.
    pub fn members(&self, file: FileId, most: usize) -> Option<Vec<Thing>> {
        let code = self.code(file);
        let is_top = |name: &&Arc<str>| !name.contains('.');
        let classes = code.classes.iter().filter(|(name, _)| is_top(name));
        let mut members: Vec<Thing> = classes
            .map(|(_, &id)| Thing::Class(ClassRef { file, id }))
            .collect();
        if members.is_empty() {
            let functions = code.functions.iter().filter(|(name, _)| is_top(name));
            let functions = functions.map(|(_, &id)| FunctionRef { file, id });
            members = functions.map(super::interpret::plain_function).collect();
        }
        members.sort_by_key(|it| match it {
            Thing::Class(class) => class.id.0,
            Thing::Function { function, .. } => function.id.0,
            _ => u32::MAX,
        });
        (members.len() <= most).then_some(members)
    }

    /// Whether functions change a container of that name at the top of some file.
    pub fn is_mutated(&self, name: &Arc<str>) -> bool {
        self.mutated.contains(name)
    }

    /// Methods of that name in any class.
    pub fn methods_named(&self, name: &str) -> &[FunctionRef] {
        self.methods.get(name).map_or(&[], Vec::as_slice)
    }

    /// What a qualified name of a file means.
    pub fn link(&self, file: FileId, path: &Arc<str>) -> Linked {
        let key = (file, path.clone());
        if let Ok(known) = self.linked.read()
            && let Some(linked) = known.get(&key)
        {
            return linked.clone();
        }
        let linked = self.link_anew(file, path);
        if let Ok(mut known) = self.linked.write() {
            known.insert(key, linked.clone());
        }
        linked
    }

    fn link_anew(&self, file: FileId, path: &Arc<str>) -> Linked {
        if let Some(own) = path.strip_prefix('.') {
            return self.own(file, own);
        }
        let parts: Vec<&str> = path.split('.').collect();
        // A bare name that the file does not bind is a builtin, or comes from a glob import.
        let target = match parts.as_slice() {
            [_] => match self.project.lookup(file, &parts) {
                Target::Unknown => Target::External(parts.clone()),
                known => known,
            },
            _ => self.project.resolve(file, &parts),
        };
        match target {
            Target::External(parts) => Linked::External(parts.join(".").into()),
            Target::Module(file) => match self.files[file.0 as usize] {
                Some(_) => Linked::Module(file),
                None => Linked::Unknown,
            },
            Target::Definition { at, rest } => self.definition(at, &rest),
            Target::Unknown => Linked::Unknown,
        }
    }

    /// What a name of the file's own top level means.
    fn own(&self, file: FileId, path: &str) -> Linked {
        let code = self.code(file);
        if let Some(&id) = code.functions.get(path) {
            return Linked::Function(FunctionRef { file, id });
        }
        if let Some(&id) = code.classes.get(path) {
            return Linked::Class(ClassRef { file, id });
        }
        if code.is_rust {
            return self.own_of_rust(file, path);
        }
        let mut parts = path.split('.').map(Arc::from);
        let name = parts.next().unwrap_or_else(|| "".into());
        Linked::Global(file, name, parts.collect())
    }

    /// A variant or method of a type of the file; else a constant.
    fn own_of_rust(&self, file: FileId, path: &str) -> Linked {
        let code = self.code(file);
        if let Some((of, name)) = path.rsplit_once('.') {
            if let Some(&id) = code.classes.get(of) {
                let class = self.real(ClassRef { file, id });
                if let Some(function) = self.method(class, name, 0) {
                    return Linked::Function(function);
                }
                if name.chars().any(char::is_lowercase) && name.starts_with(char::is_uppercase) {
                    return Linked::Class(class);
                }
            }
            let parts: Vec<&str> = path.split('.').collect();
            if let Target::Definition { at, rest } = self.project.lookup(file, &parts)
                && (at.file != file || !rest.is_empty())
            {
                return self.definition(at, &rest);
            }
        }
        Linked::Global(file, path.into(), Vec::new())
    }

    fn definition(&self, at: caveat_parser::link::DefinitionId, rest: &[&str]) -> Linked {
        let Some(code) = &self.files[at.file.0 as usize] else {
            return Linked::Unknown;
        };
        let file = at.file;
        let path: Arc<str> = self.project.item_path(at).join(".").into();
        match self.project.definition(at).kind {
            ItemKind::Function => match code.functions.get(&path) {
                Some(&id) if rest.is_empty() => Linked::Function(FunctionRef { file, id }),
                _ => Linked::Unknown,
            },
            ItemKind::Class | ItemKind::Trait => match (code.classes.get(&path), rest) {
                (Some(&id), []) => Linked::Class(ClassRef { file, id }),
                (Some(&id), [name]) if code.is_rust => {
                    let class = ClassRef { file, id };
                    match self.method(class, name, 0) {
                        Some(function) => Linked::Function(function),
                        None if name.starts_with(char::is_uppercase) => Linked::Class(class),
                        None => Linked::Unknown,
                    }
                }
                _ => Linked::Unknown,
            },
            ItemKind::Binding if code.is_rust => Linked::Global(file, path, Vec::new()),
            ItemKind::Binding => {
                let mut parts = path.split('.').map(Arc::from);
                let name = parts.next().unwrap_or_else(|| "".into());
                let rest = parts.chain(rest.iter().map(|it| Arc::from(*it)));
                Linked::Global(file, name, rest.collect())
            }
            _ => Linked::Unknown,
        }
    }

    fn find_ancestors(&self, class: ClassRef) -> Vec<Ancestor> {
        let mut found = vec![Ancestor::Class(class)];
        let mut at = 0;
        while at < found.len() && found.len() < MOST_ANCESTORS {
            if let Ancestor::Class(class) = found[at] {
                let more = self.extensions.get(&class).into_iter().flatten();
                let all = std::iter::once(&class).chain(more);
                for (from, base) in all.flat_map(|it| {
                    let bases = self.class(*it).bases.iter();
                    bases.map(move |base| (it.file, base))
                }) {
                    let Some(name) = base.name() else { continue };
                    let ancestor = match self.link(from, name) {
                        Linked::Class(class) => Ancestor::Class(class),
                        Linked::External(name) => Ancestor::External(name),
                        _ => continue,
                    };
                    if !found.contains(&ancestor) {
                        found.push(ancestor);
                    }
                }
            }
            at += 1;
        }
        found
    }

    /// A class and those above it.
    pub fn ancestors(&self, class: ClassRef) -> &[Ancestor] {
        self.ancestors.get(&class).map_or(&[], |it| it)
    }

    /// The classes from outside above a class.
    pub fn external_bases(&self, class: ClassRef) -> impl Iterator<Item = &Arc<str>> {
        self.ancestors(class)
            .iter()
            .filter_map(|ancestor| match ancestor {
                Ancestor::External(name) => Some(name),
                Ancestor::Class(_) => None,
            })
    }

    /// A method of a class or of those above it, `skip` classes left out at the start.
    pub fn method(&self, class: ClassRef, name: &str, skip: usize) -> Option<FunctionRef> {
        self.ancestors(class)
            .iter()
            .skip(skip)
            .find_map(|ancestor| match ancestor {
                Ancestor::Class(class) => {
                    let more = self.extensions.get(class).map_or(&[][..], Vec::as_slice);
                    std::iter::once(class)
                        .chain(more)
                        .find_map(|class| self.own_method(*class, name))
                }
                Ancestor::External(_) => None,
            })
    }

    fn own_method(&self, class: ClassRef, name: &str) -> Option<FunctionRef> {
        let methods = self.class(class).methods.iter().rev();
        let mut named = methods.filter(|(known, _)| &**known == name);
        named.next().map(|(_, id)| FunctionRef {
            file: class.file,
            id: *id,
        })
    }

    /// The types that an outside type is or derives from, itself first.
    pub fn lineage(&self, file: FileId, of: &str) -> Vec<Arc<str>> {
        let model = self.model(file);
        let mut found: Vec<Arc<str>> = vec![model.same(of).unwrap_or(of).into()];
        if *found[0] != *of {
            found.push(of.into());
        }
        let mut at = 0;
        while at < found.len() && found.len() < MOST_ANCESTORS {
            let current = found[at].clone();
            for base in model.bases(&current) {
                let base: Arc<str> = model.same(base).unwrap_or(base).into();
                if !found.contains(&base) {
                    found.push(base);
                }
            }
            at += 1;
        }
        found
    }

    /// The functions that a call can reach, as far as that can be said without running the code:
    /// more rather than fewer. Of a method of an unknown receiver, at most so many namesakes.
    pub fn callees(
        &self,
        file: FileId,
        callee: &Callee,
        imports: &Imports,
        most: usize,
    ) -> Vec<FunctionRef> {
        if let Some(path) = imported(callee, imports) {
            return match self.link(file, &path) {
                Linked::Function(function) => vec![function],
                Linked::Class(class) => self.method(class, "__init__", 0).into_iter().collect(),
                _ => Vec::new(),
            };
        }
        let of_name = |name: &Arc<str>| -> Vec<FunctionRef> {
            match self.link(file, name) {
                Linked::Function(function) => vec![function],
                Linked::Class(class) => self.method(class, "__init__", 0).into_iter().collect(),
                _ => Vec::new(),
            }
        };
        match callee {
            Callee::Value(Operand::Place(place)) if place.path.is_empty() => match &place.base {
                Base::Name(name) => of_name(name),
                Base::Global(name) => of_name(&format!(".{name}").into()),
                Base::Local(_) => Vec::new(),
            },
            Callee::Method(receiver, name) => {
                if let Operand::Place(place) = receiver
                    && place.path.is_empty()
                {
                    let path = match &place.base {
                        Base::Name(path) => Some(format!("{path}.{name}")),
                        Base::Global(path) => Some(format!(".{path}.{name}")),
                        Base::Local(_) => None,
                    };
                    let known = path.map(|path| of_name(&path.into()));
                    if let Some(known) = known.filter(|it| !it.is_empty()) {
                        return known;
                    }
                }
                let named = self.methods_named(name);
                match named.len() <= most {
                    true => named.to_vec(),
                    false => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }
}

impl Program<'_> {
    /// Functions that a call in a Rust file is given by their names.
    pub fn passed(&self, file: FileId, call: &ir::Call) -> Vec<FunctionRef> {
        if !self.code(file).is_rust {
            return Vec::new();
        }
        call.args
            .iter()
            .filter_map(|arg| {
                let Operand::Place(place) = &arg.value else {
                    return None;
                };
                let path: Arc<str> = match &place.base {
                    Base::Name(path) => path.clone(),
                    Base::Global(path) => format!(".{path}").into(),
                    Base::Local(_) => return None,
                };
                match self.link(file, &path) {
                    Linked::Function(function) if place.path.is_empty() => Some(function),
                    _ => None,
                }
            })
            .collect()
    }
}

/// Names from elsewhere that a function gives to variables: its own imports.
pub type Imports = FxHashMap<ir::LocalId, Arc<str>>;

/// The imports of a function.
pub fn imports(function: &Function) -> Imports {
    let mut found = Imports::default();
    for instr in function.blocks.iter().flat_map(|block| &block.body) {
        if let Op::Assign(to, ir::Rvalue::Use(Operand::Place(from))) = &instr.op
            && let (Some(local), Base::Name(path)) = (to.as_local(), &from.base)
            && from.path.is_empty()
        {
            found.insert(local, path.clone());
        }
    }
    found
}

/// The qualified name of what is called, if it is reached through an import of the function.
pub fn imported(callee: &Callee, imports: &Imports) -> Option<Arc<str>> {
    let (operand, name) = match callee {
        Callee::Value(operand) => (operand, None),
        Callee::Method(receiver, name) => (receiver, Some(name)),
    };
    let Operand::Place(place) = operand else {
        return None;
    };
    let Base::Local(local) = place.base else {
        return None;
    };
    let mut path = imports.get(&local)?.to_string();
    for step in &place.path {
        let ir::Step::Field(field) = step else {
            return None;
        };
        path = format!("{path}.{field}");
    }
    Some(match name {
        Some(name) => format!("{path}.{name}").into(),
        None => path.into(),
    })
}
