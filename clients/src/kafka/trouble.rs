//! What went wrong with a connection last.

use std::fmt;
use std::time::Instant;

use rdkafka::types::RDKafkaErrorCode;

/// What went wrong with a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What kind of thing.
    pub cause: Cause,
    /// What librdkafka says.
    pub text: String,
    /// When it was heard of last.
    pub at: Instant,
}

/// What kind of thing goes wrong with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No broker answers.
    Unreachable,
    /// The name of a broker has no address.
    Name,
    /// TLS failed: a certificate is not trusted, or one is missing.
    Tls,
    /// The brokers do not believe who we are.
    Authentication,
    /// The brokers know who we are, and do not allow it.
    Authorization,
    /// A client that cannot go on and has to be made anew.
    Fatal,
    /// Something else.
    Other,
}

impl Cause {
    /// The kind of thing that an error of librdkafka is.
    #[must_use]
    pub fn of(code: RDKafkaErrorCode) -> Self {
        use RDKafkaErrorCode as Code;
        match code {
            Code::AllBrokersDown
            | Code::BrokerTransportFailure
            | Code::OperationTimedOut
            | Code::RequestTimedOut => Self::Unreachable,
            Code::Resolve => Self::Name,
            Code::SSL => Self::Tls,
            Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::UnsupportedSASLMechanism
            | Code::IllegalSASLState => Self::Authentication,
            Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed => Self::Authorization,
            Code::Fatal => Self::Fatal,
            _ => Self::Other,
        }
    }

    /// Whether it says more than that nobody answers.
    #[must_use]
    pub fn is_specific(self) -> bool {
        !matches!(self, Self::Unreachable | Self::Other)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "no broker answers",
            Self::Name => "a broker's name has no address",
            Self::Tls => "TLS failed",
            Self::Authentication => "authentication failed",
            Self::Authorization => "not allowed",
            Self::Fatal => "the client cannot go on",
            Self::Other => "the client reports",
        })
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.cause, self.text)
    }
}

/// The text of an error without what changes with each try: `(after 3ms in state CONNECT, 4
/// identical error(s) suppressed)`.
pub(super) fn essence(text: &str) -> &str {
    match text.rfind(" (after ") {
        Some(end) if text.ends_with(')') => &text[..end],
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_with_each_try_is_left_out() {
        let text = "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT, 6 identical error(s) suppressed)";
        assert_eq!(
            essence(text),
            "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused"
        );
        assert_eq!(essence("1/1 brokers are down"), "1/1 brokers are down");
    }
}
