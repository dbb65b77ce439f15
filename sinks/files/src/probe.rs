//! Looking whether files can be written, and leaving none behind.

use std::path::Path;

use forebay_core::probe::{Halted, Obstacle, Probed};
use rustix::fs::{Access, access};

use crate::device::{self, sentence};
use crate::sink::remove_empty;
use crate::staging::Plan;

/// Adds the steps of a probe. It blocks.
pub(crate) fn probe(plan: &Plan, probed: &mut Probed) -> Result<(), Halted> {
    let root = &plan.root;
    let help = "make room, give the user of the gateway the right to write there, or mend `path`";
    if !root.exists() {
        return probed.step("folder", may_be_made(root).map_err(|why| Obstacle::new(why, help)));
    }
    let is_folder = device::require_folder(root).map(|()| root.display().to_string());
    probed.step("folder", is_folder.map_err(|why| Obstacle::new(why, help)))?;
    let staging = plan.staging_folder();
    let written = device::make_folder(&staging)
        .map_err(|error| sentence("make the folder", &staging, &error))
        .and_then(|()| {
            device::probe(&staging).map_err(|error| sentence("write to", &staging, &error))
        });
    remove_empty(root, &staging);
    let written = written.map(|()| "a file was written, synced and removed".to_owned());
    probed.step("write", written.map_err(|why| Obstacle::new(why, help)))
}

/// Whether a folder that is not there can be made: nothing is made now.
fn may_be_made(root: &Path) -> Result<String, String> {
    let there = root.ancestors().skip(1).find(|folder| folder.exists());
    let there = there.unwrap_or(Path::new("/"));
    match access(there, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) if there.is_dir() => {
            Ok(format!("{} is not there yet, and can be made", root.display()))
        }
        Ok(()) => Err(format!("`{}` is no folder", there.display())),
        Err(error) => Err(sentence("write to", there, &error.into())),
    }
}
