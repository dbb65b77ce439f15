//! Types by their names.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::{FieldSpec, SchemaSpec};

/// The type of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// True or false.
    Boolean,
    /// A signed integer of 8 bits.
    TinyInt,
    /// A signed integer of 16 bits.
    SmallInt,
    /// A signed integer of 32 bits.
    Int,
    /// A signed integer of 64 bits.
    BigInt,
    /// A floating-point number of 32 bits.
    Float,
    /// A floating-point number of 64 bits.
    Double,
    /// An exact decimal number: digits in all (1 to 38), and digits after the point.
    Decimal(u8, i8),
    /// UTF-8 text.
    Text,
    /// Any JSON value, kept as its text.
    Json,
    /// Bytes; hexadecimal where a format has only text, with or without `0x`.
    Blob,
    /// A day of the calendar, `2026-01-31`.
    Date,
    /// A time of day in microseconds, `13:45:00.5`.
    Time,
    /// An instant in microseconds: RFC 3339 text, or an integer of milliseconds since the epoch.
    Timestamp,
    /// A UUID, kept as lower-case text with hyphens.
    Uuid,
    /// A list; the name of the element counts for nothing.
    List(Box<FieldSpec>),
    /// A group of fields.
    Struct(SchemaSpec),
}

/// Names and the types that they stand for; the first name of a type is the one that is printed.
const NAMES: &[(&str, Type)] = &[
    ("boolean", Type::Boolean),
    ("bool", Type::Boolean),
    ("tinyint", Type::TinyInt),
    ("int8", Type::TinyInt),
    ("smallint", Type::SmallInt),
    ("int16", Type::SmallInt),
    ("int", Type::Int),
    ("integer", Type::Int),
    ("int32", Type::Int),
    ("bigint", Type::BigInt),
    ("long", Type::BigInt),
    ("int64", Type::BigInt),
    ("float", Type::Float),
    ("real", Type::Float),
    ("float32", Type::Float),
    ("double", Type::Double),
    ("float64", Type::Double),
    ("text", Type::Text),
    ("string", Type::Text),
    ("varchar", Type::Text),
    ("json", Type::Json),
    ("blob", Type::Blob),
    ("bytes", Type::Blob),
    ("binary", Type::Blob),
    ("date", Type::Date),
    ("time", Type::Time),
    ("timestamp", Type::Timestamp),
    ("uuid", Type::Uuid),
];

/// A name that is no type.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UnknownType {
    /// There is no such name.
    #[error("`{name}` is no type{}", nearest.map(|near| format!("; did you mean `{near}`?")).unwrap_or_else(|| format!("; the types are {}", Type::names().join(", "))))]
    Name {
        /// What was written.
        name: String,
        /// The nearest that exists, if one is near.
        nearest: Option<&'static str>,
    },
    /// The digits of a decimal make no sense.
    #[error(
        "`{0}` is no decimal: write decimal(DIGITS, AFTER_THE_POINT) with 1 to 38 digits, of which so many after the point, such as decimal(10,2)"
    )]
    Decimal(String),
}

impl Type {
    /// The names that can be written, aliases left out.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        let mut names: Vec<&str> = Vec::new();
        for (index, (name, kind)) in NAMES.iter().enumerate() {
            if index == 0 || NAMES[index - 1].1 != *kind {
                names.push(name);
            }
        }
        names.push("decimal(p,s)");
        names
    }

    /// Whether it is neither a list nor a struct.
    #[must_use]
    pub fn is_simple(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Struct(_))
    }
}

impl FromStr for Type {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let name = text.trim().to_ascii_lowercase();
        if let Some((_, kind)) = NAMES.iter().find(|(known, _)| *known == name) {
            return Ok(kind.clone());
        }
        if let Some(rest) = name.strip_prefix("decimal").or_else(|| name.strip_prefix("numeric")) {
            return decimal(rest.trim()).ok_or(UnknownType::Decimal(name));
        }
        let nearest = NAMES
            .iter()
            .map(|(known, _)| (strsim::damerau_levenshtein(known, &name), *known))
            .filter(|(distance, known)| *distance <= 1.max(known.len() / 3))
            .min()
            .map(|(_, known)| known);
        Err(UnknownType::Name { name: text.trim().to_owned(), nearest })
    }
}

/// Reads `(10,2)` or `(10)`.
fn decimal(arguments: &str) -> Option<Type> {
    let inner = arguments.strip_prefix('(')?.strip_suffix(')')?;
    let (precision, scale) = inner.split_once(',').unwrap_or((inner, "0"));
    let precision: u8 = precision.trim().parse().ok()?;
    let scale: u8 = scale.trim().parse().ok()?;
    let fits = (1..=38).contains(&precision) && scale <= precision;
    fits.then_some(Type::Decimal(precision, i8::try_from(scale).ok()?))
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = NAMES.iter().find(|(_, kind)| kind == self) {
            return f.write_str(name);
        }
        match self {
            Self::Decimal(precision, scale) => write!(f, "decimal({precision},{scale})"),
            Self::List(element) => write!(f, "[{}]", super::print::Quoted(element)),
            Self::Struct(fields) => fields.fmt(f),
            _ => Err(fmt::Error),
        }
    }
}
