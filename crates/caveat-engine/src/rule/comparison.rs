//! Expressions of Semgrep's `metavariable-comparison`: a small part of Python, read when the rule
//! is loaded and evaluated for each match.
//!
//! It knows nothing of code: the caller says what a metavariable is bound to. What cannot be
//! decided (an unbound metavariable, text compared with a number, an overflow) is `None`, which
//! the caller treats as a condition that does not hold.

use std::cmp::Ordering;

use fancy_regex::Regex;

use super::Comparison;

mod parse;

/// What an expression computes with.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// The content of a string.
    String(String),
    /// A boolean.
    Bool(bool),
    /// A list or tuple.
    List(Vec<Value>),
    /// Source text of code that is no constant; `None` is also this.
    Code(String),
}

/// A parsed expression.
#[derive(Debug, Clone)]
pub struct Expression(Node);

/// The syntax tree. Its depth is bounded by the number of tokens the parser accepts.
#[derive(Debug, Clone)]
enum Node {
    Value(Value),
    Metavariable(String),
    List(Vec<Node>),
    Not(Box<Node>),
    Negative(Box<Node>),
    Inverted(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    In(Box<Node>, Box<Node>),
    Arithmetic(Arithmetic, Box<Node>, Box<Node>),
    /// The value as an integer, read in the base if it is text; `None` goes by the prefix.
    Int(Box<Node>, Option<u32>),
    Str(Box<Node>),
    Len(Box<Node>),
    Match(Box<Regex>, Box<Node>),
    /// `today()` and `strptime()`: the engine reads no clock, so the same input always gives the
    /// same findings.
    Undecided,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    ShiftRight,
}

/// The values of metavariables, by name with `$`.
type Lookup<'l> = &'l dyn Fn(&str) -> Option<Value>;

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with the text, lower case and without a final stop.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::expression(text).map(Self)
    }

    /// Wraps a metavariable in `int(..)` wherever it stands, as the rule's `strip:` and `base:`
    /// ask; no name means every metavariable.
    #[must_use]
    pub fn with_integers(mut self, metavariable: Option<&str>, base: Option<u32>) -> Self {
        wrap_integers(&mut self.0, metavariable, base);
        self
    }

    /// Names of the metavariables it asks for, with `$`, in the order written.
    pub fn metavariables(&self) -> Vec<&str> {
        let mut names = Vec::new();
        collect_names(&self.0, &mut names);
        names
    }

    /// Whether the expression holds; `None` where that cannot be decided.
    pub fn eval(&self, lookup: &dyn Fn(&str) -> Option<Value>) -> Option<bool> {
        truth(&self.0, lookup)
    }
}

/// The direct parts of a node.
fn parts(node: &mut Node) -> Vec<&mut Node> {
    match node {
        Node::Value(_) | Node::Metavariable(_) | Node::Undecided => Vec::new(),
        Node::List(items) => items.iter_mut().collect(),
        Node::Not(a) | Node::Negative(a) | Node::Inverted(a) => vec![a],
        Node::Int(a, _) | Node::Str(a) | Node::Len(a) | Node::Match(_, a) => vec![a],
        Node::And(a, b) | Node::Or(a, b) | Node::In(a, b) => vec![a, b],
        Node::Compare(_, a, b) | Node::Arithmetic(_, a, b) => vec![a, b],
    }
}

fn wrap_integers(node: &mut Node, only: Option<&str>, base: Option<u32>) {
    match node {
        Node::Metavariable(name) if only.is_none_or(|only| only == name) => {
            let inner = Node::Metavariable(std::mem::take(name));
            *node = Node::Int(Box::new(inner), base);
        }
        // What the rule already reads as an integer only takes the base.
        Node::Int(inner, own) if matches!(**inner, Node::Metavariable(_)) => *own = own.or(base),
        _ => parts(node)
            .into_iter()
            .for_each(|part| wrap_integers(part, only, base)),
    }
}

fn collect_names<'n>(node: &'n Node, names: &mut Vec<&'n str>) {
    match node {
        Node::Metavariable(name) => names.push(name),
        Node::Value(_) | Node::Undecided => {}
        Node::List(items) => items.iter().for_each(|item| collect_names(item, names)),
        Node::Not(a) | Node::Negative(a) | Node::Inverted(a) => collect_names(a, names),
        Node::Int(a, _) | Node::Str(a) | Node::Len(a) | Node::Match(_, a) => {
            collect_names(a, names);
        }
        Node::And(a, b)
        | Node::Or(a, b)
        | Node::In(a, b)
        | Node::Compare(_, a, b)
        | Node::Arithmetic(_, a, b) => {
            collect_names(a, names);
            collect_names(b, names);
        }
    }
}

/// The node as a truth value. `and` and `or` are decided by one side where that suffices.
fn truth(node: &Node, lookup: Lookup<'_>) -> Option<bool> {
    match node {
        Node::Not(a) => truth(a, lookup).map(|a| !a),
        Node::And(a, b) => match (truth(a, lookup), truth(b, lookup)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        Node::Or(a, b) => match (truth(a, lookup), truth(b, lookup)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        Node::Compare(operator, a, b) => compare(*operator, &value(a, lookup)?, &value(b, lookup)?),
        Node::In(a, b) => contains(&value(b, lookup)?, &value(a, lookup)?),
        // A step limit that is reached counts as undecided.
        Node::Match(regex, a) => regex.is_match(&text(&value(a, lookup)?)?).ok(),
        _ => match value(node, lookup)? {
            Value::Bool(b) => Some(b),
            _ => None,
        },
    }
}

/// The value of a node.
fn value(node: &Node, lookup: Lookup<'_>) -> Option<Value> {
    match node {
        Node::Value(v) => Some(v.clone()),
        Node::Metavariable(name) => lookup(name),
        Node::List(items) => items
            .iter()
            .map(|item| value(item, lookup))
            .collect::<Option<_>>()
            .map(Value::List),
        Node::Negative(a) => negative(value(a, lookup)?),
        Node::Inverted(a) => match value(a, lookup)? {
            Value::Int(i) => Some(Value::Int(!i)),
            _ => None,
        },
        Node::Arithmetic(operator, a, b) => {
            arithmetic(*operator, value(a, lookup)?, value(b, lookup)?)
        }
        Node::Int(a, base) => integer(value(a, lookup)?, *base).map(Value::Int),
        Node::Str(a) => text(&value(a, lookup)?).map(Value::String),
        Node::Len(a) => length(&value(a, lookup)?).map(Value::Int),
        Node::Undecided => None,
        Node::Not(_) | Node::And(..) | Node::Or(..) => truth(node, lookup).map(Value::Bool),
        Node::Compare(..) | Node::In(..) | Node::Match(..) => truth(node, lookup).map(Value::Bool),
    }
}

/// Values of different kinds are unequal; other comparisons between kinds are undecided.
fn compare(operator: Comparison, a: &Value, b: &Value) -> Option<bool> {
    let order = order(a, b);
    match operator {
        Comparison::Equal => Some(order.map_or(a == b, Ordering::is_eq)),
        Comparison::NotEqual => Some(order.map_or(a != b, Ordering::is_ne)),
        Comparison::Less => order.map(Ordering::is_lt),
        Comparison::LessEqual => order.map(Ordering::is_le),
        Comparison::Greater => order.map(Ordering::is_gt),
        Comparison::GreaterEqual => order.map(Ordering::is_ge),
    }
}

fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => float(a)?.partial_cmp(&float(b)?),
    }
}

fn contains(container: &Value, item: &Value) -> Option<bool> {
    match (container, item) {
        (Value::List(items), item) => Some(
            items
                .iter()
                .any(|i| compare(Comparison::Equal, i, item) == Some(true)),
        ),
        (Value::String(text), Value::String(part)) => Some(text.contains(part.as_str())),
        _ => None,
    }
}

/// A number as a float. Integers beyond 2^53 lose digits, which no rule's bound notices.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Int(i) => Some(*i as f64),
        Value::Float(f) => Some(*f),
        _ => None,
    }
}

fn negative(value: Value) -> Option<Value> {
    match value {
        Value::Int(i) => i.checked_neg().map(Value::Int),
        Value::Float(f) => Some(Value::Float(-f)),
        _ => None,
    }
}

fn arithmetic(operator: Arithmetic, a: Value, b: Value) -> Option<Value> {
    match (operator, a, b) {
        (Arithmetic::Add, Value::String(a), Value::String(b)) => Some(Value::String(a + &b)),
        // Python's `/` gives a float for integers too; so does a negative power.
        (operator, Value::Int(a), Value::Int(b)) if operator != Arithmetic::Divide => {
            integers(operator, a, b).map(Value::Int)
        }
        (operator, a, b) => floats(operator, float(&a)?, float(&b)?).map(Value::Float),
    }
}

/// Python's arithmetic on integers, `None` beyond 64 bits.
fn integers(operator: Arithmetic, a: i64, b: i64) -> Option<i64> {
    let exponent = || u32::try_from(b).ok();
    match operator {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Subtract => a.checked_sub(b),
        Arithmetic::Multiply => a.checked_mul(b),
        Arithmetic::Divide => None,
        Arithmetic::FloorDivide => {
            let quotient = a.checked_div(b)?;
            let inexact = a.checked_rem(b)? != 0;
            Some(quotient - i64::from(inexact && (a < 0) != (b < 0)))
        }
        Arithmetic::Remainder => {
            let remainder = a.checked_rem(b)?;
            Some(if remainder != 0 && (remainder < 0) != (b < 0) {
                remainder + b
            } else {
                remainder
            })
        }
        Arithmetic::Power => a.checked_pow(exponent()?),
        Arithmetic::BitAnd => Some(a & b),
        Arithmetic::BitOr => Some(a | b),
        Arithmetic::BitXor => Some(a ^ b),
        Arithmetic::ShiftLeft => a.checked_mul(1_i64 << exponent().filter(|bits| *bits < 63)?),
        Arithmetic::ShiftRight => a.checked_shr(exponent()?),
    }
}

fn floats(operator: Arithmetic, a: f64, b: f64) -> Option<f64> {
    let result = match operator {
        Arithmetic::Add => a + b,
        Arithmetic::Subtract => a - b,
        Arithmetic::Multiply => a * b,
        Arithmetic::Divide => a / b,
        Arithmetic::FloorDivide => (a / b).floor(),
        Arithmetic::Remainder => a - b * (a / b).floor(),
        Arithmetic::Power => a.powf(b),
        _ => return None,
    };
    result.is_finite().then_some(result)
}

/// Python's `int()`, which here also reads code and strings with quotes or a prefix around.
#[expect(
    clippy::cast_possible_truncation,
    reason = "`int()` cuts the fraction; `as` saturates"
)]
fn integer(value: Value, base: Option<u32>) -> Option<i64> {
    match value {
        Value::Int(i) => Some(i),
        Value::Float(f) => Some(f as i64),
        Value::Bool(b) => Some(i64::from(b)),
        Value::String(text) | Value::Code(text) => {
            let text = text.trim().trim_matches(['"', '\'', '`']).replace('_', "");
            parse::integer(&text, base)
        }
        Value::List(_) => None,
    }
}

/// Python's `str()`.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Int(i) => Some(i.to_string()),
        Value::Float(f) => Some(format!("{f:?}")),
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        Value::String(text) | Value::Code(text) => Some(text.clone()),
        Value::List(_) => None,
    }
}

/// Python's `len()`: characters or items.
fn length(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => i64::try_from(text.chars().count()).ok(),
        Value::List(items) => i64::try_from(items.len()).ok(),
        _ => None,
    }
}
