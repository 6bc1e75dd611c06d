//! What tree-sitter says of a whole file, and the comparison with the skeleton.

use caveat_parser::skeleton::{self, ImportKind, Item, ItemIndex, ItemKind, Skeleton, regions};
use caveat_parser::{LineIndex, Span};
use std::collections::BTreeMap;
use std::path::Path;
use tree_sitter::{Node, Parser, Point, Range, Tree};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    Python,
    Rust,
}

impl Language {
    pub fn of(path: &Path) -> Option<Language> {
        match path.extension()?.to_str()? {
            "py" => Some(Language::Python),
            "rs" => Some(Language::Rust),
            _ => None,
        }
    }

    pub fn scan(self, text: &str) -> Skeleton {
        match self {
            Language::Python => skeleton::python::scan(text),
            Language::Rust => skeleton::rust::scan(text),
        }
    }

    pub fn parser(self) -> Parser {
        let language = match self {
            Language::Python => tree_sitter_python::LANGUAGE.into(),
            Language::Rust => tree_sitter_rust::LANGUAGE.into(),
        };
        let mut parser = Parser::new();
        parser
            .set_language(&language)
            .expect("the grammar fits the library");
        parser
    }
}

/// Counts over many files.
#[derive(Default, Debug, Clone)]
pub struct Counts {
    pub files: usize,
    pub incomplete: usize,
    pub tree_errors: usize,
    pub definitions: usize,
    pub imports: usize,
    pub region_parses: usize,
    pub nodes: usize,
    pub differing: usize,
    pub complaints: Vec<String>,
}

impl Counts {
    fn complain(&mut self, path: &str, text: String) {
        self.differing += 1;
        if self.complaints.len() < 40 {
            self.complaints.push(format!("{path}: {text}"));
        }
    }

    pub fn assert_equal(&self) {
        assert!(
            self.differing == 0,
            "{} differ\n{}",
            self.differing,
            self.complaints.join("\n")
        );
    }
}

/// Compares one file in every respect. Files that the skeleton or the grammar does not
/// understand are only counted.
pub fn compare(language: Language, path: &str, text: &str, seed: u64, counts: &mut Counts) {
    counts.files += 1;
    let skeleton = language.scan(text);
    if !skeleton.complete {
        counts.incomplete += 1;
        return;
    }
    let mut parser = language.parser();
    let tree = parser
        .parse(text, None)
        .expect("a parser without time limit gives a tree");
    if tree.root_node().has_error() {
        counts.tree_errors += 1;
        return;
    }
    compare_definitions(path, text, &skeleton, &tree, counts);
    compare_imports(language, path, text, &skeleton, &tree, counts);
    check_tree(path, text, &skeleton, counts);
    check_cover(path, text, &skeleton, &tree, counts);
    let mut random = Random(seed | 1);
    let count = skeleton.items.len() as u64;
    for round in 0..4 {
        let chosen: Vec<ItemIndex> = match round {
            0 if count > 0 => vec![random.below(count) as ItemIndex],
            _ => (0..count as ItemIndex)
                .filter(|_| random.below(1 << round) == 0)
                .collect(),
        };
        compare_regions(language, path, text, &skeleton, &tree, &chosen, counts);
    }
}

/// xorshift64: a fixed sequence, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn each_node<'t>(root: Node<'t>, mut visit: impl FnMut(Node<'t>) -> bool) {
    let mut cursor = root.walk();
    loop {
        if visit(cursor.node()) && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

fn span_of(node: Node) -> Span {
    Span::new(node.start_byte() as u32, node.end_byte() as u32)
}

fn definition_kind(node: Node) -> Option<ItemKind> {
    Some(match node.kind() {
        "function_definition" | "function_item" | "function_signature_item" => ItemKind::Function,
        "class_definition" | "struct_item" | "enum_item" | "union_item" => ItemKind::Class,
        "trait_item" => ItemKind::Trait,
        "impl_item" => ItemKind::Impl,
        "mod_item" => ItemKind::Module,
        "macro_definition" => ItemKind::Macro,
        _ => return None,
    })
}

/// End of the last token below the node that is not a comment.
fn code_end(node: Node) -> u32 {
    let mut end = node.start_byte() as u32;
    each_node(node, |inner| {
        if inner.kind() == "string" || inner.child_count() == 0 && inner.kind() != "comment" {
            end = end.max(inner.end_byte() as u32);
        }
        true
    });
    end
}

fn compare_definitions(
    path: &str,
    text: &str,
    skeleton: &Skeleton,
    tree: &Tree,
    counts: &mut Counts,
) {
    // By kind and the end of the text: name and start of the definition.
    let mut expected = BTreeMap::new();
    each_node(tree.root_node(), |node| {
        if let Some(kind) = definition_kind(node) {
            let name = node.child_by_field_name("name").map(span_of);
            let decorated = node
                .parent()
                .filter(|parent| parent.kind() == "decorated_definition");
            let start = decorated.unwrap_or(node).start_byte() as u32;
            let end = if node.kind().ends_with("_definition") && kind != ItemKind::Macro {
                code_end(node)
            } else {
                node.end_byte() as u32
            };
            let name = name.unwrap_or(Span::new(node.start_byte() as u32, 0));
            expected.insert((name.start, kind as u8), (name, start, end));
        }
        true
    });
    let is_python = path.ends_with(".py");
    for item in &skeleton.items {
        use ItemKind::*;
        if !matches!(item.kind, Function | Class | Impl | Trait | Module | Macro) {
            continue;
        }
        counts.definitions += 1;
        // `impl` stands behind `unsafe` or `default`, which the tree counts as part of the node.
        let found = match item.kind {
            Impl => {
                let within = |&&(_, kind): &&(u32, u8)| kind == Impl as u8;
                let key = expected
                    .keys()
                    .filter(within)
                    .rfind(|key| key.0 <= item.name.start)
                    .copied();
                key.and_then(|key| expected.remove(&key))
            }
            kind => expected.remove(&(item.name.start, kind as u8)),
        };
        let found = found.is_some_and(|(name, start, end)| {
            let same_name = item.kind == Impl || name == item.name;
            let same_start = if is_python {
                start == item.span.start
            } else {
                start >= item.span.start
            };
            let trailing = if item.kind == Macro {
                item.span.end.abs_diff(end) <= 2
            } else {
                item.span.end == end
            };
            same_name && same_start && trailing
        });
        if !found {
            counts.complain(
                path,
                format!(
                    "{:?} {:?} is not in the tree",
                    item.kind,
                    item.name.text(text)
                ),
            );
        }
    }
    for ((start, kind), (name, ..)) in expected {
        let text = if name.end > 0 { name.text(text) } else { "" };
        counts.complain(
            path,
            format!("definition {kind} {text:?} at {start} was missed"),
        );
    }
}

/// Path, alias and kind as text.
fn import_text(text: &str, skeleton: &Skeleton) -> Vec<String> {
    let show = |import: &skeleton::Import| {
        let path: Vec<_> = skeleton
            .path(import)
            .iter()
            .map(|part| part.text(text))
            .collect();
        let alias = import.alias.map_or("", |alias| alias.text(text));
        let glob = if import.kind == ImportKind::Glob {
            "*"
        } else {
            ""
        };
        format!(
            "{}{} {glob} as {alias}",
            ".".repeat(import.level.into()),
            path.join(".")
        )
    };
    skeleton.imports.iter().map(show).collect()
}

fn compare_imports(
    language: Language,
    path: &str,
    text: &str,
    skeleton: &Skeleton,
    tree: &Tree,
    counts: &mut Counts,
) {
    let mut expected = Vec::new();
    each_node(tree.root_node(), |node| {
        match language {
            Language::Python => python_imports(node, text, &mut expected),
            Language::Rust => rust_imports(node, text, &mut expected),
        }
        true
    });
    let mut found = import_text(text, skeleton);
    counts.imports += found.len();
    found.sort();
    expected.sort();
    if found != expected {
        let only = |a: &[String], b: &[String]| {
            a.iter()
                .filter(|x| !b.contains(x))
                .cloned()
                .collect::<Vec<_>>()
        };
        let (extra, missed) = (only(&found, &expected), only(&expected, &found));
        counts.complain(path, format!("imports: extra {extra:?}, missed {missed:?}"));
    }
}

/// The node's text without whitespace and comments, which dotted names may hold.
fn squeeze(node: Node, text: &str) -> String {
    let mut parts = String::new();
    each_node(node, |inner| {
        if inner.child_count() == 0
            && !inner.kind().contains("comment")
            && inner.kind() != "line_continuation"
        {
            parts.push_str(&text[inner.byte_range()]);
        }
        true
    });
    parts.trim_start_matches("::").replace("::", ".")
}

fn python_imports(node: Node, text: &str, out: &mut Vec<String>) {
    let module = match node.kind() {
        "import_statement" => String::new(),
        "future_import_statement" => "__future__".to_owned(),
        "import_from_statement" => node
            .child_by_field_name("module_name")
            .map_or(String::new(), |module| squeeze(module, text)),
        _ => return,
    };
    let join = |name: &str| match module.as_str() {
        "" => name.to_owned(),
        module if module.ends_with('.') => format!("{module}{name}"),
        module => format!("{module}.{name}"),
    };
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        if child.kind() == "wildcard_import" {
            out.push(format!("{module} * as "));
        }
    }
    for name in node.children_by_field_name("name", &mut cursor) {
        let alias = name
            .child_by_field_name("alias")
            .map_or("", |alias| &text[alias.byte_range()]);
        let name = name.child_by_field_name("name").unwrap_or(name);
        out.push(format!("{}  as {alias}", join(&squeeze(name, text))));
    }
}

fn rust_imports(node: Node, text: &str, out: &mut Vec<String>) {
    let field = |name| node.child_by_field_name(name);
    match node.kind() {
        "use_declaration" => {
            let Some(argument) = field("argument") else {
                return;
            };
            let level = if text[argument.byte_range()].starts_with("::") {
                "."
            } else {
                ""
            };
            use_leaves(argument, text, String::new(), level, out);
        }
        "extern_crate_declaration" => {
            let name = field("name").map_or("", |name| &text[name.byte_range()]);
            let alias = field("alias").map_or("", |alias| &text[alias.byte_range()]);
            out.push(format!("{name}  as {alias}"));
        }
        _ => {}
    }
}

fn use_leaves(node: Node, text: &str, above: String, level: &str, out: &mut Vec<String>) {
    let join = |name: String| match (above.as_str(), name.as_str()) {
        ("", _) => name,
        (_, "self" | "") => above.clone(),
        _ => format!("{above}.{name}"),
    };
    let path = |name| {
        node.child_by_field_name(name)
            .map_or(String::new(), |path| squeeze(path, text))
    };
    match node.kind() {
        "use_list" => {
            let mut cursor = node.walk();
            let is_leaf = |child: &Node| child.is_named() && !child.kind().contains("comment");
            for child in node.children(&mut cursor).filter(is_leaf) {
                use_leaves(child, text, above.clone(), level, out);
            }
        }
        "scoped_use_list" => {
            if let Some(list) = node.child_by_field_name("list") {
                use_leaves(list, text, join(path("path")), level, out);
            }
        }
        "use_as_clause" => out.push(format!(
            "{level}{}  as {}",
            join(path("path")),
            path("alias")
        )),
        "use_wildcard" => {
            let path = squeeze(node, text);
            let path = path.trim_end_matches('*').trim_end_matches('.');
            out.push(format!("{level}{} * as ", join(path.to_owned())));
        }
        _ => out.push(format!("{level}{}  as ", join(squeeze(node, text)))),
    }
}

/// The items form a tree in preorder whose spans nest.
fn check_tree(path: &str, text: &str, skeleton: &Skeleton, counts: &mut Counts) {
    let mut last: BTreeMap<Option<ItemIndex>, u32> = BTreeMap::new();
    for (index, item) in skeleton.items.iter().enumerate() {
        let Item {
            span,
            header,
            body,
            name,
            parent,
            end,
            ..
        } = *item;
        let outer = parent.map(|parent| skeleton.items[parent as usize]);
        let nests = outer.is_none_or(|outer| outer.span.contains(span) && end <= outer.end);
        let ordered = last.insert(parent, span.end).unwrap_or(0) <= span.start;
        let inside = span.contains(header) && span.contains(body) && header.end <= body.start;
        let named = name.is_empty() || span.contains(name);
        let readable = text.get(span.start as usize..span.end as usize).is_some();
        if !(nests && ordered && inside && named && readable && end as usize > index) {
            counts.complain(path, format!("malformed item {item:?}"));
        }
    }
}

/// Each token that is not a comment lies in a leaf or in what a container has besides children.
fn check_cover(path: &str, text: &str, skeleton: &Skeleton, tree: &Tree, counts: &mut Counts) {
    let mut covered = vec![false; text.len()];
    for (index, item) in skeleton.items.iter().enumerate() {
        let has_children = item.end as usize > index + 1;
        let own = match item.kind {
            ItemKind::Function | ItemKind::Binding => item.span,
            _ if has_children => item.header,
            _ => item.span,
        };
        covered[own.start as usize..own.end as usize].fill(true);
        if has_children && path.ends_with(".rs") {
            covered[item.span.end as usize - 1] = true;
        }
        if item.inline {
            covered[item.body.start as usize..item.body.end as usize].fill(true);
        }
    }
    each_node(tree.root_node(), |node| {
        let is_skipped = node.kind().contains("comment") || node.kind() == "shebang";
        if node.child_count() == 0 && !is_skipped && !covered[node.byte_range()].iter().all(|&c| c)
        {
            counts.complain(
                path,
                format!(
                    "no item holds {:?} at {}",
                    &text[node.byte_range()],
                    node.start_byte()
                ),
            );
        }
        !is_skipped
    });
}

fn point(lines: &[usize], offset: usize) -> Point {
    let row = lines.partition_point(|&start| start <= offset) - 1;
    Point::new(row, offset - lines[row])
}

/// The text that an item's region holds, comments behind it included.
fn extent(language: Language, text: &str, skeleton: &Skeleton, index: ItemIndex) -> Span {
    let item = &skeleton.items[index as usize];
    if language == Language::Rust {
        return item.span;
    }
    let line_start = |at: u32| {
        text[..at as usize]
            .rfind('\n')
            .map_or(0, |at| at as u32 + 1)
    };
    let next = skeleton.items.get(item.end as usize);
    let end = next.map_or(text.len() as u32, |next| line_start(next.span.start));
    Span::new(line_start(item.span.start), end)
}

pub fn compare_regions(
    language: Language,
    path: &str,
    text: &str,
    skeleton: &Skeleton,
    whole: &Tree,
    chosen: &[ItemIndex],
    counts: &mut Counts,
) {
    if chosen.is_empty() {
        return;
    }
    let spans = regions(skeleton, chosen, text);
    let index = LineIndex::new(text);
    let lines: Vec<usize> = (1..=index.count())
        .map(|line| index.span(line, text).start as usize)
        .collect();
    let range = |span: &Span| {
        let (start_byte, end_byte) = (span.start as usize, span.end as usize);
        let (start_point, end_point) = (point(&lines, start_byte), point(&lines, end_byte));
        Range {
            start_byte,
            end_byte,
            start_point,
            end_point,
        }
    };
    let ranges: Vec<Range> = spans.iter().map(range).collect();
    let mut parser = language.parser();
    parser
        .set_included_ranges(&ranges)
        .expect("regions are sorted and disjoint");
    let tree = parser
        .parse(text, None)
        .expect("a parser without time limit gives a tree");
    counts.region_parses += 1;
    if tree.root_node().has_error() {
        counts.complain(
            path,
            format!("regions of {chosen:?} have an error: {spans:?}"),
        );
    }
    let mut extents: Vec<Span> = chosen
        .iter()
        .map(|&index| extent(language, text, skeleton, index))
        .collect();
    extents.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    extents.dedup_by(|inner, outer| outer.contains(*inner));
    let (expected, found) = (nodes_in(whole, &extents), nodes_in(&tree, &extents));
    counts.nodes += expected.len();
    if expected != found {
        let at = expected.iter().zip(&found).position(|(a, b)| a != b);
        let at = at.unwrap_or(expected.len().min(found.len()));
        let show = |nodes: &[(&str, u32, u32)]| {
            format!("{:?}", &nodes[at.min(nodes.len())..nodes.len().min(at + 3)])
        };
        counts.complain(
            path,
            format!(
                "regions of {} items: {} is {}",
                chosen.len(),
                show(&expected),
                show(&found)
            ),
        );
    }
}

/// All nodes inside the extents, in preorder; what merely encloses items is left out.
fn nodes_in<'t>(tree: &'t Tree, extents: &[Span]) -> Vec<(&'t str, u32, u32)> {
    let mut out = Vec::new();
    let mut subtree_end = 0;
    each_node(tree.root_node(), |node| {
        let span = span_of(node);
        let in_subtree = span.end <= subtree_end && !span.is_empty() || span.start < subtree_end;
        let is_context = matches!(
            node.kind(),
            "module" | "source_file" | "block" | "declaration_list"
        );
        let at = extents.partition_point(|extent| extent.end <= span.start);
        let is_inside = extents.get(at).is_some_and(|extent| extent.contains(span));
        if in_subtree || is_inside && !is_context {
            subtree_end = subtree_end.max(span.end);
            out.push((node.kind(), span.start, span.end));
        }
        true
    });
    out
}
