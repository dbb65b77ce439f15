//! How many records and bytes each split may yield in the next batch.

use std::collections::HashMap;
use std::time::Duration;

use crate::flow::{Bucket, Claimant, Limits, Rate, share};
use crate::position::Position;
use crate::progress::LimitedBy;
use crate::split::{Grant, SplitId, SplitStatus};
use crate::units::ByteSize;

/// The limits of one source, and what was taken under them.
#[derive(Debug)]
pub(super) struct SourceMeter {
    limits: Limits,
    period: Duration,
    records: Option<Bucket>,
    bytes: Option<Bucket>,
    splits: HashMap<SplitId, SplitMeter>,
}

#[derive(Debug)]
struct SplitMeter {
    records: Option<Bucket>,
    bytes: Option<Bucket>,
    /// The fraction of a record that the split is owed under its source's limit.
    source_carry: f64,
    /// The same under the pipeline's rate.
    pipeline_carry: f64,
}

/// A full bucket for a rate, with a burst of about one period.
pub(super) fn bucket(per_second: f64, period: Duration) -> Bucket {
    Bucket::new(rate(per_second, period))
}

/// A rate with a burst of one period and almost one record: as [`Rate::burst`] says, the fraction
/// that whole records leave behind must find room, or the rate is not reached. No batch gets more
/// than one period's records, rounded up.
pub(super) fn rate(per_second: f64, period: Duration) -> Rate {
    Rate { per_second, burst: (per_second * period.as_secs_f64() + FRACTION).max(1.0) }
}

/// Sets the rate of a bucket that may not be there, or be there no more.
pub(super) fn reset(
    bucket: &mut Option<Bucket>,
    per_second: Option<f64>,
    now: Duration,
    period: Duration,
) {
    match (bucket.as_mut(), per_second) {
        (Some(bucket), Some(per_second)) => bucket.set_rate(now, rate(per_second, period)),
        (_, per_second) => *bucket = per_second.map(|rate| self::bucket(rate, period)),
    }
}

/// The largest fraction of a record that is kept from one batch to the next.
const FRACTION: f64 = 1.0 - 1.0 / 1024.0;

impl SourceMeter {
    pub(super) fn new(limits: &Limits, period: Duration) -> Self {
        Self {
            limits: *limits,
            period,
            records: limits.max_rate.map(|rate| bucket(rate, period)),
            bytes: limits.max_bytes_per_second.map(|rate| bucket(rate.0 as f64, period)),
            splits: HashMap::new(),
        }
    }

    /// Sets other limits; what was taken under the old ones still counts.
    pub(super) fn set_limits(&mut self, now: Duration, limits: &Limits) {
        if self.limits == *limits {
            return;
        }
        let period = self.period;
        let bytes = |size: ByteSize| size.0 as f64;
        reset(&mut self.records, limits.max_rate, now, period);
        reset(&mut self.bytes, limits.max_bytes_per_second.map(bytes), now, period);
        for split in self.splits.values_mut() {
            let per_split = limits.max_bytes_per_second_per_split.map(bytes);
            reset(&mut split.records, limits.max_rate_per_split, now, period);
            reset(&mut split.bytes, per_split, now, period);
        }
        self.limits = *limits;
    }

    /// The buckets of the source as a whole, by the name of their limit.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (&'static str, &Bucket)> {
        let all = [("max_rate", &self.records), ("max_bytes_per_second", &self.bytes)];
        all.into_iter().filter_map(|(limit, bucket)| Some((limit, bucket.as_ref()?)))
    }

    fn split(&mut self, split: &SplitId) -> &mut SplitMeter {
        let (limits, period) = (&self.limits, self.period);
        self.splits.entry(split.clone()).or_insert_with(|| SplitMeter {
            records: limits.max_rate_per_split.map(|rate| bucket(rate, period)),
            bytes: limits.max_bytes_per_second_per_split.map(|rate| bucket(rate.0 as f64, period)),
            source_carry: 0.0,
            pipeline_carry: 0.0,
        })
    }

    /// Forgets splits that are not there any more.
    pub(super) fn retain(&mut self, keep: impl Fn(&SplitId) -> bool) {
        self.splits.retain(|split, _| keep(split));
    }

    /// Counts what was read.
    pub(super) fn take(&mut self, now: Duration, split: &SplitId, records: u64, bytes: u64) {
        if let Some(bucket) = &self.records {
            bucket.take(now, records);
        }
        if let Some(bucket) = &self.bytes {
            bucket.take(now, bytes);
        }
        let meter = self.split(split);
        if let Some(bucket) = &meter.records {
            bucket.take(now, records);
        }
        if let Some(bucket) = &meter.bytes {
            bucket.take(now, bytes);
        }
    }
}

/// A split that may be read.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// The index of its input.
    pub(super) input: usize,
    pub(super) status: SplitStatus,
    /// Where to read next.
    pub(super) next: Position,
    /// Not to be read past.
    pub(super) until: Option<Position>,
}

/// The bounds of one batch as a whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct BatchBounds {
    /// Records by the pipeline's configured rate; `None` = no limit.
    pub(super) configured: Option<u64>,
    /// Records by the controller's rate; `None` = no limit.
    pub(super) controller: Option<u64>,
    /// The most records of a batch.
    pub(super) max_records: u64,
    /// Bytes that were reserved for it.
    pub(super) bytes: u64,
}

impl BatchBounds {
    /// The records that it may have, and what sets that number.
    fn records(&self) -> (u64, LimitedBy) {
        let mut bound = (self.max_records, LimitedBy::BatchSize);
        if let Some(configured) = self.configured.filter(|records| *records < bound.0) {
            bound = (configured, LimitedBy::Configured);
        }
        if let Some(controller) = self.controller.filter(|records| *records < bound.0) {
            bound = (controller, LimitedBy::Controller);
        }
        bound
    }
}

/// What was granted.
#[derive(Debug, Default)]
pub(super) struct Granted {
    /// For each input its grants.
    pub(super) grants: Vec<Vec<Grant>>,
    /// Records in all.
    pub(super) records: u64,
    /// What sets that number.
    pub(super) bound_by: LimitedBy,
}

/// Divides a batch's records and bytes among the splits. The sum of the records never exceeds
/// the bounds, nor that of a source its limit, nor a split its own.
pub(super) fn grant(
    candidates: &[Candidate],
    meters: &mut [SourceMeter],
    bounds: &BatchBounds,
    now: Duration,
) -> Granted {
    let (total, mut bound_by) = bounds.records();
    let mut claimants: Vec<Claimant> =
        candidates.iter().map(|candidate| own_limits(candidate, meters, now)).collect();
    let unlimited: u64 = wanted(&claimants, candidates, u64::MAX);
    for (input, meter) in meters.iter_mut().enumerate() {
        limit_by_source(input, meter, candidates, &mut claimants, now);
    }
    if wanted(&claimants, candidates, total) < total {
        let configured = wanted(&claimants, candidates, u64::MAX) < unlimited
            || claimants.iter().zip(candidates).any(|(claimant, candidate)| {
                candidate.status.backlog.is_none_or(|backlog| claimant.ceiling < backlog)
            });
        bound_by = if configured { LimitedBy::Configured } else { LimitedBy::Available };
    }

    let mut carry: Vec<f64> = candidates
        .iter()
        .map(|candidate| meters[candidate.input].split(&candidate.status.split).pipeline_carry)
        .collect();
    balance(&mut carry);
    let shares = share(total as f64, &claimants, &mut carry);
    for (candidate, carry) in candidates.iter().zip(&carry) {
        meters[candidate.input].split(&candidate.status.split).pipeline_carry = *carry;
    }

    let records: u64 = shares.iter().map(|share| share.records).sum();
    let mut of_input = vec![0; meters.len()];
    for (candidate, share) in candidates.iter().zip(&shares) {
        of_input[candidate.input] += share.records;
    }
    let mut granted = Granted { grants: vec![Vec::new(); meters.len()], records, bound_by };
    for (candidate, share) in candidates.iter().zip(&shares).filter(|(_, it)| it.records > 0) {
        let part = |of: u64| share.records as f64 / of.max(1) as f64;
        let reserved = (bounds.bytes as f64 * part(records)) as u64;
        let bytes = own_bytes(candidate, meters, reserved, part(of_input[candidate.input]), now);
        if bytes == 0 {
            // A limit in bytes is used up.
            granted.records -= share.records;
            granted.bound_by = LimitedBy::Configured;
        } else {
            granted.grants[candidate.input].push(Grant {
                split: candidate.status.split.clone(),
                generation: candidate.status.generation,
                from: candidate.next.clone(),
                until: candidate.until.clone(),
                records: share.records,
                bytes,
            });
        }
    }
    granted
}

/// Lowers what is owed to some, or what others got in advance, until both are equal: they are not
/// where a split that takes no part now has the other side, and the sum of the shares would miss
/// the total.
fn balance(carry: &mut [f64]) {
    let sum_of = |sign: f64| carry.iter().map(|it| (it * sign).max(0.0)).sum::<f64>();
    let (owed, advance) = (sum_of(1.0), sum_of(-1.0));
    let equal = owed.min(advance);
    for it in carry.iter_mut() {
        let own_side = if *it > 0.0 { owed } else { advance };
        *it *= if own_side > 0.0 { equal / own_side } else { 0.0 };
    }
}

/// Records that the claimants would take together, counted up to `enough`.
fn wanted(claimants: &[Claimant], candidates: &[Candidate], enough: u64) -> u64 {
    let mut sum: u64 = 0;
    for (claimant, candidate) in claimants.iter().zip(candidates) {
        let backlog = candidate.status.backlog.unwrap_or(u64::MAX);
        sum = sum.saturating_add(claimant.ceiling.min(backlog));
        if sum >= enough {
            break;
        }
    }
    sum
}

fn own_limits(candidate: &Candidate, meters: &mut [SourceMeter], now: Duration) -> Claimant {
    let meter = &mut meters[candidate.input];
    let floor = meter.limits.min_rate_per_split.unwrap_or(0.0) * meter.period.as_secs_f64();
    let split = meter.split(&candidate.status.split);
    let ceiling = split.records.as_ref().map_or(u64::MAX, |bucket| bucket.available(now));
    Claimant { backlog: candidate.status.backlog, floor, ceiling }
}

/// Lowers the ceilings of one source's splits so that together they stay within its limit.
fn limit_by_source(
    input: usize,
    meter: &mut SourceMeter,
    candidates: &[Candidate],
    claimants: &mut [Claimant],
    now: Duration,
) {
    let Some(total) = meter.records.as_ref().map(|bucket| bucket.available(now)) else {
        return;
    };
    let own: Vec<usize> =
        (0..candidates.len()).filter(|index| candidates[*index].input == input).collect();
    let own_claimants: Vec<Claimant> = own.iter().map(|index| claimants[*index]).collect();
    let mut carry: Vec<f64> = own
        .iter()
        .map(|index| meter.split(&candidates[*index].status.split).source_carry)
        .collect();
    balance(&mut carry);
    let shares = share(total as f64, &own_claimants, &mut carry);
    for ((index, share), carry) in own.iter().zip(&shares).zip(&carry) {
        claimants[*index].ceiling = share.records;
        meter.split(&candidates[*index].status.split).source_carry = *carry;
    }
}

/// Bytes that a split may yield, which has this part of its source's records; 0 where a limit is
/// used up.
fn own_bytes(
    candidate: &Candidate,
    meters: &mut [SourceMeter],
    reserved: u64,
    part: f64,
    now: Duration,
) -> u64 {
    let meter = &mut meters[candidate.input];
    let mut bytes = reserved.max(1);
    if let Some(bucket) = &meter.bytes {
        let available = bucket.available(now);
        bytes = bytes.min(((available as f64 * part) as u64).max(available.min(1)));
    }
    if let Some(bucket) = &meter.split(&candidate.status.split).bytes {
        bytes = bytes.min(bucket.available(now));
    }
    bytes
}

#[cfg(test)]
mod tests;
