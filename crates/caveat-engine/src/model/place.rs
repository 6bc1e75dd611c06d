//! Places at a call: `self`, `arg0`, `arg0:sql`, `timeout=`, `args`, `return`, and parts of them.

/// A place at a call, as seen by the caller.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// Where it starts.
    pub root: Root,
    /// Parts of it, outermost first.
    pub parts: Vec<Selector>,
}

/// The start of a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Root {
    /// `self`: what the method is called on.
    Receiver,
    /// `return`: what the call gives.
    Return,
    /// `arg2`, `arg2:name` or `name=`: an argument by position (from 0, without the receiver), by
    /// keyword, or by either. One of the two is there.
    Argument {
        /// Position, from 0.
        index: Option<u8>,
        /// Keyword.
        name: Option<String>,
    },
    /// `args`, `arg1..`: positional arguments from a position on.
    From(u8),
    /// `kwargs`: keyword arguments.
    Keywords,
    /// `any`: every argument.
    Any,
    /// `value`: what is assigned, for a target that is an assignment.
    Value,
}

/// A part of a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Selector {
    /// `.name`: an attribute or field.
    Field(String),
    /// `["name"]`: an element by its constant key.
    Key(String),
    /// `[2]`: an element by its position.
    Item(u32),
    /// `[1..]`: elements from a position on.
    ItemsFrom(u32),
    /// `[*]`: every element or value.
    Items,
    /// `[keys]`: every key.
    Keys,
    /// `.param(0)`: a parameter of the function that the place holds.
    Parameter(u8),
    /// `.result()`: what the function that the place holds returns.
    Result,
}

impl Place {
    /// The value of a call.
    pub const RETURN: Place = Place {
        root: Root::Return,
        parts: Vec::new(),
    };

    /// Reads a place; the error says what is wrong.
    ///
    /// # Errors
    /// When the text is no place.
    pub fn parse(text: &str) -> Result<Place, String> {
        let text = text.trim();
        let end = text.find(['.', '[']).unwrap_or(text.len());
        // `arg1..` is not a field of `arg1`.
        let end = if text[end..] == *".." {
            text.len()
        } else {
            end
        };
        let root = root(&text[..end]).ok_or_else(|| {
            format!(
                "`{text}` is no place: write `self`, `return`, `arg0`, `arg0:name`, `name=`, \
                 `arg1..`, `args`, `kwargs`, `any` or `value`"
            )
        })?;
        let parts = selectors(&text[end..])
            .ok_or_else(|| format!("`{}` is no part of a place", &text[end..]))?;
        Ok(Place { root, parts })
    }
}

fn root(text: &str) -> Option<Root> {
    let fixed = match text {
        "self" => Some(Root::Receiver),
        "return" => Some(Root::Return),
        "args" => Some(Root::From(0)),
        "kwargs" => Some(Root::Keywords),
        "any" => Some(Root::Any),
        "value" => Some(Root::Value),
        _ => None,
    };
    if fixed.is_some() {
        return fixed;
    }
    if let Some(name) = text.strip_suffix('=') {
        return is_name(name).then(|| Root::Argument {
            index: None,
            name: Some(name.to_owned()),
        });
    }
    let rest = text.strip_prefix("arg")?;
    if let Some(number) = rest.strip_suffix("..") {
        return number.parse().ok().map(Root::From);
    }
    let (number, name) = match rest.split_once(':') {
        Some((number, name)) if is_name(name) => (number, Some(name.to_owned())),
        Some(_) => return None,
        None => (rest, None),
    };
    let index = Some(number.parse().ok()?);
    Some(Root::Argument { index, name })
}

fn selectors(mut text: &str) -> Option<Vec<Selector>> {
    let mut parts = Vec::new();
    while !text.is_empty() {
        let (selector, rest) = match text.strip_prefix('[') {
            Some(inner) => {
                let (inside, rest) = inner.split_once(']')?;
                (element(inside)?, rest)
            }
            None => {
                let inner = text.strip_prefix('.')?;
                let end = inner.find(['.', '[']).unwrap_or(inner.len());
                (field(&inner[..end])?, &inner[end..])
            }
        };
        parts.push(selector);
        text = rest;
    }
    Some(parts)
}

fn element(text: &str) -> Option<Selector> {
    if let Some(key) = text.strip_prefix('"') {
        return key.strip_suffix('"').map(|key| Selector::Key(key.into()));
    }
    match text {
        "*" => Some(Selector::Items),
        "keys" => Some(Selector::Keys),
        _ => match text.strip_suffix("..") {
            Some(number) => number.parse().ok().map(Selector::ItemsFrom),
            None => text.parse().ok().map(Selector::Item),
        },
    }
}

fn field(text: &str) -> Option<Selector> {
    if text == "result()" {
        return Some(Selector::Result);
    }
    if let Some(number) = text
        .strip_prefix("param(")
        .and_then(|t| t.strip_suffix(')'))
    {
        return number.parse().ok().map(Selector::Parameter);
    }
    is_name(text).then(|| Selector::Field(text.to_owned()))
}

/// Whether the text is an identifier of ASCII letters, digits and `_`.
pub(super) fn is_name(text: &str) -> bool {
    let word = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    word && !text.is_empty() && !text.as_bytes()[0].is_ascii_digit()
}
