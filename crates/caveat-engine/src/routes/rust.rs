//! Routes that Rust builds: axum's routers (utoipa's, too), actix-web's applications and scopes,
//! Rocket's mounts.
//!
//! Functions that build routers are followed in the order of their statements, because a layer
//! covers only what was added before it. A variable that is handed on is gone, as in the language.
//! What cannot be followed adds no routes.

mod others;

use caveat_parser::link::FileId;
use caveat_parser::skeleton::ItemKind;
use caveat_parser::{Field, NodeId, Role};
use rustc_hash::{FxHashMap, FxHashSet};

use super::guard::{Guards, Strength, by_name};
use super::python::short;
use super::world::{At, Meaning, World};
use super::{Guard, Level, Route, Table, words};

/// How far calls of functions that build routers are followed.
const DEPTH: u32 = 8;

/// A route on its way to the outside.
#[derive(Debug, Clone)]
struct Draft {
    methods: Vec<String>,
    path: String,
    handler: At,
    registration: At,
    guards: Vec<Guard>,
    framework: &'static str,
    /// The function that builds the router it was added to.
    builder: At,
}

/// A router, scope or resource.
#[derive(Debug, Clone, Default)]
struct Built {
    prefix: String,
    routes: Vec<Draft>,
    /// Middleware of actix, which is around all services of its scope, those added later, too.
    wrappers: Vec<Guard>,
}

type Variables = FxHashMap<String, Built>;

pub(super) struct Evaluator<'w> {
    world: &'w World<'w>,
    guards: Guards<'w>,
    done: FxHashMap<At, Vec<Draft>>,
    /// Functions that others took routes from.
    taken: FxHashSet<At>,
    open: Vec<At>,
}

/// Adds the routes of Rust files to the table.
pub(super) fn collect(world: &World<'_>, files: &[FileId], table: &mut Table) {
    let mut evaluator = Evaluator {
        world,
        guards: Guards::new(world),
        done: FxHashMap::default(),
        taken: FxHashSet::default(),
        open: Vec::new(),
    };
    let functions: Vec<At> = files
        .iter()
        .flat_map(|&file| functions(world, file))
        .collect();
    for &function in functions.iter().filter(|&&it| may_build(world, it)) {
        evaluator.function(function, DEPTH);
    }
    let mut drafts: Vec<Draft> = Vec::new();
    for function in &functions {
        if !evaluator.taken.contains(function) {
            drafts.extend(evaluator.done.get(function).cloned().unwrap_or_default());
        }
    }
    for &file in files.iter().filter(|&&file| is_rocket(world, file)) {
        let own = functions.iter().filter(|it| it.file == file);
        drafts.extend(own.filter_map(|&it| evaluator.rocket(it)));
    }
    drafts.extend(others::drafts(&evaluator, files, &functions));
    let mut seen = FxHashSet::default();
    let first = table.routes.len() + 1_000_000;
    let mut groups: FxHashMap<At, usize> = FxHashMap::default();
    drafts.retain(|draft| !is_test(world, draft.registration));
    for draft in drafts {
        if seen.insert((
            draft.registration,
            draft.handler,
            draft.methods.clone(),
            draft.path.clone(),
        )) {
            let next = first + groups.len();
            let group = *groups.entry(draft.builder).or_insert(next);
            let route = evaluator.route(draft, group);
            table.has_authentication |= !route.is_unguarded();
            table.routes.push(route);
        }
    }
}

fn functions(world: &World<'_>, file: FileId) -> Vec<At> {
    let root = At {
        file,
        node: NodeId::ROOT,
    };
    let all = world.subtree(root);
    all.filter(|&it| world.role(it) == Role::Function).collect()
}

/// Whether the text of a function has words of building routers.
fn may_build(world: &World<'_>, function: At) -> bool {
    const WORDS: &[&str] = &[
        ".route(",
        ".service(",
        "outer",
        ".mount(",
        ".nest(",
        ".merge(",
        ".configure(",
        ".at(",
    ];
    let text = world.text(function);
    WORDS.iter().any(|word| text.contains(word))
}

/// Whether attributes of a file's functions are those of Rocket.
fn is_rocket(world: &World<'_>, file: FileId) -> bool {
    world.file(file).is_some_and(|parsed| {
        let text = &parsed.source.text;
        text.contains("rocket") && !text.contains("actix") && !text.contains("utoipa::path")
    })
}

/// Whether a place is in a test.
fn is_test(world: &World<'_>, at: At) -> bool {
    world.file(at.file).is_some_and(|parsed| {
        let code = caveat_parser::Code {
            arena: &parsed.arena,
            text: &parsed.source.text,
        };
        crate::context::is_test_code(code, at.node)
    })
}

impl Evaluator<'_> {
    /// The routes that a function's routers have in the end.
    fn function(&mut self, function: At, depth: u32) -> Vec<Draft> {
        if let Some(done) = self.done.get(&function) {
            return done.clone();
        }
        if depth == 0 || self.open.contains(&function) {
            return Vec::new();
        }
        let Some(body) = self.world.field(function, Field::Body) else {
            return Vec::new();
        };
        self.open.push(function);
        let mut variables = Variables::default();
        let mut left = Vec::new();
        self.visit(body, &mut variables, &mut left, depth);
        let mut rest: Vec<(String, Built)> = variables.into_iter().collect();
        rest.sort_by(|a, b| a.0.cmp(&b.0));
        left.extend(rest.into_iter().flat_map(|it| closed(it.1)));
        self.open.pop();
        self.done.insert(function, left.clone());
        left
    }

    /// Goes through statements in order; routers that nobody takes are `left`.
    fn visit(&mut self, at: At, variables: &mut Variables, left: &mut Vec<Draft>, depth: u32) {
        let world = self.world;
        let (target, value) = match world.role(at) {
            Role::Let => (
                world.field(at, Field::Pattern),
                world.field(at, Field::Value),
            ),
            Role::Assignment => (world.field(at, Field::Left), world.field(at, Field::Right)),
            Role::Function => return,
            _ => (None, None),
        };
        if let (Some(target), Some(value)) = (target, value) {
            match self.evaluate(value, variables, left, depth) {
                Some(built) => drop(variables.insert(self.first_name(target), built)),
                None => self.inside(value, variables, left, depth),
            }
            return;
        }
        if world.role(at) == Role::Call
            && let Some(built) = self.evaluate(at, variables, left, depth)
        {
            left.extend(closed(built));
            return;
        }
        self.inside(at, variables, left, depth);
    }

    fn inside(&mut self, at: At, variables: &mut Variables, left: &mut Vec<Draft>, depth: u32) {
        let children: Vec<At> = self.world.children(at).collect();
        for child in children {
            self.visit(child, variables, left, depth);
        }
    }

    /// The first name of a pattern: `router` of `(router, api)`.
    fn first_name(&self, pattern: At) -> String {
        let world = self.world;
        let mut names = world
            .subtree(pattern)
            .filter(|&it| world.role(it) == Role::Identifier);
        names
            .next()
            .map_or_else(String::new, |it| world.text(it).to_owned())
    }

    /// The router that an expression is, if it is one.
    fn evaluate(
        &mut self,
        at: At,
        variables: &mut Variables,
        left: &mut Vec<Draft>,
        depth: u32,
    ) -> Option<Built> {
        let world = self.world;
        match world.role(at) {
            Role::Identifier => variables.remove(world.text(at)),
            Role::Await | Role::QuestionMark | Role::Reference => {
                let inner = world
                    .children(at)
                    .find(|&it| world.role(it) != Role::Token)?;
                self.evaluate(inner, variables, left, depth)
            }
            Role::If | Role::Match => self.branches(at, variables, left, depth),
            Role::Call => match world.method(at) {
                Some((receiver, name)) => self.method(at, receiver, name, variables, left, depth),
                None => self.call(at, depth),
            },
            _ => None,
        }
    }

    /// What the branches of an `if` or `match` that is a value make together.
    fn branches(
        &mut self,
        at: At,
        variables: &mut Variables,
        left: &mut Vec<Draft>,
        depth: u32,
    ) -> Option<Built> {
        let world = self.world;
        let mut blocks: Vec<At> = Vec::new();
        for it in world
            .subtree(at)
            .filter(|&it| world.role(it) == Role::Block)
        {
            if !blocks
                .iter()
                .any(|&outer| world.arena(it).is_within(it.node, outer.node))
            {
                blocks.push(it);
            }
        }
        let mut all: Option<Built> = None;
        for block in blocks {
            let Some(tail) = world.children(block).last() else {
                continue;
            };
            let mut own = variables.clone();
            if let Some(built) = self.evaluate(tail, &mut own, left, depth) {
                all.get_or_insert_with(Built::default)
                    .routes
                    .extend(built.routes);
                variables.retain(|name, _| own.contains_key(name));
            }
        }
        all
    }

    /// `Router::new()`, `web::scope("/x")`, a function that returns a router.
    fn call(&mut self, at: At, depth: u32) -> Option<Built> {
        let world = self.world;
        let callee = world.callee(at)?;
        let path = world.path(callee)?;
        let prefix = || {
            world
                .positional(at)
                .first()
                .and_then(|&it| world.string(it))
        };
        match path.as_slice() {
            [
                ..,
                "Router" | "OpenApiRouter" | "ApiRouter" | "App" | "Rocket",
                "new" | "with_openapi" | "build" | "custom",
            ] => Some(Built::default()),
            [.., "rocket", "build" | "custom"] => Some(Built::default()),
            ["Route", "new"] | ["poem", "Route", "new"] => Some(Built::default()),
            [.., "web", "scope" | "resource"]
            | ["scope" | "resource"]
            | [.., "Scope" | "Resource", "new"] => Some(Built {
                prefix: prefix()?,
                ..Built::default()
            }),
            _ => {
                let Meaning::Place(function, rest) = world.meaning(callee) else {
                    return None;
                };
                if !rest.is_empty()
                    || world.role(function) != Role::Function
                    || !self.is_builder(function)
                {
                    return None;
                }
                self.taken.insert(function);
                Some(Built {
                    routes: self.function(function, depth - 1),
                    ..Built::default()
                })
            }
        }
    }

    /// Whether a function's result is a router.
    fn is_builder(&self, function: At) -> bool {
        let result = self.world.field(function, Field::ReturnType);
        result.is_some_and(|it| {
            let text = self.world.text(it);
            [
                "Router",
                "Scope",
                "Resource",
                "HttpServiceFactory",
                "Rocket",
                "ServiceFactory",
                "Endpoint",
                "Route",
            ]
            .iter()
            .any(|name| text.contains(name))
        })
    }

    fn method(
        &mut self,
        at: At,
        receiver: At,
        name: &str,
        variables: &mut Variables,
        left: &mut Vec<Draft>,
        depth: u32,
    ) -> Option<Built> {
        let world = self.world;
        let is_config = world.role(receiver) == Role::Identifier
            && matches!(name, "service" | "configure" | "route")
            && !variables.contains_key(world.text(receiver));
        let mut built = match self.evaluate(receiver, variables, left, depth) {
            Some(built) => built,
            None if is_config || self.is_list(at, name) => Built::default(),
            None => return None,
        };
        if name == "clone" && world.role(receiver) == Role::Identifier {
            variables.insert(world.text(receiver).to_owned(), built.clone());
            return Some(built);
        }
        let arguments = world.positional(at);
        match name {
            "route" => built.routes.extend(self.added(at, &arguments)),
            "at" => {
                let added = self.added(at, &arguments).into_iter();
                let framework = "poem";
                built
                    .routes
                    .extend(added.map(|it| Draft { framework, ..it }));
            }
            "routes" => built.routes.extend(self.listed(at, &arguments, "axum")),
            "to" => {}
            "service" => built
                .routes
                .extend(self.service(at, &arguments, variables, left, depth)),
            "nest" | "nest_service" | "nest_api_service" | "nest_no_strip" => {
                let prefix = arguments
                    .first()
                    .and_then(|&it| world.string_value(it))
                    .unwrap_or_default();
                if let Some(inner) = arguments.get(1)
                    && let Some(inner) = self.evaluate(*inner, variables, left, depth)
                {
                    built.routes.extend(prefixed(inner.routes, &prefix));
                }
            }
            "merge" => {
                if let Some(inner) = arguments.first()
                    && let Some(inner) = self.evaluate(*inner, variables, left, depth)
                {
                    built.routes.extend(inner.routes);
                }
            }
            "mount" => {
                let prefix = arguments
                    .first()
                    .and_then(|&it| world.string_value(it))
                    .unwrap_or_default();
                let rest = arguments.get(1..).unwrap_or_default();
                built
                    .routes
                    .extend(prefixed(self.listed(at, rest, "rocket"), &prefix));
            }
            "configure" => {
                if let Some(&function) = arguments.first()
                    && let Meaning::Place(function, _) = world.meaning(function)
                    && world.role(function) == Role::Function
                {
                    self.taken.insert(function);
                    let routes = self.function(function, depth.saturating_sub(1));
                    built.routes.extend(routes);
                }
            }
            "layer" | "route_layer" | "with" | "around" => {
                if let Some(guard) = arguments.first().and_then(|&it| self.layer(it)) {
                    for route in &mut built.routes {
                        route.guards.push(guard.clone());
                    }
                }
            }
            "wrap" | "wrap_fn" => {
                built
                    .wrappers
                    .extend(arguments.first().and_then(|&it| self.layer(it)));
            }
            _ => {}
        }
        Some(built)
    }

    /// `x.routes(routes!(a, b))`: whatever `x` is, it is a router.
    fn is_list(&self, at: At, name: &str) -> bool {
        let world = self.world;
        let first = world.positional(at).first().copied();
        name == "routes"
            && first.is_some_and(|it| {
                world.role(it) == Role::MacroCall && world.text(it).starts_with("routes!")
            })
    }

    fn enclosing(&self, at: At) -> At {
        let world = self.world;
        world
            .ancestors(at)
            .find(|&it| world.role(it) == Role::Function)
            .unwrap_or(at)
    }

    /// `.route("/x", get(h).post(k))`, `.route("/x", web::get().to(h))`, `.route(web::get().to(h))`.
    fn added(&self, at: At, arguments: &[At]) -> Vec<Draft> {
        let world = self.world;
        let path = arguments.first().and_then(|&it| world.string_value(it));
        let table = match (path.is_some(), arguments) {
            (true, [_, table, ..]) => *table,
            (false, [table]) => *table,
            (false, [_, table]) => *table,
            _ => return Vec::new(),
        };
        let path = path.unwrap_or_else(|| match arguments {
            [path, _] => format!("{{{}}}", short(world.text(*path))),
            _ => String::new(),
        });
        let mut drafts = Vec::new();
        let mut guards = Vec::new();
        let mut verbs: Vec<String> = Vec::new();
        let mut next = Some(table);
        while let Some(call) = next {
            if world.role(call) != Role::Call {
                break;
            }
            let name = world.callee_name(call).unwrap_or("").to_owned();
            let first = world.positional(call).first().copied();
            let is_actix = world.text(table).contains(".to(");
            match name.as_str() {
                "layer" | "route_layer" | "wrap" => {
                    guards.extend(first.and_then(|it| self.layer(it)))
                }
                "to" => {
                    let verb = world
                        .method(call)
                        .and_then(|(receiver, _)| world.callee_name(receiver))
                        .map_or_else(|| String::from("*"), str::to_uppercase);
                    verbs.push(verb.clone());
                    drafts.extend(
                        first.and_then(|it| self.draft(at, it, vec![verb], &path, "actix-web")),
                    );
                }
                "get" | "post" | "put" | "patch" | "delete" | "head" | "options" | "any"
                | "get_with" | "post_with" | "put_with" | "delete_with" | "patch_with"
                    if !is_actix =>
                {
                    let verb = name.trim_end_matches("_with");
                    let verb = if verb == "any" {
                        String::from("*")
                    } else {
                        verb.to_uppercase()
                    };
                    drafts
                        .extend(first.and_then(|it| self.draft(at, it, vec![verb], &path, "axum")));
                }
                _ => {}
            }
            next = world.method(call).map(|it| it.0);
        }
        for draft in &mut drafts {
            draft.guards.extend(guards.iter().cloned());
        }
        drafts
    }

    fn draft(
        &self,
        at: At,
        handler: At,
        methods: Vec<String>,
        path: &str,
        framework: &'static str,
    ) -> Option<Draft> {
        let world = self.world;
        let wrapped = world.positional(handler);
        let handler = match world.role(handler) {
            Role::Lambda => handler,
            // `Wrapper(handler)`.
            Role::Call if wrapped.len() == 1 => {
                return self.draft(at, wrapped[0], methods, path, framework);
            }
            _ => match world.meaning(handler) {
                Meaning::Place(place, rest)
                    if rest.is_empty() && world.role(place) == Role::Function =>
                {
                    place
                }
                _ => return None,
            },
        };
        Some(Draft {
            methods,
            path: path.to_owned(),
            handler,
            registration: self.registration(at),
            guards: Vec::new(),
            framework,
            builder: self.enclosing(at),
        })
    }

    /// The arguments of a registering call stand on its own line; the chain before does not.
    fn registration(&self, call: At) -> At {
        let list = self.world.field(call, Field::Arguments);
        list.and_then(|it| self.world.children(it).next())
            .unwrap_or(call)
    }

    /// Handlers in `routes!(a, b)` and `routes![a, b]`: their attributes say method and path.
    fn listed(&self, at: At, arguments: &[At], framework: &'static str) -> Vec<Draft> {
        let world = self.world;
        let mut drafts = Vec::new();
        for &argument in arguments {
            let handlers = match world.role(argument) {
                Role::MacroCall => world.positional(argument),
                _ => vec![argument],
            };
            for handler in handlers {
                let Meaning::Place(function, _) = world.meaning(handler) else {
                    continue;
                };
                let Some((methods, path)) = self.attribute(function) else {
                    continue;
                };
                let draft = self.draft(at, handler, methods, &path, framework);
                drafts.extend(draft.map(|it| Draft {
                    registration: handler,
                    ..it
                }));
            }
        }
        drafts
    }

    /// Method and path that an attribute of a handler states: `#[get("/x")]`,
    /// `#[utoipa::path(get, path = "/x")]`.
    fn attribute(&self, function: At) -> Option<(Vec<String>, String)> {
        const VERBS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options"];
        if self.world.role(function) != Role::Function {
            return None;
        }
        let parsed = self.world.file(function.file)?;
        crate::context::attributes(&parsed.arena, function.node).find_map(|node| {
            let at = At { node, ..function };
            let text = self.world.text(at).trim_start_matches(['#', '[']);
            let (head, rest) = text.split_once('(')?;
            let last = head.trim().rsplit("::").next()?;
            let quoted = |text: &str| text.split('"').nth(1).map(str::to_owned);
            if VERBS.contains(&last) {
                return Some((vec![last.to_uppercase()], quoted(rest)?));
            }
            let verb = || {
                VERBS.iter().find(|verb| {
                    rest.trim_start().starts_with(**verb)
                        || rest.contains(&format!("\"{}\"", verb.to_uppercase()))
                })
            };
            match last {
                "path" => Some((
                    vec![verb().map_or_else(|| String::from("*"), |it| it.to_uppercase())],
                    rest.split_once("path")
                        .and_then(|it| quoted(it.1))
                        .unwrap_or_default(),
                )),
                "route" => Some((
                    vec![verb().map_or_else(|| String::from("*"), |it| it.to_uppercase())],
                    quoted(rest)?,
                )),
                _ => None,
            }
        })
    }

    /// What `.service(...)` adds: a scope, a resource, or a handler with an attribute.
    fn service(
        &mut self,
        at: At,
        arguments: &[At],
        variables: &mut Variables,
        left: &mut Vec<Draft>,
        depth: u32,
    ) -> Vec<Draft> {
        let mut drafts = Vec::new();
        for &argument in arguments {
            match self.evaluate(argument, variables, left, depth) {
                Some(built) => drafts.extend(closed(built)),
                None => drafts.extend(self.listed(at, &[argument], "actix-web")),
            }
        }
        drafts
    }

    /// A handler that an attribute alone makes a route of Rocket.
    fn rocket(&self, function: At) -> Option<Draft> {
        let (methods, path) = self.attribute(function)?;
        Some(Draft {
            methods,
            path,
            handler: function,
            registration: function,
            guards: Vec::new(),
            framework: "rocket",
            builder: At {
                file: function.file,
                node: NodeId::ROOT,
            },
        })
    }

    /// What a layer or wrapper is worth.
    fn layer(&self, at: At) -> Option<Guard> {
        let world = self.world;
        let mut strength = Strength::None;
        for it in world.subtree(at) {
            let outermost = matches!(world.role(it), Role::Identifier | Role::Scoped)
                && world
                    .parent(it)
                    .is_none_or(|up| world.role(up) != Role::Scoped);
            if !outermost {
                continue;
            }
            strength = strength.max(self.layer_name(it));
            strength = strength.max(self.variable(it));
        }
        (strength != Strength::None).then(|| Guard {
            name: short(world.text(at)),
            level: Level::Router,
            strength,
            at: Some(at),
            hook: false,
        })
    }

    /// What a variable that holds a layer is worth.
    fn variable(&self, at: At) -> Strength {
        let world = self.world;
        let name = world.text(at);
        if world.role(at) != Role::Identifier || !name.starts_with(char::is_lowercase) {
            return Strength::None;
        }
        let function = self.enclosing(at);
        let made = world.subtree(function).find(|&it| {
            world.role(it) == Role::Let
                && world
                    .field(it, Field::Pattern)
                    .is_some_and(|pattern| world.text(pattern).trim_start_matches("mut ") == name)
        });
        let value = made.and_then(|it| world.field(it, Field::Value));
        match value.filter(|&value| !world.arena(value).is_within(at.node, value.node)) {
            Some(value) => {
                let names = std::iter::once(value).chain(world.subtree(value));
                let outermost = names.filter(|&it| {
                    matches!(world.role(it), Role::Identifier | Role::Scoped)
                        && world
                            .parent(it)
                            .is_none_or(|up| world.role(up) != Role::Scoped)
                });
                outermost
                    .map(|it| self.layer_name(it))
                    .max()
                    .unwrap_or(Strength::None)
            }
            None => Strength::None,
        }
    }

    fn layer_name(&self, at: At) -> Strength {
        const ONLY_PROVIDE: &[&str] = &[
            "AuthManagerLayer",
            "AuthManagerLayerBuilder",
            "SessionManagerLayer",
            "IdentityMiddleware",
            "SessionMiddleware",
            "CookieSession",
            "SetSensitiveHeadersLayer",
            "SetSensitiveRequestHeadersLayer",
            "AUTHORIZATION",
            "SessionLayer",
            "CookieManagerLayer",
        ];
        let world = self.world;
        let path = world.path(at).unwrap_or_default();
        let last = path.last().copied().unwrap_or("");
        if path.iter().any(|name| ONLY_PROVIDE.contains(name)) {
            return Strength::None;
        }
        if let Meaning::Place(place, _) = world.meaning(at)
            && world.role(place) == Role::Function
        {
            return self.guards.of(place);
        }
        let known = |name: &&str| {
            matches!(
                *name,
                "HttpAuthentication"
                    | "ValidateRequestHeaderLayer"
                    | "RequireAuthorizationLayer"
                    | "AsyncRequireAuthorizationLayer"
            )
        };
        if path.iter().any(known) {
            return Strength::Guard;
        }
        let is_type = path
            .iter()
            .rev()
            .find(|name| name.starts_with(char::is_uppercase));
        match is_type {
            Some(name) => by_name(name).min(Strength::Unknown),
            None if path.len() > 1 || world.is_rust(at) && words::is_check(last) => by_name(last),
            None => Strength::None,
        }
    }

    fn route(&self, draft: Draft, group: usize) -> Route {
        let world = self.world;
        let mut guards = self.parameters(draft.handler);
        guards.extend(draft.guards);
        let (strength, summary) = self.guards.body(draft.handler);
        if strength >= Strength::Unknown {
            guards.push(Guard {
                name: summary
                    .checks
                    .first()
                    .cloned()
                    .unwrap_or_else(|| String::from("check in the body")),
                level: Level::Body,
                strength,
                at: Some(draft.handler),
                hook: false,
            });
        }
        let name = match world.role(draft.handler) {
            Role::Function => world.name(draft.handler).to_owned(),
            _ => String::from("closure"),
        };
        Route {
            methods: draft.methods,
            path: draft.path,
            name,
            handler: draft.handler,
            registration: draft.registration,
            framework: draft.framework,
            guards,
            group,
            misplaced: None,
            open: false,
            left_out: None,
            summary,
        }
    }

    /// Guards among the types of a handler's parameters.
    fn parameters(&self, handler: At) -> Vec<Guard> {
        let world = self.world;
        let Some(list) = world.field(handler, Field::Parameters) else {
            return Vec::new();
        };
        let types = world
            .children(list)
            .filter_map(|it| world.field(it, Field::Type));
        types
            .filter_map(|kind| {
                let strength = self.extractor(kind, 4);
                (strength >= Strength::Unknown).then(|| Guard {
                    name: short(world.text(kind)),
                    level: Level::Parameter,
                    strength,
                    at: Some(kind),
                    hook: false,
                })
            })
            .collect()
    }

    /// What a parameter's type is worth: can taking it out of the request fail?
    fn extractor(&self, kind: At, depth: u32) -> Strength {
        const PLAIN: &[&str] = &[
            "State",
            "Path",
            "Query",
            "Json",
            "Form",
            "Data",
            "HeaderMap",
            "ConnectInfo",
            "Request",
            "Parts",
            "TypedHeader",
            "Multipart",
            "HttpRequest",
            "Payload",
            "Bytes",
            "String",
            "WebSocketUpgrade",
            "OriginalUri",
            "Uri",
            "Method",
            "RawQuery",
            "MatchedPath",
            "Host",
            "Option",
            "Result",
            "CookieJar",
            "PrivateCookieJar",
            "SignedCookieJar",
            "Session",
            "Valid",
            "ValidatedJson",
            "Next",
            "Body",
            "TempFile",
            "Shutdown",
            "BearerAuth",
            "BasicAuth",
        ];
        let world = self.world;
        if depth == 0 {
            return Strength::Unknown;
        }
        if world.kind(kind) == "reference_type" {
            return world
                .field(kind, Field::Type)
                .map_or(Strength::None, |it| self.extractor(it, depth));
        }
        let Some(path) = world.path(kind) else {
            return Strength::None;
        };
        let last = path.last().copied().unwrap_or("");
        if matches!(last, "Extension" | "ReqData" | "Inject") {
            let inner = world
                .field(kind, Field::TypeArguments)
                .map_or("", |it| world.text(it));
            let sure = words::split(inner).iter().any(|word| {
                matches!(
                    &**word,
                    "user" | "claims" | "auth" | "identity" | "session" | "current"
                )
            });
            return if sure && !inner.contains("Option") {
                Strength::Unknown
            } else {
                Strength::None
            };
        }
        if PLAIN.contains(&last) || last.starts_with(char::is_lowercase) {
            return Strength::None;
        }
        let base = match world.role(kind) {
            Role::Generic => world.children(kind).next().unwrap_or(kind),
            _ => kind,
        };
        match world.meaning(base) {
            Meaning::Place(place, _) if world.kind(place) == "type_item" => {
                let target = world.field(place, Field::Type);
                target.map_or(Strength::None, |it| self.extractor(it, depth - 1))
            }
            Meaning::Place(place, _) => self.implementation(world.name(place)),
            _ => by_name(last),
        }
    }

    /// What the implementation of an extracting trait for a type does.
    fn implementation(&self, name: &str) -> Strength {
        let world = self.world;
        let mut strength = Strength::None;
        for &id in world.project.definitions(name) {
            let definition = world.project.definition(id);
            if definition.kind != ItemKind::Impl || !definition.detail.contains("FromRequest") {
                continue;
            }
            let optional = definition.detail.starts_with("Optional");
            let Some(parsed) = world.file(id.file) else {
                return by_name(name);
            };
            let text = definition.span.text(&parsed.source.text);
            let denies = [
                "UNAUTHORIZED",
                "FORBIDDEN",
                "Unauthorized",
                "Forbidden",
                "unauthorized",
                "forbidden",
                "401",
                "403",
                "Unauthenticated",
            ]
            .iter()
            .any(|word| text.contains(word));
            let fails = text.contains("Err(") || text.contains('?') || text.contains("Outcome::");
            let lower = text.to_ascii_lowercase();
            let asks = [
                "authorization",
                "token",
                "jwt",
                "claims",
                "session",
                "credential",
                "api_key",
                "login",
            ]
            .iter()
            .any(|word| lower.contains(word));
            strength = strength.max(match () {
                () if optional => Strength::None,
                () if denies => Strength::Guard,
                () if fails && words::may_guard(name) => Strength::Guard,
                () if asks => Strength::Unknown,
                () => Strength::None,
            });
        }
        strength
    }
}

fn prefixed(routes: Vec<Draft>, prefix: &str) -> Vec<Draft> {
    let join = |path: &str| match path {
        "" | "/" if !prefix.is_empty() => prefix.to_owned(),
        _ => [prefix.trim_end_matches('/'), path].concat(),
    };
    let routes = routes.into_iter();
    routes
        .map(|it| Draft {
            path: join(&it.path),
            ..it
        })
        .collect()
}

/// The routes of a scope, resource or application that is complete.
fn closed(built: Built) -> Vec<Draft> {
    let mut routes = built.routes;
    for route in &mut routes {
        route.guards.extend(built.wrappers.iter().cloned());
    }
    prefixed(routes, &built.prefix)
}
