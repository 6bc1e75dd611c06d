//! Regular expressions in, problems out.

#![allow(clippy::disallowed_methods)] // A test may look at the world, the engine may not.

use caveat_engine::regexes::anchors::{Begin, End, anchors};
use caveat_engine::regexes::parse::parse;
use caveat_engine::regexes::redos::{self, Growth};
use caveat_engine::regexes::syntax::{Flags, Flavor};
use caveat_engine::regexes::{Problem, ProblemKind, Usage, analyze};
use proptest::prelude::*;

/// Patterns that take exponential time when they must match up to what follows them.
const EXPONENTIAL: &[&str] = &[
    r"(a+)+$",
    r"(a+)*$",
    r"(a*)*b",
    r"(a*)+b",
    r"(a|aa)+$",
    r"(a|a)*b",
    r"(?:a|ab|b)+$",
    r"(a?a)+$",
    r"(x+x+)+y",
    r"^(\w+\s?)*$",
    r"^(\w+\s*)+:",
    r"(\d+,?)+;",
    r"^(\d+\.?)+$",
    r"([a-z]+)*\d",
    r"^([a-zA-Z0-9]+\s?)+$",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"^([\w.-]+)+@x",
    r"^[a-z]+([._-]?[a-z0-9]+)*@",
    r"^(([^@\s]+)*)@example\.com$",
    r"(?:[^\x22]|\\.)*\x22;",
    r#""(?:\\.|[^"])*"$"#,
    r"(?m)^(?:\s*\n)+$",
    r"/\*(?:.|\n|\r)*\*/",
    r"<!--(?:.|\s)*?-->",
    r"(?:.|\s)*x",
    r"(?:\w|\W\w?)*!\n",
    r"(\s|\n|.)+;",
    r"^(?:(?:a?)*b)*c",
    r"(?:(?:a*)b?)*c",
    r"(?:a*b?)*c",
    r"(?:a?b?)*c",
    r"(?:\s*\w*)*;",
    r"^(\s*\w+\s*)+$",
    r"^(\w+[-_]?)+\.py$",
    r"(?:a{1,10}){1,30}b",
    r"(?:a+){20}b",
    r"(?:a{2,}){2,}b",
    r"(?=(a+)+$)b",
    r"(?!(a+)+$)b",
    r"(?>(a+)+b)",
    r"x(?:(a+)+)y",
    r"(foo|[a-z]+)+!",
    r"(?:in|int|[a-z]+)*;",
    r"(a+?)+?$",
    r"(a+?)*b",
    r"(?i)(a+|A)+!",
    r"((?:[a-z]+ ?)+):",
    r"^(?:[01]?\d\d?|2\d)*$",
    r"(?:0|0?1|01)+2",
    r"(?:\d+|\d+\.)*e",
    r"^(?:-?\w+)*=$",
    r"^(?:/?\w+/?)+#$",
    r"^((ab)*|a|b)*c",
    r"(?:aba|ab|a|ba)*c",
    r"([^,]+,?)*\n\n",
    r"^([a-z]*[0-9]*)*!$",
    r"(?:\\[0-7]+|\\[^0-7]|[^\\]|[0-9])*!",
    r"^(?:[A-Z][a-z]*|[A-Za-z])+\d$",
    r"\[(?:\\\]|[^\[\]]|\\)*\]",
    r"(?:<[^>]*>|[^<]|<)*!!\n",
    r"^(?:%[0-9a-f]{2}|[^%]|%)*\n$",
    r"^(a|b|ab)*c\1",
    r"(?:(?:\d{1,3})+,)+x",
    r"^(?:\+?\d+[- ]?)+$",
    r"^#(?:[^\n]*\n?)*x",
    r"^(?:\w+\.?)*\w+@",
    r"^[\w]+(?:[-.]?\w+)*$",
    r"(?P<q>['\x22])(?:\\.|[^x])*(?P=q)$",
];

/// Patterns whose matching is linear, or nearly, from a fixed start.
const LINEAR: &[&str] = &[
    r"",
    r"a",
    r"a*",
    r"a+b",
    r"(a)*b",
    r"(a|b)*c",
    r"(?:a|b|c)+$",
    r"(?:\d|\w)+$",
    r"(?:\w|_)*!",
    r"(?:a|a|b)*c",
    r"(?:[ab]|b)+$",
    r"(?:ab|ac)*d",
    r"(?:foo|bar|baz)*;",
    r"(?:foo|foobar)$",
    r"(?:.|\n)*x",
    r"(?:.|\n)*?\*/",
    r"/\*(?:[^*]|\*(?!/))*\*/",
    r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/",
    r#""(?:[^"\\]|\\.)*""#,
    r#""[^"\\]*(?:\\.[^"\\]*)*""#,
    r"'(?:[^'\\\n]|\\.)*'",
    r"'(?:''|[^'])*'",
    r#"(['"])(?:\\.|(?!\1)[^\\])*\1"#,
    r"^\d+(\.\d+)*$",
    r"^\d+(?:\.\d+){0,3}$",
    r"^(\d+)\.(\d+)\.(\d+)$",
    r"^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?$",
    r"^\w+(?:\s\w+)*$",
    r"^\w+(?: \w+)*$",
    r"^[a-z]+(?:-[a-z]+)*$",
    r"^[a-z0-9]+(?:[._-][a-z0-9]+)*$",
    r"^\w+([.-]\w+)*@\w+([.-]\w+)*\.\w{2,3}$",
    r"^[^@\s]+@[^@\s]+$",
    r"^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9-]+$",
    r"^(?:[^,]*,)*[^,]*$",
    r"^([^,]+,)*[^,]+$",
    r"^\s*#",
    r"^\s*(\w+)\s*=\s*(\w+)\s*$",
    r"^(\w+):(\w+)$",
    r"^https?://[^/]+/",
    r"^https?://[^\s/$.?#].[^\s]*$",
    r"^(?:http|ftp)s?://[^/?#]+$",
    r"^(?:https?:)?//(?:[^/]+/)*$",
    r"^/(?:[^/]+/)*$",
    r"^(?:/[^/]+)+$",
    r"^(?:\.\./)+",
    r"^\d{4}-\d{2}-\d{2}$",
    r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})$",
    r"^(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$",
    r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    r"^#(?:[0-9a-fA-F]{3}){1,2}$",
    r"^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$",
    r"^[+-]?(?:\d+\.?\d*|\.\d+)$",
    r"^-?(?:0|[1-9]\d*)$",
    r"^(?:0x[0-9a-f]+|0b[01]+|\d+)$",
    r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    r"^(?:[a-f0-9]{2}:){5}[a-f0-9]{2}$",
    r"^(?:\d{3}-)?\d{3}-\d{4}$",
    r"^[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}$",
    r"<[^>]+>",
    r"<(\w+)[^>]*>",
    r"</?\w+(?:\s+\w+=\x22[^\x22]*\x22)*\s*>",
    r"<!--(?:(?!-->).)*-->",
    r"\{\{[^{}]*\}\}",
    r"\{%-?\s*(\w+)[^%]*%\}",
    r"\$\{(\w+)\}",
    r"%\((\w+)\)[sd]",
    r"\[([^\]]*)\]\(([^)]*)\)",
    r"\*\*(?=\S)",
    r"^(?P<name>\w+)\((?P<args>[^)]*)\)$",
    r"^(?P<year>\d{4})(?:-(?P<month>\d\d))?$",
    r"(?P<a>x)(?P=a)*y",
    r"(a++)+b",
    r"(?>a+)+b",
    r"(?:a+b)+c",
    r"(?:a+b+)+c",
    r"(?:a*b)*c",
    r"(?:ba*)*c",
    r"(?:,\s*\w+)*;",
    r"(?:\s+\w+)*;",
    r"(?:\w+\s+)*;",
    r"(?:\w+,)*\w+;",
    r"(?:\w+;|\d+:)*!",
    r"(?:[^\\]|\\\\)*!\n",
    r"(?:\\[0-7]{1,3}|\\[^0-7]|[^\\0-7])*!",
    r"(?:ab?)*c",
    r"(?:a?b)*c",
    r"(?:a?)*b",
    r"(?:|a)+b",
    r"(?:a|b?)+c",
    r"(?:aa|b)*c",
    r"(?:aa)+$",
    r"(?:aab|aac)*d",
    r"(?:\bfoo\b\s)*x",
    r"(?:^a$\n)*b",
    r"'(?:\\'|[^'])*'x",
    r"(?m)^(?:[ \t]*\n)+$",
    r"(.*)*",
    r"(a+)+",
    r"(a+)+b?",
    r"(?:\w+\s?)*",
    r"(?s)(?:.*)*",
    r"a{0,30}b",
    r"(?:ab){1,30}c",
    r"(?:a{3}){5}b",
    r"(?:\d{1,3}\.){3}\d{1,3}$",
    r"(?:[a-z][a-z0-9]*_)*x",
    r"(?:[A-Z][a-z]+)+$",
    r"(?:[A-Z]+[a-z]+)+\d$",
    r"^(?:[A-Z][a-z]* )*$",
    r"^\S+(?: \S+)*$",
    r"^(?:#.*\n)*x",
    r"^(?:[^\n]*\n)*x",
    r"^(?:(?!END).)*END",
    r"^(?:(?!\n\n)[\s\S])*x",
    r"^(?=.*\d)(?=.*[a-z]).{8,20}$",
    r"(?<!\w)\d+(?!\w)",
    r"(?<=\s)x+",
    r"(?i)^content-type:\s",
    r"(?x) ^ \d+ (?: \. \d+ )* $ # version",
    r"(a)?(?(1)b|c)*d",
    r"\\(?:[abfnrtv\\]|x[0-9a-f]{2}|u[0-9a-f]{4})",
    r"^(?:[\w-]+\.)*[\w-]+$",
    r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,6}$",
    r"^xn--[a-z0-9]+$",
    r"^(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|::1)$",
    r"^[^\W\d_]+$",
    r"^(?:(?:\d+h)?(?:\d+m)?(?:\d+s)?)$",
    r"^(\d+)([KMGT]i?B?)?$",
    r"^(?:[01]\d|2[0-3]):[0-5]\d$",
    r"^\s*(?:async\s)?def\s(\w+)",
    r"^(?:from\s+(\S+)\s)?import\s",
    r"^[\t ]*(?:-|\d\.)[\t ]",
    r"\A(?:[!#-'*+\-/-9=?A-Z^-~]+)\Z",
];

fn python(pattern: &str, usage: Usage) -> Vec<Problem> {
    analyze(pattern, Flavor::PythonRe, Flags::default(), usage)
}

fn kinds(pattern: &str, usage: Usage) -> Vec<ProblemKind> {
    python(pattern, usage).into_iter().map(|p| p.kind).collect()
}

fn growth(pattern: &str, flavor: Flavor, usage: Usage) -> Option<Growth> {
    let regex = parse(pattern, flavor, Flags::default()).expect(pattern);
    let slow = redos::exponential(&regex, flavor, usage).expect(pattern);
    slow.map(|s| s.growth)
}

#[test]
fn exponential_patterns_are_found() {
    let missed: Vec<_> = EXPONENTIAL
        .iter()
        .filter(|p| growth(p, Flavor::PythonRe, Usage::Match) != Some(Growth::Exponential))
        .collect();
    assert!(missed.is_empty(), "missed: {missed:#?}");
}

#[test]
fn linear_patterns_are_left_alone() {
    for usage in [Usage::Match, Usage::Unknown] {
        let found: Vec<_> = LINEAR
            .iter()
            .filter(|p| growth(p, Flavor::PythonRe, usage).is_some())
            .collect();
        assert!(found.is_empty(), "reported: {found:#?}");
    }
}

#[test]
fn the_witness_is_in_the_message() {
    let problem = python(r"^k=(\w+\s?)*$", Usage::Match).remove(0);
    assert_eq!(problem.kind, ProblemKind::Exponential);
    assert_eq!(
        problem.message,
        r#"`(\w+\s?)*` takes exponential time on "k=a" and then many repetitions of "a" and then "!""#
    );
    assert_eq!((problem.span.start, problem.span.end), (3, 12));
    let witness = problem.witness.expect("slow patterns have one");
    assert_eq!(witness.text(3), "k=aaaa!");
}

#[test]
fn usage_decides() {
    // Without an anchor a match succeeds at once; over the whole text it must try.
    assert_eq!(kinds(r"(a+)+", Usage::Search), []);
    assert_eq!(
        kinds(r"(a+)+", Usage::FullMatch),
        [ProblemKind::Exponential]
    );
    assert_eq!(kinds(r"\s+$", Usage::Match), []);
    assert_eq!(
        kinds(r"\s+$", Usage::Search),
        [ProblemKind::PolynomialSearch(2)]
    );
    assert_eq!(kinds(r"^\s+$", Usage::Search), []);
    assert_eq!(
        kinds(r"\s*\s*x", Usage::Match),
        [ProblemKind::Polynomial(2)]
    );
    assert_eq!(
        kinds(r"^.*.*.*x$", Usage::Match),
        [ProblemKind::Polynomial(3)]
    );
}

#[test]
fn the_engine_decides() {
    // PCRE2 does not merge branches, CPython does.
    assert_eq!(growth(r"(?:\d|\w)+$", Flavor::PythonRe, Usage::Match), None);
    let exponential = Some(Growth::Exponential);
    assert_eq!(
        growth(r"(?:\d|\w)+$", Flavor::Pcre2, Usage::Match),
        exponential
    );
    assert_eq!(
        growth(r"(a+)+\z", Flavor::Oniguruma, Usage::Match),
        exponential
    );
    // The linear engine takes what holds no look-around.
    assert_eq!(growth(r"(a+)+$", Flavor::RustRegex, Usage::Match), None);
    assert_eq!(growth(r"(a+)+$", Flavor::FancyRegex, Usage::Match), None);
    assert_eq!(
        growth(r"(?=x)(a+)+$", Flavor::FancyRegex, Usage::Match),
        None
    );
    assert_eq!(
        growth(r"(?:(?!b)a+)+$", Flavor::FancyRegex, Usage::Match),
        exponential
    );
}

#[test]
fn fancy_regex_agrees() {
    let runs_out = |pattern: &str, text: &str| {
        let regex = fancy_regex::RegexBuilder::new(pattern)
            .backtrack_limit(100_000)
            .build();
        regex.expect(pattern).is_match(text).is_err()
    };
    for pattern in [r"^(?:(?!b)a+)+$", r"^(?:(?=a)a|a)+$", r"^(b)?(?:a+\1?)+$"] {
        let regex = parse(pattern, Flavor::FancyRegex, Flags::default()).expect(pattern);
        let slow = redos::exponential(&regex, Flavor::FancyRegex, Usage::Match).expect(pattern);
        let slow = slow.expect(pattern);
        assert!(
            runs_out(pattern, &slow.witness.text(30)),
            "{pattern}: {slow:?}"
        );
    }
}

#[test]
fn large_ranges() {
    let bad = [
        r"[A-z]",
        r"[0-9A-z_]",
        r"[$-_@.&+]",
        r"[a-z,-_]",
        r"[0-z]",
        r"[\w+-_]",
    ];
    for pattern in bad {
        assert_eq!(
            kinds(pattern, Usage::Match),
            [ProblemKind::LargeRange],
            "{pattern}"
        );
    }
    let good = [
        r"[a-zA-Z0-9]",
        r"[\x00-\x7f]",
        r"[ -~]",
        r"[!-~]",
        r"[!-/:-@\[-`{-~]",
        r"[,-.]",
        r"[+-/]",
        r"[@-_]",
        r"\x1b\[[0-?]*[ -/]*[@-~]",
        r"[!#-'*+\-/-9=?A-Z^-~]",
        r"[#-\[\]-~]",
        r"[а-я]",
        r"[\u4e00-\u9fff]",
        r"[A-F0-9_-]",
    ];
    for pattern in good {
        assert_eq!(kinds(pattern, Usage::Match), [], "{pattern}");
    }
}

#[test]
fn host_dots() {
    let bad = [
        r"^https?://www.example\.com/",
        r"^https?://example.com$",
        r"(?i)^https://(?:www|api).example\.com",
        r"^[a-z]+\.example.org(?::\d+)?$",
        r"https?://cdn.example.io/",
        r"example.com",
    ];
    for pattern in bad {
        assert_eq!(
            kinds(pattern, Usage::Match),
            [ProblemKind::HostDot],
            "{pattern}"
        );
    }
    let good = [
        r"^https?://www\.example\.com/",
        r"^https?://[^/]+\.example\.com",
        r"^https?://.*\.example\.com/",
        r"^https?://.+\.example\.com$",
        r"example.computer",
        r"foo.common",
        r"java.net",
        r"module.io",
        r"a.b",
        r"commit.org-mode",
        r".com",
        r"\w+.com",
    ];
    for pattern in good {
        let found = kinds(pattern, Usage::Match);
        assert!(
            !found.contains(&ProblemKind::HostDot),
            "{pattern}: {found:?}"
        );
    }
}

#[test]
fn tag_filters() {
    let misses = |pattern| {
        let found = python(pattern, Usage::Sub);
        let found = found.into_iter().find(|p| p.kind == ProblemKind::TagFilter);
        found.map(|p| {
            p.message
                .trim_start_matches("the filter for `<script>` misses ")
                .to_owned()
        })
    };
    assert_eq!(
        misses(r"<script.*?>.*?</script>").as_deref(),
        Some("capital letters")
    );
    assert_eq!(
        misses(r"(?i)<script.*?>.*?</script>").as_deref(),
        Some("line feeds inside")
    );
    assert_eq!(
        misses(r"(?is)<script.*?>.*?</script>").as_deref(),
        Some("a space in the end tag")
    );
    assert_eq!(
        misses(r"(?is)<script.*?>.*?</script\s*>").as_deref(),
        Some("attributes in the end tag")
    );
    assert_eq!(misses(r"(?is)<script.*?>.*?</script[^>]*>"), None);
    assert_eq!(misses(r"<script src='(.*)'"), None);
    assert_eq!(misses(r"<[^>]+>.*</[^>]+>"), None);
}

#[test]
fn anchoring() {
    let of = |pattern, usage| {
        let regex = parse(pattern, Flavor::PythonRe, Flags::default()).expect(pattern);
        let found = anchors(&regex, usage);
        (
            found.begin,
            found.end,
            found.uneven_branches.len(),
            found.whole_value,
        )
    };
    use Usage::{FullMatch, Match, Search};
    assert_eq!(of(r"\d+", Match), (Begin::Text, End::Free, 0, true));
    assert_eq!(of(r"\d+", FullMatch), (Begin::Text, End::Text, 0, true));
    assert_eq!(of(r"\d+", Search), (Begin::Free, End::Free, 0, false));
    assert_eq!(
        of(r"^\d+$", Search),
        (Begin::Text, End::BeforeNewline, 0, true)
    );
    assert_eq!(of(r"^\d+\Z", Search), (Begin::Text, End::Text, 0, true));
    assert_eq!(of(r"(?m)^\d+$", Search), (Begin::Line, End::Line, 0, true));
    assert_eq!(of(r"^a|b$", Search), (Begin::Free, End::Free, 2, false));
    assert_eq!(
        of(r"^(?:a|b)$", Search),
        (Begin::Text, End::BeforeNewline, 0, false)
    );
    assert_eq!(
        of(r"^a$|^b$", Search),
        (Begin::Text, End::BeforeNewline, 0, false)
    );
    assert_eq!(of(r"^x.*", Match), (Begin::Text, End::Free, 0, false));
    assert_eq!(of(r"\b^x\d+", Search), (Begin::Text, End::Free, 0, true));
}

#[test]
fn malformed_and_unknown_patterns_are_errors() {
    for pattern in [
        "(", ")", "[a", "a**", "*a", r"\1", r"\", "(?P<a", "a{2,1}", "[b-a]", r"\q",
    ] {
        assert!(
            parse(pattern, Flavor::PythonRe, Flags::default()).is_err(),
            "{pattern}"
        );
    }
    for pattern in ["(?R)", "(*SKIP)", r"(?{1})", r"\X"] {
        assert!(
            parse(pattern, Flavor::Pcre2, Flags::default()).is_err(),
            "{pattern}"
        );
    }
    let deep = "(".repeat(5000) + &")".repeat(5000);
    assert!(parse(&deep, Flavor::PythonRe, Flags::default()).is_err());
}

#[test]
fn python_syntax_is_understood() {
    for pattern in [
        "a{,}",
        "a{",
        "a{x}",
        "{",
        "a{,3}",
        "[]a]",
        "[^]a]",
        "[a-]",
        "[-a]",
        r"[\]]",
        "(?i:a)b",
        "(?#note)a",
        r"a(?#no\)te)*",
        "(?P<x>a)(?P=x)",
        "(a)(?(1)b|c)",
        r"\x41\u0041\101\0",
        "(?<=ab)c",
        "a*+b++c?+",
        "(?>ab)",
        "(?-i:a)",
        "[[:alpha:]]",
        "(?s-i:.)",
        r"[\d\-x]",
        r"\Aa\Z",
    ] {
        let parsed = parse(pattern, Flavor::PythonRe, Flags::default());
        assert!(parsed.is_ok(), "{pattern}: {parsed:?}");
    }
}

fn flavors() -> impl Strategy<Value = Flavor> {
    prop::sample::select(vec![
        Flavor::PythonRe,
        Flavor::PythonRegex,
        Flavor::RustRegex,
        Flavor::FancyRegex,
        Flavor::Pcre2,
        Flavor::Oniguruma,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(pattern in ".{0,40}", flavor in flavors()) {
        analyze(&pattern, flavor, Flags::default(), Usage::Search);
    }

    #[test]
    fn anything_like_a_pattern_is_answered(
        parts in prop::collection::vec(prop::sample::select(vec![
            "(", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?P<n>", "(?(1)", ")", ")", ")", "[", "[^", "]",
            "*", "+", "?", "*?", "+?", "++", "{2,3}", "{1,}", "{99}", "|", "a", "b", "é", "-", r"\w", r"\d",
            r"\b", r"\1", r"\k<n>", ".", "^", "$", r"\Z", "(?i)", "(?x)", "#", "&&", r"\p{L}", " ",
        ]), 0..40),
        flavor in flavors(),
        usage in prop::sample::select(vec![Usage::Search, Usage::FullMatch]),
    ) {
        let pattern: String = parts.concat();
        let start = std::time::Instant::now();
        for problem in analyze(&pattern, flavor, Flags::default(), usage) {
            prop_assert!(pattern.get(problem.span.start as usize..problem.span.end as usize).is_some());
        }
        // Far above the bound of a few milliseconds, for slow and busy machines.
        prop_assert!(start.elapsed().as_millis() < 2_000, "{pattern}");
    }
}
