//! A service that throttles and fails now and then, as Amazon's does and no emulator.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::emulator::Kinesis;
use crate::servers::runtime;

/// The largest body, in bytes: more than the service takes.
const MAX_BODY: usize = 16 << 20;

const THROTTLED: &str = "ProvisionedThroughputExceededException";

/// Stands in front of an emulator, and answers a part of what reads and writes records as Amazon's
/// service does when too much is asked of it, or when it is ill. All else goes to the emulator.
///
/// Errors are those of [`GetRecords`](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html#API_GetRecords_Errors),
/// [`PutRecords`](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html) and
/// [all operations](https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html), written
/// as [AWS JSON 1.1](https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization)
/// says.
#[derive(Debug)]
pub struct Throttling {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    emulator: SocketAddr,
    client: Client<HttpConnector, Body>,
    state: Mutex<Story>,
}

#[derive(Debug, Default)]
struct Story {
    /// Requests so far, by operation.
    turns: BTreeMap<String, usize>,
    /// Answers that were made up, by what they say.
    made_up: BTreeMap<&'static str, usize>,
}

/// What becomes of a request.
enum Fate {
    HandedOn,
    /// With this status, and this error in the body if there is one.
    Refused(StatusCode, &'static str),
    /// Some of its records are refused.
    InPart,
}

impl Throttling {
    /// The answer 503, which has no body.
    pub const UNAVAILABLE: &'static str = "";
    /// `PutRecords` that takes some records and refuses others.
    pub const IN_PART: &'static str = "FailedRecordCount";

    /// Stands in front of an emulator, on a free port.
    ///
    /// # Errors
    /// If there is no port.
    pub fn before(kinesis: &Kinesis) -> Result<Self> {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let emulator = kinesis.address();
        let shared = Arc::new(Shared { emulator, client, state: Mutex::default() });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let (address, task) = runtime::wait_for(async move {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let address = listener.local_addr()?;
            // It ends with the task alone.
            let serving = async move { drop(axum::serve(listener, router).await) };
            Ok((address, tokio::spawn(serving)))
        })?;
        Ok(Self { address, shared, task })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many answers of a kind were made up: an error's name, or one of the constants.
    #[must_use]
    pub fn made_up(&self, kind: &str) -> usize {
        let state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.made_up.get(kind).copied().unwrap_or_default()
    }
}

impl Drop for Throttling {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// By turns: two of six requests go through as they are.
fn fate(operation: &str, turn: usize) -> Fate {
    let is_writing = operation == "PutRecords";
    if !is_writing && !matches!(operation, "GetRecords" | "GetShardIterator") {
        return Fate::HandedOn;
    }
    match turn % 6 {
        0 if is_writing => Fate::InPart,
        1 => Fate::Refused(StatusCode::BAD_REQUEST, THROTTLED),
        3 => Fate::Refused(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure"),
        4 if operation == "GetRecords" => {
            Fate::Refused(StatusCode::BAD_REQUEST, "ExpiredIteratorException")
        }
        5 => Fate::Refused(StatusCode::SERVICE_UNAVAILABLE, Throttling::UNAVAILABLE),
        _ => Fate::HandedOn,
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let answered = shared.answer(request).await;
    answered.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response())
}

fn refused(status: StatusCode, error: &str) -> Response {
    if error.is_empty() {
        return status.into_response();
    }
    json_of(status, &json!({ "__type": error, "message": "slow down" }))
}

fn json_of(status: StatusCode, body: &Value) -> Response {
    let kind = [(CONTENT_TYPE, "application/x-amz-json-1.1")];
    (status, kind, body.to_string()).into_response()
}

impl Shared {
    async fn answer(&self, request: Request) -> Result<Response> {
        let (head, body) = request.into_parts();
        let body = to_bytes(body, MAX_BODY).await?;
        let target = head.headers.get("x-amz-target").map(|it| it.to_str()).transpose()?;
        let operation = target.and_then(|it| it.rsplit('.').next()).unwrap_or_default();
        match self.fate(operation) {
            Fate::HandedOn => self.hand_on(head, body).await,
            Fate::Refused(status, error) => Ok(refused(status, error)),
            Fate::InPart => self.hand_on_in_part(head, &body).await,
        }
    }

    fn fate(&self, operation: &str) -> Fate {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = state.turns.entry(operation.to_owned()).or_default();
        let fate = fate(operation, *turn);
        *turn += 1;
        match fate {
            Fate::HandedOn => {}
            Fate::Refused(_, error) => *state.made_up.entry(error).or_default() += 1,
            Fate::InPart => *state.made_up.entry(Throttling::IN_PART).or_default() += 1,
        }
        fate
    }

    async fn hand_on(&self, mut head: Parts, body: Bytes) -> Result<Response> {
        head.uri = Uri::try_from(format!("http://{}/", self.emulator))?;
        // That of the body that goes on.
        head.headers.remove(CONTENT_LENGTH);
        let answer = self.client.request(Request::from_parts(head, Body::from(body))).await?;
        Ok(answer.map(Body::new))
    }

    /// Refuses every third record.
    async fn hand_on_in_part(&self, head: Parts, body: &Bytes) -> Result<Response> {
        let mut request: Value = serde_json::from_slice(body)?;
        let records = request["Records"].as_array().context("no records")?;
        let is_refused = |index: usize| index % 3 == 1;
        let count = records.len();
        let taken = records.iter().enumerate().filter(|(index, _)| !is_refused(*index));
        let taken: Value = taken.map(|(_, record)| record.clone()).collect();
        request["Records"] = taken;
        let answer = self.hand_on(head, Bytes::from(request.to_string())).await?;
        let status = answer.status();
        let mut answer: Value =
            serde_json::from_slice(&to_bytes(answer.into_body(), MAX_BODY).await?)?;
        let mut outcomes = answer["Records"].as_array().context("no outcomes")?.clone().into_iter();
        let merged = (0..count).filter_map(|index| match is_refused(index) {
            true => Some(json!({ "ErrorCode": THROTTLED, "ErrorMessage": "slow down" })),
            false => outcomes.next(),
        });
        let merged: Value = merged.collect();
        answer["Records"] = merged;
        answer["FailedRecordCount"] = (0..count).filter(|index| is_refused(*index)).count().into();
        Ok(json_of(status, &answer))
    }
}
