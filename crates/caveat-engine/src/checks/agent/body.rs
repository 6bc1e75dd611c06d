//! One function: what its variables hold, in the order of the text.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Code, NodeId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::tree;
use super::sinks::{self, Use};
use super::{Bits, FIRST_PARAMETER, File, Function, guards, sources};

/// How often a body is gone through: for what loops and closures carry back.
const PASSES: usize = 3;
/// How deep expressions are looked into.
const DEEPEST: u32 = 160;

/// For what data may be harmful: anything, or only certain uses because it was cleaned for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Any,
    Path,
    Url,
    Html,
    Shell,
}

/// What a value holds, for each class of uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Data([Bits; 5]);

impl Data {
    /// Nothing of anybody's.
    pub const NONE: Data = Data([0; 5]);

    fn of(bits: Bits) -> Data {
        Data([bits; 5])
    }

    fn join(self, other: Data) -> Data {
        let mut joined = self;
        for (mine, theirs) in joined.0.iter_mut().zip(other.0) {
            *mine |= theirs;
        }
        joined
    }

    fn without(mut self, class: Class) -> Data {
        self.0[class as usize] = 0;
        self
    }

    /// What is harmful to uses of that class.
    pub fn get(self, class: Class) -> Bits {
        self.0[class as usize]
    }

    fn is_none(self) -> bool {
        self == Data::NONE
    }
}

/// A function while it is followed.
pub struct Body<'b, 'n, 'a> {
    pub file: &'b File<'n, 'a>,
    pub function: &'b Function,
    variables: FxHashMap<&'a str, Data>,
    /// Variables that were made of one another.
    links: FxHashMap<&'a str, FxHashSet<&'a str>>,
    /// What variables were declared with.
    pub made_of: FxHashMap<&'a str, NodeId>,
    found: Vec<Use>,
}

impl<'b, 'n, 'a> Body<'b, 'n, 'a> {
    /// A function that was not followed yet.
    pub fn new(file: &'b File<'n, 'a>, function: &'b Function) -> Self {
        Body {
            file,
            function,
            variables: FxHashMap::default(),
            links: FxHashMap::default(),
            made_of: FxHashMap::default(),
            found: Vec::new(),
        }
    }

    /// The code of the file.
    pub fn code(&self) -> Code<'a> {
        self.file.names.code
    }

    /// Follows the function.
    pub fn run(&mut self) {
        let function: &'b Function = self.function;
        let arena = self.code().arena;
        let nodes: Vec<NodeId> = arena
            .subtree(function.node)
            .filter(|&id| tree::function(arena, id) == Some(function.node))
            .collect();
        for pass in 0..PASSES {
            for (name, number) in &function.bound {
                let name = self.own_name(name);
                self.variables
                    .insert(name, Data::of(function.parameters[*number]));
            }
            for &id in &nodes {
                self.take_up(id);
                if pass + 1 == PASSES {
                    self.judge(id);
                }
            }
        }
    }

    /// The name as it stands in the file.
    fn own_name(&self, name: &str) -> &'a str {
        let text = self.code().text;
        text.find(name).map_or("", |at| &text[at..at + name.len()])
    }

    /// Uses that do harm.
    pub fn uses(&mut self) -> Vec<Use> {
        std::mem::take(&mut self.found)
    }

    /// What the function gives back.
    pub fn result(&self) -> Bits {
        let arena = self.code().arena;
        let node = self.function.node;
        let tail = arena.field(node, Field::Body).map(|body| self.value(body));
        let mut all = tail.unwrap_or_default();
        for id in arena
            .subtree(node)
            .filter(|&id| arena.role(id) == Role::Return)
        {
            if tree::function(arena, id) == Some(node) {
                all = all.join(self.children(id, DEEPEST));
            }
        }
        all.get(Class::Any)
    }

    // ---- statements ----

    fn take_up(&mut self, id: NodeId) {
        let arena = self.code().arena;
        match arena.role(id) {
            Role::Let => {
                if let (Some(pattern), Some(value)) = (
                    arena.field(id, Field::Pattern),
                    arena.field(id, Field::Value),
                ) {
                    let declared = arena
                        .field(id, Field::Type)
                        .map(|it| self.code().text_of(it));
                    let data = match declared {
                        Some(kind) if is_number(kind) => Data::NONE,
                        _ => self.value(value),
                    };
                    self.bind(pattern, data, value);
                }
            }
            Role::For => {
                if let (Some(pattern), Some(value)) = (
                    arena.field(id, Field::Pattern),
                    arena.field(id, Field::Value),
                ) {
                    let data = self.value(value);
                    self.bind(pattern, data, value);
                }
            }
            Role::Match => self.match_arms(id),
            Role::Assignment | Role::AugmentedAssignment => {
                if let (Some(left), Some(right)) =
                    (arena.field(id, Field::Left), arena.field(id, Field::Right))
                {
                    let data = self.value(right);
                    self.add(left, data, right);
                }
            }
            Role::Call => self.call_effects(id),
            Role::MacroCall if self.macro_name(id).starts_with("write") => {
                let parts: Vec<NodeId> = self.macro_arguments(id);
                if let Some((target, rest)) = parts.split_first() {
                    let texts = self.inline_names(id);
                    let data = rest
                        .iter()
                        .fold(texts, |all, part| all.join(self.value(*part)));
                    self.add(*target, data, id);
                }
            }
            _ => {}
        }
    }

    fn match_arms(&mut self, id: NodeId) {
        let arena = self.code().arena;
        let Some(value) = arena.field(id, Field::Value) else {
            return;
        };
        let data = self.value(value);
        let arms: Vec<NodeId> = arena
            .subtree(id)
            .filter(|&arm| arena.role(arm) == Role::Case)
            .filter(|&arm| arena.parent(arm).and_then(|block| arena.parent(block)) == Some(id))
            .collect();
        for arm in arms {
            if let Some(pattern) = arena.field(arm, Field::Pattern) {
                self.bind(pattern, data, value);
            }
        }
    }

    /// `text.push_str(x)` fills `text`; closures get what they are called on.
    fn call_effects(&mut self, id: NodeId) {
        let code = self.code();
        let arena = code.arena;
        let Some((receiver, name)) = tree::method(code, id) else {
            return;
        };
        let arguments: Vec<NodeId> = tree::arguments(arena, id).collect();
        if matches!(
            name,
            "push_str" | "push" | "extend" | "insert" | "append" | "insert_str" | "push_back"
        ) {
            for &argument in &arguments {
                let data = self.value(argument);
                self.add(receiver, data, argument);
            }
        }
        for closure in arguments
            .into_iter()
            .filter(|&it| arena.role(it) == Role::Lambda)
        {
            if let Some(parameters) = arena.field(closure, Field::Parameters) {
                let data = self.value(receiver);
                self.bind(parameters, data, receiver);
            }
        }
    }

    fn bind(&mut self, pattern: NodeId, data: Data, value: NodeId) {
        let names = sources::pattern_names(self.code(), pattern);
        let of: Vec<&'a str> = self.names_in(value);
        for name in names {
            self.variables.insert(name, data);
            self.made_of.insert(name, value);
            for &other in of.iter().filter(|it| **it != name) {
                self.links.entry(name).or_default().insert(other);
                self.links.entry(other).or_default().insert(name);
            }
        }
    }

    /// Adds data to the variable that an expression begins with.
    fn add(&mut self, target: NodeId, data: Data, value: NodeId) {
        if data.is_none() {
            return;
        }
        let Some(name) = self.root(target) else {
            return;
        };
        let known = self.variables.entry(name).or_default();
        *known = known.join(data);
        for other in self.names_in(value) {
            self.links.entry(name).or_default().insert(other);
            self.links.entry(other).or_default().insert(name);
        }
    }

    /// The variable that an expression begins with.
    pub fn root(&self, node: NodeId) -> Option<&'a str> {
        let code = self.code();
        let mut at = node;
        loop {
            match code.arena.role(at) {
                Role::Identifier => return Some(code.text_of(at)),
                Role::Attribute
                | Role::Call
                | Role::Subscript
                | Role::Reference
                | Role::Unary
                | Role::QuestionMark
                | Role::Await
                | Role::Generic => {
                    at = code
                        .arena
                        .children(at)
                        .find(|&it| code.arena.role(it) != Role::Token)?;
                }
                _ => return None,
            }
        }
    }

    /// Variables that stand in an expression, inside of format strings too.
    pub fn names_in(&self, node: NodeId) -> Vec<&'a str> {
        let code = self.code();
        let mut names = Vec::new();
        for id in code.arena.subtree(node) {
            match code.arena.role(id) {
                Role::Identifier if !is_member(code, id) => names.push(code.text_of(id)),
                Role::StringContent | Role::String => {
                    names.extend(holes(code.text_of(id)));
                }
                _ => {}
            }
        }
        names.retain(|name| *name == "self" || self.variables.contains_key(name));
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The names with all that they were made of, or that was made of them.
    pub fn family(&self, names: &[&'a str]) -> FxHashSet<&'a str> {
        let mut seen: FxHashSet<&'a str> = names.iter().copied().collect();
        let mut open: Vec<&'a str> = names.to_vec();
        while let Some(name) = open.pop() {
            for &other in self.links.get(name).into_iter().flatten() {
                let counts =
                    other != "self" && self.variables.get(other).is_some_and(|it| !it.is_none());
                if counts && seen.insert(other) {
                    open.push(other);
                }
            }
        }
        seen
    }

    // ---- expressions ----

    /// What an expression holds.
    pub fn value(&self, node: NodeId) -> Data {
        self.evaluate(node, DEEPEST)
    }

    fn evaluate(&self, node: NodeId, depth: u32) -> Data {
        let Some(depth) = depth.checked_sub(1) else {
            return Data::NONE;
        };
        let code = self.code();
        let arena = code.arena;
        match arena.role(node) {
            Role::Identifier => {
                let name = code.text_of(node);
                let secret = match sources::is_secret_name(name) {
                    true => Data::of(super::SECRET),
                    false => Data::NONE,
                };
                let known = self.variables.get(name).copied().unwrap_or_default();
                known.join(secret)
            }
            Role::Attribute => self.field(node, depth),
            Role::Call => self.call(node, depth),
            Role::MacroCall => self.macro_value(node, depth),
            Role::Binary => self.binary(node, depth),
            Role::Subscript => {
                let mut parts = arena
                    .children(node)
                    .filter(|&it| arena.role(it) != Role::Token);
                let receiver = parts.next().map(|it| self.evaluate(it, depth));
                let key = parts
                    .next()
                    .map_or(0, |it| sources::of_key(code.text_of(it)));
                receiver.unwrap_or_default().join(Data::of(key))
            }
            Role::If | Role::Match => self.branches(node, depth),
            Role::Block | Role::Unsafe => {
                let last = arena.children(node).last();
                last.map_or(Data::NONE, |it| self.evaluate(it, depth))
            }
            Role::Lambda => arena
                .field(node, Field::Body)
                .map_or(Data::NONE, |it| self.evaluate(it, depth)),
            Role::Cast => match arena.field(node, Field::Type) {
                Some(kind) if is_number(code.text_of(kind)) => Data::NONE,
                _ => self.children(node, depth),
            },
            Role::Generic => arena
                .children(node)
                .next()
                .map_or(Data::NONE, |it| self.evaluate(it, depth)),
            Role::String | Role::Scoped | Role::Let | Role::Comment | Role::Token => Data::NONE,
            _ => self.children(node, depth),
        }
    }

    fn children(&self, node: NodeId, depth: u32) -> Data {
        let arena = self.code().arena;
        arena.children(node).fold(Data::NONE, |all, child| {
            all.join(self.evaluate(child, depth))
        })
    }

    fn field(&self, node: NodeId, depth: u32) -> Data {
        let code = self.code();
        let mut parts = code.arena.children(node);
        let (Some(receiver), Some(name)) = (parts.next(), parts.last()) else {
            return Data::NONE;
        };
        let name = code.text_of(name);
        if self.file.plain_fields.contains(name) {
            return Data::NONE;
        }
        let own = sources::of_field(code.text_of(receiver), name);
        self.evaluate(receiver, depth).join(Data::of(own))
    }

    fn branches(&self, node: NodeId, depth: u32) -> Data {
        let arena = self.code().arena;
        let mut all = Data::NONE;
        if arena.role(node) == Role::If {
            for field in [Field::Consequence, Field::Alternative] {
                if let Some(part) = arena.field(node, field) {
                    all = all.join(self.evaluate(part, depth));
                }
            }
            return all;
        }
        for arm in arena
            .subtree(node)
            .filter(|&it| arena.role(it) == Role::Case)
        {
            let own = arena.parent(arm).and_then(|block| arena.parent(block)) == Some(node);
            if let Some(value) = arena.field(arm, Field::Value).filter(|_| own) {
                all = all.join(self.evaluate(value, depth));
            }
        }
        all
    }

    fn binary(&self, node: NodeId, depth: u32) -> Data {
        let code = self.code();
        let arena = code.arena;
        let is_sum = arena
            .children(node)
            .any(|it| arena.role(it) == Role::Token && code.text_of(it) == "+");
        if !is_sum {
            return Data::NONE;
        }
        let data = self.children(node, depth);
        match fixes_host(code.text_of(node)) {
            true => data.without(Class::Url),
            false => data,
        }
    }

    fn call(&self, node: NodeId, depth: u32) -> Data {
        let code = self.code();
        let arena = code.arena;
        let own = sources::of_call(code, node);
        if own != 0 {
            return Data::of(own);
        }
        let arguments: Vec<NodeId> = tree::arguments(arena, node).collect();
        let Some((receiver, name)) = tree::method(code, node) else {
            return self.path_call(node, &arguments, depth);
        };
        if STOPPING.contains(&name) || is_numeric_parse(code, node, name) {
            return Data::NONE;
        }
        let of_self = code.text_of(receiver) == "self";
        if of_self && let Some(summary) = self.file.summaries.get(name) {
            return self.summarised(summary, &arguments, depth);
        }
        let base = self.evaluate(receiver, depth);
        if LOOKUPS.contains(&name) {
            return base;
        }
        let all = arguments
            .iter()
            .fold(base, |all, it| all.join(self.evaluate(*it, depth)));
        cleaned_by(name, all)
    }

    fn path_call(&self, node: NodeId, arguments: &[NodeId], depth: u32) -> Data {
        let code = self.code();
        let callee = code.arena.children(node).next();
        let callee = callee.map_or("", |it| code.text_of(it));
        let path = callee.split("::<").next().unwrap_or(callee);
        let name = path.rsplit("::").next().unwrap_or(path);
        let is_own = !path.contains("::") || path.starts_with("Self::");
        if is_own && let Some(summary) = self.file.summaries.get(name) {
            return self.summarised(summary, arguments, depth);
        }
        if matches!(name, "exists" | "metadata" | "read_dir" | "is_allowed")
            || path.ends_with("Command::new")
        {
            return Data::NONE;
        }
        let all = arguments
            .iter()
            .fold(Data::NONE, |all, it| all.join(self.evaluate(*it, depth)));
        cleaned_by(name, all)
    }

    /// What a function of the file gives back.
    fn summarised(&self, summary: &super::Summary, arguments: &[NodeId], depth: u32) -> Data {
        // A function that handles a secret seldom hands it out, and never under this name.
        let secrets = super::SECRET | super::ENVIRONMENT;
        let own = summary.result & ((1 << FIRST_PARAMETER) - 1) & !secrets;
        let mut data = Data::of(own);
        for (number, argument) in (0u32..).zip(arguments) {
            if summary.result >> FIRST_PARAMETER >> number & 1 == 1 {
                data = data.join(self.evaluate(*argument, depth));
            }
        }
        match summary.checks.path {
            true => data.without(Class::Path),
            false => data,
        }
    }

    // ---- macros ----

    /// The name of a macro, without its path.
    pub fn macro_name(&self, node: NodeId) -> &'a str {
        let code = self.code();
        let text = code.text_of(node);
        let path = text.split('!').next().unwrap_or(text).trim();
        path.rsplit("::").next().unwrap_or(path)
    }

    /// The arguments of a macro.
    pub fn macro_arguments(&self, node: NodeId) -> Vec<NodeId> {
        let arena = self.code().arena;
        let list = arena.field(node, Field::Arguments);
        let list = list.or_else(|| arena.children(node).last());
        let parts = list.into_iter().flat_map(|it| arena.children(it));
        parts.filter(|&it| arena.role(it) != Role::Token).collect()
    }

    /// Variables that a format string of a macro names.
    fn inline_names(&self, node: NodeId) -> Data {
        let code = self.code();
        let strings = code
            .arena
            .subtree(node)
            .filter(|&id| code.arena.role(id) == Role::String);
        let mut data = Data::NONE;
        for name in strings.flat_map(|id| holes(code.text_of(id))) {
            data = data.join(self.variables.get(name).copied().unwrap_or_default());
            if sources::is_secret_name(name) {
                data = data.join(Data::of(super::SECRET));
            }
        }
        data
    }

    fn macro_value(&self, node: NodeId, depth: u32) -> Data {
        let name = self.macro_name(node);
        if matches!(
            name,
            "matches" | "assert" | "assert_eq" | "ensure" | "cfg" | "println" | "eprintln"
        ) {
            return Data::NONE;
        }
        let parts = self.macro_arguments(node);
        let all = parts.iter().fold(self.inline_names(node), |all, it| {
            all.join(self.evaluate(*it, depth))
        });
        match fixes_host(self.code().text_of(node)) {
            true => all.without(Class::Url),
            false => all,
        }
    }

    // ---- uses ----

    fn judge(&mut self, id: NodeId) {
        let code = self.code();
        let mut found = Vec::new();
        for (kind, argument, place) in sinks::uses(self, id) {
            let bits = self.value(argument).get(kind.class());
            if bits != 0 && !guards::guarded(self, id, kind, argument) {
                found.push(Use {
                    kind,
                    bits,
                    span: code.arena.span(place),
                    callee: sinks::callee(code, id),
                });
            }
        }
        found.extend(self.uses_of_callee(id));
        self.found.extend(found);
    }

    /// Uses inside of a function of the file that is called here.
    fn uses_of_callee(&self, id: NodeId) -> Vec<Use> {
        let code = self.code();
        let arena = code.arena;
        if arena.role(id) != Role::Call {
            return Vec::new();
        }
        let name = match tree::method(code, id) {
            Some((receiver, name)) if code.text_of(receiver) == "self" => name,
            Some(_) => return Vec::new(),
            None => {
                let callee = arena.children(id).next().map_or("", |it| code.text_of(it));
                callee.strip_prefix("Self::").unwrap_or(callee)
            }
        };
        let Some(summary) = self.file.summaries.get(name) else {
            return Vec::new();
        };
        let arguments: Vec<NodeId> = tree::arguments(arena, id).collect();
        let mut found = Vec::new();
        for inner in &summary.uses {
            let mut bits = 0;
            for (number, argument) in (0u32..).zip(&arguments) {
                if inner.bits >> FIRST_PARAMETER >> number & 1 == 1
                    && !guards::guarded(self, id, inner.kind, *argument)
                {
                    bits |= self.value(*argument).get(inner.kind.class());
                }
            }
            if bits != 0 {
                found.push(Use {
                    bits,
                    ..inner.clone()
                });
            }
        }
        found
    }
}

/// Methods whose result holds nothing of what they are called on.
const STOPPING: &[&str] = &[
    "len",
    "is_empty",
    "contains",
    "contains_key",
    "starts_with",
    "ends_with",
    "is_some",
    "is_none",
    "is_ok",
    "is_err",
    "eq",
    "cmp",
    "exists",
    "is_file",
    "is_dir",
    "is_absolute",
    "count",
    "as_u64",
    "as_i64",
    "as_f64",
    "as_bool",
    "status",
    "arg",
    "args",
    "env",
    "current_dir",
    "output",
    "spawn",
    "is_allowed",
    "any",
    "all",
    "position",
    "bind",
    "is_success",
    "timeout",
    "elapsed",
];

/// Methods that look something up: what they are given decides, what they give is the table's.
const LOOKUPS: &[&str] = &[
    "get",
    "get_mut",
    "find",
    "remove",
    "entry",
    "binary_search",
    "query",
    "header",
    "json",
    "form",
    "body",
];

fn is_numeric_parse(code: Code<'_>, call: NodeId, name: &str) -> bool {
    let text = code.text_of(call);
    let kind = text
        .rsplit_once("parse::<")
        .and_then(|(_, rest)| rest.split('>').next());
    name == "parse" && kind.is_some_and(is_number)
}

fn is_number(kind: &str) -> bool {
    matches!(
        kind.trim(),
        "u8" | "u16"
            | "u32"
            | "u64"
            | "u128"
            | "usize"
            | "i8"
            | "i16"
            | "i32"
            | "i64"
            | "i128"
            | "isize"
            | "f32"
            | "f64"
            | "bool"
            | "char"
            | "Uuid"
            | "uuid::Uuid"
    )
}

/// What functions that clean or escape leave.
fn cleaned_by(name: &str, data: Data) -> Data {
    let lower = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let mut data = data;
    if has(&[
        "sanitize",
        "safe_",
        "file_name",
        "file_stem",
        "within",
        "confine",
        "slugify",
        "resolve_in",
        "basename",
    ]) {
        data = data.without(Class::Path);
    }
    if has(&["escape", "quote"]) {
        data = data.without(Class::Html).without(Class::Shell);
    }
    if has(&[
        "encode_text",
        "encode_safe",
        "clean",
        "sanitize",
        "encode_minimal",
    ]) {
        data = data.without(Class::Html);
    }
    if has(&["urlencode", "percent_encode", "utf8_percent_encode"]) || lower == "encode" {
        data = data.without(Class::Url).without(Class::Path);
    }
    data
}

/// Whether a text built from parts begins with a literal that fixes the host.
fn fixes_host(text: &str) -> bool {
    let Some(start) = text.find("\"http") else {
        return false;
    };
    let literal = &text[start + 1..];
    let literal = literal.split('"').next().unwrap_or(literal);
    let Some((_, rest)) = literal.split_once("://") else {
        return false;
    };
    let host: &str = rest.split('{').next().unwrap_or(rest);
    host.contains('/')
}

/// Names in the holes of a format string.
fn holes(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|part| {
        let name = part.split(['}', ':']).next()?;
        let valid = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        (valid && !name.starts_with(|c: char| c.is_ascii_digit())).then_some(name)
    })
}

/// Whether an identifier names a field, a method or a part of a path.
fn is_member(code: Code<'_>, id: NodeId) -> bool {
    let arena = code.arena;
    let Some(parent) = arena.parent(id) else {
        return false;
    };
    match arena.role(parent) {
        Role::Scoped => true,
        Role::Attribute => arena.children(parent).next() != Some(id),
        _ => false,
    }
}
