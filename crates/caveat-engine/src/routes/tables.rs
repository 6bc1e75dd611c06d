//! Routes that Python registers by calls and tables instead of decorators: `add_url_rule`,
//! `add_resource`, `Route("/x", f)`, `web.get("/x", f)`, Tornado's tuples.

use caveat_parser::link::FileId;
use caveat_parser::{Field, Role};

use super::guard::Strength;
use super::python::{Builder, Spec, guess, methods};
use super::world::{At, Meaning};
use super::{Guard, Level};

/// Adds the routes of tables and calls.
pub(super) fn collect(builder: &mut Builder<'_>, files: &[FileId]) {
    for &file in files {
        for call in builder.all(file, Role::Call) {
            by_call(builder, call);
        }
        for tuple in builder.all(file, Role::Tuple) {
            let parts: Vec<At> = builder.world.children(tuple).collect();
            tornado(builder, tuple, &parts);
        }
    }
}

fn by_call(builder: &mut Builder<'_>, call: At) {
    let world = builder.world;
    let Some(name) = world.callee_name(call) else {
        return;
    };
    let is_decorator = world
        .parent(call)
        .is_some_and(|it| world.role(it) == Role::Decorator);
    if is_decorator {
        return;
    }
    match name {
        "add_resource" => resource(builder, call),
        "add_url_rule"
        | "add_api_route"
        | "add_route"
        | "add_view"
        | "add_websocket_route"
        | "add_api_websocket_route" => added(builder, call, name),
        "add_get" | "add_post" | "add_put" | "add_patch" | "add_delete" => {
            added(builder, call, name)
        }
        "url" | "URLSpec" => tornado(builder, call, &world.positional(call)),
        "Route" | "WebSocketRoute" | "APIRoute" => listed(builder, call, name),
        "get" | "post" | "put" | "patch" | "delete" | "view" => {
            let outside = world.callee(call).map(|it| world.meaning(it));
            if let Some(Meaning::Outside(path)) = outside
                && path.first() == Some(&"aiohttp")
            {
                listed(builder, call, name);
            }
        }
        _ => {}
    }
}

/// The function or class that serves a route, from the expression that names it.
fn handler(builder: &Builder<'_>, at: At) -> Option<At> {
    let world = builder.world;
    let at = match world.role(at) {
        // `Users.as_view("users")`, `partial(f, x)`.
        Role::Call => {
            let callee = world.callee(at)?;
            match world.method(at) {
                Some((class, "as_view")) => class,
                _ if world.callee_name(at) == Some("partial") => *world.positional(at).first()?,
                // `login_required(f)`, a guard around the handler.
                _ => {
                    let first = world.positional(at).first().copied();
                    return first
                        .filter(|&it| world.role(it) != Role::String)
                        .and_then(|it| handler(builder, it))
                        .or_else(|| handler(builder, callee));
                }
            }
        }
        _ => at,
    };
    if let Meaning::Place(place, rest) = world.meaning(at) {
        return match (world.role(place), rest.as_slice()) {
            (Role::Function | Role::Class, []) => Some(place),
            (Role::Class, [name]) => method(builder, place, name),
            (Role::Call, [name]) => match world.meaning(world.callee(place)?) {
                Meaning::Place(class, _) if world.role(class) == Role::Class => {
                    method(builder, class, name)
                }
                _ => None,
            },
            _ => None,
        };
    }
    let path = world.path(at)?;
    let ["self", name] = path.as_slice() else {
        return None;
    };
    let class = world
        .ancestors(at)
        .find(|&it| world.role(it) == Role::Class)?;
    method(builder, class, name)
}

fn method(builder: &Builder<'_>, class: At, name: &str) -> Option<At> {
    let (classes, _) = builder.world.ancestry(class);
    let mut all = classes.into_iter().flat_map(|it| builder.world.methods(it));
    all.find(|&it| builder.world.name(it) == name)
}

fn resource(builder: &mut Builder<'_>, call: At) {
    let world = builder.world;
    let positional = world.positional(call);
    let Some(class) = positional.first().and_then(|&it| handler(builder, it)) else {
        return;
    };
    if world.role(class) != Role::Class {
        return;
    }
    let path = positional.iter().find_map(|&it| world.string_value(it));
    let Some((receiver, _)) = world.method(call) else {
        return;
    };
    let spec = Spec {
        methods: Vec::new(),
        path: path.unwrap_or_default(),
        object: builder.object_or_loose(receiver, "flask"),
        registration: call,
    };
    builder.class_routes(class, &spec);
}

fn added(builder: &mut Builder<'_>, call: At, name: &str) {
    let world = builder.world;
    let positional = world.positional(call);
    let stated = ["view_func", "endpoint", "handler", "route"]
        .iter()
        .filter_map(|name| world.keyword(call, name));
    let served = stated
        .chain(positional.iter().copied())
        .filter(|&it| !matches!(world.role(it), Role::String))
        .find_map(|it| Some((it, handler(builder, it)?)));
    let Some((written, handler)) = served else {
        return;
    };
    let Some((receiver, _)) = world.method(call) else {
        return;
    };
    let strings: Vec<String> = positional
        .iter()
        .filter_map(|&it| world.string_value(it))
        .collect();
    let path = strings
        .iter()
        .find(|text| text.starts_with('/') || text.is_empty());
    let Some(path) = path.or(strings.first()).cloned() else {
        return;
    };
    let verb = match name.strip_prefix("add_") {
        Some("websocket_route" | "api_websocket_route") => vec![String::from("WS")],
        Some(verb @ ("get" | "post" | "put" | "patch" | "delete")) => vec![verb.to_uppercase()],
        _ => match strings.first() {
            Some(verb) if verb.chars().all(|c| c.is_ascii_uppercase()) && !verb.is_empty() => {
                vec![verb.clone()]
            }
            _ => methods(world, call, "route").unwrap_or_default(),
        },
    };
    let framework = guess(world, call);
    let spec = Spec {
        methods: verb,
        path,
        object: builder.object_or_loose(receiver, framework),
        registration: call,
    };
    add(builder, handler, written, spec);
}

/// An entry of a list of routes: `Route("/x", f)`, `web.get("/x", f)`.
fn listed(builder: &mut Builder<'_>, call: At, name: &str) {
    let world = builder.world;
    let positional = world.positional(call);
    let Some(path) = positional.first().and_then(|&it| world.string_value(it)) else {
        return;
    };
    let written = positional
        .get(1)
        .copied()
        .or_else(|| world.keyword(call, "endpoint"));
    let Some((written, handler)) = written.and_then(|it| Some((it, handler(builder, it)?))) else {
        return;
    };
    let verb = match name {
        "WebSocketRoute" => vec![String::from("WS")],
        "view" => vec![String::from("*")],
        _ => methods(world, call, name).unwrap_or_default(),
    };
    let framework = guess(world, call);
    let object = builder.loose_object((call.file, String::from("table")), framework);
    let spec = Spec {
        methods: verb,
        path,
        object,
        registration: call,
    };
    add(builder, handler, written, spec);
}

fn add(builder: &mut Builder<'_>, handler: At, written: At, spec: Spec) {
    let world = builder.world;
    if world.role(handler) == Role::Class {
        builder.class_routes(handler, &spec);
        return;
    }
    let mut guards = Vec::new();
    // `add_url_rule("/x", view_func=login_required(f))`: the wrapper was taken for the handler.
    for dependency in super::guard::depends(world, spec.registration) {
        guards.extend(builder.guard(dependency, Level::Route, false));
    }
    if world.role(written) == Role::Call {
        guards.extend(builder.guard(written, Level::Route, false));
    }
    for decorator in world.decorators(handler) {
        guards.extend(builder.guard(decorator, Level::Route, false));
    }
    let name = match world.class_of(handler) {
        Some(class) => format!("{}.{}", world.name(class), world.name(handler)),
        None => world.name(handler).to_owned(),
    };
    let route = builder.route(handler, name, spec, guards);
    builder.routes.push(route);
}

/// `(r"/x", Handler)` or `url(r"/x", Handler)` where the class is a request handler.
fn tornado(builder: &mut Builder<'_>, tuple: At, parts: &[At]) {
    let world = builder.world;
    let [path, served, ..] = parts else {
        return;
    };
    let class = match world.meaning(*served) {
        Meaning::Place(class, rest) if rest.is_empty() && world.role(class) == Role::Class => class,
        _ => return,
    };
    let (classes, outside) = world.ancestry(class);
    let is_handler = outside.iter().filter_map(|path| path.last()).any(|name| {
        name.ends_with("Handler") || matches!(*name, "JupyterHandler" | "WebSocketMixin")
    });
    let Some(path) = path_text(builder, *path).filter(|_| is_handler) else {
        return;
    };
    // Handlers of Jupyter's server ask nobody by themselves, and its users always have a token.
    let of_jupyter = outside.iter().any(|path| {
        matches!(
            path.first(),
            Some(&("jupyter_server" | "notebook" | "jupyterhub"))
        ) && path.len() > 1
    });
    let framework = if of_jupyter { "jupyter" } else { "tornado" };
    let key = (tuple.file, format!("table of {framework}"));
    let object = builder.loose_object(key, framework);
    let mut shared = builder.class_guards(class);
    shared.retain(|it| !it.name.ends_with("Handler"));
    let verbs = ["get", "post", "put", "patch", "delete", "open"];
    let methods = classes.iter().flat_map(|&it| world.methods(it));
    let mut seen: Vec<&str> = Vec::new();
    for function in methods {
        let verb = world.name(function);
        if !verbs.contains(&verb) || seen.contains(&verb) {
            continue;
        }
        seen.push(verb);
        let mut guards = shared.clone();
        for decorator in world.decorators(function) {
            guards.extend(builder.guard(decorator, Level::Route, false));
        }
        let spec = Spec {
            methods: vec![if verb == "open" {
                String::from("WS")
            } else {
                verb.to_uppercase()
            }],
            path: path.clone(),
            object,
            registration: tuple,
        };
        let name = format!("{}.{verb}", world.name(class));
        let route = builder.route(function, name, spec, guards);
        builder.routes.push(route);
    }
}

/// The text of a path that may be put together from names.
fn path_text(builder: &Builder<'_>, at: At) -> Option<String> {
    let world = builder.world;
    if let Some(text) = world.string_value(at) {
        return Some(text);
    }
    let is_text = |it: At| matches!(world.role(it), Role::String | Role::ConcatenatedString);
    match world.role(at) {
        Role::Binary => world
            .subtree(at)
            .find(|&it| is_text(it))
            .and_then(|it| world.string(it)),
        Role::Call => world
            .field(at, Field::Arguments)
            .and_then(|list| world.subtree(list).find(|&it| is_text(it)))
            .and_then(|it| world.string(it)),
        _ => None,
    }
}

/// A guard that stands for settings of the whole project.
pub(super) fn settings_guard(name: &str, strength: Strength, at: At) -> Guard {
    Guard {
        name: name.to_owned(),
        level: Level::Settings,
        strength,
        at: Some(at),
        hook: true,
    }
}
