//! Records of text, JSON and CSV. Lines are records; the first byte chooses the options.

use std::sync::{Arc, OnceLock};

use forebay_core::decode::Decode;

use super::records::{decode, decoder};

const COLUMNS: &str = r#"schema = { id = "bigint!", flag = "boolean", tiny = "tinyint", small = "smallint",
    whole = "int", real = "float", price = "double", exact = "decimal(20,4)", name = "text", any = "json",
    blob = "blob", day = "date", clock = "time", at = "timestamp", key = "uuid" "#;

type Decoders = Vec<Arc<dyn Decode>>;

fn feed(decoders: &Decoders, data: &[u8]) {
    let [which, records @ ..] = data else { return };
    let records: Vec<&[u8]> = records.split(|byte| *byte == b'\n').collect();
    decode(&*decoders[usize::from(*which) % decoders.len()], &records);
}

pub(super) fn text(data: &[u8]) {
    static DECODERS: OnceLock<Decoders> = OnceLock::new();
    feed(DECODERS.get_or_init(|| vec![decoder("format = \"text\"")]), data);
}

pub(super) fn text_seeds() -> Vec<Vec<u8>> {
    vec!["\0plain\ngr\u{fc}n \u{1f600}\n\u{0}".as_bytes().to_vec()]
}

pub(super) fn json(data: &[u8]) {
    static DECODERS: OnceLock<Decoders> = OnceLock::new();
    let nested = r#", tags = ["text"], place = { lat = "double!", names = ["json"], inner = { a = "int" } } }"#;
    let make = || {
        vec![
            decoder(&format!("format = \"json\"\n{COLUMNS}{nested}")),
            decoder(&format!(
                "format = \"json\"\njson = {{ unknown = \"refuse\" }}\n{COLUMNS}{nested}"
            )),
        ]
    };
    feed(DECODERS.get_or_init(make), data);
}

pub(super) fn json_seeds() -> Vec<Vec<u8>> {
    let all = r#"{"id": 7, "flag": true, "tiny": -1, "small": 300, "whole": 1e3, "real": 1.5, "price": "12.50", "exact": 123.4567, "name": "a\u00e9\n\"", "any": {"x": [1, null]}, "blob": "0x00ff", "day": "2026-01-31", "clock": "13:45:00.5", "at": "2026-01-31T12:00:00.123+02:00", "key": "67e55044-10b1-426f-9247-bb680e5fe0c8", "tags": ["a", null], "place": {"lat": 1, "names": [{}, 2], "inner": {"a": 5}}}"#;
    [
        format!("\0{all}\n{{\"id\": 1, \"at\": 1769860800000}}\n{{\"id\": 2}} x"),
        format!("\u{1}{{\"id\": 1, \"more\": 2}}\n{all}\n[]\n\n{{\"id\": null}}"),
    ]
    .map(String::into_bytes)
    .to_vec()
}

pub(super) fn csv(data: &[u8]) {
    static DECODERS: OnceLock<Decoders> = OnceLock::new();
    let make = || {
        ["", "delimiter = \";\", quote = \"'\"", "escape = \"\\\\\", null = \"NULL\""]
            .map(|options| {
                decoder(&format!("format = \"csv\"\ncsv = {{ {options} }}\n{COLUMNS} }}"))
            })
            .to_vec()
    };
    feed(DECODERS.get_or_init(make), data);
}

pub(super) fn csv_seeds() -> Vec<Vec<u8>> {
    let fields = [
        "7",
        "true",
        "-1",
        "300",
        "5.0",
        "1.5",
        "1e10",
        "123.4567",
        "\"a, \"\"b\"\"\"",
        "{}",
        "00ff",
        "2026-01-31",
        "13:45:00",
        "2026-01-31T12:00:00Z",
        "67e55044-10b1-426f-9247-bb680e5fe0c8",
    ];
    [
        format!("\0{}\n,,,,,,,,,,,,,,\n{}", fields.join(","), fields.join(",")),
        format!("\u{1}{}\n1;2", fields.join(";").replace('"', "'")),
        format!("\u{2}{}\nNULL,\\\"", fields.join(",")),
    ]
    .map(String::into_bytes)
    .to_vec()
}
