//! Uses of what a standard module of Python does not have, in no version: a quick look at the
//! words of a file, then, where it finds some, the syntax tree.

use caveat_parser::lang::Role;
use caveat_parser::{Code, Language, Names, Parsers, Span};

use super::{known, nearest, source};
use crate::context;

/// Dotted names (`os.path.nothing`) that a file seems to use and no standard module has.
pub(super) fn suspects(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for at in memchr::memmem::find_iter(text.as_bytes(), b"import ") {
        let start = text[..at].rfind('\n').map_or(0, |found| found + 1);
        let before = text[start..at].trim_start();
        let rest = &text[at + "import ".len()..];
        if let Some(module) = before.strip_prefix("from ") {
            from_module(module.trim(), rest, &mut found);
        } else if before.is_empty() {
            let line = rest.lines().next().unwrap_or("");
            for part in line.split('#').next().unwrap_or("").split([',', ';']) {
                module(part, text, &mut found);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// `from MODULE import a, b as c`.
fn from_module(module: &str, names: &str, found: &mut Vec<String>) {
    let Some(known) = listed(module) else { return };
    let names = match names.trim_start().strip_prefix('(') {
        Some(inner) => inner.split(')').next().unwrap_or(""),
        None => names.lines().next().unwrap_or(""),
    };
    for line in names.lines() {
        for part in line.split('#').next().unwrap_or("").split(',') {
            let name = part.split_whitespace().next().unwrap_or("");
            if is_missing(module, known, name) {
                found.push([module, name].join("."));
            }
        }
    }
}

/// `import MODULE` and `import MODULE as NAME`: the attributes that the text reads of it.
fn module(import: &str, text: &str, found: &mut Vec<String>) {
    let mut words = import.split_whitespace();
    let (Some(module), third) = (words.next(), words.nth(1)) else {
        return;
    };
    let (module, bound) = match third {
        Some(alias) => (module, alias),
        None => {
            let top = module.split('.').next().unwrap_or(module);
            (top, top)
        }
    };
    let Some(known) = listed(module) else { return };
    let prefix = [bound, "."].concat();
    for at in memchr::memmem::find_iter(text.as_bytes(), prefix.as_bytes()) {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '\'' | '`'))
        {
            continue;
        }
        let name = word(&text[at + prefix.len()..]);
        if is_missing(module, known, name) {
            found.push([module, name].join("."));
        } else if let inner = [module, name].join(".")
            && let Some(known) = listed(&inner)
            && let Some(rest) = text[at + prefix.len() + name.len()..].strip_prefix('.')
            && is_missing(&inner, known, word(rest))
        {
            found.push([&inner, word(rest)].join("."));
        }
    }
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

/// The public names of a standard module of which there is a list.
fn listed(module: &str) -> Option<&'static str> {
    // What a new version of the language brings there is not read from the list.
    let names = known::standard_module(module).filter(|_| module != "__future__");
    names.filter(|names| names.contains(' '))
}

fn is_missing(module: &str, known: &str, name: &str) -> bool {
    let public = name.starts_with(|c: char| c.is_ascii_alphabetic());
    // Levels are added by programs; abstract classes once stood in both modules.
    let added = module == "logging" && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let moved = known::standard_module(&[module, "abc"].join("."));
    let moved = moved.is_some_and(|names| names.split(' ').any(|known| known == name));
    public
        && !added
        && !moved
        && name.is_ascii()
        && !known.split(' ').any(|known| known == name)
        && known::standard_module(&[module, name].join(".")).is_none()
}

/// Where code uses the dotted names, if nothing in the file asks whether they are there.
pub(super) fn uses(path: &str, text: &str, names: &[String]) -> Vec<(String, Span)> {
    let asked = |name: &&String| {
        let (module, last) = name.rsplit_once('.').unwrap_or(("", name));
        let is_set = [
            &format!("{module}.{last} ="),
            &format!("\"{last}\""),
            &format!("'{last}'"),
        ]
        .iter()
        .any(|form| text.contains(form.as_str()));
        name.contains('.') && !is_set
    };
    let wanted: Vec<&String> = names.iter().filter(asked).collect();
    let python = Language::from_name("python");
    let (false, Some(language)) = (wanted.is_empty(), python) else {
        return Vec::new();
    };
    let Some(arena) = Parsers::default().parse(language, text, None) else {
        return Vec::new();
    };
    let code = Code {
        arena: &arena,
        text,
    };
    let module = context::module_path(path);
    let names = Names::new(code, &module);
    let mut found = imported(language, text, &wanted);
    let reads = arena
        .ids()
        .filter(|&node| arena.role(node) == Role::Attribute);
    for node in reads {
        let Some(resolved) = names.resolve(node) else {
            continue;
        };
        let path = resolved.path.join(".");
        let span = arena.span(node);
        let known = |(other, place): &(String, Span)| *other == path && place.contains(span);
        let base = span.text(text).split('.').next().unwrap_or("").trim();
        let optional = || {
            source::is_optional(text, span) || context::is_dead(&names, node) || is_bare(text, base)
        };
        if wanted.contains(&&path) && !found.iter().any(known) && !optional() {
            found.push((path, span));
        }
    }
    found
}

/// Whether the text has the name other than in front of a dot and in imports: something else may be
/// bound to it.
fn is_bare(text: &str, name: &str) -> bool {
    let is_name = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = &text[at + name.len()..];
        let whole = !is_name(before) && before != Some('.') && !is_name(after.chars().next());
        if !whole || after.starts_with('.') {
            return false;
        }
        let start = text[..at].rfind('\n').map_or(0, |found| found + 1);
        let line = text[start..].lines().next().unwrap_or("");
        let head = &text[start..at];
        !line.trim_start().starts_with("import ")
            && !line.trim_start().starts_with("from ")
            && !head.contains(['#', '"', '\''])
    })
}

/// Imports of the names.
fn imported(language: Language, text: &str, wanted: &[&String]) -> Vec<(String, Span)> {
    let Some(read) = language.definition().skeleton else {
        return Vec::new();
    };
    let skeleton = read(text);
    let mut found = Vec::new();
    for import in skeleton.imports.iter().filter(|import| import.level == 0) {
        let path = skeleton.path(import);
        let parts: Vec<&str> = path.iter().map(|span| span.text(text)).collect();
        let name = parts.join(".");
        if let Some(&last) = path.last()
            && wanted.contains(&&name)
            && !import.type_checking
            && !source::is_optional(text, import.statement)
        {
            found.push((name, last));
        }
    }
    found
}

/// The name of the module that one it does not have is near to.
pub(super) fn meant(module: &str, name: &str) -> Option<&'static str> {
    let known = listed(module)?;
    let mut names = known.split(' ');
    names.find(|known| nearest::is_near(name, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_look() {
        let text = "import os, json as j\nimport os.path\nfrom time import sleep, nap\nfrom math import (\n  pi,\n  tau2,  # x\n)\n\
                    os.path.join(a)\nos.path.joyn(a)\nos.getcwd()\nj.dump_string(x)\nself.os.nothing\nos.environ.get\n";
        assert_eq!(
            suspects(text),
            ["json.dump_string", "math.tau2", "os.path.joyn", "time.nap"]
        );
    }

    #[test]
    fn careful_look() {
        let check = |text: &str, expected: usize| {
            let found = uses("a.py", text, &suspects(text));
            assert_eq!(found.len(), expected, "{text}");
        };
        check("import os\nos.nosuch()\n", 1);
        check("from time import nap\nnap()\n", 1);
        check("import os\ndef f(os):\n    os.nosuch()\n", 0);
        check(
            "import copy\ndef f(self):\n    copy = self.copy()\n    copy.nosuch()\n",
            0,
        );
        check("import os\n# os.nosuch\nx = 'see os.nosuch'\n", 0);
        check(
            "import os\ntry:\n    os.nosuch()\nexcept AttributeError:\n    pass\n",
            0,
        );
        check("import os\nif hasattr(os, 'nosuch'):\n    os.nosuch()\n", 0);
        check("import os\nos.nosuch = 1\nos.nosuch\n", 0);
    }
}
