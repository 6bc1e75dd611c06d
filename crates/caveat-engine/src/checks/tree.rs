//! Small questions about a tree that several checks ask: the function around a node, the method
//! that a call calls, the type that a value must have, the comment above a statement.
//!
//! Nothing here knows a rule.

use caveat_parser::lang::{Field, Role};
use caveat_parser::names::Root;
use caveat_parser::{Arena, Code, Names, NodeId};

/// Names through which Rust's standard library is reached.
pub const STD: &[&str] = &["std", "core", "alloc"];

/// The nearest function, closure or async block around a node: the body it runs in.
pub fn body_owner(arena: &Arena, node: NodeId) -> Option<NodeId> {
    arena.ancestors(node).find(|&at| owns_body(arena, at))
}

/// The nearest function with a name around a node.
pub fn function(arena: &Arena, node: NodeId) -> Option<NodeId> {
    arena
        .ancestors(node)
        .find(|&at| arena.role(at) == Role::Function)
}

/// Whether code below the node runs at another time than the code around it.
pub fn owns_body(arena: &Arena, node: NodeId) -> bool {
    match arena.role(node) {
        Role::Function | Role::Lambda => true,
        Role::Other => arena.kind_name(node) == "async_block",
        _ => false,
    }
}

/// Whether a function, closure or block is marked with that word (`async`, `unsafe`, `const`).
pub fn has_modifier(code: Code<'_>, owner: NodeId, word: &str) -> bool {
    let arena = code.arena;
    arena.children(owner).any(|child| match arena.role(child) {
        Role::Token => code.text_of(child) == word,
        Role::Other if arena.kind_name(child) == "function_modifiers" => arena
            .children(child)
            .any(|modifier| code.text_of(modifier) == word),
        _ => false,
    })
}

/// The path of a name that is not the file's own, with `core` and `alloc` read as `std`.
pub fn foreign_path<'a>(names: &Names<'a>, node: NodeId) -> Option<Vec<&'a str>> {
    let resolved = names.resolve(node)?;
    if !matches!(resolved.root, Root::Imported | Root::Unbound) {
        return None;
    }
    let mut path = resolved.path;
    if path.len() > 1 && STD.contains(&path[0]) {
        path[0] = "std";
    }
    Some(path)
}

/// The path that a call calls, if it is not the file's own function.
pub fn callee_path<'a>(names: &Names<'a>, call: NodeId) -> Option<Vec<&'a str>> {
    if names.code.arena.role(call) != Role::Call {
        return None;
    }
    foreign_path(names, names.code.arena.children(call).next()?)
}

/// Receiver and name of a method call.
pub fn method<'a>(code: Code<'a>, call: NodeId) -> Option<(NodeId, &'a str)> {
    let arena = code.arena;
    if arena.role(call) != Role::Call {
        return None;
    }
    let mut callee = arena.children(call).next()?;
    if arena.role(callee) == Role::Generic {
        callee = arena.children(callee).next()?;
    }
    if arena.role(callee) != Role::Attribute {
        return None;
    }
    let receiver = arena.children(callee).next()?;
    Some((receiver, code.text_of(arena.children(callee).last()?)))
}

/// Arguments of a call, in order.
pub fn arguments(arena: &Arena, call: NodeId) -> impl Iterator<Item = NodeId> + '_ {
    arena
        .field(call, Field::Arguments)
        .into_iter()
        .flat_map(|list| arena.children(list))
}

/// Type arguments of a generic name: what stands between `<` and `>`.
pub fn type_arguments(arena: &Arena, generic: NodeId) -> Vec<NodeId> {
    let list = arena.field(generic, Field::TypeArguments);
    list.into_iter()
        .flat_map(|list| arena.children(list))
        .filter(|&part| arena.role(part) != Role::Token)
        .collect()
}

/// Whether a node is followed by `;`: in Rust, a statement whose value is dropped.
pub fn ends_statement(code: Code<'_>, node: NodeId) -> bool {
    let end = code.arena.node(node).end as usize;
    let rest = code.text[end..].trim_start_matches(|c: char| c.is_whitespace() || c == ')');
    rest.starts_with(';')
}

/// The Rust type that the place of an expression demands, where that is written down: of a `let`,
/// a constant, or the function's result.
pub fn expected_type(code: Code<'_>, node: NodeId) -> Option<NodeId> {
    let arena = code.arena;
    let mut at = node;
    loop {
        let parent = arena.parent(at)?;
        match arena.role(parent) {
            Role::Unsafe => {}
            Role::Block if is_tail(code, parent, at) => {}
            Role::Let | Role::Constant if arena.node(at).field == Field::Value => {
                return arena.field(parent, Field::Type);
            }
            Role::Function if arena.node(at).field == Field::Body => {
                return arena.field(parent, Field::ReturnType);
            }
            Role::Return => {
                let owner = body_owner(arena, parent)?;
                return arena.field(owner, Field::ReturnType);
            }
            _ => return None,
        }
        at = parent;
    }
}

fn is_tail(code: Code<'_>, block: NodeId, node: NodeId) -> bool {
    let last = code.arena.node(node).next == code.arena.node(block).next;
    last && !ends_statement(code, node)
}

/// Text of a type without spaces and lifetimes, for comparing.
pub fn plain_type(code: Code<'_>, node: NodeId) -> String {
    let arena = code.arena;
    let mut text = String::new();
    let mut at = arena.node(node).start;
    let lifetimes = arena
        .subtree(node)
        .filter(|&id| arena.kind_name(id) == "lifetime");
    for lifetime in lifetimes {
        let own = arena.node(lifetime);
        text.push_str(&code.text[at.min(own.start) as usize..own.start as usize]);
        at = own.end;
    }
    text.push_str(&code.text[at as usize..arena.node(node).end as usize]);
    text.retain(|c| !c.is_whitespace());
    text.replace("<,", "<").replace("<>", "")
}

/// The statement that a node is part of: the outermost node below the nearest block.
pub fn statement(arena: &Arena, node: NodeId) -> NodeId {
    let mut at = node;
    while let Some(parent) = arena.parent(at) {
        if matches!(arena.role(parent), Role::Block | Role::Module) {
            break;
        }
        at = parent;
    }
    at
}

/// Whether a comment in `start..end` satisfies `test`. Comments are in order.
pub fn comment_within(code: Code<'_>, start: u32, end: u32, test: impl Fn(&str) -> bool) -> bool {
    let comments = &code.arena.comments;
    let first = comments.partition_point(|comment| comment.end <= start);
    comments[first..]
        .iter()
        .take_while(|comment| comment.start < end)
        .any(|comment| test(comment.text(code.text)))
}

/// Where the run of comments, attributes and blank space directly above an offset begins.
pub fn lead_start(code: Code<'_>, offset: u32) -> u32 {
    let line_start = |text: &str| memchr::memrchr(b'\n', text.as_bytes()).map_or(0, |at| at + 1);
    let mut start = offset;
    loop {
        let line = line_start(&code.text[..start as usize]);
        let above = &code.text[..line];
        let Some(previous) = above.strip_suffix('\n') else {
            return line as u32;
        };
        let begin = line_start(previous);
        let text = previous[begin..].trim_start();
        if !["//", "/*", "*", "#[", "#"]
            .iter()
            .any(|lead| text.starts_with(lead))
        {
            return line as u32;
        }
        start = begin as u32;
    }
}
