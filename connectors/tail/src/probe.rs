//! Looking step by step whether the files can be read.

use std::fs::File;
use std::sync::Arc;

use forebay_core::probe::{Halted, Obstacle, Probed};
use tokio::task::spawn_blocking;

use crate::listing::{Interest, Listing, Selection};

/// Adds the steps of a probe: the folders, their files, and whether the first can be opened.
pub(crate) async fn probe(selection: Arc<Selection>, probed: &mut Probed) -> Result<(), Halted> {
    let looked = spawn_blocking(move || {
        let listing = selection.list(&Interest::default());
        let first = listing.files.iter().map(|seen| &seen.path).min().map(|path| {
            let opened = File::open(path).map(|_| format!("{} can be opened", path.display()));
            opened.map_err(|error| format!("{}: {error}", path.display()))
        });
        (listing, first)
    });
    let (listing, first) = match looked.await {
        Ok(looked) => looked,
        Err(error) => return probed.step("folder", Err(Obstacle::new(error, "try again"))),
    };
    probed.step("folder", folders(&listing))?;
    let bytes: u64 = listing.files.iter().map(|seen| seen.size).sum();
    let found = match listing.files.len() {
        0 => "none match yet".to_owned(),
        count => format!("{count} match, with {bytes} bytes"),
    };
    probed.well("files", found);
    let Some(first) = first else { return Ok(()) };
    let help = "give the user of the gateway the right to read it";
    probed.step("read", first.map_err(|why| Obstacle::new(why, help)))
}

fn folders(listing: &Listing) -> Result<String, Obstacle> {
    if let Some((path, why)) = listing.errors.first_key_value() {
        let help = "make the folder, mount its disk, mend `paths`, or give the user of the gateway \
                    the right to read it";
        return Err(Obstacle::new(format!("{}: {why}", path.display()), help));
    }
    let names: Vec<String> =
        listing.folders.iter().map(|folder| folder.display().to_string()).collect();
    Ok(match names.is_empty() {
        true => "no folder matches yet".to_owned(),
        false => names.join(", "),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use forebay_core::probe::Outcome;
    use forebay_core::probe::Outcome::{Failed, Well};

    use super::*;
    use crate::config::TailConfig;

    async fn steps(config: &TailConfig) -> Vec<(String, Outcome)> {
        let mut probed = Probed::default();
        let selection = Arc::new(Selection::new(config).unwrap());
        assert_eq!(probe(selection, &mut probed).await.is_ok(), probed.is_well());
        probed.steps().iter().map(|step| (step.name.to_string(), step.outcome.clone())).collect()
    }

    #[tokio::test]
    async fn folders_files_and_rights_are_told_apart() {
        let root = tempfile::tempdir().unwrap();
        let config = TailConfig::new(root.path().join("logs/*.log"));
        let found = steps(&config).await;
        assert!(
            matches!(&found[..], [(name, Failed { reason, .. })]
            if name == "folder" && reason.contains("No such file")),
            "{found:?}"
        );
        fs::create_dir(root.path().join("logs")).unwrap();
        let found = steps(&config).await;
        assert!(
            matches!(&found[..], [_, (name, Well { found })]
            if name == "files" && found == "none match yet"),
            "{found:?}"
        );
        for (name, text) in [("a.log", "one\n"), ("b.log", "two"), ("c.txt", "three")] {
            fs::write(root.path().join("logs").join(name), text).unwrap();
        }
        let found = steps(&config).await;
        assert!(matches!(&found[..], [_, (_, Well { found }), (name, Well { found: read })]
            if found == "2 match, with 7 bytes" && name == "read" && read.contains("a.log")));
        let folders = steps(&TailConfig::new(root.path().join("*/none/*.log"))).await;
        assert_eq!(folders[0].1, Well { found: "no folder matches yet".to_owned() });
    }
}
