//! What operators and methods of the language make of constants.

use std::sync::Arc;

use caveat_parser::Constant;
use caveat_parser::ir::{BinaryOp, CompareOp, UnaryOp};

/// Longest text or list that is computed.
const SIZE: usize = 1 << 14;

/// Whether a constant counts as true.
pub fn truth(value: &Constant) -> bool {
    match value {
        Constant::Int(value) => *value != 0,
        Constant::Float(value) => *value != 0.0,
        Constant::Str(text) | Constant::Bytes(text) => !text.is_empty(),
        Constant::Bool(value) => *value,
        Constant::None => false,
        Constant::List(items) => !items.is_empty(),
        Constant::Dict(pairs) => !pairs.is_empty(),
    }
}

/// An operator on two constants.
pub fn binary(op: BinaryOp, left: &Constant, right: &Constant) -> Option<Constant> {
    use Constant::{Bytes, Int, List, Str};
    match (op, left, right) {
        (BinaryOp::Add, Str(a), Str(b)) => joined(a, b).map(Str),
        (BinaryOp::Add, Bytes(a), Bytes(b)) => joined(a, b).map(Bytes),
        (BinaryOp::Add, List(a), List(b)) if a.len() + b.len() < SIZE => {
            Some(List(a.iter().chain(b).cloned().collect()))
        }
        (BinaryOp::Mul, Str(text), Int(count)) | (BinaryOp::Mul, Int(count), Str(text)) => {
            let count = usize::try_from(*count).unwrap_or(0);
            (text.len().checked_mul(count)? <= SIZE).then(|| Str(text.repeat(count)))
        }
        _ => arithmetic(op, left, right),
    }
}

fn joined(a: &str, b: &str) -> Option<String> {
    (a.len() + b.len() <= SIZE).then(|| [a, b].concat())
}

fn integer(value: &Constant) -> Option<i128> {
    match value {
        Constant::Int(value) => Some(*value),
        Constant::Bool(value) => Some(i128::from(*value)),
        _ => None,
    }
}

fn number(value: &Constant) -> Option<f64> {
    match value {
        Constant::Float(value) => Some(*value),
        _ => integer(value).map(|value| value as f64),
    }
}

fn arithmetic(op: BinaryOp, left: &Constant, right: &Constant) -> Option<Constant> {
    if let (Some(a), Some(b)) = (integer(left), integer(right)) {
        let small = u32::try_from(b).ok().filter(|it| *it < 120);
        let value = match op {
            BinaryOp::Add => a.checked_add(b),
            BinaryOp::Sub => a.checked_sub(b),
            BinaryOp::Mul => a.checked_mul(b),
            BinaryOp::FloorDiv => floor(a, b),
            BinaryOp::Mod => floor(a, b).and_then(|floor| a.checked_sub(floor.checked_mul(b)?)),
            BinaryOp::Pow => a.checked_pow(small?),
            BinaryOp::And => Some(a & b),
            BinaryOp::Or => Some(a | b),
            BinaryOp::Xor => Some(a ^ b),
            BinaryOp::Shl => a.checked_mul(1i128.checked_shl(small?)?),
            BinaryOp::Shr => a.checked_shr(small?),
            BinaryOp::Div | BinaryOp::MatMul => None,
        };
        if value.is_some() {
            return value.map(Constant::Int);
        }
    }
    let (a, b) = (number(left)?, number(right)?);
    let value = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div if b != 0.0 => a / b,
        _ => return None,
    };
    value.is_finite().then_some(Constant::Float(value))
}

/// Division that rounds down.
fn floor(a: i128, b: i128) -> Option<i128> {
    let quotient = a.checked_div(b)?;
    let exact = quotient.checked_mul(b)? == a;
    match !exact && (a < 0) != (b < 0) {
        true => quotient.checked_sub(1),
        false => Some(quotient),
    }
}

/// An operator on one constant.
pub fn unary(op: UnaryOp, value: &Constant) -> Option<Constant> {
    match (op, value) {
        (UnaryOp::Negate, Constant::Int(value)) => value.checked_neg().map(Constant::Int),
        (UnaryOp::Negate, Constant::Float(value)) => Some(Constant::Float(-value)),
        (UnaryOp::Invert, Constant::Int(value)) => Some(Constant::Int(!value)),
        (UnaryOp::Plus, Constant::Int(_) | Constant::Float(_)) => Some(value.clone()),
        _ => None,
    }
}

/// Whether two constants are equal as the language sees it: `1 == 1.0 == True`.
pub fn equal(left: &Constant, right: &Constant) -> bool {
    match (number(left), number(right)) {
        (Some(a), Some(b)) => a == b,
        _ => left == right,
    }
}

/// A comparison of two constants.
pub fn compare(op: CompareOp, left: &Constant, right: &Constant) -> Option<bool> {
    use std::cmp::Ordering;
    let order = || match (left, right) {
        (Constant::Str(a), Constant::Str(b)) | (Constant::Bytes(a), Constant::Bytes(b)) => {
            Some(a.cmp(b))
        }
        _ => number(left)?.partial_cmp(&number(right)?),
    };
    Some(match op {
        CompareOp::Equal => equal(left, right),
        CompareOp::NotEqual => !equal(left, right),
        CompareOp::Is => left == right,
        CompareOp::IsNot => left != right,
        CompareOp::Less => order()? == Ordering::Less,
        CompareOp::LessEqual => order()? != Ordering::Greater,
        CompareOp::Greater => order()? == Ordering::Greater,
        CompareOp::GreaterEqual => order()? != Ordering::Less,
        CompareOp::In => contains(right, left)?,
        CompareOp::NotIn => !contains(right, left)?,
    })
}

fn contains(container: &Constant, item: &Constant) -> Option<bool> {
    match (container, item) {
        (Constant::Str(text), Constant::Str(part))
        | (Constant::Bytes(text), Constant::Bytes(part)) => Some(text.contains(part.as_str())),
        (Constant::List(items), _) => Some(items.iter().any(|it| equal(it, item))),
        (Constant::Dict(pairs), _) => Some(pairs.iter().any(|(key, _)| equal(key, item))),
        _ => None,
    }
}

/// A position in a sequence of that length, counted from either end.
fn position(at: i128, length: usize) -> Option<usize> {
    let length = i128::try_from(length).ok()?;
    let at = if at < 0 { at + length } else { at };
    usize::try_from(at.clamp(0, length)).ok()
}

/// `of[index]`
pub fn index(of: &Constant, index: &Constant) -> Option<Constant> {
    match (of, index) {
        (Constant::Str(text), Constant::Int(at)) => {
            let length = text.chars().count();
            let inside = *at < length as i128 && *at >= -(length as i128);
            let at = position(*at, length).filter(|_| inside)?;
            text.chars().nth(at).map(|it| Constant::Str(it.to_string()))
        }
        (Constant::List(items), Constant::Int(at)) => {
            items.get(position(*at, items.len())?).cloned()
        }
        (Constant::Dict(pairs), key) => pairs
            .iter()
            .find(|(known, _)| equal(known, key))
            .map(|(_, value)| value.clone()),
        _ => None,
    }
}

/// Start and end of a slice, step 1.
pub fn bounds(
    length: usize,
    start: Option<&Constant>,
    stop: Option<&Constant>,
) -> Option<(usize, usize)> {
    let at = |bound: Option<&Constant>, default: usize| match bound {
        None | Some(Constant::None) => Some(default),
        Some(bound) => position(integer(bound)?, length),
    };
    let (start, stop) = (at(start, 0)?, at(stop, length)?);
    Some((start.min(length), stop.max(start).min(length)))
}

/// `of[start:stop]`
pub fn slice(of: &Constant, start: Option<&Constant>, stop: Option<&Constant>) -> Option<Constant> {
    let text = |text: &str| {
        let characters: Vec<char> = text.chars().collect();
        let (start, stop) = bounds(characters.len(), start, stop)?;
        Some(characters[start..stop].iter().collect::<String>())
    };
    match of {
        Constant::Str(it) => text(it).map(Constant::Str),
        Constant::Bytes(it) => text(it).map(Constant::Bytes),
        Constant::List(items) => {
            let (start, stop) = bounds(items.len(), start, stop)?;
            Some(Constant::List(items[start..stop].to_vec()))
        }
        _ => None,
    }
}

/// The text that a constant becomes in a format string or `str()`.
pub fn display(value: &Constant) -> Option<String> {
    match value {
        Constant::Str(text) => Some(text.clone()),
        Constant::Int(value) => Some(value.to_string()),
        Constant::Bool(true) => Some("True".into()),
        Constant::Bool(false) => Some("False".into()),
        Constant::None => Some("None".into()),
        _ => None,
    }
}

/// A method of a text on constant arguments.
pub fn text_method(text: &str, name: &str, args: &[&Constant]) -> Option<Constant> {
    let texts: Vec<&str> = args.iter().map_while(|it| it.text()).collect();
    let all_texts = texts.len() == args.len();
    let string = |text: String| Some(Constant::Str(text));
    match (name, texts.as_slice()) {
        ("lower" | "casefold", []) => string(text.to_lowercase()),
        ("upper", []) => string(text.to_uppercase()),
        ("strip", []) if args.is_empty() => string(text.trim().to_owned()),
        ("lstrip", []) if args.is_empty() => string(text.trim_start().to_owned()),
        ("rstrip", []) if args.is_empty() => string(text.trim_end().to_owned()),
        ("strip", [set]) => string(text.trim_matches(|c| set.contains(c)).to_owned()),
        ("startswith", [part]) => Some(Constant::Bool(text.starts_with(part))),
        ("endswith", [part]) => Some(Constant::Bool(text.ends_with(part))),
        ("replace", [from, to]) if all_texts && !from.is_empty() => {
            string(text.replace(from, to)).filter(|it| it.text().is_some_and(|it| it.len() < SIZE))
        }
        ("find", [part]) => {
            let at = text.find(part).map(|at| text[..at].chars().count() as i128);
            Some(Constant::Int(at.unwrap_or(-1)))
        }
        ("count", [part]) if !part.is_empty() => {
            Some(Constant::Int(text.matches(part).count() as i128))
        }
        ("isdigit" | "isdecimal" | "isnumeric", []) => Some(Constant::Bool(
            !text.is_empty() && text.chars().all(char::is_numeric),
        )),
        ("isalpha", []) => Some(Constant::Bool(
            !text.is_empty() && text.chars().all(char::is_alphabetic),
        )),
        ("isalnum", []) => Some(Constant::Bool(
            !text.is_empty() && text.chars().all(char::is_alphanumeric),
        )),
        ("encode" | "decode" | "format" | "title" | "capitalize", []) if name != "title" => {
            string(text.to_owned()).filter(|_| name != "capitalize")
        }
        ("split", [separator]) if all_texts && !separator.is_empty() => {
            let parts = text.split(separator).map(|it| Constant::Str(it.into()));
            Some(Constant::List(parts.collect()))
        }
        ("split", []) if args.is_empty() => {
            let parts = text.split_whitespace().map(|it| Constant::Str(it.into()));
            Some(Constant::List(parts.collect()))
        }
        _ => None,
    }
}

/// A function of `base64` on a constant. What cannot be decoded raises; its text stands for it.
pub fn base64(path: &str, text: &str) -> Option<Constant> {
    let is_url = path.contains(".urlsafe_");
    let alphabet = match is_url {
        true => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        false => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    };
    match path.rsplit(['.', '_']).next()? {
        "b64encode" => encoded(text.as_bytes(), alphabet),
        "b64decode" => {
            let decoded = decoded(text, alphabet).and_then(|it| String::from_utf8(it).ok());
            Some(decoded.unwrap_or_else(|| text.to_owned()))
        }
        _ => None,
    }
    .map(Constant::Bytes)
}

fn encoded(bytes: &[u8], alphabet: &[u8; 64]) -> Option<String> {
    if bytes.len() > SIZE {
        return None;
    }
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4usize {
            let digit = bits >> (18 - 6 * place) & 63;
            text.push(match place <= chunk.len() {
                true => char::from(alphabet[digit as usize]),
                false => '=',
            });
        }
    }
    Some(text)
}

fn decoded(text: &str, alphabet: &[u8; 64]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) || text.len() > SIZE {
        return None;
    }
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = alphabet.iter().position(|it| *it == byte)?;
        bits = (bits << 6 | digit as u32) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

/// A text with holes whose parts are all known.
pub fn concatenated(parts: &[Arc<str>]) -> Option<Constant> {
    let text = parts.concat();
    (text.len() <= SIZE).then_some(Constant::Str(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_goes_there_and_back() {
        let bytes = |text: &str| Some(Constant::Bytes(text.to_owned()));
        assert_eq!(base64("base64.b64encode", "hello"), bytes("aGVsbG8="));
        assert_eq!(base64("base64.b64decode", "aGVsbG8="), bytes("hello"));
        assert_eq!(base64("base64.urlsafe_b64decode", "aGk_"), bytes("hi?"));
        assert_eq!(base64("base64.b64decode", "no"), bytes("no"));
        assert_eq!(base64("base64.b32encode", "hello"), None);
    }
}
