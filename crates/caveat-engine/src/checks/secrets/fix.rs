//! The mechanical way out: the value is read from the environment. Never applied unasked, for the
//! program stops where the environment does not give it.

use caveat_parser::lang::{Field, Role};
use caveat_parser::names::Binding;
use caveat_parser::{Names, NodeId, Span};

use super::code::Folded;
use crate::finding::{Edit, Fix};

/// Replaces a literal by a look into the environment, where the result has the same type.
pub fn from_environment(
    names: &Names<'_>,
    label: &str,
    value: NodeId,
    folded: &Folded,
) -> Option<Fix> {
    let variable = variable(label)?;
    let edits = match names.code.arena.language.name() {
        "python" => python(names, &variable, value, folded)?,
        "rust" => rust(names, &variable, value)?,
        _ => return None,
    };
    Some(Fix {
        description: format!("Read `{variable}` from the environment"),
        edits,
        safe: false,
    })
}

/// The label as the name of an environment variable.
fn variable(label: &str) -> Option<String> {
    let words = super::name::words(label);
    let name = words.join("_").to_ascii_uppercase();
    let fits = name.starts_with(|c: char| c.is_ascii_uppercase()) && name.len() > 3;
    fits.then_some(name)
}

fn python(names: &Names<'_>, variable: &str, value: NodeId, folded: &Folded) -> Option<Vec<Edit>> {
    let code = names.code;
    let arena = code.arena;
    let text = code.text_of(value);
    let is_plain = arena.role(value) == Role::String && folded.node == value;
    if !is_plain || !text.starts_with(['"', '\'']) {
        return None;
    }
    let parent = arena.parent(value)?;
    let held = matches!(
        arena.role(parent),
        Role::Assignment | Role::KeywordArgument | Role::Pair
    );
    if !held {
        return None;
    }
    let replace = Edit {
        span: arena.span(value),
        text: format!("os.environ[\"{variable}\"]"),
    };
    match names.lookup("os", value) {
        Some((Binding::Import(path), _)) if path == &["os"] => Some(vec![replace]),
        None => {
            let first = arena.children(NodeId::ROOT).find(|&id| {
                matches!(arena.role(id), Role::Import | Role::ImportFrom)
                    && !code.text_of(id).starts_with("from __future__")
            })?;
            let at = arena.node(first).start;
            let import = Edit {
                span: Span::new(at, at),
                text: "import os\n".to_owned(),
            };
            (at < replace.span.start).then(|| vec![import, replace])
        }
        Some(_) => None,
    }
}

fn rust(names: &Names<'_>, variable: &str, value: NodeId) -> Option<Vec<Edit>> {
    let code = names.code;
    let arena = code.arena;
    let text = code.text_of(value);
    let is_owned = text.starts_with("String::from(")
        || [".to_string()", ".to_owned()"]
            .iter()
            .any(|tail| text.ends_with(tail));
    let parent = arena.parent(value)?;
    let runs = match arena.role(parent) {
        Role::Let => arena.field(parent, Field::Alternative).is_none(),
        Role::FieldInit => true,
        _ => false,
    };
    (is_owned && runs && arena.role(value) == Role::Call).then(|| {
        vec![Edit {
            span: arena.span(value),
            text: format!("std::env::var(\"{variable}\").expect(\"{variable} is set\")"),
        }]
    })
}
