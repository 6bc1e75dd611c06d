//! What the variables and objects of a program hold at one point of it.
//!
//! Objects are told apart by where they are made. A dict is followed by constant key, a list by
//! position while every operation on it is known, an instance by field; whatever is not known
//! joins the object's rest.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::guard::{EVERYTHING, Learned};
use super::value::{ClassRef, Entry, Identity, Key, ObjectId, Origin, Part, Taint, Value, mix};
use crate::model::FactSet;

/// Elements of one object that are told apart.
const MOST_ENTRIES: usize = 64;
/// How deep fields of parameters are told apart.
const DEEPEST_PART: usize = 4;
/// How deep data is looked for inside of objects.
const DEEPEST_DATA: u32 = 4;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A list or tuple: positions are counted.
    List,
    /// A set: elements are not told apart.
    Set,
    /// A mapping.
    Dict,
    /// An instance of a class of the project.
    Instance(ClassRef),
    /// A class of the project.
    Class(ClassRef),
    /// Variables that closures share, and other things with fields.
    Fields,
    /// Whatever a caller passes.
    Passed,
}

/// An object.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// What it holds by key.
    pub entries: BTreeMap<Key, Value>,
    /// What it holds under keys that are not known.
    pub rest: Value,
    /// There is nothing in it but the entries.
    pub closed: bool,
    /// It stands for several objects of the running program.
    pub many: bool,
    /// The part of a parameter that it is.
    pub part: Option<Part>,
}

impl Object {
    /// An object without anything in it.
    pub fn new(kind: Kind) -> Object {
        Object {
            kind,
            entries: BTreeMap::new(),
            rest: Value::default(),
            closed: true,
            many: false,
            part: None,
        }
    }

    /// Number of elements, if it is known.
    pub fn length(&self) -> Option<usize> {
        (self.closed && self.rest.is_nothing()).then_some(self.entries.len())
    }

    /// A position counted from the start.
    fn normal(&self, key: &Key) -> Option<Key> {
        match key {
            Key::Item(at) if *at < 0 && self.kind == Kind::List => {
                let length = i64::try_from(self.length()?).ok()?;
                Some(Key::Item(length + at))
            }
            _ => Some(key.clone()),
        }
    }

    /// What it holds under a key; under some key if none is given.
    pub fn get(&self, key: Option<&Key>) -> Value {
        let normal = key.and_then(|key| self.normal(key));
        let Some(key) = normal else {
            let all = self.entries.values();
            return all.fold(self.rest.clone(), |all, value| all.join(value));
        };
        match self.entries.get(&key) {
            Some(value) => value.join(&self.rest),
            None => match &self.part {
                Some(part) => child(part, &key),
                None => self.rest.clone(),
            },
        }
    }

    /// Puts a value under a key. Not `surely`: it may as well hold what it held before.
    pub fn set(&mut self, key: Option<&Key>, value: Value, surely: bool) {
        let normal = key.and_then(|key| self.normal(key));
        let fits = self.kind != Kind::Set && self.entries.len() < MOST_ENTRIES;
        match normal {
            Some(key) if fits || self.entries.contains_key(&key) => {
                let value = match surely && !self.many {
                    true => value,
                    false => self.get(Some(&key)).join(&value),
                };
                self.entries.insert(key, value);
            }
            _ => {
                self.rest = self.rest.join(&value);
                if self.kind == Kind::List {
                    self.forget_positions();
                }
            }
        }
    }

    /// Elements are no longer told apart.
    pub fn forget_positions(&mut self) {
        let entries = std::mem::take(&mut self.entries);
        for value in entries.into_values() {
            self.rest = self.rest.join(&value);
        }
        self.closed = false;
    }

    /// The elements in order, if they are all known.
    pub fn items(&self) -> Option<Vec<Value>> {
        let length = self.length()?;
        (0..length)
            .map(|at| self.entries.get(&Key::Item(at as i64)).cloned())
            .collect()
    }

    /// Replaces all elements of a list.
    pub fn set_items(&mut self, items: Vec<Value>) {
        if items.len() > MOST_ENTRIES || self.many {
            self.entries.clear();
            for value in items {
                self.rest = self.rest.join(&value);
            }
            self.closed = false;
            return;
        }
        self.entries = (0i64..).map(Key::Item).zip(items).collect();
    }

    fn join(&self, other: &Object) -> Object {
        if self == other {
            return self.clone();
        }
        let mut joined = self.clone();
        joined.many |= other.many;
        joined.rest = self.rest.join(&other.rest);
        joined.closed &= other.closed;
        for (key, value) in &mut joined.entries {
            *value = value.join(&other.get(Some(key)));
        }
        for (key, value) in &other.entries {
            if !self.entries.contains_key(key) {
                let mine = self.get(Some(key));
                joined.entries.insert(key.clone(), value.join(&mine));
            }
        }
        let other_length = other.entries.len();
        if self.kind == Kind::List && self.entries.len() != other_length {
            joined.forget_positions();
        }
        joined
    }
}

/// A part of a parameter, untouched.
pub fn passed(part: Part) -> Value {
    Value {
        identity: part.identity(),
        taint: Taint::new(vec![Entry::new(Origin::Param(part.clone()))]),
        part: Some(part),
        ..Value::any()
    }
}

/// What a part of a parameter holds under a key.
pub fn child(part: &Part, key: &Key) -> Value {
    if part.path.len() >= DEEPEST_PART {
        let entry = Entry::new(Origin::Param(part.clone()));
        return Value::tainted(Taint::new(vec![entry]));
    }
    let mut path = part.path.to_vec();
    path.push(key.clone());
    passed(Part {
        param: part.param,
        path: path.into(),
    })
}

/// Marks objects that functions change: what they hold besides what they were made with is not
/// known, nor what of that is left.
pub fn open(heap: &mut Heap, refs: &[ObjectId]) {
    for id in refs {
        let Some(object) = heap.get_mut(id) else {
            continue;
        };
        if matches!(object.kind, Kind::List | Kind::Set | Kind::Dict) {
            let object = Arc::make_mut(object);
            object.closed = false;
            object.many = true;
            object.rest = object.rest.join(&Value::any());
        }
    }
}

/// The objects of a state, by identity.
pub type Heap = FxHashMap<ObjectId, Arc<Object>>;

/// What is known at one point of a function.
///
/// A state is copied wherever ways part, and most of it stays as it was: its parts are shared until
/// they are written to ([`Arc::make_mut`]), so a copy costs nothing and comparing two is quick.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    /// Variables by local; temporaries are elsewhere.
    pub variables: Arc<Vec<Arc<Value>>>,
    /// Names of the file's top level, while it runs.
    pub globals: Arc<FxHashMap<Arc<str>, Value>>,
    /// Objects.
    pub heap: Arc<Heap>,
    /// What conditions on the way here said.
    pub learned: Arc<Vec<(Identity, Learned)>>,
}

impl State {
    /// Takes up what another way leads here with. True if that changed anything. `place` tells
    /// values that are joined here from those that are joined elsewhere.
    pub fn join(&mut self, other: &State, place: u64) -> bool {
        let mut changed = self.join_variables(other, place);
        changed |= self.join_globals(other);
        changed |= self.join_heap(other);
        if Arc::ptr_eq(&self.learned, &other.learned) {
            return changed;
        }
        let is_shared = |it: &(Identity, Learned)| other.learned.contains(it);
        if !self.learned.iter().all(is_shared) {
            Arc::make_mut(&mut self.learned).retain(is_shared);
            changed = true;
        }
        changed
    }

    fn join_variables(&mut self, other: &State, place: u64) -> bool {
        if Arc::ptr_eq(&self.variables, &other.variables) {
            return false;
        }
        let mut changed = false;
        for (number, theirs) in other.variables.iter().enumerate() {
            let Some(mine) = self.variables.get(number) else {
                break;
            };
            if Arc::ptr_eq(mine, theirs) {
                continue;
            }
            if let Some(joined) = joined(mine, theirs, mix(&[place, number as u64]))
                && joined != **mine
            {
                Arc::make_mut(&mut self.variables)[number] = Arc::new(joined);
                changed = true;
            }
        }
        changed
    }

    fn join_globals(&mut self, other: &State) -> bool {
        if Arc::ptr_eq(&self.globals, &other.globals) {
            return false;
        }
        let mut changed = false;
        let globals = Arc::make_mut(&mut self.globals);
        for (name, theirs) in &*other.globals {
            let mine = globals.entry(name.clone()).or_default();
            if let Some(joined) = joined(mine, theirs, 0) {
                changed |= joined != *mine;
                *mine = joined;
            }
        }
        changed
    }

    fn join_heap(&mut self, other: &State) -> bool {
        if Arc::ptr_eq(&self.heap, &other.heap) {
            return false;
        }
        let mut changed = false;
        for (id, theirs) in &*other.heap {
            let joined = match self.heap.get(id) {
                None => theirs.clone(),
                Some(mine) if Arc::ptr_eq(mine, theirs) || mine == theirs => continue,
                Some(mine) => {
                    let joined = mine.join(theirs);
                    if joined == **mine {
                        continue;
                    }
                    Arc::new(joined)
                }
            };
            Arc::make_mut(&mut self.heap).insert(*id, joined);
            changed = true;
        }
        changed
    }

    /// A variable's value.
    pub fn variable(&self, local: usize) -> &Value {
        &self.variables[local]
    }

    /// Gives a variable a value.
    pub fn set_variable(&mut self, local: usize, value: Value) {
        Arc::make_mut(&mut self.variables)[local] = Arc::new(value);
    }

    /// Changes what objects hold of the value of that identity.
    pub fn change_objects(&mut self, identity: Identity, mut change: impl FnMut(&mut Value)) {
        let holds = |value: &Value| value.identity == identity;
        let objects = self.heap.iter();
        let holding = objects.filter(|(_, object)| object.entries.values().any(holds));
        let holding: Vec<ObjectId> = holding.map(|(id, _)| *id).collect();
        for id in holding {
            let object = Arc::make_mut(&mut self.heap).get_mut(&id);
            let values = object.map(|it| Arc::make_mut(it).entries.values_mut());
            for value in values.into_iter().flatten().filter(|it| holds(it)) {
                change(value);
            }
        }
    }

    /// Changes the variables that hold the value of that identity.
    pub fn change_variables(&mut self, identity: Identity, mut change: impl FnMut(&mut Value)) {
        for at in 0..self.variables.len() {
            if self.variables[at].identity == identity {
                let variables = Arc::make_mut(&mut self.variables);
                change(Arc::make_mut(&mut variables[at]));
            }
        }
    }

    /// All data in a value, that in its objects included.
    pub fn data(&self, frozen: &Heap, value: &Value) -> Taint {
        if value.refs.is_empty() {
            return value.taint.clone();
        }
        let mut seen = FxHashSet::default();
        let mut found = value.taint.clone();
        self.collect(frozen, &value.refs, &mut seen, &mut found, DEEPEST_DATA);
        found
    }

    fn collect(
        &self,
        frozen: &Heap,
        refs: &[ObjectId],
        seen: &mut FxHashSet<ObjectId>,
        found: &mut Taint,
        depth: u32,
    ) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        for id in refs {
            if !seen.insert(*id) {
                continue;
            }
            let Some(object) = self.object(frozen, *id) else {
                continue;
            };
            for value in object.entries.values().chain([&object.rest]) {
                *found = found.join(&value.taint);
                self.collect(frozen, &value.refs, seen, found, depth);
            }
        }
    }

    /// An object of this state, or of the finished top levels of files.
    pub fn object<'s>(&'s self, frozen: &'s Heap, id: ObjectId) -> Option<&'s Object> {
        self.heap
            .get(&id)
            .or_else(|| frozen.get(&id))
            .map(|it| &**it)
    }

    /// An object to change. One from a finished top level stands for many from then on.
    pub fn object_mut(&mut self, frozen: &Heap, id: ObjectId) -> Option<&mut Object> {
        use std::collections::hash_map::Entry::{Occupied, Vacant};
        let object = match Arc::make_mut(&mut self.heap).entry(id) {
            Occupied(known) => known.into_mut(),
            Vacant(empty) => {
                let mut copy = Object::clone(frozen.get(&id)?);
                copy.many = true;
                empty.insert(Arc::new(copy))
            }
        };
        Some(Arc::make_mut(object))
    }

    /// Makes an object; where the place made one before, it stands for both.
    pub fn make(&mut self, id: ObjectId, object: Object) -> Value {
        let object = match self.heap.get(&id) {
            Some(old) => {
                let mut joined = old.join(&object);
                joined.many = true;
                joined
            }
            None => object,
        };
        Arc::make_mut(&mut self.heap).insert(id, Arc::new(object));
        Value::object(id)
    }

    /// Notes what was found out of a value, wherever it is held.
    pub fn learn(&mut self, identity: Identity, learned: &Learned) {
        if identity == 0 {
            return;
        }
        self.change_variables(identity, |value| refine(value, identity, learned));
        let holds = |value: &Value| value.identity == identity;
        if self.globals.values().any(holds) {
            for value in Arc::make_mut(&mut self.globals).values_mut() {
                refine(value, identity, learned);
            }
        }
        self.change_objects(identity, |value| refine(value, identity, learned));
        let note = (identity, learned.clone());
        if !self.learned.contains(&note) {
            Arc::make_mut(&mut self.learned).push(note);
        }
    }

    /// Facts that hold of all data from here on, for a person agreed to what happens.
    pub fn agreed(&self) -> FactSet {
        let all = self.learned.iter().filter(|(of, _)| *of == EVERYTHING);
        all.fold(FactSet::EMPTY, |facts, (_, it)| facts.union(it.facts))
    }

    /// A value of that identity is made anew: what was known of the old one is not known of it.
    pub fn forget(&mut self, identity: Identity) {
        let is_old = |(known, _): &(Identity, Learned)| *known == identity;
        if self.learned.iter().any(is_old) {
            Arc::make_mut(&mut self.learned).retain(|it| !is_old(it));
        }
    }
}

/// Two values joined, if they are not the same. What comes out of two different ones is a value of
/// its own.
fn joined(mine: &Value, theirs: &Value, identity: Identity) -> Option<Value> {
    if mine == theirs {
        return None;
    }
    let mut joined = mine.join(theirs);
    if joined.identity == 0 && joined.known_constants().is_none() {
        joined.identity = identity;
    }
    Some(joined)
}

/// Changes a value by what was found out of it.
pub fn refine(value: &mut Value, identity: Identity, learned: &Learned) {
    if value.identity != identity {
        return;
    }
    if let Some(values) = &learned.one_of {
        let kept = match value.known_constants() {
            Some(known) => known
                .iter()
                .filter(|it| values.contains(it))
                .cloned()
                .collect(),
            None => values.to_vec(),
        };
        *value = Value {
            identity,
            part: value.part.take(),
            ..Value::constants(kept)
        };
        return;
    }
    if let (Some(values), Some(known)) = (&learned.none_of, value.known_constants()) {
        let kept = known.iter().filter(|it| !values.contains(it));
        let kept: Vec<_> = kept.cloned().collect();
        value.known = super::value::Known::of(kept);
    }
    value.taint = value.taint.map(|entry| learned_of(entry, learned));
}

fn learned_of(entry: &Entry, learned: &Learned) -> Entry {
    if !entry.facts().contains_all(learned.needs) {
        return entry.clone();
    }
    let mut entry = entry.changed(learned.facts, FactSet::EMPTY);
    entry.gained = super::text::with_literal(entry.gained);
    entry.absent = entry.absent.union(learned.absent);
    entry
}

/// Tells keys apart inside of identities.
pub fn key_number(key: &Key) -> u64 {
    match key {
        Key::Item(at) => mix(&[1, at.unsigned_abs(), u64::from(*at < 0)]),
        Key::Text(text) | Key::Field(text) => {
            let parts: Vec<u64> = text.bytes().map(u64::from).collect();
            mix(&[2, mix(&parts)])
        }
    }
}

/// An element of data that nothing else is known of is the same whenever it is read under that
/// key, so what was found out of it still holds.
pub fn element_again(state: &State, value: &Value, key: &Key, mut element: Value) -> Value {
    let is_plain = value.identity != 0 && value.refs.is_empty() && !element.taint.is_empty();
    if !is_plain || element.identity != 0 || element.known_constants().is_some() {
        return element;
    }
    element.identity = mix(&[value.identity, key_number(key)]);
    known_again(state, &mut element);
    element
}

/// What was found out of a part of something holds whenever it is read again.
pub fn known_again(state: &State, value: &mut Value) {
    let identity = value.identity;
    if identity == 0 {
        return;
    }
    for (_, learned) in state.learned.iter().filter(|(of, _)| *of == identity) {
        refine(value, identity, learned);
    }
}
