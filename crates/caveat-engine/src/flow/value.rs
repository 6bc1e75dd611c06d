//! Abstract values: what is known of a value at one point of a program.
//!
//! A value says four things side by side: which constants it can be, which objects of the heap,
//! which functions, classes and types, and whose data is in it with what is known of that data.
//! Everything is cheap to clone and to compare; a join never grows without bound.

use std::cmp::Ordering;
use std::sync::Arc;

use caveat_parser::link::FileId;
use caveat_parser::{Constant, Span, ir};
use rustc_hash::FxHasher;

use super::guard::Test;
use crate::model::{Fact, FactSet, SourceKind};
use crate::rule::Confidence;

/// Constants that a value is told apart by; more are any value.
pub const MOST_CONSTANTS: usize = 8;
/// Origins of data in one value; more are dropped and reported.
pub const MOST_ORIGINS: usize = 12;
/// Functions, classes and types of one value; more are no longer told apart.
const MOST_THINGS: usize = 6;
/// Objects that one value can be.
pub const MOST_REFS: usize = 8;
/// Longest known prefix, in bytes.
const LONGEST_PREFIX: usize = 256;

/// A function of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionRef {
    /// Its file.
    pub file: FileId,
    /// Its index in the file's unit.
    pub id: ir::FunctionId,
}

/// A class of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassRef {
    /// Its file.
    pub file: FileId,
    /// Its index in the file's unit.
    pub id: ir::ClassId,
}

/// An object on the heap of a state, by where it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub u64);

/// Identity of a value: two places with the same identity hold the same value, so what a guard
/// finds out of one holds for the other. Zero is no identity.
pub type Identity = u64;

/// Mixes numbers into one that stands for all of them.
pub fn mix(parts: &[u64]) -> u64 {
    use std::hash::Hasher;
    let mut hasher = FxHasher::default();
    for part in parts {
        hasher.write_u64(*part);
    }
    hasher.finish() | 1
}

/// A key under which an object holds a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// An attribute.
    Field(Arc<str>),
    /// An element by position, or by an integer key.
    Item(i64),
    /// An element by a text key.
    Text(Arc<str>),
}

impl Key {
    /// The key that a constant is, if elements are told apart by it.
    pub fn from_constant(value: &Constant) -> Option<Key> {
        match value {
            Constant::Int(value) => i64::try_from(*value).ok().map(Key::Item),
            Constant::Str(text) | Constant::Bytes(text) => Some(Key::Text(text.as_str().into())),
            Constant::Bool(value) => Some(Key::Item(i64::from(*value))),
            _ => None,
        }
    }
}

/// The part of a parameter that a symbolic value is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// Number of the parameter.
    pub param: u16,
    /// Steps from there.
    pub path: Arc<[Key]>,
}

impl Part {
    /// The identity of whatever is passed there.
    pub fn identity(&self) -> Identity {
        use std::hash::{Hash, Hasher};
        let mut hasher = FxHasher::default();
        self.hash(&mut hasher);
        mix(&[0x7061_7274, hasher.finish()])
    }
}

/// Where data comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A source in the code.
    Source(Arc<Source>),
    /// Whatever the caller passes.
    Param(Part),
}

/// A source in the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// File.
    pub file: FileId,
    /// The expression that gives the data.
    pub span: Span,
    /// What the data is.
    pub kind: SourceKind,
    /// What is known of it from the start.
    pub facts: FactSet,
    /// Best confidence of findings from there.
    pub confidence: Confidence,
}

impl Origin {
    fn order(&self) -> (u8, u32, u32, u32, u16, &[Key]) {
        match self {
            Origin::Source(it) => (
                0,
                it.file.0,
                it.span.start,
                it.kind as u32 | it.span.end << 8,
                0,
                &[],
            ),
            Origin::Param(part) => (1, 0, 0, 0, part.param, &part.path),
        }
    }
}

impl PartialOrd for Origin {
    fn partial_cmp(&self, other: &Origin) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Origin {
    fn cmp(&self, other: &Origin) -> Ordering {
        self.order().cmp(&other.order())
    }
}

/// Characters that are known not to be in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Absent(u16);

/// The characters that facts are made of.
const WATCHED: &[u8] = b"'\"\n\r/\\<>&.`-;:";
/// The bit for the sequence `..` as a part of a path.
const PARENT: u16 = 1 << 15;

impl Absent {
    /// Nothing is known to be absent.
    pub const NONE: Absent = Absent(0);

    /// The watched characters that `allowed` refuses.
    pub fn where_not(allowed: impl Fn(char) -> bool) -> Absent {
        let refused = |at: &usize| !allowed(WATCHED[*at] as char);
        let bits = (0..WATCHED.len()).filter(refused).map(|at| 1 << at);
        Absent(bits.sum())
    }

    /// No way up in a path: no `..` that is a part of it.
    pub const WAY_UP: Absent = Absent(PARENT);

    /// Whether a path cannot go up by it.
    pub fn has_no_way_up(self) -> bool {
        self.0 & PARENT != 0 || self.has(&['.']) || self.has(&['/', '\\'])
    }

    /// Whether that character is known to be absent.
    pub fn lacks(self, character: char) -> bool {
        let one = Absent::one(character);
        one.0 != 0 && self.0 & one.0 == one.0
    }

    /// Just that character, if it is watched.
    pub fn one(character: char) -> Absent {
        let at = WATCHED.iter().position(|&it| it as char == character);
        at.map_or(Absent::NONE, |at| Absent(1 << at))
    }

    /// Absent by one or the other.
    #[must_use]
    pub fn union(self, other: Absent) -> Absent {
        Absent(self.0 | other.0)
    }

    /// Absent by both.
    #[must_use]
    pub fn intersection(self, other: Absent) -> Absent {
        Absent(self.0 & other.0)
    }

    fn has(self, characters: &[char]) -> bool {
        let all = characters.iter().map(|&it| Absent::one(it).0).sum::<u16>();
        self.0 & all == all
    }

    /// The facts that follow.
    pub fn facts(self) -> FactSet {
        let rules: [(&[char], Fact); 5] = [
            (&['\'', '"'], Fact::NoQuote),
            (&['\n', '\r'], Fact::NoNewline),
            (&['/', '\\'], Fact::NoSeparator),
            (&['<', '>', '&', '"', '\''], Fact::HtmlEscaped),
            (&['-'], Fact::NoLeadingDash),
        ];
        let held = rules.iter().filter(|(characters, _)| self.has(characters));
        held.map(|(_, fact)| *fact).collect()
    }
}

/// Data of one origin in a value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it comes from.
    pub origin: Origin,
    /// What was found out about it on the way.
    pub gained: FactSet,
    /// What is no longer known of it.
    pub lost: FactSet,
    /// Characters that are not in it.
    pub absent: Absent,
    /// Steps on the way that were guessed: calls that nothing is known of.
    pub guesses: u8,
    /// How it came here, the last step first; not part of what the entry is.
    pub via: Option<Arc<Via>>,
}

/// One step of the way that data took.
#[derive(Debug, Clone)]
pub struct Via {
    /// File.
    pub file: FileId,
    /// Place.
    pub span: Span,
    /// What happens there.
    pub what: What,
    /// The step before.
    pub before: Option<Arc<Via>>,
}

/// What happens at a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The data appears.
    Source,
    /// It is kept under a name.
    Named(Arc<str>),
    /// It becomes part of a text.
    Built,
    /// It is passed to a function of the project.
    Passed(Arc<str>),
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.origin == other.origin
            && self.gained == other.gained
            && self.lost == other.lost
            && self.absent == other.absent
            && self.guesses == other.guesses
    }
}

impl Entry {
    /// Data as it comes from there.
    pub fn new(origin: Origin) -> Entry {
        Entry {
            origin,
            gained: FactSet::EMPTY,
            lost: FactSet::EMPTY,
            absent: Absent::NONE,
            guesses: 0,
            via: None,
        }
    }

    /// All that is known of the data, as far as the function can tell.
    pub fn facts(&self) -> FactSet {
        let start = match &self.origin {
            Origin::Source(source) => source.facts,
            Origin::Param(_) => FactSet::EMPTY,
        };
        start
            .difference(self.lost)
            .union(self.gained)
            .union(self.absent.facts())
    }

    /// The entry after something was found out and something else was lost, in this order: first
    /// the loss.
    #[must_use]
    pub fn changed(&self, gained: FactSet, lost: FactSet) -> Entry {
        let mut entry = self.clone();
        entry.lost = entry.lost.union(lost);
        entry.gained = entry.gained.difference(lost).union(gained);
        if lost == FactSet::ALL {
            entry.absent = Absent::NONE;
        }
        entry
    }

    /// What happened to this data inside a callee, for data that the caller has.
    #[must_use]
    pub fn after(&self, outer: &Entry) -> Entry {
        let mut entry = outer.changed(self.gained, self.lost);
        entry.absent = entry.absent.union(self.absent);
        entry.guesses = entry.guesses.saturating_add(self.guesses);
        entry.via = chain(self.via.as_ref(), outer.via.clone());
        entry
    }

    fn join(&self, other: &Entry) -> Entry {
        Entry {
            origin: self.origin.clone(),
            gained: self.gained.intersection(other.gained),
            lost: self.lost.union(other.lost),
            absent: self.absent.intersection(other.absent),
            guesses: match self.gained == other.gained {
                true => self.guesses.min(other.guesses),
                // The way that makes it harmful may be the guessed one.
                false => self.guesses.max(other.guesses),
            },
            via: self.via.clone(),
        }
    }
}

/// Longest way that is kept.
const LONGEST_WAY: usize = 24;

/// The steps of `inner` after those of `outer`.
fn chain(inner: Option<&Arc<Via>>, outer: Option<Arc<Via>>) -> Option<Arc<Via>> {
    let steps: Vec<&Arc<Via>> = std::iter::successors(inner, |via| via.before.as_ref())
        .take(LONGEST_WAY)
        .collect();
    steps.into_iter().rev().fold(outer, |before, via| {
        Some(Arc::new(Via {
            before,
            what: via.what.clone(),
            ..**via
        }))
    })
}

/// Whose data is in a value, sorted by origin.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Taint(Option<Arc<Vec<Entry>>>);

impl Taint {
    /// Nobody's.
    pub const NONE: Taint = Taint(None);

    /// Of these entries.
    pub fn new(mut entries: Vec<Entry>) -> Taint {
        entries.sort_by(|a, b| a.origin.cmp(&b.origin));
        entries.dedup_by(|later, first| {
            let same = later.origin == first.origin;
            if same {
                *first = first.join(later);
            }
            same
        });
        entries.truncate(MOST_ORIGINS);
        match entries.is_empty() {
            true => Taint::NONE,
            false => Taint(Some(Arc::new(entries))),
        }
    }

    /// The entries in order of origin.
    pub fn entries(&self) -> &[Entry] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Data of one or the other.
    #[must_use]
    pub fn join(&self, other: &Taint) -> Taint {
        match (&self.0, &other.0) {
            (_, None) => self.clone(),
            (None, _) => other.clone(),
            (Some(a), Some(b)) if Arc::ptr_eq(a, b) || a == b => self.clone(),
            (Some(a), Some(b)) => Taint::new(a.iter().chain(b.iter()).cloned().collect()),
        }
    }

    /// Each entry changed.
    #[must_use]
    pub fn map(&self, change: impl FnMut(&Entry) -> Entry) -> Taint {
        match &self.0 {
            None => Taint::NONE,
            Some(entries) => Taint(Some(Arc::new(entries.iter().map(change).collect()))),
        }
    }

    /// The data after something was found out and something was lost.
    #[must_use]
    pub fn changed(&self, gained: FactSet, lost: FactSet) -> Taint {
        match gained.is_empty() && lost.is_empty() {
            true => self.clone(),
            false => self.map(|entry| entry.changed(gained, lost)),
        }
    }

    /// The data after a step.
    #[must_use]
    pub fn stepped(&self, file: FileId, span: Span, what: &What) -> Taint {
        self.map(|entry| {
            let mut entry = entry.clone();
            let same = |via: &Arc<Via>| via.span == span && via.file == file;
            if !entry.via.as_ref().is_some_and(same) {
                entry.via = Some(Arc::new(Via {
                    file,
                    span,
                    what: what.clone(),
                    before: entry.via.take(),
                }));
            }
            entry
        })
    }
}

/// Which constants a value can be.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Known {
    /// None: there is no value here (yet).
    #[default]
    Nothing,
    /// One of these and nothing else.
    OneOf(Arc<[Constant]>),
    /// Anything.
    Any,
}

impl Known {
    fn join(&self, other: &Known) -> Known {
        match (self, other) {
            (Known::Nothing, it) | (it, Known::Nothing) => it.clone(),
            (Known::OneOf(a), Known::OneOf(b)) => {
                if a == b {
                    return self.clone();
                }
                let mut all: Vec<Constant> = a.to_vec();
                all.extend(b.iter().filter(|it| !a.contains(it)).cloned());
                Known::of(all)
            }
            _ => Known::Any,
        }
    }

    /// One of these; any if there are too many.
    pub fn of(constants: Vec<Constant>) -> Known {
        match constants.len() > MOST_CONSTANTS {
            true => Known::Any,
            false => Known::OneOf(constants.into()),
        }
    }
}

/// A function, class, module or type that a value is or has.
#[derive(Debug, Clone, PartialEq)]
pub enum Thing {
    /// A function of the project, with the values it captured and the receiver it is bound to.
    Function {
        /// Which.
        function: FunctionRef,
        /// What it captured.
        captured: Arc<[Value]>,
        /// Its receiver.
        receiver: Option<Arc<Value>>,
    },
    /// A class of the project.
    Class(ClassRef),
    /// An instance of a class of the project, wherever it was made.
    Of(ClassRef),
    /// `super()` inside a method of that class, with the receiver.
    Super(ClassRef, Arc<Value>),
    /// A file of the project.
    Module(FileId),
    /// Something from outside by its name: a module, function, class, constant.
    Name(Arc<str>),
    /// A value of a type from outside.
    Instance(Arc<str>),
    /// A method of a receiver that is not of the project.
    Method(Arc<Value>, Arc<str>),
}

/// What is known of a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Value {
    /// Its identity.
    pub identity: Identity,
    /// Constants it can be.
    pub known: Known,
    /// What its text begins with.
    pub prefix: Option<Arc<str>>,
    /// Whose data is in it.
    pub taint: Taint,
    /// Objects it can be.
    pub refs: Vec<ObjectId>,
    /// Functions, classes and types it can be or have.
    pub things: Vec<Thing>,
    /// The part of a parameter that it is, untouched.
    pub part: Option<Part>,
    /// What it says of other values if it is true or false.
    pub test: Option<Arc<Test>>,
    /// The value it was taken from, and what is known of that one if this one is allowed.
    pub aspect: Option<(Identity, Fact)>,
}

impl Value {
    /// Anything at all, of nobody.
    pub fn any() -> Value {
        Value {
            known: Known::Any,
            ..Value::default()
        }
    }

    /// A constant.
    pub fn constant(value: Constant) -> Value {
        Value {
            known: Known::OneOf([value].into()),
            ..Value::default()
        }
    }

    /// One of some constants.
    pub fn constants(values: Vec<Constant>) -> Value {
        Value {
            known: Known::of(values),
            ..Value::default()
        }
    }

    /// Data and nothing else known.
    pub fn tainted(taint: Taint) -> Value {
        Value {
            known: Known::Any,
            taint,
            ..Value::default()
        }
    }

    /// An object.
    pub fn object(id: ObjectId) -> Value {
        Value {
            known: Known::Any,
            refs: vec![id],
            ..Value::default()
        }
    }

    /// A function, class or type.
    pub fn thing(thing: Thing) -> Value {
        Value {
            known: Known::Any,
            things: vec![thing],
            ..Value::default()
        }
    }

    /// A value of a type from outside.
    pub fn instance(of: &str) -> Value {
        Value::thing(Thing::Instance(of.into()))
    }

    /// Whether there is no value: the place was not assigned yet.
    pub fn is_nothing(&self) -> bool {
        self.known == Known::Nothing
    }

    /// The constants it can be, if it can be nothing else.
    pub fn known_constants(&self) -> Option<&[Constant]> {
        match &self.known {
            Known::OneOf(values) => Some(values),
            _ => None,
        }
    }

    /// The constant it is.
    pub fn known_constant(&self) -> Option<&Constant> {
        match self.known_constants()? {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The text it is.
    pub fn text(&self) -> Option<&str> {
        self.known_constant()?.text()
    }

    /// What its text begins with, as far as it is known; all of it for a constant.
    pub fn known_prefix(&self) -> Option<Arc<str>> {
        match self.known_constants() {
            Some(values) => common_prefix(values),
            None => self.prefix.clone(),
        }
    }

    /// This value or that one.
    #[must_use]
    pub fn join(&self, other: &Value) -> Value {
        if self == other || other.is_nothing() {
            return self.clone();
        }
        if self.is_nothing() {
            return other.clone();
        }
        let known = self.known.join(&other.known);
        let prefix = match known {
            Known::Any => shared_prefix(self.known_prefix(), other.known_prefix()),
            _ => None,
        };
        Value {
            identity: if self.identity == other.identity {
                self.identity
            } else {
                0
            },
            known,
            prefix,
            taint: self.taint.join(&other.taint),
            refs: joined_refs(&self.refs, &other.refs),
            things: joined_things(&self.things, &other.things),
            part: if self.part == other.part {
                self.part.clone()
            } else {
                None
            },
            test: if self.test == other.test {
                self.test.clone()
            } else {
                joined_tests(self, other)
            },
            aspect: self.aspect.filter(|it| Some(*it) == other.aspect),
        }
    }

    /// The value with more data in it.
    #[must_use]
    pub fn with_taint(mut self, taint: &Taint) -> Value {
        if !taint.is_empty() {
            self.taint = self.taint.join(taint);
            self.known = Known::Any;
        }
        self
    }

    /// A value that other values are compared with no more: identity and tests are its own.
    #[must_use]
    pub fn anonymous(mut self) -> Value {
        self.identity = 0;
        self.part = None;
        self.test = None;
        self
    }
}

fn joined_refs(a: &[ObjectId], b: &[ObjectId]) -> Vec<ObjectId> {
    let mut all = a.to_vec();
    all.extend(b.iter().filter(|id| !a.contains(id)));
    all.sort_unstable();
    all.truncate(MOST_REFS);
    all
}

fn joined_things(a: &[Thing], b: &[Thing]) -> Vec<Thing> {
    let mut all = a.to_vec();
    for thing in b {
        if !all.contains(thing) && all.len() < MOST_THINGS {
            all.push(thing.clone());
        }
    }
    all
}

fn common_prefix(values: &[Constant]) -> Option<Arc<str>> {
    let mut texts = values.iter().map(Constant::text);
    let first: Arc<str> = clipped(texts.next()??);
    texts.try_fold(first, |prefix, text| {
        shared_prefix(Some(prefix), Some(clipped(text?)))
    })
}

fn shared_prefix(a: Option<Arc<str>>, b: Option<Arc<str>>) -> Option<Arc<str>> {
    let (a, b) = (a?, b?);
    if a == b {
        return Some(a);
    }
    let pairs = a.char_indices().zip(b.chars());
    let end = pairs
        .take_while(|((_, x), y)| x == y)
        .map(|((at, x), _)| at + x.len_utf8())
        .last()?;
    Some(a[..end].into())
}

/// A text of bounded length.
pub fn clipped(text: &str) -> Arc<str> {
    let mut end = text.len().min(LONGEST_PREFIX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].into()
}

/// What either of two values says when it is true: that of the one, where the other is surely
/// false (`a and b`).
fn joined_tests(a: &Value, b: &Value) -> Option<Arc<Test>> {
    let is_false = |value: &Value| {
        let constants = value.known_constants();
        constants.is_some_and(|it| it.iter().all(|it| !super::constant::truth(it)))
    };
    match (is_false(a), is_false(b)) {
        (true, false) => b.test.as_ref()?.when_true(),
        (false, true) => a.test.as_ref()?.when_true(),
        _ => None,
    }
}
