//! Which row goes to which folder.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, Schema, TimeUnit};
use arrow::row::{RowConverter, SortField};
use forebay_core::dead_letter::Reason;
use forebay_formats::encode::Cells;
use jiff::Timestamp;

use crate::escape::{MAX_NAME_BYTES, partition};
use crate::time_folder::TimeFolder;

/// Which row goes to which folder.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Folders by time, and the column that the time is taken from, if not from the clock.
    pub(crate) time: Option<(TimeFolder, Option<String>)>,
    /// Columns that make folders.
    pub(crate) columns: Vec<String>,
    /// The longest path of a folder, in bytes, relative to the sink's own.
    pub(crate) max_bytes: usize,
}

/// Rows by folder.
#[derive(Debug, Default)]
pub(crate) struct Placed {
    /// Each folder, relative to the sink's own, and its rows; the sink's own is the empty text.
    pub(crate) folders: Vec<(Arc<str>, Vec<u32>)>,
    /// Rows that no folder can be made for.
    pub(crate) rejected: Vec<(usize, Reason)>,
}

/// A folder, or why there can be none.
type Folder = Result<Arc<str>, Reason>;

impl Layout {
    /// The indices of the columns that stay in the files.
    pub(crate) fn columns_in_files(&self, schema: &Schema) -> Vec<usize> {
        let names = schema.fields().iter().map(|field| field.name());
        let stays = names.enumerate().filter(|(_, name)| !self.columns.contains(name));
        stays.map(|(index, _)| index).collect()
    }

    /// Sorts the given rows into folders, in the order in which these come up.
    ///
    /// # Errors
    /// If a column is not there, or has a type that makes no folders.
    pub(crate) fn place(
        &self,
        table: &RecordBatch,
        rows: impl Iterator<Item = usize>,
        now_ms: u64,
    ) -> Result<Placed, String> {
        let times = self.times(table, now_ms)?;
        let keys = self.keys(table)?;
        let mut groups: HashMap<_, usize> = HashMap::new();
        let mut folders: Vec<(Folder, Vec<u32>)> = Vec::new();
        // Neighbours often go to the same folder.
        let mut last = None;
        for row in rows {
            let time = times.folder_of(row);
            let key = (time, keys.as_ref().map(|keys| keys.row(row)));
            let group = match last {
                Some((last_key, group)) if last_key == key => group,
                _ => *groups.entry(key).or_insert_with(|| {
                    folders.push((self.folder(&times.folders[time], table, row), Vec::new()));
                    folders.len() - 1
                }),
            };
            last = Some((key, group));
            // Arrow's own limit: a batch of more rows cannot be indexed with its kernels.
            folders[group].1.push(u32::try_from(row).unwrap_or(u32::MAX));
        }
        let mut placed = Placed::default();
        for (folder, rows) in folders {
            match folder {
                Ok(folder) => placed.folders.push((folder, rows)),
                Err(reason) => placed
                    .rejected
                    .extend(rows.into_iter().map(|row| (row as usize, reason.clone()))),
            }
        }
        Ok(placed)
    }

    /// The values of the partition columns in a form that can be compared quickly.
    fn keys(&self, table: &RecordBatch) -> Result<Option<arrow::row::Rows>, String> {
        if self.columns.is_empty() {
            return Ok(None);
        }
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for name in &self.columns {
            let column = column(table, name, "partition_by")?;
            if column.data_type().is_nested() {
                let kind = column.data_type();
                return Err(format!(
                    "the column `{name}` ({kind}) is nested: `partition_by` can only take plain columns"
                ));
            }
            columns.push(Arc::clone(column));
        }
        let fields = columns.iter().map(|column| SortField::new(column.data_type().clone()));
        RowConverter::new(fields.collect())
            .and_then(|converter| converter.convert_columns(&columns))
            .map(Some)
            .map_err(|error| format!("`partition_by` cannot take these columns: {error}"))
    }

    /// The folder that a row goes to, given that of its time.
    fn folder(&self, time: &Folder, table: &RecordBatch, row: usize) -> Folder {
        let refuse = |text: String| Reason::new("partition", text);
        let mut parts: Vec<String> = Vec::new();
        let time = time.as_ref().map_err(Clone::clone)?;
        if !time.is_empty() {
            parts.push(time.to_string());
        }
        for name in &self.columns {
            let column = column(table, name, "partition_by").map_err(refuse)?;
            let value = Cells::of(column)
                .and_then(|cells| cells.text(row))
                .map_err(|error| refuse(format!("`{name}` cannot name a folder: {error}")))?;
            let part = partition(name, value.as_deref());
            if part.len() > MAX_NAME_BYTES {
                return Err(refuse(format!(
                    "the value of `{name}` makes a folder name of {} bytes, {MAX_NAME_BYTES} are possible",
                    part.len()
                )));
            }
            parts.push(part);
        }
        let folder = parts.join("/");
        if folder.len() > self.max_bytes {
            return Err(refuse(format!(
                "the folder of the row has a path of {} bytes, {} are possible",
                folder.len(),
                self.max_bytes
            )));
        }
        Ok(folder.into())
    }

    fn times(&self, table: &RecordBatch, now_ms: u64) -> Result<Times, String> {
        let Some((pattern, time_column)) = &self.time else {
            return Ok(Times::always(Ok("".into())));
        };
        let Some(name) = time_column else {
            let now_ms = i64::try_from(now_ms).unwrap_or(i64::MAX);
            let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::MAX);
            return Ok(Times::always(pattern.name(now).map(Into::into).map_err(unfit_time)));
        };
        let column = column(table, name, "time_column")?;
        let per_second = match column.data_type() {
            DataType::Timestamp(TimeUnit::Second, _) => 1,
            DataType::Timestamp(TimeUnit::Millisecond, _) | DataType::Date64 => 1_000,
            DataType::Timestamp(TimeUnit::Microsecond, _) => 1_000_000,
            DataType::Timestamp(TimeUnit::Nanosecond, _) => 1_000_000_000,
            DataType::Date32 => 0,
            kind => {
                return Err(format!(
                    "the column `{name}` is {kind}: `time_column` needs a timestamp or a date"
                ));
            }
        };
        let numbers = cast(column, &DataType::Int64).map_err(|error| error.to_string())?;
        let numbers = numbers.as_primitive::<Int64Type>();
        let mut times = Times::default();
        let mut by_second: HashMap<i64, usize> = HashMap::new();
        let mut without_time = None;
        for number in numbers {
            let folder = match number {
                None => *without_time
                    .get_or_insert_with(|| times.add(Ok(pattern.name_without_time().into()))),
                Some(number) => {
                    let second = match per_second {
                        0 => number.saturating_mul(86_400),
                        per_second => number.div_euclid(per_second),
                    };
                    *by_second.entry(second).or_insert_with(|| {
                        let time =
                            Timestamp::from_second(second).map_err(|error| error.to_string());
                        let name = time.and_then(|time| pattern.name(time));
                        times.add(name.map(Into::into).map_err(unfit_time))
                    })
                }
            };
            times.of_rows.push(folder);
        }
        Ok(times)
    }
}

fn unfit_time(error: String) -> Reason {
    Reason::new("partition", format!("the time of the row makes no folder: {error}"))
}

fn column<'a>(table: &'a RecordBatch, name: &str, option: &str) -> Result<&'a ArrayRef, String> {
    table.column_by_name(name).ok_or_else(|| {
        let schema = table.schema();
        let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        format!("`{option}` names the column `{name}`, but there are only {}", names.join(", "))
    })
}

/// The folders by time that rows go to.
#[derive(Default)]
struct Times {
    folders: Vec<Folder>,
    /// For each row the index of its folder; empty if all go to the first.
    of_rows: Vec<usize>,
}

impl Times {
    fn always(folder: Folder) -> Self {
        Self { folders: vec![folder], of_rows: Vec::new() }
    }

    fn folder_of(&self, row: usize) -> usize {
        self.of_rows.get(row).copied().unwrap_or(0)
    }

    /// The index of a folder, which is added if it is not there yet. Neighbours in time share a
    /// folder, so the last ones are looked at first.
    fn add(&mut self, folder: Folder) -> usize {
        match self.folders.iter().rposition(|known| *known == folder) {
            Some(index) => index,
            None => {
                self.folders.push(folder);
                self.folders.len() - 1
            }
        }
    }
}
