//! A producer and what it reports.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use forebay_clients::kafka::ClientEvents;
use rdkafka::ClientConfig;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{Producer as _, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode as Code;

use crate::choices::Acks;
use crate::context::Context;
use crate::deliveries::{Deliveries, Report};
use crate::options::KafkaSinkOptions;
use crate::topics::Topics;

/// How long no report may come before somebody is told.
const STALL: Duration = Duration::from_secs(5);
/// How long the rest is waited for after a request was refused.
const GRACE: Duration = Duration::from_secs(1);
/// How often a wait looks at whether it should end.
const LOOK: Duration = Duration::from_millis(100);
/// The most records that wait for their acknowledgement: each takes some 200 bytes beside its own.
const MAX_WAITING: &str = "100000";

/// The producer of librdkafka, with a thread that hands its reports to us.
pub(crate) type Producer = ThreadedProducer<Context<Arc<Deliveries>>>;

impl ProducerContext for Context<Arc<Deliveries>> {
    /// The row of the record in its batch.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, row: usize) {
        match result {
            Ok(message) => self.reports.report(row, None, || message.partition()),
            Err((error, message)) => {
                let code = error.rdkafka_error_code().unwrap_or(Code::Fail);
                self.reports.report(row, Some(code), || message.partition());
            }
        }
    }
}

/// A producer and what it reports.
pub(crate) struct Client {
    pub(crate) producer: Producer,
    pub(crate) deliveries: Arc<Deliveries>,
    pub(crate) events: Arc<ClientEvents>,
    pub(crate) topics: Topics,
}

/// Why records that were being sent are not all written yet.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The brokers do not answer. What was sent waits in the client and will be written.
    Stalled(String),
    /// The brokers refused a request, or the transaction: another client has to go on.
    Refused,
    /// The client is of no more use.
    Lost(String),
    /// Whoever asked does not wait any more.
    Cancelled,
    /// The columns do not fit the options.
    Columns(String),
}

impl Client {
    /// Makes a client; it connects by itself.
    ///
    /// # Errors
    /// What librdkafka has against the options or the files that they name.
    pub(crate) fn new(
        name: &Arc<str>,
        options: &KafkaSinkOptions,
        base: &Path,
        transactional_id: Option<&str>,
    ) -> Result<Self, String> {
        let events = ClientEvents::new(Arc::clone(name), &options.connection, base);
        let deliveries = Arc::new(Deliveries::default());
        let context = Context { events: Arc::clone(&events), reports: Arc::clone(&deliveries) };
        let config = config(options, base, transactional_id);
        let producer = Producer::from_config_and_context(&config, context)
            .map_err(|error| events.explain(format!("no client can be made: {error}")))?;
        Ok(Self { producer, deliveries, events, topics: Topics::default() })
    }

    /// What ended this client, if something did.
    pub(crate) fn fatal(&self) -> Option<(Code, String)> {
        self.producer.client().fatal_error()
    }

    /// Waits until at most so many records are pending.
    ///
    /// # Errors
    /// See [`Halt`].
    pub(crate) fn wait(&self, at_most: usize, cancel: &AtomicBool) -> Result<(), Halt> {
        let mut progress = (self.deliveries.written(), self.deliveries.pending());
        let mut since = Instant::now();
        while !self.deliveries.wait(at_most, LOOK) {
            if cancel.load(Ordering::Relaxed) {
                return Err(Halt::Cancelled);
            }
            if let Some((code, text)) = self.fatal() {
                return Err(Halt::Lost(format!("the producer cannot go on ({code}): {text}")));
            }
            let now = (self.deliveries.written(), self.deliveries.pending());
            if now != progress {
                (progress, since) = (now, Instant::now());
            } else if since.elapsed() >= GRACE && self.deliveries.has_refusals() {
                return Err(Halt::Refused);
            } else if since.elapsed() >= STALL {
                let (_, pending) = progress;
                return Err(Halt::Stalled(self.events.explain(format!(
                    "{pending} records wait, none was acknowledged for {} s",
                    STALL.as_secs()
                ))));
            }
        }
        Ok(())
    }

    /// Ends the client. What was not acknowledged may be written or not: the reports say so of
    /// each record, and the flag says whether reports are missing.
    pub(crate) fn end(self) -> (Vec<Report>, bool) {
        let deliveries = Arc::clone(&self.deliveries);
        drop(self.producer);
        (deliveries.take(), deliveries.pending() > 0)
    }
}

/// Beside the bytes of small records, librdkafka takes about as many again to keep them.
const OVERHEAD: u64 = 2;

fn config(options: &KafkaSinkOptions, base: &Path, transactional_id: Option<&str>) -> ClientConfig {
    let mut config = options.connection.client_config(base);
    let given = &options.connection.properties;
    let mut usually = |name: &str, value: &str| {
        if !given.contains_key(name) {
            config.set(name, value);
        }
    };
    // When brokers come back, so do we, within a second.
    usually("reconnect.backoff.max.ms", "1000");
    // A topic that is not there is not waited for within librdkafka: the option decides.
    usually("topic.metadata.propagation.max.ms", "2000");
    usually("queue.buffering.max.messages", MAX_WAITING);
    let is_idempotent = options.acks == Acks::All;
    config.set("enable.idempotence", if is_idempotent { "true" } else { "false" });
    config.set("acks", if is_idempotent { "all" } else { "1" });
    // More than one request on its way keeps the order only with idempotence, and only up to five.
    config.set("max.in.flight.requests.per.connection", if is_idempotent { "5" } else { "1" });
    config.set("partitioner", options.partitioner.property());
    config.set("compression.codec", options.compression.property());
    config.set("linger.ms", (options.linger.0.as_secs_f64() * 1_000.0).to_string());
    config.set("batch.size", options.batch_bytes.0.to_string());
    config.set("message.max.bytes", options.max_record_bytes.0.to_string());
    let waiting = ((options.buffer.0 / OVERHEAD) >> 10).max(1);
    config.set("queue.buffering.max.kbytes", waiting.to_string());
    match transactional_id {
        Some(id) => {
            let timeout = options.transaction_timeout.0.as_millis().to_string();
            config.set("transactional.id", id);
            config.set("transaction.timeout.ms", &timeout);
            config.set("message.timeout.ms", &timeout);
        }
        // A record that waits is never given up: nothing is lost, overtaken or written twice
        // because brokers were away for long.
        None => {
            config.set("message.timeout.ms", "0");
        }
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config_of(json: serde_json::Value, id: Option<&str>) -> ClientConfig {
        let mut all = serde_json::json!({ "brokers": ["127.0.0.1:9092"], "topic": "orders" });
        all.as_object_mut().unwrap().extend(json.as_object().unwrap().clone());
        config(&serde_json::from_value(all).unwrap(), Path::new("."), id)
    }

    #[test]
    fn order_is_kept_under_retries_with_and_without_idempotence() {
        let usual = config_of(serde_json::json!({}), None);
        assert_eq!(usual.get("enable.idempotence"), Some("true"));
        assert_eq!(usual.get("max.in.flight.requests.per.connection"), Some("5"));
        assert_eq!(usual.get("message.timeout.ms"), Some("0"));
        let leader = config_of(serde_json::json!({"acks": "leader"}), None);
        assert_eq!(leader.get("enable.idempotence"), Some("false"));
        assert_eq!(leader.get("max.in.flight.requests.per.connection"), Some("1"));
    }

    #[test]
    fn librdkafka_takes_every_combination() {
        for json in [
            serde_json::json!({}),
            serde_json::json!({"acks": "leader", "partitioner": "crc32", "compression": "zstd"}),
            serde_json::json!({"partitioner": "fnv1a", "compression": "lz4", "linger": "1ms"}),
            serde_json::json!({"partitioner": "random", "compression": "gzip", "linger": "15m"}),
            serde_json::json!({"compression": "snappy", "buffer": "1KiB", "max_record_bytes": "1000B"}),
            serde_json::json!({"batch_bytes": "1B", "properties": {"reconnect.backoff.max.ms": "5000"}}),
        ] {
            for id in [None, Some("forebay-a-b")] {
                if id.is_some() && (json["acks"] == "leader" || json["linger"] == "15m") {
                    continue;
                }
                let mut all = serde_json::json!({ "brokers": ["127.0.0.1:1"], "topic": "orders" });
                all.as_object_mut().unwrap().extend(json.as_object().unwrap().clone());
                let options: KafkaSinkOptions = serde_json::from_value(all).unwrap();
                assert_eq!(options.check(), [], "{json}");
                let client = Client::new(&"kafka".into(), &options, Path::new("."), id);
                assert!(client.is_ok(), "{json} {:?}", client.err());
            }
        }
        let own = config_of(
            serde_json::json!({"properties": {"reconnect.backoff.max.ms": "5000"}}),
            None,
        );
        assert_eq!(own.get("reconnect.backoff.max.ms"), Some("5000"));
    }
}
