//! The package of npm that a server consists of.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::distribution::{cache, lock};

/// What a server for node consists of: a project that names it, the lock file with the checksum of
/// each package, and the checksums of the files that are run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Package {
    /// The name, which begins the name of its folder in the cache.
    pub(super) name: &'static str,
    /// The version, which ends it.
    pub(super) version: &'static str,
    manifest: &'static str,
    locked: &'static str,
    /// Lines of `sha256sum`, for files of the package.
    sums: &'static str,
}

impl Package {
    /// kinesis-local, which speaks as Kinesis does.
    pub(super) const KINESIS: Self = Self {
        name: "kinesis-local",
        version: "0.6.2",
        manifest: include_str!("../../servers/kinesis/package.json"),
        locked: include_str!("../../servers/kinesis/package-lock.json"),
        sums: include_str!("../../servers/kinesis/SHA256SUMS"),
    };

    /// The folder of the package, from the cache, else from npm's registry. Other processes that
    /// ask at the same time wait. Every file that is run is compared with its checksum each time.
    ///
    /// # Errors
    /// If npm is missing or fails, or a file is not what it should be.
    pub(super) fn resolve(&self) -> Result<PathBuf> {
        let folder = cache()?.join(format!("{}-{}", self.name, self.version));
        fs::create_dir_all(&folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        let _lock = lock(&folder.join(".lock"))?;
        let complete = folder.join(".complete");
        let package = folder.join("node_modules").join(self.name);
        if !complete.exists() {
            self.fetch(&folder)?;
        }
        self.verify(&package)?;
        fs::write(&complete, "")?;
        Ok(package)
    }

    #[expect(clippy::print_stderr, reason = "a download takes a while, and shows that it goes on")]
    fn fetch(&self, folder: &Path) -> Result<()> {
        let Self { name, version, .. } = self;
        eprintln!("{name} {version}: it comes from npm to {}", folder.display());
        fs::write(folder.join("package.json"), self.manifest)?;
        fs::write(folder.join("package-lock.json"), self.locked)?;
        let npm = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .context("npm cannot run: `apt-get install npm` brings it")?;
        ensure!(
            npm.status.success(),
            "npm cannot fetch {name} {version} ({}):\n{}{}",
            npm.status,
            String::from_utf8_lossy(&npm.stdout),
            String::from_utf8_lossy(&npm.stderr)
        );
        Ok(())
    }

    fn verify(&self, package: &Path) -> Result<()> {
        let sums = package.join(".SHA256SUMS");
        fs::write(&sums, self.sums)?;
        let output = Command::new("sha256sum")
            .args(["--check", "--strict", "--quiet"])
            .arg(&sums)
            .current_dir(package)
            .output()
            .context("the checksums cannot be compared")?;
        ensure!(
            output.status.success(),
            "files of {} {} in {} are not what they should be; delete that folder, and they are \
             fetched again:\n{}{}",
            self.name,
            self.version,
            package.display(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_version_is_the_one_that_npm_is_asked_for() {
        let Package { version, manifest, locked, sums, name } = Package::KINESIS;
        assert!(manifest.contains(&format!("\"{name}\": \"{version}\"")));
        assert!(locked.contains(&format!("\"version\": \"{version}\"")));
        assert!(locked.contains("\"integrity\": \"sha512-") && sums.contains("  main.js"));
    }
}
