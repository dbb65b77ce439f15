//! A server that takes rows, or does not.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use forebay_core::component::{BuildContext, Component, SinkComponent};
use forebay_core::{Batch, Rows, Sink};
use forebay_http_sink::{Http, HttpConfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) headers: HeaderMap,
    pub(crate) rows: Vec<Value>,
}

/// What is answered to a request.
pub(crate) type Answering = dyn Fn(&Request, usize) -> Response + Send + Sync;

/// A server, ended when it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    answer: Box<Answering>,
    requests: Mutex<Vec<Request>>,
}

impl Server {
    /// A server that answers so; the number of requests before is given.
    pub(crate) async fn start(
        answer: impl Fn(&Request, usize) -> Response + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared { answer: Box::new(answer), requests: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/rows", listener.local_addr().unwrap());
        let router = Router::new().route("/rows", post(take)).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared, task }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn sink(&self, mut options: Value) -> Box<dyn Sink> {
        options["url"] = self.url.clone().into();
        build(options)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let rows = match headers["content-type"].to_str().unwrap() {
        "application/json" => serde_json::from_slice(&body).unwrap(),
        _ => body
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect(),
    };
    let request = Request { headers, rows };
    let mut requests = shared.requests.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = (shared.answer)(&request, requests.len());
    requests.push(request);
    answer
}

pub(crate) fn taken(_: &Request, _: usize) -> Response {
    StatusCode::NO_CONTENT.into_response()
}

pub(crate) fn build(options: Value) -> Box<dyn Sink> {
    let config: HttpConfig = serde_json::from_value(options).unwrap();
    assert_eq!(Http::check(&config), []);
    let context = BuildContext {
        name: Arc::from("out"),
        pipeline: Arc::from("p"),
        base: PathBuf::new(),
        instance: Arc::from("i"),
    };
    match Http::build(config, &context) {
        Ok(sink) => sink,
        Err(problem) => unreachable!("{problem:?}"),
    }
}

/// Chunks with these numbers.
pub(crate) fn batch(chunks: &[std::ops::Range<i64>]) -> Batch {
    let chunk = |numbers: &std::ops::Range<i64>| {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers.clone()));
        Rows { columns: RecordBatch::try_from_iter([("id", numbers)]).unwrap(), origin: None }
    };
    Batch::new(1, chunks.iter().map(chunk).collect())
}

pub(crate) fn ids(rows: &[Value]) -> Vec<i64> {
    rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

pub(crate) fn no_options() -> Value {
    json!({})
}
