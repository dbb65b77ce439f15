//! Where things are.

use std::env;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// The folder that Cargo builds into: this very program came out of it.
pub(crate) fn profile_folder() -> Result<PathBuf, String> {
    let program = env::current_exe()
        .map_err(|error| format!("this program cannot tell where it lies: {error}"))?;
    program
        .parent()
        .map(Path::to_owned)
        .ok_or_else(|| format!("{} lies in no folder", program.display()))
}

/// The `forebay` binary of the debug build.
pub(crate) fn debug_binary() -> Result<PathBuf, String> {
    Ok(profile_folder()?.join(format!("forebay{}", env::consts::EXE_SUFFIX)))
}

/// The `forebay` binary of the release build.
pub(crate) fn release_binary() -> Result<PathBuf, String> {
    let folder = profile_folder()?;
    let target = folder.parent().unwrap_or(&folder);
    Ok(target.join("release").join(format!("forebay{}", env::consts::EXE_SUFFIX)))
}
