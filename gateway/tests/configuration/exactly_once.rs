//! Pipelines in which writing exactly once cannot hold are refused, with the reason.

use crate::components::short;

fn findings(source: &str, sink: &str, pipeline: &str) -> Vec<String> {
    let text = format!(
        "[sources.in]\ntype = \"generator\"\nschema = {{ id = \"bigint\" }}\n{source}\n\
         [sinks.out]\ntype = \"kafka\"\nbrokers = [\"a:1\"]\ntopic = \"t\"\n{sink}\n\
         [sinks.more]\ntype = \"blackhole\"\n\
         [pipelines.p]\nfrom = [\"in\"]\n{pipeline}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("forebay.toml");
    std::fs::write(&file, text).unwrap();
    let registry = forebay::registry::Registry::default();
    let environment = |_: &str| None;
    let loaded = forebay::config::load(&[file], &registry, &environment);
    short(&loaded.findings).into_iter().filter(|text| text.contains("exactly-once")).collect()
}

#[test]
fn sources_whose_positions_stand_elsewhere_are_refused() {
    let to = "to = [\"out\", \"more\"]";
    let group = "assign = \"group\"";
    assert_eq!(findings(group, "exactly_once = true", to).len(), 1);
    assert_eq!(findings(group, "", to).len(), 0);
    assert_eq!(findings("", "exactly_once = true", to).len(), 0);
    assert_eq!(findings(group, "exactly_once = true", "to = [\"more\"]").len(), 0);
}

#[test]
fn dead_letters_are_not_written_exactly_once() {
    let letters = "to = [\"more\"]\ndead_letters = \"out\"";
    assert_eq!(findings("", "exactly_once = true", letters).len(), 1);
    assert_eq!(findings("", "", letters).len(), 0);
}
