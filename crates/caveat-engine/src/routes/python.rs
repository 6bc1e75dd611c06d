//! Routes that Python registers on objects: applications, routers, blueprints, namespaces, and
//! how these hang together across files.

use caveat_parser::link::FileId;
use caveat_parser::{Field, NodeId, Role};
use rustc_hash::FxHashMap;

use super::guard::{self, Guards, Strength};
use super::reach::{self, Reach};
use super::world::{At, Meaning, World};
use super::{Guard, Level, Route, Table, django, tables, words};

/// What makes objects that routes hang on: the name of the class, its framework, whether it is an
/// application.
const CONSTRUCTORS: &[(&str, &str, bool)] = &[
    ("Flask", "flask", true),
    ("Quart", "quart", true),
    ("APIFlask", "flask", true),
    ("OpenAPI", "flask", true),
    ("Blueprint", "flask", false),
    ("APIBlueprint", "flask", false),
    ("Namespace", "flask", false),
    ("Api", "flask", false),
    ("FastAPI", "fastapi", true),
    ("APIRouter", "fastapi", false),
    ("Starlette", "starlette", true),
    ("Router", "litestar", false),
    ("Litestar", "litestar", true),
    ("Sanic", "sanic", true),
    ("NinjaAPI", "ninja", true),
    ("Application", "aiohttp", true),
    ("RouteTableDef", "aiohttp", false),
    ("Bottle", "bottle", true),
];

/// Libraries that these classes come from.
const LIBRARIES: &[&str] = &[
    "flask",
    "quart",
    "apiflask",
    "flask_openapi3",
    "flask_restful",
    "flask_restx",
    "flask_restplus",
    "flask_smorest",
    "fastapi",
    "starlette",
    "litestar",
    "sanic",
    "ninja",
    "aiohttp",
    "bottle",
    "sanic_ext",
    "flask_rebar",
    "aiohttp_apispec",
    "tornado",
];

/// How far from an object its applications are looked for.
const DEPTH: u32 = 8;

/// Something routes hang on.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) framework: &'static str,
    pub(super) is_app: bool,
    prefix: String,
    guards: Vec<Guard>,
    parents: Vec<Edge>,
}

#[derive(Debug, Clone)]
struct Edge {
    parent: usize,
    prefix: String,
    guards: Vec<Guard>,
    mounted: bool,
}

/// What is known while routes are collected.
pub(super) struct Builder<'w> {
    pub(super) world: &'w World<'w>,
    pub(super) guards: Guards<'w>,
    pub(super) objects: Vec<Object>,
    by_call: FxHashMap<At, usize>,
    loose: FxHashMap<(FileId, String), usize>,
    pub(super) routes: Vec<Route>,
    /// Guards in front of everything: hooks of the whole application, settings.
    pub(super) everywhere: Vec<Guard>,
    pub(super) table: Table,
}

/// Collects the routes of Python files.
pub(super) fn collect(world: &World<'_>, files: &[FileId]) -> Table {
    let mut builder = Builder {
        world,
        guards: Guards::new(world),
        objects: Vec::new(),
        by_call: FxHashMap::default(),
        loose: FxHashMap::default(),
        routes: Vec::new(),
        everywhere: Vec::new(),
        table: Table::default(),
    };
    for &file in files {
        builder.constructors(file);
    }
    for &file in files {
        builder.edges(file);
    }
    for &file in files {
        builder.decorated(file);
    }
    tables::collect(&mut builder, files);
    django::collect(&mut builder, files);
    builder.finish()
}

impl<'w> Builder<'w> {
    pub(super) fn root(&self, file: FileId) -> At {
        At {
            file,
            node: NodeId::ROOT,
        }
    }

    /// All nodes of a file with a role.
    pub(super) fn all(&self, file: FileId, role: Role) -> Vec<At> {
        let world = self.world;
        world
            .subtree(self.root(file))
            .filter(|&it| world.role(it) == role)
            .collect()
    }

    fn constructors(&mut self, file: FileId) {
        for call in self.all(file, Role::Call) {
            let Some((framework, is_app)) = self.constructor(call) else {
                continue;
            };
            let level = if is_app { Level::App } else { Level::Router };
            let mut guards = self.keyword_guards(call, level);
            guards.extend(self.subclass_guards(call, level));
            let prefix = ["url_prefix", "prefix", "path"]
                .iter()
                .find_map(|name| self.world.string_value(self.world.keyword(call, name)?));
            self.by_call.insert(call, self.objects.len());
            self.objects.push(Object {
                framework,
                is_app,
                prefix: prefix.unwrap_or_default(),
                guards,
                parents: Vec::new(),
            });
        }
    }

    fn constructor(&self, call: At) -> Option<(&'static str, bool)> {
        let world = self.world;
        let callee = world.callee(call)?;
        let named = |name: &str| CONSTRUCTORS.iter().find(|it| it.0 == name);
        let of_library = |path: &[&str]| {
            let known = LIBRARIES.contains(path.first()?);
            let (_, framework, is_app) = named(path.last()?).filter(|_| known)?;
            Some((framework_of(path[0], framework), *is_app))
        };
        match world.meaning(callee) {
            Meaning::Outside(path) => of_library(&path),
            Meaning::Place(class, rest) if rest.is_empty() && world.role(class) == Role::Class => {
                let (_, outside) = world.ancestry(class);
                outside.iter().find_map(|path| of_library(path))
            }
            _ => None,
        }
    }

    /// Guards among the arguments of a constructor or an inclusion.
    fn keyword_guards(&self, call: At, level: Level) -> Vec<Guard> {
        const PLACES: &[(&str, bool)] = &[
            ("dependencies", false),
            ("guards", false),
            ("auth", false),
            ("decorators", false),
            ("middleware", true),
            ("middlewares", true),
            ("on_app_init", true),
            ("before_request", true),
            ("security", false),
        ];
        let mut found = Vec::new();
        for &(name, hook) in PLACES {
            let Some(value) = self.world.keyword(call, name) else {
                continue;
            };
            for item in self.list(value) {
                found.extend(self.guard(item, level, hook));
            }
        }
        found
    }

    /// The items of a list, through a name for it.
    fn list(&self, at: At) -> Vec<At> {
        match self.world.meaning(at) {
            Meaning::Place(value, rest)
                if rest.is_empty() && self.world.role(value) == Role::List =>
            {
                self.world.items(value)
            }
            _ => self.world.items(at),
        }
    }

    /// What a subclass of a router hands to its base.
    fn subclass_guards(&self, call: At, level: Level) -> Vec<Guard> {
        let world = self.world;
        let class = world.callee(call).map(|it| world.meaning(it));
        let Some(Meaning::Place(class, _)) = class else {
            return Vec::new();
        };
        let (classes, _) = world.ancestry(class);
        let found = classes
            .into_iter()
            .flat_map(|class| guard::depends(world, class));
        found
            .filter_map(|it| self.guard(it, level, false))
            .collect()
    }

    /// The guard that an expression is, unless it has nothing to do with one.
    pub(super) fn guard(&self, at: At, level: Level, hook: bool) -> Option<Guard> {
        let strength = self.guards.of(at);
        (strength != Strength::None).then(|| Guard {
            name: short(self.world.text(at)),
            level,
            strength,
            at: Some(at),
            hook,
        })
    }

    /// The object that an expression means.
    pub(super) fn object(&self, at: At) -> Option<usize> {
        self.object_within(at, DEPTH)
    }

    fn object_within(&self, at: At, depth: u32) -> Option<usize> {
        let world = self.world;
        if depth == 0 {
            return None;
        }
        if let Some(&known) = self.by_call.get(&at) {
            return Some(known);
        }
        match world.role(at) {
            Role::Call => match world.meaning(world.callee(at)?) {
                Meaning::Place(function, rest)
                    if rest.is_empty() && world.role(function) == Role::Function =>
                {
                    self.returned(function, depth)
                }
                _ => None,
            },
            Role::Identifier | Role::Attribute => match world.meaning(at) {
                Meaning::Place(value, rest) if rest.is_empty() && value != at => {
                    self.object_within(value, depth - 1)
                }
                // `app.router`, `api.blueprint`: parts stand for the whole.
                Meaning::Place(value, rest) if rest.len() == 1 => {
                    self.object_within(value, depth - 1)
                }
                _ => self.attribute_of_self(at, depth),
            },
            Role::Await => self.object_within(world.children(at).last()?, depth - 1),
            _ => None,
        }
    }

    /// What `self.app` was assigned in the class.
    fn attribute_of_self(&self, at: At, depth: u32) -> Option<usize> {
        let world = self.world;
        let text = world.text(at);
        if !text.starts_with("self.") {
            return None;
        }
        let class = world
            .ancestors(at)
            .find(|&it| world.role(it) == Role::Class)?;
        let assigned = world.subtree(class).find(|&it| {
            world.role(it) == Role::Assignment
                && world
                    .field(it, Field::Left)
                    .is_some_and(|left| world.text(left) == text)
        })?;
        self.object_within(world.field(assigned, Field::Right)?, depth - 1)
    }

    fn returned(&self, function: At, depth: u32) -> Option<usize> {
        let world = self.world;
        let returns = world
            .subtree(function)
            .filter(|&it| world.role(it) == Role::Return);
        let mut values = returns.filter_map(|it| world.children(it).next());
        values.find_map(|value| {
            let items = world.items(value);
            items
                .into_iter()
                .find_map(|it| self.object_within(it, depth - 1))
        })
    }

    /// The object that an expression means, or one that stands for all of that name in its file.
    pub(super) fn object_or_loose(&mut self, at: At, framework: &'static str) -> usize {
        if let Some(known) = self.object(at) {
            return known;
        }
        let key = (at.file, self.world.text(at).to_owned());
        self.loose_object(key, framework)
    }

    /// An object about which only its name is known.
    pub(super) fn loose_object(&mut self, key: (FileId, String), framework: &'static str) -> usize {
        let next = self.objects.len();
        let found = *self.loose.entry(key).or_insert(next);
        if found == next {
            self.objects.push(Object {
                framework,
                is_app: false,
                prefix: String::new(),
                guards: Vec::new(),
                parents: Vec::new(),
            });
        }
        found
    }

    /// Inclusions, and hooks that are registered by calls.
    fn edges(&mut self, file: FileId) {
        const INCLUDES: &[&str] = &[
            "include_router",
            "register_blueprint",
            "mount",
            "add_subapp",
            "add_namespace",
            "blueprint",
            "add_router",
            "register_api",
            "register",
            "add_routes",
            "group",
        ];
        for call in self.all(file, Role::Call) {
            let Some((receiver, name)) = self.world.method(call) else {
                continue;
            };
            if INCLUDES.contains(&name) {
                self.include(call, receiver, name);
            }
            let positional = self.world.positional(call);
            if let "before_request"
            | "before_app_request"
            | "add_middleware"
            | "register_middleware" = name
                && let Some(&first) = positional.first()
                && self
                    .world
                    .parent(call)
                    .is_none_or(|it| self.world.role(it) != Role::Decorator)
                && let Some(found) = self.guard(first, Level::App, true)
            {
                self.hook(receiver, name, found);
            }
        }
        self.lists_of_handlers(file);
        self.initialisers(file);
    }

    /// `auth.on_app_init`: security of Litestar that takes over the application, wherever a plugin
    /// or the constructor hands it in.
    fn initialisers(&mut self, file: FileId) {
        for at in self.all(file, Role::Attribute) {
            let world = self.world;
            let parts: Vec<At> = world.children(at).collect();
            let [receiver, name] = parts.as_slice() else {
                continue;
            };
            if world.text(*name) == "on_app_init" && words::may_guard(world.text(*receiver)) {
                self.everywhere.push(Guard {
                    name: short(world.text(at)),
                    level: Level::App,
                    strength: Strength::Unknown,
                    at: Some(at),
                    hook: true,
                });
            }
        }
    }

    /// `Litestar(route_handlers=[...])`, `Blueprint.group(a, b)`.
    fn lists_of_handlers(&mut self, file: FileId) {
        for call in self.all(file, Role::Call) {
            let Some(&parent) = self.by_call.get(&call) else {
                continue;
            };
            let lists = ["route_handlers", "routes"]
                .iter()
                .filter_map(|name| self.world.keyword(call, name));
            let items: Vec<At> = lists.flat_map(|list| self.list(list)).collect();
            for item in items {
                if let Some(child) = self.object(item)
                    && child != parent
                {
                    self.objects[child].parents.push(Edge {
                        parent,
                        prefix: String::new(),
                        guards: Vec::new(),
                        mounted: false,
                    });
                }
            }
        }
    }

    fn include(&mut self, call: At, receiver: At, name: &str) {
        let world = self.world;
        let positional = world.positional(call);
        let child = positional
            .iter()
            .find_map(|&it| Some((it, self.object(it)?)));
        let (Some((_, child)), Some(parent)) = (child, self.object(receiver)) else {
            return;
        };
        let prefix = ["prefix", "url_prefix", "path"]
            .iter()
            .find_map(|name| world.string_value(world.keyword(call, name)?))
            .or_else(|| positional.iter().find_map(|&it| world.string(it)));
        if child != parent {
            let guards = self.keyword_guards(call, Level::Router);
            self.objects[child].parents.push(Edge {
                parent,
                prefix: prefix.unwrap_or_default(),
                guards,
                mounted: name == "mount",
            });
        }
    }

    fn hook(&mut self, receiver: At, name: &str, guard: Guard) {
        match self.object(receiver) {
            Some(object) if name != "before_app_request" => self.objects[object].guards.push(guard),
            // Whose it is cannot be told, so it may be in front of everything.
            _ => self.everywhere.push(guard),
        }
    }

    /// Functions and classes with decorators that register or hook them in.
    fn decorated(&mut self, file: FileId) {
        for definition in self.all(file, Role::Decorated) {
            let inner = self.world.undecorated(definition);
            let decorators = self.world.decorators(inner);
            for (place, &decorator) in decorators.iter().enumerate() {
                self.hook_decorator(decorator, inner);
                if let Some(spec) = self.spec(decorator) {
                    match self.world.role(inner) {
                        Role::Class => self.class_routes(inner, &spec),
                        _ => self.function_route(inner, &decorators, place, &spec),
                    }
                }
            }
        }
    }

    fn hook_decorator(&mut self, decorator: At, function: At) {
        const HOOKS: &[&str] = &[
            "before_request",
            "before_app_request",
            "middleware",
            "on_request",
            "before_websocket",
            "before_app_first_request",
            "before_first_request",
        ];
        let world = self.world;
        let target = match world.role(decorator) {
            Role::Call => world.callee(decorator),
            _ => Some(decorator),
        };
        let Some(target) = target else { return };
        if world.role(target) != Role::Attribute {
            return;
        }
        let parts: Vec<At> = world.children(target).collect();
        let (Some(&receiver), Some(&name)) = (parts.first(), parts.last()) else {
            return;
        };
        let name = world.text(name);
        let by_address = words::is_of_address(world.name(function));
        if HOOKS.contains(&name) && world.role(function) == Role::Function && !by_address {
            let strength = self.guards.of(function);
            if strength >= Strength::Unknown {
                let guard = Guard {
                    name: world.name(function).to_owned(),
                    level: Level::App,
                    strength,
                    at: Some(function),
                    hook: true,
                };
                self.hook(receiver, name, guard);
            }
        }
    }

    /// Methods, path and object of a decorator that registers a route.
    fn spec(&mut self, decorator: At) -> Option<Spec> {
        let world = self.world;
        if world.role(decorator) != Role::Call {
            return None;
        }
        let positional = world.positional(decorator);
        let path_at = positional.first().copied().or_else(|| {
            ["path", "rule", "uri"]
                .iter()
                .find_map(|name| world.keyword(decorator, name))
        });
        let path = path_at.and_then(|at| world.string_value(at));
        let (receiver, name) = match world.method(decorator) {
            Some((receiver, name)) => (Some(receiver), name),
            None => (None, world.callee_name(decorator)?),
        };
        let methods = methods(world, decorator, name)?;
        let object = match receiver {
            Some(receiver) => match self.object(receiver) {
                Some(object) => object,
                None => {
                    path.as_ref()
                        .filter(|path| path.starts_with('/') || path.starts_with("r'/"))?;
                    if !is_plausible(world, receiver) {
                        return None;
                    }
                    self.object_or_loose(receiver, guess(world, decorator))
                }
            },
            None => {
                let Meaning::Outside(path) = world.meaning(world.callee(decorator)?) else {
                    return None;
                };
                let framework = match *path.first()? {
                    "litestar" => "litestar",
                    "flask_appbuilder" => "flask",
                    _ => return None,
                };
                self.loose_object((decorator.file, String::from("handlers")), framework)
            }
        };
        Some(Spec {
            methods,
            path: path.unwrap_or_default(),
            object,
            registration: decorator,
        })
    }

    fn function_route(&mut self, function: At, decorators: &[At], place: usize, spec: &Spec) {
        let world = self.world;
        let class = world.class_of(function);
        let mut guards = self.keyword_guards(spec.registration, Level::Route);
        let open = is_open(world, spec.registration);
        let mut misplaced = None;
        for (at, &decorator) in decorators.iter().enumerate() {
            if at == place || self.registers(decorator) {
                continue;
            }
            let Some(guard) = self.guard(decorator, Level::Route, false) else {
                continue;
            };
            // What wraps the function after it was registered is never called. In a class the
            // framework takes the attribute, which is the outermost.
            let above = at < place && class.is_none();
            match above {
                true => misplaced = Some(guard),
                false => guards.push(guard),
            }
        }
        let mut group = spec.object;
        if let Some(class) = class {
            guards.extend(self.class_guards(class));
            if self.objects[group].framework == "litestar" {
                group = self.loose_object(
                    (class.file, format!("class {}", world.name(class))),
                    "litestar",
                );
                self.hang_controllers(group);
            }
        }
        let name = match class {
            Some(class) => format!("{}.{}", world.name(class), world.name(function)),
            None => world.name(function).to_owned(),
        };
        let route = self.route(function, name, spec.clone(), guards);
        self.routes.push(Route {
            misplaced,
            open,
            group,
            ..route
        });
    }

    /// Controllers hang on the only application there is.
    fn hang_controllers(&mut self, group: usize) {
        if !self.objects[group].parents.is_empty() {
            return;
        }
        let apps: Vec<usize> = (0..self.objects.len())
            .filter(|&it| self.objects[it].framework == "litestar" && self.objects[it].is_app)
            .collect();
        for parent in apps {
            self.objects[group].parents.push(Edge {
                parent,
                prefix: String::new(),
                guards: Vec::new(),
                mounted: false,
            });
        }
    }

    /// Whether a decorator registers a route: several may stand over one function.
    fn registers(&mut self, decorator: At) -> bool {
        self.spec(decorator).is_some()
    }

    /// A route without what its decorators say.
    pub(super) fn route(
        &self,
        function: At,
        name: String,
        spec: Spec,
        mut guards: Vec<Guard>,
    ) -> Route {
        let world = self.world;
        for dependency in guard::dependencies(world, function) {
            guards.extend(self.guard(dependency, Level::Parameter, false));
        }
        let (strength, summary) = self.guards.body(function);
        if strength >= Strength::Unknown {
            guards.push(Guard {
                name: summary
                    .checks
                    .first()
                    .cloned()
                    .unwrap_or_else(|| String::from("check in the body")),
                level: Level::Body,
                strength,
                at: Some(function),
                hook: false,
            });
        }
        Route {
            methods: spec.methods,
            path: spec.path,
            name,
            handler: function,
            registration: spec.registration,
            framework: self.objects[spec.object].framework,
            guards,
            group: spec.object,
            misplaced: None,
            open: false,
            left_out: None,
            summary,
        }
    }

    /// Guards that a class and its bases put in front of all of its methods.
    pub(super) fn class_guards(&self, class: At) -> Vec<Guard> {
        const LISTS: &[&str] = &["decorators", "method_decorators", "guards", "dependencies"];
        const HOOKS: &[&str] = &[
            "dispatch",
            "dispatch_request",
            "prepare",
            "pre_get",
            "is_accessible",
            "initial",
        ];
        let world = self.world;
        let (classes, outside) = world.ancestry(class);
        let mut found = Vec::new();
        for &class in &classes {
            for item in LISTS
                .iter()
                .filter_map(|name| world.class_attribute(class, name))
            {
                let items = self.list(item);
                found.extend(
                    items
                        .into_iter()
                        .filter_map(|it| self.guard(it, Level::Class, false)),
                );
            }
            for dependency in self.attributes(class) {
                found.extend(self.guard(dependency, Level::Class, false));
            }
            for decorator in world.decorators(class) {
                found.extend(self.guard(decorator, Level::Class, false));
            }
            for method in world.methods(class) {
                if HOOKS.contains(&world.name(method)) {
                    found.extend(self.guard(method, Level::Class, false));
                }
            }
        }
        for path in outside {
            let name = path.last().copied().unwrap_or("");
            let strength = guard::by_name(name);
            if strength >= Strength::Unknown {
                found.push(Guard {
                    name: name.to_owned(),
                    level: Level::Class,
                    strength,
                    at: None,
                    hook: false,
                });
            }
        }
        found
    }

    /// What class attributes depend on: `user = Depends(f)`, `user: CurrentUser`.
    fn attributes(&self, class: At) -> Vec<At> {
        let world = self.world;
        let body = world.field(class, Field::Body);
        let statements = body.into_iter().flat_map(|body| world.children(body));
        statements
            .filter(|&it| world.role(it) == Role::Assignment)
            .flat_map(|it| guard::depends(world, it))
            .collect()
    }

    /// One route for each method that a class serves.
    pub(super) fn class_routes(&mut self, class: At, spec: &Spec) {
        const VERBS: &[&str] = &["get", "post", "put", "patch", "delete"];
        let world = self.world;
        let shared = self.class_guards(class);
        for method in world.methods(class) {
            let verb = world.name(method);
            if !VERBS.contains(&verb) {
                continue;
            }
            let mut guards = shared.clone();
            for decorator in world.decorators(method) {
                guards.extend(self.guard(decorator, Level::Route, false));
            }
            let spec = Spec {
                methods: vec![verb.to_uppercase()],
                ..spec.clone()
            };
            let name = format!("{}.{verb}", world.name(class));
            let route = self.route(method, name, spec, guards);
            self.routes.push(route);
        }
    }

    /// Guards between an object and the outside: its own, and what all ways to it share.
    fn effective(&self, object: usize, depth: u32) -> Vec<Guard> {
        let own = &self.objects[object];
        let mut guards = own.guards.clone();
        if depth == 0 {
            return guards;
        }
        let ways: Vec<Vec<Guard>> = own
            .parents
            .iter()
            .map(|edge| {
                let above = self.effective(edge.parent, depth - 1);
                let above = above.into_iter().filter(|it| it.hook || !edge.mounted);
                edge.guards.iter().cloned().chain(above).collect()
            })
            .collect();
        let guarded = |way: &Vec<Guard>| way.iter().any(|it| it.strength >= Strength::Unknown);
        if ways.iter().all(guarded) {
            guards.extend(ways.into_iter().next().unwrap_or_default());
        }
        guards
    }

    /// Guards of applications, for objects that hang on none that is known.
    fn of_any_app(&self) -> Vec<Guard> {
        let apps = self.objects.iter().filter(|it| it.is_app);
        apps.flat_map(|it| it.guards.iter().cloned()).collect()
    }

    fn prefix(&self, object: usize, depth: u32) -> String {
        let own = &self.objects[object];
        match own.parents.first() {
            Some(edge) if depth > 0 => {
                self.prefix(edge.parent, depth - 1) + &edge.prefix + &own.prefix
            }
            _ => own.prefix.clone(),
        }
    }

    fn hangs_loose(&self, object: usize, depth: u32) -> bool {
        let own = &self.objects[object];
        !own.is_app
            && (depth == 0
                || own
                    .parents
                    .iter()
                    .all(|edge| self.hangs_loose(edge.parent, depth - 1)))
    }

    fn finish(mut self) -> Table {
        let any_app = self.of_any_app();
        let mut reaches: FxHashMap<At, Reach> = FxHashMap::default();
        let mut routes = std::mem::take(&mut self.routes);
        for route in &mut routes {
            route.guards.extend(self.effective(route.group, DEPTH));
            if self.hangs_loose(route.group, DEPTH) {
                route.guards.extend(any_app.iter().cloned());
            }
            route.guards.extend(self.everywhere.iter().cloned());
            // Middleware of HTTP never sees a websocket.
            if route.is_socket() && matches!(route.framework, "fastapi" | "starlette" | "quart") {
                route.guards.retain(|it| !it.hook);
            }
            if route.framework != "django" {
                route.path = self.prefix(route.group, DEPTH) + &route.path;
            }
            leave_out(self.world, route, &mut reaches);
        }
        let apps = self.by_call.iter().filter(|it| self.objects[*it.1].is_app);
        self.table.apps = apps.map(|it| *it.0).collect();
        self.table.apps.sort_unstable();
        self.table.has_authentication |= routes.iter().any(|it| !it.is_unguarded());
        self.table.routes = routes;
        self.table
    }
}

/// Takes away hooks that leave the route out.
fn leave_out(world: &World<'_>, route: &mut Route, reaches: &mut FxHashMap<At, Reach>) {
    let handler = route.name.rsplit('.').next().unwrap_or("");
    let mut left_out = None;
    route.guards.retain(|guard| {
        let Some(at) = guard.at.filter(|_| guard.hook) else {
            return true;
        };
        let Some(function) = hook_function(world, at) else {
            return true;
        };
        let reach = reaches
            .entry(function)
            .or_insert_with(|| reach::of(world, function));
        let covers = reach.covers(&route.path, handler);
        if !covers {
            left_out = Some(guard.clone());
        }
        covers
    });
    route.left_out = left_out;
}

/// The function that a hook runs: itself, or the `dispatch` of a middleware.
fn hook_function(world: &World<'_>, at: At) -> Option<At> {
    let definition = guard::definition(world, at)?;
    match world.role(definition) {
        Role::Function => Some(definition),
        Role::Class => world
            .methods(definition)
            .into_iter()
            .find(|&it| matches!(world.name(it), "dispatch" | "__call__" | "process_request")),
        _ => None,
    }
}

/// How and where a route is registered.
#[derive(Debug, Clone)]
pub(super) struct Spec {
    pub(super) methods: Vec<String>,
    pub(super) path: String,
    pub(super) object: usize,
    pub(super) registration: At,
}

/// Methods that a registering decorator's or function's name and arguments say; `None` if it
/// registers nothing.
pub(super) fn methods(world: &World<'_>, call: At, name: &str) -> Option<Vec<String>> {
    let plain = |text: &str| Some(vec![text.to_owned()]);
    match name {
        "get" | "post" | "put" | "patch" | "delete" | "head" | "options" => {
            plain(&name.to_uppercase())
        }
        "websocket" | "websocket_route" => plain("WS"),
        "route" | "api_route" | "expose" | "add_url_rule" | "add_api_route" | "add_route"
        | "api_operation" | "Route" | "APIRoute" | "endpoint" => {
            let stated = world
                .keyword(call, "methods")
                .or_else(|| world.keyword(call, "method"));
            let stated = stated.map(|list| world.items(list)).unwrap_or_default();
            let stated: Vec<String> = stated
                .into_iter()
                .filter_map(|it| world.string(it))
                .map(|it| it.to_uppercase())
                .collect();
            match stated.is_empty() {
                true => plain("GET"),
                false => Some(stated),
            }
        }
        _ => None,
    }
}

/// Whether an unknown receiver may be what routes hang on, and not a client or a mock.
fn is_plausible(world: &World<'_>, receiver: At) -> bool {
    let Some(path) = world.path(receiver) else {
        return false;
    };
    let last = path.last().copied().unwrap_or("");
    let words = words::split(last);
    words.iter().any(|word| {
        matches!(
            &**word,
            "app"
                | "router"
                | "bp"
                | "blueprint"
                | "api"
                | "blp"
                | "ns"
                | "namespace"
                | "routes"
                | "server"
                | "application"
                | "manager"
                | "page"
                | "mod"
        )
    })
}

/// The framework of a file, by the words in it.
pub(super) fn guess(world: &World<'_>, at: At) -> &'static str {
    let text = world.file(at.file).map_or("", |file| &file.source.text);
    let known = [
        "fastapi",
        "quart",
        "sanic",
        "litestar",
        "starlette",
        "aiohttp",
        "tornado",
        "bottle",
        "flask",
    ];
    known
        .into_iter()
        .find(|name| text.contains(name))
        .unwrap_or("flask")
}

fn framework_of(library: &str, usual: &'static str) -> &'static str {
    match library {
        "sanic" | "sanic_ext" => "sanic",
        "quart" => "quart",
        "ninja" => "ninja",
        "starlette" => "starlette",
        "aiohttp" => "aiohttp",
        "tornado" => "tornado",
        _ => usual,
    }
}

/// Whether a registration says that it is open to everybody.
fn is_open(world: &World<'_>, registration: At) -> bool {
    let is = |name: &str, value: &str| {
        world
            .keyword(registration, name)
            .is_some_and(|it| world.text(it) == value)
    };
    is("auth", "None") || is("exclude_from_auth", "True")
}

/// The first words of an expression, on one line.
pub(super) fn short(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(60) {
        Some((at, _)) => format!("{}...", &line[..at]),
        None => line,
    }
}
