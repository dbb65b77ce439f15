//! Refuses what must not be asked, and adds to each answer what keeps browsers in check.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use super::desk::Desk;
use super::permission;
use super::refusal::Refusal;

/// The longest time that making an answer may take; a stream of events may take longer to read.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Only what comes from this address runs or is shown in a page of it, and no other page may
/// frame it ([CSP 3](https://www.w3.org/TR/CSP3/)).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Lets a request through if it may be asked, and bounds the time of its answer.
pub(super) async fn guard(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let mut response = match refused(&request, &desk) {
        Some(refusal) => refusal,
        None => match timeout(ANSWER_TIMEOUT, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Refusal::unavailable("the answer took too long").into_response(),
        },
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refused(request: &Request, desk: &Desk) -> Option<Response> {
    if ![Method::GET, Method::POST].contains(request.method()) {
        let help = "everything here is read with GET, and changed with POST";
        let error = "the admin address knows no other methods";
        let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, error, help);
        return Some(([(ALLOW, "GET, POST")], refusal).into_response());
    }
    let host = is_foreign(request, &desk.facts.allowed_hosts).then(|| {
        let error = "the admin address answers to IP addresses and `localhost` only";
        let help = "list other host names in `allowed_hosts` in [gateway]";
        Refusal::new(StatusCode::MISDIRECTED_REQUEST, error, help).into_response()
    });
    host.or_else(|| match *request.method() {
        Method::POST => permission::refused(request, desk.facts.token.as_ref(), desk.is_loopback),
        _ => None,
    })
}

/// Whether a request was meant for another name.
fn is_foreign(request: &Request, allowed_hosts: &[String]) -> bool {
    // A target in absolute form goes before the header, so both must be right.
    let mut given = request.headers().get_all(HOST).iter();
    let header = given.next().and_then(|host| host.to_str().ok());
    let target = request.uri().authority().map(axum::http::uri::Authority::as_str);
    !(header.is_some_and(|host| is_known(host, allowed_hosts))
        && given.next().is_none()
        && target.is_none_or(|host| is_known(host, allowed_hosts)))
}

/// Whether the value of a `Host` header names this address: an IP address, `localhost`, or a name
/// that the configuration lists. A page under any other name that leads here is an attempt to read
/// across origins (DNS rebinding).
fn is_known(host: &str, allowed_hosts: &[String]) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) if address.parse::<Ipv6Addr>().is_ok() => ("localhost", port),
        Some(_) => return false,
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let is_port = |port: &str| {
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_name = name.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || allowed_hosts.iter().any(|allowed| name.eq_ignore_ascii_case(allowed));
    is_port(port) && is_name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_cannot_be_made_to_lead_here_are_known() {
        let allowed = ["forebay.example".to_owned()];
        for host in [
            "127.0.0.1",
            "127.0.0.1:8030",
            "10.1.2.3:80",
            "[::1]:8030",
            "[::1]",
            "localhost",
            "LOCALHOST:8030",
            "localhost.",
            "forebay.example:8030",
            "Forebay.Example",
        ] {
            assert!(is_known(host, &allowed), "{host}");
        }
        for host in [
            "",
            ":8030",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.1:8030.evil.example",
            "127.0.0.1:",
            "127.0.0.1@evil.example",
            "evil.example:8030",
            "::1",
            "[::1",
            "[evil.example]",
            "[::1]evil",
            "xforebay.example",
            "localhost..",
        ] {
            assert!(!is_known(host, &allowed), "{host}");
        }
    }
}
