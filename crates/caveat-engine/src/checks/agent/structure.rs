//! How an agent is built: loops without an end, acts without approval, calls without a record.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Code, NodeId};

use super::super::{Check, FileView, Hit, tree};
use super::calls;

/// Reports loops around a model that only the model ends.
pub static LOOP: Check = Check {
    name: "unbounded-agent-loop",
    languages: &["python", "rust"],
    triggers: calls::WORDS,
    whole_file: &["python", "rust"],
    needs_class: false,
    glance: None,
    run: loops,
};

/// Reports tools that do what cannot be undone, and ask nobody.
pub static APPROVAL: Check = Check {
    name: "tool-without-approval",
    languages: &["python", "rust"],
    triggers: calls::WORDS,
    whole_file: &["python", "rust"],
    needs_class: true,
    glance: None,
    run: acts,
};

/// Reports loops that carry out a model's tool calls and leave no trace.
pub static RECORD: Check = Check {
    name: "unlogged-tool-call",
    languages: &["python", "rust"],
    triggers: calls::WORDS,
    whole_file: &["python", "rust"],
    needs_class: false,
    glance: None,
    run: unlogged,
};

fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

// ---- loops ----

fn loops(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let code = names.code;
    let arena = code.arena;
    for id in arena.ids() {
        let endless = match arena.role(id) {
            Role::While => is_endless(code, id),
            Role::For => {
                let over = arena
                    .field(id, Field::Right)
                    .or_else(|| arena.field(id, Field::Value));
                over.is_some_and(|it| {
                    has_any(code.text_of(it), &["itertools.count(", "repeat_forever"])
                })
            }
            Role::Function if recurs(code, id) => {
                hits.push(on_header(view, code, id));
                false
            }
            _ => false,
        };
        if endless && calls::asks_below(code, id) && !is_bounded(code, id) {
            hits.push(on_header(view, code, id));
        }
    }
}

/// The first line of a loop or function.
fn on_header(view: &FileView<'_>, code: Code<'_>, id: NodeId) -> Hit {
    let arena = code.arena;
    let part = arena
        .field(id, Field::Name)
        .or_else(|| arena.field(id, Field::Condition))
        .or_else(|| arena.field(id, Field::Left));
    match part {
        Some(part) => Hit::at_node(view, part),
        None => {
            let span = arena.span(id);
            let length = code.text_of(id).find('{').unwrap_or(4) as u32;
            Hit::at(caveat_parser::Span::new(
                span.start,
                span.start + length.max(1),
            ))
        }
    }
}

/// Whether only what happens inside ends the loop, or what the model says.
fn is_endless(code: Code<'_>, id: NodeId) -> bool {
    let Some(condition) = code.arena.field(id, Field::Condition) else {
        return code.text_of(id).starts_with("loop");
    };
    let text = code.text_of(condition);
    if has_any(text, &["<", ">", " and ", "&&", "let "]) {
        return false;
    }
    matches!(text, "True" | "1" | "true")
        || has_any(text, &["stop_reason", "tool_calls", "finish_reason"])
        || matches!(
            text,
            "not done" | "not finished" | "!done" | "!finished" | "not complete"
        )
}

/// Words of code that waits for others, counts or has a budget.
const BOUNDS: &[&str] = &[
    "input(",
    "readline",
    "read_line",
    "stdin",
    ".recv",
    "receive",
    ".get()",
    "queue",
    "accept(",
    "consume",
    "poll",
    "websocket",
    "max_turn",
    "max_step",
    "max_iter",
    "max_retr",
    "max_attempt",
    "max_round",
    "max_loop",
    "max_call",
    "MAX_",
    "budget",
    "deadline",
    "attempt",
    "retries",
    "limit",
    "timeout(",
    "remaining",
    "click.prompt",
    "Prompt.ask",
    "prompt_toolkit",
    "session.prompt",
    "next_line",
    "tick()",
    "elapsed",
    "yield",
    "wait_for(",
    "cancel",
    "should_stop",
    "usage_limits",
    "for_update",
    "subscribe",
    "listen",
];

fn is_bounded(code: Code<'_>, id: NodeId) -> bool {
    let arena = code.arena;
    let text = code.text_of(id);
    if has_any(text, BOUNDS) {
        return true;
    }
    let compares = arena.subtree(id).any(|part| {
        let relates = matches!(arena.role(part), Role::Comparison | Role::Binary);
        relates
            && arena.children(part).any(|it| {
                arena.role(it) == Role::Token && matches!(code.text_of(it), "<" | ">" | "<=" | ">=")
            })
    });
    compares || sleeps(code, id)
}

/// A loop that sleeps on every turn is a service, no agent at work.
fn sleeps(code: Code<'_>, id: NodeId) -> bool {
    let arena = code.arena;
    let body = arena.field(id, Field::Body);
    let statements = body.into_iter().flat_map(|body| arena.children(body));
    statements
        .filter(|&it| !matches!(arena.role(it), Role::Try | Role::If | Role::Match))
        .any(|it| code.text_of(it).contains("sleep("))
}

/// A function that asks a model and calls itself, with nothing that counts.
fn recurs(code: Code<'_>, id: NodeId) -> bool {
    let arena = code.arena;
    let Some(name) = arena.field(id, Field::Name).map(|it| code.text_of(it)) else {
        return false;
    };
    let own = arena
        .subtree(id)
        .filter(|&it| arena.role(it) == Role::Call)
        .filter(|&it| tree::function(arena, it) == Some(id));
    let calls: Vec<NodeId> = own.collect();
    let itself = calls.iter().any(|&it| {
        let callee = calls::callee(code, it);
        callee == name || callee.strip_prefix("self.") == Some(name)
    });
    if !itself || !calls.iter().any(|&it| calls::asks_model(code, it)) {
        return false;
    }
    let parameters = arena
        .field(id, Field::Parameters)
        .map_or("", |it| code.text_of(it));
    let counts = [
        "depth",
        "level",
        "remaining",
        "budget",
        "max",
        "limit",
        "step",
        "turn",
        "attempt",
        "retr",
        "count",
        "left",
        "n:",
    ];
    !has_any(parameters, &counts) && !is_bounded(code, id)
}

// ---- acts without approval ----

/// First words of names of acts that cannot be undone.
const ACTS: &[&str] = &[
    "refund",
    "transfer",
    "payout",
    "pay",
    "charge",
    "wire",
    "purchase",
    "deploy",
    "terminate",
    "destroy",
    "withdraw",
];
/// Acts that count with one of these objects.
const OBJECTS: &[(&str, &[&str])] = &[
    (
        "send",
        &["mail", "email", "sms", "tweet", "money", "payment", "funds"],
    ),
    (
        "delete",
        &[
            "user", "account", "database", "bucket", "instance", "customer", "table", "cluster",
            "repo", "volume", "snapshot", "index", "stack", "records", "tenant",
        ],
    ),
    ("drop", &["table", "database", "collection", "schema"]),
    ("remove", &["user", "account", "customer", "member"]),
    ("place", &["order", "trade"]),
    ("execute", &["trade", "payment", "transfer", "order"]),
    (
        "create",
        &["refund", "payout", "transfer", "charge", "payment"],
    ),
    ("cancel", &["subscription", "order", "booking", "account"]),
    ("process", &["refund", "payment", "payout"]),
    ("issue", &["refund", "payment"]),
    ("publish", &["post", "release", "package"]),
    ("close", &["account"]),
];
/// Calls of libraries.
const LIBRARY_ACTS: &[&str] = &[
    "Refund.create",
    "Transfer.create",
    "Payout.create",
    "Charge.create",
    "PaymentIntent.create",
    ".sendmail",
    "send_message_smtp",
    "terminate_instances",
    "delete_bucket",
    "delete_db_instance",
    "delete_stack",
    "Refund::create",
    "Payout::create",
    "Transfer::create",
];

/// Words of code that asks a person first, or only shows what it would do.
const APPROVALS: &[&str] = &[
    "confirm",
    "approv",
    "consent",
    "permission",
    "interrupt",
    "elicit",
    "dry_run",
    "dry-run",
    "input(",
    "human",
    "authoriz",
    "ask_user",
    "review",
    "require_",
    "sandbox",
    "draft",
    "pending",
    "authoris",
];
/// Words of a file whose framework asks before tools run.
const FRAMEWORK: &[&str] = &[
    "interrupt_before",
    "HumanInTheLoop",
    "requires_approval",
    "needs_approval",
    "require_confirmation",
    "human_input=True",
    "requires_confirmation",
    "can_use_tool",
    "ApprovalRequired",
    "human_in_the_loop",
];

fn acts(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let code = names.code;
    let arena = code.arena;
    if has_any(code.text, FRAMEWORK) {
        return;
    }
    for function in arena.ids().filter(|&id| arena.role(id) == Role::Function) {
        if !calls::is_tool(code, function) || asks_first(code, function) {
            continue;
        }
        let act = arena
            .subtree(function)
            .filter(|&id| arena.role(id) == Role::Call)
            .find_map(|call| Some((call, act_of(code, call)?)));
        if let Some((call, what)) = act {
            hits.push(Hit::at_node(view, call).word("ACT", what));
        }
    }
}

/// Whether the tool, what decorates it, or a function of the file that it calls asks somebody.
fn asks_first(code: Code<'_>, function: NodeId) -> bool {
    let arena = code.arena;
    let whole = arena
        .parent(function)
        .filter(|&it| arena.role(it) == Role::Decorated)
        .unwrap_or(function);
    let own = without_comments(code.text_of(whole));
    if has_any(&own, APPROVALS) {
        return true;
    }
    arena
        .subtree(function)
        .filter(|&id| arena.role(id) == Role::Call)
        .filter_map(|call| calls::own_function(code, call))
        .any(|inner| has_any(&without_comments(code.text_of(inner)), APPROVALS))
}

/// Code in lower case, and without what stands behind it on a line.
fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let end = line.find(" #").or_else(|| line.find("// "));
        end.map_or(line, |end| &line[..end])
    });
    let code: Vec<String> = lines.map(str::to_ascii_lowercase).collect();
    code.join("\n")
}

/// What a call does that cannot be undone.
fn act_of(code: Code<'_>, call: NodeId) -> Option<String> {
    let callee = calls::callee(code, call);
    let last = callee.rsplit(['.', ':']).next().unwrap_or(callee);
    if has_any(callee, LIBRARY_ACTS) || is_act(last) {
        let shown: String = callee.chars().take(60).collect();
        return Some(shown);
    }
    let text = tree::arguments(code.arena, call).next();
    let text = text.map_or("", |it| code.text_of(it));
    let statement = text
        .trim_start_matches(['f', 'r', '"', '\'', '&', '#'])
        .to_ascii_uppercase();
    let destroys = ["DELETE FROM", "DROP TABLE", "TRUNCATE "]
        .iter()
        .find(|verb| statement.starts_with(**verb));
    if let Some(verb) = destroys
        && matches!(
            last,
            "execute" | "query" | "text" | "executescript" | "exec"
        )
    {
        return Some(verb.trim().to_owned());
    }
    let command: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '\'' && *c != '"')
        .collect();
    let tools = [
        "[terraform,apply",
        "[terraform,destroy",
        "[kubectl,delete",
        "[kubectl,apply",
        "[git,push",
        "[helm,upgrade",
    ];
    let tool = tools.iter().find(|tool| command.starts_with(**tool))?;
    Some(tool.trim_start_matches('[').replace(',', " "))
}

fn is_act(name: &str) -> bool {
    let words: Vec<&str> = name.split('_').filter(|it| !it.is_empty()).collect();
    let Some(first) = words.first() else {
        return false;
    };
    if ACTS.contains(first) {
        return true;
    }
    OBJECTS.iter().any(|(verb, objects)| {
        first == verb && words[1..].iter().any(|word| objects.contains(word))
    })
}

// ---- calls without a record ----

/// Words of code that leaves a trace.
const RECORDS: &[&str] = &[
    "log.",
    "log(",
    "logger",
    "logging",
    "logfire",
    "audit",
    "tracer",
    "trace(",
    "traceable",
    "span",
    "print(",
    "println!",
    "eprintln!",
    "info!(",
    "debug!(",
    "warn!(",
    "record",
    "emit",
    "callback",
    "telemetry",
    "console.",
    "langfuse",
    "mlflow",
    "weave",
    "observe",
    "events",
    "metrics",
    "instrument",
    "notify",
    "display",
];

fn unlogged(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let code = names.code;
    let arena = code.arena;
    if has_any(code.text, RECORDS) {
        return;
    }
    for id in arena.ids().filter(|&id| arena.role(id) == Role::For) {
        let over = arena
            .field(id, Field::Right)
            .or_else(|| arena.field(id, Field::Value))
            .map_or("", |it| code.text_of(it));
        let text = code.text_of(id);
        let of_calls = over.contains("tool_calls")
            || over.ends_with(".content") && text.contains("tool_use")
            || over.ends_with(".output") && text.contains("function_call");
        if !of_calls {
            continue;
        }
        let dispatch = arena
            .subtree(id)
            .filter(|&it| arena.role(it) == Role::Call)
            .find(|&call| dispatches(code, call));
        if let Some(call) = dispatch {
            hits.push(Hit::at_node(view, call));
        }
    }
}

/// A call whose function, or whose arguments, the model chose.
fn dispatches(code: Code<'_>, call: NodeId) -> bool {
    let arena = code.arena;
    let Some(callee) = arena.children(call).next() else {
        return false;
    };
    let looked_up = arena.role(callee) == Role::Subscript;
    let spread = tree::arguments(arena, call).any(|it| arena.role(it) == Role::DictSplat);
    let name = code.text_of(callee).rsplit(['.', ':']).next().unwrap_or("");
    let named = matches!(
        name,
        "dispatch"
            | "call_tool"
            | "run_tool"
            | "execute_tool"
            | "invoke_tool"
            | "execute_function"
            | "handle_tool_call"
            | "dispatch_tool"
    );
    looked_up || spread || named
}
