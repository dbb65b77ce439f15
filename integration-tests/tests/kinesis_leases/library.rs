//! A gateway and a worker of the Kinesis Client Library, each in the place of the other.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::servers::{Entry, KclWorker};
use forebay_integration_tests::{Scene, wait};

use crate::sharing::{Sharing, entries};

const LONG: Duration = Duration::from_secs(90);
const RECORDS: u64 = 200;
const WORKER: &str = "library";

/// Starts a worker on the table of the gateways.
fn worker(sharing: &Sharing) -> Result<KclWorker> {
    let (kinesis, dynamo) = (sharing.kinesis, sharing.dynamo);
    let names = (&*sharing.stream, &*sharing.table);
    KclWorker::start(kinesis, dynamo, names, WORKER, Duration::from_secs(2))
}

/// What the gateway wrote, and what workers read.
fn all(scene: &Scene, workers: &[serde_json::Value]) -> Result<Vec<Entry>> {
    let (mut all, broken) = entries(&[scene])?;
    let read: Vec<Entry> = workers.iter().filter_map(Entry::from_value).collect();
    ensure!(broken == 0 && read.len() == workers.len(), "some records are broken");
    all.extend(read);
    Ok(all)
}

/// Waits until every record is at the gateway or at a worker.
fn arrived(
    sharing: &Sharing,
    scene: &Scene,
    before: &[serde_json::Value],
    worker: Option<&KclWorker>,
) -> Result<()> {
    let expected = usize::try_from(sharing.ledger.written())?;
    wait::until(&format!("{expected} records"), LONG, || {
        let mut read = before.to_vec();
        read.extend(worker.map(KclWorker::read).transpose()?.unwrap_or_default());
        let numbers: BTreeSet<i64> = all(scene, &read)?.iter().map(|it| it.number).collect();
        Ok((numbers.len() == expected).then_some(()))
    })
    .with_context(|| format!("{:?}", sharing.dynamo.lease_rows(&sharing.table)))
    .with_context(|| worker.map(KclWorker::last_words).unwrap_or_default())
}

/// The open shards whose leases the worker has, and those of others.
fn shards(sharing: &Sharing) -> Result<(Vec<String>, Vec<String>)> {
    let leases = sharing.dynamo.lease_rows(&sharing.table)?;
    let open = leases.into_iter().filter(|lease| lease.checkpoint != "SHARD_END");
    let (its, others): (Vec<_>, Vec<_>) =
        open.partition(|lease| lease.owner.as_deref() == Some(WORKER));
    let names = |leases: Vec<forebay_integration_tests::servers::dynamodb::Lease>| {
        leases.into_iter().map(|lease| lease.shard).collect::<Vec<_>>()
    };
    Ok((names(its), names(others)))
}

/// Waits until the worker has a part: it counts shards that were read to their end too, so its
/// share of the others may be less than half.
fn joined(sharing: &Sharing, worker: &KclWorker) -> Result<(Vec<String>, Vec<String>)> {
    wait::until("the worker's leases", LONG, || {
        let (its, others) = shards(sharing)?;
        Ok((!its.is_empty()).then_some((its, others)))
    })
    .with_context(|| worker.last_words())
}

#[test]
fn a_worker_of_the_client_library_and_a_gateway_share_a_stream_and_take_over() -> Result<()> {
    let mut sharing = Sharing::new("library", 4)?;
    let scene = sharing.gateway("gateway")?;
    sharing.put(RECORDS)?;
    let gateway = scene.start()?;
    arrived(&sharing, &scene, &[], None)?;
    // It takes one lease, and the gateway leaves it the rest of its share.
    let first = worker(&sharing)?;
    let (its, others) = joined(&sharing, &first)?;
    sharing.put(RECORDS)?;
    arrived(&sharing, &scene, &[], Some(&first))?;
    // Each splits a shard, and gives leases to the children.
    for shards in [&its, &others] {
        sharing.kinesis.split(&sharing.stream, shards.first().context("no shard")?)?;
    }
    sharing.put(RECORDS)?;
    arrived(&sharing, &scene, &[], Some(&first))?;
    ensure!(!first.read()?.is_empty(), "the worker read nothing");
    // The gateway in the place of the worker.
    let mut read = first.kill()?;
    sharing.put(RECORDS)?;
    arrived(&sharing, &scene, &read, None)?;
    // And the worker in the place of the gateway.
    let second = worker(&sharing)?;
    joined(&sharing, &second)?;
    gateway.kill()?;
    sharing.put(RECORDS)?;
    arrived(&sharing, &scene, &read, Some(&second))?;
    read.extend(second.kill()?);
    let mut audit = sharing.ledger.audit();
    all(&scene, &read)?.iter().for_each(|entry| audit.see(entry));
    audit.findings().at_least_once()
}
