//! The position automaton of an expression, with the number of ways along each edge.
//!
//! States are the places in the expression that consume a character (Glushkov's construction);
//! an edge has two ways when the engine has two distinct empty paths between its ends, as around
//! `(a*)*`. Empty iterations are counted as CPython runs them: at most one, and it ends the loop.
//!
//! The automaton over-approximates: assertions and back-references are empty, look-behind is
//! ignored, atomic groups give back, large counted repetitions loop. Whoever finds something in
//! it verifies the finding by running the engine's algorithm (`backtrack`).

use caveat_parser::source::Span;
use rustc_hash::FxHashMap;

use super::charset::CharSet;
use super::syntax::{Kind, Node};

/// Most positions of an automaton.
const MAX_POSITIONS: usize = 700;
/// Most edges, parallel ones counted apart.
const MAX_EDGES: usize = 30_000;
/// A counted repetition up to this many times is written out.
const MAX_COPIES: u32 = 8;
/// Mandatory copies are written out as long as they need no more positions than this.
const MAX_COPIED_POSITIONS: u32 = 64;

/// A set of symbols, one bit each.
pub type Mask = u128;

/// Why there is no automaton: the expression is over a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

/// An edge to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// Where to.
    pub to: u32,
    /// Number of empty paths: 1, or 2 for several.
    pub ways: u8,
}

/// A repetition without a bound.
#[derive(Debug, Clone, Copy)]
pub struct Loop {
    /// Its bytes in the pattern.
    pub span: Span,
    /// Its first position.
    pub start: u32,
    /// One past its last position.
    pub end: u32,
}

/// The automaton.
#[derive(Debug)]
pub struct Automaton {
    /// One character for each class of characters the expression cannot tell apart, the most
    /// readable first. Characters of the same class behave alike.
    pub symbols: Vec<char>,
    /// Symbols each position consumes.
    pub masks: Vec<Mask>,
    /// Edges from each position, sorted.
    pub follow: Vec<Vec<Edge>>,
    /// Edges from the start.
    pub first: Vec<Edge>,
    /// Repetitions, inner before outer.
    pub loops: Vec<Loop>,
}

impl Automaton {
    /// Builds the automaton of a simplified expression.
    pub fn new(root: &Node) -> Result<Automaton, TooLarge> {
        let mut sets = Sets::default();
        sets.collect(root);
        let (symbols, masks) = sets.symbols().ok_or(TooLarge)?;
        let mut builder = Builder {
            set_ids: sets.ids,
            set_masks: masks,
            masks: Vec::new(),
            follow: Vec::new(),
            loops: Vec::new(),
            edges: 0,
        };
        let fragment = builder.node(root)?;
        let mut follow = builder.follow;
        follow.iter_mut().for_each(merge_parallel);
        let mut first = fragment.first;
        merge_parallel(&mut first);
        Ok(Automaton {
            symbols,
            masks: builder.masks,
            follow,
            first,
            loops: builder.loops,
        })
    }
}

fn merge_parallel(edges: &mut Vec<Edge>) {
    edges.sort_unstable();
    edges.dedup_by(|next, kept| {
        let parallel = next.to == kept.to;
        if parallel {
            kept.ways = 2;
        }
        parallel
    });
}

/// The distinct sets of an expression.
#[derive(Default)]
struct Sets<'a> {
    ids: FxHashMap<&'a CharSet, usize>,
    sets: Vec<&'a CharSet>,
}

impl<'a> Sets<'a> {
    fn collect(&mut self, node: &'a Node) {
        if let Kind::Char(set, _) = &node.kind {
            let next = self.sets.len();
            if *self.ids.entry(set).or_insert(next) == next {
                self.sets.push(set);
            }
        }
        node.children()
            .into_iter()
            .for_each(|child| self.collect(child));
    }

    /// Characters by the sets they are in: a representative of each class, and the classes that
    /// make up each set. `None` when there are more classes than bits.
    fn symbols(&self) -> Option<(Vec<char>, Vec<Mask>)> {
        let mut bounds: Vec<u32> = vec![0, 0x21, 0x7F];
        bounds.extend(
            self.sets
                .iter()
                .flat_map(|s| s.ranges())
                .flat_map(|r| [r.0, r.1 + 1]),
        );
        bounds.sort_unstable();
        bounds.dedup();
        let mut classes: FxHashMap<Vec<u64>, (u32, char)> = FxHashMap::default();
        for (i, &low) in bounds.iter().enumerate() {
            let high = bounds.get(i + 1).map_or(0x10_FFFF, |b| b - 1);
            let Some(best) = most_readable(low, high) else {
                continue;
            };
            let class = classes.entry(self.signature(low)).or_insert(best);
            *class = (*class).min(best);
        }
        let mut classes: Vec<(Vec<u64>, (u32, char))> = classes.into_iter().collect();
        classes.sort_unstable_by_key(|c| c.1);
        if classes.len() > Mask::BITS as usize {
            return None;
        }
        let mut masks = vec![0; self.sets.len()];
        for (bit, (signature, _)) in classes.iter().enumerate() {
            for (set, mask) in masks.iter_mut().enumerate() {
                *mask |= Mask::from(signature[set / 64] >> (set % 64) & 1) << bit;
            }
        }
        Some((classes.into_iter().map(|c| c.1.1).collect(), masks))
    }

    fn signature(&self, c: u32) -> Vec<u64> {
        let mut bits = vec![0; self.sets.len().div_ceil(64).max(1)];
        for (i, set) in self.sets.iter().enumerate() {
            bits[i / 64] |= u64::from(set.contains(c)) << (i % 64);
        }
        bits
    }
}

/// The character of a range that reads best, with its rank.
fn most_readable(low: u32, high: u32) -> Option<(u32, char)> {
    const ORDER: [(char, char); 6] = [
        ('a', 'z'),
        ('0', '9'),
        ('A', 'Z'),
        ('!', '~'),
        (' ', ' '),
        ('\0', '\x7F'),
    ];
    for (rank, (first, last)) in ORDER.into_iter().enumerate() {
        let c = low.max(first as u32);
        if c <= high.min(last as u32) {
            return char::from_u32(c).map(|c| (rank as u32 * 256 + c as u32, c));
        }
    }
    let c = if (0xD800..=0xDFFF).contains(&low) {
        0xE000
    } else {
        low
    };
    if c > high {
        None
    } else {
        char::from_u32(c).map(|ch| (10_000 + c, ch))
    }
}

/// A part of the automaton: how it is entered, passed and left.
#[derive(Default, Clone)]
struct Fragment {
    /// Ways through it that consume nothing, at most 2.
    empty: u8,
    first: Vec<Edge>,
    last: Vec<Edge>,
}

struct Builder<'a> {
    set_ids: FxHashMap<&'a CharSet, usize>,
    set_masks: Vec<Mask>,
    masks: Vec<Mask>,
    follow: Vec<Vec<Edge>>,
    loops: Vec<Loop>,
    edges: usize,
}

impl<'a> Builder<'a> {
    fn node(&mut self, node: &'a Node) -> Result<Fragment, TooLarge> {
        match &node.kind {
            Kind::Empty | Kind::Assert(_) | Kind::Backref(_) => Ok(empty()),
            Kind::Char(set, _) => self.position(set),
            Kind::Group(body, _) => self.node(body),
            Kind::Concat(items) => items.iter().try_fold(empty(), |before, item| {
                let item = self.node(item)?;
                self.concat(before, item)
            }),
            Kind::Alt(branches) => branches
                .iter()
                .try_fold(Fragment::default(), |before, branch| {
                    Ok(either(before, self.node(branch)?))
                }),
            Kind::Conditional { yes, no, .. } => Ok(either(self.node(yes)?, self.node(no)?)),
            Kind::Look {
                body, ahead: true, ..
            } => {
                let inside = self.node(body)?;
                Ok(Fragment {
                    empty: 1,
                    first: inside.first,
                    last: Vec::new(),
                })
            }
            Kind::Look { .. } => Ok(empty()),
            Kind::Repeat { body, min, max, .. } => self.repeat(node.span, body, *min, *max),
        }
    }

    fn position(&mut self, set: &'a CharSet) -> Result<Fragment, TooLarge> {
        let to = self.masks.len();
        if to == MAX_POSITIONS {
            return Err(TooLarge);
        }
        self.masks.push(self.set_masks[self.set_ids[set]]);
        self.follow.push(Vec::new());
        let edge = Edge {
            to: to as u32,
            ways: 1,
        };
        Ok(Fragment {
            empty: 0,
            first: vec![edge],
            last: vec![edge],
        })
    }

    fn connect(&mut self, last: &[Edge], first: &[Edge]) -> Result<(), TooLarge> {
        self.edges += last.len() * first.len();
        if self.edges > MAX_EDGES {
            return Err(TooLarge);
        }
        for from in last {
            let edges = first.iter().map(|e| Edge {
                to: e.to,
                ways: times(from.ways, e.ways),
            });
            self.follow[from.to as usize].extend(edges);
        }
        Ok(())
    }

    fn concat(&mut self, a: Fragment, b: Fragment) -> Result<Fragment, TooLarge> {
        self.connect(&a.last, &b.first)?;
        let mut first = a.first;
        first.extend(scaled(&b.first, a.empty));
        let mut last = b.last;
        last.extend(scaled(&a.last, b.empty));
        Ok(Fragment {
            empty: times(a.empty, b.empty),
            first,
            last,
        })
    }

    fn repeat(
        &mut self,
        span: Span,
        body: &'a Node,
        min: u32,
        max: Option<u32>,
    ) -> Result<Fragment, TooLarge> {
        let before = self.masks.len();
        let written_out = max.filter(|m| *m <= MAX_COPIES);
        if written_out == Some(0) {
            return Ok(empty());
        }
        let mut whole = empty();
        let mut copies = 0;
        let mandatory = if written_out.is_some() {
            min
        } else {
            min.saturating_sub(1)
        };
        while copies < mandatory {
            let copy = self.node(body)?;
            whole = self.concat(whole, copy)?;
            copies += 1;
            if (self.masks.len() - before) as u32 >= MAX_COPIED_POSITIONS {
                break;
            }
        }
        let rest = match written_out {
            Some(max) => self.optional_copies(body, max - copies)?,
            None => self.unbounded(span, body, min == 0)?,
        };
        self.concat(whole, rest)
    }

    /// `(X(X(X)?)?)?`, to the given depth.
    fn optional_copies(&mut self, body: &'a Node, depth: u32) -> Result<Fragment, TooLarge> {
        let mut inner = empty();
        for _ in 0..depth {
            let copy = self.node(body)?;
            inner = self.concat(copy, inner)?;
            inner.empty = (inner.empty + 1).min(2);
        }
        Ok(inner)
    }

    fn unbounded(
        &mut self,
        span: Span,
        body: &'a Node,
        optional: bool,
    ) -> Result<Fragment, TooLarge> {
        let start = self.masks.len() as u32;
        let mut inside = self.node(body)?;
        self.loops.push(Loop {
            span,
            start,
            end: self.masks.len() as u32,
        });
        self.connect(&inside.last, &inside.first)?;
        // A last, empty iteration is one more way out.
        if inside.empty > 0 {
            inside.last = scaled(&inside.last, 2).collect();
        }
        inside.empty = if optional {
            (inside.empty + 1).min(2)
        } else {
            inside.empty
        };
        Ok(inside)
    }
}

fn empty() -> Fragment {
    Fragment {
        empty: 1,
        ..Fragment::default()
    }
}

fn either(mut a: Fragment, b: Fragment) -> Fragment {
    a.empty = (a.empty + b.empty).min(2);
    a.first.extend(b.first);
    a.last.extend(b.last);
    a
}

fn times(a: u8, b: u8) -> u8 {
    (a * b).min(2)
}

fn scaled(edges: &[Edge], ways: u8) -> impl Iterator<Item = Edge> {
    let kept = if ways == 0 { &[][..] } else { edges };
    kept.iter().map(move |e| Edge {
        to: e.to,
        ways: times(e.ways, ways),
    })
}
