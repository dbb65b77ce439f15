//! Looking step by step whether the folder can be read.

use std::fs::File;
use std::sync::Arc;

use forebay_core::probe::{Halted, Obstacle, Probed};
use tokio::task::spawn_blocking;

use crate::listing::{Listing, Selection};

/// Adds the steps of a probe: the folder, its files, and whether the first can be opened.
pub(crate) async fn probe(selection: Arc<Selection>, probed: &mut Probed) -> Result<(), Halted> {
    let base = selection.base().display().to_string();
    let looked = spawn_blocking(move || {
        let listing = selection.list();
        let first = listing.files.first().map(|found| {
            let path = found.path.display().to_string();
            File::open(&found.path)
                .map(|_| path.clone())
                .map_err(|error| format!("{path}: {error}"))
        });
        (listing, first)
    });
    let (listing, first) = match looked.await {
        Ok(looked) => looked,
        Err(error) => return probed.step("folder", Err(Obstacle::new(error, "try again"))),
    };
    probed.step("folder", folder(&base, &listing))?;
    let bytes: u64 = listing.files.iter().map(|found| found.stamp.size).sum();
    let found = match listing.files.len() {
        0 => "none yet".to_owned(),
        count => format!("{count} with {bytes} bytes"),
    };
    probed.well("files", found);
    let Some(first) = first else { return Ok(()) };
    let help = "give the user of the gateway the right to read it";
    let opened = first.map(|path| format!("{path} can be opened"));
    probed.step("read", opened.map_err(|error| Obstacle::new(error, help)))
}

fn folder(base: &str, listing: &Listing) -> Result<String, Obstacle> {
    if let Some(why) = listing.missing() {
        let help = "make the folder, mount its disk, or mend `path`";
        return Err(Obstacle::new(why, help));
    }
    match listing.errors.iter().next() {
        None => Ok(base.to_owned()),
        Some((path, why)) => {
            let help = "give the user of the gateway the right to read it";
            Err(Obstacle::new(format!("{}: {why}", path.display()), help))
        }
    }
}
