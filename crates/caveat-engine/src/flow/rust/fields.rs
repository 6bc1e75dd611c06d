//! Fields of structs and tuples.

use std::sync::Arc;

use caveat_parser::Span;
use caveat_parser::ir::Static;
use caveat_parser::link::FileId;

use crate::flow::constant;
use crate::flow::heap::{Kind, State};
use crate::flow::interpret::Machine;
use crate::flow::value::{ClassRef, Key, Thing, Value};

impl<'w> Machine<'w> {
    /// A field of a value.
    pub fn rust_field(
        &mut self,
        file: FileId,
        state: &State,
        value: &Value,
        name: &Arc<str>,
        span: Span,
    ) -> Value {
        let key = Key::Field(name.clone());
        let position: Option<i64> = name.parse().ok();
        let mut found = Value::default();
        for id in &value.refs {
            let Some(object) = state.object(&self.world.heap, *id) else {
                continue;
            };
            let known = match (position, object.kind) {
                (Some(at), Kind::List) => object.get(Some(&Key::Item(at))),
                (Some(_), Kind::Dict | Kind::Set) => continue,
                (Some(_), _) if !object.entries.contains_key(&key) && object.part.is_none() => {
                    continue;
                }
                (None, Kind::List | Kind::Dict | Kind::Set) => continue,
                _ => object.get(Some(&key)),
            };
            found = found.join(&known);
        }
        if let (Some(at), Some(constants)) = (position, value.known_constants()) {
            let index = caveat_parser::Constant::Int(i128::from(at));
            let is_list =
                |it: &caveat_parser::Constant| matches!(it, caveat_parser::Constant::List(_));
            let items = constants.iter().filter(|it| is_list(it));
            let items: Option<Vec<_>> = items.map(|it| constant::index(it, &index)).collect();
            if let Some(items) = items.filter(|it| !it.is_empty()) {
                found = found.join(&Value::constants(items));
            }
        }
        let mut declared = None;
        for thing in &value.things {
            match thing {
                Thing::Of(class) | Thing::Class(class) => {
                    declared = declared.or(self.declared(*class, name));
                    if let Some(kept) = self.world.fields.get(&(*class, name.clone())) {
                        found = found.join(kept);
                    }
                }
                Thing::Instance(of) => {
                    let member = self.type_field(file, of, value, name, span);
                    let is_method = |it: &Thing| matches!(it, Thing::Method(..));
                    if !member.taint.is_empty() || !member.things.iter().any(is_method) {
                        found = found.join(&member);
                    }
                }
                _ => {}
            }
        }
        let other = self.part_or_data(state, value, Some(&key));
        let part = other
            .part
            .clone()
            .filter(|_| found.is_nothing() || found.refs.is_empty());
        let mut result = match (found.is_nothing(), part) {
            (true, _) if !other.is_nothing() => other,
            (false, Some(part)) => Value {
                things: found.things.clone(),
                taint: other.taint.join(&found.taint),
                part: Some(part),
                ..other
            },
            _ => found.join(&other),
        };
        if result.is_nothing() {
            // A wrapper is what it holds.
            result = match position {
                Some(_) => super::payload(value.clone()),
                None => Value::any(),
            };
        } else if position.is_some() && declared.is_none() && !result.taint.is_empty() {
            for thing in &value.things {
                let is_type = matches!(thing, Thing::Of(_) | Thing::Instance(_));
                if is_type && !result.things.contains(thing) {
                    result.things.push(thing.clone());
                }
            }
        }
        if result.identity == 0 && result.known_constants().is_none() {
            result.identity = super::part_identity(value.identity, name);
        }
        let mut result = match declared {
            Some((file, annotation)) => self.as_typed(file, result, &annotation),
            None => result,
        };
        super::recall(state, &mut result);
        result
    }

    /// The declared type of a field, and the file in which that is written.
    fn declared(&self, class: ClassRef, name: &str) -> Option<(FileId, Static)> {
        let class = self.program().real(class);
        let mut fields = self.program().class(class).fields.iter();
        let field = fields.find(|it| *it.name == *name)?;
        Some((class.file, field.annotation.clone()?))
    }
}
