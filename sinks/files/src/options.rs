//! What a person can set.

use std::path::PathBuf;

use forebay_core::component::Problem;
use forebay_core::units::{ByteSize, TimeSpan};
use forebay_formats::encode::Encoding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time_folder::TimeFolder;

/// Writes rows to files in a folder, each row exactly once: also after `kill -9` or a power
/// failure, no row is missing or doubled, and readers never see an unfinished file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FilesOptions {
    /// The folder to write to; it is made if need be. Unfinished files stand in its hidden folder
    /// `.forebay`, which must be on the same file system.
    pub path: PathBuf,
    /// The format, its compression and its details.
    #[serde(flatten)]
    pub encoding: Encoding,
    /// What the name of each file begins with. Default: the name of the pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Columns that make folders, as Hive and Spark have them: `["country"]` makes
    /// `country=NL/`. These columns are left out of the files, readers take them from the path.
    /// Default none.
    #[serde(default)]
    pub partition_by: Vec<String>,
    /// Folders by time, such as `"date=%Y-%m-%d/hour=%H"` (the words of `strftime`, in UTC). They
    /// stand before those of `partition_by`. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_time: Option<String>,
    /// The timestamp or date column that `partition_time` is made from. Default: the time at
    /// which the row is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_column: Option<String>,
    /// Files are published when one of them has so many bytes. Default `"128MiB"`.
    #[serde(default = "roll_bytes")]
    pub roll_bytes: ByteSize,
    /// Files are published at the latest so long after their first row. `"0s"` publishes after
    /// each batch. A receiver whose journal is half full of records that wait for this has them
    /// published earlier. Default `"1m"`.
    #[serde(default = "roll_interval")]
    pub roll_interval: TimeSpan,
    /// Files are published when one of them has so many rows, at least 1. Default: no such limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roll_rows: Option<u64>,
    /// At most so many files are written at the same time, from 1 to 4096; a further folder
    /// ends the file that was not written to for longest. Default 64.
    #[serde(default = "max_open_files")]
    pub max_open_files: usize,
}

fn roll_bytes() -> ByteSize {
    ByteSize::mib(128)
}

fn roll_interval() -> TimeSpan {
    TimeSpan::from_secs(60)
}

fn max_open_files() -> usize {
    64
}

const MAX_OPEN_FILES: usize = 4096;
const MAX_NAME_BYTES: usize = 100;

impl FilesOptions {
    pub(crate) fn check(&self) -> Vec<Problem> {
        let mut problems = self.encoding.check();
        problems.extend(self.check_path());
        problems.extend(self.name.as_deref().and_then(check_name));
        problems.extend(self.check_partitions());
        if self.roll_bytes.0 == 0 {
            problems.push(Problem::at("roll_bytes", "a file cannot roll at 0 bytes"));
        }
        if self.roll_rows == Some(0) {
            problems.push(
                Problem::at("roll_rows", "a file cannot roll at 0 rows")
                    .help("leave it out for no limit"),
            );
        }
        if !(1..=MAX_OPEN_FILES).contains(&self.max_open_files) {
            let text = format!("{} is not from 1 to {MAX_OPEN_FILES}", self.max_open_files);
            problems.push(Problem::at("max_open_files", text));
        }
        problems
    }

    fn check_path(&self) -> Option<Problem> {
        let path = self.path.to_string_lossy();
        if path.is_empty() {
            return Some(Problem::at("path", "the path is empty").help("name a folder"));
        }
        if path.contains('\0') {
            return Some(Problem::at("path", "a path cannot have a NUL character"));
        }
        path.contains("://").then(|| {
            Problem::at("path", format!("`{path}` is no folder of a local file system"))
                .help("this sink writes to mounted file systems: write `/folder`, not a URL")
        })
    }

    fn check_partitions(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (index, column) in self.partition_by.iter().enumerate() {
            if column.is_empty() {
                problems.push(Problem::at("partition_by", "a column without a name"));
            }
            if self.partition_by[..index].contains(column) {
                let text = format!("the column `{column}` is named twice");
                problems.push(Problem::at("partition_by", text));
            }
        }
        match (&self.partition_time, &self.time_column) {
            (Some(pattern), _) => {
                if let Err(message) = TimeFolder::parse(pattern) {
                    problems.push(
                        Problem::at("partition_time", message)
                            .help("such as \"date=%Y-%m-%d/hour=%H\""),
                    );
                }
            }
            (None, Some(_)) => problems.push(
                Problem::at("time_column", "there is no `partition_time` that would use it")
                    .help("add `partition_time`, or leave this out"),
            ),
            (None, None) => {}
        }
        problems
    }
}

fn check_name(name: &str) -> Option<Problem> {
    let unfit = name.is_empty()
        || name.len() > MAX_NAME_BYTES
        || name.starts_with(['.', '_'])
        || name.contains(|c: char| c == '/' || c.is_control());
    unfit.then(|| {
        let text = format!("`{}` cannot begin the name of a file", name.escape_debug());
        Problem::at("name", text).help(format!(
            "use 1 to {MAX_NAME_BYTES} bytes without `/`, not beginning with `.` or `_`, which readers skip"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(options: serde_json::Value) -> Vec<String> {
        let options: FilesOptions = serde_json::from_value(options).unwrap();
        options.check().into_iter().map(|problem| problem.path.join(".")).collect()
    }

    #[test]
    fn the_smallest_configuration_has_sound_defaults() {
        let options: FilesOptions =
            serde_json::from_value(serde_json::json!({"path": "out"})).unwrap();
        assert_eq!(options.check(), []);
        assert_eq!(options.roll_interval, TimeSpan::from_secs(60));
        assert_eq!(options.roll_bytes, ByteSize::mib(128));
    }

    #[test]
    fn the_schema_knows_the_flattened_options_and_defaults() {
        let schema = schemars::schema_for!(FilesOptions).to_value();
        assert_eq!(schema["required"], serde_json::json!(["path"]));
        for option in ["path", "format", "compression", "csv", "text_column", "roll_rows"] {
            assert!(schema["properties"][option].is_object(), "{option}");
        }
        assert_eq!(schema["properties"]["format"]["default"], "json");
        assert_eq!(schema["properties"]["roll_bytes"]["default"], "128MiB");
        assert_eq!(schema["properties"]["roll_interval"]["default"], "1m");
    }

    #[test]
    fn all_findings_at_once() {
        let found = findings(serde_json::json!({
            "path": "s3://bucket", "name": "a/b", "compression": "snappy", "roll_bytes": "0",
            "roll_rows": 0, "max_open_files": 0, "time_column": "ts", "partition_by": ["a", "a", ""],
        }));
        assert_eq!(
            found,
            [
                "compression",
                "path",
                "name",
                "partition_by",
                "partition_by",
                "time_column",
                "roll_bytes",
                "roll_rows",
                "max_open_files"
            ]
        );
    }

    #[test]
    fn patterns_and_names_that_leave_the_folder_are_found() {
        for pattern in ["", "/%Y", "../%Y", "%Y/./%m", "%Y//%m", "%Y/", "%E", "a\0b", ".%Y"] {
            assert_eq!(
                findings(serde_json::json!({"path": "out", "partition_time": pattern})),
                ["partition_time"],
                "{pattern}"
            );
        }
        for name in ["", ".a", "_a", "..", "a\n"] {
            assert_eq!(findings(serde_json::json!({"path": "out", "name": name})), ["name"]);
        }
    }
}
