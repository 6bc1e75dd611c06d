//! Commands for a shell that stand in strings of a program, read by the analyses of shell code.
//!
//! What is wrong with a command is for [`crate::config`] to say; here the strings are found that
//! a shell will see.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Names, NodeId};

use super::{Check, FileView, Hit, tree};
use crate::config::{COMMAND_ANALYSES, Snippet};
use crate::context;

/// Programs that are fetched and run.
pub static DOWNLOAD: Check = Check {
    name: "download-then-execute",
    languages: &["python", "rust"],
    triggers: &["curl", "wget"],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run: |view, hits| run(DOWNLOAD.name, view, hits),
};

fn run(rule: &str, view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let Some((_, analysis)) = COMMAND_ANALYSES.iter().find(|(known, _)| *known == rule) else {
        return;
    };
    // The rule speaks of the files of tests, which run; strings of tests are mostly data.
    if context::is_test_path(view.path) {
        return;
    }
    let arena = names.code.arena;
    for call in arena.ids().filter(|&id| arena.role(id) == Role::Call) {
        let Some(command) = command(names, call) else {
            continue;
        };
        let value = names.constant(command);
        let Some(text) = value.as_ref().and_then(|value| value.text()) else {
            continue;
        };
        for found in analysis(&Snippet::verbatim(text, 0)) {
            hits.push(Hit {
                severity: found.severity,
                confidence: found.confidence,
                ..Hit::at_node(view, command).word("DETAIL", found.detail)
            });
        }
    }
}

/// The argument of a call that a shell reads.
fn command(names: &Names<'_>, call: NodeId) -> Option<NodeId> {
    let arena = names.code.arena;
    let first = tree::arguments(arena, call).next()?;
    if arena.language.name() == "rust" {
        return follows_option(names, call).then_some(first);
    }
    let reads = match tree::callee_path(names, call)?.as_slice() {
        ["os", "system" | "popen"] | ["subprocess", "getoutput" | "getstatusoutput"] => true,
        ["subprocess", _] => asks_for_shell(names, call),
        _ => false,
    };
    reads.then_some(first)
}

/// `shell=True`
fn asks_for_shell(names: &Names<'_>, call: NodeId) -> bool {
    let code = names.code;
    let arena = code.arena;
    tree::arguments(arena, call).any(|argument| {
        arena
            .field(argument, Field::Name)
            .is_some_and(|name| code.text_of(name) == "shell")
            && arena
                .field(argument, Field::Value)
                .is_some_and(|value| code.text_of(value) == "True")
    })
}

/// `.arg("-c").arg(command)`
fn follows_option(names: &Names<'_>, call: NodeId) -> bool {
    let code = names.code;
    let Some((receiver, "arg")) = tree::method(code, call) else {
        return false;
    };
    matches!(tree::method(code, receiver), Some((_, "arg")))
        && tree::arguments(code.arena, receiver)
            .next()
            .is_some_and(|option| matches!(code.text_of(option), "\"-c\"" | "\"-lc\"" | "\"-ec\""))
}
