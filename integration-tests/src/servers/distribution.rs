//! The jars that a server consists of.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// What a server consists of: a Maven project that names it, and the checksum of each file that
/// Maven may bring for it.
#[derive(Clone, Copy, Debug)]
pub struct Distribution {
    /// The name, which begins the name of its folder in the cache.
    pub name: &'static str,
    /// The version, which ends it.
    pub version: &'static str,
    pom: &'static str,
    /// Lines of `sha256sum`.
    sums: &'static str,
}

/// Files that are there and are what they should be.
#[derive(Clone, Debug)]
pub struct Jars {
    /// The folder of this distribution in the cache.
    pub folder: PathBuf,
    files: Vec<PathBuf>,
}

impl Distribution {
    /// Apache Kafka.
    pub const KAFKA: Self = Self {
        name: "kafka",
        version: "4.3.1",
        pom: include_str!("../../servers/kafka/pom.xml"),
        sums: include_str!("../../servers/kafka/SHA256SUMS"),
    };

    /// Apicurio Registry, which also speaks as Confluent's registry does.
    pub const REGISTRY: Self = Self {
        name: "registry",
        version: "2.6.13.Final",
        pom: include_str!("../../servers/registry/pom.xml"),
        sums: include_str!("../../servers/registry/SHA256SUMS"),
    };

    /// An agent of Apache Flume, of the last version.
    pub const FLUME: Self = Self {
        name: "flume",
        version: "1.11.0",
        pom: include_str!("../../servers/flume-1.11/pom.xml"),
        sums: include_str!("../../servers/flume-1.11/SHA256SUMS"),
    };

    /// An agent of Apache Flume, of the last version in which the Spark sink runs, with that sink.
    pub const FLUME_1_9: Self = Self {
        name: "flume",
        version: "1.9.0",
        pom: include_str!("../../servers/flume-1.9/pom.xml"),
        sums: include_str!("../../servers/flume-1.9/SHA256SUMS"),
    };

    /// Apache Cassandra.
    pub const CASSANDRA: Self = Self {
        name: "cassandra",
        version: "5.0.9",
        pom: include_str!("../../servers/cassandra/pom.xml"),
        sums: include_str!("../../servers/cassandra/SHA256SUMS"),
    };

    /// The Kinesis Client Library.
    pub const KCL: Self = Self {
        name: "kcl",
        version: "3.5.1",
        pom: include_str!("../../servers/kcl/pom.xml"),
        sums: include_str!("../../servers/kcl/SHA256SUMS"),
    };

    /// DynamoDB Local.
    pub const DYNAMODB: Self = Self {
        name: "dynamodb",
        version: "2.6.0",
        pom: include_str!("../../servers/dynamodb/pom.xml"),
        sums: include_str!("../../servers/dynamodb/SHA256SUMS"),
    };

    /// The files, from the cache, else from Maven Central. Other processes that ask at the same
    /// time wait. Every file is compared with its checksum each time.
    ///
    /// # Errors
    /// If Maven is missing or fails, or a file is not what it should be.
    pub fn resolve(&self) -> Result<Jars> {
        let folder = cache()?.join(format!("{}-{}", self.name, self.version));
        fs::create_dir_all(&folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        let _lock = lock(&folder.join(".lock"))?;
        let (library, complete) = (folder.join("lib"), folder.join(".complete"));
        let files: Vec<PathBuf> = self.names().map(|name| library.join(name)).collect();
        if !complete.exists() || !files.iter().all(|file| file.exists()) {
            self.fetch(&folder, &library)?;
        }
        self.verify(&library)?;
        if !complete.exists() {
            fs::write(&complete, "")?;
        }
        Ok(Jars { folder, files })
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.sums.lines().filter_map(|line| line.split_once("  ")).map(|(_, name)| name)
    }

    #[expect(clippy::print_stderr, reason = "a download takes a while, and shows that it goes on")]
    fn fetch(&self, folder: &Path, library: &Path) -> Result<()> {
        let Self { name, version, pom, .. } = self;
        let count = self.names().count();
        eprintln!("{name} {version}: {count} files come from Maven to {}", folder.display());
        let project = folder.join("pom.xml");
        fs::write(&project, pom)?;
        let half = folder.join("lib.half");
        if half.exists() {
            fs::remove_dir_all(&half)?;
        }
        let mut maven = Command::new("mvn")
            .args(["--batch-mode", "--no-transfer-progress", "--file"])
            .arg(&project)
            .arg("org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies")
            .arg("-DincludeScope=runtime")
            .arg(format!("-DoutputDirectory={}", half.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("maven cannot run: `apt-get install maven` brings it")?;
        let mut said = String::new();
        if let Some(output) = maven.stdout.take() {
            for line in BufReader::new(output).lines() {
                let line = line?;
                if let Some((_, copied)) = line.split_once("Copying ") {
                    eprintln!("{name} {version}: {}", copied.split(' ').next().unwrap_or(copied));
                }
                said.push_str(&line);
                said.push('\n');
            }
        }
        let status = maven.wait()?;
        ensure!(status.success(), "maven cannot fetch {name} {version} ({status}):\n{said}");
        // A server may run from the files that are there: each is replaced as a whole.
        fs::create_dir_all(library)?;
        for file in fs::read_dir(&half)? {
            let file = file?;
            fs::rename(file.path(), library.join(file.file_name()))?;
        }
        Ok(fs::remove_dir(half)?)
    }

    /// Compares each file with its checksum: 50 to 150 MiB, some tenths of a second.
    fn verify(&self, library: &Path) -> Result<()> {
        let sums = library.with_file_name("SHA256SUMS");
        fs::write(&sums, self.sums)?;
        let output = Command::new("sha256sum")
            .args(["--check", "--strict", "--quiet"])
            .arg(&sums)
            .current_dir(library)
            .output()
            .context("the checksums cannot be compared")?;
        if !output.status.success() {
            bail!(
                "files of {} {} in {} are not what they should be; delete that folder, and they \
                 are fetched again:\n{}{}",
                self.name,
                self.version,
                library.display(),
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(())
    }
}

impl Jars {
    /// The class path of a JVM: every file by its name, so that an archive of classes made with
    /// it stays valid.
    #[must_use]
    pub fn class_path(&self) -> String {
        let files: Vec<String> = self.files.iter().map(|path| path.display().to_string()).collect();
        files.join(":")
    }

    /// The file whose name begins so.
    ///
    /// # Errors
    /// If there is none.
    pub fn file(&self, prefix: &str) -> Result<&Path> {
        let named = |path: &&PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix))
        };
        let found = self.files.iter().find(named);
        Ok(found.with_context(|| format!("no file begins with {prefix}"))?)
    }
}

/// `forebay/servers` in the user's folder for caches.
pub(super) fn cache() -> Result<PathBuf> {
    let caches = match env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => {
            let home = env::var_os("HOME").context("neither XDG_CACHE_HOME nor HOME is set")?;
            Path::new(&home).join(".cache")
        }
    };
    Ok(caches.join("forebay/servers"))
}

/// Takes a lock that lasts as long as the file is open, and ends with the process.
pub(super) fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).with_context(|| format!("{}", path.display()))?;
    file.lock().with_context(|| format!("{} cannot be locked", path.display()))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_and_a_missing_file_are_found() {
        let sums = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  a.jar\n";
        let distribution = Distribution { name: "a", version: "1", pom: "", sums };
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("lib");
        fs::create_dir(&library).unwrap();
        assert!(distribution.verify(&library).is_err());
        fs::write(library.join("a.jar"), "a").unwrap();
        distribution.verify(&library).unwrap();
        fs::write(library.join("a.jar"), "b").unwrap();
        let error = distribution.verify(&library).unwrap_err().to_string();
        assert!(error.contains("a.jar") && error.contains("delete that folder"), "{error}");
    }

    #[test]
    fn each_pinned_version_is_the_one_that_maven_is_asked_for() {
        let all = [
            Distribution::KAFKA,
            Distribution::CASSANDRA,
            Distribution::REGISTRY,
            Distribution::FLUME,
            Distribution::FLUME_1_9,
            Distribution::DYNAMODB,
            Distribution::KCL,
        ];
        for distribution in all {
            let version = format!("<version>{}", distribution.version);
            assert!(distribution.pom.contains(&version), "{}", distribution.name);
            assert!(distribution.names().count() > 0);
        }
    }
}
