//! Regular expressions of rules: over the text of a file, and over what a metavariable stands for.
//!
//! The linear engine runs what it can; look-around and back-references need the backtracking one,
//! with a limit on its steps.

use std::sync::{Arc, OnceLock};

use caveat_parser::Span;
use regex::Regex;

use crate::pattern::{Bound, Env, Mv, MvTable};

/// A regular expression over the file's text. Look-around needs the backtracking engine.
#[derive(Debug, Clone)]
pub struct TextRegex {
    kind: RegexKind,
    /// Metavariable of each group.
    groups: Vec<(usize, Mv)>,
}

#[derive(Debug, Clone)]
enum RegexKind {
    Linear(Regex),
    Backtracking(fancy_regex::Regex),
}

/// Steps that one backtracking search may take.
const BACKTRACK_LIMIT: usize = 200_000;
/// Matches of one expression in one file.
const MOST_MATCHES: usize = 2_000;

impl TextRegex {
    /// Compiles an expression over text; Semgrep's are multi-line by default.
    ///
    /// # Errors
    /// The engine's own words.
    pub fn new(expression: &str, table: &mut MvTable, multi_line: bool) -> Result<Self, String> {
        let kind = compile_regex(expression, multi_line)?;
        let names: Vec<Option<String>> = match &kind {
            RegexKind::Linear(regex) => regex
                .capture_names()
                .map(|n| n.map(str::to_owned))
                .collect(),
            RegexKind::Backtracking(regex) => regex
                .capture_names()
                .map(|n| n.map(str::to_owned))
                .collect(),
        };
        let groups = names
            .into_iter()
            .enumerate()
            .skip(1)
            .map(|(at, name)| (at, table.number(&name.unwrap_or_else(|| at.to_string()))))
            .collect();
        Ok(TextRegex { kind, groups })
    }

    /// All matches with the bindings of their groups.
    pub fn matches(&self, text: &str) -> Vec<(Span, Env)> {
        let mut found = Vec::new();
        let mut add = |spans: &dyn Fn(usize) -> Option<(usize, usize)>| {
            let span = |at: usize| spans(at).map(|(s, e)| Span::new(s as u32, e as u32));
            let mut env = Env::default();
            for &(at, mv) in &self.groups {
                if let Some(span) = span(at) {
                    env.push(mv, Bound::Text(span));
                }
            }
            found.extend(span(0).map(|span| (span, env)));
        };
        match &self.kind {
            RegexKind::Linear(regex) => {
                for captures in regex.captures_iter(text).take(MOST_MATCHES) {
                    add(&|at| captures.get(at).map(|m| (m.start(), m.end())));
                }
            }
            RegexKind::Backtracking(regex) => {
                for captures in regex
                    .captures_iter(text)
                    .take(MOST_MATCHES)
                    .map_while(Result::ok)
                {
                    add(&|at| captures.get(at).map(|m| (m.start(), m.end())));
                }
            }
        }
        found
    }
}

fn compile_regex(expression: &str, multi_line: bool) -> Result<RegexKind, String> {
    let linear = regex::RegexBuilder::new(expression)
        .multi_line(multi_line)
        .build();
    let error = match linear {
        Ok(regex) => return Ok(RegexKind::Linear(regex)),
        Err(error) => error,
    };
    let flags = if multi_line { "(?m)" } else { "" };
    fancy_regex::RegexBuilder::new(&format!("{flags}{expression}"))
        .backtrack_limit(BACKTRACK_LIMIT)
        .build()
        .map(RegexKind::Backtracking)
        .map_err(|_| error.to_string())
}

/// An expression that a condition asks about. It is compiled when it is first needed: most scans
/// ask few of a rule set's conditions.
#[derive(Debug, Clone)]
pub struct ConditionRegex(Arc<Lazy>);

#[derive(Debug)]
struct Lazy {
    expression: String,
    compiled: OnceLock<Option<RegexKind>>,
}

impl ConditionRegex {
    /// An expression, not compiled yet.
    pub fn new(expression: &str) -> Self {
        let expression = expression.to_owned();
        ConditionRegex(Arc::new(Lazy {
            expression,
            compiled: OnceLock::new(),
        }))
    }

    /// Compiles the expression now.
    ///
    /// # Errors
    /// The engine's own words.
    pub fn check(&self) -> Result<(), String> {
        compile_regex(&self.0.expression, false).map(|_| ())
    }

    /// The expression as written.
    pub fn expression(&self) -> &str {
        &self.0.expression
    }

    fn get(&self) -> Option<&RegexKind> {
        let compile = || compile_regex(&self.0.expression, false).ok();
        self.0.compiled.get_or_init(compile).as_ref()
    }

    /// Whether the expression matches somewhere.
    pub fn is_match(&self, text: &str) -> bool {
        match self.get() {
            Some(RegexKind::Linear(regex)) => regex.is_match(text),
            Some(RegexKind::Backtracking(regex)) => regex.is_match(text).unwrap_or(false),
            None => false,
        }
    }

    /// Whether the expression matches from the first character on.
    pub fn matches_start(&self, text: &str) -> bool {
        match self.get() {
            Some(RegexKind::Linear(regex)) => regex.find(text).is_some_and(|m| m.start() == 0),
            Some(RegexKind::Backtracking(regex)) => regex
                .find(text)
                .ok()
                .flatten()
                .is_some_and(|m| m.start() == 0),
            None => false,
        }
    }
}
