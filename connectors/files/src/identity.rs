//! What makes a file the same file.

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use forebay_core::SplitId;

/// What a look at a file's metadata says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    /// When it was last written to, in nanoseconds since the Unix epoch.
    pub(crate) modified: i64,
    /// A digest of inode and time of birth: another for another file under the same path, the
    /// same for a file that was written to in place.
    pub(crate) body: u32,
}

/// A file as a split: its path within the folder, and what tells it from another file that has
/// the path later.
///
/// Two stamps of one path are the same content if size and time of modification agree: inode
/// and birth may change when a folder is copied or restored. They are one file that *grew* if it
/// is larger now, is still the same inode, and begins with the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The path within the folder.
    pub(crate) name: Arc<str>,
    pub(crate) stamp: Stamp,
    /// A digest of its first bytes.
    pub(crate) head: u32,
}

/// How many of its first bytes tell a file that grew from one that was written anew.
const HEAD: u64 = 1024;

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified: metadata.modified().map_or(0, nanos),
            body: body(metadata),
        }
    }

    pub(crate) fn same_content(&self, other: &Self) -> bool {
        self.size == other.size && self.modified == other.modified
    }

    /// Whether this can be `before` after more was written to it, going by the metadata alone.
    pub(crate) fn may_have_grown_from(&self, before: &Self) -> bool {
        self.body == before.body && self.size >= before.size
    }
}

fn nanos(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_nanos()).unwrap_or(i64::MAX),
    }
}

fn body(metadata: &Metadata) -> u32 {
    let born = metadata.created().map_or(0, nanos);
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(metadata);
    #[cfg(not(unix))]
    let inode = 0_u64;
    let mut digest = crc32fast::Hasher::new();
    digest.update(&inode.to_le_bytes());
    digest.update(&born.to_le_bytes());
    digest.finalize()
}

/// A digest of the first bytes of a file, up to `size`.
pub(crate) fn head(path: &Path, size: u64) -> std::io::Result<u32> {
    let mut first = Vec::new();
    File::open(path)?.take(size.min(HEAD)).read_to_end(&mut first)?;
    Ok(crc32fast::hash(&first))
}

impl Identity {
    /// The name of the split: `path@SIZE-MODIFIED-BODY-HEAD`.
    pub(crate) fn split(&self) -> SplitId {
        let Stamp { size, modified, body } = self.stamp;
        format!("{}@{size}-{modified}-{body:08x}-{:08x}", self.name, self.head).into()
    }

    /// The identity that a split's name tells; none if it is not the name of a file.
    pub(crate) fn parse(split: &SplitId) -> Option<Self> {
        let (name, stamp) = split.as_str().rsplit_once('@')?;
        // The time may be negative, so the parts are taken off from both ends.
        let (size, rest) = stamp.split_once('-')?;
        let (rest, head) = rest.rsplit_once('-')?;
        let (modified, body) = rest.rsplit_once('-')?;
        Some(Self {
            name: name.into(),
            stamp: Stamp {
                size: size.parse().ok()?,
                modified: modified.parse().ok()?,
                body: u32::from_str_radix(body, 16).ok()?,
            },
            head: u32::from_str_radix(head, 16).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Identity, Stamp};

    proptest! {
        #[test]
        fn a_splits_name_tells_the_identity(
            name in "[a-z@/.-]{1,20}",
            size: u64,
            modified: i64,
            body: u32,
            head: u32,
        ) {
            let identity =
                Identity { name: name.into(), stamp: Stamp { size, modified, body }, head };
            prop_assert_eq!(Identity::parse(&identity.split()), Some(identity));
        }

        #[test]
        fn other_names_are_no_identities(text in "[a-z0-9@-]{0,20}") {
            if let Some(identity) = Identity::parse(&text.as_str().into()) {
                let again = Identity::parse(&identity.split());
                prop_assert_eq!(again, Some(identity));
            }
        }
    }
}
