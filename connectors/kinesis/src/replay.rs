//! Reading ranges again.

use std::sync::Arc;

use forebay_clients::aws::Meaning;
use forebay_core::Range;
use forebay_core::batch::Slice;
use forebay_core::source::SourceError;
use tokio::time::{Instant, sleep, sleep_until};

use crate::aggregate::{Aggregate, HashRange};
use crate::columns::Layout;
use crate::lane::Lane;
use crate::loss::ADVICE;
use crate::pace::{BACKOFF, Pace};
use crate::place::{Place, Sequence};
use crate::policy::OnLoss;
use crate::portion::Portion;
use crate::service::From;
use crate::shared::Shared;
use crate::shelf::Shelf;

/// Answers in a row without a record until none is thought to come.
const EMPTY: u32 = 5;
/// Failures in a row until the engine begins anew.
const FAILURES: u32 = 8;

/// A range that is read again.
pub(crate) struct Replay {
    pub(crate) shared: Arc<Shared>,
    pub(crate) layout: Arc<Layout>,
    /// The lane of the shard, whose pace this keeps too.
    pub(crate) lane: Option<Arc<Lane>>,
    pub(crate) hashes: HashRange,
    pub(crate) range: Range,
    pub(crate) on_loss: OnLoss,
}

impl Replay {
    /// Reads the range again.
    pub(crate) async fn run(self) -> Result<Slice, SourceError> {
        let range = &self.range;
        let from = Place::of(&range.from)?;
        let until = Place::of(&range.until)?;
        let limits = (u64::MAX, u64::MAX);
        let mut portion =
            Portion::new(&self.layout, from.clone(), Some(until), limits, range.records);
        self.fill(&from, &mut portion).await?;
        let missing = range.records.saturating_sub(portion.taken());
        if missing > 0 {
            let text = format!(
                "{missing} records of `{}` from {} to {} are gone, and have to be read again after \
                 a crash: the stream's retention ran past them",
                range.split, range.from, range.until
            );
            if self.on_loss == OnLoss::Fail {
                return Err(SourceError::Lost(format!("{text}; {ADVICE}")));
            }
            self.shared.report.lost(&range.split, text);
            portion.pass_over();
        }
        let slice = portion.finish(&range.source, &range.split, range.generation, &self.layout)?;
        let slice = slice.filter(|slice| slice.range.until == range.until);
        slice.ok_or_else(|| {
            SourceError::Transient(format!(
                "`{}` was not read again up to {}",
                range.split, range.until
            ))
        })
    }

    async fn fill(&self, from: &Place, portion: &mut Portion) -> Result<(), SourceError> {
        let mut shelf = Shelf::new(from.clone());
        let mut last: Option<Sequence> = None;
        let mut iterator: Option<String> = None;
        let mut pace = Pace::new(Instant::now());
        let (mut empty, mut failures) = (0, 0);
        while !portion.is_full() {
            let service = &self.shared.service;
            let begin = match &last {
                Some(last) => Some(From::After(last)),
                None => From::of(from),
            };
            let Some(begin) = begin else { return Ok(()) };
            let answer = match &iterator {
                None => service.iterator(&self.range.split, begin).await.map(|it| {
                    iterator = Some(it);
                    None
                }),
                Some(iterator) => {
                    let at = match &self.lane {
                        Some(lane) => lane.state().pace.book(Instant::now()),
                        None => pace.book(Instant::now()),
                    };
                    sleep_until(at).await;
                    let answer = service.records(iterator, self.shared.max_records).await;
                    answer.map(|reply| Some((reply, at)))
                }
            };
            let (reply, at) = match answer {
                Ok(None) => continue,
                Ok(Some(reply)) => reply,
                Err(failure) => {
                    failures += 1;
                    match failure.meaning {
                        Meaning::Expired if failures < FAILURES => iterator = None,
                        Meaning::Throttled if failures < FAILURES => {
                            sleep(BACKOFF.pause(failures, fastrand::f64())).await;
                        }
                        _ => {
                            let split = &self.range.split;
                            let text = format!("`{split}` cannot be read again: {failure}");
                            return Err(SourceError::Transient(text));
                        }
                    }
                    continue;
                }
            };
            failures = 0;
            let mut bytes = 0;
            empty = if reply.records.is_empty() { empty + 1 } else { 0 };
            for raw in reply.records {
                bytes += (raw.data.len() + raw.key.len()) as u64;
                last = Some(raw.sequence.clone());
                let aggregate = match self.shared.unpacks {
                    true => Aggregate::parse(&raw.data),
                    false => None,
                };
                if aggregate.as_ref().is_none_or(|aggregate| aggregate.belongs_to(self.hashes)) {
                    shelf.put(raw, aggregate, Some(from));
                }
            }
            match &self.lane {
                Some(lane) => lane.state().pace.took(at, bytes),
                None => pace.took(at, bytes),
            }
            shelf.take(|record| portion.offer(&record));
            let is_at_tip = reply.behind_ms == 0 && empty >= EMPTY;
            match reply.next {
                None => {
                    if shelf.is_empty() {
                        portion.end();
                    }
                    return Ok(());
                }
                Some(_) if is_at_tip => return Ok(()),
                next => iterator = next,
            }
        }
        Ok(())
    }
}
