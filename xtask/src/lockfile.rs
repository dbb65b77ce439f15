//! One version of what must not be there twice.

use std::collections::BTreeMap;
use std::fs;

use crate::place;

/// Families of which two versions do not mix: columns of the one are strangers to the other.
const ONE_VERSION: &[&str] = &["arrow", "arrow-array", "arrow-schema", "parquet", "rustls"];

/// Fails when the lock file holds two versions of a crate that must be there once.
pub(crate) fn check() -> Result<(), String> {
    let path = place::root().join("Cargo.lock");
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    match twice(&text) {
        found if found.is_empty() => Ok(()),
        found => Err(format!(
            "Cargo.lock holds {}; pin one version in the root Cargo.toml and run `cargo update`",
            found.join(", ")
        )),
    }
}

fn twice(lock: &str) -> Vec<String> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut name = "";
    for line in lock.lines() {
        if let Some(value) = quoted(line, "name = ") {
            name = value;
        } else if let Some(version) = quoted(line, "version = ")
            && ONE_VERSION.contains(&name)
        {
            versions.entry(name).or_default().push(version);
        }
    }
    versions
        .into_iter()
        .filter(|(_, versions)| versions.len() > 1)
        .map(|(name, versions)| format!("{name} {}", versions.join(" and ")))
        .collect()
}

fn quoted<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?.strip_prefix('"')?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(packages: &[(&str, &str)]) -> String {
        packages
            .iter()
            .map(|(name, version)| {
                format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\n")
            })
            .collect()
    }

    #[test]
    fn two_arrows_are_found_and_two_of_another_crate_are_not() {
        let one = lock(&[("arrow", "59.3.0"), ("syn", "1.0.0"), ("syn", "2.0.0")]);
        assert!(twice(&one).is_empty());
        let two = lock(&[("arrow", "59.3.0"), ("parquet", "59.3.0"), ("arrow", "60.1.0")]);
        assert_eq!(twice(&two), ["arrow 59.3.0 and 60.1.0"]);
    }

    #[test]
    fn the_lock_file_of_this_tree_is_well() {
        assert_eq!(check(), Ok(()));
    }
}
