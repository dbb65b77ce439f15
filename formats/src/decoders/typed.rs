//! Columns of a file that are typed already.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use forebay_core::decode::{Decode, Decoded};

use super::kept::rows_but;
use crate::conform::Conform;
use crate::schema::SchemaSpec;

/// Makes typed columns those of a schema: by name, absent ones as nulls, types cast where no value
/// changes its meaning. A row with a value that its column cannot hold is refused, alone.
#[derive(Clone, Debug)]
pub struct Typed {
    conform: Conform,
}

impl Typed {
    /// A decoder to the columns of this schema.
    #[must_use]
    pub fn new(wanted: &SchemaSpec) -> Self {
        Self { conform: Conform::to(wanted) }
    }
}

impl Decode for Typed {
    fn schema(&self) -> Option<SchemaRef> {
        Some(self.conform.schema())
    }

    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String> {
        let (columns, rejected) = self.conform.apply_each(records)?;
        let rows = (!rejected.is_empty()).then(|| rows_but(records.num_rows(), &rejected));
        Ok(Decoded { columns, rows, rejected })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        Array, ArrayRef, AsArray, DictionaryArray, Int64Array, ListArray, RecordBatch, StringArray,
    };
    use arrow::datatypes::{Int8Type, Int32Type, Int64Type};
    use forebay_core::decode::{Decode, Decoded};

    use super::Typed;
    use crate::Decoding;

    fn decode(schema: &str, columns: Vec<(&str, ArrayRef)>) -> Decoded {
        let options: Decoding = toml::from_str(&format!("schema = {schema}")).unwrap();
        let rows = columns[0].1.len();
        let decoded = Typed::new(&options.schema.unwrap())
            .decode(
                &RecordBatch::try_from_iter_with_nullable(
                    columns.into_iter().map(|(name, column)| (name, column, true)),
                )
                .unwrap(),
            )
            .unwrap();
        assert_eq!(decoded.columns.num_rows() + decoded.rejected.len(), rows);
        decoded
    }

    fn refused(decoded: &Decoded) -> Vec<(u32, &str)> {
        decoded.rejected.iter().map(|(row, reason)| (*row, reason.class)).collect()
    }

    #[test]
    fn a_row_that_does_not_fit_is_refused_alone() {
        let ids: Int64Array = (0..1000).map(|id| (id != 7).then_some(id % 128)).collect();
        let mut ids: Vec<_> = ids.iter().collect();
        ids[400] = Some(300);
        let names = StringArray::from_iter((0..1000).map(|row| Some(format!("{row}"))));
        let columns: Vec<(&str, ArrayRef)> =
            vec![("name", Arc::new(names)), ("id", Arc::new(Int64Array::from(ids)))];
        let decoded = decode(r#"{ id = "tinyint!", name = "int", none = "date" }"#, columns);
        assert_eq!(refused(&decoded), [(7, "missing"), (400, "type")]);
        assert!(decoded.rejected[1].1.text.starts_with("column `id`: "), "{:?}", decoded.rejected);
        let rows = decoded.rows.as_ref().unwrap();
        assert_eq!((rows.value(6), rows.value(7), rows.value(997)), (6, 8, 999));
        let names = decoded.columns["name"].as_primitive::<Int32Type>().values();
        assert!(names.iter().zip(rows.values()).all(|(name, row)| *name == *row as i32));
    }

    #[test]
    fn every_second_row_may_be_refused() {
        let ids = Int64Array::from_iter_values((0..9999).map(|id| (id % 2) * 1000));
        let decoded = decode(r#"{ id = "tinyint" }"#, vec![("id", Arc::new(ids))]);
        assert_eq!(decoded.rejected.len(), 4999);
        assert!(
            decoded.columns["id"].as_primitive::<Int8Type>().values().iter().all(|id| *id == 0)
        );
    }

    #[test]
    fn elements_and_dictionary_values_of_other_rows_do_no_harm() {
        let lists = [vec![Some(1)], vec![Some(2), Some(70_000)], vec![], vec![Some(3)]];
        let lists = ListArray::from_iter_primitive::<Int64Type, _, _>(lists.map(Some));
        let words: DictionaryArray<Int32Type> = ["1", "2", "x", "1"].into_iter().collect();
        let columns: Vec<(&str, ArrayRef)> =
            vec![("lists", Arc::new(lists)), ("words", Arc::new(words))];
        let decoded = decode(r#"{ lists = ["smallint"], words = "int" }"#, columns);
        assert_eq!(refused(&decoded), [(1, "type"), (2, "type")]);
        assert_eq!(decoded.columns["words"].as_primitive::<Int32Type>().values().as_ref(), [1, 1]);
    }
}
