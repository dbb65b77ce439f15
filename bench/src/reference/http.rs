//! Posts of lines to files: until it is told to stop.

use std::convert::Infallible;
use std::io::BufRead;
use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::gathered::Gathered;

pub(crate) fn run(port: u16, to: &Path, log: Option<&Path>) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let gathered = Gathered::new(log)?;
        let accepting = gathered.clone();
        let accept = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let gathered = accepting.clone();
                let service = service_fn(move |request| take(request, gathered.clone()));
                // It ends with its connection, or with the process.
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        let outcome = gathered.roll_until_stopped(to).await;
        accept.abort();
        outcome
    })
}

async fn take(
    request: Request<Incoming>,
    gathered: Gathered,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let status = match store(request, &gathered).await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::BAD_REQUEST,
    };
    let mut response = Response::new(Empty::new());
    *response.status_mut() = status;
    Ok(response)
}

async fn store(request: Request<Incoming>, gathered: &Gathered) -> Result<()> {
    let body = request.into_body().collect().await?.to_bytes();
    let (mut rest, mut lines) = (&body[..], Vec::with_capacity(body.len()));
    // Lines are told apart, as the gateway does.
    while rest.read_until(b'\n', &mut lines)? > 0 {}
    std::str::from_utf8(&lines)?;
    gathered.add(&mut lines).await?.safe().await
}
