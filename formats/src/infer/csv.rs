//! The schema of CSV with a header.

use super::InferError;
use super::guess::{Guess, into_schema};
use crate::decoding::CsvOptions;
use crate::schema::{SchemaSpec, Type};

/// Infers from records below a header. Without a header the columns are `column_1` and so on. The
/// last record may be cut off if there are others.
pub(super) fn infer(sample: &[u8], options: &CsvOptions) -> Result<SchemaSpec, InferError> {
    let sample = sample.strip_prefix("\u{feff}".as_bytes()).unwrap_or(sample);
    let ascii = |c: char| u8::try_from(c).unwrap_or(b'?');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(ascii(options.delimiter))
        .quote(ascii(options.quote))
        .escape(options.escape.map(ascii))
        .has_headers(false)
        .flexible(true)
        .from_reader(sample);
    let mut fields: Vec<(String, Guess)> = Vec::new();
    let mut record = csv::ByteRecord::new();
    let mut number = 0;
    loop {
        let broken = |what: String| InferError::Record { number: number + 1, what };
        if !reader.read_byte_record(&mut record).map_err(|error| broken(error.to_string()))? {
            break;
        }
        let last = reader.position().byte() >= sample.len() as u64;
        let cut_off = last && number > 1 && !sample.ends_with(b"\n");
        if number == 0 {
            for (at, name) in record.iter().enumerate() {
                let name = match options.header {
                    true => std::str::from_utf8(name)
                        .map_err(|_| broken("the header is not UTF-8".into()))?
                        .trim()
                        .to_owned(),
                    false => format!("column_{}", at + 1),
                };
                fields.push((name, Guess::Unknown));
            }
        } else if record.len() != fields.len() && !cut_off {
            let (expected, found) = (fields.len(), record.len());
            return Err(broken(format!("expected {expected} fields, got {found}")));
        }
        if (number > 0 || !options.header) && !cut_off {
            for ((_, guess), field) in fields.iter_mut().zip(&record) {
                let field = String::from_utf8_lossy(field);
                if field != options.null.as_str() {
                    *guess = std::mem::take(guess).merge(Guess::of_field(&field));
                }
            }
        }
        number += 1;
    }
    if number == 0 { Err(InferError::Empty) } else { Ok(into_schema(fields, &Type::Text)) }
}
