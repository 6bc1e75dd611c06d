//! Which rules run: `--select`, `--ignore` and `--extend-select` against the rules there are.

use std::fmt::Write as _;

use anyhow::bail;
use caveat_engine::rule::Rule;
use globset::{Glob, GlobMatcher};

use crate::args::RuleArgs;

/// How alike two names must be for one to be offered in place of the other, of 1.
const ALIKE: f64 = 0.8;

/// A verdict per rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// It runs.
    pub runs: bool,
    /// It was asked for by `--extend-select`, so its findings are shown at every confidence.
    pub at_every_confidence: bool,
}

/// The verdict for each of `rules`.
///
/// # Errors
/// When a selector names nothing; all such selectors are in the message.
pub fn choose(rules: &[Rule], args: &RuleArgs) -> anyhow::Result<Vec<Choice>> {
    let mut unknown = String::new();
    let mut read = |texts: &[String]| -> Vec<Selector> {
        let all = texts.iter().map(|text| text.trim());
        let selectors = all.filter(|text| !text.is_empty()).map(Selector::new);
        let mut known = Vec::new();
        for selector in selectors {
            if rules.iter().any(|rule| selector.names(rule)) {
                known.push(selector);
            } else {
                let hint = hint(rules, &selector);
                write!(unknown, "\n  `{}`{hint}", selector.text).expect("a String takes any text");
            }
        }
        known
    };
    let select = read(&args.select);
    let ignore = read(&args.ignore);
    let extend = read(&args.extend_select);
    if !unknown.is_empty() {
        bail!("no rule is named so (`caveat rules` lists them):{unknown}");
    }
    let named = |selectors: &[Selector], rule| selectors.iter().any(|it| it.names(rule));
    Ok(rules
        .iter()
        .map(|rule| {
            let extended = named(&extend, rule);
            let selected = select.is_empty() || named(&select, rule) || extended;
            Choice {
                runs: selected && !named(&ignore, rule),
                at_every_confidence: extended,
            }
        })
        .collect())
}

/// One word of a selection.
struct Selector {
    text: String,
    what: What,
}

enum What {
    All,
    Cwe(u32),
    Glob(GlobMatcher),
    /// An id or a family.
    Name,
}

impl Selector {
    fn new(text: &str) -> Self {
        let cwe = text
            .get(..4)
            .filter(|head| head.eq_ignore_ascii_case("cwe-"));
        let number = cwe.and_then(|_| text[4..].parse().ok());
        let glob = || Glob::new(text).ok().map(|glob| glob.compile_matcher());
        let what = match number {
            _ if text.eq_ignore_ascii_case("all") => What::All,
            Some(number) => What::Cwe(number),
            None if text.contains(['*', '?', '[', '{']) => glob().map_or(What::Name, What::Glob),
            None => What::Name,
        };
        Selector {
            text: text.to_owned(),
            what,
        }
    }

    fn names(&self, rule: &Rule) -> bool {
        match &self.what {
            What::All => true,
            What::Cwe(number) => rule.cwe.contains(number),
            What::Glob(glob) => glob.is_match(&rule.id),
            What::Name => self.text == rule.id || self.text == rule.family,
        }
    }
}

fn hint(rules: &[Rule], selector: &Selector) -> String {
    match selector.what {
        What::Name => closest(rules, &selector.text)
            .map(|name| format!(": did you mean `{name}`?"))
            .unwrap_or_default(),
        _ => String::new(),
    }
}

/// The rule or family whose name is most like `written`, if any is.
pub fn closest<'r>(rules: &'r [Rule], written: &str) -> Option<&'r str> {
    let names = rules
        .iter()
        .flat_map(|rule| [rule.id.as_str(), &rule.family]);
    names
        .map(|name| (strsim::jaro_winkler(name, written), name))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
