//! Macro arguments that are no expressions: `json!({..})`, `info!(user = %name, "..")`,
//! `matches!(c, 'a'..='z' | '_')`. Their tokens are read as far as that takes no grammar.

use super::Lowering;
use super::expression::plain_arg;
use crate::arena::NodeId;
use crate::constant::Constant;
use crate::ir::{
    Arg, BlockId, CompareOp, Element, Operand, Place, Rvalue, SequenceKind, Step, Terminator,
};
use crate::lang::Role;
use crate::source::Span;

impl<'a> Lowering<'_, 'a> {
    /// The text between two offsets.
    fn between(&self, start: u32, end: u32) -> &'a str {
        Span::new(start, end.max(start)).text(self.names.code.text)
    }

    /// The tokens of a tree, cut where a comma stands between them.
    fn segments(&self, tree: NodeId) -> Vec<Vec<NodeId>> {
        let arena = self.arena();
        let mut segments: Vec<Vec<NodeId>> = vec![Vec::new()];
        let mut end = arena.node(tree).start;
        for token in arena.children(tree) {
            if arena.role(token) == Role::Token {
                continue;
            }
            if self
                .between(end, arena.node(token).start)
                .contains([',', ';'])
            {
                segments.push(Vec::new());
            }
            end = arena.node(token).end;
            if let Some(last) = segments.last_mut() {
                last.push(token);
            }
        }
        segments.retain(|it| !it.is_empty());
        segments
    }

    /// Arguments of a macro by its tokens; a text with holes takes up those behind it.
    pub(super) fn token_args(&mut self, tree: NodeId) -> Vec<Arg> {
        let arena = self.arena();
        let segments = self.segments(tree);
        let is_format = |segment: &Vec<NodeId>| match segment.as_slice() {
            [only] => arena.role(*only) == Role::String && self.text(*only).contains('{'),
            _ => false,
        };
        let at = segments.iter().position(is_format);
        let (before, rest) = segments.split_at(at.unwrap_or(segments.len()));
        let mut args = Vec::new();
        for segment in before {
            args.extend(self.segment_arg(segment));
        }
        if let Some((template, fillers)) = rest.split_first() {
            let (mut positional, mut named) = (Vec::new(), Vec::new());
            for filler in fillers {
                let Some(arg) = self.segment_arg(filler) else {
                    continue;
                };
                match self.key_of(filler) {
                    Some(key) => named.push((key, arg.value)),
                    None => positional.push(arg.value),
                }
            }
            let node = template[0];
            let pieces = self.pieces(node, &positional, &named);
            let text = self.computed(Rvalue::Format(pieces), node);
            args.push(plain_arg(text, self.span(node)));
        }
        args
    }

    /// The key of `key = value`.
    fn key_of(&self, segment: &[NodeId]) -> Option<&'a str> {
        let arena = self.arena();
        let [key, value, ..] = segment else {
            return None;
        };
        let gap = self.between(arena.node(*key).end, arena.node(*value).start);
        (arena.role(*key) == Role::Identifier && gap.trim_start().starts_with('='))
            .then(|| self.text(*key))
    }

    fn segment_arg(&mut self, segment: &[NodeId]) -> Option<Arg> {
        let arena = self.arena();
        let skip = usize::from(self.key_of(segment).is_some());
        let tokens = segment.get(skip..)?;
        let (first, last) = (tokens.first()?, tokens.last()?);
        let span = Span::new(arena.node(*first).start, arena.node(*last).end);
        let value = self.token_value(tokens, span);
        Some(plain_arg(value, span))
    }

    /// The value of some tokens: of one alone, or whatever is in them.
    fn token_value(&mut self, tokens: &[NodeId], span: Span) -> Operand {
        let arena = self.arena();
        if let [only] = tokens {
            match arena.role(*only) {
                Role::String | Role::Integer | Role::Float | Role::Boolean => {
                    if let Some(value) = self.names.literal(*only) {
                        return Operand::Const(value);
                    }
                }
                Role::TokenTree => return self.tree_value(*only, span),
                _ => {}
            }
        }
        let (parts, is_whole) = self.token_parts(tokens);
        match parts.as_slice() {
            [only] if is_whole => only.clone(),
            _ => self.builder().value(Rvalue::Unknown(parts), span),
        }
    }

    /// The variables that tokens name, with the fields behind them; whether they are all there is.
    fn token_parts(&mut self, tokens: &[NodeId]) -> (Vec<Operand>, bool) {
        let arena = self.arena();
        let mut parts: Vec<Operand> = Vec::new();
        let mut is_whole = true;
        let mut at = 0;
        while let Some(&token) = tokens.get(at) {
            at += 1;
            match arena.role(token) {
                Role::TokenTree => {
                    is_whole = false;
                    let inner: Vec<NodeId> = self.items_of(token);
                    if self.depth < super::DEPTH {
                        self.depth += 1;
                        parts.extend(self.token_parts(&inner).0);
                        self.depth -= 1;
                    }
                }
                Role::Identifier => {
                    let Some(mut place) = self.variable(self.text(token)) else {
                        is_whole = false;
                        continue;
                    };
                    at = self.token_fields(tokens, at, &mut place);
                    parts.push(Operand::Place(place));
                }
                _ => is_whole = false,
            }
        }
        (parts, is_whole)
    }

    /// Adds the fields of `name.field.field`; a method's name behind them is left out.
    fn token_fields(&self, tokens: &[NodeId], mut at: usize, place: &mut Place) -> usize {
        let arena = self.arena();
        while let (Some(&before), Some(&token)) = (tokens.get(at.wrapping_sub(1)), tokens.get(at)) {
            let gap = self.between(arena.node(before).end, arena.node(token).start);
            if gap.trim() != "." {
                break;
            }
            at += 1;
            let is_call = tokens
                .get(at)
                .is_some_and(|&it| arena.role(it) == Role::TokenTree);
            if is_call {
                break;
            }
            *place = place.clone().then(Step::Field(self.text(token).into()));
        }
        at
    }

    // ---- json! ----

    pub(super) fn json_macro(&mut self, node: NodeId) -> Operand {
        let arena = self.arena();
        let span = self.span(node);
        let mut children = arena.children(node);
        let input =
            children.find(|&it| matches!(arena.role(it), Role::Arguments | Role::TokenTree));
        let Some(input) = input else {
            return Operand::none();
        };
        if arena.role(input) == Role::Arguments {
            let items = self.items_of(input);
            let first = items.first().copied();
            return first.map_or_else(Operand::none, |it| self.expression(it));
        }
        let tokens = self.items_of(input);
        match tokens.as_slice() {
            [only] if arena.role(*only) == Role::TokenTree => self.tree_value(*only, span),
            _ if self.text(input).starts_with('{') => self.tree_value(input, span),
            tokens => self.token_value(tokens, span),
        }
    }

    /// `{"key": value}`, `[a, b]` or `(a)` inside of a macro.
    fn tree_value(&mut self, tree: NodeId, span: Span) -> Operand {
        if self.depth >= super::DEPTH {
            return Operand::none();
        }
        self.depth += 1;
        let arena = self.arena();
        let segments = self.segments(tree);
        let value = match self.text(tree).as_bytes().first() {
            Some(b'{') => {
                let mut pairs = Vec::new();
                for segment in &segments {
                    let is_pair = segment.len() > 1
                        && self
                            .between(arena.node(segment[0]).end, arena.node(segment[1]).start)
                            .trim_start()
                            .starts_with(':');
                    let (key, tokens) = match is_pair {
                        true => {
                            let key = self.token_value(&segment[..1], span);
                            (Some(key), &segment[1..])
                        }
                        false => (Some(Operand::none()), segment.as_slice()),
                    };
                    pairs.push((key, self.token_value(tokens, span)));
                }
                Rvalue::Dict(pairs)
            }
            Some(b'[') => {
                let mut items = Vec::new();
                for segment in &segments {
                    items.push(Element::One(self.token_value(segment, span)));
                }
                Rvalue::Sequence(SequenceKind::List, items)
            }
            _ => {
                let tokens = self.items_of(tree);
                Rvalue::Unknown(self.token_parts(&tokens).0)
            }
        };
        self.depth -= 1;
        self.builder().value(value, span)
    }

    // ---- matches! ----

    /// `matches!(value, a | b | 'c'..='d')`: false if it is not made of such alternatives.
    pub(super) fn matches_condition(
        &mut self,
        node: NodeId,
        then: BlockId,
        otherwise: BlockId,
    ) -> bool {
        let arena = self.arena();
        let mut children = arena.children(node);
        let input =
            children.find(|&it| matches!(arena.role(it), Role::Arguments | Role::TokenTree));
        let Some(input) = input else { return false };
        let inside = self.text(input);
        let Some(comma) = top_level_comma(inside) else {
            return false;
        };
        let end = arena.node(input).start + comma as u32;
        let subject: Vec<NodeId> = self
            .items_of(input)
            .into_iter()
            .take_while(|&it| arena.node(it).end <= end)
            .collect();
        let span = self.span(node);
        let value = match (arena.role(input), subject.as_slice()) {
            (Role::Arguments, [only]) => self.expression(*only),
            _ => self.token_value(&subject, span),
        };
        let place = self.placed(value, span);
        let patterns = inside[comma + 1..].trim_end_matches([')', ']', '}']);
        let (patterns, guard) = match patterns.split_once(" if ") {
            Some((patterns, _)) => (patterns, true),
            None => (patterns, false),
        };
        for alternative in patterns.split('|') {
            let next = self.builder().block();
            let fits = self.builder().block();
            self.alternative_test(
                alternative.trim().trim_end_matches(','),
                &place,
                fits,
                next,
                span,
            );
            self.builder().switch_to(fits);
            match guard {
                true => self
                    .builder()
                    .end(Terminator::Either(then, otherwise), span),
                false => self.builder().goto(then, span),
            }
            self.builder().switch_to(next);
        }
        self.builder().goto(otherwise, span);
        true
    }

    fn alternative_test(
        &mut self,
        text: &str,
        subject: &Place,
        fits: BlockId,
        next: BlockId,
        span: Span,
    ) {
        let text = text.trim_start_matches('&').trim();
        let value = Operand::Place(subject.clone());
        if text == "_" {
            return self.builder().goto(fits, span);
        }
        if let Some((low, high)) = text.split_once("..=").or_else(|| text.split_once("..")) {
            let bounds = [(low, CompareOp::GreaterEqual), (high, CompareOp::LessEqual)];
            for (bound, op) in bounds {
                if let Some(bound) = written_constant(bound.trim()) {
                    let test = Rvalue::Compare(op, value.clone(), Operand::Const(bound));
                    let test = self.builder().value(test, span);
                    let then = self.builder().block();
                    self.builder().branch(test, then, next, span);
                    self.builder().switch_to(then);
                }
            }
            return self.builder().goto(fits, span);
        }
        let test = match written_constant(text) {
            Some(constant) => Rvalue::Compare(CompareOp::Equal, value, Operand::Const(constant)),
            None => {
                let path = text.split(['(', '{']).next().unwrap_or(text).trim();
                Rvalue::Is(value, path.replace("::", ".").as_str().into())
            }
        };
        let test = self.builder().value(test, span);
        self.builder().branch(test, fits, next, span);
    }
}

/// Where the first comma stands that is in no brackets or quotes.
fn top_level_comma(text: &str) -> Option<usize> {
    let mut depth = 0;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 1 => return Some(at),
            _ => {}
        }
    }
    None
}

/// A literal as it is written in a pattern.
fn written_constant(text: &str) -> Option<Constant> {
    let text = text
        .strip_prefix('b')
        .filter(|it| it.starts_with('\''))
        .unwrap_or(text);
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(text) = inner('"').or_else(|| inner('\'')) {
        let text = text
            .replace("\\\\", "\\")
            .replace("\\'", "'")
            .replace("\\n", "\n");
        return Some(Constant::Str(text));
    }
    match text {
        "true" => Some(Constant::Bool(true)),
        "false" => Some(Constant::Bool(false)),
        _ => text.replace('_', "").parse().ok().map(Constant::Int),
    }
}
