//! A backtracking matcher that counts its steps.
//!
//! It exists to verify what the automaton suggests: it explores in the order of CPython's engine
//! (`Modules/_sre/sre_lib.h`), without the constant-factor shortcuts, and stops at a budget. It
//! also answers whether a pattern matches a sample. Knows nothing of why it is asked.

mod machine;

use super::charset::CharSet;
use super::syntax::{Assertion, GroupKind, Kind, Mode, Node};

pub use machine::{Outcome, Start};

/// Most instructions of a program.
const MAX_PROGRAM: usize = 20_000;
/// Widest look-behind of varying width that is tried.
const MAX_BEHIND: u32 = 40;

/// An expression compiled for the matcher.
#[derive(Debug)]
pub struct Program {
    code: Vec<Inst>,
    sets: Vec<CharSet>,
    /// Slots for groups, two each, then for loops, two each.
    slots: usize,
    ignore_case: bool,
}

/// Why there is no program: too large, or a look-behind of unknown width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotCompiled;

#[derive(Debug, Clone)]
enum Inst {
    Set(u32),
    /// Tries the first, then the second.
    Split(u32, u32),
    Jump(u32),
    Save(u32),
    /// One set, repeated.
    RepeatSet {
        set: u32,
        min: u32,
        max: u32,
        mode: Mode,
    },
    /// Resets the counter at the slot.
    LoopStart(u32),
    /// The head of a loop: decides between the body, which follows, and the exit.
    LoopTest {
        slot: u32,
        min: u32,
        max: u32,
        lazy: bool,
        exit: u32,
    },
    /// The body of a lazy loop, once its exit has failed.
    LoopBody {
        slot: u32,
        max: u32,
        body: u32,
    },
    Assert(Assertion),
    /// The body follows, up to `Return`.
    Look {
        width: Option<(u32, u32)>,
        negative: bool,
        end: u32,
    },
    Atomic {
        end: u32,
    },
    Return,
    Backref(u32),
    Conditional {
        group: u32,
        no: u32,
    },
    Match,
}

impl Program {
    /// Compiles a simplified expression with groups up to the number given.
    pub fn new(root: &Node, groups: u32, ignore_case: bool) -> Result<Program, NotCompiled> {
        let slots = 2 * (groups as usize + 1);
        let mut program = Program {
            code: Vec::new(),
            sets: Vec::new(),
            slots,
            ignore_case,
        };
        program.node(root)?;
        program.push(Inst::Match)?;
        Ok(program)
    }

    /// Runs over the text. `whole` asks for a match up to the end of the text; `budget` bounds
    /// the steps. `None` when the text has too many different characters for this matcher.
    pub fn run(&self, text: &[char], start: Start, whole: bool, budget: u64) -> Option<Outcome> {
        machine::run(self, text, start, whole, budget)
    }

    /// Whether the expression matches the whole text; `None` when that takes too long.
    pub fn covers(&self, text: &str) -> Option<bool> {
        let text: Vec<char> = text.chars().collect();
        let outcome = self.run(&text, Start::Begin, true, 20_000)?;
        if outcome.exhausted {
            None
        } else {
            Some(outcome.end.is_some())
        }
    }

    fn push(&mut self, inst: Inst) -> Result<u32, NotCompiled> {
        if self.code.len() == MAX_PROGRAM {
            return Err(NotCompiled);
        }
        self.code.push(inst);
        Ok(self.code.len() as u32 - 1)
    }

    fn here(&self) -> u32 {
        self.code.len() as u32
    }

    fn set(&mut self, set: &CharSet) -> u32 {
        let found = self.sets.iter().position(|s| s == set);
        found.unwrap_or_else(|| {
            self.sets.push(set.clone());
            self.sets.len() - 1
        }) as u32
    }

    fn node(&mut self, node: &Node) -> Result<(), NotCompiled> {
        match &node.kind {
            Kind::Empty => {}
            Kind::Char(set, _) => {
                let set = self.set(set);
                self.push(Inst::Set(set))?;
            }
            Kind::Concat(items) => items.iter().try_for_each(|item| self.node(item))?,
            Kind::Alt(branches) => self.alternation(branches)?,
            Kind::Repeat {
                body,
                min,
                max,
                mode,
            } => self.repeat(body, *min, *max, *mode)?,
            Kind::Group(body, GroupKind::Plain) => self.node(body)?,
            Kind::Group(body, GroupKind::Capture(number)) => {
                self.push(Inst::Save(2 * number))?;
                self.node(body)?;
                self.push(Inst::Save(2 * number + 1))?;
            }
            Kind::Group(body, GroupKind::Atomic) => self.atomic(|p| p.node(body))?,
            Kind::Look {
                body,
                ahead,
                negative,
            } => self.look(body, *ahead, *negative)?,
            Kind::Assert(assertion) => {
                self.push(Inst::Assert(*assertion))?;
            }
            Kind::Backref(number) => {
                self.push(Inst::Backref(*number))?;
            }
            Kind::Conditional { group, yes, no } => self.conditional(*group, yes, no)?,
        }
        Ok(())
    }

    fn alternation(&mut self, branches: &[Node]) -> Result<(), NotCompiled> {
        let (last, others) = branches.split_last().expect("an alternation has branches");
        let mut jumps = Vec::with_capacity(others.len());
        for branch in others {
            let split = self.push(Inst::Split(0, 0))?;
            self.node(branch)?;
            jumps.push(self.push(Inst::Jump(0))?);
            self.code[split as usize] = Inst::Split(split + 1, self.here());
        }
        self.node(last)?;
        let end = self.here();
        for jump in jumps {
            self.code[jump as usize] = Inst::Jump(end);
        }
        Ok(())
    }

    fn repeat(
        &mut self,
        body: &Node,
        min: u32,
        max: Option<u32>,
        mode: Mode,
    ) -> Result<(), NotCompiled> {
        let max = max.unwrap_or(u32::MAX);
        if let Kind::Char(set, _) = &body.kind {
            let set = self.set(set);
            self.push(Inst::RepeatSet {
                set,
                min,
                max,
                mode,
            })?;
            return Ok(());
        }
        if mode == Mode::Possessive {
            return self.atomic(|p| p.counted_loop(body, min, max, false));
        }
        self.counted_loop(body, min, max, mode == Mode::Lazy)
    }

    fn counted_loop(
        &mut self,
        body: &Node,
        min: u32,
        max: u32,
        lazy: bool,
    ) -> Result<(), NotCompiled> {
        let slot = self.slots as u32;
        self.slots += 2;
        self.push(Inst::LoopStart(slot))?;
        let test = self.push(Inst::LoopTest {
            slot,
            min,
            max,
            lazy,
            exit: 0,
        })?;
        if lazy {
            self.push(Inst::LoopBody {
                slot,
                max,
                body: test + 2,
            })?;
        }
        self.node(body)?;
        self.push(Inst::Jump(test))?;
        let exit = self.here();
        self.code[test as usize] = Inst::LoopTest {
            slot,
            min,
            max,
            lazy,
            exit,
        };
        Ok(())
    }

    fn atomic(
        &mut self,
        body: impl FnOnce(&mut Self) -> Result<(), NotCompiled>,
    ) -> Result<(), NotCompiled> {
        let at = self.push(Inst::Atomic { end: 0 })?;
        body(self)?;
        self.push(Inst::Return)?;
        self.code[at as usize] = Inst::Atomic { end: self.here() };
        Ok(())
    }

    fn look(&mut self, body: &Node, ahead: bool, negative: bool) -> Result<(), NotCompiled> {
        let width = if ahead {
            None
        } else {
            match body.width() {
                (low, Some(high)) if low == high || high <= MAX_BEHIND => Some((low, high)),
                _ => return Err(NotCompiled),
            }
        };
        let at = self.push(Inst::Look {
            width,
            negative,
            end: 0,
        })?;
        self.node(body)?;
        self.push(Inst::Return)?;
        self.code[at as usize] = Inst::Look {
            width,
            negative,
            end: self.here(),
        };
        Ok(())
    }

    fn conditional(&mut self, group: u32, yes: &Node, no: &Node) -> Result<(), NotCompiled> {
        let at = self.push(Inst::Conditional { group, no: 0 })?;
        self.node(yes)?;
        let jump = self.push(Inst::Jump(0))?;
        self.code[at as usize] = Inst::Conditional {
            group,
            no: self.here(),
        };
        self.node(no)?;
        self.code[jump as usize] = Inst::Jump(self.here());
        Ok(())
    }
}
