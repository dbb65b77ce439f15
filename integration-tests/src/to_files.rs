//! The pipeline of most scenarios.

use crate::record::Record;

/// An option of receivers: small segments of a journal. Files of old ones are written over after a
/// few hundred records.
pub const SMALL_SEGMENTS: &str = "journal = { segment_bytes = \"64KiB\" }";

/// The configuration of a pipeline of this name that takes [records](Record) as JSON from a source
/// of the same name, whose other options are lines of TOML, and puts them into files of JSON in the
/// folder `out`, many small ones.
#[must_use]
pub fn to_files(name: &str, source: &str) -> String {
    let schema = Record::SCHEMA;
    files_behind(name, &format!("{source}\nformat = \"json\"\nschema = {schema}"))
}

/// The same with whatever a source with these options takes.
#[must_use]
pub fn files_behind(name: &str, source: &str) -> String {
    format!(
        r#"
        [sources.{name}]
        {source}

        [sinks.out]
        type = "files"
        path = "out"
        format = "json"
        roll_interval = "100ms"
        roll_rows = 500

        [pipelines.{name}]
        from = ["{name}"]
        to = ["out"]
        interval = "20ms"
        "#
    )
}
