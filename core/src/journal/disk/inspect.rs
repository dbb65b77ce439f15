//! Looking into a journal from outside.

use std::io;
use std::path::{Path, PathBuf};

use super::recovery::extent;
use super::segment::{SEGMENT_HEADER, Segment};
use super::walk::{BLOCK, Damaged, Found, Walk};

/// What stands in one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// The file.
    pub path: PathBuf,
    /// The sequence number of the first record.
    pub first: u64,
    /// The sequence number after the last record.
    pub until: u64,
    /// Records in whole frames.
    pub records: u64,
    /// How far it was written, in bytes.
    pub bytes: u64,
    /// When the first record came, in milliseconds since the Unix epoch; `None` if there is none.
    pub oldest_ms: Option<u64>,
}

/// Bytes of a segment that are no whole frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameDamage {
    /// Where they begin, in bytes.
    pub offset: u64,
    /// Where they end, in bytes.
    pub end: u64,
    /// The sequence numbers of their records, from and until, if their header is whole.
    pub records: Option<(u64, u64)>,
}

/// What a check of one segment found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentReport {
    /// What stands in it.
    pub info: SegmentInfo,
    /// What is damaged in it. At the end of the last segment it may be a write that is under
    /// way, or one that was torn by a crash and is cut off at the next start.
    pub damage: Vec<FrameDamage>,
}

/// The segments of a journal. It may be looked at while a gateway runs.
///
/// # Errors
/// If a file cannot be read, or is no segment that this version knows.
pub fn show(folder: &Path) -> io::Result<Vec<SegmentInfo>> {
    Ok(verify(folder)?.into_iter().map(|report| report.info).collect())
}

/// Checks every frame of a journal. It may be done while a gateway runs.
///
/// # Errors
/// If a file cannot be read, or is no segment that this version knows.
pub fn verify(folder: &Path) -> io::Result<Vec<SegmentReport>> {
    let paths = Segment::list(folder)?;
    let last = paths.last();
    let mut reports = Vec::new();
    for path in &paths {
        let report = report(path, Some(path) == last);
        // One that a gateway is done with meanwhile may be of another segment by now.
        if path.try_exists()? {
            reports.push(report?);
        }
    }
    Ok(reports)
}

fn report(path: &Path, is_last: bool) -> io::Result<SegmentReport> {
    let mut segment = Segment::open(path)?
        .map_err(|what| io::Error::other(format!("cannot read {}: {what}", path.display())))?;
    // Behind its frames stands something of the segment that had the file before.
    if is_last && segment.is_over {
        segment.len = extent(&segment)?.end;
    }
    let mut info = SegmentInfo {
        path: path.to_owned(),
        first: segment.first,
        until: segment.first,
        records: 0,
        bytes: segment.len,
        oldest_ms: None,
    };
    let mut damage = Vec::new();
    let mut walk = Walk::new(&segment, SEGMENT_HEADER, segment.first, BLOCK)?;
    while let Some(found) = walk.next()? {
        match found {
            Found::Frame { piece, .. } => {
                info.until = piece.until;
                info.records += piece.until - piece.first;
                info.oldest_ms.get_or_insert(piece.received_ms);
            }
            Found::Damage(Damaged { offset, end, seqs, .. }) => {
                damage.push(FrameDamage { offset, end, records: seqs });
                info.until = seqs.map_or(info.until, |(_, until)| until);
            }
        }
    }
    Ok(SegmentReport { info, damage })
}
