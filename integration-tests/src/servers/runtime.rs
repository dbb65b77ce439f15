//! Waiting for a future from code that may run inside another runtime.

use std::sync::OnceLock;
use std::sync::mpsc;

use anyhow::{Context, Result, anyhow};
use tokio::runtime::{Builder, Runtime};

/// Runs a future on the harness's own threads and waits for it: unlike `block_on`, this may be
/// called from inside an async test, whose thread it holds meanwhile.
///
/// # Errors
/// If the threads cannot be started, or the future panicked.
pub fn wait_for<T: Send + 'static>(
    future: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    runtime()?.spawn(async move {
        // Nobody listens only if the caller panicked.
        let _ = sender.send(future.await);
    });
    receiver.recv().context("the work that was waited for panicked")?
}

fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let built = RUNTIME.get_or_init(|| {
        let built = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        built.map_err(|error| error.to_string())
    });
    built.as_ref().map_err(|message| anyhow!("no runtime: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_may_be_called_inside_a_runtime() {
        assert_eq!(wait_for(async { Ok(7) }).unwrap(), 7);
        assert!(wait_for::<()>(async { panic!("on purpose") }).is_err());
    }
}
