//! Summaries: made from a run whose parameters are parts of whatever is passed, and applied to
//! what is passed in a call.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::call::{Site, renamed, short_name};
use super::guard::{EVERYTHING, Test};
use super::heap::{Heap, Kind, State};
use super::interpret::{Exit, Machine};
use super::summary::{Change, Outcome, Reached, Summary};
use super::value::{Entry, Identity, Key, ObjectId, Origin, Part, Taint, Thing, Value, What, mix};
use crate::model::FactSet;

/// Objects that a summary carries.
const MOST_OBJECTS: usize = 64;

impl<'w> Machine<'w> {
    /// What a finished run says of its function.
    pub fn summarize(&mut self, exit: Exit) -> Summary {
        let reached = std::mem::take(&mut self.reached);
        let parts = std::mem::take(&mut self.parts);
        let Some(state) = exit.state else {
            return Summary {
                reached,
                parts,
                diverges: true,
                ..Summary::default()
            };
        };
        let mut changes = Vec::new();
        for part in &parts {
            let id = ObjectId(part.identity());
            let Some(object) = state.heap.get(&id) else {
                continue;
            };
            for (key, value) in &object.entries {
                let same = value
                    .part
                    .as_ref()
                    .is_some_and(|it| is_child(part, it, key));
                if !same {
                    changes.push(Change {
                        part: part.clone(),
                        key: Some(key.clone()),
                        value: value.clone(),
                        surely: true,
                    });
                }
            }
            if !object.rest.is_nothing() {
                changes.push(Change {
                    part: part.clone(),
                    key: None,
                    value: object.rest.clone(),
                    surely: false,
                });
            }
        }
        let mut result = exit.value;
        result.test = exit.test;
        let roots = changes.iter().map(|it| &it.value).chain([&result]);
        let heap = reachable(&state.heap, roots);
        Summary {
            result,
            heap,
            changes,
            reached,
            learned: Arc::unwrap_or_clone(state.learned),
            parts,
            diverges: false,
        }
    }

    /// What a call does, by the summary of what is called.
    pub fn apply(
        &mut self,
        state: &mut State,
        summary: &Summary,
        name: &Arc<str>,
        bound: &[Value],
        site: Site,
    ) -> Outcome {
        let mut passing = Passing {
            bound,
            what: What::Passed(short_name(name)),
            site,
            objects: FxHashMap::default(),
            parts: FxHashMap::default(),
        };
        for reached in &summary.reached {
            let entry = &reached.entry;
            let Origin::Param(part) = &entry.origin else {
                continue;
            };
            let outer = self.part_value(state, &mut passing, part);
            let data = self.data_of(state, &outer);
            let data = data.changed(state.agreed(), FactSet::EMPTY);
            for known in data.stepped(site.file, site.span, &passing.what).entries() {
                self.reach(Reached {
                    entry: entry.after(known),
                    ..reached.clone()
                });
            }
        }
        if summary.diverges {
            return Outcome {
                diverges: true,
                ..Outcome::default()
            };
        }
        let value = self.substitute(state, summary, &mut passing, &summary.result);
        let changes: Vec<(Value, Option<Key>, Value)> = summary
            .changes
            .iter()
            .map(|change| {
                let target = self.part_value(state, &mut passing, &change.part);
                let value = self.substitute(state, summary, &mut passing, &change.value);
                (target, change.key.clone(), value)
            })
            .collect();
        for (target, key, value) in changes {
            self.store(state, &target, key.as_ref(), value);
        }
        let identities: FxHashMap<Identity, Identity> = summary
            .parts
            .iter()
            .map(|part| {
                let value = self.part_value(state, &mut passing, part);
                (part.identity(), value.identity)
            })
            .filter(|(_, identity)| *identity != 0)
            .collect();
        let rename = |identity: Identity| match identity {
            EVERYTHING => Some(EVERYTHING),
            _ => identities.get(&identity).copied(),
        };
        for (identity, learned) in renamed(&summary.learned, &rename) {
            state.learn(identity, &learned);
        }
        let test: Option<Arc<Test>> = summary
            .result
            .test
            .as_ref()
            .and_then(|test| test.renamed(&rename));
        Outcome {
            value,
            test,
            diverges: false,
        }
    }

    /// What was passed as a part of a parameter.
    fn part_value(&mut self, state: &State, passing: &mut Passing<'_>, part: &Part) -> Value {
        if let Some(value) = passing.parts.get(part) {
            return value.clone();
        }
        let start = passing.bound.get(usize::from(part.param)).cloned();
        let mut value = start.unwrap_or_else(Value::any);
        for key in part.path.iter() {
            value = match key {
                Key::Field(name) => {
                    self.field_of(passing.site.file, state, &value, name, passing.site.span)
                }
                _ => self.read_element(state, &value, Some(key)),
            };
        }
        passing.parts.insert(part.clone(), value.clone());
        value
    }

    /// A value of a summary as the caller has it.
    fn substitute(
        &mut self,
        state: &mut State,
        summary: &Summary,
        passing: &mut Passing<'_>,
        value: &Value,
    ) -> Value {
        if let Some(part) = &value.part {
            return self.part_value(state, passing, part);
        }
        let taint = self.substitute_taint(state, passing, &value.taint);
        let refs = value.refs.clone();
        let refs = refs
            .into_iter()
            .map(|id| self.substitute_object(state, summary, passing, id))
            .collect();
        let mut things = Vec::new();
        for thing in &value.things {
            things.push(match thing {
                Thing::Function {
                    function,
                    captured,
                    receiver,
                } => Thing::Function {
                    function: *function,
                    captured: captured
                        .iter()
                        .map(|it| self.substitute(state, summary, passing, it))
                        .collect(),
                    receiver: receiver
                        .as_ref()
                        .map(|it| Arc::new(self.substitute(state, summary, passing, it))),
                },
                Thing::Method(receiver, name) => {
                    let receiver = self.substitute(state, summary, passing, receiver);
                    Thing::Method(Arc::new(receiver), name.clone())
                }
                other => other.clone(),
            });
        }
        Value {
            identity: 0,
            known: value.known.clone(),
            prefix: value.prefix.clone(),
            taint,
            refs,
            things,
            part: None,
            test: None,
            aspect: None,
        }
    }

    fn substitute_taint(
        &mut self,
        state: &State,
        passing: &mut Passing<'_>,
        taint: &Taint,
    ) -> Taint {
        let mut entries: Vec<Entry> = Vec::new();
        for entry in taint.entries() {
            match &entry.origin {
                Origin::Source(_) => entries.push(entry.clone()),
                Origin::Param(part) => {
                    let outer = self.part_value(state, passing, part);
                    let data = self.data_of(state, &outer);
                    let site = passing.site;
                    let data = data.stepped(site.file, site.span, &passing.what);
                    entries.extend(data.entries().iter().map(|known| entry.after(known)));
                }
            }
        }
        Taint::new(entries)
    }

    fn substitute_object(
        &mut self,
        state: &mut State,
        summary: &Summary,
        passing: &mut Passing<'_>,
        id: ObjectId,
    ) -> ObjectId {
        if let Some(known) = passing.objects.get(&id) {
            return *known;
        }
        let Some(object) = summary.heap.get(&id) else {
            return id;
        };
        let made = ObjectId(mix(&[passing.site.identity, id.0]));
        passing.objects.insert(id, made);
        let mut object = Arc::unwrap_or_clone(object.clone());
        let entries = std::mem::take(&mut object.entries);
        for (key, value) in entries {
            let value = self.substitute(state, summary, passing, &value);
            object.entries.insert(key, value);
        }
        object.rest = self.substitute(state, summary, passing, &object.rest.clone());
        if object.kind == Kind::Passed {
            object.part = None;
        }
        state.make(made, object);
        made
    }
}

/// A call while a summary is applied to it.
struct Passing<'b> {
    bound: &'b [Value],
    what: What,
    site: Site,
    /// Objects of the summary and what they are to the caller.
    objects: FxHashMap<ObjectId, ObjectId>,
    parts: FxHashMap<Part, Value>,
}

fn is_child(part: &Part, other: &Part, key: &Key) -> bool {
    let inside = other.path.split_last();
    part.param == other.param
        && inside.is_some_and(|(last, path)| last == key && *path == *part.path)
}

/// The objects that values lead to.
fn reachable<'v>(heap: &Heap, roots: impl Iterator<Item = &'v Value>) -> Heap {
    let mut found = Heap::default();
    let mut open: Vec<ObjectId> = roots.flat_map(|it| it.refs.iter().copied()).collect();
    while let Some(id) = open.pop() {
        if found.contains_key(&id) || found.len() >= MOST_OBJECTS {
            continue;
        }
        let Some(object) = heap.get(&id) else {
            continue;
        };
        found.insert(id, object.clone());
        let values = object.entries.values().chain([&object.rest]);
        open.extend(values.flat_map(|it| it.refs.iter().copied()));
    }
    found
}
