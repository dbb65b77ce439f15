//! The pages that are made from the configuration types are those in the repository.

use std::path::Path;

use forebay::Registry;

use crate::components::{forebay, registry};

#[test]
fn the_reference_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let arguments = ["docs", "--check", "--root", root.to_str().unwrap()];
    let (code, _, err) = forebay(&arguments, &Registry::default());
    assert_eq!(code, 0, "{err}");
}

#[test]
fn docs_are_written_once_and_found_out_of_date_when_changed() {
    let root = tempfile::tempdir().unwrap();
    let readme = root.path().join("sinks/folder/README.md");
    std::fs::create_dir_all(readme.parent().unwrap()).unwrap();
    std::fs::write(&readme, "# Folder\n\n<!-- options -->\n\nEnd\n").unwrap();
    let place = root.path().to_str().unwrap();
    let docs = |more: &[&str]| {
        let arguments: Vec<&str> = ["docs", "--root", place].iter().chain(more).copied().collect();
        forebay(&arguments, &registry())
    };
    assert_eq!(docs(&["--check"]).0, 1);
    let (code, out, _) = docs(&[]);
    assert_eq!(code, 0);
    assert!(out.contains("written: docs/reference/source-queue.md"), "{out}");
    assert_eq!(docs(&["--check"]), (0, String::new(), String::new()));
    assert_eq!(docs(&[]).1, "");
    let text = std::fs::read_to_string(&readme).unwrap();
    assert!(text.contains("| `path` |") && text.ends_with("\n\nEnd\n"), "{text}");

    std::fs::write(&readme, text.replace("| `path` |", "| `pfad` |")).unwrap();
    let (code, _, err) = docs(&["--check"]);
    assert_eq!(code, 1);
    assert!(err.contains("out of date: sinks/folder/README.md"), "{err}");

    std::fs::write(&readme, "no place").unwrap();
    let (code, _, err) = docs(&["--check"]);
    assert_eq!(code, 1);
    assert!(err.contains("has no line `<!-- options -->`"), "{err}");
}
