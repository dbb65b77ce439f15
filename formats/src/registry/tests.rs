//! Records decoded by schemas that a registry hands out.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use arrow::array::{ArrayRef, AsArray, BinaryArray, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, UInt64Type};
use forebay_core::decode::{Decode, Decoded};
use forebay_core::probe::Probed;

use crate::{Decoding, KeyDecoding};

const FIRST: &str = r#"{"schema": "{\"type\": \"record\", \"name\": \"Order\", \"fields\": [{\"name\": \"id\", \"type\": \"long\"}, {\"name\": \"name\", \"type\": \"string\"}]}"}"#;
const SECOND: &str = r#"{"schemaType": "AVRO", "schema": "{\"type\": \"record\", \"name\": \"Order\", \"fields\": [{\"name\": \"name\", \"type\": \"string\"}, {\"name\": \"id\", \"type\": \"int\"}, {\"name\": \"more\", \"type\": \"boolean\"}]}"}"#;
const JSON: &str = r#"{"schemaType": "JSON", "schema": "{}"}"#;
const REFERRING: &str =
    r#"{"schema": "{}", "references": [{"name": "a", "subject": "gone", "version": 1}]}"#;
/// A schema that uses a type of another, which uses one of a third.
const WHOLE: &str = r#"{"schema": "{\"type\": \"record\", \"name\": \"Order\", \"fields\": [{\"name\": \"id\", \"type\": \"Id\"}, {\"name\": \"name\", \"type\": \"string\"}, {\"name\": \"other\", \"type\": \"Id\"}]}", "references": [{"name": "Id", "subject": "ids/of orders", "version": 3}]}"#;
const IDS: &str = r#"{"subject": "ids/of orders", "version": 3, "id": 70, "schema": "{\"type\": \"record\", \"name\": \"Id\", \"fields\": [{\"name\": \"number\", \"type\": \"long\"}, {\"name\": \"kind\", \"type\": \"Kind\"}]}", "references": [{"name": "Kind", "subject": "kinds", "version": 1}]}"#;
const KINDS: &str = r#"{"schemaType": "AVRO", "schema": "{\"type\": \"enum\", \"name\": \"Kind\", \"symbols\": [\"A\", \"B\"]}"}"#;

/// A registry with the schemas 1 (Avro), 2 (Avro), 3 (JSON), 4 (Avro with a reference to what is
/// gone) and 5 (Avro with references).
struct Registry {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    /// The credentials of the last request.
    credentials: Arc<Mutex<Option<String>>>,
    is_ill: Arc<AtomicBool>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Registry {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut registry = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            credentials: Arc::default(),
            is_ill: Arc::default(),
            ends: Arc::default(),
            thread: None,
        };
        let (asked, is_ill) = (Arc::clone(&registry.asked), Arc::clone(&registry.is_ill));
        let (ends, credentials) = (Arc::clone(&registry.ends), Arc::clone(&registry.credentials));
        registry.thread = Some(std::thread::spawn(move || {
            for connection in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                asked.fetch_add(1, Ordering::SeqCst);
                answer(&connection.unwrap(), is_ill.load(Ordering::SeqCst), &credentials);
            }
        }));
        registry
    }

    fn options(&self, rest: &str) -> Decoding {
        let url = format!("http://{}/base/", self.address);
        toml::from_str(&format!("{rest}\n[registry]\nurl = \"{url}\"\nid_column = \"schema_id\""))
            .unwrap()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        self.thread.take().unwrap().join().unwrap();
    }
}

fn answer(connection: &TcpStream, is_ill: bool, credentials: &Mutex<Option<String>>) {
    let mut lines = BufReader::new(connection).lines();
    let first = lines.next().unwrap().unwrap();
    *credentials.lock().unwrap() = None;
    for line in lines.map(Result::unwrap).take_while(|line| !line.is_empty()) {
        if let Some(value) = line.strip_prefix("authorization: ") {
            *credentials.lock().unwrap() = Some(value.to_owned());
        }
    }
    let path = first.split(' ').nth(1).unwrap();
    let (status, body) = match path.strip_prefix("/base/schemas/ids/") {
        _ if is_ill => ("503 Service Unavailable", "later"),
        Some("5") => ("200 OK", WHOLE),
        None if path == "/base/subjects/ids%2Fof%20orders/versions/3" => ("200 OK", IDS),
        None if path == "/base/subjects/kinds/versions/1" => ("200 OK", KINDS),
        None if path == "/base/subjects/gone/versions/1" => {
            ("404 Not Found", r#"{"error_code": 40401, "message": "Subject not found"}"#)
        }
        Some("1") => ("200 OK", FIRST),
        Some("2") => ("200 OK", SECOND),
        Some("3") => ("200 OK", JSON),
        Some("4") => ("200 OK", REFERRING),
        Some(_) => ("404 Not Found", r#"{"error_code": 40403, "message": "Schema not found"}"#),
        None if path == "/base/subjects" => ("200 OK", r#"["orders-value", "orders-key"]"#),
        None => ("404 Not Found", "nothing here"),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    let mut out = connection;
    out.write_all(head.as_bytes()).and_then(|()| out.write_all(body.as_bytes())).unwrap();
}

fn raw() -> Schema {
    Schema::new(vec![
        Field::new("offset", DataType::UInt64, false),
        Field::new("value", DataType::Binary, true),
    ])
}

fn batch(values: &[Option<Vec<u8>>]) -> RecordBatch {
    let offsets: ArrayRef = Arc::new(UInt64Array::from_iter_values(100..100 + values.len() as u64));
    let values: BinaryArray = values.iter().map(Option::as_deref).collect();
    RecordBatch::try_new(Arc::new(raw()), vec![offsets, Arc::new(values)]).unwrap()
}

fn framed(id: u8, payload: &[u8]) -> Option<Vec<u8>> {
    Some([&[0, 0, 0, 0, id], payload].concat())
}

fn decoder(options: &Decoding) -> Arc<dyn Decode> {
    assert_eq!(options.check(), []);
    options.decoder(&raw(), "value").unwrap()
}

async fn decode(decoder: &dyn Decode, records: &RecordBatch) -> Decoded {
    decoder.prepare().unwrap().prepare(records).await.unwrap();
    let decoded = decoder.decode(records).unwrap();
    assert_eq!(decoder.schema(), Some(decoded.columns.schema()));
    decoded
}

fn refused(decoded: &Decoded) -> Vec<(u32, &str)> {
    decoded.rejected.iter().map(|(row, reason)| (*row, reason.class)).collect()
}

const AVRO: &str =
    "format = \"avro\"\nkeep = [\"offset\"]\nschema = { id = \"bigint\", name = \"text\" }";

#[tokio::test]
async fn each_record_is_decoded_by_its_own_schema() {
    let registry = Registry::start();
    let decoder = decoder(&registry.options(AVRO));
    let records = batch(&[
        framed(1, &[2, 2, b'a']),
        framed(2, &[2, b'b', 4, 1]),
        framed(9, &[2, 2, b'c']),
        framed(1, &[8, 2, b'd']),
        Some(vec![1, 0, 0, 0, 1, 2, 2, b'e']),
        None,
        framed(2, &[2]),
        framed(3, b"{}"),
        framed(4, &[2]),
        framed(1, &[18, 2, b'f']),
    ]);
    let decoded = decode(&*decoder, &records).await;
    let ids = decoded.columns["id"].as_primitive::<Int64Type>().values();
    assert_eq!(ids.as_ref(), [1, 2, 4, 9]);
    let names: Vec<_> = decoded.columns["name"].as_string::<i32>().iter().flatten().collect();
    assert_eq!(names, ["a", "b", "d", "f"]);
    let offsets = decoded.columns["offset"].as_primitive::<UInt64Type>().values();
    assert_eq!(offsets.as_ref(), [100, 101, 103, 109]);
    let schemas = decoded.columns["schema_id"].as_primitive::<Int32Type>().values();
    assert_eq!(schemas.as_ref(), [1, 2, 1, 1]);
    assert_eq!(decoded.rows.as_ref().unwrap().values().as_ref(), [0, 1, 3, 9]);
    assert_eq!(
        refused(&decoded),
        [(2, "schema"), (4, "syntax"), (5, "null"), (6, "syntax"), (7, "schema"), (8, "schema")]
    );
    assert!(decoded.rejected[0].1.text.contains("schema 9"), "{:?}", decoded.rejected[0]);
    let gone = &decoded.rejected[5].1.text;
    assert!(gone.contains("it refers to version 1 of the subject `gone`"), "{gone}");

    let asked = 6;
    assert_eq!(registry.asked.load(Ordering::SeqCst), asked, "once for each schema");
    decode(&*decoder, &records).await;
    assert_eq!(registry.asked.load(Ordering::SeqCst), asked, "and not again");
    let empty = decode(&*decoder, &batch(&[])).await;
    assert_eq!(empty.columns.num_rows(), 0);
}

#[tokio::test]
async fn what_the_reader_wants_comes_from_any_schema() {
    let registry = Registry::start();
    let reader = r#"{"type": "record", "name": "Order", "fields": [{"name": "more", "type": "boolean", "default": false}, {"name": "id", "type": "long"}]}"#;
    let options = registry.options("format = \"avro\"");
    let mut options = Decoding { registry: options.registry, ..options };
    options.avro.reader_schema = Some(reader.to_owned());
    let decoder = decoder(&options);
    let decoded =
        decode(&*decoder, &batch(&[framed(1, &[2, 2, b'a']), framed(2, &[2, b'b', 4, 1])])).await;
    assert_eq!(refused(&decoded), []);
    let more: Vec<_> = decoded.columns["more"].as_boolean().iter().flatten().collect();
    assert_eq!(more, [false, true]);
    assert_eq!(decoded.columns["id"].as_primitive::<Int64Type>().values().as_ref(), [1, 2]);
}

#[tokio::test]
async fn a_schema_may_refer_to_others() {
    let registry = Registry::start();
    let options = "format = \"avro\"\nschema = { id = { number = \"bigint\", kind = \"text\" }, name = \"text\", other = { number = \"bigint\", kind = \"text\" } }";
    let decoder = decoder(&registry.options(options));
    let decoded = decode(&*decoder, &batch(&[framed(5, &[14, 2, 2, b'a', 18, 0])])).await;
    assert_eq!(refused(&decoded), [], "{:?}", decoded.rejected);
    let number = |column: &str| {
        let id = decoded.columns[column].as_struct();
        id.column(0).as_primitive::<Int64Type>().value(0)
    };
    assert_eq!((number("id"), number("other")), (7, 9));
    assert_eq!(decoded.columns["name"].as_string::<i32>().value(0), "a");
    assert_eq!(registry.asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn json_stands_behind_the_id() {
    let registry = Registry::start();
    let options = "format = \"json\"\nschema = { id = \"bigint\" }";
    let decoder = decoder(&registry.options(options));
    let records = batch(&[framed(3, b"{\"id\": 5}"), framed(1, b"{\"id\": 6}"), framed(3, b"{")]);
    let decoded = decode(&*decoder, &records).await;
    assert_eq!(decoded.columns["id"].as_primitive::<Int64Type>().values().as_ref(), [5]);
    assert_eq!(refused(&decoded), [(1, "schema"), (2, "syntax")]);
}

#[tokio::test]
async fn while_the_registry_cannot_be_asked_nothing_is_refused() {
    let registry = Registry::start();
    let mut options = registry.options(AVRO);
    let records = batch(&[framed(1, &[2, 2, b'a'])]);
    registry.is_ill.store(true, Ordering::SeqCst);
    let patient = decoder(&options);
    let error = patient.prepare().unwrap().prepare(&records).await.unwrap_err();
    assert!(error.contains("503"), "{error}");
    registry.is_ill.store(false, Ordering::SeqCst);
    assert_eq!(decode(&*patient, &records).await.columns.num_rows(), 1);

    // A path at which there is no registry is no answer either.
    options.registry.as_mut().unwrap().url = format!("http://{}/other", registry.address);
    let error = decoder(&options).prepare().unwrap().prepare(&records).await.unwrap_err();
    assert!(error.contains("is the path in `url` right"), "{error}");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    options.registry.as_mut().unwrap().url = format!("http://{nobody}");
    let error = decoder(&options).prepare().unwrap().prepare(&records).await.unwrap_err();
    assert!(error.contains("cannot be asked"), "{error}");
}

#[tokio::test]
async fn credentials_go_to_the_registry_and_are_shown_to_nobody() {
    let registry = Registry::start();
    let mut options = registry.options(AVRO);
    let known = options.registry.as_mut().unwrap();
    known.username = Some("ann".to_owned());
    known.password = Some(forebay_core::secret::Secret::new("opensesame"));
    assert!(!format!("{options:?}").contains("opensesame"));
    decode(&*decoder(&options), &batch(&[framed(1, &[2, 2, b'a'])])).await;
    let sent = registry.credentials.lock().unwrap().clone();
    assert_eq!(sent.as_deref(), Some("Basic YW5uOm9wZW5zZXNhbWU="));
}

#[test]
fn options_that_do_not_go_together_are_found() {
    for (text, path) in [
        ("format = \"text\"\nregistry = { url = \"http://a\" }", "registry"),
        ("format = \"avro\"\nregistry = { url = \"http://a\" }", "schema"),
        (
            "format = \"json\"\nschema = { a = \"int\" }\nregistry = { url = \"a b\" }",
            "registry.url",
        ),
        (
            "format = \"json\"\nschema = { a = \"int\" }\nregistry = { url = \"ftp://a\" }",
            "registry.url",
        ),
        (
            "format = \"json\"\nschema = { a = \"int\" }\nregistry = { url = \"http://u:p@a\" }",
            "registry.url",
        ),
        (
            "format = \"json\"\nschema = { a = \"int\" }\nregistry = { url = \"http://a\", id_column = \"a\" }",
            "registry.id_column",
        ),
        (
            "format = \"json\"\nschema = { a = \"int\" }\nregistry = { url = \"http://a\", timeout = \"1ms\" }",
            "registry.timeout",
        ),
        (
            "format = \"avro\"\nschema = { a = \"int\" }\nregistry = { url = \"http://a\" }\navro = { framing = \"single-object\" }",
            "avro.framing",
        ),
    ] {
        let options: Decoding = toml::from_str(text).unwrap();
        let found: Vec<_> = options.check().iter().map(|problem| problem.path.join(".")).collect();
        assert_eq!(found, [path], "{text}");
    }
}

#[tokio::test]
async fn a_probe_counts_the_subjects_or_says_why_it_cannot() {
    let registry = Registry::start();
    let probe = async |options: &Decoding| {
        let mut probed = Probed::default();
        // Where it ended is its last step.
        let _ = decoder(options).prepare().unwrap().probe(&mut probed).await;
        serde_json::to_string(&probed).unwrap()
    };
    let well = probe(&registry.options(AVRO)).await;
    assert!(well.contains("registry") && well.contains("2 subjects"), "{well}");
    let mut elsewhere = registry.options(AVRO);
    elsewhere.registry.as_mut().unwrap().url = format!("http://{}/nowhere", registry.address);
    let lost = probe(&elsewhere).await;
    assert!(lost.contains("failed") && lost.contains("is the path in `url` right?"), "{lost}");
    registry.is_ill.store(true, Ordering::SeqCst);
    let ill = probe(&registry.options(AVRO)).await;
    assert!(ill.contains("failed") && ill.contains("503"), "{ill}");
}

#[tokio::test]
async fn a_probe_asks_the_registry_of_keys_too() {
    let registry = Registry::start();
    let bytes = |name| Field::new(name, DataType::Binary, true);
    let raw = Schema::new(vec![bytes("key"), bytes("value")]);
    let value: Decoding = toml::from_str("format = \"text\"").unwrap();
    let url = format!("http://{}/base", registry.address);
    let key: KeyDecoding = toml::from_str(&format!(
        "format = \"avro\"\nschema = {{ id = \"bigint\" }}\nregistry = {{ url = \"{url}\" }}"
    ))
    .unwrap();
    let decoder = key.beside(value.decoder(&raw, "value").unwrap(), &raw, "key").unwrap();
    let mut probed = Probed::default();
    assert!(decoder.prepare().unwrap().probe(&mut probed).await.is_ok());
    assert_eq!(probed.steps().iter().map(|step| &*step.name).collect::<Vec<_>>(), ["registry"]);
}
