//! Looking step by step whether rows could be posted. Nothing is.

use std::slice;

use forebay_clients::address::HostPort;
use forebay_clients::probe::reach;
use forebay_core::probe::{Halted, Obstacle, Probed};
use reqwest::{StatusCode, Url};

use crate::client::{Client, Unanswered};

/// Adds the steps of a probe: name, port, TLS, and what the server answers to `OPTIONS`, which does
/// nothing there.
pub(crate) async fn probe(client: &Client, url: &str, probed: &mut Probed) -> Result<(), Halted> {
    let (address, is_secure) = match place(url) {
        Some(place) => place,
        None => {
            let wrong = Obstacle::new(format!("`{url}` has no host"), "mend `url`");
            return probed.step("name", Err(wrong));
        }
    };
    reach(probed, slice::from_ref(&address)).await?;
    let answered = client.options().await;
    if is_secure {
        let verified = match &answered {
            Err(Unanswered { is_connected: false, text }) => Err(Obstacle::new(
                text,
                "if its certificate comes from an authority of your own, name that in `ca_file`; \
                 else mend the certificate, or the name in `url`",
            )),
            _ => Ok(format!("{address} proves its name")),
        };
        probed.step("tls", verified)?;
    }
    let found = match answered {
        Ok(status) => judge(status),
        Err(Unanswered { text, .. }) => {
            let help = "look at the server's log, and whether it speaks what `url` begins with";
            Err(Obstacle::new(text, help))
        }
    };
    probed.step("answer", found)
}

/// Where a URL leads, and whether by TLS.
fn place(url: &str) -> Option<(HostPort, bool)> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = url.port_or_known_default()?;
    Some((HostPort { host, port }, url.scheme() == "https"))
}

/// What an answer to `OPTIONS` tells of one to `POST`.
fn judge(status: StatusCode) -> Result<String, Obstacle> {
    let help = match status.as_u16() {
        401 | 403 | 407 => "mend `token`, or `username` and `password`",
        300..=399 => "write in `url` where it leads: rows are not sent after a redirect",
        500 | 502..=504 => "look at the server's log, or whether something behind it is down",
        _ => {
            let rest = "whether it takes rows is seen when the first are posted";
            return Ok(format!("OPTIONS, which does nothing, is answered with {status}; {rest}"));
        }
    };
    Err(Obstacle::new(format!("OPTIONS, which does nothing, is answered with {status}"), help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_leads_to_a_host_and_a_port() {
        for (url, expected) in [
            ("http://localhost/rows", Some(("localhost:80", false))),
            ("https://[::1]/rows?a=b", Some(("[::1]:443", true))),
            ("https://example.com:9/", Some(("example.com:9", true))),
            ("rows", None),
        ] {
            let found = place(url).map(|(address, is_secure)| (address.to_string(), is_secure));
            assert_eq!(found, expected.map(|(text, is_secure)| (text.to_owned(), is_secure)));
        }
    }

    #[test]
    fn an_answer_stands_in_the_way_if_a_person_can_mend_it() {
        for status in [301, 401, 403, 500, 503] {
            assert!(judge(StatusCode::from_u16(status).unwrap()).is_err(), "{status}");
        }
        for status in [200, 204, 404, 405, 501] {
            assert!(judge(StatusCode::from_u16(status).unwrap()).is_ok(), "{status}");
        }
    }
}
