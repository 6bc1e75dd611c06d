//! The constant part of a log: rules, kinds of notifications, weaknesses.
//!
//! GitHub keeps one description of a rule for all repositories, so nothing here may depend on what
//! was found.

use std::collections::BTreeSet;

use caveat_engine::finding::NoticeKind;
use caveat_engine::rule::{Body, Confidence, Rule, Severity};

use super::model::{
    ComponentReference, Configuration, Descriptor, Level, Properties, Relationship, TaxonReference,
    Taxonomy, Text,
};
use crate::report::{
    RuleExamples, confidence_word, cwe, notice_name, one_line, rule_url, sentence, severity_word,
    shorten,
};

/// Longest description, in characters; GitHub takes 1,024.
const DESCRIPTION: usize = 1_000;
/// GitHub keeps so many tags of a rule.
const TAGS: usize = 10;

/// The level that severities have in SARIF.
pub(super) fn level(severity: Severity) -> Level {
    match severity {
        Severity::Critical | Severity::High => Level::Error,
        Severity::Medium => Level::Warning,
        Severity::Low => Level::Note,
    }
}

/// A rule's entry. `weaknesses` are all that the log lists.
pub(super) fn rule(rule: &Rule, examples: Option<&RuleExamples>, weaknesses: &[u32]) -> Descriptor {
    let summary = description(&[&rule.summary, &rule.id]);
    let relationship = |target| Relationship {
        target,
        kinds: ["superset"],
    };
    Descriptor {
        id: rule.id.clone(),
        name: name(&rule.id, "Rule"),
        full_description: description(&[&rule.why, &rule.summary, &rule.id]),
        help: help(rule, examples, &summary.text),
        short_description: summary,
        help_uri: Some(rule_url(rule)),
        default_configuration: Some(Configuration {
            level: level(rule.severity),
        }),
        relationships: taxa(rule, weaknesses)
            .into_iter()
            .map(relationship)
            .collect(),
        properties: Some(properties(rule)),
    }
}

/// The weaknesses of a rule as references into the taxonomy.
pub(super) fn taxa(rule: &Rule, weaknesses: &[u32]) -> Vec<TaxonReference> {
    let reference = |id: &u32| {
        let index = weaknesses.binary_search(id).ok()?;
        Some(TaxonReference {
            id: format!("CWE-{id}"),
            index,
            tool_component: cwe_component(),
        })
    };
    rule.cwe.iter().filter_map(reference).collect()
}

/// The first text that is not blank, as a sentence that GitHub accepts.
fn description(candidates: &[&str]) -> Text {
    let text = candidates
        .iter()
        .map(|text| one_line(text))
        .find(|text| !text.is_empty());
    let text = text.unwrap_or_default();
    Text::plain(sentence(&shorten(&plain(&text), DESCRIPTION)))
}

/// Markdown's backticks as the single quotes that plain text uses for code.
pub(super) fn plain(text: &str) -> String {
    text.replace('`', "'")
}

/// The readable name that goes with an id; by the standard it may not be the id itself.
fn name(id: &str, noun: &str) -> String {
    let name = pascal_case(id);
    let name = if name.eq_ignore_ascii_case(id) {
        name + noun
    } else {
        name
    };
    name.chars().take(255).collect()
}

/// Upper-case first letters, letters and digits only: `sql-injection` as `SqlInjection`.
fn pascal_case(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars
            .next()
            .map(|first| first.to_uppercase().chain(chars).collect::<String>())
    };
    words.filter_map(capital).collect()
}

fn properties(rule: &Rule) -> Properties {
    let security = is_security(rule);
    let (security_severity, problem_severity) = match rule.severity {
        Severity::Critical => ("9.3", "error"),
        Severity::High => ("8.0", "error"),
        Severity::Medium => ("5.5", "warning"),
        Severity::Low => ("3.0", "recommendation"),
    };
    Properties {
        tags: tags(rule),
        precision: confidence_word(rule.confidence),
        security_severity: security.then_some(security_severity),
        problem_severity: (!security).then_some(problem_severity),
    }
}

/// Whether GitHub should show alerts as security alerts.
fn is_security(rule: &Rule) -> bool {
    !rule.cwe.is_empty() && !matches!(rule.family.as_str(), "robustness" | "concurrency")
}

fn tags(rule: &Rule) -> Vec<String> {
    let mut tags = vec![
        if is_security(rule) {
            "security"
        } else {
            "correctness"
        }
        .to_owned(),
    ];
    tags.extend((!rule.family.is_empty()).then(|| rule.family.clone()));
    tags.extend(languages(rule).into_iter().map(str::to_owned));
    tags.extend(
        rule.cwe
            .iter()
            .map(|id| format!("external/cwe/cwe-{id:03}")),
    );
    let mut seen = BTreeSet::new();
    tags.retain(|tag| seen.insert(tag.clone()));
    tags.truncate(TAGS);
    tags
}

/// The languages a rule is known to be for.
fn languages(rule: &Rule) -> Vec<&str> {
    let mut languages: Vec<&str> = match &rule.body {
        Body::Match(formulas) => formulas.iter().map(|formula| &*formula.language).collect(),
        Body::Check(_) => return Vec::new(),
    };
    for language in rule.flows.iter().flat_map(|flow| &flow.languages) {
        if !languages.contains(&language.as_str()) {
            languages.push(language);
        }
    }
    languages
}

/// What the page of an alert shows: why, the way out, examples, how to silence it.
fn help(rule: &Rule, examples: Option<&RuleExamples>, summary: &str) -> Text {
    let mut markdown = format!("# {summary}\n");
    let mut text = String::new();
    for part in [&rule.why, &rule.fix].map(|part| sentence(&one_line(part))) {
        if !part.is_empty() {
            markdown.push_str(&format!("\n{part}\n"));
            text.push_str(&format!("{}\n\n", plain(&part)));
        }
    }
    let example = |kind: fn(&RuleExamples) -> Option<&String>| examples.and_then(kind);
    let bad = ("Bad", example(|examples| examples.bad.as_ref()));
    let good = ("Good", example(|examples| examples.good.as_ref()));
    for (title, code) in [bad, good] {
        let Some(code) = code.map(|code| code.trim_end()) else {
            continue;
        };
        markdown.push_str(&format!(
            "\n## {title}\n\n{}",
            fenced(code, &languages(rule))
        ));
        text.push_str(&format!("{title}:\n\n{}\n\n", indented(code)));
    }
    let (mark, facts) = (comment_mark(rule), facts(rule));
    let comment = format!("{mark} caveat: ignore[{}] reason", rule.id);
    let silence = "To silence one finding, put a comment with the reason on its line or above it:";
    markdown.push_str(&format!("\n{silence} `{comment}`\n\n{facts}\n"));
    text.push_str(&format!("{silence} {comment}\n\n{facts}"));
    Text {
        text,
        markdown: Some(markdown),
    }
}

fn comment_mark(rule: &Rule) -> &'static str {
    match languages(rule).first() {
        Some(&"rust") => "//",
        _ => "#",
    }
}

/// Severity, confidence and weaknesses in words.
fn facts(rule: &Rule) -> String {
    let (severity, confidence) = (
        severity_word(rule.severity),
        confidence_word(rule.confidence),
    );
    let mut facts = format!("Severity {severity}, confidence {confidence}.");
    for &id in &rule.cwe {
        facts.push_str(&match cwe::name(id) {
            name if name.starts_with("CWE-") => format!(" {name}."),
            name => format!(" CWE-{id}: {name}."),
        });
    }
    facts
}

/// A code block, with a fence longer than any in the code.
fn fenced(code: &str, languages: &[&str]) -> String {
    let mut fence = "```".to_owned();
    while code.contains(&fence) {
        fence.push('`');
    }
    let language = match languages {
        [one] => one,
        _ => "",
    };
    format!("{fence}{language}\n{code}\n{fence}\n")
}

fn indented(code: &str) -> String {
    code.lines()
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A kind of notification: its name, level, what happened, what to do.
pub(super) struct Kind {
    pub name: &'static str,
    pub level: Level,
    what: &'static str,
    todo: &'static str,
}

/// Place in [`kinds`] of the notification that results were dropped.
pub(super) const RESULTS_DROPPED: usize = 7;
/// Place in [`kinds`] of the notification that notices were dropped.
pub(super) const NOTICES_DROPPED: usize = 8;

/// Place in [`kinds`] of a kind of notice.
pub(super) fn notice_index(kind: NoticeKind) -> usize {
    match kind {
        NoticeKind::PartlyParsed => 0,
        NoticeKind::NotText => 1,
        NoticeKind::TooLarge => 2,
        NoticeKind::TooDeep => 3,
        NoticeKind::Generated => 4,
        NoticeKind::Unreadable => 5,
        NoticeKind::Internal => 6,
    }
}

/// All kinds of notifications.
pub(super) fn kinds() -> [Kind; 9] {
    let notice = |kind, level, what, todo| Kind {
        name: notice_name(kind),
        level,
        what,
        todo,
    };
    let dropped = |name, what, todo| Kind {
        name,
        level: Level::Warning,
        what,
        todo,
    };
    [
        notice(
            NoticeKind::PartlyParsed,
            Level::Warning,
            "A file has syntax errors; what could be parsed was analysed.",
            "Correct the syntax, or exclude the file.",
        ),
        notice(
            NoticeKind::NotText,
            Level::Note,
            "A file is not text in a known encoding.",
            "Store the file as UTF-8, or exclude it.",
        ),
        notice(
            NoticeKind::TooLarge,
            Level::Warning,
            "A file is larger than the bound on file size and was not analysed.",
            "Exclude the file, or raise the bound.",
        ),
        notice(
            NoticeKind::TooDeep,
            Level::Warning,
            "A file is nested too deep and was not analysed.",
            "Exclude the file.",
        ),
        notice(
            NoticeKind::Generated,
            Level::Note,
            "A file looks generated or minified and was not analysed.",
            "Analyse what it was generated from.",
        ),
        notice(
            NoticeKind::Unreadable,
            Level::Warning,
            "The operating system refused to read a file.",
            "Check the permissions of the file.",
        ),
        notice(
            NoticeKind::Internal,
            Level::Error,
            "The analysis of a file stopped because of a bug in caveat.",
            "Report the bug, with the file if possible.",
        ),
        dropped(
            "results-dropped",
            "There are more results than GitHub shows; the most severe were kept.",
            "Correct or silence some findings, or select fewer rules.",
        ),
        dropped(
            "notices-dropped",
            "There are more notices about files than are of use; the first were kept.",
            "Exclude the folders that are not source code.",
        ),
    ]
}

/// The entries for all kinds of notifications.
pub(super) fn notifications() -> Vec<Descriptor> {
    let descriptor = |kind: Kind| Descriptor {
        id: kind.name.to_owned(),
        name: name(kind.name, "Notice"),
        short_description: Text::plain(kind.what),
        full_description: Text::plain(kind.what),
        help: Text::plain(kind.todo),
        help_uri: None,
        default_configuration: Some(Configuration { level: kind.level }),
        relationships: Vec::new(),
        properties: None,
    };
    kinds().into_iter().map(descriptor).collect()
}

/// The numbers of all weaknesses that rules refer to, ascending.
pub(super) fn weaknesses(rules: &[Rule]) -> Vec<u32> {
    let numbers: BTreeSet<u32> = rules
        .iter()
        .flat_map(|rule| rule.cwe.iter().copied())
        .collect();
    numbers.into_iter().collect()
}

/// The taxonomy of weaknesses, where it stands among the run's.
pub(super) fn cwe_component() -> ComponentReference {
    ComponentReference {
        name: "CWE",
        index: 0,
    }
}

/// The taxonomy, with the weaknesses given.
pub(super) fn taxonomy(weaknesses: &[u32]) -> Taxonomy {
    Taxonomy {
        name: "CWE",
        version: cwe::VERSION,
        organization: "MITRE",
        information_uri: "https://cwe.mitre.org/data/index.html",
        is_comprehensive: false,
        short_description: Text::plain("The MITRE Common Weakness Enumeration."),
        taxa: weaknesses.iter().map(|&id| taxon(id)).collect(),
    }
}

fn taxon(id: u32) -> Descriptor {
    let name = cwe::name(id);
    Descriptor {
        id: format!("CWE-{id}"),
        name: pascal_case(common_name(&name)),
        short_description: Text::plain(sentence(&name)),
        full_description: Text::plain(sentence(&name)),
        help: Text::plain("See the entry of the weakness."),
        help_uri: Some(format!("https://cwe.mitre.org/data/definitions/{id}.html")),
        default_configuration: None,
        relationships: Vec::new(),
        properties: None,
    }
}

/// The name people use, which many official names give at their end: `... ('Path Traversal')`.
fn common_name(name: &str) -> &str {
    let quoted = name
        .strip_suffix("')")
        .and_then(|name| name.rsplit_once("('"));
    quoted.map_or(name, |(_, common)| common)
}

/// SARIF's number, up to 100, for how far to believe a finding.
pub(super) fn rank(confidence: Confidence) -> f64 {
    match confidence {
        Confidence::High => 90.0,
        Confidence::Medium => 50.0,
        Confidence::Low => 20.0,
    }
}
