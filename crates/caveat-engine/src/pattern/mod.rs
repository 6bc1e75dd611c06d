//! Patterns: code with placeholders, compiled once and matched against arenas.
//!
//! This module knows nothing of rules and formulas. A pattern matches a node (or a run of
//! statements) under bindings of its metavariables; what that means is for [`crate::formula`].

pub mod compile;
pub mod matcher;
pub mod placeholder;

use caveat_parser::lang::{Field, Language, Role};
use caveat_parser::{Constant, NodeId, Span};
use regex::Regex;

pub use compile::{PatternError, compile};

/// Number of a metavariable within its rule.
pub type Mv = u16;

/// Names of a rule's metavariables, without `$`.
#[derive(Debug, Clone, Default)]
pub struct MvTable {
    names: Vec<String>,
}

impl MvTable {
    /// The number of a name, new if need be. `_` is a new one each time: it never unifies.
    pub fn number(&mut self, name: &str) -> Mv {
        if name != "_"
            && let Some(at) = self.names.iter().position(|known| known == name)
        {
            return at as Mv;
        }
        self.names.push(name.to_owned());
        (self.names.len() - 1) as Mv
    }

    /// The number of a name that some pattern binds.
    pub fn find(&self, name: &str) -> Option<Mv> {
        self.names
            .iter()
            .position(|known| known == name)
            .map(|at| at as Mv)
    }

    /// The name behind a number.
    pub fn name(&self, mv: Mv) -> &str {
        &self.names[mv as usize]
    }
}

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// What it matches.
    pub root: Root,
    /// Language of the code.
    pub language: Language,
    /// Whether the pattern was written with a final `;`: a statement, whose value is dropped.
    pub statement: bool,
}

/// The top of a pattern.
#[derive(Debug, Clone)]
pub enum Root {
    /// One expression, statement or item.
    Node(Pat),
    /// A run of statements.
    Sequence(Vec<Pat>),
}

impl Root {
    /// Calls `see` with each part, from the outside in.
    pub fn visit(&self, see: &mut dyn FnMut(&Pat)) {
        match self {
            Root::Node(pat) => pat.visit(see),
            Root::Sequence(pats) => pats.iter().for_each(|pat| pat.visit(see)),
        }
    }

    /// Whether a match binds the metavariable.
    pub fn binds(&self, mv: Mv) -> bool {
        let mut found = false;
        self.visit(&mut |pat| found |= pat.binds_itself(mv));
        found
    }
}

/// A part of a pattern.
#[derive(Debug, Clone)]
pub enum Pat {
    /// `...` where one node stands: anything.
    Any,
    /// `...` in a list: any number.
    Dots,
    /// `$...X` in a list.
    MetaDots(Mv),
    /// `$X`.
    Meta(Mv),
    /// `($X: a.b.T)`.
    Typed {
        /// The metavariable.
        mv: Mv,
        /// The type's path.
        path: Vec<String>,
    },
    /// `<... e ...>`: e anywhere inside.
    Deep(Box<Pat>),
    /// A dotted name without placeholders, compared on the resolved path.
    Name(Vec<String>),
    /// An identifier compared as text (names of definitions, keywords).
    Word(String),
    /// `object.name` where one of them is a placeholder or an expression.
    Attribute {
        /// Left of the dot.
        object: Box<Pat>,
        /// Right of it.
        name: KeywordName,
    },
    /// `object. ...`: object, or any chain of calls and attributes on it.
    Chain(Box<Pat>),
    /// A call or macro invocation.
    Call {
        /// What is called.
        callee: Box<Pat>,
        /// With what.
        arguments: Vec<Argument>,
        /// `name!(...)`.
        is_macro: bool,
    },
    /// An argument list by itself.
    Arguments(Vec<Argument>),
    /// A literal, compared by value.
    Literal(Constant),
    /// `"..."`.
    AnyString,
    /// `"=~/re/"`.
    StringRegex(Regex),
    /// `"$X"`: binds the content.
    StringMeta(Mv),
    /// `f"...{$X}..."`.
    Formatted(Vec<StringPart>),
    /// Any node with one of these roles.
    AnyOfRole(Vec<Role>),
    /// Statements of a block.
    Block(Vec<Pat>),
    /// Imports all of these paths, or something below them.
    Import(Vec<Vec<String>>),
    /// A node without children.
    Leaf {
        /// The grammar's kind.
        kind: u16,
        /// Its text.
        text: String,
    },
    /// Any other node.
    Node {
        /// The grammar's kind.
        kind: u16,
        /// Its role.
        role: Role,
        /// Children by field, in order.
        groups: Vec<(Field, Vec<Pat>)>,
    },
}

impl Pat {
    /// Whether the part is an expression, which as a statement also stands for a statement that
    /// contains it.
    pub fn is_expression(&self) -> bool {
        match self {
            Pat::Call { .. }
            | Pat::Name(_)
            | Pat::Attribute { .. }
            | Pat::Chain(_)
            | Pat::Literal(_)
            | Pat::StringRegex(_)
            | Pat::Formatted(_) => true,
            Pat::Node { role, .. } => matches!(
                role,
                Role::Binary
                    | Role::BooleanOperator
                    | Role::Comparison
                    | Role::Unary
                    | Role::Not
                    | Role::Subscript
                    | Role::Await
                    | Role::Yield
                    | Role::Dict
                    | Role::List
                    | Role::Lambda
                    | Role::Conditional
                    | Role::QuestionMark
                    | Role::Reference
            ),
            _ => false,
        }
    }
}

impl Pat {
    /// Calls `see` with this part and all in it, from the outside in.
    pub fn visit(&self, see: &mut dyn FnMut(&Pat)) {
        see(self);
        let arguments = |arguments: &[Argument], see: &mut dyn FnMut(&Pat)| {
            for argument in arguments {
                if let Argument::Positional(pat) | Argument::Keyword(_, pat) = argument {
                    pat.visit(see);
                }
            }
        };
        match self {
            Pat::Deep(inner) | Pat::Chain(inner) => inner.visit(see),
            Pat::Attribute { object, .. } => object.visit(see),
            Pat::Call {
                callee,
                arguments: list,
                ..
            } => {
                callee.visit(see);
                arguments(list, see);
            }
            Pat::Arguments(list) => arguments(list, see),
            Pat::Block(pats) => pats.iter().for_each(|pat| pat.visit(see)),
            Pat::Formatted(parts) => {
                for part in parts {
                    if let StringPart::Hole(pat) = part {
                        pat.visit(see);
                    }
                }
            }
            Pat::Node { groups, .. } => {
                let pats = groups.iter().flat_map(|(_, pats)| pats);
                pats.for_each(|pat| pat.visit(see));
            }
            _ => {}
        }
    }

    /// Whether this part, apart from those in it, binds the metavariable.
    fn binds_itself(&self, mv: Mv) -> bool {
        let in_list = |arguments: &[Argument]| {
            arguments.iter().any(|argument| match argument {
                Argument::Keyword(KeywordName::Meta(own), _) | Argument::MetaDots(own) => {
                    *own == mv
                }
                _ => false,
            })
        };
        match self {
            Pat::Meta(own) | Pat::MetaDots(own) | Pat::StringMeta(own) => *own == mv,
            Pat::Typed { mv: own, .. } => *own == mv,
            Pat::Attribute { name, .. } => matches!(name, KeywordName::Meta(own) if *own == mv),
            Pat::Call { arguments, .. } | Pat::Arguments(arguments) => in_list(arguments),
            _ => false,
        }
    }
}

/// A name that may be a metavariable.
#[derive(Debug, Clone)]
pub enum KeywordName {
    /// This very text.
    Text(String),
    /// `$X`.
    Meta(Mv),
    /// `...`.
    Any,
}

/// A member of an argument list.
#[derive(Debug, Clone)]
pub enum Argument {
    /// By position.
    Positional(Pat),
    /// `name=value`, in any order.
    Keyword(KeywordName, Pat),
    /// `...`.
    Dots,
    /// `$...X`.
    MetaDots(Mv),
}

/// A part of a formatted string.
#[derive(Debug, Clone)]
pub enum StringPart {
    /// Literal text.
    Text(String),
    /// Any parts.
    Dots,
    /// `{e}`.
    Hole(Pat),
}

/// What a metavariable stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// A node.
    Node(NodeId),
    /// A run of list members: the span from the first to the last, empty if there is none.
    Nodes(Span),
    /// Part of the text: content of a string, a group of a regular expression.
    Text(Span),
}

/// Bindings of metavariables, in the order they were made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Env {
    bindings: Vec<(Mv, Bound)>,
}

impl Env {
    /// What `mv` is bound to.
    pub fn get(&self, mv: Mv) -> Option<&Bound> {
        self.bindings
            .iter()
            .find(|(known, _)| *known == mv)
            .map(|(_, bound)| bound)
    }

    /// All bindings.
    pub fn iter(&self) -> impl Iterator<Item = &(Mv, Bound)> {
        self.bindings.iter()
    }

    /// Adds a binding that is not there yet.
    pub fn push(&mut self, mv: Mv, bound: Bound) {
        self.bindings.push((mv, bound));
    }
}
