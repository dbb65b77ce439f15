//! Runs commands.

use std::path::Path;
use std::process::Command;

use forebay::{Cli, Registry};

/// Runs a command line: how it ended, and what it wrote to standard output and standard error.
pub(crate) fn forebay(arguments: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = ["forebay"].iter().chain(arguments).map(|word| (*word).into());
    let exit = Cli::execute(arguments, &Registry::default(), false, &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (exit.code(), text(out), text(err))
}

/// Runs the binary, which must end with 0; what it wrote to standard output.
pub(crate) fn binary(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_forebay")).args(arguments).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {err}");
    String::from_utf8(output.stdout).unwrap()
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// All lines of the files with an ending in a folder and below.
pub(crate) fn lines_below(folder: &Path, ending: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return lines };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if path.is_dir() {
            lines.extend(lines_below(&path, ending));
        } else if text(&path).ends_with(ending) {
            lines.extend(std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned));
        }
    }
    lines
}
