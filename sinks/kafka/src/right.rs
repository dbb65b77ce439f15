//! Looking whether a topic may be written, without writing.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use forebay_clients::kafka::ClientEvents;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode as Code;

use crate::context::Context;
use crate::failure::Failure;
use crate::options::KafkaSinkOptions;

/// How long the brokers may take.
const ANSWER: Duration = Duration::from_secs(10);

/// How many acknowledgements are asked for: a number that no broker gives. Brokers see first whether
/// a topic may be written, then how many acknowledgements are wanted, and do not append anything if
/// that is neither 0, 1 nor all
/// ([`ReplicaManager.appendRecords`](https://github.com/apache/kafka/blob/trunk/core/src/main/scala/kafka/server/ReplicaManager.scala)).
const NO_SUCH_NUMBER: &str = "2";

/// Whether this user may write to a topic. It blocks.
///
/// # Errors
/// Why not.
pub(crate) fn may_write(
    options: &KafkaSinkOptions,
    base: &Path,
    topic: &str,
) -> Result<(), String> {
    let events = ClientEvents::new("probe".into(), &options.connection, base);
    let mut config = options.connection.client_config(base);
    let timeout = ANSWER.as_millis().to_string();
    config
        .set("enable.idempotence", "false")
        .set("acks", NO_SUCH_NUMBER)
        .set("retries", "0")
        .set("linger.ms", "0")
        .set("message.timeout.ms", &timeout);
    let (sender, answer) = mpsc::sync_channel(1);
    let context = Context { events: Arc::clone(&events), reports: sender };
    let producer: ThreadedProducer<Context<Answer>> =
        ThreadedProducer::from_config_and_context(&config, context)
            .map_err(|error| events.explain(format!("no client can be made: {error}")))?;
    let record = BaseRecord::<[u8], [u8]>::to(topic).payload(b"");
    producer.send(record).map_err(|(error, _)| events.explain(error))?;
    let code = answer
        .recv_timeout(ANSWER + Duration::from_secs(2))
        .map_err(|_| events.explain(format!("no answer within {} s", ANSWER.as_secs())))?;
    match code {
        Some(Code::InvalidRequiredAcks) => Ok(()),
        Some(code) => Err(Failure::of(code).reason(code, topic).text),
        // A broker of another make, which took an empty record: it may be written all the more.
        None => Ok(()),
    }
}

/// Hears what became of the one record.
type Answer = mpsc::SyncSender<Option<Code>>;

impl ProducerContext for Context<Answer> {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let code = result.as_ref().err();
        let code = code.map(|(error, _)| error.rdkafka_error_code().unwrap_or(Code::Fail));
        // Nobody waits any more only if it took too long.
        let _ = self.reports.try_send(code);
    }
}
