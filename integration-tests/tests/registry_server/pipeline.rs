//! Keys and values of Avro, whose schemas stand in a registry, from Kafka into files.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::servers::kafka::Message;
use forebay_integration_tests::servers::{Kafka, Registry, name};
use forebay_integration_tests::{Scene, binary, files_behind, visible, wait};
use serde_json::{Value, json};

/// What takes a second may take longer on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// [A number](https://avro.apache.org/docs/1.12.0/specification/#primitive-types-1): zigzag, seven
/// bits a byte.
fn long(number: i64) -> Vec<u8> {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    let mut bytes = Vec::new();
    while rest > 0x7f {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

fn text(text: &str) -> Vec<u8> {
    [long(text.len() as i64), text.as_bytes().to_vec()].concat()
}

fn framed(schema: u32, parts: &[Vec<u8>]) -> Vec<u8> {
    [&[0][..], &schema.to_be_bytes(), &parts.concat()].concat()
}

fn record(name: &str, fields: &[(&str, Value)]) -> String {
    let fields: Vec<Value> = fields
        .iter()
        .map(|(name, kind)| match kind.is_array() {
            true => json!({ "name": name, "type": kind, "default": null }),
            false => json!({ "name": name, "type": kind }),
        })
        .collect();
    json!({ "type": "record", "name": name, "namespace": "shop", "fields": fields }).to_string()
}

/// The schemas of a topic, as they came to be.
struct Schemas {
    key: u32,
    /// An order with a price, whose type another schema defines.
    first: u32,
    /// Also with a note, and in another order.
    second: u32,
}

impl Schemas {
    fn register(registry: &Registry, topic: &str) -> Result<Self> {
        let money = format!("{topic}-money");
        let cents = [("cents", json!("long")), ("currency", json!("string"))];
        registry.register(&money, "AVRO", &record("Money", &cents))?;
        let references = [("shop.Money", money.as_str())];
        let value = |fields: &[(&str, Value)]| {
            let subject = format!("{topic}-value");
            registry.register_with(&subject, "AVRO", &record("Order", fields), &references)
        };
        let price = ("price", json!("shop.Money"));
        let (id, customer) = (("id", json!("int")), ("customer", json!("string")));
        let first = value(&[id, customer.clone(), price.clone()])?;
        let note = ("note", json!(["null", "string"]));
        let second = value(&[note, price, customer, ("id", json!("long"))])?;
        let key = [("area", json!("string")), ("number", json!("long"))];
        let key = registry.register(&format!("{topic}-key"), "AVRO", &record("Key", &key))?;
        Ok(Self { key, first, second })
    }

    fn key(&self, number: i64) -> Vec<u8> {
        framed(self.key, &[text(&format!("area-{}", number % 3)), long(number)])
    }

    fn message(&self, number: i64) -> Message {
        let (id, customer) = (long(number), text(&format!("c-{number}")));
        let price = [long(number * 100), text("EUR")].concat();
        let value = match is_second(number) {
            false => framed(self.first, &[id, customer, price]),
            true => {
                let note = [long(1), text(&format!("note {number}"))].concat();
                framed(self.second, &[note, price, customer, id])
            }
        };
        Message::new(self.key(number), value)
    }

    /// What becomes of it.
    fn row(&self, number: i64) -> Value {
        let mut row = json!({
            "id": number, "customer": format!("c-{number}"), "schema": self.first,
            "price": { "cents": number * 100, "currency": "EUR" },
            "key_area": format!("area-{}", number % 3), "key_number": number,
        });
        if is_second(number) {
            row["schema"] = json!(self.second);
            row["note"] = json!(format!("note {number}"));
        }
        row
    }
}

/// From 300 on, producers of both versions write side by side.
fn is_second(number: i64) -> bool {
    number >= 300 && number % 2 == 1
}

fn config(kafka: &Kafka, registry: &Registry, topic: &str) -> String {
    let url = registry.url();
    let source = format!(
        r#"
        type = "kafka"
        brokers = [{bootstrap:?}]
        topics = [{topic:?}]
        format = "avro"
        registry = {{ url = {url:?}, timeout = "1s", id_column = "schema" }}

        [sources.orders.schema]
        id = "bigint not null"
        customer = "text"
        note = "text"
        price = {{ cents = "bigint", currency = "text" }}

        [sources.orders.key]
        format = "avro"
        schema = {{ area = "text", number = "bigint not null" }}
        registry = {{ url = {url:?}, timeout = "1s" }}
        "#,
        bootstrap = kafka.bootstrap(),
    );
    files_behind("orders", &source)
}

#[test]
fn schemas_change_in_mid_stream_and_the_registry_may_be_away() -> Result<()> {
    let (kafka, registry) = (Kafka::shared()?, Registry::start()?);
    let topic = name::unique("registered");
    kafka.create_topic(&topic, 2, &[])?;
    let schemas = Schemas::register(&registry, &topic)?;
    kafka.produce(&topic, (0..300).map(|number| schemas.message(number)))?;
    let scene = Scene::new(&config(kafka, &registry, &topic))?;
    let gateway = scene.start_with_progress()?;
    let rows = || -> Result<Vec<Value>> {
        let files = visible::values(&scene.output())?;
        Ok(files.into_iter().flat_map(|(_, values)| values).collect())
    };
    let until = |count: usize| {
        let seen = || Ok((rows()?.len() >= count).then_some(()));
        wait::until("the rows", LONG, seen).with_context(|| gateway.last_words())
    };
    until(300)?;

    // Nobody has asked for the second version yet when the registry is taken away.
    registry.node().freeze()?;
    let broken = [
        Message::new(schemas.key(1), framed(1_000_000, &[long(1)])),
        Message::new(schemas.key(2), framed(schemas.first, &[long(1)])),
        Message::new("no key", framed(schemas.first, &[long(1), text(""), long(0), text("")])),
        Message::of(framed(schemas.first, &[long(1), text(""), long(0), text("")])),
        Message::new(schemas.key(3), "no order"),
    ];
    kafka.produce(&topic, broken)?;
    kafka.produce(&topic, (300..600).map(|number| schemas.message(number)))?;
    gateway.wait_for_words("records cannot be decoded yet", LONG)?;
    gateway.wait_for_words(&registry.url(), LONG)?;
    ensure!(rows()?.len() == 300, "rows came whose schema nobody knows");
    registry.node().thaw()?;
    until(600)?;
    gateway.stop(LONG)?;

    let mut found = rows()?;
    found.sort_by_key(|row| row["id"].as_i64());
    let expected: Vec<Value> = (0..600).map(|number| schemas.row(number)).collect();
    for (found, expected) in found.iter().zip(&expected) {
        ensure!(found == expected, "{found} is not {expected}");
    }
    ensure!(found.len() == 600, "{} rows", found.len());

    let mut shown = Command::new(binary::path()?);
    shown.args(["dead-letters", "show"]).arg(scene.config()).arg("--json");
    let shown = String::from_utf8(shown.output()?.stdout)?;
    ensure!(shown.lines().count() == 5, "{shown}");
    for word in ["schema 1000000", "the key: the record does not begin", "the record has no key"] {
        ensure!(shown.contains(word), "`{word}` is not in {shown}");
    }
    Ok(())
}
