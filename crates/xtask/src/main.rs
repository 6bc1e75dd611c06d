//! Project chores: `cargo xtask <name>`.
//!
//! One module per chore, each with its own arguments. A chore may start other programs and write
//! below `target/`; it knows caveat only as a program with a command line, never as a library.

mod bench_peers;
mod corpus;
mod docs;
mod known_packages;
mod letter_pairs;
mod models;
mod process;
mod ready;

use std::path::Path;

use clap::Parser;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Project chores of caveat")]
enum Chore {
    /// Compare CPU, wall time and memory with other tools, side by side.
    BenchPeers(bench_peers::Arguments),
    /// Show findings over pinned real projects, or those gained and lost between two binaries.
    Corpus(corpus::Arguments),
    /// Write docs/rules.md from the rule files and their fixtures.
    Docs(docs::Arguments),
    /// Write the table of package names from lists of them.
    KnownPackages(known_packages::Arguments),
    /// Count the table by which caveat tells random text from words.
    LetterPairs(letter_pairs::Arguments),
    /// Look up the names of the model files in the real libraries.
    Models(models::Arguments),
    /// Run exactly what CI runs.
    Ready(ready::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Chore::parse() {
        Chore::BenchPeers(arguments) => bench_peers::run(arguments),
        Chore::Corpus(arguments) => corpus::run(arguments),
        Chore::Docs(arguments) => docs::run(&arguments),
        Chore::KnownPackages(arguments) => known_packages::run(&arguments),
        Chore::LetterPairs(arguments) => letter_pairs::run(&arguments),
        Chore::Models(arguments) => models::run(arguments),
        Chore::Ready(arguments) => ready::run(&arguments),
    }
}

/// The root of the workspace, where `target/` and `benches/` are.
fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("this crate is two folders below the root")
}
