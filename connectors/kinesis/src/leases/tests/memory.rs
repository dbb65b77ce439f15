//! A table in memory, which fails when it is told to.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use forebay_clients::aws::{Failure, Meaning};
use forebay_core::SplitId;

use super::super::lease::{Lease, Mark};
use super::super::table::Table;

/// A table in memory.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Rows>);

/// What is in it.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) leases: BTreeMap<SplitId, Lease>,
    pub(crate) children: BTreeMap<SplitId, Vec<SplitId>>,
    /// Whether nobody answers.
    pub(crate) is_away: bool,
    /// Answers that get lost after the work was done.
    pub(crate) lost_answers: u32,
}

impl Memory {
    pub(crate) fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap()
    }

    /// How many shards that are not over each worker has, by the name without its life.
    pub(crate) fn owners(&self) -> BTreeMap<String, usize> {
        let mut owners = BTreeMap::new();
        for lease in self.rows().leases.values().filter(|lease| !lease.is_over()) {
            let owner = lease.owner.clone().unwrap_or_default();
            let name = owner.rsplit_once('/').map_or("", |(name, _)| name);
            *owners.entry(name.to_owned()).or_default() += 1;
        }
        owners
    }
}

pub(crate) fn late() -> Failure {
    Failure::new(Meaning::Condition, "ConditionalCheckFailedException")
}

impl Rows {
    fn there(&self) -> Result<(), Failure> {
        match self.is_away {
            true => Err(Failure::new(Meaning::Trouble, "nobody answers")),
            false => Ok(()),
        }
    }

    fn change(
        &mut self,
        shard: &SplitId,
        is_as_seen: impl FnOnce(&Lease) -> bool,
        change: impl FnOnce(&mut Lease),
    ) -> Result<(), Failure> {
        self.there()?;
        let lease = self.leases.get_mut(shard).filter(|lease| is_as_seen(lease));
        let lease = lease.ok_or_else(late)?;
        change(lease);
        lease.counter += 1;
        match self.lost_answers.checked_sub(1) {
            Some(rest) => {
                self.lost_answers = rest;
                Err(Failure::new(Meaning::Trouble, "the answer was lost"))
            }
            None => Ok(()),
        }
    }

    pub(crate) fn take(&mut self, seen: &Lease, me: &str) -> Result<(), Failure> {
        let is_as_seen = |it: &Lease| it.counter == seen.counter;
        self.change(&seen.shard, is_as_seen, |it| it.owner = Some(me.to_owned()))
    }

    pub(crate) fn renew(&mut self, shard: &SplitId, me: &str, seen: u64) -> Result<(), Failure> {
        self.change(shard, |it| it.counter == seen && it.is_of(me), |_| {})
    }

    pub(crate) fn keep(
        &mut self,
        shard: &SplitId,
        me: &str,
        seen: u64,
        mark: &Mark,
    ) -> Result<(), Failure> {
        let is_as_seen = |it: &Lease| it.counter == seen && it.is_of(me);
        self.change(shard, is_as_seen, |it| it.mark = mark.clone())
    }

    pub(crate) fn let_go(&mut self, shard: &SplitId, me: &str) -> Result<(), Failure> {
        self.change(shard, |it| it.is_of(me), |it| it.owner = None)
    }
}

#[async_trait]
impl Table for Memory {
    async fn prepare(&self) -> Result<(), Failure> {
        self.rows().there()
    }

    async fn scan(&self) -> Result<Vec<Lease>, Failure> {
        let rows = self.rows();
        rows.there()?;
        Ok(rows.leases.values().cloned().collect())
    }

    async fn get(&self, shard: &SplitId) -> Result<Option<Lease>, Failure> {
        let rows = self.rows();
        rows.there()?;
        Ok(rows.leases.get(shard).cloned())
    }

    async fn create(&self, lease: &Lease) -> Result<bool, Failure> {
        let mut rows = self.rows();
        rows.there()?;
        let is_new = !rows.leases.contains_key(&lease.shard);
        if is_new {
            rows.leases.insert(lease.shard.clone(), lease.clone());
        }
        Ok(is_new)
    }

    async fn take(&self, seen: &Lease, me: &str) -> Result<(), Failure> {
        self.rows().take(seen, me)
    }

    async fn renew(&self, shard: &SplitId, me: &str, counter: u64) -> Result<(), Failure> {
        self.rows().renew(shard, me, counter)
    }

    async fn keep(
        &self,
        shard: &SplitId,
        me: &str,
        counter: u64,
        mark: &Mark,
    ) -> Result<(), Failure> {
        self.rows().keep(shard, me, counter, mark)
    }

    async fn adopt(&self, shard: &SplitId, children: &[SplitId]) -> Result<(), Failure> {
        self.rows().children.insert(shard.clone(), children.to_vec());
        Ok(())
    }

    async fn let_go(&self, shard: &SplitId, me: &str) -> Result<(), Failure> {
        self.rows().let_go(shard, me)
    }

    async fn delete(&self, seen: &Lease) -> Result<(), Failure> {
        let mut rows = self.rows();
        if rows.leases.get(&seen.shard).is_none_or(|it| it.counter != seen.counter) {
            return Err(late());
        }
        rows.leases.remove(&seen.shard);
        Ok(())
    }
}
