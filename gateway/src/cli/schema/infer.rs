//! `forebay schema infer`.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use forebay_formats::decoding::CsvOptions;
use forebay_formats::infer::{InferError, infer_file};
use forebay_formats::{Decoding, Format};

use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Infer the `schema` of records from a sample, as TOML to paste into a source.
///
/// JSON (one object per line) and CSV are judged by the first 4 MiB: look over what comes out.
/// Parquet and Avro files say themselves what they hold.
#[derive(Debug, Args)]
pub(super) struct Infer {
    /// The file with the sample.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the file is; by default its ending tells.
    #[arg(long, value_enum)]
    format: Option<SampleFormat>,
    /// csv: the character between two fields.
    #[arg(long, value_name = "CHARACTER", default_value_t = ',')]
    delimiter: char,
    /// Print the schema as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// Formats from which a schema can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SampleFormat {
    Json,
    Csv,
    Avro,
    Parquet,
}

impl SampleFormat {
    /// The format that an ending stands for.
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "json" | "jsonl" | "ndjson" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            "avro" => Some(Self::Avro),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }

    fn format(self) -> Format {
        match self {
            Self::Json => Format::Json,
            Self::Csv => Format::Csv,
            Self::Avro => Format::Avro,
            Self::Parquet => Format::Parquet,
        }
    }
}

impl Infer {
    pub(super) fn run(&self, output: &mut Output<'_>) -> io::Result<Exit> {
        let path = self.file.display();
        let Some(format) = self.format.or_else(|| SampleFormat::of(&self.file)) else {
            let message = format!("the ending of `{path}` does not tell its format");
            output.refuse(&message, "add --format json, csv, avro or parquet")?;
            return Ok(Exit::Wrong);
        };
        let csv = CsvOptions { delimiter: self.delimiter, ..CsvOptions::default() };
        let decoding = Decoding { format: format.format(), csv, ..Decoding::default() };
        match infer_file(&self.file, format.format(), &decoding) {
            Ok(schema) if self.json => {
                writeln!(output.out, "{}", serde_json::to_string(&schema)?)?;
                Ok(Exit::Done)
            }
            Ok(schema) => {
                writeln!(output.out, "format = \"{}\"\nschema = {schema}", format.format())?;
                Ok(Exit::Done)
            }
            Err(error) => {
                let help = match &error {
                    InferError::Empty => "take a larger sample",
                    InferError::Record { .. } => {
                        "take the record out of the sample, or name the format with --format"
                    }
                    InferError::Type(_) => "write the schema by hand, without that column",
                    _ => "name a file that can be read, and its format with --format",
                };
                output.refuse(&format!("no schema can be told from `{path}`: {error}"), help)?;
                Ok(Exit::Failed)
            }
        }
    }
}
