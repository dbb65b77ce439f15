//! One request, and its answer.

use std::time::Duration;

use forebay_clients::outcomes::shortened;
use forebay_core::component::Problem;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Method, RequestBuilder, Response, StatusCode};

use crate::config::HttpConfig;
use crate::verdict::{Meaning, meaning, retry_after};

/// The largest answer that is looked at, in bytes.
const MAX_ANSWER: usize = 4 << 20;

/// Sends requests.
pub(crate) struct Client {
    http: reqwest::Client,
    config: HttpConfig,
    headers: HeaderMap,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) meaning: Meaning,
    /// Status and the beginning of the body.
    pub(crate) text: String,
    pub(crate) body: Vec<u8>,
    /// The pause that the server asks for.
    pub(crate) pause: Option<Duration>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Unanswered {
    /// Whether there was a connection, with TLS if need be.
    pub(crate) is_connected: bool,
    pub(crate) text: String,
}

impl Client {
    /// A client that has not connected yet.
    ///
    /// # Errors
    /// The file of authorities cannot be read.
    pub(crate) fn new(config: HttpConfig) -> Result<Self, Problem> {
        let mut builder = reqwest::Client::builder()
            .user_agent("forebay")
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(config.timeout.0);
        if let Some(path) = &config.ca_file {
            let wrong = |error: &dyn std::fmt::Display| {
                Problem::at("ca_file", format!("`{}` cannot be used: {error}", path.display()))
            };
            let pem = std::fs::read(path).map_err(|error| wrong(&error))?;
            let authorities = Certificate::from_pem_bundle(&pem).map_err(|error| wrong(&error))?;
            builder = builder.tls_certs_merge(authorities);
        }
        let http = builder
            .build()
            .map_err(|error| Problem::at("", format!("no client for it: {}", whole(&error))))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &config.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                headers.insert(name, value);
            }
        }
        let content = HeaderValue::from_static(config.form.content_type());
        headers.entry(CONTENT_TYPE).or_insert(content);
        Ok(Self { http, config, headers })
    }

    /// A request with all headers.
    fn request(&self, method: Method) -> RequestBuilder {
        let mut request = self.http.request(method, &self.config.url).headers(self.headers.clone());
        if let Some(user) = &self.config.username {
            let password = self.config.password.as_ref().map(|secret| secret.reveal());
            request = request.basic_auth(user, password);
        }
        if let Some(token) = &self.config.token {
            request = request.bearer_auth(token.reveal());
        }
        request
    }

    /// Asks what may be done with the URL, which by
    /// [RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.7) does nothing.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn options(&self) -> Result<StatusCode, Unanswered> {
        let answered = self.request(Method::OPTIONS).send().await;
        answered.map(|response| response.status()).map_err(|error| Unanswered {
            is_connected: !error.is_connect(),
            text: whole(&error.without_url()),
        })
    }

    /// Posts a body.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn post(&self, body: Vec<u8>) -> Result<Answer, String> {
        let url = &self.config.url;
        let told = |what: &str| format!("{url} {what}");
        let request = self.request(Method::POST).body(body);
        let mut response = request
            .send()
            .await
            .map_err(|error| told(&format!("cannot be asked: {}", whole(&error.without_url()))))?;
        let status = response.status();
        let pause = response.headers().get(RETRY_AFTER).and_then(|header| header.to_str().ok());
        let pause = pause.and_then(|header| retry_after(header, Timestamp::now()));
        let body = body_of(&mut response).await.map_err(|error| told(&error))?;
        let said = String::from_utf8_lossy(&body);
        let said = shortened(said.trim().to_owned());
        let text = told(&match said.is_empty() {
            true => format!("answers {status}"),
            false => format!("answers {status}: {said}"),
        });
        let most = self.config.max_retry_after.0;
        let pause = pause.map(|pause| pause.min(most));
        Ok(Answer { meaning: meaning(status.as_u16()), text, body, pause })
    }
}

/// The body of an answer, or as much of it as is looked at.
async fn body_of(response: &mut Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await;
        let chunk = chunk.map_err(|error| {
            format!("breaks off within its answer: {}", whole(&error.without_url()))
        })?;
        let Some(chunk) = chunk else { return Ok(body) };
        let room = MAX_ANSWER - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            return Ok(body);
        }
    }
}

/// An error with all its causes.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
