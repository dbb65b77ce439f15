//! Texts with columns in them: `orders-{region}`.

use arrow::array::{Array, RecordBatch};
use forebay_core::dead_letter::Reason;

use super::bytes_column::BytesColumn;
use super::cells::Cells;

/// A text with columns in braces. `{{` and `}}` stand for braces themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Column(String),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let (brace, after) = rest[at..].split_at(1);
            if after.starts_with(brace) {
                literal.push_str(brace);
                rest = &after[1..];
                continue;
            }
            let column = after.split_once('}').filter(|_| brace == "{");
            let Some((column, after)) = column else {
                return Err(format!("a brace of `{text}` has no partner"));
            };
            if column.is_empty() || column.contains('{') {
                return Err(format!("the braces of `{text}` name no column"));
            }
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Column(column.to_owned()));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self { parts })
    }

    /// The text, if there is no column in it.
    #[must_use]
    pub fn fixed(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The column, if there is nothing else in it.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Column(column)] => Some(column),
            _ => None,
        }
    }

    /// The template over the columns of these rows.
    ///
    /// # Errors
    /// If a column is not there, or has values without a text.
    pub fn bind<'a>(&'a self, rows: &'a RecordBatch) -> Result<Filled<'a>, String> {
        if let Some(text) = self.fixed() {
            return Ok(Filled(Shape::Fixed(text)));
        }
        let mut cells = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            cells.push(match part {
                Part::Text(text) => Cell::Text(text),
                Part::Column(name) => Cell::of(name, column(rows, name)?)?,
            });
        }
        if let [Cell::Bytes(bytes)] = cells.as_slice() {
            return Ok(Filled(Shape::Bytes(*bytes)));
        }
        Ok(Filled(Shape::Cells(cells)))
    }
}

/// A column by its name.
///
/// # Errors
/// If there is none.
pub fn column<'a>(rows: &'a RecordBatch, name: &str) -> Result<&'a dyn Array, String> {
    rows.column_by_name(name).map(AsRef::as_ref).ok_or_else(|| {
        let schema = rows.schema();
        let known: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        format!("there is no column `{name}`, only `{}`", known.join("`, `"))
    })
}

/// A template over the columns of some rows.
pub struct Filled<'a>(Shape<'a>);

enum Shape<'a> {
    Fixed(&'a str),
    Bytes(BytesColumn<'a>),
    Cells(Vec<Cell<'a>>),
}

enum Cell<'a> {
    Text(&'a str),
    Bytes(BytesColumn<'a>),
    Told(&'a str, Cells<'a>),
}

impl<'a> Cell<'a> {
    fn of(name: &'a str, array: &'a dyn Array) -> Result<Self, String> {
        if let Some(bytes) = BytesColumn::of(array) {
            return Ok(Self::Bytes(bytes));
        }
        let kind = array.data_type();
        if kind.is_nested() {
            return Err(format!("the column `{name}` is {kind}, which has no text"));
        }
        let told = Cells::of(array)
            .map_err(|error| format!("the column `{name}` ({kind}) has no text: {error}"))?;
        Ok(Self::Told(name, told))
    }
}

impl Filled<'_> {
    /// The bytes for a row, made in `buffer` where they have to be made; `None` if a column in it
    /// is null.
    ///
    /// # Errors
    /// If a value has no text.
    pub fn get<'s>(
        &'s self,
        row: usize,
        buffer: &'s mut Vec<u8>,
    ) -> Result<Option<&'s [u8]>, Reason> {
        let cells = match &self.0 {
            Shape::Fixed(text) => return Ok(Some(text.as_bytes())),
            Shape::Bytes(column) => return Ok(column.get(row)),
            Shape::Cells(cells) => cells,
        };
        buffer.clear();
        for cell in cells {
            match cell {
                Cell::Text(text) => buffer.extend_from_slice(text.as_bytes()),
                Cell::Bytes(column) => match column.get(row) {
                    Some(bytes) => buffer.extend_from_slice(bytes),
                    None => return Ok(None),
                },
                Cell::Told(name, cells) => match cells.text(row) {
                    Ok(Some(text)) => buffer.extend_from_slice(text.as_bytes()),
                    Ok(None) => return Ok(None),
                    Err(error) => {
                        let text = format!("the value of `{name}` has no text: {error}");
                        return Err(Reason::new("range", text));
                    }
                },
            }
        }
        Ok(Some(buffer))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, BinaryArray, Int64Array, ListArray, StringArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    fn rows() -> RecordBatch {
        let region: ArrayRef = Arc::new(StringArray::from(vec![Some("eu"), None]));
        let id: ArrayRef = Arc::new(Int64Array::from(vec![7, -8]));
        let raw: ArrayRef = Arc::new(BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None]));
        let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([
            Some(vec![Some(1)]),
            None,
        ]));
        RecordBatch::try_from_iter([("region", region), ("id", id), ("raw", raw), ("list", list)])
            .unwrap()
    }

    fn filled(template: &str, row: usize) -> Option<Vec<u8>> {
        let template = Template::parse(template).unwrap();
        let rows = rows();
        let filled = template.bind(&rows).unwrap();
        filled.get(row, &mut Vec::new()).unwrap().map(<[u8]>::to_vec)
    }

    #[test]
    fn columns_are_filled_in() {
        for (template, first, second) in [
            ("orders", Some(&b"orders"[..]), Some(&b"orders"[..])),
            ("", Some(b""), Some(b"")),
            ("{raw}", Some(b"\x00\xff"), None),
            ("{id}", Some(b"7"), Some(b"-8")),
            ("orders-{region}-{id}", Some(b"orders-eu-7"), None),
            ("{{{id}}}", Some(b"{7}"), Some(b"{-8}")),
        ] {
            assert_eq!(filled(template, 0).as_deref(), first, "{template}");
            assert_eq!(filled(template, 1).as_deref(), second, "{template}");
        }
    }

    #[test]
    fn a_template_knows_what_it_is() {
        let parse = |text: &str| Template::parse(text).unwrap();
        assert_eq!(parse("{{a}}").fixed(), Some("{a}"));
        assert_eq!(parse("{a}").column(), Some("a"));
        assert_eq!((parse("a{a}").fixed(), parse("a{a}").column()), (None, None));
    }

    #[test]
    fn braces_without_a_partner_and_columns_that_are_not_there_are_found() {
        for text in ["{", "}", "a{b", "a}b", "{}", "{a{b}}", "{a}}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
        let rows = rows();
        for (text, word) in [("{nobody}", "no column `nobody`"), ("{list}", "has no text")] {
            let template = Template::parse(text).unwrap();
            let error = template.bind(&rows).err().unwrap();
            assert!(error.contains(word), "{error}");
        }
    }
}
