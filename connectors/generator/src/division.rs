//! To which split a record of the whole stream belongs.

/// How the records of the whole stream, counted from 0, are dealt out to the splits.
///
/// Without skew they go round; with skew, split 0 gets so many of each thousand, and the others
/// go round with the rest. Both directions are exact, so no record is left out or dealt twice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Division {
    splits: u64,
    /// The share of split 0 in thousandths.
    skew: Option<u64>,
}

const WHOLE: u64 = 1000;

impl Division {
    pub(crate) fn new(splits: u32, skew: Option<f64>) -> Self {
        let skew = skew.map(|share| (share.clamp(0.0, 1.0) * 1000.0).round() as u64);
        Self { splits: u64::from(splits.max(1)), skew }
    }

    /// How many of the first `total` records belong to `split`.
    pub(crate) fn part(&self, split: u32, total: u64) -> u64 {
        let split = u64::from(split);
        match self.skew {
            None => total / self.splits + u64::from(split < total % self.splits),
            Some(share) => {
                let first = scaled_down(total, share);
                if split == 0 {
                    return first;
                }
                let (rest, others) = (total - first, self.splits - 1);
                rest / others + u64::from(split - 1 < rest % others)
            }
        }
    }

    /// Which record of the whole stream is number `number` of `split`: the inverse of
    /// [`Division::part`]. The largest number if the split has no such record.
    pub(crate) fn place(&self, split: u32, number: u64) -> u64 {
        let split = u64::from(split);
        let Some(share) = self.skew else {
            return number.saturating_mul(self.splits).saturating_add(split);
        };
        if split == 0 {
            return match share {
                0 => u64::MAX,
                share => number.saturating_add(1).saturating_mul(WHOLE).div_ceil(share) - 1,
            };
        }
        match WHOLE - share {
            0 => u64::MAX,
            rest => {
                number
                    .saturating_mul(self.splits - 1)
                    .saturating_add(split - 1)
                    .saturating_mul(WHOLE)
                    / rest
            }
        }
    }
}

/// `total * share / 1000`, rounded down, for any total.
fn scaled_down(total: u64, share: u64) -> u64 {
    total / WHOLE * share + total % WHOLE * share / WHOLE
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Division;

    proptest! {
        #[test]
        fn the_parts_add_up(
            splits in 2_u32..9,
            skew in prop::option::of(0.0_f64..=1.0),
            total in 0_u64..1_000_000_000,
        ) {
            let division = Division::new(splits, skew);
            let sum: u64 = (0..splits).map(|split| division.part(split, total)).sum();
            prop_assert_eq!(sum, total);
        }

        #[test]
        fn place_is_the_inverse_of_part(
            splits in 2_u32..9,
            skew in prop::option::of(0.0_f64..=1.0),
            split in 0_u32..9,
            number in 0_u64..1_000_000,
        ) {
            let division = Division::new(splits, skew);
            let split = split % splits;
            let place = division.place(split, number);
            if place < u64::MAX {
                prop_assert_eq!(division.part(split, place), number);
                prop_assert_eq!(division.part(split, place + 1), number + 1);
            }
        }
    }

    #[test]
    fn skew_is_the_share_of_split_0() {
        let division = Division::new(4, Some(0.7));
        assert_eq!(division.part(0, 1_000_000), 700_000);
        assert_eq!(division.part(3, 1_000_000), 100_000);
    }
}
