//! What a predicate on characters or parts of a path says of a whole text.
//!
//! The predicate is run on each character that matters; nothing is guessed from its form.

use std::sync::Arc;

use caveat_parser::Constant;

use crate::flow::call::{Args, Passed, Site};
use crate::flow::guard::{Learned, Test};
use crate::flow::heap::State;
use crate::flow::interpret::Machine;
use crate::flow::pattern::Allowed;
use crate::flow::value::{Absent, Thing, Value};
use crate::model::{Fact, FactSet};

/// Variants of a part of a path.
const COMPONENTS: &[&str] = &["Normal", "ParentDir", "RootDir", "CurDir", "Prefix"];

impl<'w> Machine<'w> {
    /// What is known of a text all of whose characters give `outcome`.
    pub fn characters_where(
        &mut self,
        state: &mut State,
        predicate: &Value,
        outcome: bool,
        site: Site,
    ) -> Option<Learned> {
        let mut allowed = Vec::new();
        let mut decided = false;
        let printable = (' '..='~').chain(['\n', '\r', '\t']);
        for character in printable {
            let answer = self.of_character(state, predicate, character, site);
            decided |= answer.is_some();
            if answer.is_none_or(|it| it == outcome) {
                allowed.push((character, character));
            }
        }
        let allowed = decided.then(|| Allowed::of(allowed))?;
        let facts = allowed.facts().without(Fact::Matches);
        Some(Learned {
            facts,
            absent: allowed.absent(),
            ..Learned::NOTHING
        })
    }

    fn of_character(
        &mut self,
        state: &mut State,
        predicate: &Value,
        character: char,
        site: Site,
    ) -> Option<bool> {
        if let Some(Constant::Str(text)) = predicate.known_constant() {
            let mut only = text.chars();
            return match (only.next(), only.next()) {
                (Some(one), None) => Some(one == character),
                _ => None,
            };
        }
        if let Some(items) = self.known_items(state, predicate) {
            let texts: Option<Vec<&str>> = items.iter().map(Value::text).collect();
            return Some(texts?.iter().any(|it| it.chars().eq([character])));
        }
        let value = Value::constant(Constant::Str(character.to_string()));
        self.answer_to(state, predicate, value, site)
    }

    /// The truth that a function gives for a value.
    fn answer_to(
        &mut self,
        state: &mut State,
        predicate: &Value,
        value: Value,
        site: Site,
    ) -> Option<bool> {
        let args = Args {
            positional: vec![Passed {
                value,
                span: site.span,
            }],
            ..Args::default()
        };
        let is_function = |thing: &Thing| matches!(thing, Thing::Function { .. } | Thing::Name(_));
        if !predicate.things.iter().any(is_function) {
            return None;
        }
        let outcome = self.call_value(state, predicate, &args, site);
        match outcome.value.known_constant()? {
            Constant::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// What is known of a path all of whose components give `outcome`.
    pub fn components_where(
        &mut self,
        state: &mut State,
        predicate: &Value,
        outcome: bool,
        site: Site,
    ) -> Option<Learned> {
        let mut refused = Vec::new();
        for name in COMPONENTS {
            let path = format!("std.path.Component.{name}");
            let value = Value::thing(Thing::Name(path.as_str().into()));
            if self.answer_to(state, predicate, value, site) == Some(!outcome) {
                refused.push(*name);
            }
        }
        refused.contains(&"ParentDir").then(|| Learned {
            absent: Absent::WAY_UP,
            facts: match refused.contains(&"RootDir") {
                true => FactSet::EMPTY.with(Fact::Inside),
                false => FactSet::EMPTY,
            },
            ..Learned::NOTHING
        })
    }

    /// The answer of `all` or `any` with what it says of the receiver.
    pub fn quantified(
        &mut self,
        state: &mut State,
        receiver: &Value,
        predicate: &Value,
        is_all: bool,
        site: Site,
    ) -> Option<Value> {
        let has = |name: &str| {
            let mut things = receiver.things.iter();
            things.any(|it| matches!(it, Thing::Instance(of) if **of == *name))
        };
        let learned = match (has("std.str.Chars"), has("std.path.Components")) {
            (true, _) => self.characters_where(state, predicate, is_all, site),
            (_, true) => self.components_where(state, predicate, is_all, site),
            _ => return None,
        };
        let subject = receiver.identity;
        let test = learned.filter(|_| subject != 0).map(|learned| {
            Arc::new(Test::Learn {
                when: is_all,
                subject,
                learned,
            })
        });
        Some(Value {
            test,
            ..Value::any()
        })
    }
}

/// `c.is_alphanumeric()` and the like, on a constant.
pub fn of_constant(character: &str, name: &str) -> Option<bool> {
    let mut only = character.chars();
    let (Some(c), None) = (only.next(), only.next()) else {
        return None;
    };
    Some(match name {
        "is_alphanumeric" => c.is_alphanumeric(),
        "is_ascii_alphanumeric" => c.is_ascii_alphanumeric(),
        "is_alphabetic" => c.is_alphabetic(),
        "is_ascii_alphabetic" => c.is_ascii_alphabetic(),
        "is_numeric" => c.is_numeric(),
        "is_ascii_digit" | "is_digit" => c.is_ascii_digit(),
        "is_ascii_hexdigit" => c.is_ascii_hexdigit(),
        "is_lowercase" => c.is_lowercase(),
        "is_ascii_lowercase" => c.is_ascii_lowercase(),
        "is_uppercase" => c.is_uppercase(),
        "is_ascii_uppercase" => c.is_ascii_uppercase(),
        "is_whitespace" => c.is_whitespace(),
        "is_ascii_whitespace" => c.is_ascii_whitespace(),
        "is_control" => c.is_control(),
        "is_ascii_control" => c.is_ascii_control(),
        "is_ascii_punctuation" => c.is_ascii_punctuation(),
        "is_ascii_graphic" => c.is_ascii_graphic(),
        "is_ascii" => c.is_ascii(),
        _ => return None,
    })
}
