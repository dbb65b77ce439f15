//! The sources of a pipeline: what the next batch may read, and the reading of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{join_all, select_all};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::batch::Slice;
use crate::budget::Budget;
use crate::checkpoint::{Ledger, Plan};
use crate::clock::Clock;
use crate::flow::Bucket;
use crate::progress::{LimitedBy, Tokens};
use crate::range::Range;
use crate::source::Positions;
use crate::split::SplitId;

use super::failure::Failure;
use super::grants::{BatchBounds, Candidate, Granted, SourceMeter, bucket, grant, rate, reset};
use super::input::{Input, InputParts};
use super::reading::{Reading, SplitReading, limited_by, within_grants};
use super::replay::replay;
use super::report::Reporter;
use super::settings::Settings;
use super::tuning::{Tuner, Tuning};

/// The least that is reserved for a batch, in bytes: below it, reading waits for memory.
const LEAST_BYTES: u64 = 256 << 10;

/// Raw records take their own bytes, and about as many again once they are decoded.
const DECODED_FACTOR: u64 = 2;

/// The sources of a pipeline, with the limits that they are read under.
pub(super) struct Inputs {
    list: Vec<Input>,
    meters: Vec<SourceMeter>,
    configured: Option<Bucket>,
    controlled: Option<(f64, Bucket)>,
    /// Records per second over all sources.
    max_rate: Option<f64>,
    tuner: Tuner,
    settings: Arc<Settings>,
    clock: Arc<dyn Clock>,
    budget: Budget,
    reporter: Arc<Reporter>,
}

impl Inputs {
    pub(super) fn new(
        parts: Vec<InputParts>,
        tuner: Tuner,
        settings: Arc<Settings>,
        clock: Arc<dyn Clock>,
        budget: Budget,
        reporter: Arc<Reporter>,
    ) -> Self {
        let list: Vec<Input> = parts.into_iter().map(Input::new).collect();
        let period = settings.period();
        let meters = list.iter().map(|input| SourceMeter::new(&input.limits, period)).collect();
        let configured = settings.max_rate.map(|rate| bucket(rate, period));
        let max_rate = settings.max_rate;
        Self {
            list,
            meters,
            configured,
            controlled: None,
            max_rate,
            tuner,
            settings,
            clock,
            budget,
            reporter,
        }
    }

    /// Begins from what the checkpoint holds.
    pub(super) fn begin(&mut self, ledger: &Ledger) {
        for input in &mut self.list {
            input.begin(ledger.sources.get(&input.name), Instant::now());
        }
    }

    /// Reads one batch: refreshes the splits, grants, reserves memory, reads.
    pub(super) async fn gather(
        &mut self,
        controller_rate: Option<f64>,
    ) -> Result<Reading, Failure> {
        let started = Instant::now();
        self.refresh().await?;
        let now = self.clock.elapsed();
        self.set_controller(controller_rate, now);
        if let Some(tuning) = self.tuner.news() {
            self.tune(&tuning, now);
        }

        let complete = self.list.iter().all(|input| input.trouble().is_none());
        let mut reading = Reading { rate: self.rate(), complete, ..Reading::default() };
        if self.tuner.is_paused() {
            reading.complete = false;
            return Ok(reading);
        }
        let candidates = self.candidates();
        if candidates.is_empty() {
            reading.exhausted = self.list.iter().all(Input::is_exhausted);
            reading.took = started.elapsed();
            return Ok(reading);
        }
        let want = self.settings.max_batch_bytes.saturating_mul(DECODED_FACTOR);
        let Some(mut reservation) = self.budget.reserve(want, LEAST_BYTES.min(want)) else {
            reading.limited_by = LimitedBy::Memory;
            return Ok(reading);
        };
        let bounds = BatchBounds {
            configured: self.configured.as_ref().map(|bucket| bucket.available(now)),
            controller: self.controlled.as_ref().map(|(_, bucket)| bucket.available(now)),
            max_records: self.settings.max_batch_records,
            bytes: reservation.bytes() / DECODED_FACTOR,
        };
        let granted = grant(&candidates, &mut self.meters, &bounds, now);
        for (candidate, name) in candidates.iter().map(|c| (c, &self.list[c.input].name)) {
            let key = (name.clone(), candidate.status.split.clone());
            let status = &candidate.status;
            let split = SplitReading {
                granted: 0,
                backlog: status.backlog,
                oldest_ms: status.oldest_ms,
                end: status.end.clone(),
                next: candidate.next.clone(),
                generation: status.generation,
            };
            reading.splits.insert(key, split);
        }
        for (input, grants) in self.list.iter().zip(&granted.grants) {
            for grant in grants {
                let key = (input.name.clone(), grant.split.clone());
                if let Some(split) = reading.splits.get_mut(&key) {
                    split.granted = grant.records;
                }
            }
        }
        // From now on, however long it took to ask the sources for their splits.
        let deadline = Instant::now() + self.settings.period();
        reading.slices = self.read(&granted, deadline).await?;
        self.account(&reading.slices, now);
        reading.tokens = self.tokens(now);

        let bytes: u64 = reading.slices.iter().map(|slice| slice.range.bytes).sum();
        let sources: Vec<Arc<str>> = self.list.iter().map(|input| input.name.clone()).collect();
        let is_short_of_memory = bounds.bytes.saturating_mul(DECODED_FACTOR) < want;
        reading.limited_by = limited_by(&granted, &sources, &reading.slices, is_short_of_memory);
        reading.limited_by_controller = reading.limited_by == LimitedBy::Controller;
        reservation.set(bytes.saturating_mul(DECODED_FACTOR));
        reading.reservation = (bytes > 0).then_some(reservation);
        reading.took = started.elapsed();
        Ok(reading)
    }

    async fn refresh(&mut self) -> Result<(), Failure> {
        let (settings, reporter) = (self.settings.clone(), self.reporter.clone());
        let refreshes = self.list.iter_mut().map(|input| {
            let (settings, reporter) = (&settings, &reporter);
            async move {
                let outcome = async {
                    input.connect(&settings.backoff).await?;
                    input.refresh(&settings.backoff, settings.available_now).await
                };
                let outcome = outcome.await;
                match input.trouble() {
                    Some(reason) => reporter.waiting(&input.name, reason),
                    None => reporter.recovered(&input.name),
                }
                outcome.map_err(|error| Failure::of_source(&input.name, &error))
            }
        });
        join_all(refreshes).await.into_iter().collect::<Result<(), Failure>>()?;
        for (input, meter) in self.list.iter_mut().zip(&mut self.meters) {
            if input.lost_splits() {
                meter.retain(|split| input.knows(split));
            }
        }
        Ok(())
    }

    fn set_controller(&mut self, rate_now: Option<f64>, now: Duration) {
        let period = self.settings.period();
        match (rate_now, &mut self.controlled) {
            (None, _) => self.controlled = None,
            (Some(new), Some((old, bucket))) => {
                if (new - *old).abs() > f64::EPSILON {
                    bucket.set_rate(now, rate(new, period));
                    *old = new;
                }
            }
            (Some(new), None) => self.controlled = Some((new, bucket(new, period))),
        }
    }

    fn tune(&mut self, tuning: &Tuning, now: Duration) {
        if self.max_rate != tuning.max_rate {
            self.max_rate = tuning.max_rate;
            reset(&mut self.configured, tuning.max_rate, now, self.settings.period());
        }
        for (input, meter) in self.list.iter_mut().zip(&mut self.meters) {
            if let Some(limits) = tuning.limits.get(&input.name) {
                input.limits = *limits;
                meter.set_limits(now, limits);
            }
        }
    }

    /// The rate in force over all sources: the lower of the configured one and the controller's.
    fn rate(&self) -> Option<f64> {
        let controlled = self.controlled.as_ref().map(|(rate, _)| *rate);
        match (controlled, self.max_rate) {
            (Some(controlled), Some(configured)) => Some(controlled.min(configured)),
            (controlled, configured) => controlled.or(configured),
        }
    }

    fn candidates(&self) -> Vec<Candidate> {
        let of_input = |(index, input): (usize, &Input)| {
            input
                .candidates()
                .map(|(status, next, until)| Candidate {
                    input: index,
                    status: status.clone(),
                    next: next.clone(),
                    until: until.cloned(),
                })
                .collect::<Vec<_>>()
        };
        self.list.iter().enumerate().flat_map(of_input).collect()
    }

    async fn read(&mut self, granted: &Granted, deadline: Instant) -> Result<Vec<Slice>, Failure> {
        let backoff = self.settings.backoff;
        let reads = self.list.iter_mut().zip(&granted.grants).map(|(input, grants)| async move {
            if grants.is_empty() {
                return Ok(Vec::new());
            }
            let slices = input.read(grants, deadline, &backoff).await;
            let slices = slices.map_err(|error| Failure::of_source(&input.name, &error))?;
            within_grants(&input.name, grants, &slices)?;
            Ok(slices)
        });
        let slices: Result<Vec<Vec<Slice>>, Failure> = join_all(reads).await.into_iter().collect();
        Ok(slices?.into_iter().flatten().collect())
    }

    fn account(&mut self, slices: &[Slice], now: Duration) {
        for slice in slices {
            let range = &slice.range;
            if let Some(index) = self.list.iter().position(|input| input.name == range.source) {
                self.meters[index].take(now, &range.split, range.records, range.bytes);
            }
        }
        let records = slices.iter().map(|slice| slice.range.records).sum();
        if let Some(bucket) = &self.configured {
            bucket.take(now, records);
        }
        if let Some((_, bucket)) = &self.controlled {
            bucket.take(now, records);
        }
    }

    /// How full the buckets are: those of the pipeline and of its sources, not those of splits,
    /// which may be thousands.
    fn tokens(&self, now: Duration) -> Vec<Tokens> {
        let own = [
            ("max_rate", self.configured.as_ref()),
            ("controller", self.controlled.as_ref().map(|(_, bucket)| bucket)),
        ];
        let own = own.into_iter().filter_map(|(limit, bucket)| Some((None, limit, bucket?)));
        let sources = self.list.iter().zip(&self.meters).flat_map(|(input, meter)| {
            meter.buckets().map(|(limit, bucket)| (Some(input.name.clone()), limit, bucket))
        });
        let all = own.chain(sources);
        all.map(|(source, limit, bucket)| Tokens {
            source,
            limit: limit.into(),
            available: bucket.available(now),
        })
        .collect()
    }

    /// What is to be read again of a batch that was planned before a crash: not the ranges of
    /// splits that may belong to another gateway by now.
    pub(super) fn to_replay(&self, mut plan: Plan) -> Plan {
        let moved = |source: &Arc<str>| {
            let input = self.list.iter().find(|input| input.name == *source);
            input.is_some_and(|input| input.source.positions() == Positions::Source)
        };
        plan.ranges.retain(|range| !moved(&range.source));
        plan
    }

    /// Reads the ranges of a plan again, however long that takes.
    pub(super) async fn replay(
        &mut self,
        plan: &Plan,
        cancel: &CancellationToken,
    ) -> Result<Reading, Failure> {
        let started = Instant::now();
        let (settings, reporter) = (self.settings.clone(), self.reporter.clone());
        let slices = replay(&mut self.list, plan, &settings, &reporter, cancel).await?;
        let (rate, took) = (self.rate(), started.elapsed());
        Ok(Reading { slices, rate, took, ..Reading::default() })
    }

    /// Returns when a read is likely to find something, or a pause is over.
    pub(super) async fn ready(&mut self) {
        let waits = self.list.iter_mut().map(|input| {
            let retry_at = input.retry_at();
            let connected = input.is_connected();
            Box::pin(async move {
                match retry_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None if connected => input.source.ready().await,
                    None => {}
                }
            })
        });
        let waits: Vec<_> = waits.collect();
        if waits.is_empty() {
            return std::future::pending().await;
        }
        select_all(waits).await;
    }

    /// Remembers to tell the sources what a commit moved.
    pub(super) fn committed(&mut self, ranges: &[Range]) {
        for range in ranges {
            if let Some(input) = self.list.iter_mut().find(|input| input.name == range.source) {
                input.committed(range);
            }
        }
    }

    /// Whether some source should be told something.
    pub(super) fn has_news(&self) -> bool {
        self.list.iter().any(Input::has_news)
    }

    /// Whether some split waits to leave.
    pub(super) fn has_leaving(&self) -> bool {
        self.list.iter().any(Input::has_leaving)
    }

    /// Whether what was read should be committed soon.
    pub(super) fn are_in_a_hurry(&self) -> bool {
        self.has_leaving() || self.are_crowded()
    }

    /// Whether some source has little room left for what is not read yet.
    pub(super) fn are_crowded(&self) -> bool {
        self.list.iter().any(|input| input.is_connected() && input.source.is_crowded())
    }

    /// Whether some split that waits to leave is free of batches under way.
    pub(super) fn can_release(&self, busy: &BTreeSet<(Arc<str>, SplitId)>) -> bool {
        self.list.iter().any(|input| {
            input.leaving().any(|split| !busy.contains(&(input.name.clone(), split.clone())))
        })
    }

    /// Tells the sources what is committed; returns the splits that need not be remembered.
    pub(super) async fn tell(
        &mut self,
        busy: &BTreeSet<(Arc<str>, SplitId)>,
    ) -> Vec<(Arc<str>, Vec<SplitId>)> {
        let mut forgotten = Vec::new();
        for input in &mut self.list {
            if input.has_news() || input.has_leaving() {
                let own = busy.iter().filter(|(source, _)| *source == input.name);
                let own: BTreeSet<SplitId> = own.map(|(_, split)| split.clone()).collect();
                let splits = input.tell(&own).await;
                if !splits.is_empty() {
                    forgotten.push((input.name.clone(), splits));
                }
            }
        }
        forgotten
    }

    /// Ends all sources.
    pub(super) async fn close(&mut self) {
        join_all(self.list.iter_mut().map(|input| input.source.close())).await;
    }
}
