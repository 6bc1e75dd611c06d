//! Ambiguity of the position automaton: words that lead from a state to itself in two ways.

use std::collections::VecDeque;
use std::hash::Hash;

use caveat_parser::source::Span;
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::automaton::{Automaton, Edge, Mask};

/// Most steps of all product searches over one automaton.
const MAX_WORK: usize = 120_000;
/// Most candidates of one component.
const MAX_PER_COMPONENT: usize = 4;
/// Most candidates in all.
const MAX_CANDIDATES: usize = 12;
/// Longest pump.
const MAX_PUMP: usize = 60;
/// Most states of a component whose pairs are tried for polynomial ambiguity.
const MAX_STATES: usize = 10;

/// A word to repeat, and what leads to it; symbols of the automaton.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// From the start to the state.
    pub prefix: Vec<u8>,
    /// Around the state.
    pub pump: Vec<u8>,
    /// The repetition in the pattern.
    pub span: Span,
}

/// Candidates for exponential cost, and whether the search was complete.
pub fn exponential(automaton: &Automaton) -> (Vec<Candidate>, bool) {
    let graph = Graph::new(automaton);
    let mut work = MAX_WORK;
    let mut found = Vec::new();
    for component in &graph.components {
        graph.parallel_edges(component, &mut found);
        graph.double_loops(component, &mut found, &mut work);
        if found.len() >= MAX_CANDIDATES || work == 0 {
            break;
        }
    }
    found.truncate(MAX_CANDIDATES);
    (found, work > 0)
}

/// Candidates for polynomial cost of a match at one place, and whether the search was complete.
pub fn polynomial(automaton: &Automaton) -> (Vec<Candidate>, bool) {
    let graph = Graph::new(automaton);
    let mut work = MAX_WORK;
    let mut found = Vec::new();
    for from in &graph.components {
        for to in &graph.components {
            let apart = from[0] != to[0] && graph.union(from) & graph.union(to) != 0;
            if apart && found.len() < MAX_CANDIDATES && work > 0 {
                graph.linked_loops(from, to, &mut found, &mut work);
            }
        }
    }
    (found, work > 0)
}

/// Candidates for polynomial cost by trying every start: words that loop at a state and also
/// lead to it from the start.
pub fn restarts(automaton: &Automaton) -> Vec<Candidate> {
    let graph = Graph::new(automaton);
    let mut work = MAX_WORK;
    let mut found = Vec::new();
    for component in &graph.components {
        for &state in component.iter().take(MAX_STATES) {
            let pump = graph.restart(component, state, &mut work);
            found.extend(pump.and_then(|pump| graph.candidate_after(Vec::new(), pump, component)));
        }
        if found.len() >= MAX_CANDIDATES {
            break;
        }
    }
    found
}

struct Graph<'a> {
    automaton: &'a Automaton,
    /// Component of each position.
    component_of: Vec<u32>,
    /// Positions of each component that has a loop.
    components: Vec<Vec<u32>>,
    /// How the shortest path from the start enters each position: from where.
    entered: Vec<Option<u32>>,
}

/// A pair of different states, and the common state it was reached from.
#[derive(Clone, Copy)]
struct Pair {
    start: u32,
    pair: (u32, u32),
}

/// A state of a product, and how it was reached.
#[derive(Clone, Copy)]
struct Step<K> {
    /// Index of the step before; `None` at the first.
    before: Option<u32>,
    key: K,
    symbol: u8,
}

impl<'a> Graph<'a> {
    fn new(automaton: &'a Automaton) -> Self {
        let component_of = components(automaton);
        let count = component_of
            .iter()
            .map(|c| *c as usize + 1)
            .max()
            .unwrap_or(0);
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); count];
        for (position, component) in component_of.iter().enumerate() {
            members[*component as usize].push(position as u32);
        }
        let loops = |m: &Vec<u32>| {
            m.len() > 1 || automaton.follow[m[0] as usize].iter().any(|e| e.to == m[0])
        };
        members.retain(|m| !m.is_empty() && loops(m));
        members.sort_unstable();
        let entered = shortest_from_start(automaton);
        Graph {
            automaton,
            component_of,
            components: members,
            entered,
        }
    }

    fn mask(&self, state: u32) -> Mask {
        self.automaton.masks[state as usize]
    }

    fn union(&self, states: &[u32]) -> Mask {
        states.iter().fold(0, |m, &s| m | self.mask(s))
    }

    fn follow(&self, state: u32) -> &'a [Edge] {
        &self.automaton.follow[state as usize]
    }

    fn within(&self, state: u32, component: u32) -> impl Iterator<Item = Edge> {
        let inside = move |e: &&Edge| self.component_of[e.to as usize] == component;
        self.follow(state).iter().filter(inside).copied()
    }

    /// The outermost repetition around all the states; it is the one that ties them together.
    fn span(&self, states: &[u32]) -> Span {
        let (low, high) = (states[0], states[states.len() - 1]);
        let around = |l: &&super::super::automaton::Loop| l.start <= low && high < l.end;
        self.automaton
            .loops
            .iter()
            .rev()
            .find(around)
            .map_or(Span::default(), |l| l.span)
    }

    /// The shortest word from the start to the state.
    fn prefix(&self, state: u32) -> Option<Vec<u8>> {
        let mut word = Vec::new();
        let mut at = Some(state);
        while let Some(state) = at {
            if self.mask(state) == 0 || word.len() > self.automaton.masks.len() {
                return None;
            }
            word.push(symbol(self.mask(state)));
            at = self.entered[state as usize];
        }
        word.reverse();
        Some(word)
    }

    fn candidate(&self, state: u32, pump: Vec<u8>, component: &[u32]) -> Option<Candidate> {
        self.candidate_after(self.prefix(state)?, pump, component)
    }

    fn candidate_after(
        &self,
        prefix: Vec<u8>,
        pump: Vec<u8>,
        component: &[u32],
    ) -> Option<Candidate> {
        let sensible = !pump.is_empty() && pump.len() <= MAX_PUMP;
        sensible.then(|| Candidate {
            prefix,
            pump,
            span: self.span(component),
        })
    }

    /// The shortest word from one state to another of the same component, empty for the same.
    fn path(&self, from: u32, to: u32) -> Vec<u8> {
        let component = self.component_of[from as usize];
        let mut before: FxHashMap<u32, u32> = FxHashMap::default();
        let mut queue = VecDeque::from([from]);
        while let Some(state) = queue.pop_front() {
            if state == to {
                break;
            }
            for edge in self.within(state, component) {
                if edge.to != from && !before.contains_key(&edge.to) {
                    before.insert(edge.to, state);
                    queue.push_back(edge.to);
                }
            }
        }
        let mut word = Vec::new();
        let mut at = to;
        while at != from {
            word.push(symbol(self.mask(at)));
            let Some(&previous) = before.get(&at) else {
                break;
            };
            at = previous;
        }
        word.reverse();
        word
    }

    /// Edges inside the component with several ways.
    fn parallel_edges(&self, component: &[u32], found: &mut Vec<Candidate>) {
        let id = self.component_of[component[0] as usize];
        let edges = component
            .iter()
            .flat_map(|&p| self.within(p, id).map(move |e| (p, e)));
        for (from, edge) in edges
            .filter(|(_, e)| e.ways > 1)
            .take(MAX_PER_COMPONENT / 2)
        {
            let mut pump = vec![symbol(self.mask(edge.to))];
            pump.extend(self.path(edge.to, from));
            found.extend(self.candidate(from, pump, component));
        }
    }

    /// Two different paths over one word from a state to a state, found in the square of the
    /// component: from the diagonal, off it, and back to it.
    fn double_loops(&self, component: &[u32], found: &mut Vec<Candidate>, work: &mut usize) {
        let mut steps = self.pairs_off_diagonal(component, work);
        let mut seen: FxHashSet<(u32, u32)> = steps.iter().map(|s| s.key.pair).collect();
        let enough = found.len() + MAX_PER_COMPONENT;
        let mut at = 0;
        while at < steps.len() && found.len() < enough && *work > 0 {
            let Pair { start, pair } = steps[at].key;
            for (pair, mask) in self.pairs_after(pair, component, work) {
                let step = Step {
                    before: Some(at as u32),
                    key: Pair { start, pair },
                    symbol: symbol(mask),
                };
                if pair.0 == pair.1 {
                    let word = word(&steps, step);
                    // A state with the same successors is as good a start, without a way back.
                    let same = self.follow(pair.0) == self.follow(start);
                    let shorter = same.then(|| self.candidate(pair.0, word.clone(), component));
                    found.extend(shorter.flatten());
                    let pump = [word, self.path(pair.0, start)].concat();
                    found.extend(self.candidate(start, pump, component));
                } else if seen.insert(pair) {
                    steps.push(step);
                }
            }
            at += 1;
        }
        found.truncate(enough);
    }

    /// Pairs one step after a pair, within the component, with the symbols that lead there.
    fn pairs_after(
        &self,
        (x, y): (u32, u32),
        component: &[u32],
        work: &mut usize,
    ) -> Vec<((u32, u32), Mask)> {
        let id = self.component_of[component[0] as usize];
        let mut pairs = Vec::new();
        for a in self.within(x, id) {
            for b in self.within(y, id) {
                *work = work.saturating_sub(1);
                let mask = self.mask(a.to) & self.mask(b.to);
                if mask != 0 {
                    pairs.push(((a.to.min(b.to), a.to.max(b.to)), mask));
                }
            }
        }
        pairs
    }

    /// Pairs of different states one step from a common state, each once, with that state.
    fn pairs_off_diagonal(&self, component: &[u32], work: &mut usize) -> Vec<Step<Pair>> {
        let mut lists: FxHashSet<&[Edge]> = FxHashSet::default();
        let mut seen: FxHashSet<(u32, u32)> = FxHashSet::default();
        let mut steps = Vec::new();
        for &start in component {
            // States at the end of one loop share their successors; one of them is enough.
            if *work == 0 || !lists.insert(self.follow(start)) {
                continue;
            }
            for (pair, mask) in self.pairs_after((start, start), component, work) {
                if pair.0 != pair.1 && seen.insert(pair) {
                    steps.push(Step {
                        before: None,
                        key: Pair { start, pair },
                        symbol: symbol(mask),
                    });
                }
            }
        }
        steps
    }

    /// A word that loops at a state of `from`, loops at a state of `to`, and leads from the one
    /// to the other: a path in the cube from (p, p, q) to (p, q, q).
    fn linked_loops(&self, from: &[u32], to: &[u32], found: &mut Vec<Candidate>, work: &mut usize) {
        let pairs = from.iter().take(MAX_STATES);
        let pairs = pairs.flat_map(|&p| to.iter().take(MAX_STATES).map(move |&q| (p, q)));
        for (p, q) in pairs {
            if let Some(pump) = self.cube_path(p, q, work) {
                let span = self.span(from).start;
                found.extend(self.candidate(p, pump, to).map(|mut c| {
                    c.span.start = c.span.start.min(span);
                    c
                }));
                return;
            }
        }
    }

    fn cube_path(&self, p: u32, q: u32, work: &mut usize) -> Option<Vec<u8>> {
        let (from, to) = (self.component_of[p as usize], self.component_of[q as usize]);
        shortest_word((p, p, q), (p, q, q), work, |(x, y, z), next| {
            for a in self.within(x, from) {
                for c in self.within(z, to) {
                    let outer = self.mask(a.to) & self.mask(c.to);
                    // A dead end counts as work too, so it is passed on.
                    let middle = if outer == 0 { &[][..] } else { self.follow(y) };
                    let keys = middle.iter().map(|b| (a.to, b.to, c.to));
                    next.extend(keys.map(|key| (key, outer & self.mask(key.1))));
                }
            }
        })
    }

    /// A word that loops at the state and leads to it from the start.
    fn restart(&self, component: &[u32], state: u32, work: &mut usize) -> Option<Vec<u8>> {
        let id = self.component_of[component[0] as usize];
        shortest_word((None, state), (Some(state), state), work, |(y, z), next| {
            let edges = y.map_or(self.automaton.first.as_slice(), |y| self.follow(y));
            for b in edges {
                for c in self.within(z, id) {
                    next.push(((Some(b.to), c.to), self.mask(b.to) & self.mask(c.to)));
                }
            }
        })
    }
}

/// Steps of one search for a word.
const MAX_LOCAL_WORK: usize = 4_000;

/// The shortest word, not empty, from one state of a product to another, breadth first.
/// `successors` gives the states one step on and the symbols that lead there.
fn shortest_word<K: Copy + Eq + Hash>(
    from: K,
    to: K,
    work: &mut usize,
    successors: impl Fn(K, &mut Vec<(K, Mask)>),
) -> Option<Vec<u8>> {
    let mut seen: FxHashSet<K> = FxHashSet::default();
    let mut steps: Vec<Step<K>> = Vec::new();
    let mut next = Vec::new();
    let (mut at, mut local) = (None, MAX_LOCAL_WORK);
    loop {
        let key = at.map_or(from, |i: u32| steps[i as usize].key);
        successors(key, &mut next);
        local = local.saturating_sub(next.len());
        *work = work.saturating_sub(next.len());
        if local == 0 || *work == 0 {
            return None;
        }
        for (key, mask) in next.drain(..).filter(|n| n.1 != 0) {
            let step = Step {
                before: at,
                key,
                symbol: symbol(mask),
            };
            if key == to {
                return Some(word(&steps, step));
            }
            if seen.insert(key) {
                steps.push(step);
            }
        }
        let following = at.map_or(0, |i| i + 1);
        at = ((following as usize) < steps.len()).then_some(following);
        at?;
    }
}

/// The most readable symbol of a set; 0 for the empty set.
fn symbol(mask: Mask) -> u8 {
    if mask == 0 {
        0
    } else {
        mask.trailing_zeros() as u8
    }
}

/// The symbols along the steps up to and including the last.
fn word<K: Copy>(steps: &[Step<K>], last: Step<K>) -> Vec<u8> {
    let mut word = vec![last.symbol];
    let mut before = last.before;
    while let Some(i) = before {
        word.push(steps[i as usize].symbol);
        before = steps[i as usize].before;
    }
    word.reverse();
    word
}

/// For each position, the position before it on a shortest path from the start.
fn shortest_from_start(automaton: &Automaton) -> Vec<Option<u32>> {
    let mut entered = vec![None; automaton.masks.len()];
    let mut seen = vec![false; automaton.masks.len()];
    let mut queue = VecDeque::new();
    let mut visit = |from: Option<u32>, edges: &[Edge], queue: &mut VecDeque<u32>| {
        for edge in edges {
            let to = edge.to as usize;
            if !seen[to] && automaton.masks[to] != 0 {
                seen[to] = true;
                entered[to] = from;
                queue.push_back(edge.to);
            }
        }
    };
    visit(None, &automaton.first, &mut queue);
    while let Some(state) = queue.pop_front() {
        visit(Some(state), &automaton.follow[state as usize], &mut queue);
    }
    entered
}

/// Strongly connected components, by Tarjan's algorithm without recursion.
fn components(automaton: &Automaton) -> Vec<u32> {
    const NEW: u32 = u32::MAX;
    let count = automaton.masks.len();
    let mut component = vec![NEW; count];
    let (mut index, mut low) = (vec![NEW; count], vec![0; count]);
    let (mut stack, mut next_index, mut next_component) = (Vec::new(), 0, 0);
    for root in 0..count {
        let mut calls: Vec<(usize, usize)> = if index[root] == NEW {
            vec![(root, 0)]
        } else {
            vec![]
        };
        while let Some((state, edge)) = calls.pop() {
            if edge == 0 {
                index[state] = next_index;
                low[state] = next_index;
                next_index += 1;
                stack.push(state);
            }
            let edges = &automaton.follow[state];
            if edge > 0 {
                low[state] = low[state].min(low[edges[edge - 1].to as usize]);
            }
            let mut i = edge;
            let descend = loop {
                let Some(e) = edges.get(i) else { break None };
                let to = e.to as usize;
                i += 1;
                if index[to] == NEW {
                    break Some(to);
                }
                if component[to] == NEW {
                    low[state] = low[state].min(index[to]);
                }
            };
            if let Some(to) = descend {
                calls.push((state, i));
                calls.push((to, 0));
                continue;
            }
            if low[state] == index[state] {
                while let Some(member) = stack.pop() {
                    component[member] = next_component;
                    if member == state {
                        break;
                    }
                }
                next_component += 1;
            }
        }
    }
    component
}
