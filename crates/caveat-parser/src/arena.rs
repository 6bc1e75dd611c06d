//! The flat syntax tree: one vector of nodes in preorder, made by one walk over tree-sitter's
//! tree, which is then dropped.
//!
//! Wrappers without meaning (parentheses, expression statements) and punctuation are left out, so
//! that patterns and code meet on equal terms. Arguments of Rust macros are parsed as expressions
//! where they can be, for code inside `println!` and `assert!` is code.

use crate::lang::{Field, Language, Role, Tables};
use crate::source::Span;

/// Index of a node in its arena; preorder, so a parent comes before its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The root of every arena.
    pub const ROOT: NodeId = NodeId(0);

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// One node. Offsets are bytes of the file's text.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Parent; the root is its own.
    pub parent: u32,
    /// Index just past the last descendant: the next sibling, if there is one.
    pub next: u32,
    /// The grammar's kind id.
    pub kind: u16,
    /// Position under the parent.
    pub field: Field,
    /// What the node is for.
    pub role: Role,
}

/// The tree of one file, or of the regions of it that were parsed.
#[derive(Debug, Clone)]
pub struct Arena {
    /// Nodes in preorder.
    pub nodes: Vec<Node>,
    /// Comments, in order; they are not nodes.
    pub comments: Vec<Span>,
    /// Places that the grammar could not read.
    pub errors: Vec<Span>,
    /// Language of the text.
    pub language: Language,
}

impl Arena {
    fn for_text(language: Language, text: &str) -> Self {
        Arena {
            nodes: Vec::with_capacity(text.len() / 8),
            comments: Vec::new(),
            errors: Vec::new(),
            language,
        }
    }

    /// The node behind an id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// Bytes of the node.
    pub fn span(&self, id: NodeId) -> Span {
        let node = self.node(id);
        Span::new(node.start, node.end)
    }

    /// What the node is for.
    pub fn role(&self, id: NodeId) -> Role {
        self.node(id).role
    }

    /// Parent, or `None` at the root.
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        (id != NodeId::ROOT).then(|| NodeId(self.node(id).parent))
    }

    /// Parent, grandparent and so on up to the root.
    pub fn ancestors(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.parent(id), |&at| self.parent(at))
    }

    /// Direct children in order.
    pub fn children(&self, id: NodeId) -> Children<'_> {
        Children {
            arena: self,
            at: id.0 + 1,
            end: self.node(id).next,
        }
    }

    /// The sibling before a node.
    pub fn previous(&self, id: NodeId) -> Option<NodeId> {
        let parent = self.parent(id)?;
        // What stands before it in preorder is its parent, or the end of the sibling before it.
        let before = NodeId(id.0 - 1);
        let mut up = std::iter::once(before).chain(self.ancestors(before));
        (before != parent).then(|| up.find(|&at| self.parent(at) == Some(parent)))?
    }

    /// The node and everything below it, in preorder.
    pub fn subtree(&self, id: NodeId) -> impl Iterator<Item = NodeId> + use<> {
        (id.0..self.node(id).next).map(NodeId)
    }

    /// First child at that field.
    pub fn field(&self, id: NodeId, field: Field) -> Option<NodeId> {
        self.children(id)
            .find(|&child| self.node(child).field == field)
    }

    /// Whether `inner` is `outer` or below it.
    pub fn is_within(&self, inner: NodeId, outer: NodeId) -> bool {
        outer.0 <= inner.0 && inner.0 < self.node(outer).next
    }

    /// All nodes in preorder.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// The grammar's name of the node's kind.
    pub fn kind_name(&self, id: NodeId) -> &'static str {
        let tables = self
            .language
            .tables()
            .expect("an arena comes from a grammar");
        tables
            .grammar
            .node_kind_for_id(self.node(id).kind)
            .unwrap_or("")
    }
}

/// Iterator over direct children.
pub struct Children<'a> {
    arena: &'a Arena,
    at: u32,
    end: u32,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        if self.at >= self.end {
            return None;
        }
        let id = NodeId(self.at);
        self.at = self.arena.node(id).next;
        Some(id)
    }
}

/// Parsers to be reused on one thread.
#[derive(Default)]
pub struct Parsers {
    slots: Vec<Option<tree_sitter::Parser>>,
    macros: Option<tree_sitter::Parser>,
}

/// How deep macro arguments inside macro arguments are parsed.
const MACRO_DEPTH: u32 = 6;

impl Parsers {
    /// Parses `text`, or only the `ranges` of it (in order, not overlapping, offsets absolute).
    ///
    /// Returns `None` for a language without a grammar and for text of 4 GiB or more.
    pub fn parse(
        &mut self,
        language: Language,
        text: &str,
        ranges: Option<&[Span]>,
    ) -> Option<Arena> {
        let tables = language.tables()?;
        u32::try_from(text.len()).ok()?;
        self.slots.resize_with(Language::count(), || None);
        let parser = self.slots[language.index()].get_or_insert_with(|| parser(tables));
        let included: Vec<_> = ranges
            .unwrap_or(&[])
            .iter()
            .map(|&span| range(text, span))
            .collect();
        parser.set_included_ranges(&included).ok()?;
        let tree = parser.parse(text, None)?;
        let mut arena = Arena::for_text(language, text);
        self.flattener(&mut arena, tables, text, 0).walk(&tree);
        Some(arena)
    }

    /// Parses a fragment: statements without the function around them, as the grammar reads them
    /// inside one. They are the children of the root, as those of a file are.
    ///
    /// Returns `None` if that does not make it code without errors.
    pub fn parse_fragment(&mut self, language: Language, text: &str) -> Option<Arena> {
        let tables = language.tables()?;
        let (before, after) = language.definition().wrapper?;
        u32::try_from(text.len() + before.len() + after.len()).ok()?;
        let wrapped = [before, text, after].concat();
        self.slots.resize_with(Language::count(), || None);
        let parser = self.slots[language.index()].get_or_insert_with(|| parser(tables));
        parser.set_included_ranges(&[]).ok()?;
        let tree = parser.parse(&wrapped, None)?;
        let root = tree.root_node();
        // One function with one body: the fragment did not close the brace and go on.
        if root.has_error() || root.named_child_count() != 1 {
            return None;
        }
        let mut arena = Arena::for_text(language, text);
        let base = 0u32.wrapping_sub(before.len() as u32);
        let mut flattener = self.flattener(&mut arena, tables, text, base);
        flattener.walk_body(&tree).then_some(arena)
    }

    fn flattener<'a>(
        &'a mut self,
        arena: &'a mut Arena,
        tables: &'static Tables,
        text: &'a str,
        base: u32,
    ) -> Flattener<'a> {
        Flattener {
            arena,
            tables,
            text,
            macros: self.macros.get_or_insert_with(tree_sitter::Parser::new),
            macro_depth: 0,
            base,
        }
    }
}

fn parser(tables: &Tables) -> tree_sitter::Parser {
    let mut parser = tree_sitter::Parser::new();
    parser
        .set_language(&tables.grammar)
        .expect("the pinned grammar fits the pinned library");
    parser
}

fn range(text: &str, span: Span) -> tree_sitter::Range {
    let point = |offset: u32| {
        let before = &text.as_bytes()[..offset as usize];
        let line = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        // Rows do not matter to any scanner we use; columns do (Python's indentation).
        tree_sitter::Point {
            row: 0,
            column: offset as usize - line,
        }
    };
    tree_sitter::Range {
        start_byte: span.start as usize,
        end_byte: span.end as usize,
        start_point: point(span.start),
        end_point: point(span.end),
    }
}

struct Flattener<'a> {
    arena: &'a mut Arena,
    tables: &'static Tables,
    text: &'a str,
    macros: &'a mut tree_sitter::Parser,
    macro_depth: u32,
    /// Added to the tree's offsets, wrapping: macro arguments are parsed from a copy of their text,
    /// fragments from one with something in front.
    base: u32,
}

impl Flattener<'_> {
    fn walk(&mut self, tree: &tree_sitter::Tree) {
        let mut cursor = tree.walk();
        self.push(&cursor.node(), Field::None, 0);
        self.arena.nodes[0].role = Role::Module;
        self.arena.nodes[0].start = 0;
        self.arena.nodes[0].end = self.text.len() as u32;
        self.descend(&mut cursor, 0);
        self.arena.nodes[0].next = self.arena.nodes.len() as u32;
    }

    /// Adds the statements of the body of the only item. False if it has no body.
    fn walk_body(&mut self, tree: &tree_sitter::Tree) -> bool {
        let mut cursor = tree.walk();
        self.push(&cursor.node(), Field::None, 0);
        self.arena.nodes[0].role = Role::Module;
        (self.arena.nodes[0].start, self.arena.nodes[0].end) = (0, self.text.len() as u32);
        if !(cursor.goto_first_child() && cursor.goto_last_child()) {
            return false;
        }
        self.descend(&mut cursor, 0);
        self.arena.nodes[0].next = self.arena.nodes.len() as u32;
        true
    }

    /// Adds everything below the cursor's node under the arena's node `parent`.
    fn descend(&mut self, cursor: &mut tree_sitter::TreeCursor<'_>, parent: u32) {
        // For each level of the cursor: the arena node to close on the way up, and the parent and
        // field that a transparent wrapper hands down.
        let mut stack: Vec<(Option<u32>, u32, Field)> = Vec::new();
        let (mut parent, mut inherited) = (parent, Field::None);
        let mut down = cursor.goto_first_child();
        if !down {
            return;
        }
        loop {
            if down {
                let node = cursor.node();
                let field = self.field(cursor, inherited);
                let (own, enter) = self.visit(&node, field, parent);
                if enter && cursor.goto_first_child() {
                    stack.push((own, parent, inherited));
                    match own {
                        Some(index) => (parent, inherited) = (index, Field::None),
                        None => inherited = field,
                    }
                    continue;
                }
                self.close(own);
            }
            if cursor.goto_next_sibling() {
                down = true;
                continue;
            }
            let Some((own, outer, field)) = stack.pop() else {
                return;
            };
            cursor.goto_parent();
            self.close(own);
            (parent, inherited) = (outer, field);
            down = false;
        }
    }

    fn field(&self, cursor: &tree_sitter::TreeCursor<'_>, inherited: Field) -> Field {
        match cursor.field_id() {
            Some(id) => self.tables.fields[id.get() as usize],
            None => inherited,
        }
    }

    fn close(&mut self, own: Option<u32>) {
        if let Some(index) = own {
            self.arena.nodes[index as usize].next = self.arena.nodes.len() as u32;
        }
    }

    /// Decides what becomes of a node: its arena index if it has one, and whether to go inside.
    fn visit(
        &mut self,
        node: &tree_sitter::Node<'_>,
        field: Field,
        parent: u32,
    ) -> (Option<u32>, bool) {
        let span = self.span(node);
        if node.is_missing() {
            self.arena.errors.push(span);
            return (None, false);
        }
        match self.role(node) {
            Role::Dropped => (None, false),
            Role::Comment => {
                self.arena.comments.push(span);
                (None, false)
            }
            Role::Transparent if node.named_child_count() == 1 => (None, true),
            Role::TokenTree if self.macro_arguments(node, parent) => (None, false),
            role => {
                if role == Role::Error {
                    self.arena.errors.push(span);
                }
                let index = self.push(node, field, parent);
                (Some(index), !self.is_leaf(role))
            }
        }
    }

    fn span(&self, node: &tree_sitter::Node<'_>) -> Span {
        Span::new(
            self.base.wrapping_add(node.start_byte() as u32),
            self.base.wrapping_add(node.end_byte() as u32),
        )
    }

    fn role(&self, node: &tree_sitter::Node<'_>) -> Role {
        if node.is_error() {
            Role::Error
        } else {
            self.tables.roles[node.kind_id() as usize]
        }
    }

    fn is_leaf(&self, role: Role) -> bool {
        matches!(
            role,
            Role::Token | Role::Identifier | Role::StringStart | Role::StringEnd
        )
    }

    fn push(&mut self, node: &tree_sitter::Node<'_>, field: Field, parent: u32) -> u32 {
        let index = self.arena.nodes.len() as u32;
        let span = self.span(node);
        self.arena.nodes.push(Node {
            start: span.start,
            end: span.end,
            parent,
            next: index + 1,
            kind: node.kind_id(),
            field,
            role: self.role(node),
        });
        index
    }

    /// Parses `(a, b)` or `[a; n]` after a macro's name as a tuple or an array and adds its items
    /// as arguments. False, and nothing added, if the tokens are no expressions.
    fn macro_arguments(&mut self, node: &tree_sitter::Node<'_>, parent: u32) -> bool {
        let whole = self.span(node);
        let in_macro = self.arena.nodes[parent as usize].role == Role::MacroCall;
        let bracket = self.text.as_bytes().get(whole.start as usize).copied();
        if !in_macro || self.macro_depth == MACRO_DEPTH || !matches!(bracket, Some(b'(' | b'[')) {
            return false;
        }
        if self.macros.language().is_none() {
            *self.macros = parser(self.tables);
        }
        let Some(tree) = self
            .macros
            .parse(format!("{};", whole.text(self.text)), None)
        else {
            return false;
        };
        let root = tree.root_node();
        if root.has_error() || root.named_child_count() != 1 {
            return false;
        }
        self.add_arguments(&tree, whole, parent);
        true
    }

    fn add_arguments(&mut self, tree: &tree_sitter::Tree, whole: Span, parent: u32) {
        let index = self.arena.nodes.len() as u32;
        self.arena.nodes.push(Node {
            start: whole.start,
            end: whole.end,
            parent,
            next: index + 1,
            kind: self.tables.arguments,
            field: Field::Arguments,
            role: Role::Arguments,
        });
        let mut cursor = tree.walk();
        cursor.goto_first_child();
        // The statement around the tuple, array or parenthesis: it begins with a named child.
        while cursor.node().child(0).is_some_and(|first| first.is_named()) {
            cursor.goto_first_child();
        }
        let outer = std::mem::replace(&mut self.base, whole.start);
        self.macro_depth += 1;
        self.descend(&mut cursor, index);
        self.macro_depth -= 1;
        self.base = outer;
        self.close(Some(index));
    }
}

/// A tree together with the text it was made from.
#[derive(Clone, Copy)]
pub struct Code<'a> {
    /// The tree.
    pub arena: &'a Arena,
    /// The whole text of the file.
    pub text: &'a str,
}

impl<'a> Code<'a> {
    /// Text of a node.
    pub fn text_of(self, id: NodeId) -> &'a str {
        self.arena.span(id).text(self.text)
    }
}
