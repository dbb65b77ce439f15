//! A connection whose shards are shared with other gateways: a table of leases says which of them
//! are this one's, and where each stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use forebay_core::SplitId;
use forebay_core::source::{Committed, Resume, SourceError};

use crate::family::{Begin, Family};
use crate::leases::{Finding, Keeper, Settings, Table};
use crate::link::{Link, unlisted};
use crate::place::Place;
use crate::policy::OnLoss;
use crate::shared::Shared;

/// A shard that is read now or later.
pub(crate) struct Due {
    pub(crate) split: SplitId,
    /// Where reading begins.
    pub(crate) start: Place,
    pub(crate) generation: u64,
    /// Whether it is to go when what was read is committed.
    pub(crate) is_leaving: bool,
}

impl Link {
    /// Takes leases and begins to fetch their shards.
    pub(crate) async fn share(
        shared: Shared,
        begin: Begin,
        on_loss: OnLoss,
        (table, settings): (Arc<dyn Table>, Settings),
        resume: &Resume,
    ) -> Result<Self, SourceError> {
        let listing = shared.service.shards().await.map_err(|failure| unlisted(&failure))?;
        // What the checkpoint knows is of no use, and is forgotten with the shards.
        let known: Vec<SplitId> =
            resume.finished.iter().chain(resume.committed.keys()).cloned().collect();
        let family = Family::new(begin, &listing, &BTreeSet::new(), &known);
        let mut link = Self::new(shared, family, on_loss);
        let keeper = Keeper::start(table, Arc::clone(&link.shared), settings).await;
        link.keeper = Some(keeper.map_err(|failure| {
            SourceError::Transient(format!("the table of leases cannot be used: {failure}"))
        })?);
        link.follow();
        link.first_answers().await;
        Ok(link)
    }

    /// Reads the shards whose leases are held, and no others.
    pub(crate) fn follow(&mut self) {
        let Some(keeper) = &self.keeper else { return };
        let held = keeper.findings();
        self.seats.retain(|split, seat| held.get(split).is_some_and(|it| is_of(seat.lease, it)));
        for (split, finding) in held {
            if finding.is_ready && !finding.is_leaving && !self.seats.contains_key(&split) {
                let start = finding.start;
                let seat = self.seat(&split, finding.hashes, start.clone(), start);
                self.seats.insert(split, seat.under(finding.generation));
            }
        }
        self.shared.divide(self.seats.len());
    }

    /// Whether leases came, went or are to go since they were followed.
    pub(crate) fn is_behind(&self, held: &BTreeMap<SplitId, Finding>) -> bool {
        let is_gone = self
            .seats
            .iter()
            .any(|(split, seat)| !held.get(split).is_some_and(|it| is_of(seat.lease, it)));
        let is_new = |(split, it): (&SplitId, &Finding)| {
            it.is_ready && !it.is_leaving && !self.seats.contains_key(split)
        };
        let is_to_go =
            |(split, it): (&SplitId, &Finding)| it.is_leaving && !self.leaving.contains(split);
        is_gone || held.iter().any(is_new) || held.iter().any(is_to_go)
    }

    /// The shards that are read now or later.
    pub(crate) fn due(&self) -> Vec<Due> {
        let Some(keeper) = &self.keeper else {
            let members = self.family.members().map(|(split, member)| {
                let (split, start) = (split.clone(), member.start.clone());
                Due { split, start, generation: 0, is_leaving: false }
            });
            return members.collect();
        };
        let held = keeper.findings().into_iter().map(|(split, it)| {
            let Finding { start, generation, is_leaving, .. } = it;
            Due { split, start, generation, is_leaving }
        });
        held.collect()
    }

    /// Has the positions of shards kept that were read under the leases that are held now.
    pub(crate) fn keep(&mut self, committed: &[Committed]) -> Result<(), SourceError> {
        let Some(keeper) = &self.keeper else { return Ok(()) };
        for it in committed {
            let seat = self.seats.get_mut(&it.split);
            // What was read under an older lease is the new owner's business.
            let Some(seat) = seat.filter(|seat| seat.generation == it.generation) else { continue };
            let place = if it.finished { Place::End } else { Place::of(&it.position)? };
            keeper.note(&it.split, seat.lease, &place);
            seat.start = place;
        }
        for it in committed.iter().filter(|it| it.finished) {
            let is_done = |seat: &crate::seat::Seat| seat.generation == it.generation;
            if self.seats.get(&it.split).is_some_and(is_done) {
                self.seats.remove(&it.split);
            }
        }
        Ok(())
    }
}

fn is_of(lease: u64, finding: &Finding) -> bool {
    finding.generation == lease
}
