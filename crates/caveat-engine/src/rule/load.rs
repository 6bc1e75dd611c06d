//! The door to the readers: finds out whose dialect a file is in and reads it.

use super::{Rule, RuleError, native, reader::Reader, semgrep, yaml};

/// What a file gave.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The rules that will run, in the order of the file.
    pub rules: Vec<Rule>,
    /// The rules, or parts of rules, that cannot run.
    pub skipped: Vec<Skipped>,
    /// How many Semgrep rules are only for languages that caveat does not read.
    pub other_languages: usize,
}

/// A Semgrep rule that is well formed but asks for something that is not supported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The rule's id.
    pub rule_id: String,
    /// What it asks for, such as "`mode: taint` is not supported yet".
    pub reason: String,
}

/// Reads a rule file: Semgrep's if it has a list `rules:`, else one native rule.
///
/// `file` is only a name for messages.
///
/// # Errors
/// All the mistakes of the file, in its order.
pub fn load(file: &str, text: &str) -> Result<Loaded, Vec<RuleError>> {
    let root = yaml::parse(file, text)?;
    let mut reader = Reader::new(file);
    let loaded = match &root.value {
        yaml::Value::Map(map) => match map.get("rules") {
            Some(rules) => semgrep::read(&mut reader, map, rules),
            None => native::read(&mut reader, &root).map(|rule| Loaded {
                rules: vec![rule],
                ..Loaded::default()
            }),
        },
        _ => {
            let help = "a rule file is a mapping with `id:`, or with Semgrep's list `rules:`";
            reader.error_with_help(&root.span, "this is not a rule", help);
            None
        }
    };
    reader.finish(loaded)
}

/// Reads one of caveat's own rules, at `<family>/<rule-id>.yaml`.
///
/// # Errors
/// All the mistakes of the file, or that its name is not its id.
pub fn load_embedded(path: &str, text: &str) -> Result<Rule, Vec<RuleError>> {
    let root = yaml::parse(path, text)?;
    let mut reader = Reader::new(path);
    let mut rule = native::read(&mut reader, &root);
    let (family, name) = path.rsplit_once('/').unwrap_or(("", path));
    if let Some(rule) = &mut rule {
        family.clone_into(&mut rule.family);
        if name.strip_suffix(".yaml") != Some(&rule.id) {
            let message = format!("the file must be named `{}.yaml` after the rule", rule.id);
            reader.error(&root.span, message);
        }
    }
    reader.finish(rule)
}
