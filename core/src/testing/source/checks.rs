//! What different readings, replays and restarts must have in common.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::super::violation::{during, require};
use super::Violation;
use super::reader::{Content, Limits, PATIENCE, Reader, resume};
use crate::range::Range;
use crate::source::{Resume, Source};

const PLENTY: Limits = Limits { records: 1 << 20, bytes: 64 << 20 };

/// Reads are bounded so that a source that never ends fails instead of hanging.
const ROUNDS: usize = 100_000;

/// Reads everything, and decodes it.
pub(super) async fn whole(
    open: &mut impl FnMut() -> Box<dyn Source>,
) -> Result<Content, Violation> {
    let source = open();
    let decoder = source.decoder();
    let mut reader = Reader::connect(source, &Resume::default()).await?;
    reader.drain(PLENTY, ROUNDS).await?;
    let content = Content::of(reader.slices)?;
    require(content.summary().records > 0, || "the input has no records".to_owned())?;
    for slice in &content.slices {
        let decoded = decoder.decode(&slice.records).map_err(during("decode"))?;
        let rows = slice.records.num_rows();
        let accepted = decoded.columns.num_rows();
        require(decoded.rejected.windows(2).all(|pair| pair[0].0 < pair[1].0), || {
            "rejected records do not ascend".to_owned()
        })?;
        require(decoded.rejected.iter().all(|(row, _)| (*row as usize) < rows), || {
            "the decoder rejects a record that is not there".to_owned()
        })?;
        require(decoded.rows.is_some() || accepted == rows, || {
            format!("of {rows} records come {accepted} rows, and no indices say of which")
        })?;
    }
    reader.source.close().await;
    Ok(content)
}

/// However it is granted, a split yields the same records.
pub(super) async fn any_limits(
    open: &mut impl FnMut() -> Box<dyn Source>,
    whole: &Content,
) -> Result<(), Violation> {
    for limits in [
        Limits { records: 1, bytes: PLENTY.bytes },
        Limits { records: 7, bytes: PLENTY.bytes },
        Limits { records: PLENTY.records, bytes: 1 },
        Limits { records: PLENTY.records, bytes: 200 },
        Limits { records: 3, bytes: 100 },
    ] {
        let mut reader = Reader::connect(open(), &Resume::default()).await?;
        reader.drain(limits, ROUNDS).await?;
        reader.source.close().await;
        whole.require_same(&Content::of(reader.slices)?, &format!("with {limits:?}"))?;
    }
    Ok(())
}

/// What was pinned as the end is not read past.
pub(super) async fn until(
    open: &mut impl FnMut() -> Box<dyn Source>,
    whole: &Content,
) -> Result<(), Violation> {
    let mut pieces = Reader::connect(open(), &Resume::default()).await?;
    pieces.drain(Limits { records: 5, ..PLENTY }, 2).await?;
    pieces.source.close().await;
    let mut pinned = Reader::connect(open(), &Resume::default()).await?;
    let mut grants = pinned.grants(PLENTY).await?;
    grants.retain_mut(|grant| {
        grant.until = pieces.next.get(&grant.split).cloned();
        grant.until.is_some()
    });
    for _ in 0..ROUNDS {
        let read = pinned.read(&grants, Duration::from_secs(5)).await?;
        for grant in &mut grants {
            if let Some(next) = pinned.next.get(&grant.split) {
                grant.from = next.clone();
            }
        }
        grants.retain(|grant| grant.until.as_ref() != Some(&grant.from));
        if read == 0 || grants.is_empty() {
            break;
        }
    }
    pinned.source.close().await;
    require(grants.is_empty(), || {
        format!("`{}` is not read as far as its pinned end", grants[0].split)
    })?;
    Content::of(pieces.slices)?.require_same(&Content::of(pinned.slices)?, "with a pinned end")?;
    require(!whole.slices.is_empty(), || "the input has no records".to_owned())
}

/// Ranges yield the same records again, on another instance.
pub(super) async fn replay(
    open: &mut impl FnMut() -> Box<dyn Source>,
    whole: &Content,
) -> Result<(), Violation> {
    let mut pieces = Reader::connect(open(), &Resume::default()).await?;
    pieces.drain(Limits { records: 11, ..PLENTY }, ROUNDS).await?;
    pieces.source.close().await;
    for first in [&pieces.slices, &whole.slices] {
        let mut reader = Reader::connect(open(), &Resume::default()).await?;
        let ranges: Vec<Range> = first.iter().map(|slice| slice.range.clone()).collect();
        let again = reader.source.replay(&ranges).await.map_err(during("replay"))?;
        require(again.len() == ranges.len(), || {
            format!("{} ranges are replayed as {} slices", ranges.len(), again.len())
        })?;
        for (slice, first) in again.iter().zip(first) {
            let range = &first.range;
            require(slice.range == *range, || {
                format!("the range {range:?} comes back as {:?}", slice.range)
            })?;
            require(slice.records == first.records, || {
                format!("the records of {range:?} differ when they are replayed")
            })?;
            require(slice.raw == first.raw && slice.position == first.position, || {
                format!("the columns of {range:?} differ when they are replayed")
            })?;
        }
        // Reading goes on behind what was replayed.
        for range in &ranges {
            reader.next.insert(range.split.clone(), range.until.clone());
            if range.last {
                reader.ended.insert(range.split.clone());
            }
        }
        reader.drain(PLENTY, ROUNDS).await?;
        require(reader.slices.is_empty(), || "there is more after a replay".to_owned())?;
        reader.source.close().await;
    }
    Ok(())
}

/// After a stop, reading goes on without a gap or an overlap; a commit may be told twice.
pub(super) async fn restart(
    open: &mut impl FnMut() -> Box<dyn Source>,
    whole: &Content,
) -> Result<(), Violation> {
    let mut before = Reader::connect(open(), &Resume::default()).await?;
    before.drain(Limits { records: 13, ..PLENTY }, 2).await?;
    let committed = before.committed();
    for _ in 0..2 {
        before.source.commit(&committed).await.map_err(during("commit"))?;
    }
    before.drain(Limits { records: 13, ..PLENTY }, 1).await?;
    let committed = before.committed();
    before.source.commit(&committed).await.map_err(during("commit"))?;
    before.source.close().await;

    let mut after = Reader::connect(open(), &resume(&committed)).await?;
    after.drain(PLENTY, ROUNDS).await?;
    after.source.close().await;
    let mut slices = before.slices;
    slices.extend(after.slices);
    whole.require_same(&Content::of(slices)?, "after a restart")
}

/// What was read and not committed comes again after a crash.
pub(super) async fn crash(
    open: &mut impl FnMut() -> Box<dyn Source>,
    whole: &Content,
) -> Result<(), Violation> {
    let mut before = Reader::connect(open(), &Resume::default()).await?;
    before.drain(Limits { records: 9, ..PLENTY }, 1).await?;
    let committed = before.committed();
    before.source.commit(&committed).await.map_err(during("commit"))?;
    let durable = before.slices.clone();
    before.drain(Limits { records: 9, ..PLENTY }, 2).await?;
    drop(before);

    let mut after = Reader::connect(open(), &resume(&committed)).await?;
    after.drain(PLENTY, ROUNDS).await?;
    after.source.close().await;
    let mut slices = durable;
    slices.extend(after.slices);
    whole.require_same(&Content::of(slices)?, "after a crash")
}

/// A split that ended for good and was committed does not come again.
pub(super) async fn finished(
    open: &mut impl FnMut() -> Box<dyn Source>,
    whole: &Content,
) -> Result<(), Violation> {
    let mut before = Reader::connect(open(), &Resume::default()).await?;
    before.drain(PLENTY, ROUNDS).await?;
    let committed = before.committed();
    before.source.commit(&committed).await.map_err(during("commit"))?;
    let mut named = BTreeSet::new();
    for _ in 0..3 {
        for split in before.source.forget().await {
            require(before.ended.contains(&split), || {
                format!("`{split}` may be forgotten, but it did not end")
            })?;
            require(named.insert(split.clone()), || format!("`{split}` is forgotten twice"))?;
        }
    }
    for split in &before.ended {
        before.next.remove(split);
    }
    before.slices.clear();
    before.ended.clear();
    before.drain(PLENTY, ROUNDS).await?;
    require(before.slices.is_empty(), || {
        format!("`{}` comes again after its end was committed", before.slices[0].range.split)
    })?;
    before.source.close().await;

    let mut after = Reader::connect(open(), &resume(&committed)).await?;
    let ended = std::mem::take(&mut after.ended);
    after.drain(PLENTY, ROUNDS).await?;
    after.source.close().await;
    require(after.slices.is_empty(), || {
        format!("`{}` comes again after a restart", after.slices[0].range.split)
    })?;
    require(ended.len() <= whole.splits.len(), || "more splits ended than there were".to_owned())
}

/// A read comes back at its deadline, be there records or not.
pub(super) async fn deadline(open: &mut impl FnMut() -> Box<dyn Source>) -> Result<(), Violation> {
    let mut reader = Reader::connect(open(), &Resume::default()).await?;
    let grants = reader.grants(PLENTY).await?;
    let started = Instant::now();
    reader.read(&grants, Duration::ZERO).await?;
    require(started.elapsed() < Duration::from_secs(2), || {
        format!("a read whose deadline has passed takes {:?}", started.elapsed())
    })?;
    reader.drain(PLENTY, ROUNDS).await?;
    let started = Instant::now();
    reader.read(&[], Duration::from_millis(100)).await?;
    require(started.elapsed() < Duration::from_secs(2), || {
        format!("a read without grants takes {:?}", started.elapsed())
    })?;
    reader.source.close().await;
    Ok(())
}

/// A source with a backlog is ready, and dropping `ready` loses nothing.
pub(super) async fn ready(open: &mut impl FnMut() -> Box<dyn Source>) -> Result<(), Violation> {
    let mut reader = Reader::connect(open(), &Resume::default()).await?;
    reader.splits().await?;
    let _ = timeout(Duration::ZERO, reader.source.ready()).await;
    timeout(PATIENCE, reader.source.ready())
        .await
        .map_err(|_| Violation(format!("it has a backlog and is not ready in {PATIENCE:?}")))?;
    let grants = reader.grants(PLENTY).await?;
    let read = reader.read(&grants, Duration::from_secs(5)).await?;
    require(read > 0, || "it is ready and has a backlog, and yields nothing".to_owned())?;
    reader.source.close().await;
    Ok(())
}
