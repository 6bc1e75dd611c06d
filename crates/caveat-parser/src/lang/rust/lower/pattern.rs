//! Patterns: what they test and what they bind.

use super::Lowering;
use super::expression::success;
use crate::arena::NodeId;
use crate::ir::{BlockId, CompareOp, Operand, Place, Rvalue, Static, Step};
use crate::lang::{Field, Role};

impl<'a> Lowering<'_, 'a> {
    /// Tests the subject against a pattern, binds its variables, and goes to `fail` if it does not
    /// fit. `kind` is the declared type of the subject.
    pub(super) fn pattern(
        &mut self,
        node: NodeId,
        subject: Place,
        kind: Option<&Static>,
        fail: BlockId,
    ) {
        if self.depth >= super::DEPTH {
            return;
        }
        self.depth += 1;
        self.shallow_pattern(node, subject, kind, fail);
        self.depth -= 1;
    }

    /// Binds the variables of a pattern that always fits.
    pub(super) fn certain_pattern(&mut self, node: NodeId, subject: Place, kind: Option<&Static>) {
        let never = self.builder().current();
        self.certain += 1;
        self.pattern(node, subject, kind, never);
        self.certain -= 1;
    }

    fn shallow_pattern(
        &mut self,
        node: NodeId,
        subject: Place,
        kind: Option<&Static>,
        fail: BlockId,
    ) {
        let arena = self.arena();
        match arena.role(node) {
            Role::Identifier => return self.name_pattern(node, subject, kind, fail),
            Role::Scoped | Role::Generic => return self.variant_test(node, &subject, fail),
            Role::Tuple => return self.tuple_pattern(node, &subject, kind, fail),
            Role::List => return self.slice_pattern(node, &subject, fail),
            Role::Token => return,
            _ => {}
        }
        match arena.kind_name(node) {
            "tuple_struct_pattern" => self.tuple_struct_pattern(node, &subject, kind, fail),
            "struct_pattern" => self.struct_pattern(node, &subject, fail),
            "or_pattern" => self.alternatives(node, &subject, kind, fail),
            "captured_pattern" => {
                let mut children = arena.children(node);
                let name = children.next();
                if let Some(inner) = children.last() {
                    self.pattern(inner, subject.clone(), kind, fail);
                }
                if let Some(name) = name {
                    self.bind(name, subject, kind);
                }
            }
            "range_pattern" => self.range_test(node, subject, fail),
            "mut_pattern" | "ref_pattern" | "reference_pattern" | "box_pattern" => {
                if let Some(inner) = arena.children(node).last() {
                    self.pattern(inner, subject, kind, fail);
                }
            }
            "remaining_field_pattern" | "_" | "mutable_specifier" => {}
            _ => {
                let value = self.expression(node);
                self.equal(subject, value, node, fail);
            }
        }
    }

    fn equal(&mut self, subject: Place, value: Operand, node: NodeId, fail: BlockId) {
        let same = Rvalue::Compare(CompareOp::Equal, Operand::Place(subject), value);
        self.test(same, fail, node);
    }

    /// Ends the block by a test: goes on in a new block if it holds, to `fail` if not.
    pub(super) fn test(&mut self, test: Rvalue, fail: BlockId, node: NodeId) {
        if self.certain > 0 {
            return;
        }
        let span = self.span(node);
        let holds = self.builder().value(test, span);
        let then = self.builder().block();
        self.builder().branch(holds, then, fail, span);
        self.builder().switch_to(then);
    }

    /// A name binds, unless it is that of a constant or variant.
    fn name_pattern(&mut self, node: NodeId, subject: Place, kind: Option<&Static>, fail: BlockId) {
        let name = self.text(node);
        if name == "_" {
            return;
        }
        if !name.starts_with(char::is_uppercase) {
            return self.bind(node, subject, kind);
        }
        if name == "None" {
            let is = Rvalue::Is(Operand::Place(subject), "None".into());
            return self.test(is, fail, node);
        }
        if name.chars().any(char::is_lowercase) {
            return self.variant_test(node, &subject, fail);
        }
        let value = self.path_value(node);
        self.equal(subject, value, node, fail);
    }

    fn bind(&mut self, node: NodeId, subject: Place, kind: Option<&Static>) {
        let name = self.text(node);
        let span = self.span(node);
        let arena = self.arena();
        let around = arena.parent(node).map(|it| (it, arena.kind_name(it)));
        let is_mutable = match around {
            Some((_, "mut_pattern")) => true,
            Some((parent, _)) => arena
                .children(parent)
                .take_while(|&it| it != node)
                .last()
                .is_some_and(|it| arena.kind_name(it) == "mutable_specifier"),
            None => false,
        };
        let place = self.declare(name, is_mutable);
        let value = Operand::Place(subject);
        let value = match kind {
            Some(kind) if *kind != Static::Unknown => Rvalue::Typed(value, kind.clone()),
            _ => Rvalue::Use(value),
        };
        self.builder().assign(place, value, span);
    }

    fn tuple_pattern(
        &mut self,
        node: NodeId,
        subject: &Place,
        kind: Option<&Static>,
        fail: BlockId,
    ) {
        let arena = self.arena();
        let kinds = match kind {
            Some(Static::Generic(name, kinds)) if &**name == "()" => kinds.as_slice(),
            _ => &[],
        };
        let parts: Vec<NodeId> = arena.children(node).collect();
        for (at, &part) in parts.iter().enumerate() {
            if arena.kind_name(part) == "remaining_field_pattern" {
                break;
            }
            let field = Step::Field(at.to_string().as_str().into());
            self.pattern(part, subject.clone().then(field), kinds.get(at), fail);
        }
    }

    fn slice_pattern(&mut self, node: NodeId, subject: &Place, fail: BlockId) {
        let arena = self.arena();
        let parts: Vec<NodeId> = arena.children(node).collect();
        let is_rest = |&part: &NodeId| {
            let inside = arena.subtree(part);
            inside
                .take(4)
                .any(|it| arena.kind_name(it) == "remaining_field_pattern")
        };
        let rest = parts.iter().position(is_rest);
        let least = parts.len() - usize::from(rest.is_some());
        let fits = Rvalue::HasLength(Operand::Place(subject.clone()), least, rest.is_none());
        self.test(fits, fail, node);
        for (at, &part) in parts.iter().enumerate() {
            let position = match rest {
                Some(rest) if at == rest => None,
                Some(rest) if at > rest => Some(at as i128 - parts.len() as i128),
                _ => Some(at as i128),
            };
            match position {
                Some(at) => {
                    let step = Step::At(crate::constant::Constant::Int(at));
                    self.pattern(part, subject.clone().then(step), None, fail);
                }
                // `rest @ ..`
                None if arena.kind_name(part) == "captured_pattern" => {
                    if let Some(name) = arena.children(part).next() {
                        self.bind(name, subject.clone(), None);
                    }
                }
                None => {}
            }
        }
    }

    fn variant_test(&mut self, path: NodeId, subject: &Place, fail: BlockId) {
        let text = self.text(path);
        let last = text.rsplit("::").next().unwrap_or(text);
        let is_known = matches!(last, "Some" | "None" | "Ok" | "Err")
            && (last == text || text.starts_with("Option") || text.starts_with("Result"));
        let name = match is_known {
            true => Some(last.into()),
            false => self.qualified(path),
        };
        let Some(name) = name else { return };
        let is = Rvalue::Is(Operand::Place(subject.clone()), name);
        self.test(is, fail, path);
    }

    fn tuple_struct_pattern(
        &mut self,
        node: NodeId,
        subject: &Place,
        kind: Option<&Static>,
        fail: BlockId,
    ) {
        let arena = self.arena();
        let Some(path) = arena.field(node, Field::Type) else {
            return;
        };
        let parts = arena.children(node).skip(1);
        let parts: Vec<NodeId> = parts.filter(|&it| it != path).collect();
        self.variant_test(path, subject, fail);
        if let Some(is_success) = success(self.text(path)) {
            let span = self.span(node);
            let payload = match is_success {
                true => Rvalue::Payload(Operand::Place(subject.clone())),
                false => Rvalue::Unknown(Vec::new()),
            };
            let payload = self.builder().value(payload, span);
            let payload = self.placed(payload, span);
            let inner = inner_kind(kind);
            if let Some(part) = parts.first() {
                self.pattern(*part, payload, inner, fail);
            }
            return;
        }
        let inner = match parts.len() {
            1 => inner_kind(kind),
            _ => None,
        };
        for (at, &part) in parts.iter().enumerate() {
            if arena.kind_name(part) == "remaining_field_pattern" {
                break;
            }
            let field = Step::Field(at.to_string().as_str().into());
            self.pattern(part, subject.clone().then(field), inner, fail);
        }
    }

    fn struct_pattern(&mut self, node: NodeId, subject: &Place, fail: BlockId) {
        let arena = self.arena();
        if let Some(path) = arena.field(node, Field::Type) {
            self.variant_test(path, subject, fail);
        }
        let fields = arena.children(node);
        let fields: Vec<NodeId> = fields
            .filter(|&it| arena.kind_name(it) == "field_pattern")
            .collect();
        for field in fields {
            let Some(name) = arena.field(field, Field::Name) else {
                continue;
            };
            let place = subject.clone().then(Step::Field(self.text(name).into()));
            match arena.field(field, Field::Pattern) {
                Some(inner) => self.pattern(inner, place, None, fail),
                None => self.bind(name, place, None),
            }
        }
    }

    fn alternatives(
        &mut self,
        node: NodeId,
        subject: &Place,
        kind: Option<&Static>,
        fail: BlockId,
    ) {
        let arena = self.arena();
        let span = self.span(node);
        let parts = arena.children(node);
        let parts: Vec<NodeId> = parts
            .filter(|&it| arena.role(it) != Role::Token || self.text(it) == "_")
            .collect();
        let done = self.builder().block();
        self.alternatives += 1;
        for (at, &part) in parts.iter().enumerate() {
            let next = match at + 1 == parts.len() {
                true => fail,
                false => self.builder().block(),
            };
            self.pattern(part, subject.clone(), kind, next);
            self.builder().goto(done, span);
            self.builder().switch_to(next);
        }
        self.alternatives -= 1;
        self.builder().switch_to(done);
    }

    fn range_test(&mut self, node: NodeId, subject: Place, fail: BlockId) {
        let arena = self.arena();
        let exclusive = !self.text(node).contains("..=");
        let bounds = [
            (Field::Left, CompareOp::GreaterEqual),
            (
                Field::Right,
                match exclusive {
                    true => CompareOp::Less,
                    false => CompareOp::LessEqual,
                },
            ),
        ];
        for (field, op) in bounds {
            if let Some(bound) = arena.field(node, field) {
                let bound = self.expression(bound);
                let fits = Rvalue::Compare(op, Operand::Place(subject.clone()), bound);
                self.test(fits, fail, node);
            }
        }
    }
}

/// The type of what a wrapper with one type holds: `Option<T>`, `Result<T, E>`, `Path<T>`.
fn inner_kind(kind: Option<&Static>) -> Option<&Static> {
    match kind? {
        Static::Generic(name, args) if &**name != "()" => args.first(),
        _ => None,
    }
}
