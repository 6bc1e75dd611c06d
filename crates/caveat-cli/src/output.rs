//! Where reports go: standard output, or files that are either whole or not there.
//!
//! A report is written to a temporary file beside its target and renamed when it is complete, so
//! that a full disk never leaves half a report. Devices and pipes are written to as they are.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context;

/// What writes one report.
pub type Writer<'w> = &'w dyn Fn(&mut dyn Write) -> io::Result<()>;

/// Writes to standard output. A reader that went away is no error: it has seen enough.
///
/// # Errors
/// When standard output takes no more for another reason, such as a full disk.
pub fn to_stdout(write: Writer<'_>) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            // What is left in the buffer would be tried again when it is dropped.
            let _ = out.into_parts();
            Ok(())
        }
        outcome => outcome.context("cannot write to standard output"),
    }
}

/// Prints text that is ready.
///
/// # Errors
/// As [`to_stdout`].
pub fn print(text: &[u8]) -> anyhow::Result<()> {
    to_stdout(&|out| out.write_all(text))
}

/// Writes a whole file, or leaves what was there.
///
/// # Errors
/// When the file cannot be written; the message names it.
pub fn to_file(path: &Path, write: Writer<'_>) -> anyhow::Result<()> {
    let is_device = fs::metadata(path).is_ok_and(|data| !data.is_file() && !data.is_dir());
    let outcome = if is_device {
        File::create(path).and_then(|file| fill(file, write).map(drop))
    } else {
        replace(path, None, write)
    };
    outcome.with_context(|| format!("cannot write {}", path.display()))
}

/// Replaces a file by what `write` produces, with the permissions given, in one step.
///
/// # Errors
/// Those of the file system; the file is then as it was.
pub fn replace(
    path: &Path,
    permissions: Option<fs::Permissions>,
    write: Writer<'_>,
) -> io::Result<()> {
    // Through a link to its target: the link itself is not to become a file.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if target.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        let why = format!("there is no folder {}", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, why));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".caveat-").suffix(".tmp");
    let permissions = permissions.or_else(|| default_permissions(&target));
    if let Some(permissions) = permissions {
        builder.permissions(permissions);
    }
    let temporary = builder.tempfile_in(folder)?;
    fill(temporary.as_file(), write)?;
    temporary.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

fn fill<W: Write>(file: W, write: Writer<'_>) -> io::Result<W> {
    let mut out = BufWriter::with_capacity(64 * 1024, file);
    write(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)
}

/// Those of the file that is replaced. A new one gets what the user's mask leaves; temporary files
/// would else be readable by their owner only.
#[cfg(unix)]
fn default_permissions(target: &Path) -> Option<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    let old = fs::metadata(target).map(|data| data.permissions()).ok();
    // caveat: ignore[world-writable-permissions] the umask takes its part when the file is made
    old.or_else(|| Some(fs::Permissions::from_mode(0o666)))
}

#[cfg(not(unix))]
fn default_permissions(target: &Path) -> Option<fs::Permissions> {
    fs::metadata(target).map(|data| data.permissions()).ok()
}

/// Whether an error is that of a pipe whose reader went away.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
