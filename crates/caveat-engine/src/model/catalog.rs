//! All models that a run may need, of which only those are parsed that matter to the project.

use std::borrow::Cow;

use super::{Header, Index, header, load};
use crate::rule::RuleError;

/// A model file whose rows have not been read.
#[derive(Debug, Clone)]
pub struct Library {
    /// What it says of itself.
    pub header: Header,
    /// The file, for messages.
    pub file: String,
    /// All of its text.
    pub text: Cow<'static, str>,
}

impl Library {
    /// Reads the header only.
    pub fn new(file: impl Into<String>, text: impl Into<Cow<'static, str>>) -> Library {
        let (file, text) = (file.into(), text.into());
        Library {
            header: header(&text),
            file,
            text,
        }
    }
}

/// The models of a run: caveat's own, then the user's. Files about one library add up.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// The files in order.
    pub libraries: Vec<Library>,
}

impl Catalog {
    /// The rows of a language that matter to a project. `is_named` tells whether some file of the
    /// project imports that top-level module or crate.
    ///
    /// # Errors
    /// All the mistakes of the files that matter.
    pub fn index(
        &self,
        language: &str,
        is_named: impl Fn(&str) -> bool,
    ) -> Result<Index, Vec<RuleError>> {
        let mut models = Vec::new();
        let mut errors = Vec::new();
        let of_language = |library: &&Library| library.header.language == language;
        for library in self.libraries.iter().filter(of_language) {
            if !library.header.matters(&is_named) {
                continue;
            }
            match load(&library.file, &library.text) {
                Ok(model) => models.push(model),
                Err(wrong) => errors.extend(wrong),
            }
        }
        match errors.is_empty() {
            true => Ok(Index::new(models)),
            false => Err(errors),
        }
    }
}
