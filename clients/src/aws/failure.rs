//! What an answer that is no good means.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// What an answer that is no good means for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Too much was asked in too short a time.
    Throttled,
    /// A token that was good for some time (an iterator, say) is so no more.
    Expired,
    /// What was asked for is not there.
    Gone,
    /// A condition that was asked for does not hold.
    Condition,
    /// The service does not take what was asked, and never will.
    Refused,
    /// Something else, which may pass: a network that fails, a service that does, credentials
    /// that are wrong until somebody mends them.
    Trouble,
}

/// An answer that is no good, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What it means.
    pub meaning: Meaning,
    /// The error's name in the service's own language, if the service gave one.
    pub code: Option<String>,
    /// What is wrong, in words.
    pub text: String,
}

impl Failure {
    /// A failure of this meaning.
    #[must_use]
    pub fn new(meaning: Meaning, text: impl Into<String>) -> Self {
        Self { meaning, code: None, text: text.into() }
    }

    /// What an error of an SDK means.
    #[must_use]
    pub fn of<E, R>(error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: fmt::Debug,
    {
        let service = error.as_service_error().map(ProvideErrorMetadata::meta);
        let code = service.and_then(|meta| meta.code()).map(str::to_owned);
        let text = match (&code, service.and_then(|meta| meta.message())) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.clone(),
            (None, _) => chain(error),
        };
        Self { meaning: code.as_deref().map_or(Meaning::Trouble, meaning), code, text }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The names by which [Kinesis](https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html)
/// and [DynamoDB](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html)
/// call errors.
fn meaning(code: &str) -> Meaning {
    match code {
        "ProvisionedThroughputExceededException"
        | "LimitExceededException"
        | "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "KMSThrottlingException"
        | "TooManyRequestsException" => Meaning::Throttled,
        "ExpiredIteratorException" | "ExpiredNextTokenException" => Meaning::Expired,
        "ResourceNotFoundException" => Meaning::Gone,
        "ConditionalCheckFailedException" => Meaning::Condition,
        "InvalidArgumentException" | "ValidationException" | "SerializationException" => {
            Meaning::Refused
        }
        _ => Meaning::Trouble,
    }
}

/// An error and what caused it, each once.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let link = error.to_string();
        if !text.contains(&link) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&link);
        }
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    #[derive(Debug)]
    struct Told(ErrorMetadata);

    impl fmt::Display for Told {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("told")
        }
    }

    impl Error for Told {}

    impl ProvideErrorMetadata for Told {
        fn meta(&self) -> &ErrorMetadata {
            &self.0
        }
    }

    #[test]
    fn the_services_own_words_are_kept() {
        let meta = ErrorMetadata::builder()
            .code("ProvisionedThroughputExceededException")
            .message("rate exceeded for shard 3")
            .build();
        let failure = Failure::of(&SdkError::<_, ()>::service_error(Told(meta), ()));
        assert_eq!(failure.meaning, Meaning::Throttled);
        assert_eq!(
            failure.to_string(),
            "ProvisionedThroughputExceededException: rate exceeded for shard 3"
        );
    }

    #[test]
    fn an_answer_without_a_name_may_pass() {
        let failure = Failure::of(&SdkError::<_, ()>::service_error(
            Told(ErrorMetadata::builder().build()),
            (),
        ));
        assert_eq!((failure.meaning, failure.code), (Meaning::Trouble, None));
        assert!(failure.text.contains("told"), "{}", failure.text);
    }
}
