//! Orders to a server: Reqwest, a thousand lines at a time.

use std::time::Duration;

use anyhow::{Result, ensure};
use forebay_formats::encode::json_lines;
use reqwest::header::CONTENT_TYPE;

use super::orders::Orders;

/// Rows of a post, as the gateway has them by default.
const ROWS: usize = 1_000;

/// Posts so many orders, one post after the other, as the gateway does.
pub(super) fn run(url: &str, records: u64) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30));
        let client = client.build()?;
        let mut orders = Orders::new(records)?;
        while let Some(rows) = orders.next().await? {
            for first in (0..rows.num_rows()).step_by(ROWS) {
                let some = rows.slice(first, ROWS.min(rows.num_rows() - first));
                let post = client.post(url).header(CONTENT_TYPE, "application/x-ndjson");
                let answer = post.body(json_lines(&some)?).send().await?;
                ensure!(answer.status().is_success(), "it answered {}", answer.status());
                answer.bytes().await?;
            }
        }
        Ok(())
    })
}
