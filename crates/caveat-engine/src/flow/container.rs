//! Methods of lists, dicts and sets, and of configuration objects with sections.

use caveat_parser::Constant;

use super::call::Args;
use super::heap::{Kind, Object, State};
use super::interpret::Machine;
use super::value::{Key, ObjectId, Value};

/// Takes the element under a key out.
pub fn remove(object: &mut Object, key: Option<&Key>) {
    let at = match (object.kind, key) {
        (Kind::List, Some(Key::Item(at))) => *at,
        (Kind::List, _) => return object.forget_positions(),
        (_, Some(key)) if !object.many => {
            object.entries.remove(key);
            return;
        }
        _ => return,
    };
    match object.items() {
        Some(mut items) if !object.many => {
            let at = if at < 0 { at + items.len() as i64 } else { at };
            if let Ok(at) = usize::try_from(at)
                && at < items.len()
            {
                items.remove(at);
            }
            object.set_items(items);
        }
        _ => object.forget_positions(),
    }
}

/// Puts all pairs of a mapping into another.
pub fn update(machine: &mut Machine<'_>, state: &State, object: &mut Object, value: &Value) {
    for id in &value.refs {
        let Some(other) = state.object(&machine.world.heap, *id) else {
            continue;
        };
        for (key, value) in &other.entries {
            object.set(Some(key), value.clone(), value_is_sure(&value.refs));
        }
        object.rest = object.rest.join(&other.rest);
        object.closed &= other.closed;
    }
    if value.refs.is_empty() {
        object.closed = false;
        let element = machine.read_element(state, value, None);
        object.rest = object.rest.join(&element);
    }
}

/// Of one object alone it is known that its pairs are there.
fn value_is_sure(refs: &[ObjectId]) -> bool {
    refs.len() <= 1
}

impl Machine<'_> {
    /// A method of a list, dict or set; `None` if it has no such method.
    pub fn container_method(
        &mut self,
        state: &mut State,
        id: ObjectId,
        name: &str,
        args: &Args,
        made: ObjectId,
    ) -> Option<Value> {
        let kind = state.object(&self.world.heap, id)?.kind;
        match kind {
            Kind::List => self.list_method(state, id, name, args, made),
            Kind::Set => self.set_method(state, id, name, args, made),
            Kind::Dict => self.dict_method(state, id, name, args, made),
            _ => None,
        }
    }

    fn change(&self, state: &mut State, id: ObjectId, change: impl FnOnce(&mut Object)) {
        if let Some(object) = state.object_mut(&self.world.heap, id) {
            change(object);
        }
    }

    fn list_method(
        &mut self,
        state: &mut State,
        id: ObjectId,
        name: &str,
        args: &Args,
        made: ObjectId,
    ) -> Option<Value> {
        let first = args.at(0, None);
        let position = |value: &Option<Value>| match value.as_ref()?.known_constant()? {
            Constant::Int(at) => i64::try_from(*at).ok(),
            _ => None,
        };
        let none = Some(Value::constant(Constant::None));
        match name {
            "append" | "add" | "appendleft" => {
                let value = first?;
                self.change(state, id, |list| {
                    change_items(list, |items| match name {
                        "appendleft" => items.insert(0, value.clone()),
                        _ => items.push(value.clone()),
                    });
                    if list.items().is_none() {
                        list.rest = list.rest.join(&value);
                    }
                });
                none
            }
            "insert" => {
                let at = position(&first);
                let value = args.at(1, None)?;
                self.change(state, id, |list| match (at, list.items()) {
                    (Some(at), Some(mut items)) if !list.many => {
                        let length = items.len() as i64;
                        let at = if at < 0 { at + length } else { at };
                        items.insert(at.clamp(0, length) as usize, value);
                        list.set_items(items);
                    }
                    _ => {
                        list.forget_positions();
                        list.rest = list.rest.join(&value);
                    }
                });
                none
            }
            "extend" => {
                let value = first?;
                let known = self.known_items(state, &value);
                let some = self.iterated(state, &value);
                self.change(state, id, |list| match (list.items(), known) {
                    (Some(mut items), Some(more)) if !list.many => {
                        items.extend(more);
                        list.set_items(items);
                    }
                    _ => {
                        list.forget_positions();
                        list.rest = list.rest.join(&some);
                    }
                });
                none
            }
            "pop" | "popleft" => {
                let at = match (&first, name) {
                    (None, "popleft") => Some(0),
                    (None, _) => Some(-1),
                    _ => position(&first),
                };
                let key = at.map(Key::Item);
                let value = state.object(&self.world.heap, id)?.get(key.as_ref());
                self.change(state, id, |list| remove(list, key.as_ref()));
                Some(value)
            }
            "remove" => {
                let value = first?;
                self.change(state, id, |list| remove_equal(list, &value));
                none
            }
            "clear" => {
                self.change(state, id, |list| change_items(list, Vec::clear));
                none
            }
            "reverse" => {
                self.change(state, id, |list| {
                    change_items(list, |items| items.reverse())
                });
                none
            }
            "sort" => {
                self.change(state, id, Object::forget_positions);
                none
            }
            "copy" => {
                let mut copy = state.object(&self.world.heap, id)?.clone();
                copy.many = false;
                Some(state.make(made, copy))
            }
            "index" | "count" => Some(Value::any()),
            "__enter__" | "__next__" => Some(state.object(&self.world.heap, id)?.get(None)),
            "__iter__" => Some(Value::object(id)),
            _ => None,
        }
    }

    fn set_method(
        &mut self,
        state: &mut State,
        id: ObjectId,
        name: &str,
        args: &Args,
        made: ObjectId,
    ) -> Option<Value> {
        match name {
            "add" => {
                let value = args.at(0, None)?;
                self.change(state, id, |set| set.rest = set.rest.join(&value));
            }
            "update" | "union" => {
                let value = args.at(0, None)?;
                let some = self.iterated(state, &value);
                if name == "union" {
                    let mut copy = state.object(&self.world.heap, id)?.clone();
                    copy.rest = copy.rest.join(&some);
                    return Some(state.make(made, copy));
                }
                self.change(state, id, |set| set.rest = set.rest.join(&some));
            }
            "pop" => return Some(state.object(&self.world.heap, id)?.get(None)),
            "copy" | "intersection" | "difference" => return Some(Value::object(id)),
            "remove" | "discard" | "clear" => {}
            _ => return None,
        }
        Some(Value::constant(Constant::None))
    }

    fn dict_method(
        &mut self,
        state: &mut State,
        id: ObjectId,
        name: &str,
        args: &Args,
        made: ObjectId,
    ) -> Option<Value> {
        let first = args.at(0, None);
        let key = first
            .as_ref()
            .and_then(Value::known_constant)
            .and_then(Key::from_constant);
        match name {
            "get" | "pop" | "setdefault" => {
                let object = state.object(&self.world.heap, id)?;
                let has = key
                    .as_ref()
                    .is_some_and(|key| object.entries.contains_key(key));
                let mut value = object.get(key.as_ref());
                let sure = has && !object.many && object.rest.is_nothing();
                if !sure {
                    let default = args.at(1, None);
                    let default = default.unwrap_or_else(|| Value::constant(Constant::None));
                    value = value.join(&default);
                }
                if name == "pop" {
                    self.change(state, id, |dict| remove(dict, key.as_ref()));
                } else if name == "setdefault" {
                    self.change(state, id, |dict| {
                        dict.set(key.as_ref(), value.clone(), false)
                    });
                }
                Some(value)
            }
            "items" => {
                let object = state.object(&self.world.heap, id)?;
                let mut pair = Object::new(Kind::List);
                let keys = self.iterated(state, &Value::object(id));
                pair.set_items(vec![keys, object.get(None)]);
                let pair = state.make(ObjectId(made.0 ^ 0x55), pair);
                let mut items = Object::new(Kind::List);
                items.rest = pair;
                items.closed = false;
                Some(state.make(made, items))
            }
            "values" | "keys" => {
                let mut items = Object::new(Kind::List);
                items.rest = match name {
                    "values" => state.object(&self.world.heap, id)?.get(None),
                    _ => self.iterated(state, &Value::object(id)),
                };
                items.closed = false;
                Some(state.make(made, items))
            }
            "update" => {
                let mut object = state.object(&self.world.heap, id)?.clone();
                if let Some(value) = &first {
                    update(self, state, &mut object, value);
                }
                for (name, value) in &args.named {
                    object.set(Some(&Key::Text(name.clone())), value.value.clone(), true);
                }
                self.change(state, id, |dict| *dict = object);
                Some(Value::constant(Constant::None))
            }
            "copy" => {
                let mut copy = state.object(&self.world.heap, id)?.clone();
                copy.many = false;
                Some(state.make(made, copy))
            }
            "clear" => {
                self.change(state, id, |dict| {
                    if !dict.many {
                        dict.entries.clear();
                        dict.rest = Value::default();
                    }
                });
                Some(Value::constant(Constant::None))
            }
            _ => None,
        }
    }

    /// A method of a configuration with sections (`configparser`): a mapping of sections to
    /// mappings.
    pub fn sections_method(
        &mut self,
        state: &mut State,
        id: ObjectId,
        name: &str,
        args: &Args,
    ) -> Option<Value> {
        let key = |at| {
            let value: Value = args.at(at, None)?;
            Key::from_constant(value.known_constant()?)
        };
        let section = key(0);
        match name {
            "set" | "add_section" => {
                let inner = self.section(state, id, section.as_ref());
                if name == "set" {
                    let value = args.at(2, Some("value"))?;
                    self.store(state, &inner, key(1).as_ref(), value);
                }
                Some(Value::constant(Constant::None))
            }
            "get" | "getint" | "getfloat" | "getboolean" => {
                let inner = state.object(&self.world.heap, id)?.get(section.as_ref());
                let value = self.read_element(state, &inner, key(1).as_ref());
                let fallback = args.named("fallback").unwrap_or_default();
                match name {
                    "get" => Some(value.join(&fallback)),
                    _ => Some(Value::any()),
                }
            }
            "remove_section" => {
                self.change(state, id, |it| remove(it, section.as_ref()));
                Some(Value::any())
            }
            _ => None,
        }
    }

    /// The mapping of a section, made where there is none.
    fn section(&mut self, state: &mut State, id: ObjectId, key: Option<&Key>) -> Value {
        let known = state.object(&self.world.heap, id).map(|it| it.get(key));
        if let Some(known) = known.filter(|it| !it.refs.is_empty()) {
            return known;
        }
        let text = format!("{key:?}");
        let made = ObjectId(super::value::mix(&[id.0, text.len() as u64, hash(&text)]));
        let inner = state.make(made, Object::new(Kind::Dict));
        self.change(state, id, |it| it.set(key, inner.clone(), true));
        inner
    }
}

fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0, |hash: u64, byte| hash.wrapping_mul(31) + u64::from(byte))
}

/// Changes the elements of a list whose elements are all known; of others the order is lost.
fn change_items(list: &mut Object, change: impl FnOnce(&mut Vec<Value>)) {
    match list.items() {
        Some(mut items) if !list.many => {
            change(&mut items);
            list.set_items(items);
        }
        _ => list.forget_positions(),
    }
}

fn remove_equal(list: &mut Object, value: &Value) {
    let Some(mut items) = list.items().filter(|_| !list.many) else {
        return list.forget_positions();
    };
    let constants: Option<Vec<&Constant>> = items.iter().map(Value::known_constant).collect();
    match (value.known_constant(), constants) {
        (Some(value), Some(constants)) => {
            if let Some(at) = constants.iter().position(|it| *it == value) {
                items.remove(at);
            }
            list.set_items(items);
        }
        _ => list.forget_positions(),
    }
}
