//! Which file a copy was made of.
//!
//! Rotation by copy-and-truncate leaves what was not read yet in a copy, and compression leaves a
//! file that is gone in a compressed copy. A copy holds the same bytes up to where its original
//! was read, which the fingerprint tells.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use forebay_core::SplitId;
use forebay_formats::text_files::{Compression, Input};

use crate::mark::{Mark, Print, WINDOW};

/// A file that another may be a copy of, and how far it was read.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) split: SplitId,
    pub(crate) mark: Mark,
    /// Whether it is gone or was truncated, so that only its copy has the rest.
    pub(crate) is_orphan: bool,
    /// Whether it has the inode of the file in question, on a device of another number.
    pub(crate) is_same: bool,
    /// Where it lies, if nothing of it was read yet and its own first bytes have to tell.
    pub(crate) unread: Option<PathBuf>,
}

impl Candidate {
    /// The mark of the first bytes of a file of which nothing was read. None if it has none.
    fn looked_at(&self) -> Option<Self> {
        let Some(path) = &self.unread else {
            return self.mark.print.is_some().then(|| self.clone());
        };
        let file = File::open(path).ok()?;
        let size = file.metadata().ok()?.len().min(WINDOW);
        let mark = Mark::read(&file, size).ok()?;
        mark.print.is_some().then(|| Self { mark, ..self.clone() })
    }
}

/// The candidate that a file is a copy of: of several the orphan that was read furthest. It blocks.
///
/// # Errors
/// If the file cannot be read.
pub(crate) fn original(
    path: &Path,
    compression: Compression,
    candidates: &[Candidate],
) -> io::Result<Option<Candidate>> {
    let file = File::open(path)?;
    let candidates: Vec<_> = candidates.iter().filter_map(Candidate::looked_at).collect();
    let mut fitting: Vec<&Candidate> = match compression {
        Compression::None | Compression::Auto => {
            let mut fitting = Vec::new();
            for candidate in &candidates {
                if candidate.mark.fits(&file)? {
                    fitting.push(candidate);
                }
            }
            fitting
        }
        compression => {
            let input = Input::new(file, compression, 0, 0)?;
            let fits = fitting_expanded(input.bytes, &candidates)?;
            candidates.iter().zip(fits).filter(|(_, fits)| *fits).map(|(it, _)| it).collect()
        }
    };
    fitting.sort_by_key(|it| (it.is_orphan, it.mark.offset));
    Ok(fitting.pop().cloned())
}

/// Whether a plain file may become a copy of one of the candidates: it is shorter than what was
/// read of that, and begins as it. It blocks.
///
/// # Errors
/// If the file cannot be read.
pub(crate) fn may_become_a_copy(path: &Path, candidates: &[Candidate]) -> io::Result<bool> {
    let file = File::open(path)?;
    for candidate in candidates {
        if candidate.mark.may_fit(&file)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Which candidates a stream of expanded bytes is a copy of.
fn fitting_expanded(mut bytes: impl Read, candidates: &[Candidate]) -> io::Result<Vec<bool>> {
    let window = usize::try_from(WINDOW).unwrap_or(0);
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|index| candidates[*index].mark.offset);
    let mut fits = vec![false; candidates.len()];
    let (mut head, mut last) = (Vec::new(), Vec::new());
    let mut offset = 0_u64;
    let mut chunk = vec![0; 64 << 10];
    for index in order {
        let mark = candidates[index].mark;
        while offset < mark.offset {
            let left = usize::try_from(mark.offset - offset).unwrap_or(usize::MAX);
            let most = left.min(chunk.len());
            let read = bytes.read(&mut chunk[..most])?;
            if read == 0 {
                return Ok(fits);
            }
            let missing = window - head.len();
            head.extend_from_slice(&chunk[..read.min(missing)]);
            last.extend_from_slice(&chunk[..read]);
            last.drain(..last.len().saturating_sub(window));
            offset += read as u64;
        }
        let length = usize::try_from(mark.offset).unwrap_or(window).min(window);
        let found = Print {
            head: crc32fast::hash(&head[..length]),
            tail: crc32fast::hash(&last[last.len() - length..]),
        };
        fits[index] = mark.print == Some(found);
    }
    Ok(fits)
}

/// The offset behind the last line that is ended in a file of this size. It blocks.
///
/// # Errors
/// If the file cannot be read.
pub(crate) fn last_line_end(path: &Path, size: u64, max_line: u64) -> io::Result<Mark> {
    let file = Arc::new(File::open(path)?);
    let size = size.min(file.metadata()?.len());
    let from = size.saturating_sub(max_line);
    let mut bytes = Vec::new();
    crate::reader::Part { file: Arc::clone(&file), at: from, end: size }.read_to_end(&mut bytes)?;
    let ends = bytes.iter().rposition(|byte| *byte == b'\n');
    let offset = match ends {
        Some(at) => from + at as u64 + 1,
        None if from == 0 => 0,
        None => size,
    };
    Mark::read(&file, offset)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::write::GzEncoder;
    use forebay_formats::text_files::Compression;

    use super::{Candidate, last_line_end, may_become_a_copy, original};
    use crate::mark::Mark;

    #[test]
    fn a_copy_is_known_by_what_was_read_plain_or_compressed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let text: String = (0..500).map(|number| format!("line {number}\n")).collect();
        fs::write(path("copy"), &text).unwrap();
        let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        fs::write(path("copy.gz"), gzip.finish().unwrap()).unwrap();
        fs::write(path("other"), text.replace("line 3\n", "line x\n")).unwrap();

        let of = fs::File::open(path("copy")).unwrap();
        let candidate = |split: &str, offset: u64, is_orphan: bool| Candidate {
            split: split.into(),
            mark: Mark::read(&of, offset).unwrap(),
            is_orphan,
            is_same: false,
            unread: None,
        };
        let mut candidates = vec![
            candidate("near", 7, true),
            candidate("far", 2000, true),
            candidate("alive", 3000, false),
            candidate("nothing", 0, true),
        ];
        candidates.push(Candidate { mark: Mark::read(&of, 7).unwrap(), ..candidates[0].clone() });
        for (name, compression) in [("copy", Compression::None), ("copy.gz", Compression::Gzip)] {
            let found = original(&path(name), compression, &candidates).unwrap();
            assert_eq!(found.unwrap().split.as_str(), "far", "{name}");
        }
        let found = original(&path("other"), Compression::None, &candidates).unwrap();
        assert_eq!(found.unwrap().split.as_str(), "near", "it was the same for seven bytes");
        assert!(original(&path("other"), Compression::None, &candidates[1..2]).unwrap().is_none());
        assert!(!may_become_a_copy(&path("other"), &candidates).unwrap());
        fs::write(path("begun"), &text[..1500]).unwrap();
        assert!(may_become_a_copy(&path("begun"), &candidates).unwrap());
        fs::write(path("short"), "line").unwrap();
        assert!(original(&path("short"), Compression::None, &candidates).unwrap().is_none());
    }

    #[test]
    fn the_last_line_end_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for (text, offset) in [("", 0), ("a", 0), ("a\n", 2), ("a\nb", 2), ("0123456789ab", 12)] {
            fs::write(&path, text).unwrap();
            assert_eq!(last_line_end(&path, 100, 10).unwrap().offset, offset, "{text}");
        }
    }
}
