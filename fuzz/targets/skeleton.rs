//! Any bytes: decoded, then read by both scanners. Every span fits the text, and regions are in
//! order.

#![no_main]

use caveat_parser::skeleton::{self, Skeleton};
use caveat_parser::source::decode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok((text, _)) = decode(bytes.to_vec()) else {
        return;
    };
    check(&skeleton::python::scan(&text), &text);
    check(&skeleton::rust::scan(&text), &text);
});

fn check(skeleton: &Skeleton, text: &str) {
    let count = skeleton.items.len() as u32;
    for (index, item) in skeleton.items.iter().enumerate() {
        assert!(item.end as usize > index && item.end <= count);
        for span in [item.name, item.span, item.header, item.body] {
            assert!(text.get(span.start as usize..span.end as usize).is_some());
        }
    }
    for import in &skeleton.imports {
        let _ = import.statement.text(text);
        assert!(
            skeleton
                .path(import)
                .iter()
                .all(|part| !part.text(text).is_empty())
        );
    }
    if !skeleton.complete {
        return; // Regions of it must not be asked for.
    }
    let all: Vec<u32> = (0..count).collect();
    for chosen in [&all[..], &all[..all.len().min(1)], &all[all.len() / 2..]] {
        let spans = skeleton::regions(skeleton, chosen, text);
        assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
        assert!(
            spans
                .iter()
                .all(|span| text.get(span.start as usize..span.end as usize).is_some())
        );
    }
}
