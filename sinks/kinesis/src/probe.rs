//! Looking step by step whether the stream can be written. Nothing is written.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use forebay_clients::aws::{AwsConnection, judge_answer, reach_service};
use forebay_clients::kinesis::StreamId;
use forebay_core::probe::{Halted, Obstacle, Probed};

use crate::live::Live;
use crate::service::Service;
use crate::shape::Shape;

/// Adds the steps of a probe.
pub(crate) async fn probe(
    connection: &AwsConnection,
    stream: &StreamId,
    shape: &Shape,
    columns: Option<&SchemaRef>,
    probed: &mut Probed,
) -> Result<(), Halted> {
    reach_service(probed, connection, "kinesis").await?;
    let looked = Live::new(connection, stream).await.look().await;
    let found = match judge_answer(probed, looked)? {
        Ok(()) => Ok(format!("`{stream}` takes records, as far as one sees without writing any")),
        Err(failure) => {
            let help = "mend `stream`, `region` or the account of the credentials, create the \
                        stream, or wait until it is active";
            Err(Obstacle::new(format!("`{stream}` cannot be used: {failure}"), help))
        }
    };
    probed.step("stream", found)?;
    let Some(columns) = columns else { return Ok(()) };
    let none = RecordBatch::new_empty(std::sync::Arc::clone(columns));
    let help = "choose columns that there are in `data`, `partition_key` and `explicit_hash_key`";
    let fits = shape.bind(&none).map(|_| "they fit".to_owned());
    probed.step("columns", fits.map_err(|error| Obstacle::new(error, help)))
}
