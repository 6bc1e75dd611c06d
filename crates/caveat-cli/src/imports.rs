//! The stage of a scan that judges imports and dependencies that no list has, after all files were
//! analysed one by one: what lies around them on the disk is told to the engine from here.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use caveat_engine::RuleSet;
use caveat_engine::finding::FileReport;
use caveat_engine::imports::{self, Surroundings};
use caveat_parser::link::Project;

use crate::analysis::{self, Input, Origin};
use crate::{git, walk};

/// The files of a scan and the folders that they are in.
struct Around<'i> {
    origins: HashMap<&'i str, &'i Origin>,
    root: Option<PathBuf>,
    /// Names in a folder without endings.
    stems: RefCell<HashMap<PathBuf, HashSet<String>>>,
}

impl<'i> Around<'i> {
    fn new(inputs: &'i [Input]) -> Self {
        Around {
            origins: inputs
                .iter()
                .map(|it| (&*it.relative, &it.origin))
                .collect(),
            root: inputs.iter().find_map(root),
            stems: RefCell::default(),
        }
    }

    fn holds(&self, folder: &Path, stem: &str) -> bool {
        let mut known = self.stems.borrow_mut();
        let stems = known
            .entry(folder.to_owned())
            .or_insert_with(|| stems(folder));
        stems.contains(stem)
    }
}

impl Surroundings for Around<'_> {
    fn text(&self, path: &str) -> Option<String> {
        if let Some(origin) = self.origins.get(path) {
            return analysis::read(origin).ok().map(|it| it.text);
        }
        let path = self.root.as_ref()?.join(path);
        let fits = path
            .metadata()
            .is_ok_and(|it| it.is_file() && it.len() <= walk::LARGEST);
        let read = fits.then(|| analysis::read(&Origin::Disk(path)).ok())?;
        read.map(|it| it.text)
    }

    fn has(&self, folder: &str, stem: &str) -> bool {
        let Some(root) = &self.root else { return false };
        if self.holds(&root.join(folder), stem) {
            return true;
        }
        let Some(top) = git::top_level(root).filter(|_| folder.is_empty()) else {
            return false;
        };
        let above = root.ancestors().skip(1);
        let mut above = above.take_while(|it| it.starts_with(&top));
        above.any(|it| self.holds(it, stem))
    }
}

/// The folder that an input's path starts from.
fn root(input: &Input) -> Option<PathBuf> {
    let Origin::Disk(path) = &input.origin else {
        return None;
    };
    let depth = Path::new(&input.relative).components().count();
    path.ancestors().nth(depth).map(Path::to_owned)
}

fn stems(folder: &Path) -> HashSet<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return HashSet::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    let stem = |name: std::ffi::OsString| {
        let name = name.to_string_lossy().into_owned();
        name.split('.').next().map(str::to_owned)
    };
    names.filter_map(stem).collect()
}

/// Judges the names in doubt and adds what is found to the reports.
pub fn follow(
    rules: &RuleSet,
    inputs: &[Input],
    project: &Project<'_>,
    suspects: &[(&str, &[String])],
    reports: &mut [&mut FileReport],
) {
    let around = Around::new(inputs);
    let mut paths: Vec<&str> = inputs.iter().map(|it| &*it.relative).collect();
    paths.sort_unstable();
    let places: HashMap<Arc<str>, usize> = reports
        .iter()
        .enumerate()
        .map(|(at, it)| (it.path.clone(), at))
        .collect();
    for (source, list) in imports::findings(rules, project, &paths, suspects, &around) {
        let Some(&at) = places.get(source.path.as_str()) else {
            continue;
        };
        let report = &mut reports[at];
        report.source = Some(source);
        report.findings.extend(list);
        report.findings.sort_by_key(|it| (it.span, it.rule));
    }
}
