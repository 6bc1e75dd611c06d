//! Files without a grammar: only regular expressions and text checks apply to them.

use super::{Definition, Role};

/// Plain text.
pub static LANGUAGE: Definition = Definition {
    name: "text",
    extensions: &[],
    interpreters: &[],
    line_comment: "#",
    grammar: None,
    role: |_, _| Role::Other,
    skeleton: None,
    bind: |_| {},
    lower: None,
    path_separator: ".",
    wrapper: None,
    link: None,
};
