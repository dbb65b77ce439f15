//! Which rows delete.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;

use crate::conversion::integer;
use crate::conversion::text::Texts;

/// Tells of the rows of one chunk which delete.
pub enum Marker {
    /// None.
    Never,
    /// Those without any value beside the key.
    Nulls,
    /// Those with certain values in a field.
    Field(Box<dyn Fn(usize) -> bool + Send + Sync>),
}

impl Marker {
    /// Looks at a field; a value that is none of these, and null, does not delete.
    #[must_use]
    pub fn of(array: &ArrayRef, values: &[String]) -> Self {
        let nulls = array.logical_nulls();
        let is_null = move |row| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        let values = values.to_vec();
        if *array.data_type() == DataType::Boolean {
            let array = array.as_boolean().clone();
            let of = [false, true].map(|value| values.contains(&value.to_string()));
            return Self::Field(Box::new(move |row| {
                !is_null(row) && of[usize::from(array.value(row))]
            }));
        }
        if let Some(texts) = Texts::of(array) {
            return Self::Field(Box::new(move |row| {
                !is_null(row) && values.iter().any(|value| value == texts.value(row))
            }));
        }
        let Some(whole) = integer::whole(array) else { return Self::Never };
        let numbers: Vec<i128> = values.iter().filter_map(|value| value.parse().ok()).collect();
        Self::Field(Box::new(move |row| {
            !is_null(row) && whole(row).is_ok_and(|number| numbers.contains(&number))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{BooleanArray, Int32Array, StringArray};
    use std::sync::Arc;

    fn deleting(array: ArrayRef, values: &[&str]) -> Vec<usize> {
        let values: Vec<String> = values.iter().map(|it| (*it).to_owned()).collect();
        let Marker::Field(deletes) = Marker::of(&array, &values) else { return Vec::new() };
        (0..array.len()).filter(|row| deletes(*row)).collect()
    }

    #[test]
    fn values_of_each_kind_are_known_again() {
        let texts = StringArray::from(vec![Some("d"), Some("i"), None, Some("delete")]);
        assert_eq!(deleting(Arc::new(texts), &["d", "delete"]), [0, 3]);
        let flags = BooleanArray::from(vec![Some(true), Some(false), None]);
        assert_eq!(deleting(Arc::new(flags), &["true"]), [0]);
        let numbers = Int32Array::from(vec![Some(1), Some(-1), None, Some(0)]);
        assert_eq!(deleting(Arc::new(numbers), &["-1", "x"]), [1]);
    }
}
