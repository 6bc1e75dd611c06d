//! `caveat explain`: one rule in words.

use std::fmt::Write as _;

use anyhow::bail;
use caveat_engine::rule::{Body, Rule};

use crate::args::ExplainArgs;
use crate::report::{confidence_word, cwe, rule_url, severity_word};
use crate::{output, ruleset, selection};

/// Runs the command.
///
/// # Errors
/// When there is no such rule, or rules cannot be read.
pub fn run(args: &ExplainArgs) -> anyhow::Result<bool> {
    let rules = ruleset::read_all(&args.rules, &|_| {})?;
    let Some(rule) = rules.iter().find(|rule| rule.id == args.rule) else {
        match selection::closest(&rules, &args.rule) {
            Some(name) => bail!("there is no rule `{}`: did you mean `{name}`?", args.rule),
            None => bail!(
                "there is no rule `{}`; `caveat rules` lists them",
                args.rule
            ),
        }
    };
    output::print(page(rule).as_bytes())?;
    Ok(true)
}

fn page(rule: &Rule) -> String {
    let mut page = format!("{}: {}\n", rule.id, rule.summary);
    let mut fact = |name: &str, text: &str| {
        if !text.is_empty() {
            writeln!(page, "  {name:<11}{text}").expect("a String takes any text");
        }
    };
    fact("severity", severity_word(rule.severity));
    fact("confidence", confidence_word(rule.confidence));
    fact("languages", &languages(rule).join(", "));
    fact("CWE", &weaknesses(rule).join("; "));
    fact("since", &rule.since);
    let mut section = |name: &str, text: &str| {
        if !text.trim().is_empty() {
            let lines = text.trim_end().lines().map(|line| format!("  {line}"));
            let lines: Vec<_> = lines.map(|line| line.trim_end().to_owned()).collect();
            write!(page, "\n{name}\n{}\n", lines.join("\n")).expect("a String takes any text");
        }
    };
    section("Why it matters", &rule.why);
    section("What to do", &rule.fix);
    let examples = ruleset::examples(rule);
    section("Flagged", examples.bad.as_deref().unwrap_or(""));
    section("Fine", examples.good.as_deref().unwrap_or(""));
    section("How sure it is", how_sure(rule));
    section("How to silence it", &silence(rule));
    section("More", &rule_url(rule));
    page
}

fn how_sure(rule: &Rule) -> &'static str {
    use caveat_engine::rule::Confidence;
    match rule.confidence {
        Confidence::High => "Nearly every finding is right.",
        Confidence::Medium => "More findings are right than wrong.",
        Confidence::Low => {
            "Findings are places to look at. They are hidden unless `--min-confidence low` or \
             `--extend-select` asks for them."
        }
    }
}

/// How to keep the rule quiet, with the comments of its languages.
fn silence(rule: &Rule) -> String {
    let id = &rule.id;
    let comment = match languages(rule).as_slice() {
        [only] if only == "rust" => "//",
        _ => "#",
    };
    format!(
        "On the line, or alone on the line above, with the reason:\n\
         {comment} caveat: ignore[{id}] the reason\n\
         For a whole run: caveat scan --ignore {id}"
    )
}

/// The languages of a rule; none for an analysis, which has its own idea of them.
pub fn languages(rule: &Rule) -> Vec<String> {
    let mut languages: Vec<String> = match &rule.body {
        Body::Match(formulas) => formulas.iter().map(|it| it.language.clone()).collect(),
        Body::Check(_) => return Vec::new(),
    };
    for language in rule.flows.iter().flat_map(|flow| &flow.languages) {
        if !languages.contains(language) {
            languages.push(language.clone());
        }
    }
    languages
}

/// `CWE-295: Improper Certificate Validation`, for each of a rule's.
pub fn weaknesses(rule: &Rule) -> Vec<String> {
    let weaknesses = rule.cwe.iter().map(|&number| {
        let (name, short) = (cwe::name(number), format!("CWE-{number}"));
        if name == short {
            short
        } else {
            format!("{short}: {name}")
        }
    });
    weaknesses.collect()
}
