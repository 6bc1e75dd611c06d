//! The project that scanned files make together: the linker asks here for texts of other files.

use std::collections::HashMap;

use caveat_parser::link::{Files, Project};

use crate::analysis::{self, Input, Origin};

struct Inputs<'i>(HashMap<&'i str, &'i Origin>);

impl Files for Inputs<'_> {
    fn text(&self, path: &str) -> Option<String> {
        let decoded = analysis::read(self.0.get(path)?).ok()?;
        Some(decoded.text)
    }
}

/// The project of all inputs of a scan.
pub fn of(inputs: &[Input]) -> Project<'_> {
    let by_path = inputs
        .iter()
        .map(|input| (&*input.relative, &input.origin))
        .collect();
    let paths = inputs.iter().map(|input| input.relative.clone());
    Project::new(paths, Box::new(Inputs(by_path)))
}
