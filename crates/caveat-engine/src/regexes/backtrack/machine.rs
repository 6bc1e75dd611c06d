//! Running a program over a text.

use super::super::charset::is_word;
use super::super::syntax::{Assertion, Mode};
use super::{Inst, Program};

/// Where a match may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the start of the text only.
    Begin,
    /// Anywhere.
    Anywhere,
}

/// What a run found and what it cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Where the match ends, in characters.
    pub end: Option<usize>,
    /// Steps taken: instructions and characters of repeated sets.
    pub steps: u64,
    /// The budget ran out before an answer.
    pub exhausted: bool,
}

/// Value of a slot that was never set.
const UNSET: u32 = u32::MAX;

/// A point to come back to.
enum Choice {
    /// Continue at the instruction.
    Resume { pc: u32, pos: u32, trail: u32 },
    /// Give back one character of a repeated set, not below `low`.
    GiveBack {
        pc: u32,
        low: u32,
        pos: u32,
        trail: u32,
    },
    /// Take one more character of a repeated set, not beyond `high`.
    TakeMore {
        pc: u32,
        set: u32,
        pos: u32,
        high: u32,
        trail: u32,
    },
}

struct Machine<'p> {
    program: &'p Program,
    /// The text, as indices into its distinct characters.
    text: Vec<u8>,
    /// The distinct characters.
    chars: Vec<char>,
    /// Per set, which of the distinct characters it holds.
    masks: Vec<u64>,
    slots: Vec<u32>,
    choices: Vec<Choice>,
    /// Slots overwritten, and what they held.
    trail: Vec<(u32, u32)>,
    whole: bool,
    steps: u64,
    budget: u64,
}

pub(super) fn run(
    program: &Program,
    text: &[char],
    start: Start,
    whole: bool,
    budget: u64,
) -> Option<Outcome> {
    let mut machine = Machine::new(program, text, whole, budget)?;
    let last = if start == Start::Anywhere {
        text.len() as u32
    } else {
        0
    };
    let mut end = None;
    for pos in 0..=last {
        machine.slots.fill(UNSET);
        machine.trail.clear();
        end = machine.attempt(0, pos, None);
        if end.is_some() || machine.steps >= budget {
            break;
        }
    }
    let exhausted = end.is_none() && machine.steps >= budget;
    Some(Outcome {
        end: end.map(|e| e as usize),
        steps: machine.steps,
        exhausted,
    })
}

impl<'p> Machine<'p> {
    fn new(program: &'p Program, text: &[char], whole: bool, budget: u64) -> Option<Self> {
        let mut chars: Vec<char> = Vec::new();
        let mut indices = Vec::with_capacity(text.len());
        for &c in text {
            let index = chars
                .iter()
                .position(|&known| known == c)
                .unwrap_or_else(|| {
                    chars.push(c);
                    chars.len() - 1
                });
            if index >= 64 {
                return None;
            }
            indices.push(index as u8);
        }
        let mask = |set: &super::CharSet| {
            let bits = chars.iter().enumerate();
            bits.fold(0, |m, (i, &c)| m | (u64::from(set.contains(c as u32)) << i))
        };
        let masks = program.sets.iter().map(mask).collect();
        let slots = vec![UNSET; program.slots];
        let (choices, trail) = (Vec::new(), Vec::new());
        Some(Machine {
            program,
            text: indices,
            chars,
            masks,
            slots,
            choices,
            trail,
            whole,
            steps: 0,
            budget,
        })
    }

    fn holds(&self, set: u32, pos: u32) -> bool {
        let c = self.text.get(pos as usize);
        c.is_some_and(|&c| self.masks[set as usize] >> c & 1 == 1)
    }

    fn char_at(&self, pos: u32) -> Option<char> {
        self.text.get(pos as usize).map(|&c| self.chars[c as usize])
    }

    fn write(&mut self, slot: u32, value: u32) {
        self.trail.push((slot, self.slots[slot as usize]));
        self.slots[slot as usize] = value;
    }

    fn undo(&mut self, trail: u32) {
        while self.trail.len() > trail as usize {
            let (slot, value) = self.trail.pop().expect("the trail is longer than the mark");
            self.slots[slot as usize] = value;
        }
    }

    fn mark(&self) -> u32 {
        self.trail.len() as u32
    }

    /// Runs from an instruction to `Match` or `Return`, backtracking no further than here.
    /// `end` asks that `Return` is met at that position. Recursion is as deep as the pattern's
    /// look-around and atomic groups nest.
    fn attempt(&mut self, pc: u32, pos: u32, end: Option<u32>) -> Option<u32> {
        let base = self.choices.len();
        let mut state = Some((pc, pos));
        let mut found = None;
        while self.steps < self.budget {
            let Some((pc, pos)) = state else {
                if self.choices.len() == base {
                    break;
                }
                state = self.backtrack();
                continue;
            };
            self.steps += 1;
            let accepted = match &self.program.code[pc as usize] {
                Inst::Match => !self.whole || pos as usize == self.text.len(),
                Inst::Return => end.is_none_or(|end| end == pos),
                _ => {
                    state = self.step(pc, pos);
                    continue;
                }
            };
            if accepted {
                found = Some(pos);
                break;
            }
            state = None;
        }
        self.choices.truncate(base);
        found
    }

    fn backtrack(&mut self) -> Option<(u32, u32)> {
        self.steps += 1;
        match self.choices.pop()? {
            Choice::Resume { pc, pos, trail } => {
                self.undo(trail);
                Some((pc, pos))
            }
            Choice::GiveBack {
                pc,
                low,
                pos,
                trail,
            } => {
                self.undo(trail);
                let pos = pos - 1;
                if pos > low {
                    self.choices.push(Choice::GiveBack {
                        pc,
                        low,
                        pos,
                        trail,
                    });
                }
                Some((pc, pos))
            }
            Choice::TakeMore {
                pc,
                set,
                pos,
                high,
                trail,
            } => {
                self.undo(trail);
                if !self.holds(set, pos) {
                    return None;
                }
                let pos = pos + 1;
                if pos < high {
                    self.choices.push(Choice::TakeMore {
                        pc,
                        set,
                        pos,
                        high,
                        trail,
                    });
                }
                Some((pc, pos))
            }
        }
    }

    /// One instruction that does not end the run: where to go on, or `None` to backtrack.
    fn step(&mut self, pc: u32, pos: u32) -> Option<(u32, u32)> {
        let program = self.program;
        let next = pc + 1;
        match program.code[pc as usize] {
            Inst::Set(set) => self.holds(set, pos).then_some((next, pos + 1)),
            Inst::Split(first, second) => {
                self.resume_later(second, pos);
                Some((first, pos))
            }
            Inst::Jump(to) => Some((to, pos)),
            Inst::Save(slot) => {
                self.write(slot, pos);
                Some((next, pos))
            }
            Inst::RepeatSet {
                set,
                min,
                max,
                mode,
            } => self.repeat_set(next, pos, set, min, max, mode),
            Inst::LoopStart(slot) => {
                self.write(slot, UNSET);
                self.write(slot + 1, UNSET);
                Some((next, pos))
            }
            Inst::LoopTest {
                slot,
                min,
                max,
                lazy,
                exit,
            } => self.loop_test(pc, pos, slot, min, max, lazy, exit),
            Inst::LoopBody { slot, max, body } => self.loop_body(pos, slot, max, body),
            Inst::Assert(assertion) => self.asserts(assertion, pos).then_some((next, pos)),
            Inst::Look {
                width,
                negative,
                end,
            } => self.look(next, pos, width, negative, end),
            Inst::Atomic { end } => self.attempt(next, pos, None).map(|pos| (end, pos)),
            Inst::Backref(group) => self.backref(group, pos).map(|pos| (next, pos)),
            Inst::Conditional { group, no } => {
                let set = self.group(group).is_some();
                Some((if set { next } else { no }, pos))
            }
            Inst::Match | Inst::Return => None,
        }
    }

    fn resume_later(&mut self, pc: u32, pos: u32) {
        let trail = self.mark();
        self.choices.push(Choice::Resume { pc, pos, trail });
    }

    fn repeat_set(
        &mut self,
        next: u32,
        pos: u32,
        set: u32,
        min: u32,
        max: u32,
        mode: Mode,
    ) -> Option<(u32, u32)> {
        let limit = if mode == Mode::Lazy { min } else { max };
        let mut end = pos;
        while end - pos < limit && self.holds(set, end) && self.steps < self.budget {
            end += 1;
            self.steps += 1;
        }
        if end - pos < min {
            return None;
        }
        let trail = self.mark();
        if mode == Mode::Lazy {
            let high = pos.saturating_add(max);
            if end < high {
                self.choices.push(Choice::TakeMore {
                    pc: next,
                    set,
                    pos: end,
                    high,
                    trail,
                });
            }
        } else if mode == Mode::Greedy && end > pos + min {
            self.choices.push(Choice::GiveBack {
                pc: next,
                low: pos + min,
                pos: end,
                trail,
            });
        }
        Some((next, end))
    }

    /// As `MAX_UNTIL` and `MIN_UNTIL` of CPython: an iteration that consumed nothing is the last.
    #[expect(clippy::too_many_arguments, reason = "the fields of one instruction")]
    fn loop_test(
        &mut self,
        pc: u32,
        pos: u32,
        slot: u32,
        min: u32,
        max: u32,
        lazy: bool,
        exit: u32,
    ) -> Option<(u32, u32)> {
        let done = self.slots[slot as usize].wrapping_add(1);
        let body = if lazy { pc + 2 } else { pc + 1 };
        if done < min {
            self.write(slot, done);
            return Some((body, pos));
        }
        if lazy {
            self.resume_later(pc + 1, pos);
            return Some((exit, pos));
        }
        if done < max && pos != self.slots[slot as usize + 1] {
            self.resume_later(exit, pos);
            self.write(slot, done);
            self.write(slot + 1, pos);
            return Some((body, pos));
        }
        Some((exit, pos))
    }

    fn loop_body(&mut self, pos: u32, slot: u32, max: u32, body: u32) -> Option<(u32, u32)> {
        let done = self.slots[slot as usize].wrapping_add(1);
        if done >= max || pos == self.slots[slot as usize + 1] {
            return None;
        }
        self.write(slot, done);
        self.write(slot + 1, pos);
        Some((body, pos))
    }

    fn look(
        &mut self,
        body: u32,
        pos: u32,
        width: Option<(u32, u32)>,
        negative: bool,
        end: u32,
    ) -> Option<(u32, u32)> {
        let trail = self.mark();
        let found = match width {
            None => self.attempt(body, pos, None).is_some(),
            Some((low, high)) => (low..=high.min(pos))
                .any(|width| self.attempt(body, pos - width, Some(pos)).is_some()),
        };
        if negative || !found {
            self.undo(trail);
        }
        (found != negative).then_some((end, pos))
    }

    fn group(&self, group: u32) -> Option<(u32, u32)> {
        let slot = 2 * group as usize;
        let (start, end) = (*self.slots.get(slot)?, *self.slots.get(slot + 1)?);
        (start != UNSET && end != UNSET && start <= end).then_some((start, end))
    }

    fn backref(&mut self, group: u32, pos: u32) -> Option<u32> {
        let (start, end) = self.group(group)?;
        self.steps += u64::from(end - start);
        let fold = |c: char| {
            if self.program.ignore_case {
                c.to_ascii_lowercase()
            } else {
                c
            }
        };
        let same = (start..end)
            .zip(pos..)
            .all(|(a, b)| self.char_at(a).map(fold) == self.char_at(b).map(fold));
        same.then(|| pos + (end - start))
    }

    fn asserts(&self, assertion: Assertion, pos: u32) -> bool {
        let after = self.char_at(pos);
        let before = pos.checked_sub(1).and_then(|p| self.char_at(p));
        let word = |c: Option<char>, ascii| c.is_some_and(|c| is_word(c as u32, ascii));
        match assertion {
            Assertion::TextStart => pos == 0,
            Assertion::LineStart => pos == 0 || before == Some('\n'),
            Assertion::TextEnd => after.is_none(),
            Assertion::TextEndOrNewline => {
                after.is_none() || (after == Some('\n') && self.char_at(pos + 1).is_none())
            }
            Assertion::LineEnd => after.is_none() || after == Some('\n'),
            Assertion::WordBoundary(ascii) => word(before, ascii) != word(after, ascii),
            Assertion::NotWordBoundary(ascii) => word(before, ascii) == word(after, ascii),
            Assertion::Always => true,
        }
    }
}
