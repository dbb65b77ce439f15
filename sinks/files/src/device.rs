//! Folders and files that are on the disk when a function returns.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

/// How often a folder is made anew that others removed while another was made in it.
const ATTEMPTS: u32 = 100;

/// What went wrong, where, and what to do, in a sentence. `deed` is such as `write`.
pub(crate) fn sentence(deed: &str, path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        ErrorKind::StorageFull => {
            format!("cannot {deed} `{path}`: the disk is full, make room on it")
        }
        ErrorKind::QuotaExceeded => {
            format!("cannot {deed} `{path}`: the disk quota is used up, make room or raise it")
        }
        ErrorKind::PermissionDenied => format!(
            "cannot {deed} `{path}`: no permission, give the user of this process the right to write there"
        ),
        ErrorKind::ReadOnlyFilesystem => {
            format!("cannot {deed} `{path}`: the file system is mounted read-only")
        }
        ErrorKind::NotADirectory => {
            format!("cannot {deed} `{path}`: a part of this path is a file, not a folder")
        }
        ErrorKind::CrossesDevices => format!(
            "cannot {deed} `{path}`: it is on another file system than the sink's `path`, where files are staged"
        ),
        _ => format!("cannot {deed} `{path}`: {error}"),
    }
}

/// Syncs what a folder lists.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes a folder and those above it, and syncs what is above, as far up as it was made. Meanwhile
/// others may remove those above it that are empty.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    let mut attempts = 0;
    loop {
        match fs::create_dir(path) {
            Ok(()) => return sync_folder(parent(path)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return match path.is_dir() {
                    true => Ok(()),
                    false => Err(ErrorKind::NotADirectory.into()),
                };
            }
            Err(error)
                if error.kind() == ErrorKind::NotFound
                    && path.parent().is_some()
                    && attempts < ATTEMPTS =>
            {
                attempts += 1;
                make_folder(parent(path))?;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Finds out whether a folder that was there is still there. If not, it is not for this sink to
/// make it anew: a disk may be missing that was mounted here, or files that are about to be
/// published.
pub(crate) fn require_folder(path: &Path) -> Result<(), String> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(sentence("use", path, &ErrorKind::NotADirectory.into())),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(format!(
            "the folder `{}` was there and is gone: put it back, or make it anew",
            path.display()
        )),
        Err(error) => Err(sentence("use", path, &error)),
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Finds out whether files can be written in a folder, by writing one.
pub(crate) fn probe(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!("probe-{:016x}", fastrand::u64(..)));
    let written = File::create_new(&path).and_then(|mut file| {
        file.write_all(b"forebay")?;
        file.sync_all()
    });
    let removed = fs::remove_file(&path);
    written.and(removed)
}

/// Gives a file another name, unless that is taken ([`ErrorKind::AlreadyExists`]).
pub(crate) fn rename_without_replacing(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        // Some file systems (NFS among them) cannot do both in one step.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => link_and_unlink(from, to),
        Err(error) => Err(error.into()),
    }
}

/// The same in two steps. A crash between them leaves both names, which the next try mends.
fn link_and_unlink(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to)?;
    fs::remove_file(from)
}

/// Whether two names are one file.
pub(crate) fn same_file(one: &Path, other: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (one, other) = (fs::symlink_metadata(one)?, fs::symlink_metadata(other)?);
    Ok(one.dev() == other.dev() && one.ino() == other.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_made_and_files_in_the_way_are_named() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b/c");
        make_folder(&deep).unwrap();
        make_folder(&deep).unwrap();
        probe(&deep).unwrap();
        assert_eq!(fs::read_dir(&deep).unwrap().count(), 0);

        fs::write(root.path().join("file"), "x").unwrap();
        for path in ["file", "file/below"] {
            let error = make_folder(&root.path().join(path)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotADirectory, "{path}");
        }
    }

    #[test]
    fn a_folder_is_made_while_others_remove_the_one_above_it() {
        let root = tempfile::tempdir().unwrap();
        let above = root.path().join("above");
        std::thread::scope(|scope| {
            for name in ["one", "other"] {
                let (above, own) = (&above, above.join(name));
                scope.spawn(move || {
                    for _ in 0..500 {
                        make_folder(&own).unwrap();
                        fs::remove_dir(&own).unwrap();
                        // It may be in use, or gone.
                        let _ = fs::remove_dir(above);
                    }
                });
            }
        });
    }

    #[test]
    fn errors_are_told_in_words() {
        for (kind, words) in [
            (ErrorKind::StorageFull, "the disk is full"),
            (ErrorKind::QuotaExceeded, "quota"),
            (ErrorKind::PermissionDenied, "no permission"),
            (ErrorKind::ReadOnlyFilesystem, "read-only"),
            (ErrorKind::NotADirectory, "is a file, not a folder"),
            (ErrorKind::CrossesDevices, "another file system"),
            (ErrorKind::TimedOut, "timed out"),
        ] {
            let text = sentence("write", Path::new("/out"), &kind.into());
            assert!(text.starts_with("cannot write `/out`: ") && text.contains(words), "{text}");
        }
    }

    #[test]
    fn no_way_of_renaming_replaces_a_file() {
        for rename in [rename_without_replacing, link_and_unlink] {
            let root = tempfile::tempdir().unwrap();
            let (from, to) = (root.path().join("from"), root.path().join("to"));
            fs::write(&from, "new").unwrap();
            rename(&from, &to).unwrap();
            assert!(!from.exists());
            fs::write(&from, "newer").unwrap();
            assert_eq!(rename(&from, &to).unwrap_err().kind(), ErrorKind::AlreadyExists);
            assert_eq!(fs::read_to_string(&to).unwrap(), "new");
            assert!(!same_file(&from, &to).unwrap());
        }
    }
}
