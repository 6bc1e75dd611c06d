//! Exits with success where tests would have failed: in a test, at the import of a module, in a
//! library.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};

use super::super::{Check, FileView, Hit};
use super::code::words;
use super::place;
use crate::rule::Confidence;
use crate::tests_model::Tree;

/// Reports exits with status 0 that end a test run early.
pub static CHECK: Check = Check {
    name: "early-exit",
    languages: &["python", "rust"],
    triggers: &["exit", "SystemExit", "quit", "_exit"],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run,
};

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(tree) = Tree::of(view) else { return };
    for id in tree.arena().ids() {
        let exit = match tree.role(id) {
            Role::Call => exit(tree, id),
            Role::Raise => bare_raise(tree, id),
            _ => None,
        };
        let Some(exit) = exit else { continue };
        let verdict = match tree.is_python() {
            true => python(tree, id, &exit),
            false => rust(tree, id),
        };
        if let Some((why, confidence)) = verdict {
            hits.push(Hit {
                confidence: (confidence == Confidence::Low).then_some(confidence),
                ..Hit::at_node(view, id).word("EXIT", exit).word("WHERE", why)
            });
        }
    }
}

/// A call that ends the process with success, as it is to be shown.
fn exit(tree: Tree<'_>, call: NodeId) -> Option<String> {
    let path = tree.called(call);
    let arguments = tree.positional(call);
    if path == "atexit.register" {
        let (&function, &status) = (arguments.first()?, arguments.get(1)?);
        let ends = matches!(
            &*tree.dotted(function),
            "os._exit" | "sys.exit" | "os.abort"
        );
        return (ends && tree.text(status) == "0").then(|| tree.text(function).to_owned());
    }
    let known = match tree.is_python() {
        true => matches!(
            &*path,
            "sys.exit" | "exit" | "quit" | "os._exit" | "SystemExit" | "builtins.exit"
        ),
        false => {
            matches!(
                &*path,
                "std.process.exit" | "process.exit" | "libc.exit" | "libc._exit" | "nix.libc._exit"
            ) || path == "exit" && tree.code.text.contains("process::exit")
        }
    };
    if path == "pytest.exit" {
        let code = tree
            .keyword(call, "returncode")
            .or(arguments.get(1).copied())?;
        return (tree.text(code) == "0").then(|| tree.text(call).to_owned());
    }
    let raised = tree
        .arena()
        .parent(call)
        .is_some_and(|it| tree.role(it) == Role::Raise);
    if path == "SystemExit" && !raised {
        return None;
    }
    let zero = match arguments.first() {
        None => path != "os._exit" && tree.is_python(),
        Some(&status) => {
            matches!(tree.text(status), "0" | "None" | "os.EX_OK" | "False")
                || tree
                    .names
                    .value_of(status)
                    .is_some_and(|it| tree.text(it) == "0")
        }
    };
    (known && zero).then(|| {
        let text = tree.text(call);
        super::code::short(text)
    })
}

fn bare_raise(tree: Tree<'_>, raise: NodeId) -> Option<String> {
    let value = tree.arena().children(raise).next()?;
    (tree.role(value) == Role::Identifier && tree.dotted(value) == "SystemExit")
        .then(|| "raise SystemExit".to_owned())
}

type Verdict = Option<(&'static str, Confidence)>;

fn python(tree: Tree<'_>, id: NodeId, exit: &str) -> Verdict {
    if place::is_main_guarded(tree, id)
        || expects_exit(tree, id)
        || tree.code.text.contains("fork(")
    {
        return None;
    }
    let text = tree.code.text;
    let function = tree.function(id);
    if place::is_test_file(tree.path) {
        let outer = tree.outermost_function(id);
        return match outer {
            None if has_main(text) => None,
            None => Some(("at the import of a test file", Confidence::High)),
            // A fake inside a test, a helper of a child process.
            Some(outer) if function != Some(outer) => None,
            Some(outer) if place::is_python_test(tree, outer) => {
                Some(("inside a test", Confidence::High))
            }
            Some(outer) => {
                let name = tree.name(outer);
                let hook = name.starts_with("pytest_")
                    || tree
                        .decorators(outer)
                        .iter()
                        .any(|&it| tree.text(it).contains("fixture"))
                    || matches!(
                        name,
                        "setUp" | "setUpClass" | "tearDown" | "setUpModule" | "setup_module"
                    );
                let quits = exit.contains("_exit") && !text.contains("multiprocessing");
                (hook || quits && tree.path.ends_with("conftest.py"))
                    .then_some(("in code that the test run calls", Confidence::High))
            }
        };
    }
    if crate::context::is_test_path(tree.path) || place::is_script(tree.path, text) {
        return None;
    }
    match function {
        None => at_import(tree, id, exit),
        Some(function) => in_function(tree, id, function, exit),
    }
}

fn has_main(text: &str) -> bool {
    text.contains("__main__")
}

/// `with pytest.raises(SystemExit)` around, or a `try` that catches it.
fn expects_exit(tree: Tree<'_>, id: NodeId) -> bool {
    tree.arena().ancestors(id).any(|at| match tree.role(at) {
        Role::With => {
            let text = tree.text(at);
            text[..text.find(':').unwrap_or(text.len())].contains("aises")
        }
        Role::Try => tree
            .kids(at)
            .iter()
            .any(|&it| tree.role(it) == Role::Except && tree.text(it).contains("SystemExit")),
        _ => false,
    })
}

/// A module that is imported must not leave.
fn at_import(tree: Tree<'_>, id: NodeId, exit: &str) -> Verdict {
    let in_class_or_lambda = tree
        .arena()
        .ancestors(id)
        .any(|it| matches!(tree.role(it), Role::Lambda));
    let hook = tree
        .arena()
        .ancestors(id)
        .find(|&it| tree.role(it) == Role::Call && it != id)
        .is_some_and(|it| matches!(&*tree.called(it), "atexit.register"));
    if hook || exit.starts_with("os._exit") && tree.called(id) == "atexit.register" {
        return Some((
            "when the process ends, whatever its status",
            Confidence::High,
        ));
    }
    let replaces_hook = tree.arena().ancestors(id).any(|it| {
        tree.role(it) == Role::Assignment
            && tree.field(it, Field::Left).is_some_and(|left| {
                matches!(
                    &*tree.dotted(left),
                    "sys.excepthook" | "threading.excepthook"
                )
            })
    });
    if replaces_hook {
        return Some(("for every uncaught exception", Confidence::High));
    }
    if in_class_or_lambda {
        return None;
    }
    let defines = tree.code.text.contains("\ndef ")
        || tree.code.text.starts_with("def ")
        || tree.code.text.contains("\nclass ");
    (defines || place::is_imported(tree))
        .then_some(("at the import of this module", Confidence::Medium))
}

/// Words in names of functions that may end the program.
const ENDING: &[&str] = &[
    "main",
    "cli",
    "run",
    "cmd",
    "command",
    "exit",
    "quit",
    "stop",
    "shutdown",
    "terminate",
    "abort",
    "signal",
    "handler",
    "handle",
    "on",
    "close",
    "usage",
    "help",
    "version",
    "daemonize",
    "restart",
    "kill",
    "interrupt",
    "start",
    "execute",
    "bye",
    "leave",
    "die",
    "menu",
    "action",
    "call",
    "sigint",
    "sigterm",
    "reload",
    "worker",
    "child",
    "do",
    "goodbye",
    "entry",
    "prompt",
    "finish",
    "complete",
];

/// Signs of a program with a command line.
const COMMAND_LINE: &[&str] = &[
    "argparse",
    "sys.argv",
    "click",
    "typer",
    "getopt",
    "optparse",
    "docopt",
    "__main__",
    "signal.",
    "input(",
    "tkinter",
    "curses",
    "pygame",
    "QApplication",
    "argv",
    "cmd.Cmd",
    "cleo",
    "fire.Fire",
];

fn in_function(tree: Tree<'_>, id: NodeId, function: NodeId, exit: &str) -> Verdict {
    let text = tree.code.text;
    let name = tree.name(function);
    let registered = [
        format!("atexit.register({name}"),
        format!("excepthook = {name}"),
    ];
    if registered.iter().any(|it| text.contains(it.as_str())) || is_exit_hook(tree, function) {
        return Some((
            "when the process ends, whatever its status",
            Confidence::High,
        ));
    }
    let ends = words(name)
        .iter()
        .any(|word| ENDING.contains(&word.as_str()));
    if ends || COMMAND_LINE.iter().any(|word| text.contains(word)) {
        return None;
    }
    let quits = exit.contains("_exit") && !text.contains("multiprocessing");
    let handled = tree
        .arena()
        .ancestors(id)
        .take_while(|&it| it != function)
        .any(|it| tree.role(it) == Role::Except);
    let computes = tree
        .returned(function)
        .iter()
        .any(|&it| tree.role(it) != Role::None);
    match quits || handled || computes {
        true => Some(("in a library function", Confidence::Medium)),
        false => Some(("in a library function", Confidence::Low)),
    }
}

fn is_exit_hook(tree: Tree<'_>, function: NodeId) -> bool {
    tree.decorators(function)
        .iter()
        .any(|&it| tree.dotted(it) == "atexit.register")
}

fn rust(tree: Tree<'_>, id: NodeId) -> Verdict {
    let in_hook = tree
        .arena()
        .ancestors(id)
        .any(|it| tree.role(it) == Role::Call && tree.last_name(it) == "set_hook");
    if in_hook {
        return Some(("for every panic", Confidence::High));
    }
    let function = tree.outermost_function(id)?;
    let name = tree.name(function);
    let attributes = tree.attributes(function);
    if attributes.iter().any(|(_, it)| it.starts_with("ctor")) {
        return Some(("before `main`", Confidence::High));
    }
    let text = tree.code.text;
    if name == "main" || text.contains("fork()") {
        return None;
    }
    if place::is_rust_test(tree, function) {
        return Some(("inside a test", Confidence::High));
    }
    if tree.in_test(id) {
        return (tree.path.contains("tests/") && !text.contains("fn main"))
            .then_some(("in code that tests call", Confidence::Medium));
    }
    let program = place::is_rust_program(tree)
        || [
            "clap",
            "env::args",
            "structopt",
            "argh",
            "pico_args",
            "ctrlc",
            "signal",
        ]
        .iter()
        .any(|word| text.contains(word));
    let ends = words(name)
        .iter()
        .any(|word| ENDING.contains(&word.as_str()));
    (!program && !ends).then_some(("in a library function", Confidence::Medium))
}
