//! Escapes: what follows a backslash, in and out of classes.

use super::super::charset::CharSet;
use super::super::syntax::{Assertion, CharForm, Flavor, Kind};
use super::{Parser, Result};

/// What an escape stands for where classes and expressions agree.
pub(super) enum Escaped {
    /// One character, and whether it was written as a number.
    Char(char, bool),
    /// A set of characters.
    Set(CharSet),
}

impl Parser<'_> {
    /// After the backslash, outside a class.
    pub(super) fn escape(&mut self, start: usize) -> Result<Kind> {
        let Some(c) = self.peek() else {
            return Err(self.malformed("a backslash at the end"));
        };
        if let Some(assertion) = self.assertion(c) {
            self.pos += 1;
            return Ok(Kind::Assert(assertion));
        }
        let decimal = c.is_ascii_digit() && c != '0';
        if let Some(number) = if decimal {
            self.backref_number()?
        } else {
            None
        } {
            return Ok(Kind::Backref(number));
        }
        if matches!(c, 'k' | 'g') && self.flavor != Flavor::PythonRe {
            return self.named_backref();
        }
        if matches!(c, 'R' | 'X' | 'N') && !self.flavor.is_python() {
            return Err(self.unsupported("an escape of many characters"));
        }
        Ok(match self.simple_escape(start)? {
            Escaped::Char(c, _) => self.literal(c),
            Escaped::Set(set) => Kind::Char(self.folded(set), CharForm::Set),
        })
    }

    fn assertion(&self, c: char) -> Option<Assertion> {
        let ascii = self.flags.ascii;
        Some(match c {
            'A' => Assertion::TextStart,
            'b' => Assertion::WordBoundary(ascii),
            'B' => Assertion::NotWordBoundary(ascii),
            'Z' if self.flavor.is_python() => Assertion::TextEnd,
            'Z' if self.flavor != Flavor::RustRegex => Assertion::TextEndOrNewline,
            'z' if self.flavor != Flavor::PythonRe => Assertion::TextEnd,
            'G' | 'K' if !matches!(self.flavor, Flavor::PythonRe | Flavor::RustRegex) => {
                Assertion::Always
            }
            _ => return None,
        })
    }

    /// A decimal back-reference, unless the digits are an octal number.
    fn backref_number(&mut self) -> Result<Option<u32>> {
        let digits = self
            .rest()
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count()
            .min(3);
        let text = &self.rest()[..digits];
        let octal = digits == 3 && text.bytes().all(|b| b < b'8') && text.as_bytes()[0] < b'4';
        if octal && self.flavor.is_python() {
            return Ok(None);
        }
        if self.flavor == Flavor::RustRegex {
            return Err(self.malformed("back-references do not exist here"));
        }
        let name = &text[..digits.min(2)];
        self.pos += name.len();
        self.group_number(name).map(Some)
    }

    /// `\k<name>` and its relatives.
    fn named_backref(&mut self) -> Result<Kind> {
        self.pos += 1;
        let close = match self.bump() {
            Some('<') => '>',
            Some('{') => '}',
            Some('\'') => '\'',
            _ => return Err(self.unsupported("this form of back-reference")),
        };
        let name = self.take_while(|c| c != close);
        if self.bump().is_none() {
            return Err(self.malformed("an unfinished back-reference"));
        }
        self.group_number(name).map(Kind::Backref)
    }

    /// An escape that means the same in a class. `start` is the backslash's byte.
    pub(super) fn simple_escape(&mut self, start: usize) -> Result<Escaped> {
        let Some(c) = self.bump() else {
            return Err(self.malformed("a backslash at the end"));
        };
        let plain = |c| Ok(Escaped::Char(c, false));
        match c {
            'd' | 'D' | 'w' | 'W' | 's' | 'S' => Ok(Escaped::Set(self.perl_class(c))),
            'n' => plain('\n'),
            't' => plain('\t'),
            'r' => plain('\r'),
            'f' => plain('\x0C'),
            'v' => plain('\x0B'),
            'a' => plain('\x07'),
            'e' if !self.flavor.is_python() => plain('\x1B'),
            'x' => self.hex(2),
            'u' => self.hex(4),
            'U' => self.hex(8),
            'h' | 'H' if !self.flavor.is_python() => self.horizontal(c == 'H'),
            'p' | 'P' if self.flavor != Flavor::PythonRe => self.property(c == 'P'),
            '0'..='7' => {
                self.pos = start + 1;
                self.octal()
            }
            'N' if self.flavor.is_python() => self.named_char(),
            c if c.is_ascii_alphanumeric() => Err(self.malformed("an unknown escape")),
            c => plain(c),
        }
    }

    fn perl_class(&self, c: char) -> CharSet {
        let set = match c.to_ascii_lowercase() {
            'd' => CharSet::digits(self.flags.ascii),
            'w' => CharSet::word(self.flags.ascii),
            _ => CharSet::space(self.flags.ascii),
        };
        if c.is_ascii_uppercase() {
            set.negate()
        } else {
            set
        }
    }

    fn hex(&mut self, digits: usize) -> Result<Escaped> {
        if !self.flavor.is_python() && self.eat("{") {
            let text = self.take_while(|c| c.is_ascii_hexdigit());
            if !self.eat("}") {
                return Err(self.malformed("an unfinished escape"));
            }
            return self.code_point(text, 16);
        }
        let rest = self.rest();
        let length = rest
            .bytes()
            .take(digits)
            .take_while(u8::is_ascii_hexdigit)
            .count();
        let lenient = matches!(self.flavor, Flavor::Pcre2 | Flavor::Oniguruma);
        if length != digits && !(lenient && length > 0) {
            return Err(self.malformed("an unfinished escape"));
        }
        self.pos += length;
        self.code_point(&rest[..length], 16)
    }

    fn octal(&mut self) -> Result<Escaped> {
        let rest = self.rest();
        let length = rest
            .bytes()
            .take(3)
            .take_while(|b| (b'0'..b'8').contains(b))
            .count();
        self.pos += length;
        self.code_point(&rest[..length], 8)
    }

    fn code_point(&self, digits: &str, radix: u32) -> Result<Escaped> {
        match u32::from_str_radix(digits, radix) {
            // Python allows lone surrogates; no text that reaches us holds one.
            Ok(n @ 0xD800..=0xDFFF) => Ok(Escaped::Set(CharSet::from_ranges([(n, n)]))),
            Ok(n) => char::from_u32(n)
                .map(|c| Escaped::Char(c, true))
                .ok_or_else(|| self.malformed("a number that is no character")),
            Err(_) => Err(self.malformed("a number that is no character")),
        }
    }

    fn horizontal(&self, negated: bool) -> Result<Escaped> {
        let set = match self.flavor {
            Flavor::Pcre2 => CharSet::from_ranges([(9, 9), (0x20, 0x20), (0xA0, 0xA0)]),
            _ => CharSet::from_ranges([(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)]),
        };
        Ok(Escaped::Set(if negated { set.negate() } else { set }))
    }

    /// `\N{NAME}`: some character outside ASCII, for most names; the name table is not worth its
    /// size.
    fn named_char(&mut self) -> Result<Escaped> {
        Err(self.unsupported("a character by name"))
    }

    /// `\p{L}` and its relatives, those that a range table approximates.
    fn property(&mut self, negated: bool) -> Result<Escaped> {
        let name = if self.eat("{") {
            let name = self.take_while(|c| c != '}');
            if !self.eat("}") {
                return Err(self.malformed("an unfinished escape"));
            }
            name
        } else {
            let rest = self.rest();
            let length = self.peek().map_or(0, char::len_utf8);
            self.pos += length;
            &rest[..length]
        };
        let (name, caret) = name.strip_prefix('^').map_or((name, false), |n| (n, true));
        let Some(set) = property_set(name) else {
            return Err(self.unsupported("this property of characters"));
        };
        Ok(Escaped::Set(if negated != caret {
            set.negate()
        } else {
            set
        }))
    }
}

fn property_set(name: &str) -> Option<CharSet> {
    let upper = || CharSet::from_ranges([(0x41, 0x5A), (0xC0, 0xD6), (0xD8, 0xDE), (0x391, 0x3A9)]);
    let lower = || CharSet::from_ranges([(0x61, 0x7A), (0xDF, 0xF6), (0xF8, 0xFF), (0x3B1, 0x3C9)]);
    let name = name.to_ascii_lowercase();
    Some(match name.as_str() {
        "l" | "letter" | "alpha" | "alphabetic" => CharSet::letters(false),
        "lu" | "upper" | "uppercase" | "uppercase_letter" => upper(),
        "ll" | "lower" | "lowercase" | "lowercase_letter" => lower(),
        "n" | "nd" | "digit" | "number" => CharSet::digits(false),
        "alnum" => CharSet::letters(false).union(&CharSet::digits(false)),
        "word" => CharSet::word(false),
        "space" | "white_space" | "whitespace" => CharSet::space(false),
        "z" | "zs" | "separator" => {
            CharSet::space(false).intersect(&CharSet::from_ranges([(0x20, 0x10_FFFF)]))
        }
        "any" => CharSet::any(),
        "ascii" => CharSet::from_ranges([(0, 0x7F)]),
        "cc" | "cntrl" | "control" => CharSet::from_ranges([(0, 0x1F), (0x7F, 0x9F)]),
        _ => return None,
    })
}
