//! Runs one function on abstract values, forward over its blocks.
//!
//! Branches whose condition is known are not taken the other way. What a condition says of values
//! is kept on its edges. A block is run again when more leads to it, a bounded number of times.

use std::collections::BTreeSet;
use std::sync::Arc;

use caveat_parser::ir::{
    Base, BlockId, Function, FunctionKind, Instr, LocalId, Op, Operand, Place, Step, Terminator,
};
use caveat_parser::link::FileId;
use caveat_parser::{Constant, Span};
use rustc_hash::{FxHashMap, FxHashSet};

use super::call::Site;
use super::constant;
use super::guard::{Learned, Test, both};
use super::heap::{Heap, Kind, Object, State, passed};
use super::program::{Linked, Program};
use super::special::Specials;
use super::summary::{Reached, Summary};
use super::value::{
    ClassRef, FunctionRef, Identity, Key, Known, ObjectId, Origin, Part, Source, Taint, Thing,
    Value, What, mix,
};
use crate::model::{Fact, FactSet};

/// How often one block is run, at most.
const MOST_VISITS: u32 = 6;
/// Instructions that the run of one function may cost, callees that are run with it included.
const BUDGET: u32 = 60_000;

/// What is known of the whole project while functions are run.
pub struct World<'p> {
    /// The code.
    pub program: &'p Program<'p>,
    /// Values of top-level names.
    pub globals: FxHashMap<(FileId, Arc<str>), Value>,
    /// Objects of finished top levels.
    pub heap: Heap,
    /// What instances hold in fields that methods set.
    pub fields: FxHashMap<(ClassRef, Arc<str>), Value>,
    /// Summaries so far.
    pub summaries: FxHashMap<FunctionRef, Arc<Summary>>,
    /// Order of functions: a call uses summaries of functions before, and of its own group.
    pub group: FxHashMap<FunctionRef, u32>,
    /// Functions that libraries call, with what they pass.
    pub entries: FxHashMap<FunctionRef, Arc<super::entry::EntryPoint>>,
    /// Summaries of functions with what calls give them.
    pub specials: Specials,
}

/// Data of a source at a sink.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Where it comes from.
    pub source: Arc<Source>,
    /// Where it ends.
    pub reached: Reached,
}

/// One run of a function and of what it calls.
pub struct Machine<'w> {
    /// The project.
    pub world: &'w World<'w>,
    /// Flows from sources that were met.
    pub flows: Vec<Flow>,
    /// Data of parameters of the function at sinks.
    pub reached: Vec<Reached>,
    /// Parts of parameters that were read.
    pub parts: Vec<Part>,
    /// Instructions left.
    pub budget: u32,
    /// Whether a bound cut something off.
    pub cut: bool,
    /// Functions that are being run, outermost first.
    pub stack: Vec<FunctionRef>,
    /// How many functions are being run around these by other machines.
    pub outer: usize,
    /// Functions that were handed to libraries to be called.
    pub registered: Vec<super::entry::Registered>,
    /// Summaries of functions of the same group, as far as they are known.
    pub known: FxHashMap<FunctionRef, Arc<Summary>>,
    /// For loaders and parsers that the function calls: whether their input is a constant.
    pub constant_inputs: FxHashMap<(FileId, Span), bool>,
    /// Objects whose elements are held against what a client sends.
    pub compared: FxHashSet<ObjectId>,
    /// Predictable values that are put into objects.
    pub kept: Vec<(ObjectId, Flow)>,
    /// Calls and reads that are being resolved inside one another.
    pub depth: u32,
}

/// How deep calls and reads are resolved inside one another.
const DEEPEST: u32 = 48;

/// A function that is being run.
pub struct Frame<'w> {
    /// Which.
    pub at: FunctionRef,
    /// Its code.
    pub function: &'w Function,
    /// Tells the objects and values of this run from those of others.
    pub context: u64,
    /// Temporaries that are assigned once.
    once: Vec<Value>,
    /// What holds at the start of each block, once it is reached.
    entries: Vec<Option<State>>,
    visits: Vec<u32>,
    dirty: BTreeSet<(u32, u32)>,
    ranks: Vec<u32>,
    /// What it yields.
    yielded: Value,
    exits: Vec<(Value, State)>,
    /// What a call in this function may look like from outside.
    pub is_symbolic: bool,
}

/// How a run ended.
pub struct Exit {
    /// What the function gives back.
    pub value: Value,
    /// What its truth says.
    pub test: Option<Arc<Test>>,
    /// What holds then; none if it never returns.
    pub state: Option<State>,
}

impl<'w> Frame<'w> {
    /// A run of a function.
    pub fn new(program: &'w Program<'w>, at: FunctionRef, context: u64) -> Frame<'w> {
        let function = program.function(at);
        let blocks = function.blocks.len();
        Frame {
            at,
            function,
            context,
            once: vec![Value::default(); function.locals.len()],
            entries: vec![None; blocks],
            visits: vec![0; blocks],
            dirty: BTreeSet::new(),
            ranks: ranks(function),
            yielded: Value::default(),
            exits: Vec::new(),
            is_symbolic: false,
        }
    }

    /// The state at the start, before parameters are bound.
    pub fn start(&self, heap: Arc<Heap>) -> State {
        let nothing = Arc::new(Value::default());
        State {
            variables: Arc::new(vec![nothing; self.function.locals.len()]),
            heap,
            ..State::default()
        }
    }

    /// Identity of what an instruction makes.
    pub fn identity(&self, block: BlockId, index: usize) -> Identity {
        mix(&[self.context, u64::from(block.0), index as u64])
    }
}

/// Position of each block in reverse postorder.
fn ranks(function: &Function) -> Vec<u32> {
    let mut order = Vec::with_capacity(function.blocks.len());
    let mut seen = vec![false; function.blocks.len()];
    let mut stack: Vec<(BlockId, Vec<BlockId>)> = vec![(BlockId(0), successors(function, 0))];
    if let Some(first) = seen.first_mut() {
        *first = true;
    }
    while let Some((block, next)) = stack.last_mut() {
        match next.pop() {
            Some(to) if !std::mem::replace(&mut seen[to.index()], true) => {
                stack.push((to, successors(function, to.index())));
            }
            Some(_) => {}
            None => {
                order.push(*block);
                stack.pop();
            }
        }
    }
    let mut ranks = vec![u32::MAX; function.blocks.len()];
    for (rank, block) in (0u32..).zip(order.iter().rev()) {
        ranks[block.index()] = rank;
    }
    ranks
}

fn successors(function: &Function, block: usize) -> Vec<BlockId> {
    let block = &function.blocks[block];
    let mut next = match block.end {
        Terminator::Goto(to) => vec![to],
        Terminator::Branch(_, a, b) | Terminator::Either(a, b) => vec![b, a],
        _ => Vec::new(),
    };
    next.extend(block.handler);
    next
}

impl<'w> Machine<'w> {
    /// A machine that has run nothing yet.
    pub fn new(world: &'w World<'w>) -> Machine<'w> {
        Machine {
            world,
            flows: Vec::new(),
            reached: Vec::new(),
            parts: Vec::new(),
            budget: BUDGET,
            cut: false,
            stack: Vec::new(),
            outer: 0,
            registered: Vec::new(),
            known: FxHashMap::default(),
            constant_inputs: FxHashMap::default(),
            compared: FxHashSet::default(),
            kept: Vec::new(),
            depth: 0,
        }
    }

    /// What is known of a function.
    pub fn summary(&self, function: FunctionRef) -> Option<Arc<Summary>> {
        let own = self.known.get(&function);
        own.or_else(|| self.world.summaries.get(&function)).cloned()
    }

    /// Resolves something inside of something else; not beyond a depth that no real code has.
    pub fn deeper<T>(&mut self, resolve: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= DEEPEST {
            self.cut = true;
            return None;
        }
        self.depth += 1;
        let resolved = resolve(self);
        self.depth -= 1;
        Some(resolved)
    }

    /// How deep functions are run inside one another.
    pub fn depth_of_calls(&self) -> usize {
        self.outer + self.stack.len()
    }

    /// The project's code.
    pub fn program(&self) -> &'w Program<'w> {
        self.world.program
    }

    /// Runs a function from that state.
    pub fn run(&mut self, frame: &mut Frame<'w>, start: State) -> Exit {
        self.stack.push(frame.at);
        frame.entries[0] = Some(start);
        frame.dirty.insert((frame.ranks[0], 0));
        while let Some((_, block)) = frame.dirty.pop_first() {
            let block = BlockId(block);
            let visits = &mut frame.visits[block.index()];
            *visits += 1;
            if *visits > MOST_VISITS || self.budget == 0 {
                self.cut |= self.budget == 0;
                continue;
            }
            if let Some(state) = frame.entries[block.index()].clone() {
                self.block(frame, block, state);
            }
        }
        self.stack.pop();
        finish(frame)
    }

    fn block(&mut self, frame: &mut Frame<'w>, id: BlockId, mut state: State) {
        let block = &frame.function.blocks[id.index()];
        if let Some(handler) = block.handler {
            go(frame, handler, &state);
        }
        for (index, instr) in block.body.iter().enumerate() {
            self.budget = self.budget.saturating_sub(1);
            let goes_on = self.instruction(frame, &mut state, id, index, instr);
            if !goes_on {
                return;
            }
        }
        if let Some(handler) = block.handler
            && !block.body.is_empty()
        {
            go(frame, handler, &state);
        }
        self.end(frame, state, &block.end, block.end_span);
    }

    fn end(&mut self, frame: &mut Frame<'w>, state: State, end: &Terminator, span: Span) {
        match end {
            Terminator::Goto(to) => go(frame, *to, &state),
            Terminator::Either(a, b) => {
                go(frame, *a, &state);
                go(frame, *b, &state);
            }
            Terminator::Branch(condition, then, otherwise) => {
                let value = self.read(frame, &state, condition, span);
                let truth = self.truth(&state, &value);
                for (to, outcome) in [(*then, true), (*otherwise, false)] {
                    if truth.is_none_or(|truth| truth == outcome) {
                        let mut branch = state.clone();
                        assume(&mut branch, &value, outcome);
                        go(frame, to, &branch);
                    }
                }
            }
            Terminator::Return(operand) => {
                let value = self.read(frame, &state, operand, span);
                self.returned(frame, &state, &value, span);
                frame.exits.push((value, state));
            }
            Terminator::Raise(operand) => {
                if let Some(operand) = operand {
                    self.read(frame, &state, operand, span);
                }
            }
            Terminator::Unreachable => {}
        }
    }

    /// Runs an instruction; false if nothing after it is reached.
    fn instruction(
        &mut self,
        frame: &mut Frame<'w>,
        state: &mut State,
        block: BlockId,
        index: usize,
        instr: &'w Instr,
    ) -> bool {
        let identity = frame.identity(block, index);
        match &instr.op {
            Op::Assign(place, value) => {
                let value = self.rvalue(frame, state, value, identity, instr.span);
                let value = fresh(state, value, identity);
                self.assign(frame, state, place, value, instr.span);
            }
            Op::Call(call) => {
                let mut outcome = self.call(frame, state, call, identity, instr.span);
                let site = Site {
                    file: frame.at.file,
                    span: instr.span,
                    identity,
                };
                self.asked(frame.function, state, call, site, &mut outcome);
                if outcome.diverges {
                    return false;
                }
                let mut value = fresh(state, outcome.value, identity);
                value.test = both(value.test.take(), outcome.test);
                self.assign(frame, state, &Place::local(call.dst), value, instr.span);
            }
            Op::Yield(operand) => {
                let value = self.read(frame, state, operand, instr.span);
                frame.yielded = frame.yielded.join(&value.anonymous());
            }
            Op::Drop(place) => self.drop_place(frame, state, place, instr.span),
        }
        true
    }

    fn drop_place(&mut self, frame: &mut Frame<'w>, state: &mut State, place: &Place, span: Span) {
        let Some((last, path)) = place.path.split_last() else {
            return;
        };
        let base = Place {
            base: place.base.clone(),
            path: path.to_vec(),
        };
        let base = self.read_place(frame, state, &base, span);
        let key = self.key(frame, state, last);
        for id in &base.refs {
            if let Some(object) = state.object_mut(&self.world.heap, *id) {
                super::container::remove(object, key.as_ref());
            }
        }
    }

    // ---- reading ----

    /// The value of an operand.
    pub fn read(
        &mut self,
        frame: &Frame<'w>,
        state: &State,
        operand: &Operand,
        span: Span,
    ) -> Value {
        match operand {
            Operand::Const(value) => Value::constant(value.clone()),
            Operand::Place(place) => self.read_place(frame, state, place, span),
        }
    }

    /// The value at a place.
    pub fn read_place(
        &mut self,
        frame: &Frame<'w>,
        state: &State,
        place: &Place,
        span: Span,
    ) -> Value {
        let mut value = match &place.base {
            Base::Local(local) => read_local(frame, state, *local),
            Base::Global(name) => self.read_global(frame, state, name),
            Base::Name(name) => self.read_name(frame.at.file, name, span),
        };
        for step in &place.path {
            value = match step {
                Step::Field(name) => self.read_field(frame, state, &value, name, span),
                _ => {
                    let key = self.key(frame, state, step);
                    if let (Step::By(local), None) = (step, &key) {
                        self.looked_up(frame, state, &value, *local, span);
                    }
                    let mut element = self.read_element(state, &value, key.as_ref());
                    for of in self.element_types(frame.at.file, &value) {
                        element = element.join(&Value::instance(&of));
                    }
                    match &key {
                        Some(Key::Text(name)) => {
                            element.with_taint(&self.named_secret(frame.at.file, name, span))
                        }
                        _ => element,
                    }
                }
            };
        }
        value
    }

    fn read_global(&mut self, frame: &Frame<'w>, state: &State, name: &Arc<str>) -> Value {
        if frame.function.kind == FunctionKind::TopLevel
            && let Some(value) = state.globals.get(name)
        {
            return value.clone();
        }
        self.global(frame.at.file, name)
    }

    /// A name of a file's top level, when that has run.
    pub fn global(&self, file: FileId, name: &Arc<str>) -> Value {
        if let Some(value) = self.world.globals.get(&(file, name.clone())) {
            return value.clone();
        }
        match self.program().link(file, &format!(".{name}").into()) {
            Linked::Function(function) => Value::thing(plain_function(function)),
            Linked::Class(class) => Value::thing(Thing::Class(class)),
            _ => Value::any(),
        }
    }

    /// The value of a name from elsewhere that a file uses there.
    pub fn read_name(&mut self, file: FileId, name: &Arc<str>, span: Span) -> Value {
        self.read_name_of(file, name, file, span)
    }

    /// The value of a name of the file `of` that `file` uses there.
    pub fn read_name_of(&mut self, of: FileId, name: &Arc<str>, file: FileId, span: Span) -> Value {
        match self.program().link(of, name) {
            Linked::Function(function) => Value::thing(plain_function(function)),
            Linked::Class(class) => Value::thing(Thing::Class(class)),
            Linked::Module(module) => Value::thing(Thing::Module(module)),
            Linked::Global(from, name, rest) => {
                let mut value = self.global(from, &name);
                for field in rest {
                    value = self.field_of(file, &State::default(), &value, &field, span);
                }
                value
            }
            Linked::External(name) => self.external(file, &name, span),
            Linked::Unknown => Value::any(),
        }
    }

    /// The key that a step means, if it is known.
    fn key(&self, frame: &Frame<'w>, state: &State, step: &Step) -> Option<Key> {
        match step {
            Step::Field(name) => Some(Key::Field(name.clone())),
            Step::At(value) => Key::from_constant(value),
            Step::By(local) => {
                let value = read_local(frame, state, *local);
                Key::from_constant(value.known_constant()?)
            }
            Step::Any => None,
        }
    }

    fn read_field(
        &mut self,
        frame: &Frame<'w>,
        state: &State,
        value: &Value,
        name: &Arc<str>,
        span: Span,
    ) -> Value {
        self.field_of(frame.at.file, state, value, name, span)
    }

    /// An attribute of a value.
    pub fn field_of(
        &mut self,
        file: FileId,
        state: &State,
        value: &Value,
        name: &Arc<str>,
        span: Span,
    ) -> Value {
        let found = self.deeper(|machine| machine.find_field(file, state, value, name, span));
        let mut found = found.unwrap_or_else(Value::any);
        super::heap::known_again(state, &mut found);
        if found.things.is_empty() {
            found = found.with_taint(&self.named_secret(file, name, span));
        }
        found
    }

    fn find_field(
        &mut self,
        file: FileId,
        state: &State,
        value: &Value,
        name: &Arc<str>,
        span: Span,
    ) -> Value {
        if self.is_rust(file) {
            return self.rust_field(file, state, value, name, span);
        }
        let key = Key::Field(name.clone());
        let mut found = Value::default();
        let mut touched = false;
        for id in &value.refs {
            let Some(object) = state.object(&self.world.heap, *id) else {
                continue;
            };
            touched = true;
            let known = object.get(Some(&key));
            let known = match (known.is_nothing(), object.kind) {
                (true, Kind::Instance(class)) => self.class_field(file, class, value, name, span),
                (true, Kind::Class(class)) => self.class_member(class, name),
                _ => known,
            };
            found = found.join(&known);
        }
        for thing in &value.things {
            let member = self.thing_field(file, thing, value, name, span);
            touched |= !member.is_nothing();
            found = found.join(&member);
        }
        let mut other = self.part_or_data(state, value, Some(&key));
        let declared = self.facts_of_field(value, name);
        other.taint = other.taint.changed(declared, FactSet::EMPTY);
        other.taint = self.stepped_by_attribute(file, value, name, other.taint);
        if matches!(&**name, "netloc" | "hostname" | "host") && value.aspect.is_some() {
            other.known = Known::Any;
            let mut part = found.join(&other);
            part.aspect = value.aspect;
            return part;
        }
        if &**name == "parents" && value.identity != 0 {
            other.known = Known::Any;
            other.aspect = Some((value.identity, Fact::Inside));
            return other;
        }
        match touched {
            // The declared type says what it is, the part whose it is.
            true if value.part.is_some() => self.typed_part(other, found),
            true => found.join(&other),
            false if other.is_nothing() => Value::any(),
            false => other,
        }
    }

    /// A part of a parameter that is also known by its type.
    fn typed_part(&self, part: Value, typed: Value) -> Value {
        if part.part.is_none() {
            return part.join(&typed);
        }
        Value {
            things: typed.things,
            refs: typed.refs,
            taint: part.taint.join(&typed.taint),
            ..part
        }
    }

    /// What a value holds besides its objects: a part of a parameter, or data as a whole.
    pub fn part_or_data(&mut self, state: &State, value: &Value, key: Option<&Key>) -> Value {
        if let (Some(part), Some(key)) = (&value.part, key) {
            let object = ObjectId(part.identity());
            let held = match state.object(&self.world.heap, object) {
                Some(object) => object.get(Some(key)),
                None => super::heap::child(part, key),
            };
            if let Some(part) = &held.part
                && !self.parts.contains(part)
            {
                self.parts.push(part.clone());
            }
            // What else is in it besides the parameter itself.
            let own = Origin::Param(part.clone());
            let others = value.taint.entries().iter();
            let others = others.filter(|entry| entry.origin != own).cloned();
            return held.with_taint(&Taint::new(others.collect()));
        }
        if value.taint.is_empty() {
            return Value::default();
        }
        Value::tainted(value.taint.clone())
    }

    /// An element of a value under a key, or some element.
    pub fn read_element(&mut self, state: &State, value: &Value, key: Option<&Key>) -> Value {
        let mut found = Value::default();
        for id in &value.refs {
            if let Some(object) = state.object(&self.world.heap, *id) {
                found = found.join(&object.get(key));
            }
        }
        if let (Some(values), Some(key)) = (value.known_constants(), key) {
            let index = match key {
                Key::Item(at) => Constant::Int(i128::from(*at)),
                Key::Text(text) => Constant::Str(text.to_string()),
                Key::Field(_) => Constant::None,
            };
            let items: Option<Vec<Constant>> = values
                .iter()
                .map(|value| constant::index(value, &index))
                .collect();
            if let Some(items) = items {
                found = found.join(&Value::constants(items));
            }
        }
        found = found.join(&self.part_or_data(state, value, key));
        match key {
            Some(key) => found = super::heap::element_again(state, value, key, found),
            None => super::heap::known_again(state, &mut found),
        }
        match found.is_nothing() {
            true => Value::any(),
            false => found,
        }
    }

    /// Whether a value counts as true, if that is known.
    pub fn truth(&self, state: &State, value: &Value) -> Option<bool> {
        if let Some(values) = value.known_constants() {
            let mut truths = values.iter().map(constant::truth);
            let first = truths.next()?;
            return truths.all(|it| it == first).then_some(first);
        }
        if value.things.is_empty() && value.taint.is_empty() && !value.refs.is_empty() {
            let mut lengths = value.refs.iter().map(|id| {
                let object = state.object(&self.world.heap, *id)?;
                match object.kind {
                    Kind::List | Kind::Dict if !object.many => {
                        object.length().map(|length| length > 0)
                    }
                    _ => None,
                }
            });
            let first = lengths.next()??;
            return lengths.all(|it| it == Some(first)).then_some(first);
        }
        None
    }

    // ---- writing ----

    /// Puts a value at a place.
    pub fn assign(
        &mut self,
        frame: &mut Frame<'w>,
        state: &mut State,
        place: &Place,
        value: Value,
        span: Span,
    ) {
        let Some((last, path)) = place.path.split_last() else {
            return self.assign_base(frame, state, &place.base, value, span);
        };
        let base = Place {
            base: place.base.clone(),
            path: path.to_vec(),
        };
        let base = self.read_place(frame, state, &base, span);
        let key = self.key(frame, state, last);
        self.stored(frame, state, &base, last, &value, span);
        self.keep_predictable(frame.at.file, &base, &value, span);
        self.store(state, &base, key.as_ref(), value);
    }

    fn assign_base(
        &mut self,
        frame: &mut Frame<'w>,
        state: &mut State,
        base: &Base,
        value: Value,
        span: Span,
    ) {
        match base {
            Base::Local(local) => {
                let named = &frame.function.locals[local.index()];
                let value = match named.name.is_empty() {
                    true => value,
                    false => {
                        let secret = self.named_secret(frame.at.file, &named.name, span);
                        let value = value.with_taint(&secret);
                        step(value, frame.at.file, span, &What::Named(named.name.clone()))
                    }
                };
                match named.once {
                    true => frame.once[local.index()] = value,
                    false => state.set_variable(local.index(), value),
                }
            }
            Base::Global(name) => {
                Arc::make_mut(&mut state.globals).insert(name.clone(), value);
            }
            Base::Name(_) => {}
        }
    }

    /// Puts a value into an object, or into a part of a parameter.
    pub fn store(&mut self, state: &mut State, base: &Value, key: Option<&Key>, value: Value) {
        let mut value = value;
        value.test = None;
        let surely = base.refs.len() == 1 && base.things.is_empty() && base.part.is_none();
        for id in &base.refs {
            if let Some(object) = state.object_mut(&self.world.heap, *id) {
                object.set(key, value.clone(), surely);
            }
        }
        if let Some(part) = &base.part {
            let id = ObjectId(part.identity());
            let heap = Arc::make_mut(&mut state.heap);
            let object = heap.entry(id).or_insert_with(|| {
                Arc::new(Object {
                    part: Some(part.clone()),
                    closed: false,
                    ..Object::new(Kind::Passed)
                })
            });
            Arc::make_mut(object).set(key, value, true);
        }
    }

    /// Binds a parameter in a run without a caller: it is a part of whatever is passed.
    pub fn bind_symbolic(&mut self, frame: &Frame<'w>, state: &mut State) {
        for (number, param) in (0u16..).zip(&frame.function.params) {
            let part = Part {
                param: number,
                path: Arc::from([]),
            };
            self.parts.push(part.clone());
            let mut value = passed(part);
            if number == 0
                && let Some(class) = frame.function.class
            {
                let class = self.program().real(ClassRef {
                    file: frame.at.file,
                    id: class,
                });
                value.things.extend(receiver(frame.function.kind, class));
            }
            self.declare(frame.at, param, &mut value);
            let local = &frame.function.locals[param.local.index()];
            let secret = self.named_secret(frame.at.file, &local.name, param.span);
            value.taint = value.taint.join(&secret);
            self.enter(frame, number, param, &mut value);
            state.set_variable(param.local.index(), value);
        }
        for local in &frame.function.captures {
            state.set_variable(local.index(), Value::any());
        }
    }

    /// Keeps a flow unless it is known.
    pub fn keep(&mut self, flow: Flow) {
        let same = |known: &Flow| {
            known.source == flow.source
                && known.reached.argument == flow.reached.argument
                && known.reached.kind == flow.reached.kind
                && known.reached.file == flow.reached.file
                && known.reached.entry == flow.reached.entry
        };
        if !self.flows.iter().any(same) {
            self.flows.push(flow);
        }
    }

    /// Notes that data of a source or parameter is at a sink.
    pub fn reach(&mut self, reached: Reached) {
        if reached.entry.facts().intersects(reached.safe_if) {
            return;
        }
        match &reached.entry.origin {
            Origin::Source(source) => {
                let source = source.clone();
                self.keep(Flow { source, reached });
            }
            Origin::Param(_) => {
                if !self.reached.contains(&reached) && self.reached.len() < MOST_REACHED {
                    self.reached.push(reached);
                }
            }
        }
    }
}

/// Sinks that one summary names.
const MOST_REACHED: usize = 64;

/// What the receiver of a function of a class is.
pub fn receiver(kind: FunctionKind, class: ClassRef) -> Option<Thing> {
    match kind {
        FunctionKind::Method | FunctionKind::Property => Some(Thing::Of(class)),
        FunctionKind::ClassMethod => Some(Thing::Class(class)),
        FunctionKind::TopLevel | FunctionKind::Plain => None,
    }
}

/// A function as a value.
pub fn plain_function(function: FunctionRef) -> Thing {
    Thing::Function {
        function,
        captured: Arc::from([]),
        receiver: None,
    }
}

/// A local's value.
pub fn read_local(frame: &Frame<'_>, state: &State, local: LocalId) -> Value {
    let value = match frame.function.locals[local.index()].once {
        true => &frame.once[local.index()],
        false => state.variable(local.index()),
    };
    if value.is_nothing() {
        return Value::any();
    }
    let mut value = value.clone();
    if frame.function.locals[local.index()].once {
        super::heap::known_again(state, &mut value);
    }
    value
}

/// A value that an instruction made: it has an identity of its own unless it is a known one.
fn fresh(state: &mut State, mut value: Value, identity: Identity) -> Value {
    if value.identity == 0 && value.known_constant().is_none() {
        state.forget(identity);
        value.identity = identity;
    }
    value
}

/// The value with a step of its way noted.
pub fn step(mut value: Value, file: FileId, span: Span, what: &What) -> Value {
    value.taint = value.taint.stepped(file, span, what);
    value
}

fn go(frame: &mut Frame<'_>, to: BlockId, state: &State) {
    let changed = match &mut frame.entries[to.index()] {
        Some(known) => known.join(state, mix(&[frame.context, u64::from(to.0)])),
        empty => {
            *empty = Some(state.clone());
            true
        }
    };
    if changed {
        frame.dirty.insert((frame.ranks[to.index()], to.0));
    }
}

/// Takes up what the outcome of a condition says.
pub fn assume(state: &mut State, condition: &Value, outcome: bool) {
    if let Some(test) = &condition.test {
        let mut learned = Vec::new();
        test.learned(outcome, &mut learned);
        for (identity, what) in learned {
            state.learn(identity, what);
        }
    }
    super::approval::assume(state, condition, outcome);
    if condition.identity == 0 {
        return;
    }
    if let Some(values) = condition.known_constants() {
        let kept = values.iter().filter(|it| constant::truth(it) == outcome);
        let learned = Learned {
            one_of: Some(kept.cloned().collect()),
            ..Learned::NOTHING
        };
        state.learn(condition.identity, &learned);
    } else if !outcome {
        // Nothing that counts as false holds anybody's data.
        let harmless = FactSet::EMPTY.with(Fact::Constant);
        state.learn(condition.identity, &Learned::facts(harmless));
    }
}

/// Joins the ways out of a function.
fn finish(frame: &mut Frame<'_>) -> Exit {
    let exits = std::mem::take(&mut frame.exits);
    let mut value = Value::default();
    let mut state: Option<State> = None;
    let (mut when_true, mut when_false): (Option<Notes>, Option<Notes>) = (None, None);
    for (result, exit) in &exits {
        value = value.join(result);
        let truth = || result.known_constant().map(constant::truth);
        match super::rust::marked(result).or_else(truth) {
            Some(true) => narrow(&mut when_true, result, exit, true),
            Some(false) => narrow(&mut when_false, result, exit, false),
            None => {
                narrow(&mut when_true, result, exit, true);
                narrow(&mut when_false, result, exit, false);
            }
        }
        match &mut state {
            Some(state) => {
                state.join(exit, mix(&[frame.context, 0x6578_6974]));
            }
            none => *none = Some(exit.clone()),
        }
    }
    if !frame.yielded.is_nothing() {
        let id = ObjectId(mix(&[frame.context, 0x79_6965_6c64]));
        let mut items = Object::new(Kind::List);
        items.rest = frame.yielded.clone();
        items.closed = false;
        value = match &mut state {
            Some(state) => state.make(id, items),
            None => Value::any(),
        };
    }
    let mut test = None;
    for (notes, outcome) in [(when_true, true), (when_false, false)] {
        for (subject, learned) in notes.unwrap_or_default() {
            let learn = Arc::new(Test::Learn {
                when: outcome,
                subject,
                learned,
            });
            test = both(test, Some(learn));
        }
    }
    value.test = None;
    Exit { value, test, state }
}

type Notes = Vec<(Identity, Learned)>;

/// Keeps of the notes what this way out says, too.
fn narrow(notes: &mut Option<Notes>, result: &Value, exit: &State, outcome: bool) {
    let mut here = Notes::clone(&exit.learned);
    if let Some(test) = &result.test {
        let mut more = Vec::new();
        test.learned(outcome, &mut more);
        here.extend(more.into_iter().map(|(id, what)| (id, what.clone())));
    }
    match notes {
        Some(notes) => notes.retain(|note| here.contains(note)),
        none => *none = Some(here),
    }
}
