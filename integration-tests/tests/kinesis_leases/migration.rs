//! A gateway in the place of a worker of the Kinesis Client Library, and beside one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::servers::dynamodb::{Lease, Row};
use forebay_integration_tests::servers::kinesis::Put;
use forebay_integration_tests::wait;

use crate::sharing::{Sharing, entries};

const LONG: Duration = Duration::from_secs(60);
const WORKER: &str = "ip-10-0-0-7:8a2c41b6";
/// Records that the worker read of the second shard.
const READ: usize = 40;

/// A row of version 3 of the library that is no lease.
fn bookkeeping(key: &str, kind: &str) -> Row {
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    Row::from([
        ("leaseKey".to_owned(), text(key)),
        ("entityType".to_owned(), text(kind)),
        ("leaseOwner".to_owned(), text(WORKER)),
    ])
}

#[test]
fn a_table_of_the_client_library_is_shared_and_taken_over_in_mid_stream() -> Result<()> {
    let mut sharing = Sharing::new("migrated", 3)?;
    sharing.put(300)?;
    // The first shard was split, and its parent read to its end.
    let shards = sharing.kinesis.shards(&sharing.stream)?;
    let ids: Vec<&str> = shards.iter().map(|shard| shard.shard_id()).collect();
    let [parent, second, third] = ids.as_slice() else { anyhow::bail!("{ids:?}") };
    sharing.kinesis.split(&sharing.stream, parent)?;
    sharing.put(300)?;
    let all = sharing.kinesis.shards(&sharing.stream)?;
    let children = all.iter().filter(|shard| shard.parent_shard_id() == Some(parent));
    let children: Vec<&str> = children.map(|shard| shard.shard_id()).collect();
    let arrived = sharing.kinesis.read(&sharing.stream)?;
    let of = |shard: &str| arrived.iter().filter(|it| it.shard == shard).collect::<Vec<_>>();
    let (of_second, of_third) = (of(second), of(third));
    let read = &of_second.get(READ - 1).context("too few records")?.sequence;
    let last = &of_third.last().context("no record")?.sequence;

    let mut leases = vec![
        Lease::of_version_2(parent, WORKER, "SHARD_END").with("childShardIds", &children),
        Lease::of_version_2(second, WORKER, read),
        Lease::of_version_2(third, WORKER, last),
    ];
    let child = |id: &&str| {
        Lease::of_version_2(id, WORKER, "TRIM_HORIZON").with("parentShardId", &[parent])
    };
    leases.extend(children.iter().map(child));
    sharing.table = sharing.dynamo.lease_table("migrated", &leases)?;
    for (key, kind) in [("Leader", "LEADER"), ("Migration3.0", "CLIENT_VERSION_MIGRATION")] {
        sharing.dynamo.put_row(&sharing.table, bookkeeping(key, kind))?;
    }
    let mut held: Vec<Lease> = leases.into_iter().filter(|it| it.shard != *parent).collect();

    let scene = sharing.gateway("gateway")?;
    let gateway = scene.start()?;
    // The worker lives, and keeps what is not taken from it: half of the four.
    let begun = Instant::now();
    while held.len() > 2 || begun.elapsed() < Duration::from_secs(6) {
        ensure!(begun.elapsed() < LONG, "the worker has {held:?} still");
        let mut kept = Vec::new();
        for mut lease in held {
            if sharing.dynamo.renew(&sharing.table, &mut lease)? {
                kept.push(lease);
            }
        }
        held = kept;
        std::thread::sleep(wait::PAUSE * 20);
    }
    ensure!(held.len() == 2, "the worker has {held:?} left");
    ensure!(sharing.owners()?.0 == BTreeSet::from(["gateway".to_owned()]));
    // Then it dies.
    let tail: Vec<Put> = (0..30).map(|it| Put::new(format!("k{it}"), "{}")).collect();
    sharing.kinesis.put(&sharing.stream, tail)?;
    let expected: usize =
        children.iter().map(|id| of(id).len()).sum::<usize>() + of_second.len() - READ;
    let there = || {
        let (entries, others) = entries(&[&scene])?;
        Ok((entries.len() >= expected && others >= 30).then_some(()))
    };
    wait::until("all records", LONG, there).with_context(|| gateway.last_words())?;
    gateway.stop(LONG)?;

    let (entries, others) = entries(&[&scene])?;
    ensure!((entries.len(), others) == (expected, 30), "{} and {others}", entries.len());
    let numbers: BTreeSet<i64> = entries.iter().map(|entry| entry.number).collect();
    ensure!(numbers.len() == expected, "some came twice");
    // The rows are the library's still.
    let rows = sharing.dynamo.rows(&sharing.table)?;
    let by_key: BTreeMap<&str, &Row> = rows
        .iter()
        .filter_map(|row| Some((row.get("leaseKey")?.as_s().ok()?.as_str(), row)))
        .collect();
    ensure!(by_key["Leader"] == &bookkeeping("Leader", "LEADER"), "{by_key:?}");
    ensure!(by_key.len() == 3 + children.len() + 2, "{by_key:?}");
    for id in children.iter().chain([second, third]) {
        let row = by_key[id];
        ensure!(!row.contains_key("leaseOwner"), "{row:?}");
        let switches = row["ownerSwitchesSinceCheckpoint"].as_n().cloned();
        ensure!(switches == Ok("0".to_owned()), "{row:?}");
        let checkpoint = row["checkpoint"].as_s().cloned().unwrap_or_default();
        let last = of(id).last().map(|it| it.sequence.clone()).unwrap_or_default();
        ensure!(checkpoint.len() == last.len() && checkpoint >= last, "{row:?}");
    }
    ensure!(by_key[parent]["checkpoint"].as_s().is_ok_and(|it| it == "SHARD_END"));
    Ok(())
}
