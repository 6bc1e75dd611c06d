//! Source text and positions: decoding of bytes, byte spans, lines and columns.
//! It must not know languages: the one exception is Python's coding cookie, which is part of how
//! such a file's bytes become text.
//!
//! Everything inside caveat is a byte offset into the decoded text. Only output needs lines and
//! columns, and each consumer wants its own unit, so [`LineIndex`] converts on demand.

/// A half-open range of byte offsets into the decoded text of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` up to, not including, `end`.
    pub fn new(start: u32, end: u32) -> Self {
        Span { start, end }
    }

    /// Length in bytes.
    pub fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether the span holds no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `other` lies inside this span (equal spans count).
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The text of the span.
    pub fn text(self, text: &str) -> &str {
        &text[self.start as usize..self.end as usize]
    }
}

/// The decoded text of one file.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Path relative to the scan's root, with `/` between parts.
    pub path: String,
    /// Text as UTF-8, without a byte-order mark; line ends as in the file.
    pub text: String,
    /// Line starts of `text`.
    pub lines: LineIndex,
}

impl SourceFile {
    /// A file from text that is UTF-8 already.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        SourceFile {
            path: path.into(),
            lines: LineIndex::new(&text),
            text,
        }
    }
}

/// How the bytes of a file became text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    /// WHATWG name of the encoding, or `ISO-8859-1`, which that standard folds into windows-1252.
    pub name: &'static str,
    /// A byte-order mark stood at the start; it is not part of the text.
    pub bom: bool,
    /// Some bytes were not valid in the encoding and became U+FFFD.
    pub lossy: bool,
}

/// The bytes are no text: a NUL stands among the first 8 KiB and no UTF-16 mark explains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotText;

impl std::fmt::Display for NotText {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("binary content, not text")
    }
}

impl std::error::Error for NotText {}

const UTF8: &str = "UTF-8";
/// How far a NUL byte is looked for; git uses the same bound.
const BINARY_PROBE: usize = 8 * 1024;

/// Turns the bytes of a file into text: by byte-order mark, else by a Python coding cookie
/// (PEP 263), else as UTF-8. Valid UTF-8 keeps its allocation. Bytes that are invalid in the
/// chosen encoding become U+FFFD and set [`Encoding::lossy`].
pub fn decode(mut bytes: Vec<u8>) -> Result<(String, Encoding), NotText> {
    if let Some((encoding, bom)) = encoding_rs::Encoding::for_bom(&bytes) {
        if encoding != encoding_rs::UTF_8 {
            return Ok(decode_with(encoding, &bytes[bom..], true));
        }
        bytes.drain(..bom);
        return probe(&bytes).map(|()| decode_utf8(bytes, true));
    }
    probe(&bytes)?;
    let Some(label) = coding_cookie(&bytes) else {
        return Ok(decode_utf8(bytes, false));
    };
    if is_latin1(&label) {
        let text = bytes.iter().map(|&byte| char::from(byte)).collect();
        return Ok((
            text,
            Encoding {
                name: "ISO-8859-1",
                bom: false,
                lossy: false,
            },
        ));
    }
    match encoding_rs::Encoding::for_label_no_replacement(whatwg_label(&label).as_bytes()) {
        // UTF-16 cannot be what a cookie readable as ASCII says.
        Some(encoding) if encoding.is_ascii_compatible() && encoding != encoding_rs::UTF_8 => {
            Ok(decode_with(encoding, &bytes, false))
        }
        _ => Ok(decode_utf8(bytes, false)),
    }
}

fn probe(bytes: &[u8]) -> Result<(), NotText> {
    match memchr::memchr(0, &bytes[..bytes.len().min(BINARY_PROBE)]) {
        Some(_) => Err(NotText),
        None => Ok(()),
    }
}

fn decode_utf8(bytes: Vec<u8>, bom: bool) -> (String, Encoding) {
    match String::from_utf8(bytes) {
        Ok(text) => (
            text,
            Encoding {
                name: UTF8,
                bom,
                lossy: false,
            },
        ),
        Err(error) => {
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            (
                text,
                Encoding {
                    name: UTF8,
                    bom,
                    lossy: true,
                },
            )
        }
    }
}

fn decode_with(
    encoding: &'static encoding_rs::Encoding,
    bytes: &[u8],
    bom: bool,
) -> (String, Encoding) {
    let (text, lossy) = encoding.decode_without_bom_handling(bytes);
    (
        text.into_owned(),
        Encoding {
            name: encoding.name(),
            bom,
            lossy,
        },
    )
}

/// The lower-case name in `# -*- coding: name -*-` on the first line, or on the second when the
/// first is blank or a comment (PEP 263).
fn coding_cookie(bytes: &[u8]) -> Option<String> {
    for line in bytes.splitn(3, |&byte| byte == b'\n').take(2) {
        let line = line.trim_ascii();
        let Some(comment) = line.strip_prefix(b"#") else {
            if line.is_empty() {
                continue;
            } else {
                return None;
            }
        };
        if let Some(label) = cookie_in_comment(comment) {
            return Some(label);
        }
    }
    None
}

fn cookie_in_comment(comment: &[u8]) -> Option<String> {
    let label_after = |at: usize| {
        let rest = comment[at + b"coding".len()..].strip_prefix(b":");
        let rest = rest.or_else(|| comment[at + b"coding".len()..].strip_prefix(b"="))?;
        let rest = rest.trim_ascii_start();
        let is_label = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        let length = rest.iter().take_while(|byte| is_label(byte)).count();
        let label = std::str::from_utf8(&rest[..length]).ok()?;
        (length > 0).then(|| label.to_ascii_lowercase())
    };
    memchr::memmem::find_iter(comment, b"coding").find_map(label_after)
}

/// Python's spellings of Latin-1, in which each byte is the scalar value of the same number.
fn is_latin1(label: &str) -> bool {
    let name = label.replace(['_', '.'], "-");
    matches!(
        name.as_str(),
        "latin-1" | "latin1" | "latin" | "l1" | "iso8859-1" | "iso88591"
    ) || name.starts_with("iso-8859-1") && !name[10..].starts_with(|c: char| c.is_ascii_digit())
        || name.starts_with("iso-latin-1")
}

/// The WHATWG label for a Python codec name where the two differ.
fn whatwg_label(label: &str) -> String {
    let name = label.replace('_', "-");
    match name.as_str() {
        "cp932" | "ms932" | "mskanji" | "sjis" => "shift_jis".into(),
        "cp936" | "ms936" => "gbk".into(),
        "cp949" | "ms949" | "uhc" => "euc-kr".into(),
        "cp950" | "ms950" => "big5".into(),
        "eucjp" | "ujis" => "euc-jp".into(),
        "euckr" => "euc-kr".into(),
        "mac-roman" | "macroman" => "macintosh".into(),
        "mac-cyrillic" => "x-mac-cyrillic".into(),
        _ => name.replace("windows-cp", "windows-"),
    }
}

/// A line and a column, both 1-based.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// 1-based line.
    pub line: u32,
    /// 1-based column, in the unit of the function that made it.
    pub column: u32,
}

/// Byte offsets at which lines start. A line ends at LF, CRLF or a lone CR.
#[derive(Debug, Clone, Default)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Finds the line starts of `text`.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n') {
                continue;
            }
            starts.push(at as u32 + 1);
        }
        LineIndex { starts }
    }

    /// Number of lines; text that ends in a line break has an empty last line.
    pub fn count(&self) -> u32 {
        self.starts.len() as u32
    }

    /// 1-based line that holds the byte offset.
    pub fn line(&self, offset: u32) -> u32 {
        self.starts.partition_point(|&start| start <= offset) as u32
    }

    /// Bytes of the 1-based line, without its line break.
    pub fn span(&self, line: u32, text: &str) -> Span {
        let start = self.starts[line as usize - 1];
        let end = self
            .starts
            .get(line as usize)
            .copied()
            .unwrap_or(text.len() as u32);
        let body = &text[start as usize..end as usize];
        Span::new(
            start,
            start + body.trim_end_matches(['\n', '\r']).len() as u32,
        )
    }

    /// Line and column in UTF-16 code units, as SARIF and LSP count.
    pub fn utf16(&self, offset: u32, text: &str) -> Position {
        self.position(offset, text, |before| before.encode_utf16().count())
    }

    /// Line and column in Unicode scalar values, as terminals and people count.
    pub fn chars(&self, offset: u32, text: &str) -> Position {
        self.position(offset, text, |before| before.chars().count())
    }

    fn position(&self, offset: u32, text: &str, count: impl Fn(&str) -> usize) -> Position {
        let line = self.line(offset);
        let start = self.starts[line as usize - 1];
        let before = &text[start as usize..offset as usize];
        Position {
            line,
            column: count(before) as u32 + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(bytes: &[u8], text: &str, name: &str) {
        let (decoded, encoding) = decode(bytes.to_vec()).expect("is text");
        assert_eq!((decoded.as_str(), encoding.name), (text, name));
        assert_eq!(encoding.lossy, text.contains('\u{fffd}'));
    }

    #[test]
    fn utf8_and_marks() {
        check(b"", "", "UTF-8");
        check("naïve\r\n".as_bytes(), "naïve\r\n", "UTF-8");
        check(b"\xef\xbb\xbfx = 1\n", "x = 1\n", "UTF-8");
        check(b"\xff\xfex\0=\0\xe9\0", "x=é", "UTF-16LE");
        check(b"\xfe\xff\0x\0=\0\xe9", "x=é", "UTF-16BE");
        check(b"\xff\xfex\0=", "x\u{fffd}", "UTF-16LE");
        check(b"a\xffb", "a\u{fffd}b", "UTF-8");
    }

    #[test]
    fn coding_cookies() {
        check(
            b"# -*- coding: latin-1 -*-\n'\xe9\x80'",
            "# -*- coding: latin-1 -*-\n'é\u{80}'",
            "ISO-8859-1",
        );
        check(
            b"#!/bin/sh\n# vim: set fileencoding=cp1252 :\n'\x80'",
            "#!/bin/sh\n# vim: set fileencoding=cp1252 :\n'€'",
            "windows-1252",
        );
        check(
            b"\n#coding:koi8_r\n'\xc1'",
            "\n#coding:koi8_r\n'а'",
            "KOI8-R",
        );
        check(
            b"# coding: iso-8859-15\n'\xa4'",
            "# coding: iso-8859-15\n'€'",
            "ISO-8859-15",
        );
        check(
            b"# coding: cp932\n'\x83\x5c'",
            "# coding: cp932\n'ソ'",
            "Shift_JIS",
        );
        check(
            "# coding: utf-8\n'é'".as_bytes(),
            "# coding: utf-8\n'é'",
            "UTF-8",
        );
        check(
            "# coding: no-such\n'é'".as_bytes(),
            "# coding: no-such\n'é'",
            "UTF-8",
        );
    }

    #[test]
    fn no_cookie_after_code_or_on_the_third_line() {
        check(
            "x = 1\n# coding: latin-1\n'é'".as_bytes(),
            "x = 1\n# coding: latin-1\n'é'",
            "UTF-8",
        );
        check(
            "\n\n# coding: latin-1\n'é'".as_bytes(),
            "\n\n# coding: latin-1\n'é'",
            "UTF-8",
        );
        check("# encoding of é".as_bytes(), "# encoding of é", "UTF-8");
        check(b"# coding: utf-16\nx", "# coding: utf-16\nx", "UTF-8");
    }

    #[test]
    fn binary_is_not_text() {
        assert_eq!(decode(b"\x7fELF\0\0".to_vec()), Err(NotText));
        assert_eq!(decode(b"\xef\xbb\xbfa\0".to_vec()), Err(NotText));
        let mut late = vec![b'a'; BINARY_PROBE];
        late.push(0);
        assert!(decode(late).is_ok());
    }

    #[test]
    fn valid_utf8_is_not_copied() {
        let bytes = b"x = 1\n".to_vec();
        let at = bytes.as_ptr();
        assert_eq!(decode(bytes).expect("is text").0.as_ptr(), at);
    }

    #[test]
    fn every_line_end_counts() {
        let text = "a\nb\r\nc\rd\n\re";
        let index = LineIndex::new(text);
        let lines: Vec<_> = (1..=index.count())
            .map(|line| index.span(line, text).text(text))
            .collect();
        assert_eq!(lines, ["a", "b", "c", "d", "", "e"]);
        assert_eq!(index.utf16(5, text), Position { line: 3, column: 1 });
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_are_binary(bytes: Vec<u8>) {
            let nul = bytes.contains(&0);
            match decode(bytes.clone()) {
                Ok((text, encoding)) if encoding.name == "UTF-8" && !encoding.lossy && !encoding.bom => prop_assert_eq!(text.as_bytes(), &bytes),
                Ok(_) => {}
                Err(NotText) => prop_assert!(nul),
            }
        }

        #[test]
        fn any_cookie_is_survived(label in "[-_.a-z0-9]{1,12}", tail: Vec<u8>) {
            let mut bytes = format!("# coding: {label}\n").into_bytes();
            bytes.extend(tail.iter().map(|&byte| byte.max(1)));
            prop_assert!(decode(bytes).is_ok());
        }

        #[test]
        fn lines_cover_the_text(text in "[a\u{e9}\u{1f600}\r\n]{0,40}") {
            let index = LineIndex::new(&text);
            let joined: String = (1..=index.count()).map(|line| index.span(line, &text).text(&text)).collect();
            prop_assert_eq!(joined, text.replace(['\r', '\n'], ""));
            for (offset, _) in text.char_indices() {
                let position = index.chars(offset as u32, &text);
                let line = index.span(position.line, &text);
                prop_assert!(line.start <= offset as u32 && offset as u32 <= line.end + 1);
            }
        }
    }
}
