//! What an error says about the rows of a request.

use scylla::errors::{
    BadQuery, ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind, DbError,
    ExecutionError, RequestAttemptError,
};

/// What an error means for the rows of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The cluster has too much to do, or took too long: the rows again, and fewer at a time.
    Pressure,
    /// No node, or not enough of them: the rows again, when they are back.
    Away,
    /// A node failed at it. The rows again; a row that alone fails again and again, while others
    /// are written, can never be written.
    Failed,
    /// The statement does not fit the table any more: prepare it anew.
    Stale,
    /// The rows or their statement are wrong. Which of the two shows when the table is looked at.
    Refused,
    /// It is not allowed. The rows again, when it is.
    Denied,
}

/// An error, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What it means.
    pub class: Class,
    /// What happened.
    pub text: String,
}

impl Refusal {
    /// What an error of a request means.
    #[must_use]
    pub fn of(error: &ExecutionError) -> Self {
        let (class, text) = match error {
            ExecutionError::LastAttemptError(error) => return Self::of_attempt(error),
            ExecutionError::PrepareError(error) => match error {
                scylla::errors::PrepareError::AllAttemptsFailed { first_attempt } => {
                    return Self::of_attempt(first_attempt);
                }
                _ => (Class::Away, error.to_string()),
            },
            ExecutionError::BadQuery(BadQuery::SerializationError(error)) => {
                (Class::Stale, error.to_string())
            }
            ExecutionError::BadQuery(error) => (Class::Refused, error.to_string()),
            ExecutionError::EmptyPlan => {
                (Class::Away, "no node is known that could be asked".to_owned())
            }
            ExecutionError::ConnectionPoolError(error) => (Class::Away, of_pool(error)),
            ExecutionError::RequestTimeout(after) => {
                (Class::Pressure, format!("no answer within {after:?}"))
            }
            _ => (Class::Failed, error.to_string()),
        };
        Self { class, text }
    }

    /// What an error of an attempt means.
    #[must_use]
    pub fn of_attempt(error: &RequestAttemptError) -> Self {
        let (class, text) = match error {
            RequestAttemptError::DbError(error, message) => {
                (class_of(error), words(error, message))
            }
            RequestAttemptError::UnableToAllocStreamId => {
                (Class::Pressure, "too many requests wait for an answer".to_owned())
            }
            RequestAttemptError::BrokenConnectionError(error) => (Class::Away, error.to_string()),
            RequestAttemptError::RepreparedIdChanged { .. }
            | RequestAttemptError::RepreparedIdMissingInBatch
            | RequestAttemptError::SerializationError(_)
            | RequestAttemptError::CqlRequestSerialization(_) => (Class::Stale, error.to_string()),
            _ => (Class::Failed, error.to_string()),
        };
        Self { class, text }
    }
}

fn class_of(error: &DbError) -> Class {
    match error {
        DbError::Overloaded
        | DbError::WriteTimeout { .. }
        | DbError::ReadTimeout { .. }
        | DbError::RateLimitReached { .. } => Class::Pressure,
        DbError::Unavailable { .. } | DbError::IsBootstrapping | DbError::TruncateError => {
            Class::Away
        }
        DbError::Unauthorized | DbError::AuthenticationError => Class::Denied,
        DbError::Unprepared { .. } => Class::Stale,
        DbError::Invalid
        | DbError::SyntaxError
        | DbError::ConfigError
        | DbError::AlreadyExists { .. } => Class::Refused,
        _ => Class::Failed,
    }
}

fn words(error: &DbError, message: &str) -> String {
    match error {
        DbError::Unavailable { consistency, required, alive } => format!(
            "not enough replicas: consistency {consistency} needs {required}, alive are {alive}"
        ),
        DbError::WriteTimeout { consistency, received, required, .. } => format!(
            "not enough replicas answered in time: consistency {consistency} needs {required}, \
             answered have {received}"
        ),
        DbError::Overloaded => format!("the cluster is overloaded: {message}"),
        DbError::Unauthorized => format!("not allowed: {message}; grant MODIFY on the table"),
        DbError::AuthenticationError => format!("the username or the password is wrong: {message}"),
        _ => message.to_owned(),
    }
}

/// Why there is no connection.
#[must_use]
pub fn of_pool(error: &ConnectionPoolError) -> String {
    match error {
        ConnectionPoolError::Broken { last_connection_error } => {
            let known = login(last_connection_error).or_else(|| secrecy(last_connection_error));
            known.unwrap_or_else(|| format!("no connection: {last_connection_error}"))
        }
        other => format!("no connection: {other}"),
    }
}

/// What was wrong with the credentials, if that is why there is no connection.
#[must_use]
pub fn login(error: &ConnectionError) -> Option<String> {
    let ConnectionError::ConnectionSetupRequestError(setup) = error else { return None };
    match setup.get_error() {
        ConnectionSetupRequestErrorKind::DbError(DbError::AuthenticationError, message) => {
            Some(format!("the username or the password is wrong: {message}"))
        }
        ConnectionSetupRequestErrorKind::MissingAuthentication => {
            Some("the cluster wants a login: set `username` and `password`".to_owned())
        }
        _ => None,
    }
}

/// What was wrong with the certificates, if that is why there is no connection. What a node
/// objects to comes as an alert, often only after the connection was made.
#[must_use]
pub fn secrecy(error: &ConnectionError) -> Option<String> {
    let text = error.to_string();
    let is_tls = ["certificate", "fatal alert", "corrupt message"];
    is_tls
        .iter()
        .any(|word| text.contains(word))
        .then(|| format!("TLS failed: {text}; mend `ca_file` or `cert_file` in `tls`"))
}

/// Whether a node closed the connection without a word.
#[must_use]
pub fn is_hang_up(error: &ConnectionPoolError) -> bool {
    use std::io::ErrorKind;
    match error {
        ConnectionPoolError::Broken { last_connection_error } => match last_connection_error {
            said if secrecy(said).is_some() => false,
            ConnectionError::BrokenConnection(_) => true,
            ConnectionError::ConnectionSetupRequestError(setup) => {
                matches!(setup.get_error(), ConnectionSetupRequestErrorKind::BrokenConnection(_))
            }
            ConnectionError::IoError(error) => matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe
            ),
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scylla::errors::WriteType;
    use scylla::statement::Consistency;
    use std::time::Duration;

    fn class(error: DbError) -> Class {
        let error = RequestAttemptError::DbError(error, "why".to_owned());
        Refusal::of(&ExecutionError::LastAttemptError(error)).class
    }

    #[test]
    fn each_error_has_its_meaning() {
        let write_timeout = DbError::WriteTimeout {
            consistency: Consistency::Quorum,
            received: 1,
            required: 2,
            write_type: WriteType::Simple,
        };
        let write_failure = DbError::WriteFailure {
            consistency: Consistency::Quorum,
            received: 1,
            required: 2,
            numfailures: 1,
            write_type: WriteType::Simple,
        };
        let unavailable =
            DbError::Unavailable { consistency: Consistency::Quorum, required: 2, alive: 1 };
        for (error, meaning) in [
            (DbError::Overloaded, Class::Pressure),
            (write_timeout, Class::Pressure),
            (write_failure, Class::Failed),
            (unavailable, Class::Away),
            (DbError::IsBootstrapping, Class::Away),
            (DbError::ServerError, Class::Failed),
            (DbError::Other(0x1700), Class::Failed),
            (DbError::Invalid, Class::Refused),
            (DbError::Unauthorized, Class::Denied),
        ] {
            assert_eq!(class(error.clone()), meaning, "{error:?}");
        }
        let timeout = ExecutionError::RequestTimeout(Duration::from_secs(10));
        assert_eq!(
            Refusal::of(&timeout),
            Refusal { class: Class::Pressure, text: "no answer within 10s".to_owned() }
        );
        assert_eq!(Refusal::of(&ExecutionError::EmptyPlan).class, Class::Away);
        let long = ExecutionError::BadQuery(BadQuery::ValuesTooLongForKey(70_000, 65_535));
        assert_eq!(Refusal::of(&long).class, Class::Refused);
    }
}
