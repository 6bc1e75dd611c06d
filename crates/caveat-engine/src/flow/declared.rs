//! What the declared types and the names of parameters, variables and fields say of the data in
//! them.

use caveat_parser::ir::{LocalId, Static};
use caveat_parser::link::FileId;
use caveat_parser::{Constant, Span};

use super::heap::State;
use super::interpret::{Frame, Machine, read_local};
use super::program::Linked;
use super::summary::Reached;
use super::value::{Taint, Thing, Value};
use crate::model::{Action, Fact, FactSet, SinkKind, SourceKind};
use crate::rule::Confidence;

impl Machine<'_> {
    /// What a declared type says of every value of it.
    pub fn facts_of_annotation(&self, file: FileId, annotation: &Static) -> FactSet {
        let name = match annotation {
            Static::Name(name) => name,
            Static::Generic(name, args) => return self.facts_of_generic(file, name, args),
            _ => return FactSet::EMPTY,
        };
        if let Linked::Class(class) = self.program().link(file, name) {
            let mut bases = self.program().external_bases(class);
            return match bases.any(|base| base.starts_with("enum.")) {
                true => FactSet::EMPTY.with(Fact::OneOf),
                false => FactSet::EMPTY,
            };
        }
        let model = self.program().model(file);
        model
            .facts_of_type(name)
            .union(super::rvalue::facts_of(name))
            .without(Fact::Text)
    }

    fn facts_of_generic(&self, file: FileId, name: &str, args: &[Static]) -> FactSet {
        let is_none = |it: &&Static| match it {
            Static::Const(Constant::None) => true,
            Static::Name(name) => &**name == "None",
            _ => false,
        };
        match name.rsplit('.').next().unwrap_or(name) {
            "Literal" => FactSet::EMPTY.with(Fact::OneOf),
            "Annotated" => args.first().map_or(FactSet::EMPTY, |first| {
                self.facts_of_annotation(file, first)
            }),
            "Optional" | "Union" | "|" => args
                .iter()
                .filter(|it| !is_none(it))
                .map(|it| self.facts_of_annotation(file, it))
                .reduce(FactSet::intersection)
                .unwrap_or_default(),
            _ => FactSet::EMPTY,
        }
    }

    /// What the declared type of a field says of whatever it holds.
    pub fn facts_of_field(&self, value: &Value, name: &str) -> FactSet {
        let classes = value.things.iter().filter_map(|thing| match thing {
            Thing::Of(class) => Some(*class),
            _ => None,
        });
        let fields = classes.filter_map(|class| {
            let fields = &self.program().class(class).fields;
            let field = fields.iter().find(|field| *field.name == *name)?;
            Some(self.facts_of_annotation(class.file, field.annotation.as_ref()?))
        });
        fields.reduce(FactSet::intersection).unwrap_or_default()
    }

    /// `globals()[name]`: data names what is looked up.
    pub fn looked_up(
        &mut self,
        frame: &Frame<'_>,
        state: &State,
        table: &Value,
        name: LocalId,
        span: Span,
    ) {
        let is_globals =
            |thing: &Thing| matches!(thing, Thing::Instance(of) if &**of == "builtins.Globals");
        if !table.things.iter().any(is_globals) {
            return;
        }
        let name = read_local(frame, state, name);
        for entry in self.data_of(state, &name).entries() {
            self.reach(Reached {
                kind: SinkKind::AttributeName,
                safe_if: FactSet::EMPTY,
                confidence: Confidence::High,
                file: frame.at.file,
                span,
                argument: span,
                entry: entry.clone(),
            });
        }
    }

    /// Data of an object as one of its attributes has it, where rows say what that adds.
    pub fn stepped_by_attribute(
        &self,
        file: FileId,
        value: &Value,
        name: &str,
        data: Taint,
    ) -> Taint {
        if data.is_empty() {
            return data;
        }
        let types = value.things.iter().filter_map(|thing| match thing {
            Thing::Instance(of) => Some(of),
            _ => None,
        });
        let model = self.program().model(file);
        for of in types.flat_map(|of| self.program().lineage(file, of)) {
            for hit in model.values(&format!("{of}.{name}")) {
                if let Action::Step(step) = &hit.row.action {
                    return match step.stops {
                        true => Taint::NONE,
                        false => data.changed(step.adds, step.removes),
                    };
                }
            }
        }
        data
    }

    /// What has the name of a secret is one. This matters only to what models are told, so it is
    /// asked only in files that talk to them.
    pub fn named_secret(&self, file: FileId, name: &str, span: Span) -> Taint {
        if !sounds_secret(name) || !self.program().code(file).asks_models {
            return Taint::NONE;
        }
        let kind = self
            .program()
            .model(file)
            .named(name)
            .find_map(|hit| match &hit.row.action {
                Action::Source(source) => Some(source.kind),
                _ => None,
            });
        match kind {
            Some(kind @ (SourceKind::Sensitive | SourceKind::Password)) => {
                let entry = self.source_at(kind, FactSet::EMPTY, Confidence::High, file, span);
                Taint::new(vec![entry])
            }
            _ => Taint::NONE,
        }
    }
}

/// Parts of every name that a row about secrets can match.
const SOUNDS: &[&str] = &["key", "token", "secret", "pass", "pwd", "cred"];

fn sounds_secret(name: &str) -> bool {
    let has = |part: &str| {
        let mut windows = name.as_bytes().windows(part.len());
        windows.any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
    };
    SOUNDS.iter().any(|part| has(part))
}
