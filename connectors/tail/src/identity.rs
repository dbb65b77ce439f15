//! What makes a file the same file.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use forebay_core::SplitId;

/// Where a file lies on its device: the same under whatever name it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FileKey {
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

/// What tells a file from another that has its inode later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// It grows; how often its inode was begun anew before.
    Growing(u32),
    /// It does not change, as it is compressed: a digest of size and time of modification.
    Whole(u32),
}

/// A file as a split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The path at which it was first seen.
    pub(crate) name: Arc<str>,
    pub(crate) key: FileKey,
    pub(crate) life: Life,
}

impl FileKey {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

impl Life {
    /// Whether this was begun before another of the same inode; a file that is compressed counts
    /// as having been there before one that grows.
    pub(crate) fn is_before(self, other: Self) -> bool {
        match (self, other) {
            (Self::Growing(own), Self::Growing(other)) => own < other,
            (Self::Whole(_), Self::Growing(_)) => true,
            (_, Self::Whole(_)) => false,
        }
    }

    /// The life of a file that does not change.
    pub(crate) fn whole(size: u64, modified: i64) -> Self {
        let mut digest = crc32fast::Hasher::new();
        digest.update(&size.to_le_bytes());
        digest.update(&modified.to_le_bytes());
        Self::Whole(digest.finalize())
    }
}

impl Identity {
    /// The name of the split: `PATH@DEVICE-INODE-LIFE`.
    pub(crate) fn split(&self) -> SplitId {
        let FileKey { device, inode } = self.key;
        match self.life {
            Life::Growing(before) => format!("{}@{device:x}-{inode}-{before}", self.name).into(),
            Life::Whole(digest) => format!("{}@{device:x}-{inode}-z{digest:08x}", self.name).into(),
        }
    }

    /// The identity that a split's name tells; none if it is not the name of a file.
    pub(crate) fn parse(split: &SplitId) -> Option<Self> {
        let (name, rest) = split.as_str().rsplit_once('@')?;
        let mut parts = rest.split('-');
        let (device, inode, life) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let life = match life.strip_prefix('z') {
            Some(digest) => Life::Whole(u32::from_str_radix(digest, 16).ok()?),
            None => Life::Growing(life.parse().ok()?),
        };
        let key =
            FileKey { device: u64::from_str_radix(device, 16).ok()?, inode: inode.parse().ok()? };
        Some(Self { name: name.into(), key, life })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{FileKey, Identity, Life};

    proptest! {
        #[test]
        fn a_splits_name_tells_the_identity(
            name in "[a-z@/.-]{1,20}", device: u64, inode: u64, number: u32, grows: bool,
        ) {
            let life = if grows { Life::Growing(number) } else { Life::Whole(number) };
            let key = FileKey { device, inode };
            let identity = Identity { name: name.into(), key, life };
            prop_assert_eq!(Identity::parse(&identity.split()), Some(identity));
        }

        #[test]
        fn other_names_are_no_identities(text in "[a-z0-9@-]{0,20}") {
            if let Some(identity) = Identity::parse(&text.as_str().into()) {
                prop_assert_eq!(Identity::parse(&identity.split()), Some(identity));
            }
        }
    }
}
