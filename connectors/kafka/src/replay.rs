//! Reading ranges again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay_core::batch::Slice;
use forebay_core::source::SourceError;
use forebay_core::{Position, Range};

use crate::filling::{Order, Portion, Waits, fill};
use crate::lane::Fault;
use crate::link::Link;
use crate::loss::judge;
use crate::policy::OnLoss;

/// How long a replay waits for records, after the last that came.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a replay may take in all before it begins anew.
const LIMIT: Duration = Duration::from_secs(300);

/// Reads exactly these ranges, one slice each. Blocks.
pub(crate) fn replay(link: &Link, ranges: &[Range]) -> Result<Vec<Slice>, SourceError> {
    let mut slices: Vec<Option<Slice>> = vec![None; ranges.len()];
    // One range of each split at a time: those of one split follow each other.
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    let mut depth: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, range) in ranges.iter().enumerate() {
        let round = depth.entry(range.split.as_str()).or_default();
        if rounds.len() <= *round {
            rounds.push(Vec::new());
        }
        rounds[*round].push(index);
        *round += 1;
    }
    for round in rounds {
        let mut floors: BTreeMap<usize, i64> = BTreeMap::new();
        // Once more, where what is gone has to be passed over.
        for attempt in 0..2 {
            let orders = round.iter().map(|index| order(link, &ranges[*index], floors.get(index)));
            let mut orders = orders.collect::<Result<Vec<_>, _>>()?;
            let waits = Waits { deadline: Instant::now() + LIMIT, patience: PATIENCE };
            let faults = fill(&mut orders, &link.signals, waits);
            let mut is_again = false;
            for (at, fault) in faults {
                let index = round[at];
                let floor = passed_over(link, &ranges[index], fault)?;
                is_again = floors.insert(index, floor).is_none() || is_again;
            }
            if is_again && attempt == 0 {
                continue;
            }
            for (index, order) in round.iter().zip(orders) {
                slices[*index] = Some(finish(link, &ranges[*index], order)?);
            }
            break;
        }
    }
    Ok(slices.into_iter().flatten().collect())
}

/// A position of a range as an offset.
pub(crate) fn offset(position: &Position) -> Result<i64, SourceError> {
    let offset = position.as_u64().and_then(|offset| i64::try_from(offset).ok());
    offset.ok_or_else(|| {
        SourceError::Fatal(format!(
            "`{position}` is no offset: does the checkpoint belong to another source?"
        ))
    })
}

fn order(link: &Link, range: &Range, floor: Option<&i64>) -> Result<Order, SourceError> {
    let roster = link.roster();
    let entry = roster.entries.get(&range.split).ok_or_else(|| {
        SourceError::Lost(format!(
            "`{}` is not there any more, and records of it have to be read again; put its topic back \
             among those that are read, or start with a new checkpoint",
            range.split
        ))
    })?;
    let (from, until) = (offset(&range.from)?, offset(&range.until)?);
    let span = (from, floor.copied().unwrap_or(from));
    let limits = (u64::MAX, u64::MAX);
    Ok(Order {
        lane: Arc::clone(&entry.lane),
        split: range.split.clone(),
        generation: range.generation,
        portion: Portion::new(&link.settings.layout, span, Some(until), limits, range.records),
        end: until,
    })
}

/// Where to go on when an offset of the range is not there, if the policy allows it.
fn passed_over(link: &Link, range: &Range, fault: Fault) -> Result<i64, SourceError> {
    let lane = {
        let roster = link.roster();
        roster.entries.get(&range.split).map(|entry| Arc::clone(&entry.lane))
    };
    let again = |text: String| SourceError::Transient(link.events.explain(text));
    let Some(lane) = lane else {
        return Err(again(format!("`{}` is not there now", range.split)));
    };
    let Fault::OutOfRange = fault else {
        let Fault::Other(text) = fault else { return Err(again(String::new())) };
        return Err(again(format!("`{}` cannot be read again: {text}", range.split)));
    };
    let extent = link.scout.extent(&lane.partition).map_err(|error| {
        again(format!("it is not known what there is of `{}`: {error}", range.split))
    })?;
    let from = offset(&range.from)?;
    let Some(loss) = judge(from, extent) else {
        return Err(again(format!("`{}` could not be read at {from}", range.split)));
    };
    if link.settings.config.on_loss == OnLoss::Fail {
        return Err(SourceError::Lost(loss.describe(&lane.partition, from, extent)));
    }
    let next = extent.low.max(from).min(offset(&range.until)?);
    link.report.lost(&lane.partition, loss, from, next);
    Ok(match loss {
        crate::loss::Loss::Deleted => next,
        // Nothing of the range is there.
        _ => offset(&range.until)?,
    })
}

fn finish(link: &Link, range: &Range, order: Order) -> Result<Slice, SourceError> {
    let until = offset(&range.until)?;
    if order.portion.next() < until {
        let reached = order.portion.next();
        return Err(SourceError::Transient(link.events.explain(format!(
            "`{}` was read again up to {reached} only, not to {until}",
            range.split
        ))));
    }
    let names = (&link.settings.name, &order.split, order.generation);
    let slice = order.portion.finish(&order.lane, names, &link.settings.layout);
    match slice.map_err(SourceError::Fatal)? {
        Some((slice, _)) => {
            if slice.range.records != range.records {
                let (now, before) = (slice.range.records, range.records);
                tracing::info!(split = %range.split, now, before, "a range has fewer records than before: the topic is compacted");
            }
            Ok(slice)
        }
        None => Err(SourceError::Fatal(format!("the range of `{}` is empty", range.split))),
    }
}
