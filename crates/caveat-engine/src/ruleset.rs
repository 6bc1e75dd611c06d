//! From rule files to something that runs: patterns compiled, names and kinds indexed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use caveat_parser::Parsers;
use caveat_parser::lang::{Language, Role};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use rustc_hash::FxHashMap;

use crate::checks::{self, Check};
use crate::config::{self, Analysis};
use crate::formula::{All, CompiledTest, Condition, Formula, Leaf, LeafId, Negation, Op};
use crate::pattern::matcher::Options;
use crate::pattern::{self, KeywordName, MvTable, Pat, Pattern, Root};
use crate::rule::{self, Body, Dialect, Overrides, Predicate, Rule, RuleError};
use crate::text_regex::{ConditionRegex, TextRegex};
use crate::trigger::{
    Clause, Conjunction, Guard, Literal, Reach, Triggers, TriggersBuilder, derive,
};

/// All rules of a scan, ready to run.
pub struct RuleSet {
    /// What the files say, in order of id.
    pub rules: Vec<Rule>,
    /// What runs on the files of each language, by [`Language::index`].
    languages: Vec<OnceLock<LanguageRules>>,
}

/// What runs on the files of one language.
pub struct LanguageRules {
    /// Formulas and checks.
    pub programs: Vec<Program>,
    /// Literals that decide which programs run on a file, in the order of the programs.
    pub triggers: Triggers,
    /// Where leaves can match.
    pub index: Index,
    /// Leaves of all formulas.
    pub leaves: Vec<Leaf>,
}

/// A rule's formula or check for one language.
#[derive(Clone)]
pub struct Program {
    /// Index into [`RuleSet::rules`].
    pub rule: u32,
    /// Whether it needs a tree; formulas over text and analyses of configuration do not.
    pub needs_tree: bool,
    /// What to run.
    pub body: ProgramBody,
    /// Names of metavariables.
    pub table: MvTable,
    /// Overrides that alternatives name by index.
    pub overrides: Vec<Overrides>,
    /// Leaves of which one must match for the formula to match. Empty: unknown.
    pub anchors: Vec<LeafId>,
    /// All leaves of the formula.
    pub leaves: Vec<LeafId>,
    /// Files it applies to.
    pub paths: Paths,
    /// Whether what it finds in tests, examples and documents is kept.
    pub in_tests: bool,
    /// Whether it looks across the items of a file, so that all of it must be parsed.
    pub whole_file: bool,
    /// Whether it looks at runs of statements or compound ones, so that the statements at the top
    /// of a file are parsed together or not at all.
    pub needs_module: bool,
    /// A quick look at the text of an item, see [`Check::glance`].
    pub glance: Option<fn(&str) -> bool>,
    /// Whether it asks for types or class bodies, which other members of the class may tell.
    pub needs_class: bool,
}

impl Program {
    fn new(rule: u32, body: ProgramBody, paths: Paths, in_tests: bool) -> Self {
        Program {
            rule,
            needs_tree: false,
            body,
            table: MvTable::default(),
            overrides: Vec::new(),
            anchors: Vec::new(),
            leaves: Vec::new(),
            paths,
            in_tests,
            whole_file: false,
            needs_module: false,
            needs_class: false,
            glance: None,
        }
    }
}

/// What a program runs.
#[derive(Clone)]
pub enum ProgramBody {
    /// A formula.
    Match(Arc<Formula>),
    /// An analysis in Rust.
    Check(&'static Check),
    /// An analysis of configuration, markup or scripts.
    Text(&'static Analysis),
}

/// Compiled globs of a rule.
#[derive(Debug, Default, Clone)]
pub struct Paths {
    include: Option<GlobSet>,
    exclude: Option<GlobSet>,
}

impl Paths {
    /// Whether the rule applies to the root-relative path.
    pub fn allow(&self, path: &str) -> bool {
        self.include
            .as_ref()
            .is_none_or(|globs| globs.is_match(path))
            && !self
                .exclude
                .as_ref()
                .is_some_and(|globs| globs.is_match(path))
    }

    /// Whether the rule names the files it wants.
    pub fn are_stated(&self) -> bool {
        self.include.is_some()
    }
}

/// Where the leaves of one language can match.
#[derive(Debug, Default)]
pub struct Index {
    /// By the last segment of the callee.
    pub calls: FxHashMap<String, Vec<LeafId>>,
    /// By the last segment of a name.
    pub names: FxHashMap<String, Vec<LeafId>>,
    /// By the grammar's kind.
    pub kinds: FxHashMap<u16, Vec<LeafId>>,
    /// By role.
    pub roles: FxHashMap<Role, Vec<LeafId>>,
    /// At any node.
    pub anywhere: Vec<LeafId>,
}

/// Where one leaf can match.
#[derive(Debug, Clone, PartialEq)]
enum Key {
    Call(String),
    Name(String),
    Kind(u16),
    Roles(Vec<Role>),
    Anywhere,
}

impl RuleSet {
    /// Compiles rules.
    ///
    /// Returns the set and the mistakes; a rule with mistakes is left out.
    pub fn compile(rules: Vec<Rule>) -> (RuleSet, Vec<RuleError>) {
        let set = RuleSet::deferred(rules);
        let mut errors: Vec<RuleError> = Vec::new();
        for language in Language::all() {
            let (compiled, mistakes) = Builder::new(language).compile(&set.rules);
            set.languages[language.index()].get_or_init(|| compiled);
            // Some mistakes are met in every language.
            for mistake in mistakes {
                if !errors.contains(&mistake) {
                    errors.push(mistake);
                }
            }
        }
        (set, errors)
    }

    /// A set of rules that are known to be right. What runs on the files of a language is compiled
    /// when the first of them comes: a scan of one language does not pay for the others.
    pub fn deferred(mut rules: Vec<Rule>) -> RuleSet {
        rules.sort_by(|left, right| left.id.cmp(&right.id));
        RuleSet {
            rules,
            languages: Language::all().map(|_| OnceLock::new()).collect(),
        }
    }

    /// What runs on the files of a language.
    pub fn language(&self, language: Language) -> &LanguageRules {
        self.languages[language.index()].get_or_init(|| {
            let (compiled, mistakes) = Builder::new(language).compile(&self.rules);
            debug_assert!(mistakes.is_empty(), "{mistakes:?}");
            compiled
        })
    }

    /// The rule behind an index.
    pub fn rule(&self, index: u32) -> &Rule {
        &self.rules[index as usize]
    }
}

/// Compiles what runs on the files of one language.
struct Builder {
    language: Language,
    parsers: Parsers,
    expressions: RefCell<derive::Expressions>,
    leaves: Vec<Leaf>,
    keys: Vec<(Language, Key)>,
    programs: Vec<Program>,
    triggers: TriggersBuilder,
    errors: Vec<RuleError>,
}

impl Builder {
    fn new(language: Language) -> Self {
        Builder {
            language,
            parsers: Parsers::default(),
            expressions: RefCell::default(),
            leaves: Vec::new(),
            keys: Vec::new(),
            programs: Vec::new(),
            triggers: TriggersBuilder::default(),
            errors: Vec::new(),
        }
    }

    fn compile(mut self, rules: &[Rule]) -> (LanguageRules, Vec<RuleError>) {
        for (index, rule) in (0u32..).zip(rules) {
            self.rule(index, rule);
        }
        let errors = std::mem::take(&mut self.errors);
        (self.finish(), errors)
    }

    fn add(&mut self, program: Program, trigger: &[Conjunction]) {
        self.programs.push(program);
        self.triggers.add(trigger);
    }

    fn rule(&mut self, index: u32, rule: &Rule) {
        match &rule.body {
            Body::Match(formulas) => {
                for formula in formulas {
                    let Some(language) = Language::from_name(&formula.language) else {
                        self.error(
                            rule,
                            &rule.span,
                            format!("unknown language `{}`", formula.language),
                        );
                        continue;
                    };
                    // A formula over text runs on the code, too, that its paths name.
                    let in_code = language == Language::TEXT && !rule.paths.include.is_empty();
                    if language == self.language || in_code {
                        self.program(index, rule, language, &formula.formula);
                    }
                }
            }
            Body::Check(name) => match checks::find(name) {
                Some(check) => self.check(index, rule, check),
                None if config::ANALYSES
                    .iter()
                    .any(|analysis| analysis.rule == name) => {}
                // Judged once for all files, not file by file.
                None if crate::routes::judge::CHECKS.contains(&name.as_str()) => {}
                None if crate::imports::CHECKS.contains(&name.as_str()) => {}
                None if crate::integrity::CHECKS.contains(&name.as_str()) => {}
                None if crate::integrity::DIFF_CHECKS.contains(&name.as_str()) => {}
                None => self.error(rule, &rule.span, format!("there is no check `{name}`")),
            },
        }
        if rule.dialect == Dialect::Native && !rule.family.is_empty() {
            for analysis in config::ANALYSES
                .iter()
                .filter(|known| known.rule == rule.id)
            {
                self.analysis(index, rule, analysis);
            }
        }
    }

    fn analysis(&mut self, index: u32, rule: &Rule, analysis: &'static Analysis) {
        let literals = analysis
            .triggers
            .iter()
            .map(|text| match text.strip_prefix('=') {
                Some(token) => Literal {
                    guard: Guard::Token,
                    ..Literal::part(token)
                },
                None => Literal {
                    any_case: true,
                    ..Literal::part(text)
                },
            });
        let clause = Clause::new(literals.collect(), Reach::Item);
        let paths = self.paths(rule);
        let program = Program::new(index, ProgramBody::Text(analysis), paths, keeps_tests(rule));
        let in_code =
            analysis.kinds.is_empty() || analysis.kinds.iter().any(|kind| kind.may_be_code());
        if in_code || self.language == Language::TEXT {
            self.add(program, &[vec![clause]]);
        }
    }

    fn error(&mut self, rule: &Rule, span: &rule::YamlSpan, message: String) {
        self.errors.push(RuleError {
            file: rule.file.clone(),
            span: span.clone(),
            message: format!("rule `{}`: {message}", rule.id),
            help: None,
        });
    }

    fn check(&mut self, index: u32, rule: &Rule, check: &'static Check) {
        let language = self.language;
        let name = language.name();
        if !check.languages.is_empty() && !check.languages.contains(&name) {
            return;
        }
        let own = check.triggers.iter();
        let own = own.filter_map(|text| checked_literal(text, language));
        let mut clauses = derive::stated(rule.triggers.of(name));
        if clauses.is_empty() && !check.triggers.is_empty() {
            clauses.push(Clause::new(own.collect(), Reach::Item));
        }
        let paths = self.paths(rule);
        let mut program = Program::new(index, ProgramBody::Check(check), paths, keeps_tests(rule));
        program.needs_tree = language.tables().is_some();
        program.whole_file = check.whole_file.contains(&name);
        program.needs_class = check.needs_class;
        program.glance = check.glance;
        self.add(program, std::slice::from_ref(&clauses));
    }

    fn program(&mut self, index: u32, rule: &Rule, language: Language, formula: &rule::Formula) {
        let errors = self.errors.len();
        let first_leaf = self.leaves.len();
        let mut scope = Scope {
            rule,
            language,
            table: MvTable::default(),
            overrides: Vec::new(),
        };
        let compiled = self.formula(&mut scope, formula);
        if self.errors.len() > errors {
            self.leaves.truncate(first_leaf);
            self.keys.truncate(first_leaf);
            return;
        }
        // What the rule states holds beside what its patterns say.
        let stated = derive::stated(rule.triggers.of(language.name()));
        let trigger = derive::trigger(&compiled, &self.leaves, &stated, &self.expressions);
        let anchors = self.anchors(&compiled).unwrap_or_default();
        let (table, overrides) = (scope.table, scope.overrides);
        let paths = self.paths(rule);
        let leaves = &self.leaves[first_leaf..];
        let statements = leaves.iter().any(|leaf| in_leaf(leaf, &spans_statements));
        let semgrep = rule.dialect == Dialect::Semgrep;
        // Semgrep's runs of statements reach from the top of a file into its functions.
        let whole_file = semgrep && statements;
        let needs_class = asks_types(&compiled)
            || leaves
                .iter()
                .any(|leaf| has_typed(leaf) || in_leaf(leaf, &spans_class));
        let program = Program {
            rule: index,
            needs_tree: language != Language::TEXT,
            body: ProgramBody::Match(Arc::new(compiled)),
            table,
            overrides,
            anchors,
            leaves: (first_leaf..self.leaves.len())
                .map(|at| LeafId(at as u32))
                .collect(),
            whole_file,
            needs_module: statements,
            needs_class,
            glance: None,
            paths,
            in_tests: keeps_tests(rule),
        };
        self.add(program, &trigger);
    }

    fn paths(&mut self, rule: &Rule) -> Paths {
        let mut globs = |patterns: &[String]| {
            if patterns.is_empty() {
                return None;
            }
            let mut builder = GlobSetBuilder::new();
            for pattern in patterns {
                for variant in path_globs(pattern) {
                    let glob = GlobBuilder::new(&variant).literal_separator(true).build();
                    match glob {
                        Ok(glob) => {
                            builder.add(glob);
                        }
                        Err(error) => self.errors.push(RuleError {
                            file: rule.file.clone(),
                            span: rule.span.clone(),
                            message: format!("rule `{}`: {error}", rule.id),
                            help: None,
                        }),
                    }
                }
            }
            builder.build().ok()
        };
        Paths {
            include: globs(&rule.paths.include),
            exclude: globs(&rule.paths.exclude),
        }
    }

    // ---- formulas ----

    fn formula(&mut self, scope: &mut Scope<'_>, formula: &rule::Formula) -> Formula {
        let op = match &formula.op {
            rule::Op::Pattern(text) => self.pattern(scope, text, &formula.span),
            rule::Op::Regex(text) => self.regex(scope, text, &formula.span),
            rule::Op::Any(parts) => {
                Op::Any(parts.iter().map(|part| self.formula(scope, part)).collect())
            }
            rule::Op::All(all) => Op::All(Box::new(self.all(scope, all))),
            rule::Op::Not(_) | rule::Op::NotInside(_) | rule::Op::NotRegex(_) => {
                let mut all = All::default();
                self.part(scope, formula, &mut all);
                Op::All(Box::new(all))
            }
            rule::Op::Inside(inner) => return self.formula(scope, inner),
        };
        let with = (formula.with != Overrides::default()).then(|| {
            scope.overrides.push(formula.with.clone());
            (scope.overrides.len() - 1) as u16
        });
        Formula { op, with }
    }

    fn all(&mut self, scope: &mut Scope<'_>, all: &rule::All) -> All {
        let mut out = All::default();
        for part in &all.parts {
            self.part(scope, part, &mut out);
        }
        for condition in &all.conditions {
            if let Some(condition) = self.condition(scope, condition) {
                out.conditions.push(condition);
            }
        }
        out.focus = all
            .focus
            .iter()
            .map(|names| names.iter().map(|name| scope.number(name)).collect())
            .collect();
        out
    }

    fn part(&mut self, scope: &mut Scope<'_>, part: &rule::Formula, out: &mut All) {
        match &part.op {
            rule::Op::Inside(inner) => out.positive.push((true, self.formula(scope, inner))),
            rule::Op::Not(inner) => {
                out.negative
                    .push((Negation::Same, self.formula(scope, inner)));
            }
            rule::Op::NotInside(inner) => {
                out.negative
                    .push((Negation::Inside, self.formula(scope, inner)));
            }
            rule::Op::NotRegex(text) => {
                let op = self.regex(scope, text, &part.span);
                out.negative
                    .push((Negation::Overlap, Formula { op, with: None }));
            }
            // Alternatives that all lie around the match: `pattern-either` of `pattern-inside`.
            rule::Op::Any(parts)
                if parts
                    .iter()
                    .all(|part| matches!(part.op, rule::Op::Inside(_))) =>
            {
                out.positive.push((true, self.formula(scope, part)));
            }
            _ => out.positive.push((false, self.formula(scope, part))),
        }
    }

    fn pattern(&mut self, scope: &mut Scope<'_>, text: &str, span: &rule::YamlSpan) -> Op {
        let compiled = pattern::compile(text, scope.language, &mut self.parsers, &mut scope.table);
        match compiled {
            Ok(pattern) => {
                let key = key(&pattern);
                let options = Options {
                    spelling: scope.rule.dialect == Dialect::Semgrep,
                    constants: scope.rule.options.constant_propagation,
                    own_names: scope.rule.family.is_empty(),
                };
                self.leaf(
                    Leaf::Pattern(Box::new(pattern), options),
                    scope.language,
                    key,
                )
            }
            Err(error) => {
                self.error(scope.rule, span, error.to_string());
                Op::Any(Vec::new())
            }
        }
    }

    fn regex(&mut self, scope: &mut Scope<'_>, text: &str, span: &rule::YamlSpan) -> Op {
        match TextRegex::new(text, &mut scope.table, true) {
            Ok(regex) => self.leaf(Leaf::Regex(regex), scope.language, Key::Anywhere),
            Err(error) => {
                self.error(scope.rule, span, error);
                Op::Any(Vec::new())
            }
        }
    }

    fn leaf(&mut self, leaf: Leaf, language: Language, key: Key) -> Op {
        let id = LeafId(self.leaves.len() as u32);
        self.leaves.push(leaf);
        self.keys.push((language, key));
        Op::Leaf(id)
    }

    fn condition(
        &mut self,
        scope: &mut Scope<'_>,
        condition: &rule::Condition,
    ) -> Option<Condition> {
        match condition {
            rule::Condition::Regex {
                metavariable,
                regex,
                constants,
                span,
            } => Some(Condition::Regex {
                mv: scope.number(metavariable),
                regex: self.condition_regex(scope.rule, regex, span)?,
                anchored: scope.rule.dialect == Dialect::Semgrep,
                constants: *constants,
                negated: false,
            }),
            rule::Condition::Formula {
                metavariable,
                formula,
                language,
                span,
            } => {
                if let Some(language) = language
                    && language != scope.language.name()
                    && !only_regexes(formula)
                {
                    let message =
                        format!("`metavariable-pattern` in `{language}` is not supported");
                    self.error(scope.rule, span, message);
                    return None;
                }
                Some(Condition::Formula {
                    mv: scope.number(metavariable),
                    formula: self.formula(scope, formula),
                })
            }
            rule::Condition::Comparison { expression, .. } => {
                Some(Condition::Compare(expression.clone()))
            }
            rule::Condition::Type {
                metavariable,
                types,
                ..
            } => Some(Condition::Type {
                mv: scope.number(metavariable),
                types: types.clone(),
            }),
            rule::Condition::Where {
                metavariable,
                any_of,
                span,
            } => {
                let mut tests = Vec::new();
                for test in any_of {
                    let regex = match &test.predicate {
                        Predicate::Matches(text) => {
                            Some(self.condition_regex(scope.rule, text, span)?)
                        }
                        _ => None,
                    };
                    tests.push(CompiledTest {
                        test: test.clone(),
                        regex,
                    });
                }
                Some(Condition::Where {
                    mv: scope.number(metavariable),
                    any_of: tests,
                })
            }
        }
    }

    /// A user's expressions are checked at once; the built-in ones by a test.
    fn condition_regex(
        &mut self,
        rule: &Rule,
        text: &str,
        span: &rule::YamlSpan,
    ) -> Option<ConditionRegex> {
        let regex = ConditionRegex::new(text);
        match if rule.family.is_empty() {
            regex.check()
        } else {
            Ok(())
        } {
            Ok(()) => Some(regex),
            Err(error) => {
                self.error(rule, span, error);
                None
            }
        }
    }

    // ---- where leaves match ----

    /// Leaves of which at least one must match, the most selective choice; `None` if unknown.
    fn anchors(&self, formula: &Formula) -> Option<Vec<LeafId>> {
        match &formula.op {
            Op::Leaf(leaf) => Some(vec![*leaf]),
            Op::Any(parts) => {
                let mut anchors = Vec::new();
                for part in parts {
                    anchors.extend(self.anchors(part)?);
                }
                Some(anchors)
            }
            Op::All(all) => all
                .positive
                .iter()
                .filter_map(|(_, part)| self.anchors(part))
                .min_by_key(|anchors| anchors.iter().map(|leaf| self.cost(*leaf)).max()),
        }
    }

    fn cost(&self, leaf: LeafId) -> u32 {
        match &self.keys[leaf.0 as usize].1 {
            Key::Call(_) => 1,
            Key::Name(_) => 2,
            Key::Kind(_) => 10,
            Key::Roles(_) => 12,
            Key::Anywhere => 100,
        }
    }

    fn finish(self) -> LanguageRules {
        let mut index = Index::default();
        for (at, (language, key)) in self.keys.into_iter().enumerate() {
            // Expressions over the text of code are not looked for node by node.
            if language != self.language {
                continue;
            }
            let leaf = LeafId(at as u32);
            match key {
                Key::Call(name) => index.calls.entry(name).or_default().push(leaf),
                Key::Name(name) => index.names.entry(name).or_default().push(leaf),
                Key::Kind(kind) => index.kinds.entry(kind).or_default().push(leaf),
                Key::Roles(roles) => {
                    for role in roles {
                        index.roles.entry(role).or_default().push(leaf);
                    }
                }
                Key::Anywhere => index.anywhere.push(leaf),
            }
        }
        LanguageRules {
            programs: self.programs,
            triggers: self.triggers.build(),
            index,
            leaves: self.leaves,
        }
    }
}

struct Scope<'r> {
    rule: &'r Rule,
    language: Language,
    table: MvTable,
    overrides: Vec<Overrides>,
}

impl Scope<'_> {
    fn number(&mut self, metavariable: &str) -> pattern::Mv {
        self.table.number(
            metavariable
                .trim_start_matches('$')
                .trim_start_matches("..."),
        )
    }
}

/// A trigger of a check: `~x` is a part of a name of a secret in any case, `=x` a part of the name
/// of a function that is defined, `*x` any part of the text, `%x` text in any case of files with a
/// grammar, `@x` what user information follows, `#x` a word in any case of files without a grammar,
/// which have no literals to look for; anything else is a word.
fn checked_literal(text: &str, language: Language) -> Option<Literal> {
    if let Some(word) = text.strip_prefix('#') {
        return (language == Language::TEXT).then(|| Literal {
            any_case: true,
            ..Literal::new(word)
        });
    }
    if let Some(part) = text.strip_prefix('%') {
        return (language != Language::TEXT).then(|| Literal {
            any_case: true,
            ..Literal::part(part)
        });
    }
    if let Some(part) = text.strip_prefix('~') {
        let guard = match language {
            Language::TEXT => Guard::None,
            _ => Guard::SecretName,
        };
        return Some(Literal {
            any_case: true,
            guard,
            ..Literal::part(part)
        });
    }
    if let Some(part) = text.strip_prefix(['=', '*']) {
        let guard = match text.starts_with('=') {
            true => Guard::Defined,
            false => Guard::None,
        };
        return Some(Literal {
            any_case: true,
            guard,
            ..Literal::part(part)
        });
    }
    Some(match text.strip_prefix('@') {
        Some(part) => Literal {
            guard: Guard::UserInfo,
            ..Literal::part(part)
        },
        None => Literal::new(text),
    })
}

/// Native rules are quiet in tests unless they say otherwise; Semgrep knows no such thing.
fn keeps_tests(rule: &Rule) -> bool {
    rule.in_tests || rule.dialect == Dialect::Semgrep
}

fn only_regexes(formula: &rule::Formula) -> bool {
    match &formula.op {
        rule::Op::Regex(_) | rule::Op::NotRegex(_) => true,
        rule::Op::All(all) => all.parts.iter().all(only_regexes),
        rule::Op::Any(parts) => parts.iter().all(only_regexes),
        rule::Op::Not(inner) => only_regexes(inner),
        _ => false,
    }
}

/// Semgrep's path globs: without a slash they match any component, a leading slash anchors.
fn path_globs(pattern: &str) -> Vec<String> {
    let pattern = pattern.trim_end_matches('/');
    if let Some(anchored) = pattern.strip_prefix('/') {
        return vec![anchored.to_owned(), format!("{anchored}/**")];
    }
    let pattern = pattern.trim_start_matches("./");
    vec![
        pattern.to_owned(),
        format!("{pattern}/**"),
        format!("**/{pattern}"),
        format!("**/{pattern}/**"),
    ]
}

fn key(pattern: &Pattern) -> Key {
    match &pattern.root {
        Root::Node(pat) => pat_key(pat),
        Root::Sequence(_) => Key::Roles(vec![Role::Block, Role::Module]),
    }
}

fn pat_key(pat: &Pat) -> Key {
    match pat {
        Pat::Call {
            callee, is_macro, ..
        } => match &**callee {
            Pat::Name(path) => Key::Call(path[path.len() - 1].clone()),
            Pat::Attribute {
                name: KeywordName::Text(name),
                ..
            } => Key::Call(name.clone()),
            _ if *is_macro => Key::Roles(vec![Role::MacroCall]),
            _ => Key::Roles(vec![Role::Call]),
        },
        Pat::Name(path) => Key::Name(path[path.len() - 1].clone()),
        Pat::Attribute {
            name: KeywordName::Text(name),
            ..
        } => Key::Name(name.clone()),
        Pat::Attribute { .. } => Key::Roles(vec![Role::Attribute, Role::Scoped, Role::Identifier]),
        Pat::Literal(_) => Key::Roles(vec![
            Role::String,
            Role::ConcatenatedString,
            Role::Integer,
            Role::Float,
            Role::Boolean,
            Role::None,
            Role::Unary,
        ]),
        Pat::AnyString | Pat::StringRegex(_) | Pat::StringMeta(_) | Pat::Formatted(_) => {
            Key::Roles(vec![Role::String, Role::ConcatenatedString])
        }
        Pat::Import(_) => Key::Roles(vec![Role::Import, Role::ImportFrom]),
        Pat::Block(_) => Key::Roles(vec![Role::Block]),
        Pat::AnyOfRole(roles) => Key::Roles(roles.clone()),
        Pat::Node {
            role: role @ (Role::Tuple | Role::Parameter | Role::List | Role::Unary),
            ..
        } => Key::Roles(vec![*role]),
        Pat::Node { kind, .. } | Pat::Leaf { kind, .. } => Key::Kind(*kind),
        _ => Key::Anywhere,
    }
}

fn in_leaf(leaf: &Leaf, asks: &dyn Fn(&Root) -> bool) -> bool {
    matches!(leaf, Leaf::Pattern(pattern, _) if asks(&pattern.root))
}

/// Whether a pattern looks at several statements of a block, or into a compound one.
fn spans_statements(root: &Root) -> bool {
    match root {
        Root::Sequence(_) | Root::Node(Pat::Block(_)) => true,
        Root::Node(Pat::Node { role, groups, .. }) => {
            matches!(
                role,
                Role::If | Role::Try | Role::With | Role::For | Role::While | Role::InnerModule
            ) && !groups.iter().flat_map(|(_, pats)| pats).all(body_is_open)
        }
        Root::Node(_) => false,
    }
}

/// Whether a pattern looks into the body of a class or its like.
fn spans_class(root: &Root) -> bool {
    let looks_inside = |pat: &Pat| match pat {
        Pat::Node {
            role: Role::Class | Role::Impl | Role::Trait,
            groups,
            ..
        } => !groups.iter().flat_map(|(_, pats)| pats).all(body_is_open),
        _ => false,
    };
    match root {
        Root::Node(Pat::Node {
            role: Role::Decorated,
            groups,
            ..
        }) => groups.iter().flat_map(|(_, pats)| pats).any(looks_inside),
        Root::Node(pat) => looks_inside(pat),
        Root::Sequence(pats) => pats.iter().any(looks_inside),
    }
}

fn body_is_open(pat: &Pat) -> bool {
    match pat {
        Pat::Block(pats) => pats.iter().all(|pat| matches!(pat, Pat::Dots)),
        _ => true,
    }
}

fn has_typed(leaf: &Leaf) -> bool {
    let Leaf::Pattern(pattern, _) = leaf else {
        return false;
    };
    let mut found = false;
    pattern
        .root
        .visit(&mut |pat| found |= matches!(pat, Pat::Typed { .. }));
    found
}

fn asks_types(formula: &Formula) -> bool {
    match &formula.op {
        Op::Leaf(_) => false,
        Op::Any(parts) => parts.iter().any(asks_types),
        Op::All(all) => {
            let asks = |condition: &Condition| match condition {
                Condition::Type { .. } => true,
                Condition::Where { any_of, .. } => any_of
                    .iter()
                    .any(|test| matches!(test.test.predicate, Predicate::Type(_))),
                Condition::Formula { formula, .. } => asks_types(formula),
                _ => false,
            };
            all.conditions.iter().any(asks)
                || all.positive.iter().any(|(_, part)| asks_types(part))
                || all.negative.iter().any(|(_, part)| asks_types(part))
        }
    }
}

/// Rules by id, for callers that look one up.
pub fn by_id(rules: &[Rule]) -> BTreeMap<&str, u32> {
    rules
        .iter()
        .enumerate()
        .map(|(at, rule)| (rule.id.as_str(), at as u32))
        .collect()
}
