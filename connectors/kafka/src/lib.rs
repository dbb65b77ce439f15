//! A source that reads the partitions of Kafka topics.
