//! The suite accepts a receiver that conforms, and names the flaw of each that does not.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{Violation, check};
use crate::component::Observe;
use crate::dead_letter::Reason;
use crate::decode::{AsIs, Decode};
use crate::journal::{Intake, Refused};
use crate::receiver::{Receiver, ReceiverError};
use crate::testing::chunk;

const MOST: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    None,
    RefusesOversize,
    AcknowledgesFirst,
    AcknowledgesFailures,
    AcknowledgesWhileFull,
    Loses,
    Reverses,
    IgnoresStop,
    AnswersAtStop,
    RunsOnce,
    StoresOversize,
    DropsOversize,
    DiesOfOversize,
    ObservesAList,
}

/// What a client sends, and where it is told that it was taken.
type Request = (Vec<Vec<u8>>, oneshot::Sender<Result<(), String>>);

/// A receiver whose network is a channel.
struct Double {
    flaw: Flaw,
    requests: Arc<Mutex<mpsc::Receiver<Request>>>,
    runs: u32,
    dead: bool,
}

impl Double {
    async fn take(&mut self, intake: &Intake, request: Request, stop: &CancellationToken) {
        let (mut records, answer) = request;
        let text = |refused: Refused| refused.to_string();
        if records[0].len() > MOST {
            let told = match self.flaw {
                Flaw::RefusesOversize => Err("too large".to_owned()),
                Flaw::StoresOversize => intake.store(chunk(records)).await.map_err(text),
                Flaw::DropsOversize => Ok(()),
                _ => {
                    self.dead = self.flaw == Flaw::DiesOfOversize;
                    let reason = Reason::new("oversize", "more than 100 bytes");
                    intake.reject(chunk([&records[0][..MOST]]), reason).await.map_err(text)
                }
            };
            let _ = answer.send(told);
            return;
        }
        let told = match self.flaw {
            Flaw::AcknowledgesFirst => {
                let _ = answer.send(Ok(()));
                let _ = intake.store(chunk(records)).await;
                return;
            }
            Flaw::AcknowledgesFailures => {
                let _ = intake.store(chunk(records)).await;
                Ok(())
            }
            Flaw::AcknowledgesWhileFull => match intake.offer(chunk(records)).await {
                Err(Refused::Busy(_)) => Ok(()),
                other => other.map_err(text),
            },
            Flaw::AnswersAtStop => {
                let told = tokio::select! {
                    stored = intake.store(chunk(records)) => stored.map_err(text),
                    () = stop.cancelled() => Ok(()),
                };
                let _ = answer.send(told);
                return;
            }
            Flaw::Loses if records.len() > 1 => {
                records.pop();
                intake.store(chunk(records)).await.map_err(text)
            }
            Flaw::Reverses => {
                records.reverse();
                intake.store(chunk(records)).await.map_err(text)
            }
            _ => intake.store(chunk(records)).await.map_err(text),
        };
        let _ = answer.send(told);
    }
}

struct Seen(Flaw);

impl Observe for Seen {
    fn observe(&self) -> Value {
        if self.0 == Flaw::ObservesAList { json!([]) } else { json!({}) }
    }
}

#[async_trait]
impl Receiver for Double {
    fn decoder(&self) -> Arc<dyn Decode> {
        AsIs::shared(None)
    }

    async fn run(&mut self, intake: Intake, stop: CancellationToken) -> Result<(), ReceiverError> {
        self.runs += 1;
        if self.flaw == Flaw::RunsOnce && self.runs > 1 {
            return Err(ReceiverError::Transient("the address is in use".into()));
        }
        let requests = self.requests.clone();
        let mut requests = requests.lock().await;
        loop {
            let request = tokio::select! {
                request = requests.recv() => request,
                () = stop.cancelled(), if self.flaw != Flaw::IgnoresStop => return Ok(()),
            };
            match request {
                Some(request) if !self.dead => self.take(&intake, request, &stop).await,
                Some(_) => {}
                None => return Ok(()),
            }
        }
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(Arc::new(Seen(self.flaw)))
    }
}

async fn checked(flaw: Flaw) -> Result<(), Violation> {
    let (network, requests) = mpsc::channel::<Request>(16);
    let requests = Arc::new(Mutex::new(requests));
    let build = || -> Box<dyn Receiver> {
        Box::new(Double { flaw, requests: requests.clone(), runs: 0, dead: false })
    };
    let client = |_: Value, records: Vec<Vec<u8>>| {
        let network = network.clone();
        async move {
            let (answer, told) = oneshot::channel();
            network.send((records, answer)).await.map_err(|error| error.to_string())?;
            tokio::time::timeout(Duration::from_secs(5), told)
                .await
                .map_err(|error| error.to_string())?
                .map_err(|error| error.to_string())?
        }
    };
    check(build, client, 2 * MOST).await
}

#[tokio::test(start_paused = true)]
async fn receivers_that_conform_pass() {
    for flaw in [Flaw::None, Flaw::RefusesOversize] {
        checked(flaw).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn every_flaw_is_found() {
    for (flaw, word) in [
        (Flaw::AcknowledgesFirst, "acknowledged before it is stored"),
        (Flaw::AcknowledgesFailures, "acknowledged that could not be stored"),
        (Flaw::AcknowledgesWhileFull, "acknowledged while there is no room"),
        (Flaw::Loses, "500 records are acknowledged and 499 stored"),
        (Flaw::Reverses, "or others"),
        (Flaw::IgnoresStop, "still runs"),
        (Flaw::AnswersAtStop, "acknowledged at a stop"),
        (Flaw::RunsOnce, "not taken"),
        (Flaw::StoresOversize, "too large is stored"),
        (Flaw::DropsOversize, "lost without a word"),
        (Flaw::DiesOfOversize, "not taken"),
        (Flaw::ObservesAList, "no object"),
    ] {
        let found = checked(flaw).await.unwrap_err().to_string();
        assert!(found.contains(word), "{flaw:?}: {found}");
    }
}
