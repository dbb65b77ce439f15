//! Looking step by step whether each sink can be polled. No batch is asked for.

use std::slice;

use forebay_clients::address::HostPort;
use forebay_clients::probe::reach;
use forebay_core::probe::{Halted, Obstacle, Probed};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::rpc::{CallError, Client, Protocol};

use super::poller::PATIENCE;

/// The largest answer to a handshake, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// Adds the steps of a probe: name, port and protocol of each sink.
pub(crate) async fn probe(addresses: &[HostPort], probed: &mut Probed) -> Result<(), Halted> {
    for address in addresses {
        reach(probed, slice::from_ref(address)).await?;
        let greeted = timeout(PATIENCE, greet(address)).await;
        let found = match greeted {
            Ok(Ok(())) => Ok(format!("{address} shakes hands as a Spark sink does")),
            Ok(Err(error)) => Err(format!("{address}: {error}")),
            Err(_) => Err(format!("{address}: no handshake within {PATIENCE:?}")),
        };
        let help = "name the port of an agent's `SparkSink` in `addresses`; agents whose sinks are of \
                    type `avro` or `thrift` push, to a source of type `flume`";
        probed.step("protocol", found.map_err(|why| Obstacle::new(why, help)))?;
    }
    Ok(())
}

async fn greet(address: &HostPort) -> Result<(), CallError> {
    let stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
    Client::new(stream, Protocol::SPARK_FLUME, MAX_ANSWER).greet().await
}
