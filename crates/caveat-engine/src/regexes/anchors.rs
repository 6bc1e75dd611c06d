//! Where a pattern is held to the text: at its start, at its end, or only in some branches.
//!
//! Facts, not problems: whether a missing anchor matters depends on what the program does with
//! the answer.

use caveat_parser::source::Span;

use super::Usage;
use super::syntax::{Assertion, Kind, Node, Regex};

/// How the end of a match is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Not at all.
    Free,
    /// At the end of any line: `$` with MULTILINE.
    Line,
    /// At the end, or before a final line feed: `$` of Python.
    BeforeNewline,
    /// At the end: `\Z`, `fullmatch`.
    Text,
}

/// How the start of a match is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Begin {
    /// Not at all.
    Free,
    /// At the start of any line: `^` with MULTILINE.
    Line,
    /// At the start: `^`, `\A`, `match`.
    Text,
}

/// How a pattern is anchored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchors {
    /// The start, the loosest branch counting.
    pub begin: Begin,
    /// The end, the loosest branch counting.
    pub end: End,
    /// Branches written at the top of the pattern that lack an anchor which another branch has,
    /// as both in `^a|b$`: the alternation binds looser than the anchors.
    pub uneven_branches: Vec<Span>,
    /// It reads like a description of a whole value: it starts or ends with an anchor, its
    /// branches do not begin or end with `.*`, and it repeats some class of characters.
    pub whole_value: bool,
}

/// The anchors of a pattern as it is used.
pub fn anchors(regex: &Regex, usage: Usage) -> Anchors {
    let written = (begin(&regex.root), end(&regex.root));
    let (mut begin, mut end) = written;
    if matches!(usage, Usage::Match | Usage::FullMatch) {
        begin = Begin::Text;
    }
    if usage == Usage::FullMatch {
        end = End::Text;
    }
    let anchored = begin != Begin::Free || end != End::Free;
    let open = starts_or_ends_with_anything(&regex.root);
    let whole_value = anchored && !open && regex.root.any(&repeats_a_class);
    Anchors {
        begin,
        end,
        uneven_branches: uneven_branches(&regex.root),
        whole_value,
    }
}

fn begin(node: &Node) -> Begin {
    match &node.kind {
        Kind::Assert(Assertion::TextStart) => Begin::Text,
        Kind::Assert(Assertion::LineStart) => Begin::Line,
        // An assertion before the anchor moves nothing.
        Kind::Concat(items) => items
            .iter()
            .take_while(|n| n.width() == (0, Some(0)))
            .map(begin)
            .max()
            .unwrap_or(Begin::Free)
            .max(items.first().map_or(Begin::Free, begin)),
        Kind::Alt(branches) => branches.iter().map(begin).min().unwrap_or(Begin::Free),
        Kind::Group(body, _)
        | Kind::Look {
            body,
            ahead: true,
            negative: false,
        } => begin(body),
        _ => Begin::Free,
    }
}

fn end(node: &Node) -> End {
    match &node.kind {
        Kind::Assert(Assertion::TextEnd) => End::Text,
        Kind::Assert(Assertion::TextEndOrNewline) => End::BeforeNewline,
        Kind::Assert(Assertion::LineEnd) => End::Line,
        Kind::Concat(items) => {
            let items = items.iter().rev();
            items
                .clone()
                .take_while(|n| n.width() == (0, Some(0)))
                .map(end)
                .max()
                .unwrap_or(End::Free)
                .max(items.clone().next().map_or(End::Free, end))
        }
        Kind::Alt(branches) => branches.iter().map(end).min().unwrap_or(End::Free),
        Kind::Group(body, _)
        | Kind::Look {
            body,
            ahead: true,
            negative: false,
        } => end(body),
        _ => End::Free,
    }
}

fn uneven_branches(root: &Node) -> Vec<Span> {
    let Kind::Alt(branches) = &root.kind else {
        return Vec::new();
    };
    let begins = branches.iter().any(|b| begin(b) != Begin::Free);
    let ends = branches.iter().any(|b| end(b) != End::Free);
    let lacks = |b: &&Node| (begins && begin(b) == Begin::Free) || (ends && end(b) == End::Free);
    branches.iter().filter(lacks).map(|b| b.span).collect()
}

/// Whether some branch begins or ends with `.*` or the like.
fn starts_or_ends_with_anything(node: &Node) -> bool {
    match &node.kind {
        Kind::Concat(items) => {
            let mut items = items.iter().filter(|n| !matches!(n.kind, Kind::Assert(_)));
            let first = items.next();
            first.is_some_and(starts_or_ends_with_anything)
                || items.next_back().is_some_and(starts_or_ends_with_anything)
        }
        Kind::Alt(branches) => branches.iter().any(starts_or_ends_with_anything),
        Kind::Group(body, _) => starts_or_ends_with_anything(body),
        Kind::Repeat {
            body, max: None, ..
        } => is_nearly_anything(body),
        _ => false,
    }
}

fn is_nearly_anything(node: &Node) -> bool {
    match &node.kind {
        Kind::Char(set, _) => ('!'..='~').all(|c| set.contains(c as u32)),
        Kind::Group(body, _) => is_nearly_anything(body),
        _ => false,
    }
}

fn repeats_a_class(node: &Node) -> bool {
    let Kind::Repeat { body, max, .. } = &node.kind else {
        return false;
    };
    let class =
        |n: &Node| matches!(&n.kind, Kind::Char(set, _) if set.ranges().iter().any(|r| r.1 > r.0));
    *max != Some(1) && body.any(&class)
}
