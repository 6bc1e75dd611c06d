//! Prints the arena of a file: `cargo run -p caveat-parser --example tree FILE`.

use caveat_parser::{Language, NodeId, Parsers};

fn main() {
    let path = std::env::args().nth(1).expect("a file");
    let text = std::fs::read_to_string(&path).expect("readable text");
    let language = Language::from_path(&path);
    let arena = Parsers::default()
        .parse(language, &text, None)
        .expect("a language with a grammar");
    for id in arena.ids() {
        let depth = arena.ancestors(id).count();
        let node = arena.node(id);
        let leaf = node.next == id.0 + 1 && id != NodeId::ROOT;
        let shown = if leaf { arena.span(id).text(&text) } else { "" };
        println!(
            "{:depth$}{:?} {} {:?} {shown:?}",
            "",
            node.role,
            arena.kind_name(id),
            node.field,
            depth = depth * 2
        );
    }
    println!("errors: {:?}", arena.errors);
}
