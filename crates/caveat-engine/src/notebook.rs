//! Jupyter notebooks: the Python of their cells as one text, with the way back to the file.
//!
//! Cells are joined in order, as a kernel that runs them all would see them. Lines that are for
//! the notebook program and not for Python (`%magic`, `!command`, `help?`) become `pass`; cells
//! in another language (`%%bash`) are left out. It knows no rule.

use caveat_parser::Span;

/// The code of a notebook.
#[derive(Debug, Default)]
pub struct Notebook {
    /// Python text of all cells.
    pub text: String,
    /// Pairs of an offset in `text` and the offset in the file where that byte stands; bytes up to
    /// the next pair follow one to one.
    places: Vec<(u32, u32)>,
}

/// Whether a path is that of a notebook.
pub fn is_notebook(path: &str) -> bool {
    path.ends_with(".ipynb")
}

impl Notebook {
    /// Reads a notebook as far as it can be read; `None` if it has no Python.
    pub fn read(text: &str) -> Option<Notebook> {
        let mut reader = Reader {
            text,
            keys: Vec::new(),
            sources: Vec::new(),
            is_code: false,
            is_python: true,
            notebook: Notebook::default(),
        };
        reader.run();
        let notebook = reader.notebook;
        (reader.is_python && !notebook.text.is_empty()).then_some(notebook)
    }

    /// The bytes of the file behind bytes of [`Notebook::text`].
    pub fn in_file(&self, span: Span) -> Span {
        let start = self.place(span.start);
        if span.is_empty() {
            return Span::new(start, start);
        }
        Span::new(start, (self.place(span.end - 1) + 1).max(start))
    }

    fn place(&self, offset: u32) -> u32 {
        let after = self.places.partition_point(|&(from, _)| from <= offset);
        match after.checked_sub(1) {
            Some(at) => {
                let (from, to) = self.places[at];
                to + (offset - from)
            }
            None => 0,
        }
    }

    /// Appends a character that stands at `place` of the file.
    fn push(&mut self, c: char, place: u32) {
        let at = self.text.len() as u32;
        if self.places.is_empty() || self.place(at) != place {
            self.places.push((at, place));
        }
        self.text.push(c);
    }
}

/// Reads JSON in one pass, looking for the sources of cells.
struct Reader<'t> {
    text: &'t str,
    /// For each open object or list, the key under which its current value stands.
    keys: Vec<Option<&'t str>>,
    /// Strings of the current cell's source.
    sources: Vec<Span>,
    is_code: bool,
    is_python: bool,
    notebook: Notebook,
}

/// How deep a cell lies: the notebook, its list of cells, the cell.
const CELL: usize = 3;

impl<'t> Reader<'t> {
    fn run(&mut self) {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'"' => {
                    let end = string_end(bytes, at + 1);
                    self.string(Span::new(at as u32 + 1, end as u32), is_key(bytes, end + 1));
                    at = end;
                }
                b'{' | b'[' => self.keys.push(None),
                b'}' | b']' => {
                    if self.keys.len() == CELL && self.keys[0] == Some("cells") {
                        self.cell();
                    }
                    self.keys.pop();
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn string(&mut self, span: Span, is_key: bool) {
        let content = span.text(self.text);
        if is_key {
            if let Some(top) = self.keys.last_mut() {
                *top = Some(content);
            }
            return;
        }
        let in_cells = self.keys.first() == Some(&Some("cells"));
        let own = |depth: usize| self.keys.get(depth).copied().flatten();
        match (in_cells, self.keys.len()) {
            (true, CELL) if own(2) == Some("cell_type") => self.is_code = content == "code",
            (true, CELL) if own(2) == Some("source") => self.sources.push(span),
            (true, 4) if own(2) == Some("source") => self.sources.push(span),
            (false, CELL) if own(0) == Some("metadata") => {
                let names_language = own(1) == Some("kernelspec") && own(2) == Some("language")
                    || own(1) == Some("language_info") && own(2) == Some("name");
                if names_language && !content.eq_ignore_ascii_case("python") {
                    self.is_python = content.eq_ignore_ascii_case("ipython");
                }
            }
            _ => {}
        }
    }

    /// Adds the cell that ends here.
    fn cell(&mut self) {
        let sources = std::mem::take(&mut self.sources);
        if !std::mem::take(&mut self.is_code) {
            return;
        }
        let mut cell: Vec<(char, u32)> = Vec::new();
        for span in sources {
            decode(span.text(self.text), span.start, &mut cell);
        }
        if cell.last().is_some_and(|&(c, _)| c != '\n') {
            let place = cell.last().map_or(0, |&(_, place)| place);
            cell.push(('\n', place));
        }
        let lines: Vec<&[(char, u32)]> = cell.split_inclusive(|&(c, _)| c == '\n').collect();
        if is_foreign(&lines) {
            return;
        }
        for line in lines {
            self.line(line);
        }
    }

    fn line(&mut self, line: &[(char, u32)]) {
        let text: String = line.iter().map(|&(c, _)| c).collect();
        if !is_for_notebook(&text) {
            for &(c, place) in line {
                self.notebook.push(c, place);
            }
            return;
        }
        let indent = text.len() - text.trim_start_matches([' ', '\t']).len();
        let place = line.get(indent).map_or(0, |&(_, place)| place);
        for &(c, place) in &line[..indent] {
            self.notebook.push(c, place);
        }
        for c in "pass\n".chars() {
            self.notebook.push(c, place);
        }
    }
}

/// A cell in another language: `%%bash`, `%%html`. Those that measure hold Python.
fn is_foreign(lines: &[&[(char, u32)]]) -> bool {
    let first: String = lines
        .iter()
        .map(|line| line.iter().map(|&(c, _)| c).collect::<String>())
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let Some(magic) = first.trim_start().strip_prefix("%%") else {
        return false;
    };
    let name = magic.split_whitespace().next().unwrap_or("");
    !matches!(
        name,
        "time" | "timeit" | "capture" | "prun" | "python" | "python3"
    )
}

/// `%magic`, `!command`, `help?`, `files = !ls`.
fn is_for_notebook(line: &str) -> bool {
    let line = line.trim();
    let leads = line.starts_with(['!', '?']) || line.starts_with('%');
    let asks = line.ends_with('?') && !line.contains(['#', '"', '\'']);
    let assigned = line.split_once('=').is_some_and(|(name, value)| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_ ,.".contains(&byte);
        let value = value.trim_start();
        name.bytes().all(plain) && (value.starts_with('!') || value.starts_with('%'))
    });
    leads || asks || assigned
}

/// Offset of the quote that ends the string which begins at `at`.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = bytes
        .get(at..)
        .and_then(|rest| memchr::memchr2(b'"', b'\\', rest))
    {
        at += found;
        if bytes[at] == b'"' {
            return at;
        }
        at += 2;
    }
    bytes.len()
}

fn is_key(bytes: &[u8], at: usize) -> bool {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

/// The characters of a JSON string and where each begins in the file.
fn decode(raw: &str, start: u32, out: &mut Vec<(char, u32)>) {
    let mut chars = raw.char_indices();
    while let Some((at, c)) = chars.next() {
        let place = start + at as u32;
        if c != '\\' {
            out.push((c, place));
            continue;
        }
        let decoded = match chars.next().map(|(_, mark)| mark) {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('u') => {
                let code = raw.get(at + 2..at + 6);
                let value = code.and_then(|hex| u32::from_str_radix(hex, 16).ok());
                if value.is_some() {
                    chars.nth(3);
                }
                // Half of a pair stands for a character outside the basic plane.
                value.and_then(char::from_u32).unwrap_or('\u{fffd}')
            }
            Some(other) => other,
            None => '\\',
        };
        out.push((decoded, place));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cells: &str, expected: &str) {
        let text = format!("{{\"cells\": [{cells}], \"metadata\": {{}}}}");
        let notebook = Notebook::read(&text).unwrap_or_default();
        assert_eq!(notebook.text, expected);
    }

    #[test]
    fn code_of_cells() {
        check(
            r#"{"cell_type": "markdown", "source": ["a"]},
               {"cell_type": "code", "source": ["x = 1\n", "y = \"a\""]},
               {"source": "%pip install x\nz = 1", "cell_type": "code"},
               {"cell_type": "code", "source": ["%%bash\n", "ls"]},
               {"cell_type": "code", "source": ["if x:\n", "    !ls\n"], "outputs": [{"text": ["q"]}]}"#,
            "x = 1\ny = \"a\"\npass\nz = 1\nif x:\n    pass\n",
        );
    }

    #[test]
    fn places() {
        let text = r#"{"cells": [{"cell_type": "code", "source": ["a = \"é\\n\"\n", "b"]}]}"#;
        let notebook = Notebook::read(text).expect("it has code");
        let at = notebook.text.find('b').expect("it is there") as u32;
        assert_eq!(notebook.in_file(Span::new(at, at + 1)).text(text), "b");
        let quoted = notebook.in_file(Span::new(5, 7));
        assert!(
            quoted.text(text).starts_with('é') || text[quoted.start as usize..].starts_with('é')
        );
    }

    #[test]
    fn broken() {
        for text in [
            "",
            "{\"cells\": [",
            "{\"cells\": [{\"source\": [\"a\\",
            "]]}}\"",
            "\\",
        ] {
            let _ = Notebook::read(text);
        }
        assert!(Notebook::read(r#"{"cells": [{"cell_type": "code", "source": ["a"]}"#).is_some());
    }
}
