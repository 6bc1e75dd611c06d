//! Functions with the constants and types that calls pass, each run once.
//!
//! Most calls tell a function nothing that its summary does not know but for a constant, often a
//! default, and for the types of what they pass. For each such choice the function is run once
//! with its other parameters symbolic, and that summary serves all calls that choose the same.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, RwLock};

use caveat_parser::Constant;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::entry::Registered;
use super::heap::passed;
use super::interpret::{Flow, Frame, Machine, receiver};
use super::summary::Summary;
use super::value::{ClassRef, FunctionRef, ObjectId, Part, Thing, Value, mix};

/// What a call says of one argument.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Given {
    known: Option<Arc<[Constant]>>,
    things: Vec<Thing>,
}

/// What a function does if it is given that.
pub struct Special {
    given: Vec<Given>,
    /// What it does.
    pub summary: Summary,
    /// Flows inside of it.
    pub flows: Vec<Flow>,
    /// Functions that it hands to libraries.
    pub registered: Vec<Registered>,
    /// Objects whose elements it holds against what a client sends.
    pub compared: FxHashSet<ObjectId>,
    /// Predictable values that it puts into objects.
    pub kept: Vec<(ObjectId, Flow)>,
    /// Whether a bound was met.
    pub cut: bool,
}

/// Special summaries by function, depth and what is given.
#[derive(Default)]
pub struct Specials(RwLock<FxHashMap<Choice, Vec<Arc<Special>>>>);

/// A function, how deep it is called, and a hash of what it is given.
type Choice = (FunctionRef, usize, u64);

/// What a call says of its arguments, if it is nothing but constants and types.
pub fn given(bound: &[Value]) -> Option<Vec<Given>> {
    let one = |value: &Value| {
        let known = match value.known_constants() {
            Some(_) if !value.taint.is_empty() => return None,
            Some(values) => Some(values.into()),
            None => None,
        };
        let is_simple = |thing: &Thing| match thing {
            Thing::Function {
                captured, receiver, ..
            } => captured.is_empty() && receiver.is_none(),
            Thing::Class(_) | Thing::Of(_) | Thing::Module(_) | Thing::Name(_) => true,
            Thing::Instance(_) | Thing::Variant(_) => true,
            Thing::Super(..) | Thing::Method(..) => false,
        };
        let is_plain =
            value.refs.is_empty() && value.prefix.is_none() && value.things.iter().all(is_simple);
        is_plain.then(|| Given {
            known,
            things: value.things.clone(),
        })
    };
    bound.iter().map(one).collect()
}

impl<'w> Machine<'w> {
    /// What a function does if it is given that. The summaries of all that it calls are known.
    pub fn special(&self, at: FunctionRef, given: Vec<Given>) -> Arc<Special> {
        let depth = self.depth_of_calls();
        let key = (at, depth, hash_of(&given));
        let specials = &self.world.specials.0;
        let same = |known: &&Arc<Special>| known.given == given;
        if let Ok(known) = specials.read()
            && let Some(known) = known.get(&key)
            && let Some(known) = known.iter().find(same)
        {
            return known.clone();
        }
        let special = Arc::new(self.run_special(at, given, depth, key.2));
        if let Ok(mut known) = specials.write() {
            known.entry(key).or_default().push(special.clone());
        }
        special
    }

    fn run_special(
        &self,
        at: FunctionRef,
        given: Vec<Given>,
        depth: usize,
        choice: u64,
    ) -> Special {
        let mut machine = Machine::new(self.world);
        machine.outer = depth;
        let context = mix(&[u64::from(at.file.0), u64::from(at.id.0), choice]);
        let mut frame = Frame::new(self.program(), at, context);
        let function = frame.function;
        let mut start = frame.start(Arc::default());
        for (number, (param, given)) in (0u16..).zip(function.params.iter().zip(&given)) {
            let mut value = match &given.known {
                Some(values) => Value::constants(values.to_vec()),
                None => {
                    let part = Part {
                        param: number,
                        path: Arc::from([]),
                    };
                    machine.parts.push(part.clone());
                    passed(part)
                }
            };
            value.things.clone_from(&given.things);
            if number == 0
                && value.things.is_empty()
                && let Some(id) = function.class
            {
                let class = self.program().real(ClassRef { file: at.file, id });
                value.things.extend(receiver(function.kind, class));
            }
            if given.known.is_none() {
                machine.declare(at, param, &mut value);
            }
            start.set_variable(param.local.index(), value);
        }
        for local in &function.captures {
            start.set_variable(local.index(), Value::any());
        }
        let exit = machine.run(&mut frame, start);
        let summary = machine.summarize(exit);
        Special {
            given,
            summary,
            flows: machine.flows,
            registered: machine.registered,
            compared: machine.compared,
            kept: machine.kept,
            cut: machine.cut,
        }
    }
}

fn hash_of(given: &[Given]) -> u64 {
    let mut hasher = FxHasher::default();
    for it in given {
        it.things.len().hash(&mut hasher);
        for value in it.known.iter().flat_map(|it| it.iter()) {
            hash_constant(value, &mut hasher);
        }
        hasher.write_u8(0);
    }
    hasher.finish()
}

fn hash_constant(value: &Constant, hasher: &mut FxHasher) {
    std::mem::discriminant(value).hash(hasher);
    match value {
        Constant::Int(value) => value.hash(hasher),
        Constant::Float(value) => value.to_bits().hash(hasher),
        Constant::Str(text) | Constant::Bytes(text) => text.hash(hasher),
        Constant::Bool(value) => value.hash(hasher),
        Constant::None => {}
        Constant::List(items) => items.iter().for_each(|it| hash_constant(it, hasher)),
        Constant::Dict(pairs) => {
            for (key, value) in pairs {
                hash_constant(key, hasher);
                hash_constant(value, hasher);
            }
        }
    }
}
