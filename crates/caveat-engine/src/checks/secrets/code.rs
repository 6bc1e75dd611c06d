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

/// Calls that hand on what their closure gives, once.
const LAZY: &[&str] = &["get_or_init", "get_or_insert_with"];

/// Methods whose result is made of what the receiver holds.
const THROUGH: &[&str] = &[
    "map",
    "and_then",
    "map_err",
    "unwrap_or",
    "unwrap_or_else",
    "copied",
    "cloned",
    "to_str",
    "ok_or",
    "ok_or_else",
    "flatten",
    "filter",
    "unwrap_or_default",
    "strip_prefix",
    "removeprefix",
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
        Role::QuestionMark | Role::Await => {
            fold_within(names, arena.children(node).next()?, follow, depth)
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

/// `f"Bearer {TOKEN}"` and `"Bearer " + TOKEN`, where the name says nothing of a secret and stands
/// for a literal: the literal, where it is written.
pub fn behind_scheme(names: &Names<'_>, node: NodeId) -> Option<Folded> {
    let code = names.code;
    let arena = code.arena;
    let text = code.text_of(node);
    let is_joined = match arena.role(node) {
        Role::Binary | Role::String => true,
        Role::MacroCall => text.starts_with("format!"),
        Role::Reference => {
            let inner = arena.children(node).last()?;
            return behind_scheme(names, inner);
        }
        _ => false,
    };
    let schemes = [
        "Bearer ", "bearer ", "Token ", "token ", "Basic ", "ApiKey ", "Key ",
    ];
    if !is_joined || text.len() > 200 || !schemes.iter().any(|scheme| text.contains(scheme)) {
        return None;
    }
    let mut parts = arena.subtree(node).filter(|&id| {
        arena.role(id) == Role::Identifier && super::name::classify(code.text_of(id)).is_none()
    });
    let Some(name) = parts.find(|&id| names.value_of(id).is_some()) else {
        // `format!("Bearer {}", "...")`
        let strings: Vec<NodeId> = arena
            .subtree(node)
            .filter(|&id| arena.role(id) == Role::String)
            .collect();
        return match strings.as_slice() {
            [_, only] if arena.role(node) == Role::MacroCall => fold(names, *only, false),
            _ => None,
        };
    };
    parts.next().is_none().then(|| fold(names, name, true))?
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
        if last == "hex" {
            return fold_within(names, arguments.next()?, follow, depth);
        }
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
    if LAZY.contains(&last) {
        return fold_within(names, closure_body(names, arguments.next()?), follow, depth);
    }
    let with = |folded: Folded, text: String| Some(Folded { text, ..folded });
    if arena.role(callee) == Role::Attribute && !is_module(names, callee) {
        let receiver = arena.children(callee).next()?;
        return match last {
            "join" => join(names, node, receiver),
            "decode" if is_decoder(names, receiver) => inner(arguments.next()?),
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
            let bytes = encoding::hex(&folded.text)?;
            match bytes.iter().all(u8::is_ascii_graphic) {
                true => with(folded, latin1(bytes)),
                // Bytes of a key: its digits say better what it is.
                false => Some(folded),
            }
        }
        // Of Rust; its bytes are told from the digits.
        "decode" if is_decoder(names, callee) => inner(arguments.next()?),
        "from" | "new" | "from_str" | "from_static" | "from_slice" | "clone_from_slice"
            if is_text_type(names, callee) =>
        {
            inner(arguments.next()?)
        }
        "new" if is_lazy_type(names, callee) => {
            fold_within(names, closure_body(names, arguments.next()?), follow, depth)
        }
        _ if WRAPPERS.contains(&last) => {
            let first = arguments.next()?;
            (arena.role(first) != Role::KeywordArgument).then(|| inner(first))?
        }
        _ => None,
    }
}

/// What a closure without a block, or with one expression in it, gives.
pub fn closure_body(names: &Names<'_>, node: NodeId) -> NodeId {
    let arena = names.code.arena;
    if arena.role(node) != Role::Lambda {
        return node;
    }
    let Some(body) = arena.field(node, Field::Body) else {
        return node;
    };
    match arena.role(body) {
        Role::Block => arena.children(body).last().unwrap_or(body),
        _ => body,
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
    matches!(
        owner,
        "String" | "Cow" | "Vec" | "Bytes" | "HeaderValue" | "GenericArray" | "Key" | "Nonce"
    ) || WRAPPERS.contains(&owner)
}

/// The functions and engines that decode hexadecimal digits and base64.
fn is_decoder(names: &Names<'_>, node: NodeId) -> bool {
    let text = names.code.text_of(node);
    let is_name = matches!(
        names.code.arena.role(node),
        Role::Identifier | Role::Scoped | Role::Reference
    );
    is_name
        && ["STANDARD", "BASE64", "base64", "hex::", "URL_SAFE"]
            .iter()
            .any(|part| text.contains(part))
}

/// `LazyLock::new(|| ...)`: types that hold what their closure gives.
fn is_lazy_type(names: &Names<'_>, callee: NodeId) -> bool {
    let text = names.code.text_of(callee);
    ["Lazy", "LazyLock", "LazyCell"]
        .iter()
        .any(|owner| text.rsplit("::").nth(1) == Some(owner))
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
            let passes = PASSING.contains(&last) || THROUGH.contains(&last);
            if passes && arena.role(callee) == Role::Attribute {
                return called_within(names, arena.children(callee).next()?, depth);
            }
            // `credentials.password()`
            if first.is_none() && arena.role(callee) == Role::Attribute {
                let name = arena.children(callee).last()?;
                return Some((code.text_of(name).to_owned(), arena.span(name)));
            }
            match last {
                // `st.text_input("Password")`
                "input" | "getpass" | "prompt" | "text_input" | "ask" => {
                    let (label, span) = literal_name(names, first?)?;
                    // "Enter the password: "
                    let asked = label.trim_end_matches([':', ' ', '?']);
                    let word = asked.rsplit(' ').next()?;
                    let end = span.start + asked.len() as u32;
                    let place = Span::new(end - word.len() as u32, end);
                    let fits = asked.split_whitespace().count() < 5 && place.end <= span.end;
                    fits.then(|| (word.to_owned(), place))
                }
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
