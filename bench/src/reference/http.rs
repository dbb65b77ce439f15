//! Posts of lines to files, without a journal: until it is told to stop.

use std::convert::Infallible;
use std::io::BufRead;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::socket::{Gathered, hand_over, roll_until_stopped};

pub(crate) fn run(port: u16, to: &Path) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let gathered = Gathered::default();
        let accepting = Arc::clone(&gathered);
        let accept = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let gathered = Arc::clone(&accepting);
                let service = service_fn(move |request| take(request, Arc::clone(&gathered)));
                // It ends with its connection, or with the process.
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        let outcome = roll_until_stopped(&gathered, to).await;
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
    hand_over(gathered, &mut lines)
}
