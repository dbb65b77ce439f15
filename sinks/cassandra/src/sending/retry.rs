//! What the driver may try again by itself.

use scylla::errors::{DbError, RequestAttemptError};
use scylla::policies::retry::{RequestInfo, RetryDecision, RetryPolicy, RetrySession};

/// Lets the driver go to another node where this one cannot be asked, and leaves everything else
/// to the sink. The consistency level is never changed, and no error is taken for success.
#[derive(Clone, Copy, Debug)]
pub struct NextNode;

impl RetryPolicy for NextNode {
    fn new_session(&self) -> Box<dyn RetrySession> {
        Box::new(Self)
    }
}

impl RetrySession for NextNode {
    fn decide_should_retry(&mut self, request: RequestInfo<'_>) -> RetryDecision {
        decide(request.error, request.is_idempotent)
    }

    fn reset(&mut self) {}
}

fn decide(error: &RequestAttemptError, is_idempotent: bool) -> RetryDecision {
    match error {
        // The node has not begun.
        RequestAttemptError::UnableToAllocStreamId
        | RequestAttemptError::DbError(DbError::IsBootstrapping, _) => {
            RetryDecision::RetryNextTarget(None)
        }
        // It may have.
        RequestAttemptError::BrokenConnectionError(_) if is_idempotent => {
            RetryDecision::RetryNextTarget(None)
        }
        _ => RetryDecision::DontRetry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_another_node_can_do_is_tried_there() {
        let next = RetryDecision::RetryNextTarget(None);
        let error = |error| RequestAttemptError::DbError(error, String::new());
        assert_eq!(decide(&RequestAttemptError::UnableToAllocStreamId, false), next);
        assert_eq!(decide(&error(DbError::IsBootstrapping), false), next);
        for left in [DbError::Overloaded, DbError::Invalid, DbError::ServerError] {
            assert_eq!(decide(&error(left), true), RetryDecision::DontRetry);
        }
    }
}
