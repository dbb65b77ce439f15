//! The options.

use std::path::PathBuf;
use std::time::Duration;

use forebay_core::component::Problem;
use forebay_core::units::{ByteSize, TimeSpan};
use forebay_formats::{Decoding, Format};
use regex::bytes::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Follows files that grow, line by line, through rotation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TailConfig {
    /// Files or patterns of files, such as `/var/log/app/*.log`. Folders may be patterns, too. A
    /// relative path begins at the folder of the configuration file.
    pub paths: Vec<PathBuf>,
    /// Patterns of the names of files to leave alone. Default none.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Where files begin that are there at a start and were never read. Default `beginning`.
    #[serde(default)]
    pub start: Start,
    /// Several lines that make one record, such as an error and its stack trace. Default: a line
    /// is a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiline: Option<Multiline>,
    /// Longest record, 1B to 1GiB. Default 1MiB. What is longer becomes a dead letter with its
    /// first 4 KiB.
    #[serde(default = "default_max_line")]
    pub max_line: ByteSize,
    /// How long a file that was rotated or deleted has to be quiet before its last line is taken
    /// without a line end, and before its end is believed, 100ms to 1d. Default 10s.
    #[serde(default = "default_rotate_wait")]
    pub rotate_wait: TimeSpan,
    /// After which time a file that is gone is forgotten, at least `rotate_wait`. Default 1h. A
    /// file that comes back later is read again.
    #[serde(default = "default_forget_after")]
    pub forget_after: TimeSpan,
    /// Time between two looks at the folders, 100ms to 1d. Default 30s. Changes are noticed at
    /// once where the system reports them; where it does not (network drives), choose `"1s"`.
    #[serde(default = "default_scan_interval")]
    pub scan_interval: TimeSpan,
    /// Files that are kept open, at least 1. Default 256. A file that is deleted can be read on
    /// only while it is open.
    #[serde(default = "default_max_open")]
    pub max_open: u32,
    /// What a record is.
    #[serde(flatten)]
    pub decoding: Decoding,
}

/// Where files begin that are there at a start and were never read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// At their first line.
    #[default]
    Beginning,
    /// Behind their last line: only what is written after the start is read. Files that appear
    /// later are read from their first line.
    End,
}

/// Several lines that make one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Multiline {
    /// A [regular expression](https://docs.rs/regex/latest/regex/#syntax) that fits the first line
    /// of each record, such as `^\d{4}-`. All lines up to the next that fits belong to it.
    pub start: String,
    /// A record is taken when nothing was added to its file for this long, 10ms to 1h. Default 1s.
    /// What is added later is a record of its own.
    #[serde(default = "default_timeout")]
    pub timeout: TimeSpan,
}

impl TailConfig {
    /// The defaults, for one path or pattern.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            paths: vec![path.into()],
            exclude: Vec::new(),
            start: Start::default(),
            multiline: None,
            max_line: default_max_line(),
            rotate_wait: default_rotate_wait(),
            forget_after: default_forget_after(),
            scan_interval: default_scan_interval(),
            max_open: default_max_open(),
            decoding: Decoding::default(),
        }
    }

    /// Everything that is wrong.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.paths.is_empty() {
            problems.push(Problem::at("paths", "there is nothing to follow"));
        }
        for path in &self.paths {
            match (path.to_str(), path.file_name()) {
                (None, _) => problems.push(Problem::at("paths", "must be UTF-8")),
                (Some(text), None) => {
                    problems.push(Problem::at("paths", format!("`{text}` names no file")));
                }
                (Some(text), Some(_)) => problems.extend(pattern_problem("paths", text)),
            }
        }
        problems.extend(self.exclude.iter().filter_map(|text| pattern_problem("exclude", text)));
        if !(1..=1 << 30).contains(&self.max_line.0) {
            problems.push(Problem::at("max_line", "must be between 1B and 1GiB"));
        }
        let (least, day) = (TimeSpan::from_millis(100), TimeSpan::from_secs(86_400));
        for (key, span) in
            [("rotate_wait", self.rotate_wait), ("scan_interval", self.scan_interval)]
        {
            if span < least || span > day {
                problems.push(Problem::at(key, format!("must be between {least} and {day}")));
            }
        }
        if self.forget_after < self.rotate_wait {
            problems.push(Problem::at("forget_after", "must not be shorter than `rotate_wait`"));
        }
        if self.max_open == 0 {
            problems.push(Problem::at("max_open", "must be at least 1"));
        }
        if matches!(self.decoding.format, Format::Parquet) {
            let text = "parquet files do not grow line by line";
            problems.push(Problem::at("format", text).help("use `type = \"files\"`"));
        }
        problems.extend(self.multiline.iter().flat_map(Multiline::problems));
        problems.extend(self.decoding.check());
        problems
    }
}

impl Multiline {
    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Err(error) = Regex::new(&self.start) {
            let text = format!("`{}` is no regular expression: {error}", self.start);
            problems.push(Problem::at("multiline.start", text));
        }
        if !(Duration::from_millis(10)..=Duration::from_secs(3600)).contains(&self.timeout.0) {
            problems.push(Problem::at("multiline.timeout", "must be between 10ms and 1h"));
        }
        problems
    }
}

fn pattern_problem(key: &str, text: &str) -> Option<Problem> {
    let error = glob::Pattern::new(text).err()?;
    Some(Problem::at(key, format!("`{text}` is no pattern: {error}")))
}

fn default_max_line() -> ByteSize {
    ByteSize::mib(1)
}

fn default_rotate_wait() -> TimeSpan {
    TimeSpan::from_secs(10)
}

fn default_forget_after() -> TimeSpan {
    TimeSpan::from_secs(3600)
}

fn default_scan_interval() -> TimeSpan {
    TimeSpan::from_secs(30)
}

fn default_max_open() -> u32 {
    256
}

fn default_timeout() -> TimeSpan {
    TimeSpan::from_secs(1)
}

#[cfg(test)]
mod tests {
    use super::TailConfig;

    #[test]
    fn every_mistake_is_named() {
        for (json, path) in [
            (r#"{"paths": []}"#, "paths"),
            (r#"{"paths": ["/"]}"#, "paths"),
            (r#"{"paths": ["in/a**b"]}"#, "paths"),
            (r#"{"paths": ["a"], "exclude": ["["]}"#, "exclude"),
            (r#"{"paths": ["a"], "max_line": "2GiB"}"#, "max_line"),
            (r#"{"paths": ["a"], "rotate_wait": "1ms"}"#, "rotate_wait"),
            (r#"{"paths": ["a"], "scan_interval": "1ms"}"#, "scan_interval"),
            (r#"{"paths": ["a"], "forget_after": "1s"}"#, "forget_after"),
            (r#"{"paths": ["a"], "max_open": 0}"#, "max_open"),
            (r#"{"paths": ["a"], "format": "parquet"}"#, "format"),
            (r#"{"paths": ["a"], "format": "json"}"#, "schema"),
            (r#"{"paths": ["a"], "multiline": {"start": "("}}"#, "multiline.start"),
            (
                r#"{"paths": ["a"], "multiline": {"start": "^a", "timeout": "1ms"}}"#,
                "multiline.timeout",
            ),
        ] {
            let config: TailConfig = serde_json::from_str(json).unwrap();
            let found: Vec<_> =
                config.problems().into_iter().map(|problem| problem.path.join(".")).collect();
            assert_eq!(found, [path], "{json}");
        }
        let config: TailConfig =
            serde_json::from_str(r#"{"paths": ["/var/log/*/*.log"]}"#).unwrap();
        assert_eq!(config.problems(), []);
        assert_eq!(
            serde_json::to_value(config).unwrap(),
            serde_json::to_value(TailConfig::new("/var/log/*/*.log")).unwrap()
        );
    }
}
