//! How Python finds modules, and what a name in one means.
//!
//! The folders in which a top-level module is looked for are those a program would have on its
//! path: the folder around the file's outermost package (for a script, its own), the folders
//! above, and their `src`. An attribute of a package comes before its submodule of that name, an
//! import before a definition of that name, the last import before others: as it is in one
//! file.

use crate::link::{DefinitionId, Entry, FileId, Imported, Linkage, Outline, Project, Search};
use crate::link::{Target, Tops, join, owned, parent};
use crate::skeleton::{ImportKind, Item, ItemKind};

/// Names across files in Python.
pub const LINKAGE: Linkage = Linkage {
    describe,
    tops: outermost_packages,
    resolve,
    lookup,
    import: imported,
    bases,
};

/// Longest list of bases that is kept, in bytes.
const LONGEST_BASES: usize = 400;

fn describe(item: &Item, text: &str) -> (String, String) {
    let name = owned(item.name, text).into_string();
    if item.kind != ItemKind::Class {
        return (name, String::new());
    }
    let header = text.get(item.name.end as usize..item.header.end as usize);
    let bases = header
        .unwrap_or("")
        .trim()
        .trim_end_matches(':')
        .trim_end()
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .filter(|bases| bases.len() <= LONGEST_BASES);
    (name, bases.unwrap_or("").to_owned())
}

/// Bases that are dotted names, type arguments left out.
fn bases(outline: &Outline, class: u32) -> Vec<Vec<&str>> {
    let detail: &str = &outline.definitions[class as usize].detail;
    let mut found = Vec::new();
    let (mut depth, mut start) = (0u32, 0);
    for (at, byte) in detail.bytes().chain([b',']).enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                let base = detail[start..at].split('[').next().unwrap_or("").trim();
                found.extend(dotted(base));
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// The segments of a dotted name; `None` for any other text.
fn dotted(text: &str) -> Option<Vec<&str>> {
    let is_name = |part: &str| {
        !part.starts_with(|c: char| c.is_ascii_digit())
            && !part.is_empty()
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    let parts: Vec<&str> = text.split('.').collect();
    parts.iter().all(|part| is_name(part)).then_some(parts)
}

fn resolve<'q>(search: &mut Search<'q, '_>, from: FileId, path: &[&'q str]) -> Target<'q> {
    absolute(search, from, path)
}

fn lookup<'q>(search: &mut Search<'q, '_>, file: FileId, path: &[&'q str]) -> Target<'q> {
    let (name, rest) = (path[0], &path[1..]);
    attribute(search, file, name, rest)
        .or_else(|| star(search, file, name, rest))
        .unwrap_or(Target::Unknown)
}

fn imported<'q>(search: &mut Search<'q, '_>, file: FileId, import: &'q Imported) -> Target<'q> {
    // `import a.b` binds `a`, and reads `a.b`.
    through(search, file, import, &[], true)
}

/// Where something of that name lies.
enum Place {
    File(FileId),
    /// A folder without `__init__.py`.
    Folder(String),
}

fn place(search: &Search<'_, '_>, folder: &str, name: &str) -> Option<Place> {
    let inner = join(folder, name);
    let file = |path: &str| search.project.file(path);
    let package = search.project.has_folder(&inner);
    if package && let Some(id) = file(&join(&inner, "__init__.py")) {
        return Some(Place::File(id));
    }
    if let Some(id) = file(&[&inner, ".py"].concat()) {
        return Some(Place::File(id));
    }
    package.then_some(Place::Folder(inner))
}

fn is_package(path: &str) -> bool {
    path.ends_with("/__init__.py")
}

/// The folder around the outermost package that the file belongs to; of a script, its own.
fn source_root<'p>(search: &Search<'_, '_>, path: &'p str) -> &'p str {
    let mut folder = parent(path);
    let is_package = |folder: &str| {
        !folder.is_empty() && search.project.file(&join(folder, "__init__.py")).is_some()
    };
    while is_package(folder) {
        folder = parent(folder);
    }
    folder
}

fn absolute<'q>(search: &mut Search<'q, '_>, from: FileId, path: &[&'q str]) -> Target<'q> {
    let project = search.project;
    let mut folder = source_root(search, project.path(from));
    loop {
        for root in [folder.to_owned(), join(folder, "src")] {
            if let Some(target) = from_root(search, from, &root, path) {
                return target;
            }
        }
        if folder.is_empty() {
            return elsewhere(search, from, path)
                .unwrap_or_else(|| Target::External(path.to_vec()));
        }
        folder = parent(folder);
    }
}

fn from_root<'q>(
    search: &mut Search<'q, '_>,
    from: FileId,
    root: &str,
    path: &[&'q str],
) -> Option<Target<'q>> {
    match place(search, root, path[0])? {
        // A script named after the library it uses.
        Place::File(id) if id == from && !is_package(search.project.path(id)) => None,
        Place::File(id) => Some(inside(search, id, &path[1..])),
        Place::Folder(folder) => in_folder(search, &folder, &path[1..]),
    }
}

/// A folder without `__init__.py` is a module only for what is found in it: any installed package
/// of that name comes first.
fn in_folder<'q>(
    search: &mut Search<'q, '_>,
    folder: &str,
    path: &[&'q str],
) -> Option<Target<'q>> {
    let (name, rest) = path.split_first()?;
    match place(search, folder, name)? {
        Place::File(id) => Some(inside(search, id, rest)),
        Place::Folder(folder) => in_folder(search, &folder, rest),
    }
}

/// A package whose source root is no folder above the file: another part of a repository with
/// several. The name must have two segments that lead to a file, in one such package only.
fn elsewhere<'q>(
    search: &mut Search<'q, '_>,
    from: FileId,
    path: &[&'q str],
) -> Option<Target<'q>> {
    let project = search.project;
    let packages = project.tops(project.language(from)).get(path[0])?;
    let leads = |&package: &FileId| {
        let folder = parent(project.path(package));
        let inner = path.get(1).and_then(|name| place(search, folder, name));
        package != from && matches!(inner, Some(Place::File(_)))
    };
    let found: Vec<FileId> = packages.iter().copied().filter(leads).collect();
    match found.as_slice() {
        [] => None,
        [only] => Some(inside(search, *only, &path[1..])),
        _ => Some(Target::Unknown),
    }
}

fn outermost_packages(project: &Project<'_>) -> Tops {
    let mut packages = Tops::default();
    for file in project.file_ids() {
        let folder = parent(project.path(file));
        let is_outermost = is_package(project.path(file))
            && project.file(&join(parent(folder), "__init__.py")).is_none();
        if let (true, Some(name)) = (is_outermost, folder.rsplit('/').next()) {
            packages.entry(name.into()).or_default().push(file);
        }
    }
    packages
}

/// What a path means in a module: an attribute, a submodule, or what a glob import brings.
fn inside<'q>(search: &mut Search<'q, '_>, module: FileId, path: &[&'q str]) -> Target<'q> {
    let Some((&name, rest)) = path.split_first() else {
        return Target::Module(module);
    };
    if let Some(target) = attribute(search, module, name, rest) {
        return target;
    }
    if let Some(target) = submodule(search, module, path) {
        return target;
    }
    star(search, module, name, rest).unwrap_or(Target::Unknown)
}

fn submodule<'q>(
    search: &mut Search<'q, '_>,
    module: FileId,
    path: &[&'q str],
) -> Option<Target<'q>> {
    let own = search.project.path(module);
    if !is_package(own) {
        return None;
    }
    in_folder(search, parent(own), path)
}

/// What a name is bound to by an import or definition at the top of a module.
fn attribute<'q>(
    search: &mut Search<'q, '_>,
    module: FileId,
    name: &'q str,
    rest: &[&'q str],
) -> Option<Target<'q>> {
    let outline = search.project.outline(module);
    let entries = outline.top(name);
    if entries.is_empty() {
        return None;
    }
    search.guarded(module, None, name, |search| {
        let imports = entries.iter().rev().filter_map(|entry| match entry {
            Entry::Import(at) => Some(&outline.imports[*at as usize]),
            Entry::Definition(_) => None,
        });
        let definition = entries.iter().find_map(|entry| match entry {
            Entry::Definition(at) => Some(*at),
            Entry::Import(_) => None,
        });
        let at_run_time = |import: &&Imported| !import.type_checking;
        if let Some(at) = definition
            && !imports.clone().any(|import| at_run_time(&import))
        {
            return Some(defined(search, module, at, rest));
        }
        // An import that only type checkers read is as good where nothing else is.
        let (real, typed): (Vec<_>, Vec<_>) = imports.partition(at_run_time);
        let known = real.into_iter().chain(typed).find_map(|import| {
            let target = through(search, module, import, rest, false);
            (target != Target::Unknown).then_some(target)
        });
        Some(known.unwrap_or(Target::Unknown))
    })
}

/// What an import binds, with `rest` behind it. `whole`: of `import a.b`, all of `a.b`.
fn through<'q>(
    search: &mut Search<'q, '_>,
    module: FileId,
    import: &'q Imported,
    rest: &[&'q str],
    whole: bool,
) -> Target<'q> {
    let mut path: Vec<&'q str> = import.path.iter().map(|part| &**part).collect();
    if import.kind == ImportKind::Module && import.alias.is_none() && !whole {
        path.truncate(1);
    }
    path.extend(rest);
    match import.level {
        0 if path.is_empty() => Target::Unknown,
        0 => absolute(search, module, &path),
        level => relative(search, module, level, &path),
    }
}

fn relative<'q>(
    search: &mut Search<'q, '_>,
    module: FileId,
    level: u16,
    path: &[&'q str],
) -> Target<'q> {
    let mut folder = parent(search.project.path(module));
    for _ in 1..level {
        if folder.is_empty() {
            return Target::Unknown;
        }
        folder = parent(folder);
    }
    match search.project.file(&join(folder, "__init__.py")) {
        Some(package) => inside(search, package, path),
        None => in_folder(search, folder, path).unwrap_or(Target::Unknown),
    }
}

/// A name that only the glob imports of a module can bind.
fn star<'q>(
    search: &mut Search<'q, '_>,
    module: FileId,
    name: &'q str,
    rest: &[&'q str],
) -> Option<Target<'q>> {
    let outline = search.project.outline(module);
    let globs = outline.imports.iter().rev();
    let globs = globs.filter(|import| import.kind == ImportKind::Glob && import.scope.is_none());
    let mut outside: Vec<Vec<&'q str>> = Vec::new();
    search.guarded(module, Some(u32::MAX), name, |search| {
        for glob in globs {
            match through(search, module, glob, &[], true) {
                Target::Module(other) if exports(search, other, name) => {
                    let target = attribute(search, other, name, rest)
                        .or_else(|| star(search, other, name, rest));
                    if target.is_some() {
                        return target;
                    }
                }
                Target::External(path) => outside.push(path),
                _ => {}
            }
        }
        // Of one library alone it can come.
        match outside.as_slice() {
            [only] => Some(Target::External([only.as_slice(), &[name], rest].concat())),
            _ => None,
        }
    })
}

/// Whether `from module import *` takes the name if the module has it.
fn exports(search: &Search<'_, '_>, module: FileId, name: &str) -> bool {
    match &search.project.outline(module).exports {
        Some(names) => names.iter().any(|known| &**known == name),
        None => !name.starts_with('_'),
    }
}

/// A definition, followed by `rest`: another name for something, a class and its member.
fn defined<'q>(search: &mut Search<'q, '_>, file: FileId, at: u32, rest: &[&'q str]) -> Target<'q> {
    let definition = &search.project.outline(file).definitions[at as usize];
    let alias = || dotted(&definition.detail).filter(|_| definition.kind == ItemKind::Binding);
    if let Some(alias) = alias()
        && let Some(target) = attribute(search, file, alias[0], &[&alias[1..], rest].concat())
    {
        return target;
    }
    let id = DefinitionId { file, index: at };
    if definition.kind == ItemKind::Class
        && let Some((&name, more)) = rest.split_first()
        && let Some(target) = member(search, id, name, more)
    {
        return target;
    }
    Target::Definition {
        at: id,
        rest: rest.to_vec(),
    }
}

/// A member of a class or of its bases.
fn member<'q>(
    search: &mut Search<'q, '_>,
    class: DefinitionId,
    name: &'q str,
    rest: &[&'q str],
) -> Option<Target<'q>> {
    let outline = search.project.outline(class.file);
    if let Some(at) = outline.member(class.index, name) {
        return Some(defined_member(class.file, at, rest));
    }
    search.guarded(class.file, Some(class.index), name, |search| {
        for base in bases(outline, class.index) {
            if let Some(Target::Definition { at, rest: tail }) =
                attribute(search, class.file, base[0], &base[1..])
                && tail.is_empty()
                && let Some(target) = member(search, at, name, rest)
            {
                return Some(target);
            }
        }
        None
    })
}

fn defined_member<'q>(file: FileId, at: u32, rest: &[&'q str]) -> Target<'q> {
    Target::Definition {
        at: DefinitionId { file, index: at },
        rest: rest.to_vec(),
    }
}
