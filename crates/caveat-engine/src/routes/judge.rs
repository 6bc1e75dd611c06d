//! Which routes lack a guard that they need.
//!
//! That a route has no guard is never enough: public routes have none, too. What counts is what
//! the handler does and what its siblings have. Confidence says how strong that evidence is.

use caveat_parser::{Code, Field, Role};

use super::guard::{self, Strength};
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
    for route in &routes {
        drafts.extend(without_effect(world, route));
        drafts.extend(missing(world, route, &routes, table));
        drafts.extend(open_agent(world, route));
    }
    drafts.extend(never_denies(world, &routes));
    if !table.has_authentication {
        drafts.extend(nothing_at_all(world, &routes));
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

/// What makes an open route a danger.
fn sensitivity(route: &Route) -> Option<String> {
    let summary = &route.summary;
    if let Some(danger) = &summary.danger {
        return Some(format!("it calls `{danger}`"));
    }
    let destructive = summary.people.is_some()
        || summary.change.as_deref().is_some_and(|name| {
            let first = words::split(name).into_iter().next().unwrap_or_default();
            matches!(
                &*first,
                "delete"
                    | "remove"
                    | "destroy"
                    | "drop"
                    | "purge"
                    | "revoke"
                    | "shutdown"
                    | "restart"
                    | "reboot"
                    | "kill"
                    | "wipe"
                    | "reset"
            )
        });
    let change = summary.people.as_ref().or(summary.change.as_ref());
    let remote = summary.remote.as_ref().filter(|_| route.changes());
    match change.or(remote) {
        Some(name) if route.changes() || destructive => Some(format!("it calls `{name}`")),
        _ => None,
    }
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
    let stands_out = route.changes() && most && guarded.len() >= MANY;
    let reason = sensitivity(route).or_else(|| match () {
        () if words::is_privileged(&route.path) && !guarded.is_empty() => {
            Some(String::from("its path is one of administrators"))
        }
        () if stands_out => Some(String::from("its siblings have one")),
        () => None,
    })?;
    let confidence = match (guarded.is_empty(), &route.summary.danger) {
        (false, _) => Confidence::High,
        (true, Some(_)) => Confidence::Medium,
        (true, None) => Confidence::Low,
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

/// One finding for a project in which nobody ever signs in.
fn nothing_at_all(world: &World<'_>, routes: &[&Route]) -> Vec<Draft> {
    let exposed: Vec<&&Route> = routes
        .iter()
        .filter(|it| verdict(it) == Verdict::Unguarded && sensitivity(it).is_some())
        .collect();
    let Some(first) = exposed.first() else {
        return Vec::new();
    };
    if exposed.len() < FEWEST || is_local(world, routes) {
        return Vec::new();
    }
    let related = exposed
        .iter()
        .skip(1)
        .take(MOST_LISTED)
        .map(|it| (place(world, it), label(it)));
    vec![Draft {
        check: "missing-authentication",
        at: place(world, first),
        message: format!(
            "nobody signs in to this application, and {} of its routes change something, such as {}",
            exposed.len(),
            label(first)
        ),
        related: related.collect(),
        severity: None,
        confidence: Confidence::Medium,
    }]
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
