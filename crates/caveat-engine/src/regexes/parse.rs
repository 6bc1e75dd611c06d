//! From the text of a pattern to its tree.
//!
//! Follows CPython's `re._parser` for the Python flavors and the manuals of the other engines for
//! theirs. What it does not know is an error, never a guess; size and depth are bounded, so any
//! text is answered quickly. Knows nothing of what the tree is used for.

mod class;
mod escape;

use caveat_parser::source::Span;

use super::charset::CharSet;
use super::syntax::{
    Assertion, CharForm, Flags, Flavor, GroupKind, Kind, Mode, Node, Regex, WrittenRange,
};

/// Longest pattern that is parsed, in bytes.
const MAX_PATTERN: usize = 20_000;
/// Deepest nesting of groups and repetitions.
const MAX_DEPTH: u32 = 60;

/// Why a pattern has no tree, with the byte of the pattern where it was noticed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The pattern is longer or deeper than is analysed.
    #[error("the pattern is too large at byte {0}")]
    TooLarge(usize),
    /// The engine would reject the pattern.
    #[error("the pattern is malformed at byte {at}: {what}")]
    Malformed {
        /// Byte in the pattern.
        at: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// The engine may know it; this parser does not.
    #[error("the pattern uses {what} at byte {at}, which is not analysed")]
    Unsupported {
        /// Byte in the pattern.
        at: usize,
        /// The construct.
        what: &'static str,
    },
}

/// Parses a pattern.
///
/// # Errors
/// When the pattern is malformed for the flavor, uses a construct that is not analysed, or is
/// over the bounds.
pub fn parse(pattern: &str, flavor: Flavor, flags: Flags) -> Result<Regex, ParseError> {
    if pattern.len() > MAX_PATTERN {
        return Err(ParseError::TooLarge(MAX_PATTERN));
    }
    let mut flags = flags;
    // A global flag of Python holds for the whole pattern, before it too: parse again with it.
    // Each round adds one of five flags.
    for _ in 0..6 {
        let mut parser = Parser::new(pattern, flavor, flags);
        let result = parser.whole();
        if parser.global == flags {
            return result;
        }
        flags = parser.global;
    }
    Err(ParseError::TooLarge(0))
}

type Result<T, E = ParseError> = std::result::Result<T, E>;

struct Parser<'p> {
    text: &'p str,
    pos: usize,
    flavor: Flavor,
    /// Options at this point.
    flags: Flags,
    /// Options of the whole pattern.
    global: Flags,
    depth: u32,
    groups: u32,
    /// Highest group that is a condition.
    last_condition: u32,
    /// Names of groups and their numbers.
    names: Vec<(&'p str, u32)>,
    ranges: Vec<WrittenRange>,
}

impl<'p> Parser<'p> {
    fn new(text: &'p str, flavor: Flavor, flags: Flags) -> Self {
        Parser {
            text,
            pos: 0,
            flavor,
            flags,
            global: flags,
            depth: 0,
            groups: 0,
            last_condition: 0,
            names: Vec::new(),
            ranges: Vec::new(),
        }
    }

    fn whole(&mut self) -> Result<Regex> {
        let root = self.alternation()?;
        if self.pos < self.text.len() {
            return Err(self.malformed("unbalanced parenthesis"));
        }
        if self.last_condition > self.groups {
            return Err(self.malformed("a condition on a group that is not there"));
        }
        let ranges = std::mem::take(&mut self.ranges);
        Ok(Regex {
            root,
            groups: self.groups,
            ranges,
            flags: self.global,
        })
    }

    fn alternation(&mut self) -> Result<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ParseError::TooLarge(self.pos));
        }
        let start = self.pos;
        let mut branches = vec![self.sequence()?];
        while self.eat("|") {
            branches.push(self.sequence()?);
        }
        self.depth -= 1;
        if branches.len() == 1 {
            return Ok(branches.remove(0));
        }
        Ok(self.node(Kind::Alt(branches), start))
    }

    fn sequence(&mut self) -> Result<Node> {
        let start = self.pos;
        let mut items: Vec<Node> = Vec::new();
        loop {
            self.skip_ignored()?;
            match self.peek() {
                None | Some('|' | ')') => break,
                _ => {}
            }
            if let Some(item) = self.item()? {
                items.push(item);
            }
        }
        Ok(match items.len() {
            0 => self.node(Kind::Empty, start),
            1 => items.remove(0),
            _ => self.node(Kind::Concat(items), start),
        })
    }

    /// An atom and what repeats it. `None` for flags.
    fn item(&mut self) -> Result<Option<Node>> {
        let start = self.pos;
        let Some(mut node) = self.atom()? else {
            return Ok(None);
        };
        for round in 0.. {
            self.skip_ignored()?;
            let at = self.pos;
            let Some((min, max)) = self.quantifier()? else {
                break;
            };
            let fixed = matches!(node.kind, Kind::Assert(_));
            if self.flavor.is_python() && (fixed || round > 0) {
                return Err(ParseError::Malformed {
                    at,
                    what: "nothing to repeat",
                });
            }
            if round > 3 {
                return Err(ParseError::TooLarge(at));
            }
            let mode = self.mode();
            let body = Box::new(node);
            node = self.node(
                Kind::Repeat {
                    body,
                    min,
                    max,
                    mode,
                },
                start,
            );
        }
        Ok(Some(node))
    }

    fn mode(&mut self) -> Mode {
        if self.eat("?") {
            Mode::Lazy
        } else if self.flavor != Flavor::RustRegex && self.eat("+") {
            Mode::Possessive
        } else {
            Mode::Greedy
        }
    }

    fn quantifier(&mut self) -> Result<Option<(u32, Option<u32>)>> {
        let found = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => return self.counted(),
            _ => return Ok(None),
        };
        self.pos += 1;
        Ok(Some(found))
    }

    /// `{n}`, `{n,}`, `{,m}`, `{n,m}`; anything else after `{` is the brace itself.
    fn counted(&mut self) -> Result<Option<(u32, Option<u32>)>> {
        let start = self.pos;
        self.pos += 1;
        let low = self.number()?;
        let comma = self.eat(",");
        let high = if comma { self.number()? } else { low };
        let known = low.is_some() || (comma && (high.is_some() || self.flavor.is_python()));
        if known && self.eat("}") {
            let min = low.unwrap_or(0);
            if high.is_some_and(|h| h < min) {
                return Err(self.malformed("the bounds of a repetition are swapped"));
            }
            return Ok(Some((min, high)));
        }
        self.pos = start;
        let fuzzy = self.rest()[1..].starts_with(['e', 'i', 'd', 's', '<']);
        match self.flavor {
            Flavor::RustRegex => Err(self.malformed("a brace that repeats nothing")),
            Flavor::PythonRegex if fuzzy => Err(self.unsupported("fuzzy matching")),
            _ => Ok(None),
        }
    }

    fn number(&mut self) -> Result<Option<u32>> {
        let digits = self.take_while(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return Ok(None);
        }
        match digits.parse::<u32>() {
            Ok(n) if n <= 1_000_000 => Ok(Some(n)),
            _ => Err(ParseError::TooLarge(self.pos)),
        }
    }

    fn atom(&mut self) -> Result<Option<Node>> {
        let start = self.pos;
        let Some(c) = self.bump() else {
            return Err(self.malformed("an expression is missing"));
        };
        let kind = match c {
            '(' => return self.group(start),
            '[' => self.class(start)?,
            '.' => self.dot(),
            '^' => Kind::Assert(self.caret()),
            '$' => Kind::Assert(self.dollar()),
            '\\' => self.escape(start)?,
            '*' | '+' | '?' => return Err(self.malformed("nothing to repeat")),
            c => self.literal(c),
        };
        Ok(Some(self.node(kind, start)))
    }

    fn literal(&self, c: char) -> Kind {
        Kind::Char(self.folded(CharSet::single(c)), CharForm::Literal)
    }

    fn folded(&self, set: CharSet) -> CharSet {
        if self.flags.ignore_case {
            set.fold_case()
        } else {
            set
        }
    }

    fn dot(&self) -> Kind {
        let set = if self.flags.dotall {
            CharSet::any()
        } else {
            CharSet::any_but_newline()
        };
        Kind::Char(set, CharForm::Dot)
    }

    fn caret(&self) -> Assertion {
        // Ruby's syntax, which Oniguruma speaks by default, anchors at lines always.
        if self.flags.multiline || self.flavor == Flavor::Oniguruma {
            Assertion::LineStart
        } else {
            Assertion::TextStart
        }
    }

    fn dollar(&self) -> Assertion {
        match self.flavor {
            _ if self.flags.multiline => Assertion::LineEnd,
            Flavor::Oniguruma => Assertion::LineEnd,
            Flavor::RustRegex | Flavor::FancyRegex => Assertion::TextEnd,
            _ => Assertion::TextEndOrNewline,
        }
    }

    /// After the opening parenthesis.
    fn group(&mut self, start: usize) -> Result<Option<Node>> {
        if self.rest().starts_with('*') && !self.flavor.is_python() {
            return Err(self.unsupported("a verb"));
        }
        if !self.eat("?") {
            let number = self.new_group()?;
            return self.closed(start, GroupKind::Capture(number)).map(Some);
        }
        let at = self.pos;
        let Some(c) = self.bump() else {
            return Err(self.malformed("an unfinished group"));
        };
        match c {
            ':' => self.closed(start, GroupKind::Plain).map(Some),
            '>' if self.flavor != Flavor::RustRegex => {
                self.closed(start, GroupKind::Atomic).map(Some)
            }
            '=' | '!' if self.flavor != Flavor::RustRegex => {
                self.look(start, true, c == '!').map(Some)
            }
            '(' if self.flavor != Flavor::RustRegex => self.conditional(start).map(Some),
            '<' if self.rest().starts_with(['=', '!']) && self.flavor != Flavor::RustRegex => {
                let negative = self.bump() == Some('!');
                self.look(start, false, negative).map(Some)
            }
            'P' => self.python_named(start).map(Some),
            '<' if self.flavor != Flavor::PythonRe => self.named(start, '>').map(Some),
            '\'' if matches!(self.flavor, Flavor::Pcre2 | Flavor::Oniguruma) => {
                self.named(start, '\'').map(Some)
            }
            c if c.is_ascii_lowercase() || c == '-' || c == '^' || c == 'U' || c == 'L' => {
                self.pos = at;
                self.flag_group(start)
            }
            _ => Err(self.unsupported("an extension of groups")),
        }
    }

    fn new_group(&mut self) -> Result<u32> {
        self.groups += 1;
        if self.groups > 1000 {
            Err(ParseError::TooLarge(self.pos))
        } else {
            Ok(self.groups)
        }
    }

    /// The inside of a group and its closing parenthesis. Flags set inside end with it.
    fn inside(&mut self) -> Result<Node> {
        let flags = self.flags;
        let body = self.alternation()?;
        self.flags = flags;
        if !self.eat(")") {
            return Err(self.malformed("a parenthesis is not closed"));
        }
        Ok(body)
    }

    fn closed(&mut self, start: usize, kind: GroupKind) -> Result<Node> {
        let body = Box::new(self.inside()?);
        Ok(self.node(Kind::Group(body, kind), start))
    }

    fn look(&mut self, start: usize, ahead: bool, negative: bool) -> Result<Node> {
        let body = Box::new(self.inside()?);
        Ok(self.node(
            Kind::Look {
                body,
                ahead,
                negative,
            },
            start,
        ))
    }

    /// After `(?#`. Python lets a backslash protect the closing parenthesis.
    fn comment(&mut self) -> Result<()> {
        while let Some(c) = self.bump() {
            match c {
                ')' => return Ok(()),
                '\\' if self.flavor.is_python() => drop(self.bump()),
                _ => {}
            }
        }
        Err(self.malformed("a comment is not closed"))
    }

    /// After `(?P`.
    fn python_named(&mut self, start: usize) -> Result<Node> {
        if self.eat("<") {
            return self.named(start, '>');
        }
        if self.flavor == Flavor::RustRegex || !self.eat("=") {
            return Err(self.unsupported("an extension of named groups"));
        }
        let name = self.take_while(|c| c != ')');
        if !self.eat(")") {
            return Err(self.malformed("a parenthesis is not closed"));
        }
        let number = self.group_number(name)?;
        Ok(self.node(Kind::Backref(number), start))
    }

    fn named(&mut self, start: usize, close: char) -> Result<Node> {
        let name = self.take_while(|c| c != close);
        if name.is_empty() || self.bump().is_none() {
            return Err(self.malformed("the name of a group is missing"));
        }
        if self.names.iter().any(|n| n.0 == name) && self.flavor != Flavor::PythonRegex {
            return Err(self.malformed("a group is named twice"));
        }
        let number = self.new_group()?;
        self.names.push((name, number));
        self.closed(start, GroupKind::Capture(number))
    }

    /// The number of a group that is open or closed already.
    fn group_number(&self, name: &str) -> Result<u32> {
        let number = match name.parse::<u32>() {
            Ok(n) => Some(n),
            Err(_) => self.names.iter().find(|n| n.0 == name).map(|n| n.1),
        };
        match number {
            Some(n) if n >= 1 && n <= self.groups => Ok(n),
            _ => Err(self.malformed("a reference to a group that is not there")),
        }
    }

    /// After `(?(`. Only a group can be the condition.
    fn conditional(&mut self, start: usize) -> Result<Node> {
        let name = self.take_while(|c| c != ')');
        let name = name.trim_matches(|c| matches!(c, '<' | '>' | '\''));
        let group = match name.parse::<u32>() {
            // Python allows a group that comes later.
            Ok(n) if (1..=1000).contains(&n) => n,
            _ if self.names.iter().any(|n| n.0 == name) => self.group_number(name)?,
            _ => return Err(self.unsupported("a condition that is not a group")),
        };
        if !self.eat(")") {
            return Err(self.malformed("a parenthesis is not closed"));
        }
        self.last_condition = self.last_condition.max(group);
        let at = self.pos;
        let (yes, no) = match self.inside()?.kind {
            Kind::Alt(mut branches) if branches.len() == 2 => {
                let no = branches.remove(1);
                (branches.remove(0), no)
            }
            Kind::Alt(_) => return Err(self.malformed("a condition with more than two branches")),
            kind => (self.node(kind, at), self.node(Kind::Empty, at)),
        };
        let kind = Kind::Conditional {
            group,
            yes: Box::new(yes),
            no: Box::new(no),
        };
        Ok(self.node(kind, start))
    }

    /// `(?i)`, `(?i-s:...)`, from after the question mark.
    fn flag_group(&mut self, start: usize) -> Result<Option<Node>> {
        let before = self.flags;
        let mut on = true;
        loop {
            match self.bump() {
                Some('-') => on = false,
                Some(')') => break,
                Some(':') => {
                    let inner = std::mem::replace(&mut self.flags, before);
                    let node = self.scoped(start, inner)?;
                    return Ok(Some(node));
                }
                Some(c) => self.set_flag(c, on)?,
                None => return Err(self.malformed("an unfinished group")),
            }
        }
        if self.flavor.is_python() {
            self.global = self.flags;
        }
        Ok(None)
    }

    fn scoped(&mut self, start: usize, inner: Flags) -> Result<Node> {
        let outer = std::mem::replace(&mut self.flags, inner);
        let node = self.closed(start, GroupKind::Plain);
        self.flags = outer;
        node
    }

    fn set_flag(&mut self, c: char, on: bool) -> Result<()> {
        let ruby = self.flavor == Flavor::Oniguruma;
        match c {
            'i' => self.flags.ignore_case = on,
            'm' if ruby => self.flags.dotall = on,
            'm' => self.flags.multiline = on,
            's' => self.flags.dotall = on,
            'x' => self.flags.verbose = on,
            'a' if self.flavor.is_python() || ruby => self.flags.ascii = on,
            'u' if self.flavor.is_python() => self.flags.ascii = false,
            'u' => self.flags.ascii = !on,
            'L' if self.flavor.is_python() => {}
            _ => return Err(self.unsupported("a flag")),
        }
        Ok(())
    }

    /// Comments in parentheses, and white space and comments of verbose mode.
    fn skip_ignored(&mut self) -> Result<()> {
        loop {
            let before = self.pos;
            if self.flags.verbose {
                self.take_while(|c| c.is_ascii_whitespace() || c == '\x0B');
                if self.peek() == Some('#') {
                    self.take_while(|c| c != '\n');
                }
            }
            if self.flavor != Flavor::RustRegex && self.eat("(?#") {
                self.comment()?;
            }
            if self.pos == before {
                return Ok(());
            }
        }
    }

    fn rest(&self) -> &'p str {
        &self.text[self.pos..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.pos += text.len();
        }
        found
    }

    fn take_while(&mut self, test: impl Fn(char) -> bool) -> &'p str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !test(c)).unwrap_or(rest.len())];
        self.pos += taken.len();
        taken
    }

    fn node(&self, kind: Kind, start: usize) -> Node {
        Node {
            kind,
            span: self.span_from(start),
        }
    }

    /// The span from `start` to here. Patterns are shorter than `MAX_PATTERN`, so offsets fit.
    fn span_from(&self, start: usize) -> Span {
        Span::new(start as u32, self.pos as u32)
    }

    fn malformed(&self, what: &'static str) -> ParseError {
        ParseError::Malformed { at: self.pos, what }
    }

    fn unsupported(&self, what: &'static str) -> ParseError {
        ParseError::Unsupported { at: self.pos, what }
    }
}
