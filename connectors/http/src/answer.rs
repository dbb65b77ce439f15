//! What a request is answered with.

use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use thiserror::Error;

/// Why a request was refused. Its text is what the client is told.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    /// No credentials, or wrong ones.
    #[error("credentials are missing or wrong")]
    Unauthorized(HeaderValue),
    /// Another path than ours.
    #[error("nothing is taken at this path")]
    NotFound,
    /// Another method than POST.
    #[error("records are taken by POST")]
    Method,
    /// A `Content-Encoding` that is not known.
    #[error("this content encoding is not known: gzip, zstd and identity are")]
    Encoding,
    /// The body or one record of it is larger than what is taken.
    #[error("{0}")]
    TooLarge(String),
    /// The body did not arrive in time.
    #[error("the body did not arrive within {} ms", .0.as_millis())]
    Slow(Duration),
    /// The body is not what its headers say.
    #[error("{0}")]
    Broken(String),
    /// There is no room for now.
    #[error("no room for now: send again later")]
    Busy(Duration),
    /// Nothing can be stored for now.
    #[error("{0}")]
    Unavailable(String),
}

/// When to send again, if the refusal itself does not know.
const SEND_AGAIN_AFTER: Duration = Duration::from_secs(1);

impl Refusal {
    /// Nothing more is taken because the gateway stops.
    pub(crate) fn stopping() -> Self {
        Self::Unavailable("the gateway is stopping".to_owned())
    }

    /// There is no room in memory for the body.
    pub(crate) fn no_room() -> Self {
        Self::Busy(SEND_AGAIN_AFTER)
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::Broken(_) => StatusCode::BAD_REQUEST,
            Self::Busy(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The header that tells the client what to do instead, as the status demands.
    fn header(&self) -> Option<(http::HeaderName, HeaderValue)> {
        match self {
            Self::Unauthorized(challenge) => Some((WWW_AUTHENTICATE, challenge.clone())),
            Self::Method => Some((ALLOW, HeaderValue::from_static("POST"))),
            Self::Encoding => {
                Some((ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd, identity")))
            }
            Self::Busy(after) => Some((RETRY_AFTER, seconds(*after))),
            Self::Unavailable(_) => Some((RETRY_AFTER, seconds(SEND_AGAIN_AFTER))),
            Self::Slow(_) => Some((CONNECTION, HeaderValue::from_static("close"))),
            Self::NotFound | Self::TooLarge(_) | Self::Broken(_) => None,
        }
    }
}

/// Whole seconds, rounded up: `Retry-After` knows no parts
/// ([RFC 9110, 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#name-retry-after)).
fn seconds(span: Duration) -> HeaderValue {
    let whole = span.as_secs() + u64::from(span.subsec_nanos() > 0);
    HeaderValue::from(whole.max(1))
}

/// The answer to a request of which so many records were stored, or none.
pub(crate) fn response(outcome: &Result<u64, Refusal>) -> Response<Full<Bytes>> {
    let (status, body) = match outcome {
        Ok(records) => (StatusCode::OK, serde_json::json!({ "records": records })),
        Err(refusal) => (refusal.status(), serde_json::json!({ "error": refusal.to_string() })),
    };
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some((name, value)) = outcome.as_ref().err().and_then(Refusal::header) {
        headers.insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_says_what_to_do_instead() {
        let challenge = HeaderValue::from_static("Basic");
        let cases = [
            (Ok(3), 200, None),
            (Err(Refusal::Unauthorized(challenge)), 401, Some(("www-authenticate", "Basic"))),
            (Err(Refusal::NotFound), 404, None),
            (Err(Refusal::Method), 405, Some(("allow", "POST"))),
            (Err(Refusal::Slow(Duration::ZERO)), 408, Some(("connection", "close"))),
            (Err(Refusal::TooLarge(String::new())), 413, None),
            (Err(Refusal::Encoding), 415, Some(("accept-encoding", "gzip, zstd, identity"))),
            (Err(Refusal::Busy(Duration::from_millis(1001))), 429, Some(("retry-after", "2"))),
            (Err(Refusal::Busy(Duration::ZERO)), 429, Some(("retry-after", "1"))),
            (Err(Refusal::stopping()), 503, Some(("retry-after", "1"))),
        ];
        for (outcome, status, header) in cases {
            let response = response(&outcome);
            assert_eq!(response.status().as_u16(), status);
            if let Some((name, value)) = header {
                assert_eq!(response.headers()[name], value);
            }
        }
    }
}
