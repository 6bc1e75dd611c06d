//! Targets: the code that a row is about, such as `sqlite3.Connection.execute(arg0:sql)`.

use regex::Regex;

use super::place::{Place, is_name};

/// Code that a row is about.
#[derive(Debug, Clone)]
pub struct Target {
    /// How it is recognised.
    pub form: Form,
    /// The places that the row speaks of. Empty: the value itself.
    pub places: Vec<Place>,
}

/// How a target is recognised. Paths are dotted, also those of Rust; a macro keeps its `!`.
#[derive(Debug, Clone)]
pub enum Form {
    /// `flask.request.args`: a name or attribute that is read. Of an entry: a decorator or base.
    Value(String),
    /// `os.system(arg0)`: a call; methods have the path of their type before the name.
    Call(String),
    /// `*.execute(arg0)`: a method of a receiver whose type is not known.
    Method {
        /// Name of the method.
        name: String,
        /// What the receiver's text must look like, if anything.
        receiver: Option<Receiver>,
    },
    /// `*.GET`: an attribute of a receiver whose type is not known. Of an entry: such a decorator.
    Member {
        /// Name of the attribute.
        name: String,
        /// What the receiver's text must look like, if anything.
        receiver: Option<Receiver>,
    },
    /// `flask.Response.location = value`: an attribute that is assigned.
    Store(String),
    /// Key `type`: any value, parameters above all, declared with that type.
    Type(String),
    /// Key `caught`: an exception that a handler for exactly this class, or one above it, binds.
    Caught(String),
    /// Key `named`: a variable, parameter, attribute, key or keyword whose last name the
    /// expression matches.
    Named(Receiver),
}

/// An expression that compares by its text.
#[derive(Debug, Clone)]
pub struct Receiver(pub Regex);

impl PartialEq for Receiver {
    fn eq(&self, other: &Receiver) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl PartialEq for Form {
    fn eq(&self, other: &Form) -> bool {
        match (self, other) {
            (Form::Value(a), Form::Value(b))
            | (Form::Call(a), Form::Call(b))
            | (Form::Store(a), Form::Store(b))
            | (Form::Type(a), Form::Type(b))
            | (Form::Caught(a), Form::Caught(b)) => a == b,
            (Form::Named(a), Form::Named(b)) => a == b,
            (
                Form::Method { name, receiver },
                Form::Method {
                    name: n,
                    receiver: r,
                },
            )
            | (
                Form::Member { name, receiver },
                Form::Member {
                    name: n,
                    receiver: r,
                },
            ) => name == n && receiver == r,
            _ => false,
        }
    }
}

impl PartialEq for Target {
    fn eq(&self, other: &Target) -> bool {
        self.form == other.form && self.places == other.places
    }
}

/// Reads the text of an `at`, which may stand for several targets by `{a,b}`.
pub(super) fn parse(text: &str, receiver: Option<&Regex>) -> Result<Vec<Target>, String> {
    let text = text.trim();
    if let Some((path, value)) = text.split_once(" = ") {
        let place = Place::parse(value)?;
        let forms = paths(path)?.into_iter().map(Form::Store);
        return Ok(targets(forms, &[place]));
    }
    let (path, places) = match text.split_once('(') {
        None => (text, None),
        Some((path, inside)) => {
            let inside = inside.strip_suffix(')');
            let inside = inside.ok_or_else(|| format!("`{text}` has no `)` at its end"))?;
            (path, Some(places(inside)?))
        }
    };
    let Some(name) = path.strip_prefix("*.").or_else(|| path.strip_prefix("*::")) else {
        let form = if places.is_some() {
            Form::Call
        } else {
            Form::Value
        };
        let forms = paths(path)?.into_iter().map(form);
        return Ok(targets(forms, &places.unwrap_or_default()));
    };
    let names = paths(name)?;
    if let Some(long) = names.iter().find(|name| name.contains('.')) {
        return Err(format!("`{long}` must be one name"));
    }
    let form = |name: String| {
        let receiver = receiver.cloned().map(Receiver);
        match &places {
            Some(_) => Form::Method { name, receiver },
            None => Form::Member { name, receiver },
        }
    };
    let forms: Vec<Form> = names.into_iter().map(form).collect();
    Ok(targets(forms.into_iter(), &places.unwrap_or_default()))
}

fn targets(forms: impl Iterator<Item = Form>, places: &[Place]) -> Vec<Target> {
    forms
        .map(|form| Target {
            form,
            places: places.to_vec(),
        })
        .collect()
}

/// Reads places with commas between.
pub(super) fn places(text: &str) -> Result<Vec<Place>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    text.split(',').map(Place::parse).collect()
}

/// More alternatives than this in one text are a mistake.
const MAX_ALTERNATIVES: usize = 512;

/// Reads a path, dotted in the result, with each `{a,b}` once for each alternative.
pub(super) fn paths(text: &str) -> Result<Vec<String>, String> {
    let text = text.trim().replace("::", ".");
    let mut found = vec![String::new()];
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let open = rest.find('{').unwrap_or(rest.len());
        found
            .iter_mut()
            .for_each(|path| path.push_str(&rest[..open]));
        rest = &rest[open..];
        if let Some(inner) = rest.strip_prefix('{') {
            let (inside, after) = inner
                .split_once('}')
                .ok_or_else(|| format!("`{text}` has a `{{` without `}}`"))?;
            let one = |word: &str| {
                let word = word.trim().to_owned();
                found
                    .iter()
                    .map(move |path| format!("{path}{word}"))
                    .collect()
            };
            found = inside
                .split(',')
                .flat_map(|word| -> Vec<String> { one(word) })
                .collect();
            rest = after;
        }
        if found.len() > MAX_ALTERNATIVES {
            return Err(format!(
                "`{text}` has more than {MAX_ALTERNATIVES} alternatives"
            ));
        }
    }
    match found.iter().find(|path| !is_path(path)) {
        Some(wrong) => Err(format!("`{wrong}` is no name of code")),
        None => Ok(found),
    }
}

/// Names with dots between; the last may be a macro's or `*`.
fn is_path(text: &str) -> bool {
    let mut segments: Vec<&str> = text.split('.').collect();
    let last = segments.pop().unwrap_or_default();
    let last = last.strip_suffix('!').unwrap_or(last);
    let last_is_good = is_name(last) || (last == "*" && !segments.is_empty());
    last_is_good && segments.iter().all(|segment| is_name(segment))
}
