//! `caveat rules`: all rules as a table, as JSON, or as the page docs/rules.md.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use caveat_engine::rule::Rule;
use serde::Serialize;

use crate::args::{RuleArgs, RulesArgs, RulesFormat};
use crate::explain::{languages, weaknesses};
use crate::report::{confidence_word, rule_url, severity_word};
use crate::ruleset::{self, Rules};
use crate::{output, selection};

/// Runs the command.
///
/// # Errors
/// When rules cannot be read, or a selector names nothing.
pub fn run(args: &RulesArgs) -> anyhow::Result<bool> {
    let warn = |message: &str| eprintln!("caveat: warning: {message}");
    let text = match (args.format, args.cost) {
        (RulesFormat::Table, true) => costs(&ruleset::load(&args.rules, &warn)?),
        (RulesFormat::Table, false) => table(&listed(&args.rules, &warn)?),
        (RulesFormat::Json, _) => json(&ruleset::load(&args.rules, &warn)?)?,
        (RulesFormat::Markdown, _) => markdown(&listed(&args.rules, &warn)?),
    };
    output::print(text.as_bytes())?;
    Ok(true)
}

fn listed(args: &RuleArgs, warn: &dyn Fn(&str)) -> anyhow::Result<Vec<Rule>> {
    let rules = ruleset::read_all(&args.rules, warn)?;
    let choices = selection::choose(&rules, args)?;
    let chosen = rules.into_iter().zip(choices);
    Ok(chosen
        .filter(|(_, choice)| choice.runs)
        .map(|(rule, _)| rule)
        .collect())
}

fn table(rules: &[Rule]) -> String {
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in rules {
        let cwe: Vec<_> = rule.cwe.iter().map(|n| format!("CWE-{n}")).collect();
        writeln!(
            text,
            "{:<width$}  {:<8}  {:<6}  {:<8}  {}",
            rule.id,
            severity_word(rule.severity),
            confidence_word(rule.confidence),
            cwe.first().map_or("", String::as_str),
            rule.summary
        )
        .expect("a String takes any text");
    }
    text
}

/// The triggers of each rule, once for languages that share one; what always runs comes first, for
/// it costs most.
fn costs(rules: &Rules) -> String {
    let mut shared: BTreeMap<(bool, &str, String), Vec<&str>> = BTreeMap::new();
    for (language, at, program) in rules.programs() {
        let trigger = rules.trigger(language, at);
        let words = match trigger.is_empty() {
            true => "always runs".to_owned(),
            false => trigger.join("; or "),
        };
        let id = rules.set.rule(program.rule).id.as_str();
        let key = (words != "always runs", id, words);
        shared.entry(key).or_default().push(language.name());
    }
    shared
        .iter()
        .map(|((_, id, words), languages)| format!("{id} ({}): {words}\n", languages.join(", ")))
        .collect()
}

#[derive(Serialize)]
struct JsonRule<'r> {
    id: &'r str,
    family: &'r str,
    summary: &'r str,
    severity: &'static str,
    confidence: &'static str,
    cwe: &'r [u32],
    languages: Vec<String>,
    since: &'r str,
    message: &'r str,
    why: &'r str,
    fix: &'r str,
    url: String,
    references: &'r [String],
    /// For each language, the alternatives of its trigger; none means that the rule always runs.
    triggers: BTreeMap<&'static str, Vec<String>>,
}

fn json(rules: &Rules) -> anyhow::Result<String> {
    let mut triggers: BTreeMap<u32, BTreeMap<&'static str, Vec<String>>> = BTreeMap::new();
    for (language, at, program) in rules.programs() {
        let of_rule = triggers.entry(program.rule).or_default();
        of_rule.insert(language.name(), rules.trigger(language, at));
    }
    let rows: Vec<JsonRule<'_>> = (0u32..)
        .zip(&rules.set.rules)
        .map(|(at, rule)| JsonRule {
            id: &rule.id,
            family: &rule.family,
            summary: &rule.summary,
            severity: severity_word(rule.severity),
            confidence: confidence_word(rule.confidence),
            cwe: &rule.cwe,
            languages: languages(rule),
            since: &rule.since,
            message: &rule.message,
            why: &rule.why,
            fix: &rule.fix,
            url: rule_url(rule),
            references: &rule.references,
            triggers: triggers.remove(&at).unwrap_or_default(),
        })
        .collect();
    Ok(serde_json::to_string_pretty(&rows)? + "\n")
}

/// The page docs/rules.md: a table of contents by family, then every rule.
pub fn markdown(rules: &[Rule]) -> String {
    let mut families: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for rule in rules {
        let family = match rule.family.as_str() {
            "" => "yours",
            family => family,
        };
        families.entry(family).or_default().push(rule);
    }
    let mut page = String::from(
        "# Rules\n\nWritten by `cargo xtask docs` from the rule files and their fixtures; \
         do not edit.\n",
    );
    for (family, rules) in &families {
        let rows = rules.iter().map(|rule| {
            format!(
                "| [`{id}`](#{id}) | {} | {} | {} |\n",
                severity_word(rule.severity),
                confidence_word(rule.confidence),
                cell(&rule.summary),
                id = rule.id
            )
        });
        let rows: String = rows.collect();
        page += &format!(
            "\n**{family}**\n\n| rule | severity | confidence | what it finds |\n\
             |---|---|---|---|\n{rows}"
        );
    }
    for rule in rules {
        page += &section(rule);
    }
    page
}

fn section(rule: &Rule) -> String {
    let mut text = format!(
        "\n## {}\n\n{}.\n\nSeverity {}, confidence {}, {}since {}.\n",
        rule.id,
        capital(&rule.summary),
        severity_word(rule.severity),
        confidence_word(rule.confidence),
        weaknesses(rule)
            .iter()
            .map(|it| format!("{it}, "))
            .collect::<String>(),
        rule.since
    );
    for words in [&rule.why, &rule.fix] {
        if !words.is_empty() {
            text += &format!("\n{}\n", words.trim());
        }
    }
    let examples = ruleset::examples(rule);
    let language = languages(rule).into_iter().next().unwrap_or_default();
    for (title, code) in [("Flagged", examples.bad), ("Fine", examples.good)] {
        if let Some(code) = code {
            let code = code.trim_end();
            text += &format!("\n{title}:\n\n````{language}\n{code}\n````\n");
        }
    }
    text
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars).collect()
}
