//! Which file a copy was made of.
//!
//! Rotation by copy-and-truncate leaves what was not read yet in a copy, and compression leaves a
//! file that is gone in a compressed copy. A copy holds the same bytes up to where its original
//! was read, which the fingerprint tells.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use forebay_core::SplitId;
use forebay_formats::text_files::{Compression, Input};

use crate::identity::FileKey;
use crate::mark::{Mark, Print, WINDOW};
use crate::reader::{Failure, Part, open_file};

/// A file that another may be a copy of, and how far it was read.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) split: SplitId,
    pub(crate) mark: Mark,
    /// Marks up to which it was read before.
    pub(crate) trail: Vec<Mark>,
    /// Whether it is gone or was truncated, so that only its copy has the rest.
    pub(crate) is_orphan: bool,
    /// Whether it has the inode of the file in question, on a device of another number.
    pub(crate) is_same: bool,
    /// Where it lies, if it is there.
    pub(crate) place: Option<(PathBuf, FileKey)>,
}

impl Candidate {
    /// With the mark of its first bytes, if nothing of it was read. None if it has none.
    fn looked_at(&self) -> Option<Self> {
        if self.mark.print.is_some() {
            return Some(self.clone());
        }
        let (path, key) = self.place.as_ref()?;
        let file = open_file(path, *key).ok()?;
        let size = file.metadata().ok()?.len().min(WINDOW);
        let mark = Mark::read(&file, size).ok()?;
        mark.print.is_some().then(|| Self { mark, ..self.clone() })
    }
}

/// The candidate that a file is a copy of, with the mark from which on it has what was not read: of
/// several the orphan that was read furthest. It blocks.
///
/// What was written behind a copy, before its original was truncated, may have been read there: then
/// the copy is shorter than what was read, and has nothing that was not.
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
    let mut fitting: Vec<Candidate> = match compression {
        Compression::None | Compression::Auto => {
            let mut fitting = Vec::new();
            let size = file.metadata()?.len();
            for candidate in candidates {
                if candidate.mark.fits(&file)? {
                    fitting.push(candidate);
                } else if size < candidate.mark.offset
                    && let Some(passed) = candidate.trail.iter().rfind(|it| it.offset <= size)
                    && passed.fits(&file)?
                {
                    fitting.push(Candidate { mark: Mark::read(&file, size)?, ..candidate });
                }
            }
            fitting
        }
        compression => {
            let input = Input::new(file, compression, 0, 0)?;
            let fits = fitting_expanded(input.bytes, &candidates)?;
            candidates.into_iter().zip(fits).filter(|(_, fits)| *fits).map(|(it, _)| it).collect()
        }
    };
    fitting.sort_by_key(|it| (it.is_orphan, it.mark.offset));
    Ok(fitting.pop())
}

/// Whether a plain file is, as far as it goes, the beginning of a candidate that is still there:
/// then it may be its copy, just being made. The first bytes of both are compared, and the last
/// ones before the end of the file in question. It blocks.
///
/// Ask this before [`original`]: a file that is not the beginning of another which was truncated in
/// that moment is a whole copy by then.
///
/// # Errors
/// If one of the files cannot be read.
pub(crate) fn may_become_a_copy(path: &Path, candidates: &[Candidate]) -> io::Result<bool> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let own = Mark::read(&file, size);
    for (path, key) in candidates.iter().filter_map(|it| it.place.as_ref()) {
        let other = match open_file(path, *key) {
            Ok(other) => other,
            // It has another name now, or none: the next look at the folder tells.
            Err(Failure::Moved | Failure::Anew) => return Ok(true),
            Err(Failure::Unreadable(why)) => return Err(io::Error::other(why)),
        };
        match (&own, Mark::read(&other, size)) {
            (Ok(own), Ok(other)) if *own == other => return Ok(true),
            (_, Err(error)) if error.kind() != ErrorKind::UnexpectedEof => return Err(error),
            _ => {}
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
    Part { file: Arc::clone(&file), at: from, end: size }.read_to_end(&mut bytes)?;
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
    use crate::identity::FileKey;
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
            trail: Vec::new(),
            is_orphan,
            is_same: false,
            place: None,
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
        fs::write(path("short"), "line").unwrap();
        assert!(original(&path("short"), Compression::None, &candidates).unwrap().is_none());
    }

    #[test]
    fn a_copy_that_is_shorter_than_what_was_read_has_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let text: String = (0..500).map(|number| format!("line {number}\n")).collect();
        let path = folder.path().join("a");
        fs::write(&path, &text).unwrap();
        let file = fs::File::open(&path).unwrap();
        let mark = |offset| Mark::read(&file, offset).unwrap();
        let of = Candidate {
            split: "log".into(),
            mark: mark(4000),
            trail: vec![mark(1000), mark(2000), mark(3000)],
            is_orphan: true,
            is_same: false,
            place: None,
        };
        let found = |size: usize, text: &str| {
            fs::write(folder.path().join("copy"), &text[..size]).unwrap();
            let of = std::slice::from_ref(&of);
            let found = original(&folder.path().join("copy"), Compression::None, of).unwrap();
            found.map(|it| it.mark.offset)
        };
        for (size, from) in [(4300, 4000), (4000, 4000), (3500, 3500), (1200, 1200)] {
            assert_eq!(found(size, &text), Some(from), "{size}");
        }
        assert_eq!(found(900, &text), None, "it was read past that too long ago");
        assert_eq!(found(2500, &text.replace("line 200\n", "line xyz\n")), None);
    }

    #[test]
    fn what_begins_as_a_file_that_is_there_may_become_its_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let text: String = (0..500).map(|number| format!("line {number}\n")).collect();
        fs::write(path("log"), &text).unwrap();
        let key = FileKey::of(&fs::metadata(path("log")).unwrap());
        let log = Candidate {
            split: "log".into(),
            mark: Mark::START,
            trail: Vec::new(),
            is_orphan: false,
            is_same: false,
            place: Some((path("log"), key)),
        };
        let gone = Candidate { place: None, is_orphan: true, ..log.clone() };
        let may = |text: &str, of: &Candidate| {
            fs::write(path("copy"), text).unwrap();
            may_become_a_copy(&path("copy"), std::slice::from_ref(of)).unwrap()
        };
        for length in [0, 1, 100, 1024, 1500, text.len()] {
            assert!(may(&text[..length], &log), "{length}");
            assert!(!may(&text[..length], &gone), "{length}: who has the rest cannot be asked");
        }
        let other = text.replace("line 300\n", "line xyz\n");
        let at = text.find("line 301\n").unwrap();
        assert!(may(&other[..at - 9], &log) && !may(&other[..at], &log));
        assert!(!may(&format!("{text}more\n"), &log), "it is longer");
        fs::rename(path("log"), path("log.1")).unwrap();
        assert!(may(&text, &log), "a look tells where it is");
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
