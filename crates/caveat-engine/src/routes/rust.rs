//! Routes that Rust registers.

use caveat_parser::link::FileId;

use super::{Table, World};

/// Collects the routes of Rust files.
pub(super) fn collect(_world: &World<'_>, _files: &[FileId], _table: &mut Table) {}
