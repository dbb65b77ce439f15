//! The pipeline of most scenarios.

use crate::record::Record;

/// The configuration of a pipeline of this name that takes [records](Record) as JSON from a source
/// of the same name, whose other options are lines of TOML, and puts them into files of JSON in the
/// folder `out`, many small ones.
#[must_use]
pub fn to_files(name: &str, source: &str) -> String {
    format!(
        r#"
        [sources.{name}]
        {source}
        format = "json"
        schema = {schema}

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
        "#,
        schema = Record::SCHEMA
    )
}
