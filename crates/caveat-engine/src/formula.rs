//! Formulas over patterns: conjunction, alternatives, negation, conditions, focus.
//!
//! A formula evaluates to a set of ranges with bindings, as Semgrep defines it: positives
//! intersect where their bindings agree, negations remove, conditions filter, focus narrows.
//! Evaluation is lazy and shares the matches of each pattern within one file.

use std::cell::RefCell;
use std::rc::Rc;

use caveat_parser::lang::Role;
use caveat_parser::{Code, Constant, NodeId, Span};

use crate::pattern::matcher::{Match, Matcher, Options, matches_at, same_bound, type_matches};
use crate::pattern::{Bound, Env, Mv, MvTable, Pattern};
use crate::placed::{Distinct, Placed};
use crate::rule::comparison::Value;
use crate::rule::{Comparison, Expression, Form, Predicate, Test};
use crate::text_regex::{ConditionRegex, TextRegex};
use caveat_parser::names::Root;

/// Index of a leaf in the rule set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeafId(pub u32);

/// Something that matches by itself.
#[derive(Debug, Clone)]
pub enum Leaf {
    /// Code.
    Pattern(Box<Pattern>, Options),
    /// Text.
    Regex(TextRegex),
}

/// A compiled formula.
#[derive(Debug, Clone)]
pub struct Formula {
    /// The operator.
    pub op: Op,
    /// Index into the rule's overrides, if this alternative has some.
    pub with: Option<u16>,
}

/// Operators.
#[derive(Debug, Clone)]
pub enum Op {
    /// A pattern or regular expression.
    Leaf(LeafId),
    /// One of these.
    Any(Vec<Formula>),
    /// All of these.
    All(Box<All>),
}

/// A conjunction.
#[derive(Debug, Clone, Default)]
pub struct All {
    /// What must match; the flag says whether the match lies inside it.
    pub positive: Vec<(bool, Formula)>,
    /// What must not.
    pub negative: Vec<(Negation, Formula)>,
    /// Conditions on bindings.
    pub conditions: Vec<Condition>,
    /// Metavariables to narrow to.
    pub focus: Vec<Vec<Mv>>,
}

/// How a negative part removes ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Negation {
    /// Equal ranges.
    Same,
    /// Ranges inside it.
    Inside,
    /// Ranges that contain it or lie in it (`pattern-not-regex`).
    Overlap,
}

/// A compiled condition.
#[derive(Debug, Clone)]
pub enum Condition {
    /// Text or constant value.
    Regex {
        /// Of this metavariable.
        mv: Mv,
        /// Matches this.
        regex: ConditionRegex,
        /// From its start (`re.match`).
        anchored: bool,
        /// Whether constants are looked through.
        constants: bool,
        /// Must not match.
        negated: bool,
    },
    /// A formula within the binding.
    Formula {
        /// Of this metavariable.
        mv: Mv,
        /// Matches there.
        formula: Formula,
    },
    /// An expression over several metavariables.
    Compare(Expression),
    /// One of these types, as dotted paths.
    Type {
        /// Of this metavariable.
        mv: Mv,
        /// Dotted paths.
        types: Vec<String>,
    },
    /// A native test.
    Where {
        /// Of this metavariable.
        mv: Mv,
        /// One of them holds.
        any_of: Vec<CompiledTest>,
    },
}

/// A test with its expression compiled.
#[derive(Debug, Clone)]
pub struct CompiledTest {
    /// What is asked.
    pub test: Test,
    /// The expression of `matches(..)`.
    pub regex: Option<ConditionRegex>,
}

/// A match of a formula.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// Bytes.
    pub span: Span,
    /// A node there.
    pub node: NodeId,
    /// Bindings.
    pub env: Env,
    /// Overrides of the alternatives it came through, innermost first.
    pub with: Vec<u16>,
}

/// Where a leaf may match in one file.
pub enum Candidates<'f> {
    /// Only at these nodes.
    Nodes(&'f [NodeId]),
    /// Anywhere.
    Everywhere,
}

/// Evaluates formulas over one file.
pub struct Evaluator<'f, 'a> {
    /// The file.
    pub matcher: Matcher<'f, 'a>,
    /// All leaves of the rule set.
    pub leaves: &'f [Leaf],
    /// Candidate nodes of each leaf.
    pub candidates: &'f dyn Fn(LeafId) -> Candidates<'f>,
    /// Names of the rule's metavariables.
    pub table: &'f MvTable,
    memo: &'f Memo,
}

/// Matches of leaves in one file, shared by the rules that use them.
#[derive(Default)]
pub struct Memo(RefCell<rustc_hash::FxHashMap<LeafId, Rc<Vec<Range>>>>);

impl<'f, 'a> Evaluator<'f, 'a> {
    /// An evaluator with nothing matched yet.
    pub fn new(
        matcher: Matcher<'f, 'a>,
        leaves: &'f [Leaf],
        candidates: &'f dyn Fn(LeafId) -> Candidates<'f>,
        table: &'f MvTable,
        memo: &'f Memo,
    ) -> Self {
        Evaluator {
            matcher,
            leaves,
            candidates,
            table,
            memo,
        }
    }

    /// All matches of a formula in the file.
    pub fn evaluate(&self, formula: &Formula) -> Vec<Range> {
        self.within(formula, None)
    }

    /// Whether a leaf matches anywhere.
    pub fn leaf_matches(&self, leaf: LeafId) -> bool {
        !self.leaf(leaf).is_empty()
    }

    fn within(&self, formula: &Formula, context: Option<&Range>) -> Vec<Range> {
        let mut found = match &formula.op {
            Op::Leaf(leaf) => {
                let all = self.leaf(*leaf);
                match context {
                    Some(context) => all
                        .iter()
                        .filter(|range| context.span.contains(range.span))
                        .cloned()
                        .collect(),
                    None => all.to_vec(),
                }
            }
            Op::Any(parts) => {
                let mut found = Distinct::default();
                for range in parts.iter().flat_map(|part| self.within(part, context)) {
                    found.add(range, |one, other| one.env == other.env);
                }
                found.ranges
            }
            Op::All(all) => self.all(all, context),
        };
        if let Some(with) = formula.with {
            for range in &mut found {
                range.with.push(with);
            }
        }
        found
    }

    fn leaf(&self, id: LeafId) -> Rc<Vec<Range>> {
        if let Some(known) = self.memo.0.borrow().get(&id) {
            return Rc::clone(known);
        }
        let found = Rc::new(self.find(id));
        self.memo.0.borrow_mut().insert(id, Rc::clone(&found));
        found
    }

    fn find(&self, id: LeafId) -> Vec<Range> {
        let code = self.matcher.names.code;
        match &self.leaves[id.0 as usize] {
            Leaf::Regex(regex) => regex
                .matches(code.text)
                .into_iter()
                .map(|(span, env)| Range {
                    span,
                    node: smallest(self, span),
                    env,
                    with: Vec::new(),
                })
                .collect(),
            Leaf::Pattern(pattern, options) => {
                let matcher = Matcher {
                    options: *options,
                    ..self.matcher
                };
                let mut found: Vec<Match> = Vec::new();
                match (self.candidates)(id) {
                    Candidates::Nodes(nodes) => {
                        for &node in nodes {
                            matches_at(matcher, pattern, node, &mut found);
                        }
                    }
                    Candidates::Everywhere => {
                        for node in code.arena.ids() {
                            matches_at(matcher, pattern, node, &mut found);
                        }
                    }
                }
                found
                    .into_iter()
                    .map(|m| Range {
                        span: m.span,
                        node: m.node,
                        env: m.env,
                        with: Vec::new(),
                    })
                    .collect()
            }
        }
    }

    fn all(&self, all: &All, context: Option<&Range>) -> Vec<Range> {
        let mut plain = all.positive.iter().filter(|(inside, _)| !inside);
        let insides: Vec<&Formula> = all
            .positive
            .iter()
            .filter(|(inside, _)| *inside)
            .map(|(_, f)| f)
            .collect();
        let mut found = match (plain.next(), context) {
            (Some((_, first)), _) => self.within(first, context),
            (None, Some(context)) => vec![context.clone()],
            (None, None) if insides.is_empty() => return Vec::new(),
            (None, None) => self.within(insides[0], None),
        };
        for (_, part) in plain {
            if found.is_empty() {
                return found;
            }
            found = self.intersect(&found, self.within(part, context));
        }
        for part in insides {
            if found.is_empty() {
                return found;
            }
            // What lies around may reach beyond the context.
            found = self.keep_inside(&found, self.within(part, None));
        }
        for (negation, part) in &all.negative {
            if found.is_empty() {
                return found;
            }
            let removed = Placed::new(self.within(part, None));
            found.retain(|range| {
                let near = match negation {
                    Negation::Same | Negation::Inside => removed.around(range.span),
                    Negation::Overlap => removed.nested(range.span),
                };
                !near
                    .into_iter()
                    .any(|other| self.removes(*negation, range, other))
            });
        }
        found.retain(|range| {
            all.conditions
                .iter()
                .all(|condition| self.holds(condition, range))
        });
        self.focus(found, &all.focus)
    }

    fn intersect(&self, left: &[Range], right: Vec<Range>) -> Vec<Range> {
        let right = Placed::new(right);
        let mut out = Distinct::default();
        for one in left {
            for other in right.nested(one.span) {
                let inner = if other.span.contains(one.span) {
                    one
                } else {
                    other
                };
                self.join(inner, one, other, &mut out);
            }
        }
        out.ranges
    }

    fn keep_inside(&self, found: &[Range], around: Vec<Range>) -> Vec<Range> {
        let around = Placed::new(around);
        let mut out = Distinct::default();
        for range in found {
            for outer in around.around(range.span) {
                self.join(range, range, outer, &mut out);
            }
        }
        out.ranges
    }

    /// Adds the place of `at` with the bindings of both ranges, if they agree.
    fn join(&self, at: &Range, one: &Range, other: &Range, out: &mut Distinct) {
        if !self.matcher.names.spend() {
            return;
        }
        if let Some(env) = self.merge(&one.env, &other.env) {
            let range = Range {
                env,
                with: [&one.with[..], &other.with[..]].concat(),
                ..at.clone()
            };
            out.add(range, |one, other| one == other);
        }
    }

    fn removes(&self, negation: Negation, range: &Range, other: &Range) -> bool {
        let hit = match negation {
            Negation::Same => range.span == other.span,
            Negation::Inside => other.span.contains(range.span),
            Negation::Overlap => other.span.contains(range.span) || range.span.contains(other.span),
        };
        hit && self.agrees(&range.env, &other.env)
    }

    fn agrees(&self, left: &Env, right: &Env) -> bool {
        right.iter().all(|(mv, bound)| {
            left.get(*mv)
                .is_none_or(|own| same_bound(self.matcher.names, own, bound))
        })
    }

    fn merge(&self, left: &Env, right: &Env) -> Option<Env> {
        if !self.agrees(left, right) {
            return None;
        }
        let mut merged = left.clone();
        for (mv, bound) in right.iter() {
            if merged.get(*mv).is_none() {
                merged.push(*mv, bound.clone());
            }
        }
        Some(merged)
    }

    fn focus(&self, found: Vec<Range>, focus: &[Vec<Mv>]) -> Vec<Range> {
        let mut ranges = found;
        for alternatives in focus {
            let mut narrowed = Distinct::default();
            for range in &ranges {
                for mv in alternatives {
                    let Some((span, node)) = range.env.get(*mv).map(|bound| self.place(bound))
                    else {
                        continue;
                    };
                    let narrow = Range {
                        span,
                        node,
                        ..range.clone()
                    };
                    narrowed.add(narrow, |one, other| one == other);
                }
            }
            ranges = narrowed.ranges;
        }
        ranges
    }

    /// The code that is looked at.
    pub fn code(&self) -> Code<'a> {
        self.matcher.names.code
    }

    /// Bytes of a binding and a node there.
    pub fn place(&self, bound: &Bound) -> (Span, NodeId) {
        match bound {
            Bound::Node(node) => (self.matcher.names.code.arena.span(*node), *node),
            Bound::Nodes(span) | Bound::Text(span) => (*span, smallest(self, *span)),
        }
    }

    fn text_of(&self, bound: &Bound) -> &'a str {
        self.place(bound).0.text(self.matcher.names.code.text)
    }

    // ---- conditions ----

    fn holds(&self, condition: &Condition, range: &Range) -> bool {
        match condition {
            Condition::Regex {
                mv,
                regex,
                anchored,
                constants,
                negated,
            } => {
                let Some(bound) = range.env.get(*mv) else {
                    return false;
                };
                let matched = self.regex_holds(bound, regex, *anchored, *constants);
                matched != *negated
            }
            Condition::Formula { mv, formula } => {
                let Some(bound) = range.env.get(*mv) else {
                    return false;
                };
                let (span, node) = self.place(bound);
                let context = Range {
                    span,
                    node,
                    ..range.clone()
                };
                self.within(formula, Some(&context))
                    .iter()
                    .any(|found| self.agrees(&range.env, &found.env))
            }
            Condition::Compare(expression) => self.compares(expression, range),
            Condition::Type { mv, types } => {
                let Some(bound) = range.env.get(*mv) else {
                    return false;
                };
                types.iter().any(|path| self.has_type(path, bound))
            }
            Condition::Where { mv, any_of } => {
                let Some(bound) = range.env.get(*mv) else {
                    return false;
                };
                any_of
                    .iter()
                    .any(|test| self.test(&test.test, test.regex.as_ref(), bound))
            }
        }
    }

    fn regex_holds(
        &self,
        bound: &Bound,
        regex: &ConditionRegex,
        anchored: bool,
        constants: bool,
    ) -> bool {
        let matches = |text: &str| {
            if anchored {
                regex.matches_start(text)
            } else {
                regex.is_match(text)
            }
        };
        if matches(self.text_of(bound)) {
            return true;
        }
        constants
            && self.value_of(bound).is_some_and(|value| match value {
                Constant::Str(text) | Constant::Bytes(text) => {
                    matches(&text) || matches(&format!("\"{text}\""))
                }
                Constant::Int(number) => matches(&number.to_string()),
                _ => false,
            })
    }

    /// Constant value of a binding.
    pub fn value_of(&self, bound: &Bound) -> Option<Constant> {
        match bound {
            Bound::Node(node) => self.matcher.names.constant(*node),
            Bound::Text(span) => Some(Constant::Str(
                span.text(self.matcher.names.code.text).to_owned(),
            )),
            Bound::Nodes(_) => None,
        }
    }

    fn compares(&self, expression: &Expression, range: &Range) -> bool {
        let lookup = |name: &str| {
            let mv = self.table.find(name.trim_start_matches('$'))?;
            let bound = range.env.get(mv)?;
            let constant = self.value_of(bound).and_then(comparable);
            Some(constant.unwrap_or_else(|| Value::Code(self.text_of(bound).to_owned())))
        };
        expression.eval(&lookup) == Some(true)
    }

    fn test(&self, test: &Test, regex: Option<&ConditionRegex>, bound: &Bound) -> bool {
        self.predicate(&test.predicate, regex, bound) != test.negated
    }

    fn predicate(
        &self,
        predicate: &Predicate,
        regex: Option<&ConditionRegex>,
        bound: &Bound,
    ) -> bool {
        let value = || self.value_of(bound);
        match predicate {
            Predicate::Constant => value().is_some(),
            Predicate::Form(form) => self.has_form(*form, bound),
            Predicate::Type(path) => self.has_type(path, bound),
            Predicate::Resolves(path) => self.resolves(path, bound),
            Predicate::Matches(_) => regex.is_some_and(|regex| {
                regex.is_match(self.text_of(bound))
                    || value().is_some_and(|value| value.text().is_some_and(|t| regex.is_match(t)))
            }),
            Predicate::Length(comparison, wanted) => match value() {
                Some(Constant::Str(text) | Constant::Bytes(text)) => {
                    holds(*comparison, text.chars().count() as f64, *wanted as f64)
                }
                Some(Constant::List(items)) => {
                    holds(*comparison, items.len() as f64, *wanted as f64)
                }
                _ => false,
            },
            Predicate::Entropy(comparison, wanted) => value()
                .and_then(|value| value.text().map(entropy))
                .is_some_and(|own| holds(*comparison, own, *wanted)),
            Predicate::Value(comparison, wanted) => value()
                .and_then(|value| value.number())
                .is_some_and(|own| holds(*comparison, own, *wanted)),
        }
    }

    fn has_form(&self, form: Form, bound: &Bound) -> bool {
        let Bound::Node(node) = bound else {
            return form == Form::String;
        };
        let names = self.matcher.names;
        let role = names.code.arena.role(*node);
        let constant = names.constant(*node);
        match form {
            Form::String => {
                matches!(constant, Some(Constant::Str(_) | Constant::Bytes(_)))
                    || matches!(role, Role::String | Role::ConcatenatedString)
            }
            Form::Number => matches!(constant, Some(Constant::Int(_) | Constant::Float(_))),
            Form::Boolean => matches!(constant, Some(Constant::Bool(_))),
            Form::None => matches!(constant, Some(Constant::None)),
            Form::List => {
                matches!(constant, Some(Constant::List(_)))
                    || matches!(role, Role::List | Role::Tuple | Role::Set)
            }
            Form::Dict => role == Role::Dict || matches!(constant, Some(Constant::Dict(_))),
            Form::Name => {
                matches!(
                    role,
                    Role::Identifier | Role::Attribute | Role::Scoped | Role::Generic
                )
            }
            Form::Call => matches!(role, Role::Call | Role::MacroCall),
        }
    }

    fn has_type(&self, path: &str, bound: &Bound) -> bool {
        let Bound::Node(node) = bound else {
            return path == "str";
        };
        let builtin = match self.matcher.names.constant(*node) {
            Some(Constant::Str(_)) => Some("str"),
            Some(Constant::Int(_)) => Some("int"),
            Some(Constant::Float(_)) => Some("float"),
            Some(Constant::Bool(_)) => Some("bool"),
            Some(Constant::Bytes(_)) => Some("bytes"),
            _ => None,
        };
        builtin == Some(path)
            || self.matcher.names.type_of(*node).is_some_and(|resolved| {
                let resolved = match shares_a_name(path, &resolved.path) {
                    true => self.matcher.names.linked(*node, resolved),
                    false => resolved,
                };
                let wanted: Vec<String> = segments(path).map(str::to_owned).collect();
                type_matches(&wanted, &resolved.path) || dotted_matches(path, &resolved.path)
            })
    }

    fn resolves(&self, path: &str, bound: &Bound) -> bool {
        let Bound::Node(node) = bound else {
            return false;
        };
        let Some(mut resolved) = self.matcher.names.resolve(*node) else {
            return false;
        };
        if shares_a_name(path, &resolved.path) {
            resolved = self.matcher.names.linked(*node, resolved);
        }
        let foreign = match resolved.root {
            Root::Imported | Root::Unbound => true,
            Root::Project => self.matcher.options.own_names,
            Root::Defined | Root::Local => false,
        };
        foreign && dotted_matches(path, &resolved.path)
    }
}

/// Whether a name can be the wanted one at all, so that asking other files is worth it.
fn shares_a_name(wanted: &str, path: &[&str]) -> bool {
    segments(wanted).any(|segment| segment == "*" || path.contains(&segment))
}

fn comparable(constant: Constant) -> Option<Value> {
    Some(match constant {
        Constant::Int(value) => Value::Int(i64::try_from(value).ok()?),
        Constant::Float(value) => Value::Float(value),
        Constant::Str(text) | Constant::Bytes(text) => Value::String(text),
        Constant::Bool(value) => Value::Bool(value),
        Constant::List(items) => {
            Value::List(items.into_iter().map(comparable).collect::<Option<_>>()?)
        }
        Constant::None | Constant::Dict(_) => return None,
    })
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split(['.', ':']).filter(|part| !part.is_empty())
}

/// Whether dotted `path` (with `::` or `.`, perhaps ending in `*`) is the resolved path.
fn dotted_matches(path: &str, resolved: &[&str]) -> bool {
    let wanted: Vec<&str> = segments(path).collect();
    match wanted.split_last() {
        Some((&"*", before)) => resolved.len() > before.len() && resolved.starts_with(before),
        _ => wanted == resolved,
    }
}

fn holds(comparison: Comparison, left: f64, right: f64) -> bool {
    match comparison {
        Comparison::Less => left < right,
        Comparison::LessEqual => left <= right,
        Comparison::Greater => left > right,
        Comparison::GreaterEqual => left >= right,
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
    }
}

/// Shannon entropy in bits per character.
pub fn entropy(text: &str) -> f64 {
    let mut counts = rustc_hash::FxHashMap::default();
    let mut total = 0u32;
    for character in text.chars() {
        *counts.entry(character).or_insert(0u32) += 1;
        total += 1;
    }
    counts
        .values()
        .map(|&count| {
            let share = f64::from(count) / f64::from(total);
            -share * share.log2()
        })
        .sum()
}

/// The smallest node that contains the span.
pub fn smallest(evaluator: &Evaluator<'_, '_>, span: Span) -> NodeId {
    smallest_node(evaluator.matcher.names.code.arena, span)
}

/// The smallest node of an arena that contains the span.
pub fn smallest_node(arena: &caveat_parser::Arena, span: Span) -> NodeId {
    // What contains the span begins at or before it, so that it is the last such node or an
    // ancestor of that; to go down from the root would pass by every statement of the file.
    let count = arena.nodes.partition_point(|node| node.start <= span.start);
    let last = NodeId(count.saturating_sub(1) as u32);
    std::iter::once(last)
        .chain(arena.ancestors(last))
        .find(|&id| arena.span(id).contains(span))
        .unwrap_or(NodeId::ROOT)
}
