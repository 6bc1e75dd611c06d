//! Rust frameworks that register without routers: filters of warp, attributes of poem-openapi,
//! services of tonic.

use caveat_parser::link::FileId;
use caveat_parser::skeleton::ItemKind;
use caveat_parser::{Field, NodeId, Role};

use super::{At, Draft, Evaluator, Guard, Level, Meaning, Strength, World, by_name, short};
use crate::routes::words;

/// The routes of files that use one of these frameworks.
pub(super) fn drafts(evaluator: &Evaluator<'_>, files: &[FileId], functions: &[At]) -> Vec<Draft> {
    let world = evaluator.world;
    let mut found = Vec::new();
    let text = |file: FileId| world.file(file).map_or("", |it| &it.source.text);
    for &file in files {
        let own = functions.iter().copied().filter(|it| it.file == file);
        if text(file).contains("#[oai(") {
            found.extend(own.clone().filter_map(|it| openapi(world, it)));
        }
        if text(file).contains("tonic") {
            found.extend(own.filter_map(|it| rpc(world, files, it)));
        }
        if text(file).contains("warp::") {
            found.extend(filters(evaluator, file));
        }
    }
    found
}

fn draft(handler: At, registration: At, framework: &'static str) -> Draft {
    Draft {
        methods: Vec::new(),
        path: String::new(),
        handler,
        registration,
        guards: Vec::new(),
        framework,
        builder: At {
            file: registration.file,
            node: NodeId::ROOT,
        },
    }
}

fn guard(world: &World<'_>, at: At, level: Level, strength: Strength) -> Guard {
    Guard {
        name: short(world.text(at)),
        level,
        strength,
        at: Some(at),
        hook: false,
    }
}

/// `#[oai(path = "/x", method = "get", transform = "f")]` on a method.
fn openapi(world: &World<'_>, function: At) -> Option<Draft> {
    let parsed = world.file(function.file)?;
    let text = crate::context::attributes(&parsed.arena, function.node)
        .map(|node| world.text(At { node, ..function }))
        .find(|text| text.contains("oai(") && text.contains("path"))?;
    let value = |name: &str| {
        let rest = text
            .split_once(&format!("{name} "))
            .or_else(|| text.split_once(&format!("{name}=")))?
            .1;
        rest.split('"').nth(1).map(str::to_owned)
    };
    let mut draft = draft(function, function, "poem");
    draft.path = value("path")?;
    draft.methods = vec![
        value("method")
            .unwrap_or_else(|| String::from("get"))
            .to_uppercase(),
    ];
    if let Some(transform) = value("transform") {
        let strength = by_name(&transform);
        if strength >= Strength::Unknown {
            draft.guards.push(Guard {
                name: transform,
                level: Level::Route,
                strength,
                at: None,
                hook: false,
            });
        }
    }
    draft.guards.extend(schemes(world, function));
    Some(draft)
}

/// Parameters of types that are security schemes with a check of their own.
fn schemes(world: &World<'_>, function: At) -> Vec<Guard> {
    let Some(list) = world.field(function, Field::Parameters) else {
        return Vec::new();
    };
    let types = world
        .children(list)
        .filter_map(|it| world.field(it, Field::Type));
    types
        .filter_map(|kind| {
            let name = world.path(kind)?.last().copied()?;
            let strength = world.project.definitions(name).iter().find_map(|&id| {
                let definition = world.project.definition(id);
                let is_type = matches!(definition.kind, ItemKind::Class);
                let parsed = world.file(id.file).filter(|_| is_type)?;
                scheme(&parsed.source.text, name)
            })?;
            Some(guard(world, kind, Level::Parameter, strength))
        })
        .collect()
}

/// What a type is worth as a security scheme: without a checker it only reads what was sent.
fn scheme(text: &str, name: &str) -> Option<Strength> {
    let at = ["struct ", "enum "]
        .iter()
        .find_map(|word| text.find(&format!("{word}{name}")))?;
    let start = text[..at].rfind("#[derive(").unwrap_or(at);
    let attributes = &text[start..at];
    if !attributes.contains("SecurityScheme") {
        return None;
    }
    Some(match attributes.contains("checker") {
        true => Strength::Guard,
        false => Strength::None,
    })
    .filter(|it| *it != Strength::None)
}

/// A method of `impl Greeter for Service` that takes a request and gives a response of tonic.
fn rpc(world: &World<'_>, files: &[FileId], function: At) -> Option<Draft> {
    let service = world
        .ancestors(function)
        .find(|&it| world.role(it) == Role::Impl)?;
    let name = world
        .path(world.field(service, Field::Trait)?)?
        .last()
        .copied()?;
    let parameters = world.text(world.field(function, Field::Parameters)?);
    let result = world.text(world.field(function, Field::ReturnType)?);
    if !parameters.contains("Request<")
        || !result.contains("Response<")
        || !result.contains("Status")
    {
        return None;
    }
    let mut draft = draft(function, function, "tonic");
    draft.methods = vec![String::from("GRPC")];
    draft.path = format!("/{name}/{}", world.name(function));
    draft.builder = service;
    draft.guards.extend(interceptor(world, files, name));
    Some(draft)
}

/// What stands in front of a service where it is added to the server.
fn interceptor(world: &World<'_>, files: &[FileId], name: &str) -> Option<Guard> {
    let server = format!("{name}Server");
    for &file in files {
        let text = world.file(file).map_or("", |it| &it.source.text);
        if !text.contains("tonic") && !text.contains(&server) {
            continue;
        }
        let around = format!("{server}::with_interceptor");
        let layered = text.contains(&server)
            && text.contains("Server::builder()")
            && text.match_indices(".layer(").any(|(at, _)| {
                let rest: String = text[at..].chars().take(80).collect();
                words::split(&rest).iter().any(|word| {
                    matches!(
                        &**word,
                        "auth" | "authn" | "authorization" | "jwt" | "interceptor"
                    )
                })
            });
        let inside = text.contains("InterceptedService::new") && text.contains(&server);
        if text.contains(&around) || layered || inside {
            return Some(Guard {
                name: String::from("interceptor"),
                level: Level::Router,
                strength: Strength::Unknown,
                at: None,
                hook: false,
            });
        }
    }
    None
}

/// `warp::path("x").and(warp::post()).and(with_auth()).and_then(handler)`.
fn filters(evaluator: &Evaluator<'_>, file: FileId) -> Vec<Draft> {
    let world = evaluator.world;
    let root = At {
        file,
        node: NodeId::ROOT,
    };
    let calls = world
        .subtree(root)
        .filter(|&it| world.role(it) == Role::Call);
    calls.filter_map(|call| filter(evaluator, call)).collect()
}

fn filter(evaluator: &Evaluator<'_>, call: At) -> Option<Draft> {
    let world = evaluator.world;
    let (receiver, name) = world.method(call)?;
    let handler = world.positional(call).first().copied()?;
    if !matches!(name, "and_then" | "map" | "then") {
        return None;
    }
    let handler = match world.role(handler) {
        Role::Lambda => handler,
        _ => match world.meaning(handler) {
            Meaning::Place(place, rest)
                if rest.is_empty() && world.role(place) == Role::Function =>
            {
                place
            }
            _ => return None,
        },
    };
    let mut found = draft(handler, world.positional(call).first().copied()?, "warp");
    let mut at = receiver;
    let mut paths = Vec::new();
    // From the last link to the first.
    for _ in 0..32 {
        let link = match world.method(at) {
            Some((inner, "and")) => {
                let link = world.positional(at).first().copied();
                at = inner;
                link
            }
            Some((inner, "boxed" | "or" | "unify" | "recover" | "clone" | "with")) => {
                at = inner;
                None
            }
            _ => break,
        };
        if let Some(link) = link {
            part(evaluator, link, &mut found, &mut paths);
        }
    }
    part(evaluator, at, &mut found, &mut paths);
    if paths.is_empty() {
        return None;
    }
    paths.reverse();
    found.path = format!("/{}", paths.join("/"));
    if found.methods.is_empty() {
        found.methods.push(String::from("*"));
    }
    Some(found)
}

/// What one link of a chain of filters says: a path, a method, or who may pass.
fn part(evaluator: &Evaluator<'_>, link: At, found: &mut Draft, paths: &mut Vec<String>) {
    let world = evaluator.world;
    let text = world.text(link);
    if let Some(rest) = text
        .strip_prefix("warp::path!(")
        .or_else(|| text.strip_prefix("path!("))
    {
        let inner = rest.trim_end_matches(')');
        let parts = inner.split('/').map(|part| {
            let part = part.trim();
            match part.strip_prefix('"') {
                Some(word) => word.trim_end_matches('"').to_owned(),
                None => format!("{{{part}}}"),
            }
        });
        let parts: Vec<String> = parts.filter(|it| it != "{..}" && it != "{}").collect();
        paths.push(parts.join("/"));
        return;
    }
    if let Some(rest) = text.strip_prefix("warp::") {
        let name = rest.split(['(', ':', '<']).next().unwrap_or("");
        match name {
            "path" if rest.starts_with("path(") => {
                let first = world.positional(link).first().copied();
                paths.extend(first.and_then(|it| world.string_value(it)));
            }
            "path" if rest.starts_with("path::param") => paths.push(String::from("{param}")),
            "get" | "post" | "put" | "patch" | "delete" | "head" | "options" => {
                found.methods = vec![name.to_uppercase()];
            }
            "ws" => found.methods = vec![String::from("WS")],
            _ => {}
        }
        return;
    }
    let callee = world.callee(link).unwrap_or(link);
    let last = world
        .path(callee)
        .and_then(|it| it.last().copied())
        .unwrap_or("");
    let read = match world.meaning(callee) {
        Meaning::Place(place, rest) if rest.is_empty() && world.role(place) == Role::Function => {
            evaluator.guards.of(place)
        }
        _ => Strength::None,
    };
    let strength = read.max(by_name(last));
    if strength >= Strength::Unknown {
        found
            .guards
            .push(guard(world, link, Level::Route, strength));
    }
}
