//! Avro schemas that refer to others, made whole.
//!
//! In a registry a schema may name types that other schemas define
//! ([references](https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#schema-references)).
//! Avro itself knows no such thing: a name has to be defined where it first stands
//! ([names](https://avro.apache.org/docs/1.12.0/specification/#names)). So the definition is put
//! there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Levels of types within types, above which a schema is refused.
const DEEPEST: usize = 64;

/// Bytes of a schema that was made whole, above which it is refused.
const LARGEST: usize = 4 << 20;

const PRIMITIVES: [&str; 8] =
    ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];

/// Puts the definitions of other Avro schemas into one, each where its name stands first.
///
/// # Errors
/// A text is no JSON, or what comes out is too deep or too large.
pub fn whole(text: &str, referred: &[String]) -> Result<String, String> {
    let made = |text: &String| absolute(&parsed(text)?, "", 0);
    let referred: Vec<Value> = referred.iter().map(made).collect::<Result<_, _>>()?;
    let mut known = BTreeMap::new();
    referred.iter().for_each(|schema| gather(schema, &mut known));
    let schema = absolute(&parsed(text)?, "", 0)?;
    let mut weaving = Weaving { known, defined: BTreeSet::new(), bytes: 0 };
    Ok(weaving.woven(&schema, 0)?.to_string())
}

fn parsed(text: &str) -> Result<Value, String> {
    // A registry also hands out the name of a primitive type without quotes around it.
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(_) if PRIMITIVES.contains(&text.trim()) => Ok(Value::from(text.trim())),
        Err(error) => Err(format!("a schema that it refers to is no JSON: {error}")),
    }
}

fn too_deep() -> String {
    format!("it has more than {DEEPEST} levels of types")
}

/// The namespace and the full name of what an object defines, if it has a name.
fn named(object: &Map<String, Value>, enclosing: &str) -> Option<(String, String)> {
    let kind = object.get("type")?.as_str()?;
    if !matches!(kind, "record" | "error" | "enum" | "fixed") {
        return None;
    }
    let name = object.get("name")?.as_str()?;
    let namespace = match (name.rsplit_once('.'), object.get("namespace").and_then(Value::as_str)) {
        (Some((namespace, _)), _) | (None, Some(namespace)) => namespace,
        (None, None) => enclosing,
    };
    let short = name.rsplit_once('.').map_or(name, |(_, short)| short);
    Some((namespace.to_owned(), full(namespace, short)))
}

fn full(namespace: &str, name: &str) -> String {
    match namespace {
        "" => name.to_owned(),
        namespace => format!("{namespace}.{name}"),
    }
}

/// The same object with other types within it.
fn with_types(
    object: &Map<String, Value>,
    mut other: impl FnMut(&Value) -> Result<Value, String>,
) -> Result<Map<String, Value>, String> {
    let mut made = Map::new();
    for (key, value) in object {
        let value = match (key.as_str(), value) {
            ("fields", Value::Array(fields)) => {
                let fields = fields.iter().map(|field| match field {
                    Value::Object(field) => {
                        let parts = field.iter().map(|(key, value)| {
                            let value = if key == "type" { other(value)? } else { value.clone() };
                            Ok((key.clone(), value))
                        });
                        Ok(Value::Object(parts.collect::<Result<_, String>>()?))
                    }
                    strange => Ok(strange.clone()),
                });
                Value::Array(fields.collect::<Result<_, String>>()?)
            }
            ("items" | "values" | "type", value) => other(value)?,
            (_, value) => value.clone(),
        };
        made.insert(key.clone(), value);
    }
    Ok(made)
}

/// The same schema, which means the same wherever it stands: each definition says its namespace,
/// and each name that is used is full.
fn absolute(schema: &Value, enclosing: &str, depth: usize) -> Result<Value, String> {
    if depth > DEEPEST {
        return Err(too_deep());
    }
    Ok(match schema {
        Value::String(name) if is_built_in(name) || name.contains('.') => schema.clone(),
        Value::String(name) => Value::from(full(enclosing, name)),
        Value::Array(branches) => {
            let branches = branches.iter().map(|branch| absolute(branch, enclosing, depth + 1));
            Value::Array(branches.collect::<Result<_, _>>()?)
        }
        // An object around a type that says all by itself.
        Value::Object(object)
            if object.get("type").is_some_and(|kind| !kind.as_str().is_some_and(is_built_in)) =>
        {
            absolute(object.get("type").unwrap_or(&Value::Null), enclosing, depth + 1)?
        }
        Value::Object(object) => {
            let name = named(object, enclosing);
            let namespace = name.as_ref().map_or(enclosing, |(namespace, _)| namespace);
            let mut made = with_types(object, |kind| absolute(kind, namespace, depth + 1))?;
            if let Some((namespace, name)) = &name {
                let short = name.rsplit_once('.').map_or(name.as_str(), |(_, short)| short);
                made.insert("name".to_owned(), short.into());
                made.insert("namespace".to_owned(), namespace.as_str().into());
            }
            Value::Object(made)
        }
        other => other.clone(),
    })
}

fn is_built_in(name: &str) -> bool {
    PRIMITIVES.contains(&name)
        || matches!(name, "record" | "error" | "enum" | "fixed" | "array" | "map")
}

/// Notes all definitions of a schema whose names are full.
fn gather<'a>(schema: &'a Value, known: &mut BTreeMap<String, &'a Value>) {
    match schema {
        Value::Array(branches) => branches.iter().for_each(|branch| gather(branch, known)),
        Value::Object(object) => {
            if let Some((_, name)) = named(object, "") {
                known.insert(name, schema);
            }
            let fields = object.get("fields").and_then(Value::as_array).into_iter().flatten();
            let inner = fields.filter_map(|field| field.get("type"));
            let parts = ["items", "values", "type"].into_iter().filter_map(|key| object.get(key));
            inner.chain(parts).for_each(|inner| gather(inner, known));
        }
        _ => {}
    }
}

/// A schema on its way to be whole.
struct Weaving<'a> {
    known: BTreeMap<String, &'a Value>,
    /// The names that stand in it already.
    defined: BTreeSet<String>,
    /// How many bytes of definitions were put in.
    bytes: usize,
}

impl Weaving<'_> {
    fn woven(&mut self, schema: &Value, depth: usize) -> Result<Value, String> {
        if depth > DEEPEST {
            return Err(too_deep());
        }
        Ok(match schema {
            Value::String(name) if !self.defined.contains(name) => match self.known.get(name) {
                Some(definition) => {
                    let definition = *definition;
                    self.bytes += definition.to_string().len();
                    if self.bytes > LARGEST {
                        return Err("with what it refers to it is larger than 4 MiB".to_owned());
                    }
                    self.woven(definition, depth + 1)?
                }
                None => schema.clone(),
            },
            Value::Array(branches) => {
                let branches = branches.iter().map(|branch| self.woven(branch, depth + 1));
                Value::Array(branches.collect::<Result<_, _>>()?)
            }
            Value::Object(object) => {
                if let Some((_, name)) = named(object, "")
                    && !self.defined.insert(name.clone())
                {
                    // It came along with another definition.
                    return Ok(Value::from(name));
                }
                Value::Object(with_types(object, |kind| self.woven(kind, depth + 1))?)
            }
            other => other.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn made(text: Value, referred: &[Value]) -> Value {
        let referred: Vec<String> = referred.iter().map(ToString::to_string).collect();
        let whole = whole(&text.to_string(), &referred).unwrap();
        crate::decoders::check_schema(&whole).unwrap();
        serde_json::from_str(&whole).unwrap()
    }

    fn record(name: &str, fields: &[(&str, Value)]) -> Value {
        let fields: Vec<Value> =
            fields.iter().map(|(name, kind)| json!({ "name": name, "type": kind })).collect();
        json!({ "type": "record", "name": name, "fields": fields })
    }

    #[test]
    fn a_definition_stands_where_its_name_stands_first() {
        let money =
            record("shop.Money", &[("cents", json!("long")), ("currency", json!("string"))]);
        let order = record(
            "shop.Order",
            &[("price", json!("Money")), ("tip", json!(["null", "shop.Money"]))],
        );
        let whole = made(order, &[money]);
        assert_eq!(whole["fields"][0]["type"]["fields"][0]["name"], "cents");
        assert_eq!(whole["fields"][1]["type"], json!(["null", "shop.Money"]));
    }

    #[test]
    fn what_is_referred_to_may_refer_further_and_hold_more_than_one() {
        let side = json!({ "type": "enum", "name": "Side", "symbols": ["B", "S"] });
        let line = record("Line", &[("side", json!("Side")), ("count", json!("int"))]);
        let order = record(
            "Order",
            &[
                ("lines", json!({ "type": "array", "items": "Line" })),
                ("by_name", json!({ "type": "map", "values": "Line" })),
                ("main", json!("Side")),
            ],
        );
        let whole = made(order, &[line, side]);
        assert_eq!(whole["fields"][0]["type"]["items"]["fields"][0]["type"]["name"], "Side");
        assert_eq!(whole["fields"][1]["type"]["values"], "Line");
        assert_eq!(whole["fields"][2]["type"], "Side");
    }

    #[test]
    fn a_definition_that_came_along_with_another_is_not_made_twice() {
        let inner = record("a.Inner", &[("x", json!("int"))]);
        let outer = record("a.Outer", &[("inner", inner.clone())]);
        let order = record("b.Order", &[("outer", json!("a.Outer")), ("inner", json!("a.Inner"))]);
        let whole = made(order.clone(), &[inner.clone(), outer.clone()]);
        assert_eq!(whole["fields"][1]["type"], "a.Inner");
        // Where the inner one comes first, the outer one uses it.
        let order = record("b.Order", &[("inner", json!("a.Inner")), ("outer", json!("a.Outer"))]);
        let whole = made(order, &[outer, inner]);
        assert_eq!(whole["fields"][1]["type"]["fields"][0]["type"], "a.Inner");
    }

    #[test]
    fn namespaces_are_kept_and_logical_types_too() {
        let day = json!({ "type": "int", "logicalType": "date" });
        let mut at = record("At", &[("day", day.clone())]);
        at["namespace"] = json!("time");
        let order = record("shop.Order", &[("at", json!({ "type": "time.At" }))]);
        let whole = made(order, &[at]);
        let at = &whole["fields"][0]["type"];
        assert_eq!((&at["name"], &at["namespace"]), (&json!("At"), &json!("time")));
        assert_eq!(at["fields"][0]["type"], day);
    }

    #[test]
    fn what_would_never_end_is_refused() {
        let mut deep = json!("int");
        for _ in 0..100 {
            deep = json!({ "type": "array", "items": deep });
        }
        let order = record("Order", &[("x", deep)]);
        assert!(whole(&order.to_string(), &[]).unwrap_err().contains("levels"));
        // Each name doubles what comes after it, if it is put in every time.
        let mut referred: Vec<String> = (0..20)
            .map(|at| {
                let next = json!(format!("R{}", at + 1));
                record(&format!("R{at}"), &[("a", next.clone()), ("b", next)]).to_string()
            })
            .collect();
        referred.push(record("R20", &[("x", json!("int"))]).to_string());
        let order = record("Order", &[("x", json!("R0"))]);
        assert!(whole(&order.to_string(), &referred).is_ok_and(|text| text.len() < 10_000));
        assert!(whole("{", &[]).is_err());
    }
}
