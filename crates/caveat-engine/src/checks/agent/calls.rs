//! Calls of language models and functions that models call, in Python and Rust, by their names.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Code, NodeId};

use super::super::tree;
use super::{MODEL, sources};

/// Words without which a file calls no model and has no tool.
pub const WORDS: &[&str] = &[
    "openai",
    "OpenAI",
    "anthropic",
    "litellm",
    "langchain",
    "langchain_core",
    "langchain_openai",
    "langchain_anthropic",
    "langgraph",
    "ollama",
    "genai",
    "pydantic_ai",
    "smolagents",
    "crewai",
    "autogen",
    "autogen_core",
    "agents",
    "claude_agent_sdk",
    "fastmcp",
    "mcp",
    "llama_index",
    "llm",
    "rig",
    "rmcp",
    "async_openai",
    "ollama_rs",
    "groq",
    "mistralai",
    "cohere",
    "google",
    "semantic_kernel",
    "strands",
    "agno",
];

/// The text of what a call calls.
pub fn callee<'a>(code: Code<'a>, call: NodeId) -> &'a str {
    let callee = code.arena.children(call).next();
    callee.map_or("", |it| code.text_of(it))
}

/// Whether a call asks a language model.
pub fn asks_model(code: Code<'_>, call: NodeId) -> bool {
    if code.arena.role(call) != Role::Call {
        return false;
    }
    match code.arena.language.name() {
        "rust" => sources::of_call(code, call) & MODEL != 0,
        _ => python_call(callee(code, call)),
    }
}

fn python_call(callee: &str) -> bool {
    let Some((receiver, name)) = callee.rsplit_once('.') else {
        return matches!(
            callee,
            "completion" | "acompletion" | "llm" | "call_llm" | "ask_llm" | "call_model"
        );
    };
    let owner = receiver
        .rsplit('.')
        .next()
        .unwrap_or(receiver)
        .to_ascii_lowercase();
    let owner = owner.trim_end_matches(')').trim_end_matches('(');
    let ends = |words: &[&str]| words.iter().any(|word| owner.ends_with(word));
    match name {
        "create" | "parse" | "stream" | "acreate" => {
            ends(&["completions", "responses", "messages", "chatcompletion"])
        }
        "generate_content"
        | "generate_content_async"
        | "kickoff"
        | "initiate_chat"
        | "chat_completion"
        | "run_sync"
        | "converse" => true,
        "completion" | "acompletion" => ends(&["litellm", "llm", "client"]),
        "chat" | "generate" | "send_message" => {
            ends(&["ollama", "client", "llm", "model", "chat", "cohere"])
        }
        "invoke" | "ainvoke" | "predict" | "run" | "arun" | "complete" | "acomplete" | "ask"
        | "call" => ends(&[
            "llm",
            "model",
            "agent",
            "chain",
            "executor",
            "graph",
            "chat",
            "assistant",
            "runner",
            "crew",
        ]),
        _ => false,
    }
}

/// Whether something below a node asks a language model, itself or through a function of the file.
pub fn asks_below(code: Code<'_>, node: NodeId) -> bool {
    let arena = code.arena;
    let calls: Vec<NodeId> = arena
        .subtree(node)
        .filter(|&id| arena.role(id) == Role::Call)
        .collect();
    if calls.iter().any(|&call| asks_model(code, call)) {
        return true;
    }
    let around = tree::function(arena, node);
    calls.iter().any(|&call| {
        let definition = own_function(code, call).filter(|it| Some(*it) != around);
        definition.is_some_and(|it| {
            let inner = arena.subtree(it);
            inner
                .filter(|&id| arena.role(id) == Role::Call)
                .any(|id| asks_model(code, id))
        })
    })
}

/// The function of the file that a call by a plain name, or on `self`, calls.
pub fn own_function(code: Code<'_>, call: NodeId) -> Option<NodeId> {
    let text = callee(code, call);
    let name = text
        .strip_prefix("self.")
        .or_else(|| text.strip_prefix("Self::"))
        .unwrap_or(text);
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if !plain {
        return None;
    }
    code.arena.ids().find(|&id| {
        code.arena.role(id) == Role::Function
            && code
                .arena
                .field(id, Field::Name)
                .is_some_and(|it| code.text_of(it) == name)
    })
}

/// Whether models call a function.
pub fn is_tool(code: Code<'_>, function: NodeId) -> bool {
    match code.arena.language.name() {
        "rust" => sources::is_tool(code, function),
        _ => is_python_tool(code, function),
    }
}

fn is_python_tool(code: Code<'_>, function: NodeId) -> bool {
    let arena = code.arena;
    let decorated = arena
        .parent(function)
        .filter(|&it| arena.role(it) == Role::Decorated);
    let marked = decorated.is_some_and(|outer| {
        arena
            .children(outer)
            .filter(|&it| arena.role(it) == Role::Decorator)
            .any(|it| {
                let text = code.text_of(it).trim_start_matches('@');
                let path = text.split('(').next().unwrap_or(text).trim();
                let last = path.rsplit('.').next().unwrap_or(path);
                matches!(
                    last,
                    "tool"
                        | "tool_plain"
                        | "function_tool"
                        | "kernel_function"
                        | "ai_tool"
                        | "mcp_tool"
                        | "register_tool"
                        | "beta_tool"
                )
            })
    });
    if marked {
        return true;
    }
    let name = arena
        .field(function, Field::Name)
        .map_or("", |it| code.text_of(it));
    let class = arena
        .ancestors(function)
        .find(|&at| arena.role(at) == Role::Class)
        .and_then(|class| arena.field(class, Field::Superclasses));
    matches!(name, "_run" | "_arun" | "forward")
        && class.is_some_and(|bases| code.text_of(bases).contains("Tool"))
}
