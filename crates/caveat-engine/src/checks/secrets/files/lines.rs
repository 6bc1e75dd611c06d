//! Files with one `key = value` a line, SQL scripts, and lists of words.

use caveat_parser::Span;

use super::{Reader, is_beside, is_comment, lines};
use crate::checks::secrets::judge::Place;
use crate::checks::secrets::statement;

/// `.env`, INI, properties, TOML, Terraform: keys, a sign, values, sections in brackets.
pub fn read(reader: &mut Reader<'_>) {
    let text = reader.text;
    let mut section: Vec<(&str, Span)> = Vec::new();
    let mut variable = "";
    let mut title = "";
    for line in lines(text) {
        let content = line.text(text).trim();
        if content.is_empty() || is_comment(content) {
            continue;
        }
        if content.starts_with('[') && content.ends_with(']') {
            flush(reader, title, &mut section);
            title = content.trim_matches(['[', ']']);
            title = title.rsplit('.').next().unwrap_or(title);
            continue;
        }
        if content == "}" {
            flush(reader, title, &mut section);
            variable = "";
            continue;
        }
        if let Some(rest) = content.strip_prefix("variable ") {
            variable = rest.split('"').nth(1).unwrap_or("");
        }
        let Some((key, value)) = pair(text, line) else {
            continue;
        };
        match key {
            "default" if !variable.is_empty() => section.push((variable, value)),
            _ if value.text(text).starts_with('{') => inline(text, value, &mut section),
            _ => section.push((key, value)),
        }
    }
    flush(reader, title, &mut section);
}

fn flush(reader: &mut Reader<'_>, title: &str, section: &mut Vec<(&str, Span)>) {
    let text = reader.text;
    let connected = section.iter().any(|(key, _)| is_beside(key));
    for (key, span) in section.drain(..) {
        reader.below(title, key, span.text(text), span, connected);
    }
}

/// Key and value of a line, quotes and `export` taken away.
fn pair(text: &str, line: Span) -> Option<(&str, Span)> {
    let content = line.text(text);
    let sign = content
        .find('=')
        .or_else(|| content.find(": ").or_else(|| content.rfind(':')))?;
    let key = content[..sign].trim();
    let key = key.strip_prefix("export ").unwrap_or(key);
    let key = key.strip_prefix("set ").unwrap_or(key);
    let key = key.trim_matches(['"', '\'', ' ', '+', ':', '?']);
    if key.is_empty() || key.len() > 100 || key.contains(['(', '{', '"']) {
        return None;
    }
    let value = Span::new(line.start + sign as u32 + 1, line.end);
    Some((key, unquoted(text, value)))
}

/// The value without blanks, quotes, a final comma and a comment behind it.
fn unquoted(text: &str, span: Span) -> Span {
    let raw = span.text(text);
    let start = raw.len() - raw.trim_start().len();
    let mut value = raw.trim();
    let first = value.chars().next();
    let mut lead = start;
    match first {
        Some(quote @ ('"' | '\'')) => {
            lead += 1;
            value = &value[1..];
            value = &value[..value.find(quote).unwrap_or(value.len())];
        }
        Some('{') => {}
        _ => {
            let comment = value.find(" #").or_else(|| value.find(" ;"));
            value = value[..comment.unwrap_or(value.len())]
                .trim_end()
                .trim_end_matches([',', ';']);
        }
    }
    let begin = span.start + lead as u32;
    Span::new(begin, begin + value.len() as u32)
}

/// `{ user = "a", password = "b" }` of TOML.
fn inline<'t>(text: &'t str, table: Span, section: &mut Vec<(&'t str, Span)>) {
    let mut at = table.start + 1;
    for part in table.text(text)[1..].split(',') {
        let span = Span::new(at, at + part.trim_end_matches('}').len() as u32);
        at += part.len() as u32 + 1;
        if let Some((key, value)) = pair(text, span) {
            section.push((key, value));
        }
    }
}

/// Statements that create users or fill tables of them.
pub fn read_sql(reader: &mut Reader<'_>) {
    let text = reader.text;
    for it in statement::passwords(text) {
        let line = &text[..it.span.start as usize];
        let line = &line[line.rfind('\n').map_or(0, |at| at + 1)..];
        if !is_comment(line) {
            let label = it.key.as_deref().unwrap_or("password");
            reader.password(label, &it.value, it.span, it.place);
        }
    }
}

/// `machine a login b password c`; `host:port:database:user:password`.
pub fn read_words(reader: &mut Reader<'_>) {
    let text = reader.text;
    for line in lines(text) {
        let content = line.text(text);
        if is_comment(content) {
            continue;
        }
        let parts: Vec<&str> = content.split(':').collect();
        if let [.., password] = parts.as_slice()
            && parts.len() == 5
        {
            let span = Span::new(line.end - password.len() as u32, line.end);
            reader.password("password", password, span, Place::Connected);
            continue;
        }
        let mut before = "";
        for word in content.split_whitespace() {
            if before == "password" || before == "account" {
                let offset = word.as_ptr() as usize - text.as_ptr() as usize;
                let span = Span::new(offset as u32, (offset + word.len()) as u32);
                reader.password("password", word, span, Place::Connected);
            }
            before = word;
        }
    }
}
