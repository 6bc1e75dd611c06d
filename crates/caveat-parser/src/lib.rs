//! The front end of caveat: text in, trees and names out.
//!
//! It never fails: broken code gives a tree and a list of syntax errors. It knows nothing of
//! rules, files on disk or threads. Offsets are bytes into the decoded UTF-8 text, as `u32`;
//! lines and columns exist only at output (see [`source::LineIndex`]).

pub mod arena;
pub mod constant;
pub mod ir;
pub mod lang;
pub mod link;
pub mod names;
pub mod skeleton;
pub mod source;

pub use arena::{Arena, Code, Node, NodeId, Parsers};
pub use constant::Constant;
pub use lang::{Field, Language, Role};
pub use names::Names;
pub use source::{LineIndex, Position, SourceFile, Span};
