//! How a rate is laid out on the whole numbers of a token bucket.

use std::time::Duration;

use super::Rate;

/// Binary digits behind the point of [`Scale::speed`].
const FRACTION_BITS: i32 = 24;
const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// How a rate is laid out on whole numbers.
///
/// `governor` counts cells of at least one nanosecond each, and at most 2³²-1 of them at once.
/// Neither holds 10 GB/s, nor half a record per second exactly. So its nanoseconds are made
/// *ticks*: a unit is a power of two of ticks, and the clock runs at `units per second × ticks
/// per unit`. The speed is rounded down, to 2⁻²⁴ of a tick per second: the error is below one in a
/// million for rates up to 2³⁶ units per second and bursts up to 2⁴⁴ units, and never lets more
/// pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    /// A unit is `1 << unit_bits` ticks.
    unit_bits: u32,
    /// A cell of `governor` is `1 << cell_bits` ticks.
    cell_bits: u32,
    /// Cells that a full bucket holds.
    cells: u32,
    /// Ticks per second, times `2^FRACTION_BITS`.
    speed: u64,
}

impl Scale {
    /// The last tick that time reaches.
    pub(super) const END: u64 = 1 << 62;

    /// The last tick that an arrival time reaches: no difference of two overflows an `i64`.
    pub(super) const LATEST: u64 = Self::END + Self::END / 2;

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the values are clamped to ranges that the types hold"
    )]
    pub(super) fn new(rate: Rate) -> Self {
        let per_second = rate.per_second.max(2f64.powi(-30)).min(2f64.powi(36));
        let burst = rate.burst.max(1.0).min(2f64.powi(50));
        let unit_bits = (31.0 - per_second.log2()).min(50.0 - burst.log2()).floor();
        let unit_bits = unit_bits.clamp(0.0, 40.0) as i32;
        let speed = (per_second * 2f64.powi(unit_bits + FRACTION_BITS)) as u64;
        let burst = (burst * 2f64.powi(unit_bits)) as u64;
        let cell_bits = (u64::BITS - burst.leading_zeros()).saturating_sub(31);
        Self {
            unit_bits: unit_bits.unsigned_abs(),
            cell_bits,
            cells: ((burst >> cell_bits) as u32).max(1),
            speed: speed.max(1),
        }
    }

    /// Ticks that passed in so much time, rounded down.
    pub(super) fn ticks_in(&self, time: Duration) -> u64 {
        let ticks = time.as_nanos().saturating_mul(u128::from(self.speed))
            / (NANOS_PER_SECOND << FRACTION_BITS);
        u64::try_from(ticks).map_or(Self::END, |ticks| ticks.min(Self::END))
    }

    /// The shortest time in which so many ticks pass.
    pub(super) fn time_of(&self, ticks: u64) -> Duration {
        let nanos = (u128::from(ticks) * (NANOS_PER_SECOND << FRACTION_BITS))
            .div_ceil(u128::from(self.speed));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Ticks of so many units.
    pub(super) fn ticks_of(&self, units: u64) -> u64 {
        if units.leading_zeros() <= self.unit_bits + 1 {
            return Self::END;
        }
        (units << self.unit_bits).min(Self::END)
    }

    /// Whole units in so many ticks.
    pub(super) fn units_in(&self, ticks: u64) -> u64 {
        ticks >> self.unit_bits
    }

    /// Ticks that a full bucket holds.
    pub(super) fn burst(&self) -> u64 {
        u64::from(self.cells) << self.cell_bits
    }

    /// Ticks of one cell.
    pub(super) fn cell(&self) -> u64 {
        1 << self.cell_bits
    }

    /// Cells that a full bucket holds.
    pub(super) fn cells(&self) -> u32 {
        self.cells
    }

    /// A level in ticks of this scale as one of another, rounded down.
    pub(super) fn convert(&self, level: i64, to: &Self) -> i64 {
        let level = (i128::from(level) << to.unit_bits) >> self.unit_bits;
        let end = i64::try_from(Self::END).unwrap_or(i64::MAX);
        i64::try_from(level).map_or(if level < 0 { -end } else { end }, |l| l.clamp(-end, end))
    }
}
