//! Product code that behaves otherwise while it is tested.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};

use super::super::{Check, FileView, Hit};
use crate::rule::{Confidence, Severity};
use crate::tests_model::{Tree, code, place};

/// Reports branches on signs of a test run that skip a check or swap a result.
pub static CHECK: Check = Check {
    name: "test-env-branch",
    languages: &["python", "rust"],
    triggers: &["PYTEST_CURRENT_TEST", "cfg!(test)", "cfg(test)"],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run,
};

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(tree) = Tree::of(view) else { return };
    for id in tree.arena().ids() {
        let found = match tree.role(id) {
            Role::If => branch(tree, id),
            Role::Conditional => conditional(tree, id),
            Role::Function if !tree.is_python() => pair(tree, id),
            Role::BooleanOperator | Role::Binary => returned_or(tree, id),
            _ => None,
        };
        let found = found.or_else(|| (!tree.is_python()).then(|| left_out(tree, id)).flatten());
        let Some(found) = found else { continue };
        if tree.in_test(id) && !found.pair {
            continue;
        }
        hits.push(Hit {
            severity: found.skips.then_some(Severity::High),
            confidence: found.doubtful.then_some(Confidence::Low),
            ..Hit::at_node(view, found.at)
                .word("SIGN", found.sign)
                .word("WHAT", found.what)
        });
    }
}

struct Found {
    at: NodeId,
    sign: String,
    what: &'static str,
    skips: bool,
    doubtful: bool,
    /// A function for tests beside one for the product.
    pair: bool,
}

/// Signs of a test run, as text.
const SIGNS: &[&str] = &[
    "PYTEST_CURRENT_TEST",
    "PYTEST_VERSION",
    "PYTEST_XDIST",
    "\"pytest\" in sys",
    "'pytest' in sys",
    "\"unittest\" in sys",
    "'unittest' in sys",
    "\"nose\" in sys",
    "\"_pytest\" in sys",
    "'_pytest' in sys",
    "NEXTEST",
    "RUST_TEST",
    "cfg!(test)",
    "cfg!(all(test",
    "cfg!(any(test",
    "_called_from_test",
    "_pytest.",
    "running_under_test",
];
/// Signs that are words of the environment and mean a test run only as keys.
const KEYS: &[&str] = &[
    "CI",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "CONTINUOUS_INTEGRATION",
    "TRAVIS",
    "BUILDKITE",
    "JENKINS_URL",
    "TOX_ENV_NAME",
    "CARGO_NEXTEST",
];

/// The sign in a condition and whether the condition is its negation.
fn sign(tree: Tree<'_>, condition: NodeId, depth: u32) -> Option<(String, bool)> {
    let text = tree.text(condition);
    let negated = text.starts_with("not ")
        || text.starts_with('!')
        || text.contains(" not in ")
        || text.contains(" is None")
        || text.contains(".is_err()");
    let known = SIGNS
        .iter()
        .find(|it| text.contains(**it))
        .map(|it| shown(it));
    let keyed = || {
        KEYS.iter()
            .find(|key| {
                let quoted = [format!("\"{key}\""), format!("'{key}'")];
                let env = text.contains("env");
                env && quoted.iter().any(|it| text.contains(it.as_str()))
            })
            .map(|it| (*it).to_owned())
    };
    let argv = || {
        let runs = text.contains("argv")
            && ["pytest", "py.test", "\"test\"", "'test'", "unittest"]
                .iter()
                .any(|it| text.contains(it));
        let loaded = text.contains("sys.modules")
            && ["pytest", "unittest", "conftest"]
                .iter()
                .any(|it| text.contains(it));
        (runs || loaded).then(|| String::from("the test runner"))
    };
    if let Some(sign) = known.or_else(keyed).or_else(argv) {
        return Some((sign, negated));
    }
    let depth = depth.checked_sub(1)?;
    // A name, or a function of the file, that stands for it.
    tree.below(condition).find_map(|it| match tree.role(it) {
        Role::Identifier => {
            let value = tree.names.value_of(it)?;
            if tree.arena().is_within(value, condition) {
                return None;
            }
            let (sign, inner) = sign(tree, value, depth)?;
            Some((sign, negated != inner))
        }
        Role::Call => {
            let name = tree.last_name(it);
            let text = local_text(tree.code.text, name, tree.is_python())?;
            let sign = SIGNS
                .iter()
                .find(|sign| text.contains(**sign))
                .map(|it| shown(it))
                .or_else(|| {
                    KEYS.iter()
                        .find(|key| {
                            text.contains("env")
                                && (text.contains(&format!("\"{key}\""))
                                    || text.contains(&format!("'{key}'")))
                        })
                        .map(|it| (*it).to_owned())
                })?;
            Some((sign, negated))
        }
        _ => None,
    })
}

fn shown(sign: &str) -> String {
    match sign {
        _ if sign.contains("pytest") || sign.contains("nose") || sign.contains("unittest") => {
            String::from("a loaded test runner")
        }
        _ if sign.starts_with("cfg!") => String::from("cfg!(test)"),
        _ => sign.to_owned(),
    }
}

/// The text of a small function of the file.
fn local_text<'t>(file: &'t str, name: &str, python: bool) -> Option<&'t str> {
    const LONGEST: usize = 300;
    if name.len() < 3 {
        return None;
    }
    let head = if python {
        format!("def {name}(")
    } else {
        format!("fn {name}(")
    };
    let at = file.find(&head)?;
    let text = &file[at..];
    let end = text
        .char_indices()
        .map(|(at, _)| at)
        .take_while(|&at| at <= LONGEST)
        .last()?;
    let text = &text[..end];
    let next = text[1..]
        .find("\ndef ")
        .or_else(|| text[1..].find("\nfn "))
        .or_else(|| text[1..].find("\n}"))
        .map_or(end, |it| it + 1);
    Some(&text[..next])
}

/// Words in names of what may well differ: waiting, telling, showing, caching.
const HARMLESS: &[&str] = &[
    "timeout",
    "interval",
    "delay",
    "ttl",
    "cache",
    "width",
    "seconds",
    "retries",
    "retry",
    "workers",
    "threads",
    "iterations",
    "limit",
    "size",
    "level",
    "telemetry",
    "analytics",
    "metrics",
    "progress",
    "spinner",
    "banner",
    "color",
    "colour",
    "colors",
    "log",
    "logging",
    "logger",
    "sentry",
    "report",
    "track",
    "warn",
    "warning",
    "sleep",
    "backoff",
    "wait",
    "verbose",
    "debug",
    "terminal",
    "tty",
    "interactive",
    "animation",
    "pool",
    "port",
    "dir",
    "path",
    "tmp",
    "temp",
    "database",
    "db",
    "settings",
    "plugins",
    "browser",
    "update",
    "notify",
    "print",
    "console",
    "seed",
    "time",
    "now",
    "clock",
    "jitter",
    "duration",
    "period",
    "poll",
    "usage",
    "stats",
    "ping",
    "event",
    "events",
    "ansi",
    "style",
    "format",
    "hyperlinks",
    "memory",
    "cost",
    "rounds",
    "factor",
    "batch",
    "concurrency",
    "count",
    "max",
    "min",
    "num",
    "depth",
];

fn is_harmless(name: &str) -> bool {
    code::words(name)
        .iter()
        .any(|word| HARMLESS.contains(&word.as_str()))
}

/// `if <test run>: ...`
fn branch(tree: Tree<'_>, id: NodeId) -> Option<Found> {
    let condition = tree.field(id, Field::Condition)?;
    let (sign, negated) = sign(tree, condition, 2)?;
    let function = tree.function(id);
    let name = function.map_or("", |it| tree.name(it));
    let taken = tree.field(id, Field::Consequence)?;
    let other = tree.field(id, Field::Alternative);
    let (testing, product) = match negated {
        true => (other, Some(taken)),
        false => (Some(taken), other),
    };
    let found = |what, skips| Found {
        at: id,
        sign: sign.clone(),
        what,
        skips,
        doubtful: false,
        pair: false,
    };
    if function.is_some_and(|it| is_predicate(tree, it)) {
        return None;
    }
    // A check that runs in product only.
    if let Some(block) = product
        && checks(tree, block)
        && !testing.is_some_and(|it| checks(tree, it))
    {
        return Some(found("a check is skipped", true));
    }
    let testing = testing?;
    if is_harmless(name) && !place::is_checking(name) {
        return None;
    }
    let leaves = value_given(tree, testing);
    let rest_checks = function.is_some_and(|it| {
        place::is_checking(tree.name(it))
            || tree
                .own(it)
                .any(|at| tree.span(at).start > tree.span(id).end && is_check(tree, at))
    });
    match leaves {
        Some(Given::Nothing) => rest_checks.then(|| found("a check is skipped", true)),
        Some(Given::Constant) => {
            let doubtful = function.is_none();
            Some(Found {
                doubtful,
                ..found(
                    if rest_checks {
                        "a check is skipped"
                    } else {
                        "a constant is the result"
                    },
                    rest_checks,
                )
            })
        }
        Some(Given::Other) => Some(found("another result is computed", false)),
        None => swapped(tree, testing, product).then(|| found("another value is used", false)),
    }
}

/// A function that only tells whether tests run.
fn is_predicate(tree: Tree<'_>, function: NodeId) -> bool {
    let returned = tree.returned(function);
    let all_boolean = !returned.is_empty() && returned.iter().all(|&it| tree.boolean(it).is_some());
    let name = tree.name(function);
    let telling = ["test", "ci", "pytest", "interactive", "debug"]
        .iter()
        .any(|word| code::words(name).iter().any(|it| it.starts_with(word)));
    all_boolean && telling
}

enum Given {
    Nothing,
    Constant,
    Other,
}

/// What a block hands back, if it leaves the function.
fn value_given(tree: Tree<'_>, block: NodeId) -> Option<Given> {
    let last = tree.kids(block).last().copied()?;
    let value = match tree.role(last) {
        Role::Return => match tree.kids(last).first() {
            Some(&value) => value,
            None => return Some(Given::Nothing),
        },
        _ if !tree.is_python() && tree.tail(block) == Some(last) && is_result(tree, block) => last,
        _ => return None,
    };
    Some(match is_constant(tree, value) {
        true => Given::Constant,
        false => Given::Other,
    })
}

/// Whether the value of a Rust block is that of the function.
fn is_result(tree: Tree<'_>, block: NodeId) -> bool {
    let Some(function) = tree.function(block) else {
        return false;
    };
    let body = tree.body(function);
    let typed = tree.field(function, Field::ReturnType).is_some();
    let whole = tree.arena().parent(block);
    typed
        && body.is_some_and(|body| {
            tree.tail(body)
                .is_some_and(|tail| Some(tail) == whole || tree.arena().is_within(block, tail))
        })
}

/// A literal, `Ok(())`, `None`, an empty collection.
fn is_constant(tree: Tree<'_>, value: NodeId) -> bool {
    if tree.is_literal(value) {
        return true;
    }
    match tree.role(value) {
        Role::Call => {
            let name = tree.last_name(value);
            matches!(
                name,
                "Ok" | "Some"
                    | "Vec"
                    | "new"
                    | "dict"
                    | "list"
                    | "set"
                    | "from"
                    | "to_string"
                    | "to_owned"
                    | "into"
                    | "String"
            ) && tree
                .positional(value)
                .iter()
                .all(|&it| is_constant(tree, it))
        }
        Role::Identifier => tree.text(value) == "None",
        Role::Tuple => tree.kids(value).iter().all(|&it| is_constant(tree, it)),
        Role::Lambda => tree
            .field(value, Field::Body)
            .is_some_and(|it| is_constant(tree, it)),
        _ => false,
    }
}

/// Whether a block checks: raises, gives an error, calls something that checks.
fn checks(tree: Tree<'_>, block: NodeId) -> bool {
    tree.below(block).any(|it| is_check(tree, it))
}

fn is_check(tree: Tree<'_>, id: NodeId) -> bool {
    match tree.role(id) {
        Role::Raise => true,
        Role::Call => {
            let name = tree.last_name(id);
            place::is_checking(name) && !is_harmless(name) || name == "Err" && !tree.is_python()
        }
        _ => false,
    }
}

/// Both branches set the same thing, to something that matters.
fn swapped(tree: Tree<'_>, testing: NodeId, product: Option<NodeId>) -> bool {
    let Some(product) = product else { return false };
    let targets = |block: NodeId| -> Vec<(NodeId, NodeId)> {
        tree.below(block)
            .filter(|&it| tree.role(it) == Role::Assignment)
            .filter_map(|it| Some((tree.field(it, Field::Left)?, tree.field(it, Field::Right)?)))
            .collect()
    };
    // Two functions of one name, that of tests without work.
    let function = |block: NodeId| {
        tree.kids(block)
            .into_iter()
            .find(|&it| tree.role(it) == Role::Function)
    };
    if let (Some(fake), Some(real)) = (function(testing), function(product)) {
        let idle = tree.returned(fake).iter().all(|&it| is_constant(tree, it))
            && tree.statements(fake).len() <= 1;
        return idle && tree.name(fake) == tree.name(real) && !is_harmless(tree.name(fake));
    }
    let ours = targets(testing);
    targets(product).iter().any(|&(left, value)| {
        ours.iter().any(|&(own, fake)| {
            tree.text(own) == tree.text(left)
                && !is_harmless(tree.text(left))
                && is_constant(tree, fake)
                && tree.role(value) == Role::Call
                && tree.function(testing).is_some()
        })
    })
}

/// `fake if <test run> else real`.
fn conditional(tree: Tree<'_>, id: NodeId) -> Option<Found> {
    let parts = tree.kids(id);
    let [yes, condition, no] = parts.as_slice() else {
        return None;
    };
    let (sign, negated) = sign(tree, *condition, 2)?;
    let (testing, product) = if negated { (*no, *yes) } else { (*yes, *no) };
    let parent = tree.arena().parent(id)?;
    let target = tree
        .field(parent, Field::Left)
        .map_or("", |it| tree.text(it));
    let name = tree.function(id).map_or("", |it| tree.name(it));
    let lambda = tree.role(testing) == Role::Lambda;
    let decides = tree.role(parent) == Role::Return
        || tree.role(parent) == Role::Assignment && (tree.function(id).is_some() || lambda);
    let matters =
        decides && is_constant(tree, testing) && (tree.role(product) == Role::Call || lambda);
    (matters && !is_harmless(target) && !is_harmless(name)).then_some(Found {
        at: id,
        sign,
        what: "a constant is the result",
        skips: place::is_checking(name) || place::is_checking(tree.last_name(product)),
        doubtful: false,
        pair: false,
    })
}

/// `return <test run> or verify(x)`, `cfg!(test) || check()`.
fn returned_or(tree: Tree<'_>, id: NodeId) -> Option<Found> {
    let operator = tree
        .field(id, Field::Operator)
        .map_or("", |it| tree.text(it));
    if !matches!(operator, "or" | "||") {
        return None;
    }
    let (left, right) = (tree.field(id, Field::Left)?, tree.field(id, Field::Right)?);
    let (sign, negated) = sign(tree, left, 2)?;
    let checking = tree
        .below(right)
        .any(|it| tree.role(it) == Role::Call && place::is_checking(tree.last_name(it)))
        || tree
            .function(id)
            .is_some_and(|it| place::is_checking(tree.name(it)));
    (!negated && checking).then_some(Found {
        at: id,
        sign,
        what: "a check is skipped",
        skips: true,
        doubtful: false,
        pair: false,
    })
}

/// Rust: one function for tests and one for the product.
fn pair(tree: Tree<'_>, id: NodeId) -> Option<Found> {
    let marked = |function: NodeId, mark: &str| {
        tree.attributes(function)
            .into_iter()
            .find(|(_, text)| text.split_whitespace().collect::<String>() == mark)
    };
    marked(id, "cfg(test)")?;
    let name = tree.name(id);
    let parent = tree.arena().parent(id)?;
    let other = tree.arena().children(parent).find(|&it| {
        tree.role(it) == Role::Function
            && tree.name(it) == name
            && marked(it, "cfg(not(test))").is_some()
    })?;
    if is_harmless(name) && !place::is_checking(name) {
        return None;
    }
    let statements = tree.statements(id);
    let constant = match statements.as_slice() {
        [] => true,
        [only] => {
            is_constant(tree, *only)
                || tree.role(*only) == Role::Return
                    && tree.kids(*only).iter().all(|&it| is_constant(tree, it))
        }
        _ => false,
    };
    let real = tree
        .below(other)
        .any(|it| matches!(tree.role(it), Role::Call | Role::Binary | Role::If));
    (constant && real).then(|| Found {
        at: tree.field(id, Field::Name).unwrap_or(id),
        sign: String::from("#[cfg(test)]"),
        what: "another function is compiled, which gives a constant",
        skips: place::is_checking(name),
        doubtful: false,
        pair: true,
    })
}

/// Rust: `#[cfg(not(test))]` on a statement that checks.
fn left_out(tree: Tree<'_>, id: NodeId) -> Option<Found> {
    if tree.role(id) != Role::AttributeItem
        || tree.text(id).split_whitespace().collect::<String>() != "#[cfg(not(test))]"
    {
        return None;
    }
    tree.function(id)?;
    let parent = tree.arena().parent(id)?;
    let next = tree.arena().children(parent).find(|&it| it.0 > id.0)?;
    let item = matches!(
        tree.role(next),
        Role::Function | Role::InnerModule | Role::Import | Role::Class
    );
    (!item && checks(tree, next)).then(|| Found {
        at: id,
        sign: String::from("#[cfg(not(test))]"),
        what: "a check is left out",
        skips: true,
        doubtful: false,
        pair: false,
    })
}
