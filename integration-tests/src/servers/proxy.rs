//! A network that is slow, or breaks.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use futures::future::join;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};

use super::runtime;
use crate::port;

/// A TCP proxy in front of one address, which can delay, throttle, hold, cut and refuse.
///
/// Servers say in their protocol where they are to be reached, so that a client would go around
/// it: Kafka takes [`Options::behind_proxies`](super::kafka::Options::behind_proxies). Cassandra's
/// drivers take the addresses of servers from the cluster, and the port from the contact point:
/// a proxy at the address of the server and another port ([`Proxy::before`]) is all it takes.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    control: watch::Sender<Control>,
    task: Option<JoinHandle<()>>,
}

/// How bytes pass in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// How long each byte is under way.
    pub delay: Duration,
    /// The most that pass, without limit if none.
    pub bytes_per_second: Option<u32>,
    /// Nothing passes, and the connection stays.
    pub held: bool,
}

#[derive(Clone, Debug, Default)]
struct Control {
    to_server: Flow,
    to_client: Flow,
    refusing: bool,
    /// How many times all connections were cut.
    cuts: u64,
}

impl Proxy {
    /// A proxy in front of `127.0.0.1:PORT`, at a free port, which need not be listened to yet.
    ///
    /// # Errors
    /// If no port is free.
    pub fn start(port: u16) -> Result<Self> {
        Self::before((Ipv4Addr::LOCALHOST, port).into())
    }

    /// A proxy in front of an address: at the same address, on a free port.
    ///
    /// # Errors
    /// If no port is free.
    pub fn before(target: SocketAddr) -> Result<Self> {
        let address = SocketAddr::new(target.ip(), port::free()?);
        Self::at(address, target)
    }

    /// A proxy at an address of this machine, in front of another one.
    ///
    /// # Errors
    /// If the address is in use.
    pub fn at(address: SocketAddr, target: SocketAddr) -> Result<Self> {
        let (control, orders) = watch::channel(Control::default());
        let task = runtime::wait_for(async move {
            let listener = TcpListener::bind(address)
                .await
                .with_context(|| format!("a proxy cannot listen at {address}"))?;
            Ok(tokio::spawn(serve(listener, address, target, orders)))
        })?;
        Ok(Self { address, control, task: Some(task) })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How bytes pass from now on, to the server and to the client.
    pub fn flow(&self, to_server: Flow, to_client: Flow) {
        self.control.send_modify(|control| {
            control.to_server = to_server;
            control.to_client = to_client;
        });
    }

    /// Delays every byte so long in each direction: a round trip takes twice as long.
    pub fn delay(&self, delay: Duration) {
        let flow = Flow { delay, ..Flow::default() };
        self.flow(flow, flow);
    }

    /// Lets so many bytes per second pass to the server.
    pub fn throttle(&self, bytes_per_second: u32) {
        let flow = Flow { bytes_per_second: Some(bytes_per_second), ..Flow::default() };
        self.flow(flow, Flow::default());
    }

    /// Holds all bytes back; connections stay open.
    pub fn hold(&self) {
        let flow = Flow { held: true, ..Flow::default() };
        self.flow(flow, flow);
    }

    /// Cuts all connections that are there: both ends see a reset.
    pub fn cut(&self) {
        self.control.send_modify(|control| control.cuts += 1);
    }

    /// Cuts all connections, and refuses new ones.
    pub fn refuse(&self) {
        self.control.send_modify(|control| {
            control.refusing = true;
            control.cuts += 1;
        });
    }

    /// Takes connections, and lets bytes pass as if it were not there.
    pub fn mend(&self) {
        self.control.send_modify(|control| {
            *control = Control { cuts: control.cuts, ..Control::default() };
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            // It was cancelled, which is no news.
            let _ = runtime::wait_for(async move { Ok(task.await?) });
        }
    }
}

async fn serve(
    listener: TcpListener,
    address: SocketAddr,
    target: SocketAddr,
    mut control: watch::Receiver<Control>,
) {
    let mut connections = JoinSet::new();
    let mut listener = Some(listener);
    loop {
        let refusing = control.borrow_and_update().refusing;
        if refusing {
            listener = None;
        } else if listener.is_none() {
            listener = TcpListener::bind(address).await.ok();
        }
        tokio::select! {
            accepted = accept(listener.as_ref()) => {
                if let Ok(client) = accepted {
                    connections.spawn(pass(client, target, control.clone()));
                }
            }
            changed = control.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => Ok(listener.accept().await?.0),
        None => std::future::pending().await,
    }
}

/// Passes the bytes of one connection until both ends are done, or it is cut.
async fn pass(mut client: TcpStream, target: SocketAddr, control: watch::Receiver<Control>) {
    let Ok(mut server) = TcpStream::connect(target).await else {
        let _ = client.set_zero_linger();
        return;
    };
    // They fail only on a connection that is gone, which the next read finds out.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let mut cuts = control.clone();
    let before = cuts.borrow_and_update().cuts;
    let cut = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let both = join(
            pump(from_client, to_server, control.clone(), |control| control.to_server),
            pump(from_server, to_client, control, |control| control.to_client),
        );
        tokio::select! {
            _ = both => false,
            changed = cuts.wait_for(|control| control.cuts != before) => changed.is_ok(),
        }
    };
    if cut {
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
}

type Pick = fn(&Control) -> Flow;

/// Passes the bytes of one direction until their end.
async fn pump(
    from: ReadHalf<'_>,
    to: WriteHalf<'_>,
    control: watch::Receiver<Control>,
    pick: Pick,
) {
    /// Pieces under way: 1 MiB, as much as a line with some delay may hold.
    const UNDER_WAY: usize = 64;
    let (sender, receiver) = mpsc::channel(UNDER_WAY);
    join(take_in(from, sender, control.clone(), pick), give_out(to, receiver, control, pick)).await;
}

type Piece = (Instant, Vec<u8>);

async fn take_in(
    mut from: ReadHalf<'_>,
    pieces: mpsc::Sender<Piece>,
    control: watch::Receiver<Control>,
    pick: Pick,
) {
    const PIECE: usize = 16 * 1024;
    let mut buffer = vec![0; PIECE];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let due = Instant::now() + pick(&control.borrow()).delay;
        let Some(bytes) = buffer.get(..read) else { return };
        if pieces.send((due, bytes.to_vec())).await.is_err() {
            return;
        }
    }
}

async fn give_out(
    mut to: WriteHalf<'_>,
    mut pieces: mpsc::Receiver<Piece>,
    mut control: watch::Receiver<Control>,
    pick: Pick,
) {
    while let Some((due, bytes)) = pieces.recv().await {
        sleep_until(due).await;
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let Ok(flow) =
                control.wait_for(|control| !pick(control).held).await.map(|now| pick(&now))
            else {
                return;
            };
            // A twentieth of a second's worth at a time.
            let most = flow.bytes_per_second.map_or(rest.len(), |rate| rate.div_ceil(20) as usize);
            let (now, later) = rest.split_at(most.clamp(1, rest.len()));
            if to.write_all(now).await.is_err() {
                return;
            }
            if let Some(rate) = flow.bytes_per_second {
                sleep(Duration::from_secs_f64(now.len() as f64 / f64::from(rate.max(1)))).await;
            }
            rest = later;
        }
    }
    // The other end is gone, or hears that no more comes.
    let _ = to.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{ErrorKind, Read, Write};
    use std::net;
    use std::thread;

    const LONG: Duration = Duration::from_secs(20);

    /// A server that sends back what it gets, connection after connection, and a proxy before it.
    fn echo() -> Proxy {
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let mut writer = stream.try_clone().unwrap();
                    let _ = io::copy(&mut &stream, &mut writer);
                });
            }
        });
        Proxy::before(target).unwrap()
    }

    fn connect(proxy: &Proxy) -> net::TcpStream {
        let stream = net::TcpStream::connect(proxy.address()).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    /// Sends bytes and waits until they are back.
    fn round_trip(stream: &mut net::TcpStream, bytes: usize) -> Duration {
        let begun = std::time::Instant::now();
        let (sent, mut back) = (vec![7; bytes], vec![0; bytes]);
        stream.write_all(&sent).unwrap();
        stream.read_exact(&mut back).unwrap();
        assert_eq!(sent, back);
        begun.elapsed()
    }

    #[test]
    fn bytes_pass_late_slowly_or_not_at_all() {
        let proxy = echo();
        let mut stream = connect(&proxy);
        round_trip(&mut stream, 100_000);
        proxy.delay(Duration::from_millis(100));
        assert!(round_trip(&mut stream, 10) >= Duration::from_millis(200));
        proxy.throttle(100_000);
        assert!(round_trip(&mut stream, 30_000) >= Duration::from_millis(250));
        proxy.hold();
        stream.write_all(b"x").unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let kind = stream.read(&mut [0]).unwrap_err().kind();
        assert!(matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{kind:?}");
        proxy.mend();
        stream.set_read_timeout(Some(LONG)).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 1);
    }

    #[test]
    fn connections_are_cut_refused_and_taken_again() {
        let proxy = echo();
        let mut stream = connect(&proxy);
        round_trip(&mut stream, 10);
        proxy.cut();
        assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
        round_trip(&mut connect(&proxy), 10);
        proxy.refuse();
        let refused = || Ok(net::TcpStream::connect(proxy.address()).is_err().then_some(()));
        crate::wait::until("the refusal", LONG, refused).unwrap();
        proxy.mend();
        let taken = || Ok(net::TcpStream::connect(proxy.address()).is_ok().then_some(()));
        crate::wait::until("a connection", LONG, taken).unwrap();
        round_trip(&mut connect(&proxy), 10);
    }
}
