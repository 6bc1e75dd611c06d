//! What can only be asked of a whole formula, after `use` is resolved: that restrictions stand
//! where they restrict something, and that metavariables are bound where they are used.

use rustc_hash::FxHashSet;

use crate::rule::{
    All, Body, Condition, Formula, LanguageFormula, Op, Rule, YamlSpan,
    reader::{Reader, is_metavariable, list},
};

/// Notes what is wrong with a language's formula.
pub(super) fn language(reader: &mut Reader<'_>, formula: &LanguageFormula) {
    positive(reader, &formula.formula);
    if formula.language == "text" {
        no_patterns(reader, &formula.formula);
    }
}

/// Notes metavariables in messages and rewrites that nothing binds.
pub(super) fn rule(reader: &mut Reader<'_>, rule: &Rule, message_span: &YamlSpan) {
    let Body::Match(formulas) = &rule.body else {
        return;
    };
    let mut bound = FxHashSet::default();
    for language in formulas {
        bind(&language.formula, &mut bound);
    }
    // A formula that was wrong binds nothing; its own mistake is enough.
    if bound.is_empty() && reader.error_count() > 0 {
        return;
    }
    unbound_in_text(reader, &rule.message, &bound, message_span, "the message");
    for language in formulas {
        overrides(reader, &language.formula, &bound);
    }
}

/// A formula that stands alone must match something.
fn positive(reader: &mut Reader<'_>, formula: &Formula) {
    match &formula.op {
        Op::Pattern(_) | Op::Regex(_) => {}
        Op::All(all) => conjunction(reader, formula, all),
        Op::Any(alternatives) => alternatives.iter().for_each(|a| positive(reader, a)),
        Op::Not(inner) | Op::Inside(inner) | Op::NotInside(inner) => {
            misplaced(reader, formula);
            positive(reader, inner);
        }
        Op::NotRegex(_) => misplaced(reader, formula),
    }
}

fn misplaced(reader: &mut Reader<'_>, formula: &Formula) {
    let operator = match formula.op {
        Op::Inside(_) => "inside",
        Op::NotInside(_) => "not-inside",
        _ => "not",
    };
    let message = format!("`{operator}` alone matches nothing");
    let help = "put it beside a pattern, or as an item under `all` with one";
    reader.error_with_help(&formula.span, message, help);
}

fn conjunction(reader: &mut Reader<'_>, formula: &Formula, all: &All) {
    let mut matches = false;
    for part in &all.parts {
        match &part.op {
            Op::Not(inner) | Op::Inside(inner) | Op::NotInside(inner) => positive(reader, inner),
            Op::NotRegex(_) => {}
            _ => {
                matches = true;
                positive(reader, part);
            }
        }
    }
    if !matches {
        let help = "add an item with `pattern`, `regex`, `any` or `use`";
        reader.error_with_help(&formula.span, "`all` has no item that matches", help);
    }
    let mut bound = FxHashSet::default();
    bind(formula, &mut bound);
    for condition in &all.conditions {
        if let Condition::Where {
            metavariable, span, ..
        } = condition
        {
            unbound(reader, metavariable, &bound, span);
        }
    }
    for name in all.focus.iter().flatten() {
        unbound(reader, name, &bound, &formula.span);
    }
}

/// Notes patterns in a formula over text.
fn no_patterns(reader: &mut Reader<'_>, formula: &Formula) {
    match &formula.op {
        Op::Pattern(_) => {
            let help = "text has no grammar to match code with";
            reader.error_with_help(&formula.span, "under `text`, only `regex` matches", help);
        }
        Op::Regex(_) | Op::NotRegex(_) => {}
        Op::Not(inner) | Op::Inside(inner) | Op::NotInside(inner) => no_patterns(reader, inner),
        Op::Any(parts) => parts.iter().for_each(|part| no_patterns(reader, part)),
        Op::All(all) => all.parts.iter().for_each(|part| no_patterns(reader, part)),
    }
}

/// Adds the metavariables that a match of the formula binds.
fn bind<'f>(formula: &'f Formula, bound: &mut FxHashSet<&'f str>) {
    match &formula.op {
        Op::Pattern(text) => bound.extend(metavariables(text)),
        Op::Regex(text) => bound.extend(groups(text)),
        Op::Inside(inner) => bind(inner, bound),
        Op::Any(parts) => parts.iter().for_each(|part| bind(part, bound)),
        Op::All(all) => all.parts.iter().for_each(|part| bind(part, bound)),
        Op::Not(_) | Op::NotInside(_) | Op::NotRegex(_) => {}
    }
}

/// Every `$NAME` and `$...NAME` of a text.
fn metavariables(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('$').filter_map(|(at, _)| {
        let rest = &text[at..];
        let dots = if rest[1..].starts_with("...") { 4 } else { 1 };
        let name = rest[dots..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let name = &rest[..name.map_or(rest.len(), |end| dots + end)];
        is_metavariable(name).then_some(name)
    })
}

/// The names of an expression's groups, without `$`. Numbers are bound by any expression, which
/// `is_bound` knows.
fn groups(regex: &str) -> impl Iterator<Item = &str> {
    let named = regex
        .split("(?P<")
        .skip(1)
        .chain(regex.split("(?<").skip(1));
    named
        .filter_map(|rest| rest.split_once('>').map(|(name, _)| name))
        .chain(["1"])
}

fn is_bound(name: &str, bound: &FxHashSet<&str>) -> bool {
    let bare = name.trim_start_matches('$').trim_start_matches("...");
    let number = bare.bytes().all(|b| b.is_ascii_digit());
    // `$...X` is `$X` in a message.
    bound.contains(name)
        || bound.contains(bare)
        || (number && bound.contains("1"))
        || bound.iter().any(|b| b.strip_prefix("$...") == Some(bare))
}

/// Notes a metavariable that a formula asks for and does not bind.
fn unbound(reader: &mut Reader<'_>, name: &str, bound: &FxHashSet<&str>, span: &YamlSpan) {
    if !is_bound(name, bound) {
        let message = format!("no pattern of this formula binds `{name}`");
        reader.error_with_help(span, message, bound_help(bound));
    }
}

/// Notes the metavariables of a message or rewrite that nothing binds.
fn unbound_in_text(
    reader: &mut Reader<'_>,
    text: &str,
    bound: &FxHashSet<&str>,
    span: &YamlSpan,
    what: &str,
) {
    for name in metavariables(text).filter(|name| !is_bound(name, bound)) {
        let message = format!("{what} names `{name}`, which no pattern binds");
        reader.error_with_help(span, message, bound_help(bound));
    }
}

fn bound_help(bound: &FxHashSet<&str>) -> String {
    let mut names: Vec<&str> = bound
        .iter()
        .copied()
        .filter(|name| name.starts_with('$'))
        .collect();
    names.sort_unstable();
    match names.as_slice() {
        [] => "no metavariable is bound there".to_owned(),
        names => format!("bound there: {}", list(names)),
    }
}

/// Notes unbound metavariables of the messages and rewrites inside a formula.
fn overrides(reader: &mut Reader<'_>, formula: &Formula, bound: &FxHashSet<&str>) {
    if let Some(message) = &formula.with.message {
        unbound_in_text(reader, message, bound, &formula.span, "the message");
    }
    if let Some(rewrite) = &formula.with.rewrite {
        unbound_in_text(reader, rewrite, bound, &formula.span, "the rewrite");
    }
    for (part, code) in &formula.with.rewrite_parts {
        unbound_in_text(reader, part, bound, &formula.span, "the rewrite");
        unbound_in_text(reader, code, bound, &formula.span, "the rewrite");
    }
    match &formula.op {
        Op::Any(parts) => parts.iter().for_each(|part| overrides(reader, part, bound)),
        Op::All(all) => all
            .parts
            .iter()
            .for_each(|part| overrides(reader, part, bound)),
        _ => {}
    }
}
