//! What one file defines and imports, owned: the skeleton without its text.

use rustc_hash::FxHashMap;

use super::{Linkage, owned};
use crate::skeleton::{Import, ImportKind, ItemKind, Skeleton};
use crate::source::Span;

/// Longest value of a binding that is kept, in bytes.
const LONGEST_VALUE: u32 = 240;
/// Longest list of exported names that is kept, in bytes of its text.
const LONGEST_EXPORTS: u32 = 60_000;

/// Definitions and imports of one file.
#[derive(Debug, Default)]
pub struct Outline {
    /// Named items in preorder.
    pub definitions: Vec<Definition>,
    /// One per imported name, in the order of the text.
    pub imports: Vec<Imported>,
    /// The names that the file says a glob import takes (Python `__all__`).
    pub exports: Option<Vec<Box<str>>>,
    /// False where the lexical pass did not understand all of the text.
    pub complete: bool,
    tops: FxHashMap<Box<str>, Vec<Entry>>,
}

/// A named item.
#[derive(Debug)]
pub struct Definition {
    /// The name; of a Rust `impl`, the last segment of its type.
    pub name: Box<str>,
    /// What it is.
    pub kind: ItemKind,
    /// The whole item.
    pub span: Span,
    /// Its name.
    pub name_span: Span,
    /// Its body; empty if there is none.
    pub body: Span,
    /// The definition around it, by index.
    pub parent: Option<u32>,
    /// What the language needs to know more: bases of a class, trait of an `impl`, path of a
    /// `mod`; of a binding the text of its value, unless it is long.
    pub detail: Box<str>,
}

/// One imported name.
#[derive(Debug)]
pub struct Imported {
    /// What the statement binds.
    pub kind: ImportKind,
    /// Rust: it has a visibility.
    pub public: bool,
    /// Python: only type checkers read it.
    pub type_checking: bool,
    /// Python: number of leading dots. Rust: 1 for a leading `::`.
    pub level: u16,
    /// Module and name.
    pub path: Vec<Box<str>>,
    /// The name after `as`.
    pub alias: Option<Box<str>>,
    /// The definition it stands in, by index.
    pub scope: Option<u32>,
}

/// What binds a name at the top of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Index into [`Outline::definitions`].
    Definition(u32),
    /// Index into [`Outline::imports`].
    Import(u32),
}

impl Imported {
    /// The name it binds; `None` for a glob.
    pub fn bound(&self) -> Option<&str> {
        match (&self.alias, self.kind) {
            (Some(alias), _) => Some(alias),
            (None, ImportKind::Glob) => None,
            (None, ImportKind::Module) => self.path.first().map(|name| &**name),
            (None, ImportKind::Name | ImportKind::Crate) => self.path.last().map(|name| &**name),
        }
    }
}

impl Outline {
    pub(super) fn new(skeleton: &Skeleton, text: &str, link: &Linkage) -> Outline {
        let mut outline = Outline {
            complete: skeleton.complete,
            ..Outline::default()
        };
        let places = outline.define(skeleton, text, link);
        for import in &skeleton.imports {
            outline.import(skeleton, import, text, &places);
        }
        outline
    }

    /// What binds a name at the top of the file, in the order of the text, definitions first.
    pub fn top(&self, name: &str) -> &[Entry] {
        self.tops.get(name).map_or(&[], Vec::as_slice)
    }

    /// Definitions directly inside a definition, or at the top.
    pub fn members(&self, parent: Option<u32>) -> impl Iterator<Item = (u32, &Definition)> {
        let all = self.definitions.iter().enumerate();
        all.filter(move |(_, definition)| definition.parent == parent)
            .map(|(at, definition)| (at as u32, definition))
    }

    /// The definition of that name directly inside another.
    pub fn member(&self, parent: u32, name: &str) -> Option<u32> {
        self.members(Some(parent))
            .find(|(_, member)| &*member.name == name)
            .map(|(at, _)| at)
    }

    /// Adds definitions. Returns for each item its definition, or the one around it.
    fn define(&mut self, skeleton: &Skeleton, text: &str, link: &Linkage) -> Vec<Option<u32>> {
        let mut places: Vec<Option<u32>> = Vec::with_capacity(skeleton.items.len());
        for item in &skeleton.items {
            let parent = item.parent.and_then(|at| places[at as usize]);
            let nameless = matches!(
                item.kind,
                ItemKind::Block | ItemKind::Clause | ItemKind::Other
            );
            if nameless || item.name.is_empty() {
                places.push(parent);
                continue;
            }
            let (name, mut detail) = (link.describe)(item, text);
            if item.kind == ItemKind::Binding && item.body.len() <= LONGEST_VALUE {
                detail = owned(item.body, text).into();
            }
            let at = self.definitions.len() as u32;
            if parent.is_none() {
                let entries = self.tops.entry(name.clone().into()).or_default();
                entries.push(Entry::Definition(at));
                if item.kind == ItemKind::Binding && name == "__all__" {
                    self.exports = exports(item.body, text).filter(|_| entries.len() == 1);
                }
            }
            self.definitions.push(Definition {
                name: name.into(),
                kind: item.kind,
                span: item.span,
                name_span: item.name,
                body: item.body,
                parent,
                detail: detail.into(),
            });
            places.push(Some(at));
        }
        places
    }

    fn import(&mut self, skeleton: &Skeleton, import: &Import, text: &str, places: &[Option<u32>]) {
        let path = skeleton.path(import).iter();
        let imported = Imported {
            kind: import.kind,
            public: import.public,
            type_checking: import.type_checking,
            level: import.level,
            path: path.map(|&span| owned(span, text)).collect(),
            alias: import.alias.map(|span| owned(span, text)),
            scope: import.item.and_then(|at| places[at as usize]),
        };
        if let (Some(name), None) = (imported.bound(), imported.scope) {
            let entries = self.tops.entry(name.into()).or_default();
            entries.push(Entry::Import(self.imports.len() as u32));
        }
        self.imports.push(imported);
    }
}

/// The strings of a list or tuple of plain strings; `None` for anything else.
fn exports(body: Span, text: &str) -> Option<Vec<Box<str>>> {
    if body.len() > LONGEST_EXPORTS {
        return None;
    }
    let list = text.get(body.start as usize..body.end as usize)?;
    let inner = list
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .or_else(|| list.strip_prefix('(')?.strip_suffix(')'))?;
    let mut names = Vec::new();
    for line in inner.lines() {
        let line = line.split('#').next().unwrap_or("");
        for word in line
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            let quote = word
                .chars()
                .next()
                .filter(|mark| matches!(mark, '"' | '\''))?;
            let name = word.strip_prefix(quote)?.strip_suffix(quote)?;
            let plain = |c: char| c.is_alphanumeric() || c == '_';
            names.push(name.chars().all(plain).then(|| Box::from(name))?);
        }
    }
    Some(names)
}
