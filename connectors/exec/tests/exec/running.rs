//! A receiver that runs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use forebay_core::component::{BuildContext, Component, Input, Observe, SourceComponent};
use forebay_core::journal::Intake;
use forebay_core::receiver::{Receiver, ReceiverError};
use forebay_core::testing::observed;
use forebay_exec_source::{Exec, ExecConfig};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) fn build(folder: &Path, options: &str) -> Box<dyn Receiver> {
    let config: ExecConfig = toml::from_str(options).unwrap();
    assert_eq!(Exec::check(&config), []);
    let context = BuildContext {
        name: Arc::from("in"),
        pipeline: Arc::from("p"),
        base: folder.to_owned(),
        instance: Arc::from("i"),
    };
    match Exec::build(config, &context) {
        Ok(Input::Receiver(receiver)) => receiver,
        Ok(Input::Source(_)) => unreachable!("it is a receiver"),
        Err(problem) => unreachable!("{problem:?}"),
    }
}

/// A receiver of what a shell writes.
pub(crate) fn shell(folder: &Path, script: &str, options: &str) -> Box<dyn Receiver> {
    let command = toml::Value::from(vec!["sh", "-c", script]);
    build(folder, &format!("command = {command}\n{options}"))
}

/// A receiver that runs until it is stopped.
pub(crate) struct Running {
    pub(crate) state: Arc<dyn Observe>,
    pub(crate) stop: CancellationToken,
    task: JoinHandle<Result<(), ReceiverError>>,
}

pub(crate) fn start(mut receiver: Box<dyn Receiver>, intake: Intake) -> Running {
    let state = receiver.observe().unwrap();
    let stop = CancellationToken::new();
    let token = stop.clone();
    let task = tokio::spawn(async move { receiver.run(intake, token).await });
    Running { state, stop, task }
}

impl Running {
    /// Waits for the end of the run, ten seconds at most.
    pub(crate) async fn ended(self) -> Result<(), ReceiverError> {
        tokio::time::timeout(Duration::from_secs(10), self.task).await.unwrap().unwrap()
    }

    /// Why the program is started again.
    pub(crate) async fn why(self) -> String {
        match self.ended().await {
            Err(ReceiverError::Transient(why)) => why,
            other => unreachable!("{other:?}"),
        }
    }

    /// Waits until what is observed is so, ten seconds at most.
    pub(crate) async fn until(&self, is_so: impl Fn(&Value) -> bool) -> Value {
        observed(&*self.state, is_so).await
    }
}
