//! A look at the folders.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::os::unix::fs::DirEntryExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use glob::Pattern;

use crate::config::TailConfig;
use crate::identity::FileKey;

/// Which files are followed.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    paths: Vec<Chosen>,
    exclude: Vec<Pattern>,
}

/// Files of a name or pattern, in folders of a name or pattern.
#[derive(Clone, Debug)]
struct Chosen {
    folder: PathBuf,
    is_pattern: bool,
    file: Pattern,
}

/// A file as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) path: PathBuf,
    pub(crate) key: FileKey,
    pub(crate) size: u64,
    /// Nanoseconds since the Unix epoch.
    pub(crate) modified: i64,
    /// How long ago that was.
    pub(crate) age: Duration,
    /// Whether the options name it; else it is of interest for what it may have been.
    pub(crate) is_chosen: bool,
}

/// What is of interest besides what the options name: files that were renamed, and copies that a
/// rotation left.
#[derive(Debug, Default)]
pub(crate) struct Interest {
    pub(crate) inodes: HashSet<u64>,
    /// What names of copies begin with.
    pub(crate) stems: Vec<String>,
}

/// What a look found.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) files: Vec<Seen>,
    /// The folders that were looked at.
    pub(crate) folders: Vec<PathBuf>,
    /// Folders and files that could not be looked at, and why.
    pub(crate) errors: BTreeMap<PathBuf, String>,
    pub(crate) took: Duration,
}

impl Seen {
    fn of(path: PathBuf, metadata: &fs::Metadata, is_chosen: bool) -> Self {
        let modified = metadata.modified().ok();
        let age = modified.and_then(|at| SystemTime::now().duration_since(at).ok());
        let modified = modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let modified = modified.map_or(0, |at| i64::try_from(at.as_nanos()).unwrap_or(i64::MAX));
        let key = FileKey::of(metadata);
        let age = age.unwrap_or_default();
        Self { path, key, size: metadata.len(), modified, age, is_chosen }
    }
}

/// What the name of a file and of the copies that rotations leave of it begin with.
pub(crate) fn stem(path: &Path) -> &str {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match name.get(1..).and_then(|rest| rest.find('.')) {
        Some(dot) => &name[..=dot + 1],
        None => name,
    }
}

impl Selection {
    /// The files that the options name, whose paths are resolved already.
    pub(crate) fn new(config: &TailConfig) -> Result<Self, glob::PatternError> {
        let paths = config.paths.iter().map(|path| {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            let is_pattern = folder.to_str().is_some_and(|text| text.contains(['*', '?', '[']));
            let file = path.file_name().and_then(|name| name.to_str()).unwrap_or("*");
            Ok(Chosen { folder, is_pattern, file: Pattern::new(file)? })
        });
        let exclude = config.exclude.iter().map(|text| Pattern::new(text));
        Ok(Self {
            paths: paths.collect::<Result<_, _>>()?,
            exclude: exclude.collect::<Result<_, _>>()?,
        })
    }

    /// Looks at all folders. It blocks.
    pub(crate) fn list(&self, interest: &Interest) -> Listing {
        let started = Instant::now();
        let mut listing = Listing::default();
        for (folder, patterns) in self.folders(&mut listing) {
            look_into(&folder, &patterns, &self.exclude, interest, &mut listing);
            listing.folders.push(folder);
        }
        listing.took = started.elapsed();
        listing
    }

    /// Looks at one file. It blocks. None if there is none.
    pub(crate) fn look_at(&self, path: &Path) -> Option<Seen> {
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Seen::of(path.to_owned(), &metadata, self.is_chosen(path)))
    }

    /// Whether the options name a file.
    fn is_chosen(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let folder = path.parent().unwrap_or(Path::new(""));
        let in_folder = |chosen: &Chosen| match chosen.is_pattern {
            true => Pattern::new(&chosen.folder.to_string_lossy())
                .is_ok_and(|pattern| pattern.matches_path(folder)),
            false => chosen.folder == folder,
        };
        !self.exclude.iter().any(|pattern| pattern.matches(name))
            && self.paths.iter().any(|chosen| chosen.file.matches(name) && in_folder(chosen))
    }

    /// The folders that there are, each with the patterns of its files.
    fn folders(&self, listing: &mut Listing) -> BTreeMap<PathBuf, Vec<&Pattern>> {
        let mut folders: BTreeMap<PathBuf, Vec<&Pattern>> = BTreeMap::new();
        for chosen in &self.paths {
            if !chosen.is_pattern {
                folders.entry(chosen.folder.clone()).or_default().push(&chosen.file);
                continue;
            }
            let text = chosen.folder.to_string_lossy();
            let Ok(found) = glob::glob(&text) else { continue };
            for folder in found {
                match folder {
                    Ok(folder) if folder.is_dir() => {
                        folders.entry(folder).or_default().push(&chosen.file);
                    }
                    Ok(_) => {}
                    Err(error) => listing.fail(error.path(), error.error()),
                }
            }
        }
        folders
    }
}

fn look_into(
    folder: &Path,
    patterns: &[&Pattern],
    exclude: &[Pattern],
    interest: &Interest,
    listing: &mut Listing,
) {
    let place = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = match fs::read_dir(place) {
        Ok(entries) => entries,
        Err(error) => return listing.fail(folder, &error),
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return listing.fail(folder, &error),
        };
        let name = entry.file_name();
        let text = name.to_string_lossy();
        let is_chosen = patterns.iter().any(|pattern| pattern.matches(&text))
            && !exclude.iter().any(|pattern| pattern.matches(&text));
        let is_of_interest = is_chosen
            || interest.inodes.contains(&entry.ino())
            || interest.stems.iter().any(|stem| text.starts_with(stem.as_str()));
        if !is_of_interest {
            continue;
        }
        let path = folder.join(&name);
        if path.to_str().is_none() {
            listing.fail(&path, &"its name is not UTF-8: rename it");
            continue;
        }
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => {
                listing.files.push(Seen::of(path, &metadata, is_chosen));
            }
            Ok(_) => {}
            // It went away while the folder was being read, or is a link to nothing.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => listing.fail(&path, &error),
        }
    }
}

impl Listing {
    /// Whether a file that is not in it is gone for sure.
    pub(crate) fn is_complete(&self) -> bool {
        self.errors.is_empty()
    }

    fn fail(&mut self, path: &Path, error: &dyn std::fmt::Display) {
        self.errors.insert(path.to_owned(), error.to_string());
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Interest, Selection, stem};
    use crate::config::TailConfig;

    #[test]
    fn names_patterns_and_files_of_interest_are_found() {
        let root = tempfile::tempdir().unwrap();
        for name in ["one/a.log", "one/a.log.1", "one/b.log", "one/c.txt", "two/a.log"] {
            fs::create_dir_all(root.path().join(name).parent().unwrap()).unwrap();
            fs::write(root.path().join(name), "x").unwrap();
        }
        let mut config = TailConfig::new(root.path().join("*/*.log"));
        config.paths.push(root.path().join("one/c.txt"));
        config.exclude = vec!["b*".to_owned()];
        let names = |interest: &Interest| {
            let listing = Selection::new(&config).unwrap().list(interest);
            assert!(listing.is_complete(), "{:?}", listing.errors);
            let mut names: Vec<_> = listing
                .files
                .iter()
                .map(|seen| {
                    let name = seen.path.strip_prefix(root.path()).unwrap().display().to_string();
                    (name, seen.is_chosen)
                })
                .collect();
            names.sort();
            names
        };
        let chosen = ["one/a.log", "one/c.txt", "two/a.log"].map(|name| (name.to_owned(), true));
        assert_eq!(names(&Interest::default()), chosen);
        let stems = vec!["a.".to_owned()];
        let found = names(&Interest { stems, ..Interest::default() });
        assert!(found.contains(&("one/a.log.1".to_owned(), false)), "{found:?}");
    }

    #[test]
    fn a_missing_folder_is_an_error_of_the_listing() {
        let selection = Selection::new(&TailConfig::new("/nowhere/at/all.log")).unwrap();
        assert!(!selection.list(&Interest::default()).is_complete());
    }

    #[test]
    fn the_stem_is_what_all_rotated_names_begin_with() {
        for (name, expected) in
            [("/var/app.log", "app."), ("app.log.1", "app."), ("app", "app"), (".x.log", ".x.")]
        {
            assert_eq!(stem(Path::new(name)), expected);
        }
    }
}
