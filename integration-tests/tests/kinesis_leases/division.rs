//! Gateways that divide a stream.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::{Scene, wait};

use crate::sharing::{Sharing, distinct, entries};

const LONG: Duration = Duration::from_secs(60);
const RECORDS: u64 = 300;

/// Waits until these workers have all leases among them, of which there are so many.
fn divided(sharing: &Sharing, workers: &[&str], leases: usize) -> Result<()> {
    let expected: BTreeSet<String> = workers.iter().map(|it| (*it).to_owned()).collect();
    let there = || {
        let (owners, open) = sharing.owners()?;
        Ok((owners == expected && open == leases).then_some(()))
    };
    wait::until(&format!("leases of {workers:?}"), LONG, there)
        .with_context(|| format!("{:?}", sharing.dynamo.lease_rows(&sharing.table)))
}

fn arrived(sharing: &Sharing, scenes: &[&Scene]) -> Result<()> {
    let all = usize::try_from(sharing.ledger.written())?;
    let mut there = 0;
    wait::until(&format!("{all} records"), LONG, || {
        there = distinct(scenes)?;
        Ok((there == all).then_some(()))
    })
    .with_context(|| format!("{there} came"))
}

/// Nothing is lost or wrong; says how many records are there twice.
fn audited(sharing: &Sharing, scenes: &[&Scene]) -> Result<usize> {
    let (entries, broken) = entries(scenes)?;
    ensure!(broken == 0, "{broken} records are broken");
    let mut audit = sharing.ledger.audit();
    entries.iter().for_each(|entry| audit.see(entry));
    audit.findings().at_least_once()?;
    Ok(entries.len() - usize::try_from(sharing.ledger.written())?)
}

#[test]
fn two_gateways_divide_a_stream_and_one_that_is_killed_is_taken_over() -> Result<()> {
    let mut sharing = Sharing::new("divided", 4)?;
    let (one, two) = (sharing.gateway("one")?, sharing.gateway("two")?);
    sharing.put(RECORDS)?;
    let first = one.start()?;
    divided(&sharing, &["one"], 4)?;
    let second = two.start()?;
    divided(&sharing, &["one", "two"], 4)?;
    sharing.put(RECORDS)?;
    arrived(&sharing, &[&one, &two])?;
    // Killed while records come.
    sharing.put(RECORDS)?;
    first.kill()?;
    sharing.put(RECORDS)?;
    divided(&sharing, &["two"], 4)?;
    arrived(&sharing, &[&one, &two])?;
    let doubled = audited(&sharing, &[&one, &two])?;
    ensure!(doubled as u64 <= 2 * RECORDS, "{doubled} records came twice");
    // One that is asked to stop lets go at once, and another has all from where it was.
    second.stop(LONG)?;
    let (owners, _) = sharing.owners()?;
    ensure!(owners.is_empty(), "{owners:?} hold leases");
    let before = entries(&[&one, &two])?.0.len();
    let three = sharing.gateway("three")?;
    sharing.put(RECORDS)?;
    let third = three.start()?;
    arrived(&sharing, &[&one, &two, &three])?;
    third.stop(LONG)?;
    let again = entries(&[&one, &two, &three])?.0.len() - before;
    ensure!(again as u64 == RECORDS, "{again} records came instead of {RECORDS}");
    Ok(())
}

#[test]
fn splits_and_merges_are_followed_by_gateways_that_share_a_stream() -> Result<()> {
    let mut sharing = Sharing::new("resharded", 2)?;
    let (one, two) = (sharing.gateway("one")?, sharing.gateway("two")?);
    sharing.put(RECORDS)?;
    let first = one.start()?;
    divided(&sharing, &["one"], 2)?;
    let second = two.start()?;
    divided(&sharing, &["one", "two"], 2)?;
    for round in 0..4 {
        let open = sharing.kinesis.open_shards(&sharing.stream)?;
        if round == 2 {
            // The two halves of what was split last are neighbours.
            let [.., left, right] = open.as_slice() else { anyhow::bail!("{open:?}") };
            sharing.kinesis.merge(&sharing.stream, left, right)?;
        } else {
            sharing.kinesis.split(&sharing.stream, open.last().context("no open shard")?)?;
        }
        sharing.put(RECORDS)?;
    }
    arrived(&sharing, &[&one, &two])?;
    let open = sharing.kinesis.open_shards(&sharing.stream)?;
    divided(&sharing, &["one", "two"], open.len())?;
    first.stop(LONG)?;
    second.stop(LONG)?;
    audited(&sharing, &[&one, &two])?;
    let leases = sharing.dynamo.lease_rows(&sharing.table)?;
    for lease in &leases {
        let is_over = lease.checkpoint == "SHARD_END";
        ensure!(is_over != open.contains(&lease.shard), "{lease:?}");
        ensure!(is_over == lease.row.contains_key("childShardIds"), "{lease:?}");
    }
    ensure!(leases.len() == sharing.kinesis.shards(&sharing.stream)?.len(), "{leases:?}");
    Ok(())
}
