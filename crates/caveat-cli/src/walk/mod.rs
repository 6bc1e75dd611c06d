//! Which files a scan reads: the tree below the named paths, without what git ignores, what other
//! people wrote and what no rule wants. It looks at names and sizes, never into files.
//!
//! Links are not followed, so that a walk never leaves its root and never goes round in circles; a
//! link that the user names is.

mod kinds;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use caveat_engine::finding::{Notice, NoticeKind};
use ignore::overrides::{Override, OverrideBuilder};
use ignore::{DirEntry, IncrementalIgnore, WalkBuilder};

use crate::report::Skip;
use crate::{generated, git};

/// Larger files are not read, in bytes.
pub const LARGEST: u64 = 10 * 1024 * 1024;

/// What to walk.
pub struct Request<'r> {
    /// As the user named them.
    pub paths: &'r [PathBuf],
    /// Globs in the manner of a .gitignore.
    pub exclude: &'r [String],
    /// Whether ignore files and excludes hold for files that the user named.
    pub force_exclude: bool,
    /// Whether ignore files do not hold, and other people's code is scanned.
    pub no_ignore: bool,
    /// Whether some rule reads files that have no grammar.
    pub want_text: bool,
    /// Whether a rule asks for a file that has no grammar and whose name says nothing.
    pub ask_for: &'r dyn Fn(&str) -> bool,
}

/// A file to scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub path: PathBuf,
    /// Path relative to the scan's root, with `/`.
    pub relative: String,
    /// Size in bytes.
    pub size: u64,
    /// Whether to scan it even if it looks generated.
    pub explicit: bool,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walk {
    /// The folder that relative paths start from, absolute.
    pub root: PathBuf,
    /// The files, largest first.
    pub entries: Vec<Entry>,
    /// Relative paths of files that are left out silently.
    pub skipped: Vec<(String, Skip)>,
    /// Files that are left out though the user would expect them.
    pub notices: Vec<Notice>,
}

/// Finds the files to scan.
///
/// # Errors
/// When a path that the user named does not exist, or a glob is wrong.
pub fn walk(request: &Request<'_>) -> anyhow::Result<Walk> {
    let starts: Vec<PathBuf> = request
        .paths
        .iter()
        .map(|path| absolute(path).with_context(|| path.display().to_string()))
        .collect::<anyhow::Result<_>>()?;
    let root = common_root(&starts)?;
    let mut walker = Walker {
        excludes: excludes(&root, request.exclude)?,
        request,
        found: Walk {
            root,
            ..Walk::default()
        },
    };
    for (start, named) in starts.iter().zip(request.paths) {
        if start.is_dir() {
            walker.folder(start);
        } else {
            walker.named_file(start, named)?;
        }
    }
    Ok(walker.found.in_order())
}

/// The absolute path without `.`, `..` and links in its folders. The file itself may be a link.
fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    if let Err(error) = path.metadata() {
        match error.kind() {
            std::io::ErrorKind::NotFound => bail!("no such file or folder"),
            _ => bail!(error),
        }
    }
    let Some(name) = path.file_name() else {
        return Ok(path.canonicalize()?);
    };
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    Ok(folder.canonicalize()?.join(name))
}

/// The working folder if everything lies in it, for its paths are those that the user can click;
/// else the deepest folder that holds everything.
fn common_root(starts: &[PathBuf]) -> anyhow::Result<PathBuf> {
    let here = Path::new(".").canonicalize();
    let here = here.context("the working folder is gone")?;
    if starts.iter().all(|start| start.starts_with(&here)) {
        return Ok(here);
    }
    let folder = |start: &PathBuf| match start.is_dir() {
        true => start.clone(),
        false => start.parent().unwrap_or(start).to_owned(),
    };
    let folders = starts.iter().map(folder);
    let common = folders.reduce(|left, right| {
        let shared = left.ancestors().find(|folder| right.starts_with(folder));
        shared.unwrap_or(Path::new("/")).to_owned()
    });
    Ok(common.unwrap_or(here))
}

fn excludes(root: &Path, globs: &[String]) -> anyhow::Result<Override> {
    let mut builder = OverrideBuilder::new(root);
    for glob in globs {
        let added = builder.add(&format!("!{glob}"));
        added.with_context(|| format!("--exclude {glob}"))?;
    }
    Ok(builder.build()?)
}

/// Path below the root, with `/` between parts.
fn relative(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path).to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        return below.into_owned();
    }
    below.replace(std::path::MAIN_SEPARATOR, "/")
}

struct Walker<'r> {
    request: &'r Request<'r>,
    excludes: Override,
    found: Walk,
}

impl Walker<'_> {
    fn folder(&mut self, start: &Path) {
        for entry in self.builder(start).build() {
            match entry {
                Ok(entry) => self.entry(entry),
                Err(error) => self.refused(start, &error),
            }
        }
    }

    fn builder(&self, start: &Path) -> WalkBuilder {
        let respect = !self.request.no_ignore;
        let mut builder = WalkBuilder::new(start);
        builder
            .standard_filters(respect)
            .hidden(false)
            // Of no other tool than search programs, and a look for them in every folder costs.
            .ignore(false)
            // An unpacked archive has ignore files, too; but outside of a work tree those above
            // it are none of its own.
            .require_git(false)
            .parents(respect && git::top_level(start).is_some())
            .current_dir(&self.found.root)
            .overrides(self.excludes.clone())
            .filter_entry(move |entry| entry.depth() == 0 || !is_pruned(entry, respect));
        if respect {
            builder.add_custom_ignore_filename(".caveatignore");
        }
        builder
    }

    fn entry(&mut self, entry: DirEntry) {
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            return;
        }
        let relative = relative(&self.found.root, entry.path());
        let name = relative.rsplit('/').next().unwrap_or(&relative);
        if !self.is_wanted(&relative, name, &entry) {
            return;
        }
        match self.skip(&relative, name) {
            Some(skip) => self.found.skipped.push((relative, skip)),
            None => {
                let size = entry.metadata().map_or(0, |data| data.len());
                self.add(entry.into_path(), relative, size, false);
            }
        }
    }

    fn is_wanted(&self, relative: &str, name: &str, entry: &DirEntry) -> bool {
        if kinds::is_program(name) {
            return true;
        }
        if kinds::may_be_script(name) && is_executable(entry) {
            return true;
        }
        self.request.want_text
            && (kinds::is_configuration(relative, name) || (self.request.ask_for)(relative))
    }

    fn skip(&self, relative: &str, name: &str) -> Option<Skip> {
        if self.request.no_ignore {
            None
        } else if kinds::is_vendored(relative) {
            Some(Skip::Vendored)
        } else if generated::is_generated_name(name) {
            Some(Skip::Generated)
        } else {
            None
        }
    }

    /// A file that the user named: scanned whatever it is, unless excludes are to hold.
    fn named_file(&mut self, path: &Path, named: &Path) -> anyhow::Result<()> {
        let data = path.metadata()?;
        if !data.is_file() {
            bail!("{}: neither a file nor a folder", named.display());
        }
        let relative = relative(&self.found.root, path);
        if self.request.force_exclude {
            let name = relative.rsplit('/').next().unwrap_or(&relative);
            if self.is_excluded(path) {
                return Ok(());
            }
            if let Some(skip) = self.skip(&relative, name) {
                self.found.skipped.push((relative, skip));
                return Ok(());
            }
        }
        let explicit = !self.request.force_exclude;
        self.add(path.to_owned(), relative, data.len(), explicit);
        Ok(())
    }

    fn is_excluded(&self, path: &Path) -> bool {
        let root = &self.found.root;
        let mut matchers = self.builder(root).build_matchers();
        let below = path.strip_prefix(root).unwrap_or(path);
        let is_ignored = |matcher: &mut IncrementalIgnore| {
            let mut folders = below.ancestors().skip(1);
            matcher.matched(below, false).is_ignore()
                || folders.any(|folder| {
                    folder != Path::new("") && matcher.matched(folder, true).is_ignore()
                })
        };
        matchers.first_mut().is_some_and(is_ignored)
    }

    fn add(&mut self, path: PathBuf, relative: String, size: u64, explicit: bool) {
        if size > LARGEST {
            let message = format!(
                "{} MB large; files over {} MB are not analysed",
                size / 1_000_000,
                LARGEST / 1_000_000
            );
            return self.notice(NoticeKind::TooLarge, relative, message);
        }
        let explicit = explicit || self.request.no_ignore;
        self.found.entries.push(Entry {
            path,
            relative,
            size,
            explicit,
        });
    }

    fn notice(&mut self, kind: NoticeKind, relative: String, message: String) {
        self.found.notices.push(Notice {
            kind,
            path: relative.into(),
            span: None,
            message,
        });
    }

    /// A folder that cannot be listed.
    fn refused(&mut self, start: &Path, error: &ignore::Error) {
        let path = path_of(error).unwrap_or(start);
        let relative = relative(&self.found.root, path);
        let message = match error.io_error() {
            Some(error) => format!("cannot be read: {error}"),
            None => format!("cannot be walked: {error}"),
        };
        self.notice(NoticeKind::Unreadable, relative, message);
    }
}

impl Walk {
    /// Largest first, so that no thread is left with a large file at the end; nothing twice.
    fn in_order(mut self) -> Walk {
        self.entries.sort_by(|a, b| a.relative.cmp(&b.relative));
        self.entries.dedup_by(|later, kept| {
            let same = later.relative == kept.relative;
            kept.explicit |= same && later.explicit;
            same
        });
        let entries = &self.entries;
        let is_entry = |path: &str| {
            let found = entries.binary_search_by(|entry| entry.relative.as_str().cmp(path));
            found.is_ok()
        };
        self.skipped.retain(|(path, _)| !is_entry(path));
        self.skipped.sort_by(|a, b| a.0.cmp(&b.0));
        self.skipped.dedup();
        self.notices.sort_by(|a, b| a.path.cmp(&b.path));
        self.notices.dedup();
        self.entries
            .sort_by_key(|entry| std::cmp::Reverse(entry.size));
        self
    }
}

/// The path that an error of the walk speaks of.
fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        ignore::Error::Partial(errors) => errors.iter().find_map(path_of),
        _ => None,
    }
}

/// Folders that nobody wants to be walked: what version control keeps for itself, and, where
/// ignore files hold, environments and caches.
fn is_pruned(entry: &DirEntry, respect: bool) -> bool {
    if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
        return false;
    }
    let Some(name) = entry.file_name().to_str() else {
        return false;
    };
    kinds::is_version_control(name)
        || respect && (kinds::is_cache(name) || is_environment(name, entry.path()))
}

/// Folders whose name may mean something else, so that what is in them decides.
fn is_environment(name: &str, path: &Path) -> bool {
    let holds = |file: &str| path.join(file).exists();
    match name {
        "venv" | "env" | "virtualenv" => holds("pyvenv.cfg") || holds("conda-meta"),
        "target" => holds("CACHEDIR.TAG") || holds(".rustc_info.json"),
        _ => false,
    }
}

#[cfg(unix)]
fn is_executable(entry: &DirEntry) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let mode = entry.metadata().map(|data| data.permissions().mode());
    mode.is_ok_and(|mode| mode & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &DirEntry) -> bool {
    false
}
