//! What the registry answered, kept.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_core::decode::Decode;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::client::{Answer, Client};

/// Schemas that are asked for at once.
const AT_ONCE: usize = 8;

/// How long it counts that a schema is not there: it may be registered later.
const ABSENT_FOR: Duration = Duration::from_secs(30);

/// Ids that are remembered. What is not there is forgotten first: a sender can make up ids.
const MOST: usize = 10_000;

/// What is known of the schemas of a registry.
pub(super) struct Schemas {
    client: Client,
    known: Mutex<HashMap<u32, Known>>,
}

/// What is known of one id.
#[derive(Clone)]
pub(super) enum Known {
    /// How its records are decoded.
    Usable(Arc<dyn Decode>),
    /// Why they cannot be, and since when that is known.
    Unusable(String, Instant),
}

impl Schemas {
    pub(super) fn new(client: Client) -> Self {
        Self { client, known: Mutex::default() }
    }

    /// How many subjects the registry shows.
    ///
    /// # Errors
    /// Why it does not answer.
    pub(super) async fn subjects(&self) -> Result<Option<usize>, String> {
        self.client.subjects().await
    }

    /// What is known of an id.
    pub(super) fn get(&self, id: u32) -> Option<Known> {
        self.lock().get(&id).cloned()
    }

    /// Fetches the schemas of ids of which nothing is known; `make` makes decoders of them, or says
    /// why it cannot.
    ///
    /// # Errors
    /// Why the registry does not answer.
    pub(super) async fn fetch(
        &self,
        ids: BTreeSet<u32>,
        make: impl Fn(&str, &str) -> Result<Arc<dyn Decode>, String>,
    ) -> Result<(), String> {
        let missing = self.missing(ids);
        let answers = stream::iter(missing)
            .map(|id| async move { Ok::<_, String>((id, self.client.schema(id).await?)) })
            .buffer_unordered(AT_ONCE);
        // Each answer is kept at once: what fails later costs only itself.
        answers
            .try_for_each(|(id, answer)| {
                let known = match answer {
                    Answer::Schema { kind, text } => make(&kind, &text),
                    Answer::Unusable(why) => Err(why),
                };
                let known = match known {
                    Ok(decoder) => Known::Usable(decoder),
                    Err(why) => Known::Unusable(why, Instant::now()),
                };
                self.lock().insert(id, known);
                std::future::ready(Ok(()))
            })
            .await
    }

    /// The ids that have to be asked for, now that those are forgotten that are too many.
    fn missing(&self, mut ids: BTreeSet<u32>) -> BTreeSet<u32> {
        let mut known = self.lock();
        ids.retain(|id| match known.get(id) {
            Some(Known::Usable(_)) => false,
            Some(Known::Unusable(_, since)) => since.elapsed() >= ABSENT_FOR,
            None => true,
        });
        if known.len() + ids.len() > MOST {
            known.retain(|_, known| matches!(known, Known::Usable(_)));
        }
        ids
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
