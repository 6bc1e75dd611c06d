//! Passwords that SQL statements set, store or ask for, in scripts and in the strings of programs.

use caveat_parser::Span;

use super::commands::Found;
use super::judge::Place;
use super::name::{self, Kind};

/// What stands before the password of a statement about users.
const LEADS: &[&str] = &[
    "identified by '",
    "password '",
    "password = '",
    "password='",
    "password = n'",
];

/// Passwords of all statements of a text.
pub fn passwords(text: &str) -> Vec<Found> {
    let may_matter = text.contains('\'') && text.contains([' ', '\n']);
    if !may_matter {
        return Vec::new();
    }
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for lead in LEADS {
        for (at, _) in lower.match_indices(lead) {
            let start = at + lead.len();
            if let Some(place) = place(&lower[..at])
                && let Some(length) = text[start..].find('\'')
            {
                found.push(password("password", text, start, start + length, place));
            }
        }
    }
    inserted(text, &lower, &mut found);
    found
}

fn password(key: &str, text: &str, start: usize, end: usize, place: Place) -> Found {
    Found {
        key: Some(key.to_owned()),
        value: text[start..end].to_owned(),
        span: Span::new(start as u32, end as u32),
        place,
    }
}

/// What the statement whose beginning is `before` does with the password.
fn place(before: &str) -> Option<Place> {
    let statement = &before[before.rfind(';').map_or(0, |at| at + 1)..];
    let has = |words: &[&str]| words.iter().any(|word| statement.contains(word));
    let verb = has(&["create", "alter", "grant", "set password", "change"]);
    let whose = has(&[
        "user",
        "role",
        "login",
        "password",
        "master",
        "identified",
        "grant",
    ]);
    if statement.contains("select ") && statement.contains(" where ") {
        return Some(Place::Compared);
    }
    let updates = statement.contains("update ") && statement.contains(" set ");
    (verb && whose || updates).then_some(Place::Set)
}

/// `INSERT INTO users (name, password) VALUES ('admin', 'admin123')`.
fn inserted(text: &str, lower: &str, found: &mut Vec<Found>) {
    let mut at = 0;
    while let Some(start) = lower[at..].find("into ") {
        let table = at + start + "into ".len();
        at = table;
        let Some((columns, rest)) = parenthesis(text, table) else {
            continue;
        };
        let secret: Vec<Option<&str>> = columns
            .split(',')
            .map(|column| column.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
            .map(|column| {
                let name = name::classify(column)?;
                (name.kind == Kind::Password && !name.plural).then_some(column)
            })
            .collect();
        let values = lower[rest..].trim_start();
        if secret.iter().all(Option::is_none) || !values.starts_with("values") {
            continue;
        }
        let from = lower.len() - values.len() + "values".len();
        at = rows(text, from, &secret, found);
    }
}

/// What stands between the next parentheses, with little but a name before, and where it ends.
fn parenthesis(text: &str, from: usize) -> Option<(&str, usize)> {
    let open = from + text[from..].find('(')?;
    let is_table = text[from..open]
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_. `\"[]".contains(&byte));
    let close = open + text[open..].find(')')?;
    is_table.then(|| (&text[open + 1..close], close + 1))
}

/// The rows of a statement; where they end.
fn rows(text: &str, from: usize, secret: &[Option<&str>], found: &mut Vec<Found>) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    let mut depth = 0;
    let mut column = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'(' => {
                depth += 1;
                if depth == 1 {
                    column = 0;
                }
            }
            b')' if depth == 0 => break,
            b')' => depth -= 1,
            b',' if depth == 1 => column += 1,
            b'\'' => {
                let start = at + 1;
                let end = start + text[start..].find('\'').unwrap_or(bytes.len() - start);
                let key = secret.get(column).copied().flatten();
                if let (Some(key), 1) = (key, depth)
                    && !is_digest(&text[start..end])
                {
                    found.push(password(key, text, start, end, Place::Set));
                }
                at = end;
            }
            b';' if depth == 0 => break,
            _ => {}
        }
        at += 1;
    }
    at.min(bytes.len())
}

/// As long as a hash of one of the usual functions, in hexadecimal.
fn is_digest(text: &str) -> bool {
    matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128)
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::passwords;

    #[test]
    fn statements() {
        let check = |text: &str, expected: &[&str]| {
            let found = passwords(text);
            let values: Vec<&str> = found.iter().map(|it| it.span.text(text)).collect();
            assert_eq!(values, expected, "{text}");
        };
        check("CREATE USER a WITH PASSWORD 'r3porter'", &["r3porter"]);
        check("create user 'a'@'%' identified by 'x1'", &["x1"]);
        check("UPDATE t SET password = 'a9' WHERE id = 1", &["a9"]);
        check("SELECT 1 FROM u WHERE n='x' AND password='y2'", &["y2"]);
        check("the password 'x' is wrong", &[]);
        check(
            "INSERT INTO users (id, name, password) VALUES (1, 'a', 'p1'), (f(2, 'z'), 'b', 'p2');",
            &["p1", "p2"],
        );
        check("INSERT INTO users (name, password) VALUES (?, ?)", &[]);
        check(
            "insert into t (password) values ('d41d8cd98f00b204e9800998ecf8427e')",
            &[],
        );
        check("into x (password values ('", &[]);
    }
}
