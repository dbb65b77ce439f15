//! Looking step by step whether the stream can be read. No lease is taken, and no table is made.

use std::collections::BTreeSet;

use aws_sdk_kinesis::types::StreamStatus;
use forebay_clients::aws::{Failure, Meaning, denied, is_denied, judge_answer, reach_service};
use forebay_clients::kinesis::StreamId;
use forebay_core::probe::{Halted, Obstacle, Probed};

use crate::config::{KinesisConfig, LeaseTable};
use crate::leases::{Dynamo, Table};
use crate::live::{Live, Summary};
use crate::service::{From, Service, Shard};

/// Adds the steps of a probe.
pub(crate) async fn probe(
    config: &KinesisConfig,
    stream: &StreamId,
    probed: &mut Probed,
) -> Result<(), Halted> {
    reach_service(probed, &config.connection, "kinesis").await?;
    let live = Live::new(&config.connection, stream).await;
    let summary = judge_answer(probed, live.summary().await)?;
    probed.step("stream", found(stream, summary))?;
    let shards = live.shards().await;
    let listed = shards.as_ref().map(|shards| counted(shards)).map_err(obstacle);
    probed.step("shards", listed)?;
    let shards = shards.unwrap_or_default();
    if let Some(shard) = shards.iter().find(|shard| !shard.is_closed).or(shards.first()) {
        probed.step("records", read(&live, shard).await)?;
    }
    match &config.leases {
        Some(leases) => probed.step("leases", look(config, leases).await),
        None => Ok(()),
    }
}

fn found(stream: &StreamId, summary: Result<Summary, Failure>) -> Result<String, Obstacle> {
    match summary {
        Ok(Summary {
            status: StreamStatus::Active | StreamStatus::Updating,
            retention_hours,
            ..
        }) => Ok(format!("`{stream}` is active, and keeps records for {retention_hours} h")),
        Ok(Summary { status, .. }) => {
            let help = "wait until it is active; the gateway waits too";
            Err(Obstacle::new(format!("`{stream}` is {status} just now"), help))
        }
        Err(failure) => Err(no_stream(stream, &failure)),
    }
}

fn no_stream(stream: &StreamId, failure: &Failure) -> Obstacle {
    let help = "mend `stream`, `region` or the account of the credentials, or create the stream";
    Obstacle::new(format!("`{stream}` cannot be used: {failure}"), help)
}

fn obstacle(failure: &Failure) -> Obstacle {
    match failure.code.as_deref() {
        Some(code) if is_denied(code) => denied(failure),
        _ => Obstacle::new(failure, "try again; if it stays so, look at the service's own status"),
    }
}

fn counted(shards: &[Shard]) -> String {
    let open = shards.iter().filter(|shard| !shard.is_closed).count();
    format!("{open} open, {} that ended", shards.len() - open)
}

/// Reads of a shard, as far as one call goes.
async fn read(live: &Live, shard: &Shard) -> Result<String, Obstacle> {
    let answer = async {
        let iterator = live.iterator(&shard.id, From::TrimHorizon).await?;
        live.records(&iterator, 1).await
    };
    match answer.await {
        Ok(_) => Ok(format!("`{}` can be read", shard.id)),
        Err(failure) if failure.meaning == Meaning::Throttled => {
            Ok(format!("`{}` can be read, and others read it as fast as they may", shard.id))
        }
        Err(failure) => Err(obstacle(&failure)),
    }
}

async fn look(config: &KinesisConfig, leases: &LeaseTable) -> Result<String, Obstacle> {
    let (connection, name) = (config.lease_connection(leases), &leases.table);
    let table = Dynamo::new(&connection, name, false).await;
    let there = table.status().await.map_err(|failure| no_table(name, &failure))?;
    if there.is_none() {
        let help = "make it, or let it be made (leases.create = true)";
        return match leases.create {
            true => Ok(format!("there is no `{name}` yet: it is made at the start")),
            false => Err(Obstacle::new(format!("there is no table `{name}`"), help)),
        };
    }
    let all = table.scan().await.map_err(|failure| no_table(name, &failure))?;
    let open: Vec<_> = all.iter().filter(|lease| !lease.is_over()).collect();
    let workers: BTreeSet<&str> = open.iter().filter_map(|lease| lease.owner.as_deref()).collect();
    Ok(format!("`{name}` has {} leases, of {} workers", open.len(), workers.len()))
}

fn no_table(name: &str, failure: &Failure) -> Obstacle {
    match failure.code.as_deref() {
        Some(code) if is_denied(code) => denied(failure),
        _ => {
            let help = "mend `leases`: the table, its region, its endpoint, its credentials";
            Obstacle::new(format!("the table `{name}` cannot be used: {failure}"), help)
        }
    }
}
