//! Datagrams.

use std::net::SocketAddr;
use std::sync::Arc;

use arrow::array::BinaryBuilder;
use forebay_core::dead_letter::Reason;
use forebay_core::journal::Refused;
use forebay_core::receiver::ReceiverError;
use futures::future::try_join_all;
use tokio::net::UdpSocket;

use crate::config::Framing;
use crate::deliver::Delivery;

/// The largest datagram that UDP can carry, and one byte.
const DATAGRAM_BYTES: usize = 1 << 16;

/// How many bytes are gathered before they are stored, if there is always more.
const ROUND_BYTES: usize = 256 << 10;

/// How many senders at most are told apart in one round: each has a chunk of its own.
const ROUND_PEERS: usize = 64;

/// Takes datagrams.
pub(crate) struct Datagrams {
    pub(crate) socket: UdpSocket,
    pub(crate) framing: Framing,
    pub(crate) max: usize,
    pub(crate) delivery: Delivery,
}

/// What came from one sender, in its order.
struct Sent {
    peer: SocketAddr,
    records: BinaryBuilder,
    refused: Vec<(Vec<u8>, Reason)>,
}

impl Datagrams {
    /// Takes datagrams until the run is stopped; then what had arrived until then.
    pub(crate) async fn run(&self) -> Result<(), ReceiverError> {
        let mut buffer = vec![0; DATAGRAM_BYTES];
        loop {
            let is_stopped = tokio::select! {
                biased;
                () = self.delivery.stop.cancelled() => true,
                ready = self.socket.readable() => ready.map(|()| false).map_err(broken)?,
            };
            let round = self.round(&mut buffer).map_err(broken)?;
            let stored = try_join_all(round.into_iter().map(|sent| self.deliver(sent))).await;
            match stored {
                Ok(_) if is_stopped => return Ok(()),
                Ok(_) => {}
                Err(_) if self.delivery.stop.is_cancelled() => return Ok(()),
                Err(refused) => return Err(ReceiverError::Transient(refused.to_string())),
            }
        }
    }

    /// What has arrived, by sender, up to the bounds of a round.
    fn round(&self, buffer: &mut [u8]) -> std::io::Result<Vec<Sent>> {
        let mut round: Vec<Sent> = Vec::new();
        let mut bytes = 0;
        while bytes < ROUND_BYTES {
            let (length, peer) = match self.socket.try_recv_from(buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                // An ICMP message about something else that this socket never sent.
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => continue,
                Err(error) => return Err(error),
            };
            // Empty ones count too, or they would be gathered without end.
            bytes += length + 32;
            let at = round.iter().position(|sent| sent.peer == peer).unwrap_or_else(|| {
                round.push(Sent { peer, records: BinaryBuilder::new(), refused: Vec::new() });
                round.len() - 1
            });
            self.split(&buffer[..length], &mut round[at]);
            if round.len() == ROUND_PEERS {
                break;
            }
        }
        Ok(round)
    }

    fn split(&self, datagram: &[u8], sent: &mut Sent) {
        if self.framing == Framing::Datagrams {
            self.take(datagram, sent);
            return;
        }
        for line in datagram.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.is_empty() {
                self.take(line, sent);
            }
        }
    }

    fn take(&self, record: &[u8], sent: &mut Sent) {
        if record.len() <= self.max {
            sent.records.append_value(record);
        } else {
            let (bytes, max) = (record.len(), self.max);
            let text = format!("the datagram has {bytes} bytes, and at most {max} are allowed");
            sent.refused.push((record.to_vec(), Reason::new("oversize", text)));
        }
    }

    async fn deliver(&self, mut sent: Sent) -> Result<(), Refused> {
        let delivery = Delivery { peer: Arc::from(sent.peer.to_string()), ..self.delivery.clone() };
        delivery.store(sent.records.finish()).await?;
        for (bytes, reason) in sent.refused {
            let kept = &bytes[..bytes.len().min(delivery.intake.max_chunk_bytes())];
            delivery.reject(kept, reason).await?;
        }
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn broken(error: std::io::Error) -> ReceiverError {
    ReceiverError::Transient(format!("cannot receive datagrams: {error}"))
}
