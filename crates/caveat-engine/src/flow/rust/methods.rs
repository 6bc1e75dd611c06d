//! Methods: of types of the project, of types that models know, of the language's own types.

use std::sync::Arc;

use caveat_parser::Constant;
use caveat_parser::ir::CompareOp;

use super::{payload, plain};
use crate::flow::call::{Args, Site};
use crate::flow::heap::{Kind, Object, State};
use crate::flow::interpret::{Machine, assume};
use crate::flow::rows::Called;
use crate::flow::summary::Outcome;
use crate::flow::text;
use crate::flow::value::{ClassRef, FunctionRef, Key, ObjectId, Thing, Value};
use crate::model::{Action, Fact, Hit};

/// Methods without arguments that keep the value.
const KEEPING: &[&str] = &[
    "clone",
    "cloned",
    "copied",
    "to_owned",
    "to_string",
    "as_str",
    "as_ref",
    "as_mut",
    "as_deref",
    "as_deref_mut",
    "as_bytes",
    "into_bytes",
    "as_slice",
    "as_mut_slice",
    "into",
    "try_into",
    "borrow",
    "borrow_mut",
    "deref",
    "by_ref",
    "into_inner",
    "to_str",
    "to_string_lossy",
    "into_string",
    "into_owned",
    "as_os_str",
    "to_path_buf",
    "as_path",
    "into_boxed_str",
    "ok",
    "iter",
    "iter_mut",
    "into_iter",
    "lock",
    "read",
    "write",
    "fuse",
    "peekable",
    "rev",
    "display",
    "into_os_string",
    "get_mut",
    "to_vec",
    "into_boxed_slice",
    "as_mut_str",
    "boxed",
    "into_future",
    "drain",
    "into_response",
    "transpose",
    "flatten",
    "unzip",
    "sorted",
    "get_ref",
    "as_os_string",
    "to_lowercase",
    "to_uppercase",
    "to_ascii_lowercase",
    "to_ascii_uppercase",
    "as_utf8_path",
];

/// Methods with arguments that keep the value, too.
const KEEPING_WITH: &[&str] = &[
    "ok_or",
    "ok_or_else",
    "map_err",
    "context",
    "with_context",
    "wrap_err",
    "wrap_err_with",
    "inspect_err",
    "skip",
    "take",
    "step_by",
    "or_else",
    "chunks",
    "windows",
    "drain",
    "instrument",
    "or",
    "and_modify",
    "timeout",
];

/// Methods that many types have, so that a name says nothing of the type.
const COMMON: &[&str] = &[
    "new", "get", "insert", "push", "remove", "len", "iter", "map", "next", "write", "read",
    "send", "recv", "build", "parse", "clone", "into", "from", "as_ref", "fmt", "eq", "cmp",
    "hash", "drop", "default", "find", "contains", "join", "split", "filter", "collect", "take",
    "set", "add", "close", "flush", "poll", "run", "call", "name", "path", "id", "kind", "size",
    "text", "value", "key", "query", "execute", "fetch", "bind", "header", "headers", "body",
    "status", "start", "stop", "open", "lock",
];

impl<'w> Machine<'w> {
    /// A method of a value in a Rust file.
    pub fn rust_method(
        &mut self,
        state: &mut State,
        receiver: &Value,
        name: &Arc<str>,
        args: &Args,
        site: Site,
    ) -> Outcome {
        let found = self.deeper(|machine| machine.find_method(state, receiver, name, args, site));
        found.unwrap_or_else(|| self.unknown(state, Some(receiver), args, site))
    }

    fn find_method(
        &mut self,
        state: &mut State,
        receiver: &Value,
        name: &Arc<str>,
        args: &Args,
        site: Site,
    ) -> Outcome {
        if let Some(found) = self.project_method(state, receiver, name, args, site) {
            return found;
        }
        let typed = self.typed_rows(receiver, name, site);
        if typed.is_foreign {
            return self.by_rows(state, receiver, name, args, site, &typed);
        }
        let known = self.known_method(state, receiver, name, args, site);
        let hits = match typed.hits.is_empty() && typed.returned.is_none() {
            true => self.guessed_rows(receiver, name, site),
            false => typed.hits,
        };
        let called = Called {
            receiver: Some(receiver),
            args,
            site,
        };
        let mut found = match (hits.is_empty(), known) {
            (true, Some(known)) => known,
            (true, None) => match self.namesake(receiver, name) {
                Some(function) => {
                    self.call_function(state, function, &[], Some(receiver), args, site)
                }
                None => self.unknown_method(state, receiver, name, args, site),
            },
            (false, known) => {
                let decided = known.is_some() || hits.iter().any(decides);
                let mut found = self.with_rows(state, &hits, &called, known);
                if !decided {
                    let other = self.unknown_method(state, receiver, name, args, site);
                    found.value = found.value.join(&other.value);
                }
                found
            }
        };
        if let Some(of) = typed.returned {
            found.value.things.push(Thing::Instance(of));
        }
        found
    }

    // ---- types of the project ----

    fn project_method(
        &mut self,
        state: &mut State,
        receiver: &Value,
        name: &Arc<str>,
        args: &Args,
        site: Site,
    ) -> Option<Outcome> {
        let mut targets: Vec<FunctionRef> = Vec::new();
        for thing in &receiver.things {
            if let Thing::Of(class) | Thing::Class(class) = thing {
                for target in self.targets(*class, name) {
                    if !targets.contains(&target) {
                        targets.push(target);
                    }
                }
            }
        }
        let mut all: Option<Outcome> = None;
        for target in targets.into_iter().take(8) {
            let got = self.call_function(state, target, &[], Some(receiver), args, site);
            all = Some(match all {
                None => got,
                Some(mut all) => {
                    all.value = all.value.join(&got.value);
                    all.test = None;
                    all.diverges &= got.diverges;
                    all
                }
            });
        }
        all
    }

    /// The functions that a method of a type can be: its own, or for a trait those of all types
    /// that have it.
    fn targets(&self, class: ClassRef, name: &str) -> Vec<FunctionRef> {
        let class = self.program().real(class);
        let own = self.program().method(class, name, 0);
        let others = self.program().implementors(class);
        let mut found: Vec<FunctionRef> = others
            .iter()
            .filter_map(|class| self.program().method(*class, name, 0))
            .collect();
        found.extend(own);
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The only method of that name in the project, for a receiver of which nothing is known.
    fn namesake(&self, receiver: &Value, name: &str) -> Option<FunctionRef> {
        let is_known = |it: &Thing| matches!(it, Thing::Instance(_) | Thing::Of(_));
        if COMMON.contains(&name) || receiver.things.iter().any(is_known) {
            return None;
        }
        match self.program().methods_named(name) {
            [only] => Some(*only),
            _ => None,
        }
    }

    // ---- types that models know ----

    fn typed_rows(&self, receiver: &Value, name: &str, site: Site) -> Typed<'w> {
        let model = self.program().model(site.file);
        let mut typed = Typed::default();
        for thing in &receiver.things {
            let Thing::Instance(of) = thing else { continue };
            for ancestor in self.program().lineage(site.file, of) {
                let path = format!("{ancestor}.{name}");
                let hits: Vec<Hit<'w>> = model.calls(&path).collect();
                let returned = model.returned_type(&path);
                if hits.is_empty() && returned.is_none() {
                    continue;
                }
                typed.is_foreign |= !is_own(&ancestor);
                typed.hits.extend(hits);
                typed.keeps |= returned.is_some_and(|it| *it == *ancestor);
                typed.returned = typed
                    .returned
                    .or_else(|| returned.map(|it| model.same(it).unwrap_or(it).into()));
                break;
            }
        }
        typed
    }

    fn by_rows(
        &mut self,
        state: &mut State,
        receiver: &Value,
        name: &Arc<str>,
        args: &Args,
        site: Site,
        typed: &Typed<'w>,
    ) -> Outcome {
        let called = Called {
            receiver: Some(receiver),
            args,
            site,
        };
        let mut found = self.apply_rows(state, &typed.hits, &called);
        let decided = typed.hits.iter().any(decides);
        if typed.keeps {
            // A builder gives itself, with what it was given in it.
            let mut value = receiver.clone();
            for passed in args.all() {
                value = value.with_taint(&self.data_of(state, &passed.value));
            }
            if value.refs.is_empty() {
                value.refs.clone_from(&found.value.refs);
            }
            found.value = value;
        } else if !decided {
            let other = self.unknown_method(state, receiver, name, args, site);
            found.value = found.value.join(&other.value);
        } else {
            let mut ran = Outcome::default();
            self.run_closures(state, Some(receiver), args, site, &mut ran);
        }
        if args.positional.is_empty() && KEEPING.contains(&&**name) {
            let known = receiver.things.iter();
            let held = known.filter(|it| matches!(it, Thing::Of(_)));
            found.value.things.extend(held.cloned());
        }
        if let Some(of) = &typed.returned {
            let thing = Thing::Instance(of.clone());
            if !found.value.things.contains(&thing) {
                found.value.things.push(thing);
            }
        }
        found
    }

    /// Rows that may be meant where no type tells.
    fn guessed_rows(&self, receiver: &Value, name: &str, site: Site) -> Vec<Hit<'w>> {
        let model = self.program().model(site.file);
        let text = self.receiver_text(site, name);
        let mut hits: Vec<Hit<'w>> = model.methods(name, &text).collect();
        let is_typed = receiver
            .things
            .iter()
            .any(|it| matches!(it, Thing::Instance(_)));
        let own: &[&str] = match is_typed {
            true => &["str"],
            false => &[
                "str",
                "std.path.Path",
                "std.option.Option",
                "std.result.Result",
            ],
        };
        for of in own {
            let path = format!("{of}.{name}");
            let found: Vec<Hit<'w>> = model.calls(&path).collect();
            if !found.is_empty() {
                hits.extend(found);
                break;
            }
        }
        hits
    }

    fn unknown_method(
        &mut self,
        state: &mut State,
        receiver: &Value,
        name: &str,
        args: &Args,
        site: Site,
    ) -> Outcome {
        let mut found = self.rust_unknown(state, Some(receiver), args, site);
        // What nothing is known of may put what it is given into its receiver.
        for thing in &receiver.things {
            let Thing::Instance(of) = thing else { continue };
            if let Some(made) = of.strip_suffix("Builder") {
                let of = match name {
                    "build" | "finish" => made.into(),
                    _ => of.clone(),
                };
                found.value.things.push(Thing::Instance(of));
            }
        }
        found
    }

    // ---- types of the language ----

    fn known_method(
        &mut self,
        state: &mut State,
        receiver: &Value,
        name: &Arc<str>,
        args: &Args,
        site: Site,
    ) -> Option<Outcome> {
        if let Some(found) = self.constant_text(receiver, name, args) {
            return plain(found);
        }
        let none = args.positional.is_empty();
        if none && KEEPING.contains(&&**name) || KEEPING_WITH.contains(&&**name) {
            return Some(self.kept(receiver, name, args));
        }
        let first = args.at(0, None);
        match &**name {
            "unwrap" | "expect" | "unwrap_unchecked" | "unwrap_or_default" => {
                if let Some(false) = super::marked(receiver)
                    && !name.ends_with("default")
                {
                    return Some(Outcome {
                        diverges: true,
                        ..Outcome::default()
                    });
                }
                if !name.ends_with("default") {
                    assume(state, receiver, true);
                }
                plain(payload(receiver.clone()))
            }
            "unwrap_or" => plain(self.or_else(receiver, first?)),
            "is_some" | "is_ok" | "is_none" | "is_err" => {
                let negative = matches!(&**name, "is_none" | "is_err");
                plain(self.is_success(receiver, negative))
            }
            "parse" => {
                let mut value = receiver.clone().anonymous();
                value.known = crate::flow::value::Known::Any;
                value.things.clear();
                let is_text = receiver.identity != 0;
                value.aspect = is_text.then_some((receiver.identity, Fact::Number));
                plain(value)
            }
            "chars" | "bytes" | "char_indices" | "graphemes" | "as_bytes_iter" => {
                let mut value = receiver.clone();
                value.things = vec![Thing::Instance("std.str.Chars".into())];
                plain(value)
            }
            "components" => {
                let mut value = receiver.clone();
                value.things = vec![Thing::Instance("std.path.Components".into())];
                plain(value)
            }
            "contains" => self.contains(state, receiver, &first?, site),
            "eq" | "eq_ignore_ascii_case" => {
                plain(self.compare(state, CompareOp::Equal, receiver, &first?))
            }
            "ne" => plain(self.compare(state, CompareOp::NotEqual, receiver, &first?)),
            "replace" | "replacen" if receiver.refs.is_empty() => {
                let from = first?;
                let to = args.at(1, None)?;
                plain(self.replaced(state, receiver, &from, &to, site))
            }
            "join" | "concat" => self.join(state, receiver, first, site),
            "is_alphanumeric" | "is_ascii" => None,
            "trim" | "trim_start" | "trim_end" => {
                let mut value = receiver.clone();
                value.identity = 0;
                value.prefix = None;
                plain(value)
            }
            "trim_start_matches" | "trim_end_matches" | "trim_matches" | "strip_prefix"
            | "strip_suffix" => {
                let mut value = receiver.clone().anonymous();
                value.prefix = None;
                if !matches!(&**name, "trim_end_matches" | "strip_suffix") {
                    let lost = text::of_the_front();
                    value.taint = value.taint.changed(crate::model::FactSet::EMPTY, lost);
                }
                plain(value)
            }
            _ => self
                .adaptor(state, receiver, name, args, site)
                .or_else(|| self.collection(state, receiver, name, args, site)),
        }
    }

    fn kept(&mut self, receiver: &Value, name: &str, args: &Args) -> Outcome {
        let mut value = receiver.clone();
        if name == "or"
            && let Some(other) = args.at(0, None)
        {
            value = value.join(&other);
        }
        let test = receiver.test.clone();
        Outcome {
            value,
            test,
            diverges: false,
        }
    }

    fn or_else(&self, receiver: &Value, other: Value) -> Value {
        match super::marked(receiver) {
            Some(true) => payload(receiver.clone()),
            Some(false) => other,
            None => payload(receiver.clone()).join(&other),
        }
    }

    /// Whether a value is a success, with what that says of others.
    pub fn is_success(&self, value: &Value, negative: bool) -> Value {
        let mut result = match super::marked(value) {
            Some(known) => Value::constant(Constant::Bool(known != negative)),
            None => Value::any(),
        };
        result.test = match (&value.test, negative) {
            (Some(test), true) => Some(Arc::new(crate::flow::guard::Test::Not(test.clone()))),
            (test, _) => test.clone(),
        };
        result
    }

    /// Whether a value is that variant.
    pub fn variant_test(&self, value: &Value, name: &str) -> Value {
        let last = name.rsplit('.').next().unwrap_or(name);
        match name {
            "Ok" | "Some" => return self.is_success(value, false),
            "Err" | "None" => return self.is_success(value, true),
            _ => {}
        }
        let mut result = Value::any();
        if let [Thing::Name(known)] = value.things.as_slice()
            && value.taint.is_empty()
        {
            let own = known.rsplit('.').next().unwrap_or(known);
            if own.starts_with(char::is_uppercase) && last.starts_with(char::is_uppercase) {
                return Value::constant(Constant::Bool(own == last));
            }
        }
        // A plain component of a path is a name in one folder.
        if last == "Normal" && value.identity != 0 && name.contains("Component") {
            let facts = crate::model::FactSet::EMPTY.with(Fact::NoSeparator);
            result.test = Some(Arc::new(crate::flow::guard::Test::Learn {
                when: true,
                subject: value.identity,
                learned: crate::flow::guard::Learned::facts(facts),
            }));
        }
        result
    }

    fn constant_text(&self, receiver: &Value, name: &str, args: &Args) -> Option<Value> {
        let receivers = receiver.known_constants()?;
        let arguments: Option<Vec<&Constant>> = args
            .positional
            .iter()
            .map(|it| it.value.known_constant())
            .collect();
        let arguments = arguments?;
        let results: Option<Vec<Constant>> = receivers
            .iter()
            .map(|it| text_method(it, name, &arguments))
            .collect();
        let results = results?;
        (!results.is_empty()).then(|| Value::constants(results))
    }

    fn contains(
        &mut self,
        state: &mut State,
        receiver: &Value,
        wanted: &Value,
        site: Site,
    ) -> Option<Outcome> {
        let is_text_like = receiver.refs.is_empty();
        let is_pattern = wanted.text().is_none_or(|it| it.chars().count() == 1);
        if is_text_like && !receiver.taint.is_empty() && is_pattern && receiver.identity != 0 {
            let learned = self.characters_where(state, wanted, false, site);
            if let Some(learned) = learned {
                let test = crate::flow::guard::Test::Learn {
                    when: false,
                    subject: receiver.identity,
                    learned,
                };
                return plain(Value {
                    test: Some(Arc::new(test)),
                    ..Value::any()
                });
            }
        }
        plain(self.compare(state, CompareOp::In, wanted, receiver))
    }

    fn replaced(
        &mut self,
        state: &mut State,
        receiver: &Value,
        from: &Value,
        to: &Value,
        site: Site,
    ) -> Value {
        let text = receiver.clone();
        if from.text().is_some() {
            let mut value = text::replaced(&text, from.text(), to);
            let lacks = |part: char| to.text().is_some_and(|it| !it.contains(part));
            let gained = match from.text() {
                Some("\n" | "\r\n") if lacks('\n') => Some(Fact::NoNewline),
                Some("/") if lacks('/') => Some(Fact::NoSeparator),
                Some("<") if lacks('<') => Some(Fact::HtmlEscaped),
                _ => None,
            };
            if let Some(gained) = gained {
                let gained = crate::model::FactSet::EMPTY.with(gained);
                value.taint = value.taint.changed(gained, crate::model::FactSet::EMPTY);
            }
            if from.text() == Some("..") && to.text().is_some_and(|it| !it.contains('.')) {
                value.taint = value.taint.map(|entry| {
                    let mut entry = entry.clone();
                    entry.absent = entry.absent.union(crate::flow::value::Absent::WAY_UP);
                    entry
                });
            }
            return value;
        }
        let kept = self.characters_where(state, from, false, site);
        let mut taint = text.taint.clone();
        if let (Some(kept), Some(to)) = (kept, to.text())
            && to
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        {
            taint = taint.map(|entry| {
                let mut entry = entry.changed(kept.facts, crate::model::FactSet::EMPTY);
                entry.absent = entry.absent.union(kept.absent);
                entry
            });
        }
        Value::tainted(taint.join(&to.taint))
    }

    /// `items.join(", ")`, `base.join(part)`
    fn join(
        &mut self,
        state: &mut State,
        receiver: &Value,
        first: Option<Value>,
        site: Site,
    ) -> Option<Outcome> {
        let is_list = super::adaptors::is_list(self, state, receiver);
        if !is_list {
            let part = first?;
            let mut things = receiver.things.iter();
            let is_vec = things.any(|it| matches!(it, Thing::Instance(of) if of.ends_with("Vec")));
            if is_vec {
                return plain(Value::tainted(self.data_of(state, receiver)));
            }
            let is_foreign = receiver.things.iter().any(
                |it| matches!(it, Thing::Instance(of) if !of.starts_with("std.") && of.contains('.')),
            );
            if is_foreign && !super::text::is_path(receiver) {
                return None;
            }
            return plain(self.path_joined(state, receiver, &part, site));
        }
        let separator = first.unwrap_or_else(|| Value::constant(Constant::Str(String::new())));
        let Some(items) = self.known_items(state, receiver) else {
            return plain(Value::tainted(self.data_of(state, receiver)));
        };
        let mut parts = Vec::new();
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                parts.push(separator.clone());
            }
            parts.push(item);
        }
        plain(self.concatenated(state, &parts, site))
    }

    // ---- collections ----

    fn collection(
        &mut self,
        state: &mut State,
        receiver: &Value,
        name: &str,
        args: &Args,
        site: Site,
    ) -> Option<Outcome> {
        let made = ObjectId(site.identity);
        let first = args.at(0, None);
        if let [id] = receiver.refs.as_slice() {
            let kind = state.object(&self.world.heap, *id)?.kind;
            let (id, python) = (*id, method_of(kind, name));
            if kind == Kind::Dict && name == "insert" {
                return self.map_insert(state, receiver, args);
            }
            if let Some(python) = python {
                let value = self.container_method(state, id, python, args, made)?;
                let is_lookup =
                    matches!(name, "get" | "first" | "last" | "pop" | "remove" | "next");
                let value = match is_lookup && kind == Kind::Dict && name == "get" {
                    true => without_none(value),
                    false => value,
                };
                return plain(value);
            }
            if matches!(kind, Kind::List | Kind::Dict | Kind::Set) {
                return self.collection_of(state, receiver, name, args, kind, made);
            }
        }
        let is_data = !receiver.taint.is_empty() && receiver.refs.is_empty();
        match name {
            "get" | "get_mut" | "first" | "last" | "pop" | "remove" | "next" | "nth"
            | "next_back" | "pop_front" | "pop_back" | "get_many" | "peek" | "get_key_value"
                if is_data =>
            {
                let key = first.as_ref().and_then(Value::known_constant);
                let key = key.and_then(Key::from_constant);
                let mut value = self.read_element(state, receiver, key.as_ref());
                let things = receiver.things.iter();
                value.things.extend(
                    things
                        .filter(|it| !matches!(it, Thing::Variant(_)))
                        .cloned(),
                );
                if let Some(Key::Text(key)) = &key
                    && value.identity == 0
                {
                    value.identity = super::part_identity(receiver.identity, key);
                }
                super::recall(state, &mut value);
                plain(value)
            }
            "len" | "is_empty" | "count" | "capacity" => plain(Value::any()),
            _ => None,
        }
    }

    fn map_insert(&mut self, state: &mut State, map: &Value, args: &Args) -> Option<Outcome> {
        let key = args.at(0, None)?;
        let known = key.known_constant().and_then(Key::from_constant);
        let mut value = args.at(1, None)?;
        if known.is_none() {
            value = value.with_taint(&key.taint);
        }
        self.store(state, map, known.as_ref(), value);
        plain(Value::any())
    }

    fn collection_of(
        &mut self,
        state: &mut State,
        receiver: &Value,
        name: &str,
        args: &Args,
        kind: Kind,
        made: ObjectId,
    ) -> Option<Outcome> {
        let first = args.at(0, None);
        let element =
            |machine: &mut Self, state: &State| machine.read_element(state, receiver, None);
        let value = match name {
            "first" | "last" | "next" | "nth" | "peek" | "next_back" | "pop_front" | "front"
            | "back" | "min" | "max" | "pop_first" | "pop_last" => {
                let at = match name {
                    "first" | "front" => Some(Key::Item(0)),
                    "last" | "back" => Some(Key::Item(-1)),
                    _ => None,
                };
                self.read_element(state, receiver, at.as_ref())
            }
            "get" | "get_mut" | "get_unchecked" if kind == Kind::List => {
                let key = first?.known_constant().and_then(Key::from_constant);
                self.read_element(state, receiver, key.as_ref())
            }
            "entry" => {
                let key = first?.known_constant().and_then(Key::from_constant);
                let mut entry = Object::new(Kind::Fields);
                entry.set(Some(&Key::Field("map".into())), receiver.clone(), true);
                if let Some(key) = key {
                    let key = match key {
                        Key::Text(text) => Constant::Str(text.to_string()),
                        Key::Item(at) => Constant::Int(i128::from(at)),
                        Key::Field(_) => Constant::None,
                    };
                    entry.set(Some(&Key::Field("key".into())), Value::constant(key), true);
                }
                let mut value = state.make(made, entry);
                value
                    .things
                    .push(Thing::Instance("std.collections.hash_map.Entry".into()));
                value
            }
            "len" | "is_empty" | "capacity" => Value::any(),
            "collect" | "sort" | "sort_unstable" | "dedup" | "reverse" | "as_slice" => {
                receiver.clone()
            }
            "contains_key" => self.compare(state, CompareOp::In, &first?, receiver),
            "into_values" | "into_keys" | "values_mut" => element(self, state),
            _ => return None,
        };
        plain(value)
    }
}

/// Rows about one call.
#[derive(Default)]
struct Typed<'w> {
    hits: Vec<Hit<'w>>,
    returned: Option<Arc<str>>,
    /// Whether it gives a value of the receiver's own type: a builder.
    keeps: bool,
    /// Whether the type is none of the language.
    is_foreign: bool,
}

/// Whether a type is one of the language whose methods are known here.
fn is_own(of: &str) -> bool {
    let of = of.strip_prefix("std.").unwrap_or(of);
    let module = of.split('.').next().unwrap_or(of);
    matches!(
        module,
        "str"
            | "string"
            | "vec"
            | "option"
            | "result"
            | "collections"
            | "path"
            | "iter"
            | "ffi"
            | "fmt"
    )
}

/// Whether a row says what the result is.
fn decides(hit: &Hit<'_>) -> bool {
    match &hit.row.action {
        Action::Step(step) => step.to.root == crate::model::Root::Return || step.stops,
        Action::Source(_) => true,
        _ => false,
    }
}

/// The method of the same meaning that containers are known to have.
fn method_of(kind: Kind, name: &str) -> Option<&'static str> {
    Some(match (kind, name) {
        (Kind::List, "push" | "push_back") => "append",
        (Kind::List, "push_front") => "appendleft",
        (Kind::List, "insert") => "insert",
        (Kind::List, "extend" | "extend_from_slice" | "append") => "extend",
        (Kind::List, "pop" | "pop_back") => "pop",
        (Kind::List, "remove" | "swap_remove") => "pop",
        (Kind::List, "clear") => "clear",
        (Kind::Dict, "get" | "get_mut") => "get",
        (Kind::Dict, "remove") => "pop",
        (Kind::Dict, "values") => "values",
        (Kind::Dict, "keys") => "keys",
        (Kind::Dict, "clear") => "clear",
        (Kind::Dict, "extend") => "update",
        (Kind::Set, "insert") => "add",
        (Kind::Set, "extend") => "update",
        (Kind::Set, "remove") => "discard",
        _ => return None,
    })
}

/// A lookup that found nothing gives no data.
fn without_none(value: Value) -> Value {
    match value.known_constants() {
        Some(known) if known.len() > 1 => {
            let kept = known.iter().filter(|it| **it != Constant::None);
            Value {
                known: crate::flow::value::Known::of(kept.cloned().collect()),
                ..value
            }
        }
        _ => value,
    }
}

/// A method of a constant text or character.
fn text_method(receiver: &Constant, name: &str, args: &[&Constant]) -> Option<Constant> {
    let text = match receiver {
        Constant::Str(text) => text,
        _ => return None,
    };
    let argument = || args.first().and_then(|it| it.text());
    if args.is_empty() && name.starts_with("is_") && name != "is_empty" {
        return super::predicate::of_constant(text, name).map(Constant::Bool);
    }
    if name == "is_digit" {
        return super::predicate::of_constant(text, name).map(Constant::Bool);
    }
    Some(match name {
        "to_lowercase" | "to_ascii_lowercase" => Constant::Str(text.to_lowercase()),
        "to_uppercase" | "to_ascii_uppercase" => Constant::Str(text.to_uppercase()),
        "trim" => Constant::Str(text.trim().to_owned()),
        "len" => Constant::Int(text.len() as i128),
        "is_empty" => Constant::Bool(text.is_empty()),
        "starts_with" => Constant::Bool(text.starts_with(argument()?)),
        "ends_with" => Constant::Bool(text.ends_with(argument()?)),
        "contains" => Constant::Bool(text.contains(argument()?)),
        "replace" => {
            let to = args.get(1)?.text()?;
            Constant::Str(text.replace(argument()?, to))
        }
        "eq" => Constant::Bool(text == argument()?),
        "parse" => text.parse().ok().map(Constant::Int)?,
        _ => return None,
    })
}
