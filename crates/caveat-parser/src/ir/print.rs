//! The intermediate representation as text, for tests and for people.

use std::fmt::{Display, Formatter, Result};

use super::{
    Arg, ArgKind, Base, BinaryOp, Callee, CompareOp, Element, Function, Local, LocalId, Op,
    Operand, Piece, Place, Rvalue, SequenceKind, Static, Step, Terminator, UnaryOp, Unit,
};
use crate::constant::Constant;

impl Display for Unit {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for (at, class) in self.classes.iter().enumerate() {
            write!(f, "class #{at} {}", class.name)?;
            list(f, "(", &class.bases, ")")?;
            writeln!(f)?;
            for field in &class.fields {
                writeln!(f, "    field {}", field.name)?;
            }
            for (name, function) in &class.methods {
                writeln!(f, "    {name} = fn #{}", function.0)?;
            }
        }
        for (at, function) in self.functions.iter().enumerate() {
            write!(f, "fn #{at} {function}")?;
        }
        Ok(())
    }
}

impl Display for Function {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}(", self.name)?;
        for (at, param) in self.params.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{}", Named(self, param.local))?;
        }
        writeln!(f, ") {:?}", self.kind)?;
        for decorator in &self.decorators {
            writeln!(f, "  @{decorator}")?;
        }
        for (at, block) in self.blocks.iter().enumerate() {
            let handler = block.handler.map(|to| format!(" handler b{}", to.0));
            writeln!(f, "  b{at}:{}", handler.unwrap_or_default())?;
            for instr in &block.body {
                writeln!(f, "    {}", In(self, &instr.op))?;
            }
            writeln!(f, "    {}", In(self, &block.end))?;
        }
        Ok(())
    }
}

impl Display for Static {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Static::Name(name) => f.write_str(name),
            Static::Const(value) => constant(f, value),
            Static::Call {
                callee,
                args,
                kwargs,
            } => {
                write!(f, "{callee}")?;
                list(f, "(", args, "")?;
                for (at, (name, value)) in kwargs.iter().enumerate() {
                    let comma = if at + args.len() > 0 { ", " } else { "" };
                    write!(f, "{comma}{name}={value}")?;
                }
                f.write_str(")")
            }
            Static::Generic(name, args) => {
                f.write_str(name)?;
                list(f, "[", args, "]")
            }
            Static::Unknown => f.write_str("?"),
        }
    }
}

/// Something that names locals, with the function they belong to.
struct In<'a, T>(&'a Function, &'a T);

struct Named<'a>(&'a Function, LocalId);

impl Display for Named<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let local: Option<&Local> = self.0.locals.get(self.1.index());
        match local {
            Some(local) if !local.name.is_empty() => f.write_str(&local.name),
            _ => write!(f, "%{}", self.1.0),
        }
    }
}

impl Display for In<'_, Op> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let function = self.0;
        match self.1 {
            Op::Assign(place, value) => {
                write!(f, "{} = {}", In(function, place), In(function, value))
            }
            Op::Call(call) => {
                write!(f, "{} = ", Named(function, call.dst))?;
                match &call.callee {
                    Callee::Value(operand) => write!(f, "{}", In(function, operand))?,
                    Callee::Method(receiver, name) => {
                        write!(f, "{}.{name}!", In(function, receiver))?;
                    }
                }
                parts(f, function, "(", &call.args, ")")
            }
            Op::Yield(operand) => write!(f, "yield {}", In(function, operand)),
            Op::Drop(place) => write!(f, "drop {}", In(function, place)),
        }
    }
}

impl Display for In<'_, Arg> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.1.kind {
            ArgKind::Plain => {}
            ArgKind::Named(name) => write!(f, "{name}=")?,
            ArgKind::Spread => f.write_str("*")?,
            ArgKind::SpreadKeywords => f.write_str("**")?,
        }
        write!(f, "{}", In(self.0, &self.1.value))
    }
}

impl Display for In<'_, Place> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.1.base {
            Base::Local(local) => write!(f, "{}", Named(self.0, *local))?,
            Base::Global(name) => write!(f, "global {name}")?,
            Base::Name(name) => write!(f, "<{name}>")?,
        }
        for step in &self.1.path {
            match step {
                Step::Field(name) => write!(f, ".{name}")?,
                Step::At(value) => {
                    f.write_str("[")?;
                    constant(f, value)?;
                    f.write_str("]")?;
                }
                Step::By(local) => write!(f, "[{}]", Named(self.0, *local))?,
                Step::Any => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

impl Display for In<'_, Operand> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.1 {
            Operand::Place(place) => write!(f, "{}", In(self.0, place)),
            Operand::Const(value) => constant(f, value),
        }
    }
}

impl Display for In<'_, Element> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.1 {
            Element::One(operand) => write!(f, "{}", In(self.0, operand)),
            Element::Spread(operand) => write!(f, "*{}", In(self.0, operand)),
            Element::Many(operand) => write!(f, "{}...", In(self.0, operand)),
        }
    }
}

impl Display for In<'_, Rvalue> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let function = self.0;
        let show = |operand| In(function, operand);
        match self.1 {
            Rvalue::Use(operand) => write!(f, "{}", show(operand)),
            Rvalue::Await(operand) => write!(f, "await {}", show(operand)),
            Rvalue::Binary(op, left, right) => {
                write!(f, "{} {} {}", show(left), binary(*op), show(right))
            }
            Rvalue::Not(operand) => write!(f, "not {}", show(operand)),
            Rvalue::Unary(op, operand) => write!(f, "{}{}", unary(*op), show(operand)),
            Rvalue::Compare(op, left, right) => {
                write!(f, "{} {} {}", show(left), compare(*op), show(right))
            }
            Rvalue::Format(pieces) => {
                f.write_str("format")?;
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => write!(f, " {text:?}")?,
                        Piece::Hole(operand, spec) => write!(f, " {{{}{spec}}}", show(operand))?,
                    }
                }
                Ok(())
            }
            Rvalue::Sequence(kind, elements) => {
                let (open, close) = match kind {
                    SequenceKind::List => ("[", "]"),
                    SequenceKind::Tuple => ("(", ")"),
                    SequenceKind::Set => ("{", "}"),
                };
                parts(f, function, open, elements, close)
            }
            Rvalue::Dict(pairs) => {
                f.write_str("{")?;
                for (at, (key, value)) in pairs.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    match key {
                        Some(key) => write!(f, "{comma}{}: {}", show(key), show(value))?,
                        None => write!(f, "{comma}**{}", show(value))?,
                    }
                }
                f.write_str("}")
            }
            Rvalue::Struct { name, fields, rest } => {
                write!(f, "{name} {{")?;
                for (name, value) in fields {
                    write!(f, " {name}: {}", show(value))?;
                }
                if let Some(rest) = rest {
                    write!(f, " ..{}", show(rest))?;
                }
                f.write_str(" }")
            }
            Rvalue::Slice {
                of,
                start,
                stop,
                step,
            } => {
                write!(f, "slice {}", show(of))?;
                for bound in [start, stop, step] {
                    match bound {
                        Some(bound) => write!(f, " {}", show(bound))?,
                        None => f.write_str(" _")?,
                    }
                }
                Ok(())
            }
            Rvalue::Element(operand) => write!(f, "element of {}", show(operand)),
            Rvalue::Closure(id, captured) => {
                write!(f, "closure #{}", id.0)?;
                for local in captured {
                    write!(f, " {}", Named(function, *local))?;
                }
                Ok(())
            }
            Rvalue::Class(id) => write!(f, "class #{}", id.0),
            Rvalue::Cells => f.write_str("cells"),
            Rvalue::Exception(types) => write!(f, "exception {}", types.join(" | ")),
            Rvalue::Is(operand, name) => write!(f, "{} is a {name}", show(operand)),
            Rvalue::HasLength(operand, length, exact) => {
                let sign = if *exact { "==" } else { ">=" };
                write!(f, "length of {} {sign} {length}", show(operand))
            }
            Rvalue::Typed(operand, of) => write!(f, "{} as {of}", show(operand)),
            Rvalue::Variant(operand, true) => write!(f, "success({})", show(operand)),
            Rvalue::Variant(operand, false) => write!(f, "failure({})", show(operand)),
            Rvalue::Payload(operand) => write!(f, "payload of {}", show(operand)),
            Rvalue::Unknown(operands) => parts(f, function, "unknown(", operands, ")"),
        }
    }
}

impl Display for In<'_, Terminator> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.1 {
            Terminator::Goto(to) => write!(f, "goto b{}", to.0),
            Terminator::Branch(condition, then, otherwise) => {
                let condition = In(self.0, condition);
                write!(f, "if {condition} b{} else b{}", then.0, otherwise.0)
            }
            Terminator::Either(one, other) => write!(f, "either b{} b{}", one.0, other.0),
            Terminator::Return(operand) => write!(f, "return {}", In(self.0, operand)),
            Terminator::Raise(Some(operand)) => write!(f, "raise {}", In(self.0, operand)),
            Terminator::Raise(None) => f.write_str("raise"),
            Terminator::Unreachable => f.write_str("unreachable"),
        }
    }
}

fn parts<'a, T>(
    f: &mut Formatter<'_>,
    function: &'a Function,
    open: &str,
    items: &'a [T],
    close: &str,
) -> Result
where
    In<'a, T>: Display,
{
    f.write_str(open)?;
    for (at, item) in items.iter().enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        write!(f, "{comma}{}", In(function, item))?;
    }
    f.write_str(close)
}

fn list(f: &mut Formatter<'_>, open: &str, items: &[Static], close: &str) -> Result {
    f.write_str(open)?;
    for (at, item) in items.iter().enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        write!(f, "{comma}{item}")?;
    }
    f.write_str(close)
}

fn constant(f: &mut Formatter<'_>, value: &Constant) -> Result {
    match value {
        Constant::Int(value) => write!(f, "{value}"),
        Constant::Float(value) => write!(f, "{value:?}"),
        Constant::Str(value) => write!(f, "{value:?}"),
        Constant::Bytes(value) => write!(f, "b{value:?}"),
        Constant::Bool(value) => write!(f, "{value}"),
        Constant::None => f.write_str("none"),
        Constant::List(items) => write!(f, "{items:?}"),
        Constant::Dict(pairs) => write!(f, "{pairs:?}"),
    }
}

fn binary(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::FloorDiv => "//",
        BinaryOp::Mod => "%",
        BinaryOp::Pow => "**",
        BinaryOp::MatMul => "@",
        BinaryOp::And => "&",
        BinaryOp::Or => "|",
        BinaryOp::Xor => "^",
        BinaryOp::Shl => "<<",
        BinaryOp::Shr => ">>",
    }
}

fn unary(op: UnaryOp) -> &'static str {
    match op {
        UnaryOp::Negate => "-",
        UnaryOp::Plus => "+",
        UnaryOp::Invert => "~",
    }
}

fn compare(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Equal => "==",
        CompareOp::NotEqual => "!=",
        CompareOp::Less => "<",
        CompareOp::LessEqual => "<=",
        CompareOp::Greater => ">",
        CompareOp::GreaterEqual => ">=",
        CompareOp::In => "in",
        CompareOp::NotIn => "not in",
        CompareOp::Is => "is",
        CompareOp::IsNot => "is not",
    }
}
