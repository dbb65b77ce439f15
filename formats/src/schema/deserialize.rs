//! Schemas read from a configuration, in the order in which they are written.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{FieldSpec, SchemaSpec, Type};

/// Lists and tables within each other, at most.
const MAX_DEPTH: usize = 32;

impl<'de> serde::Deserialize<'de> for SchemaSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Table { path: "", depth: 0 })
    }
}

/// A table of fields at a path.
struct Table<'a> {
    path: &'a str,
    depth: usize,
}

impl<'de> Visitor<'de> for Table<'_> {
    type Value = SchemaSpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of names and types, such as { id = \"bigint\", name = \"text\" }")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SchemaSpec, A::Error> {
        let mut schema = SchemaSpec::default();
        while let Some(name) = map.next_key::<String>()? {
            let path = match self.path {
                "" => name.clone(),
                outer => format!("{outer}.{name}"),
            };
            let right = map.next_value_seed(Right { path: &path, depth: self.depth + 1 })?;
            if schema.field(&name).is_some() {
                return Err(A::Error::custom(format_args!("`{path}` stands twice")));
            }
            schema.fields.push(FieldSpec { name, ..right });
        }
        Ok(schema)
    }
}

/// The right side of a name: a text, a list of one, or a table.
struct Right<'a> {
    path: &'a str,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Right<'_> {
    type Value = FieldSpec;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<FieldSpec, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Right<'_> {
    type Value = FieldSpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a type for `{}`: \"text\", [\"text\"] or {{ name = \"text\" }}", self.path)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<FieldSpec, E> {
        let (name, nullable) = split_nullability(text);
        match name.parse() {
            Ok(kind) => Ok(FieldSpec { name: String::new(), kind, nullable }),
            Err(unknown) => Err(E::custom(format_args!("field `{}`: {unknown}", self.path))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<FieldSpec, A::Error> {
        let path = format!("{}[]", self.path);
        let depth = self.deeper()?;
        let wrong = || {
            A::Error::custom(format_args!(
                "field `{}`: a list is written with exactly one type, such as [\"text\"]",
                self.path
            ))
        };
        let element = list.next_element_seed(Right { path: &path, depth })?.ok_or_else(wrong)?;
        if list.next_element::<serde::de::IgnoredAny>()?.is_some() {
            return Err(wrong());
        }
        Ok(FieldSpec::new("", Type::List(Box::new(FieldSpec { name: "item".into(), ..element }))))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FieldSpec, A::Error> {
        let depth = self.deeper()?;
        let fields = Table { path: self.path, depth }.visit_map(map)?;
        if fields.fields.is_empty() {
            return Err(A::Error::custom(format_args!("field `{}` has no fields", self.path)));
        }
        Ok(FieldSpec::new("", Type::Struct(fields)))
    }
}

impl Right<'_> {
    fn deeper<E: Error>(&self) -> Result<usize, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!(
                "field `{}` lies deeper than {MAX_DEPTH} levels",
                self.path
            )));
        }
        Ok(self.depth + 1)
    }
}

/// Divides `text not null` and `text!` into the name and whether null is allowed.
fn split_nullability(text: &str) -> (&str, bool) {
    let text = text.trim();
    if let Some(name) = text.strip_suffix('!') {
        return (name, false);
    }
    let mut words = text.rsplitn(3, char::is_whitespace).filter(|word| !word.is_empty());
    let last = words.next().unwrap_or_default();
    let before = words.next().unwrap_or_default();
    if last.eq_ignore_ascii_case("null") && before.eq_ignore_ascii_case("not") {
        return (words.next().unwrap_or_default(), false);
    }
    (text, true)
}
