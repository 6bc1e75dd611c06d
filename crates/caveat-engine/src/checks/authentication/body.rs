//! A function as the checks of authentication see it: its name, its parameters, what it calls,
//! compares and returns, in either language.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Arena, Code, Names, NodeId};

use super::super::FileView;
use crate::routes::words;

/// A function of product code.
#[derive(Clone, Copy)]
pub(super) struct Body<'v> {
    pub(super) names: &'v Names<'v>,
    pub(super) code: Code<'v>,
    /// The function itself.
    pub(super) node: NodeId,
    /// Its block.
    pub(super) block: NodeId,
}

/// The functions of a file, outer ones before those within them.
pub(super) fn bodies<'v>(view: &FileView<'v>) -> Vec<Body<'v>> {
    let Some(names) = view.names else {
        return Vec::new();
    };
    let code = names.code;
    let functions = code
        .arena
        .ids()
        .filter(|&id| code.arena.role(id) == Role::Function);
    functions
        .filter_map(|node| {
            let block = code.arena.field(node, Field::Body)?;
            Some(Body {
                names,
                code,
                node,
                block,
            })
        })
        .collect()
}

impl<'v> Body<'v> {
    pub(super) fn arena(&self) -> &'v Arena {
        self.code.arena
    }

    pub(super) fn text(&self, node: NodeId) -> &'v str {
        self.code.text_of(node)
    }

    pub(super) fn is_python(&self) -> bool {
        self.arena().language.name() == "python"
    }

    pub(super) fn name(&self) -> &'v str {
        let name = self.arena().field(self.node, Field::Name);
        name.map_or("", |name| self.text(name))
    }

    /// The function around this one.
    pub(super) fn outer(&self) -> Option<NodeId> {
        super::super::tree::function(self.arena(), self.node)
    }

    /// Everything in the block with a role.
    pub(super) fn all(&self, role: Role) -> impl Iterator<Item = NodeId> + use<'v> {
        let arena = self.code.arena;
        arena
            .subtree(self.block)
            .filter(move |&id| arena.role(id) == role)
    }

    /// The function's parameters.
    pub(super) fn parameters(&self) -> Vec<NodeId> {
        let list = self.arena().field(self.node, Field::Parameters);
        list.into_iter()
            .flat_map(|list| self.arena().children(list))
            .filter(|&it| matches!(self.arena().role(it), Role::Parameter | Role::Identifier))
            .collect()
    }

    /// The name of a parameter.
    pub(super) fn parameter_name(&self, parameter: NodeId) -> Option<NodeId> {
        let arena = self.arena();
        if arena.role(parameter) == Role::Identifier {
            return Some(parameter);
        }
        arena
            .field(parameter, Field::Name)
            .or_else(|| arena.field(parameter, Field::Pattern))
            .or_else(|| arena.children(parameter).next())
            .filter(|&it| arena.role(it) == Role::Identifier)
    }

    /// Whether it has a parameter of that name, or a function around it has.
    pub(super) fn is_parameter(&self, name: &str) -> bool {
        let mut at = Some(*self);
        while let Some(body) = at {
            let own = body.parameters().into_iter();
            if own
                .filter_map(|it| body.parameter_name(it))
                .any(|it| body.text(it) == name)
            {
                return true;
            }
            at = body.outer().and_then(|node| {
                let block = body.arena().field(node, Field::Body)?;
                Some(Body {
                    node,
                    block,
                    ..body
                })
            });
        }
        false
    }

    /// The last name of what a call calls.
    pub(super) fn callee(&self, call: NodeId) -> &'v str {
        let arena = self.arena();
        let mut callee = match arena.children(call).next() {
            Some(callee) => callee,
            None => return "",
        };
        if arena.role(callee) == Role::Generic {
            callee = arena.children(callee).next().unwrap_or(callee);
        }
        match arena.role(callee) {
            Role::Attribute | Role::Scoped => {
                arena.children(callee).last().map_or("", |it| self.text(it))
            }
            Role::Identifier => self.text(callee),
            _ => "",
        }
    }

    /// What a call calls, as it is written.
    pub(super) fn callee_text(&self, call: NodeId) -> &'v str {
        let callee = self.arena().children(call).next();
        callee.map_or("", |it| self.text(it))
    }

    pub(super) fn receiver(&self, call: NodeId) -> Option<NodeId> {
        super::super::tree::method(self.code, call).map(|it| it.0)
    }

    pub(super) fn arguments(&self, call: NodeId) -> Vec<NodeId> {
        let arena = self.arena();
        super::super::tree::arguments(arena, call)
            .filter(|&it| !matches!(arena.role(it), Role::Token | Role::KeywordArgument))
            .collect()
    }

    pub(super) fn keyword(&self, call: NodeId, name: &str) -> Option<NodeId> {
        self.keywords(call)
            .into_iter()
            .find(|it| it.0 == name)
            .map(|it| it.1)
    }

    /// Keyword arguments of a call.
    pub(super) fn keywords(&self, call: NodeId) -> Vec<(&'v str, NodeId)> {
        let arena = self.arena();
        super::super::tree::arguments(arena, call)
            .filter(|&it| arena.role(it) == Role::KeywordArgument)
            .filter_map(|it| {
                let name = arena.field(it, Field::Name)?;
                Some((self.text(name), arena.field(it, Field::Value)?))
            })
            .collect()
    }

    /// The operator of a binary expression or comparison, and its two sides.
    pub(super) fn operation(&self, node: NodeId) -> Option<(NodeId, &'v str, NodeId)> {
        let arena = self.arena();
        let mut sides = Vec::new();
        let mut operator = "";
        for child in arena.children(node) {
            match arena.role(child) {
                Role::Token if operator.is_empty() => operator = self.text(child),
                Role::Token => return None,
                _ => sides.push(child),
            }
        }
        match sides.as_slice() {
            [left, right] => Some((*left, operator, *right)),
            _ => None,
        }
    }

    /// Comparisons of the block: both sides and the operator.
    pub(super) fn comparisons(&self) -> Vec<(NodeId, NodeId, &'v str, NodeId)> {
        const OPERATORS: &[&str] = &[
            "==", "!=", "in", "not in", "is", "is not", "<", ">", "<=", ">=",
        ];
        let arena = self.arena();
        let nodes = arena.subtree(self.block);
        nodes
            .filter(|&id| matches!(arena.role(id), Role::Comparison | Role::Binary))
            .filter_map(|id| {
                let (left, operator, right) = self.operation(id)?;
                OPERATORS
                    .contains(&operator)
                    .then_some((id, left, operator, right))
            })
            .collect()
    }

    /// The text of a string, without quotes and prefix.
    pub(super) fn string(&self, node: NodeId) -> Option<&'v str> {
        if self.arena().role(node) != Role::String {
            return None;
        }
        let text = self.text(node);
        let start = text.find(['"', '\''])?;
        let quoted = text[start..].trim_matches(['"', '\'']);
        Some(quoted.trim_end_matches(['#', '"']))
    }

    /// Conditions: of `if`, `while`, conditional expressions.
    pub(super) fn conditions(&self) -> Vec<NodeId> {
        let arena = self.arena();
        let nodes = arena.subtree(self.block);
        nodes
            .filter_map(|id| match arena.role(id) {
                Role::If | Role::While => arena.field(id, Field::Condition),
                Role::Conditional => arena.children(id).nth(1),
                _ => None,
            })
            .collect()
    }

    /// The parts of a condition between `and`, `or` and `not`.
    pub(super) fn leaves(&self, condition: NodeId) -> Vec<NodeId> {
        let arena = self.arena();
        let is_joint = match arena.role(condition) {
            Role::BooleanOperator | Role::Not => true,
            Role::Unary => self.text(condition).starts_with('!'),
            Role::Binary => self
                .operation(condition)
                .is_some_and(|it| matches!(it.1, "&&" | "||")),
            _ => false,
        };
        if !is_joint {
            return vec![condition];
        }
        arena
            .children(condition)
            .filter(|&it| arena.role(it) != Role::Token)
            .flat_map(|it| self.leaves(it))
            .collect()
    }

    /// The name under which a value is kept: of a variable, an attribute, a field, an item.
    pub(super) fn key(&self, node: NodeId) -> Option<&'v str> {
        let arena = self.arena();
        match arena.role(node) {
            Role::Identifier => Some(self.text(node)),
            Role::Attribute => {
                let last = self.text(arena.children(node).last()?);
                match last {
                    // A field of a form.
                    "data" | "value" => self.key(arena.children(node).next()?),
                    _ => Some(last),
                }
            }
            Role::Subscript => self.string(arena.children(node).nth(1)?),
            Role::Call => {
                let name = self.callee(node);
                match name {
                    "get" | "getlist" | "pop" | "getfirst" => {
                        self.string(*self.arguments(node).first()?)
                    }
                    "strip" | "encode" | "decode" | "as_str" | "as_bytes" | "as_ref" | "clone"
                    | "to_string" | "trim" | "as_deref" | "unwrap" | "unwrap_or_default"
                    | "to_owned" | "into" => self.key(self.receiver(node)?),
                    "str" => self.key(*self.arguments(node).first()?),
                    _ => None,
                }
            }
            Role::Reference | Role::Unary | Role::Await | Role::QuestionMark => {
                let inner = arena
                    .children(node)
                    .find(|&it| arena.role(it) != Role::Token)?;
                self.key(inner)
            }
            _ => None,
        }
    }

    /// The first name of an expression: `form` of `form.password.data`.
    pub(super) fn root(&self, node: NodeId) -> &'v str {
        let arena = self.arena();
        let mut at = node;
        loop {
            match arena.role(at) {
                Role::Identifier => return self.text(at),
                Role::Attribute
                | Role::Subscript
                | Role::Call
                | Role::Reference
                | Role::Unary
                | Role::Await
                | Role::Scoped
                | Role::QuestionMark => {
                    let inner = arena.children(at).find(|&it| arena.role(it) != Role::Token);
                    match inner {
                        Some(inner) => at = inner,
                        None => return "",
                    }
                }
                _ => return "",
            }
        }
    }

    /// Whether some identifier in a node satisfies a test.
    pub(super) fn mentions(&self, node: NodeId, test: impl Fn(&str) -> bool) -> bool {
        let arena = self.arena();
        arena
            .subtree(node)
            .any(|it| arena.role(it) == Role::Identifier && test(self.text(it)))
    }

    /// The text of a node without comments, in lower case.
    pub(super) fn prose(&self, node: NodeId) -> String {
        let own = self.arena().node(node);
        let comments = &self.arena().comments;
        let first = comments.partition_point(|comment| comment.end <= own.start);
        let mut text = String::new();
        let mut at = own.start;
        for comment in comments[first..].iter().take_while(|it| it.start < own.end) {
            text.push_str(&self.code.text[at as usize..comment.start.max(at) as usize]);
            at = comment.end.min(own.end);
        }
        text.push_str(&self.code.text[at as usize..own.end as usize]);
        text.make_ascii_lowercase();
        text
    }

    /// Whether the code of the function has one of these words, in any case.
    pub(super) fn speaks_of(&self, words: &[&str]) -> bool {
        self.has(self.node, words)
    }

    /// Whether the code of a node has one of these words, in any case.
    pub(super) fn has(&self, node: NodeId, words: &[&str]) -> bool {
        let text = self.prose(node);
        words.iter().any(|word| text.contains(word))
    }

    /// Decorators of the function, or Rust's attributes, as text.
    pub(super) fn decorators(&self) -> Vec<&'v str> {
        let arena = self.arena();
        match arena.parent(self.node) {
            Some(parent) if arena.role(parent) == Role::Decorated => arena
                .children(parent)
                .filter(|&it| arena.role(it) == Role::Decorator)
                .map(|it| self.text(it))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a decorator registers it as a route.
    pub(super) fn is_route(&self) -> bool {
        self.decorators().iter().any(|text| {
            [
                ".route(",
                ".get(",
                ".post(",
                ".put(",
                ".patch(",
                ".delete(",
                "api_view",
                ".api_route(",
            ]
            .iter()
            .any(|word| text.contains(word))
        })
    }

    /// Whether a text of the code says that somebody is turned away.
    pub(super) fn denies(&self, node: NodeId) -> bool {
        self.has(node, DENIALS)
    }
}

/// Words with which somebody is turned away.
const DENIALS: &[&str] = &[
    "401",
    "403",
    "unauthor",
    "forbidden",
    "denied",
    "invalid",
    "abort(",
    "httpexception",
    "not allowed",
    "permissionerror",
    "raise ",
    "err(",
    "bail!",
    "redirect(",
];

/// Whether a text has one of the words, in any case.
pub(super) fn speaks_of(text: &str, words: &[&str]) -> bool {
    let lower = text.to_ascii_lowercase();
    words.iter().any(|word| lower.contains(word))
}

/// Whether a name is one of a password, token or key that somebody sends.
pub(super) fn is_credential(name: &str) -> bool {
    let words = words::split(name);
    let has = |word: &str| words.iter().any(|it| it == word);
    [
        "password",
        "passwd",
        "pwd",
        "passphrase",
        "token",
        "apikey",
        "credentials",
        "credential",
        "authorization",
        "jwt",
        "bearer",
        "passcode",
    ]
    .iter()
    .any(|word| has(word))
        || has("api") && has("key")
        || has("auth") && (has("header") || has("key"))
}
