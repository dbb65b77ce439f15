//! One CSV record per record.

use std::sync::Arc;

use arrow::array::{Array, DictionaryArray, RecordBatch, StringArray};
use arrow::datatypes::{FieldRef, Int32Type, SchemaRef};
use forebay_core::dead_letter::Reason;
use forebay_core::decode::{Decode, Decoded, RawColumns};

use super::Kept;
use super::csv_fields::Fields;
use super::text::{no_bytes, no_utf8};
use crate::columns::column::Wrong;
use crate::columns::rows::Rows;
use crate::container::HEADER;
use crate::decoding::CsvOptions;
use crate::schema::{SchemaSpec, Type};

/// Makes typed columns of CSV records. The fields stand in the order of the schema, unless the
/// raw columns have a `header` that says otherwise, as those of a CSV file with a header do.
#[derive(Clone, Debug)]
pub struct Csv {
    spec: SchemaSpec,
    options: CsvOptions,
    kept: Kept,
    schema: SchemaRef,
}

/// Which field of a record belongs to each column.
struct Order {
    /// How many fields a record has.
    width: usize,
    /// The field of each column; `None` if the file has none.
    fields: Vec<Option<usize>>,
}

impl Csv {
    /// A decoder of records of this schema.
    #[must_use]
    pub fn new(spec: &SchemaSpec, options: &CsvOptions, kept: Kept) -> Self {
        let fields: Vec<FieldRef> = spec.to_arrow().fields().iter().cloned().collect();
        let schema = kept.schema(&fields);
        Self { spec: spec.clone(), options: options.clone(), kept, schema }
    }

    /// The order of the schema.
    fn plain_order(&self) -> Order {
        let width = self.spec.fields.len();
        Order { width, fields: (0..width).map(Some).collect() }
    }

    /// The order that a header names.
    fn order_of(&self, header: &str, fields: &mut Fields) -> Result<Order, String> {
        fields.split(header).map_err(|error| format!("the header: {error}"))?;
        let names: Vec<_> = (0..fields.len()).filter_map(|at| fields.get(at)).collect();
        let place = |name: &String| names.iter().position(|named| named.trim() == name);
        Ok(Order {
            width: names.len(),
            fields: self.spec.fields.iter().map(|field| place(&field.name)).collect(),
        })
    }

    /// Appends one record to the rows, or leaves them as they were.
    fn read(
        &self,
        record: &[u8],
        order: &Order,
        fields: &mut Fields,
        rows: &mut Rows,
    ) -> Result<(), Reason> {
        let text = std::str::from_utf8(record).map_err(no_utf8)?;
        fields.split(text).map_err(|error| Reason::new("syntax", error))?;
        if fields.len() != order.width {
            let (expected, found) = (order.width, fields.len());
            return Err(Reason::new("syntax", format!("expected {expected} fields, got {found}")));
        }
        let before = rows.len;
        for (column, place) in rows.columns.iter_mut().zip(&order.fields) {
            let text = place.and_then(|place| fields.get(place));
            let null = text.is_none_or(|text| text == self.options.null);
            let pushed = match text {
                Some(text) if !null || (!column.nullable && column.kind == Type::Text) => {
                    column.push_text(text).map_err(|Wrong(why)| ("type", why))
                }
                _ if column.nullable => {
                    column.push_null();
                    Ok(())
                }
                _ => Err(("missing", "the field must not be null".to_owned())),
            };
            if let Err((class, why)) = pushed {
                let reason = Reason::new(class, format!("field `{}`: {why}", column.name));
                rows.truncate(before);
                return Err(reason);
            }
        }
        rows.len += 1;
        Ok(())
    }
}

/// The header of each record, where the raw columns have one.
fn headers(records: &RecordBatch) -> Option<(&DictionaryArray<Int32Type>, &StringArray)> {
    let column = records.column_by_name(HEADER)?.as_any();
    let keys = column.downcast_ref::<DictionaryArray<Int32Type>>()?;
    Some((keys, keys.values().as_any().downcast_ref()?))
}

impl Decode for Csv {
    fn schema(&self) -> Option<SchemaRef> {
        Some(Arc::clone(&self.schema))
    }

    fn raw(&self) -> Option<RawColumns> {
        Some(self.kept.raw())
    }

    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String> {
        let values = self.kept.values(records)?;
        let mut fields = Fields::new(&self.options);
        let mut rows = Rows::with_capacity(&self.spec, values.len());
        let mut rejected = Vec::new();
        let plain = self.plain_order();
        let headers = headers(records);
        let mut orders = Vec::new();
        for text in headers.iter().flat_map(|(_, texts)| texts.iter().flatten()) {
            orders.push(self.order_of(text, &mut fields)?);
        }
        for (row, value) in (0..).zip(values) {
            let key = headers.and_then(|(keys, _)| keys.key(row as usize));
            let order = key.and_then(|key| orders.get(key)).unwrap_or(&plain);
            let read = match value {
                Some(record) => self.read(record, order, &mut fields, &mut rows),
                None => Err(no_bytes()),
            };
            if let Err(reason) = read {
                rejected.push((row, reason));
            }
        }
        let columns = rows.finish().map_err(|error| error.to_string())?;
        self.kept.assemble(&self.schema, records, columns, rejected)
    }
}
