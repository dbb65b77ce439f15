//! Gateways that read one stream by one table of leases.

use std::collections::BTreeSet;

use anyhow::Result;
use forebay_integration_tests::servers::kinesis::Put;
use forebay_integration_tests::servers::{DynamoDb, Entry, Kinesis, Ledger};
use forebay_integration_tests::{Scene, files_behind, visible};

/// A stream, and a table of leases for it.
pub(crate) struct Sharing {
    pub(crate) kinesis: &'static Kinesis,
    pub(crate) dynamo: &'static DynamoDb,
    pub(crate) stream: String,
    pub(crate) table: String,
    pub(crate) ledger: Ledger,
}

impl Sharing {
    /// A stream with so many shards, and no table yet.
    pub(crate) fn new(what: &str, shards: i32) -> Result<Self> {
        let (kinesis, dynamo) = (Kinesis::shared()?, DynamoDb::shared()?);
        let (stream, table) = (kinesis.stream(what, shards)?, dynamo.table_name(what));
        Ok(Self { kinesis, dynamo, stream, table, ledger: Ledger::new(60) })
    }

    /// Puts records that follow from their numbers.
    pub(crate) fn put(&mut self, records: u64) -> Result<()> {
        let put = |it: Entry| Put::new(it.customer.clone(), it.value().to_string());
        self.kinesis.put(&self.stream, self.ledger.write(records).map(put))
    }

    /// A gateway that brings its part of the stream into files.
    pub(crate) fn gateway(&self, worker: &str) -> Result<Scene> {
        let more = format!("worker = \"{worker}\", failover = \"2s\", commit_interval = \"200ms\"");
        let source = format!(
            r#"
            type = "kinesis"
            stream = "{stream}"
            poll_interval = "200ms"
            format = "json"
            schema = {schema}
            {options}
            {leases}
            "#,
            stream = self.stream,
            schema = Entry::SCHEMA,
            options = self.kinesis.options(),
            leases = self.dynamo.leases(&self.table, &more),
        );
        Scene::new(&files_behind("orders", &source))
    }

    /// The workers that hold leases of shards that are not read to their end, by their names, and
    /// how many such leases there are.
    pub(crate) fn owners(&self) -> Result<(BTreeSet<String>, usize)> {
        let leases = self.dynamo.lease_rows(&self.table)?;
        let open: Vec<_> = leases.iter().filter(|it| it.checkpoint != "SHARD_END").collect();
        let owners = open.iter().filter_map(|lease| lease.owner.as_deref());
        let names = owners.filter_map(|owner| owner.rsplit_once('/'));
        Ok((names.map(|(name, _)| name.to_owned()).collect(), open.len()))
    }
}

/// The records in the output of gateways, as often as they are there; those that are broken are
/// counted.
pub(crate) fn entries(scenes: &[&Scene]) -> Result<(Vec<Entry>, usize)> {
    let (mut entries, mut broken) = (Vec::new(), 0);
    for scene in scenes {
        for (_, values) in visible::values(&scene.output())? {
            for value in values {
                match Entry::from_value(&value) {
                    Some(entry) => entries.push(entry),
                    None => broken += 1,
                }
            }
        }
    }
    Ok((entries, broken))
}

/// How many records there are, each counted once.
pub(crate) fn distinct(scenes: &[&Scene]) -> Result<usize> {
    let numbers: BTreeSet<i64> = entries(scenes)?.0.iter().map(|entry| entry.number).collect();
    Ok(numbers.len())
}
