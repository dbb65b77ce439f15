//! Where writing exactly once cannot hold.
//!
//! A sink with `exactly_once = true` recognises a batch that comes again by its number. So the
//! batch must have the same rows each time, which takes sources whose positions stand in the
//! checkpoint, and rows that follow from these positions alone.

use super::document::{Document, Section};
use super::finding::{Finding, Findings};
use super::references::names;
use super::tree::{Entry, Value};

/// Finds pipelines in which writing exactly once cannot hold.
pub(super) fn check(document: &Document, findings: &mut Findings) {
    for pipeline in document.pipelines.values() {
        let once = |name: &str| document.sinks.get(name).is_some_and(is_exactly_once);
        let to = names(pipeline, "to");
        if let Some((sink, _)) = to.iter().find(|(name, _)| once(name)) {
            for (source, place) in names(pipeline, "from") {
                if document.sources.get(&source).is_some_and(is_shared) {
                    let message = format!(
                        "`{sink}` cannot write exactly once what `{source}` reads with `assign = \
                         \"group\"`: its positions stand in the group, so a batch that comes \
                         again after a crash can have other records under its number"
                    );
                    let finding = Finding::error("exactly-once", place, message)
                        .help("use `assign = \"all\"` there, or `exactly_once = false` here")
                        .path(format!("pipelines.{}.from", pipeline.name));
                    findings.add(finding);
                }
            }
        }
        let letters = entry(pipeline, "dead_letters");
        if let Some((name, place)) = letters.and_then(|it| Some((it.node.text()?, it.node.place)))
            && once(name)
        {
            let message = format!(
                "`{name}` cannot write dead letters exactly once: a batch that comes again after \
                 a crash can have other dead letters"
            );
            let finding = Finding::error("exactly-once", place, message)
                .help("use a sink with `exactly_once = false`, or leave `dead_letters` out")
                .path(format!("pipelines.{}.dead_letters", pipeline.name));
            findings.add(finding);
        }
    }
}

fn is_exactly_once(sink: &Section) -> bool {
    let entry = entry(sink, "exactly_once");
    entry.is_some_and(|entry| matches!(entry.node.value, Value::Boolean(true)))
}

fn is_shared(source: &Section) -> bool {
    entry(source, "assign").and_then(|entry| entry.node.text()) == Some("group")
}

fn entry<'a>(section: &'a Section, key: &str) -> Option<&'a Entry> {
    section.node.table()?.get(key)
}
