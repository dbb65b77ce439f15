//! What an error about a record means.

use forebay_core::dead_letter::Reason;
use rdkafka::types::RDKafkaErrorCode as Code;

/// What an error about a record means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The brokers refuse this record. They answer for whole requests, so it may be another one
    /// of the same request that they mean.
    Refused,
    /// Another record of the same request was refused.
    Neighbour,
    /// The topic does not exist.
    NoTopic,
    /// The topic has no such partition.
    NoPartition,
    /// No topic can have this name.
    BadTopic,
    /// This client may not write to the topic.
    Forbidden,
    /// It may work when tried again.
    Passing,
}

impl Failure {
    /// What an error of librdkafka or of a broker means for the record that it is about.
    pub(crate) fn of(code: Code) -> Self {
        match code {
            Code::MessageSizeTooLarge
            | Code::InvalidMessageSize
            | Code::InvalidRecord
            | Code::InvalidTimestamp
            | Code::PolicyViolation
            | Code::UnsupportedForMessageFormat => Self::Refused,
            Code::InvalidDifferentRecord => Self::Neighbour,
            Code::UnknownTopic | Code::UnknownTopicOrPartition => Self::NoTopic,
            Code::InvalidTopic => Self::BadTopic,
            Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed => Self::Forbidden,
            _ => Self::Passing,
        }
    }

    /// Whether brokers refused a whole request. librdkafka cannot be relied on to go on after that:
    /// it may count the sequence numbers of refused records, or wait for ever.
    pub(crate) fn breaks_client(self) -> bool {
        matches!(self, Self::Refused | Self::Neighbour)
    }

    /// Why a record with this failure, to this topic, is not written.
    pub(crate) fn reason(self, code: Code, topic: &str) -> Reason {
        let (class, text) = match self {
            Self::Refused if code == Code::MessageSizeTooLarge => (
                "oversize",
                format!("the record is larger than the topic `{topic}` allows (max.message.bytes)"),
            ),
            Self::Refused => (
                "refused",
                format!("the brokers refuse the record for the topic `{topic}`: {code}"),
            ),
            Self::Neighbour => {
                ("neighbour", "another record of the same request was refused".to_owned())
            }
            Self::NoTopic => (
                "unknown-topic",
                format!("the topic `{topic}` does not exist: create it, or let the brokers do so"),
            ),
            Self::NoPartition => {
                ("partition", format!("the topic `{topic}` has no such partition"))
            }
            Self::BadTopic => ("topic", format!("no topic can be called `{topic}`")),
            Self::Forbidden => (
                "authorization",
                format!("this client may not write to the topic `{topic}`: allow it WRITE"),
            ),
            Self::Passing => ("transient", format!("the topic `{topic}` does not take it: {code}")),
        };
        Reason::new(class, text)
    }
}

/// How little an error says of what is wrong: less than the errors of other rows, where it only
/// follows from theirs.
pub(crate) fn tells_least(code: Code) -> u8 {
    match code {
        Code::PurgeQueue | Code::PurgeInflight => 2,
        code if Failure::of(code) == Failure::Passing => 1,
        _ => 0,
    }
}

/// What ended a client, in words for people. A producer that may write to no topic at all is told
/// that the cluster does not allow it, which sounds like more than it is.
pub(crate) fn ended(code: Option<Code>, text: String) -> String {
    match code {
        Some(Code::ClusterAuthorizationFailed) => {
            "this client may not write to any topic: allow it WRITE on those that it is to write to"
                .to_owned()
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_rather_than_what_follows_from_it() {
        let codes = [Code::PurgeQueue, Code::MessageTimedOut, Code::TopicAuthorizationFailed];
        assert_eq!(codes.map(tells_least), [2, 1, 0]);
        let text = ended(Some(Code::ClusterAuthorizationFailed), "no".to_owned());
        assert!(text.contains("allow it WRITE"), "{text}");
        assert_eq!(ended(None, "gone".to_owned()), "gone");
    }

    #[test]
    fn errors_mean_what_they_should() {
        for (code, failure, class) in [
            (Code::MessageSizeTooLarge, Failure::Refused, "oversize"),
            (Code::InvalidTimestamp, Failure::Refused, "refused"),
            (Code::InvalidRecord, Failure::Refused, "refused"),
            (Code::InvalidDifferentRecord, Failure::Neighbour, "neighbour"),
            (Code::UnknownTopic, Failure::NoTopic, "unknown-topic"),
            // The number was right when it was looked up: the topic was deleted since.
            (Code::UnknownPartition, Failure::Passing, "transient"),
            (Code::InvalidTopic, Failure::BadTopic, "topic"),
            (Code::TopicAuthorizationFailed, Failure::Forbidden, "authorization"),
            (Code::NotEnoughReplicas, Failure::Passing, "transient"),
            (Code::MessageTimedOut, Failure::Passing, "transient"),
            (Code::PurgeInflight, Failure::Passing, "transient"),
        ] {
            assert_eq!(Failure::of(code), failure, "{code}");
            let reason = failure.reason(code, "orders");
            assert_eq!(reason.class, class, "{code}");
        }
    }
}
