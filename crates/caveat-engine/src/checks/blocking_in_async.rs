//! Calls that block the thread in code that runs on an event loop.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Constant, Names, NodeId};

use super::{Check, FileView, Hit, tree};
use crate::rule::Confidence;

/// Reports sleeping, waiting for processes, and synchronous requests in async functions.
pub static CHECK: Check = Check {
    name: "blocking-in-async",
    languages: &["python", "rust"],
    triggers: &["async"],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run,
};

/// How sure it is that a call blocks for long.
#[derive(Clone, Copy)]
enum Blocks {
    /// Always, for as long as the other side likes.
    Surely,
    /// For the time of a file access or a short program.
    Briefly,
}

const HTTP: &[&str] = &[
    "get", "post", "put", "patch", "delete", "head", "options", "request",
];
const SUBPROCESS: &[&str] = &[
    "run",
    "call",
    "check_call",
    "check_output",
    "getoutput",
    "getstatusoutput",
];
const FILES: &[&str] = &[
    "copy",
    "create_dir",
    "create_dir_all",
    "metadata",
    "read",
    "read_dir",
    "read_to_string",
    "remove_dir_all",
    "remove_file",
    "rename",
    "write",
    "canonicalize",
];

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let code = names.code;
    let is_python = code.arena.language.name() == "python";
    for call in code.arena.ids() {
        if code.arena.role(call) != Role::Call {
            continue;
        }
        let found = match is_python {
            true => python(names, call),
            false => rust(names, call),
        };
        if let Some((what, blocks)) = found
            && runs_on_loop(names, call)
            && !is_awaited(names, call)
        {
            hits.push(Hit {
                confidence: match blocks {
                    Blocks::Surely => None,
                    Blocks::Briefly => Some(Confidence::Low),
                },
                ..Hit::at_node(view, call).word("WHAT", what)
            });
        }
    }
}

/// Whether the nearest function or closure around a call is async.
fn runs_on_loop(names: &Names<'_>, call: NodeId) -> bool {
    let code = names.code;
    let arena = code.arena;
    let Some(owner) = tree::body_owner(arena, call) else {
        return false;
    };
    if !tree::has_modifier(code, owner, "async") {
        return false;
    }
    if is_synchronous_branch(names, call, owner) {
        return false;
    }
    // What is handed to a thread is written as a closure; a loop's own thread is a block.
    let mut inside = arena.ancestors(call).take_while(|&at| at != owner);
    !inside.any(|at| {
        arena.role(at) == Role::Call
            && arena.children(at).next().is_some_and(|callee| {
                ["block_in_place", "spawn_blocking", "unblock"]
                    .iter()
                    .any(|name| code.text_of(callee).ends_with(name))
            })
    })
}

/// `if asynchronous: await .. else: ..`: the branch for callers without a loop.
fn is_synchronous_branch(names: &Names<'_>, call: NodeId, owner: NodeId) -> bool {
    let code = names.code;
    let arena = code.arena;
    let mut below = call;
    for at in arena.ancestors(call).take_while(|&at| at != owner) {
        let asks = arena.role(at) == Role::If
            && arena.node(below).field == Field::Alternative
            && arena
                .field(at, Field::Condition)
                .is_some_and(|test| code.text_of(test).contains("async"));
        if asks {
            return true;
        }
        below = at;
    }
    false
}

/// An awaited call makes a future: some other library's function of that name.
fn is_awaited(names: &Names<'_>, call: NodeId) -> bool {
    let arena = names.code.arena;
    arena
        .parent(call)
        .is_some_and(|parent| arena.role(parent) == Role::Await)
}

fn python(names: &Names<'_>, call: NodeId) -> Option<(String, Blocks)> {
    if let Some(path) = tree::callee_path(names, call)
        && let Some(blocks) = python_function(names, call, &path)
    {
        return Some((path.join("."), blocks));
    }
    let (receiver, method) = tree::method(names.code, call)?;
    let kind = names.type_of(receiver)?;
    let blocks = match (kind.path.as_slice(), method) {
        (["requests", "Session" | "session"], _) if HTTP.contains(&method) => Blocks::Surely,
        (["httpx", "Client"], "stream" | "send") => Blocks::Surely,
        (["httpx", "Client"], _) if HTTP.contains(&method) => Blocks::Surely,
        (["urllib3", "PoolManager"], "request" | "urlopen") => Blocks::Surely,
        (["subprocess", "Popen"], "wait" | "communicate") => Blocks::Surely,
        _ => return None,
    };
    Some((format!("{}.{method}", kind.path.join(".")), blocks))
}

fn python_function(names: &Names<'_>, call: NodeId, path: &[&str]) -> Option<Blocks> {
    let surely = match path {
        ["time", "sleep"] => !sleeps_for_nothing(names, call),
        ["requests", verb] | ["httpx", verb] => HTTP.contains(verb) || *verb == "stream",
        ["requests", "api", verb] => HTTP.contains(verb),
        ["urllib", "request", "urlopen" | "urlretrieve"] => true,
        ["urllib3", "request"] => true,
        ["subprocess", function] => SUBPROCESS.contains(function),
        ["os", "system" | "wait" | "waitpid"] => true,
        ["input"] => true,
        ["psycopg2" | "pymysql" | "MySQLdb" | "psycopg", "connect"] => true,
        [
            "socket",
            "create_connection" | "getaddrinfo" | "gethostbyname",
        ] => true,
        ["smtplib", "SMTP" | "SMTP_SSL"] => has_arguments(names, call),
        _ => false,
    };
    if surely {
        return Some(Blocks::Surely);
    }
    let briefly = matches!(
        path,
        ["open"]
            | ["os", "popen"]
            | ["subprocess", "Popen"]
            | ["sqlite3", "connect"]
            | [
                "shutil",
                "copy" | "copyfile" | "copytree" | "move" | "rmtree"
            ]
    );
    briefly.then_some(Blocks::Briefly)
}

fn has_arguments(names: &Names<'_>, call: NodeId) -> bool {
    tree::arguments(names.code.arena, call).next().is_some()
}

/// `time.sleep(0)` lets other threads run, no more.
fn sleeps_for_nothing(names: &Names<'_>, call: NodeId) -> bool {
    tree::arguments(names.code.arena, call)
        .next()
        .and_then(|time| names.constant(time))
        .and_then(|time| Constant::number(&time))
        == Some(0.0)
}

fn rust(names: &Names<'_>, call: NodeId) -> Option<(String, Blocks)> {
    if let Some(path) = tree::callee_path(names, call) {
        let blocks = match path.as_slice() {
            ["std", "thread", "sleep"] => Blocks::Surely,
            ["std", "fs", function] if FILES.contains(function) => Blocks::Briefly,
            ["std", "fs", "File", "open" | "create"] => Blocks::Briefly,
            ["reqwest", "blocking", "get"] => Blocks::Surely,
            ["ureq", "get" | "post" | "put" | "delete" | "head"] => return None,
            [
                "futures" | "futures_executor" | "futures_lite" | "pollster" | "smol" | "async_std",
                ..,
                "block_on",
            ] => Blocks::Surely,
            _ => return rust_method(names, call),
        };
        return Some((path.join("::"), blocks));
    }
    rust_method(names, call)
}

fn rust_method(names: &Names<'_>, call: NodeId) -> Option<(String, Blocks)> {
    let code = names.code;
    let (receiver, method) = tree::method(code, call)?;
    let root = chain_root(names, receiver);
    let path = root.as_deref().unwrap_or_default();
    let blocks = match (path, method) {
        (["std", "process", "Command", "new"], "output" | "status") => Blocks::Surely,
        (
            ["ureq", ..],
            "call" | "send" | "send_json" | "send_string" | "send_form" | "send_empty",
        ) => Blocks::Surely,
        (["reqwest", "blocking", ..], "send" | "execute") => Blocks::Surely,
        (["std", "thread", "spawn"], "join") => Blocks::Surely,
        (["std", "sync", "mpsc", "Receiver"], "recv" | "recv_timeout") => Blocks::Surely,
        (
            [
                "tokio",
                "runtime",
                ..,
                "new" | "current" | "try_current" | "Runtime" | "Handle",
            ],
            "block_on",
        ) => Blocks::Surely,
        _ => return None,
    };
    Some((format!("{method}` of `{}", path.join("::")), blocks))
}

/// The path of the constructor or type at the start of a chain of method calls, through variables.
fn chain_root<'a>(names: &Names<'a>, receiver: NodeId) -> Option<Vec<&'a str>> {
    /// How many links and variables are followed.
    const LINKS: u32 = 40;
    let arena = names.code.arena;
    let mut at = receiver;
    for _ in 0..LINKS {
        match arena.role(at) {
            Role::Call => match tree::method(names.code, at) {
                Some((inner, _)) => at = inner,
                None => return tree::callee_path(names, at),
            },
            Role::QuestionMark | Role::Reference => at = arena.children(at).last()?,
            // What comes out of an await was made by an async library.
            Role::Await => return None,
            Role::Identifier => match names.value_of(at) {
                Some(value) => at = value,
                None => return declared(names, at),
            },
            _ => return None,
        }
    }
    None
}

fn declared<'a>(names: &Names<'a>, name: NodeId) -> Option<Vec<&'a str>> {
    use caveat_parser::names::Binding::{Typed, TypedValue};
    let (Typed(kind) | TypedValue(kind, _)) = names.lookup(names.code.text_of(name), name)?.0
    else {
        return None;
    };
    let arena = names.code.arena;
    let mut kind = *kind;
    while arena.kind_name(kind) == "reference_type" {
        kind = arena.field(kind, Field::Type)?;
    }
    tree::foreign_path(names, kind)
}
