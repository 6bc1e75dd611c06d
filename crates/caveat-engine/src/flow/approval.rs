//! Approval: somebody was asked, and agreed to what happens from then on.
//!
//! Which calls ask, and which insist, is said by rows of models; what a person answers is a source
//! like any other, and a branch on it that goes the agreeing way is an approval, too. It is kept
//! as a fact of [`EVERYTHING`], for the question seldom holds the very value that is used later.

use std::sync::Arc;

use caveat_parser::Constant;
use caveat_parser::ir::{Base, Call, Callee, CompareOp, Function, Operand, Step};
use caveat_parser::link::FileId;

use super::call::Site;
use super::guard::{EVERYTHING, Learned, Test, both};
use super::heap::State;
use super::interpret::Machine;
use super::summary::Outcome;
use super::value::{Origin, Taint, Value};
use crate::model::{Action, Fact, FactSet, Outcome as When, SourceKind};
use crate::rule::Confidence;

/// Answers that refuse begin with one of these.
const REFUSALS: &[&str] = &[
    "n", "abort", "cancel", "deny", "denied", "quit", "refuse", "reject", "skip", "stop", "q",
];

/// What somebody agreed to is everything that happens from then on.
pub fn approve(state: &mut State, on: When, learned: Learned) -> Option<Arc<Test>> {
    match on {
        When::Returns => {
            state.learn(EVERYTHING, &learned);
            None
        }
        on => Some(agreed_when(on == When::True, learned)),
    }
}

fn agreed_when(when: bool, learned: Learned) -> Arc<Test> {
    Arc::new(Test::Learn {
        when,
        subject: EVERYTHING,
        learned,
    })
}

fn approved() -> Learned {
    Learned::facts(FactSet::EMPTY.with(Fact::Approved))
}

/// Whether a value holds what a person answered.
fn is_answer(value: &Value) -> bool {
    value.taint.entries().iter().any(|entry| {
        matches!(&entry.origin, Origin::Source(source)
            if matches!(source.kind, SourceKind::Answer | SourceKind::Cli))
    })
}

/// Takes up that a branch goes the way that an answer agrees to.
pub fn assume(state: &mut State, condition: &Value, outcome: bool) {
    if outcome && is_answer(condition) {
        state.learn(EVERYTHING, &approved());
    }
}

/// What a comparison of an answer says: `answer == "y"`, `answer in ("y", "yes")`.
pub fn compared(op: CompareOp, left: &Value, right: &Value) -> Option<Arc<Test>> {
    if !is_answer(left) && !is_answer(right) {
        return None;
    }
    let agrees = match op {
        CompareOp::Equal | CompareOp::Is | CompareOp::In => true,
        CompareOp::NotEqual | CompareOp::IsNot | CompareOp::NotIn => false,
        _ => return None,
    };
    let other = if is_answer(left) { right } else { left };
    let refuses = match other.known_constants() {
        Some(texts) => texts.iter().all(refusal),
        None => false,
    };
    Some(agreed_when(agrees != refuses, approved()))
}

fn refusal(constant: &Constant) -> bool {
    match constant {
        Constant::Str(text) => {
            let text = text.trim().to_ascii_lowercase();
            text.is_empty() || text == "no" || REFUSALS.contains(&text.as_str())
        }
        Constant::Bool(value) => !value,
        Constant::None => true,
        Constant::List(items) => !items.is_empty() && items.iter().all(refusal),
        _ => false,
    }
}

impl Machine<'_> {
    /// Adds what the name of the called function says of approval.
    pub fn asked(
        &mut self,
        caller: &Function,
        state: &mut State,
        call: &Call,
        site: Site,
        outcome: &mut Outcome,
    ) {
        let Some(name) = callee_name(caller, call) else {
            return;
        };
        let model = self.program().model(site.file);
        let guards: Vec<When> = model
            .guards_by_name(name)
            .filter_map(|hit| match &hit.row.action {
                Action::Guard(guard) if guard.adds.contains(Fact::Approved) => Some(guard.on),
                _ => None,
            })
            .collect();
        for on in guards {
            if on != When::Returns {
                let answer = self.person_answer(site.file, site);
                outcome.value = std::mem::take(&mut outcome.value).with_taint(&answer);
            }
            let test = approve(state, on, approved());
            outcome.test = both(outcome.test.take(), test);
        }
    }

    fn person_answer(&self, file: FileId, site: Site) -> Taint {
        let kind = SourceKind::Answer;
        let entry = self.source_at(kind, FactSet::EMPTY, Confidence::High, file, site.span);
        Taint::new(vec![entry])
    }
}

/// The last name of what is called.
fn callee_name<'c>(caller: &'c Function, call: &'c Call) -> Option<&'c str> {
    match &call.callee {
        Callee::Method(_, name) => Some(name),
        Callee::Value(Operand::Place(place)) => match place.path.last() {
            Some(Step::Field(name)) => Some(name),
            Some(_) => None,
            None => match &place.base {
                Base::Name(name) | Base::Global(name) => {
                    Some(name.rsplit('.').next().unwrap_or(name))
                }
                Base::Local(local) => Some(&caller.locals[local.index()].name),
            },
        },
        Callee::Value(Operand::Const(_)) => None,
    }
}
