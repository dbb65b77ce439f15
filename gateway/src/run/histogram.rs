//! How often times of which length occurred.

/// How often times of which length occurred, in a fixed amount of memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    counts: [u64; Histogram::BOUNDS.len() + 1],
    sum: f64,
}

impl Histogram {
    /// The upper bounds of the buckets, in seconds; the last bucket has none.
    pub const BOUNDS: [f64; 15] =
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

    /// Counts a time, in seconds.
    pub fn observe(&mut self, seconds: f64) {
        let bucket = Self::BOUNDS.iter().position(|bound| seconds <= *bound);
        let bucket = bucket.unwrap_or(Self::BOUNDS.len());
        self.counts[bucket] += 1;
        self.sum += seconds;
    }

    /// All times together, in seconds.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// How many times were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The upper bound of each bucket, in seconds, and what it alone counted.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        Self::BOUNDS.into_iter().chain([f64::INFINITY]).zip(self.counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_counted_in_the_first_bucket_that_holds_it() {
        let mut histogram = Histogram::default();
        for seconds in [0.0, 0.001, 0.0011, 60.0, 61.0, 1e9] {
            histogram.observe(seconds);
        }
        let filled: Vec<_> = histogram.buckets().filter(|(_, count)| *count > 0).collect();
        assert_eq!(filled, [(0.001, 2), (0.0025, 1), (60.0, 1), (f64::INFINITY, 2)]);
        assert_eq!(histogram.count(), 6);
        assert!((histogram.sum() - 1_000_000_121.002_1).abs() < 1e-3);
    }
}
