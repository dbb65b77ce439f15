//! Records that are gone before they were read.

use crate::partition::Partition;

/// What there is of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The offset of the first record that there is.
    pub(crate) low: i64,
    /// The offset after the last record that there is.
    pub(crate) end: i64,
}

/// How a position is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Records from the position on were deleted.
    Deleted,
    /// The partition ends before the position: it was cut back or made anew.
    CutBack,
    /// The topic was deleted and made anew.
    MadeAnew,
}

/// How the records from a position on are lost, if they are.
pub(crate) fn judge(position: i64, extent: Extent) -> Option<Loss> {
    if position < extent.low {
        Some(Loss::Deleted)
    } else if position > extent.end {
        Some(Loss::CutBack)
    } else {
        None
    }
}

impl Loss {
    /// Offsets that are missing when reading goes on at `next`; at least so many records may be
    /// missing where a topic was made anew.
    pub(crate) fn missing(self, position: i64, next: i64) -> u64 {
        match self {
            Self::Deleted => u64::try_from(next.saturating_sub(position)).unwrap_or(0),
            Self::CutBack | Self::MadeAnew => 0,
        }
    }

    /// What is wrong, and what to do about it.
    pub(crate) fn describe(self, partition: &Partition, position: i64, extent: Extent) -> String {
        let Extent { low, end } = extent;
        match self {
            Self::Deleted => format!(
                "the offsets {position} to {} of `{partition}` are gone before they were read ({} of them): \
                 the topic's retention ran past them; set on_loss = \"earliest\" to go on at offset \
                 {low}, or \"latest\" to go on at the end",
                low - 1,
                low - position,
            ),
            Self::CutBack => format!(
                "`{partition}` was read up to offset {position} and now ends at {end}: it was cut back, or \
                 its topic was deleted and made anew; set on_loss = \"earliest\" to go on at offset \
                 {low}, or \"latest\" to go on at the end"
            ),
            Self::MadeAnew => format!(
                "the topic of `{partition}` was deleted and made anew; what was not read of the old one is \
                 gone; set on_loss = \"earliest\" to go on with the new one at offset {low}, or \
                 \"latest\" at its end"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_lost_outside_of_what_there_is() {
        let extent = Extent { low: 10, end: 20 };
        for (position, loss) in [
            (0, Some(Loss::Deleted)),
            (9, Some(Loss::Deleted)),
            (10, None),
            (20, None),
            (21, Some(Loss::CutBack)),
        ] {
            assert_eq!(judge(position, extent), loss, "{position}");
        }
        assert_eq!(Loss::Deleted.missing(4, 10), 6);
        let text = Loss::Deleted.describe(&Partition::new("o", 3), 4, extent);
        assert!(text.contains("4 to 9 of `o-3`") && text.contains("(6 of them)"), "{text}");
    }
}
