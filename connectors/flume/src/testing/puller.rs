//! What polls the Spark sink within an agent, without all that the source does beside.

use arrow::array::BinaryArray;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::pull::Batch;
use crate::rpc::{Client, Protocol};
use crate::wire::put_long;

/// A connection to the Spark sink within an agent, one batch at a time.
#[derive(Debug)]
pub struct Puller<S>(Client<S>);

/// A batch, whose transaction is open in the agent.
#[derive(Clone, Debug)]
pub struct Pulled(Batch);

impl Pulled {
    /// Its [events](super::event).
    #[must_use]
    pub fn events(&self) -> &BinaryArray {
        &self.0.events
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Puller<S> {
    /// Speaks over a connection. No batch may have more than `max` bytes.
    #[must_use]
    pub fn new(stream: S, max: usize) -> Self {
        Self(Client::new(stream, Protocol::SPARK_FLUME, max))
    }

    /// Waits for a batch of so many events at most.
    ///
    /// # Errors
    /// The connection is lost, or the sink has an error instead of a batch.
    pub async fn poll(&mut self, most: u32) -> Result<Pulled, String> {
        let mut parameters = Vec::new();
        put_long(&mut parameters, i64::from(most));
        let outcome = self.0.call("getEventBatch", &parameters).await;
        Batch::read(&outcome.map_err(|error| error.to_string())?).map(Pulled)
    }

    /// Says that a batch is kept.
    ///
    /// # Errors
    /// The connection is lost: nobody knows whether the batch comes again.
    pub async fn acknowledge(&mut self, pulled: &Pulled) -> Result<(), String> {
        let told = self.0.call("ack", &pulled.0.sequence).await;
        told.map(drop).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpStream;

    use super::Puller;
    use crate::testing::{Fate, SparkSink, batch, event, parts};

    #[tokio::test]
    async fn a_batch_is_polled_and_acknowledged() {
        let sink = SparkSink::start((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let events: Vec<_> = [&b"a"[..], b"bb", b""].map(|body| event(&[("k", "v")], body)).into();
        let batch = batch(&events);
        let stream = TcpStream::connect(sink.address()).await.unwrap();
        let pulling = async {
            let mut puller = Puller::new(stream, 1 << 20);
            for _ in 0..2 {
                let pulled = puller.poll(3).await.unwrap();
                let bodies = pulled.events().iter().flatten().map(|event| parts(event).unwrap().1);
                assert_eq!(bodies.collect::<Vec<_>>(), [&b"a"[..], b"bb", b""]);
                puller.acknowledge(&pulled).await.unwrap();
            }
        };
        let offering = async {
            for _ in 0..2 {
                assert_eq!(sink.offer_encoded(batch.clone().into()).await, Fate::Acknowledged);
            }
        };
        tokio::join!(pulling, offering);
    }
}
