//! A look at the folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use glob::Pattern;

use crate::config::FilesConfig;
use crate::identity::Stamp;

/// Which files count.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// As it stands in the options, but absolute or relative to the process.
    path: PathBuf,
    /// What names are relative to: the part of the path before any pattern.
    base: PathBuf,
    is_pattern: bool,
    glob: Pattern,
    ignore: Vec<Pattern>,
    recursive: bool,
}

/// A file that was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// Its path within the base.
    pub(crate) name: Arc<str>,
    pub(crate) stamp: Stamp,
}

/// What a look at the folder found.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) files: Vec<Found>,
    /// Folders and files that could not be looked at, and why.
    pub(crate) errors: BTreeMap<PathBuf, String>,
    /// How long it took.
    pub(crate) took: Duration,
    /// The device and inode of the base: another means that something was mounted or taken away.
    pub(crate) base: Option<(u64, u64)>,
}

impl Listing {
    /// Whether a file was written to so lately that it may not be complete.
    pub(crate) fn is_busy(&self, settle: Duration) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let quiet = i64::try_from(now.saturating_sub(settle).as_nanos()).unwrap_or(i64::MAX);
        self.files.iter().any(|found| found.stamp.modified > quiet)
    }

    /// Why there is nothing to look at, if the folder is missing.
    pub(crate) fn missing(&self) -> Option<String> {
        let (path, why) = self.errors.iter().next().filter(|_| self.base.is_none())?;
        Some(format!("cannot look at {}: {why}", path.display()))
    }

    /// Whether a file that is not in it is gone for sure.
    pub(crate) fn is_complete(&self) -> bool {
        self.errors.is_empty()
    }
}

impl Selection {
    /// The files that the options name; `path` is resolved already.
    pub(crate) fn new(config: &FilesConfig, path: PathBuf) -> Result<Self, glob::PatternError> {
        let is_meta = |part: &str| part.contains(['*', '?', '[']);
        let is_pattern = path.to_str().is_some_and(is_meta) && !path.exists();
        let base = if is_pattern {
            path.iter().take_while(|part| !part.to_str().is_some_and(is_meta)).collect()
        } else {
            path.clone()
        };
        Ok(Self {
            path,
            base,
            is_pattern,
            glob: Pattern::new(&config.glob)?,
            ignore: config
                .ignore
                .iter()
                .map(|text| Pattern::new(text))
                .collect::<Result<_, _>>()?,
            recursive: config.recursive,
        })
    }

    /// The folder to watch.
    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    /// Whether files may lie deeper than in the base itself.
    pub(crate) fn is_deep(&self) -> bool {
        self.recursive || self.is_pattern
    }

    /// Looks. It blocks.
    pub(crate) fn list(&self) -> Listing {
        let started = Instant::now();
        let mut listing = Listing { base: place(&self.base), ..Listing::default() };
        if self.is_pattern {
            let pattern = self.path.to_string_lossy();
            match glob::glob(&pattern) {
                Ok(paths) => {
                    for path in paths {
                        match path {
                            Ok(path) => self.root(&path, &mut listing),
                            Err(error) => listing.fail(error.path(), error.error()),
                        }
                    }
                }
                Err(error) => listing.fail(&self.path, &error),
            }
        } else {
            self.root(&self.path, &mut listing);
        }
        listing.took = started.elapsed();
        listing
    }

    /// What the path, or one that fits it, leads to.
    fn root(&self, path: &Path, listing: &mut Listing) {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.folder(path, listing),
            Ok(metadata) => self.file(path, &metadata, listing),
            Err(error) => listing.fail(path, &error),
        }
    }

    fn folder(&self, folder: &Path, listing: &mut Listing) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return listing.fail(folder, &error),
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return listing.fail(folder, &error),
            };
            let (name, path) = (entry.file_name(), entry.path());
            let text = name.to_string_lossy();
            if self.ignore.iter().any(|pattern| pattern.matches(&text)) {
                continue;
            }
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder {
                if self.recursive {
                    self.folder(&path, listing);
                }
                continue;
            }
            if !self.glob.matches(&text) {
                continue;
            }
            match fs::metadata(&path) {
                Ok(metadata) => self.file(&path, &metadata, listing),
                // It went away while the folder was being read, or is a link to nothing.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => listing.fail(&path, &error),
            }
        }
    }

    fn file(&self, path: &Path, metadata: &fs::Metadata, listing: &mut Listing) {
        if !metadata.is_file() {
            return;
        }
        let below = path.strip_prefix(&self.base).unwrap_or(path);
        let below = if below.as_os_str().is_empty() {
            Path::new(path.file_name().unwrap_or(path.as_os_str()))
        } else {
            below
        };
        match below.to_str() {
            Some(name) => listing.files.push(Found {
                path: path.to_owned(),
                name: name.into(),
                stamp: Stamp::of(metadata),
            }),
            None => listing.fail(path, &"its name is not UTF-8: rename it"),
        }
    }
}

impl Listing {
    fn fail(&mut self, path: &Path, error: &dyn std::fmt::Display) {
        self.errors.insert(path.to_owned(), error.to_string());
    }
}

fn place(path: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(path).ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Some((metadata.dev(), metadata.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        Some((0, 0))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Selection;
    use crate::config::FilesConfig;

    fn names(config: &FilesConfig) -> Vec<String> {
        let listing = Selection::new(config, config.path.clone()).unwrap().list();
        assert!(listing.is_complete(), "{:?}", listing.errors);
        let mut names: Vec<_> = listing.files.iter().map(|found| found.name.to_string()).collect();
        names.sort();
        names
    }

    #[test]
    fn patterns_choose_files_and_folders() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in ["a.json", "b.csv", ".hidden", "_x", "c.tmp", "d.partial"] {
            fs::write(root.join(name), "x").unwrap();
        }
        for below in ["one/in", "two/in", "one/.forebay"] {
            fs::create_dir_all(root.join(below)).unwrap();
            fs::write(root.join(below).join("f.json"), "x").unwrap();
        }
        let config = FilesConfig::new(root);
        assert_eq!(names(&config), ["a.json", "b.csv"]);
        let json = FilesConfig { glob: "*.json".to_owned(), ..config.clone() };
        assert_eq!(names(&json), ["a.json"]);
        let all = FilesConfig { ignore: Vec::new(), ..config.clone() };
        assert_eq!(names(&all).len(), 6);
        let deep = FilesConfig { recursive: true, ..config };
        assert_eq!(names(&deep), ["a.json", "b.csv", "one/in/f.json", "two/in/f.json"]);
        assert_eq!(names(&FilesConfig::new(root.join("*/in"))), ["one/in/f.json", "two/in/f.json"]);
        assert_eq!(names(&FilesConfig::new(root.join("?.csv"))), ["b.csv"]);
        assert_eq!(names(&FilesConfig::new(root.join("b.csv"))), ["b.csv"]);
    }

    #[test]
    fn a_missing_folder_is_an_error_of_the_listing() {
        let config = FilesConfig::new("/nowhere/at/all");
        let listing = Selection::new(&config, config.path.clone()).unwrap().list();
        assert!(!listing.is_complete());
    }
}
