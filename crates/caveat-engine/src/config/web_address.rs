//! Picks the host out of an address in configuration text, and says how far away it is.
//!
//! Text-only: nothing is resolved, and a host made of variables is simply not near.

/// An address within some text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// The whole address, up to a blank, quote or bracket.
    pub whole: &'a str,
    /// Scheme as written, without `+` prefixes such as `sparse+`.
    pub scheme: &'a str,
    /// Host without port and credentials; may hold variables.
    pub host: &'a str,
    /// What follows the host and port.
    pub path: &'a str,
}

/// The first `http` or `https` address of the text.
pub(super) fn first(text: &str) -> Option<Address<'_>> {
    let separator = text.match_indices("://").map(|(at, _)| at).find(|&at| {
        let scheme = scheme_before(text, at);
        scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
    })?;
    let scheme = scheme_before(text, separator);
    let start = separator - scheme.len();
    let stop =
        |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | ',' | ';' | '\\');
    let length = text[start..].find(stop).unwrap_or(text.len() - start);
    let whole = &text[start..start + length];
    let rest = &whole[scheme.len() + 3..];
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => host.split(':').next().unwrap_or(host),
    };
    Some(Address {
        whole,
        scheme,
        host,
        path,
    })
}

fn scheme_before(text: &str, end: usize) -> &str {
    let head = &text[..end];
    let start = head
        .rfind(|c: char| !c.is_ascii_alphanumeric())
        .map_or(0, |at| {
            at + head[at..].chars().next().map_or(1, char::len_utf8)
        });
    &head[start..]
}

impl Address<'_> {
    /// Whether the transport is neither encrypted nor authenticated.
    pub fn is_cleartext(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("http")
    }

    /// Whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(self.host)
    }

    /// Whether the host is on a private network.
    pub fn is_private(&self) -> bool {
        is_private(self.host)
    }
}

/// Whether the host name or address is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host
        .split(':')
        .next()
        .filter(|name| !name.is_empty())
        .unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || host.to_ascii_lowercase().ends_with(".localhost")
        || host.starts_with("127.")
        || matches!(host, "::1" | "0.0.0.0" | "host.docker.internal")
}

/// Whether the host is a name without dots, a private address or a name for inner networks.
pub(super) fn is_private(host: &str) -> bool {
    let lower = host.to_ascii_lowercase();
    let inner = [
        ".local",
        ".internal",
        ".lan",
        ".corp",
        ".svc",
        ".home",
        ".intranet",
    ];
    let numbers: Vec<u8> = lower
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect();
    let private_address = matches!(
        numbers[..],
        [10, _, _, _] | [192, 168, _, _] | [169, 254, _, _]
    ) || matches!(numbers[..], [172, second, _, _] if (16..32).contains(&second));
    let one_label = !lower.is_empty()
        && lower
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    private_address || one_label || inner.iter().any(|end| lower.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let check = |text, host, path| {
            let found = first(text).expect("an address");
            assert_eq!((found.host, found.path), (host, path), "{text}");
        };
        check("see http://u:p@a.b:80/c?d", "a.b", "/c?d");
        check("sparse+HTTPS://a.b", "a.b", "");
        check("git+ssh://x http://[::1]:5/", "::1", "/");
        assert_eq!(first("file://a ssh://b é://c"), None);
        assert!(is_private("registry") && is_private("10.1.2.3") && is_private("a.svc"));
        assert!(!is_private("pypi.org") && !is_private("$HOST") && is_loopback("127.0.0.1"));
    }
}
