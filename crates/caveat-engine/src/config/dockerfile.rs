//! Reads Dockerfiles and Containerfiles into instructions.
//!
//! Continuation lines, comments between them, here-documents and the `escape` directive follow
//! the Dockerfile reference; arguments are not expanded. Any text has instructions: a line that
//! is none is one with an odd keyword.

use caveat_parser::Span;

use super::{scripts::quote_words, snippet::Snippet, yaml::Tree};

/// One instruction, continuation lines and here-documents included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// Upper-case keyword: `FROM`, `RUN`, `ENV`...
    pub keyword: String,
    /// From the keyword to the end of the last line.
    pub span: Span,
    /// What follows the keyword, flags (`--mount=...`) included, continuation lines joined;
    /// here-documents follow after a line break, as in a shell script.
    pub arguments: Snippet,
    /// 0-based number of the build stage; 0 also before the first `FROM`.
    pub stage: u32,
}

impl Instruction {
    /// The command line of `RUN`, `CMD`, `ENTRYPOINT`, `HEALTHCHECK` and `ONBUILD RUN`. The exec
    /// form `["a", "b"]` becomes the words a shell would read.
    pub fn command(&self) -> Option<Snippet> {
        if !matches!(
            self.keyword.as_str(),
            "RUN" | "CMD" | "ENTRYPOINT" | "HEALTHCHECK" | "ONBUILD"
        ) {
            return None;
        }
        let text = &self.arguments.text;
        let start = flags_end(text);
        let exec = text[start..]
            .starts_with('[')
            .then(|| self.exec_words(start))
            .flatten();
        Some(exec.unwrap_or_else(|| self.arguments.from(start)))
    }

    fn exec_words(&self, start: usize) -> Option<Snippet> {
        let tree = Tree::parse(&self.arguments.text[start..]).ok()?;
        let list = tree.roots().next().filter(|root| root.is_sequence())?;
        let words: Vec<Snippet> = list
            .items()
            .filter_map(|item| {
                let inside = item.snippet()?;
                Some(self.arguments.compose(&inside, start as u32))
            })
            .collect();
        Some(quote_words(&words))
    }
}

/// Offset after the leading `--flag=value` words, and after keywords that wrap a command.
fn flags_end(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = text[at..].trim_start();
        at = text.len() - rest.len();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let word = &rest[..end];
        let wraps = ["RUN", "CMD"]
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known));
        if !word.starts_with("--") && !wraps {
            return at;
        }
        at += end;
    }
}

/// All instructions of a Dockerfile, in order.
pub fn parse(text: &str) -> Vec<Instruction> {
    let escape = escape_character(text);
    let mut reader = Reader {
        text,
        at: 0,
        escape,
    };
    let mut instructions: Vec<Instruction> = Vec::new();
    let mut stages = 0;
    while reader.at < text.len() {
        let Some(mut instruction) = reader.instruction() else {
            continue;
        };
        if instruction.keyword == "FROM" {
            stages += 1;
        }
        instruction.stage = if stages == 0 { 0 } else { stages - 1 };
        instructions.push(instruction);
    }
    instructions
}

/// The character that continues lines: `\`, or what an `# escape=` directive at the top says.
fn escape_character(text: &str) -> char {
    let directives = text.lines().take_while(|line| line.starts_with('#'));
    let squeezed = directives.map(|line| line.replace([' ', '#'], "").to_ascii_lowercase());
    let backtick = squeezed.into_iter().any(|line| line == "escape=`");
    if backtick { '`' } else { '\\' }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    escape: char,
}

impl<'a> Reader<'a> {
    /// The next line without its line break, and its offset.
    fn line(&mut self) -> Option<(&'a str, usize)> {
        if self.at >= self.text.len() {
            return None;
        }
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest.find('\n').unwrap_or(rest.len());
        self.at = (start + length + 1).min(self.text.len());
        Some((rest[..length].trim_end_matches('\r'), start))
    }

    /// The instruction on the coming lines; nothing for an empty line or a comment.
    fn instruction(&mut self) -> Option<Instruction> {
        let (line, start) = self.line()?;
        let body = line.trim_start();
        if body.is_empty() || body.starts_with('#') {
            return None;
        }
        let keyword_start = start + line.len() - body.len();
        let keyword = body.split(char::is_whitespace).next().unwrap_or(body);
        let rest = &body[keyword.len()..];
        let rest_start = keyword_start + keyword.len();
        let mut arguments = Snippet::verbatim("", rest_start as u32);
        self.logical_line(rest, rest_start, &mut arguments);
        let keyword = keyword.trim_end_matches(self.escape).to_ascii_uppercase();
        if matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") {
            self.here_documents(&mut arguments);
        }
        let end = self.text[..self.at].trim_end().len().max(rest_start);
        let span = Span::new(keyword_start as u32, end as u32);
        Some(Instruction {
            keyword,
            span,
            arguments,
            stage: 0,
        })
    }

    /// Joins a line with its continuation lines, leaving out comments and empty lines between.
    fn logical_line(&mut self, first: &str, start: usize, out: &mut Snippet) {
        let (mut line, mut start) = (first, start);
        loop {
            let Some(body) = line.trim_end().strip_suffix(self.escape) else {
                out.push_verbatim(line, start as u32);
                return;
            };
            out.push_verbatim(body, start as u32);
            out.push_invented(" ");
            loop {
                let Some((next, at)) = self.line() else {
                    return;
                };
                let trimmed = next.trim_start();
                if !trimmed.is_empty() && !trimmed.starts_with('#') {
                    (line, start) = (next, at);
                    break;
                }
            }
        }
    }

    /// Takes the lines up to the terminator of each `<<WORD` on the line.
    fn here_documents(&mut self, out: &mut Snippet) {
        for word in here_words(&out.text) {
            out.push_invented("\n");
            while let Some((line, start)) = self.line() {
                out.push_verbatim(line, start as u32);
                out.push_invented("\n");
                if line.trim() == word {
                    break;
                }
            }
        }
    }
}

/// Terminators of the here-documents that a command line opens.
fn here_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, _) in line.match_indices("<<") {
        let after = line[at + 2..].trim_start_matches('-');
        let name: String = after
            .trim_start_matches(['"', '\''])
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let preceded = line[..at].ends_with('<') || after.starts_with('<');
        if !name.is_empty() && !preceded && !name.starts_with(|c: char| c.is_ascii_digit()) {
            words.push(name);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str, u32)]) {
        let got: Vec<_> = parse(text)
            .into_iter()
            .map(|i| {
                let command = i.command().unwrap_or(i.arguments);
                (
                    i.keyword,
                    command
                        .text
                        .split_whitespace()
                        .collect::<Vec<_>>()
                        .join(" "),
                    i.stage,
                )
            })
            .collect();
        let got: Vec<_> = got
            .iter()
            .map(|(k, a, s)| (k.as_str(), a.as_str(), *s))
            .collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn instructions() {
        check(
            "FROM a AS b\n# c\nRUN x \\\n  # in between\n\n  && y\nFROM d\nCMD [\"sh\", \"-c\", \"e f\"]",
            &[
                ("FROM", "a AS b", 0),
                ("RUN", "x && y", 0),
                ("FROM", "d", 1),
                ("CMD", "sh -c 'e f'", 1),
            ],
        );
        check("# escape=`\nRUN a `\n b", &[("RUN", "a b", 0)]);
        check(
            "run --mount=type=cache,target=/x --network=none make",
            &[("RUN", "make", 0)],
        );
        check(
            "RUN <<EOF\na\nb\nEOF\nUSER x",
            &[("RUN", "<<EOF a b EOF", 0), ("USER", "x", 0)],
        );
        check(
            "RUN a <<< b\nUSER x",
            &[("RUN", "a <<< b", 0), ("USER", "x", 0)],
        );
        check(
            "HEALTHCHECK --interval=5s CMD curl x",
            &[("HEALTHCHECK", "curl x", 0)],
        );
        check("RUN a \\", &[("RUN", "a", 0)]);
    }

    #[test]
    fn spans_survive_continuation_lines() {
        let text = "RUN a \\\n    && curl b\n";
        let command = parse(text)[0].command().expect("RUN has one");
        let at = command.text.find("curl").expect("there") as u32;
        assert_eq!(command.in_file(Span::new(at, at + 6)).text(text), "curl b");
    }
}
