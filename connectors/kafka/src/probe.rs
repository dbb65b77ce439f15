//! Looking step by step whether the topics can be read. No group is joined.

use std::sync::Arc;

use forebay_clients::kafka::{ClientEvents, Sasl, judge_answer, reach_brokers};
use forebay_core::probe::{Halted, Obstacle, Probed};
use rdkafka::error::KafkaError;
use tokio::task::spawn_blocking;

use crate::link::{LISTEN, Settings, extents};
use crate::partition::Partition;
use crate::scout::{Scout, Topics};
use crate::wanted::Wanted;

/// What the brokers say.
struct Asked {
    events: Arc<ClientEvents>,
    topics: Result<Topics, KafkaError>,
    /// Partitions, and how many records there are in them.
    records: Option<Result<(usize, u64), KafkaError>>,
}

/// Adds the steps of a probe.
pub(crate) async fn probe(settings: &Arc<Settings>, probed: &mut Probed) -> Result<(), Halted> {
    let connection = &settings.config.connection;
    reach_brokers(probed, connection).await?;
    let own = Arc::clone(settings);
    let asked = spawn_blocking(move || ask(&own)).await;
    let asked = asked.unwrap_or_else(|error| Err(error.to_string()));
    let asked = match asked {
        Ok(asked) => asked,
        Err(error) => {
            let help = "mend `tls`, `sasl` or `properties`, and the files that they name";
            return probed.step("client", Err(Obstacle::new(error, help)));
        }
    };
    let topics = judge_answer(probed, connection, &asked.events, asked.topics)?;
    probed.step("topic", found(&settings.wanted, &topics))?;
    let Some(records) = asked.records else { return Ok(()) };
    let records = records
        .map(|(partitions, records)| format!("{records} in {partitions} partitions"))
        .map_err(|error| {
            let help = "wait until each partition has a leader, and give this user the right to \
                        describe the topic";
            Obstacle::new(asked.events.explain(error), help)
        });
    probed.step("records", records)
}

/// Asks. It blocks.
fn ask(settings: &Settings) -> Result<Asked, String> {
    let config = &settings.config;
    let name = Arc::clone(&settings.name);
    let events = ClientEvents::new(name, &config.connection, &settings.base);
    let scout = Scout::new(&settings.client_config(), &events)
        .map_err(|error| events.explain(format!("no client can be made: {error}")))?;
    if matches!(config.connection.sasl, Some(Sasl::OauthBearer { .. })) {
        scout.serve(LISTEN);
    }
    let topics = scout.topics(&settings.wanted);
    let records = topics.as_ref().ok().map(|topics| {
        let wanted: Vec<Partition> =
            settings.wanted.among(&topics.partitions).into_iter().collect();
        let extents = extents(&scout, &wanted)?;
        let count = |it: &crate::loss::Extent| u64::try_from(it.end - it.low).unwrap_or(0);
        Ok((extents.len(), extents.values().map(count).sum()))
    });
    if topics.is_err() {
        // Why comes a little later.
        scout.serve(LISTEN);
    }
    Ok(Asked { events, topics, records })
}

fn found(wanted: &Wanted, topics: &Topics) -> Result<String, Obstacle> {
    let why = topics.unreadable.iter().map(|(topic, why)| format!("`{topic}`: {why}"));
    let why: Vec<String> = why.collect();
    let there = wanted.among(&topics.partitions);
    let is_pattern = matches!(wanted, Wanted::Pattern(_));
    if !is_pattern && (!why.is_empty() || there.is_empty()) {
        let reason = match why.is_empty() {
            true => "there is no partition to read".to_owned(),
            false => why.join("; "),
        };
        let help = "create the topic (kafka-topics.sh --create --topic NAME), or mend `topics`";
        return Err(Obstacle::new(reason, help));
    }
    let names: std::collections::BTreeSet<&str> = there.iter().map(|it| &*it.topic).collect();
    let names: Vec<&str> = names.into_iter().take(10).collect();
    Ok(match names.is_empty() {
        true => "no topic matches yet".to_owned(),
        false => format!("{} with {} partitions", names.join(", "), there.len()),
    })
}
