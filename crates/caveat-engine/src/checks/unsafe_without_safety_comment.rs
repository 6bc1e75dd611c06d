//! Unsafe code that does not say why it is sound.
//!
//! Many projects do not write such comments at all, and telling them at every block helps nobody;
//! so the finding is shown by default only in files that mostly follow the convention.

use caveat_parser::lang::{Field, Role};
use caveat_parser::{Arena, Code, NodeId};

use super::{Check, FileView, Hit, tree};
use crate::rule::Confidence;

/// Reports unsafe blocks and impls without a `SAFETY:` comment, unsafe functions without the
/// section `# Safety`.
pub static CHECK: Check = Check {
    name: "unsafe-without-safety-comment",
    languages: &["rust"],
    triggers: &["unsafe"],
    whole_file: &["rust"],
    needs_class: false,
    glance: None,
    run,
};

/// How many places must follow the convention before the others stand out, per place that does
/// not.
const FOLLOWERS_PER_STRAY: usize = 4;

fn run(view: &FileView<'_>, hits: &mut Vec<Hit>) {
    let Some(names) = view.names else { return };
    let code = names.code;
    let sites: Vec<(NodeId, Site, bool)> = code
        .arena
        .ids()
        .filter_map(|id| Some((id, site(code, id)?)))
        .map(|(id, site)| (id, site, is_explained(code, id, site)))
        .collect();
    for kind in [Site::Block, Site::Function] {
        let of_kind = |site: &Site| (*site == Site::Function) == (kind == Site::Function);
        let strays: Vec<_> = sites
            .iter()
            .filter(|(_, site, explained)| of_kind(site) && !explained)
            .collect();
        let followers = sites.iter().filter(|(_, site, _)| of_kind(site)).count() - strays.len();
        let is_convention = followers >= FOLLOWERS_PER_STRAY * strays.len();
        for &&(id, site, _) in &strays {
            let mut hit = Hit::at(head(code, id)).word("WHAT", site.words());
            if !is_convention {
                hit.confidence = Some(Confidence::Low);
            }
            hits.push(hit);
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Site {
    Block,
    Impl,
    Function,
}

impl Site {
    fn words(self) -> &'static str {
        match self {
            Site::Block => "this unsafe block has no `SAFETY:` comment",
            Site::Impl => "this unsafe impl has no `SAFETY:` comment",
            Site::Function => "this unsafe function has no section `# Safety`",
        }
    }
}

fn site(code: Code<'_>, id: NodeId) -> Option<Site> {
    let arena = code.arena;
    match arena.role(id) {
        Role::Unsafe => Some(Site::Block),
        Role::Impl if code.text_of(id).starts_with("unsafe") => Some(Site::Impl),
        Role::Function
            if code.text_of(id).starts_with("pub ")
                && tree::has_modifier(code, id, "unsafe")
                && arena.field(id, Field::Body).is_some()
                && !in_trait_impl(arena, id) =>
        {
            Some(Site::Function)
        }
        _ => None,
    }
}

fn in_trait_impl(arena: &Arena, id: NodeId) -> bool {
    arena
        .ancestors(id)
        .any(|at| arena.role(at) == Role::Impl && arena.field(at, Field::Trait).is_some())
}

/// The first line of a site: what is reported.
fn head(code: Code<'_>, id: NodeId) -> caveat_parser::Span {
    let span = code.arena.span(id);
    let text = span.text(code.text);
    let length = text.find(['{', '\n']).unwrap_or(text.len());
    let length = text[..length].trim_end().len();
    caveat_parser::Span::new(span.start, span.start + length as u32)
}

fn is_explained(code: Code<'_>, id: NodeId, site: Site) -> bool {
    let arena = code.arena;
    let is_safety = |comment: &str| {
        // Names of lints that are written with hyphens say nothing, nor does the word itself.
        let lower = comment
            .to_ascii_lowercase()
            .replace("-safety-", "")
            .replace("unsafe", "");
        ["safe", "sound", "invariant"]
            .iter()
            .any(|word| lower.contains(word))
    };
    let own = arena.node(id);
    let is_reason = |comment: &str| {
        let lower = comment.to_ascii_lowercase();
        is_safety(comment)
            || ["send", "sync", "because", "since", "thread"]
                .iter()
                .any(|word| lower.contains(word))
    };
    if site == Site::Impl {
        let start = tree::lead_start(code, own.start);
        return tree::comment_within(code, start, own.end, is_reason);
    }
    if site != Site::Block {
        let start = tree::lead_start(code, own.start);
        return tree::comment_within(code, start, own.end, is_safety)
            || doc_attribute(code, start, own.start);
    }
    // Inside, or on the same line behind.
    let line_end = code.text[own.end as usize..]
        .find('\n')
        .map_or(code.text.len() as u32, |at| own.end + at as u32);
    if tree::comment_within(code, own.start, line_end, is_safety) {
        return true;
    }
    // Above the block, its statement, or a statement around; the function's documentation too.
    let around = std::iter::once(id).chain(arena.ancestors(id));
    for at in around {
        let start = tree::lead_start(code, arena.node(at).start);
        if tree::comment_within(code, start, arena.node(at).start, is_safety) {
            return true;
        }
        if arena.role(at) == Role::Function {
            return false;
        }
    }
    false
}

fn doc_attribute(code: Code<'_>, start: u32, end: u32) -> bool {
    let lead = &code.text[start as usize..end as usize];
    lead.contains("doc = include_str") || lead.contains("# Safety")
}
