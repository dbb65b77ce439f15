//! The types that come with Forebay: one line each.

use super::list::Registry;

/// For each line: if its Cargo feature is on, the type is registered; if not, it is noted as left
/// out, so that a configuration that uses it is answered with the feature to turn on.
macro_rules! types {
    ($($role:ident $name:literal $kind:ident $feature:literal $component:ty;)*) => {
        /// Adds the types that come with Forebay.
        pub(super) fn add_to(registry: Registry) -> Registry {
            $(
                #[cfg(feature = $feature)]
                let registry = registry.$role::<$component>();
                #[cfg(not(feature = $feature))]
                let registry = registry.left_out(super::Kind::$kind, $name, $feature);
            )*
            registry
        }

        /// What the lines say: kind, name, feature.
        #[cfg(test)]
        const LINES: &[(super::Kind, &str, &str)] = &[$((super::Kind::$kind, $name, $feature)),*];
    };
}

types! {
    source "generator" Source "generator-source" forebay_generator_source::Generator;
    source "files" Source "files-source" forebay_files_source::Files;
    source "kafka" Source "kafka-source" forebay_kafka_source::Kafka;
    source "tail" Source "tail-source" forebay_tail_source::Tail;
    receiver "socket" Receiver "socket-source" forebay_socket_source::Socket;
    receiver "http" Receiver "http-source" forebay_http_source::Http;
    receiver "exec" Receiver "exec-source" forebay_exec_source::Exec;
    receiver "flume" Receiver "flume-source" forebay_flume_source::Flume;
    receiver "flume-pull" Receiver "flume-source" forebay_flume_source::FlumePull;
    sink "files" Sink "files-sink" forebay_files_sink::Files;
    sink "console" Sink "console-sink" forebay_console_sink::Console;
    sink "memory" Sink "memory-sink" forebay_memory_sink::Memory;
    sink "blackhole" Sink "blackhole-sink" forebay_blackhole_sink::Blackhole;
    sink "cassandra" Sink "cassandra-sink" forebay_cassandra_sink::Cassandra;
    sink "exec" Sink "exec-sink" forebay_exec_sink::Exec;
    sink "http" Sink "http-sink" forebay_http_sink::Http;
    sink "kafka" Sink "kafka-sink" forebay_kafka_sink::Kafka;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ReceiverKeys, SinkKeys, SourceKeys};
    use crate::registry::Kind;
    use crate::schema::{Document, Shape};

    #[test]
    fn each_line_is_either_registered_under_its_name_or_left_out() {
        let registry = Registry::default();
        for (kind, name, feature) in LINES {
            let entry = registry.find(kind.section(), name);
            let left_out = registry.find_left_out(kind.section(), name);
            assert!(entry.is_some() != left_out.is_some(), "{kind} {name} {feature}");
            assert_eq!(entry.map_or(*kind, |entry| entry.kind()), *kind, "{name}");
        }
    }

    #[test]
    fn no_type_has_an_option_that_all_of_its_kind_have() {
        for entry in Registry::default().entries() {
            let common = match entry.kind() {
                Kind::Source => Document::of::<SourceKeys>(),
                Kind::Receiver => Document::of::<ReceiverKeys>(),
                Kind::Sink => Document::of::<SinkKeys>(),
            };
            let common = Shape::of(&common, common.root());
            let own = Shape::of(entry.own(), entry.own().root());
            for key in common.properties.keys().map(String::as_str).chain(["type"]) {
                assert!(!own.properties.contains_key(key), "{} `{key}`", entry.name());
            }
        }
    }

    #[test]
    fn each_type_and_each_of_its_options_says_what_it_is_for() {
        for entry in Registry::default().entries() {
            assert!(!entry.summary().is_empty(), "{}", entry.name());
            for row in crate::schema::rows(entry.own()) {
                assert!(!row.description.is_empty(), "{} `{}`", entry.name(), row.key);
            }
        }
    }
}
