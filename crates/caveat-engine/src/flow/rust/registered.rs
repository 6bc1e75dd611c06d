//! Handlers that are named where a router is built: `get(handler)`, `.to(handler)`.
//!
//! Routers are built inside of functions, which run long after it must be known which functions
//! libraries call; so the calls are read, not run.

use caveat_parser::ir::{Base, Call, Callee, Op, Operand};
use caveat_parser::link::FileId;
use rustc_hash::FxHashMap;

use crate::flow::entry::Registered;
use crate::flow::program::{Linked, Program};
use crate::flow::value::FunctionRef;
use crate::model::{Action, Entry, Form, Index, Root, Target};

/// Entries by the last name of what takes the function.
type Takers<'m> = FxHashMap<&'m str, Vec<(&'m Target, &'m Entry)>>;

/// Functions that calls hand to libraries by their names.
pub fn registrations(program: &Program<'_>) -> Vec<Registered> {
    let mut found = Vec::new();
    let mut takers: Option<Takers<'_>> = None;
    for (file, code) in program.present().filter(|(_, code)| code.is_rust) {
        let takers = takers.get_or_insert_with(|| takers_of(program.model(file)));
        for function in &code.unit.functions {
            let body = function.blocks.iter().flat_map(|block| &block.body);
            for instr in body {
                if let Op::Call(call) = &instr.op {
                    registered(program, file, call, takers, &mut found);
                }
            }
        }
    }
    found
}

fn takers_of(model: &Index) -> Takers<'_> {
    let mut takers = Takers::default();
    for (_, row) in model.rows() {
        let Action::Entry(entry) = &row.action else {
            continue;
        };
        for target in &row.targets {
            let name = match &target.form {
                Form::Call(path) => path.rsplit('.').next().unwrap_or(path),
                Form::Method { name, .. } => name,
                _ => continue,
            };
            takers.entry(name).or_default().push((target, entry));
        }
    }
    takers
}

fn registered(
    program: &Program<'_>,
    file: FileId,
    call: &Call,
    takers: &Takers<'_>,
    into: &mut Vec<Registered>,
) {
    let (name, path) = match &call.callee {
        Callee::Value(Operand::Place(place)) => match &place.base {
            Base::Name(path) if place.path.is_empty() => {
                (path.rsplit('.').next().unwrap_or(path), Some(path))
            }
            _ => return,
        },
        Callee::Method(_, name) => (&**name, None),
        Callee::Value(_) => return,
    };
    let Some(known) = takers.get(name) else {
        return;
    };
    for (target, entry) in known {
        let fits = match (&target.form, path) {
            (Form::Call(of), Some(path)) => match program.link(file, path) {
                Linked::External(path) => {
                    *path == **of || program.model(file).same(&path) == Some(of)
                }
                _ => false,
            },
            (Form::Call(_) | Form::Method { .. }, None) => true,
            _ => false,
        };
        if !fits {
            continue;
        }
        for place in &target.places {
            let Root::Argument {
                index: Some(index), ..
            } = &place.root
            else {
                continue;
            };
            let passed = call.args.get(usize::from(*index));
            if let Some(function) = passed.and_then(|it| named_function(program, file, &it.value)) {
                into.push(Registered::new(function, Entry::clone(entry)));
            }
        }
    }
}

fn named_function(program: &Program<'_>, file: FileId, operand: &Operand) -> Option<FunctionRef> {
    let Operand::Place(place) = operand else {
        return None;
    };
    let path = match &place.base {
        Base::Name(path) => path.clone(),
        Base::Global(path) => format!(".{path}").as_str().into(),
        Base::Local(_) => return None,
    };
    match program.link(file, &path) {
        Linked::Function(function) if place.path.is_empty() => Some(function),
        _ => None,
    }
}
