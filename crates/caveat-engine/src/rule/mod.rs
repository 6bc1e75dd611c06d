//! The rule format: what a rule file says, as plain data.
//!
//! Two readers produce it, `native` for caveat's own files and `semgrep` for Semgrep's; one
//! compiler consumes it. Patterns are still text here, so that this module needs no grammar.

pub mod comparison;
pub mod error;
mod load;
mod native;
pub(crate) mod reader;
mod semgrep;
pub mod yaml;

use std::ops::Range;

use crate::model::{FactSet, SinkKind, SourceKind};

pub use comparison::Expression;
pub use error::RuleError;
pub use load::{Loaded, Skipped, load, load_embedded};
pub use native::schema;

/// How bad a finding is if it is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A nuisance, or a risk that needs other failures first.
    Low,
    /// A weakness worth a change.
    Medium,
    /// Exploitable in ordinary circumstances.
    High,
    /// Gives the attacker the machine or the data.
    Critical,
}

/// How often a finding of the rule is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// A place to look; hidden by default.
    Low,
    /// More often right than wrong.
    Medium,
    /// Nearly always right.
    High,
}

/// Which reader made the rule. Semgrep's files keep Semgrep's meaning where the two differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// caveat's own format.
    Native,
    /// A Semgrep rule file.
    Semgrep,
}

/// Bytes of the rule file that said something, for error messages.
pub type YamlSpan = Range<usize>;

/// One rule as its file states it.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Kebab-case name, for ever; one id serves all languages.
    pub id: String,
    /// What the rule looks for, one line, lower case.
    pub summary: String,
    /// Default severity of its findings.
    pub severity: Severity,
    /// Default confidence of its findings.
    pub confidence: Confidence,
    /// CWE numbers, most specific first.
    pub cwe: Vec<u32>,
    /// First version of caveat with the rule.
    pub since: String,
    /// Text of a finding; `$X` stands for what the metavariable matched.
    pub message: String,
    /// The danger, in one or two sentences.
    pub why: String,
    /// The way out, in a sentence.
    pub fix: String,
    /// Folder of the rule (`crypto`, `transport`, ...); empty for a user's file.
    pub family: String,
    /// Other tools' names for it, links: free pairs from `references:` and Semgrep metadata.
    pub references: Vec<String>,
    /// Whether findings in tests, examples, benches and docs are kept.
    pub in_tests: bool,
    /// Whether what a formula finds is dropped where data flow shows that the input of the call
    /// is a constant.
    pub unless_constant: bool,
    /// Files the rule applies to.
    pub paths: PathFilter,
    /// Triggers that the rule states beside those derived from its patterns.
    pub triggers: StatedTriggers,
    /// What it matches. A rule of flows alone has no formula here.
    pub body: Body,
    /// Ways that data must not go, besides what it matches.
    pub flows: Vec<Flow>,
    /// How patterns are matched.
    pub options: Options,
    /// Whose semantics hold.
    pub dialect: Dialect,
    /// The file that stated it, for messages.
    pub file: String,
    /// The rule's bytes in that file.
    pub span: YamlSpan,
}

/// Choices about matching that Semgrep files may state under `options:`; native rules have the
/// defaults. Options for languages and modes that are not read yet are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// A literal pattern matches a name known to be bound to that literal.
    pub constant_propagation: bool,
    /// A pattern matches a name bound once to an expression that matches.
    pub symbolic_propagation: bool,
    /// `a && b && c` matches in any grouping and order of `&&`, `||`, `and`, `or`.
    pub ac_matching: bool,
    /// `a and b` matches `b and a`.
    pub commutative_boolop: bool,
    /// An expression as a statement pattern also matches inside larger expressions.
    pub implicit_deep_exprstmt: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            constant_propagation: true,
            symbolic_propagation: false,
            ac_matching: true,
            commutative_boolop: false,
            implicit_deep_exprstmt: true,
        }
    }
}

/// Globs on root-relative paths. Semgrep's meaning: a glob without `/` matches any component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathFilter {
    /// If not empty, one of these must match.
    pub include: Vec<String>,
    /// None of these may match.
    pub exclude: Vec<String>,
}

/// The three ways to say what a rule matches.
#[derive(Debug, Clone)]
pub enum Body {
    /// Patterns, for one or more languages.
    Match(Vec<LanguageFormula>),
    /// Name of an analysis in Rust.
    Check(String),
}

/// A way that data must not go: from one of the origins to one of the sinks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Where it comes from. What the rule names also stands for kinds that are less certain, see
    /// [`Origin`].
    pub from: Vec<Origin>,
    /// Where it goes.
    pub to: Vec<SinkKind>,
    /// Facts of which one is enough to make it harmless; constants always are.
    pub except: FactSet,
    /// Facts that it must have, each, to count.
    pub needs: FactSet,
    /// Lower-case names of the languages.
    pub languages: Vec<String>,
    /// Other message than the rule's; `{source}` and `{sink}` stand for the two ends.
    pub message: Option<String>,
    /// Bytes of the rule file.
    pub span: YamlSpan,
}

/// A kind of source that a flow starts from, and how a finding that starts there is rated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The kind.
    pub kind: SourceKind,
    /// Severity of findings from there.
    pub severity: Severity,
    /// Confidence of findings from there, at best.
    pub confidence: Confidence,
    /// Facts that the value must have, each: numbers for `untrusted-number`.
    pub needs: FactSet,
    /// Whether it only counts when the user asks for it (`--untrusted-parameters`).
    pub on_request: bool,
}

/// A formula and the language (`python`, `rust`, `text`) its patterns are written in.
#[derive(Debug, Clone)]
pub struct LanguageFormula {
    /// Lower-case language name.
    pub language: String,
    /// What to match there.
    pub formula: Formula,
}

/// A node of the matching formula with what may be attached to it.
#[derive(Debug, Clone)]
pub struct Formula {
    /// The operator.
    pub op: Op,
    /// Bytes of the rule file, for error messages.
    pub span: YamlSpan,
    /// Overrides for findings that come through this alternative.
    pub with: Overrides,
}

/// What one alternative of a rule may say differently from the rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Other severity.
    pub severity: Option<Severity>,
    /// Other confidence.
    pub confidence: Option<Confidence>,
    /// Other message.
    pub message: Option<String>,
    /// Code that replaces the matched span, metavariables filled in. Native `rewrite:`,
    /// Semgrep `fix:`.
    pub rewrite: Option<String>,
    /// Code that replaces parts of the match: of a metavariable (`$X`), or the value of a keyword
    /// argument of the matched call (`verify=`, `$KEY=`). Native `rewrite:` with a mapping.
    pub rewrite_parts: Vec<(String, String)>,
    /// Whether the rewrite is offered only, not applied by `--fix` (native `rewrite-unsafe: true`).
    pub rewrite_unsafe: bool,
    /// A replacement inside the matched text in place of `rewrite`; Semgrep `fix-regex:`.
    pub rewrite_regex: Option<RegexRewrite>,
}

/// Replaces what an expression matches within the matched code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexRewrite {
    /// The expression.
    pub regex: String,
    /// The replacement, with groups as `\\1`.
    pub replacement: String,
    /// How many matches are replaced; `None` is all.
    pub count: Option<usize>,
}

/// Operators of a formula.
#[derive(Debug, Clone)]
pub enum Op {
    /// Code with placeholders.
    Pattern(String),
    /// A regular expression over the text of the file; named groups bind `$NAME`, numbered
    /// groups `$1`, `$2`...
    Regex(String),
    /// All parts hold: positives intersect with agreeing bindings, then negations, conditions,
    /// and focus last.
    All(All),
    /// One part holds.
    Any(Vec<Formula>),
    /// Only as a part of `All`: removes equal spans.
    Not(Box<Formula>),
    /// Only as a part of `All`: removes spans that lie inside a match of the expression, or that
    /// hold one.
    NotRegex(String),
    /// As a part of `All`: the match lies inside. In Semgrep files it may also be an alternative
    /// of an `Any`, or the only positive of an `All`, which then matches those spans themselves.
    Inside(Box<Formula>),
    /// Only as a part of `All`: the match does not lie inside.
    NotInside(Box<Formula>),
}

/// The parts of a conjunction. Without a positive part, which only a condition on a metavariable
/// may state, the whole content of the metavariable is what the others restrict.
#[derive(Debug, Clone, Default)]
pub struct All {
    /// Positive and negative parts, in the order written.
    pub parts: Vec<Formula>,
    /// Conditions on metavariables.
    pub conditions: Vec<Condition>,
    /// Metavariables (`$X`) that narrow the finding; several alternatives inside one entry, all
    /// entries apply.
    pub focus: Vec<Vec<String>>,
}

/// A condition on bound metavariables.
#[derive(Debug, Clone)]
pub enum Condition {
    /// The metavariable's text (or its constant value) matches the expression, from its start
    /// as Python's `re.match` does in Semgrep files.
    Regex {
        /// Name with `$`.
        metavariable: String,
        /// The expression.
        regex: String,
        /// Whether a constant's value is used in place of the text.
        constants: bool,
        /// Bytes of the rule file.
        span: YamlSpan,
    },
    /// The formula matches within what the metavariable is bound to.
    Formula {
        /// Name with `$`.
        metavariable: String,
        /// What must match.
        formula: Box<Formula>,
        /// Other language to parse the content as.
        language: Option<String>,
        /// Bytes of the rule file.
        span: YamlSpan,
    },
    /// A Semgrep `metavariable-comparison`: a Python-like expression over `$X`, `int(..)`,
    /// `str(..)`, `re.match(..)`, `len(..)`, comparisons, arithmetic and `not/and/or/in`.
    Comparison {
        /// The expression; the rule's `base:` and `strip:` are already part of it.
        expression: Expression,
        /// Bytes of the rule file.
        span: YamlSpan,
    },
    /// A Semgrep `metavariable-type`: what the metavariable is bound to has one of these types.
    Type {
        /// Name with `$`.
        metavariable: String,
        /// Type expressions in the rule's language, as written.
        types: Vec<String>,
        /// Bytes of the rule file.
        span: YamlSpan,
    },
    /// A native `where:` test, such as `$X: not constant`.
    Where {
        /// Name with `$`.
        metavariable: String,
        /// The tests; one of them must hold.
        any_of: Vec<Test>,
        /// Bytes of the rule file.
        span: YamlSpan,
    },
}

/// One test of a native `where:`.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// Whether `not` stood before it.
    pub negated: bool,
    /// What is asked.
    pub predicate: Predicate,
}

/// What a native `where:` may ask of a metavariable.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// `constant`: a literal, or built from literals only, after propagation.
    Constant,
    /// `string`, `number`, ...: the form of the expression after propagation.
    Form(Form),
    /// `type(a.b.C)`: constructed or declared with that type (resolved dotted path; `::` in the
    /// file is `.` here, in `Resolves` too).
    Type(String),
    /// `resolves(a.b.c)`: the name resolves to the dotted path; `a.b.*` for anything below.
    Resolves(String),
    /// `matches(re)`: text (constant value if there is one) contains a match.
    Matches(String),
    /// `len > n`: length of the constant string or collection, in characters or items.
    Length(Comparison, i64),
    /// `entropy > x`: Shannon entropy of the constant string, bits per character.
    Entropy(Comparison, f64),
    /// `value < n`: the constant number.
    Value(Comparison, f64),
}

/// Forms of expressions that a native `where:` can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `string`: a string literal of any kind.
    String,
    /// `number`: an integer or float literal, signed or not.
    Number,
    /// `boolean`: `True`, `False`, `true`, `false`.
    Boolean,
    /// `name`: an identifier or dotted path.
    Name,
    /// `call`: a call.
    Call,
    /// `list`: a list, tuple, array or `vec!` literal.
    List,
    /// `dict`: a dict literal.
    Dict,
    /// `none`: `None`.
    None,
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

/// Triggers that a rule states.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatedTriggers {
    /// Clauses that must all hold, by language; an empty name stands for every language.
    pub clauses: Vec<(String, Vec<StatedClause>)>,
}

/// What must be in the item that a rule looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatedClause {
    /// One of these words; one that begins with `~` may stand anywhere in the file. None: any.
    pub words: Vec<String>,
    /// A match of this expression in the text of the item.
    pub shape: Option<String>,
    /// A match of this expression in the text of the statement with the word.
    pub statement: Option<String>,
}

impl StatedTriggers {
    /// The clauses for a language.
    pub fn of(&self, language: &str) -> &[StatedClause] {
        let own = |(name, _): &&(String, Vec<StatedClause>)| name.is_empty() || name == language;
        self.clauses
            .iter()
            .find(own)
            .map_or(&[], |(_, clauses)| clauses)
    }
}
