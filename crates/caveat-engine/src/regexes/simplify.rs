//! The rewriting CPython does between parsing and compiling.
//!
//! It matters for the cost of matching: `(?:\w|_)*` becomes one class and is harmless, and
//! `(?:ab|ac)` becomes `a(?:b|c)`. Source: `_parse_sub` and `_parse` of `Lib/re/_parser.py`,
//! CPython 3.11. Groups that only group are dissolved for every engine, which changes nothing.

use super::charset::CharSet;
use super::syntax::{CharForm, Flavor, GroupKind, Kind, Node};

/// The expression as the engine compiles it.
pub fn simplify(node: &Node, flavor: Flavor) -> Node {
    let kind = match &node.kind {
        Kind::Group(body, GroupKind::Plain) => return simplify(body, flavor),
        Kind::Group(body, kind) => Kind::Group(Box::new(simplify(body, flavor)), *kind),
        Kind::Concat(items) => concat(items.iter().map(|n| simplify(n, flavor)).collect()),
        Kind::Alt(branches) => {
            let branches = branches.iter().map(|n| simplify(n, flavor)).collect();
            if flavor.is_python() {
                alternation(branches, node)
            } else {
                Kind::Alt(branches)
            }
        }
        Kind::Repeat {
            body,
            min,
            max,
            mode,
        } => {
            let body = Box::new(simplify(body, flavor));
            Kind::Repeat {
                body,
                min: *min,
                max: *max,
                mode: *mode,
            }
        }
        Kind::Look {
            body,
            ahead,
            negative,
        } => {
            let body = Box::new(simplify(body, flavor));
            Kind::Look {
                body,
                ahead: *ahead,
                negative: *negative,
            }
        }
        Kind::Conditional { group, yes, no } => {
            let (yes, no) = (
                Box::new(simplify(yes, flavor)),
                Box::new(simplify(no, flavor)),
            );
            Kind::Conditional {
                group: *group,
                yes,
                no,
            }
        }
        kind => kind.clone(),
    };
    Node {
        kind,
        span: node.span,
    }
}

/// A sequence whose parts that are sequences are taken apart.
fn concat(items: Vec<Node>) -> Kind {
    let mut flat = Vec::with_capacity(items.len());
    for item in items {
        match item.kind {
            Kind::Concat(inner) => flat.extend(inner),
            Kind::Empty => {}
            _ => flat.push(item),
        }
    }
    match flat.len() {
        0 => Kind::Empty,
        1 => flat.remove(0).kind,
        _ => Kind::Concat(flat),
    }
}

/// An alternation with the common start of its branches taken out and single characters merged.
fn alternation(branches: Vec<Node>, whole: &Node) -> Kind {
    let mut branches: Vec<Vec<Node>> = branches.into_iter().map(into_items).collect();
    let common = common_prefix(&branches);
    let mut items: Vec<Node> = branches[0][..common].to_vec();
    for branch in &mut branches {
        branch.drain(..common);
    }
    let rest = match merged(&branches) {
        Some(set) => Kind::Char(set, CharForm::Set),
        None => Kind::Alt(branches.into_iter().map(|b| sequence(b, whole)).collect()),
    };
    items.push(Node {
        kind: rest,
        span: whole.span,
    });
    concat(items)
}

fn into_items(node: Node) -> Vec<Node> {
    match node.kind {
        Kind::Concat(items) => items,
        Kind::Empty => Vec::new(),
        _ => vec![node],
    }
}

fn sequence(mut items: Vec<Node>, whole: &Node) -> Node {
    let (Some(first), Some(last)) = (items.first(), items.last()) else {
        return Node {
            kind: Kind::Empty,
            span: whole.span,
        };
    };
    let mut span = first.span;
    span.end = last.span.end.max(span.end);
    if items.len() == 1 {
        items.remove(0)
    } else {
        Node {
            kind: Kind::Concat(items),
            span,
        }
    }
}

fn common_prefix(branches: &[Vec<Node>]) -> usize {
    let (first, others) = branches.split_first().expect("an alternation has branches");
    let shared = |other: &Vec<Node>| {
        first
            .iter()
            .zip(other)
            .take_while(|(a, b)| same(a, b))
            .count()
    };
    others.iter().map(shared).min().unwrap_or(0)
}

/// The union, when every branch is one character that CPython would merge.
fn merged(branches: &[Vec<Node>]) -> Option<CharSet> {
    let mut ranges = Vec::new();
    for branch in branches {
        match branch.as_slice() {
            [
                Node {
                    kind: Kind::Char(set, CharForm::Literal | CharForm::Set),
                    ..
                },
            ] => {
                ranges.extend_from_slice(set.ranges());
            }
            _ => return None,
        }
    }
    Some(CharSet::from_ranges(ranges))
}

/// Whether two expressions are the same but for where they stand.
fn same(a: &Node, b: &Node) -> bool {
    match (&a.kind, &b.kind) {
        (Kind::Concat(x), Kind::Concat(y)) | (Kind::Alt(x), Kind::Alt(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(a, b)| same(a, b))
        }
        (
            Kind::Repeat {
                body: x,
                min: m,
                max: n,
                mode: o,
            },
            Kind::Repeat {
                body: y,
                min,
                max,
                mode,
            },
        ) => m == min && n == max && o == mode && same(x, y),
        (Kind::Group(x, k), Kind::Group(y, l)) => k == l && same(x, y),
        (
            Kind::Look {
                body: x,
                ahead: m,
                negative: n,
            },
            Kind::Look {
                body: y,
                ahead,
                negative,
            },
        ) => m == ahead && n == negative && same(x, y),
        (
            Kind::Conditional {
                group: g,
                yes: y1,
                no: n1,
            },
            Kind::Conditional {
                group,
                yes: y2,
                no: n2,
            },
        ) => g == group && same(y1, y2) && same(n1, n2),
        (x, y) => x == y,
    }
}
