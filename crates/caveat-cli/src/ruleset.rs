//! Rules of a run: the built-in ones, or those in the user's files.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use caveat_engine::RuleSet;
use caveat_engine::rule::{self, Dialect, Loaded, Rule, RuleError};
use caveat_engine::ruleset::Program;
use caveat_engine::trigger::{NumberedClause, Reach};
use caveat_parser::Language;

use crate::args::RuleArgs;
use crate::report::RuleExamples;
use crate::selection::{self, Choice};

/// Rules as read, and those of them that run.
pub struct Rules {
    /// Every rule, in order of id; reports list them all.
    pub all: Vec<Rule>,
    /// What was chosen of them, in the same order.
    pub choices: Vec<Choice>,
    /// The rules that run, compiled.
    pub set: RuleSet,
    /// For each rule of `set` its place in `all`.
    places: Vec<u32>,
    /// Whether they are those of a user's files.
    pub custom: bool,
}

impl Rules {
    /// Place in [`Rules::all`] of a rule of the compiled set.
    pub fn place(&self, rule: u32) -> u32 {
        self.places[rule as usize]
    }

    /// What runs on files of each language, with its number there.
    pub fn programs(&self) -> impl Iterator<Item = (Language, usize, &Program)> {
        Language::all().flat_map(|language| {
            let programs = &self.set.language(language).programs;
            let numbered = programs.iter().enumerate();
            numbered.map(move |(at, program)| (language, at, program))
        })
    }

    /// The alternatives of a program's trigger in words. None: it always runs.
    pub fn trigger(&self, language: Language, program: usize) -> Vec<String> {
        let triggers = &self.set.language(language).triggers;
        let clause = |clause: &NumberedClause| {
            let words = clause
                .any
                .iter()
                .map(|&word| format!("`{}`", triggers.literal(word).text));
            let words: Vec<String> = words.collect();
            let place = match clause.reach {
                Reach::File => " in the file",
                Reach::Item | Reach::Statement(_) => "",
            };
            match words.as_slice() {
                [only] => format!("{only}{place}"),
                _ => format!("({}){place}", words.join(" or ")),
            }
        };
        let conjunction = |clauses: &[NumberedClause]| {
            clauses.iter().map(clause).collect::<Vec<_>>().join(" and ")
        };
        let alternatives: Vec<String> = triggers.alternatives(program).map(conjunction).collect();
        match alternatives.iter().any(String::is_empty) {
            true => Vec::new(),
            false => alternatives,
        }
    }

    fn text_programs(&self) -> &[Program] {
        &self.set.language(Language::TEXT).programs
    }

    /// Whether some rule reads files that have no grammar.
    pub fn want_text(&self) -> bool {
        // Manifests say which names are declared.
        !self.text_programs().is_empty() || caveat_engine::imports::is_wanted(&self.set)
    }

    /// Whether a user's rule reads this file, whatever its name suggests.
    pub fn ask_for(&self, relative: &str) -> bool {
        self.text_programs().iter().any(|program| {
            let stated = program.paths.are_stated();
            (stated || self.custom) && program.paths.allow(relative)
        })
    }

    /// Example code of each rule, in the order of [`Rules::all`].
    pub fn examples(&self) -> Vec<RuleExamples> {
        self.all.iter().map(examples).collect()
    }
}

/// Example code of a rule, from its fixtures; none for a user's rule.
pub fn examples(rule: &Rule) -> RuleExamples {
    let own = (!rule.family.is_empty()).then(|| caveat_rules::example(&rule.id));
    let Some(example) = own.flatten() else {
        return RuleExamples::default();
    };
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    RuleExamples {
        bad: some(example.bad),
        good: some(example.good),
    }
}

/// Reads, chooses and compiles the rules of a run. `warn` is told of Semgrep rules that cannot run.
///
/// # Errors
/// When a file cannot be read, a native rule is wrong, a selector names nothing, or nothing is
/// left to run.
pub fn load(args: &RuleArgs, warn: &dyn Fn(&str)) -> anyhow::Result<Rules> {
    let all = read_all(&args.rules, warn)?;
    if !args.rules.is_empty() {
        return compile(all, args, true, warn);
    }
    // The built-in rules are right, which tests see to, so most of the work can wait.
    let (choices, places) = choose(&all, args)?;
    let set = RuleSet::deferred(chosen(&all, &places));
    Ok(Rules {
        all,
        choices,
        set,
        places,
        custom: false,
    })
}

/// Reads rules without compiling them, in order of id. No paths: the built-in ones.
///
/// # Errors
/// When a file cannot be read or is wrong; the mistakes of all files are in the message.
pub fn read_all(paths: &[PathBuf], warn: &dyn Fn(&str)) -> anyhow::Result<Vec<Rule>> {
    let mut rules = Vec::new();
    let mut wrong = Vec::new();
    if paths.is_empty() {
        for (path, text) in caveat_rules::rules() {
            match rule::load_embedded(path, text) {
                Ok(rule) => rules.push(rule),
                Err(errors) => wrong.push(drawn(&errors, text)),
            }
        }
    }
    for path in paths {
        let files = rule_files(path)?;
        if files.is_empty() {
            bail!("{}: no rule files (*.yaml, *.yml)", path.display());
        }
        for file in files {
            match read(&file, warn)? {
                Ok(loaded) => rules.extend(loaded.rules),
                Err(drawing) => wrong.push(drawing),
            }
        }
    }
    if !wrong.is_empty() {
        bail!("a rule file is wrong\n{}", wrong.join("\n"));
    }
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(rules)
}

/// Chooses among rules in order of id and compiles what is left.
///
/// # Errors
/// As [`load`].
pub fn compile(
    all: Vec<Rule>,
    args: &RuleArgs,
    custom: bool,
    warn: &dyn Fn(&str),
) -> anyhow::Result<Rules> {
    let (choices, places) = choose(&all, args)?;
    let (set, errors) = RuleSet::compile(chosen(&all, &places));
    judge(&all, &errors, warn)?;
    Ok(Rules {
        all,
        choices,
        set,
        places,
        custom,
    })
}

/// What was chosen, and the numbers of the rules that run.
fn choose(all: &[Rule], args: &RuleArgs) -> anyhow::Result<(Vec<Choice>, Vec<u32>)> {
    let choices = selection::choose(all, args)?;
    let numbered = (0u32..).zip(&choices);
    let places: Vec<u32> = numbered.filter(|it| it.1.runs).map(|it| it.0).collect();
    if places.is_empty() {
        bail!("no rule is left to run");
    }
    Ok((choices, places))
}

/// The rules that run. A set sorts by id, stably: the order stays.
fn chosen(all: &[Rule], places: &[u32]) -> Vec<Rule> {
    places.iter().map(|&at| all[at as usize].clone()).collect()
}

/// Mistakes in Semgrep rules cost those rules, mistakes in native ones the run.
fn judge(all: &[Rule], errors: &[RuleError], warn: &dyn Fn(&str)) -> anyhow::Result<()> {
    let is_native = |error: &&RuleError| {
        let mut rules = all.iter();
        rules.any(|rule| rule.file == error.file && rule.dialect == Dialect::Native)
    };
    let (native, foreign): (Vec<&RuleError>, Vec<&RuleError>) = errors.iter().partition(is_native);
    for error in foreign {
        warn(&error.to_string());
    }
    if native.is_empty() {
        return Ok(());
    }
    let text = |file: &str| {
        let embedded = caveat_rules::rules().find(|(path, _)| *path == file);
        embedded.map(|(_, text)| text.to_owned())
    };
    let drawings: Vec<String> = native
        .into_iter()
        .map(|error| {
            let text = text(&error.file).or_else(|| std::fs::read_to_string(&error.file).ok());
            match text {
                Some(text) => error.render(&text, false),
                None => error.to_string(),
            }
        })
        .collect();
    bail!("a rule is wrong\n{}", drawings.join("\n"))
}

fn drawn(errors: &[RuleError], text: &str) -> String {
    let drawn = errors.iter().map(|error| error.render(text, false));
    drawn.collect::<Vec<_>>().join("\n")
}

/// What a file gave, or its mistakes as a drawing.
fn read(file: &Path, warn: &dyn Fn(&str)) -> anyhow::Result<Result<Loaded, String>> {
    let context = || format!("cannot read {}", file.display());
    let bytes = std::fs::read(file).with_context(context)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| anyhow::anyhow!("{}: not valid UTF-8", file.display()))?;
    let name = file.display().to_string();
    match rule::load(&name, &text) {
        Ok(loaded) => {
            for skipped in &loaded.skipped {
                warn(&format!(
                    "{name}: rule `{}`: {}",
                    skipped.rule_id, skipped.reason
                ));
            }
            Ok(Ok(loaded))
        }
        Err(errors) => Ok(Err(drawn(&errors, &text))),
    }
}

/// Rule files at or below a path, sorted.
fn rule_files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let kind =
        std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if !kind.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let walk = ignore::WalkBuilder::new(path)
        .standard_filters(false)
        .build();
    for entry in walk {
        let entry = entry?;
        let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
        if is_file && is_rule_file(entry.path()) {
            files.push(entry.into_path());
        }
    }
    files.sort();
    Ok(files)
}

/// YAML, but neither a test of a Semgrep rule nor a model of a library.
pub fn is_rule_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml");
    is_yaml && !name.contains(".test.") && !path.iter().any(|part| part == "models")
}
