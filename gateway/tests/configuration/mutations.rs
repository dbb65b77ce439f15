//! Nothing that stands in a file can make the check panic.

use forebay::config::Style;
use proptest::prelude::*;

use crate::components::{GOOD, load_text};

const RICH: &str = include_str!("ten.toml");

/// Pieces that are likely to lead somewhere.
const PIECES: &[&str] = &[
    "[",
    "]",
    "{",
    "}",
    "=",
    "\"",
    "'''",
    "\n",
    ".",
    ",",
    "${",
    "}",
    "$${X",
    "${HOST:-",
    "[[sinks]]",
    "[sources.in.tls]",
    "[pipelines]",
    "tls = {}",
    "\u{e9}",
    "\u{1f30a}",
    "\\u0000",
    "0x",
    "1e999",
    "-",
    "inf",
    "1979-05-27T07:32:00Z",
    "type = \"folder\"",
    "format = [1]",
    "password = { file = \"/\" }",
    "#",
    "\r",
    "mode = { group = { name = 1 } }",
    "mode = {}",
    "backpressure = \"pid\"",
    "from = 1",
    "\u{0}",
];

fn mutated(text: &str, changes: &[(usize, usize, usize)]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (at, drop, piece) in changes {
        let at = at % (chars.len() + 1);
        let end = (at + drop).min(chars.len());
        chars.splice(at..end, PIECES[piece % PIECES.len()].chars());
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn mutations_of_a_file_never_panic(
        rich in any::<bool>(),
        changes in prop::collection::vec((0usize..2000, 0usize..12, 0usize..PIECES.len()), 1..6),
    ) {
        let text = mutated(if rich { RICH } else { GOOD }, &changes);
        let loaded = load_text(&text);
        prop_assert_eq!(loaded.config.is_some(), loaded.findings.errors() == 0);
        let plain = loaded.findings.render(Style::Plain);
        prop_assert_eq!(plain.is_empty(), loaded.findings.list().is_empty());
        prop_assert_eq!(loaded.findings.json_lines().lines().count(), loaded.findings.list().len());
    }

    #[test]
    fn any_text_at_all_never_panics(text in "\\PC{0,200}") {
        let _ = load_text(&text).findings.render(Style::Graphical);
    }
}
