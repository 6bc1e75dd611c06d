//! Functions that by their name say that a URL may be followed. Their answer is believed: whoever
//! has written such a check wants to hear of URLs without one.

use std::sync::Arc;

use caveat_parser::ir::{Base, Callee, Operand, Step};

use super::call::Args;
use super::guard::{Learned, Test, both};
use crate::model::{Fact, FactSet};

/// Whether such a function is called.
pub fn is_asked(callee: &Callee) -> bool {
    called_name(callee).is_some_and(vouches_for_urls)
}

/// The last name of what is called.
fn called_name(callee: &Callee) -> Option<&str> {
    let name = match callee {
        Callee::Method(_, name) => name,
        Callee::Value(Operand::Place(place)) => match (place.path.last(), &place.base) {
            (Some(Step::Field(name)), _) => name,
            (None, Base::Name(name) | Base::Global(name)) => name,
            _ => return None,
        },
        Callee::Value(_) => return None,
    };
    name.rsplit('.').next()
}

/// Whether a function by its name says that a URL may be followed: `is_safe_url`,
/// `url_has_allowed_host`, `is_safe_redirect_target`. Its answer is believed.
fn vouches_for_urls(name: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    has(&["safe", "allowed", "trusted"]) && has(&["url", "redirect", "host", "next", "uri"])
}

/// What a true answer of such a function says of its arguments.
pub fn answer(args: &Args) -> Option<Arc<Test>> {
    let facts = FactSet::EMPTY
        .with(Fact::HostAllowed)
        .with(Fact::RelativeUrl);
    let values = args.positional.iter().map(|it| it.value.identity);
    values.filter(|it| *it != 0).fold(None, |all, subject| {
        let learn = Test::Learn {
            when: true,
            subject,
            learned: Learned::facts(facts),
        };
        both(all, Some(Arc::new(learn)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_vouch() {
        assert!(vouches_for_urls("is_safe_url"));
        assert!(vouches_for_urls("url_has_allowed_host_and_scheme"));
        assert!(!vouches_for_urls("get_url"));
        assert!(!vouches_for_urls("is_safe"));
    }
}
