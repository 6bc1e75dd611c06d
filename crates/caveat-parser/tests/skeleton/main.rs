//! The skeleton against tree-sitter: the same definitions and imports, and regions whose nodes
//! are those of a whole-file parse.

mod corpus;
mod fixtures;
mod oracle;
mod properties;
