//! Turns what was read into rows, on worker threads.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::batch::{Origin, Rows, Slice};
use crate::dead_letter::DeadLetter;
use crate::decode::Decode;

use super::failure::Failure;
use super::letters::Postmark;
use super::report::Reporter;

/// Records that one worker decodes at a time: large enough to be worth a thread, small enough
/// that several threads share a large slice.
const RECORDS_PER_TASK: usize = 32 * 1024;

/// Raw bytes up to which decoding is done in place: handing it over would cost more.
const IN_PLACE_BYTES: u64 = 32 * 1024;

/// The rows of a batch.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    /// Rows by source, in the order in which they were read.
    pub(super) tables: Vec<(Arc<str>, Vec<Rows>)>,
    /// Records that could not be decoded.
    pub(super) letters: Vec<DeadLetter>,
}

/// The decoder of each source, and what is needed to wait for what a decoder fetches.
#[derive(Clone)]
pub(super) struct Decoders {
    pub(super) by_source: Arc<BTreeMap<Arc<str>, Arc<dyn Decode>>>,
    pub(super) backoff: Backoff,
    pub(super) reporter: Arc<Reporter>,
    pub(super) cancel: CancellationToken,
}

impl Decoders {
    fn of(&self, source: &str) -> Result<&dyn Decode, Failure> {
        let decoder = self.by_source.get(source).map(AsRef::as_ref);
        decoder.ok_or_else(|| Failure::fatal(source, "there is no decoder for this source"))
    }

    /// Fetches what decoding a slice needs, however long that takes.
    async fn prepare(&self, slice: &Slice) -> Result<(), Failure> {
        let source = &slice.range.source;
        let Some(prepare) = self.of(source)?.prepare() else { return Ok(()) };
        let mut failures = 0;
        while let Err(error) = prepare.prepare(&slice.records).await {
            failures += 1;
            if failures == 1 {
                tracing::warn!(%source, error, "records cannot be decoded yet; trying again");
            }
            self.reporter.waiting(source, &error);
            tokio::select! {
                () = self.cancel.cancelled() => return Err(Failure::Cancelled),
                () = tokio::time::sleep(self.backoff.pause(failures, fastrand::f64())) => {}
            }
        }
        if failures > 0 {
            self.reporter.recovered(source);
        }
        Ok(())
    }
}

/// Decodes the slices of a batch.
pub(super) async fn decode(
    slices: Vec<Slice>,
    decoders: Decoders,
    postmark: Postmark,
) -> Result<Decoded, Failure> {
    for slice in &slices {
        decoders.prepare(slice).await?;
    }
    let bytes: u64 = slices.iter().map(|slice| slice.range.bytes).sum();
    let portions = portions(slices);
    let mut parts: Vec<Option<Part>> = Vec::new();
    if bytes <= IN_PLACE_BYTES {
        for portion in portions {
            parts.push(Some(decode_portion(portion, &decoders, &postmark)?));
        }
    } else {
        let mut tasks = JoinSet::new();
        for (index, portion) in portions.into_iter().enumerate() {
            let (decoders, postmark) = (decoders.clone(), postmark.clone());
            parts.push(None);
            tasks.spawn_blocking(move || (index, decode_portion(portion, &decoders, &postmark)));
        }
        while let Some(done) = tasks.join_next().await {
            let (index, part) = done.map_err(|error| Failure::fatal("decoder", error))?;
            parts[index] = Some(part?);
        }
    }
    let mut decoded = Decoded::default();
    for part in parts.into_iter().flatten().flatten() {
        decoded.letters.extend(part.letters);
        let table = decoded.tables.iter_mut().find(|(source, _)| *source == part.source);
        match table {
            Some((_, rows)) => rows.push(part.rows),
            None => decoded.tables.push((part.source, vec![part.rows])),
        }
    }
    Ok(decoded)
}

/// What became of one slice.
struct DecodedSlice {
    source: Arc<str>,
    rows: Rows,
    letters: Vec<DeadLetter>,
}

type Part = Vec<DecodedSlice>;

/// Cuts large slices and gathers small ones, so that each portion is worth a thread.
fn portions(slices: Vec<Slice>) -> Vec<Vec<Slice>> {
    let mut portions: Vec<Vec<Slice>> = Vec::new();
    let mut open = 0;
    for slice in slices {
        let records = slice.records.num_rows();
        let mut begin = 0;
        while begin < records {
            if open == 0 {
                portions.push(Vec::new());
            }
            let length = (records - begin).min(RECORDS_PER_TASK - open);
            let cut = Slice { records: slice.records.slice(begin, length), ..slice.clone() };
            if let Some(portion) = portions.last_mut() {
                portion.push(cut);
            }
            begin += length;
            open = (open + length) % RECORDS_PER_TASK;
        }
    }
    portions
}

fn decode_portion(
    portion: Vec<Slice>,
    decoders: &Decoders,
    postmark: &Postmark,
) -> Result<Part, Failure> {
    let decode_slice = |slice: Slice| {
        let source = slice.range.source.clone();
        let decoded = decoders.of(&source)?.decode(&slice.records);
        let decoded = decoded.map_err(|error| Failure::fatal(&source, error))?;
        let letters = decoded
            .rejected
            .into_iter()
            .map(|(row, reason)| postmark.record(&slice, row as usize, reason))
            .collect();
        let origin = Origin { slice: Arc::new(slice), rows: decoded.rows };
        let rows = Rows { columns: decoded.columns, origin: Some(origin) };
        Ok(DecodedSlice { source, rows, letters })
    };
    portion.into_iter().map(decode_slice).collect()
}
