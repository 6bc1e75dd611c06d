//! A tolerant reader of POSIX-like shell text: commands, words, pipes, quotes, substitutions.
//!
//! It knows enough of the grammar to say which program a line runs with which words, not enough
//! to run it: control structures are flattened (`if a; then b; fi` is the commands `a` and `b`)
//! and nothing is expanded. Any text yields a [`Script`]; nesting is bounded.

use caveat_parser::Span;

/// Substitutions within substitutions read at most; deeper ones are plain text.
const MAX_DEPTH: u32 = 24;
/// Reserved words after which a command starts.
const LEADERS: &[&str] = &[
    "if", "then", "else", "elif", "while", "until", "do", "!", "{", "time",
];

/// A sequence of pipelines, in the order of the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// The pipelines, of all levels of control structures.
    pub pipelines: Vec<Pipeline>,
}

/// Commands joined by `|`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pipeline {
    /// At least one command.
    pub commands: Vec<Command>,
}

/// A simple command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// From the first to the last word.
    pub span: Span,
    /// `NAME=value` words before the program.
    pub assignments: Vec<Word>,
    /// The program and its arguments; empty for a mere assignment or redirection.
    pub words: Vec<Word>,
    /// Redirections, here-documents included.
    pub redirects: Vec<Redirect>,
}

/// A word after quote removal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// Bytes of the word, quotes included.
    pub span: Span,
    /// The text without quotes and escapes; expansions stand in it as written.
    pub text: String,
    /// Commands substituted into the word.
    pub nested: Vec<Nested>,
}

/// A substitution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nested {
    /// Whether it is a process substitution, `<(...)`; otherwise `$(...)` or backquotes.
    pub process: bool,
    /// Offset in [`Word::text`] where it stands.
    pub at: usize,
    /// What it runs.
    pub script: Script,
}

/// A redirection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The operator without a file descriptor: `<`, `>`, `>>`, `<<<`; `<<` for a here-document.
    pub operator: &'static str,
    /// The file; for a here-document, its body.
    pub target: Word,
}

impl Script {
    /// Reads shell text.
    pub fn parse(text: &str) -> Script {
        let mut reader = Reader {
            text,
            at: 0,
            pending: Vec::new(),
        };
        reader.script(End::Text, 0)
    }

    /// Calls `visit` for this script and every script inside it: substitutions, `sh -c` texts,
    /// here-documents read by a shell. The span is set where the script's own spans mean
    /// nothing in the text, and is then that of the word which holds it.
    pub fn visit<'s>(&'s self, visit: &mut dyn FnMut(&Script, Option<Span>)) {
        self.visit_within(None, 0, visit);
    }

    fn visit_within(
        &self,
        place: Option<Span>,
        depth: u32,
        visit: &mut dyn FnMut(&Script, Option<Span>),
    ) {
        visit(self, place);
        if depth > 4 {
            return;
        }
        for command in self.commands() {
            for nested in command.all_words().flat_map(|word| &word.nested) {
                nested.script.visit_within(place, depth + 1, visit);
            }
            for text in command.inner_texts() {
                let place = place.or(Some(text.span));
                Script::parse(&text.text).visit_within(place, depth + 1, visit);
            }
        }
    }

    /// Every command of the pipelines, without substituted ones.
    pub fn commands(&self) -> impl Iterator<Item = &Command> {
        self.pipelines
            .iter()
            .flat_map(|pipeline| &pipeline.commands)
    }
}

impl Command {
    /// The words from the program on: without reserved words, `sudo`, `env` and the like.
    pub fn effective(&self) -> &[Word] {
        let mut words = &self.words[..];
        while let Some((first, rest)) = words.split_first() {
            let skips_options = match base_name(&first.text) {
                "sudo" | "doas" | "env" | "exec" | "command" | "nohup" | "nice" | "builtin"
                | "xargs" | "retry" | "timeout" | "gosu" | "travis_retry" => true,
                name if LEADERS.contains(&name) => false,
                _ => break,
            };
            words = rest;
            if skips_options {
                words = after_options(words);
            }
        }
        words
    }

    /// Base name of the program, empty if there is none.
    pub fn program(&self) -> &str {
        self.effective()
            .first()
            .map_or("", |word| base_name(&word.text))
    }

    /// Words after the program.
    pub fn arguments(&self) -> &[Word] {
        self.effective().get(1..).unwrap_or(&[])
    }

    /// Whether one of the arguments equals one of `wanted`.
    pub fn has_argument(&self, wanted: &[&str]) -> bool {
        self.arguments()
            .iter()
            .any(|word| wanted.contains(&word.text.as_str()))
    }

    /// Assignments, words and targets of redirections.
    pub fn all_words(&self) -> impl Iterator<Item = &Word> {
        let targets = self.redirects.iter().map(|redirect| &redirect.target);
        self.assignments.iter().chain(&self.words).chain(targets)
    }

    /// Texts that this command hands to a shell: after `sh -c`, `eval`, or as a here-document.
    fn inner_texts(&self) -> impl Iterator<Item = &Word> {
        let words = &self.words;
        let after_c = words.windows(2).enumerate().filter(move |(at, pair)| {
            is_command_flag(&pair[0].text)
                && words[..*at]
                    .iter()
                    .any(|word| is_shell(base_name(&word.text)))
        });
        let of_flag = after_c.map(|(_, pair)| &pair[1]).take(1);
        // `eval "$(a)"` runs the output of `a`, which is nested in the word already.
        let of_eval = (self.program() == "eval")
            .then(|| self.arguments().first())
            .flatten();
        let of_eval = of_eval.filter(|word| word.nested.is_empty());
        let reads_stdin = self.words.is_empty() || is_shell(self.program());
        let documents = self
            .redirects
            .iter()
            .filter(move |r| r.operator == "<<" && reads_stdin);
        of_flag
            .chain(of_eval)
            .chain(documents.map(|redirect| &redirect.target))
    }
}

/// Whether a program of this name reads commands.
pub fn is_shell(name: &str) -> bool {
    matches!(
        name,
        "sh" | "bash" | "zsh" | "dash" | "ksh" | "ash" | "fish"
    )
}

/// Whether the word is `-c`, `-lc`, `-exc`...
fn is_command_flag(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|flags| {
        flags.ends_with('c') && flags.len() <= 6 && flags.bytes().all(|b| b.is_ascii_lowercase())
    })
}

/// The last part of a path.
pub fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Skips options of a wrapper such as `sudo -u root` or `env A=1`, and a duration or count.
fn after_options(mut words: &[Word]) -> &[Word] {
    while let Some((first, rest)) = words.split_first() {
        let text = first.text.as_str();
        let takes_value = matches!(
            text,
            "-u" | "-g" | "-n" | "-k" | "-s" | "-I" | "-P" | "-t" | "-L"
        );
        let number = text.starts_with(|c: char| c.is_ascii_digit());
        if takes_value {
            words = rest.get(1..).unwrap_or(&[]);
        } else if text.starts_with('-') || number || is_assignment(text) {
            words = rest;
        } else {
            break;
        }
    }
    words
}

fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name
                .trim_end_matches('+')
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// What ends a script.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Text,
    Parenthesis,
    Backquote,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Here-documents whose body starts on the next line: terminator and whether the command
    /// that waits for it is still being read.
    pending: Vec<String>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn starts(&self, prefix: &str) -> bool {
        self.text.as_bytes()[self.at..].starts_with(prefix.as_bytes())
    }

    /// Reads up to `end`, which is consumed.
    fn script(&mut self, end: End, depth: u32) -> Script {
        let mut building = Building::default();
        let mut parentheses = 0u32;
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\\' if self.starts("\\\n") => self.at += 2,
                b'\\' if self.starts("\\\r\n") => self.at += 3,
                b'#' => self.comment(end),
                b'\n' => {
                    self.at += 1;
                    self.here_documents(&mut building);
                    building.end_pipeline();
                }
                b'`' if end == End::Backquote => {
                    self.at += 1;
                    break;
                }
                b')' if end == End::Parenthesis && parentheses == 0 => {
                    self.at += 1;
                    break;
                }
                b'(' | b')' => {
                    parentheses = if byte == b'(' {
                        parentheses + 1
                    } else {
                        parentheses.saturating_sub(1)
                    };
                    self.at += 1;
                    building.end_pipeline();
                }
                b';' => {
                    self.at += 1;
                    building.end_pipeline();
                }
                b'&' if !self.starts("&>") => {
                    self.at += 1;
                    building.end_pipeline();
                }
                b'|' => self.bar(&mut building),
                b'<' | b'>' | b'&' if !self.starts("<(") && !self.starts(">(") => {
                    self.redirect(&mut building, depth, end);
                }
                _ => {
                    let word = self.word(depth, end);
                    building.word(word, self.peek());
                }
            }
        }
        if end == End::Text {
            self.here_documents(&mut building);
        }
        building.end_pipeline();
        building.script
    }

    fn comment(&mut self, end: End) {
        while let Some(byte) = self.peek() {
            if byte == b'\n' || byte == b'`' && end == End::Backquote {
                return;
            }
            self.at += 1;
        }
    }

    fn bar(&mut self, building: &mut Building) {
        if self.starts("||") {
            self.at += 2;
            building.end_pipeline();
            return;
        }
        self.at += if self.starts("|&") { 2 } else { 1 };
        building.end_command();
    }

    fn redirect(&mut self, building: &mut Building, depth: u32, end: End) {
        const OPERATORS: &[(&str, &str)] = &[
            ("<<<", "<<<"),
            ("<<-", "<<"),
            ("<<", "<<"),
            ("<&", "<&"),
            ("<>", "<"),
            ("<", "<"),
            ("&>>", ">>"),
            ("&>", ">"),
            (">>", ">>"),
            (">&", ">&"),
            (">|", ">"),
            (">", ">"),
        ];
        let Some(&(written, operator)) = OPERATORS.iter().find(|(written, _)| self.starts(written))
        else {
            self.at += 1;
            return;
        };
        self.at += written.len();
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        let target = self.word(depth, end);
        if operator == "<<" {
            self.pending.push(target.text.clone());
        }
        building.redirect(Redirect { operator, target });
    }

    /// Reads the bodies of the here-documents opened on the line that just ended.
    fn here_documents(&mut self, building: &mut Building) {
        let terminators = std::mem::take(&mut self.pending);
        for terminator in terminators {
            let start = self.at;
            let mut end = self.text.len();
            while self.at < self.text.len() {
                let line_start = self.at;
                let rest = &self.text[line_start..];
                let length = rest.find('\n').map_or(rest.len(), |at| at + 1);
                self.at += length;
                if rest[..length].trim() == terminator {
                    end = line_start;
                    break;
                }
            }
            building.here_document(&terminator, &self.text[start..end], start);
        }
    }

    fn word(&mut self, depth: u32, end: End) -> Word {
        let start = self.at;
        let mut word = Word::default();
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'|' | b'(' | b')' => break,
                b'&' => break,
                b'<' | b'>' if self.starts("<(") || self.starts(">(") => {
                    self.process(&mut word, depth)
                }
                b'<' | b'>' => break,
                b'`' if end == End::Backquote => break,
                b'\\' => self.escape(&mut word),
                b'\'' => self.single_quoted(&mut word),
                b'"' => self.double_quoted(&mut word, depth, end),
                b'$' if self.starts("$'") => {
                    self.at += 1;
                    self.single_quoted(&mut word);
                }
                b'$' | b'`' => self.expansion(&mut word, depth),
                _ => self.literal(&mut word),
            }
        }
        if self.at == start {
            // Not a word: step over the byte, so that reading ends.
            self.literal(&mut word);
        }
        word.span = Span::new(start as u32, self.at as u32);
        word
    }

    /// Takes one character as it is.
    fn literal(&mut self, word: &mut Word) {
        if let Some(c) = self.text[self.at..].chars().next() {
            word.text.push(c);
            self.at += c.len_utf8();
        }
    }

    fn escape(&mut self, word: &mut Word) {
        self.at += 1;
        match self.peek() {
            Some(b'\n') => self.at += 1,
            Some(_) => self.literal(word),
            None => word.text.push('\\'),
        }
    }

    fn single_quoted(&mut self, word: &mut Word) {
        self.at += 1;
        let rest = &self.text[self.at..];
        let length = rest.find('\'').unwrap_or(rest.len());
        word.text.push_str(&rest[..length]);
        self.at = (self.at + length + 1).min(self.text.len());
    }

    fn double_quoted(&mut self, word: &mut Word, depth: u32, end: End) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\\'
                    if matches!(
                        self.text.as_bytes().get(self.at + 1),
                        Some(b'"' | b'\\' | b'$' | b'`' | b'\n')
                    ) =>
                {
                    self.escape(word);
                }
                b'`' if end == End::Backquote => return,
                b'$' | b'`' => self.expansion(word, depth),
                _ => self.literal(word),
            }
        }
    }

    /// `$NAME`, `${...}`, `${{ ... }}`, `$((...))`, `$(...)` or backquotes.
    fn expansion(&mut self, word: &mut Word, depth: u32) {
        let start = self.at;
        let backquote = self.peek() == Some(b'`');
        let command = backquote || self.starts("$(") && !self.starts("$((");
        if command && depth < MAX_DEPTH {
            self.at += if backquote { 1 } else { 2 };
            let at = word.text.len();
            let inner_end = if backquote {
                End::Backquote
            } else {
                End::Parenthesis
            };
            let script = self.script(inner_end, depth + 1);
            word.nested.push(Nested {
                process: false,
                at,
                script,
            });
            word.text.push_str(&self.text[start..self.at]);
            return;
        }
        let close = if self.starts("${{") {
            "}}"
        } else if self.starts("${") {
            "}"
        } else if self.starts("$((") {
            "))"
        } else {
            self.literal(word);
            return;
        };
        let rest = &self.text[start..];
        let length = rest.find(close).map_or(rest.len(), |at| at + close.len());
        self.at += length;
        word.text.push_str(&rest[..length]);
    }

    fn process(&mut self, word: &mut Word, depth: u32) {
        let start = self.at;
        if depth >= MAX_DEPTH {
            self.literal(word);
            self.literal(word);
            return;
        }
        self.at += 2;
        let at = word.text.len();
        let script = self.script(End::Parenthesis, depth + 1);
        word.nested.push(Nested {
            process: true,
            at,
            script,
        });
        word.text.push_str(&self.text[start..self.at]);
    }
}

/// The script so far and its open pipeline and command.
#[derive(Default)]
struct Building {
    script: Script,
    pipeline: Pipeline,
    command: Command,
}

impl Building {
    fn word(&mut self, word: Word, next: Option<u8>) {
        let is_descriptor = matches!(next, Some(b'<' | b'>'))
            && word.text.len() == 1
            && word.text.bytes().all(|b| b.is_ascii_digit());
        if is_descriptor {
            return;
        }
        if self.command.words.is_empty() && is_assignment(&word.text) {
            self.extend(word.span);
            self.command.assignments.push(word);
            return;
        }
        let ends_block = matches!(word.text.as_str(), "fi" | "done" | "esac" | "}");
        if self.command.words.is_empty() && ends_block {
            return;
        }
        self.extend(word.span);
        self.command.words.push(word);
    }

    fn redirect(&mut self, redirect: Redirect) {
        self.extend(redirect.target.span);
        self.command.redirects.push(redirect);
    }

    fn extend(&mut self, span: Span) {
        let whole = &mut self.command.span;
        *whole = if whole.is_empty() {
            span
        } else {
            Span::new(whole.start, span.end.max(whole.end))
        };
    }

    fn end_command(&mut self) {
        self.pipeline
            .commands
            .push(std::mem::take(&mut self.command));
    }

    fn end_pipeline(&mut self) {
        if self.command != Command::default() {
            self.end_command();
        }
        if !self.pipeline.commands.is_empty() {
            self.script
                .pipelines
                .push(std::mem::take(&mut self.pipeline));
        }
    }

    /// Replaces the terminator of the first here-document that waits for its body.
    fn here_document(&mut self, terminator: &str, body: &str, start: usize) {
        let done = self
            .script
            .pipelines
            .iter_mut()
            .rev()
            .take(8)
            .flat_map(|p| &mut p.commands);
        let open = self
            .pipeline
            .commands
            .iter_mut()
            .chain(std::iter::once(&mut self.command));
        let waiting = open
            .chain(done)
            .flat_map(|command| &mut command.redirects)
            .find(|redirect| redirect.operator == "<<" && redirect.target.text == terminator);
        if let Some(redirect) = waiting {
            redirect.target.text = body.to_owned();
            redirect.target.span = Span::new(start as u32, (start + body.len()) as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line per pipeline: words joined by `_` where they hold blanks, commands by `|`.
    fn outline(text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        Script::parse(text).visit(&mut |script, _| {
            for pipeline in &script.pipelines {
                let commands = pipeline.commands.iter().map(|command| {
                    let words = command
                        .effective()
                        .iter()
                        .map(|word| word.text.replace(' ', "_"));
                    words.collect::<Vec<_>>().join(" ")
                });
                lines.push(commands.collect::<Vec<_>>().join(" | "));
            }
        });
        lines
    }

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(outline(text), expected, "{text}");
    }

    #[test]
    fn commands() {
        check(
            "curl -s x | sudo -E bash -s -- a",
            &["curl -s x | bash -s -- a"],
        );
        check("a 'b c' \"d e\" f\\ g # no", &["a b_c d_e f_g"]);
        check(
            "if a; then b; fi\nfor x in y; do c; done",
            &["a", "b", "for x in y", "c"],
        );
        check("a && b || c & d", &["a", "b", "c", "d"]);
        check("a \\\n  b", &["a b"]);
        check("X=1 Y=2 env Z=3 a b", &["a b"]);
        check("a 2>&1 > f < g", &["a"]);
        check(
            "echo ${{ github.event.x }} ${a:-b c}",
            &["echo ${{_github.event.x_}} ${a:-b_c}"],
        );
        check(
            "case x in a) b ;; c) d;; esac",
            &["case x in a", "b", "c", "d"],
        );
    }

    #[test]
    fn nested_scripts() {
        check("a $(b | c) `d`", &["a $(b_|_c) `d`", "b | c", "d"]);
        check("sh <(a b)", &["sh <(a_b)", "a b"]);
        check("bash -lc 'a | b'", &["bash -lc a_|_b", "a | b"]);
        check("bash <<EOF\na | b\nEOF\nc", &["bash", "c", "a | b"]);
        check("cat <<'EOF' > f\na | b\nEOF\nc", &["cat", "c"]);
        check("ssh h bash -c 'a'", &["ssh h bash -c a", "a"]);
    }

    #[test]
    fn odd_text_ends() {
        for text in [
            "$(", "`", "\"", "'", "<<", "<<EOF", "$((", "${", ")", "((((", "a |", "&&", "\\", "<(",
            ">",
        ] {
            Script::parse(text).visit(&mut |_, _| {});
        }
        Script::parse(&"$(".repeat(5_000)).visit(&mut |_, _| {});
    }
}
