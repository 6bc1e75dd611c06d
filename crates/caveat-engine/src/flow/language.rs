//! What the language's own functions and methods do with constants, texts and containers: more
//! exactly than a model can say.

use std::sync::Arc;

use caveat_parser::Constant;

use super::call::{Args, Site};
use super::constant;
use super::guard::{Learned, Test};
use super::heap::{Kind, Object, State};
use super::interpret::Machine;
use super::rows::Called;
use super::summary::Outcome;
use super::text;
use super::value::{Key, ObjectId, Taint, Thing, Value};
use crate::model::{Fact, FactSet, Hit};

/// Functions that do not come back.
const ENDINGS: &[&str] = &[
    "sys.exit",
    "os._exit",
    "os.abort",
    "exit",
    "quit",
    "flask.abort",
    "werkzeug.exceptions.abort",
    "bottle.abort",
    "bottle.redirect",
    "std.process.exit",
    "std.process.abort",
];

/// Types whose methods a receiver of unknown type may have, most likely first.
pub const OWN_TYPES: &[&str] = &["str", "bytes", "dict", "list", "set"];

/// Classes and functions of a file that a name that is not known may mean; of more, nothing is
/// said.
const MOST_MEMBERS: usize = 6;

fn plain(value: Value) -> Option<Outcome> {
    Some(Outcome {
        value,
        ..Outcome::default()
    })
}

impl<'w> Machine<'w> {
    /// A function of the language itself; `None` where models know as much.
    pub fn language_function(
        &mut self,
        state: &mut State,
        path: &str,
        args: &Args,
        site: Site,
    ) -> Option<Outcome> {
        if ENDINGS.contains(&path) {
            return Some(Outcome {
                value: Value::any(),
                diverges: true,
                ..Outcome::default()
            });
        }
        if path.starts_with("configparser.") && path.ends_with("Parser") {
            let id = ObjectId(site.identity);
            let mut value = state.make(id, Object::new(Kind::Dict));
            value.things.push(Thing::Instance(path.into()));
            return plain(value);
        }
        let first = args.at(0, None);
        let made = ObjectId(site.identity);
        match path {
            "getattr" => self.get_attribute(state, args, site),
            "setattr" => {
                let key = args.at(1, None)?;
                let key = key.text().map(|name| Key::Field(name.into()));
                self.store(state, &args.at(0, None)?, key.as_ref(), args.at(2, None)?);
                plain(Value::constant(Constant::None))
            }
            "dict" | "OrderedDict" | "collections.OrderedDict" => {
                let mut object = Object::new(Kind::Dict);
                if let Some(first) = &first {
                    if !self.only_dicts(state, first) {
                        return None;
                    }
                    super::container::update(self, state, &mut object, first);
                }
                for (name, passed) in &args.named {
                    let key = Key::Text(name.clone());
                    object.set(Some(&key), passed.value.clone(), true);
                }
                if let Some(pairs) = &args.pairs {
                    super::container::update(self, state, &mut object, &pairs.value);
                }
                plain(state.make(made, object))
            }
            "list" | "tuple" | "collections.deque" => {
                let mut object = Object::new(Kind::List);
                if let Some(first) = &first {
                    let items = self.known_items(state, first);
                    object.set_items(items.or_else(|| parts_of_url(first))?);
                }
                plain(state.make(made, object))
            }
            "set" if first.is_none() => plain(state.make(made, Object::new(Kind::Set))),
            "enumerate" => {
                let element = self.iterated(state, &first?);
                let mut pair = Object::new(Kind::List);
                pair.set_items(vec![Value::any(), element]);
                let pair = state.make(ObjectId(made.0 ^ 0x77), pair);
                plain(self.many_of(state, made, pair))
            }
            "zip" => {
                let mut tuple = Object::new(Kind::List);
                let mut parts = Vec::new();
                for passed in &args.positional {
                    parts.push(self.iterated(state, &passed.value));
                }
                tuple.set_items(parts);
                let tuple = state.make(ObjectId(made.0 ^ 0x77), tuple);
                plain(self.many_of(state, made, tuple))
            }
            "map" => {
                let element = self.iterated(state, &args.at(1, None)?);
                let inner = Args {
                    positional: vec![super::call::Passed {
                        value: element,
                        span: site.span,
                    }],
                    ..Args::default()
                };
                let result = self.call_value(state, &first?, &inner, site);
                plain(self.many_of(state, ObjectId(made.0 ^ 0x33), result.value))
            }
            "len" => {
                let value = first?;
                if let Some(values) = value.known_constants() {
                    let lengths: Option<Vec<Constant>> = values.iter().map(length).collect();
                    return plain(Value::constants(lengths?));
                }
                match value.refs.as_slice() {
                    [id] if value.taint.is_empty() => {
                        let object = state.object(&self.world.heap, *id)?;
                        let known = object.length().filter(|_| !object.many)?;
                        plain(Value::constant(Constant::Int(known as i128)))
                    }
                    _ => None,
                }
            }
            "int" | "str" | "bool" | "float" => {
                let values = first?;
                if path == "str" && values.known_constants().is_none() {
                    // The text of a value is told apart from it by nobody.
                    return plain(Value {
                        identity: values.identity,
                        prefix: values.prefix.clone(),
                        ..Value::tainted(self.data_of(state, &values))
                    });
                }
                let values = values.known_constants()?;
                let converted: Option<Vec<Constant>> =
                    values.iter().map(|it| convert(path, it)).collect();
                plain(Value::constants(converted?))
            }
            "isinstance" => {
                let class = args.at(1, None)?;
                let value = first?;
                match class.things.as_slice() {
                    [Thing::Name(name)] => {
                        let result = self.type_test(site.file, &value, name);
                        plain(result)
                    }
                    _ => None,
                }
            }
            "range" | "object" => plain(Value::any()),
            _ if path.starts_with("base64.") => {
                let coded = first?;
                let coded = coded.known_constants()?.iter();
                let coded: Option<Vec<Constant>> =
                    coded.map(|it| constant::base64(path, it.text()?)).collect();
                plain(Value::constants(coded?))
            }
            "urllib.parse.urlparse" | "urllib.parse.urlsplit" => {
                let url = first?;
                plain(Value {
                    aspect: (url.identity != 0).then_some((url.identity, Fact::HostAllowed)),
                    ..Value::tainted(self.data_of(state, &url))
                })
            }
            // An extension begins with the last dot and holds no separator.
            "os.path.splitext" => {
                let data = self.data_of(state, &first?);
                let facts = FactSet::EMPTY.with(Fact::NoSeparator);
                let extension = data.changed(facts, text::of_the_front());
                let mut pair = Object::new(Kind::List);
                pair.set_items(vec![Value::tainted(data), Value::tainted(extension)]);
                plain(state.make(made, pair))
            }
            "urllib.parse.urlunparse" | "urllib.parse.urlunsplit" => {
                let parts = self.known_items(state, &first?)?;
                let (scheme, host) = (parts.first()?.text()?, parts.get(1)?.text()?);
                let facts = facts_of_url(scheme, host);
                let data = parts.iter().map(|it| self.data_of(state, it));
                let data = data.fold(Taint::NONE, |all, it| all.join(&it));
                plain(Value::tainted(data.changed(facts, FactSet::EMPTY)))
            }
            "os.path.commonpath" => {
                let items = self.known_items(state, &first?)?;
                let checked = items.iter().find(|it| !it.taint.is_empty())?;
                plain(Value {
                    aspect: (checked.identity != 0).then_some((checked.identity, Fact::Inside)),
                    ..Value::tainted(self.data_of(state, checked))
                })
            }
            "re.compile" => {
                let mut pattern = Object::new(Kind::Fields);
                pattern.set(Some(&Key::Field("pattern".into())), first?, true);
                plain(state.make(made, pattern))
            }
            _ => None,
        }
    }

    fn many_of(&mut self, state: &mut State, id: ObjectId, element: Value) -> Value {
        let mut list = Object::new(Kind::List);
        list.rest = element;
        list.closed = false;
        state.make(id, list)
    }

    fn only_dicts(&self, state: &State, value: &Value) -> bool {
        !value.refs.is_empty()
            && value.refs.iter().all(|id| {
                let object = state.object(&self.world.heap, *id);
                object.is_some_and(|it| it.kind == Kind::Dict)
            })
    }

    /// `getattr(value, name)` with a name that is known is the attribute.
    fn get_attribute(&mut self, state: &State, args: &Args, site: Site) -> Option<Outcome> {
        let name = args.at(1, None)?;
        let Some(names) = name.known_constants() else {
            return self.any_member(&args.at(0, None)?, name.taint.is_empty());
        };
        let mut found = Value::default();
        for name in names {
            let name: Arc<str> = name.text()?.into();
            let value = args.at(0, None)?;
            found = found.join(&self.field_of(site.file, state, &value, &name, site.span));
        }
        if let Some(default) = args.at(2, None) {
            found = found.join(&default);
        }
        plain(found)
    }

    /// Some class or function of a file of the project, chosen by a name that is not known.
    fn any_member(&self, value: &Value, is_own: bool) -> Option<Outcome> {
        let [Thing::Module(file)] = value.things.as_slice() else {
            return None;
        };
        let members = self.program().members(*file, MOST_MEMBERS)?;
        plain(Value {
            things: members,
            ..Value::any()
        })
        .filter(|_| is_own)
    }

    /// A method of a text, or of a receiver that may be anything of the language's own types.
    pub fn language_method(
        &mut self,
        state: &mut State,
        receiver: &Value,
        name: &Arc<str>,
        args: &Args,
        site: Site,
    ) -> Option<Outcome> {
        let known = self.text_method(state, receiver, name, args, site);
        let model = self.program().model(site.file);
        let hits: Vec<Hit<'w>> = OWN_TYPES
            .iter()
            .map(|of| model.calls(&format!("{of}.{name}")).collect::<Vec<_>>())
            .find(|hits| !hits.is_empty())
            .unwrap_or_default();
        if hits.is_empty() {
            return known.and_then(plain);
        }
        let called = Called {
            receiver: Some(receiver),
            args,
            site,
        };
        let known = known.and_then(plain);
        Some(self.with_rows(state, &hits, &called, known))
    }

    fn text_method(
        &mut self,
        state: &mut State,
        receiver: &Value,
        name: &Arc<str>,
        args: &Args,
        site: Site,
    ) -> Option<Value> {
        if let Some(known) = constant_method(receiver, name, args) {
            return Some(known);
        }
        match &**name {
            "format" => {
                let template = receiver.text()?;
                let mut arguments = text::Arguments {
                    positional: args.positional.iter().map(|it| it.value.clone()).collect(),
                    ..text::Arguments::default()
                };
                for (name, passed) in &args.named {
                    arguments.named.push((name.clone(), passed.value.clone()));
                }
                for rest in args.spread.iter().chain(&args.pairs) {
                    arguments.rest = arguments.rest.join(&rest.value);
                }
                let parts = text::braces(template, &arguments, |it| self.data_of(state, it))?;
                Some(text::concatenated(&parts, site.file, site.span))
            }
            "join" => {
                receiver.known_constants()?;
                let list = args.at(0, None)?;
                let items = match self.known_items(state, &list) {
                    Some(items) => items,
                    None => {
                        let mut some = self.iterated(state, &list);
                        some.taint = self.data_of(state, &some);
                        return Some(Value::tainted(some.taint));
                    }
                };
                let mut parts = Vec::new();
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        parts.push(receiver.clone());
                    }
                    let data = self.data_of(state, item);
                    parts.push(item.clone().with_taint(&data));
                }
                Some(text::concatenated(&parts, site.file, site.span))
            }
            "startswith" | "endswith" if receiver.identity != 0 => {
                let fact = match &**name {
                    "startswith" => Fact::QuoteFirst,
                    _ => Fact::QuoteLast,
                };
                let quote = args.at(0, None)?;
                matches!(quote.text()?, "'" | "\"").then(|| Value {
                    test: Some(Arc::new(Test::Learn {
                        when: true,
                        subject: receiver.identity,
                        learned: Learned::facts(FactSet::EMPTY.with(fact)),
                    })),
                    ..Value::any()
                })
            }
            "_replace" if receiver.aspect.is_some() => {
                let part = |name| args.named(name)?.text().map(str::to_owned);
                let facts = facts_of_url(&part("scheme")?, &part("netloc")?);
                let data = args.all().map(|it| self.data_of(state, &it.value));
                let data = data.fold(receiver.taint.clone(), |all, it| all.join(&it));
                Some(Value::tainted(data.changed(facts, FactSet::EMPTY)))
            }
            "replace" if receiver.refs.is_empty() => {
                let from = args.at(0, None)?;
                Some(text::replaced(receiver, from.text(), &args.at(1, None)?))
            }
            _ => None,
        }
    }
}

/// The parts of a parsed URL, which has six or five.
fn parts_of_url(url: &Value) -> Option<Vec<Value>> {
    url.aspect.filter(|(_, fact)| *fact == Fact::HostAllowed)?;
    Some(vec![Value::tainted(url.taint.clone()); 5])
}

/// What is known of a URL whose scheme and host are constants.
fn facts_of_url(scheme: &str, host: &str) -> FactSet {
    match (scheme, host) {
        ("", "") => FactSet::EMPTY.with(Fact::RelativeUrl),
        (_, "") => FactSet::EMPTY,
        _ => FactSet::EMPTY.with(Fact::HostFixed).with(Fact::HostAllowed),
    }
}

fn constant_method(receiver: &Value, name: &str, args: &Args) -> Option<Value> {
    let receivers = receiver.known_constants()?;
    if !args.named.is_empty() || args.spread.is_some() || args.pairs.is_some() {
        return None;
    }
    let arguments: Option<Vec<&Constant>> = args
        .positional
        .iter()
        .map(|it| it.value.known_constant())
        .collect();
    let arguments = arguments?;
    let results: Option<Vec<Constant>> = receivers
        .iter()
        .map(|it| constant::text_method(it.text()?, name, &arguments))
        .collect();
    Some(Value::constants(results?))
}

fn length(value: &Constant) -> Option<Constant> {
    let length = match value {
        Constant::Str(text) | Constant::Bytes(text) => text.chars().count(),
        Constant::List(items) => items.len(),
        Constant::Dict(pairs) => pairs.len(),
        _ => return None,
    };
    Some(Constant::Int(length as i128))
}

fn convert(to: &str, value: &Constant) -> Option<Constant> {
    match (to, value) {
        ("str", _) => constant::display(value).map(Constant::Str),
        ("bool", _) => Some(Constant::Bool(constant::truth(value))),
        ("int", Constant::Str(text)) => text.trim().parse().ok().map(Constant::Int),
        ("int", Constant::Int(_)) => Some(value.clone()),
        ("int", Constant::Bool(value)) => Some(Constant::Int(i128::from(*value))),
        ("float", Constant::Float(_)) => Some(value.clone()),
        _ => None,
    }
}
