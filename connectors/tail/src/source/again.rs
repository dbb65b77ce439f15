//! What was read before a crash, read again.

use std::path::Path;

use forebay_core::batch::Slice;
use forebay_core::source::SourceError;
use forebay_core::{Range, SplitId};
use forebay_formats::text_files::{Compression, Gathered};

use super::answers::TailSource;
use crate::cutter::Limits;
use crate::divider::Ending;
use crate::heir::{Candidate, original};
use crate::listing::stem;
use crate::mark::Mark;
use crate::reader::{Failure, Portion, Wanted};
use crate::worker::{Job, work};

impl TailSource {
    /// Reads a range again: from its file, or, if that was truncated or is gone, from a copy.
    pub(super) async fn again(&mut self, range: &Range) -> Result<Slice, SourceError> {
        let split = &range.split;
        let (from, until) = (self.mark(split, &range.from)?, self.mark(split, &range.until)?);
        let now = self.view.now();
        let Some(entry) = self.view.catalog.adopt(split, from, now) else {
            return Err(self.foreign(&format!("split `{split}`")));
        };
        let name = entry.identity.name.clone();
        let wanted = Wanted {
            path: entry.path.clone(),
            key: entry.identity.key,
            compression: entry.compression,
            from,
            until: Some(until.offset),
            ending: Ending::Final,
        };
        if range.records == 0 {
            return self.slice(range.clone(), Gathered::new(), &name);
        }
        let mut found = self.portion(range, wanted.clone()).await?;
        let mut read_from = wanted.key;
        let is_it = |portion: &Portion| {
            portion.until.offset == until.offset
                && portion.gathered.rows() as u64 == range.records
                && (portion.until.print.is_none() || portion.until == until)
        };
        if !found.as_ref().is_ok_and(is_it)
            && let Some(copy) = self.copy_of(split, until, &name, &wanted).await
        {
            read_from = copy.key;
            found = self.portion(range, copy).await?;
        }
        let why = match found {
            Ok(portion) if is_it(&portion) => {
                let size = portion.size;
                let catalog = &mut self.view.catalog;
                catalog.read(split, until, range.records, size, None, now);
                catalog.pass_on(split, |start| start < until.offset, until);
                catalog.was_copied(split, read_from, until);
                return self.slice(range.clone(), portion.gathered, &name);
            }
            Ok(_) | Err(Failure::Anew) => "the file has other bytes there now".to_owned(),
            Err(Failure::Moved) => "the file is gone".to_owned(),
            Err(Failure::Unreadable(why)) => {
                let text = format!("`{split}` cannot be read again: {why}");
                return Err(SourceError::Transient(text));
            }
        };
        Err(SourceError::Lost(format!(
            "records {} to {} of `{split}` were read before and cannot be read again: {why}, and no copy of it was found",
            range.from, range.until
        )))
    }

    async fn portion(
        &mut self,
        range: &Range,
        wanted: Wanted,
    ) -> Result<Result<Portion, Failure>, SourceError> {
        let limits = Limits { records: range.records, bytes: u64::MAX, deadline: None };
        let split = range.split.clone();
        let job = Job { split, generation: range.generation, wanted, limits, open: None };
        let broken = |what: String| SourceError::Transient(format!("reading files {what}"));
        let work = work(&self.manner, vec![job], 0).await;
        let (mut outcomes, _) = work.map_err(|error| broken(format!("broke off: {error}")))?;
        outcomes.pop().map(|it| it.portion).ok_or_else(|| broken("broke off".to_owned()))
    }

    /// A file that has the same bytes up to a mark.
    async fn copy_of(
        &mut self,
        split: &SplitId,
        until: Mark,
        name: &str,
        wanted: &Wanted,
    ) -> Option<Wanted> {
        let candidate = Candidate {
            split: split.clone(),
            mark: Some(until).filter(|mark| mark.print.is_some())?,
            trail: Vec::new(),
            is_orphan: true,
            is_same: false,
            place: None,
        };
        for seen in self.view.list(stem(Path::new(name))).await.files {
            let compression = Compression::Auto.of(&seen.path);
            let (path, candidates) = (seen.path.clone(), vec![candidate.clone()]);
            let looked = move || original(&path, compression, &candidates);
            let found = tokio::task::spawn_blocking(looked).await;
            if matches!(found, Ok(Ok(Some(_)))) {
                let (path, key) = (seen.path, seen.key);
                return Some(Wanted { path, key, compression, ..wanted.clone() });
            }
        }
        None
    }
}
