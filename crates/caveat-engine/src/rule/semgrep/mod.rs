//! Reads Semgrep's rule files, so that a user's rules run unchanged.
//!
//! Three ends are kept apart: a rule that runs, a rule that is sound but asks for something that
//! caveat does not do yet (named in `Loaded::skipped`), and a mistake in the file. It knows
//! Semgrep's spelling; what the operators mean is said in the rule format.
//!
//! Source of the format: Semgrep's documentation ("Rule syntax") and the rules people publish.

mod matching;
mod patterns;

use super::{
    Body, Confidence, Dialect, Formula, LanguageFormula, Loaded, Options, PathFilter, RegexRewrite,
    Rule, Severity, Skipped, StatedTriggers, YamlSpan,
    reader::{Reader, clip},
    yaml::{Map, Node, Value},
};

/// The version of Semgrep whose syntax is read, for `min-version` and `max-version`.
const LEVEL: [u32; 3] = [1, 182, 0];

/// Keys of a rule that are known. Those of the modes that are not supported are here too: they
/// are no mistake, the mode is what the rule is skipped for.
const KEYS: &[&str] = &[
    "id",
    "message",
    "severity",
    "languages",
    "metadata",
    "mode",
    "pattern",
    "patterns",
    "pattern-either",
    "pattern-regex",
    "match",
    "fix",
    "fix-regex",
    "paths",
    "options",
    "min-version",
    "max-version",
    "version",
    "taint",
    "pattern-sources",
    "pattern-sinks",
    "pattern-sanitizers",
    "pattern-propagators",
    "join",
    "extract",
    "dest-language",
    "dest-rules",
    "transform",
    "reduce",
    "steps",
    "validators",
    "dependencies",
    "product",
];

/// Keys that say what a search rule matches; a rule has one.
const BODIES: &[&str] = &[
    "pattern",
    "patterns",
    "pattern-either",
    "pattern-regex",
    "match",
];

const SEVERITIES: &[(&str, Severity)] = &[
    ("CRITICAL", Severity::Critical),
    ("HIGH", Severity::High),
    ("ERROR", Severity::High),
    ("MEDIUM", Severity::Medium),
    ("WARNING", Severity::Medium),
    ("LOW", Severity::Low),
    ("INFO", Severity::Low),
    ("INVENTORY", Severity::Low),
    ("EXPERIMENT", Severity::Low),
];

/// A rule while it is read.
struct RuleReader<'r, 'a> {
    reader: &'r mut Reader<'a>,
    /// What it asks for that is not supported.
    unsupported: Vec<String>,
    /// The versions of Semgrep it is for, if they are others than the one read here.
    other_version: Option<String>,
}

/// Reads the list under `rules:`.
pub(super) fn read(reader: &mut Reader<'_>, root: &Map, rules: &Node) -> Option<Loaded> {
    // Semgrep's own files carry other top-level keys at times (`missed`, comments as keys); only
    // a rule's keys there are a sign of a mistake, namely of indentation.
    for entry in root
        .entries
        .iter()
        .filter(|entry| KEYS.contains(&entry.key.as_str()))
    {
        let help = "indent it below its rule in `rules:`";
        reader.error_with_help(
            &entry.key_span,
            format!("`{}` is outside a rule", entry.key),
            help,
        );
    }
    let mut loaded = Loaded::default();
    if matches!(&rules.value, Value::List(items) if items.is_empty()) {
        return Some(loaded);
    }
    for node in reader.list(rules, "`rules`")? {
        RuleReader {
            reader: &mut *reader,
            unsupported: Vec::new(),
            other_version: None,
        }
        .rule(node, &mut loaded);
    }
    Some(loaded)
}

/// What the list of languages asks for.
#[derive(Default)]
struct Languages {
    /// Those to compile for.
    kept: Vec<&'static str>,
    /// `generic`, which is Semgrep's own and not supported yet.
    generic: bool,
    /// No language at all, as in `mode: join` and `mode: steps`.
    unstated: bool,
}

impl RuleReader<'_, '_> {
    fn rule(&mut self, node: &Node, loaded: &mut Loaded) {
        let Some(map) = self.reader.map(node, "a rule") else {
            return;
        };
        let Some(languages) = self.languages(node, map) else {
            return;
        };
        if languages.kept.is_empty() && !languages.generic && !languages.unstated {
            loaded.other_languages += 1;
            return;
        }
        let before = self.reader.error_count();
        let id = self.id(map);
        let rule = self.rule_of(&id, node, map, &languages);
        if self.reader.error_count() > before {
            return;
        }
        if languages.generic {
            self.unsupported("language `generic`");
        }
        loaded
            .rules
            .extend(rule.filter(|_| !languages.kept.is_empty()));
        if let Some(reason) = self.reason() {
            loaded.skipped.push(Skipped {
                rule_id: id,
                reason,
            });
        }
    }

    /// Why the rule, or a part of it, does not run.
    fn reason(&mut self) -> Option<String> {
        self.unsupported.dedup();
        let unsupported = match self.unsupported.as_slice() {
            [] => return self.other_version.take(),
            [only] => format!("{only} is"),
            [first @ .., last] => format!("{} and {last} are", first.join(", ")),
        };
        Some(format!("{unsupported} not supported yet"))
    }

    /// The languages, or `None` if the key is wrong. `mode: join` and `mode: steps` have none.
    fn languages(&mut self, node: &Node, map: &Map) -> Option<Languages> {
        let mut languages = Languages::default();
        let Some(names) = map.get("languages") else {
            languages.unstated = map.entry("mode").is_some();
            if !languages.unstated {
                self.reader.require(&node.span, map, &["languages"]);
            }
            return languages.unstated.then_some(languages);
        };
        for name in self.reader.list(names, "`languages`")? {
            match self
                .reader
                .text(name, "a language")?
                .to_ascii_lowercase()
                .as_str()
            {
                "generic" => languages.generic = true,
                name => {
                    let new = own_name(name).filter(|own| !languages.kept.contains(own));
                    languages.kept.extend(new);
                }
            }
        }
        Some(languages)
    }

    fn id(&mut self, map: &Map) -> String {
        let Some(node) = map.get("id") else {
            return String::new();
        };
        let id = self.reader.text(node, "`id`").unwrap_or_default();
        if !id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        {
            let message = format!(
                "`{}` is no id: it has letters, digits, `.`, `_`, `-`",
                clip(id)
            );
            self.reader.error(&node.span, message);
        }
        id.to_owned()
    }

    fn rule_of(&mut self, id: &str, node: &Node, map: &Map, found: &Languages) -> Option<Rule> {
        // A rule for a later version may have keys that are not known yet.
        if !self.runs_in_this_version(map) {
            return None;
        }
        let before = self.reader.error_count();
        self.check_rule_keys(map);
        if !self.supported_mode(map) {
            return None;
        }
        self.reader
            .require(&node.span, map, &["id", "message", "severity"]);
        let text = map
            .get("message")
            .and_then(|node| self.reader.text(node, "`message`"));
        let message = text.unwrap_or_default().trim().to_owned();
        let severity = map
            .get("severity")
            .and_then(|node| self.reader.choice(node, "`severity`", SEVERITIES));
        let paths = map
            .get("paths")
            .map(|node| self.paths(node))
            .unwrap_or_default();
        let options = map
            .get("options")
            .map(|node| self.options(node))
            .unwrap_or_default();
        let formula = self.body(node, map, before);
        let metadata = map.get("metadata").and_then(|node| match &node.value {
            Value::Map(map) => Some(map),
            _ => None,
        });
        let formula = formula.filter(|_| self.unsupported.is_empty())?;
        let formulas = found.kept.iter().map(|language| LanguageFormula {
            language: (*language).to_owned(),
            formula: formula.clone(),
        });
        Some(Rule {
            id: id.to_owned(),
            summary: first_sentence(&message),
            severity: severity?,
            confidence: confidence(metadata),
            cwe: cwe(metadata),
            since: String::new(),
            why: message.clone(),
            message,
            fix: String::new(),
            family: String::new(),
            references: metadata.map(references).unwrap_or_default(),
            in_tests: true,
            unless_constant: false,
            paths,
            triggers: StatedTriggers::default(),
            body: Body::Match(formulas.collect()),
            flows: Vec::new(),
            options,
            dialect: Dialect::Semgrep,
            file: self.reader.file().to_owned(),
            span: node.span.clone(),
        })
    }

    /// Notes what the rule asks for that cannot be done.
    fn unsupported(&mut self, what: impl Into<String>) {
        self.unsupported.push(what.into());
    }

    fn check_rule_keys(&mut self, map: &Map) {
        for entry in &map.entries {
            if is_internal(&entry.key) {
                self.unsupported(format!("`{}`", entry.key));
            } else if !KEYS.contains(&entry.key.as_str()) {
                self.reader
                    .unknown(&entry.key_span, "key", &entry.key, KEYS);
            }
        }
    }

    fn supported_mode(&mut self, map: &Map) -> bool {
        let mode = map
            .get("mode")
            .and_then(|node| self.reader.text(node, "`mode`"));
        let mode = match mode {
            Some("search") | None if map.entry("taint").is_some() => "taint",
            Some("search") | None => return true,
            Some(mode @ ("taint" | "extract" | "join" | "steps")) => mode,
            Some(other) => {
                if let Some(node) = map.get("mode") {
                    self.reader
                        .unknown(&node.span, "value", other, &["search", "taint"]);
                }
                return false;
            }
        };
        self.unsupported(format!("`mode: {mode}`"));
        false
    }

    /// Whether the rule is for Semgrep of the version whose syntax is read here.
    fn runs_in_this_version(&mut self, map: &Map) -> bool {
        let minimum = map.get("min-version").and_then(|node| self.version(node));
        let maximum = map.get("max-version").and_then(|node| self.version(node));
        if minimum.is_some_and(|minimum| minimum > LEVEL) {
            self.other_version = Some("for a Semgrep after 1.182 (`min-version`)".to_owned());
            return false;
        }
        if maximum.is_some_and(|maximum| maximum < LEVEL) {
            self.other_version = Some("for a Semgrep before 1.182 (`max-version`)".to_owned());
            return false;
        }
        true
    }

    fn version(&mut self, node: &Node) -> Option<[u32; 3]> {
        let text = self.reader.text(node, "a version")?;
        let mut version = [0; 3];
        let mut parts = text.split('.');
        for (number, part) in version.iter_mut().zip(&mut parts) {
            match part.parse() {
                Ok(parsed) => *number = parsed,
                Err(_) => {
                    self.reader
                        .error(&node.span, format!("`{}` is not a version", clip(text)));
                    return None;
                }
            }
        }
        Some(version)
    }

    /// The formula of a search rule, with the rule's fix on it. `before` is the number of mistakes
    /// before the rule: an unknown key is likely the body, misspelt.
    fn body(&mut self, node: &Node, map: &Map, before: usize) -> Option<Formula> {
        let mut bodies = map
            .entries
            .iter()
            .filter(|entry| BODIES.contains(&entry.key.as_str()));
        let body = bodies.next();
        if let Some(second) = bodies.next() {
            let message = format!("`{}` is a second body of the rule", second.key);
            let help = "put both under `patterns` (all hold) or `pattern-either` (one holds)";
            self.reader.error_with_help(&second.key_span, message, help);
        }
        let Some(entry) = body else {
            if self.unsupported.is_empty() && self.reader.error_count() == before {
                let help =
                    "add `pattern`, `patterns`, `pattern-either`, `pattern-regex` or `match`";
                self.reader
                    .error_with_help(&node.span, "the rule matches nothing", help);
            }
            return None;
        };
        let mut formula = match entry.key.as_str() {
            "match" => self.new_formula(&entry.value)?,
            _ => self.operator(entry)?,
        };
        patterns::require_positive(self.reader, &formula);
        formula.with.rewrite = map
            .get("fix")
            .and_then(|node| self.reader.text(node, "`fix`"))
            .map(|text| text.trim_end_matches('\n').to_owned());
        formula.with.rewrite_regex = map.get("fix-regex").and_then(|node| self.fix_regex(node));
        Some(formula)
    }

    fn fix_regex(&mut self, node: &Node) -> Option<RegexRewrite> {
        let map = self.reader.map(node, "`fix-regex`")?;
        self.reader
            .check_keys(map, &["regex", "replacement", "count"]);
        self.reader
            .require(&node.span, map, &["regex", "replacement"]);
        let regex = self.reader.text(map.get("regex")?, "`regex`")?.to_owned();
        // An empty replacement deletes, so it is not asked for as text.
        let replacement = match &map.get("replacement")?.value {
            Value::Scalar(scalar) => scalar.text.clone(),
            _ => self
                .reader
                .text(map.get("replacement")?, "`replacement`")?
                .to_owned(),
        };
        let count = map
            .get("count")
            .and_then(|node| self.reader.integer(node, "`count`"));
        // Python's `re.sub` takes 0 as "all", as does Semgrep.
        let count = count
            .and_then(|count| usize::try_from(count).ok())
            .filter(|count| *count > 0);
        Some(RegexRewrite {
            regex,
            replacement,
            count,
        })
    }

    fn paths(&mut self, node: &Node) -> PathFilter {
        let Some(map) = self.reader.map(node, "`paths`") else {
            return PathFilter::default();
        };
        self.reader.check_keys(map, &["include", "exclude"]);
        let mut globs = |key: &str, what: &str| {
            map.get(key)
                .map(|node| self.reader.texts(node, what))
                .unwrap_or_default()
        };
        PathFilter {
            include: globs("include", "`include`"),
            exclude: globs("exclude", "`exclude`"),
        }
    }

    /// The options that matter here. The others steer languages and modes that are not read, or
    /// are newer than this reader: neither is a mistake.
    fn options(&mut self, node: &Node) -> Options {
        let mut options = Options::default();
        let Some(map) = self.reader.map(node, "`options`") else {
            return options;
        };
        for entry in &map.entries {
            let option = match entry.key.as_str() {
                "constant_propagation" => &mut options.constant_propagation,
                "symbolic_propagation" => &mut options.symbolic_propagation,
                "ac_matching" => &mut options.ac_matching,
                "commutative_boolop" => &mut options.commutative_boolop,
                "implicit_deep_exprstmt" => &mut options.implicit_deep_exprstmt,
                _ => continue,
            };
            if let Some(value) = self
                .reader
                .boolean(&entry.value, &format!("`{}`", entry.key))
            {
                *option = value;
            }
        }
        options
    }
}

/// caveat's name of a language of Semgrep's, if caveat reads it. `regex` and `none` are rules
/// of regular expressions over any text.
fn own_name(name: &str) -> Option<&'static str> {
    match name {
        "python" | "py" | "python2" | "python3" => Some("python"),
        "rust" | "rs" => Some("rust"),
        "regex" | "none" => Some("text"),
        _ => None,
    }
}

/// Keys that Semgrep keeps for itself.
fn is_internal(key: &str) -> bool {
    key.starts_with("r2c-internal-") || key.starts_with("semgrep-internal-")
}

/// The text up to its first full stop or line break; Semgrep has no summary.
fn first_sentence(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let end = line.find(". ").unwrap_or(line.len());
    line[..end].trim_end_matches('.').to_owned()
}

/// A metadata value's texts. Metadata is free, so nothing about it is a mistake.
fn metadata_texts<'m>(metadata: &'m Map, key: &str) -> Vec<&'m str> {
    let text = |node: &'m Node| match &node.value {
        Value::Scalar(scalar) if !scalar.is_null() => Some(scalar.text.as_str()),
        _ => None,
    };
    match metadata.get(key) {
        Some(Node {
            value: Value::List(items),
            ..
        }) => items.iter().filter_map(text).collect(),
        Some(node) => text(node).into_iter().collect(),
        None => Vec::new(),
    }
}

fn confidence(metadata: Option<&Map>) -> Confidence {
    let stated = metadata
        .map(|m| metadata_texts(m, "confidence"))
        .unwrap_or_default();
    match stated
        .first()
        .map(|text| text.to_ascii_uppercase())
        .as_deref()
    {
        Some("HIGH") => Confidence::High,
        Some("LOW") => Confidence::Low,
        _ => Confidence::Medium,
    }
}

/// Numbers of `CWE-89: ...`.
fn cwe(metadata: Option<&Map>) -> Vec<u32> {
    let texts = metadata
        .map(|m| metadata_texts(m, "cwe"))
        .unwrap_or_default();
    texts.iter().filter_map(|text| cwe_number(text)).collect()
}

fn cwe_number(text: &str) -> Option<u32> {
    let text = text.trim();
    let text = text
        .strip_prefix("CWE-")
        .or_else(|| text.strip_prefix("cwe-"))
        .unwrap_or(text);
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text[..digits].parse().ok()
}

/// Links, and names that other tools give the rule.
fn references(metadata: &Map) -> Vec<String> {
    let keys = [
        "references",
        "source",
        "source-rule-url",
        "bandit-code",
        "owasp",
    ];
    keys.iter()
        .flat_map(|key| metadata_texts(metadata, key))
        .map(str::to_owned)
        .collect()
}

/// The span and a formula without overrides.
fn plain(op: super::Op, span: &YamlSpan) -> Formula {
    Formula {
        op,
        span: span.clone(),
        with: super::Overrides::default(),
    }
}
