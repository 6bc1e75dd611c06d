//! Behaviour that waits for a date, a user or a machine, and code that is kept encoded.

use caveat_parser::NodeId;
use caveat_parser::lang::{Field, Role};

use super::super::{Check, FileView, Hit};
use crate::tests_model::{Tree, code};

/// Reports triggers on time, user or host that lead to commands, network or open doors.
pub static CHECK: Check = Check {
    name: "obfuscated-trigger",
    languages: &["python", "rust"],
    triggers: &["exec", "eval", "getuser", "gethostname", "now"],
    whole_file: &[],
    needs_class: false,
    glance: None,
    run,
};

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(tree) = Tree::of(view) else { return };
    for id in tree.arena().ids() {
        let found = match tree.role(id) {
            Role::If => {
                triggered(tree, id).map(|it| (tree.field(id, Field::Condition).unwrap_or(id), it))
            }
            Role::Call => decoded(tree, id).map(|it| (id, it)),
            _ => None,
        };
        if let Some((at, what)) = found
            && !tree.in_test(id)
        {
            hits.push(Hit::at_node(view, at).word("WHAT", what));
        }
    }
}

/// A condition on who or when, with something dangerous behind it.
fn triggered(tree: Tree<'_>, id: NodeId) -> Option<String> {
    let condition = tree.field(id, Field::Condition)?;
    let expanded = expanded(tree, condition);
    let literal = tree
        .below(condition)
        .any(|it| tree.is_literal(it) && matches!(tree.role(it), Role::String | Role::Integer))
        || tree.below(condition).any(|it| {
            tree.role(it) == Role::Call
                && matches!(
                    tree.last_name(it),
                    "date"
                        | "datetime"
                        | "from_ymd_opt"
                        | "b64decode"
                        | "fromhex"
                        | "fromisoformat"
                )
        })
        || tree.below(condition).any(|it| {
            tree.role(it) == Role::Identifier
                && tree.names.value_of(it).is_some_and(|it| {
                    tree.is_literal(it)
                        || tree.text(it).contains("b64decode")
                        || tree.text(it).starts_with("date")
                })
        });
    let who = [
        "getuser(",
        "getlogin(",
        "gethostname(",
        "platform.node(",
        "[\"USER\"]",
        "\"USERNAME\"",
        "\"USER\"",
        "hostname()",
        "whoami",
        "\"HOSTNAME\"",
        "getfqdn(",
        "gethostbyname(",
    ]
    .iter()
    .any(|it| expanded.contains(it));
    let when = [
        "date.today(",
        "datetime.now(",
        "datetime.utcnow(",
        "time.time(",
        "Utc::now(",
        "Local::now(",
        "SystemTime::now(",
        "datetime.today(",
        "time.localtime(",
        "time.gmtime(",
    ]
    .iter()
    .any(|it| expanded.contains(it));
    if !(who || when) || !literal {
        return None;
    }
    let block = tree.field(id, Field::Consequence)?;
    let danger = tree
        .calls(block)
        .find_map(|it| danger(tree, it))
        .or_else(|| opens(tree, id, block))?;
    // A date in the code, not a duration.
    if when && !who {
        let dated = tree.below(condition).any(|it| {
            matches!(tree.role(it), Role::Integer)
                && tree.text(it).len() >= 4
                && tree.text(it) != "1000"
                && tree.text(it) != "3600"
                && tree.text(it) != "86400"
        }) || expanded.contains("date(") && expanded.matches("20").count() > 0
            || tree.below(condition).any(|it| {
                tree.string(it)
                    .is_some_and(|text| text.starts_with("20") && text.contains('-'))
            })
            || expanded.contains(".weekday()")
            || expanded.contains(".month")
            || expanded.contains(".day")
            || expanded.contains(".hour");
        let telling = [
            "expire", "expir", "deadline", "ttl", "timeout", "last_", "start", "elapsed", "next_",
            "cached",
        ]
        .iter()
        .any(|it| expanded.to_ascii_lowercase().contains(it));
        if !dated || telling {
            return None;
        }
    }
    let cause = if who {
        "the user or machine"
    } else {
        "the date"
    };
    Some(format!("{cause} decides whether {danger}"))
}

/// The text of a condition with the values of its names.
fn expanded(tree: Tree<'_>, condition: NodeId) -> String {
    let mut text = tree.text(condition).to_owned();
    for id in tree
        .below(condition)
        .filter(|&it| tree.role(it) == Role::Identifier)
    {
        if let Some(value) = tree.names.value_of(id) {
            text.push(' ');
            text.push_str(tree.text(value));
        }
    }
    text
}

fn danger(tree: Tree<'_>, call: NodeId) -> Option<String> {
    let path = tree.called(call);
    let name = tree.last_name(call);
    let known = matches!(
        &*path,
        "exec"
            | "eval"
            | "os.system"
            | "os.popen"
            | "builtins.exec"
            | "builtins.eval"
            | "pickle.loads"
            | "marshal.loads"
            | "shutil.rmtree"
            | "os.remove"
            | "os.unlink"
    ) || path.starts_with("subprocess.")
        || path.starts_with("requests.")
        || path.starts_with("urllib.request.")
        || path.starts_with("httpx.")
        || path == "socket.create_connection"
        || path == "socket.socket"
        || matches!(name, "remove_dir_all" | "remove_file")
        || path.ends_with("Command.new")
        || path.starts_with("reqwest.")
        || path.ends_with("TcpStream.connect");
    known.then(|| {
        format!(
            "`{}` is called",
            code::short(tree.callee(call).map_or("", |it| tree.text(it)))
        )
    })
}

/// A check that is passed: `return True` in a function that checks.
fn opens(tree: Tree<'_>, id: NodeId, block: NodeId) -> Option<String> {
    let function = tree.function(id)?;
    let checking = crate::tests_model::place::is_checking(tree.name(function));
    let passes = tree.kids(block).iter().any(|&it| {
        tree.role(it) == Role::Return
            && tree.kids(it).first().is_some_and(|&value| {
                tree.boolean(value) == Some(true) || tree.text(value) == "Ok(())"
            })
            || tree.boolean(it) == Some(true)
    });
    (checking && passes).then(|| format!("`{}` lets everything pass", tree.name(function)))
}

const DECODERS: &[&str] = &[
    "b64decode",
    "b32decode",
    "b16decode",
    "a85decode",
    "b85decode",
    "fromhex",
    "unhexlify",
    "rot13",
    "decompress",
    "decode",
    "loads",
];

/// `exec(base64.b64decode("..."))`.
fn decoded(tree: Tree<'_>, call: NodeId) -> Option<String> {
    let path = tree.called(call);
    let runs = matches!(
        &*path,
        "exec"
            | "eval"
            | "builtins.exec"
            | "builtins.eval"
            | "os.system"
            | "os.popen"
            | "__import__"
            | "importlib.import_module"
            | "compile"
    ) || path.starts_with("subprocess.")
        || path == "getattr"
        || path.ends_with("Command.new");
    if !runs {
        return None;
    }
    let argument = match &*path {
        "getattr" => *tree.positional(call).get(1)?,
        _ => *tree.positional(call).first()?,
    };
    let value = resolve(tree, argument);
    let made = tree.calls(value).find(|&it| {
        DECODERS.contains(&tree.last_name(it)) && {
            let named = tree.last_name(it);
            let strong = !matches!(named, "decode" | "loads" | "decompress");
            let path = tree.called(it);
            (strong
                || path.starts_with("codecs.")
                || path.starts_with("zlib.")
                || path.starts_with("marshal.")
                || path.contains("base64")
                || path.contains("hex"))
                && tree
                    .positional(it)
                    .first()
                    .is_some_and(|&it| from_constant(tree, it))
        }
    })?;
    Some(format!(
        "`{}` runs what `{}` decodes from a constant",
        code::short(&path),
        tree.last_name(made)
    ))
}

fn resolve(tree: Tree<'_>, id: NodeId) -> NodeId {
    match tree.role(id) {
        Role::Identifier => tree.names.value_of(id).unwrap_or(id),
        Role::Reference => tree.kids(id).last().map_or(id, |&it| resolve(tree, it)),
        _ => id,
    }
}

fn from_constant(tree: Tree<'_>, id: NodeId) -> bool {
    let id = resolve(tree, id);
    match tree.role(id) {
        Role::Call => {
            let receiver = tree.receiver(id);
            tree.positional(id)
                .first()
                .copied()
                .or(receiver)
                .is_some_and(|it| from_constant(tree, it))
        }
        Role::Binary => [Field::Left, Field::Right]
            .iter()
            .all(|&it| tree.field(id, it).is_some_and(|it| from_constant(tree, it))),
        _ => tree.is_literal(id),
    }
}
