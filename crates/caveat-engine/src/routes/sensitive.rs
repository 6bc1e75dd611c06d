//! What makes a route without a guard a danger: what its handler does, what it shows, where it is.

use super::{Route, words};

/// Kinds of danger, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// It runs programs or code, or ends the process.
    Danger,
    /// It changes users, roles, keys or data about people.
    People,
    /// Its path is one of administrators.
    Privileged,
    /// It shows the records of all users.
    Records,
    /// It changes something else.
    Change,
}

/// A danger and the words for it.
#[derive(Debug, Clone)]
pub(super) struct Sensitivity {
    pub(super) kind: Kind,
    pub(super) reason: String,
}

/// Words of calls that take something away.
const DESTRUCTIVE: &[&str] = &[
    "delete", "remove", "destroy", "drop", "purge", "revoke", "shutdown", "restart", "reboot",
    "kill", "wipe", "reset", "del",
];

/// What makes an open route a danger, if anything does.
pub(super) fn sensitivity(route: &Route) -> Option<Sensitivity> {
    let summary = &route.summary;
    let found = |kind, reason: String| Some(Sensitivity { kind, reason });
    let calls = |name: &String| match name.contains(' ') {
        true => format!("it changes what it keeps (`{name}`)"),
        false => format!("it calls `{name}`"),
    };
    if let Some(danger) = &summary.danger {
        return found(Kind::Danger, calls(danger));
    }
    let destructive = summary.people.is_some()
        || summary.change.as_deref().is_some_and(|name| {
            let first = words::split(name).into_iter().next().unwrap_or_default();
            DESTRUCTIVE.contains(&&*first)
        });
    let change = summary.people.as_ref().or(summary.change.as_ref());
    let remote = summary.remote.as_ref().filter(|_| route.changes());
    let change = change.or(remote).filter(|_| route.changes() || destructive);
    let privileged = words::is_privileged(&route.path);
    match change {
        Some(name) if summary.people.is_some() || summary.personal || speaks_of_people(route) => {
            found(Kind::People, calls(name))
        }
        Some(name) if privileged => found(Kind::Privileged, calls(name)),
        Some(name) => found(Kind::Change, calls(name)),
        None if lists_people(route) => found(
            Kind::Records,
            String::from("it shows the records of all users"),
        ),
        None if privileged => found(
            Kind::Privileged,
            String::from("its path is one of administrators"),
        ),
        None => None,
    }
}

/// A path about people.
fn speaks_of_people(route: &Route) -> bool {
    words::split(&route.path).iter().any(|word| {
        matches!(
            &**word,
            "user"
                | "users"
                | "account"
                | "accounts"
                | "customer"
                | "customers"
                | "employee"
                | "employees"
                | "patient"
                | "patients"
                | "person"
                | "persons"
                | "people"
                | "role"
                | "roles"
                | "permissions"
        )
    })
}

/// A path that lists all users, or a body that reads them all.
fn lists_people(route: &Route) -> bool {
    if route.summary.roster.is_some() {
        return true;
    }
    let last = route
        .path
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or("");
    let reads = route.methods.iter().any(|it| it == "GET");
    reads
        && matches!(
            last,
            "users" | "accounts" | "customers" | "employees" | "patients"
        )
}
