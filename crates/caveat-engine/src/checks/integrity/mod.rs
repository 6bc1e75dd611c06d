//! Test gaming and sabotage: code that makes tests pass, or seem to pass, without doing the work.
//!
//! What is flagged was seen in trained models and agents; each rule's file says where. A word is
//! never enough: the checks look at what a branch, a handler or an assertion does. Tests are
//! understood by [`crate::tests_model`].

pub mod always_equal;
pub mod disabled;
pub mod early_exit;
pub mod hidden_trigger;
pub mod ignored;
pub mod oracle_files;
pub mod patched;
pub mod report_patch;
pub mod self_mock;
pub mod stack_peek;
pub mod stub;
pub mod swallowed;
pub mod test_env;
pub mod vacuous;
mod vacuous_helpers;

use crate::tests_model::{code, place, truth};
