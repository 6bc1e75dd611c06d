//! The builder and the print form of the intermediate representation.

use caveat_parser::ir::{
    Arg, ArgKind, BinaryOp, Builder, Callee, FunctionKind, Operand, Param, ParamKind, Place,
    Rvalue, Step, Terminator,
};
use caveat_parser::{Constant, Span};

const HERE: Span = Span { start: 0, end: 0 };

fn param(builder: &mut Builder, name: &str) -> Operand {
    let local = builder.local(name);
    builder.param(Param {
        name: name.into(),
        local,
        kind: ParamKind::Plain,
        annotation: None,
        default: None,
        span: HERE,
    });
    Operand::local(local)
}

#[test]
fn a_function_prints_as_its_blocks() {
    let mut builder = Builder::new("run", FunctionKind::Plain, HERE);
    let x = param(&mut builder, "x");
    let (then, otherwise) = (builder.block(), builder.block());
    builder.branch(x.clone(), then, otherwise, HERE);
    builder.switch_to(then);
    let head = x.clone().then(Step::At(Constant::Int(0))).expect("a place");
    let text = Rvalue::Binary(
        BinaryOp::Add,
        Operand::Const(Constant::Str("a".into())),
        head,
    );
    let text = builder.value(text, HERE);
    let arg = Arg {
        kind: ArgKind::Named("shell".into()),
        value: text,
        span: HERE,
    };
    let result = builder.call(Callee::Method(x, "go".into()), vec![arg], HERE);
    builder.end(Terminator::Return(result), HERE);
    let function = builder.finish();
    let expected = "\
run(x) Plain
  b0:
    if x b1 else b2
  b1:
    %1 = \"a\" + x[0]
    %2 = x.go!(shell=%1)
    return %2
  b2:
    return none
";
    assert_eq!(function.to_string(), expected);
    assert!(function.locals[1].once, "a temporary is assigned once");
    assert!(!function.locals[0].once, "a variable may be assigned again");
}

#[test]
fn code_after_a_return_is_kept_apart() {
    let mut builder = Builder::new("run", FunctionKind::Plain, HERE);
    let local = builder.local("x");
    builder.end(Terminator::Return(Operand::none()), HERE);
    builder.assign(
        Place::local(local),
        Rvalue::Use(Operand::Const(Constant::Int(1))),
        HERE,
    );
    let function = builder.finish();
    assert_eq!(function.blocks.len(), 2);
    assert!(function.blocks[0].body.is_empty());
}

#[test]
fn blocks_know_their_handler() {
    let mut builder = Builder::new("run", FunctionKind::Plain, HERE);
    let handler = builder.block();
    builder.push_handler(handler, HERE);
    let inside = builder.current();
    builder.pop_handler(HERE);
    let after = builder.current();
    let function = builder.finish();
    assert_eq!(function.blocks[inside.index()].handler, Some(handler));
    assert_eq!(function.blocks[after.index()].handler, None);
}
