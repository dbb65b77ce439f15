//! A JSON object read into a row, without a tree in between.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::buffer::Values;
use super::column::{Column, too_large};
use super::rows::Rows;

/// Where in a record an error struck, and of which class it is.
#[derive(Debug, Default)]
pub(crate) struct Fault {
    /// The names that lead to it, innermost first.
    path: Vec<String>,
    /// Its class, if it is none of syntax or type.
    pub(crate) class: Option<&'static str>,
}

impl Fault {
    /// The path as dotted names.
    pub(crate) fn path(&self) -> String {
        self.path.iter().rev().map(String::as_str).collect::<Vec<_>>().join(".")
    }

    fn within(&mut self, name: &str) {
        self.path.push(name.to_owned());
    }
}

/// Reads one object into the next row. After an error the row has to be truncated away.
pub(crate) struct RowSeed<'a> {
    /// The rows.
    pub(crate) rows: &'a mut Rows,
    /// Where an error is described.
    pub(crate) fault: &'a mut Fault,
    /// Whether a name that is not in the schema is an error.
    pub(crate) refuse_unknown: bool,
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let row = self.rows.len;
        let mut likely = 0;
        loop {
            let key = Key { rows: self.rows, likely, refuse_unknown: self.refuse_unknown };
            let Some(field) = map.next_key_seed(key)? else { break };
            let Some(index) = field else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            likely = index + 1;
            let column = &mut self.rows.columns[index];
            // A name that stands twice: the last one counts, as everywhere in JSON.
            if column.len() > row {
                column.truncate(row);
            }
            let refuse_unknown = self.refuse_unknown;
            let value = ValueSeed { column, fault: self.fault, refuse_unknown };
            if let Err(error) = map.next_value_seed(value) {
                self.fault.within(&self.rows.columns[index].name);
                return Err(error);
            }
        }
        for column in &mut self.rows.columns {
            if column.len() == row {
                if !column.nullable {
                    self.fault.class = Some("missing");
                    self.fault.within(&column.name);
                    return Err(A::Error::custom("the field is missing"));
                }
                column.push_null();
            }
        }
        self.rows.len += 1;
        Ok(())
    }
}

/// Finds the column of a name. Records of one kind mostly have their fields in one order, so the
/// column after the last one is tried first.
struct Key<'a> {
    rows: &'a Rows,
    likely: usize,
    refuse_unknown: bool,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Option<usize>, E> {
        let columns = &self.rows.columns;
        if columns.get(self.likely).is_some_and(|column| column.name == name) {
            return Ok(Some(self.likely));
        }
        let found = columns.iter().position(|column| column.name == name);
        if found.is_none() && self.refuse_unknown {
            let name = super::column::quoted(name);
            return Err(E::custom(format_args!("the schema has no field {name}")));
        }
        Ok(found)
    }
}

/// Appends one value to a column.
struct ValueSeed<'a> {
    column: &'a mut Column,
    fault: &'a mut Fault,
    refuse_unknown: bool,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.column.values {
            // These two need the text as it stands: a double would lose digits.
            Values::Decimal(..) | Values::Json(_) => {
                let raw: &RawValue = serde::Deserialize::deserialize(deserializer)?;
                self.take_raw(raw.get())
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl ValueSeed<'_> {
    fn take_raw<E: Error>(self, raw: &str) -> Result<(), E> {
        if raw == "null" {
            return self.visit_unit();
        }
        if let Values::Json(values) = &mut self.column.values {
            if !values.push(raw.as_bytes()) {
                return Err(E::custom(too_large()));
            }
            self.column.nulls.append_non_null();
            return Ok(());
        }
        if raw.starts_with('"') {
            let text: String = serde_json::from_str(raw).map_err(E::custom)?;
            return self.column.push_text(&text).map_err(E::custom);
        }
        self.column.push_text(raw).map_err(E::custom)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.column.kind)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.column.push_bool(value).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.column.push_integer(value.into()).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.column.push_integer(value.into()).map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.column.push_float(value).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.column.push_text(value).map_err(E::custom)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        if !self.column.nullable {
            self.fault.class = Some("missing");
            return Err(E::custom("the field must not be null"));
        }
        self.column.push_null();
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Values::List(offsets, child) = &mut self.column.values else {
            return Err(A::Error::custom(self.column.wrong(format_args!("a list"))));
        };
        loop {
            let refuse_unknown = self.refuse_unknown;
            let element = ValueSeed { column: child, fault: self.fault, refuse_unknown };
            if list.next_element_seed(element)?.is_none() {
                break;
            }
        }
        let end = i32::try_from(child.len()).map_err(|_| A::Error::custom(too_large()))?;
        offsets.push(end);
        self.column.nulls.append_non_null();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let Values::Struct(rows) = &mut self.column.values else {
            return Err(A::Error::custom(self.column.wrong(format_args!("an object"))));
        };
        let refuse_unknown = self.refuse_unknown;
        RowSeed { rows, fault: self.fault, refuse_unknown }.visit_map(map)?;
        self.column.nulls.append_non_null();
        Ok(())
    }
}
