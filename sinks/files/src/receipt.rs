//! What the checkpoint has to remember of staged files.

use std::path::{Component, Path, PathBuf};

use forebay_core::sink::Receipt;
use serde::{Deserialize, Serialize};

/// One file: the name under which it was staged, and the path, relative to the folder of the
/// sink, under which readers are to see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StagedFile(pub(crate) String, pub(crate) String);

/// What the checkpoint has to remember of staged files: all that were not published when the
/// receipt was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FilesReceipt {
    /// The folder of the sink, so that files are found after somebody changed the option.
    pub(crate) path: PathBuf,
    /// The folder of the staged files, relative to it.
    pub(crate) staging: String,
    /// The files.
    pub(crate) files: Vec<StagedFile>,
}

impl FilesReceipt {
    /// Reads what an earlier run wrote. Names that lead out of the folder are refused.
    pub(crate) fn read(receipt: &Receipt) -> Result<Self, String> {
        let read: Self = serde_json::from_value(receipt.clone()).map_err(|error| {
            format!("the checkpoint holds a receipt that is not one of a files sink: {error}")
        })?;
        let names = read.files.iter().flat_map(|file| [&file.0, &file.1]);
        let outside = names.chain([&read.staging]).find(|name| !stays_inside(name)).cloned();
        match outside {
            Some(name) => Err(format!(
                "the checkpoint's receipt names `{name}`, outside of the sink's folder"
            )),
            None => Ok(read),
        }
    }

    pub(crate) fn to_json(&self) -> Receipt {
        serde_json::json!({
            "path": self.path.to_string_lossy(),
            "staging": self.staging,
            "files": self.files,
        })
    }
}

fn stays_inside(name: &str) -> bool {
    !name.is_empty()
        && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let receipt = FilesReceipt {
            path: "/out".into(),
            staging: ".forebay/a".into(),
            files: vec![StagedFile("1.staged".into(), "c=..%2F/x.jsonl".into())],
        };
        assert_eq!(FilesReceipt::read(&receipt.to_json()), Ok(receipt));
    }

    #[test]
    fn names_that_lead_outside_are_refused() {
        for name in ["../x", "/etc/passwd", "a/../../x", ""] {
            let json = serde_json::json!({"path": "/out", "staging": "s", "files": [["a", name]]});
            assert!(FilesReceipt::read(&json).is_err(), "{name}");
        }
        assert!(FilesReceipt::read(&serde_json::json!({"offset": 3})).is_err());
    }
}
