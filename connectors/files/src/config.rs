//! The options.

use std::path::{Path, PathBuf};
use std::time::Duration;

use forebay_core::component::Problem;
use forebay_core::units::{ByteSize, TimeSpan};
use forebay_formats::text_files::Compression;
use forebay_formats::{Decoding, Format};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reads every new file of a folder once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FilesConfig {
    /// A folder, a file, or a pattern of folders or files such as `/data/*/in`. A relative path
    /// begins at the folder of the configuration file.
    pub path: PathBuf,
    /// Pattern of the names of the files to take, such as `*.json`. Default `*`.
    #[serde(default = "default_glob")]
    pub glob: String,
    /// Looks into folders within the folder, too. Default false. Links to folders are not
    /// followed.
    #[serde(default)]
    pub recursive: bool,
    /// Patterns of the names of files and folders to leave alone. Default hidden ones (`.*`),
    /// `_*`, `*.tmp` and `*.partial`.
    #[serde(default = "default_ignore")]
    pub ignore: Vec<String>,
    /// A file is complete when it was not written to for this long. Default 1s. `0s` suits
    /// files that are moved into the folder when they are complete.
    #[serde(default = "default_settle")]
    pub settle: TimeSpan,
    /// Time between two looks at the folder, at least 100ms. Default 5s. Changes are noticed at
    /// once where the system reports them.
    #[serde(default = "default_scan_interval")]
    pub scan_interval: TimeSpan,
    /// Which files come first. Default `oldest`.
    #[serde(default)]
    pub order: Order,
    /// Files that one batch reads from, at most. Default 16.
    #[serde(default = "default_max_files")]
    pub max_files_per_batch: u32,
    /// Bytes of records that one batch reads from all files together, at most. Default: no
    /// bound of its own.
    #[serde(default)]
    pub max_bytes_per_batch: Option<ByteSize>,
    /// Leaves files alone that were last written to longer ago than this. Default: none are.
    /// The checkpoint forgets files that are older by an hour; raising this later takes such
    /// files again.
    #[serde(default)]
    pub max_file_age: Option<TimeSpan>,
    /// What becomes of a file when all of it is committed. Default `keep`.
    #[serde(default)]
    pub after: After,
    /// Folder that files are moved to with `after = "move"`.
    #[serde(default)]
    pub move_to: Option<PathBuf>,
    /// How files are compressed. Default `auto`.
    #[serde(default)]
    pub compression: Compression,
    /// Longest line or CSV record, 1B to 1GiB. Default 1MiB. What is longer becomes a dead
    /// letter with its first 4 KiB.
    #[serde(default = "default_max_line")]
    pub max_line: ByteSize,
    /// What a record is.
    #[serde(flatten)]
    pub decoding: Decoding,
}

/// Which files come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Those that were written to the longest time ago.
    #[default]
    Oldest,
    /// Those that were written to last.
    Newest,
}

/// What becomes of a file when all of it is committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum After {
    /// It stays.
    #[default]
    Keep,
    /// It is deleted.
    Delete,
    /// It is moved to `move_to`, under its path within the folder.
    Move,
}

impl FilesConfig {
    /// The defaults, for a folder.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            glob: default_glob(),
            recursive: false,
            ignore: default_ignore(),
            settle: default_settle(),
            scan_interval: default_scan_interval(),
            order: Order::Oldest,
            max_files_per_batch: default_max_files(),
            max_bytes_per_batch: None,
            max_file_age: None,
            after: After::Keep,
            move_to: None,
            compression: Compression::Auto,
            max_line: default_max_line(),
            decoding: Decoding::default(),
        }
    }

    /// Whether a file holds records in a format of its own, and is not divided into lines.
    pub(crate) fn is_table(&self) -> bool {
        matches!(self.decoding.format, Format::Csv | Format::Parquet | Format::Avro)
    }

    /// Everything that is wrong.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.path.as_os_str().is_empty() {
            problems.push(Problem::at("path", "must not be empty"));
        } else if self.path.to_str().is_none() {
            problems.push(Problem::at("path", "must be UTF-8"));
        }
        for (key, pattern) in
            std::iter::once(("glob", &self.glob)).chain(self.ignore.iter().map(|it| ("ignore", it)))
        {
            if let Err(error) = glob::Pattern::new(pattern) {
                problems.push(Problem::at(key, format!("`{pattern}` is no pattern: {error}")));
            }
        }
        if self.scan_interval.0 < Duration::from_millis(100) {
            problems.push(Problem::at("scan_interval", "must be at least 100ms"));
        }
        if self.max_files_per_batch == 0 {
            problems.push(Problem::at("max_files_per_batch", "must be at least 1"));
        }
        if self.max_bytes_per_batch == Some(ByteSize(0)) {
            problems.push(Problem::at("max_bytes_per_batch", "must be at least 1B"));
        }
        if !(1..=1 << 30).contains(&self.max_line.0) {
            problems.push(Problem::at("max_line", "must be between 1B and 1GiB"));
        }
        if self.is_table() && self.compression != Compression::Auto {
            let text = format!("format `{}` tells compression by itself", self.decoding.format);
            problems.push(Problem::at("compression", text).help("leave it out"));
        }
        if self.is_table() && self.decoding.registry.is_some() {
            let text = format!("`{}` files carry their schema", self.decoding.format);
            problems.push(Problem::at("registry", text).help("leave it out"));
        }
        self.check_move(&mut problems);
        problems.extend(self.decoding.check());
        problems
    }

    fn check_move(&self, problems: &mut Vec<Problem>) {
        match (&self.move_to, self.after) {
            (None, After::Move) => problems.push(
                Problem::at("move_to", "`after = \"move\"` needs a folder to move to")
                    .help("set `move_to` to a folder outside of `path`"),
            ),
            (Some(_), After::Keep | After::Delete) => problems.push(
                Problem::at("move_to", "has no meaning without `after = \"move\"`")
                    .help("set `after = \"move\"`, or leave it out"),
            ),
            (Some(to), After::Move) if self.would_take_from(to) => problems.push(
                Problem::at("move_to", "lies within `path`: moved files would be read again")
                    .help("move them to a folder outside of `path`"),
            ),
            _ => {}
        }
    }

    /// Whether files in this folder would be taken, as far as the text of the paths says.
    fn would_take_from(&self, folder: &Path) -> bool {
        let Ok(below) = folder.strip_prefix(&self.path) else { return false };
        if below.as_os_str().is_empty() {
            return true;
        }
        let ignored = below.components().any(|part| {
            let name = part.as_os_str().to_string_lossy();
            let matches =
                |text: &String| glob::Pattern::new(text).is_ok_and(|it| it.matches(&name));
            self.ignore.iter().any(matches)
        });
        self.recursive && !ignored
    }
}

fn default_glob() -> String {
    "*".to_owned()
}

fn default_ignore() -> Vec<String> {
    [".*", "_*", "*.tmp", "*.partial"].map(str::to_owned).to_vec()
}

fn default_settle() -> TimeSpan {
    TimeSpan::from_secs(1)
}

fn default_scan_interval() -> TimeSpan {
    TimeSpan::from_secs(5)
}

fn default_max_files() -> u32 {
    16
}

fn default_max_line() -> ByteSize {
    ByteSize::mib(1)
}

#[cfg(test)]
mod tests {
    use super::FilesConfig;

    #[test]
    fn every_mistake_is_named() {
        for (json, path) in [
            (r#"{"path": ""}"#, "path"),
            (r#"{"path": "in", "glob": "a**b"}"#, "glob"),
            (r#"{"path": "in", "ignore": ["[" ]}"#, "ignore"),
            (r#"{"path": "in", "scan_interval": "1ms"}"#, "scan_interval"),
            (r#"{"path": "in", "max_files_per_batch": 0}"#, "max_files_per_batch"),
            (r#"{"path": "in", "max_bytes_per_batch": "0B"}"#, "max_bytes_per_batch"),
            (r#"{"path": "in", "max_line": "2GiB"}"#, "max_line"),
            (r#"{"path": "in", "after": "move"}"#, "move_to"),
            (r#"{"path": "in", "move_to": "out"}"#, "move_to"),
            (r#"{"path": "in", "after": "move", "move_to": "in"}"#, "move_to"),
            (r#"{"path": "a", "recursive": true, "after": "move", "move_to": "a/b"}"#, "move_to"),
            (r#"{"path": "in", "format": "parquet", "compression": "gzip"}"#, "compression"),
            (r#"{"path": "in", "format": "json"}"#, "schema"),
            (
                r#"{"path": "in", "format": "avro", "schema": {"a": "int"}, "registry": {"url": "http://a"}}"#,
                "registry",
            ),
        ] {
            let config: FilesConfig = serde_json::from_str(json).unwrap();
            let found: Vec<_> =
                config.problems().into_iter().map(|problem| problem.path.join(".")).collect();
            assert_eq!(found, [path], "{json}");
        }
    }

    #[test]
    fn what_is_right_has_no_problems() {
        for json in [
            r#"{"path": "in"}"#,
            r#"{"path": "in", "after": "move", "move_to": "in/done"}"#,
            r#"{"path": "in", "recursive": true, "after": "move", "move_to": "in/.done"}"#,
        ] {
            let config: FilesConfig = serde_json::from_str(json).unwrap();
            assert_eq!(config.problems(), [], "{json}");
        }
        let parsed: FilesConfig = serde_json::from_str(r#"{"path": "in"}"#).unwrap();
        assert_eq!(
            serde_json::to_value(parsed).unwrap(),
            serde_json::to_value(FilesConfig::new("in")).unwrap()
        );
    }
}
