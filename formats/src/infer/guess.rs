//! The narrowest type that holds all values of a field.

use serde_json::{Map, Value};

use crate::columns::text;
use crate::schema::{FieldSpec, SchemaSpec, Type};

/// What is known of the values of a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Guess {
    /// Only nulls so far.
    #[default]
    Unknown,
    Boolean,
    Integer,
    /// A number that a double holds.
    Number,
    Date,
    Timestamp,
    Uuid,
    Text,
    List(Box<Guess>),
    /// Fields in the order in which they first came.
    Struct(Vec<(String, Guess)>),
    /// Values that have nothing in common.
    Mixed,
}

impl Guess {
    /// What a JSON value alone tells.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Unknown,
            Value::Bool(_) => Self::Boolean,
            Value::Number(number) if number.is_i64() => Self::Integer,
            Value::Number(_) => Self::Number,
            Value::String(string) => Self::of_string(string),
            Value::Array(list) => Self::List(Box::new(
                list.iter().fold(Self::Unknown, |guess, value| guess.merge(Self::of(value))),
            )),
            Value::Object(fields) => Self::Struct(Self::fields(fields)),
        }
    }

    /// What the fields of an object tell.
    pub(super) fn fields(fields: &Map<String, Value>) -> Vec<(String, Self)> {
        fields.iter().map(|(name, value)| (name.clone(), Self::of(value))).collect()
    }

    fn of_string(string: &str) -> Self {
        // An integer would be read as milliseconds: it has to look like a time to be one.
        let looks_like_time = string.len() >= 10 && string.as_bytes()[4] == b'-';
        match () {
            () if looks_like_time && text::date(string).is_some() => Self::Date,
            () if looks_like_time && text::timestamp(string).is_some() => Self::Timestamp,
            () if string.len() == 36 && text::uuid(string).is_some() => Self::Uuid,
            () => Self::Text,
        }
    }

    /// What a field of CSV tells.
    pub(super) fn of_field(field: &str) -> Self {
        match () {
            () if field.eq_ignore_ascii_case("true") || field.eq_ignore_ascii_case("false") => {
                Self::Boolean
            }
            // Digits with a zero before them are a code, such as a postal code.
            () if field.len() > 1 && field.starts_with('0') && !field.contains('.') => Self::Text,
            () if field.parse::<i64>().is_ok() => Self::Integer,
            () if field.bytes().any(|b| b.is_ascii_digit()) && field.parse::<f64>().is_ok() => {
                Self::Number
            }
            () => Self::of_string(field),
        }
    }

    /// What two values tell together.
    pub(super) fn merge(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Unknown, known) | (known, Self::Unknown) => known,
            (Self::Integer, Self::Number) | (Self::Number, Self::Integer) => Self::Number,
            (Self::Date, Self::Timestamp) | (Self::Timestamp, Self::Date) => Self::Timestamp,
            (a, b) if a.is_string() && b.is_string() => Self::Text,
            (Self::List(a), Self::List(b)) => Self::List(Box::new(a.merge(*b))),
            (Self::Struct(a), Self::Struct(b)) => Self::Struct(merge_fields(a, b)),
            _ => Self::Mixed,
        }
    }

    fn is_string(&self) -> bool {
        matches!(self, Self::Date | Self::Timestamp | Self::Uuid | Self::Text)
    }

    /// The type of a column for such values. `mixed` is for those that have nothing in common.
    pub(super) fn into_type(self, mixed: &Type) -> Type {
        match self {
            Self::Unknown | Self::Mixed => mixed.clone(),
            Self::Boolean => Type::Boolean,
            Self::Integer => Type::BigInt,
            Self::Number => Type::Double,
            Self::Date => Type::Date,
            Self::Timestamp => Type::Timestamp,
            Self::Uuid => Type::Uuid,
            Self::Text => Type::Text,
            Self::List(element) => {
                Type::List(Box::new(FieldSpec::new("item", element.into_type(mixed))))
            }
            Self::Struct(fields) if fields.is_empty() => mixed.clone(),
            Self::Struct(fields) => Type::Struct(into_schema(fields, mixed)),
        }
    }
}

/// The fields of two records together.
pub(super) fn merge_fields(
    mut fields: Vec<(String, Guess)>,
    others: Vec<(String, Guess)>,
) -> Vec<(String, Guess)> {
    for (at, (name, other)) in others.into_iter().enumerate() {
        // Records of one kind mostly have their fields in one order.
        let same = fields.get(at).is_some_and(|(known, _)| *known == name);
        let known =
            if same { Some(at) } else { fields.iter().position(|(known, _)| *known == name) };
        match known {
            Some(known) => {
                let guess = std::mem::take(&mut fields[known].1);
                fields[known].1 = guess.merge(other);
            }
            None => fields.push((name, other)),
        }
    }
    fields
}

/// The schema of fields.
pub(super) fn into_schema(fields: Vec<(String, Guess)>, mixed: &Type) -> SchemaSpec {
    let fields =
        fields.into_iter().map(|(name, guess)| FieldSpec::new(name, guess.into_type(mixed)));
    SchemaSpec::new(fields.collect())
}
