//! Which parts of a file must be parsed: the items in which some rule's trigger holds, and what
//! is needed to understand names in them.
//!
//! The selection must never change a finding. Where that cannot be promised (runs of statements
//! at the top of a file, checks that look at the whole file) the whole file is parsed; a test
//! compares both ways over real code.

use std::cell::RefCell;
use std::rc::Rc;

use caveat_parser::Span;
use caveat_parser::skeleton::{self, ItemIndex, ItemKind, Skeleton};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::ruleset::Program;
use crate::trigger::{Hits, NumberedClause, Triggers};

/// What to parse.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    /// Everything.
    Whole,
    /// These ranges, in order.
    Regions(Vec<Span>),
    /// Nothing: no item can matter.
    Nothing,
}

/// More selected text than this share of the file is not worth the trouble.
const WORTHWHILE: f64 = 0.8;
/// How often the names that selected items mention are followed.
const ROUNDS: usize = 3;
/// Other names of one literal in one file that are looked for.
const MOST_ALIASES: usize = 100;

/// Chooses what to parse for programs whose trigger holds in the file.
pub fn plan(
    skeleton: &Skeleton,
    text: &str,
    programs: &[(usize, &Program)],
    triggers: &Triggers,
    hits: &Hits,
) -> Plan {
    let code = programs.iter().filter(|(_, program)| program.needs_tree);
    if !skeleton.complete || code.clone().any(|(_, program)| program.whole_file) {
        return Plan::Whole;
    }
    let mut selector = Selector::new(skeleton, text, triggers, hits);
    for &(at, program) in code {
        for conjunction in triggers.alternatives(at) {
            if !Triggers::all_hold(conjunction, hits) {
                continue;
            }
            let local: Vec<&NumberedClause> =
                conjunction.iter().filter(|clause| clause.local).collect();
            if local.is_empty() || selector.is_lost(&local) {
                return Plan::Whole;
            }
            selector.select(&local, program);
        }
    }
    selector.finish()
}

struct Selector<'s> {
    skeleton: &'s Skeleton,
    text: &'s str,
    triggers: &'s Triggers,
    hits: &'s Hits,
    selected: FxHashSet<ItemIndex>,
    /// Other names of literals in this file: `from hashlib import md5 as m`.
    aliases: FxHashMap<&'s str, Vec<&'s str>>,
    /// Values and names of bindings at the top of the file and in classes: a literal in the value
    /// may matter wherever the name stands.
    bindings: Vec<(Span, &'s str)>,
    /// Other names of the literals that were asked for.
    known_aliases: RefCell<FxHashMap<u32, Rc<[&'s str]>>>,
}

impl<'s> Selector<'s> {
    fn new(skeleton: &'s Skeleton, text: &'s str, triggers: &'s Triggers, hits: &'s Hits) -> Self {
        let mut aliases: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
        for import in &skeleton.imports {
            if let Some(alias) = import.alias
                && let Some(last) = skeleton.path(import).last()
            {
                aliases
                    .entry(last.text(text))
                    .or_default()
                    .push(alias.text(text));
            }
        }
        let mut bindings = Vec::new();
        for item in &skeleton.items {
            if item.kind != ItemKind::Binding {
                continue;
            }
            bindings.push((item.body, item.name.text(text)));
        }
        Selector {
            skeleton,
            text,
            triggers,
            hits,
            selected: FxHashSet::default(),
            aliases,
            bindings,
            known_aliases: RefCell::default(),
        }
    }

    /// Whether the literals have so many other names that to look for them costs more than to
    /// parse everything.
    fn is_lost(&self, clauses: &[&NumberedClause]) -> bool {
        let mut literals = clauses.iter().flat_map(|clause| &clause.any);
        literals.any(|&literal| self.aliases_of(literal).len() > MOST_ALIASES)
    }

    /// Selects the units in which all clauses hold.
    fn select(&mut self, clauses: &[&NumberedClause], program: &Program) {
        let rarest = clauses.iter().min_by_key(|clause| self.occurrences(clause));
        let Some(rarest) = rarest else { return };
        let mut offsets: Vec<u32> = Vec::new();
        for &literal in &rarest.any {
            offsets.extend(self.hits.of(literal));
            offsets.extend(self.alias_offsets(literal));
        }
        offsets.sort_unstable();
        let mut last: Option<Span> = None;
        let mut module_seen = false;
        for offset in offsets {
            if last.is_some_and(|span| span.start <= offset && offset < span.end) {
                continue;
            }
            let Some(unit) = self.unit(offset, program.needs_class) else {
                continue;
            };
            if program.needs_module && self.is_module_level(unit) {
                if !std::mem::replace(&mut module_seen, true) {
                    self.select_module(clauses);
                }
                continue;
            }
            let span = self.skeleton.items[unit as usize].span;
            last = Some(span);
            if clauses.iter().all(|clause| self.holds(clause, span)) {
                self.selected.insert(unit);
            }
        }
    }

    /// Whether the item is made of statements at the top of the file.
    fn is_module_level(&self, unit: ItemIndex) -> bool {
        let statements = |at: ItemIndex| {
            matches!(
                self.skeleton.items[at as usize].kind,
                ItemKind::Other | ItemKind::Binding | ItemKind::Block | ItemKind::Clause
            )
        };
        statements(unit) && self.skeleton.ancestors(unit).all(statements)
    }

    /// Selects all statements at the top of the file if the clauses hold among them.
    fn select_module(&mut self, clauses: &[&NumberedClause]) {
        let items = &self.skeleton.items;
        let units: Vec<ItemIndex> = (0..items.len() as ItemIndex)
            .filter(|&at| items[at as usize].parent.is_none() && self.is_module_level(at))
            .collect();
        let span = |at: ItemIndex| items[at as usize].span;
        let holds = |clause: &&NumberedClause| units.iter().any(|&at| self.holds(clause, span(at)));
        if clauses.iter().all(holds) {
            self.selected.extend(units);
        }
    }

    fn occurrences(&self, clause: &NumberedClause) -> usize {
        clause
            .any
            .iter()
            .map(|&literal| self.hits.of(literal).len())
            .sum()
    }

    fn holds(&self, clause: &NumberedClause, span: Span) -> bool {
        clause.any.iter().any(|&literal| {
            self.hits.inside(literal, span)
                || self
                    .aliases_of(literal)
                    .iter()
                    .any(|alias| span.text(self.text).contains(alias))
        })
    }

    fn aliases_of(&self, literal: u32) -> Rc<[&'s str]> {
        if let Some(known) = self.known_aliases.borrow().get(&literal) {
            return Rc::clone(known);
        }
        let text = self.triggers.text(literal);
        let mut found = self.aliases.get(text).cloned().unwrap_or_default();
        let holds = |(value, _): &&(Span, &'s str)| self.hits.inside(literal, *value);
        found.extend(self.bindings.iter().filter(holds).map(|(_, name)| *name));
        found.sort_unstable();
        found.dedup();
        let found: Rc<[&str]> = found.into();
        let mut known = self.known_aliases.borrow_mut();
        known.insert(literal, Rc::clone(&found));
        found
    }

    fn alias_offsets(&self, literal: u32) -> Vec<u32> {
        let aliases = self.aliases_of(literal);
        aliases
            .iter()
            .flat_map(|alias| self.text.match_indices(alias).map(|(at, _)| at as u32))
            .collect()
    }

    /// The item around an offset that is parsed as a whole.
    fn unit(&self, offset: u32, needs_class: bool) -> Option<ItemIndex> {
        let items = &self.skeleton.items;
        let first_after = items.partition_point(|item| item.span.start <= offset);
        let mut at = first_after.checked_sub(1)? as ItemIndex;
        while items[at as usize].span.end <= offset {
            at = items[at as usize].parent?;
        }
        // A function inside a function belongs to the outermost; a hit in a header or between
        // members means the whole container.
        let mut unit = at;
        for above in self.skeleton.ancestors(at) {
            let kind = items[above as usize].kind;
            let takes = match kind {
                ItemKind::Function | ItemKind::Macro => true,
                ItemKind::Block | ItemKind::Clause => {
                    matches!(items[at as usize].kind, ItemKind::Block | ItemKind::Clause)
                }
                ItemKind::Class => needs_class,
                _ => false,
            };
            if takes {
                unit = above;
            }
        }
        Some(unit)
    }

    fn finish(mut self) -> Plan {
        if self.selected.is_empty() {
            return Plan::Nothing;
        }
        self.add_mentioned();
        let mut selected: Vec<ItemIndex> = Vec::new();
        for &unit in &self.selected {
            let item = &self.skeleton.items[unit as usize];
            // Containers are chosen with all that is in them.
            selected.extend((unit..item.end).filter(|&below| {
                below == unit || self.skeleton.items[below as usize].parent.is_some()
            }));
        }
        selected.sort_unstable();
        let imports: Vec<Span> = self
            .skeleton
            .imports
            .iter()
            .filter(|import| import.item.is_none())
            .map(|import| import.statement)
            .collect();
        let regions = skeleton::regions_with(self.skeleton, &selected, &imports, self.text);
        let bytes: u32 = regions.iter().map(|span| span.len()).sum();
        if f64::from(bytes) > self.text.len() as f64 * WORTHWHILE {
            return Plan::Whole;
        }
        Plan::Regions(regions)
    }

    /// Adds bindings of modules and classes whose names the selected items mention.
    fn add_mentioned(&mut self) {
        let mut bindings: FxHashMap<&str, Vec<ItemIndex>> = FxHashMap::default();
        for (at, item) in self.skeleton.items.iter().enumerate() {
            if item.kind == ItemKind::Binding {
                bindings
                    .entry(item.name.text(self.text))
                    .or_default()
                    .push(at as ItemIndex);
            }
        }
        if bindings.is_empty() {
            return;
        }
        let mut fresh: Vec<ItemIndex> = self.selected.iter().copied().collect();
        for _ in 0..ROUNDS {
            let mut found: Vec<ItemIndex> = Vec::new();
            for &unit in &fresh {
                let text = self.skeleton.items[unit as usize].span.text(self.text);
                for word in words(text) {
                    // The first mention adds all; the next one has nothing to add.
                    for binding in bindings.remove(word).into_iter().flatten() {
                        if self.selected.insert(binding) {
                            found.push(binding);
                        }
                    }
                }
            }
            if found.is_empty() {
                return;
            }
            fresh = found;
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}
