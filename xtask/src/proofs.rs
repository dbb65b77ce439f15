//! The failure tables of connectors and sinks: each row names a test, and the test is there.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use crate::place;

/// The heads of the last column of a failure table.
const HEADS: [&str; 3] = ["proof", "test", "proved by"];

/// Fails when a row names no test, or one that is nowhere.
pub(crate) fn check() -> Result<(), String> {
    let root = place::root();
    let mut tests = HashSet::new();
    for folder in ["core", "formats", "clients", "connectors", "sinks", "gateway"] {
        gather(&root.join(folder), &mut tests)?;
    }
    gather(&root.join("integration-tests"), &mut tests)?;
    let mut wrong = Vec::new();
    for floor in ["connectors", "sinks"] {
        let Ok(folders) = fs::read_dir(root.join(floor)) else { continue };
        for folder in folders.flatten() {
            let path = folder.path().join("README.md");
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let name = format!("{floor}/{}", folder.file_name().display());
            wrong.extend(look(&text, &tests).into_iter().map(|what| format!("{name}: {what}")));
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n")),
    }
}

/// What is wrong with the failure tables of a page.
fn look(page: &str, tests: &HashSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        let Some(row) = line.strip_prefix('|') else {
            inside = false;
            continue;
        };
        let cells: Vec<&str> = row.trim_end().trim_end_matches('|').split('|').collect();
        let (first, last) = (cells[0].trim(), cells[cells.len() - 1].trim());
        if !inside {
            inside = HEADS.contains(&last);
            continue;
        }
        if first.starts_with("---") {
            continue;
        }
        let mut named = last.split('`').skip(1).step_by(2).peekable();
        if named.peek().is_none() {
            wrong.push(format!("\"{first}\" names no test"));
        }
        // A name with more than words in it is that of a file.
        let is_test = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        for name in named.filter(is_test).filter(|name| !tests.contains(*name)) {
            wrong.push(format!("\"{first}\" names `{name}`, which is no test"));
        }
    }
    wrong
}

/// The names of all functions in the Rust files of a folder.
fn gather(folder: &Path, names: &mut HashSet<String>) -> Result<(), String> {
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            gather(&path, names)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)
                .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
            let after = text.split("fn ").skip(1);
            names.extend(after.filter_map(|rest| Some(rest.split_once('(')?.0.to_owned())));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_a_test_and_tests_that_are_nowhere_are_found() {
        let page = "| option | meaning |\n|---|---|\n| a | b |\n\n\
                    | what | then | proof |\n|---|---|---|\n| down | waits | `known` |\n\
                    | slow | waits | - |\n| gone | ends | `known`, `nowhere`, `tests/a.rs` |\n";
        let tests = HashSet::from(["known".to_owned()]);
        assert_eq!(
            look(page, &tests),
            ["\"slow\" names no test", "\"gone\" names `nowhere`, which is no test"]
        );
    }

    #[test]
    fn the_tables_as_they_stand_are_well() {
        assert_eq!(check(), Ok(()));
    }
}
