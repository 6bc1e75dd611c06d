//! The skeleton of Rust: items by keywords and braces, `use` trees.
//!
//! It follows the lexical structure of the Rust reference: raw strings, nested block comments,
//! character literals against lifetimes, token trees of macros. Bodies of functions and values of
//! constants are searched only for items and `use` declarations at the start of a statement;
//! what a macro call holds is not looked at.

use super::{Import, ImportKind, ItemIndex, ItemKind, Layout, Skeleton};
use super::{is_name, name_end, span};
use crate::source::Span;
use memchr::{memchr, memchr2, memmem};

/// Nesting of `use` trees beyond which a file counts as not understood.
const MAX_USE_DEPTH: u32 = 64;
/// Length of an imported path, likewise.
const MAX_PATH: usize = 128;

/// Finds items and imports of Rust text, in one pass and linear time.
pub fn scan(text: &str) -> Skeleton {
    let mut skeleton = Skeleton::new(Layout::Braces);
    if text.len() >= u32::MAX as usize || memchr(0, text.as_bytes()).is_some() {
        skeleton.complete = false;
        return skeleton;
    }
    let mut scanner = Scanner::new(text.as_bytes(), skeleton);
    if scanner.run().is_none() {
        scanner.out.complete = false;
    }
    scanner.finish().checked(text)
}

/// What is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Items up to `}` or the end of the file.
    Items,
    /// Code up to the closing byte at bracket depth 0: `}` of a body, `;` of a constant.
    Code { depth: u32, until: u8 },
}

#[derive(Clone, Copy)]
struct Frame {
    within: Within,
    /// The item whose body this is.
    owner: Option<ItemIndex>,
    /// The innermost item around it in which imports are visible.
    scope: Option<ItemIndex>,
    /// The last item directly in it.
    last: Option<ItemIndex>,
}

struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
    out: Skeleton,
    frames: Vec<Frame>,
}

/// The part of an item in front of its deciding keyword.
#[derive(Clone, Copy)]
struct Prefix {
    start: usize,
    test: bool,
    public: bool,
}

impl<'t> Scanner<'t> {
    fn new(bytes: &'t [u8], out: Skeleton) -> Self {
        let file = Frame {
            within: Within::Items,
            owner: None,
            scope: None,
            last: None,
        };
        let is_shebang =
            bytes.starts_with(b"#!") && !bytes[2..].trim_ascii_start().starts_with(b"[");
        let at = if is_shebang {
            memchr(b'\n', bytes).unwrap_or(bytes.len())
        } else {
            0
        };
        Scanner {
            bytes,
            at,
            out,
            frames: vec![file],
        }
    }

    /// Reads to the end; `None` when the text makes no sense.
    fn run(&mut self) -> Option<()> {
        loop {
            match self.top().within {
                Within::Items => {
                    if self.items()? {
                        return Some(());
                    }
                }
                Within::Code { depth, until } => self.code(depth, until)?,
            }
        }
    }

    fn finish(mut self) -> Skeleton {
        while self.frames.len() > 1 {
            self.out.complete = false;
            self.close(self.at);
        }
        self.out
    }

    fn top(&mut self) -> &mut Frame {
        self.frames
            .last_mut()
            .expect("the file's frame is never popped")
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// Ends the item on top, whose body ends at `body_end` and itself at `self.at`.
    fn close(&mut self, body_end: usize) {
        let Some(index) = self.frames.pop().and_then(|frame| frame.owner) else {
            return;
        };
        let count = self.out.items.len() as ItemIndex;
        let item = &mut self.out.items[index as usize];
        (item.body.end, item.span.end, item.end) = (body_end as u32, self.at as u32, count);
    }

    /// Reads one item, or what ends the items. True at the end of the file.
    fn items(&mut self) -> Option<bool> {
        let prefix = self.prefix()?;
        match self.byte(self.at) {
            _ if self.at >= self.bytes.len() => {
                return (self.frames.len() == 1 && prefix.start == self.at).then_some(true);
            }
            b'}' if self.frames.len() > 1 && prefix.start == self.at => {
                self.at += 1;
                self.close(self.at - 1);
            }
            b';' => {
                self.at += 1;
                self.other(prefix);
            }
            _ => self.item(prefix)?,
        }
        Some(false)
    }

    /// Skips to the first token of an item and notes where its documentation or attributes begin.
    fn prefix(&mut self) -> Option<Prefix> {
        let (mut start, mut test) = (None, false);
        loop {
            let at = self.skip_blank(self.at);
            self.at = at;
            match self.byte(at) {
                b'/' => {
                    let end = self.comment(at)?;
                    if is_outer_doc(&self.bytes[at..end]) {
                        start.get_or_insert(at);
                    }
                    self.at = end;
                }
                b'#' => {
                    let inner = self.byte(at + 1) == b'!';
                    let open = self.skip_trivia(at + 1 + usize::from(inner))?;
                    if self.byte(open) != b'[' {
                        return None;
                    }
                    self.at = self.group(open)?;
                    if inner && start.is_none() {
                        self.other(Prefix {
                            start: at,
                            test: false,
                            public: false,
                        });
                    } else {
                        start.get_or_insert(at);
                        test |= is_test_only(&self.bytes[open + 1..self.at - 1]);
                    }
                }
                _ => {
                    return Some(Prefix {
                        start: start.unwrap_or(at),
                        test,
                        public: false,
                    });
                }
            }
        }
    }

    /// Reads an item from its visibility or first keyword to its body or end.
    fn item(&mut self, mut prefix: Prefix) -> Option<()> {
        loop {
            let start = self.at;
            let word = self.word()?;
            let next = self.skip_trivia(self.at)?;
            if self.byte(next) == b'!' && self.byte(next + 1) != b'=' || word == b"::" {
                return self.macro_call(prefix, start, word);
            }
            match word {
                b"pub" => {
                    prefix.public = true;
                    self.at = if self.byte(next) == b'(' {
                        self.group(next)?
                    } else {
                        next
                    };
                }
                b"crate" if self.byte(next) != b':' => prefix.public = true,
                b"async" | b"unsafe" | b"default" | b"auto" | b"safe" | b"gen" => {}
                b"const" if is_function_word(self.peek(next)) => {}
                b"extern" => match self.byte(next) {
                    b'"' => {
                        self.at = self.string(next)?;
                        if self.skip_trivia(self.at).map(|at| self.byte(at)) == Some(b'{') {
                            return self.container(prefix, ItemKind::Block, start);
                        }
                    }
                    b'r' if self.peek(next) == b"r" => {
                        let quote = next + memchr(b'"', &self.bytes[next..])?;
                        self.at = self.string(quote)?;
                    }
                    b'{' => return self.container(prefix, ItemKind::Block, start),
                    _ if self.peek(next) == b"crate" => return self.extern_crate(prefix, start),
                    _ => {}
                },
                b"fn" => return self.function(prefix),
                b"struct" | b"enum" | b"union" => return self.leaf(prefix, ItemKind::Class),
                b"macro" => return self.leaf(prefix, ItemKind::Macro),
                b"impl" => return self.container(prefix, ItemKind::Impl, start),
                b"trait" => return self.container(prefix, ItemKind::Trait, start),
                b"mod" => return self.container(prefix, ItemKind::Module, start),
                b"const" | b"static" => return self.binding(prefix),
                b"use" => return self.use_declaration(prefix, start),
                b"type" => return self.type_alias(prefix),
                // A path in front of a macro call.
                _ if self.byte(next) == b':' => return self.macro_call(prefix, start, word),
                _ => return None,
            }
        }
    }

    /// Takes the next word; `None` if there is something else.
    fn word(&mut self) -> Option<&'t [u8]> {
        self.at = self.skip_trivia(self.at)?;
        let bytes = self.bytes;
        if bytes[self.at..].starts_with(b"::") {
            return Some(&bytes[self.at..self.at + 2]);
        }
        let end = self.name_end(self.at);
        let word = &bytes[self.at..end];
        self.at = end;
        (!word.is_empty()).then_some(word)
    }

    fn peek(&self, at: usize) -> &'t [u8] {
        &self.bytes[at..name_end(self.bytes, at)]
    }

    /// Where the identifier at `at` ends, raw ones included.
    fn name_end(&self, at: usize) -> usize {
        let raw = self.bytes[at.min(self.bytes.len())..].starts_with(b"r#");
        name_end(self.bytes, if raw { at + 2 } else { at })
    }

    fn name(&mut self) -> Option<Span> {
        let start = self.skip_trivia(self.at)?;
        self.at = self.name_end(start);
        (self.at > start).then(|| span(start, self.at))
    }

    fn push(&mut self, kind: ItemKind, name: Span, prefix: Prefix) -> ItemIndex {
        let parent = self.top().owner;
        let index = self
            .out
            .push(kind, name, span(prefix.start, self.at), parent);
        self.out.items[index as usize].test = prefix.test;
        self.top().last = Some(index);
        index
    }

    /// Adds what ends at `self.at` to a run of other items; inside code such items do not count.
    fn other(&mut self, prefix: Prefix) {
        let frame = *self.top();
        if frame.within == Within::Items {
            let whole = span(prefix.start, self.at);
            let index = self.out.push_other(frame.last, whole, frame.owner);
            self.out.items[index as usize].test |= prefix.test;
            self.top().last = Some(index);
        }
    }

    /// Sets header and body of an item whose body starts behind `open`.
    fn begin_body(&mut self, index: ItemIndex, open: usize) {
        let item = &mut self.out.items[index as usize];
        item.header.end = open as u32 + 1;
        item.body = span(open + 1, open + 1);
    }

    /// Adds an item whose body is read next.
    fn enter(&mut self, kind: ItemKind, name: Span, prefix: Prefix, open: usize, within: Within) {
        self.at = open + 1;
        let index = self.push(kind, name, prefix);
        self.begin_body(index, open);
        let is_scope = matches!(
            kind,
            ItemKind::Module | ItemKind::Function | ItemKind::Binding
        );
        let scope = if is_scope {
            Some(index)
        } else {
            self.top().scope
        };
        self.frames.push(Frame {
            within,
            owner: Some(index),
            scope,
            last: None,
        });
    }

    fn function(&mut self, prefix: Prefix) -> Option<()> {
        let name = self.name()?;
        let (end, byte) = self.header(b"")?;
        if byte == b'{' {
            let within = Within::Code {
                depth: 0,
                until: b'}',
            };
            self.enter(ItemKind::Function, name, prefix, end, within);
        } else {
            self.at = end + 1;
            self.push(ItemKind::Function, name, prefix);
        }
        Some(())
    }

    /// `impl`, `trait`, `mod`, `extern "C"`: their braces hold items.
    fn container(&mut self, prefix: Prefix, kind: ItemKind, start: usize) -> Option<()> {
        let name = match kind {
            ItemKind::Trait | ItemKind::Module => self.name()?,
            _ => span(start, start),
        };
        let (end, byte) = self.header(b"")?;
        let text = self.bytes[start..end].trim_ascii_end().len();
        let name = if kind == ItemKind::Impl {
            span(start, start + text)
        } else {
            name
        };
        if byte == b'{' {
            self.enter(kind, name, prefix, end, Within::Items);
        } else {
            self.at = end + 1;
            self.push(kind, name, prefix);
        }
        Some(())
    }

    /// `struct`, `enum`, `union`, `macro`: their braces hold no items.
    fn leaf(&mut self, prefix: Prefix, kind: ItemKind) -> Option<()> {
        let name = self.name()?;
        let (end, byte) = self.header(b"")?;
        self.at = if byte == b'{' {
            self.group(end)?
        } else {
            end + 1
        };
        let index = self.push(kind, name, prefix);
        if byte == b'{' {
            self.begin_body(index, end);
            self.out.items[index as usize].body.end = self.at as u32 - 1;
        }
        Some(())
    }

    fn binding(&mut self, prefix: Prefix) -> Option<()> {
        if self.peek(self.skip_trivia(self.at)?) == b"mut" {
            self.name();
        }
        let name = self.name()?;
        let (end, byte) = self.header(b"=")?;
        match byte {
            b'=' => {
                let within = Within::Code {
                    depth: 0,
                    until: b';',
                };
                self.enter(ItemKind::Binding, name, prefix, end, within);
            }
            b';' => {
                self.at = end + 1;
                self.push(ItemKind::Binding, name, prefix);
            }
            _ => return None,
        }
        Some(())
    }

    fn type_alias(&mut self, prefix: Prefix) -> Option<()> {
        let (end, byte) = self.header(b"")?;
        self.at = end + 1;
        self.other(prefix);
        (byte == b';').then_some(())
    }

    /// A macro call or `macro_rules!`; the first segment of the path is `word` at `start`.
    fn macro_call(&mut self, prefix: Prefix, start: usize, word: &[u8]) -> Option<()> {
        while self.byte(self.skip_trivia(self.at)?) == b':' {
            self.at = self.skip_trivia(self.at)?;
            self.at = self.bytes[self.at..]
                .starts_with(b"::")
                .then_some(self.at + 2)?;
            self.name()?;
        }
        let path = span(start, self.at);
        self.at = self.skip_trivia(self.at)?;
        self.at = (self.byte(self.at) == b'!').then_some(self.at + 1)?;
        let name = self.name();
        let open = self.skip_trivia(self.at)?;
        self.at = b"({["
            .contains(&self.byte(open))
            .then(|| self.group(open))??;
        let body_end = self.at - 1;
        if self.byte(open) != b'{' {
            let end = self.skip_trivia(self.at)?;
            // Without a semicolon it is an expression, not an item.
            self.at = (self.byte(end) == b';').then_some(end + 1)?;
        }
        let index = match name {
            Some(name) if word == b"macro_rules" => self.push(ItemKind::Macro, name, prefix),
            _ => self.push(ItemKind::Other, path, prefix),
        };
        self.begin_body(index, open);
        self.out.items[index as usize].body.end = body_end as u32;
        Some(())
    }

    /// Finds the first `{`, `;` or byte in `also` from here that stands outside of brackets and
    /// generics. A brace among generics is a constant argument.
    fn header(&self, also: &[u8]) -> Option<(usize, u8)> {
        let (mut at, mut angles) = (self.at, 0u32);
        loop {
            let byte = *self.bytes.get(at)?;
            match byte {
                b'"' | b'\'' | b'/' => {
                    at = self.literal(at)?;
                    continue;
                }
                b'(' | b'[' => {
                    at = self.group(at)?;
                    continue;
                }
                b'{' if angles > 0 => {
                    at = self.group(at)?;
                    continue;
                }
                b'<' => angles += 1,
                b'>' if !b"-=".contains(&self.bytes[at - 1]) => angles = angles.saturating_sub(1),
                b'{' | b';' => return Some((at, byte)),
                b'}' | b')' | b']' => return None,
                _ if angles == 0 && also.contains(&byte) => return Some((at, byte)),
                _ => {}
            }
            at += 1;
        }
    }
}

fn is_function_word(word: &[u8]) -> bool {
    matches!(
        word,
        b"fn" | b"unsafe" | b"async" | b"extern" | b"gen" | b"safe" | b"trait" | b"impl"
    )
}

/// Whether the comment documents the item that follows.
fn is_outer_doc(comment: &[u8]) -> bool {
    let line = comment.starts_with(b"///") && !comment.starts_with(b"////");
    let block = comment.starts_with(b"/**") && !comment.starts_with(b"/***");
    line || block && comment.len() > b"/**/".len()
}

/// Whether the attribute says that the item exists in tests only: `test`, `tokio::test`,
/// `cfg(test)`, `cfg(all(test, ...))`, but not `cfg(not(test))` or `cfg(any(test, ...))`.
fn is_test_only(attribute: &[u8]) -> bool {
    let name = |byte: &u8| is_name(*byte) || *byte == b':';
    let length = attribute
        .trim_ascii_start()
        .iter()
        .take_while(|byte| name(byte))
        .count();
    let (path, rest) = attribute.trim_ascii_start().split_at(length);
    if path != b"cfg" {
        return path == b"test" || path.ends_with(b"::test");
    }
    let is_word = |at: usize| {
        !is_name(rest[at - 1])
            && !rest.get(at + 4).copied().is_some_and(is_name)
            && rest[at - 1] != b'"'
    };
    let holds = |word: &[u8]| memmem::find(rest, word).is_some();
    !holds(b"not(") && !holds(b"any(") && memmem::find_iter(rest, b"test").any(is_word)
}

/// Code and its tokens.
impl Scanner<'_> {
    /// Reads code up to its end, or up to an item inside it, which is read too.
    fn code(&mut self, mut depth: u32, until: u8) -> Option<()> {
        let mut at = self.at;
        // Behind the opening brace, or behind an item that was found here before.
        let mut statement = b"{};".contains(&self.byte(at.wrapping_sub(1)));
        loop {
            if statement {
                at = self.skip_trivia(at)?;
                if self.starts_item(at) {
                    self.top().within = Within::Code { depth, until };
                    self.at = at;
                    return self.nested_item();
                }
            }
            while at < self.bytes.len() && !IS_SPECIAL[self.bytes[at] as usize] {
                at += 1;
            }
            let byte = *self.bytes.get(at)?;
            statement = false;
            match byte {
                b'"' | b'\'' | b'/' => {
                    at = self.literal(at)?;
                    continue;
                }
                b'{' | b'(' | b'[' if self.is_macro(at) => {
                    at = self.group(at)?;
                    // Behind an attribute stands what it belongs to.
                    statement = byte != b'(';
                    continue;
                }
                b'{' | b'(' | b'[' => {
                    depth += 1;
                    statement = byte == b'{';
                }
                _ if depth == 0 && byte == until => {
                    self.at = at + 1;
                    self.close(at);
                    return Some(());
                }
                b'}' | b')' | b']' => {
                    depth = depth.checked_sub(1)?;
                    statement = byte != b')';
                }
                _ => statement = true,
            }
            at += 1;
        }
    }

    /// Whether an item or import that must be known starts here.
    fn starts_item(&self, start: usize) -> bool {
        let mut at = start;
        if !b"afptmuseci".contains(&self.byte(at)) {
            return false;
        }
        loop {
            let word = self.peek(at);
            let Some(next) = self.skip_trivia(at + word.len()) else {
                return false;
            };
            match word {
                b"fn" | b"use" => {
                    return is_name(self.byte(next)) || b"{:*".contains(&self.byte(next));
                }
                b"struct" | b"enum" | b"impl" | b"trait" | b"mod" | b"pub" => return true,
                b"macro_rules" => return self.byte(next) == b'!',
                // A word only in front of a name.
                b"union" => return is_name(self.byte(next)),
                b"extern" if self.peek(next) == b"crate" => return true,
                b"extern" if self.byte(next) == b'"' => {
                    let end = self.string(next).and_then(|end| self.skip_trivia(end));
                    match end {
                        Some(end) => at = end,
                        None => return false,
                    }
                }
                b"async" | b"unsafe" | b"const" | b"extern" => at = next,
                _ => return false,
            }
        }
    }

    fn nested_item(&mut self) -> Option<()> {
        let prefix = Prefix {
            start: self.at,
            test: false,
            public: false,
        };
        self.item(prefix)
    }

    /// Whether the bracket opens the tokens of a macro call, `name!(`, or of an attribute.
    fn is_macro(&self, open: usize) -> bool {
        let blank = |byte: &&u8| matches!(byte, b' ' | b'\n');
        let before = &self.bytes[..open];
        let gap = before.iter().rev().take(2).take_while(blank).count();
        match &before[..open - gap] {
            [.., b'#'] | [.., b'#', b'!'] => true,
            [.., name, b'!'] => is_name(*name),
            _ => false,
        }
    }

    /// Where the bracketed group ends that opens at `open`. Only the number of brackets counts,
    /// not their kinds: mixed ones are errors to the grammar too.
    fn group(&self, open: usize) -> Option<usize> {
        let (mut at, mut depth) = (open, 0u32);
        loop {
            while at < self.bytes.len() && !IS_SPECIAL[self.bytes[at] as usize] {
                at += 1;
            }
            match *self.bytes.get(at)? {
                b'"' | b'\'' | b'/' => {
                    at = self.literal(at)?;
                    continue;
                }
                b'{' | b'(' | b'[' => depth += 1,
                b'}' | b')' | b']' if depth == 1 => return Some(at + 1),
                b'}' | b')' | b']' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
    }

    /// Behind the string, character, lifetime mark, comment or slash at `at`.
    fn literal(&self, at: usize) -> Option<usize> {
        match self.bytes[at] {
            b'"' => self.string(at),
            b'\'' => Some(self.character(at)),
            _ if matches!(self.byte(at + 1), b'/' | b'*') => self.comment(at),
            _ => Some(at + 1),
        }
    }

    /// Where the string ends whose first quote is at `quote`, raw or not.
    fn string(&self, quote: usize) -> Option<usize> {
        let hashes = self.bytes[..quote]
            .iter()
            .rev()
            .take_while(|&&byte| byte == b'#')
            .count();
        if self.is_raw(quote - hashes) {
            return self.raw_string(quote + 1, hashes);
        }
        let mut at = quote + 1;
        loop {
            at += memchr2(b'"', b'\\', self.bytes.get(at..)?)?;
            if self.bytes[at] == b'"' {
                return Some(at + 1);
            }
            at += 2;
        }
    }

    /// Whether `r`, `br` or `cr` stands before `at`, not as the end of a name.
    fn is_raw(&self, at: usize) -> bool {
        match &self.bytes[at.saturating_sub(3)..at] {
            [before @ .., b'b' | b'c', b'r'] | [before @ .., b'r'] => {
                !before.last().copied().is_some_and(is_name)
            }
            _ => false,
        }
    }

    fn raw_string(&self, start: usize, hashes: usize) -> Option<usize> {
        let mut at = start;
        loop {
            at += memchr(b'"', self.bytes.get(at..)?)? + 1;
            let found = self.bytes[at..]
                .iter()
                .take(hashes)
                .take_while(|&&byte| byte == b'#');
            let found = found.count();
            if found == hashes {
                return Some(at + hashes);
            }
            at += found;
        }
    }

    /// Behind the character literal or the mark of a lifetime at `quote`.
    fn character(&self, quote: usize) -> usize {
        let first = self.byte(quote + 1);
        if first == b'\\' {
            let from = (quote + 3).min(self.bytes.len());
            let rest = &self.bytes[from..self.bytes.len().min(from + 12)];
            return memchr(b'\'', rest).map_or(quote + 1, |at| from + at + 1);
        }
        let length = match first {
            0xf0.. => 4,
            0xe0.. => 3,
            0xc0.. => 2,
            _ => 1,
        };
        let is_closed = self.byte(quote + 1 + length) == b'\'' && first != b'\'';
        if is_closed {
            quote + 2 + length
        } else {
            quote + 1
        }
    }

    /// Where the comment at `start` ends; a line comment ends before its line break.
    fn comment(&self, start: usize) -> Option<usize> {
        match self.byte(start + 1) {
            b'/' => {
                let end = memchr(b'\n', &self.bytes[start..]);
                Some(end.map_or(self.bytes.len(), |length| start + length))
            }
            b'*' => self.block_comment(start + 2),
            _ => None,
        }
    }

    fn block_comment(&self, start: usize) -> Option<usize> {
        let (mut at, mut depth) = (start, 1u32);
        loop {
            at += memchr2(b'/', b'*', self.bytes.get(at..)?)?;
            match (self.bytes[at], self.byte(at + 1)) {
                (b'/', b'*') => depth += 1,
                (b'*', b'/') if depth == 1 => return Some(at + 2),
                (b'*', b'/') => depth -= 1,
                _ => {
                    at += 1;
                    continue;
                }
            }
            at += 2;
        }
    }

    fn skip_blank(&self, from: usize) -> usize {
        let rest = &self.bytes[from.min(self.bytes.len())..];
        from + rest
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count()
    }

    /// Skips whitespace and comments.
    fn skip_trivia(&self, from: usize) -> Option<usize> {
        let mut at = self.skip_blank(from.min(self.bytes.len()));
        while self.byte(at) == b'/' && matches!(self.byte(at + 1), b'/' | b'*') {
            at = self.skip_blank(self.comment(at)?);
        }
        Some(at)
    }
}

static IS_SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let special = b"(){}[]\"'/;";
    let mut at = 0;
    while at < special.len() {
        table[special[at] as usize] = true;
        at += 1;
    }
    table
};

/// Imports.
impl Scanner<'_> {
    fn extern_crate(&mut self, prefix: Prefix, start: usize) -> Option<()> {
        self.name()?;
        let (first, name) = (self.out.segments.len(), self.name()?);
        self.out.segments.push(name);
        let alias = self.alias()?;
        self.push_import(ImportKind::Crate, first, 0, alias);
        self.end_imports(self.out.imports.len() - 1, prefix, start)
    }

    fn use_declaration(&mut self, prefix: Prefix, start: usize) -> Option<()> {
        let first = self.out.imports.len();
        self.at = self.skip_trivia(self.at)?;
        let level = u16::from(self.bytes[self.at..].starts_with(b"::"));
        self.use_tree(&mut Vec::new(), level, 0)?;
        self.end_imports(first, prefix, start)
    }

    /// Takes the semicolon and completes the imports of the statement.
    fn end_imports(&mut self, first: usize, prefix: Prefix, start: usize) -> Option<()> {
        let end = self.skip_trivia(self.at)?;
        self.at = (self.byte(end) == b';').then_some(end + 1)?;
        let statement = span(start, self.at);
        for import in &mut self.out.imports[first..] {
            (import.statement, import.public) = (statement, prefix.public);
        }
        self.other(prefix);
        Some(())
    }

    /// Reads `a::b`, `a::*`, `a::{...}` or `a as b` below the path `above`.
    fn use_tree(&mut self, above: &mut Vec<Span>, level: u16, depth: u32) -> Option<()> {
        let outer = above.len();
        if outer > MAX_PATH {
            return None;
        }
        loop {
            self.at = self.skip_trivia(self.at)?;
            match self.byte(self.at) {
                b':' if self.byte(self.at + 1) == b':' => self.at += 2,
                b':' => return None,
                b'*' => {
                    self.at += 1;
                    self.push_path(ImportKind::Glob, above, level, None);
                    break;
                }
                b'{' => {
                    self.at += 1;
                    self.use_group(above, level, depth + 1)?;
                    break;
                }
                _ => {
                    let name = self.name()?;
                    let is_self = &self.bytes[name.start as usize..name.end as usize] == b"self";
                    if !is_self || above.is_empty() {
                        above.push(name);
                    }
                    let next = self.skip_trivia(self.at)?;
                    if self.byte(next) != b':' {
                        let alias = self.alias()?;
                        self.push_path(ImportKind::Name, above, level, alias);
                        break;
                    }
                }
            }
        }
        above.truncate(outer);
        Some(())
    }

    fn use_group(&mut self, above: &mut Vec<Span>, level: u16, depth: u32) -> Option<()> {
        if depth > MAX_USE_DEPTH {
            return None;
        }
        loop {
            self.at = self.skip_trivia(self.at)?;
            match self.byte(self.at) {
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                b',' => self.at += 1,
                _ => self.use_tree(above, level, depth)?,
            }
        }
    }

    fn alias(&mut self) -> Option<Option<Span>> {
        if self.peek(self.skip_trivia(self.at)?) != b"as" {
            return Some(None);
        }
        self.name()?;
        Some(Some(self.name()?))
    }

    fn push_path(&mut self, kind: ImportKind, path: &[Span], level: u16, alias: Option<Span>) {
        let first = self.out.segments.len();
        self.out.segments.extend_from_slice(path);
        self.push_import(kind, first, level, alias);
    }

    fn push_import(&mut self, kind: ImportKind, first: usize, level: u16, alias: Option<Span>) {
        let item = self.top().scope;
        let segments = (self.out.segments.len() - first) as u32;
        let (public, type_checking, first_segment) = (false, false, first as u32);
        let statement = Span::default();
        self.out.imports.push(Import {
            kind,
            public,
            type_checking,
            level,
            first_segment,
            segments,
            alias,
            item,
            statement,
        });
    }
}
