//! Programs that use language models: what a model wrote or passes to a tool, followed through the
//! functions of one Rust file.
//!
//! Data is a set of [`Bits`] per variable, taken up in the order of the text; what a function does
//! with its parameters is known to its callers in the same file. Names decide: this analysis knows
//! no types, only how the libraries are written.

mod body;
pub mod calls;
mod guards;
mod sinks;
mod sources;
mod structure;

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Names, NodeId, Span};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Check, FileView, Hit};
use body::Body;
use sinks::Use;
pub use structure::{APPROVAL, LOOP, RECORD};

/// What may be in a value: one bit for each kind of source, then one for each parameter.
type Bits = u32;

const MODEL: Bits = 1;
const TOOL: Bits = 1 << 1;
const REQUEST: Bits = 1 << 2;
const NETWORK: Bits = 1 << 3;
const SECRET: Bits = 1 << 4;
const ENVIRONMENT: Bits = 1 << 5;
const FIRST_PARAMETER: u32 = 8;
const MOST_PARAMETERS: u32 = 20;

/// How often what is known of functions is passed on to their callers.
const ROUNDS: usize = 3;

/// Words without which a Rust file has no model and no tool.
const LIBRARIES: &[&str] = &[
    "async_openai",
    "openai_api_rs",
    "openai_dive",
    "openai",
    "anthropic",
    "anthropic_sdk",
    "misanthropic",
    "rig",
    "rig_core",
    "genai",
    "ollama_rs",
    "ollama",
    "rmcp",
    "mcp_server",
    "mcp_core",
    "rust_mcp_sdk",
    "mcp_sdk",
    "llm_chain",
    "llm_chain_openai",
    "langchain_rust",
    "swiftide",
    "mistralrs",
    "kalosm",
    "llm",
    "choices",
    "tool_calls",
];

/// What a file's analysis found.
pub type Found = Vec<Finding>;

/// Data at a place where it does harm.
pub struct Finding {
    rule: &'static str,
    span: Span,
    source: &'static str,
    sink: String,
}

const fn check(name: &'static str, run: fn(&FileView<'_>, &mut Vec<Hit>)) -> Check {
    Check {
        name,
        languages: &["rust"],
        triggers: LIBRARIES,
        whole_file: &["rust"],
        needs_class: false,
        glance: None,
        run,
    }
}

/// Makes the checks of the rules that this analysis serves.
macro_rules! checks {
    ($($constant:ident $name:literal),* $(,)?) => {
        $(
            #[doc = concat!("Reports what the rule `", $name, "` is about.")]
            pub static $constant: Check = check($name, |view, hits| report(view, $name, hits));
        )*
    };
}

checks! {
    LLM_TO_CODE "llm-to-code",
    LLM_TO_SHELL "llm-to-shell",
    LLM_TO_SQL "llm-to-sql",
    LLM_TO_PATH "llm-to-path",
    LLM_TO_REQUEST "llm-to-request",
    LLM_TO_HTML "llm-to-html",
    TOOL_SHELL "tool-shell",
    TOOL_FILE_WRITE "tool-file-write",
    TOOL_SQL "tool-sql",
    TOOL_REQUEST "tool-request",
    PROMPT_INJECTION "prompt-injection",
    SECRET_IN_PROMPT "secret-in-prompt",
    MODEL_FROM_REQUEST "model-from-request",
}

fn report(view: &FileView<'_>, rule: &str, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let found = view.agent.get_or_init(|| analyse(names));
    for finding in found.iter().filter(|it| it.rule == rule) {
        let message = message(finding);
        hits.push(Hit {
            message: Some(message),
            ..Hit::at(finding.span)
        });
    }
}

fn message(finding: &Finding) -> String {
    let Finding { source, sink, .. } = finding;
    match finding.rule {
        "prompt-injection" => {
            format!("{source} becomes part of the model's instructions in `{sink}`")
        }
        "secret-in-prompt" => format!("{source} is told to the model in `{sink}`"),
        "model-from-request" => format!("{source} chooses the model or its address in `{sink}`"),
        "llm-to-path" | "tool-file-write" => {
            format!("{source} decides which file `{sink}` changes")
        }
        "llm-to-request" | "tool-request" => format!("{source} decides which host `{sink}` asks"),
        "llm-to-html" => format!("{source} is shown as markup by `{sink}`"),
        _ => format!("{source} decides what `{sink}` runs"),
    }
}

/// A function of the file.
struct Function {
    node: NodeId,
    /// What each parameter surely is, and its own bit.
    parameters: Vec<Bits>,
    /// Names of parameters, with the number of the parameter.
    bound: Vec<(String, usize)>,
}

/// What a function does, for callers in the same file.
#[derive(Debug, Clone, Default, PartialEq)]
struct Summary {
    /// What it gives back.
    result: Bits,
    /// Uses of its parameters.
    uses: Vec<Use>,
    /// It checks paths, or commands.
    checks: guards::Checks,
}

/// What is known of the whole file.
struct File<'n, 'a> {
    names: &'n Names<'a>,
    summaries: FxHashMap<String, Summary>,
    /// Fields that hold numbers or choices in every struct that has them.
    plain_fields: FxHashSet<String>,
}

fn analyse(names: &Names<'_>) -> Found {
    let arena = names.code.arena;
    let mut file = File {
        names,
        summaries: FxHashMap::default(),
        plain_fields: sources::plain_fields(names.code),
    };
    let functions: Vec<Function> = arena
        .ids()
        .filter(|&id| arena.role(id) == Role::Function)
        .filter(|&id| arena.field(id, Field::Body).is_some())
        .map(|id| sources::function(names.code, id))
        .collect();
    for function in &functions {
        let checks = guards::of_function(names.code, function.node);
        let summary = file.summaries.entry(name_of(&file, function)).or_default();
        summary.checks = checks;
    }
    let mut found = Vec::new();
    for _ in 0..ROUNDS {
        found.clear();
        let mut changed = false;
        for function in &functions {
            let (summary, own) = follow(&file, function);
            found.extend(own);
            let known = file.summaries.entry(name_of(&file, function)).or_default();
            if *known != summary {
                *known = summary;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    found.sort_by_key(|it| (it.span.start, it.span.end, it.rule));
    found.dedup_by_key(|it| (it.span.start, it.span.end, it.rule));
    found
}

fn name_of(file: &File<'_, '_>, function: &Function) -> String {
    let code = file.names.code;
    let name = code.arena.field(function.node, Field::Name);
    name.map_or_else(String::new, |name| code.text_of(name).to_owned())
}

/// Runs one function: what its callers should know, and what is wrong in it.
fn follow(file: &File<'_, '_>, function: &Function) -> (Summary, Vec<Finding>) {
    let mut body = Body::new(file, function);
    body.run();
    let mut summary = Summary {
        result: body.result(),
        uses: Vec::new(),
        checks: guards::of_function(file.names.code, function.node),
    };
    let mut found = Vec::new();
    for harm in body.uses() {
        for (bit, source) in SOURCES {
            if harm.bits & bit == 0 {
                continue;
            }
            if let Some(rule) = sinks::rule(*bit, harm.kind) {
                found.push(Finding {
                    rule,
                    span: harm.span,
                    source,
                    sink: harm.callee.clone(),
                });
            }
        }
        if harm.bits >> FIRST_PARAMETER != 0 && summary.uses.len() < 64 {
            summary.uses.push(harm);
        }
    }
    (summary, found)
}

/// Kinds of sources and how messages call them.
const SOURCES: &[(Bits, &str)] = &[
    (MODEL, "what the model wrote"),
    (TOOL, "an argument of a tool"),
    (REQUEST, "the request"),
    (NETWORK, "text that was fetched"),
    (SECRET, "a secret"),
    (ENVIRONMENT, "the whole environment"),
];
