//! Words that a file does not hold and its names stand for: `from .compat import get` lends it the
//! `requests` that `compat` takes `get` from, `from .settings import HASH` the text of the constant.
//! Triggers count them as if they occurred where the name does.

use caveat_parser::SourceFile;
use caveat_parser::link::{FileId, Imported, Outline, Project, Target};
use caveat_parser::skeleton::ItemKind;

use crate::trigger::{Hits, Triggers};

/// A word, and the name in the file that stands for it; an empty name can be any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lent<'p> {
    /// The word.
    pub word: &'p str,
    /// The name.
    pub name: &'p str,
}

/// The words that imports of a file lend it through other files of the project.
pub fn words<'p>(
    triggers: &Triggers,
    project: &'p Project<'_>,
    file: &SourceFile,
    hits: &Hits,
) -> Vec<Lent<'p>> {
    let Some(id) = project.file(&file.path) else {
        return Vec::new();
    };
    project.offer(id, &file.text);
    let mut lender = Lender {
        triggers,
        project,
        hits,
        lent: Vec::new(),
    };
    for import in &project.outline(id).imports {
        lender.import(id, import);
    }
    lender.lent
}

struct Lender<'l, 'p> {
    triggers: &'l Triggers,
    project: &'p Project<'p>,
    hits: &'l Hits,
    lent: Vec<Lent<'p>>,
}

impl<'p> Lender<'_, 'p> {
    fn import(&mut self, file: FileId, import: &'p Imported) {
        let name = import.bound().unwrap_or("");
        match self.project.imported(file, import) {
            Target::External(path) => {
                let written = |word: &&str| import.path.iter().any(|part| &&**part == word);
                for word in path.into_iter().filter(|word| !written(word)) {
                    self.lend(word, name);
                }
            }
            Target::Definition { at, .. } => {
                let outline = self.project.outline(at.file);
                self.constant(outline, at.index, name);
            }
            // `compat.load`, `settings.HASH`, or `load` after a glob import.
            Target::Module(module) => self.module(module, name),
            Target::Unknown => {}
        }
    }

    fn module(&mut self, module: FileId, name: &'p str) {
        let outline = self.project.outline(module);
        for taken in &outline.imports {
            let Some(bound) = taken.bound() else { continue };
            if self.triggers.mentions(bound, self.hits)
                && let Target::External(path) = self.project.imported(module, taken)
            {
                for word in path {
                    self.lend(word, name);
                }
            }
        }
        for (at, _) in outline.members(None) {
            self.constant(outline, at, name);
        }
    }

    /// Lends the text of a constant.
    fn constant(&mut self, outline: &'p Outline, at: u32, name: &'p str) {
        let definition = &outline.definitions[at as usize];
        if definition.kind == ItemKind::Binding {
            self.lend(definition.detail.trim_matches(['"', '\'']), name);
        }
    }

    fn lend(&mut self, word: &'p str, name: &'p str) {
        if self.triggers.knows(word) {
            self.lent.push(Lent { word, name });
        }
    }
}
