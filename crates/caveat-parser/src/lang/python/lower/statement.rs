//! Statements of Python.

use super::Lowering;
use super::expression::binary_operator;
use crate::arena::NodeId;
use crate::constant::Constant;
use crate::ir::{BlockId, Callee, Op, Operand, Place, QualifiedName, Rvalue, Step, Terminator};
use crate::lang::{Field, Role};
use crate::source::Span;

impl<'a> Lowering<'_, 'a> {
    pub(super) fn block(&mut self, node: NodeId) {
        let children: Vec<NodeId> = self.arena().children(node).collect();
        for child in children {
            self.statement(child);
        }
    }

    pub(super) fn statement(&mut self, node: NodeId) {
        if self.depth >= super::DEPTH {
            return;
        }
        self.depth += 1;
        self.shallow_statement(node);
        self.depth -= 1;
    }

    fn shallow_statement(&mut self, node: NodeId) {
        let arena = self.arena();
        match arena.role(node) {
            Role::Function | Role::Class | Role::Decorated => self.definition(node),
            Role::Assignment => {
                self.assignment(node);
            }
            Role::AugmentedAssignment => self.augmented(node),
            Role::Return => {
                let value = arena.children(node).next();
                let value = value.map_or_else(Operand::none, |it| self.expression(it));
                let span = self.span(node);
                self.builder().end(Terminator::Return(value), span);
            }
            Role::Raise => {
                let value = arena.children(node).next().map(|it| self.expression(it));
                let span = self.span(node);
                self.builder().end(Terminator::Raise(value), span);
            }
            Role::If => self.branches(node),
            Role::For => self.for_loop(node),
            Role::While => self.while_loop(node),
            Role::With => self.with(node),
            Role::Try => self.try_statement(node, 0),
            Role::Match => self.match_statement(node),
            Role::Assert => self.assertion(node),
            Role::Delete => self.deletion(node),
            Role::Import | Role::ImportFrom => self.import(node),
            Role::Block => self.block(node),
            Role::Break | Role::Continue => self.jump(node),
            Role::Pass | Role::Global | Role::Error => {}
            _ => {
                self.expression(node);
            }
        }
    }

    fn jump(&mut self, node: NodeId) {
        let Some(&(next, after)) = self.frame().loops.last() else {
            return;
        };
        let to = match self.arena().role(node) {
            Role::Break => after,
            _ => next,
        };
        let span = self.span(node);
        self.builder().goto(to, span);
    }

    fn definition(&mut self, node: NodeId) {
        let (definition, decorators) = self.undecorated(node);
        let arena = self.arena();
        if arena.role(definition) == Role::Class {
            return self.class(definition, decorators);
        }
        let Some(name) = arena.field(definition, Field::Name) else {
            return;
        };
        let value = self.function(definition, decorators, None);
        let place = self.variable(self.text(name), name);
        let span = self.span(name);
        self.builder().assign(place, value, span);
    }

    /// `a = b = value`; gives the value.
    fn assignment(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let (left, right) = (
            arena.field(node, Field::Left),
            arena.field(node, Field::Right),
        );
        let Some(right) = right else {
            return Operand::none();
        };
        let value = match arena.role(right) {
            Role::Assignment => self.assignment(right),
            _ => self.expression(right),
        };
        if let Some(left) = left {
            self.assign_target(left, value.clone());
        }
        value
    }

    /// `target = value` for every form of target.
    pub(super) fn assign_target(&mut self, target: NodeId, value: Operand) {
        let arena = self.arena();
        let span = self.span(target);
        match arena.role(target) {
            Role::Identifier => {
                let place = self.variable(self.text(target), target);
                self.builder().assign(place, Rvalue::Use(value), span);
            }
            Role::Attribute | Role::Subscript => {
                if let Some(place) = self.place_of(target) {
                    self.builder().assign(place, Rvalue::Use(value), span);
                }
            }
            Role::Tuple | Role::List => self.unpack(target, value),
            _ => {
                let inner: Vec<NodeId> = arena
                    .children(target)
                    .filter(|&child| arena.role(child) != Role::Token)
                    .collect();
                for child in inner {
                    self.assign_target(child, value.clone());
                }
            }
        }
    }

    /// `a, *b, c = value`
    fn unpack(&mut self, target: NodeId, value: Operand) {
        let arena = self.arena();
        let span = self.span(target);
        let source = self.placed(value, span);
        let targets: Vec<NodeId> = arena.children(target).collect();
        let star = targets.iter().position(|&it| arena.role(it) == Role::Splat);
        let count = targets.len();
        for (at, &part) in targets.iter().enumerate() {
            if Some(at) == star {
                let int = |value: i128| Some(Operand::Const(Constant::Int(value)));
                let after = (count - at - 1) as i128;
                let slice = Rvalue::Slice {
                    of: Operand::Place(source.clone()),
                    start: int(at as i128),
                    stop: if after == 0 { None } else { int(-after) },
                    step: None,
                };
                let value = self.computed(slice, part);
                self.assign_target(part, value);
                continue;
            }
            let position = match star {
                Some(star) if at > star => at as i128 - count as i128,
                _ => at as i128,
            };
            let place = source.clone().then(Step::At(Constant::Int(position)));
            self.assign_target(part, Operand::Place(place));
        }
    }

    fn augmented(&mut self, node: NodeId) {
        let arena = self.arena();
        let span = self.span(node);
        let (Some(left), Some(right)) = (
            arena.field(node, Field::Left),
            arena.field(node, Field::Right),
        ) else {
            return;
        };
        let place = match arena.role(left) {
            Role::Identifier => Some(self.variable(self.text(left), left)),
            _ => self.place_of(left),
        };
        let right = self.expression(right);
        let Some(place) = place else { return };
        let operator = arena.field(node, Field::Operator);
        let operator = operator.map(|it| self.text(it).trim_end_matches('='));
        let old = Operand::Place(place.clone());
        let value = match operator.and_then(binary_operator) {
            Some(op) => Rvalue::Binary(op, old, right),
            None => Rvalue::Unknown(vec![old, right]),
        };
        self.builder().assign(place, value, span);
    }

    /// `if`, with its `elif` clauses beside one another.
    fn branches(&mut self, node: NodeId) {
        let arena = self.arena();
        let span = self.span(node);
        let done = self.builder().block();
        let mut clauses = vec![node];
        let children: Vec<NodeId> = arena.children(node).collect();
        clauses.extend(
            children
                .iter()
                .filter(|&&child| matches!(arena.role(child), Role::If | Role::Else)),
        );
        for clause in clauses {
            let is_else = arena.role(clause) == Role::Else;
            if !is_else && let Some(condition) = arena.field(clause, Field::Condition) {
                let (then, otherwise) = (self.builder().block(), self.builder().block());
                self.condition(condition, then, otherwise);
                self.builder().switch_to(then);
                if let Some(body) = arena.field(clause, Field::Consequence) {
                    self.block(body);
                }
                self.builder().goto(done, span);
                self.builder().switch_to(otherwise);
            } else if let Some(body) = arena.field(clause, Field::Body) {
                self.block(body);
            }
        }
        self.builder().goto(done, span);
        self.builder().switch_to(done);
    }

    fn for_loop(&mut self, node: NodeId) {
        let arena = self.arena();
        let span = self.span(node);
        let (Some(left), Some(right)) = (
            arena.field(node, Field::Left),
            arena.field(node, Field::Right),
        ) else {
            return;
        };
        let iterable = self.expression(right);
        let head = self.builder().block();
        let (body, exit, done) = (
            self.builder().block(),
            self.builder().block(),
            self.builder().block(),
        );
        self.builder().goto(head, span);
        self.builder().switch_to(head);
        self.builder().end(Terminator::Either(body, exit), span);
        self.builder().switch_to(body);
        let element = self.computed(Rvalue::Element(iterable), right);
        self.assign_target(left, element);
        self.loop_body(node, head, done);
        self.builder().switch_to(exit);
        self.loop_else(node);
        self.builder().goto(done, span);
        self.builder().switch_to(done);
    }

    fn while_loop(&mut self, node: NodeId) {
        let span = self.span(node);
        let head = self.builder().block();
        let (body, exit, done) = (
            self.builder().block(),
            self.builder().block(),
            self.builder().block(),
        );
        self.builder().goto(head, span);
        self.builder().switch_to(head);
        match self.arena().field(node, Field::Condition) {
            Some(condition) => self.condition(condition, body, exit),
            None => self.builder().end(Terminator::Either(body, exit), span),
        }
        self.builder().switch_to(body);
        self.loop_body(node, head, done);
        self.builder().switch_to(exit);
        self.loop_else(node);
        self.builder().goto(done, span);
        self.builder().switch_to(done);
    }

    fn loop_body(&mut self, node: NodeId, head: BlockId, done: BlockId) {
        let span = self.span(node);
        self.frame().loops.push((head, done));
        if let Some(body) = self.arena().field(node, Field::Body) {
            self.block(body);
        }
        self.frame().loops.pop();
        self.builder().goto(head, span);
    }

    fn loop_else(&mut self, node: NodeId) {
        let arena = self.arena();
        let otherwise = arena
            .children(node)
            .find(|&child| arena.role(child) == Role::Else);
        if let Some(body) = otherwise.and_then(|it| arena.field(it, Field::Body)) {
            self.block(body);
        }
    }

    /// `with a as b`: the target holds what `__enter__` gives.
    fn with(&mut self, node: NodeId) {
        let arena = self.arena();
        let items: Vec<NodeId> = arena
            .children(node)
            .filter(|&child| arena.kind_name(child) == "with_clause")
            .flat_map(|clause| arena.children(clause))
            .filter(|&item| arena.role(item) == Role::WithItem)
            .collect();
        for item in items {
            let Some(value) = arena.field(item, Field::Value) else {
                continue;
            };
            let alias = arena.field(value, Field::Alias);
            let manager = match alias {
                Some(_) => arena.children(value).next().unwrap_or(value),
                None => value,
            };
            let span = self.span(manager);
            let context = self.expression(manager);
            let callee = Callee::Method(context, "__enter__".into());
            let entered = self.builder().call(callee, Vec::new(), span);
            if let Some(alias) = alias {
                self.assign_target(alias, entered);
            }
        }
        if let Some(body) = arena.field(node, Field::Body) {
            self.block(body);
        }
    }

    /// `finally` is lowered where the statement ends normally, and once more, outside of deep
    /// nesting, where an exception goes on.
    fn try_statement(&mut self, node: NodeId, _depth: u32) {
        let arena = self.arena();
        let span = self.span(node);
        let handler = self.builder().block();
        let done = self.builder().block();
        self.builder().push_handler(handler, span);
        if let Some(body) = arena.field(node, Field::Body) {
            self.block(body);
        }
        self.builder().pop_handler(span);
        let clauses: Vec<NodeId> = arena.children(node).collect();
        let of_role = |role| {
            clauses
                .iter()
                .copied()
                .filter(move |&it| arena.role(it) == role)
        };
        for clause in of_role(Role::Else) {
            if let Some(body) = arena.field(clause, Field::Body) {
                self.block(body);
            }
        }
        self.builder().goto(done, span);
        self.builder().switch_to(handler);
        for clause in of_role(Role::Except) {
            let (caught, next) = (self.builder().block(), self.builder().block());
            self.builder().end(Terminator::Either(caught, next), span);
            self.builder().switch_to(caught);
            self.except(clause);
            self.builder().goto(done, span);
            self.builder().switch_to(next);
        }
        for clause in of_role(Role::Finally) {
            self.finally(clause);
        }
        if self.builder().is_open() {
            self.builder().end(Terminator::Raise(None), span);
        }
        self.builder().switch_to(done);
        for clause in of_role(Role::Finally) {
            self.finally(clause);
        }
    }

    fn finally(&mut self, clause: NodeId) {
        let arena = self.arena();
        // Each `finally` inside another doubles its code; a few levels are enough.
        self.depth += super::DEPTH / 6;
        let bodies: Vec<NodeId> = arena
            .children(clause)
            .filter(|&child| arena.role(child) == Role::Block)
            .collect();
        for body in bodies {
            self.block(body);
        }
        self.depth -= super::DEPTH / 6;
    }

    fn except(&mut self, clause: NodeId) {
        let arena = self.arena();
        let value = arena.field(clause, Field::Value);
        if let Some(value) = value {
            let alias = arena
                .field(clause, Field::Alias)
                .or_else(|| arena.field(value, Field::Alias));
            let types = match arena.field(value, Field::Alias) {
                Some(_) => arena.children(value).next().unwrap_or(value),
                None => value,
            };
            let names: Vec<QualifiedName> = match arena.role(types) {
                Role::Tuple => arena
                    .children(types)
                    .filter_map(|it| self.qualified(it))
                    .collect(),
                _ => self.qualified(types).into_iter().collect(),
            };
            let caught = self.computed(Rvalue::Exception(names), value);
            if let Some(alias) = alias {
                self.assign_target(alias, caught);
            }
        }
        let bodies: Vec<NodeId> = arena
            .children(clause)
            .filter(|&child| arena.role(child) == Role::Block)
            .collect();
        for body in bodies {
            self.block(body);
        }
    }

    fn assertion(&mut self, node: NodeId) {
        let Some(condition) = self.arena().children(node).next() else {
            return;
        };
        let span = self.span(node);
        let (holds, fails) = (self.builder().block(), self.builder().block());
        self.condition(condition, holds, fails);
        self.builder().switch_to(fails);
        self.builder().end(Terminator::Raise(None), span);
        self.builder().switch_to(holds);
    }

    fn deletion(&mut self, node: NodeId) {
        let arena = self.arena();
        let mut targets: Vec<NodeId> = arena.children(node).collect();
        if let [only] = targets.as_slice()
            && arena.role(*only) == Role::Tuple
        {
            targets = arena.children(*only).collect();
        }
        for target in targets {
            let span = self.span(target);
            let place = match arena.role(target) {
                Role::Identifier => Some(self.variable(self.text(target), target)),
                Role::Attribute => self.place_of(target),
                Role::Subscript => {
                    let slices = |child| arena.role(child) == Role::Slice;
                    match arena.children(target).any(slices) {
                        true => None,
                        false => self.place_of(target),
                    }
                }
                _ => None,
            };
            if let Some(place) = place {
                self.builder().push(Op::Drop(place), span);
            }
        }
    }

    /// Imports of functions and classes bind variables there; those of the top level are names
    /// of the file.
    fn import(&mut self, node: NodeId) {
        if self.frames.len() == 1 && self.frame().inner.is_empty() {
            return;
        }
        let arena = self.arena();
        let module = arena.field(node, Field::ModuleName);
        let children: Vec<NodeId> = arena.children(node).collect();
        for child in children.into_iter().filter(|&child| Some(child) != module) {
            let bound = match arena.role(child) {
                Role::Scoped => arena.children(child).next(),
                Role::AliasedImport => arena.field(child, Field::Alias),
                _ => None,
            };
            let Some(bound) = bound else { continue };
            let name = self.text(bound);
            let scope = self.names.scope_at(node);
            let imports = self.names.values_in(scope, name);
            let path = imports.filter_map(|binding| match binding {
                crate::names::Binding::Import(path) => Some(path.join(".")),
                _ => None,
            });
            // The import of this very statement, where there are several of one name.
            let Some(path) = path.last() else { continue };
            let place = self.variable(name, bound);
            let span = self.span(bound);
            self.builder()
                .assign(place, Rvalue::Use(Operand::name(&path)), span);
        }
    }

    /// `match`: each case tests the subject and goes on to the next where it fails.
    fn match_statement(&mut self, node: NodeId) {
        let arena = self.arena();
        let span = self.span(node);
        let Some(subject) = arena.field(node, Field::Subject) else {
            return;
        };
        let value = self.expression(subject);
        let subject: Place = self.placed(value, span);
        let done = self.builder().block();
        let cases: Vec<NodeId> = arena
            .children(node)
            .flat_map(|child| match arena.role(child) {
                Role::Block => arena.children(child).collect::<Vec<_>>(),
                _ => vec![child],
            })
            .filter(|&child| arena.role(child) == Role::Case)
            .collect();
        for case in cases {
            let next = self.builder().block();
            self.case(case, &subject, next);
            self.builder().goto(done, span);
            self.builder().switch_to(next);
        }
        self.builder().goto(done, span);
        self.builder().switch_to(done);
    }

    fn case(&mut self, case: NodeId, subject: &Place, next: BlockId) {
        let arena = self.arena();
        let children: Vec<NodeId> = arena.children(case).collect();
        let patterns: Vec<NodeId> = children
            .iter()
            .copied()
            .filter(|&child| arena.kind_name(child) == "case_pattern")
            .collect();
        match patterns.as_slice() {
            [only] => self.pattern(*only, subject.clone(), next),
            several => self.sequence_pattern(several, subject.clone(), next, case),
        }
        if let Some(guard) = arena.field(case, Field::Guard)
            && let Some(condition) = arena.children(guard).next()
        {
            let then = self.builder().block();
            self.condition(condition, then, next);
            self.builder().switch_to(then);
        }
        if let Some(body) = arena.field(case, Field::Consequence) {
            self.block(body);
        }
    }

    /// Ends the block by a test: goes on in a new block if it holds, to `fail` if not.
    pub(super) fn test(&mut self, test: Rvalue, fail: BlockId, span: Span) {
        let holds = self.builder().value(test, span);
        let then = self.builder().block();
        self.builder().branch(holds, then, fail, span);
        self.builder().switch_to(then);
    }
}
