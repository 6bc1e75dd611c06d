//! How Rust finds modules and crates, and what a path in one means.
//!
//! The module tree is walked from a crate's first file down, by its `mod` items; up, from a file
//! to its crate, only the layout of folders is looked at, so a file that `#[path]` moved finds no
//! crate. Crates are known by their manifests and by the folders that Cargo looks in. Visibility
//! only matters to glob imports: code is taken to compile.

use crate::link::{Definition, DefinitionId, FileId, Imported, Linkage, Outline, Project, Search};
use crate::link::{Target, Tops, join, owned, parent};
use crate::skeleton::{ImportKind, Item, ItemKind};

/// Names across files in Rust.
pub const LINKAGE: Linkage = Linkage {
    describe,
    tops: libraries,
    resolve,
    lookup,
    import: imported,
    bases,
};

/// Longest text from `impl` to the body that is read, in bytes.
const LONGEST_HEADER: usize = 2_000;

/// A module: a file, or a `mod name { }` in it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Module {
    file: FileId,
    inline: Option<u32>,
}

fn describe(item: &Item, text: &str) -> (String, String) {
    let name = owned(item.name, text);
    match item.kind {
        ItemKind::Impl => implementation(&name).unwrap_or_default(),
        ItemKind::Module => {
            let attributes = text.get(item.span.start as usize..item.name.start as usize);
            let path = path_attribute(attributes.unwrap_or(""));
            (name.into(), path.unwrap_or("").to_owned())
        }
        _ => (name.trim_start_matches("r#").to_owned(), String::new()),
    }
}

/// The value of `#[path = "..."]`.
fn path_attribute(attributes: &str) -> Option<&str> {
    let (_, rest) = attributes.split_once("#[path")?;
    let rest = rest.trim_start().strip_prefix('=')?;
    rest.trim_start().strip_prefix('"')?.split('"').next()
}

/// Last segment of the type, and path of the trait, of `impl<T> Trait for Type<T> where ...`.
fn implementation(header: &str) -> Option<(String, String)> {
    let header = without_arguments(header.get(..LONGEST_HEADER).unwrap_or(header));
    let rest = header.trim_start().strip_prefix("impl")?.trim();
    let rest = rest.split(" where ").next()?;
    let (name, kind) = match rest.split_once(" for ") {
        Some((name, kind)) => (name.trim().trim_start_matches('!'), kind.trim()),
        None => ("", rest),
    };
    let kind = kind.trim_start_matches(['&', '*']).trim();
    let kind = kind.rsplit("::").next()?.trim();
    let is_name = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name(kind).then(|| (kind.to_owned(), name.to_owned()))
}

/// The text without what stands between angle brackets, white space squeezed.
fn without_arguments(header: &str) -> String {
    let (mut depth, mut before) = (0u32, ' ');
    let mut out = String::with_capacity(header.len());
    for c in header.chars() {
        match c {
            '<' => depth += 1,
            '>' if !matches!(before, '-' | '=') => depth = depth.saturating_sub(1),
            c if depth == 0 && c.is_whitespace() => out.push(' '),
            c if depth == 0 => out.push(c),
            _ => {}
        }
        before = c;
    }
    out
}

/// The traits that the file implements for a type.
fn bases(outline: &Outline, class: u32) -> Vec<Vec<&str>> {
    let name = &outline.definitions[class as usize].name;
    let of_type = |it: &&Definition| it.kind == ItemKind::Impl && it.name == *name;
    let traits = outline.definitions.iter().filter(of_type);
    traits
        .filter(|it| !it.detail.is_empty())
        .map(|it| it.detail.split("::").map(str::trim).collect())
        .collect()
}

// ---- crates ----

/// The library of each package, by its name in code.
fn libraries(project: &Project<'_>) -> Tops {
    let mut libraries = Tops::default();
    for package in project.packages() {
        let usual = join(&package.folder, "src/lib.rs");
        let root = package.root.as_deref().unwrap_or(&usual);
        if let Some(file) = project.file(root) {
            let name = package.library.as_str().into();
            libraries.entry(name).or_default().push(file);
        }
    }
    libraries
}

fn library(project: &Project<'_>, from: FileId, name: &str) -> Option<FileId> {
    match project.tops(project.language(from)).get(name)?.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

/// Whether the file begins a crate: Cargo looks for targets in these places.
fn is_root(project: &Project<'_>, path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let above = folder.rsplit('/').next().unwrap_or("");
    matches!(name, "lib.rs" | "main.rs" | "build.rs")
        || above == "bin" && folder.ends_with("src/bin")
        || matches!(above, "tests" | "examples" | "benches") && name != "mod.rs"
        || project
            .packages()
            .iter()
            .any(|package| package.root.as_deref() == Some(path))
}

/// The first file of the crate that a file belongs to, and its modules on the way down.
fn crate_of<'p>(project: &Project<'_>, path: &'p str) -> Option<(FileId, Vec<&'p str>)> {
    if is_root(project, path) {
        return Some((project.file(path)?, Vec::new()));
    }
    let stem = path.strip_suffix(".rs")?;
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    let mut folder = parent(stem);
    loop {
        let inside = if folder.is_empty() {
            stem
        } else {
            &stem[folder.len() + 1..]
        };
        let modules: Vec<&str> = inside.split('/').collect();
        let usual = ["lib.rs", "main.rs"].map(|name| project.file(&join(folder, name)));
        let stated = project.packages().iter().filter_map(|package| {
            let root = package.root.as_deref()?;
            (parent(root) == folder).then(|| project.file(root))?
        });
        let declares = |root: &FileId| {
            let outline = project.outline(*root);
            let mut tops = outline.members(None);
            tops.any(|(_, it)| it.kind == ItemKind::Module && &*it.name == modules[0])
        };
        let known: Vec<FileId> = stated.chain(usual.into_iter().flatten()).collect();
        if let Some(&root) = known.iter().find(|root| declares(root)).or(known.first()) {
            return Some((root, modules));
        }
        if folder.is_empty() {
            return None;
        }
        folder = parent(folder);
    }
}

/// The module around a module.
fn module_above(search: &mut Search<'_, '_>, module: Module) -> Option<Module> {
    let project = search.project;
    if let Some(at) = module.inline {
        let outline = project.outline(module.file);
        let inline = outline.definitions[at as usize].parent;
        return Some(Module { inline, ..module });
    }
    let (root, mut modules) = crate_of(project, project.path(module.file))?;
    modules.pop()?;
    descend(project, whole(root), &modules)
}

fn whole(file: FileId) -> Module {
    Module { file, inline: None }
}

/// The module below another along `mod` items.
fn descend(project: &Project<'_>, from: Module, path: &[&str]) -> Option<Module> {
    path.iter().try_fold(from, |module, name| {
        let outline = project.outline(module.file);
        let (at, _) = outline
            .members(module.inline)
            .find(|(_, it)| it.kind == ItemKind::Module && &*it.name == *name)?;
        declared(project, module, at)
    })
}

/// The module that a `mod` item declares: its braces, or a file.
fn declared(project: &Project<'_>, module: Module, at: u32) -> Option<Module> {
    let outline = project.outline(module.file);
    let item = &outline.definitions[at as usize];
    if !item.body.is_empty() {
        return Some(Module {
            inline: Some(at),
            ..module
        });
    }
    let path = project.path(module.file);
    if !item.detail.is_empty() && module.inline.is_none() {
        return project.file(&join(parent(path), &item.detail)).map(whole);
    }
    let is_top = path.ends_with("/mod.rs") || path == "mod.rs" || is_root(project, path);
    let mut folder = match is_top {
        true => parent(path).to_owned(),
        false => path.strip_suffix(".rs")?.to_owned(),
    };
    let mut inline: Vec<&str> = Vec::new();
    let mut up = module.inline;
    while let Some(at) = up {
        inline.push(&outline.definitions[at as usize].name);
        up = outline.definitions[at as usize].parent;
    }
    for name in inline.iter().rev() {
        folder = join(&folder, name);
    }
    let inner = join(&folder, &item.name);
    let file = project.file(&[&inner, ".rs"].concat());
    file.or_else(|| project.file(&join(&inner, "mod.rs")))
        .map(whole)
}

// ---- paths ----

fn resolve<'q>(search: &mut Search<'q, '_>, from: FileId, path: &[&'q str]) -> Target<'q> {
    from_module(search, whole(from), path, true)
}

fn lookup<'q>(search: &mut Search<'q, '_>, file: FileId, path: &[&'q str]) -> Target<'q> {
    from_module(search, whole(file), path, true)
}

fn imported<'q>(search: &mut Search<'q, '_>, file: FileId, import: &'q Imported) -> Target<'q> {
    let outline = search.project.outline(file);
    let module = module_around(outline, file, import.scope);
    through(search, module, import, &[])
}

/// The module that an import or item in `scope` stands in.
fn module_around(outline: &Outline, file: FileId, scope: Option<u32>) -> Module {
    let up = |at: &u32| outline.definitions[*at as usize].parent;
    let is_module = |at: &u32| outline.definitions[*at as usize].kind == ItemKind::Module;
    let inline = std::iter::successors(scope, up).find(is_module);
    Module { file, inline }
}

/// What a path means in a module. `local`: whether its first segment may be a name of the module.
fn from_module<'q>(
    search: &mut Search<'q, '_>,
    module: Module,
    path: &[&'q str],
    local: bool,
) -> Target<'q> {
    let Some((&first, rest)) = path.split_first() else {
        return Target::Module(module.file);
    };
    let project = search.project;
    match first {
        "crate" | "$crate" => match crate_of(project, project.path(module.file)) {
            Some((root, _)) => inside(search, whole(root), rest),
            None => Target::Unknown,
        },
        "self" => inside(search, module, rest),
        "super" => match module_above(search, module) {
            Some(above) if rest.first() == Some(&"super") => from_module(search, above, rest, true),
            Some(above) => inside(search, above, rest),
            None => Target::Unknown,
        },
        _ => {
            let own = local
                .then(|| name_in(search, module, first, rest, true))
                .flatten();
            if let Some(target) = own {
                return target;
            }
            match library(project, module.file, first) {
                Some(root) => inside(search, whole(root), rest),
                None => Target::External(path.to_vec()),
            }
        }
    }
}

/// What a path means inside a module of the project.
fn inside<'q>(search: &mut Search<'q, '_>, module: Module, path: &[&'q str]) -> Target<'q> {
    match path.split_first() {
        None => Target::Module(module.file),
        Some((name, rest)) => {
            let found = name_in(search, module, name, rest, true);
            let found = found.or_else(|| glob(search, module, module, name, rest));
            found.unwrap_or(Target::Unknown)
        }
    }
}

/// What an item or import of a module binds. `private`: whether imports for its own use count.
fn name_in<'q>(
    search: &mut Search<'q, '_>,
    module: Module,
    name: &'q str,
    rest: &[&'q str],
    private: bool,
) -> Option<Target<'q>> {
    let outline = search.project.outline(module.file);
    search.guarded(module.file, module.inline, name, |search| {
        let item = outline
            .members(module.inline)
            .find(|(_, it)| it.kind != ItemKind::Impl && &*it.name == name);
        if let Some((at, item)) = item {
            return Some(match item.kind {
                ItemKind::Module => match declared(search.project, module, at) {
                    Some(inner) => inside(search, inner, rest),
                    None => Target::Unknown,
                },
                _ => defined(outline, module.file, at, rest),
            });
        }
        let mut bound = None;
        for import in outline.imports.iter().filter(|import| {
            import.bound() == Some(name)
                && import.scope == module.inline
                && (import.public || private)
        }) {
            bound = Some(through(search, module, import, rest));
            if bound != Some(Target::Unknown) {
                break;
            }
        }
        bound
    })
}

fn through<'q>(
    search: &mut Search<'q, '_>,
    module: Module,
    import: &'q Imported,
    rest: &[&'q str],
) -> Target<'q> {
    let own = import.path.iter().map(|part| &**part);
    let path: Vec<&'q str> = own.chain(rest.iter().copied()).collect();
    let local = import.level == 0 && import.kind != ImportKind::Crate;
    from_module(search, module, &path, local)
}

/// A name that only the glob imports of a module can bring, for code in `from`.
fn glob<'q>(
    search: &mut Search<'q, '_>,
    module: Module,
    from: Module,
    name: &'q str,
    rest: &[&'q str],
) -> Option<Target<'q>> {
    let outline = search.project.outline(module.file);
    let is_glob = |import: &&Imported| {
        import.kind == ImportKind::Glob
            && import.scope == module.inline
            && (import.public || module == from)
    };
    let globs = outline.imports.iter().filter(is_glob);
    search.guarded(module.file, Some(u32::MAX), name, |search| {
        let mut outside: Vec<Target<'q>> = Vec::new();
        for import in globs {
            match glob_module(search, module, import) {
                Ok(other) => {
                    let found = name_in(search, other, name, rest, is_above(import))
                        .or_else(|| glob(search, other, from, name, rest));
                    if found.is_some() {
                        return found;
                    }
                }
                Err(Target::External(path)) => {
                    outside.push(Target::External([path.as_slice(), &[name], rest].concat()))
                }
                Err(_) => {}
            }
        }
        match outside.len() {
            1 => outside.pop(),
            _ => None,
        }
    })
}

/// Whether the glob reads a module around it, where nothing is private.
fn is_above(import: &Imported) -> bool {
    import
        .path
        .iter()
        .all(|part| matches!(&**part, "super" | "self"))
}

/// The module that a glob import reads, inline ones too; else what its path means.
fn glob_module<'q>(
    search: &mut Search<'q, '_>,
    module: Module,
    import: &'q Imported,
) -> Result<Module, Target<'q>> {
    let project = search.project;
    let path: Vec<&'q str> = import.path.iter().map(|part| &**part).collect();
    let direct = match path.first().copied() {
        Some("crate") => crate_of(project, project.path(module.file))
            .and_then(|(root, _)| descend(project, whole(root), &path[1..])),
        Some("self") => descend(project, module, &path[1..]),
        Some("super") => {
            module_above(search, module).and_then(|above| descend(project, above, &path[1..]))
        }
        _ => descend(project, module, &path),
    };
    match direct {
        Some(found) => Ok(found),
        None => match through(search, module, import, &[]) {
            Target::Module(file) => Ok(whole(file)),
            target => Err(target),
        },
    }
}

/// A definition, followed by `rest`; a method where a block of the same file has it.
fn defined<'q>(outline: &Outline, file: FileId, at: u32, rest: &[&'q str]) -> Target<'q> {
    let name = &outline.definitions[at as usize].name;
    let of_type = |it: &Definition| it.kind == ItemKind::Impl && it.name == *name;
    let blocks = (0u32..).zip(&outline.definitions);
    let mut blocks = blocks.filter(|(_, it)| of_type(it)).map(|(block, _)| block);
    let method = rest.first().and_then(|method| {
        let own = outline.member(at, method);
        own.or_else(|| blocks.find_map(|block| outline.member(block, method)))
    });
    let (index, rest) = match method {
        Some(method) => (method, &rest[1..]),
        None => (at, rest),
    };
    Target::Definition {
        at: DefinitionId { file, index },
        rest: rest.to_vec(),
    }
}
