//! Puts a function together, one instruction after the other.

use super::{
    Arg, Block, BlockId, Call, Callee, Function, FunctionKind, Instr, Local, LocalId, Op, Operand,
    Param, Place, Rvalue, Terminator,
};
use crate::source::Span;

/// A function in the making. Instructions go to the current block.
///
/// A block that was left by a terminator takes no more: what follows `return` is not reached and
/// goes to a block of its own that nothing leads to.
#[derive(Debug)]
pub struct Builder {
    function: Function,
    current: BlockId,
    /// Blocks that have their terminator.
    ended: Vec<bool>,
    /// Handlers of exceptions around the current place, innermost last.
    handlers: Vec<BlockId>,
    /// Instructions that assign each local.
    assigned: Vec<u32>,
}

impl Builder {
    /// Begins a function with one empty block.
    pub fn new(name: &str, kind: FunctionKind, span: Span) -> Builder {
        let function = Function {
            name: name.into(),
            kind,
            parent: None,
            class: None,
            span,
            params: Vec::new(),
            captures: Vec::new(),
            decorators: Vec::new(),
            result: None,
            is_async: false,
            is_generator: false,
            locals: Vec::new(),
            blocks: Vec::new(),
        };
        let mut builder = Builder {
            function,
            current: BlockId(0),
            ended: Vec::new(),
            handlers: Vec::new(),
            assigned: Vec::new(),
        };
        builder.block();
        builder
    }

    /// What was built so far, for everything that is no code: parameters, decorators, flags.
    pub fn header(&mut self) -> &mut Function {
        &mut self.function
    }

    /// Adds a parameter; its local is assigned by the call.
    pub fn param(&mut self, param: Param) {
        self.assigned[param.local.index()] += 1;
        self.function.params.push(param);
    }

    /// Makes a local that the closure's creator fills.
    pub fn capture(&mut self, name: &str) -> LocalId {
        let local = self.local(name);
        self.assigned[local.index()] += 1;
        self.function.captures.push(local);
        local
    }

    /// Makes a variable.
    pub fn local(&mut self, name: &str) -> LocalId {
        let id = LocalId(self.function.locals.len() as u32);
        self.function.locals.push(Local {
            name: name.into(),
            once: false,
        });
        self.assigned.push(0);
        id
    }

    /// Makes a temporary.
    pub fn temp(&mut self) -> LocalId {
        self.local("")
    }

    /// Makes a block, within the handlers of the current place. It does not become current.
    pub fn block(&mut self) -> BlockId {
        let id = BlockId(self.function.blocks.len() as u32);
        self.function.blocks.push(Block {
            body: Vec::new(),
            end: Terminator::Unreachable,
            end_span: Span::new(self.function.span.start, self.function.span.start),
            handler: self.handlers.last().copied(),
        });
        self.ended.push(false);
        id
    }

    /// Goes on in that block.
    pub fn switch_to(&mut self, block: BlockId) {
        self.current = block;
    }

    /// The block that instructions go to.
    pub fn current(&self) -> BlockId {
        self.current
    }

    /// Whether the current block can be left where it is: no terminator yet.
    pub fn is_open(&self) -> bool {
        !self.ended[self.current.index()]
    }

    /// Exceptions of blocks made from now on go to `handler`; the current block is split.
    pub fn push_handler(&mut self, handler: BlockId, span: Span) {
        self.handlers.push(handler);
        self.split(span);
    }

    /// Undoes the last [`Builder::push_handler`].
    pub fn pop_handler(&mut self, span: Span) {
        self.handlers.pop();
        self.split(span);
    }

    fn split(&mut self, span: Span) {
        let next = self.block();
        self.goto(next, span);
        self.switch_to(next);
    }

    /// Adds `place = value`.
    pub fn assign(&mut self, place: Place, value: Rvalue, span: Span) {
        if let Some(local) = place.as_local() {
            self.assigned[local.index()] += 1;
        }
        self.push(Op::Assign(place, value), span);
    }

    /// Puts a value into a new temporary.
    pub fn value(&mut self, value: Rvalue, span: Span) -> Operand {
        if let Rvalue::Use(operand) = value {
            return operand;
        }
        let temp = self.temp();
        self.assign(Place::local(temp), value, span);
        Operand::local(temp)
    }

    /// Adds a call; the result is in a new temporary.
    pub fn call(&mut self, callee: Callee, args: Vec<Arg>, span: Span) -> Operand {
        let dst = self.temp();
        self.assigned[dst.index()] += 1;
        self.push(Op::Call(Box::new(Call { dst, callee, args })), span);
        Operand::local(dst)
    }

    /// Adds an instruction.
    pub fn push(&mut self, op: Op, span: Span) {
        self.open_dead_block();
        let block = &mut self.function.blocks[self.current.index()];
        block.body.push(Instr { op, span });
    }

    /// Code after a `return` is kept apart from what is reached.
    fn open_dead_block(&mut self) {
        if !self.is_open() {
            let dead = self.block();
            self.switch_to(dead);
        }
    }

    /// Ends the current block.
    pub fn end(&mut self, end: Terminator, span: Span) {
        self.open_dead_block();
        let block = &mut self.function.blocks[self.current.index()];
        block.end = end;
        block.end_span = span;
        self.ended[self.current.index()] = true;
    }

    /// Ends the current block by going to `to`, unless it was left before.
    pub fn goto(&mut self, to: BlockId, span: Span) {
        if self.is_open() {
            self.end(Terminator::Goto(to), span);
        }
    }

    /// Ends the current block by a branch.
    pub fn branch(&mut self, condition: Operand, then: BlockId, otherwise: BlockId, span: Span) {
        self.end(Terminator::Branch(condition, then, otherwise), span);
    }

    /// The function. A block that was left open returns nothing.
    pub fn finish(mut self) -> Function {
        let end = Span::new(self.function.span.end, self.function.span.end);
        for (block, ended) in self.function.blocks.iter_mut().zip(&self.ended) {
            if !ended {
                block.end = Terminator::Return(Operand::none());
                block.end_span = end;
            }
        }
        let counted = self.function.locals.iter_mut().zip(&self.assigned);
        for (local, &times) in counted {
            local.once = local.name.is_empty() && times <= 1;
        }
        self.function
    }
}
