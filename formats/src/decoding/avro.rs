//! The options of Avro.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use forebay_core::component::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How Avro records are read that do not come in container files, which carry their schema.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AvroOptions {
    /// The schema that the records were written with, as JSON text. Needed unless `format = "avro"`
    /// is used for files.
    pub writer_schema: Option<String>,
    /// A file with the schema that the records were written with, instead of `writer_schema`. A
    /// relative path begins at the folder of the configuration file. It is read at the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writer_schema_file: Option<PathBuf>,
    /// The schema that records are read as, as JSON text: fields by name or alias, defaults for
    /// those that the writer did not have, types by
    /// [Avro's rules](https://avro.apache.org/docs/1.12.0/specification/#schema-resolution).
    /// Default: as they were written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reader_schema: Option<String>,
    /// A file with the schema that records are read as, instead of `reader_schema`. A relative
    /// path begins at the folder of the configuration file. It is read at the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reader_schema_file: Option<PathBuf>,
    /// What stands before each datum. Default `none`.
    pub framing: AvroFraming,
}

/// The largest schema that is read from a file, in bytes.
const MAX_SCHEMA: u64 = 4 << 20;

impl AvroOptions {
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (key, text, file) in [
            ("writer_schema", &self.writer_schema, &self.writer_schema_file),
            ("reader_schema", &self.reader_schema, &self.reader_schema_file),
        ] {
            let path = format!("avro.{key}");
            if text.is_some() && file.is_some() {
                let both = format!("it is given as a text, and as a file in `{key}_file`");
                problems.push(Problem::at(&path, both).help("leave one of them out"));
            }
            if let Some(text) = text
                && let Err(error) = crate::decoders::check_schema(text)
            {
                problems.push(Problem::at(&path, error));
            }
        }
        problems
    }

    /// The same with the texts of the files; relative paths begin at `base`.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(crate) fn loaded(&self, base: &Path) -> Result<Self, Problem> {
        let mut loaded = self.clone();
        for (key, text, file) in [
            ("writer", &mut loaded.writer_schema, &mut loaded.writer_schema_file),
            ("reader", &mut loaded.reader_schema, &mut loaded.reader_schema_file),
        ] {
            let Some(file) = file.take() else { continue };
            let key = format!("avro.{key}_schema_file");
            let wrong = |what: String| Problem::at(&key, what);
            let schema = read(&base.join(&file)).map_err(|error| {
                wrong(format!("`{}` cannot be read: {error}", base.join(&file).display()))
            })?;
            crate::decoders::check_schema(&schema).map_err(wrong)?;
            *text = Some(schema);
        }
        Ok(loaded)
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(MAX_SCHEMA + 1).read_to_string(&mut text)?;
    match read as u64 > MAX_SCHEMA {
        true => Err(std::io::Error::other("it is larger than 4 MiB")),
        false => Ok(text),
    }
}

/// What stands before an Avro datum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AvroFraming {
    /// Nothing.
    #[default]
    None,
    /// The two bytes and the fingerprint of Avro's
    /// [single-object encoding](https://avro.apache.org/docs/1.12.0/specification/#single-object-encoding);
    /// the fingerprint has to be that of the schema.
    SingleObject,
    /// The zero byte and the four bytes of a schema id of
    /// [Confluent's wire format](https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format);
    /// the id is not looked up: all records have to be written with `writer_schema`.
    Confluent,
}
