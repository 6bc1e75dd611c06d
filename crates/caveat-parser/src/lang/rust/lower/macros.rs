//! Macros whose meaning the language or everybody knows; of others the arguments are joined.

use super::Lowering;
use super::expression::plain_arg;
use crate::arena::NodeId;
use crate::constant::Constant;
use crate::ir::{
    Arg, BlockId, Callee, CompareOp, Element, Operand, Piece, Rvalue, SequenceKind, Terminator,
};
use crate::lang::{Field, Role};
use crate::source::Span;

/// What the arguments of a macro are.
pub(super) enum Input {
    /// Expressions; the node is the list.
    Arguments(NodeId),
    /// Tokens that are no expressions.
    Tokens(NodeId),
}

impl<'a> Lowering<'_, 'a> {
    fn macro_input(&self, node: NodeId) -> Option<Input> {
        let arena = self.arena();
        arena.children(node).find_map(|it| match arena.role(it) {
            Role::Arguments => Some(Input::Arguments(it)),
            Role::TokenTree => Some(Input::Tokens(it)),
            _ => None,
        })
    }

    fn macro_name_of(&self, node: NodeId) -> String {
        let name = self.arena().field(node, Field::Macro);
        name.map_or_else(|| "?!".to_owned(), |it| self.macro_path(it))
    }

    pub(super) fn macro_call(&mut self, node: NodeId) -> Operand {
        let path = self.macro_name_of(node);
        let last = path.rsplit('.').next().unwrap_or(&path);
        let last = last.trim_end_matches('!').to_owned();
        match last.as_str() {
            "format" | "format_args" | "concat" => self.format_macro(node),
            "panic" | "todo" | "unreachable" | "unimplemented" => {
                self.call_macro(node, &path);
                let span = self.span(node);
                self.builder().end(Terminator::Raise(None), span);
                Operand::none()
            }
            "vec" | "array" | "smallvec" => self.vec_macro(node, &path),
            "json" | "doc" | "bson" => self.json_macro(node),
            "matches" => self.condition_value(node),
            "write" | "writeln" => self.write_macro(node),
            "dbg" => {
                let args = self.macro_args(node);
                let value = args.first().map(|it| it.value.clone());
                self.emit(&path, args, node);
                value.unwrap_or_else(Operand::none)
            }
            "bail" => {
                self.call_macro(node, &path);
                self.fail(node);
                Operand::none()
            }
            "anyhow" | "eyre" | "format_err" => {
                let text = self.format_macro(node);
                let span = self.span(node);
                self.emit(&path, vec![plain_arg(text, span)], node)
            }
            "try" => {
                let args = self.macro_args(node);
                args.into_iter()
                    .next()
                    .map_or_else(Operand::none, |it| it.value)
            }
            "assert" | "debug_assert" | "ensure" => self.assertion(node, &last),
            "assert_eq" | "assert_ne" | "ensure_eq" => self.equality_assertion(node, &last),
            "join" | "try_join" => {
                let args = self.macro_args(node);
                let parts = args.into_iter().map(|it| Element::One(it.value)).collect();
                self.computed(Rvalue::Sequence(SequenceKind::Tuple, parts), node)
            }
            "hashmap" | "btreemap" | "indexmap" => self.map_macro(node),
            "include_str" | "include_bytes" | "env" | "option_env" | "stringify" | "line"
            | "file" | "column" | "module_path" | "cfg" => self.unknown(Vec::new(), node),
            _ => self.call_macro(node, &path),
        }
    }

    fn fail(&mut self, node: NodeId) {
        let span = self.span(node);
        let fail = self.fail_block();
        self.builder().end(Terminator::Goto(fail), span);
    }

    /// A call of the macro by its path.
    fn emit(&mut self, path: &str, args: Vec<Arg>, node: NodeId) -> Operand {
        let span = self.span(node);
        let callee = Callee::Value(Operand::name(path));
        self.builder().call(callee, args, span)
    }

    fn call_macro(&mut self, node: NodeId, path: &str) -> Operand {
        let args = self.macro_args(node);
        self.emit(path, args, node)
    }

    /// The arguments of a macro. A text with holes and what fills them are one argument.
    fn macro_args(&mut self, node: NodeId) -> Vec<Arg> {
        match self.macro_input(node) {
            Some(Input::Arguments(list)) => {
                let items = self.items_of(list);
                self.formatted_args(&items)
            }
            Some(Input::Tokens(tree)) => self.token_args(tree),
            None => Vec::new(),
        }
    }

    pub(super) fn items_of(&self, list: NodeId) -> Vec<NodeId> {
        let arena = self.arena();
        let children = arena.children(list);
        children
            .filter(|&it| arena.role(it) != Role::Token)
            .collect()
    }

    fn formatted_args(&mut self, items: &[NodeId]) -> Vec<Arg> {
        let arena = self.arena();
        let is_format =
            |&it: &NodeId| arena.role(it) == Role::String && self.text(it).contains('{');
        let at = items.iter().take(3).position(is_format);
        let (before, rest) = items.split_at(at.unwrap_or(items.len()));
        let mut args: Vec<Arg> = Vec::new();
        for &item in before {
            args.push(self.macro_argument(item));
        }
        if let Some((&template, fillers)) = rest.split_first() {
            let text = self.format(template, fillers);
            args.push(plain_arg(text, self.span(template)));
        }
        args
    }

    /// `key = value` gives the value.
    fn macro_argument(&mut self, item: NodeId) -> Arg {
        let arena = self.arena();
        match arena.role(item) {
            Role::Assignment => match arena.field(item, Field::Right) {
                Some(value) => self.argument(value),
                None => plain_arg(Operand::none(), self.span(item)),
            },
            _ => self.argument(item),
        }
    }

    // ---- texts ----

    fn format_macro(&mut self, node: NodeId) -> Operand {
        match self.macro_input(node) {
            Some(Input::Arguments(list)) => {
                let items = self.items_of(list);
                match items.split_first() {
                    Some((&template, fillers)) if self.is_text(template) => {
                        if self.macro_name_of(node) == "std.concat!" {
                            return self.concatenated(&items, node);
                        }
                        self.format_at(template, fillers, node)
                    }
                    Some(_) => {
                        let args = self.macro_args(node);
                        let parts = args.into_iter().map(|it| it.value).collect();
                        self.unknown(parts, node)
                    }
                    None => Operand::none(),
                }
            }
            Some(Input::Tokens(tree)) => {
                let args = self.token_args(tree);
                let mut args = args.into_iter();
                args.next().map_or_else(Operand::none, |it| it.value)
            }
            None => Operand::none(),
        }
    }

    fn concatenated(&mut self, items: &[NodeId], node: NodeId) -> Operand {
        let mut pieces = Vec::new();
        for &item in items {
            let value = self.expression(item);
            pieces.push(Piece::Hole(value, "".into()));
        }
        self.computed(Rvalue::Format(pieces), node)
    }

    fn is_text(&self, node: NodeId) -> bool {
        self.arena().role(node) == Role::String
    }

    pub(super) fn format(&mut self, template: NodeId, fillers: &[NodeId]) -> Operand {
        self.format_at(template, fillers, template)
    }

    fn format_at(&mut self, template: NodeId, fillers: &[NodeId], node: NodeId) -> Operand {
        let arena = self.arena();
        let mut positional: Vec<Operand> = Vec::new();
        let mut named: Vec<(&str, Operand)> = Vec::new();
        for &filler in fillers {
            let key = match arena.role(filler) {
                Role::Assignment => arena.field(filler, Field::Left).map(|it| self.text(it)),
                _ => None,
            };
            let value = self.macro_argument(filler).value;
            match key {
                Some(key) => named.push((key, value)),
                None => positional.push(value),
            }
        }
        let pieces = self.pieces(template, &positional, &named);
        self.computed(Rvalue::Format(pieces), node)
    }

    /// The parts of a format string with what fills its holes.
    pub(super) fn pieces(
        &mut self,
        template: NodeId,
        positional: &[Operand],
        named: &[(&str, Operand)],
    ) -> Vec<Piece> {
        let text = match self.names.literal(template) {
            Some(Constant::Str(text)) => text,
            _ => {
                return positional
                    .iter()
                    .cloned()
                    .map(|it| Piece::Hole(it, "".into()))
                    .collect();
            }
        };
        let mut pieces = Vec::new();
        let mut next = 0;
        for part in template_parts(&text) {
            match part {
                Part::Text(text) => pieces.push(Piece::Text(text.into())),
                Part::Hole(name, spec) => {
                    let value = match name.parse::<usize>() {
                        _ if name.is_empty() => {
                            next += 1;
                            positional.get(next - 1).cloned()
                        }
                        Ok(at) => positional.get(at).cloned(),
                        Err(_) => self.named_hole(template, name, named),
                    };
                    let value =
                        value.unwrap_or_else(|| Operand::Const(Constant::Str(String::new())));
                    pieces.push(Piece::Hole(value, spec.into()));
                }
            }
        }
        pieces
    }

    fn named_hole(
        &mut self,
        template: NodeId,
        name: &str,
        named: &[(&str, Operand)],
    ) -> Option<Operand> {
        if let Some((_, value)) = named.iter().find(|(known, _)| *known == name) {
            return Some(value.clone());
        }
        // The name as it stands in the file, for scopes hold slices of its text.
        let written = self.text(template);
        let at = written.find(&format!("{{{name}")).map(|at| at + 1)?;
        let name = &written[at..at + name.len()];
        match self.variable(name) {
            Some(place) => Some(Operand::Place(place)),
            None => Some(self.constant_named(name, template)),
        }
    }

    /// A constant of the file by its name.
    fn constant_named(&mut self, name: &'a str, node: NodeId) -> Operand {
        let is_item = name.chars().all(|c| !c.is_lowercase());
        match self.names.lookup(name, node) {
            Some((crate::names::Binding::Import(path), _)) => Operand::name(&path.join(".")),
            Some(_) if is_item => {
                let base = crate::ir::Base::Global(name.into());
                Operand::Place(crate::ir::Place {
                    base,
                    path: Vec::new(),
                })
            }
            _ => self.unknown(Vec::new(), node),
        }
    }

    /// `write!(target, "..", ..)` puts a text into the target.
    fn write_macro(&mut self, node: NodeId) -> Operand {
        let Some(Input::Arguments(list)) = self.macro_input(node) else {
            let path = self.macro_name_of(node);
            return self.call_macro(node, &path);
        };
        let items = self.items_of(list);
        let Some((&target, rest)) = items.split_first() else {
            return Operand::none();
        };
        let target = self.expression(target);
        let args = match rest.split_first() {
            Some((&template, fillers)) if self.is_text(template) => {
                let text = self.format(template, fillers);
                vec![plain_arg(text, self.span(template))]
            }
            _ => rest.iter().map(|it| self.argument(*it)).collect(),
        };
        let span = self.span(node);
        let callee = Callee::Method(target, "write_fmt".into());
        self.builder().call(callee, args, span)
    }

    // ---- collections ----

    fn vec_macro(&mut self, node: NodeId, path: &str) -> Operand {
        let arena = self.arena();
        let Some(Input::Arguments(list)) = self.macro_input(node) else {
            return self.call_macro(node, path);
        };
        let length = arena.field(list, Field::Length);
        let items = self.items_of(list);
        let mut elements = Vec::with_capacity(items.len());
        for item in items.into_iter().filter(|it| Some(*it) != length) {
            let value = self.expression(item);
            elements.push(match length {
                Some(_) => Element::Many(value),
                None => Element::One(value),
            });
        }
        if let Some(length) = length {
            let args = vec![
                plain_arg(Operand::none(), self.span(node)),
                self.argument(length),
            ];
            self.emit(path, args, node);
        }
        self.computed(Rvalue::Sequence(SequenceKind::List, elements), node)
    }

    fn map_macro(&mut self, node: NodeId) -> Operand {
        let args = self.macro_args(node);
        let parts = args.into_iter().map(|it| it.value).collect();
        self.unknown(parts, node)
    }

    // ---- conditions ----

    /// A macro as a condition; only `matches!` says more than its value.
    pub(super) fn macro_condition(&mut self, node: NodeId, then: BlockId, otherwise: BlockId) {
        let span = self.span(node);
        let name = self.arena().field(node, Field::Macro);
        let is_matches = name.is_some_and(|it| self.text(it).ends_with("matches"));
        if is_matches && self.matches_condition(node, then, otherwise) {
            return;
        }
        let value = match is_matches {
            true => {
                let args = self.macro_args(node);
                self.unknown(args.into_iter().map(|it| it.value).collect(), node)
            }
            false => self.macro_call(node),
        };
        if self.builder().is_open() {
            self.builder().branch(value, then, otherwise, span);
        }
    }

    fn assertion(&mut self, node: NodeId, name: &str) -> Operand {
        let span = self.span(node);
        let Some(Input::Arguments(list)) = self.macro_input(node) else {
            self.macro_args(node);
            return Operand::none();
        };
        let items = self.items_of(list);
        let Some((&condition, rest)) = items.split_first() else {
            return Operand::none();
        };
        let (holds, fails) = (self.builder().block(), self.builder().block());
        self.condition(condition, holds, fails);
        self.builder().switch_to(fails);
        self.formatted_args(rest);
        self.end_assertion(name, span);
        self.builder().switch_to(holds);
        Operand::none()
    }

    fn end_assertion(&mut self, name: &str, span: Span) {
        match name.starts_with("ensure") {
            true => {
                let fail = self.fail_block();
                self.builder().end(Terminator::Goto(fail), span);
            }
            false => self.builder().end(Terminator::Raise(None), span),
        }
    }

    fn equality_assertion(&mut self, node: NodeId, name: &str) -> Operand {
        let span = self.span(node);
        let args = self.macro_args(node);
        let [left, right, ..] = args.as_slice() else {
            return Operand::none();
        };
        let op = match name.ends_with("ne") {
            true => CompareOp::NotEqual,
            false => CompareOp::Equal,
        };
        let same = Rvalue::Compare(op, left.value.clone(), right.value.clone());
        let same = self.builder().value(same, span);
        let (holds, fails) = (self.builder().block(), self.builder().block());
        self.builder().branch(same, holds, fails, span);
        self.builder().switch_to(fails);
        self.end_assertion(name, span);
        self.builder().switch_to(holds);
        Operand::none()
    }
}

enum Part<'t> {
    Text(&'t str),
    /// A name or number, and the format.
    Hole(&'t str, &'t str),
}

/// Cuts a format string into texts and holes.
fn template_parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        if at > 0 {
            parts.push(Part::Text(&rest[..at]));
        }
        let brace = &rest[at..=at];
        let after = &rest[at + 1..];
        if after.starts_with(brace) {
            parts.push(Part::Text(brace));
            rest = &after[1..];
            continue;
        }
        let Some((hole, after)) = after.split_once('}') else {
            return parts;
        };
        let (name, spec) = match hole.find(':') {
            Some(colon) => (&hole[..colon], &hole[colon..]),
            None => (hole, ""),
        };
        parts.push(Part::Hole(name.trim(), spec));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}
