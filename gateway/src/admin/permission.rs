//! Who may change something, and from where.

use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use forebay_core::secret::Secret;
use subtle::ConstantTimeEq;

use super::refusal::Refusal;

/// A header that no page of another origin can send without asking first, and nobody is let in
/// who asks first.
const ACTION: HeaderName = HeaderName::from_static("x-forebay-action");

/// Where the browser says that a request comes from
/// ([Fetch Metadata](https://www.w3.org/TR/fetch-metadata/)).
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why a request may not change anything; `None` if it may.
pub(super) fn refused(
    request: &Request,
    token: Option<&Secret>,
    is_loopback: bool,
) -> Option<Response> {
    let headers = request.headers();
    if !is_from_here(headers) {
        let error = "a page of another origin must not change anything here";
        let help = "use the dashboard, or send `X-Forebay-Action: 1` and no `Origin`";
        return Some(Refusal::new(StatusCode::FORBIDDEN, error, help).into_response());
    }
    match token {
        None if is_loopback => None,
        None => {
            let error = "the admin address is not on the loopback, and there is no token";
            let help = "set `admin_token` in [gateway], and restart";
            Some(Refusal::new(StatusCode::FORBIDDEN, error, help).into_response())
        }
        Some(token) if shows(headers, token) => None,
        Some(_) => {
            let error = "the token is missing, or another one";
            let help = "send `Authorization: Bearer` with the `admin_token` of [gateway]";
            let refusal = Refusal::new(StatusCode::UNAUTHORIZED, error, help);
            Some(([(WWW_AUTHENTICATE, "Bearer")], refusal).into_response())
        }
    }
}

fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(&HOST).unwrap_or_default();
    let is_own = |origin: &str| {
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    };
    text(&ACTION) == Some("1")
        && text(&ORIGIN).is_none_or(is_own)
        && text(&FETCH_SITE).is_none_or(|site| site == "same-origin")
}

/// Compared in a time that does not tell how much of it is right.
fn shows(headers: &HeaderMap, token: &Secret) -> bool {
    let given = headers.get(AUTHORIZATION).map(|value| value.as_bytes());
    let given = given.and_then(|value| value.strip_prefix(b"Bearer "));
    given.is_some_and(|given| given.ct_eq(token.reveal().as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    /// Headers, by name.
    type Headers<'a> = &'a [(&'a str, &'a str)];

    fn status(headers: Headers<'_>, token: Option<&str>, is_loopback: bool) -> Option<u16> {
        let mut request = Request::builder().header("host", "127.0.0.1:8030");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let token = token.map(Secret::new);
        refused(&request, token.as_ref(), is_loopback).map(|refusal| refusal.status().as_u16())
    }

    #[test]
    fn only_pages_of_this_origin_may_change_anything() {
        let action = ("x-forebay-action", "1");
        let table: [(Headers<'_>, Option<u16>); 9] = [
            (&[], Some(403)),
            (&[("x-forebay-action", "0")], Some(403)),
            (&[action], None),
            (&[action, ("origin", "http://127.0.0.1:8030")], None),
            (&[action, ("origin", "https://127.0.0.1:8030")], None),
            (&[action, ("origin", "http://127.0.0.1:8031")], Some(403)),
            (&[action, ("origin", "null")], Some(403)),
            (&[action, ("sec-fetch-site", "cross-site")], Some(403)),
            (&[action, ("sec-fetch-site", "same-origin")], None),
        ];
        for (headers, expected) in table {
            assert_eq!(status(headers, None, true), expected, "{headers:?}");
        }
    }

    #[test]
    fn the_token_is_asked_for_where_there_is_one_and_needed_off_the_loopback() {
        let action = ("x-forebay-action", "1");
        let with = |token| [action, ("authorization", token)];
        assert_eq!(status(&[action], None, false), Some(403));
        assert_eq!(status(&with("Bearer anything"), None, false), Some(403));
        for is_loopback in [true, false] {
            let of = |headers: Headers<'_>| status(headers, Some("sesame"), is_loopback);
            assert_eq!(of(&[action]), Some(401));
            assert_eq!(of(&with("Bearer sesam")), Some(401));
            assert_eq!(of(&with("Basic sesame")), Some(401));
            assert_eq!(of(&with("Bearer sesame")), None);
        }
    }
}
