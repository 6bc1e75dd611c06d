//! Which routes lack a guard that they need.
//!
//! That a route has no guard is never enough: public routes have none, too. What counts is what
//! the handler does and what its siblings have. Confidence says how strong that evidence is.

use caveat_parser::{Code, Field, Role};

use super::guard::{self, Strength};
use super::sensitive::{Kind, sensitivity};
use super::{At, Level, Route, Table, World, words};
use crate::checks::agent::calls;
use crate::rule::{Confidence, Severity};

/// Names of the checks whose findings come from here.
pub const CHECKS: &[&str] = &[
    "missing-authentication",
    "guard-without-effect",
    "guard-never-denies",
    "agent-endpoint-open",
];

/// Fewest guarded siblings that make a rule of it.
const FEWEST: usize = 2;
/// Share of siblings that have a guard, in percent, from which the one without is a deviation.
const SHARE: usize = 60;
/// Share from which it is nearly all of them.
const MOST: usize = 85;
/// So many guarded siblings that a route without stands out whatever it does.
const MANY: usize = 5;
/// How many groups of siblings there are, see [`siblings`]. A whole project is none: it often
/// holds several applications, some of which nobody outside can reach.
const GROUPS: usize = 3;
/// So many guarded routes that a whole project says something about one of them.
const THRONG: usize = 25;
/// Most routes in other files of an application that is small.
const SMALL: usize = 6;
/// Most places that explain one finding.
const MOST_RELATED: usize = 3;
/// Most routes that a finding about a whole project lists.
const MOST_LISTED: usize = 10;

/// What became of one route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A guard stands in front of it.
    Guarded,
    /// Something that looks like a guard stands in front of it, and it cannot be read.
    PerhapsGuarded,
    /// Open to everybody, and meant to be: the reason.
    Public(&'static str),
    /// No guard.
    Unguarded,
}

impl Verdict {
    /// A word or two for tables.
    pub fn words(self) -> String {
        match self {
            Verdict::Guarded => String::from("guarded"),
            Verdict::PerhapsGuarded => String::from("perhaps guarded"),
            Verdict::Public(reason) => format!("public ({reason})"),
            Verdict::Unguarded => String::from("no guard"),
        }
    }
}

/// The verdict on a route.
pub fn verdict(route: &Route) -> Verdict {
    match route.guard().map(|it| it.strength) {
        Some(Strength::Guard) => Verdict::Guarded,
        Some(_) => Verdict::PerhapsGuarded,
        None => match words::public_reason(&route.path, &route.name) {
            Some(reason) => Verdict::Public(reason),
            None if route.open => Verdict::Public("declared open"),
            None => Verdict::Unguarded,
        },
    }
}

/// Something to report.
pub struct Draft {
    /// Which of [`CHECKS`].
    pub check: &'static str,
    /// Where.
    pub at: At,
    /// What is wrong.
    pub message: String,
    /// Places that explain it.
    pub related: Vec<(At, String)>,
    /// Another severity than the rule's.
    pub severity: Option<Severity>,
    /// How sure it is.
    pub confidence: Confidence,
}

/// Judges all routes.
pub fn drafts(world: &World<'_>, table: &Table) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let quiet = |route: &Route| {
        let path = world.project.path(route.handler.file);
        crate::context::is_test_path(path)
    };
    let routes: Vec<&Route> = table.routes.iter().filter(|it| !quiet(it)).collect();
    let twice = registered_twice(&routes);
    for route in &routes {
        drafts.extend(without_effect(world, route));
        let told = twice.iter().any(|it| it.at == route.registration);
        if !told {
            drafts.extend(missing(world, route, &routes, table));
        }
        drafts.extend(open_agent(world, route));
    }
    drafts.extend(twice);
    drafts.extend(never_denies(world, &routes));
    if !table.has_authentication {
        drafts.extend(nothing_at_all(world, &routes, table));
    }
    drafts.sort_by_key(|it| (it.at, it.check));
    drafts.dedup_by_key(|it| (it.at, it.check));
    drafts
}

fn label(route: &Route) -> String {
    format!("`{} {}`", route.methods.join("|"), route.path)
}

/// Where a finding about a handler stands: on its name.
fn place(world: &World<'_>, route: &Route) -> At {
    world
        .field(route.handler, Field::Name)
        .unwrap_or(route.handler)
}

/// A guard above the decorator that registers the function.
fn without_effect(world: &World<'_>, route: &Route) -> Option<Draft> {
    let guard = route.misplaced.as_ref()?;
    let name = guard.name.split('(').next().unwrap_or("");
    let last = name.rsplit('.').next().unwrap_or("");
    if guard.strength != Strength::Guard && !guard::is_known(last) {
        return None;
    }
    let otherwise = !route.is_unguarded();
    Some(Draft {
        check: "guard-without-effect",
        at: guard.at?,
        message: format!(
            "`{name}` stands above the decorator that registers `{}`, so {} never reaches it",
            route.name,
            label(route)
        ),
        related: vec![(
            route.registration,
            String::from("the function is registered here, as it is below"),
        )],
        severity: otherwise.then_some(Severity::Medium),
        confidence: Confidence::High,
    })
    .filter(|_| world.role(route.handler) == Role::Function)
}

/// A route without a guard whose handler asks a language model or an agent.
fn open_agent(world: &World<'_>, route: &Route) -> Option<Draft> {
    if verdict(route) != Verdict::Unguarded {
        return None;
    }
    let parsed = world.file(route.handler.file)?;
    let code = Code {
        arena: &parsed.arena,
        text: &parsed.source.text,
    };
    if !calls::asks_below(code, route.handler.node) {
        return None;
    }
    let first = world
        .field(route.registration, Field::Arguments)
        .and_then(|list| {
            let parsed = world.file(list.file)?;
            let node = parsed.arena.children(list.node).next()?;
            Some(At {
                file: list.file,
                node,
            })
        });
    Some(Draft {
        check: "agent-endpoint-open",
        at: first.unwrap_or(route.registration),
        message: format!(
            "{} reaches a language model or agent, and asks nobody who they are",
            label(route)
        ),
        related: vec![(
            place(world, route),
            String::from("the handler that asks it"),
        )],
        severity: None,
        confidence: Confidence::Medium,
    })
}

/// A sibling that has a guard of its own or of its class or router; what cannot be told is none.
fn is_guarded(route: &Route) -> Option<bool> {
    match route.guard() {
        None => Some(false),
        // What an application asks of everybody says nothing about single routes.
        Some(_)
            if route
                .guards
                .iter()
                .all(|it| it.strength < Strength::Unknown || it.hook) =>
        {
            None
        }
        Some(guard) if guard.level == Level::Body && guard.strength != Strength::Guard => None,
        Some(_) => Some(true),
    }
}

/// Groups of siblings, nearest first: same object, same file, same folder.
fn siblings<'t>(
    world: &World<'_>,
    route: &Route,
    routes: &[&'t Route],
    level: usize,
) -> Vec<&'t Route> {
    let folder = |it: &Route| caveat_parser::link::parent(world.project.path(it.handler.file));
    let near = |other: &Route| match level {
        0 => other.group == route.group,
        1 => other.handler.file == route.handler.file,
        _ => other.framework == route.framework && folder(other) == folder(route),
    };
    let alike = |other: &Route| !route.changes() || other.changes() || !other.is_unguarded();
    routes
        .iter()
        .copied()
        .filter(|it| it.handler != route.handler && near(it) && alike(it))
        .filter(|it| words::public_reason(&it.path, &it.name).is_none() && !it.open)
        .collect()
}

/// Guarded siblings, if they are many enough and most of the group; and whether they are nearly all
/// of it.
fn deviates<'t>(
    world: &World<'_>,
    route: &Route,
    routes: &[&'t Route],
) -> Option<(Vec<&'t Route>, bool)> {
    for level in 0..GROUPS {
        let group = siblings(world, route, routes, level);
        let known: Vec<(&Route, bool)> = group
            .into_iter()
            .filter_map(|it| Some((it, is_guarded(it)?)))
            .collect();
        let guarded: Vec<&Route> = known.iter().filter(|it| it.1).map(|it| it.0).collect();
        if guarded.len() >= FEWEST {
            let share = guarded.len() * 100 / known.len();
            return (share >= SHARE).then_some((guarded, share >= MOST));
        }
        if known.len() >= FEWEST {
            return None;
        }
    }
    None
}

fn missing(world: &World<'_>, route: &Route, routes: &[&Route], table: &Table) -> Option<Draft> {
    if route.framework == "jupyter" {
        return of_jupyter(world, route);
    }
    if route.misplaced.is_some() || !table.has_authentication {
        return None;
    }
    let (guarded, most) = match verdict(route) {
        Verdict::Unguarded => deviates(world, route, routes),
        Verdict::Guarded | Verdict::PerhapsGuarded => return hooked_only(world, route, routes),
        Verdict::Public(_) => return None,
    }
    .map_or((Vec::new(), false), |it| (it.0, it.1));
    let special = unhooked_socket(world, route, routes).or_else(|| exempted(world, route));
    if special.is_some() {
        return special;
    }
    let stands_out = (route.changes() || alone(route, routes)) && most && guarded.len() >= MANY
        || route.is_socket() && !guarded.is_empty();
    let found = sensitivity(route)
        .filter(|it| it.kind != Kind::Records || !guarded.is_empty() || is_small(route, routes));
    let reason = match found {
        Some(ref found) => found.reason.clone(),
        None if stands_out => String::from("its siblings have one"),
        None => return None,
    };
    let confidence = match found.map(|it| it.kind) {
        _ if !guarded.is_empty() => Confidence::High,
        Some(Kind::Danger) => Confidence::Medium,
        Some(kind) if is_left_out(route, routes, kind) => Confidence::Medium,
        Some(_) if is_exception(route, routes) => Confidence::Medium,
        _ => Confidence::Low,
    };
    let mut message = format!("{} has no guard, and {reason}", label(route));
    message += &others(&guarded);
    Some(Draft {
        check: "missing-authentication",
        at: place(world, route),
        message,
        related: related(world, &guarded),
        severity: None,
        confidence,
    })
}

/// A route that the application's own hook leaves out, although it is grave.
fn exempted(world: &World<'_>, route: &Route) -> Option<Draft> {
    let hook = route.left_out.as_ref()?;
    let found = sensitivity(route).filter(|it| it.kind != Kind::Change)?;
    Some(Draft {
        check: "missing-authentication",
        at: place(world, route),
        message: format!(
            "`{}` leaves {} out, and {}",
            super::python::short(&hook.name),
            label(route),
            found.reason
        ),
        related: hook
            .at
            .map(|at| (at, String::from("the check that leaves it out")))
            .into_iter()
            .collect(),
        severity: None,
        confidence: Confidence::Medium,
    })
}

/// Whether a route shows much at once, and all others of its file that are not public have a guard
/// of their own.
fn alone(route: &Route, routes: &[&Route]) -> bool {
    const MUCH: &[&str] = &[
        "all",
        "audit",
        "backup",
        "backups",
        "config",
        "configuration",
        "download",
        "dump",
        "env",
        "environment",
        "export",
        "log",
        "logs",
        "preferences",
        "settings",
    ];
    let shown = words::split(&route.path)
        .into_iter()
        .chain(words::split(&route.name));
    let named = route.path.contains(['{', '<']);
    if named || !shown.into_iter().any(|word| MUCH.contains(&&*word)) {
        return false;
    }
    let near = neighbours(route, routes);
    let mut others = near
        .iter()
        .filter(|it| words::public_reason(&it.path, &it.name).is_none() && !it.open);
    others.all(|it| is_guarded(it) == Some(true))
}

/// Whether a route that changes something is an exception in a project of many routes that nearly
/// all have guards of their own.
fn is_exception(route: &Route, routes: &[&Route]) -> bool {
    if !route.changes() {
        return false;
    }
    let others = routes.iter().filter(|it| {
        it.framework == route.framework
            && it.handler.file != route.handler.file
            && words::public_reason(&it.path, &it.name).is_none()
    });
    let known: Vec<bool> = others.filter_map(|it| is_guarded(it)).collect();
    let guarded = known.iter().filter(|it| **it).count();
    guarded >= THRONG && guarded * 100 >= known.len() * MOST
}

/// Routes in the same file.
fn neighbours<'t>(route: &Route, routes: &[&'t Route]) -> Vec<&'t Route> {
    let here = routes.iter().copied();
    here.filter(|it| it.handler.file == route.handler.file && it.handler != route.handler)
        .collect()
}

/// Whether somebody signs in, or is asked to, by routes of the same file.
fn is_left_out(route: &Route, routes: &[&Route], kind: Kind) -> bool {
    let near = neighbours(route, routes);
    let asked = |it: &&&Route| {
        it.guards
            .iter()
            .any(|guard| guard.strength == Strength::Guard && !guard.hook)
    };
    let guarded = near.iter().filter(asked).count();
    let signs_in = near
        .iter()
        .any(|it| words::public_reason(&it.path, &it.name) == Some("sign-in"));
    if guarded == 0 && !signs_in {
        return false;
    }
    // Among many open routes that change something, one that is guarded says little.
    let open = near
        .iter()
        .filter(|it| it.is_unguarded() && it.changes())
        .count();
    match kind {
        Kind::Danger | Kind::People | Kind::Privileged => true,
        Kind::Change => route.changes() && guarded * 4 >= open || is_small(route, routes),
        Kind::Records => is_small(route, routes),
    }
}

/// Whether all routes of the project's applications that matter here are in one file or two.
fn is_small(route: &Route, routes: &[&Route]) -> bool {
    let elsewhere = routes
        .iter()
        .filter(|it| it.handler.file != route.handler.file)
        .count();
    elsewhere <= SMALL
}

/// A websocket in an application whose other routes are behind a hook that never sees it.
fn unhooked_socket(world: &World<'_>, route: &Route, routes: &[&Route]) -> Option<Draft> {
    if !route.is_socket() {
        return None;
    }
    let others: Vec<&Route> = routes
        .iter()
        .copied()
        .filter(|it| it.framework == route.framework && !it.is_socket())
        .filter(|it| words::public_reason(&it.path, &it.name).is_none())
        .collect();
    let hooked: Vec<&Route> = others
        .iter()
        .copied()
        .filter(|it| {
            it.guards
                .iter()
                .any(|guard| guard.hook && guard.strength == Strength::Guard)
        })
        .collect();
    if hooked.len() < FEWEST || hooked.len() * 100 < others.len() * SHARE {
        return None;
    }
    let hook = hooked[0].guards.iter().find(|it| it.hook)?;
    Some(Draft {
        check: "missing-authentication",
        at: place(world, route),
        message: format!(
            "{} has no guard: `{}` covers the routes of HTTP and never sees a websocket",
            label(route),
            super::python::short(&hook.name)
        ),
        related: Vec::new(),
        severity: None,
        confidence: Confidence::High,
    })
}

/// The siblings with a guard, for a message.
fn others(guarded: &[&Route]) -> String {
    let Some(first) = guarded.first() else {
        return String::new();
    };
    let with = first.guard().map_or("", |it| &it.name);
    let names: Vec<String> = guarded
        .iter()
        .take(2)
        .map(|it| format!("`{}`", it.name))
        .collect();
    let verb = if names.len() == 1 { "has" } else { "have" };
    format!(
        "; {} {verb} `{}`",
        names.join(" and "),
        super::python::short(with)
    )
}

fn related(world: &World<'_>, guarded: &[&Route]) -> Vec<(At, String)> {
    let shown = guarded.iter().take(MOST_RELATED).map(|it| {
        let with = it.guard().map_or("", |it| &it.name);
        (
            place(world, it),
            format!(
                "`{}` is guarded by `{}`",
                it.name,
                super::python::short(with)
            ),
        )
    });
    shown.collect()
}

/// A handler of a Jupyter extension that asks nobody.
fn of_jupyter(world: &World<'_>, route: &Route) -> Option<Draft> {
    let name = route.name.to_lowercase();
    if !route.is_unguarded() || name.contains("login") || name.contains("health") {
        return None;
    }
    Some(Draft {
        check: "missing-authentication",
        at: place(world, route),
        message: format!(
            "`{}` is not `authenticated`, and the handlers of Jupyter's server ask nobody by themselves",
            route.name
        ),
        related: Vec::new(),
        severity: None,
        confidence: Confidence::High,
    })
}

/// A route that only a hook of the application covers, where nearly all of its neighbours have
/// a library's own guard: such hooks often hold in one mode of operation only.
fn hooked_only(world: &World<'_>, route: &Route, routes: &[&Route]) -> Option<Draft> {
    let real = |it: &&super::Guard| it.strength >= Strength::Unknown;
    let only_hooks = route
        .guards
        .iter()
        .filter(real)
        .all(|it| it.hook && it.level == Level::App);
    if !only_hooks || !route.changes() || route.framework == "litestar" {
        return None;
    }
    if words::public_reason(&route.path, &route.name).is_some() {
        return None;
    }
    let own = |it: &&Route| {
        it.guards.iter().any(|guard| {
            let name = guard.name.split('(').next().unwrap_or("");
            let last = name.rsplit('.').next().unwrap_or("");
            guard.level == Level::Route && last.contains("login_required")
        })
    };
    let group = siblings(world, route, routes, 1);
    let guarded: Vec<&Route> = group.iter().copied().filter(own).collect();
    if guarded.len() < MANY || guarded.len() * 100 < group.len() * MOST {
        return None;
    }
    Some(Draft {
        check: "missing-authentication",
        at: place(world, route),
        message: format!(
            "{} has none of its siblings' guards{}",
            label(route),
            others(&guarded)
        ),
        related: related(world, &guarded),
        severity: Some(Severity::Medium),
        confidence: Confidence::Medium,
    })
}

/// Handlers that are registered once with a guard and once without.
fn registered_twice(routes: &[&Route]) -> Vec<Draft> {
    let open = routes
        .iter()
        .filter(|it| verdict(it) == Verdict::Unguarded && it.misplaced.is_none());
    let found = open.filter_map(|route| {
        let twin = routes.iter().find(|it| {
            let same_path = it.path == route.path
                && it.methods == route.methods
                && it.framework == route.framework
                && !it.path.is_empty()
                && it.handler.file == route.handler.file;
            (it.handler == route.handler && it.name == route.name
                || same_path && route.framework != "django")
                && it.registration != route.registration
                && it.guards.iter().any(|guard| {
                    guard.strength == Strength::Guard
                        && matches!(guard.level, Level::Route | Level::Router)
                })
        })?;
        Some(Draft {
            check: "missing-authentication",
            at: route.registration,
            message: format!(
                "{} is registered here without the guard that it has as {}",
                label(route),
                label(twin)
            ),
            related: vec![(
                twin.registration,
                String::from("registered with a guard here"),
            )],
            severity: None,
            confidence: Confidence::Medium,
        })
    });
    found.collect()
}

/// Guards of routes that let everybody pass, each once.
fn never_denies(world: &World<'_>, routes: &[&Route]) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for route in routes {
        for guard in route
            .guards
            .iter()
            .filter(|it| it.strength == Strength::Null)
        {
            let Some(at) = guard.at else { continue };
            let Some(definition) = guard::definition(world, at) else {
                continue;
            };
            let name = world.name(definition).to_owned();
            drafts.push(Draft {
                check: "guard-never-denies",
                at: world.field(definition, Field::Name).unwrap_or(definition),
                message: format!(
                    "`{name}` lets every request pass, and {} relies on it",
                    label(route)
                ),
                related: vec![(
                    place(world, route),
                    String::from("the handler that relies on it"),
                )],
                severity: None,
                confidence: Confidence::Medium,
            });
        }
    }
    drafts
}

/// Findings for a project in which nobody ever signs in: one for all, at the application, and one
/// for each route whose effect is grave.
fn nothing_at_all(world: &World<'_>, routes: &[&Route], table: &Table) -> Vec<Draft> {
    let exposed: Vec<(&Route, super::sensitive::Sensitivity)> = routes
        .iter()
        .filter(|it| verdict(it) == Verdict::Unguarded)
        .filter_map(|it| Some((*it, sensitivity(it)?)))
        .collect();
    let Some((first, _)) = exposed.first() else {
        return Vec::new();
    };
    if is_local(world, routes) {
        return Vec::new();
    }
    let grave = exposed.iter().filter(|it| it.1.kind != Kind::Change);
    let mut drafts: Vec<Draft> = grave
        .map(|(route, found)| Draft {
            check: "missing-authentication",
            at: place(world, route),
            message: format!("{} has no guard, and {}", label(route), found.reason),
            related: Vec::new(),
            severity: None,
            confidence: Confidence::Medium,
        })
        .collect();
    if exposed.len() < FEWEST {
        return drafts;
    }
    let app = table
        .apps
        .iter()
        .copied()
        .min_by_key(|it| (it.file != first.registration.file, *it));
    let related = exposed
        .iter()
        .take(MOST_LISTED)
        .map(|it| (place(world, it.0), label(it.0)));
    drafts.push(Draft {
        check: "missing-authentication",
        at: app.unwrap_or_else(|| place(world, first)),
        message: format!(
            "nobody signs in to this application, and {} of its routes change or show what others should not, such as {}",
            exposed.len(),
            label(first)
        ),
        related: related.collect(),
        severity: None,
        confidence: Confidence::Medium,
    });
    drafts
}

/// Whether the application listens to its own machine only.
fn is_local(world: &World<'_>, routes: &[&Route]) -> bool {
    routes.iter().any(|route| {
        let text = world
            .file(route.registration.file)
            .map_or("", |it| &it.source.text);
        [
            "host=\"127.0.0.1\"",
            "host='127.0.0.1'",
            "host=\"localhost\"",
            "host='localhost'",
        ]
        .iter()
        .any(|word| text.contains(word))
    })
}
