//! Turns pattern text into text that a grammar can read: `$X`, `...` and their relatives become
//! identifiers that no source contains.

/// What stands for `...`.
pub const DOTS: &str = "__dots";
/// What stands for `<... e ...>`: a call with one argument.
pub const DEEP: &str = "__deep";
const META: &str = "__mv_";
const META_DOTS: &str = "__mvs_";
const TYPED: &str = "__tmv_";

/// What an identifier in a prepared pattern stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder<'a> {
    /// `...`
    Dots,
    /// `$X`; the name without `$`.
    Meta(&'a str),
    /// `$...X`; the name without `$...`.
    MetaDots(&'a str),
    /// `($X: T)`: index into [`Prepared::typed`].
    Typed(usize),
}

/// Reads an identifier of prepared text.
pub fn classify(identifier: &str) -> Option<Placeholder<'_>> {
    if identifier == DOTS {
        return Some(Placeholder::Dots);
    }
    if let Some(name) = identifier.strip_prefix(META_DOTS) {
        return Some(Placeholder::MetaDots(name));
    }
    if let Some(index) = identifier.strip_prefix(TYPED) {
        return index.parse().ok().map(Placeholder::Typed);
    }
    identifier.strip_prefix(META).map(Placeholder::Meta)
}

/// Pattern text after substitution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// Text for the grammar.
    pub text: String,
    /// Name (without `$`) and type of each `($X: T)`.
    pub typed: Vec<(String, String)>,
}

/// How `...` is written where the grammar wants more than an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// `...` between statements ends with `;` (Rust).
    pub statement_semicolon: bool,
    /// `...` among parameters gets a type (Rust).
    pub typed_parameters: bool,
    /// `...` inside braces is a mapping splat (Python).
    pub brace_splat: bool,
    /// Whether `'` only ever starts a character or a lifetime (Rust).
    pub lifetimes: bool,
}

/// Substitutes the placeholders of `pattern`.
pub fn prepare(pattern: &str, style: Style) -> Prepared {
    let mut out = Preparer {
        rest: pattern,
        text: String::new(),
        typed: Vec::new(),
        style,
        brackets: Vec::new(),
    };
    while !out.rest.is_empty() {
        out.step();
    }
    Prepared {
        text: out.text,
        typed: out.typed,
    }
}

struct Preparer<'a> {
    rest: &'a str,
    text: String,
    typed: Vec<(String, String)>,
    style: Style,
    /// Open brackets; `f` for the parameter list of a function.
    brackets: Vec<char>,
}

impl<'a> Preparer<'a> {
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn step(&mut self) {
        let rest = self.rest;
        if let Some((name, length)) = typed_metavariable(rest).filter(|_| self.may_be_typed()) {
            let inside = &rest[1..length - 1];
            let kind = inside.split_once(':').map_or("", |(_, kind)| kind.trim());
            self.text.push_str(&format!("{TYPED}{}", self.typed.len()));
            self.typed.push((name.to_owned(), kind.to_owned()));
            self.take(length);
        } else if let Some((name, kind, length)) = self.typed_argument() {
            self.text.push_str(&format!("{TYPED}{}", self.typed.len()));
            self.typed.push((name, kind));
            self.take(length);
        } else if let Some(after) = rest.strip_prefix("$...") {
            let length = name_length(after);
            if length == 0 {
                let taken = self.take(4);
                self.text.push_str(taken);
                return;
            }
            self.take(4);
            let name = self.take(length);
            self.text.push_str(&format!("{META_DOTS}{name}"));
            self.type_parameter();
        } else if rest.starts_with('$') && name_length(&rest[1..]) > 0 {
            self.take(1);
            let name = self.take(name_length(self.rest));
            self.text.push_str(&format!("{META}{name}"));
        } else if rest.starts_with("<...") {
            self.take(4);
            self.text.push_str(&format!("{DEEP}("));
            self.brackets.push('<');
        } else if rest.starts_with("...>") && self.brackets.last() == Some(&'<') {
            self.take(4);
            self.brackets.pop();
            self.text.push(')');
        } else if rest.starts_with("...") {
            self.dots();
        } else if let Some(length) = string_length(rest, self.style.lifetimes) {
            self.string(length);
        } else {
            self.character();
        }
    }

    /// `$X: T` as an argument of a call (Python): name, type and length.
    fn typed_argument(&self) -> Option<(String, String, usize)> {
        let after = self.rest.strip_prefix('$')?;
        let length = name_length(after);
        if self.style.lifetimes || length == 0 || self.brackets.last() != Some(&'(') {
            return None;
        }
        let kind = after[length..]
            .trim_start()
            .strip_prefix(':')
            .filter(|kind| !kind.starts_with('='))?;
        let end = kind.find([',', ')'])?;
        let used = self.rest.len() - kind.len() + end;
        Some((
            after[..length].to_owned(),
            kind[..end].trim().to_owned(),
            used,
        ))
    }

    fn character(&mut self) {
        let Some(character) = self.rest.chars().next() else {
            return;
        };
        match character {
            '(' if self.in_function_head() => self.brackets.push('f'),
            '(' | '[' | '{' => self.brackets.push(character),
            ')' | ']' | '}' => {
                self.brackets.pop();
            }
            _ => {}
        }
        // A word is copied whole so that a string prefix is not mistaken for its end.
        let word = self.rest.len() - self.rest.trim_start_matches(is_word).len();
        let length = if word > 0 { word } else { character.len_utf8() };
        let prefixed = word > 0 && word <= 3 && self.rest[word..].starts_with(['"', '\'']);
        let taken = self.take(length);
        self.text.push_str(taken);
        if prefixed && let Some(length) = string_length(self.rest, self.style.lifetimes) {
            let formatted = taken.contains(['f', 'F']);
            if formatted {
                self.formatted(length)
            } else {
                self.string(length)
            }
        }
    }

    /// Whether the next parenthesis opens the parameters of `fn name`.
    fn in_function_head(&self) -> bool {
        let line = self
            .text
            .rsplit(['\n', ';', '{', '}', '('])
            .next()
            .unwrap_or("");
        line.split_whitespace()
            .any(|word| matches!(word, "fn" | "def"))
    }

    fn may_be_typed(&self) -> bool {
        let before = self.text.trim_end();
        let word: String = before
            .chars()
            .rev()
            .take_while(|&c| is_word(c))
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        let keyword = [
            "return", "in", "not", "and", "or", "if", "else", "await", "is", "yield",
        ];
        match before.chars().next_back() {
            None => true,
            Some(')' | ']') => false,
            Some(last) if is_word(last) => keyword.contains(&word.as_str()),
            Some(_) => true,
        }
    }

    fn type_parameter(&mut self) {
        if self.style.typed_parameters && self.brackets.last() == Some(&'f') {
            self.text.push_str(": __T");
        }
    }

    fn dots(&mut self) {
        self.take(3);
        let before = self.text.trim_end().chars().next_back();
        if self.style.brace_splat && self.brackets.last() == Some(&'{') {
            self.text.push_str("**");
        }
        self.text.push_str(DOTS);
        self.type_parameter();
        let after = self.rest.trim_start().chars().next();
        let between = matches!(before, None | Some(';' | '{' | '}'))
            && (after.is_none()
                || after == Some('}')
                || self
                    .rest
                    .trim_start_matches([' ', '\t'])
                    .starts_with(['\n', '\r']));
        if self.style.statement_semicolon && between {
            self.text.push(';');
        }
    }

    fn string(&mut self, length: usize) {
        let taken = self.take(length);
        self.text.push_str(taken);
    }

    /// A formatted string: metavariables inside its holes are substituted.
    fn formatted(&mut self, length: usize) {
        let taken = self.take(length);
        let mut depth = 0;
        let mut rest = taken;
        while let Some(character) = rest.chars().next() {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth > 0 && character == '$' && name_length(&rest[1..]) > 0 {
                let length = name_length(&rest[1..]);
                self.text
                    .push_str(&format!("{META}{}", &rest[1..1 + length]));
                rest = &rest[1 + length..];
            } else if depth > 0 && rest.starts_with("...") {
                self.text.push_str(DOTS);
                rest = &rest[3..];
            } else {
                self.text.push(character);
                rest = &rest[character.len_utf8()..];
            }
        }
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Length of a metavariable's name: `X`, `FOO_1`, `_`, `1`.
fn name_length(text: &str) -> usize {
    let length = text.len()
        - text
            .trim_start_matches(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
            .len();
    // `$foo` is no metavariable, and `$Xy` neither.
    if text[length..].starts_with(|c: char| c.is_ascii_lowercase()) {
        0
    } else {
        length
    }
}

/// `($X: T)` at the start of `text`: the name and the length with both parentheses.
fn typed_metavariable(text: &str) -> Option<(&str, usize)> {
    let inner = text.strip_prefix('(')?;
    let name = inner.trim_start().strip_prefix('$')?;
    let length = name_length(name);
    let after = name.get(length..)?.trim_start();
    if length == 0 || !after.starts_with(':') || after.starts_with("::") || after.starts_with(":=")
    {
        return None;
    }
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '(' | '[' | '<' => depth += 1,
            ')' | ']' | '>' => depth -= 1,
            ',' if depth == 1 => return None,
            _ => {}
        }
        if depth == 0 {
            return Some((&name[..length], at + 1));
        }
    }
    None
}

/// Length of the string literal (without prefix) that starts here.
fn string_length(text: &str, lifetimes: bool) -> Option<usize> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    if lifetimes && quote == '\'' {
        let body = text[1..].chars().next()?;
        let width = body.len_utf8();
        if body == '\\' {
            return text[2..].find('\'').map(|at| at + 3);
        }
        return text[1 + width..].starts_with('\'').then_some(width + 2);
    }
    let triple: String = std::iter::repeat_n(quote, 3).collect();
    let delimiter = if text.starts_with(&triple) {
        triple
    } else {
        quote.to_string()
    };
    let mut at = delimiter.len();
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(&delimiter) {
            return Some(at + delimiter.len());
        }
        let character = rest.chars().next()?;
        at += character.len_utf8();
        if character == '\\' {
            at += text[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, style: Style, expected: &str) {
        assert_eq!(prepare(pattern, style).text, expected, "{pattern}");
    }

    #[test]
    fn python_placeholders() {
        let style = Style::default();
        check(
            "f(..., $X, $...REST)",
            style,
            "f(__dots, __mv_X, __mvs_REST)",
        );
        check("f(\"...\", '$X')", style, "f(\"...\", '$X')");
        check("f\"a{$X}...\"", style, "f\"a{__mv_X}...\"");
        check("<... $X + 1 ...>", style, "__deep( __mv_X + 1 )");
        check("$X. ... .f()", style, "__mv_X. __dots .f()");
        check(
            "($S: requests.Session).get(...)",
            style,
            "__tmv_0.get(__dots)",
        );
        check("def f($X: int): ...", style, "def f(__mv_X: int): __dots");
        check(
            "{..., 'a': 1}",
            Style {
                brace_splat: true,
                ..style
            },
            "{**__dots, 'a': 1}",
        );
    }

    #[test]
    fn rust_placeholders() {
        let style = Style {
            statement_semicolon: true,
            typed_parameters: true,
            lifetimes: true,
            ..Style::default()
        };
        check(
            "fn $F(...) { ... }",
            style,
            "fn __mv_F(__dots: __T) { __dots; }",
        );
        check(
            "let $X = f(...);\n...\ng($X);",
            style,
            "let __mv_X = f(__dots);\n__dots;\ng(__mv_X);",
        );
        check("f('a', x as &'a T)", style, "f('a', x as &'a T)");
    }
}
