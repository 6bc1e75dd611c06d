//! Expressions of Rust.

use super::Lowering;
use crate::arena::NodeId;
use crate::constant::Constant;
use crate::ir::{
    Arg, ArgKind, Base, BinaryOp, Callee, CompareOp, Element, Operand, Place, Rvalue, SequenceKind,
    Static, Step, UnaryOp,
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
            Role::Identifier | Role::Scoped | Role::Generic => self.named(node),
            Role::Integer | Role::Float | Role::Boolean | Role::String => self.literal(node),
            Role::Attribute => self.field(node),
            Role::Subscript => self.subscript(node),
            Role::Call => self.call(node),
            Role::MacroCall => self.macro_call(node),
            Role::Binary => self.binary(node),
            Role::Unary => self.unary(node),
            Role::Reference => self.last_child(node),
            Role::Cast => self.cast(node),
            Role::QuestionMark => self.question_mark(node),
            Role::Await => {
                let value = self.last_child(node);
                self.computed(Rvalue::Await(value), node)
            }
            Role::List => self.array(node),
            Role::Tuple => self.tuple(node),
            Role::Struct => self.struct_value(node),
            Role::Lambda => self.closure(node),
            Role::Block => self.block(node),
            Role::Unsafe => self.last_child(node),
            Role::If => self.if_value(node),
            Role::Match => self.match_value(node),
            Role::While => self.while_value(node),
            Role::For => self.for_value(node),
            Role::Let => self.condition_value(node),
            Role::Return => self.return_value(node),
            Role::Break | Role::Continue => self.leave_loop(node),
            Role::Assignment => self.assignment(node),
            Role::AugmentedAssignment => self.augmented(node),
            Role::Range => {
                let parts = self.parts(node);
                self.unknown(parts, node)
            }
            Role::Error => Operand::none(),
            _ if arena.kind_name(node) == "async_block" => self.async_block(node),
            _ if matches!(
                arena.kind_name(node),
                "gen_block" | "try_block" | "const_block"
            ) =>
            {
                self.last_child(node)
            }
            _ if self.item(node, &[]) => Operand::none(),
            _ => {
                let parts = self.parts(node);
                self.unknown(parts, node)
            }
        }
    }

    pub(super) fn computed(&mut self, value: Rvalue, node: NodeId) -> Operand {
        let span = self.span(node);
        self.builder().value(value, span)
    }

    pub(super) fn unknown(&mut self, parts: Vec<Operand>, node: NodeId) -> Operand {
        self.computed(Rvalue::Unknown(parts), node)
    }

    /// The values of all parts of an expression.
    fn parts(&mut self, node: NodeId) -> Vec<Operand> {
        let arena = self.arena();
        let children = arena.children(node);
        let children: Vec<NodeId> = children
            .filter(|&it| arena.role(it) != Role::Token)
            .collect();
        children.into_iter().map(|it| self.expression(it)).collect()
    }

    fn last_child(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let children = arena.children(node);
        let last = children.filter(|&it| arena.role(it) != Role::Token).last();
        last.map_or_else(Operand::none, |it| self.expression(it))
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

    fn literal(&mut self, node: NodeId) -> Operand {
        if let Some(character) = character(self.text(node)) {
            return Operand::Const(Constant::Str(character));
        }
        let value = self.names.literal(node);
        value.map_or_else(|| self.unknown(Vec::new(), node), Operand::Const)
    }

    /// A variable, constant, function or unit struct.
    fn named(&mut self, node: NodeId) -> Operand {
        let text = self.text(node);
        if self.arena().role(node) == Role::Identifier
            && let Some(place) = self.variable(text)
        {
            return Operand::Place(place);
        }
        if text == "None" || text.ends_with("::None") {
            return self.computed(Rvalue::Variant(Operand::none(), false), node);
        }
        self.path_value(node)
    }

    /// What a path means that is no variable.
    pub(super) fn path_value(&mut self, node: NodeId) -> Operand {
        match self.qualified(node) {
            Some(path) => Operand::Place(path_place(&path)),
            None => self.unknown(Vec::new(), node),
        }
    }

    fn field(&mut self, node: NodeId) -> Operand {
        match self.place_of(node) {
            Some(place) => Operand::Place(place),
            None => self.unknown(Vec::new(), node),
        }
    }

    /// The place that `a.b` or `a[i]` means, to read or to assign.
    fn place_of(&mut self, node: NodeId) -> Option<Place> {
        let arena = self.arena();
        let span = self.span(node);
        match arena.role(node) {
            Role::Attribute => {
                let base = self.expression(arena.field(node, Field::Value)?);
                let base = self.placed(base, span);
                let name = self.text(arena.field(node, Field::Field)?);
                Some(base.then(Step::Field(name.into())))
            }
            Role::Subscript => {
                let mut children = arena.children(node);
                let (object, index) = (children.next()?, children.next()?);
                let base = self.expression(object);
                let base = self.placed(base, span);
                let index = self.expression(index);
                Some(base.then(self.step(index, span)))
            }
            Role::Unary | Role::Reference => {
                let inner = arena.children(node).last()?;
                match arena.role(inner) {
                    Role::Attribute | Role::Subscript | Role::Unary => self.place_of(inner),
                    _ => {
                        let value = self.expression(inner);
                        Some(self.placed(value, span))
                    }
                }
            }
            Role::Identifier => {
                let name = self.text(node);
                match self.variable(name) {
                    Some(place) => Some(place),
                    None => self.qualified(node).map(|path| path_place(&path)),
                }
            }
            _ => {
                let value = self.expression(node);
                Some(self.placed(value, span))
            }
        }
    }

    fn step(&mut self, index: Operand, span: Span) -> Step {
        match index {
            Operand::Const(value) => Step::At(value),
            Operand::Place(place) => match place.as_local() {
                Some(local) => Step::By(local),
                None => {
                    let temp = self.builder().temp();
                    let value = Rvalue::Use(Operand::Place(place));
                    self.builder().assign(Place::local(temp), value, span);
                    Step::By(temp)
                }
            },
        }
    }

    fn subscript(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let mut children = arena.children(node);
        let (Some(object), Some(index)) = (children.next(), children.next()) else {
            return Operand::none();
        };
        if arena.role(index) != Role::Range {
            return self.field(node);
        }
        let of = self.expression(object);
        let (start, stop) = self.range_bounds(index);
        let slice = Rvalue::Slice {
            of,
            start,
            stop,
            step: None,
        };
        self.computed(slice, node)
    }

    fn range_bounds(&mut self, range: NodeId) -> (Option<Operand>, Option<Operand>) {
        let arena = self.arena();
        let (mut start, mut stop) = (None, None);
        let mut is_behind = false;
        let children: Vec<NodeId> = arena.children(range).collect();
        for child in children {
            match arena.role(child) {
                Role::Token => is_behind = true,
                _ if is_behind => stop = Some(self.expression(child)),
                _ => start = Some(self.expression(child)),
            }
        }
        (start, stop)
    }

    // ---- calls ----

    fn call(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let Some(function) = arena.field(node, Field::Function) else {
            return self.unknown(Vec::new(), node);
        };
        let types = match arena.role(function) {
            Role::Generic => self.turbofish(function),
            _ => Vec::new(),
        };
        let inner = match arena.role(function) {
            Role::Generic => arena.children(function).next().unwrap_or(function),
            _ => function,
        };
        if let Some(value) = self.variant(node, inner) {
            return value;
        }
        let callee = match arena.role(inner) {
            Role::Attribute => self.method(inner),
            Role::Scoped => Callee::Value(self.path_value(inner)),
            _ => Callee::Value(self.expression(inner)),
        };
        let args = self.arguments(node);
        let span = self.span(node);
        let value = self.builder().call(callee, args, span);
        self.as_type(value, types.into_iter().next(), node)
    }

    /// The value known to be of a type, as far as that says anything.
    pub(super) fn as_type(&mut self, value: Operand, of: Option<Static>, node: NodeId) -> Operand {
        match of {
            Some(of) if of != Static::Unknown && of.name().is_none_or(|it| &**it != "_") => {
                self.computed(Rvalue::Typed(value, of), node)
            }
            _ => value,
        }
    }

    /// `Some(x)`, `Ok(x)`, `Err(x)`: the value, marked.
    fn variant(&mut self, node: NodeId, callee: NodeId) -> Option<Operand> {
        let is_success = success(self.text(callee))?;
        let mut args = self.arguments(node);
        let value = args.pop().map_or_else(Operand::none, |it| it.value);
        let value = match is_success {
            true => value,
            false => Operand::none(),
        };
        Some(self.computed(Rvalue::Variant(value, is_success), node))
    }

    fn method(&mut self, function: NodeId) -> Callee {
        let arena = self.arena();
        let object = arena.field(function, Field::Value);
        let name = arena.field(function, Field::Field);
        match (object, name) {
            (Some(object), Some(name)) => {
                let receiver = self.expression(object);
                Callee::Method(receiver, self.text(name).into())
            }
            _ => Callee::Value(self.expression(function)),
        }
    }

    fn arguments(&mut self, node: NodeId) -> Vec<Arg> {
        let arena = self.arena();
        let Some(list) = arena.field(node, Field::Arguments) else {
            return Vec::new();
        };
        let children = arena.children(list);
        let children: Vec<NodeId> = children
            .filter(|&it| !matches!(arena.role(it), Role::Token | Role::AttributeItem))
            .collect();
        children.into_iter().map(|it| self.argument(it)).collect()
    }

    pub(super) fn argument(&mut self, node: NodeId) -> Arg {
        let value = self.expression(node);
        plain_arg(value, self.span(node))
    }

    // ---- operators ----

    /// Long sums are a chain to the left, which is walked without recursion.
    fn binary(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let operator = |at: NodeId| arena.field(at, Field::Operator).map(|it| self.text(it));
        if matches!(operator(node), Some("&&" | "||")) {
            return self.condition_value(node);
        }
        let mut spine = vec![node];
        let mut leftmost = node;
        while let Some(left) = arena.field(leftmost, Field::Left) {
            leftmost = left;
            if arena.role(left) != Role::Binary || matches!(operator(left), Some("&&" | "||")) {
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
            let operator = operator.unwrap_or_default();
            value = match (binary_operator(operator), compare_operator(operator)) {
                (Some(op), _) => self.computed(Rvalue::Binary(op, value, right), at),
                (_, Some(op)) => self.computed(Rvalue::Compare(op, value, right), at),
                _ => self.unknown(vec![value, right], at),
            };
        }
        value
    }

    fn unary(&mut self, node: NodeId) -> Operand {
        if let Some(value) = self.names.literal(node) {
            return Operand::Const(value);
        }
        match self.text(node).as_bytes().first() {
            Some(b'*') => self.last_child(node),
            Some(b'!') => {
                let value = self.last_child(node);
                self.computed(Rvalue::Not(value), node)
            }
            _ => {
                let value = self.last_child(node);
                self.computed(Rvalue::Unary(UnaryOp::Negate, value), node)
            }
        }
    }

    fn cast(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let value = arena.field(node, Field::Value);
        let value = value.map_or_else(Operand::none, |it| self.expression(it));
        let kind = arena.field(node, Field::Type).map(|it| self.type_of(it));
        self.as_type(value, kind, node)
    }

    fn assignment(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let right = arena.field(node, Field::Right);
        let value = right.map_or_else(Operand::none, |it| self.expression(it));
        let span = self.span(node);
        let Some(left) = arena.field(node, Field::Left) else {
            return Operand::none();
        };
        if arena.role(left) == Role::Tuple {
            let from = self.placed(value, span);
            let parts: Vec<NodeId> = arena.children(left).collect();
            for (at, part) in parts.into_iter().enumerate() {
                if let Some(place) = self.place_of(part) {
                    let field = Step::Field(at.to_string().as_str().into());
                    let value = Operand::Place(from.clone().then(field));
                    self.builder().assign(place, Rvalue::Use(value), span);
                }
            }
        } else if let Some(place) = self.place_of(left) {
            self.builder().assign(place, Rvalue::Use(value), span);
        }
        Operand::none()
    }

    fn augmented(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let left = arena.field(node, Field::Left);
        let right = arena.field(node, Field::Right);
        let (Some(left), Some(right)) = (left, right) else {
            return Operand::none();
        };
        let operator = arena.field(node, Field::Operator).map(|it| self.text(it));
        let operator = operator.unwrap_or_default().trim_end_matches('=');
        let value = self.expression(right);
        let span = self.span(node);
        if let Some(place) = self.place_of(left) {
            let old = Operand::Place(place.clone());
            let new = match binary_operator(operator) {
                Some(op) => Rvalue::Binary(op, old, value),
                None => Rvalue::Unknown(vec![old, value]),
            };
            self.builder().assign(place, new, span);
        }
        Operand::none()
    }

    // ---- compound values ----

    fn array(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let length = arena.field(node, Field::Length);
        let children = arena.children(node);
        let children: Vec<NodeId> = children
            .filter(|&it| arena.role(it) != Role::Token && Some(it) != length)
            .collect();
        let mut elements = Vec::with_capacity(children.len());
        for child in children {
            let value = self.expression(child);
            elements.push(match length {
                Some(_) => Element::Many(value),
                None => Element::One(value),
            });
        }
        if let Some(length) = length {
            self.expression(length);
        }
        self.computed(Rvalue::Sequence(SequenceKind::List, elements), node)
    }

    fn tuple(&mut self, node: NodeId) -> Operand {
        let values = self.parts(node);
        if values.is_empty() {
            return Operand::none();
        }
        let elements = values.into_iter().map(Element::One).collect();
        self.computed(Rvalue::Sequence(SequenceKind::Tuple, elements), node)
    }

    fn struct_value(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let name = arena.field(node, Field::Name);
        let name = name.and_then(|it| self.qualified(it));
        let (mut fields, mut rest) = (Vec::new(), None);
        let list = arena.field(node, Field::Body);
        let children: Vec<NodeId> = list.into_iter().flat_map(|it| arena.children(it)).collect();
        for child in children {
            match arena.kind_name(child) {
                "shorthand_field_initializer" => {
                    if let Some(name) = arena.children(child).last() {
                        let value = self.expression(name);
                        fields.push((self.text(name).into(), value));
                    }
                }
                "field_initializer" => {
                    let key = arena.field(child, Field::Field);
                    let value = arena.field(child, Field::Value);
                    if let (Some(key), Some(value)) = (key, value) {
                        let value = self.expression(value);
                        fields.push((self.text(key).into(), value));
                    }
                }
                "base_field_initializer" => rest = Some(self.last_child(child)),
                _ => {}
            }
        }
        let name = name.unwrap_or_else(|| "?".into());
        self.computed(Rvalue::Struct { name, fields, rest }, node)
    }
}

/// A path as a place: of this file if it begins with a dot.
fn path_place(path: &str) -> Place {
    let base = match path.strip_prefix('.') {
        Some(own) => Base::Global(own.into()),
        None => Base::Name(path.into()),
    };
    Place {
        base,
        path: Vec::new(),
    }
}

/// The character that `'c'` or `b'c'` is; a byte is told from a character by nobody who compares it.
fn character(text: &str) -> Option<String> {
    let inner = text.strip_prefix('b').unwrap_or(text);
    let inner = inner.strip_prefix('\'')?.strip_suffix('\'')?;
    let Some(escape) = inner.strip_prefix('\\') else {
        return Some(inner.to_owned());
    };
    let plain = match escape.as_bytes().first()? {
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'0' => '\0',
        b'x' => char::from(u8::from_str_radix(escape.get(1..)?, 16).ok()?),
        b'u' => {
            let digits = escape.trim_start_matches("u{").trim_end_matches('}');
            char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
        }
        other => char::from(*other),
    };
    Some(plain.to_string())
}

pub(super) fn plain_arg(value: Operand, span: Span) -> Arg {
    Arg {
        kind: ArgKind::Plain,
        value,
        span,
    }
}

/// Whether a path is a variant that marks a success, or a failure.
pub(super) fn success(path: &str) -> Option<bool> {
    match path {
        "Some" | "Ok" | "Option::Some" | "Result::Ok" => Some(true),
        "Err" | "Result::Err" => Some(false),
        _ => None,
    }
}

fn binary_operator(text: &str) -> Option<BinaryOp> {
    Some(match text {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        // Of integers, of which alone we know values.
        "/" => BinaryOp::FloorDiv,
        "%" => BinaryOp::Mod,
        "&" => BinaryOp::And,
        "|" => BinaryOp::Or,
        "^" => BinaryOp::Xor,
        "<<" => BinaryOp::Shl,
        ">>" => BinaryOp::Shr,
        _ => return None,
    })
}

pub(super) fn compare_operator(text: &str) -> Option<CompareOp> {
    Some(match text {
        "==" => CompareOp::Equal,
        "!=" => CompareOp::NotEqual,
        "<" => CompareOp::Less,
        "<=" => CompareOp::LessEqual,
        ">" => CompareOp::Greater,
        ">=" => CompareOp::GreaterEqual,
        _ => return None,
    })
}
