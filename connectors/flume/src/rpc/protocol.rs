//! The texts of our protocols, and whether another's means the same.

use serde_json::Value;

/// The MD5 of a protocol's text.
pub(crate) type Hash = [u8; 16];

/// The largest text of a protocol that is looked at. Flume's own has some 1300 bytes.
const MAX_TEXT: usize = 64 << 10;

/// A protocol as it is told to the other end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Protocol {
    /// JSON.
    pub(crate) text: &'static str,
    /// Its MD5. It names the text and proves nothing; so it stands here, beside the text.
    pub(crate) hash: Hash,
}

impl Protocol {
    /// What a sink of type `avro` calls, in all versions of Flume.
    pub(crate) const AVRO_SOURCE: Self = Self {
        text: include_str!("AvroSourceProtocol.json"),
        hash: 0x30da_5405_9df7_2d95_84b8_67d5_202e_2069_u128.to_be_bytes(),
    };

    /// What Spark's sink for Flume answers.
    pub(crate) const SPARK_FLUME: Self = Self {
        text: include_str!("SparkFlumeProtocol.json"),
        hash: 0x6dc2_a9f2_6a07_129c_9361_394c_9468_86bb_u128.to_be_bytes(),
    };
}

/// Whether a client's protocol has the two calls of an event source, with events as they are read
/// here: its hash and text depend on the build of its Flume, and the licence of a file stands in it
/// as documentation.
///
/// # Errors
/// What is other than it should be.
pub(crate) fn is_event_source(text: &str) -> Result<(), String> {
    if text.len() > MAX_TEXT {
        return Err(format!("its protocol has {} bytes, more than are looked at", text.len()));
    }
    let protocol: Value =
        serde_json::from_str(text).map_err(|error| format!("its protocol is no JSON: {error}"))?;
    let events = [("append", false), ("appendBatch", true)];
    for (message, is_array) in events {
        let parameter = &protocol["messages"][message]["request"][0]["type"];
        let event = match is_array {
            true if parameter["type"] == "array" => &parameter["items"],
            true => &Value::Null,
            false => parameter,
        };
        if !named(&protocol, event).is_some_and(is_event) {
            return Err(format!("its protocol has no call `{message}` with events of Flume"));
        }
    }
    Ok(())
}

/// A type of the protocol by its name, with or without its namespace.
fn named<'a>(protocol: &'a Value, name: &Value) -> Option<&'a Value> {
    let simple = name.as_str()?.rsplit('.').next()?;
    protocol["types"].as_array()?.iter().find(|kind| kind["name"] == simple)
}

fn is_event(kind: &Value) -> bool {
    let fields = kind["fields"].as_array().map_or(&[][..], Vec::as_slice);
    let [headers, body] = fields else { return false };
    kind["type"] == "record"
        && headers["type"]["type"] == "map"
        && is(&headers["type"]["values"], "string")
        && is(&body["type"], "bytes")
}

/// A plain type, by its name or as an object with attributes of Java's.
fn is(kind: &Value, name: &str) -> bool {
    kind == name || kind["type"] == name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_is_known_and_others_are_told_apart() {
        let ours = Protocol::AVRO_SOURCE.text;
        assert_eq!((ours.len(), is_event_source(ours)), (509, Ok(())));
        let documented = ours.replace("\"namespace\"", "\"doc\":\"a licence\",\"namespace\"");
        let java = documented.replace(
            "\"values\":\"string\"",
            "\"values\":{\"type\":\"string\",\"avro.java.string\":\"String\"}",
        );
        let full =
            java.replace("\"items\":\"Avro", "\"items\":\"org.apache.flume.source.avro.Avro");
        for text in [documented, java, full] {
            assert_ne!(text, ours);
            assert_eq!(is_event_source(&text), Ok(()), "{text}");
        }
        let swapped = ours.replace("{\"name\":\"body\",\"type\":\"bytes\"}", "\"body\"");
        let without = ours.replace("appendBatch", "another");
        let spark = Protocol::SPARK_FLUME.text;
        for text in [&swapped, &without, spark, "", "[]", "{}", &" ".repeat(MAX_TEXT + 1)] {
            assert!(is_event_source(text).is_err(), "{text}");
        }
    }
}
