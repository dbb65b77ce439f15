//! What an error about a record means.

use forebay_core::dead_letter::Reason;
use rdkafka::types::RDKafkaErrorCode as Code;

/// What an error about a record means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The brokers refuse this record. They answer for whole requests, so it may be another one
    /// of the same request that they mean.
    Refused,
    /// The brokers refuse this very record.
    Named,
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
            | Code::InvalidTimestamp
            | Code::PolicyViolation
            | Code::UnsupportedForMessageFormat => Self::Refused,
            Code::InvalidRecord => Self::Named,
            Code::InvalidDifferentRecord => Self::Neighbour,
            Code::UnknownTopic | Code::UnknownTopicOrPartition => Self::NoTopic,
            Code::UnknownPartition => Self::NoPartition,
            Code::InvalidTopic => Self::BadTopic,
            Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed => Self::Forbidden,
            _ => Self::Passing,
        }
    }

    /// Why a record with this failure, to this topic, is not written.
    pub(crate) fn reason(self, code: Code, topic: &str) -> Reason {
        let (class, text) = match self {
            Self::Refused | Self::Named if code == Code::MessageSizeTooLarge => (
                "oversize",
                format!("the record is larger than the topic `{topic}` allows (max.message.bytes)"),
            ),
            Self::Refused | Self::Named => (
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_mean_what_they_should() {
        for (code, failure, class) in [
            (Code::MessageSizeTooLarge, Failure::Refused, "oversize"),
            (Code::InvalidTimestamp, Failure::Refused, "refused"),
            (Code::InvalidRecord, Failure::Named, "refused"),
            (Code::InvalidDifferentRecord, Failure::Neighbour, "neighbour"),
            (Code::UnknownTopic, Failure::NoTopic, "unknown-topic"),
            (Code::UnknownPartition, Failure::NoPartition, "partition"),
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
