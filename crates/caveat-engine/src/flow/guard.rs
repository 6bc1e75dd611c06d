//! What the outcome of a condition says about values.

use std::sync::Arc;

use caveat_parser::Constant;

use super::value::{Absent, Identity};
use crate::model::FactSet;

/// Stands for all values there are: what is learned of it holds for whatever happens from then on.
pub const EVERYTHING: Identity = 1;

/// What a true or a false value says about others.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// If the outcome is this, that is known of the value of that identity.
    Learn {
        /// The outcome.
        when: bool,
        /// The value that is known better then.
        subject: Identity,
        /// What is known.
        learned: Learned,
    },
    /// The opposite.
    Not(Arc<Test>),
    /// Both say what they say.
    Both(Arc<Test>, Arc<Test>),
}

/// Something that was found out.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// Facts that hold if the data has these others already.
    pub facts: FactSet,
    /// Facts that must be known before.
    pub needs: FactSet,
    /// Characters that are not in it.
    pub absent: Absent,
    /// It is one of these.
    pub one_of: Option<Arc<[Constant]>>,
    /// It is none of these.
    pub none_of: Option<Arc<[Constant]>>,
}

impl Learned {
    /// Nothing.
    pub const NOTHING: Learned = Learned {
        facts: FactSet::EMPTY,
        needs: FactSet::EMPTY,
        absent: Absent::NONE,
        one_of: None,
        none_of: None,
    };

    /// These facts.
    pub fn facts(facts: FactSet) -> Learned {
        Learned {
            facts,
            ..Learned::NOTHING
        }
    }
}

impl Test {
    /// Collects what an outcome says: pairs of a value's identity and what is known of it.
    pub fn learned<'t>(&'t self, outcome: bool, into: &mut Vec<(Identity, &'t Learned)>) {
        match self {
            Test::Learn {
                when,
                subject,
                learned,
            } => {
                if *when == outcome {
                    into.push((*subject, learned));
                }
            }
            Test::Not(inner) => inner.learned(!outcome, into),
            Test::Both(a, b) => {
                a.learned(outcome, into);
                b.learned(outcome, into);
            }
        }
    }

    /// What the outcome true says, as a test that says nothing otherwise.
    pub fn when_true(&self) -> Option<Arc<Test>> {
        let mut learned = Vec::new();
        self.learned(true, &mut learned);
        let learns = learned.into_iter().map(|(subject, what)| {
            Arc::new(Test::Learn {
                when: true,
                subject,
                learned: what.clone(),
            })
        });
        learns.map(Some).fold(None, both)
    }

    /// The test with other identities; a part whose value has none is left out.
    pub fn renamed(&self, rename: &dyn Fn(Identity) -> Option<Identity>) -> Option<Arc<Test>> {
        Some(Arc::new(match self {
            Test::Learn {
                when,
                subject,
                learned,
            } => Test::Learn {
                when: *when,
                subject: rename(*subject)?,
                learned: learned.clone(),
            },
            Test::Not(inner) => Test::Not(inner.renamed(rename)?),
            Test::Both(a, b) => match (a.renamed(rename), b.renamed(rename)) {
                (Some(a), Some(b)) => Test::Both(a, b),
                (one, other) => return one.or(other),
            },
        }))
    }
}

/// Both tests, where there are any.
pub fn both(a: Option<Arc<Test>>, b: Option<Arc<Test>>) -> Option<Arc<Test>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(Arc::new(Test::Both(a, b))),
        (one, other) => one.or(other),
    }
}
