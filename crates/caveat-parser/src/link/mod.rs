//! Names across files: what a qualified name of one file means in the project.
//!
//! A [`Project`] knows the paths of all files and reads the outline of one when a question leads
//! there, at most once, from any thread. It parses nothing and does no I/O: texts come through
//! [`Files`]. How modules are found and what a name in one means is said by the language's folder
//! ([`Linkage`]); this module must not know languages, rules or expressions. Where the text
//! leaves a doubt the answer is [`Target::Unknown`].

mod manifest;
mod outline;

use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::lang::Language;
use crate::source::Span;

pub use manifest::{NAMES as MANIFEST_NAMES, Package, is_manifest};
pub use outline::{Definition, Entry, Imported, Outline};

/// Number of a file in its project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A definition of the project: a file and the index in its [`Outline::definitions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DefinitionId {
    /// The file.
    pub file: FileId,
    /// Index into [`Outline::definitions`].
    pub index: u32,
}

/// Where texts come from.
pub trait Files: Sync {
    /// The decoded text of the file at a path that was given to [`Project::new`]; `None` if it
    /// cannot be read. Called rarely more than once per file, from any thread.
    fn text(&self, path: &str) -> Option<String>;
}

/// What a qualified name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target<'q> {
    /// A definition of the project. `rest` are the segments behind it that are not known to be
    /// defined: attributes of values, members of bases outside of the project.
    Definition {
        /// The definition.
        at: DefinitionId,
        /// What follows it in the name.
        rest: Vec<&'q str>,
    },
    /// A whole file of the project.
    Module(FileId),
    /// A name that the project takes from outside, perhaps through several of its modules:
    /// `app.compat.yaml.load` is `yaml.load`.
    External(Vec<&'q str>),
    /// It leads into the project, and there is no telling what it means.
    Unknown,
}

/// What a language's folder says of names across files.
pub struct Linkage {
    /// Name and detail (see [`Definition::detail`]) of an item.
    pub describe: fn(&crate::skeleton::Item, &str) -> (String, String),
    /// See [`Project::tops`].
    pub tops: fn(&Project<'_>) -> Tops,
    /// See [`Project::resolve`].
    pub resolve: for<'q, 's> fn(&mut Search<'q, 's>, FileId, &[&'q str]) -> Target<'q>,
    /// See [`Project::lookup`].
    pub lookup: for<'q, 's> fn(&mut Search<'q, 's>, FileId, &[&'q str]) -> Target<'q>,
    /// See [`Project::imported`].
    pub import: for<'q, 's> fn(&mut Search<'q, 's>, FileId, &'q Imported) -> Target<'q>,
    /// The names in a class's header, as written: bases, or traits that are implemented.
    pub bases: for<'q> fn(&'q Outline, u32) -> Vec<Vec<&'q str>>,
}

/// All files of a project and what they define and import.
pub struct Project<'f> {
    files: Box<dyn Files + Send + 'f>,
    paths: Vec<Box<str>>,
    by_path: FxHashMap<Box<str>, FileId>,
    /// Folders that hold such files, at any depth, without a final `/`.
    folders: FxHashSet<Box<str>>,
    /// Names of folders and, without their ending, of files.
    stems: FxHashSet<Box<str>>,
    manifests: Vec<String>,
    packages: OnceLock<Vec<Package>>,
    outlines: Vec<OnceLock<Outline>>,
    by_name: OnceLock<FxHashMap<Box<str>, Vec<DefinitionId>>>,
    importers: OnceLock<FxHashMap<FileId, Vec<FileId>>>,
    /// By [`Language::index`].
    tops: Vec<OnceLock<Tops>>,
}

/// First files of what stands on its own, by name: outermost packages, libraries.
pub type Tops = FxHashMap<Box<str>, Vec<FileId>>;

impl<'f> Project<'f> {
    /// A project of the files at `paths`: relative to its root, with `/`. Of files in languages
    /// without modules only package manifests matter ([`MANIFEST_NAMES`]).
    pub fn new(paths: impl IntoIterator<Item = String>, files: Box<dyn Files + Send + 'f>) -> Self {
        let (mut linked, mut manifests) = (Vec::new(), Vec::new());
        for path in paths {
            if Language::from_path(&path).definition().link.is_some() {
                linked.push(path.into_boxed_str());
            } else if manifest::is_manifest(&path) {
                manifests.push(path);
            }
        }
        manifests.sort_unstable();
        let mut paths: Vec<Box<str>> = linked;
        paths.sort_unstable();
        paths.dedup();
        let by_path = paths
            .iter()
            .enumerate()
            .map(|(at, path)| (path.clone(), FileId(at as u32)));
        let mut folders = FxHashSet::default();
        for path in &paths {
            let mut folder = parent(path);
            while folders.insert(Box::from(folder)) && !folder.is_empty() {
                folder = parent(folder);
            }
        }
        let last = |path: &str| path.rsplit('/').next().map(Box::from);
        let file_names = paths
            .iter()
            .filter_map(|path| last(path.rsplit_once('.')?.0));
        let folder_names = folders.iter().filter_map(|folder| last(folder));
        Project {
            files,
            stems: file_names.chain(folder_names).collect(),
            by_path: by_path.collect(),
            folders,
            manifests,
            packages: OnceLock::new(),
            outlines: paths.iter().map(|_| OnceLock::new()).collect(),
            paths,
            by_name: OnceLock::new(),
            importers: OnceLock::new(),
            tops: Language::all().map(|_| OnceLock::new()).collect(),
        }
    }

    /// What stands on its own among the files of that language.
    pub fn tops(&self, language: Language) -> &Tops {
        self.tops[language.index()].get_or_init(|| match &language.definition().link {
            Some(link) => (link.tops)(self),
            None => Tops::default(),
        })
    }

    /// Every file, in order of path.
    pub fn file_ids(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..self.paths.len() as u32).map(FileId)
    }

    /// The file at a path.
    pub fn file(&self, path: &str) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// Path of a file.
    pub fn path(&self, file: FileId) -> &str {
        &self.paths[file.0 as usize]
    }

    /// What a file defines and imports; empty if it cannot be read.
    pub fn outline(&self, file: FileId) -> &Outline {
        self.outlines[file.0 as usize].get_or_init(|| {
            let text = self.files.text(self.path(file));
            self.outline_of(file, text.as_deref())
        })
    }

    /// Takes the outline from a text that is at hand, unless it is known.
    pub fn offer(&self, file: FileId, text: &str) {
        self.outlines[file.0 as usize].get_or_init(|| self.outline_of(file, Some(text)));
    }

    fn outline_of(&self, file: FileId, text: Option<&str>) -> Outline {
        let definition = self.language(file).definition();
        match (text, definition.skeleton, &definition.link) {
            (Some(text), Some(read), Some(link)) => Outline::new(&read(text), text, link),
            _ => Outline::default(),
        }
    }

    /// The text of a file, read anew: for the few questions that an outline does not answer.
    pub fn text(&self, file: FileId) -> Option<String> {
        self.files.text(self.path(file))
    }

    /// A definition.
    pub fn definition(&self, id: DefinitionId) -> &Definition {
        &self.outline(id.file).definitions[id.index as usize]
    }

    /// Names of a definition and of what is around it in its file, outermost first.
    pub fn item_path(&self, id: DefinitionId) -> Vec<&str> {
        let outline = self.outline(id.file);
        let up = |at: &u32| outline.definitions[*at as usize].parent;
        let mut names: Vec<&str> = std::iter::successors(Some(id.index), up)
            .map(|at| &*outline.definitions[at as usize].name)
            .collect();
        names.reverse();
        names
    }

    /// What a qualified name of a file means, as [`crate::Names::resolve`] gives it: imports of
    /// the file itself are already followed, and relative ones are counted from its path.
    pub fn resolve<'q>(&'q self, from: FileId, path: &[&'q str]) -> Target<'q> {
        match &self.language(from).definition().link {
            Some(link) if !path.is_empty() => (link.resolve)(&mut Search::new(self), from, path),
            _ => Target::Unknown,
        }
    }

    /// What a name means as written at the top of a file: `Base` where the file has
    /// `from .models import Base`, or `models.Base`.
    pub fn lookup<'q>(&'q self, file: FileId, path: &[&'q str]) -> Target<'q> {
        match &self.language(file).definition().link {
            Some(link) if !path.is_empty() => (link.lookup)(&mut Search::new(self), file, path),
            _ => Target::Unknown,
        }
    }

    /// What an import of a file's outline leads to; for a glob, the module.
    pub fn imported<'q>(&'q self, file: FileId, import: &'q Imported) -> Target<'q> {
        match &self.language(file).definition().link {
            Some(link) => (link.import)(&mut Search::new(self), file, import),
            None => Target::Unknown,
        }
    }

    /// What the bases of a class are; for Rust, the traits that its file implements for it.
    pub fn bases(&self, class: DefinitionId) -> Vec<Target<'_>> {
        let outline = self.outline(class.file);
        let Some(link) = &self.language(class.file).definition().link else {
            return Vec::new();
        };
        (link.bases)(outline, class.index)
            .iter()
            .map(|base| self.lookup(class.file, base))
            .collect()
    }

    /// All definitions of that name, in order of path and place. Reads every outline; a caller
    /// with threads asks for [`Project::outline`] of all files first.
    pub fn definitions(&self, name: &str) -> &[DefinitionId] {
        let index = self.by_name.get_or_init(|| {
            let mut index: FxHashMap<Box<str>, Vec<DefinitionId>> = FxHashMap::default();
            for file in self.file_ids() {
                for (at, definition) in self.outline(file).definitions.iter().enumerate() {
                    let id = DefinitionId {
                        file,
                        index: at as u32,
                    };
                    index.entry(definition.name.clone()).or_default().push(id);
                }
            }
            index
        });
        index.get(name).map_or(&[], Vec::as_slice)
    }

    /// The files that import a file or something defined in it, in order. Reads every outline.
    pub fn importers(&self, module: FileId) -> &[FileId] {
        let index = self.importers.get_or_init(|| {
            let mut index: FxHashMap<FileId, Vec<FileId>> = FxHashMap::default();
            for file in self.file_ids() {
                for import in &self.outline(file).imports {
                    let known = match self.imported(file, import) {
                        Target::Module(known) => known,
                        Target::Definition { at, .. } => at.file,
                        Target::External(_) | Target::Unknown => continue,
                    };
                    let importers = index.entry(known).or_default();
                    if importers.last() != Some(&file) {
                        importers.push(file);
                    }
                }
            }
            index
        });
        index.get(&module).map_or(&[], Vec::as_slice)
    }

    /// Whether the project is what others import under that name: a manifest says so.
    pub fn provides(&self, library: &str) -> bool {
        let mut packages = self.packages().iter();
        packages.any(|package| package.provides(library))
    }

    /// The packages that manifests state.
    pub fn packages(&self) -> &[Package] {
        self.packages.get_or_init(|| {
            let read = |path: &String| manifest::package(path, &self.files.text(path)?);
            self.manifests.iter().filter_map(read).collect()
        })
    }

    /// Whether the folder holds files of the project, at any depth.
    pub fn has_folder(&self, folder: &str) -> bool {
        self.folders.contains(folder)
    }

    /// Whether a folder, or a file but for its ending, has that name.
    pub fn has_name(&self, name: &str) -> bool {
        self.stems.contains(name)
    }

    /// Language of a file.
    pub fn language(&self, file: FileId) -> Language {
        Language::from_path(self.path(file))
    }
}

/// How many imports, aliases and bases one question follows.
const LONGEST_TRAIL: u32 = 40;

/// One question on its way through the project.
pub struct Search<'q, 's> {
    /// The project.
    pub project: &'q Project<'s>,
    /// Names that are being looked up: meeting one again is a cycle.
    open: Vec<(FileId, Option<u32>, &'q str)>,
    left: u32,
}

impl<'q, 's> Search<'q, 's> {
    fn new(project: &'q Project<'s>) -> Self {
        Search {
            project,
            open: Vec::new(),
            left: LONGEST_TRAIL,
        }
    }

    /// Runs `look` for a name of a file, or of an item in it. `None` in a cycle, and when the
    /// trail is too long.
    pub fn guarded<T>(
        &mut self,
        file: FileId,
        scope: Option<u32>,
        name: &'q str,
        look: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let key = (file, scope, name);
        if self.open.contains(&key) {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        self.open.push(key);
        let found = look(self);
        self.open.pop();
        found
    }
}

/// The folder of a path, without a final `/`; empty at the root.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `folder/name`, or the name alone at the root.
pub fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        [folder, name].join("/")
    }
}

/// A copy of the text in a span.
pub fn owned(span: Span, text: &str) -> Box<str> {
    text.get(span.start as usize..span.end as usize)
        .unwrap_or("")
        .into()
}
