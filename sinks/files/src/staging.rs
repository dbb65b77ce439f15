//! Staged files, their rolling, and the receipt.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::Fields;
use forebay_core::component::{BuildContext, Problem};
use forebay_core::sink::{Receipt, Rejected, Verdict, Written};
use forebay_core::{Batch, BatchId};
use forebay_formats::encode::{EncodeError, Encoding};
use tokio::time::Instant;

use crate::device::{self, sentence};
use crate::escape::whole_name;
use crate::layout::Layout;
use crate::open_file::{ClosedFile, OpenFile, Output};
use crate::options::FilesOptions;
use crate::receipt::{FilesReceipt, StagedFile};
use crate::time_folder::TimeFolder;

/// The hidden folder in which all instances stage.
pub(crate) const HIDDEN_FOLDER: &str = ".forebay";
/// The ending of staged files, so that a pattern such as `**/*.csv` does not find them.
const STAGED_ENDING: &str = "staged";
/// What row groups of all open files may hold in memory together.
const MEMORY_BYTES: u64 = 128 << 20;
/// Files are published when there are so many, or the receipt would grow too large.
const RECEIPT_FILES: usize = 1_000;
/// The longest path that Linux takes, less what a file name needs.
const MAX_PATH_BYTES: usize = 4096 - 256;

/// What does not change while the sink runs.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The folder of the sink.
    pub(crate) root: PathBuf,
    /// The folder of this instance's staged files, relative to the root.
    pub(crate) staging: String,
    encoding: Encoding,
    layout: Layout,
    name: String,
    roll_bytes: u64,
    roll_rows: u64,
    roll_interval: Duration,
    max_open_files: usize,
}

impl Plan {
    pub(crate) fn new(options: &FilesOptions, context: &BuildContext) -> Result<Self, Problem> {
        let root = context.path(&options.path);
        let root = std::path::absolute(&root).unwrap_or(root);
        let time = match &options.partition_time {
            Some(pattern) => {
                let folder = TimeFolder::parse(pattern)
                    .map_err(|message| Problem::at("partition_time", message))?;
                Some((folder, options.time_column.clone()))
            }
            None => None,
        };
        let max_bytes = MAX_PATH_BYTES.saturating_sub(root.as_os_str().len());
        Ok(Self {
            staging: format!("{HIDDEN_FOLDER}/{}", whole_name(&context.instance)),
            encoding: options.encoding.clone(),
            layout: Layout { time, columns: options.partition_by.clone(), max_bytes },
            name: options.name.clone().unwrap_or_else(|| whole_name(&context.pipeline)),
            roll_bytes: options.roll_bytes.0,
            roll_rows: options.roll_rows.unwrap_or(u64::MAX),
            roll_interval: options.roll_interval.0,
            max_open_files: options.max_open_files,
            root,
        })
    }

    /// The folder of this instance's staged files.
    pub(crate) fn staging_folder(&self) -> PathBuf {
        self.root.join(&self.staging)
    }
}

/// Why rows could not be staged.
#[derive(Debug)]
pub(crate) enum StageError {
    /// The columns do not fit the options.
    Columns(String),
    /// What is staged is in doubt.
    Doubt(String),
}

/// What a file is for: a folder, and columns.
type Purpose = (Arc<str>, Fields);

/// Staged files. Everything here may block.
pub(crate) struct Staging {
    pub(crate) plan: Plan,
    output: Output,
    /// Which recovery it began with.
    pub(crate) run: u64,
    /// Tells the files of this run from those of any other.
    token: String,
    /// How many files were opened in this run.
    opened: u64,
    /// How many times rows were written in this run.
    writes: u64,
    open: HashMap<Purpose, OpenFile>,
    /// Whole files that no receipt names.
    closed: Vec<ClosedFile>,
    /// Files that a receipt names and that were not published.
    pub(crate) settled: Vec<StagedFile>,
    /// When the first batch since the last receipt was written.
    since: Option<Instant>,
}

impl Staging {
    pub(crate) fn new(plan: Plan, output: Output) -> Self {
        Self {
            plan,
            output,
            run: 0,
            token: format!("{:016x}", fastrand::u64(..)),
            opened: 0,
            writes: 0,
            open: HashMap::new(),
            closed: Vec::new(),
            settled: Vec::new(),
            since: None,
        }
    }

    /// Forgets everything that was staged, and begins a run of its own.
    pub(crate) fn reset(&mut self) {
        let run = self.run;
        *self = Self { run, ..Self::new(self.plan.clone(), Arc::clone(&self.output)) };
    }

    /// Stages the rows of a batch.
    pub(crate) fn write(
        &mut self,
        batch: &Batch,
        now: Instant,
        now_ms: u64,
    ) -> Result<Written, StageError> {
        self.since.get_or_insert(now);
        let mut rejected = Vec::new();
        for (chunk, rows) in batch.chunks.iter().enumerate() {
            let reject =
                |(row, reason)| Rejected { chunk, row, verdict: Verdict::DeadLetter, reason };
            let unfit = self.write_chunk(batch.id, &rows.columns, now_ms)?;
            rejected.extend(unfit.into_iter().map(reject));
        }
        Ok(Written { rejected })
    }

    fn write_chunk(
        &mut self,
        batch: BatchId,
        table: &RecordBatch,
        now_ms: u64,
    ) -> Result<Vec<(usize, forebay_core::dead_letter::Reason)>, StageError> {
        if table.num_rows() == 0 {
            return Ok(Vec::new());
        }
        let kept = self.plan.layout.columns_in_files(&table.schema());
        if kept.is_empty() {
            return Err(StageError::Columns(
                "`partition_by` names all columns there are, so nothing is left for the files"
                    .to_owned(),
            ));
        }
        let content = table.project(&kept).map_err(|error| doubt(&error))?;
        let mut rejected = self.plan.encoding.misfits(&content);
        let mut unfit = rejected.iter().map(|(row, _)| *row).peekable();
        let fit = (0..table.num_rows()).filter(move |row| unfit.next_if_eq(row).is_none());
        let placed = self.plan.layout.place(table, fit, now_ms).map_err(StageError::Columns)?;
        for (folder, rows) in placed.folders {
            if rows.len() == table.num_rows() {
                self.write_rows(batch, folder, &content)?;
            } else {
                let rows = take_record_batch(&content, &UInt32Array::from(rows))
                    .map_err(|error| doubt(&error))?;
                self.write_rows(batch, folder, &rows)?;
            }
        }
        rejected.extend(placed.rejected);
        rejected.sort_by_key(|(row, _)| *row);
        Ok(rejected)
    }

    fn write_rows(
        &mut self,
        batch: BatchId,
        folder: Arc<str>,
        rows: &RecordBatch,
    ) -> Result<(), StageError> {
        self.writes += 1;
        let purpose = (folder, rows.schema().fields().clone());
        let mut file = match self.open.remove(&purpose) {
            Some(file) => file,
            None => self.open_file(batch, &purpose.0, rows)?,
        };
        file.last_use = self.writes;
        let result = file.write(batch, rows);
        result.map_err(|error| self.explain(&file.staged, error))?;
        self.open.insert(purpose, file);
        self.bound_memory()
    }

    fn open_file(
        &mut self,
        batch: BatchId,
        folder: &Arc<str>,
        rows: &RecordBatch,
    ) -> Result<OpenFile, StageError> {
        while self.open.len() >= self.plan.max_open_files {
            self.close_one()?;
        }
        self.opened += 1;
        let staged = format!("{}-{}.{STAGED_ENDING}", self.token, self.opened);
        let path = self.plan.staging_folder().join(&staged);
        let about = (staged.clone(), Arc::clone(folder), self.opened, batch);
        OpenFile::create(&path, &self.output, &self.plan.encoding, &rows.schema(), about)
            .map_err(|error| self.explain(&staged, error))
    }

    /// Closes the file that was not written to for longest.
    fn close_one(&mut self) -> Result<(), StageError> {
        let oldest = self.open.iter().min_by_key(|(_, file)| file.last_use);
        let Some(purpose) = oldest.map(|(purpose, _)| purpose.clone()) else { return Ok(()) };
        match self.open.remove(&purpose) {
            Some(file) => self.close_file(file),
            None => Ok(()),
        }
    }

    fn close_file(&mut self, file: OpenFile) -> Result<(), StageError> {
        let staged = file.staged.clone();
        let closed = file.close().map_err(|error| self.explain(&staged, error))?;
        self.closed.push(closed);
        Ok(())
    }

    /// Lets the file that holds most in memory hand it to the disk, until it is little enough.
    fn bound_memory(&mut self) -> Result<(), StageError> {
        loop {
            let buffered: u64 = self.open.values().map(OpenFile::buffered).sum();
            if buffered <= MEMORY_BYTES {
                return Ok(());
            }
            let Some(largest) = self.open.values_mut().max_by_key(|file| file.buffered()) else {
                return Ok(());
            };
            let before = largest.buffered();
            let (result, staged) = (largest.flush(), largest.staged.clone());
            let after = largest.buffered();
            result.map_err(|error| self.explain(&staged, error))?;
            if after >= before {
                return Ok(());
            }
        }
    }

    /// Ends and syncs all files if it is time to, or in any case if `must`.
    pub(crate) fn settle(
        &mut self,
        must: bool,
        now: Instant,
    ) -> Result<Option<Receipt>, StageError> {
        let Some(since) = self.since else { return Ok(None) };
        let nothing_staged = self.open.is_empty() && self.closed.is_empty();
        let due =
            must || nothing_staged
                || now.saturating_duration_since(since) >= self.plan.roll_interval
                || self.open.values().any(|file| {
                    file.rows >= self.plan.roll_rows || file.bytes() >= self.plan.roll_bytes
                })
                || self.closed.iter().any(|file| {
                    file.rows >= self.plan.roll_rows || file.bytes >= self.plan.roll_bytes
                })
                || self.open.len() + self.closed.len() >= RECEIPT_FILES;
        if !due {
            return Ok(None);
        }
        let mut open: Vec<OpenFile> = self.open.drain().map(|(_, file)| file).collect();
        open.sort_by_key(|file| file.number);
        for file in open {
            self.close_file(file)?;
        }
        if !self.closed.is_empty() {
            let folder = self.plan.staging_folder();
            device::sync_folder(&folder)
                .map_err(|error| StageError::Doubt(sentence("sync", &folder, &error)))?;
        }
        for file in std::mem::take(&mut self.closed) {
            let name = self.final_name(&file);
            self.settled.push(StagedFile(file.staged, name));
        }
        self.since = None;
        let receipt = FilesReceipt {
            path: self.plan.root.clone(),
            staging: self.plan.staging.clone(),
            files: self.settled.clone(),
        };
        Ok(Some(receipt.to_json()))
    }

    /// Where readers will see a file. Batches are counted anew under a new checkpoint; the token
    /// of the run keeps the names apart.
    fn final_name(&self, file: &ClosedFile) -> String {
        let (first, last) = file.batches;
        let (name, token, number) = (&self.plan.name, &self.token, file.number);
        let ending = self.plan.encoding.extension();
        let file_name = format!("{name}-{first:012}-{last:012}-{token}-{number:04}.{ending}");
        if file.folder.is_empty() { file_name } else { format!("{}/{file_name}", file.folder) }
    }

    /// The paths of staged files that no receipt names.
    pub(crate) fn unsettled(&self) -> Vec<PathBuf> {
        let folder = self.plan.staging_folder();
        let open = self.open.values().map(|file| &file.staged);
        let closed = self.closed.iter().map(|file| &file.staged);
        open.chain(closed).map(|staged| folder.join(staged)).collect()
    }

    /// How many files are being written, and the bytes and rows that no receipt names.
    pub(crate) fn amounts(&self) -> (usize, u64, u64) {
        let bytes = self.open.values().map(OpenFile::bytes).sum::<u64>()
            + self.closed.iter().map(|file| file.bytes).sum::<u64>();
        let rows = self.open.values().map(|file| file.rows).sum::<u64>()
            + self.closed.iter().map(|file| file.rows).sum::<u64>();
        (self.open.len(), bytes, rows)
    }

    fn explain(&self, staged: &str, error: EncodeError) -> StageError {
        match error {
            EncodeError::Columns(text) | EncodeError::Value(text) => StageError::Columns(text),
            EncodeError::Io(error) => {
                let path = self.plan.staging_folder().join(staged);
                StageError::Doubt(sentence("write", &path, &error))
            }
            other => StageError::Doubt(other.to_string()),
        }
    }
}

fn doubt(error: &impl std::fmt::Display) -> StageError {
    StageError::Doubt(format!("rows could not be sorted into files: {error}"))
}
