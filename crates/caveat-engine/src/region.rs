//! Which parts of a file must be parsed: the items in which some rule's trigger holds, and what
//! is needed to understand names in them.
//!
//! The selection must never change a finding. Where that cannot be promised (runs of statements
//! at the top of a file, checks that look at the whole file) the whole file is parsed; a test
//! compares both ways over real code.

use std::cell::RefCell;
use std::rc::Rc;

use caveat_parser::Span;
use caveat_parser::skeleton::{self, ImportKind, ItemIndex, ItemKind, Skeleton};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::finding::Parsed;
use crate::ruleset::Program;
use crate::trigger::{Active, Hits, NumberedClause, Reach, Triggers, is_word};

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

/// Chooses what to parse for programs whose trigger holds in the file, and says for which rules.
pub fn plan(
    skeleton: &Skeleton,
    text: &str,
    programs: &[(&Active, &Program)],
    triggers: &Triggers,
    hits: &Hits,
) -> (Plan, Vec<Parsed>) {
    let code = programs.iter().filter(|(_, program)| program.needs_tree);
    let whole = |rule: u32| {
        let bytes = text.len() as u32;
        (Plan::Whole, vec![Parsed { rule, bytes }])
    };
    if !skeleton.complete {
        return (Plan::Whole, Vec::new());
    }
    if let Some((_, program)) = code.clone().find(|(_, program)| program.whole_file) {
        return whole(program.rule);
    }
    let mut parsed = Vec::new();
    let mut selector = Selector::new(skeleton, text, triggers, hits);
    for (active, program) in code {
        for &conjunction in &active.conjunctions {
            let asked = Asked::new(triggers.clauses(conjunction));
            if asked.is_empty() || selector.is_lost(&asked) {
                return whole(program.rule);
            }
            selector.select(&asked, program);
        }
        let bytes = std::mem::take(&mut selector.fresh);
        if bytes > 0 {
            let rule = program.rule;
            parsed.push(Parsed { rule, bytes });
        }
    }
    (selector.finish(), parsed)
}

/// The clauses of a conjunction that must hold near the match.
struct Asked<'c> {
    /// Each anywhere in the item.
    item: Vec<&'c NumberedClause>,
    /// Each group within one statement of the item.
    statements: Vec<Vec<&'c NumberedClause>>,
}

impl<'c> Asked<'c> {
    fn new(clauses: &'c [NumberedClause]) -> Self {
        let mut item = Vec::new();
        let mut groups: Vec<(u32, Vec<&NumberedClause>)> = Vec::new();
        for clause in clauses {
            match clause.reach {
                Reach::File => {}
                Reach::Item => item.push(clause),
                Reach::Statement(number) => {
                    match groups.iter_mut().find(|(known, _)| *known == number) {
                        Some((_, group)) => group.push(clause),
                        None => groups.push((number, vec![clause])),
                    }
                }
            }
        }
        let statements = groups.into_iter().map(|(_, group)| group).collect();
        Asked { item, statements }
    }

    fn is_empty(&self) -> bool {
        self.all().all(|clause| clause.any.is_empty())
    }

    fn all(&self) -> impl Iterator<Item = &&'c NumberedClause> {
        self.item.iter().chain(self.statements.iter().flatten())
    }
}

struct Selector<'s> {
    skeleton: &'s Skeleton,
    text: &'s str,
    triggers: &'s Triggers,
    hits: &'s Hits,
    selected: FxHashSet<ItemIndex>,
    /// Bytes of units that were selected since this was last read.
    fresh: u32,
    /// Names that imports bind, by each part of the path: `from hashlib import md5 as m` makes `m`
    /// a name for both. The empty name, which is everywhere, stands for what a `*` imports.
    imported: FxHashMap<&'s str, Vec<&'s str>>,
    /// Values and names of bindings at the top of the file and in classes: a literal in the value
    /// may matter wherever the name stands.
    bindings: Vec<(Span, &'s str)>,
    /// Whether a stretch of text has a shape, once it was asked for.
    shapes: RefCell<FxHashMap<(u32, Span), bool>>,
    /// Other names of each literal, once they were asked for.
    aliases: RefCell<FxHashMap<u32, Rc<[&'s str]>>>,
}

impl<'s> Selector<'s> {
    fn new(skeleton: &'s Skeleton, text: &'s str, triggers: &'s Triggers, hits: &'s Hits) -> Self {
        let mut imported: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
        for import in &skeleton.imports {
            let path = skeleton.path(import);
            let name = match (import.alias, import.kind) {
                (Some(alias), _) => alias.text(text),
                (None, ImportKind::Glob) => "",
                (None, ImportKind::Name) => path.last().map_or("", |last| last.text(text)),
                // The path is written out where the module is used.
                (None, ImportKind::Module | ImportKind::Crate) => continue,
            };
            for segment in path.iter().map(|segment| segment.text(text)) {
                if segment != name {
                    imported.entry(segment).or_default().push(name);
                }
            }
        }
        let bindings = skeleton.items.iter();
        let bindings = bindings.filter(|item| item.kind == ItemKind::Binding);
        Selector {
            skeleton,
            text,
            triggers,
            hits,
            selected: FxHashSet::default(),
            fresh: 0,
            imported,
            bindings: bindings
                .map(|item| (item.body, item.name.text(text)))
                .collect(),
            aliases: RefCell::default(),
            shapes: RefCell::default(),
        }
    }

    /// Whether the literals have so many other names that to look for them costs more than to
    /// parse everything.
    fn is_lost(&self, asked: &Asked<'_>) -> bool {
        let mut literals = asked.all().flat_map(|clause| &clause.any);
        literals.any(|&literal| self.aliases_of(literal).len() > MOST_ALIASES)
    }

    /// Selects the units in which all clauses hold.
    fn select(&mut self, asked: &Asked<'_>, program: &Program) {
        let telling = asked.all().filter(|clause| !clause.any.is_empty());
        let rarest = telling.min_by_key(|clause| self.occurrences(clause));
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
                    self.select_module(asked);
                }
                continue;
            }
            let span = self.skeleton.items[unit as usize].span;
            last = Some(span);
            let promising = || {
                let text = span.text(self.text);
                program.glance.is_none_or(|glance| glance(text))
            };
            if !self.selected.contains(&unit) && self.all_hold(asked, &[span]) && promising() {
                self.selected.insert(unit);
                self.fresh += span.len();
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
    fn select_module(&mut self, asked: &Asked<'_>) {
        let items = &self.skeleton.items;
        let units: Vec<ItemIndex> = (0..items.len() as ItemIndex)
            .filter(|&at| items[at as usize].parent.is_none() && self.is_module_level(at))
            .collect();
        let spans: Vec<Span> = units.iter().map(|&at| items[at as usize].span).collect();
        if self.all_hold(asked, &spans) {
            for (unit, span) in units.into_iter().zip(spans) {
                if self.selected.insert(unit) {
                    self.fresh += span.len();
                }
            }
        }
    }

    fn occurrences(&self, clause: &NumberedClause) -> usize {
        let count = |&literal: &u32| match self.aliases_of(literal).contains(&"") {
            true => self.text.len(),
            false => self.hits.of(literal).len(),
        };
        clause.any.iter().map(count).sum()
    }

    /// Whether all clauses hold among the spans of some items; shapes are asked about last.
    fn all_hold(&self, asked: &Asked<'_>, spans: &[Span]) -> bool {
        let occurs = |clause: &&NumberedClause| spans.iter().any(|&it| self.occurs(clause, it));
        let group = |group: &Vec<&NumberedClause>| {
            let mut spans = spans.iter();
            spans.any(|&span| self.holds_in_statement(group, span))
        };
        let shape = |clause: &&NumberedClause| spans.iter().any(|&it| self.holds(clause, it));
        asked.all().all(occurs)
            && asked.statements.iter().all(group)
            && asked.item.iter().all(shape)
    }

    /// Whether a literal of the clause is in the item, or a name for it.
    fn occurs(&self, clause: &NumberedClause, item: Span) -> bool {
        clause.any.is_empty() || self.is_hit(clause, item) || self.is_named(clause, item)
    }

    /// As [`Self::occurs`], and the item has the clause's shape.
    fn holds(&self, clause: &NumberedClause, item: Span) -> bool {
        (clause.any.is_empty() || self.is_hit(clause, item)) && self.fits(clause, item)
            || self.is_named(clause, item)
    }

    fn is_hit(&self, clause: &NumberedClause, span: Span) -> bool {
        let mut literals = clause.any.iter();
        literals.any(|&literal| self.hits.inside(literal, span))
    }

    fn is_named(&self, clause: &NumberedClause, item: Span) -> bool {
        let text = item.text(self.text);
        let mut literals = clause.any.iter();
        literals.any(|&literal| mentions(text, &self.aliases_of(literal)))
    }

    /// Whether the text of an item or statement has the shape that the clause asks for.
    fn fits(&self, clause: &NumberedClause, span: Span) -> bool {
        let Some(shape) = clause.shape else {
            return true;
        };
        let known = self.shapes.borrow().get(&(shape, span)).copied();
        known.unwrap_or_else(|| {
            let fits = self.triggers.shape(shape).fits(span.text(self.text));
            self.shapes.borrow_mut().insert((shape, span), fits);
            fits
        })
    }

    /// Whether one statement of an item has what all clauses ask for, or names for it.
    fn holds_in_statement(&self, clauses: &[&NumberedClause], item: Span) -> bool {
        let simple = clauses.len() < 2 && clauses[0].shape.is_none();
        if simple || self.skeleton.statements.is_empty() {
            return clauses.iter().all(|clause| self.holds(clause, item));
        }
        let named: Vec<Vec<&str>> = clauses
            .iter()
            .map(|clause| self.names_for(clause, item))
            .collect();
        let places = (0..clauses.len())
            .filter(|&at| !named[at].contains(&""))
            .map(|at| self.places(clauses[at], &named[at], item))
            .min_by_key(Vec::len);
        // What a `*` imports can be anything.
        let Some(places) = places else {
            return true;
        };
        let mut statements = places
            .into_iter()
            .filter_map(|offset| self.skeleton.statement(offset));
        statements.any(|statement| {
            let here =
                |clause: &NumberedClause| clause.any.is_empty() || self.is_hit(clause, statement);
            let named = |at: usize| mentions(statement.text(self.text), &named[at]);
            let clauses = || clauses.iter().enumerate();
            clauses().all(|(at, clause)| here(clause) || named(at))
                && clauses()
                    .all(|(at, clause)| here(clause) && self.fits(clause, statement) || named(at))
        })
    }

    /// Where in an item a clause may hold, by itself or by a name.
    fn places(&self, clause: &NumberedClause, names: &[&str], item: Span) -> Vec<u32> {
        let literals = clause.any.iter();
        let hits = literals.flat_map(|&literal| self.hits.within(literal, item));
        let mut offsets: Vec<u32> = hits.copied().collect();
        let text = item.text(self.text);
        for name in names {
            offsets.extend(places_of(text, name).map(|at| item.start + at));
        }
        offsets
    }

    /// Names that may stand in an item for what a clause asks for.
    fn names_for(&self, clause: &NumberedClause, item: Span) -> Vec<&'s str> {
        let mut names: Vec<&str> = Vec::new();
        if clause.spelled {
            return names;
        }
        let mut offsets: Vec<u32> = Vec::new();
        for &literal in &clause.any {
            names.extend(self.aliases_of(literal).iter());
            let hits = self.hits.within(literal, item).iter();
            offsets.extend(hits);
        }
        let text = item.text(self.text);
        names.retain(|name| mentions(text, &[*name]));
        let mut followed = 0;
        for round in 0..ROUNDS {
            for offset in offsets.drain(..) {
                let Some(statement) = self.skeleton.statement(offset) else {
                    continue;
                };
                let mut assigned = Vec::new();
                add_assigned(statement.text(self.text), &mut assigned);
                if !assigned.is_empty() && (round > 0 || self.fits(clause, statement)) {
                    names.extend(
                        assigned
                            .into_iter()
                            .filter(|name| !names.contains(name))
                            .collect::<Vec<_>>(),
                    );
                }
            }
            // A name for a name: `a = b`.
            for name in names[followed..].iter().filter(|name| !name.is_empty()) {
                offsets.extend(places_of(text, name).map(|at| item.start + at));
            }
            followed = names.len();
        }
        names
    }

    /// Other names of a literal in the whole file.
    fn aliases_of(&self, literal: u32) -> Rc<[&'s str]> {
        if let Some(known) = self.aliases.borrow().get(&literal) {
            return Rc::clone(known);
        }
        let text = &self.triggers.literal(literal).text;
        let mut found = self
            .imported
            .get(text.as_str())
            .cloned()
            .unwrap_or_default();
        found.extend(self.hits.names_of(literal));
        if self.hits.present(literal) {
            let holds = |(value, _): &&(Span, &'s str)| self.hits.inside(literal, *value);
            found.extend(self.bindings.iter().filter(holds).map(|(_, name)| *name));
        }
        found.sort_unstable();
        found.dedup();
        let found: Rc<[&str]> = found.into();
        self.aliases.borrow_mut().insert(literal, Rc::clone(&found));
        found
    }

    fn alias_offsets(&self, literal: u32) -> Vec<u32> {
        let aliases = self.aliases_of(literal);
        if aliases.contains(&"") {
            let items = self.skeleton.items.iter();
            return items.map(|item| item.span.start).collect();
        }
        let places = aliases.iter().flat_map(|name| places_of(self.text, name));
        places.collect()
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

/// Whether one of the names occurs; the empty one does everywhere.
fn mentions(text: &str, names: &[&str]) -> bool {
    names
        .iter()
        .any(|name| name.is_empty() || places_of(text, name).next().is_some())
}

/// Offsets at which a name stands as a word.
fn places_of<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = u32> + 't {
    let bytes = text.as_bytes();
    let is_part = |byte: &u8| is_word(*byte);
    memchr::memmem::find_iter(bytes, name.as_bytes())
        .filter(move |&at| {
            let before = at.checked_sub(1).and_then(|at| bytes.get(at));
            !before.is_some_and(is_part) && !bytes.get(at + name.len()).is_some_and(is_part)
        })
        .map(|at| at as u32)
}

/// Adds the names that a statement may assign to: the words before its first `=`, unless an open
/// bracket shows that it belongs to an argument.
fn add_assigned<'s>(statement: &'s str, names: &mut Vec<&'s str>) {
    let Some(equals) = statement.find('=') else {
        return;
    };
    let before = &statement[..equals];
    let count = |bracket: char| before.matches(bracket).count();
    let is_argument = count('(') > count(')') && !before.ends_with(':');
    if is_argument {
        return;
    }
    for word in words(before) {
        if !names.contains(&word) {
            names.push(word);
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}
