//! Folders by time.

use jiff::Timestamp;
use jiff::fmt::strtime;

use crate::escape::{MAX_NAME_BYTES, NULL_PARTITION};

/// A pattern such as `date=%Y-%m-%d/hour=%H`, applied to times in UTC.
#[derive(Clone, Debug)]
pub(crate) struct TimeFolder(String);

impl TimeFolder {
    /// The pattern, if it makes folders for every time and none of them is outside.
    pub(crate) fn parse(pattern: &str) -> Result<Self, String> {
        let folder = Self(pattern.to_owned());
        for time in [Timestamp::UNIX_EPOCH, Timestamp::MAX] {
            folder.name(time)?;
        }
        Ok(folder)
    }

    /// The folder of a time, relative, without a slash at the end.
    pub(crate) fn name(&self, time: Timestamp) -> Result<String, String> {
        let name = strtime::format(&self.0, time).map_err(|error| error.to_string())?;
        match name.split('/').find_map(unfit) {
            Some(message) => Err(message),
            None => Ok(name),
        }
    }

    /// The folder of rows that have no time.
    pub(crate) fn name_without_time(&self) -> String {
        let parts = self.0.split('/').map(|part| match part.split_once('=') {
            Some((key, _)) if !key.contains('%') => format!("{key}={NULL_PARTITION}"),
            _ => NULL_PARTITION.to_owned(),
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

/// What is wrong with one part of a path.
fn unfit(part: &str) -> Option<String> {
    if part.is_empty() {
        return Some("a folder without a name: it is empty, or a `/` is too many".to_owned());
    }
    if part.starts_with('.') {
        return Some(format!("the folder `{part}` begins with a dot, so readers would skip it"));
    }
    if part.contains(|c: char| c.is_control()) {
        return Some("a folder with a control character in its name".to_owned());
    }
    (part.len() > MAX_NAME_BYTES).then(|| format!("a folder name of {} bytes", part.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_make_folders() {
        let folder = TimeFolder::parse("date=%Y-%m-%d/hour=%H").unwrap();
        let time = Timestamp::from_second(1_700_000_000).unwrap();
        assert_eq!(folder.name(time).unwrap(), "date=2023-11-14/hour=22");
        assert_eq!(
            folder.name_without_time(),
            "date=__HIVE_DEFAULT_PARTITION__/hour=__HIVE_DEFAULT_PARTITION__"
        );
        assert_eq!(
            TimeFolder::parse("%Y/%m").unwrap().name_without_time(),
            format!("{NULL_PARTITION}/{NULL_PARTITION}")
        );
    }
}
