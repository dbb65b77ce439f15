//! How the records of a batch are shared among its splits.

use std::cmp::Ordering;

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

/// Divides `total` records (fractions allowed, infinity too) by backlog. `carry` holds, for each
/// claimant, the fraction of a record that it is owed from the batches before (or, if negative,
/// got in advance), and is updated.
///
/// A claimant gets its part of the total by backlog, between its floor and its ceiling and never
/// more than its backlog; what one cannot use goes to the others (water-filling). An unknown
/// backlog counts as the mean of those that are known. Floors that sum above the total shrink in
/// proportion. Fractions become whole records by the largest remainder, and what remains is
/// carried over. So, over any run of calls with one `carry`,
///
/// - the sum of what is granted never exceeds the sum of the totals, rounded down;
/// - nobody with a backlog starves: where nobody falls silent, who is due `x` records in real
///   numbers has had more than `x - 2 - ln(claimants)`, as in any game of filling cups of which
///   always the fullest are emptied; where some fall silent and come back, more than
///   `x - 1 - claimants`, because nobody gets more than one record in advance.
///
/// `carry` has one entry per claimant; an entry that is missing counts as 0 and is not kept.
/// Whoever has no backlog keeps its entry. Takes O(n log n).
#[must_use]
pub fn share(total: f64, claimants: &[Claimant], carry: &mut [f64]) -> Vec<Share> {
    let due = water_fill(total, claimants);
    let records = whole_records(&due, claimants, carry);
    claimants
        .iter()
        .zip(records)
        .map(|(claimant, records)| Share {
            records,
            capped: records == claimant.ceiling && claimant.backlog.is_none_or(|b| b > records),
        })
        .collect()
}

/// The parts in real numbers: `clamp(level * weight, floor, cap)` with the one level at which they
/// sum to the total.
fn water_fill(total: f64, claimants: &[Claimant]) -> Vec<f64> {
    let total = if total > 0.0 { total } else { 0.0 };
    let bounds: Vec<Bounds> = bounds(claimants);
    let caps: f64 = bounds.iter().map(|b| b.cap).sum();
    if caps <= total {
        return bounds.iter().map(|b| b.cap).collect();
    }
    let floors: f64 = bounds.iter().map(|b| b.floor).sum();
    if floors >= total {
        let part = if floors > 0.0 { total / floors } else { 0.0 };
        return bounds.iter().map(|b| b.floor * part).collect();
    }
    let level = level(total, floors, &bounds);
    let mut due: Vec<f64> = bounds.iter().map(|b| b.at(level)).collect();
    let sum: f64 = due.iter().sum();
    if sum > total {
        due.iter_mut().for_each(|due| *due *= total / sum);
    }
    due
}

/// What a claimant wants, and its least and most.
struct Bounds {
    weight: u64,
    floor: f64,
    cap: f64,
}

impl Bounds {
    /// The level at which a claimant with this weight would get so much.
    fn level_of(&self, amount: f64) -> f64 {
        amount / real(self.weight)
    }

    fn at(&self, level: f64) -> f64 {
        if self.weight == 0 {
            0.0
        } else {
            (level * real(self.weight)).max(self.floor).min(self.cap)
        }
    }
}

fn bounds(claimants: &[Claimant]) -> Vec<Bounds> {
    let known = || claimants.iter().filter_map(|claimant| claimant.backlog).filter(|b| *b > 0);
    let count = known().count() as u128;
    let sum: u128 = known().map(u128::from).sum();
    let mean = sum.checked_div(count).and_then(|mean| u64::try_from(mean).ok()).unwrap_or(1);
    let of = |claimant: &Claimant| {
        let cap = real(claimant.backlog.unwrap_or(u64::MAX).min(claimant.ceiling));
        let floor = if claimant.floor > 0.0 { claimant.floor.min(cap) } else { 0.0 };
        Bounds { weight: claimant.backlog.unwrap_or(mean), floor, cap }
    };
    claimants.iter().map(of).collect()
}

/// Finds the level by a sweep over the levels at which a claimant leaves its floor or reaches its
/// cap. Between two of them the sum is a straight line. Its slope is kept in whole numbers, so
/// that weights of very different size do not drown in each other's rounding.
fn level(total: f64, floors: f64, bounds: &[Bounds]) -> f64 {
    let mut turns: Vec<(f64, &Bounds, bool)> = Vec::with_capacity(2 * bounds.len());
    for claimant in bounds.iter().filter(|b| b.weight > 0) {
        turns.push((claimant.level_of(claimant.floor), claimant, true));
        turns.push((claimant.level_of(claimant.cap), claimant, false));
    }
    turns.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.2.cmp(&a.2)));
    let mut fixed = floors;
    let mut slope = 0_u128;
    for (level, claimant, leaves_floor) in turns {
        if fixed + slope as f64 * level >= total && slope > 0 {
            break;
        }
        if leaves_floor {
            fixed -= claimant.floor;
            slope += u128::from(claimant.weight);
        } else {
            fixed += claimant.cap;
            slope -= u128::from(claimant.weight);
        }
    }
    if slope == 0 { f64::INFINITY } else { (total - fixed).max(0.0) / slope as f64 }
}

/// Whole records for what is due, by the largest remainder.
fn whole_records(due: &[f64], claimants: &[Claimant], carry: &mut [f64]) -> Vec<u64> {
    let owed = |index: usize| carry.get(index).copied().filter(|c| c.is_finite()).unwrap_or(0.0);
    let most = |index: usize| {
        let Claimant { backlog, ceiling, .. } = claimants[index];
        backlog.unwrap_or(u64::MAX).min(ceiling)
    };
    // What each is owed beyond its whole records. Whole parts stay apart, lest they swallow it.
    let mut rest: Vec<f64> = (0..due.len()).map(|i| due[i].fract() + owed(i)).collect();
    let mut records: Vec<u64> = (0..due.len()).map(|i| whole(due[i]).min(most(i))).collect();
    let spare = (rest.iter().sum::<f64>() + ROUNDING).floor();
    for index in 0..due.len() {
        let room = most(index).saturating_sub(records[index]);
        let step = rest[index].floor().clamp(-real(records[index]), real(room));
        move_by(step, &mut records[index], &mut rest[index]);
    }
    let moved: f64 = (0..due.len()).map(|i| due[i].fract() + owed(i) - rest[i]).sum();
    let mut spare = (spare - moved).round();
    let mut order: Vec<usize> = (0..due.len()).filter(|i| most(*i) > 0).collect();
    let step = if spare > 0.0 { 1.0 } else { -1.0 };
    order.sort_by(|a, b| by_claim(rest[*a], rest[*b], step).then(a.cmp(b)));
    while spare != 0.0 {
        let before = spare;
        for &index in &order {
            let possible = if step > 0.0 {
                records[index] < most(index) && rest[index] >= 0.0
            } else {
                records[index] > 0
            };
            if spare != 0.0 && possible {
                move_by(step, &mut records[index], &mut rest[index]);
                spare -= step;
            }
        }
        // What is left then is owed to those who have nothing to read now.
        if spare == before || step > 0.0 {
            break;
        }
    }
    for (carry, rest) in carry.iter_mut().zip(rest) {
        *carry = rest;
    }
    records
}

/// Sums of fractions that miss a whole number by less than this reach it: rounding must not hold
/// a record back.
const ROUNDING: f64 = 1e-6;

/// Whoever is owed most comes first where records are given, and last where they are taken.
fn by_claim(a: f64, b: f64, step: f64) -> Ordering {
    (b * step).total_cmp(&(a * step))
}

fn move_by(step: f64, records: &mut u64, rest: &mut f64) {
    *records = if step < 0.0 {
        records.saturating_sub(whole(-step))
    } else {
        records.saturating_add(whole(step))
    };
    *rest -= step;
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
fn whole(amount: f64) -> u64 {
    amount as u64
}

fn real(records: u64) -> f64 {
    records as f64
}

#[cfg(test)]
#[path = "share_tests.rs"]
mod tests;
