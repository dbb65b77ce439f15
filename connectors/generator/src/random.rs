//! Numbers that look random and are a pure function of what they are asked for.

/// The random numbers of one column in one split, one for each record.
///
/// Number `n` is the `n`-th output of `SplitMix64` (Steele, Lea and Flood,
/// [Fast splittable pseudorandom number generators](https://doi.org/10.1145/2714064.2660195)),
/// which can be asked for any of its outputs without the ones before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream(u64);

impl Stream {
    /// `purpose` keeps apart the columns of a record.
    pub(crate) fn new(seed: u64, split: u32, purpose: &str) -> Self {
        let named = purpose.bytes().fold(seed, |state, byte| mixed(state ^ u64::from(byte)));
        Self(mixed(named ^ (u64::from(split) << 32)))
    }

    /// All 64 bits.
    pub(crate) fn bits(self, number: u64) -> u64 {
        mixed(self.0.wrapping_add(number.wrapping_mul(GOLDEN)))
    }

    /// Evenly below `bound`.
    pub(crate) fn below(self, number: u64, bound: u64) -> u64 {
        scaled(self.bits(number), bound)
    }

    /// Evenly from 0 (included) to 1 (not included).
    pub(crate) fn unit(self, number: u64) -> f64 {
        let mantissa = (self.bits(number) >> 11) as f64;
        mantissa * (1.0 / 9_007_199_254_740_992.0)
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Another number of the same record, when one is not enough.
pub(crate) fn next(bits: u64) -> u64 {
    mixed(bits.wrapping_add(GOLDEN))
}

/// 64 random bits, scaled to below `bound`.
pub(crate) fn scaled(bits: u64, bound: u64) -> u64 {
    ((u128::from(bits) * u128::from(bound)) >> 64) as u64
}

fn mixed(state: u64) -> u64 {
    let state = state.wrapping_add(GOLDEN);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::Stream;

    #[test]
    fn numbers_are_spread_evenly() {
        let stream = Stream::new(42, 0, "x");
        let mut counts = [0_u32; 10];
        for number in 0..100_000 {
            counts[usize::try_from(stream.below(number, 10)).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
    }

    #[test]
    fn seed_split_and_purpose_each_make_a_difference() {
        let first = Stream::new(42, 0, "x").bits(7);
        assert_eq!(first, Stream::new(42, 0, "x").bits(7));
        for other in [Stream::new(43, 0, "x"), Stream::new(42, 1, "x"), Stream::new(42, 0, "y")] {
            assert_ne!(first, other.bits(7));
        }
    }
}
