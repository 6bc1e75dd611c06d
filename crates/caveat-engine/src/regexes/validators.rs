//! Patterns that let more, or less, through than their author meant.
//!
//! Three checks over the tree: ranges that sweep over unrelated characters, dots of host names
//! that match any character, filters for markup that miss ways of writing it. They see the
//! pattern only; whether it guards anything is for the rule to know.

use caveat_parser::source::Span;

use super::backtrack::Program;
use super::simplify::simplify;
use super::syntax::{CharForm, Flavor, Kind, Node, Regex, WrittenRange};

/// Something wrong at a place of the pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Bytes of the pattern.
    pub span: Span,
    /// What is wrong, as a message.
    pub message: String,
    /// A text that shows it, if there is one.
    pub example: Option<String>,
}

/// Ranges that hold characters of other kinds than their ends, as `[A-z]` and `[$-_]`.
pub fn large_ranges(regex: &Regex) -> Vec<Flaw> {
    let mut flaws: Vec<Flaw> = Vec::new();
    for range in &regex.ranges {
        // Classes that go up to `~` or beyond cut the ASCII table in pieces on purpose.
        let whole_table = regex
            .ranges
            .iter()
            .any(|other| other.class == range.class && (other.numeric || other.high >= '~'));
        if let Some(extra) = swept(*range).filter(|_| !whole_table) {
            let message = format!(
                "the range `{}-{}` also matches {extra}",
                range.low, range.high
            );
            flaws.push(Flaw {
                span: range.span,
                message,
                example: None,
            });
        }
    }
    flaws
}

/// What a range sweeps over, if it should not.
fn swept(range: WrittenRange) -> Option<&'static str> {
    let (low, high) = (range.low, range.high);
    if range.numeric || low <= '!' || high >= '~' {
        return None;
    }
    let letters = low.is_ascii_alphabetic() && high.is_ascii_alphabetic();
    if letters {
        return (low.is_ascii_uppercase() && high.is_ascii_lowercase())
            .then_some("the punctuation between `Z` and `a`");
    }
    if low.is_ascii_digit() && high.is_ascii_alphabetic() {
        return Some("the punctuation between `9` and `A`");
    }
    let punctuation = low.is_ascii_punctuation() && high.is_ascii_punctuation();
    let digits = low < '0' && '9' < high;
    let capitals = low < 'A' && 'Z' < high;
    let smalls = low < 'a' && 'z' < high;
    // `[@-_]` and the like are columns of the ASCII table, as control sequences use them.
    let columns = (low as u32).is_multiple_of(16) && high as u32 % 16 == 15;
    match (digits, capitals, smalls) {
        _ if !punctuation || columns => None,
        (true, true, _) => Some("digits and capital letters"),
        (true, false, _) => Some("digits"),
        (false, true, true) => Some("all letters"),
        (false, true, false) => Some("capital letters"),
        (false, false, true) => Some("small letters"),
        (false, false, false) => None,
    }
}

/// Top-level domains that hardly follow a dot in anything but host names.
const DOMAINS: &[&str] = &["com", "org", "net", "edu", "gov", "mil"];
/// Those that need more of a URL around them.
const WEAK_DOMAINS: &[&str] = &[
    "ai", "app", "au", "biz", "ca", "ch", "cloud", "cn", "co", "de", "dev", "eu", "fr", "in",
    "info", "io", "it", "jp", "me", "nl", "pl", "ru", "se", "tv", "uk", "us",
];
/// First parts of names like `java.net` that are no hosts.
const NO_HOSTS: &[&str] = &["java", "asp", "vb", "ado", "dot", "system", "ml"];

/// Dots of a host name that match any character: `example.com` for `example\.com`.
pub fn host_dots(regex: &Regex) -> Vec<Flaw> {
    let url = contains_text(&regex.root, "://") || contains_text(&regex.root, "www");
    let mut flaws = Vec::new();
    visit_sequences(&regex.root, &mut |items| {
        host_dots_in(items, url, &mut flaws)
    });
    flaws
}

/// What a part of a sequence is to a host name.
#[derive(Clone, Copy, PartialEq)]
enum Token {
    /// A character of a label.
    Label(char),
    /// `.`
    AnyDot(Span),
    /// `\.`
    Dot,
    /// Some other character.
    Other(char),
    /// A part that may consume text of its own.
    Part,
    /// Consumes nothing.
    Nothing,
}

fn host_dots_in(items: &[Node], url: bool, flaws: &mut Vec<Flaw>) {
    let tokens: Vec<Token> = items.iter().map(token).collect();
    for (i, dot) in tokens.iter().enumerate() {
        if !matches!(dot, Token::Dot | Token::AnyDot(_)) {
            continue;
        }
        let domain: String = tokens[i + 1..].iter().map_while(label_char).collect();
        let known =
            DOMAINS.contains(&domain.as_str()) || (url && WEAK_DOMAINS.contains(&domain.as_str()));
        let ends = match tokens.get(i + 1 + domain.len()) {
            None | Some(Token::Nothing) => true,
            Some(Token::Other(c)) => matches!(c, '/' | ':' | '?' | '#'),
            Some(Token::Part) => ends_host(&items[i + 1 + domain.len()]),
            _ => false,
        };
        if known && ends {
            host_before(&tokens, i, &domain, flaws);
        }
    }
}

/// The host name up to the dot before its last label: reports its dots that match anything.
fn host_before(tokens: &[Token], last_dot: usize, domain: &str, flaws: &mut Vec<Flaw>) {
    let name_token = |t: &Token| matches!(t, Token::Label(_) | Token::Dot | Token::AnyDot(_));
    let mut start = last_dot;
    while start > 0 && name_token(&tokens[start - 1]) {
        start -= 1;
    }
    let name = &tokens[start..=last_dot];
    let text: String = name
        .iter()
        .map(|t| if let Token::Label(c) = t { *c } else { '.' })
        .collect();
    let labels: Vec<&str> = text.split('.').filter(|l| !l.is_empty()).collect();
    let (Some(label), Some(first)) = (labels.last(), labels.first()) else {
        return;
    };
    if label.len() < 2 || (labels.len() == 1 && NO_HOSTS.contains(first)) {
        return;
    }
    // `.` at the very start may stand for a character before the host.
    let leading = usize::from(start == 0 && matches!(name[0], Token::AnyDot(_)));
    let Some(span) = name[leading..].iter().find_map(|t| match t {
        Token::AnyDot(span) => Some(*span),
        _ => None,
    }) else {
        return;
    };
    let host = format!("{}{domain}", text.trim_start_matches('.'));
    let message = format!("the unescaped dot before `{domain}` in `{host}` matches any character");
    if !flaws.iter().any(|f: &Flaw| f.span == span) {
        flaws.push(Flaw {
            span,
            message,
            example: None,
        });
    }
}

fn token(node: &Node) -> Token {
    match &node.kind {
        Kind::Char(_, CharForm::Dot) => Token::AnyDot(node.span),
        Kind::Char(set, _) => match literal(set.ranges()) {
            Some('.') => Token::Dot,
            Some(c) if c.is_ascii_alphanumeric() || c == '-' => {
                Token::Label(c.to_ascii_lowercase())
            }
            Some(c) => Token::Other(c),
            None => Token::Part,
        },
        Kind::Assert(_) | Kind::Empty => Token::Nothing,
        _ => Token::Part,
    }
}

/// The character of a set that holds one, or one letter in both cases.
fn literal(ranges: &[(u32, u32)]) -> Option<char> {
    let single = |r: &(u32, u32)| (r.0 == r.1).then(|| char::from_u32(r.0)).flatten();
    match ranges {
        [one] => single(one),
        [upper, lower] => {
            let (upper, lower) = (single(upper)?, single(lower)?);
            (upper.to_ascii_lowercase() == lower).then_some(lower)
        }
        _ => None,
    }
}

fn label_char(token: &Token) -> Option<char> {
    if let Token::Label(c) = token {
        Some(*c)
    } else {
        None
    }
}

/// Whether a part that follows a host name can start only with what ends it.
fn ends_host(node: &Node) -> bool {
    match &node.kind {
        Kind::Char(set, _) => {
            !set.contains('-' as u32) && !set.contains('a' as u32) && !set.contains('.' as u32)
        }
        Kind::Concat(items) => items.first().is_some_and(ends_host),
        Kind::Alt(branches) => branches.iter().all(ends_host),
        Kind::Repeat { body, .. } | Kind::Group(body, _) => ends_host(body),
        Kind::Look {
            body,
            ahead: true,
            negative: false,
        } => ends_host(body),
        Kind::Assert(_) | Kind::Empty => true,
        _ => false,
    }
}

/// Calls with every sequence, groups that only wrap one sequence written into it.
fn visit_sequences(node: &Node, visit: &mut impl FnMut(&[Node])) {
    if let Kind::Concat(items) = &node.kind {
        let mut flat = Vec::with_capacity(items.len());
        items.iter().for_each(|item| flatten(item, &mut flat));
        visit(&flat);
    }
    for child in node.children() {
        visit_sequences(child, visit);
    }
}

fn flatten(node: &Node, flat: &mut Vec<Node>) {
    match &node.kind {
        Kind::Concat(items) => items.iter().for_each(|item| flatten(item, flat)),
        Kind::Group(body, _) => flatten(body, flat),
        _ => flat.push(node.clone()),
    }
}

fn contains_text(node: &Node, text: &str) -> bool {
    let mut found = false;
    visit_sequences(node, &mut |items| {
        let chars: String = items
            .iter()
            .map(|n| match token(n) {
                Token::Label(c) | Token::Other(c) => c,
                Token::Nothing => '\u{1}',
                // The optional `s` of `https?` and the like may be skipped.
                _ => '\u{0}',
            })
            .collect();
        found |= chars.contains(text);
    });
    found
}

/// Scripts as browsers accept them, and what a filter that misses them forgot. The first is the
/// one that a filter must know to be a filter.
const SCRIPTS: &[(&str, &str)] = &[
    ("<script>a</script>", ""),
    ("<SCRIPT>a</SCRIPT>", "capital letters"),
    ("<script>a\nb</script>", "line feeds inside"),
    ("<script>a</script >", "a space in the end tag"),
    ("<script>a</script b>", "attributes in the end tag"),
];

/// Filters for `<script>` elements that some way of writing the element gets past.
pub fn tag_filter(pattern: &str, regex: &Regex, flavor: Flavor) -> Option<Flaw> {
    let lower = pattern.to_ascii_lowercase();
    if !lower.contains("script") || !lower.contains('<') {
        return None;
    }
    let root = simplify(&regex.root, flavor);
    let program = Program::new(&root, regex.groups, regex.flags.ignore_case).ok()?;
    let (known, variants) = SCRIPTS.split_first()?;
    // A pattern that also takes other elements describes markup, it does not look for scripts.
    let covers = |text: &str| program.covers(text);
    if covers(known.0) != Some(true) || covers("<div>a</div>") != Some(false) {
        return None;
    }
    let missed = variants.iter().find(|v| covers(v.0) == Some(false))?;
    let span = regex.root.span;
    let message = format!("the filter for `<script>` misses {}", missed.1);
    Some(Flaw {
        span,
        message,
        example: Some(missed.0.to_owned()),
    })
}
