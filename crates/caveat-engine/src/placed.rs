//! Ranges by place, so that formulas join what nests without comparing everything with
//! everything: a file may hold a hundred thousand matches of one pattern.
//!
//! It knows where ranges lie and nothing of what they mean.

use caveat_parser::Span;
use rustc_hash::FxHashMap;

use crate::formula::Range;

/// Ranges around one place that are looked at, innermost first. Nothing that people write is
/// nested as deeply.
const MOST_AROUND: usize = 256;

/// Ranges without duplicates, in the order in which they came.
#[derive(Default)]
pub struct Distinct {
    /// The ranges.
    pub ranges: Vec<Range>,
    by_span: FxHashMap<Span, Vec<u32>>,
}

impl Distinct {
    /// Adds a range unless one of the same span is the `same`.
    pub fn add(&mut self, range: Range, same: impl Fn(&Range, &Range) -> bool) {
        let known = self.by_span.entry(range.span).or_default();
        let is_same = |&at: &u32| same(&self.ranges[at as usize], &range);
        if !known.iter().any(is_same) {
            known.push(self.ranges.len() as u32);
            self.ranges.push(range);
        }
    }
}

/// Ranges that can be asked for those around or in a span.
pub struct Placed {
    ranges: Vec<Range>,
    /// Indices by start, longest first.
    order: Vec<u32>,
    /// A tree over `order`: the greatest end below each node; the leaves are its second half.
    ends: Vec<u32>,
}

impl Placed {
    /// Orders the ranges.
    pub fn new(ranges: Vec<Range>) -> Self {
        let mut order: Vec<u32> = (0..ranges.len() as u32).collect();
        let span = |at: &u32| ranges[*at as usize].span;
        order.sort_by_key(|at| (span(at).start, std::cmp::Reverse(span(at).end)));
        let leaves = order.len().next_power_of_two();
        let mut ends = vec![0; leaves * 2];
        for (slot, at) in ends[leaves..].iter_mut().zip(&order) {
            *slot = span(at).end;
        }
        for node in (1..leaves).rev() {
            ends[node] = ends[node * 2].max(ends[node * 2 + 1]);
        }
        Placed {
            ranges,
            order,
            ends,
        }
    }

    /// Ranges that contain the span, in the order in which they were given.
    pub fn around(&self, span: Span) -> Vec<&Range> {
        self.given(self.containing(span))
    }

    /// Ranges that contain the span or lie in it, in the order in which they were given.
    pub fn nested(&self, span: Span) -> Vec<&Range> {
        let mut found = self.containing(span);
        let from = self.first_after(|start| start < span.start);
        let to = self.first_after(|start| start <= span.end);
        let inside = self.order[from..to].iter().copied();
        found.extend(inside.filter(|&at| span.contains(self.ranges[at as usize].span)));
        self.given(found)
    }

    fn given(&self, mut found: Vec<u32>) -> Vec<&Range> {
        found.sort_unstable();
        found.dedup();
        found.iter().map(|&at| &self.ranges[at as usize]).collect()
    }

    /// How many ranges, in order, have a start of which `before` holds.
    fn first_after(&self, before: impl Fn(u32) -> bool) -> usize {
        self.order
            .partition_point(|&at| before(self.ranges[at as usize].span.start))
    }

    /// The last ranges by start that contain the span.
    fn containing(&self, span: Span) -> Vec<u32> {
        let mut to = self.first_after(|start| start <= span.start);
        let mut found = Vec::new();
        while found.len() < MOST_AROUND
            && let Some(last) = self.last_ending(to, span.end)
        {
            found.push(self.order[last]);
            to = last;
        }
        found
    }

    /// The last of the first `count` ranges that ends at `end` or behind it.
    fn last_ending(&self, count: usize, end: u32) -> Option<usize> {
        if count == 0 {
            return None;
        }
        let leaves = self.ends.len() / 2;
        let mut node = leaves + count;
        if count == leaves {
            node = 1;
        } else {
            // Up, until what lies to the left of here holds one.
            while node.is_multiple_of(2) || self.ends[node - 1] < end {
                node /= 2;
                if node <= 1 {
                    return None;
                }
            }
            node -= 1;
        }
        if self.ends[node] < end {
            return None;
        }
        // Down to the last of it.
        while node < leaves {
            node = node * 2 + usize::from(self.ends[node * 2 + 1] >= end);
        }
        Some(node - leaves)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use caveat_parser::NodeId;
    use proptest::prelude::*;

    fn range((start, length): (u32, u32)) -> Range {
        Range {
            span: Span::new(start, start + length),
            node: NodeId::ROOT,
            env: Default::default(),
            with: Vec::new(),
        }
    }

    proptest! {
        /// Answers are those of a look at every range.
        #[test]
        fn as_if_all_were_compared(
            spans in prop::collection::vec((0u32..30, 0u32..12), 0..40),
            asked in (0u32..30, 0u32..12),
        ) {
            let all: Vec<Range> = spans.into_iter().map(range).collect();
            let span = range(asked).span;
            let placed = Placed::new(all.clone());
            let around = |one: &&Range| one.span.contains(span);
            let nested = |one: &&Range| one.span.contains(span) || span.contains(one.span);
            prop_assert_eq!(placed.around(span), all.iter().filter(around).collect::<Vec<_>>());
            prop_assert_eq!(placed.nested(span), all.iter().filter(nested).collect::<Vec<_>>());
        }
    }
}
