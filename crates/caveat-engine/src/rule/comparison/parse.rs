//! Text of a comparison to its tree: a recursive descent with Python's precedences.

use std::iter::Peekable;

use fancy_regex::Regex;

use super::{Arithmetic, Node, Value};
use crate::rule::Comparison;

/// Longest expression, in tokens; also bounds the depth of the tree.
const MAX_TOKENS: usize = 512;
/// Deepest nesting of brackets and prefix operators.
const MAX_DEPTH: usize = 64;

pub(super) fn expression(text: &str) -> Result<Node, String> {
    let tokens = tokens(text)?;
    if tokens.len() > MAX_TOKENS {
        return Err("the expression is too long".to_owned());
    }
    let mut parser = Parser {
        tokens: tokens.into_iter().peekable(),
        depth: 0,
    };
    let node = parser.or()?;
    match parser.tokens.next() {
        None => Ok(node),
        Some(token) => Err(format!("unexpected {token}")),
    }
}

/// An integer of a base from 2 to 36, or of the base its prefix states.
pub(super) fn integer(text: &str, base: Option<u32>) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let prefix = digits.get(..2).map(str::to_ascii_lowercase);
    let own = match prefix.as_deref() {
        Some("0x") => Some(16),
        Some("0o") => Some(8),
        Some("0b") => Some(2),
        _ => None,
    };
    let own = own.filter(|own| base.is_none_or(|base| base == *own));
    let digits = if own.is_some() { &digits[2..] } else { digits };
    let base = own.or(base).unwrap_or(10);
    if !(2..=36).contains(&base) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), base).ok()
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(Value),
    String(String),
    Metavariable(String),
    /// Also dotted: `re.match`.
    Name(String),
    Symbol(&'static str),
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(_) => f.write_str("number"),
            Self::String(_) => f.write_str("string"),
            Self::Metavariable(name) | Self::Name(name) => write!(f, "`{name}`"),
            Self::Symbol(symbol) => write!(f, "`{symbol}`"),
        }
    }
}

/// Longer ones first, so that a prefix does not win.
const SYMBOLS: &[&str] = &[
    "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "%", "&", "|",
    "^", "~", "(", ")", "[", "]", ",",
];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '$' => metavariable(rest)?,
            '0'..='9' => number(rest)?,
            '"' | '\'' => string(rest, false)?,
            'r' | 'R' if rest[1..].starts_with(['"', '\'']) => {
                let (token, length) = string(&rest[1..], true)?;
                (token, length + 1)
            }
            c if c.is_alphabetic() || c == '_' => {
                let length = word(rest, |c| c.is_alphanumeric() || matches!(c, '_' | '.'));
                (Token::Name(rest[..length].to_owned()), length)
            }
            c => match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
                Some(symbol) => (Token::Symbol(symbol), symbol.len()),
                None => return Err(format!("unexpected character `{c}`")),
            },
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// Bytes of the characters at the start that belong.
fn word(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn metavariable(text: &str) -> Result<(Token, usize), String> {
    let dots = if text[1..].starts_with("...") { 3 } else { 0 };
    let name = word(&text[1 + dots..], |c| c.is_ascii_alphanumeric() || c == '_');
    if name == 0 {
        return Err("`$` without the name of a metavariable".to_owned());
    }
    let length = 1 + dots + name;
    Ok((Token::Metavariable(text[..length].to_owned()), length))
}

fn number(text: &str) -> Result<(Token, usize), String> {
    let mut length = word(text, |c| {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '.')
    });
    // The sign of an exponent belongs to the number.
    if text[..length].ends_with(['e', 'E']) && text[length..].starts_with(['+', '-']) {
        length += 1 + word(&text[length + 1..], |c| c.is_ascii_digit());
    }
    let digits = text[..length].replace('_', "");
    let value = integer(&digits, None)
        .map(Value::Int)
        .or_else(|| digits.parse().ok().map(Value::Float))
        .ok_or_else(|| format!("`{}` is not a number of 64 bits", &text[..length]))?;
    Ok((Token::Number(value), length))
}

/// A string in quotes. As in Python, a backslash before another character stays.
fn string(text: &str, raw: bool) -> Result<(Token, usize), String> {
    let mut content = String::new();
    let mut chars = text.char_indices();
    let quote = chars.next().map(|(_, quote)| quote);
    while let Some((at, c)) = chars.next() {
        if Some(c) == quote {
            return Ok((Token::String(content), at + c.len_utf8()));
        }
        if c != '\\' {
            content.push(c);
            continue;
        }
        let Some((_, escaped)) = chars.next() else {
            break;
        };
        match escaped {
            '\\' | '\'' | '"' if !raw => content.push(escaped),
            'n' if !raw => content.push('\n'),
            't' if !raw => content.push('\t'),
            'r' if !raw => content.push('\r'),
            other => content.extend(['\\', other]),
        }
    }
    Err("a string without its closing quote".to_owned())
}

struct Parser<I: Iterator<Item = Token>> {
    tokens: Peekable<I>,
    depth: usize,
}

impl<I: Iterator<Item = Token>> Parser<I> {
    fn or(&mut self) -> Result<Node, String> {
        let mut left = self.and()?;
        while self.name("or") {
            left = Node::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Node, String> {
        let mut left = self.not()?;
        while self.name("and") {
            left = Node::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Node, String> {
        if self.name("not") {
            return self.nested(|parser| Ok(Node::Not(Box::new(parser.not()?))));
        }
        self.comparison()
    }

    /// `a < b < c` is `a < b and b < c`. Only a name or constant may stand in the middle: it is
    /// copied, and copies of copies would let a short text make a huge tree.
    fn comparison(&mut self) -> Result<Node, String> {
        let mut left = Some(self.binary(0)?);
        let mut chain: Option<Node> = None;
        while let Some(operator) = self.comparison_operator()? {
            let a = left
                .take()
                .ok_or("split the chain of comparisons with `and`")?;
            let b = self.binary(0)?;
            left = matches!(b, Node::Value(_) | Node::Metavariable(_)).then(|| b.clone());
            let (a, b) = (Box::new(a), Box::new(b));
            let link = match operator {
                Operator::Compare(comparison) => Node::Compare(comparison, a, b),
                Operator::In => Node::In(a, b),
                Operator::NotIn => Node::Not(Box::new(Node::In(a, b))),
            };
            chain = Some(match chain {
                Some(chain) => Node::And(Box::new(chain), Box::new(link)),
                None => link,
            });
        }
        // Without an operator, nothing has taken the left side.
        chain
            .or(left)
            .ok_or_else(|| "expected an expression".to_owned())
    }

    fn comparison_operator(&mut self) -> Result<Option<Operator>, String> {
        const COMPARISONS: &[(&str, Comparison)] = &[
            ("<", Comparison::Less),
            ("<=", Comparison::LessEqual),
            (">", Comparison::Greater),
            (">=", Comparison::GreaterEqual),
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
        ];
        for (symbol, comparison) in COMPARISONS {
            if self.symbol(symbol) {
                return Ok(Some(Operator::Compare(*comparison)));
            }
        }
        if self.name("in") {
            return Ok(Some(Operator::In));
        }
        if !self.name("not") {
            return Ok(None);
        }
        if self.name("in") {
            Ok(Some(Operator::NotIn))
        } else {
            Err("expected `in`".to_owned())
        }
    }

    /// Binary operators from weak to strong; `**` is handled with the prefix operators.
    fn binary(&mut self, level: usize) -> Result<Node, String> {
        const LEVELS: &[&[(&str, Arithmetic)]] = &[
            &[("|", Arithmetic::BitOr)],
            &[("^", Arithmetic::BitXor)],
            &[("&", Arithmetic::BitAnd)],
            &[
                ("<<", Arithmetic::ShiftLeft),
                (">>", Arithmetic::ShiftRight),
            ],
            &[("+", Arithmetic::Add), ("-", Arithmetic::Subtract)],
            &[
                ("*", Arithmetic::Multiply),
                ("/", Arithmetic::Divide),
                ("//", Arithmetic::FloorDivide),
                ("%", Arithmetic::Remainder),
            ],
        ];
        let Some(operators) = LEVELS.get(level) else {
            return self.prefix();
        };
        let mut left = self.binary(level + 1)?;
        while let Some((_, operator)) = operators.iter().find(|(symbol, _)| self.symbol(symbol)) {
            let right = self.binary(level + 1)?;
            left = Node::Arithmetic(*operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn prefix(&mut self) -> Result<Node, String> {
        if self.symbol("-") {
            return self.nested(|parser| Ok(Node::Negative(Box::new(parser.prefix()?))));
        }
        if self.symbol("+") {
            return self.nested(Self::prefix);
        }
        if self.symbol("~") {
            return self.nested(|parser| Ok(Node::Inverted(Box::new(parser.prefix()?))));
        }
        let base = self.atom()?;
        if !self.symbol("**") {
            return Ok(base);
        }
        let exponent = self.nested(Self::prefix)?;
        Ok(Node::Arithmetic(
            Arithmetic::Power,
            Box::new(base),
            Box::new(exponent),
        ))
    }

    fn atom(&mut self) -> Result<Node, String> {
        match self.tokens.next() {
            None => Err("the expression ends too early".to_owned()),
            Some(Token::Number(value)) => Ok(Node::Value(value)),
            Some(Token::String(text)) => Ok(Node::Value(Value::String(text))),
            Some(Token::Metavariable(name)) => Ok(Node::Metavariable(name)),
            Some(Token::Name(name)) => self.named(&name),
            Some(Token::Symbol("[")) => Ok(Node::List(self.arguments("]")?)),
            Some(Token::Symbol("(")) => {
                let mut items = self.arguments(")")?;
                match (items.len(), items.pop()) {
                    (1, Some(only)) => Ok(only),
                    (_, last) => Ok(Node::List(items.into_iter().chain(last).collect())),
                }
            }
            Some(token) => Err(format!("unexpected {token}")),
        }
    }

    /// A constant or a call.
    fn named(&mut self, name: &str) -> Result<Node, String> {
        match name {
            "True" | "true" => return Ok(Node::Value(Value::Bool(true))),
            "False" | "false" => return Ok(Node::Value(Value::Bool(false))),
            "None" => return Ok(Node::Value(Value::Code("None".to_owned()))),
            _ => {}
        }
        if !self.symbol("(") {
            return Err(format!(
                "unknown name `{name}`; metavariables start with `$`"
            ));
        }
        call(name, self.arguments(")")?)
    }

    /// Items up to the closing bracket, with commas between and perhaps one at the end.
    fn arguments(&mut self, close: &'static str) -> Result<Vec<Node>, String> {
        self.nested(|parser| {
            let mut items = Vec::new();
            while !parser.symbol(close) {
                items.push(parser.or()?);
                if !parser.symbol(",") {
                    return if parser.symbol(close) {
                        Ok(items)
                    } else {
                        Err(format!("expected `{close}`"))
                    };
                }
            }
            Ok(items)
        })
    }

    /// Runs a part one level deeper.
    fn nested<T>(
        &mut self,
        part: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the expression is nested too deeply".to_owned());
        }
        let result = part(self);
        self.depth -= 1;
        result
    }

    /// Takes the symbol if it comes next.
    fn symbol(&mut self, symbol: &str) -> bool {
        self.tokens
            .next_if(|token| matches!(token, Token::Symbol(s) if *s == symbol))
            .is_some()
    }

    /// Takes the word if it comes next.
    fn name(&mut self, name: &str) -> bool {
        self.tokens
            .next_if(|token| matches!(token, Token::Name(n) if n == name))
            .is_some()
    }
}

enum Operator {
    Compare(Comparison),
    In,
    NotIn,
}

fn call(name: &str, mut arguments: Vec<Node>) -> Result<Node, String> {
    if matches!(name, "today" | "strptime") {
        return Ok(Node::Undecided);
    }
    let last = arguments.pop().map(Box::new);
    match (name, last, arguments.as_slice()) {
        ("int", Some(a), []) => Ok(Node::Int(a, None)),
        ("int", Some(base), [a]) => match *base {
            Node::Value(Value::Int(base @ 2..=36)) => {
                Ok(Node::Int(Box::new(a.clone()), u32::try_from(base).ok()))
            }
            _ => Err("the base of `int` must be a number from 2 to 36".to_owned()),
        },
        ("str", Some(a), []) => Ok(Node::Str(a)),
        ("len", Some(a), []) => Ok(Node::Len(a)),
        ("re.match", Some(a), [Node::Value(Value::String(regex))]) => {
            // `re.match` looks at the start of the text only.
            let regex = Regex::new(&format!(r"\A(?:{regex})"))
                .map_err(|error| format!("the expression of `re.match` is wrong: {error}"))?;
            Ok(Node::Match(Box::new(regex), a))
        }
        ("re.match", ..) => Err("`re.match` takes a string and a value".to_owned()),
        ("int" | "str" | "len", ..) => Err(format!("`{name}` takes one value")),
        _ => Err(format!(
            "unknown function `{name}`; known: int, str, len, re.match"
        )),
    }
}
