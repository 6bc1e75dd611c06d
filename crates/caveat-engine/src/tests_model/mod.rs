//! Tests as the integrity rules see them: which functions are tests, what they assert and how
//! strictly, which values they expect of which calls.
//!
//! The model is made of one parsed function at a time, on demand; it must not know rules. What
//! needs another file (a helper that asserts, say) asks the project for its text and reads it
//! lexically, so nothing else is parsed.

pub mod code;
pub mod oracle;
pub mod place;
pub mod truth;

pub use code::Tree;
pub use oracle::{Form, Oracle, oracles};
