//! What the terminal can show, from the user's wish and the environment.

use std::env;
use std::io::{IsTerminal, stdout};

use crate::args::Color;

/// Colours and links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to colour.
    pub color: bool,
    /// Whether to link, too.
    pub hyperlinks: bool,
}

/// The style of a report; `to_file` says that it does not go to standard output.
pub fn style(wish: Color, to_file: bool) -> Style {
    let terminal = !to_file && stdout().is_terminal();
    let color = match wish {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if is_set("NO_COLOR") => false,
        Color::Auto if is_set("FORCE_COLOR") => !to_file,
        Color::Auto => terminal && env::var_os("TERM").is_none_or(|name| name != "dumb"),
    };
    Style {
        color,
        hyperlinks: color && terminal && knows_links(),
    }
}

/// Set to something other than nothing or `0`.
fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0")
}

/// Terminals that are known to show OSC 8 links; others may print the escape codes.
fn knows_links() -> bool {
    let program = env::var("TERM_PROGRAM").unwrap_or_default();
    let vte = env::var("VTE_VERSION").unwrap_or_default();
    matches!(
        program.as_str(),
        "iTerm.app" | "WezTerm" | "vscode" | "ghostty" | "Hyper"
    ) || vte.parse::<u32>().is_ok_and(|version| version >= 5000)
        || ["WT_SESSION", "KITTY_WINDOW_ID"]
            .iter()
            .any(|name| is_set(name))
}
