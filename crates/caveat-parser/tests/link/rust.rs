use super::{check, project, show};

const CRATES: &str = "
=== Cargo.toml
[workspace]
members = [\"crates/*\"]
=== crates/web-util/Cargo.toml
[package]
name = \"web-util\"
=== crates/web-util/src/lib.rs
pub mod process;
mod hidden { pub fn f() {} pub mod inner { pub use super::super::process::Runner; } }
pub use hidden::f as g;
pub use std::{fs, process::Command as Cmd};
pub use self::process::*;
=== crates/web-util/src/process.rs
pub use std::process::Command;
use std::thread;
pub struct Runner;
impl<T> Runner where T: X { pub fn run(&self) {} }
impl std::fmt::Display for Runner { fn fmt(&self) {} }
=== crates/app/Cargo.toml
[package]
name = \"app\"
[lib]
path = \"lib/start.rs\"
name = \"the_app\"
=== crates/app/lib/start.rs
pub mod prelude;
#[path = \"elsewhere/db.rs\"]
mod database;
pub const HASH: &str = \"md5\";
=== crates/app/lib/elsewhere/db.rs
pub fn connect() {}
=== crates/app/lib/prelude/mod.rs
pub use web_util::process::Command;
pub use crate::database::connect;
pub use std::net::*;
mod deep;
=== crates/app/lib/prelude/deep.rs
use super::*;
pub use super::super::HASH;
=== tool/src/main.rs
mod a;
mod util;
=== tool/src/a.rs
=== tool/src/a/b.rs
=== tool/src/util/mod.rs
pub use crate::a::{self, thing, missing};
pub fn log() {}
";

#[test]
fn paths_lead_through_the_module_tree() {
    let ask = |name, expected| check(CRATES, "crates/web-util/src/process.rs", name, expected);
    ask(
        "crate::process::Runner::run",
        "crates/web-util/src/process.rs#Runner.run",
    );
    ask("crate::g", "crates/web-util/src/lib.rs#hidden.f");
    ask(
        "crate::hidden::inner::Runner",
        "crates/web-util/src/process.rs#Runner",
    );
    ask("super::Cmd::new", "-> std.process.Command.new");
    ask("self::Command::new", "-> std.process.Command.new");
    ask("crate::Runner", "crates/web-util/src/process.rs#Runner");
    ask("crate::nothing", "unknown");
    ask("super::super::nothing", "unknown");
    ask("std::process::Command", "-> std.process.Command");
}

#[test]
fn a_private_import_is_not_taken_by_a_glob() {
    check(
        CRATES,
        "crates/web-util/src/process.rs",
        "crate::thread",
        "unknown",
    );
}

#[test]
fn crates_of_the_workspace_are_known_by_their_manifests() {
    let ask = |name, expected| check(CRATES, "crates/app/lib/start.rs", name, expected);
    ask("web_util::Command::new", "-> std.process.Command.new");
    ask("prelude::Command", "-> std.process.Command");
    ask(
        "prelude::TcpStream::connect",
        "-> std.net.TcpStream.connect",
    );
    ask("prelude::connect", "crates/app/lib/elsewhere/db.rs#connect");
    check(
        CRATES,
        "tool/src/main.rs",
        "the_app::HASH",
        "crates/app/lib/start.rs#HASH",
    );
}

#[test]
fn a_crate_with_its_own_layout_is_walked_down_only() {
    check(
        CRATES,
        "tool/src/a.rs",
        "crate::util::log",
        "tool/src/util/mod.rs#log",
    );
    check(
        CRATES,
        "tool/src/a/b.rs",
        "crate::util::log",
        "tool/src/util/mod.rs#log",
    );
    check(
        CRATES,
        "tool/src/a/b.rs",
        "super::super::util",
        "tool/src/util/mod.rs",
    );
    check(CRATES, "tool/src/main.rs", "util::a", "tool/src/a.rs");
    check(CRATES, "tool/src/main.rs", "util::missing", "unknown");
}

#[test]
fn cycles_end() {
    let tree = "
=== src/lib.rs
pub mod a; pub mod b;
=== src/a.rs
pub use crate::b::*; pub use crate::b::x;
=== src/b.rs
pub use crate::a::*; pub use crate::a::x;
";
    check(tree, "src/lib.rs", "crate::a::x", "unknown");
    check(tree, "src/lib.rs", "crate::b::y", "unknown");
}

#[test]
fn two_crates_of_one_name_are_no_crate() {
    let tree = "
=== one/Cargo.toml
[package]
name = \"log\"
=== one/src/lib.rs
pub fn f() {}
=== two/Cargo.toml
[package]
name = \"log\"
=== two/src/lib.rs
pub fn f() {}
";
    check(tree, "one/src/lib.rs", "log::f", "-> log.f");
}

#[test]
fn traits_of_a_type_are_its_bases() {
    let project = project(CRATES);
    let found = project.definitions("Runner").iter();
    let class = found.copied().find(|&id| project.bases(id).len() == 1);
    let bases = project.bases(class.expect("a type and its blocks have one name"));
    assert_eq!(show(&project, &bases[0]), "-> std.fmt.Display");
}
