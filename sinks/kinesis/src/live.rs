//! The service itself.

use async_trait::async_trait;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, StreamStatus};
use forebay_clients::aws::{AwsConnection, Failure, Meaning};
use forebay_clients::kinesis::StreamId;

use crate::service::{Record, Service};

/// A stream of Kinesis.
pub(crate) struct Live {
    client: Client,
    stream: StreamId,
}

impl Live {
    pub(crate) async fn new(connection: &AwsConnection, stream: &StreamId) -> Self {
        Self { client: Client::new(&connection.load().await), stream: stream.clone() }
    }
}

fn entry(record: &Record) -> Result<PutRecordsRequestEntry, Failure> {
    PutRecordsRequestEntry::builder()
        .partition_key(&*record.key)
        .set_explicit_hash_key(record.hash.clone())
        .data(Blob::new(record.data.clone()))
        .build()
        .map_err(|error| Failure::new(Meaning::Refused, error.to_string()))
}

#[async_trait]
impl Service for Live {
    async fn look(&self) -> Result<(), Failure> {
        let request = self
            .client
            .describe_stream_summary()
            .set_stream_name(self.stream.request_name())
            .set_stream_arn(self.stream.request_arn());
        let summary = match request.send().await {
            Ok(answer) => answer.stream_description_summary,
            Err(error) => {
                let failure = Failure::of(&error);
                // Who may write need not have the right to look.
                return match failure.code.as_deref() {
                    Some("AccessDeniedException") => Ok(()),
                    _ => Err(failure),
                };
            }
        };
        match summary.map(|summary| summary.stream_status) {
            Some(status @ (StreamStatus::Creating | StreamStatus::Deleting)) => {
                Err(Failure {
                    meaning: Meaning::Trouble,
                    // What the service answers who changes it then.
                    code: Some("ResourceInUseException".to_owned()),
                    text: format!("the stream `{}` is {status} just now", self.stream),
                })
            }
            _ => Ok(()),
        }
    }

    async fn put(&self, records: &[&Record]) -> Result<Vec<Option<Failure>>, Failure> {
        let entries = records.iter().map(|record| entry(record)).collect::<Result<_, _>>()?;
        let answer = self
            .client
            .put_records()
            .set_stream_name(self.stream.request_name())
            .set_stream_arn(self.stream.request_arn())
            .set_records(Some(entries))
            .send()
            .await
            .map_err(|error| Failure::of(&error))?;
        // Each for itself: the count of failures is not to be relied upon.
        let outcomes = answer.records().iter().map(|result| {
            let code = result.error_code().filter(|code| !code.is_empty())?;
            let message = result.error_message().unwrap_or_default();
            Some(Failure {
                meaning: Meaning::Throttled,
                code: Some(code.to_owned()),
                text: format!("{code}: {message}"),
            })
        });
        Ok(outcomes.collect())
    }
}
