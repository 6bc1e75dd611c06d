//! Equality that holds whatever is compared: objects that satisfy any assertion.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};

use super::super::{Check, FileView, Hit};
use super::truth::is_always_true;
use crate::rule::Confidence;
use crate::tests_model::Tree;

/// Reports `__eq__` and `PartialEq::eq` whose every path says true.
pub static CHECK: Check = Check {
    name: "always-equal",
    languages: &["python", "rust"],
    triggers: &["__eq__", "PartialEq"],
    whole_file: &[],
    needs_class: true,
    glance: None,
    run,
};

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(tree) = Tree::of(view) else { return };
    if tree.is_python() {
        for id in tree.arena().ids() {
            if let Some((at, owner)) = python(tree, id) {
                report(view, hits, at, &owner);
            }
        }
    } else {
        for id in tree.all(Role::Impl) {
            rust(view, tree, id, hits);
        }
    }
}

fn report(view: &FileView<'_>, hits: &mut Vec<Hit>, at: NodeId, owner: &str) {
    hits.push(Hit::at_node(view, at).word("TYPE", owner));
}

/// The place and the owner of an equality that always holds.
fn python(tree: Tree<'_>, id: NodeId) -> Option<(NodeId, String)> {
    match tree.role(id) {
        Role::Function if tree.name(id) == "__eq__" => {
            let class = tree.class(id)?;
            let at = tree.field(id, Field::Name)?;
            (says_true(tree, id) && matters(tree, class)).then(|| (at, tree.name(class).into()))
        }
        Role::Assignment => assigned(tree, id),
        Role::Call if tree.last_name(id) == "setattr" => {
            let arguments = tree.positional(id);
            let [owner, name, value] = arguments.as_slice() else {
                return None;
            };
            (tree.string(*name)? == "__eq__" && is_true_function(tree, *value))
                .then(|| (id, tree.text(*owner).to_owned()))
        }
        Role::Pair => {
            let key = tree.string(tree.field(id, Field::Key)?)?;
            let value = tree.field(id, Field::Value)?;
            let made = tree
                .arena()
                .ancestors(id)
                .find(|&it| tree.role(it) == Role::Call)?;
            (key == "__eq__" && tree.last_name(made) == "type" && is_true_function(tree, value))
                .then(|| {
                    let name = tree
                        .positional(made)
                        .first()
                        .and_then(|&it| tree.string(it));
                    (id, name.unwrap_or_default())
                })
        }
        _ => None,
    }
}

/// `__eq__ = lambda self, other: True` in a class, `Class.__eq__ = ...` outside.
fn assigned(tree: Tree<'_>, id: NodeId) -> Option<(NodeId, String)> {
    let left = tree.field(id, Field::Left)?;
    let value = tree.field(id, Field::Right)?;
    let owner = match tree.role(left) {
        Role::Identifier if tree.text(left) == "__eq__" => {
            let class = tree.class(id)?;
            matters(tree, class).then(|| tree.name(class).to_owned())?
        }
        Role::Attribute => {
            let owner = tree.text(left).strip_suffix(".__eq__")?;
            owner.to_owned()
        }
        _ => return None,
    };
    is_true_function(tree, value).then_some((id, owner))
}

fn is_true_function(tree: Tree<'_>, value: NodeId) -> bool {
    match tree.role(value) {
        Role::Lambda => tree
            .field(value, Field::Body)
            .is_some_and(|body| is_always_true(tree, body)),
        Role::Identifier => {
            let name = tree.text(value);
            let mut functions = tree.all(Role::Function);
            functions.any(|it| tree.name(it) == name && says_true(tree, it))
        }
        _ => false,
    }
}

/// Whether every path of a function gives true.
fn says_true(tree: Tree<'_>, function: NodeId) -> bool {
    let returned = tree.returned(function);
    let bare = tree
        .own(function)
        .any(|it| tree.role(it) == Role::Return && tree.kids(it).is_empty());
    let last = tree.statements(function).last().copied();
    let ends = last.is_some_and(|it| ends_in_return(tree, it));
    let raises = tree.own(function).any(|it| tree.role(it) == Role::Raise);
    ends && !bare
        && !raises
        && !returned.is_empty()
        && returned.iter().all(|&it| is_always_true(tree, it))
}

fn ends_in_return(tree: Tree<'_>, statement: NodeId) -> bool {
    match tree.role(statement) {
        Role::Return => true,
        Role::If | Role::Try | Role::With | Role::Else | Role::Except => {
            let blocks: Vec<NodeId> = tree
                .below(statement)
                .filter(|&it| tree.role(it) == Role::Block)
                .collect();
            blocks.iter().all(|&block| {
                let last = tree.arena().children(block).last();
                last.is_some_and(|it| ends_in_return(tree, it))
            })
        }
        _ => !tree.is_python(),
    }
}

/// Whether somebody may compare objects of the class: it holds data, or the code hands them out.
/// A bare wildcard that nothing here makes is left to its author.
fn matters(tree: Tree<'_>, class: NodeId) -> bool {
    let name = tree.name(class);
    let bases = tree
        .field(class, Field::Superclasses)
        .map_or("", |it| tree.text(it));
    let of_value = [
        "int", "str", "float", "list", "dict", "tuple", "bytes", "set", "bool",
    ]
    .iter()
    .any(|base| bases.contains(base));
    let holds = tree.below(class).any(|it| match tree.role(it) {
        Role::Assignment => tree.field(it, Field::Left).is_some_and(|left| {
            tree.text(left).starts_with("self.") || tree.field(it, Field::Type).is_some()
        }),
        _ => false,
    });
    let made = ["return ", "= ", "yield ", "(", "["]
        .iter()
        .any(|before| tree.code.text.contains(&format!("{before}{name}(")));
    of_value || holds || made
}

fn rust(view: &FileView<'_>, tree: Tree<'_>, id: NodeId, hits: &mut Vec<Hit>) {
    let is_equality = tree
        .field(id, Field::Trait)
        .is_some_and(|it| tree.text(it).contains("PartialEq"));
    if !is_equality || tree.in_test(id) {
        return;
    }
    let function = tree
        .below(id)
        .find(|&it| tree.role(it) == Role::Function && tree.name(it) == "eq");
    let (Some(function), Some(kind)) = (function, tree.field(id, Field::Type)) else {
        return;
    };
    let owner = tree.text(kind).split('<').next().unwrap_or_default();
    if !rust_says_true(tree, function) || is_marker(tree.code.text, owner) {
        return;
    }
    let at = tree.field(function, Field::Name).unwrap_or(function);
    let explained = explains(&tree.documentation(id))
        || explains(&tree.documentation(function))
        || explains(&tree.text(function).to_ascii_lowercase());
    hits.push(Hit {
        confidence: explained.then_some(Confidence::Low),
        ..Hit::at_node(view, at).word("TYPE", owner)
    });
}

fn rust_says_true(tree: Tree<'_>, function: NodeId) -> bool {
    let returned = tree.returned(function);
    !returned.is_empty() && returned.iter().all(|&it| is_always_true(tree, it))
}

fn explains(words: &str) -> bool {
    [
        "ignor",
        "irrelevant",
        "not part of",
        "does not matter",
        "purpose",
        "always equal",
    ]
    .iter()
    .any(|word| words.contains(word))
}

/// Whether a Rust type has nothing to compare: no fields, or phantom ones only.
fn is_marker(text: &str, name: &str) -> bool {
    let Some(at) = ["struct ", "enum ", "union "].iter().find_map(|word| {
        let head = format!("{word}{name}");
        text.match_indices(&head).find_map(|(at, _)| {
            let after = text[at + head.len()..].chars().next()?;
            (!after.is_alphanumeric() && after != '_').then_some(at + head.len())
        })
    }) else {
        return false;
    };
    let rest = &text[at..];
    let end = rest.find(['{', ';']).unwrap_or(rest.len());
    let header = &rest[..end];
    let fields = match (header.find('('), rest[end..].starts_with('{')) {
        (Some(open), _) => header[open..].to_owned(),
        (None, true) => {
            let body = &rest[end + 1..];
            body[..body.find('}').unwrap_or(body.len())].to_owned()
        }
        (None, false) => String::new(),
    };
    fields
        .trim_matches(['(', ')', ' ', '\n', ';'])
        .split(',')
        .map(str::trim)
        .all(|field| field.is_empty() || field.contains("PhantomData"))
}
