//! Routes of Django and Django REST framework: `urlpatterns`, routers, views, permission classes,
//! and what settings put in front of all of them.

use caveat_parser::link::FileId;
use caveat_parser::{Field, Role};

use super::guard::Strength;
use super::python::{Builder, Spec, short};
use super::tables::settings_guard;
use super::world::{At, Meaning};
use super::{Guard, Level, words};

/// Adds the routes of urlconfs.
pub(super) fn collect(builder: &mut Builder<'_>, files: &[FileId]) {
    let default = settings(builder, files);
    for &file in files {
        let text = builder.world.file(file).map_or("", |it| &it.source.text);
        if !text.contains("urlpatterns") && !text.contains(".register(") {
            continue;
        }
        for call in builder.all(file, Role::Call) {
            match builder.world.callee_name(call) {
                Some("path" | "re_path" | "url") => entry(builder, call, default.as_ref()),
                Some("register") => viewset(builder, call, default.as_ref()),
                _ => wrapped(builder, call),
            }
        }
    }
}

/// Reads settings: middleware that asks everybody to sign in, the permissions of all API views.
fn settings(builder: &mut Builder<'_>, files: &[FileId]) -> Option<Guard> {
    let world = builder.world;
    let mut default = None;
    for &file in files {
        let text = world.file(file).map_or("", |it| &it.source.text);
        if text.contains("DEFAULT_PERMISSION_CLASSES") {
            let pairs = builder.all(file, Role::Pair);
            let stated = pairs.into_iter().find(|&it| {
                let key = world
                    .field(it, Field::Key)
                    .and_then(|key| world.string(key));
                key.as_deref() == Some("DEFAULT_PERMISSION_CLASSES")
            });
            if let Some(pair) = stated
                && !world.text(pair).contains("AllowAny")
            {
                let strength = match world.text(pair).contains("ReadOnly") {
                    true => Strength::Unknown,
                    false => Strength::Guard,
                };
                default = Some(settings_guard("DEFAULT_PERMISSION_CLASSES", strength, pair));
            }
        }
        if text.contains("MIDDLEWARE") {
            middleware(builder, file);
        }
    }
    builder.table.has_authentication |= default.is_some();
    default
}

fn middleware(builder: &mut Builder<'_>, file: FileId) {
    let world = builder.world;
    for assignment in builder.all(file, Role::Assignment) {
        let left = world
            .field(assignment, Field::Left)
            .map_or("", |it| world.text(it));
        if !left.starts_with("MIDDLEWARE") {
            continue;
        }
        let strings = world
            .subtree(assignment)
            .filter(|&it| world.role(it) == Role::String);
        for item in strings {
            let name = world.string(item).unwrap_or_default();
            let last = name.rsplit('.').next().unwrap_or("");
            let of_django = name.starts_with("django.") && last != "LoginRequiredMiddleware";
            let words = words::split(last);
            let has = |list: &[&str]| words.iter().any(|word| list.contains(&&**word));
            let asks = has(&[
                "login",
                "permission",
                "access",
                "authorization",
                "require",
                "required",
                "auth",
            ]) && !has(&[
                "session", "token", "csrf", "jwt", "history", "audit", "account", "oauth2",
            ]);
            if asks && !of_django {
                builder
                    .everywhere
                    .push(settings_guard(last, Strength::Unknown, item));
            }
        }
    }
}

/// `decorate(urlpatterns, require_admin)`: which patterns are meant cannot be told.
fn wrapped(builder: &mut Builder<'_>, call: At) {
    let world = builder.world;
    let arguments = world.positional(call);
    let has_patterns = arguments
        .iter()
        .any(|&it| world.text(it).ends_with("urlpatterns"));
    if !has_patterns || arguments.len() < 2 {
        return;
    }
    for argument in arguments {
        if let Some(guard) = builder.guard(argument, Level::App, true) {
            builder.everywhere.push(guard);
        }
    }
}

/// `path("users/", view)` in a list of patterns.
fn entry(builder: &mut Builder<'_>, call: At, default: Option<&Guard>) {
    let world = builder.world;
    let positional = world.positional(call);
    let (Some(path), Some(&view)) = (
        positional.first().and_then(|&it| world.string(it)),
        positional.get(1),
    ) else {
        return;
    };
    let mut guards = Vec::new();
    let mut view = view;
    // `login_required(view)` and the like, around each other.
    while world.role(view) == Role::Call && world.callee_name(view) != Some("as_view") {
        if world.callee_name(view) == Some("include") {
            return;
        }
        guards.extend(builder.guard(view, Level::Route, false));
        match world.positional(view).first() {
            Some(&inner) => view = inner,
            None => return,
        }
    }
    let view = match world.method(view) {
        Some((class, "as_view")) => class,
        _ => view,
    };
    let Meaning::Place(place, rest) = world.meaning(view) else {
        return;
    };
    let spec = Spec {
        methods: vec![String::from("*")],
        path,
        object: builder.loose_object((place.file, String::from("views")), "django"),
        registration: call,
    };
    match world.role(place) {
        Role::Function if rest.is_empty() => function(builder, place, spec, guards, default),
        Role::Class if rest.is_empty() => class(builder, place, &spec, &guards, default),
        _ => {}
    }
}

/// `router.register("users", UserViewSet)`.
fn viewset(builder: &mut Builder<'_>, call: At, default: Option<&Guard>) {
    let world = builder.world;
    let positional = world.positional(call);
    let path = positional.first().and_then(|&it| world.string(it));
    let (Some(path), Some(&served)) = (path, positional.get(1)) else {
        return;
    };
    let Meaning::Place(place, _) = world.meaning(served) else {
        return;
    };
    if world.role(place) != Role::Class {
        return;
    }
    let (_, outside) = world.ancestry(place);
    let is_view = outside
        .iter()
        .filter_map(|it| it.last())
        .any(|it| it.contains("View"));
    if is_view {
        let spec = Spec {
            methods: vec![String::from("*")],
            path,
            object: builder.loose_object((place.file, String::from("views")), "django"),
            registration: call,
        };
        class(builder, place, &spec, &[], default);
    }
}

fn function(
    builder: &mut Builder<'_>,
    view: At,
    spec: Spec,
    guards: Vec<Guard>,
    default: Option<&Guard>,
) {
    let world = builder.world;
    let mut guards = guards;
    let (mut api, mut stated, mut open) = (None, false, false);
    for decorator in world.decorators(view) {
        let text = world.text(decorator);
        if text.starts_with("api_view") {
            api = Some(decorator);
        } else if text.starts_with("permission_classes") {
            stated = true;
            let own = permissions(builder, decorator);
            open |= own.is_empty();
            guards.extend(own);
        } else if text.contains("login_not_required") {
            open = true;
        } else {
            guards.extend(builder.guard(decorator, Level::Route, false));
        }
    }
    if api.is_some() && !stated {
        guards.extend(default.cloned());
    }
    let mut spec = spec;
    if let Some(list) = api.and_then(|it| world.positional(it).first().copied()) {
        let methods = world
            .items(list)
            .into_iter()
            .filter_map(|it| world.string(it));
        spec.methods = methods.map(|it| it.to_uppercase()).collect();
    } else if let Some(methods) = tested_methods(builder, view) {
        spec.methods = methods;
    }
    let name = world.name(view).to_owned();
    let mut route = builder.route(view, name, spec, guards);
    route.open = open;
    builder.routes.push(route);
}

/// What a view says of its methods: decorators, and tests of `request.method`.
fn tested_methods(builder: &Builder<'_>, view: At) -> Option<Vec<String>> {
    let world = builder.world;
    let decorators = world.decorators(view);
    let decorated = decorators.iter().find_map(|&it| {
        let text = world.text(it);
        match () {
            () if text.starts_with("require_POST") => Some("POST"),
            () if text.starts_with("require_GET") || text.starts_with("require_safe") => {
                Some("GET")
            }
            () => None,
        }
    });
    let in_body = || world.text(view).contains("\"POST\"") || world.text(view).contains("'POST'");
    let method = decorated.or_else(|| in_body().then_some("POST"))?;
    Some(vec![method.to_owned()])
}

/// The permissions that a list names, but for those that let everybody pass.
fn permissions(builder: &Builder<'_>, list: At) -> Vec<Guard> {
    let world = builder.world;
    let names = world
        .subtree(list)
        .filter(|&it| world.role(it) == Role::Identifier);
    names
        .filter(|&it| {
            !matches!(
                world.text(it),
                "permission_classes" | "AllowAny" | "permissions" | "rest_framework"
            )
        })
        .map(|it| {
            let read_only = world.text(it).contains("ReadOnly");
            Guard {
                name: short(world.text(it)),
                level: Level::Class,
                strength: if read_only {
                    Strength::Unknown
                } else {
                    Strength::Guard
                },
                at: Some(it),
                hook: false,
            }
        })
        .collect()
}

/// What a class-based view puts in front of its methods.
fn class_view(builder: &Builder<'_>, class: At, default: Option<&Guard>) -> (Vec<Guard>, bool) {
    let world = builder.world;
    let mut guards = builder.class_guards(class);
    let (classes, outside) = world.ancestry(class);
    let stated = classes
        .iter()
        .find_map(|&it| world.class_attribute(it, "permission_classes"));
    let chosen = classes.iter().flat_map(|&it| world.methods(it));
    let chosen = chosen.into_iter().find(|&it| {
        matches!(
            world.name(it),
            "get_permissions" | "check_permissions" | "permission_denied" | "get_authenticators"
        )
    });
    let mut open = false;
    let is_api = outside.iter().any(|path| {
        path.first() == Some(&"rest_framework")
            || path
                .last()
                .is_some_and(|name| name.contains("APIView") || name.contains("ViewSet"))
    });
    match (chosen, stated) {
        (Some(method), _) => guards.push(Guard {
            name: world.name(method).to_owned(),
            level: Level::Class,
            strength: Strength::Unknown,
            at: Some(method),
            hook: false,
        }),
        (None, Some(list)) => {
            let own = permissions(builder, list);
            open = own.is_empty();
            guards.extend(own);
        }
        (None, None) if is_api => guards.extend(default.cloned()),
        (None, None) => {}
    }
    (guards, open)
}

fn class(
    builder: &mut Builder<'_>,
    class: At,
    spec: &Spec,
    guards: &[Guard],
    default: Option<&Guard>,
) {
    const VERBS: &[(&str, &str)] = &[
        ("get", "GET"),
        ("post", "POST"),
        ("put", "PUT"),
        ("patch", "PATCH"),
        ("delete", "DELETE"),
        ("create", "POST"),
        ("update", "PUT"),
        ("partial_update", "PATCH"),
        ("destroy", "DELETE"),
        ("list", "GET"),
        ("retrieve", "GET"),
        ("form_valid", "POST"),
    ];
    let world = builder.world;
    let (mut shared, open) = class_view(builder, class, default);
    shared.extend_from_slice(guards);
    for method in world.methods(class) {
        let name = world.name(method);
        let decorators = world.decorators(method);
        let action = decorators
            .iter()
            .copied()
            .find(|&it| world.text(it).starts_with("action("));
        let verb = VERBS.iter().find(|it| it.0 == name).map(|it| it.1);
        let Some(verb) = verb.or(action.map(|_| "*")) else {
            continue;
        };
        let mut own = shared.clone();
        let mut is_open = open;
        if let Some(list) = action.and_then(|it| world.keyword(it, "permission_classes")) {
            own.retain(|it| it.level != Level::Class && it.level != Level::Settings);
            let stated = permissions(builder, list);
            is_open = stated.is_empty();
            own.extend(stated);
        }
        for decorator in decorators {
            if Some(decorator) != action {
                own.extend(builder.guard(decorator, Level::Route, false));
            }
        }
        let spec = Spec {
            methods: vec![verb.to_owned()],
            ..spec.clone()
        };
        let label = format!("{}.{name}", world.name(class));
        let mut route = builder.route(method, label, spec, own);
        route.open = is_open;
        builder.routes.push(route);
    }
}
