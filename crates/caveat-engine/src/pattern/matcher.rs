//! Matching a compiled pattern against an arena.
//!
//! The matcher enumerates all bindings under which a pattern matches a node, in continuation
//! style: each step calls the next one for every way it can succeed. A budget of steps bounds
//! patterns with many `...` on long lists.

use std::cell::Cell;

use caveat_parser::constant::Literal;
use caveat_parser::lang::{Field, Role};
use caveat_parser::names::{Resolved, Root as NameRoot};
use caveat_parser::{Code, Constant, Names, NodeId, Span};

use super::{Argument, Bound, Env, KeywordName, Mv, Pat, Pattern, Root, StringPart};

/// Steps that one pattern may take at one place.
const FUEL: u32 = 100_000;
/// Bindings collected for one pattern at one place.
const MOST_ENVS: usize = 64;

/// A file as the matcher sees it.
#[derive(Clone, Copy)]
pub struct Matcher<'m, 'a> {
    /// Names and code of the file.
    pub names: &'m Names<'a>,
    /// How strictly names are compared.
    pub options: Options,
}

/// Differences between caveat's own rules and Semgrep's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Options {
    /// A name also matches by its spelling, whatever it is bound to (Semgrep).
    pub spelling: bool,
    /// Names that are assigned one constant stand for it.
    pub constants: bool,
    /// A name may be one that another file of the project defines: users may write rules about
    /// their own code, while caveat's rules speak of libraries.
    pub own_names: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            spelling: false,
            constants: true,
            own_names: false,
        }
    }
}

/// A place where a pattern matches, with bindings.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// Bytes of the match.
    pub span: Span,
    /// The node, or the first node of a run of statements.
    pub node: NodeId,
    /// The bindings.
    pub env: Env,
}

type Next<'k> = &'k mut dyn FnMut(&mut Env) -> bool;

/// All matches of `pattern` that start at `node`.
pub fn matches_at(matcher: Matcher<'_, '_>, pattern: &Pattern, node: NodeId, out: &mut Vec<Match>) {
    let walk = Walk {
        names: matcher.names,
        options: matcher.options,
        fuel: Cell::new(FUEL),
    };
    match &pattern.root {
        Root::Node(_)
            if pattern.statement
                && !matcher.options.spelling
                && !is_statement(matcher.names.code, node) => {}
        Root::Node(pat) => {
            let span = whole_span(matcher.names.code, node);
            let before = out.len();
            walk.node(pat, node, &mut Env::default(), &mut |env| {
                keep(
                    out,
                    before,
                    Match {
                        span,
                        node,
                        env: env.clone(),
                    },
                )
            });
        }
        Root::Sequence(pats) => walk.sequence_in(pats, node, out),
    }
}

/// Whether the node is a statement of its own that ends in `;`.
fn is_statement(code: Code<'_>, node: NodeId) -> bool {
    let arena = code.arena;
    let after = &code.text[arena.node(node).end as usize..];
    arena
        .parent(node)
        .is_some_and(|up| matches!(arena.role(up), Role::Block | Role::Module))
        && (after.trim_start().starts_with(';') || code.text_of(node).ends_with(';'))
}

/// Decorators belong to what they decorate.
fn whole_span(code: Code<'_>, node: NodeId) -> Span {
    let arena = code.arena;
    match arena.parent(node) {
        Some(parent)
            if arena.role(parent) == Role::Decorated
                && matches!(arena.role(node), Role::Function | Role::Class) =>
        {
            arena.span(parent)
        }
        _ => arena.span(node),
    }
}

/// Adds a match unless it is there; true when enough were collected.
fn keep(out: &mut Vec<Match>, from: usize, found: Match) -> bool {
    if !out[from..].contains(&found) {
        out.push(found);
    }
    out.len() - from >= MOST_ENVS
}

struct Walk<'m, 'a> {
    names: &'m Names<'a>,
    options: Options,
    fuel: Cell<u32>,
}

impl<'a> Walk<'_, 'a> {
    fn code(&self) -> Code<'a> {
        self.names.code
    }

    fn role(&self, node: NodeId) -> Role {
        self.code().arena.role(node)
    }

    /// True when the budget is used up.
    fn tired(&self) -> bool {
        let left = self.fuel.get();
        self.fuel.set(left.saturating_sub(1));
        left == 0 || !self.names.spend()
    }

    /// Calls `next` for every way in which `pat` matches `node`; true stops the enumeration.
    fn node(&self, pat: &Pat, node: NodeId, env: &mut Env, next: Next<'_>) -> bool {
        if self.tired() {
            return false;
        }
        match pat {
            Pat::Any | Pat::Dots => next(env),
            Pat::Meta(mv) | Pat::MetaDots(mv) => self.bind(*mv, Bound::Node(node), env, next),
            Pat::Typed { mv, path } => {
                self.has_type(node, path) && self.bind(*mv, Bound::Node(node), env, next)
            }
            Pat::Deep(inner) => {
                let arena = self.code().arena;
                arena
                    .subtree(node)
                    .any(|below| self.node(inner, below, env, next))
            }
            Pat::Name(path) => self.is_name(path, node) && next(env),
            Pat::Word(word) => self.code().text_of(node) == word && next(env),
            Pat::Attribute { object, name } => self.attribute(object, name, node, env, next),
            Pat::Chain(base) => self.chain(base, node, env, next),
            Pat::Call {
                callee,
                arguments,
                is_macro,
            } => self.call(callee, arguments, *is_macro, node, env, next),
            Pat::Arguments(arguments) => {
                let items: Vec<_> = self.code().arena.children(node).collect();
                self.role(node) == Role::Arguments && self.arguments(arguments, &items, env, next)
            }
            Pat::Literal(value) => self.is_literal(value, node) && next(env),
            Pat::AnyString => self.string_value(node).is_some() && next(env),
            Pat::StringRegex(regex) => {
                self.string_value(node)
                    .is_some_and(|text| regex.is_match(&text))
                    && next(env)
            }
            Pat::StringMeta(mv) => match self.content_span(node) {
                Some(span) => self.bind(*mv, Bound::Text(span), env, next),
                None => false,
            },
            Pat::Formatted(parts) => self.formatted(parts, node, env, next),
            Pat::AnyOfRole(roles) => roles.contains(&self.role(node)) && next(env),
            Pat::Block(pats) => {
                let items: Vec<_> = self.code().arena.children(node).collect();
                self.role(node) == Role::Block
                    && self.statements(pats, &items, true, env, &mut |env, _| next(env))
            }
            Pat::Import(wanted) => self.imports(wanted, node) && next(env),
            Pat::Leaf { kind, text } => {
                self.code().arena.node(node).kind == *kind
                    && self.code().text_of(node) == text
                    && next(env)
            }
            Pat::Node { kind, role, groups } => self.plain(*kind, *role, groups, node, env, next),
        }
    }

    fn bind(&self, mv: Mv, bound: Bound, env: &mut Env, next: Next<'_>) -> bool {
        if let Some(known) = env.get(mv) {
            return same_bound(self.names, known, &bound) && next(env);
        }
        env.bindings.push((mv, bound));
        let stop = next(env);
        env.bindings.pop();
        stop
    }

    // ---- names ----

    fn is_name(&self, path: &[String], node: NodeId) -> bool {
        if !matches!(
            self.role(node),
            Role::Identifier | Role::Attribute | Role::Scoped | Role::Generic
        ) {
            return false;
        }
        if self.options.spelling && self.spelled(path, node) {
            return true;
        }
        let Some(mut resolved) = self.names.resolve(node) else {
            return false;
        };
        // Other files are asked only where the name can be the wanted one at all.
        if resolved.path.last().copied() == path.last().map(String::as_str) {
            resolved = self.names.linked(node, resolved);
        }
        same_path(path, &resolved.path) && self.may_be_global(path, &resolved)
            || self.through_glob(path, node, &resolved)
    }

    /// A local that happens to be called like a module is not that module.
    fn may_be_global(&self, path: &[String], resolved: &Resolved<'a>) -> bool {
        match resolved.root {
            NameRoot::Imported | NameRoot::Unbound => true,
            NameRoot::Project => self.options.own_names,
            NameRoot::Defined | NameRoot::Local => {
                matches!(path[0].as_str(), "self" | "cls" | "Self")
            }
        }
    }

    fn through_glob(&self, path: &[String], node: NodeId, resolved: &Resolved<'a>) -> bool {
        resolved.root == NameRoot::Unbound
            && self.names.globs_at(node).any(|glob| {
                path.len() == glob.len() + resolved.path.len()
                    && same_path(&path[..glob.len()], glob)
                    && same_path(&path[glob.len()..], &resolved.path)
            })
    }

    fn spelled(&self, path: &[String], node: NodeId) -> bool {
        let code = self.code();
        let mut rest = path;
        let mut at = node;
        loop {
            let Some((last, before)) = rest.split_last() else {
                return false;
            };
            match self.role(at) {
                Role::Identifier => return before.is_empty() && code.text_of(at) == last,
                Role::Generic => match code.arena.children(at).next() {
                    Some(inner) => at = inner,
                    None => return false,
                },
                Role::Attribute | Role::Scoped => {
                    let mut parts = code.arena.children(at);
                    let (Some(object), Some(name)) = (parts.next(), parts.last()) else {
                        return false;
                    };
                    if code.text_of(name) != last {
                        return false;
                    }
                    (at, rest) = (object, before);
                }
                _ => return false,
            }
        }
    }

    fn has_type(&self, node: NodeId, path: &[String]) -> bool {
        if let [only] = path
            && self.is_literal_of_type(node, only)
        {
            return true;
        }
        let Some(mut resolved) = self.names.type_of(node) else {
            return false;
        };
        let last = path.last().map(String::as_str);
        if resolved
            .path
            .iter()
            .rev()
            .take(2)
            .any(|&part| Some(part) == last)
        {
            resolved = self.names.linked(node, resolved);
        }
        // One segment may be any type of that name.
        let own = resolved.root == NameRoot::Project && path.len() > 1;
        (!own || self.options.own_names) && type_matches(path, &resolved.path)
    }

    fn is_literal_of_type(&self, node: NodeId, kind: &str) -> bool {
        match self.names.constant(node) {
            Some(Constant::Str(_)) => matches!(kind, "str" | "String" | "string"),
            Some(Constant::Int(_)) => kind == "int",
            Some(Constant::Float(_)) => kind == "float",
            Some(Constant::Bool(_)) => kind == "bool",
            _ => false,
        }
    }

    /// `object.$M` or `$X.name`, also where an import hides the object (`from os import $M`).
    fn attribute(
        &self,
        object: &Pat,
        name: &KeywordName,
        node: NodeId,
        env: &mut Env,
        next: Next<'_>,
    ) -> bool {
        let arena = self.code().arena;
        match self.role(node) {
            Role::Attribute | Role::Scoped => {
                let mut parts = arena.children(node);
                let (Some(first), Some(last)) = (parts.next(), parts.last()) else {
                    return false;
                };
                let stop = self.node(object, first, env, &mut |env| {
                    self.keyword_name(name, last, env, next)
                });
                stop || self.hidden_object(object, name, node, last, env, next)
            }
            Role::Generic => arena
                .children(node)
                .next()
                .is_some_and(|inner| self.attribute(object, name, inner, env, next)),
            Role::Identifier => self.hidden_object(object, name, node, node, env, next),
            _ => false,
        }
    }

    fn hidden_object(
        &self,
        object: &Pat,
        name: &KeywordName,
        node: NodeId,
        last: NodeId,
        env: &mut Env,
        next: Next<'_>,
    ) -> bool {
        let Pat::Name(path) = object else {
            return false;
        };
        let Some(resolved) = self.names.resolve(node) else {
            return false;
        };
        if resolved.root != NameRoot::Imported {
            return false;
        }
        // What is written as an attribute has its object in sight, unless it is a module of the
        // project that stands for another (`client.get` where `client` takes `get` from elsewhere).
        let written = resolved.path.clone();
        let resolved = self.names.linked(node, resolved);
        if self.role(node) != Role::Identifier && resolved.path == written {
            return false;
        }
        let Some((segment, before)) = resolved.path.split_last() else {
            return false;
        };
        if resolved.root != NameRoot::Imported || !same_path(path, before) {
            return false;
        }
        match name {
            KeywordName::Text(text) => text == segment && next(env),
            KeywordName::Meta(mv) => self.bind(*mv, Bound::Node(last), env, next),
            KeywordName::Any => next(env),
        }
    }

    fn keyword_name(
        &self,
        name: &KeywordName,
        node: NodeId,
        env: &mut Env,
        next: Next<'_>,
    ) -> bool {
        match name {
            KeywordName::Text(text) => self.code().text_of(node) == text && next(env),
            KeywordName::Meta(mv) => self.bind(*mv, Bound::Node(node), env, next),
            KeywordName::Any => next(env),
        }
    }

    /// `base`, or a chain of calls, attributes, awaits and indexing that starts at it.
    fn chain(&self, base: &Pat, node: NodeId, env: &mut Env, next: Next<'_>) -> bool {
        let mut at = node;
        loop {
            if self.node(base, at, env, next) {
                return true;
            }
            let inner = match self.role(at) {
                Role::Call
                | Role::Attribute
                | Role::Await
                | Role::QuestionMark
                | Role::Subscript
                | Role::Generic => self.code().arena.children(at).next(),
                _ => None,
            };
            match inner {
                Some(inner) => at = inner,
                None => return false,
            }
        }
    }

    // ---- calls ----

    fn call(
        &self,
        callee: &Pat,
        arguments: &[Argument],
        is_macro: bool,
        node: NodeId,
        env: &mut Env,
        next: Next<'_>,
    ) -> bool {
        let arena = self.code().arena;
        let wanted = if is_macro {
            Role::MacroCall
        } else {
            Role::Call
        };
        if self.role(node) != wanted {
            return false;
        }
        let mut children = arena.children(node);
        let (Some(function), list) = (children.next(), children.last()) else {
            return false;
        };
        let items: Vec<NodeId> = match list {
            Some(list) if self.role(list) == Role::Arguments => arena.children(list).collect(),
            // `f(x for x in y)`
            Some(other) if self.role(other) == Role::Comprehension => vec![other],
            Some(_) => {
                return matches!(arguments, [Argument::Dots])
                    && self.callee(callee, function, env, next);
            }
            None => Vec::new(),
        };
        self.callee(callee, function, env, &mut |env| {
            self.arguments(arguments, &items, env, next)
        })
    }

    fn callee(&self, pat: &Pat, node: NodeId, env: &mut Env, next: Next<'_>) -> bool {
        let generic = self.role(node) == Role::Generic && !matches!(pat, Pat::Node { .. });
        match self.code().arena.children(node).next().filter(|_| generic) {
            Some(inner) => self.node(pat, inner, env, next),
            None => self.node(pat, node, env, next),
        }
    }

    fn arguments(
        &self,
        pats: &[Argument],
        items: &[NodeId],
        env: &mut Env,
        next: Next<'_>,
    ) -> bool {
        let is_keyword = |id: &NodeId| self.role(*id) == Role::KeywordArgument;
        if !items.iter().any(is_keyword)
            && !pats.iter().any(|pat| matches!(pat, Argument::Keyword(..)))
        {
            return self.positional(pats, items, env, next);
        }
        let positional: Vec<NodeId> = items.iter().copied().filter(|id| !is_keyword(id)).collect();
        let keywords: Vec<NodeId> = items.iter().copied().filter(is_keyword).collect();
        let ordered: Vec<Argument> = pats
            .iter()
            .filter(|pat| !matches!(pat, Argument::Keyword(..)))
            .cloned()
            .collect();
        let wanted: Vec<(&KeywordName, &Pat)> = pats
            .iter()
            .filter_map(|pat| match pat {
                Argument::Keyword(name, value) => Some((name, value)),
                _ => None,
            })
            .collect();
        if pats.iter().any(|pat| matches!(pat, Argument::MetaDots(_))) {
            return self.in_source_order(&wanted, &ordered, items, env, next);
        }
        let open = pats
            .iter()
            .any(|pat| matches!(pat, Argument::Dots | Argument::MetaDots(_)));
        if !open && keywords.len() != wanted.len() {
            return false;
        }
        self.keywords(&wanted, &keywords, &mut Vec::new(), env, &mut |env| {
            self.positional(&ordered, &positional, env, next)
        })
    }

    /// `$...X` takes keywords too, so what the named keywords leave is matched in order.
    fn in_source_order(
        &self,
        wanted: &[(&KeywordName, &Pat)],
        ordered: &[Argument],
        items: &[NodeId],
        env: &mut Env,
        next: Next<'_>,
    ) -> bool {
        let keywords: Vec<NodeId> = items
            .iter()
            .copied()
            .filter(|&id| self.role(id) == Role::KeywordArgument)
            .collect();
        let mut used = Vec::new();
        self.keywords_used(wanted, &keywords, &mut used, env, &mut |env, used| {
            let rest: Vec<NodeId> = items
                .iter()
                .copied()
                .filter(|id| !used.contains(id))
                .collect();
            self.positional(ordered, &rest, env, next)
        })
    }

    fn keywords(
        &self,
        wanted: &[(&KeywordName, &Pat)],
        items: &[NodeId],
        used: &mut Vec<NodeId>,
        env: &mut Env,
        next: Next<'_>,
    ) -> bool {
        self.keywords_used(wanted, items, used, env, &mut |env, _| next(env))
    }

    fn keywords_used(
        &self,
        wanted: &[(&KeywordName, &Pat)],
        items: &[NodeId],
        used: &mut Vec<NodeId>,
        env: &mut Env,
        next: &mut dyn FnMut(&mut Env, &[NodeId]) -> bool,
    ) -> bool {
        let Some(((name, value), rest)) = wanted.split_first() else {
            return next(env, used);
        };
        let arena = self.code().arena;
        for &item in items {
            if used.contains(&item) {
                continue;
            }
            let (Some(key), Some(given)) = (
                arena.field(item, Field::Name),
                arena.field(item, Field::Value),
            ) else {
                continue;
            };
            used.push(item);
            let stop = self.keyword_name(name, key, env, &mut |env| {
                self.node(value, given, env, &mut |env| {
                    self.keywords_used(rest, items, used, env, next)
                })
            });
            used.pop();
            if stop {
                return true;
            }
        }
        false
    }

    fn positional(
        &self,
        pats: &[Argument],
        items: &[NodeId],
        env: &mut Env,
        next: Next<'_>,
    ) -> bool {
        if self.tired() {
            return false;
        }
        let Some((first, rest)) = pats.split_first() else {
            return items.is_empty() && next(env);
        };
        match first {
            Argument::Dots => {
                (0..=items.len()).any(|skip| self.positional(rest, &items[skip..], env, next))
            }
            Argument::MetaDots(mv) => (0..=items.len()).rev().any(|taken| {
                let bound = Bound::Nodes(self.run(&items[..taken]));
                self.bind(*mv, bound, env, &mut |env| {
                    self.positional(rest, &items[taken..], env, next)
                })
            }),
            Argument::Positional(pat) => items.split_first().is_some_and(|(&item, others)| {
                self.role(item) != Role::KeywordArgument
                    && self.node(pat, item, env, &mut |env| {
                        self.positional(rest, others, env, next)
                    })
            }),
            Argument::Keyword(..) => self.positional(rest, items, env, next),
        }
    }

    fn run(&self, items: &[NodeId]) -> Span {
        match (items.first(), items.last()) {
            (Some(&first), Some(&last)) => {
                let arena = self.code().arena;
                Span::new(arena.node(first).start, arena.node(last).end)
            }
            _ => Span::default(),
        }
    }

    // ---- literals ----

    fn is_literal(&self, value: &Constant, node: NodeId) -> bool {
        let own = match self.role(node) {
            Role::Identifier | Role::Attribute if self.options.constants => {
                self.names.constant(node)
            }
            Role::Identifier | Role::Attribute | Role::Call => None,
            _ if self.options.constants => self.names.constant(node),
            _ => self.names.literal(node),
        };
        own.is_some_and(|own| same_value(value, &own))
    }

    /// The text of a string literal, or of a name that stands for one.
    fn string_value(&self, node: NodeId) -> Option<String> {
        let value = match self.role(node) {
            Role::Identifier | Role::Attribute if self.options.constants => {
                self.names.constant(node)
            }
            Role::String | Role::ConcatenatedString | Role::Binary => self.names.constant(node),
            _ => None,
        }?;
        match value {
            Constant::Str(text) | Constant::Bytes(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes between the quotes of a string without holes.
    fn content_span(&self, node: NodeId) -> Option<Span> {
        let arena = self.code().arena;
        let node = match self.role(node) {
            Role::String => node,
            Role::Identifier | Role::Attribute if self.options.constants => self
                .names
                .value_of(node)
                .filter(|&value| self.role(value) == Role::String)?,
            _ => return None,
        };
        if arena
            .children(node)
            .any(|child| self.role(child) == Role::Interpolation)
        {
            return None;
        }
        let inside = arena
            .children(node)
            .filter(|&child| matches!(self.role(child), Role::StringContent | Role::Escape));
        let (first, last) = inside.fold((None, None), |(first, _), id| {
            (first.or(Some(id)), Some(id))
        });
        match (first, last) {
            (Some(first), Some(last)) => {
                Some(Span::new(arena.node(first).start, arena.node(last).end))
            }
            _ => {
                let at = arena.node(node).end - 1;
                Some(Span::new(at, at))
            }
        }
    }

    fn formatted(&self, parts: &[StringPart], node: NodeId, env: &mut Env, next: Next<'_>) -> bool {
        if !matches!(self.role(node), Role::String | Role::ConcatenatedString) {
            return false;
        }
        let arena = self.code().arena;
        let pieces: Vec<NodeId> = arena
            .subtree(node)
            .filter(|&id| {
                matches!(self.role(id), Role::StringContent | Role::Interpolation)
                    && arena
                        .parent(id)
                        .is_some_and(|up| self.role(up) == Role::String)
            })
            .collect();
        let has_hole = pieces
            .iter()
            .any(|&piece| self.role(piece) == Role::Interpolation);
        let formatted = has_hole || Literal::new(self.code().text_of(node)).formatted;
        formatted && self.string_parts(parts, &pieces, env, next)
    }

    fn string_parts(
        &self,
        parts: &[StringPart],
        pieces: &[NodeId],
        env: &mut Env,
        next: Next<'_>,
    ) -> bool {
        let Some((first, rest)) = parts.split_first() else {
            return pieces.is_empty() && next(env);
        };
        match first {
            StringPart::Dots => {
                (0..=pieces.len()).any(|skip| self.string_parts(rest, &pieces[skip..], env, next))
            }
            StringPart::Text(text) => pieces.split_first().is_some_and(|(&piece, others)| {
                self.role(piece) == Role::StringContent
                    && self.code().text_of(piece) == text
                    && self.string_parts(rest, others, env, next)
            }),
            StringPart::Hole(pat) => pieces.split_first().is_some_and(|(&piece, others)| {
                let inner = self.code().arena.children(piece).next();
                self.role(piece) == Role::Interpolation
                    && inner.is_some_and(|inner| {
                        self.node(pat, inner, env, &mut |env| {
                            self.string_parts(rest, others, env, next)
                        })
                    })
            }),
        }
    }

    // ---- other nodes ----

    fn imports(&self, wanted: &[Vec<String>], node: NodeId) -> bool {
        if !matches!(self.role(node), Role::Import | Role::ImportFrom) {
            return false;
        }
        let found = imported_paths(self.code(), node);
        wanted
            .iter()
            .all(|path| found.iter().any(|given| given.starts_with(path)))
    }

    fn plain(
        &self,
        kind: u16,
        role: Role,
        groups: &[(Field, Vec<Pat>)],
        node: NodeId,
        env: &mut Env,
        next: Next<'_>,
    ) -> bool {
        let arena = self.code().arena;
        let own = arena.node(node);
        let same = own.kind == kind
            || (own.role == role
                && matches!(
                    role,
                    Role::Tuple | Role::Parameter | Role::List | Role::Unary
                ));
        if !same {
            return self.behind_name(kind, role, groups, node, env, next);
        }
        if role == Role::Decorated {
            return self.decorated(groups, node, env, next);
        }
        let asks_async = groups
            .iter()
            .flat_map(|(_, pats)| pats)
            .any(|pat| matches!(pat, Pat::Leaf { text, .. } if text == "async"));
        let mut children: Vec<(Field, Vec<NodeId>)> = Vec::new();
        for child in arena.children(node) {
            let field = arena.node(child).field;
            let wanted = groups.iter().any(|(known, _)| *known == field);
            if !asks_async && self.is_async(role, child) {
                continue;
            }
            if self.is_optional(role, field, child, wanted) {
                continue;
            }
            match children.iter_mut().find(|(known, _)| *known == field) {
                Some((_, ids)) => ids.push(child),
                None => children.push((field, vec![child])),
            }
        }
        if children
            .iter()
            .any(|(field, _)| !groups.iter().any(|(known, _)| known == field))
        {
            return false;
        }
        self.groups(role, groups, &children, env, next)
    }

    /// A name that is bound once to a list or mapping stands for it.
    fn behind_name(
        &self,
        kind: u16,
        role: Role,
        groups: &[(Field, Vec<Pat>)],
        node: NodeId,
        env: &mut Env,
        next: Next<'_>,
    ) -> bool {
        let collection = matches!(role, Role::List | Role::Dict | Role::Tuple | Role::Set);
        if !collection || !self.options.constants || self.options.spelling {
            return false;
        }
        match self.names.value_of(node) {
            Some(value) if self.role(value) == role => {
                self.plain(kind, role, groups, value, env, next)
            }
            _ => false,
        }
    }

    /// `async` before a definition or statement, which a pattern without it matches, too.
    fn is_async(&self, role: Role, child: NodeId) -> bool {
        self.role(child) == Role::Token
            && matches!(role, Role::Function | Role::For | Role::With | Role::ForIn)
            && self.code().text_of(child) == "async"
    }

    /// Parts that code may have though the pattern does not speak of them.
    fn is_optional(&self, role: Role, field: Field, child: NodeId, wanted: bool) -> bool {
        if wanted && field != Field::None {
            return false;
        }
        match field {
            Field::ReturnType | Field::TypeParameters => true,
            Field::Superclasses => role == Role::Class,
            Field::Alternative => matches!(role, Role::If | Role::For | Role::While),
            Field::Type | Field::Value => {
                matches!(role, Role::Parameter)
                    || (role == Role::Assignment || role == Role::Let) && field == Field::Type
            }
            Field::None => {
                let arena = self.code().arena;
                match self.role(child) {
                    Role::AttributeItem => true,
                    _ => {
                        !wanted
                            && matches!(
                                arena.kind_name(child),
                                "mutable_specifier"
                                    | "visibility_modifier"
                                    | "function_modifiers"
                                    | "where_clause"
                            )
                    }
                }
            }
            _ => false,
        }
    }

    fn groups(
        &self,
        role: Role,
        groups: &[(Field, Vec<Pat>)],
        children: &[(Field, Vec<NodeId>)],
        env: &mut Env,
        next: Next<'_>,
    ) -> bool {
        let Some(((field, pats), rest)) = groups.split_first() else {
            return next(env);
        };
        let empty = Vec::new();
        let ids = children
            .iter()
            .find(|(known, _)| known == field)
            .map_or(&empty, |(_, ids)| ids);
        let mut after = |env: &mut Env| self.groups(role, rest, children, env, next);
        match (role, field) {
            (Role::Class, Field::Superclasses) => self.bases(pats, ids, env, &mut after),
            (Role::Parameters, _) => self.list(pats, ids, true, env, &mut after),
            (Role::Module, _) => self.statements(pats, ids, true, env, &mut |env, _| after(env)),
            (Role::Dict | Role::Struct | Role::Set, _) if !pats.iter().any(is_many) => {
                self.list(pats, ids, false, env, &mut after)
            }
            (Role::Dict, _) => self.unordered(pats, ids, env, &mut after),
            _ if self.is_field_init(ids) => self.unordered(pats, ids, env, &mut after),
            _ => self.list(pats, ids, false, env, &mut after),
        }
    }

    fn is_field_init(&self, ids: &[NodeId]) -> bool {
        ids.first()
            .is_some_and(|&id| self.role(id) == Role::FieldInit)
    }

    /// Each pattern but `...` meets some item, in any order.
    fn unordered(&self, pats: &[Pat], ids: &[NodeId], env: &mut Env, next: Next<'_>) -> bool {
        let Some((first, rest)) = pats.split_first() else {
            return next(env);
        };
        match first {
            Pat::Dots => self.unordered(rest, ids, env, next),
            _ => ids.iter().any(|&id| {
                self.node(first, id, env, &mut |env| {
                    self.unordered(rest, ids, env, next)
                })
            }),
        }
    }

    /// Base classes: each one in the pattern is among those in the code.
    fn bases(&self, pats: &[Pat], ids: &[NodeId], env: &mut Env, next: Next<'_>) -> bool {
        let [Pat::Arguments(wanted)] = pats else {
            return self.list(pats, ids, false, env, next);
        };
        let items: Vec<NodeId> = ids
            .first()
            .map_or_else(Vec::new, |&list| self.code().arena.children(list).collect());
        let pats: Vec<Pat> = wanted
            .iter()
            .map(|argument| match argument {
                Argument::Positional(pat) => pat.clone(),
                _ => Pat::Dots,
            })
            .collect();
        self.unordered(&pats, &items, env, next)
    }

    /// Decorators of the pattern are among those of the code, in any order.
    fn decorated(
        &self,
        groups: &[(Field, Vec<Pat>)],
        node: NodeId,
        env: &mut Env,
        next: Next<'_>,
    ) -> bool {
        let arena = self.code().arena;
        let decorators: Vec<NodeId> = arena
            .children(node)
            .filter(|&id| self.role(id) == Role::Decorator)
            .collect();
        let Some(definition) = arena.field(node, Field::Definition) else {
            return false;
        };
        let mut wanted: &[Pat] = &[];
        let mut body: &[Pat] = &[];
        for (field, pats) in groups {
            if *field == Field::Definition {
                body = pats
            } else {
                wanted = pats
            }
        }
        self.unordered(wanted, &decorators, env, &mut |env| match body {
            [pat] => self.node(pat, definition, env, next),
            _ => next(env),
        })
    }

    /// A list in order, `...` standing for any number.
    fn list(
        &self,
        pats: &[Pat],
        ids: &[NodeId],
        parameters: bool,
        env: &mut Env,
        next: Next<'_>,
    ) -> bool {
        if self.tired() {
            return false;
        }
        let Some((first, rest)) = pats.split_first() else {
            return ids.is_empty() && next(env);
        };
        match first {
            Pat::Dots => {
                (0..=ids.len()).any(|skip| self.list(rest, &ids[skip..], parameters, env, next))
            }
            Pat::MetaDots(mv) => (0..=ids.len()).rev().any(|taken| {
                let bound = Bound::Nodes(self.run(&ids[..taken]));
                self.bind(*mv, bound, env, &mut |env| {
                    self.list(rest, &ids[taken..], parameters, env, next)
                })
            }),
            _ => ids.split_first().is_some_and(|(&id, others)| {
                let id = if parameters {
                    self.parameter_name(first, id)
                } else {
                    id
                };
                self.node(first, id, env, &mut |env| {
                    self.list(rest, others, parameters, env, next)
                })
            }),
        }
    }

    /// A plain name in the pattern meets a parameter whatever its type and default.
    fn parameter_name(&self, pat: &Pat, id: NodeId) -> NodeId {
        let arena = self.code().arena;
        if self.role(id) != Role::Parameter || matches!(pat, Pat::Node { .. }) {
            return id;
        }
        arena
            .field(id, Field::Name)
            .or_else(|| arena.field(id, Field::Pattern))
            .or_else(|| arena.children(id).next())
            .unwrap_or(id)
    }

    // ---- statements ----

    /// Matches of a run of statements anywhere directly inside `block`.
    fn sequence_in(&self, pats: &[Pat], block: NodeId, out: &mut Vec<Match>) {
        let arena = self.code().arena;
        let ids: Vec<NodeId> = arena.children(block).collect();
        let leading = pats
            .iter()
            .take_while(|pat| matches!(pat, Pat::Dots))
            .count();
        let pats = &pats[leading..];
        for at in 0..ids.len() {
            let before = out.len();
            let first = ids[at];
            let from = if leading > 0 { ids[0] } else { first };
            self.fuel.set(FUEL);
            self.statements(
                pats,
                &ids[at..],
                false,
                &mut Env::default(),
                &mut |env, end| {
                    let span = Span::new(arena.node(from).start, end.max(arena.node(first).end));
                    keep(
                        out,
                        before,
                        Match {
                            span,
                            node: from,
                            env: env.clone(),
                        },
                    )
                },
            );
        }
    }

    /// Statements in order. After `...`, statements of nested blocks count too. `next` gets the
    /// offset at which the run ends.
    fn statements(
        &self,
        pats: &[Pat],
        ids: &[NodeId],
        whole: bool,
        env: &mut Env,
        next: &mut dyn FnMut(&mut Env, u32) -> bool,
    ) -> bool {
        let end = ids.last().map_or(0, |&id| self.code().arena.node(id).end);
        self.statements_from(pats, ids, whole, 0, end, env, next)
    }

    #[allow(clippy::too_many_arguments)]
    fn statements_from(
        &self,
        pats: &[Pat],
        ids: &[NodeId],
        whole: bool,
        reached: u32,
        end: u32,
        env: &mut Env,
        next: &mut dyn FnMut(&mut Env, u32) -> bool,
    ) -> bool {
        if self.tired() {
            return false;
        }
        let arena = self.code().arena;
        let Some((first, rest)) = pats.split_first() else {
            return (!whole || ids.is_empty()) && next(env, reached);
        };
        if let Pat::Dots = first {
            if rest.is_empty() {
                return next(env, end);
            }
            // Directly following statements first, then those of nested blocks.
            for skip in 0..=ids.len() {
                if self.statements_from(rest, &ids[skip..], false, reached, end, env, next) {
                    return true;
                }
            }
            return self.nested(ids).iter().any(|&inner| {
                let siblings = self.siblings_from(inner);
                self.statements_from(rest, &siblings, false, reached, end, env, next)
            });
        }
        let Some((&id, others)) = ids.split_first() else {
            return false;
        };
        let after = reached.max(arena.node(id).end);
        if let Pat::MetaDots(mv) = first {
            return (0..=ids.len()).rev().any(|taken| {
                let bound = Bound::Nodes(self.run(&ids[..taken]));
                self.bind(*mv, bound, env, &mut |env| {
                    self.statements_from(rest, &ids[taken..], whole, after, end, env, next)
                })
            });
        }
        let mut go_on =
            |env: &mut Env| self.statements_from(rest, others, whole, after, end, env, next);
        if self.node(first, id, env, &mut go_on) {
            return true;
        }
        first.is_expression()
            && self
                .own_expressions(id)
                .any(|inner| self.node(first, inner, env, &mut go_on))
    }

    /// Nodes below a statement that belong to it and to no statement of a nested block.
    fn own_expressions(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let arena = self.code().arena;
        let end = arena.node(id).next;
        let mut at = id.0 + 1;
        std::iter::from_fn(move || {
            while at < end {
                let here = NodeId(at);
                if arena.role(here) == Role::Block {
                    at = arena.node(here).next;
                    continue;
                }
                at += 1;
                return Some(here);
            }
            None
        })
    }

    /// Statements in blocks below these statements. Only Semgrep's `...` reaches into functions
    /// and classes that are defined on the way.
    fn nested(&self, ids: &[NodeId]) -> Vec<NodeId> {
        let arena = self.code().arena;
        let mut found = Vec::new();
        for &id in ids {
            let end = arena.node(id).next;
            let mut at = id.0;
            while at < end {
                let here = NodeId(at);
                let definition = matches!(
                    self.role(here),
                    Role::Function | Role::Class | Role::Impl | Role::Trait | Role::InnerModule
                );
                if definition && !self.options.spelling {
                    at = arena.node(here).next;
                    continue;
                }
                let in_block = arena
                    .parent(here)
                    .is_some_and(|up| self.role(up) == Role::Block);
                if in_block && here != id {
                    found.push(here);
                }
                at += 1;
            }
        }
        found
    }

    fn siblings_from(&self, id: NodeId) -> Vec<NodeId> {
        let arena = self.code().arena;
        let Some(parent) = arena.parent(id) else {
            return vec![id];
        };
        arena
            .children(parent)
            .filter(|&sibling| sibling >= id)
            .collect()
    }
}

fn is_many(pat: &Pat) -> bool {
    matches!(pat, Pat::Dots | Pat::MetaDots(_))
}

fn same_path(path: &[String], segments: &[&str]) -> bool {
    path.len() == segments.len() && path.iter().zip(segments).all(|(left, right)| left == right)
}

/// A declared type may be written with fewer segments than the file's imports give it.
pub fn type_matches(path: &[String], resolved: &[&str]) -> bool {
    let constructed = |segments: &[&str]| {
        segments.len() >= path.len()
            && path
                .iter()
                .zip(&segments[segments.len() - path.len()..])
                .all(|(a, b)| a == b)
    };
    if constructed(resolved) {
        return true;
    }
    // `Client::new()` has type `Client`: the constructor is a function of the type.
    match resolved.split_last() {
        Some((last, before)) if last.starts_with(char::is_lowercase) => {
            before
                .last()
                .is_some_and(|name| name.starts_with(char::is_uppercase))
                && constructed(before)
        }
        _ => false,
    }
}

fn same_value(pattern: &Constant, value: &Constant) -> bool {
    super::compile::same_value(pattern, value)
}

/// Whether two bindings of one metavariable agree.
pub fn same_bound(names: &Names<'_>, left: &Bound, right: &Bound) -> bool {
    let text = |bound: &Bound| match bound {
        Bound::Node(id) => names.code.text_of(*id),
        Bound::Nodes(span) | Bound::Text(span) => span.text(names.code.text),
    };
    if text(left) == text(right) {
        return true;
    }
    let (Bound::Node(left), Bound::Node(right)) = (left, right) else {
        return false;
    };
    if let (Some(one), Some(other)) = (names.resolve(*left), names.resolve(*right)) {
        return one == other && one.root == NameRoot::Imported;
    }
    same_tree(names.code, *left, *right)
}

/// Whether two subtrees are equal but for white space, comments and parentheses.
fn same_tree(code: Code<'_>, left: NodeId, right: NodeId) -> bool {
    let arena = code.arena;
    let size = |id: NodeId| arena.node(id).next - id.0;
    size(left) == size(right)
        && arena
            .subtree(left)
            .zip(arena.subtree(right))
            .all(|(one, other)| {
                let (a, b) = (arena.node(one), arena.node(other));
                let leaf = a.next == one.0 + 1;
                a.kind == b.kind && (!leaf || code.text_of(one) == code.text_of(other))
            })
}

/// Dotted paths that an import statement makes available.
pub fn imported_paths(code: Code<'_>, node: NodeId) -> Vec<Vec<String>> {
    let arena = code.arena;
    let dotted = |id: NodeId| -> Vec<String> {
        code.text_of(id)
            .split('.')
            .map(|part| part.trim().to_owned())
            .collect()
    };
    let module = arena.field(node, Field::ModuleName);
    let base = module.map_or_else(Vec::new, dotted);
    let mut paths = Vec::new();
    for child in arena.children(node).filter(|&child| Some(child) != module) {
        let name = match arena.role(child) {
            Role::Scoped => Some(child),
            Role::AliasedImport => arena.field(child, Field::Name),
            Role::WildcardImport => {
                // A star of its own, so that only a star import has what a star pattern wants.
                let star = "*".to_owned();
                paths.push(base.iter().cloned().chain([star]).collect());
                None
            }
            _ => None,
        };
        if let Some(name) = name {
            let mut path = base.clone();
            path.extend(dotted(name));
            paths.push(path);
        }
    }
    paths
}
