//! Rows by the names in code: a call in a program must find the rows about it without a search.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Action, FactSet, Form, Model, Row, Target};

/// Number of a row in an [`Index`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(pub u32);

/// A row and that target of it which was found.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'m> {
    /// The row's number, for tables beside the index.
    pub id: RowId,
    /// The row.
    pub row: &'m Row,
    /// The alternative of the row.
    pub target: &'m Target,
}

/// Place of a target: row and number within the row.
type Position = (u32, u32);

/// The rows of several models of one language.
///
/// Paths are dotted, in every language, as the intermediate representation has them.
#[derive(Debug, Default)]
pub struct Index {
    rows: Vec<Row>,
    /// Names of rows' files, by row.
    files: Vec<u32>,
    file_names: Vec<String>,
    values: Paths<Position>,
    calls: Paths<Position>,
    stores: Paths<Position>,
    typed: Paths<Position>,
    caught: Paths<Position>,
    methods: FxHashMap<String, Vec<Position>>,
    members: FxHashMap<String, Vec<Position>>,
    named: Vec<Position>,
    guards: Vec<Position>,
    same: Paths<String>,
    bases: Paths<String>,
    returns: Paths<String>,
    attributes: Paths<String>,
    facts: Paths<FactSet>,
}

/// Values by dotted path; a path that ends in `*` stands for every name there.
#[derive(Debug)]
struct Paths<T> {
    exact: FxHashMap<String, Vec<T>>,
    /// By what stands before `.*`.
    below: FxHashMap<String, Vec<T>>,
}

impl<T> Default for Paths<T> {
    fn default() -> Self {
        Paths {
            exact: FxHashMap::default(),
            below: FxHashMap::default(),
        }
    }
}

impl<T> Paths<T> {
    fn insert(&mut self, path: &str, value: T) {
        let (map, path) = match path.strip_suffix(".*") {
            Some(parent) => (&mut self.below, parent),
            None => (&mut self.exact, path),
        };
        map.entry(path.to_owned()).or_default().push(value);
    }

    /// The values of a path, those for itself first.
    fn get(&self, path: &str) -> impl Iterator<Item = &T> {
        let exact = self.exact.get(path);
        let parent = path.rsplit_once('.').map(|(parent, _)| parent);
        let below = parent.and_then(|parent| self.below.get(parent));
        exact.into_iter().chain(below).flatten()
    }
}

impl Index {
    /// Puts models of one language together.
    pub fn new(models: impl IntoIterator<Item = Model>) -> Index {
        let mut index = Index::default();
        for model in models {
            index.add(model);
        }
        index
    }

    fn add(&mut self, model: Model) {
        let file = self.file_names.len() as u32;
        self.file_names.push(model.file);
        for (name, of) in model.same {
            self.same.insert(&name, of);
        }
        for (class, base) in model.bases {
            self.bases.insert(&class, base);
        }
        for (name, facts) in model.facts {
            self.facts.insert(&name, facts);
        }
        for row in model.types {
            match &row.target.form {
                Form::Call(path) => self.returns.insert(path, row.of),
                Form::Value(path) => self.attributes.insert(path, row.of),
                _ => {}
            }
        }
        for row in model.rows {
            self.add_row(row, file);
        }
    }

    fn add_row(&mut self, row: Row, file: u32) {
        let number = self.rows.len() as u32;
        for (at, target) in (0u32..).zip(&row.targets) {
            let position = (number, at);
            match &target.form {
                Form::Value(path) => self.values.insert(path, position),
                Form::Call(path) => self.calls.insert(path, position),
                Form::Store(path) => self.stores.insert(path, position),
                Form::Type(path) => self.typed.insert(path, position),
                Form::Caught(path) => self.caught.insert(path, position),
                Form::Method { name, .. } => {
                    self.methods.entry(name.clone()).or_default().push(position);
                }
                Form::Member { name, .. } => {
                    self.members.entry(name.clone()).or_default().push(position);
                }
                Form::Named(_) if matches!(row.action, Action::Guard(_)) => {
                    self.guards.push(position);
                }
                Form::Named(_) => self.named.push(position),
            }
        }
        self.rows.push(row);
        self.files.push(file);
    }

    fn hit(&self, (row, target): Position) -> Hit<'_> {
        Hit {
            id: RowId(row),
            row: &self.rows[row as usize],
            target: &self.rows[row as usize].targets[target as usize],
        }
    }

    /// The rows in order of their numbers.
    pub fn rows(&self) -> impl Iterator<Item = (RowId, &Row)> {
        (0u32..).map(RowId).zip(&self.rows)
    }

    /// A row.
    pub fn row(&self, id: RowId) -> &Row {
        &self.rows[id.0 as usize]
    }

    /// The file that states a row.
    pub fn file(&self, id: RowId) -> &str {
        &self.file_names[self.files[id.0 as usize] as usize]
    }

    /// Rows about reading that name or attribute, and about decorators and bases of that name.
    pub fn values(&self, path: &str) -> impl Iterator<Item = Hit<'_>> {
        self.values.get(path).map(|position| self.hit(*position))
    }

    /// Rows about calling that function, or that method of a type.
    pub fn calls(&self, path: &str) -> impl Iterator<Item = Hit<'_>> {
        self.calls.get(path).map(|position| self.hit(*position))
    }

    /// Rows about assigning that attribute.
    pub fn stores(&self, path: &str) -> impl Iterator<Item = Hit<'_>> {
        self.stores.get(path).map(|position| self.hit(*position))
    }

    /// Rows about values declared with that type.
    pub fn typed(&self, path: &str) -> impl Iterator<Item = Hit<'_>> {
        self.typed.get(path).map(|position| self.hit(*position))
    }

    /// Rows about handlers for exactly that class. The caller asks for the class that the handler
    /// names; it must not go through its bases.
    pub fn caught(&self, path: &str) -> impl Iterator<Item = Hit<'_>> {
        self.caught.get(path).map(|position| self.hit(*position))
    }

    /// Rows about a method whose receiver has an unknown type. `receiver` is its text, which rows
    /// may ask to look in a certain way.
    pub fn methods<'s, 'r>(
        &'s self,
        name: &str,
        receiver: &'r str,
    ) -> impl Iterator<Item = Hit<'s>> + use<'s, 'r> {
        self.unknown_receiver(self.methods.get(name), receiver)
    }

    /// Rows about an attribute, or a decorator, of a receiver of unknown type.
    pub fn members<'s, 'r>(
        &'s self,
        name: &str,
        receiver: &'r str,
    ) -> impl Iterator<Item = Hit<'s>> + use<'s, 'r> {
        self.unknown_receiver(self.members.get(name), receiver)
    }

    fn unknown_receiver<'s, 'r>(
        &'s self,
        positions: Option<&'s Vec<Position>>,
        receiver: &'r str,
    ) -> impl Iterator<Item = Hit<'s>> + use<'s, 'r> {
        let hits = positions
            .into_iter()
            .flatten()
            .map(|position| self.hit(*position));
        hits.filter(move |hit| match &hit.target.form {
            Form::Method {
                receiver: Some(wanted),
                ..
            }
            | Form::Member {
                receiver: Some(wanted),
                ..
            } => wanted.0.is_match(receiver),
            _ => true,
        })
    }

    /// Rows about anything of that name: a variable, parameter, attribute, key or keyword.
    pub fn named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = Hit<'s>> {
        let hits = self.named.iter().map(|position| self.hit(*position));
        hits.filter(move |hit| match &hit.target.form {
            Form::Named(wanted) => wanted.0.is_match(name),
            _ => false,
        })
    }

    /// Guards that are calls of anything of that name.
    pub fn guards_by_name<'s>(&'s self, name: &'s str) -> impl Iterator<Item = Hit<'s>> {
        let hits = self.guards.iter().map(|position| self.hit(*position));
        hits.filter(move |hit| match &hit.target.form {
            Form::Named(wanted) => wanted.0.is_match(name),
            _ => false,
        })
    }

    /// The name under which rows are written for that name, dotted, if it is another.
    pub fn same(&self, path: &str) -> Option<&str> {
        self.same.get(path).next().map(String::as_str)
    }

    /// The classes that a class of a library derives from, dotted.
    pub fn bases(&self, path: &str) -> impl Iterator<Item = &str> {
        self.bases.get(path).map(String::as_str)
    }

    /// The dotted type of what a call of that path gives.
    pub fn returned_type(&self, path: &str) -> Option<&str> {
        self.returns.get(path).next().map(String::as_str)
    }

    /// The dotted type of what that name or attribute holds.
    pub fn attribute_type(&self, path: &str) -> Option<&str> {
        self.attributes.get(path).next().map(String::as_str)
    }

    /// What is known of every value of that type.
    pub fn facts_of_type(&self, path: &str) -> FactSet {
        let facts = self.facts.get(path).copied();
        facts.fold(FactSet::EMPTY, FactSet::union)
    }

    /// The last names of the targets of rows that `wanted` accepts, each once, sorted: text
    /// without one of them cannot hold such a row. Rows about arbitrary names give none.
    pub fn words(&self, wanted: impl Fn(&Action) -> bool) -> Vec<&str> {
        let mut words = FxHashSet::default();
        for row in self.rows.iter().filter(|row| wanted(&row.action)) {
            words.extend(row.targets.iter().filter_map(word));
        }
        let mut words: Vec<&str> = words.into_iter().collect();
        words.sort_unstable();
        words
    }
}

/// The name that stands in any text that has the target.
pub(crate) fn word(target: &Target) -> Option<&str> {
    match &target.form {
        Form::Value(path)
        | Form::Call(path)
        | Form::Store(path)
        | Form::Type(path)
        | Form::Caught(path) => {
            let path = path.strip_suffix(".*").unwrap_or(path);
            path.rsplit('.').next()
        }
        Form::Method { name, .. } | Form::Member { name, .. } => Some(name),
        Form::Named(_) => None,
    }
}
