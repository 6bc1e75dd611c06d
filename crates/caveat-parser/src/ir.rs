//! The intermediate representation that data flow runs on: functions of basic blocks, the same
//! few forms for every language.
//!
//! A language's `lower.rs` makes it from the arena and the names of one file. It says what the
//! code does, not what it means: calls are not resolved beyond the file's imports, types are only
//! what is written, and nothing here knows sources, sinks or libraries. Lowering never fails;
//! what it does not understand becomes [`Rvalue::Unknown`] of the parts, so that data is not lost.

mod build;
mod print;

use std::sync::Arc;

pub use build::Builder;

use crate::constant::Constant;
use crate::source::Span;

/// A name qualified as far as one file tells, parts joined by `.` in every language.
pub type QualifiedName = Arc<str>;

/// A name as written: a variable, field, method or keyword.
pub type Name = Arc<str>;

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// As an index into the vector it counts.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index!(
    /// Index into [`Unit::functions`].
    FunctionId
);
index!(
    /// Index into [`Unit::classes`].
    ClassId
);
index!(
    /// Index into [`Function::locals`].
    LocalId
);
index!(
    /// Index into [`Function::blocks`].
    BlockId
);

/// The lowered code of one file, or of the regions of it that were parsed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Unit {
    /// Functions, each before those that are defined in it. The first is the file's own top
    /// level, where the language has statements there.
    pub functions: Vec<Function>,
    /// Classes, structs, enums.
    pub classes: Vec<Class>,
}

/// A function, method, closure, or the top level of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Dotted path inside the file: `run`, `Job.start`, `outer.inner`; empty for the top level.
    /// A lambda or closure is called `<lambda>`.
    pub name: Name,
    /// What kind of function it is.
    pub kind: FunctionKind,
    /// The function it is defined in, if it is nested.
    pub parent: Option<FunctionId>,
    /// The class or type it is a method of.
    pub class: Option<ClassId>,
    /// The whole definition.
    pub span: Span,
    /// Parameters in order.
    pub params: Vec<Param>,
    /// Locals into which [`Rvalue::Closure`] puts the values it captures, in its order.
    pub captures: Vec<LocalId>,
    /// Decorators or attributes, outermost first.
    pub decorators: Vec<Static>,
    /// Declared type of the result.
    pub result: Option<Static>,
    /// A coroutine: calling it gives something to await.
    pub is_async: bool,
    /// Gives its values by `yield`.
    pub is_generator: bool,
    /// Variables and temporaries, parameters among them.
    pub locals: Vec<Local>,
    /// Blocks; the first is the entry.
    pub blocks: Vec<Block>,
}

/// The kinds of functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionKind {
    /// Statements at the top of a file.
    TopLevel,
    /// A plain function, or one without a receiver inside a class (`@staticmethod`, `Type::new`).
    Plain,
    /// Its first parameter is the receiver.
    Method,
    /// Its first parameter is the class.
    ClassMethod,
    /// A method that is read like a field (`@property`).
    Property,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Name, for keyword arguments; empty for a pattern.
    pub name: Name,
    /// Where its value is.
    pub local: LocalId,
    /// How arguments reach it.
    pub kind: ParamKind,
    /// Declared type.
    pub annotation: Option<Static>,
    /// Value when no argument is given.
    pub default: Option<Static>,
    /// Its place in the text.
    pub span: Span,
}

/// How arguments reach a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// By position or name.
    Plain,
    /// By name only.
    Keyword,
    /// The rest of the positional arguments, as a list.
    Rest,
    /// The rest of the named arguments, as a dict.
    RestKeywords,
}

/// A variable or temporary.
#[derive(Debug, Clone, PartialEq)]
pub struct Local {
    /// Name; empty for a temporary.
    pub name: Name,
    /// Assigned by one instruction only, which dominates all uses.
    pub once: bool,
}

/// Something that is read without running code: a decorator, a type, a default value.
#[derive(Debug, Clone, PartialEq)]
pub enum Static {
    /// A name.
    Name(QualifiedName),
    /// A constant.
    Const(Constant),
    /// A call, `app.route("/x", methods=["GET"])`.
    Call {
        /// What is called.
        callee: QualifiedName,
        /// Arguments by position.
        args: Vec<Static>,
        /// Arguments by name.
        kwargs: Vec<(Name, Static)>,
    },
    /// A type with arguments, `Json<T>`, `list[str]`; also `a | b` under the name `|`.
    Generic(QualifiedName, Vec<Static>),
    /// Anything else.
    Unknown,
}

impl Static {
    /// The name itself, of what is called, or of the generic type.
    pub fn name(&self) -> Option<&QualifiedName> {
        match self {
            Static::Name(name) | Static::Generic(name, _) => Some(name),
            Static::Call { callee, .. } => Some(callee),
            Static::Const(_) | Static::Unknown => None,
        }
    }
}

/// A class, struct, enum or trait.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// Dotted path inside the file.
    pub name: Name,
    /// The whole definition.
    pub span: Span,
    /// Bases, or implemented traits.
    pub bases: Vec<Static>,
    /// Decorators or attributes.
    pub decorators: Vec<Static>,
    /// Methods by name, in order.
    pub methods: Vec<(Name, FunctionId)>,
    /// Fields that are declared, with their types.
    pub fields: Vec<ClassField>,
}

/// A declared field.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassField {
    /// Name; the position for tuple structs.
    pub name: Name,
    /// Declared type.
    pub annotation: Option<Static>,
    /// Default value.
    pub default: Option<Static>,
    /// Its place in the text.
    pub span: Span,
}

/// Instructions that run one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The instructions.
    pub body: Vec<Instr>,
    /// What happens then.
    pub end: Terminator,
    /// Place of what decides that.
    pub end_span: Span,
    /// Where an exception raised in this block continues.
    pub handler: Option<BlockId>,
}

/// One instruction with its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Instr {
    /// What it does.
    pub op: Op,
    /// The expression or statement it stands for.
    pub span: Span,
}

/// What an instruction does.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// `place = value`
    Assign(Place, Rvalue),
    /// `dst = callee(args)`
    Call(Box<Call>),
    /// Gives a value to whoever iterates.
    Yield(Operand),
    /// `del place`, end of a scope that matters.
    Drop(Place),
}

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Where the result goes.
    pub dst: LocalId,
    /// What is called.
    pub callee: Callee,
    /// Arguments in order of the text, positional before named.
    pub args: Vec<Arg>,
}

/// What is called.
#[derive(Debug, Clone, PartialEq)]
pub enum Callee {
    /// The value of an operand: a function's name, a closure in a variable.
    Value(Operand),
    /// `receiver.name(...)`
    Method(Operand, Name),
}

/// An argument.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    /// How it is given.
    pub kind: ArgKind,
    /// Its value.
    pub value: Operand,
    /// Its place in the text.
    pub span: Span,
}

/// How an argument is given.
#[derive(Debug, Clone, PartialEq)]
pub enum ArgKind {
    /// By position.
    Plain,
    /// By name.
    Named(Name),
    /// `*items`
    Spread,
    /// `**pairs`
    SpreadKeywords,
}

/// Where a value is.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Where the path starts.
    pub base: Base,
    /// Steps from there.
    pub path: Vec<Step>,
}

/// Where a place starts.
#[derive(Debug, Clone, PartialEq)]
pub enum Base {
    /// A local of the function; parameters are locals.
    Local(LocalId),
    /// A name of the file's top level.
    Global(Name),
    /// Something from elsewhere: an import, a builtin, a path of a crate.
    Name(QualifiedName),
}

/// A step of a place.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// `.name`
    Field(Name),
    /// `[constant]`; negative positions count from the end.
    At(Constant),
    /// `[local]`
    By(LocalId),
    /// Some element, which one is not known.
    Any,
}

/// What an instruction reads.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// The value at a place.
    Place(Place),
    /// A constant.
    Const(Constant),
}

/// A computed value.
#[derive(Debug, Clone, PartialEq)]
pub enum Rvalue {
    /// The operand itself; also of `&x`, `*x`, `x as T`, `x?`, which keep the value.
    Use(Operand),
    /// `await x`
    Await(Operand),
    /// Arithmetic, bits, concatenation.
    Binary(BinaryOp, Operand, Operand),
    /// `not x`
    Not(Operand),
    /// `-x`, `+x`, `~x`
    Unary(UnaryOp, Operand),
    /// Comparison, membership, identity.
    Compare(CompareOp, Operand, Operand),
    /// Text with holes.
    Format(Vec<Piece>),
    /// A sequence. The parts of `*x` in it are spread.
    Sequence(SequenceKind, Vec<Element>),
    /// A mapping, in order; a spread element stands for `**x`.
    Dict(Vec<(Option<Operand>, Operand)>),
    /// A struct or an enum's variant with fields; the rest comes from another value.
    Struct {
        /// Type or variant.
        name: QualifiedName,
        /// Fields.
        fields: Vec<(Name, Operand)>,
        /// `..rest`
        rest: Option<Operand>,
    },
    /// `of[start:stop:step]`
    Slice {
        /// What is sliced.
        of: Operand,
        /// First position.
        start: Option<Operand>,
        /// One past the last.
        stop: Option<Operand>,
        /// Distance.
        step: Option<Operand>,
    },
    /// One element of what is iterated over.
    Element(Operand),
    /// A function value with what it captures.
    Closure(FunctionId, Vec<LocalId>),
    /// A class.
    Class(ClassId),
    /// An object without fields: the cells of variables that closures share.
    Cells,
    /// The exception that a handler caught.
    Exception(Vec<QualifiedName>),
    /// Whether a value has a type or variant (`isinstance` in a pattern, `if let Some(..)`).
    Is(Operand, QualifiedName),
    /// Whether a value has at least, or exactly, that many elements, as a pattern asks.
    HasLength(Operand, usize, bool),
    /// The value as something of a declared type.
    Typed(Operand, Static),
    /// The value as the payload of a variant that marks a success (`Some`, `Ok`) or a failure
    /// (`None`, `Err`).
    Variant(Operand, bool),
    /// What a value holds that is known to be a success.
    Payload(Operand),
    /// Something of these parts that no other form says.
    Unknown(Vec<Operand>),
}

/// Part of a text with holes.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// Literal text.
    Text(Arc<str>),
    /// A value, with its conversion and format as written (`!r`, `:>10`, `:?`).
    Hole(Operand, Name),
}

/// The kinds of sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SequenceKind {
    /// A list, vector or array.
    List,
    /// A tuple.
    Tuple,
    /// A set.
    Set,
}

/// Part of a sequence.
#[derive(Debug, Clone, PartialEq)]
pub enum Element {
    /// One item.
    One(Operand),
    /// All items of another.
    Spread(Operand),
    /// Any number of items like this one: the result of a comprehension.
    Many(Operand),
}

/// Operators on two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    /// Remainder; on a text, `%` formatting.
    Mod,
    Pow,
    MatMul,
    And,
    Or,
    Xor,
    Shl,
    Shr,
}

/// Operators on one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum UnaryOp {
    Negate,
    Plus,
    Invert,
}

/// Comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum CompareOp {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
    Is,
    IsNot,
}

/// How a block ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Terminator {
    /// Goes on there.
    Goto(BlockId),
    /// Goes to the first block if the value holds, else to the second.
    Branch(Operand, BlockId, BlockId),
    /// Goes on at any of these; nothing is known of why (loops over unknown iterables).
    Either(BlockId, BlockId),
    /// Leaves the function with a value.
    Return(Operand),
    /// Leaves by an exception or panic, to the block's handler if it has one.
    Raise(Option<Operand>),
    /// Is never reached.
    Unreachable,
}

impl Place {
    /// A local itself.
    pub fn local(local: LocalId) -> Place {
        Place {
            base: Base::Local(local),
            path: Vec::new(),
        }
    }

    /// A place one step further.
    pub fn then(mut self, step: Step) -> Place {
        self.path.push(step);
        self
    }

    /// The local that the place is, if it has no path.
    pub fn as_local(&self) -> Option<LocalId> {
        match self.base {
            Base::Local(local) if self.path.is_empty() => Some(local),
            _ => None,
        }
    }
}

impl Operand {
    /// The value of a local.
    pub fn local(local: LocalId) -> Operand {
        Operand::Place(Place::local(local))
    }

    /// Something from elsewhere.
    pub fn name(name: &str) -> Operand {
        Operand::Place(Place {
            base: Base::Name(name.into()),
            path: Vec::new(),
        })
    }

    /// No value.
    pub fn none() -> Operand {
        Operand::Const(Constant::None)
    }

    /// The operand one step further; a constant has no parts that are worth a place.
    pub fn then(self, step: Step) -> Option<Operand> {
        match self {
            Operand::Place(place) => Some(Operand::Place(place.then(step))),
            Operand::Const(_) => None,
        }
    }
}
