//! Command lines in the strings and lists of programs: `os.system("curl -u ci:secret ...")`,
//! `["mysql", "-psecret"]`. What the options mean is said with the reader of shell scripts.

use caveat_parser::Span;

use super::files::shell;
use super::judge::Place;
use crate::config::shell::{Command, Pipeline, Script, Word};

/// A secret that a text holds: the name it goes by, if it has one, the value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name; none for a password that a place tells.
    pub key: Option<String>,
    /// The value.
    pub value: String,
    /// Bytes that hold it, counted from where the text begins.
    pub span: Span,
    /// How it stands to the name.
    pub place: Place,
}

/// Programs that take secrets as options of one letter, or as those of any name.
const PROGRAMS: &[&str] = &[
    "curl",
    "docker",
    "mariadb",
    "mysql",
    "mysqladmin",
    "mysqldump",
    "pg_dump",
    "pg_restore",
    "psql",
    "redis-cli",
    "sshpass",
    "sudo",
];

/// Whether the program is one of those.
pub fn is_known(program: &str) -> bool {
    PROGRAMS.contains(&program)
}

/// Secrets among the words of command lines in a text.
pub fn in_line(text: &str) -> Vec<Found> {
    let mentions = text.contains(' ')
        && PROGRAMS.iter().any(|program| {
            text.match_indices(program)
                .any(|(at, _)| text[at + program.len()..].starts_with(' '))
        });
    // Escapes of the language would move everything behind them.
    if !mentions || text.contains('\\') {
        return Vec::new();
    }
    let mut found = Vec::new();
    for pipeline in Script::parse(text).pipelines {
        if pipeline.commands.iter().any(|it| is_known(it.program())) {
            found.extend(judged(&pipeline, |span, value| {
                shell::within(text, span, value)
            }));
        }
    }
    found
}

/// The same for a command that is a list of words, with the place of each.
pub fn in_words(words: &[(Span, &str)]) -> Vec<Found> {
    let word = |&(span, text): &(Span, &str)| Word {
        span,
        text: text.to_owned(),
        nested: Vec::new(),
    };
    let pipeline = Pipeline {
        commands: vec![Command {
            words: words.iter().map(word).collect(),
            ..Command::default()
        }],
    };
    judged(&pipeline, |span, value| {
        let (_, text) = words.iter().find(|(own, _)| *own == span)?;
        let whole = text.len() == span.len() as usize && text.ends_with(value);
        whole.then(|| Span::new(span.end - value.len() as u32, span.end))
    })
}

fn judged(pipeline: &Pipeline, place: impl Fn(Span, &str) -> Option<Span>) -> Vec<Found> {
    shell::of_pipeline(pipeline, &|span| span)
        .into_iter()
        .filter_map(|it| {
            let span = place(it.span, &it.value)?;
            Some(Found {
                key: it.key,
                value: it.value,
                span,
                place: Place::Connected,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_words() {
        let line = |text: &str| -> Vec<String> {
            let found = in_line(text);
            let spell = |it: Found| it.span.text(text).to_owned();
            found.into_iter().map(spell).collect()
        };
        assert_eq!(line("curl -s -u ci:D3ploy https://a.b/c"), ["D3ploy"]);
        assert_eq!(line("sshpass -p 'Tr4nsfer' scp a b@c:"), ["Tr4nsfer"]);
        assert_eq!(
            line("cd /srv && mysqldump -uroot -pS3cure shop"),
            ["S3cure"]
        );
        assert_eq!(line("docker run -p 80:80 nginx"), [""; 0]);
        assert_eq!(line("use curl for that"), [""; 0]);
        let words = [(Span::new(1, 6), "mysql"), (Span::new(9, 17), "-pS3cure")];
        assert_eq!(in_words(&words)[0].span, Span::new(11, 17));
    }
}
