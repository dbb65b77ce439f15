//! Lists, sets, maps, tuples and user-defined types.

use std::ops::Range;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, LargeListArray, ListArray, MapArray, StructArray,
};
use arrow::datatypes::DataType;
use scylla_cql_core::frame::response::result::{CollectionType, ColumnType, UserDefinedType};

use super::column::{Column, Encode, NULL};
use super::{Bad, Mismatch};
use crate::settings::BlobText;

/// A column of lists of any kind.
pub enum Lists {
    /// 32-bit offsets.
    Small(ListArray),
    /// 64-bit offsets.
    Large(LargeListArray),
    /// All of one length.
    Fixed(FixedSizeListArray),
    /// Pairs.
    Map(MapArray, ArrayRef),
}

impl Lists {
    /// The column, if it is lists.
    #[must_use]
    pub fn of(array: &ArrayRef) -> Option<Self> {
        Some(match array.data_type() {
            DataType::List(_) => Self::Small(array.as_list::<i32>().clone()),
            DataType::LargeList(_) => Self::Large(array.as_list::<i64>().clone()),
            DataType::FixedSizeList(..) => Self::Fixed(array.as_fixed_size_list().clone()),
            DataType::Map(..) => {
                let map = array.as_map().clone();
                let entries: ArrayRef = std::sync::Arc::new(map.entries().clone());
                Self::Map(map, entries)
            }
            _ => return None,
        })
    }

    /// The elements of all rows.
    #[must_use]
    pub fn values(&self) -> &ArrayRef {
        match self {
            Self::Small(array) => array.values(),
            Self::Large(array) => array.values(),
            Self::Fixed(array) => array.values(),
            Self::Map(_, entries) => entries,
        }
    }

    /// Where a row's elements stand.
    #[must_use]
    pub fn range(&self, row: usize) -> Range<usize> {
        let at = |offset: i64| usize::try_from(offset).unwrap_or(0);
        match self {
            Self::Small(array) => {
                let offsets = array.value_offsets();
                at(offsets[row].into())..at(offsets[row + 1].into())
            }
            Self::Large(array) => {
                let offsets = array.value_offsets();
                at(offsets[row])..at(offsets[row + 1])
            }
            Self::Fixed(array) => {
                let start = at(array.value_offset(row).into());
                start..start + at(array.value_length().into())
            }
            Self::Map(array, _) => {
                let offsets = array.value_offsets();
                at(offsets[row].into())..at(offsets[row + 1].into())
            }
        }
    }

    /// How many elements each row has, if all have the same number.
    #[must_use]
    pub fn fixed_len(&self) -> Option<usize> {
        match self {
            Self::Fixed(array) => usize::try_from(array.value_length()).ok(),
            _ => None,
        }
    }
}

/// Looks at a column as a type that is made of others.
///
/// # Errors
/// The types do not fit.
pub fn encode(
    typ: &ColumnType<'_>,
    array: &ArrayRef,
    blob_text: BlobText,
) -> Result<Encode, Mismatch> {
    if *array.data_type() == DataType::Null {
        return Ok(Box::new(|_, _| Err(Bad::plain("the value is null"))));
    }
    match typ {
        ColumnType::Collection {
            typ: CollectionType::List(of) | CollectionType::Set(of), ..
        } => sequence(typ, of, array, blob_text),
        ColumnType::Collection { typ: CollectionType::Map(key, value), .. } => {
            map(typ, key, value, array, blob_text)
        }
        ColumnType::Tuple(of) => tuple(typ, of, array, blob_text),
        ColumnType::UserDefinedType { definition, .. } => {
            user_defined(typ, definition, array, blob_text)
        }
        _ => Err(Mismatch::new(array.data_type(), typ, "nothing: this version does not know it")),
    }
}

fn count(length: usize, out: &mut Vec<u8>) -> Result<(), Bad> {
    let length = i32::try_from(length).map_err(|_| Bad::plain("there are too many elements"))?;
    out.extend_from_slice(&length.to_be_bytes());
    Ok(())
}

/// An element, which must not be null, with its length.
fn element(column: &Column, index: usize, what: &str, out: &mut Vec<u8>) -> Result<(), Bad> {
    if column.is_null(index) {
        return Err(Bad::plain(&format!("{what} is null, which a collection cannot hold")));
    }
    column.write(index, NULL, out)
}

fn sequence(
    typ: &ColumnType<'_>,
    of: &ColumnType<'_>,
    array: &ArrayRef,
    blob_text: BlobText,
) -> Result<Encode, Mismatch> {
    let lists = Lists::of(array)
        .filter(|lists| !matches!(lists, Lists::Map(..)))
        .ok_or_else(|| Mismatch::new(array.data_type(), typ, "lists"))?;
    let column =
        Column::new(of, lists.values(), blob_text).map_err(|error| error.within("an element"))?;
    Ok(Box::new(move |row, out| {
        let range = lists.range(row);
        count(range.len(), out)?;
        range.into_iter().try_for_each(|index| element(&column, index, "an element", out))
    }))
}

fn map(
    typ: &ColumnType<'_>,
    key: &ColumnType<'_>,
    value: &ColumnType<'_>,
    array: &ArrayRef,
    blob_text: BlobText,
) -> Result<Encode, Mismatch> {
    let wrong = || Mismatch::new(array.data_type(), typ, "maps, and lists of a struct of two");
    let lists = Lists::of(array).ok_or_else(wrong)?;
    let entries = lists.values().as_struct_opt().filter(|it| it.num_columns() == 2);
    let entries = entries.ok_or_else(wrong)?;
    let keys = Column::new(key, entries.column(0), blob_text).map_err(|it| it.within("a key"))?;
    let values =
        Column::new(value, entries.column(1), blob_text).map_err(|it| it.within("a value"))?;
    Ok(Box::new(move |row, out| {
        let range = lists.range(row);
        count(range.len(), out)?;
        range.into_iter().try_for_each(|index| {
            element(&keys, index, "a key", out)?;
            element(&values, index, "a value", out)
        })
    }))
}

fn tuple(
    typ: &ColumnType<'_>,
    of: &[ColumnType<'_>],
    array: &ArrayRef,
    blob_text: BlobText,
) -> Result<Encode, Mismatch> {
    let takes = format!("structs of {} fields", of.len());
    let wrong = || Mismatch::new(array.data_type(), typ, takes.clone());
    let fields = array.as_struct_opt().filter(|it| it.num_columns() == of.len());
    let fields = fields.ok_or_else(wrong)?;
    let columns = of.iter().zip(fields.columns()).enumerate().map(|(index, (typ, array))| {
        Column::new(typ, array, blob_text).map_err(|it| it.within(format!("field {}", index + 1)))
    });
    parts(columns.map(|column| column.map(Some)).collect::<Result<_, _>>()?)
}

fn user_defined(
    typ: &ColumnType<'_>,
    definition: &UserDefinedType<'_>,
    array: &ArrayRef,
    blob_text: BlobText,
) -> Result<Encode, Mismatch> {
    let names: Vec<&str> = definition.field_types.iter().map(|(name, _)| name.as_ref()).collect();
    let takes = format!("structs with the fields {}", names.join(", "));
    let wrong = || Mismatch::new(array.data_type(), typ, takes.clone());
    let fields = array.as_struct_opt().ok_or_else(wrong)?;
    let place = |name: &str| field_named(fields, name);
    let taken: Vec<Option<usize>> = names.iter().map(|name| place(name)).collect();
    // A field that has no place would be lost.
    let is_complete = (0..fields.num_columns()).all(|index| taken.contains(&Some(index)));
    if !is_complete {
        return Err(wrong());
    }
    let columns = definition.field_types.iter().zip(taken).map(|((name, typ), index)| {
        let array = index.map(|index| fields.column(index));
        let column = array.map(|array| Column::new(typ, array, blob_text)).transpose();
        column.map_err(|it| it.within(format!("field `{name}`")))
    });
    parts(columns.collect::<Result<_, _>>()?)
}

/// The field of this name, or the only one whose name differs in case alone.
fn field_named(fields: &StructArray, name: &str) -> Option<usize> {
    let names = fields.column_names();
    names.iter().position(|it| *it == name).or_else(|| {
        let mut alike = (0..names.len()).filter(|index| names[*index].eq_ignore_ascii_case(name));
        alike.next().filter(|_| alike.next().is_none())
    })
}

/// Values one after the other, each with its length; null where there is no column.
fn parts(columns: Vec<Option<Column>>) -> Result<Encode, Mismatch> {
    Ok(Box::new(move |row, out| {
        columns.iter().try_for_each(|column| match column {
            Some(column) => column.write(row, NULL, out),
            None => {
                out.extend_from_slice(&NULL);
                Ok(())
            }
        })
    }))
}
