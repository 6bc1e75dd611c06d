//! Methods that take closures: of options, results, iterators and futures.

use std::sync::Arc;

use caveat_parser::Constant;

use super::{payload, plain};
use crate::flow::call::{Args, Passed, Site};
use crate::flow::guard::Test;
use crate::flow::heap::{Kind, Object, State, refine};
use crate::flow::interpret::Machine;
use crate::flow::summary::Outcome;
use crate::flow::value::{Key, Known, ObjectId, Thing, Value, mix};

/// Whether a value is a collection of the heap.
pub fn is_list(machine: &Machine<'_>, state: &State, value: &Value) -> bool {
    value.refs.iter().any(|id| {
        let object = state.object(&machine.world.heap, *id);
        object.is_some_and(|it| matches!(it.kind, Kind::List | Kind::Set | Kind::Dict))
    }) || matches!(value.known_constants(), Some([Constant::List(_)]))
}

fn is_chars(value: &Value) -> bool {
    let mut things = value.things.iter();
    things.any(|it| matches!(it, Thing::Instance(of) if &**of == "std.str.Chars"))
}

impl<'w> Machine<'w> {
    /// What a loop over a value gives.
    pub fn rust_element(&mut self, state: &mut State, value: &Value, id: ObjectId) -> Value {
        let is_dict = |id: &ObjectId| {
            let object = state.object(&self.world.heap, *id);
            object.is_some_and(|it| it.kind == Kind::Dict)
        };
        if !value.refs.is_empty() && value.refs.iter().all(is_dict) {
            let key = self.iterated(state, value);
            let held = self.read_element(state, value, None);
            let mut pair = Object::new(Kind::List);
            pair.set_items(vec![key, held]);
            return state.make(ObjectId(id.0 ^ 0x7061), pair);
        }
        if is_list(self, state, value) {
            return self.iterated(state, value);
        }
        let mut element = payload(value.clone()).anonymous();
        element.prefix = None;
        if value.part.is_some() || !value.taint.is_empty() {
            element.known = Known::Any;
        } else if value.known_constants().is_some() {
            element = Value::any();
        }
        element
    }

    fn apply_closure(
        &mut self,
        state: &mut State,
        closure: &Value,
        values: Vec<Value>,
        site: Site,
    ) -> Outcome {
        let span = site.span;
        let positional = values
            .into_iter()
            .map(|value| Passed { value, span })
            .collect();
        let args = Args {
            positional,
            ..Args::default()
        };
        // Several closures of one call make objects of their own.
        let site = Site {
            identity: mix(&[site.identity, 0x63_6c6f]),
            ..site
        };
        self.call_value(state, closure, &args, site)
    }

    fn many(&mut self, state: &mut State, element: Value, site: Site) -> Value {
        let mut list = Object::new(Kind::List);
        list.rest = element;
        list.closed = false;
        state.make(ObjectId(mix(&[site.identity, 0x6d61_6e79])), list)
    }

    /// What is in a value: the elements of a collection, the payload of anything else.
    fn inside(&mut self, state: &mut State, value: &Value, site: Site) -> Value {
        match is_list(self, state, value) {
            true => {
                let mut element = self.rust_element(state, value, ObjectId(site.identity));
                if element.identity == 0 {
                    element.identity = mix(&[site.identity, 0x656c]);
                }
                element
            }
            false => {
                let mut element = payload(value.clone());
                if is_chars(value) {
                    element.things.clear();
                    element.known = Known::Any;
                }
                if element.identity == 0 && element.known_constants().is_none() {
                    element.identity = mix(&[site.identity, 0x656c]);
                }
                element
            }
        }
    }

    /// A value of which a test came out true.
    fn refined(&self, value: Value, test: Option<&Arc<Test>>) -> Value {
        let mut value = value;
        let Some(test) = test else { return value };
        let mut learned = Vec::new();
        test.learned(true, &mut learned);
        for (identity, what) in learned {
            refine(&mut value, identity, what);
        }
        value
    }

    /// A method that takes a closure, or that passes on what is in its receiver.
    pub fn adaptor(
        &mut self,
        state: &mut State,
        receiver: &Value,
        name: &str,
        args: &Args,
        site: Site,
    ) -> Option<Outcome> {
        let first = args.at(0, None);
        let is_list = is_list(self, state, receiver);
        match name {
            "map" | "and_then" | "flat_map" | "filter_map" | "find_map" | "then" | "scan"
            | "map_while" | "map_ok" | "then_some" | "map_or_default" => {
                let function = first?;
                if name.starts_with("then") && receiver.taint.is_empty() && args.all().count() == 1
                {
                    // `bool::then`: the closure takes nothing.
                    let got = self.apply_closure(state, &function, Vec::new(), site);
                    return plain(got.value);
                }
                if super::marked(receiver) == Some(false) {
                    return plain(receiver.clone());
                }
                let element = self.inside(state, receiver, site);
                let got = self.apply_closure(state, &function, vec![element], site);
                let stays = matches!(name, "and_then" | "find_map" | "then") || !is_list;
                let mut value = got.value;
                if name == "map" && !is_list {
                    value = payload(value);
                    let marks = receiver.things.iter();
                    let marks = marks.filter(|it| matches!(it, Thing::Variant(_)));
                    value.things.extend(marks.cloned());
                }
                if is_chars(receiver) && name == "map" {
                    value.things.push(Thing::Instance("std.str.Chars".into()));
                }
                if stays {
                    return Some(Outcome {
                        test: both(receiver.test.clone(), got.test),
                        value,
                        diverges: false,
                    });
                }
                let value = payload(value);
                plain(self.many(state, value, site))
            }
            "map_or" | "map_or_else" => {
                let function = args.at(1, None)?;
                let element = self.inside(state, receiver, site);
                let got = self.apply_closure(state, &function, vec![element], site);
                let default = match name {
                    "map_or" => first?,
                    _ => self.apply_closure(state, &first?, Vec::new(), site).value,
                };
                let is_false = default.known_constant() == Some(&Constant::Bool(false));
                let mut value = got.value.join(&default);
                value.test = None;
                Some(Outcome {
                    value,
                    test: got.test.filter(|_| is_false),
                    diverges: false,
                })
            }
            "is_some_and" | "is_ok_and" => {
                let element = self.inside(state, receiver, site);
                let got = self.apply_closure(state, &first?, vec![element], site);
                let mut value = Value::any();
                value.test = got.test;
                plain(value)
            }
            "unwrap_or_else" | "or_else" | "or_insert_with" | "get_or_insert_with" => {
                let got = self.apply_closure(state, &first?, vec![Value::any()], site);
                let other = match got.diverges {
                    true => Value::default(),
                    false => got.value,
                };
                if let Some(value) = self.entry_value(state, receiver, &other) {
                    return plain(value);
                }
                if got.diverges {
                    super::super::interpret::assume(state, receiver, true);
                }
                match super::marked(receiver) {
                    Some(true) => plain(payload(receiver.clone())),
                    Some(false) => plain(other),
                    None => plain(payload(receiver.clone()).join(&other)),
                }
            }
            "or_insert" | "or_default" => {
                let other = first.unwrap_or_else(Value::any);
                self.entry_value(state, receiver, &other).and_then(plain)
            }
            "filter" | "take_while" | "skip_while" | "retain" | "inspect" | "for_each"
            | "try_for_each" | "find" | "max_by_key" | "min_by_key" | "sort_by_key" | "sort_by"
            | "rfind" | "partition" => self.visiting(state, receiver, name, &first?, site),
            "any" | "all" => {
                let function = first?;
                let is_all = name == "all";
                if let Some(value) = self.quantified(state, receiver, &function, is_all, site) {
                    return plain(value);
                }
                let element = self.inside(state, receiver, site);
                let got = self.apply_closure(state, &function, vec![element], site);
                let mut value = Value::any();
                // One of them fits: what fits is known; of `all` it is known of each.
                value.test = both(got.test, got.value.test).and_then(|it| when_true(&it));
                plain(value)
            }
            "position" | "rposition" => {
                let element = self.inside(state, receiver, site);
                self.apply_closure(state, &first?, vec![element], site);
                plain(Value::any())
            }
            "fold" | "try_fold" => {
                let function = args.at(1, None)?;
                let element = self.inside(state, receiver, site);
                let start = first?;
                let got = self.apply_closure(
                    state,
                    &function,
                    vec![start.clone(), element.clone()],
                    site,
                );
                let again =
                    self.apply_closure(state, &function, vec![got.value.clone(), element], site);
                plain(start.join(&got.value).join(&again.value))
            }
            "enumerate" => {
                let element = self.inside(state, receiver, site);
                let mut pair = Object::new(Kind::List);
                pair.set_items(vec![Value::any(), element.anonymous()]);
                let pair = state.make(ObjectId(site.identity ^ 0x77), pair);
                plain(self.many(state, pair, site))
            }
            "zip" => {
                let left = self.inside(state, receiver, site);
                let right = self.inside(state, &first?, site);
                let mut pair = Object::new(Kind::List);
                pair.set_items(vec![left.anonymous(), right.anonymous()]);
                let pair = state.make(ObjectId(site.identity ^ 0x77), pair);
                plain(self.many(state, pair, site))
            }
            "chain" => {
                let other = first?;
                let left = self.inside(state, receiver, site);
                let right = self.inside(state, &other, site);
                let both = left.anonymous().join(&right.anonymous());
                plain(self.many(state, both, site))
            }
            "collect" | "cycle" | "into_values" => {
                let mut value = receiver.clone();
                value
                    .things
                    .retain(|it| !matches!(it, Thing::Instance(of) if &**of == "std.str.Chars"));
                plain(value)
            }
            _ => None,
        }
    }

    /// Methods that show each element to a closure and give elements, or nothing.
    fn visiting(
        &mut self,
        state: &mut State,
        receiver: &Value,
        name: &str,
        function: &Value,
        site: Site,
    ) -> Option<Outcome> {
        let is_list = is_list(self, state, receiver);
        if is_chars(receiver) && name == "filter" {
            let kept = self.characters_where(state, function, true, site);
            let mut value = receiver.clone().anonymous();
            if let Some(kept) = kept {
                value.taint = value.taint.map(|entry| {
                    let mut entry = entry.changed(kept.facts, crate::model::FactSet::EMPTY);
                    entry.absent = entry.absent.union(kept.absent);
                    entry
                });
            }
            return plain(value);
        }
        let element = self.inside(state, receiver, site);
        let got = self.apply_closure(state, function, vec![element.clone()], site);
        let test = both(got.test, got.value.test);
        match name {
            "for_each" | "try_for_each" | "sort_by_key" | "sort_by" => plain(Value::any()),
            "find" | "rfind" => plain(self.refined(element, test.as_ref())),
            "max_by_key" | "min_by_key" => plain(element),
            "inspect" => plain(receiver.clone()),
            "filter" | "take_while" => {
                let element = self.refined(element, test.as_ref());
                match is_list {
                    true => plain(self.many(state, element.anonymous(), site)),
                    false => plain(element),
                }
            }
            _ => plain(receiver.clone()),
        }
    }

    /// What `map.entry(key).or_insert(value)` gives, which is in the map then.
    fn entry_value(&mut self, state: &mut State, entry: &Value, value: &Value) -> Option<Value> {
        let is_entry = |it: &Thing| matches!(it, Thing::Instance(of) if &**of == "std.collections.hash_map.Entry");
        if !entry.things.iter().any(is_entry) {
            return None;
        }
        let [id] = entry.refs.as_slice() else {
            return None;
        };
        let object = state.object(&self.world.heap, *id)?;
        let map = object.get(Some(&Key::Field("map".into())));
        let key = object.entries.get(&Key::Field("key".into())).cloned();
        let key = key.as_ref().and_then(Value::known_constant);
        let key = key.and_then(Key::from_constant);
        let known = self.read_element(state, &map, key.as_ref());
        let value = known.join(value);
        self.store(state, &map, key.as_ref(), value.clone());
        Some(value)
    }
}

fn both(a: Option<Arc<Test>>, b: Option<Arc<Test>>) -> Option<Arc<Test>> {
    crate::flow::guard::both(a, b)
}

/// The part of a test that speaks of a true outcome.
fn when_true(test: &Arc<Test>) -> Option<Arc<Test>> {
    let mut learned = Vec::new();
    test.learned(true, &mut learned);
    learned.into_iter().fold(None, |all, (subject, learned)| {
        let one = Arc::new(Test::Learn {
            when: true,
            subject,
            learned: learned.clone(),
        });
        both(all, Some(one))
    })
}
