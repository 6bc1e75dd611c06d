//! Conditions on the arguments of a call: `shell= is true`, `arg1:Loader in (yaml.SafeLoader)`.

use regex::Regex;

use super::{
    kind::SourceKind,
    place::Place,
    target::{Receiver, paths},
};

/// A test of a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// What is looked at.
    pub place: Place,
    /// Whether the test must fail (`is not`, `not in`, `missing`).
    pub negated: bool,
    /// What is asked.
    pub test: Test,
}

/// What may be asked of a place.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// `given`, `missing`: an argument is written there.
    Given,
    /// `is true` (`is false`): a constant that is true (false) where a condition is asked.
    True,
    /// `is false`, see `is true`.
    False,
    /// `is none`: `None`.
    None,
    /// `is constant`: its value stands in the program.
    Constant,
    /// `is text`: a string or bytes, by its form or type.
    Text,
    /// `is list`: a list or tuple, by its form or type.
    List,
    /// `is dict`: a mapping, by its form or type.
    Dict,
    /// `is number`: a number, by its form or type.
    Number,
    /// `is in (a.b, "text")`, `is a.b`, `is "text"`: one of these.
    OneOf(Vec<Atom>),
    /// `contains "text"`: a constant with that in it, or a list with that element.
    Contains(String),
    /// `starts with "text"`: known to begin so.
    StartsWith(String),
    /// `matches /expression/`: a constant that has a match.
    Matches(Receiver),
    /// `written /expression/`: the code there has a match, or a constant that it is.
    Written(Receiver),
    /// `type a.b.C`: a value of that type, dotted.
    Type(String),
    /// `holds entity-parser`: data of that kind of source is there.
    Holds(SourceKind),
    /// `below 8`: a constant number less than that.
    Below(i64),
    /// `above 8`: a constant number greater than that.
    Above(i64),
    /// `is slow regex`: a constant expression that backtracks in polynomial time or worse.
    SlowRegex,
}

/// A thing that a place may be.
#[derive(Debug, Clone, PartialEq)]
pub enum Atom {
    /// A name that resolves to this dotted path.
    Path(String),
    /// A constant text.
    Text(String),
    /// A constant integer.
    Number(i64),
}

impl Condition {
    /// Reads a condition; the error says what is wrong.
    ///
    /// # Errors
    /// When the text is no condition.
    pub fn parse(text: &str) -> Result<Condition, String> {
        let text = text.trim();
        let (place, words) = text
            .split_once(' ')
            .ok_or_else(|| format!("`{text}` has a place, but no test"))?;
        let place = Place::parse(place)?;
        let words = words.trim();
        if words == "missing" {
            return Ok(Condition {
                place,
                negated: true,
                test: Test::Given,
            });
        }
        let (negated, words) = match words.strip_prefix("is not ") {
            Some(rest) => (true, format!("is {rest}")),
            None => match words.strip_prefix("not ") {
                Some(rest) => (true, rest.to_owned()),
                None => (false, words.to_owned()),
            },
        };
        let test = test(words.trim())?;
        Ok(Condition {
            place,
            negated,
            test,
        })
    }
}

fn test(words: &str) -> Result<Test, String> {
    let fixed = match words {
        "given" => Some(Test::Given),
        "is true" => Some(Test::True),
        "is false" => Some(Test::False),
        "is none" => Some(Test::None),
        "is constant" => Some(Test::Constant),
        "is text" => Some(Test::Text),
        "is list" => Some(Test::List),
        "is dict" => Some(Test::Dict),
        "is number" => Some(Test::Number),
        "is slow regex" => Some(Test::SlowRegex),
        _ => None,
    };
    if let Some(test) = fixed {
        return Ok(test);
    }
    let after = |prefix: &str| words.strip_prefix(prefix).map(str::trim);
    if let Some(list) = after("is in ").or_else(|| after("in ")) {
        let inside = list
            .strip_prefix('(')
            .and_then(|list| list.strip_suffix(')'));
        let inside = inside.ok_or_else(|| format!("`{list}` is not in parentheses"))?;
        return inside
            .split(',')
            .map(atom)
            .collect::<Result<_, _>>()
            .map(Test::OneOf);
    }
    if let Some(text) = after("contains ") {
        return quoted(text).map(Test::Contains);
    }
    if let Some(text) = after("starts with ") {
        return quoted(text).map(Test::StartsWith);
    }
    if let Some(text) = after("matches ") {
        return expression(text).map(Test::Matches);
    }
    if let Some(text) = after("written ") {
        return expression(text).map(Test::Written);
    }
    if let Some(path) = after("type ") {
        return one_path(path).map(Test::Type);
    }
    if let Some(word) = after("holds ") {
        let kind = SourceKind::from_name(word);
        return kind
            .map(Test::Holds)
            .ok_or_else(|| format!("`{word}` is no kind of source"));
    }
    let number = |text: &str| text.parse().map_err(|_| format!("`{text}` is no number"));
    if let Some(text) = after("below ") {
        return number(text).map(Test::Below);
    }
    if let Some(text) = after("above ") {
        return number(text).map(Test::Above);
    }
    if let Some(text) = after("is ") {
        return Ok(Test::OneOf(vec![atom(text)?]));
    }
    Err(format!("`{words}` is no test"))
}

fn expression(text: &str) -> Result<Receiver, String> {
    let inside = text
        .strip_prefix('/')
        .and_then(|text| text.strip_suffix('/'));
    let regex = inside.ok_or_else(|| format!("`{text}` is not between slashes"))?;
    let regex = Regex::new(regex).map_err(|error| error.to_string())?;
    Ok(Receiver(regex))
}

fn atom(text: &str) -> Result<Atom, String> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Ok(Atom::Number(number));
    }
    if text.starts_with('"') {
        return quoted(text).map(Atom::Text);
    }
    one_path(text).map(Atom::Path)
}

fn one_path(text: &str) -> Result<String, String> {
    match <[String; 1]>::try_from(paths(text)?) {
        Ok([path]) => Ok(path),
        Err(_) => Err(format!("`{text}` has alternatives; use `in (a, b)`")),
    }
}

fn quoted(text: &str) -> Result<String, String> {
    let inside = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inside
        .map(str::to_owned)
        .ok_or_else(|| format!("`{text}` is not in double quotes"))
}
