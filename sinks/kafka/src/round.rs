//! Handing rows over to librdkafka, and waiting until each is reported.

use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::producer::BaseRecord;
use rdkafka::types::RDKafkaErrorCode as Code;

use crate::client::{Client, Halt};
use crate::failure::Failure;
use crate::shape::{Record, Shape};
use crate::topics::State;
use crate::work::{Dead, Work};

/// How many rows are handed over between two looks at whether to stop.
const LOOK_EVERY: usize = 1024;

/// How many records wait when more are handed over after the queue was full: large steps, so that
/// both threads work undisturbed.
const REFILL_AT: usize = 2;

/// Hands over the rows of this round that were not yet, and waits until each is reported.
///
/// # Errors
/// See [`Halt`]; the work says how far it came.
pub(crate) fn round(
    client: &mut Client,
    shape: &Shape,
    work: &mut Work,
    is_hopeless: &dyn Fn(Failure) -> bool,
    cancel: &AtomicBool,
) -> Result<(), Halt> {
    let batch = work.batch.clone();
    let mut bound = None;
    let mut topic = (String::new(), State::Unfit(Code::UnknownTopic));
    let mut crowd = 0;
    while let Some(row) = work.next() {
        if work.cursor.is_multiple_of(LOOK_EVERY) && cancel.load(Ordering::Relaxed) {
            return Err(Halt::Cancelled);
        }
        let (chunk, within) = work.place(row);
        let records = match &mut bound {
            Some((bound, records)) if *bound == chunk => records,
            _ => {
                let records = shape.bind(&batch.chunks[chunk].columns).map_err(Halt::Columns)?;
                &mut bound.insert((chunk, records)).1
            }
        };
        let record = match records.get(within) {
            Ok(record) => record,
            Err(reason) => {
                work.dead.push(Dead { row, reason, is_plain: true });
                work.cursor += 1;
                continue;
            }
        };
        if topic.0 != record.topic {
            let state = find(client, record.topic)?;
            topic = (record.topic.to_owned(), state);
            if matches!(state, State::There(_)) {
                work.topics.insert(topic.0.clone());
            }
        }
        if let Some(code) = obstacle(client, &mut topic, record.partition)? {
            let failure = Failure::of(code);
            if is_hopeless(failure) {
                let reason = failure.reason(code, record.topic);
                work.dead.push(Dead { row, reason, is_plain: false });
            } else {
                client.deliveries.sending();
                client.deliveries.report(row as usize, Some(code), || -1);
            }
            work.cursor += 1;
            continue;
        }
        let is_suspect = !work.suspects.is_empty() && work.suspects.contains(&row);
        let is_end_of_crowd = crowd > 0 && (!is_suspect || crowd >= work.crowd);
        if is_end_of_crowd || (crowd == 0 && is_suspect) {
            client.wait(0, cancel)?;
            crowd = 0;
        }
        hand_over(client, record, row, cancel)?;
        crowd += usize::from(is_suspect);
        work.cursor += 1;
    }
    client.wait(0, cancel)
}

fn find(client: &mut Client, topic: &str) -> Result<State, Halt> {
    let Client { producer, topics, events, .. } = client;
    topics.find(producer, topic).map_err(|text| Halt::Stalled(events.explain(text)))
}

/// Why a record for this topic and partition cannot be written, as far as is known.
fn obstacle(
    client: &mut Client,
    topic: &mut (String, State),
    partition: Option<i32>,
) -> Result<Option<Code>, Halt> {
    let is_beyond = |state| matches!(state, State::There(count) if partition >= Some(count));
    if is_beyond(topic.1) {
        // There may be more partitions since.
        let Client { producer, topics, events, .. } = client;
        let asked = topics.ask(producer, &topic.0);
        topic.1 = asked.map_err(|text| Halt::Stalled(events.explain(text)))?;
    }
    Ok(match topic.1 {
        State::Unfit(code) => Some(code),
        state if is_beyond(state) => Some(Code::UnknownPartition),
        State::There(_) => None,
    })
}

/// Hands one record over. What librdkafka has against it becomes a report.
fn hand_over(
    client: &Client,
    record: Record<'_>,
    row: u32,
    cancel: &AtomicBool,
) -> Result<(), Halt> {
    let mut record: BaseRecord<'_, [u8], [u8], usize> = BaseRecord {
        topic: record.topic,
        partition: record.partition,
        payload: record.value,
        key: record.key,
        timestamp: record.timestamp,
        headers: record.headers,
        delivery_opaque: row as usize,
    };
    loop {
        client.deliveries.sending();
        let Err((error, back)) = client.producer.send(record) else { return Ok(()) };
        match error.rdkafka_error_code() {
            Some(Code::QueueFull) => {
                client.deliveries.not_sent();
                record = back;
                client.wait(client.deliveries.pending() / REFILL_AT, cancel)?;
            }
            Some(Code::State) => {
                client.deliveries.not_sent();
                return Err(Halt::Broken(client.events.explain("the transaction failed")));
            }
            Some(Code::Fatal) | None => {
                client.deliveries.not_sent();
                let text = client.fatal().map_or_else(|| error.to_string(), |(_, text)| text);
                return Err(Halt::Lost(format!("the producer cannot go on: {text}")));
            }
            Some(code) => {
                client.deliveries.report(row as usize, Some(code), || back.partition.unwrap_or(-1));
                return Ok(());
            }
        }
    }
}
