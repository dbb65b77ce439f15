//! Schemas as they stand in a configuration, and those that are inferred.

use forebay_formats::infer::infer;
use forebay_formats::{Decoding, Format};

/// The options of a format as TOML.
pub(super) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(decoding) = toml::from_str::<Decoding>(text) else { return };
    drop(decoding.check());
    if let Some(schema) = &decoding.schema {
        let arrow = schema.to_arrow();
        assert_eq!(arrow.fields().len(), schema.fields.len());
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    [
        r#"format = "json"
schema = { id = "bigint not null", price = "decimal(10,2)", tags = ["text"], place = { lat = "double!", list = [["int"]] } }
keep = ["offset"]"#,
        r#"format = "csv"
csv = { delimiter = ";", quote = "'", header = false, null = "NULL" }
[schema]
at = "timestamp"
day = "date!""#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

/// First byte: the format; then a sample of a file.
pub(super) fn run_infer(data: &[u8]) {
    let [which, sample @ ..] = data else { return };
    let format = if which & 1 == 0 { Format::Json } else { Format::Csv };
    if let Ok(schema) = infer(sample, format, &Decoding::default()) {
        let decoding = Decoding { format, schema: Some(schema), ..Decoding::default() };
        drop(decoding.check());
    }
}

pub(super) fn infer_seeds() -> Vec<Vec<u8>> {
    [
        "\0{\"a\": 1, \"b\": [1, \"x\"], \"c\": {\"d\": null}}\n{\"a\": 1.5, \"e\": \"2026-01-31\"}\n",
        "\u{1}a,b,\"c d\"\n1,2026-01-31,true\n1.5,x,\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}
