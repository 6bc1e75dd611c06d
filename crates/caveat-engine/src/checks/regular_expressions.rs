//! Checks of the regular expressions that stand in the code as constants: slow ones, and ones
//! that let through what they were written to stop. What is wrong with an expression is for
//! [`crate::regexes`] to say; here they are found and their use is read off the call.

use caveat_parser::lang::{Field, Role};
use caveat_parser::names::Root;
use caveat_parser::{Names, NodeId};

use super::{Check, FileView, Hit};
use crate::regexes::syntax::{Flags, Flavor};
use crate::regexes::{ProblemKind, Usage, analyze};

/// Expressions that take exponential time on some text.
pub static REDOS: Check = check("redos", |view, hits| {
    find(view, hits, |kind| kind == ProblemKind::Exponential)
});
/// Dots of host names that match any character.
pub static HOSTNAME: Check = check("hostname-regex-incomplete", |view, hits| {
    find(view, hits, |kind| kind == ProblemKind::HostDot);
});
/// Ranges that hold more than their ends suggest.
pub static RANGE: Check = check("regex-range-overly-large", |view, hits| {
    find(view, hits, |kind| kind == ProblemKind::LargeRange);
});
/// Filters for markup that miss ways of writing it.
pub static TAG_FILTER: Check = check("html-filter-by-regex", |view, hits| {
    find(view, hits, |kind| kind == ProblemKind::TagFilter);
});

/// Calls that take an expression. They hold for both languages; aliases of the functions are
/// followed by the trigger's literal in the import.
const TRIGGERS: &[&str] = &[
    "re.compile",
    "re.match",
    "re.search",
    "re.fullmatch",
    "re.findall",
    "re.finditer",
    "re.sub",
    "re.subn",
    "re.split",
    "regex.compile",
    "Regex::new",
    "RegexBuilder::new",
];

const fn check(name: &'static str, run: fn(&FileView<'_>, &mut Vec<Hit>)) -> Check {
    Check {
        name,
        languages: &["python", "rust"],
        triggers: TRIGGERS,
        whole_file: &[],
        needs_class: false,
        glance: None,
        run,
    }
}

fn find(view: &FileView<'_>, hits: &mut Vec<Hit>, wanted: fn(ProblemKind) -> bool) {
    let Some(names) = view.names else { return };
    for call in names.code.arena.ids() {
        if let Some(expression) = expression(names, call) {
            for problem in problems(names, &expression, |kind| {
                // Who replaces a link in a text of his own decides nothing by it.
                wanted(kind) && !(kind == ProblemKind::HostDot && expression.usage == Usage::Sub)
            }) {
                hits.push(Hit::at_node(view, expression.literal).word("PROBLEM", problem));
            }
        }
    }
}

/// A constant expression and how it is used.
struct Expression {
    literal: NodeId,
    flavor: Flavor,
    usage: Usage,
    flags: Flags,
}

fn problems(
    names: &Names<'_>,
    expression: &Expression,
    wanted: impl Fn(ProblemKind) -> bool,
) -> Vec<String> {
    let value = names.constant(expression.literal);
    let Some(text) = value.as_ref().and_then(|value| value.text()) else {
        return Vec::new();
    };
    analyze(text, expression.flavor, expression.flags, expression.usage)
        .into_iter()
        .filter(|problem| wanted(problem.kind))
        .map(|problem| problem.message)
        .collect()
}

fn expression(names: &Names<'_>, call: NodeId) -> Option<Expression> {
    let arena = names.code.arena;
    if arena.role(call) != Role::Call {
        return None;
    }
    let callee = arena.children(call).next()?;
    let resolved = names.resolve(callee)?;
    if !matches!(resolved.root, Root::Imported | Root::Unbound) {
        return None;
    }
    let (flavor, usage) = function(&resolved.path)?;
    let arguments = arena.field(call, Field::Arguments)?;
    let mut positional = arena
        .children(arguments)
        .filter(|&id| arena.role(id) != Role::KeywordArgument);
    let literal = positional.next()?;
    // What the flags are cannot be told from a variable, and without them the reading is wrong.
    let flags = flags(names, arguments)?;
    Some(Expression {
        literal,
        flavor,
        usage,
        flags,
    })
}

fn function(path: &[&str]) -> Option<(Flavor, Usage)> {
    let usage = |name: &str| match name {
        "match" => Some(Usage::Match),
        "fullmatch" => Some(Usage::FullMatch),
        "search" => Some(Usage::Search),
        "findall" | "finditer" | "sub" | "subn" | "split" => Some(Usage::Sub),
        "compile" => Some(Usage::Unknown),
        _ => None,
    };
    match path {
        ["re", name] => Some((Flavor::PythonRe, usage(name)?)),
        ["regex", name] => Some((Flavor::PythonRegex, usage(name)?)),
        ["fancy_regex", .., "new"] => Some((Flavor::FancyRegex, Usage::Search)),
        ["pcre2", .., "new"] => Some((Flavor::Pcre2, Usage::Search)),
        ["onig", .., "new"] => Some((Flavor::Oniguruma, Usage::Search)),
        ["regex", .., "new"] => Some((Flavor::RustRegex, Usage::Search)),
        _ => None,
    }
}

/// Flags of Python's functions by name; `None` if there are some that are not understood.
fn flags(names: &Names<'_>, arguments: NodeId) -> Option<Flags> {
    let arena = names.code.arena;
    let mut flags = Flags::default();
    for id in arena.subtree(arguments).skip(1) {
        if !matches!(arena.role(id), Role::Attribute | Role::Identifier) {
            continue;
        }
        let Some(resolved) = names.resolve(id) else {
            continue;
        };
        match resolved.path.as_slice() {
            ["re" | "regex", "IGNORECASE" | "I"] => flags.ignore_case = true,
            ["re" | "regex", "MULTILINE" | "M"] => flags.multiline = true,
            ["re" | "regex", "DOTALL" | "S"] => flags.dotall = true,
            ["re" | "regex", "VERBOSE" | "X"] => flags.verbose = true,
            ["re" | "regex", "ASCII" | "A"] => flags.ascii = true,
            _ => {}
        }
    }
    let given = arena.children(arguments).find(|&id| {
        arena.role(id) == Role::KeywordArgument
            && arena
                .field(id, Field::Name)
                .is_some_and(|name| names.code.text_of(name) == "flags")
    });
    let understood = flags != Flags::default();
    match given {
        Some(_) if !understood => None,
        _ => Some(flags),
    }
}
