//! Declared types: what values of them are, and what is known of data in them.

use std::sync::Arc;

use caveat_parser::ir::Static;
use caveat_parser::link::FileId;

use crate::flow::interpret::Machine;
use crate::flow::program::Linked;
use crate::flow::value::{ClassRef, Thing, Value};
use crate::model::{Fact, FactSet};

/// Types that lend everything of their first argument and have nothing of their own that matters.
const TRANSPARENT: &[&str] = &[
    "Box",
    "Arc",
    "Rc",
    "Option",
    "Result",
    "Cow",
    "Mutex",
    "RwLock",
    "RefCell",
    "Cell",
    "Pin",
    "MutexGuard",
    "RwLockReadGuard",
    "RwLockWriteGuard",
    "Data",
    "State",
    "Extension",
    "Lazy",
    "LazyLock",
    "OnceCell",
    "OnceLock",
    "ThinData",
    "Saved",
    "[]",
    "&",
];

/// How deep arguments of types are looked at.
const DEEPEST: u32 = 4;

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

impl<'w> Machine<'w> {
    /// What a value of a declared type is.
    pub fn rust_instances(&self, file: FileId, annotation: &Static) -> Vec<Thing> {
        let mut found = Vec::new();
        self.add_instances(file, annotation, DEEPEST, &mut found);
        found
    }

    fn add_instances(&self, file: FileId, annotation: &Static, depth: u32, into: &mut Vec<Thing>) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        let mut add = |name: &Arc<str>| {
            let thing = match self.program().link(file, name) {
                Linked::Class(class) => Thing::Of(class),
                Linked::External(name) => {
                    let model = self.program().model(file);
                    Thing::Instance(model.same(&name).unwrap_or(&name).into())
                }
                _ => return,
            };
            if !into.contains(&thing) {
                into.push(thing);
            }
        };
        match annotation {
            Static::Name(name) => add(name),
            Static::Generic(name, args) => {
                let is_transparent = TRANSPARENT.contains(&last(name));
                match is_transparent {
                    true => {
                        if let Some(first) = args.first() {
                            self.add_instances(file, first, depth, into);
                        }
                    }
                    false if &**name == "()" => {}
                    false => {
                        add(name);
                        for arg in args {
                            self.add_instances(file, arg, depth, into);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// What is known of all data in a value of a declared type.
    pub fn rust_facts(&self, file: FileId, annotation: &Static) -> FactSet {
        self.facts_to(file, annotation, DEEPEST)
    }

    fn facts_to(&self, file: FileId, annotation: &Static, depth: u32) -> FactSet {
        let Some(depth) = depth.checked_sub(1) else {
            return FactSet::EMPTY;
        };
        match annotation {
            Static::Name(name) => match self.program().link(file, name) {
                Linked::Class(class) => self.facts_of_class(class, depth),
                Linked::External(name) => self.program().model(file).facts_of_type(&name),
                _ => FactSet::EMPTY,
            },
            Static::Generic(name, args) if &**name == "()" => {
                let mut all = args.iter().map(|it| self.facts_to(file, it, depth));
                let first = all.next().unwrap_or_default();
                all.fold(first, FactSet::intersection)
            }
            // Keys of a map are texts, but it is looked up by those of the program.
            Static::Generic(name, args) if last(name).ends_with("Map") => args
                .last()
                .map_or(FactSet::EMPTY, |it| self.facts_to(file, it, depth)),
            Static::Generic(name, args) => {
                let own = match self.program().link(file, name) {
                    Linked::External(name) => self.program().model(file).facts_of_type(&name),
                    _ => FactSet::EMPTY,
                };
                let inner = args.first();
                let inner = inner.map_or(FactSet::EMPTY, |it| self.facts_to(file, it, depth));
                own.union(inner)
            }
            _ => FactSet::EMPTY,
        }
    }

    /// An enum of plain variants is one of them; a struct around one value is that value.
    fn facts_of_class(&self, class: ClassRef, depth: u32) -> FactSet {
        let own = self.program().class(class);
        match own.fields.as_slice() {
            [] => {
                let text = own.span.text(&self.program().code(class.file).source.text);
                let is_enum = text
                    .split('{')
                    .next()
                    .is_some_and(|head| head.split_whitespace().any(|word| word == "enum"));
                match is_enum {
                    true => FactSet::EMPTY.with(Fact::OneOf),
                    false => FactSet::EMPTY,
                }
            }
            [only] if &*only.name == "0" => match &only.annotation {
                Some(annotation) => self.facts_to(class.file, annotation, depth),
                None => FactSet::EMPTY,
            },
            _ => FactSet::EMPTY,
        }
    }

    /// A value as something of a declared type.
    pub fn as_typed(&self, file: FileId, value: Value, of: &Static) -> Value {
        let mut value = value;
        let facts = self.rust_facts(file, of);
        if !facts.is_empty() {
            value.taint = value.taint.changed(facts, FactSet::EMPTY);
            // `text.parse::<T>()` says of the text what the type says.
            if let Some((subject, Fact::Number)) = value.aspect {
                value.test = Some(Arc::new(crate::flow::guard::Test::Learn {
                    when: true,
                    subject,
                    learned: crate::flow::guard::Learned::facts(facts),
                }));
            }
        }
        for thing in self.rust_instances(file, of) {
            if !value.things.contains(&thing) {
                value.things.push(thing);
            }
        }
        value
    }
}
