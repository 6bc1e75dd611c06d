//! Any text: parsed in both languages, flattened, its names resolved, its constants folded.

#![no_main]

use caveat_parser::{Code, Language, Names, Parsers};
use libfuzzer_sys::fuzz_target;
use std::cell::RefCell;

thread_local! {
    static PARSERS: RefCell<Parsers> = RefCell::default();
}

fuzz_target!(|text: &str| {
    PARSERS.with_borrow_mut(|parsers| {
        for path in ["a.py", "a.rs"] {
            check(parsers, Language::from_path(path), text);
        }
    });
});

fn check(parsers: &mut Parsers, language: Language, text: &str) {
    let arena = parsers
        .parse(language, text, None)
        .expect("it has a grammar");
    for id in arena.ids() {
        let node = arena.node(id);
        assert!(text.get(node.start as usize..node.end as usize).is_some());
        assert!(node.next > id.0 && node.next as usize <= arena.nodes.len());
        let children: Vec<_> = arena.children(id).collect();
        for pair in children.windows(2) {
            assert_eq!(arena.previous(pair[1]), Some(pair[0]));
        }
        assert!(
            children
                .iter()
                .all(|&child| arena.parent(child) == Some(id))
        );
    }
    let names = Names::new(
        Code {
            arena: &arena,
            text,
        },
        &["a"],
    );
    for id in arena.ids() {
        let _ = (names.resolve(id), names.type_of(id), names.constant(id));
    }
}
