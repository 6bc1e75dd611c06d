//! The skeleton of Python: logical lines, indentation, definitions, imports.
//!
//! It follows the lexical rules of the language reference (chapter 2, with the nested f-strings
//! of 3.12) and counts indentation as tree-sitter-python does (a tab is eight columns), since
//! regions must agree with that grammar. It looks inside expressions only for brackets, strings
//! and comments.

use super::{Import, ImportKind, ItemIndex, ItemKind, Layout, Skeleton};
use super::{is_name, name_end, span};
use crate::source::Span;
use memchr::{memchr, memchr2, memchr3, memmem};

/// Nesting of f-strings in f-strings beyond which a file counts as not understood.
const MAX_FSTRING_DEPTH: u32 = 24;

/// Finds items and imports of Python text, in one pass and linear time.
pub fn scan(text: &str) -> Skeleton {
    let mut skeleton = Skeleton::new(Layout::Lines);
    if text.len() >= u32::MAX as usize || !is_plain(text.as_bytes()) {
        skeleton.complete = false;
        return skeleton;
    }
    let mut scanner = Scanner::new(text.as_bytes(), skeleton);
    while scanner.at < scanner.bytes.len() {
        scanner.line();
    }
    scanner.finish().checked(text)
}

/// Whether line breaks and end of text mean the same to Python and to the grammar: the grammar
/// takes NUL for an end and does not take a lone CR for a line break.
fn is_plain(bytes: &[u8]) -> bool {
    let is_break = |at: usize| bytes.get(at + 1) == Some(&b'\n');
    memchr(0, bytes).is_none() && memchr::memchr_iter(b'\r', bytes).all(is_break)
}

/// A block of statements that is being read.
#[derive(Clone, Copy)]
struct Frame {
    indent: u32,
    /// The item whose suite this is; none for the module and for blocks inside functions.
    owner: Option<ItemIndex>,
    /// The innermost item around the block's statements.
    parent: Option<ItemIndex>,
    /// The innermost function or class around them.
    scope: Option<ItemIndex>,
    /// The last item directly in the block.
    last: Option<ItemIndex>,
    in_function: bool,
    type_checking: bool,
}

/// A logical line: from its first byte to its last, comments excluded.
#[derive(Clone, Copy)]
struct Line {
    start: usize,
    end: usize,
    /// It ends in a colon, so that an indented block must follow.
    opens: bool,
}

struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
    /// Where the last logical line ended.
    code_end: usize,
    out: Skeleton,
    frames: Vec<Frame>,
    /// The frame of the block that the last line opened; its indent is not known yet.
    opened: Option<Frame>,
    decorators: Option<usize>,
    import_words: memmem::FindIter<'t, 'static>,
    next_import: usize,
}

impl<'t> Scanner<'t> {
    fn new(bytes: &'t [u8], out: Skeleton) -> Self {
        let module = Frame {
            indent: 0,
            owner: None,
            parent: None,
            scope: None,
            last: None,
            in_function: false,
            type_checking: false,
        };
        let mut import_words = memmem::find_iter(bytes, b"import");
        let next_import = import_words.next().unwrap_or(usize::MAX);
        Scanner {
            bytes,
            at: 0,
            code_end: 0,
            out,
            frames: vec![module],
            opened: None,
            decorators: None,
            import_words,
            next_import,
        }
    }

    fn finish(mut self) -> Skeleton {
        if self.opened.is_some() || self.decorators.is_some() {
            self.out.complete = false;
        }
        if let Some(frame) = self.opened.take() {
            self.frames.push(frame);
        }
        while let Some(frame) = self.frames.pop() {
            self.close(frame.owner);
        }
        self.out
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn top(&mut self) -> &mut Frame {
        self.frames
            .last_mut()
            .expect("the module's frame is popped in `finish` only")
    }

    /// Reads one physical line, or a logical one if a statement starts here.
    fn line(&mut self) {
        let (start, indent) = self.indentation();
        self.at = match self.byte(start) {
            0 => start,
            b'\n' => start + 1,
            b'\r' => start + 2,
            b'#' => self.next_line(start),
            // Joined to the next line, the grammar adds up the indentation of both.
            b'\\' | 0x0b => {
                self.out.complete = false;
                self.next_line(start)
            }
            byte if byte >= 0x80 && !self.is_letter(start) => {
                self.out.complete = false;
                self.next_line(start)
            }
            _ => return self.statement(start, indent),
        };
    }

    fn next_line(&self, from: usize) -> usize {
        memchr(b'\n', &self.bytes[from..]).map_or(self.bytes.len(), |at| from + at + 1)
    }

    /// Where the line's first other byte stands, and how far it is indented.
    fn indentation(&self) -> (usize, u32) {
        let (mut at, mut indent) = (self.at, 0u32);
        // Eight spaces at a time.
        while let Some(chunk) = self.bytes[at..].first_chunk() {
            let spaces = (u64::from_le_bytes(*chunk) ^ 0x2020_2020_2020_2020).trailing_zeros() / 8;
            (at, indent) = (at + spaces as usize, indent.saturating_add(spaces));
            if spaces < 8 {
                break;
            }
        }
        loop {
            match self.byte(at) {
                b' ' => indent = indent.saturating_add(1),
                b'\t' => indent = indent.saturating_add(8),
                b'\x0c' => indent = 0,
                _ => return (at, indent),
            }
            at += 1;
        }
    }

    /// Whether the non-ASCII character is a letter: the grammar skips some others like spaces.
    fn is_letter(&self, at: usize) -> bool {
        let chunk = &self.bytes[at..self.bytes.len().min(at + 4)];
        let valid = chunk.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        valid.chars().next().is_some_and(char::is_alphabetic)
    }

    fn statement(&mut self, start: usize, indent: u32) {
        self.enter(start, indent);
        let Some(line) = self.logical_line(start) else {
            self.out.complete = false;
            self.at = self.bytes.len();
            return;
        };
        self.code_end = line.end;
        self.out.statements.push(span(line.start, line.end));
        let frame = self.classify(line);
        if self.next_import < line.end {
            self.imports(line, frame);
        }
    }

    /// Matches the indentation of a statement with the open blocks.
    fn enter(&mut self, start: usize, indent: u32) {
        if let Some(mut frame) = self.opened.take() {
            if indent > self.top().indent {
                if let Some(owner) = frame.owner {
                    self.out.items[owner as usize].body = span(start, start);
                }
                frame.indent = indent;
                self.frames.push(frame);
                return;
            }
            self.out.complete = false;
            self.close(frame.owner);
        }
        while indent < self.top().indent {
            let owner = self.top().owner;
            self.frames.pop();
            self.close(owner);
        }
        // The grammar keeps indents in sixteen bits.
        if indent != self.top().indent || indent > u32::from(u16::MAX) {
            self.out.complete = false;
        }
    }

    /// Ends an item with the last line that was read.
    fn close(&mut self, owner: Option<ItemIndex>) {
        let Some(index) = owner else { return };
        let (count, end) = (self.out.items.len() as ItemIndex, self.code_end as u32);
        let item = &mut self.out.items[index as usize];
        item.body.end = end.max(item.body.start);
        (item.span.end, item.end) = (end, count);
        if let (ItemKind::Clause, Some(block)) = (item.kind, item.parent) {
            let block = &mut self.out.items[block as usize];
            (block.span.end, block.end) = (end, count);
        }
    }

    /// Records what the line begins. Returns the frame that statements on the line belong to.
    fn classify(&mut self, line: Line) -> Frame {
        let bytes = self.bytes;
        let frame = *self.top();
        let word = match bytes[line.start] {
            b'@' => {
                self.decorators.get_or_insert(line.start);
                return frame;
            }
            // In functions only definitions and conditions on type checking matter.
            byte if frame.in_function && !b"acdi".contains(&byte) => b"",
            _ => &bytes[line.start..name_end(bytes, line.start)],
        };
        let definition = self.definition_word(line.start, word);
        if let Some((kind, keyword_end)) = definition {
            return self.definition(line, kind, keyword_end);
        }
        if self.decorators.take().is_some() {
            self.out.complete = false;
        }
        if frame.in_function {
            let type_checking = self.is_type_checking(line, word) || frame.type_checking;
            let suite = Frame {
                owner: None,
                last: None,
                type_checking,
                ..frame
            };
            self.opened = line.opens.then_some(suite);
            return suite;
        }
        match word {
            b"else" | b"elif" | b"except" | b"finally" => self.clause(line),
            b"if" | b"for" | b"while" | b"try" | b"with" => self.block(line, word),
            b"async" => self.block(line, word),
            _ if line.opens => self.block(line, word),
            _ => self.simple(line, word),
        }
    }

    /// For `def`, `async def` and `class`: the kind of item, and where the keyword ends.
    fn definition_word(&self, start: usize, word: &[u8]) -> Option<(ItemKind, usize)> {
        let end = start + word.len();
        match word {
            b"def" => Some((ItemKind::Function, end)),
            b"class" => Some((ItemKind::Class, end)),
            b"async" => {
                let next = self.skip_blank(end);
                let is_def = &self.bytes[next..name_end(self.bytes, next)] == b"def";
                is_def.then_some((ItemKind::Function, next + b"def".len()))
            }
            _ => None,
        }
    }

    fn definition(&mut self, line: Line, kind: ItemKind, keyword_end: usize) -> Frame {
        let name_start = self.skip_blank(keyword_end);
        let name = span(name_start, name_end(self.bytes, name_start));
        let start = self.decorators.take().unwrap_or(line.start);
        self.out.complete &= !name.is_empty();
        let frame = self.open(kind, name, start, line);
        let in_function = frame.in_function || kind == ItemKind::Function;
        let frame = Frame {
            scope: frame.parent,
            in_function,
            ..frame
        };
        self.opened = self.opened.map(|_| frame);
        frame
    }

    fn block(&mut self, line: Line, word: &[u8]) -> Frame {
        let nameless = span(line.start, line.start);
        let frame = self.open(ItemKind::Block, nameless, line.start, line);
        let type_checking = self.is_type_checking(line, word) || frame.type_checking;
        let frame = Frame {
            type_checking,
            ..frame
        };
        self.opened = self.opened.map(|_| frame);
        frame
    }

    fn clause(&mut self, line: Line) -> Frame {
        let outer = *self.top();
        let block = outer
            .last
            .filter(|&last| self.out.items[last as usize].kind == ItemKind::Block);
        if block.is_none() {
            self.out.complete = false;
        }
        let nameless = span(line.start, line.start);
        self.top().parent = block.or(outer.parent);
        let frame = self.open(ItemKind::Clause, nameless, line.start, line);
        (self.top().parent, self.top().last) = (outer.parent, outer.last);
        frame
    }

    /// Adds an item with a suite, on the same line or in the block that follows. Returns the
    /// frame of the suite.
    fn open(&mut self, kind: ItemKind, name: Span, start: usize, line: Line) -> Frame {
        let outer = *self.top();
        let index = self
            .out
            .push(kind, name, span(start, line.end), outer.parent);
        self.top().last = Some(index);
        let frame = Frame {
            owner: Some(index),
            parent: Some(index),
            last: None,
            ..outer
        };
        if line.opens {
            self.opened = Some(frame);
            return frame;
        }
        match self.colon(line) {
            Some(colon) => {
                let body = self.skip_blank(colon + 1);
                let item = &mut self.out.items[index as usize];
                item.header.end = colon as u32 + 1;
                item.body = span(body, line.end.max(body));
                item.inline = true;
            }
            None => self.out.complete = false,
        }
        self.close(Some(index));
        frame
    }

    /// Whether the line is `if TYPE_CHECKING:` or `if module.TYPE_CHECKING:`.
    fn is_type_checking(&self, line: Line, word: &[u8]) -> bool {
        if word != b"if" {
            return false;
        }
        let mut start = self.skip_blank(line.start + word.len());
        let mut end = name_end(self.bytes, start);
        if self.byte(end) == b'.' {
            start = end + 1;
            end = name_end(self.bytes, start);
        }
        &self.bytes[start..end] == b"TYPE_CHECKING" && self.byte(self.skip_blank(end)) == b':'
    }

    /// A line of simple statements outside of functions.
    fn simple(&mut self, line: Line, word: &[u8]) -> Frame {
        let outer = *self.top();
        let binding = self.binding(line, word);
        let index = match binding {
            Some((name, value)) => {
                let index = self.out.push(
                    ItemKind::Binding,
                    name,
                    span(line.start, line.end),
                    outer.parent,
                );
                if let Some(value) = value {
                    let item = &mut self.out.items[index as usize];
                    item.header.end = value as u32;
                    item.body = span(value, line.end);
                }
                index
            }
            None => self
                .out
                .push_other(outer.last, span(line.start, line.end), outer.parent),
        };
        self.top().last = Some(index);
        outer
    }

    /// The name and the start of the value, if the line is one assignment to one name.
    fn binding(&self, line: Line, word: &[u8]) -> Option<(Span, Option<usize>)> {
        if word.is_empty() || is_keyword(word) {
            return None;
        }
        let name_end = line.start + word.len();
        let name = span(line.start, name_end);
        let mut equals = self.skip_blank(name_end);
        if self.byte(equals) == b':' && self.byte(equals + 1) != b'=' {
            match self.find(equals + 1, line.end, |byte| byte == b'=' || byte == b';') {
                Some(at) => equals = at,
                None => return Some((name, None)),
            }
        }
        if self.byte(equals) != b'=' || self.byte(equals + 1) == b'=' {
            return None;
        }
        let mut from = equals + 1;
        while let Some(at) = self.find(from, line.end, |byte| byte == b'=' || byte == b';') {
            let is_comparison = self.byte(at + 1) == b'=' || b"!<>=:".contains(&self.byte(at - 1));
            if self.byte(at) == b';' || !is_comparison {
                return None;
            }
            from = at + 1 + usize::from(self.byte(at + 1) == b'=');
        }
        // Before a comment on a joined line, blanks reach beyond the line's end.
        Some((name, Some(self.skip_blank(equals + 1).min(line.end))))
    }

    /// Where the colon stands that begins the suite of a one-line compound statement.
    fn colon(&self, line: Line) -> Option<usize> {
        let (mut from, mut lambdas) = (line.start, 0u32);
        loop {
            let at = self.find(from, line.end, |byte| byte == b':' || byte == b'l')?;
            from = at + 1;
            if self.byte(at) == b'l' {
                let is_word = at == 0 || !is_name(self.bytes[at - 1]);
                let end = name_end(self.bytes, at);
                lambdas += u32::from(is_word && &self.bytes[at..end] == b"lambda");
            } else if self.byte(from) == b'=' {
                continue;
            } else if lambdas == 0 {
                return Some(at);
            } else {
                lambdas -= 1;
            }
        }
    }

    /// The first wanted byte from `from` that stands outside of brackets, strings and comments.
    /// The line was read before, so that its strings and brackets are known to end.
    fn find(&self, from: usize, end: usize, wanted: impl Fn(u8) -> bool) -> Option<usize> {
        let (mut at, mut depth) = (from, 0u32);
        while at < end {
            let byte = self.bytes[at];
            match class(byte) {
                Class::Quote => {
                    at = self.string(at, 0)?;
                    continue;
                }
                Class::Open => depth += 1,
                Class::Close => depth = depth.saturating_sub(1),
                Class::Comment => {
                    at = self.next_line(at);
                    continue;
                }
                _ if depth == 0 && wanted(byte) => return Some(at),
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// Skips spaces and joined lines.
    fn skip_blank(&self, from: usize) -> usize {
        let mut at = from;
        loop {
            match self.byte(at) {
                b' ' | b'\t' | b'\x0c' => at += 1,
                b'\\' if self.byte(at + 1) == b'\n' => at += 2,
                b'\\' if self.byte(at + 1) == b'\r' => at += 3,
                _ => return at.min(self.bytes.len()),
            }
        }
    }
}

/// Words that can stand before `=` or `:` without being a name that is bound.
fn is_keyword(word: &[u8]) -> bool {
    let words: [&[u8]; 12] = [
        b"lambda", b"not", b"await", b"yield", b"return", b"None", b"True", b"False", b"del",
        b"assert", b"raise", b"import",
    ];
    words.contains(&word)
}

/// What a byte means to a scan of expressions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Quote,
    Open,
    Close,
    Comment,
}

const fn class(byte: u8) -> Class {
    match byte {
        b'"' | b'\'' => Class::Quote,
        b'(' | b'[' | b'{' => Class::Open,
        b')' | b']' | b'}' => Class::Close,
        b'#' => Class::Comment,
        _ => Class::Plain,
    }
}

/// How a byte changes the depth of brackets, or [`STOP`] where more is to be decided.
static STEP: [i8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = match class(byte as u8) {
            Class::Open => 1,
            Class::Close => -1,
            Class::Quote | Class::Comment => STOP,
            // The backtick begins a string in the grammar, for Python 2, and nothing in Python 3.
            Class::Plain if matches!(byte as u8, b'\n' | b'\\' | b'`') => STOP,
            Class::Plain => 0,
        };
        byte += 1;
    }
    table
};

const STOP: i8 = i8::MIN;

/// Logical lines and strings.
impl Scanner<'_> {
    /// Reads the logical line at `start` and moves behind it. `None` if it never ends.
    fn logical_line(&mut self, start: usize) -> Option<Line> {
        let (mut at, mut depth) = (start, 0i32);
        let end = loop {
            // Brackets change a number here, not the flow, which would be hard to predict.
            for &byte in &self.bytes[at..] {
                let step = STEP[byte as usize];
                if step == STOP {
                    break;
                }
                depth += i32::from(step);
                at += 1;
            }
            if depth < 0 {
                return None;
            }
            match self.bytes.get(at) {
                Some(b'"' | b'\'') => at = self.string(at, 0)?,
                Some(b'\n' | b'#') | None if depth == 0 => break at,
                Some(b'\n') => at += 1,
                Some(b'#') => at = self.next_line(at),
                Some(b'\\') => at = self.joined(at),
                Some(_) => {
                    self.out.complete = false;
                    at += 1;
                }
                None => return None,
            }
        };
        self.at = if self.byte(end) == b'\n' {
            end + 1
        } else {
            self.next_line(end)
        };
        Some(self.trimmed(start, end))
    }

    fn joined(&mut self, backslash: usize) -> usize {
        match (self.byte(backslash + 1), self.byte(backslash + 2)) {
            (b'\n', _) => backslash + 2,
            (b'\r', b'\n') => backslash + 3,
            _ => {
                self.out.complete = false;
                backslash + 1
            }
        }
    }

    fn trimmed(&mut self, start: usize, end: usize) -> Line {
        let blank = |&&byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\x0c');
        let end = end
            - self.bytes[start..end]
                .iter()
                .rev()
                .take_while(blank)
                .count();
        // A joined line that is blank: a region that ended here would be joined to the next.
        if self.byte(end.saturating_sub(1)) == b'\n' || self.byte(end.saturating_sub(1)) == b'\\' {
            self.out.complete = false;
        }
        Line {
            start,
            end,
            opens: end > start && self.bytes[end - 1] == b':',
        }
    }

    /// Where the string ends whose first quote is at `quote`.
    fn string(&self, quote: usize, nesting: u32) -> Option<usize> {
        let mark = self.bytes[quote];
        let triple = self.byte(quote + 1) == mark && self.byte(quote + 2) == mark;
        let start = if triple { quote + 3 } else { quote + 1 };
        match self.format_prefix(quote) {
            Some(raw) => self.formatted(start, Text { mark, triple, raw }, nesting),
            None if triple => self.triple(start, mark),
            None => self.single(start, mark),
        }
    }

    fn single(&self, start: usize, mark: u8) -> Option<usize> {
        let mut at = start;
        loop {
            let byte = *self.bytes.get(at)?;
            if byte == mark {
                return Some(at + 1);
            }
            match byte {
                b'\\' => at = self.escaped(at),
                b'\n' => return None,
                _ => at += 1,
            }
        }
    }

    fn triple(&self, start: usize, mark: u8) -> Option<usize> {
        let mut at = start;
        loop {
            at += memchr2(mark, b'\\', self.bytes.get(at..)?)?;
            if self.bytes[at] == b'\\' {
                at = self.escaped(at);
            } else if self.byte(at + 1) == mark && self.byte(at + 2) == mark {
                return Some(at + 3);
            } else {
                at += 1;
            }
        }
    }

    /// Behind a backslash and what it escapes. Raw strings cannot end in an escaped quote either.
    fn escaped(&self, backslash: usize) -> usize {
        let is_crlf = self.byte(backslash + 1) == b'\r';
        backslash + 2 + usize::from(is_crlf)
    }

    /// For an f- or t-string, whether it is raw.
    fn format_prefix(&self, quote: usize) -> Option<bool> {
        let letters = self.bytes[quote.saturating_sub(3)..quote].iter().rev();
        let count = letters
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        let start = quote - count;
        if start > 0 && is_name(self.bytes[start - 1]) {
            return None;
        }
        let prefix = &self.bytes[start..quote];
        let is_format = prefix.iter().any(|byte| b"fFtT".contains(byte));
        let is_prefix = prefix.iter().all(|byte| b"fFtTrRbBuU".contains(byte));
        (is_format && is_prefix).then(|| prefix.iter().any(|byte| b"rR".contains(byte)))
    }

    fn formatted(&self, start: usize, text: Text, nesting: u32) -> Option<usize> {
        let mut at = start;
        loop {
            at += memchr3(text.mark, b'\\', b'{', self.bytes.get(at..)?).filter(|&length| {
                text.triple || memchr(b'\n', &self.bytes[at..at + length]).is_none()
            })?;
            match self.bytes[at] {
                b'{' if self.byte(at + 1) == b'{' => at += 2,
                b'{' => at = self.replacement(at + 1, nesting)?,
                b'\\' if self.bytes[at + 1..].starts_with(b"N{") && !text.raw => {
                    at += memchr(b'}', &self.bytes[at..])? + 1;
                }
                b'\\' if matches!(self.byte(at + 1), b'{' | b'}') => at += 1,
                b'\\' => at = self.escaped(at),
                _ if !text.triple => return Some(at + 1),
                mark if self.byte(at + 1) == mark && self.byte(at + 2) == mark => {
                    return Some(at + 3);
                }
                _ => at += 1,
            }
        }
    }

    /// Where the replacement field ends whose `{` stands before `start`.
    fn replacement(&self, start: usize, nesting: u32) -> Option<usize> {
        if nesting >= MAX_FSTRING_DEPTH {
            return None;
        }
        let (mut at, mut depth) = (start, 0u32);
        loop {
            let byte = *self.bytes.get(at)?;
            match class(byte) {
                Class::Quote => {
                    at = self.string(at, nesting + 1)?;
                    continue;
                }
                Class::Open => depth += 1,
                Class::Close if depth == 0 => return (byte == b'}').then_some(at + 1),
                Class::Close => depth -= 1,
                Class::Comment => {
                    at = self.next_line(at);
                    continue;
                }
                _ if byte == b':' && depth == 0 => return self.format_spec(at + 1, nesting),
                _ => {}
            }
            at += 1;
        }
    }

    fn format_spec(&self, start: usize, nesting: u32) -> Option<usize> {
        let mut at = start;
        loop {
            at += memchr3(b'{', b'}', b'\n', self.bytes.get(at..)?)?;
            match self.bytes[at] {
                b'{' => at = self.replacement(at + 1, nesting + 1)?,
                b'}' => return Some(at + 1),
                _ => return None,
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Text {
    mark: u8,
    triple: bool,
    raw: bool,
}

/// Imports.
impl Scanner<'_> {
    /// Reads the import statements on a line that holds the word `import`, if only in a string.
    fn imports(&mut self, line: Line, frame: Frame) {
        self.skip_import_words(line.start);
        let mut next = (self.next_import < line.end).then_some(line.start);
        while let Some(at) = next {
            let at = self.skip_blank(at);
            let rest = match &self.bytes[at..name_end(self.bytes, at)] {
                b"import" => self.import(at, line.end, frame),
                b"from" => self.import_from(at, line.end, frame),
                _ => at,
            };
            next = self.find(rest, line.end, |byte| byte == b';' || byte == b':');
            next = next.map(|at| at + 1);
        }
        self.skip_import_words(line.end);
    }

    fn skip_import_words(&mut self, to: usize) {
        while self.next_import < to {
            self.next_import = self.import_words.next().unwrap_or(usize::MAX);
        }
    }

    fn import(&mut self, start: usize, end: usize, frame: Frame) -> usize {
        let first = self.out.imports.len();
        let mut tokens = Tokens {
            bytes: self.bytes,
            at: start + b"import".len(),
            end,
        };
        loop {
            let first_segment = self.out.segments.len();
            if !self.dotted(&mut tokens) {
                break;
            }
            let alias = tokens.alias();
            self.push_import(ImportKind::Module, first_segment, 0, alias, frame);
            if !tokens.eat(b',') {
                break;
            }
        }
        self.end_imports(first, start, tokens.at)
    }

    fn import_from(&mut self, start: usize, end: usize, frame: Frame) -> usize {
        let first = self.out.imports.len();
        let mut tokens = Tokens {
            bytes: self.bytes,
            at: start + b"from".len(),
            end,
        };
        let mut level = 0u16;
        while tokens.eat(b'.') {
            level = level.saturating_add(1);
        }
        let module = self.out.segments.len();
        if tokens.word() != b"import" {
            self.dotted(&mut tokens);
        }
        let module = module..self.out.segments.len();
        if tokens.word() != b"import" {
            return tokens.at;
        }
        tokens.name();
        if tokens.eat(b'*') {
            self.push_import(ImportKind::Glob, module.start, level, None, frame);
            return self.end_imports(first, start, tokens.at);
        }
        let parenthesized = tokens.eat(b'(');
        let mut first_segment = module.start;
        while let Some(name) = tokens.name() {
            if first_segment != module.start {
                self.out.segments.extend_from_within(module.clone());
            }
            self.out.segments.push(name);
            let alias = tokens.alias();
            self.push_import(ImportKind::Name, first_segment, level, alias, frame);
            first_segment = self.out.segments.len();
            if !tokens.eat(b',') {
                break;
            }
        }
        if parenthesized {
            tokens.eat(b')');
        }
        self.end_imports(first, start, tokens.at)
    }

    fn dotted(&mut self, tokens: &mut Tokens) -> bool {
        let before = self.out.segments.len();
        while let Some(name) = tokens.name() {
            self.out.segments.push(name);
            if !tokens.eat(b'.') {
                break;
            }
        }
        self.out.segments.len() > before
    }

    /// Adds an import whose path is the segments from `first_segment` on.
    fn push_import(
        &mut self,
        kind: ImportKind,
        first_segment: usize,
        level: u16,
        alias: Option<Span>,
        frame: Frame,
    ) {
        self.out.imports.push(Import {
            kind,
            public: false,
            type_checking: frame.type_checking,
            level,
            first_segment: first_segment as u32,
            segments: (self.out.segments.len() - first_segment) as u32,
            alias,
            item: frame.scope,
            statement: Span::default(),
        });
    }

    fn end_imports(&mut self, first: usize, start: usize, end: usize) -> usize {
        for import in &mut self.out.imports[first..] {
            import.statement = span(start, end);
        }
        end
    }
}

/// A cursor over the tokens of an import statement.
struct Tokens<'t> {
    bytes: &'t [u8],
    /// Behind the last token taken.
    at: usize,
    end: usize,
}

impl<'t> Tokens<'t> {
    /// Where the next token starts: behind spaces, line breaks and comments.
    fn next(&self) -> usize {
        let mut at = self.at;
        while at < self.end {
            match self.bytes[at] {
                b' ' | b'\t' | b'\r' | b'\n' | b'\x0c' | b'\\' => at += 1,
                b'#' => at += memchr(b'\n', &self.bytes[at..self.end]).unwrap_or(self.end - at),
                _ => break,
            }
        }
        at
    }

    fn word(&self) -> &'t [u8] {
        let start = self.next();
        &self.bytes[start..name_end(self.bytes, start).clamp(start, self.end.max(start))]
    }

    fn name(&mut self) -> Option<Span> {
        let (start, length) = (self.next(), self.word().len());
        if length == 0 {
            return None;
        }
        self.at = start + length;
        Some(span(start, self.at))
    }

    fn alias(&mut self) -> Option<Span> {
        if self.word() != b"as" {
            return None;
        }
        self.name();
        self.name()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let start = self.next();
        let found = start < self.end && self.bytes[start] == byte;
        if found {
            self.at = start + 1;
        }
        found
    }
}
