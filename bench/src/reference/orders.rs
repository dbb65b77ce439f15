//! Orders that are made up: the very ones that the gateway's generator makes.

use anyhow::{Result, anyhow};
use arrow::array::RecordBatch;
use forebay_core::clock::SystemClock;
use forebay_core::split::{Grant, SplitId};
use forebay_core::{Position, Source};
use forebay_generator_source::GeneratorSource;
use tokio::time::Instant;

use crate::input::made_up;

/// Rows that are made at a time.
const ROWS: u64 = 8_000;

/// So many orders that are made up, in columns.
pub(super) struct Orders {
    source: GeneratorSource,
    split: SplitId,
    next: u64,
}

impl Orders {
    pub(super) fn new(records: u64) -> Result<Self> {
        let config = toml::from_str(&made_up(records))?;
        let source = GeneratorSource::new(&config, "orders".into(), SystemClock::shared());
        let source = source.map_err(|problem| anyhow!(problem.message))?;
        Ok(Self { source, split: "0".into(), next: 0 })
    }

    /// The next rows; none when that was all.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        let grant = Grant {
            split: self.split.clone(),
            generation: 0,
            from: Position::from(self.next),
            until: None,
            records: ROWS,
            bytes: u64::MAX,
        };
        let now = Instant::now();
        let deadline = now + std::time::Duration::from_secs(60);
        let rows = self.source.read(&[grant], deadline).await?.pop().map(|slice| slice.records);
        self.next += rows.iter().map(|rows| rows.num_rows() as u64).sum::<u64>();
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use forebay_formats::encode::json_lines;

    use super::*;
    use crate::tally::Tally;

    #[tokio::test]
    async fn each_order_is_made_once() {
        let mut orders = Orders::new(2 * ROWS + 1).unwrap();
        let mut tally = Tally::default();
        while let Some(rows) = orders.next().await.unwrap() {
            assert!(rows.num_rows() > 0);
            tally.push(&json_lines(&rows).unwrap());
        }
        tally.ensure("it", 2 * ROWS + 1).unwrap();
    }
}
