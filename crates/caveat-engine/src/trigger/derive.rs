//! Triggers derived from compiled rules: what every match of a formula contains.
//!
//! Leaving a requirement out only makes a trigger weaker; stating one that a match can do without
//! loses findings. Where a literal may hide (behind an alias, a constant, a type told elsewhere)
//! the clause says so.

use caveat_parser::Constant;
use caveat_parser::lang::Role;
use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{self, Class, Hir, HirKind, Look};

use super::{Clause, Conjunction, Literal, Reach, Shape, Trigger};
use crate::formula::{All, CompiledTest, Condition, Formula, Leaf, LeafId, Op};
use crate::pattern::{Argument, KeywordName, Mv, Pat, Root, StringPart};
use crate::rule::{Predicate, StatedClause};

/// Alternatives of one trigger; beyond, parts of the formula are left out of it.
const MOST_ALTERNATIVES: usize = 64;
/// Texts of which one must occur; more say too little.
const MOST_TEXTS: usize = 32;
/// Shorter words are not looked for.
const SHORTEST_WORD: usize = 2;
/// Shorter texts that may be parts of words are not looked for.
const SHORTEST_PART: usize = 3;

/// What must be in a file for the formula to match, beside what the rule states.
pub fn trigger(formula: &Formula, leaves: &[Leaf], stated: &[Clause]) -> Trigger {
    let derived = Derivation { leaves }.of(formula);
    derived
        .into_iter()
        .map(|found| join(stated, &found.clauses))
        .collect()
}

/// Triggers that a rule states.
pub fn stated(clauses: &[StatedClause]) -> Conjunction {
    let clause = |(number, stated): (u32, &StatedClause)| {
        let anywhere = stated.words.iter().any(|word| word.starts_with('~'));
        let texts = stated.words.iter().map(|word| word.trim_start_matches('~'));
        let literals = texts.map(Literal::new).collect();
        let (shape, reach) = match (&stated.statement, &stated.shape) {
            // Numbers that no leaf has.
            (Some(statement), _) => (Some(statement), Reach::Statement(u32::MAX - number)),
            (None, shape) if anywhere => (shape.as_ref(), Reach::File),
            (None, shape) => (shape.as_ref(), Reach::Item),
        };
        Clause {
            shape: shape.map(|expression| Shape::new(expression)),
            ..Clause::new(literals, reach)
        }
    };
    (0..).zip(clauses).map(clause).collect()
}

/// A conjunction, and the expression that all matches lie in, if there is one.
struct Derived {
    clauses: Conjunction,
    expression: Option<LeafId>,
}

struct Derivation<'l> {
    leaves: &'l [Leaf],
}

impl Derivation<'_> {
    fn of(&self, formula: &Formula) -> Vec<Derived> {
        match &formula.op {
            Op::Leaf(leaf) => vec![self.of_leaf(*leaf)],
            Op::Any(parts) => parts.iter().flat_map(|part| self.of(part)).collect(),
            Op::All(all) => self.of_all(all),
        }
    }

    fn of_leaf(&self, id: LeafId) -> Derived {
        let mut clauses = Vec::new();
        let mut expression = None;
        if let Leaf::Pattern(pattern, _) = &self.leaves[id.0 as usize] {
            let mut required = Required {
                reach: Reach::Item,
                out: &mut clauses,
            };
            if is_in_one_statement(&pattern.root) {
                expression = Some(id);
                required.reach = Reach::Statement(id.0);
            }
            required.of(&pattern.root);
        }
        Derived {
            clauses,
            expression,
        }
    }

    fn of_all(&self, all: &All) -> Vec<Derived> {
        let mut parts: Vec<Vec<Derived>> = Vec::new();
        for (inside, part) in &all.positive {
            let mut derived = self.of(part);
            if *inside {
                // What lies around the match need not be in the same item.
                for found in &mut derived {
                    found.expression = None;
                    let clauses = found.clauses.iter_mut();
                    clauses.for_each(|clause| clause.reach = Reach::File);
                }
            }
            parts.push(derived);
        }
        parts.sort_by_key(Vec::len);
        let mut product = vec![Derived {
            clauses: Vec::new(),
            expression: None,
        }];
        for part in parts {
            // Too many combinations: leaving a part out only makes the trigger weaker.
            if product.len() * part.len() > MOST_ALTERNATIVES {
                continue;
            }
            product = product
                .iter()
                .flat_map(|left| part.iter().map(|right| left.and(right)))
                .collect();
        }
        for found in &mut product {
            for condition in &all.conditions {
                self.condition(condition, found);
            }
        }
        product
    }

    /// Adds what a condition on a metavariable asks for.
    fn condition(&self, condition: &Condition, found: &mut Derived) {
        let mut clauses = Vec::new();
        let Some(mv) = condition_clauses(condition, &mut clauses) else {
            return;
        };
        let binds = |leaf: &LeafId| match &self.leaves[leaf.0 as usize] {
            Leaf::Pattern(pattern, _) => pattern.root.binds(mv),
            Leaf::Regex(_) => false,
        };
        if let Some(leaf) = found.expression.filter(binds) {
            let local = clauses
                .iter_mut()
                .filter(|clause| clause.reach == Reach::Item);
            local.for_each(|clause| clause.reach = Reach::Statement(leaf.0));
        }
        found.clauses = join(&found.clauses, &clauses);
    }
}

impl Derived {
    fn and(&self, other: &Derived) -> Derived {
        Derived {
            clauses: join(&self.clauses, &other.clauses),
            expression: self.expression.or(other.expression),
        }
    }
}

/// Both conjunctions as one.
fn join(left: &[Clause], right: &[Clause]) -> Conjunction {
    let fresh = right.iter().filter(|clause| !left.contains(clause));
    left.iter().chain(fresh).cloned().collect()
}

/// Whether all code that the pattern describes stands in one statement without a body.
fn is_in_one_statement(root: &Root) -> bool {
    let Root::Node(pat) = root else { return false };
    let mut simple = true;
    pat.visit(&mut |part| simple &= is_simple(part));
    simple
}

fn is_simple(part: &Pat) -> bool {
    match part {
        Pat::Block(_) => false,
        Pat::AnyOfRole(roles) => !roles.contains(&Role::Block),
        Pat::Node { role, .. } => !matches!(
            role,
            Role::Function
                | Role::Class
                | Role::Impl
                | Role::Trait
                | Role::InnerModule
                | Role::Module
                | Role::Decorated
                | Role::Decorator
                | Role::Parameters
                | Role::Parameter
                | Role::If
                | Role::Else
                | Role::For
                | Role::While
                | Role::With
                | Role::Try
                | Role::Except
                | Role::Finally
                | Role::Match
                | Role::Case
                | Role::Struct
                | Role::Unsafe
                | Role::Block
                | Role::Other
        ),
        _ => true,
    }
}

/// What a condition needs of the file, and the metavariable it is about: a name that must resolve
/// to one of some paths needs the first and the last segment of one, or another name for it.
fn condition_clauses(condition: &Condition, clauses: &mut Conjunction) -> Option<Mv> {
    if let Condition::Regex {
        mv,
        regex,
        negated: false,
        ..
    } = condition
    {
        text_clause(&[regex.expression()], clauses);
        return Some(*mv);
    }
    let Condition::Where { mv, any_of } = condition else {
        return None;
    };
    let expression = |test: &CompiledTest| match &test.test.predicate {
        Predicate::Matches(text) if !test.test.negated => Some(text.clone()),
        _ => None,
    };
    if let Some(texts) = any_of.iter().map(expression).collect::<Option<Vec<_>>>() {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        text_clause(&texts, clauses);
        return Some(*mv);
    }
    let mut first: Vec<Literal> = Vec::new();
    let mut last: Vec<Literal> = Vec::new();
    for test in any_of {
        let Predicate::Resolves(path) = &test.test.predicate else {
            return None;
        };
        let mut segments = path.split(['.', ':']).filter(|part| !part.is_empty());
        let head = segments.next()?;
        let tail = segments.next_back().unwrap_or(head);
        if test.test.negated {
            return None;
        }
        first.extend(is_telling(head).then(|| Literal::new(head)));
        last.extend((is_telling(tail) && tail != "*").then(|| Literal::new(tail)));
    }
    for any in [first, last] {
        if any.len() == any_of.len() {
            push(Clause::new(any, Reach::Item), clauses);
        }
    }
    Some(*mv)
}

/// What an expression over a metavariable needs: its text, or that of a constant, holds it.
fn text_clause(expressions: &[&str], clauses: &mut Conjunction) {
    let texts = expressions.iter().map(|own| texts_of(own));
    if let Some(any) = texts.collect::<Option<Vec<_>>>() {
        let clause = Clause {
            shape: shape_of(expressions),
            ..Clause::new(any.concat(), Reach::Item)
        };
        push(clause, clauses);
    }
}

/// What a text that holds a match of one of the expressions matches itself: the expressions
/// without anchors. `None` where the literals say as much.
fn shape_of(expressions: &[&str]) -> Option<Shape> {
    let mut parts: Vec<String> = Vec::new();
    for expression in expressions {
        let hir = regex_syntax::parse(expression).ok()?;
        if whole_texts(&hir).is_some() {
            return None;
        }
        parts.push(without_anchors(&hir)?.to_string());
    }
    Some(Shape::new(&parts.join("|")))
}

/// As the expression, but it also matches where no line or text begins or ends.
fn without_anchors(hir: &Hir) -> Option<Hir> {
    Some(match hir.kind() {
        HirKind::Look(Look::WordAscii | Look::WordUnicode) => hir.clone(),
        HirKind::Look(_) => Hir::empty(),
        HirKind::Capture(capture) => without_anchors(&capture.sub)?,
        HirKind::Repetition(repetition) => {
            let mut repetition = repetition.clone();
            repetition.sub = Box::new(without_anchors(&repetition.sub)?);
            Hir::repetition(repetition)
        }
        HirKind::Concat(parts) => {
            Hir::concat(parts.iter().map(without_anchors).collect::<Option<_>>()?)
        }
        HirKind::Alternation(parts) => {
            Hir::alternation(parts.iter().map(without_anchors).collect::<Option<_>>()?)
        }
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
    })
}

/// Collects what every match of a pattern contains.
struct Required<'o> {
    /// How near to the match what a pattern spells must be.
    reach: Reach,
    out: &'o mut Conjunction,
}

impl Required<'_> {
    fn of(&mut self, root: &Root) {
        match root {
            Root::Node(pat) => self.pat(pat),
            Root::Sequence(pats) => pats.iter().for_each(|pat| self.pat(pat)),
        }
    }

    fn pat(&mut self, pat: &Pat) {
        match pat {
            Pat::Name(path) => {
                // An import may hide all but the last: `from os import path`.
                path.iter().for_each(|segment| self.word(segment));
            }
            Pat::Word(word) => self.word(word),
            // A type may be told elsewhere in the file, in a signature or an import.
            Pat::Typed { path, .. } => path.iter().for_each(|segment| self.in_file(segment)),
            Pat::Attribute { object, name } => {
                self.pat(object);
                if let KeywordName::Text(name) = name {
                    self.word(name);
                }
            }
            Pat::Chain(inner) | Pat::Deep(inner) => self.pat(inner),
            Pat::Call {
                callee, arguments, ..
            } => {
                self.pat(callee);
                self.arguments(arguments);
            }
            Pat::Arguments(arguments) => self.arguments(arguments),
            Pat::Block(pats) => pats.iter().for_each(|pat| self.pat(pat)),
            Pat::Node { role, groups, .. } => {
                if *role == Role::Finally {
                    self.word("finally");
                }
                let pats = groups.iter().flat_map(|(_, pats)| pats);
                pats.for_each(|pat| self.pat(pat));
            }
            Pat::Import(paths) => {
                let segments = paths.iter().flatten();
                segments.for_each(|segment| self.in_file(segment));
            }
            Pat::Literal(Constant::Str(text) | Constant::Bytes(text)) => self.content(text),
            Pat::StringRegex(regex) => {
                if let Some(any) = texts_of(regex.as_str()) {
                    push(Clause::new(any, self.reach), self.out);
                }
            }
            Pat::Formatted(parts) => {
                for part in parts {
                    if let StringPart::Hole(pat) = part {
                        self.pat(pat);
                    }
                }
            }
            Pat::Leaf { text, .. } => self.operator(text),
            _ => {}
        }
    }

    fn arguments(&mut self, arguments: &[Argument]) {
        for argument in arguments {
            match argument {
                Argument::Positional(pat) => self.pat(pat),
                Argument::Keyword(name, pat) => {
                    if let KeywordName::Text(name) = name
                        && name.len() >= SHORTEST_WORD
                    {
                        self.spelled(Literal::new(name));
                    }
                    self.pat(pat);
                }
                Argument::Dots | Argument::MetaDots(_) => {}
            }
        }
    }

    fn word(&mut self, text: &str) {
        if is_telling(text) {
            push(Clause::new(vec![Literal::new(text)], self.reach), self.out);
        }
    }

    fn in_file(&mut self, text: &str) {
        if is_telling(text) {
            push(Clause::new(vec![Literal::new(text)], Reach::File), self.out);
        }
    }

    /// Comparisons; other operators are in nearly every statement.
    fn operator(&mut self, text: &str) {
        if matches!(text, "==" | "!=" | "<=" | ">=" | "<<" | ">>") {
            self.spelled(Literal::part(text));
        }
    }

    fn spelled(&mut self, literal: Literal) {
        let clause = Clause {
            spelled: true,
            ..Clause::new(vec![literal], self.reach)
        };
        push(clause, self.out);
    }

    /// The content of a string, where it is written in source as it reads.
    fn content(&mut self, text: &str) {
        if is_plain(text) && !text.contains(['"', '\'', '$', '{', '}']) {
            push(Clause::new(vec![Literal::part(text)], self.reach), self.out);
        }
    }
}

fn is_telling(word: &str) -> bool {
    word.len() >= SHORTEST_WORD && !matches!(word, "self" | "Self" | "cls")
}

fn push(clause: Clause, out: &mut Conjunction) {
    if !out.contains(&clause) {
        out.push(clause);
    }
}

/// Whether source code spells the text as it is.
fn is_plain(text: &str) -> bool {
    text.len() >= SHORTEST_PART && is_spelled_so(text)
}

fn is_spelled_so(text: &str) -> bool {
    !text.contains('\\')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

/// Texts of which one is in everything that the expression matches; `None` if that is not known.
pub(crate) fn texts_of(expression: &str) -> Option<Vec<Literal>> {
    let hir = regex_syntax::parse(expression).ok()?;
    if let Some(all) = whole_texts(&hir) {
        return Some(all);
    }
    let found = required_texts(&hir)?;
    let good = found.len() <= MOST_TEXTS && found.iter().all(|literal| is_plain(&literal.text));
    good.then_some(found)
}

/// All texts that an expression matches, if they are few and it is anchored at both ends. What
/// matches is a complete expression or string, so that no identifier goes on around it.
fn whole_texts(hir: &Hir) -> Option<Vec<Literal>> {
    let properties = hir.properties();
    let anchored = properties.look_set_prefix().contains(Look::Start)
        && properties.look_set_suffix().contains(Look::End);
    let looks = properties.look_set();
    if !anchored || looks.len() > 2 {
        return None;
    }
    let mut extractor = Extractor::new();
    extractor
        .limit_class(4)
        .limit_repeat(2)
        .limit_total(MOST_TEXTS);
    let found = extractor.extract(hir);
    let literals = found.literals().filter(|_| found.is_exact())?;
    let text = |own: &hir::literal::Literal| String::from_utf8(own.as_bytes().to_vec()).ok();
    let texts: Vec<String> = literals.iter().map(text).collect::<Option<_>>()?;
    let good = |text: &String| text.len() >= SHORTEST_WORD && is_spelled_so(text);
    (!texts.is_empty() && texts.iter().all(good))
        .then(|| texts.iter().map(|text| Literal::new(text)).collect())
}

/// As [`texts_of`]: the best choice among the parts of a concatenation.
fn required_texts(hir: &Hir) -> Option<Vec<Literal>> {
    match hir.kind() {
        HirKind::Literal(_) | HirKind::Class(_) => {
            let (text, any_case) = spelled(hir)?;
            Some(vec![Literal {
                any_case,
                ..Literal::part(&text)
            }])
        }
        HirKind::Capture(capture) => required_texts(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required_texts(&repetition.sub),
        HirKind::Alternation(parts) => {
            let texts: Option<Vec<Vec<Literal>>> = parts.iter().map(required_texts).collect();
            Some(texts?.concat())
        }
        HirKind::Concat(parts) => {
            let mut runs: Vec<Vec<Literal>> = parts.iter().filter_map(required_texts).collect();
            let mut run: Option<(String, bool)> = None;
            for part in parts {
                match (spelled(part), run.as_mut()) {
                    (Some((text, any_case)), Some(run)) => {
                        run.0.push_str(&text);
                        run.1 |= any_case;
                    }
                    (Some(first), None) => run = Some(first),
                    (None, _) => runs.extend(run.take().map(as_clause)),
                }
            }
            runs.extend(run.map(as_clause));
            runs.into_iter()
                .max_by_key(|clause| clause.iter().map(|l| l.text.len()).min())
        }
        _ => None,
    }
}

fn as_clause((text, any_case): (String, bool)) -> Vec<Literal> {
    vec![Literal {
        any_case,
        ..Literal::part(&text)
    }]
}

/// A literal, or a class that is one letter in both cases; the flag says which.
fn spelled(hir: &Hir) -> Option<(String, bool)> {
    match hir.kind() {
        HirKind::Literal(literal) => Some((String::from_utf8(literal.0.to_vec()).ok()?, false)),
        HirKind::Class(Class::Unicode(class)) => {
            let letters: Vec<char> = class
                .ranges()
                .iter()
                .flat_map(|range| (range.start()..=range.end()).take(3))
                .filter(char::is_ascii)
                .collect();
            let first = letters.first()?.to_ascii_lowercase();
            let same = letters
                .iter()
                .all(|letter| letter.to_ascii_lowercase() == first);
            (letters.len() == 2 && same).then(|| (first.to_string(), true))
        }
        _ => None,
    }
}
