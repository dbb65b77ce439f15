//! Secrets: texts that are never shown, or files that hold them.

use std::io::Read;

use serde_json::Value as Json;

use super::tree::{Node, Value};
use super::walk::Walk;

/// The largest file that is read as a secret.
const MAX_BYTES: u64 = 64 << 10;

impl Walk<'_> {
    /// A secret as text: as it stands there, or from the file that is named.
    pub(super) fn secret(&mut self, node: &Node) -> Option<Json> {
        let expected = "expected a secret: text, or { file = \"path\" }";
        match &node.value {
            Value::Text(text) => {
                self.findings.hide(node.place);
                Some(Json::String(text.text.clone()))
            }
            Value::Table(table) => {
                if let [entry] = table.entries.as_slice()
                    && entry.key == "file"
                    && let Some(path) = entry.node.text()
                {
                    return match read(&self.folder.join(path)) {
                        Ok(text) => Some(Json::String(text)),
                        Err(reason) => {
                            let message =
                                format!("the secret in `{path}` cannot be read: {reason}");
                            self.add("secret", entry.node.place, message, None);
                            None
                        }
                    };
                }
                self.add("type", node.place, expected, None);
                None
            }
            _ => {
                self.findings.hide(node.place);
                self.add("type", node.place, expected, None);
                None
            }
        }
    }
}

fn read(path: &std::path::Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    if !file.metadata().is_ok_and(|meta| meta.is_file()) {
        return Err("it is no file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        return Err(format!("it has more than {MAX_BYTES} bytes"));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| "it is no UTF-8 text".to_owned())?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}
