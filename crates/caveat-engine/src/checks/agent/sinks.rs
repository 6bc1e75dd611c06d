//! Where data does harm: programs, files, statements, addresses, markup, prompts.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Code, NodeId, Span};

use super::super::tree;
use super::body::{Body, Class};
use super::{Bits, ENVIRONMENT, MODEL, NETWORK, REQUEST, SECRET, TOOL};

/// What becomes of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Code,
    Shell,
    Sql,
    File,
    Url,
    Html,
    Instructions,
    Prompt,
    Service,
}

impl Kind {
    /// The class of data that harms.
    pub fn class(self) -> Class {
        match self {
            Kind::File => Class::Path,
            Kind::Url => Class::Url,
            Kind::Html => Class::Html,
            Kind::Shell => Class::Shell,
            _ => Class::Any,
        }
    }
}

/// Data at a place where it does harm.
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    pub kind: Kind,
    pub bits: Bits,
    pub span: Span,
    pub callee: String,
}

/// The rule that data of a source breaks in a use.
pub fn rule(source: Bits, kind: Kind) -> Option<&'static str> {
    Some(match (source, kind) {
        (MODEL, Kind::Code) => "llm-to-code",
        (MODEL, Kind::Shell) => "llm-to-shell",
        (MODEL, Kind::Sql) => "llm-to-sql",
        (MODEL, Kind::File) => "llm-to-path",
        (MODEL, Kind::Url) => "llm-to-request",
        (MODEL, Kind::Html) => "llm-to-html",
        (TOOL, Kind::Shell | Kind::Code) => "tool-shell",
        (TOOL, Kind::File) => "tool-file-write",
        (TOOL, Kind::Sql) => "tool-sql",
        (TOOL, Kind::Url) => "tool-request",
        (REQUEST | NETWORK, Kind::Instructions) => "prompt-injection",
        (SECRET | ENVIRONMENT, Kind::Instructions | Kind::Prompt) => "secret-in-prompt",
        (REQUEST, Kind::Service) => "model-from-request",
        _ => return None,
    })
}

/// What a message calls the use.
pub fn callee(code: Code<'_>, node: NodeId) -> String {
    if let Some((_, name)) = tree::method(code, node) {
        return name.to_owned();
    }
    let text = code.text_of(node);
    let text = text.split(['(', '{', '!']).next().unwrap_or(text);
    text.trim().chars().take(60).collect()
}

/// Uses of a node: what kind, the data, and where to tell it.
pub fn uses(body: &Body<'_, '_, '_>, node: NodeId) -> Vec<(Kind, NodeId, NodeId)> {
    let code = body.code();
    let found = match code.arena.role(node) {
        Role::Call => match tree::method(code, node) {
            Some((receiver, name)) => of_method(body, node, receiver, name),
            None => of_path(code, node),
        },
        Role::MacroCall => of_macro(body, node),
        Role::Struct => of_struct(code, node),
        _ => Vec::new(),
    };
    found
        .into_iter()
        .map(|(kind, argument)| {
            let place = match kind {
                Kind::Instructions | Kind::Prompt | Kind::Service => argument,
                _ => node,
            };
            (kind, argument, last_line(code, node, place))
        })
        .collect()
}

/// In a chain of calls over several lines, the line of the call itself.
fn last_line(code: Code<'_>, node: NodeId, place: NodeId) -> NodeId {
    let spans_lines = code.text_of(place).contains('\n');
    match (spans_lines, tree::method(code, node)) {
        (true, Some(_)) => {
            let callee = code.arena.children(node).next();
            callee
                .and_then(|it| code.arena.children(it).last())
                .filter(|_| place == node)
                .unwrap_or(place)
        }
        _ => place,
    }
}

type Found = Vec<(Kind, NodeId)>;

fn of_path(code: Code<'_>, node: NodeId) -> Found {
    let arena = code.arena;
    let Some(callee) = arena.children(node).next() else {
        return Vec::new();
    };
    let text = code.text_of(callee);
    let path = text.split("::<").next().unwrap_or(text);
    let arguments: Vec<NodeId> = tree::arguments(arena, node).collect();
    let first = arguments.first().copied();
    let second = arguments.get(1).copied();
    let mut parts = path.rsplit("::");
    let name = parts.next().unwrap_or("");
    let owner = parts.next().unwrap_or("");
    let one = |kind: Kind, node: Option<NodeId>| -> Found {
        node.map(|it| (kind, it)).into_iter().collect()
    };
    match (owner, name) {
        ("Command", "new") | ("Exec", "shell" | "cmd") => one(Kind::Shell, first),
        ("run_script", "run") | ("Library", "new") => one(Kind::Shell, first),
        (
            "fs",
            "write" | "remove_file" | "remove_dir_all" | "remove_dir" | "create_dir_all"
            | "create_dir" | "set_permissions",
        )
        | ("File", "create" | "create_new") => one(Kind::File, first),
        ("fs", "copy" | "hard_link") => one(Kind::File, second),
        ("fs", "rename") => first
            .into_iter()
            .chain(second)
            .map(|it| (Kind::File, it))
            .collect(),
        ("sqlx", "query" | "query_as" | "query_scalar" | "raw_sql" | "query_with")
        | ("QueryBuilder", "new")
        | ("diesel" | "", "sql_query")
        | ("Statement", "from_string") => one(Kind::Sql, first),
        (
            "reqwest" | "blocking" | "ureq" | "surf" | "isahc" | "minreq",
            "get" | "post" | "put" | "delete" | "head",
        ) => one(Kind::Url, first),
        ("" | "response" | "html" | "axum", "Html" | "RawHtml" | "PreEscaped") => {
            one(Kind::Html, first)
        }
        ("RawHtml", "new") | ("Markup", "from") => one(Kind::Html, first),
        ("evalexpr", "eval" | "eval_with_context") => one(Kind::Code, first),
        ("ChatMessage" | "Message" | "Content" | "InputMessage", "system" | "developer") => {
            told(Kind::Instructions, first)
        }
        ("ChatMessage" | "Message", "user") => one(Kind::Prompt, first),
        ("ChatMessage" | "Message", "new")
            if first.is_some_and(|it| is_system(code.text_of(it))) =>
        {
            told(Kind::Instructions, second)
        }
        _ => Vec::new(),
    }
}

/// Instructions are told to the model like everything else.
fn told(kind: Kind, node: Option<NodeId>) -> Found {
    node.map(|it| (kind, it)).into_iter().collect()
}

fn is_system(text: &str) -> bool {
    let text = text.trim_matches(|c: char| c == '"' || c == '&');
    ["System", "system", "Developer", "developer"]
        .iter()
        .any(|role| {
            text == *role
                || text.ends_with(&format!("::{role}"))
                || text.starts_with(&format!("{role}\""))
        })
}

fn of_method(body: &Body<'_, '_, '_>, node: NodeId, receiver: NodeId, name: &str) -> Found {
    let code = body.code();
    let arena = code.arena;
    let arguments: Vec<NodeId> = tree::arguments(arena, node).collect();
    let Some(&first) = arguments.first() else {
        return Vec::new();
    };
    let chain = code.text_of(receiver);
    let one = |kind: Kind| -> Found { vec![(kind, first)] };
    match name {
        "arg" | "args" if runs_text(body, receiver, chain) => one(Kind::Shell),
        "eval" | "eval_with_scope" | "eval_expression" | "eval_bound" | "run_bound"
        | "eval_string" => one(Kind::Code),
        "load" if chain.ends_with("lua") => one(Kind::Code),
        "open" if chain.contains("OpenOptions") && writes(chain) => one(Kind::File),
        "open" if made_text(body, receiver).is_some_and(|it| it.contains("OpenOptions")) => {
            one(Kind::File)
        }
        "execute" | "query" | "prepare" | "execute_batch" | "batch_execute" | "query_row"
        | "simple_query" | "query_one" | "query_opt" | "prepare_cached" | "query_map"
        | "query_drop" | "query_iter" | "exec_drop" | "execute_unprepared" | "fetch_all"
            if speaks_sql(code.text) =>
        {
            one(Kind::Sql)
        }
        "get" | "post" | "put" | "delete" | "head" | "patch" if is_http(code.text, chain) => {
            one(Kind::Url)
        }
        "request" if is_http(code.text, chain) => arguments
            .get(1)
            .map(|&it| (Kind::Url, it))
            .into_iter()
            .collect(),
        "uri" if chain.contains("Request") => one(Kind::Url),
        "exec" if chain.contains("channel") => one(Kind::Shell),
        "preamble" | "append_preamble" | "system_prompt" | "with_system" | "with_system_prompt"
        | "instructions" | "system_instruction" | "with_instructions" | "system"
        | "set_system_prompt" => one(Kind::Instructions),
        "content" if is_system_message(chain) => one(Kind::Instructions),
        "content" if chain.contains("Message") => one(Kind::Prompt),
        "prompt" | "chat" | "append_message" => one(Kind::Prompt),
        "model" | "agent" | "with_model" | "with_api_base" | "with_api_key" | "base_url"
        | "completion_model"
            if body_asks(code.text) =>
        {
            one(Kind::Service)
        }
        _ => Vec::new(),
    }
}

fn body_asks(text: &str) -> bool {
    ["openai", "rig", "genai", "ollama", "anthropic"]
        .iter()
        .any(|it| text.contains(it))
}

fn is_system_message(chain: &str) -> bool {
    chain.contains("SystemMessage")
        || chain.contains("DeveloperMessage")
        || chain.contains("Role::System")
}

/// Whether a command reads its arguments as the text of a program: `sh -c`.
fn runs_text(body: &Body<'_, '_, '_>, receiver: NodeId, chain: &str) -> bool {
    let whole = match chain.contains("Command::new") {
        true => chain.to_owned(),
        false => {
            let Some(made) = made_text(body, receiver) else {
                return false;
            };
            // `cmd.arg("-c")` may stand in a statement of its own.
            let root = body.root(receiver).unwrap_or("");
            let code = body.code();
            let own = code.text_of(body.function.node);
            let flags: String = own
                .split(&format!("{root}.arg"))
                .skip(1)
                .filter_map(|rest| rest.get(..24.min(rest.len())))
                .collect();
            format!("{made} {chain} {flags}")
        }
    };
    let Some((_, rest)) = whole.split_once("Command::new(") else {
        return false;
    };
    let program = rest.trim_start().trim_start_matches('"');
    let program = program.split('"').next().unwrap_or(program);
    let program = program.rsplit('/').next().unwrap_or(program);
    let shell = matches!(
        program,
        "sh" | "bash"
            | "zsh"
            | "dash"
            | "fish"
            | "cmd"
            | "cmd.exe"
            | "powershell"
            | "pwsh"
            | "powershell.exe"
    );
    let interpreter = matches!(program, "python" | "python3" | "node" | "perl" | "ruby");
    let flags = [
        "\"-c\"",
        "\"/C\"",
        "\"/c\"",
        "\"-lc\"",
        "\"-Command\"",
        "\"-ec\"",
        "\"-e\"",
    ];
    let here = [whole.as_str(), body.code().text_of(receiver)];
    let flagged = flags
        .iter()
        .any(|flag| here.iter().any(|it| it.contains(flag)));
    (shell || interpreter) && (flagged || has_flag_in_arguments(body, receiver, &flags))
}

/// `args(["-c", &text])`: the flag stands in the very list.
fn has_flag_in_arguments(body: &Body<'_, '_, '_>, receiver: NodeId, flags: &[&str]) -> bool {
    let code = body.code();
    let call = code
        .arena
        .parent(receiver)
        .and_then(|callee| code.arena.parent(callee));
    call.is_some_and(|call| {
        let list = code.arena.field(call, Field::Arguments);
        list.is_some_and(|list| flags.iter().any(|flag| code.text_of(list).contains(flag)))
    })
}

/// What the variable at the root of an expression was made of.
fn made_text<'a>(body: &Body<'_, '_, 'a>, node: NodeId) -> Option<&'a str> {
    let root = body.root(node)?;
    let value = body.made_of.get(root)?;
    Some(body.code().text_of(*value))
}

fn writes(chain: &str) -> bool {
    [
        "write(true)",
        "append(true)",
        "create(true)",
        "create_new(true)",
        "truncate(true)",
    ]
    .iter()
    .any(|mode| chain.contains(mode))
}

fn speaks_sql(text: &str) -> bool {
    [
        "rusqlite",
        "sqlx",
        "postgres",
        "diesel",
        "mysql",
        "libsql",
        "duckdb",
        "clickhouse",
        "sea_orm",
        "sqlite",
        "tiberius",
    ]
    .iter()
    .any(|library| text.contains(library))
}

fn is_http(file: &str, chain: &str) -> bool {
    let lower = chain.to_ascii_lowercase();
    let named = ["client", "http", "reqwest", "agent", "ureq"]
        .iter()
        .any(|word| lower.contains(word));
    let library = ["reqwest", "ureq", "surf", "isahc", "awc"]
        .iter()
        .any(|word| file.contains(word));
    named && library
}

/// `json!({"role": "system", "content": text})`
fn of_macro(body: &Body<'_, '_, '_>, node: NodeId) -> Found {
    let code = body.code();
    if body.macro_name(node) != "json" {
        return Vec::new();
    }
    let text = code.text_of(node);
    if !text.contains("\"content\"") && !text.contains("\"system\"") && !text.contains("\"prompt\"")
    {
        return Vec::new();
    }
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let kind = match compact.contains("\"role\":\"system\"")
        || compact.contains("\"system\":")
        || compact.contains("\"role\":\"developer\"")
    {
        true => Kind::Instructions,
        false => Kind::Prompt,
    };
    json_values(body, node, kind)
}

/// Names in the values of the keys that hold text for the model.
fn json_values(body: &Body<'_, '_, '_>, node: NodeId, kind: Kind) -> Found {
    let code = body.code();
    let arena = code.arena;
    let mut found = Vec::new();
    let mut role_is_system = false;
    let mut key = "";
    for id in arena.subtree(node).skip(1) {
        let text = code.text_of(id);
        match arena.role(id) {
            Role::String if text.len() > 2 => {
                let bare = text.trim_matches('"');
                if key == "role" {
                    role_is_system = matches!(bare, "system" | "developer");
                    key = "";
                } else {
                    key = bare;
                }
            }
            Role::Identifier | Role::MacroCall
                if matches!(
                    key,
                    "content" | "system" | "prompt" | "instructions" | "text" | "input"
                ) =>
            {
                let of_system = role_is_system || matches!(key, "system" | "instructions");
                let kind = match (kind, of_system) {
                    (Kind::Instructions, true) => Kind::Instructions,
                    _ => Kind::Prompt,
                };
                found.push((kind, id));
            }
            _ => {}
        }
    }
    found
}

/// `Message { role: Role::System, content: text }`
fn of_struct(code: Code<'_>, node: NodeId) -> Found {
    let arena = code.arena;
    let text = code.text_of(node);
    let name = text.split('{').next().unwrap_or("").trim();
    if !name.contains("Message") && !name.contains("Request") {
        return Vec::new();
    }
    let fields: Vec<(&str, NodeId)> = arena
        .subtree(node)
        .filter(|&id| arena.role(id) == Role::FieldInit)
        .filter(|&id| {
            arena
                .ancestors(id)
                .find(|&at| arena.role(at) == Role::Struct)
                == Some(node)
        })
        .filter_map(|id| {
            let name = arena
                .field(id, Field::Field)
                .or_else(|| arena.field(id, Field::Name));
            let name = name.or_else(|| arena.children(id).next())?;
            let value = arena.field(id, Field::Value).unwrap_or(id);
            Some((code.text_of(name), value))
        })
        .collect();
    let system = name.contains("SystemMessage")
        || fields.iter().any(|(name, value)| {
            *name == "role" && {
                let text = code.text_of(*value);
                text.contains("System") || text.contains("system") || text.contains("Developer")
            }
        });
    fields
        .into_iter()
        .filter_map(|(name, value)| match name {
            "content" if system => Some((Kind::Instructions, value)),
            "system" | "system_prompt" | "instructions" | "preamble" => {
                Some((Kind::Instructions, value))
            }
            "content" | "prompt" | "input" => Some((Kind::Prompt, value)),
            _ => None,
        })
        .collect()
}
