//! Imports of code that lead to names nobody knows: a quick look at the lines of a file, then a
//! careful one at the statements that remain.

use caveat_parser::skeleton::{ImportKind, Skeleton};
use caveat_parser::{Language, Span};

use super::{known, nearest};

/// Names that stand for any name.
const PLACEHOLDERS: &[&str] = &[
    "foo",
    "bar",
    "baz",
    "qux",
    "quux",
    "spam",
    "ham",
    "eggs",
    "mymodule",
    "my_module",
    "mypackage",
    "my_package",
    "mypkg",
    "my_app",
    "myapp",
    "myproject",
    "my_project",
    "some_module",
    "somemodule",
    "some_package",
    "somepackage",
    "your_module",
    "yourmodule",
    "your_package",
    "your_app",
    "yourapp",
    "my_crate",
    "mycrate",
    "some_crate",
    "your_crate",
    "module_name",
    "package_name",
];

/// An import whose top name is in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The top name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// The statement.
    pub statement: Span,
    /// The code can do without it: it stands in a `try`, a branch, or is for type checkers. Rust:
    /// a macro or a glob import may bring it.
    pub optional: bool,
}

/// Top names of Python imports that are in doubt, without a look at the syntax: lines of strings
/// may look like imports, too.
pub fn python_suspects(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for at in memchr::memmem::find_iter(text.as_bytes(), b"import ") {
        let line_start = text[..at].rfind('\n').map_or(0, |found| found + 1);
        let before = text[line_start..at].trim_start();
        let doubted = match before.strip_prefix("from ") {
            Some(module) => vec![module.trim()],
            None if before.is_empty() => {
                let rest = text[at + "import ".len()..].lines().next().unwrap_or("");
                rest.split('#').next().unwrap_or("").split(',').collect()
            }
            None => continue,
        };
        for module in doubted {
            let name = module
                .trim()
                .split(['.', ' ', ';', '\\'])
                .next()
                .unwrap_or("");
            if is_doubtful(name) && !found.iter().any(|known| known == name) {
                found.push(name.to_owned());
            }
        }
    }
    found
}

fn is_doubtful(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.starts_with('_') || !name.chars().all(plain) {
        return false;
    }
    if known::standard_module(name).is_some() || PLACEHOLDERS.contains(&name) {
        return false;
    }
    let folded = known::folded(name);
    if known::popular().rank(&folded).is_some() {
        return false;
    }
    !known::is_python_module(name) || nearest::looks_like(&folded).is_some()
}

/// Top names of crates in `use` declarations that no list has.
pub fn rust_suspects(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for at in memchr::memmem::find_iter(text.as_bytes(), b"use ") {
        let line_start = text[..at].rfind('\n').map_or(0, |found| found + 1);
        let before = text[line_start..at].trim();
        if !(before.is_empty() || before.starts_with("pub")) {
            continue;
        }
        let rest = text[at + "use ".len()..].trim_start_matches("::");
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let name = &rest[..end];
        if rest[end..].starts_with("::") && is_doubtful_crate(name) {
            let name = name.to_owned();
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

fn is_doubtful_crate(name: &str) -> bool {
    let lower = name.starts_with(|c: char| c.is_ascii_lowercase());
    let keyword = matches!(name, "crate" | "self" | "super" | "std" | "core" | "alloc");
    lower && !keyword && !PLACEHOLDERS.contains(&name) && !known::is_crate(name)
}

/// The imports of a text whose top name is one of those in doubt: the first of each name.
pub fn imports(language: Language, text: &str, doubted: &[String]) -> Vec<Import> {
    let Some(read) = language.definition().skeleton else {
        return Vec::new();
    };
    let skeleton = read(text);
    let is_python = language.name() == "python";
    let mut kinds = skeleton.imports.iter().map(|import| import.kind);
    let may_be_brought = kinds.any(|kind| kind == ImportKind::Glob)
        || ["include!", "include_proto!", "include_bytes!"]
            .iter()
            .any(|it| text.contains(it));
    let mut found: Vec<Import> = Vec::new();
    for import in &skeleton.imports {
        let Some(&span) = skeleton.path(import).first() else {
            continue;
        };
        let name = span.text(text);
        if import.level > u16::from(!is_python) || !doubted.iter().any(|known| known == name) {
            continue;
        }
        let optional = match is_python {
            true => import.type_checking || is_optional(text, import.statement),
            false => import.public || may_be_brought,
        };
        match found.iter_mut().find(|known| known.name == name) {
            // One import that must succeed is enough.
            Some(known) if known.optional && !optional => {
                (known.span, known.statement, known.optional) = (span, import.statement, false);
            }
            Some(_) => {}
            None => found.push(Import {
                name: name.to_owned(),
                span,
                statement: import.statement,
                optional,
            }),
        }
    }
    if !is_python {
        found.retain(|import| !is_bound(&skeleton, text, &import.name));
    }
    found
}

/// Whether something in the file binds the name, so that a path may begin with it.
fn is_bound(skeleton: &Skeleton, text: &str, name: &str) -> bool {
    let by_item = skeleton
        .items
        .iter()
        .any(|item| item.name.text(text) == name);
    by_item
        || skeleton.imports.iter().any(|import| {
            let path = skeleton.path(import);
            let bound = import.alias.or(path.last().copied());
            let behind =
                path.len() > 1 || import.alias.is_some() || import.kind == ImportKind::Crate;
            behind && bound.is_some_and(|span| span.text(text) == name)
        })
}

/// Whether a statement stands below a `try` or in a branch, told from indentation.
fn is_optional(text: &str, statement: Span) -> bool {
    let start = statement.start as usize;
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let mut depth = indent(&text[line_start..]);
    let mut same_line = text[line_start..start].trim();
    same_line = same_line.trim_end_matches(';');
    if same_line.ends_with(':') && same_line.starts_with("try") {
        return true;
    }
    for line in text[..line_start].lines().rev() {
        if depth == 0 {
            return false;
        }
        let body = line.trim();
        if body.is_empty() || body.starts_with('#') || indent(line) >= depth {
            continue;
        }
        depth = indent(line);
        let word = body.split([' ', ':', '(']).next().unwrap_or("");
        let main = body.starts_with("if __name__");
        if !main
            && matches!(
                word,
                "try" | "except" | "else" | "elif" | "if" | "with" | "case"
            )
        {
            return true;
        }
    }
    false
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_look() {
        let text = "import os, nosuchmodx\nfrom nosuchmody.a import b\n  import nosuchmodz as q # import w\n\
                    from . import x\nfrom .nosuch import y\nimportant = 1\n>>> import nosuchmodv\n";
        assert_eq!(
            python_suspects(text),
            ["nosuchmodx", "nosuchmody", "nosuchmodz"]
        );
        let text = "use std::io;\npub use nosuchcrate_x::Y;\nuse crate::a;\nuse serde::D;\n// use it for\nuse Kind::*;\n";
        assert_eq!(rust_suspects(text), ["nosuchcrate_x"]);
    }

    #[test]
    fn optional() {
        let check = |text: &str, expected| {
            let python = Language::from_name("python").expect("there is Python");
            let found = imports(python, text, &["nosuch".to_owned()]);
            assert_eq!(found[0].optional, expected, "{text}");
        };
        check("import nosuch\n", false);
        check(
            "try:\n    import nosuch\nexcept ImportError:\n    nosuch = None\n",
            true,
        );
        check("def f():\n    import nosuch\n", false);
        check(
            "def f():\n    try:\n        # x\n        import nosuch\n    except Exception: pass\n",
            true,
        );
        check(
            "try:\n    import nosuch\nexcept E: pass\nimport nosuch\n",
            false,
        );
        check("if __name__ == '__main__':\n    import nosuch\n", false);
    }
}
