//! The receiver: one run of the program.

use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use async_trait::async_trait;
use forebay_clients::process::{Child, Pipes, Program, log_complaints};
use forebay_core::component::{BuildContext, Observe, Problem};
use forebay_core::decode::Decode;
use forebay_core::journal::{Intake, Refused, schema};
use forebay_core::probe::Probed;
use forebay_core::receiver::{Receiver, ReceiverError};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::config::ExecConfig;
use crate::division::Division;
use crate::output::{Ending, Output, Rest};
use crate::state::State;
use crate::store::Store;

/// How long a program that closed its standard output may take to end.
const FAREWELL: Duration = Duration::from_secs(5);

/// Runs a program and takes what it writes.
pub(crate) struct ExecReceiver {
    config: ExecConfig,
    name: Arc<str>,
    program: Program,
    decoder: Arc<dyn Decode>,
    state: Arc<State>,
}

impl ExecReceiver {
    pub(crate) fn new(config: ExecConfig, context: &BuildContext) -> Result<Self, Problem> {
        let decoder = config.records()?.decoder(&schema(), "value")?;
        let program = config.program.clone().resolved(context);
        let name = Arc::clone(&context.name);
        Ok(Self { config, name, program, decoder, state: Arc::default() })
    }

    /// What its end means: it is started again.
    fn ended(&self, status: ExitStatus, last: &[String]) -> ReceiverError {
        let name = self.program.name();
        let said = match last {
            [] => String::new(),
            last => format!(", and last said: {}", last.join(" / ")),
        };
        let text = format!("`{name}` ended with {status}{said}");
        self.state.set_error(&text);
        ReceiverError::Transient(text)
    }
}

#[async_trait]
impl Receiver for ExecReceiver {
    fn decoder(&self) -> Arc<dyn Decode> {
        Arc::clone(&self.decoder)
    }

    async fn run(&mut self, intake: Intake, stop: CancellationToken) -> Result<(), ReceiverError> {
        let started = Child::start(&self.program, self.config.acknowledge);
        let (mut child, pipes) = started.map_err(|text| {
            self.state.set_error(&text);
            ReceiverError::Transient(text)
        })?;
        self.state.starts.fetch_add(1, Relaxed);
        self.state.taken.store(0, Relaxed);
        self.state.set_pid(child.id());
        let Pipes { input, output, complaints } = pipes;
        let (name, lines) = (Arc::clone(&self.name), Arc::clone(&self.state.complaints));
        let mut complaining = tokio::spawn(log_complaints(complaints, name, lines));
        let peer = format!("pid={}", child.id().unwrap_or_default());
        let division = Division::new(&self.config, intake.max_chunk_bytes());
        let store = Store {
            intake,
            answers: input,
            state: Arc::clone(&self.state),
            peer: peer.into(),
            stop: stop.clone(),
            taken: 0,
        };
        let mut output = Output { stream: output, division, store };

        let stop_timeout = self.config.stop_timeout.0;
        let ending = {
            let mut running = std::pin::pin!(output.run());
            tokio::select! {
                ending = &mut running => Some(ending),
                () = stop.cancelled() => {
                    // It may write its last records, and hear of them.
                    child.ask_to_end();
                    timeout(stop_timeout, &mut running).await.ok()
                }
            }
        };
        let is_closed = matches!(ending, Some(Ending::Closed));
        let patience = if is_closed { FAREWELL } else { Duration::ZERO };
        if !is_closed {
            child.ask_to_end();
        }
        let status = child.end(patience).await;
        self.state.set_pid(None);
        let rest = match status.as_ref().is_ok_and(ExitStatus::success) {
            true => Rest::Whole,
            false if stop.is_cancelled() => Rest::Left,
            false => Rest::Broken,
        };
        let last = match is_closed {
            true => output.finish(rest).await.err(),
            false => None,
        };
        let said = match timeout(FAREWELL, &mut complaining).await {
            Ok(said) => said.unwrap_or_default(),
            Err(_) => {
                complaining.abort();
                Vec::new()
            }
        };
        if stop.is_cancelled() {
            return Ok(());
        }
        let status = status.map_err(|error| ReceiverError::Transient(error.to_string()))?;
        match last.or(ending) {
            Some(Ending::Unreadable(why)) => {
                self.state.set_error(&why);
                Err(ReceiverError::Transient(format!(
                    "what `{}` writes {why}: it was ended, as nothing behind that can be told",
                    self.program.name()
                )))
            }
            Some(Ending::Broken(error)) => Err(ReceiverError::Transient(format!(
                "`{}` was ended: {error}",
                self.program.name()
            ))),
            Some(Ending::Refused(Refused::Closed)) => Ok(()),
            Some(Ending::Refused(refused)) => Err(ReceiverError::Transient(refused.to_string())),
            Some(Ending::Closed) | None => Err(self.ended(status, &said)),
        }
    }

    async fn probe(&mut self) -> Probed {
        let mut probed = Probed::default();
        // Where it ended is its last step.
        let _ = self.program.probe(&mut probed);
        probed
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        let state: Arc<dyn Observe> = self.state.clone();
        Some(state)
    }
}
