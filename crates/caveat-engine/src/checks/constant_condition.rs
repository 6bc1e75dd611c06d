//! Conditions that come out the same whatever the program does.

use caveat_parser::lang::{Field, Role};
use caveat_parser::names::Binding;
use caveat_parser::{Code, Constant, Names, NodeId};

use super::{Check, FileView, Hit, tree};
use crate::finding::{Edit, Fix};
use crate::rule::{Confidence, Severity};

/// Reports tests that are always true or always false, and comparisons whose result is dropped.
pub static CHECK: Check = Check {
    name: "constant-condition",
    languages: &["python", "rust"],
    // The rule's file states a narrower trigger.
    triggers: &[
        "or", "and", "is", "assert", "==", "!=", "if", "while", "<", ">",
    ],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run,
};

/// Unsigned integer types of Rust.
const UNSIGNED: &[&str] = &["u8", "u16", "u32", "u64", "u128", "usize"];

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let is_python = names.code.arena.language.name() == "python";
    for id in names.code.arena.ids() {
        let verdict = match is_python {
            true => python(names, id),
            false => rust(names, id),
        };
        if let Some(verdict) = verdict {
            hits.push(Hit {
                severity: Some(verdict.severity),
                confidence: Some(verdict.confidence),
                fix: verdict.fix,
                ..Hit::at_node(view, verdict.at).word("WHAT", verdict.what)
            });
        }
    }
}

struct Verdict {
    at: NodeId,
    what: String,
    severity: Severity,
    confidence: Confidence,
    fix: Option<Fix>,
}

impl Verdict {
    fn new(
        at: NodeId,
        what: impl Into<String>,
        severity: Severity,
        confidence: Confidence,
    ) -> Self {
        Verdict {
            at,
            what: what.into(),
            severity,
            confidence,
            fix: None,
        }
    }
}

fn python(names: &Names<'_>, id: NodeId) -> Option<Verdict> {
    match names.code.arena.role(id) {
        Role::BooleanOperator => truthy_alternative(names, id).or_else(|| contradiction(names, id)),
        Role::Comparison => identity_of_literal(names, id).or_else(|| without_effect(names, id)),
        Role::Assert | Role::If | Role::While | Role::Conditional => tuple_tested(names, id),
        _ => None,
    }
}

fn rust(names: &Names<'_>, id: NodeId) -> Option<Verdict> {
    if names.code.arena.role(id) != Role::Binary {
        return None;
    }
    contradiction(names, id).or_else(|| unsigned_against_zero(names, id))
}

/// Whether an expression's truth decides something: directly, or under `and`, `or`, `not`.
fn is_test(code: Code<'_>, id: NodeId) -> bool {
    let arena = code.arena;
    let mut at = id;
    while let Some(parent) = arena.parent(at) {
        match arena.role(parent) {
            Role::BooleanOperator | Role::Not => at = parent,
            Role::If | Role::While => return arena.node(at).field == Field::Condition,
            Role::Assert => return arena.children(parent).next() == Some(at),
            Role::Conditional => return arena.children(parent).nth(1) == Some(at),
            Role::Other => return arena.kind_name(parent) == "if_clause",
            _ => return false,
        }
    }
    false
}

/// `x == "a" or "b"`, `x or True`.
fn truthy_alternative(names: &Names<'_>, id: NodeId) -> Option<Verdict> {
    let code = names.code;
    let arena = code.arena;
    let operator = operator(code, id)?;
    let (left, right) = (
        arena.field(id, Field::Left)?,
        arena.field(id, Field::Right)?,
    );
    if operator != "or" || !is_test(code, id) {
        return None;
    }
    let value = names.literal(right)?;
    let compares =
        arena.role(left) == Role::Comparison || arena.role(left) == Role::BooleanOperator;
    match value {
        Constant::Str(text) | Constant::Bytes(text) if compares && !text.is_empty() => {}
        Constant::Int(number) if compares && number != 0 && number != 1 => {}
        Constant::Bool(true) => {
            let what = "this condition is always true, for `True` is one of its alternatives";
            return Some(Verdict::new(id, what, Severity::Medium, Confidence::Medium));
        }
        _ => return None,
    }
    let what = format!(
        "this condition is always true: `{}` alone is an alternative",
        code.text_of(right)
    );
    Some(Verdict::new(id, what, Severity::Medium, Confidence::High))
}

fn operator<'a>(code: Code<'a>, id: NodeId) -> Option<&'a str> {
    let arena = code.arena;
    arena
        .field(id, Field::Operator)
        .map(|token| code.text_of(token))
}

/// `x != 1 or x != 2`, `x == 1 and x == 2`.
fn contradiction(names: &Names<'_>, id: NodeId) -> Option<Verdict> {
    let code = names.code;
    let arena = code.arena;
    let (wanted, always) = match operator(code, id)? {
        "or" | "||" => ("!=", "true"),
        "and" | "&&" => ("==", "false"),
        _ => return None,
    };
    let left = comparison(names, arena.field(id, Field::Left)?)?;
    let right = comparison(names, arena.field(id, Field::Right)?)?;
    if left.operator != wanted || right.operator != wanted {
        return None;
    }
    let same = code.text_of(left.subject) == code.text_of(right.subject);
    (same && left.value != right.value && is_stable(code, left.subject)).then(|| {
        let what = format!(
            "this condition is always {always}: `{}` cannot have both values",
            code.text_of(left.subject)
        );
        Verdict::new(id, what, Severity::Medium, Confidence::High)
    })
}

struct Comparison<'a> {
    subject: NodeId,
    operator: &'a str,
    value: Constant,
}

/// `subject == literal`.
fn comparison<'a>(names: &Names<'a>, id: NodeId) -> Option<Comparison<'a>> {
    let code = names.code;
    let arena = code.arena;
    if !matches!(arena.role(id), Role::Comparison | Role::Binary) {
        return None;
    }
    let parts: Vec<NodeId> = arena.children(id).collect();
    let [subject, token, value] = parts.as_slice() else {
        return None;
    };
    Some(Comparison {
        subject: *subject,
        operator: code.text_of(*token),
        value: names.literal(*value)?,
    })
}

/// Names, attributes and subscripts: the same each time they are read in one condition.
fn is_stable(code: Code<'_>, subject: NodeId) -> bool {
    code.arena.subtree(subject).all(|id| {
        !matches!(
            code.arena.role(id),
            Role::Call | Role::MacroCall | Role::Await | Role::NamedExpression
        )
    })
}

/// `x is "lit"`.
fn identity_of_literal(names: &Names<'_>, id: NodeId) -> Option<Verdict> {
    let code = names.code;
    let arena = code.arena;
    let parts: Vec<NodeId> = arena.children(id).collect();
    let [left, token, right] = parts.as_slice() else {
        return None;
    };
    let better = match code.text_of(*token) {
        "is" => "==",
        text if text.starts_with("is") => "!=",
        _ => return None,
    };
    let is_literal = |node: NodeId| {
        matches!(
            arena.role(node),
            Role::String
                | Role::ConcatenatedString
                | Role::Integer
                | Role::Float
                | Role::Tuple
                | Role::List
                | Role::Dict
                | Role::Set
        )
    };
    let literal = [*right, *left].into_iter().find(|&side| is_literal(side))?;
    let what = format!(
        "`{}` asks whether it is the same object as the literal `{}`, not whether it is equal",
        code.text_of(*token),
        code.text_of(literal)
    );
    let mut verdict = Verdict::new(id, what, Severity::Medium, Confidence::High);
    verdict.fix = Some(Fix {
        description: format!("compare with `{better}`"),
        edits: vec![Edit {
            span: arena.span(*token),
            text: better.to_owned(),
        }],
        safe: false,
    });
    Some(verdict)
}

/// `x == 1` as a statement.
fn without_effect(names: &Names<'_>, id: NodeId) -> Option<Verdict> {
    let code = names.code;
    let arena = code.arena;
    let parent = arena.parent(id)?;
    if !matches!(arena.role(parent), Role::Block | Role::Module) {
        return None;
    }
    if is_among_bare_expressions(code, parent, id) {
        return None;
    }
    let expects_exception = arena
        .ancestors(id)
        .any(|at| matches!(arena.role(at), Role::Try | Role::With));
    let equality = arena
        .field(id, Field::Operators)
        .is_some_and(|token| matches!(code.text_of(token), "==" | "!="));
    let confidence = match (expects_exception, equality) {
        (true, _) => Confidence::Low,
        (false, true) => Confidence::High,
        (false, false) => Confidence::Medium,
    };
    let what = "the result of this comparison is dropped";
    Some(Verdict::new(id, what, Severity::Low, confidence))
}

/// Whether the statement before or behind has no effect either: sample code, of which nothing is
/// expected to happen.
fn is_among_bare_expressions(code: Code<'_>, parent: NodeId, id: NodeId) -> bool {
    let arena = code.arena;
    let is_bare = |node: &NodeId| {
        matches!(
            arena.role(*node),
            Role::Comparison
                | Role::BooleanOperator
                | Role::Not
                | Role::Binary
                | Role::Identifier
                | Role::Attribute
        )
    };
    let before = arena.children(parent).take_while(|&child| child != id);
    let mut behind = arena.children(parent).skip_while(|&child| child != id);
    let previous = before.last();
    let next = behind.nth(1);
    [previous, next].iter().flatten().any(is_bare)
}

/// `assert (a, "message")`, `if (a,):`.
fn tuple_tested(names: &Names<'_>, id: NodeId) -> Option<Verdict> {
    let arena = names.code.arena;
    let test = match arena.role(id) {
        Role::Assert => arena.children(id).next()?,
        Role::Conditional => arena.children(id).nth(1)?,
        _ => arena.field(id, Field::Condition)?,
    };
    if arena.role(test) != Role::Tuple || arena.children(test).next().is_none() {
        return None;
    }
    let what = "this tests a tuple, which is always true";
    Some(Verdict::new(test, what, Severity::Medium, Confidence::High))
}

/// `u >= 0`, `u < 0`, `v.len() >= 0`.
fn unsigned_against_zero(names: &Names<'_>, id: NodeId) -> Option<Verdict> {
    let code = names.code;
    let arena = code.arena;
    let found = operator(code, id)?;
    let (left, right) = (
        arena.field(id, Field::Left)?,
        arena.field(id, Field::Right)?,
    );
    let zero = |node: NodeId| {
        arena.role(node) == Role::Integer && names.literal(node) == Some(Constant::Int(0))
    };
    let (subject, always) = match found {
        ">=" if zero(right) => (left, "true"),
        "<" if zero(right) => (left, "false"),
        "<=" if zero(left) => (right, "true"),
        ">" if zero(left) => (right, "false"),
        _ => return None,
    };
    is_unsigned(names, subject).then(|| {
        let what = format!(
            "this is always {always}: `{}` is never negative",
            code.text_of(subject)
        );
        Verdict::new(id, what, Severity::Medium, Confidence::High)
    })
}

fn is_unsigned(names: &Names<'_>, subject: NodeId) -> bool {
    let code = names.code;
    let arena = code.arena;
    match arena.role(subject) {
        Role::Call => tree::method(code, subject).is_some_and(|(_, name)| name == "len"),
        Role::Cast => arena
            .field(subject, Field::Type)
            .is_some_and(|kind| UNSIGNED.contains(&code.text_of(kind))),
        Role::Identifier => match names.lookup(code.text_of(subject), subject) {
            Some((Binding::Typed(kind) | Binding::TypedValue(kind, _), _)) => {
                UNSIGNED.contains(&code.text_of(*kind))
            }
            Some((Binding::Value(value), _)) => {
                tree::method(code, *value).is_some_and(|(_, name)| name == "len")
            }
            _ => false,
        },
        _ => false,
    }
}
