//! Which paths a hook in front of all routes asks about: what it leaves out, or is there for only,
//! by the tests of paths in its body.

use caveat_parser::{Field, Role};

use super::summary;
use super::world::{At, Meaning, World};

/// A test of a path or an endpoint with constants.
#[derive(Debug, Clone, PartialEq)]
enum Test {
    Path(String),
    Prefix(String),
    Endpoint(String),
}

/// What a hook covers.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    except: Vec<Test>,
    only: Vec<Test>,
}

impl Reach {
    /// Whether a route is one that the hook asks about.
    pub(super) fn covers(&self, path: &str, handler: &str) -> bool {
        let holds = |test: &Test| test.holds(path, handler);
        !self.except.iter().any(holds) && (self.only.is_empty() || self.only.iter().any(holds))
    }
}

impl Test {
    fn holds(&self, path: &str, handler: &str) -> bool {
        let plain = |text: &str| text.trim_end_matches('/').to_owned();
        match self {
            Test::Path(text) => plain(text) == plain(path),
            Test::Prefix(text) => text.len() > 1 && path.starts_with(&**text),
            Test::Endpoint(name) => name.rsplit('.').next() == Some(handler),
        }
    }
}

/// Reads the body of a hook. What cannot be read leaves nothing out.
pub(super) fn of(world: &World<'_>, function: At) -> Reach {
    let mut reach = Reach::default();
    let branches = world
        .subtree(function)
        .filter(|&it| world.role(it) == Role::If);
    for branch in branches {
        let (Some(condition), Some(block)) = (
            world.field(branch, Field::Condition),
            world.field(branch, Field::Consequence).or_else(|| {
                world
                    .children(branch)
                    .find(|&it| world.role(it) == Role::Block)
            }),
        ) else {
            continue;
        };
        let denies = denies(world, block);
        for part in std::iter::once(condition).chain(world.subtree(condition)) {
            let Some((tests, negated)) = tests(world, part, condition) else {
                continue;
            };
            // One of several reasons to let somebody in, or to turn somebody away.
            match denies == negated {
                true => reach.except.extend(tests),
                false => reach.only.extend(tests),
            }
        }
    }
    reach
}

fn denies(world: &World<'_>, block: At) -> bool {
    let text = world.text(block).to_ascii_lowercase();
    summary::of(world, block).denies
        || ["raise ", "abort(", "401", "403", "redirect("]
            .iter()
            .any(|word| text.contains(word))
}

/// The tests that a part of a condition makes, and whether it is negated.
fn tests(world: &World<'_>, part: At, condition: At) -> Option<(Vec<Test>, bool)> {
    let (subject, tested, prefix, mut negated) = match world.role(part) {
        Role::Comparison => {
            let sides: Vec<At> = world
                .children(part)
                .filter(|&it| world.role(it) != Role::Token)
                .collect();
            let operator = world
                .children(part)
                .find(|&it| world.role(it) == Role::Token)
                .map_or("", |it| world.text(it));
            let [left, right] = sides.as_slice() else {
                return None;
            };
            match operator {
                "==" | "in" => (*left, *right, false, false),
                "!=" | "not in" => (*left, *right, false, true),
                _ => return None,
            }
        }
        Role::Call => {
            let (receiver, name) = world.method(part)?;
            let first = world.positional(part).first().copied()?;
            (name == "startswith").then_some((receiver, first, true, false))?
        }
        _ => return None,
    };
    let text = world.text(subject);
    let is_endpoint = text.ends_with("endpoint");
    let is_path = text.ends_with(".path") || matches!(text, "path" | "request_path" | "endpoint");
    if !is_endpoint && !is_path {
        return None;
    }
    let mut around = world.ancestors(part).take_while(|&it| it != condition);
    negated ^= around.any(|it| world.role(it) == Role::Not)
        || part != condition && world.role(condition) == Role::Not;
    let tests = strings(world, tested)?.into_iter().map(|text| match () {
        () if is_endpoint => Test::Endpoint(text),
        () if prefix => Test::Prefix(text),
        () => Test::Path(text),
    });
    Some((tests.collect(), negated))
}

/// The constant strings that an expression is or holds; for a loop's variable, those of the list.
fn strings(world: &World<'_>, at: At) -> Option<Vec<String>> {
    if let Some(text) = world.string_value(at) {
        return Some(vec![text]);
    }
    let list = match world.role(at) {
        Role::List | Role::Tuple | Role::Set => at,
        Role::Identifier => match over(world, at) {
            Some(list) => return strings(world, list),
            None => match world.meaning(at) {
                Meaning::Place(place, rest) if rest.is_empty() && place != at => {
                    return strings(world, place);
                }
                _ => return None,
            },
        },
        Role::Attribute => match world.meaning(at) {
            Meaning::Place(place, rest) if rest.is_empty() && place != at => {
                return strings(world, place);
            }
            _ => return None,
        },
        // `frozenset({...})`
        Role::Call => return strings(world, world.positional(at).first().copied()?),
        _ => return None,
    };
    let items: Option<Vec<String>> = world
        .children(list)
        .filter(|&it| world.role(it) != Role::Token)
        .map(|it| world.string_value(it))
        .collect();
    items
}

/// What a comprehension takes its variable from: `any(path.startswith(p) for p in PUBLIC)`.
fn over(world: &World<'_>, variable: At) -> Option<At> {
    let name = world.text(variable);
    let comprehension = world
        .ancestors(variable)
        .find(|&it| world.role(it) == Role::Comprehension)?;
    let clause = world
        .children(comprehension)
        .find(|&it| world.role(it) == Role::ForIn)?;
    let parts: Vec<At> = world
        .children(clause)
        .filter(|&it| world.role(it) != Role::Token)
        .collect();
    match parts.as_slice() {
        [target, .., list] if world.text(*target) == name => Some(*list),
        _ => None,
    }
}
