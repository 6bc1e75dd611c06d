//! Calls of paths: constructors, variants, functions of the standard library.

use std::sync::Arc;

use caveat_parser::Constant;
use caveat_parser::ir::Base;
use caveat_parser::link::FileId;

use super::{outcome, plain};
use crate::flow::call::{Args, Passed, Site};
use crate::flow::heap::{Kind, Object, State};
use crate::flow::interpret::Machine;
use crate::flow::program::Linked;
use crate::flow::summary::Outcome;
use crate::flow::value::{ClassRef, Key, ObjectId, Thing, Value, mix};

/// Types whose constructor around a value is that value.
const WRAPPERS: &[&str] = &[
    "std.boxed.Box",
    "std.sync.Arc",
    "std.rc.Rc",
    "std.sync.Mutex",
    "std.sync.RwLock",
    "std.cell.RefCell",
    "std.cell.Cell",
    "std.pin.Pin",
    "std.borrow.Cow",
    "std.path.Path",
    "std.path.PathBuf",
    "std.ffi.OsString",
    "std.ffi.OsStr",
    "std.string.String",
    "std.io.Cursor",
    "std.io.BufReader",
    "std.io.BufWriter",
    "std.sync.OnceLock",
    "tokio.sync.Mutex",
    "tokio.sync.RwLock",
    "parking_lot.Mutex",
    "parking_lot.RwLock",
    "bytes.Bytes",
    "actix_web.web.Data",
    "camino.Utf8PathBuf",
    "camino.Utf8Path",
    "std.num.Wrapping",
    "std.cmp.Reverse",
    "std.sync.atomic.AtomicPtr",
];

/// Types of the language whose functions are called with the receiver in front, too.
const LENDING: &[&str] = &[
    "str",
    "char",
    "u8",
    "std.string.String",
    "std.option.Option",
    "std.result.Result",
    "std.vec.Vec",
    "std.path.Path",
    "std.path.PathBuf",
    "std.string.ToString",
    "std.convert.Into",
    "std.borrow.ToOwned",
    "std.clone.Clone",
    "std.iter.Iterator",
    "std.convert.AsRef",
    "std.ops.Deref",
    "std.iter.IntoIterator",
    "Clone",
    "std.fmt.Write",
    "std.io.Write",
    "std.io.Read",
];

/// Whether the last name of a path is that of a type or variant.
fn is_type_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().any(char::is_lowercase)
        || name.len() == 1 && name.starts_with(|c: char| c.is_ascii_uppercase())
}

impl<'w> Machine<'w> {
    /// A call of what a path means; none if it is like any other call.
    pub fn rust_function(
        &mut self,
        state: &mut State,
        callee: &Value,
        base: Option<&Base>,
        args: &Args,
        site: Site,
    ) -> Option<Outcome> {
        match callee.things.as_slice() {
            [Thing::Class(class)] => Some(outcome(self.tuple_struct(state, *class, args, site))),
            [Thing::Name(path)] => {
                let path = path.clone();
                self.rust_path(state, &path, args, site)
            }
            [] if matches!(base, Some(Base::Name(_) | Base::Global(_))) => {
                let mut outcome = self.rust_unknown(state, None, args, site);
                if let Some(class) = base.and_then(|base| self.type_of_path(site.file, base)) {
                    let id = ObjectId(mix(&[site.identity, 0x6d61_6465]));
                    if outcome.value.taint.is_empty() {
                        outcome.value = state.make(id, Object::new(Kind::Instance(class)));
                    }
                    outcome.value.things.push(Thing::Of(class));
                }
                Some(outcome)
            }
            [] => Some(self.rust_unknown(state, Some(callee), args, site)),
            _ => None,
        }
    }

    /// The type of the project whose derived function a path is: `Config::default`.
    fn type_of_path(&self, file: FileId, base: &Base) -> Option<ClassRef> {
        let path = match base {
            Base::Name(path) => path.to_string(),
            Base::Global(path) => format!(".{path}"),
            Base::Local(_) => return None,
        };
        let (of, _) = path.rsplit_once('.')?;
        match self.program().link(file, &of.into()) {
            Linked::Class(class) => Some(class),
            _ => None,
        }
    }

    /// `Point(x, y)`
    fn tuple_struct(
        &mut self,
        state: &mut State,
        class: ClassRef,
        args: &Args,
        site: Site,
    ) -> Value {
        let id = ObjectId(mix(&[site.identity, 0x7475_706c, u64::from(class.id.0)]));
        let mut object = Object::new(Kind::Instance(class));
        for (at, passed) in args.positional.iter().enumerate() {
            let key = Key::Field(at.to_string().as_str().into());
            object.set(Some(&key), passed.value.clone(), true);
        }
        let mut value = state.make(id, object);
        value.things.push(Thing::Of(class));
        value
    }

    /// A call of something from outside by its path.
    pub fn rust_path(
        &mut self,
        state: &mut State,
        path: &Arc<str>,
        args: &Args,
        site: Site,
    ) -> Option<Outcome> {
        if path.ends_with('!') {
            return None;
        }
        let model = self.program().model(site.file);
        let same: Arc<str> = model.same(path).unwrap_or(path).into();
        let has_rows = model.calls(&same).next().is_some();
        let (of, name) = same.rsplit_once('.').unwrap_or(("", &same));
        if let Some(value) = self.made(state, of, name, args, site) {
            let value = match has_rows {
                true => {
                    let rows = self.call_path(state, &same, None, args, site);
                    Value {
                        taint: value.taint.join(&rows.value.taint),
                        ..value
                    }
                }
                false => value,
            };
            let mut value = value;
            let model = self.program().model(site.file);
            if let Some(of) = model.returned_type(&same) {
                let thing = Thing::Instance(model.same(of).unwrap_or(of).into());
                if !value.things.contains(&thing) {
                    value.things.push(thing);
                }
            }
            return plain(value);
        }
        if has_rows {
            let mut outcome = self.call_path(state, &same, None, args, site);
            self.run_closures(state, None, args, site, &mut outcome);
            self.typed_by_name(&mut outcome.value, of, name);
            return Some(outcome);
        }
        if LENDING.contains(&of)
            && let Some((first, rest)) = args.positional.split_first()
        {
            let rest = Args {
                positional: rest.to_vec(),
                ..Args::default()
            };
            let name: Arc<str> = name.into();
            let receiver = first.value.clone();
            return Some(self.rust_method(state, &receiver, &name, &rest, site));
        }
        let is_made = self
            .program()
            .model(site.file)
            .returned_type(&same)
            .is_some();
        if is_type_name(name) && !is_made {
            return plain(self.wrapped(state, &same, args, site));
        }
        let mut outcome = match self.language_function(state, &same, args, site) {
            Some(known) => known,
            None => self.rust_unknown(state, None, args, site),
        };
        let model = self.program().model(site.file);
        if let Some(of) = model.returned_type(&same) {
            let thing = Thing::Instance(model.same(of).unwrap_or(of).into());
            outcome.value.things.push(thing);
        }
        self.typed_by_name(&mut outcome.value, of, name);
        Some(outcome)
    }

    /// A tuple struct or variant from outside: one value alone is not told from what is in it.
    fn wrapped(&mut self, state: &mut State, path: &Arc<str>, args: &Args, site: Site) -> Value {
        let mut value = match args.positional.as_slice() {
            [only] => super::payload(only.value.clone()),
            several => {
                let mut object = Object::new(Kind::List);
                object.set_items(several.iter().map(|it| it.value.clone()).collect());
                state.make(ObjectId(site.identity), object)
            }
        };
        value.things.push(Thing::Instance(path.clone()));
        value
    }

    /// `Type::new()` gives a `Type`, `Type::builder()` a builder.
    fn typed_by_name(&self, value: &mut Value, of: &str, name: &str) {
        let last = of.rsplit('.').next().unwrap_or(of);
        let is_typed = value
            .things
            .iter()
            .any(|it| matches!(it, Thing::Instance(_) | Thing::Of(_)));
        if is_typed || !is_type_name(last) {
            return;
        }
        let makes = matches!(
            name,
            "new" | "default" | "connect" | "open" | "init" | "create" | "try_new"
        ) || name.starts_with("from")
            || name.starts_with("new_")
            || name.starts_with("with_")
            || name.starts_with("open_")
            || name.starts_with("connect_");
        if makes {
            value.things.push(Thing::Instance(of.into()));
        } else if name == "builder" {
            value
                .things
                .push(Thing::Instance(format!("{of}Builder").as_str().into()));
        }
    }

    /// Functions that make values of the language's own types.
    fn made(
        &mut self,
        state: &mut State,
        of: &str,
        name: &str,
        args: &Args,
        site: Site,
    ) -> Option<Value> {
        let first = args.at(0, None);
        let made = ObjectId(site.identity);
        let last = of.rsplit('.').next().unwrap_or(of);
        match (of, name) {
            ("std.string.String", "new" | "with_capacity" | "default") => {
                let mut value = Value::any();
                value.prefix = Some("".into());
                return Some(value);
            }
            ("std.path.PathBuf", "new") => {
                return Some(Value::constant(Constant::Str(String::new())));
            }
            ("std.mem", "take" | "replace") => return first,
            ("std.cmp", "min" | "max") | ("std.convert", "identity") => {
                let other = args.at(1, None).unwrap_or_default();
                return first
                    .filter(|_| name == "identity")
                    .map(|it| it.join(&other));
            }
            _ => {}
        }
        if WRAPPERS.contains(&of)
            && matches!(
                name,
                "new" | "from" | "pin" | "Borrowed" | "Owned" | "from_str" | "from_ref"
            )
        {
            return first;
        }
        if of == "std.borrow" && matches!(name, "Borrowed" | "Owned") {
            return first;
        }
        match (last, name) {
            ("Regex" | "RegexBuilder", "new") => {
                let mut pattern = Object::new(Kind::Fields);
                pattern.set(Some(&Key::Field("pattern".into())), first?, true);
                let mut value = state.make(made, pattern);
                value
                    .things
                    .push(Thing::Instance(of.trim_end_matches("Builder").into()));
                Some(value)
            }
            ("Lazy" | "LazyLock" | "LazyCell", "new" | "force") => {
                let function = first?;
                let is_function = |it: &Thing| matches!(it, Thing::Function { .. });
                match function.things.iter().any(is_function) {
                    true => {
                        let none = Args::default();
                        Some(self.call_value(state, &function, &none, site).value)
                    }
                    false => Some(function),
                }
            }
            (
                "Vec" | "VecDeque" | "BinaryHeap" | "LinkedList" | "SmallVec",
                "new" | "with_capacity" | "default",
            ) => Some(state.make(made, Object::new(Kind::List))),
            ("Vec" | "VecDeque", "from" | "from_iter") => first,
            ("HashMap" | "BTreeMap" | "IndexMap", "new" | "with_capacity" | "default") => {
                Some(state.make(made, Object::new(Kind::Dict)))
            }
            ("HashMap" | "BTreeMap" | "IndexMap", "from" | "from_iter") => {
                Some(self.map_of_pairs(state, &first?, made))
            }
            ("HashSet" | "BTreeSet" | "IndexSet", "new" | "with_capacity" | "default") => {
                Some(state.make(made, Object::new(Kind::Set)))
            }
            ("HashSet" | "BTreeSet" | "IndexSet", "from" | "from_iter") => {
                let value = first?;
                let element = self.iterated(state, &value);
                let mut set = Object::new(Kind::Set);
                set.rest = element;
                Some(state.make(made, set))
            }
            _ => None,
        }
    }

    /// A map from a list of pairs.
    pub fn map_of_pairs(&mut self, state: &mut State, pairs: &Value, made: ObjectId) -> Value {
        let mut map = Object::new(Kind::Dict);
        match self.known_items(state, pairs) {
            Some(items) => {
                for pair in items {
                    let key = self.read_element(state, &pair, Some(&Key::Item(0)));
                    let value = self.read_element(state, &pair, Some(&Key::Item(1)));
                    let key = key.known_constant().and_then(Key::from_constant);
                    map.closed &= key.is_some();
                    map.set(key.as_ref(), value, true);
                }
            }
            None => {
                let pair = self.iterated(state, pairs);
                map.rest = self.read_element(state, &pair, Some(&Key::Item(1)));
                map.closed = false;
            }
        }
        state.make(made, map)
    }

    /// A call of something that nothing is known of. Closures that it is given are run.
    pub fn rust_unknown(
        &mut self,
        state: &mut State,
        receiver: Option<&Value>,
        args: &Args,
        site: Site,
    ) -> Outcome {
        let mut outcome = self.unknown(state, receiver, args, site);
        self.run_closures(state, receiver, args, site, &mut outcome);
        outcome
    }

    /// Runs the closures among arguments: with the data of the receiver and of what else is
    /// passed.
    pub fn run_closures(
        &mut self,
        state: &mut State,
        receiver: Option<&Value>,
        args: &Args,
        site: Site,
        outcome: &mut Outcome,
    ) {
        let is_closure = |passed: &&Passed| {
            let mut things = passed.value.things.iter();
            things.any(|it| matches!(it, Thing::Function { .. }))
        };
        let closures: Vec<Value> = args
            .all()
            .filter(is_closure)
            .map(|it| it.value.clone())
            .collect();
        for closure in closures {
            let data = match receiver {
                Some(receiver) => self.data_of(state, receiver),
                None => crate::flow::value::Taint::NONE,
            };
            let spread = Passed {
                value: Value::tainted(data),
                span: site.span,
            };
            let inner = Args {
                spread: Some(spread),
                ..Args::default()
            };
            let got = self.call_value(state, &closure, &inner, site);
            outcome.value = outcome.value.join(&got.value);
        }
    }
}
