//! Where data comes from: parameters of tools and handlers, answers of models, requests.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Code, NodeId};
use rustc_hash::FxHashSet;

use super::super::tree;
use super::{
    Bits, ENVIRONMENT, FIRST_PARAMETER, Function, MODEL, MOST_PARAMETERS, NETWORK, REQUEST, SECRET,
    TOOL,
};

/// A function with what its parameters hold.
pub fn function(code: Code<'_>, node: NodeId) -> Function {
    let arena = code.arena;
    let outer = outer_kind(code, node);
    let mut parameters = Vec::new();
    let mut bound = Vec::new();
    let list = arena.field(node, Field::Parameters);
    let nodes = list.into_iter().flat_map(|list| arena.children(list));
    for parameter in nodes.filter(|&it| arena.role(it) == Role::Parameter) {
        let (Some(pattern), Some(kind)) = (
            arena.field(parameter, Field::Pattern),
            arena.field(parameter, Field::Type),
        ) else {
            continue;
        };
        let number = parameters.len();
        let kind = code.text_of(kind);
        let mut bits = match is_plain_type(kind) {
            true => 0,
            false => own_bit(number),
        };
        if bits != 0 {
            bits |= match outer {
                Outer::Tool if !is_context(kind) => TOOL,
                _ if is_extractor(kind) => REQUEST,
                _ => 0,
            };
        }
        parameters.push(bits);
        for name in pattern_names(code, pattern) {
            bound.push((name.to_owned(), number));
        }
    }
    Function {
        node,
        parameters,
        bound,
    }
}

fn own_bit(number: usize) -> Bits {
    let number = number as u32;
    match number < MOST_PARAMETERS {
        true => 1 << (FIRST_PARAMETER + number),
        false => 0,
    }
}

/// Names that a pattern binds.
pub fn pattern_names<'a>(code: Code<'a>, pattern: NodeId) -> Vec<&'a str> {
    let arena = code.arena;
    let is_bound = |&id: &NodeId| {
        let text = code.text_of(id);
        let named = matches!(
            arena.kind_name(id),
            "identifier" | "shorthand_field_identifier"
        );
        let qualified = id != pattern
            && arena
                .parent(id)
                .is_some_and(|parent| matches!(arena.role(parent), Role::Scoped | Role::Call));
        named && !qualified && text.starts_with(|c: char| c.is_lowercase() || c == '_')
    };
    arena
        .subtree(pattern)
        .filter(is_bound)
        .map(|id| code.text_of(id))
        .collect()
}

/// Whether models call a function.
pub fn is_tool(code: Code<'_>, node: NodeId) -> bool {
    matches!(outer_kind(code, node), Outer::Tool)
}

enum Outer {
    Tool,
    Other,
}

/// Whether models call the function.
fn outer_kind(code: Code<'_>, node: NodeId) -> Outer {
    let arena = code.arena;
    let start = arena.node(node).start;
    let lead = &code.text[tree::lead_start(code, start) as usize..start as usize];
    let marked = lead.split("#[").skip(1).any(|attribute| {
        let attribute = attribute.trim_start();
        let path: String = attribute
            .chars()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
            .collect();
        matches!(
            path.as_str(),
            "tool"
                | "rmcp::tool"
                | "rig::tool_macro"
                | "rig_tool"
                | "rig::rig_tool"
                | "tool_fn"
                | "mcp_tool"
                | "swiftide::tool"
                | "ollama_rs::function"
                | "function"
                | "tool_macro"
                | "rig_derive::rig_tool"
                | "rig::tool"
                | "llm_tool"
        )
    });
    if marked {
        return Outer::Tool;
    }
    let name = arena
        .field(node, Field::Name)
        .map(|name| code.text_of(name));
    let implemented = arena
        .ancestors(node)
        .find(|&at| arena.role(at) == Role::Impl)
        .and_then(|at| arena.field(at, Field::Trait))
        .map(|kind| code.text_of(kind));
    let Some(implemented) = implemented else {
        return Outer::Other;
    };
    let kind = implemented.split('<').next().unwrap_or(implemented);
    let kind = kind.rsplit("::").next().unwrap_or(kind);
    let is_call = matches!(
        name,
        Some(
            "call"
                | "call_tool"
                | "run"
                | "invoke"
                | "execute"
                | "execute_tool"
                | "exec"
                | "handle"
        )
    );
    let is_tool = kind.ends_with("Tool") || kind == "ToolDyn" || kind == "ToolFunction";
    let is_server =
        matches!(kind, "ServerHandler" | "Router" | "ToolHandler") && name == Some("call_tool");
    match is_call && (is_tool || is_server) {
        true => Outer::Tool,
        false => Outer::Other,
    }
}

/// Parameters that the library fills in.
fn is_context(kind: &str) -> bool {
    [
        "Context",
        "Peer<",
        "State<",
        "Extension<",
        "ToolCallContext",
        "CancellationToken",
    ]
    .iter()
    .any(|word| kind.contains(word))
        && !kind.contains("Parameters<")
}

/// Data of a request, by the type of the parameter.
fn is_extractor(kind: &str) -> bool {
    let plain = kind.trim_start_matches('&');
    [
        "Json<",
        "Query<",
        "Form<",
        "Path<",
        "web::Json",
        "web::Query",
        "web::Form",
        "web::Path",
    ]
    .iter()
    .any(|name| plain.starts_with(name) || plain.contains(&format!("::{name}")))
}

/// Values of these types hold no text.
fn is_plain_type(kind: &str) -> bool {
    let kind = kind.trim();
    let inner = kind
        .strip_prefix("Option<")
        .and_then(|rest| rest.strip_suffix('>'))
        .unwrap_or(kind);
    matches!(
        inner,
        "u8" | "u16"
            | "u32"
            | "u64"
            | "u128"
            | "usize"
            | "i8"
            | "i16"
            | "i32"
            | "i64"
            | "i128"
            | "isize"
            | "f32"
            | "f64"
            | "bool"
            | "char"
            | "Uuid"
            | "uuid::Uuid"
            | "Duration"
    )
}

/// Fields that hold numbers, or an enum of the file, in every struct that has one of that name.
pub fn plain_fields(code: Code<'_>) -> FxHashSet<String> {
    let arena = code.arena;
    let enums: FxHashSet<&str> = arena
        .ids()
        .filter(|&id| arena.kind_name(id) == "enum_item")
        .filter_map(|id| arena.field(id, Field::Name))
        .map(|name| code.text_of(name))
        .collect();
    let mut plain = FxHashSet::default();
    let mut other = FxHashSet::default();
    for id in arena.ids() {
        if arena.kind_name(id) != "field_declaration" {
            continue;
        }
        let (Some(name), Some(kind)) = (arena.field(id, Field::Name), arena.field(id, Field::Type))
        else {
            continue;
        };
        let kind = code.text_of(kind);
        let name = code.text_of(name).to_owned();
        match is_plain_type(kind) || enums.contains(kind) {
            true => plain.insert(name),
            false => other.insert(name),
        };
    }
    plain.retain(|name| !other.contains(name));
    plain
}

/// What a call gives that nobody in the file made.
pub fn of_call(code: Code<'_>, call: NodeId) -> Bits {
    let arena = code.arena;
    if let Some((receiver, name)) = tree::method(code, call) {
        let arguments = tree::arguments(arena, call).count();
        return of_method(code.text, code.text_of(receiver), name, arguments);
    }
    let Some(callee) = arena.children(call).next() else {
        return 0;
    };
    of_path(code, code.text_of(callee), call)
}

fn of_path(code: Code<'_>, callee: &str, call: NodeId) -> Bits {
    let path = callee.split("::<").next().unwrap_or(callee);
    let mut parts = path.rsplit("::");
    let last = parts.next().unwrap_or("");
    let module = parts.next().unwrap_or("");
    if module == "env" && matches!(last, "var" | "var_os") {
        let name = tree::arguments(code.arena, call).next();
        let name = name.map_or("", |it| code.text_of(it));
        return if is_secret_name(name.trim_matches('"')) {
            SECRET
        } else {
            0
        };
    }
    if module == "env" && matches!(last, "vars" | "vars_os") {
        return ENVIRONMENT;
    }
    if module == "reqwest" && last == "get" {
        return NETWORK;
    }
    let asks = matches!(
        last,
        "ask"
            | "chat"
            | "complete"
            | "completion"
            | "generate"
            | "prompt"
            | "query_llm"
            | "ask_llm"
            | "ask_model"
            | "call_llm"
            | "run_agent"
            | "chat_completion"
            | "infer"
    );
    let of_models = matches!(
        module,
        "llm" | "ai" | "gpt" | "claude" | "openai" | "anthropic" | "model" | "assistant" | "ollama"
    );
    match asks && of_models {
        true => MODEL,
        false => 0,
    }
}

fn of_method(file: &str, receiver: &str, name: &str, arguments: usize) -> Bits {
    let ends = |words: &[&str]| {
        let last = receiver
            .rsplit(['.', ':', ' ', '&'])
            .next()
            .unwrap_or(receiver);
        let last = last.split('(').next().unwrap_or(last).to_ascii_lowercase();
        words.iter().any(|word| last.ends_with(word))
    };
    let chained = |words: &[&str]| words.iter().any(|word| receiver.contains(word));
    match name {
        "exec_chat"
        | "exec_chat_stream"
        | "send_chat_messages"
        | "send_chat_messages_with_history"
        | "chat_completion"
        | "create_chat_completion"
        | "generate_content"
        | "chat_completions"
        | "send_function_call"
        | "create_message" => MODEL,
        "create" | "create_stream" | "create_byot"
            if chained(&[
                "chat()",
                "responses()",
                "completions()",
                "messages()",
                "assistants()",
            ]) =>
        {
            MODEL
        }
        "prompt" | "chat" | "multi_turn" if arguments > 0 => MODEL,
        "generate" | "complete" | "invoke" | "completion" | "ask" | "run" | "infer" | "predict"
            if arguments > 0
                && ends(&[
                    "llm",
                    "model",
                    "agent",
                    "chain",
                    "ollama",
                    "claude",
                    "gpt",
                    "assistant",
                ]) =>
        {
            MODEL
        }
        "text" | "json" | "bytes"
            if arguments == 0
                && chained(&["send()", "reqwest::get", "response", "resp", "res"])
                && file.contains("reqwest") =>
        {
            NETWORK
        }
        _ => 0,
    }
}

/// What is read of an object, by the name of the field: parts of answers of models.
pub fn of_field(receiver: &str, name: &str) -> Bits {
    match name {
        "tool_calls" | "function_call" => MODEL,
        "arguments" if receiver.ends_with("function") || receiver.contains("tool_call") => MODEL,
        "content" if receiver.ends_with("message") && receiver.contains("choice") => MODEL,
        _ if is_secret_name(name) => SECRET,
        _ => 0,
    }
}

/// What an element holds, by its key: `answer["choices"]`.
pub fn of_key(key: &str) -> Bits {
    match key.trim_matches('"') {
        "choices" | "tool_calls" | "completion" => MODEL,
        _ => 0,
    }
}

/// What people call secrets.
pub fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let whole = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "api_key",
        "apikey",
        "private_key",
        "secret_key",
        "access_key",
        "access_token",
        "api_token",
        "auth_token",
        "bearer_token",
        "client_secret",
        "db_password",
        "signing_key",
        "credentials",
        "encryption_key",
    ];
    let suffixes = [
        "_api_key",
        "_apikey",
        "_password",
        "_secret",
        "_access_key",
        "_access_token",
        "_api_token",
        "_auth_token",
        "_private_key",
        "_secret_key",
        "_secret_access_key",
        "_passphrase",
    ];
    whole.contains(&lower.as_str())
        || suffixes.iter().any(|suffix| lower.ends_with(suffix))
        || name == name.to_ascii_uppercase()
            && (lower.ends_with("_token") || lower.ends_with("_key"))
}
