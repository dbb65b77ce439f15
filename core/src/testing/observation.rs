//! Waiting until a component shows something.

use std::time::Duration;

use serde_json::Value;

use crate::observe::Observe;

const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(2);

/// Waits until what a component shows is so, ten seconds at most, and answers it.
///
/// # Panics
/// If it is not so in time.
#[expect(clippy::panic, reason = "a test fails by it")]
pub async fn observed(state: &dyn Observe, is_so: impl Fn(&Value) -> bool) -> Value {
    let waiting = async {
        loop {
            let seen = state.observe();
            if is_so(&seen) {
                return seen;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(seen) => seen,
        Err(_) => panic!("not in time: {}", state.observe()),
    }
}
