//! Questions about trees that both languages ask: the text that an expression folds to and where
//! it stands, and the name that an expression goes by.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Constant, Names, NodeId, Span};

use super::encoding;
use crate::checks::tree;

/// A text that an expression always has.
#[derive(Debug, Clone)]
pub struct Folded {
    /// The text, or bytes as Latin-1.
    pub text: String,
    /// Bytes of the file that spell it, without quotes where it is one literal.
    pub span: Span,
    /// The expression.
    pub node: NodeId,
}

/// How deep wrappers are peeled.
const DEPTH: u32 = 8;

/// Calls that hand on their first argument, by last name.
const WRAPPERS: &[&str] = &[
    "Some",
    "Ok",
    "SecretStr",
    "SecretBytes",
    "Secret",
    "SecretString",
    "SecretBox",
    "Zeroizing",
    "str",
    "bytes",
    "bytearray",
    "Password",
    "mark_safe",
    "Arc",
    "Box",
    "Rc",
    "Cow",
    "Bytes",
];

/// Methods that hand on their receiver.
const PASSING: &[&str] = &[
    "to_string",
    "to_owned",
    "into",
    "as_str",
    "as_ref",
    "as_bytes",
    "to_vec",
    "clone",
    "encode",
    "decode",
    "into_bytes",
    "into_boxed_str",
    "strip",
    "trim",
    "as_deref",
    "unwrap",
    "expect",
    "lower",
    "upper",
    "into_string",
    "as_slice",
    "try_into",
    "parse",
    "unwrap_or_default",
    "get_secret_value",
    "to_lowercase",
    "as_deref_mut",
    "ok",
];

/// The text of an expression made of literals; names are followed only if `follow`.
pub fn fold(names: &Names<'_>, node: NodeId, follow: bool) -> Option<Folded> {
    fold_within(names, node, follow, DEPTH)
}

fn fold_within(names: &Names<'_>, node: NodeId, follow: bool, depth: u32) -> Option<Folded> {
    let depth = depth.checked_sub(1)?;
    let arena = names.code.arena;
    let at = |text: String| {
        Some(Folded {
            text,
            span: value_span(names, node),
            node,
        })
    };
    match arena.role(node) {
        Role::String | Role::ConcatenatedString | Role::Binary => {
            at(text_of(&names.literal(node)?)?)
        }
        Role::List => at(byte_list(names, node)?),
        Role::Identifier | Role::Attribute if follow => {
            let value = names.value_of(node)?;
            (!is_mutable(names, value)).then(|| fold_within(names, value, follow, depth))?
        }
        Role::Reference | Role::Unary | Role::Cast => {
            let inner = arena.children(node).find(|&child| {
                arena.role(child) != Role::Token && arena.kind_name(child) != "mutable_specifier"
            })?;
            fold_within(names, inner, follow, depth)
        }
        Role::Call | Role::MacroCall => fold_call(names, node, follow, depth),
        _ => None,
    }
}

/// Whether the binding of a value says that it will change: `let mut key = [0; 32]`.
fn is_mutable(names: &Names<'_>, value: NodeId) -> bool {
    let arena = names.code.arena;
    arena.parent(value).is_some_and(|parent| {
        arena
            .children(parent)
            .any(|part| arena.kind_name(part) == "mutable_specifier")
    })
}

fn text_of(constant: &Constant) -> Option<String> {
    constant.text().map(str::to_owned)
}

/// `[0x1f, 2, ...]` and `[0u8; 16]` as bytes.
fn byte_list(names: &Names<'_>, node: NodeId) -> Option<String> {
    let arena = names.code.arena;
    let byte = |constant: Constant| match constant {
        Constant::Int(value) => u8::try_from(value).ok().map(char::from),
        _ => None,
    };
    if let Some(length) = arena.field(node, Field::Length) {
        let item = byte(names.literal(arena.children(node).next()?)?)?;
        return match names.literal(length)? {
            Constant::Int(count @ 8..=64) => Some(item.to_string().repeat(count as usize)),
            _ => None,
        };
    }
    let items: Vec<NodeId> = arena.children(node).take(257).collect();
    if !(8..=256).contains(&items.len()) {
        return None;
    }
    items
        .into_iter()
        .map(|item| byte(names.literal(item)?))
        .collect()
}

fn fold_call(names: &Names<'_>, node: NodeId, follow: bool, depth: u32) -> Option<Folded> {
    let code = names.code;
    let arena = code.arena;
    let callee = arena.children(node).next()?;
    let mut arguments = tree::arguments(arena, node);
    let last = last_name(names, callee)?;
    if arena.role(node) == Role::MacroCall {
        if last != "concat" {
            return None;
        }
        let parts: Option<Vec<String>> = arguments
            .map(|part| text_of(&names.literal(part)?))
            .collect();
        return Some(Folded {
            text: parts?.concat(),
            span: arena.span(node),
            node,
        });
    }
    let inner = |at: NodeId| fold_within(names, at, follow, depth);
    let with = |folded: Folded, text: String| Some(Folded { text, ..folded });
    if arena.role(callee) == Role::Attribute && !is_module(names, callee) {
        let receiver = arena.children(callee).next()?;
        return match last {
            "join" => join(names, node, receiver),
            _ if PASSING.contains(&last) => inner(receiver),
            _ => None,
        };
    }
    match last {
        "b64decode" | "urlsafe_b64decode" | "standard_b64decode" | "a2b_base64" => {
            let folded = inner(arguments.next()?)?;
            let text = encoding::base64(&folded.text).map(latin1)?;
            with(folded, text)
        }
        "fromhex" | "unhexlify" | "a2b_hex" => {
            let folded = inner(arguments.next()?)?;
            let text = encoding::hex(&folded.text).map(latin1)?;
            with(folded, text)
        }
        "from" | "new" | "from_str" if is_text_type(names, callee) => inner(arguments.next()?),
        _ if WRAPPERS.contains(&last) => {
            let first = arguments.next()?;
            (arena.role(first) != Role::KeywordArgument).then(|| inner(first))?
        }
        _ => None,
    }
}

/// Whether an attribute is a function of a module or a type rather than a method of a value.
fn is_module(names: &Names<'_>, callee: NodeId) -> bool {
    let last = last_name(names, callee).unwrap_or("");
    matches!(
        last,
        "b64decode"
            | "urlsafe_b64decode"
            | "standard_b64decode"
            | "a2b_base64"
            | "fromhex"
            | "unhexlify"
            | "a2b_hex"
            | "SecretStr"
            | "SecretBytes"
    )
}

/// `String::from`, `SecretString::new`: types that hold one text.
fn is_text_type(names: &Names<'_>, callee: NodeId) -> bool {
    let text = names.code.text_of(callee);
    let owner = text.rsplit("::").nth(1).unwrap_or("");
    let owner = owner.split('<').next().unwrap_or(owner);
    matches!(owner, "String" | "Cow" | "Vec" | "Bytes") || WRAPPERS.contains(&owner)
}

/// `"".join([...])` of literals.
fn join(names: &Names<'_>, node: NodeId, glue: NodeId) -> Option<Folded> {
    let arena = names.code.arena;
    let glue = text_of(&names.literal(glue)?)?;
    let list = tree::arguments(arena, node).next()?;
    let Constant::List(items) = names.literal(list)? else {
        return None;
    };
    let parts: Option<Vec<String>> = items.iter().map(text_of).collect();
    Some(Folded {
        text: parts?.join(&glue),
        span: arena.span(node),
        node,
    })
}

/// Bytes as one character each.
pub fn latin1(bytes: Vec<u8>) -> String {
    bytes.into_iter().map(char::from).collect()
}

/// The content of the only literal below the node, or the node.
pub fn value_span(names: &Names<'_>, node: NodeId) -> Span {
    let arena = names.code.arena;
    let mut literals = arena
        .subtree(node)
        .filter(|&id| arena.role(id) == Role::String);
    match (literals.next(), literals.next()) {
        (Some(only), None) => content_span(names, only),
        _ => arena.span(node),
    }
}

/// Bytes between the quotes of a literal.
fn content_span(names: &Names<'_>, literal: NodeId) -> Span {
    let arena = names.code.arena;
    let mut parts = arena
        .children(literal)
        .filter(|&part| !matches!(arena.role(part), Role::StringStart | Role::StringEnd));
    let Some(first) = parts.next() else {
        return arena.span(literal);
    };
    let last = parts.last().unwrap_or(first);
    Span::new(arena.node(first).start, arena.node(last).end)
}

/// The last name of a callee: `c` of `a.b.c`, `a::b::c::<T>`.
pub fn last_name<'a>(names: &Names<'a>, node: NodeId) -> Option<&'a str> {
    let arena = names.code.arena;
    match arena.role(node) {
        Role::Identifier => Some(names.code.text_of(node)),
        Role::Generic => last_name(names, arena.children(node).next()?),
        Role::Attribute | Role::Scoped => {
            let last = arena
                .children(node)
                .filter(|&part| arena.role(part) == Role::Identifier)
                .last()?;
            Some(names.code.text_of(last))
        }
        _ => None,
    }
}

/// What an expression is called, and where that stands: a name, a field, a constant key, an
/// option that is asked for by name.
pub fn called(names: &Names<'_>, node: NodeId) -> Option<(String, Span)> {
    called_within(names, node, DEPTH)
}

fn called_within(names: &Names<'_>, node: NodeId, depth: u32) -> Option<(String, Span)> {
    let depth = depth.checked_sub(1)?;
    let code = names.code;
    let arena = code.arena;
    match arena.role(node) {
        Role::Identifier => Some((code.text_of(node).to_owned(), arena.span(node))),
        Role::Attribute => {
            let last = arena.children(node).last()?;
            Some((code.text_of(last).to_owned(), arena.span(last)))
        }
        Role::Scoped => {
            let last = arena.children(node).last()?;
            called_within(names, last, depth)
        }
        Role::Subscript => {
            let key = arena.children(node).nth(1)?;
            literal_name(names, key)
        }
        Role::Reference | Role::Unary | Role::Await | Role::QuestionMark => {
            let inner = arena
                .children(node)
                .find(|&child| arena.role(child) != Role::Token)?;
            called_within(names, inner, depth)
        }
        Role::Call => {
            let callee = arena.children(node).next()?;
            let first = tree::arguments(arena, node).next();
            let last = last_name(names, callee)?;
            if PASSING.contains(&last) && arena.role(callee) == Role::Attribute {
                return called_within(names, arena.children(callee).next()?, depth);
            }
            match last {
                "get" | "getenv" | "var" | "pop" | "header" | "get_header" | "get_one" => {
                    literal_name(names, first?)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// A literal that is a name, such as a key: its text and place.
pub fn literal_name(names: &Names<'_>, node: NodeId) -> Option<(String, Span)> {
    let arena = names.code.arena;
    match arena.role(node) {
        Role::String => {
            let text = text_of(&names.literal(node)?)?;
            Some((text, content_span(names, node)))
        }
        Role::Identifier | Role::Attribute => called(names, node),
        _ => None,
    }
}
