//! Orders to a Kinesis data stream: the SDK, 500 records a call, four calls at a time.

use anyhow::{Context, Result};
use arrow::array::AsArray;
use forebay_formats::encode::json_lines;

use super::kinesis::client;
use super::kinesis_lanes::Lanes;
use super::orders::Orders;

/// Puts so many orders, under their customers as keys.
pub(super) fn run(endpoint: &str, stream: &str, records: u64) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let mut lanes = Lanes::begin(&client(endpoint), stream);
        let mut orders = Orders::new(records)?;
        while let Some(rows) = orders.next().await? {
            let lines = json_lines(&rows)?;
            let customers = rows.column_by_name("customer").context("no customers")?;
            let customers = customers.as_string::<i32>().iter().flatten();
            for (line, customer) in lines.split(|byte| *byte == b'\n').zip(customers) {
                lanes.put(customer, line).await?;
            }
        }
        lanes.finish().await
    })
}
