//! Patterns of `match`.

use super::Lowering;
use crate::arena::NodeId;
use crate::constant::Constant;
use crate::ir::{BlockId, CompareOp, Operand, Place, Rvalue, Step};
use crate::lang::{Field, Role};

impl Lowering<'_, '_> {
    /// Tests the subject against a pattern, binds its captures, and goes to `fail` if it does not
    /// fit.
    pub(super) fn pattern(&mut self, node: NodeId, subject: Place, fail: BlockId) {
        if self.depth >= super::DEPTH {
            return;
        }
        self.depth += 1;
        let arena = self.arena();
        let span = self.span(node);
        let children: Vec<NodeId> = arena
            .children(node)
            .filter(|&child| arena.role(child) != Role::Token)
            .collect();
        match (arena.kind_name(node), children.as_slice()) {
            ("case_pattern", [inner]) => self.pattern(*inner, subject, fail),
            // `case _`, or a capture that the grammar left without a child.
            ("case_pattern" | "splat_pattern", []) => {}
            ("dotted_name", [name]) => {
                self.assign_target(*name, Operand::Place(subject));
            }
            ("identifier", _) => self.assign_target(node, Operand::Place(subject)),
            ("dotted_name", _) => {
                let value = self.qualified(node);
                let value = value.map_or_else(Operand::none, |it| Operand::name(&it));
                self.equal(subject, value, node, fail);
            }
            ("as_pattern", [inner, name]) => {
                self.pattern(*inner, subject.clone(), fail);
                self.assign_target(*name, Operand::Place(subject));
            }
            ("union_pattern", alternatives) => self.union(alternatives, subject, fail),
            ("list_pattern" | "tuple_pattern", items) => {
                let items = items.to_vec();
                self.sequence_pattern(&items, subject, fail, node);
            }
            ("dict_pattern", _) => self.dict_pattern(node, subject, fail),
            ("class_pattern", [class, parts @ ..]) => {
                if let Some(name) = self.qualified(*class) {
                    let is = Rvalue::Is(Operand::Place(subject.clone()), name);
                    self.test(is, fail, span);
                }
                self.class_parts(parts, &subject, fail);
            }
            ("splat_pattern", [name]) => self.assign_target(*name, Operand::Place(subject)),
            _ => {
                let value = self.expression(node);
                self.equal(subject, value, node, fail);
            }
        }
        self.depth -= 1;
    }

    fn equal(&mut self, subject: Place, value: Operand, node: NodeId, fail: BlockId) {
        let span = self.span(node);
        let same = Rvalue::Compare(CompareOp::Equal, Operand::Place(subject), value);
        self.test(same, fail, span);
    }

    fn union(&mut self, alternatives: &[NodeId], subject: Place, fail: BlockId) {
        let done = self.builder().block();
        for (at, &alternative) in alternatives.iter().enumerate() {
            let span = self.span(alternative);
            let next = match at + 1 == alternatives.len() {
                true => fail,
                false => self.builder().block(),
            };
            self.pattern(alternative, subject.clone(), next);
            self.builder().goto(done, span);
            self.builder().switch_to(next);
        }
        self.builder().switch_to(done);
    }

    pub(super) fn sequence_pattern(
        &mut self,
        items: &[NodeId],
        subject: Place,
        fail: BlockId,
        node: NodeId,
    ) {
        let arena = self.arena();
        let span = self.span(node);
        let is_star = |&item: &NodeId| {
            let inner = arena.children(item).next().unwrap_or(item);
            [item, inner]
                .iter()
                .any(|&it| arena.kind_name(it) == "splat_pattern")
        };
        let star = items.iter().position(is_star);
        let least = items.len() - usize::from(star.is_some());
        let fits = Rvalue::HasLength(Operand::Place(subject.clone()), least, star.is_none());
        self.test(fits, fail, span);
        for (at, &item) in items.iter().enumerate() {
            let place = match star {
                Some(star) if at == star => subject.clone().then(Step::Any),
                Some(star) if at > star => {
                    let position = at as i128 - items.len() as i128;
                    subject.clone().then(Step::At(Constant::Int(position)))
                }
                _ => subject.clone().then(Step::At(Constant::Int(at as i128))),
            };
            self.pattern(item, place, fail);
        }
    }

    fn dict_pattern(&mut self, node: NodeId, subject: Place, fail: BlockId) {
        let arena = self.arena();
        let children: Vec<NodeId> = arena.children(node).collect();
        let mut key: Option<Constant> = None;
        for child in children {
            match arena.node(child).field {
                Field::Key => key = self.names.literal(child),
                Field::Value => {
                    let step = key.take().map_or(Step::Any, Step::At);
                    if let Step::At(key) = &step {
                        let span = self.span(child);
                        let has = Rvalue::Compare(
                            CompareOp::In,
                            Operand::Const(key.clone()),
                            Operand::Place(subject.clone()),
                        );
                        self.test(has, fail, span);
                    }
                    self.pattern(child, subject.clone().then(step), fail);
                }
                _ if arena.kind_name(child) == "splat_pattern" => {
                    self.pattern(child, subject.clone(), fail);
                }
                _ => {}
            }
        }
    }

    fn class_parts(&mut self, parts: &[NodeId], subject: &Place, fail: BlockId) {
        let arena = self.arena();
        for &part in parts {
            let inner = arena.children(part).next().unwrap_or(part);
            if arena.kind_name(inner) != "keyword_pattern" {
                // The class says which field a position is; a single one is mostly the value.
                let place = match arena.kind_name(inner) {
                    "dotted_name" if parts.len() == 1 => subject.clone(),
                    _ => subject.clone().then(Step::Any),
                };
                self.pattern(part, place, fail);
                continue;
            }
            let mut children = arena.children(inner);
            if let (Some(name), Some(value)) = (children.next(), children.next()) {
                let field = Step::Field(self.text(name).into());
                self.pattern(value, subject.clone().then(field), fail);
            }
        }
    }
}
