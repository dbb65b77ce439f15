//! Shards that are split and merged while records keep coming.

use std::collections::BTreeMap;
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use forebay_integration_tests::servers::kinesis::Put;
use forebay_integration_tests::servers::{Entry, Kinesis, Ledger};

use crate::reader::{Reader, source};

/// Rounds of putting and resharding.
const ROUNDS: usize = 6;
const RECORDS: u64 = 300;

/// Puts records, and splits or merges after each round.
fn change(kinesis: &Kinesis, stream: &str, ledger: &mut Ledger) -> Result<()> {
    for round in 0..ROUNDS {
        for _ in 0..3 {
            let entries = ledger.write(RECORDS / 3);
            let put = |it: Entry| Put::new(it.customer.clone(), it.value().to_string());
            kinesis.put(stream, entries.map(put))?;
        }
        let open = kinesis.open_shards(stream)?;
        if round % 3 == 2 {
            // The two halves of what was split last are neighbours.
            let [.., one, other] = open.as_slice() else { anyhow::bail!("{open:?}") };
            kinesis.merge(stream, one, other)?;
        } else {
            kinesis.split(stream, open.last().context("no open shard")?)?;
        }
    }
    let put = |it: Entry| Put::new(it.customer.clone(), it.value().to_string());
    kinesis.put(stream, ledger.write(RECORDS).map(put))
}

#[tokio::test(flavor = "multi_thread")]
async fn splits_and_merges_under_load_lose_double_and_reorder_nothing() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let stream = kinesis.stream("resharding", 2)?;
    let options = "format = \"bytes\"\npoll_interval = \"200ms\"\ndiscover_interval = \"1s\"";
    let mut reader = Reader::connect(source(kinesis, &stream, options)?).await?;
    let name = stream.clone();
    let changing = thread::spawn(move || {
        let mut ledger = Ledger::new(40).with_a_hot_key();
        change(kinesis, &name, &mut ledger).map(|()| ledger)
    });
    let records = usize::try_from(RECORDS)? * (ROUNDS + 1);
    reader.read_so_many(records).await?;
    let ledger = changing.join().map_err(|_| anyhow!("the thread panicked"))??;
    // What is there twice would come now.
    for _ in 0..20 {
        reader.step().await?;
        reader.commit().await?;
    }
    ensure!(reader.read.len() == records, "{} records of {records}", reader.read.len());
    let mut audit = ledger.audit();
    let mut last: BTreeMap<String, i64> = BTreeMap::new();
    for data in &reader.read {
        let value = serde_json::from_slice(data)?;
        let entry = Entry::from_value(&value).context("no entry")?;
        let before = last.insert(entry.customer.clone(), entry.number);
        ensure!(before.is_none_or(|it| it < entry.number), "{value} came after {before:?}");
        audit.see(&entry);
    }
    audit.findings().exactly_once()?;
    let closed = kinesis.shards(&stream)?.len() - kinesis.open_shards(&stream)?.len();
    ensure!(closed >= ROUNDS, "{closed} shards were closed");
    reader.source.close().await;
    Ok(())
}
