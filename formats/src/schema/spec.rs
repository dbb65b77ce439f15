//! A schema: fields in their order.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::{FieldSpec, Type};

/// The columns of a record: a table of names to types, in the order of the columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaSpec {
    /// The fields; no two have the same name.
    pub fields: Vec<FieldSpec>,
}

impl SchemaSpec {
    /// A schema of these fields.
    #[must_use]
    pub fn new(fields: Vec<FieldSpec>) -> Self {
        Self { fields }
    }

    /// The field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FieldSpec> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Serialize for SchemaSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for field in &self.fields {
            map.serialize_entry(&field.name, &Typed(&field.kind, field.nullable))?;
        }
        map.end()
    }
}

/// A type with its nullability, as it stands on the right of a name.
struct Typed<'a>(&'a Type, bool);

impl Serialize for Typed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Type::List(element) => {
                let mut list = serializer.serialize_seq(Some(1))?;
                list.serialize_element(&Typed(&element.kind, element.nullable))?;
                list.end()
            }
            Type::Struct(fields) => fields.serialize(serializer),
            simple if self.1 => serializer.collect_str(simple),
            simple => serializer.collect_str(&format_args!("{simple} not null")),
        }
    }
}

impl JsonSchema for SchemaSpec {
    fn schema_name() -> Cow<'static, str> {
        "SchemaSpec".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "names and types of the columns, in their order",
            "additionalProperties": generator.subschema_for::<Type>(),
        })
    }
}

impl JsonSchema for Type {
    fn schema_name() -> Cow<'static, str> {
        "ColumnType".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "a type such as \"bigint\", \"text not null\" or \"decimal(10,2)\"; a list of one type; or a table of fields",
            "oneOf": [
                { "type": "string", "examples": Type::names() },
                { "type": "array", "minItems": 1, "maxItems": 1, "items": generator.subschema_for::<Type>() },
                { "type": "object", "additionalProperties": generator.subschema_for::<Type>() },
            ],
        })
    }
}
