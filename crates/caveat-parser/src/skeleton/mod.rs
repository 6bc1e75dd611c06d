//! The skeleton of a file: its items and imports, found by a lexical pass without parsing.
//!
//! It serves two ends. Names and imports of every file become the project's symbol table, and
//! [`regions`] turns a choice of items into the byte ranges that tree-sitter must see to build,
//! for these items, the very nodes of a whole-file parse. It must not know rules, resolve names
//! or judge code: where it is in doubt it says `complete == false`, and the caller parses the
//! whole file.

pub mod python;
pub mod rust;

use crate::source::Span;

/// Index of an item in [`Skeleton::items`].
pub type ItemIndex = u32;

/// Items and imports of one file.
#[derive(Debug, Clone)]
pub struct Skeleton {
    /// The items as a tree in preorder; children lie inside their parent's span.
    pub items: Vec<Item>,
    /// Every import, one per imported name, in the order of the text.
    pub imports: Vec<Import>,
    /// False when strings, brackets, indentation or braces make no sense, or the text uses what
    /// only the grammar understands. Items may then be missing or wrong, and [`regions`] must
    /// not be used.
    pub complete: bool,
    /// Python: every logical line in order, without comments; empty for languages whose statements
    /// a lexical pass does not tell.
    pub statements: Vec<Span>,
    segments: Vec<Span>,
    layout: Layout,
}

/// What separates items, and so what a region consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Lines,
    Braces,
}

/// A definition, or a run of other statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// Number of ancestors, at most `u16::MAX`.
    pub depth: u16,
    /// Rust: an attribute of the item itself says that it is built for tests only.
    pub test: bool,
    /// Python: the body stands on the line of the header, `else: x = 1`.
    pub inline: bool,
    /// The item around it.
    pub parent: Option<ItemIndex>,
    /// One past the last descendant: the item's subtree is `items[index..end]`.
    pub end: ItemIndex,
    /// The name; empty where there is none. For a Rust `impl`, the text from `impl` to its body.
    pub name: Span,
    /// From the first decorator, attribute or doc comment to the last token.
    pub span: Span,
    /// From the start of `span` to the body: up to and with `:`, `{` or `=`; the whole span of
    /// an item that has no body.
    pub header: Span,
    /// The suite, without comments around it; what is between braces; the value of a binding.
    /// Empty when there is none. For a [`ItemKind::Block`] with clauses, its first suite.
    pub body: Span,
}

/// The kinds of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// A function, method, or its signature alone. Functions inside it are its children.
    Function,
    /// Python class; Rust struct, enum or union.
    Class,
    /// Rust `impl`.
    Impl,
    /// Rust trait.
    Trait,
    /// Rust `mod`, with or without a body.
    Module,
    /// Rust `macro_rules!` or `macro`.
    Macro,
    /// Python `NAME = value`, `NAME: T = value` or `NAME: T`, alone on its line, outside of
    /// functions; Rust `const` or `static`.
    Binding,
    /// A group without a name: Python `if`, `try`, `with`, ... outside of functions, whose later
    /// clauses are its last children; Rust `extern "C" { }`.
    Block,
    /// A later clause of a Python [`ItemKind::Block`]: `else`, `except`, ...
    Clause,
    /// A run of adjacent other statements or items. A Rust macro call is a run of its own, named
    /// by the macro.
    Other,
}

impl ItemKind {
    /// Whether regions may take some of the children and leave others.
    fn is_container(self) -> bool {
        use ItemKind::*;
        matches!(self, Class | Impl | Trait | Module | Block | Clause)
    }
}

/// One imported name. `import a.b, c` and `use a::{b, c}` are two imports each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Import {
    /// What the statement binds.
    pub kind: ImportKind,
    /// Rust: the import has a visibility, so it may be a re-export.
    pub public: bool,
    /// Python: stands under `if TYPE_CHECKING:`.
    pub type_checking: bool,
    /// Python: number of leading dots. Rust: 1 for a path with leading `::`.
    pub level: u16,
    first_segment: u32,
    segments: u32,
    /// The name after `as`.
    pub alias: Option<Span>,
    /// The function, class or inline module it stands in; `None` at the top of the file.
    pub item: Option<ItemIndex>,
    /// The whole statement.
    pub statement: Span,
}

/// The kinds of imports. The path is [`Skeleton::path`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImportKind {
    /// Python `import a.b`: binds `a`, or the alias to `a.b`.
    Module,
    /// Python `from a import b`, Rust `use a::b`: binds the path's last segment or the alias.
    /// Rust `use a::{self}` has the path `a`.
    Name,
    /// `from a import *`, `use a::*`: binds what the path holds.
    Glob,
    /// Rust `extern crate a`.
    Crate,
}

impl Skeleton {
    fn new(layout: Layout) -> Self {
        let (items, imports, segments) = (Vec::new(), Vec::new(), Vec::new());
        let statements = Vec::new();
        Skeleton {
            items,
            imports,
            complete: true,
            statements,
            segments,
            layout,
        }
    }

    /// The parts of an import's path, module and imported name alike, without dots or colons.
    pub fn path(&self, import: &Import) -> &[Span] {
        let first = import.first_segment as usize;
        &self.segments[first..first + import.segments as usize]
    }

    /// The statement around an offset; none in comments and between statements.
    pub fn statement(&self, offset: u32) -> Option<Span> {
        let after = self.statements.partition_point(|span| span.start <= offset);
        let span = *self.statements.get(after.checked_sub(1)?)?;
        (offset < span.end).then_some(span)
    }

    /// The direct children of an item.
    pub fn children(&self, index: ItemIndex) -> impl Iterator<Item = ItemIndex> {
        let end = self.items[index as usize].end;
        let inside = move |child: &ItemIndex| *child < end;
        let next = move |child: &ItemIndex| Some(self.items[*child as usize].end).filter(inside);
        std::iter::successors(Some(index + 1).filter(inside), next)
    }

    /// The items around an item, innermost first.
    pub fn ancestors(&self, index: ItemIndex) -> impl Iterator<Item = ItemIndex> {
        let up = |at: &ItemIndex| self.items[*at as usize].parent;
        std::iter::successors(Some(index), up).skip(1)
    }

    /// The skeleton, after a look at every span. One that does not fit the text is a bug of the
    /// scanner, which tests and fuzzing meet as a panic; users get a skeleton that is not used.
    fn checked(mut self, text: &str) -> Self {
        let fits = |span: &Span| text.get(span.start as usize..span.end as usize).is_some();
        let sound = |item: &Item| {
            let spans = [item.name, item.span, item.header, item.body];
            spans.iter().all(fits)
        };
        let all = self.items.iter().all(sound);
        debug_assert!(all, "the scanner made a span that does not fit the text");
        if !all {
            (self.items, self.imports, self.complete) = (Vec::new(), Vec::new(), false);
        }
        self
    }

    /// Adds an item as the last in preorder.
    fn push(&mut self, kind: ItemKind, name: Span, span: Span, parent: Option<u32>) -> ItemIndex {
        let index = self.items.len() as ItemIndex;
        let above = parent.map(|parent| self.items[parent as usize].depth);
        let depth = above.map_or(0, |depth| depth.saturating_add(1));
        let body = Span::new(span.end, span.end);
        let (test, inline, end, header) = (false, false, index + 1, span);
        self.items.push(Item {
            kind,
            depth,
            test,
            inline,
            parent,
            end,
            name,
            span,
            header,
            body,
        });
        index
    }

    /// Appends a statement to the run that `last` may be, else begins a run.
    fn push_other(&mut self, last: Option<u32>, span: Span, parent: Option<u32>) -> ItemIndex {
        if let Some(index) = last {
            let item = &mut self.items[index as usize];
            if item.kind == ItemKind::Other && item.name.is_empty() {
                item.span.end = span.end;
                item.header = item.span;
                item.body = Span::new(span.end, span.end);
                return index;
            }
        }
        self.push(
            ItemKind::Other,
            Span::new(span.start, span.start),
            span,
            parent,
        )
    }
}

/// The byte ranges to hand to tree-sitter's `set_included_ranges` so that it parses the selected
/// items in the right context, sorted and disjoint.
///
/// An item inside a function stands for the outermost function. For a method also the header of
/// its class is in the ranges, and in Rust the closing brace; for an item under `if` or `try` the
/// headers of all clauses. Python ranges are whole lines, because the grammar's scanner counts
/// indentation from a line break, and hold the comments after an item, because they decide where
/// the grammar ends a block.
pub fn regions(skeleton: &Skeleton, selected: &[ItemIndex], text: &str) -> Vec<Span> {
    regions_with(skeleton, selected, &[], text)
}

/// As [`regions`], with some statements beside the items, such as imports, without their context.
pub fn regions_with(
    skeleton: &Skeleton,
    selected: &[ItemIndex],
    statements: &[Span],
    text: &str,
) -> Vec<Span> {
    let mut spans = Vec::with_capacity(selected.len() * 2 + statements.len());
    spans.extend(statements.iter().map(|&span| match skeleton.layout {
        Layout::Lines => Span::new(line_start(span.start, text), line_end(span.end, text)),
        Layout::Braces => span,
    }));
    let mut visited = vec![false; skeleton.items.len()];
    let whole_above = outermost_whole(skeleton);
    for &index in selected {
        let root = whole_above[index as usize].unwrap_or(index);
        spans.push(whole(skeleton, root, text));
        for container in skeleton.ancestors(root) {
            if std::mem::replace(&mut visited[container as usize], true) {
                break;
            }
            push_context(skeleton, container, text, &mut spans);
        }
    }
    merge(spans, text)
}

/// For each item, the outermost item around it, or itself, that is taken whole or not at all.
fn outermost_whole(skeleton: &Skeleton) -> Vec<Option<ItemIndex>> {
    let mut found: Vec<Option<ItemIndex>> = Vec::with_capacity(skeleton.items.len());
    for (index, item) in skeleton.items.iter().enumerate() {
        let above = item.parent.and_then(|parent| found[parent as usize]);
        let own = (!item.kind.is_container()).then_some(index as ItemIndex);
        found.push(above.or(own));
    }
    found
}

fn whole(skeleton: &Skeleton, index: ItemIndex, text: &str) -> Span {
    let item = &skeleton.items[index as usize];
    if skeleton.layout == Layout::Braces {
        return item.span;
    }
    let next = skeleton.items.get(item.end as usize);
    let end = next.map_or(text.len() as u32, |next| line_start(next.span.start, text));
    Span::new(line_start(item.span.start, text), end)
}

/// What of a container must be seen when some of its children are.
fn push_context(skeleton: &Skeleton, index: ItemIndex, text: &str, spans: &mut Vec<Span>) {
    let item = &skeleton.items[index as usize];
    if skeleton.layout == Layout::Braces {
        spans.push(item.header);
        spans.push(Span::new(item.span.end - 1, item.span.end));
        return;
    }
    spans.push(header_lines(item, text));
    if item.kind == ItemKind::Block {
        let children = skeleton
            .children(index)
            .map(|child| &skeleton.items[child as usize]);
        let clauses = children.filter(|child| child.kind == ItemKind::Clause);
        spans.extend(clauses.map(|clause| header_lines(clause, text)));
    }
}

fn header_lines(item: &Item, text: &str) -> Span {
    let last = if item.inline {
        item.body.end
    } else {
        item.header.end
    };
    Span::new(line_start(item.span.start, text), line_end(last, text))
}

fn line_end(offset: u32, text: &str) -> u32 {
    let rest = &text.as_bytes()[offset as usize..];
    memchr::memchr(b'\n', rest).map_or(text.len() as u32, |at| offset + at as u32 + 1)
}

fn line_start(offset: u32, text: &str) -> u32 {
    memchr::memrchr(b'\n', &text.as_bytes()[..offset as usize]).map_or(0, |at| at as u32 + 1)
}

/// Sorts, and joins ranges that touch, overlap or have only whitespace between them.
fn merge(mut spans: Vec<Span>, text: &str) -> Vec<Span> {
    spans.sort_unstable();
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end || is_blank(last.end, span.start, text) => {
                last.end = last.end.max(span.end);
            }
            _ => merged.push(span),
        }
    }
    merged
}

fn is_blank(start: u32, end: u32, text: &str) -> bool {
    let between = &text.as_bytes()[start as usize..end as usize];
    between
        .iter()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

/// A span from offsets that are known to fit: scanners refuse larger texts.
fn span(start: usize, end: usize) -> Span {
    Span::new(start as u32, end as u32)
}

/// Whether the byte can be part of an identifier; every non-ASCII byte counts.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Where the identifier that starts at `at` ends; `at` itself when there is none.
fn name_end(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at).is_none_or(|byte| byte.is_ascii_digit()) {
        return at;
    }
    at + bytes[at..]
        .iter()
        .take_while(|&&byte| is_name(byte))
        .count()
}
