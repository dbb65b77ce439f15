//! Options checked.

use arrow::datatypes::{DataType, Field, Schema};
use serde::{Deserialize, Serialize};

use super::{Decoding, Format};

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema)]
struct Connector {
    listen: String,
    #[serde(flatten)]
    decoding: Decoding,
}

fn raw() -> Schema {
    Schema::new(vec![
        Field::new("value", DataType::Binary, true),
        Field::new("topic", DataType::Utf8, false),
    ])
}

fn read(text: &str) -> Decoding {
    toml::from_str::<Connector>(&format!("listen = \"x\"\n{text}")).unwrap().decoding
}

fn problems(text: &str) -> Vec<(String, String)> {
    let problems = read(text).check();
    problems.into_iter().map(|problem| (problem.path.join("."), problem.message)).collect()
}

#[test]
fn the_options_stand_beside_those_of_a_connector() {
    let decoding = read("");
    assert_eq!(decoding, Decoding::default());
    assert_eq!(decoding.format, Format::Text);
    let decoding = read(
        "format = \"csv\"\nschema = { b = \"int\", a = \"text\" }\ncsv = { delimiter = \";\" }",
    );
    assert_eq!(decoding.csv.delimiter, ';');
    assert_eq!(decoding.csv.quote, '"');
    assert_eq!(decoding.schema.unwrap().fields[0].name, "b");
    let schema = serde_json::to_string(&schemars::schema_for!(Connector)).unwrap();
    assert!(schema.contains("\"delimiter\"") && schema.contains("\"unknown\""), "{schema}");
}

#[test]
fn all_problems_are_found_at_once() {
    assert_eq!(problems(""), []);
    assert_eq!(
        problems("format = \"json\""),
        [("schema".into(), "format `json` needs a schema".into())]
    );
    let help = read("format = \"csv\"").check()[0].help.clone().unwrap();
    assert!(help.contains("forebay schema infer FILE"), "{help}");
    let found = problems(
        "format = \"csv\"\nkeep = [\"a\"]\nschema = { a = \"int\", l = [\"text\"] }\n[csv]\ndelimiter = \"é\"\nquote = \"\\n\"",
    );
    let paths: Vec<_> = found.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["csv.delimiter", "csv.quote", "schema.l", "keep"]);
    assert_eq!(problems("csv = { delimiter = '\"' }")[0].0, "csv.delimiter");
    assert_eq!(problems("schema = { a = \"int\" }")[0].0, "schema");
    assert_eq!(
        problems("format = \"avro\"\navro = { writer_schema = \"{\" }")[0].0,
        "avro.writer_schema"
    );
}

#[test]
fn a_decoder_is_made_for_the_columns_of_a_source() {
    let json = read("format = \"json\"\nschema = { a = \"int\" }\nkeep = [\"topic\"]");
    let schema = json.decoder(&raw(), "value").unwrap().schema().unwrap();
    let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["a", "topic"]);
    let bytes = read("format = \"bytes\"").decoder(&raw(), "value").unwrap();
    assert_eq!(*bytes.schema().unwrap(), raw());
    let selected = read("format = \"bytes\"\nkeep = [\"topic\"]");
    assert_eq!(*selected.decoder(&raw(), "value").unwrap().schema().unwrap(), raw());

    let problem = read("keep = [\"topik\"]").decoder(&raw(), "value").err().unwrap();
    assert_eq!(problem.path, ["keep"]);
    assert_eq!(problem.help.as_deref(), Some("it has value, topic"));
    let problem = read("format = \"parquet\"").decoder(&raw(), "value").err().unwrap();
    assert_eq!(problem.path, ["format"]);
    assert!(read("").decoder(&raw(), "topic").is_err());
    assert!(read("format = \"avro\"").decoder(&raw(), "value").is_err());
}
