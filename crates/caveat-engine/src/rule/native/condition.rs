//! The tests of `where:`, such as `not constant or len > 8`.

use crate::rule::{
    Comparison, Form, Predicate, Test,
    error::closest,
    reader::{clip, list},
};

/// Forms by their word.
const FORMS: &[(&str, Form)] = &[
    ("string", Form::String),
    ("number", Form::Number),
    ("boolean", Form::Boolean),
    ("name", Form::Name),
    ("call", Form::Call),
    ("list", Form::List),
    ("dict", Form::Dict),
    ("none", Form::None),
];

/// All words a test may start with.
const WORDS: &[&str] = &[
    "constant", "string", "number", "boolean", "name", "call", "list", "dict", "none", "type",
    "resolves", "matches", "len", "entropy", "value",
];

/// Longer ones first, so that a prefix does not win.
const COMPARISONS: &[(&str, Comparison)] = &[
    ("<=", Comparison::LessEqual),
    (">=", Comparison::GreaterEqual),
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

/// What is wrong with a condition.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) help: String,
}

fn wrong<T>(message: impl Into<String>, help: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong {
        message: message.into(),
        help: help.into(),
    })
}

/// Reads `test or test ...`.
pub(super) fn parse(text: &str) -> Result<Vec<Test>, Wrong> {
    let mut rest = text.trim();
    let mut tests = Vec::new();
    loop {
        let (test, after) = test(rest)?;
        tests.push(test);
        rest = after.trim_start();
        if rest.is_empty() {
            return Ok(tests);
        }
        let (word, after) = word(rest);
        if word != "or" {
            let help = "join tests by `or`; for \"and\", write a second condition";
            return wrong(format!("`{}` after a test", clip(rest)), help);
        }
        rest = after.trim_start();
    }
}

/// Reads one test and gives the text after it.
fn test(text: &str) -> Result<(Test, &str), Wrong> {
    let (first, after) = word(text);
    let negated = first == "not";
    let (first, after) = if negated {
        word(after.trim_start())
    } else {
        (first, after)
    };
    let (predicate, after) = predicate(first, after)?;
    Ok((Test { negated, predicate }, after))
}

fn predicate<'t>(first: &str, after: &'t str) -> Result<(Predicate, &'t str), Wrong> {
    if let Some((_, form)) = FORMS.iter().find(|(name, _)| *name == first) {
        return Ok((Predicate::Form(*form), after));
    }
    match first {
        "constant" => Ok((Predicate::Constant, after)),
        "type" => path(first, after).map(|(path, rest)| (Predicate::Type(path), rest)),
        "resolves" => path(first, after).map(|(path, rest)| (Predicate::Resolves(path), rest)),
        "matches" => {
            let (regex, rest) = argument(first, after)?;
            Ok((Predicate::Matches(regex), rest))
        }
        "len" => {
            let (comparison, number, rest) = comparison(first, after)?;
            match number.parse() {
                Ok(number) => Ok((Predicate::Length(comparison, number), rest)),
                Err(_) => wrong(format!("`{number}` is not an integer"), "write `len > 8`"),
            }
        }
        "entropy" | "value" => {
            let (comparison, number, rest) = comparison(first, after)?;
            let number = match number.parse() {
                Ok(number) if f64::is_finite(number) => number,
                _ => {
                    let help = format!("write `{first} > 4.5`");
                    return wrong(format!("`{number}` is not a number"), help);
                }
            };
            let entropy = first == "entropy";
            let make = if entropy {
                Predicate::Entropy
            } else {
                Predicate::Value
            };
            Ok((make(comparison, number), rest))
        }
        "" => wrong("a test is missing", format!("known: {}", list(WORDS))),
        _ => {
            let help = match closest(first, WORDS) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known: {}", list(WORDS)),
            };
            wrong(format!("unknown test `{}`", clip(first)), help)
        }
    }
}

/// The word at the start and the text after it.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
    text.split_at(end.unwrap_or(text.len()))
}

/// An operator and a number.
fn comparison<'t>(word: &str, text: &'t str) -> Result<(Comparison, &'t str, &'t str), Wrong> {
    let text = text.trim_start();
    let found = COMPARISONS
        .iter()
        .find(|(symbol, _)| text.starts_with(symbol));
    let Some((symbol, comparison)) = found else {
        return wrong(
            format!("`{word}` needs a comparison"),
            format!("write `{word} > 8`"),
        );
    };
    let rest = text[symbol.len()..].trim_start();
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    Ok((*comparison, &rest[..end], &rest[end..]))
}

/// A dotted path in parentheses; `::` becomes `.`, so that Rust's spelling is also understood.
fn path<'t>(word: &str, text: &'t str) -> Result<(String, &'t str), Wrong> {
    let (path, rest) = argument(word, text)?;
    let path = path.trim().replace("::", ".");
    let parts: Vec<&str> = path.split('.').collect();
    let name = |part: &&str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
            && !part.starts_with(|c: char| c.is_ascii_digit())
    };
    let star = word == "resolves" && parts.len() > 1 && parts.last() == Some(&"*");
    let names = &parts[..parts.len() - usize::from(star)];
    if !names.iter().all(name) {
        let help = format!("write `{word}(package.module.Name)`");
        return wrong(format!("`{}` is not a dotted path", clip(&path)), help);
    }
    Ok((path, rest))
}

/// The text in parentheses after the word: quoted, or up to the parenthesis that closes it.
fn argument<'t>(word: &str, text: &'t str) -> Result<(String, &'t str), Wrong> {
    let help = || format!("write `{word}(...)`; quote what has a `)` without its `(`");
    let Some(inner) = text.trim_start().strip_prefix('(') else {
        return wrong(format!("`{word}` needs a value in parentheses"), help());
    };
    let quoted = inner.chars().next().filter(|c| matches!(c, '"' | '\''));
    let split = match quoted {
        Some(quote) => {
            let close = format!("{quote})");
            inner[1..]
                .find(&close)
                .map(|end| (&inner[1..=end], &inner[end + 3..]))
        }
        None => closing(inner).map(|end| (&inner[..end], &inner[end + 1..])),
    };
    match split {
        Some((argument, rest)) if !argument.is_empty() => Ok((argument.to_owned(), rest)),
        Some(_) => wrong(format!("`{word}` has an empty value"), help()),
        None => wrong(
            format!("the parenthesis after `{word}` is not closed"),
            help(),
        ),
    }
}

/// Where the parenthesis opened before the text is closed, in the syntax of regular expressions:
/// a backslash and a character class hide parentheses.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut class) = (0_usize, false);
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '[' => class = true,
            ']' => class = false,
            '(' if !class => depth += 1,
            ')' if !class && depth == 0 => return Some(at),
            ')' if !class => depth -= 1,
            _ => {}
        }
    }
    None
}
