//! Connection strings of `key=value` pairs: those of ODBC and .NET (`;` between), and of libpq
//! (blanks between).

/// Offsets of the password in a connection string; `None` if the text is none.
pub fn password_in(text: &str) -> Option<(usize, usize)> {
    if text.len() > 1000 || !text.contains('=') {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let separator = if text.contains(';') { ';' } else { ' ' };
    let mut password = None;
    let mut others = 0;
    let mut at = 0;
    for part in lower.split(separator) {
        let start = at;
        at += part.len() + 1;
        let Some((key, value)) = part.split_once('=') else {
            continue;
        };
        let from = start + key.len() + 1;
        match key.trim() {
            "password" | "pwd" | "passwd" => {
                let inner = value.trim_matches(['\'', '"']);
                let lead = value.find(inner).unwrap_or(0);
                password = Some((from + lead, from + lead + inner.len()));
            }
            "host" | "server" | "user" | "uid" | "user id" | "dbname" | "database"
            | "data source" | "driver" | "port" | "username" | "initial catalog" | "hostaddr" => {
                others += 1
            }
            _ => {}
        }
    }
    password.filter(|(start, end)| others > 0 && start < end)
}

#[cfg(test)]
mod tests {
    use super::password_in;

    #[test]
    fn passwords() {
        let check = |text: &str, expected: Option<&str>| {
            let found = password_in(text).map(|(start, end)| &text[start..end]);
            assert_eq!(found, expected, "{text}");
        };
        check("Server=db;User Id=sa;Password=Pa55;", Some("Pa55"));
        check("dbname=shop user=app password='s3'", Some("s3"));
        check("dbname=shop user=app password=s3cr3t", Some("s3cr3t"));
        check("UPDATE t SET password=1", None);
        check("password=x", None);
    }
}
