//! A server that takes every post, and counts the orders in it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::tally::Tally;

/// Counts the orders in a post, by its headers and its body, and says what to answer.
pub(super) type Take = fn(&HeaderMap, &[u8], &mut Tally) -> Bytes;

/// A server that takes every post, and counts the orders in it. It goes when this is dropped.
pub(super) struct CountingServer {
    address: SocketAddr,
    tally: Arc<Mutex<Tally>>,
    _runtime: Runtime,
}

impl CountingServer {
    /// Starts one in a thread of its own.
    pub(super) fn start(take: Take) -> Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let (address, tally) = (listener.local_addr()?, Arc::default());
        runtime.spawn(serve(listener, take, Arc::clone(&tally)));
        Ok(Self { address, tally, _runtime: runtime })
    }

    /// Where it listens.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What has arrived since this was asked last.
    pub(super) fn counted(&self) -> Result<Tally> {
        let mut tally = self.tally.lock().ok().context("a connection panicked")?;
        Ok(std::mem::take(&mut *tally))
    }
}

async fn serve(listener: TcpListener, take: Take, tally: Arc<Mutex<Tally>>) {
    while let Ok((stream, _)) = listener.accept().await {
        // An answer is small, and waited for.
        let _ = stream.set_nodelay(true);
        let tally = Arc::clone(&tally);
        let service = service_fn(move |request| answer(request, take, Arc::clone(&tally)));
        // It ends with its connection, or with the runtime.
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service),
        );
    }
}

async fn answer(
    request: Request<Incoming>,
    take: Take,
    tally: Arc<Mutex<Tally>>,
) -> Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut posted = Tally::default();
    let answer = take(&head.headers, &body, &mut posted);
    tally.lock().ok().context("a connection panicked")?.add(&posted);
    Ok(Response::new(Full::new(answer)))
}
