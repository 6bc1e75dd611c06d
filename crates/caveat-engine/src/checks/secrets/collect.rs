//! Gathers the literals that a tree binds to names of secrets or hands to functions that take
//! them. The languages say where to look; this says what becomes of it.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Names, NodeId, Span};

use super::code::{self, Folded, last_name};
use super::judge::{Candidate, Place, Secret, Which};
use super::name::{self, Kind, Name};
use super::{files, fix, prefilter, provider};
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
                match parts.as_slice() {
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
                    .is_some_and(|name| code.text_of(name) == "default")
        });
        match keyword {
            Some(keyword) => arena.field(keyword, Field::Value),
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
        let Some(folded) = code::fold(self.names, value, follows) else {
            return;
        };
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
        let in_list = arena
            .parent(tuple)
            .is_some_and(|parent| arena.role(parent) == Role::List);
        let parts: Vec<NodeId> = arena.children(tuple).take(3).collect();
        if let ([key, value], true) = (parts.as_slice(), in_list)
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

    /// A literal that is a connection string with a password in it.
    pub fn connection(&mut self, literal: NodeId) {
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

    /// Something with a name, compared with what may be a literal.
    pub fn compared(&mut self, named: NodeId, other: NodeId) {
        if code::fold(self.names, other, false).is_none() {
            return;
        }
        if let Some((label, span)) = code::called(self.names, named) {
            self.named(&label, span, other, Place::Compared);
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

fn is_numbers(role: Role) -> bool {
    role == Role::List
}
