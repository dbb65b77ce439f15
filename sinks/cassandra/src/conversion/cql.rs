//! The names of CQL types.

use scylla_cql_core::frame::response::result::{CollectionType, ColumnType, NativeType};

/// A type as it is written in CQL.
#[must_use]
pub fn name(typ: &ColumnType<'_>) -> String {
    match typ {
        ColumnType::Native(native) => native_name(native).to_owned(),
        ColumnType::Collection { frozen, typ } => {
            let inner = match typ {
                CollectionType::List(of) => format!("list<{}>", name(of)),
                CollectionType::Set(of) => format!("set<{}>", name(of)),
                CollectionType::Map(key, value) => format!("map<{}, {}>", name(key), name(value)),
                other => format!("{other:?}"),
            };
            if *frozen { format!("frozen<{inner}>") } else { inner }
        }
        ColumnType::Vector { typ, dimensions } => format!("vector<{}, {dimensions}>", name(typ)),
        ColumnType::UserDefinedType { definition, .. } => definition.name.to_string(),
        ColumnType::Tuple(of) => {
            format!("tuple<{}>", of.iter().map(name).collect::<Vec<_>>().join(", "))
        }
        other => format!("{other:?}"),
    }
}

fn native_name(native: &NativeType) -> &'static str {
    match native {
        NativeType::Ascii => "ascii",
        NativeType::Boolean => "boolean",
        NativeType::Blob => "blob",
        NativeType::Counter => "counter",
        NativeType::Date => "date",
        NativeType::Decimal => "decimal",
        NativeType::Double => "double",
        NativeType::Duration => "duration",
        NativeType::Float => "float",
        NativeType::Int => "int",
        NativeType::BigInt => "bigint",
        NativeType::Text => "text",
        NativeType::Timestamp => "timestamp",
        NativeType::Inet => "inet",
        NativeType::SmallInt => "smallint",
        NativeType::TinyInt => "tinyint",
        NativeType::Time => "time",
        NativeType::Timeuuid => "timeuuid",
        NativeType::Uuid => "uuid",
        NativeType::Varint => "varint",
        _ => "a type that is not known",
    }
}
