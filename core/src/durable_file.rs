//! A file that is appended to, synced and cut back: the only way in which logs touch the disk.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

/// A file that is appended to, synced and cut back.
#[derive(Debug)]
pub(crate) struct DurableFile {
    file: File,
    #[cfg(test)]
    faults: faults::Faults,
}

impl DurableFile {
    /// Opens a file for writing, or makes an empty one.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().write(true).read(true).create(true).truncate(false).open(path)?;
        Ok(Self {
            file,
            #[cfg(test)]
            faults: faults::of(path),
        })
    }

    /// Opens a file for writing that has to be there.
    pub(crate) fn reopen(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).read(true).open(path)?;
        Ok(Self {
            file,
            #[cfg(test)]
            faults: faults::of(path),
        })
    }

    /// Whether the file still has its name. One that was removed or renamed can be written and
    /// synced for as long as it is open, and nobody will find what was written.
    pub(crate) fn is_at(&self, path: &Path) -> io::Result<bool> {
        let named = match std::fs::metadata(path) {
            Ok(named) => named,
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => return Ok(false),
                _ => return Err(error),
            },
        };
        Ok(is_same(&self.file.metadata()?, &named))
    }

    /// Writes at an offset.
    pub(crate) fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset))?;
        #[cfg(test)]
        self.faults.write(&mut self.file, bytes)?;
        self.file.write_all(bytes)
    }

    /// Returns when all that was written is on the disk.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        #[cfg(test)]
        if self.faults.sync()?.is_skipped() {
            return Ok(());
        }
        self.file.sync_data()
    }

    /// Cuts the file back.
    pub(crate) fn cut(&mut self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
}

/// Whether two names lead to one file. Where the system has no numbers for files, having the name
/// is enough.
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (one.dev(), one.ino()) == (other.dev(), other.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = (one, other);
        true
    }
}

/// Writes a whole file: first beside its place, synced, then renamed into it, so that a crash
/// leaves the old content or the new.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    stage(path, bytes)?;
    publish(path)
}

/// The first half of [`replace`]: the old content is still in its place.
pub(crate) fn stage(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = DurableFile::open(&beside(path))?;
    file.cut(0)?;
    file.write_at(0, bytes)?;
    file.sync()
}

/// The second half of [`replace`]. After an error either content may be in its place.
pub(crate) fn publish(path: &Path) -> io::Result<()> {
    std::fs::rename(beside(path), path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Where [`replace`] writes first: left there by a crash, it may be removed.
pub(crate) fn beside(path: &Path) -> std::path::PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// Makes the names in a folder durable. Systems that cannot sync a folder do so by themselves.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Faults of the disk, for tests.
#[cfg(test)]
pub(crate) mod faults {
    use std::collections::BTreeMap;
    use std::fs::File;
    use std::io::{self, Write};
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::sync::{Arc, Mutex, PoisonError};

    static FOLDERS: Mutex<BTreeMap<PathBuf, Faults>> = Mutex::new(BTreeMap::new());

    /// The faults of one folder, shared by all its files.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Faults(Arc<Switches>);

    #[derive(Debug)]
    struct Switches {
        room: AtomicU64,
        sync_fails: AtomicBool,
        skips_syncs: AtomicBool,
        syncs: AtomicU64,
    }

    impl Default for Switches {
        fn default() -> Self {
            Self {
                room: AtomicU64::new(u64::MAX),
                sync_fails: AtomicBool::new(false),
                skips_syncs: AtomicBool::new(false),
                syncs: AtomicU64::new(0),
            }
        }
    }

    /// The faults of the folder in which a file stands.
    pub(crate) fn of(path: &Path) -> Faults {
        let folder = path.parent().unwrap_or(path).to_owned();
        let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
        folders.entry(folder).or_default().clone()
    }

    impl Faults {
        /// From now on the disk takes so many bytes and then is full.
        pub(crate) fn room(&self, bytes: u64) {
            self.0.room.store(bytes, Ordering::SeqCst);
        }

        /// From now on syncs fail, or not.
        pub(crate) fn sync_fails(&self, fails: bool) {
            self.0.sync_fails.store(fails, Ordering::SeqCst);
        }

        /// How many syncs there were.
        pub(crate) fn syncs(&self) -> u64 {
            self.0.syncs.load(Ordering::SeqCst)
        }

        /// Takes room, or writes what fits and fails.
        pub(super) fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
            let room = self.0.room.load(Ordering::SeqCst);
            if room == u64::MAX {
                return Ok(());
            }
            let fits = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
            self.0.room.fetch_sub(fits as u64, Ordering::SeqCst);
            if fits < bytes.len() {
                file.write_all(&bytes[..fits])?;
                return Err(io::ErrorKind::StorageFull.into());
            }
            Ok(())
        }

        /// From now on syncs do nothing, so that a long test is a quick one.
        pub(crate) fn skip_syncs(&self) {
            self.0.skips_syncs.store(true, Ordering::SeqCst);
        }

        pub(super) fn sync(&self) -> io::Result<Sync> {
            self.0.syncs.fetch_add(1, Ordering::SeqCst);
            if self.0.sync_fails.load(Ordering::SeqCst) {
                return Err(io::Error::other("the disk does not answer"));
            }
            let skipped = self.0.skips_syncs.load(Ordering::SeqCst);
            Ok(if skipped { Sync::Skipped } else { Sync::Due })
        }
    }

    /// Whether a sync is to be done.
    pub(super) enum Sync {
        Due,
        Skipped,
    }

    impl Sync {
        pub(super) fn is_skipped(&self) -> bool {
            matches!(self, Self::Skipped)
        }
    }
}
