//! What a status means. No I/O.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// What a status means for the rows of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// They were taken.
    Taken,
    /// They may be taken later.
    Later,
    /// The server does not like what it was sent: a smaller part of it may do.
    Refused,
    /// The server does not take requests like this, whatever the rows.
    Wrong,
}

/// What a status of [RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-15) means.
pub(crate) fn meaning(status: u16) -> Meaning {
    match status {
        200..=299 => Meaning::Taken,
        // Too early, too many requests, a timeout; and whatever the server did wrong, but for what
        // it will never do.
        408 | 425 | 429 | 500 | 502..=504 | 506..=599 => Meaning::Later,
        400 | 409 | 413 | 422 => Meaning::Refused,
        _ => Meaning::Wrong,
    }
}

/// The pause that [`Retry-After`](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3) asks for:
/// seconds, or a date.
pub(crate) fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = header.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    // `GMT` is a zone of RFC 2822, of which the format of HTTP's dates is a part.
    let at = rfc2822::DateTimeParser::new().parse_timestamp(header.trim()).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_a_meaning() {
        for (status, expected) in [
            (200, Meaning::Taken),
            (204, Meaning::Taken),
            (301, Meaning::Wrong),
            (400, Meaning::Refused),
            (401, Meaning::Wrong),
            (404, Meaning::Wrong),
            (408, Meaning::Later),
            (413, Meaning::Refused),
            (422, Meaning::Refused),
            (429, Meaning::Later),
            (500, Meaning::Later),
            (501, Meaning::Wrong),
            (503, Meaning::Later),
            (505, Meaning::Wrong),
        ] {
            assert_eq!(meaning(status), expected, "{status}");
        }
    }

    #[test]
    fn a_pause_is_seconds_or_a_date() {
        let now: Timestamp = "1994-11-06T08:49:30Z".parse().unwrap();
        for (header, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(retry_after(header, now), seconds.map(Duration::from_secs), "{header}");
        }
    }
}
