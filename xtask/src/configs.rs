//! Every configuration of the tree goes through `forebay check`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::place;
use crate::program::Program;

/// Fails at the first file that `forebay check` does not like, after all were looked at.
pub(crate) fn check(binary: &Path) -> Result<(), String> {
    let mut bad = Vec::new();
    for file in files()? {
        let arguments = [Path::new("check"), &file];
        if Program::new("forebay", binary, arguments).run().is_err() {
            bad.push(file.display().to_string());
        }
    }
    match bad.is_empty() {
        true => Ok(()),
        false => Err(format!("`forebay check` refuses {}", bad.join(", "))),
    }
}

/// The files, relative to the root, in order.
fn files() -> Result<Vec<PathBuf>, String> {
    let mut files = within("configs")?;
    files.extend(within("docker")?);
    Ok(files)
}

/// Those of a folder.
fn within(folder: &str) -> Result<Vec<PathBuf>, String> {
    let (name, folder) = (folder, place::root().join(folder));
    let entries = fs::read_dir(&folder)
        .map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter_map(|path| path.file_name().map(|file| Path::new(name).join(file)))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(format!("{} holds no configuration", folder.display()));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quickstart_is_among_the_files() {
        let files = files().unwrap();
        assert!(files.contains(&PathBuf::from("configs/quickstart.toml")));
        assert!(files.contains(&PathBuf::from("docker/forebay.toml")));
    }
}
