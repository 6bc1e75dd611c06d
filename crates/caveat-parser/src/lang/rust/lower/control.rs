//! Blocks, branches, loops and ways out.

use super::{Exit, Loop, Lowering};
use crate::arena::NodeId;
use crate::constant::Constant;
use crate::ir::{BlockId, LocalId, Operand, Place, Rvalue, Terminator};
use crate::lang::{Field, Role};
use crate::source::Span;

impl<'a> Lowering<'_, 'a> {
    /// A block: its statements, and the value of its last expression.
    pub(super) fn block(&mut self, node: NodeId) -> Operand {
        self.push_scope();
        let value = self.statements(node);
        self.pop_scope();
        value
    }

    fn statements(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let mut value = Operand::none();
        let mut attributes: Vec<NodeId> = Vec::new();
        let children: Vec<NodeId> = arena.children(node).collect();
        for child in children {
            value = Operand::none();
            match arena.role(child) {
                Role::AttributeItem => {
                    attributes.push(child);
                    continue;
                }
                Role::Token => {}
                _ if arena.kind_name(child) == "label" => {}
                Role::Let if arena.kind_name(child) == "let_declaration" => {
                    self.let_statement(child)
                }
                _ if self.item(child, &attributes) => {}
                _ => {
                    value = self.expression(child);
                    if self.is_statement(child, node) {
                        value = Operand::none();
                    }
                }
            }
            attributes.clear();
        }
        value
    }

    /// Whether a semicolon drops the value of an expression.
    fn is_statement(&self, node: NodeId, block: NodeId) -> bool {
        let arena = self.arena();
        let behind = Span::new(arena.node(node).end, arena.node(block).end);
        let text = behind.text(self.names.code.text);
        text.trim_start_matches(|c: char| c.is_whitespace() || c == ')')
            .starts_with(';')
    }

    fn let_statement(&mut self, node: NodeId) {
        let arena = self.arena();
        let Some(pattern) = arena.field(node, Field::Pattern) else {
            return;
        };
        let kind = arena.field(node, Field::Type).map(|it| self.type_of(it));
        let span = self.span(node);
        let value = arena.field(node, Field::Value);
        let Some(value) = value else {
            if arena.role(pattern) == Role::Identifier {
                self.declare(self.text(pattern), true);
            }
            return;
        };
        let value = self.expression(value);
        let subject = self.placed(value, span);
        let Some(otherwise) = arena.field(node, Field::Alternative) else {
            return self.certain_pattern(pattern, subject, kind.as_ref());
        };
        let fail = self.builder().block();
        self.pattern(pattern, subject, kind.as_ref(), fail);
        let next = self.builder().block();
        self.builder().goto(next, span);
        self.builder().switch_to(fail);
        self.block(otherwise);
        self.builder().goto(next, span);
        self.builder().switch_to(next);
    }

    // ---- branches ----

    pub(super) fn if_value(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let span = self.span(node);
        let (then, otherwise) = (self.builder().block(), self.builder().block());
        let done = self.builder().block();
        let result = self.builder().temp();
        self.push_scope();
        if let Some(condition) = arena.field(node, Field::Condition) {
            self.condition(condition, then, otherwise);
        }
        self.builder().switch_to(then);
        if let Some(body) = arena.field(node, Field::Consequence) {
            let value = self.expression(body);
            self.give(value, result, done, body);
        }
        self.pop_scope();
        self.builder().switch_to(otherwise);
        let other = arena.field(node, Field::Alternative);
        match other.and_then(|it| arena.children(it).last()) {
            Some(body) => {
                let value = self.expression(body);
                self.give(value, result, done, body);
            }
            None => self.builder().goto(done, span),
        }
        self.builder().switch_to(done);
        Operand::local(result)
    }

    /// Ends a way through a branch: with its value, or elsewhere.
    fn give(&mut self, value: Operand, result: LocalId, done: BlockId, node: NodeId) {
        let span = self.span(node);
        if self.builder().is_open() {
            self.builder()
                .assign(Place::local(result), Rvalue::Use(value), span);
            self.builder().goto(done, span);
        }
    }

    /// Ends the block by a condition. Variables that `let` in it binds are in the current scope.
    pub(super) fn condition(&mut self, node: NodeId, then: BlockId, otherwise: BlockId) {
        if self.depth >= super::DEPTH {
            let span = self.span(node);
            self.builder()
                .end(Terminator::Either(then, otherwise), span);
            return;
        }
        self.depth += 1;
        self.shallow_condition(node, then, otherwise);
        self.depth -= 1;
    }

    fn shallow_condition(&mut self, node: NodeId, then: BlockId, otherwise: BlockId) {
        let arena = self.arena();
        let span = self.span(node);
        let operator = arena.field(node, Field::Operator).map(|it| self.text(it));
        match (arena.role(node), operator) {
            (Role::Binary, Some(operator @ ("&&" | "||"))) => {
                let (left, right) = (
                    arena.field(node, Field::Left),
                    arena.field(node, Field::Right),
                );
                let (Some(left), Some(right)) = (left, right) else {
                    return self
                        .builder()
                        .end(Terminator::Either(then, otherwise), span);
                };
                let next = self.builder().block();
                match operator {
                    "&&" => self.condition(left, next, otherwise),
                    _ => self.condition(left, then, next),
                }
                self.builder().switch_to(next);
                self.condition(right, then, otherwise);
            }
            (Role::Unary, _) if self.text(node).starts_with('!') => {
                match arena.children(node).last() {
                    Some(inner) => self.condition(inner, otherwise, then),
                    None => self
                        .builder()
                        .end(Terminator::Either(then, otherwise), span),
                }
            }
            (Role::Let, _) => self.let_condition(node, then, otherwise),
            (Role::MacroCall, _) => self.macro_condition(node, then, otherwise),
            _ if arena.kind_name(node) == "let_chain" => {
                let parts = arena.children(node);
                let parts: Vec<NodeId> =
                    parts.filter(|&it| arena.role(it) != Role::Token).collect();
                for part in parts {
                    let next = self.builder().block();
                    self.condition(part, next, otherwise);
                    self.builder().switch_to(next);
                }
                self.builder().goto(then, span);
            }
            _ => {
                let value = self.expression(node);
                if self.builder().is_open() {
                    self.builder().branch(value, then, otherwise, span);
                }
            }
        }
    }

    fn let_condition(&mut self, node: NodeId, then: BlockId, otherwise: BlockId) {
        let arena = self.arena();
        let span = self.span(node);
        let (pattern, value) = (
            arena.field(node, Field::Pattern),
            arena.field(node, Field::Value),
        );
        let (Some(pattern), Some(value)) = (pattern, value) else {
            return self
                .builder()
                .end(Terminator::Either(then, otherwise), span);
        };
        let value_span = self.span(value);
        let value = self.expression(value);
        let subject = self.placed(value, value_span);
        self.pattern(pattern, subject, None, otherwise);
        self.builder().goto(then, span);
    }

    /// A condition as a value: true in one block, false in another.
    pub(super) fn condition_value(&mut self, node: NodeId) -> Operand {
        let span = self.span(node);
        let (then, otherwise) = (self.builder().block(), self.builder().block());
        let done = self.builder().block();
        let result = self.builder().temp();
        self.push_scope();
        self.condition(node, then, otherwise);
        self.pop_scope();
        for (block, outcome) in [(then, true), (otherwise, false)] {
            self.builder().switch_to(block);
            let value = Rvalue::Use(Operand::Const(Constant::Bool(outcome)));
            self.builder().assign(Place::local(result), value, span);
            self.builder().goto(done, span);
        }
        self.builder().switch_to(done);
        Operand::local(result)
    }

    pub(super) fn match_value(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let span = self.span(node);
        let Some(value) = arena.field(node, Field::Value) else {
            return Operand::none();
        };
        let value_span = self.span(value);
        let value = self.expression(value);
        let subject = self.placed(value, value_span);
        let done = self.builder().block();
        let result = self.builder().temp();
        let arms = arena.field(node, Field::Body);
        let arms = arms.into_iter().flat_map(|body| arena.children(body));
        let arms: Vec<NodeId> = arms.filter(|&it| arena.role(it) == Role::Case).collect();
        for arm in arms {
            let next = self.builder().block();
            self.push_scope();
            self.arm(arm, &subject, next);
            if let Some(body) = arena.field(arm, Field::Value) {
                let value = self.expression(body);
                self.give(value, result, done, body);
            }
            self.pop_scope();
            self.builder().switch_to(next);
        }
        self.builder().end(Terminator::Unreachable, span);
        self.builder().switch_to(done);
        Operand::local(result)
    }

    fn arm(&mut self, arm: NodeId, subject: &Place, next: BlockId) {
        let arena = self.arena();
        let Some(pattern) = arena.field(arm, Field::Pattern) else {
            return;
        };
        if let Some(inner) = arena.children(pattern).next() {
            self.pattern(inner, subject.clone(), None, next);
        }
        if let Some(guard) = arena.field(pattern, Field::Condition) {
            let then = self.builder().block();
            self.condition(guard, then, next);
            self.builder().switch_to(then);
        }
    }

    // ---- loops ----

    fn label(&self, node: NodeId) -> Option<&'a str> {
        let arena = self.arena();
        let mut children = arena.children(node);
        let label = children.find(|&it| arena.kind_name(it) == "label")?;
        Some(self.text(label))
    }

    fn open_loop(&mut self, node: NodeId) -> (BlockId, BlockId) {
        let (head, done) = (self.builder().block(), self.builder().block());
        let label = self.label(node);
        let result = self.builder().temp();
        self.frame().loops.push(Loop {
            label,
            head,
            done,
            result,
        });
        let span = self.span(node);
        self.builder().goto(head, span);
        self.builder().switch_to(head);
        (head, done)
    }

    fn close_loop(&mut self, node: NodeId) -> Operand {
        let Some(ended) = self.frame().loops.pop() else {
            return Operand::none();
        };
        let span = self.span(node);
        self.builder().goto(ended.head, span);
        self.builder().switch_to(ended.done);
        match self.arena().kind_name(node) {
            "loop_expression" => Operand::local(ended.result),
            _ => Operand::none(),
        }
    }

    pub(super) fn while_value(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let (_, done) = self.open_loop(node);
        self.push_scope();
        if let Some(condition) = arena.field(node, Field::Condition) {
            let body = self.builder().block();
            self.condition(condition, body, done);
            self.builder().switch_to(body);
        }
        if let Some(body) = arena.field(node, Field::Body) {
            self.block(body);
        }
        self.pop_scope();
        self.close_loop(node)
    }

    pub(super) fn for_value(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let span = self.span(node);
        let value = arena.field(node, Field::Value);
        let items = value.map_or_else(Operand::none, |it| self.expression(it));
        let (_, done) = self.open_loop(node);
        self.push_scope();
        let body = self.builder().block();
        self.builder().end(Terminator::Either(body, done), span);
        self.builder().switch_to(body);
        let element = self.builder().value(Rvalue::Element(items), span);
        let element = self.placed(element, span);
        if let Some(pattern) = arena.field(node, Field::Pattern) {
            self.certain_pattern(pattern, element, None);
        }
        if let Some(body) = arena.field(node, Field::Body) {
            self.block(body);
        }
        self.pop_scope();
        self.close_loop(node)
    }

    pub(super) fn leave_loop(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let span = self.span(node);
        let label = self.label(node);
        let value = arena.children(node).last();
        let value =
            value.filter(|&it| !matches!(arena.kind_name(it), "label" | "break" | "continue"));
        let value = value.map(|it| self.expression(it));
        let mut loops = self.frame().loops.iter().rev();
        let target = match label {
            Some(label) => loops.find(|it| it.label == Some(label)),
            None => loops.next(),
        };
        let target = target.map(|it| (it.head, it.done, it.result));
        if let Some((head, done, result)) = target {
            let to = match arena.role(node) {
                Role::Continue => head,
                _ => done,
            };
            if let Some(value) = value {
                self.builder()
                    .assign(Place::local(result), Rvalue::Use(value), span);
            }
            self.builder().end(Terminator::Goto(to), span);
        }
        Operand::none()
    }

    // ---- ways out ----

    pub(super) fn return_value(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let inner = arena.children(node).last();
        let value = inner.map_or_else(Operand::none, |it| self.expression(it));
        let span = self.span(inner.unwrap_or(node));
        self.leave(value, span);
        Operand::none()
    }

    /// Leaves the function or `async` block with a value.
    pub(super) fn leave(&mut self, value: Operand, span: Span) {
        let inside = self.frame().exits.last().and_then(|exit| exit.inside);
        match inside {
            Some((result, done)) => {
                self.builder()
                    .assign(Place::local(result), Rvalue::Use(value), span);
                self.builder().end(Terminator::Goto(done), span);
            }
            None => self.builder().end(Terminator::Return(value), span),
        }
    }

    /// The block in which the function or `async` block is left with a failure.
    pub(super) fn fail_block(&mut self) -> BlockId {
        let known = self.frame().exits.last().and_then(|exit| exit.fail);
        if let Some(known) = known {
            return known;
        }
        let block = self.builder().block();
        if let Some(exit) = self.frame().exits.last_mut() {
            exit.fail = Some(block);
        }
        block
    }

    pub(super) fn question_mark(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let Some(inner) = arena.children(node).next() else {
            return Operand::none();
        };
        let span = self.span(node);
        let value = self.expression(inner);
        if !self.builder().is_open() {
            return Operand::none();
        }
        let fail = self.fail_block();
        let is_ok = Rvalue::Is(value.clone(), "Ok".into());
        let is_ok = self.builder().value(is_ok, span);
        let next = self.builder().block();
        self.builder().branch(is_ok, next, fail, span);
        self.builder().switch_to(next);
        self.builder().value(Rvalue::Payload(value), span)
    }

    /// `async { .. }` runs where it stands, as far as data is concerned.
    pub(super) fn async_block(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let Some(body) = arena.children(node).last() else {
            return Operand::none();
        };
        let span = self.span(node);
        let result = self.builder().temp();
        let done = self.builder().block();
        self.frame().exits.push(Exit {
            inside: Some((result, done)),
            fail: None,
        });
        let loops = std::mem::take(&mut self.frame().loops);
        let value = self.block(body);
        self.give(value, result, done, body);
        self.frame().loops = loops;
        let exit = self.frame().exits.pop().unwrap_or_default();
        if let Some(fail) = exit.fail {
            self.builder().switch_to(fail);
            let failure = Rvalue::Variant(Operand::none(), false);
            self.builder().assign(Place::local(result), failure, span);
            self.builder().goto(done, span);
        }
        self.builder().switch_to(done);
        Operand::local(result)
    }
}
