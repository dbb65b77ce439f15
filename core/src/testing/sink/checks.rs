//! The cases.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::timeout;

use super::super::violation::require;
use super::driver::Driver;
use super::rows::{other, plain};
use super::{Promise, Violation};
use crate::sink::{Sink, SinkError};

/// The most that may be seen of a component from outside, as JSON.
const OBSERVED_BYTES: usize = 8 << 20;

/// While nothing is written, nothing settles.
pub(super) async fn nothing_written<B, V>(driver: &mut Driver<B, V>) -> Result<(), Violation>
where
    B: FnMut() -> Box<dyn Sink>,
    V: FnMut() -> Vec<String>,
{
    for now in [false, true] {
        let receipt = driver.settle(now).await?;
        require(receipt.is_none(), || {
            format!("nothing was written, and settle({now}) gives a receipt")
        })?;
    }
    driver.look("before anything is written")
}

/// Without a receipt in the checkpoint, nothing of what was gathered is kept.
pub(super) async fn crash_before_the_first_commit<B, V>(
    driver: &mut Driver<B, V>,
) -> Result<(), Violation>
where
    B: FnMut() -> Box<dyn Sink>,
    V: FnMut() -> Vec<String>,
{
    driver.write(&[5]).await?;
    driver.write(&[3]).await?;
    driver.look("before the first commit")?;
    driver.settle(true).await?;
    driver.look("after settle, before the receipt is recorded")?;
    driver.crash().await?;
    driver.look("after a crash before the first commit")?;
    driver.replay().await?;
    driver.commit().await?;
    driver.look("after a crash before the first commit and a replay")
}

/// Rows are seen in the order in which they were written.
pub(super) async fn order<B, V>(driver: &mut Driver<B, V>) -> Result<(), Violation>
where
    B: FnMut() -> Box<dyn Sink>,
    V: FnMut() -> Vec<String>,
{
    for chunks in [&[5, 3][..], &[20], &[1, 1, 1]] {
        driver.write(chunks).await?;
    }
    // It may be time to settle, or not.
    let early = driver.settle(false).await?;
    if early.is_some() {
        driver.record(early);
        driver.publish().await?;
        driver.look("after settle(false)")?;
    }
    driver.commit().await?;
    driver.look("after a commit")?;
    let again = driver.settle(true).await?;
    require(again.is_none(), || {
        "nothing was written since the last receipt, and settle(true) gives one".to_owned()
    })?;
    let mut known = BTreeSet::new();
    let mut seen = driver.seen()?;
    seen.retain(|row| known.insert(*row));
    let step = seen.windows(2).find(|pair| pair[0] > pair[1]);
    require(step.is_none(), || {
        format!("rows are out of order: one is followed by an older one, {step:?}")
    })
}

/// Batches and chunks without rows do no harm.
pub(super) async fn empty_batches<B, V>(driver: &mut Driver<B, V>) -> Result<(), Violation>
where
    B: FnMut() -> Box<dyn Sink>,
    V: FnMut() -> Vec<String>,
{
    driver.write(&[]).await?;
    driver.write(&[0]).await?;
    driver.commit().await?;
    driver.look("after empty batches")?;
    driver.write(&[0, 2, 0]).await?;
    driver.write(&[0]).await?;
    driver.commit().await?;
    driver.look("after batches with empty chunks")
}

/// Chunks of different schema are taken, or refused for good and with a reason. Says which.
pub(super) async fn mixed_schemas<B, V>(driver: &mut Driver<B, V>) -> Result<bool, Violation>
where
    B: FnMut() -> Box<dyn Sink>,
    V: FnMut() -> Vec<String>,
{
    driver.write(&[2]).await?;
    driver.commit().await?;
    let (first, second, third) = (driver.take(3), driver.take(4), driver.take(2));
    let rows = first.start..third.end;
    let chunks = vec![plain(first)?, other(second)?, plain(third)?];
    match driver.write_new(chunks, rows).await {
        Ok(()) => {
            driver.commit().await?;
            driver.look("after a batch with two schemas")?;
            Ok(true)
        }
        Err(SinkError::Fatal(text)) => {
            require(!text.is_empty(), || "two schemas are refused without a reason".to_owned())?;
            driver.give_up();
            driver.crash().await?;
            driver.write(&[2]).await?;
            driver.commit().await?;
            driver.look("after a batch with two schemas was refused")?;
            Ok(false)
        }
        Err(error) => Err(Violation(format!(
            "two schemas in one batch are refused as if trying again would help: {error}"
        ))),
    }
}

/// A batch that comes again under its number, in the same process and in a new one.
pub(super) async fn written_again<B, V>(driver: &mut Driver<B, V>) -> Result<(), Violation>
where
    B: FnMut() -> Box<dyn Sink>,
    V: FnMut() -> Vec<String>,
{
    driver.write(&[4, 2]).await?;
    driver.begin().await?;
    driver.replay().await?;
    driver.look("after a batch was written twice")?;
    driver.commit().await?;
    driver.look("after a batch was written twice, and a commit")?;
    driver.write(&[6]).await?;
    for _ in 0..2 {
        driver.crash().await?;
        driver.replay().await?;
    }
    driver.commit().await?;
    driver.look("after two crashes in a row")
}

/// A receipt that is published once more changes nothing.
pub(super) async fn publish_twice<B, V>(driver: &mut Driver<B, V>) -> Result<(), Violation>
where
    B: FnMut() -> Box<dyn Sink>,
    V: FnMut() -> Vec<String>,
{
    driver.write(&[7]).await?;
    driver.commit().await?;
    let before = driver.seen()?;
    driver.publish().await?;
    let after = driver.seen()?;
    require(before == after, || {
        format!("publish once more changes what is visible: {} rows, {}", before.len(), after.len())
    })?;
    driver.look("after publish once more")
}

/// What the checkpoint holds decides: before it a crash takes all back, after it nothing.
pub(super) async fn crash_around_the_commit<B, V>(
    driver: &mut Driver<B, V>,
) -> Result<(), Violation>
where
    B: FnMut() -> Box<dyn Sink>,
    V: FnMut() -> Vec<String>,
{
    driver.write(&[5]).await?;
    let receipt = driver.settle(true).await?;
    driver.record(receipt);
    driver.crash().await?;
    driver.look("after a crash between the commit and publish")?;
    driver.crash().await?;
    driver.look("after the same receipt was recovered twice")?;

    driver.write(&[5]).await?;
    driver.settle(true).await?;
    driver.write(&[2]).await?;
    driver.crash().await?;
    driver.look("after a crash between settle and the commit")?;
    driver.replay().await?;
    driver.commit().await?;
    driver.look("after a crash between settle and the commit, and a replay")
}

/// A connection that is made again loses nothing that was written before.
pub(super) async fn connect_twice<B, V>(driver: &mut Driver<B, V>) -> Result<(), Violation>
where
    B: FnMut() -> Box<dyn Sink>,
    V: FnMut() -> Vec<String>,
{
    driver.write(&[3]).await?;
    driver.connect().await?;
    driver.write(&[3]).await?;
    driver.commit().await?;
    driver.look("after a second connect")
}

/// What is observed is an object, and does not grow without bound.
pub(super) async fn observe<B, V>(driver: &mut Driver<B, V>) -> Result<(), Violation>
where
    B: FnMut() -> Box<dyn Sink>,
    V: FnMut() -> Vec<String>,
{
    for _ in 0..50 {
        driver.write(&[20]).await?;
    }
    driver.commit().await?;
    driver.look("after fifty batches")?;
    let Some(observed) = driver.sink.observe() else { return Ok(()) };
    let seen = observed.observe();
    require(seen.is_object(), || format!("what is observed is no object: {seen}"))?;
    let size = seen.to_string().len();
    require(size <= OBSERVED_BYTES, || format!("what is observed has {size} bytes"))
}

/// A sink that is closed keeps what is committed, and shows nothing else.
pub(super) async fn close<B, V>(driver: &mut Driver<B, V>) -> Result<(), Violation>
where
    B: FnMut() -> Box<dyn Sink>,
    V: FnMut() -> Vec<String>,
{
    driver.write(&[3]).await?;
    driver.commit().await?;
    driver.write(&[2]).await?;
    let closing = timeout(Duration::from_secs(10), driver.sink.close()).await;
    require(closing.is_ok(), || "close takes longer than ten seconds".to_owned())?;
    if driver.promise != Promise::Volatile {
        driver.look("after close")?;
    }
    driver.crash().await?;
    driver.replay().await?;
    driver.commit().await?;
    driver.look("after close and a new start")
}
