//! Expressions that are true whatever the values are.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};

use super::code::Tree;

/// How many names are followed.
const DEPTH: u32 = 3;

/// Whether an expression is always true.
pub fn is_always_true(tree: Tree<'_>, id: NodeId) -> bool {
    truth(tree, id, DEPTH) == Some(true)
}

/// The truth of an expression, where it is the same for all values.
fn truth(tree: Tree<'_>, id: NodeId, depth: u32) -> Option<bool> {
    match tree.role(id) {
        Role::Boolean => tree.boolean(id),
        Role::None => Some(false),
        Role::Integer if tree.is_python() => Some(!matches!(tree.text(id), "0" | "0x0")),
        Role::String if tree.is_python() => tree.string(id).map(|it| !it.is_empty()),
        Role::Tuple | Role::List | Role::Dict if tree.is_python() => {
            Some(!tree.kids(id).is_empty())
        }
        Role::Not => Some(!truth(tree, tree.field(id, Field::Argument)?, depth)?),
        Role::Unary if tree.text(id).starts_with('!') => {
            Some(!truth(tree, *tree.kids(id).last()?, depth)?)
        }
        Role::BooleanOperator => either(tree, id, depth),
        Role::Binary => either(tree, id, depth).or_else(|| compared(tree, id)),
        Role::Comparison => compared(tree, id),
        Role::Conditional => {
            let parts = tree.kids(id);
            let (yes, no) = (
                truth(tree, *parts.first()?, depth)?,
                truth(tree, *parts.get(2)?, depth)?,
            );
            (yes == no).then_some(yes)
        }
        Role::Call => called(tree, id),
        Role::Identifier => {
            let depth = depth.checked_sub(1)?;
            truth(tree, tree.names.value_of(id)?, depth)
        }
        _ => None,
    }
}

fn either(tree: Tree<'_>, id: NodeId, depth: u32) -> Option<bool> {
    let operator = tree.text(tree.field(id, Field::Operator)?);
    let (left, right) = (tree.field(id, Field::Left)?, tree.field(id, Field::Right)?);
    let (one, two) = (truth(tree, left, depth), truth(tree, right, depth));
    match operator {
        "or" | "||" if one == Some(true) || two == Some(true) => Some(true),
        "or" | "||" if is_opposite(tree, left, right) => Some(true),
        "or" | "||" => (one == Some(false) && two == Some(false)).then_some(false),
        "and" | "&&" if one == Some(false) || two == Some(false) => Some(false),
        "and" | "&&" => (one == Some(true) && two == Some(true)).then_some(true),
        _ => None,
    }
}

/// `a or not a`, `r.is_ok() || r.is_err()`, `x is None or x is not None`, `a == b or a != b`.
fn is_opposite(tree: Tree<'_>, left: NodeId, right: NodeId) -> bool {
    let plain = |id: NodeId| {
        let text: Vec<&str> = tree.text(id).split_whitespace().collect();
        text.join(" ")
    };
    let (left, right) = (plain(left), plain(right));
    let negated = |one: &str, two: &str| {
        two == format!("not {one}")
            || two == format!("not ({one})")
            || two == format!("!{one}")
            || one.replace(".is_ok()", ".is_err()") == two && one != two
            || one.replace(".is_some()", ".is_none()") == two && one != two
            || one.replace(" is None", " is not None") == two && one != two
            || one.replace(" == ", " != ") == two && one != two
            || one.replace(" in ", " not in ") == two && one != two
            || one.replace(" >= ", " < ") == two && one != two
            || one.replace(" <= ", " > ") == two && one != two
    };
    negated(&left, &right) || negated(&right, &left)
}

fn compared(tree: Tree<'_>, id: NodeId) -> Option<bool> {
    let parts = tree.kids(id);
    let [left, operator, right] = parts.as_slice() else {
        return None;
    };
    let same = tree.text(*left) == tree.text(*right);
    let operator = tree.text(*operator);
    let length = tree.text(*left).starts_with("len(") || tree.text(*left).ends_with(".len()");
    match operator {
        "==" | "is" | "<=" | ">=" if same && is_steady(tree, *left) => Some(true),
        ">=" if length && tree.text(*right) == "0" => Some(true),
        ">" if length && tree.text(*right) == "-1" => Some(true),
        _ => None,
    }
}

/// Whether reading an expression twice gives one value: no call in it.
pub fn is_steady(tree: Tree<'_>, id: NodeId) -> bool {
    !tree.below(id).any(|it| {
        matches!(
            tree.role(it),
            Role::Call | Role::MacroCall | Role::Await | Role::NamedExpression
        )
    })
}

fn called(tree: Tree<'_>, id: NodeId) -> Option<bool> {
    let arguments = tree.positional(id);
    match tree.last_name(id) {
        "isinstance" if arguments.len() == 2 && tree.text(arguments[1]) == "object" => Some(true),
        "bool" if arguments.len() == 1 => truth(tree, arguments[0], 1),
        _ => None,
    }
}
