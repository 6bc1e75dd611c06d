//! Constant values: what an expression is without running the program.
//!
//! Literals, names assigned once, arithmetic and concatenation of constants, collections of them.
//! Everything else is not constant; there is no guessing.

use std::borrow::Cow;
use std::cell::Cell;

use crate::arena::{Code, NodeId};
use crate::lang::{Field, Role};
use crate::link::Target;
use crate::names::Names;
use crate::skeleton::ItemKind;

/// The value of a constant expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// An integer; larger ones are not constants to us.
    Int(i128),
    /// A floating-point number.
    Float(f64),
    /// Text, decoded.
    Str(String),
    /// Bytes, decoded as Latin-1 so that each byte is one character.
    Bytes(String),
    /// A truth value.
    Bool(bool),
    /// Python's `None`, Rust's unit.
    None,
    /// A list, tuple or set.
    List(Vec<Constant>),
    /// A mapping.
    Dict(Vec<(Constant, Constant)>),
}

/// How deep expressions and names are followed.
const DEPTH: u32 = 24;
/// Longest string or list that is computed, in bytes or items.
const SIZE: usize = 1 << 16;
/// Expressions looked at for one value: names that are used twice double the work at each step.
const FUEL: u32 = 10_000;

impl Constant {
    /// The number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Constant::Int(value) => Some(*value as f64),
            Constant::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The text or bytes, if it is such.
    pub fn text(&self) -> Option<&str> {
        match self {
            Constant::Str(text) | Constant::Bytes(text) => Some(text),
            _ => None,
        }
    }
}

impl Names<'_> {
    /// The value of an expression, if it is constant.
    pub fn constant(&self, node: NodeId) -> Option<Constant> {
        Evaluator {
            names: self,
            locals: true,
            fuel: Cell::new(FUEL),
        }
        .value(node, DEPTH)
    }

    /// The value of an expression made of literals alone, names not followed.
    pub fn literal(&self, node: NodeId) -> Option<Constant> {
        Evaluator {
            names: self,
            locals: false,
            fuel: Cell::new(FUEL),
        }
        .value(node, DEPTH)
    }
}

impl Names<'_> {
    /// The value of a name that another file of the project binds once, to a plain literal.
    fn constant_elsewhere(&self, node: NodeId) -> Option<Constant> {
        let (project, file) = self.project()?;
        let Target::Definition { at, rest } = self.definition(node)? else {
            return None;
        };
        let outline = project.outline(at.file);
        let definition = &outline.definitions[at.index as usize];
        let is_constant = definition.name.chars().all(|c| !c.is_lowercase());
        let once = definition.parent.is_some() || outline.top(&definition.name).len() == 1;
        if definition.kind != ItemKind::Binding || !rest.is_empty() || at.file == file {
            return None;
        }
        (is_constant && once).then(|| plain_literal(&definition.detail))?
    }
}

/// A number, a truth value or a string in plain quotes; the rest is for who has a tree.
fn plain_literal(text: &str) -> Option<Constant> {
    let quoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    match text {
        "True" | "true" => return Some(Constant::Bool(true)),
        "False" | "false" => return Some(Constant::Bool(false)),
        "None" => return Some(Constant::None),
        _ => {}
    }
    if let Some(content) = quoted('"').or_else(|| quoted('\'')) {
        let plain = !content.contains(['"', '\'', '\\', '\n']);
        return plain.then(|| Constant::Str(content.to_owned()));
    }
    let digits = text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    digits.then(|| parse_integer(text))?
}

struct Evaluator<'n, 'a> {
    names: &'n Names<'a>,
    locals: bool,
    fuel: Cell<u32>,
}

impl Evaluator<'_, '_> {
    fn value(&self, node: NodeId, depth: u32) -> Option<Constant> {
        let depth = depth.checked_sub(1)?;
        self.fuel.set(self.fuel.get().checked_sub(1)?);
        if !self.names.spend() {
            return None;
        }
        let arena = self.names.code.arena;
        let text = || self.names.code.text_of(node);
        match arena.role(node) {
            Role::Integer => parse_integer(text()),
            Role::Float => text()
                .replace('_', "")
                .trim_end_matches('f')
                .parse()
                .ok()
                .map(Constant::Float),
            Role::Boolean => Some(Constant::Bool(text().eq_ignore_ascii_case("true"))),
            Role::None => Some(Constant::None),
            Role::String => self.string(node, depth),
            Role::ConcatenatedString => self.concatenation(node, depth),
            Role::List | Role::Tuple | Role::Set => self.items(node, depth),
            Role::Dict => self.dict(node, depth),
            Role::Binary => self.binary(node, depth),
            Role::Unary => self.unary(node, depth),
            Role::Reference | Role::Cast => self.value(
                arena.children(node).find(|&child| {
                    arena.role(child) != Role::Token
                        && arena.kind_name(child) != "mutable_specifier"
                })?,
                depth,
            ),
            Role::Identifier | Role::Attribute | Role::Scoped if self.locals => {
                match self.names.value_of(node) {
                    Some(value) => self.value(value, depth),
                    None => self.names.constant_elsewhere(node),
                }
            }
            Role::Call => self.conversion(node, depth),
            _ => None,
        }
    }

    fn string(&self, node: NodeId, depth: u32) -> Option<Constant> {
        let code = self.names.code;
        let mut value = String::new();
        let literal = Literal::new(code.text_of(node));
        for child in code.arena.children(node) {
            match code.arena.role(child) {
                Role::StringContent | Role::Escape => {
                    value.push_str(&literal.decode(code.text_of(child)));
                }
                Role::Interpolation => {
                    let inner = code.arena.children(child).next()?;
                    match self.value(inner, depth)? {
                        Constant::Str(text) => value.push_str(&text),
                        Constant::Int(number) => value.push_str(&number.to_string()),
                        _ => return None,
                    }
                }
                _ => {}
            }
            if value.len() > SIZE {
                return None;
            }
        }
        if literal.is_char && value.is_empty() {
            value.push_str(&literal.decode(code.text_of(node).trim_matches(['b', '\''])));
        }
        Some(if literal.bytes {
            Constant::Bytes(value)
        } else {
            Constant::Str(value)
        })
    }

    fn concatenation(&self, node: NodeId, depth: u32) -> Option<Constant> {
        let mut parts = self.names.code.arena.children(node);
        let mut value = self.value(parts.next()?, depth)?;
        for part in parts {
            value = add(value, self.value(part, depth)?)?;
        }
        Some(value)
    }

    fn items(&self, node: NodeId, depth: u32) -> Option<Constant> {
        let arena = self.names.code.arena;
        if arena.field(node, Field::Length).is_some() {
            return None;
        }
        let mut items = Vec::new();
        for child in arena.children(node) {
            items.push(self.value(child, depth)?);
            if items.len() > SIZE {
                return None;
            }
        }
        Some(Constant::List(items))
    }

    fn dict(&self, node: NodeId, depth: u32) -> Option<Constant> {
        let arena = self.names.code.arena;
        let mut pairs = Vec::new();
        for pair in arena.children(node) {
            let key = self.value(arena.field(pair, Field::Key)?, depth)?;
            pairs.push((key, self.value(arena.field(pair, Field::Value)?, depth)?));
        }
        Some(Constant::Dict(pairs))
    }

    fn binary(&self, node: NodeId, depth: u32) -> Option<Constant> {
        let code = self.names.code;
        let left = self.value(code.arena.field(node, Field::Left)?, depth)?;
        let right = self.value(code.arena.field(node, Field::Right)?, depth)?;
        let operator = code.text_of(code.arena.field(node, Field::Operator)?);
        match (operator, &left, &right) {
            ("+", _, _) => add(left, right),
            ("*", Constant::Str(text), Constant::Int(count))
            | ("*", Constant::Int(count), Constant::Str(text)) => {
                repeat(text, *count).map(Constant::Str)
            }
            ("*", Constant::Bytes(text), Constant::Int(count))
            | ("*", Constant::Int(count), Constant::Bytes(text)) => {
                repeat(text, *count).map(Constant::Bytes)
            }
            (_, Constant::Int(left), Constant::Int(right)) => integer(operator, *left, *right),
            _ => float(operator, left.number()?, right.number()?),
        }
    }

    fn unary(&self, node: NodeId, depth: u32) -> Option<Constant> {
        let code = self.names.code;
        let operand = code
            .arena
            .children(node)
            .filter(|&id| code.arena.role(id) != Role::Token);
        let value = self.value(operand.last()?, depth)?;
        match (code.text_of(node).chars().next()?, value) {
            ('-', Constant::Int(value)) => value.checked_neg().map(Constant::Int),
            ('-', Constant::Float(value)) => Some(Constant::Float(-value)),
            ('~', Constant::Int(value)) => Some(Constant::Int(!value)),
            ('!', Constant::Bool(value)) => Some(Constant::Bool(!value)),
            ('+' | '*', value) => Some(value),
            _ => None,
        }
    }

    /// Calls that keep a constant: `"x".to_string()`, `"x".encode()`, `String::from("x")`.
    fn conversion(&self, node: NodeId, depth: u32) -> Option<Constant> {
        let code = self.names.code;
        let arena = code.arena;
        let callee = arena.field(node, Field::Function)?;
        let last = code.text_of(callee).rsplit(['.', ':']).next()?;
        let mut arguments = arena
            .field(node, Field::Arguments)
            .into_iter()
            .flat_map(|id| arena.children(id));
        match (arena.role(callee), last) {
            (
                Role::Attribute,
                "to_string" | "to_owned" | "into" | "as_str" | "as_ref" | "clone" | "to_vec"
                | "as_slice" | "as_bytes" | "encode" | "decode",
            ) => self.value(arena.children(callee).next()?, depth),
            (Role::Scoped, "from") => self.value(arguments.next()?, depth),
            _ => None,
        }
    }
}

fn repeat(text: &str, count: i128) -> Option<String> {
    let count = usize::try_from(count).ok()?;
    (text.len().checked_mul(count)? <= SIZE).then(|| text.repeat(count))
}

fn add(left: Constant, right: Constant) -> Option<Constant> {
    match (left, right) {
        (Constant::Str(left), Constant::Str(right)) => joined(left, &right).map(Constant::Str),
        (Constant::Bytes(left), Constant::Bytes(right)) => {
            joined(left, &right).map(Constant::Bytes)
        }
        (Constant::List(mut left), Constant::List(right)) => {
            left.extend(right);
            (left.len() <= SIZE).then_some(Constant::List(left))
        }
        (Constant::Int(left), Constant::Int(right)) => left.checked_add(right).map(Constant::Int),
        (left, right) => Some(Constant::Float(left.number()? + right.number()?)),
    }
}

fn joined(mut left: String, right: &str) -> Option<String> {
    left.push_str(right);
    (left.len() <= SIZE).then_some(left)
}

fn integer(operator: &str, left: i128, right: i128) -> Option<Constant> {
    let small = || u32::try_from(right).ok().filter(|&shift| shift < 120);
    match operator {
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        "//" => left.checked_div_euclid(right),
        "%" => left.checked_rem_euclid(right),
        "**" => left.checked_pow(small()?),
        "<<" => left.checked_mul(1i128.checked_shl(small()?)?),
        ">>" => left.checked_shr(small()?),
        "|" => Some(left | right),
        "&" => Some(left & right),
        "^" => Some(left ^ right),
        "/" if right != 0 && left % right == 0 => Some(left / right),
        _ => None,
    }
    .map(Constant::Int)
}

fn float(operator: &str, left: f64, right: f64) -> Option<Constant> {
    let value = match operator {
        "-" => left - right,
        "*" => left * right,
        "/" => left / right,
        "**" => left.powf(right),
        _ => return None,
    };
    value.is_finite().then_some(Constant::Float(value))
}

/// `1_000`, `0xff`, `0o17`, `017` (Python 2), `10u32`.
fn parse_integer(text: &str) -> Option<Constant> {
    let text = text.replace('_', "").to_ascii_lowercase();
    let (radix, digits) = match text.get(..2) {
        Some("0x") => (16, &text[2..]),
        Some("0o") => (8, &text[2..]),
        Some("0b") => (2, &text[2..]),
        _ => (10, text.as_str()),
    };
    let suffix = ["u", "i"].iter().filter_map(|mark| digits.find(mark)).min();
    let digits = suffix
        .map_or(digits, |at| &digits[..at])
        .trim_end_matches(['l', 'j']);
    i128::from_str_radix(digits, radix).ok().map(Constant::Int)
}

/// How the literal's prefix says its content is written.
pub struct Literal {
    /// Escapes mean nothing.
    pub raw: bool,
    /// Bytes, not text.
    pub bytes: bool,
    /// Has holes (`f"..."`).
    pub formatted: bool,
    /// A Rust character.
    pub is_char: bool,
}

impl Literal {
    /// Reads the prefix of a literal's text.
    pub fn new(text: &str) -> Self {
        let prefix = text
            .split(['"', '\''])
            .next()
            .unwrap_or("")
            .to_ascii_lowercase();
        Literal {
            raw: prefix.contains('r'),
            bytes: prefix.contains('b'),
            formatted: prefix.contains(['f', 't']),
            is_char: text.ends_with('\'') && prefix.is_empty() && text.starts_with('\''),
        }
    }

    /// The characters that the content between the quotes stands for.
    pub fn decode<'t>(&self, content: &'t str) -> Cow<'t, str> {
        if self.raw || !content.contains('\\') {
            return Cow::Borrowed(content);
        }
        Cow::Owned(unescape(content))
    }
}

/// Decodes the escapes of Python and Rust; an unknown one stays as written.
fn unescape(content: &str) -> String {
    let mut out = String::with_capacity(content.len());
    let mut rest = content;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let body = &rest[at + 1..];
        let Some(mark) = body.chars().next() else {
            out.push('\\');
            return out;
        };
        let after = &body[mark.len_utf8()..];
        let hex = |digits: usize| {
            let code = u32::from_str_radix(after.get(..digits)?, 16).ok()?;
            Some((char::from_u32(code)?, digits))
        };
        let decoded = match mark {
            'n' => Some(('\n', 0)),
            't' => Some(('\t', 0)),
            'r' => Some(('\r', 0)),
            'a' => Some(('\x07', 0)),
            'b' => Some(('\x08', 0)),
            'f' => Some(('\x0c', 0)),
            'v' => Some(('\x0b', 0)),
            '\\' | '\'' | '"' => Some((mark, 0)),
            'x' => hex(2),
            'u' if after.starts_with('{') => after.find('}').and_then(|end| {
                let code = u32::from_str_radix(&after[1..end].replace('_', ""), 16).ok()?;
                Some((char::from_u32(code)?, end + 1))
            }),
            'u' => hex(4),
            'U' => hex(8),
            '0'..='7' => {
                let digits = body
                    .bytes()
                    .take(3)
                    .take_while(|b| (b'0'..=b'7').contains(b))
                    .count();
                let code = u32::from_str_radix(&body[..digits], 8).unwrap_or(0);
                char::from_u32(code).map(|decoded| (decoded, digits - 1))
            }
            _ => None,
        };
        match decoded {
            Some((character, used)) => {
                out.push(character);
                rest = &after[used..];
            }
            None if mark == '\n' => rest = after.trim_start(),
            None => {
                out.push('\\');
                rest = body;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The decoded content of a string node without holes, names not followed.
pub fn string_content(code: Code<'_>, node: NodeId) -> Option<String> {
    let literal = Literal::new(code.text_of(node));
    let mut value = String::new();
    for child in code.arena.children(node) {
        match code.arena.role(child) {
            Role::StringContent | Role::Escape => {
                value.push_str(&literal.decode(code.text_of(child)));
            }
            Role::Interpolation => return None,
            _ => {}
        }
    }
    Some(value)
}
