//! Single values of a column, as text.

use arrow::array::Array;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::instant::Instants;

/// Single values of a column, as text: the same text as in a CSV file.
pub struct Cells<'a> {
    array: &'a dyn Array,
    shape: Shape<'a>,
}

enum Shape<'a> {
    Instants(Instants<'a>),
    Other(ArrayFormatter<'a>),
}

impl<'a> Cells<'a> {
    /// The cells of a column.
    ///
    /// # Errors
    /// If values of its type have no text.
    pub fn of(array: &'a dyn Array) -> Result<Self, ArrowError> {
        const OPTIONS: FormatOptions<'static> = FormatOptions::new().with_display_error(false);
        let shape = match Instants::of(array) {
            Some(instants) => Shape::Instants(instants),
            None => Shape::Other(ArrayFormatter::try_new(array, &OPTIONS)?),
        };
        Ok(Self { array, shape })
    }

    /// The value of a row; `None` for null.
    ///
    /// # Errors
    /// If the value has no text, such as the year 200000.
    pub fn text(&self, row: usize) -> Result<Option<String>, ArrowError> {
        if self.array.is_null(row) {
            return Ok(None);
        }
        match &self.shape {
            Shape::Instants(instants) => {
                let mut bytes = Vec::new();
                if !instants.write(row, &mut bytes) {
                    let number = instants.number(row);
                    let text = format!("the time {number} is not within the years 0000 to 9999");
                    return Err(ArrowError::CastError(text));
                }
                Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
            }
            Shape::Other(formatter) => formatter.value(row).try_to_string().map(Some),
        }
    }
}
