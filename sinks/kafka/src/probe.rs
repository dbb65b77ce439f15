//! Looking step by step whether the topic can be written. Nothing is written, and no transactional
//! id is taken: a gateway that runs is not disturbed.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use forebay_clients::kafka::{judge_answer, reach_brokers};
use forebay_core::probe::{Halted, Obstacle, Probed};
use rdkafka::producer::Producer as _;
use tokio::task::spawn_blocking;

use crate::client::Client;
use crate::failure::Failure;
use crate::options::KafkaSinkOptions;
use crate::plan::Plan;
use crate::right;
use crate::topics::{ANSWER, State};

/// What a probe needs to know of its sink.
pub(crate) struct Probing {
    options: KafkaSinkOptions,
    name: Arc<str>,
    base: std::path::PathBuf,
    topic: Option<String>,
    columns: Result<(), String>,
}

impl Probing {
    pub(crate) fn new(plan: &Plan, columns: Option<&SchemaRef>) -> Self {
        let columns = match columns {
            Some(columns) => {
                let none = RecordBatch::new_empty(Arc::clone(columns));
                plan.shape.bind(&none).map(drop)
            }
            None => Ok(()),
        };
        Self {
            options: plan.options.clone(),
            name: Arc::clone(&plan.name),
            base: plan.base.clone(),
            topic: plan.shape.topic().map(str::to_owned),
            columns,
        }
    }

    /// Adds the steps of a probe. `knows_columns` says whether the columns were known.
    pub(crate) async fn run(self, knows_columns: bool, probed: &mut Probed) -> Result<(), Halted> {
        let connection = self.options.connection.clone();
        reach_brokers(probed, &connection).await?;
        let (options, name, base) = (self.options, self.name, self.base);
        let topic = self.topic.clone();
        let (own, folder) = (options.clone(), base.clone());
        let asked = spawn_blocking(move || {
            let mut client = Client::new(&name, &own, &folder, None)?;
            let answer = match &topic {
                Some(topic) => client.topics.ask(&client.producer, topic).map(Some),
                None => {
                    let id = client.producer.client().fetch_cluster_id(ANSWER);
                    let text = format!("no broker answers within {} s", ANSWER.as_secs());
                    id.map(|_| None).ok_or(text)
                }
            };
            let events = Arc::clone(&client.events);
            client.end();
            Ok::<_, String>((events, answer))
        });
        let asked = asked.await.unwrap_or_else(|error| Err(error.to_string()));
        let (events, answer) = match asked {
            Ok(asked) => asked,
            Err(error) => {
                let help = "mend `tls`, `sasl` or `properties`, and the files that they name";
                return probed.step("client", Err(Obstacle::new(error, help)));
            }
        };
        let state = judge_answer(probed, &connection, &events, answer)?;
        let topic = self.topic.unwrap_or_default();
        let found = match state {
            None => Ok("each record names its topic".to_owned()),
            Some(State::There(i32::MAX)) => Ok(format!("`{topic}`, some of it without a leader")),
            Some(State::There(partitions)) => Ok(format!("`{topic}` with {partitions} partitions")),
            Some(State::Unfit(code)) => {
                let reason = Failure::of(code).reason(code, &topic).text;
                let help = "create it (kafka-topics.sh --create --topic NAME), mend `topic`, or \
                            give this user the right to write to it";
                Err(Obstacle::new(reason, help))
            }
        };
        probed.step("topic", found)?;
        if knows_columns {
            let help = "choose columns that there are in `topic`, `key` and `value`";
            let fits = self.columns.map(|()| "they fit".to_owned());
            probed.step("columns", fits.map_err(|error| Obstacle::new(error, help)))?;
        }
        if topic.is_empty() {
            return Ok(());
        }
        let allowed = spawn_blocking(move || right::may_write(&options, &base, &topic)).await;
        let allowed = allowed.unwrap_or_else(|error| Err(error.to_string()));
        let help =
            "give this user the right to write to it (kafka-acls.sh --add --operation Write)";
        let allowed = allowed.map(|()| "it is allowed".to_owned());
        probed.step("write", allowed.map_err(|error| Obstacle::new(error, help)))
    }
}
