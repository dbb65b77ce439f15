//! Reads again what was planned before a crash.

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::batch::Slice;
use crate::checkpoint::Plan;
use crate::range::Range;

use super::failure::Failure;
use super::input::Input;
use super::report::Reporter;
use super::settings::Settings;

/// Reads the ranges of a plan again, however long that takes; one slice per range, in order.
pub(super) async fn replay(
    inputs: &mut [Input],
    plan: &Plan,
    settings: &Settings,
    reporter: &Reporter,
    cancel: &CancellationToken,
) -> Result<Vec<Slice>, Failure> {
    let mut slices: Vec<Option<Slice>> = vec![None; plan.ranges.len()];
    for input in inputs {
        let own: Vec<usize> = (0..plan.ranges.len())
            .filter(|index| plan.ranges[*index].source == input.name)
            .collect();
        let ranges: Vec<Range> = own.iter().map(|index| plan.ranges[*index].clone()).collect();
        if ranges.is_empty() {
            continue;
        }
        let read = replay_input(input, &ranges, settings, reporter, cancel).await?;
        for (index, slice) in own.into_iter().zip(read) {
            slices[index] = Some(slice);
        }
    }
    match plan.ranges.iter().zip(&slices).find(|(_, slice)| slice.is_none()) {
        None => Ok(slices.into_iter().flatten().collect()),
        Some((range, _)) => Err(Failure::fatal(
            &range.source,
            format!(
                "batch {} is planned but not committed, and reads from the source `{}`, which this \
                 pipeline does not have any more; put the source back until the batch is \
                 committed, or start with a new checkpoint",
                plan.batch, range.source
            ),
        )),
    }
}

async fn replay_input(
    input: &mut Input,
    ranges: &[Range],
    settings: &Settings,
    reporter: &Reporter,
    cancel: &CancellationToken,
) -> Result<Vec<Slice>, Failure> {
    loop {
        let connected = input.connect(&settings.backoff).await;
        connected.map_err(|error| Failure::of_source(&input.name, &error))?;
        if input.is_connected() && input.retry_at().is_none_or(|at| at <= Instant::now()) {
            let answer = input.source.replay(ranges).await;
            let answer = input.settle_link(answer, &settings.backoff);
            let answer = answer.map_err(|error| Failure::of_source(&input.name, &error))?;
            if let Some(slices) = answer {
                reporter.recovered(&input.name);
                for range in ranges {
                    input.advance(range);
                }
                return Ok(slices);
            }
        }
        if let Some(reason) = input.trouble() {
            reporter.waiting(&input.name, reason);
        }
        let retry_at = input.retry_at().unwrap_or_else(Instant::now);
        tokio::select! {
            () = cancel.cancelled() => return Err(Failure::Cancelled),
            () = tokio::time::sleep_until(retry_at) => {}
        }
    }
}
