//! The routes of a project's web applications and the guards in front of them.
//!
//! A route is one registration of a handler: methods, path, the object it hangs on, and every
//! guard between the outside and its first effect, at whichever level: parameter, decorator,
//! class, router, place of inclusion, application, settings, body. Judging routes is the work of
//! [`judge`]; this module must not know rules. Files are handed in parsed; others are loaded when
//! a name leads there.

mod django;
mod findings;
mod guard;
pub mod judge;
mod python;
mod reach;
mod rust;
mod sensitive;
mod summary;
mod tables;
pub(crate) mod words;
mod world;

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use caveat_parser::Language;

pub use findings::{findings, is_wanted};
pub use guard::Strength;
pub use summary::Summary;
pub use world::{At, Load, Parsed, World};

/// Where a guard stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A parameter of the handler.
    Parameter,
    /// A decorator of the handler, or an argument of its registration.
    Route,
    /// The handler's class or one that it is made from.
    Class,
    /// The router or blueprint, or the place where it is included.
    Router,
    /// The application: middleware, hooks, dependencies.
    App,
    /// Settings of the project.
    Settings,
    /// The handler's own body.
    Body,
}

impl Level {
    /// The word for it in tables.
    pub fn word(self) -> &'static str {
        match self {
            Level::Parameter => "parameter",
            Level::Route => "route",
            Level::Class => "class",
            Level::Router => "router",
            Level::App => "app",
            Level::Settings => "settings",
            Level::Body => "body",
        }
    }
}

/// Something in front of a handler that may turn a request away.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    /// As it is written.
    pub name: String,
    /// Where it stands.
    pub level: Level,
    /// What it is worth.
    pub strength: Strength,
    /// Its place, if it has one.
    pub at: Option<At>,
    /// A hook or middleware, which mounted applications pass, too.
    pub hook: bool,
}

/// One registration of a handler.
#[derive(Debug, Clone)]
pub struct Route {
    /// Upper-case methods; `WS` for a websocket, `*` for any.
    pub methods: Vec<String>,
    /// The path with the prefixes that are known.
    pub path: String,
    /// Name of the handler, of a method with its class.
    pub name: String,
    /// The handler: a function, or a class of which one function serves one method.
    pub handler: At,
    /// The decorator, call or entry of a table that registers it.
    pub registration: At,
    /// The framework's name.
    pub framework: &'static str,
    /// What stands in front of it.
    pub guards: Vec<Guard>,
    /// The object it hangs on: routes of one number share router, blueprint or class.
    pub group: usize,
    /// A guard that stands where it has no effect: above the decorator that registers.
    pub misplaced: Option<Guard>,
    /// The code says that it is open: `auth=None`, `AllowAny`, `login_not_required`.
    pub open: bool,
    /// A hook in front of the other routes that does not ask about this one.
    pub left_out: Option<Guard>,
    /// What its body does.
    pub summary: Summary,
}

impl Route {
    /// The strongest guard.
    pub fn guard(&self) -> Option<&Guard> {
        let real = |it: &&Guard| it.strength >= Strength::Unknown;
        self.guards.iter().filter(real).max_by_key(|it| it.strength)
    }

    /// Whether nothing in front of it can turn anybody away, nor looks as if it could.
    pub fn is_unguarded(&self) -> bool {
        self.guard().is_none()
    }

    /// Whether it is a websocket.
    pub fn is_socket(&self) -> bool {
        self.methods.iter().any(|it| it == "WS")
    }

    /// Whether a request to it is meant to change something, by its method.
    pub fn changes(&self) -> bool {
        let changing = |it: &String| matches!(&**it, "POST" | "PUT" | "PATCH" | "DELETE" | "GRPC");
        self.methods.iter().any(changing)
    }
}

/// All that was found.
#[derive(Debug, Default)]
pub struct Table {
    /// In order of file and place of the handler.
    pub routes: Vec<Route>,
    /// Some signs of authentication are in the project, whether or not routes use them.
    pub has_authentication: bool,
    /// Where applications are made.
    pub apps: Vec<At>,
}

/// Words of which a file that registers routes, or says what is in front of all, has at least one.
const PYTHON: &[&str] = &[
    ".route(",
    "@bp.",
    "@router.",
    "@app.",
    "@api.",
    "@blueprint.",
    "@routes.",
    "APIRouter",
    "Blueprint",
    "FastAPI",
    "Flask(",
    "Quart(",
    "Sanic(",
    "Starlette",
    "Litestar",
    "litestar",
    "NinjaAPI",
    "ninja",
    "urlpatterns",
    "rest_framework",
    "DEFAULT_PERMISSION_CLASSES",
    "MIDDLEWARE",
    "add_url_rule",
    "add_api_route",
    "add_resource",
    "MethodView",
    "Resource)",
    "web.Application",
    "RouteTableDef",
    "add_routes",
    "add_get(",
    "add_post(",
    "web.get(",
    "web.post(",
    "RequestHandler",
    "APIHandler",
    "JupyterHandler",
    "Handler)",
    "before_request",
    "WebSocketRoute",
    "include_router",
    "register_blueprint",
    "on_app_init",
];
const RUST: &[&str] = &[
    "Router",
    "actix_web",
    "web::scope",
    "web::resource",
    "ServiceConfig",
    "rocket",
    "#[get(",
    "#[post(",
    "#[put(",
    "#[delete(",
    "#[patch(",
    "warp::",
    "poem",
    "#[oai(",
    "tonic",
];

/// Whether a file may register routes, so that it is worth parsing for them.
pub fn takes_part(path: &str, text: &str) -> bool {
    static FINDERS: OnceLock<[AhoCorasick; 2]> = OnceLock::new();
    let build = |words: &[&str]| AhoCorasick::new(words).expect("a short list of words");
    let finders = FINDERS.get_or_init(|| [build(PYTHON), build(RUST)]);
    let finder = match Language::from_path(path).name() {
        "python" => &finders[0],
        "rust" => &finders[1],
        _ => return false,
    };
    finder.is_match(text) && !crate::context::is_test_path(path)
}

/// Finds the routes of the files at `seeds` (those that [`takes_part`]).
pub fn collect(world: &World<'_>, seeds: &[&str]) -> Table {
    let mut seeds: Vec<_> = seeds
        .iter()
        .filter_map(|path| world.project.file(path))
        .collect();
    seeds.sort_unstable();
    seeds.dedup();
    seeds.retain(|&file| world.file(file).is_some());
    let (rust, python): (Vec<_>, Vec<_>) = seeds
        .into_iter()
        .partition(|&file| world.project.language(file).name() == "rust");
    let mut table = python::collect(world, &python);
    rust::collect(world, &rust, &mut table);
    table
        .routes
        .sort_by_key(|it| (it.handler.file, it.handler.node, it.registration));
    table
}
