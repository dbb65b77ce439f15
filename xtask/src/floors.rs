//! The floors of the house: no dependency runs upward, and no connector knows another.

use std::fs;
use std::path::Path;

use crate::place;

/// Fails when a crate depends on one that stands beside it or above it.
pub(crate) fn check() -> Result<(), String> {
    let root = place::root();
    let mut wrong = Vec::new();
    for folder in ["core", "formats", "clients"] {
        look(&root.join(folder), &mut wrong)?;
    }
    for floor in ["connectors", "transforms", "sinks"] {
        let Ok(folders) = fs::read_dir(root.join(floor)) else { continue };
        for folder in folders.flatten() {
            look(&folder.path(), &mut wrong)?;
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(format!("{}; see docs/design.md, \"Floors\"", wrong.join("; "))),
    }
}

fn look(folder: &Path, wrong: &mut Vec<String>) -> Result<(), String> {
    let path = folder.join("Cargo.toml");
    let Ok(manifest) = fs::read_to_string(&path) else { return Ok(()) };
    let name = name(&manifest).ok_or_else(|| format!("{} names no package", path.display()))?;
    for dependency in normal_dependencies(&manifest) {
        if floor(dependency) >= floor(name) {
            wrong
                .push(format!("`{name}` depends on `{dependency}`, which does not stand below it"));
        }
    }
    Ok(())
}

/// The floor of one of our own crates, counted from the ground.
fn floor(name: &str) -> u8 {
    match name {
        "forebay-core" => 0,
        "forebay-clients" => 1,
        "forebay-formats" => 1,
        "forebay" => 4,
        _ => 2,
    }
}

fn name(manifest: &str) -> Option<&str> {
    manifest
        .lines()
        .find_map(|line| line.strip_prefix("name = "))
        .map(|name| name.trim().trim_matches('"'))
}

/// Our own crates in `[dependencies]`: what tests use is free.
fn normal_dependencies(manifest: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    manifest.lines().filter_map(move |line| {
        if line.starts_with('[') {
            inside = line.trim() == "[dependencies]";
        }
        let key = line.split(['=', '.']).next().unwrap_or_default().trim();
        let ours = key == "forebay" || key.starts_with("forebay-");
        (inside && ours).then_some(key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tests_use_is_free_and_the_rest_is_found() {
        let manifest = "[package]\nname = \"forebay-files-sink\"\n\n[dependencies]\n\
                        forebay-core = { workspace = true }\nserde = \"1\"\n\
                        forebay-http-source.workspace = true\n\n[dev-dependencies]\n\
                        forebay-console-sink = { workspace = true }\n";
        assert_eq!(name(manifest), Some("forebay-files-sink"));
        let found: Vec<_> = normal_dependencies(manifest).collect();
        assert_eq!(found, ["forebay-core", "forebay-http-source"]);
        assert!(floor("forebay-core") < floor("forebay-files-sink"));
        assert!(floor("forebay-http-source") >= floor("forebay-files-sink"));
    }

    #[test]
    fn the_house_as_it_stands_is_well() {
        assert_eq!(check(), Ok(()));
    }
}
