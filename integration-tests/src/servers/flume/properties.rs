//! The configuration of an agent.

use std::fmt::Write;
use std::path::Path;

/// Where an agent brings its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sink {
    /// To a source of another agent, or to us, with these keys beside address and batch size.
    Avro {
        /// The port on the loopback address.
        port: u16,
        /// Keys and values, such as `compression-type` and `deflate`.
        keys: Vec<(String, String)>,
    },
    /// The same over Thrift.
    Thrift {
        /// The port on the loopback address.
        port: u16,
        /// Keys and values, such as `protocol` and `binary`.
        keys: Vec<(String, String)>,
    },
    /// To whoever polls it: the Spark sink, in version 1.9 alone.
    Spark {
        /// The port on the loopback address on which it listens.
        port: u16,
        /// Seconds until a batch that is not acknowledged is given to the next who asks.
        timeout: u32,
    },
}

impl Sink {
    /// A sink of type `avro`.
    #[must_use]
    pub fn avro(port: u16) -> Self {
        Self::Avro { port, keys: Vec::new() }
    }

    /// A sink of type `thrift`.
    #[must_use]
    pub fn thrift(port: u16) -> Self {
        Self::Thrift { port, keys: Vec::new() }
    }

    /// The same with these keys too.
    #[must_use]
    pub fn with(mut self, more: &[(&str, &str)]) -> Self {
        if let Self::Avro { keys, .. } | Self::Thrift { keys, .. } = &mut self {
            keys.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        }
        self
    }

    fn keys(&self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        let mut put =
            |key: &str, value: &dyn ToString| all.push((key.to_owned(), value.to_string()));
        match self {
            Self::Avro { port, keys } | Self::Thrift { port, keys } => {
                put("type", &if matches!(self, Self::Avro { .. }) { "avro" } else { "thrift" });
                put("hostname", &"127.0.0.1");
                put("port", port);
                put("batch-size", &100);
                for (key, value) in keys {
                    put(key, value);
                }
            }
            Self::Spark { port, timeout } => {
                put("type", &"org.apache.spark.streaming.flume.sink.SparkSink");
                put("hostname", &"127.0.0.1");
                put("port", port);
                put("timeout", timeout);
            }
        }
        all
    }
}

/// An agent `a` that takes lines on a port, and files that are moved into `spool`, into a file
/// channel below `folder`.
pub(super) fn properties(folder: &Path, port: u16, sink: &Sink) -> String {
    let mut text = String::new();
    let at = |name: &str| folder.join(name).display().to_string();
    let fixed = [
        ("sources", "nc sp".to_owned()),
        ("channels", "c".to_owned()),
        ("sinks", "k".to_owned()),
        ("sources.nc.type", "netcat".to_owned()),
        ("sources.nc.bind", "127.0.0.1".to_owned()),
        ("sources.nc.port", port.to_string()),
        ("sources.nc.channels", "c".to_owned()),
        ("sources.sp.type", "spooldir".to_owned()),
        ("sources.sp.spoolDir", at("spool")),
        ("sources.sp.basenameHeader", "true".to_owned()),
        ("sources.sp.channels", "c".to_owned()),
        ("channels.c.type", "file".to_owned()),
        ("channels.c.checkpointDir", at("channel/checkpoint")),
        ("channels.c.dataDirs", at("channel/data")),
        ("channels.c.capacity", "100000".to_owned()),
        ("channels.c.transactionCapacity", "1000".to_owned()),
        // By default it stops below 500 MB of free space, and maps files of 1.6 GB.
        ("channels.c.minimumRequiredSpace", "10485760".to_owned()),
        ("channels.c.maxFileSize", "10485760".to_owned()),
        ("sinks.k.channel", "c".to_owned()),
    ];
    let sink = sink.keys().into_iter().map(|(key, value)| (format!("sinks.k.{key}"), value));
    let fixed = fixed.into_iter().map(|(key, value)| (key.to_owned(), value));
    for (key, value) in fixed.chain(sink) {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "a.{key} = {value}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sink_has_its_own_keys() {
        let sink = Sink::avro(7).with(&[("compression-type", "deflate")]);
        let text = properties(Path::new("/x"), 5, &sink);
        for line in [
            "a.sources.nc.port = 5\n",
            "a.channels.c.dataDirs = /x/channel/data\n",
            "a.sinks.k.type = avro\n",
            "a.sinks.k.port = 7\n",
            "a.sinks.k.compression-type = deflate\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
        let text = properties(Path::new("/x"), 5, &Sink::Spark { port: 8, timeout: 9 });
        assert!(text.contains("SparkSink\n") && text.contains("a.sinks.k.timeout = 9\n"), "{text}");
    }
}
