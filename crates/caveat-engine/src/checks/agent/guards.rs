//! What makes a use harmless: lists of what is allowed, confined paths, somebody's approval.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Code, NodeId};
use rustc_hash::FxHashSet;

use super::super::tree;
use super::body::Body;
use super::sinks::Kind;

/// What a function checks, for its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checks {
    /// That a path is inside of a folder.
    pub path: bool,
    /// That a value is one of those allowed.
    pub list: bool,
}

/// What a function of the file checks.
pub fn of_function(code: Code<'_>, node: NodeId) -> Checks {
    let text = code.text_of(node);
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let resolved = has(&["canonicalize", "absolutize", "normalize", "clean()"]);
    let inside = has(&["starts_with(", "strip_prefix("]);
    let returns = code.arena.field(node, Field::ReturnType);
    let returns = returns.map_or("", |it| code.text_of(it));
    let decides =
        returns.contains("bool") || returns.contains("Result") || returns.contains("Option");
    let listed = has(&["matches!(", ".contains_key(", " == "]) || contains_in_table(code, node);
    Checks {
        path: resolved && inside || has(&["ParentDir"]),
        list: decides && listed,
    }
}

/// `TABLE.contains(..)`: the receiver is a constant or a field.
fn contains_in_table(code: Code<'_>, node: NodeId) -> bool {
    code.arena.subtree(node).any(|id| {
        tree::method(code, id).is_some_and(|(receiver, name)| {
            let text = code.text_of(receiver);
            matches!(name, "contains" | "any" | "contains_key")
                && is_table(text)
                && !is_denied(text)
        })
    })
}

fn is_table(text: &str) -> bool {
    let first = text.trim_start_matches(['&', '*', '(']);
    first.starts_with("self.")
        || first.starts_with(|c: char| c.is_uppercase())
        || first.starts_with('[')
        || first.contains("allow")
}

fn is_denied(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    [
        "block", "deny", "denied", "forbid", "danger", "bad_", "black", "banned",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// Whether what stands before a use, or around it, makes it harmless.
pub fn guarded(body: &Body<'_, '_, '_>, at: NodeId, kind: Kind, argument: NodeId) -> bool {
    if matches!(kind, Kind::Html | Kind::Instructions | Kind::Prompt) && kind != Kind::Instructions
    {
        return false;
    }
    let names = body.names_in(argument);
    let family = body.family(&names);
    let code = body.code();
    let arena = code.arena;
    let node = body.function.node;
    let question = Question {
        body,
        at,
        kind,
        family,
    };
    arena
        .subtree(node)
        .filter(|&id| id < at)
        .any(|id| match arena.role(id) {
            Role::If => question.by_if(id),
            Role::Match => question.by_match(id),
            Role::Case => question.by_case(id),
            Role::QuestionMark => question.by_call(id),
            Role::MacroCall => question.by_assertion(id),
            _ => false,
        })
}

struct Question<'q, 'b, 'n, 'a> {
    body: &'q Body<'b, 'n, 'a>,
    at: NodeId,
    kind: Kind,
    family: FxHashSet<&'a str>,
}

/// What a condition says of the data.
#[derive(Default, Clone, Copy)]
struct Says {
    /// It is allowed if the condition holds.
    when_true: bool,
    /// It is allowed if the condition fails.
    when_false: bool,
}

impl Question<'_, '_, '_, '_> {
    fn code(&self) -> Code<'_> {
        self.body.code()
    }

    fn mentions(&self, node: NodeId) -> bool {
        let names = self.body.names_in(node);
        names
            .iter()
            .any(|name| self.family.contains(name) && *name != "self")
    }

    fn by_if(&self, id: NodeId) -> bool {
        let arena = self.code().arena;
        let (Some(condition), Some(then)) = (
            arena.field(id, Field::Condition),
            arena.field(id, Field::Consequence),
        ) else {
            return false;
        };
        let says = self.says(condition);
        let inside = arena.is_within(self.at, then);
        let otherwise = arena.field(id, Field::Alternative);
        let in_else = otherwise.is_some_and(|it| arena.is_within(self.at, it));
        let after = !arena.is_within(self.at, id);
        inside && says.when_true
            || in_else && says.when_false
            || after && says.when_false && leaves(self.code(), then)
            || after && says.when_true && otherwise.is_some_and(|it| leaves(self.code(), it))
    }

    /// `match confirm()? { .. }`, or arms of constants around the use.
    fn by_match(&self, id: NodeId) -> bool {
        let arena = self.code().arena;
        let Some(value) = arena.field(id, Field::Value) else {
            return false;
        };
        let asks = is_approval(self.code().text_of(value)) && self.may_be_approved();
        asks && (arena.is_within(self.at, id) || leaves(self.code(), id))
    }

    fn by_case(&self, id: NodeId) -> bool {
        let code = self.code();
        let arena = code.arena;
        if !arena.is_within(self.at, id) {
            return false;
        }
        let Some(pattern) = arena.field(id, Field::Pattern) else {
            return false;
        };
        let matched = arena
            .ancestors(id)
            .find(|&at| arena.role(at) == Role::Match)
            .and_then(|at| arena.field(at, Field::Value));
        let literal = arena
            .subtree(pattern)
            .any(|part| arena.role(part) == Role::String)
            && !code.text_of(pattern).contains(" if ");
        let of_data = matched.is_some_and(|value| self.mentions(value));
        let guard = arena.field(pattern, Field::Condition);
        let allowed = guard.is_some_and(|guard| self.says(guard).when_true);
        literal && of_data || allowed
    }

    /// `ensure_allowed(&command)?`
    fn by_call(&self, id: NodeId) -> bool {
        let code = self.code();
        let arena = code.arena;
        if arena.is_within(self.at, id) {
            return false;
        }
        let mut call = arena.children(id).next();
        while let Some(inner) = call.filter(|&it| arena.role(it) == Role::Await) {
            call = arena.children(inner).next();
        }
        let Some(call) = call.filter(|&it| arena.role(it) == Role::Call) else {
            return false;
        };
        let text = code.text_of(call);
        let name = self.called(call);
        if is_approval(name) && self.may_be_approved() {
            return true;
        }
        let inside =
            matches!(name, "strip_prefix") && self.kind == Kind::File && self.mentions(call);
        inside && self.resolves()
            || is_checking(name) && self.mentions(call) && self.really(name, text)
    }

    fn by_assertion(&self, id: NodeId) -> bool {
        let name = self.body.macro_name(id);
        if !matches!(name, "ensure" | "assert" | "ensure_whatever" | "require") {
            return false;
        }
        let parts = self.body.macro_arguments(id);
        parts
            .first()
            .is_some_and(|&condition| self.says(condition).when_true)
    }

    fn called(&self, call: NodeId) -> &str {
        let code = self.code();
        match tree::method(code, call) {
            Some((_, name)) => name,
            None => {
                let callee = code.arena.children(call).next();
                let path = callee.map_or("", |it| code.text_of(it));
                path.rsplit("::").next().unwrap_or(path)
            }
        }
    }

    /// A function of the file checks what it looks at; one from elsewhere is taken at its word.
    fn really(&self, name: &str, _call: &str) -> bool {
        match self.body.file.summaries.get(name) {
            Some(summary) if self.kind == Kind::File => summary.checks.path || summary.checks.list,
            Some(summary) => summary.checks.list,
            None => true,
        }
    }

    fn may_be_approved(&self) -> bool {
        matches!(
            self.kind,
            Kind::Shell | Kind::Code | Kind::File | Kind::Sql | Kind::Url
        )
    }

    /// Whether the path was made absolute and free of links somewhere in the function.
    fn resolves(&self) -> bool {
        let text = self.code().text_of(self.body.function.node);
        ["canonicalize", "absolutize", "normalize", "clean("]
            .iter()
            .any(|word| text.contains(word))
    }

    fn says(&self, condition: NodeId) -> Says {
        let code = self.code();
        let arena = code.arena;
        let mut says = Says::default();
        let text = code.text_of(condition);
        if self.may_be_approved() && is_approval(text) {
            let negated = text.trim_start().starts_with('!') || text.contains("!=");
            says.when_true |= !negated;
            says.when_false |= negated;
        }
        for id in arena.subtree(condition) {
            let Some(allowed) = self.allows(id) else {
                continue;
            };
            let negated = arena
                .ancestors(id)
                .take_while(|&at| arena.is_within(at, condition))
                .filter(|&at| arena.role(at) == Role::Unary && code.text_of(at).starts_with('!'))
                .count()
                % 2
                == 1;
            match allowed != negated {
                true => says.when_true = true,
                false => says.when_false = true,
            }
        }
        says
    }

    /// Whether a part of a condition says that the data is allowed (true) or that it is not.
    fn allows(&self, id: NodeId) -> Option<bool> {
        let code = self.code();
        let arena = code.arena;
        match arena.role(id) {
            Role::Call => self.call_allows(id),
            Role::MacroCall if self.body.macro_name(id) == "matches" => {
                let parts = self.body.macro_arguments(id);
                let text = code.text_of(id);
                let of_data =
                    parts.first().is_some_and(|&it| self.mentions(it)) || self.mentions(id);
                (of_data && (text.contains('"') || text.contains("Some("))).then_some(true)
            }
            Role::Binary => {
                let operator = arena
                    .children(id)
                    .find(|&it| arena.role(it) == Role::Token)?;
                let same = match code.text_of(operator) {
                    "==" => true,
                    "!=" => false,
                    _ => return None,
                };
                let sides: Vec<NodeId> = arena
                    .children(id)
                    .filter(|&it| arena.role(it) != Role::Token)
                    .collect();
                let [a, b] = sides.as_slice() else {
                    return None;
                };
                let of_data = self.mentions(*a) != self.mentions(*b);
                let number = arena.role(*b) == Role::Integer || arena.role(*a) == Role::Integer;
                let counts = code.text_of(*a).ends_with("len()");
                (of_data && !number && !counts).then_some(same)
            }
            _ => None,
        }
    }

    fn call_allows(&self, id: NodeId) -> Option<bool> {
        let code = self.code();
        let arena = code.arena;
        let name = self.called(id);
        let arguments: Vec<NodeId> = tree::arguments(arena, id).collect();
        let of_arguments = arguments.iter().any(|&it| self.mentions(it));
        let Some((receiver, _)) = tree::method(code, id) else {
            let checks = is_checking(name) && of_arguments && self.really(name, "");
            return checks.then_some(true);
        };
        let table = code.text_of(receiver);
        match name {
            "contains" | "contains_key" | "any" | "binary_search" | "is_ok" | "is_some"
                if of_arguments && !self.mentions(receiver) =>
            {
                (!is_denied(table)).then_some(true)
            }
            "starts_with" | "strip_prefix" if self.mentions(receiver) => match self.kind {
                Kind::File => self.resolves().then_some(true),
                Kind::Url => {
                    let text = arguments.first().map_or("", |&it| code.text_of(it));
                    fixes_host(text).then_some(true)
                }
                _ => None,
            },
            "any" | "all" if self.kind == Kind::File && self.mentions(receiver) => {
                let text = code.text_of(id);
                let parents = text.contains("ParentDir") || text.contains("Normal");
                parents.then_some(text.contains("Normal"))
            }
            "all" if self.mentions(receiver) => {
                let text = code.text_of(id);
                text.contains("is_ascii_alphanumeric").then_some(true)
            }
            _ if is_checking(name) && of_arguments && self.really(name, "") => Some(true),
            _ => None,
        }
    }
}

/// `"https://host/`
fn fixes_host(text: &str) -> bool {
    let text = text.trim_matches(['&', '"']);
    text.split_once("://")
        .is_some_and(|(_, rest)| rest.contains('/'))
}

/// Whether a block leaves: returns, fails, or goes on with the next turn.
fn leaves(code: Code<'_>, block: NodeId) -> bool {
    let arena = code.arena;
    arena.subtree(block).any(|id| match arena.role(id) {
        Role::Return | Role::Continue | Role::Break => true,
        Role::MacroCall => {
            let text = code.text_of(id);
            let name = text.split('!').next().unwrap_or("").trim();
            let name = name.rsplit("::").next().unwrap_or(name);
            matches!(
                name,
                "bail" | "panic" | "unreachable" | "whatever" | "return_error"
            )
        }
        _ => false,
    })
}

/// Names of functions that hold something against a rule.
fn is_checking(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let words = [
        "allow",
        "permit",
        "is_safe",
        "validate",
        "check",
        "ensure",
        "verify",
        "within",
        "inside",
        "is_valid",
        "whitelist",
        "guard",
        "enforce",
        "is_confined",
        "authorize",
        "is_known",
    ];
    words.iter().any(|word| lower.contains(word))
}

/// Words of code that asks somebody.
fn is_approval(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let words = [
        "confirm",
        "approv",
        "consent",
        "permission",
        "ask_user",
        "ask_human",
        "prompt_user",
        "authoriz",
        "elicit",
        "\"y\"",
        "\"yes\"",
        "accepted",
    ];
    words.iter().any(|word| lower.contains(word))
}
