//! Expressions of Python.

use rustc_hash::FxHashMap;

use super::Lowering;
use crate::arena::NodeId;
use crate::constant::{Constant, Literal};
use crate::ir::{
    Arg, ArgKind, BinaryOp, BlockId, Callee, CompareOp, Element, Op, Operand, Piece, Place, Rvalue,
    SequenceKind, Step, Terminator, UnaryOp,
};
use crate::lang::{Field, Role};
use crate::source::Span;

impl<'a> Lowering<'_, 'a> {
    /// Adds what computes the expression and gives where its value is.
    pub(super) fn expression(&mut self, node: NodeId) -> Operand {
        if self.depth >= super::DEPTH {
            return self.unknown(Vec::new(), node);
        }
        self.depth += 1;
        let value = self.shallow(node);
        self.depth -= 1;
        value
    }

    fn shallow(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        match arena.role(node) {
            Role::Identifier => Operand::Place(self.variable(self.text(node), node)),
            Role::Integer | Role::Float | Role::Boolean | Role::None => {
                let value = self.names.literal(node);
                value.map_or_else(|| self.unknown(Vec::new(), node), Operand::Const)
            }
            Role::String | Role::ConcatenatedString => self.string(node),
            Role::Attribute | Role::Subscript => self.access(node),
            Role::Call => self.call(node),
            Role::Binary => self.binary(node),
            Role::Unary => self.unary(node),
            Role::BooleanOperator | Role::Conditional => self.choice(node),
            Role::Not | Role::Comparison => self.condition_value(node),
            Role::Await => self.of_child(node, Rvalue::Await),
            Role::List | Role::Tuple | Role::Set => self.sequence(node),
            Role::Dict => self.dict(node),
            Role::Comprehension => self.comprehension(node),
            Role::Lambda => {
                let inner = std::mem::take(&mut self.frame().inner);
                let value = self.function(node, Vec::new(), None);
                self.frame().inner = inner;
                self.computed(value, node)
            }
            Role::NamedExpression => self.walrus(node),
            Role::Yield => self.yielded(node),
            Role::Ellipsis => Operand::none(),
            // Whatever else holds values: keep them all.
            _ => {
                let children: Vec<NodeId> = arena
                    .children(node)
                    .filter(|&child| arena.role(child) != Role::Token)
                    .collect();
                let parts = children.into_iter().map(|it| self.expression(it)).collect();
                self.unknown(parts, node)
            }
        }
    }

    pub(super) fn computed(&mut self, value: Rvalue, node: NodeId) -> Operand {
        let span = self.span(node);
        self.builder().value(value, span)
    }

    fn unknown(&mut self, parts: Vec<Operand>, node: NodeId) -> Operand {
        self.computed(Rvalue::Unknown(parts), node)
    }

    fn of_child(&mut self, node: NodeId, make: fn(Operand) -> Rvalue) -> Operand {
        match self.arena().children(node).last() {
            Some(child) => {
                let operand = self.expression(child);
                self.computed(make(operand), node)
            }
            None => Operand::none(),
        }
    }

    /// The place that an operand is; a constant is put into one.
    pub(super) fn placed(&mut self, operand: Operand, span: Span) -> Place {
        match operand {
            Operand::Place(place) => place,
            Operand::Const(_) => {
                let temp = self.builder().temp();
                self.builder()
                    .assign(Place::local(temp), Rvalue::Use(operand), span);
                Place::local(temp)
            }
        }
    }

    fn access(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        if arena.role(node) == Role::Subscript {
            let slice = arena
                .children(node)
                .find(|&child| arena.role(child) == Role::Slice);
            if let Some(slice) = slice {
                return self.slice(node, slice);
            }
        }
        self.place_of(node)
            .map_or_else(|| self.unknown(Vec::new(), node), Operand::Place)
    }

    /// The place that `a.b` or `a[i]` means, to read or to assign.
    pub(super) fn place_of(&mut self, node: NodeId) -> Option<Place> {
        let arena = self.arena();
        let mut children = arena.children(node);
        let object = children.next()?;
        let base = self.expression(object);
        let base = self.placed(base, self.span(object));
        if arena.role(node) == Role::Attribute {
            let name = arena.field(node, Field::Attribute)?;
            return Some(base.then(Step::Field(self.text(name).into())));
        }
        let indices: Vec<NodeId> = children.collect();
        let index = match indices.as_slice() {
            [only] => self.expression(*only),
            several => {
                let parts = several
                    .iter()
                    .map(|&it| Element::One(self.expression(it)))
                    .collect();
                self.computed(Rvalue::Sequence(SequenceKind::Tuple, parts), node)
            }
        };
        Some(base.then(self.step(index, node)))
    }

    fn step(&mut self, index: Operand, node: NodeId) -> Step {
        match index {
            Operand::Const(value) => Step::At(value),
            Operand::Place(place) => match place.as_local() {
                Some(local) => Step::By(local),
                None => {
                    let span = self.span(node);
                    let temp = self.builder().temp();
                    let value = Rvalue::Use(Operand::Place(place));
                    self.builder().assign(Place::local(temp), value, span);
                    Step::By(temp)
                }
            },
        }
    }

    /// `a[i:j:k]`; the tree has no colons, so the parts are told apart by the text between them.
    fn slice(&mut self, node: NodeId, slice: NodeId) -> Operand {
        let arena = self.arena();
        let Some(object) = arena.children(node).next() else {
            return Operand::none();
        };
        let of = self.expression(object);
        let mut bounds: [Option<Operand>; 3] = [None, None, None];
        let mut end = arena.node(slice).start;
        let mut part = 0;
        let children: Vec<NodeId> = arena.children(slice).collect();
        for child in children {
            let gap = Span::new(end, arena.node(child).start);
            part += gap.text(self.names.code.text).matches(':').count();
            if arena.role(child) != Role::Token && part < 3 {
                bounds[part] = Some(self.expression(child));
            }
            end = arena.node(child).end;
        }
        let [start, stop, step] = bounds;
        let value = Rvalue::Slice {
            of,
            start,
            stop,
            step,
        };
        self.computed(value, node)
    }

    fn string(&mut self, node: NodeId) -> Operand {
        if let Some(value) = self.names.literal(node) {
            return Operand::Const(value);
        }
        let mut pieces = Vec::new();
        let arena = self.arena();
        match arena.role(node) {
            Role::ConcatenatedString => {
                let parts: Vec<NodeId> = arena.children(node).collect();
                for part in parts {
                    self.pieces(part, &mut pieces);
                }
            }
            _ => self.pieces(node, &mut pieces),
        }
        self.computed(Rvalue::Format(pieces), node)
    }

    fn pieces(&mut self, string: NodeId, pieces: &mut Vec<Piece>) {
        let arena = self.arena();
        let literal = Literal::new(self.text(string));
        let children: Vec<NodeId> = arena.children(string).collect();
        for child in children {
            match arena.role(child) {
                Role::StringContent | Role::Escape => {
                    let mut text = literal.decode(self.text(child)).into_owned();
                    if literal.formatted {
                        text = text.replace("{{", "{").replace("}}", "}");
                    }
                    pieces.push(Piece::Text(text.into()));
                }
                Role::Interpolation => self.hole(child, pieces),
                _ => {}
            }
        }
    }

    fn hole(&mut self, node: NodeId, pieces: &mut Vec<Piece>) {
        let arena = self.arena();
        let Some(inner) = arena
            .field(node, Field::Expression)
            .or_else(|| arena.children(node).next())
        else {
            return;
        };
        let written = self.span(node).text(self.names.code.text);
        let is_debug = arena.node(inner).end < arena.node(node).end
            && self.names.code.text[arena.node(inner).end as usize..]
                .trim_start()
                .starts_with('=')
            && written.contains('=');
        if is_debug {
            pieces.push(Piece::Text(format!("{}=", self.text(inner)).into()));
        }
        let mut spec = String::new();
        for field in [Field::TypeConversion, Field::FormatSpecifier] {
            if let Some(part) = arena.field(node, field) {
                spec.push_str(self.text(part));
            }
        }
        if is_debug && spec.is_empty() {
            spec.push_str("!r");
        }
        let value = self.expression(inner);
        pieces.push(Piece::Hole(value, spec.into()));
    }

    fn call(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let Some(function) = arena.field(node, Field::Function) else {
            return self.unknown(Vec::new(), node);
        };
        let callee = match arena.role(function) {
            Role::Attribute => self.method(function),
            _ => Callee::Value(self.expression(function)),
        };
        let mut args = Vec::new();
        if let Some(list) = arena.field(node, Field::Arguments) {
            if arena.role(list) == Role::Comprehension {
                let value = self.expression(list);
                args.push(self.arg(ArgKind::Plain, value, list));
            } else {
                let children: Vec<NodeId> = arena.children(list).collect();
                for argument in children {
                    args.extend(self.argument(argument));
                }
            }
        }
        let span = self.span(node);
        self.builder().call(callee, args, span)
    }

    fn method(&mut self, function: NodeId) -> Callee {
        let arena = self.arena();
        let object = arena.field(function, Field::Object);
        let name = arena.field(function, Field::Attribute);
        match (object, name) {
            (Some(object), Some(name)) => {
                let receiver = self.expression(object);
                Callee::Method(receiver, self.text(name).into())
            }
            _ => Callee::Value(self.expression(function)),
        }
    }

    fn arg(&self, kind: ArgKind, value: Operand, node: NodeId) -> Arg {
        Arg {
            kind,
            value,
            span: self.span(node),
        }
    }

    fn argument(&mut self, node: NodeId) -> Option<Arg> {
        let arena = self.arena();
        let last = |node| arena.children(node).last();
        Some(match arena.role(node) {
            Role::KeywordArgument => {
                let name = self.text(arena.field(node, Field::Name)?);
                let value = arena.field(node, Field::Value)?;
                let operand = self.expression(value);
                self.arg(ArgKind::Named(name.into()), operand, value)
            }
            Role::Splat => {
                let operand = self.expression(last(node)?);
                self.arg(ArgKind::Spread, operand, node)
            }
            Role::DictSplat => {
                let operand = self.expression(last(node)?);
                self.arg(ArgKind::SpreadKeywords, operand, node)
            }
            _ => {
                let operand = self.expression(node);
                self.arg(ArgKind::Plain, operand, node)
            }
        })
    }

    /// Long sums are a chain to the left, which is walked without recursion.
    fn binary(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let mut spine = vec![node];
        let mut leftmost = node;
        while let Some(left) = arena.field(leftmost, Field::Left) {
            leftmost = left;
            if arena.role(left) != Role::Binary {
                break;
            }
            spine.push(left);
        }
        let mut value = self.expression(leftmost);
        for &at in spine.iter().rev() {
            let right = match arena.field(at, Field::Right) {
                Some(right) => self.expression(right),
                None => Operand::none(),
            };
            let operator = arena.field(at, Field::Operator).map(|it| self.text(it));
            value = match operator.and_then(binary_operator) {
                Some(op) => self.computed(Rvalue::Binary(op, value, right), at),
                None => self.unknown(vec![value, right], at),
            };
        }
        value
    }

    fn unary(&mut self, node: NodeId) -> Operand {
        if let Some(value) = self.names.literal(node) {
            return Operand::Const(value);
        }
        let op = match self.text(node).as_bytes().first() {
            Some(b'-') => UnaryOp::Negate,
            Some(b'+') => UnaryOp::Plus,
            _ => UnaryOp::Invert,
        };
        match self.arena().children(node).last() {
            Some(child) => {
                let operand = self.expression(child);
                self.computed(Rvalue::Unary(op, operand), node)
            }
            None => Operand::none(),
        }
    }

    /// `a and b`, `a or b`, `a if c else b`: the value comes from one of two blocks.
    fn choice(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let span = self.span(node);
        let result = self.builder().temp();
        let done = self.builder().block();
        let (one, other) = (self.builder().block(), self.builder().block());
        let parts: Vec<NodeId> = arena
            .children(node)
            .filter(|&child| arena.role(child) != Role::Token)
            .collect();
        match (arena.role(node), parts.as_slice()) {
            (Role::Conditional, [then, condition, otherwise, ..]) => {
                self.condition(*condition, one, other);
                self.choose(one, *then, result, done);
                self.choose(other, *otherwise, result, done);
            }
            (_, [left, right, ..]) => {
                let is_and = arena
                    .field(node, Field::Operator)
                    .is_some_and(|it| self.text(it) == "and");
                let value = self.expression(*left);
                let (then, otherwise) = if is_and { (one, other) } else { (other, one) };
                self.builder().branch(value.clone(), then, otherwise, span);
                self.choose(one, *right, result, done);
                self.builder().switch_to(other);
                self.builder()
                    .assign(Place::local(result), Rvalue::Use(value), span);
                self.builder().goto(done, span);
            }
            _ => {}
        }
        self.builder().switch_to(done);
        Operand::local(result)
    }

    fn choose(&mut self, block: BlockId, node: NodeId, into: crate::ir::LocalId, done: BlockId) {
        self.builder().switch_to(block);
        let value = self.expression(node);
        let span = self.span(node);
        self.builder()
            .assign(Place::local(into), Rvalue::Use(value), span);
        self.builder().goto(done, span);
    }

    /// A comparison or negation as a value. A chain is decided by its parts, one after the other.
    fn condition_value(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        if arena.role(node) == Role::Not {
            return self.of_child(node, Rvalue::Not);
        }
        let links = self.comparisons(node);
        if let [(op, left, right)] = links.as_slice() {
            let left = self.expression(*left);
            let right = self.expression(*right);
            return self.computed(Rvalue::Compare(*op, left, right), node);
        }
        let span = self.span(node);
        let result = self.builder().temp();
        let (yes, no, done) = (
            self.builder().block(),
            self.builder().block(),
            self.builder().block(),
        );
        self.condition(node, yes, no);
        for (block, value) in [(yes, true), (no, false)] {
            self.builder().switch_to(block);
            let value = Rvalue::Use(Operand::Const(Constant::Bool(value)));
            self.builder().assign(Place::local(result), value, span);
            self.builder().goto(done, span);
        }
        self.builder().switch_to(done);
        Operand::local(result)
    }

    /// The comparisons of a chain.
    fn comparisons(&self, node: NodeId) -> Vec<(CompareOp, NodeId, NodeId)> {
        let arena = self.arena();
        let mut operands = Vec::new();
        let mut operators = Vec::new();
        for child in arena.children(node) {
            if arena.node(child).field == Field::Operators || arena.role(child) == Role::Token {
                operators.push(self.text(child));
            } else {
                operands.push(child);
            }
        }
        // `not in` and `is not` are one token or two, by version of the grammar.
        let words: Vec<String> = operators.iter().map(|it| normal(it)).collect();
        let mut ops = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let pair = words
                .get(at + 1)
                .map(|next| format!("{} {next}", words[at]));
            if let Some(op) = pair.as_deref().and_then(compare_operator) {
                ops.push(op);
                at += 2;
                continue;
            }
            ops.push(compare_operator(&words[at]).unwrap_or(CompareOp::Equal));
            at += 1;
        }
        operands
            .windows(2)
            .zip(ops)
            .map(|(pair, op)| (op, pair[0], pair[1]))
            .collect()
    }

    /// Ends the current block by deciding between `then` and `otherwise`.
    pub(super) fn condition(&mut self, node: NodeId, then: BlockId, otherwise: BlockId) {
        let arena = self.arena();
        let span = self.span(node);
        if self.depth >= super::DEPTH {
            self.builder()
                .end(Terminator::Either(then, otherwise), span);
            return;
        }
        self.depth += 1;
        match arena.role(node) {
            Role::Not => match arena.children(node).last() {
                Some(child) => self.condition(child, otherwise, then),
                None => self
                    .builder()
                    .end(Terminator::Either(then, otherwise), span),
            },
            Role::BooleanOperator => {
                let is_and = arena
                    .field(node, Field::Operator)
                    .is_some_and(|it| self.text(it) == "and");
                let between = self.builder().block();
                let left = arena.field(node, Field::Left);
                let right = arena.field(node, Field::Right);
                match (left, right) {
                    (Some(left), Some(right)) if is_and => {
                        self.condition(left, between, otherwise);
                        self.builder().switch_to(between);
                        self.condition(right, then, otherwise);
                    }
                    (Some(left), Some(right)) => {
                        self.condition(left, then, between);
                        self.builder().switch_to(between);
                        self.condition(right, then, otherwise);
                    }
                    _ => self
                        .builder()
                        .end(Terminator::Either(then, otherwise), span),
                }
            }
            Role::Comparison => self.chain(node, then, otherwise),
            _ => {
                let value = self.expression(node);
                self.builder().branch(value, then, otherwise, span);
            }
        }
        self.depth -= 1;
    }

    fn chain(&mut self, node: NodeId, then: BlockId, otherwise: BlockId) {
        let links = self.comparisons(node);
        let span = self.span(node);
        let mut known: Option<(NodeId, Operand)> = None;
        let count = links.len();
        if count == 0 {
            self.builder()
                .end(Terminator::Either(then, otherwise), span);
        }
        for (at, (op, left, right)) in links.into_iter().enumerate() {
            let left = match known.take() {
                Some((node, value)) if node == left => value,
                _ => self.expression(left),
            };
            let value = self.expression(right);
            known = Some((right, value.clone()));
            let holds = self.computed(Rvalue::Compare(op, left, value), node);
            let next = match at + 1 == count {
                true => then,
                false => self.builder().block(),
            };
            self.builder().branch(holds, next, otherwise, span);
            self.builder().switch_to(next);
        }
    }

    fn sequence(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let kind = match arena.role(node) {
            Role::Tuple => SequenceKind::Tuple,
            Role::Set => SequenceKind::Set,
            _ => SequenceKind::List,
        };
        let children: Vec<NodeId> = arena.children(node).collect();
        let mut elements = Vec::with_capacity(children.len());
        for child in children {
            match arena.role(child) {
                Role::Splat => {
                    if let Some(inner) = arena.children(child).last() {
                        elements.push(Element::Spread(self.expression(inner)));
                    }
                }
                _ => elements.push(Element::One(self.expression(child))),
            }
        }
        self.computed(Rvalue::Sequence(kind, elements), node)
    }

    fn dict(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let children: Vec<NodeId> = arena.children(node).collect();
        let mut pairs = Vec::with_capacity(children.len());
        for child in children {
            match arena.role(child) {
                Role::Pair => {
                    let key = arena.field(child, Field::Key);
                    let value = arena.field(child, Field::Value);
                    if let (Some(key), Some(value)) = (key, value) {
                        let key = self.expression(key);
                        pairs.push((Some(key), self.expression(value)));
                    }
                }
                Role::DictSplat => {
                    if let Some(inner) = arena.children(child).last() {
                        pairs.push((None, self.expression(inner)));
                    }
                }
                _ => {}
            }
        }
        self.computed(Rvalue::Dict(pairs), node)
    }

    /// A comprehension: its clauses once, for its variables carry nothing from turn to turn.
    fn comprehension(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let span = self.span(node);
        let is_dict = arena.kind_name(node) == "dictionary_comprehension";
        let kind = match arena.kind_name(node) {
            "set_comprehension" => SequenceKind::Set,
            _ => SequenceKind::List,
        };
        let result = self.builder().temp();
        let empty = match is_dict {
            true => Rvalue::Dict(Vec::new()),
            false => Rvalue::Sequence(kind, Vec::new()),
        };
        self.builder().assign(Place::local(result), empty, span);
        let done = self.builder().block();
        self.frame().inner.push(FxHashMap::default());
        let children: Vec<NodeId> = arena.children(node).collect();
        for &clause in &children {
            match arena.role(clause) {
                Role::ForIn => self.comprehension_for(clause, done),
                Role::Other if arena.kind_name(clause) == "if_clause" => {
                    if let Some(condition) = arena.children(clause).next() {
                        let next = self.builder().block();
                        self.condition(condition, next, done);
                        self.builder().switch_to(next);
                    }
                }
                _ => {}
            }
        }
        if let Some(&body) = children
            .iter()
            .find(|&&child| arena.node(child).field == Field::Body)
        {
            let value = match is_dict {
                true => {
                    let key = arena.field(body, Field::Key).map(|it| self.expression(it));
                    let value = arena.field(body, Field::Value);
                    let value = value.map_or_else(Operand::none, |it| self.expression(it));
                    Rvalue::Dict(vec![(Some(key.unwrap_or_else(Operand::none)), value)])
                }
                false => {
                    let item = self.expression(body);
                    Rvalue::Sequence(kind, vec![Element::Many(item)])
                }
            };
            self.builder().assign(Place::local(result), value, span);
        }
        self.builder().goto(done, span);
        self.frame().inner.pop();
        self.builder().switch_to(done);
        Operand::local(result)
    }

    fn comprehension_for(&mut self, clause: NodeId, done: BlockId) {
        let arena = self.arena();
        let span = self.span(clause);
        let (Some(left), Some(right)) = (
            arena.field(clause, Field::Left),
            arena.field(clause, Field::Right),
        ) else {
            return;
        };
        let iterable = self.expression(right);
        for id in arena.subtree(left) {
            if arena.role(id) == Role::Identifier {
                let name = self.text(id);
                let local = self.builder().local(name);
                if let Some(names) = self.frame().inner.last_mut() {
                    names.insert(name, Place::local(local));
                }
            }
        }
        let body = self.builder().block();
        self.builder().end(Terminator::Either(body, done), span);
        self.builder().switch_to(body);
        let element = self.computed(Rvalue::Element(iterable), right);
        self.assign_target(left, element);
    }

    fn walrus(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let name = arena.field(node, Field::Name);
        let value = arena.field(node, Field::Value);
        let value = value.map_or_else(Operand::none, |it| self.expression(it));
        let Some(name) = name else { return value };
        let place = self.variable(self.text(name), name);
        let span = self.span(node);
        self.builder()
            .assign(place.clone(), Rvalue::Use(value), span);
        Operand::Place(place)
    }

    fn yielded(&mut self, node: NodeId) -> Operand {
        let span = self.span(node);
        let child = self.arena().children(node).last();
        let mut value = child.map_or_else(Operand::none, |it| self.expression(it));
        let words = self.text(node).trim_start_matches("yield").trim_start();
        if words.starts_with("from ") || words.starts_with("from(") {
            value = self.computed(Rvalue::Element(value), node);
        }
        self.builder().push(Op::Yield(value), span);
        self.unknown(Vec::new(), node)
    }
}

/// Words of an operator with one space between them.
fn normal(operator: &str) -> String {
    operator.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn binary_operator(text: &str) -> Option<BinaryOp> {
    Some(match text {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => BinaryOp::Div,
        "//" => BinaryOp::FloorDiv,
        "%" => BinaryOp::Mod,
        "**" => BinaryOp::Pow,
        "@" => BinaryOp::MatMul,
        "&" => BinaryOp::And,
        "|" => BinaryOp::Or,
        "^" => BinaryOp::Xor,
        "<<" => BinaryOp::Shl,
        ">>" => BinaryOp::Shr,
        _ => return None,
    })
}

fn compare_operator(text: &str) -> Option<CompareOp> {
    Some(match text {
        "==" => CompareOp::Equal,
        "!=" | "<>" => CompareOp::NotEqual,
        "<" => CompareOp::Less,
        "<=" => CompareOp::LessEqual,
        ">" => CompareOp::Greater,
        ">=" => CompareOp::GreaterEqual,
        "in" => CompareOp::In,
        "not in" => CompareOp::NotIn,
        "is" => CompareOp::Is,
        "is not" => CompareOp::IsNot,
        _ => return None,
    })
}
