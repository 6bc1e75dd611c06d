//! Judges the names in doubt of all files, and makes findings of what remains.

use std::sync::Arc;

use caveat_parser::link::{self, Project};
use caveat_parser::{Language, SourceFile, Span};

use super::manifest::{self, Dependency, Registry};
use super::project::Declared;
use super::source::{self, Import};
use super::{DEPENDENCY, IMPORT, LOOKALIKE, Surroundings, known, nearest};
use crate::finding::Finding;
use crate::rule::{Body, Confidence};
use crate::{RuleSet, scan, suppress};

/// A finding before it has a rule.
struct Draft {
    check: &'static str,
    span: Span,
    statement: Span,
    message: String,
    confidence: Confidence,
}

/// All that judging needs.
struct Court<'c> {
    project: &'c Project<'c>,
    declared: Declared,
    around: &'c dyn Surroundings,
}

/// The findings about the names in doubt, by file. `paths` are all files of the scan, in order.
pub fn findings(
    rules: &RuleSet,
    project: &Project<'_>,
    paths: &[&str],
    suspects: &[(&str, &[String])],
    around: &dyn Surroundings,
) -> Vec<(Arc<SourceFile>, Vec<Finding>)> {
    let mut found = Vec::new();
    if suspects.is_empty() {
        return found;
    }
    let court = Court {
        project,
        declared: Declared::read(paths, around),
        around,
    };
    for (path, names) in suspects {
        let names: Vec<String> = names
            .iter()
            .filter(|name| !court.is_own(path, name))
            .cloned()
            .collect();
        if names.is_empty() {
            continue;
        }
        let Some(text) = around.text(path) else {
            continue;
        };
        let drafts = court.judge(path, &text, &names);
        if drafts.is_empty() {
            continue;
        }
        let file = Arc::new(SourceFile::new(*path, text));
        let list = finished(rules, &file, drafts);
        found.push((file, list));
    }
    found
}

fn finished(rules: &RuleSet, file: &SourceFile, drafts: Vec<Draft>) -> Vec<Finding> {
    let path: Arc<str> = file.path.as_str().into();
    let mut list: Vec<Finding> = Vec::new();
    for draft in drafts {
        let asks = |body: &Body| matches!(body, Body::Check(name) if name == draft.check);
        let Some(rule) = rules.rules.iter().position(|rule| asks(&rule.body)) else {
            continue;
        };
        list.push(Finding {
            rule: rule as u32,
            path: Arc::clone(&path),
            span: draft.span,
            statement: draft.statement,
            message: draft.message,
            severity: rules.rules[rule].severity,
            confidence: draft.confidence,
            flow: Vec::new(),
            related: Vec::new(),
            fix: None,
            symbol: String::new(),
            fingerprint: String::new(),
            suppressed: None,
        });
    }
    list.sort_by_key(|finding| (finding.span, finding.rule));
    list.dedup_by_key(|finding| (finding.span, finding.rule));
    scan::identify(&mut list, rules, file);
    suppress::apply(&mut list, file, None, &rules.rules);
    list
}

impl Court<'_> {
    /// Whether the project has something of that name: a module, a folder, a package.
    fn is_own(&self, path: &str, name: &str) -> bool {
        if Language::from_path(path).name() == "text" || path.ends_with("setup.py") {
            return self.declared.has_package(self.project, name);
        }
        if self.project.has_name(name) || self.project.provides(name) {
            return true;
        }
        if path.ends_with(".rs") {
            return self.declared.may_bring_crate(name);
        }
        self.declared.may_bring(name)
            || self.declared.is_built(name)
            || self.lies_beside(path, name)
    }

    /// Whether a file or folder that is not scanned has the name: beside the file or in a folder
    /// above it.
    fn lies_beside(&self, path: &str, name: &str) -> bool {
        let mut folder = link::parent(path);
        loop {
            let inner = ["src", "lib", "python"].map(|inner| link::join(folder, inner));
            let near = self.around.has(folder, name)
                || inner.iter().any(|inner| self.around.has(inner, name));
            if near || folder.is_empty() {
                return near;
            }
            folder = link::parent(folder);
        }
    }

    fn judge(&self, path: &str, text: &str, names: &[String]) -> Vec<Draft> {
        let language = Language::from_path(path);
        if language.name() != "text" && !path.ends_with("setup.py") {
            // The program finds its modules in its own way.
            if text.contains("sys.path") || text.contains("sys.modules") {
                return Vec::new();
            }
            let imports = source::imports(language, text, names);
            let needed = imports.iter().filter(|import| !import.optional);
            let drafts = needed.filter_map(|import| match language.name() {
                "python" => Some(self.python_import(import)),
                _ => self.rust_import(import),
            });
            return drafts.collect();
        }
        let dependencies = manifest::read(path, text).map_or_else(Vec::new, |it| it.dependencies);
        dependencies
            .iter()
            .filter(|it| names.contains(&it.name))
            .map(|it| self.dependency(it))
            .collect()
    }

    fn python_import(&self, import: &Import) -> Draft {
        let folded = known::folded(&import.name);
        let name = &import.name;
        let quiet = self.declared.private;
        let draft = |check, message, confidence| Draft {
            check,
            span: import.span,
            statement: import.statement,
            message,
            confidence: if quiet { Confidence::Low } else { confidence },
        };
        if known::is_python_module(name)
            && let Some(popular) = nearest::looks_like(&folded)
        {
            let message = format!(
                "`{name}` is one letter away from the much used `{popular}`, and no manifest declares it"
            );
            return draft(LOOKALIKE, message, Confidence::Medium);
        }
        let meant = nearest::meant(&folded, known::popular());
        let hint = hint(meant, nearest::blend(&folded, known::popular()));
        let message = format!(
            "`{name}` is neither a standard module, nor in this project, nor in the list of packages of {}{hint}",
            known::month()
        );
        let confidence = if meant.is_some() {
            Confidence::High
        } else {
            Confidence::Medium
        };
        draft(IMPORT, message, confidence)
    }

    fn rust_import(&self, import: &Import) -> Option<Draft> {
        let name = &import.name;
        let meant = nearest::meant_crate(&known::folded(name));
        let has_manifest = self
            .project
            .packages()
            .iter()
            .any(|it| !it.library.is_empty());
        // Without a manifest the list, which is far from complete, is all there is.
        if !has_manifest && meant.is_none() {
            return None;
        }
        let where_ = match has_manifest {
            true => "no dependency and no module of this project",
            false => "no module of this project",
        };
        let message = format!(
            "`{name}` is {where_}, nor in the list of crates of {}{}",
            known::month(),
            hint(meant, None)
        );
        let confidence = match self.declared.private {
            true => Confidence::Low,
            false => Confidence::Medium,
        };
        Some(Draft {
            check: IMPORT,
            span: import.span,
            statement: import.statement,
            message,
            confidence,
        })
    }

    fn dependency(&self, dependency: &Dependency) -> Draft {
        let folded = known::folded(&dependency.name);
        let name = &dependency.name;
        let draft = |check, message, confidence| Draft {
            check,
            span: dependency.span,
            statement: dependency.span,
            message,
            confidence: if self.declared.private {
                Confidence::Low
            } else {
                confidence
            },
        };
        let python = dependency.registry == Registry::Python;
        if python
            && known::is_python_package(&folded)
            && let Some(popular) = nearest::looks_like(&folded)
        {
            let message = format!("`{name}` is one letter away from the much used `{popular}`");
            return draft(LOOKALIKE, message, Confidence::Medium);
        }
        let meant = match python {
            true => nearest::meant(&folded, known::popular()),
            false => nearest::meant_crate(&folded).filter(|_| !dependency.tool),
        };
        let (what, confidence) = match (python, meant) {
            (true, Some(_)) => ("packages", Confidence::High),
            (true, None) => ("packages", Confidence::Medium),
            (false, Some(_)) => ("crates", Confidence::Medium),
            (false, None) => ("crates", Confidence::Low),
        };
        let blend = nearest::blend(&folded, known::popular()).filter(|_| python);
        let message = format!(
            "`{name}` is not in the list of {what} of {}{}",
            known::month(),
            hint(meant, blend)
        );
        draft(DEPENDENCY, message, confidence)
    }
}

/// What was probably meant, for the end of a message.
fn hint(meant: Option<&str>, blend: Option<&str>) -> String {
    match (meant, blend) {
        (Some(meant), _) => format!("; `{meant}` was perhaps meant"),
        (None, Some(part)) => format!("; it borrows the name of `{part}`"),
        (None, None) => String::new(),
    }
}
