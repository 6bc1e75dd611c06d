//! Texts and paths that are changed in place, and those that are put together.

use std::sync::Arc;

use caveat_parser::Constant;

use crate::flow::call::{Args, Site};
use crate::flow::heap::{Kind, Object, State};
use crate::flow::interpret::Machine;
use crate::flow::text;
use crate::flow::value::{Identity, ObjectId, Thing, Value, mix};
use crate::model::FactSet;

/// The object that tells callers how a text of that identity was changed.
pub fn change_of(identity: Identity) -> ObjectId {
    ObjectId(mix(&[0x6368_616e_6765, identity]))
}

impl<'w> Machine<'w> {
    /// What a receiver that is no object is after a method that changes it.
    pub fn mutated(
        &mut self,
        state: &mut State,
        receiver: &Value,
        name: &str,
        args: &Args,
        site: Site,
    ) -> Option<Value> {
        let is_own =
            |thing: &Thing| matches!(thing, Thing::Of(_) | Thing::Class(_) | Thing::Name(_));
        if !receiver.refs.is_empty() || receiver.things.iter().any(is_own) {
            return None;
        }
        let first = args.at(0, None);
        let with_things = |mut value: Value| {
            value.things.clone_from(&receiver.things);
            value
        };
        let is_path = is_path(receiver);
        Some(match name {
            "push" | "set_file_name" if is_path => {
                let joined = self.path_joined(state, receiver, &first?, site);
                with_things(joined)
            }
            "push_str" | "push" | "write_str" | "write_fmt" | "append" => {
                let added = first?;
                with_things(self.concatenated(state, &[receiver.clone(), added], site))
            }
            "insert_str" | "insert" => {
                let mut data = receiver.taint.clone();
                for passed in args.all() {
                    data = data.join(&self.data_of(state, &passed.value));
                }
                let data = data.changed(FactSet::EMPTY, text::of_the_front());
                with_things(Value::tainted(data))
            }
            "extend" | "extend_from_slice" | "set_extension" => {
                let data = self.data_of(state, &first?);
                with_things(receiver.clone().with_taint(&data)).anonymous()
            }
            "clear" => with_things(Value::constant(Constant::Str(String::new()))),
            "retain" => {
                let kept = self.characters_where(state, &first?, true, site)?;
                let mut value = receiver.clone();
                value.taint = value.taint.map(|entry| {
                    let mut entry = entry.changed(kept.facts, FactSet::EMPTY);
                    entry.absent = entry.absent.union(kept.absent);
                    entry
                });
                value
            }
            _ => return None,
        })
    }

    /// Leaves word for callers that hold the same text.
    pub fn note_mutation(&mut self, state: &mut State, receiver: &Value, changed: &Value) {
        if let Some(part) = &receiver.part
            && changed.taint != receiver.taint
        {
            let mut data = changed.clone().anonymous();
            data.things.clear();
            let whole = Value {
                part: Some(part.clone()),
                ..Value::any()
            };
            self.store(state, &whole, None, data);
        } else if receiver.identity != 0 && !changed.taint.is_empty() {
            let mut object = Object::new(Kind::Fields);
            object.rest = changed.clone().anonymous();
            let heap = Arc::make_mut(&mut state.heap);
            heap.insert(change_of(receiver.identity), Arc::new(object));
        }
    }

    /// Takes up what callees left word of.
    pub fn take_mutations(&mut self, state: &mut State, identities: &[Identity]) {
        for identity in identities {
            let change = change_of(*identity);
            if !state.heap.contains_key(&change) {
                continue;
            }
            let Some(object) = Arc::make_mut(&mut state.heap).remove(&change) else {
                continue;
            };
            self.taint_identity(state, *identity, &object.rest.taint);
        }
    }

    /// Puts data into whatever holds the value of that identity.
    pub fn taint_identity(
        &mut self,
        state: &mut State,
        identity: Identity,
        data: &crate::flow::value::Taint,
    ) {
        if identity == 0 || data.is_empty() {
            return;
        }
        let add = |value: &mut Value| *value = value.clone().with_taint(data);
        state.change_variables(identity, add);
        state.change_objects(identity, add);
    }

    /// One text after the other.
    pub fn concatenated(&mut self, state: &State, parts: &[Value], site: Site) -> Value {
        let parts: Vec<Value> = parts
            .iter()
            .map(|part| {
                let data = self.data_of(state, part);
                let is_new = part.prefix.as_deref() == Some("") && data.is_empty();
                match is_new {
                    true => Value::constant(Constant::Str(String::new())),
                    false => part.clone().with_taint(&data),
                }
            })
            .collect();
        text::concatenated(&parts, site.file, site.span)
    }

    /// `base.join(part)`
    pub fn path_joined(&mut self, state: &State, base: &Value, part: &Value, site: Site) -> Value {
        if base.text() == Some("") {
            let mut value = part.clone();
            value.things = vec![Thing::Instance("std.path.PathBuf".into())];
            return value;
        }
        let ends = base
            .text()
            .is_some_and(|it| it.ends_with('/') || it.is_empty());
        let slash = Value::constant(Constant::Str(if ends { "" } else { "/" }.to_owned()));
        let mut joined = self.concatenated(state, &[base.clone(), slash, part.clone()], site);
        joined.things = vec![Thing::Instance("std.path.PathBuf".into())];
        joined
    }
}

pub fn is_path(value: &Value) -> bool {
    value.things.iter().any(|thing| {
        matches!(thing, Thing::Instance(of) if matches!(&**of, "std.path.PathBuf" | "std.path.Path" | "camino.Utf8PathBuf" | "camino.Utf8Path"))
    })
}
