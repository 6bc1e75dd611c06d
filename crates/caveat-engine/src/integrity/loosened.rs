//! Security checks that a change loosens and monitors that it silences: conditions that are gone or
//! demand less, new ways to pass, relaxed limits, calls that nobody makes any more.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{NodeId, Span};

use super::diff::{Change, draft, squeeze};
use super::{Draft, with_tree};
use crate::tests_model::{Tree, code, place};

/// The check's name in rule files.
pub const NAME: &str = "weakened-check";

/// Words of functions that guard or watch.
fn is_guarding(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "login",
        "password",
        "token",
        "session",
        "encrypt",
        "decrypt",
        "hash",
        "sign",
        "sanitize",
        "escape",
        "limit",
        "rate",
        "monitor",
        "audit",
        "log",
        "alert",
        "secure",
        "admin",
        "role",
        "policy",
        "csrf",
        "origin",
        "throttle",
        "lock",
        "approve",
        "withdraw",
        "transfer",
        "refund",
        "pay",
        "charge",
        "delete",
        "purge",
        "grant",
        "revoke",
        "privileged",
        "redirect",
        "upload",
        "path",
        "download",
        "fetch",
        "filter",
        "detect",
        "scan",
        "moderate",
        "review",
        "gate",
        "compare",
        "credential",
        "key",
        "derive",
        "webhook",
        "callback",
        "issue",
        "impersonate",
        "reset",
    ];
    place::is_checking(name)
        || code::words(name)
            .iter()
            .any(|it| WORDS.contains(&it.as_str()))
}

struct Guarding {
    name: String,
    head: Span,
    text: String,
    /// Condition, and whether what it guards refuses.
    conditions: Vec<(String, bool, Span)>,
    /// Text of calls that watch.
    watches: Vec<String>,
    /// Unconditional or new ways to say yes.
    passes: Vec<(String, Span)>,
}

fn guarding(path: &str, text: &str) -> Vec<Guarding> {
    with_tree(path, text, |tree| {
        let functions: Vec<NodeId> = tree
            .all(Role::Function)
            .filter(|&it| !tree.in_test(it))
            .collect();
        functions.into_iter().map(|it| guard_of(tree, it)).collect()
    })
    .unwrap_or_default()
}

fn guard_of(tree: Tree<'_>, function: NodeId) -> Guarding {
    let mut guarding = Guarding {
        name: tree.name(function).to_owned(),
        head: tree
            .field(function, Field::Name)
            .map_or(tree.span(function), |it| tree.span(it)),
        text: squeeze(tree.text(function)),
        conditions: Vec::new(),
        watches: Vec::new(),
        passes: Vec::new(),
    };
    for id in tree.own(function) {
        match tree.role(id) {
            Role::If => {
                let Some(condition) = tree.field(id, Field::Condition) else {
                    continue;
                };
                let refuses = tree
                    .field(id, Field::Consequence)
                    .is_some_and(|it| refuses(tree, it));
                guarding.conditions.push((
                    squeeze(tree.text(condition)),
                    refuses,
                    tree.span(condition),
                ));
            }
            Role::Return => {
                let yes = tree.kids(id).first().is_some_and(|&it| {
                    tree.boolean(it) == Some(true) || squeeze(tree.text(it)) == "Ok(())"
                });
                let early = tree
                    .arena()
                    .parent(id)
                    .is_some_and(|it| Some(it) != tree.body(function))
                    || tree.statements(function).last() != Some(&id);
                if yes && early {
                    let around = tree
                        .arena()
                        .ancestors(id)
                        .find(|&it| tree.role(it) == Role::If)
                        .and_then(|it| tree.field(it, Field::Condition));
                    guarding.passes.push((
                        around.map_or(String::new(), |it| squeeze(tree.text(it))),
                        tree.span(id),
                    ));
                } else if let Some(&value) = tree.kids(id).first() {
                    guarding
                        .conditions
                        .push((squeeze(tree.text(value)), false, tree.span(value)));
                }
            }
            Role::Call | Role::MacroCall => {
                let name = tree.last_name(id);
                let words = code::words(
                    &tree
                        .callee(id)
                        .map_or("", |it| tree.text(it))
                        .replace("::", "_")
                        .replace('.', "_"),
                );
                if words.iter().any(|it| {
                    matches!(
                        &**it,
                        "audit"
                            | "log"
                            | "logger"
                            | "logging"
                            | "alert"
                            | "record"
                            | "metrics"
                            | "notify"
                            | "tracing"
                            | "warn"
                            | "monitor"
                            | "telemetry"
                            | "report"
                    )
                }) && name != "get"
                    && name != "getLogger"
                {
                    guarding.watches.push(squeeze(tree.text(id)));
                }
            }
            _ => {}
        }
    }
    if !tree.is_python()
        && let Some(tail) = tree.body(function).and_then(|it| tree.tail(it))
    {
        guarding
            .conditions
            .push((squeeze(tree.text(tail)), false, tree.span(tail)));
    }
    guarding
}

/// Raises, returns false or an error, aborts.
fn refuses(tree: Tree<'_>, block: NodeId) -> bool {
    tree.below(block).any(|it| match tree.role(it) {
        Role::Raise => true,
        Role::Return => match tree.kids(it).first() {
            None => true,
            Some(&value) => {
                let text = squeeze(tree.text(value));
                tree.boolean(value) == Some(false)
                    || tree.is_none(value)
                    || text.starts_with("Err(")
                    || text.contains("40")
                    || text.to_ascii_lowercase().contains("error")
                    || text.to_ascii_lowercase().contains("denied")
                    || text.to_ascii_lowercase().contains("forbidden")
            }
        },
        Role::Call | Role::MacroCall => matches!(
            tree.last_name(it),
            "abort" | "panic" | "bail" | "exit" | "deny" | "reject" | "Err"
        ),
        _ => false,
    })
}

/// What a change of a product file loosens.
pub(super) fn drafts(path: &str, old: &str, new: &str, changes: &[Change]) -> Vec<Draft> {
    let (before, after) = (guarding(path, old), guarding(path, new));
    let mut found = Vec::new();
    for was in &before {
        let twins = before.iter().filter(|it| it.name == was.name).count();
        let Some(now) = after.iter().find(|it| it.name == was.name && twins == 1) else {
            continue;
        };
        if was.text == now.text {
            continue;
        }
        if let Some((span, what)) = loss(was, now, changes) {
            found.push(draft(
                NAME,
                path,
                span,
                format!("in `{}`, {what}", was.name),
            ));
        }
    }
    found.extend(constants(path, old, new));
    found
}

/// Whether some changed file now has that text more often than before.
fn appears(text: &str, changes: &[Change]) -> bool {
    changes.iter().any(|it| {
        let now = it.new.as_deref().map(squeeze).unwrap_or_default();
        let was = it.old.as_deref().map(squeeze).unwrap_or_default();
        now.matches(text).count() > was.matches(text).count()
    })
}

fn loss(was: &Guarding, now: &Guarding, changes: &[Change]) -> Option<(Span, String)> {
    let matters = is_guarding(&was.name);
    for (condition, refuses, _) in &was.conditions {
        let kept = now.conditions.iter().any(|(it, _, _)| it == condition)
            || now.text.contains(condition.as_str());
        if kept || appears(condition, changes) {
            continue;
        }
        let fresh = now.conditions.iter().find(|(it, _, _)| {
            !was.conditions.iter().any(|(old, _, _)| old == it) && shares_words(it, condition)
        });
        if let Some((next, _, span)) = fresh {
            if let Some(what) = looser(condition, next, *refuses)
                && (matters || *refuses)
            {
                return Some((*span, what));
            }
            continue;
        }
        let called_elsewhere = first_call(condition).is_some_and(|it| {
            appears(&format!("{it}("), changes) || now.text.contains(&format!("{it}("))
        });
        if *refuses && !called_elsewhere && (matters || guards_by_words(condition)) {
            return Some((
                now.head,
                format!("the check `{}` is gone", code::short(condition)),
            ));
        }
    }
    if matters {
        for (around, span) in &now.passes {
            let known = was.passes.iter().any(|(it, _)| it == around);
            if !known {
                return Some((*span, "a new way to pass was added".to_owned()));
            }
        }
        if was.text.contains("compare_digest")
            && !now.text.contains("compare_digest")
            && now.text.contains("==")
        {
            return Some((
                now.head,
                "the comparison in constant time is gone".to_owned(),
            ));
        }
    }
    let gone = was.watches.iter().find(|it| {
        let head = it.split('(').next().unwrap_or("");
        !now.watches.contains(it) && !now.text.contains(head) && !appears(head, changes)
    })?;
    let telling = [
        "audit", "alert", "record", "monitor", "warn", "critical", "error", "security",
    ]
    .iter()
    .any(|it| gone.contains(it));
    let head = gone.split('(').next().unwrap_or("").to_owned();
    (now.watches.len() < was.watches.len() && (telling || matters)).then(|| {
        (
            now.head,
            format!(
                "the call of `{}` is gone, so nobody learns of it",
                code::short(&head)
            ),
        )
    })
}

fn first_call(condition: &str) -> Option<&str> {
    let at = condition.find('(')?;
    let before = &condition[..at];
    let start = before
        .rfind(|c: char| !c.is_alphanumeric() && c != '_')
        .map_or(0, |it| it + 1);
    (start < at).then(|| &before[start..])
}

fn guards_by_words(condition: &str) -> bool {
    code::words(condition).iter().any(|it| {
        place::CHECKING.contains(&it.as_str())
            || matches!(
                &**it,
                "role"
                    | "admin"
                    | "owner"
                    | "expired"
                    | "token"
                    | "user"
                    | "origin"
                    | "limit"
                    | "amount"
                    | "balance"
            )
    })
}

fn shares_words(one: &str, two: &str) -> bool {
    let (one, two) = (code::words(one), code::words(two));
    let shared = one
        .iter()
        .filter(|it| {
            two.contains(it)
                && !matches!(
                    &***it,
                    "not" | "and" | "or" | "self" | "if" | "in" | "is" | "len" | "none"
                )
        })
        .count();
    shared > 0 && shared * 3 >= one.len().min(two.len())
}

/// Why a condition is looser than the one before, if it is.
fn looser(was: &str, now: &str, refuses: bool) -> Option<String> {
    let shown = || format!("`{}` was `{}`", code::short(now), code::short(was));
    let count = |text: &str, words: [&str; 2]| {
        words
            .iter()
            .map(|it| text.matches(it).count())
            .sum::<usize>()
    };
    let (ands, ors) = ([" and ", " && "], [" or ", " || "]);
    // A refusal wants few demands, an admission many.
    let (strict, loose) = if refuses { (ors, ands) } else { (ands, ors) };
    if count(now, strict) < count(was, strict)
        || count(now, loose) > count(was, loose) && count(now, strict) <= count(was, strict)
    {
        return Some(format!("the condition is looser: {}", shown()));
    }
    let numbers = |text: &str| -> Vec<f64> {
        text.split(|c: char| !c.is_ascii_digit() && c != '.' && c != '_')
            .filter_map(|it| it.replace('_', "").parse().ok())
            .collect()
    };
    let (old_numbers, new_numbers) = (numbers(was), numbers(now));
    if old_numbers.len() == 1 && new_numbers.len() == 1 && old_numbers != new_numbers {
        let upper = [" < ", " <= "].iter().any(|it| was.contains(it));
        let lower = [" > ", " >= "].iter().any(|it| was.contains(it));
        let grown = new_numbers[0] > old_numbers[0];
        // `len < 12` refuses the short, `count > 5` the many.
        let worse = upper && (grown != refuses) || lower && (grown == refuses);
        return worse.then(|| format!("the threshold is relaxed: {}", shown()));
    }
    let equal = was.contains(" == ") || was.contains(" != ");
    let vague = [
        ".startswith(",
        ".starts_with(",
        " in ",
        ".contains(",
        ".endswith(",
        ".ends_with(",
    ]
    .iter()
    .any(|it| now.contains(it) && !was.contains(it));
    if equal && vague
        || was.contains("compare_digest") && !now.contains("compare_digest")
        || was.contains("fullmatch") && now.contains(".match(")
        || was.contains("is_relative_to") && now.contains("startswith")
    {
        return Some(format!("the comparison is looser: {}", shown()));
    }
    if was.contains(" == ") && now.contains(" >= ")
        || was.contains(" <= ") && now.contains(" < ") && refuses
        || was.contains(" >= ") && now.contains(" > ") && refuses
    {
        return Some(format!("the comparison is looser: {}", shown()));
    }
    None
}

/// Constants of limits and strengths that the change relaxes.
fn constants(path: &str, old: &str, new: &str) -> Vec<Draft> {
    let mut found = Vec::new();
    for (name, value) in old.lines().filter_map(named_number) {
        let mut at = 0;
        for line in new.split_inclusive('\n') {
            if let Some((own, now)) = named_number(line)
                && own == name
                && now != value
                && relaxed(&name, value, now)
            {
                let start = at + line.len() - line.trim_start().len();
                let span = Span::new(start as u32, (at + line.trim_end().len()) as u32);
                found.push(draft(
                    NAME,
                    path,
                    span,
                    format!("`{name}` is relaxed from {value} to {now}"),
                ));
            }
            at += line.len();
        }
    }
    found
}

/// `MAX_ATTEMPTS = 5`, `const MIN_LENGTH: usize = 12;`
fn named_number(line: &str) -> Option<(String, f64)> {
    let line = line.trim();
    let bare = line
        .trim_start_matches("pub ")
        .trim_start_matches("pub(crate) ")
        .trim_start_matches("const ")
        .trim_start_matches("static ");
    let (left, right) = bare.split_once('=')?;
    let name = left.split(':').next()?.trim();
    let is_constant = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let number = right
        .split(" #")
        .next()?
        .split(" //")
        .next()?
        .trim()
        .trim_end_matches(';')
        .replace('_', "");
    is_constant.then(|| Some((name.to_owned(), number.parse().ok()?)))?
}

fn relaxed(name: &str, was: f64, now: f64) -> bool {
    let words = code::words(name);
    let has = |list: &[&str]| words.iter().any(|it| list.contains(&it.as_str()));
    let secret = has(&[
        "password",
        "login",
        "attempts",
        "attempt",
        "token",
        "session",
        "lockout",
        "iterations",
        "rounds",
        "key",
        "auth",
        "otp",
        "pin",
        "failures",
        "withdrawal",
        "transfer",
        "amount",
        "anomaly",
        "risk",
        "fraud",
        "entropy",
        "alert",
        "score",
        "threshold",
        "similarity",
        "confidence",
        "rate",
    ]);
    if !secret {
        return false;
    }
    if has(&[
        "min",
        "minimum",
        "iterations",
        "rounds",
        "bits",
        "length",
        "size",
        "lockout",
        "entropy",
    ]) && !has(&["max"])
    {
        return now < was;
    }
    if has(&[
        "max",
        "maximum",
        "limit",
        "attempts",
        "ttl",
        "lifetime",
        "expiry",
        "threshold",
        "tolerance",
    ]) {
        return now > was * 1.5;
    }
    false
}
