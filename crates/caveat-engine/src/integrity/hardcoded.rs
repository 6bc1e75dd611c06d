//! Product functions that answer the inputs of their tests with the results that those expect.
//!
//! A function is a candidate by the look of its text; it is parsed only if some test calls it by
//! name. Evidence is always a pair: what the code is asked and what it answers must both stand in
//! one expectation.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use caveat_parser::lang::{Field, Role};
use caveat_parser::skeleton::ItemKind;
use caveat_parser::{Language, NodeId, Span};
use regex::Regex;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Draft, with_tree};
use crate::context;
use crate::tests_model::{Form, Tree, code, oracles};

/// The check's name in rule files.
pub const NAME: &str = "hardcoded-test-cases";

/// A product function that may hold answers.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The file.
    pub path: String,
    /// Its name.
    pub name: String,
    /// The function.
    span: Span,
}

/// Shapes of text in which an input chooses a literal answer.
fn shapes() -> &'static [Regex; 2] {
    static SHAPES: OnceLock<[Regex; 2]> = OnceLock::new();
    SHAPES.get_or_init(|| {
        let build = |text: &str| Regex::new(text).expect("a fixed expression");
        [
            build(r#"(?:==|\bin|\bcase)\s*\(?[\["'({\d-][^\n]*:\s*(?:#[^\n]*)?\n?\s*return\s+[\["'({\d.-]|(?m:^)\s*return\s+[\["'({\d-][^\n]*$|[\["'({\d-][^\n]*\bif\s[^\n]*==|\b[A-Z_][A-Z0-9_]{2,}\s*(?:\[|\.get\()|\{\s*["'(\d\[][^\n]{0,120}:[^\n]|hexdigest|\b(?:global|nonlocal)\s|\.(?:calls|count|n)\s*\+="#),
            build(r#"["'\d\])]\s*=>\s*[&\{]?\s*(?:return\s+)?(?:Some\(|Ok\(|vec!|String::from\(|\w+::from\()?[&\["'\d(-]|==\s*&?[\["'\d(][^{;\n]*\{\s*(?://[^\n]*\s*)?(?:return\s+)?(?:Some\(|Ok\(|vec!|String::from\()?[&\["'\d(-]|\(\s*"[^"\n]*"\s*,\s*[\["'\d(-]|\{\s*(?:return\s+)?(?:Some\(|Ok\(|vec!|String::from\()?[&\["'\d-][^;{}]*\}|fetch_add|DefaultHasher|digest\("#),
        ]
    })
}

/// The candidates of a file.
pub fn candidates(path: &str, text: &str) -> Vec<Candidate> {
    let language = Language::from_path(path);
    let shape = match language.name() {
        "python" => &shapes()[0],
        "rust" => &shapes()[1],
        _ => return Vec::new(),
    };
    if context::is_test_path(path) || !shape.is_match(text) {
        return Vec::new();
    }
    let Some(read) = language.definition().skeleton else {
        return Vec::new();
    };
    let skeleton = read(text);
    let mut found = Vec::new();
    for (at, item) in (0u32..).zip(&skeleton.items) {
        let testing = item.test
            || skeleton
                .ancestors(at)
                .any(|it| skeleton.items[it as usize].test);
        if item.kind == ItemKind::Function && !testing && shape.is_match(item.span.text(text)) {
            found.push(Candidate {
                path: path.to_owned(),
                name: item.name.text(text).to_owned(),
                span: item.span,
            });
        }
    }
    found
}

/// Whether a text may hold tests.
pub fn may_test(path: &str, text: &str) -> bool {
    match Language::from_path(path).name() {
        "python" => context::is_test_path(path) && text.contains("assert"),
        "rust" => text.contains("test]") || text.contains("#[rstest") || text.contains("#[case"),
        _ => false,
    }
}

/// Finds calls of candidates in texts.
pub struct Finder(AhoCorasick);

impl Finder {
    /// Looks for the names of the candidates; `None` if there are none.
    pub fn new(candidates: &[Candidate]) -> Option<Self> {
        let mut names: Vec<&str> = candidates.iter().map(|it| it.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return None;
        }
        AhoCorasick::new(names).ok().map(Finder)
    }

    /// Whether a text calls a function of one of the names.
    pub fn calls(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        self.0.find_overlapping_iter(text).any(|hit| {
            let before = hit.start().checked_sub(1).and_then(|at| bytes.get(at));
            bytes.get(hit.end()) == Some(&b'(') && !before.is_some_and(part)
        })
    }
}

/// A text with its path.
#[derive(Debug, Clone)]
pub struct File {
    /// Path from the root.
    pub path: String,
    /// The text.
    pub text: String,
}

/// What tests expect of one function.
#[derive(Default)]
struct Expectations {
    /// Input and result, and where.
    pairs: FxHashMap<(String, String), (String, Span)>,
    /// Results of direct calls.
    direct: FxHashMap<String, (String, Span)>,
    /// Results, those of tables of cases too.
    results: FxHashMap<String, (String, Span)>,
}

/// Judges candidates against the texts of tests, which call them by name.
pub fn drafts(
    candidates: &[Candidate],
    product: &dyn Fn(&str) -> Option<String>,
    tests: &[File],
) -> Vec<Draft> {
    let names: FxHashSet<&str> = candidates.iter().map(|it| it.name.as_str()).collect();
    let mut expected: FxHashMap<String, Expectations> = FxHashMap::default();
    for file in tests {
        with_tree(&file.path, &file.text, |tree| {
            expect(tree, &names, &mut expected)
        });
    }
    let mut by_file: BTreeMap<&str, Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates
        .iter()
        .filter(|it| expected.contains_key(&it.name))
    {
        by_file.entry(&candidate.path).or_default().push(candidate);
    }
    let mut found = Vec::new();
    for (path, own) in by_file {
        let Some(text) = product(path) else { continue };
        with_tree(path, &text, |tree| {
            for function in tree.all(Role::Function) {
                let name = tree.name(function);
                let known = own.iter().any(|it| {
                    it.name == name
                        && it.span.contains(
                            tree.field(function, Field::Name)
                                .map_or(Span::default(), |it| tree.span(it)),
                        )
                });
                if known && let Some(expected) = expected.get(name) {
                    found.extend(judge(tree, function, expected));
                }
            }
        });
    }
    found
}

/// A literal in a form that can be compared, without what only wraps it.
fn plain(tree: Tree<'_>, id: NodeId) -> Option<String> {
    match tree.role(id) {
        Role::String | Role::ConcatenatedString => Some(format!("\"{}\"", tree.string(id)?)),
        Role::Reference => plain(tree, *tree.kids(id).last()?),
        Role::Call if !tree.is_python() => {
            let name = tree.last_name(id);
            match name {
                "to_string" | "to_owned" | "into" | "to_vec" | "as_str" | "as_bytes" => {
                    plain(tree, tree.receiver(id)?)
                }
                "from" | "Some" | "Ok" | "new" => {
                    let arguments = tree.positional(id);
                    let [only] = arguments.as_slice() else {
                        return None;
                    };
                    plain(tree, *only)
                }
                _ => None,
            }
        }
        Role::MacroCall if tree.last_name(id) == "vec" => {
            let parts: Option<Vec<String>> = tree
                .positional(id)
                .iter()
                .map(|&it| plain(tree, it))
                .collect();
            Some(format!("[{}]", parts?.join(",")))
        }
        Role::List | Role::Tuple | Role::Set => {
            let parts: Option<Vec<String>> =
                tree.kids(id).iter().map(|&it| plain(tree, it)).collect();
            Some(format!("[{}]", parts?.join(",")))
        }
        Role::Integer | Role::Float if !tree.is_python() => {
            let text = tree.text(id).replace('_', "");
            let kinds = [
                "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
                "isize", "f32", "f64",
            ];
            let bare = kinds.iter().find_map(|kind| text.strip_suffix(kind));
            Some(bare.unwrap_or(&text).to_owned())
        }
        Role::Identifier => {
            let value = tree.names.value_of(id)?;
            tree.is_literal(value).then(|| plain(tree, value)).flatten()
        }
        _ if tree.is_literal(id) => {
            let text: String = tree.text(id).split_whitespace().collect();
            Some(text.replace('\'', "\""))
        }
        _ => None,
    }
}

/// Several arguments as one key.
fn key_of(parts: Vec<String>) -> String {
    match parts.len() {
        1 => parts.concat(),
        _ => format!("[{}]", parts.join(",")),
    }
}

fn expect(tree: Tree<'_>, names: &FxHashSet<&str>, into: &mut FxHashMap<String, Expectations>) {
    let at = |node: NodeId| (tree.path.to_owned(), tree.span(node));
    let mut called: FxHashSet<&str> = FxHashSet::default();
    for call in tree.calls(NodeId::ROOT) {
        if let Some(&name) = names.get(tree.last_name(call))
            && tree.in_test(call)
        {
            called.insert(name);
        }
    }
    if called.is_empty() {
        return;
    }
    for oracle in oracles(tree, NodeId::ROOT) {
        if !matches!(oracle.form, Form::Equal | Form::Close(_)) || !tree.in_test(oracle.node) {
            continue;
        }
        let (Some(actual), Some(expected)) = (oracle.actual, oracle.expected) else {
            continue;
        };
        let (call, result) = match (subject(tree, actual), subject(tree, expected)) {
            (Some(call), _) if called.contains(tree.last_name(call)) => (call, expected),
            (_, Some(call)) if called.contains(tree.last_name(call)) => (call, actual),
            _ => continue,
        };
        let result = match tree.role(result) {
            Role::Call if tree.last_name(result) == "approx" => {
                tree.positional(result).first().copied().unwrap_or(result)
            }
            _ => result,
        };
        let Some(result) = plain(tree, result) else {
            continue;
        };
        let own = into.entry(tree.last_name(call).to_owned()).or_default();
        own.results.insert(result.clone(), at(oracle.node));
        own.direct.insert(result.clone(), at(oracle.node));
        let inputs: Option<Vec<String>> = tree
            .positional(call)
            .iter()
            .map(|&it| plain(tree, it))
            .collect();
        if let Some(inputs) = inputs.filter(|it| !it.is_empty()) {
            own.pairs.insert((key_of(inputs), result), at(oracle.node));
        }
    }
    tables(tree, &called, into);
}

/// The call that a value comes from.
fn subject(tree: Tree<'_>, id: NodeId) -> Option<NodeId> {
    let mut at = id;
    for _ in 0..5 {
        at = match tree.role(at) {
            Role::Call
                if matches!(
                    tree.last_name(at),
                    "unwrap" | "expect" | "as_str" | "as_deref" | "to_vec" | "clone" | "collect"
                ) =>
            {
                tree.receiver(at)?
            }
            Role::Call => return Some(at),
            Role::QuestionMark | Role::Await => *tree.kids(at).first()?,
            Role::Reference => *tree.kids(at).last()?,
            Role::Identifier => tree.names.value_of(at)?,
            _ => return None,
        };
    }
    None
}

/// Tables of cases: tuples of literals in lists, whose last item is the result.
fn tables(tree: Tree<'_>, called: &FxHashSet<&str>, into: &mut FxHashMap<String, Expectations>) {
    for id in tree.all(Role::Tuple) {
        let listed = tree
            .arena()
            .parent(id)
            .is_some_and(|it| matches!(tree.role(it), Role::List | Role::Tuple | Role::Arguments));
        if !listed || !(context::is_test_path(tree.path) || tree.in_test(id)) {
            continue;
        }
        let parts: Option<Vec<String>> = tree.kids(id).iter().map(|&it| plain(tree, it)).collect();
        let Some(mut parts) = parts.filter(|it| it.len() >= 2) else {
            continue;
        };
        let Some(result) = parts.pop() else { continue };
        let key = key_of(parts);
        for name in called {
            let own = into.entry((*name).to_owned()).or_default();
            own.pairs.insert(
                (key.clone(), result.clone()),
                (tree.path.to_owned(), tree.span(id)),
            );
            own.results
                .insert(result.clone(), (tree.path.to_owned(), tree.span(id)));
        }
    }
    if !tree.is_python() {
        cases(tree, called, into);
    }
}

/// `#[case("a", 1)]` of rstest.
fn cases(tree: Tree<'_>, called: &FxHashSet<&str>, into: &mut FxHashMap<String, Expectations>) {
    for id in tree.all(Role::AttributeItem) {
        let text = tree.text(id);
        let inner = ["#[case(", "#[test_case("]
            .iter()
            .find_map(|it| text.strip_prefix(it))
            .and_then(|it| it.strip_suffix(")]"));
        let Some((key, result)) = inner.and_then(|it| it.rsplit_once(',')) else {
            continue;
        };
        let bare = |text: &str| text.trim().trim_start_matches("=>").trim().to_owned();
        for name in called {
            let own = into.entry((*name).to_owned()).or_default();
            own.pairs.insert(
                (bare(key), bare(result)),
                (tree.path.to_owned(), tree.span(id)),
            );
            own.results
                .insert(bare(result), (tree.path.to_owned(), tree.span(id)));
        }
    }
}

/// An input that the code names, and its answer.
struct Answer {
    key: String,
    value: String,
    at: NodeId,
    /// Looked up in a table rather than decided by a condition.
    table: bool,
}

fn answers(tree: Tree<'_>, function: NodeId) -> Vec<Answer> {
    let mut found = Vec::new();
    for id in tree.own(function) {
        match tree.role(id) {
            Role::If => conditional(tree, id, &mut found),
            Role::Case => arm(tree, id, &mut found),
            Role::Conditional => {
                let parts = tree.kids(id);
                if let [value, condition, _] = parts.as_slice()
                    && let (Some(value), keys) = (plain(tree, *value), keys(tree, *condition))
                {
                    found.extend(keys.into_iter().map(|key| Answer {
                        key,
                        value: value.clone(),
                        at: id,
                        table: false,
                    }));
                }
            }
            Role::Dict => table(tree, id, id, &mut found),
            Role::List if pairs_in(tree, id) => table(tree, id, id, &mut found),
            Role::Identifier => {
                if let Some(value) = tree.names.value_of(id)
                    && !tree.arena().is_within(value, function)
                {
                    let inner = if tree.role(value) == Role::Reference {
                        tree.kids(value).last().copied().unwrap_or(value)
                    } else {
                        value
                    };
                    if matches!(tree.role(inner), Role::Dict) || pairs_in(tree, inner) {
                        table(tree, inner, id, &mut found);
                    }
                }
            }
            _ => {}
        }
    }
    found.dedup_by(|one, two| one.key == two.key && one.value == two.value);
    found
}

fn pairs_in(tree: Tree<'_>, list: NodeId) -> bool {
    let items = tree.kids(list);
    tree.role(list) == Role::List
        && items.len() > 1
        && items
            .iter()
            .all(|&it| tree.role(it) == Role::Tuple && tree.kids(it).len() >= 2)
}

fn table(tree: Tree<'_>, list: NodeId, at: NodeId, found: &mut Vec<Answer>) {
    for entry in tree.kids(list) {
        let (key, value) = match tree.role(entry) {
            Role::Pair => (
                tree.field(entry, Field::Key).and_then(|it| plain(tree, it)),
                tree.field(entry, Field::Value)
                    .and_then(|it| plain(tree, it)),
            ),
            Role::Tuple => {
                let parts: Option<Vec<String>> =
                    tree.kids(entry).iter().map(|&it| plain(tree, it)).collect();
                let Some(mut parts) = parts else { continue };
                let value = parts.pop();
                (Some(key_of(parts)), value)
            }
            _ => continue,
        };
        if let (Some(key), Some(value)) = (key, value) {
            found.push(Answer {
                key,
                value,
                at,
                table: true,
            });
        }
    }
}

/// The literals that a condition compares an input with.
fn keys(tree: Tree<'_>, condition: NodeId) -> Vec<String> {
    let operator = tree
        .field(condition, Field::Operator)
        .map_or("", |it| tree.text(it));
    if matches!(operator, "and" | "&&") {
        let sides: Vec<String> = [Field::Left, Field::Right]
            .iter()
            .filter_map(|&it| tree.field(condition, it))
            .flat_map(|it| keys(tree, it))
            .map(|it| it.trim_start_matches('[').trim_end_matches(']').to_owned())
            .collect();
        return if sides.len() >= 2 {
            vec![format!("[{}]", sides.join(","))]
        } else {
            sides
        };
    }
    if matches!(operator, "or" | "||") {
        return [Field::Left, Field::Right]
            .iter()
            .filter_map(|&it| tree.field(condition, it))
            .flat_map(|it| keys(tree, it))
            .collect();
    }
    let parts = tree.kids(condition);
    let [left, operator, right] = parts.as_slice() else {
        return Vec::new();
    };
    match tree.text(*operator) {
        "==" | "is" => plain(tree, *right)
            .or_else(|| plain(tree, *left))
            .into_iter()
            .collect(),
        "in" => tree
            .kids(*right)
            .iter()
            .filter_map(|&it| plain(tree, it))
            .collect(),
        _ => Vec::new(),
    }
}

/// The literal that a block gives.
fn given(tree: Tree<'_>, block: NodeId) -> Option<String> {
    if tree.role(block) != Role::Block {
        return plain(tree, block);
    }
    let statements: Vec<NodeId> = tree
        .kids(block)
        .into_iter()
        .filter(|&it| !tree.is_documentation(it))
        .collect();
    let [only] = statements.as_slice() else {
        return None;
    };
    match tree.role(*only) {
        Role::Return => plain(tree, *tree.kids(*only).first()?),
        Role::Call if matches!(tree.last_name(*only), "print" | "println") => {
            plain(tree, *tree.positional(*only).first()?)
        }
        _ => plain(tree, *only),
    }
}

fn conditional(tree: Tree<'_>, id: NodeId, found: &mut Vec<Answer>) {
    let (Some(condition), Some(block)) = (
        tree.field(id, Field::Condition),
        tree.field(id, Field::Consequence),
    ) else {
        return;
    };
    if let Some(value) = given(tree, block) {
        found.extend(keys(tree, condition).into_iter().map(|key| Answer {
            key,
            value: value.clone(),
            at: id,
            table: false,
        }));
    }
}

fn arm(tree: Tree<'_>, id: NodeId, found: &mut Vec<Answer>) {
    let block = tree
        .field(id, Field::Consequence)
        .or_else(|| tree.field(id, Field::Value));
    let pattern = tree
        .field(id, Field::Pattern)
        .or_else(|| tree.kids(id).first().copied());
    let (Some(block), Some(pattern)) = (block, pattern) else {
        return;
    };
    let Some(value) = given(tree, block) else {
        return;
    };
    let mut alternatives = Vec::new();
    patterns(tree, pattern, &mut alternatives);
    found.extend(alternatives.into_iter().map(|key| Answer {
        key,
        value: value.clone(),
        at: id,
        table: true,
    }));
}

fn patterns(tree: Tree<'_>, id: NodeId, found: &mut Vec<String>) {
    match tree.kind(id) {
        "match_pattern" | "or_pattern" | "case_pattern" | "union_pattern" => {
            for part in tree.kids(id) {
                patterns(tree, part, found);
            }
        }
        _ => found.extend(plain(tree, id)),
    }
}

/// Inputs that any definition begins with.
fn is_base(key: &str) -> bool {
    let inner = key.trim_matches(['[', ']']);
    matches!(
        inner,
        "" | "0"
            | "1"
            | "2"
            | "-1"
            | "\"\""
            | "None"
            | "True"
            | "False"
            | "true"
            | "false"
            | "0.0"
            | "1.0"
            | "{}"
            | "()"
    ) || inner.starts_with('"') && inner.len() <= 3
        || inner.split(',').all(|it| matches!(it, "0" | "1"))
}

/// A key that could be a word of the domain: a name of a unit, a state, a command.
fn is_word(key: &str) -> bool {
    let inner = key.trim_matches('"');
    key.starts_with('"')
        && !inner.is_empty()
        && inner.chars().all(|c| {
            c.is_alphanumeric()
                || matches!(
                    c,
                    '_' | '-'
                        | '.'
                        | '/'
                        | '+'
                        | '*'
                        | '%'
                        | '<'
                        | '>'
                        | '='
                        | '!'
                        | '&'
                        | '|'
                        | '^'
                        | '#'
                        | '$'
                        | '@'
                )
        })
}

/// A result that one does not meet by chance.
fn is_telling(value: &str) -> bool {
    match value {
        "True" | "False" | "true" | "false" | "None" | "0" | "1" | "-1" | "\"\"" | "[]" | "{}"
        | "()" | "2" | "0.0" | "1.0" => false,
        _ if value.starts_with('"') => value.len() >= 6,
        _ => true,
    }
}

fn judge(tree: Tree<'_>, function: NodeId, expected: &Expectations) -> Option<Draft> {
    let all = answers(tree, function);
    let text = tree.text(function);
    let name = tree.name(function);
    if let Some(draft) = constant(tree, function, expected) {
        return Some(draft);
    }
    if let Some((at, place, how)) = indirect(tree, function, &all, expected, text) {
        return Some(draft(
            tree,
            at,
            format!("`{name}` picks a stored answer {how}, as its test expects it"),
            place,
        ));
    }
    let own: Vec<&Answer> = all.iter().filter(|it| !is_base(&it.key)).collect();
    let hits: Vec<(&Answer, &(String, Span))> = own
        .iter()
        .filter_map(|it| {
            Some((
                *it,
                expected.pairs.get(&(it.key.clone(), it.value.clone()))?,
            ))
        })
        .collect();
    let (first, place) = hits.first()?;
    let share = hits.len() * 4 >= own.len() * 3;
    if !share || !is_evidence(tree, function, &hits, own.len()) {
        return None;
    }
    let message = format!(
        "`{name}` answers {} with `{}`, as its test expects, instead of computing it",
        shown(&first.key),
        code::short(&first.value)
    );
    Some(draft(tree, first.at, message, place))
}

fn shown(key: &str) -> String {
    format!("`{}`", code::short(key))
}

/// Whether the pairs are too many or too odd to be a table of the domain.
fn is_evidence(
    tree: Tree<'_>,
    function: NodeId,
    hits: &[(&Answer, &(String, Span))],
    own: usize,
) -> bool {
    let odd = |it: &Answer| !is_word(&it.key);
    let numeric = |it: &Answer| it.key.parse::<f64>().is_ok();
    let text_result = |it: &Answer| it.value.starts_with('"');
    // Numbers with names: codes and their words.
    let words_of_codes = hits.iter().all(|(it, _)| numeric(it) && text_result(it));
    let dull = hits.iter().all(|(it, _)| !is_telling(&it.value));
    if words_of_codes
        || dull
            && !hits
                .iter()
                .all(|(it, _)| odd(it) && !numeric(it) && it.key.len() > 8)
    {
        return false;
    }
    let odd_hits = hits.iter().filter(|(it, _)| odd(it)).count();
    if hits.len() >= 2 {
        let chain = hits.iter().all(|(it, _)| !it.table);
        let single = tree.parameters(function).len() == 1;
        let long_words = hits
            .iter()
            .all(|(it, _)| it.key.len() >= 7 && is_telling(&it.value));
        return odd_hits * 2 > hits.len()
            || chain && single && long_words && own == hits.len() && !text_result(hits[0].0);
    }
    let (only, _) = hits[0];
    let long = !numeric(only) && only.key.len() >= 6 || only.key.trim_start_matches('-').len() >= 3;
    odd(only) && long && is_telling(&only.value) && own == 1 && !computes(tree, function)
}

/// Whether a function has some general way to a result.
fn computes(tree: Tree<'_>, function: NodeId) -> bool {
    tree.returned(function).iter().any(|&it| {
        tree.below(it).any(|at| {
            matches!(
                tree.role(at),
                Role::Call
                    | Role::Binary
                    | Role::Comprehension
                    | Role::Subscript
                    | Role::Identifier
            )
        })
    })
}

/// The whole body is the literal that the tests expect.
fn constant(tree: Tree<'_>, function: NodeId, expected: &Expectations) -> Option<Draft> {
    let statements = tree.statements(function);
    let [only] = statements.as_slice() else {
        return None;
    };
    let value = match tree.role(*only) {
        Role::Return => plain(tree, *tree.kids(*only).first()?)?,
        _ if !tree.is_python() => plain(tree, *only)?,
        _ => return None,
    };
    let long = value.len() >= 3 && !(value.starts_with('"') && value.len() < 8);
    let place = expected.direct.get(&value)?;
    let sole = expected.direct.len() == 1;
    let inputs = !tree.parameters(function).is_empty();
    let bound = tree.class(function).is_some();
    (long && is_telling(&value) && sole && inputs && !bound).then(|| {
        let message = format!(
            "`{}` always gives `{}`, which is just what its test expects",
            tree.name(function),
            code::short(&value)
        );
        draft(tree, *only, message, place)
    })
}

/// Answers that a counter or a digest of the input chooses.
fn indirect<'e>(
    tree: Tree<'_>,
    function: NodeId,
    all: &[Answer],
    expected: &'e Expectations,
    text: &str,
) -> Option<(NodeId, &'e (String, Span), &'static str)> {
    let digests = [
        "hexdigest",
        "hash(",
        "DefaultHasher",
        "digest(",
        "crc32(",
        "adler32(",
    ]
    .iter()
    .any(|it| text.contains(it));
    if digests {
        let keyed = all.iter().filter(|it| {
            let inner = it.key.trim_matches('"');
            inner.len() >= 6
                && inner
                    .trim_start_matches("0x")
                    .chars()
                    .all(|c| c.is_ascii_hexdigit() || c == '-')
        });
        let mut hits = keyed.filter_map(|it| Some((it.at, expected.results.get(&it.value)?)));
        if let Some((at, place)) = hits.next() {
            return Some((at, place, "by a digest of its input"));
        }
    }
    let counts = ["global ", "nonlocal ", "fetch_add", "static mut", ".pop(0)"]
        .iter()
        .any(|it| text.contains(it))
        || takes_next(text)
        || text.lines().any(|line| {
            // A counter that outlives the call: a field.
            let counted = line.split_once("+= 1");
            counted.is_some_and(|(left, _)| left.contains('.'))
        });
    if counts {
        for id in tree.own(function) {
            let list = match tree.role(id) {
                Role::List => id,
                Role::Identifier => match listed(tree, id) {
                    Some(list) => list,
                    None => continue,
                },
                _ => continue,
            };
            let values: Vec<String> = tree
                .kids(list)
                .iter()
                .filter_map(|&it| plain(tree, it))
                .collect();
            // Truth values are expected everywhere.
            let telling = |it: &&String| !matches!(it.to_lowercase().as_str(), "true" | "false");
            let hits: Vec<&(String, Span)> = values
                .iter()
                .filter(telling)
                .filter_map(|it| expected.results.get(it))
                .collect();
            if hits.len() >= 2 && hits.len() * 4 >= values.len() * 3 {
                return Some((id, hits[0], "by counting its calls"));
            }
        }
    }
    None
}

/// Whether Python's `next(answers)` is called; Rust's `.next()` is how any text is read.
fn takes_next(text: &str) -> bool {
    let is_name = |c: char| c == '.' || c == '_' || c.is_alphanumeric();
    let mut calls = text.match_indices("next(");
    calls.any(|(at, _)| !text[..at].ends_with(is_name))
}

/// The list that a name stands for, perhaps as an iterator.
fn listed(tree: Tree<'_>, name: NodeId) -> Option<NodeId> {
    let value = tree.names.value_of(name)?;
    matches!(tree.role(value), Role::List | Role::Call | Role::Reference)
        .then(|| tree.below(value).find(|&it| tree.role(it) == Role::List))?
}

fn draft(tree: Tree<'_>, at: NodeId, message: String, place: &(String, Span)) -> Draft {
    let span = tree.span(at);
    let text = span.text(tree.code.text);
    let end = span.start + text.find('\n').unwrap_or(text.len()) as u32;
    Draft {
        check: NAME,
        path: tree.path.to_owned(),
        span: Span::new(span.start, end),
        message,
        related: vec![(
            place.0.clone(),
            place.1,
            String::from("the test expects it here"),
        )],
        doubtful: false,
    }
}
