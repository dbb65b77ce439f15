//! Asking a gateway that runs, at its admin address.

use std::io;
use std::time::Duration;

use clap::Args;
use forebay_core::secret::Secret;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The variable that holds the token of an admin address that has one.
const TOKEN: &str = "FOREBAY_ADMIN_TOKEN";

/// How long the head of an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most that is read of one answer, in bytes.
const MAX_ANSWER: usize = 64 << 20;

/// Where the gateway is.
#[derive(Clone, Debug, Args)]
pub(super) struct At {
    /// The admin address of the gateway. Its `admin_token` is taken from `FOREBAY_ADMIN_TOKEN`.
    #[arg(long, default_value = "http://127.0.0.1:8030", value_name = "URL")]
    admin: String,
}

/// A gateway that runs.
#[derive(Clone, Debug)]
pub(super) struct Admin {
    authority: String,
    token: Option<Secret>,
}

/// Why there is no answer.
#[derive(Debug, Error)]
#[error("{error}")]
pub(super) struct Unanswered {
    error: String,
    help: String,
}

impl Unanswered {
    fn new(error: impl ToString, help: impl Into<String>) -> Self {
        Self { error: error.to_string(), help: help.into() }
    }

    /// What to do about it.
    pub(super) fn help(&self) -> &str {
        &self.help
    }
}

impl At {
    /// The gateway there.
    ///
    /// # Errors
    /// If it is no address.
    pub(super) fn gateway(&self) -> Result<Admin, Unanswered> {
        let help = "write http://127.0.0.1:8030, as `forebay run` shows it";
        let rest = self.admin.strip_prefix("http://").unwrap_or(&self.admin);
        let authority = rest.trim_end_matches('/').to_owned();
        let is_address = !authority.is_empty()
            && !authority.contains(['/', '?', '#', '@'])
            && authority.parse::<http::uri::Authority>().is_ok_and(|it| it.port_u16().is_some());
        if !is_address {
            let error = format!("`{}` is no admin address", self.admin);
            return Err(Unanswered::new(error, help));
        }
        let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty()).map(Secret::new);
        Ok(Admin { authority, token })
    }
}

impl Admin {
    /// Where it is, for people.
    pub(super) fn address(&self) -> &str {
        &self.authority
    }

    /// Reads.
    ///
    /// # Errors
    /// There is no answer, or it says no.
    pub(super) async fn get(&self, path: &str) -> Result<Value, Unanswered> {
        self.ask(Method::GET, path, &Value::Null).await?.json().await
    }

    /// Changes something.
    ///
    /// # Errors
    /// There is no answer, or it says no.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, Unanswered> {
        self.ask(Method::POST, path, body).await?.json().await
    }

    /// Asks for lines.
    ///
    /// # Errors
    /// There is no answer, or it says no.
    pub(super) async fn lines(&self, path: &str, body: &Value) -> Result<Answer, Unanswered> {
        self.ask(Method::POST, path, body).await
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Answer, Unanswered> {
        let body = match body {
            Value::Null => Bytes::new(),
            body => body.to_string().into(),
        };
        let asked = timeout(PATIENCE, self.answer(method, path, body)).await;
        let answer = asked.map_err(|_| {
            let error = format!("the gateway at {} does not answer", self.authority);
            Unanswered::new(error, "look at its log, and try again")
        })??;
        if answer.status == StatusCode::OK || answer.status == StatusCode::ACCEPTED {
            return Ok(answer);
        }
        let status = answer.status;
        let told = answer.json().await.unwrap_or_default();
        let error = told["error"].as_str().map_or_else(|| status.to_string(), str::to_owned);
        let help = match status {
            StatusCode::UNAUTHORIZED => {
                format!("set {TOKEN} to the `admin_token` of [gateway]")
            }
            _ => told["help"].as_str().unwrap_or("look at the log of the gateway").to_owned(),
        };
        Err(Unanswered::new(error, help))
    }

    async fn answer(&self, method: Method, path: &str, body: Bytes) -> Result<Answer, Unanswered> {
        let away = |error: io::Error| {
            let error = format!("no gateway answers at http://{}: {error}", self.authority);
            Unanswered::new(error, "start it with `forebay run`, or name its address with --admin")
        };
        let broken = |error: hyper::Error| away(io::Error::other(error));
        let stream = TcpStream::connect(&self.authority).await.map_err(away)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // It ends with the connection, and with the runtime of the command at the latest.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection to the admin address broke");
            }
        });
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.authority)
            .header(CONTENT_TYPE, "application/json")
            .header("x-forebay-action", "1");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.reveal()));
        }
        let request = request
            .body(Full::new(body))
            .map_err(|error| Unanswered::new(error, "names and tokens hold visible signs alone"))?;
        let response = sender.send_request(request).await.map_err(broken)?;
        let (head, body) = response.into_parts();
        Ok(Answer { status: head.status, body, rest: Vec::new() })
    }
}

/// An answer that is still being read.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    body: Incoming,
    /// What was read and not taken yet.
    rest: Vec<u8>,
}

impl Answer {
    /// The next line without its end; `None` when there are no more.
    ///
    /// # Errors
    /// The connection broke.
    pub(super) async fn line(&mut self) -> Result<Option<Vec<u8>>, Unanswered> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.rest.drain(..=end).collect();
                line.pop();
                return Ok(Some(line));
            }
            if !self.read().await? {
                let last = std::mem::take(&mut self.rest);
                return Ok((!last.is_empty()).then_some(last));
            }
        }
    }

    async fn json(mut self) -> Result<Value, Unanswered> {
        while self.read().await? {}
        serde_json::from_slice(&self.rest).map_err(|error| {
            let error = format!("the answer is not what a gateway answers: {error}");
            Unanswered::new(error, "is it another program that listens there?")
        })
    }

    /// Reads some more; `false` at the end.
    async fn read(&mut self) -> Result<bool, Unanswered> {
        let help = "look at the log of the gateway, and try again";
        let Some(frame) = self.body.frame().await else { return Ok(false) };
        let frame = frame.map_err(|error| Unanswered::new(error, help))?;
        if let Some(bytes) = frame.data_ref() {
            self.rest.extend_from_slice(bytes);
        }
        if self.rest.len() > MAX_ANSWER {
            return Err(Unanswered::new("the answer is larger than any that is expected", help));
        }
        Ok(true)
    }
}

/// A part of a path, with everything encoded that could mean something there.
pub(super) fn encoded(part: &str) -> String {
    part.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_gateways() {
        let at = |admin: &str| At { admin: admin.to_owned() }.gateway().map(|it| it.authority);
        for text in ["http://127.0.0.1:8030", "http://127.0.0.1:8030/", "127.0.0.1:8030"] {
            assert_eq!(at(text).unwrap(), "127.0.0.1:8030", "{text}");
        }
        for text in ["", "https://127.0.0.1:1", "127.0.0.1", "http://a:1/x", "a b:1", "u@a:1"] {
            assert!(at(text).is_err(), "{text}");
        }
        assert_eq!(encoded("a/b ?ä"), "a%2Fb%20%3F%C3%A4");
    }
}
