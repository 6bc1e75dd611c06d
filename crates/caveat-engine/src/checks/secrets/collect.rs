//! Gathers the literals that a tree binds to names of secrets or hands to functions that take
//! them. The languages say where to look; this says what becomes of it.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Names, NodeId, Span};

use super::code::{self, Folded, last_name};
use super::commands::{self, Found};
use super::judge::{Candidate, Place, Secret, Which};
use super::name::{self, Kind, Name};
use super::{address, files, fix, prefilter, provider, statement};
use crate::checks::tree;
use crate::rule::{Confidence, Severity};

/// What was gathered in one file.
pub struct Collector<'c, 'a> {
    /// The file.
    pub names: &'c Names<'a>,
    /// Literals to be judged.
    pub candidates: Vec<Candidate>,
    /// Literals about which there is nothing to judge.
    pub secrets: Vec<Secret>,
}

impl Collector<'_, '_> {
    /// Whether the name at the span can matter; see [`prefilter`].
    pub fn counts(&self, span: Span) -> bool {
        prefilter::name_matters(self.names.code.text, span)
    }

    /// A value under a name. The value may be a fallback: the last of `a or "b"`.
    pub fn named(&mut self, label: &str, span: Span, value: NodeId, place: Place) {
        let Some(name) = name::classify(label) else {
            return;
        };
        if !self.counts(span) {
            return;
        }
        // `auth=("user", "password")` is looked at as a pair.
        if label == "auth" && self.names.code.arena.role(value) == Role::Tuple {
            return;
        }
        let (values, place) = self.alternatives(value, place);
        // One name has not several secrets: a list under it names where to look.
        if values.len() > 1 && !name.plural && self.is_list(value) {
            return;
        }
        for value in values {
            self.add(label, name.clone(), value, place);
        }
    }

    fn is_list(&self, value: NodeId) -> bool {
        let role = self.names.code.arena.role(value);
        matches!(role, Role::List | Role::Tuple | Role::Set)
    }

    /// The expressions that may become the value, and how.
    fn alternatives(&self, value: NodeId, place: Place) -> (Vec<NodeId>, Place) {
        let arena = self.names.code.arena;
        match arena.role(value) {
            Role::BooleanOperator => {
                let last = arena.field(value, Field::Right);
                (last.into_iter().collect(), Place::Fallback)
            }
            Role::Conditional => {
                let parts: Vec<NodeId> = arena.children(value).collect();
                let is_literal = |&part: &NodeId| code::fold(self.names, part, false).is_some();
                match parts.as_slice() {
                    // One that is asked for, and one that holds otherwise.
                    [first, _, last] if is_literal(first) != is_literal(last) => {
                        (vec![*first, *last], Place::Fallback)
                    }
                    [first, _, last] => (vec![*first, *last], place),
                    _ => (Vec::new(), place),
                }
            }
            Role::List | Role::Tuple | Role::Set if arena.field(value, Field::Length).is_none() => {
                let strings: Vec<NodeId> = arena
                    .children(value)
                    .filter(|&item| arena.role(item) == Role::String)
                    .collect();
                match strings.is_empty() {
                    true => (vec![value], place),
                    false => (strings, place),
                }
            }
            Role::Call => match self.default_of(value) {
                Some(default) => (vec![default], place),
                None => (vec![value], place),
            },
            _ => (vec![value], place),
        }
    }

    /// `Field(default="...")`, `Field("...")`, `Form("...")`, `field(default=...)`.
    fn default_of(&self, call: NodeId) -> Option<NodeId> {
        let code = self.names.code;
        let arena = code.arena;
        let last = last_name(self.names, arena.children(call).next()?)?;
        let declares = matches!(
            last,
            "Field"
                | "field"
                | "attrib"
                | "ib"
                | "Option"
                | "Argument"
                | "Column"
                | "mapped_column"
                | "Form"
                | "Query"
                | "Header"
                | "Body"
                | "CharField"
                | "Setting"
        );
        if !declares {
            return None;
        }
        let keyword = tree::arguments(arena, call).find(|&it| {
            arena.role(it) == Role::KeywordArgument
                && arena
                    .field(it, Field::Name)
                    .is_some_and(|name| matches!(code.text_of(name), "default" | "default_factory"))
        });
        match keyword {
            Some(keyword) => {
                let value = arena.field(keyword, Field::Value)?;
                Some(code::closure_body(self.names, value))
            }
            None if matches!(last, "Field" | "Option" | "Form" | "Header" | "Query") => {
                tree::arguments(arena, call)
                    .next()
                    .filter(|&it| arena.role(it) != Role::KeywordArgument)
            }
            None => None,
        }
    }

    fn add(&mut self, label: &str, name: Name, value: NodeId, place: Place) {
        let arena = self.names.code.arena;
        // A constant that is handed on counts where it is written, unless its own name tells.
        let follows = arena.role(value) == Role::Identifier
            && name::classify(self.names.code.text_of(value)).is_none();
        let folded = code::fold(self.names, value, follows)
            .or_else(|| code::behind_scheme(self.names, value));
        let Some(folded) = folded else {
            return self.user_and_password(label, &name, value);
        };
        if let Some(password) = as_login(&name, &folded) {
            return self.push(
                label,
                Name::of_place(Kind::Password),
                &password,
                value,
                place,
            );
        }
        if is_numbers(arena.role(folded.node)) && name.kind != Kind::CryptoKey {
            return;
        }
        self.push(label, name, &folded, value, place);
    }

    fn push(&mut self, label: &str, name: Name, folded: &Folded, value: NodeId, place: Place) {
        if provider::is_token(&folded.text) || folded.text.contains("://") {
            // The rules about formats report it.
            return;
        }
        let is_key = place == Place::Key || name.kind == Kind::CryptoKey;
        if is_key && is_binary(self.names.code.text_of(folded.node)) && folded.text.len() > 7 {
            self.secret(Which::CryptoKey, label, folded.span, Severity::High);
            return;
        }
        if is_numbers(self.names.code.arena.role(folded.node)) {
            // All zero is the value before the key comes, but for a cipher that is given it.
            if place == Place::Key || folded.text.chars().any(|c| c != '\0') {
                self.secret(Which::CryptoKey, label, folded.span, Severity::High);
            }
            return;
        }
        self.candidates.push(Candidate {
            span: folded.span,
            label: label.to_owned(),
            name,
            text: folded.text.clone(),
            place,
            fix: fix::from_environment(self.names, label, value, folded),
        });
    }

    /// A value that its place makes a secret whatever it is called: the argument of a function.
    pub fn placed(&mut self, label: &str, kind: Kind, value: NodeId, place: Place) {
        let Some(folded) = code::fold(self.names, value, true) else {
            return;
        };
        self.push(label, Name::of_place(kind), &folded, value, place);
    }

    /// `[("username", "a"), ("password", "b")]`: a pair in a list of pairs.
    pub fn form_entry(&mut self, tuple: NodeId) {
        let arena = self.names.code.arena;
        // Beside a target stand the values of several names.
        let is_entry = arena.parent(tuple).is_some_and(|parent| {
            !matches!(
                arena.role(parent),
                Role::Assignment
                    | Role::Let
                    | Role::Comparison
                    | Role::Binary
                    | Role::KeywordArgument
            )
        });
        let parts: Vec<NodeId> = arena.children(tuple).take(3).collect();
        if let ([key, value], true) = (parts.as_slice(), is_entry)
            && arena.role(*key) == Role::String
            && let Some((label, span)) = code::literal_name(self.names, *key)
        {
            self.named(&label, span, *value, Place::Bound);
        }
    }

    /// `user:password`, encoded for the header of basic authorization.
    pub fn basic(&mut self, value: NodeId) {
        let Some(folded) = code::fold(self.names, value, true) else {
            return;
        };
        let Some((user, password)) = folded.text.split_once(':') else {
            return;
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.@".contains(c);
        if !user.is_empty() && user.chars().all(is_name) {
            let folded = Folded {
                text: password.to_owned(),
                ..folded
            };
            let name = Name::of_place(Kind::Password);
            self.push("password", name, &folded, value, Place::Connected);
        }
    }

    /// An initialization vector, nonce or salt.
    pub fn fixed(&mut self, what: &str, value: NodeId) {
        if let Some(folded) = code::fold(self.names, value, true)
            && folded.text.len() >= 4
        {
            self.secret(Which::Fixed, what, folded.span, Severity::Medium);
        }
    }

    fn secret(&mut self, which: Which, label: &str, span: Span, severity: Severity) {
        self.secrets.push(Secret {
            which,
            span,
            label: label.to_owned(),
            severity,
            confidence: Confidence::High,
            fix: None,
        });
    }

    /// `connect_db("localhost", "root", "...")`: a user whom every system has, and the next word,
    /// handed to what connects or logs in.
    pub fn user_then_password(&mut self, callee: &str, arguments: &[NodeId]) {
        let connects = name::words(callee)
            .iter()
            .any(|word| CONNECTING.contains(&word.as_str()));
        if !connects {
            return;
        }
        let text = self.names.code.text;
        for pair in arguments.windows(2) {
            let user = code::value_span(self.names, pair[0]).text(text);
            let known = matches!(user, "root" | "admin" | "administrator" | "postgres" | "sa");
            if known && self.names.code.arena.role(pair[1]) == Role::String {
                self.placed("password", Kind::Password, pair[1], Place::Connected);
            }
        }
    }

    /// `credentials = ("user", "password")`
    fn user_and_password(&mut self, label: &str, name: &Name, value: NodeId) {
        let arena = self.names.code.arena;
        if arena.role(value) != Role::Tuple || !is_login_pair(name) {
            return;
        }
        let parts: Vec<NodeId> = arena.children(value).collect();
        if let [_, password] = parts.as_slice() {
            self.placed(label, Kind::Password, *password, Place::Connected);
        }
    }

    /// What a text may hold whatever it is called: a connection string, a statement that sets a
    /// password, a command line, the query of an address.
    pub fn text(&mut self, literal: NodeId) {
        if address::is_document(self.names, literal) {
            return;
        }
        self.connection(literal);
        let span = code::value_span(self.names, literal);
        let content = span.text(self.names.code.text);
        if content.len() > LONGEST_TEXT {
            return;
        }
        self.variable(span, content);
        let mut found = statement::passwords(content);
        found.extend(commands::in_line(content));
        for it in found {
            self.found(span.start, it);
        }
        for it in address::query(content) {
            let key = it.key.as_ref().map_or(0, String::len) as u32;
            let at = span.start + it.span.start - 1;
            let key = Span::new(at - key, at);
            let named = name::classify(key.text(self.names.code.text)).is_some();
            if !named || self.counts(key) {
                self.found(span.start, it);
            }
        }
    }

    /// `"POSTGRES_PASSWORD=secret"`, as lists of variables for other programs hold it.
    fn variable(&mut self, span: Span, content: &str) {
        let Some((key, value)) = content.split_once('=') else {
            return;
        };
        let is_key = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        let at = Span::new(span.start, span.start + key.len() as u32);
        if key.len() < 4 || !key.bytes().all(is_key) || value.contains(' ') {
            return;
        }
        if let Some(name) = name::classify(key)
            && self.counts(at)
            && !provider::is_token(value)
            && !value.contains(['\\', '/'])
        {
            self.candidates.push(Candidate {
                span: Span::new(at.end + 1, span.end),
                label: key.to_owned(),
                name,
                text: value.to_owned(),
                place: Place::Connected,
                fix: None,
            });
        }
    }

    /// The words of a command as a list: `["mysql", "-psecret"]`.
    pub fn command_line(&mut self, list: NodeId) {
        let arena = self.names.code.arena;
        let text = self.names.code.text;
        let program = arena
            .children(list)
            .next()
            .map(|first| code::value_span(self.names, first).text(text));
        if !program.is_some_and(commands::is_known) {
            return;
        }
        let words: Vec<NodeId> = arena.children(list).collect();
        self.words(&words);
    }

    /// The words of a command, each a literal or an expression.
    pub fn words(&mut self, words: &[NodeId]) {
        let arena = self.names.code.arena;
        let text = self.names.code.text;
        let words: Vec<(Span, &str)> = words
            .iter()
            .map(|&item| match arena.role(item) {
                Role::String => {
                    let span = code::value_span(self.names, item);
                    (span, span.text(text))
                }
                _ => (arena.span(item), "$"),
            })
            .collect();
        for it in commands::in_words(&words) {
            self.found(0, it);
        }
    }

    /// A secret that a reader of texts found, at an offset of the file.
    fn found(&mut self, offset: u32, it: Found) {
        let (label, name) = match it.key {
            Some(key) => match name::classify(&key) {
                Some(name) => (key, name),
                None => (key, Name::of_place(Kind::Credential)),
            },
            None => ("password".to_owned(), Name::of_place(Kind::Password)),
        };
        if provider::is_token(&it.value) || it.value.contains('\\') {
            return;
        }
        self.candidates.push(Candidate {
            span: Span::new(offset + it.span.start, offset + it.span.end),
            label,
            name,
            text: it.value,
            place: it.place,
            fix: None,
        });
    }

    /// A literal that is a connection string with a password in it.
    fn connection(&mut self, literal: NodeId) {
        let text = self.names.code.text;
        let span = code::value_span(self.names, literal);
        let content = span.text(text);
        if content.contains('\n') {
            return;
        }
        let Some((start, end)) = files::password_in(content) else {
            return;
        };
        let key = content[..start].rfind(|c: char| c.is_ascii_alphabetic());
        let key = span.start + key.unwrap_or(0) as u32;
        if self.counts(Span::new(key, key + 1)) {
            self.candidates.push(Candidate {
                span: Span::new(span.start + start as u32, span.start + end as u32),
                label: "password".to_owned(),
                name: Name::of_place(Kind::Password),
                text: content[start..end].to_owned(),
                place: Place::Connected,
                fix: None,
            });
        }
    }

    /// Both sides of a comparison; those of tuples part by part.
    pub fn compared_both(&mut self, left: NodeId, right: NodeId) {
        let arena = self.names.code.arena;
        if arena.role(left) == Role::Tuple && arena.role(right) == Role::Tuple {
            let pairs: Vec<(NodeId, NodeId)> =
                arena.children(left).zip(arena.children(right)).collect();
            for (left, right) in pairs {
                self.compared_both(left, right);
            }
            return;
        }
        self.compared(left, right);
        self.compared(right, left);
    }

    /// What is matched, and the literals of a pattern in their order.
    pub fn matched(&mut self, subject: NodeId, patterns: &[NodeId]) {
        let arena = self.names.code.arena;
        if arena.role(subject) != Role::Tuple {
            if let Some(&pattern) = patterns.first() {
                self.compared(subject, pattern);
            }
            return;
        }
        let subjects: Vec<NodeId> = arena.children(subject).collect();
        if subjects.len() == patterns.len() {
            for (subject, &pattern) in subjects.into_iter().zip(patterns) {
                self.compared(subject, pattern);
            }
        }
    }

    /// Something with a name, compared with what may be a literal.
    pub fn compared(&mut self, named: NodeId, other: NodeId) {
        if code::fold(self.names, other, false).is_none() {
            self.compared_with_constant(other);
            return self.compared_with_table(named, other);
        }
        if let Some((label, span)) = code::called(self.names, named) {
            self.named(&label, span, other, Place::Compared);
        }
    }

    /// Something compared with a constant that is called a secret: the program accepts it.
    fn compared_with_constant(&mut self, constant: NodeId) {
        let arena = self.names.code.arena;
        if arena.role(constant) != Role::Identifier {
            return;
        }
        let label = self.names.code.text_of(constant).to_owned();
        if let Some(name) = name::classify(&label)
            && self.counts(arena.span(constant))
            && let Some(folded) = code::fold(self.names, constant, true)
        {
            self.push(&label, name, &folded, folded.node, Place::Compared);
        }
    }

    /// `TABLE.get(user) == password`: the table holds users with their passwords.
    fn compared_with_table(&mut self, named: NodeId, other: NodeId) {
        let arena = self.names.code.arena;
        let table = match arena.role(other) {
            Role::Subscript => arena.children(other).next(),
            Role::Call => arena
                .children(other)
                .next()
                .filter(|&callee| last_name(self.names, callee) == Some("get"))
                .and_then(|callee| arena.children(callee).next()),
            _ => None,
        };
        let dict = table
            .and_then(|table| self.names.value_of(table))
            .filter(|&value| arena.role(value) == Role::Dict);
        if let Some(dict) = dict
            && let Some((label, span)) = code::called(self.names, named)
            && name::classify(&label).is_some_and(|name| name.kind == Kind::Password)
            && self.counts(span)
        {
            self.people(dict);
        }
    }

    /// Users with their passwords: `{"alice": "wonderland"}`, `[("alice", "wonderland")]`.
    pub fn people(&mut self, value: NodeId) {
        let arena = self.names.code.arena;
        let rows: Vec<NodeId> = arena
            .subtree(value)
            .filter(|&id| matches!(arena.role(id), Role::Pair | Role::Tuple | Role::TokenTree))
            .take(MOST_PEOPLE)
            .collect();
        for row in rows {
            let parts: Vec<NodeId> = match arena.role(row) {
                Role::TokenTree => arena
                    .children(row)
                    .filter(|&it| arena.role(it) == Role::String)
                    .collect(),
                _ => arena.children(row).collect(),
            };
            let near = arena.ancestors(row).take_while(|&it| it != value).count() < 4;
            if let ([user, password], true) = (parts.as_slice(), near)
                && arena.role(*user) == Role::String
            {
                self.placed("password", Kind::Password, *password, Place::Connected);
            }
        }
    }

    /// The default of a field that the command line fills. The name stands below the attribute,
    /// which alone says that the code matters.
    pub fn option_field(&mut self, label: &str, value: NodeId) {
        if let Some(name) = name::classify(label) {
            self.add(label, name, value, Place::Fallback);
        }
    }

    /// A function that is called like a secret and gives a literal.
    pub fn maker(&mut self, name: NodeId, value: NodeId) {
        let code = self.names.code;
        let text = code.text_of(name);
        let label = ["default_", "get_"]
            .iter()
            .fold(text, |rest, lead| rest.strip_prefix(lead).unwrap_or(rest));
        let lead = (text.len() - label.len()) as u32;
        let span = code.arena.span(name);
        let place = match text.starts_with("default_") {
            true => Place::Fallback,
            false => Place::Bound,
        };
        self.named(label, Span::new(span.start + lead, span.end), value, place);
    }
}

/// Words in the names of what connects or logs in.
const CONNECTING: &[&str] = &[
    "connect",
    "connection",
    "login",
    "logon",
    "signin",
    "authenticate",
    "session",
    "client",
    "credentials",
    "db",
];

/// Most users that are looked at in one table.
const MOST_PEOPLE: usize = 1000;

/// Bytes that no keyboard has: `b"\x13\x37"`.
fn is_binary(literal: &str) -> bool {
    literal.starts_with('b') && literal.contains("\\x")
}

/// Longest text in which statements and commands are looked for, in bytes.
const LONGEST_TEXT: usize = 20_000;

/// `credentials`, `auth`, `login`: names under which a user stands with a password.
fn is_login_pair(name: &Name) -> bool {
    let last = name.words.last().map_or("", String::as_str);
    matches!(
        last,
        "credentials"
            | "creds"
            | "credential"
            | "cred"
            | "auth"
            | "logins"
            | "userpwd"
            | "userpass"
    )
}

/// `user:password` under such a name: the password alone.
fn as_login(name: &Name, folded: &Folded) -> Option<Folded> {
    let (user, password) = folded.text.split_once(':')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.@".contains(c);
    let fits = is_login_pair(name)
        && !user.is_empty()
        && user.chars().all(is_name)
        && !password.is_empty()
        && !password.contains([':', ' ', '/']);
    let whole = folded.span.len() as usize == folded.text.len();
    let start = match whole {
        true => folded.span.end - password.len() as u32,
        false => folded.span.start,
    };
    fits.then(|| Folded {
        text: password.to_owned(),
        span: Span::new(start, folded.span.end),
        node: folded.node,
    })
}

fn is_numbers(role: Role) -> bool {
    role == Role::List
}
